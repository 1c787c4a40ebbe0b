//! Messages, folders and attachments as JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::odata::{EXTENDED, Object, Options, Schema};
use crate::model::ids::{self, Kind};
use crate::model::{Folder, Mailbox, Message, stamp_text};

pub(crate) const MESSAGE: Schema = Schema {
    name: "message",
    properties: &[
        "id",
        "changeKey",
        "createdDateTime",
        "lastModifiedDateTime",
        "categories",
        "receivedDateTime",
        "sentDateTime",
        "hasAttachments",
        "internetMessageId",
        "internetMessageHeaders",
        "subject",
        "bodyPreview",
        "importance",
        "parentFolderId",
        "conversationId",
        "conversationIndex",
        "isDeliveryReceiptRequested",
        "isReadReceiptRequested",
        "isRead",
        "isDraft",
        "webLink",
        "inferenceClassification",
        "body",
        "uniqueBody",
        "sender",
        "from",
        "toRecipients",
        "ccRecipients",
        "bccRecipients",
        "replyTo",
        "flag",
    ],
    keeps_id: true,
    page: 10,
    strict_order: true,
};

pub(crate) const FOLDER: Schema = Schema {
    name: "mailFolder",
    properties: &[
        "id",
        "displayName",
        "parentFolderId",
        "childFolderCount",
        "unreadItemCount",
        "totalItemCount",
        "sizeInBytes",
        "isHidden",
    ],
    keeps_id: true,
    page: 10,
    strict_order: false,
};

pub(crate) const ATTACHMENT: Schema = Schema {
    name: "attachment",
    properties: &[
        "id",
        "lastModifiedDateTime",
        "name",
        "contentType",
        "size",
        "isInline",
        "contentId",
        "contentLocation",
        "contentBytes",
    ],
    keeps_id: true,
    page: 10,
    strict_order: false,
};

/// A message; headers, unique body and attachments only if asked for.
pub(crate) fn message(
    mailbox: &Mailbox,
    item: &Message,
    options: &Options,
    text_body: bool,
    immutable: bool,
) -> Object {
    let mut map = mailbox.head(item, immutable);
    map.extend(item.fields.clone());
    let id = map.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut set = |name: &str, value: Value| map.insert(name.to_owned(), value);
    set("receivedDateTime", stamp_text(item.received).into());
    set("sentDateTime", stamp_text(item.sent).into());
    set("isDraft", item.is_draft.into());
    set("isDeliveryReceiptRequested", false.into());
    set("isReadReceiptRequested", false.into());
    set("parentFolderId", mailbox.container_id(Kind::Folder, item.stamp.scope).into());
    set("bodyPreview", item.body.preview().into());
    set("body", item.body.render(text_body));
    set(
        "webLink",
        format!("https://outlook.office365.com/owa/?ItemID={id}&exvsurl=1&viewmodel=ReadMessageItem").into(),
    );
    if options.selects("internetMessageHeaders") {
        set("internetMessageHeaders", item.headers().into());
    }
    if options.selects("uniqueBody") {
        set("uniqueBody", item.body.render(text_body));
    }
    if options.expand_attachments {
        set("attachments", attachments(mailbox, item).into_iter().map(Value::Object).collect());
    }
    map
}

/// The message as filters see it.
pub(crate) fn for_filter(mailbox: &Mailbox, item: &Message) -> Object {
    let mut map = message(mailbox, item, &Options::default(), false, false);
    map.insert(EXTENDED.into(), item.extended.list().into());
    map
}

pub(crate) fn folder(mailbox: &Mailbox, folder: &Folder) -> Object {
    let inside = || mailbox.messages.values().filter(|item| item.stamp.scope == folder.key);
    let unread = inside().filter(|item| item.fields.get("isRead") == Some(&Value::Bool(false))).count();
    let children = mailbox.folders.values().filter(|other| is_child(folder, other)).count();
    let size: usize = inside().map(|item| item.mime.len()).sum();
    let folder = json!({
        "id": mailbox.container_id(Kind::Folder, folder.key), "displayName": folder.display_name,
        "parentFolderId": mailbox.container_id(Kind::Folder, folder.parent), "childFolderCount": children,
        "unreadItemCount": unread, "totalItemCount": inside().count(), "sizeInBytes": size,
        "isHidden": folder.hidden,
    });
    match folder {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Whether `other` is listed below `folder`; the root is its own parent.
pub(crate) fn is_child(folder: &Folder, other: &Folder) -> bool {
    other.parent == folder.key && other.key != folder.key && !other.hidden
}

/// The attachments with their content.
pub(crate) fn attachments(mailbox: &Mailbox, item: &Message) -> Vec<Object> {
    let modified = stamp_text(item.stamp.modified);
    let show = |(at, attachment): (usize, crate::model::Attachment)| {
        let mut map = Object::new();
        let mut set = |name: &str, value: Value| map.insert(name.to_owned(), value);
        let kind = if attachment.is_item { "item" } else { "file" };
        set("@odata.type", format!("#microsoft.graph.{kind}Attachment").into());
        set("@odata.mediaContentType", attachment.content_type.clone().into());
        set("id", attachment_id(mailbox, item, at).into());
        set("lastModifiedDateTime", modified.clone().into());
        set("name", attachment.name.into());
        set("contentType", attachment.content_type.into());
        set("size", attachment.bytes.len().into());
        set("isInline", attachment.is_inline.into());
        if !attachment.is_item {
            set("contentId", attachment.content_id.into());
            set("contentLocation", Value::Null);
            set("contentBytes", STANDARD.encode(&attachment.bytes).into());
        }
        map
    };
    item.attachments().into_iter().enumerate().map(show).collect()
}

fn attachment_id(mailbox: &Mailbox, item: &Message, at: usize) -> String {
    let generation = u32::try_from(at).unwrap_or(u32::MAX);
    ids::default_id(&mailbox.id, Kind::Attachment, item.stamp.key, generation)
}
