//! Invitations: who is invited to an event answers in a relation, and a user has an event of his own.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Caller, Changes, Feature, Refusal, Salesforce, Values, hush, pointing, put, stamp, text, ticked, touch};

/// The most invitees of a single event, and of one in a series.
const MOST: usize = 1000;
const MOST_IN_SERIES: usize = 100;

/// In a relation the id of the invited user's own event, in that event the id of the relation. No client
/// sees either.
const CHILD: &str = "_child";
const RELATION: &str = "_relation";

/// What a user's own event does not have from the organizer's.
const OWN: [&str; 13] = [
    "Id",
    "OwnerId",
    "IsDeleted",
    "CreatedDate",
    "CreatedById",
    "LastModifiedDate",
    "LastModifiedById",
    "SystemModstamp",
    "IsChild",
    "IsGroupEvent",
    "GroupEventType",
    "IsReminderSet",
    "ReminderDateTime",
];

pub(super) fn before_write(
    org: &Salesforce,
    values: &mut Values,
    changes: &Changes,
    old: Option<&Values>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let parent = values.get("IsParent") == Some(&json!(true));
    if let Some(old) = old {
        let answered = text(values, "Status").filter(|status| text(old, "Status") != Some(status));
        if answered.is_some_and(|status| status != "New") && !changes.contains_key("RespondedDate") {
            put(values, "RespondedDate", json!(stamp::write(now)));
        }
        if !parent && values.get("IsInvitee") != Some(&json!(true)) {
            return Err(Refusal::integrity("IsInvitee", "Whom an event relates to is invited, or what it is about"));
        }
        return Ok(());
    }
    if !changes.contains_key("IsInvitee") {
        put(values, "IsInvitee", json!(!parent));
    }
    let Some(event) = text(values, "EventId").and_then(|id| org.store.row(id)) else {
        return Ok(());
    };
    if event.get("IsChild") == &json!(true) {
        let message = "Event ID: nobody can be invited to an invitee's event; use that of the organizer";
        return Err(Refusal::integrity("EventId", message));
    }
    let person = text(values, "RelationId").unwrap_or_default();
    if person == event.text("OwnerId") {
        return Err(Refusal::integrity("RelationId", "Relation ID: the owner of an event cannot be invited to it"));
    }
    if parent {
        return super::who::few(org, org.schema().object("EventRelation"), event.id(), person);
    }
    let relations = pointing(org, "EventRelation", "EventId", event.id());
    let invited = |id: &String| ticked(org, id, "IsInvitee");
    if relations.iter().any(|id| invited(id) && org.store.row(id).is_some_and(|row| row.text("RelationId") == person)) {
        return Err(duplicate());
    }
    let series = [event.get("IsRecurrence"), event.get("IsRecurrence2")].contains(&&json!(true));
    let most = if series { MOST_IN_SERIES } else { MOST };
    if relations.iter().filter(|id| invited(id)).count() >= most {
        let message = format!("An event can have at most {most} invitees");
        return Err(Refusal::write("LIMIT_EXCEEDED", message).on("RelationId"));
    }
    Ok(())
}

pub(super) fn duplicate() -> Refusal {
    let message = "duplicate value found: <unknown> duplicates value on record with id: <unknown>";
    Refusal::write("DUPLICATE_VALUE", message)
}

/// The invited user's own event comes and goes with the invitation.
pub(super) fn after_write(org: &mut Salesforce, relation: &str, caller: &Caller, now: Timestamp) {
    one_relation_each(org, relation, caller, now);
    mark_group(org, relation, now);
    let Some(row) = org.store.row(relation) else { return };
    let (event, person) = (row.text("EventId").to_owned(), row.text("RelationId").to_owned());
    let (has_child, invited) = (!row.text(CHILD).is_empty(), row.get("IsInvitee") == &json!(true));
    if invited && !has_child && org.store.row(&person).is_some_and(|person| person.object() == "User") {
        let Some(object) = org.schema().object("Event") else { return };
        let mut values = copied(org, &event);
        put(&mut values, "OwnerId", json!(person));
        put(&mut values, RELATION, json!(relation));
        let child = org.insert_own(object, values, caller, now);
        hush(org, relation, &[(CHILD, json!(child))], now);
    } else if !invited && has_child {
        remove_child(org, relation, relation, caller, now);
    }
}

