//! Messages: list, get, attachments, labels on them, delete.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sim_kit::Request;

use super::error::ApiError;
use super::parameters::{body, flag, page_length, texts};
use super::{Answer, Outcome, base64url, decode_base64};
use crate::model::mailbox::Filter;
use crate::model::mime::{self, Part};
use crate::model::query::Query;
use crate::model::{Mail, Mailbox, Mint, Refusal};

/// The most ids in one batchModify or batchDelete.
const IDS_LIMIT: usize = 1000;

/// How much of a message an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Minimal,
    Metadata,
    Raw,
    Full,
}

impl Format {
    pub(crate) fn of(request: &Request) -> Result<Self, ApiError> {
        let Some(text) = request.param("format") else {
            return Ok(Self::Full);
        };
        match text.to_ascii_lowercase().as_str() {
            "minimal" => Ok(Self::Minimal),
            "metadata" => Ok(Self::Metadata),
            "raw" => Ok(Self::Raw),
            "full" => Ok(Self::Full),
            _ => Err(ApiError::wrong_type(
                "format",
                "type.googleapis.com/caribou.api.proto.MessageFormat.Format",
                &json!(text),
            )),
        }
    }
}

/// What `messages.list` and `threads.list` ask for.
pub(crate) fn filter(at: &Mailbox, request: &Request, now: Timestamp) -> Result<Filter, ApiError> {
    let label_ids: Vec<String> = request.params("labelIds").map(str::to_owned).collect();
    if let Some(unknown) = label_ids.iter().find(|id| !at.labels.knows(id)) {
        return Err(ApiError::invalid(format!("Invalid label: {unknown}")));
    }
    Ok(Filter {
        query: request.param("q").map(|text| Query::parse(text, now)),
        label_ids,
        include_spam_trash: flag(request, "includeSpamTrash", "include_spam_trash")?,
    })
}

/// The place in a list, newest first, that `pageToken` names: 13 digits of time, the rest counts mails.
pub(crate) fn page_start(request: &Request) -> Result<Option<(i64, u64)>, ApiError> {
    let invalid = || ApiError::invalid("Invalid pageToken");
    let Some(token) = request.param("pageToken").filter(|token| !token.is_empty()) else {
        return Ok(None);
    };
    if !token.is_ascii() || token.len() <= 13 {
        return Err(invalid());
    }
    let (time, sequence) = token.split_at(13);
    Ok(Some((time.parse().map_err(|_| invalid())?, sequence.parse().map_err(|_| invalid())?)))
}

/// The token of the page after the mail with this key.
pub(crate) fn page_token((time, sequence): (i64, u64)) -> String {
    format!("{time:013}{sequence:07}")
}

pub(crate) fn list(at: &Mailbox, request: &Request, now: Timestamp) -> Outcome {
    let length = page_length(request)?;
    let start = page_start(request)?;
    let found = at.find(&filter(at, request, now)?);
    let estimate = found.len();
    let mut rest = found.into_iter().filter(|mail| start.is_none_or(|start| mail.age_key() < start)).peekable();
    let mut page = Vec::new();
    let mut last = None;
    while page.len() < length
        && let Some(mail) = rest.next()
    {
        page.push(json!({ "id": mail.id, "threadId": mail.thread_id }));
        last = Some(mail.age_key());
    }
    let mut answer = json!({ "resultSizeEstimate": estimate });
    if !page.is_empty() {
        answer["messages"] = Value::Array(page);
    }
    if let (Some(last), Some(_)) = (last, rest.peek()) {
        answer["nextPageToken"] = json!(page_token(last));
    }
    Ok(Answer::Json(answer))
}

pub(crate) fn get(at: &Mailbox, mint: &mut Mint, id: &str, request: &Request) -> Outcome {
    let format = Format::of(request)?;
    let wanted: Vec<&str> = request.params("metadataHeaders").collect();
    Ok(Answer::Json(message(at.mail(id)?, format, &wanted, mint)))
}

/// A message of a thread or of its own, with as much as the format says.
pub(crate) fn message(mail: &Mail, format: Format, metadata_headers: &[&str], mint: &mut Mint) -> Value {
    let mut message = brief(mail);
    message["snippet"] = json!(mail.envelope.snippet);
    message["historyId"] = json!(mail.history_id.to_string());
    message["internalDate"] = json!(mail.internal_date_ms.to_string());
    message["sizeEstimate"] = json!(mail.raw.len());
    match format {
        Format::Minimal => {}
        Format::Raw => message["raw"] = json!(base64url(&mail.raw)),
        Format::Metadata => {
            let root = mime::payload(&mail.raw);
            let kept = root.headers.iter().filter(|(name, _)| {
                metadata_headers.is_empty() || metadata_headers.iter().any(|wanted| wanted.eq_ignore_ascii_case(name))
            });
            let mut payload = json!({ "mimeType": root.mime_type });
            put_headers(&mut payload, kept);
            message["payload"] = payload;
        }
        Format::Full => message["payload"] = part(&mime::payload(&mail.raw), &mail.id, mint),
    }
    message
}

/// The message as lists of changes and answers to changes show it.
pub(crate) fn brief(mail: &Mail) -> Value {
    brief_of(&mail.id, &mail.thread_id, &mail.label_ids)
}

