//! What nothing links yet: new on one side, or there on both.

use super::edits::{self, Held};
use super::{Action, Circumstances, Sides, deletes, is_too_long, park, unsuitable};
use crate::cursor::Mode;
use crate::fingerprint::Fingerprints;
use crate::ids::SyncKey;
use crate::item::{EventField, Fields, Kind, Side};
use crate::link::{Anchor, Link, LinkState, Part};
use crate::merge;
use crate::observation::EventSeen;
use crate::policy::ExistingEvents;
use crate::reason::Reason;

/// Why an event that nothing links does not cross; `None` if it does.
fn left_out(seen: &EventSeen, at: &Circumstances<'_>) -> Option<Reason> {
    unsuitable(seen, at)
        .or_else(|| seen.standing.is_cancelled.then_some(Reason::OrganizerDeleted))
        .or_else(|| (!at.window.holds(&seen.event.time)).then_some(Reason::OutsideWindow))
}

/// Up, unless it is older than the activation and nobody asked for it (D-05).
pub(super) fn new_in_mailbox(mailbox: &EventSeen, at: &Circumstances<'_>) -> (Action, Reason) {
    if let Some(reason) = left_out(mailbox, at) {
        return skip(Side::Mailbox, mailbox, reason);
    }
    let is_wanted = mailbox.standing.is_marked
        || mailbox.created >= at.activated
        || match at.policy.existing_events {
            ExistingEvents::All => true,
            ExistingEvents::Marked => false,
        };
    if !is_wanted {
        return skip(Side::Mailbox, mailbox, Reason::BeforeActivation);
    }
    create(Side::Crm, at.scope.sync_key(Side::Mailbox, mailbox), mailbox, None, at, Reason::NewInMailbox)
}

/// Down, in the first session too (D-05). A record with our key came from a mailbox; unless everything in
/// that mailbox was listed and its source is not there, the source will find it.
pub(super) fn new_in_crm(crm: &EventSeen, at: &Circumstances<'_>) -> (Action, Reason) {
    let awaits_source = crm.key.is_some() && at.mode == Mode::Incremental;
    match left_out(crm, at).or(awaits_source.then_some(Reason::AwaitsSource)) {
        Some(reason) => skip(Side::Crm, crm, reason),
        None => create(Side::Mailbox, at.scope.sync_key(Side::Crm, crm), crm, None, at, Reason::NewInCrm),
    }
}

/// Neither up nor away: it is the person's own. Should its mark be all that is left of a lost link,
/// its counterpart finds it by that when it shows itself.
pub(super) fn copy(mailbox: &EventSeen, at: &Circumstances<'_>) -> (Action, Reason) {
    skip(Side::Mailbox, mailbox, left_out(mailbox, at).unwrap_or(Reason::Copy))
}

fn skip(side: Side, seen: &EventSeen, reason: Reason) -> (Action, Reason) {
    (Action::Skip { side, id: seen.id.clone() }, reason)
}

/// Makes the counterpart of `source`, which was checked to be one that crosses.
pub(super) fn create(
    on: Side,
    key: SyncKey,
    source: &EventSeen,
    before: Option<Link>,
    at: &Circumstances<'_>,
    reason: Reason,
) -> (Action, Reason) {
    if on == Side::Crm && is_too_long(&source.event) {
        return park(Side::Mailbox, &source.id, None, Reason::TooLong);
    }
    let mut link = Link {
        key,
        kind: Kind::Event,
        mailbox: None,
        crm: None,
        base: Fingerprints::of(&source.event, at.scope.key),
        part: match on {
            Side::Crm => Part::of(&source.standing),
            Side::Mailbox => Part::Alone,
        },
        state: LinkState::Creating { on },
    };
    *link.anchor_mut(on.other()) = Some(Anchor::of(source));
    let event = Box::new(source.event.clone());
    (Action::Create { on, link: Box::new(link), event, before: before.map(Box::new) }, reason)
}

/// Two items that were there before anybody linked them: linked, never doubled (D-05, P-03). Where they
/// differ, the CRM's word counts in the first session (V-06), and the conflict rule later. Linking alone
/// removes nothing and mails nobody: what may not be written stays different, and counts as the edit of
/// the side that has it.
pub(super) fn twins(mailbox: &EventSeen, crm: &EventSeen, at: &Circumstances<'_>) -> (Action, Reason) {
    let winner = match at.mode {
        Mode::Fresh => Side::Crm,
        Mode::Incremental | Mode::FullScan { .. } => edits::winner(mailbox, crm, at.policy),
    };
    let loser = match winner {
        Side::Mailbox => crm,
        Side::Crm => mailbox,
    };
    let key = mailbox.key.as_ref().or(crm.key.as_ref()).cloned();
    let mut link = Link {
        key: key.unwrap_or_else(|| at.scope.sync_key(Side::Mailbox, mailbox)),
        kind: Kind::Event,
        mailbox: Some(Anchor::of(mailbox)),
        crm: Some(Anchor::of(crm)),
        base: Fingerprints::of(&loser.event, at.scope.key),
        part: Part::of(&mailbox.standing),
        state: LinkState::Linked,
    };
    if mailbox.standing.is_cancelled {
        return (Action::Keep { link: Box::new(deletes::severed(link)), stored: false }, Reason::OrganizerDeleted);
    }
    let nothing = Fields::new();
    let merged = merge::merge(&mailbox.event, &crm.event, &nothing, &nothing, winner);
    let sides = Sides { mailbox: Some(mailbox), crm: Some(crm) };
    let mut held = Held { mailbox: edits::mails_somebody(&merged, link.part, at.now), crm: Fields::new() };
    if let Some(reason) = edits::resting(sides, held.time(sides, &merged), at) {
        // Linked all the same: left unlinked, the next edit of one would make it look new.
        link.state = LinkState::Dormant;
        return (Action::Keep { link: Box::new(link), stored: false }, reason);
    }
    if is_too_long(&merged.event) && merged.to_crm.contains(&EventField::Time) {
        held.crm.insert(EventField::Time);
    }
    edits::update(link, sides, &merged, &held, at, Reason::TwinAdopted)
}
