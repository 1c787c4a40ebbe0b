//! Tasks.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::item::Mirrored;

/// The mirrored fields of a task, each with a value both sides can hold in some form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// The day it is due. A task has no hour (`ActivityDate`; Graph keeps the date alone, too).
    pub due: Option<Date>,
    /// How far it is.
    pub status: TaskStatus,
    /// How urgent it is.
    pub importance: Importance,
    /// When to remind of it.
    pub reminder: Option<Timestamp>,
}

/// How far a task is (D-21). Gmail knows only whether it is completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// Nothing done yet.
    NotStarted,
    /// Under way.
    InProgress,
    /// Done.
    Completed,
    /// Somebody else has to move.
    Waiting,
    /// Put off.
    Deferred,
}

impl TaskStatus {
    /// Whether nothing is left to do.
    pub fn is_completed(self) -> bool {
        self == Self::Completed
    }
}

/// How urgent an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Importance {
    /// Can wait.
    Low,
    /// As usual.
    Normal,
    /// Cannot wait.
    High,
}

/// A mirrored field of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskField {
    /// [`Task::subject`]
    Subject,
    /// [`Task::body`]
    Body,
    /// [`Task::due`]
    Due,
    /// [`Task::status`]
    Status,
    /// [`Task::importance`]
    Importance,
    /// [`Task::reminder`]
    Reminder,
}

impl TaskField {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Subject, Self::Body, Self::Due, Self::Status, Self::Importance, Self::Reminder];
}

impl Mirrored for Task {
    type Field = TaskField;
}
