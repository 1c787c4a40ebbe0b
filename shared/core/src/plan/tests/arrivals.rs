use super::*;
use crate::cursor::Mode;
use crate::ids::SyncKey;
use crate::item::{EventField, Sensitivity, ShowAs};
use crate::policy::{Conflict, ExistingEvents};
use crate::testing::{at, in_hours, timed};
use crate::time::EventTime;

fn new_in_mailbox(change: impl FnOnce(&mut EventSeen)) -> PairState {
    let mut mailbox = boxed("m1", event(), Part::Alone);
    change(&mut mailbox);
    PairState::NewInMailbox { mailbox }
}

fn new_in_crm(change: impl FnOnce(&mut EventSeen)) -> PairState {
    let mut crm = boxed("c1", event(), Part::Alone);
    change(&mut crm);
    PairState::NewInCrm { crm }
}

fn twins(part: Part, mailbox: Event, crm: Event) -> PairState {
    PairState::TwinsUnlinked { mailbox: boxed("m1", mailbox, part), crm: boxed("c1", crm, Part::Alone) }
}

fn days(first: &str, last: &str) -> EventTime {
    EventTime::AllDay { first: first.parse().unwrap(), last: last.parse().unwrap() }
}

#[test]
fn d05_older_mailbox_items_go_up_only_if_somebody_asks_for_them() {
    let before = at("2031-02-28T23:59:59Z");
    let all = Desk { policy: Policy { existing_events: ExistingEvents::All, ..Policy::default() }, ..desk() };
    let fresh = Desk { mode: Mode::Fresh, ..desk() };
    let old = || new_in_mailbox(|seen| seen.created = before);
    let marked = || {
        new_in_mailbox(|seen| {
            seen.created = before;
            seen.standing.is_marked = true;
        })
    };
    let cases = [
        ("made after the activation", new_in_mailbox(|_| ()), desk(), "create in crm: new_in_mailbox"),
        ("the same, in the first session", new_in_mailbox(|_| ()), fresh.clone(), "create in crm: new_in_mailbox"),
        (
            "made at the activation",
            new_in_mailbox(|seen| seen.created = desk().activated),
            desk(),
            "create in crm: new_in_mailbox",
        ),
        ("older", old(), desk(), "skip mailbox: before_activation"),
        ("older, in the first session", old(), fresh.clone(), "skip mailbox: before_activation"),
        ("older and marked", marked(), fresh.clone(), "create in crm: new_in_mailbox"),
        ("older, the admin asks for all", old(), all, "create in crm: new_in_mailbox"),
        ("older, of the crm", new_in_crm(|seen| seen.created = before), fresh, "create in mailbox: new_in_crm"),
    ];
    for (case, state, desk, expected) in cases {
        assert_eq!(line(&planned(state, &desk)), expected, "{case}");
    }
}

#[test]
fn what_is_created_is_noted_first_with_what_both_sides_will_agree_on() {
    let mut state = new_in_mailbox(|seen| seen.standing = standing(Part::Attendee));
    if let PairState::NewInMailbox { mailbox } = &mut state {
        mailbox.standing.ical_uid = Some("u1".into());
    }
    let Action::Create { link, event: made, before, .. } = planned(state, &desk()).action else { panic!("created") };
    let desk = desk();
    assert_eq!(link.key, SyncKey::of_meeting(&desk.org, "u1", None), "d14: one key, whoever attends");
    assert_eq!(link.state, LinkState::Creating { on: Side::Crm });
    assert_eq!((link.part, link.crm, before), (Part::Attendee, None, None));
    assert_eq!(link.mailbox.map(|anchor| (anchor.id, anchor.version.to_string())), {
        Some((RemoteId::new("m1"), "v2".to_owned()))
    });
    assert_eq!((link.base, *made), (Fingerprints::of(&event(), KEY), event()));
}

