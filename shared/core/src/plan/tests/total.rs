//! Whatever is observed and linked: a decision for each, and each once.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::guard;
use crate::ids::{SyncKey, Version};
use crate::observation::{Observation, Standing};
use crate::pair;
use crate::policy::{Conflict, DeletePolicy};
use crate::testing::any_event;

fn any_standing() -> impl Strategy<Value = Standing> {
    let response = prop_oneof![
        Just(Response::Organizer),
        Just(Response::None),
        Just(Response::Accepted),
        Just(Response::Declined)
    ];
    let recurrence = prop_oneof![4 => Just(Recurrence::Single), 1 => Just(Recurrence::Occurrence)];
    let uid = proptest::option::of((0_u8..3).prop_map(|uid| format!("u{uid}")));
    (any::<bool>(), 0_u32..3, proptest::bool::weighted(0.2), response, proptest::bool::weighted(0.1), recurrence, uid)
        .prop_map(|(is_organizer, attendees, is_cancelled, response, is_draft, recurrence, ical_uid)| Standing {
            ical_uid,
            is_organizer,
            attendees,
            is_cancelled,
            response,
            is_draft,
            recurrence,
            origin: None,
            is_marked: false,
            hidden: Fields::new(),
        })
}

fn any_key() -> impl Strategy<Value = Option<SyncKey>> {
    proptest::option::weighted(0.3, (0_u8..4).prop_map(|key| SyncKey::from_text(format!("k{key}"))))
}

fn any_observation(side: &'static str) -> impl Strategy<Value = Observation> {
    let id = (0_u8..4).prop_map(move |id| format!("{side}{id}"));
    (id, 0_u8..6, any_event(), any_standing(), any_key(), 0_i64..900).prop_map(
        |(id, what, event, standing, key, days)| match what {
            0 => Observation::Gone { id: RemoteId::new(id) },
            1 => Observation::Unreadable { id: RemoteId::new(id), problem: "odd".into() },
            _ => {
                let mut seen = EventSeen { key, standing, ..seen(&id, event) };
                if let crate::time::EventTime::Timed { start, end } = &mut seen.event.time {
                    let shift = jiff::SignedDuration::from_hours(24 * (days - 450) * (days % 2));
                    (*start, *end) = (*start + shift, *end + shift * 2);
                    *end = (*end).max(*start);
                }
                Observation::Present(Box::new(seen))
            }
        },
    )
}

fn any_link() -> impl Strategy<Value = Link> {
    let state = prop_oneof![
        4 => Just(LinkState::Linked),
        1 => Just(LinkState::Dormant),
        1 => Just(LinkState::Severed),
        1 => Just(LinkState::Creating { on: Side::Crm }),
        1 => Just(LinkState::Closed { since: desk().now }),
    ];
    let part = prop_oneof![Just(Part::Alone), Just(Part::Organizer), Just(Part::Attendee)];
    let anchor = |side: &'static str| {
        proptest::option::weighted(0.9, (0_u8..4).prop_map(move |id| format!("{side}{id}")))
            .prop_map(|id| id.map(|id| Anchor { id: RemoteId::new(id), version: Version::new("v1") }))
    };
    (anchor("m"), anchor("c"), state, part, any_event(), 0_u8..4).prop_map(|(mailbox, crm, state, part, event, key)| {
        Link {
            key: SyncKey::from_text(format!("k{key}")),
            mailbox,
            crm,
            state,
            base: Fingerprints::of(&event, KEY),
            ..link(part)
        }
    })
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let conflict = prop_oneof![Just(Conflict::Newest), Just(Conflict::Mailbox), Just(Conflict::Crm)];
    let delete = prop_oneof![
        3 => Just(DeletePolicy::Propagate),
        1 => Just(DeletePolicy::Unlink),
        1 => Just(DeletePolicy::Restore)
    ];
    let private = prop_oneof![Just(PrivatePolicy::Mark), Just(PrivatePolicy::Skip)];
    (conflict, delete, private, any::<bool>()).prop_map(|(conflict, delete, private, mirror_unanswered)| Policy {
        conflict,
        delete,
        private,
        mirror_unanswered,
        ..Policy::default()
    })
}

proptest! {
    #[test]
    fn every_observation_is_covered_by_exactly_one_step(
        mailbox in proptest::collection::vec(any_observation("m"), 0..6),
        crm in proptest::collection::vec(any_observation("c"), 0..6),
        links in proptest::collection::vec(any_link(), 0..5),
        policy in any_policy(),
    ) {
        let desk = Desk { policy, ..desk() };
        let of = |side, seen: &[Observation]| seen.iter().map(|seen| (side, seen.id().clone())).collect::<Vec<_>>();
        let observed = [of(Side::Mailbox, &mailbox), of(Side::Crm, &crm)].concat();
        let steps: Vec<Step> = pair::join(desk.scope(), mailbox, crm, links).into_iter()
            .map(|state| planned(state, &desk)).collect();
        prop_assert_eq!(guard::unaccounted(&observed, &steps), vec![]);
        let mut covered = BTreeMap::new();
        for step in &steps {
            let Covers { mailbox, crm } = &step.covers;
            for item in mailbox.iter().map(|id| (Side::Mailbox, id)).chain(crm.iter().map(|id| (Side::Crm, id))) {
                *covered.entry(item).or_insert(0) += 1;
            }
            if let Action::Update { mailbox, crm, .. } = &step.action {
                let written = mailbox.iter().chain(crm).all(|patch| !patch.fields.is_empty());
                prop_assert!(written, "a patch is never empty");
            }
        }
        prop_assert!(covered.iter().all(|(item, times)| *times == 1 && observed.contains(&(item.0, item.1.clone()))));
    }
}
