//! Each decision as a row: a situation, the settings, and what comes of it in a line.

mod arrivals;
mod deletes;
mod edits;
mod total;

use super::*;
use crate::item::Fields;
use crate::link::{LinkState, Part};
use crate::testing::{Desk, KEY, desk, event, link, seen, standing};

fn planned(state: PairState, desk: &Desk) -> Step {
    plan(state, &desk.circumstances())
}

/// What a step comes to, in a line: what is done, and the id of the reason.
fn line(step: &Step) -> String {
    let names = |patch: &Option<EventPatch>| match patch {
        Some(patch) => patch.fields.iter().map(|field| field.name()).collect::<Vec<_>>().join("+"),
        None => "-".to_owned(),
    };
    let done = match &step.action {
        Action::Create { on, before: None, .. } => format!("create in {}", on.name()),
        Action::Create { on, before: Some(_), .. } => format!("create again in {}", on.name()),
        Action::Update { mailbox, crm, .. } => format!("mailbox {} crm {}", names(mailbox), names(crm)),
        Action::Delete { from, .. } => format!("delete from {}", from.name()),
        Action::Keep { link, stored } => {
            let state = match link.state {
                LinkState::Creating { .. } => "creating",
                LinkState::Linked => "linked",
                LinkState::Dormant => "dormant",
                LinkState::Severed => "severed",
                LinkState::Closed { .. } => "closed",
            };
            format!("{} {state}", if *stored { "keep" } else { "link" })
        }
        Action::Park { side, .. } => format!("park {}", side.name()),
        Action::Skip { side, .. } => format!("skip {}", side.name()),
        Action::Nothing => "nothing".to_owned(),
    };
    format!("{done}: {}", step.reason.id())
}

fn boxed(id: &str, event: Event, part: Part) -> Box<EventSeen> {
    Box::new(EventSeen { standing: standing(part), ..seen(id, event) })
}

fn cancelled(mut seen: Box<EventSeen>) -> Box<EventSeen> {
    seen.standing.is_cancelled = true;
    seen
}

fn differing(event: &Event) -> Fields {
    link(Part::Alone).base.differing(event, KEY)
}

fn edited_in_mailbox(part: Part, event: Event) -> PairState {
    let in_mailbox = differing(&event);
    PairState::EditedInMailbox { link: link(part), mailbox: boxed("m1", event, part), crm: None, in_mailbox }
}

fn edited_in_crm(part: Part, event: Event) -> PairState {
    let in_crm = differing(&event);
    PairState::EditedInCrm { link: link(part), mailbox: None, crm: boxed("c1", event, Part::Alone), in_crm }
}

fn edited_in_both(part: Part, mailbox: Event, crm: Event) -> PairState {
    PairState::EditedInBoth {
        link: link(part),
        in_mailbox: differing(&mailbox),
        in_crm: differing(&crm),
        mailbox: boxed("m1", mailbox, part),
        crm: boxed("c1", crm, Part::Alone),
    }
}

fn gone_from_mailbox(part: Part, crm: Event) -> PairState {
    PairState::GoneFromMailbox { link: link(part), in_crm: differing(&crm), crm: boxed("c1", crm, Part::Alone) }
}

fn gone_from_crm(part: Part, mailbox: Event) -> PairState {
    PairState::GoneFromCrm { link: link(part), in_mailbox: differing(&mailbox), mailbox: boxed("m1", mailbox, part) }
}

/// The state, as if both sides had agreed on this event instead.
fn rebased(mut state: PairState, event: &Event) -> PairState {
    if let PairState::GoneFromMailbox { link, in_crm: edits, .. }
    | PairState::GoneFromCrm { link, in_mailbox: edits, .. } = &mut state
    {
        link.base = Fingerprints::of(event, KEY);
        edits.clear();
    }
    state
}

#[test]
fn what_ended_or_cannot_be_read_is_left_and_said() {
    let (side, id) = (Side::Crm, RemoteId::new("c1"));
    let unreadable = PairState::Unreadable { side, id: id.clone(), problem: "no start".into() };
    let cases = [
        (PairState::GoneFromBoth { link: link(Part::Alone) }, "keep closed: gone_from_both"),
        (PairState::LeftAlone { link: link(Part::Alone), mailbox: true, crm: false }, "nothing: unlinked"),
        (unreadable, "park crm: unreadable"),
        (PairState::NeverKnown { side, id }, "nothing: in_step"),
    ];
    for (state, expected) in cases {
        assert_eq!(line(&planned(state, &desk())), expected);
    }
}

#[test]
fn a_step_covers_what_was_observed_and_no_more() {
    let (m1, c1) = (|| Some(RemoteId::new("m1")), || Some(RemoteId::new("c1")));
    let here = |part| boxed("m1", event(), part);
    let there = || boxed("c1", event(), Part::Alone);
    let in_step = |mailbox, crm| PairState::InStep { link: link(Part::Alone), mailbox, crm, moved: false };
    let cases = [
        (in_step(Some(here(Part::Alone)), None), m1(), None),
        (in_step(None, Some(there())), None, c1()),
        (in_step(Some(here(Part::Alone)), Some(there())), m1(), c1()),
        (edited_in_mailbox(Part::Alone, event()), m1(), None),
        (edited_in_crm(Part::Alone, event()), None, c1()),
        (edited_in_both(Part::Alone, event(), event()), m1(), c1()),
        (gone_from_mailbox(Part::Alone, event()), m1(), c1()),
        (gone_from_crm(Part::Alone, event()), m1(), c1()),
        (PairState::GoneFromBoth { link: link(Part::Alone) }, m1(), c1()),
        (PairState::LeftAlone { link: link(Part::Alone), mailbox: false, crm: true }, None, c1()),
        (PairState::CopyInMailbox { mailbox: here(Part::Alone) }, m1(), None),
        (PairState::TwinsUnlinked { mailbox: here(Part::Alone), crm: there() }, m1(), c1()),
    ];
    for (state, mailbox, crm) in cases {
        let name = format!("{state:?}");
        assert_eq!(planned(state, &desk()).covers, Covers { mailbox, crm }, "{name}");
    }
}
