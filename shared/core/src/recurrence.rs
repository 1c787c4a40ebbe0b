//! The rule by which a series repeats: the part of RFC 5545's RRULE that calendars of people use.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Weekday};

/// When a series repeats. Its dates are wall-clock dates in the series' own time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The unit it steps in.
    pub frequency: Frequency,
    /// How many units a step is, at least 1.
    pub interval: u32,
    /// Which week days; with an ordinal the n-th of the month (or year), from the end if negative.
    pub by_day: Vec<(Option<i8>, Weekday)>,
    /// Which days of the month, from the end if negative.
    pub by_month_day: Vec<i8>,
    /// Which months, 1 to 12.
    pub by_month: Vec<i8>,
    /// Which of the days that the rest of the rule gives in each step, from the end if negative.
    pub by_set_pos: Vec<i16>,
    /// On which day weeks begin; Monday unless said otherwise.
    pub week_start: Weekday,
    /// When it ends.
    pub end: RuleEnd,
}

/// The unit a series steps in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frequency {
    /// Days.
    Daily,
    /// Weeks.
    Weekly,
    /// Months.
    Monthly,
    /// Years.
    Yearly,
}

/// When a series ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleEnd {
    /// Never.
    Never,
    /// After so many dates, called-off ones counted.
    Count(u32),
    /// With the last date that is not after this day, in the series' own time zone.
    Until(Date),
}

/// Why a text is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// A part is not `NAME=VALUE`, or its value cannot be read.
    #[error("the part {0} of the rule cannot be read")]
    Unreadable(String),
    /// RFC 5545 knows it, this type does not.
    #[error("the part {0} of the rule is not supported")]
    Unsupported(String),
    /// There is no `FREQ`.
    #[error("the rule does not say its FREQ")]
    NoFrequency,
}

impl Rule {
    /// A plain step without more conditions: every `interval` units for ever.
    pub fn every(interval: u32, frequency: Frequency) -> Self {
        Self {
            frequency,
            interval: interval.max(1),
            by_day: Vec::new(),
            by_month_day: Vec::new(),
            by_month: Vec::new(),
            by_set_pos: Vec::new(),
            week_start: Weekday::Monday,
            end: RuleEnd::Never,
        }
    }
}

impl fmt::Display for Rule {
    /// The value of an `RRULE` property, its parts always in the same order.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frequency = match self.frequency {
            Frequency::Daily => "DAILY",
            Frequency::Weekly => "WEEKLY",
            Frequency::Monthly => "MONTHLY",
            Frequency::Yearly => "YEARLY",
        };
        write!(formatter, "FREQ={frequency}")?;
        if self.interval != 1 {
            write!(formatter, ";INTERVAL={}", self.interval)?;
        }
        list(formatter, "BYMONTH", &self.by_month)?;
        list(formatter, "BYMONTHDAY", &self.by_month_day)?;
        let day = |(ordinal, day): &(Option<i8>, Weekday)| match ordinal {
            Some(ordinal) => format!("{ordinal}{}", day_name(*day)),
            None => day_name(*day).to_owned(),
        };
        list(formatter, "BYDAY", &self.by_day.iter().map(day).collect::<Vec<_>>())?;
        list(formatter, "BYSETPOS", &self.by_set_pos)?;
        if self.week_start != Weekday::Monday {
            write!(formatter, ";WKST={}", day_name(self.week_start))?;
        }
        match self.end {
            RuleEnd::Never => Ok(()),
            RuleEnd::Count(count) => write!(formatter, ";COUNT={count}"),
            RuleEnd::Until(date) => write!(formatter, ";UNTIL={}", date.strftime("%Y%m%d")),
        }
    }
}

fn list(formatter: &mut fmt::Formatter<'_>, name: &str, values: &[impl ToString]) -> fmt::Result {
    if values.is_empty() {
        return Ok(());
    }
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    write!(formatter, ";{name}={}", values.join(","))
}

impl FromStr for Rule {
    type Err = RuleError;

