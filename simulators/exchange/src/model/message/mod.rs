//! Messages: as they arrived, or as they were written here.

mod attachment;
mod incoming;
mod mime;
mod thread;
mod writing;

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use mail_parser::MessageParser;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

pub(crate) use attachment::{Attachment, Content};
pub(crate) use incoming::Arrival;
pub(crate) use mime::{item_file, without_bcc};
pub(crate) use thread::{Thread, topic};
pub(crate) use writing::{Writer, inner_html};

pub use incoming::DeliverError;

use super::{Body, Extended, Mailbox, Stamp, stamp_text};

/// `PR_MESSAGE_FLAGS`: says whether a message is a draft, and can do so only at its creation.
pub(crate) const FLAGS: &str = "Integer 0xe07";
/// When it was received.
const DELIVERED: &str = "SystemTime 0xe06";
/// When it was sent.
const SUBMITTED: &str = "SystemTime 0x39";
/// `internetMessageId`.
const MESSAGE_ID: &str = "String 0x1035";
/// The message that is answered.
pub(crate) const IN_REPLY_TO: &str = "String 0x1042";
/// The messages of the conversation before this one.
pub(crate) const REFERENCES: &str = "String 0x1039";

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
    /// The mail as it came; empty if the message was written here, or rewritten since.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub(crate) mime: Vec<u8>,
    /// Own internet headers of a message that was written here.
    #[serde(default)]
    pub(crate) headers: Vec<(String, String)>,
    /// The attachments of a message that was written here; others have them in their mail.
    #[serde(default)]
    attachments: Vec<Attachment>,
    #[serde(default)]
    next_attachment: u32,
    /// The mailbox version at which a property was last changed, for deltas that tell nothing else.
    #[serde(default)]
    pub(crate) touched: BTreeMap<String, u64>,
}

fn to_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map_err(serde::de::Error::custom)
}

impl Message {
    /// An empty draft.
    pub(crate) fn blank(stamp: Stamp, message_id: &str, thread: &Thread, mailbox: &Mailbox) -> Self {
        let now = stamp.created;
        let fields = json!({
            "subject": "", "importance": "normal", "categories": [], "isRead": true,
            "flag": {"flagStatus": "notFlagged"}, "inferenceClassification": "focused",
            "internetMessageId": message_id, "conversationId": thread.id(&mailbox.id),
            "conversationIndex": thread.index(), "toRecipients": [], "ccRecipients": [], "bccRecipients": [],
            "replyTo": [], "hasAttachments": false, "isDeliveryReceiptRequested": false,
            "isReadReceiptRequested": false,
        });
        let fields = match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        Self {
            stamp,
            extended: Extended::default(),
            received: now,
            sent: now,
            is_draft: true,
            body: Body::default(),
            fields,
            mime: Vec::new(),
            headers: Vec::new(),
            attachments: Vec::new(),
            next_attachment: 0,
            touched: BTreeMap::new(),
        }
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.fields.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The addresses of a list of people.
    pub(crate) fn addresses(&self, list: &str) -> Vec<String> {
        let people = self.fields.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let address = |person: &Value| person.pointer("/emailAddress/address")?.as_str().map(str::to_owned);
        people.iter().filter_map(address).collect()
    }

    pub(crate) fn thread(&self) -> Option<Thread> {
        Thread::read(self.text("conversationIndex"))
    }

    /// The internet headers in their order, unfolded.
    pub(crate) fn internet_headers(&self) -> Vec<Value> {
        let shown = |name: &str, value: &str| json!({"name": name, "value": value});
        let Some(mail) = self.parsed() else {
            return self.headers.iter().map(|(name, value)| shown(name, value)).collect();
        };
        let unfold = |value: &str| value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        mail.headers_raw().map(|(name, value)| shown(name, &unfold(value))).collect()
    }

    fn parsed(&self) -> Option<mail_parser::Message<'_>> {
        if self.mime.is_empty() { None } else { MessageParser::default().parse(&self.mime) }
    }

