//! Series: their patterns, their occurrences, and those that differ.

use serde_json::{Value, json};

use crate::desk::{CRM_ID, Desk, code, column, text};

/// A window that holds everything of these tests.
const YEARS: &str = "startDateTime=2026-01-01T00:00:00Z&endDateTime=2030-12-31T00:00:00Z";

fn recurrence(pattern: &Value, range: &Value) -> Value {
    json!({"pattern": pattern, "range": range})
}

fn numbered(pattern: &Value, start: &str, zone: &str, number: u32) -> Value {
    let range =
        json!({"type": "numbered", "startDate": start, "numberOfOccurrences": number, "recurrenceTimeZone": zone});
    recurrence(pattern, &range)
}

/// A series of one hour from a wall clock of a zone on.
fn series(desk: &mut Desk, zone: &str, start: &str, recurrence: &Value) -> (u16, Value) {
    let (date, hour) = start.split_once('T').unwrap();
    let hour: u32 = hour[..2].parse().unwrap();
    let at = |hour: u32| json!({"dateTime": format!("{date}T{hour:02}:00:00"), "timeZone": zone});
    let body = json!({"subject": "Series", "start": at(hour), "end": at(hour + 1), "recurrence": recurrence});
    desk.post("/me/events", &body)
}

fn daily(desk: &mut Desk, number: u32) -> Value {
    let pattern = json!({"type": "daily", "interval": 1});
    let recurrence = numbered(&pattern, "2026-10-05", "UTC", number);
    let (status, master) = series(desk, "UTC", "2026-10-05T09", &recurrence);
    assert_eq!(status, 201, "{master}");
    master
}

fn instances(desk: &mut Desk, master: &Value) -> Vec<Value> {
    let target = format!("/me/events/{}/instances?{YEARS}&$top=1000", text(master, "/id"));
    let (status, list) = desk.get(&target);
    assert_eq!(status, 200, "{list}");
    list["value"].as_array().unwrap().clone()
}

fn starts(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| text(row, "/start/dateTime")[..16].to_owned()).collect()
}

fn item(event: &Value) -> String {
    format!("/me/events/{}", text(event, "/id"))
}

fn at(time: &str) -> Value {
    json!({"dateTime": time, "timeZone": "UTC"})
}

