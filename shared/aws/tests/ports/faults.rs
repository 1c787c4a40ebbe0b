//! Writes whose answer is lost, batches done in part, transactions that meet others.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_dynamodb::config::{Builder, ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use jiff::SignedDuration;
use syncline_aws::{DynamoStore, OsEntropy, QueueUrls, SqsQueue};
use syncline_core::cursor::Cursor;
use syncline_core::ids::{MessageId, RemoteId, UserId};
use syncline_core::item::Side;
use syncline_core::job::{Job, Stream, Trigger};
use syncline_ports::{Capture, CaptureClaim, CursorKey, DueUser, ErrorKind, JobQueue, Raised, Released, StateStore};

use super::accounts::user;
use super::{anna, at, lease, org, servers};

/// Puts other answers in place of the server's, once each: what was asked has happened all the same.
#[derive(Clone, Debug, Default)]
struct Disturbance(Arc<Mutex<VecDeque<(u16, String)>>>);

impl Disturbance {
    fn answer(&self, status: u16, body: impl Into<String>) {
        self.0.lock().unwrap().push_back((status, body.into()));
    }

    fn lose_an_answer(&self) {
        self.answer(500, "{}");
    }

    fn is_over(&self) -> bool {
        self.0.lock().unwrap().is_empty()
    }
}

impl Intercept for Disturbance {
    fn name(&self) -> &'static str {
        "disturbance"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some((status, body)) = self.0.lock().unwrap().pop_front() {
            let response = context.response_mut();
            *response.status_mut() = status.try_into()?;
            *response.body_mut() = body.into();
        }
        Ok(())
    }
}

async fn store() -> (DynamoStore, Disturbance) {
    let (config, _database) = servers::dynamodb().await;
    let disturbance = Disturbance::default();
    let config = Builder::from(&config)
        .retry_config(RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(1)))
        .timeout_config(TimeoutConfig::disabled())
        .interceptor(disturbance.clone())
        .build();
    let client = aws_sdk_dynamodb::Client::from_conf(config);
    (DynamoStore::new(client, "state"), disturbance)
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_still_tells_what_it_did() {
    let (store, disturbance) = store().await;
    let (anna, org) = (anna(), org());
    let lost = SignedDuration::from_mins(15);

    disturbance.lose_an_answer();
    let raised = store.raise(&anna, Stream::Mirror, at("09:00:00"), lost);
    assert_eq!(raised.await.unwrap(), Raised::SendJob);

    disturbance.lose_an_answer();
    let lease = lease(&store, "09:00:01", "09:05:00").await;

    disturbance.lose_an_answer();
    let released = store.release(&lease, at("09:00:02")).await.unwrap();
    assert_eq!(released, Released::Settled);

    disturbance.lose_an_answer();
    let (now, until) = (at("09:00:00"), at("09:01:00"));
    let locked = store.lock_domain(&org, "fabrikam.example", "a", now, until);
    assert!(locked.await.unwrap());

    disturbance.lose_an_answer();
    let message = MessageId::new("1@fabrikam.example");
    let claim = store.claim_capture(&org, &message, &anna, now, lost);
    assert_eq!(claim.await.unwrap(), CaptureClaim::Ours);

    store.put_user(&user("anna")).await.unwrap();
    let due = DueUser { user: anna.clone(), due: user("anna").next_due.unwrap() };
    disturbance.lose_an_answer();
    assert!(store.claim_due(&due, at("09:30:00")).await.unwrap());
    assert!(!store.claim_due(&due, at("09:31:00")).await.unwrap());
    assert!(disturbance.is_over());
}

#[tokio::test]
async fn a_write_without_any_answer_is_transient() {
    let (store, disturbance) = store().await;
    for _ in 0..3 {
        disturbance.lose_an_answer();
    }
    let error = store.put_user(&user("anna")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient);
    assert_eq!(store.user(&anna()).await.unwrap(), Some(user("anna")));
}

