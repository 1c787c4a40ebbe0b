//! Mail: its routes. What stands behind them is told folder by folder, message by message.

mod attachments;
mod folders;
mod messages;
mod search;
mod sending;
mod uploads;

use serde_json::{Map, Value};
use sim_kit::Reply;

use super::Path;
use super::call::Call;
use super::delta::DeltaKind;
use super::responses::camel_case;
use crate::model::ids::Kind;
use crate::model::{Exchange, Message, unreadable};
use crate::refusal::Refusal;

/// The largest body of a request; what is larger goes by an upload session.
const MAX_BODY: usize = 4 * 1024 * 1024;

impl Exchange {
    pub(crate) fn mail_routes(&mut self, call: &Call<'_>, path: &Path, index: usize) -> Result<Reply, Refusal> {
        if call.request.body.len() > MAX_BODY {
            return Err(too_large());
        }
        let (names, mut raw) = (path.names(), path.raw.as_slice());
        let mut names = names.as_slice();
        // A folder is the same wherever in the tree it is named.
        while let ["mailfolders" | "childfolders", _, "childfolders", _, ..] = names {
            if names[3] == "$count" || names[3] == "delta" {
                break;
            }
            let parent = self.mailboxes[index].find_folder(&raw[1])?;
            let child = self.mailboxes[index].find_folder(&raw[3])?;
            if self.mailboxes[index].folders.get(&child).is_none_or(|child| child.parent != parent) {
                return Err(Refusal::item_not_found());
            }
            (names, raw) = (&names[2..], &raw[2..]);
        }
        match (names, call.request.method.as_str()) {
            (["sendmail"], "POST") => self.send_mail(call, index),
            (["mailfolders", "delta"], "GET") => self.delta(call, index, DeltaKind::MailFolders),
            (["mailfolders"], "GET") => self.list_folders(call, index, "msgfolderroot"),
            (["mailfolders"], "POST") => self.post_folder(call, index, "msgfolderroot"),
            (["mailfolders", "$count"], "GET") => self.count_folders(call, index, "msgfolderroot"),
            (["mailfolders" | "childfolders", _, "childfolders"], "GET") => self.list_folders(call, index, &raw[1]),
            (["mailfolders" | "childfolders", _, "childfolders"], "POST") => self.post_folder(call, index, &raw[1]),
            (["mailfolders" | "childfolders", _, "childfolders", "$count"], "GET") => {
                self.count_folders(call, index, &raw[1])
            }
            (["mailfolders" | "childfolders", _], method) => match method {
                "GET" => self.read_folder(call, index, &raw[1]),
                "PATCH" => self.patch_folder(call, index, &raw[1]),
                "DELETE" => {
                    let key = self.mailboxes[index].find_folder(&raw[1])?;
                    self.delete_folder(index, key)?;
                    Ok(Reply::empty(204))
                }
                _ => Err(Refusal::method_not_allowed()),
            },
            (["mailfolders" | "childfolders", _, "move"], "POST") => self.carry_folder(call, index, &raw[1], false),
            (["mailfolders" | "childfolders", _, "copy"], "POST") => self.carry_folder(call, index, &raw[1], true),
            (["mailfolders" | "childfolders", _, "permanentdelete"], "POST") => {
                let key = self.mailboxes[index].find_folder(&raw[1])?;
                self.purge_folder(index, key)?;
                Ok(Reply::empty(204))
            }
            (["mailfolders" | "childfolders", _, "messages", rest @ ..], _) => {
                let folder = self.mailboxes[index].find_folder(&raw[1])?;
                self.messages_in_folder(call, &raw[3..], rest, index, folder)
            }
            (["messages"], "GET") => self.list_messages(call, index, None),
            (["messages"], "POST") => self.post_message(call, index, None),
            (["messages", "$count"], "GET") => self.count_messages(call, index, None),
            (["messages", _, ..], _) => {
                self.still_there(index, &raw[1])?;
                self.message_routes(call, &raw[1..], &names[1..], index)
            }
            (
                ["sendmail" | "mailfolders" | "messages"]
                | ["mailfolders" | "childfolders", _, "childfolders" | "move" | "copy" | "permanentdelete"],
                _,
            ) => Err(Refusal::method_not_allowed()),
            _ => Err(Refusal::unknown_segment(raw.get(2).map_or("", String::as_str))),
        }
    }

