//! A service that answers as a test says, and gives out tokens by itself.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sim_kit::{Context, Model, Reply, Request, SimClock, Simulator};
use syncline_core::time::Window;

use syncline_exchange::SignInAs;

use crate::bench::{self, Turning, Vault, at};

type Answer = Box<dyn FnMut(&Request) -> Reply + Send>;

/// Answers as the test says, and tokens by itself.
pub(crate) struct Scripted {
    answer: Answer,
    pub(crate) tokens: u32,
    pub(crate) refuses_sign_in: bool,
    pub(crate) seen: Arc<Mutex<Vec<String>>>,
}

impl Model for Scripted {
    fn handle(&mut self, request: &Request, _: &Context<'_>) -> Reply {
        if request.path.ends_with("/token") {
            self.tokens += 1;
            if self.refuses_sign_in {
                return Reply::json(400, &json!({"error": "invalid_grant", "error_codes": [700_082]}));
            }
            let token = format!("token-{}", self.tokens);
            return Reply::json(200, &json!({"access_token": token, "refresh_token": "next", "expires_in": 3599}));
        }
        let seen = format!("{} {} {}", request.method, request.path, request.bearer().unwrap_or_default());
        self.seen.lock().unwrap().push(seen);
        (self.answer)(request)
    }

    fn throttled(&self, retry_after: u32, _: &Context<'_>) -> Reply {
        Reply::empty(429).header("retry-after", &retry_after.to_string())
    }

    fn failing(&self, status: u16, _: &Context<'_>) -> Reply {
        Reply::empty(status)
    }
}

pub(crate) struct World {
    pub(crate) simulator: Simulator<Scripted>,
    pub(crate) mailbox: syncline_exchange::Exchange,
    pub(crate) vault: Arc<Vault>,
    pub(crate) clock: Arc<Turning>,
    pub(crate) seen: Arc<Mutex<Vec<String>>>,
}

pub(crate) async fn world(answer: impl FnMut(&Request) -> Reply + Send + 'static) -> World {
    opened(SignInAs::User, answer).await
}

pub(crate) async fn opened(sign_in: SignInAs, answer: impl FnMut(&Request) -> Reply + Send + 'static) -> World {
    let clock = SimClock::fixed(at("2031-03-03T09:00:00Z"));
    let seen = Arc::new(Mutex::default());
    let script = Scripted { answer: Box::new(answer), tokens: 0, refuses_sign_in: false, seen: Arc::clone(&seen) };
    let simulator = Simulator::start_anywhere(script, clock.clone()).await;
    let vault = Vault::with("first");
    let clock = Turning::of(&clock);
    let held: Arc<Vault> = Arc::clone(&vault);
    let mailbox = bench::opened(&simulator.url(), held, Arc::clone(&clock), sign_in);
    World { simulator, mailbox, vault, clock, seen }
}

pub(crate) fn window() -> Window {
    Window { from: at("2031-02-17T00:00:00Z"), until: at("2032-04-06T00:00:00Z") }
}

pub(crate) fn delta_page(request: &Request, rows: &Value) -> Reply {
    let link = format!("{}/v1.0/me/calendarView/delta?$deltatoken=1", request.origin);
    Reply::json(200, &json!({"value": rows, "@odata.deltaLink": link}))
}

pub(crate) fn single(id: &str) -> Value {
    json!({
        "id": id, "@odata.etag": "W/\"1\"", "type": "singleInstance", "isOrganizer": true,
        "createdDateTime": "2031-03-01T09:00:00Z", "lastModifiedDateTime": "2031-03-01T09:00:00Z",
        "start": {"dateTime": "2031-03-03T09:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2031-03-03T10:00:00.0000000", "timeZone": "UTC"},
    })
}

/// Answers each part of a batch by its URL, in reverse order.
pub(crate) fn batch(request: &Request, part: impl Fn(&str) -> (u16, Value)) -> Reply {
    batch_waiting(request, "7", part)
}

/// The same with another `Retry-After` of each part.
pub(crate) fn batch_waiting(request: &Request, retry_after: &str, part: impl Fn(&str) -> (u16, Value)) -> Reply {
    let body = request.json().unwrap();
    let answers: Vec<Value> = body["requests"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|request| {
            let (status, body) = part(request["url"].as_str().unwrap());
            json!({"id": request["id"], "status": status, "headers": {"Retry-After": retry_after}, "body": body})
        })
        .collect();
    Reply::json(200, &json!({"responses": answers}))
}
