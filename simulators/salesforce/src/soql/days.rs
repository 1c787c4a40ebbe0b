//! Names of spans of days, in the time zone of who asks, and parts of dates.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};

/// The length of a span's steps. The fiscal year is the calendar's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// From which step to before which, counted from the one that holds today. `N` stands for the number.
#[derive(Clone, Copy, Debug)]
enum Steps {
    Fixed(i64, i64),
    /// The `N` before this one.
    LastN,
    /// The `N` days before today, and today.
    LastDays,
    /// The `N` after this one.
    NextN,
    /// The one `N` before this one.
    Ago,
}

use Steps::{Ago, Fixed, LastDays, LastN, NextN};
use Unit::{Day, Month, Quarter, Week, Year};

const NAMES: [(&str, Unit, Steps); 44] = [
    ("YESTERDAY", Day, Fixed(-1, 0)),
    ("TODAY", Day, Fixed(0, 1)),
    ("TOMORROW", Day, Fixed(1, 2)),
    ("LAST_WEEK", Week, Fixed(-1, 0)),
    ("THIS_WEEK", Week, Fixed(0, 1)),
    ("NEXT_WEEK", Week, Fixed(1, 2)),
    ("LAST_MONTH", Month, Fixed(-1, 0)),
    ("THIS_MONTH", Month, Fixed(0, 1)),
    ("NEXT_MONTH", Month, Fixed(1, 2)),
    ("LAST_QUARTER", Quarter, Fixed(-1, 0)),
    ("THIS_QUARTER", Quarter, Fixed(0, 1)),
    ("NEXT_QUARTER", Quarter, Fixed(1, 2)),
    ("LAST_YEAR", Year, Fixed(-1, 0)),
    ("THIS_YEAR", Year, Fixed(0, 1)),
    ("NEXT_YEAR", Year, Fixed(1, 2)),
    // The last days include today, the next ones do not.
    ("LAST_90_DAYS", Day, Fixed(-90, 1)),
    ("NEXT_90_DAYS", Day, Fixed(1, 91)),
    ("LAST_N_DAYS", Day, LastDays),
    ("NEXT_N_DAYS", Day, NextN),
    ("N_DAYS_AGO", Day, Ago),
    ("LAST_N_WEEKS", Week, LastN),
    ("NEXT_N_WEEKS", Week, NextN),
    ("N_WEEKS_AGO", Week, Ago),
    ("LAST_N_MONTHS", Month, LastN),
    ("NEXT_N_MONTHS", Month, NextN),
    ("N_MONTHS_AGO", Month, Ago),
    ("LAST_N_QUARTERS", Quarter, LastN),
    ("NEXT_N_QUARTERS", Quarter, NextN),
    ("N_QUARTERS_AGO", Quarter, Ago),
    ("LAST_N_YEARS", Year, LastN),
    ("NEXT_N_YEARS", Year, NextN),
    ("N_YEARS_AGO", Year, Ago),
    ("LAST_FISCAL_QUARTER", Quarter, Fixed(-1, 0)),
    ("THIS_FISCAL_QUARTER", Quarter, Fixed(0, 1)),
    ("NEXT_FISCAL_QUARTER", Quarter, Fixed(1, 2)),
    ("LAST_FISCAL_YEAR", Year, Fixed(-1, 0)),
    ("THIS_FISCAL_YEAR", Year, Fixed(0, 1)),
    ("NEXT_FISCAL_YEAR", Year, Fixed(1, 2)),
    ("LAST_N_FISCAL_QUARTERS", Quarter, LastN),
    ("NEXT_N_FISCAL_QUARTERS", Quarter, NextN),
    ("N_FISCAL_QUARTERS_AGO", Quarter, Ago),
    ("LAST_N_FISCAL_YEARS", Year, LastN),
    ("NEXT_N_FISCAL_YEARS", Year, NextN),
    ("N_FISCAL_YEARS_AGO", Year, Ago),
];

/// The name as it is known here, and whether a number follows it.
pub(super) fn named(name: &str) -> Option<(&'static str, bool)> {
    let (name, _, steps) = NAMES.into_iter().find(|(known, ..)| *known == name)?;
    Some((name, !matches!(steps, Fixed(..))))
}

