//! Calendars and their groups.

use serde_json::{Value, json};

use crate::desk::{BEN, Desk, code, column, text};

const OCTOBER: &str = "startDateTime=2026-10-01T00:00:00Z&endDateTime=2026-11-01T00:00:00Z";

fn meeting(subject: &str, recurrence: Option<&Value>) -> Value {
    let at = |time: &str| json!({"dateTime": format!("2026-10-06T{time}:00"), "timeZone": "UTC"});
    json!({"subject": subject, "start": at("09:00"), "end": at("10:00"), "recurrence": recurrence})
}

fn new_calendar(desk: &mut Desk, name: &str) -> String {
    let (status, calendar) = desk.post("/me/calendars", &json!({"name": name}));
    assert_eq!(status, 201, "{calendar}");
    format!("/me/calendars/{}", text(&calendar, "/id"))
}

#[test]
fn a_calendar_is_made_renamed_coloured_and_removed() {
    let mut desk = Desk::new();
    let (status, calendar) = desk.post("/me/calendars", &json!({"name": "Travel", "color": "LightRed"}));
    let expected = json!({
        "name": "Travel", "color": "lightRed", "isDefaultCalendar": false, "isRemovable": true, "canEdit": true,
        "owner": {"name": "Anna Berg", "address": "anna.berg@northwind.example"},
    });
    assert_eq!(status, 201);
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&calendar[name], value, "{name}");
    }
    assert!(text(&calendar, "/hexColor").starts_with('#'));
    let target = format!("/me/calendars/{}", text(&calendar, "/id"));
    let (status, after) = desk.patch(&target, &json!({"name": "Trips", "color": "auto"}));
    assert_eq!((status, text(&after, "/name"), text(&after, "/hexColor")), (200, "Trips", ""));
    assert_ne!(after["changeKey"], calendar["changeKey"]);
    assert_eq!(desk.get(&target).1["name"], "Trips");
    assert_eq!(column(&desk.get("/me/calendars").1, "name"), ["Calendar", "Trips"]);
    let found = desk.get("/me/calendars?$filter=name+eq+'Trips'&$select=name").1;
    assert_eq!(found["value"][0]["id"], calendar["id"]);
    assert_eq!(desk.patch("/me/calendar", &json!({"name": "Calendar", "color": "lightTeal"})).0, 200);
    assert_eq!(desk.delete(&target).0, 204);
    assert_eq!(code(&desk.get(&target)), (404, "ErrorItemNotFound"));
    assert_eq!(code(&desk.delete(&target)), (404, "ErrorItemNotFound"));
}

#[test]
fn what_makes_no_calendar_is_refused() {
    let mut desk = Desk::new();
    let target = new_calendar(&mut desk, "Travel");
    let cases = [
        (json!({"name": "travel"}), (409, "ErrorFolderExists")),
        (json!({"name": "Calendar"}), (409, "ErrorFolderExists")),
        (json!({"name": " "}), (400, "ErrorPropertyValidationFailure")),
        (json!({}), (400, "ErrorPropertyValidationFailure")),
        (json!({"name": 7}), (400, "RequestBodyRead")),
        (json!({"name": "New", "color": "pink"}), (400, "RequestBodyRead")),
        (json!({"name": "New", "shape": "round"}), (400, "RequestBodyRead")),
    ];
    for (body, expected) in cases {
        assert_eq!(code(&desk.post("/me/calendars", &body)), expected, "{body}");
    }
    assert_eq!(code(&desk.patch(&target, &json!({"name": "Calendar"}))), (409, "ErrorFolderExists"));
    assert_eq!(desk.patch(&target, &json!({"name": "TRAVEL"})).0, 200);
    let id = text(&desk.get("/me/calendar").1, "/id").to_owned();
    for target in ["/me/calendar".to_owned(), format!("/me/calendars/{id}")] {
        assert_eq!(code(&desk.delete(&target)), (400, "ErrorDeleteDistinguishedFolder"));
    }
    desk.token = format!("sim-{BEN}");
    assert_eq!(desk.get(&target).0, 404);
}

