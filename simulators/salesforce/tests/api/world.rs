//! The org northwind.example at a time that stands still until it is moved.

use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use sim_kit::{Context, Courier, Model, Reply, Request};
use sim_salesforce::Salesforce;

pub(crate) const ANNA: &str = "anna.berg@northwind.example";
pub(crate) const BEN: &str = "ben.carter@northwind.example";
pub(crate) const V: &str = "/services/data/v59.0";

pub(crate) struct World {
    pub(crate) org: Salesforce,
    pub(crate) now: Timestamp,
    /// The `Authorization` header; none if empty.
    pub(crate) authorization: String,
    courier: Courier,
}

impl World {
    pub(crate) fn new() -> Self {
        let now = "2031-05-06T09:00:00Z".parse().unwrap();
        let authorization = format!("Bearer sim-{ANNA}");
        Self { org: Salesforce::northwind(now), now, authorization, courier: Courier::start() }
    }

    pub(crate) fn advance(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    /// What is due without a request happens.
    pub(crate) fn wake(&mut self) {
        self.org.wake(&Context { now: self.now, courier: &self.courier });
    }

    /// Waits until the org has heard what became of everything on its way.
    pub(crate) fn settle(&mut self) {
        self.wake();
        while self.org.under_way() > 0 {
            assert!(self.courier.wait(Duration::from_secs(30)), "a delivery never ended");
            self.wake();
        }
    }

    pub(crate) fn send(&mut self, mut request: Request) -> Reply {
        if !self.authorization.is_empty() && !request.headers.contains_key("authorization") {
            request.headers.insert("authorization", self.authorization.parse().unwrap());
        }
        let context = Context { now: self.now, courier: &self.courier };
        self.org.handle(&request, &context)
    }

    /// One call with a body (none if null); a target that does not begin with `/` is below `V`.
    pub(crate) fn call(&mut self, method: &str, target: &str, body: impl Into<Value>) -> Reply {
        let body = body.into();
        let target = if target.starts_with('/') { target.to_owned() } else { format!("{V}/{target}") };
        let mut request = Request::new(method.parse::<Method>().unwrap(), &target, "http://sf.test");
        if !body.is_null() {
            request.body = body.to_string().into_bytes();
        }
        self.send(request)
    }

    pub(crate) fn get(&mut self, target: &str) -> Value {
        let reply = self.call("GET", target, Value::Null);
        assert_eq!(reply.status, 200, "{target}: {}", String::from_utf8_lossy(&reply.body));
        reply.body_json()
    }

    /// Creates a row and gives its id.
    pub(crate) fn create(&mut self, object: &str, row: impl Into<Value>) -> String {
        let row = row.into();
        let reply = self.call("POST", &format!("sobjects/{object}"), row.clone());
        assert_eq!(reply.status, 201, "{row}: {}", reply.body_json());
        reply.body_json()["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn patch(&mut self, object: &str, id: &str, row: Value) -> Reply {
        self.call("PATCH", &format!("sobjects/{object}/{id}"), row)
    }

    pub(crate) fn row(&mut self, object: &str, id: &str) -> Value {
        self.get(&format!("sobjects/{object}/{id}"))
    }

    pub(crate) fn soql(&mut self, verb: &str, soql: &str) -> Reply {
        let target = format!("{verb}?q={}", encoded(soql));
        self.call("GET", &target, Value::Null)
    }

    /// The records a query finds.
    pub(crate) fn find(&mut self, soql: &str) -> Vec<Value> {
        let reply = self.soql("query", soql);
        assert_eq!(reply.status, 200, "{soql}: {}", reply.body_json());
        reply.body_json()["records"].as_array().unwrap().clone()
    }

    /// The values of one field of the records a query finds.
    pub(crate) fn column(&mut self, soql: &str, field: &str) -> Vec<Value> {
        self.find(soql).into_iter().map(|record| record[field].clone()).collect()
    }
}

pub(crate) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Status, error code and fields of a refusal.
pub(crate) fn refusal(reply: &Reply) -> (u16, String, Value) {
    let error = &reply.body_json()[0];
    let fields = error.get("fields").cloned().unwrap_or_else(|| json!("none"));
    (reply.status.as_u16(), error["errorCode"].as_str().unwrap_or_default().to_owned(), fields)
}

impl World {
    /// A SOAP operation as Anna: the status and the text of the answer.
    pub(crate) fn soap(&mut self, operation: &str, content: &str) -> (u16, String) {
        let body = format!(
            "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
             xmlns:urn=\"urn:partner.soap.sforce.com\"><soapenv:Header><urn:SessionHeader><urn:sessionId>sim-{ANNA}\
             </urn:sessionId></urn:SessionHeader></soapenv:Header><soapenv:Body><urn:{operation}>{content}\
             </urn:{operation}></soapenv:Body></soapenv:Envelope>"
        );
        let mut request = Request::new(Method::POST, "/services/Soap/u/59.0", "http://sf.test");
        request.headers.insert("content-type", "text/xml".parse().unwrap());
        request.headers.insert("soapaction", "\"\"".parse().unwrap());
        request.body = body.into_bytes();
        let reply = self.send(request);
        (reply.status.as_u16(), String::from_utf8(reply.body).unwrap())
    }

    /// The id of the only row that a condition finds.
    pub(crate) fn only(&mut self, object: &str, condition: &str) -> String {
        let found = self.column(&format!("SELECT Id FROM {object} WHERE {condition}"), "Id");
        assert_eq!(found.len(), 1, "{object} {condition}");
        found[0].as_str().unwrap().to_owned()
    }
}

/// The text of the first element of that name.
pub(crate) fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once("</")?.0.to_owned())
}
