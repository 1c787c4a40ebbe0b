//! E-mail in an org without Enhanced Email: a completed task of the subtype Email (D-26).

use std::pin::Pin;

use reqwest::Method;
use serde_json::{Map, Value, json};
use syncline_core::fingerprint::{one_line, plain};
use syncline_core::ids::{MessageId, RemoteId, SyncKey};
use syncline_ports::{Made, NewCrmMail, PortError, Relation};

use crate::KEY_FIELD;
use crate::client::Call;
use crate::mail::MailRecords;
use crate::making::New;
use crate::row::Row;
use crate::soql::{chunks, list, quoted};
use crate::trouble::Effect;

/// What the ids of tasks begin with.
const TASK_PREFIX: &str = "00T";
/// And those of the people a task may be about.
const WHO_PREFIXES: [&str; 2] = ["003", "00Q"];

/// Whether the record of a mail is a task.
pub(crate) fn is_task(record: &RemoteId) -> bool {
    record.as_str().starts_with(TASK_PREFIX)
}

impl MailRecords {
    /// A task has no place for the `Message-ID`: it is known by our key only.
    pub(crate) async fn find_tasks(
        &self,
        mails: &[(SyncKey, MessageId)],
    ) -> Result<Vec<(MessageId, RemoteId)>, PortError> {
        let mut found = Vec::new();
        if !self.client.shape("Task").await?.has(KEY_FIELD) {
            return Ok(found);
        }
        for chunk in chunks(mails, |(key, _)| [key.as_str()]) {
            let keys = list(chunk.iter().map(|(key, _)| key.as_str()));
            let soql = format!("SELECT Id, {KEY_FIELD} FROM Task WHERE {KEY_FIELD} IN {keys} AND IsDeleted = false");
            let rows = self.client.all_rows("salesforce.mail.find", soql).await?;
            let of = |key: &SyncKey| rows.iter().map(Row).find(|row| row.text(KEY_FIELD) == Ok(Some(key.as_str())));
            found.extend(chunk.iter().filter_map(|(key, message)| Some((message.clone(), of(key)?.id()))));
        }
        Ok(found)
    }

    pub(crate) async fn create_task(&self, mail: &NewCrmMail<'_>) -> Result<Made, PortError> {
        let op = "salesforce.mail.create";
        let record = record(mail);
        let lookalike = || -> Pin<Box<dyn Future<Output = _> + Send + '_>> { Box::pin(self.same_task(op, &record)) };
        let new = New { op, object: "Task", key: &mail.key, record: record.clone(), losses: Vec::new() };
        self.client.create_once(new, &lookalike).await
    }

    /// The task that a lost attempt made: the same day, person, subject and text.
    async fn same_task(&self, op: &'static str, record: &Map<String, Value>) -> Result<Option<RemoteId>, PortError> {
        let mut conditions = vec!["Status = 'Completed'".to_owned(), "CreatedDate >= LAST_N_DAYS:1".to_owned()];
        for name in ["Subject", "WhoId", "TaskSubtype"] {
            let text = record.get(name).and_then(Value::as_str);
            conditions.push(format!("{name} = {}", text.map_or_else(|| "null".to_owned(), quoted)));
        }
        let day = record.get("ActivityDate").and_then(Value::as_str).unwrap_or("null");
        conditions.push(format!("ActivityDate = {day}"));
        let soql = format!("SELECT Id, Description FROM Task WHERE IsDeleted = false AND {}", conditions.join(" AND "));
        let rows = self.client.all_rows(op, soql).await?;
        let text = record.get("Description").and_then(Value::as_str).unwrap_or_default();
        let is_same = |row: &&Value| {
            let there = Row(row).text("Description").ok().flatten().unwrap_or_default();
            // What is there may have been cut.
            !there.is_empty() && text.starts_with(there) || there.is_empty() && text.is_empty()
        };
        Ok(rows.iter().find(is_same).map(|row| Row(row).id()))
    }

    /// A task is about one person: who comes later finds the place taken, or takes it.
    pub(crate) async fn relate_task(&self, record: &RemoteId, relations: &[Relation]) -> Result<(), PortError> {
        let op = "salesforce.mail.relate";
        let Some(who) = who(relations) else { return Ok(()) };
        let soql =
            format!("SELECT Id, WhoId, WhatId FROM Task WHERE Id = {} AND IsDeleted = false", quoted(record.as_str()));
        let rows = self.client.all_rows(op, soql).await?;
        let Some(row) = rows.first().map(Row) else { return Ok(()) };
        let text = |name| row.text(name).ok().flatten();
        // A task about a lead is about nothing else.
        let is_lead = who.as_str().starts_with("00Q");
        if text("WhoId").is_some() || is_lead && text("WhatId").is_some() {
            return Ok(());
        }
        let path = self.client.path(&format!("sobjects/Task/{record}"));
        let call = Call::post(op, path, json!({"WhoId": who}), Effect::Write);
        self.client.send(Call { method: Method::PATCH, ..call }).await.map(|_| ())
    }
}

fn who(relations: &[Relation]) -> Option<&RemoteId> {
    let can_be = |person: &&RemoteId| WHO_PREFIXES.iter().any(|prefix| person.as_str().starts_with(prefix));
    relations.iter().map(|relation| &relation.person).find(can_be)
}

fn record(new: &NewCrmMail<'_>) -> Map<String, Value> {
    let mail = new.mail;
    let at = if new.incoming { mail.received } else { mail.sent };
    let mut record = Map::new();
    let mut set = |name: &str, text: String| {
        if !text.is_empty() {
            record.insert(name.to_owned(), Value::String(text));
        }
    };
    set("Subject", format!("Email: {}", one_line(&mail.subject)).trim().to_owned());
    set("Description", plain(&mail.text));
    set("Status", "Completed".to_owned());
    set("TaskSubtype", "Email".to_owned());
    set("ActivityDate", at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string());
    if let Some(who) = who(&new.relations) {
        set("WhoId", who.as_str().to_owned());
    }
    record
}
