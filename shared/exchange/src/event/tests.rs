use jiff::Timestamp;
use syncline_core::item::Fields;

use super::*;

fn owner() -> Owner {
    Owner { address: "anna@northwind.example".into(), category: "salesforce".into() }
}

fn wire() -> Value {
    json!({
        "id": "e1",
        "@odata.etag": "W/\"k1\"",
        "changeKey": "k1",
        "createdDateTime": "2031-03-01T09:00:00Z",
        "lastModifiedDateTime": "2031-03-02T09:00:00.1234567Z",
        "categories": ["Red", "SALESFORCE"],
        "iCalUId": "uid-1",
        "reminderMinutesBeforeStart": 15,
        "isReminderOn": true,
        "subject": "Review",
        "sensitivity": "private",
        "isAllDay": false,
        "isCancelled": false,
        "isOrganizer": true,
        "showAs": "tentative",
        "type": "singleInstance",
        "seriesMasterId": null,
        "recurrence": null,
        "isDraft": false,
        "responseStatus": {"response": "organizer", "time": "0001-01-01T00:00:00Z"},
        "body": {"contentType": "text", "content": "One\r\nTwo"},
        "start": {"dateTime": "2031-03-03T09:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2031-03-03T10:00:00.0000000", "timeZone": "UTC"},
        "location": {"displayName": "Room 1"},
        "attendees": [
            {"type": "required", "emailAddress": {"name": "Mia", "address": "mia@fabrikam.example"}},
            {"type": "required", "emailAddress": {"name": "Anna", "address": "Anna@northwind.example"}},
        ],
        "organizer": {"emailAddress": {"name": "Anna", "address": "anna@northwind.example"}},
        "singleValueExtendedProperties": [{"id": KEY_PROPERTY.to_uppercase(), "value": "00ff"}],
    })
}

