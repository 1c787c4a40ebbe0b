//! The calendar.

use serde_json::json;
use sim_exchange::{Invitation, PartFault};
use sim_kit::{Fault, FaultRule};
use syncline_core::cursor::{Next, Position};
use syncline_core::ids::{RemoteId, SyncKey, Version};
use syncline_core::item::{Event, EventField, EventPatch, Fields, Sensitivity, ShowAs};
use syncline_core::observation::{Observation, Response};
use syncline_core::time::EventTime;
use syncline_ports::{ErrorKind, EventWrite, Events, Outcome, Written};

use crate::bench::{ANNA, at};
use crate::{NOW, World, scripted, window, world};

impl World {
    pub(crate) async fn create(&self, key: &str, event: Event) -> Written {
        let outcomes = self.mailbox.write(&[create(key, event)]).await.unwrap();
        let [Outcome::Done(written)] = &outcomes[..] else { panic!("{outcomes:?}") };
        written.clone()
    }
}

pub(crate) fn event() -> Event {
    Event {
        subject: "Review".into(),
        body: "One\nTwo".into(),
        location: "Room 1".into(),
        time: EventTime::Timed { start: at("2031-03-04T09:00:00Z"), end: at("2031-03-04T10:30:00Z") },
        show_as: ShowAs::Busy,
        sensitivity: Sensitivity::Normal,
        reminder_minutes: Some(10),
    }
}

pub(crate) fn create(key: &str, event: Event) -> EventWrite {
    EventWrite::Create { key: SyncKey::from_text(key), item: event }
}

/// So many creates of the same event.
pub(crate) fn creates(count: usize) -> Vec<EventWrite> {
    (0..count).map(|n| create(&n.to_string(), event())).collect()
}

pub(crate) fn update(id: &RemoteId, expected: &Version, fields: &[EventField], event: Event) -> EventWrite {
    let patch = EventPatch { fields: fields.iter().copied().collect::<Fields>(), item: event };
    EventWrite::Update { id: id.clone(), expected: expected.clone(), patch }
}

pub(crate) fn delete(written: &Written) -> EventWrite {
    EventWrite::Delete { id: written.id.clone(), expected: written.version.clone() }
}

fn shared_forms(event: &Event) -> Vec<String> {
    EventField::ALL.iter().map(|field| syncline_core::fingerprint::shared_form(*field, event)).collect()
}

#[tokio::test]
async fn what_is_written_is_read_back_the_same() {
    let world = world().await;
    let days =
        |first: &str, last: &str| EventTime::AllDay { first: first.parse().unwrap(), last: last.parse().unwrap() };
    let events = [
        event(),
        Event { time: days("2031-03-05", "2031-03-05"), ..event() },
        Event { time: days("2031-03-29", "2031-04-02"), reminder_minutes: None, ..event() },
        Event { show_as: ShowAs::OutOfOffice, sensitivity: Sensitivity::Private, ..event() },
        Event { show_as: ShowAs::WorkingElsewhere, sensitivity: Sensitivity::Confidential, ..event() },
        Event { show_as: ShowAs::Free, sensitivity: Sensitivity::Personal, reminder_minutes: Some(0), ..event() },
        Event {
            show_as: ShowAs::Tentative,
            subject: String::new(),
            body: String::new(),
            location: String::new(),
            ..event()
        },
    ];
    let writes: Vec<_> = events.iter().enumerate().map(|(n, event)| create(&n.to_string(), event.clone())).collect();
    let outcomes = world.mailbox.write(&writes).await.unwrap();
    for ((n, event), outcome) in events.iter().enumerate().zip(outcomes) {
        let Outcome::Done(written) = outcome else { panic!("{n}: {outcome:?}") };
        let seen = world.read(&written.id).await.unwrap();
        assert_eq!(seen.event.time, event.time, "{n}");
        assert_eq!((seen.event.show_as, seen.event.sensitivity), (event.show_as, event.sensitivity), "{n}");
        assert_eq!(shared_forms(&seen.event), shared_forms(event), "{n}");
        assert_eq!(seen.key, Some(SyncKey::from_text(n.to_string())));
        assert_eq!((&seen.id, &seen.version), (&written.id, &written.version));
        assert_eq!((seen.created, seen.modified), (at(NOW), at(NOW)));
    }
}

