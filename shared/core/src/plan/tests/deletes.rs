use super::*;
use crate::policy::DeletePolicy;
use crate::testing::in_hours;

const PARTS: [Part; 3] = [Part::Alone, Part::Organizer, Part::Attendee];

fn with(delete: DeletePolicy) -> Desk {
    Desk { policy: Policy { delete, ..Policy::default() }, ..desk() }
}

fn at_hours(hours: i64) -> Event {
    Event { time: in_hours(hours), ..event() }
}

fn half_past(hours: i64) -> Event {
    let start = desk().now + jiff::SignedDuration::from_mins(60 * hours - 30);
    let end = start + jiff::SignedDuration::from_hours(1);
    Event { time: crate::time::EventTime::Timed { start, end }, ..event() }
}

#[test]
fn x20_a_mailbox_delete_spares_what_is_past_and_what_somebody_else_organizes() {
    let (coming, under_way, past) = (at_hours(1), half_past(0), at_hours(-1));
    let cases = [
        (&coming, ["delete from crm: delete_follows", "delete from crm: organizer_deleted"]),
        (&under_way, ["delete from crm: delete_follows", "delete from crm: organizer_deleted"]),
        (&past, ["keep severed: past_event_stays"; 2]),
    ];
    for (crm, [alone, own]) in cases {
        for (part, expected) in PARTS.into_iter().zip([alone, own, "keep severed: not_organizer_stays"]) {
            let state = rebased(gone_from_mailbox(part, crm.clone()), crm);
            assert_eq!(line(&planned(state, &desk())), expected, "{part:?} {:?}", crm.time);
        }
    }
}

#[test]
fn x19_a_crm_delete_removes_only_what_is_to_come_and_the_users_own() {
    let (coming, under_way, past) = (at_hours(1), half_past(0), at_hours(-1));
    let cases = [
        (&coming, "delete from mailbox: delete_follows"),
        (&under_way, "keep severed: past_event_stays"),
        (&past, "keep severed: past_event_stays"),
    ];
    for (mailbox, own) in cases {
        for (part, expected) in PARTS.into_iter().zip([own, own, "keep severed: not_organizer_stays"]) {
            let state = rebased(gone_from_crm(part, mailbox.clone()), mailbox);
            assert_eq!(line(&planned(state, &desk())), expected, "{part:?} {:?}", mailbox.time);
        }
    }
}

#[test]
fn d09_an_edit_beats_a_delete_but_not_the_organizers() {
    let edited = || Event { subject: "Other".into(), ..event() };
    let again_in_crm = "create again in crm: edit_beats_delete";
    let cases = [
        (gone_from_mailbox(Part::Alone, edited()), "create again in mailbox: edit_beats_delete"),
        (gone_from_mailbox(Part::Organizer, edited()), "delete from crm: organizer_deleted"),
        (gone_from_mailbox(Part::Attendee, edited()), "keep severed: not_organizer_stays"),
        (gone_from_crm(Part::Alone, edited()), again_in_crm),
        (gone_from_crm(Part::Organizer, edited()), again_in_crm),
        (gone_from_crm(Part::Attendee, edited()), again_in_crm),
    ];
    for (state, expected) in cases {
        let name = format!("{state:?}");
        assert_eq!(line(&planned(state, &desk())), expected, "{name}");
    }
}

#[test]
fn d09_what_is_made_again_keeps_the_pairs_name_and_takes_its_links_place() {
    let edited = Event { subject: "Other".into(), ..event() };
    let step = planned(gone_from_mailbox(Part::Alone, edited.clone()), &desk());
    let Action::Create { link: new, event: made, before: Some(before), .. } = step.action else { panic!("made again") };
    assert_eq!(*before, link(Part::Alone));
    assert_eq!(new.key, before.key);
    assert_eq!((new.mailbox, new.crm.map(|anchor| anchor.id)), (None, Some(RemoteId::new("c1"))));
    assert_eq!((new.state, *made), (LinkState::Creating { on: Side::Mailbox }, edited));
}

