//! The simulator as programs see it from outside: its service and its switches.

use http::{HeaderValue, Method};
use jiff::Timestamp;
use serde_json::{Value, json};
use sim_exchange::Exchange;
use sim_kit::{Answer, Request, Shell, SimClock};

use crate::desk::ANNA;

/// Where its clock stands at first.
pub(crate) const START: &str = "2026-10-01T09:00:00Z";

/// The simulator as a program at its address sees it, at a held clock.
pub(crate) struct Outside {
    pub(crate) shell: Shell<Exchange>,
    pub(crate) token: String,
}

impl Outside {
    pub(crate) fn new() -> Self {
        let now: Timestamp = START.parse().unwrap();
        Self { shell: Shell::new(Exchange::northwind(now), SimClock::fixed(now)), token: "test-token".to_owned() }
    }

    pub(crate) fn send(&self, method: &str, target: &str, body: &Value) -> Answer {
        let mut request = Request::new(method.parse::<Method>().unwrap(), target, "http://h");
        if !target.starts_with("/_sim") {
            let bearer = HeaderValue::try_from(format!("Bearer {}", self.token)).unwrap();
            request.headers.insert("authorization", bearer);
        }
        if !body.is_null() {
            request.body = body.to_string().into_bytes();
        }
        self.shell.answer(request)
    }

    pub(crate) fn told(&self, method: &str, target: &str, body: &Value) -> (u16, Value) {
        let reply = self.send(method, target, body).reply.expect("an answer");
        (reply.status.as_u16(), reply.body_json())
    }

    pub(crate) fn get(&self, target: &str) -> (u16, Value) {
        let target = target.strip_prefix("http://h").map_or_else(|| format!("/v1.0{target}"), str::to_owned);
        self.told("GET", &target, &Value::Null)
    }

    pub(crate) fn post(&self, target: &str, body: &Value) -> (u16, Value) {
        self.told("POST", &format!("/v1.0{target}"), body)
    }

    /// Works a switch that takes it.
    pub(crate) fn set(&self, switch: &str, body: &Value) -> Value {
        let (status, told) = self.told("POST", &format!("/_sim/{switch}"), body);
        assert_eq!(status, 200, "{switch}: {told}");
        told
    }

    pub(crate) fn switch(&self, switch: &str) -> Value {
        self.told("GET", &format!("/_sim/{switch}"), &Value::Null).1
    }

    pub(crate) fn pass(&self, seconds: u32) {
        self.set("clock", &json!({"advance_seconds": seconds}));
    }

    pub(crate) fn add_contact(&self, name: &str) -> Value {
        let contact = json!({"givenName": name});
        self.shell.with(|world, context| world.add_contact(ANNA, &contact, context)).unwrap().into()
    }

    pub(crate) fn meeting(&self) -> Value {
        let time = json!({"dateTime": "2026-10-06T09:00:00", "timeZone": "UTC"});
        let (status, event) = self.post("/me/events", &json!({"subject": "Plan", "start": time, "end": time}));
        assert_eq!(status, 201, "{event}");
        event
    }

    /// The status and `Retry-After` of a GET.
    pub(crate) fn refused(&self, target: &str) -> (u16, String, String) {
        let reply = self.send("GET", &format!("/v1.0{target}"), &Value::Null).reply.expect("an answer");
        let retry = reply.headers.get("retry-after").map_or("", |value| value.to_str().unwrap());
        let code = reply.body_json().pointer("/error/code").and_then(Value::as_str).unwrap_or_default().to_owned();
        (reply.status.as_u16(), retry.to_owned(), code)
    }

    /// Follows a delta query to its end: names of the rows, how many rows each page had, the next link.
    pub(crate) fn round(&self, target: &str) -> (Vec<String>, Vec<usize>, String) {
        let (mut names, mut pages, mut next) = (Vec::new(), Vec::new(), target.to_owned());
        loop {
            let (status, page) = self.get(&next);
            assert_eq!(status, 200, "{page}");
            let rows = page["value"].as_array().unwrap();
            pages.push(rows.len());
            let name = |row: &Value| row["givenName"].as_str().unwrap_or("removed").to_owned();
            names.extend(rows.iter().map(name));
            assert!(pages.len() < 50, "no end");
            match (page["@odata.nextLink"].as_str(), page["@odata.deltaLink"].as_str()) {
                (Some(link), None) => link.clone_into(&mut next),
                (None, Some(link)) => return (names, pages, link.to_owned()),
                other => panic!("both or no link: {other:?}"),
            }
        }
    }
}
