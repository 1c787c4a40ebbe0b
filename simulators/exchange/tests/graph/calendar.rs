//! Events: what is written, what is read back, and who would get mail.

use serde_json::{Value, json};
use sim_exchange::{Invitation, NoticeKind};

use crate::desk::{ANNA, BEN, CRM_ID, Desk, code, text};

fn at(time: &str, zone: &str) -> Value {
    json!({"dateTime": time, "timeZone": zone})
}

fn attendee(address: &str) -> Value {
    json!({"type": "required", "emailAddress": {"address": address}})
}

#[test]
fn an_event_is_created_whole_and_read_back() {
    let mut desk = Desk::new();
    let reply = desk.send(
        "POST",
        "/me/calendar/events",
        &["prefer: outlook.body-content-type=\"text\", IdType=\"ImmutableId\", outlook.timezone=\"Europe/Berlin\""],
        Some(&json!({
            "subject": "Kick-off", "body": {"contentType": "text", "content": "Bring\nslides"},
            "start": at("2026-10-06T09:00:00", "W. Europe Standard Time"), "end": at("2026-10-06T10:30:00.0000000", "Europe/Berlin"),
            "location": {"displayName": "Room 4"}, "showAs": "Tentative", "categories": ["Salesforce"],
        })),
    );
    assert_eq!(reply.status, 201);
    assert!(reply.headers["preference-applied"].to_str().unwrap().contains("IdType=\"ImmutableId\""));
    assert!(reply.headers["content-type"].to_str().unwrap().starts_with("application/json;odata.metadata=minimal"));
    let event = reply.body_json();
    assert!(text(&event, "/id").starts_with("AAkALg"));
    assert_eq!(text(&event, "/@odata.etag"), format!("W/\"{}\"", text(&event, "/changeKey")));
    assert_eq!(event["start"], at("2026-10-06T09:00:00.0000000", "Europe/Berlin"));
    assert_eq!(event["body"], json!({"contentType": "text", "content": "Bring\nslides"}));
    assert_eq!(event["originalStartTimeZone"], "W. Europe Standard Time");
    let read = desk.get(&format!("/me/events/{}", text(&event, "/id"))).1;
    assert_eq!(read["start"], at("2026-10-06T07:00:00.0000000", "UTC"));
    assert_eq!(text(&read, "/body/contentType"), "html");
    assert!(text(&read, "/body/content").contains("Bring<br>\r\nslides"));
    let expected = json!({
        "type": "singleInstance", "showAs": "tentative", "isOrganizer": true, "isAllDay": false, "isCancelled": false,
        "recurrence": null, "seriesMasterId": null, "transactionId": null, "sensitivity": "normal",
        "responseStatus": {"response": "organizer", "time": "0001-01-01T00:00:00Z"}, "bodyPreview": "Bring\nslides",
        "organizer": {"emailAddress": {"name": "Anna Berg", "address": ANNA}}, "categories": ["Salesforce"],
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&read[name], value, "{name}");
    }
    assert_eq!(text(&read, "/locations/0/displayName"), "Room 4");
    assert!(text(&read, "/@odata.context").contains("$metadata#users('"));
}

#[test]
fn a_client_library_may_send_odd_bodies() {
    let mut desk = Desk::new();
    let event = desk.meeting_with(
        "Odd",
        "2026-10-06T09:00:00Z",
        &json!({
            "transactionId": null, "isOnlineMeeting": "false", "onlineMeetingProvider": null, "recurrence": null,
            "body": {"contentType": "HTML", "content": ""}, "@odata.type": "#microsoft.graph.event", "isReminderOn": true,
            "singleValueExtendedProperties": [
                {"id": "Boolean {00020329-0000-0000-C000-000000000046} Name DoNotForward", "value": "false"}
            ],
        }),
    );
    assert_eq!((&event["isOnlineMeeting"], &event["onlineMeetingProvider"]), (&json!(false), &json!("unknown")));
    assert!(event.get("singleValueExtendedProperties").is_none());
}

