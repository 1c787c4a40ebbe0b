//! Carries what a simulator sends out: validation requests and notifications.

use std::sync::mpsc;
use std::time::Duration;

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
}

/// A thread of its own that makes requests, so that neither a model nor a test's runtime waits for them.
#[derive(Clone, Debug)]
pub struct Courier {
    jobs: tokio::sync::mpsc::UnboundedSender<(Delivery, Option<mpsc::Sender<DeliveryOutcome>>)>,
}

impl Courier {
    /// Starts the thread; it ends when the last clone is gone.
    ///
    /// # Panics
    /// If the machine gives no thread or no network runtime.
    pub fn start() -> Self {
        let (jobs, mut inbox) =
            tokio::sync::mpsc::unbounded_channel::<(Delivery, Option<mpsc::Sender<DeliveryOutcome>>)>();
        std::thread::Builder::new()
            .name("courier".into())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let runtime = runtime.expect("a runtime for outgoing requests");
                runtime.block_on(async move {
                    let client = client();
                    while let Some((delivery, answer)) = inbox.recv().await {
                        let client = client.clone();
                        tokio::spawn(async move {
                            let outcome = deliver(&client, &delivery).await;
                            if let Some(answer) = answer {
                                let _ = answer.send(outcome);
                            }
                        });
                    }
                });
            })
            .expect("a thread for outgoing requests");
        Self { jobs }
    }

    /// Sends without waiting.
    pub fn send(&self, delivery: Delivery) {
        let _ = self.jobs.send((delivery, None));
    }

    /// Sends and waits for the answer, on the calling thread, at most the delivery's timeout and a little.
    pub fn ask(&self, delivery: Delivery) -> DeliveryOutcome {
        let (sender, answer) = mpsc::channel();
        let patience = delivery.timeout + Duration::from_millis(500);
        let _ = self.jobs.send((delivery, Some(sender)));
        answer.recv_timeout(patience).unwrap_or_else(|_| DeliveryOutcome {
            status: None,
            content_type: String::new(),
            body: String::new(),
        })
    }
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
    let nobody = DeliveryOutcome { status: None, content_type: String::new(), body: String::new() };
    let mut headers = HeaderMap::new();
    for (name, value) in &delivery.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    let request = client.post(&delivery.url).headers(headers).body(delivery.body.clone()).timeout(delivery.timeout);
    let Ok(response) = request.send().await else {
        return nobody;
    };
    let status = Some(response.status().as_u16());
    let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let Ok(body) = response.text().await else {
        return nobody;
    };
    DeliveryOutcome { status, content_type, body }
}
