//! Several calls in one: with references between them, or not, or in graphs.

mod batch;
mod graph;
mod part;
mod reference;
mod tree;

use serde_json::{Map, Value, json};

use crate::model::Salesforce;
use crate::model::refusal::Refusal;

use super::{Answer, Call, errors, flag, ok};

pub(super) use batch::batch;
pub(super) use graph::graphs;
pub(super) use tree::tree;

use part::{Part, parts, segments, send};
use reference::Known;

const MOST_PARTS: usize = 25;

/// How many of them may be queries, or lists of rows.
const MOST_QUERIES: usize = 5;

/// What became of a part.
struct Done {
    status: u16,
    body: Value,
    location: Option<String>,
}

pub(super) fn composite(org: &mut Salesforce, call: &Call<'_>) -> Answer {
    let body = call.body()?;
    let parts = parts(body.get("compositeRequest"))?;
    if parts.len() > MOST_PARTS || parts.iter().filter(|part| is_heavy(part)).count() > MOST_QUERIES {
        let message = format!("at most {MOST_PARTS} subrequests, {MOST_QUERIES} of them queries or collections");
        return Err(Refusal::new(400, "LIMIT_EXCEEDED", message).into());
    }
    let all_or_none = flag(&body, "allOrNone")?;
    let (answers, _) = run(org, call, parts, all_or_none);
    Ok(ok(&json!({ "compositeResponse": answers })))
}

/// Whether a part is a query, or works on a list of rows.
fn is_heavy(part: &Part) -> bool {
    let segments = segments(&part.url);
    matches!(segments.get(3).map(String::as_str), Some("query" | "queryAll" | "composite"))
}

/// Runs the parts in order, and says whether one failed.
fn run(org: &mut Salesforce, call: &Call<'_>, parts: Vec<Part>, all_or_none: bool) -> (Vec<Value>, bool) {
    let before = org.savepoint();
    let mut known = Known::new(call.major());
    let mut done: Vec<(String, Done)> = Vec::new();
    let mut failure = None;
    for part in parts {
        let reference = part.reference.clone();
        if all_or_none && failure.is_some() {
            done.push((reference, rolled_back()));
            continue;
        }
        let outcome = match refer(part, &known) {
            Ok(part) => one(org, call, &part, all_or_none),
            Err(message) => halted(message),
        };
        if outcome.status >= 300 || (all_or_none && has_failed_rows(&outcome.body)) {
            failure.get_or_insert(done.len());
        }
        if !all_or_none {
            org.end_transaction();
        }
        if outcome.status < 300 {
            known.learn(&reference, outcome.body.clone());
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
    (done.into_iter().map(|(reference, outcome)| told(&reference, outcome)).collect(), failure.is_some())
}

fn told(reference: &str, outcome: Done) -> Value {
    let headers: Map<String, Value> =
        outcome.location.map(|location| ("Location".to_owned(), json!(location))).into_iter().collect();
    json!({
        "body": outcome.body, "httpHeaders": headers, "httpStatusCode": outcome.status, "referenceId": reference,
    })
}

/// Whether it is the answer of a list of rows of which one was refused.
fn has_failed_rows(body: &Value) -> bool {
    body.as_array().is_some_and(|rows| rows.iter().any(|row| row.get("success") == Some(&Value::Bool(false))))
}

fn halted(message: String) -> Done {
    Done { status: 400, body: errors(&[Refusal::new(400, "PROCESSING_HALTED", message)]), location: None }
}

fn rolled_back() -> Done {
    let message = "The transaction was rolled back since another operation in the same transaction failed.";
    halted(message.to_owned())
}

/// Puts what earlier parts answered in place of `@{...}`, or says what is missing.
fn refer(mut part: Part, known: &Known) -> Result<Part, String> {
    part.url = known.fill_url(&part.url)?;
    part.body = known.fill(part.body)?;
    Ok(part)
}

/// Sends one part through the routes.
fn one(org: &mut Salesforce, call: &Call<'_>, part: &Part, all_or_none: bool) -> Done {
    let reply = send(org, call, part, all_or_none);
    let location = reply.headers.get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
    Done { status: reply.status.as_u16(), body: reply.body_json(), location }
}