#[tokio::test]
async fn a_create_twice_makes_one_event_and_its_key_finds_it() {
    let world = world().await;
    let key = "0123456789abcdef0123456789abcdef";
    let first = world.create(key, event()).await;
    let again = world.create(key, event()).await;
    assert_eq!(first.id, again.id);
    let other = world.create("other", event()).await;
    let keys = [SyncKey::from_text(key), SyncKey::from_text("nobody's"), SyncKey::from_text("it's")];
    let found = world.mailbox.find(&keys).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].id, found[0].key.as_ref()), (&first.id, Some(&keys[0])));
    assert_ne!(other.id, first.id);
}

#[tokio::test]
async fn d08_an_update_writes_the_fields_named_and_needs_the_version_expected() {
    let world = world().await;
    let made = world.create("k", event()).await;
    let changed = Event { subject: "Moved".into(), location: "Room 2".into(), ..event() };
    let write = update(&made.id, &made.version, &[EventField::Subject], changed.clone());
    let outcomes = world.mailbox.write(std::slice::from_ref(&write)).await.unwrap();
    let [Outcome::Done(written)] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert_ne!(written.version, made.version);
    let seen = world.read(&made.id).await.unwrap();
    assert_eq!((seen.event.subject.as_str(), seen.event.location.as_str()), ("Moved", "Room 1"));
    assert_eq!(seen.version, written.version);

    assert_eq!(world.mailbox.write(&[write]).await.unwrap(), [Outcome::Stale], "the same once more");
    assert_eq!(world.mailbox.write(&[delete(&made)]).await.unwrap(), [Outcome::Stale]);
    let to_day = Event {
        time: EventTime::AllDay { first: "2031-03-06".parse().unwrap(), last: "2031-03-07".parse().unwrap() },
        ..event()
    };
    let write = update(&made.id, &written.version, &[EventField::Time], to_day.clone());
    assert!(matches!(world.mailbox.write(&[write]).await.unwrap()[..], [Outcome::Done(_)]));
    assert_eq!(world.read(&made.id).await.unwrap().event.time, to_day.time);
}

#[tokio::test]
async fn a_delete_is_seen_and_a_second_one_finds_nothing() {
    let world = world().await;
    let made = world.create("k", event()).await;
    let (items, position) = world.round(Position::Start).await;
    assert_eq!(items.len(), 1);
    assert_eq!(world.mailbox.write(&[delete(&made)]).await.unwrap(), [Outcome::Done(made.clone())]);
    assert_eq!(world.mailbox.write(&[delete(&made)]).await.unwrap(), [Outcome::Gone]);
    let late = update(&made.id, &made.version, &[EventField::Subject], event());
    assert_eq!(world.mailbox.write(&[late]).await.unwrap(), [Outcome::Gone]);
    assert_eq!(world.read(&made.id).await, None);
    let (items, _) = world.round(position).await;
    assert_eq!(items, [Observation::Gone { id: made.id }]);
}

#[tokio::test]
async fn a_round_has_pages_and_the_next_one_only_changes() {
    let world = world().await;
    let writes: Vec<_> = (0..125).map(|n| create(&n.to_string(), event())).collect();
    let outcomes = world.mailbox.write(&writes).await.unwrap();
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done(_))));
    let far = Event {
        time: EventTime::Timed { start: at("2033-01-01T09:00:00Z"), end: at("2033-01-01T10:00:00Z") },
        ..event()
    };
    world.create("outside the window", far).await;

    let first = Events::changes(&world.mailbox, &window(), &Position::Start).await.unwrap();
    assert!(matches!(first.next, Next::Page(_)));
    let (items, position) = world.round(Position::Start).await;
    let keys: std::collections::BTreeSet<_> = items
        .iter()
        .filter_map(|item| match item {
            Observation::Present(seen) => seen.key.clone(),
            Observation::Gone { .. } | Observation::Unreadable { .. } => None,
        })
        .collect();
    assert_eq!(keys.len(), 125);

    let (items, position) = world.round(position).await;
    assert_eq!(items, []);
    let made = world.create("new", event()).await;
    let (items, _) = world.round(position).await;
    assert_eq!(items.iter().map(|item| item.id().clone()).collect::<Vec<_>>(), [made.id]);
}

