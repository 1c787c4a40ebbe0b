//! Tasks: to and from their canonical form.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde_json::{Map, Value, json};
use syncline_core::ids::{RemoteId, SyncKey, Version};
use syncline_core::item::Patch;
use syncline_core::observation::{ItemSeen, Observation};
use syncline_core::task::{Importance, Task, TaskField, TaskStatus};

use crate::client;
use crate::event::Owner;
use crate::row::{Problem, Row};
use crate::text;
use crate::zones;

/// Who made the linked resource that holds an item's key.
const APPLICATION: &str = "Syncline";
/// What stands between the list's id and the task's; no id of Graph holds it.
const SEPARATOR: char = '|';

/// Where a task is: To Do reads and writes it only through its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    pub(crate) list: &'a str,
    pub(crate) task: &'a str,
}

impl<'a> Place<'a> {
    /// `None` for what was never an id of ours.
    pub(crate) fn of(id: &'a RemoteId) -> Option<Self> {
        let (list, task) = id.as_str().split_once(SEPARATOR)?;
        (!list.is_empty() && !task.is_empty()).then_some(Self { list, task })
    }

    /// The id that names both.
    pub(crate) fn id(self) -> RemoteId {
        RemoteId::new(format!("{}{SEPARATOR}{}", self.list, self.task))
    }
}

/// A complete task, such as a read by id shows.
pub(crate) fn observed(asked: &RemoteId, list: &str, value: &Value, owner: &Owner) -> Observation<ItemSeen<Task>> {
    match seen(list, value, owner) {
        Ok(seen) => Observation::Present(Box::new(seen)),
        Err(Problem(problem)) => Observation::Unreadable { id: asked.clone(), problem },
    }
}

/// The same, for a caller that has no use for what cannot be read.
pub(crate) fn seen(list: &str, value: &Value, owner: &Owner) -> Result<ItemSeen<Task>, Problem> {
    let row = Row::of(value)?;
    let id = row.text("id")?.filter(|id| !id.is_empty()).ok_or_else(|| Problem::missing("id"))?;
    let mut categories = row.list("categories")?.iter().filter_map(Value::as_str);
    Ok(ItemSeen {
        id: Place { list, task: id }.id(),
        collection: RemoteId::new(list),
        version: version(row)?,
        key: key(row)?,
        created: row.instant("createdDateTime")?.ok_or_else(|| Problem::missing("createdDateTime"))?,
        modified: row.instant("lastModifiedDateTime")?.ok_or_else(|| Problem::missing("lastModifiedDateTime"))?,
        is_marked: categories.any(|category| category.to_lowercase() == owner.category),
        item: Task {
            subject: row.string("title")?,
            body: text::of_body(row, "body")?,
            due: due(row)?,
            status: status(row)?,
            importance: importance(row.text("importance")?),
            reminder: reminder(row)?,
        },
        hidden: std::collections::BTreeSet::new(),
    })
}

/// A task has no change key. Where it shows no `ETag` either, the time of its last change has to do.
pub(crate) fn version(row: Row<'_>) -> Result<Version, Problem> {
    let text = match row.text("@odata.etag")? {
        Some(etag) => Some(etag),
        None => row.text("lastModifiedDateTime")?,
    };
    text.map(Version::new).ok_or_else(|| Problem::missing("@odata.etag"))
}

/// The key that Syncline gave a task, if `linkedResources` were asked for.
pub(crate) fn key(row: Row<'_>) -> Result<Option<SyncKey>, Problem> {
    for link in row.list("linkedResources")? {
        let link = Row::of(link)?;
        let is_ours = link.text("applicationName")?.is_some_and(|name| name.eq_ignore_ascii_case(APPLICATION));
        if let Some(key) = link.text("externalId")?.filter(|key| is_ours && !key.is_empty()) {
            return Ok(Some(SyncKey::from_text(key)));
        }
    }
    Ok(None)
}

/// The date as it stands, whatever its zone: To Do keeps nothing else of it.
fn due(row: Row<'_>) -> Result<Option<Date>, Problem> {
    Ok(wall(row, "dueDateTime")?.map(|(at, _)| at.date()))
}

