//! A client of the simulator at a held clock.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sim_exchange::Exchange;
use sim_kit::{Context, Courier, Model, Reply, Request};

pub(crate) const ANNA: &str = "anna.berg@northwind.example";
pub(crate) const BEN: &str = "ben.carter@northwind.example";
pub(crate) const ORIGIN: &str = "http://graph.example";
pub(crate) const CRM_ID: &str = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name CrmId";

pub(crate) struct Desk {
    pub(crate) world: Exchange,
    pub(crate) courier: Courier,
    pub(crate) now: Timestamp,
    pub(crate) token: String,
    pub(crate) prefer: Option<&'static str>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let now = "2026-10-01T09:00:00Z".parse().unwrap();
        Self {
            world: Exchange::northwind(now),
            courier: Courier::start(),
            now,
            token: "test-token".to_owned(),
            prefer: None,
        }
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now += SignedDuration::try_from(time).unwrap();
    }

    /// Sends a request; headers are written `name: value`.
    pub(crate) fn send(&mut self, method: &str, target: &str, headers: &[&str], body: Option<&Value>) -> Reply {
        let target = target.strip_prefix(ORIGIN).map_or_else(|| format!("/v1.0{target}"), str::to_owned);
        let mut request = Request::new(method.parse::<Method>().unwrap(), &target, ORIGIN);
        let bearer = format!("Bearer {}", self.token);
        request.headers.insert("authorization", HeaderValue::try_from(bearer).unwrap());
        if let Some(prefer) = self.prefer {
            request.headers.insert("prefer", HeaderValue::from_static(prefer));
        }
        for header in headers {
            let (name, value) = header.split_once(": ").unwrap();
            request.headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
        }
        request.body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        self.hand_in(&request)
    }

    pub(crate) fn hand_in(&mut self, request: &Request) -> Reply {
        let context = Context { now: self.now, courier: &self.courier };
        self.world.handle(request, &context)
    }

    pub(crate) fn with<T>(&mut self, change: impl FnOnce(&mut Exchange, &Context<'_>) -> T) -> T {
        let context = Context { now: self.now, courier: &self.courier };
        change(&mut self.world, &context)
    }

    /// What the running simulator does now and then.
    pub(crate) fn wake(&mut self) {
        self.with(Exchange::wake);
    }

    pub(crate) fn get(&mut self, target: &str) -> (u16, Value) {
        told(&self.send("GET", target, &[], None))
    }

    pub(crate) fn post(&mut self, target: &str, body: &Value) -> (u16, Value) {
        told(&self.send("POST", target, &[], Some(body)))
    }

    pub(crate) fn patch(&mut self, target: &str, body: &Value) -> (u16, Value) {
        told(&self.send("PATCH", target, &[], Some(body)))
    }

    pub(crate) fn delete(&mut self, target: &str) -> (u16, Value) {
        told(&self.send("DELETE", target, &[], None))
    }

    /// Creates a meeting of one hour and gives its answer back.
    pub(crate) fn meeting(&mut self, subject: &str, start: &str) -> Value {
        self.meeting_with(subject, start, &json!({}))
    }

    pub(crate) fn meeting_with(&mut self, subject: &str, start: &str, more: &Value) -> Value {
        let end = start.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(1);
        let mut body = json!({
            "subject": subject,
            "start": {"dateTime": start.trim_end_matches('Z'), "timeZone": "UTC"},
            "end": {"dateTime": end.to_string().trim_end_matches('Z'), "timeZone": "UTC"},
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, event) = self.post("/me/events", &body);
        assert_eq!(status, 201, "{event}");
        event
    }
}

pub(crate) fn told(reply: &Reply) -> (u16, Value) {
    (reply.status.as_u16(), reply.body_json())
}

pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no text at {pointer} of {value}"))
}

/// The texts at one property of every row.
pub(crate) fn column<'a>(list: &'a Value, name: &str) -> Vec<&'a str> {
    let rows = list["value"].as_array().unwrap_or_else(|| panic!("no list: {list}"));
    rows.iter().map(|row| row[name].as_str().unwrap_or_default()).collect()
}

pub(crate) fn code(told: &(u16, Value)) -> (u16, &str) {
    (told.0, told.1.pointer("/error/code").and_then(Value::as_str).unwrap_or_default())
}
