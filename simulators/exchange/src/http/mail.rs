//! Mail folders and messages.

use serde_json::{Map, Value};
use sim_kit::Reply;

use super::call::{Call, json};
use super::delta::DeltaKind;
use super::mail_view::{self, ATTACHMENT, FOLDER, MESSAGE};
use super::odata::{Object, Options};
use super::{Path, below, entity};
use crate::model::ids::Kind;
use crate::model::{ChangeKind, Exchange, Folder, Mailbox, Message, read_body, read_flag, read_plain, unreadable};
use crate::refusal::Refusal;

/// Recipients and other people of a draft.
const PEOPLE: [&str; 4] = ["toRecipients", "ccRecipients", "bccRecipients", "replyTo"];

impl Exchange {
    pub(crate) fn mail_routes(&mut self, call: &Call<'_>, path: &Path, index: usize) -> Result<Reply, Refusal> {
        let names = path.names();
        let method = call.request.method.as_str();
        match (names.as_slice(), method) {
            (["mailfolders"], "GET") => self.list_folders(call, index, "msgfolderroot"),
            (["mailfolders", _, "childfolders"], "GET") => self.list_folders(call, index, &path.raw[1]),
            (["mailfolders", _], "GET") => self.read_folder(call, index, &path.raw[1]),
            (["mailfolders", _, "messages"], "GET") => {
                let folder = self.mailboxes[index].find_folder(&path.raw[1])?;
                self.list_messages(call, index, Some(folder))
            }
            (["mailfolders", _, "messages", "delta"], "GET") => {
                let folder = self.mailboxes[index].find_folder(&path.raw[1])?;
                self.delta(call, index, DeltaKind::Messages(folder))
            }
            (["mailfolders", _, "messages", _, ..], _) => {
                let folder = self.mailboxes[index].find_folder(&path.raw[1])?;
                let message = self.mailboxes[index].find::<Message>(&path.raw[3])?;
                if message.stamp.scope != folder {
                    return Err(Refusal::item_not_found());
                }
                self.message_routes(call, &path.raw[3..], &names[3..], index)
            }
            (["messages"], "GET") => self.list_messages(call, index, None),
            (["messages", _, ..], _) => self.message_routes(call, &path.raw[1..], &names[1..], index),
            (
                ["mailfolders" | "messages"] | ["mailfolders", _] | ["mailfolders", _, "messages" | "childfolders"],
                _,
            ) => Err(Refusal::method_not_allowed()),
            _ => Err(Refusal::unknown_segment(path.raw.get(2).map_or("", String::as_str))),
        }
    }

    /// From the message's id on.
    fn message_routes(
        &mut self,
        call: &Call<'_>,
        raw: &[String],
        names: &[&str],
        index: usize,
    ) -> Result<Reply, Refusal> {
        let mailbox = &self.mailboxes[index];
        let id = raw.first().map_or("", String::as_str);
        match (&names[1..], call.request.method.as_str()) {
            ([], "GET") => {
                let options = Options::of(call, &MESSAGE)?;
                let message = mailbox.find::<Message>(id)?;
                Ok(message_reply(call, mailbox, message, 200, &options))
            }
            ([], "PATCH") => self.patch_message(call, index, id),
            ([], "DELETE") => self.delete_message(call, index, id),
            (["$value"], "GET") => {
                let message = mailbox.find::<Message>(id)?;
                let mut reply = Reply::empty(200).header("content-type", "text/plain");
                reply.body.clone_from(&message.mime);
                Ok(reply)
            }
            (["move"], "POST") => self.move_message(call, index, id),
            (["attachments", ..], "GET") => {
                attachments(call, mailbox, mailbox.find::<Message>(id)?, &raw[2..], &names[2..])
            }
            ([] | ["$value" | "move"], _) => Err(Refusal::method_not_allowed()),
            _ => Err(Refusal::unknown_segment(raw.get(1).map_or("", String::as_str))),
        }
    }

    fn list_folders(&self, call: &Call<'_>, index: usize, parent: &str) -> Result<Reply, Refusal> {
        let options = Options::of(call, &FOLDER)?;
        let mailbox = &self.mailboxes[index];
        let key = mailbox.find_folder(parent)?;
        let parent = mailbox.folders.get(&key).ok_or_else(Refusal::item_not_found)?;
        let folders: Vec<&Folder> =
            mailbox.folders.values().filter(|folder| mail_view::is_child(parent, folder)).collect();
        let show = |folder: &Folder| mail_view::folder(mailbox, folder);
        Ok(json(200, &options.list(call, &below(mailbox, "mailFolders"), folders, show, show)))
    }