#[test]
fn d09_a_meeting_its_organizer_cancelled_stays_cancelled() {
    let meeting = || cancelled(boxed("m1", event(), Part::Attendee));
    let cancelled_at = |hours| {
        let mailbox = cancelled(boxed("m1", at_hours(hours), Part::Attendee));
        PairState::InStep { link: link(Part::Attendee), mailbox: Some(mailbox), crm: None, moved: true }
    };
    let crm = || boxed("c1", Event { subject: "Other".into(), ..event() }, Part::Alone);
    let edited_in_mailbox = PairState::EditedInMailbox {
        link: link(Part::Attendee),
        mailbox: meeting(),
        crm: None,
        in_mailbox: Fields::new(),
    };
    let edited_in_crm = PairState::EditedInCrm {
        link: link(Part::Attendee),
        mailbox: Some(meeting()),
        crm: crm(),
        in_crm: differing(&crm().event),
    };
    let edited_in_both = PairState::EditedInBoth {
        link: link(Part::Attendee),
        mailbox: meeting(),
        crm: crm(),
        in_mailbox: Fields::new(),
        in_crm: differing(&crm().event),
    };
    let gone_from_crm =
        PairState::GoneFromCrm { link: link(Part::Attendee), mailbox: meeting(), in_mailbox: Fields::new() };
    let follows = "delete from crm: organizer_deleted";
    let cases = [
        ("to come", cancelled_at(1), DeletePolicy::Propagate, follows),
        ("past", cancelled_at(-1), DeletePolicy::Propagate, "keep severed: past_event_stays"),
        ("out of the window", cancelled_at(-24 * 20), DeletePolicy::Propagate, "keep severed: left_window"),
        ("and edited by him", edited_in_mailbox, DeletePolicy::Propagate, follows),
        ("and edited in the crm", edited_in_crm, DeletePolicy::Propagate, follows),
        ("and edited in both", edited_in_both, DeletePolicy::Propagate, follows),
        ("and gone from the crm", gone_from_crm.clone(), DeletePolicy::Propagate, "keep closed: organizer_deleted"),
        ("the policy unlinks", cancelled_at(1), DeletePolicy::Unlink, "keep severed: unlinked_by_policy"),
        ("the policy restores", cancelled_at(1), DeletePolicy::Restore, "keep severed: organizer_deleted"),
        ("restores, gone from the crm", gone_from_crm, DeletePolicy::Restore, "keep closed: organizer_deleted"),
    ];
    for (case, state, delete, expected) in cases {
        assert_eq!(line(&planned(state, &with(delete))), expected, "{case}");
    }
}

#[test]
fn d09_a_cancelled_meeting_is_removed_at_the_version_seen_and_history_keeps_what_stood_there() {
    let crm = boxed("c1", Event { subject: "Theirs".into(), ..event() }, Part::Alone);
    let state = PairState::EditedInBoth {
        link: link(Part::Attendee),
        mailbox: cancelled(boxed("m1", event(), Part::Attendee)),
        in_mailbox: Fields::new(),
        in_crm: differing(&crm.event),
        crm,
    };
    let Action::Delete { expected, before, .. } = planned(state, &desk()).action else { panic!("deleted") };
    assert_eq!(expected.version.as_str(), "v2");
    assert!(before.iter().any(|value| value.text == "Theirs"), "{before:?}");
}

#[test]
fn d10_a_delete_does_what_the_policy_says() {
    let edited = || Event { subject: "Other".into(), ..event() };
    for changed in [event(), edited()] {
        for part in PARTS {
            for state in [gone_from_mailbox(part, changed.clone()), gone_from_crm(part, changed.clone())] {
                let step = planned(state, &with(DeletePolicy::Unlink));
                assert_eq!(line(&step), "keep severed: unlinked_by_policy");
            }
            let restore = with(DeletePolicy::Restore);
            let step = planned(gone_from_crm(part, changed.clone()), &restore);
            assert_eq!(line(&step), "create again in crm: restored_by_policy");
            let expected = match part {
                Part::Alone => "create again in mailbox: restored_by_policy",
                Part::Organizer => "keep severed: organizer_deleted",
                Part::Attendee => "keep severed: not_organizer_stays",
            };
            assert_eq!(line(&planned(gone_from_mailbox(part, changed.clone()), &restore)), expected);
        }
    }
}

#[test]
fn d10_a_delete_removes_what_was_seen_and_history_keeps_it() {
    for (state, side, id) in [
        (gone_from_mailbox(Part::Alone, event()), Side::Crm, "c1"),
        (gone_from_crm(Part::Alone, event()), Side::Mailbox, "m1"),
    ] {
        let Action::Delete { from, expected, before, .. } = planned(state, &desk()).action else { panic!("deleted") };
        assert_eq!((from, expected.id.as_str(), expected.version.as_str()), (side, id, "v2"));
        assert_eq!(before.len(), crate::item::EventField::ALL.len());
    }
}

#[test]
fn d03_nothing_is_removed_or_made_again_out_of_the_window_or_asleep() {
    let far = at_hours(24 * 500);
    for delete in [DeletePolicy::Propagate, DeletePolicy::Restore] {
        for part in PARTS {
            for event in [far.clone(), event()] {
                for mut state in [gone_from_mailbox(part, event.clone()), gone_from_crm(part, event.clone())] {
                    if event != far
                        && let PairState::GoneFromMailbox { link, .. } | PairState::GoneFromCrm { link, .. } =
                            &mut state
                    {
                        link.state = LinkState::Dormant;
                    }
                    assert_eq!(line(&planned(state, &with(delete))), "keep severed: left_window");
                }
            }
        }
    }
}
