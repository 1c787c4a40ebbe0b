//! Attachments.

use sim_kit::Reply;

use super::super::call::{Call, json};
use super::super::mail_view::{self, ATTACHMENT};
use super::super::odata::Options;
use super::super::{below, entity};
use super::{count, too_large};
use crate::model::{Attachment, Content, Exchange, Mailbox, Message};
use crate::refusal::Refusal;

/// A file of this size or more needs an upload session.
pub(super) const MAX_ATTACHMENT: usize = 3 * 1024 * 1024;

impl Exchange {
    /// From what follows `attachments` on.
    pub(super) fn attachment_routes(
        &mut self,
        call: &Call<'_>,
        index: usize,
        message: &str,
        raw: &[String],
        names: &[&str],
    ) -> Result<Reply, Refusal> {
        let mailbox = &self.mailboxes[index];
        let message = mailbox.find::<Message>(message)?;
        match (names, call.request.method.as_str()) {
            ([], "GET") => {
                let options = Options::of(call, &ATTACHMENT)?;
                let all = message.attachments();
                let keys: Vec<&Attachment> = all.iter().collect();
                let show =
                    |one: &Attachment| mail_view::attachment(mailbox, message, one, &options, call.prefer.immutable);
                Ok(json(200, &options.list(call, &context(mailbox, message, call), keys, show, show)))
            }
            ([], "POST") => {
                let attachment = Attachment::read(&call.body()?.into(), call.now)?;
                if attachment.size() >= MAX_ATTACHMENT {
                    return Err(too_large());
                }
                let mut message = message.clone();
                let number = message.attach(attachment);
                let key = message.stamp.key;
                self.replace_message(index, message, &["hasAttachments".to_owned()], call.now);
                let message = self.mailboxes[index].messages.get(&key).ok_or_else(Refusal::item_not_found)?;
                attachment_reply(call, &self.mailboxes[index], message, number, 201)
            }
            (["$count"], "GET") => Ok(count(message.attachments().len())),
            ([_], "GET") => {
                let number = number_of(mailbox, message, &raw[0])?;
                attachment_reply(call, mailbox, message, number, 200)
            }
            ([_], "DELETE") => {
                let number = number_of(mailbox, message, &raw[0])?;
                let mut message = message.clone();
                message.detach(number);
                self.replace_message(index, message, &["hasAttachments".to_owned()], call.now);
                Ok(Reply::empty(204))
            }
            ([_, "$value"], "GET") => {
                let number = number_of(mailbox, message, &raw[0])?;
                let all = message.attachments();
                let attachment = all.iter().find(|one| one.number == number).ok_or_else(Refusal::item_not_found)?;
                value(attachment)
            }
            ([] | [_] | [_, "$value"], _) => Err(Refusal::method_not_allowed()),
            _ => Err(Refusal::unknown_segment(raw.get(1).map_or("", String::as_str))),
        }
    }
}

fn context(mailbox: &Mailbox, message: &Message, call: &Call<'_>) -> String {
    let stamp = &message.stamp;
    let id = mailbox.item_id(crate::model::ids::Kind::Message, stamp.key, stamp.generation, call.prefer.immutable);
    below(mailbox, &format!("messages('{id}')/attachments"))
}

fn number_of(mailbox: &Mailbox, message: &Message, id: &str) -> Result<u32, Refusal> {
    let bare = id.trim_end_matches('=');
    let named = |one: &&Attachment| {
        [true, false].iter().any(|immutable| {
            mail_view::attachment_id(mailbox, message, one.number, *immutable).trim_end_matches('=') == bare
        })
    };
    let all = message.attachments();
    match all.iter().find(named) {
        Some(attachment) => Ok(attachment.number),
        None if crate::model::ids::decode(id).is_none_or(|bytes| bytes.len() < 40) => Err(Refusal::malformed_id()),
        None => Err(Refusal::item_not_found()),
    }
}

fn attachment_reply(
    call: &Call<'_>,
    mailbox: &Mailbox,
    message: &Message,
    number: u32,
    status: u16,
) -> Result<Reply, Refusal> {
    let options = Options::of(call, &ATTACHMENT)?;
    let all = message.attachments();
    let attachment = all.iter().find(|one| one.number == number).ok_or_else(Refusal::item_not_found)?;
    let object = options.cut(mail_view::attachment(mailbox, message, attachment, &options, call.prefer.immutable));
    Ok(entity(call, status, &format!("{}/$entity", context(mailbox, message, call)), object))
}

/// The content as it is: a file's bytes, or an item as the file that other programs read.
fn value(attachment: &Attachment) -> Result<Reply, Refusal> {
    let (kind, bytes) = match &attachment.content {
        Content::File { bytes } => {
            (attachment.content_type.as_deref().unwrap_or("application/octet-stream"), bytes.clone())
        }
        Content::Mail { mime } => ("message/rfc822", mime.clone()),
        Content::Item { item } => crate::model::item_file(item),
        Content::Reference { .. } => return Err(Refusal::method_not_allowed()),
    };
    let mut reply = Reply::empty(200).header("content-type", kind);
    reply.body = bytes;
    Ok(reply)
}
