//! Calendar events: to and from their canonical form.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use syncline_core::ids::{RemoteId, SyncKey, Version};
use syncline_core::item::{Event, EventField, EventPatch, Sensitivity, ShowAs};
use syncline_core::observation::{EventSeen, Observation, Recurrence, Response, Standing};
use syncline_core::time::EventTime;

use crate::client;
use crate::row::{Problem, Row};
use crate::{text, zones};

/// The extended property that holds an item's key. The GUID is Syncline's own and never changes.
pub(crate) const KEY_PROPERTY: &str = "String {0a960d66-e6d1-4ea0-8b1e-b462498b4239} Name SynclineKey";

/// Whose mailbox it is, as far as reading an event depends on it. Both lower case.
pub(crate) struct Owner {
    pub(crate) address: String,
    pub(crate) category: String,
}

/// A complete event, such as a read by id shows.
pub(crate) fn observed(asked: &RemoteId, value: &Value, owner: &Owner) -> Observation {
    match seen(value, owner) {
        Ok(seen) => Observation::Present(Box::new(seen)),
        Err(Problem(problem)) => Observation::Unreadable { id: asked.clone(), problem },
    }
}

/// The same, for a caller that has no use for what cannot be read.
pub(crate) fn seen(value: &Value, owner: &Owner) -> Result<EventSeen, Problem> {
    let row = Row::of(value)?;
    Ok(EventSeen {
        id: id(row)?,
        version: version(row)?,
        key: key(row)?,
        created: row.instant("createdDateTime")?.ok_or_else(|| Problem::missing("createdDateTime"))?,
        modified: row.instant("lastModifiedDateTime")?.ok_or_else(|| Problem::missing("lastModifiedDateTime"))?,
        event: fields(row)?,
        standing: standing(row, owner)?,
    })
}

fn id(row: Row<'_>) -> Result<RemoteId, Problem> {
    let id = row.text("id")?.filter(|id| !id.is_empty());
    id.map(RemoteId::new).ok_or_else(|| Problem::missing("id"))
}

/// What `If-Match` takes: the ETag, which is the change key in another dress.
pub(crate) fn version(row: Row<'_>) -> Result<Version, Problem> {
    if let Some(etag) = row.text("@odata.etag")? {
        return Ok(Version::new(etag));
    }
    let key = row.text("changeKey")?.ok_or_else(|| Problem::missing("@odata.etag"))?;
    Ok(Version::new(format!("W/\"{key}\"")))
}

fn key(row: Row<'_>) -> Result<Option<SyncKey>, Problem> {
    for property in row.list("singleValueExtendedProperties")? {
        let property = Row::of(property)?;
        if property.text("id")?.is_some_and(|id| id.eq_ignore_ascii_case(KEY_PROPERTY)) {
            return Ok(property.text("value")?.map(SyncKey::from_text));
        }
    }
    Ok(None)
}

fn fields(row: Row<'_>) -> Result<Event, Problem> {
    let is_reminded = row.flag("isReminderOn")?.unwrap_or_default();
    let minutes = row.whole("reminderMinutesBeforeStart")?.filter(|_| is_reminded);
    Ok(Event {
        subject: row.string("subject")?,
        body: text::of_body(row, "body")?,
        location: row.object("location")?.map_or(Ok(String::new()), |place| place.string("displayName"))?,
        time: time(row)?,
        show_as: show_as(row.text("showAs")?),
        sensitivity: sensitivity(row.text("sensitivity")?),
        // A reminder after the start cannot be said elsewhere: it becomes one at the start.
        reminder_minutes: minutes.map(|minutes| u32::try_from(minutes.max(0)).unwrap_or(u32::MAX)),
    })
}

