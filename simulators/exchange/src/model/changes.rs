//! What happens to items, and what follows from it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::Kind;
use super::{Event, Exchange, Former, Mailbox, Removed, Role, Stamp};

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

    /// Replaces an event by its next version. An occurrence becomes an exception of its series.
    pub(crate) fn replace_event(&mut self, mailbox: usize, mut event: Event, now: Timestamp) {
        if let Some(part) = event.part() {
            let master = part.master;
            self.change_occurrence(mailbox, master, &event, now, ChangeKind::Updated);
            return;
        }
        let place = &mut self.mailboxes[mailbox];
        let version = place.tick();
        touch(version, &mut event.stamp, now);
        let before = place.events.get(&event.stamp.key).and_then(Event::series);
        if let Role::Master(series) = &mut event.role {
            series.advance(before, version);
        }
        if let Some(series) = before.filter(|before| event.series().is_none_or(|after| after.shaped != before.shaped)) {
            let Stamp { key: master, scope, .. } = event.stamp;
            place.former.push(Former { master, scope, until: version, series: series.clone() });
        }
        self.note(mailbox, Kind::Event, ChangeKind::Updated, event.stamp.clone());
        self.mailboxes[mailbox].events.insert(event.stamp.key, event);
    }

    /// An occurrence is changed or deleted; its series changes with it.
    fn change_occurrence(&mut self, mailbox: usize, master: u64, occurrence: &Event, now: Timestamp, what: ChangeKind) {
        let version = self.mailboxes[mailbox].tick();
        let Some(series) = self.mailboxes[mailbox].events.get_mut(&master) else {
            return;
        };
        match (what, occurrence.part()) {
            (ChangeKind::Deleted, Some(part)) => series.cancel_occurrence(part.date, version),
            _ => series.keep_exception(occurrence, version, now),
        };
        touch(version, &mut series.stamp, now);
        let (used_up, stamp) = (series.is_used_up(), series.stamp.clone());
        let mut own = occurrence.stamp.clone();
        touch(version, &mut own, now);
        self.note(mailbox, Kind::Event, what, own);
        if used_up {
            // A series without occurrences does not stay.
            self.drop_event(mailbox, master, now);
        } else {
            self.note(mailbox, Kind::Event, ChangeKind::Updated, stamp);
        }
    }

    /// Takes an event, a series or an occurrence out of its calendar and tells no attendee.
    pub(crate) fn drop_event(&mut self, mailbox: usize, key: u64, now: Timestamp) -> Option<Event> {
        let event = self.mailboxes[mailbox].event(key)?;
        if let Some(part) = event.part() {
            self.change_occurrence(mailbox, part.master, &event, now, ChangeKind::Deleted);
            return Some(event);
        }
        let place = &mut self.mailboxes[mailbox];
        place.events.remove(&key);
        place.bury(Kind::Event, &event.stamp);
        if let Some(series) = event.series() {
            let former = Former { master: key, scope: event.stamp.scope, until: place.version, series: series.clone() };
            place.former.push(former);
        }
        self.note(mailbox, Kind::Event, ChangeKind::Deleted, event.stamp.clone());
        Some(event)
    }
}
