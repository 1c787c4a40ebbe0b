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
}

/// A field's earlier value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Value {
    /// Which field.
    pub field: EventField,
    /// Its shared form.
    pub text: String,
}
