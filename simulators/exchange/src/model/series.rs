//! Series: a master, the occurrences that follow from it, and those that differ or were deleted.
//!
//! Only the master is stored. An occurrence is made when somebody asks for it; what is its own (it is an
//! exception then) is kept in the master by the date it was meant for. A master and its occurrences
//! change together: their versions are those of one aggregate.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::recurrence::Recurrence;
use super::{Event, Span, Zone};
use crate::refusal::Refusal;

/// The occurrences of one series in one window; a window of five years holds at most 1826 days.
const MAX_IN_WINDOW: usize = 2000;

/// What an event is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Role {
    #[default]
    Single,
    Master(Box<Series>),
    /// Made for an answer, never stored.
    Part(Part),
}

/// One occurrence of a series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) master: u64,
    /// The date it was meant for, in the zone of the recurrence.
    pub(crate) date: Date,
    pub(crate) original: Timestamp,
    pub(crate) is_exception: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Series {
    pub(crate) recurrence: Recurrence,
    /// When an occurrence begins, on the wall clock of the recurrence's zone.
    time: Time,
    /// How long it lasts on that clock.
    length: SignedDuration,
    all_day: bool,
    /// The version since which the dates and times are these.
    pub(crate) shaped: u64,
    /// The version of the last change that concerned all occurrences.
    pub(crate) changed: u64,
    pub(crate) exceptions: BTreeMap<Date, Exception>,
    pub(crate) cancelled: BTreeMap<Date, Cancelled>,
}

/// What an occurrence has of its own, as the fields of a stored event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exception {
    pub(crate) version: u64,
    pub(super) modified: Timestamp,
    pub(super) own: Map<String, Value>,
}

/// A deleted occurrence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cancelled {
    pub(crate) version: u64,
    /// When it was.
    pub(crate) span: Span,
}

/// The dates and times that a series had before they changed or it was deleted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Former {
    pub(crate) master: u64,
    pub(crate) scope: u64,
    /// The version that made them former.
    pub(crate) until: u64,
    pub(crate) series: Series,
}

impl Series {
    /// The series that begins with a span. The span must be the first one of the recurrence.
    pub(super) fn new(recurrence: Recurrence, span: Span) -> Result<(Self, Span), Refusal> {
        let zone = Zone::named(&recurrence.zone).unwrap_or_else(Zone::utc);
        let (start, end) = match span {
            Span::Timed { start, end } => (zone.to_civil(start), zone.to_civil(end)),
            Span::AllDay { start, end } => (start.to_datetime(Time::midnight()), end.to_datetime(Time::midnight())),
        };
        let all_day = matches!(span, Span::AllDay { .. });
        let series = Self {
            recurrence,
            time: start.time(),
            length: end.duration_since(start),
            all_day,
            shaped: 0,
            changed: 0,
            exceptions: BTreeMap::new(),
            cancelled: BTreeMap::new(),
        };
        let message = "The series begins or ends outside of what a calendar holds.";
        let first = series.span(series.recurrence.start);
        let first = first.ok_or_else(|| Refusal::new(400, "ErrorPropertyValidationFailure", message))?;
        Ok((series, first))
    }

    /// When the pattern puts the occurrence of a date.
    pub(crate) fn span(&self, date: Date) -> Option<Span> {
        let start = date.to_datetime(self.time);
        let end = start.checked_add(self.length).ok()?;
        if self.all_day {
            return Some(Span::AllDay { start: date, end: end.date() });
        }
        let zone = Zone::named(&self.recurrence.zone)?;
        Some(Span::Timed { start: zone.to_instant(start)?, end: zone.to_instant(end)? })
    }

    /// When the occurrence of a date is, which may be another time than the pattern's.
    pub(crate) fn own_span(&self, date: Date) -> Option<Span> {
        let own = self.exceptions.get(&date).and_then(|exception| exception.own.get("span"));
        own.and_then(|span| serde_json::from_value(span.clone()).ok()).or_else(|| self.span(date))
    }

    pub(crate) fn has(&self, date: Date) -> bool {
        !self.cancelled.contains_key(&date) && self.recurrence.is_date(date)
    }

    /// The dates of the occurrences that touch a window, ascending.
    pub(crate) fn dates(&self, from: Timestamp, to: Timestamp) -> Vec<Date> {
        let day = SignedDuration::from_hours(24);
        let date = |at: Timestamp| Zone::utc().to_civil(at).date();
        // A day more on either side, for the zones.
        let first = date(from.saturating_sub(self.length).and_then(|at| at.saturating_sub(day * 2)).unwrap_or(from));
        let last = date(to.saturating_add(day * 2).unwrap_or(to));
        let touches = |span: Option<Span>| span.is_some_and(|span| span.overlaps(from, to));
        let on_pattern = self.recurrence.from(first).take_while(|date| *date <= last);
        let usual = on_pattern.filter(|date| !self.exceptions.contains_key(date) && !self.cancelled.contains_key(date));
        let mut dates: Vec<Date> = usual.filter(|date| touches(self.span(*date))).take(MAX_IN_WINDOW).collect();
        dates.extend(self.exceptions.keys().copied().filter(|date| touches(self.own_span(*date))));
        dates.sort_unstable();
        dates
    }

