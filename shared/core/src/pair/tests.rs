use super::*;
use crate::item::{Event, ShowAs};
use crate::testing::{desk, event, gone, in_hours, link, present, seen, standing};

/// What it shows, what the mailbox has, what else there is, and the names of what comes of it.
type Case<T> = (&'static str, Vec<Observation>, Vec<T>, &'static [&'static str]);

fn joined(mailbox: Vec<Observation>, crm: Vec<Observation>, links: Vec<Link>) -> Vec<PairState> {
    join(desk().scope(), mailbox, crm, links)
}

/// What a state is, in a word, and what changed.
fn name(state: &PairState) -> String {
    let changed = |fields: &Fields| fields.iter().map(|field| field.name()).collect::<Vec<_>>().join("+");
    match state {
        PairState::NewInMailbox { mailbox } => format!("new in mailbox {}", mailbox.id),
        PairState::NewInCrm { crm } => format!("new in crm {}", crm.id),
        PairState::TwinsUnlinked { mailbox, crm } => format!("twins {} {}", mailbox.id, crm.id),
        PairState::CopyInMailbox { mailbox } => format!("copy {}", mailbox.id),
        PairState::InStep { moved: false, .. } => "in step".into(),
        PairState::InStep { moved: true, .. } => "in step, moved".into(),
        PairState::EditedInMailbox { in_mailbox, .. } => format!("edited in mailbox: {}", changed(in_mailbox)),
        PairState::EditedInCrm { in_crm, .. } => format!("edited in crm: {}", changed(in_crm)),
        PairState::EditedInBoth { in_mailbox, in_crm, .. } => {
            format!("edited in both: {} / {}", changed(in_mailbox), changed(in_crm))
        }
        PairState::GoneFromMailbox { in_crm, .. } => format!("gone from mailbox, edited: {}", changed(in_crm)),
        PairState::GoneFromCrm { in_mailbox, .. } => format!("gone from crm, edited: {}", changed(in_mailbox)),
        PairState::GoneFromBoth { .. } => "gone from both".into(),
        PairState::LeftAlone { mailbox, crm, .. } => format!("left alone, seen: {mailbox} {crm}"),
        PairState::Unreadable { side, id, .. } => format!("unreadable {} {id}", side.name()),
        PairState::NeverKnown { side, id } => format!("never known {} {id}", side.name()),
    }
}

fn names(states: &[PairState]) -> Vec<String> {
    states.iter().map(name).collect()
}

fn unreadable_one(id: &str) -> Observation {
    Observation::Unreadable { id: RemoteId::new(id), problem: "no start".into() }
}

fn agreed(id: &str) -> Observation {
    let mut seen = seen(id, event());
    seen.version = crate::ids::Version::new("v1");
    present(seen)
}

fn renamed(id: &str) -> Observation {
    present(seen(id, Event { subject: "Other".into(), ..event() }))
}

fn moved_in_place(id: &str) -> Observation {
    present(seen(id, Event { location: "Room 2".into(), ..event() }))
}

#[test]
fn every_pair_of_observations_of_a_link_is_one_situation() {
    type Case = (&'static str, Option<Observation>, Option<Observation>, [&'static [&'static str]; 2]);
    let states = [LinkState::Linked, LinkState::Dormant];
    let cases: [Case; 16] = [
        ("nothing seen", None, None, [&[], &[]]),
        ("agreed, mailbox", Some(agreed("m1")), None, [&["in step"], &["unreadable mailbox m1"]]),
        ("agreed, crm", None, Some(agreed("c1")), [&["in step"], &["unreadable crm c1"]]),
        ("agreed", Some(agreed("m1")), Some(agreed("c1")), [&["in step"], &["in step"]]),
        ("touched", Some(present(seen("m1", event()))), Some(agreed("c1")), [&["in step, moved"], &["in step, moved"]]),
        ("edited", Some(renamed("m1")), None, [&["edited in mailbox: subject"], &["unreadable mailbox m1"]]),
        (
            "edited, and the other seen",
            Some(renamed("m1")),
            Some(agreed("c1")),
            [&["edited in mailbox: subject"], &["edited in mailbox: subject"]],
        ),
        ("edited in crm", None, Some(renamed("c1")), [&["edited in crm: subject"], &["unreadable crm c1"]]),
        (
            "edited in both",
            Some(renamed("m1")),
            Some(moved_in_place("c1")),
            [&["edited in both: subject / location"], &["edited in both: subject / location"]],
        ),
        ("gone, and agreed", Some(gone("m1")), Some(agreed("c1")), [&["gone from mailbox, edited: "]; 2]),
        ("gone, and edited", Some(gone("m1")), Some(renamed("c1")), [&["gone from mailbox, edited: subject"]; 2]),
        ("gone from crm", Some(renamed("m1")), Some(gone("c1")), [&["gone from crm, edited: subject"]; 2]),
        ("gone from both", Some(gone("m1")), Some(gone("c1")), [&["gone from both"]; 2]),
        ("one read too few", Some(gone("m1")), None, [&["unreadable mailbox m1"]; 2]),
        ("unreadable", Some(unreadable_one("m1")), None, [&["unreadable mailbox m1"]; 2]),
        (
            "unreadable beside gone",
            Some(gone("m1")),
            Some(unreadable_one("c1")),
            [&["unreadable crm c1", "unreadable mailbox m1"]; 2],
        ),
    ];
    for (case, mailbox, crm, expected) in cases {
        for (state, expected) in states.into_iter().zip(expected) {
            let link = Link { state, ..link(Part::Alone) };
            let states = joined(Vec::from_iter(mailbox.clone()), Vec::from_iter(crm.clone()), vec![link]);
            assert_eq!(names(&states), expected, "{case}, {state:?}");
        }
    }
}

#[test]
fn a_link_that_ended_is_left_alone_and_one_that_never_began_does_not_count() {
    let began = LinkState::Creating { on: Side::Crm };
    let cases = [
        (LinkState::Severed, vec!["left alone, seen: true false"]),
        (LinkState::Closed { since: desk().now }, vec!["left alone, seen: true false"]),
        (began, vec!["new in mailbox m1"]),
    ];
    for (state, expected) in cases {
        let states = joined(vec![renamed("m1")], vec![], vec![Link { state, ..link(Part::Alone) }]);
        assert_eq!(names(&states), expected, "{state:?}");
    }
    let halved = Link { crm: None, ..link(Part::Alone) };
    assert_eq!(names(&joined(vec![renamed("m1")], vec![], vec![halved])), ["new in mailbox m1"]);
}

#[test]
fn what_nothing_links_is_new_or_never_known() {
    let states = joined(
        vec![renamed("m1"), gone("m2"), unreadable_one("m3")],
        vec![moved_in_place("c1"), gone("c2"), unreadable_one("c3")],
        vec![],
    );
    let expected = [
        "never known mailbox m2",
        "unreadable mailbox m3",
        "never known crm c2",
        "unreadable crm c3",
        "new in mailbox m1",
        "new in crm c1",
    ];
    assert_eq!(names(&states), expected);
}

#[test]
fn of_several_observations_of_one_item_the_last_counts() {
    let states = joined(vec![gone("m1"), agreed("m1")], vec![], vec![link(Part::Alone)]);
    assert_eq!(names(&states), ["in step"], "moved away and back");
}

#[test]
fn a_version_is_kept_back_until_its_edit_is_carried_over() {
    let states = joined(vec![renamed("m1")], vec![present(seen("c1", event()))], vec![link(Part::Alone)]);
    let [PairState::EditedInMailbox { link, .. }] = states.as_slice() else { panic!("{states:?}") };
    let version = |side| link.anchor(side).map(|anchor| anchor.version.as_str());
    assert_eq!((version(Side::Mailbox), version(Side::Crm)), (Some("v1"), Some("v2")));
}

#[test]
fn d18_the_part_is_what_the_mailbox_says_now() {
    let mut mailbox = seen("m1", event());
    mailbox.standing = standing(Part::Attendee);
    let states = joined(vec![present(mailbox)], vec![], vec![link(Part::Alone)]);
    let [PairState::InStep { link, moved: true, .. }] = states.as_slice() else { panic!("{states:?}") };
    assert_eq!(link.part, Part::Attendee);
}

#[test]
fn d12_what_the_crm_cannot_express_is_no_edit() {
    let tentative = |id| present(seen(id, Event { show_as: ShowAs::Tentative, ..event() }));
    let states = joined(vec![tentative("m1")], vec![agreed("c1")], vec![link(Part::Alone)]);
    assert_eq!(names(&states), ["in step, moved"]);
    let states = joined(vec![tentative("m1")], vec![renamed("c1")], vec![link(Part::Alone)]);
    assert_eq!(names(&states), ["edited in crm: subject"]);
}

fn keyed(id: &str, key: &SyncKey, event: Event) -> Observation {
    let mut seen = seen(id, event);
    seen.key = Some(key.clone());
    present(seen)
}

fn with_uid(id: &str, uid: &str, event: Event) -> Observation {
    let mut seen = seen(id, event);
    seen.standing.ical_uid = Some(uid.into());
    present(seen)
}

#[test]
fn p03_twins_are_found_by_key_and_else_by_looks() {
    let desk = desk();
    let of_c1 = SyncKey::of_crm_record(&desk.org, &desk.user, &RemoteId::new("c1"));
    let of_uid = SyncKey::of_meeting(&desk.org, "u1", None);
    let other = || Event { subject: "Elsewhere".into(), time: in_hours(90), ..event() };
    let loud = Event { subject: " REVIEW ".into(), location: "Room 9".into(), ..event() };
    let later = Event { time: in_hours(3), ..event() };
    let cases: [Case<Observation>; 9] = [
        ("subject and time", vec![agreed("m1")], vec![present(seen("c1", loud))], &["twins m1 c1"]),
        ("another time", vec![agreed("m1")], vec![present(seen("c1", later))], &["new in mailbox m1", "new in crm c1"]),
        (
            "two alike on each side",
            vec![agreed("m1"), agreed("m2")],
            vec![agreed("c1"), agreed("c2")],
            &["twins m1 c1", "twins m2 c2"],
        ),
        ("two alike and one", vec![agreed("m1")], vec![agreed("c1"), agreed("c2")], &["twins m1 c1", "new in crm c2"]),
        (
            "made from the crm's, its link lost",
            vec![keyed("m1", &of_c1, event())],
            vec![present(seen("c1", other()))],
            &["twins m1 c1"],
        ),
        (
            "made from the mailbox's",
            vec![with_uid("m1", "u1", event())],
            vec![keyed("c1", &of_uid, other())],
            &["twins m1 c1"],
        ),
        (
            "by key before by looks",
            vec![agreed("m1"), with_uid("m2", "u1", other())],
            vec![keyed("c1", &of_uid, event())],
            &["twins m2 c1", "new in mailbox m1"],
        ),
        (
            "made for another, however alike",
            vec![agreed("m1")],
            vec![keyed("c1", &of_uid, event())],
            &["new in mailbox m1", "new in crm c1"],
        ),
        (
            "made again under the pair's own key",
            vec![keyed("m1", &of_uid, event())],
            vec![keyed("c1", &of_uid, other())],
            &["twins m1 c1"],
        ),
    ];
    for (case, mailbox, crm, expected) in cases {
        assert_eq!(names(&joined(mailbox, crm, vec![])), expected, "{case}");
    }
}

#[test]
fn x17_a_copy_is_known_by_its_key_or_its_identity() {
    let key = SyncKey::from_text("k1");
    let uid_key = SyncKey::of_meeting(&desk().org, "u1", None);
    let linked = |key: SyncKey| Link { key, ..link(Part::Alone) };
    let cases: [Case<Link>; 4] = [
        (
            "beside its original",
            vec![agreed("m1"), keyed("m2", &key, event())],
            vec![linked(key.clone())],
            &["in step", "copy m2"],
        ),
        ("its original not seen", vec![keyed("m2", &key, event())], vec![], &["copy m2"]),
        (
            "the same uid twice",
            vec![with_uid("m1", "u1", event()), with_uid("m2", "u1", event())],
            vec![],
            &["new in mailbox m1", "copy m2"],
        ),
        (
            "the uid of what is linked",
            vec![agreed("m1"), with_uid("m2", "u1", event())],
            vec![linked(uid_key)],
            &["in step", "copy m2"],
        ),
    ];
    for (case, mailbox, links, expected) in cases {
        assert_eq!(names(&joined(mailbox, vec![], links)), expected, "{case}");
    }
}

#[test]
fn d10_a_delete_is_decided_with_both_sides_read() {
    type Case = (&'static str, Vec<Observation>, Vec<Observation>, LinkState, [&'static [&'static str]; 2]);
    let mut cancelled = seen("m1", event());
    cancelled.standing.is_cancelled = true;
    let cancelled = present(cancelled);
    let (linked, dormant) = (LinkState::Linked, LinkState::Dormant);
    let cases: [Case; 9] = [
        ("an edit", vec![renamed("m1")], vec![], linked, [&[], &[]]),
        ("gone from the mailbox", vec![gone("m1")], vec![], linked, [&["m1"], &["c1"]]),
        ("gone from the crm", vec![], vec![gone("c1")], linked, [&["m1"], &["c1"]]),
        ("gone, the other seen", vec![gone("m1")], vec![renamed("c1")], linked, [&["m1"], &["c1"]]),
        ("cancelled", vec![cancelled.clone()], vec![], linked, [&[], &["c1"]]),
        ("cancelled, the other seen", vec![cancelled], vec![agreed("c1")], linked, [&[], &[]]),
        ("asleep", vec![], vec![agreed("c1")], dormant, [&["m1"], &[]]),
        ("gone, but severed", vec![gone("m1")], vec![], LinkState::Severed, [&[], &[]]),
        ("gone, but closed", vec![gone("m1")], vec![], LinkState::Closed { since: desk().now }, [&[], &[]]),
    ];
    for (case, mailbox, crm, state, expected) in cases {
        let reads = to_be_read(&mailbox, &crm, &[Link { state, ..link(Part::Alone) }]);
        assert_eq!(reads.map(|ids| ids.iter().map(ToString::to_string).collect::<Vec<_>>()), expected, "{case}");
    }
}

#[test]
fn d13_what_a_side_cannot_show_was_not_emptied() {
    let hiding = |id: &str, event: Event| {
        let mut seen = seen(id, event);
        seen.standing.hidden = Fields::from([EventField::Location, EventField::ShowAs]);
        present(seen)
    };
    let bare = Event { location: String::new(), show_as: ShowAs::Free, ..event() };
    let renamed_bare = Event { subject: "Renamed".into(), ..bare.clone() };
    let moved = Event { location: "Room 9".into(), ..event() };
    let cases: [Case<Observation>; 6] = [
        ("seen alone", vec![], vec![hiding("c1", bare.clone())], &["in step"]),
        ("seen with the other", vec![agreed("m1")], vec![hiding("c1", bare.clone())], &["in step"]),
        ("edited besides", vec![], vec![hiding("c1", renamed_bare.clone())], &["edited in crm: subject"]),
        (
            "edited on the other side",
            vec![present(seen("m1", moved.clone()))],
            vec![hiding("c1", bare.clone())],
            &["edited in mailbox: location"],
        ),
        (
            "lost on the other side",
            vec![gone("m1")],
            vec![hiding("c1", renamed_bare)],
            &["gone from mailbox, edited: subject"],
        ),
        ("new on both sides", vec![present(seen("m2", event()))], vec![hiding("c2", bare)], &["twins m2 c2"]),
    ];
    for (case, mailbox, crm, expected) in cases {
        let states = joined(mailbox, crm, vec![link(Part::Alone)]);
        let expected: Vec<_> = expected.iter().map(|name| (*name).to_owned()).collect();
        let told: Vec<_> = names(&states).into_iter().map(|it| it.replace(", moved", "")).collect();
        assert_eq!(told, expected, "{case}");
        for state in states {
            if let PairState::TwinsUnlinked { mailbox, crm }
            | PairState::EditedInMailbox { mailbox, crm: Some(crm), .. } = state
            {
                assert_eq!(crm.event.location, mailbox.event.location, "{case}");
                assert_eq!(crm.event.show_as, mailbox.event.show_as, "{case}");
            }
        }
    }
}