#[tokio::test]
async fn two_transactions_that_meet_are_tried_again_and_not_taken_for_a_lost_lease() {
    let cancelled = |code: &str| {
        format!(
            r#"{{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "message":"cancelled","CancellationReasons":[{{"Code":"{code}"}},{{"Code":"None"}}]}}"#
        )
    };
    let (store, disturbance) = store().await;
    let lease = lease(&store, "09:00:00", "10:00:00").await;
    let key = CursorKey { stream: Stream::Mirror, side: Side::Crm, collection: "events".into() };
    let cursor = Cursor::fresh(None);
    let put = || store.put_cursor(&lease, &key, &cursor);

    disturbance.answer(400, cancelled("TransactionConflict"));
    disturbance.answer(400, cancelled("TransactionConflict"));
    put().await.unwrap();
    assert!(disturbance.is_over());

    disturbance.answer(400, cancelled("ThrottlingError"));
    let error = put().await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Throttled { .. }), "{error}");

    for _ in 0..6 {
        disturbance.answer(400, cancelled("TransactionConflict"));
    }
    let error = put().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient, "tried no more");
    assert!(disturbance.is_over());
}

#[tokio::test]
async fn what_a_batch_left_undone_is_asked_for_again() {
    let (store, disturbance) = store().await;
    let message = MessageId::new("1@fabrikam.example");
    let record = RemoteId::new("02s1");
    store.complete_capture(&org(), &message, &record).await.unwrap();
    let hash = "f01e5e385e78966daf38183fc37aaccfc5a65466bef809806974b66b87664627"; // SHA-256 of it
    let key = format!(r#"{{"PK":{{"S":"ORG#northwind"}},"SK":{{"S":"MAIL#{hash}"}}}}"#);
    let left = format!(r#"{{"Responses":{{}},"UnprocessedKeys":{{"state":{{"Keys":[{key}]}}}}}}"#);
    let messages = [message.clone()];
    disturbance.answer(200, left.clone());
    let captures = store.captures(&org(), &messages).await.unwrap();
    assert_eq!(captures, [Capture { message, record }]);
    assert!(disturbance.is_over());

    for _ in 0..8 {
        disturbance.answer(200, left.clone());
    }
    let error = store.captures(&org(), &messages).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Throttled { .. }), "{error}");
}

#[tokio::test]
async fn jobs_refused_for_now_are_sent_once_more() {
    let failed = |sender_fault: bool| {
        format!(
            r#"{{"Successful":[{{"Id":"0","MessageId":"m","MD5OfMessageBody":"00"}}],
            "Failed":[{{"Id":"1","Code":"InternalError","SenderFault":{sender_fault}}}]}}"#
        )
    };
    let disturbance = Disturbance::default();
    let (client, config) = servers::sqs().await;
    let urls = QueueUrls {
        mirror: servers::queue(&client, "mirror").await,
        ingest: servers::queue(&client, "ingest").await,
        resolve: servers::queue(&client, "resolve.fifo").await,
    };
    let disturbed = aws_sdk_sqs::config::Builder::from(&config).interceptor(disturbance.clone()).build();
    let disturbed = aws_sdk_sqs::Client::from_conf(disturbed);
    let queue = SqsQueue::new(disturbed, urls, Arc::new(OsEntropy));
    let jobs = ["anna", "ben"].map(|user| Job::Session {
        user: UserId::new(user),
        stream: Stream::Mirror,
        trigger: Trigger::Timer,
    });

    disturbance.answer(200, failed(false));
    disturbance.answer(200, r#"{"Successful":[],"Failed":[]}"#);
    queue.send(&jobs, Duration::ZERO).await.unwrap();
    assert!(disturbance.is_over());

    for (sender_fault, kind) in [(false, ErrorKind::Transient), (true, ErrorKind::Rejected)] {
        disturbance.answer(200, failed(sender_fault));
        disturbance.answer(200, failed(sender_fault));
        let error = queue.send(&jobs, Duration::ZERO).await.unwrap_err();
        assert_eq!((error.kind, error.code.as_str()), (kind, "InternalError"));
        assert!(disturbance.is_over());
    }
}
