//! Dates and times as Salesforce writes and reads them.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

/// `2031-05-06T09:00:00.000+0000`: UTC, whole seconds. Two of them compare as texts.
pub(crate) fn write(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
}

/// A date-time with `Z`, `+02:00` or `+0200`, cut to whole seconds.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let (_, time) = text.split_once('T')?;
    let colonless = time.len() > 5 && {
        let zone = time.get(time.len() - 5..).unwrap_or_default();
        zone.starts_with(['+', '-']) && zone[1..].bytes().all(|byte| byte.is_ascii_digit())
    };
    let repaired = if colonless {
        let (head, minutes) = text.split_at(text.len() - 2);
        format!("{head}:{minutes}")
    } else {
        text.to_owned()
    };
    Timestamp::from_second(repaired.parse::<Timestamp>().ok()?.as_second()).ok()
}

/// A date `2031-05-06`, and nothing but a date.
pub(crate) fn read_date(text: &str) -> Option<Date> {
    let shaped = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if shaped { text.parse().ok() } else { None }
}

/// The UTC midnight with which a date begins.
pub(crate) fn midnight(date: Date) -> Option<Timestamp> {
    date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// The date in UTC.
pub(crate) fn date_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// A date of an HTTP header.
pub(crate) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The date of an HTTP header.
pub(crate) fn read_http_date(text: &str) -> Option<Timestamp> {
    let civil = strtime::parse("%a, %d %b %Y %H:%M:%S GMT", text.trim()).ok()?.to_datetime().ok()?;
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// `at` without what is less than a second.
pub(crate) fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_times_are_read_in_each_spelling_and_written_in_one() {
        for spelling in [
            "2031-05-06T09:00:00Z",
            "2031-05-06T11:00:00+02:00",
            "2031-05-06T11:00:00.000+0200",
            "2031-05-06T09:00:00.987Z",
        ] {
            assert_eq!(write(read(spelling).unwrap()), "2031-05-06T09:00:00.000+0000", "{spelling}");
        }
        for bad in ["2031-05-06", "2031-05-06 09:00:00", "2031-05-06T09:00:00", "tomorrow", "T"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn http_dates_go_round() {
        let at = read("2031-05-06T09:00:00Z").unwrap();
        assert_eq!(http_date(at), "Tue, 06 May 2031 09:00:00 GMT");
        assert_eq!(read_http_date(&http_date(at)), Some(at));
    }
}
