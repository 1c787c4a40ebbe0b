//! Assignment rules: who gets a new lead or case.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::caller::{Assign, Caller};
use super::refusal::Refusal;
use super::rights::Unfit;
use super::schema::Object;
use super::store::Values;
use super::write::put;
use super::{Row, Salesforce, id};
use crate::soql;

/// The objects whose rows are assigned.
const ASSIGNED: [&str; 2] = ["Case", "Lead"];

/// A rule that gives rows an owner. Mail about it is not sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignmentRule {
    /// Its name; no two rules of an object share one.
    pub name: String,
    /// `Lead` or `Case`.
    pub object: String,
    /// Whether it is used where a request names no rule. One rule of an object is active at most.
    pub active: bool,
    /// The first entry that a row meets decides.
    pub entries: Vec<AssignmentEntry>,
}

/// One entry of an assignment rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignmentEntry {
    /// Which rows, as it may stand behind `WHERE` in a query; all of them if empty.
    #[serde(default)]
    pub condition: String,
    /// The new owner: the name of a user or of a queue.
    pub owner: String,
}

impl Salesforce {
    /// Sets up an assignment rule, in place of one of the same name. Gives its id.
    ///
    /// # Errors
    /// If the object's rows are not assigned, a condition cannot be asked of them, or there is no such owner.
    pub fn set_assignment_rule(&mut self, mut rule: AssignmentRule, now: Timestamp) -> Result<String, Unfit> {
        let object = self.schema().object(&rule.object).ok_or_else(|| Unfit::object(&rule.object))?;
        if !ASSIGNED.contains(&object.name) {
            return Err(Unfit(format!("rows of {} are not assigned: use Lead or Case", object.name)));
        }
        object.name.clone_into(&mut rule.object);
        for entry in &mut rule.entries {
            if !entry.condition.is_empty() {
                soql::check(self, object, &entry.condition, now).map_err(|refusal| Unfit(refusal.message))?;
            }
            entry.owner = self.owner_named(&entry.owner)?;
        }
        if rule.active {
            self.stop_assignment(object.name, now);
        }
        let values =
            [("Name", rule.name.as_str().into()), ("SobjectType", object.name.into()), ("Active", rule.active.into())];
        let id = self.set_up("AssignmentRule", &format!("{}/{}", object.name, rule.name), &values, now);
        self.rights.assignment.insert(id.clone(), rule.entries);
        Ok(id)
    }

    /// Ends the use of all assignment rules of an object: none is active any more.
    pub fn stop_assignment(&mut self, object: &str, now: Timestamp) {
        let rules = self.rows("AssignmentRule").filter(|row| row.text("SobjectType").eq_ignore_ascii_case(object));
        let rules: Vec<String> = rules.map(|row| row.id().to_owned()).collect();
        for id in rules {
            self.amend(&id, &[("Active", false.into())], now);
        }
    }

    fn owner_named(&self, name: &str) -> Result<String, Unfit> {
        let queue = || self.rows("Group").find(|group| group.text("Type") == "Queue" && group.text("Name") == name);
        let known = self
            .user_named(name)
            .or_else(queue)
            .or_else(|| self.row(name).filter(|row| matches!(row.object(), "User" | "Group")));
        known.map(|row| row.id().to_owned()).ok_or_else(|| Unfit(format!("there is no user or queue {name}")))
    }

    /// Gives a row that is to be written the owner that a rule says, if one is to be asked.
    pub(super) fn assign(
        &self,
        caller: &Caller,
        object: &Object,
        row_id: &str,
        values: &mut Values,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if !ASSIGNED.contains(&object.name) {
            return Ok(());
        }
        let of_object = |row: &&Row| row.text("SobjectType") == object.name;
        let rule = match &caller.terms.assign {
            Assign::Off => return Ok(()),
            Assign::Active => self.rows("AssignmentRule").filter(of_object).find(|row| row.get("Active") == true),
            Assign::Rule(named) => {
                let row = id::canonical(named).and_then(|id| self.store.row(&id)).filter(of_object);
                let missing = || Refusal::write("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id");
                Some(row.filter(|row| row.object() == "AssignmentRule").ok_or_else(missing)?)
            }
        };
        let Some(entries) = rule.and_then(|rule| self.rights.assignment.get(rule.id())) else {
            return Ok(());
        };
        let row = Row::drafted(row_id, object, values.clone(), now);
        let met = |condition: &str| condition.is_empty() || soql::meets(self, &row, condition, now);
        if let Some(entry) = entries.iter().find(|entry| met(&entry.condition)) {
            // A user who has left gets nothing: the row stays with who has it.
            let there = self
                .store
                .row(&entry.owner)
                .is_some_and(|owner| owner.object() == "Group" || owner.get("IsActive") == true);
            if there {
                put(values, "OwnerId", json!(entry.owner));
            }
        }
        Ok(())
    }
}
