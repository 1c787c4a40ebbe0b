//! What was changed and deleted in a span of time.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::model::refusal::Refusal;
use crate::model::schema::Object;
use crate::model::{Salesforce, stamp};

use super::{Answer, Call, ok};

/// How far back one may ask.
const FARTHEST: SignedDuration = SignedDuration::from_hours(30 * 24);

pub(super) fn updated(org: &Salesforce, call: &Call<'_>, object: &'static Object) -> Answer {
    let (ids, covered) = org.updated(call.caller, object, span(call)?, call.now);
    few(org, ids.len())?;
    Ok(ok(&json!({ "ids": ids, "latestDateCovered": stamp::write(covered) })))
}

pub(super) fn deleted(org: &Salesforce, call: &Call<'_>, object: &'static Object) -> Answer {
    let (rows, covered) = org.deleted(call.caller, object, span(call)?, call.now);
    few(org, rows.len())?;
    let rows: Vec<_> = rows.into_iter().map(|(id, at)| json!({ "id": id, "deletedDate": stamp::write(at) })).collect();
    Ok(ok(&json!({
        "deletedRecords": rows,
        "earliestDateAvailable": stamp::write(org.deletions_known_since(call.now)),
        "latestDateCovered": stamp::write(covered),
    })))
}

/// Refuses an answer of too many ids.
fn few(org: &Salesforce, ids: usize) -> Result<(), Refusal> {
    let most = org.knobs.replication_limit;
    if ids <= most {
        return Ok(());
    }
    let message = format!("The span holds more than {most} records; ask for a shorter one");
    Err(Refusal::new(400, "EXCEEDED_ID_LIMIT", message))
}

/// `start` and `end` without their seconds, if one may ask for that span.
fn span(call: &Call<'_>) -> Result<(Timestamp, Timestamp), Refusal> {
    let read = |name: &str| {
        let text = call.request.param(name).unwrap_or_default();
        let at = stamp::read(text).or_else(|| stamp::read(&text.replace(' ', "+")));
        let at = at.ok_or_else(|| refused(&format!("{name} is missing or is no date-time: {text}")))?;
        Ok(whole_minutes(at))
    };
    let (start, end) = (read("start")?, read("end")?);
    if end.duration_since(start) < SignedDuration::from_mins(1) {
        return Err(refused("endDate must be at least one minute greater than startDate"));
    }
    if whole_minutes(call.now).duration_since(start) > FARTHEST {
        return Err(refused("startDate cannot be more than 30 days ago"));
    }
    Ok((start, end))
}

fn whole_minutes(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second().div_euclid(60) * 60).unwrap_or(at)
}

fn refused(message: &str) -> Refusal {
    Refusal::new(400, "INVALID_REPLICATION_DATE", message)
}
