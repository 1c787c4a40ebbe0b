//! How a series repeats: Graph's `patternedRecurrence` to and from the rule of RFC 5545.
//!
//! The two do not mean the same by the last days of a month. Exchange puts a date on the 29th, 30th or 31st
//! on the last day of a month that is shorter; a rule by month day leaves that month out. So what Exchange
//! says becomes the rule that means it (`BYMONTHDAY=-1`, or the last of several days by `BYSETPOS`), and a
//! rule that would leave months out cannot be told to Exchange.

use std::fmt;

use jiff::civil::{Date, Weekday};
use serde_json::{Value, json};
use syncline_core::recurrence::{Frequency, Rule, RuleEnd};

use crate::row::{Problem, Row};
use crate::zones;

/// A rule with what it needs to name dates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repetition {
    /// When it repeats.
    pub rule: Rule,
    /// The day it begins.
    pub first: Date,
    /// The IANA name of the zone whose wall clock the series keeps.
    pub zone: String,
}

/// Why a recurrence does not pass from one form to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecurrenceError {
    /// It is not as Graph's documentation has it. Names the property, never its value.
    Unreadable(String),
    /// It is sound, and the other form has no way to say it.
    Unsupported(&'static str),
}

impl fmt::Display for RecurrenceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(problem) => write!(formatter, "the recurrence cannot be read: {problem}"),
            Self::Unsupported(what) => write!(formatter, "the recurrence cannot be said: {what}"),
        }
    }
}

impl std::error::Error for RecurrenceError {}

impl From<Problem> for RecurrenceError {
    fn from(Problem(problem): Problem) -> Self {
        Self::Unreadable(problem)
    }
}

type Outcome<T> = Result<T, RecurrenceError>;

/// Graph's names of the days, from Sunday as Outlook counts.
const DAYS: [(&str, Weekday); 7] = [
    ("sunday", Weekday::Sunday),
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
];

/// Graph's names for which of the days of a month is meant.
const INDEXES: [(&str, i8); 5] = [("first", 1), ("second", 2), ("third", 3), ("fourth", 4), ("last", -1)];

/// What Graph writes where a range has no end.
const NO_DATE: &str = "0001-01-01";

/// The last day that every month has.
const ALWAYS_THERE: i8 = 28;

impl Repetition {
    /// Reads a `patternedRecurrence`.
    pub fn from_graph(value: &Value) -> Outcome<Self> {
        let row = Row::of(value)?;
        let pattern = row.object("pattern")?.ok_or_else(|| Problem::missing("pattern"))?;
        let range = row.object("range")?.ok_or_else(|| Problem::missing("range"))?;
        let first = date(range, "startDate")?;
        let zone = match range.text("recurrenceTimeZone")?.filter(|name| !name.trim().is_empty()) {
            Some(name) => zones::iana(name).ok_or(RecurrenceError::Unsupported("its time zone has no name"))?,
            None => "UTC".to_owned(),
        };
        let rule = Rule { end: end(range)?, ..read_pattern(pattern, first)? };
        Ok(Self { rule, first, zone })
    }

    /// Writes a `patternedRecurrence`.
    pub fn to_graph(&self) -> Outcome<Value> {
        let mut pattern = write_pattern(&self.rule, self.first)?;
        pattern["interval"] = json!(self.rule.interval.max(1));
        let (kind, end, count) = match self.rule.end {
            RuleEnd::Never => ("noEnd", NO_DATE.to_owned(), 0),
            RuleEnd::Count(count) => ("numbered", NO_DATE.to_owned(), count),
            RuleEnd::Until(date) => ("endDate", date.to_string(), 0),
        };
        let range = json!({
            "type": kind,
            "startDate": self.first.to_string(),
            "endDate": end,
            "numberOfOccurrences": count,
            "recurrenceTimeZone": self.zone,
        });
        Ok(json!({ "pattern": pattern, "range": range }))
    }
}