    /// What was deleted from the deleted items is gone for who remembers its immutable id; who finds it
    /// among the recoverable items learns its present id there.
    fn still_there(&self, index: usize, id: &str) -> Result<(), Refusal> {
        let mailbox = &self.mailboxes[index];
        let stamp = &mailbox.find::<Message>(id)?.stamp;
        let present = mailbox.item_id(Kind::Message, stamp.key, stamp.generation, false);
        if mailbox.is_recoverable(stamp.scope) && present.trim_end_matches('=') != id.trim_end_matches('=') {
            return Err(Refusal::item_not_found());
        }
        Ok(())
    }

    /// From `messages` of a folder on.
    fn messages_in_folder(
        &mut self,
        call: &Call<'_>,
        raw: &[String],
        names: &[&str],
        index: usize,
        folder: u64,
    ) -> Result<Reply, Refusal> {
        match (names, call.request.method.as_str()) {
            ([], "GET") => self.list_messages(call, index, Some(folder)),
            ([], "POST") => self.post_message(call, index, Some(folder)),
            (["$count"], "GET") => self.count_messages(call, index, Some(folder)),
            (["delta"], "GET") => self.delta(call, index, DeltaKind::Messages(folder)),
            ([] | ["$count" | "delta"], _) => Err(Refusal::method_not_allowed()),
            (["delta", ..], _) => Err(Refusal::unknown_segment(raw.get(1).map_or("", String::as_str))),
            _ => {
                let id = raw.first().map_or("", String::as_str);
                if self.mailboxes[index].find::<Message>(id)?.stamp.scope != folder {
                    return Err(Refusal::item_not_found());
                }
                self.message_routes(call, raw, names, index)
            }
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
        let id = raw.first().map_or("", String::as_str);
        match (&names[1..], call.request.method.as_str()) {
            ([], "GET") => self.read_message(call, index, id),
            ([], "PATCH") => self.patch_message(call, index, id),
            ([], "DELETE") => {
                let mailbox = &self.mailboxes[index];
                let stamp = mailbox.find::<Message>(id)?.stamp.clone();
                call.precondition(&mailbox.etag(&stamp))?;
                self.delete_message(index, stamp.key, call.now);
                Ok(Reply::empty(204))
            }
            (["$value"], "GET") => {
                let message = self.mailboxes[index].find::<Message>(id)?;
                let mut reply = Reply::empty(200).header("content-type", "text/plain");
                reply.body = message.to_mime().into_owned();
                Ok(reply)
            }
            (["move"], "POST") => self.carry_message(call, index, id, false),
            (["copy"], "POST") => self.carry_message(call, index, id, true),
            (["permanentdelete"], "POST") => {
                let key = self.mailboxes[index].find::<Message>(id)?.stamp.key;
                self.purge_message(index, key);
                Ok(Reply::empty(204))
            }
            (["send"], "POST") => self.send_draft(call, index, id),
            ([action], "POST") if sending::is_follow_up(action) => self.follow_up(call, index, id, action),
            (["attachments", "createuploadsession"], "POST") => self.create_upload(call, index, id),
            (["attachments", ..], _) => self.attachment_routes(call, index, id, &raw[2..], &names[2..]),
            ([] | ["$value" | "move" | "copy" | "permanentdelete" | "send"], _) => Err(Refusal::method_not_allowed()),
            ([action], _) if sending::is_follow_up(action) => Err(Refusal::method_not_allowed()),
            _ => Err(Refusal::unknown_segment(raw.get(1).map_or("", String::as_str))),
        }
    }
}

fn too_large() -> Refusal {
    Refusal::new(413, "RequestEntityTooLarge", "The maximum request length supported is 4MB.")
}

/// What an action was given, its names in camel case; a client may leave the body out.
fn parameters(call: &Call<'_>) -> Result<Map<String, Value>, Refusal> {
    let bare = call.request.body.iter().all(u8::is_ascii_whitespace);
    if bare || matches!(call.request.json(), Ok(Value::Null)) {
        return Ok(Map::new());
    }
    match camel_case(Value::Object(call.body()?)) {
        Value::Object(given) => Ok(given),
        _ => Ok(Map::new()),
    }
}

/// `destinationId` of a move or copy.
fn destination(call: &Call<'_>) -> Result<String, Refusal> {
    let given = parameters(call)?;
    let text = given.get("destinationId").and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| unreadable("destinationId"))
}

/// Whether the body is a mail in base64 rather than JSON.
fn is_mime(call: &Call<'_>) -> bool {
    let kind = call.request.header("content-type").unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/plain")
}

/// A bare number, as `$count` answers.
fn count(number: usize) -> Reply {
    Reply::text(200, "text/plain", number.to_string())
}