#[test]
fn every_pattern_makes_the_dates_that_exchange_makes() {
    // The pattern, the date of the start, and the dates of the occurrences.
    let cases = [
        (json!({"type": "daily", "interval": 3}), "2026-10-05", "10-05 10-08 10-11 10-14"),
        (
            json!({"type": "weekly", "interval": 1, "daysOfWeek": ["monday", "Thursday"]}),
            "2026-10-06",
            "10-08 10-12 10-15 10-19",
        ),
        // Every other week: it matters whether the Sunday belongs to the week that ends or begins.
        (
            json!({"type": "weekly", "interval": 2, "daysOfWeek": ["sunday", "tuesday"], "firstDayOfWeek": "sunday"}),
            "2026-10-06",
            "10-06 10-18 10-20 11-01",
        ),
        (
            json!({"type": "weekly", "interval": 2, "daysOfWeek": ["sunday", "tuesday"], "firstDayOfWeek": "monday"}),
            "2026-10-06",
            "10-06 10-11 10-20 10-25",
        ),
        (json!({"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 15}), "2026-10-20", "11-15 12-15 01-15 02-15"),
        // A month that is too short has its last day.
        (json!({"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 31}), "2026-12-01", "12-31 01-31 02-28 03-31"),
        (json!({"type": "absoluteMonthly", "interval": 3, "dayOfMonth": 30}), "2026-11-30", "11-30 02-28 05-30 08-30"),
        (
            json!({"type": "relativeMonthly", "interval": 1, "daysOfWeek": ["tuesday"], "index": "second"}),
            "2026-10-20",
            "11-10 12-08 01-12 02-09",
        ),
        (
            json!({"type": "relativeMonthly", "interval": 2, "index": "last",
                "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"]}),
            "2026-10-01",
            "10-30 12-31 02-26 04-30",
        ),
        (json!({"type": "absoluteYearly", "interval": 1, "month": 3, "dayOfMonth": 8}), "2026-10-05", "03-08 03-08"),
        (
            json!({"type": "absoluteYearly", "interval": 1, "month": 2, "dayOfMonth": 29}),
            "2026-10-05",
            "02-28 02-29 02-28",
        ),
        (
            json!({"type": "relativeYearly", "interval": 1, "month": 11, "daysOfWeek": ["thursday"], "index": "fourth"}),
            "2026-10-05",
            "11-26 11-25 11-23",
        ),
    ];
    for (pattern, start, expected) in cases {
        let dates: Vec<&str> = expected.split(' ').collect();
        let mut desk = Desk::new();
        let recurrence = numbered(&pattern, start, "UTC", u32::try_from(dates.len()).unwrap());
        let (status, master) = series(&mut desk, "UTC", &format!("{start}T09"), &recurrence);
        assert_eq!(status, 201, "{pattern}: {master}");
        let rows = instances(&mut desk, &master);
        let told: Vec<String> = starts(&rows).iter().map(|start| start[5..10].to_owned()).collect();
        assert_eq!(told, dates, "{pattern}");
        assert_eq!(master["start"], rows[0]["start"], "{pattern}");
        // Looking at the end alone finds the same occurrences as going there from the start.
        let last = &rows[rows.len() - 1];
        let endless = json!({"pattern": pattern, "range": {"type": "noEnd", "startDate": start}});
        assert_eq!(desk.patch(&item(&master), &json!({"recurrence": endless})).0, 200);
        let minute = &text(last, "/start/dateTime")[..17];
        let window = format!("startDateTime={minute}00Z&endDateTime={minute}59Z");
        let seen = desk.get(&format!("/me/calendarView?{window}")).1;
        assert_eq!(seen["value"][0]["id"], last["id"], "{pattern} {seen}");
    }
}

#[test]
fn every_range_ends_where_it_says() {
    let pattern = json!({"type": "daily", "interval": 1});
    let cases = [
        (json!({"type": "numbered", "startDate": "2030-12-20", "numberOfOccurrences": 3}), 3, "0001-01-01"),
        (json!({"type": "endDate", "startDate": "2030-12-20", "endDate": "2030-12-24"}), 5, "2030-12-24"),
        (json!({"type": "noEnd", "startDate": "2030-12-20", "endDate": "2030-12-21"}), 11, "0001-01-01"),
        (json!({"type": "noEnd"}), 11, "0001-01-01"),
    ];
    for (range, number, end) in cases {
        let mut desk = Desk::new();
        let master = series(&mut desk, "UTC", "2030-12-20T09", &recurrence(&pattern, &range)).1;
        assert_eq!(instances(&mut desk, &master).len(), number, "{range}");
        let expected = json!({
            "pattern": {"type": "daily", "interval": 1, "month": 0, "dayOfMonth": 0, "firstDayOfWeek": "sunday", "index": "first"},
            "range": {
                "type": range["type"], "startDate": "2030-12-20", "endDate": end, "recurrenceTimeZone": "UTC",
                "numberOfOccurrences": range.get("numberOfOccurrences").unwrap_or(&json!(0)),
            },
        });
        assert_eq!(master["recurrence"], expected);
    }
}

#[test]
fn the_wall_clock_is_kept_over_a_change_of_the_clocks() {
    // The zone, the day before the clocks change, the hour, and the starts in UTC.
    let cases = [
        ("Europe/Berlin", "2026-10-24", 9, ["07:00", "08:00", "08:00"]),
        ("W. Europe Standard Time", "2027-03-27", 9, ["08:00", "07:00", "07:00"]),
        ("America/New_York", "2026-10-31", 9, ["13:00", "14:00", "14:00"]),
        ("AUS Eastern Standard Time", "2026-10-03", 12, ["02:00", "01:00", "01:00"]),
        ("Asia/Tokyo", "2026-10-24", 12, ["03:00", "03:00", "03:00"]),
        // There is no such hour on the second day, and it comes twice on that of the last case.
        ("Europe/Berlin", "2027-03-27", 2, ["01:00", "01:00", "00:00"]),
        ("Europe/Berlin", "2026-10-24", 2, ["00:00", "00:00", "01:00"]),
    ];
    for (zone, day, hour, expected) in cases {
        let mut desk = Desk::new();
        let pattern = json!({"type": "daily", "interval": 1});
        let (status, master) = series(&mut desk, zone, &format!("{day}T{hour:02}"), &numbered(&pattern, day, zone, 3));
        assert_eq!((status, &master["recurrence"]["range"]["recurrenceTimeZone"]), (201, &json!(zone)));
        let rows = instances(&mut desk, &master);
        let told: Vec<String> = starts(&rows).iter().map(|start| start[11..].to_owned()).collect();
        assert_eq!(told, expected, "{zone} {day}");
    }
    // The start may be told in another zone than that of the recurrence.
    let mut desk = Desk::new();
    let pattern = json!({"type": "weekly", "interval": 1, "daysOfWeek": ["monday"]});
    let master = series(&mut desk, "UTC", "2026-10-19T22", &numbered(&pattern, "2026-10-20", "Europe/Berlin", 2)).1;
    assert_eq!(starts(&instances(&mut desk, &master)), ["2026-10-25T23:00", "2026-11-01T23:00"]);
}

#[test]
fn recurrences_that_make_no_sense_are_refused() {
    let invalid = "ErrorPropertyValidationFailure";
    let good = json!({"type": "noEnd", "startDate": "2026-10-05"});
    let day = json!({"type": "daily", "interval": 1});
    let range = |more: &Value| {
        let mut range = good.clone();
        range.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        (day.clone(), range)
    };
    let pattern = |pattern: Value| (pattern, good.clone());
    let cases = [
        (pattern(json!({"type": "weekly", "interval": 1})), invalid),
        (pattern(json!({"type": "weekly", "interval": 1, "daysOfWeek": []})), invalid),
        (pattern(json!({"type": "weekly", "interval": 1, "daysOfWeek": ["someday"]})), "RequestBodyRead"),
        (pattern(json!({"type": "daily", "interval": 0})), invalid),
        (pattern(json!({"type": "daily"})), invalid),
        (pattern(json!({"type": "daily", "interval": 1000})), invalid),
        (pattern(json!({"type": "daily", "interval": "often"})), "RequestBodyRead"),
        (pattern(json!({"type": "hourly", "interval": 1})), "RequestBodyRead"),
        (pattern(json!({"interval": 1})), invalid),
        (pattern(json!({"type": "absoluteMonthly", "interval": 1})), invalid),
        (pattern(json!({"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 32})), invalid),
        (pattern(json!({"type": "relativeMonthly", "interval": 1})), invalid),
        (pattern(json!({"type": "absoluteYearly", "interval": 1, "dayOfMonth": 3})), invalid),
        (pattern(json!({"type": "absoluteYearly", "interval": 1, "dayOfMonth": 30, "month": 2})), invalid),
        (pattern(json!({"type": "relativeYearly", "interval": 1, "month": 2})), invalid),
        (range(&json!({"type": "endDate", "endDate": "2026-10-04"})), invalid),
        (range(&json!({"type": "endDate"})), invalid),
        (range(&json!({"type": "numbered", "numberOfOccurrences": 0})), invalid),
        (range(&json!({"type": "numbered"})), invalid),
        (range(&json!({"type": "forever"})), "RequestBodyRead"),
        (range(&json!({"startDate": "soon"})), "RequestBodyRead"),
        (range(&json!({"startDate": "1500-01-01"})), invalid),
        (range(&json!({"recurrenceTimeZone": "Mars"})), "TimeZoneNotSupportedException"),
        (
            (
                json!({"type": "absoluteYearly", "interval": 1, "month": 3, "dayOfMonth": 1}),
                json!({"type": "endDate", "startDate": "2026-10-05", "endDate": "2026-12-01"}),
            ),
            "ErrorRecurrenceHasNoOccurrence",
        ),
    ];
    let mut desk = Desk::new();
    for ((pattern, range), expected) in cases {
        let told = series(&mut desk, "UTC", "2026-10-05T09", &recurrence(&pattern, &range));
        assert_eq!(code(&told), (400, expected), "{pattern} {range}");
    }
    for wrong in [json!({}), json!("daily"), json!({"pattern": {"type": "daily", "interval": 1}})] {
        assert_eq!(code(&series(&mut desk, "UTC", "2026-10-05T09", &wrong)), (400, invalid), "{wrong}");
    }
    assert_eq!(desk.get("/me/events").1["value"], json!([]));
}

#[test]
fn masters_and_occurrences_are_listed_where_they_belong() {
    let mut desk = Desk::new();
    let master = daily(&mut desk, 3);
    desk.meeting("Alone", "2026-10-06T12:00:00Z");
    assert_eq!((text(&master, "/type"), &master["seriesMasterId"]), ("seriesMaster", &Value::Null));
    assert_eq!(column(&desk.get("/me/events").1, "type"), ["seriesMaster", "singleInstance"]);
    let list = desk.get(&format!("/me/calendarView?{YEARS}")).1;
    assert_eq!(column(&list, "type"), ["occurrence", "occurrence", "singleInstance", "occurrence"]);
    let rows = instances(&mut desk, &master);
    let uid = text(&master, "/iCalUId");
    for (row, day) in rows.iter().zip(["05", "06", "07"]) {
        assert_eq!((&row["seriesMasterId"], &row["subject"]), (&master["id"], &json!("Series")));
        assert_eq!(text(row, "/originalStart"), format!("2026-10-{day}T09:00:00Z"));
        assert_eq!((text(row, "/iCalUId").len(), row["recurrence"].is_null()), (uid.len(), true));
        assert_ne!(text(row, "/iCalUId"), uid);
        assert_eq!(desk.get(&item(row)).1["start"], row["start"]);
    }
    assert_ne!(rows[0]["iCalUId"], rows[1]["iCalUId"]);
    assert!(desk.get(&item(&list["value"][2])).1.get("originalStart").is_none());
    // Both forms of an id name the same occurrence, and the master's id comes in the same form.
    desk.prefer = Some("IdType=\"ImmutableId\"");
    let immutable = desk.get(&item(&rows[1])).1;
    assert!(text(&immutable, "/id").starts_with("AAkALg") && text(&immutable, "/seriesMasterId").starts_with("AAkALg"));
    desk.prefer = None;
    assert_eq!(desk.get(&item(&immutable)).1["id"], rows[1]["id"]);
    let told = desk.get(&format!("{}/instances", item(&master)));
    assert_eq!(code(&told), (400, "ErrorInvalidParameter"));
    let told = desk.get(&format!("{}/instances?{YEARS}", item(&rows[0])));
    assert_eq!(code(&told), (400, "ErrorInvalidRequest"));
}

#[test]
fn an_occurrence_becomes_an_exception_and_keeps_its_own() {
    let mut desk = Desk::new();
    let master = daily(&mut desk, 4);
    let rows = instances(&mut desk, &master);
    let mark = json!([{"id": CRM_ID, "value": "00U1"}]);
    let change = json!({
        "subject": "Other", "start": at("2026-10-06T11:00:00"), "end": at("2026-10-06T12:30:00"),
        "singleValueExtendedProperties": mark,
    });
    let header = format!("if-match: {}", text(&rows[1], "/@odata.etag"));
    let reply = desk.send("PATCH", &item(&rows[1]), &[&header], Some(&change));
    let exception = reply.body_json();
    assert_eq!((reply.status.as_u16(), text(&exception, "/type")), (200, "exception"));
    assert_eq!((&exception["id"], &exception["iCalUId"]), (&rows[1]["id"], &rows[1]["iCalUId"]));
    assert_ne!(exception["changeKey"], rows[1]["changeKey"]);
    assert_eq!(desk.send("PATCH", &item(&rows[1]), &[&header], Some(&change)).status.as_u16(), 412);
    // The others are as they were, the master is newer.
    let after = instances(&mut desk, &master);
    assert_eq!((&after[0], &after[2], &after[3]), (&rows[0], &rows[2], &rows[3]));
    assert_eq!(text(&after[1], "/originalStart"), "2026-10-06T09:00:00Z");
    assert_ne!(desk.get(&item(&master)).1["changeKey"], master["changeKey"]);
    let filter = format!("singleValueExtendedProperties/Any(ep: ep/id eq '{CRM_ID}' and ep/value eq '00U1')");
    let found = desk.get(&format!("/me/calendarView?{YEARS}&$filter={}", filter.replace(' ', "%20"))).1;
    assert_eq!(column(&found, "subject"), ["Other"]);
    // What the exception has not of its own follows the series.
    desk.patch(&item(&master), &json!({"subject": "All", "location": {"displayName": "Room 4"}, "showAs": "free"}));
    let after = instances(&mut desk, &master);
    let told = |name: &str| after.iter().map(|row| row[name].as_str().unwrap_or_default()).collect::<Vec<_>>();
    assert_eq!(told("subject"), ["All", "Other", "All", "All"]);
    assert_eq!(told("showAs"), ["free"; 4]);
    assert_eq!(text(&after[1], "/location/displayName"), "Room 4");
    assert_eq!(text(&after[1], "/start/dateTime"), "2026-10-06T11:00:00.0000000");
    // It can change again.
    desk.patch(&item(&rows[1]), &json!({"subject": "Third", "categories": ["Green"]}));
    let again = desk.get(&item(&rows[1])).1;
    assert_eq!((text(&again, "/subject"), text(&again, "/showAs")), ("Third", "free"));
    assert_eq!(text(&again, "/start/dateTime"), "2026-10-06T11:00:00.0000000");
    let refused = desk.patch(&item(&rows[0]), &json!({"recurrence": master["recurrence"]}));
    assert_eq!(code(&refused), (400, "ErrorInvalidRequest"));
    let shown = desk.get(&format!("{}?$select=subject&$expand=exceptionOccurrences", item(&master))).1;
    assert_eq!(text(&shown, "/exceptionOccurrences/0/subject"), "Third");
}

#[test]
fn an_occurrence_cannot_pass_its_neighbours() {
    let mut desk = Desk::new();
    let master = daily(&mut desk, 3);
    let rows = instances(&mut desk, &master);
    let cases = [
        ("2026-10-05T11:00:00", "2026-10-05T12:00:00", 400),
        ("2026-10-06T23:00:00", "2026-10-07T10:00:00", 400),
        ("2026-10-07T01:00:00", "2026-10-07T02:00:00", 400),
        ("2026-10-09T09:00:00", "2026-10-09T10:00:00", 400),
        ("2026-10-06T00:00:00", "2026-10-06T23:00:00", 200),
    ];
    for (start, end, status) in cases {
        let told = desk.patch(&item(&rows[1]), &json!({"start": at(start), "end": at(end)}));
        assert_eq!(told.0, status, "{start} {}", told.1);
        if status == 400 {
            assert_eq!(code(&told).1, "ErrorOccurrenceCrossingBoundary");
        }
    }
    // Where the neighbour was deleted there is room.
    desk.delete(&item(&rows[2]));
    let moved = json!({"start": at("2026-10-09T09:00:00"), "end": at("2026-10-09T10:00:00")});
    assert_eq!(desk.patch(&item(&rows[1]), &moved).0, 200);
}

#[test]
fn deleting_an_occurrence_leaves_the_others() {
    let mut desk = Desk::new();
    let master = daily(&mut desk, 3);
    let rows = instances(&mut desk, &master);
    assert_eq!(desk.delete(&item(&rows[1])).0, 204);
    assert_eq!(code(&desk.delete(&item(&rows[1]))), (404, "ErrorItemNotFound"));
    assert_eq!(code(&desk.get(&item(&rows[1]))), (404, "ErrorItemNotFound"));
    assert_eq!(starts(&instances(&mut desk, &master)), ["2026-10-05T09:00", "2026-10-07T09:00"]);
    let shown = desk.get(&format!("{}?$select=cancelledOccurrences", item(&master))).1;
    let gone = format!("OID.{}.2026-10-06", text(&master, "/id"));
    assert_eq!(shown["cancelledOccurrences"], json!([gone]));
    assert!(desk.get(&item(&master)).1.get("cancelledOccurrences").is_none());
    assert_ne!(shown["@odata.etag"], master["@odata.etag"]);
    desk.delete(&item(&rows[0]));
    assert_eq!(desk.delete(&item(&rows[2])).0, 204);
    assert_eq!(desk.get(&item(&master)).0, 404, "a series without occurrences is gone");
    let master = daily(&mut desk, 3);
    let rows = instances(&mut desk, &master);
    desk.patch(&item(&rows[0]), &json!({"subject": "Other"}));
    assert_eq!(desk.delete(&item(&master)).0, 204);
    assert_eq!(desk.get(&item(&rows[0])).0, 404);
    assert_eq!(desk.get(&format!("/me/calendarView?{YEARS}")).1["value"], json!([]));
}

#[test]
fn exceptions_are_lost_with_the_pattern_and_kept_with_the_end() {
    let number = |number: u32| numbered(&json!({"type": "daily", "interval": 1}), "2026-10-05", "UTC", number);
    let other = numbered(&json!({"type": "daily", "interval": 2}), "2026-10-05", "UTC", 5);
    let cases = [
        (json!({"subject": "All"}), vec!["All", "Other", "All", "All"]),
        (json!({"recurrence": number(5)}), vec!["Series", "Other", "Series", "Series"]),
        (json!({"recurrence": number(6)}), vec!["Series", "Other", "Series", "Series", "Series"]),
        (json!({"recurrence": number(1)}), vec!["Series"]),
        (json!({"recurrence": other}), vec!["Series"; 5]),
        (json!({"start": at("2026-10-05T08:00:00")}), vec!["Series"; 5]),
        (json!({"start": at("2026-10-07T09:00:00"), "end": at("2026-10-07T10:00:00")}), vec!["Series"; 5]),
        // The same times once more change nothing.
        (
            json!({"start": at("2026-10-05T09:00:00"), "end": at("2026-10-05T10:00:00"), "recurrence": number(5)}),
            vec!["Series", "Other", "Series", "Series"],
        ),
        (json!({"recurrence": null}), vec![]),
    ];
    for (change, expected) in cases {
        let mut desk = Desk::new();
        let master = daily(&mut desk, 5);
        let rows = instances(&mut desk, &master);
        desk.patch(&item(&rows[1]), &json!({"subject": "Other"}));
        desk.delete(&item(&rows[2]));
        let (status, after) = desk.patch(&item(&master), &change);
        assert_eq!(status, 200, "{change}: {after}");
        if expected.is_empty() {
            assert_eq!((text(&after, "/type"), &after["recurrence"]), ("singleInstance", &Value::Null));
            assert_eq!(desk.get(&item(&rows[1])).0, 404);
            let again = desk.patch(&item(&master), &json!({"recurrence": number(2)})).1;
            assert_eq!((text(&again, "/type"), instances(&mut desk, &again).len()), ("seriesMaster", 2));
            continue;
        }
        let rows = instances(&mut desk, &after);
        let told: Vec<&str> = rows.iter().map(|row| text(row, "/subject")).collect();
        assert_eq!(told, expected, "{change}");
    }
}

#[test]
fn an_all_day_series_floats() {
    let mut desk = Desk::new();
    let midnight = |day: &str| json!({"dateTime": format!("{day}T00:00:00"), "timeZone": "America/New_York"});
    let body = json!({
        "subject": "Fair", "isAllDay": true, "start": midnight("2026-10-30"), "end": midnight("2026-10-31"),
        "recurrence": numbered(&json!({"type": "daily", "interval": 1}), "2026-10-30", "America/New_York", 4),
    });
    let (status, master) = desk.post("/me/events", &body);
    assert_eq!(status, 201, "{master}");
    let days = ["2026-10-30T00:00", "2026-10-31T00:00", "2026-11-01T00:00", "2026-11-02T00:00"];
    assert_eq!(starts(&instances(&mut desk, &master)), days);
    desk.prefer = Some("outlook.timezone=\"Asia/Tokyo\"");
    let rows = instances(&mut desk, &master);
    assert_eq!(
        (starts(&rows), text(&rows[3], "/end/dateTime")),
        (days.map(str::to_owned).to_vec(), "2026-11-03T00:00:00.0000000")
    );
}
