//! What a request changed, for those who are told of changes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    /// The fields whose values differ from before; all that have one, for a row that is new or back.
    pub fields: Vec<String>,
    /// All values after it.
    pub values: Values,
    /// When readers see it.
    pub committed_at: Timestamp,
}

/// Fields that only the system's bookkeeping reads.
const SILENT: [&str; 3] = ["Id", "IsDeleted", "SystemModstamp"];

impl Store {
    /// Every change since the request began, in order. A row that was only touched by the system, with no
    /// field of it different, has not changed.
    pub(crate) fn changes(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (place, (id, before)) in self.written().iter().enumerate() {
            let next = self.written().iter().skip(place + 1).find(|(later, _)| later == id);
            let after = next.map_or_else(|| self.row(id), |(_, row)| row.as_ref());
            let Some(after) = after else { continue };
            changes.extend(change(before.as_ref(), after));
        }
        changes
    }
}

fn change(before: Option<&Row>, after: &Row) -> Option<Change> {
    let version = after.latest()?;
    let old = before.and_then(Row::latest);
    let kind = match old {
        None => ChangeType::Create,
        Some(old) if old.deleted && !version.deleted => ChangeType::Undelete,
        Some(old) if !old.deleted && version.deleted => ChangeType::Delete,
        Some(_) => ChangeType::Update,
    };
    let fields = different(old.filter(|_| kind != ChangeType::Undelete), version);
    if kind == ChangeType::Update && fields.is_empty() {
        return None;
    }
    Some(Change {
        row: after.id().to_owned(),
        object: after.object().to_owned(),
        kind,
        fields,
        values: version
            .values
            .iter()
            .filter(|(name, _)| !hidden(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        committed_at: version.visible_at,
    })
}

/// Whether it is a note of the system's own, which no field of the object holds.
fn hidden(name: &str) -> bool {
    name.starts_with('_')
}

fn different(old: Option<&Version>, new: &Version) -> Vec<String> {
    let nothing = Values::new();
    let old = old.map_or(&nothing, |old| &old.values);
    let value = |values: &Values, name: &str| values.get(name).cloned().unwrap_or(Value::Null);
    let mut names: Vec<&String> = old.keys().chain(new.values.keys()).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| {
        !hidden(name) && !SILENT.contains(&name.as_str()) && value(old, name) != value(&new.values, name)
    });
    names.into_iter().cloned().collect()
}
