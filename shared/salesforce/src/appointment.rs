//! Salesforce's Event, to and from the canonical event.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use syncline_core::fingerprint::{one_line, plain};
use syncline_core::item::{Event, EventField, EventPatch, Sensitivity, ShowAs};
use syncline_core::merge::take;
use syncline_core::observation::{EventSeen, Recurrence, Standing};
use syncline_core::time::{EventTime, Window};
use syncline_ports::Loss;

use crate::KEY_FIELD;
use crate::object::{Extra, Object, Selection};
use crate::row::{Problem, Row, text};
use crate::soql::{down_to_second, instant, midnight, up_to_second};

impl Object for Event {
    const NAME: &'static str = "Event";
    /// The last four tell of a series; not every org has all of them.
    const COLUMNS: &'static [&'static str] = &[
        KEY_FIELD,
        "Subject",
        "Description",
        "Location",
        "IsAllDayEvent",
        "ActivityDate",
        "StartDateTime",
        "EndDateTime",
        "DurationInMinutes",
        "ShowAs",
        "IsPrivate",
        "IsReminderSet",
        "ReminderDateTime",
        "IsChild",
        "GroupEventType",
        "IsRecurrence",
        "RecurrenceActivityId",
        "IsRecurrence2",
    ];
    /// Who is invited, and what they answered: a change there need not touch the event.
    const EXTRAS: &'static [Extra] = &[Extra::Companion { object: "EventRelation", id: "EventId", relation: "Event" }];
    const FIELDS: &'static [EventField] = &EventField::ALL;
    const NATURAL: &'static [&'static str] = &["Subject", "IsAllDayEvent", "StartDateTime", "EndDateTime"];
    type Seen = EventSeen;

    fn needs(field: EventField) -> &'static [&'static str] {
        match field {
            EventField::Subject => &["Subject"],
            EventField::Body => &["Description"],
            EventField::Location => &["Location"],
            EventField::Time => &["IsAllDayEvent", "StartDateTime", "EndDateTime"],
            EventField::ShowAs => &["ShowAs"],
            EventField::Sensitivity => &["IsPrivate"],
            EventField::Reminder => &["IsReminderSet", "ReminderDateTime"],
        }
    }

    fn seen(row: Row<'_>, hidden: &BTreeSet<EventField>) -> Result<EventSeen, Problem> {
        let time = time(row)?;
        let text = |field| row.text(field).map(|text| text.unwrap_or_default().to_owned());
        let event = Event {
            subject: text("Subject")?,
            body: text("Description")?,
            location: text("Location")?,
            time,
            show_as: show_as(row.text("ShowAs")?),
            sensitivity: if row.flag("IsPrivate")? { Sensitivity::Private } else { Sensitivity::Normal },
            reminder_minutes: reminder_minutes(row, &time)?,
        };
        Ok(EventSeen {
            id: row.id(),
            version: row.version()?,
            key: row.key()?,
            created: row.known_instant("CreatedDate")?,
            modified: row.known_instant("LastModifiedDate")?,
            event,
            standing: Standing { recurrence: recurrence(row)?, hidden: hidden.clone(), ..Standing::own_single() },
        })
    }

    fn patched(current: &Self, patch: &EventPatch) -> Self {
        let mut event = current.clone();
        for field in &patch.fields {
            take(*field, &patch.item, &mut event);
        }
        event
    }

    fn record<'a>(event: &Self, fields: impl IntoIterator<Item = &'a EventField>) -> (Map<String, Value>, Vec<Loss>) {
        (record(event, fields), Vec::new())
    }

    /// Of a group event only the organizer's own row is wanted.
    fn wanted(selection: &Selection<Self>) -> Vec<String> {
        if selection.has("IsChild") { vec!["IsChild = false".to_owned()] } else { Vec::new() }
    }

    /// What touches the window. Whole days reach to the end of their last day, though their `EndDateTime` is
    /// its beginning.
    fn listed(window: Option<&Window>, _: &Selection<Self>) -> Vec<String> {
        let Some(window) = window else { return Vec::new() };
        let from = down_to_second(window.from);
        let day_before = from.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(from);
        vec![
            format!("StartDateTime < {}", instant(up_to_second(window.until))),
            format!(
                "(EndDateTime > {from} OR StartDateTime >= {from} OR (IsAllDayEvent = true AND EndDateTime > {}))",
                instant(day_before),
                from = instant(from),
            ),
        ]
    }
}

