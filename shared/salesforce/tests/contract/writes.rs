//! Writing events.

use reqwest::Method;
use serde_json::{Value, json};
use sim_kit::{Fault, FaultRule};
use syncline_core::fingerprint::{difference, same};
use syncline_core::item::{EventField, EventPatch, Fields};
use syncline_ports::ErrorKind;

use super::*;

fn update(written: &Written, fields: &[EventField], event: &Event) -> EventWrite {
    let patch = EventPatch { fields: fields.iter().copied().collect(), item: event.clone() };
    EventWrite::Update { id: written.id.clone(), expected: written.version.clone(), patch }
}

fn delete(written: &Written) -> EventWrite {
    EventWrite::Delete { id: written.id.clone(), expected: written.version.clone() }
}

#[tokio::test]
async fn d16_what_is_created_reads_back_the_same() {
    let world = world().await;
    let events = [
        meeting(),
        Event { time: all_day("2031-03-04", "2031-03-04"), ..meeting() },
        Event { time: all_day("2031-12-30", "2032-01-02"), reminder_minutes: Some(900), ..meeting() },
        Event { show_as: ShowAs::OutOfOffice, sensitivity: Sensitivity::Private, reminder_minutes: None, ..meeting() },
        Event { body: String::new(), location: String::new(), time: timed(NOW, NOW), ..meeting() },
    ];
    for (n, event) in events.iter().enumerate() {
        let written = world.made(&format!("key-{n}"), event).await;
        let seen = world.seen(&written.id).await;
        assert_eq!(&seen.event, event);
        assert_eq!((seen.version, seen.key), (written.version, Some(SyncKey::from_text(format!("key-{n}")))));
        let row = world.org.model().row(written.id.as_str()).cloned().unwrap();
        assert_eq!(row.text("OwnerId"), world.anna.as_str());
    }
}

#[tokio::test]
async fn d12_a_tentative_meeting_is_busy_here_and_that_is_no_difference() {
    let world = world().await;
    let tentative = Event { show_as: ShowAs::Tentative, ..meeting() };
    let seen = world.made("key", &tentative).await;
    let seen = world.seen(&seen.id).await;
    assert_eq!(seen.event.show_as, ShowAs::Busy);
    assert_eq!(difference(&seen.event, &tentative), Fields::new());
}