fn reminder(row: Row<'_>) -> Result<Option<Timestamp>, Problem> {
    const NAME: &str = "reminderDateTime";
    let Some((at, zone)) = wall(row, NAME)?.filter(|_| !matches!(row.flag("isReminderOn"), Ok(Some(false)))) else {
        return Ok(None);
    };
    row.flag("isReminderOn")?;
    let zone = zones::zone(zone).ok_or_else(|| Problem(format!("{NAME}.timeZone is not known")))?;
    let at = at.to_zoned(zone).map_err(|_| Problem(format!("{NAME} is out of range")))?;
    Ok(Some(at.timestamp()))
}

/// `{dateTime, timeZone}` as it stands. To Do shows a time in the zone in which it was written.
fn wall<'a>(row: Row<'a>, name: &str) -> Result<Option<(DateTime, &'a str)>, Problem> {
    let Some(at) = row.object(name)? else {
        return Ok(None);
    };
    let text = at.text("dateTime")?.ok_or_else(|| Problem(format!("{name}.dateTime is missing")))?;
    let text = text.strip_suffix('Z').unwrap_or(text);
    let moment = text.parse().map_err(|_| Problem(format!("{name}.dateTime is no date and time")))?;
    Ok(Some((moment, at.text("timeZone")?.unwrap_or("UTC"))))
}

/// Of a status that is not known only this can be said: whether the task is completed.
fn status(row: Row<'_>) -> Result<TaskStatus, Problem> {
    let name = row.text("status")?.unwrap_or_default();
    let known = STATUS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, status)| *status);
    let is_completed = row.has("completedDateTime");
    Ok(known.unwrap_or(if is_completed { TaskStatus::Completed } else { TaskStatus::NotStarted }))
}

const STATUS: [(&str, TaskStatus); 5] = [
    ("notStarted", TaskStatus::NotStarted),
    ("inProgress", TaskStatus::InProgress),
    ("completed", TaskStatus::Completed),
    ("waitingOnOthers", TaskStatus::Waiting),
    ("deferred", TaskStatus::Deferred),
];

fn status_name(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::NotStarted => "notStarted",
        TaskStatus::InProgress => "inProgress",
        TaskStatus::Completed => "completed",
        TaskStatus::Waiting => "waitingOnOthers",
        TaskStatus::Deferred => "deferred",
    }
}

fn importance(name: Option<&str>) -> Importance {
    match name.unwrap_or_default().to_ascii_lowercase().as_str() {
        "low" => Importance::Low,
        "high" => Importance::High,
        _ => Importance::Normal,
    }
}

fn importance_name(importance: Importance) -> &'static str {
    match importance {
        Importance::Low => "low",
        Importance::Normal => "normal",
        Importance::High => "high",
    }
}

/// The body of a create. To Do knows no transaction: repeated it makes a second task.
pub(crate) fn create_body(key: &SyncKey, task: &Task) -> Value {
    let mut body = Map::new();
    for field in TaskField::ALL {
        write(field, task, &mut body);
    }
    // What is not there needs no saying.
    body.retain(|_, value| !value.is_null());
    let link = json!({ "applicationName": APPLICATION, "externalId": key.as_str(), "displayName": APPLICATION });
    body.insert("linkedResources".to_owned(), json!([link]));
    Value::Object(body)
}

/// The body of a change: the fields named and no other, so that a recurring task goes on recurring.
pub(crate) fn patch_body(patch: &Patch<Task>) -> Value {
    let mut body = Map::new();
    for field in &patch.fields {
        write(*field, &patch.item, &mut body);
    }
    Value::Object(body)
}

fn write(field: TaskField, task: &Task, body: &mut Map<String, Value>) {
    let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
    let in_utc = |at: String| json!({ "dateTime": at.trim_end_matches('Z'), "timeZone": "UTC" });
    match field {
        TaskField::Subject => {
            set("title", json!(task.subject));
        }
        TaskField::Body => {
            set("body", json!({ "contentType": "text", "content": task.body }));
        }
        TaskField::Due => {
            set("dueDateTime", task.due.map_or(Value::Null, |due| in_utc(format!("{due}T00:00:00"))));
        }
        TaskField::Status => {
            set("status", json!(status_name(task.status)));
        }
        TaskField::Importance => {
            set("importance", json!(importance_name(task.importance)));
        }
        TaskField::Reminder => {
            set("isReminderOn", json!(task.reminder.is_some()));
            set("reminderDateTime", task.reminder.map_or(Value::Null, |at| in_utc(client::instant(at))));
        }
    }
}

#[cfg(test)]
mod tests;