/// All-day events are dates at midnight UTC and are never shifted into a time zone; the end is the last
/// day itself (D-16).
fn time(row: Row<'_>) -> Result<EventTime, Problem> {
    let start = row.instant("StartDateTime")?;
    let end = row.instant("EndDateTime")?;
    let time = if row.flag("IsAllDayEvent")? {
        let first = start.map(day_of).or(row.day("ActivityDate")?).ok_or("the event has no first day")?;
        let last = end.map_or(first, day_of);
        EventTime::AllDay { first, last }
    } else {
        let start = start.ok_or("the event has no start")?;
        let minutes = row.number("DurationInMinutes")?;
        let lasting = |minutes: i64| start.checked_add(SignedDuration::from_secs(minutes.saturating_mul(60))).ok();
        let end = end.or_else(|| minutes.and_then(lasting)).ok_or("the event has no end")?;
        EventTime::Timed { start, end }
    };
    let backwards = match time {
        EventTime::Timed { start, end } => end < start,
        EventTime::AllDay { first, last } => last < first,
    };
    if backwards { Err("the event ends before it begins".to_owned()) } else { Ok(time) }
}

fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// The three values of the standard picklist. An admin may add others; they are booked time too.
fn show_as(text: Option<&str>) -> ShowAs {
    match text {
        Some("Free") => ShowAs::Free,
        Some("OutOfOffice") => ShowAs::OutOfOffice,
        _ => ShowAs::Busy,
    }
}

/// A reminder after the start counts as one at the start.
fn reminder_minutes(row: Row<'_>, time: &EventTime) -> Result<Option<u32>, Problem> {
    let at = row.instant("ReminderDateTime")?;
    if !row.flag("IsReminderSet")? {
        return Ok(None);
    }
    Ok(at.map(|at| u32::try_from(time.begins().duration_since(at).as_mins().max(0)).unwrap_or(u32::MAX)))
}

/// Lightning's pattern row has `GroupEventType` 3, classic's has `IsRecurrence`; the dates of either
/// point at their series.
fn recurrence(row: Row<'_>) -> Result<Recurrence, Problem> {
    if row.flag("IsRecurrence")? || row.text("GroupEventType")? == Some("3") {
        Ok(Recurrence::SeriesMaster)
    } else if row.flag("IsRecurrence2")? || row.text("RecurrenceActivityId")?.is_some() {
        Ok(Recurrence::Occurrence)
    } else {
        Ok(Recurrence::Single)
    }
}

/// The record's fields that hold these fields of the event. With the time the reminder moves along.
fn record<'a>(event: &Event, fields: impl IntoIterator<Item = &'a EventField>) -> Map<String, Value> {
    let mut record = Map::new();
    let mut set = |name: &str, value: Value| {
        record.insert(name.to_owned(), value);
    };
    for field in fields {
        match field {
            EventField::Subject => set("Subject", text(one_line(&event.subject))),
            EventField::Body => set("Description", text(plain(&event.body))),
            EventField::Location => set("Location", text(one_line(&event.location))),
            EventField::Time => {
                match event.time {
                    EventTime::Timed { start, end } => {
                        set("IsAllDayEvent", json!(false));
                        set("StartDateTime", json!(instant(start)));
                        set("EndDateTime", json!(instant(end)));
                    }
                    EventTime::AllDay { first, last } => {
                        set("IsAllDayEvent", json!(true));
                        set("ActivityDate", json!(first.to_string()));
                        set("StartDateTime", json!(midnight(first)));
                        set("EndDateTime", json!(midnight(last)));
                    }
                }
                if let Some(at) = reminder_at(event) {
                    set("ReminderDateTime", json!(instant(at)));
                }
            }
            EventField::ShowAs => {
                let show_as = match event.show_as {
                    ShowAs::Free => "Free",
                    ShowAs::OutOfOffice => "OutOfOffice",
                    ShowAs::Busy | ShowAs::Tentative | ShowAs::WorkingElsewhere => "Busy",
                };
                set("ShowAs", json!(show_as));
            }
            EventField::Sensitivity => set("IsPrivate", json!(event.sensitivity.is_private())),
            EventField::Reminder => {
                let at = reminder_at(event);
                set("IsReminderSet", json!(at.is_some()));
                set("ReminderDateTime", at.map_or(Value::Null, |at| json!(instant(at))));
            }
        }
    }
    record
}

