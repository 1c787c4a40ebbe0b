//! Change tracking of series.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::desk::{CRM_ID, Desk, text};

const OCTOBER: &str = "/me/calendarView/delta?startDateTime=2026-10-01T00:00:00Z&endDateTime=2026-11-01T00:00:00Z";

fn at(time: &str) -> Value {
    json!({"dateTime": time, "timeZone": "UTC"})
}

fn recurrence(interval: u32, number: u32) -> Value {
    json!({
        "pattern": {"type": "daily", "interval": interval},
        "range": {"type": "numbered", "startDate": "2026-10-29", "numberOfOccurrences": number},
    })
}

/// A series that begins on October 29, with three occurrences in the window.
fn series(desk: &mut Desk) -> Value {
    let more = json!({"recurrence": recurrence(1, 10)});
    desk.meeting_with("Series", "2026-10-29T09:00:00Z", &more)
}

fn item(event: &Value) -> String {
    format!("/me/events/{}", text(event, "/id"))
}

fn round(desk: &mut Desk, target: &str) -> (Vec<Value>, String) {
    let (mut rows, mut next) = (Vec::new(), target.to_owned());
    loop {
        let (status, page) = desk.get(&next);
        assert_eq!(status, 200, "{page}");
        rows.extend(page["value"].as_array().unwrap().clone());
        match (page["@odata.nextLink"].as_str(), page["@odata.deltaLink"].as_str()) {
            (Some(link), None) => link.clone_into(&mut next),
            (None, Some(link)) => return (rows, link.to_owned()),
            other => panic!("both or no link: {other:?}"),
        }
    }
}

/// Each row as its type and its day, or as what is gone.
fn told(rows: &[Value], known: &BTreeMap<String, String>) -> Vec<String> {
    let mut told: Vec<String> = rows
        .iter()
        .map(|row| match row.get("@removed") {
            Some(_) => format!("- {}", known.get(text(row, "/id")).map_or("unknown", String::as_str)),
            None => name(row),
        })
        .collect();
    told.sort();
    told
}

fn name(row: &Value) -> String {
    format!("{} {}", text(row, "/type"), &text(row, "/start/dateTime")[5..10])
}

#[test]
fn a_round_holds_the_master_whole_and_its_occurrences_bare() {
    let mut desk = Desk::new();
    desk.prefer = Some("odata.maxpagesize=1, IdType=\"ImmutableId\"");
    let master = series(&mut desk);
    desk.meeting("Alone", "2026-10-30T12:00:00Z");
    let (rows, link) = round(&mut desk, OCTOBER);
    let names: Vec<String> = rows.iter().map(name).collect();
    let expected =
        ["seriesMaster 10-29", "occurrence 10-29", "occurrence 10-30", "occurrence 10-31", "singleInstance 10-30"];
    assert_eq!(names, expected);
    assert_eq!((&rows[0]["id"], &rows[0]["recurrence"]), (&master["id"], &master["recurrence"]));
    let mut keys: Vec<&str> = rows[1].as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["@odata.etag", "@odata.type", "end", "id", "seriesMasterId", "start", "type"]);
    assert_eq!(rows[1]["seriesMasterId"], master["id"]);
    assert_eq!(desk.get(&item(&rows[1])).1["@odata.etag"], rows[1]["@odata.etag"]);
    assert!(round(&mut desk, &link).0.is_empty());
}

/// What somebody does, given the master's row and those of its occurrences; and the rows that it makes.
type Case = (&'static str, fn(&mut Desk, &[Value]), Vec<&'static str>);

const GONE: [&str; 3] = ["- occurrence 10-29", "- occurrence 10-30", "- occurrence 10-31"];

fn check(cases: Vec<Case>) {
    for (what, change, expected) in cases {
        let mut desk = Desk::new();
        series(&mut desk);
        let (rows, link) = round(&mut desk, OCTOBER);
        let known = rows.iter().map(|row| (text(row, "/id").to_owned(), name(row))).collect();
        change(&mut desk, &rows);
        for size in ["odata.maxpagesize=1", "odata.maxpagesize=50"] {
            desk.prefer = Some(size);
            let (rows, next) = round(&mut desk, &link);
            assert_eq!(told(&rows, &known), expected, "{what}");
            assert!(round(&mut desk, &next).0.is_empty(), "{what}");
        }
    }
}

