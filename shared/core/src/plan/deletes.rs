//! What one side has lost, or its organizer called off (D-09, D-10).

use jiff::Timestamp;

use super::edits::{resting, values};
use super::{Action, Circumstances, Sides, arrivals};
use crate::item::{EventField, Fields, Side};
use crate::link::{Anchor, Link, LinkState, Part};
use crate::observation::EventSeen;
use crate::policy::DeletePolicy;
use crate::reason::Reason;

/// Why a pair is past mirroring, so that nothing is removed or made again (D-03).
fn asleep(link: &Link, sides: Sides<'_>, at: &Circumstances<'_>) -> Option<Reason> {
    let time = sides.mailbox.or(sides.crm).map(|seen| &seen.event.time);
    resting(sides, time, at).or_else(|| (link.state == LinkState::Dormant).then_some(Reason::LeftWindow))
}

/// The organizer called the meeting off: the CRM's copy goes, whatever was edited in it, unless it is past
/// (D-09, X-20).
pub(super) fn organizer_cancelled(
    link: Link,
    mailbox: &EventSeen,
    crm: Option<&EventSeen>,
    at: &Circumstances<'_>,
) -> (Action, Reason) {
    match at.policy.delete {
        DeletePolicy::Unlink => return (sever(link), Reason::UnlinkedByPolicy),
        // What its organizer called off cannot be restored; but the CRM's copy is spared.
        DeletePolicy::Restore => return (sever(link), Reason::OrganizerDeleted),
        DeletePolicy::Propagate => {}
    }
    if let Some(reason) = asleep(&link, Sides { mailbox: Some(mailbox), crm }, at) {
        return (sever(link), reason);
    }
    if mailbox.event.time.is_past(at.now) {
        return (sever(link), Reason::PastEventStays);
    }
    match crm.map(Anchor::of).or_else(|| link.crm.clone()) {
        Some(expected) => (delete(Side::Crm, link, expected, crm.unwrap_or(mailbox)), Reason::OrganizerDeleted),
        None => (close(link, at.now), Reason::OrganizerDeleted),
    }
}

pub(super) fn gone_from_mailbox(
    link: Link,
    crm: &EventSeen,
    in_crm: &Fields,
    at: &Circumstances<'_>,
) -> (Action, Reason) {
    if let Some(reason) = asleep(&link, Sides { mailbox: None, crm: Some(crm) }, at) {
        return (sever(link), reason);
    }
    match (at.policy.delete, link.part) {
        (DeletePolicy::Unlink, Part::Alone | Part::Organizer | Part::Attendee) => {
            (sever(link), Reason::UnlinkedByPolicy)
        }
        // It may have been declined or called off: somebody else's meeting is not ours to remove,
        // nor to make.
        (DeletePolicy::Propagate | DeletePolicy::Restore, Part::Attendee) => (sever(link), Reason::NotOrganizerStays),
        // What its organizer deleted stays deleted, edited or not (D-09); this policy spares the CRM's.
        (DeletePolicy::Restore, Part::Organizer) => (sever(link), Reason::OrganizerDeleted),
        (DeletePolicy::Restore, Part::Alone) => recreate(Side::Mailbox, link, crm, at, Reason::RestoredByPolicy),
        (DeletePolicy::Propagate, Part::Alone) if !in_crm.is_empty() => {
            recreate(Side::Mailbox, link, crm, at, Reason::EditBeatsDelete)
        }
        (DeletePolicy::Propagate, Part::Alone | Part::Organizer) if crm.event.time.is_past(at.now) => {
            (sever(link), Reason::PastEventStays)
        }
        (DeletePolicy::Propagate, Part::Organizer) => {
            (delete(Side::Crm, link, Anchor::of(crm), crm), Reason::OrganizerDeleted)
        }
        (DeletePolicy::Propagate, Part::Alone) => {
            (delete(Side::Crm, link, Anchor::of(crm), crm), Reason::DeleteFollows)
        }
    }
}

pub(super) fn gone_from_crm(
    link: Link,
    mailbox: &EventSeen,
    in_mailbox: &Fields,
    at: &Circumstances<'_>,
) -> (Action, Reason) {
    if mailbox.standing.is_cancelled {
        return (close(link, at.now), Reason::OrganizerDeleted);
    }
    if let Some(reason) = asleep(&link, Sides { mailbox: Some(mailbox), crm: None }, at) {
        return (sever(link), reason);
    }
    match at.policy.delete {
        DeletePolicy::Unlink => (sever(link), Reason::UnlinkedByPolicy),
        DeletePolicy::Restore => recreate(Side::Crm, link, mailbox, at, Reason::RestoredByPolicy),
        DeletePolicy::Propagate if !in_mailbox.is_empty() => {
            recreate(Side::Crm, link, mailbox, at, Reason::EditBeatsDelete)
        }
        DeletePolicy::Propagate if !mailbox.standing.is_organizer => (sever(link), Reason::NotOrganizerStays),
        DeletePolicy::Propagate if mailbox.event.time.has_begun(at.now) => (sever(link), Reason::PastEventStays),
        DeletePolicy::Propagate => (delete(Side::Mailbox, link, Anchor::of(mailbox), mailbox), Reason::DeleteFollows),
    }
}

/// Makes it again under the pair's own name, so that the new link takes the old one's place even if the
/// session ends in between.
fn recreate(on: Side, link: Link, source: &EventSeen, at: &Circumstances<'_>, reason: Reason) -> (Action, Reason) {
    arrivals::create(on, link.key.clone(), source, Some(link), at, reason)
}

fn delete(from: Side, link: Link, expected: Anchor, seen: &EventSeen) -> Action {
    let before = values(&EventField::ALL.into(), Some(seen)).collect();
    Action::Delete { from, link: Box::new(link), expected, before }
}

/// The pair ends, and what remains must not look new.
pub fn severed(mut link: Link) -> Link {
    link.state = LinkState::Severed;
    link
}

fn sever(link: Link) -> Action {
    Action::Keep { link: Box::new(severed(link)), stored: true }
}

/// The pair ends because both sides lost the item.
pub fn closed(mut link: Link, now: Timestamp) -> Link {
    link.state = LinkState::Closed { since: now };
    link
}

pub(super) fn close(link: Link, now: Timestamp) -> Action {
    Action::Keep { link: Box::new(closed(link, now)), stored: true }
}
