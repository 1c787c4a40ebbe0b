//! What is attached to a message.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use mail_parser::{MimeHeaders, PartType};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{from_base64, to_base64};
use crate::model::unreadable;
use crate::refusal::Refusal;

/// What an attachment is, and its content.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Content {
    File {
        #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
        bytes: Vec<u8>,
    },
    /// A mail inside the mail, as it came.
    Mail {
        #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
        mime: Vec<u8>,
    },
    /// A message, event or contact that a client attached as JSON.
    Item { item: Value },
    /// A link to a file that lies elsewhere; its own properties.
    Reference { fields: Map<String, Value> },
}

/// One attachment of a message.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Attachment {
    /// Tells the attachments of one message apart; never used twice.
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) content_type: Option<String>,
    pub(crate) content_id: Option<String>,
    pub(crate) content_location: Option<String>,
    pub(crate) is_inline: bool,
    pub(crate) modified: Timestamp,
    pub(crate) content: Content,
}

impl Attachment {
    /// The attachment of a parsed mail.
    pub(super) fn of(part: &mail_parser::MessagePart<'_>, number: u32, modified: Timestamp) -> Self {
        let content_type = part.content_type().map(|kind| match &kind.c_subtype {
            Some(subtype) => format!("{}/{subtype}", kind.c_type),
            None => kind.c_type.to_string(),
        });
        let nested = match &part.body {
            PartType::Message(mail) => Some(mail),
            _ => None,
        };
        let subject = nested.and_then(|mail| mail.subject());
        let content = match nested {
            Some(mail) => Content::Mail { mime: mail.raw_message().to_vec() },
            None => Content::File { bytes: part.contents().to_vec() },
        };
        Self {
            number,
            name: part.attachment_name().or(subject).unwrap_or("attachment").to_owned(),
            content_type: Some(content_type.unwrap_or_else(|| "application/octet-stream".to_owned())),
            content_id: part.content_id().map(str::to_owned),
            content_location: part.content_location().map(str::to_owned),
            is_inline: is_inline(part),
            modified,
            content,
        }
    }

    /// An attachment as a client wrote it; the number is given when it is put on its message.
    pub(crate) fn read(value: &Value, now: Timestamp) -> Result<Self, Refusal> {
        let body = value.as_object().ok_or_else(|| unreadable("attachments"))?;
        let kind = body.get("@odata.type").and_then(Value::as_str).unwrap_or_default();
        let kind = kind.trim_start_matches('#').to_ascii_lowercase();
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let content = match kind.strip_prefix("microsoft.graph.").unwrap_or(&kind) {
            "fileattachment" => {
                let encoded = body.get("contentBytes").and_then(Value::as_str);
                let encoded = encoded.ok_or_else(|| missing("contentBytes"))?;
                let bytes = STANDARD.decode(encoded.trim()).map_err(|_| {
                    Refusal::unreadable(
                        "Cannot convert the literal of 'contentBytes' to the expected type 'Edm.Binary'.",
                    )
                })?;
                Content::File { bytes }
            }
            "itemattachment" => {
                let item = body.get("item").filter(|item| item.is_object()).ok_or_else(|| missing("item"))?;
                Content::Item { item: item.clone() }
            }
            "referenceattachment" => {
                let own = ["sourceUrl", "providerType", "thumbnailUrl", "previewUrl", "permission", "isFolder"];
                let fields = body.iter().filter(|(name, _)| own.contains(&name.as_str()));
                Content::Reference { fields: fields.map(|(name, value)| (name.clone(), value.clone())).collect() }
            }
            _ => {
                let message = "The type of an attachment must be given: '@odata.type' is \
                               '#microsoft.graph.fileAttachment', '#microsoft.graph.itemAttachment' or \
                               '#microsoft.graph.referenceAttachment'.";
                return Err(Refusal::unreadable(message));
            }
        };
        let name = text("name").filter(|name| !name.is_empty()).ok_or_else(|| missing("name"))?;
        let guessed = matches!(content, Content::File { .. }).then(|| "application/octet-stream".to_owned());
        Ok(Self {
            number: 0,
            name,
            content_type: text("contentType").filter(|kind| !kind.is_empty()).or(guessed),
            content_id: text("contentId"),
            content_location: text("contentLocation"),
            is_inline: body.get("isInline").and_then(Value::as_bool).unwrap_or(false),
            modified: now,
            content,
        })
    }

    /// How large it is, as `size` tells.
    pub(crate) fn size(&self) -> usize {
        match &self.content {
            Content::File { bytes } => bytes.len(),
            Content::Mail { mime } => mime.len(),
            Content::Item { item } => item.to_string().len(),
            Content::Reference { fields } => Value::Object(fields.clone()).to_string().len(),
        }
    }
}

fn missing(name: &str) -> Refusal {
    Refusal::new(400, "ErrorRequiredPropertyMissing", format!("Required property is missing., '{name}'"))
}

pub(super) fn is_inline(part: &mail_parser::MessagePart<'_>) -> bool {
    let disposition = part.content_disposition().map(|disposition| disposition.c_type.to_ascii_lowercase());
    match disposition.as_deref() {
        Some("inline") => true,
        Some(_) => false,
        None => part.content_id().is_some(),
    }
}
