//! What to do about each item. Total and pure: a situation, the policy and the time go in, an action and
//! its reason come out.

use jiff::Timestamp;

use crate::cursor::Mode;
use crate::fingerprint::{self, Fingerprints};
use crate::history::Value;
use crate::ids::{RemoteId, SyncKey};
use crate::item::{Event, EventField, EventPatch, Fields, Kind, Side};
use crate::link::{Anchor, Link, LinkState, Part};
use crate::merge::{self, Merged};
use crate::observation::{EventSeen, Recurrence, Response};
use crate::pair::{PairState, Scope};
use crate::policy::{Conflict, DeletePolicy, ExistingEvents, Policy, PrivatePolicy};
use crate::reason::Reason;
use crate::time::Window;

/// The longest event Salesforce can hold, in days (D-16).
pub const LONGEST_EVENT_DAYS: i64 = 14;

/// What is done, and to what.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Make it on one side; `link` is the intent that is written first.
    Create {
        /// Where.
        on: Side,
        /// In state `Creating`, with the source's anchor and the base both sides will agree on.
        link: Box<Link>,
        /// All its fields.
        event: Box<Event>,
        /// The link it had before, if it is made again.
        before: Option<Box<Link>>,
    },
    /// Change fields on one side or both.
    Update {
        /// As it is now.
        link: Box<Link>,
        /// What the mailbox gets, if anything.
        mailbox: Option<EventPatch>,
        /// What the CRM gets, if anything.
        crm: Option<EventPatch>,
        /// What both sides agree on afterwards.
        base: Fingerprints,
        /// What stood there before, where it was seen, for the history.
        before: Vec<Value>,
    },
    /// Remove it from one side.
    Delete {
        /// Where.
        from: Side,
        /// As it is now.
        link: Box<Link>,
        /// At the version that was looked at.
        expected: Anchor,
        /// What stood there, for the history.
        before: Vec<Value>,
    },
    /// Keep the link as given; neither side is written.
    Keep {
        /// As it shall be.
        link: Box<Link>,
        /// How it is stored now, if it is.
        stored: bool,
    },
    /// Put it aside.
    Park {
        /// The side whose change cannot be carried over.
        side: Side,
        /// Its id there.
        id: RemoteId,
        /// What is wrong; empty if the reason says it all.
        detail: String,
    },
    /// Leave it; it was never linked.
    Skip {
        /// Its id on the side where it was seen.
        side: Side,
        /// Its id there.
        id: RemoteId,
    },
    /// Nothing to do.
    Nothing,
}

/// An action with its reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// The items it is about, so that every observation is accounted for.
    pub covers: Covers,
}

/// The items a step is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Covers {
    /// In the mailbox.
    pub mailbox: Option<RemoteId>,
    /// In the CRM.
    pub crm: Option<RemoteId>,
}

/// What planning needs to know besides the situation.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// Whose items.
    pub scope: Scope<'a>,
    /// The org's settings.
    pub policy: &'a Policy,
    /// The time.
    pub now: Timestamp,
    /// The calendar window at that time.
    pub window: Window,
    /// Since when the user is looked after.
    pub activated: Timestamp,
    /// What this round of the mailbox is: in the first, the CRM's word counts (D-05).
    pub mode: Mode,
}

/// Decides about one item.
pub fn plan(state: PairState, at: &Circumstances<'_>) -> Step {
    let covers = covers(&state);
    let (action, reason) = decide(state, at);
    Step { action, reason, covers }
}

fn covers(state: &PairState) -> Covers {
    let of_link = |link: &Link| Covers {
        mailbox: link.mailbox.as_ref().map(|anchor| anchor.id.clone()),
        crm: link.crm.as_ref().map(|anchor| anchor.id.clone()),
    };
    let of_side = |side: &Side, id: &RemoteId| match side {
        Side::Mailbox => Covers { mailbox: Some(id.clone()), crm: None },
        Side::Crm => Covers { mailbox: None, crm: Some(id.clone()) },
    };
    match state {
        PairState::NewInMailbox { mailbox } => of_side(&Side::Mailbox, &mailbox.id),
        PairState::NewInCrm { crm } => of_side(&Side::Crm, &crm.id),
        PairState::TwinsUnlinked { mailbox, crm } => {
            Covers { mailbox: Some(mailbox.id.clone()), crm: Some(crm.id.clone()) }
        }
        PairState::InStep { link, .. }
        | PairState::EditedInMailbox { link, .. }
        | PairState::EditedInCrm { link, .. }
        | PairState::EditedInBoth { link, .. }
        | PairState::GoneFromMailbox { link, .. }
        | PairState::GoneFromCrm { link, .. }
        | PairState::GoneFromBoth { link }
        | PairState::LeftAlone { link } => of_link(link),
        PairState::Unreadable { side, id, .. } | PairState::NeverKnown { side, id } => of_side(side, id),
    }
}