#[test]
fn each_calendar_has_its_own_events() {
    let mut desk = Desk::new();
    let travel = new_calendar(&mut desk, "Travel");
    let delta = |desk: &mut Desk, target: &str| {
        let page = desk.get(target).1;
        (page["value"].as_array().unwrap().len(), text(&page, "/@odata.deltaLink").to_owned())
    };
    let view = format!("{travel}/calendarView/delta?{OCTOBER}");
    let (none, view_link) = delta(&mut desk, &view);
    let (_, list_link) = delta(&mut desk, &format!("{travel}/events/delta?$select=subject"));
    assert_eq!(none, 0);
    let daily = json!({
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "numbered", "startDate": "2026-10-06", "numberOfOccurrences": 3},
    });
    let flight = desk.post(&format!("{travel}/events"), &meeting("Flight", None)).1;
    let series = desk.post(&format!("{travel}/events"), &meeting("Bus", Some(&daily))).1;
    desk.post("/me/events", &meeting("Office", None));
    assert_eq!(column(&desk.get(&format!("{travel}/events")).1, "subject"), ["Flight", "Bus"]);
    assert_eq!(desk.get(&format!("{travel}/calendarView?{OCTOBER}")).1["value"].as_array().unwrap().len(), 4);
    for target in ["/me/events", "/me/calendar/events", "/me/calendarView?", "/me/calendar/calendarView?"] {
        let window = if target.ends_with('?') { OCTOBER } else { "" };
        assert_eq!(column(&desk.get(&format!("{target}{window}")).1, "subject"), ["Office"], "{target}");
    }
    // An event of a calendar is found in that one, or without naming any.
    let id = text(&flight, "/id");
    assert_eq!(desk.get(&format!("{travel}/events/{id}")).0, 200);
    assert_eq!(desk.get(&format!("/me/events/{id}")).0, 200);
    assert_eq!(desk.get(&format!("/me/calendar/events/{id}")).0, 404);
    assert_eq!(desk.get(&format!("/me/events/{id}/calendar")).1["name"], "Travel");
    assert_eq!(desk.patch(&format!("{travel}/events/{id}"), &json!({"subject": "Train"})).0, 200);
    let instances = desk.get(&format!("{travel}/events/{}/instances?{OCTOBER}", text(&series, "/id"))).1;
    assert_eq!(column(&instances, "type"), ["occurrence"; 3]);
    let (rows, view_link) = delta(&mut desk, &view_link);
    assert_eq!(rows, 5);
    let (rows, list_link) = delta(&mut desk, &list_link);
    assert_eq!(rows, 2);
    // With the calendar goes everything in it.
    assert_eq!(desk.delete(&travel).0, 204);
    assert_eq!(desk.get(&format!("/me/events/{id}")).0, 404);
    assert_eq!(desk.get(&format!("/me/events/{}", text(&instances, "/value/0/id"))).0, 404);
    for link in [view_link, list_link] {
        assert_eq!(code(&desk.get(&link)), (404, "ErrorItemNotFound"));
    }
    assert_eq!(column(&desk.get("/me/events").1, "subject"), ["Office"]);
}

#[test]
fn groups_hold_calendars() {
    let mut desk = Desk::new();
    let groups = desk.get("/me/calendarGroups").1;
    assert_eq!(column(&groups, "name"), ["My Calendars"]);
    let usual = format!("/me/calendarGroups/{}", text(&groups, "/value/0/id"));
    assert_eq!(column(&desk.get(&format!("{usual}/calendars")).1, "name"), ["Calendar"]);
    let (status, group) = desk.post("/me/calendarGroups", &json!({"name": "Clubs"}));
    assert_eq!((status, text(&group, "/classId").len()), (201, 36));
    assert_eq!(code(&desk.post("/me/calendarGroups", &json!({"name": "clubs"}))), (409, "ErrorFolderExists"));
    let clubs = format!("/me/calendarGroups/{}", text(&group, "/id"));
    let chess = desk.post(&format!("{clubs}/calendars"), &json!({"name": "Chess"})).1;
    let chess = text(&chess, "/id");
    assert_eq!(column(&desk.get(&format!("{clubs}/calendars")).1, "name"), ["Chess"]);
    assert_eq!(column(&desk.get("/me/calendars").1, "name"), ["Calendar", "Chess"]);
    assert_eq!(desk.post(&format!("{clubs}/calendars/{chess}/events"), &meeting("Match", None)).0, 201);
    assert_eq!(desk.get(&format!("{usual}/calendars/{chess}")).0, 404);
    assert_eq!(code(&desk.delete(&clubs)), (400, "ErrorCalendarGroupNotEmpty"));
    assert_eq!(desk.patch(&clubs, &json!({"name": "Sport"})).1["name"], "Sport");
    assert_eq!(desk.delete(&format!("{clubs}/calendars/{chess}")).0, 204);
    assert_eq!(desk.delete(&clubs).0, 204);
    assert_eq!(desk.get(&clubs).0, 404);
    assert_eq!(code(&desk.delete(&usual)), (400, "ErrorDeleteDistinguishedFolder"));
}
