//! Bytes: as they go out, and as they come in beside a record.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sim_kit::Reply;

use crate::model::Salesforce;
use crate::model::refusal::Refusal;
use crate::model::schema::{Kind, Object};

use super::rows::id_of;
use super::{Answer, Call, unreadable};

/// The longest request in JSON; more bytes come in parts of their own.
const LONGEST_JSON: usize = 52_428_800;

/// Whether that field holds bytes.
pub(super) fn is_blob(object: &Object, field: &str) -> bool {
    object.field(field).is_some_and(|field| field.kind == Kind::Base64)
}

/// The bytes of a field, as they are.
pub(super) fn bytes(org: &Salesforce, call: &Call<'_>, object: &Object, (id, field): (&str, &str)) -> Answer {
    let field = object.field(field).ok_or_else(Refusal::not_found)?;
    let view = org.fetch(call.caller, object, &id_of(id)?, call.now)?;
    let value = view.value(field, call.now);
    let bytes = value.as_str().and_then(|text| STANDARD.decode(text).ok()).ok_or_else(Refusal::not_found)?;
    let mut reply = Reply::text(200, "application/octetstream", String::new());
    reply.body = bytes;
    Ok(reply)
}

/// The record of a request: a JSON object, or that beside bytes in a body of several parts.
pub(super) fn record(call: &Call<'_>) -> Result<Map<String, Value>, Refusal> {
    let content_type = call.request.header("content-type").unwrap_or_default();
    if !content_type.to_ascii_lowercase().starts_with("multipart/form-data") {
        if call.request.body.len() > LONGEST_JSON {
            let message = format!("Maximum size of request reached. Maximum size of request is {LONGEST_JSON} bytes.");
            return Err(Refusal::new(413, "EXCEEDED_MAX_SIZE_REQUEST", message));
        }
        return call.body();
    }
    let broken = |what: &str| Refusal::new(400, "INVALID_MULTIPART_REQUEST", format!("Multipart message {what}"));
    let boundary = parameter(content_type, "boundary").ok_or_else(|| broken("names no boundary"))?;
    let mut record = None;
    let mut blobs = Vec::new();
    for part in parts(&call.request.body, boundary) {
        let name = parameter(&part.disposition, "name").ok_or_else(|| broken("has a part without a name"))?;
        if part.content_type.to_ascii_lowercase().starts_with("application/json") && record.is_none() {
            let fields = serde_json::from_slice::<Map<String, Value>>(part.body);
            record = Some(fields.map_err(|error| unreadable(&error))?);
        } else {
            blobs.push((name.to_owned(), part));
        }
    }
    let mut record = record.ok_or_else(|| broken("has no part of application/json with the record"))?;
    for (name, part) in blobs {
        if let (Some(file), "VersionData", None) =
            (parameter(&part.disposition, "filename"), name.as_str(), record.get("PathOnClient"))
        {
            record.insert("PathOnClient".to_owned(), json!(file));
        }
        record.insert(name, json!(STANDARD.encode(part.body)));
    }
    Ok(record)
}

/// One part of a body of several.
struct Part<'a> {
    disposition: String,
    content_type: String,
    body: &'a [u8],
}

/// A parameter of a header's value, without its quotes.
fn parameter<'a>(value: &'a str, wanted: &str) -> Option<&'a str> {
    value.split(';').skip(1).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().trim_matches('"'))
    })
}

fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<Part<'a>> {
    let mark = format!("--{boundary}");
    let mut found = Vec::new();
    let mut rest = after(body, mark.as_bytes());
    while let Some(tail) = rest {
        let tail = tail.strip_prefix(b"\r\n").or_else(|| tail.strip_prefix(b"\n"));
        let Some(tail) = tail else { break };
        let (line, next) = (format!("\r\n{mark}"), format!("\n{mark}"));
        let end = find(tail, line.as_bytes()).or_else(|| find(tail, next.as_bytes()));
        let Some(end) = end else { break };
        let part = tail.get(..end).unwrap_or_default();
        let (head, content) = match (find(part, b"\r\n\r\n"), find(part, b"\n\n")) {
            (Some(place), _) => (part.get(..place), part.get(place + 4..)),
            (None, Some(place)) => (part.get(..place), part.get(place + 2..)),
            (None, None) => (None, None),
        };
        if let (Some(head), Some(content)) = (head, content) {
            let head = String::from_utf8_lossy(head);
            let header = |wanted: &str| {
                let mut lines = head.lines().filter_map(|line| line.split_once(':'));
                let line = lines.find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
                line.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
            };
            let (disposition, content_type) = (header("content-disposition"), header("content-type"));
            found.push(Part { disposition, content_type, body: content });
        }
        rest = after(tail.get(end..).unwrap_or_default(), mark.as_bytes());
    }
    found
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

fn after<'a>(text: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    text.get(find(text, wanted)? + wanted.len()..)
}