fn date(row: Row<'_>, name: &str) -> Outcome<Date> {
    let text = row.text(name)?.ok_or_else(|| Problem::missing(name))?;
    text.parse().map_err(|_| RecurrenceError::Unreadable(format!("{name} is no date")))
}

fn end(range: Row<'_>) -> Outcome<RuleEnd> {
    match range.text("type")?.unwrap_or_default().to_ascii_lowercase().as_str() {
        "noend" => Ok(RuleEnd::Never),
        "enddate" => Ok(RuleEnd::Until(date(range, "endDate")?)),
        "numbered" => {
            let count = range.whole("numberOfOccurrences")?.and_then(|count| u32::try_from(count).ok());
            let count = count.filter(|count| *count > 0);
            count.map(RuleEnd::Count).ok_or_else(|| unreadable("numberOfOccurrences is no number of dates"))
        }
        _ => Err(unreadable("range.type is not known")),
    }
}

fn read_pattern(pattern: Row<'_>, first: Date) -> Outcome<Rule> {
    let interval = pattern.whole("interval")?.map_or(Some(1), |step| u32::try_from(step).ok().filter(|step| *step > 0));
    let interval = interval.ok_or_else(|| unreadable("interval is no step"))?;
    let kind = pattern.text("type")?.unwrap_or_default().to_ascii_lowercase();
    let every = |frequency| Rule::every(interval, frequency);
    match kind.as_str() {
        "daily" => Ok(every(Frequency::Daily)),
        "weekly" => {
            let days = days(pattern)?;
            let days = if days.is_empty() { vec![first.weekday()] } else { days };
            // Weeks begin on Sunday unless the pattern says otherwise.
            let week_start = pattern.text("firstDayOfWeek")?.map_or(Ok(Weekday::Sunday), day)?;
            Ok(Rule { by_day: plain(&days), week_start, ..every(Frequency::Weekly) })
        }
        "absolutemonthly" => Ok(by_month_day(every(Frequency::Monthly), month_day(pattern, first)?)),
        "relativemonthly" => relative(every(Frequency::Monthly), pattern),
        "absoluteyearly" => {
            let month = month(pattern, first)?;
            let (day, longest) = (month_day(pattern, first)?, longest(month));
            let rule = Rule { by_month: vec![month], ..every(Frequency::Yearly) };
            // February's last days are the last day of a February; elsewhere every year is alike.
            if month == 2 && day > ALWAYS_THERE {
                return Ok(Rule { by_month_day: vec![-1], ..rule });
            }
            Ok(Rule { by_month_day: vec![day.min(longest)], ..rule })
        }
        "relativeyearly" => {
            let month = month(pattern, first)?;
            relative(Rule { by_month: vec![month], ..every(Frequency::Yearly) }, pattern)
        }
        _ => Err(unreadable("pattern.type is not known")),
    }
}

/// The rule for a day of every month, the last one of those that are shorter.
fn by_month_day(rule: Rule, day: i8) -> Rule {
    match day {
        31 => Rule { by_month_day: vec![-1], ..rule },
        29 | 30 => Rule { by_month_day: (ALWAYS_THERE..=day).collect(), by_set_pos: vec![-1], ..rule },
        _ => Rule { by_month_day: vec![day], ..rule },
    }
}

fn relative(rule: Rule, pattern: Row<'_>) -> Outcome<Rule> {
    let days = days(pattern)?;
    let name = pattern.text("index")?.unwrap_or("first");
    let index = INDEXES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, index)| *index);
    let index = index.ok_or_else(|| unreadable("index is not known"))?;
    match days[..] {
        [] => Err(unreadable("daysOfWeek is empty")),
        [day] => Ok(Rule { by_day: vec![(Some(index), day)], ..rule }),
        _ => Ok(Rule { by_day: plain(&days), by_set_pos: vec![i16::from(index)], ..rule }),
    }
}

