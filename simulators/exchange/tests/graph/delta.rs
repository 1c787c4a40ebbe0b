//! Change tracking.

use serde_json::{Value, json};
use sim_exchange::WellKnown;

use crate::desk::{ANNA, Desk, code, column, text};

const WINDOW: &str = "/me/calendarView/delta?startDateTime=2026-10-01T00:00:00Z&endDateTime=2026-11-01T00:00:00Z";

/// Follows a delta query to its end: the rows, and the link for the next round.
fn round(desk: &mut Desk, target: &str) -> (Vec<Value>, String) {
    let (mut rows, mut next) = (Vec::new(), target.to_owned());
    loop {
        let (status, page) = desk.get(&next);
        assert_eq!(status, 200, "{page}");
        rows.extend(page["value"].as_array().unwrap().clone());
        let link = |name: &str| page[name].as_str().map(str::to_owned);
        match (link("@odata.nextLink"), link("@odata.deltaLink")) {
            (Some(link), None) => next = link,
            (None, Some(link)) => return (rows, link),
            other => panic!("both or no link: {other:?}"),
        }
    }
}

fn subjects(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["subject"].as_str().unwrap_or("removed")).collect()
}

#[test]
fn a_round_tells_everything_once_and_the_next_one_only_changes() {
    let mut desk = Desk::new();
    desk.prefer = Some("odata.maxpagesize=2, IdType=\"ImmutableId\"");
    let events: Vec<Value> =
        (1..=5).map(|day| desk.meeting(&format!("Day {day}"), &format!("2026-10-0{day}T09:00:00Z"))).collect();
    desk.meeting("Outside", "2026-12-01T09:00:00Z");
    let (rows, link) = round(&mut desk, WINDOW);
    assert_eq!(subjects(&rows), ["Day 1", "Day 2", "Day 3", "Day 4", "Day 5"]);
    assert_eq!(text(&rows[0], "/@odata.type"), "#microsoft.graph.event");
    assert_eq!(rows[0]["id"], events[0]["id"]);
    let (rows, link) = round(&mut desk, &link);
    assert!(rows.is_empty());
    desk.patch(&format!("/me/events/{}", text(&events[1], "/id")), &json!({"subject": "Day 2b"}));
    desk.delete(&format!("/me/events/{}", text(&events[2], "/id")));
    let fleeting = desk.meeting("Fleeting", "2026-10-09T09:00:00Z");
    desk.delete(&format!("/me/events/{}", text(&fleeting, "/id")));
    desk.meeting("Day 6", "2026-10-06T09:00:00Z");
    let (rows, next) = round(&mut desk, &link);
    // Whoever made the fleeting one knows of it, though no round ever showed it.
    assert_eq!(subjects(&rows), ["Day 2b", "removed", "removed", "Day 6"]);
    assert_eq!(rows[2]["id"], fleeting["id"]);
    let gone =
        json!({"@odata.type": "#microsoft.graph.event", "id": events[2]["id"], "@removed": {"reason": "deleted"}});
    assert_eq!(rows[1], gone);
    // A lost answer: the old link tells the same again.
    assert_eq!(round(&mut desk, &link).0, rows);
    assert!(round(&mut desk, &next).0.is_empty());
}

#[test]
fn an_event_that_leaves_the_window_is_removed_and_one_that_enters_is_a_row() {
    let mut desk = Desk::new();
    let inside = desk.meeting("Inside", "2026-10-05T09:00:00Z");
    let outside = desk.meeting("Outside", "2026-12-05T09:00:00Z");
    let link = round(&mut desk, WINDOW).1;
    for (event, day) in [(&inside, "2026-12-06"), (&outside, "2026-10-06")] {
        let at = |time: &str| json!({"dateTime": format!("{day}T{time}:00"), "timeZone": "UTC"});
        let target = format!("/me/events/{}", text(event, "/id"));
        assert_eq!(desk.patch(&target, &json!({"start": at("09:00"), "end": at("10:00")})).0, 200);
    }
    let rows = round(&mut desk, &link).0;
    assert_eq!(subjects(&rows), ["removed", "Outside"]);
    assert_eq!((&rows[0]["id"], &rows[1]["id"]), (&inside["id"], &outside["id"]));
}

#[test]
fn changes_during_a_round_come_with_the_next_one() {
    let mut desk = Desk::new();
    desk.prefer = Some("odata.maxpagesize=1");
    let first = desk.meeting("First", "2026-10-05T09:00:00Z");
    let second = desk.meeting("Second", "2026-10-06T09:00:00Z");
    let page = desk.get(WINDOW).1;
    assert_eq!(column(&page, "subject"), ["First"]);
    desk.patch(&format!("/me/events/{}", text(&first, "/id")), &json!({"subject": "First again"}));
    desk.delete(&format!("/me/events/{}", text(&second, "/id")));
    let (rows, link) = round(&mut desk, text(&page, "/@odata.nextLink"));
    assert!(rows.is_empty(), "{rows:?}");
    let rows = round(&mut desk, &link).0;
    assert_eq!(subjects(&rows), ["First again", "removed"]);
}

