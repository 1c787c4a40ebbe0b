//! Where an item exists and what changed: observations and links, joined.

use std::collections::{BTreeMap, BTreeSet};

use crate::fingerprint::{self, FingerprintKey};
use crate::ids::{OrgId, RemoteId, SyncKey, UserId};
use crate::item::{EventField, Fields, Side};
use crate::link::{Anchor, Link, LinkState, Part};
use crate::observation::{EventSeen, Observation};

/// An item, by where it exists and what changed since both sides last agreed.
#[derive(Clone, Debug, PartialEq)]
pub enum PairState {
    /// Only the mailbox has it, and nothing links it.
    NewInMailbox {
        /// As the mailbox has it.
        mailbox: Box<EventSeen>,
    },
    /// Only the CRM has it, and nothing links it.
    NewInCrm {
        /// As the CRM has it.
        crm: Box<EventSeen>,
    },
    /// Both sides have it, and nothing links them yet.
    TwinsUnlinked {
        /// As the mailbox has it.
        mailbox: Box<EventSeen>,
        /// As the CRM has it.
        crm: Box<EventSeen>,
    },
    /// Seen on at least one side, and nothing differs from what was agreed.
    InStep {
        /// The link, its versions brought up to date.
        link: Link,
        /// The item as seen (the mailbox's, if both were).
        seen: Box<EventSeen>,
        /// Whether the link's row must be written again: a version or the user's part has moved.
        moved: bool,
    },
    /// Only the mailbox changed it.
    EditedInMailbox {
        /// The link, its versions brought up to date.
        link: Link,
        /// As the mailbox has it.
        mailbox: Box<EventSeen>,
        /// What differs from what was agreed.
        fields: Fields,
    },
    /// Only the CRM changed it.
    EditedInCrm {
        /// The link, its versions brought up to date.
        link: Link,
        /// As the CRM has it.
        crm: Box<EventSeen>,
        /// What differs from what was agreed.
        fields: Fields,
    },
    /// Both sides changed it.
    EditedInBoth {
        /// The link, its versions brought up to date.
        link: Link,
        /// As the mailbox has it.
        mailbox: Box<EventSeen>,
        /// As the CRM has it.
        crm: Box<EventSeen>,
        /// What the mailbox changed.
        in_mailbox: Fields,
        /// What the CRM changed.
        in_crm: Fields,
    },
    /// The mailbox lost it; the CRM has it still.
    GoneFromMailbox {
        /// The link.
        link: Link,
        /// As the CRM has it.
        crm: Box<EventSeen>,
        /// What the CRM changed meanwhile.
        in_crm: Fields,
    },
    /// The CRM lost it; the mailbox has it still.
    GoneFromCrm {
        /// The link.
        link: Link,
        /// As the mailbox has it.
        mailbox: Box<EventSeen>,
        /// What the mailbox changed meanwhile.
        in_mailbox: Fields,
    },
    /// Both sides lost it.
    GoneFromBoth {
        /// The link.
        link: Link,
    },
    /// It was unlinked on purpose, or is closed, and shows itself again.
    LeftAlone {
        /// The link.
        link: Link,
    },
    /// One side shows something that cannot be understood, or could not be asked.
    Unreadable {
        /// Which side.
        side: Side,
        /// Its id there.
        id: RemoteId,
        /// What is wrong with it, without content.
        problem: String,
    },
    /// Gone from one side, and never known.
    NeverKnown {
        /// Which side.
        side: Side,
        /// Its id there.
        id: RemoteId,
    },
}

/// What the join needs to know besides what was seen.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Whose items.
    pub org: &'a OrgId,
    /// Whose items.
    pub user: &'a UserId,
    /// The key of the org's fingerprints.
    pub key: FingerprintKey,
}

impl Scope<'_> {
    /// The key that names the pair of an item born on that side.
    pub fn sync_key(&self, side: Side, seen: &EventSeen) -> SyncKey {
        match (side, &seen.standing.ical_uid) {
            (Side::Mailbox, Some(uid)) => SyncKey::of_meeting(self.org, uid, None),
            (Side::Mailbox, None) => SyncKey::of_meeting(self.org, seen.id.as_str(), None),
            (Side::Crm, _) => SyncKey::of_crm_record(self.org, self.user, &seen.id),
        }
    }
}

