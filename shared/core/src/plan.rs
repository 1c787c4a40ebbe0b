//! What to do about each item. Total and pure: a situation, the policy and the time go in, an action and
//! its reason come out.

mod arrivals;
mod deletes;
mod edits;

use jiff::Timestamp;

pub use self::deletes::{closed, severed};
use crate::cursor::Mode;
use crate::fingerprint::Fingerprints;
use crate::history::Value;
use crate::ids::RemoteId;
use crate::item::{Event, EventPatch, Side};
use crate::link::{Anchor, Link};
use crate::observation::{EventSeen, Recurrence, Response};
use crate::pair::{PairState, Scope};
use crate::policy::{Policy, PrivatePolicy};
use crate::reason::Reason;
use crate::time::Window;

/// The longest event Salesforce can hold, in days (D-16).
pub const LONGEST_EVENT_DAYS: i64 = 14;

/// What is done, and to what.
#[expect(clippy::large_enum_variant, reason = "a plan is short-lived, and most of what it holds are updates")]
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
        /// As it is now, at the versions that were looked at.
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
        /// The link as it shall be kept meanwhile, if there is something to note.
        link: Option<Box<Link>>,
    },
    /// Leave it; it is not linked.
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

/// The observed items a step is about.
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
    let of = |mailbox: Option<&EventSeen>, crm: Option<&EventSeen>| Covers {
        mailbox: mailbox.map(|seen| seen.id.clone()),
        crm: crm.map(|seen| seen.id.clone()),
    };
    let of_link = |link: &Link, mailbox: bool, crm: bool| Covers {
        mailbox: link.mailbox.as_ref().filter(|_| mailbox).map(|anchor| anchor.id.clone()),
        crm: link.crm.as_ref().filter(|_| crm).map(|anchor| anchor.id.clone()),
    };
    match state {
        PairState::NewInMailbox { mailbox } | PairState::CopyInMailbox { mailbox } => of(Some(mailbox), None),
        PairState::NewInCrm { crm } => of(None, Some(crm)),
        PairState::TwinsUnlinked { mailbox, crm } | PairState::EditedInBoth { mailbox, crm, .. } => {
            of(Some(mailbox), Some(crm))
        }
        PairState::InStep { mailbox, crm, .. } => of(mailbox.as_deref(), crm.as_deref()),
        PairState::EditedInMailbox { mailbox, crm, .. } => of(Some(mailbox), crm.as_deref()),
        PairState::EditedInCrm { mailbox, crm, .. } => of(mailbox.as_deref(), Some(crm)),
        PairState::GoneFromMailbox { link, .. }
        | PairState::GoneFromCrm { link, .. }
        | PairState::GoneFromBoth { link } => of_link(link, true, true),
        PairState::LeftAlone { link, mailbox, crm } => of_link(link, *mailbox, *crm),
        PairState::Unreadable { side, id, .. } | PairState::NeverKnown { side, id } => match side {
            Side::Mailbox => Covers { mailbox: Some(id.clone()), crm: None },
            Side::Crm => Covers { mailbox: None, crm: Some(id.clone()) },
        },
    }
}

fn decide(state: PairState, at: &Circumstances<'_>) -> (Action, Reason) {
    match state {
        PairState::NewInMailbox { mailbox } => arrivals::new_in_mailbox(&mailbox, at),
        PairState::NewInCrm { crm } => arrivals::new_in_crm(&crm, at),
        PairState::TwinsUnlinked { mailbox, crm } => arrivals::twins(&mailbox, &crm, at),
        PairState::CopyInMailbox { mailbox } => arrivals::copy(&mailbox, at),
        PairState::InStep { link, mailbox, crm, moved } => {
            edits::in_step(link, Sides { mailbox: mailbox.as_deref(), crm: crm.as_deref() }, moved, at)
        }
        PairState::EditedInMailbox { link, mailbox, crm, in_mailbox } => {
            edits::edited_in_mailbox(link, &mailbox, crm.as_deref(), in_mailbox, at)
        }
        PairState::EditedInCrm { link, mailbox, crm, in_crm } => {
            edits::edited_in_crm(link, mailbox.as_deref(), &crm, in_crm, at)
        }
        PairState::EditedInBoth { link, mailbox, crm, in_mailbox, in_crm } => {
            edits::edited_in_both(link, &mailbox, &crm, &in_mailbox, &in_crm, at)
        }
        PairState::GoneFromMailbox { link, crm, in_crm } => deletes::gone_from_mailbox(link, &crm, &in_crm, at),
        PairState::GoneFromCrm { link, mailbox, in_mailbox } => deletes::gone_from_crm(link, &mailbox, &in_mailbox, at),
        PairState::GoneFromBoth { link } => (deletes::close(link, at.now), Reason::GoneFromBoth),
        // Whoever unlinked it wants it left, whatever becomes of it; and its link keeps it from looking new.
        PairState::LeftAlone { .. } => (Action::Nothing, Reason::Unlinked),
        PairState::Unreadable { side, id, problem } => {
            (Action::Park { side, id, detail: problem, link: None }, Reason::Unreadable)
        }
        // It came and went between two looks: neither side has it.
        PairState::NeverKnown { .. } => (Action::Nothing, Reason::InStep),
    }
}

/// What was seen of a pair.
#[derive(Clone, Copy)]
struct Sides<'a> {
    mailbox: Option<&'a EventSeen>,
    crm: Option<&'a EventSeen>,
}

/// Why an event is not mirrored whenever it is; `None` if it may be.
fn unsuitable(seen: &EventSeen, at: &Circumstances<'_>) -> Option<Reason> {
    if seen.standing.is_draft {
        return Some(Reason::Draft);
    }
    match seen.standing.recurrence {
        Recurrence::Single => {}
        Recurrence::SeriesMaster | Recurrence::Occurrence => return Some(Reason::Series),
    }
    match seen.standing.response {
        Response::Declined => return Some(Reason::Declined),
        Response::None if !at.policy.mirror_unanswered && !seen.standing.is_organizer => {
            return Some(Reason::Unanswered);
        }
        Response::None | Response::Organizer | Response::Accepted | Response::Tentative => {}
    }
    match at.policy.private {
        PrivatePolicy::Skip if seen.event.sensitivity.is_private() => Some(Reason::PrivateLeftOut),
        PrivatePolicy::Skip | PrivatePolicy::Mark => None,
    }
}

fn is_too_long(event: &Event) -> bool {
    event.time.days() > LONGEST_EVENT_DAYS
}

fn park(side: Side, id: &RemoteId, link: Option<Link>, reason: Reason) -> (Action, Reason) {
    (Action::Park { side, id: id.clone(), detail: String::new(), link: link.map(Box::new) }, reason)
}

#[cfg(test)]
mod convergence;
#[cfg(test)]
mod tests;
