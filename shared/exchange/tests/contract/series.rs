//! Events that repeat.

use serde_json::{Value, json};
use syncline_core::cursor::Position;
use syncline_core::ids::RemoteId;
use syncline_core::item::{EventField, Sensitivity, ShowAs};
use syncline_core::observation::{EventSeen, Observation, Recurrence, Series};
use syncline_core::time::{EventTime, Window};
use syncline_ports::{Events, Outcome, Written};

use crate::bench::at;
use crate::events::{delete, event, update};
use crate::other_program::{Calendar, merged, span};
use crate::{World, window, world};

/// Mondays and Wednesdays at nine in Berlin, six times from 2031-03-24 on: over the change to summer time.
fn stand_up() -> Value {
    merged([
        json!({
            "subject": "Stand-up", "showAs": "tentative", "sensitivity": "private",
            "body": {"contentType": "text", "content": "Bring news"}, "location": {"displayName": "Room 1"},
            "isReminderOn": true, "reminderMinutesBeforeStart": 5, "categories": ["Salesforce"],
            "recurrence": {
                "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday", "wednesday"]},
                "range": {"type": "numbered", "startDate": "2031-03-24", "numberOfOccurrences": 6,
                    "recurrenceTimeZone": "W. Europe Standard Time"},
            },
        }),
        span("2031-03-24T09:00:00", "2031-03-24T09:15:00", "W. Europe Standard Time"),
    ])
}

const STARTS: [&str; 6] = [
    "2031-03-24T08:00:00Z",
    "2031-03-26T08:00:00Z",
    "2031-03-31T07:00:00Z",
    "2031-04-02T07:00:00Z",
    "2031-04-07T07:00:00Z",
    "2031-04-09T07:00:00Z",
];

fn present(observation: &Observation) -> &EventSeen {
    let Observation::Present(seen) = observation else { panic!("{observation:?}") };
    seen
}

fn origin(seen: &EventSeen) -> String {
    seen.standing.origin.as_ref().unwrap().start.to_string()
}

impl World {
    async fn series(&self, id: &str, window: &Window) -> Series {
        let shown = self.mailbox.series(&[RemoteId::new(id)], window).await.unwrap();
        let [Observation::Present(series)] = &shown[..] else { panic!("{shown:?}") };
        Series::clone(series)
    }
}

#[tokio::test]
async fn a_series_is_shown_with_its_rule_and_every_date_complete() {
    let world = world().await;
    let master = Calendar(&world).make(&stand_up()).await;
    let id = master["id"].as_str().unwrap();
    let series = world.series(id, &window()).await;
    assert_eq!(series.master.standing.recurrence, Recurrence::SeriesMaster);
    assert_eq!(
        series.rule.map(|rule| rule.to_string()).as_deref(),
        Some("FREQ=WEEKLY;COUNT=6;BYDAY=MO,WE;WKST=SU").map(|_| "FREQ=WEEKLY;BYDAY=MO,WE;WKST=SU;COUNT=6")
    );
    let dates: Vec<&EventSeen> = series.dates.iter().map(present).collect();
    assert_eq!(dates.iter().map(|date| origin(date)).collect::<Vec<_>>(), STARTS);
    for date in &dates {
        assert_eq!((date.event.subject.as_str(), date.event.body.trim()), ("Stand-up", "Bring news"));
        assert_eq!((date.event.show_as, date.event.sensitivity), (ShowAs::Tentative, Sensitivity::Private));
        assert_eq!((date.event.location.as_str(), date.event.reminder_minutes), ("Room 1", Some(5)));
        assert_eq!(date.standing.recurrence, Recurrence::Occurrence);
        assert_eq!(date.standing.origin.as_ref().unwrap().master.as_str(), id);
        assert_eq!(date.standing.ical_uid, series.master.standing.ical_uid, "everybody's uid is the series'");
        assert!(date.standing.is_marked && date.key.is_none());
        let EventTime::Timed { start, end } = date.event.time else { panic!() };
        assert_eq!(end.duration_since(start).as_mins(), 15);
    }
}

#[tokio::test]
async fn a_round_shows_what_reading_by_id_and_looking_at_the_series_show() {
    let world = world().await;
    let anna = Calendar(&world);
    let master = anna.make(&stand_up()).await;
    let id = master["id"].as_str().unwrap();
    let ids = anna.dates(id).await;
    let moved = span("2031-03-27T14:00:00", "2031-03-27T15:00:00", "UTC");
    assert_eq!(anna.change(&ids[1], &merged([moved, json!({"subject": "Moved", "categories": []})])).await, 200);
    assert_eq!(anna.delete(&ids[2]).await, 204);

    let (items, _) = world.round(Position::Start).await;
    let mut dates: Vec<EventSeen> =
        items.iter().map(present).filter(|seen| seen.standing.recurrence == Recurrence::Occurrence).cloned().collect();
    dates.sort_by_key(|date| date.event.time.begins());
    let expected = [STARTS[0], STARTS[1], STARTS[3], STARTS[4], STARTS[5]];
    assert_eq!(dates.iter().map(origin).collect::<Vec<_>>(), expected);
    let changed = &dates[1];
    assert_eq!((changed.event.subject.as_str(), changed.event.body.trim()), ("Moved", "Bring news"));
    assert_eq!(changed.event.time.begins(), at("2031-03-27T14:00:00Z"));
    assert!(!changed.standing.is_marked);

    let series = world.series(id, &window()).await;
    assert_eq!(series.dates.iter().map(present).cloned().collect::<Vec<_>>(), dates);
    for date in &dates {
        assert_eq!(world.read(&date.id).await.as_ref(), Some(date));
    }
    assert_eq!(world.read(&RemoteId::new(ids[2].as_str())).await, None, "called off");
}