#[test]
fn d16_longer_than_14_days_is_parked_with_that_reason() {
    let long = |time| Event { time, ..event() };
    let two_weeks = days("2031-03-10", "2031-03-23");
    let longer = days("2031-03-10", "2031-03-24");
    let to_the_minute = timed("2031-03-10T09:00:00Z", "2031-03-24T09:00:00Z");
    let a_minute_more = timed("2031-03-10T09:00:00Z", "2031-03-24T09:01:00Z");
    for (time, is_too_long) in [(two_weeks, false), (longer, true), (to_the_minute, false), (a_minute_more, true)] {
        let expected = |otherwise: &str| if is_too_long { "park mailbox: too_long" } else { otherwise }.to_owned();
        let planned = |state| line(&planned(state, &desk()));
        assert_eq!(
            planned(new_in_mailbox(|seen| seen.event.time = time)),
            expected("create in crm: new_in_mailbox"),
            "{time:?}"
        );
        assert_eq!(
            planned(edited_in_mailbox(Part::Alone, long(time))),
            expected("mailbox - crm time: edited_in_mailbox")
        );
        let renamed = Event { subject: "Other".into(), ..event() };
        assert_eq!(
            planned(edited_in_both(Part::Alone, long(time), renamed)),
            expected("mailbox subject crm time: edited_in_both")
        );
        assert_eq!(planned(gone_from_crm(Part::Alone, long(time))), expected("create again in crm: edit_beats_delete"));
    }
}

#[test]
fn d16_twins_are_linked_even_if_one_is_too_long_and_the_crm_keeps_its_time() {
    let long = Event { time: days("2031-03-10", "2031-04-10"), location: "Hall".into(), ..event() };
    let policy = Policy { conflict: Conflict::Mailbox, ..Policy::default() };
    let step = planned(twins(Part::Alone, long.clone(), event()), &Desk { policy, ..desk() });
    assert_eq!(line(&step), "mailbox - crm location: twin_adopted");
    let Action::Update { base, .. } = step.action else { panic!("{step:?}") };
    assert_eq!(base.differing(&long, KEY), Fields::from([EventField::Time]), "the mailbox's edit, parked when seen");
}

#[test]
fn d17_private_items_are_marked_or_left_out() {
    let skip = Desk { policy: Policy { private: PrivatePolicy::Skip, ..Policy::default() }, ..desk() };
    for sensitivity in [Sensitivity::Personal, Sensitivity::Private, Sensitivity::Confidential] {
        let private = Event { sensitivity, ..event() };
        let up = || new_in_mailbox(|seen| seen.event.sensitivity = sensitivity);
        let down = || new_in_crm(|seen| seen.event.sensitivity = sensitivity);
        let cases = [
            (up(), desk(), "create in crm: new_in_mailbox"),
            (down(), desk(), "create in mailbox: new_in_crm"),
            (edited_in_mailbox(Part::Alone, private.clone()), desk(), "mailbox - crm sensitivity: edited_in_mailbox"),
            (edited_in_crm(Part::Alone, private.clone()), desk(), "mailbox sensitivity crm -: edited_in_crm"),
            (edited_in_crm(Part::Attendee, private.clone()), desk(), "mailbox sensitivity crm -: edited_in_crm"),
            (up(), skip.clone(), "skip mailbox: private_left_out"),
            (down(), skip.clone(), "skip crm: private_left_out"),
            (edited_in_mailbox(Part::Alone, private.clone()), skip.clone(), "keep dormant: private_left_out"),
            (edited_in_crm(Part::Alone, private.clone()), skip.clone(), "keep dormant: private_left_out"),
            (twins(Part::Alone, private.clone(), event()), skip.clone(), "link dormant: private_left_out"),
            (gone_from_crm(Part::Alone, private.clone()), skip.clone(), "keep severed: private_left_out"),
            (gone_from_mailbox(Part::Alone, private), skip.clone(), "keep severed: private_left_out"),
        ];
        for (state, desk, expected) in cases {
            let name = format!("{state:?}");
            assert_eq!(line(&planned(state, &desk)), expected, "{name}");
        }
    }
    let up = new_in_mailbox(|seen| seen.event.sensitivity = Sensitivity::Confidential);
    let Action::Create { event, .. } = planned(up, &desk()).action else { panic!("created") };
    assert!(event.sensitivity.is_private());
}

