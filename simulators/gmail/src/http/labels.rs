//! Labels on the wire.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sim_kit::Request;

use super::error::ApiError;
use super::parameters::{body, text};
use super::{Answer, Outcome};
use crate::model::labels::{Color, Label, SYSTEM, Update, Wish};
use crate::model::{Mailbox, Mint, Refusal};

/// The fields of a Label that a request may hold; the counts, the type and the id are ignored.
const LABEL: [&str; 10] = [
    "id",
    "name",
    "messageListVisibility",
    "labelListVisibility",
    "type",
    "messagesTotal",
    "messagesUnread",
    "threadsTotal",
    "threadsUnread",
    "color",
];

pub(crate) fn list(at: &Mailbox) -> Answer {
    let system = SYSTEM.iter().map(|id| own(id));
    Answer::Json(json!({ "labels": system.chain(at.labels.user_labels().iter().map(shown)).collect::<Vec<_>>() }))
}

pub(crate) fn get(at: &Mailbox, id: &str) -> Outcome {
    let mut label = match at.labels.get(id) {
        Some(label) => shown(label),
        None if at.labels.knows(id) => own(id),
        None => return Err(Refusal::NotFound.into()),
    };
    let bearers: Vec<_> = at.mails().filter(|mail| mail.has_label(id)).collect();
    let unread = bearers.iter().filter(|mail| mail.has_label("UNREAD"));
    let threads = |mails: &mut dyn Iterator<Item = &str>| mails.collect::<std::collections::BTreeSet<_>>().len();
    label["messagesTotal"] = json!(bearers.len());
    label["messagesUnread"] = json!(unread.clone().count());
    label["threadsTotal"] = json!(threads(&mut bearers.iter().map(|mail| mail.thread_id.as_str())));
    label["threadsUnread"] = json!(threads(&mut unread.map(|mail| mail.thread_id.as_str())));
    Ok(Answer::Json(label))
}

pub(crate) fn create(at: &mut Mailbox, request: &Request) -> Outcome {
    Ok(Answer::Json(shown(at.labels.create(wish(request)?)?)))
}

pub(crate) fn update(at: &mut Mailbox, id: &str, update: Update, request: &Request) -> Outcome {
    Ok(Answer::Json(shown(at.labels.update(id, wish(request)?, update)?)))
}

pub(crate) fn delete(at: &mut Mailbox, mint: &mut Mint, id: &str, now: Timestamp) -> Outcome {
    at.delete_label(id, mint, now)?;
    Ok(Answer::NoContent)
}

fn wish(request: &Request) -> Result<Wish, ApiError> {
    let object = body(request, &LABEL)?;
    Ok(Wish {
        name: text(&object, "name", "label.name")?,
        in_message_list: one_of(&object, "messageListVisibility", "message_list_visibility", &["show", "hide"])?,
        in_label_list: one_of(
            &object,
            "labelListVisibility",
            "label_list_visibility",
            &["labelShow", "labelShowIfUnread", "labelHide"],
        )?,
        color: color(&object)?,
    })
}

fn one_of(object: &Map<String, Value>, key: &str, field: &str, allowed: &[&str]) -> Result<Option<String>, ApiError> {
    let value = text(object, key, &format!("label.{field}"))?;
    match value {
        Some(value) if !allowed.contains(&value.as_str()) => {
            let kind = format!(
                "type.googleapis.com/caribou.api.proto.{}",
                key.replacen(|_: char| true, &key[..1].to_uppercase(), 1)
            );
            Err(ApiError::wrong_type(&format!("label.{field}"), &kind, &json!(value)))
        }
        value => Ok(value),
    }
}

fn color(object: &Map<String, Value>) -> Result<Option<Color>, ApiError> {
    let Some(value) = object.get("color") else {
        return Ok(None);
    };
    let Value::Object(color) = value else {
        return Err(ApiError::wrong_type("label.color", "LabelColor", value));
    };
    let background = text(color, "backgroundColor", "label.color.background_color")?;
    let text_color = text(color, "textColor", "label.color.text_color")?;
    match (background, text_color) {
        (Some(background), Some(text)) => Ok(Some(Color { background, text })),
        (None, None) => Ok(None),
        _ => Err(ApiError::invalid("Both backgroundColor and textColor are required to set the color of a label")),
    }
}

fn own(id: &str) -> Value {
    let mut label = json!({ "id": id, "name": id, "type": "system" });
    if id == "CHAT" || id.starts_with("CATEGORY_") {
        label["messageListVisibility"] = json!("hide");
        label["labelListVisibility"] = json!("labelHide");
    }
    label
}

fn shown(label: &Label) -> Value {
    let mut shown = json!({
        "id": label.id,
        "name": label.name,
        "messageListVisibility": label.in_message_list,
        "labelListVisibility": label.in_label_list,
        "type": "user",
    });
    if let Some(color) = &label.color {
        shown["color"] = json!({ "textColor": color.text, "backgroundColor": color.background });
    }
    shown
}