#[test]
fn bodies_that_make_no_event_are_refused() {
    let good = json!({"start": at("2026-10-06T09:00:00", "UTC"), "end": at("2026-10-06T10:00:00", "UTC")});
    let cases = [
        (json!({"start": null}), "ErrorPropertyValidationFailure"),
        (json!({"start": at("tomorrow", "UTC")}), "ErrorPropertyValidationFailure"),
        (json!({"start": at("2026-10-06T09:00:00", "Mars")}), "TimeZoneNotSupportedException"),
        (json!({"start": at("2026-10-06T11:00:00", "UTC")}), "ErrorCalendarEndDateIsEarlierThanStartDate"),
        (json!({"end": at("2036-10-06T11:00:00", "UTC")}), "ErrorCalendarDurationIsTooLong"),
        (json!({"isAllDay": true}), "ErrorInvalidRequest"),
        (json!({"recurrence": {"pattern": {"type": "daily"}}}), "ErrorPropertyValidationFailure"),
        (json!({"showAs": "away"}), "RequestBodyRead"),
        (json!({"subject": 7}), "RequestBodyRead"),
        (json!({"colour": "red"}), "RequestBodyRead"),
        (json!({"attendees": [{"type": "required"}]}), "RequestBodyRead"),
        (json!({"singleValueExtendedProperties": [{"id": "CrmId", "value": "x"}]}), "ErrorInvalidExtendedProperty"),
    ];
    for (wrong, expected) in cases {
        let mut desk = Desk::new();
        let mut body = good.clone();
        body.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        assert_eq!(code(&desk.post("/me/events", &body)), (400, expected), "{wrong}");
        assert_eq!(desk.get("/me/events").1["value"], json!([]), "{wrong} left something");
    }
    let mut desk = Desk::new();
    assert_eq!(code(&desk.post("/me/events", &json!([]))), (400, "BadRequest"));
    let reply = desk.send("GET", "/me/events", &["prefer: outlook.timezone=\"Nowhere\""], None);
    assert_eq!(code(&(400, reply.body_json())), (400, "TimeZoneNotSupportedException"));
}

#[test]
fn a_repeated_transaction_makes_one_event() {
    let mut desk = Desk::new();
    let first = desk.meeting_with("Once", "2026-10-06T09:00:00Z", &json!({"transactionId": "t-1"}));
    let again = desk.meeting_with("Twice", "2026-10-07T09:00:00Z", &json!({"transactionId": "t-1"}));
    assert_eq!((first["id"].clone(), "Once"), (again["id"].clone(), text(&again, "/subject")));
    assert_eq!(desk.get("/me/events").1["value"].as_array().unwrap().len(), 1);
}

#[test]
fn an_all_day_event_floats() {
    let mut desk = Desk::new();
    let event = desk.meeting_with(
        "Fair",
        "2026-10-06T00:00:00Z",
        &json!({"isAllDay": true, "start": at("2026-10-06T00:00:00", "Asia/Tokyo"), "end": at("2026-10-08T00:00:00", "Asia/Tokyo")}),
    );
    let target = format!("/me/events/{}", text(&event, "/id"));
    for zone in ["Pacific Standard Time", "Asia/Tokyo"] {
        let reply = desk.send("GET", &target, &[&format!("prefer: outlook.timezone=\"{zone}\"")], None).body_json();
        assert_eq!(
            (reply["start"].clone(), reply["end"].clone()),
            (at("2026-10-06T00:00:00.0000000", zone), at("2026-10-08T00:00:00.0000000", zone))
        );
    }
    // The window sees UTC midnights.
    let seen = |desk: &mut Desk, from: &str, to: &str| {
        let list = desk.get(&format!("/me/calendarView?startDateTime={from}&endDateTime={to}")).1;
        list["value"].as_array().unwrap().len()
    };
    assert_eq!(seen(&mut desk, "2026-10-05T20:00:00Z", "2026-10-06T00:00:00Z"), 0);
    assert_eq!(seen(&mut desk, "2026-10-07T23:00:00Z", "2026-10-08T00:00:00Z"), 1);
    let wrong = json!({"start": at("2026-10-06T01:00:00", "UTC")});
    let told = desk.patch(&target, &wrong);
    assert_eq!(
        text(&told.1, "/error/message"),
        "The Event.Start property for an all-day event needs to be set to midnight."
    );
    let (status, moved) = desk.patch(&target, &json!({"end": at("2026-10-07T00:00:00", "Asia/Tokyo")}));
    assert_eq!((status, text(&moved, "/end/dateTime")), (200, "2026-10-07T00:00:00.0000000"));
}

