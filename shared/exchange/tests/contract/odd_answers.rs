//! Answers that a well-behaved service does not give: the adapter against a scripted one.

use std::time::Duration;

use serde_json::{Value, json};
use sim_kit::Reply;
use syncline_core::cursor::{Next, Position};
use syncline_core::ids::{RemoteId, SyncKey, Version};
use syncline_core::observation::Observation;
use syncline_ports::{ErrorKind, EventWrite, Events, Mails, Outcome};

use crate::scripted::{batch, delta_page, single, window, world};

pub(crate) fn writes(count: usize) -> Vec<EventWrite> {
    let delete = |n| EventWrite::Delete { id: RemoteId::new(format!("e{n}")), expected: Version::new("1") };
    (0..count).map(delete).collect()
}

#[tokio::test]
async fn a_link_to_another_server_is_not_followed() {
    let world = world(|_| {
        Reply::json(200, &json!({"value": [], "@odata.nextLink": "http://elsewhere.example/v1.0/me/events"}))
    })
    .await;
    let error = Events::changes(&world.mailbox, &window(), &Position::Start).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient);
    for token in ["http://elsewhere.example/v1.0/x", "@elsewhere.example/x", ""] {
        let error = Events::changes(&world.mailbox, &window(), &Position::Page(token.to_owned())).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::CursorExpired, "{token}");
    }
    assert_eq!(world.seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn dates_of_series_take_the_rest_from_their_master_and_malformed_rows_do_not_stop_the_others() {
    let thin = |id: &str, kind: &str, master: &str| {
        json!({"id": id, "@odata.etag": format!("W/\"{id}\""), "type": kind, "seriesMasterId": master,
            "start": {"dateTime": "2031-03-05T09:00:00.0000000", "timeZone": "UTC"},
            "end": {"dateTime": "2031-03-05T10:00:00.0000000", "timeZone": "UTC"}})
    };
    let with = |mut event: Value, more: Value| {
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let rows = json!([
        thin("o", "occurrence", "m"), thin("o2", "occurrence", "m"), thin("x", "exception", "m"),
        thin("m", "seriesMaster", ""), thin("orphan", "occurrence", "lost"), single("good"), single("bad"),
        single("left"), {"id": "gone", "@removed": {"reason": "deleted"}}, {"subject": "no id"},
    ]);
    let world = world(move |request| {
        if request.path.ends_with("/delta") {
            return delta_page(request, &rows);
        }
        batch(request, |url| match url.trim_start_matches("/me/events/").split('?').next().unwrap() {
            "good" => (200, single("good")),
            "bad" => (200, json!({"id": "bad", "start": "soon"})),
            "m" => (200, with(single("m"), json!({"type": "seriesMaster", "subject": "Weekly", "iCalUId": "uid"}))),
            "x" => (
                200,
                with(
                    single("x"),
                    json!({"type": "exception", "subject": "Moved", "seriesMasterId": "m",
                "iCalUId": "own", "originalStart": "2031-03-12T09:00:00Z"}),
                ),
            ),
            _ => (404, json!({"error": {"code": "ErrorItemNotFound"}})),
        })
    })
    .await;
    let page = Events::changes(&world.mailbox, &window(), &Position::Start).await.unwrap();
    let shown: Vec<(&str, String)> = page
        .items
        .iter()
        .map(|item| {
            let what = match item {
                Observation::Present(seen) => {
                    let origin = seen.standing.origin.as_ref().map(|origin| format!(" of {}", origin.start));
                    let recurrence = seen.standing.recurrence;
                    format!("{} {recurrence:?}{}", seen.event.subject, origin.unwrap_or_default())
                }
                Observation::Gone { .. } => "gone".to_owned(),
                Observation::Unreadable { problem, .. } => problem.clone(),
            };
            (item.id().as_str(), what)
        })
        .collect();
    let expected = [
        ("o", "Weekly Occurrence of 2031-03-05T09:00:00Z"),
        ("o2", "Weekly Occurrence of 2031-03-05T09:00:00Z"),
        ("x", "Moved Occurrence of 2031-03-12T09:00:00Z"),
        ("m", "Weekly SeriesMaster"),
        ("orphan", "gone"),
        ("good", " Single"),
        ("bad", "@odata.etag is missing"),
        ("left", "gone"),
        ("gone", "gone"),
        ("(no id)", "id is missing"),
    ];
    assert_eq!(shown, expected.map(|(id, what)| (id, what.to_owned())));
    assert_eq!(page.next, Next::Done("/v1.0/me/calendarView/delta?$deltatoken=1".to_owned()));
    assert_eq!(world.seen.lock().unwrap().len(), 2, "one page, one batch");
}

#[tokio::test]
async fn one_item_that_cannot_be_read_is_its_own_problem_and_all_of_them_are_the_services() {
    let ids = [RemoteId::new("a"), RemoteId::new("b")];
    let some = world(|request| {
        batch(request, |url| if url.contains("/a?") { (200, single("a")) } else { (500, Value::Null) })
    })
    .await;
    let read = Events::read(&some.mailbox, &ids).await.unwrap();
    assert!(matches!(read[0], Observation::Present(_)));
    let problem = "Graph does not show it: 500 ".to_owned();
    assert_eq!(read[1], Observation::Unreadable { id: ids[1].clone(), problem });

    let none = world(|request| batch(request, |_| (500, Value::Null))).await;
    assert_eq!(Events::read(&none.mailbox, &ids).await.unwrap_err().kind, ErrorKind::Transient);
}

#[tokio::test]
async fn a_throttled_part_of_a_read_fails_the_call_for_as_long_as_it_says() {
    let world = world(|request| {
        batch(request, |url| if url.contains("/a?") { (200, single("a")) } else { (429, Value::Null) })
    })
    .await;
    let read = Events::read(&world.mailbox, &[RemoteId::new("a"), RemoteId::new("b")]).await;
    assert_eq!(read.unwrap_err().kind, ErrorKind::Throttled { after: Duration::from_secs(7) });
    let found = world.mailbox.find(&[SyncKey::from_text("k")]).await;
    assert_eq!(found.unwrap_err().kind, ErrorKind::Throttled { after: Duration::from_secs(7) });
}

#[tokio::test]
async fn writes_behind_a_refused_batch_are_for_later() {
    let mut batches = 0;
    let world = world(move |request| {
        batches += 1;
        if batches == 1 { batch(request, |_| (204, Value::Null)) } else { Reply::empty(429).header("retry-after", "6") }
    })
    .await;
    let outcomes = world.mailbox.write(&writes(45)).await.unwrap();
    assert_eq!(outcomes.len(), 45);
    assert!(outcomes[..20].iter().all(|outcome| matches!(outcome, Outcome::Done(_))));
    let later = Outcome::Later { after: Some(Duration::from_secs(6)), code: "429".into() };
    assert!(outcomes[20..].iter().all(|outcome| *outcome == later), "{:?}", outcomes[20]);
    assert_eq!(world.seen.lock().unwrap().len(), 2, "the third batch is not sent");
    let refused = world.mailbox.write(&writes(1)).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Throttled { after: Duration::from_secs(6) });
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_leaves_a_write_unknown_and_a_read_for_later() {
    let world = world(|_| Reply::text(200, "text/html", "<html>sign in to the guest network</html>")).await;
    assert_eq!(world.mailbox.write(&writes(2)).await.unwrap(), [Outcome::Unknown, Outcome::Unknown]);
    let read = Events::changes(&world.mailbox, &window(), &Position::Start).await;
    assert_eq!(read.unwrap_err().kind, ErrorKind::Transient);
}

#[tokio::test]
async fn no_answer_at_all_leaves_a_write_unknown() {
    let world = world(|_| Reply::json(200, &json!({"value": []}))).await;
    // A token is at hand, so that it is the write itself that gets no answer.
    Mails::read(&world.mailbox, &RemoteId::new("m")).await.unwrap();
    drop(world.simulator);
    let outcomes = world.mailbox.write(&writes(25)).await.unwrap();
    assert_eq!(outcomes[..20], vec![Outcome::Unknown; 20]);
    assert_eq!(outcomes[20], Outcome::Later { after: None, code: String::new() });
    let read = Mails::read(&world.mailbox, &RemoteId::new("m")).await;
    assert_eq!(read.unwrap_err().kind, ErrorKind::Transient);
}
