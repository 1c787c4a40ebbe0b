//! Messages, as delivered mail makes them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use mail_parser::{Address, MessageParser, MimeHeaders, PartType};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};
use sim_kit::Context;

use super::ids::{self, Kind};
use super::{Body, ChangeKind, Exchange, Extended, Stamp, WellKnown};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) stamp: Stamp,
    pub(crate) extended: Extended,
    pub(crate) received: Timestamp,
    pub(crate) sent: Timestamp,
    pub(crate) is_draft: bool,
    pub(crate) body: Body,
    /// Subject, people, flags and what else is a value and nothing else.
    pub(crate) fields: Map<String, Value>,
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub(crate) mime: Vec<u8>,
}

fn to_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map_err(serde::de::Error::custom)
}

/// Why a mail could not be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliverError {
    /// No user of this tenant has that address.
    UnknownMailbox(String),
    /// The bytes are no mail: not even a header can be read.
    NotMail,
}

impl std::fmt::Display for DeliverError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownMailbox(name) => {
                write!(formatter, "no user of this tenant is named {name}; add the user first")
            }
            Self::NotMail => formatter.write_str("the bytes are no mail: no header can be read in them"),
        }
    }
}

impl std::error::Error for DeliverError {}

impl Exchange {
    /// Puts a mail into a folder, as the transport does, and notifies. It is received now; it was sent at
    /// its `Date`, or now if it has none. Returns the message's default id.
    ///
    /// # Errors
    /// If there is no such mailbox, or if the bytes hold no header at all. Anything else that is broken
    /// about the mail is taken as well as possible.
    pub fn deliver(
        &mut self,
        mailbox: &str,
        folder: WellKnown,
        mime: &[u8],
        context: &Context<'_>,
    ) -> Result<String, DeliverError> {
        let unknown = || DeliverError::UnknownMailbox(mailbox.to_owned());
        let index = self.mailbox_of(mailbox).ok_or_else(unknown)?;
        let owner = &mut self.mailboxes[index];
        let scope = owner.folder_named(folder.name()).map(|folder| folder.key).ok_or_else(unknown)?;
        let mime = without_blank_lines(mime);
        let parsed = MessageParser::default().parse(mime).filter(|mail| !mail.headers().is_empty());
        let parsed = parsed.ok_or(DeliverError::NotMail)?;
        let stamp = owner.stamp(scope, context.now);
        let message = Message::of(&parsed, mime, stamp.clone(), folder, &owner.id);
        let id = owner.item_id(Kind::Message, stamp.key, 0, false);
        owner.messages.insert(stamp.key, message);
        self.note(index, Kind::Message, ChangeKind::Created, stamp);
        self.flush(context);
        Ok(id)
    }
}

impl Message {
    fn of(mail: &mail_parser::Message<'_>, mime: &[u8], stamp: Stamp, folder: WellKnown, mailbox: &str) -> Self {
        let now = stamp.created;
        let date = mail.date().filter(|date| date.is_valid());
        let sent = date.and_then(|date| Timestamp::from_second(date.to_timestamp()).ok()).unwrap_or(now);
        let from = people(mail.from());
        let sender = people(mail.sender()).into_iter().next().or_else(|| from.first().cloned());
        let message_id = match mail.message_id() {
            Some(id) => format!("<{id}>"),
            None => format!(
                "<{}@simulated.outlook.example>",
                ids::hex(&ids::digest(&[mailbox, &stamp.key.to_string()])[..12])
            ),
        };
        let thread = thread(mail).unwrap_or_else(|| message_id.clone());
        let conversation = ids::digest(&[mailbox, "conversation", &thread]);
        let is_draft = folder == WellKnown::Drafts;
        let unread = matches!(folder, WellKnown::Inbox | WellKnown::JunkEmail);
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        put("subject", mail.subject().unwrap_or_default().into());
        put("importance", importance(mail).into());
        put("categories", json!([]));
        put("isRead", (!unread).into());
        put("flag", json!({"flagStatus": "notFlagged"}));
        put("inferenceClassification", "focused".into());
        put("internetMessageId", message_id.into());
        put("conversationId", ids::encode(&[&conversation[..], &conversation[..8]].concat()).into());
        put("conversationIndex", STANDARD.encode(&conversation[..22]).into());
        put("from", from.first().cloned().unwrap_or(Value::Null));
        put("sender", sender.unwrap_or(Value::Null));
        put("toRecipients", people(mail.to()).into());
        put("ccRecipients", people(mail.cc()).into());
        put("bccRecipients", people(mail.bcc()).into());
        put("replyTo", people(mail.reply_to()).into());
        put("hasAttachments", mail.attachments().any(|part| !is_inline(part)).into());
        Self {
            stamp,
            extended: Extended::default(),
            received: now,
            sent,
            is_draft,
            body: body(mail),
            fields,
            mime: mime.to_vec(),
        }
    }