#[tokio::test]
async fn creating_twice_makes_one_event() {
    let world = world().await;
    let first = world.made("key", &meeting()).await;
    let again = world.made("key", &meeting()).await;
    assert_eq!(first.id, again.id);
    assert_eq!(world.count("Event"), 1);
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_unknown_and_found_by_its_key() {
    for fault in [Fault::FailAfter(504), Fault::FailAfter(500)] {
        let world = world().await;
        world.org.faults().add(FaultRule::on(Method::POST, "/composite", fault));
        assert_eq!(world.write_one(create("key", &meeting())).await, Outcome::Unknown);
        let found = world.events().find(&[SyncKey::from_text("key")]).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(world.made("key", &meeting()).await.id, found[0].id);
        assert_eq!(world.count("Event"), 1);
    }
}

#[tokio::test]
async fn a_batch_is_two_calls_whatever_it_does() {
    let world = world().await;
    let changed = world.made("changed", &meeting()).await;
    let gone = world.made("gone", &meeting()).await;
    let removed = world.made("removed", &meeting()).await;
    let stale = world.made("stale", &meeting()).await;
    world.later(5);
    world.by_hand(Method::DELETE, &format!("sobjects/Event/{}", gone.id), &Value::Null);
    world.by_hand(Method::PATCH, &format!("sobjects/Event/{}", stale.id), &json!({"Location": "Room 2"}));
    world.later(5);
    world.org.journal().clear();
    let new = Event { subject: "New".into(), ..meeting() };
    let too_long = Event { time: all_day("2031-03-01", "2031-03-31"), ..meeting() };
    let outcomes = world
        .events()
        .write(&[
            update(&stale, &[EventField::Subject], &new),
            create("created", &new),
            update(&changed, &[EventField::Subject], &new),
            delete(&gone),
            create("too long", &too_long),
            update(&gone, &[EventField::Subject], &new),
            delete(&removed),
            delete(&stale),
        ])
        .await
        .unwrap();
    assert_eq!(world.org.journal().total(), 2, "a look, and everything else");
    assert_eq!(outcomes[0], Outcome::Stale);
    assert_eq!(world.seen(&done(outcomes[1].clone()).id).await.event, new);
    let written = done(outcomes[2].clone());
    assert_eq!(written.id, changed.id);
    assert_ne!(written.version, changed.version);
    assert_eq!(world.seen(&changed.id).await.version, written.version);
    assert_eq!(outcomes[3], Outcome::Gone);
    assert!(matches!(&outcomes[4], Outcome::Rejected { code } if !code.is_empty()), "{:?}", outcomes[4]);
    assert_eq!(outcomes[5], Outcome::Gone);
    assert_eq!(outcomes[6], Outcome::Done(removed.clone()));
    assert_eq!(outcomes[7], Outcome::Stale);
    assert_eq!(world.seen(&stale.id).await.event, Event { location: "Room 2".into(), ..meeting() });
    assert!(world.org.model().row(removed.id.as_str()).unwrap().is_deleted());
}

#[tokio::test]
async fn a_patch_changes_its_fields_only() {
    let world = world().await;
    let mut written = world.made("key", &meeting()).await;
    let other = Event {
        subject: "Other".into(),
        body: "Other".into(),
        location: "Other".into(),
        time: all_day("2031-04-01", "2031-04-02"),
        show_as: ShowAs::Free,
        sensitivity: Sensitivity::Private,
        reminder_minutes: None,
    };
    let mut expected = meeting();
    for field in EventField::ALL {
        world.later(1);
        written = done(world.write_one(update(&written, &[field], &other)).await);
        match field {
            EventField::Subject => expected.subject.clone_from(&other.subject),
            EventField::Body => expected.body.clone_from(&other.body),
            EventField::Location => expected.location.clone_from(&other.location),
            EventField::Time => expected.time = other.time,
            EventField::ShowAs => expected.show_as = other.show_as,
            EventField::Sensitivity => expected.sensitivity = other.sensitivity,
            EventField::Reminder => expected.reminder_minutes = other.reminder_minutes,
        }
        assert_eq!(world.seen(&written.id).await.event, expected, "{field:?}");
    }
    world.later(1);
    written = done(world.write_one(update(&written, &[EventField::Time], &meeting())).await);
    assert!(same(EventField::Time, &world.seen(&written.id).await.event, &meeting()), "from days back to hours");
}

#[tokio::test]
async fn a_locked_record_is_for_later_and_the_rest_goes_on() {
    let world = world().await;
    let locked = world.made("locked", &meeting()).await;
    let free = world.made("free", &meeting()).await;
    world.org.model().lock_next(locked.id.as_str(), 1);
    let new = Event { subject: "New".into(), ..meeting() };
    let writes = [update(&locked, &[EventField::Subject], &new), update(&free, &[EventField::Subject], &new)];
    let outcomes = world.events().write(&writes).await.unwrap();
    assert_eq!(outcomes[0], Outcome::Later { after: None, code: "UNABLE_TO_LOCK_ROW".into() });
    assert_eq!(done(outcomes[1].clone()).id, free.id);
    assert_eq!(done(world.write_one(writes[0].clone()).await).id, locked.id);
}

#[tokio::test]
async fn a_delete_whose_answer_is_lost_is_gone_the_next_time() {
    let world = world().await;
    let written = world.made("key", &meeting()).await;
    world.org.faults().add(FaultRule::on(Method::POST, "v59.0/composite", Fault::FailAfter(503)).nth(2));
    assert_eq!(world.write_one(delete(&written)).await, Outcome::Unknown);
    assert_eq!(world.write_one(delete(&written)).await, Outcome::Gone);
}

#[tokio::test]
async fn a_call_fails_only_if_nothing_was_tried() {
    let world = world().await;
    let limit = ErrorKind::Throttled { after: Duration::from_mins(15) };
    world.org.faults().add(FaultRule::on(Method::POST, "/composite", Fault::Throttle { retry_after: 1 }));
    let error = world.events().write(&[create("key", &meeting())]).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (limit, "REQUEST_LIMIT_EXCEEDED"));
    assert_eq!(world.count("Event"), 0);

    let many: Vec<EventWrite> = (0..201).map(|n| create(&format!("key-{n}"), &meeting())).collect();
    world.org.faults().add(FaultRule::on(Method::POST, "/composite", Fault::Throttle { retry_after: 1 }).nth(2));
    let outcomes = world.events().write(&many).await.unwrap();
    assert_eq!(outcomes.len(), 201);
    assert!(outcomes[..200].iter().all(|outcome| matches!(outcome, Outcome::Done(_))));
    assert!(matches!(&outcomes[200], Outcome::Later { after: Some(_), .. }), "{:?}", outcomes[200]);
    assert_eq!(world.count("Event"), 200);
    assert_eq!(world.events().write(&[]).await.unwrap(), []);
}