/// The same from its fields.
pub(crate) fn brief_of(id: &str, thread_id: &str, label_ids: &[String]) -> Value {
    let mut message = json!({ "id": id, "threadId": thread_id });
    if !label_ids.is_empty() {
        message["labelIds"] = json!(label_ids);
    }
    message
}

/// [`brief`] as a whole answer.
pub(crate) fn stub(mail: &Mail) -> Answer {
    Answer::Json(brief(mail))
}

fn put_headers<'a>(payload: &mut Value, headers: impl Iterator<Item = &'a (String, String)>) {
    let headers: Vec<Value> = headers.map(|(name, value)| json!({ "name": name, "value": value })).collect();
    if !headers.is_empty() {
        payload["headers"] = Value::Array(headers);
    }
}

fn part(part_of: &Part, message_id: &str, mint: &mut Mint) -> Value {
    let mut body = json!({ "size": 0 });
    if !part_of.filename.is_empty() {
        body = json!({
            "attachmentId": attachment_id(mint, message_id, &part_of.id),
            "size": part_of.body.len(),
        });
    } else if part_of.parts.is_empty() && !part_of.body.is_empty() {
        body = json!({ "size": part_of.body.len(), "data": base64url(&part_of.body) });
    }
    let mut shown = json!({
        "partId": part_of.id,
        "mimeType": part_of.mime_type,
        "filename": part_of.filename,
        "body": body,
    });
    put_headers(&mut shown, part_of.headers.iter());
    if !part_of.parts.is_empty() {
        shown["parts"] = part_of.parts.iter().map(|child| part(child, message_id, mint)).collect();
    }
    shown
}

/// A new name for the same attachment, as Gmail makes one for every answer: a nonce, a seal, the part's id.
fn attachment_id(mint: &mut Mint, message_id: &str, part_id: &str) -> String {
    let nonce = mint.bytes();
    let mut bytes = nonce[..8].to_vec();
    bytes.extend(seal(mint, &nonce[..8], message_id, part_id));
    bytes.extend(part_id.as_bytes());
    format!("ANGjdJ{}", base64url(&bytes).trim_end_matches('='))
}

fn seal(mint: &Mint, nonce: &[u8], message_id: &str, part_id: &str) -> [u8; 32] {
    mint.hash(&format!("{}:{message_id}:{part_id}", base64url(nonce)))
}

pub(crate) fn attachment(at: &Mailbox, mint: &Mint, id: &str, attachment: &str) -> Outcome {
    let mail = at.mail(id)?;
    let invalid = || ApiError::invalid("Invalid attachment token");
    let bytes = attachment.strip_prefix("ANGjdJ").and_then(decode_base64).ok_or_else(invalid)?;
    let (nonce, rest) = bytes.split_at_checked(8).ok_or_else(invalid)?;
    let (sealed, part_id) = rest.split_at_checked(32).ok_or_else(invalid)?;
    let part_id = std::str::from_utf8(part_id).map_err(|_| invalid())?;
    if sealed != seal(mint, nonce, &mail.id, part_id) {
        return Err(invalid());
    }
    let root = mime::payload(&mail.raw);
    let part = root.walk().into_iter().find(|part| part.id == part_id).ok_or_else(invalid)?;
    let mut answer = json!({ "size": part.body.len() });
    if !part.body.is_empty() {
        answer["data"] = json!(base64url(&part.body));
    }
    Ok(Answer::Json(answer))
}

/// `addLabelIds` and `removeLabelIds`.
pub(crate) fn label_moves(object: &Map<String, Value>) -> Result<(Vec<String>, Vec<String>), ApiError> {
    Ok((texts(object, "addLabelIds", "add_label_ids")?, texts(object, "removeLabelIds", "remove_label_ids")?))
}

pub(crate) fn modify(at: &mut Mailbox, mint: &mut Mint, id: &str, request: &Request, now: Timestamp) -> Outcome {
    let (add, remove) = label_moves(&body(request, &["addLabelIds", "removeLabelIds"])?)?;
    Ok(stub(at.relabel(id, &add, &remove, mint, now)?))
}

pub(crate) fn batch_modify(at: &mut Mailbox, mint: &mut Mint, request: &Request, now: Timestamp) -> Outcome {
    let object = body(request, &["ids", "addLabelIds", "removeLabelIds"])?;
    let ids = ids(&object)?;
    let (add, remove) = label_moves(&object)?;
    at.relabel_many(&ids, &add, &remove, mint, now)?;
    Ok(Answer::NoContent)
}

pub(crate) fn batch_delete(at: &mut Mailbox, mint: &mut Mint, request: &Request, now: Timestamp) -> Outcome {
    for id in ids(&body(request, &["ids"])?)? {
        at.delete(&id, mint, now);
    }
    Ok(Answer::NoContent)
}

fn ids(object: &Map<String, Value>) -> Result<Vec<String>, ApiError> {
    let ids = texts(object, "ids", "ids")?;
    if ids.is_empty() {
        return Err(ApiError::invalid("No message ids specified."));
    }
    if ids.len() > IDS_LIMIT {
        return Err(ApiError::invalid(format!("Too many message ids: {}, at most {IDS_LIMIT}.", ids.len())));
    }
    Ok(ids)
}

pub(crate) fn delete(at: &mut Mailbox, mint: &mut Mint, id: &str, now: Timestamp) -> Outcome {
    at.mail(id).map(drop).map_err(|refusal: Refusal| ApiError::from(refusal))?;
    at.delete(id, mint, now);
    Ok(Answer::NoContent)
}
