//! The real binary, started and invoked as Lambda does it.

use serde_json::json;
use syncline_core::org::ConnectionState;
use syncline_core::report::{Ending, SessionReport};
use syncline_ports::StateStore;
use syncline_runtime::standin::{Function, LocalAws, sqs_event};

const BINARY: &str = env!("CARGO_BIN_EXE_mirror");
const UNKNOWN_USER: &str = r#"{"job":"session","user":"nobody","stream":"mirror","trigger":"timer"}"#;

#[tokio::test]
async fn what_can_never_be_done_is_acknowledged() {
    let aws = LocalAws::start().await;
    let mut mirror = Function::start(BINARY, &aws.settings()).await;
    let event = sqs_event(&[
        ("a", UNKNOWN_USER),
        ("b", "not a job"),
        ("c", r#"{"job":"resolve","org":"northwind","domain":"a.example"}"#),
    ]);
    let answer = mirror.invoke(&event).await;
    assert_eq!(answer, Ok(json!({ "batchItemFailures": [] })));
    let logs = mirror.end();
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
    let mut mirror = Function::start(BINARY, &settings).await;
    let answer = mirror.invoke(&sqs_event(&[("a", UNKNOWN_USER), ("b", "not a job")])).await;
    assert_eq!(answer, Ok(json!({ "batchItemFailures": [{ "itemIdentifier": "a" }] })));
}

#[tokio::test]
async fn d32_a_user_without_a_sign_in_is_blocked_at_once_and_the_job_does_not_come_again() {
    let aws = LocalAws::start().await;
    let anna = aws.seed().await;
    let mut settings = aws.settings();
    for vendor in ["GRAPH", "SALESFORCE"] {
        settings.push((format!("SYNCLINE_{vendor}_CLIENT_ID"), "app".to_owned()));
        settings.push((format!("SYNCLINE_{vendor}_CLIENT_SECRET"), "hush".to_owned()));
    }
    let mut mirror = Function::start(BINARY, &settings).await;
    let job = r#"{"job":"session","user":"anna","stream":"mirror","trigger":"webhook"}"#;
    let answer = mirror.invoke(&sqs_event(&[("a", job)])).await;
    assert_eq!(answer, Ok(json!({ "batchItemFailures": [] })));
    let store = aws.store();
    let user = store.user(&anna).await.unwrap().unwrap();
    assert!([user.mailbox, user.crm].contains(&ConnectionState::Blocked), "{user:?}");
    let sessions = store.sessions(&anna, 5).await.unwrap();
    assert!(matches!(sessions.as_slice(), [SessionReport { ending: Ending::Failed { .. }, .. }]));
}
