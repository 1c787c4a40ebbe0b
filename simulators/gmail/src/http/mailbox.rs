//! The mailbox as a whole: profile, history, push registration.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sim_kit::Request;

use super::error::ApiError;
use super::messages::brief_of;
use super::parameters::{body, page_length, text, texts};
use super::{Answer, Outcome};
use crate::model::history::{Change, Record, Type};
use crate::model::mailbox::Watch;
use crate::model::{Mailbox, Refusal};

/// How long a push registration lives.
const WATCH: SignedDuration = SignedDuration::from_hours(7 * 24);

pub(crate) fn profile(at: &Mailbox) -> Answer {
    let threads: std::collections::BTreeSet<&str> = at.mails().map(|mail| mail.thread_id.as_str()).collect();
    Answer::Json(json!({
        "emailAddress": at.address,
        "messagesTotal": at.mails().count(),
        "threadsTotal": threads.len(),
        "historyId": at.history.now().to_string(),
    }))
}

pub(crate) fn history(at: &mut Mailbox, request: &Request, now: Timestamp) -> Outcome {
    at.history.age(now);
    let length = page_length(request)?;
    let types = request.params("historyTypes").map(history_type).collect::<Result<Vec<_>, _>>()?;
    let label_id = request.param("labelId");
    let Some(text) = request.param("startHistoryId").filter(|text| !text.is_empty()) else {
        return Err(ApiError::invalid("Missing/invalid parameter: startHistoryId"));
    };
    let wrong = |_| ApiError::wrong_type("start_history_id", "TYPE_UINT64", &json!(text));
    let start: u64 = text.parse().map_err(wrong)?;
    // The cursor is checked, not the page: a listing that is under way goes on from its page token.
    at.history.since(start).ok_or(Refusal::NotFound)?;
    let from = match request.param("pageToken").filter(|token| !token.is_empty()) {
        Some(token) => token.parse::<u64>().map_err(|_| ApiError::invalid("Invalid pageToken"))?.max(start),
        None => start,
    };
    let mut rest = at
        .history
        .since(from)
        .ok_or(Refusal::NotFound)?
        .iter()
        .filter(|record| types.is_empty() || types.iter().any(|wanted| record.is_of(*wanted)))
        .filter(|record| label_id.is_none_or(|id| record.concerns(id)))
        .peekable();
    let page: Vec<&Record> = rest.by_ref().take(length).collect();
    let mut answer = json!({ "historyId": at.history.now().to_string() });
    if let (Some(last), Some(_)) = (page.last(), rest.peek()) {
        answer["nextPageToken"] = json!(last.id.to_string());
    }
    if !page.is_empty() {
        answer["history"] = page.into_iter().map(shown).collect();
    }
    Ok(Answer::Json(answer))
}

fn history_type(text: &str) -> Result<Type, ApiError> {
    match text {
        "messageAdded" => Ok(Type::MessageAdded),
        "messageDeleted" => Ok(Type::MessageDeleted),
        "labelAdded" => Ok(Type::LabelAdded),
        "labelRemoved" => Ok(Type::LabelRemoved),
        other => Err(ApiError::wrong_type(
            "history_types",
            "type.googleapis.com/caribou.api.proto.HistoryType",
            &json!(other),
        )),
    }
}

fn shown(record: &Record) -> Value {
    let message = brief_of(&record.message_id, &record.thread_id, &record.label_ids);
    let mut shown = json!({
        "id": record.id.to_string(),
        "messages": [{ "id": record.message_id, "threadId": record.thread_id }],
    });
    match &record.change {
        Change::MessageAdded => shown["messagesAdded"] = json!([{ "message": message }]),
        Change::MessageDeleted => shown["messagesDeleted"] = json!([{ "message": message }]),
        Change::LabelsAdded(ids) => {
            shown["labelsAdded"] = json!([{ "message": message, "labelIds": ids }]);
        }
        Change::LabelsRemoved(ids) => {
            shown["labelsRemoved"] = json!([{ "message": message, "labelIds": ids }]);
        }
    }
    shown
}

pub(crate) fn watch(at: &mut Mailbox, request: &Request, now: Timestamp) -> Outcome {
    let object = body(request, &["topicName", "labelIds", "labelFilterBehavior", "labelFilterAction"])?;
    let topic = text(&object, "topicName", "topic_name")?.unwrap_or_default();
    let well_formed = matches!(
        topic.split('/').collect::<Vec<_>>().as_slice(),
        ["projects", project, "topics", name] if !project.is_empty() && !name.is_empty()
    );
    if !well_formed {
        return Err(ApiError::invalid("Invalid topicName does not match projects/<project>/topics/*"));
    }
    let label_ids = texts(&object, "labelIds", "label_ids")?;
    if let Some(unknown) = label_ids.iter().find(|id| !at.labels.knows(id)) {
        return Err(ApiError::invalid(format!("Invalid label: {unknown}")));
    }
    let exclude = match text(&object, "labelFilterBehavior", "label_filter_behavior")?
        .or(text(&object, "labelFilterAction", "label_filter_action")?)
        .map(|behavior| behavior.to_ascii_lowercase())
        .as_deref()
    {
        None | Some("include") => false,
        Some("exclude") => true,
        Some(other) => {
            return Err(ApiError::wrong_type(
                "label_filter_behavior",
                "type.googleapis.com/caribou.api.proto.WatchRequest.LabelFilterBehavior",
                &json!(other),
            ));
        }
    };
    if at.watch.as_ref().is_some_and(|watch| watch.topic != topic && now < watch.expires) {
        return Err(ApiError::invalid(
            "Only one user push notification client allowed per developer (call /stop then try again)",
        ));
    }
    let expires = now.saturating_add(WATCH).unwrap_or(Timestamp::MAX);
    at.watch = Some(Watch { topic, label_ids, exclude, expires });
    Ok(Answer::Json(json!({
        "historyId": at.history.now().to_string(),
        "expiration": expires.as_millisecond().to_string(),
    })))
}

pub(crate) fn stop(at: &mut Mailbox) -> Answer {
    at.watch = None;
    Answer::NoContent
}
