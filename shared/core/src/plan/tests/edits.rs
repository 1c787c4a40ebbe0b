use super::*;
use crate::item::{EventField, ShowAs};
use crate::policy::Conflict;
use crate::testing::{at, in_hours};

fn renamed(subject: &str) -> Event {
    Event { subject: subject.into(), ..event() }
}

fn elsewhere(location: &str) -> Event {
    Event { location: location.into(), ..event() }
}

#[test]
fn d08_each_edit_goes_to_the_other_side_and_only_it() {
    let cases = [
        (edited_in_mailbox(Part::Alone, renamed("A")), "mailbox - crm subject: edited_in_mailbox"),
        (edited_in_mailbox(Part::Attendee, renamed("A")), "mailbox - crm subject: edited_in_mailbox"),
        (edited_in_crm(Part::Alone, renamed("B")), "mailbox subject crm -: edited_in_crm"),
        (edited_in_both(Part::Alone, renamed("A"), elsewhere("B")), "mailbox location crm subject: edited_in_both"),
        (edited_in_both(Part::Alone, renamed("A"), renamed("A")), "mailbox - crm -: edited_in_both"),
    ];
    for (state, expected) in cases {
        let name = format!("{state:?}");
        let step = planned(state, &desk());
        assert_eq!(line(&step), expected, "{name}");
        let Action::Update { link, .. } = step.action else { panic!("{name}") };
        assert_eq!(link.state, LinkState::Linked);
    }
}

#[test]
fn d08_both_agree_on_the_merge_afterwards() {
    let step = planned(edited_in_both(Part::Alone, renamed("A"), elsewhere("B")), &desk());
    let Action::Update { link, base, mailbox, crm, .. } = step.action else { panic!("updated") };
    let merged = Event { subject: "A".into(), location: "B".into(), ..event() };
    assert_eq!(base, Fingerprints::of(&merged, KEY));
    assert_eq!(mailbox.map(|patch| patch.item), Some(merged.clone()));
    assert_eq!(crm.map(|patch| patch.item), Some(merged));
    for side in Side::BOTH {
        let version = link.anchor(side).map(|anchor| anchor.version.as_str());
        assert_eq!(version, Some("v2"), "written only over what was seen");
    }
}

#[test]
fn d08_the_unseen_side_is_written_only_at_the_version_agreed_on() {
    let Action::Update { link, .. } = planned(edited_in_mailbox(Part::Alone, renamed("A")), &desk()).action else {
        panic!("updated")
    };
    assert_eq!(link.crm.map(|anchor| anchor.version.to_string()), Some("v1".to_owned()));
}

#[test]
fn d08_a_conflict_goes_as_the_policy_says_and_the_loser_is_kept() {
    let early = at("2031-03-06T08:00:00Z");
    let late = at("2031-03-06T08:00:01Z");
    let (mailbox, crm) = ((Side::Mailbox, "conflict_mailbox_wins"), (Side::Crm, "conflict_crm_wins"));
    let cases = [
        (Conflict::Newest, late, early, mailbox),
        (Conflict::Newest, early, late, crm),
        (Conflict::Newest, early, early, mailbox),
        (Conflict::Mailbox, early, late, mailbox),
        (Conflict::Crm, late, early, crm),
    ];
    for (conflict, in_mailbox, in_crm, (winner, reason)) in cases {
        let mut state = edited_in_both(Part::Alone, renamed("A"), renamed("B"));
        if let PairState::EditedInBoth { mailbox, crm, .. } = &mut state {
            (mailbox.modified, crm.modified) = (in_mailbox, in_crm);
        }
        let step = planned(state, &Desk { policy: Policy { conflict, ..Policy::default() }, ..desk() });
        let (written, lost) = match winner {
            Side::Mailbox => ("mailbox - crm subject", "B"),
            Side::Crm => ("mailbox subject crm -", "A"),
        };
        assert_eq!(line(&step), format!("{written}: {reason}"), "{conflict:?}");
        let Action::Update { before, .. } = step.action else { panic!("{step:?}") };
        assert_eq!(before, [Value { field: EventField::Subject, text: lost.into() }]);
    }
}

#[test]
fn d13_the_reason_names_who_really_won() {
    let policy = Policy { conflict: Conflict::Mailbox, ..Policy::default() };
    let step = planned(edited_in_both(Part::Alone, elsewhere(""), elsewhere("B")), &Desk { policy, ..desk() });
    assert_eq!(line(&step), "mailbox location crm -: conflict_crm_wins");
}

