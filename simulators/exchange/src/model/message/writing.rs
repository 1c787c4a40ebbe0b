//! Messages as clients write them.

use serde_json::{Map, Value, json};

use super::{Attachment, Message};
use crate::model::{civil_text, read_body, read_flag, read_plain, stamp_text, unreadable};
use crate::refusal::Refusal;

/// Lists of people.
const PEOPLE: [&str; 4] = ["toRecipients", "ccRecipients", "bccRecipients", "replyTo"];
/// Own internet headers of one message.
const MAX_HEADERS: usize = 5;

/// Writing these changes nothing and is no error.
const READ_ONLY: [&str; 17] = [
    "id",
    "changeKey",
    "createdDateTime",
    "lastModifiedDateTime",
    "receivedDateTime",
    "sentDateTime",
    "hasAttachments",
    "bodyPreview",
    "parentFolderId",
    "conversationId",
    "conversationIndex",
    "isDraft",
    "webLink",
    "uniqueBody",
    "extensions",
    "multiValueExtendedProperties",
    "meetingMessageType",
];

/// What belongs to the message as it was sent.
const SENT: [&str; 10] = [
    "subject",
    "body",
    "toRecipients",
    "ccRecipients",
    "bccRecipients",
    "replyTo",
    "from",
    "sender",
    "isDeliveryReceiptRequested",
    "isReadReceiptRequested",
];

/// Who writes.
pub(crate) struct Writer<'a> {
    /// Whether the message is being created.
    pub(crate) new: bool,
    /// The display name of an address, if the directory has it.
    pub(crate) directory: &'a dyn Fn(&str) -> Option<String>,
    pub(crate) now: jiff::Timestamp,
}

impl Message {
    /// Takes over the properties of a POST or PATCH and returns the names of those that changed.
    pub(crate) fn apply(&mut self, body: &Map<String, Value>, writer: &Writer<'_>) -> Result<Vec<String>, Refusal> {
        let open = writer.new || self.is_draft;
        let mut changed = Vec::new();
        for (name, value) in body {
            if name.contains('@') || READ_ONLY.contains(&name.as_str()) {
                continue;
            }
            if SENT.contains(&name.as_str()) || name == "internetMessageId" {
                if !open {
                    let message = "Update operation is invalid for property of a sent message.";
                    return Err(Refusal::new(400, "ErrorInvalidPropertyUpdateSentMessage", message));
                }
                // What was sent as MIME is from now on written anew.
                self.open();
            }
            match name.as_str() {
                "isRead" | "isDeliveryReceiptRequested" | "isReadReceiptRequested" => {
                    let flag = if value.is_null() { false } else { read_flag(name, value)? };
                    self.fields.insert(name.clone(), flag.into());
                }
                "subject" | "internetMessageId" | "importance" if value.is_null() => {}
                "subject" | "internetMessageId" => {
                    self.fields.insert(name.clone(), value.as_str().ok_or_else(|| unreadable(name))?.into());
                }
                "categories" if value.is_null() => {
                    self.fields.insert(name.clone(), json!([]));
                }
                "categories" | "importance" => {
                    let read = read_plain(name, value).ok_or_else(|| unreadable(name))?;
                    self.fields.insert(name.clone(), read?);
                }
                "flag" => {
                    self.fields.insert(name.clone(), self.read_follow_up(value, writer)?);
                }
                "inferenceClassification" => {
                    self.fields.insert(name.clone(), read_choice(name, value, &["focused", "other"])?);
                }
                "body" => self.body = read_body(value)?,
                "from" | "sender" if value.is_null() => {
                    self.fields.remove(name);
                }
                "from" | "sender" => {
                    let person = writer.read_person(name, value)?;
                    if name == "from" && !body.contains_key("sender") {
                        self.fields.insert("sender".into(), person.clone());
                    }
                    self.fields.insert(name.clone(), person);
                }
                name if PEOPLE.contains(&name) => {
                    let list = match value {
                        Value::Null => Vec::new(),
                        list => list.as_array().ok_or_else(|| unreadable(name))?.clone(),
                    };
                    let people: Result<Vec<Value>, Refusal> =
                        list.iter().map(|person| writer.read_person(name, person)).collect();
                    self.fields.insert(name.to_owned(), people?.into());
                }
                "internetMessageHeaders" if writer.new => self.headers = read_headers(value)?,
                "attachments" if writer.new => {
                    for attachment in value.as_array().ok_or_else(|| unreadable(name))? {
                        self.attach(Attachment::read(attachment, writer.now)?);
                    }
                }
                "internetMessageHeaders" | "attachments" => {
                    return Err(Refusal::new(400, "ErrorInvalidPropertySet", "Set action is invalid for property."));
                }
                "singleValueExtendedProperties" => self.extended.apply(value)?,
                name => {
                    let message = format!(
                        "The property '{name}' does not exist on type 'Microsoft.OutlookServices.Message'. Make sure \
                         to only use property names that are defined by the type or mark the type as open type."
                    );
                    return Err(Refusal::unreadable(message));
                }
            }
            changed.push(name.clone());
        }
        if body.contains_key("singleValueExtendedProperties") {
            self.apply_properties(writer.new, body.contains_key("isRead"));
        }
        Ok(changed)
    }

