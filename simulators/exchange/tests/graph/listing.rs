//! Pages, filters, orders, and paths that are not there.

use serde_json::json;

use crate::desk::{BEN, Desk, code, column, text};

fn week() -> Desk {
    let mut desk = Desk::new();
    for day in 1..=7 {
        desk.meeting(&format!("Day {day}"), &format!("2026-10-0{day}T09:00:00Z"));
    }
    desk
}

#[test]
fn pages_follow_their_links_to_the_end() {
    let mut desk = week();
    let mut next = "/me/events?%24top=3&$count=true&$orderby=start/dateTime%20desc&$select=subject".to_owned();
    let mut seen = Vec::new();
    loop {
        let list = desk.get(&next).1;
        assert_eq!(list["@odata.count"], 7);
        seen.extend(column(&list, "subject").iter().map(|subject| (*subject).to_owned()));
        assert!(list["value"][0].get("start").is_none() && list["value"][0].get("@odata.etag").is_some());
        match list["@odata.nextLink"].as_str() {
            Some(link) => next = link.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, ["Day 7", "Day 6", "Day 5", "Day 4", "Day 3", "Day 2", "Day 1"]);
    let reply = desk.send("GET", "/me/events", &["prefer: odata.maxpagesize=2"], None);
    assert_eq!(reply.body_json()["value"].as_array().unwrap().len(), 2);
    assert_eq!(reply.headers["preference-applied"], "odata.maxpagesize=2");
}

#[test]
fn filters_select_rows() {
    let cases = [
        ("start/dateTime ge '2026-10-06T00:00:00'", 2),
        ("start/dateTime ge '2026-10-03T00:00:00' and end/dateTime le '2026-10-04T23:00:00'", 2),
        ("subject eq 'day 4'", 1),
        ("startswith(subject,'Day') and not (subject eq 'Day 1')", 6),
        ("isAllDay eq true", 0),
    ];
    let mut desk = week();
    for (filter, expected) in cases {
        let list = desk.get(&format!("/me/events?$FILTER={}", filter.replace(' ', "+"))).1;
        assert_eq!(list["value"].as_array().map(Vec::len), Some(expected), "{filter}: {list}");
    }
}

#[test]
fn queries_that_make_no_sense_are_refused() {
    let cases = [
        ("/me/events?$filter=nothing+eq+1", "RequestBroker--ParseUri"),
        ("/me/events?$select=nothing", "RequestBroker--ParseUri"),
        ("/me/events?$filter=subject+eq", "BadRequest"),
        ("/me/events?$top=many", "BadRequest"),
        ("/me/events?$expand=nothing", "RequestBroker--ParseUri"),
        ("/me/calendarView", "ErrorInvalidParameter"),
        ("/me/calendarView?startDateTime=2026-10-01T00:00:00Z", "ErrorInvalidParameter"),
        ("/me/calendarView?startDateTime=soon&endDateTime=later", "ErrorInvalidParameter"),
        (
            "/me/calendarView?startDateTime=2026-01-01T00:00:00Z&endDateTime=2031-12-01T00:00:00Z",
            "ErrorCalendarViewRangeTooBig",
        ),
        ("/me/messages?$filter=isRead+eq+true&$orderby=receivedDateTime", "InefficientFilter"),
        (
            "/me/messages?$filter=contains(subject,'x')+and+receivedDateTime+ge+2026-01-01T00:00:00Z&$orderby=receivedDateTime",
            "InefficientFilter",
        ),
    ];
    for (target, expected) in cases {
        assert_eq!(code(&Desk::new().get(target)), (400, expected), "{target}");
    }
    let good = "/me/messages?$filter=receivedDateTime+ge+2026-01-01T00:00:00Z+and+contains(subject,'x')&$orderby=receivedDateTime+desc";
    assert_eq!(Desk::new().get(good).0, 200);
}

#[test]
fn a_calendar_view_holds_what_touches_its_window() {
    let mut desk = week();
    let view = |desk: &mut Desk, window: &str| {
        let list = desk.get(&format!("/me/calendar/calendarView?{window}")).1;
        column(&list, "subject").join(" ")
    };
    assert_eq!(view(&mut desk, "startDateTime=2026-10-02T09:30:00Z&endDateTime=2026-10-03T09:00:00Z"), "Day 2");
    assert_eq!(view(&mut desk, "startDateTime=2026-10-02T10:00:00&endDateTime=2026-10-04T11:00:00+02:00"), "Day 3");
}

#[test]
fn what_is_not_there_is_an_unknown_segment() {
    let cases = [
        ("/me/drive", "drive"),
        ("/groups", "groups"),
        ("/me/outlook/nothing", "nothing"),
        ("/me/events/AAMk/refuse", "refuse"),
        ("/me/calendars/x", ""),
        ("/me/mailFolders/inbox/messages/delta/x", ""),
        ("/subscriptions/1/nothing", "nothing"),
    ];
    for (target, segment) in cases {
        let told = Desk::new().get(target);
        assert_eq!(told.0, 400, "{target}");
        if !segment.is_empty() {
            let message = format!("Resource not found for the segment '{segment}'.");
            assert_eq!(text(&told.1, "/error/message"), message);
        }
    }
    assert_eq!(code(&Desk::new().post("/me/calendar", &json!({}))), (405, "BadRequest"));
}

#[test]
fn users_are_listed() {
    let mut desk = Desk::new();
    let list = desk.get("/users?$select=mail,displayName&$count=true").1;
    assert_eq!((column(&list, "displayName"), &list["@odata.count"]), (vec!["Anna Berg", "Ben Carter"], &json!(2)));
    assert!(list["value"][0].get("id").is_none());
    let list = desk.get(&format!("/users?$filter=mail+eq+'{BEN}'")).1;
    assert_eq!(column(&list, "surname"), ["Carter"]);
}
