//! Names of spans of days, in the time zone of who asks.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};

/// The names, and whether a number follows.
const NAMES: [(&str, bool); 22] = [
    ("YESTERDAY", false),
    ("TODAY", false),
    ("TOMORROW", false),
    ("LAST_WEEK", false),
    ("THIS_WEEK", false),
    ("NEXT_WEEK", false),
    ("LAST_MONTH", false),
    ("THIS_MONTH", false),
    ("NEXT_MONTH", false),
    ("LAST_YEAR", false),
    ("THIS_YEAR", false),
    ("NEXT_YEAR", false),
    ("LAST_90_DAYS", false),
    ("NEXT_90_DAYS", false),
    ("LAST_N_DAYS", true),
    ("NEXT_N_DAYS", true),
    ("N_DAYS_AGO", true),
    ("LAST_N_WEEKS", true),
    ("NEXT_N_WEEKS", true),
    ("LAST_N_MONTHS", true),
    ("NEXT_N_MONTHS", true),
    ("LAST_N_YEARS", true),
];

/// The name as it is known here, and whether a number follows it.
pub(super) fn named(name: &str) -> Option<(&'static str, bool)> {
    NAMES.into_iter().find(|(known, _)| *known == name)
}

/// The first day, and the first day after; `None` outside the calendar. Weeks begin on Sunday.
pub(super) fn span(name: &str, number: i64, today: Date) -> Option<(Date, Date)> {
    let days = |count: i64| Span::new().try_days(count).ok();
    let weeks = |count: i64| Span::new().try_weeks(count).ok();
    let months = |count: i64| Span::new().try_months(count).ok();
    let years = |count: i64| Span::new().try_years(count).ok();
    let week = today.checked_sub(i64::from(today.weekday().to_sunday_zero_offset()).days()).ok()?;
    let month = today.first_of_month();
    let year = today.first_of_year();
    let tomorrow = today.tomorrow().ok()?;
    let between = |base: Date, from: Option<Span>, to: Option<Span>| {
        Some((base.checked_add(from?).ok()?, base.checked_add(to?).ok()?))
    };
    let back = number.checked_neg()?;
    match name {
        "YESTERDAY" => between(today, days(-1), days(0)),
        "TODAY" => between(today, days(0), days(1)),
        "TOMORROW" => between(today, days(1), days(2)),
        "LAST_WEEK" => between(week, weeks(-1), weeks(0)),
        "THIS_WEEK" => between(week, weeks(0), weeks(1)),
        "NEXT_WEEK" => between(week, weeks(1), weeks(2)),
        "LAST_MONTH" => between(month, months(-1), months(0)),
        "THIS_MONTH" => between(month, months(0), months(1)),
        "NEXT_MONTH" => between(month, months(1), months(2)),
        "LAST_YEAR" => between(year, years(-1), years(0)),
        "THIS_YEAR" => between(year, years(0), years(1)),
        "NEXT_YEAR" => between(year, years(1), years(2)),
        // The last days include today, the next ones do not.
        "LAST_90_DAYS" => Some((today.checked_add(days(-90)?).ok()?, tomorrow)),
        "NEXT_90_DAYS" => between(tomorrow, days(0), days(90)),
        "LAST_N_DAYS" => Some((today.checked_add(days(back)?).ok()?, tomorrow)),
        "NEXT_N_DAYS" => between(tomorrow, days(0), days(number)),
        "N_DAYS_AGO" => {
            let day = today.checked_add(days(back)?).ok()?;
            Some((day, day.tomorrow().ok()?))
        }
        "LAST_N_WEEKS" => between(week, weeks(back), weeks(0)),
        "NEXT_N_WEEKS" => between(week, weeks(1), weeks(number.checked_add(1)?)),
        "LAST_N_MONTHS" => between(month, months(back), months(0)),
        "NEXT_N_MONTHS" => between(month, months(1), months(number.checked_add(1)?)),
        "LAST_N_YEARS" => between(year, years(back), years(0)),
        _ => None,
    }
}

/// When a day begins there.
pub(super) fn begin(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    day.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_days() {
        // A Tuesday.
        let today: Date = "2031-05-06".parse().unwrap();
        let table = [
            ("TODAY", 0, "2031-05-06", "2031-05-07"),
            ("YESTERDAY", 0, "2031-05-05", "2031-05-06"),
            ("THIS_WEEK", 0, "2031-05-04", "2031-05-11"),
            ("NEXT_MONTH", 0, "2031-06-01", "2031-07-01"),
            ("LAST_N_DAYS", 3, "2031-05-03", "2031-05-07"),
            ("NEXT_N_DAYS", 3, "2031-05-07", "2031-05-10"),
            ("LAST_N_MONTHS", 2, "2031-03-01", "2031-05-01"),
        ];
        for (name, number, from, to) in table {
            let expected = Some((from.parse().unwrap(), to.parse().unwrap()));
            assert_eq!(span(name, number, today), expected, "{name}");
        }
        assert_eq!(span("LAST_N_DAYS", i64::MAX, today), None);
    }
}
