//! What happens to items, and what follows from it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::Kind;
use super::{Event, Exchange, Mailbox, Removed, Stamp};

/// What happened to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ChangeKind {
    Created,
    Updated,
    Deleted,
}

impl ChangeKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
        }
    }
}

/// One change, as notifications tell it.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) mailbox: usize,
    pub(crate) kind: Kind,
    pub(crate) what: ChangeKind,
    pub(crate) stamp: Stamp,
}

/// Marks a change of an item: next version, time of change.
pub(crate) fn touch(version: u64, stamp: &mut Stamp, now: Timestamp) {
    stamp.version = version;
    stamp.modified = now;
}

impl Mailbox {
    /// Remembers that an item left its container.
    pub(crate) fn bury(&mut self, kind: Kind, stamp: &Stamp) {
        let version = self.tick();
        let Stamp { scope, key, generation, born, .. } = *stamp;
        self.removed.push(Removed { kind, scope, key, generation, version, born });
    }
}

impl Exchange {
    pub(crate) fn note(&mut self, mailbox: usize, kind: Kind, what: ChangeKind, stamp: Stamp) {
        self.changes.push(Change { mailbox, kind, what, stamp });
    }

    /// Puts a finished event into its calendar.
    pub(crate) fn add_event(&mut self, mailbox: usize, event: Event) {
        let stamp = event.stamp.clone();
        self.mailboxes[mailbox].events.insert(stamp.key, event);
        self.note(mailbox, Kind::Event, ChangeKind::Created, stamp);
    }

    /// Replaces an event by its next version.
    pub(crate) fn replace_event(&mut self, mailbox: usize, mut event: Event, now: Timestamp) {
        touch(self.mailboxes[mailbox].tick(), &mut event.stamp, now);
        self.note(mailbox, Kind::Event, ChangeKind::Updated, event.stamp.clone());
        self.mailboxes[mailbox].events.insert(event.stamp.key, event);
    }
}
