//! Salesforce's Task, to and from the canonical task.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use syncline_core::fingerprint::{one_line, plain};
use syncline_core::item::Patch;
use syncline_core::observation::ItemSeen;
use syncline_core::task::{Importance, Task, TaskField, TaskStatus};
use syncline_core::time::Window;
use syncline_ports::Loss;

use crate::KEY_FIELD;
use crate::object::{Extra, Object, Selection, owner};
use crate::row::{Problem, Row, text};
use crate::soql::instant;

/// How long a completed task is still listed, days (D-02).
const COMPLETED_DAYS: u32 = 14;

impl Object for Task {
    const NAME: &'static str = "Task";
    const COLUMNS: &'static [&'static str] = &[
        KEY_FIELD,
        "Subject",
        "Description",
        "ActivityDate",
        "Status",
        "Priority",
        "IsClosed",
        "IsHighPriority",
        "IsReminderSet",
        "ReminderDateTime",
        "TaskSubtype",
        "IsRecurrence",
    ];
    const EXTRAS: &'static [Extra] = &[];
    const FIELDS: &'static [TaskField] = &TaskField::ALL;
    const NATURAL: &'static [&'static str] = &["Subject", "ActivityDate", "Status", "Priority"];
    type Seen = ItemSeen<Task>;

    fn needs(field: TaskField) -> &'static [&'static str] {
        match field {
            TaskField::Subject => &["Subject"],
            TaskField::Body => &["Description"],
            TaskField::Due => &["ActivityDate"],
            TaskField::Status => &["Status"],
            TaskField::Importance => &["Priority"],
            TaskField::Reminder => &["IsReminderSet", "ReminderDateTime"],
        }
    }

    fn seen(row: Row<'_>, hidden: &BTreeSet<TaskField>) -> Result<ItemSeen<Task>, Problem> {
        let text = |field| row.text(field).map(|text| text.unwrap_or_default().to_owned());
        let reminder = row.instant("ReminderDateTime")?;
        Ok(ItemSeen {
            id: row.id(),
            collection: owner(row)?,
            version: row.version()?,
            key: row.key()?,
            created: row.known_instant("CreatedDate")?,
            modified: row.known_instant("LastModifiedDate")?,
            is_marked: false,
            item: Task {
                subject: text("Subject")?,
                body: text("Description")?,
                due: row.day("ActivityDate")?,
                status: status(row)?,
                importance: importance(row)?,
                reminder: reminder.filter(|_| row.flag("IsReminderSet") == Ok(true)),
            },
            hidden: hidden.clone(),
        })
    }

    fn patched(current: &Self, patch: &Patch<Self>) -> Self {
        let (mut task, new) = (current.clone(), &patch.item);
        for field in &patch.fields {
            match field {
                TaskField::Subject => task.subject.clone_from(&new.subject),
                TaskField::Body => task.body.clone_from(&new.body),
                TaskField::Due => task.due = new.due,
                TaskField::Status => task.status = new.status,
                TaskField::Importance => task.importance = new.importance,
                TaskField::Reminder => task.reminder = new.reminder,
            }
        }
        task
    }

    /// Whom and what the task is about is not mirrored and stays as it is.
    fn record<'a>(task: &Self, fields: impl IntoIterator<Item = &'a TaskField>) -> (Map<String, Value>, Vec<Loss>) {
        let mut record = Map::new();
        let mut set = |name: &str, value: Value| {
            record.insert(name.to_owned(), value);
        };
        for field in fields {
            match field {
                TaskField::Subject => set("Subject", text(one_line(&task.subject))),
                TaskField::Body => set("Description", text(plain(&task.body))),
                TaskField::Due => set("ActivityDate", json!(task.due.map(|day| day.to_string()))),
                TaskField::Status => set("Status", json!(status_name(task.status))),
                TaskField::Importance => set("Priority", json!(importance_name(task.importance))),
                TaskField::Reminder => {
                    set("IsReminderSet", json!(task.reminder.is_some()));
                    set("ReminderDateTime", json!(task.reminder.map(instant)));
                }
            }
        }
        (record, Vec::new())
    }

    /// An e-mail that was recorded is a task too, and so is the pattern of a series; nobody has to do either.
    fn wanted(selection: &Selection<Self>) -> Vec<String> {
        let mut wanted = Vec::new();
        if selection.has("TaskSubtype") {
            wanted.push("TaskSubtype != 'Email' AND TaskSubtype != 'ListEmail'".to_owned());
        }
        if selection.has("IsRecurrence") {
            wanted.push("IsRecurrence = false".to_owned());
        }
        wanted
    }

    /// What is open, or was to be done or changed lately (D-02).
    fn listed(_: Option<&Window>, selection: &Selection<Self>) -> Vec<String> {
        if !selection.has("IsClosed") || !selection.has("ActivityDate") {
            return Vec::new();
        }
        let lately = format!("LAST_N_DAYS:{COMPLETED_DAYS}");
        vec![format!("(IsClosed = false OR ActivityDate >= {lately} OR SystemModstamp >= {lately})")]
    }
}

