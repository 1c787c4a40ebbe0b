//! The HTTP skin: routes.

mod change_event;
mod collections;
mod composite;
mod describe;
mod files;
mod index;
mod layouts;
mod limits;
mod oauth;
mod outbound;
mod packing;
mod password;
mod query;
mod related;
mod replication;
mod reply;
mod rows;
mod search;
mod soap;

use ::http::Method;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sim_kit::{Context, Model, Reply, Request, Switch};

use crate::model::Salesforce;
use crate::model::refusal::Refusal;
use crate::model::schema::{Object, Schema};
use crate::model::{Caller, Input, Terms, id};
use crate::switchboard;

use index::NEWEST;
use reply::{errors, in_order, ok, order_of, refused, segment, with_body};

/// The longest request line's target, and that with the headers, in bytes.
const LONGEST_URI: usize = 16_384;

type Answer = Result<Reply, Vec<Refusal>>;

/// One call of a resource below `/services/data/vNN.0`.
#[derive(Clone, Copy)]
struct Call<'a> {
    request: &'a Request,
    /// `59.0`
    version: &'a str,
    caller: &'a Caller,
    /// What the caller sees of the org's objects.
    schema: &'static Schema,
    /// Whether the request around this call asks lists of rows to be done whole or not at all.
    all_or_none: bool,
    now: Timestamp,
}

impl Call<'_> {
    /// The path up to the version.
    fn base(&self) -> String {
        format!("/services/data/v{}", self.version)
    }

    /// The version without its `.0`.
    fn major(&self) -> u32 {
        self.version.split('.').next().and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    /// The body, which must be a JSON object.
    fn body(&self) -> Result<Map<String, Value>, Refusal> {
        let content_type = self.request.header("content-type").unwrap_or("application/json");
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            let message = format!(
                "Content-Type '{content_type}' is not supported. The API takes application/json for the body of \
                 this request."
            );
            return Err(Refusal::new(415, "UNSUPPORTED_MEDIA_TYPE", message));
        }
        if self.request.body.iter().all(u8::is_ascii_whitespace) {
            return Err(Refusal::json("The HTTP entity body is required, but this request has no entity body."));
        }
        match self.request.json() {
            Ok(Value::Object(body)) => Ok(body),
            Ok(_) => Err(Refusal::json("Unexpected value: a JSON object is expected at [line:1, column:1]")),
            Err(error) => Err(unreadable(&error)),
        }
    }
}

impl Model for Salesforce {
    fn handle(&mut self, request: &Request, context: &Context<'_>) -> Reply {
        if !oauth::is_shared_host(&request.origin) {
            self.reached_at(&request.origin);
        }
        let reply = match packing::unpacked(request) {
            Ok(plain) => answer(self, &plain, None, context.now),
            Err(refusal) => limits::told(self, refused(&[refusal]), context.now),
        };
        self.deliver(context);
        packing::packed(request, reply)
    }

    fn wake(&mut self, context: &Context<'_>) {
        self.deliver(context);
    }

    /// Salesforce has no `Retry-After`: too many calls are refused with 403.
    fn throttled(&self, _retry_after: u32, context: &Context<'_>) -> Reply {
        let refusal = Refusal::new(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.");
        limits::told(self, refused(&[refusal]), context.now)
    }

    fn failing(&self, status: u16, context: &Context<'_>) -> Reply {
        limits::told(self, failure(self, status), context.now)
    }

    fn switches() -> &'static [Switch<Self>] {
        switchboard::SWITCHES
    }
}

/// The page of a machine in front of the service.
const DOWN: &str = "<!DOCTYPE html>\n<html><head><title>Server Unavailable</title></head>\n<body><h1>Server \
                    Unavailable</h1><p>We are down for maintenance. Please try again later.</p></body></html>\n";

/// Bytes that are no JSON.
fn unreadable(error: &serde_json::Error) -> Refusal {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or_default();
    Refusal::json(format!("{what} at [line:{}, column:{}]", error.line(), error.column()))
}

