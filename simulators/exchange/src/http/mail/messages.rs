//! Messages: reading, creating, changing, moving.

use sim_kit::Reply;

use super::super::call::{Call, json};
use super::super::mail_view::{self, MESSAGE};
use super::super::odata::{Object, Options};
use super::super::{below, entity};
use super::{count, destination, is_mime, search};
use crate::model::{Exchange, Mailbox, Message, Writer};
use crate::refusal::Refusal;

impl Exchange {
    pub(super) fn list_messages(&self, call: &Call<'_>, index: usize, folder: Option<u64>) -> Result<Reply, Refusal> {
        let options = Options::of(call, &MESSAGE)?;
        let mailbox = &self.mailboxes[index];
        let mut messages = inside(mailbox, folder);
        if let Some(words) = &options.search {
            let wanted = search::read(words)?;
            messages.retain(|message| wanted.finds(message));
        }
        messages.sort_by_key(|message| std::cmp::Reverse((message.received, message.stamp.key)));
        let full = |message: &Message| mail_view::for_filter(mailbox, message);
        let shown = |message: &Message| show(call, mailbox, message, &options);
        Ok(json(200, &options.list(call, &below(mailbox, "messages"), messages, full, shown)))
    }

    pub(super) fn count_messages(&self, call: &Call<'_>, index: usize, folder: Option<u64>) -> Result<Reply, Refusal> {
        let options = Options::of(call, &MESSAGE)?;
        let mailbox = &self.mailboxes[index];
        let messages = inside(mailbox, folder);
        Ok(count(options.tally(&messages, |message| mail_view::for_filter(mailbox, message))))
    }

    pub(super) fn read_message(&self, call: &Call<'_>, index: usize, id: &str) -> Result<Reply, Refusal> {
        let options = Options::of(call, &MESSAGE)?;
        let mailbox = &self.mailboxes[index];
        Ok(message_reply(call, mailbox, mailbox.find::<Message>(id)?, 200, &options))
    }

    /// A draft, or what its flags make of it; without a folder among the drafts.
    pub(super) fn post_message(
        &mut self,
        call: &Call<'_>,
        index: usize,
        folder: Option<u64>,
    ) -> Result<Reply, Refusal> {
        let message = if is_mime(call) {
            Message::from_client(&call.request.body, &self.mailboxes[index], call.now)?
        } else {
            let body = call.body()?;
            let mut message = self.new_message(index, call.now);
            self.with_writer(true, call, |writer| message.apply(&body, writer))?;
            message
        };
        let folder = folder.unwrap_or_else(|| self.mailboxes[index].well_known("drafts"));
        let key = self.add_message(index, message, folder, call.now);
        self.stored_reply(call, index, key, 201)
    }

    pub(super) fn patch_message(&mut self, call: &Call<'_>, index: usize, id: &str) -> Result<Reply, Refusal> {
        let mailbox = &self.mailboxes[index];
        let mut message = mailbox.find::<Message>(id)?.clone();
        call.precondition(&mailbox.etag(&message.stamp))?;
        let options = Options::of(call, &MESSAGE)?;
        let body = call.body()?;
        let changed = self.with_writer(false, call, |writer| message.apply(&body, writer))?;
        let key = message.stamp.key;
        self.replace_message(index, message, &changed, call.now);
        let mailbox = &self.mailboxes[index];
        let message = mailbox.messages.get(&key).ok_or_else(Refusal::item_not_found)?;
        Ok(message_reply(call, mailbox, message, 200, &options))
    }

    pub(super) fn carry_message(
        &mut self,
        call: &Call<'_>,
        index: usize,
        id: &str,
        copy: bool,
    ) -> Result<Reply, Refusal> {
        let folder = destination(call)?;
        let mailbox = &self.mailboxes[index];
        let key = mailbox.find::<Message>(id)?.stamp.key;
        let folder = mailbox.find_folder(&folder)?;
        let key = if copy {
            self.copy_message(index, key, folder, call.now).ok_or_else(Refusal::item_not_found)?
        } else {
            self.move_message(index, key, folder, call.now);
            key
        };
        self.stored_reply(call, index, key, 201)
    }

    pub(super) fn stored_reply(&self, call: &Call<'_>, index: usize, key: u64, status: u16) -> Result<Reply, Refusal> {
        let mailbox = &self.mailboxes[index];
        let message = mailbox.messages.get(&key).ok_or_else(Refusal::item_not_found)?;
        Ok(message_reply(call, mailbox, message, status, &Options::for_type(&MESSAGE)))
    }

    pub(super) fn with_writer<T>(&self, new: bool, call: &Call<'_>, write: impl FnOnce(&Writer<'_>) -> T) -> T {
        let directory = |address: &str| self.directory_name(address);
        write(&Writer { new, directory: &directory, now: call.now })
    }
}

/// The messages of a folder, or all that a person sees.
fn inside(mailbox: &Mailbox, folder: Option<u64>) -> Vec<&Message> {
    let here = |message: &&Message| match folder {
        Some(folder) => message.stamp.scope == folder,
        None => !mailbox.is_recoverable(message.stamp.scope),
    };
    mailbox.messages.values().filter(here).collect()
}

fn show(call: &Call<'_>, mailbox: &Mailbox, message: &Message, options: &Options) -> Object {
    let mut object = mail_view::message(mailbox, message, options, call.prefer.text_body, call.prefer.immutable);
    if options.expand_extended.is_some() {
        options.add_extended(&mut object, message.properties());
    }
    object
}

fn message_reply(call: &Call<'_>, mailbox: &Mailbox, message: &Message, status: u16, options: &Options) -> Reply {
    let object = options.cut(show(call, mailbox, message, options));
    let reply = entity(call, status, &below(mailbox, "messages/$entity"), object);
    reply.header("etag", &mailbox.etag(&message.stamp))
}
