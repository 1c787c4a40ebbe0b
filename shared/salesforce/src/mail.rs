//! Records of e-mail.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Map, Value, json};
use syncline_core::ids::{MessageId, RemoteId, SyncKey};
use syncline_core::mail::{Correspondent, Role};
use syncline_ports::{CrmMail, ErrorKind, NewCrmMail, Outcome, PortError, Relation};

use crate::KEY_FIELD;
use crate::client::{Call, Client};
use crate::people::cut;
use crate::row::{Row, same_id};
use crate::soql::{chunks, instant, list, quoted};
use crate::trouble::{Effect, RecordResult, garbled, record_result, refused_record};

/// EmailMessage.Subject, in characters.
const SUBJECT_LIMIT: usize = 3_000;
/// EmailMessage.FromAddress and .FromName, in characters.
const FROM_LIMIT: usize = 1_000;
/// EmailMessage.ToAddress, .CcAddress and .BccAddress, in characters.
const RECIPIENTS_LIMIT: usize = 4_000;
/// EmailMessage.TextBody and .HtmlBody, in characters, in every org; newer ones take more.
const BODY_LIMIT: usize = 32_000;
/// EmailMessage.MessageIdentifier, in characters. A longer one is not written: half of it would be
/// another message's name.
const IDENTIFIER_LIMIT: usize = 255;
/// How many relations one write takes (REST API guide, "sObject Collections").
const WRITE_ROWS: usize = 200;

/// The e-mail records of an org.
#[derive(Debug)]
pub(crate) struct MailRecords {
    client: Arc<Client>,
}

impl MailRecords {
    pub(crate) fn new(client: Arc<Client>) -> Self {
        Self { client }
    }
}

/// A mail that is looked for, with the texts a record of it may hold.
struct Wanted<'a> {
    key: &'a SyncKey,
    message: &'a MessageId,
    identifiers: Vec<String>,
}

impl<'a> Wanted<'a> {
    /// Others write the `Message-ID` with its angle brackets.
    fn new((key, message): &'a (SyncKey, MessageId)) -> Self {
        let bare = message.as_str();
        let fits = bare.chars().count() <= IDENTIFIER_LIMIT;
        let identifiers = if fits { vec![bare.to_owned(), format!("<{bare}>")] } else { Vec::new() };
        Self { key, message, identifiers }
    }

    /// The record with the key, else the first with the identifier.
    fn among(&self, records: &[Value]) -> Option<RemoteId> {
        let holds = |record: &&Value, field: &str, text: &str| Row(record).text(field).ok().flatten() == Some(text);
        let by_key = records.iter().find(|record| holds(record, KEY_FIELD, self.key.as_str()));
        let named = |record: &&Value| self.identifiers.iter().any(|text| holds(record, "MessageIdentifier", text));
        by_key.or_else(|| records.iter().find(named)).map(|record| Row(record).id())
    }
}

#[async_trait]
impl CrmMail for MailRecords {
    async fn find(&self, mails: &[(SyncKey, MessageId)]) -> Result<Vec<(MessageId, RemoteId)>, PortError> {
        let wanted: Vec<Wanted<'_>> = mails.iter().map(Wanted::new).collect();
        let mut found = Vec::new();
        for chunk in chunks(&wanted, |mail| mail.identifiers.iter().map(String::as_str).chain([mail.key.as_str()])) {
            let keys = list(chunk.iter().map(|mail| mail.key.as_str()));
            let identifiers: Vec<&str> = chunk.iter().flat_map(|mail| &mail.identifiers).map(String::as_str).collect();
            let by_identifier = if identifiers.is_empty() {
                String::new()
            } else {
                format!(" OR MessageIdentifier IN {}", list(identifiers))
            };
            let soql = format!(
                "SELECT Id, {KEY_FIELD}, MessageIdentifier FROM EmailMessage \
                 WHERE {KEY_FIELD} IN {keys}{by_identifier} ORDER BY CreatedDate, Id"
            );
            let records = self.client.rows("salesforce.mail.find", soql).await?;
            found.extend(chunk.iter().filter_map(|mail| Some((mail.message.clone(), mail.among(&records)?))));
        }
        Ok(found)
    }

    async fn create(&self, mail: &NewCrmMail<'_>) -> Result<RemoteId, PortError> {
        let op = "salesforce.mail.create";
        let record = self.client.create_once(op, "EmailMessage", &mail.key, record(mail), &[]).await?;
        self.relate(&record, &mail.relations).await?;
        Ok(record)
    }

    async fn relate(&self, record: &RemoteId, relations: &[Relation]) -> Result<(), PortError> {
        if relations.is_empty() {
            return Ok(());
        }
        let op = "salesforce.mail.relate";
        let mail = quoted(record.as_str());
        let soql =
            format!("SELECT Id, RelationId, RelationType FROM EmailMessageRelation WHERE EmailMessageId = {mail}");
        let existing = self.client.rows(op, soql).await?;
        let missing = missing(&existing, relations);
        for chunk in missing.chunks(WRITE_ROWS) {
            let records: Vec<Value> = chunk.iter().map(|relation| relation_record(record, relation)).collect();
            let (method, effect) = (Method::POST, Effect::Write);
            let path = self.client.path("composite/sobjects");
            let body = Some(json!({"allOrNone": false, "records": records}));
            let call = Call { op, method, path, query: Vec::new(), body, headers: &[], effect };
            let answer = self.client.send(call).await?;
            for at in 0..chunk.len() {
                check_relation(op, record_result(answer.body.get(at)))?;
            }
        }
        Ok(())
    }
}

