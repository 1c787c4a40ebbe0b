//! Jobs on SQS.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use syncline_core::job::{Job, Stream};
use syncline_ports::{Entropy, ErrorKind, JobQueue, PortError};

use crate::fault::{fault, unbuilt};
use crate::keys;

const OP: &str = "sqs.send";
/// SendMessageBatch takes no more.
const BATCH: usize = 10;
/// SQS' longest delay, seconds.
const LONGEST_DELAY: i32 = 900;

/// Where the jobs of each function go.
#[derive(Clone, Debug)]
pub struct QueueUrls {
    /// Mirror sessions: a standard queue.
    pub mirror: String,
    /// Ingest sessions: a standard queue.
    pub ingest: String,
    /// Strangers: a FIFO queue, grouped by [`Job::group`].
    pub resolve: String,
}

/// The job queues on SQS.
///
/// A send that failed may have happened in part; sending all of it again is right, for a doubled job does
/// no harm.
#[derive(Clone)]
pub struct SqsQueue {
    client: Client,
    urls: QueueUrls,
    entropy: Arc<dyn Entropy>,
}

impl SqsQueue {
    /// The queues behind these addresses. `entropy` gives each job on a FIFO queue its own deduplication
    /// id: the same job five minutes later is a new wish, and must not be swallowed.
    pub fn new(client: Client, urls: QueueUrls, entropy: Arc<dyn Entropy>) -> Self {
        Self { client, urls, entropy }
    }

    fn url(&self, job: &Job) -> &String {
        match job {
            Job::Session { stream: Stream::Mirror, .. } => &self.urls.mirror,
            Job::Session { stream: Stream::Ingest, .. } => &self.urls.ingest,
            Job::Resolve { .. } => &self.urls.resolve,
        }
    }

    fn entry(&self, id: usize, job: &Job, delay: i32) -> Result<SendMessageBatchRequestEntry, PortError> {
        let body = serde_json::to_string(job).map_err(|error| unbuilt(OP, error))?;
        let entry = SendMessageBatchRequestEntry::builder().id(id.to_string()).message_body(body);
        let entry = match job.group() {
            Some(group) => entry.message_group_id(plain(&group)).message_deduplication_id(self.entropy.token()),
            None => entry.delay_seconds(delay),
        };
        entry.build().map_err(|error| unbuilt(OP, error))
    }

    /// One batch; what SQS refused for now is tried once more.
    async fn batch(&self, url: &str, mut entries: Vec<SendMessageBatchRequestEntry>) -> Result<(), PortError> {
        let mut failed = Vec::new();
        for _ in 0..2 {
            let answer = self
                .client
                .send_message_batch()
                .queue_url(url)
                .set_entries(Some(entries.clone()))
                .send()
                .await
                .map_err(|error| fault(OP, &error))?;
            failed = answer.failed;
            let again: BTreeSet<&str> = failed.iter().map(|entry| entry.id.as_str()).collect();
            entries.retain(|entry| again.contains(entry.id.as_str()));
            if entries.is_empty() {
                return Ok(());
            }
        }
        let kind =
            if failed.iter().all(|entry| entry.sender_fault) { ErrorKind::Rejected } else { ErrorKind::Transient };
        let code = failed.first().map_or("", |entry| entry.code.as_str());
        Err(PortError::new(kind, OP).code(code))
    }
}

#[async_trait]
impl JobQueue for SqsQueue {
    async fn send(&self, jobs: &[Job], delay: Duration) -> Result<(), PortError> {
        // Whole seconds only, and never sooner than asked.
        let delay = i32::try_from(delay.as_millis().div_ceil(1_000)).unwrap_or(LONGEST_DELAY).min(LONGEST_DELAY);
        let mut failure = None;
        for url in [&self.urls.mirror, &self.urls.ingest, &self.urls.resolve] {
            let own: Vec<&Job> = jobs.iter().filter(|job| std::ptr::eq(self.url(job), url)).collect();
            for chunk in own.chunks(BATCH) {
                let entries =
                    chunk.iter().enumerate().map(|(id, job)| self.entry(id, job, delay)).collect::<Result<_, _>>()?;
                match self.batch(url, entries).await {
                    Ok(()) => {}
                    // A batch refused in part does not hold up the others.
                    Err(error) => failure = failure.or(Some(error)),
                }
            }
        }
        failure.map_or(Ok(()), Err)
    }
}

/// A group id may have 128 printable ASCII characters; a mail domain may not be so.
fn plain(group: &str) -> String {
    const LONGEST: usize = 128;
    let fits = group.len() <= LONGEST && group.bytes().all(|byte| byte.is_ascii_graphic());
    if fits {
        return group.to_owned();
    }
    keys::digest(group)
}
