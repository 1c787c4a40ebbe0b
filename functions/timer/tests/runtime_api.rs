//! The real binary, started and invoked as Lambda does it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use syncline_core::job::{Job, Stream, Trigger};
use syncline_ports::StateStore;
use syncline_runtime::standin::{Function, LocalAws};

const BINARY: &str = env!("CARGO_BIN_EXE_timer");

fn minute() -> Value {
    json!({
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": "2031-03-03T09:00:00Z",
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:123456789012:rule/timer"],
        "detail": {}
    })
}

#[tokio::test]
async fn a_minute_with_nobody_due_is_over_at_once_and_the_next_one_too() {
    let aws = LocalAws::start().await;
    let mut timer = Function::start(BINARY, &aws.settings()).await;
    for _ in 0..2 {
        assert_eq!(timer.invoke(&minute()).await, Ok(Value::Null));
    }
    assert!(aws.jobs("mirror").await.is_empty());
}

#[tokio::test]
async fn a_user_who_is_due_is_woken_once() {
    let aws = LocalAws::start().await;
    let store = aws.store();
    let anna = aws.seed().await;
    let mut user = store.user(&anna).await.unwrap().unwrap();
    let due = Timestamp::now() - SignedDuration::from_mins(1);
    user.next_due = Some(due);
    store.put_user(&user).await.unwrap();

    let mut timer = Function::start(BINARY, &aws.settings()).await;
    for _ in 0..2 {
        assert_eq!(timer.invoke(&minute()).await, Ok(Value::Null));
    }
    for (queue, stream) in [("mirror", Stream::Mirror), ("ingest", Stream::Ingest)] {
        let job = Job::Session { user: anna.clone(), stream, trigger: Trigger::Timer };
        assert_eq!(aws.jobs(queue).await, [job]);
    }
    let next = store.user(&anna).await.unwrap().unwrap().next_due.unwrap();
    assert!(next > Timestamp::now(), "{next}");
}

#[tokio::test]
async fn a_missing_setting_stops_the_start_with_its_name() {
    let aws = LocalAws::start().await;
    let mut settings = aws.settings();
    settings.retain(|(name, _)| name != "SYNCLINE_TABLE");
    let mut timer = Function::start(BINARY, &settings).await;
    let (status, logs) = timer.wait();
    assert!(!status.success());
    assert!(logs.contains("SYNCLINE_TABLE is not set"), "{logs}");
}
