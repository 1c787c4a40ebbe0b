//! The HTTP skin: one catch-all wiremock responder over a model.

use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use jiff::Timestamp;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Respond, ResponseTemplate};

use crate::clock::SimClock;
use crate::courier::Courier;
use crate::faults::{Fault, FaultPlan};
use crate::journal::{Entry, Journal};
use crate::message::{Reply, Request};

/// How often a running model is woken, in machine time.
const HEARTBEAT: Duration = Duration::from_millis(100);

/// A vendor's service as a pure state machine.
pub trait Model: Send + 'static {
    /// Answers one request. Never panics on what a client sent.
    fn handle(&mut self, request: &Request, context: &Context<'_>) -> Reply;

    /// How this vendor says "too many requests".
    fn throttled(&self, retry_after: u32, context: &Context<'_>) -> Reply;

    /// How this vendor says that it failed itself, with a 5xx (or any other) status.
    fn failing(&self, status: u16, context: &Context<'_>) -> Reply;

    /// Does what has become due without a request: what was held back leaves, what has lapsed goes.
    ///
    /// Called now and then while the simulator runs, and at once when the clock was moved by its switch.
    /// Where nothing is due it changes nothing.
    fn wake(&mut self, _context: &Context<'_>) {}
}

/// What a model may know besides its own state.
#[derive(Debug)]
pub struct Context<'a> {
    /// The simulator's time, the same for the whole request.
    pub now: Timestamp,
    /// For what leaves the simulator.
    pub courier: &'a Courier,
}

struct Shared<M> {
    model: Mutex<M>,
    faults: Mutex<FaultPlan>,
    journal: Mutex<Journal>,
    clock: SimClock,
    courier: Courier,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running simulator. It stops when dropped.
pub struct Simulator<M> {
    server: MockServer,
    shared: Arc<Shared<M>>,
}

impl<M: Model> Simulator<M> {
    /// Serves `model` on `listener`.
    pub async fn start(model: M, clock: SimClock, listener: TcpListener) -> Self {
        let shared = Arc::new(Shared {
            model: Mutex::new(model),
            faults: Mutex::default(),
            journal: Mutex::default(),
            clock,
            courier: Courier::start(),
        });
        let server = MockServer::builder().listener(listener).disable_request_recording().start().await;
        tokio::spawn(wake(Arc::downgrade(&shared)));
        let simulator = Self { server, shared };
        simulator.mount().await;
        simulator
    }

    /// Serves `model` on a free port of the loopback interface.
    ///
    /// # Panics
    /// If the machine has no free port.
    pub async fn start_anywhere(model: M, clock: SimClock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on the loopback interface");
        Self::start(model, clock, listener).await
    }

    async fn mount(&self) {
        Mock::given(any()).respond_with(Skin(Arc::clone(&self.shared))).mount(&self.server).await;
    }

    /// Frees what the HTTP server keeps per request; worth a call now and then in a long run.
    pub async fn trim(&self) {
        self.server.reset().await;
        self.mount().await;
    }

    /// `http://127.0.0.1:port`, without a trailing slash.
    pub fn url(&self) -> String {
        self.server.uri()
    }

    /// The model, for seeding and for asserting. Requests wait meanwhile.
    pub fn model(&self) -> MutexGuard<'_, M> {
        lock(&self.shared.model)
    }

    /// Changes the model from outside, as a person at the vendor's own client would, with the same
    /// context a request has.
    pub fn with<T>(&self, change: impl FnOnce(&mut M, &Context<'_>) -> T) -> T {
        let context = Context { now: self.shared.clock.now(), courier: &self.shared.courier };
        change(&mut self.model(), &context)
    }

    /// The faults still to come.
    pub fn faults(&self) -> MutexGuard<'_, FaultPlan> {
        lock(&self.shared.faults)
    }

    /// What was asked.
    pub fn journal(&self) -> MutexGuard<'_, Journal> {
        lock(&self.shared.journal)
    }

    /// This world's clock.
    pub fn clock(&self) -> &SimClock {
        &self.shared.clock
    }
}

impl<M> std::fmt::Debug for Simulator<M> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Simulator").field("url", &self.server.uri()).finish_non_exhaustive()
    }
}

/// Wakes the model until the simulator is gone. A model that is in somebody's hands is left alone.
async fn wake<M: Model>(shared: Weak<Shared<M>>) {
    let mut beat = tokio::time::interval(HEARTBEAT);
    loop {
        beat.tick().await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        if let Ok(mut model) = shared.model.try_lock() {
            model.wake(&Context { now: shared.clock.now(), courier: &shared.courier });
        }
    }
}