    fn read_folder(&self, call: &Call<'_>, index: usize, id: &str) -> Result<Reply, Refusal> {
        let options = Options::of(call, &FOLDER)?;
        let mailbox = &self.mailboxes[index];
        let folder = mailbox.folders.get(&mailbox.find_folder(id)?).ok_or_else(Refusal::item_not_found)?;
        let object = options.cut(mail_view::folder(mailbox, folder));
        Ok(entity(call, 200, &below(mailbox, "mailFolders/$entity"), object))
    }

    fn list_messages(&self, call: &Call<'_>, index: usize, folder: Option<u64>) -> Result<Reply, Refusal> {
        let options = Options::of(call, &MESSAGE)?;
        let mailbox = &self.mailboxes[index];
        let inside = |message: &&Message| folder.is_none_or(|folder| message.stamp.scope == folder);
        let mut messages: Vec<&Message> = mailbox.messages.values().filter(inside).collect();
        messages.sort_by_key(|message| std::cmp::Reverse((message.received, message.stamp.key)));
        let full = |message: &Message| mail_view::for_filter(mailbox, message);
        let shown = |message: &Message| show(call, mailbox, message, &options);
        Ok(json(200, &options.list(call, &below(mailbox, "messages"), messages, full, shown)))
    }

    fn patch_message(&mut self, call: &Call<'_>, index: usize, id: &str) -> Result<Reply, Refusal> {
        let mailbox = &mut self.mailboxes[index];
        let mut message = mailbox.find::<Message>(id)?.clone();
        call.precondition(&mailbox.etag(&message.stamp))?;
        let options = Options::of(call, &MESSAGE)?;
        apply(&mut message, &call.body()?)?;
        message.stamp.version = mailbox.tick();
        message.stamp.modified = call.now;
        let reply = message_reply(call, mailbox, &message, 200, &options);
        let stamp = message.stamp.clone();
        mailbox.messages.insert(stamp.key, message);
        self.note(index, Kind::Message, ChangeKind::Updated, stamp);
        Ok(reply)
    }

    /// To the deleted items; from there it is gone.
    fn delete_message(&mut self, call: &Call<'_>, index: usize, id: &str) -> Result<Reply, Refusal> {
        let mailbox = &mut self.mailboxes[index];
        let message = mailbox.find::<Message>(id)?;
        call.precondition(&mailbox.etag(&message.stamp))?;
        let stamp = message.stamp.clone();
        let bin = mailbox.find_folder("deleteditems")?;
        if stamp.scope == bin {
            mailbox.messages.remove(&stamp.key);
            mailbox.bury(Kind::Message, &stamp);
            self.note(index, Kind::Message, ChangeKind::Deleted, stamp);
        } else {
            self.carry_message(index, stamp.key, bin, call);
        }
        Ok(Reply::empty(204))
    }

    fn move_message(&mut self, call: &Call<'_>, index: usize, id: &str) -> Result<Reply, Refusal> {
        let body = call.body()?;
        let destination = body.iter().find(|(name, _)| name.eq_ignore_ascii_case("destinationId"));
        let destination =
            destination.and_then(|(_, value)| value.as_str()).ok_or_else(|| unreadable("destinationId"))?;
        let mailbox = &self.mailboxes[index];
        let key = mailbox.find::<Message>(id)?.stamp.key;
        let folder = mailbox.find_folder(destination)?;
        self.carry_message(index, key, folder, call);
        let mailbox = &self.mailboxes[index];
        let message = mailbox.messages.get(&key).ok_or_else(Refusal::item_not_found)?;
        Ok(message_reply(call, mailbox, message, 201, &Options::for_type(&MESSAGE)))
    }

    /// Moves a message: gone from one folder, new in the other, under another default id.
    fn carry_message(&mut self, index: usize, key: u64, folder: u64, call: &Call<'_>) {
        let mailbox = &mut self.mailboxes[index];
        let Some(mut message) = mailbox.messages.remove(&key) else {
            return;
        };
        let before = message.stamp.clone();
        mailbox.bury(Kind::Message, &before);
        let version = mailbox.tick();
        message.stamp.scope = folder;
        message.stamp.generation += 1;
        message.stamp.version = version;
        message.stamp.born = version;
        message.stamp.modified = call.now;
        let after = message.stamp.clone();
        mailbox.messages.insert(key, message);
        self.note(index, Kind::Message, ChangeKind::Deleted, before);
        self.note(index, Kind::Message, ChangeKind::Created, after);
    }
}

