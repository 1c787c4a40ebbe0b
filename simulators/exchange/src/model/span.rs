//! When an event is, and how a client says so.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Zone, read_instant};
use crate::refusal::Refusal;

/// When an event is. All-day events float: the same dates in every zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Span {
    Timed { start: Timestamp, end: Timestamp },
    AllDay { start: Date, end: Date },
}

impl Span {
    /// As instants; an all-day event counts as UTC midnights.
    pub(crate) fn bounds(&self) -> (Timestamp, Timestamp) {
        match *self {
            Self::Timed { start, end } => (start, end),
            Self::AllDay { start, end } => {
                let midnight = |date: Date| {
                    TimeZone::UTC.to_timestamp(date.to_datetime(jiff::civil::Time::midnight())).unwrap_or_default()
                };
                (midnight(start), midnight(end))
            }
        }
    }

    pub(crate) fn overlaps(&self, from: Timestamp, to: Timestamp) -> bool {
        let (start, end) = self.bounds();
        start < to && (end > from || (start == end && start >= from))
    }
}

/// `start` or `end` as it was written.
pub(super) struct Moment {
    pub(super) civil: DateTime,
    pub(super) instant: Timestamp,
    pub(super) zone: Zone,
}

impl Moment {
    pub(super) fn read(name: &str, value: &Value, preferred: &Zone) -> Result<Self, Refusal> {
        let invalid = || {
            Refusal::new(
                400,
                "ErrorPropertyValidationFailure",
                format!("The Event.{name} property is not a valid time."),
            )
        };
        let zone = match value.get("timeZone").and_then(Value::as_str) {
            Some(name) => Zone::named(name).ok_or_else(|| unsupported_zone(name))?,
            None => preferred.clone(),
        };
        let text = value.get("dateTime").and_then(Value::as_str).ok_or_else(invalid)?;
        let (civil, offset) = read_instant(text).ok_or_else(invalid)?;
        let instant = match offset {
            Some(offset) => Zone::utc().to_instant(civil).and_then(|at| at.checked_sub(offset).ok()),
            None => zone.to_instant(civil),
        };
        Ok(Self { civil, instant: instant.ok_or_else(invalid)?, zone })
    }

    fn is_midnight(&self) -> bool {
        self.civil.time() == jiff::civil::Time::midnight()
    }
}

/// The instant of a `dateTimeTimeZone`; `zone` counts if it names none.
pub(crate) fn read_moment(name: &str, value: &Value, zone: &Zone) -> Result<Timestamp, Refusal> {
    Moment::read(name, value, zone).map(|moment| moment.instant)
}

pub(crate) fn unsupported_zone(name: &str) -> Refusal {
    let message =
        format!("A valid TimeZone value must be specified. The following TimeZone value is not supported: '{name}'.");
    Refusal::new(400, "TimeZoneNotSupportedException", message)
}

pub(super) fn all_day_span(start: &Moment, end: &Moment) -> Result<Span, Refusal> {
    let refuse = |message: String| Err(Refusal::new(400, "ErrorInvalidRequest", message));
    for (name, moment) in [("Start", start), ("End", end)] {
        if !moment.is_midnight() {
            return refuse(format!("The Event.{name} property for an all-day event needs to be set to midnight."));
        }
    }
    if start.zone.rules != end.zone.rules {
        return refuse(
            "The Event.Start and Event.End properties for an all-day event need to be in the same time zone."
                .to_owned(),
        );
    }
    if end.civil <= start.civil {
        return refuse("The duration of an event marked as All day must be at least 24 hours.".to_owned());
    }
    Ok(Span::AllDay { start: start.civil.date(), end: end.civil.date() })
}

pub(super) fn timed_span(start: &Moment, end: &Moment) -> Result<Span, Refusal> {
    if end.instant < start.instant {
        let message = "The end date of the event is earlier than its start date.";
        return Err(Refusal::new(400, "ErrorCalendarEndDateIsEarlierThanStartDate", message));
    }
    if end.instant.duration_since(start.instant) > SignedDuration::from_hours(24 * 1825) {
        let message = "The duration of the event is longer than five years.";
        return Err(Refusal::new(400, "ErrorCalendarDurationIsTooLong", message));
    }
    Ok(Span::Timed { start: start.instant, end: end.instant })
}
