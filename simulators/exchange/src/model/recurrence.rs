//! How often a series repeats: Graph's pattern and range, and the dates that follow from them.

use jiff::civil::{Date, DateTime};
use jiff::{Span as Length, Timestamp};
use rrule::RRuleSetIter;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Zone, unsupported_zone};
use crate::refusal::Refusal;

const DAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
/// The same days as recurrence rules write them.
const RULE_DAYS: [&str; 7] = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];
const INDEXES: [&str; 5] = ["first", "second", "third", "fourth", "last"];
const KINDS: [(&str, Kind); 6] = [
    ("daily", Kind::Daily),
    ("weekly", Kind::Weekly),
    ("absoluteMonthly", Kind::AbsoluteMonthly),
    ("relativeMonthly", Kind::RelativeMonthly),
    ("absoluteYearly", Kind::AbsoluteYearly),
    ("relativeYearly", Kind::RelativeYearly),
];
/// The days of each month in a leap year.
const MONTH_DAYS: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/// Occurrences of a numbered range.
const MAX_NUMBER: u32 = 999;
/// The longest interval of days; of weeks, months and years it is 99.
const MAX_DAYS_APART: u32 = 999;
const MAX_APART: u32 = 99;
/// Exchange's calendar begins and ends with these years.
const YEARS: std::ops::RangeInclusive<i16> = 1601..=4500;
/// The dates that are looked through for one answer; a series of one date a day reaches this in 200 years.
const MAX_DATES: usize = 73_200;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    Daily,
    Weekly,
    AbsoluteMonthly,
    RelativeMonthly,
    AbsoluteYearly,
    RelativeYearly,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum End {
    Never,
    On(Date),
    After(u32),
}

/// A pattern and its range, read and made complete. Days and indexes are positions in the lists above.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Recurrence {
    kind: Kind,
    interval: u32,
    days: Vec<usize>,
    first_day: usize,
    day_of_month: u8,
    month: u8,
    index: usize,
    /// The first date of the series.
    pub(crate) start: Date,
    end: End,
    pub(crate) zone: String,
}

impl Recurrence {
    /// Reads a `recurrence`. Without a zone or a first date it has those of the event's `start`. The
    /// series then begins at the first date that fits the pattern.
    pub(super) fn read(value: &Value, start: Timestamp, floats: bool, start_zone: &str) -> Result<Self, Refusal> {
        let part = |name: &str| value.get(name).and_then(Value::as_object).ok_or_else(|| wanting(name));
        let (pattern, range) = (part("pattern")?, part("range")?);
        let zone = match text(range, "recurrenceTimeZone")? {
            None | Some("") => start_zone,
            Some(name) => name,
        };
        let clock = if floats { Zone::utc() } else { Zone::named(zone).ok_or_else(|| unsupported_zone(zone))? };
        Zone::named(zone).ok_or_else(|| unsupported_zone(zone))?;
        let start = date(range, "startDate")?.unwrap_or_else(|| clock.to_civil(start).date());
        let mut read = Self::pattern(pattern, start, zone)?;
        read.end = end(range, start)?;
        if !YEARS.contains(&start.year()) {
            return Err(invalid("The recurrence range begins outside of what a calendar holds."));
        }
        read.begin_at_first()?;
        Ok(read)
    }

    fn pattern(pattern: &Map<String, Value>, start: Date, zone: &str) -> Result<Self, Refusal> {
        let name = text(pattern, "type")?.ok_or_else(|| wanting("pattern.type"))?;
        let kind = choice(name, &KINDS.map(|(name, _)| name))?;
        let kind = KINDS.get(kind).map_or(Kind::Daily, |(_, kind)| *kind);
        let mut read = Self {
            kind,
            interval: whole(pattern, "interval")?,
            days: Vec::new(),
            first_day: 0,
            day_of_month: 0,
            month: 0,
            index: 0,
            start,
            end: End::Never,
            zone: zone.to_owned(),
        };
        let longest = if kind == Kind::Daily { MAX_DAYS_APART } else { MAX_APART };
        if !(1..=longest).contains(&read.interval) {
            return Err(invalid(&format!("The recurrence pattern's interval must be from 1 to {longest}.")));
        }
        if matches!(kind, Kind::Weekly | Kind::RelativeMonthly | Kind::RelativeYearly) {
            read.days = days(pattern)?;
        }
        if kind == Kind::Weekly {
            read.first_day = text(pattern, "firstDayOfWeek")?.map_or(Ok(0), |name| choice(name, &DAYS))?;
        }
        if matches!(kind, Kind::RelativeMonthly | Kind::RelativeYearly) {
            read.index = text(pattern, "index")?.map_or(Ok(0), |name| choice(name, &INDEXES))?;
        }
        let mut longest_month = 31;
        if matches!(kind, Kind::AbsoluteYearly | Kind::RelativeYearly) {
            let month = u8::try_from(whole(pattern, "month")?).unwrap_or(0);
            let days = month.checked_sub(1).and_then(|at| MONTH_DAYS.get(usize::from(at)));
            longest_month = *days.ok_or_else(|| invalid("The recurrence pattern's month must be from 1 to 12."))?;
            read.month = month;
        }
        if matches!(kind, Kind::AbsoluteMonthly | Kind::AbsoluteYearly) {
            read.day_of_month = u8::try_from(whole(pattern, "dayOfMonth")?).unwrap_or(0);
            if !(1..=longest_month).contains(&read.day_of_month) {
                let message = format!("The recurrence pattern's dayOfMonth must be from 1 to {longest_month}.");
                return Err(invalid(&message));
            }
        }
        Ok(read)
    }

