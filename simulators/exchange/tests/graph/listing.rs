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

#[test]
fn filters_may_be_written_in_many_ways() {
    let cases = [
        ("subject in ('Day 1','day 2')", 2),
        ("startswith(subject,'Day') eq true", 7),
        ("Subject eq 'Day 1' or SUBJECT EQ 'Day 7'", 2),
        ("start/dateTime ge 2026-10-06T00:00:00Z", 2),
        ("start/dateTime lt '2026-10-02T09:00:00.0000000'", 1),
        ("importance eq 'Normal' and showAs ne 'free'", 7),
        ("not(subject in ('Day 1'))", 6),
    ];
    let mut desk = week();
    for (filter, expected) in cases {
        let list = desk.get(&format!("/me/events?%24filter={}&%24top=50", filter.replace(' ', "%20"))).1;
        assert_eq!(list["value"].as_array().map(Vec::len), Some(expected), "{filter}: {list}");
    }
}

#[test]
fn a_page_has_its_limit_and_its_context_tells_the_selection() {
    let mut desk = week();
    let told = desk.get("/me/events?$top=1001");
    let message = "The limit of '1000' for Top query has been exceeded. The value from the incoming request is '1001'.";
    assert_eq!((told.0, text(&told.1, "/error/message")), (400, message));
    assert_eq!(desk.get("/me/events?$top=1000").0, 200);
    let list = desk.get("/me/events?$select=subject,start&$top=1").1;
    assert!(text(&list, "/@odata.context").ends_with("/events(subject,start)"), "{list}");
}

#[test]
fn ids_may_stand_in_parentheses_and_types_before_names() {
    let mut desk = Desk::new();
    let event = desk.meeting("x", "2026-10-06T09:00:00Z");
    let id = text(&event, "/id");
    for target in [
        format!("/me/events('{id}')"),
        format!("/Me/Events/{}", id.trim_end_matches('=')),
        format!("/users('{}')/events('{id}')", crate::desk::ANNA),
        "/me/calendarView/microsoft.graph.delta()?startDateTime=2026-10-01T00:00:00Z&endDateTime=2026-11-01T00:00:00Z"
            .to_owned(),
        "/me/contacts/delta()".to_owned(),
        "/me/mailFolders('inbox')/messages/microsoft.graph.delta".to_owned(),
    ] {
        assert_eq!(desk.get(&target).0, 200, "{target}");
    }
}

#[test]
fn answers_carry_what_every_answer_of_graph_carries() {
    let mut desk = Desk::new();
    let reply = desk.send("GET", "/me", &["origin: https://app.example", "client-request-id: c1"], None);
    for (name, value) in [
        (
            "content-type",
            "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8",
        ),
        ("odata-version", "4.0"),
        ("client-request-id", "c1"),
        ("cache-control", "private"),
        ("access-control-allow-origin", "*"),
    ] {
        assert_eq!(reply.headers[name], value, "{name}");
    }
    assert!(reply.headers.contains_key("request-id") && reply.headers.contains_key("x-ms-ags-diagnostic"));
    let asked = [
        "origin: https://app.example",
        "access-control-request-method: PATCH",
        "access-control-request-headers: authorization",
    ];
    let reply = desk.send("OPTIONS", "/me/events", &asked, None);
    assert_eq!(
        (reply.status.as_u16(), &reply.headers["access-control-allow-headers"]),
        (200, &"authorization".parse().unwrap())
    );
    assert_eq!(desk.send("HEAD", "/me/events", &[], None).status, 405);
}

#[test]
fn a_body_that_is_not_said_to_be_json_is_none() {
    let body = json!({"subject": "x"});
    for (kind, expected) in [("text/plain", 400), ("application/x-www-form-urlencoded", 400)] {
        let reply = Desk::new().send("POST", "/me/events", &[&format!("content-type: {kind}")], Some(&body));
        assert_eq!(reply.status.as_u16(), expected, "{kind}");
        assert!(text(&reply.body_json(), "/error/message").starts_with("Unable to read JSON request payload."));
    }
    let good = "content-type: application/json; charset=utf-8";
    let reply = Desk::new().send("POST", "/me/contacts", &[good], Some(&json!({"givenName": "Mia"})));
    assert_eq!(reply.status, 201);
}

#[test]
fn events_are_counted() {
    let mut desk = week();
    let cases = [
        ("/me/events/$count", "7"),
        ("/me/calendar/events/%24count?$filter=subject+eq+'Day+1'", "1"),
        ("/me/calendarView/$count?startDateTime=2026-10-02T00:00:00Z&endDateTime=2026-10-04T00:00:00Z", "2"),
    ];
    for (target, expected) in cases {
        let reply = desk.send("GET", target, &[], None);
        assert_eq!((reply.status.as_u16(), reply.body.as_slice()), (200, expected.as_bytes()), "{target}");
    }
}
