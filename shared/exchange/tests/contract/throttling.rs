//! Too much at once: short waits are waited out once, long ones are handed back.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use sim_exchange::PartFault;
use sim_kit::{Fault, FaultRule, Reply};
use syncline_core::cursor::Position;
use syncline_core::ids::{RemoteId, SyncKey, Version};
use syncline_core::observation::Observation;
use syncline_ports::{ErrorKind, EventWrite, Events, Mails, Outcome};

use crate::bench::{ANNA, Turning, Vault, annas, at};
use crate::events::{create, creates, event};
use crate::scripted::{self, single};
use crate::{window, world};

fn throttled(seconds: u64) -> ErrorKind {
    ErrorKind::Throttled { after: Duration::from_secs(seconds) }
}

fn deletes(count: usize) -> Vec<EventWrite> {
    let delete = |n| EventWrite::Delete { id: RemoteId::new(format!("e{n}")), expected: Version::new("1") };
    (0..count).map(delete).collect()
}

#[tokio::test]
async fn a_short_wait_is_waited_out_and_the_request_made_once_more() {
    let world = world().await;
    world.tenant.faults().add(FaultRule::on_request(2, Fault::Throttle { retry_after: 5 }));
    Events::changes(&world.mailbox, &window(), &Position::Start).await.unwrap();
    assert_eq!(world.clock.slept(), [5]);

    world.tenant.faults().add(FaultRule::on_request(1, Fault::Throttle { retry_after: 2 }).times(2));
    let error = Events::changes(&world.mailbox, &window(), &Position::Start).await.unwrap_err();
    assert_eq!(error.kind, throttled(2), "once and not again");
    assert_eq!(world.clock.slept(), [5, 2]);

    world.tenant.faults().add(FaultRule::on_request(1, Fault::Throttle { retry_after: 6 }));
    let error = Events::changes(&world.mailbox, &window(), &Position::Start).await.unwrap_err();
    assert_eq!(error.kind, throttled(6), "it is not waited out here");
    assert_eq!(world.clock.slept(), [5, 2]);
}

#[tokio::test]
async fn of_a_batch_only_the_parts_that_were_throttled_are_sent_again() {
    let world = world().await;
    let fault = |retry_after| PartFault {
        target_contains: "POST".into(),
        times: 1,
        status: 429,
        retry_after: Some(retry_after),
    };
    world.tenant.model().switches.part_faults = vec![fault(1), fault(3), fault(40)];
    let outcomes = world.mailbox.write(&creates(5)).await.unwrap();
    assert_eq!(world.clock.slept(), [3], "the longest of the short waits, once");
    let later = Outcome::Later { after: Some(Duration::from_secs(40)), code: "ApplicationThrottled".into() };
    assert_eq!(outcomes[2], later, "a long wait is handed back, part by part");
    assert!([0, 1, 3, 4].iter().all(|n| matches!(outcomes[*n], Outcome::Done(_))), "{outcomes:?}");
    assert_eq!(world.round(Position::Start).await.0.len(), 4, "each made once");
}

#[tokio::test]
async fn parts_beyond_what_the_mailbox_takes_at_once_get_their_turn() {
    let world = world().await;
    world.mailbox.write(&creates(12)).await.unwrap();
    world.tenant.model().switches.batch_part_limit = 8;
    let (items, _) = world.round(Position::Start).await;
    assert!(items.iter().all(|item| matches!(item, Observation::Present(_))));
    assert_eq!(items.len(), 12);
}