    /// The same series from another date on.
    pub(super) fn begin(&mut self, start: Date) -> Result<(), Refusal> {
        self.start = start;
        self.begin_at_first()
    }

    fn begin_at_first(&mut self) -> Result<(), Refusal> {
        if matches!(self.end, End::On(end) if end < self.start) {
            return Err(invalid("The recurrence range ends before it begins."));
        }
        let message = "The recurrence pattern has no occurrence in its range.";
        let first = self.from(self.start).next();
        self.start = first.ok_or_else(|| Refusal::new(400, "ErrorRecurrenceHasNoOccurrence", message))?;
        Ok(())
    }

    /// Whether two recurrences differ in nothing but where they end.
    pub(super) fn repeats_like(&self, other: &Self) -> bool {
        let rules = |zone: &str| Zone::named(zone).map(|zone| zone.rules);
        let same_zone = self.zone == other.zone || rules(&self.zone) == rules(&other.zone);
        let like = Self { end: other.end, zone: other.zone.clone(), ..self.clone() };
        same_zone && like == *other
    }

    pub(super) fn is_date(&self, date: Date) -> bool {
        self.from(date).next() == Some(date)
    }

    /// The dates of the series that are not before `from`.
    pub(super) fn from(&self, from: Date) -> impl Iterator<Item = Date> + use<> {
        let rule: Option<RRuleSetIter> = self.rule(from).parse().ok();
        let dates = rule.into_iter().flatten().take(MAX_DATES);
        dates.filter_map(|at| to_date(at.timestamp())).skip_while(move |date| *date < from)
    }

    /// The series as a rule of RFC 5545, at midnight UTC of its dates: wall clocks come later.
    ///
    /// A month that is too short for `dayOfMonth` has its last day, which the rule says as "the last of
    /// those days that the month has".
    fn rule(&self, from: Date) -> String {
        let day = |date: Date| date.strftime("%Y%m%dT000000Z").to_string();
        let names = self.days.iter().filter_map(|day| RULE_DAYS.get(*day).copied()).collect::<Vec<_>>().join(",");
        let place = if self.index == 4 { -1 } else { i64::try_from(self.index).unwrap_or(0) + 1 };
        let month_days = match self.day_of_month {
            short @ ..29 => short.to_string(),
            long => (28..=long).map(|day| day.to_string()).collect::<Vec<_>>().join(","),
        };
        let (frequency, by) = match self.kind {
            Kind::Daily => ("DAILY", String::new()),
            Kind::Weekly => {
                let first = RULE_DAYS.get(self.first_day).copied().unwrap_or("SU");
                ("WEEKLY", format!(";BYDAY={names};WKST={first}"))
            }
            Kind::AbsoluteMonthly => ("MONTHLY", format!(";BYMONTHDAY={month_days};BYSETPOS=-1")),
            Kind::RelativeMonthly => ("MONTHLY", format!(";BYDAY={names};BYSETPOS={place}")),
            Kind::AbsoluteYearly => ("YEARLY", format!(";BYMONTH={};BYMONTHDAY={month_days};BYSETPOS=-1", self.month)),
            Kind::RelativeYearly => ("YEARLY", format!(";BYMONTH={};BYDAY={names};BYSETPOS={place}", self.month)),
        };
        let end = match self.end {
            End::Never => String::new(),
            End::On(date) => format!(";UNTIL={}", day(date)),
            End::After(count) => format!(";COUNT={count}"),
        };
        let start = day(self.phase(from));
        format!("DTSTART:{start}\nRRULE:FREQ={frequency};INTERVAL={}{by}{end}", self.interval)
    }

    /// A date from which the pattern makes the same dates as from its start, nearer to `from`. A counted
    /// range has to be counted from its start.
    fn phase(&self, from: Date) -> Date {
        if matches!(self.end, End::After(_)) || from <= self.start {
            return self.start;
        }
        let interval = i64::from(self.interval);
        let apart = |period: i64| period.div_euclid(interval) * interval;
        let days = from.duration_since(self.start).as_hours() / 24;
        let months = i64::from(from.year() - self.start.year()) * 12 + i64::from(from.month() - self.start.month());
        // From the second period on, everything in it comes after the start.
        let moved = match self.kind {
            Kind::Daily => self.start.checked_add(Length::new().days(apart(days))),
            Kind::Weekly => self.start.checked_add(Length::new().weeks((apart(days / 7) - interval).max(0))),
            Kind::AbsoluteMonthly | Kind::RelativeMonthly if months >= interval => {
                self.start.first_of_month().checked_add(Length::new().months(apart(months)))
            }
            Kind::AbsoluteYearly | Kind::RelativeYearly if months >= 12 * interval => {
                self.start.first_of_year().checked_add(Length::new().years(apart(months / 12)))
            }
            _ => Ok(self.start),
        };
        moved.unwrap_or(self.start)
    }

