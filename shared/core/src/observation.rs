//! What a side was seen to hold.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{RemoteId, SyncKey, Version};
use crate::item::{Event, Fields, Mirrored};
use crate::recurrence::Rule;

/// One item as a side showed it.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation<S = EventSeen> {
    /// It is there.
    Present(Box<S>),
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

/// Whatever was seen has an id.
pub trait HasId {
    /// The item's id on the side that holds it.
    fn id(&self) -> &RemoteId;
}

impl HasId for EventSeen {
    fn id(&self) -> &RemoteId {
        &self.id
    }
}

impl<T: Mirrored> HasId for ItemSeen<T> {
    fn id(&self) -> &RemoteId {
        &self.id
    }
}

impl HasId for Series {
    fn id(&self) -> &RemoteId {
        &self.master.id
    }
}

impl<S: HasId> Observation<S> {
    /// The item's id on its side.
    pub fn id(&self) -> &RemoteId {
        match self {
            Self::Present(seen) => seen.id(),
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

/// A task or contact as one side holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemSeen<T: Mirrored> {
    /// Its id on that side.
    pub id: RemoteId,
    /// The list or folder it is in.
    pub collection: RemoteId,
    /// Its version on that side.
    pub version: Version,
    /// The key that Syncline gave it, if it did.
    pub key: Option<SyncKey>,
    /// When it was made.
    pub created: Timestamp,
    /// When a person or program last changed it.
    pub modified: Timestamp,
    /// The user marked it for the CRM by category (D-22).
    pub is_marked: bool,
    /// The mirrored fields.
    pub item: T,
    /// The fields that this side cannot show to the user: what stands in them means nothing.
    pub hidden: BTreeSet<T::Field>,
}

/// A series as one side holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The pattern itself, with the fields that its dates share.
    pub master: EventSeen,
    /// When it repeats; `None` if the pattern cannot be told as a rule.
    pub rule: Option<Rule>,
    /// Its dates that touch the window asked for, in order, changed ones as they are.
    pub dates: Vec<Observation>,
}

/// What a side says about an event besides its mirrored fields. The CRM's events are always
/// [`Standing::own_single`] but for [`Standing::recurrence`] and [`Standing::hidden`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The iCalendar UID, the same in all attendees' copies; of an occurrence the series' own.
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
    /// Of an occurrence, where its side tells it.
    pub origin: Option<Origin>,
    /// The user marked it for the CRM: by category or folder (D-22).
    pub is_marked: bool,
    /// The mirrored fields that this side cannot show to the user: what stands in them means nothing,
    /// least of all that somebody emptied them (D-13).
    pub hidden: Fields,
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
            origin: None,
            is_marked: false,
            hidden: Fields::new(),
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

/// Which date of which series an occurrence is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The id of the series' master.
    pub master: RemoteId,
    /// When the pattern has it begin, whatever became of it since; whole days at midnight UTC. With the
    /// series' iCalendar UID it names the date in everybody's calendar (D-14).
    pub start: Timestamp,
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
