//! E-mail messages: locked once sent, with a task in the activity history and relations to people.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Caller, Changes, Feature, Refusal, Salesforce, Values, cut, is_list, put, stamp, text, touch};
use crate::model::rules;

const DRAFT: &str = "5";

/// Which list of ids makes relations of which type.
const LISTS: [(&str, &str); 3] = [("ToIds", "ToAddress"), ("CcIds", "CcAddress"), ("BccIds", "BccAddress")];

pub(super) fn before_write(
    org: &Salesforce,
    values: &mut Values,
    changes: &Changes,
    old: Option<&Values>,
    now: Timestamp,
) -> Result<(), Refusal> {
    // Outside cases the activity is the system's own.
    if changes.get("ActivityId").is_some_and(|id| !id.is_null()) && !values.contains_key("ParentId") {
        return Err(Refusal::read_only().on("ActivityId"));
    }
    if !org.has_feature(Feature::EnhancedEmail) && !values.contains_key("ParentId") {
        return Err(Refusal::missing(&["ParentId"]));
    }
    let Some(old) = old else {
        if !values.contains_key("MessageDate") {
            put(values, "MessageDate", json!(stamp::write(now)));
        }
        return Ok(());
    };
    if text(old, "Status") == Some(DRAFT) {
        return Ok(());
    }
    for (name, value) in changes {
        let read = *name == "Status" && text(old, "Status") == Some("0") && value == "1";
        if old.get(*name).unwrap_or(&Value::Null) == value {
            continue;
        }
        if !read && *name != "IsExternallyVisible" && !name.ends_with("__c") {
            return Err(Refusal::read_only());
        }
    }
    Ok(())
}

/// The kind and address of whom a relation leads to.
pub(super) fn complete_relation(org: &Salesforce, values: &mut Values) {
    let Some(person) = text(values, "RelationId").and_then(|id| org.store.row(id)) else {
        return;
    };
    let (kind, address) = (json!(person.object()), person.get("Email").clone());
    put(values, "RelationObjectType", kind);
    if !values.contains_key("RelationAddress") {
        put(values, "RelationAddress", address);
    }
}

/// Makes the relations that the id lists name, and the completed task once the mail is no draft.
pub(super) fn after_write(org: &mut Salesforce, message: &str, old: Option<&Values>, caller: &Caller, now: Timestamp) {
    let Some(values) = org.store.row(message).and_then(|row| row.latest()).map(|version| version.values.clone()) else {
        return;
    };
    let Some(object) = org.schema().object("EmailMessage") else {
        return;
    };
    let draft = text(&values, "Status") == Some(DRAFT);
    if draft {
        // What a draft's lists no longer name, it is no longer related to.
        unrelate(org, message, &values, old, caller, now);
    }
    if !draft && !values.contains_key("ParentId") && !values.contains_key("ActivityId") {
        let task = file_task(org, &values, caller, now);
        touch(org, message, &[("ActivityId", json!(task))], now);
        // A draft has had its relations before.
        for relation in super::pointing(org, "EmailMessageRelation", "EmailMessageId", message) {
            link_task(org, &relation, now);
        }
    }
    for (list, kind) in LISTS.into_iter().filter(|(list, _)| is_list(object, list)) {
        let had = old.and_then(|old| old.get(list)).and_then(Value::as_array).cloned().unwrap_or_default();
        let has = values.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
        for person in has.iter().filter(|person| !had.contains(person)).filter_map(Value::as_str) {
            relate(org, message, person, kind, caller, now);
        }
    }
}