    /// As Graph shows it.
    pub(crate) fn show(&self) -> Value {
        let name = |list: &[&'static str], at: usize| list.get(at).copied().unwrap_or_default();
        let kind = KINDS.iter().find(|(_, kind)| *kind == self.kind).map_or("", |(name, _)| *name);
        let mut pattern = json!({
            "type": kind, "interval": self.interval, "month": self.month, "dayOfMonth": self.day_of_month,
            "firstDayOfWeek": name(&DAYS, self.first_day), "index": name(&INDEXES, self.index),
        });
        if let Some(map) = pattern.as_object_mut()
            && !self.days.is_empty()
        {
            let days: Vec<&str> = self.days.iter().map(|day| name(&DAYS, *day)).collect();
            map.insert("daysOfWeek".into(), days.into());
        }
        let never = "0001-01-01".to_owned();
        let (end, until, number) = match self.end {
            End::Never => ("noEnd", never, 0),
            End::On(date) => ("endDate", date.to_string(), 0),
            End::After(number) => ("numbered", never, number),
        };
        let range = json!({
            "type": end, "startDate": self.start.to_string(), "endDate": until,
            "recurrenceTimeZone": self.zone, "numberOfOccurrences": number,
        });
        json!({"pattern": pattern, "range": range})
    }
}

fn to_date(seconds: i64) -> Option<Date> {
    let at = Timestamp::from_second(seconds).ok()?;
    Some(Zone::utc().to_civil(at).date())
}

fn end(range: &Map<String, Value>, start: Date) -> Result<End, Refusal> {
    let name = text(range, "type")?.ok_or_else(|| wanting("range.type"))?;
    match choice(name, &["noEnd", "endDate", "numbered"])? {
        0 => Ok(End::Never),
        1 => {
            let end = date(range, "endDate")?.ok_or_else(|| wanting("range.endDate"))?;
            if end < start {
                return Err(invalid("The recurrence range ends before it begins."));
            }
            Ok(End::On(end))
        }
        _ => match whole(range, "numberOfOccurrences")? {
            number @ 1..=MAX_NUMBER => Ok(End::After(number)),
            _ => Err(invalid(&format!("The recurrence range's numberOfOccurrences must be from 1 to {MAX_NUMBER}."))),
        },
    }
}

fn days(pattern: &Map<String, Value>) -> Result<Vec<usize>, Refusal> {
    let list = match pattern.get("daysOfWeek") {
        None | Some(Value::Null) => &[],
        Some(value) => value.as_array().map(Vec::as_slice).ok_or_else(|| unreadable("daysOfWeek"))?,
    };
    let read = |day: &Value| choice(day.as_str().ok_or_else(|| unreadable("daysOfWeek"))?, &DAYS);
    let mut days = list.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    days.sort_unstable();
    days.dedup();
    if days.is_empty() { Err(wanting("pattern.daysOfWeek")) } else { Ok(days) }
}

fn choice(name: &str, choices: &[&str]) -> Result<usize, Refusal> {
    let missing = || Refusal::unreadable(format!("Requested value '{name}' was not found."));
    choices.iter().position(|choice| choice.eq_ignore_ascii_case(name)).ok_or_else(missing)
}

fn text<'a>(map: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Refusal> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(unreadable(name)),
    }
}

/// A number, 0 if there is none or if it is below 0.
fn whole(map: &Map<String, Value>, name: &str) -> Result<u32, Refusal> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(0),
        Some(value) => {
            let number = value.as_i64().ok_or_else(|| unreadable(name))?;
            Ok(u32::try_from(number.max(0)).unwrap_or(u32::MAX))
        }
    }
}

/// A date; the year 1 stands for none.
fn date(map: &Map<String, Value>, name: &str) -> Result<Option<Date>, Refusal> {
    let Some(text) = text(map, name)? else {
        return Ok(None);
    };
    let date: Date = text.parse().or_else(|_| text.parse().map(DateTime::date)).map_err(|_| unreadable(name))?;
    Ok((date.year() > 1).then_some(date))
}

fn unreadable(name: &str) -> Refusal {
    super::unreadable(name)
}

fn wanting(name: &str) -> Refusal {
    invalid(&format!("The property 'recurrence.{name}' is required."))
}

fn invalid(message: &str) -> Refusal {
    Refusal::new(400, "ErrorPropertyValidationFailure", message)
}
