use serde_json::json;
use syncline_core::ids::{SyncKey, Version};
use syncline_core::item::Sensitivity;

use super::*;
use crate::event::KEY_PROPERTY;

fn owner() -> Owner {
    Owner { address: "anna@northwind.example".into(), category: "salesforce".into() }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn utc(text: &str) -> Value {
    json!({"dateTime": format!("{text}.0000000"), "timeZone": "UTC"})
}

fn master() -> Value {
    json!({
        "id": "m", "@odata.etag": "W/\"m1\"", "type": "seriesMaster", "iCalUId": "uid-m", "subject": "Stand-up",
        "createdDateTime": "2031-03-01T09:00:00Z", "lastModifiedDateTime": "2031-03-02T09:00:00Z",
        "sensitivity": "private", "showAs": "tentative", "isReminderOn": true, "reminderMinutesBeforeStart": 5,
        "body": {"contentType": "text", "content": "Bring news"}, "location": {"displayName": "Room 1"},
        "isAllDay": false, "isOrganizer": true, "categories": ["Salesforce"],
        "start": utc("2031-03-03T09:00:00"), "end": utc("2031-03-03T09:15:00"),
        "recurrence": {
            "pattern": {"type": "daily", "interval": 1},
            "range": {"type": "noEnd", "startDate": "2031-03-03", "recurrenceTimeZone": "W. Europe Standard Time"},
        },
        "singleValueExtendedProperties": [{"id": KEY_PROPERTY, "value": "series-key"}],
    })
}

/// A date's row as the calendar view's delta shows it.
fn row() -> Value {
    json!({
        "@odata.type": "#microsoft.graph.event", "@odata.etag": "W/\"o1\"", "id": "o", "seriesMasterId": "m",
        "type": "occurrence", "start": utc("2031-03-05T09:00:00"), "end": utc("2031-03-05T09:15:00"),
    })
}

fn read(items: &[Value]) -> Whole {
    let id = |item: &Value| item["id"].as_str().unwrap().to_owned();
    Whole(items.iter().map(|item| (id(item), Fetched::Item(item.clone()))).collect())
}

fn present(observation: Observation) -> EventSeen {
    let Observation::Present(seen) = observation else { panic!("{observation:?}") };
    *seen
}

#[test]
fn a_date_has_what_it_shares_with_its_series_and_its_own_time_and_version() {
    let seen = present(read(&[master()]).observed(&RemoteId::new("o"), Some(&row()), &owner()));
    assert_eq!((seen.id.as_str(), &seen.version), ("o", &Version::new("W/\"o1\"")));
    assert_eq!((seen.event.subject.as_str(), seen.event.body.as_str()), ("Stand-up", "Bring news"));
    assert_eq!((seen.event.location.as_str(), seen.event.sensitivity), ("Room 1", Sensitivity::Private));
    assert_eq!(seen.event.reminder_minutes, Some(5));
    let time = EventTime::Timed { start: at("2031-03-05T09:00:00Z"), end: at("2031-03-05T09:15:00Z") };
    assert_eq!(seen.event.time, time);
    assert_eq!(seen.standing.ical_uid.as_deref(), Some("uid-m"));
    assert_eq!(seen.standing.recurrence, Recurrence::Occurrence);
    let origin = Origin { master: RemoteId::new("m"), start: at("2031-03-05T09:00:00Z") };
    assert_eq!(seen.standing.origin, Some(origin));
    assert!(seen.standing.is_marked);
    assert_eq!(seen.key, None, "the series' key is not the date's");
}

#[test]
fn a_changed_date_is_its_own_and_remembers_where_the_pattern_had_it() {
    let mut changed = master();
    let own = json!({
        "id": "x", "@odata.etag": "W/\"x2\"", "type": "exception", "seriesMasterId": "m", "iCalUId": "uid-x",
        "subject": "Stand-up, moved", "recurrence": null, "originalStart": "2031-03-05T09:00:00Z",
        "start": utc("2031-03-06T14:00:00"), "end": utc("2031-03-06T14:30:00"),
    });
    changed.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    let whole = read(&[master(), changed.clone()]);
    let seen = present(whole.observed(&RemoteId::new("x"), None, &owner()));
    assert_eq!(seen.event.subject, "Stand-up, moved");
    assert_eq!(seen.event.time.begins(), at("2031-03-06T14:00:00Z"));
    assert_eq!(seen.standing.ical_uid.as_deref(), Some("uid-m"));
    assert_eq!(seen.standing.origin.unwrap().start, at("2031-03-05T09:00:00Z"));
    assert_eq!(seen.key, None, "inherited");

    changed["singleValueExtendedProperties"] = json!([{"id": KEY_PROPERTY, "value": "its own"}]);
    let whole = read(&[master(), changed]);
    let seen = present(whole.observed(&RemoteId::new("x"), None, &owner()));
    assert_eq!(seen.key, Some(SyncKey::from_text("its own")));
}

#[test]
fn d16_whole_days_of_a_series_are_named_by_midnight_utc_whatever_the_zone() {
    let mut days = master();
    days["isAllDay"] = json!(true);
    days["start"] = utc("2031-03-03T00:00:00");
    days["end"] = utc("2031-03-04T00:00:00");
    let mut moved = row();
    moved["start"] = utc("2031-03-07T00:00:00");
    moved["end"] = utc("2031-03-08T00:00:00");
    for (zone, told) in [
        ("W. Europe Standard Time", "2031-03-04T23:00:00Z"),
        ("Tokyo Standard Time", "2031-03-04T15:00:00Z"),
        ("Pacific Standard Time", "2031-03-05T08:00:00Z"),
        ("UTC", "2031-03-05T00:00:00Z"),
        ("Customized Time Zone", "2031-03-04T23:00:00Z"),
    ] {
        days["recurrence"]["range"]["recurrenceTimeZone"] = json!(zone);
        moved["originalStart"] = json!(told);
        let seen = present(read(&[days.clone()]).observed(&RemoteId::new("o"), Some(&moved), &owner()));
        assert_eq!(seen.standing.origin.unwrap().start, at("2031-03-05T00:00:00Z"), "{zone}");
        assert_eq!(seen.event.time.begins(), at("2031-03-07T00:00:00Z"), "{zone}");
    }
}

#[test]
fn a_date_whose_series_cannot_be_had_says_so() {
    let id = RemoteId::new("o");
    let with = |master| Whole(BTreeMap::from([("m".to_owned(), master)])).observed(&id, Some(&row()), &owner());
    assert_eq!(with(Fetched::Gone), Observation::Gone { id: id.clone() });
    let problem = "its series: Graph does not show it: 500".to_owned();
    let refused = with(Fetched::Refused("Graph does not show it: 500".into()));
    assert_eq!(refused, Observation::Unreadable { id: id.clone(), problem });
    let mut broken = master();
    broken["subject"] = json!(7);
    let problem = "subject is no text".to_owned();
    assert_eq!(with(Fetched::Item(broken)), Observation::Unreadable { id: id.clone(), problem });
}

#[test]
fn an_invitation_to_one_date_has_no_series() {
    let mut alone = row();
    for (name, value) in [("seriesMasterId", Value::Null), ("createdDateTime", json!("2031-03-01T09:00:00Z"))] {
        alone[name] = value;
    }
    alone["lastModifiedDateTime"] = json!("2031-03-01T09:00:00Z");
    alone["iCalUId"] = json!("uid-o");
    let seen = present(read(&[alone]).observed(&RemoteId::new("o"), None, &owner()));
    assert_eq!((seen.standing.recurrence, seen.standing.origin), (Recurrence::Occurrence, None));
    assert_eq!(seen.standing.ical_uid.as_deref(), Some("uid-o"));
}

#[test]
fn a_series_has_its_rule_and_its_dates_in_order() {
    let whole = read(&[master()]);
    let id = RemoteId::new("m");
    let mut later = row();
    later["id"] = json!("later");
    later["start"] = utc("2031-03-09T09:00:00");
    later["end"] = utc("2031-03-09T09:15:00");
    let broken = json!({"id": "broken", "start": "soon"});
    let rows = vec![later, row(), broken];
    let Observation::Present(series) = whole.series(&id, Dates::Complete(rows), &owner()) else { panic!() };
    assert_eq!(series.rule, Some("FREQ=DAILY".parse().unwrap()));
    assert_eq!(series.master.key, Some(SyncKey::from_text("series-key")));
    let dates: Vec<&str> = series.dates.iter().map(|date| date.id().as_str()).collect();
    assert_eq!(dates, ["broken", "o", "later"], "what cannot be read comes first");

    let mut foreign = master();
    foreign["recurrence"]["range"]["recurrenceTimeZone"] = json!("Customized Time Zone");
    let series = read(&[foreign]).series(&id, Dates::Complete(vec![row()]), &owner());
    let Observation::Present(series) = series else { panic!() };
    assert_eq!((series.rule, series.dates.len()), (None, 1), "the dates are there without a rule");

    let gone = Observation::Gone { id: id.clone() };
    assert_eq!(whole.series(&id, Dates::Failed(Unusable::Gone), &owner()), gone);
    let open = Dates::Open { next: "/me".into(), rows: vec![row()] };
    assert!(matches!(whole.series(&id, open, &owner()), Observation::Unreadable { .. }), "half of it is no series");
    for (kind, expected) in [(json!("seriesMaster"), true), (Value::Null, true), (json!("singleInstance"), false)] {
        let mut event = master();
        event["type"] = kind;
        assert_eq!(is_master(&event), expected);
    }
}

#[test]
fn pages_of_dates_follow_their_links_and_no_other() {
    let graph = "https://graph.microsoft.com/v1.0";
    let page = |next: Value| Fetched::Item(json!({"value": [row()], "@odata.nextLink": next}));
    let open = || Dates::Open { next: "/first".into(), rows: vec![row()] };
    let take = |page| {
        let mut dates = open();
        dates.take(page, graph);
        dates
    };
    let next = take(page(json!("https://graph.microsoft.com/v1.0/me/events/m/instances?$skip=100&x=%3D")));
    assert_eq!(next.next(), Some("/me/events/m/instances?$skip=100&x=%3D"));
    let done = take(Fetched::Item(json!({"value": [row()]})));
    assert!(matches!(&done, Dates::Complete(rows) if rows.len() == 2));
    for astray in [json!("https://elsewhere.example/v1.0/x"), json!("https://graph.microsoft.com/beta/x"), json!(7)] {
        assert!(matches!(take(page(astray)), Dates::Failed(Unusable::Problem(_))));
    }
    assert!(matches!(take(Fetched::Item(json!({"value": {}}))), Dates::Failed(Unusable::Problem(_))));
    assert!(matches!(take(Fetched::Gone), Dates::Failed(Unusable::Gone)));
}
