//! Two sides, what Syncline remembers of them, and a session between them: observe, join, plan, execute,
//! confirm, with a crash before any effect.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::guard;
use crate::ids::{RemoteId, SyncKey, Version};
use crate::item::{Event, EventPatch, Sensitivity, ShowAs, Side};
use crate::link::{Anchor, Link, LinkState};
use crate::merge;
use crate::observation::{EventSeen, Observation, Standing};
use crate::pair;
use crate::plan::{self, Action, Step};
use crate::testing::Desk;

/// How often an item that changed under a session's hands is looked at again.
const MAX_ROUNDS: usize = 3;

/// The session ended before its end.
#[derive(Debug)]
pub(super) struct Crashed;

/// A calendar with a feed of changes. The CRM's keeps of a value only what it can express.
pub(super) struct Calendar {
    side: Side,
    pub(super) items: BTreeMap<RemoteId, EventSeen>,
    /// When each item last changed or went.
    feed: BTreeMap<RemoteId, u64>,
    clock: u64,
    begun: Timestamp,
}

impl Calendar {
    fn new(side: Side, begun: Timestamp) -> Self {
        Self { side, items: BTreeMap::new(), feed: BTreeMap::new(), clock: 0, begun }
    }

    fn tick(&mut self) -> (Version, Timestamp) {
        self.clock += 1;
        let minutes = SignedDuration::from_mins(i64::try_from(self.clock).unwrap());
        (Version::new(format!("v{}", self.clock)), self.begun + minutes)
    }

    fn expressed(&self, event: Event) -> Event {
        match self.side {
            Side::Mailbox => event,
            Side::Crm => Event {
                show_as: match event.show_as {
                    ShowAs::Free | ShowAs::OutOfOffice => event.show_as,
                    ShowAs::Busy | ShowAs::Tentative | ShowAs::WorkingElsewhere => ShowAs::Busy,
                },
                sensitivity: if event.sensitivity.is_private() { Sensitivity::Private } else { Sensitivity::Normal },
                ..event
            },
        }
    }

    pub(super) fn make(&mut self, event: Event, standing: &Standing, key: Option<SyncKey>) -> Anchor {
        let (version, now) = self.tick();
        let id = RemoteId::new(format!("{}{}", self.side.name(), self.clock));
        let event = self.expressed(event);
        let standing = match self.side {
            Side::Mailbox => Standing { ical_uid: Some(format!("uid of {id}")), ..standing.clone() },
            Side::Crm => Standing::own_single(),
        };
        let seen = EventSeen { id: id.clone(), version, key, created: now, modified: now, event, standing };
        let anchor = Anchor::of(&seen);
        self.feed.insert(id.clone(), self.clock);
        self.items.insert(id, seen);
        anchor
    }

    pub(super) fn change(&mut self, id: &RemoteId, change: impl FnOnce(&mut EventSeen)) -> Option<Anchor> {
        let (version, now) = self.tick();
        let mut seen = self.items.remove(id)?;
        change(&mut seen);
        seen.event = self.expressed(seen.event);
        (seen.version, seen.modified) = (version, now);
        let anchor = Anchor::of(&seen);
        self.feed.insert(id.clone(), self.clock);
        self.items.insert(id.clone(), seen);
        Some(anchor)
    }

    pub(super) fn remove(&mut self, id: &RemoteId) {
        let _ = self.tick();
        self.items.remove(id);
        self.feed.insert(id.clone(), self.clock);
    }

    fn read(&self, id: &RemoteId) -> Observation {
        match self.items.get(id) {
            Some(seen) => Observation::Present(Box::new(seen.clone())),
            None => Observation::Gone { id: id.clone() },
        }
    }

    fn changes(&self, since: u64) -> Vec<Observation> {
        self.feed.iter().filter(|(_, when)| **when > since).map(|(id, _)| self.read(id)).collect()
    }

    fn find(&self, key: &SyncKey) -> Option<Anchor> {
        self.items.values().find(|seen| seen.key.as_ref() == Some(key)).map(Anchor::of)
    }

