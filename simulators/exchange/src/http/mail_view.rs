//! Messages, folders and attachments as JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::odata::{EXTENDED, Object, Options, Schema};
use crate::model::ids::{self, Kind};
use crate::model::{Attachment, Content, Folder, Mailbox, Message, stamp_text};

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
    properties: &["id", "lastModifiedDateTime", "name", "contentType", "size", "isInline"],
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
    for name in ["isDeliveryReceiptRequested", "isReadReceiptRequested"] {
        set(name, item.fields.get(name).cloned().unwrap_or(Value::Bool(false)));
    }
    set("parentFolderId", mailbox.container_id(Kind::Folder, item.stamp.scope).into());
    set("bodyPreview", item.body.preview().into());
    set("body", item.body.render(text_body));
    set(
        "webLink",
        format!("https://outlook.office365.com/owa/?ItemID={id}&exvsurl=1&viewmodel=ReadMessageItem").into(),
    );
    if options.selects("internetMessageHeaders") {
        let headers = item.internet_headers();
        // A message that was not sent yet has none but its author's own.
        if !headers.is_empty() {
            set("internetMessageHeaders", headers.into());
        }
    }
    if options.selects("uniqueBody") {
        set("uniqueBody", item.body.without_quoted().render(text_body));
    }
    if options.expand_attachments {
        let inner = options.for_attachments();
        let all = item.attachments();
        let list = all.iter().map(|one| Value::Object(inner.cut(attachment(mailbox, item, one, &inner, immutable))));
        set("attachments", list.collect());
    }
    map
}

/// The message as filters see it.
pub(crate) fn for_filter(mailbox: &Mailbox, item: &Message) -> Object {
    let mut map = message(mailbox, item, &Options::default(), false, false);
    map.insert(EXTENDED.into(), item.searchable_properties().into());
    map
}

pub(crate) fn folder(mailbox: &Mailbox, folder: &Folder) -> Object {
    let inside = || mailbox.messages_in(folder.key);
    let unread = inside().filter(|item| item.fields.get("isRead") == Some(&Value::Bool(false))).count();
    let size: usize = inside().map(Message::size).sum();
    let folder = json!({
        "id": mailbox.container_id(Kind::Folder, folder.key), "displayName": folder.display_name,
        "parentFolderId": mailbox.container_id(Kind::Folder, folder.parent),
        "childFolderCount": mailbox.children(folder.key, false).count(),
        "unreadItemCount": unread, "totalItemCount": inside().count(), "sizeInBytes": size,
        "isHidden": folder.hidden,
    });
    match folder {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// The folder as filters see it.
pub(crate) fn folder_for_filter(mailbox: &Mailbox, item: &Folder) -> Object {
    let mut map = folder(mailbox, item);
    map.insert(EXTENDED.into(), folder_properties(mailbox, item).into());
    map
}

/// The extended properties of a folder: what was written, its class, its size.
pub(crate) fn folder_properties(mailbox: &Mailbox, item: &Folder) -> Vec<Value> {
    let size: usize = mailbox.messages_in(item.key).map(Message::size).sum();
    let mut all = item.extended.list();
    for (id, value) in [
        ("String 0x3613", "IPF.Note".to_owned()),
        ("Long 0xe08", size.to_string()),
        ("Integer 0xe08", size.to_string()),
    ] {
        if item.extended.get(id).is_none() {
            all.push(json!({"id": id, "value": value}));
        }
    }
    all
}

pub(crate) fn attachment_id(mailbox: &Mailbox, item: &Message, number: u32, immutable: bool) -> String {
    let stamp = &item.stamp;
    ids::attachment_id(&mailbox.item_id(Kind::Message, stamp.key, stamp.generation, immutable), number)
}

/// An attachment with its content; the item inside it only if asked for.
pub(crate) fn attachment(
    mailbox: &Mailbox,
    item: &Message,
    attachment: &Attachment,
    options: &Options,
    immutable: bool,
) -> Object {
    let mut map = Object::new();
    let mut set = |name: &str, value: Value| map.insert(name.to_owned(), value);
    let kind = match &attachment.content {
        Content::File { .. } => "file",
        Content::Mail { .. } | Content::Item { .. } => "item",
        Content::Reference { .. } => "reference",
    };
    set("@odata.type", format!("#microsoft.graph.{kind}Attachment").into());
    if let Content::File { .. } = &attachment.content {
        set("@odata.mediaContentType", attachment.content_type.clone().into());
    }
    set("id", attachment_id(mailbox, item, attachment.number, immutable).into());
    set("lastModifiedDateTime", stamp_text(attachment.modified).into());
    set("name", attachment.name.clone().into());
    set("contentType", attachment.content_type.clone().into());
    set("size", attachment.size().into());
    set("isInline", attachment.is_inline.into());
    match &attachment.content {
        Content::File { bytes } => {
            set("contentId", attachment.content_id.clone().into());
            set("contentLocation", attachment.content_location.clone().into());
            set("contentBytes", STANDARD.encode(bytes).into());
        }
        Content::Mail { .. } if options.expand_item => {
            if let Some(inner) = attachment.nested(mailbox, attachment.modified) {
                let mut shown = message(mailbox, &inner, &Options::default(), false, immutable);
                shown.retain(|name, _| name != "id" && name != "parentFolderId" && !name.starts_with('@'));
                shown.insert("@odata.type".into(), "#microsoft.graph.message".into());
                set("item", shown.into());
            }
        }
        Content::Item { item } if options.expand_item => {
            set("item", item.clone());
        }
        Content::Reference { fields } => {
            for (name, value) in fields {
                set(name, value.clone());
            }
        }
        Content::Mail { .. } | Content::Item { .. } => {}
    }
    map
}
