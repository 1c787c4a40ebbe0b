//! Events: start, end and length agree, or the event is refused.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Changes, Refusal, Values, put, stamp, text};

const DAY: i64 = 1440;

/// The longest event, in minutes: 14 days.
const LONGEST: i64 = 14 * DAY;

/// What the client says about the times, in terms of start, end and minutes.
struct Said {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    minutes: Option<i64>,
}

/// Completes start, end, length and dates from what is given; a change that gives only one of start and
/// end keeps the other rule: a new start keeps the length, a new end changes it.
pub(super) fn complete_times(
    values: &mut Values,
    changes: &Changes,
    old: Option<&Values>,
    multiday: bool,
) -> Result<(), Refusal> {
    let all_day = values.get("IsAllDayEvent") == Some(&json!(true));
    let time = |name: &str| changes.get(name).and_then(Value::as_str).and_then(stamp::read);
    let (start, due) = (time("StartDateTime"), time("ActivityDateTime"));
    if let (Some(start), Some(due)) = (start, due)
        && start != due
    {
        return Err(inconsistent("StartDateTime and ActivityDateTime differ: give one, or the same twice"));
    }
    let given = Said {
        start: start.or(due),
        end: time("EndDateTime"),
        minutes: changes.get("DurationInMinutes").and_then(Value::as_i64),
    };
    let before = |name: &str| old.and_then(|old| text(old, name)).and_then(stamp::read);
    let length = old.and_then(|old| old.get("DurationInMinutes")).and_then(Value::as_i64);
    let cleared = |name: &str| changes.get(name).is_some_and(Value::is_null);
    let (start, end, minutes) = if all_day {
        let said_date = changes.get("ActivityDate").and_then(Value::as_str).and_then(stamp::read_date);
        let start = all_day_start(&given, said_date.and_then(stamp::midnight), before("StartDateTime"))?;
        all_day_end(start, &given, length)?
    } else {
        let start = given.start.or(if cleared("StartDateTime") { None } else { before("StartDateTime") });
        timed(start, &given, if cleared("DurationInMinutes") && cleared("EndDateTime") { None } else { length })?
    };
    if minutes < 0 || end < start {
        return Err(Refusal::integrity("EndDateTime", "End Date Time: an event cannot end before it starts"));
    }
    if !multiday && minutes > DAY {
        let message = "Duration must be between 0 and 1440 minutes: Duration";
        return Err(Refusal::integrity("DurationInMinutes", message));
    }
    if minutes > LONGEST {
        return Err(Refusal::integrity("DurationInMinutes", "Duration: an event cannot last longer than 14 days"));
    }
    put(values, "StartDateTime", json!(stamp::write(start)));
    put(values, "ActivityDateTime", json!(stamp::write(start)));
    put(values, "ActivityDate", json!(stamp::date_of(start).to_string()));
    put(values, "EndDateTime", json!(stamp::write(end)));
    put(values, "DurationInMinutes", json!(minutes));
    Ok(())
}

fn timed(start: Option<Timestamp>, given: &Said, length: Option<i64>) -> Result<(Timestamp, Timestamp, i64), Refusal> {
    let unsaid = given.end.is_none() && given.minutes.or(length).is_none();
    let Some(start) = start else {
        let missing: &[&str] = if unsaid { &["DurationInMinutes", "ActivityDateTime"] } else { &["ActivityDateTime"] };
        return Err(Refusal::missing(missing));
    };
    match (given.end, given.minutes.or(if given.end.is_none() { length } else { None })) {
        (None, None) => Err(Refusal::missing(&["DurationInMinutes"])),
        (None, Some(minutes)) => Ok((start, later(start, minutes)?, minutes)),
        (Some(end), said) => {
            let minutes = between(start, end);
            if said.is_some_and(|said| said != minutes) {
                return Err(inconsistent("EndDateTime does not agree with StartDateTime and DurationInMinutes"));
            }
            Ok((start, end, minutes))
        }
    }
}

/// The UTC midnight with which an all-day event begins. It is a date: no zone moves it.
fn all_day_start(given: &Said, said_date: Option<Timestamp>, before: Option<Timestamp>) -> Result<Timestamp, Refusal> {
    let midnight_of = |at: Timestamp| stamp::midnight(stamp::date_of(at)).unwrap_or(at);
    match (given.start, said_date) {
        (Some(start), _) if midnight_of(start) != start => {
            let message = "Start Date Time: an all-day event starts at 00:00 UTC of its first day";
            Err(Refusal::integrity("StartDateTime", message))
        }
        (Some(start), Some(date)) if start != date => {
            let message = "Due Date Only: ActivityDate and StartDateTime of an all-day event name the same day";
            Err(Refusal::integrity("ActivityDate", message))
        }
        (Some(start), _) => Ok(start),
        (None, Some(date)) => Ok(date),
        (None, None) => before.map(midnight_of).ok_or_else(|| Refusal::missing(&["ActivityDate"])),
    }
}

/// The last day's UTC midnight, and the length in whole days.
fn all_day_end(start: Timestamp, given: &Said, length: Option<i64>) -> Result<(Timestamp, Timestamp, i64), Refusal> {
    let minutes = match (given.end, given.minutes) {
        (Some(end), said) => {
            if stamp::midnight(stamp::date_of(end)) != Some(end) {
                let message = "End Date Time: an all-day event ends at 00:00 UTC of its last day";
                return Err(Refusal::integrity("EndDateTime", message));
            }
            let minutes = between(start, end) + DAY;
            if end >= start && said.is_some_and(|said| said != minutes) {
                return Err(inconsistent("EndDateTime does not agree with ActivityDate and DurationInMinutes"));
            }
            minutes
        }
        (None, Some(said)) if said >= 0 && said % DAY == 0 => said.max(DAY),
        (None, Some(_)) => {
            let message = "Duration: an all-day event lasts whole days of 1440 minutes";
            return Err(Refusal::integrity("DurationInMinutes", message));
        }
        // An event that was timed becomes one of the days it touched.
        (None, None) => length.map_or(DAY, |length| (length + DAY - 1) / DAY * DAY).max(DAY),
    };
    Ok((start, later(start, minutes - DAY)?, minutes))
}

fn between(start: Timestamp, end: Timestamp) -> i64 {
    end.duration_since(start).as_secs().div_euclid(60)
}

fn later(start: Timestamp, minutes: i64) -> Result<Timestamp, Refusal> {
    let outside = || Refusal::integrity("DurationInMinutes", "Duration: the event ends outside the calendar");
    let seconds = minutes.checked_mul(60).ok_or_else(outside)?;
    start.checked_add(SignedDuration::from_secs(seconds)).map_err(|_| outside())
}

fn inconsistent(message: &str) -> Refusal {
    Refusal::write("INVALID_FIELD_FOR_INSERT_UPDATE", message).on("DurationInMinutes")
}

/// What an invitee may change in his own copy: his reminder, and what the admin added.
pub(super) fn own_of_invitee(changes: &Changes, old: Option<&Values>) -> Result<(), Refusal> {
    let Some(old) = old.filter(|old| old.get("IsChild") == Some(&json!(true))) else {
        return Ok(());
    };
    let foreign = changes.iter().find(|(name, value)| {
        let own = matches!(**name, "IsReminderSet" | "ReminderDateTime") || name.ends_with("__c");
        !own && old.get(**name).unwrap_or(&Value::Null) != *value
    });
    foreign.map_or(Ok(()), |(name, _)| {
        let message = "In the event of an invitee only the reminder can be changed; change the organizer's event";
        Err(Refusal::integrity(name, message))
    })
}