#[test]
fn d17_linking_twins_makes_neither_public() {
    let private = Event { sensitivity: Sensitivity::Private, ..event() };
    for mode in [Mode::Fresh, Mode::Incremental] {
        let desk = Desk { mode, ..desk() };
        let step = planned(twins(Part::Alone, private.clone(), event()), &desk);
        assert_eq!(line(&step), "mailbox - crm sensitivity: twin_adopted");
        let step = planned(twins(Part::Alone, event(), private.clone()), &desk);
        assert_eq!(line(&step), "mailbox sensitivity crm -: twin_adopted");
    }
}

#[test]
fn d20_declined_is_not_mirrored_and_unanswered_by_policy() {
    let strict = Desk { policy: Policy { mirror_unanswered: false, ..Policy::default() }, ..desk() };
    let answered = |response| {
        let mut mailbox = boxed("m1", event(), Part::Attendee);
        mailbox.standing.response = response;
        mailbox
    };
    let cases = [
        (Response::Accepted, true, true),
        (Response::Tentative, true, true),
        (Response::Organizer, true, true),
        (Response::None, true, false),
        (Response::Declined, false, false),
    ];
    for (response, by_default, if_strict) in cases {
        for (desk, is_mirrored) in [(desk(), by_default), (strict.clone(), if_strict)] {
            let reason = if response == Response::Declined { "declined" } else { "unanswered" };
            let expected = |otherwise: &str, left: &str| {
                if is_mirrored { otherwise.to_owned() } else { format!("{left}: {reason}") }
            };
            let mailbox = || answered(response);
            let new = PairState::NewInMailbox { mailbox: mailbox() };
            assert_eq!(line(&planned(new, &desk)), expected("create in crm: new_in_mailbox", "skip mailbox"));
            let crm = boxed("c1", event(), Part::Alone);
            let twins = PairState::TwinsUnlinked { mailbox: mailbox(), crm };
            assert_eq!(line(&planned(twins, &desk)), expected("mailbox - crm -: twin_adopted", "link dormant"));
            let in_step =
                PairState::InStep { link: link(Part::Attendee), mailbox: Some(mailbox()), crm: None, moved: false };
            assert_eq!(line(&planned(in_step, &desk)), expected("nothing: in_step", "keep dormant"));
            let gone =
                PairState::GoneFromCrm { link: link(Part::Attendee), mailbox: mailbox(), in_mailbox: Fields::new() };
            assert_eq!(line(&planned(gone, &desk)), expected("keep severed: not_organizer_stays", "keep severed"));
        }
    }
}

#[test]
fn what_is_not_ready_or_not_ours_to_mirror_is_skipped() {
    type Change = fn(&mut EventSeen);
    let cases: [(Change, &str); 5] = [
        (|seen| seen.standing.is_draft = true, "draft"),
        (|seen| seen.standing.recurrence = Recurrence::SeriesMaster, "series"),
        (|seen| seen.standing.recurrence = Recurrence::Occurrence, "series"),
        (|seen| seen.event.time = in_hours(24 * 500), "outside_window"),
        (|seen| seen.standing.is_cancelled = true, "organizer_deleted"),
    ];
    for (change, reason) in cases {
        assert_eq!(line(&planned(new_in_mailbox(change), &desk())), format!("skip mailbox: {reason}"));
        assert_eq!(line(&planned(new_in_crm(change), &desk())), format!("skip crm: {reason}"));
        let mut mailbox = boxed("m1", event(), Part::Alone);
        change(&mut mailbox);
        let copy = PairState::CopyInMailbox { mailbox };
        assert_eq!(line(&planned(copy, &desk())), format!("skip mailbox: {reason}"));
    }
}

#[test]
fn x17_a_copy_is_left_to_the_person_who_made_it() {
    let copy = PairState::CopyInMailbox { mailbox: boxed("m2", event(), Part::Alone) };
    assert_eq!(line(&planned(copy, &desk())), "skip mailbox: copy");
}

