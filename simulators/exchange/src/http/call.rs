//! A request with what every route needs to know about it.

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use sim_kit::{Courier, Reply, Request};

use crate::model::Zone;
use crate::model::{civil_text, ids};
use crate::refusal::Refusal;

/// Content type of every JSON answer.
const JSON: &str = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";
/// Which of its servers answered, as the service tells.
const DIAGNOSTIC: &str = r#"{"ServerInfo":{"DataCenter":"North Europe","Slice":"E","Ring":"4","ScaleUnit":"000","RoleInstance":"SIMULATED"}}"#;
/// What scripts of other origins may see.
const EXPOSED: &str = "ETag, Location, Preference-Applied, Content-Range, request-id, client-request-id, \
                       ReadWriteConsistencyToken, Retry-After, SdkVersion, WWW-Authenticate, x-ms-client-gcc-tenant";
/// The largest page that `odata.maxpagesize` may ask for.
const MAX_PAGE: usize = 1000;
/// What may stand in a query value as it is.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A user, by position.
    User(usize),
    /// The application itself.
    App,
}

/// What the request prefers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prefer {
    pub(crate) zone: Option<String>,
    pub(crate) text_body: bool,
    pub(crate) immutable: bool,
    pub(crate) page_size: Option<usize>,
    /// What `Preference-Applied` tells.
    applied: Vec<String>,
}

impl Prefer {
    pub(crate) fn of(request: &Request) -> Self {
        let mut prefer = Self::default();
        let values = request.headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        for part in values.flat_map(|value| value.split(',')) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim().trim_matches('"');
            let known = match name.trim().to_ascii_lowercase().as_str() {
                "outlook.timezone" => {
                    prefer.zone = Some(value.to_owned());
                    true
                }
                "outlook.body-content-type" => {
                    prefer.text_body = value.eq_ignore_ascii_case("text");
                    true
                }
                "idtype" => {
                    prefer.immutable = value.eq_ignore_ascii_case("ImmutableId");
                    true
                }
                "odata.maxpagesize" => {
                    prefer.page_size =
                        value.parse().ok().filter(|size| *size > 0).map(|size: usize| size.min(MAX_PAGE));
                    prefer.page_size.is_some()
                }
                _ => false,
            };
            if known {
                prefer.applied.push(part.trim().to_owned());
            }
        }
        prefer
    }

    /// The zone of event times.
    pub(crate) fn zone(&self) -> Result<Zone, Refusal> {
        match &self.zone {
            None => Ok(Zone::utc()),
            Some(name) => Zone::named(name).ok_or_else(|| crate::model::unsupported_zone(name)),
        }
    }
}

pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    pub(crate) now: Timestamp,
    pub(crate) courier: &'a Courier,
    pub(crate) caller: Caller,
    pub(crate) prefer: Prefer,
    /// Pages hold no more than this.
    pub(crate) page_limit: usize,
    /// What a stale `If-Match` is answered with.
    pub(crate) stale_status: u16,
}