fn decide(state: PairState, at: &Circumstances<'_>) -> (Action, Reason) {
    match state {
        PairState::NewInMailbox { mailbox } => new_in_mailbox(&mailbox, at),
        PairState::NewInCrm { crm } => new_in_crm(&crm, at),
        PairState::TwinsUnlinked { mailbox, crm } => twins(&mailbox, &crm, at),
        PairState::InStep { link, seen, moved } => in_step(link, &seen, moved, at),
        PairState::EditedInMailbox { link, mailbox, fields } => edited_in_mailbox(link, &mailbox, &fields, at),
        PairState::EditedInCrm { link, crm, fields } => edited_in_crm(link, &crm, &fields, at),
        PairState::EditedInBoth { link, mailbox, crm, in_mailbox, in_crm } => {
            edited_in_both(link, &mailbox, &crm, &in_mailbox, &in_crm, at)
        }
        PairState::GoneFromMailbox { link, crm, in_crm } => gone_from_mailbox(link, &crm, &in_crm, at),
        PairState::GoneFromCrm { link, mailbox, in_mailbox } => gone_from_crm(link, &mailbox, &in_mailbox, at),
        PairState::GoneFromBoth { link } => (close(link, at.now), Reason::GoneFromBoth),
        PairState::LeftAlone { .. } => (Action::Nothing, Reason::Unlinked),
        PairState::Unreadable { side, id, problem } => {
            (Action::Park { side, id, detail: problem }, Reason::Unreadable)
        }
        PairState::NeverKnown { .. } => (Action::Nothing, Reason::InStep),
    }
}

/// Why an event of the mailbox that nothing links does not go up; `None` if it does.
fn left_out(seen: &EventSeen, at: &Circumstances<'_>) -> Option<Reason> {
    if seen.standing.is_draft {
        return Some(Reason::Draft);
    }
    match seen.standing.recurrence {
        Recurrence::Single => {}
        Recurrence::SeriesMaster | Recurrence::Occurrence => return Some(Reason::Series),
    }
    if seen.standing.is_cancelled {
        return Some(Reason::OrganizerDeleted);
    }
    match seen.standing.response {
        Response::Declined => return Some(Reason::Declined),
        Response::None if !at.policy.mirror_unanswered && !seen.standing.is_organizer => {
            return Some(Reason::Unanswered);
        }
        Response::None | Response::Organizer | Response::Accepted | Response::Tentative => {}
    }
    if seen.event.sensitivity.is_private() && at.policy.private == PrivatePolicy::Skip {
        return Some(Reason::PrivateLeftOut);
    }
    (!at.window.holds(&seen.event.time)).then_some(Reason::OutsideWindow)
}

fn new_in_mailbox(mailbox: &EventSeen, at: &Circumstances<'_>) -> (Action, Reason) {
    let skip = Action::Skip { side: Side::Mailbox, id: mailbox.id.clone() };
    if let Some(reason) = left_out(mailbox, at) {
        return (skip, reason);
    }
    let wanted = mailbox.standing.is_marked
        || mailbox.created >= at.activated
        || at.policy.existing_events == ExistingEvents::All;
    if !wanted {
        return (skip, Reason::BeforeActivation);
    }
    create(Side::Crm, at.scope.sync_key(Side::Mailbox, mailbox), mailbox, None, at, Reason::NewInMailbox)
}

fn new_in_crm(crm: &EventSeen, at: &Circumstances<'_>) -> (Action, Reason) {
    let skip = Action::Skip { side: Side::Crm, id: crm.id.clone() };
    if let Some(reason) = left_out(crm, at) {
        return (skip, reason);
    }
    create(Side::Mailbox, at.scope.sync_key(Side::Crm, crm), crm, None, at, Reason::NewInCrm)
}

