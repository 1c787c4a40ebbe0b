//! Tasks, and how one is read from a client's JSON.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Link, Step, TaskFile};
use crate::model::recurrence::Recurrence;
use crate::model::{
    Body, Stamp, Zone, civil_text, read_choice, read_flag, read_instant, read_text, read_words, unknown_property,
    unreadable, unsupported_zone,
};
use crate::refusal::Refusal;

const STATUS: [&str; 5] = ["notStarted", "inProgress", "completed", "waitingOnOthers", "deferred"];
const IMPORTANCE: [&str; 3] = ["low", "normal", "high"];
const COMPLETED: &str = "completed";
/// Writing these changes nothing and is no error.
const READ_ONLY: [&str; 5] =
    ["id", "createdDateTime", "lastModifiedDateTime", "bodyLastModifiedDateTime", "hasAttachments"];

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) stamp: Stamp,
    pub(crate) title: String,
    pub(crate) status: String,
    pub(crate) importance: String,
    pub(crate) categories: Vec<String>,
    pub(crate) body: Body,
    pub(crate) body_modified: Option<Timestamp>,
    pub(crate) start: Option<Wall>,
    pub(crate) due: Option<Wall>,
    pub(crate) completed: Option<Wall>,
    pub(crate) is_reminder_on: bool,
    pub(crate) reminder: Option<Wall>,
    pub(crate) repeat: Option<Recurrence>,
    pub(crate) links: Vec<Link>,
    pub(crate) steps: Vec<Step>,
    pub(crate) files: Vec<TaskFile>,
    /// The number of the next link, step or file.
    pub(crate) next_part: u64,
}

/// A wall clock time in a zone, under the name that a client gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wall {
    pub(crate) at: DateTime,
    pub(crate) zone: String,
}

impl Wall {
    /// A `dateTimeTimeZone`; without a zone it is in UTC.
    fn read(name: &str, value: &Value) -> Result<Option<Self>, Refusal> {
        if value.is_null() {
            return Ok(None);
        }
        let zone = match value.get("timeZone").and_then(Value::as_str) {
            Some(zone) => Zone::named(zone).ok_or_else(|| unsupported_zone(zone))?,
            None => Zone::utc(),
        };
        let text = value.get("dateTime").and_then(Value::as_str).ok_or_else(|| unreadable(name))?;
        let (mut at, offset) = read_instant(text).ok_or_else(|| unreadable(name))?;
        if let Some(offset) = offset {
            let instant = Zone::utc().to_instant(at).and_then(|at| at.checked_sub(offset).ok());
            at = zone.to_civil(instant.ok_or_else(|| unreadable(name))?);
        }
        Ok(Some(Self { at, zone: zone.name }))
    }

    /// The same, with nothing kept but the date.
    fn read_date(name: &str, value: &Value) -> Result<Option<Self>, Refusal> {
        Ok(Self::read(name, value)?.map(|wall| Self::on(wall.at.date(), &wall.zone)))
    }

    /// Midnight of a date.
    pub(super) fn on(date: Date, zone: &str) -> Self {
        Self { at: date.to_datetime(jiff::civil::Time::midnight()), zone: zone.to_owned() }
    }

    pub(crate) fn show(&self) -> Value {
        json!({"dateTime": civil_text(self.at), "timeZone": self.zone})
    }
}

impl Task {
    /// A task as a client posted it, not yet in a list.
    pub(crate) fn new(body: &Map<String, Value>, now: Timestamp) -> Result<Self, Refusal> {
        let mut task = Self {
            // A refused task leaves no trace: the real stamp is taken at the end.
            stamp: Stamp { key: 0, scope: 0, generation: 0, version: 0, born: 0, created: now, modified: now },
            title: String::new(),
            status: STATUS[0].to_owned(),
            importance: "normal".to_owned(),
            categories: Vec::new(),
            body: Body::text(""),
            body_modified: None,
            start: None,
            due: None,
            completed: None,
            is_reminder_on: false,
            reminder: None,
            repeat: None,
            links: Vec::new(),
            steps: Vec::new(),
            files: Vec::new(),
            next_part: 1,
        };
        let (parts, own): (Map<String, Value>, Map<String, Value>) =
            body.clone().into_iter().partition(|(name, _)| is_relation(name));
        task.apply(&own, now)?;
        for (name, list) in &parts {
            let list = list.as_array().ok_or_else(|| unreadable(name))?;
            for part in list {
                let part = part.as_object().ok_or_else(|| unreadable(name))?;
                match name.as_str() {
                    "linkedResources" => task.add_link(part)?,
                    "checklistItems" => task.add_step(part, now)?,
                    _ => task.add_file(part, now)?,
                };
            }
        }
        Ok(task)
    }