#[test]
fn a_change_of_occurrences_has_their_rows_and_the_masters() {
    let whole = ["occurrence 10-29", "occurrence 10-30", "occurrence 10-31", "seriesMaster 10-29"];
    check(vec![
        (
            "the series changes",
            |desk, rows| assert_eq!(desk.patch(&item(&rows[0]), &json!({"subject": "X"})).0, 200),
            whole.to_vec(),
        ),
        (
            "one occurrence changes",
            |desk, rows| assert_eq!(desk.patch(&item(&rows[2]), &json!({"subject": "X"})).0, 200),
            vec!["exception 10-30", "seriesMaster 10-29"],
        ),
        (
            "one occurrence is deleted",
            |desk, rows| assert_eq!(desk.delete(&item(&rows[2])).0, 204),
            vec!["- occurrence 10-30", "seriesMaster 10-29"],
        ),
        (
            "one occurrence is deleted and nobody says so",
            |desk, rows| {
                desk.world.switches.hide_deleted_occurrences = true;
                assert_eq!(desk.delete(&item(&rows[2])).0, 204);
            },
            vec!["seriesMaster 10-29"],
        ),
        (
            "the last occurrence in the window leaves it",
            |desk, rows| {
                let later = json!({"start": at("2026-11-01T07:00:00"), "end": at("2026-11-01T08:00:00")});
                let next = id_of(desk, "2026-11-01T09:00:00Z");
                desk.delete(&format!("/me/events/{next}"));
                assert_eq!(desk.patch(&item(&rows[3]), &later).0, 200);
            },
            vec!["- occurrence 10-31", "seriesMaster 10-29"],
        ),
        (
            "an occurrence comes into the window",
            |desk, rows| {
                desk.delete(&item(&rows[3]));
                let earlier = json!({"start": at("2026-10-31T07:00:00"), "end": at("2026-10-31T08:00:00")});
                let id = id_of(desk, "2026-11-01T09:00:00Z");
                assert_eq!(desk.patch(&format!("/me/events/{id}"), &earlier).0, 200);
            },
            vec!["- occurrence 10-31", "exception 10-31", "seriesMaster 10-29"],
        ),
    ]);
}

#[test]
fn a_series_that_repeats_in_another_way_sheds_occurrences() {
    check(vec![
        (
            "the series is deleted",
            |desk, rows| assert_eq!(desk.delete(&item(&rows[0])).0, 204),
            [&GONE[..], &["- seriesMaster 10-29"]].concat(),
        ),
        (
            "it repeats more seldom",
            |desk, rows| assert_eq!(desk.patch(&item(&rows[0]), &json!({"recurrence": recurrence(2, 5)})).0, 200),
            vec!["- occurrence 10-30", "occurrence 10-29", "occurrence 10-31", "seriesMaster 10-29"],
        ),
        (
            "it ends earlier, after one occurrence was deleted",
            |desk, rows| {
                desk.delete(&item(&rows[2]));
                assert_eq!(desk.patch(&item(&rows[0]), &json!({"recurrence": recurrence(1, 1)})).0, 200);
            },
            vec!["- occurrence 10-30", "- occurrence 10-31", "occurrence 10-29", "seriesMaster 10-29"],
        ),
        (
            "it repeats no more",
            |desk, rows| assert_eq!(desk.patch(&item(&rows[0]), &json!({"recurrence": null})).0, 200),
            [&GONE[..], &["singleInstance 10-29"]].concat(),
        ),
        (
            "it moves out of the window",
            |desk, rows| {
                let later = json!({"start": at("2026-12-01T09:00:00"), "end": at("2026-12-01T10:00:00")});
                assert_eq!(desk.patch(&item(&rows[0]), &later).0, 200);
            },
            [&GONE[..], &["- seriesMaster 10-29"]].concat(),
        ),
        (
            "an occurrence changes and then all of it",
            |desk, rows| {
                desk.patch(&item(&rows[2]), &json!({"subject": "X"}));
                desk.patch(&item(&rows[0]), &json!({"subject": "Y"}));
            },
            vec!["exception 10-30", "occurrence 10-29", "occurrence 10-31", "seriesMaster 10-29"],
        ),
        (
            "a series comes and goes",
            |desk, _| {
                let other = series(desk);
                desk.delete(&item(&other));
            },
            vec!["- unknown"; 4],
        ),
        (
            "what happens outside of the window",
            |desk, _| {
                let id = id_of(desk, "2026-11-05T09:00:00Z");
                assert_eq!(desk.delete(&format!("/me/events/{id}")).0, 204);
            },
            vec!["seriesMaster 10-29"],
        ),
    ]);
}

/// The id of the occurrence that begins then.
fn id_of(desk: &mut Desk, start: &str) -> String {
    let list = desk.get(&format!("/me/calendarView?startDateTime={start}&endDateTime={}1:00Z", &start[..15])).1;
    text(&list, "/value/0/id").to_owned()
}