fn time(row: Row<'_>) -> Result<EventTime, Problem> {
    let (start, start_zone) = civil(row, "start")?;
    let (end, end_zone) = civil(row, "end")?;
    let backwards = || Problem("it ends before it begins".to_owned());
    if row.flag("isAllDay")?.unwrap_or_default() {
        // Floating: midnights whatever the zone, the end exclusive (D-16).
        if start.time() != Time::midnight() || end.time() != Time::midnight() {
            return Err(Problem("it lasts all day and does not begin and end at midnight".to_owned()));
        }
        let (first, end) = (start.date(), end.date());
        return match first.cmp(&end) {
            std::cmp::Ordering::Less => Ok(EventTime::AllDay { first, last: end.yesterday().unwrap_or(first) }),
            std::cmp::Ordering::Equal => Ok(EventTime::AllDay { first, last: first }),
            std::cmp::Ordering::Greater => Err(backwards()),
        };
    }
    let instant = |at: DateTime, zone: TimeZone, name: &str| {
        at.to_zoned(zone).map(|zoned| zoned.timestamp()).map_err(|_| Problem(format!("{name} is out of range")))
    };
    let (start, end) = (instant(start, start_zone, "start")?, instant(end, end_zone, "end")?);
    if end < start { Err(backwards()) } else { Ok(EventTime::Timed { start, end }) }
}

fn civil(row: Row<'_>, name: &str) -> Result<(DateTime, TimeZone), Problem> {
    let at = row.object(name)?.ok_or_else(|| Problem::missing(name))?;
    let text = at.text("dateTime")?.ok_or_else(|| Problem(format!("{name}.dateTime is missing")))?;
    let text = text.strip_suffix('Z').unwrap_or(text);
    let moment = text.parse().map_err(|_| Problem(format!("{name}.dateTime is no date and time")))?;
    let zone = zones::zone(at.text("timeZone")?.unwrap_or("UTC"));
    Ok((moment, zone.ok_or_else(|| Problem(format!("{name}.timeZone is not known")))?))
}

fn show_as(name: Option<&str>) -> ShowAs {
    match name.unwrap_or_default().to_ascii_lowercase().as_str() {
        "free" => ShowAs::Free,
        "tentative" => ShowAs::Tentative,
        "oof" => ShowAs::OutOfOffice,
        "workingelsewhere" => ShowAs::WorkingElsewhere,
        _ => ShowAs::Busy,
    }
}

fn show_as_name(show_as: ShowAs) -> &'static str {
    match show_as {
        ShowAs::Free => "free",
        ShowAs::Tentative => "tentative",
        ShowAs::Busy => "busy",
        ShowAs::OutOfOffice => "oof",
        ShowAs::WorkingElsewhere => "workingElsewhere",
    }
}

/// A name that is not known counts as private: a private flag is never lost on the way (D-17).
fn sensitivity(name: Option<&str>) -> Sensitivity {
    match name.map(str::to_ascii_lowercase).as_deref() {
        None | Some("normal") => Sensitivity::Normal,
        Some("personal") => Sensitivity::Personal,
        Some("confidential") => Sensitivity::Confidential,
        Some(_) => Sensitivity::Private,
    }
}

fn sensitivity_name(sensitivity: Sensitivity) -> &'static str {
    match sensitivity {
        Sensitivity::Normal => "normal",
        Sensitivity::Personal => "personal",
        Sensitivity::Private => "private",
        Sensitivity::Confidential => "confidential",
    }
}

fn standing(row: Row<'_>, owner: &Owner) -> Result<Standing, Problem> {
    let organizer = row.object("organizer")?.map_or(Ok(None), address)?;
    let is_organizer = match row.flag("isOrganizer")? {
        Some(flag) => flag,
        None => organizer.as_ref().is_none_or(|address| *address == owner.address),
    };
    let mut attendees = 0;
    for attendee in row.list("attendees")? {
        let address = address(Row::of(attendee)?)?;
        let is_organizers_row =
            address.is_some() && (address == organizer || is_organizer && address.as_ref() == Some(&owner.address));
        if !is_organizers_row {
            attendees += 1;
        }
    }
    let response = match row.object("responseStatus")? {
        Some(status) => response(status.text("response")?),
        None => Response::None,
    };
    let is_marked = row.list("categories")?.iter().filter_map(Value::as_str);
    Ok(Standing {
        ical_uid: row.text("iCalUId")?.filter(|uid| !uid.is_empty()).map(str::to_owned),
        is_organizer,
        attendees,
        is_cancelled: row.flag("isCancelled")?.unwrap_or_default(),
        response: if is_organizer { Response::Organizer } else { response },
        is_draft: row.flag("isDraft")?.unwrap_or_default(),
        recurrence: recurrence(row)?,
        origin: None,
        is_marked: is_marked.into_iter().any(|category| category.to_lowercase() == owner.category),
        hidden: std::collections::BTreeSet::new(),
    })
}

