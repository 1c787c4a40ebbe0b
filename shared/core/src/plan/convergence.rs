//! Whatever people do on both sides, and wherever a session breaks off: within a few sessions there is
//! nothing left to do, both sides agree, nothing is lost and nothing is doubled.

mod world;

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use proptest::prelude::*;

use self::world::World;
use super::{Action, Covers, LONGEST_EVENT_DAYS, Step};
use crate::fingerprint::{self, Fingerprints};
use crate::ids::RemoteId;
use crate::item::{Event, EventField, Kind, Sensitivity, Side};
use crate::link::{Link, LinkState, Part};
use crate::merge;
use crate::observation::{EventSeen, Response};
use crate::policy::{Conflict, DeletePolicy, MassDelete, Policy, PrivatePolicy};
use crate::testing::{Desk, KEY, any_event, desk, standing};
use crate::time::EventTime;

/// Sessions until there is nothing left to do.
const MAX_SESSIONS: usize = 3;

/// What a person does.
#[derive(Clone, Debug)]
enum Deed {
    /// Makes an event.
    Make(Side, Part, Event),
    /// Made it on both sides before anybody linked them.
    MakeTwins(Part, Event, Event),
    /// Changes some fields.
    Edit(Side, usize, Vec<EventField>, Event),
    /// Deletes it.
    Delete(Side, usize),
    /// Declines it.
    Decline(usize),
    /// Its organizer calls it off.
    Cancel(usize),
}

fn any_part() -> impl Strategy<Value = Part> {
    prop_oneof![2 => Just(Part::Alone), 1 => Just(Part::Organizer), 1 => Just(Part::Attendee)]
}

fn any_side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Mailbox), Just(Side::Crm)]
}

/// Mostly to come, some under way or past, some out of the window.
fn any_event_in_time() -> impl Strategy<Value = Event> {
    let hours = prop_oneof![6 => 1_i64..200, 1 => Just(0_i64), 1 => -200_i64..0, 2 => Just(24 * 500_i64)];
    let is_long = proptest::bool::weighted(0.05);
    (any_event_at(hours), is_long).prop_map(|(mut event, is_long)| {
        if let EventTime::Timed { end, .. } = &mut event.time
            && is_long
        {
            *end += SignedDuration::from_hours(24 * LONGEST_EVENT_DAYS);
        }
        event
    })
}

fn any_event_at(hours: impl Strategy<Value = i64>) -> impl Strategy<Value = Event> {
    (any_event(), hours).prop_map(|(event, hours)| {
        let start = desk().now + SignedDuration::from_hours(hours);
        Event { time: EventTime::Timed { start, end: start + SignedDuration::from_hours(1) }, ..event }
    })
}

fn any_deed() -> impl Strategy<Value = Deed> {
    let fields = proptest::sample::subsequence(EventField::ALL.to_vec(), 1..4);
    prop_oneof![
        2 => (any_side(), any_part(), any_event_in_time()).prop_map(|(side, part, event)| Deed::Make(side, part, event)),
        1 => (any_part(), any_event_in_time(), any_event()).prop_map(|(part, one, other)| Deed::MakeTwins(part, one, other)),
        8 => (any_side(), 0_usize..6, fields, any_event_in_time())
            .prop_map(|(side, which, fields, to)| Deed::Edit(side, which, fields, to)),
        3 => (any_side(), 0_usize..6).prop_map(|(side, which)| Deed::Delete(side, which)),
        1 => (0_usize..6).prop_map(Deed::Decline),
        1 => (0_usize..6).prop_map(Deed::Cancel),
    ]
}

fn any_desk() -> impl Strategy<Value = Desk> {
    let conflict = prop_oneof![2 => Just(Conflict::Newest), 1 => Just(Conflict::Mailbox), 1 => Just(Conflict::Crm)];
    let delete = prop_oneof![
        3 => Just(DeletePolicy::Propagate),
        1 => Just(DeletePolicy::Unlink),
        1 => Just(DeletePolicy::Restore)
    ];
    let private = prop_oneof![3 => Just(PrivatePolicy::Mark), 1 => Just(PrivatePolicy::Skip)];
    (conflict, delete, private).prop_map(|(conflict, delete, private)| {
        let mass_delete = MassDelete { count: u32::MAX, percent: 100, floor: 0 };
        Desk { policy: Policy { conflict, delete, mass_delete, private, ..Policy::default() }, ..desk() }
    })
}

