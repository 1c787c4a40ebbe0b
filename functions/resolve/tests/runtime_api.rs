//! The real binary, started and invoked as Lambda does it.

use serde_json::json;
use syncline_core::ids::OrgId;
use syncline_ports::StateStore;
use syncline_runtime::standin::{Function, LocalAws, sqs_event};

const BINARY: &str = env!("CARGO_BIN_EXE_resolve");
const DOMAIN: &str = r#"{"job":"resolve","org":"northwind","domain":"a.example"}"#;

#[tokio::test]
async fn an_unknown_org_and_a_misrouted_job_are_acknowledged() {
    let aws = LocalAws::start().await;
    let mut resolve = Function::start(BINARY, &aws.settings()).await;
    let session = r#"{"job":"session","user":"anna","stream":"mirror","trigger":"timer"}"#;
    let answer = resolve.invoke(&sqs_event(&[("a", DOMAIN), ("b", session)])).await;
    assert_eq!(answer, Ok(json!({ "batchItemFailures": [] })));
    let logs = resolve.end();
    assert!(logs.contains("there is no org northwind"), "{logs}");
    assert!(logs.contains("queue.job_misrouted"), "{logs}");
}

#[tokio::test]
async fn d31_a_domain_that_somebody_else_is_at_comes_again() {
    let aws = LocalAws::start().await;
    let store = aws.store();
    aws.seed().await;
    let org = OrgId::new("northwind");
    let now = jiff::Timestamp::now();
    let until = now + jiff::SignedDuration::from_mins(5);
    let held = store.lock_domain(&org, "a.example", "another", now, until).await;
    assert!(held.unwrap());

    let mut resolve = Function::start(BINARY, &aws.settings()).await;
    let event = sqs_event(&[("a", DOMAIN)]);
    let answer = resolve.invoke(&event).await;
    assert_eq!(answer, Ok(json!({ "batchItemFailures": [{ "itemIdentifier": "a" }] })));

    store.unlock_domain(&org, "a.example", "another").await.unwrap();
    let answer = resolve.invoke(&event).await;
    assert_eq!(answer, Ok(json!({ "batchItemFailures": [] })));
}