fn unrelate(
    org: &mut Salesforce,
    message: &str,
    values: &Values,
    old: Option<&Values>,
    caller: &Caller,
    now: Timestamp,
) {
    let Some(object) = org.schema().object("EmailMessageRelation") else { return };
    for (list, kind) in LISTS {
        let people = |values: &Values| values.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
        let has = people(values);
        let dropped: Vec<Value> = old.map(people).unwrap_or_default();
        for person in dropped.iter().filter(|person| !has.contains(person)).filter_map(Value::as_str) {
            for relation in super::pointing(org, "EmailMessageRelation", "EmailMessageId", message) {
                let row = org.store.row(&relation);
                if row.is_some_and(|row| row.text("RelationId") == person && row.text("RelationType") == kind) {
                    org.bury(caller, object, &relation, &relation, now);
                }
            }
        }
    }
}

/// The task by which a mail shows in the activity history.
fn file_task(org: &mut Salesforce, mail: &Values, caller: &Caller, now: Timestamp) -> String {
    let Some(object) = org.schema().object("Task") else {
        return String::new();
    };
    let day = text(mail, "MessageDate").and_then(|date| date.get(..10)).unwrap_or_default();
    let mut values = Values::new();
    put(&mut values, "Subject", cut(object, "Subject", text(mail, "Subject").unwrap_or("(no subject)")));
    put(&mut values, "Description", text(mail, "TextBody").map(|body| cut(object, "Description", body)).into());
    put(&mut values, "WhatId", mail.get("RelatedToId").cloned().unwrap_or_default());
    put(&mut values, "Status", json!("Completed"));
    put(&mut values, "TaskSubtype", json!("Email"));
    put(&mut values, "ActivityDate", json!(day));
    put(&mut values, "OwnerId", mail.get("OwnerId").cloned().unwrap_or_default());
    // Nothing in it can be refused: it has no who yet, and what was checked with the mail.
    let _ = rules::before_write(org, object, &mut values, &Changes::new(), None, now);
    org.insert_own(object, values, caller, now)
}

fn relate(org: &mut Salesforce, message: &str, person: &str, kind: &str, caller: &Caller, now: Timestamp) {
    let Some(object) = org.schema().object("EmailMessageRelation") else {
        return;
    };
    if org.store.row(person).is_none_or(super::Row::is_deleted) {
        return;
    }
    let mut values = Values::new();
    put(&mut values, "EmailMessageId", json!(message));
    put(&mut values, "RelationId", json!(person));
    put(&mut values, "RelationType", json!(kind));
    complete_relation(org, &mut values);
    let id = org.insert_own(object, values, caller, now);
    link_task(org, &id, now);
}

/// The first contact or lead that a mail is related to becomes who its task is about.
pub(super) fn link_task(org: &mut Salesforce, relation: &str, now: Timestamp) {
    let row = |id: &str| org.store.row(id);
    let Some(relation) = row(relation) else {
        return;
    };
    let (person, kind) = (relation.text("RelationId").to_owned(), relation.text("RelationObjectType"));
    let task = row(relation.text("EmailMessageId")).map(|mail| mail.text("ActivityId").to_owned());
    let Some(task) = task.and_then(|task| row(&task)) else {
        return;
    };
    let lead_beside_what = kind == "Lead" && !task.text("WhatId").is_empty();
    if !matches!(kind, "Contact" | "Lead") || !task.text("WhoId").is_empty() || lead_beside_what {
        return;
    }
    let account = if task.text("AccountId").is_empty() && kind == "Contact" {
        row(&person).map(|person| person.get("AccountId").clone()).unwrap_or_default()
    } else {
        task.get("AccountId").clone()
    };
    let task = task.id().to_owned();
    touch(org, &task, &[("WhoId", json!(person)), ("AccountId", account)], now);
}

/// The task in the activity history goes with its mail; that of a case's mail is somebody's work and stays.
pub(super) fn after_delete(org: &mut Salesforce, message: &str, root: &str, caller: &Caller, now: Timestamp) {
    let Some(mail) = org.store.row(message).filter(|mail| mail.text("ParentId").is_empty()) else { return };
    let task = mail.text("ActivityId").to_owned();
    let Some(object) = org.schema().object("Task") else { return };
    org.bury(caller, object, &task, root, now);
}