fn show(call: &Call<'_>, mailbox: &Mailbox, message: &Message, options: &Options) -> Object {
    let mut object = mail_view::message(mailbox, message, options, call.prefer.text_body, call.prefer.immutable);
    options.add_extended(&mut object, message.extended.list());
    object
}

fn message_reply(call: &Call<'_>, mailbox: &Mailbox, message: &Message, status: u16, options: &Options) -> Reply {
    let object = options.cut(show(call, mailbox, message, options));
    let reply = entity(call, status, &below(mailbox, "messages/$entity"), object);
    reply.header("etag", &mailbox.etag(&message.stamp))
}

fn attachments(
    call: &Call<'_>,
    mailbox: &Mailbox,
    message: &Message,
    raw: &[String],
    names: &[&str],
) -> Result<Reply, Refusal> {
    let options = Options::of(call, &ATTACHMENT)?;
    let all = mail_view::attachments(mailbox, message);
    let Some(id) = raw.first() else {
        let keys: Vec<usize> = (0..all.len()).collect();
        let show = |at: usize| all.get(at).cloned().unwrap_or_default();
        return Ok(json(200, &options.list(call, &below(mailbox, "messages('..')/attachments"), keys, show, show)));
    };
    let attachment = all.into_iter().find(|attachment| attachment.get("id").and_then(Value::as_str) == Some(id));
    let attachment = attachment.ok_or_else(Refusal::item_not_found)?;
    match &names[1..] {
        [] => Ok(entity(call, 200, &below(mailbox, "messages('..')/attachments/$entity"), options.cut(attachment))),
        ["$value"] => {
            let kind = attachment.get("contentType").and_then(Value::as_str).unwrap_or("application/octet-stream");
            let mut reply = Reply::empty(200).header("content-type", kind);
            let id = attachment.get("id").cloned();
            let at = mail_view::attachments(mailbox, message).iter().position(|other| other.get("id").cloned() == id);
            reply.body =
                at.and_then(|at| message.attachments().into_iter().nth(at)).map(|it| it.bytes).unwrap_or_default();
            Ok(reply)
        }
        _ => Err(Refusal::unknown_segment(raw.get(1).map_or("", String::as_str))),
    }
}

/// Takes over the properties of a PATCH.
fn apply(message: &mut Message, body: &Map<String, Value>) -> Result<(), Refusal> {
    for (name, value) in body {
        match name.as_str() {
            "isRead" => {
                message.fields.insert(name.clone(), read_flag(name, value)?.into());
            }
            "categories" | "importance" => {
                let read = read_plain(name, value).ok_or_else(|| unreadable(name))?;
                message.fields.insert(name.clone(), read?);
            }
            "flag" => {
                message.fields.insert(name.clone(), read_follow_up(value)?);
            }
            "inferenceClassification" => {
                message.fields.insert(name.clone(), value.as_str().ok_or_else(|| unreadable(name))?.into());
            }
            "singleValueExtendedProperties" => message.extended.apply(value)?,
            "subject" if message.is_draft => {
                message.fields.insert(name.clone(), value.as_str().ok_or_else(|| unreadable(name))?.into());
            }
            "body" if message.is_draft => message.body = read_body(value)?,
            name if PEOPLE.contains(&name) && message.is_draft => {
                let list = value.as_array().ok_or_else(|| unreadable(name))?;
                message.fields.insert(name.to_owned(), list.clone().into());
            }
            name if name == "subject" || name == "body" || PEOPLE.contains(&name) => {
                let message = "Update operation is invalid for property of a sent message.";
                return Err(Refusal::new(400, "ErrorInvalidPropertyUpdateSentMessage", message));
            }
            name if name.contains('@') || MESSAGE.properties.contains(&name) => {}
            name => {
                let message = format!(
                    "The property '{name}' does not exist on type 'Microsoft.OutlookServices.Message'. Make sure to only \
                     use property names that are defined by the type or mark the type as open type."
                );
                return Err(Refusal::unreadable(message));
            }
        }
    }
    Ok(())
}

fn read_follow_up(value: &Value) -> Result<Value, Refusal> {
    const STATES: [&str; 3] = ["notFlagged", "complete", "flagged"];
    let mut flag = value.as_object().ok_or_else(|| unreadable("flag"))?.clone();
    let state = flag.get("flagStatus").and_then(Value::as_str).unwrap_or("notFlagged");
    let known = STATES.iter().find(|known| known.eq_ignore_ascii_case(state));
    let known = known.ok_or_else(|| Refusal::unreadable(format!("Requested value '{state}' was not found.")))?;
    flag.insert("flagStatus".into(), (*known).into());
    flag.retain(|name, _| !name.contains('@'));
    Ok(Value::Object(flag))
}
