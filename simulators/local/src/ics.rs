//! Reading `.ics` files into single appointments.

use calcard::common::PartialDateTime;
use calcard::common::timezone::Tz;
use calcard::icalendar::timezone::TzResolver;
use calcard::icalendar::{
    ICalendar, ICalendarClassification, ICalendarComponent, ICalendarComponentType, ICalendarEntry, ICalendarProperty,
    ICalendarStatus, ICalendarTransparency, ICalendarValue,
};
use calcard::{Entry, Parser};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use syncline_core::time::EventTime;

/// What a file holds.
#[derive(Debug)]
pub enum Found {
    /// A single appointment.
    Single(Box<Appointment>),
    /// Something that is left out, and why.
    Skipped(&'static str),
    /// Something that cannot be read, and why.
    Unreadable(String),
}

/// A single appointment. Who is invited is left out: it becomes the user's own.
#[derive(Debug)]
pub struct Appointment {
    subject: String,
    body: String,
    location: String,
    /// When.
    pub time: EventTime,
    free: bool,
    private: bool,
}

impl Appointment {
    /// As Graph takes it.
    pub fn as_graph(&self) -> Value {
        let (all_day, start, end) = match self.time {
            EventTime::Timed { start, end } => {
                let text = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
                (false, text(start), text(end))
            }
            EventTime::AllDay { first, last } => {
                let after = last.tomorrow().unwrap_or(last);
                (true, format!("{first}T00:00:00"), format!("{after}T00:00:00"))
            }
        };
        json!({
            "subject": self.subject,
            "body": { "contentType": "text", "content": self.body },
            "location": { "displayName": self.location },
            "isAllDay": all_day,
            "start": { "dateTime": start, "timeZone": "UTC" },
            "end": { "dateTime": end, "timeZone": "UTC" },
            "showAs": if self.free { "free" } else { "busy" },
            "sensitivity": if self.private { "private" } else { "normal" },
        })
    }
}

/// Reads a file: at least one finding, whatever it holds.
pub fn read(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut parser = Parser::new(text);
    loop {
        match parser.entry() {
            Entry::ICalendar(calendar) => read_calendar(&calendar, &mut found),
            Entry::Eof => break,
            Entry::TooManyComponents => {
                found.push(Found::Unreadable("it nests too deeply".to_owned()));
                break;
            }
            Entry::UnterminatedComponent(name) => {
                found.push(Found::Unreadable(format!("its {name} has no end")));
                break;
            }
            // A stray line between calendars harms nobody.
            _ => {}
        }
    }
    if found.is_empty() {
        found.push(Found::Skipped("It holds no event"));
    }
    found
}

fn read_calendar(calendar: &ICalendar, found: &mut Vec<Found>) {
    let zones = calendar.build_tz_resolver();
    let events = calendar.components.iter().filter(|part| part.component_type == ICalendarComponentType::VEvent);
    for event in events {
        found.push(if event.is_recurrent_or_override() {
            Found::Skipped("It is part of a series; only single events are mirrored yet")
        } else if event.status() == Some(&ICalendarStatus::Cancelled) {
            Found::Skipped("It is cancelled")
        } else {
            match read_event(event, &zones) {
                Ok(appointment) => Found::Single(Box::new(appointment)),
                Err(why) => Found::Unreadable(why),
            }
        });
    }
}

fn read_event(event: &ICalendarComponent, zones: &TzResolver<&str>) -> Result<Appointment, String> {
    let text = |property| {
        let value = event.property(&property).and_then(|entry| entry.values.first());
        value.and_then(ICalendarValue::as_text).unwrap_or_default().to_owned()
    };
    let class = event.property(&ICalendarProperty::Class).and_then(|entry| entry.values.first());
    Ok(Appointment {
        subject: text(ICalendarProperty::Summary),
        body: text(ICalendarProperty::Description),
        location: text(ICalendarProperty::Location),
        time: read_time(event, zones)?,
        free: event.transparency() == Some(&ICalendarTransparency::Transparent),
        private: matches!(
            class,
            Some(ICalendarValue::Classification(
                ICalendarClassification::Private | ICalendarClassification::Confidential
            ))
        ),
    })
}

fn read_time(event: &ICalendarComponent, zones: &TzResolver<&str>) -> Result<EventTime, String> {
    let start = event.property(&ICalendarProperty::Dtstart).ok_or("it has no start")?;
    let end = event.property(&ICalendarProperty::Dtend);
    let duration = event.property(&ICalendarProperty::Duration).and_then(|entry| entry.values.first());
    let duration = match duration {
        Some(ICalendarValue::Duration(duration)) => Some(duration.as_seconds()),
        _ => None,
    };
    if let Some(first) = as_date(start) {
        let last = match (end.and_then(as_date), duration) {
            (Some(after), _) if after > first => after.yesterday().unwrap_or(first),
            (None, Some(seconds)) => {
                let days = (seconds / 86_400).max(1) - 1;
                first.checked_add(jiff::Span::new().days(days.min(10_000))).unwrap_or(first)
            }
            _ => first,
        };
        return Ok(EventTime::AllDay { first, last });
    }
    let start = instant(start, zones)?;
    let end = match (end, duration) {
        (Some(end), _) => match as_date(end) {
            Some(date) => midnight(date),
            None => instant(end, zones)?,
        },
        (None, Some(seconds)) => start.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(start),
        (None, None) => start,
    };
    if end < start {
        return Err("it ends before it starts".to_owned());
    }
    Ok(EventTime::Timed { start, end })
}

fn moment(entry: &ICalendarEntry) -> Option<&PartialDateTime> {
    entry.values.first().and_then(ICalendarValue::as_partial_date_time)
}

fn as_date(entry: &ICalendarEntry) -> Option<Date> {
    let moment = moment(entry).filter(|moment| moment.hour.is_none())?;
    let year = i16::try_from(moment.year?).ok()?;
    let (month, day) = (i8::try_from(moment.month?).ok()?, i8::try_from(moment.day?).ok()?);
    Date::new(year, month, day).ok()
}

fn midnight(date: Date) -> Timestamp {
    date.to_zoned(jiff::tz::TimeZone::UTC).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

fn instant(entry: &ICalendarEntry, zones: &TzResolver<&str>) -> Result<Timestamp, String> {
    let moment = moment(entry).ok_or("one of its times cannot be read")?;
    let zone = match entry.tz_id() {
        Some(name) => zones.resolve(name).ok_or("its time zone is unknown")?,
        // A time without a zone is the reader's own; here that is UTC.
        None => Tz::UTC,
    };
    let at = moment.to_date_time_with_tz(zone).ok_or("one of its times does not exist")?;
    Timestamp::from_second(at.timestamp()).map_err(|_| "one of its times is out of range".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(lines: &str) -> String {
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
    }

    fn time(lines: &str) -> Result<EventTime, String> {
        match read(&calendar(lines)).remove(0) {
            Found::Single(appointment) => Ok(appointment.time),
            Found::Skipped(why) => Err(why.to_owned()),
            Found::Unreadable(why) => Err(why),
        }
    }

    #[test]
    fn d16_dates_stay_dates_and_times_become_instants() {
        let day = |first: &str, last: &str| {
            Ok(EventTime::AllDay { first: first.parse().unwrap(), last: last.parse().unwrap() })
        };
        let timed =
            |start: &str, end: &str| Ok(EventTime::Timed { start: start.parse().unwrap(), end: end.parse().unwrap() });
        for (lines, expected) in [
            ("DTSTART;VALUE=DATE:20310305", day("2031-03-05", "2031-03-05")),
            ("DTSTART;VALUE=DATE:20310305\r\nDTEND;VALUE=DATE:20310307", day("2031-03-05", "2031-03-06")),
            ("DTSTART;VALUE=DATE:20310305\r\nDURATION:P3D", day("2031-03-05", "2031-03-07")),
            (
                "DTSTART:20310305T090000Z\r\nDTEND:20310305T100000Z",
                timed("2031-03-05T09:00:00Z", "2031-03-05T10:00:00Z"),
            ),
            (
                "DTSTART;TZID=Europe/Berlin:20310705T090000\r\nDURATION:PT90M",
                timed("2031-07-05T07:00:00Z", "2031-07-05T08:30:00Z"),
            ),
            ("DTSTART:20310305T090000Z", timed("2031-03-05T09:00:00Z", "2031-03-05T09:00:00Z")),
        ] {
            assert_eq!(time(lines), expected, "{lines}");
        }
    }

    #[test]
    fn whatever_a_file_holds_something_is_said_about_it() {
        for (text, expected) in [
            (String::new(), "It holds no event"),
            ("not a calendar".to_owned(), "It holds no event"),
            (calendar("SUMMARY:x"), "it has no start"),
            (calendar("DTSTART:20310305T090000Z\r\nRRULE:FREQ=DAILY"), "It is part of a series"),
            (calendar("DTSTART:20310305T090000Z\r\nSTATUS:CANCELLED"), "It is cancelled"),
            (calendar("DTSTART;TZID=Nowhere/Land:20310305T090000"), "its time zone is unknown"),
            (calendar("DTSTART:20310305T090000Z\r\nDTEND:20310305T080000Z"), "it ends before it starts"),
        ] {
            let said = match read(&text).remove(0) {
                Found::Single(appointment) => panic!("{appointment:?}"),
                Found::Skipped(why) => why.to_owned(),
                Found::Unreadable(why) => why,
            };
            assert!(said.starts_with(expected), "{text:?}: {said}");
        }
    }
}
