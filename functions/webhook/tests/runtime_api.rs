//! The real binary, started and invoked as Lambda does it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use syncline_core::ids::{SubscriptionId, UserId};
use syncline_core::job::{Job, Stream, Trigger};
use syncline_ports::{PushResource, StateStore, SubscriptionRow};
use syncline_runtime::standin::{Function, LocalAws, http_event, sha256_hex};

const BINARY: &str = env!("CARGO_BIN_EXE_webhook");
const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn notification(subscription: &str, secret: &str) -> Value {
    json!({
        "subscriptionId": subscription,
        "subscriptionExpirationDateTime": "2031-03-10T09:00:00Z",
        "changeType": "updated",
        "resource": "Users/guid/Events/AAMk",
        "resourceData": { "@odata.type": "#Microsoft.Graph.Event", "id": "AAMk" },
        "clientState": secret,
        "tenantId": "tenant"
    })
}

async fn post(webhook: &mut Function, path: &str, value: &[Value]) -> Value {
    let body = json!({ "value": value }).to_string();
    let event = http_event("POST", path, &[("content-type", "application/json")], &body);
    let answer = webhook.invoke(&event).await;
    answer.expect("an answer")["statusCode"].clone()
}

/// A user with a subscription to events.
async fn seed(aws: &LocalAws) {
    let subscription = SubscriptionRow {
        id: SubscriptionId::new("known"),
        user: aws.seed().await,
        resource: PushResource::Events,
        secret_hash: sha256_hex(SECRET),
        expires: Timestamp::now() + SignedDuration::from_hours(24),
    };
    aws.store().put_subscription(&subscription).await.unwrap();
}

#[tokio::test]
async fn the_handshake_returns_the_decoded_token_as_plain_text() {
    let aws = LocalAws::start().await;
    let mut webhook = Function::start(BINARY, &aws.settings()).await;
    for path in ["/graph", "/graph/lifecycle"] {
        let path = format!("{path}?validationToken=Validation%3a+%3Cb%3E+T%c3%a4st%2B1");
        let answer = webhook.invoke(&http_event("POST", &path, &[], "")).await.unwrap();
        assert_eq!(answer["statusCode"], 200);
        assert_eq!(answer["body"], "Validation: <b> Täst+1");
        assert_eq!(answer["headers"]["content-type"], "text/plain; charset=utf-8");
        assert_eq!(answer["headers"]["x-content-type-options"], "nosniff");
    }
    let long = format!("/graph?validationToken={}", "x".repeat(5_000));
    let answer = webhook.invoke(&http_event("POST", &long, &[], "")).await.unwrap();
    assert_eq!(answer["statusCode"], 400);
}

#[tokio::test]
async fn only_what_brings_its_secret_is_believed_and_many_make_one_job() {
    let aws = LocalAws::start().await;
    seed(&aws).await;
    let mut settings = aws.settings();
    settings.push(("SYNCLINE_LOG".to_owned(), "trace".to_owned()));
    let mut webhook = Function::start(BINARY, &settings).await;

    assert_eq!(post(&mut webhook, "/graph", &[]).await, 202, "an empty list is fine");
    for (subscription, secret) in [("other", SECRET), ("known", "wrong"), ("known", "")] {
        let refused = post(&mut webhook, "/graph", &[notification(subscription, secret)]).await;
        assert_eq!(refused, 401, "{subscription} {secret}");
    }
    assert_eq!(post(&mut webhook, "/graph", &[json!({})]).await, 401);
    assert!(aws.jobs("mirror").await.is_empty());

    let mixed = [notification("other", "x"), notification("known", SECRET), json!("?")];
    assert_eq!(post(&mut webhook, "/graph", &mixed).await, 202);
    for _ in 0..5 {
        let one = [notification("known", SECRET)];
        assert_eq!(post(&mut webhook, "/graph", &one).await, 202);
    }
    let job = Job::Session { user: UserId::new("anna"), stream: Stream::Mirror, trigger: Trigger::Webhook };
    assert_eq!(aws.jobs("mirror").await, [job]);
    let logs = webhook.end();
    assert!(logs.contains("webhook.received"), "{logs}");
    assert!(!logs.contains(SECRET), "the secret is in the logs");
}

#[tokio::test]
async fn a_removed_subscription_is_forgotten() {
    let aws = LocalAws::start().await;
    seed(&aws).await;
    let mut webhook = Function::start(BINARY, &aws.settings()).await;
    let mut removed = notification("known", SECRET);
    removed["lifecycleEvent"] = json!("subscriptionRemoved");
    assert_eq!(post(&mut webhook, "/graph/lifecycle", &[removed]).await, 202);
    let row = aws.store().subscription(&SubscriptionId::new("known")).await;
    assert_eq!(row.unwrap(), None);
}

#[tokio::test]
async fn what_is_malformed_too_long_or_elsewhere_is_refused() {
    let aws = LocalAws::start().await;
    let mut webhook = Function::start(BINARY, &aws.settings()).await;
    let long = format!(r#"{{"value":[],"x":"{}"}}"#, "x".repeat(syncline_webhook::BODY_LIMIT));
    for (method, path, body, status) in [
        ("POST", "/graph", "{", 400),
        ("POST", "/graph", "", 400),
        ("POST", "/graph", "[]", 400),
        ("POST", "/graph", &long, 413),
        ("GET", "/graph", "", 404),
        ("GET", "/graph?validationToken=x", "", 404),
        ("POST", "/", "{}", 404),
        ("POST", "/graph/other", "{}", 404),
    ] {
        let answer = webhook.invoke(&http_event(method, path, &[], body)).await.unwrap();
        assert_eq!(answer["statusCode"], status, "{method} {path}");
    }
}