/// A flag of a body; not set if it is left out. As text it is taken, too.
fn flag(body: &Map<String, Value>, name: &str) -> Result<bool, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(set)) => Ok(*set),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(false),
        Some(_) => Err(Refusal::json(format!("Cannot deserialize instance of boolean: {name} at [line:1, column:1]"))),
    }
}

/// How the service says that it failed itself.
fn failure(org: &Salesforce, status: u16) -> Reply {
    if status == 503 && org.knobs.html_errors {
        return Reply::text(503, "text/html;charset=UTF-8", DOWN);
    }
    let (code, message) = match status {
        401 => ("INVALID_SESSION_ID", "Session expired or invalid"),
        503 => ("SERVER_UNAVAILABLE", "The server is temporarily unable to handle the request"),
        _ => ("UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId if you contact support"),
    };
    refused(&[Refusal::new(status, code, message)])
}

/// Where change events say that a change comes from which a person makes at the vendor's own client.
const BROWSER: &str = "com/salesforce/api/soap/67.0;client=SfdcInternalAPI/";

impl Salesforce {
    /// A request of a person at the vendor's own client: the API call `method target body` as that user.
    /// `Null` for no body.
    pub fn by_hand(&mut self, username: &str, method: Method, target: &str, body: &Value, now: Timestamp) -> Reply {
        let mut request = Request::new(method, target, "http://localhost");
        if let Ok(token) = format!("Bearer sim-{username}").parse() {
            request.headers.insert("authorization", token);
        }
        if !body.is_null() {
            request.body = body.to_string().into_bytes();
        }
        answer(self, &request, Some(BROWSER), now)
    }
}

/// Answers a request. `origin` is what change events tell of where it comes from, if it is no API client.
fn answer(org: &mut Salesforce, request: &Request, origin: Option<&str>, now: Timestamp) -> Reply {
    org.begin();
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let mut reply = too_long(request).unwrap_or_else(|| route(org, request, &segments, now));
    match origin {
        Some(origin) => org.note_changes(origin),
        None => org.note_changes(&outbound::origin_of(request, &segments)),
    }
    if request.method == Method::HEAD {
        reply.body.clear();
    }
    match segments.as_slice() {
        ["services", "oauth2" | "Soap", ..] | ["id", ..] => reply,
        _ => limits::told(org, reply, now),
    }
}

fn too_long(request: &Request) -> Option<Reply> {
    let query = if request.raw_query.is_empty() { 0 } else { request.raw_query.len() + 1 };
    let uri = request.path.len() + query;
    let headers: usize = request.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if uri > LONGEST_URI {
        return Some(refused(&[Refusal::new(414, "URI_TOO_LONG", "The URI is longer than 16,384 bytes")]));
    }
    let message = "The URI and the headers are longer than 16,384 bytes";
    (uri + headers > LONGEST_URI).then(|| refused(&[Refusal::new(431, "REQUEST_HEADER_FIELDS_TOO_LARGE", message)]))
}

fn route(org: &mut Salesforce, request: &Request, segments: &[&str], now: Timestamp) -> Reply {
    match segments {
        ["services", "oauth2", endpoint] => oauth::answer(org, request, endpoint, now),
        ["services", "Soap", letter @ ("u" | "c"), version, ..] => soap::answer(org, request, letter, version, now),
        ["id", org_id, user] => oauth::identity(org, request, org_id, user, now),
        ["services", "data"] if matches!(request.method, Method::GET | Method::HEAD) => ok(&index::versions()),
        ["services", "data"] => refused(&[not_allowed(&request.method, "HEAD,GET")]),
        ["services", "data", version, rest @ ..] => match index::version_in(version) {
            Some(number) => data(org, request, number, rest, now),
            None => refused(&[Refusal::not_found()]),
        },
        _ => refused(&[Refusal::not_found()]),
    }
}

