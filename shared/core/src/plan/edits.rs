//! What both sides have and one of them, or both, changed (D-08).

use jiff::Timestamp;

use super::deletes::organizer_cancelled;
use super::{Action, Circumstances, Sides, is_too_long, park, unsuitable};
use crate::fingerprint::{self, Fingerprints};
use crate::history::Value;
use crate::item::{Event, EventField, EventPatch, Fields, Side};
use crate::link::{Anchor, Link, LinkState, Part};
use crate::merge::{self, Merged};
use crate::observation::EventSeen;
use crate::policy::{Conflict, Policy};
use crate::reason::Reason;
use crate::time::EventTime;

/// Whose word counts in a conflict (D-08); the mailbox's if both were changed at once.
pub(super) fn winner(mailbox: &EventSeen, crm: &EventSeen, policy: &Policy) -> Side {
    match policy.conflict {
        Conflict::Newest if crm.modified > mailbox.modified => Side::Crm,
        Conflict::Newest | Conflict::Mailbox => Side::Mailbox,
        Conflict::Crm => Side::Crm,
    }
}

/// Why a linked pair is left as it is (D-03), `time` being where it would be if known; `None` if it is
/// mirrored.
pub(super) fn resting(sides: Sides<'_>, time: Option<&EventTime>, at: &Circumstances<'_>) -> Option<Reason> {
    let seen = [sides.mailbox, sides.crm].into_iter().flatten();
    let mut unsuitable = seen.filter_map(|seen| unsuitable(seen, at));
    let is_outside = time.is_some_and(|time| !at.window.holds(time));
    unsuitable.next().or(is_outside.then_some(Reason::LeftWindow))
}

fn rest(mut link: Link, moved: bool, reason: Reason) -> (Action, Reason) {
    let falls_asleep = link.state == LinkState::Linked;
    if falls_asleep {
        link.state = LinkState::Dormant;
    }
    keep(link, falls_asleep || moved, reason)
}

fn keep(link: Link, differs: bool, reason: Reason) -> (Action, Reason) {
    let action = if differs { Action::Keep { link: Box::new(link), stored: true } } else { Action::Nothing };
    (action, reason)
}

pub(super) fn in_step(mut link: Link, sides: Sides<'_>, moved: bool, at: &Circumstances<'_>) -> (Action, Reason) {
    let Some(seen) = sides.mailbox.or(sides.crm) else {
        return keep(link, moved, Reason::InStep);
    };
    if seen.standing.is_cancelled {
        return organizer_cancelled(link, seen, sides.crm, at);
    }
    if let Some(reason) = resting(sides, Some(&seen.event.time), at) {
        return rest(link, moved, reason);
    }
    match link.state {
        LinkState::Dormant => {
            link.state = LinkState::Linked;
            keep(link, true, Reason::BackInWindow)
        }
        LinkState::Linked | LinkState::Creating { .. } | LinkState::Severed | LinkState::Closed { .. } => {
            keep(link, moved, Reason::InStep)
        }
    }
}

pub(super) fn edited_in_mailbox(
    link: Link,
    mailbox: &EventSeen,
    crm: Option<&EventSeen>,
    in_mailbox: Fields,
    at: &Circumstances<'_>,
) -> (Action, Reason) {
    if mailbox.standing.is_cancelled {
        return organizer_cancelled(link, mailbox, crm, at);
    }
    let merged = one_sided(&mailbox.event, Fields::new(), in_mailbox);
    carry_over(link, Sides { mailbox: Some(mailbox), crm }, &merged, at, Reason::EditedInMailbox)
}

pub(super) fn edited_in_crm(
    link: Link,
    mailbox: Option<&EventSeen>,
    crm: &EventSeen,
    in_crm: Fields,
    at: &Circumstances<'_>,
) -> (Action, Reason) {
    if let Some(mailbox) = mailbox.filter(|mailbox| mailbox.standing.is_cancelled) {
        return organizer_cancelled(link, mailbox, Some(crm), at);
    }
    let merged = one_sided(&crm.event, in_crm, Fields::new());
    carry_over(link, Sides { mailbox, crm: Some(crm) }, &merged, at, Reason::EditedInCrm)
}

fn one_sided(event: &Event, to_mailbox: Fields, to_crm: Fields) -> Merged {
    Merged { event: event.clone(), to_mailbox, to_crm, conflicts: Fields::new() }
}

pub(super) fn edited_in_both(
    link: Link,
    mailbox: &EventSeen,
    crm: &EventSeen,
    in_mailbox: &Fields,
    in_crm: &Fields,
    at: &Circumstances<'_>,
) -> (Action, Reason) {
    if mailbox.standing.is_cancelled {
        return organizer_cancelled(link, mailbox, Some(crm), at);
    }
    let winner = winner(mailbox, crm, at.policy);
    let merged = merge::merge(&mailbox.event, &crm.event, in_mailbox, in_crm, winner);
    // Where nothing is not written over something, the other side than the winner has its way.
    let won = |side: &Fields| !merged.conflicts.is_disjoint(side);
    let reason = match (won(&merged.to_crm), won(&merged.to_mailbox), winner) {
        (false, false, _) => Reason::EditedInBoth,
        (true, false, _) | (true, true, Side::Mailbox) => Reason::ConflictMailboxWins,
        (false, true, _) | (true, true, Side::Crm) => Reason::ConflictCrmWins,
    };
    carry_over(link, Sides { mailbox: Some(mailbox), crm: Some(crm) }, &merged, at, reason)
}

