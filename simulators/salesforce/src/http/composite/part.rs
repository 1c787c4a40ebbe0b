//! One call of several, and its way through the routes.

use std::collections::BTreeSet;

use ::http::{HeaderName, HeaderValue, Method};
use serde_json::Value;
use sim_kit::{Reply, Request};

use crate::model::Salesforce;
use crate::model::refusal::Refusal;

use super::super::{Call, index, refused, resource};

/// The methods that a call can have.
const METHODS: [&str; 6] = ["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD"];

/// Headers that parts have of the whole, and may not have of their own.
const INHERITED: [&str; 3] = ["accept", "authorization", "content-type"];

/// One call of a composite request.
#[derive(Debug)]
pub(super) struct Part {
    pub method: Method,
    pub url: String,
    pub reference: String,
    pub body: Value,
    pub headers: Vec<(String, String)>,
}

/// The parts that a body lists.
pub(super) fn parts(list: Option<&Value>) -> Result<Vec<Part>, Refusal> {
    let Some(Value::Array(list)) = list else {
        return Err(Refusal::json("The request needs a list 'compositeRequest' at [line:1, column:1]"));
    };
    let mut references = BTreeSet::new();
    list.iter()
        .map(|part| {
            let text = |name: &str| part.get(name).and_then(Value::as_str);
            let (Some(method), Some(url), Some(reference)) = (text("method"), text("url"), text("referenceId")) else {
                return Err(Refusal::json("Each subrequest needs method, url and referenceId"));
            };
            let Some(method) = method_of(method) else {
                return Err(Refusal::json(format!("subrequest {reference}: no such HTTP method")));
            };
            let plain = reference.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
            if reference.is_empty() || !plain || !references.insert(reference.to_owned()) {
                let message = format!("referenceId '{reference}' is used twice, or is not of letters, digits and _");
                return Err(Refusal::new(400, "INVALID_INPUT", message));
            }
            let headers = part.get("httpHeaders").and_then(Value::as_object).into_iter().flatten();
            let headers = headers.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
            let headers: Vec<(String, String)> = headers.collect();
            if let Some((name, _)) = headers.iter().find(|(name, _)| INHERITED.contains(&&*name.to_ascii_lowercase())) {
                let message = format!("subrequest {reference}: the header {name} is that of the whole request");
                return Err(Refusal::new(400, "INVALID_INPUT", message));
            }
            Ok(Part {
                method,
                url: url.to_owned(),
                reference: reference.to_owned(),
                body: part.get("body").cloned().unwrap_or_default(),
                headers,
            })
        })
        .collect()
}

pub(super) fn method_of(name: &str) -> Option<Method> {
    let name = name.to_uppercase();
    METHODS.contains(&name.as_str()).then(|| name.parse().ok()).flatten()
}

/// The segments of a part's address.
pub(super) fn segments(url: &str) -> Vec<String> {
    Request::new(Method::GET, url, "").segments()
}

/// Sends a part through the routes. `url` is `/services/data/vNN.0/...`; `all_or_none` is what the whole
/// request asks of lists of rows, too.
pub(super) fn send(org: &mut Salesforce, call: &Call<'_>, part: &Part, all_or_none: bool) -> Reply {
    let mut request = Request::new(part.method.clone(), &part.url, &call.request.origin);
    // The headers of the whole hold for its parts, as far as these have none of their own.
    let mut caller = call.caller.clone();
    for (name, value) in &part.headers {
        caller.terms.hear(name, value);
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            request.headers.insert(name, value);
        }
    }
    if !part.body.is_null() {
        request.body = part.body.to_string().into_bytes();
        request.headers.insert("content-type", HeaderValue::from_static("application/json"));
    }
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["services", "data", version, rest @ ..]
            if !matches!(rest, ["composite"] | ["composite", "batch" | "graph"]) =>
        {
            match index::version_in(version) {
                Some(version) => {
                    let call = Call { request: &request, version, all_or_none, caller: &caller, ..*call };
                    resource(org, &call, rest)
                }
                None => refused(&[Refusal::not_found()]),
            }
        }
        _ => refused(&[Refusal::not_found()]),
    }
}