/// What must be read by its id before the join can tell what happened: both sides of each link that one
/// side says is gone, because such a word is only a hint (the item may have moved out of view), and
/// because a delete depends on what the other side holds now.
pub fn to_be_read(mailbox: &[Observation], crm: &[Observation], links: &[Link]) -> [Vec<RemoteId>; 2] {
    let gone = |side: &[Observation]| -> BTreeSet<RemoteId> {
        let gone = side.iter().filter(|seen| matches!(seen, Observation::Gone { .. }));
        gone.map(|seen| seen.id().clone()).collect()
    };
    let (gone_mailbox, gone_crm) = (gone(mailbox), gone(crm));
    let is_gone = |anchor: Option<&Anchor>, gone: &BTreeSet<RemoteId>| anchor.is_some_and(|at| gone.contains(&at.id));
    let mut reads = [Vec::new(), Vec::new()];
    for link in links {
        if is_gone(link.mailbox.as_ref(), &gone_mailbox) || is_gone(link.crm.as_ref(), &gone_crm) {
            reads[0].extend(link.mailbox.iter().map(|anchor| anchor.id.clone()));
            reads[1].extend(link.crm.iter().map(|anchor| anchor.id.clone()));
        }
    }
    reads
}

/// Joins what was seen with what is linked. Of several observations of one item the last counts; every
/// observation ends in exactly one state.
pub fn join(scope: Scope<'_>, mailbox: Vec<Observation>, crm: Vec<Observation>, links: Vec<Link>) -> Vec<PairState> {
    let mut mailbox = last_of_each(mailbox);
    let mut crm = last_of_each(crm);
    let mut states = Vec::new();
    for link in links {
        let in_mailbox = link.mailbox.as_ref().and_then(|anchor| mailbox.remove(&anchor.id));
        let in_crm = link.crm.as_ref().and_then(|anchor| crm.remove(&anchor.id));
        states.extend(linked(scope, link, in_mailbox, in_crm));
    }
    unlinked(scope, mailbox, crm, &mut states);
    states
}

fn last_of_each(observations: Vec<Observation>) -> BTreeMap<RemoteId, Observation> {
    observations.into_iter().map(|seen| (seen.id().clone(), seen)).collect()
}

fn linked(
    scope: Scope<'_>,
    mut link: Link,
    mailbox: Option<Observation>,
    crm: Option<Observation>,
) -> Vec<PairState> {
    match link.state {
        LinkState::Severed | LinkState::Closed { .. } => {
            return if mailbox.is_some() || crm.is_some() { vec![PairState::LeftAlone { link }] } else { vec![] };
        }
        LinkState::Creating { .. } | LinkState::Linked | LinkState::Dormant => {}
    }
    let (base, was) = (link.base, link.clone());
    let changed = |seen: &EventSeen| base.differing(&seen.event, scope.key);
    match (mailbox, crm) {
        (None, None) => vec![],
        (Some(Observation::Unreadable { id, problem }), other) => unreadable(Side::Mailbox, id, problem, other),
        (other, Some(Observation::Unreadable { id, problem })) => unreadable(Side::Crm, id, problem, other),
        (Some(Observation::Gone { .. }), Some(Observation::Gone { .. })) => vec![PairState::GoneFromBoth { link }],
        (Some(Observation::Gone { .. }), Some(Observation::Present(crm))) => {
            let in_crm = changed(&crm);
            vec![PairState::GoneFromMailbox { link, crm, in_crm }]
        }
        (Some(Observation::Present(mailbox)), Some(Observation::Gone { .. })) => {
            link.part = Part::of(&mailbox.standing);
            let in_mailbox = changed(&mailbox);
            vec![PairState::GoneFromCrm { link, mailbox, in_mailbox }]
        }
        // One side says gone and the other was not asked: that is one read too few, not a decision.
        (Some(Observation::Gone { id }), None) => vec![not_asked(Side::Mailbox, id)],
        (None, Some(Observation::Gone { id })) => vec![not_asked(Side::Crm, id)],
        (Some(Observation::Present(mailbox)), None) => {
            refresh(&mut link, Side::Mailbox, &mailbox);
            let fields = changed(&mailbox);
            vec![if fields.is_empty() {
                PairState::InStep { moved: link != was, link, seen: mailbox }
            } else {
                PairState::EditedInMailbox { link, mailbox, fields }
            }]
        }
        (None, Some(Observation::Present(crm))) => {
            refresh(&mut link, Side::Crm, &crm);
            let fields = changed(&crm);
            vec![if fields.is_empty() {
                PairState::InStep { moved: link != was, link, seen: crm }
            } else {
                PairState::EditedInCrm { link, crm, fields }
            }]
        }
        (Some(Observation::Present(mailbox)), Some(Observation::Present(crm))) => {
            refresh(&mut link, Side::Mailbox, &mailbox);
            refresh(&mut link, Side::Crm, &crm);
            let (in_mailbox, in_crm) = (changed(&mailbox), changed(&crm));
            vec![match (in_mailbox.is_empty(), in_crm.is_empty()) {
                (true, true) => PairState::InStep { moved: link != was, link, seen: mailbox },
                (false, true) => PairState::EditedInMailbox { link, mailbox, fields: in_mailbox },
                (true, false) => PairState::EditedInCrm { link, crm, fields: in_crm },
                (false, false) => PairState::EditedInBoth { link, mailbox, crm, in_mailbox, in_crm },
            }]
        }
    }
}

