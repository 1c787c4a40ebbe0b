//! Conditions of rules: what may stand behind `WHERE`, asked of one row.

use std::cell::RefCell;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::refusal::Refusal;
use crate::model::schema::Object;
use crate::model::store::View;
use crate::model::{Caller, Row, Salesforce};

use super::bind::{Asker, Bound, bind};
use super::run::Run;

/// The version whose SOQL conditions are written in.
const VERSION: u32 = 59;

/// Whether a condition can be asked of the rows of an object.
pub(crate) fn check(org: &Salesforce, object: &Object, condition: &str, now: Timestamp) -> Result<(), Refusal> {
    bound(org, object, condition, now).map(|_| ())
}

/// Whether a row, in its newest state, meets a condition. It need not be one that is stored.
pub(crate) fn meets(org: &Salesforce, row: &Row, condition: &str, now: Timestamp) -> bool {
    let Some(object) = org.schema().object(row.object()) else {
        return false;
    };
    let (Ok(query), Some(version)) = (bound(org, object, condition, now), row.latest()) else {
        return false;
    };
    let caller = Caller::default().as_org();
    let run = Run {
        org,
        caller: &caller,
        schema: org.schema(),
        all: false,
        now,
        zone: TimeZone::UTC,
        base: "",
        batch: 0,
        overflow: RefCell::default(),
    };
    run.holds(&query.test, &View { row, version })
}

fn bound(org: &Salesforce, object: &Object, condition: &str, now: Timestamp) -> Result<Bound, Refusal> {
    let asker = Asker { schema: org.schema(), user: "", now, zone: TimeZone::UTC, version: VERSION };
    bind(&asker, &format!("SELECT Id FROM {} WHERE ({condition})", object.name))
}