#[test]
fn a_patch_is_partial_and_needs_the_current_change_key() {
    let mut desk = Desk::new();
    let event = desk.meeting_with("Plan", "2026-10-06T09:00:00Z", &json!({"categories": ["Red", "Blue"]}));
    let target = format!("/me/events('{}')", text(&event, "/id").replace('=', "%3D"));
    let header = format!("if-match: {}", text(&event, "/@odata.etag"));
    let change = json!({"subject": "Plan B", "categories": ["Green"]});
    let (status, after) = crate::desk::told(&desk.send("PATCH", &target, &[&header], Some(&change)));
    assert_eq!((status, text(&after, "/subject"), &after["categories"]), (200, "Plan B", &json!(["Green"])));
    assert_eq!(after["start"], event["start"]);
    assert_ne!(after["changeKey"], event["changeKey"]);
    for method in ["PATCH", "DELETE"] {
        let reply = desk.send(method, &target, &[&header], Some(&change));
        assert_eq!(code(&crate::desk::told(&reply)), (412, "ErrorIrresolvableConflict"), "{method}");
    }
    let header = format!("if-match: {}", text(&after, "/@odata.etag"));
    assert_eq!(desk.send("DELETE", &target, &[&header], None).status, 204);
    assert_eq!(code(&desk.delete(&target)), (404, "ErrorItemNotFound"));
}

#[test]
fn exchange_may_touch_an_event_once_more_by_itself() {
    let mut desk = Desk::new();
    desk.world.switches.bump_change_key = true;
    let event = desk.meeting("Echo", "2026-10-06T09:00:00Z");
    let read = desk.get(&format!("/me/events/{}", text(&event, "/id"))).1;
    assert_ne!(read["changeKey"], event["changeKey"]);
    let again = desk.get(&format!("/me/events/{}", text(&event, "/id"))).1;
    assert_eq!(read["changeKey"], again["changeKey"]);
}

#[test]
fn ids_are_malformed_foreign_or_gone() {
    let mut desk = Desk::new();
    let event = desk.meeting("Mine", "2026-10-06T09:00:00Z");
    let id = text(&event, "/id").to_owned();
    assert_eq!(code(&desk.get("/me/events/nonsense")), (400, "ErrorInvalidIdMalformed"));
    assert_eq!(code(&desk.get(&format!("/me/messages/{id}"))), (404, "ErrorItemNotFound"));
    assert_eq!(
        code(&desk.get(&format!("/me/events/{}", id.replacen("AAMkA", "aAMkA", 1)))),
        (404, "ErrorItemNotFound")
    );
    desk.token = format!("sim-{BEN}");
    assert_eq!(code(&desk.get(&format!("/me/events/{id}"))), (404, "ErrorItemNotFound"));
}

#[test]
fn extended_properties_are_searched_and_shown_only_on_demand() {
    let mut desk = Desk::new();
    let mark = |value: &str| json!({"singleValueExtendedProperties": [{"id": CRM_ID, "value": value}]});
    desk.meeting_with("A", "2026-10-06T09:00:00Z", &mark("00U1"));
    let event = desk.meeting_with("B", "2026-10-06T09:00:00Z", &mark("00U2"));
    let filter = format!("singleValueExtendedProperties/Any(ep: ep/id eq '{CRM_ID}' and ep/value eq '00U2')");
    let found = desk.get(&format!("/me/events?$filter={}", filter.replace(' ', "%20"))).1;
    assert_eq!(crate::desk::column(&found, "subject"), ["B"]);
    assert!(found["value"][0].get("singleValueExtendedProperties").is_none());
    let expand = format!("$expand=singleValueExtendedProperties($filter=id eq '{CRM_ID}')").replace(' ', "+");
    let target = format!("/me/events/{}", text(&event, "/id"));
    let shown = desk.get(&format!("{target}?{expand}&$select=subject")).1;
    assert_eq!(shown["singleValueExtendedProperties"], json!([{"id": CRM_ID, "value": "00U2"}]));
    desk.patch(&target, &mark("00U3"));
    let shown = desk.get(&format!("{target}?{expand}")).1;
    assert_eq!(text(&shown, "/singleValueExtendedProperties/0/value"), "00U3");
}