    fn has(&self, anchor: &Anchor) -> bool {
        self.items.get(&anchor.id).is_some_and(|seen| seen.version == anchor.version)
    }
}

/// Everything there is.
pub(super) struct World {
    pub(super) desk: Desk,
    pub(super) mailbox: Calendar,
    pub(super) crm: Calendar,
    pub(super) links: BTreeMap<SyncKey, Link>,
    aliases: BTreeMap<(Side, RemoteId), SyncKey>,
    intents: BTreeMap<SyncKey, Link>,
    pub(super) parked: BTreeSet<(Side, RemoteId)>,
    cursors: [u64; 2],
    /// How many effects there are until the crash.
    pub(super) fuel: Option<u32>,
}

impl World {
    pub(super) fn new(desk: Desk) -> Self {
        Self {
            mailbox: Calendar::new(Side::Mailbox, desk.now),
            crm: Calendar::new(Side::Crm, desk.now),
            desk,
            links: BTreeMap::new(),
            aliases: BTreeMap::new(),
            intents: BTreeMap::new(),
            parked: BTreeSet::new(),
            cursors: [0, 0],
            fuel: None,
        }
    }

    pub(super) fn on(&mut self, side: Side) -> &mut Calendar {
        match side {
            Side::Mailbox => &mut self.mailbox,
            Side::Crm => &mut self.crm,
        }
    }

    /// The next session sees everything again.
    pub(super) fn forget_cursors(&mut self) {
        self.cursors = [0, 0];
    }

    /// Everything below asks for leave before each of its effects.
    fn effect(&mut self) -> Result<(), Crashed> {
        match &mut self.fuel {
            None => Ok(()),
            Some(0) => Err(Crashed),
            Some(fuel) => {
                *fuel -= 1;
                Ok(())
            }
        }
    }

    /// One session; what it planned.
    pub(super) fn session(&mut self) -> Result<Vec<Step>, Crashed> {
        self.finish_what_was_begun()?;
        let ends = [self.mailbox.clock, self.crm.clock];
        let mut seen = [self.mailbox.changes(self.cursors[0]), self.crm.changes(self.cursors[1])];
        let mut all = Vec::new();
        for round in 1.. {
            let steps = self.plan(seen);
            all.extend(steps.iter().cloned());
            let mut again = Vec::new();
            for step in steps {
                self.execute(step, &mut again)?;
            }
            if again.is_empty() {
                break;
            }
            assert!(round < MAX_ROUNDS, "it does not come to rest: {again:?}");
            let ids = |side| again.iter().filter_map(move |link: &Link| link.anchor(side)).map(|at| &at.id);
            seen = [
                ids(Side::Mailbox).map(|id| self.mailbox.read(id)).collect(),
                ids(Side::Crm).map(|id| self.crm.read(id)).collect(),
            ];
        }
        self.effect()?;
        self.cursors = ends;
        Ok(all)
    }

    fn finish_what_was_begun(&mut self) -> Result<(), Crashed> {
        for mut link in self.intents.values().cloned().collect::<Vec<_>>() {
            let LinkState::Creating { on } = link.state else { panic!("{link:?}") };
            let found = self.on(on).find(&link.key);
            self.effect()?;
            match found {
                Some(anchor) => {
                    *link.anchor_mut(on) = Some(anchor);
                    link.state = LinkState::Linked;
                    self.save_link(None, &link);
                }
                None => {
                    self.intents.remove(&link.key);
                }
            }
        }
        Ok(())
    }

    fn plan(&self, [mut mailbox, mut crm]: [Vec<Observation>; 2]) -> Vec<Step> {
        let of = |side, seen: &[Observation]| seen.iter().map(|seen| (side, seen.id().clone())).collect::<Vec<_>>();
        let observed = [of(Side::Mailbox, &mailbox), of(Side::Crm, &crm)].concat();
        let keys: BTreeSet<_> = observed.iter().filter_map(|item| self.aliases.get(item)).collect();
        let links: Vec<Link> = keys.into_iter().filter_map(|key| self.links.get(key)).cloned().collect();
        let [in_mailbox, in_crm] = pair::to_be_read(&mailbox, &crm, &links);
        mailbox.extend(in_mailbox.iter().map(|id| self.mailbox.read(id)));
        crm.extend(in_crm.iter().map(|id| self.crm.read(id)));
        let at = self.desk.circumstances();
        let states = pair::join(at.scope, mailbox, crm, links);
        let steps: Vec<Step> = states.into_iter().map(|state| plan::plan(state, &at)).collect();
        assert_eq!(guard::unaccounted(&observed, &steps), vec![]);
        steps
    }

