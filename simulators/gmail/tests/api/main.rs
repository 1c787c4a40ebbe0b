//! The Gmail API as a client meets it, one request at a time.

mod access;
mod arrival;
mod envelope;
mod history;
mod labels;
mod messages;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use http::{HeaderName, HeaderValue, Method};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sim_gmail::{DeliverError, Gmail};
use sim_kit::{Context, Courier, Model, Reply, Request};

const CARLA: &str = "carla.diaz@northwind.example";
const MAIL: &[u8] = b"From: Mia Larsen <mia.larsen@fabrikam.example>\r\nTo: carla.diaz@northwind.example\r\n\
    Subject: Offer\r\nMessage-ID: <m1@fabrikam.example>\r\nDate: Mon, 3 Mar 2031 08:00:00 +0000\r\n\
    MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nSee the <offer>.\r\n\
    --b\r\nContent-Type: application/pdf; name=offer.pdf\r\nContent-Transfer-Encoding: base64\r\n\
    Content-Disposition: attachment; filename=offer.pdf\r\n\r\nJVBERi0=\r\n--b--\r\n";

struct World {
    gmail: Gmail,
    courier: Courier,
    now: Timestamp,
}

impl World {
    fn new() -> Self {
        let now = "2031-03-03T09:00:00Z".parse().unwrap();
        Self { gmail: Gmail::northwind(now), courier: Courier::start(), now }
    }

    fn send(&mut self, request: &Request) -> Reply {
        let context = Context { now: self.now, courier: &self.courier };
        self.gmail.handle(request, &context)
    }

    fn deliver(&mut self, mime: &[u8]) -> String {
        let context = Context { now: self.now, courier: &self.courier };
        self.gmail.deliver(CARLA, &["INBOX", "UNREAD"], mime, &context).unwrap()
    }

    fn call(&mut self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let reply = self.send(&request(method, &format!("/gmail/v1/users/me/{path}"), body));
        (reply.status.as_u16(), reply.body_json())
    }

    fn get(&mut self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, Value::Null);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    fn post(&mut self, path: &str, body: Value) -> Value {
        let (status, body) = self.call("POST", path, body);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    fn history_id(&mut self) -> String {
        self.get("profile")["historyId"].as_str().unwrap().to_owned()
    }

    fn token(&mut self, form: &str) -> (u16, Value) {
        let mut request = Request::new(Method::POST, "/token", "http://h");
        request.body = format!("{form}&client_id=syncline-client&client_secret=syncline-secret").into();
        let reply = self.send(&request);
        (reply.status.as_u16(), reply.body_json())
    }
}

fn with_header(mut request: Request, name: &str, value: &str) -> Request {
    request.headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
    request
}

fn request(method: &str, target: &str, body: impl Into<Value>) -> Request {
    let body = body.into();
    let mut request = Request::new(method.parse().unwrap(), target, "http://h");
    if !body.is_null() {
        request.body = body.to_string().into();
    }
    with_header(request, "authorization", &format!("Bearer sim-{CARLA}"))
}

fn reason(body: &Value) -> (&str, &str) {
    let error = &body["error"];
    (error["errors"][0]["reason"].as_str().unwrap_or(""), error["message"].as_str().unwrap_or(""))
}

fn mail(id: &str, more: &str) -> Vec<u8> {
    format!("From: tom.okafor@contoso.example\r\nSubject: Hello\r\nMessage-ID: <{id}>\r\n{more}\r\nHi.\r\n").into()
}
