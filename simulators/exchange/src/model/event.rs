//! Events, and how one is read from a client's JSON.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::meeting::{Standing, attendee_address};
use super::span::{Moment, Span, all_day_span, timed_span};
use super::{Body, Extended, Role, Stamp, Zone};
use crate::refusal::Refusal;

/// Attendees of one event.
pub(super) const MAX_ATTENDEES: usize = 500;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) address: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) stamp: Stamp,
    pub(crate) extended: Extended,
    pub(crate) ical_uid: String,
    pub(crate) transaction_id: Option<String>,
    pub(crate) organizer: Person,
    pub(crate) is_organizer: bool,
    pub(crate) response: String,
    pub(crate) standing: Standing,
    pub(crate) is_cancelled: bool,
    pub(crate) span: Span,
    /// Alone, a series, or an occurrence of one.
    pub(crate) role: Role,
    pub(crate) start_zone: String,
    pub(crate) end_zone: String,
    pub(crate) body: Body,
    pub(crate) location: Value,
    pub(crate) locations: Vec<Value>,
    pub(crate) attendees: Vec<Value>,
    /// The plain properties of [`PLAIN`].
    pub(crate) fields: Map<String, Value>,
}

/// A meeting of somebody else, as it stands in an attendee's calendar.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The organizer's display name.
    pub organizer_name: String,
    /// The organizer's address.
    pub organizer_address: String,
    /// The meeting's iCalUId, the same in everybody's copy; made up if `None`.
    pub ical_uid: Option<String>,
    /// The event as a client would POST it.
    pub event: Value,
}

#[derive(Clone, Copy)]
enum Plain {
    Text,
    Flag,
    Whole,
    Words,
    Choice(&'static [&'static str]),
}

const SENSITIVITY: Plain = Plain::Choice(&["normal", "personal", "private", "confidential"]);
const SHOW_AS: Plain = Plain::Choice(&["free", "tentative", "busy", "oof", "workingElsewhere", "unknown"]);
const PROVIDER: Plain = Plain::Choice(&["unknown", "teamsForBusiness", "skypeForBusiness", "skypeForConsumer"]);

/// The writable properties that are a value and nothing else.
const PLAIN: [(&str, Plain); 12] = [
    ("subject", Plain::Text),
    ("importance", Plain::Choice(&["low", "normal", "high"])),
    ("sensitivity", SENSITIVITY),
    ("showAs", SHOW_AS),
    ("isReminderOn", Plain::Flag),
    ("reminderMinutesBeforeStart", Plain::Whole),
    ("responseRequested", Plain::Flag),
    ("allowNewTimeProposals", Plain::Flag),
    ("hideAttendees", Plain::Flag),
    ("isOnlineMeeting", Plain::Flag),
    ("onlineMeetingProvider", PROVIDER),
    ("categories", Plain::Words),
];

/// Writing these changes nothing and is no error.
const READ_ONLY: [&str; 22] = [
    "id",
    "changeKey",
    "createdDateTime",
    "lastModifiedDateTime",
    "iCalUId",
    "uid",
    "hasAttachments",
    "bodyPreview",
    "isCancelled",
    "isOrganizer",
    "isDraft",
    "seriesMasterId",
    "type",
    "webLink",
    "onlineMeeting",
    "onlineMeetingUrl",
    "originalStart",
    "originalStartTimeZone",
    "originalEndTimeZone",
    "responseStatus",
    "organizer",
    "occurrenceId",
];

