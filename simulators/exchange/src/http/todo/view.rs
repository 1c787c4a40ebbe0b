//! Task lists and tasks as JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::http::odata::{Object, Options, Schema};
use crate::model::ids::{self, Kind};
use crate::model::{Link, Mailbox, Step, Task, TaskFile, TaskList, stamp_text};

pub(crate) const LIST: Schema = Schema {
    name: "todoTaskList",
    properties: &["id", "displayName", "isOwner", "isShared", "wellknownListName"],
    keeps_id: true,
    page: 10,
    strict_order: false,
};

pub(crate) const TASK: Schema = Schema {
    name: "todoTask",
    properties: &[
        "id",
        "title",
        "status",
        "importance",
        "isReminderOn",
        "categories",
        "body",
        "bodyLastModifiedDateTime",
        "startDateTime",
        "dueDateTime",
        "completedDateTime",
        "reminderDateTime",
        "recurrence",
        "createdDateTime",
        "lastModifiedDateTime",
        "hasAttachments",
        "linkedResources",
        "checklistItems",
    ],
    keeps_id: true,
    page: 10,
    strict_order: false,
};

pub(super) const LINK: Schema = Schema {
    name: "linkedResource",
    properties: &["id", "webUrl", "applicationName", "displayName", "externalId"],
    keeps_id: true,
    page: 10,
    strict_order: false,
};

pub(super) const STEP: Schema = Schema {
    name: "checklistItem",
    properties: &["id", "displayName", "createdDateTime", "checkedDateTime", "isChecked"],
    keeps_id: true,
    page: 100,
    strict_order: false,
};

pub(super) const FILE: Schema = Schema {
    name: "taskFileAttachment",
    properties: &["id", "name", "contentType", "size", "lastModifiedDateTime", "contentBytes"],
    keeps_id: true,
    page: 10,
    strict_order: false,
};

pub(crate) fn list(mailbox: &Mailbox, item: &TaskList) -> Object {
    object(json!({
        "@odata.etag": mailbox.etag(&item.stamp), "displayName": item.display_name, "isOwner": true,
        "isShared": false, "wellknownListName": item.role.name(),
        "id": mailbox.container_id(Kind::TaskList, item.stamp.key),
    }))
}

/// A task with what the options expand. What has no value is not there.
pub(crate) fn task_row(mailbox: &Mailbox, item: &Task, options: &Options, text_body: bool, immutable: bool) -> Object {
    let mut map = task(mailbox, item, text_body, immutable);
    if options.selects("bodyLastModifiedDateTime") {
        let at = item.body_modified.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), stamp_text);
        map.insert("bodyLastModifiedDateTime".into(), at.into());
    }
    for name in &options.expanded {
        let parts: Vec<Value> = parts(mailbox, item, name).into_iter().map(Value::Object).collect();
        map.insert((*name).to_owned(), parts.into());
    }
    map
}

/// The task as filters see it.
pub(crate) fn for_filter(mailbox: &Mailbox, item: &Task) -> Object {
    let mut map = task(mailbox, item, false, false);
    for name in ["linkedResources", "checklistItems"] {
        let parts: Vec<Value> = parts(mailbox, item, name).into_iter().map(Value::Object).collect();
        map.insert(name.to_owned(), parts.into());
    }
    map
}

fn task(mailbox: &Mailbox, item: &Task, text_body: bool, immutable: bool) -> Object {
    let stamp = &item.stamp;
    let body = if item.body.is_text || text_body {
        json!({"content": item.body.plain(), "contentType": "text"})
    } else {
        json!({"content": item.body.content, "contentType": "html"})
    };
    let mut map = object(json!({
        "@odata.etag": mailbox.etag(stamp), "importance": item.importance, "isReminderOn": item.is_reminder_on,
        "status": item.status, "title": item.title, "createdDateTime": stamp_text(stamp.created),
        "lastModifiedDateTime": stamp_text(stamp.modified), "hasAttachments": !item.files.is_empty(),
        "categories": item.categories, "id": mailbox.item_id(Kind::Task, stamp.key, stamp.generation, immutable),
        "body": body,
    }));
    let times = [
        ("startDateTime", &item.start),
        ("dueDateTime", &item.due),
        ("completedDateTime", &item.completed),
        ("reminderDateTime", &item.reminder),
    ];
    for (name, wall) in times {
        if let Some(wall) = wall {
            map.insert(name.into(), wall.show());
        }
    }
    if let Some(repeat) = &item.repeat {
        map.insert("recurrence".into(), repeat.show());
    }
    map
}

/// What hangs on a task, by the name of the relation.
pub(super) fn parts(mailbox: &Mailbox, item: &Task, name: &str) -> Vec<Object> {
    match name {
        "linkedResources" => item.links.iter().map(|part| link(mailbox, item, part)).collect(),
        "checklistItems" => item.steps.iter().map(|part| step(mailbox, item, part)).collect(),
        _ => item.files.iter().map(|part| file(mailbox, item, part, false)).collect(),
    }
}

/// The id of a part of a task.
pub(super) fn part_id(mailbox: &Mailbox, item: &Task, number: u64) -> String {
    ids::guid(&[&mailbox.id, "task part", &item.stamp.key.to_string(), &number.to_string()])
}

fn link(mailbox: &Mailbox, item: &Task, part: &Link) -> Object {
    let mut map = part.fields.clone();
    map.insert("id".into(), part_id(mailbox, item, part.number).into());
    map
}

fn step(mailbox: &Mailbox, item: &Task, part: &Step) -> Object {
    let mut map = object(json!({
        "displayName": part.name, "createdDateTime": stamp_text(part.created), "isChecked": part.checked.is_some(),
        "id": part_id(mailbox, item, part.number),
    }));
    if let Some(at) = part.checked {
        map.insert("checkedDateTime".into(), stamp_text(at).into());
    }
    map
}

/// A list of files leaves out their bytes.
pub(super) fn file(mailbox: &Mailbox, item: &Task, part: &TaskFile, with_bytes: bool) -> Object {
    let mut map = object(json!({
        "@odata.type": "#microsoft.graph.taskFileAttachment", "id": part_id(mailbox, item, part.number),
        "lastModifiedDateTime": stamp_text(part.modified), "name": part.name, "contentType": part.content_type,
        "size": part.bytes.0.len(),
    }));
    if with_bytes {
        map.insert("contentBytes".into(), STANDARD.encode(&part.bytes.0).into());
    }
    map
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
