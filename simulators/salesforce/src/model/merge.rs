//! Merging rows that are the same: one stays, with all that pointed to the others.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::caller::Caller;
use super::input::Input;
use super::refusal::Refusal;
use super::schema::Field;
use super::write::put;
use super::{Row, Salesforce, rules};

/// The objects that can be merged.
const MERGEABLE: [&str; 3] = ["Account", "Contact", "Lead"];

/// Whether rows of that object can be merged.
pub(crate) fn is_mergeable(object: &str) -> bool {
    MERGEABLE.contains(&object)
}

/// How many rows go into the one that stays.
const MOST_LOSERS: usize = 2;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Merge {
    pub object: String,
    pub master: String,
    /// New values of the row that stays.
    pub fields: Map<String, Value>,
    pub losers: Vec<String>,
}

/// What a merge did.
#[derive(Clone, Debug)]
pub(crate) struct Merged {
    pub master: String,
    pub losers: Vec<String>,
    /// The rows that point to the master instead of a loser now.
    pub moved: Vec<String>,
}

impl Salesforce {
    /// Merges rows. Leaves what it did where it fails: the caller rolls back.
    pub(crate) fn merge(&mut self, caller: &Caller, wish: &Merge, now: Timestamp) -> Result<Merged, Vec<Refusal>> {
        let mergeable = MERGEABLE.iter().find(|name| name.eq_ignore_ascii_case(&wish.object));
        let object = mergeable
            .and_then(|name| self.schema().object(name))
            .ok_or_else(|| Refusal::write("INVALID_TYPE_FOR_OPERATION", "entity type does not support merge"))?;
        let master = self.of_kind(caller, object.name, "masterRecord", &wish.master, now)?;
        if wish.losers.is_empty() || wish.losers.len() > MOST_LOSERS {
            let message = format!("Merge takes one or {MOST_LOSERS} records besides the master");
            return Err(Refusal::write("INVALID_ARGUMENT_TYPE", message).into());
        }
        let mut losers = Vec::new();
        for loser in &wish.losers {
            let loser = self.of_kind(caller, object.name, "recordToMergeIds", loser, now)?;
            if loser == master || losers.contains(&loser) {
                let message = "A record cannot be merged with itself";
                return Err(Refusal::write("INVALID_ARGUMENT_TYPE", message).into());
            }
            losers.push(loser);
        }
        let converted = |id: &String| self.store.row(id).is_some_and(|row| row.get("IsConverted") == &json!(true));
        if losers.iter().chain([&master]).any(converted) {
            return Err(rules::converted().into());
        }
        let mut moved = Vec::new();
        for loser in &losers {
            let children: Vec<(&'static str, &'static Field)> =
                self.schema().children(object).map(|(child, field)| (child.name, field)).collect();
            for (child, field) in children.into_iter().filter(|(_, field)| field.name != "MasterRecordId") {
                for row in rules::pointing(self, child, field.name, loser) {
                    if self.has_such_relation(child, &row, &master) {
                        if let Some(object) = self.schema().object(child) {
                            self.bury(caller, object, &row, loser, now);
                        }
                        continue;
                    }
                    // Nobody is his own parent.
                    let new = if row == master { Value::Null } else { json!(master) };
                    rules::touch(self, &row, &[(field.name, new)], now);
                    moved.push(row);
                }
            }
            let Some(values) = self.store.row(loser).and_then(Row::latest).map(|version| version.values.clone()) else {
                continue;
            };
            let mut values = values;
            put(&mut values, "MasterRecordId", json!(master));
            self.stamp(object, loser, values, now);
            self.bury(caller, object, loser, loser, now);
        }
        self.update(caller, object, &master, &Input { fields: &wish.fields, also_id: true }, now)?;
        moved.sort_unstable();
        moved.dedup();
        Ok(Merged { master, losers, moved })
    }

    /// Whether the relation of an activity to a loser is one that the master has, too.
    fn has_such_relation(&self, object: &str, relation: &str, master: &str) -> bool {
        let activity = match object {
            "EventRelation" => "EventId",
            "TaskRelation" => "TaskId",
            _ => return false,
        };
        let Some(relation) = self.store.row(relation) else { return false };
        let same = |id: &String| {
            self.store.row(id).is_some_and(|row| {
                row.text(activity) == relation.text(activity) && row.get("IsParent") == relation.get("IsParent")
            })
        };
        rules::pointing(self, object, "RelationId", master).iter().any(same)
    }
}