/// A call of a version's resource by somebody who must be signed in.
fn data(org: &mut Salesforce, request: &Request, version: &str, rest: &[&str], now: Timestamp) -> Reply {
    if org.knobs.unavailable > 0 {
        org.knobs.unavailable -= 1;
        return failure(org, 503);
    }
    let Some(mut caller) = token(request).and_then(|token| org.admit(token, now)) else {
        let refusal = Refusal::new(401, "INVALID_SESSION_ID", "Session expired or invalid");
        return refused(&[refusal]).header("www-authenticate", "Token");
    };
    if let Some(refusal) = org.api_closed(&caller) {
        return refused(&[refusal]);
    }
    if let Err(refusal) = limits::take_call(org, now) {
        return refused(&[refusal]);
    }
    caller.terms = terms(request, version);
    let schema = org.schema_of(&caller);
    let call = Call { request, version, caller: &caller, schema, all_or_none: false, now };
    resource(org, &call, rest)
}

/// What the request's own headers ask for.
fn terms(request: &Request, version: &str) -> Terms {
    let mut terms = Terms { base: format!("/services/data/v{version}"), ..Terms::default() };
    for (name, value) in &request.headers {
        terms.hear(name.as_str(), value.to_str().unwrap_or_default());
    }
    terms
}

/// The token of a `Bearer` or `OAuth` authorization.
fn token(request: &Request) -> Option<&str> {
    request.bearer().or_else(|| request.header("authorization")?.strip_prefix("OAuth ").map(str::trim))
}

/// Answers one call; parts of composite requests come here too.
fn resource(org: &mut Salesforce, call: &Call<'_>, rest: &[&str]) -> Reply {
    // For clients that know no other methods than GET and POST.
    let named = call.request.param("_HttpMethod").filter(|_| call.request.method == Method::POST);
    let method = match named.unwrap_or(call.request.method.as_str()) {
        "HEAD" => "GET",
        method => method,
    };
    let answer = match (method, rest) {
        ("GET", []) => Ok(ok(&index::resources(org, call))),
        ("GET", ["limits"]) => Ok(ok(&limits::all(org, call.now))),
        ("GET", ["limits", "recordCount"]) => Ok(ok(&limits::record_counts(org, call))),
        // Rows are seen of late in the vendor's own client only.
        ("GET", ["recent"]) => Ok(ok(&json!([]))),
        ("GET", ["search"]) => search::sosl(org, call),
        ("GET" | "POST", ["parameterizedSearch"]) => search::parameterized(org, call),
        ("GET", ["query"]) => query::first_page(org, call, false),
        ("GET", ["queryAll"]) => query::first_page(org, call, true),
        ("GET", ["query" | "queryAll", locator]) => query::next_page(org, call, locator),
        ("GET", ["sobjects"]) => Ok(describe::all(org, call)),
        (_, ["sobjects", name, rest @ ..]) => match call.schema.object(name) {
            Some(object) => of_object(org, call, method, object, rest),
            None => Err(Refusal::not_found().into()),
        },
        ("GET", ["composite"]) => Ok(ok(&index::of_composite(call))),
        ("POST", ["composite"]) => composite::composite(org, call),
        ("POST", ["composite", "batch"]) => composite::batch(org, call),
        ("POST", ["composite", "graph"]) => composite::graphs(org, call),
        ("POST", ["composite", "tree", name]) => composite::tree(org, call, name),
        ("POST", ["composite", "sobjects"]) => collections::create(org, call),
        ("PATCH", ["composite", "sobjects"]) => collections::update(org, call),
        ("DELETE", ["composite", "sobjects"]) => collections::delete(org, call),
        ("GET" | "POST", ["composite", "sobjects", name]) => collections::read(org, call, name),
        ("PATCH", ["composite", "sobjects", name, field]) => collections::upsert(org, call, name, field),
        (_, rest) => Err(unknown(call, rest)),
    };
    answer.unwrap_or_else(|refusals| refused(&refusals))
}

