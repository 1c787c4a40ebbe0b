//! Several calls in one: with references between them, or not, or in graphs.

use std::collections::{BTreeMap, BTreeSet};

use ::http::{HeaderName, HeaderValue, Method};
use serde_json::{Map, Value, json};
use sim_kit::{Reply, Request};

use crate::model::Salesforce;
use crate::model::refusal::Refusal;

use super::{Answer, Call, errors, ok, resource};

const MOST_PARTS: usize = 25;
const MOST_QUERIES: usize = 5;
const MOST_GRAPHS: usize = 75;
const MOST_NODES: usize = 500;

/// One call of a composite request.
struct Part {
    method: Method,
    url: String,
    reference: String,
    body: Value,
    headers: Vec<(String, String)>,
}

/// What became of a part.
struct Done {
    status: u16,
    body: Value,
    location: Option<String>,
}

fn parts(list: Option<&Value>) -> Result<Vec<Part>, Refusal> {
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
            let known = ["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD"];
            let method = known.contains(&method.to_uppercase().as_str()).then(|| method.to_uppercase().parse().ok());
            let Some(method) = method.flatten() else {
                return Err(Refusal::json(format!("subrequest {reference}: no such HTTP method")));
            };
            let plain = reference.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
            if reference.is_empty() || !plain || !references.insert(reference.to_owned()) {
                let message = format!("referenceId '{reference}' is used twice, or is not of letters, digits and _");
                return Err(Refusal::new(400, "INVALID_INPUT", message));
            }
            let headers = part.get("httpHeaders").and_then(Value::as_object).into_iter().flatten();
            let headers = headers.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
            Ok(Part {
                method,
                url: url.to_owned(),
                reference: reference.to_owned(),
                body: part.get("body").cloned().unwrap_or_default(),
                headers: headers.collect(),
            })
        })
        .collect()
}

pub(super) fn composite(org: &mut Salesforce, call: &Call<'_>) -> Answer {
    let body = call.body()?;
    let parts = parts(body.get("compositeRequest"))?;
    let queries = parts.iter().filter(|part| part.url.contains("/query") || part.url.contains("/composite/"));
    if parts.len() > MOST_PARTS || queries.count() > MOST_QUERIES {
        let message = format!("at most {MOST_PARTS} subrequests, {MOST_QUERIES} of them queries or collections");
        return Err(Refusal::new(400, "LIMIT_EXCEEDED", message).into());
    }
    let all_or_none = body.get("allOrNone").and_then(Value::as_bool).unwrap_or(false);
    let (answers, _) = run(org, call, parts, all_or_none);
    Ok(ok(&json!({ "compositeResponse": answers })))
}

pub(super) fn graphs(org: &mut Salesforce, call: &Call<'_>) -> Answer {
    let body = call.body()?;
    let Some(Value::Array(graphs)) = body.get("graphs") else {
        return Err(Refusal::json("The request needs a list 'graphs' at [line:1, column:1]").into());
    };
    let read = graphs.iter().map(|graph| {
        let id = graph.get("graphId").and_then(Value::as_str);
        let id = id.ok_or_else(|| Refusal::json("Each graph needs a graphId"))?;
        Ok((id.to_owned(), parts(graph.get("compositeRequest"))?))
    });
    let read = read.collect::<Result<Vec<_>, Refusal>>()?;
    let rows_only = |part: &Part| part.url.split('/').nth(4) == Some("sobjects");
    if read.len() > MOST_GRAPHS || read.iter().map(|(_, parts)| parts.len()).sum::<usize>() > MOST_NODES {
        let message = format!("at most {MOST_GRAPHS} graphs with {MOST_NODES} nodes in all");
        return Err(Refusal::new(400, "LIMIT_EXCEEDED", message).into());
    }
    if let Some(part) = read.iter().flat_map(|(_, parts)| parts).find(|part| !rows_only(part)) {
        let message = format!("node {}: only row resources are allowed in a graph", part.reference);
        return Err(Refusal::new(400, "INVALID_INPUT", message).into());
    }
    let mut answers = Vec::new();
    for (id, parts) in read {
        let (responses, failed) = run(org, call, parts, true);
        let graph = json!({ "compositeResponse": responses });
        answers.push(json!({ "graphId": id, "graphResponse": graph, "isSuccessful": !failed }));
    }
    Ok(ok(&json!({ "graphs": answers })))
}

/// Runs the parts in order, and says whether one failed.
fn run(org: &mut Salesforce, call: &Call<'_>, parts: Vec<Part>, all_or_none: bool) -> (Vec<Value>, bool) {
    let before = org.savepoint();
    let mut known: BTreeMap<String, Value> = BTreeMap::new();
    let mut done: Vec<(String, Done)> = Vec::new();
    let mut failure = None;
    for part in parts {
        let reference = part.reference.clone();
        if all_or_none && failure.is_some() {
            done.push((reference, rolled_back()));
            continue;
        }
        let outcome = match refer(part, &known) {
            Ok(part) => one(org, call, &part),
            Err(refusal) => halted(refusal),
        };
        if outcome.status >= 300 {
            failure.get_or_insert(done.len());
        } else {
            known.insert(reference.clone(), outcome.body.clone());
        }
        done.push((reference, outcome));
    }
    if let (true, Some(failed)) = (all_or_none, failure) {
        org.roll_back(before);
        for (place, (_, outcome)) in done.iter_mut().enumerate() {
            if place != failed {
                *outcome = rolled_back();
            }
        }
    }
    let answers = done.into_iter().map(|(reference, outcome)| {
        let headers: Map<String, Value> =
            outcome.location.map(|location| ("Location".to_owned(), json!(location))).into_iter().collect();
        json!({
            "body": outcome.body, "httpHeaders": headers, "httpStatusCode": outcome.status,
            "referenceId": reference,
        })
    });
    (answers.collect(), failure.is_some())
}