/// The pair waits as a whole, and the side that could be read is tried again with it.
fn unreadable(side: Side, id: RemoteId, problem: String, other: Option<Observation>) -> Vec<PairState> {
    let mut states = vec![PairState::Unreadable { side, id, problem }];
    if let Some(other) = other {
        let problem = "its counterpart cannot be read".to_owned();
        states.push(PairState::Unreadable { side: side.other(), id: other.id().clone(), problem });
    }
    states
}

fn not_asked(side: Side, id: RemoteId) -> PairState {
    PairState::Unreadable { side, id, problem: "its counterpart was not read".to_owned() }
}

fn refresh(link: &mut Link, side: Side, seen: &EventSeen) {
    *link.anchor_mut(side) = Some(Anchor { id: seen.id.clone(), version: seen.version.clone() });
    if side == Side::Mailbox {
        link.part = Part::of(&seen.standing);
    }
}

fn unlinked(
    scope: Scope<'_>,
    mailbox: BTreeMap<RemoteId, Observation>,
    crm: BTreeMap<RemoteId, Observation>,
    states: &mut Vec<PairState>,
) {
    let mailbox = present(Side::Mailbox, mailbox, states);
    let mut twins = Twins::among(present(Side::Crm, crm, states), scope);
    for mailbox in mailbox {
        states.push(match twins.take(&mailbox, scope) {
            Some(crm) => PairState::TwinsUnlinked { mailbox, crm },
            None => PairState::NewInMailbox { mailbox },
        });
    }
    states.extend(twins.rest().map(|crm| PairState::NewInCrm { crm }));
}

fn present(
    side: Side,
    observations: BTreeMap<RemoteId, Observation>,
    states: &mut Vec<PairState>,
) -> Vec<Box<EventSeen>> {
    let mut present = Vec::new();
    for (_, observation) in observations {
        match observation {
            Observation::Present(seen) => present.push(seen),
            Observation::Gone { id } => states.push(PairState::NeverKnown { side, id }),
            Observation::Unreadable { id, problem } => states.push(PairState::Unreadable { side, id, problem }),
        }
    }
    present
}

/// The CRM's unlinked events, to be found by key, and else by subject and time (P-03, RI-17).
struct Twins {
    events: Vec<Option<Box<EventSeen>>>,
    by_key: BTreeMap<SyncKey, usize>,
    by_looks: BTreeMap<(String, String), Vec<usize>>,
}

impl Twins {
    fn among(events: Vec<Box<EventSeen>>, scope: Scope<'_>) -> Self {
        let mut twins = Self { events: Vec::new(), by_key: BTreeMap::new(), by_looks: BTreeMap::new() };
        // From the back, so that the first of several that look alike is taken first.
        for (at, seen) in events.iter().enumerate().rev() {
            twins.by_key.insert(scope.sync_key(Side::Crm, seen), at);
            if let Some(key) = &seen.key {
                twins.by_key.insert(key.clone(), at);
            }
            twins.by_looks.entry(looks(seen)).or_default().push(at);
        }
        twins.events = events.into_iter().map(Some).collect();
        twins
    }

    fn take(&mut self, mailbox: &EventSeen, scope: Scope<'_>) -> Option<Box<EventSeen>> {
        let keys = mailbox.key.iter().cloned().chain([scope.sync_key(Side::Mailbox, mailbox)]);
        let by_key = keys.filter_map(|key| self.by_key.get(&key).copied()).find(|at| self.events[*at].is_some());
        let at = by_key.or_else(|| {
            let alike = self.by_looks.get(&looks(mailbox))?;
            alike.iter().rev().copied().find(|at| self.events[*at].is_some())
        })?;
        self.events[at].take()
    }

    fn rest(self) -> impl Iterator<Item = Box<EventSeen>> {
        self.events.into_iter().flatten()
    }
}

fn looks(seen: &EventSeen) -> (String, String) {
    let subject = fingerprint::shared_form(EventField::Subject, &seen.event).to_lowercase();
    (subject, fingerprint::shared_form(EventField::Time, &seen.event))
}