/// People at work, and a record of what became of each of their events.
struct Story {
    world: World,
    made: u32,
    /// On which sides a person made it.
    born: BTreeMap<u32, BTreeSet<Side>>,
    /// Deleted by a person, or called off.
    ended: BTreeSet<u32>,
    /// Made on both sides and perhaps not linked yet: nobody touches them meanwhile, else they are no twins.
    twins: BTreeSet<u32>,
    /// At some time out of the window, declined, private or too long.
    left_out: BTreeSet<u32>,
}

/// The number of an event, which its subject carries whatever a person makes of it.
fn number(seen: &EventSeen) -> u32 {
    seen.event.subject.split_whitespace().next().unwrap().parse().unwrap()
}

impl Story {
    fn new(desk: Desk, pairs: Vec<(Part, Event)>) -> Self {
        let (born, ended, twins, left_out) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut story = Self { world: World::new(desk), made: 0, born, ended, twins, left_out };
        for (part, event) in pairs {
            let event = story.numbered(&event, &Side::BOTH);
            let world = &mut story.world;
            let link = Link {
                key: crate::ids::SyncKey::from_text(format!("base {}", story.made)),
                kind: Kind::Event,
                base: Fingerprints::of(&event, KEY),
                part,
                state: LinkState::Linked,
                mailbox: Some(world.mailbox.make(event.clone(), &standing(part), None)),
                crm: Some(world.crm.make(event, &standing(Part::Alone), None)),
            };
            world.save_link(None, &link);
        }
        story
    }

    fn numbered(&mut self, event: &Event, on: &[Side]) -> Event {
        self.made += 1;
        self.born.insert(self.made, on.iter().copied().collect());
        Event { subject: format!("{} {}", self.made, event.subject), ..event.clone() }
    }

    fn which(&mut self, side: Side, which: usize) -> Option<(RemoteId, u32)> {
        let items = &self.world.on(side).items;
        let seen = items.values().nth(which % items.len().max(1));
        let found = seen.map(|seen| (seen.id.clone(), number(seen)));
        found.filter(|(_, number)| !self.twins.contains(number))
    }

    fn happens(&mut self, deed: Deed) {
        match deed {
            Deed::Make(side, part, event) => {
                let event = self.numbered(&event, &[side]);
                self.world.on(side).make(event, &standing(part), None);
            }
            Deed::MakeTwins(part, one, other) => {
                let one = self.numbered(&one, &Side::BOTH);
                self.twins.insert(self.made);
                let other = Event { subject: one.subject.clone(), time: one.time, ..other };
                self.world.mailbox.make(one, &standing(part), None);
                self.world.crm.make(other, &standing(Part::Alone), None);
            }
            Deed::Edit(side, which, fields, to) => {
                let Some((id, number)) = self.which(side, which) else { return };
                let to = Event { subject: format!("{number} {}", to.subject), ..to };
                self.world.on(side).change(&id, |seen| {
                    for field in fields {
                        merge::take(field, &to, &mut seen.event);
                    }
                });
            }
            Deed::Delete(side, which) => {
                let Some((id, number)) = self.which(side, which) else { return };
                self.world.on(side).remove(&id);
                self.ended.insert(number);
            }
            Deed::Decline(which) => {
                let Some((id, _)) = self.which(Side::Mailbox, which) else { return };
                self.world.mailbox.change(&id, |seen| {
                    if !seen.standing.is_organizer {
                        seen.standing.response = Response::Declined;
                    }
                });
            }
            Deed::Cancel(which) => {
                let Some((id, number)) = self.which(Side::Mailbox, which) else { return };
                self.world.mailbox.change(&id, |seen| {
                    if !seen.standing.is_organizer {
                        seen.standing.is_cancelled = true;
                        self.ended.insert(number);
                    }
                });
            }
        }
        let at = self.world.desk.circumstances();
        for seen in self.world.mailbox.items.values().chain(self.world.crm.items.values()) {
            let is_mirrored = super::unsuitable(seen, &at).is_none() && at.window.holds(&seen.event.time);
            if !is_mirrored || super::is_too_long(&seen.event) {
                self.left_out.insert(number(seen));
            }
        }
    }

    /// Sessions until one finds nothing to do, and once more from the beginning.
    fn settles(&mut self) {
        let mut last = Vec::new();
        for _ in 0..MAX_SESSIONS {
            last = self.world.session().expect("no crash");
        }
        last.extend(self.world.session().expect("no crash"));
        assert_silent(&last, "the last sessions");
        self.world.forget_cursors();
        let waiting = self.world.parked.clone();
        let mut again = self.world.session().expect("no crash");
        // What waits is tried again, now with both sides at hand; of the rest no more than a link's versions, or
        // that its other side is gone, can be news.
        let waits = |side, id: &Option<RemoteId>| id.as_ref().is_some_and(|id| waiting.contains(&(side, id.clone())));
        again.retain(|step| {
            let Covers { mailbox, crm } = &step.covers;
            let is_note = matches!(step.action, Action::Keep { .. });
            !is_note && !waits(Side::Mailbox, mailbox) && !waits(Side::Crm, crm)
        });
        assert_silent(&again, "a full scan");
        self.world.forget_cursors();
        let again = self.world.session().expect("no crash");
        assert_silent(&again, "another full scan");
        self.assert_sound();
        self.twins.clear();
    }