#[tokio::test]
async fn parts_that_stay_throttled_are_handed_back_and_lost_ones_are_unknown() {
    let throttle = |url: &str| if url.ends_with("/e1") { (429, Value::Null) } else { (204, Value::Null) };
    let batches = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&batches);
    let parts = Arc::new(Mutex::new(Vec::new()));
    let sizes = Arc::clone(&parts);
    // The first answer throttles a part for a second; the second batch is never answered.
    let world = scripted::world(move |request| {
        sizes.lock().unwrap().push(request.json().unwrap()["requests"].as_array().unwrap().len());
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        if first { scripted::batch_waiting(request, "1", throttle) } else { Reply::empty(504) }
    })
    .await;
    let outcomes = world.mailbox.write(&deletes(3)).await.unwrap();
    assert_eq!(*parts.lock().unwrap(), [3, 1]);
    assert_eq!(outcomes[1], Outcome::Unknown, "it may have been carried out this time");
    assert!(matches!((&outcomes[0], &outcomes[2]), (Outcome::Done(_), Outcome::Done(_))));
    assert_eq!(world.clock.slept(), [1]);

    let world = scripted::world(move |request| scripted::batch_waiting(request, "2", throttle)).await;
    let outcomes = world.mailbox.write(&deletes(3)).await.unwrap();
    let later = Outcome::Later { after: Some(Duration::from_secs(2)), code: "429".into() };
    assert_eq!(outcomes[1], later);
    assert_eq!(world.clock.slept(), [2]);
}

#[tokio::test]
async fn a_read_waits_too_and_then_tells_how_long() {
    let batches = AtomicU32::new(0);
    let world = scripted::world(move |request| {
        let first = batches.fetch_add(1, Ordering::SeqCst) == 0;
        scripted::batch_waiting(request, "4", |_| if first { (429, Value::Null) } else { (200, single("a")) })
    })
    .await;
    let read = Events::read(&world.mailbox, &[RemoteId::new("a")]).await.unwrap();
    assert!(matches!(read[..], [Observation::Present(_)]));
    assert_eq!(world.clock.slept(), [4]);

    let world = scripted::world(|_| Reply::empty(503).header("retry-after", "3")).await;
    let error = Mails::read(&world.mailbox, &RemoteId::new("m")).await.unwrap_err();
    assert_eq!(error.kind, throttled(3));
    assert_eq!(world.clock.slept(), [3], "a service that says when to come again is asked again");
    let outcomes = world.mailbox.write(&deletes(1)).await.unwrap();
    assert_eq!(outcomes, [Outcome::Unknown], "a write is not");
}

/// Two sessions of one user run at the same time, and Outlook counts their requests together.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_more_than_four_requests_are_under_way_to_one_mailbox_whoever_makes_them() {
    let world = world().await;
    let clock = world.tenant.clock().clone();
    let vault = || Vault::with(&format!("refresh-{ANNA}"));
    let mailboxes: Vec<Arc<_>> =
        (0..3).map(|_| Arc::new(annas(&world.tenant.url(), vault(), Turning::of(&clock)))).collect();
    world.tenant.faults().add(FaultRule::on_request(1, Fault::Latency(Duration::from_millis(20))).times(1000));
    let mut tasks = Vec::new();
    for n in 0..18_usize {
        let mailbox = Arc::clone(&mailboxes[n % 3]);
        tasks.push(tokio::spawn(async move {
            if n % 4 == 0 {
                mailbox.find(&[SyncKey::from_text("k")]).await.map(|_| ())
            } else {
                Mails::changes(&*mailbox, "inbox", at("2031-03-01T00:00:00Z"), &Position::Start).await.map(|_| ())
            }
        }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let refused = world.tenant.journal().entries().filter(|entry| entry.status == 429).count();
    assert_eq!(refused, 0, "the simulator throttles a fifth");
}

#[tokio::test]
async fn too_many_requests_are_told_with_their_wait() {
    let world = world().await;
    let throttle = || FaultRule::on_request(1, Fault::Throttle { retry_after: 17 });
    let expected = ErrorKind::Throttled { after: Duration::from_secs(17) };
    world.mail_round("inbox", Position::Start).await;
    world.tenant.faults().add(throttle());
    assert_eq!(Events::changes(&world.mailbox, &window(), &Position::Start).await.unwrap_err().kind, expected);
    world.tenant.faults().add(throttle());
    assert_eq!(world.mailbox.write(&[create("k", event())]).await.unwrap_err().kind, expected);
    world.tenant.faults().add(throttle());
    assert_eq!(Mails::read(&world.mailbox, &RemoteId::new("m")).await.unwrap_err().kind, expected);
    assert_eq!(world.mailbox.find(&[SyncKey::from_text("k")]).await.unwrap(), []);
}