#[test]
fn d12_tentative_is_not_written_back_as_busy() {
    let tentative = Event { show_as: ShowAs::Tentative, ..event() };
    let renamed_in_crm = renamed("B");
    let states = crate::pair::join(
        desk().scope(),
        vec![crate::testing::present(seen("m1", tentative))],
        vec![crate::testing::present(seen("c1", renamed_in_crm))],
        vec![link(Part::Alone)],
    );
    let lines: Vec<_> = states.into_iter().map(|state| line(&planned(state, &desk()))).collect();
    assert_eq!(lines, ["mailbox subject crm -: edited_in_crm"]);
}

#[test]
fn d12_settled_means_silent() {
    for (moved, expected) in [(false, "nothing: in_step"), (true, "keep linked: in_step")] {
        let mailbox = Some(boxed("m1", event(), Part::Alone));
        let state = PairState::InStep { link: link(Part::Alone), mailbox, crm: None, moved };
        assert_eq!(line(&planned(state, &desk())), expected);
    }
}

#[test]
fn d18_x18_the_crms_edits_mail_nobody_by_accident() {
    let moved = |hours| Event { time: in_hours(hours), ..event() };
    let begun = |event: Event| Event { time: in_hours(-1), ..event };
    let free = Event { show_as: ShowAs::Free, ..event() };
    let remind = Event { reminder_minutes: None, ..event() };
    let noted = Event { body: "Notes".into(), ..event() };
    let moved_and_renamed = Event { subject: "B".into(), ..moved(5) };
    let (alone, own, others) = (Part::Alone, Part::Organizer, Part::Attendee);
    let cases = [
        ("nobody is in it", alone, noted.clone(), "mailbox body crm -: edited_in_crm"),
        ("nobody is in it, and it is past", alone, moved(-30), "mailbox time crm -: edited_in_crm"),
        ("own: text only", own, noted.clone(), "park crm: would_mail_attendees"),
        ("own: subject only", own, renamed("B"), "park crm: would_mail_attendees"),
        ("own: time", own, moved(5), "mailbox time crm -: edited_in_crm"),
        ("own: place", own, elsewhere("B"), "mailbox location crm -: edited_in_crm"),
        ("own: time, and the rest with it", own, moved_and_renamed, "mailbox subject+time crm -: edited_in_crm"),
        ("own: to a time that is past", own, moved(-30), "park crm: would_mail_attendees"),
        ("own: to a time that has begun", own, begun(event()), "park crm: would_mail_attendees"),
        ("own: show-as only", own, free.clone(), "park crm: would_mail_attendees"),
        ("own: the reminder", own, remind, "mailbox reminder crm -: edited_in_crm"),
        ("somebody else's: text", others, noted, "park crm: not_organizer"),
        ("somebody else's: time", others, moved(5), "park crm: not_organizer"),
        ("somebody else's: what is the user's own", others, free, "mailbox show_as crm -: edited_in_crm"),
    ];
    for (case, part, crm, expected) in cases {
        assert_eq!(line(&planned(edited_in_crm(part, crm), &desk())), expected, "{case}");
    }
}

#[test]
fn d18_what_waits_in_the_crm_does_not_keep_the_mailboxs_edits_from_it() {
    let later = Event { time: in_hours(5), ..event() };
    for part in [Part::Organizer, Part::Attendee] {
        let step = planned(edited_in_both(part, later.clone(), renamed("B")), &desk());
        assert_eq!(line(&step), "mailbox - crm time: edited_in_both");
        let Action::Update { base, .. } = step.action else { panic!("{step:?}") };
        assert_eq!(base.differing(&later, KEY), Fields::new());
        let crm = Event { subject: "B".into(), ..later.clone() };
        assert_eq!(base.differing(&crm, KEY), Fields::from([EventField::Subject]), "still the crm's edit");
    }
    let free_and_renamed = Event { show_as: ShowAs::Free, ..renamed("B") };
    let step = planned(edited_in_both(Part::Attendee, later.clone(), free_and_renamed), &desk());
    assert_eq!(line(&step), "mailbox show_as crm time: edited_in_both");
    let step = planned(edited_in_both(Part::Attendee, renamed("A"), renamed("A")), &desk());
    assert_eq!(line(&step), "mailbox - crm -: edited_in_both", "nothing is left to write");
    let step =
        planned(edited_in_both(Part::Attendee, renamed("A"), Event { location: "B".into(), ..renamed("A") }), &desk());
    assert_eq!(line(&step), "park crm: not_organizer");
    let Action::Park { link: Some(link), .. } = step.action else { panic!("{step:?}") };
    assert_eq!(link.base, Fingerprints::of(&renamed("A"), KEY), "what they do agree on is noted");
    let crm_wins = Desk { policy: Policy { conflict: Conflict::Crm, ..Policy::default() }, ..desk() };
    let step = planned(edited_in_both(Part::Attendee, renamed("A"), renamed("B")), &crm_wins);
    assert_eq!(line(&step), "park crm: not_organizer");
}

