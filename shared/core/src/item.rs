//! What is mirrored, in its canonical form: neither side's own.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::time::EventTime;

/// The two sides of every pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Exchange or Gmail.
    Mailbox,
    /// Salesforce.
    Crm,
}

impl Side {
    /// Both of them.
    pub const BOTH: [Self; 2] = [Self::Mailbox, Self::Crm];

    /// The opposite one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Mailbox => Self::Crm,
            Self::Crm => Self::Mailbox,
        }
    }

    /// Its name in rows, reports and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mailbox => "mailbox",
            Self::Crm => "crm",
        }
    }
}

/// What kind of item a row, a link or a job is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A calendar event.
    Event,
    /// An e-mail.
    Mail,
}

impl Kind {
    /// Its name in rows, reports and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Mail => "mail",
        }
    }
}

/// The mirrored fields of a calendar event, each with a value both sides can hold in some form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// One line.
    pub location: String,
    /// When.
    pub time: EventTime,
    /// What others see of the person's time.
    pub show_as: ShowAs,
    /// Who may see it.
    pub sensitivity: Sensitivity,
    /// Minutes before the start; `None` for no reminder.
    pub reminder_minutes: Option<u32>,
}

/// What others see of the person's time. Salesforce knows only three of these (D-21).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShowAs {
    /// Nothing booked.
    Free,
    /// Booked, not yet sure.
    Tentative,
    /// Booked.
    Busy,
    /// Out of office.
    OutOfOffice,
    /// Booked, at work but not at the office.
    WorkingElsewhere,
}

/// Who may see it. Salesforce knows only private or not (D-21).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// Everybody who sees the calendar.
    Normal,
    /// The person's own affair.
    Personal,
    /// Hidden from others.
    Private,
    /// Hidden from others.
    Confidential,
}

impl Sensitivity {
    /// Whether the content is hidden from others.
    pub fn is_private(self) -> bool {
        self != Self::Normal
    }
}

/// A mirrored field of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventField {
    /// [`Event::subject`]
    Subject,
    /// [`Event::body`]
    Body,
    /// [`Event::location`]
    Location,
    /// [`Event::time`], start, end and all-day as one: they make sense only together.
    Time,
    /// [`Event::show_as`]
    ShowAs,
    /// [`Event::sensitivity`]
    Sensitivity,
    /// [`Event::reminder_minutes`]
    Reminder,
}

impl EventField {
    /// All of them, in the order of their bits and rows.
    pub const ALL: [Self; 7] =
        [Self::Subject, Self::Body, Self::Location, Self::Time, Self::ShowAs, Self::Sensitivity, Self::Reminder];

    /// Its name in history, reports and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Body => "body",
            Self::Location => "location",
            Self::Time => "time",
            Self::ShowAs => "show_as",
            Self::Sensitivity => "sensitivity",
            Self::Reminder => "reminder",
        }
    }
}

/// Some fields of an event.
pub type Fields = BTreeSet<EventField>;

/// A kind of item that is kept the same on both sides, field by field.
pub trait Mirrored: Clone + std::fmt::Debug + PartialEq + Eq + Send + Sync + 'static {
    /// Names one of its fields.
    type Field: Copy + std::fmt::Debug + Ord + Send + Sync + 'static;
}

impl Mirrored for Event {
    type Field = EventField;
}

/// A partial write: only `fields` are taken from `item`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch<T: Mirrored> {
    /// What to write; never empty.
    pub fields: BTreeSet<T::Field>,
    /// Where the values come from.
    pub item: T,
}

/// A partial write of an event.
pub type EventPatch = Patch<Event>;
