//! Records of e-mail.

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value, json};
use syncline_core::ids::{MessageId, RemoteId, SyncKey};
use syncline_core::mail::{Correspondent, Role};
use syncline_ports::{CrmMail, ErrorKind, Loss, LossKind, Made, NewCrmMail, Outcome, PortError, Relation};

use crate::KEY_FIELD;
use crate::client::{Call, Client};
use crate::fit::first;
use crate::mail_task;
use crate::making::New;
use crate::row::{Row, same_id};
use crate::shape::{Shape, is_unknown_field};
use crate::soql::{chunks, instant, list, quoted};
use crate::trouble::{Effect, RecordResult, garbled, record_result, refused_record};

/// EmailMessage.MessageIdentifier, in characters. A longer one is not written: half of it would be
/// another message's name.
const IDENTIFIER_LIMIT: usize = 255;
/// How many relations one write takes (REST API guide, "sObject Collections").
const WRITE_ROWS: usize = 200;

/// The e-mail records of an org.
#[derive(Debug)]
pub(crate) struct MailRecords {
    pub(crate) client: Arc<Client>,
}

impl MailRecords {
    pub(crate) fn new(client: Arc<Client>) -> Self {
        Self { client }
    }

    /// Whether e-mail is recorded as such, with its people (Enhanced Email); else it is a task (D-26).
    async fn is_enhanced(&self) -> Result<bool, PortError> {
        let message = self.client.shape("EmailMessage").await?;
        // Without Enhanced Email there are only the messages of cases, which are related to nothing else.
        if !message.createable || !message.has("RelatedToId") {
            return Ok(false);
        }
        Ok(self.client.shape("EmailMessageRelation").await?.createable)
    }

    async fn find_messages(&self, wanted: &[Wanted<'_>]) -> Result<Vec<(MessageId, RemoteId)>, PortError> {
        let shape = self.client.shape("EmailMessage").await?;
        let (keyed, named) = (shape.has(KEY_FIELD), shape.has("MessageIdentifier"));
        let mut found = Vec::new();
        for chunk in chunks(wanted, |mail| mail.identifiers.iter().map(String::as_str).chain([mail.key.as_str()])) {
            let identifiers: Vec<&str> = chunk.iter().flat_map(|mail| &mail.identifiers).map(String::as_str).collect();
            let mut any = Vec::new();
            if keyed {
                any.push(format!("{KEY_FIELD} IN {}", list(chunk.iter().map(|mail| mail.key.as_str()))));
            }
            if named && !identifiers.is_empty() {
                any.push(format!("MessageIdentifier IN {}", list(identifiers)));
            }
            if any.is_empty() {
                continue;
            }
            let mut select = vec!["Id"];
            select.extend(keyed.then_some(KEY_FIELD));
            select.extend(named.then_some("MessageIdentifier"));
            let soql = format!(
                "SELECT {} FROM EmailMessage WHERE {} ORDER BY CreatedDate, Id",
                select.join(", "),
                any.join(" OR "),
            );
            let records = self.client.rows("salesforce.mail.find", soql).await?;
            found.extend(chunk.iter().filter_map(|mail| Some((mail.message.clone(), mail.among(&records)?))));
        }
        Ok(found)
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
        if mails.is_empty() {
            return Ok(Vec::new());
        }
        if !self.is_enhanced().await? {
            return self.find_tasks(mails).await;
        }
        let wanted: Vec<Wanted<'_>> = mails.iter().map(Wanted::new).collect();
        match self.find_messages(&wanted).await {
            Err(error) if is_unknown_field(&error) => {
                self.client.relearn("EmailMessage").await?;
                self.find_messages(&wanted).await
            }
            found => found,
        }
    }

    async fn create(&self, mail: &NewCrmMail<'_>) -> Result<Made, PortError> {
        let op = "salesforce.mail.create";
        if !self.is_enhanced().await? {
            return self.create_task(mail).await;
        }
        let (record, losses) = record(mail, &*self.client.shape("EmailMessage").await?);
        let named = [(mail.key.clone(), mail.message.clone())];
        let lookalike = || -> Pin<Box<dyn Future<Output = _> + Send + '_>> {
            Box::pin(async {
                let wanted: Vec<Wanted<'_>> = named.iter().map(Wanted::new).collect();
                Ok(self.find_messages(&wanted).await?.into_iter().next().map(|(_, id)| id))
            })
        };
        let new = New { op, object: "EmailMessage", key: &mail.key, record, losses };
        let made = self.client.create_once(new, &lookalike).await?;
        self.relate(&made.id, &mail.relations).await?;
        Ok(made)
    }

