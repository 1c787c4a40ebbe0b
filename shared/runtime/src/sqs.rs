//! From an SQS batch to jobs, and back to what has to come again.

use std::panic::AssertUnwindSafe;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use futures::{FutureExt, StreamExt, stream};
use syncline_core::job::Job;
use syncline_engine::EngineError;

use crate::telemetry;

/// How many jobs of a batch run at once.
pub const IN_FLIGHT: usize = 5;

/// What became of a job that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worked {
    /// What came of it is kept.
    Done,
    /// It must come again: somebody else is at it, or there was no time for all of it.
    Again,
}

/// A message without an id failed: it cannot be named, so the whole batch has to come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message without an id failed; the whole batch must come again")]
pub struct Unnamed;

/// Runs `work` for the jobs of a batch and names the messages that have to come again: those whose error
/// is retryable, those that ask for it, and those that panicked, which end in the dead-letter queue if they always do.
///
/// What is not a job is logged and acknowledged, for it would not become one. The same job twice in a
/// batch runs once. A failure does not hold back the rest of a FIFO group: jobs carry no change, so their
/// order has no meaning.
pub async fn lift<W, F>(event: &SqsEvent, work: W) -> Result<SqsBatchResponse, Unnamed>
where
    W: Fn(Job) -> F,
    F: Future<Output = Result<Worked, EngineError>>,
{
    // Owned, so that the future is the same for every lifetime and can move between threads.
    let mut jobs: Vec<(Job, Vec<Option<String>>)> = Vec::new();
    for message in &event.records {
        let id = message.message_id.clone().filter(|id| !id.is_empty());
        let body = message.body.as_deref().unwrap_or_default();
        let Ok(job) = serde_json::from_str::<Job>(body) else {
            tracing::error!(message = id, "queue.message_not_understood");
            continue;
        };
        match jobs.iter_mut().find(|(known, _)| *known == job) {
            Some((_, ids)) => ids.push(id),
            None => jobs.push((job, vec![id])),
        }
    }
    let work = &work;
    let failed: Vec<_> = stream::iter(jobs)
        .map(|(job, ids)| async move {
            let worked = AssertUnwindSafe(async { work(job).await }).catch_unwind();
            (ids, worked.await)
        })
        .buffer_unordered(IN_FLIGHT)
        .filter_map(|(ids, worked)| async move { must_come_again(&ids, worked).then_some(ids) })
        .collect()
        .await;
    let mut response = SqsBatchResponse::default();
    for id in failed.into_iter().flatten() {
        response.add_failure(id.ok_or(Unnamed)?);
    }
    Ok(response)
}

fn must_come_again(ids: &[Option<String>], worked: std::thread::Result<Result<Worked, EngineError>>) -> bool {
    let message = ids.first().and_then(Option::as_deref);
    match worked {
        Ok(Ok(worked)) => worked == Worked::Again,
        Ok(Err(error)) => {
            let again = error.is_retryable();
            tracing::error!(message, again, error = telemetry::chain(&error), "job.failed");
            again
        }
        Err(_) => {
            tracing::error!(message, "job.panicked");
            true
        }
    }
}

/// Says that a job is on the wrong queue, and drops it: the timer asks again, on the right one.
pub fn misrouted(job: &Job) -> Worked {
    let kind = match job {
        Job::Session { stream, .. } => stream.name(),
        Job::Resolve { .. } => "resolve",
    };
    tracing::error!(job = kind, "queue.job_misrouted");
    Worked::Done
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use aws_lambda_events::sqs::SqsMessage;
    use syncline_core::ids::{OrgId, UserId};
    use syncline_ports::{ErrorKind, PortError};

    fn message(id: Option<&str>, body: &str) -> SqsMessage {
        let mut message = SqsMessage::default();
        message.message_id = id.map(str::to_owned);
        message.body = Some(body.to_owned());
        message
    }

    fn resolve(domain: &str) -> String {
        let org = OrgId::new("northwind");
        let domain = domain.to_owned();
        serde_json::to_string(&Job::Resolve { org, domain }).unwrap()
    }

    fn batch(records: Vec<SqsMessage>) -> SqsEvent {
        let mut event = SqsEvent::default();
        event.records = records;
        event
    }

    /// Each job's domain says what becomes of it.
    async fn work(job: Job) -> Result<Worked, EngineError> {
        let Job::Resolve { domain, .. } = job else {
            return Ok(Worked::Done);
        };
        let kind = match domain.as_str() {
            "transient.example" => ErrorKind::Transient,
            "conflict.example" => ErrorKind::Conflict,
            "unknown.example" => ErrorKind::Unknown,
            "forbidden.example" => ErrorKind::Forbidden,
            "nobody.example" => return Err(EngineError::UnknownUser(UserId::new("nobody"))),
            "panic.example" => panic!("one bad item"),
            "again.example" => return Ok(Worked::Again),
            _ => return Ok(Worked::Done),
        };
        Err(PortError::new(kind, "test").into())
    }

    fn failures(response: &SqsBatchResponse) -> Vec<&str> {
        let failures = response.batch_item_failures.iter();
        let mut ids: Vec<_> = failures.map(|failure| failure.item_identifier.as_str()).collect();
        ids.sort_unstable();
        ids
    }

    #[tokio::test]
    async fn only_what_may_succeed_next_time_comes_again() {
        let domains = ["fine", "again", "transient", "conflict", "unknown", "forbidden", "nobody", "panic"];
        let records = domains.map(|name| message(Some(name), &resolve(&format!("{name}.example"))));
        let response = lift(&batch(records.to_vec()), work).await.unwrap();
        assert_eq!(failures(&response), ["again", "conflict", "forbidden", "panic", "transient", "unknown"]);
    }

    #[tokio::test]
    async fn what_is_not_a_job_is_acknowledged_and_does_not_stop_the_rest() {
        let mut empty = SqsMessage::default();
        empty.message_id = Some("e".to_owned());
        let records = vec![
            message(Some("a"), "{not json"),
            message(Some("b"), r#"{"job":"from a later version"}"#),
            empty,
            message(None, ""),
            message(Some("c"), &resolve("transient.example")),
        ];
        let response = lift(&batch(records), work).await.unwrap();
        assert_eq!(failures(&response), ["c"]);
    }

    #[tokio::test]
    async fn the_same_job_twice_in_a_batch_runs_once_and_fails_for_both() {
        let runs = AtomicUsize::new(0);
        let job = resolve("transient.example");
        let event = batch(vec![message(Some("a"), &job), message(Some("b"), &job)]);
        let counted = |job| {
            runs.fetch_add(1, Ordering::Relaxed);
            work(job)
        };
        let response = lift(&event, counted).await.unwrap();
        assert_eq!(runs.load(Ordering::Relaxed), 1);
        assert_eq!(failures(&response), ["a", "b"]);
    }

    #[tokio::test]
    async fn a_failed_message_without_an_id_brings_the_whole_batch_back() {
        for id in [None, Some("")] {
            let fine = batch(vec![message(id, &resolve("fine.example"))]);
            assert!(lift(&fine, work).await.is_ok());
            let failed = batch(vec![message(id, &resolve("transient.example"))]);
            assert_eq!(lift(&failed, work).await, Err(Unnamed));
        }
    }
}
