//! What happens to items, and what follows from it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ids::Kind;
use super::{Event, Exchange, Mailbox, NoticeKind, Removed, SentNotice, Stamp};

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

    /// Deletes an event; the attendees of an organizer's meeting are told.
    pub(crate) fn remove_event(&mut self, mailbox: usize, key: u64, now: Timestamp) {
        let Some(event) = self.mailboxes[mailbox].events.remove(&key) else {
            return;
        };
        self.mailboxes[mailbox].bury(Kind::Event, &event.stamp);
        if event.is_organizer && !event.is_cancelled {
            self.mail(&event, &event.attendee_addresses(), NoticeKind::Cancellation, now);
        }
        self.note(mailbox, Kind::Event, ChangeKind::Deleted, event.stamp);
    }

    /// Records the mail to the attendees of an organizer's meeting whose properties `named` were
    /// written. A change of nothing but the attendees is told only to those it concerns.
    pub(crate) fn mail_update(&mut self, before: &Event, after: &Event, named: &[&str], now: Timestamp) {
        if !after.is_organizer {
            return;
        }
        let (old, new) = (before.attendee_addresses(), after.attendee_addresses());
        let within = |list: &[String], address: &String| list.iter().any(|other| other.eq_ignore_ascii_case(address));
        let (stay, come): (Vec<String>, Vec<String>) = new.iter().cloned().partition(|address| within(&old, address));
        let go: Vec<String> = old.into_iter().filter(|address| !within(&new, address)).collect();
        self.mail(after, &come, NoticeKind::Invitation, now);
        self.mail(after, &go, NoticeKind::Cancellation, now);
        if named.iter().any(|name| is_shared(name) && *name != "attendees") {
            self.mail(after, &stay, NoticeKind::Update, now);
        }
    }

    pub(crate) fn mail(&mut self, event: &Event, to: &[String], kind: NoticeKind, at: Timestamp) {
        let organizer = &event.organizer.address;
        for address in to.iter().filter(|address| !address.eq_ignore_ascii_case(organizer)) {
            self.outbox.push(SentNotice {
                at,
                organizer: organizer.clone(),
                to: address.clone(),
                ical_uid: event.ical_uid.clone(),
                kind,
            });
        }
    }
}

/// Whether attendees see the property too; the others are the organizer's own.
fn is_shared(property: &str) -> bool {
    const OWN: [&str; 4] =
        ["categories", "isReminderOn", "reminderMinutesBeforeStart", "singleValueExtendedProperties"];
    !OWN.contains(&property)
}

impl Event {
    pub(crate) fn attendee_addresses(&self) -> Vec<String> {
        let address = |attendee: &Value| attendee.pointer("/emailAddress/address")?.as_str().map(str::to_owned);
        self.attendees.iter().filter_map(address).collect()
    }
}
