//! Occurrences: the events that a series master makes, and what they have of their own.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::series::{Cancelled, Exception, Part, Role, Series};
use super::{Event, Mailbox, Zone};
use crate::refusal::Refusal;

/// The lower bits of an occurrence's key are its master's key; above them stands the day.
const MASTER_BITS: u32 = 40;
/// What an exception always has from its series.
const NEVER_OWN: [&str; 3] = ["stamp", "role", "ical_uid"];

/// The key of the occurrence that a series has for a date.
pub(crate) fn occurrence_key(master: u64, date: Date) -> u64 {
    let day = date.duration_since(Date::constant(1, 1, 1)).as_hours() / 24 + 1;
    (u64::try_from(day).unwrap_or(0) << MASTER_BITS) | master
}

/// The master and the date of an occurrence's key.
pub(crate) fn read_occurrence_key(key: u64) -> Option<(u64, Date)> {
    let day = i64::try_from(key >> MASTER_BITS).ok().filter(|day| *day > 0)?;
    let date = Date::constant(1, 1, 1).checked_add(SignedDuration::from_hours((day - 1) * 24)).ok()?;
    Some((key & ((1 << MASTER_BITS) - 1), date))
}

/// Where an iCalUId of Exchange's holds the date of an occurrence.
const UID_DATE: std::ops::Range<usize> = 32..40;

/// The iCalUId of an occurrence: that of the series with the date in its place. Other systems' ids have
/// no such place.
fn occurrence_uid(uid: &str, date: Date) -> String {
    let stamp = format!("{:04X}{:02X}{:02X}", date.year(), date.month(), date.day());
    match (uid.get(..UID_DATE.start), uid.get(UID_DATE), uid.get(UID_DATE.end..)) {
        (Some(before), Some("00000000"), Some(after)) => format!("{before}{stamp}{after}"),
        _ => format!("{uid}_{stamp}"),
    }
}

/// The iCalUId of the series, and the date, that an occurrence's iCalUId is made of.
fn read_occurrence_uid(uid: &str) -> Option<(String, Date)> {
    let date = |stamp: &str| {
        let number = |range| u16::from_str_radix(stamp.get(range)?, 16).ok();
        let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
        Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    };
    if let Some((uid, stamp)) = uid.rsplit_once('_') {
        return Some((uid.to_owned(), date(stamp)?));
    }
    let (before, after) = (uid.get(..UID_DATE.start)?, uid.get(UID_DATE.end..)?);
    Some((format!("{before}00000000{after}"), date(uid.get(UID_DATE)?)?))
}

impl Event {
    pub(crate) fn series(&self) -> Option<&Series> {
        match &self.role {
            Role::Master(series) => Some(series),
            Role::Single | Role::Part(_) => None,
        }
    }

    pub(super) fn series_mut(&mut self) -> Option<&mut Series> {
        match &mut self.role {
            Role::Master(series) => Some(series),
            Role::Single | Role::Part(_) => None,
        }
    }

    pub(crate) fn part(&self) -> Option<&Part> {
        match &self.role {
            Role::Part(part) => Some(part),
            Role::Single | Role::Master(_) => None,
        }
    }

    /// The master's occurrence of a date, if the series has one.
    pub(crate) fn occurrence(&self, date: Date) -> Option<Event> {
        let series = self.series().filter(|series| series.has(date))?;
        self.plain(&self.template(), series, date).map(|plain| with_own(plain, series, date))
    }

    /// What a window shows of the event: itself, or the occurrences of a master.
    pub(crate) fn instances(&self, from: Timestamp, to: Timestamp) -> Vec<Event> {
        let Some(series) = self.series() else {
            return if self.span.overlaps(from, to) { vec![self.clone()] } else { Vec::new() };
        };
        let template = self.template();
        let make = |date| self.plain(&template, series, date).map(|plain| with_own(plain, series, date));
        series.dates(from, to).into_iter().filter_map(make).collect()
    }

    /// All exceptions of the master.
    pub(crate) fn exceptions(&self) -> Vec<Event> {
        let dates = self.series().into_iter().flat_map(|series| series.exceptions.keys());
        dates.filter_map(|date| self.occurrence(*date)).collect()
    }

    /// The master without its series, to make occurrences of.
    fn template(&self) -> Event {
        let mut bare = self.clone();
        bare.role = Role::Single;
        bare
    }

    /// The occurrence of a date as the series makes it.
    fn plain(&self, template: &Event, series: &Series, date: Date) -> Option<Event> {
        let span = series.span(date)?;
        let mut event = template.clone();
        event.stamp.key = occurrence_key(self.stamp.key, date);
        event.stamp.version = series.changed;
        event.stamp.born = series.shaped;
        event.ical_uid = occurrence_uid(&self.ical_uid, date);
        event.transaction_id = None;
        event.span = span;
        event.role = Role::Part(Part { master: self.stamp.key, date, original: span.bounds().0, is_exception: false });
        Some(event)
    }

    /// Keeps what an occurrence has of its own. It becomes an exception even if that is nothing.
    pub(super) fn keep_exception(&mut self, occurrence: &Event, version: u64, now: Timestamp) -> Option<()> {
        let date = occurrence.part()?.date;
        let plain = self.plain(&self.template(), self.series()?, date)?;
        let exception = Exception { version, modified: now, own: difference(&plain, occurrence) };
        self.series_mut()?.exceptions.insert(date, exception);
        Some(())
    }

