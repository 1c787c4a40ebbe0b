//! Several requests in one: `POST /batch`.

use http::{HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use sim_kit::{Reply, Request};

use super::error::ApiError;
use super::multipart::{self, Part};
use crate::model::Gmail;

/// The most requests in one batch.
const LIMIT: usize = 100;

pub(crate) fn answer(model: &mut Gmail, request: &Request, now: Timestamp) -> Reply {
    let content_type = request.header("content-type").unwrap_or_default();
    let is_mixed = content_type.to_ascii_lowercase().starts_with("multipart/mixed");
    let Some(boundary) = multipart::boundary(content_type).filter(|_| is_mixed) else {
        return ApiError::bad_request("Failed to parse batch request: expected multipart/mixed with a boundary.")
            .reply();
    };
    let parts = multipart::split(&request.body, &boundary);
    if parts.is_empty() {
        return ApiError::bad_request("Failed to parse batch request: it has no parts.").reply();
    }
    if parts.len() > LIMIT {
        let message = format!("The batch request has {} calls, at most {LIMIT} are allowed.", parts.len());
        return ApiError::bad_request(message).reply();
    }
    let boundary = model.mint.token("batch_");
    let mut body = Vec::new();
    for part in &parts {
        let reply = match inner(request, part) {
            Some(inner) if !is_batch_or_upload(&inner) => super::answer(model, &inner, now),
            Some(inner) => super::error::unknown_path(&inner.path),
            None => ApiError::bad_request("Failed to parse a part of the batch request.").reply(),
        };
        body.extend(format!("--{boundary}\r\nContent-Type: application/http\r\n").into_bytes());
        if let Some(id) = part.header("content-id") {
            body.extend(format!("Content-ID: {}\r\n", response_id(id)).into_bytes());
        }
        body.extend(b"\r\n");
        write(&mut body, &reply);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{boundary}--\r\n").into_bytes());
    let mut reply = Reply::empty(200).header("content-type", &format!("multipart/mixed; boundary={boundary}"));
    reply.body = body;
    reply
}

/// The request in a part: the outer headers hold where it has none of its own.
fn inner(outer: &Request, part: &Part) -> Option<Request> {
    let line_end = part.body.iter().position(|&byte| byte == b'\n').unwrap_or(part.body.len());
    let (line, rest) = part.body.split_at(line_end);
    let line = String::from_utf8_lossy(line).into_owned();
    let mut words = line.split_whitespace();
    let method: Method = words.next()?.parse().ok()?;
    let target = words.next()?;
    // A full address is taken for its path.
    let target = match target.split_once("://") {
        Some((_, address)) => address.find('/').and_then(|at| address.get(at..)).unwrap_or("/"),
        None => target,
    };
    let content = multipart::part(rest.strip_prefix(b"\n").unwrap_or(rest));
    let mut request = Request::new(method, target, &outer.origin);
    for (name, value) in &outer.headers {
        let own = ["content-type", "content-length", "transfer-encoding", "x-http-method-override"];
        if !own.contains(&name.as_str()) {
            request.headers.insert(name.clone(), value.clone());
        }
    }
    for (name, value) in &content.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            request.headers.insert(name, value);
        }
    }
    request.body = content.body.trim_ascii_end().to_vec();
    Some(request)
}

fn is_batch_or_upload(request: &Request) -> bool {
    matches!(request.segments().first().map(String::as_str), Some("batch" | "upload"))
}

/// `<a + 1>` is answered as `<response-a + 1>`.
fn response_id(sent: &str) -> String {
    match sent.strip_prefix('<') {
        Some(rest) => format!("<response-{rest}"),
        None => format!("response-{sent}"),
    }
}

fn write(out: &mut Vec<u8>, reply: &Reply) {
    let reason = reply.status.canonical_reason().unwrap_or("Unknown");
    out.extend(format!("HTTP/1.1 {} {reason}\r\n", reply.status.as_u16()).into_bytes());
    for (name, value) in &reply.headers {
        let name = if name == "content-type" { "Content-Type" } else { name.as_str() };
        out.extend(format!("{name}: {}\r\n", value.to_str().unwrap_or_default()).into_bytes());
    }
    out.extend(format!("Content-Length: {}\r\n\r\n", reply.body.len()).into_bytes());
    out.extend(&reply.body);
}