    /// The internet headers in their order, unfolded.
    pub(crate) fn headers(&self) -> Vec<Value> {
        let Some(mail) = MessageParser::default().parse(&self.mime) else {
            return Vec::new();
        };
        let unfold = |value: &str| value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        mail.headers_raw().map(|(name, value)| json!({"name": name, "value": unfold(value)})).collect()
    }

    /// The attachments in their order, with their bytes.
    pub(crate) fn attachments(&self) -> Vec<Attachment> {
        let Some(mail) = MessageParser::default().parse(&self.mime) else {
            return Vec::new();
        };
        mail.attachments().map(Attachment::of).collect()
    }
}

/// One attachment of a message.
pub(crate) struct Attachment {
    pub(crate) is_item: bool,
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) content_id: Option<String>,
    pub(crate) is_inline: bool,
    pub(crate) bytes: Vec<u8>,
}

impl Attachment {
    fn of(part: &mail_parser::MessagePart<'_>) -> Self {
        let content_type = part.content_type().map(|kind| match &kind.c_subtype {
            Some(subtype) => format!("{}/{subtype}", kind.c_type),
            None => kind.c_type.to_string(),
        });
        let nested = match &part.body {
            PartType::Message(mail) => Some(mail),
            _ => None,
        };
        let subject = nested.and_then(|mail| mail.subject());
        let bytes = match nested {
            Some(mail) => mail.raw_message().to_vec(),
            None => part.contents().to_vec(),
        };
        Self {
            is_item: nested.is_some(),
            name: part.attachment_name().or(subject).unwrap_or("attachment").to_owned(),
            content_type: content_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
            content_id: part.content_id().map(str::to_owned),
            is_inline: is_inline(part),
            bytes,
        }
    }
}

/// Blank lines before the first header would end the headers at once; a transport drops them.
fn without_blank_lines(mime: &[u8]) -> &[u8] {
    let mut rest = mime;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, after) = rest.split_at(end + 1);
        if !line.trim_ascii().is_empty() {
            break;
        }
        rest = after;
    }
    rest
}

fn is_inline(part: &mail_parser::MessagePart<'_>) -> bool {
    let disposition = part.content_disposition().map(|disposition| disposition.c_type.to_ascii_lowercase());
    match disposition.as_deref() {
        Some("inline") => true,
        Some(_) => false,
        None => part.content_id().is_some(),
    }
}

fn people(addresses: Option<&Address<'_>>) -> Vec<Value> {
    let Some(addresses) = addresses else {
        return Vec::new();
    };
    let one = |person: &mail_parser::Addr<'_>| {
        let address = person.address().unwrap_or_default();
        let name = person.name().unwrap_or(address);
        json!({"emailAddress": {"name": name, "address": address}})
    };
    addresses.iter().map(one).collect()
}

fn importance(mail: &mail_parser::Message<'_>) -> &'static str {
    let value = mail.header_raw("Importance").or_else(|| mail.header_raw("X-Priority")).unwrap_or_default();
    match value.trim().to_ascii_lowercase().chars().next() {
        Some('h' | '1' | '2') => "high",
        Some('l' | '4' | '5') => "low",
        _ => "normal",
    }
}

/// The Message-ID that began the conversation.
fn thread(mail: &mail_parser::Message<'_>) -> Option<String> {
    let first = |value: &mail_parser::HeaderValue<'_>| {
        let id = value.as_text_list().and_then(<[_]>::first).map(ToString::to_string);
        id.or_else(|| value.as_text().map(str::to_owned))
    };
    first(mail.references()).or_else(|| first(mail.in_reply_to())).map(|id| format!("<{id}>"))
}

fn body(mail: &mail_parser::Message<'_>) -> Body {
    let html: Vec<&str> = mail
        .html_bodies()
        .filter_map(|part| match &part.body {
            PartType::Html(text) => Some(text.as_ref()),
            _ => None,
        })
        .collect();
    if !html.is_empty() {
        return Body::html(&html.concat());
    }
    let text: Vec<&str> = mail
        .text_bodies()
        .filter_map(|part| match &part.body {
            PartType::Text(text) => Some(text.as_ref()),
            _ => None,
        })
        .collect();
    Body::text(&text.concat())
}
