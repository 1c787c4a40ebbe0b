use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use syncline_aws::{OsEntropy, QueueUrls, SqsQueue};
use syncline_core::ids::{OrgId, UserId};
use syncline_core::job::{Job, Stream, Trigger};
use syncline_ports::{ErrorKind, JobQueue};

use super::servers;

async fn queues(client: &Client) -> (SqsQueue, QueueUrls) {
    let urls = QueueUrls {
        mirror: servers::queue(client, "mirror").await,
        ingest: servers::queue(client, "ingest").await,
        resolve: servers::queue(client, "resolve.fifo").await,
    };
    let entropy = Arc::new(OsEntropy);
    (SqsQueue::new(client.clone(), urls.clone(), entropy), urls)
}

fn session(user: usize, stream: Stream) -> Job {
    Job::Session { user: UserId::new(format!("u{user:02}")), stream, trigger: Trigger::Timer }
}

fn resolve(domain: &str) -> Job {
    Job::Resolve { org: OrgId::new("northwind"), domain: domain.into() }
}

async fn receive(client: &Client, url: &str) -> Vec<Message> {
    let answer = client
        .receive_message()
        .queue_url(url)
        .max_number_of_messages(10)
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .send()
        .await
        .unwrap();
    let messages = answer.messages.unwrap_or_default();
    for message in &messages {
        client
            .delete_message()
            .queue_url(url)
            .receipt_handle(message.receipt_handle.clone().unwrap())
            .send()
            .await
            .unwrap();
    }
    messages
}

async fn drain(client: &Client, url: &str) -> Vec<Job> {
    let mut jobs = Vec::new();
    loop {
        let messages = receive(client, url).await;
        if messages.is_empty() {
            return jobs;
        }
        jobs.extend(messages.iter().map(|message| serde_json::from_str(message.body().unwrap()).unwrap()));
    }
}

#[tokio::test]
async fn each_job_goes_to_the_queue_of_its_function() {
    let (client, _) = servers::sqs().await;
    let (queue, urls) = queues(&client).await;
    // More than one batch, of all three kinds.
    let mut jobs: Vec<Job> = (0..25).map(|n| session(n, Stream::Mirror)).collect();
    jobs.push(session(0, Stream::Ingest));
    jobs.push(resolve("fabrikam.example"));
    queue.send(&jobs, Duration::ZERO).await.unwrap();
    queue.send(&[], Duration::ZERO).await.unwrap();
    let mut mirror = drain(&client, &urls.mirror).await;
    mirror.sort_by_key(|job| format!("{job:?}"));
    assert_eq!(mirror, jobs[..25]);
    assert_eq!(drain(&client, &urls.ingest).await, jobs[25..26]);
    assert_eq!(drain(&client, &urls.resolve).await, jobs[26..]);
}

#[tokio::test]
async fn d31_resolve_jobs_keep_their_order_per_domain_and_none_is_swallowed() {
    let (client, _) = servers::sqs().await;
    let (queue, urls) = queues(&client).await;
    let job = resolve("fabrikam.example");
    let odd = resolve(&"\u{fc}".repeat(300));
    // In one send, and in a later one: neither repetition is a duplicate.
    queue.send(&[job.clone(), job.clone(), odd.clone()], Duration::from_secs(5)).await.unwrap();
    queue.send(std::slice::from_ref(&job), Duration::ZERO).await.unwrap();
    let mut jobs = Vec::new();
    let mut groups = std::collections::BTreeSet::new();
    for _ in 0..6 {
        for message in receive(&client, &urls.resolve).await {
            let attributes = message.attributes.unwrap();
            groups.insert(attributes[&MessageSystemAttributeName::MessageGroupId].clone());
            jobs.push(serde_json::from_str::<Job>(&message.body.unwrap()).unwrap());
        }
    }
    assert_eq!(jobs.iter().filter(|one| **one == job).count(), 3);
    assert_eq!(jobs.iter().filter(|one| **one == odd).count(), 1);
    assert_eq!(groups.len(), 2);
    assert!(groups.contains("northwind|fabrikam.example"), "{groups:?}");
}

#[tokio::test]
async fn a_delayed_job_is_not_seen_at_once() {
    let (client, _) = servers::sqs().await;
    let (queue, urls) = queues(&client).await;
    let jobs = [session(0, Stream::Mirror)];
    // Longer than SQS takes: the longest it takes.
    queue.send(&jobs, Duration::from_secs(5_000)).await.unwrap();
    assert_eq!(drain(&client, &urls.mirror).await, []);
    let attributes = client
        .get_queue_attributes()
        .queue_url(&urls.mirror)
        .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesDelayed)
        .send()
        .await
        .unwrap();
    let delayed = &attributes.attributes.unwrap()[&QueueAttributeName::ApproximateNumberOfMessagesDelayed];
    assert_eq!(delayed, "1");
}

#[tokio::test]
async fn a_queue_that_is_not_there_is_said_so() {
    let (client, _) = servers::sqs().await;
    let (_, mut urls) = queues(&client).await;
    urls.mirror = urls.mirror.replace("mirror", "missing");
    let queue = SqsQueue::new(client.clone(), urls.clone(), Arc::new(OsEntropy));
    let jobs = [session(0, Stream::Mirror), session(0, Stream::Ingest)];
    let error = queue.send(&jobs, Duration::ZERO).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected, "{error}");
    assert!(!error.code.is_empty());
    let others = drain(&client, &urls.ingest).await;
    assert_eq!(others, jobs[1..], "the others are sent");
}
