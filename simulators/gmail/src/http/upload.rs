//! How mail comes in through the API: insert and import, as JSON, media and multipart.

use base64::Engine;
use jiff::Timestamp;
use serde_json::{Map, Value};
use sim_kit::Request;

use super::call::Origin;
use super::error::ApiError;
use super::messages::stub;
use super::multipart::{self, Part};
use super::parameters::{body, object, text, texts};
use super::{Outcome, decode_base64};
use crate::model::{Arrival, Mailbox, Mint, Refusal};

/// The fields of a Message that a request may hold; all but three are ignored.
const MESSAGE: [&str; 10] = [
    "id",
    "threadId",
    "labelIds",
    "snippet",
    "historyId",
    "internalDate",
    "payload",
    "sizeEstimate",
    "raw",
    "classificationLabelValues",
];

/// `POST /gmail/v1/.../messages`: the mail is base64 in `raw`.
pub(crate) fn insert(at: &mut Mailbox, mint: &mut Mint, origin: Origin, request: &Request, now: Timestamp) -> Outcome {
    let metadata = body(request, &MESSAGE)?;
    let raw = text(&metadata, "raw", "message.raw")?.filter(|raw| !raw.is_empty());
    let raw = raw.ok_or_else(|| {
        ApiError::invalid("'raw' RFC822 payload message string or uploading message via /upload/* URL required")
    })?;
    let mail = decode_base64(&raw).ok_or_else(|| {
        ApiError::wrong_type("message.raw", "TYPE_BYTES", &Value::String(raw.chars().take(40).collect()))
    })?;
    store(at, mint, origin, &metadata, mail, request, now)
}

/// `POST /upload/gmail/v1/.../messages`: the mail itself is the body, or its second part.
pub(crate) fn upload(at: &mut Mailbox, mint: &mut Mint, origin: Origin, request: &Request, now: Timestamp) -> Outcome {
    let content_type = request.header("content-type").unwrap_or_default();
    let kind = request
        .param("uploadType")
        .unwrap_or_else(|| if content_type.starts_with("multipart/") { "multipart" } else { "media" });
    let (metadata, mail) = match kind {
        "media" => {
            message_type(content_type)?;
            (Map::new(), request.body.clone())
        }
        "multipart" => {
            let parts = multipart::boundary(content_type).map(|boundary| multipart::split(&request.body, &boundary));
            let Some([metadata, mail]) = parts.as_deref() else {
                return Err(ApiError::bad_request("Malformed multipart body."));
            };
            message_type(mail.header("content-type").unwrap_or_default())?;
            (object(&metadata.body, &MESSAGE)?, transfer_decoded(mail)?)
        }
        other => {
            return Err(ApiError::bad_request(format!("Upload type {other} is not supported.")));
        }
    };
    store(at, mint, origin, &metadata, mail, request, now)
}

fn message_type(content_type: &str) -> Result<(), ApiError> {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    if kind.to_ascii_lowercase().starts_with("message/") {
        Ok(())
    } else {
        Err(ApiError::bad_request(format!("Media type '{kind}' is not supported. Valid media types: [message/*]")))
    }
}

fn transfer_decoded(mail: &Part) -> Result<Vec<u8>, ApiError> {
    if !mail.header("content-transfer-encoding").is_some_and(|encoding| encoding.eq_ignore_ascii_case("base64")) {
        return Ok(mail.body.clone());
    }
    let bytes: Vec<u8> = mail.body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let decoded = base64::engine::general_purpose::STANDARD.decode(bytes);
    decoded.map_err(|_| ApiError::bad_request("Malformed multipart body."))
}

fn store(
    at: &mut Mailbox,
    mint: &mut Mint,
    origin: Origin,
    metadata: &Map<String, Value>,
    raw: Vec<u8>,
    request: &Request,
    now: Timestamp,
) -> Outcome {
    let labels = texts(metadata, "labelIds", "message.label_ids")?;
    if labels.iter().any(|id| !at.labels.knows(id)) {
        return Err(ApiError::invalid("labelId not found"));
    }
    let thread = text(metadata, "threadId", "message.thread_id")?.filter(|id| !id.is_empty());
    if let Some(thread) = &thread {
        at.thread(thread).map_err(|refusal: Refusal| ApiError::from(refusal))?;
    }
    let dated_now = match (request.param("internalDateSource"), origin) {
        (Some("receivedTime"), _) | (None, Origin::Insert) => true,
        (Some("dateHeader"), _) | (None, Origin::Import) => false,
        (Some(other), _) => {
            return Err(ApiError::wrong_type(
                "internal_date_source",
                "type.googleapis.com/caribou.api.proto.InternalDateSource",
                &Value::String(other.to_owned()),
            ));
        }
    };
    if raw.trim_ascii().is_empty() {
        return Err(ApiError::invalid("Empty message"));
    }
    let arrival = Arrival {
        raw,
        labels,
        thread,
        internal_date_ms: dated_now.then(|| now.as_millisecond()),
        find_thread: origin == Origin::Import,
    };
    Ok(stub(at.add(arrival, mint, now)))
}
