//! What a request changed, for those who are told of changes: of each transaction what is different after it,
//! once for each row.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::schema::{Kind, Object};
use super::store::{Row, Store, Values, Version};

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ChangeType {
    Create,
    Update,
    Delete,
    Undelete,
}

/// One change of one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Change {
    pub row: String,
    pub object: String,
    pub kind: ChangeType,
    /// The fields whose values differ from before, and of an edit `LastModifiedDate` in any case; all that have
    /// a value, for a row that is new or back.
    pub fields: Vec<String>,
    /// All values after it.
    pub values: Values,
    /// When readers see it.
    pub committed_at: Timestamp,
}

impl Change {
    /// Whether the same happened to another row of the object, so that one event tells of both.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        let same_values = || self.fields.iter().all(|name| self.values.get(name) == other.values.get(name));
        self.object == other.object
            && self.kind == other.kind
            && match self.kind {
                ChangeType::Delete => true,
                ChangeType::Update => self.fields == other.fields && same_values(),
                ChangeType::Create | ChangeType::Undelete => false,
            }
    }
}

/// Fields that only the system's bookkeeping reads.
const SILENT: [&str; 3] = ["Id", "IsDeleted", "SystemModstamp"];

const EDITED: &str = "LastModifiedDate";

impl Store {
    /// What each transaction since the request began changed, in order of the first write of each row.
    pub(crate) fn changes(&self) -> Vec<Vec<Change>> {
        let mut transactions = Vec::new();
        let mut from = 0;
        for end in self.ends() {
            transactions.push(self.changed(from, end));
            from = end;
        }
        transactions.retain(|changes| !changes.is_empty());
        transactions
    }

    /// What the writes from one place to another changed.
    fn changed(&self, from: usize, end: usize) -> Vec<Change> {
        let (_, later) = self.written().split_at(end);
        let mut seen = BTreeSet::new();
        let first = self.written().iter().take(end).skip(from).filter(|(id, _)| seen.insert(id));
        first
            .filter_map(|(id, before)| {
                let next = later.iter().find(|(written, _)| written == id);
                let after = next.map_or_else(|| self.row(id), |(_, row)| row.as_ref())?;
                change(self.schema().object(after.object())?, before.as_ref(), after)
            })
            .collect()
    }
}

fn change(object: &Object, before: Option<&Row>, after: &Row) -> Option<Change> {
    let version = after.latest()?;
    let old = before.and_then(Row::latest);
    let kind = match (old.map(|old| old.deleted), version.deleted) {
        (None, false) => ChangeType::Create,
        (Some(true), false) => ChangeType::Undelete,
        (Some(false), true) => ChangeType::Delete,
        (Some(false), false) => ChangeType::Update,
        // It came and went, or was gone already.
        (None | Some(true), true) => return None,
    };
    let mut fields = different(object, old.filter(|_| kind != ChangeType::Undelete), version);
    if kind == ChangeType::Update {
        if fields.is_empty() {
            return None;
        }
        fields.retain(|name| name != EDITED);
        // The vendor leaves it out when a lead is converted.
        if !(object.name == "Lead" && fields.iter().any(|name| name == "IsConverted")) {
            fields.push(EDITED.to_owned());
            fields.sort_unstable();
        }
    }
    Some(Change {
        row: after.id().to_owned(),
        object: object.name.to_owned(),
        kind,
        fields,
        values: version.values.clone(),
        committed_at: version.visible_at,
    })
}

/// Whether change events have it: notes of the system's own and lists of other rows' ids are in none.
fn is_told(object: &Object, name: &str) -> bool {
    let kind = object.field(name).map(|field| field.kind);
    !SILENT.contains(&name) && kind.is_some_and(|kind| !matches!(kind, Kind::IdList(_)))
}

fn different(object: &Object, old: Option<&Version>, new: &Version) -> Vec<String> {
    let nothing = Values::new();
    let old = old.map_or(&nothing, |old| &old.values);
    let value = |values: &Values, name: &str| values.get(name).cloned().unwrap_or(Value::Null);
    let names: BTreeSet<&String> = old.keys().chain(new.values.keys()).collect();
    let differing = names.into_iter().filter(|name| value(old, name) != value(&new.values, name));
    differing.filter(|name| is_told(object, name)).cloned().collect()
}
