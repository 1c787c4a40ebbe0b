//! What Lambda is to the functions: event-source mappings from the queues, and the minute's clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_lambda_events::eventbridge::EventBridgeEvent;
use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message, QueueAttributeName};
use jiff::SignedDuration;
use syncline_aws::QueueUrls;
use syncline_runtime::House;
use tokio::sync::watch;

/// How many messages a function is handed at once.
const BATCH: i32 = 10;
/// How long a poll waits for a message, seconds.
const WAIT_SECONDS: i32 = 5;
/// How many batches of a queue are worked on at once.
const WORKERS_PER_QUEUE: usize = 4;
/// How long a function may run.
pub const FUNCTION_TIMEOUT: SignedDuration = SignedDuration::from_mins(1);
/// How often the timer runs.
const MINUTE: Duration = Duration::from_mins(1);

/// A function that is fed from a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fed {
    /// `mirror`
    Mirror,
    /// `ingest`
    Ingest,
    /// `resolve`
    Resolve,
}

impl Fed {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Mirror, Self::Ingest, Self::Resolve];

    /// The address of its queue.
    pub fn queue(self, urls: &QueueUrls) -> &str {
        match self {
            Self::Mirror => &urls.mirror,
            Self::Ingest => &urls.ingest,
            Self::Resolve => &urls.resolve,
        }
    }
}

/// The mappings of the three queues.
#[derive(Clone)]
pub struct Mapping {
    house: Arc<House>,
    client: Client,
    urls: QueueUrls,
    running: Arc<AtomicUsize>,
}

impl Mapping {
    /// Not yet polling.
    pub fn new(house: Arc<House>, client: Client, urls: QueueUrls) -> Self {
        Self { house, client, urls, running: Arc::default() }
    }

    /// The address of a function's queue.
    pub fn queue(&self, function: Fed) -> &str {
        function.queue(&self.urls)
    }

    /// Polls all queues until stopped.
    pub fn start(&self, stop: &watch::Receiver<bool>) {
        for function in Fed::ALL {
            for _ in 0..WORKERS_PER_QUEUE {
                let (mapping, mut stop) = (self.clone(), stop.clone());
                tokio::spawn(async move {
                    loop {
                        tokio::select! {
                            () = stopped(&mut stop) => return,
                            () = mapping.poll(function) => {}
                        }
                    }
                });
            }
        }
    }

    async fn poll(&self, function: Fed) {
        if let Err(error) = self.step(function, WAIT_SECONDS).await {
            tracing::warn!(queue = ?function, error, "mapping.poll");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Takes one batch from a queue, hands it to its function and deletes what was dealt with; what was
    /// not comes again when its visibility timeout is over. Returns how many messages it took.
    pub async fn step(&self, function: Fed, wait_seconds: i32) -> Result<usize, String> {
        let queue = function.queue(&self.urls);
        let receive = self.client.receive_message().queue_url(queue);
        let received = receive.max_number_of_messages(BATCH).wait_time_seconds(wait_seconds).send().await;
        let messages = received.map_err(|error| error.into_service_error().to_string())?.messages.unwrap_or_default();
        if messages.is_empty() {
            return Ok(0);
        }
        let _running = Running::begin(&self.running);
        let failed = self.invoke(function, &messages).await;
        let taken = messages.len();
        let mut done = messages;
        done.retain(|message| message.message_id.as_ref().is_none_or(|id| !failed.contains(id)));
        self.delete(queue, done).await?;
        Ok(taken)
    }

    /// Runs the function; the ids of the messages that must come again.
    async fn invoke(&self, function: Fed, messages: &[Message]) -> Vec<String> {
        let event = event(messages);
        let deadline = self.house.ports.clock.now() + FUNCTION_TIMEOUT;
        let answer = match function {
            Fed::Mirror => syncline_mirror::handle(&self.house, &event, deadline).await,
            Fed::Ingest => syncline_ingest::handle(&self.house, &event, deadline).await,
            Fed::Resolve => syncline_resolve::handle(&self.house, &event, deadline).await,
        };
        match answer {
            Ok(response) => response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect(),
            // As Lambda does when a function fails: the whole batch comes again.
            Err(_) => messages.iter().filter_map(|message| message.message_id.clone()).collect(),
        }
    }

    async fn delete(&self, queue: &str, done: Vec<Message>) -> Result<(), String> {
        let mut entries = Vec::new();
        for (at, message) in done.into_iter().enumerate() {
            let entry = DeleteMessageBatchRequestEntry::builder()
                .id(at.to_string())
                .receipt_handle(message.receipt_handle.unwrap_or_default());
            entries.push(entry.build().map_err(|error| error.to_string())?);
        }
        if entries.is_empty() {
            return Ok(());
        }
        let request = self.client.delete_message_batch().queue_url(queue).set_entries(Some(entries));
        request.send().await.map(|_| ()).map_err(|error| error.into_service_error().to_string())
    }

    /// Whether no message waits, is delayed or is being worked on.
    pub async fn is_idle(&self) -> bool {
        if self.running.load(Ordering::SeqCst) > 0 {
            return false;
        }
        for function in Fed::ALL {
            if self.depth(function.queue(&self.urls)).await != 0 {
                return false;
            }
        }
        self.running.load(Ordering::SeqCst) == 0
    }

    /// Messages on a queue: visible, hidden and delayed. A queue that does not answer counts as busy.
    pub async fn depth(&self, queue: &str) -> u64 {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
        ];
        let request = self.client.get_queue_attributes().queue_url(queue);
        let answer = request.set_attribute_names(Some(names.to_vec())).send().await;
        let Ok(answer) = answer else { return 1 };
        let Some(attributes) = answer.attributes() else { return 1 };
        names.iter().filter_map(|name| attributes.get(name)?.parse::<u64>().ok()).sum()
    }
}

/// Counts a running function, also when it is cut off.
struct Running<'a>(&'a AtomicUsize);

impl<'a> Running<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn event(messages: &[Message]) -> SqsEvent {
    let records = messages.iter().map(|message| {
        let mut record = SqsMessage::default();
        record.message_id.clone_from(&message.message_id);
        record.receipt_handle.clone_from(&message.receipt_handle);
        record.body.clone_from(&message.body);
        record
    });
    let mut event = SqsEvent::default();
    event.records = records.collect();
    event
}

/// Runs the timer at once, and then each minute until stopped.
pub fn start_timer(house: Arc<House>, mut stop: watch::Receiver<bool>) {
    tokio::spawn(async move {
        let mut minutes = tokio::time::interval(MINUTE);
        loop {
            tokio::select! {
                _ = minutes.tick() => tick(&house).await,
                () = stopped(&mut stop) => return,
            }
        }
    });
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A house that is gone has stopped too.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// One turn of the timer.
pub async fn tick(house: &House) {
    let deadline = house.ports.clock.now() + FUNCTION_TIMEOUT;
    if let Err(error) = syncline_timer::handle(house, &EventBridgeEvent::default(), deadline).await {
        tracing::warn!(%error, "timer.failed");
    }
}
