use proptest::prelude::*;

use super::*;
use crate::fingerprint::Fingerprints;
use crate::ids::{SyncKey, Version};
use crate::item::Kind;
use crate::link::{LinkState, Part};
use crate::plan::Covers;
use crate::testing::{KEY, event};

fn link(at: u32) -> Link {
    let anchor = |side: &str| Some(Anchor { id: RemoteId::new(format!("{side}{at}")), version: Version::new("v1") });
    Link {
        key: SyncKey::from_text(format!("k{at}")),
        kind: Kind::Event,
        mailbox: anchor("m"),
        crm: anchor("c"),
        base: Fingerprints::of(&event(), KEY),
        part: Part::Alone,
        state: LinkState::Linked,
    }
}

fn delete(at: u32, from: Side) -> Step {
    let link = link(at);
    let (mailbox, crm) = (link.mailbox.clone(), link.crm.clone());
    let expected = link.anchor(from).cloned().unwrap();
    Step {
        action: Action::Delete { from, link: Box::new(link), expected, before: Vec::new() },
        reason: Reason::DeleteFollows,
        covers: Covers { mailbox: mailbox.map(|at| at.id), crm: crm.map(|at| at.id) },
    }
}

fn nothing(at: u32) -> Step {
    let covers = Covers { mailbox: Some(RemoteId::new(format!("m{at}"))), crm: None };
    Step { action: Action::Nothing, reason: Reason::InStep, covers }
}

fn nobody() -> BTreeSet<(Side, RemoteId)> {
    BTreeSet::new()
}

#[test]
fn d11_too_many_is_above_the_count_or_above_the_share_but_never_a_few() {
    let limit = MassDelete::default();
    for (deletes, linked, expected) in [
        (0, 0, false),
        (5, 5, false),
        (6, 60, false),
        (6, 59, true),
        (50, 500, false),
        (51, 100_000, true),
        (50, 499, true),
        (u32::MAX, u32::MAX, true),
    ] {
        assert_eq!(is_mass_delete(deletes, linked, &limit), expected, "{deletes} of {linked}");
    }
}

#[test]
fn d11_a_mass_delete_is_held_under_what_caused_it_and_the_rest_goes_on() {
    let mut steps: Vec<Step> = (0..6).map(|at| delete(at, Side::Crm)).collect();
    steps.extend([delete(6, Side::Mailbox), nothing(7)]);
    let held = hold_mass_deletes(steps.clone(), 8, &MassDelete::default(), &nobody());
    assert_eq!((deletes(&held, Side::Crm), deletes(&held, Side::Mailbox)), (0, 1));
    assert_eq!(held[6..], steps[6..]);
    for (at, step) in held.iter().take(6).enumerate() {
        let detail = format!("crm of the pair k{at} would go");
        let park = Action::Park { side: Side::Mailbox, id: RemoteId::new(format!("m{at}")), detail, link: None };
        assert_eq!((&step.action, step.reason), (&park, Reason::MassDelete));
        assert_eq!(step.covers, steps[at].covers);
    }
}

#[test]
fn d11_what_an_administrator_allowed_goes_and_does_not_count() {
    let steps: Vec<Step> = (0..7).map(|at| delete(at, Side::Mailbox)).collect();
    let allowed = |ids: &[u32]| ids.iter().map(|at| (Side::Crm, RemoteId::new(format!("c{at}")))).collect();
    for (allowed, left) in [(allowed(&[]), 0), (allowed(&[3]), 1), (allowed(&[3, 4]), 7)] {
        let held = hold_mass_deletes(steps.clone(), 10, &MassDelete::default(), &allowed);
        assert_eq!(deletes(&held, Side::Mailbox), left, "{allowed:?}");
    }
}

#[test]
fn a_link_without_the_other_side_is_held_under_its_own() {
    let steps = (0..6).map(|at| {
        let mut step = delete(at, Side::Crm);
        if let Action::Delete { link, .. } = &mut step.action {
            link.mailbox = None;
        }
        step
    });
    let held = hold_mass_deletes(steps.collect(), 6, &MassDelete::default(), &nobody());
    let parked = |step: &Step| matches!(&step.action, Action::Park { side: Side::Crm, .. });
    assert!(held.iter().all(parked), "{held:?}");
}

#[test]
fn what_no_step_covers_is_told() {
    let observed = [(Side::Mailbox, RemoteId::new("m1")), (Side::Crm, RemoteId::new("m1"))];
    assert_eq!(unaccounted(&observed, &[nothing(1)]), [observed[1].clone()]);
}

proptest! {
    #[test]
    fn d11_no_plan_gets_more_deletes_through_than_the_limit(
        from in proptest::collection::vec(prop_oneof![Just(None), Just(Some(Side::Mailbox)), Just(Some(Side::Crm))], 0..40),
        more_links in 0_u32..200, count in 0_u32..30, percent in 0_u32..100, floor in 0_u32..10,
        allow in proptest::collection::btree_set(0_u32..40, 0..8),
    ) {
        let steps: Vec<Step> = (0_u32..).zip(&from).map(|(at, from)| match from {
            Some(from) => delete(at, *from),
            None => nothing(at),
        }).collect();
        let linked = more_links + u32::try_from(steps.len()).unwrap();
        let limit = MassDelete { count, percent, floor };
        let allowed: BTreeSet<_> = allow.iter().flat_map(|at| {
            [(Side::Mailbox, RemoteId::new(format!("m{at}"))), (Side::Crm, RemoteId::new(format!("c{at}")))]
        }).collect();
        let held = hold_mass_deletes(steps.clone(), linked, &limit, &allowed);
        prop_assert_eq!(held.len(), steps.len());
        for side in Side::BOTH {
            let on_side = |steps: &[Step], of_allowed: bool| (0_u32..).zip(steps)
                .filter(|(at, step)| matches!(step.action, Action::Delete { from, .. } if from == side) && allow.contains(at) == of_allowed)
                .count();
            prop_assert_eq!(on_side(&held, true), on_side(&steps, true), "what is allowed goes");
            let wanted = u32::try_from(on_side(&steps, false)).unwrap();
            let left = u32::try_from(on_side(&held, false)).unwrap();
            prop_assert_eq!(left, if is_mass_delete(wanted, linked, &limit) { 0 } else { wanted });
        }
        for (held, step) in held.iter().zip(&steps) {
            prop_assert_eq!(&held.covers, &step.covers);
            prop_assert!(held == step || held.reason == Reason::MassDelete);
        }
    }
}