#[tokio::test]
async fn dates_outside_the_window_are_left_out() {
    let world = world().await;
    let master = Calendar(&world).make(&stand_up()).await;
    let week = Window { from: at("2031-03-31T00:00:00Z"), until: at("2031-04-07T00:00:00Z") };
    let series = world.series(master["id"].as_str().unwrap(), &week).await;
    assert_eq!(series.dates.iter().map(|date| origin(present(date))).collect::<Vec<_>>(), STARTS[2..4]);
}

#[tokio::test]
async fn a_date_is_changed_and_deleted_like_any_event() {
    let world = world().await;
    let anna = Calendar(&world);
    let master = anna.make(&stand_up()).await;
    let id = master["id"].as_str().unwrap();
    let (_, position) = world.round(Position::Start).await;
    let dates = anna.dates(id).await;
    let first = world.read(&RemoteId::new(dates[0].as_str())).await.unwrap();
    let subject = syncline_core::item::Event { subject: "Only today".into(), ..event() };
    let write = update(&first.id, &first.version, &[EventField::Subject], subject);
    let outcomes = world.mailbox.write(std::slice::from_ref(&write)).await.unwrap();
    let [Outcome::Done(written)] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert_eq!(written.id, first.id, "its id stays");
    assert_eq!(world.mailbox.write(&[write]).await.unwrap(), [Outcome::Stale]);

    let second = world.read(&RemoteId::new(dates[1].as_str())).await.unwrap();
    let remove = delete(&Written { id: second.id.clone(), version: second.version, losses: vec![] });
    assert!(matches!(world.mailbox.write(std::slice::from_ref(&remove)).await.unwrap()[..], [Outcome::Done(_)]));
    assert_eq!(world.mailbox.write(&[remove]).await.unwrap(), [Outcome::Gone]);

    let series = world.series(id, &window()).await;
    let subjects: Vec<&str> = series.dates.iter().map(|date| present(date).event.subject.as_str()).collect();
    assert_eq!(subjects, ["Only today", "Stand-up", "Stand-up", "Stand-up", "Stand-up"]);
    assert_eq!(origin(present(&series.dates[0])), STARTS[0]);
    let (items, _) = world.round(position).await;
    let told: Vec<&RemoteId> = items.iter().map(Observation::id).collect();
    assert!(told.iter().any(|told| **told == first.id || told.as_str() == id), "{told:?}");
}

#[tokio::test]
async fn d16_a_series_of_whole_days_has_dates_and_no_hours() {
    let world = world().await;
    let days = merged([
        json!({
            "subject": "On call", "isAllDay": true,
            "recurrence": {
                "pattern": {"type": "daily", "interval": 7},
                "range": {"type": "endDate", "startDate": "2031-03-24", "endDate": "2031-04-10",
                    "recurrenceTimeZone": "Tokyo Standard Time"},
            },
        }),
        span("2031-03-24T00:00:00", "2031-03-25T00:00:00", "Tokyo Standard Time"),
    ]);
    let master = Calendar(&world).make(&days).await;
    let series = world.series(master["id"].as_str().unwrap(), &window()).await;
    let shown: Vec<(EventTime, String)> =
        series.dates.iter().map(present).map(|date| (date.event.time, origin(date))).collect();
    let day = |text: &str| {
        let date: jiff::civil::Date = text.parse().unwrap();
        (EventTime::AllDay { first: date, last: date }, format!("{text}T00:00:00Z"))
    };
    assert_eq!(shown, [day("2031-03-24"), day("2031-03-31"), day("2031-04-07")]);
}

#[tokio::test]
async fn many_series_are_read_together_page_by_page() {
    let world = world().await;
    let anna = Calendar(&world);
    let daily = merged([
        json!({"subject": "Daily", "recurrence": {
            "pattern": {"type": "daily", "interval": 1},
            "range": {"type": "noEnd", "startDate": "2031-03-03", "recurrenceTimeZone": "UTC"},
        }}),
        span("2031-03-03T10:00:00", "2031-03-03T10:30:00", "UTC"),
    ]);
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(RemoteId::new(anna.make(&daily).await["id"].as_str().unwrap()));
    }
    let single = world.create("single", event()).await;
    ids.push(single.id);
    let gone = world.create("gone", event()).await;
    world.mailbox.write(&[delete(&gone)]).await.unwrap();
    ids.push(gone.id);
    let before = world.tenant.journal().entries().count();
    let shown = world.mailbox.series(&ids, &window()).await.unwrap();
    let asked = world.tenant.journal().entries().filter(|entry| entry.path.ends_with("/$batch")).count();
    let counts: Vec<Option<usize>> = shown
        .iter()
        .map(|series| match series {
            Observation::Present(series) => Some(series.dates.len()),
            Observation::Gone { .. } => None,
            Observation::Unreadable { problem, .. } => panic!("{problem}"),
        })
        .collect();
    assert_eq!(counts, [Some(400), Some(400), Some(400), None, None]);
    assert!(asked >= 5 && world.tenant.journal().entries().count() - before < 40, "in batches, page by page");
}
