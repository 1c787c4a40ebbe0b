//! Reading `.ics` files into appointments and series.

mod moment;
mod rule;
mod series;

use calcard::icalendar::{
    ICalendar, ICalendarClassification, ICalendarComponent, ICalendarComponentType, ICalendarProperty, ICalendarStatus,
    ICalendarTransparency, ICalendarValue,
};
use calcard::{Entry, Parser};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use syncline_core::time::EventTime;

use self::moment::{Moment, Zones};

pub use self::series::{Original, Series};

/// What a file holds.
#[derive(Debug)]
pub enum Found {
    /// A single appointment.
    Single(Box<Appointment>),
    /// A series.
    Series(Box<Series>),
    /// Something that is left out, and why.
    Skipped(&'static str),
    /// Something that cannot be read, and why.
    Unreadable(String),
}

/// A single appointment. Who is invited is left out: it becomes the user's own.
#[derive(Clone, Debug)]
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
    let zones = Zones::of_calendar(calendar);
    let (of_series, singles): (Vec<_>, Vec<_>) =
        newest(calendar).into_iter().partition(|event| event.is_recurrent_or_override());
    for event in singles {
        found.push(if event.status() == Some(&ICalendarStatus::Cancelled) {
            Found::Skipped("It is cancelled")
        } else {
            match read_event(event, &zones) {
                Ok(appointment) => Found::Single(Box::new(appointment)),
                Err(why) => Found::Unreadable(why),
            }
        });
    }
    series::read(&of_series, &zones, found);
}

/// The events, of each only its newest version.
fn newest(calendar: &ICalendar) -> Vec<&ICalendarComponent> {
    let name = |event: &ICalendarComponent| {
        let date = event.property(&ICalendarProperty::RecurrenceId).map(|entry| entry.values.clone());
        event.uid().map(|uid| (uid.to_owned(), date))
    };
    let sequence = |event: &ICalendarComponent| {
        let value = event.property(&ICalendarProperty::Sequence).and_then(|entry| entry.values.first());
        value.and_then(ICalendarValue::as_integer).unwrap_or_default()
    };
    let mut events: Vec<&ICalendarComponent> = Vec::new();
    for event in calendar.components.iter().filter(|part| part.component_type == ICalendarComponentType::VEvent) {
        let known = name(event).and_then(|of| events.iter_mut().find(|known| name(known).as_ref() == Some(&of)));
        match known {
            Some(known) if sequence(event) > sequence(known) => *known = event,
            _ => events.push(event),
        }
    }
    events
}

fn read_event(event: &ICalendarComponent, zones: &Zones<'_>) -> Result<Appointment, String> {
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

fn read_time(event: &ICalendarComponent, zones: &Zones<'_>) -> Result<EventTime, String> {
    let (start, end) = bounds(event, zones)?;
    if start.is_date() {
        let last = end.date().yesterday().unwrap_or(end.date());
        return Ok(EventTime::AllDay { first: start.date(), last });
    }
    let missing = "one of its times does not exist";
    Ok(EventTime::Timed { start: start.instant().ok_or(missing)?, end: end.instant().ok_or(missing)? })
}

/// Where an event begins and where it ends, that end itself left out. Both are dates or both are times.
fn bounds(event: &ICalendarComponent, zones: &Zones<'_>) -> Result<(Moment, Moment), String> {
    let start = event.property(&ICalendarProperty::Dtstart).ok_or("it has no start")?;
    let start = Moment::of(start, zones)?;
    let end = event.property(&ICalendarProperty::Dtend).map(|end| Moment::of(end, zones)).transpose()?;
    let duration = event.property(&ICalendarProperty::Duration).and_then(|entry| entry.values.first());
    let seconds = match duration {
        Some(ICalendarValue::Duration(duration)) => duration.as_seconds(),
        _ => 0,
    };
    let end = match (&start, end) {
        (Moment::Date(first), end) => {
            let after = match end {
                Some(end) => end.date(),
                None => first.saturating_add(jiff::Span::new().days((seconds / 86_400).clamp(1, 10_000))),
            };
            Moment::Date(after.max(first.tomorrow().unwrap_or(*first)))
        }
        (Moment::Time { .. }, Some(end)) => end,
        (Moment::Time { zone, .. }, None) => {
            let at = start.instant().ok_or("one of its times does not exist")?;
            let at = at.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(at);
            Moment::Time { local: zone.to_datetime(at), zone: zone.clone() }
        }
    };
    if end.instant() < start.instant() {
        return Err("it ends before it starts".to_owned());
    }
    Ok((start, end))
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
            Found::Series(series) => Err(format!("{series:?}")),
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
            (calendar("DTSTART:20310305T090000Z\r\nRRULE:FREQ=HOURLY"), "its rule has no form in Exchange"),
            (calendar("RECURRENCE-ID:20310305T090000Z"), "it has no start"),
            (calendar("DTSTART:20310305T090000Z\r\nSTATUS:CANCELLED"), "It is cancelled"),
            (calendar("DTSTART;TZID=Nowhere/Land:20310305T090000"), "its time zone is unknown"),
            (calendar("DTSTART:20310305T090000Z\r\nDTEND:20310305T080000Z"), "it ends before it starts"),
        ] {
            let said = match read(&text).remove(0) {
                Found::Single(appointment) => panic!("{appointment:?}"),
                Found::Series(series) => panic!("{series:?}"),
                Found::Skipped(why) => why.to_owned(),
                Found::Unreadable(why) => why,
            };
            assert!(said.starts_with(expected), "{text:?}: {said}");
        }
    }
}