/// Brings a merge to the sides that lack it. What may not be brought to the mailbox waits, parked, and
/// does not keep the mailbox's own edits from the CRM: our write there is seen in the next session, and
/// what still differs then is parked in its turn.
fn carry_over(
    mut link: Link,
    sides: Sides<'_>,
    merged: &Merged,
    at: &Circumstances<'_>,
    reason: Reason,
) -> (Action, Reason) {
    let held = Held { mailbox: mails_somebody(merged, link.part, at.now), crm: Fields::new() };
    if let Some(reason) = resting(sides, held.time(sides, merged), at) {
        return rest(link, false, reason);
    }
    if let Some(mailbox) = sides.mailbox
        && merged.to_crm.contains(&EventField::Time)
        && is_too_long(&merged.event)
    {
        return park(Side::Mailbox, &mailbox.id, None, Reason::TooLong);
    }
    if let Some(crm) = sides.crm
        && merged.to_crm.is_empty()
        && !held.mailbox.is_empty()
    {
        let reason = held_back(link.part);
        let noted = sides.mailbox.and_then(|mailbox| noted(link, mailbox, at));
        return park(Side::Crm, &crm.id, noted, reason);
    }
    link.state = LinkState::Linked;
    update(link, sides, merged, &held, at, reason)
}

/// The link of a pair whose CRM has all of the mailbox's edits and some of its own, which wait: what they
/// agree on is what the mailbox has. `None` if that is nothing new.
fn noted(mut link: Link, mailbox: &EventSeen, at: &Circumstances<'_>) -> Option<Link> {
    let base = Fingerprints::of(&mailbox.event, at.scope.key);
    let is_news = base != link.base || link.state == LinkState::Dormant;
    link.mailbox = Some(Anchor::of(mailbox));
    link.base = base;
    link.state = LinkState::Linked;
    is_news.then_some(link)
}

/// The fields that cannot be brought to the mailbox without mailing anybody by accident: a meeting of the
/// user's own is written only with a new time or place and if it is still to come (D-18, X-18), because
/// through Graph minor edits mail all attendees too; somebody else's only in what is the user's own
/// (show-as, sensitivity, reminder).
pub(super) fn mails_somebody(merged: &Merged, part: Part, now: Timestamp) -> Fields {
    let is_own_copys = |field: &EventField| match field {
        EventField::Reminder => true,
        EventField::ShowAs | EventField::Sensitivity => part == Part::Attendee,
        EventField::Subject | EventField::Body | EventField::Location | EventField::Time => false,
    };
    let moves = merged.to_mailbox.contains(&EventField::Time) || merged.to_mailbox.contains(&EventField::Location);
    let is_held = match part {
        Part::Alone => false,
        Part::Organizer => !moves || merged.event.time.has_begun(now),
        Part::Attendee => true,
    };
    merged.to_mailbox.iter().filter(|field| is_held && !is_own_copys(field)).copied().collect()
}

fn held_back(part: Part) -> Reason {
    match part {
        Part::Alone | Part::Organizer => Reason::WouldMailAttendees,
        Part::Attendee => Reason::NotOrganizer,
    }
}

/// Fields that a side lacks and does not get.
pub(super) struct Held {
    pub(super) mailbox: Fields,
    pub(super) crm: Fields,
}

impl Held {
    /// Where the mailbox has the event afterwards, if that is known.
    pub(super) fn time<'a>(&self, sides: Sides<'a>, merged: &'a Merged) -> Option<&'a EventTime> {
        if self.mailbox.contains(&EventField::Time) {
            sides.mailbox.map(|mailbox| &mailbox.event.time)
        } else {
            Some(&merged.event.time)
        }
    }
}

/// Writes what each side lacks. Of what is held back, both sides agree on what the side that does not get
/// it has, so that it remains the other one's edit.
pub(super) fn update(
    mut link: Link,
    sides: Sides<'_>,
    merged: &Merged,
    held: &Held,
    at: &Circumstances<'_>,
    reason: Reason,
) -> (Action, Reason) {
    let of = |seen: Option<&EventSeen>| seen.map_or(link.base, |seen| Fingerprints::of(&seen.event, at.scope.key));
    let base = Fingerprints::of(&merged.event, at.scope.key)
        .with(&held.mailbox, &of(sides.mailbox))
        .with(&held.crm, &of(sides.crm));
    let [to_mailbox, to_crm] = [&merged.to_mailbox - &held.mailbox, &merged.to_crm - &held.crm];
    let before = values(&to_mailbox, sides.mailbox).chain(values(&to_crm, sides.crm)).collect();
    for (side, seen) in [(Side::Mailbox, sides.mailbox), (Side::Crm, sides.crm)] {
        if let Some(seen) = seen {
            *link.anchor_mut(side) = Some(Anchor::of(seen));
        }
    }
    let patch = |fields: Fields| {
        let item = merged.event.clone();
        (!fields.is_empty()).then_some(EventPatch { fields, item })
    };
    let (mailbox, crm) = (patch(to_mailbox), patch(to_crm));
    (Action::Update { link: Box::new(link), mailbox, crm, base, before }, reason)
}

/// What stands in these fields, for the history.
pub(super) fn values<'a>(fields: &'a Fields, seen: Option<&'a EventSeen>) -> impl Iterator<Item = Value> + 'a {
    seen.into_iter().flat_map(move |seen| {
        fields.iter().map(|field| Value { field: *field, text: fingerprint::shared_form(*field, &seen.event) })
    })
}