/// In the order of the week from Monday, each once.
fn days(pattern: Row<'_>) -> Outcome<Vec<Weekday>> {
    let names = pattern.list("daysOfWeek")?.iter();
    let days = names.map(|name| name.as_str().map_or_else(|| Err(unreadable("daysOfWeek is no list of days")), day));
    let mut days = days.collect::<Outcome<Vec<_>>>()?;
    days.sort_unstable_by_key(|day| day.to_monday_zero_offset());
    days.dedup();
    Ok(days)
}

fn day(name: &str) -> Outcome<Weekday> {
    let day = DAYS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, day)| *day);
    day.ok_or_else(|| unreadable("a day of the week is not known"))
}

fn plain(days: &[Weekday]) -> Vec<(Option<i8>, Weekday)> {
    days.iter().map(|day| (None, *day)).collect()
}

fn month_day(pattern: Row<'_>, first: Date) -> Outcome<i8> {
    within(pattern, "dayOfMonth", 31, first.day())
}

fn month(pattern: Row<'_>, first: Date) -> Outcome<i8> {
    within(pattern, "month", 12, first.month())
}

/// Graph writes 0 for what a pattern does not use; where it is used, the first date says it.
fn within(pattern: Row<'_>, name: &str, most: i8, otherwise: i8) -> Outcome<i8> {
    match pattern.whole(name)? {
        None | Some(0) => Ok(otherwise),
        Some(number) => {
            let number = i8::try_from(number).ok().filter(|number| (1..=most).contains(number));
            number.ok_or_else(|| RecurrenceError::Unreadable(format!("{name} is out of range")))
        }
    }
}

fn unreadable(problem: &str) -> RecurrenceError {
    RecurrenceError::Unreadable(problem.to_owned())
}

/// How many days a month has at most.
fn longest(month: i8) -> i8 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Everything but the interval.
fn write_pattern(rule: &Rule, first: Date) -> Outcome<Value> {
    const UNSAID: RecurrenceError = RecurrenceError::Unsupported("Exchange has no such pattern");
    let has_set_pos = !rule.by_set_pos.is_empty();
    match rule.frequency {
        Frequency::Daily => {
            if has_set_pos || !rule.by_month.is_empty() || !rule.by_month_day.is_empty() {
                return Err(UNSAID);
            }
            if rule.by_day.is_empty() {
                return Ok(pattern("daily"));
            }
            // Days of the week without a step are weeks.
            if rule.interval > 1 { Err(UNSAID) } else { weekly(rule, first) }
        }
        Frequency::Weekly => {
            let is_plain = !has_set_pos && rule.by_month.is_empty() && rule.by_month_day.is_empty();
            if is_plain { weekly(rule, first) } else { Err(UNSAID) }
        }
        Frequency::Monthly if !rule.by_month.is_empty() => Err(UNSAID),
        Frequency::Monthly if rule.by_day.is_empty() => {
            let mut pattern = pattern("absoluteMonthly");
            pattern["dayOfMonth"] = json!(day_of_every_month(rule, first)?);
            Ok(pattern)
        }
        Frequency::Monthly => write_relative("relativeMonthly", rule),
        Frequency::Yearly => {
            let month = match rule.by_month[..] {
                [month] => month,
                // Without a month an ordinal counts in the year, and days of the month are days of them all.
                [] if rule.by_day.is_empty() && rule.by_month_day.is_empty() => first.month(),
                _ => return Err(UNSAID),
            };
            let mut pattern = if rule.by_day.is_empty() {
                let mut pattern = pattern("absoluteYearly");
                pattern["dayOfMonth"] = json!(day_of_month(rule, month, first)?);
                pattern
            } else {
                write_relative("relativeYearly", rule)?
            };
            pattern["month"] = json!(month);
            Ok(pattern)
        }
    }
}

