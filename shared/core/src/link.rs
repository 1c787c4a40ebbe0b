//! What ties an item on one side to its counterpart.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprints;
use crate::ids::{RemoteId, SyncKey, Version};
use crate::item::{Kind, Side};
use crate::observation::{EventSeen, Standing};

/// An item on one side, at the version last seen or written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// Its id there.
    pub id: RemoteId,
    /// Its version there.
    pub version: Version,
}

impl Anchor {
    /// The item as it was seen.
    pub fn of(seen: &EventSeen) -> Self {
        Self { id: seen.id.clone(), version: seen.version.clone() }
    }
}

/// A linked pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its name; the remote that Syncline created the item on holds it too.
    pub key: SyncKey,
    /// What it links.
    pub kind: Kind,
    /// The mailbox's item; `None` while being created there, or once it is gone from there.
    pub mailbox: Option<Anchor>,
    /// The CRM's item; likewise.
    pub crm: Option<Anchor>,
    /// The fields both sides last agreed on.
    pub base: Fingerprints,
    /// What the user is to the meeting, as last seen in the mailbox.
    pub part: Part,
    /// Where it stands.
    pub state: LinkState,
}

impl Link {
    /// One side's item.
    pub fn anchor(&self, side: Side) -> Option<&Anchor> {
        match side {
            Side::Mailbox => self.mailbox.as_ref(),
            Side::Crm => self.crm.as_ref(),
        }
    }

    /// One side's item, to be changed.
    pub fn anchor_mut(&mut self, side: Side) -> &mut Option<Anchor> {
        match side {
            Side::Mailbox => &mut self.mailbox,
            Side::Crm => &mut self.crm,
        }
    }
}

/// Where a link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// Written before the item is made on that side, so that a crash in between is mended by looking the
    /// key up there.
    Creating {
        /// Where it is being made.
        on: Side,
    },
    /// Both sides have it.
    Linked,
    /// Both sides have it, out of the window or left out for another reason: left as it is (D-03).
    Dormant,
    /// Unlinked on purpose: what remains is left alone, and must not look new.
    Severed,
    /// Gone from both sides; kept for a while.
    Closed {
        /// Since when.
        since: Timestamp,
    },
}

/// What the user is to a meeting. A write to a meeting with other people in it may mail them (D-18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Nobody else is in it.
    Alone,
    /// The user's own meeting, with others invited.
    Organizer,
    /// Somebody else's meeting.
    Attendee,
}

impl Part {
    /// Read from the mailbox's copy.
    pub fn of(standing: &Standing) -> Self {
        match (standing.is_organizer, standing.attendees) {
            (true, 0) => Self::Alone,
            (true, _) => Self::Organizer,
            (false, _) => Self::Attendee,
        }
    }
}
