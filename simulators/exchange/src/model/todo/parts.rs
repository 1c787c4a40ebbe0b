//! What hangs on a task: linked resources, checklist items, files.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Task;
use crate::model::{Blob, read_flag, read_text, unknown_property, unreadable};
use crate::refusal::Refusal;

/// A larger file needs an upload session.
const MAX_FILE_BYTES: usize = 3 * 1024 * 1024;
const LINK_TEXTS: [&str; 4] = ["webUrl", "applicationName", "displayName", "externalId"];

/// Something elsewhere that a task came from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Link {
    /// Counts the parts of its task; its id is made of that.
    pub(crate) number: u64,
    pub(crate) fields: Map<String, Value>,
}

/// A checklist item.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) number: u64,
    pub(crate) name: String,
    pub(crate) created: Timestamp,
    /// When it was ticked off, if it is.
    pub(crate) checked: Option<Timestamp>,
}

/// A file attached to a task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TaskFile {
    pub(crate) number: u64,
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) modified: Timestamp,
    pub(crate) bytes: Blob,
}

impl Link {
    /// Takes over the properties of a POST or PATCH.
    pub(crate) fn apply(&mut self, body: &Map<String, Value>) -> Result<(), Refusal> {
        for (name, value) in body {
            match name.as_str() {
                name if LINK_TEXTS.contains(&name) => {
                    match read_text(name, value)? {
                        Some(text) => self.fields.insert(name.to_owned(), text.into()),
                        None => self.fields.remove(name),
                    };
                }
                name if name.contains('@') || name == "id" => {}
                name => return Err(unknown_property(name, "microsoft.toDo.linkedResource")),
            }
        }
        Ok(())
    }
}

impl Step {
    /// Takes over the properties of a POST or PATCH.
    pub(crate) fn apply(&mut self, body: &Map<String, Value>, now: Timestamp) -> Result<(), Refusal> {
        for (name, value) in body {
            match name.as_str() {
                "displayName" => self.name = read_text(name, value)?.unwrap_or_default(),
                "isChecked" => {
                    let checked = !value.is_null() && read_flag(name, value)?;
                    self.checked = checked.then(|| self.checked.unwrap_or(now));
                }
                // When it was made and ticked off is what the service saw.
                "createdDateTime" | "checkedDateTime" | "id" => {}
                name if name.contains('@') => {}
                name => return Err(unknown_property(name, "microsoft.toDo.checklistItem")),
            }
        }
        Ok(())
    }
}

impl TaskFile {
    fn read(body: &Map<String, Value>, number: u64, now: Timestamp) -> Result<Self, Refusal> {
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let bytes = text("contentBytes").and_then(|text| STANDARD.decode(text).ok());
        let bytes = bytes.ok_or_else(|| unreadable("contentBytes"))?;
        if bytes.len() > MAX_FILE_BYTES {
            let message = "The attachment is larger than 3 MB; use an upload session.";
            return Err(Refusal::new(413, "ErrorMessageSizeExceeded", message));
        }
        Ok(Self {
            number,
            name: text("name").filter(|name| !name.is_empty()).ok_or_else(|| unreadable("name"))?.to_owned(),
            content_type: text("contentType").unwrap_or("application/octet-stream").to_owned(),
            modified: now,
            bytes: Blob(bytes),
        })
    }
}

impl Task {
    /// Adds a linked resource and returns its number.
    pub(crate) fn add_link(&mut self, body: &Map<String, Value>) -> Result<u64, Refusal> {
        let mut link = Link { number: self.next_part, fields: Map::new() };
        link.apply(body)?;
        self.links.push(link);
        Ok(self.take_number())
    }

    /// Adds a checklist item and returns its number.
    pub(crate) fn add_step(&mut self, body: &Map<String, Value>, now: Timestamp) -> Result<u64, Refusal> {
        if body.get("displayName").is_none_or(Value::is_null) {
            return Err(unreadable("displayName"));
        }
        let mut step = Step { number: self.next_part, name: String::new(), created: now, checked: None };
        step.apply(body, now)?;
        self.steps.push(step);
        Ok(self.take_number())
    }

    /// Attaches a file and returns its number.
    pub(crate) fn add_file(&mut self, body: &Map<String, Value>, now: Timestamp) -> Result<u64, Refusal> {
        self.files.push(TaskFile::read(body, self.next_part, now)?);
        Ok(self.take_number())
    }

    fn take_number(&mut self) -> u64 {
        self.next_part += 1;
        self.next_part - 1
    }
}