    /// Deletes an occurrence.
    pub(super) fn cancel_occurrence(&mut self, date: Date, version: u64) -> Option<()> {
        let series = self.series_mut()?;
        let span = series.own_span(date)?;
        series.exceptions.remove(&date);
        series.cancelled.insert(date, Cancelled { version, span });
        Some(())
    }

    /// Takes the deletion of an occurrence back.
    pub(super) fn restore_occurrence(&mut self, date: Date) {
        if let Some(series) = self.series_mut() {
            series.cancelled.remove(&date);
        }
    }

    /// Whether no occurrence is left.
    pub(super) fn is_used_up(&self) -> bool {
        self.series().is_some_and(|series| {
            series.recurrence.from(series.recurrence.start).all(|date| series.cancelled.contains_key(&date))
        })
    }
}

/// The occurrence with what is its own.
fn with_own(plain: Event, series: &Series, date: Date) -> Event {
    let Some(exception) = series.exceptions.get(&date) else {
        return plain;
    };
    let mut map = plain_json(&plain);
    for (name, value) in &exception.own {
        match (map.get_mut(name), value) {
            (Some(Value::Object(inner)), Value::Object(own)) if name == "fields" => {
                inner.extend(own.clone());
            }
            _ => {
                map.insert(name.clone(), value.clone());
            }
        }
    }
    let mut event: Event = serde_json::from_value(Value::Object(map)).unwrap_or(plain);
    if exception.version > series.changed {
        event.stamp.version = exception.version;
        event.stamp.modified = exception.modified;
    }
    if let Role::Part(part) = &mut event.role {
        part.is_exception = true;
    }
    event
}

/// What an event has that the other one has not.
fn difference(plain: &Event, own: &Event) -> Map<String, Value> {
    let (plain, own) = (plain_json(plain), plain_json(own));
    let mut different = differing(&plain, &own);
    different.retain(|name, _| !NEVER_OWN.contains(&name.as_str()));
    if let (Some(Value::Object(plain)), Some(Value::Object(own))) = (plain.get("fields"), own.get("fields"))
        && different.contains_key("fields")
    {
        different.insert("fields".into(), Value::Object(differing(plain, own)));
    }
    different
}

fn differing(plain: &Map<String, Value>, own: &Map<String, Value>) -> Map<String, Value> {
    let other = own.iter().filter(|(name, value)| plain.get(*name) != Some(value));
    other.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn plain_json(event: &Event) -> Map<String, Value> {
    match json!(event) {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

impl Mailbox {
    /// The event or occurrence of an iCalUId that the owner organizes, or that somebody else does.
    pub(super) fn event_of(&self, ical_uid: &str, is_organizer: bool) -> Option<Event> {
        let find = |uid: &str| {
            let mut events = self.events.values().filter(|event| event.is_organizer == is_organizer);
            events.find(|event| event.ical_uid.eq_ignore_ascii_case(uid))
        };
        find(ical_uid).cloned().or_else(|| {
            let (uid, date) = read_occurrence_uid(ical_uid)?;
            find(&uid)?.occurrence(date)
        })
    }

    /// The key and date of an occurrence that is deleted from the copy of somebody else's series.
    pub(super) fn deleted_from_copy(&self, occurrence_uid: &str) -> Option<(u64, Date)> {
        let (uid, date) = read_occurrence_uid(occurrence_uid)?;
        let master = self.event_of(&uid, false)?;
        let is_deleted = master.series()?.cancelled.contains_key(&date);
        is_deleted.then_some((master.stamp.key, date))
    }

    /// The event or occurrence of a key.
    pub(crate) fn event(&self, key: u64) -> Option<Event> {
        match read_occurrence_key(key) {
            Some((master, date)) => self.events.get(&master)?.occurrence(date),
            None => self.events.get(&key).cloned(),
        }
    }

    /// Refuses an occurrence that reaches or passes a neighbouring one.
    pub(crate) fn check_neighbours(&self, occurrence: &Event) -> Result<(), Refusal> {
        let Some(part) = occurrence.part() else {
            return Ok(());
        };
        let Some(series) = self.events.get(&part.master).and_then(Event::series) else {
            return Ok(());
        };
        let there = |date: &Date| !series.cancelled.contains_key(date);
        let first = series.recurrence.start;
        let before = series.recurrence.from(first).take_while(|date| *date < part.date).filter(there).last();
        let after = series.recurrence.from(part.date).filter(|date| *date > part.date).find(there);
        let (start, end) = occurrence.span.bounds();
        let zone = Zone::named(&series.recurrence.zone).unwrap_or_else(Zone::utc);
        let day = |at: Timestamp| zone.to_civil(at).date();
        let bounds = |date: Option<Date>| date.and_then(|date| series.own_span(date)).map(|span| span.bounds());
        let passes_before = bounds(before).is_some_and(|(from, to)| start < to || day(start) <= day(from));
        let passes_after = bounds(after).is_some_and(|(from, _)| end > from || day(start) >= day(from));
        if passes_before || passes_after {
            let message = "Modified occurrence is crossing or overlapping adjacent occurrence.";
            return Err(Refusal::new(400, "ErrorOccurrenceCrossingBoundary", message));
        }
        Ok(())
    }
}