struct Skin<M>(Arc<Shared<M>>);

impl<M: Model> Respond for Skin<M> {
    fn respond(&self, request: &wiremock::Request) -> ResponseTemplate {
        let request = lift(request);
        let shared = &*self.0;
        let context = Context { now: shared.clock.now(), courier: &shared.courier };
        let fault = lock(&shared.faults).strike(&request);
        let mut delay = Duration::ZERO;
        let reply = match &fault {
            None => lock(&shared.model).handle(&request, &context),
            Some(Fault::FailBefore(status)) => lock(&shared.model).failing(*status, &context),
            Some(Fault::FailAfter(status)) => {
                let mut model = lock(&shared.model);
                model.handle(&request, &context);
                model.failing(*status, &context)
            }
            Some(Fault::Throttle { retry_after }) => lock(&shared.model).throttled(*retry_after, &context),
            Some(Fault::Timeout(wait) | Fault::Latency(wait)) => {
                delay = *wait;
                lock(&shared.model).handle(&request, &context)
            }
        };
        lock(&shared.journal).record(Entry {
            at: context.now,
            method: request.method.to_string(),
            path: request.path,
            query: request.raw_query,
            status: reply.status.as_u16(),
            faulted: fault.is_some(),
        });
        lower(reply, context.now, delay)
    }
}

fn lift(request: &wiremock::Request) -> Request {
    let host = request.headers.get("host").and_then(|value| value.to_str().ok()).unwrap_or("127.0.0.1");
    let target = match request.url.query() {
        Some(query) => format!("{}?{query}", request.url.path()),
        None => request.url.path().to_owned(),
    };
    let mut lifted = Request::new(request.method.clone(), &target, &format!("http://{host}"));
    lifted.headers = request.headers.clone();
    lifted.body.clone_from(&request.body);
    lifted
}

fn lower(reply: Reply, now: Timestamp, delay: Duration) -> ResponseTemplate {
    // The HTTP server would send the machine's time.
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let mut template = ResponseTemplate::new(reply.status.as_u16()).insert_header("date", date);
    let content_type = reply.headers.get("content-type").and_then(|value| value.to_str().ok());
    if !reply.body.is_empty() || content_type.is_some() {
        template = template.set_body_raw(reply.body, content_type.unwrap_or("application/octet-stream"));
    }
    for (name, value) in &reply.headers {
        if name != "content-type" {
            template = template.append_header(name, value);
        }
    }
    if delay.is_zero() { template } else { template.set_delay(delay) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::courier::Delivery;
    use crate::faults::FaultRule;

    /// Counts what it was asked.
    struct Counter(u32);

    impl Model for Counter {
        fn handle(&mut self, request: &Request, _: &Context<'_>) -> Reply {
            self.0 += 1;
            Reply::text(200, "text/plain", format!("{} {}", self.0, request.text()))
        }

        fn throttled(&self, retry_after: u32, _: &Context<'_>) -> Reply {
            Reply::empty(429).header("retry-after", &retry_after.to_string())
        }

        fn failing(&self, status: u16, _: &Context<'_>) -> Reply {
            Reply::empty(status)
        }
    }

    async fn counter() -> Simulator<Counter> {
        Simulator::start_anywhere(Counter(0), SimClock::system()).await
    }

    fn say(simulator: &Simulator<Counter>, text: &str) -> (Option<u16>, String) {
        let outcome = Courier::start().ask(Delivery {
            url: format!("{}/say", simulator.url()),
            headers: vec![],
            body: text.as_bytes().to_vec(),
            timeout: Duration::from_secs(5),
            retries: 0,
        });
        (outcome.status, outcome.body)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_fault_after_has_its_effect_and_a_fault_before_has_none() {
        let simulator = counter().await;
        simulator.faults().add(FaultRule::on_request(1, Fault::FailBefore(503)));
        simulator.faults().add(FaultRule::on_request(2, Fault::FailAfter(504)));
        assert_eq!(say(&simulator, "a").0, Some(503));
        assert_eq!(say(&simulator, "b").0, Some(504));
        assert_eq!(say(&simulator, "c"), (Some(200), "2 c".to_owned()));
        let statuses: Vec<u16> = simulator.journal().entries().map(|entry| entry.status).collect();
        assert_eq!(statuses, [503, 504, 200]);
    }
}
