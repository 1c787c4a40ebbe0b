//! A model that counts, in a shell at a held clock.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue, Method};
use serde_json::{Value, json};
use sim_kit::{
    Action, Answer, Body, Context, Field, Form, Model, Objection, Reading, Reply, Request, Shell, SimClock, Switch,
};

/// Counts what it was asked, and how often it was woken at what time.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    pub(crate) asked: u32,
    pub(crate) woken: Vec<String>,
    /// What others occupied at the last request.
    pub(crate) alongside: BTreeMap<String, u32>,
}

impl Model for Counter {
    fn handle(&mut self, request: &Request, _: &Context<'_>) -> Reply {
        self.asked += 1;
        self.alongside.clone_from(&request.alongside);
        Reply::text(200, "text/plain", format!("{} {} {}", self.asked, request.origin, request.text()))
    }

    fn throttled(&self, retry_after: u32, _: &Context<'_>) -> Reply {
        Reply::empty(429).header("retry-after", &retry_after.to_string())
    }

    fn failing(&self, status: u16, _: &Context<'_>) -> Reply {
        Reply::empty(status)
    }

    fn wake(&mut self, context: &Context<'_>) {
        let now = context.now.to_string();
        if self.woken.last() != Some(&now) {
            self.woken.push(now);
        }
    }

    fn occupies(&self, request: &Request, _: &Context<'_>) -> BTreeMap<String, u32> {
        request.segments().first().map(|name| (name.clone(), 1)).into_iter().collect()
    }

    fn switches() -> &'static [Switch<Self>] {
        SWITCHES
    }
}

static SWITCHES: &[Switch<Counter>] = &[Switch {
    name: "count/asked",
    about: "How often it was asked.",
    reading: Reading { query: &[], read: |counter, _| json!({"asked": counter.asked}), glance: None },
    actions: &[Action {
        method: "POST",
        about: "Counts from another number on.",
        body: Body::Fields(&[Field::needed("asked", Form::Count { least: 1, most: 9 }, "that number")]),
        run: |counter, order| {
            counter.asked = order.small("asked").unwrap_or_default();
            if counter.asked == 7 {
                return Err(Objection::field("asked", "seven is taken", "choose another"));
            }
            Ok(Value::Null)
        },
    }],
}];

pub(crate) fn counter() -> Shell<Counter> {
    Shell::new(Counter::default(), SimClock::fixed("2031-03-03T09:00:00Z".parse().unwrap()))
}

pub(crate) fn request(method: &str, target: &str, headers: &[(&str, &str)]) -> Request {
    let mut request = Request::new(method.parse::<Method>().unwrap(), target, "http://h");
    for (name, value) in headers {
        request.headers.insert(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
    }
    request
}

/// Asks the model.
pub(crate) fn ask(shell: &Shell<Counter>, method: &str, target: &str) -> Answer {
    shell.answer(request(method, target, &[("authorization", "Bearer hidden")]))
}

/// Its status; 0 for a closed connection.
pub(crate) fn status(answer: &Answer) -> u16 {
    answer.reply.as_ref().map_or(0, |reply| reply.status.as_u16())
}

/// Works a switch: status and answer.
pub(crate) fn work(shell: &Shell<Counter>, method: &str, name: &str, body: &Value) -> (u16, Value) {
    let mut request = Request::new(method.parse::<Method>().unwrap(), &format!("/_sim/{name}"), "http://h");
    if !body.is_null() {
        request.body = body.to_string().into_bytes();
    }
    let reply = shell.answer(request).reply.expect("an answer");
    (reply.status.as_u16(), reply.body_json())
}

/// Works a switch that takes it.
pub(crate) fn set(shell: &Shell<Counter>, name: &str, body: &Value) -> Value {
    let (status, told) = work(shell, "POST", name, body);
    assert_eq!(status, 200, "{told}");
    told
}