/// A pattern with what it does not use as Graph itself writes it.
fn pattern(kind: &str) -> Value {
    json!({
        "type": kind, "interval": 1, "month": 0, "dayOfMonth": 0, "daysOfWeek": [], "firstDayOfWeek": "sunday",
        "index": "first",
    })
}

fn weekly(rule: &Rule, first: Date) -> Outcome<Value> {
    if rule.by_day.iter().any(|(ordinal, _)| ordinal.is_some()) {
        return Err(RecurrenceError::Unsupported("weeks have no first or second of a day"));
    }
    let mut pattern = pattern("weekly");
    let days: Vec<Weekday> = rule.by_day.iter().map(|(_, day)| *day).collect();
    pattern["daysOfWeek"] = names(if days.is_empty() { vec![first.weekday()] } else { days });
    pattern["firstDayOfWeek"] = json!(name_of(rule.week_start));
    Ok(pattern)
}

const SKIPS: RecurrenceError = RecurrenceError::Unsupported("Exchange leaves no month out that lacks the day");

fn day_of_every_month(rule: &Rule, first: Date) -> Outcome<i8> {
    match (&rule.by_month_day[..], &rule.by_set_pos[..]) {
        ([-1], [] | [1 | -1]) | ([28, 29, 30, 31], [-1]) => Ok(31),
        ([28, 29, 30], [-1]) => Ok(30),
        ([28, 29], [-1]) => Ok(29),
        ([day], [] | [1 | -1]) if (1..=ALWAYS_THERE).contains(day) => Ok(*day),
        ([], []) if first.day() <= ALWAYS_THERE => Ok(first.day()),
        ([29..=31] | [], []) => Err(SKIPS),
        _ => Err(RecurrenceError::Unsupported("Exchange knows one day of the month, and only the last from its end")),
    }
}

fn day_of_month(rule: &Rule, month: i8, first: Date) -> Outcome<i8> {
    let day = match (&rule.by_month_day[..], &rule.by_set_pos[..]) {
        ([-1], [] | [1 | -1]) => return Ok(longest(month)),
        ([day], [] | [1 | -1]) => *day,
        ([], []) => first.day(),
        // The last of several days, as it is said of every month.
        _ => return Ok(day_of_every_month(rule, first)?.min(longest(month))),
    };
    match day {
        29 if month == 2 => Err(SKIPS),
        day if (1..=longest(month)).contains(&day) => Ok(day),
        _ => Err(RecurrenceError::Unsupported("the month has no such day")),
    }
}

fn write_relative(kind: &str, rule: &Rule) -> Outcome<Value> {
    if !rule.by_month_day.is_empty() {
        return Err(RecurrenceError::Unsupported("Exchange knows a day of the month or of the week, not both"));
    }
    let (days, index): (Vec<Weekday>, i16) = match (&rule.by_day[..], &rule.by_set_pos[..]) {
        ([(Some(ordinal), day)], [] | [1 | -1]) => (vec![*day], i16::from(*ordinal)),
        (days, [index]) if days.iter().all(|(ordinal, _)| ordinal.is_none()) => {
            (days.iter().map(|(_, day)| *day).collect(), *index)
        }
        _ => return Err(RecurrenceError::Unsupported("Exchange knows one of the days of a month, not several")),
    };
    let name = INDEXES.iter().find(|(_, known)| i16::from(*known) == index).map(|(name, _)| *name);
    let mut pattern = pattern(kind);
    pattern["index"] = json!(name.ok_or(RecurrenceError::Unsupported("Exchange counts to the fourth, or the last"))?);
    pattern["daysOfWeek"] = names(days);
    Ok(pattern)
}

fn names(mut days: Vec<Weekday>) -> Value {
    days.sort_unstable_by_key(|day| day.to_monday_zero_offset());
    days.dedup();
    days.into_iter().map(name_of).collect()
}

fn name_of(day: Weekday) -> &'static str {
    DAYS.iter().find(|(_, known)| *known == day).map_or("monday", |(name, _)| name)
}

#[cfg(test)]
mod tests;
