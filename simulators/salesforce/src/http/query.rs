//! Queries and their pages.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::model::Salesforce;
use crate::model::refusal::Refusal;
use crate::soql::{Bound, Run, Selection, bind, render};

use super::{Answer, Call, ok};

const LEAST_BATCH: usize = 200;
const GREATEST_BATCH: usize = 2000;

pub(super) fn first_page(org: &mut Salesforce, call: &Call<'_>, all: bool) -> Answer {
    let Some(soql) = call.request.param("q").filter(|soql| !soql.trim().is_empty()) else {
        return Err(Refusal::new(400, "MALFORMED_QUERY", "A query string has to be specified").into());
    };
    let query = bound(org, call, soql)?;
    let base = call.base();
    let run = Run { org, schema: call.schema, all, now: call.now, base: &base };
    let ids = run.ids(&query);
    if matches!(query.selection, Selection::Count) {
        return Ok(ok(&json!({ "totalSize": ids.len(), "done": true, "records": [] })));
    }
    let batch = batch(org, call);
    if ids.len() <= batch {
        let records = render(&run, &query, &ids);
        return Ok(ok(&page(ids.len(), &records, None)));
    }
    let first = render(&run, &query, ids.get(..batch).unwrap_or(&ids));
    let total = ids.len();
    let locator = org.keep_cursor(call.caller, (soql, all), ids, batch, call.now);
    Ok(ok(&page(total, &first, Some(format!("{base}/query/{locator}-{batch}")))))
}

pub(super) fn next_page(org: &Salesforce, call: &Call<'_>, locator: &str) -> Answer {
    let bad = || vec![Refusal::new(400, "INVALID_QUERY_LOCATOR", "invalid query locator")];
    let (name, offset) = locator.rsplit_once('-').ok_or_else(bad)?;
    let offset: usize = offset.parse().map_err(|_| bad())?;
    let cursor = org.cursor(call.caller, name, call.now).ok_or_else(bad)?;
    let rest = cursor.ids.get(offset..).filter(|rest| !rest.is_empty()).ok_or_else(bad)?;
    let query = bound(org, call, &cursor.soql)?;
    let base = call.base();
    // Rows deleted since the query keep their place on the page.
    let run = Run { org, schema: call.schema, all: cursor.all, now: call.now, base: &base };
    let ids = rest.get(..cursor.batch).unwrap_or(rest);
    let next = offset + ids.len();
    let url = (next < cursor.ids.len()).then(|| format!("{base}/query/{name}-{next}"));
    Ok(ok(&page(cursor.ids.len(), &render(&run, &query, ids), url)))
}

fn bound(org: &Salesforce, call: &Call<'_>, soql: &str) -> Result<Bound, Refusal> {
    let zone = org.user(&call.caller.user).and_then(|user| TimeZone::get(user.text("TimeZoneSidKey")).ok());
    bind(call.schema, soql, call.now, &zone.unwrap_or(TimeZone::UTC))
}

/// How many rows a page has: what the client asks for, within the vendor's bounds and the knob's.
fn batch(org: &Salesforce, call: &Call<'_>) -> usize {
    let options = call.request.header("sforce-query-options").unwrap_or_default();
    let wish = options.split(',').find_map(|option| {
        let (name, value) = option.split_once('=')?;
        name.trim().eq_ignore_ascii_case("batchSize").then(|| value.trim().parse().ok())?
    });
    let batch = wish.unwrap_or(GREATEST_BATCH).clamp(LEAST_BATCH, GREATEST_BATCH);
    org.knobs.batch_size.map_or(batch, |most| batch.min(most.max(1)))
}

fn page(total: usize, records: &[Value], next: Option<String>) -> Value {
    let mut page = json!({ "totalSize": total, "done": next.is_none(), "records": records });
    if let (Some(next), Some(page)) = (next, page.as_object_mut()) {
        page.insert("nextRecordsUrl".to_owned(), json!(next));
    }
    page
}