#[tokio::test]
async fn d20_an_invitation_shows_where_it_stands() {
    let world = world().await;
    let event = json!({
        "subject": "Kick-off", "categories": ["salesforce"],
        "start": {"dateTime": "2031-03-04T09:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2031-03-04T10:00:00", "timeZone": "UTC"},
        "attendees": [
            {"emailAddress": {"address": ANNA}}, {"emailAddress": {"address": "mia.larsen@fabrikam.example"}},
        ],
    });
    let invitation = Invitation {
        organizer_name: "Tom Okafor".into(),
        organizer_address: "mia.larsen@fabrikam.example".into(),
        ical_uid: Some("uid-1".into()),
        event,
    };
    let id = world.tenant.with(|tenant, context| tenant.place_invitation(ANNA, &invitation, context)).unwrap();
    let (items, _) = world.round(Position::Start).await;
    let [Observation::Present(seen)] = &items[..] else { panic!("{items:?}") };
    assert_eq!(seen.standing.ical_uid.as_deref(), Some("uid-1"));
    assert_eq!((seen.standing.is_organizer, seen.standing.attendees), (false, 1));
    assert_eq!((seen.standing.response, seen.standing.is_marked), (Response::None, true));
    assert!(!seen.standing.is_cancelled);

    world.tenant.with(|tenant, context| tenant.cancel_invitation(ANNA, &id, context)).unwrap();
    assert!(world.read(&seen.id).await.unwrap().standing.is_cancelled);
}

#[tokio::test]
async fn d18_no_write_touches_the_attendees() {
    let world = world().await;
    let made = world.create("k", event()).await;
    world.mailbox.write(&[update(&made.id, &made.version, &EventField::ALL, event())]).await.unwrap();
    assert_eq!(world.tenant.model().outbox, []);
}

#[tokio::test]
async fn each_part_of_a_batch_of_writes_has_its_own_outcome() {
    let world = world().await;
    let fault = |status, retry_after| PartFault { target_contains: "POST".into(), times: 1, status, retry_after };
    world.tenant.model().switches.part_faults = vec![fault(429, Some(9)), fault(503, None)];
    let writes = [create("1", event()), create("2", event()), create("3", event())];
    let outcomes = world.mailbox.write(&writes).await.unwrap();
    assert!(
        matches!(&outcomes[0], Outcome::Later { after: Some(after), .. } if after.as_secs() == 9),
        "{:?}",
        outcomes[0]
    );
    assert_eq!(outcomes[1], Outcome::Unknown);
    assert!(matches!(outcomes[2], Outcome::Done(_)));
}

#[tokio::test]
async fn a_service_that_fails_is_a_passing_fault_of_a_read() {
    let world = world().await;
    world.mail_round("inbox", Position::Start).await;
    world.tenant.faults().add(FaultRule::on_request(1, Fault::FailBefore(503)));
    let error = Events::changes(&world.mailbox, &window(), &Position::Start).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient);
}

#[tokio::test]
async fn another_calendar_is_followed_searched_and_written_to_by_its_own_path() {
    let parts = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let urls = std::sync::Arc::clone(&parts);
    let world = scripted::world(move |request| {
        if request.path.ends_with("/delta") {
            return scripted::delta_page(request, &json!([]));
        }
        scripted::batch(request, |url| {
            urls.lock().unwrap().push(url.split('?').next().unwrap_or_default().to_owned());
            (200, json!({"value": []}))
        })
    })
    .await;
    let other = world.mailbox.in_calendar(&RemoteId::new("AAMk/x="));
    Events::changes(&other, &window(), &Position::Start).await.unwrap();
    other.find(&[SyncKey::from_text("k")]).await.unwrap();
    other.write(&[create("k", event())]).await.unwrap();
    Events::read(&other, &[RemoteId::new("e")]).await.unwrap();
    let calendar = "/me/calendars/AAMk%2Fx%3D";
    let expected = [format!("{calendar}/events"), format!("{calendar}/events"), "/me/events/e".to_owned()];
    assert_eq!(*parts.lock().unwrap(), expected, "an id says by itself where its event is");
    let seen = world.seen.lock().unwrap();
    assert!(seen.iter().any(|path| path.contains("/me/calendars/AAMk")), "{seen:?}");
}
