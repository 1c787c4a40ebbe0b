//! Sending mail, and bringing it to the mailboxes of this tenant.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::message::{Arrival, IN_REPLY_TO, REFERENCES, Thread, inner_html, topic, without_bcc};
use super::{Attachment, Body, Content, Exchange, Mailbox, MailboxState, Message, Stamp};
use crate::refusal::Refusal;

/// A mail that somebody of this tenant sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentMail {
    /// When.
    pub at: Timestamp,
    /// The sender's address.
    pub from: String,
    /// Every recipient's address, those of blind copies among them.
    pub to: Vec<String>,
    /// The recipients without a mailbox here: for them the mail left the tenant.
    pub outside: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The `internetMessageId`, the same in every copy.
    pub message_id: String,
}

/// How a message follows up another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FollowUp {
    Reply,
    ReplyAll,
    Forward,
}

impl Exchange {
    /// A new Message-ID.
    pub(crate) fn next_message_id(&mut self) -> String {
        let guid = self.next_guid("message id").replace('-', "");
        format!("<{}@simulated.outlook.example>", guid.to_uppercase())
    }

    /// The display name of an address of this tenant.
    pub(crate) fn directory_name(&self, address: &str) -> Option<String> {
        self.mailbox_of(address).map(|index| self.mailboxes[index].display_name.clone())
    }

    /// An empty draft in no folder yet.
    pub(crate) fn new_message(&mut self, index: usize, now: Timestamp) -> Message {
        let id = self.next_message_id();
        let mailbox = &self.mailboxes[index];
        Message::blank(Stamp::none(mailbox, now), &id, &Thread::begin(&id, now), mailbox)
    }

    /// A draft that answers or forwards a message, in no folder yet.
    pub(crate) fn new_answer(
        &mut self,
        index: usize,
        original: &Message,
        how: FollowUp,
        comment: &str,
        now: Timestamp,
    ) -> Message {
        let id = self.next_message_id();
        let mailbox = &self.mailboxes[index];
        let thread = original.thread().unwrap_or_else(|| Thread::begin(original.text("internetMessageId"), now));
        let mut draft = Message::blank(Stamp::none(mailbox, now), &id, &thread.answer(&id, now), mailbox);
        let prefix = if how == FollowUp::Forward { "FW: " } else { "RE: " };
        let subject = format!("{prefix}{}", topic(original.text("subject")));
        draft.fields.insert("subject".into(), subject.into());
        let me = json!({"emailAddress": mailbox.person()});
        draft.fields.insert("from".into(), me.clone());
        draft.fields.insert("sender".into(), me);
        let answered = original.text("internetMessageId").to_owned();
        let before = original.properties().into_iter().find(|property| property["id"] == REFERENCES);
        let before = before.as_ref().and_then(|property| property["value"].as_str()).unwrap_or_default();
        draft.extended.set(REFERENCES, format!("{before} {answered}").trim().to_owned());
        draft.extended.set(IN_REPLY_TO, answered);
        let list = |name: &str| original.fields.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        if how != FollowUp::Forward {
            let mut to = list("replyTo");
            if to.is_empty() {
                to.extend(original.fields.get("from").filter(|from| !from.is_null()).cloned());
            }
            let mut known = vec![mailbox.address.to_lowercase()];
            known.extend(to.iter().map(address_of));
            if how == FollowUp::ReplyAll {
                for (name, target) in [("toRecipients", "to"), ("ccRecipients", "cc")] {
                    let mut others = list(name);
                    others.retain(|person| {
                        let address = address_of(person);
                        let new = !known.contains(&address);
                        known.push(address);
                        new
                    });
                    if target == "to" {
                        to.extend(others);
                    } else {
                        draft.fields.insert("ccRecipients".into(), others.into());
                    }
                }
            }
            draft.fields.insert("toRecipients".into(), to.into());
        }
        draft.body = quote(original, comment);
        for attachment in original.attachments().iter().filter(|it| how == FollowUp::Forward || it.is_inline) {
            draft.attach(attachment.clone());
        }
        draft
    }

    /// Whether the message can be sent from that mailbox.
    pub(crate) fn check_sendable(&self, index: usize, message: &Message) -> Result<(), Refusal> {
        const INVALID: &str = "ErrorInvalidRecipients";
        let mailbox = &self.mailboxes[index];
        for name in ["from", "sender"] {
            let person = message.fields.get(name).filter(|person| !person.is_null());
            if person.is_some_and(|person| !mailbox.is_named(&address_of(person))) {
                let text = "The user account which was used to submit this request does not have the right to send \
                            mail on behalf of the specified sending account., Cannot submit message.";
                return Err(Refusal::new(403, "ErrorSendAsDenied", text));
            }
        }
        let mut any = false;
        for list in ["toRecipients", "ccRecipients", "bccRecipients"] {
            for person in message.fields.get(list).and_then(Value::as_array).into_iter().flatten() {
                any = true;
                let address = address_of(person);
                let valid = address
                    .split_once('@')
                    .is_some_and(|(user, domain)| !user.is_empty() && !domain.is_empty() && !domain.contains('@'))
                    && !address.contains(char::is_whitespace);
                if !valid {
                    let name = person.pointer("/emailAddress/name").and_then(Value::as_str).unwrap_or(&address);
                    let text = format!(
                        "At least one recipient is not valid., Recipient '{name}' is not resolved. All recipients must \
                         be resolved before a message can be submitted."
                    );
                    return Err(Refusal::new(400, INVALID, text));
                }
            }
        }
        if any {
            return Ok(());
        }
        let text = "At least one recipient isn't valid., A message can't be sent because it contains no recipients.";
        Err(Refusal::new(400, INVALID, text))
    }

