//! An `RRULE` as Graph's recurrences: one, or several where Graph has no single word for it.

use calcard::icalendar::{ICalendarDay, ICalendarFrequency, ICalendarRecurrenceRule, ICalendarWeekday};
use jiff::civil::Date;
use serde_json::{Value, json};

use super::moment::{Moment, date_of};

/// Why a rule has no form in Exchange.
const NOT_IN_EXCHANGE: &str = "its rule has no form in Exchange";
/// The last day that every month has: Exchange takes the month's last day where it lacks a later one,
/// where RFC 5545 leaves such a month out.
const LAST_COMMON_DAY: i8 = 28;

/// The recurrences that together are the rule, for a series that begins at `start`.
pub(super) fn recurrences(rule: &ICalendarRecurrenceRule, start: &Moment) -> Result<Vec<Value>, String> {
    let refused = || Err(NOT_IN_EXCHANGE.to_owned());
    let finer = !rule.bysecond.is_empty() || !rule.byminute.is_empty() || !rule.byhour.is_empty();
    if finer || !rule.byyearday.is_empty() || !rule.byweekno.is_empty() || rule.rscale.is_some() {
        return refused();
    }
    let patterns = patterns(rule, start.date()).ok_or(NOT_IN_EXCHANGE)?;
    if patterns.is_empty() || (patterns.len() > 1 && rule.count.is_some() && rule.until.is_none()) {
        return refused();
    }
    let range = range(rule, start)?;
    let whole = |pattern: Value| json!({"pattern": pattern, "range": range});
    Ok(patterns.into_iter().map(whole).collect())
}

fn range(rule: &ICalendarRecurrenceRule, start: &Moment) -> Result<Value, String> {
    let zone = start.zone_name().ok_or("its time zone has no name in Exchange")?;
    let mut range = json!({
        "type": "noEnd", "startDate": start.date().to_string(), "recurrenceTimeZone": zone,
    });
    // A rule has a count or an end; of one that has both, the end is the safer.
    if let (Some(count), None) = (rule.count, &rule.until) {
        range["type"] = "numbered".into();
        range["numberOfOccurrences"] = count.into();
    } else if let Some(until) = &rule.until {
        let last = start.last_date(until).ok_or("the end of its rule cannot be read")?;
        if last < start.date() {
            return Err("its rule ends before it begins".to_owned());
        }
        range["type"] = "endDate".into();
        range["endDate"] = last.to_string().into();
    }
    Ok(range)
}

fn patterns(rule: &ICalendarRecurrenceRule, first: Date) -> Option<Vec<Value>> {
    let interval = rule.interval.unwrap_or(1).max(1);
    let months: Vec<i8> = rule.bymonth.iter().map(|month| i8::try_from(month.month()).ok()).collect::<Option<_>>()?;
    let plain_days = rule.byday.iter().all(|day| day.ordwk.is_none());
    let weekly = |days: Vec<&str>, interval: u16| {
        let begins = rule.wkst.map_or("monday", day_name);
        json!({"type": "weekly", "interval": interval, "daysOfWeek": days, "firstDayOfWeek": begins})
    };
    match rule.freq {
        ICalendarFrequency::Daily | ICalendarFrequency::Weekly
            if !months.is_empty() || !rule.bymonthday.is_empty() || !rule.bysetpos.is_empty() || !plain_days =>
        {
            None
        }
        ICalendarFrequency::Daily if rule.byday.is_empty() => {
            Some(vec![json!({"type": "daily", "interval": interval})])
        }
        ICalendarFrequency::Daily => (interval == 1).then(|| vec![weekly(names(&rule.byday), 1)]),
        ICalendarFrequency::Weekly if rule.byday.is_empty() => {
            Some(vec![weekly(vec![weekday_name(first.weekday())], interval)])
        }
        ICalendarFrequency::Weekly => Some(vec![weekly(names(&rule.byday), interval)]),
        ICalendarFrequency::Monthly if months.is_empty() => {
            let days = month_days(rule, first)?;
            Some(days.into_iter().map(|day| day.monthly(interval)).collect())
        }
        ICalendarFrequency::Yearly => {
            // The n-th Monday of a year is nothing that Exchange knows; that of a month is.
            if months.is_empty() && !rule.byday.is_empty() {
                return None;
            }
            let months = if months.is_empty() { vec![first.month()] } else { months };
            let days = month_days(rule, first)?;
            let in_month = |month: i8| days.iter().map(move |day| day.yearly(month, interval));
            Some(months.into_iter().flat_map(in_month).collect())
        }
        ICalendarFrequency::Monthly
        | ICalendarFrequency::Hourly
        | ICalendarFrequency::Minutely
        | ICalendarFrequency::Secondly => None,
    }
}

