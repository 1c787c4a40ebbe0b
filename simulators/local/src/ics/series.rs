//! Series: a pattern, and what differs from it.

use std::collections::BTreeMap;

use calcard::icalendar::{ICalendarComponent, ICalendarPeriod, ICalendarProperty, ICalendarStatus, ICalendarValue};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use syncline_core::time::EventTime;

use super::moment::{Moment, Zones};
use super::{Appointment, Found, bounds, read_event, rule};

const NOWHEN: &str = "one of its times does not exist";

/// When the pattern has a date begin; whole days at midnight UTC.
pub type Original = Timestamp;

/// A series: the patterns that Exchange needs for it, and the dates that differ.
#[derive(Debug)]
pub struct Series {
    /// The series masters as Graph takes them; more than one where Exchange has no single pattern.
    pub masters: Vec<Value>,
    /// Dates that do not take place.
    pub called_off: Vec<Original>,
    /// Dates that take place otherwise, as they are.
    pub changed: Vec<(Original, Appointment)>,
    /// Dates beside the pattern.
    pub added: Vec<Appointment>,
}

/// Reads the parts of series of one calendar, each series by its `UID`.
pub(super) fn read(parts: &[&ICalendarComponent], zones: &Zones<'_>, found: &mut Vec<Found>) {
    let mut by_uid: BTreeMap<(&str, usize), Vec<&ICalendarComponent>> = BTreeMap::new();
    for (at, part) in parts.iter().enumerate() {
        // Without one nobody knows what belongs together: each stands for itself.
        let series = part.uid().map_or(("", at + 1), |uid| (uid, 0));
        by_uid.entry(series).or_default().push(part);
    }
    for parts in by_uid.into_values() {
        let (overrides, masters): (Vec<&ICalendarComponent>, Vec<_>) =
            parts.into_iter().partition(|part| part.property(&ICalendarProperty::RecurrenceId).is_some());
        let mut overrides = overrides;
        for master in masters {
            found.push(match read_series(master, &std::mem::take(&mut overrides), zones) {
                Ok(series) => Found::Series(Box::new(series)),
                Err(why) => Found::Unreadable(why),
            });
        }
        // A date whose series is elsewhere stands for itself.
        for alone in overrides {
            found.push(if alone.status() == Some(&ICalendarStatus::Cancelled) {
                Found::Skipped("It is cancelled")
            } else {
                read_event(alone, zones).map_or_else(Found::Unreadable, |it| Found::Single(Box::new(it)))
            });
        }
    }
}

fn read_series(
    master: &ICalendarComponent,
    overrides: &[&ICalendarComponent],
    zones: &Zones<'_>,
) -> Result<Series, String> {
    let (start, end) = bounds(master, zones)?;
    let first = read_event(master, zones)?;
    let mut masters = Vec::new();
    for entry in master.properties(&ICalendarProperty::Rrule) {
        for value in &entry.values {
            let ICalendarValue::RecurrenceRule(rule) = value else {
                return Err("its rule cannot be read".to_owned());
            };
            for recurrence in rule::recurrences(rule, &start)? {
                masters.push(pattern(&first, &start, &end, recurrence)?);
            }
        }
    }
    let mut called_off = moments(master, &ICalendarProperty::Exdate, &start, zones)?;
    let mut added = BTreeMap::new();
    if masters.is_empty() {
        added.insert(start.instant().ok_or(NOWHEN)?, first.clone());
    }
    for (date, end) in periods(master, &start, zones)? {
        let time = match (moved(&first.time, date), end) {
            (EventTime::Timed { start, .. }, Some(end)) => EventTime::Timed { start, end },
            (time, _) => time,
        };
        added.insert(date, Appointment { time, ..first.clone() });
    }
    for date in &called_off {
        added.remove(date);
    }
    let mut changed = Vec::new();
    for part in overrides {
        let Some(original) = moments(part, &ICalendarProperty::RecurrenceId, &start, zones)?.first().copied() else {
            return Err("one of its changed dates cannot be read".to_owned());
        };
        let was_added = added.remove(&original).is_some();
        if part.status() == Some(&ICalendarStatus::Cancelled) {
            called_off.push(original);
        } else if was_added {
            added.insert(original, read_event(part, zones)?);
        } else {
            changed.push((original, read_event(part, zones)?));
        }
    }
    Ok(Series { masters, called_off, changed, added: added.into_values().collect() })
}

/// A series master as Graph takes it: on the clocks of its own zone, so that these are kept over the year.
fn pattern(first: &Appointment, start: &Moment, end: &Moment, recurrence: Value) -> Result<Value, String> {
    let zone = start.zone_name().ok_or("its time zone has no name in Exchange")?;
    let on = |moment: &Moment| {
        let local = moment.in_zone(start.zone()).ok_or(NOWHEN)?;
        Ok::<Value, String>(json!({"dateTime": local.to_string(), "timeZone": zone}))
    };
    let mut master = first.as_graph();
    master["start"] = on(start)?;
    master["end"] = on(end)?;
    master["recurrence"] = recurrence;
    Ok(master)
}

/// The dates of a property, as originals of a series. A day alone means the date of that day.
fn moments(
    part: &ICalendarComponent,
    property: &ICalendarProperty,
    start: &Moment,
    zones: &Zones<'_>,
) -> Result<Vec<Original>, String> {
    let mut dates = Vec::new();
    for entry in part.properties(property) {
        for moment in Moment::all(entry, zones)? {
            let moment = match (&moment, start) {
                (Moment::Date(date), Moment::Time { local, zone }) => {
                    Moment::Time { local: date.to_datetime(local.time()), zone: zone.clone() }
                }
                (Moment::Time { .. }, Moment::Date(_)) => Moment::Date(moment.date()),
                _ => moment,
            };
            dates.push(moment.instant().ok_or(NOWHEN)?);
        }
    }
    Ok(dates)
}

/// The dates beside the pattern, some with an end of their own.
fn periods(
    part: &ICalendarComponent,
    start: &Moment,
    zones: &Zones<'_>,
) -> Result<Vec<(Original, Option<Timestamp>)>, String> {
    let dates = moments(part, &ICalendarProperty::Rdate, start, zones)?;
    let values =
        part.properties(&ICalendarProperty::Rdate).flat_map(|entry| entry.values.iter().map(move |it| (entry, it)));
    let mut periods = Vec::new();
    for (date, (entry, value)) in dates.into_iter().zip(values) {
        let end = match value {
            ICalendarValue::Period(ICalendarPeriod::Range { end, .. }) => {
                Moment::of_partial(end, &zones.of(entry)?).and_then(|end| end.instant())
            }
            ICalendarValue::Period(ICalendarPeriod::Duration { duration, .. }) => {
                date.checked_add(SignedDuration::from_secs(duration.as_seconds())).ok()
            }
            _ => None,
        };
        periods.push((date, end.filter(|end| *end >= date)));
    }
    Ok(periods)
}

/// The same length, beginning elsewhere.
fn moved(time: &EventTime, begins: Timestamp) -> EventTime {
    match time {
        EventTime::Timed { start, end } => {
            EventTime::Timed { start: begins, end: begins.saturating_add(end.duration_since(*start)).unwrap_or(begins) }
        }
        EventTime::AllDay { first, last } => {
            let on = jiff::tz::TimeZone::UTC.to_datetime(begins).date();
            let days = first.until(*last).unwrap_or_default();
            EventTime::AllDay { first: on, last: on.saturating_add(days) }
        }
    }
}