fn record(new: &NewCrmMail<'_>) -> Map<String, Value> {
    let mail = new.mail;
    let mut record = Map::new();
    let mut set = |name: &str, text: String| {
        if !text.is_empty() {
            record.insert(name.to_owned(), Value::String(text));
        }
    };
    set("Subject", cut(&mail.subject, SUBJECT_LIMIT));
    if let Some(from) = &mail.from {
        set("FromAddress", cut(&from.address, FROM_LIMIT));
        set("FromName", cut(&from.name, FROM_LIMIT));
    }
    set("ToAddress", recipients(&mail.to));
    set("CcAddress", recipients(&mail.cc));
    set("BccAddress", recipients(&mail.bcc));
    set("TextBody", cut(&mail.text, BODY_LIMIT));
    set("HtmlBody", cut_html(mail.html.as_deref().unwrap_or_default()));
    if new.message.as_str().chars().count() <= IDENTIFIER_LIMIT {
        set("MessageIdentifier", new.message.as_str().to_owned());
    }
    // '1' read, '3' sent.
    set("Status", if new.incoming { "1" } else { "3" }.to_owned());
    set("MessageDate", instant(if new.incoming { mail.received } else { mail.sent }));
    record.insert("Incoming".to_owned(), json!(new.incoming));
    record
}

/// As many addresses as fit, whole.
fn recipients(people: &[Correspondent]) -> String {
    let mut text = String::new();
    let mut length = 0;
    for person in people {
        let more = person.address.chars().count() + if length == 0 { 0 } else { 2 };
        if length + more > RECIPIENTS_LIMIT {
            break;
        }
        if length > 0 {
            text.push_str("; ");
        }
        text.push_str(&person.address);
        length += more;
    }
    text
}

/// What fits, not ending inside a tag.
fn cut_html(html: &str) -> String {
    let mut text = cut(html, BODY_LIMIT);
    if text.len() < html.trim().len()
        && let Some(open) = text.rfind('<')
        && !text[open..].contains('>')
    {
        text.truncate(open);
    }
    text
}

fn relation_type(role: Role) -> &'static str {
    match role {
        Role::From => "FromAddress",
        Role::To => "ToAddress",
        Role::Cc => "CcAddress",
        Role::Bcc => "BccAddress",
    }
}

/// The relations the record does not have yet, each once.
fn missing<'a>(existing: &[Value], relations: &'a [Relation]) -> Vec<&'a Relation> {
    let has = |relation: &Relation| {
        existing.iter().map(Row).any(|row| {
            let text = |field| row.text(field).ok().flatten();
            text("RelationType") == Some(relation_type(relation.role))
                && text("RelationId").is_some_and(|id| same_id(id, relation.person.as_str()))
        })
    };
    let mut missing: Vec<&Relation> = Vec::new();
    for relation in relations.iter().filter(|relation| !has(relation)) {
        if !missing.iter().any(|other| other.role == relation.role && other.person == relation.person) {
            missing.push(relation);
        }
    }
    missing
}

fn relation_record(mail: &RemoteId, relation: &Relation) -> Value {
    json!({
        "attributes": {"type": "EmailMessageRelation"},
        "EmailMessageId": mail,
        "RelationId": relation.person,
        "RelationType": relation_type(relation.role),
        "RelationAddress": relation.correspondent.address,
    })
}