#[test]
fn the_list_of_events_tells_masters_and_no_occurrences() {
    let mut desk = Desk::new();
    let master = series(&mut desk);
    let target = "/me/calendar/events/delta?$select=subject,recurrence";
    let (rows, link) = round(&mut desk, target);
    assert_eq!((rows.len(), &rows[0]["recurrence"]), (1, &master["recurrence"]));
    let id = id_of(&mut desk, "2026-10-30T09:00:00Z");
    let mark = json!([{"id": CRM_ID, "value": "00U1"}]);
    desk.patch(&format!("/me/events/{id}"), &json!({"singleValueExtendedProperties": mark}));
    let (rows, link) = round(&mut desk, &link);
    assert_eq!((rows.len(), &rows[0]["id"]), (1, &master["id"]));
    desk.delete(&item(&master));
    let rows = round(&mut desk, &link).0;
    assert_eq!((rows.len(), text(&rows[0], "/@removed/reason")), (1, "deleted"));
}

/// Numbers that look random, the same ones for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(sides)).unwrap()
    }
}

/// What a client knows of a calendar view: id, and type, start and etag.
type Picture = BTreeMap<String, (String, String, String)>;

fn paint(picture: &mut Picture, rows: &[Value]) {
    for row in rows {
        let id = text(row, "/id").to_owned();
        if row.get("@removed").is_some() {
            picture.remove(&id);
        } else {
            let seen = |name: &str| text(row, name).to_owned();
            picture.insert(id, (seen("/type"), seen("/start/dateTime"), seen("/@odata.etag")));
        }
    }
}

/// Somebody does something to some event of the calendar.
fn meddle(desk: &mut Desk, dice: &mut Dice) {
    let pick = |desk: &mut Desk, dice: &mut Dice, target: &str| {
        let list = desk.get(&format!("{target}$top=100")).1;
        let rows = list["value"].as_array().unwrap().clone();
        (!rows.is_empty()).then(|| rows[dice.roll(u32::try_from(rows.len()).unwrap()) as usize].clone())
    };
    let day = 20 + dice.roll(25);
    let day = if day > 31 { format!("2026-11-{:02}", day - 31) } else { format!("2026-10-{day:02}") };
    let hour = dice.roll(20);
    let times =
        json!({"start": at(&format!("{day}T{hour:02}:00:00")), "end": at(&format!("{day}T{:02}:00:00", hour + 2))});
    let mut repeats = recurrence(1 + dice.roll(3), 1 + dice.roll(12));
    repeats["range"]["startDate"] = json!(day);
    let view = "/me/calendarView?startDateTime=2026-10-15T00:00:00Z&endDateTime=2026-11-15T00:00:00Z&";
    match dice.roll(10) {
        0 => {
            desk.meeting_with("New", &format!("{day}T09:00:00Z"), &json!({"recurrence": repeats}));
        }
        1 => {
            desk.meeting("New", &format!("{day}T09:00:00Z"));
        }
        roll @ 2..=5 => {
            let Some(event) = pick(desk, dice, "/me/events?") else { return };
            let change = match roll {
                2 => json!({"recurrence": repeats}),
                3 => json!({"recurrence": null}),
                4 => times,
                _ => json!({"subject": day}),
            };
            desk.patch(&item(&event), &change);
        }
        roll => {
            let target = if roll == 6 { "/me/events?" } else { view };
            let Some(event) = pick(desk, dice, target) else { return };
            match roll {
                6 | 7 => desk.delete(&item(&event)),
                8 => desk.patch(&item(&event), &json!({"subject": day})),
                _ => {
                    // To and fro by a day or less: over the edge of the window, if it is near.
                    let before = text(&event, "/start/dateTime")[..10].to_owned();
                    let time = |hour: u32| json!({"dateTime": format!("{before}T{hour:02}:30:00"), "timeZone": "Asia/Singapore"});
                    desk.patch(&item(&event), &json!({"start": time(hour), "end": time(hour + 1)}))
                }
            };
        }
    }
}

/// Whether a client that follows a calendar view through many changes sees what a new reader sees.
fn is_followed(desk: &mut Desk, seed: u64) -> bool {
    let (mut dice, mut picture) = (Dice(seed), Picture::new());
    let (rows, mut link) = round(desk, OCTOBER);
    paint(&mut picture, &rows);
    (0..15).all(|_| {
        for _ in 0..=dice.roll(3) {
            meddle(desk, &mut dice);
        }
        desk.prefer = [None, Some("odata.maxpagesize=2")][dice.roll(2) as usize];
        let (rows, next) = round(desk, &link);
        paint(&mut picture, &rows);
        let mut anew = Picture::new();
        paint(&mut anew, &round(desk, OCTOBER).0);
        link = next;
        picture == anew
    })
}

#[test]
fn whoever_follows_the_changes_sees_what_a_new_reader_sees() {
    for seed in 0..6 {
        assert!(is_followed(&mut Desk::new(), seed), "seed {seed}");
    }
    // Unless deleted occurrences go unsaid.
    let mut desk = Desk::new();
    desk.world.switches.hide_deleted_occurrences = true;
    assert!(!(0..6).all(|seed| is_followed(&mut desk, seed)));
}
