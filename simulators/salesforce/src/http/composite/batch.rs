//! Calls that have nothing to do with each other, each of which counts.

use serde_json::{Value, json};

use crate::model::Salesforce;
use crate::model::refusal::Refusal;

use super::super::{Answer, Call, errors, flag, limits, ok, refused};
use super::MOST_PARTS;
use super::part::{Part, method_of, send};

fn part_of(part: &Value) -> Result<Part, Refusal> {
    let text = |name: &str| part.get(name).and_then(Value::as_str);
    let (Some(method), Some(url)) = (text("method"), text("url")) else {
        return Err(Refusal::json("Each subrequest needs method and url"));
    };
    let method = method_of(method).ok_or_else(|| Refusal::json(format!("{url}: no such HTTP method")))?;
    let url = url.trim_start_matches('/');
    let url = if url.starts_with("services/data/") { format!("/{url}") } else { format!("/services/data/{url}") };
    let body = part.get("richInput").cloned().unwrap_or_default();
    Ok(Part { method, url, reference: String::new(), body, headers: Vec::new() })
}

pub(in super::super) fn batch(org: &mut Salesforce, call: &Call<'_>) -> Answer {
    let body = call.body()?;
    let Some(Value::Array(list)) = body.get("batchRequests") else {
        return Err(Refusal::json("The request needs a list 'batchRequests' at [line:1, column:1]").into());
    };
    if list.len() > MOST_PARTS {
        return Err(Refusal::new(400, "LIMIT_EXCEEDED", format!("at most {MOST_PARTS} subrequests")).into());
    }
    let parts = list.iter().map(part_of).collect::<Result<Vec<_>, _>>()?;
    let halt = flag(&body, "haltOnError")?;
    let (mut results, mut has_errors) = (Vec::new(), false);
    for (place, part) in parts.iter().enumerate() {
        if has_errors && halt {
            let message = "Batch processing halted per request. haltOnError was set to true and an error occurred.";
            let refusal = Refusal::new(412, "BATCH_PROCESSING_HALTED", message);
            results.push(json!({ "statusCode": 412, "result": errors(&[refusal]) }));
            continue;
        }
        // The batch itself was counted as its first part.
        let taken = if place == 0 { Ok(()) } else { limits::take_call(org, call.now) };
        let reply = match taken {
            Ok(()) => send(org, call, part, false),
            Err(refusal) => refused(&[refusal]),
        };
        org.end_transaction();
        has_errors |= reply.status.as_u16() >= 300;
        results.push(json!({ "statusCode": reply.status.as_u16(), "result": reply.body_json() }));
    }
    Ok(ok(&json!({ "hasErrors": has_errors, "results": results })))
}