fn create(
    on: Side,
    key: SyncKey,
    source: &EventSeen,
    before: Option<Link>,
    at: &Circumstances<'_>,
    reason: Reason,
) -> (Action, Reason) {
    if on == Side::Crm && too_long(&source.event) {
        return park(Side::Mailbox, &source.id, Reason::TooLong);
    }
    let mut link = Link {
        key,
        kind: Kind::Event,
        mailbox: None,
        crm: None,
        base: Fingerprints::of(&source.event, at.scope.key),
        part: if on == Side::Crm { Part::of(&source.standing) } else { Part::Alone },
        state: LinkState::Creating { on },
    };
    *link.anchor_mut(on.other()) = Some(anchor(source));
    let event = Box::new(source.event.clone());
    (Action::Create { on, link: Box::new(link), event, before: before.map(Box::new) }, reason)
}

fn anchor(seen: &EventSeen) -> Anchor {
    Anchor { id: seen.id.clone(), version: seen.version.clone() }
}

fn too_long(event: &Event) -> bool {
    event.time.days() > LONGEST_EVENT_DAYS
}

fn park(side: Side, id: &RemoteId, reason: Reason) -> (Action, Reason) {
    (Action::Park { side, id: id.clone(), detail: String::new() }, reason)
}

/// Two items that were there before anybody linked them: linked, never doubled (D-05, P-03). Where they
/// differ, the CRM's word counts in the first session (V-06), and the conflict rule later.
fn twins(mailbox: &EventSeen, crm: &EventSeen, at: &Circumstances<'_>) -> (Action, Reason) {
    if let Some(reason) = left_out(mailbox, at) {
        return (Action::Skip { side: Side::Mailbox, id: mailbox.id.clone() }, reason);
    }
    let link = Link {
        key: at.scope.sync_key(Side::Mailbox, mailbox),
        kind: Kind::Event,
        mailbox: Some(anchor(mailbox)),
        crm: Some(anchor(crm)),
        base: Fingerprints::of(&mailbox.event, at.scope.key),
        part: Part::of(&mailbox.standing),
        state: LinkState::Linked,
    };
    let winner = match at.mode {
        Mode::Fresh => Side::Crm,
        Mode::Incremental | Mode::FullScan { .. } => winner(mailbox, crm, at.policy),
    };
    let nothing = Fields::new();
    let mut merged = merge::merge(&mailbox.event, &crm.event, &nothing, &nothing, winner);
    if !may_write_mailbox(&merged, link.part, at.now) {
        // The attendees' copy stands, so that linking mails nobody.
        merged = merge::merge(&mailbox.event, &crm.event, &nothing, &nothing, Side::Mailbox);
        merged.to_mailbox.clear();
    }
    update(link, merged, (Some(&mailbox.event), Some(&crm.event)), at, Reason::TwinAdopted)
}

fn winner(mailbox: &EventSeen, crm: &EventSeen, policy: &Policy) -> Side {
    match policy.conflict {
        Conflict::Mailbox => Side::Mailbox,
        Conflict::Crm => Side::Crm,
        Conflict::Newest if crm.modified > mailbox.modified => Side::Crm,
        Conflict::Newest => Side::Mailbox,
    }
}

fn in_step(mut link: Link, seen: &EventSeen, moved: bool, at: &Circumstances<'_>) -> (Action, Reason) {
    if seen.standing.is_cancelled {
        return organizer_cancelled(link, seen, at);
    }
    match (link.state, at.window.holds(&seen.event.time)) {
        (LinkState::Linked, false) => {
            link.state = LinkState::Dormant;
            (Action::Keep { link: Box::new(link), stored: true }, Reason::LeftWindow)
        }
        (LinkState::Dormant, true) => {
            link.state = LinkState::Linked;
            (Action::Keep { link: Box::new(link), stored: true }, Reason::BackInWindow)
        }
        (LinkState::Linked | LinkState::Dormant, _)
        | (LinkState::Creating { .. } | LinkState::Severed | LinkState::Closed { .. }, _) => {
            if moved {
                (Action::Keep { link: Box::new(link), stored: true }, Reason::InStep)
            } else {
                (Action::Nothing, Reason::InStep)
            }
        }
    }
}

