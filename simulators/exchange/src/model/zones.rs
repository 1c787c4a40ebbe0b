//! Times on the wire, and the zones they are told in.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::zone_names::WINDOWS_ZONES;

/// A time zone under the name a client gave it.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    pub(crate) name: String,
    pub(crate) rules: TimeZone,
}

impl Zone {
    pub(crate) fn utc() -> Self {
        Self { name: "UTC".to_owned(), rules: TimeZone::UTC }
    }

    /// The zone of an IANA or Windows name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let windows = WINDOWS_ZONES.iter().find(|(windows, _)| windows.eq_ignore_ascii_case(name));
        let rules = TimeZone::get(windows.map_or(name, |(_, iana)| iana)).ok()?;
        Some(Self { name: name.to_owned(), rules })
    }

    pub(crate) fn to_civil(&self, at: Timestamp) -> DateTime {
        self.rules.to_datetime(at)
    }

    pub(crate) fn to_instant(&self, at: DateTime) -> Option<Timestamp> {
        self.rules.to_timestamp(at).ok()
    }
}

/// A local time as Graph writes it: `2026-10-06T01:00:00.0000000`.
pub(crate) fn civil_text(at: DateTime) -> String {
    format!("{}.{:07}", at.strftime("%Y-%m-%dT%H:%M:%S"), at.subsec_nanosecond() / 100)
}

/// An instant as Graph writes it: seconds, and a fraction only if there is one.
pub(crate) fn stamp_text(at: Timestamp) -> String {
    let text = civil_text(TimeZone::UTC.to_datetime(at));
    format!("{}Z", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A time with an offset, or without one and then in UTC.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    let (civil, offset) = read_instant(text)?;
    let at = TimeZone::UTC.to_timestamp(civil).ok()?;
    at.checked_sub(offset.unwrap_or(SignedDuration::ZERO)).ok()
}

/// A time as its wall clock and its offset from UTC, if it has one.
pub(crate) fn read_instant(text: &str) -> Option<(DateTime, Option<SignedDuration>)> {
    let text = text.trim();
    if !text.as_bytes().first().is_some_and(u8::is_ascii_digit) || text.as_bytes().get(4) != Some(&b'-') {
        return None;
    }
    // Seven digits are usual, some programs write more than nine.
    let clock = text.find(['T', 't', ' ']).unwrap_or(text.len());
    // A `+` that nobody percent-encoded arrives as a space.
    let zone = text
        .get(clock + 1..)
        .unwrap_or_default()
        .find(['Z', 'z', '+', '-', ' '])
        .map_or(text.len(), |at| clock + 1 + at);
    let (civil, suffix) = (text.get(..zone)?, text.get(zone..)?);
    let civil = match civil.find('.') {
        Some(dot) if civil.len() > dot + 10 => civil.get(..dot + 10)?,
        _ => civil,
    };
    let offset = if suffix.is_empty() { None } else { Some(offset(suffix)?) };
    Some((civil.parse().ok()?, offset))
}

fn offset(suffix: &str) -> Option<SignedDuration> {
    let sign = match suffix.as_bytes().first() {
        Some(b'Z' | b'z') if suffix.len() == 1 => return Some(SignedDuration::ZERO),
        Some(b'+' | b' ') => 1,
        Some(b'-') => -1,
        _ => return None,
    };
    let digits: String = suffix.get(1..)?.chars().filter(|letter| *letter != ':').collect();
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = if digits.len() == 4 { digits.get(2..)?.parse().ok()? } else { 0 };
    Some(SignedDuration::from_mins(sign * (hours * 60 + minutes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_windows_name_has_a_zone() {
        for (windows, iana) in WINDOWS_ZONES {
            assert!(Zone::named(windows).is_some(), "{windows} = {iana}");
        }
        assert!(Zone::named("Europe/Berlin").is_some());
        assert!(Zone::named("Middle Earth Standard Time").is_none());
        assert!(Zone::named("").is_none());
    }

    #[test]
    fn times_are_read_in_every_usual_form() {
        let cases = [
            ("2026-10-06T01:00:00Z", Some("2026-10-06T01:00:00Z")),
            ("2026-10-06T01:00:00.0000000", Some("2026-10-06T01:00:00Z")),
            ("2026-10-06T01:00:00+02:00", Some("2026-10-05T23:00:00Z")),
            ("2026-10-06T01:00:00 02:00", Some("2026-10-05T23:00:00Z")),
            ("2026-10-06T01:00:00-0530", Some("2026-10-06T06:30:00Z")),
            ("2026-10-06T01:00:00.1234567890123Z", Some("2026-10-06T01:00:00.1234567Z")),
            ("2026-10-06", Some("2026-10-06T00:00:00Z")),
            ("2026-10-06T01:00", Some("2026-10-06T01:00:00Z")),
            ("2026-13-06T01:00:00Z", None),
            ("tomorrow", None),
            ("", None),
            ("2026-", None),
        ];
        for (text, expected) in cases {
            assert_eq!(instant(text).map(stamp_text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_wall_clock_keeps_its_seven_digits() {
        let at: DateTime = "2026-10-06T01:00:00.5".parse().unwrap();
        assert_eq!(civil_text(at), "2026-10-06T01:00:00.5000000");
    }
}