    fn assert_sound(&mut self) {
        for side in Side::BOTH {
            let mut counts = BTreeMap::new();
            for seen in self.world.on(side).items.values() {
                *counts.entry(number(seen)).or_insert(0) += 1;
            }
            for (number, born) in &self.born {
                let times = counts.get(number).copied().unwrap_or(0);
                assert!(times <= 1, "{number} is {times} times in the {}", side.name());
                let is_due = born.contains(&side) || !self.left_out.contains(number);
                assert!(times == 1 || self.ended.contains(number) || !is_due, "{number} is not in the {}", side.name());
            }
        }
        let world = &self.world;
        let at = world.desk.circumstances();
        let mut linked = BTreeSet::new();
        for link in world.links.values() {
            let (Some(mailbox), Some(crm)) = (&link.mailbox, &link.crm) else { panic!("{link:?}") };
            let is_parked = |side, id: &RemoteId| world.parked.contains(&(side, id.clone()));
            let (in_mailbox, in_crm) = (world.mailbox.items.get(&mailbox.id), world.crm.items.get(&crm.id));
            let is_too_long = in_mailbox.is_some_and(|seen| super::is_too_long(&seen.event));
            let waits = link.part != Part::Alone && is_parked(Side::Crm, &crm.id)
                || is_too_long && is_parked(Side::Mailbox, &mailbox.id);
            let (Some(in_mailbox), Some(in_crm)) = (in_mailbox, in_crm) else {
                assert!(link.state != LinkState::Linked || waits, "only one side is left: {link:?}");
                continue;
            };
            assert!(linked.insert((Side::Mailbox, &mailbox.id)) && linked.insert((Side::Crm, &crm.id)), "linked twice");
            let is_mirrored = |seen| super::unsuitable(seen, &at).is_none() && at.window.holds(&seen.event.time);
            let difference = fingerprint::difference(&in_mailbox.event, &in_crm.event);
            match link.state {
                LinkState::Linked => assert!(difference.is_empty() || waits, "{difference:?}: {link:?}"),
                LinkState::Dormant => {
                    assert!(!is_mirrored(in_mailbox) || !is_mirrored(in_crm) || waits, "asleep: {link:?}");
                }
                LinkState::Severed => {}
                LinkState::Creating { .. } | LinkState::Closed { .. } => {
                    assert!(in_mailbox.standing.is_cancelled, "{link:?}");
                }
            }
        }
    }
}

fn assert_silent(steps: &[Step], when: &str) {
    let is_silent = |step: &&Step| !matches!(step.action, Action::Nothing | Action::Skip { .. } | Action::Park { .. });
    assert_eq!(steps.iter().find(is_silent), None, "{when}");
}

type Act = (Vec<Deed>, Option<u32>);

/// Some deeds, then perhaps a session that breaks off after so many effects.
fn any_acts() -> impl Strategy<Value = Vec<Act>> {
    let deeds = proptest::collection::vec(any_deed(), 0..6);
    proptest::collection::vec((deeds, proptest::option::of(0_u32..12)), 1..4)
}

fn any_pairs() -> impl Strategy<Value = Vec<(Part, Event)>> {
    // Of the kind that every policy mirrors.
    let event = any_event_at(-200_i64..200).prop_map(|event| Event { sensitivity: Sensitivity::Normal, ..event });
    proptest::collection::vec((any_part(), event), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sides_converge_and_settled_means_silent(desk in any_desk(), pairs in any_pairs(), acts in any_acts()) {
        let mut story = Story::new(desk, pairs);
        for (deeds, _) in acts {
            for deed in deeds {
                story.happens(deed);
            }
            story.settles();
        }
    }

    #[test]
    fn a_session_may_break_off_anywhere(desk in any_desk(), pairs in any_pairs(), acts in any_acts()) {
        let mut story = Story::new(desk, pairs);
        for (deeds, fuel) in acts {
            for deed in deeds {
                story.happens(deed);
            }
            story.world.fuel = fuel;
            if fuel.is_some() {
                let _ = story.world.session();
            }
            story.world.fuel = None;
        }
        story.settles();
    }
}
