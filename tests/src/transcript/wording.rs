//! How things are written: on one line, with ids and addresses left out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::Value;
use sim_kit::Journal;

/// A word of this length with a digit in it is an id.
const ID_LENGTH: usize = 15;

pub(super) fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// What somebody gave a client, on one line.
pub(super) fn told(value: &Value) -> String {
    let Value::Object(fields) = value else { return value.to_string() };
    let mut text = String::new();
    for (name, value) in fields {
        let value = match value {
            Value::Object(inner) if inner.contains_key("dateTime") => {
                let zone = inner["timeZone"].as_str().filter(|zone| *zone != "UTC");
                let at = short(inner["dateTime"].as_str().unwrap_or_default());
                zone.map_or(at.clone(), |zone| format!("{at} {zone}"))
            }
            Value::Object(inner) if inner.contains_key("displayName") => inner["displayName"].to_string(),
            Value::Object(inner) if inner.contains_key("content") => inner["content"].to_string(),
            Value::Array(people) if people.iter().all(|it| it.get("emailAddress").is_some()) => {
                let addresses = people.iter().filter_map(|it| it.pointer("/emailAddress/address")?.as_str());
                addresses.collect::<Vec<_>>().join(" and ")
            }
            Value::String(moment) if moment.parse::<Timestamp>().is_ok() => short(moment),
            other => other.to_string(),
        };
        let separator = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{separator}{name} {value}");
    }
    text
}

/// A time to the minute.
pub(super) fn short(at: &str) -> String {
    at.get(..16).unwrap_or(at).replace('T', " ")
}

/// From and until to the minute, the day once if it is the same.
fn span(start: &str, end: &str) -> String {
    let (start, end) = (short(start), short(end));
    match (start.split_once(' '), end.split_once(' ')) {
        (Some((first, _)), Some((last, time))) if first == last => format!("{start}-{time}"),
        _ => format!("{start} - {end}"),
    }
}

/// From and until as dates, `last` itself included.
fn days(first: &str, last: &str) -> String {
    let day = |at: &str| at.get(..10).unwrap_or(at).to_owned();
    if day(first) == day(last) { format!("{} all day", day(first)) } else { format!("{} - {}", day(first), day(last)) }
}

pub(super) fn outlook_event(event: &Value) -> String {
    let at = |name: &str| text(&event[name], "dateTime");
    let (start, end) = (at("start"), at("end"));
    let when = if event["isAllDay"] == true {
        // Outlook's end is the midnight after the last day.
        let end: DateTime = end.parse().expect("a date and time");
        days(&start, &end.date().yesterday().expect("a day before").to_string())
    } else {
        span(&start, &end)
    };
    let mut line = format!("{when}  {}  \"{}\"", text(event, "showAs"), text(event, "subject"));
    let mut add = |text: String| {
        let _ = write!(line, ", {text}");
    };
    let place = text(&event["location"], "displayName");
    if !place.is_empty() {
        add(format!("in \"{place}\""));
    }
    let body = text(&event["body"], "content");
    if !body.trim().is_empty() {
        add(format!("body \"{}\"", body.trim().replace("\r\n", " ")));
    }
    let sensitivity = text(event, "sensitivity");
    if sensitivity != "normal" {
        add(sensitivity);
    }
    if event["isReminderOn"] == true {
        add(format!("reminder {} min", event["reminderMinutesBeforeStart"]));
    }
    if event["isCancelled"] == true {
        add("cancelled".to_owned());
    }
    for attendee in event["attendees"].as_array().into_iter().flatten() {
        add(format!("with {}", text(&attendee["emailAddress"], "address")));
    }
    for category in event["categories"].as_array().into_iter().flatten() {
        add(format!("category {category}"));
    }
    line
}

pub(super) fn crm_event(event: &Value) -> String {
    let (start, end) = (text(event, "StartDateTime"), text(event, "EndDateTime"));
    let when =
        if event["IsAllDayEvent"] == true { days(&text(event, "ActivityDate"), &end) } else { span(&start, &end) };
    let mut line = format!("{when}  {}  \"{}\"", text(event, "ShowAs"), text(event, "Subject"));
    let mut add = |text: String| {
        let _ = write!(line, ", {text}");
    };
    for (field, word) in [("Location", "in"), ("Description", "body")] {
        let value = text(event, field);
        if !value.is_empty() {
            add(format!("{word} \"{}\"", value.trim().replace(['\r', '\n'], " ")));
        }
    }
    if event["IsPrivate"] == true {
        add("private".to_owned());
    }
    if event["IsReminderSet"] == true {
        let instant = |text: &str| text.replace("+0000", "Z").parse::<Timestamp>().ok();
        let before = instant(&start).zip(instant(&text(event, "ReminderDateTime")));
        let minutes = before.map(|(start, reminder)| start.duration_since(reminder).as_mins());
        add(format!("reminder {} min", minutes.map_or("at no time,".to_owned(), |it| it.to_string())));
    }
    line
}

/// How often each request was made, its ids left out, with the status it was answered with.
pub(super) fn counted(journal: &Journal) -> BTreeMap<(String, u16), usize> {
    let mut counts = BTreeMap::new();
    for entry in journal.entries() {
        let path = entry.path.split('/').map(|word| if is_id(word) { "<id>" } else { word });
        let path = path.collect::<Vec<_>>().join("/");
        *counts.entry((format!("{} {path}", entry.method), entry.status)).or_default() += 1;
    }
    counts
}

pub(super) fn is_id(word: &str) -> bool {
    word.len() >= ID_LENGTH && word.contains(|letter: char| letter.is_ascii_digit())
}
