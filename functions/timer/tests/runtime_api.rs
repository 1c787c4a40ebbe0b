//! The real binary, started and invoked as Lambda does it.

use serde_json::{Value, json};
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
async fn a_missing_setting_stops_the_start_with_its_name() {
    let aws = LocalAws::start().await;
    let mut settings = aws.settings();
    settings.retain(|(name, _)| name != "SYNCLINE_TABLE");
    let mut timer = Function::start(BINARY, &settings).await;
    let (status, logs) = timer.wait();
    assert!(!status.success());
    assert!(logs.contains("SYNCLINE_TABLE is not set"), "{logs}");
}
