//! Mail that arrives.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use mail_parser::{Address, HeaderValue, MessageParser, PartType};
use serde_json::{Value, json};
use sim_kit::Context;

use super::Message;
use super::attachment::is_inline;
use super::thread::{Clues, Thread};
use crate::model::ids::{self, Kind};
use crate::model::{Body, ChangeKind, Exchange, Mailbox, Stamp, WellKnown};
use crate::refusal::Refusal;

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

/// How a mail comes into a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Nobody has read it.
    Unread,
    /// It is there, read.
    Read,
    /// It is yet to be sent.
    Draft,
}

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
        let scope = self.mailboxes[index].folder_named(folder.name()).map(|folder| folder.key).ok_or_else(unknown)?;
        let how = match folder {
            WellKnown::Inbox | WellKnown::JunkEmail => Arrival::Unread,
            WellKnown::Drafts => Arrival::Draft,
            _ => Arrival::Read,
        };
        let key = self.receive(index, scope, mime, how, context.now).ok_or(DeliverError::NotMail)?;
        self.flush(context);
        Ok(self.mailboxes[index].item_id(Kind::Message, key, 0, false))
    }

    /// Puts a mail into a folder and returns the message's key; `None` if it is no mail.
    pub(crate) fn receive(
        &mut self,
        index: usize,
        folder: u64,
        mime: &[u8],
        how: Arrival,
        now: Timestamp,
    ) -> Option<u64> {
        let mime = without_blank_lines(mime);
        let parsed = MessageParser::default().parse(mime).filter(|mail| !mail.headers().is_empty())?;
        let owner = &mut self.mailboxes[index];
        let stamp = owner.stamp(folder, now);
        let message = Message::of(&parsed, mime, stamp.clone(), how, owner);
        owner.messages.insert(stamp.key, message);
        let key = stamp.key;
        self.note(index, Kind::Message, ChangeKind::Created, stamp);
        Some(key)
    }
}

impl Message {
    /// The message of base64 that a client sent instead of JSON, in nobody's folder yet.
    pub(crate) fn from_client(encoded: &[u8], mailbox: &Mailbox, now: Timestamp) -> Result<Self, Refusal> {
        let invalid =
            || Refusal::new(400, "ErrorMimeContentInvalidBase64String", "Invalid base64 string for MIME content.");
        let compact: Vec<u8> = encoded.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let mime = STANDARD.decode(compact).map_err(|_| invalid())?;
        let mime = without_blank_lines(&mime);
        let parsed = MessageParser::default().parse(mime).filter(|mail| !mail.headers().is_empty());
        let parsed = parsed.ok_or_else(|| Refusal::new(400, "ErrorMimeContentInvalid", "Mime content is invalid."))?;
        Ok(Self::of(&parsed, mime, Stamp::none(mailbox, now), Arrival::Draft, mailbox))
    }

    fn of(mail: &mail_parser::Message<'_>, mime: &[u8], stamp: Stamp, how: Arrival, mailbox: &Mailbox) -> Self {
        let now = stamp.created;
        let date = mail.date().filter(|date| date.is_valid());
        let sent = date.and_then(|date| Timestamp::from_second(date.to_timestamp()).ok()).unwrap_or(now);
        let from = people(mail.from());
        let sender = people(mail.sender()).into_iter().next().or_else(|| from.first().cloned());
        let message_id = match mail.message_id() {
            Some(id) => format!("<{id}>"),
            None => format!(
                "<{}@simulated.outlook.example>",
                ids::hex(&ids::digest(&[&mailbox.id, &stamp.key.to_string()])[..12])
            ),
        };
        let subject = mail.subject().unwrap_or_default();
        let references = references(mail);
        let clues =
            Clues { index: mail.header_raw("Thread-Index"), references: &references, subject, message_id: &message_id };
        let thread = Thread::find(mailbox, &clues, now);
        let mut message = Self::blank(stamp, &message_id, &thread, mailbox);
        message.sent = sent;
        message.is_draft = how == Arrival::Draft;
        message.body = body(mail);
        mime.clone_into(&mut message.mime);
        let has_attachments = mail.attachments().any(|part| !is_inline(part));
        let asked = |name: &str| mail.header_raw(name).is_some();
        let mut put = |name: &str, value: Value| message.fields.insert(name.to_owned(), value);
        put("subject", subject.into());
        put("importance", importance(mail).into());
        put("isRead", (how != Arrival::Unread).into());
        put("from", from.first().cloned().unwrap_or(Value::Null));
        put("sender", sender.unwrap_or(Value::Null));
        put("toRecipients", people(mail.to()).into());
        put("ccRecipients", people(mail.cc()).into());
        put("bccRecipients", people(mail.bcc()).into());
        put("replyTo", people(mail.reply_to()).into());
        put("hasAttachments", has_attachments.into());
        put("isReadReceiptRequested", asked("Disposition-Notification-To").into());
        put("isDeliveryReceiptRequested", asked("Return-Receipt-To").into());
        message
    }

    /// The mail of an attached mail, as a message in nobody's folder.
    pub(crate) fn nested(mime: &[u8], mailbox: &Mailbox, now: Timestamp) -> Option<Self> {
        let parsed = MessageParser::default().parse(mime).filter(|mail| !mail.headers().is_empty())?;
        Some(Self::of(&parsed, mime, Stamp::none(mailbox, now), Arrival::Read, mailbox))
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

/// The message ids that the mail refers to, the first of the conversation first.
fn references(mail: &mail_parser::Message<'_>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for value in [mail.references(), mail.in_reply_to()] {
        let ids: Vec<String> = match value {
            HeaderValue::TextList(list) => list.iter().map(|id| format!("<{id}>")).collect(),
            HeaderValue::Text(id) => vec![format!("<{id}>")],
            _ => Vec::new(),
        };
        found.extend(ids);
    }
    found
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