    fn execute(&mut self, step: Step, again: &mut Vec<Link>) -> Result<(), Crashed> {
        let Step { action, covers, .. } = step;
        match action {
            Action::Create { on, link, event, before } => {
                self.effect()?;
                self.intents.insert(link.key.clone(), *link.clone());
                let anchor = if let Some(anchor) = self.on(on).find(&link.key) {
                    anchor
                } else {
                    self.effect()?;
                    self.on(on).make(*event, &Standing::own_single(), Some(link.key.clone()))
                };
                let mut link = *link;
                *link.anchor_mut(on) = Some(anchor);
                link.state = LinkState::Linked;
                self.effect()?;
                self.save_link(before.as_deref(), &link);
                self.settled(&link);
            }
            Action::Update { mut link, mailbox, crm, base, .. } => {
                for (side, patch) in [(Side::Mailbox, mailbox), (Side::Crm, crm)] {
                    let Some(EventPatch { fields, item }) = patch else { continue };
                    let Some(anchor) = link.anchor(side).cloned() else { panic!("{link:?}") };
                    if !self.on(side).has(&anchor) {
                        again.push(*link);
                        return Ok(());
                    }
                    self.effect()?;
                    let write = |seen: &mut EventSeen| {
                        for field in fields {
                            merge::take(field, &item, &mut seen.event);
                        }
                    };
                    *link.anchor_mut(side) = self.on(side).change(&anchor.id, write);
                }
                link.base = base;
                self.effect()?;
                self.save_link(Some(&link), &link);
                self.settled(&link);
            }
            Action::Delete { from, link, expected, .. } => {
                if self.on(from).items.contains_key(&expected.id) {
                    if !self.on(from).has(&expected) {
                        again.push(*link);
                        return Ok(());
                    }
                    self.effect()?;
                    self.on(from).remove(&expected.id);
                }
                self.effect()?;
                self.save_link(Some(&link), &plan::closed(*link.clone(), self.desk.now));
                self.settled(&link);
            }
            Action::Keep { link, stored } => {
                self.effect()?;
                self.save_link(stored.then_some(&link), &link);
                self.unpark(covers);
            }
            Action::Park { side, id, link, .. } => {
                if let Some(link) = link {
                    self.effect()?;
                    self.save_link(Some(&link), &link);
                }
                self.effect()?;
                self.parked.insert((side, id));
            }
            Action::Skip { .. } | Action::Nothing => self.unpark(covers),
        }
        Ok(())
    }

    fn settled(&mut self, link: &Link) {
        let id = |side| link.anchor(side).map(|anchor| anchor.id.clone());
        self.unpark(plan::Covers { mailbox: id(Side::Mailbox), crm: id(Side::Crm) });
    }

    fn unpark(&mut self, plan::Covers { mailbox, crm }: plan::Covers) {
        for item in mailbox.map(|id| (Side::Mailbox, id)).into_iter().chain(crm.map(|id| (Side::Crm, id))) {
            self.parked.remove(&item);
        }
    }

    pub(super) fn save_link(&mut self, before: Option<&Link>, after: &Link) {
        let aliases = |link: &Link| {
            let of = |side| link.anchor(side).map(|anchor| (side, anchor.id.clone()));
            Side::BOTH.into_iter().filter_map(of).collect::<Vec<_>>()
        };
        if let Some(before) = before {
            self.links.remove(&before.key);
            for alias in aliases(before) {
                self.aliases.remove(&alias);
            }
        }
        self.intents.remove(&after.key);
        self.links.insert(after.key.clone(), after.clone());
        for alias in aliases(after) {
            self.aliases.insert(alias, after.key.clone());
        }
    }
}