    /// A flag keeps its dates as long as its state does; a completed one says since when.
    fn read_follow_up(&self, value: &Value, writer: &Writer<'_>) -> Result<Value, Refusal> {
        const DATES: [&str; 3] = ["startDateTime", "dueDateTime", "completedDateTime"];
        if value.is_null() {
            return Ok(json!({"flagStatus": "notFlagged"}));
        }
        let given = value.as_object().ok_or_else(|| unreadable("flag"))?;
        let before = self.fields.get("flag").and_then(Value::as_object).cloned().unwrap_or_default();
        let status = match given.get("flagStatus") {
            None | Some(Value::Null) => before.get("flagStatus").cloned().unwrap_or_else(|| "notFlagged".into()),
            Some(status) => read_choice("flagStatus", status, &["notFlagged", "complete", "flagged"])?,
        };
        let mut flag = Map::new();
        flag.insert("flagStatus".into(), status.clone());
        if status == "notFlagged" {
            return Ok(Value::Object(flag));
        }
        for name in DATES {
            let date = given.get(name).or_else(|| before.get(name)).filter(|date| !date.is_null());
            if let Some(date) = date {
                flag.insert(name.into(), read_date(name, date)?);
            }
        }
        if flag.contains_key("dueDateTime") && !flag.contains_key("startDateTime") {
            let message = "The start date must be set together with the due date of a flag.";
            return Err(Refusal::new(400, "ErrorInvalidArgument", message));
        }
        if status == "complete" {
            let today = stamp_text(writer.now);
            let today = format!("{}T00:00:00.0000000", today.split('T').next().unwrap_or_default());
            flag.entry("completedDateTime").or_insert_with(|| json!({"dateTime": today, "timeZone": "UTC"}));
        } else {
            flag.remove("completedDateTime");
        }
        Ok(Value::Object(flag))
    }
}

impl Writer<'_> {
    /// `{emailAddress: {name, address}}`; who is in the directory has a name without being given one.
    fn read_person(&self, list: &str, value: &Value) -> Result<Value, Refusal> {
        let email = value.get("emailAddress").filter(|email| email.is_object()).ok_or_else(|| unreadable(list))?;
        let text = |name: &str| match email.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_str().map(|text| Some(text.trim().to_owned())).ok_or_else(|| unreadable(list)),
        };
        let address = text("address")?.filter(|address| !address.is_empty());
        let name = text("name")?.filter(|name| !name.is_empty());
        let known = || address.as_deref().and_then(|address| (self.directory)(address)).or_else(|| address.clone());
        let mut email = Map::new();
        email.insert("name".into(), name.or_else(known).into());
        email.insert("address".into(), address.into());
        email.retain(|_, value| !value.is_null());
        Ok(json!({ "emailAddress": email }))
    }
}

fn read_choice(name: &str, value: &Value, choices: &[&str]) -> Result<Value, Refusal> {
    let text = value.as_str().ok_or_else(|| unreadable(name))?;
    let choice = choices.iter().find(|choice| choice.eq_ignore_ascii_case(text));
    let missing = || Refusal::unreadable(format!("Requested value '{text}' was not found."));
    choice.map(|choice| Value::from(*choice)).ok_or_else(missing)
}

fn read_date(name: &str, value: &Value) -> Result<Value, Refusal> {
    let text = value.get("dateTime").and_then(Value::as_str).ok_or_else(|| unreadable(name))?;
    let (civil, _) = crate::model::read_instant(text).ok_or_else(|| unreadable(name))?;
    let zone = value.get("timeZone").and_then(Value::as_str).unwrap_or("UTC");
    Ok(json!({"dateTime": civil_text(civil), "timeZone": zone}))
}

fn read_headers(value: &Value) -> Result<Vec<(String, String)>, Refusal> {
    const COUNT: &str = "InvalidInternetMessageHeaderCollection";
    let list = value.as_array().ok_or_else(|| unreadable("internetMessageHeaders"))?;
    if list.is_empty() {
        let message = "The collection of internet message headers should not be empty.";
        return Err(Refusal::new(400, COUNT, message));
    }
    if list.len() > MAX_HEADERS {
        let message =
            format!("Maximum number of headers in one message should be less than or equal to {MAX_HEADERS}.");
        return Err(Refusal::new(400, COUNT, message));
    }
    let mut headers = Vec::new();
    for header in list {
        let text = |name: &str| header.get(name).and_then(Value::as_str);
        let name = text("name").ok_or_else(|| unreadable("internetMessageHeaders"))?;
        if !name.to_ascii_lowercase().starts_with("x-") {
            let message = format!("The internet message header name '{name}' should start with 'x-' or 'X-'.");
            return Err(Refusal::new(400, "InvalidInternetMessageHeader", message));
        }
        if !name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':') {
            let message = format!("The internet message header name '{name}' is not valid.");
            return Err(Refusal::new(400, "InvalidInternetMessageHeader", message));
        }
        headers.push((name.to_owned(), text("value").unwrap_or_default().to_owned()));
    }
    Ok(headers)
}

/// What stands between `<body>` and `</body>`; everything if there is no body.
pub(crate) fn inner_html(page: &str) -> &str {
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<body").and_then(|at| lower[at..].find('>').map(|end| at + end + 1)).unwrap_or(0);
    let end = lower.rfind("</body").filter(|end| *end >= start).unwrap_or(page.len());
    page.get(start..end).unwrap_or(page)
}