pub(crate) fn default_fields() -> Map<String, Value> {
    let defaults = json!({
        "subject": "", "importance": "normal", "sensitivity": "normal", "showAs": "busy", "isReminderOn": true,
        "reminderMinutesBeforeStart": 15, "responseRequested": true, "allowNewTimeProposals": true,
        "hideAttendees": false, "isOnlineMeeting": false, "onlineMeetingProvider": "unknown", "categories": [],
    });
    match defaults {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

pub(crate) fn no_location() -> Value {
    json!({"displayName": "", "locationType": "default", "uniqueIdType": "unknown", "address": {}, "coordinates": {}})
}

impl Event {
    /// Takes over the properties of a POST or PATCH. `zone` is the preferred one, for times that name
    /// none.
    pub(crate) fn apply(&mut self, body: &Map<String, Value>, zone: &Zone) -> Result<(), Refusal> {
        for (name, value) in body {
            if let Some((_, plain)) = PLAIN.iter().find(|(plain, _)| plain == name) {
                let value = if value.is_null() { default_fields()[name].clone() } else { plain.read(name, value)? };
                self.fields.insert(name.clone(), value);
                continue;
            }
            match name.as_str() {
                "body" => self.body = read_body(value)?,
                "location" => {
                    self.location = read_location(value)?;
                    self.locations = if value.is_null() { Vec::new() } else { vec![self.location.clone()] };
                }
                "locations" => {
                    let list = value.as_array().ok_or_else(|| unreadable(name))?;
                    self.locations = list.iter().map(read_location).collect::<Result<_, _>>()?;
                    self.location = self.locations.first().cloned().unwrap_or_else(no_location);
                }
                "attendees" => self.attendees = self.read_attendees(value)?,
                "singleValueExtendedProperties" => self.extended.apply(value)?,
                // Times are read together below; the transaction id counts only at creation.
                "start" | "end" | "isAllDay" | "recurrence" | "transactionId" => {}
                name if name.contains('@') || READ_ONLY.contains(&name) => {}
                name => {
                    let message = format!(
                        "The property '{name}' does not exist on type 'Microsoft.OutlookServices.Event'. Make sure to \
                         only use property names that are defined by the type or mark the type as open type."
                    );
                    return Err(Refusal::unreadable(message));
                }
            }
        }
        let before = self.span;
        self.apply_times(body, zone)?;
        self.apply_recurrence(body, before)
    }

    fn apply_times(&mut self, body: &Map<String, Value>, zone: &Zone) -> Result<(), Refusal> {
        let was_all_day = matches!(self.span, Span::AllDay { .. });
        let all_day = match body.get("isAllDay") {
            None | Some(Value::Null) => was_all_day,
            Some(value) => read_flag("isAllDay", value)?,
        };
        let (start, end) = (body.get("start"), body.get("end"));
        if start.is_none() && end.is_none() && all_day == was_all_day {
            return Ok(());
        }
        let (old_start, old_end) = self.span.bounds();
        let old = |at: Timestamp, name: &str| {
            let zone = Zone::named(name).unwrap_or_else(Zone::utc);
            if !was_all_day {
                return Moment { civil: zone.to_civil(at), instant: at, zone };
            }
            let civil = Zone::utc().to_civil(at);
            Moment { civil, instant: zone.to_instant(civil).unwrap_or(at), zone }
        };
        let start = match start {
            Some(value) => Moment::read("start", value, zone)?,
            None => old(old_start, &self.start_zone),
        };
        let end = match end {
            Some(value) => Moment::read("end", value, zone)?,
            None => old(old_end, &self.end_zone),
        };
        let span = if all_day { all_day_span(&start, &end)? } else { timed_span(&start, &end)? };
        self.span = span;
        self.start_zone = start.zone.name;
        self.end_zone = end.zone.name;
        Ok(())
    }

    fn read_attendees(&self, value: &Value) -> Result<Vec<Value>, Refusal> {
        let list = value.as_array().ok_or_else(|| unreadable("attendees"))?;
        if list.len() > MAX_ATTENDEES {
            let message = format!("An event can have no more than {MAX_ATTENDEES} attendees.");
            return Err(Refusal::new(400, "ErrorInvalidRequest", message));
        }
        let mut rows: Vec<Value> = Vec::new();
        for attendee in list {
            let row = self.read_attendee(attendee)?;
            let address = attendee_address(&row).unwrap_or_default();
            let known = |known: &&mut Value| attendee_address(known).is_some_and(|it| it.eq_ignore_ascii_case(address));
            match rows.iter_mut().find(known) {
                // Somebody named twice is one attendee, of the kind named last.
                Some(known) => *known = row,
                None => rows.push(row),
            }
        }
        Ok(rows)
    }

    fn read_attendee(&self, attendee: &Value) -> Result<Value, Refusal> {
        let email = attendee.get("emailAddress").filter(|email| email.is_object());
        let email = email.ok_or_else(|| unreadable("emailAddress"))?;
        let address = email.get("address").and_then(Value::as_str).unwrap_or_default();
        let name = email.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()).unwrap_or(address);
        let kind = match attendee.get("type") {
            None | Some(Value::Null) => json!("required"),
            Some(kind) => Plain::Choice(&["required", "optional", "resource"]).read("type", kind)?,
        };
        // A client cannot answer for others: what was answered before stays.
        let known = self
            .attendees
            .iter()
            .find(|known| attendee_address(known).is_some_and(|known| known.eq_ignore_ascii_case(address)));
        let none = json!({"response": "none", "time": "0001-01-01T00:00:00Z"});
        let status = known.and_then(|known| known.get("status")).cloned().unwrap_or(none);
        let mut row = json!({"type": kind, "status": status, "emailAddress": {"name": name, "address": address}});
        if let Some(slot) = known.and_then(|known| known.get("proposedNewTime")) {
            row["proposedNewTime"] = slot.clone();
        }
        Ok(row)
    }
}

impl Plain {
    fn read(self, name: &str, value: &Value) -> Result<Value, Refusal> {
        let read = match self {
            Self::Text => value.as_str().map(Value::from),
            Self::Flag => return read_flag(name, value).map(Value::from),
            Self::Whole => value.as_i64().map(Value::from),
            Self::Words => {
                let words =
                    value.as_array().and_then(|list| list.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
                words.map(Value::from)
            }
            Self::Choice(choices) => {
                let text = value.as_str().ok_or_else(|| unreadable(name))?;
                let choice = choices.iter().find(|choice| choice.eq_ignore_ascii_case(text));
                let missing = || Refusal::unreadable(format!("Requested value '{text}' was not found."));
                return choice.map(|choice| Value::from(*choice)).ok_or_else(missing);
            }
        };
        read.ok_or_else(|| unreadable(name))
    }
}

/// A boolean, or its text as one client library sends it.
pub(crate) fn read_flag(name: &str, value: &Value) -> Result<bool, Refusal> {
    match value {
        Value::Bool(flag) => Ok(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(unreadable(name)),
    }
}

/// The categories, importance and other plain values that messages share with events.
pub(crate) fn read_plain(name: &str, value: &Value) -> Option<Result<Value, Refusal>> {
    PLAIN.iter().find(|(plain, _)| *plain == name).map(|(_, plain)| plain.read(name, value))
}

pub(crate) fn read_body(value: &Value) -> Result<Body, Refusal> {
    if value.is_null() {
        return Ok(Body::default());
    }
    let content = match value.get("content") {
        None | Some(Value::Null) => "",
        Some(content) => content.as_str().ok_or_else(|| unreadable("content"))?,
    };
    let kind = value.get("contentType").and_then(Value::as_str).unwrap_or("text");
    match kind.to_ascii_lowercase().as_str() {
        "html" => Ok(Body::html(content)),
        "text" => Ok(Body::text(content)),
        _ => Err(Refusal::unreadable(format!("Requested value '{kind}' was not found."))),
    }
}

fn read_location(value: &Value) -> Result<Value, Refusal> {
    if value.is_null() {
        return Ok(no_location());
    }
    let given = value.as_object().ok_or_else(|| unreadable("location"))?;
    let name = given.get("displayName").and_then(Value::as_str).unwrap_or_default();
    let mut location = no_location();
    if let Some(map) = location.as_object_mut() {
        map.extend(given.iter().filter(|(key, _)| !key.contains('@')).map(|(key, value)| (key.clone(), value.clone())));
        if !name.is_empty() {
            map.insert("uniqueId".into(), name.into());
            map.insert("uniqueIdType".into(), "private".into());
        }
    }
    Ok(location)
}

pub(crate) fn unreadable(name: &str) -> Refusal {
    Refusal::unreadable(format!("Cannot read the value of the property '{name}': it is not of the expected type."))
}