    /// Marks a draft as sent now from that mailbox.
    pub(crate) fn seal(&self, index: usize, message: &mut Message, now: Timestamp) {
        let mailbox = &self.mailboxes[index];
        let me = json!({"emailAddress": mailbox.person()});
        for name in ["from", "sender"] {
            message.fields.insert(name.into(), me.clone());
        }
        message.fields.insert("isRead".into(), true.into());
        message.is_draft = false;
        message.sent = now;
        message.received = now;
    }

    /// Brings a sealed message to everybody it is addressed to.
    pub(crate) fn dispatch(&mut self, index: usize, message: &Message, now: Timestamp) {
        let from = self.mailboxes[index].address.clone();
        let mut to: Vec<String> = Vec::new();
        for list in ["toRecipients", "ccRecipients", "bccRecipients"] {
            for address in message.addresses(list) {
                if !to.iter().any(|known| known.eq_ignore_ascii_case(&address)) {
                    to.push(address);
                }
            }
        }
        let mail = transport(message, now);
        let mut outside = Vec::new();
        for address in &to {
            match self.mailbox_of(address).filter(|to| self.mailboxes[*to].state != MailboxState::NotEnabled) {
                Some(to) => {
                    let inbox = self.mailboxes[to].well_known("inbox");
                    self.receive(to, inbox, &mail, Arrival::Unread, now);
                }
                None => outside.push(address.clone()),
            }
        }
        self.sent_mail.push(SentMail {
            at: now,
            from,
            to,
            outside,
            subject: message.text("subject").to_owned(),
            message_id: message.text("internetMessageId").to_owned(),
        });
    }
}

/// The mail as its recipients get it. What came as MIME lacks perhaps what every mail must have.
fn transport(message: &Message, now: Timestamp) -> Vec<u8> {
    let date = now.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
    let mime = message.to_mime();
    let parsed = mail_parser::MessageParser::default().parse(mime.as_ref());
    let sender = message.fields.get("from").map(address_of).unwrap_or_default();
    let needed = [
        ("Message-ID", message.text("internetMessageId").replace(['\r', '\n'], "")),
        ("Thread-Index", message.text("conversationIndex").to_owned()),
        ("From", format!("<{sender}>")),
        ("Date", date.clone()),
    ];
    let mut head = format!("Received: from simulated.outlook.example by simulated.outlook.example; {date}\r\n");
    for (name, value) in needed {
        if parsed.as_ref().is_none_or(|mail| mail.header_raw(name).is_none()) {
            head = format!("{head}{name}: {value}\r\n");
        }
    }
    without_bcc(&mime, &head)
}

fn address_of(person: &Value) -> String {
    person.pointer("/emailAddress/address").and_then(Value::as_str).unwrap_or_default().to_lowercase()
}

/// The comment, a line, and the message that is answered.
fn quote(original: &Message, comment: &str) -> Body {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let person = |person: &Value| {
        let text = |name: &str| person.pointer(&format!("/emailAddress/{name}")).and_then(Value::as_str);
        let (name, address) = (text("name").unwrap_or_default(), text("address").unwrap_or_default());
        escaped(&if name == address { address.to_owned() } else { format!("{name} <{address}>") })
    };
    let people = |name: &str| {
        let list = original.fields.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        list.iter().map(person).collect::<Vec<_>>().join("; ")
    };
    let from = original.fields.get("from").map(person).unwrap_or_default();
    let cc = people("ccRecipients");
    let cc = if cc.is_empty() { String::new() } else { format!("<br>\r\n<b>Cc:</b> {cc}") };
    let html = original.body.render(false);
    let quoted = inner_html(html["content"].as_str().unwrap_or_default());
    let comment = escaped(comment).replace("\r\n", "\n").replace('\n', "<br>\r\n");
    Body::html(&format!(
        "<div>{comment}</div>\r\n<hr tabindex=\"-1\" style=\"display:inline-block; width:98%\">\r\n\
         <div id=\"divRplyFwdMsg\" dir=\"ltr\"><b>From:</b> {from}<br>\r\n<b>Sent:</b> {}<br>\r\n\
         <b>To:</b> {}{cc}<br>\r\n<b>Subject:</b> {}\r\n<div>&nbsp;</div>\r\n</div>\r\n{quoted}",
        original.sent.strftime("%A, %B %-d, %Y %-I:%M:%S %p"),
        people("toRecipients"),
        escaped(original.text("subject")),
    ))
}

impl Attachment {
    /// The message inside an attachment, as a message of that mailbox.
    pub(crate) fn nested(&self, mailbox: &Mailbox, now: Timestamp) -> Option<Message> {
        match &self.content {
            Content::Mail { mime } => Message::nested(mime, mailbox, now),
            _ => None,
        }
    }
}