/// The address inside `{emailAddress: {address}}`, lower case.
fn address(row: Row<'_>) -> Result<Option<String>, Problem> {
    let Some(inner) = row.object("emailAddress")? else {
        return Ok(None);
    };
    Ok(inner.text("address")?.map(|address| address.trim().to_lowercase()).filter(|address| !address.is_empty()))
}

fn response(name: Option<&str>) -> Response {
    match name.unwrap_or_default().to_ascii_lowercase().as_str() {
        "organizer" => Response::Organizer,
        "accepted" => Response::Accepted,
        "tentativelyaccepted" => Response::Tentative,
        "declined" => Response::Declined,
        _ => Response::None,
    }
}

fn recurrence(row: Row<'_>) -> Result<Recurrence, Problem> {
    match row.text("type")?.map(str::to_ascii_lowercase).as_deref() {
        Some("singleinstance") => Ok(Recurrence::Single),
        Some("occurrence" | "exception") => Ok(Recurrence::Occurrence),
        Some("seriesmaster") => Ok(Recurrence::SeriesMaster),
        Some(_) => Err(Problem("type is not known".to_owned())),
        None if row.has("seriesMasterId") => Ok(Recurrence::Occurrence),
        None if row.has("recurrence") => Ok(Recurrence::SeriesMaster),
        None => Ok(Recurrence::Single),
    }
}

/// The body of a create. Repeated with the same key it makes no second event.
pub(crate) fn create_body(key: &SyncKey, event: &Event) -> Value {
    let mut body = Map::new();
    for field in EventField::ALL {
        write(field, event, &mut body);
    }
    body.insert("transactionId".to_owned(), json!(key.as_str()));
    let property = json!({ "id": KEY_PROPERTY, "value": key.as_str() });
    body.insert("singleValueExtendedProperties".to_owned(), json!([property]));
    Value::Object(body)
}

/// The body of a change: the fields named and no other.
pub(crate) fn patch_body(patch: &EventPatch) -> Value {
    let mut body = Map::new();
    for field in &patch.fields {
        write(*field, &patch.item, &mut body);
    }
    Value::Object(body)
}

fn write(field: EventField, event: &Event, body: &mut Map<String, Value>) {
    let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
    match field {
        EventField::Subject => {
            set("subject", json!(event.subject));
        }
        EventField::Body => {
            set("body", json!({ "contentType": "text", "content": event.body }));
        }
        EventField::Location => {
            set("location", json!({ "displayName": event.location }));
        }
        EventField::Time => {
            let (is_all_day, start, end) = match event.time {
                EventTime::Timed { start, end } => (false, client::instant(start), client::instant(end)),
                EventTime::AllDay { first, last } => {
                    (true, midnight(first), midnight(last.tomorrow().unwrap_or(Date::MAX)))
                }
            };
            let at = |text: String| json!({ "dateTime": text.trim_end_matches('Z'), "timeZone": "UTC" });
            set("isAllDay", json!(is_all_day));
            set("start", at(start));
            set("end", at(end));
        }
        EventField::ShowAs => {
            set("showAs", json!(show_as_name(event.show_as)));
        }
        EventField::Sensitivity => {
            set("sensitivity", json!(sensitivity_name(event.sensitivity)));
        }
        EventField::Reminder => {
            set("isReminderOn", json!(event.reminder_minutes.is_some()));
            if let Some(minutes) = event.reminder_minutes {
                set("reminderMinutesBeforeStart", json!(minutes));
            }
        }
    }
}

fn midnight(date: Date) -> String {
    format!("{date}T00:00:00")
}

#[cfg(test)]
mod tests;