/// The organizer called the meeting off: the CRM's copy goes, unless it is past (D-09, X-20).
fn organizer_cancelled(link: Link, mailbox: &EventSeen, at: &Circumstances<'_>) -> (Action, Reason) {
    match link.crm.clone() {
        None => (close(link, at.now), Reason::OrganizerDeleted),
        Some(_) if mailbox.event.time.is_past(at.now) => (sever(link), Reason::PastEventStays),
        Some(expected) => (delete(Side::Crm, link, expected, &mailbox.event), Reason::OrganizerDeleted),
    }
}

fn edited_in_mailbox(mut link: Link, mailbox: &EventSeen, fields: &Fields, at: &Circumstances<'_>) -> (Action, Reason) {
    if mailbox.standing.is_cancelled {
        return organizer_cancelled(link, mailbox, at);
    }
    if !at.window.holds(&mailbox.event.time) {
        link.state = LinkState::Dormant;
        return (Action::Keep { link: Box::new(link), stored: true }, Reason::LeftWindow);
    }
    if too_long(&mailbox.event) {
        return park(Side::Mailbox, &mailbox.id, Reason::TooLong);
    }
    link.state = LinkState::Linked;
    let merged = Merged {
        event: mailbox.event.clone(),
        to_mailbox: Fields::new(),
        to_crm: fields.clone(),
        conflicts: Fields::new(),
    };
    update(link, merged, (Some(&mailbox.event), None), at, Reason::EditedInMailbox)
}

fn edited_in_crm(mut link: Link, crm: &EventSeen, fields: &Fields, at: &Circumstances<'_>) -> (Action, Reason) {
    if !at.window.holds(&crm.event.time) {
        link.state = LinkState::Dormant;
        return (Action::Keep { link: Box::new(link), stored: true }, Reason::LeftWindow);
    }
    let merged = Merged {
        event: crm.event.clone(),
        to_mailbox: fields.clone(),
        to_crm: Fields::new(),
        conflicts: Fields::new(),
    };
    if !may_write_mailbox(&merged, link.part, at.now) {
        return park(Side::Crm, &crm.id, held_back(link.part));
    }
    link.state = LinkState::Linked;
    update(link, merged, (None, Some(&crm.event)), at, Reason::EditedInCrm)
}

fn edited_in_both(
    mut link: Link,
    mailbox: &EventSeen,
    crm: &EventSeen,
    in_mailbox: &Fields,
    in_crm: &Fields,
    at: &Circumstances<'_>,
) -> (Action, Reason) {
    if mailbox.standing.is_cancelled {
        return organizer_cancelled(link, mailbox, at);
    }
    let winner = winner(mailbox, crm, at.policy);
    let merged = merge::merge(&mailbox.event, &crm.event, in_mailbox, in_crm, winner);
    if !at.window.holds(&merged.event.time) {
        link.state = LinkState::Dormant;
        return (Action::Keep { link: Box::new(link), stored: true }, Reason::LeftWindow);
    }
    if !merged.to_crm.is_empty() && too_long(&merged.event) {
        return park(Side::Mailbox, &mailbox.id, Reason::TooLong);
    }
    if !may_write_mailbox(&merged, link.part, at.now) {
        return park(Side::Crm, &crm.id, held_back(link.part));
    }
    link.state = LinkState::Linked;
    let reason = match (merged.conflicts.is_empty(), winner) {
        (true, _) => Reason::EditedInBoth,
        (false, Side::Mailbox) => Reason::ConflictMailboxWins,
        (false, Side::Crm) => Reason::ConflictCrmWins,
    };
    update(link, merged, (Some(&mailbox.event), Some(&crm.event)), at, reason)
}

/// Whether what the merge brings to the mailbox can be written without mailing anybody by accident: a
/// meeting of the user's own only with a new time or place and not in the past (D-18, X-18), somebody
/// else's meeting only in what is the user's own (show-as, sensitivity, reminder).
fn may_write_mailbox(merged: &Merged, part: Part, now: Timestamp) -> bool {
    let own_copy = |field: &EventField| match field {
        EventField::ShowAs | EventField::Sensitivity | EventField::Reminder => true,
        EventField::Subject | EventField::Body | EventField::Location | EventField::Time => false,
    };
    if merged.to_mailbox.iter().all(own_copy) {
        return true;
    }
    let moves = merged.to_mailbox.contains(&EventField::Time) || merged.to_mailbox.contains(&EventField::Location);
    match part {
        Part::Alone => true,
        Part::Organizer => moves && !merged.event.time.is_past(now),
        Part::Attendee => false,
    }
}

