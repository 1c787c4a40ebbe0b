//! What a side was seen to hold.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{RemoteId, SyncKey, Version};
use crate::item::Event;

/// One item as a side showed it.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// It is there.
    Present(Box<EventSeen>),
    /// It is said to be gone. A hint only: it may have moved out of view, so it is read by its id
    /// before anything is done about it.
    Gone {
        /// Its id on the side that says so.
        id: RemoteId,
    },
    /// It is there and cannot be understood; the rest goes on.
    Unreadable {
        /// Its id on the side that shows it.
        id: RemoteId,
        /// What is wrong with it, without content.
        problem: String,
    },
}

impl Observation {
    /// The item's id on its side.
    pub fn id(&self) -> &RemoteId {
        match self {
            Self::Present(seen) => &seen.id,
            Self::Gone { id } | Self::Unreadable { id, .. } => id,
        }
    }
}

/// An event as one side holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct EventSeen {
    /// Its id on that side.
    pub id: RemoteId,
    /// Its version on that side.
    pub version: Version,
    /// The key that Syncline gave it, if it did.
    pub key: Option<SyncKey>,
    /// When it was made.
    pub created: Timestamp,
    /// When a person or program last changed it.
    pub modified: Timestamp,
    /// The mirrored fields.
    pub event: Event,
    /// What decides about it without being mirrored.
    pub standing: Standing,
}

/// What a side says about an event besides its mirrored fields. The CRM's events are always
/// [`Standing::own_single`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The iCalendar UID, the same in all attendees' copies.
    pub ical_uid: Option<String>,
    /// Whether the user is the organizer (true for an appointment without anybody else).
    pub is_organizer: bool,
    /// How many people besides the organizer are invited. A write may mail them.
    pub attendees: u32,
    /// The organizer called it off.
    pub is_cancelled: bool,
    /// The user's own answer.
    pub response: Response,
    /// Not yet sent by its author.
    pub is_draft: bool,
    /// Single, or part of a series.
    pub recurrence: Recurrence,
    /// The user marked it for the CRM: by category or folder (D-22).
    pub is_marked: bool,
}

impl Standing {
    /// An event of one's own, alone and once.
    pub fn own_single() -> Self {
        Self {
            ical_uid: None,
            is_organizer: true,
            attendees: 0,
            is_cancelled: false,
            response: Response::Organizer,
            is_draft: false,
            recurrence: Recurrence::Single,
            is_marked: false,
        }
    }
}

/// The user's own answer to an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// Nobody asked: it is the user's own.
    Organizer,
    /// Not answered yet.
    None,
    /// Accepted.
    Accepted,
    /// Accepted with doubt.
    Tentative,
    /// Declined: not mirrored (D-20).
    Declined,
}

/// Whether an event stands alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recurrence {
    /// Once.
    Single,
    /// The pattern of a series.
    SeriesMaster,
    /// One date of a series, changed or not.
    Occurrence,
}
