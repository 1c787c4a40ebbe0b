//! Activities with several people: one list in the activity, one relation for each, always the same.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Caller, Changes, Feature, Object, Refusal, Salesforce, Values, hush, pointing, put, text, ticked};

/// How many contacts an activity may be about. Of leads it is one, and no contact beside.
const MOST: usize = 50;

/// An activity's list, and where its relations are.
struct Side {
    activity: &'static str,
    list: &'static str,
    relation: &'static str,
    key: &'static str,
}

const SIDES: [Side; 2] = [
    Side { activity: "Event", list: "EventWhoIds", relation: "EventRelation", key: "EventId" },
    Side { activity: "Task", list: "TaskWhoIds", relation: "TaskRelation", key: "TaskId" },
];

fn side(object: &str) -> Option<&'static Side> {
    SIDES.iter().find(|side| side.activity == object || side.relation == object)
}

fn listed(values: &Values, list: &str) -> Vec<Value> {
    values.get(list).and_then(Value::as_array).cloned().unwrap_or_default()
}

/// The list and `WhoId` agree: `WhoId` is the first of the list.
pub(super) fn before_write(
    org: &Salesforce,
    object: &Object,
    values: &mut Values,
    changes: &Changes,
    old: Option<&Values>,
) -> Result<(), Refusal> {
    let Some(side) = side(object.name).filter(|_| org.has_feature(Feature::SharedActivities)) else {
        return Ok(());
    };
    let mut people = listed(values, side.list);
    let named = values.get("WhoId").cloned();
    match (changes.contains_key(side.list), changes.contains_key("WhoId"), named) {
        (false, false, _) => return Ok(()),
        // The list alone: whoever stands first.
        (true, false, _) => {}
        (_, true, Some(who)) => {
            let before = old.and_then(|old| old.get("WhoId"));
            people.retain(|person| *person != who && (changes.contains_key(side.list) || Some(person) != before));
            people.insert(0, who);
        }
        (_, true, None) => {
            let before = old.and_then(|old| old.get("WhoId"));
            people.retain(|person| changes.contains_key(side.list) || Some(person) != before);
        }
    }
    let leads = people.iter().filter(|person| is_lead(org, person)).count();
    check(people.len(), leads, side.list)?;
    put(values, "WhoId", people.first().cloned().unwrap_or_default());
    put(values, side.list, if people.is_empty() { Value::Null } else { json!(people) });
    Ok(())
}

/// Whether an activity is about several people.
pub(super) fn is_about_several(org: &Salesforce, object: &Object, activity: &str) -> bool {
    let people = side(object.name).and_then(|side| org.store.row(activity)?.get(side.list).as_array().map(Vec::len));
    people.is_some_and(|people| people > 1)
}

fn is_lead(org: &Salesforce, person: &Value) -> bool {
    person.as_str().and_then(|id| org.schema().of_id(id)).is_some_and(|object| object.name == "Lead")
}

fn check(people: usize, leads: usize, field: &str) -> Result<(), Refusal> {
    if people <= MOST && (leads == 0 || people == 1) {
        return Ok(());
    }
    let message = format!("An activity can be related to one lead or up to {MOST} contacts");
    Err(Refusal::write("LIMIT_EXCEEDED", message).on(field))
}

/// Whether one more person fits, and is not yet there.
pub(super) fn few(org: &Salesforce, relation: Option<&Object>, activity: &str, person: &str) -> Result<(), Refusal> {
    let Some(side) = relation.and_then(|relation| side(relation.name)) else {
        return Ok(());
    };
    let Some(kind) = org.schema().of_id(person).filter(|kind| matches!(kind.name, "Contact" | "Lead")) else {
        return Err(Refusal::integrity("RelationId", "Relation ID: an activity is about contacts or a lead"));
    };
    let people = related(org, side, activity);
    if people.iter().any(|known| known == person) {
        return Err(super::invite::duplicate());
    }
    let leads = people.iter().filter(|person| is_lead(org, &json!(person))).count() + usize::from(kind.name == "Lead");
    check(people.len() + 1, leads, "RelationId")
}