    /// The attachments in their order, with their content.
    pub(crate) fn attachments(&self) -> Cow<'_, [Attachment]> {
        let Some(mail) = self.parsed() else {
            return Cow::Borrowed(&self.attachments);
        };
        let one = |(part, number)| Attachment::of(part, number, self.stamp.modified);
        Cow::Owned(mail.attachments().zip(0..).map(one).collect())
    }

    /// Adds an attachment and returns its number.
    pub(crate) fn attach(&mut self, attachment: Attachment) -> u32 {
        self.open();
        let number = self.next_attachment;
        self.next_attachment += 1;
        self.attachments.push(Attachment { number, ..attachment });
        self.count_attachments();
        number
    }

    pub(crate) fn detach(&mut self, number: u32) {
        self.open();
        self.attachments.retain(|attachment| attachment.number != number);
        self.count_attachments();
    }

    fn count_attachments(&mut self) {
        let any = self.attachments.iter().any(|attachment| !attachment.is_inline);
        self.fields.insert("hasAttachments".into(), any.into());
    }

    /// Takes the mail apart, before something in it changes.
    pub(crate) fn open(&mut self) {
        if self.mime.is_empty() {
            return;
        }
        self.attachments = self.attachments().into_owned();
        self.next_attachment = u32::try_from(self.attachments.len()).unwrap_or(u32::MAX);
        for id in [IN_REPLY_TO, REFERENCES] {
            if let Some(value) = self.header_property(id)
                && self.extended.get(id).is_none()
            {
                self.extended.set(id, value);
            }
        }
        let own = self.internet_headers().into_iter().filter_map(|header| {
            let text = |name: &str| header.get(name).and_then(Value::as_str).map(str::to_owned);
            text("name").filter(|name| name.to_ascii_lowercase().starts_with("x-")).zip(text("value"))
        });
        self.headers = own.collect();
        self.mime.clear();
    }

    /// The whole mail: as it came, or written now.
    pub(crate) fn to_mime(&self) -> Cow<'_, [u8]> {
        if self.mime.is_empty() { Cow::Owned(mime::write(self)) } else { Cow::Borrowed(&self.mime) }
    }

    pub(crate) fn size(&self) -> usize {
        if !self.mime.is_empty() {
            return self.mime.len();
        }
        let attached: usize = self.attachments.iter().map(Attachment::size).sum();
        self.body.content.len() + self.text("subject").len() + attached + 512
    }

    fn header_property(&self, id: &str) -> Option<String> {
        let name = if id == IN_REPLY_TO { "In-Reply-To" } else { "References" };
        let mail = self.parsed()?;
        let value = mail.header_raw(name)?.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        Some(value)
    }

    /// The extended properties: what was written, and what every message has.
    pub(crate) fn properties(&self) -> Vec<Value> {
        let mut own = self.common_properties();
        for id in [IN_REPLY_TO, REFERENCES] {
            own.extend(self.header_property(id).map(|value| (id, value)));
        }
        if !self.mime.is_empty() {
            let mime = String::from_utf8_lossy(&self.mime);
            let end = mime.find("\r\n\r\n").or_else(|| mime.find("\n\n")).unwrap_or(mime.len());
            own.push(("String 0x7d", mime.get(..end).unwrap_or_default().to_owned()));
        }
        self.with_written(own)
    }

    /// Those of them that mail can be found by.
    pub(crate) fn searchable_properties(&self) -> Vec<Value> {
        self.with_written(self.common_properties())
    }

    fn with_written(&self, own: Vec<(&'static str, String)>) -> Vec<Value> {
        let mut all = self.extended.list();
        let own = own.into_iter().filter(|(id, _)| self.extended.get(id).is_none());
        all.extend(own.map(|(id, value)| json!({"id": id, "value": value})));
        all
    }

    fn common_properties(&self) -> Vec<(&'static str, String)> {
        let flags = i32::from(self.fields.get("isRead") == Some(&Value::Bool(true)))
            + 8 * i32::from(self.is_draft)
            + 16 * i32::from(self.fields.get("hasAttachments") == Some(&Value::Bool(true)));
        let size = self.size().to_string();
        vec![
            (FLAGS, flags.to_string()),
            ("Integer 0xe08", size.clone()),
            ("Long 0xe08", size),
            (DELIVERED, stamp_text(self.received)),
            (SUBMITTED, stamp_text(self.sent)),
            (MESSAGE_ID, self.text("internetMessageId").to_owned()),
            ("String 0x1a", "IPM.Note".to_owned()),
            ("String 0x37", self.text("subject").to_owned()),
            ("String 0x70", topic(self.text("subject")).to_owned()),
        ]
    }

    /// Takes the properties that say when and how the message came out of what a client wrote; `new` at
    /// its creation, the only time that it can be made something else than a draft.
    pub(crate) fn apply_properties(&mut self, new: bool, says_read: bool) {
        if let Some(flags) = self.extended.take(FLAGS)
            && new
        {
            let flags = flags.trim().parse::<i64>().unwrap_or(8);
            self.is_draft = flags & 8 != 0;
            if !says_read {
                self.fields.insert("isRead".into(), (flags & 1 != 0).into());
            }
        }
        let time = |text: Option<String>| text.as_deref().and_then(super::instant);
        if let Some(at) = time(self.extended.take(SUBMITTED)) {
            self.sent = at;
            if new {
                self.received = at;
            }
        }
        if let Some(at) = time(self.extended.take(DELIVERED)) {
            self.received = at;
        }
        if let Some(id) = self.extended.take(MESSAGE_ID).filter(|id| !id.is_empty()) {
            self.fields.insert("internetMessageId".into(), id.into());
        }
    }
}