    async fn relate(&self, record: &RemoteId, relations: &[Relation]) -> Result<(), PortError> {
        if relations.is_empty() {
            return Ok(());
        }
        if mail_task::is_task(record) {
            return self.relate_task(record, relations).await;
        }
        let op = "salesforce.mail.relate";
        let mail = quoted(record.as_str());
        let soql =
            format!("SELECT Id, RelationId, RelationType FROM EmailMessageRelation WHERE EmailMessageId = {mail}");
        let existing = self.client.rows(op, soql).await?;
        let missing = missing(&existing, relations);
        for chunk in missing.chunks(WRITE_ROWS) {
            let records: Vec<Value> = chunk.iter().map(|relation| relation_record(record, relation)).collect();
            let path = self.client.path("composite/sobjects");
            let body = json!({"allOrNone": false, "records": records});
            let answer = self.client.send(Call::post(op, path, body, Effect::Write)).await?;
            for at in 0..chunk.len() {
                check_relation(op, record_result(answer.body.get(at)))?;
            }
        }
        Ok(())
    }
}

/// The record, in so far as cutting needs to know what is cut; the rest is cut where all records are.
fn record(new: &NewCrmMail<'_>, shape: &Shape) -> (Map<String, Value>, Vec<Loss>) {
    let mail = new.mail;
    let (mut record, mut losses) = (Map::new(), Vec::new());
    let limit = |name: &str| shape.field(name).map(|field| field.length).filter(|length| *length > 0);
    let mut set = |name: &str, text: &str| {
        if !text.trim().is_empty() {
            record.insert(name.to_owned(), Value::String(text.trim().to_owned()));
        }
    };
    let mut cut = |name: &str, is_cut: bool| {
        if is_cut {
            losses.push(Loss { field: name.to_owned(), kind: LossKind::Cut });
        }
    };
    set("Subject", &mail.subject);
    if let Some(from) = &mail.from {
        set("FromAddress", &from.address);
        set("FromName", &from.name);
    }
    for (name, people) in [("ToAddress", &mail.to), ("CcAddress", &mail.cc), ("BccAddress", &mail.bcc)] {
        let (text, is_cut) = recipients(people, limit(name));
        set(name, &text);
        cut(name, is_cut);
    }
    set("TextBody", &mail.text);
    let (html, is_cut) = cut_html(mail.html.as_deref().unwrap_or_default(), limit("HtmlBody"));
    set("HtmlBody", html);
    cut("HtmlBody", is_cut);
    if new.message.as_str().chars().count() <= IDENTIFIER_LIMIT {
        set("MessageIdentifier", new.message.as_str());
    }
    // '1' read, '3' sent.
    set("Status", if new.incoming { "1" } else { "3" });
    set("MessageDate", &instant(if new.incoming { mail.received } else { mail.sent }));
    record.insert("Incoming".to_owned(), json!(new.incoming));
    (record, losses)
}

/// As many addresses as fit, whole; and whether some did not.
fn recipients(people: &[Correspondent], limit: Option<usize>) -> (String, bool) {
    let mut text = String::new();
    let mut length = 0;
    for person in people {
        let more = person.address.chars().count() + if length == 0 { 0 } else { 2 };
        if limit.is_some_and(|limit| length + more > limit) {
            return (text, true);
        }
        if length > 0 {
            text.push_str("; ");
        }
        text.push_str(&person.address);
        length += more;
    }
    (text, false)
}

/// What fits, not ending inside a tag; and whether that is less than all.
fn cut_html(html: &str, limit: Option<usize>) -> (&str, bool) {
    let whole = html.trim();
    let text = limit.map_or(whole, |limit| first(whole, limit)).trim_end();
    if text.len() == whole.len() {
        return (text, false);
    }
    match text.rfind('<').map(|open| text.split_at(open)) {
        Some((before, tag)) if !tag.contains('>') => (before, true),
        _ => (text, true),
    }
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
    use crate::shape::tests::shape;
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
        let shape = shape(&[("HtmlBody", "textarea", 32_000), ("ToAddress", "string", 4_000)]);
        let new = NewCrmMail { key, message: &message, mail, incoming, relations: vec![] };
        let (mut record, losses) = record(&new, &shape);
        if !losses.is_empty() {
            let fields: Vec<_> = losses.into_iter().map(|loss| loss.field).collect();
            record.insert("lost".to_owned(), json!(fields));
        }
        Value::Object(record)
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
        let long = Mail { html: Some(html), to: many, ..mail() };
        let record = written(&long, &"x".repeat(300), true);
        let text = |name: &str| record[name].as_str().unwrap();
        assert_eq!(record["lost"], json!(["ToAddress", "HtmlBody"]));
        assert!(text("HtmlBody").chars().count() <= 32_000);
        assert!(text("HtmlBody").ends_with(['>', 'x']), "not inside a tag");
        assert!(text("ToAddress").len() <= 4_000 && text("ToAddress").ends_with("@a.example"));
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