/// A relation to somebody who is gone by now is left out; the others stand.
fn check_relation(op: &'static str, result: RecordResult) -> Result<(), PortError> {
    let (code, names_fields) = match result {
        RecordResult::Done(_) => return Ok(()),
        RecordResult::Garbled => return Err(garbled(op, Effect::Write, "a line of the answer makes no sense")),
        RecordResult::Refused { code, names_fields } => (code, names_fields),
    };
    match code.as_str() {
        "DUPLICATE_VALUE" => return Ok(()),
        "ENTITY_IS_DELETED" | "INVALID_CROSS_REFERENCE_KEY" => {
            tracing::warn!(op, code, "a relation to somebody who is gone is left out");
            return Ok(());
        }
        _ => {}
    }
    let kind = match refused_record(code.clone(), names_fields, false) {
        Outcome::Later { after: Some(after), .. } => ErrorKind::Throttled { after },
        Outcome::Later { after: None, .. } => ErrorKind::Transient,
        Outcome::Done(_) | Outcome::Stale | Outcome::Gone | Outcome::Rejected { .. } | Outcome::Unknown => {
            ErrorKind::Rejected
        }
    };
    Err(PortError::new(kind, op).code(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncline_core::mail::Mail;

    fn person(address: &str) -> Correspondent {
        Correspondent::new(address, "Some One").unwrap()
    }

    fn mail() -> Mail {
        Mail {
            id: RemoteId::new("m1"),
            message_id: Some(MessageId::new("1@fabrikam.example")),
            subject: "Offer".into(),
            from: Some(person("mia@fabrikam.example")),
            to: vec![person("anna@northwind.example"), person("ben@northwind.example")],
            cc: vec![],
            bcc: vec![],
            sent: "2031-03-03T09:00:00Z".parse().unwrap(),
            received: "2031-03-03T09:00:04Z".parse().unwrap(),
            text: "Hello".into(),
            html: Some("<p>Hello</p>".into()),
            is_draft: false,
            is_service: false,
        }
    }

    fn written(mail: &Mail, message: &str, incoming: bool) -> Value {
        let message = MessageId::new(message);
        let key = SyncKey::from_text("k");
        Value::Object(record(&NewCrmMail { key, message: &message, mail, incoming, relations: vec![] }))
    }

    #[test]
    fn a_mail_becomes_a_record() {
        let expected = json!({
            "Subject": "Offer", "FromAddress": "mia@fabrikam.example", "FromName": "Some One",
            "ToAddress": "anna@northwind.example; ben@northwind.example", "TextBody": "Hello",
            "HtmlBody": "<p>Hello</p>", "MessageIdentifier": "1@fabrikam.example", "Status": "1",
            "MessageDate": "2031-03-03T09:00:04Z", "Incoming": true,
        });
        assert_eq!(written(&mail(), "1@fabrikam.example", true), expected);
        let sent = written(&mail(), "1@fabrikam.example", false);
        assert_eq!((&sent["Status"], &sent["MessageDate"]), (&json!("3"), &json!("2031-03-03T09:00:00Z")));
    }

    #[test]
    fn what_is_too_long_is_cut_where_it_makes_sense() {
        let html = format!("<p>{}</p>", "<b>x</b>".repeat(5_000));
        let many: Vec<_> = (0..500).map(|n| person(&format!("p{n:03}@a.example"))).collect();
        let long = Mail { text: "ü".repeat(40_000), html: Some(html), to: many, ..mail() };
        let record = written(&long, &"x".repeat(300), true);
        let text = |name: &str| record[name].as_str().unwrap();
        assert_eq!(text("TextBody").chars().count(), BODY_LIMIT);
        assert!(text("HtmlBody").chars().count() <= BODY_LIMIT);
        assert!(text("HtmlBody").ends_with(['>', 'x']), "not inside a tag");
        assert!(text("ToAddress").len() <= RECIPIENTS_LIMIT && text("ToAddress").ends_with("@a.example"));
        assert_eq!(record.get("MessageIdentifier"), None);
    }

    #[test]
    fn d25_a_record_is_known_by_key_or_by_either_spelling_of_its_identifier() {
        let mails = (SyncKey::from_text("k"), MessageId::new("1@fabrikam.example"));
        let wanted = Wanted::new(&mails);
        let record = |id: &str, key: Value, identifier: &str| json!({"Id": id, "Syncline_Key__c": key, "MessageIdentifier": identifier});
        let bracketed = record("02s1", Value::Null, "<1@fabrikam.example>");
        let other = record("02s2", Value::Null, "2@fabrikam.example");
        let ours = record("02s3", json!("k"), "1@fabrikam.example");
        assert_eq!(wanted.among(&[other.clone(), bracketed.clone()]), Some(RemoteId::new("02s1")));
        assert_eq!(wanted.among(&[bracketed, ours]), Some(RemoteId::new("02s3")), "the key before the identifier");
        assert_eq!(wanted.among(&[other]), None);
    }

    #[test]
    fn only_missing_relations_are_added_and_each_once() {
        let relation = |person_id: &str, role| Relation {
            person: RemoteId::new(person_id),
            role,
            correspondent: person("mia@fabrikam.example"),
        };
        let wanted = [
            relation("003000000000001AAA", Role::From),
            relation("003000000000001AAA", Role::Cc),
            relation("003000000000001AAA", Role::Cc),
            relation("005000000000001AAA", Role::To),
        ];
        let existing = [json!({"RelationId": "003000000000001", "RelationType": "FromAddress"})];
        let roles: Vec<Role> = missing(&existing, &wanted).iter().map(|relation| relation.role).collect();
        assert_eq!(roles, [Role::Cc, Role::To]);
    }

    #[test]
    fn one_bad_relation_does_not_block_the_rest() {
        let refused = |code: &str| RecordResult::Refused { code: code.into(), names_fields: false };
        let kind = |result| check_relation("op", result).map_err(|error| error.kind);
        assert_eq!(kind(RecordResult::Done("1".into())), Ok(()));
        assert_eq!(kind(refused("ENTITY_IS_DELETED")), Ok(()));
        assert_eq!(kind(refused("UNABLE_TO_LOCK_ROW")), Err(ErrorKind::Transient));
        assert_eq!(kind(refused("FIELD_CUSTOM_VALIDATION_EXCEPTION")), Err(ErrorKind::Rejected));
        assert_eq!(kind(RecordResult::Garbled), Err(ErrorKind::Unknown));
    }
}