#[test]
fn d03_what_leaves_the_window_rests_and_wakes_with_both_sides_seen() {
    let far = Event { time: in_hours(24 * 500), ..event() };
    let dormant = || Link { state: LinkState::Dormant, ..link(Part::Alone) };
    let both = |link, moved| PairState::InStep {
        link,
        mailbox: Some(boxed("m1", event(), Part::Alone)),
        crm: Some(boxed("c1", event(), Part::Alone)),
        moved,
    };
    let aged = |link| PairState::InStep {
        link,
        mailbox: Some(boxed("m1", far.clone(), Part::Alone)),
        crm: None,
        moved: false,
    };
    let asleep = |mut state: PairState| {
        if let PairState::EditedInMailbox { link, crm, .. } = &mut state {
            link.state = LinkState::Dormant;
            *crm = Some(boxed("c1", event(), Part::Alone));
        }
        state
    };
    let cases = [
        ("got old", aged(link(Part::Alone)), "keep dormant: left_window"),
        ("is old", aged(dormant()), "nothing: left_window"),
        ("moved out", edited_in_mailbox(Part::Alone, far.clone()), "keep dormant: left_window"),
        ("moved out in the crm", edited_in_crm(Part::Alone, far.clone()), "keep dormant: left_window"),
        (
            "d18: only the organizer can move it out",
            edited_in_crm(Part::Attendee, far.clone()),
            "park crm: not_organizer",
        ),
        (
            "d18: moved out by its organizer, moved in the crm",
            edited_in_both(Part::Attendee, far.clone(), Event { time: in_hours(5), ..event() }),
            "keep dormant: left_window",
        ),
        (
            "moved out in one, edited in the other",
            edited_in_both(Part::Alone, far.clone(), renamed("B")),
            "keep dormant: left_window",
        ),
        ("edited out there", asleep(edited_in_mailbox(Part::Alone, far.clone())), "nothing: left_window"),
        ("back as it was", both(dormant(), false), "keep linked: back_in_window"),
        (
            "back and edited",
            asleep(edited_in_mailbox(Part::Alone, renamed("A"))),
            "mailbox - crm subject: edited_in_mailbox",
        ),
    ];
    for (case, state, expected) in cases {
        let step = planned(state, &desk());
        assert_eq!(line(&step), expected, "{case}");
        if let Action::Update { link, .. } = step.action {
            assert_eq!(link.state, LinkState::Linked, "{case}");
        }
    }
}

#[test]
fn d03_what_is_no_longer_suitable_rests_until_it_is() {
    type Change = fn(&mut EventSeen);
    let cases: [(Change, &str); 3] = [
        (|seen| seen.standing.is_draft = true, "draft"),
        (|seen| seen.standing.recurrence = Recurrence::SeriesMaster, "series"),
        (|seen| seen.standing.response = Response::Declined, "declined"),
    ];
    for (change, reason) in cases {
        let mut mailbox = boxed("m1", renamed("A"), Part::Attendee);
        change(&mut mailbox);
        let edited = PairState::EditedInMailbox {
            link: link(Part::Attendee),
            in_mailbox: differing(&mailbox.event),
            mailbox: mailbox.clone(),
            crm: None,
        };
        assert_eq!(line(&planned(edited, &desk())), format!("keep dormant: {reason}"));
        let beside = PairState::EditedInCrm {
            link: link(Part::Attendee),
            mailbox: Some(mailbox),
            crm: boxed("c1", renamed("B"), Part::Alone),
            in_crm: Fields::from([EventField::Subject]),
        };
        assert_eq!(line(&planned(beside, &desk())), format!("keep dormant: {reason}"));
    }
}