#[test]
fn d18_attendees_get_mail_only_for_what_they_see() {
    let mut desk = Desk::new();
    desk.meeting("Alone", "2026-10-06T09:00:00Z");
    assert!(desk.world.outbox.is_empty());
    let more = json!({"attendees": [attendee("mia.larsen@fabrikam.example"), attendee(ANNA)]});
    let event = desk.meeting_with("Together", "2026-10-06T09:00:00Z", &more);
    let target = format!("/me/events/{}", text(&event, "/id"));
    let mails = |desk: &mut Desk| {
        let mails: Vec<(String, NoticeKind)> =
            desk.world.outbox.iter().map(|mail| (mail.to.to_lowercase(), mail.kind)).collect();
        desk.world.outbox.clear();
        mails
    };
    let mia = |kind| vec![("mia.larsen@fabrikam.example".to_owned(), kind)];
    assert_eq!(mails(&mut desk), mia(NoticeKind::Invitation));
    let own = json!({
        "categories": ["Salesforce"], "isReminderOn": false, "reminderMinutesBeforeStart": 5,
        "singleValueExtendedProperties": [{"id": CRM_ID, "value": "1"}],
    });
    desk.patch(&target, &own);
    assert_eq!(mails(&mut desk), []);
    desk.patch(&target, &json!({"subject": "Together again"}));
    assert_eq!(mails(&mut desk), mia(NoticeKind::Update));
    let tom = attendee("tom.okafor@contoso.example");
    desk.patch(&target, &json!({"attendees": [attendee("Mia.Larsen@fabrikam.example"), tom]}));
    assert_eq!(mails(&mut desk), [("tom.okafor@contoso.example".to_owned(), NoticeKind::Invitation)]);
    desk.patch(&target, &json!({"attendees": [tom]}));
    assert_eq!(mails(&mut desk), mia(NoticeKind::Cancellation));
    desk.delete(&target);
    assert_eq!(mails(&mut desk), [("tom.okafor@contoso.example".to_owned(), NoticeKind::Cancellation)]);
}

#[test]
fn d18_a_guest_changes_only_the_own_copy() {
    let mut desk = Desk::new();
    let invitation = Invitation {
        organizer_name: "Mia Larsen".to_owned(),
        organizer_address: "mia.larsen@fabrikam.example".to_owned(),
        ical_uid: Some("040000008200E000ABC".to_owned()),
        event: json!({
            "subject": "Review", "start": at("2026-10-06T09:00:00", "UTC"), "end": at("2026-10-06T10:00:00", "UTC"),
            "attendees": [attendee(ANNA), attendee("tom.okafor@contoso.example")],
        }),
    };
    let id = desk.with(|world, context| world.place_invitation(ANNA, &invitation, context)).unwrap();
    let target = format!("/me/events/{id}");
    let event = desk.get(&target).1;
    assert_eq!((&event["isOrganizer"], text(&event, "/responseStatus/response")), (&json!(false), "notResponded"));
    assert_eq!(
        (text(&event, "/organizer/emailAddress/name"), text(&event, "/iCalUId")),
        ("Mia Larsen", "040000008200E000ABC")
    );
    assert_eq!(desk.patch(&target, &json!({"subject": "My own title"})).0, 200);
    desk.with(|world, context| world.cancel_invitation(ANNA, &id, context)).unwrap();
    assert_eq!(desk.get(&target).1["isCancelled"], true);
    assert_eq!(desk.delete(&target).0, 204);
    assert!(desk.world.outbox.is_empty());
}

#[test]
fn the_default_calendar_is_listed_and_others_are_not() {
    let mut desk = Desk::new();
    let list = desk.get("/me/calendars?$select=id,name,canEdit,isDefaultCalendar").1;
    let calendar = &list["value"][0];
    assert_eq!((text(calendar, "/name"), &calendar["isDefaultCalendar"]), ("Calendar", &json!(true)));
    assert!(calendar.get("owner").is_none());
    let id = text(calendar, "/id");
    assert_eq!(desk.get("/me/calendar").1["id"], id);
    assert_eq!(desk.get("/me/calendar").1["owner"], json!({"name": "Anna Berg", "address": ANNA}));
    let event = desk.meeting("Here", "2026-10-06T09:00:00Z");
    assert_eq!(desk.get(&format!("/me/calendars/{id}/events/{}", text(&event, "/id"))).0, 200);
    assert_eq!(code(&desk.get("/me/calendars/other/events")), (400, "ErrorInvalidIdMalformed"));
    assert_eq!(code(&desk.get(&format!("/me/calendars/{}/events", text(&event, "/id")))), (404, "ErrorItemNotFound"));
}