fn held_back(part: Part) -> Reason {
    match part {
        Part::Alone | Part::Organizer => Reason::WouldMailAttendees,
        Part::Attendee => Reason::NotOrganizer,
    }
}

fn update(
    link: Link,
    merged: Merged,
    (mailbox, crm): (Option<&Event>, Option<&Event>),
    at: &Circumstances<'_>,
    reason: Reason,
) -> (Action, Reason) {
    let base = Fingerprints::of(&merged.event, at.scope.key);
    let before = values(&merged.to_mailbox, mailbox).chain(values(&merged.to_crm, crm)).collect();
    let patch = |fields: Fields| {
        (!fields.is_empty()).then(|| EventPatch { fields, event: merged.event.clone() })
    };
    let (mailbox, crm) = (patch(merged.to_mailbox), patch(merged.to_crm));
    (Action::Update { link: Box::new(link), mailbox, crm, base, before }, reason)
}

fn values<'a>(fields: &'a Fields, event: Option<&'a Event>) -> impl Iterator<Item = Value> + 'a {
    event.into_iter().flat_map(move |event| {
        fields.iter().map(|field| Value { field: *field, text: fingerprint::shared_form(*field, event) })
    })
}

fn gone_from_mailbox(link: Link, crm: &EventSeen, in_crm: &Fields, at: &Circumstances<'_>) -> (Action, Reason) {
    let own_meeting = link.part == Part::Organizer;
    match at.policy.delete {
        DeletePolicy::Unlink => return (sever(link), Reason::UnlinkedByPolicy),
        DeletePolicy::Restore => return recreate(Side::Mailbox, link, crm, at, Reason::RestoredByPolicy),
        DeletePolicy::Propagate => {}
    }
    if link.state == LinkState::Dormant {
        return (sever(link), Reason::LeftWindow);
    }
    if link.part == Part::Attendee {
        return (sever(link), Reason::NotOrganizerStays);
    }
    if !in_crm.is_empty() && !own_meeting {
        return recreate(Side::Mailbox, link, crm, at, Reason::EditBeatsDelete);
    }
    if crm.event.time.is_past(at.now) {
        return (sever(link), Reason::PastEventStays);
    }
    let reason = if own_meeting { Reason::OrganizerDeleted } else { Reason::DeleteFollows };
    (delete(Side::Crm, link, anchor(crm), &crm.event), reason)
}

fn gone_from_crm(link: Link, mailbox: &EventSeen, in_mailbox: &Fields, at: &Circumstances<'_>) -> (Action, Reason) {
    if mailbox.standing.is_cancelled {
        return (close(link, at.now), Reason::OrganizerDeleted);
    }
    match at.policy.delete {
        DeletePolicy::Unlink => return (sever(link), Reason::UnlinkedByPolicy),
        DeletePolicy::Restore => return recreate(Side::Crm, link, mailbox, at, Reason::RestoredByPolicy),
        DeletePolicy::Propagate => {}
    }
    if link.state == LinkState::Dormant {
        return (sever(link), Reason::LeftWindow);
    }
    if !in_mailbox.is_empty() {
        return recreate(Side::Crm, link, mailbox, at, Reason::EditBeatsDelete);
    }
    if !mailbox.standing.is_organizer {
        return (sever(link), Reason::NotOrganizerStays);
    }
    if mailbox.event.time.is_past(at.now) {
        return (sever(link), Reason::PastEventStays);
    }
    (delete(Side::Mailbox, link, anchor(mailbox), &mailbox.event), Reason::DeleteFollows)
}

fn recreate(on: Side, link: Link, source: &EventSeen, at: &Circumstances<'_>, reason: Reason) -> (Action, Reason) {
    if !at.window.holds(&source.event.time) {
        return (sever(link), Reason::LeftWindow);
    }
    let key = at.scope.sync_key(on.other(), source);
    create(on, key, source, Some(link), at, reason)
}

fn delete(from: Side, link: Link, expected: Anchor, event: &Event) -> Action {
    let before = values(&EventField::ALL.into(), Some(event)).collect();
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

fn close(link: Link, now: Timestamp) -> Action {
    Action::Keep { link: Box::new(closed(link, now)), stored: true }
}