pub(super) fn before_relation(
    org: &Salesforce,
    object: &Object,
    values: &Values,
    old: Option<&Values>,
) -> Result<(), Refusal> {
    let activity = text(values, "TaskId").unwrap_or_default();
    let person = text(values, "RelationId").unwrap_or_default();
    // What is missing is told by the common checks.
    if old.is_some() || activity.is_empty() || person.is_empty() {
        return Ok(());
    }
    few(org, Some(object), activity, person)
}

fn relations(org: &Salesforce, side: &Side, activity: &str) -> Vec<String> {
    let mut rows = pointing(org, side.relation, side.key, activity);
    rows.retain(|row| side.relation == "TaskRelation" || ticked(org, row, "IsParent"));
    rows
}

/// Whom an activity is about, by its relations.
fn related(org: &Salesforce, side: &Side, activity: &str) -> Vec<String> {
    let rows = relations(org, side, activity);
    rows.iter().filter_map(|row| org.store.row(row)).map(|row| row.text("RelationId").to_owned()).collect()
}

/// The relations follow the list.
pub(super) fn after_write(org: &mut Salesforce, object: &Object, id: &str, caller: &Caller, now: Timestamp) {
    let shared = org.has_feature(Feature::SharedActivities);
    let Some(side) = side(object.name).filter(|_| shared && !ticked(org, id, "IsChild")) else {
        return;
    };
    let Some(relation) = org.schema().object(side.relation) else { return };
    let list = org.store.row(id).map(|row| row.get(side.list).clone()).unwrap_or_default();
    let wanted: Vec<String> =
        list.as_array().into_iter().flatten().filter_map(|person| person.as_str().map(str::to_owned)).collect();
    let known = related(org, side, id);
    for row in relations(org, side, id) {
        let person = org.store.row(&row).map(|row| row.text("RelationId").to_owned()).unwrap_or_default();
        if wanted.contains(&person) {
            continue;
        }
        if ticked(org, &row, "IsInvitee") {
            super::touch(org, &row, &[("IsParent", json!(false))], now);
        } else {
            org.bury(caller, relation, &row, &row, now);
        }
    }
    for person in wanted.into_iter().filter(|person| !known.contains(person)) {
        let invitation = pointing(org, side.relation, side.key, id)
            .into_iter()
            .find(|row| org.store.row(row).is_some_and(|row| row.text("RelationId") == person));
        if let Some(row) = invitation {
            super::touch(org, &row, &[("IsParent", json!(true))], now);
            continue;
        }
        let mut values = Values::new();
        put(&mut values, side.key, json!(id));
        put(&mut values, "RelationId", json!(person));
        if side.relation == "EventRelation" {
            put(&mut values, "IsParent", json!(true));
        }
        org.insert_own(relation, values, caller, now);
    }
}

/// The list follows the relations.
pub(super) fn after_relation(org: &mut Salesforce, relation: &str, now: Timestamp) {
    if !org.has_feature(Feature::SharedActivities) {
        return;
    }
    let Some(row) = org.store.row(relation) else { return };
    let Some(side) = side(row.object()) else { return };
    let activity = row.text(side.key).to_owned();
    if org.store.row(&activity).is_none_or(super::Row::is_deleted) {
        return;
    }
    let people = related(org, side, &activity);
    let list = org.store.row(&activity).map(|row| row.get(side.list).clone()).unwrap_or_default();
    let kept = list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    let mut ordered: Vec<String> = kept.filter(|person| people.contains(person)).collect();
    let new: Vec<String> = people.into_iter().filter(|person| !ordered.contains(person)).collect();
    ordered.extend(new);
    let first = ordered.first().map_or(Value::Null, |first| json!(first));
    let list = if ordered.is_empty() { Value::Null } else { json!(ordered) };
    hush(org, &activity, &[(side.list, list), ("WhoId", first)], now);
}