    /// Takes over the properties of a POST or PATCH.
    pub(crate) fn apply(&mut self, body: &Map<String, Value>, now: Timestamp) -> Result<(), Refusal> {
        for (name, value) in body {
            match name.as_str() {
                "title" => self.title = read_text(name, value)?.unwrap_or_default(),
                "status" => self.status = read_choice(name, value, &STATUS)?,
                "importance" => self.importance = read_choice(name, value, &IMPORTANCE)?,
                "categories" => self.categories = read_words(name, value)?,
                "body" => {
                    self.body = read_task_body(value)?;
                    self.body_modified = Some(now);
                }
                "startDateTime" => self.start = Wall::read_date(name, value)?,
                "dueDateTime" => self.due = Wall::read_date(name, value)?,
                "completedDateTime" => self.completed = Wall::read_date(name, value)?,
                "isReminderOn" => self.is_reminder_on = read_flag(name, value)?,
                "reminderDateTime" => self.reminder = Wall::read(name, value)?,
                // Read below, when the due date is known.
                "recurrence" => {}
                name if name.contains('@') || READ_ONLY.contains(&name) => {}
                name => return Err(unknown_property(name, "microsoft.toDo.todoTask")),
            }
        }
        if let Some(value) = body.get("recurrence") {
            self.repeat = self.read_recurrence(value, now)?;
        }
        self.settle(body, now);
        Ok(())
    }

    /// Without a first date the task comes first when it is due, else today.
    fn read_recurrence(&self, value: &Value, now: Timestamp) -> Result<Option<Recurrence>, Refusal> {
        if value.is_null() {
            return Ok(None);
        }
        let due = self.due.as_ref().and_then(|due| Zone::utc().to_instant(due.at));
        let zone = self.due.as_ref().map_or("UTC", |due| due.zone.as_str());
        Recurrence::read(value, due.unwrap_or(now), true, zone).map(Some)
    }

    /// What follows for the other properties.
    fn settle(&mut self, body: &Map<String, Value>, now: Timestamp) {
        if body.contains_key("completedDateTime") && !body.contains_key("status") {
            if self.completed.is_some() {
                COMPLETED.clone_into(&mut self.status);
            } else if self.is_completed() {
                STATUS[0].clone_into(&mut self.status);
            }
        }
        if !self.is_completed() {
            self.completed = None;
        } else if self.completed.is_none() {
            self.completed = Some(Wall::on(Zone::utc().to_civil(now).date(), "UTC"));
        }
        if body.contains_key("reminderDateTime") && !body.contains_key("isReminderOn") {
            self.is_reminder_on = self.reminder.is_some();
        }
        if !self.is_reminder_on {
            self.reminder = None;
        }
        if let (Some(repeat), None) = (&self.repeat, &self.due) {
            self.due = Some(Wall::on(repeat.start, &repeat.zone));
        }
    }

    pub(crate) fn is_completed(&self) -> bool {
        self.status == COMPLETED
    }

    /// If a recurring task is completed now: it stays as the one turn that was done, and the task of the
    /// next turn is handed back, unless that was the last.
    pub(super) fn finish_turn(&mut self) -> Option<Self> {
        if !self.is_completed() {
            return None;
        }
        let (repeat, due) = (self.repeat.take()?, self.due.clone()?);
        let date = repeat.from(due.at.date().tomorrow().ok()?).next()?;
        let days = date.since(due.at.date()).ok()?;
        let moved = |wall: &Wall| Some(Wall { at: wall.at.checked_add(days).ok()?, zone: wall.zone.clone() });
        let mut next = self.clone();
        next.repeat = Some(repeat);
        STATUS[0].clone_into(&mut next.status);
        next.completed = None;
        next.due = Some(Wall::on(date, &due.zone));
        next.start = self.start.as_ref().and_then(moved);
        next.reminder = self.reminder.as_ref().and_then(moved);
        next.steps.iter_mut().for_each(|step| step.checked = None);
        Some(next)
    }
}

/// Whether a property holds things of their own, which a change of the task cannot name.
fn is_relation(name: &str) -> bool {
    matches!(name, "linkedResources" | "checklistItems" | "attachments")
}

fn read_task_body(value: &Value) -> Result<Body, Refusal> {
    if value.is_null() {
        return Ok(Body::text(""));
    }
    let content = match value.get("content") {
        None => None,
        Some(content) => read_text("content", content)?,
    };
    let kind = match value.get("contentType") {
        None | Some(Value::Null) => "text".to_owned(),
        Some(kind) => read_choice("contentType", kind, &["text", "html"])?,
    };
    let content = content.unwrap_or_default();
    Ok(Body { is_text: kind == "text" || content.is_empty(), content })
}
