//! The network: a shell behind one wiremock server.

use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use jiff::Timestamp;
use wiremock::matchers::any;
use wiremock::{Match, Mock, MockServer, Respond, ResponseTemplate};

use crate::clock::SimClock;
use crate::faults::FaultPlan;
use crate::journal::Journal;
use crate::latency::Latency;
use crate::message::{Reply, Request};
use crate::model::{Context, Model};
use crate::shell::{Answer, Shell};

/// How often a running model is woken, in machine time.
const HEARTBEAT: Duration = Duration::from_millis(100);

/// A running simulator. It stops when dropped.
pub struct Simulator<M> {
    server: MockServer,
    shell: Arc<Shell<M>>,
}

impl<M: Model> Simulator<M> {
    /// Serves `model` on `listener`.
    pub async fn start(model: M, clock: SimClock, listener: TcpListener) -> Self {
        let shell = Arc::new(Shell::new(model, clock));
        let server = MockServer::builder().listener(listener).disable_request_recording().start().await;
        tokio::spawn(wake(Arc::downgrade(&shell)));
        let simulator = Self { server, shell };
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
        let door = Door { shell: Arc::clone(&self.shell), next: Arc::default() };
        Mock::given(door.clone()).respond_with(door).mount(&self.server).await;
        let closed = |_: &wiremock::Request| io::Error::from(io::ErrorKind::ConnectionAborted);
        Mock::given(any()).respond_with_err(closed).mount(&self.server).await;
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

    /// What lies behind the network.
    pub fn shell(&self) -> &Shell<M> {
        &self.shell
    }

    /// The model, for seeding and for asserting. Requests wait meanwhile.
    pub fn model(&self) -> MutexGuard<'_, M> {
        self.shell.model()
    }

    /// Changes the model from outside, as a person at the vendor's own client would, with the same
    /// context a request has.
    pub fn with<T>(&self, change: impl FnOnce(&mut M, &Context<'_>) -> T) -> T {
        self.shell.with(change)
    }

    /// The faults still to come.
    pub fn faults(&self) -> MutexGuard<'_, FaultPlan> {
        self.shell.faults()
    }

    /// How long answers take.
    pub fn latency(&self) -> MutexGuard<'_, Latency> {
        self.shell.latency()
    }

    /// What was asked.
    pub fn journal(&self) -> MutexGuard<'_, Journal> {
        self.shell.journal()
    }

    /// This world's clock.
    pub fn clock(&self) -> &SimClock {
        self.shell.clock()
    }
}

impl<M> std::fmt::Debug for Simulator<M> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Simulator").field("url", &self.server.uri()).finish_non_exhaustive()
    }
}

/// Wakes the model until the simulator is gone.
async fn wake<M: Model>(shell: Weak<Shell<M>>) {
    let mut beat = tokio::time::interval(HEARTBEAT);
    loop {
        beat.tick().await;
        let Some(shell) = shell.upgrade() else {
            return;
        };
        shell.wake();
    }
}

/// Where requests come in. The server asks first whether a request is for this door, and only what it lets
/// through has an answer; what it turns away is closed. It takes one request after the other, so that the
/// answer is still that of the request.
struct Door<M> {
    shell: Arc<Shell<M>>,
    next: Arc<Mutex<Option<(Timestamp, Answer)>>>,
}

impl<M> Clone for Door<M> {
    fn clone(&self) -> Self {
        Self { shell: Arc::clone(&self.shell), next: Arc::clone(&self.next) }
    }
}

impl<M: Model> Match for Door<M> {
    fn matches(&self, request: &wiremock::Request) -> bool {
        let now = self.shell.clock().now();
        let answer = self.shell.answer(lift(request));
        let answered = answer.reply.is_some();
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = answered.then_some((now, answer));
        answered
    }
}

impl<M: Model> Respond for Door<M> {
    fn respond(&self, _: &wiremock::Request) -> ResponseTemplate {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner).take();
        match next {
            Some((now, Answer { reply: Some(reply), delay })) => lower(reply, now, delay),
            _ => ResponseTemplate::new(500),
        }
    }
}

fn lift(request: &wiremock::Request) -> Request {
    let host = request.headers.get("host").and_then(|value| value.to_str().ok()).unwrap_or("127.0.0.1");
    let target = match request.url.query() {
        Some(query) => format!("{}?{query}", request.url.path()),
        None => request.url.path().to_owned(),
    };
    // A proxy in front may speak TLS; links must then lead to it.
    let secure = request.headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
    let scheme = if secure { "https" } else { "http" };
    let mut lifted = Request::new(request.method.clone(), &target, &format!("{scheme}://{host}"));
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