#[test]
fn p03_twins_are_linked_and_made_the_same() {
    let changed = || Event { location: "Room 2".into(), ..event() };
    let nowhere = || Event { location: String::new(), ..event() };
    let tentative = Event { show_as: ShowAs::Tentative, ..event() };
    let (first, later) = (Desk { mode: Mode::Fresh, ..desk() }, desk());
    let again = Desk { mode: Mode::FullScan { generation: 1 }, ..desk() };
    let (alone, own, others) = (Part::Alone, Part::Organizer, Part::Attendee);
    let cases = [
        ("alike", twins(alone, event(), event()), &first, "mailbox - crm -: twin_adopted"),
        ("d12: a lossy value", twins(alone, tentative, event()), &first, "mailbox - crm -: twin_adopted"),
        ("d05: first the crm's", twins(alone, event(), changed()), &first, "mailbox location crm -: twin_adopted"),
        ("later the newest", twins(alone, event(), changed()), &later, "mailbox - crm location: twin_adopted"),
        ("and in a full scan", twins(alone, event(), changed()), &again, "mailbox - crm location: twin_adopted"),
        ("d13: never blanked", twins(alone, event(), nowhere()), &first, "mailbox - crm location: twin_adopted"),
        ("own meeting, moved", twins(own, event(), changed()), &first, "mailbox location crm -: twin_adopted"),
        ("d18: somebody else's", twins(others, event(), changed()), &first, "mailbox - crm -: twin_adopted"),
        ("d13 and d18", twins(others, nowhere(), event()), &later, "mailbox - crm -: twin_adopted"),
    ];
    for (case, state, desk, expected) in cases {
        assert_eq!(line(&planned(state, desk)), expected, "{case}");
    }
}

#[test]
fn d18_what_twins_may_not_be_told_remains_the_crms_edit() {
    let crm = Event { location: "Room 2".into(), ..event() };
    let step = planned(twins(Part::Attendee, event(), crm.clone()), &Desk { mode: Mode::Fresh, ..desk() });
    let Action::Update { link, base, .. } = &step.action else { panic!("{step:?}") };
    assert_eq!(link.state, LinkState::Linked);
    assert_eq!(base.differing(&event(), KEY), Fields::new(), "so the mailbox does not look edited");
    assert_eq!(base.differing(&crm, KEY), Fields::from([EventField::Location]));
}

#[test]
fn d10_linking_removes_nothing() {
    let crm = boxed("c1", event(), Part::Alone);
    let mailbox = cancelled(boxed("m1", event(), Part::Attendee));
    let step = planned(PairState::TwinsUnlinked { mailbox, crm }, &desk());
    assert_eq!(line(&step), "link severed: organizer_deleted");
}

#[test]
fn d03_twins_out_of_the_window_are_linked_and_rest() {
    let far = Event { time: in_hours(24 * 500), ..event() };
    assert_eq!(line(&planned(twins(Part::Alone, far.clone(), far), &desk())), "link dormant: left_window");
}

#[test]
fn twins_are_linked_under_the_key_they_hold() {
    let key = |held: [Option<&str>; 2]| {
        let [mailbox, crm] = held.map(|key| key.map(SyncKey::from_text));
        let mailbox = Box::new(EventSeen { key: mailbox, ..seen("m1", event()) });
        let crm = Box::new(EventSeen { key: crm, ..seen("c1", event()) });
        match planned(PairState::TwinsUnlinked { mailbox, crm }, &desk()).action {
            Action::Update { link, .. } => link.key,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(key([Some("k"), None]).as_str(), "k");
    assert_eq!(key([None, Some("k")]).as_str(), "k");
    assert_eq!(key([None, None]), SyncKey::of_meeting(&desk().org, "m1", None));
}

#[test]
fn a_record_with_our_key_awaits_its_source_instead_of_being_doubled() {
    let keyed = || new_in_crm(|seen| seen.key = Some(SyncKey::from_text("k")));
    let cases = [
        ("its source did not show itself yet", Mode::Incremental, "skip crm: awaits_source"),
        ("everything was listed, and no source", Mode::FullScan { generation: 1 }, "create in mailbox: new_in_crm"),
        ("the same, in the first session", Mode::Fresh, "create in mailbox: new_in_crm"),
    ];
    for (case, mode, expected) in cases {
        assert_eq!(line(&planned(keyed(), &Desk { mode, ..desk() })), expected, "{case}");
    }
}