/// With several people per activity, one who is invited and whom the event is about has one relation.
fn one_relation_each(org: &mut Salesforce, relation: &str, caller: &Caller, now: Timestamp) {
    if !org.has_feature(Feature::SharedActivities) {
        return;
    }
    let Some(row) = org.store.row(relation) else { return };
    let (event, person) = (row.text("EventId").to_owned(), row.text("RelationId").to_owned());
    let Some(object) = org.schema().object("EventRelation") else { return };
    for other in pointing(org, "EventRelation", "EventId", &event) {
        let same = other != relation && org.store.row(&other).is_some_and(|row| row.text("RelationId") == person);
        if same {
            let (invited, about) = (ticked(org, &other, "IsInvitee"), ticked(org, &other, "IsParent"));
            if invited {
                hush(org, relation, &[("IsInvitee", json!(true))], now);
            }
            if about {
                hush(org, relation, &[("IsParent", json!(true))], now);
            }
            org.bury(caller, object, &other, &other, now);
        }
    }
}

/// What a user's own event has from the organizer's.
fn copied(org: &Salesforce, event: &str) -> Values {
    let latest = org.store.row(event).and_then(super::Row::latest);
    let mut values = latest.map(|version| version.values.clone()).unwrap_or_default();
    values.retain(|name, _| !OWN.contains(&name.as_str()) && !name.ends_with("__c") && !name.starts_with('_'));
    values.remove("EventWhoIds");
    put(&mut values, "IsChild", json!(true));
    put(&mut values, "IsGroupEvent", json!(true));
    put(&mut values, "GroupEventType", json!("1"));
    values
}

/// A change of the organizer's event goes on to those of the invitees.
pub(super) fn tell_children(org: &mut Salesforce, event: &str, caller: &Caller, now: Timestamp) {
    let shared = copied(org, event);
    for relation in pointing(org, "EventRelation", "EventId", event) {
        let child = org.store.row(&relation).map(|row| row.text(CHILD).to_owned()).unwrap_or_default();
        let Some(row) = org.store.row(&child).filter(|row| !row.is_deleted()) else { continue };
        let Some(object) = org.schema().object("Event") else { return };
        let old = row.latest().map(|version| version.values.clone()).unwrap_or_default();
        let mut values = shared.clone();
        let own = |name: &str| OWN.contains(&name) || name.ends_with("__c") || name.starts_with('_');
        values.extend(old.iter().filter(|(name, _)| own(name)).map(|(name, value)| (name.clone(), value.clone())));
        if values == old {
            continue;
        }
        for (field, value) in caller.touch(now) {
            put(&mut values, field, value);
        }
        org.stamp(object, &child, values, now);
    }
}

/// An invitation was taken back, or went with its event.
pub(super) fn after_gone(org: &mut Salesforce, relation: &str, root: &str, caller: &Caller, now: Timestamp) {
    remove_child(org, relation, root, caller, now);
    mark_group(org, relation, now);
}

fn remove_child(org: &mut Salesforce, relation: &str, root: &str, caller: &Caller, now: Timestamp) {
    let child = org.store.row(relation).map(|row| row.text(CHILD).to_owned()).unwrap_or_default();
    if child.is_empty() {
        return;
    }
    if root == relation && !org.store.row(relation).is_some_and(super::Row::is_deleted) {
        hush(org, relation, &[(CHILD, Value::Null)], now);
    }
    let Some(object) = org.schema().object("Event") else { return };
    if org.store.row(&child).is_some_and(|child| !child.is_deleted()) {
        org.bury(caller, object, &child, root, now);
    }
}

/// A user who deletes his own event declines.
pub(super) fn after_child_gone(org: &mut Salesforce, event: &str, now: Timestamp) {
    let relation = org.store.row(event).map(|row| row.text(RELATION).to_owned()).unwrap_or_default();
    if org.store.row(&relation).is_some_and(|relation| !relation.is_deleted()) {
        let answer = [("Status", json!("Declined")), ("RespondedDate", json!(stamp::write(now))), (CHILD, Value::Null)];
        touch(org, &relation, &answer, now);
    }
}

/// An event with an invitee is a group event. That is said in the event without its stamp moving.
pub(super) fn mark_group(org: &mut Salesforce, relation: &str, now: Timestamp) {
    let event = org.store.row(relation).map(|row| row.text("EventId").to_owned()).unwrap_or_default();
    let invited =
        pointing(org, "EventRelation", "EventId", &event).iter().any(|relation| ticked(org, relation, "IsInvitee"));
    let kind = if invited { "1" } else { "0" };
    hush(org, &event, &[("IsGroupEvent", json!(invited)), ("GroupEventType", json!(kind))], now);
}
