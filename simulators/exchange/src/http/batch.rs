//! `$batch`: up to twenty requests in one.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, Method};
use serde_json::{Map, Value, json};
use sim_kit::{Context, Reply, Request};

use super::call::{self, Call};
use crate::model::Exchange;
use crate::refusal::Refusal;

/// Requests in one batch.
const MAX_STEPS: usize = 20;

struct Step<'a> {
    id: &'a str,
    method: Method,
    url: &'a str,
    part: &'a Value,
    depends_on: Vec<&'a str>,
}

impl Exchange {
    pub(crate) fn batch(&mut self, call: &Call<'_>, context: &Context<'_>) -> Result<Reply, Refusal> {
        if !call.is("POST") {
            return Err(Refusal::method_not_allowed());
        }
        let body = call.body()?;
        let steps = read_steps(&body)?;
        let mut statuses: BTreeMap<String, u16> = BTreeMap::new();
        let mut responses = Vec::new();
        for step in &steps {
            let blocked =
                step.depends_on.iter().any(|id| statuses.get(&id.to_lowercase()).is_none_or(|status| *status >= 400));
            let reply = if blocked {
                let message = "The request depends on another request of the batch that failed.";
                self.refuse_part(&Refusal::new(424, "FailedDependency", message), call)
            } else if let Some(refusal) = self.part_fault(step) {
                self.refuse_part(&refusal, call)
            } else {
                match part_request(step, call) {
                    Ok(request) => self.answer(&request, context, false),
                    Err(refusal) => self.refuse_part(&refusal, call),
                }
            };
            statuses.insert(step.id.to_lowercase(), reply.status.as_u16());
            responses.push(part_response(step.id, &reply));
        }
        if !self.switches.batch_in_order {
            // In any order, so never in the order asked for.
            responses.reverse();
        }
        Ok(call::json(200, &json!({ "responses": responses })))
    }

    fn refuse_part(&mut self, refusal: &Refusal, call: &Call<'_>) -> Reply {
        let id = self.next_guid("request");
        call::error(refusal, call.now, &id, &id)
    }

    /// The ordered fault that befalls the part, if any.
    fn part_fault(&mut self, step: &Step<'_>) -> Option<Refusal> {
        let target = format!("{} {}", step.method, step.url);
        let faults = &mut self.switches.part_faults;
        let at = faults.iter().position(|fault| fault.times > 0 && target.contains(&fault.target_contains))?;
        let fault = faults.get_mut(at)?;
        fault.times -= 1;
        let (status, retry_after) = (fault.status, fault.retry_after);
        faults.retain(|fault| fault.times > 0);
        let mut refusal = Refusal::failing(status);
        refusal.headers.retain(|(name, _)| *name != "retry-after");
        refusal.headers.extend(retry_after.map(|seconds| ("retry-after", seconds.to_string())));
        Some(refusal)
    }
}

fn read_steps(body: &Map<String, Value>) -> Result<Vec<Step<'_>>, Refusal> {
    let invalid = |message: &str| Refusal::bad_request(message);
    let requests = body.get("requests").and_then(Value::as_array);
    let requests = requests.ok_or_else(|| invalid("Invalid batch payload format."))?;
    if requests.len() > MAX_STEPS {
        let message = format!("Number of batch request steps exceeds the maximum value of {MAX_STEPS}.");
        return Err(Refusal::new(400, "MaximumValueExceeded", message));
    }
    if requests.is_empty() {
        return Err(invalid("Invalid batch payload format."));
    }
    let mut known = BTreeSet::new();
    let mut steps = Vec::new();
    for part in requests {
        let text = |name: &str| part.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(id), Some(url)) = (text("id"), text("url")) else {
            return Err(invalid("Invalid batch payload format."));
        };
        let method = text("method").and_then(|method| method.to_ascii_uppercase().parse().ok());
        let method = method.ok_or_else(|| invalid("Invalid batch payload format."))?;
        let depends_on = match part.get("dependsOn") {
            None | Some(Value::Null) => Vec::new(),
            Some(list) => {
                let list = list.as_array().and_then(|list| list.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
                list.ok_or_else(|| invalid("Invalid batch payload format."))?
            }
        };
        // Ids are told apart without case.
        if !depends_on.iter().all(|id| known.contains(&id.to_lowercase())) {
            return Err(invalid(&format!("Invalid dependency for request Id {id}.")));
        }
        if !known.insert(id.to_lowercase()) {
            return Err(invalid(&format!("Request Id {id} has to be unique in a batch.")));
        }
        steps.push(Step { id, method, url, part, depends_on });
    }
    Ok(steps)
}

/// The path and query of a part's address: relative, with or without the version, or absolute.
fn part_target(url: &str) -> String {
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => url,
    };
    let path = path.trim_start_matches('/');
    format!("/v1.0/{}", path.strip_prefix("v1.0/").unwrap_or(path))
}

/// The body of a part: JSON as it is, anything else in base64.
fn part_body(part: &Value, content_type: &str) -> Result<Vec<u8>, Refusal> {
    match part.get("body") {
        None | Some(Value::Null) => Ok(Vec::new()),
        // Some programs send their JSON as text.
        Some(Value::String(text)) if content_type.contains("json") && text.trim_start().starts_with(['{', '[']) => {
            Ok(text.clone().into_bytes())
        }
        Some(Value::String(text)) => {
            STANDARD.decode(text).map_err(|_| Refusal::bad_request("The body of a batch request is not valid base64."))
        }
        Some(body) => Ok(body.to_string().into_bytes()),
    }
}

fn part_request(step: &Step<'_>, call: &Call<'_>) -> Result<Request, Refusal> {
    let mut request = Request::new(step.method.clone(), &part_target(step.url), &call.request.origin);
    let mut set = |name: &str, value: &str| {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            request.headers.insert(name, value);
        }
    };
    set("authorization", call.request.header("authorization").unwrap_or_default());
    let headers = step.part.get("headers").and_then(Value::as_object);
    for (name, value) in headers.into_iter().flatten() {
        set(name, value.as_str().unwrap_or_default());
    }
    let content_type = request.header("content-type").unwrap_or_default().to_ascii_lowercase();
    request.body = part_body(step.part, &content_type)?;
    Ok(request)
}

fn part_response(id: &str, reply: &Reply) -> Value {
    let mut headers = Map::new();
    for (name, shown) in [
        ("content-type", "Content-Type"),
        ("retry-after", "Retry-After"),
        ("location", "Location"),
        ("etag", "ETag"),
        ("preference-applied", "Preference-Applied"),
        ("www-authenticate", "WWW-Authenticate"),
    ] {
        if let Some(value) = reply.headers.get(name).and_then(|value| value.to_str().ok()) {
            headers.insert(shown.to_owned(), value.into());
        }
    }
    let mut response = json!({"id": id, "status": reply.status.as_u16(), "headers": headers});
    if let Some(map) = response.as_object_mut()
        && !reply.body.is_empty()
    {
        let body = if reply.content_type() == "application/json" {
            reply.body_json()
        } else {
            STANDARD.encode(&reply.body).into()
        };
        map.insert("body".into(), body);
    }
    response
}