/// The first day, and the first day after; `None` outside the calendar. Weeks begin on Sunday.
pub(super) fn span(name: &str, number: i64, today: Date) -> Option<(Date, Date)> {
    let (_, unit, steps) = NAMES.into_iter().find(|(known, ..)| *known == name)?;
    let back = number.checked_neg()?;
    let (from, to) = match steps {
        Fixed(from, to) => (from, to),
        LastN => (back, 0),
        LastDays => (back, 1),
        NextN => (1, number.checked_add(1)?),
        Ago => (back, back.checked_add(1)?),
    };
    let base = match unit {
        Day => today,
        Week => today.checked_sub(i64::from(today.weekday().to_sunday_zero_offset()).days()).ok()?,
        Month => today.first_of_month(),
        Quarter => {
            let month = (today.month() - 1) / 3 * 3 + 1;
            Date::new(today.year(), month, 1).ok()?
        }
        Year => today.first_of_year(),
    };
    let step = |count: i64| {
        let span = match unit {
            Day => Span::new().try_days(count),
            Week => Span::new().try_weeks(count),
            Month => Span::new().try_months(count),
            Quarter => Span::new().try_months(count.checked_mul(3)?),
            Year => Span::new().try_years(count),
        };
        base.checked_add(span.ok()?).ok()
    };
    Some((step(from)?, step(to)?))
}

/// When a day begins there.
pub(super) fn begin(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    day.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp())
}

/// Whose days a time is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    Universal,
    /// `convertTimezone`
    Users,
}

/// What a function takes of a date or a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Year,
    Quarter,
    Month,
    DayInYear,
    DayInMonth,
    DayInWeek,
    WeekInYear,
    WeekInMonth,
    Hour,
    /// The date of a time.
    Date,
}

/// The part that the function of that name, in capitals, takes.
pub(super) fn part(function: &str) -> Option<Part> {
    Some(match function {
        "CALENDAR_YEAR" | "FISCAL_YEAR" => Part::Year,
        "CALENDAR_QUARTER" | "FISCAL_QUARTER" => Part::Quarter,
        "CALENDAR_MONTH" | "FISCAL_MONTH" => Part::Month,
        "DAY_IN_YEAR" => Part::DayInYear,
        "DAY_IN_MONTH" => Part::DayInMonth,
        "DAY_IN_WEEK" => Part::DayInWeek,
        "WEEK_IN_YEAR" => Part::WeekInYear,
        "WEEK_IN_MONTH" => Part::WeekInMonth,
        "HOUR_IN_DAY" => Part::Hour,
        "DAY_ONLY" => Part::Date,
        _ => return None,
    })
}

impl Part {
    /// This part, as a number; of [`Part::Date`] none. Sunday is 1, and weeks are counted from the first day.
    pub(super) fn of(self, date: Date, hour: i8) -> i64 {
        match self {
            Self::Year => i64::from(date.year()),
            Self::Quarter => i64::from((date.month() - 1) / 3 + 1),
            Self::Month => i64::from(date.month()),
            Self::DayInYear => i64::from(date.day_of_year()),
            Self::DayInMonth => i64::from(date.day()),
            Self::DayInWeek => i64::from(date.weekday().to_sunday_one_offset()),
            Self::WeekInYear => i64::from((date.day_of_year() - 1) / 7 + 1),
            Self::WeekInMonth => i64::from((date.day() - 1) / 7 + 1),
            Self::Hour => i64::from(hour),
            Self::Date => 0,
        }
    }
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
            ("LAST_WEEK", 0, "2031-04-27", "2031-05-04"),
            ("NEXT_MONTH", 0, "2031-06-01", "2031-07-01"),
            ("THIS_QUARTER", 0, "2031-04-01", "2031-07-01"),
            ("LAST_YEAR", 0, "2030-01-01", "2031-01-01"),
            ("LAST_90_DAYS", 0, "2031-02-05", "2031-05-07"),
            ("NEXT_90_DAYS", 0, "2031-05-07", "2031-08-05"),
            ("LAST_N_DAYS", 3, "2031-05-03", "2031-05-07"),
            ("NEXT_N_DAYS", 3, "2031-05-07", "2031-05-10"),
            ("N_DAYS_AGO", 3, "2031-05-03", "2031-05-04"),
            ("LAST_N_MONTHS", 2, "2031-03-01", "2031-05-01"),
            ("NEXT_N_QUARTERS", 2, "2031-07-01", "2032-01-01"),
            ("N_YEARS_AGO", 2, "2029-01-01", "2030-01-01"),
        ];
        for (name, number, from, to) in table {
            let expected = Some((from.parse().unwrap(), to.parse().unwrap()));
            assert_eq!(span(name, number, today), expected, "{name}");
        }
        for (name, ..) in NAMES {
            assert_eq!(span(name, i64::MAX, today).is_some(), !named(name).unwrap().1, "{name}");
        }
    }
}
