//! Where an item exists and what changed: observations and links, joined.

use std::collections::{BTreeMap, BTreeSet};

use crate::fingerprint::{self, FingerprintKey};
use crate::ids::{OrgId, RemoteId, SyncKey, UserId};
use crate::item::{EventField, Fields, Side};
use crate::link::{Anchor, Link, LinkState, Part};
use crate::merge;
use crate::observation::{EventSeen, Observation};

/// An item, by where it exists and what changed since both sides last agreed.
///
/// The version that a link holds of a side is the one at which that side showed what was agreed. Here it
/// is brought up to date for a side that still does, and left as it was for one that was edited: so a
/// later write based on the link alone cannot run over an edit that nobody has carried over yet.
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
    /// An event of the mailbox that is not linked, though it bears the mark of one that is or may be: the
    /// key that Syncline gave it, or the identity of another event.
    CopyInMailbox {
        /// As the mailbox has it.
        mailbox: Box<EventSeen>,
    },
    /// Seen on at least one side, and nothing differs from what was agreed.
    InStep {
        /// The link.
        link: Link,
        /// As the mailbox has it, if it was seen there.
        mailbox: Option<Box<EventSeen>>,
        /// As the CRM has it, if it was seen there.
        crm: Option<Box<EventSeen>>,
        /// Whether the link's row must be written again: a version or the user's part has moved.
        moved: bool,
    },
    /// Only the mailbox changed it.
    EditedInMailbox {
        /// The link.
        link: Link,
        /// As the mailbox has it.
        mailbox: Box<EventSeen>,
        /// As the CRM has it, if it was seen there.
        crm: Option<Box<EventSeen>>,
        /// What the mailbox changed.
        in_mailbox: Fields,
    },
    /// Only the CRM changed it.
    EditedInCrm {
        /// The link.
        link: Link,
        /// As the mailbox has it, if it was seen there.
        mailbox: Option<Box<EventSeen>>,
        /// As the CRM has it.
        crm: Box<EventSeen>,
        /// What the CRM changed.
        in_crm: Fields,
    },
    /// Both sides changed it.
    EditedInBoth {
        /// The link.
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
        /// Whether the mailbox showed it.
        mailbox: bool,
        /// Whether the CRM showed it.
        crm: bool,
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

/// What must be read by its id before the join can tell what happened. Both sides of a link that one side
/// says is gone: such a word is only a hint (the item may have moved out of view), and a delete depends on
/// what the other side holds now. And the side that was not seen of a link that is dormant (it may have
/// been edited in its sleep) or whose meeting was cancelled (it may go, and history keeps what stood there).
pub fn to_be_read(mailbox: &[Observation], crm: &[Observation], links: &[Link]) -> [Vec<RemoteId>; 2] {
    let seen = [Seen::of(mailbox), Seen::of(crm)];
    let mut reads = [Vec::new(), Vec::new()];
    for link in links {
        match link.state {
            LinkState::Linked | LinkState::Dormant => {}
            LinkState::Creating { .. } | LinkState::Severed | LinkState::Closed { .. } => continue,
        }
        let anchors = [&link.mailbox, &link.crm].map(|anchor| anchor.as_ref().map(|at| &at.id));
        let any = |among: fn(&Seen) -> &BTreeSet<RemoteId>| {
            anchors.iter().zip(&seen).any(|(id, seen)| id.is_some_and(|id| among(seen).contains(id)))
        };
        let hinted = any(|seen| &seen.gone);
        let doubtful = link.state == LinkState::Dormant || any(|seen| &seen.cancelled);
        for ((id, seen), reads) in anchors.into_iter().zip(&seen).zip(&mut reads) {
            let Some(id) = id else { continue };
            if hinted || doubtful && !seen.all.contains(id) {
                reads.push(id.clone());
            }
        }
    }
    reads
}

/// The ids of a side's observations, by what they say.
#[derive(Default)]
struct Seen {
    all: BTreeSet<RemoteId>,
    gone: BTreeSet<RemoteId>,
    cancelled: BTreeSet<RemoteId>,
}

impl Seen {
    fn of(observations: &[Observation]) -> Self {
        let mut ids = Self::default();
        for observation in observations {
            ids.all.insert(observation.id().clone());
            match observation {
                Observation::Gone { id } => ids.gone.insert(id.clone()),
                Observation::Present(seen) if seen.standing.is_cancelled => ids.cancelled.insert(seen.id.clone()),
                Observation::Present(_) | Observation::Unreadable { .. } => continue,
            };
        }
        ids
    }
}

/// Joins what was seen with what is linked. Of several observations of one item the last counts; every
/// observation ends in exactly one state.
pub fn join(scope: Scope<'_>, mailbox: Vec<Observation>, crm: Vec<Observation>, links: Vec<Link>) -> Vec<PairState> {
    let mut mailbox = last_of_each(mailbox);
    let mut crm = last_of_each(crm);
    let mut states = Vec::new();
    let mut keys = BTreeSet::new();
    for link in links {
        if !was_whole(&link) {
            continue;
        }
        keys.insert(link.key.clone());
        let in_mailbox = link.mailbox.as_ref().and_then(|anchor| mailbox.remove(&anchor.id));
        let in_crm = link.crm.as_ref().and_then(|anchor| crm.remove(&anchor.id));
        states.extend(linked(scope, link, in_mailbox, in_crm));
    }
    unlinked(scope, mailbox, crm, keys, &mut states);
    states
}

/// Whether the link ties two items. One that does not yet is not confirmed: its item still counts as new,
/// and the create that follows finds by key what may have been made already.
fn was_whole(link: &Link) -> bool {
    match link.state {
        LinkState::Creating { .. } => false,
        LinkState::Linked | LinkState::Dormant => link.mailbox.is_some() && link.crm.is_some(),
        LinkState::Severed | LinkState::Closed { .. } => true,
    }
}

fn last_of_each(observations: Vec<Observation>) -> BTreeMap<RemoteId, Observation> {
    observations.into_iter().map(|seen| (seen.id().clone(), seen)).collect()
}

fn linked(scope: Scope<'_>, mut link: Link, mailbox: Option<Observation>, crm: Option<Observation>) -> Vec<PairState> {
    match link.state {
        LinkState::Severed | LinkState::Closed { .. } => {
            let (mailbox, crm) = (mailbox.is_some(), crm.is_some());
            return if mailbox || crm { vec![PairState::LeftAlone { link, mailbox, crm }] } else { vec![] };
        }
        LinkState::Creating { .. } | LinkState::Linked | LinkState::Dormant => {}
    }
    match (mailbox, crm) {
        (None, None) => vec![],
        (Some(Observation::Unreadable { id, problem }), other) => unreadable(Side::Mailbox, id, problem, other),
        (other, Some(Observation::Unreadable { id, problem })) => unreadable(Side::Crm, id, problem, other),
        (Some(Observation::Gone { .. }), Some(Observation::Gone { .. })) => vec![PairState::GoneFromBoth { link }],
        (Some(Observation::Gone { .. }), Some(Observation::Present(crm))) => {
            let in_crm = edited(&link, &crm, scope);
            vec![PairState::GoneFromMailbox { link, crm, in_crm }]
        }
        (Some(Observation::Present(mailbox)), Some(Observation::Gone { .. })) => {
            link.part = Part::of(&mailbox.standing);
            let in_mailbox = edited(&link, &mailbox, scope);
            vec![PairState::GoneFromCrm { link, mailbox, in_mailbox }]
        }
        // One side says gone and the other was not asked: that is one read too few, not a decision.
        (Some(Observation::Gone { id }), None) => vec![not_asked(Side::Mailbox, id)],
        (None, Some(Observation::Gone { id })) => vec![not_asked(Side::Crm, id)],
        // Nor can a pair be woken by one side alone.
        (Some(Observation::Present(seen)), None) if link.state == LinkState::Dormant => {
            vec![not_asked(Side::Mailbox, seen.id)]
        }
        (None, Some(Observation::Present(seen))) if link.state == LinkState::Dormant => {
            vec![not_asked(Side::Crm, seen.id)]
        }
        (Some(Observation::Present(mailbox)), None) => vec![compared(scope, link, Some(mailbox), None)],
        (None, Some(Observation::Present(crm))) => vec![compared(scope, link, None, Some(crm))],
        (Some(Observation::Present(mailbox)), Some(Observation::Present(crm))) => {
            vec![compared(scope, link, Some(mailbox), Some(crm))]
        }
    }
}

/// What a side changed since both agreed. A field it cannot show says nothing (D-13).
fn edited(link: &Link, seen: &EventSeen, scope: Scope<'_>) -> Fields {
    let differing = link.base.differing(&seen.event, scope.key);
    differing.difference(&seen.standing.hidden).copied().collect()
}

/// What one side cannot show is taken to be as on the other, which settles it.
fn complete(one: &mut EventSeen, other: &mut EventSeen) {
    for field in &one.standing.hidden {
        merge::take(*field, &other.event, &mut one.event);
    }
    for field in &other.standing.hidden {
        merge::take(*field, &one.event, &mut other.event);
    }
}

/// What each side that was seen changed since both agreed.
fn compared(
    scope: Scope<'_>,
    mut link: Link,
    mut mailbox: Option<Box<EventSeen>>,
    mut crm: Option<Box<EventSeen>>,
) -> PairState {
    if let (Some(mailbox), Some(crm)) = (&mut mailbox, &mut crm) {
        complete(mailbox, crm);
    }
    let was = link.clone();
    let mut edits = |side: Side, seen: Option<&EventSeen>| {
        let Some(seen) = seen else { return Fields::new() };
        if side == Side::Mailbox {
            link.part = Part::of(&seen.standing);
        }
        let edits = edited(&link, seen, scope);
        if edits.is_empty() {
            *link.anchor_mut(side) = Some(Anchor::of(seen));
        }
        edits
    };
    let in_mailbox = edits(Side::Mailbox, mailbox.as_deref());
    let in_crm = edits(Side::Crm, crm.as_deref());
    match (mailbox, crm) {
        (Some(mailbox), Some(crm)) if !in_mailbox.is_empty() && !in_crm.is_empty() => {
            PairState::EditedInBoth { link, mailbox, crm, in_mailbox, in_crm }
        }
        (Some(mailbox), crm) if !in_mailbox.is_empty() => PairState::EditedInMailbox { link, mailbox, crm, in_mailbox },
        (mailbox, Some(crm)) if !in_crm.is_empty() => PairState::EditedInCrm { link, mailbox, crm, in_crm },
        (mailbox, crm) => PairState::InStep { moved: link != was, link, mailbox, crm },
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

fn unlinked(
    scope: Scope<'_>,
    mailbox: BTreeMap<RemoteId, Observation>,
    crm: BTreeMap<RemoteId, Observation>,
    mut keys: BTreeSet<SyncKey>,
    states: &mut Vec<PairState>,
) {
    let mailbox = present(Side::Mailbox, mailbox, states);
    let mut twins = Twins::among(present(Side::Crm, crm, states), scope);
    // All by key first, so that none is taken for its looks by another.
    let mut rest = Vec::new();
    for mut mailbox in mailbox {
        match twins.by_key(&mailbox, scope) {
            Some(mut crm) => {
                complete(&mut mailbox, &mut crm);
                keys.insert(scope.sync_key(Side::Mailbox, &mailbox));
                states.push(PairState::TwinsUnlinked { mailbox: Box::new(mailbox), crm: Box::new(crm) });
            }
            None => rest.push(mailbox),
        }
    }
    for mut mailbox in rest {
        let is_first = keys.insert(scope.sync_key(Side::Mailbox, &mailbox));
        states.push(if mailbox.key.is_some() || !is_first {
            PairState::CopyInMailbox { mailbox: Box::new(mailbox) }
        } else if let Some(mut crm) = twins.by_looks(&mailbox) {
            complete(&mut mailbox, &mut crm);
            PairState::TwinsUnlinked { mailbox: Box::new(mailbox), crm: Box::new(crm) }
        } else {
            PairState::NewInMailbox { mailbox: Box::new(mailbox) }
        });
    }
    states.extend(twins.rest().map(|crm| PairState::NewInCrm { crm: Box::new(crm) }));
}

fn present(side: Side, observations: BTreeMap<RemoteId, Observation>, states: &mut Vec<PairState>) -> Vec<EventSeen> {
    let mut present = Vec::new();
    for (_, observation) in observations {
        match observation {
            Observation::Present(seen) => present.push(*seen),
            Observation::Gone { id } => states.push(PairState::NeverKnown { side, id }),
            Observation::Unreadable { id, problem } => states.push(PairState::Unreadable { side, id, problem }),
        }
    }
    present
}

/// The CRM's unlinked events, to be found by key, and else by subject and time (P-03, RI-17). One that
/// holds a key was made for a certain event, and is no other's twin however alike they look.
struct Twins {
    events: Vec<Option<EventSeen>>,
    by_key: BTreeMap<SyncKey, usize>,
    by_looks: BTreeMap<(String, String), Vec<usize>>,
}

impl Twins {
    fn among(events: Vec<EventSeen>, scope: Scope<'_>) -> Self {
        let mut twins = Self { events: Vec::new(), by_key: BTreeMap::new(), by_looks: BTreeMap::new() };
        // From the back, so that the first of several that look alike is taken first.
        for (at, seen) in events.iter().enumerate().rev() {
            twins.by_key.insert(scope.sync_key(Side::Crm, seen), at);
            match &seen.key {
                Some(key) => {
                    twins.by_key.insert(key.clone(), at);
                }
                None => twins.by_looks.entry(looks(seen)).or_default().push(at),
            }
        }
        twins.events = events.into_iter().map(Some).collect();
        twins
    }

    fn by_key(&mut self, mailbox: &EventSeen, scope: Scope<'_>) -> Option<EventSeen> {
        let keys = mailbox.key.iter().cloned().chain([scope.sync_key(Side::Mailbox, mailbox)]);
        keys.filter_map(|key| self.by_key.get(&key).copied()).find_map(|at| self.events.get_mut(at)?.take())
    }

    fn by_looks(&mut self, mailbox: &EventSeen) -> Option<EventSeen> {
        let alike = self.by_looks.get_mut(&looks(mailbox))?;
        std::iter::from_fn(|| alike.pop()).find_map(|at| self.events.get_mut(at)?.take())
    }

    fn rest(self) -> impl Iterator<Item = EventSeen> {
        self.events.into_iter().flatten()
    }
}

fn looks(seen: &EventSeen) -> (String, String) {
    let subject = fingerprint::shared_form(EventField::Subject, &seen.event).to_lowercase();
    (subject, fingerprint::shared_form(EventField::Time, &seen.event))
}

#[cfg(test)]
mod tests;
