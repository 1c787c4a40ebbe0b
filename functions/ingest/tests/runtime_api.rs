//! The real binary, started and invoked as Lambda does it.

use serde_json::json;
use syncline_runtime::standin::{Function, LocalAws, sqs_event};

const BINARY: &str = env!("CARGO_BIN_EXE_ingest");
const UNKNOWN_USER: &str = r#"{"job":"session","user":"nobody","stream":"ingest","trigger":"timer"}"#;

#[tokio::test]
async fn what_can_never_be_done_is_acknowledged() {
    let aws = LocalAws::start().await;
    let mut ingest = Function::start(BINARY, &aws.settings()).await;
    let event = sqs_event(&[
        ("a", UNKNOWN_USER),
        ("b", "not a job"),
        ("c", r#"{"job":"resolve","org":"northwind","domain":"a.example"}"#),
    ]);
    let answer = ingest.invoke(&event).await;
    assert_eq!(answer, Ok(json!({ "batchItemFailures": [] })));
    let logs = ingest.end();
    for word in ["there is no user nobody", "queue.message_not_understood", "queue.job_misrouted"] {
        assert!(logs.contains(word), "{word:?} is missing in {logs}");
    }
    assert!(!logs.contains("not a job"), "bodies are not logged: {logs}");
}

#[tokio::test]
async fn what_may_be_done_later_comes_again() {
    let aws = LocalAws::start().await;
    let mut settings = aws.settings();
    for (name, value) in &mut settings {
        if name == "AWS_ENDPOINT_URL_DYNAMODB" {
            // Nobody listens there.
            "http://127.0.0.1:9".clone_into(value);
        }
    }
    let mut ingest = Function::start(BINARY, &settings).await;
    let answer = ingest.invoke(&sqs_event(&[("a", UNKNOWN_USER), ("b", "not a job")])).await;
    assert_eq!(answer, Ok(json!({ "batchItemFailures": [{ "itemIdentifier": "a" }] })));
}
