//! Items that live in collections: tasks in lists, contacts in folders; and what all writes have in common.

use std::time::Duration;

use async_trait::async_trait;
use syncline_core::cursor::{Page, Position};
use syncline_core::history::Loss;
use syncline_core::ids::{RemoteId, SyncKey, Version};
use syncline_core::item::{Mirrored, Patch};
use syncline_core::observation::{ItemSeen, Observation};

use crate::error::PortError;

/// The tasks or the contacts of one mailbox. An id says by itself in which collection its item is, as
/// far as the remote needs to know that.
#[async_trait]
pub trait Items<T: Mirrored>: Send + Sync {
    /// One page of what is new or changed in a collection (a task list, a contact folder), deletions as
    /// [`Observation::Gone`]. From [`Position::Start`] it lists everything; the token of a complete round
    /// then asks for changes only. Rows may repeat. A token the remote forgot is
    /// [`ErrorKind::CursorExpired`](crate::ErrorKind::CursorExpired), a collection that is not there (any
    /// more) [`ErrorKind::Gone`](crate::ErrorKind::Gone).
    async fn changes(
        &self,
        collection: &RemoteId,
        position: &Position,
    ) -> Result<Page<Observation<ItemSeen<T>>>, PortError>;

    /// The items as they are now, one answer per id in the order asked; one that does not exist (any
    /// more) is [`Observation::Gone`].
    async fn read(&self, ids: &[RemoteId]) -> Result<Vec<Observation<ItemSeen<T>>>, PortError>;

    /// The items of a collection that carry one of these keys.
    async fn find(&self, collection: &RemoteId, keys: &[SyncKey]) -> Result<Vec<ItemSeen<T>>, PortError>;

    /// Carries out the writes, creates into this collection; one outcome per write in the order given.
    /// The call itself fails only if nothing was tried. Changes and deletes happen only if the item still
    /// has the version expected.
    async fn write(&self, collection: &RemoteId, writes: &[Write<T>]) -> Result<Vec<Outcome>, PortError>;
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write<T: Mirrored> {
    /// Make it, and have it carry the key.
    Create {
        /// The pair's key.
        key: SyncKey,
        /// All its fields.
        item: T,
    },
    /// Change some fields.
    Update {
        /// Which.
        id: RemoteId,
        /// Only if it still has this version.
        expected: Version,
        /// What.
        patch: Patch<T>,
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
    /// What could not be written as it was.
    pub losses: Vec<Loss>,
}

/// A record that was made, or found to have been made before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its id.
    pub id: RemoteId,
    /// What could not be written as it was; nothing, if it was there before.
    pub losses: Vec<Loss>,
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
