//! Threads: list, get, and changes of all their messages.

use jiff::Timestamp;
use serde_json::{Value, json};
use sim_kit::Request;

use super::error::ApiError;
use super::messages::{Format, brief, filter, label_moves, message, page_start, page_token};
use super::parameters::{body, page_length};
use super::{Answer, Outcome};
use crate::model::{Mail, Mailbox, Mint, Refusal};

pub(crate) fn list(at: &Mailbox, request: &Request, now: Timestamp) -> Outcome {
    let length = page_length(request)?;
    let start = page_start(request)?;
    let mut found: Vec<&Mail> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for mail in at.find(&filter(at, request, now)?) {
        // The newest message that matches stands for its thread.
        if seen.insert(&mail.thread_id) {
            found.push(mail);
        }
    }
    let estimate = found.len();
    let mut rest = found.into_iter().filter(|mail| start.is_none_or(|start| mail.age_key() < start)).peekable();
    let mut page = Vec::new();
    let mut last = None;
    while page.len() < length
        && let Some(mail) = rest.next()
    {
        let history_id = history_id(&at.thread(&mail.thread_id)?);
        page.push(json!({ "id": mail.thread_id, "snippet": mail.envelope.snippet, "historyId": history_id }));
        last = Some(mail.age_key());
    }
    let mut answer = json!({ "resultSizeEstimate": estimate });
    if !page.is_empty() {
        answer["threads"] = Value::Array(page);
    }
    if let (Some(last), Some(_)) = (last, rest.peek()) {
        answer["nextPageToken"] = json!(page_token(last));
    }
    Ok(Answer::Json(answer))
}

fn history_id(mails: &[&Mail]) -> String {
    mails.iter().map(|mail| mail.history_id).max().unwrap_or_default().to_string()
}

pub(crate) fn get(at: &Mailbox, mint: &mut Mint, id: &str, request: &Request) -> Outcome {
    let format = Format::of(request)?;
    if format == Format::Raw {
        return Err(ApiError::invalid("Invalid format: raw is not a format of threads"));
    }
    let wanted: Vec<&str> = request.params("metadataHeaders").collect();
    let mails = at.thread(id)?;
    let messages: Vec<Value> = mails.iter().map(|mail| message(mail, format, &wanted, mint)).collect();
    Ok(Answer::Json(json!({ "id": id, "historyId": history_id(&mails), "messages": messages })))
}

pub(crate) fn modify(at: &mut Mailbox, mint: &mut Mint, id: &str, request: &Request, now: Timestamp) -> Outcome {
    let (add, remove) = label_moves(&body(request, &["addLabelIds", "removeLabelIds"])?)?;
    each(at, id, |at, mail| at.relabel(mail, &add, &remove, mint, now).map(drop))
}

/// Does the same to every message of a thread and answers the thread.
pub(crate) fn each(
    at: &mut Mailbox,
    id: &str,
    mut change: impl FnMut(&mut Mailbox, &str) -> Result<(), Refusal>,
) -> Outcome {
    for mail in ids(at, id)? {
        change(at, &mail)?;
    }
    let messages: Vec<Value> = at.thread(id)?.into_iter().map(brief).collect();
    Ok(Answer::Json(json!({ "id": id, "messages": messages })))
}

pub(crate) fn delete(at: &mut Mailbox, mint: &mut Mint, id: &str, now: Timestamp) -> Outcome {
    for mail in ids(at, id)? {
        at.delete(&mail, mint, now);
    }
    Ok(Answer::NoContent)
}

fn ids(at: &Mailbox, id: &str) -> Result<Vec<String>, Refusal> {
    Ok(at.thread(id)?.into_iter().map(|mail| mail.id.clone()).collect())
}
