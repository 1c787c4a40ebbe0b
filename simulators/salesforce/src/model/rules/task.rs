//! Tasks: closed, important, and when that was.

use jiff::Timestamp;
use serde_json::json;

use super::{Changes, Refusal, Values, done_at, put, reminder, text};

pub(super) fn complete(
    values: &mut Values,
    changes: &Changes,
    old: Option<&Values>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let closed = text(values, "Status") == Some("Completed");
    put(values, "IsClosed", json!(closed));
    done_at(values, "CompletedDateTime", closed, now);
    let high = text(values, "Priority") == Some("High");
    put(values, "IsHighPriority", json!(high));
    if old.is_none() && values.get("IsRecurrence") == Some(&json!(true)) {
        let message = "A series of tasks cannot be made here: give single tasks";
        return Err(Refusal::integrity("IsRecurrence", message));
    }
    // A reminder of a task without a time is at the user's usual hour of its day, which is not modelled.
    reminder(values, changes)
}