#[test]
fn refused_parameters_old_tokens_and_foreign_tokens() {
    let mut desk = Desk::new();
    let told = desk.get(&format!("{WINDOW}&$select=subject&$top=5"));
    assert_eq!(code(&told), (400, "ErrorInvalidUrlQuery"));
    assert_eq!(
        text(&told.1, "/error/message"),
        "The following parameters are not supported with change tracking over the 'CalendarView' resource: '$select, $top'."
    );
    assert_eq!(code(&desk.get("/me/calendarView/delta")), (400, "ErrorInvalidParameter"));
    let link = round(&mut desk, WINDOW).1;
    assert_eq!(code(&desk.get("/me/calendarView/delta?$deltatoken=garbage")), (400, "ErrorInvalidSyncStateData"));
    desk.token = "sim-ben.carter@northwind.example".to_owned();
    assert_eq!(code(&desk.get(&link)), (400, "ErrorInvalidSyncStateData"));
    desk.token = format!("sim-{ANNA}");
    desk.world.expire_delta_tokens();
    assert_eq!(code(&desk.get(&link)), (410, "SyncStateNotFound"));
    assert_eq!(desk.get(WINDOW).0, 200);
}

#[test]
fn events_delta_honours_select_and_is_bare_without_it() {
    let mut desk = Desk::new();
    desk.meeting("Plan", "2026-10-05T09:00:00Z");
    let id = text(&desk.get("/me/calendar").1, "/id").to_owned();
    let (rows, link) = round(&mut desk, &format!("/me/calendars/{id}/events/delta?$select=subject,iCalUId"));
    assert_eq!(text(&rows[0], "/subject"), "Plan");
    assert!(rows[0].get("start").is_none() && rows[0].get("iCalUId").is_some());
    desk.meeting("Plan 2", "2026-10-05T09:00:00Z");
    assert_eq!(subjects(&round(&mut desk, &link).0), ["Plan 2"]);
    let rows = round(&mut desk, "/me/events/microsoft.graph.delta()").0;
    let mut names: Vec<&str> = rows[0].as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["@odata.etag", "@odata.type", "end", "id", "start", "type"]);
}

#[test]
fn messages_delta_follows_one_folder() {
    let mut desk = Desk::new();
    let mail = |desk: &mut Desk, subject: &str, folder| {
        let mime = format!("From: a@x.example\r\nSubject: {subject}\r\n\r\nhello");
        desk.with(|world, context| world.deliver(ANNA, folder, mime.as_bytes(), context)).unwrap()
    };
    mail(&mut desk, "Old", WellKnown::Inbox);
    desk.pass(std::time::Duration::from_hours(1));
    let first = mail(&mut desk, "One", WellKnown::Inbox);
    let second = mail(&mut desk, "Two", WellKnown::Inbox);
    mail(&mut desk, "Sent", WellKnown::SentItems);
    let target =
        "/me/mailFolders/inbox/messages/delta?$filter=receivedDateTime+ge+2026-10-01T09:30:00Z&$select=subject,isRead";
    let (rows, link) = round(&mut desk, target);
    assert_eq!(subjects(&rows), ["One", "Two"]);
    assert!(rows[0].get("body").is_none() && rows[0]["@odata.type"] == "#microsoft.graph.message");
    desk.patch(&format!("/me/messages/{first}"), &json!({"isRead": true}));
    let moved = desk.post(&format!("/me/messages/{second}/move"), &json!({"DestinationId": "archive"}));
    assert_eq!(moved.0, 201);
    assert_ne!(text(&moved.1, "/id"), second);
    let (rows, link) = round(&mut desk, &link);
    assert_eq!((text(&rows[0], "/id"), &rows[0]["isRead"]), (first.as_str(), &json!(true)));
    assert_eq!((text(&rows[1], "/id"), text(&rows[1], "/@removed/reason")), (second.as_str(), "changed"));
    mail(&mut desk, "Three", WellKnown::Inbox);
    assert_eq!(subjects(&round(&mut desk, &link).0), ["Three"]);
    let created = round(&mut desk, "/me/mailFolders('Inbox')/messages/delta?changeType=created").0;
    assert_eq!(created.len(), 3);
    let refused = desk.get("/me/mailFolders/inbox/messages/delta?$filter=subject+eq+'x'");
    assert_eq!(code(&refused), (400, "ErrorInvalidUrlQuery"));
}

#[test]
fn contacts_delta_tells_new_and_removed_contacts() {
    let mut desk = Desk::new();
    let (rows, link) = round(&mut desk, "/me/contacts/delta?$select=displayName");
    assert_eq!(rows.len(), 1);
    let tom = json!({"givenName": "Tom", "surname": "Okafor"});
    let id = desk.with(|world, context| world.add_contact(ANNA, &tom, context)).unwrap();
    let (rows, link) = round(&mut desk, &link);
    assert_eq!(text(&rows[0], "/displayName"), "Tom Okafor");
    desk.with(|world, context| world.remove_contact(ANNA, &id, context)).unwrap();
    assert_eq!(text(&round(&mut desk, &link).0[0], "/@removed/reason"), "deleted");
    assert_eq!(code(&desk.get("/me/contacts/delta?$top=5")), (400, "ErrorInvalidUrlQuery"));
}