fn with(changes: &Value) -> Value {
    let mut value = wire();
    for (name, change) in changes.as_object().unwrap() {
        value[name] = change.clone();
    }
    value
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_complete_event_is_read_in_full() {
    let expected = EventSeen {
        id: RemoteId::new("e1"),
        version: Version::new("W/\"k1\""),
        key: Some(SyncKey::from_text("00ff")),
        created: at("2031-03-01T09:00:00Z"),
        modified: at("2031-03-02T09:00:00.1234567Z"),
        event: Event {
            subject: "Review".into(),
            body: "One\r\nTwo".into(),
            location: "Room 1".into(),
            time: EventTime::Timed { start: at("2031-03-03T09:00:00Z"), end: at("2031-03-03T10:00:00Z") },
            show_as: ShowAs::Tentative,
            sensitivity: Sensitivity::Private,
            reminder_minutes: Some(15),
        },
        standing: Standing {
            ical_uid: Some("uid-1".into()),
            is_organizer: true,
            attendees: 1,
            is_cancelled: false,
            response: Response::Organizer,
            is_draft: false,
            recurrence: Recurrence::Single,
            origin: None,
            is_marked: true,
            hidden: std::collections::BTreeSet::new(),
        },
    };
    assert_eq!(seen(&wire(), &owner()), Ok(expected));
}

#[test]
fn d16_all_day_is_read_as_dates_with_an_inclusive_end() {
    let midnights = |first: &str, end: &str| {
        let at = |date: &str| json!({"dateTime": format!("{date}T00:00:00.0000000"), "timeZone": "UTC"});
        seen(&with(&json!({"isAllDay": true, "start": at(first), "end": at(end)})), &owner())
            .map(|seen| seen.event.time)
    };
    let days =
        |first: &str, last: &str| EventTime::AllDay { first: first.parse().unwrap(), last: last.parse().unwrap() };
    assert_eq!(midnights("2031-03-03", "2031-03-04"), Ok(days("2031-03-03", "2031-03-03")));
    assert_eq!(midnights("2031-02-27", "2031-03-02"), Ok(days("2031-02-27", "2031-03-01")));
    assert_eq!(midnights("2031-03-03", "2031-03-03"), Ok(days("2031-03-03", "2031-03-03")));
    assert!(midnights("2031-03-04", "2031-03-03").is_err());
}

#[test]
fn d16_all_day_is_written_as_midnights_with_an_exclusive_end() {
    let time = EventTime::AllDay { first: "2031-02-27".parse().unwrap(), last: "2031-02-28".parse().unwrap() };
    let event = Event { time, ..seen(&wire(), &owner()).unwrap().event };
    let body = patch_body(&EventPatch { fields: Fields::from([EventField::Time]), item: event });
    let expected = json!({
        "isAllDay": true,
        "start": {"dateTime": "2031-02-27T00:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2031-03-01T00:00:00", "timeZone": "UTC"},
    });
    assert_eq!(body, expected);
}

#[test]
fn a_time_in_a_zone_is_an_instant() {
    let value = with(&json!({"start": {"dateTime": "2031-07-01T09:00:00", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2031-07-01T08:00:00Z", "timeZone": "UTC"}}));
    let expected = EventTime::Timed { start: at("2031-07-01T07:00:00Z"), end: at("2031-07-01T08:00:00Z") };
    assert_eq!(seen(&value, &owner()).unwrap().event.time, expected);
    let value = with(&json!({"start": {"dateTime": "2031-07-01T09:00:00", "timeZone": "W. Europe Standard Time"},
        "end": {"dateTime": "2031-07-01T08:00:00Z", "timeZone": "tzone://Microsoft/Utc"}}));
    assert_eq!(seen(&value, &owner()).unwrap().event.time, expected, "by Windows' names");
}

#[test]
fn what_cannot_be_understood_is_named_without_its_value() {
    let cases = [
        (json!({"start": null}), "start is missing"),
        (json!({"start": {"dateTime": "soon"}}), "start.dateTime is no date and time"),
        (json!({"end": {"dateTime": "2031-03-03T08:00:00"}}), "it ends before it begins"),
        (json!({"isAllDay": true}), "it lasts all day and does not begin and end at midnight"),
        (json!({"subject": 7}), "subject is no text"),
        (json!({"body": "secret"}), "body is no object"),
        (json!({"type": "novelty"}), "type is not known"),
        (json!({"attendees": {"secret": 1}}), "attendees is no list"),
        (json!({"lastModifiedDateTime": "secret"}), "lastModifiedDateTime is no instant"),
        (json!({"@odata.etag": null, "changeKey": null}), "@odata.etag is missing"),
        (
            json!({"start": {"dateTime": "2031-03-03T09:00:00", "timeZone": "Secret/Zone"}}),
            "start.timeZone is not known",
        ),
    ];
    for (changes, problem) in cases {
        let observed = observed(&RemoteId::new("e1"), &with(&changes), &owner());
        assert_eq!(observed, Observation::Unreadable { id: RemoteId::new("e1"), problem: problem.into() });
    }
}

#[test]
fn a_body_is_text_even_where_it_came_as_html() {
    let html = "<html><body><p>One</p><p>Two &amp; three</p></body></html>";
    for (body, expected) in [
        (json!({"contentType": "text", "content": "One\r\nTwo"}), "One\r\nTwo"),
        (json!({"contentType": "HTML", "content": html}), "One\nTwo & three"),
        (json!({"contentType": "html", "content": ""}), ""),
        (json!(null), ""),
    ] {
        let text = seen(&with(&json!({ "body": body })), &owner()).unwrap().event.body;
        let lines: Vec<&str> = text.split('\n').filter(|line| !line.trim().is_empty()).collect();
        assert_eq!(lines.join("\n"), expected);
    }
}

#[test]
fn d17_an_unknown_sensitivity_counts_as_private_and_an_unknown_show_as_as_busy() {
    let event = seen(&with(&json!({"sensitivity": "novelty", "showAs": "unknown"})), &owner()).unwrap().event;
    assert_eq!((event.sensitivity, event.show_as), (Sensitivity::Private, ShowAs::Busy));
}

#[test]
fn names_of_choices_survive_the_round_trip() {
    use Sensitivity::{Confidential, Normal, Personal, Private};
    for value in [Normal, Personal, Private, Confidential] {
        assert_eq!(sensitivity(Some(sensitivity_name(value))), value);
    }
    for value in [ShowAs::Free, ShowAs::Tentative, ShowAs::Busy, ShowAs::OutOfOffice, ShowAs::WorkingElsewhere] {
        assert_eq!(show_as(Some(show_as_name(value))), value);
    }
}

#[test]
fn standing_tells_a_guest_from_an_organizer() {
    let organizer = json!({"emailAddress": {"address": "ben@northwind.example"}});
    let guest = |response: &str| {
        let status = json!({"response": response});
        let value = with(&json!({"isOrganizer": false, "organizer": organizer, "responseStatus": status}));
        seen(&value, &owner()).unwrap().standing
    };
    for (name, response) in [
        ("none", Response::None),
        ("notResponded", Response::None),
        ("accepted", Response::Accepted),
        ("tentativelyAccepted", Response::Tentative),
        ("declined", Response::Declined),
    ] {
        assert_eq!(guest(name).response, response, "{name}");
    }
    assert_eq!((guest("none").is_organizer, guest("none").attendees), (false, 2));
    let unmarked =
        seen(&with(&json!({"categories": ["Salesforce Events"], "isCancelled": true, "isDraft": true})), &owner());
    let standing = unmarked.unwrap().standing;
    assert_eq!((standing.is_marked, standing.is_cancelled, standing.is_draft), (false, true, true));
}

#[test]
fn a_reminder_that_is_off_or_after_the_start() {
    let minutes = |changes| seen(&with(&changes), &owner()).unwrap().event.reminder_minutes;
    assert_eq!(minutes(json!({"isReminderOn": false})), None);
    assert_eq!(minutes(json!({"reminderMinutesBeforeStart": -5})), Some(0));
    assert_eq!(minutes(json!({"reminderMinutesBeforeStart": 0})), Some(0));
}

#[test]
fn a_type_says_whether_it_repeats_and_else_what_it_holds() {
    for (changes, expected) in [
        (json!({"type": "occurrence"}), Recurrence::Occurrence),
        (json!({"type": "exception"}), Recurrence::Occurrence),
        (json!({"type": "SeriesMaster"}), Recurrence::SeriesMaster),
        (json!({"type": null}), Recurrence::Single),
        (json!({"type": null, "seriesMasterId": "m"}), Recurrence::Occurrence),
        (json!({"type": null, "recurrence": {}}), Recurrence::SeriesMaster),
    ] {
        assert_eq!(seen(&with(&changes), &owner()).unwrap().standing.recurrence, expected, "{changes}");
    }
}

#[test]
fn a_create_carries_the_key_twice_and_no_attendees() {
    let key = SyncKey::from_text("00ff");
    let body = create_body(&key, &seen(&wire(), &owner()).unwrap().event);
    assert_eq!(body["transactionId"], "00ff");
    assert_eq!(body["singleValueExtendedProperties"], json!([{"id": KEY_PROPERTY, "value": "00ff"}]));
    assert_eq!(body["start"], json!({"dateTime": "2031-03-03T09:00:00", "timeZone": "UTC"}));
    assert_eq!(body["body"], json!({"contentType": "text", "content": "One\r\nTwo"}));
    assert_eq!(body["location"], json!({"displayName": "Room 1"}));
    assert_eq!((&body["isReminderOn"], &body["reminderMinutesBeforeStart"]), (&json!(true), &json!(15)));
    assert!(body.get("attendees").is_none());
}

#[test]
fn d08_a_change_holds_only_the_fields_named() {
    let event = Event { reminder_minutes: None, ..seen(&wire(), &owner()).unwrap().event };
    let patch = |field| patch_body(&EventPatch { fields: Fields::from([field]), item: event.clone() });
    for (field, expected) in [
        (EventField::Subject, json!({"subject": "Review"})),
        (EventField::Location, json!({"location": {"displayName": "Room 1"}})),
        (EventField::ShowAs, json!({"showAs": "tentative"})),
        (EventField::Sensitivity, json!({"sensitivity": "private"})),
        (EventField::Reminder, json!({"isReminderOn": false})),
    ] {
        assert_eq!(patch(field), expected);
    }
}