    /// Whether the other series has the same occurrences at the same times.
    fn is_shaped_like(&self, other: &Self) -> bool {
        self.recurrence == other.recurrence
            && self.has_times_of(other)
            && self.exceptions.keys().eq(other.exceptions.keys())
            && self.cancelled.keys().eq(other.cancelled.keys())
    }

    fn has_times_of(&self, other: &Self) -> bool {
        self.time == other.time && self.length == other.length && self.all_day == other.all_day
    }

    /// Keeps what was changed or deleted in an earlier form of the series, unless the pattern or the
    /// times are others now: then Exchange forgets it.
    pub(super) fn inherit(&mut self, earlier: &Self) {
        (self.shaped, self.changed) = (earlier.shaped, earlier.changed);
        if self.recurrence.repeats_like(&earlier.recurrence) && self.has_times_of(earlier) {
            let on_pattern = |date: &Date| self.recurrence.is_date(*date);
            let exceptions = earlier.exceptions.iter().filter(|(date, _)| on_pattern(date));
            let exceptions = exceptions.map(|(date, exception)| (*date, exception.clone())).collect();
            let cancelled = earlier.cancelled.iter().filter(|(date, _)| on_pattern(date));
            let cancelled = cancelled.map(|(date, gone)| (*date, gone.clone())).collect();
            (self.exceptions, self.cancelled) = (exceptions, cancelled);
        }
    }

    /// The series as a new item of a mailbox, or of another one, with that version.
    pub(crate) fn restamp(&mut self, version: u64) {
        (self.shaped, self.changed) = (version, version);
        for exception in self.exceptions.values_mut() {
            exception.version = version;
        }
        for cancelled in self.cancelled.values_mut() {
            cancelled.version = version;
        }
    }

    /// Takes the version of a change of the whole series; `earlier` is what it was before.
    pub(super) fn advance(&mut self, earlier: Option<&Self>, version: u64) {
        if !earlier.is_some_and(|earlier| self.is_shaped_like(earlier)) {
            self.shaped = version;
        }
        self.changed = version;
    }
}

impl Event {
    /// Reads the `recurrence` of a body, and makes a series follow a new time of its master. `before` is
    /// when the event was.
    pub(super) fn apply_recurrence(&mut self, body: &Map<String, Value>, before: Span) -> Result<(), Refusal> {
        let recurrence = match (body.get("recurrence"), &self.role) {
            (None | Some(Value::Null), Role::Part(_)) | (None, Role::Single) => return Ok(()),
            (Some(Value::Null), _) => {
                self.role = Role::Single;
                return Ok(());
            }
            (Some(_), Role::Part(_)) => {
                let message = "The recurrence of a single occurrence cannot be set: change the series master.";
                return Err(Refusal::new(400, "ErrorInvalidRequest", message));
            }
            (None, Role::Master(_)) if self.span == before => return Ok(()),
            (None, Role::Master(series)) => {
                let mut recurrence = series.recurrence.clone();
                let zone = match self.span {
                    Span::AllDay { .. } => Zone::utc(),
                    Span::Timed { .. } => Zone::named(&recurrence.zone).unwrap_or_else(Zone::utc),
                };
                recurrence.begin(zone.to_civil(self.span.bounds().0).date())?;
                recurrence
            }
            (Some(value), Role::Single | Role::Master(_)) => {
                let floats = matches!(self.span, Span::AllDay { .. });
                Recurrence::read(value, self.span.bounds().0, floats, &self.start_zone)?
            }
        };
        let (mut series, first) = Series::new(recurrence, self.span)?;
        if let Some(earlier) = self.series() {
            series.inherit(earlier);
        }
        self.span = first;
        self.role = Role::Master(Box::new(series));
        Ok(())
    }
}

impl Event {
    /// What an attendee's copy, this one, becomes when the meeting has another role now. What the attendee
    /// has of single occurrences stays where the meeting has those occurrences still; what the meeting has
    /// of its own there is for [`Event::mirror_exceptions`].
    pub(super) fn role_in_copy(&self, meeting: &Role) -> Role {
        let mut series = match (&self.role, meeting) {
            (Role::Part(part), _) => return Role::Part(part.clone()),
            (_, Role::Master(series)) => series.clone(),
            (_, Role::Single | Role::Part(_)) => return Role::Single,
        };
        series.restamp(0);
        series.exceptions.clear();
        if let Some(held) = self.series() {
            let deleted = std::mem::take(&mut series.cancelled);
            series.inherit(held);
            // One that was called off still stands in the copy.
            let deleted = deleted.into_iter().filter(|(date, _)| !series.exceptions.contains_key(date));
            for (date, cancelled) in deleted.collect::<Vec<_>>() {
                series.cancelled.entry(date).or_insert(cancelled);
            }
        }
        Role::Master(series)
    }

    /// Whether an event is at another time now, or repeats in another way.
    pub(super) fn is_elsewhen(&self, before: &Self) -> bool {
        let recurrence = |event: &Self| event.series().map(|series| series.recurrence.clone());
        self.span != before.span || recurrence(self) != recurrence(before)
    }
}