impl Call<'_> {
    pub(crate) fn is(&self, method: &str) -> bool {
        self.request.method.as_str() == method
    }

    /// The body as a JSON object.
    pub(crate) fn body(&self) -> Result<Map<String, Value>, Refusal> {
        if self.request.body.is_empty() {
            return Err(Refusal::bad_request("Empty Payload. JSON content expected."));
        }
        let kind = self.request.header("content-type").unwrap_or("application/json").to_ascii_lowercase();
        match self.request.json() {
            Ok(Value::Object(body)) if kind.contains("json") => Ok(body),
            _ => Err(Refusal::bad_request(
                "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
            )),
        }
    }

    /// Compares `If-Match` with the item's etag; without the header everything passes.
    pub(crate) fn precondition(&self, etag: &str) -> Result<(), Refusal> {
        let Some(wanted) = self.request.header("if-match") else {
            return Ok(());
        };
        let bare = |text: &str| text.trim().trim_start_matches("W/").trim_matches('"').to_owned();
        let passes = wanted.split(',').any(|wanted| wanted.trim() == "*" || bare(wanted) == bare(etag));
        if passes { Ok(()) } else { Err(Refusal::stale(self.stale_status)) }
    }

    pub(crate) fn context_url(&self, what: &str) -> String {
        format!("{}/v1.0/$metadata#{what}", self.request.origin)
    }

    /// This request's address with one parameter set anew.
    pub(crate) fn link(&self, name: &str, value: &str) -> String {
        let mut query: Vec<String> = Vec::new();
        for part in self.request.raw_query.split('&').filter(|part| !part.is_empty()) {
            let key = part.split('=').next().unwrap_or(part).replace("%24", "$");
            if !key.eq_ignore_ascii_case(name) {
                query.push(part.to_owned());
            }
        }
        query.push(format!("{name}={}", utf8_percent_encode(value, QUERY)));
        format!("{}{}?{}", self.request.origin, self.request.path, query.join("&"))
    }

    /// This request's address with nothing but one parameter.
    pub(crate) fn bare_link(&self, name: &str, value: &str) -> String {
        format!("{}{}?{name}={}", self.request.origin, self.request.path, utf8_percent_encode(value, QUERY))
    }
}

pub(crate) fn json(status: u16, body: &Value) -> Reply {
    Reply::json(status, body).header("content-type", JSON)
}

/// The error envelope.
pub(crate) fn error(refusal: &Refusal, now: Timestamp, request_id: &str, client_request_id: &str) -> Reply {
    let date = civil_text(Zone::utc().to_civil(now));
    let mut body = serde_json::json!({"error": {
        "code": refusal.code,
        "message": refusal.message,
        "innerError": {
            "date": date.split('.').next(),
            "request-id": request_id,
            "client-request-id": client_request_id,
        },
    }});
    if let (Some((code, message)), Some(inner)) =
        (&refusal.inner, body.pointer_mut("/error/innerError").and_then(Value::as_object_mut))
    {
        inner.insert("code".into(), (*code).into());
        inner.insert("message".into(), message.clone().into());
    }
    let mut reply = json(refusal.status, &body);
    for (name, value) in &refusal.headers {
        reply = reply.header(name, value);
    }
    reply.header("request-id", request_id).header("client-request-id", client_request_id)
}

/// The headers that every answer of Graph carries.
pub(crate) fn finish(reply: Reply, request_id: &str, client_request_id: &str, prefer: &Prefer) -> Reply {
    let mut reply = reply
        .header("request-id", request_id)
        .header("client-request-id", client_request_id)
        .header("cache-control", "private")
        .header("strict-transport-security", "max-age=31536000")
        .header("x-ms-ags-diagnostic", DIAGNOSTIC);
    if !reply.body.is_empty() {
        reply = reply.header("odata-version", "4.0");
    }
    if !prefer.applied.is_empty() && reply.status.is_success() {
        reply = reply.header("preference-applied", &prefer.applied.join(", "));
    }
    reply
}

/// Lets scripts of other origins read the answer, as every answer of Graph does for those that ask.
pub(crate) fn shared(reply: Reply, request: &Request) -> Reply {
    if request.header("origin").is_none() {
        return reply;
    }
    reply.header("access-control-allow-origin", "*").header("access-control-expose-headers", EXPOSED)
}

/// The answer to a browser that asks what it may send.
pub(crate) fn preflight(request: &Request) -> Option<Reply> {
    let method = request.header("access-control-request-method")?;
    if request.method != "OPTIONS" {
        return None;
    }
    let headers = request.header("access-control-request-headers").unwrap_or("*");
    let reply = Reply::empty(200)
        .header("access-control-allow-methods", method)
        .header("access-control-allow-headers", headers)
        .header("access-control-max-age", "600");
    Some(shared(reply, request))
}

/// The id of an answer that came from outside the model.
pub(crate) fn stray_request_id(now: Timestamp) -> String {
    ids::guid(&["stray", &now.to_string()])
}