fn reminder_at(event: &Event) -> Option<Timestamp> {
    let before = SignedDuration::from_secs(i64::from(event.reminder_minutes?) * 60);
    event.time.begins().checked_sub(before).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object;
    use syncline_core::ids::{RemoteId, Version};
    use syncline_core::observation::Observation;

    fn seen(row: Row<'_>) -> Result<EventSeen, Problem> {
        Event::seen(row, &BTreeSet::new())
    }

    fn observation(record: &Value) -> Observation {
        object::observation::<Event>(record, &BTreeSet::new())
    }

    fn timed(start: &str, end: &str) -> EventTime {
        EventTime::Timed { start: start.parse().unwrap(), end: end.parse().unwrap() }
    }

    fn all_day(first: &str, last: &str) -> EventTime {
        EventTime::AllDay { first: first.parse().unwrap(), last: last.parse().unwrap() }
    }

    fn event() -> Event {
        Event {
            subject: "Review".into(),
            body: "One\nTwo".into(),
            location: "Room 1".into(),
            time: timed("2031-03-03T09:00:00Z", "2031-03-03T10:00:00Z"),
            show_as: ShowAs::Busy,
            sensitivity: Sensitivity::Normal,
            reminder_minutes: Some(15),
        }
    }

    fn row() -> Value {
        json!({
            "attributes": {"type": "Event", "url": "/services/data/v59.0/sobjects/Event/00U1"},
            "Id": "00U1", "SystemModstamp": "2031-03-01T08:00:05.000+0000",
            "CreatedDate": "2031-03-01T08:00:00.000+0000", "LastModifiedDate": "2031-03-01T08:00:04.000+0000",
            "IsDeleted": false, "Syncline_Key__c": null, "Subject": "Review", "Description": "One\nTwo",
            "Location": "Room 1", "IsAllDayEvent": false, "ActivityDate": "2031-03-03",
            "StartDateTime": "2031-03-03T09:00:00.000+0000", "EndDateTime": "2031-03-03T10:00:00.000+0000",
            "DurationInMinutes": 60, "ShowAs": "Busy", "IsPrivate": false, "IsReminderSet": true,
            "ReminderDateTime": "2031-03-03T08:45:00.000+0000",
        })
    }

    /// The row with some fields replaced.
    fn row_with(changes: Value) -> Value {
        let (mut row, Value::Object(changes)) = (row(), changes) else { panic!("an object") };
        row.as_object_mut().unwrap().extend(changes);
        row
    }

    fn read(changes: Value) -> Event {
        seen(Row(&row_with(changes))).unwrap().event
    }

    #[test]
    fn a_record_becomes_an_event() {
        let seen = seen(Row(&row())).unwrap();
        assert_eq!(seen.event, event());
        assert_eq!((seen.id, seen.version), (RemoteId::new("00U1"), Version::new("2031-03-01T08:00:05Z")));
        assert_eq!(seen.created, "2031-03-01T08:00:00Z".parse().unwrap());
        assert_eq!(seen.modified, "2031-03-01T08:00:04Z".parse().unwrap());
        assert_eq!((seen.key, seen.standing), (None, Standing::own_single()));
    }

    #[test]
    fn d16_all_day_is_a_pair_of_dates_with_the_last_one_included() {
        let midnight = |day: &str| format!("{day}T00:00:00.000+0000");
        for (start, end, activity, expected) in [
            (
                json!(midnight("2031-03-03")),
                json!(midnight("2031-03-03")),
                json!("2031-03-03"),
                ("2031-03-03", "2031-03-03"),
            ),
            (
                json!(midnight("2031-03-03")),
                json!(midnight("2031-03-05")),
                json!("2031-03-03"),
                ("2031-03-03", "2031-03-05"),
            ),
            (Value::Null, Value::Null, json!("2031-03-03"), ("2031-03-03", "2031-03-03")),
        ] {
            let read = read(json!({
                "IsAllDayEvent": true, "StartDateTime": start, "EndDateTime": end, "ActivityDate": activity,
                "IsReminderSet": false,
            }));
            assert_eq!(read.time, all_day(expected.0, expected.1));
        }
        let written = record(&Event { time: all_day("2031-03-03", "2031-03-05"), ..event() }, &[EventField::Time]);
        let expected = json!({
            "IsAllDayEvent": true, "ActivityDate": "2031-03-03", "StartDateTime": "2031-03-03T00:00:00Z",
            "EndDateTime": "2031-03-05T00:00:00Z", "ReminderDateTime": "2031-03-02T23:45:00Z",
        });
        assert_eq!(Value::Object(written), expected);
    }

    #[test]
    fn odd_records_are_read_as_far_as_they_mean_something() {
        assert_eq!(read(json!({"EndDateTime": null})).time, event().time, "the duration gives the end");
        assert_eq!(read(json!({"ShowAs": "Commuting"})).show_as, ShowAs::Busy);
        assert_eq!(read(json!({"ShowAs": "OutOfOffice"})).show_as, ShowAs::OutOfOffice);
        assert_eq!(read(json!({"ShowAs": "Free"})).show_as, ShowAs::Free);
        assert_eq!(read(json!({"IsReminderSet": false})).reminder_minutes, None);
        assert_eq!(read(json!({"ReminderDateTime": null})).reminder_minutes, None);
        assert_eq!(read(json!({"ReminderDateTime": "2031-03-03T09:30:00.000+0000"})).reminder_minutes, Some(0));
        assert_eq!(read(json!({"Description": null, "Subject": null})).subject, "");
        assert_eq!(read(json!({"IsPrivate": true})).sensitivity, Sensitivity::Private);
    }

    #[test]
    fn what_cannot_be_understood_is_unreadable_and_says_why_without_content() {
        for (changes, problem) in [
            (json!({"StartDateTime": null}), "the event has no start"),
            (json!({"EndDateTime": null, "DurationInMinutes": null}), "the event has no end"),
            (json!({"EndDateTime": "2031-03-03T08:00:00.000+0000"}), "the event ends before it begins"),
            (json!({"StartDateTime": "soon"}), "StartDateTime is no date and time"),
            (json!({"IsAllDayEvent": null}), "IsAllDayEvent is no boolean"),
            (json!({"SystemModstamp": null}), "SystemModstamp is missing"),
            (json!({"Subject": 7}), "Subject is no text"),
        ] {
            let expected = Observation::Unreadable { id: RemoteId::new("00U1"), problem: problem.into() };
            assert_eq!(observation(&row_with(changes)), expected);
        }
        let gone = row_with(json!({"IsDeleted": true, "StartDateTime": null}));
        assert_eq!(observation(&gone), Observation::Gone { id: RemoteId::new("00U1") });
    }

    #[test]
    fn d15_rows_of_a_series_are_known() {
        let recurrence = |changes| seen(Row(&row_with(changes))).unwrap().standing.recurrence;
        for (changes, expected) in [
            (json!({"GroupEventType": "0", "IsRecurrence": false, "RecurrenceActivityId": null}), Recurrence::Single),
            (json!({"GroupEventType": "3", "IsRecurrence2": true}), Recurrence::SeriesMaster),
            (json!({"IsRecurrence": true, "RecurrenceActivityId": "00U1"}), Recurrence::SeriesMaster),
            (json!({"IsRecurrence2": true}), Recurrence::Occurrence),
            (json!({"IsRecurrence": false, "RecurrenceActivityId": "00U0"}), Recurrence::Occurrence),
        ] {
            assert_eq!(recurrence(changes.clone()), expected, "{changes}");
        }
    }

    #[test]
    fn an_event_becomes_a_record() {
        let expected = json!({
            "Subject": "Review", "Description": "One\nTwo", "Location": "Room 1", "IsAllDayEvent": false,
            "StartDateTime": "2031-03-03T09:00:00Z", "EndDateTime": "2031-03-03T10:00:00Z", "ShowAs": "Busy",
            "IsPrivate": false, "IsReminderSet": true, "ReminderDateTime": "2031-03-03T08:45:00Z",
        });
        assert_eq!(Value::Object(record(&event(), &EventField::ALL)), expected);
    }

    #[test]
    fn d12_what_salesforce_cannot_express_is_written_as_what_it_can() {
        for (show_as, written) in [
            (ShowAs::Tentative, "Busy"),
            (ShowAs::WorkingElsewhere, "Busy"),
            (ShowAs::Busy, "Busy"),
            (ShowAs::Free, "Free"),
            (ShowAs::OutOfOffice, "OutOfOffice"),
        ] {
            assert_eq!(record(&Event { show_as, ..event() }, &[EventField::ShowAs])["ShowAs"], written);
        }
        for sensitivity in [Sensitivity::Personal, Sensitivity::Private, Sensitivity::Confidential] {
            assert_eq!(record(&Event { sensitivity, ..event() }, &[EventField::Sensitivity])["IsPrivate"], true);
        }
        let long = Event { subject: "s".repeat(300), body: "b".repeat(40_000), location: String::new(), ..event() };
        let written = record(&long, &EventField::ALL);
        assert_eq!(written["Subject"].as_str().unwrap().len(), 300, "what is too long the org's describe tells");
        assert_eq!(written["Description"].as_str().unwrap().len(), 40_000);
        assert_eq!(written["Location"], Value::Null);
    }

    #[test]
    fn the_reminder_moves_with_the_time_and_keeps_its_minutes_in_salesforce() {
        let later = Event { time: timed("2031-03-04T09:00:00Z", "2031-03-04T10:00:00Z"), ..event() };
        let write = |current: &Event, fields: &[EventField], event: &Event| {
            let patch = EventPatch { fields: fields.iter().copied().collect(), item: event.clone() };
            Value::Object(record(&Event::patched(current, &patch), &patch.fields))
        };
        let here = Event { reminder_minutes: Some(30), ..event() };
        let moved = write(&here, &[EventField::Time], &later);
        assert_eq!(moved["ReminderDateTime"], "2031-03-04T08:30:00Z");
        assert_eq!(moved.get("IsReminderSet"), None, "only the time was to change");
        let silent = write(&Event { reminder_minutes: None, ..event() }, &[EventField::Time], &later);
        assert_eq!(silent.get("ReminderDateTime"), None);
        let reminded = write(&here, &[EventField::Reminder], &Event { reminder_minutes: Some(5), ..later.clone() });
        assert_eq!(reminded, json!({"IsReminderSet": true, "ReminderDateTime": "2031-03-03T08:55:00Z"}));
        let off = write(&here, &[EventField::Reminder, EventField::Time], &Event { reminder_minutes: None, ..later });
        assert_eq!((&off["IsReminderSet"], &off["ReminderDateTime"]), (&json!(false), &Value::Null));
    }

    #[test]
    fn a_written_event_reads_back_the_same() {
        let times =
            [event().time, all_day("2031-12-31", "2032-01-02"), timed("2031-03-03T09:00:00Z", "2031-03-03T09:00:00Z")];
        for time in times {
            let original = Event { time, reminder_minutes: Some(900), ..event() };
            let read = read(Value::Object(record(&original, &EventField::ALL)));
            assert_eq!(read, original);
        }
    }
}
