//! What single objects do of their own accord.

mod event;
mod file;
mod invite;
mod mail;
mod person;
mod sale;
mod task;
mod who;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Feature;
use super::caller::Caller;
use super::input::Changes;
use super::refusal::Refusal;
use super::schema::{Field, Kind, Object};
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
        "Account" => person::before_account(org, values, changes)?,
        "Contact" => {
            person::before_contact(changes, old)?;
            full_name(values);
        }
        "User" => full_name(values),
        "Lead" => {
            if old.is_some_and(is_converted) {
                return Err(converted().into());
            }
            full_name(values);
        }
        "Opportunity" => sale::complete(values, changes, old),
        "Case" => {
            if !values.contains_key("AccountId")
                && let Some(contact) = text(values, "ContactId").and_then(|id| org.store.row(id))
            {
                put(values, "AccountId", contact.get("AccountId").clone());
            }
            let closed = text(values, "Status") == Some("Closed");
            put(values, "IsClosed", json!(closed));
            done_at(values, "ClosedDate", closed, now);
        }
        "Task" => {
            who::before_write(org, object, values, changes, old)?;
            who_and_what(org, values)?;
            task::complete(values, changes, old, now)?;
        }
        "Event" => {
            event::own_of_invitee(changes, old)?;
            who::before_write(org, object, values, changes, old)?;
            who_and_what(org, values)?;
            event::complete_times(values, changes, old, org.knobs.multiday_events)?;
            reminder(values, changes)?;
            if old.is_none() {
                put(values, "GroupEventType", json!("0"));
            }
            if old.is_some() && values.get("IsRecurrence2") == Some(&json!(true)) {
                put(values, "IsRecurrence2Exception", json!(true));
            }
        }
        "EventRelation" => invite::before_write(org, values, changes, old, now)?,
        "TaskRelation" => who::before_relation(org, object, values, old)?,
        "EmailMessage" => mail::before_write(org, values, changes, old, now)?,
        "EmailMessageRelation" => mail::complete_relation(org, values),
        "ContentVersion" => file::before_version(org, values, changes, old)?,
        "ContentDocumentLink" => file::before_link(org, values, old)?,
        _ => {}
    }
    Ok(())
}

/// Refuses to delete what only its owner's deletion takes along, and whom a case is about.
pub(super) fn before_delete(org: &Salesforce, object: &Object, id: &str) -> Result<(), Vec<Refusal>> {
    let Some(row) = org.store.row(id) else { return Ok(()) };
    let mut cases = match object.name {
        "Contact" if row.get("IsPersonAccount") == &json!(true) => return Err(Refusal::read_only().into()),
        "Contact" => pointing(org, "Case", "ContactId", id),
        "Account" => {
            let contacts = pointing(org, "Contact", "AccountId", id);
            let of_contacts = contacts.iter().flat_map(|contact| pointing(org, "Case", "ContactId", contact));
            pointing(org, "Case", "AccountId", id).into_iter().chain(of_contacts).collect()
        }
        _ => return Ok(()),
    };
    cases.sort_unstable();
    cases.dedup();
    if cases.is_empty() {
        return Ok(());
    }
    let numbers: Vec<&str> = cases.iter().filter_map(|case| Some(org.store.row(case)?.text("CaseNumber"))).collect();
    let message = format!(
        "Your attempt to delete {} could not be completed because it is associated with the following cases.: {}\n",
        row.text("Name"),
        numbers.join(", "),
    );
    Err(Refusal::write("DELETE_FAILED", message).into())
}

/// Whether a row stays when what this field of it points to is deleted: an activity about other people, too, and
/// the event of an invitee, which goes with the organizer's.
pub(super) fn outlives(org: &Salesforce, object: &Object, field: &Field, id: &str) -> bool {
    let activity = matches!(object.name, "Event" | "Task") && matches!(field.name, "WhoId" | "WhatId");
    activity && (ticked(org, id, "IsChild") || (field.name == "WhoId" && who::is_about_several(org, object, id)))
}

