//! A date or a time of an `.ics` file, as it stands on the clocks of its zone.

use calcard::common::PartialDateTime;
use calcard::icalendar::timezone::TzResolver;
use calcard::icalendar::{ICalendar, ICalendarEntry, ICalendarPeriod, ICalendarValue};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

/// The time zones of a calendar.
pub(super) struct Zones<'a> {
    named: TzResolver<&'a str>,
    /// That of times which name none; where the calendar names none either they count as UTC.
    own: TimeZone,
}

impl<'a> Zones<'a> {
    pub(super) fn of_calendar(calendar: &'a ICalendar) -> Self {
        let named = calendar.build_tz_resolver();
        let name = calendar.components.first().and_then(|whole| {
            let entry = whole.entries.iter().find(|entry| entry.name.as_str().eq_ignore_ascii_case("X-WR-TIMEZONE"))?;
            entry.values.first()?.as_text()
        });
        let own = name.and_then(|name| named.resolve(name).and_then(zone_of)).unwrap_or(TimeZone::UTC);
        Self { named, own }
    }

    /// The zone of a property's values.
    pub(super) fn of(&self, entry: &ICalendarEntry) -> Result<TimeZone, String> {
        match entry.tz_id() {
            Some(name) => {
                self.named.resolve(name).and_then(zone_of).ok_or_else(|| "its time zone is unknown".to_owned())
            }
            None => Ok(self.own.clone()),
        }
    }
}

/// When something is, or begins, or ends.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Moment {
    /// A day, the same in every zone.
    Date(Date),
    /// A time on the clocks of a zone.
    Time { local: DateTime, zone: TimeZone },
}

impl Moment {
    /// The first value of a property.
    pub(super) fn of(entry: &ICalendarEntry, zones: &Zones<'_>) -> Result<Self, String> {
        Self::all(entry, zones)?.into_iter().next().ok_or_else(|| "one of its times cannot be read".to_owned())
    }

    /// All values of a property; of a period its beginning.
    pub(super) fn all(entry: &ICalendarEntry, zones: &Zones<'_>) -> Result<Vec<Self>, String> {
        let zone = zones.of(entry)?;
        let read = |value: &ICalendarValue| {
            let partial = match value {
                ICalendarValue::Period(
                    ICalendarPeriod::Range { start, .. } | ICalendarPeriod::Duration { start, .. },
                ) => start,
                value => value.as_partial_date_time()?,
            };
            Self::of_partial(partial, &zone)
        };
        let unreadable = || "one of its times cannot be read".to_owned();
        entry.values.iter().map(|value| read(value).ok_or_else(unreadable)).collect()
    }

    /// A moment of a zone, unless it says its own offset.
    pub(super) fn of_partial(partial: &PartialDateTime, zone: &TimeZone) -> Option<Self> {
        let date = date_of(partial)?;
        let Some(hour) = partial.hour else {
            return Some(Self::Date(date));
        };
        let part = |part: Option<u8>| i8::try_from(part.unwrap_or_default()).ok();
        let second = part(partial.second)?.min(59);
        let time = Time::new(i8::try_from(hour).ok()?, part(partial.minute)?, second, 0).ok()?;
        let local = date.to_datetime(time);
        let Some(hours) = partial.tz_hour else {
            return Some(Self::Time { local, zone: zone.clone() });
        };
        let offset = i32::from(hours) * 3600 + i32::from(partial.tz_minute.unwrap_or_default()) * 60;
        let offset = if partial.tz_minus { -offset } else { offset };
        let zone = match offset {
            0 => TimeZone::UTC,
            offset => TimeZone::fixed(jiff::tz::Offset::from_seconds(offset).ok()?),
        };
        Some(Self::Time { local, zone })
    }

    pub(super) fn is_date(&self) -> bool {
        matches!(self, Self::Date(_))
    }

    pub(super) fn date(&self) -> Date {
        match self {
            Self::Date(date) => *date,
            Self::Time { local, .. } => local.date(),
        }
    }

    pub(super) fn time(&self) -> Option<Time> {
        match self {
            Self::Date(_) => None,
            Self::Time { local, .. } => Some(local.time()),
        }
    }

    pub(super) fn zone(&self) -> &TimeZone {
        const UTC: &TimeZone = &TimeZone::UTC;
        match self {
            Self::Date(_) => UTC,
            Self::Time { zone, .. } => zone,
        }
    }

    /// The zone as Graph knows it; `None` for an offset that no zone has.
    pub(super) fn zone_name(&self) -> Option<String> {
        let zone = self.zone();
        if let Some(name) = zone.iana_name() {
            return Some(name.to_owned());
        }
        let seconds = zone.to_fixed_offset().ok()?.seconds();
        match (seconds / 3600, seconds % 3600) {
            (0, 0) => Some("UTC".to_owned()),
            // POSIX counts westwards.
            (hours, 0) if hours.abs() <= 12 => Some(format!("Etc/GMT{:+}", -hours)),
            _ => None,
        }
    }

    /// The instant; a day begins at midnight UTC.
    pub(super) fn instant(&self) -> Option<Timestamp> {
        match self {
            Self::Date(date) => date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp()),
            Self::Time { local, zone } => zone.to_ambiguous_timestamp(*local).compatible().ok(),
        }
    }

    /// What clocks in another zone show at this moment.
    pub(super) fn in_zone(&self, zone: &TimeZone) -> Option<DateTime> {
        match self {
            Self::Date(date) => Some(date.to_datetime(Time::midnight())),
            Self::Time { .. } => Some(zone.to_datetime(self.instant()?)),
        }
    }
}

pub(super) fn date_of(partial: &PartialDateTime) -> Option<Date> {
    let year = i16::try_from(partial.year?).ok()?;
    let (month, day) = (i8::try_from(partial.month?).ok()?, i8::try_from(partial.day?).ok()?);
    Date::new(year, month, day).ok()
}

fn zone_of(zone: calcard::common::timezone::Tz) -> Option<TimeZone> {
    use calcard::common::timezone::Tz;
    match zone {
        Tz::Floating => Some(TimeZone::UTC),
        Tz::Fixed(offset) => {
            let seconds = offset.local_minus_utc();
            Some(TimeZone::fixed(jiff::tz::Offset::from_seconds(seconds).ok()?))
        }
        Tz::Tz(zone) => TimeZone::get(zone.name()).ok(),
    }
}