/// A day of a month.
enum MonthDay {
    Absolute(i8),
    Relative { days: Vec<&'static str>, index: &'static str },
}

impl MonthDay {
    fn monthly(&self, interval: u16) -> Value {
        match self {
            Self::Absolute(day) => json!({"type": "absoluteMonthly", "interval": interval, "dayOfMonth": day}),
            Self::Relative { days, index } => {
                json!({"type": "relativeMonthly", "interval": interval, "daysOfWeek": days, "index": index})
            }
        }
    }

    fn yearly(&self, month: i8, interval: u16) -> Value {
        let mut pattern = self.monthly(interval);
        let kind = if matches!(self, Self::Absolute(_)) { "absoluteYearly" } else { "relativeYearly" };
        pattern["type"] = kind.into();
        pattern["month"] = month.into();
        pattern
    }
}

fn month_days(rule: &ICalendarRecurrenceRule, first: Date) -> Option<Vec<MonthDay>> {
    match (rule.bymonthday.as_slice(), rule.byday.as_slice(), rule.bysetpos.as_slice()) {
        ([], [], []) => Some(vec![absolute(first.day())?]),
        (days, [], []) => days.iter().map(|day| absolute(*day)).collect(),
        ([], days, [position]) if days.iter().all(|day| day.ordwk.is_none()) => {
            Some(vec![MonthDay::Relative { days: names(days), index: index(i16::try_from(*position).ok()?)? }])
        }
        ([], days, []) => {
            let relative = |day: &ICalendarDay| {
                Some(MonthDay::Relative { days: vec![day_name(day.weekday)], index: index(day.ordwk?)? })
            };
            days.iter().map(relative).collect()
        }
        _ => None,
    }
}

fn absolute(day: i8) -> Option<MonthDay> {
    match day {
        1..=LAST_COMMON_DAY => Some(MonthDay::Absolute(day)),
        // The last day of each month, which is what Exchange makes of a 31st.
        -1 => Some(MonthDay::Absolute(31)),
        _ => None,
    }
}

fn index(ordinal: i16) -> Option<&'static str> {
    match ordinal {
        1 => Some("first"),
        2 => Some("second"),
        3 => Some("third"),
        4 => Some("fourth"),
        -1 => Some("last"),
        _ => None,
    }
}

fn names(days: &[ICalendarDay]) -> Vec<&'static str> {
    days.iter().map(|day| day_name(day.weekday)).collect()
}

fn day_name(day: ICalendarWeekday) -> &'static str {
    match day {
        ICalendarWeekday::Sunday => "sunday",
        ICalendarWeekday::Monday => "monday",
        ICalendarWeekday::Tuesday => "tuesday",
        ICalendarWeekday::Wednesday => "wednesday",
        ICalendarWeekday::Thursday => "thursday",
        ICalendarWeekday::Friday => "friday",
        ICalendarWeekday::Saturday => "saturday",
    }
}

fn weekday_name(day: jiff::civil::Weekday) -> &'static str {
    use jiff::civil::Weekday;
    match day {
        Weekday::Sunday => "sunday",
        Weekday::Monday => "monday",
        Weekday::Tuesday => "tuesday",
        Weekday::Wednesday => "wednesday",
        Weekday::Thursday => "thursday",
        Weekday::Friday => "friday",
        Weekday::Saturday => "saturday",
    }
}

impl Moment {
    /// The last date of a series that begins at this moment and whose dates must not be after `until`.
    fn last_date(&self, until: &calcard::common::PartialDateTime) -> Option<Date> {
        if until.hour.is_none() {
            return date_of(until);
        }
        let until = Moment::of_partial(until, self.zone())?;
        let last = until.in_zone(self.zone())?;
        match self.time() {
            Some(time) if last.time() < time => last.date().yesterday().ok(),
            _ => Some(last.date()),
        }
    }
}