    /// Reads the value of an `RRULE` property, with or without its name. Of a time in `UNTIL` the date is
    /// kept as it stands.
    fn from_str(text: &str) -> Result<Self, RuleError> {
        let mut rule = Self::every(1, Frequency::Daily);
        let mut frequency = None;
        let text = text.trim();
        let text = text.strip_prefix("RRULE:").unwrap_or(text);
        for part in text.split(';').filter(|part| !part.is_empty()) {
            let unreadable = || RuleError::Unreadable(part.to_owned());
            let (name, value) = part.split_once('=').ok_or_else(unreadable)?;
            match name.to_ascii_uppercase().as_str() {
                "FREQ" => {
                    frequency = Some(match value.to_ascii_uppercase().as_str() {
                        "DAILY" => Frequency::Daily,
                        "WEEKLY" => Frequency::Weekly,
                        "MONTHLY" => Frequency::Monthly,
                        "YEARLY" => Frequency::Yearly,
                        "HOURLY" | "MINUTELY" | "SECONDLY" => return Err(RuleError::Unsupported(part.to_owned())),
                        _ => return Err(unreadable()),
                    });
                }
                "INTERVAL" => rule.interval = number(value).filter(|step| *step > 0).ok_or_else(unreadable)?,
                "COUNT" => {
                    rule.end = RuleEnd::Count(number(value).filter(|count| *count > 0).ok_or_else(unreadable)?);
                }
                "UNTIL" => rule.end = RuleEnd::Until(until(value).ok_or_else(unreadable)?),
                "WKST" => rule.week_start = day_of(value).ok_or_else(unreadable)?,
                "BYDAY" => {
                    rule.by_day = value.split(',').map(ordinal_day).collect::<Option<_>>().ok_or_else(unreadable)?;
                }
                "BYMONTHDAY" => rule.by_month_day = numbers(value, 31).ok_or_else(unreadable)?,
                "BYMONTH" => {
                    let months = numbers(value, 12).filter(|months| months.iter().all(|month| *month > 0));
                    rule.by_month = months.ok_or_else(unreadable)?;
                }
                "BYSETPOS" => {
                    let positions: Option<Vec<i16>> = value.split(',').map(number).collect();
                    let positions = positions.filter(|all| all.iter().all(|at| *at != 0 && at.abs() <= 366));
                    rule.by_set_pos = positions.ok_or_else(unreadable)?;
                }
                _ => return Err(RuleError::Unsupported(part.to_owned())),
            }
        }
        rule.frequency = frequency.ok_or(RuleError::NoFrequency)?;
        Ok(rule)
    }
}

fn number<T: FromStr>(text: &str) -> Option<T> {
    text.trim().parse().ok()
}

/// Numbers other than 0, none further from it than `most`.
fn numbers(text: &str, most: i8) -> Option<Vec<i8>> {
    let list: Vec<i8> = text.split(',').map(number).collect::<Option<_>>()?;
    list.iter().all(|number| *number != 0 && (-most..=most).contains(number)).then_some(list)
}

fn until(text: &str) -> Option<Date> {
    let date = text.trim().get(..8).filter(|date| date.bytes().all(|byte| byte.is_ascii_digit()))?;
    Date::strptime("%Y%m%d", date).ok()
}

const DAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Monday),
    ("TU", Weekday::Tuesday),
    ("WE", Weekday::Wednesday),
    ("TH", Weekday::Thursday),
    ("FR", Weekday::Friday),
    ("SA", Weekday::Saturday),
    ("SU", Weekday::Sunday),
];

fn day_name(day: Weekday) -> &'static str {
    DAYS.iter().find(|(_, known)| *known == day).map_or("MO", |(name, _)| name)
}

fn day_of(text: &str) -> Option<Weekday> {
    DAYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text.trim())).map(|(_, day)| *day)
}

/// `MO`, `2TU`, `-1FR`.
fn ordinal_day(text: &str) -> Option<(Option<i8>, Weekday)> {
    let text = text.trim();
    let (ordinal, day) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let ordinal = match ordinal {
        "" => None,
        ordinal => Some(number::<i8>(ordinal).filter(|at| *at != 0 && (-53..=53).contains(at))?),
    };
    Some((ordinal, day_of(day)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_rule_reads_and_writes_the_same() {
        for (text, canonical) in [
            ("FREQ=DAILY", "FREQ=DAILY"),
            ("RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;WKST=SU", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;WKST=SU"),
            ("INTERVAL=1;freq=monthly;bymonthday=31", "FREQ=MONTHLY;BYMONTHDAY=31"),
            ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=3", "FREQ=MONTHLY;BYDAY=-1FR;COUNT=3"),
            ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"),
            (
                "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;UNTIL=20400101T000000Z",
                "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;UNTIL=20400101",
            ),
        ] {
            assert_eq!(text.parse::<Rule>().map(|rule| rule.to_string()), Ok(canonical.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_rule_is_told_by_its_part() {
        let unreadable = |part: &str| RuleError::Unreadable(part.into());
        let unsupported = |part: &str| RuleError::Unsupported(part.into());
        for (text, error) in [
            ("", RuleError::NoFrequency),
            ("INTERVAL=2", RuleError::NoFrequency),
            ("FREQ", unreadable("FREQ")),
            ("FREQ=SOMETIMES", unreadable("FREQ=SOMETIMES")),
            ("FREQ=HOURLY", unsupported("FREQ=HOURLY")),
            ("FREQ=DAILY;INTERVAL=0", unreadable("INTERVAL=0")),
            ("FREQ=DAILY;COUNT=-1", unreadable("COUNT=-1")),
            ("FREQ=DAILY;UNTIL=2040", unreadable("UNTIL=2040")),
            ("FREQ=DAILY;BYDAY=XX", unreadable("BYDAY=XX")),
            ("FREQ=DAILY;BYDAY=é", unreadable("BYDAY=é")),
            ("FREQ=DAILY;BYMONTH=13", unreadable("BYMONTH=13")),
            ("FREQ=DAILY;BYMONTHDAY=0", unreadable("BYMONTHDAY=0")),
            ("FREQ=YEARLY;BYWEEKNO=20", unsupported("BYWEEKNO=20")),
        ] {
            assert_eq!(text.parse::<Rule>(), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_much(text in "(RRULE:)?[A-Z=;,0-9a-zé-]{0,60}") {
            if let Ok(rule) = text.parse::<Rule>() {
                prop_assert_eq!(rule.to_string().parse::<Rule>(), Ok(rule));
            }
        }
    }
}