/// The standard values; an admin may add others, of which it is known whether they close the task.
fn status(row: Row<'_>) -> Result<TaskStatus, Problem> {
    Ok(match row.text("Status")? {
        Some("Not Started") => TaskStatus::NotStarted,
        Some("In Progress") => TaskStatus::InProgress,
        Some("Completed") => TaskStatus::Completed,
        Some("Waiting on someone else") => TaskStatus::Waiting,
        Some("Deferred") => TaskStatus::Deferred,
        _ if row.flag("IsClosed")? => TaskStatus::Completed,
        Some(_) => TaskStatus::InProgress,
        None => TaskStatus::NotStarted,
    })
}

fn status_name(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::NotStarted => "Not Started",
        TaskStatus::InProgress => "In Progress",
        TaskStatus::Completed => "Completed",
        TaskStatus::Waiting => "Waiting on someone else",
        TaskStatus::Deferred => "Deferred",
    }
}

fn importance(row: Row<'_>) -> Result<Importance, Problem> {
    Ok(match row.text("Priority")? {
        Some("High") => Importance::High,
        Some("Low") => Importance::Low,
        _ if row.flag("IsHighPriority")? => Importance::High,
        _ => Importance::Normal,
    })
}

fn importance_name(importance: Importance) -> &'static str {
    match importance {
        Importance::Low => "Low",
        Importance::Normal => "Normal",
        Importance::High => "High",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(changes: Value) -> Value {
        let mut row = json!({
            "Id": "00T1", "SystemModstamp": "2031-03-01T08:00:05.000+0000", "OwnerId": "005A",
            "CreatedDate": "2031-03-01T08:00:00.000+0000", "LastModifiedDate": "2031-03-01T08:00:04.000+0000",
            "IsDeleted": false, "Subject": "Call Mia", "Description": "One\nTwo", "ActivityDate": "2031-03-04",
            "Status": "In Progress", "Priority": "High", "IsClosed": false, "IsHighPriority": true,
            "IsReminderSet": true, "ReminderDateTime": "2031-03-04T08:00:00.000+0000",
        });
        let Value::Object(changes) = changes else { panic!("an object") };
        row.as_object_mut().unwrap().extend(changes);
        row
    }

    fn task() -> Task {
        Task {
            subject: "Call Mia".into(),
            body: "One\nTwo".into(),
            due: Some("2031-03-04".parse().unwrap()),
            status: TaskStatus::InProgress,
            importance: Importance::High,
            reminder: Some("2031-03-04T08:00:00Z".parse().unwrap()),
        }
    }

    fn read(changes: Value) -> Task {
        Task::seen(Row(&row(changes)), &BTreeSet::new()).unwrap().item
    }

    #[test]
    fn a_task_is_read_and_written_the_same() {
        assert_eq!(read(json!({})), task());
        let written = Task::record(&task(), &TaskField::ALL).0;
        let expected = json!({
            "Subject": "Call Mia", "Description": "One\nTwo", "ActivityDate": "2031-03-04", "Status": "In Progress",
            "Priority": "High", "IsReminderSet": true, "ReminderDateTime": "2031-03-04T08:00:00Z",
        });
        assert_eq!(Value::Object(written), expected);
        let bare = Task { due: None, reminder: None, body: String::new(), ..task() };
        let written = Value::Object(Task::record(&bare, &TaskField::ALL).0);
        assert_eq!((&written["ActivityDate"], &written["IsReminderSet"]), (&Value::Null, &json!(false)));
        assert_eq!((&written["ReminderDateTime"], &written["Description"]), (&Value::Null, &Value::Null));
    }

    #[test]
    fn d21_every_status_and_priority_has_its_name() {
        for status in [
            TaskStatus::NotStarted,
            TaskStatus::InProgress,
            TaskStatus::Completed,
            TaskStatus::Waiting,
            TaskStatus::Deferred,
        ] {
            assert_eq!(read(json!({"Status": status_name(status)})).status, status);
        }
        for importance in [Importance::Low, Importance::Normal, Importance::High] {
            let name = importance_name(importance);
            assert_eq!(read(json!({"Priority": name, "IsHighPriority": name == "High"})).importance, importance);
        }
    }

    #[test]
    fn what_an_admin_added_is_read_by_what_it_means() {
        assert_eq!(read(json!({"Status": "Escalated"})).status, TaskStatus::InProgress);
        assert_eq!(read(json!({"Status": "Won't do", "IsClosed": true})).status, TaskStatus::Completed);
        assert_eq!(read(json!({"Priority": "Urgent"})).importance, Importance::High);
        assert_eq!(read(json!({"Priority": "Some day", "IsHighPriority": false})).importance, Importance::Normal);
        assert_eq!(read(json!({"IsReminderSet": false})).reminder, None);
    }
}
