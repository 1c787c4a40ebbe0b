//! Calendar events on one side.

use async_trait::async_trait;
use std::time::Duration;
use syncline_core::cursor::{Page, Position};
use syncline_core::ids::{RemoteId, SyncKey, Version};
use syncline_core::item::{Event, EventPatch};
use syncline_core::observation::{EventSeen, Observation};
use syncline_core::time::Window;

use crate::error::PortError;

/// The calendar events of one user on one side. Both sides are spoken to alike.
#[async_trait]
pub trait Events: Send + Sync {
    /// One page of what is new or changed, deletions as [`Observation::Gone`]. From
    /// [`Position::Start`] it lists everything that touches the window; the token of a complete round
    /// then asks for changes only. Rows may repeat. A token the remote forgot is
    /// [`ErrorKind::CursorExpired`](crate::ErrorKind::CursorExpired).
    async fn changes(&self, window: &Window, position: &Position) -> Result<Page<Observation>, PortError>;

    /// The items as they are now, one answer per id in the order asked; one that does not exist (any
    /// more) is [`Observation::Gone`].
    async fn read(&self, ids: &[RemoteId]) -> Result<Vec<Observation>, PortError>;

    /// The items that carry one of these keys.
    async fn find(&self, keys: &[SyncKey]) -> Result<Vec<EventSeen>, PortError>;

    /// Carries out the writes, one outcome per write in the order given. The call itself fails only if
    /// nothing was tried. A create is idempotent by its key where the remote allows that; changes and
    /// deletes happen only if the item still has the version expected.
    async fn write(&self, writes: &[EventWrite]) -> Result<Vec<Outcome>, PortError>;
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventWrite {
    /// Make it, and have it carry the key.
    Create {
        /// The pair's key.
        key: SyncKey,
        /// All its fields.
        event: Event,
    },
    /// Change some fields.
    Update {
        /// Which.
        id: RemoteId,
        /// Only if it still has this version.
        expected: Version,
        /// What.
        patch: EventPatch,
    },
    /// Remove it.
    Delete {
        /// Which.
        id: RemoteId,
        /// Only if it still has this version.
        expected: Version,
    },
}

/// Where a write left the item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its id.
    pub id: RemoteId,
    /// Its version after the write; of a deleted item the version it had.
    pub version: Version,
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It happened.
    Done(Written),
    /// It did not: the item has another version by now. Observe and plan again.
    Stale,
    /// It did not: the item is not there. For a delete that is as good as done.
    Gone,
    /// Refused for good, as it stands.
    Rejected {
        /// The remote's own code.
        code: String,
    },
    /// Refused for now.
    Later {
        /// How long to wait, if the remote said so.
        after: Option<Duration>,
        /// The remote's own code.
        code: String,
    },
    /// No answer: it may have happened. Look before trying again.
    Unknown,
}