fn of_object(org: &mut Salesforce, call: &Call<'_>, method: &str, object: &'static Object, rest: &[&str]) -> Answer {
    match (method, rest) {
        ("GET", []) => Ok(describe::brief(object, call)),
        ("POST", []) => rows::create(org, call, object),
        ("GET", ["describe"]) => Ok(describe::full(org, object, call)),
        ("GET", ["describe", layouts @ ..]) => layouts::answer(call, object, layouts),
        ("GET", ["updated"]) => replication::updated(org, call, object),
        ("GET", ["deleted"]) => replication::deleted(org, call, object),
        (_, ["describe" | "updated" | "deleted"]) => Err(unknown(call, &["sobjects", object.name, "describe"])),
        (_, ["describe" | "updated" | "deleted", ..]) => Err(Refusal::not_found().into()),
        // Without an id there is nothing to find, so it is new.
        ("POST", [id]) if id.eq_ignore_ascii_case("Id") => rows::create_without_id(org, call, object),
        ("GET", [id]) => rows::get(org, call, object, id),
        ("PATCH", [id]) => rows::update(org, call, object, id),
        ("DELETE", [id]) => rows::delete(org, call, object, id),
        ("DELETE", [id, "fromThisEventOnwards"]) if object.name == "Event" => rows::delete_onwards(org, call, id),
        (_, [id, "password"]) if object.name == "User" => password::answer(org, call, method, id),
        ("GET", [id, field]) if files::is_blob(object, field) => files::bytes(org, call, object, (id, field)),
        (_, [id, name]) if object.field(id).is_none() && id::canonical(id).is_some() => {
            related::answer(org, call, method, object, (id, name))
        }
        ("GET", [field, value]) => rows::get_by(org, call, object, field, value),
        ("PATCH", [field, value]) => rows::upsert(org, call, object, field, value),
        ("DELETE", [field, value]) => rows::delete_by(org, call, object, field, value),
        (_, rest) => {
            let whole: Vec<&str> = ["sobjects", object.name].into_iter().chain(rest.iter().copied()).collect();
            Err(unknown(call, &whole))
        }
    }
}

/// A path that is not there, or is but not for this method.
fn unknown(call: &Call<'_>, rest: &[&str]) -> Vec<Refusal> {
    let allowed = match rest {
        []
        | ["limits" | "query" | "queryAll" | "recent" | "search" | "sobjects"]
        | ["query" | "queryAll", _]
        | ["limits", "recordCount"]
        | ["sobjects", _, "describe" | "updated" | "deleted"] => "HEAD,GET",
        ["parameterizedSearch" | "composite"] | ["sobjects", _] | ["composite", "sobjects", _] => "HEAD,GET,POST",
        ["sobjects", _, _] | ["sobjects", _, _, _] => "HEAD,GET,PATCH,DELETE",
        ["composite", "batch" | "graph"] | ["composite", "tree", _] => "POST",
        ["composite", "sobjects"] => "POST,PATCH,DELETE",
        ["composite", "sobjects", _, _] => "PATCH",
        _ => return Refusal::not_found().into(),
    };
    not_allowed(&call.request.method, allowed).into()
}

fn not_allowed(method: &Method, allowed: &str) -> Refusal {
    let message = format!("HTTP Method '{method}' not allowed. Allowed are {allowed}");
    Refusal::new(405, "METHOD_NOT_ALLOWED", message)
}

/// Carries out `write` so that it leaves nothing behind when it is refused.
fn atomically<T>(
    org: &mut Salesforce,
    write: impl FnOnce(&mut Salesforce) -> Result<T, Vec<Refusal>>,
) -> Result<T, Vec<Refusal>> {
    let before = org.savepoint();
    let result = write(org);
    if result.is_err() {
        org.roll_back(before);
    }
    result
}

/// A record of a row resource: what it holds are fields, all of them.
fn fields_of(fields: &Map<String, Value>) -> Input<'_> {
    Input { fields, also_id: false }
}