fn halted(message: String) -> Done {
    Done { status: 400, body: errors(&[Refusal::new(400, "PROCESSING_HALTED", message)]), location: None }
}

fn rolled_back() -> Done {
    let message = "The transaction was rolled back since another operation in the same transaction failed.";
    halted(message.to_owned())
}

/// Puts what earlier parts answered in place of `@{...}`, or says what is missing.
fn refer(mut part: Part, known: &BTreeMap<String, Value>) -> Result<Part, String> {
    part.url = filled(&part.url, known)?;
    part.body = filled_in(part.body, known)?;
    Ok(part)
}

fn filled_in(value: Value, known: &BTreeMap<String, Value>) -> Result<Value, String> {
    match value {
        Value::String(text) => filled(&text, known).map(Value::String),
        Value::Array(items) => items.into_iter().map(|item| filled_in(item, known)).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| Ok((name, filled_in(value, known)?)));
            fields.collect::<Result<Map<_, _>, String>>().map(Value::Object)
        }
        other => Ok(other),
    }
}

fn filled(text: &str, known: &BTreeMap<String, Value>) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, reference, after)) =
        rest.split_once("@{").and_then(|(before, tail)| tail.split_once('}').map(|(name, after)| (before, name, after)))
    {
        filled.push_str(before);
        filled.push_str(&looked_up(reference, known)?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// The value of `ref.records[0].Id`.
fn looked_up(reference: &str, known: &BTreeMap<String, Value>) -> Result<String, String> {
    let (name, path) = reference.split_once(['.', '[']).unwrap_or((reference, ""));
    let missing = || format!("Invalid reference specified. No value for {reference} found in {name}");
    let path = reference.get(name.len()..).filter(|_| !path.is_empty()).ok_or_else(missing)?;
    let mut value = known.get(name).ok_or_else(missing)?;
    for step in path.split(['.', '[', ']']).filter(|step| !step.is_empty()) {
        let next = match value {
            Value::Array(items) => step.parse::<usize>().ok().and_then(|place| items.get(place)),
            Value::Object(fields) => fields.get(step),
            _ => None,
        };
        value = next.ok_or_else(missing)?;
    }
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(missing()),
        other => Ok(other.to_string()),
    }
}

/// Sends one part through the routes.
fn one(org: &mut Salesforce, call: &Call<'_>, part: &Part) -> Done {
    let reply = nested(org, call, part.method.clone(), &part.url, &part.body, &part.headers);
    let location = reply.headers.get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
    Done { status: reply.status.as_u16(), body: reply.body_json(), location }
}

/// A call inside a call: `url` is `/services/data/vNN.0/...`.
fn nested(
    org: &mut Salesforce,
    call: &Call<'_>,
    method: Method,
    url: &str,
    body: &Value,
    headers: &[(String, String)],
) -> Reply {
    let mut request = Request::new(method, url, &call.request.origin);
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            request.headers.insert(name, value);
        }
    }
    if !body.is_null() {
        request.body = body.to_string().into_bytes();
        request.headers.insert("content-type", HeaderValue::from_static("application/json"));
    }
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["services", "data", version, rest @ ..]
            if !matches!(rest, ["composite"] | ["composite", "batch" | "graph"]) =>
        {
            let version = version.strip_prefix('v').unwrap_or(version);
            resource(
                org,
                &Call { request: &request, version, caller: call.caller, schema: call.schema, now: call.now },
                rest,
            )
        }
        _ => super::refused(&[Refusal::not_found()]),
    }
}

pub(super) fn batch(org: &mut Salesforce, call: &Call<'_>) -> Answer {
    let body = call.body()?;
    let Some(Value::Array(list)) = body.get("batchRequests") else {
        return Err(Refusal::json("The request needs a list 'batchRequests' at [line:1, column:1]").into());
    };
    if list.len() > MOST_PARTS {
        let message = format!("at most {MOST_PARTS} subrequests");
        return Err(Refusal::new(400, "LIMIT_EXCEEDED", message).into());
    }
    let halt = body.get("haltOnError").and_then(Value::as_bool).unwrap_or(false);
    // The batch itself was counted; each of its parts counts instead.
    org.count_calls(u64::try_from(list.len()).unwrap_or(0).saturating_sub(1), call.now);
    let (mut results, mut has_errors) = (Vec::new(), false);
    for part in list {
        if has_errors && halt {
            let message = "Batch processing halted per request. haltOnError was set to true and an error occurred.";
            let refusal = Refusal::new(412, "BATCH_PROCESSING_HALTED", message);
            results.push(json!({ "statusCode": 412, "result": errors(&[refusal]) }));
            continue;
        }
        let text = |name: &str| part.get(name).and_then(Value::as_str).unwrap_or_default();
        let url = text("url").trim_start_matches('/');
        let url = if url.starts_with("services/data/") { format!("/{url}") } else { format!("/services/data/{url}") };
        let method = text("method").to_uppercase().parse().unwrap_or(Method::GET);
        let input = part.get("richInput").cloned().unwrap_or_default();
        let reply = nested(org, call, method, &url, &input, &[]);
        has_errors |= reply.status.as_u16() >= 300;
        results.push(json!({ "statusCode": reply.status.as_u16(), "result": reply.body_json() }));
    }
    Ok(ok(&json!({ "hasErrors": has_errors, "results": results })))
}
