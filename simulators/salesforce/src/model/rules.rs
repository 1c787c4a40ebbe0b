//! What single objects do of their own accord.

mod event;
mod mail;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::caller::Caller;
use super::input::Changes;
use super::refusal::Refusal;
use super::schema::{Kind, Object};
use super::stamp;
use super::store::Values;
use super::write::put;
use super::{Row, Salesforce};

fn text<'a>(values: &'a Values, name: &str) -> Option<&'a str> {
    values.get(name).and_then(Value::as_str)
}

/// Checks and completes a row before it is written. `old` is its state before, for a change.
pub(super) fn before_write(
    org: &Salesforce,
    object: &'static Object,
    values: &mut Values,
    changes: &Changes,
    old: Option<&Values>,
    now: Timestamp,
) -> Result<(), Vec<Refusal>> {
    match object.name {
        "Contact" | "User" => full_name(values),
        "Lead" => {
            if old.is_some_and(|old| old.get("IsConverted") == Some(&json!(true))) {
                return Err(Refusal::write("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead").into());
            }
            full_name(values);
        }
        "Opportunity" => {
            let stage = text(values, "StageName").unwrap_or_default().to_owned();
            put(values, "IsWon", json!(stage == "Closed Won"));
            put(values, "IsClosed", json!(stage.starts_with("Closed")));
        }
        "Case" => {
            let closed = text(values, "Status") == Some("Closed");
            put(values, "IsClosed", json!(closed));
            done_at(values, "ClosedDate", closed, now);
        }
        "Task" => {
            who_and_what(org, values)?;
            let closed = text(values, "Status") == Some("Completed");
            put(values, "IsClosed", json!(closed));
            done_at(values, "CompletedDateTime", closed, now);
            let high = text(values, "Priority") == Some("High");
            put(values, "IsHighPriority", json!(high));
        }
        "Event" => {
            who_and_what(org, values)?;
            event::complete_times(values, changes, old, org.knobs.multiday_events)?;
            if old.is_none() {
                put(values, "GroupEventType", json!("0"));
            }
        }
        "EventRelation" if old.is_none() && !changes.contains_key("IsInvitee") => {
            put(values, "IsInvitee", json!(true));
        }
        "EmailMessage" => mail::before_write(values, changes, old, now)?,
        "EmailMessageRelation" => mail::complete_relation(org, values),
        _ => {}
    }
    Ok(())
}

/// What follows from a new row in other rows.
pub(super) fn after_create(org: &mut Salesforce, object: &'static Object, id: &str, caller: &Caller, now: Timestamp) {
    match object.name {
        "EmailMessage" => mail::after_write(org, id, None, caller, now),
        "EmailMessageRelation" => mail::link_task(org, id, now),
        "EventRelation" => event::mark_group(org, id, now),
        _ => {}
    }
}

/// What follows from a change in other rows.
pub(super) fn after_update(
    org: &mut Salesforce,
    object: &'static Object,
    id: &str,
    old: &Values,
    caller: &Caller,
    now: Timestamp,
) {
    if object.name == "EmailMessage" {
        mail::after_write(org, id, Some(old), caller, now);
    }
}

/// `Name` of a person: the parts it has, with a space between.
fn full_name(values: &mut Values) {
    let parts = [text(values, "FirstName"), text(values, "LastName")];
    let name = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    put(values, "Name", if name.is_empty() { Value::Null } else { json!(name) });
}

/// A time that is set when something is done, kept while it is, and cleared when it is not.
fn done_at(values: &mut Values, field: &str, done: bool, now: Timestamp) {
    match (done, values.contains_key(field)) {
        (true, false) => put(values, field, json!(stamp::write(now))),
        (false, true) => put(values, field, Value::Null),
        _ => {}
    }
}

/// An activity of a Lead is about nothing else; the account follows from what and who.
fn who_and_what(org: &Salesforce, values: &mut Values) -> Result<(), Refusal> {
    let row = |name: &str| text(values, name).and_then(|id| org.store.row(id));
    let (who, what) = (row("WhoId"), row("WhatId"));
    if what.is_some() && who.is_some_and(|who| who.object() == "Lead") {
        let message = "Related To ID: an activity whose Name ID is a lead cannot be related to another record; \
                       leave WhatId empty or relate a contact";
        return Err(Refusal::integrity("WhatId", message));
    }
    let account = match what {
        Some(what) if what.object() == "Account" => Some(json!(what.id())),
        Some(what) => Some(what.get("AccountId").clone()),
        None => who.filter(|who| who.object() == "Contact").map(|who| who.get("AccountId").clone()),
    };
    put(values, "AccountId", account.unwrap_or_default());
    Ok(())
}

/// Sets values in a row that a system process touches: only its `SystemModstamp` moves.
pub(super) fn touch(org: &mut Salesforce, id: &str, new: &[(&str, Value)], now: Timestamp) {
    let Some(object) = org.schema().of_id(id) else {
        return;
    };
    let Some(mut values) =
        org.store.row(id).filter(|row| !row.is_deleted()).and_then(Row::latest).map(|version| version.values.clone())
    else {
        return;
    };
    for (name, value) in new {
        put(&mut values, name, value.clone());
    }
    org.stamp(object, id, values, false, now);
}

/// Cuts a text to what a field holds.
fn cut(object: &Object, field: &str, text: &str) -> Value {
    let length = object.field(field).and_then(super::schema::Field::length).unwrap_or(usize::MAX);
    json!(text.chars().take(length).collect::<String>())
}

/// Whether any of the changes sets a field of that type to something.
fn is_list(object: &Object, field: &str) -> bool {
    object.field(field).is_some_and(|field| field.kind == Kind::IdList)
}
