//! The history of an item: what was written, why, and what stood there before.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{SessionId, SyncKey};
use crate::item::{EventField, Kind};
use crate::reason::Reason;
use crate::report::Effect;

/// One thing that was done to one item. The values are sealed by whoever keeps this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// In which session.
    pub session: SessionId,
    /// The link's key.
    pub item: SyncKey,
    /// What kind of item.
    pub kind: Kind,
    /// What was done.
    pub effect: Effect,
    /// Why.
    pub reason: Reason,
    /// Which fields were written.
    pub fields: Vec<EventField>,
    /// What stood there before, and what lost a conflict.
    pub before: Vec<Value>,
    /// What could not be written as it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub losses: Vec<Loss>,
}

/// A value that did not arrive whole. It says where, and never what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Loss {
    /// The field, by the remote's own name for it.
    pub field: String,
    /// What became of the value.
    pub kind: LossKind,
}

/// What became of a value that did not arrive whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossKind {
    /// Longer than the field: as much as fits was written.
    Cut,
    /// Longer than the field, and a part of it would be something else: left out.
    TooLong,
    /// The remote has no such field, or the user may not see or write it.
    NoField,
    /// The field takes values of a list, and this is none of them.
    NoSuchValue,
    /// The remote insists on a value where there was none: something else stands in for it.
    Substituted,
}

impl std::fmt::Display for Loss {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.kind {
            LossKind::Cut => "was cut to fit",
            LossKind::TooLong => "is too long and was left out",
            LossKind::NoField => "cannot be written here",
            LossKind::NoSuchValue => "does not take this value here",
            LossKind::Substituted => "had no value and got another",
        };
        write!(formatter, "{} {what}", self.field)
    }
}

/// The losses in one line for people; empty if there are none.
pub fn told(losses: &[Loss]) -> String {
    losses.iter().map(Loss::to_string).collect::<Vec<_>>().join("; ")
}

/// A field's earlier value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Value {
    /// Which field.
    pub field: EventField,
    /// Its shared form.
    pub text: String,
}