/// What follows from a new row in other rows.
pub(super) fn after_create(org: &mut Salesforce, object: &'static Object, id: &str, caller: &Caller, now: Timestamp) {
    match object.name {
        "Account" => person::after_account(org, id, caller, now),
        "EmailMessage" => mail::after_write(org, id, None, caller, now),
        "EmailMessageRelation" => mail::link_task(org, id, now),
        "Event" | "Task" => who::after_write(org, object, id, caller, now),
        "EventRelation" => {
            invite::after_write(org, id, caller, now);
            who::after_relation(org, id, now);
        }
        "TaskRelation" => who::after_relation(org, id, now),
        "OpportunityContactRole" => sale::only_primary(org, id, now),
        "ContentVersion" => file::after_version(org, id, caller, now),
        "ContentDocumentLink" => file::after_link(org, id, now),
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
    match object.name {
        "Account" => person::after_account(org, id, caller, now),
        "EmailMessage" => mail::after_write(org, id, Some(old), caller, now),
        "Event" => {
            who::after_write(org, object, id, caller, now);
            invite::tell_children(org, id, caller, now);
        }
        "Task" => who::after_write(org, object, id, caller, now),
        "EventRelation" => {
            invite::after_write(org, id, caller, now);
            who::after_relation(org, id, now);
        }
        "OpportunityContactRole" => sale::only_primary(org, id, now),
        "ContentVersion" => file::after_version_change(org, id, now),
        "ContentDocument" => file::after_document_change(org, id, now),
        _ => {}
    }
}

/// What follows from a deletion in other rows. `root` is the row whose deletion was asked for.
pub(super) fn after_delete(
    org: &mut Salesforce,
    object: &'static Object,
    id: &str,
    root: &str,
    caller: &Caller,
    now: Timestamp,
) {
    match object.name {
        "Event" => invite::after_child_gone(org, id, now),
        "EventRelation" => {
            invite::after_gone(org, id, root, caller, now);
            who::after_relation(org, id, now);
        }
        "TaskRelation" => who::after_relation(org, id, now),
        "EmailMessage" => mail::after_delete(org, id, root, caller, now),
        _ => {}
    }
}

/// What follows from a row's return from the bin, once all that came back is there.
pub(super) fn after_undelete(org: &mut Salesforce, id: &str, now: Timestamp) {
    match org.schema().of_id(id).map(|object| object.name) {
        Some("EventRelation") => {
            invite::mark_group(org, id, now);
            who::after_relation(org, id, now);
        }
        Some("TaskRelation") => who::after_relation(org, id, now),
        _ => {}
    }
}

fn is_converted(lead: &Values) -> bool {
    lead.get("IsConverted") == Some(&json!(true))
}

/// A converted lead can neither be changed nor be anyone's name.
pub(super) fn converted() -> Refusal {
    Refusal::write("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
}

/// A reminder has a time, and without one there is none.
fn reminder(values: &mut Values, changes: &Changes) -> Result<(), Refusal> {
    if values.get("IsReminderSet") == Some(&json!(true)) {
        if !values.contains_key("ReminderDateTime") {
            return Err(Refusal::missing(&["ReminderDateTime"]));
        }
    } else if changes.get("IsReminderSet") == Some(&json!(false)) {
        put(values, "ReminderDateTime", Value::Null);
    }
    Ok(())
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
    if let Some(lead) = who.filter(|who| who.object() == "Lead") {
        if lead.get("IsConverted") == &json!(true) {
            return Err(converted().on("WhoId"));
        }
        if what.is_some() {
            let message = "Related To ID: an activity whose Name ID is a lead cannot be related to another record; \
                           leave WhatId empty or relate a contact";
            return Err(Refusal::integrity("WhatId", message));
        }
    }
    let account = match what {
        Some(what) if what.object() == "Account" => Some(json!(what.id())),
        Some(what) if what.object() == "Opportunity" => Some(what.get("AccountId").clone()),
        _ => who.filter(|who| who.object() == "Contact").map(|who| who.get("AccountId").clone()),
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
    org.stamp(object, id, values, now);
}

/// Sets values in a row without its `SystemModstamp` moving: who polls it learns nothing of them.
pub(super) fn hush(org: &mut Salesforce, id: &str, new: &[(&str, Value)], now: Timestamp) {
    let Some(object) = org.schema().of_id(id) else { return };
    let Some(version) = org.store.row(id).and_then(Row::latest) else { return };
    if new.iter().all(|(name, value)| version.values.get(*name).unwrap_or(&Value::Null) == value) {
        return;
    }
    let mut version = version.clone();
    for (name, value) in new {
        put(&mut version.values, name, value.clone());
    }
    org.store.write(object, id, version, now);
}

/// The living rows of an object that point to a row with this field.
pub(super) fn pointing(org: &Salesforce, object: &str, field: &str, id: &str) -> Vec<String> {
    let Some(object) = org.schema().object(object) else {
        return Vec::new();
    };
    let Some(field) = object.field(field) else {
        return Vec::new();
    };
    let mut rows = org.store.holders(object, field, id);
    rows.retain(|row| org.store.row(row).is_some_and(|row| !row.is_deleted() && row.text(field.name) == id));
    rows
}

/// Whether a row's newest state has this box ticked.
fn ticked(org: &Salesforce, id: &str, field: &str) -> bool {
    org.store.row(id).is_some_and(|row| row.get(field) == &json!(true))
}

/// Cuts a text to what a field holds.
fn cut(object: &Object, field: &str, text: &str) -> Value {
    let length = object.field(field).and_then(super::schema::Field::length).unwrap_or(usize::MAX);
    json!(text.chars().take(length).collect::<String>())
}

/// Whether any of the changes sets a field of that type to something.
fn is_list(object: &Object, field: &str) -> bool {
    object.field(field).is_some_and(|field| matches!(field.kind, Kind::IdList(_)))
}
