//! Carries what a simulator sends out: validation requests and notifications.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue};

/// One HTTP POST to somebody else's server.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Where to.
    pub url: String,
    /// Headers, `Content-Type` among them.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How often it is tried again when nobody answers with 2xx, a second of machine time apart.
    pub retries: u32,
}

/// What the receiver answered.
#[derive(Clone, Debug)]
pub struct DeliveryOutcome {
    /// The status, or `None` if nobody answered in time.
    pub status: Option<u16>,
    /// The answer's content type, empty if there is none.
    pub content_type: String,
    /// The answer's body as text.
    pub body: String,
    /// How long the answer took, in machine time.
    pub took: Duration,
}

/// How long one dispatched request keeps the next one to the same address waiting: long enough that they
/// arrive in order, too short for a slow receiver to hold everything up.
const IN_ORDER: Duration = Duration::from_millis(100);

/// Something to send, and who wants to know what became of it.
#[derive(Debug)]
enum Errand {
    Forget(Delivery),
    Ask(Delivery, mpsc::Sender<DeliveryOutcome>),
    /// Under a ticket, in the order of the errands to one address.
    Report(Delivery, u64),
}

/// A thread of its own that makes requests, so that neither a model nor a test's runtime waits for them.
#[derive(Clone, Debug)]
pub struct Courier {
    errands: tokio::sync::mpsc::UnboundedSender<Errand>,
    reports: Reports,
}

/// Tickets, and what became of them.
type Outcomes = Vec<(u64, DeliveryOutcome)>;

/// Outcomes until they are collected.
#[derive(Clone, Debug, Default)]
struct Reports(Arc<(Mutex<Outcomes>, Condvar)>);

impl Reports {
    fn add(&self, ticket: u64, outcome: DeliveryOutcome) {
        let (reports, news) = &*self.0;
        reports.lock().unwrap_or_else(PoisonError::into_inner).push((ticket, outcome));
        news.notify_all();
    }

    fn take(&self) -> Outcomes {
        std::mem::take(&mut *self.0.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn wait(&self, patience: Duration) -> bool {
        let (reports, news) = &*self.0;
        let none = reports.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = news.wait_timeout_while(none, patience, |reports| reports.is_empty());
        !waited.unwrap_or_else(PoisonError::into_inner).0.is_empty()
    }
}

impl Courier {
    /// Starts the thread; it ends when the last clone is gone.
    ///
    /// # Panics
    /// If the machine gives no thread or no network runtime.
    pub fn start() -> Self {
        let (errands, inbox) = tokio::sync::mpsc::unbounded_channel();
        let reports = Reports::default();
        let desk = reports.clone();
        std::thread::Builder::new()
            .name("courier".into())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let runtime = runtime.expect("a runtime for outgoing requests");
                runtime.block_on(work(inbox, &desk));
            })
            .expect("a thread for outgoing requests");
        Self { errands, reports }
    }

    /// Sends without waiting.
    pub fn send(&self, delivery: Delivery) {
        let _ = self.errands.send(Errand::Forget(delivery));
    }

    /// Sends without waiting; what becomes of it can be [`collect`](Self::collect)ed under the ticket.
    /// Dispatches to one address leave in this order.
    pub fn dispatch(&self, ticket: u64, delivery: Delivery) {
        let _ = self.errands.send(Errand::Report(delivery, ticket));
    }

    /// What became of the dispatches since the last call, in the order in which they ended.
    pub fn collect(&self) -> Vec<(u64, DeliveryOutcome)> {
        self.reports.take()
    }

    /// Waits, in machine time, until there is something to [`collect`](Self::collect), at most that long.
    /// Whether there is.
    pub fn wait(&self, patience: Duration) -> bool {
        self.reports.wait(patience)
    }

    /// Sends and waits for the answer, on the calling thread, at most the delivery's timeout and a little.
    pub fn ask(&self, delivery: Delivery) -> DeliveryOutcome {
        let (sender, answer) = mpsc::channel();
        let patience = delivery.timeout + Duration::from_millis(500);
        let _ = self.errands.send(Errand::Ask(delivery, sender));
        answer.recv_timeout(patience).unwrap_or_else(|_| nobody(patience))
    }
}

async fn work(mut inbox: tokio::sync::mpsc::UnboundedReceiver<Errand>, reports: &Reports) {
    let client = client();
    let mut queues: HashMap<String, tokio::sync::mpsc::UnboundedSender<(Delivery, u64)>> = HashMap::new();
    while let Some(errand) = inbox.recv().await {
        let client = client.clone();
        match errand {
            Errand::Forget(delivery) => {
                tokio::spawn(async move { deliver(&client, &delivery).await });
            }
            Errand::Ask(delivery, answer) => {
                tokio::spawn(async move {
                    let _ = answer.send(deliver(&client, &delivery).await);
                });
            }
            Errand::Report(delivery, ticket) => {
                let queue = queues.entry(delivery.url.clone()).or_insert_with(|| {
                    let (sender, queue) = tokio::sync::mpsc::unbounded_channel();
                    tokio::spawn(one_after_the_other(queue, client, reports.clone()));
                    sender
                });
                let _ = queue.send((delivery, ticket));
            }
        }
    }
}

async fn one_after_the_other(
    mut queue: tokio::sync::mpsc::UnboundedReceiver<(Delivery, u64)>,
    client: reqwest::Client,
    reports: Reports,
) {
    while let Some((delivery, ticket)) = queue.recv().await {
        let (client, reports) = (client.clone(), reports.clone());
        let mut sent = tokio::spawn(async move {
            let outcome = deliver(&client, &delivery).await;
            reports.add(ticket, outcome);
        });
        let _ = tokio::time::timeout(IN_ORDER, &mut sent).await;
    }
}

fn nobody(took: Duration) -> DeliveryOutcome {
    DeliveryOutcome { status: None, content_type: String::new(), body: String::new(), took }
}

fn client() -> reqwest::Client {
    // Another part of the process may have installed one already; either is good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().expect("an HTTP client without special wishes")
}

async fn deliver(client: &reqwest::Client, delivery: &Delivery) -> DeliveryOutcome {
    let mut tries = 0;
    loop {
        let outcome = post(client, delivery).await;
        let accepted = outcome.status.is_some_and(|status| (200..300).contains(&status));
        if accepted || tries >= delivery.retries {
            return outcome;
        }
        tries += 1;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn post(client: &reqwest::Client, delivery: &Delivery) -> DeliveryOutcome {
    let begun = Instant::now();
    let mut headers = HeaderMap::new();
    for (name, value) in &delivery.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    let request = client.post(&delivery.url).headers(headers).body(delivery.body.clone()).timeout(delivery.timeout);
    let Ok(response) = request.send().await else {
        return nobody(begun.elapsed());
    };
    let status = Some(response.status().as_u16());
    let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let Ok(body) = response.text().await else {
        return nobody(begun.elapsed());
    };
    DeliveryOutcome { status, content_type, body, took: begun.elapsed() }
}
