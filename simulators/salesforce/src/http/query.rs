//! Queries and their pages.

use std::cell::RefCell;

use ::http::Method;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use sim_kit::{Reply, Request};

use crate::model::refusal::Refusal;
use crate::model::{Paging, Salesforce};
use crate::soql::{Asker, Overflow, Run, Selection, bind, render, render_children};

use super::{Answer, Call, answer, in_order, ok};

const LEAST_BATCH: usize = 200;
pub(super) const GREATEST_BATCH: usize = 2000;

impl Salesforce {
    /// Answers a query in SOQL, or in SOSL if it begins with `FIND`, as if that user had sent it to the REST
    /// API, but however long and of whatever letters. A fuzzer asks here.
    pub fn ask(&mut self, username: &str, text: &str, now: Timestamp) -> Reply {
        let sosl = text.trim_start().get(..4).is_some_and(|word| word.eq_ignore_ascii_case("FIND"));
        let target = if sosl { "/services/data/v59.0/search" } else { "/services/data/v59.0/query" };
        let mut request = Request::new(Method::GET, target, "http://localhost");
        if let Ok(token) = format!("Bearer sim-{username}").parse() {
            request.headers.insert("authorization", token);
        }
        request.query.push(("q".to_owned(), text.to_owned()));
        answer(self, &request, None, now)
    }
}

pub(super) fn first_page(org: &mut Salesforce, call: &Call<'_>, all: bool) -> Answer {
    let given = |name: &str| call.request.param(name).filter(|soql| !soql.trim().is_empty());
    match (given("q"), given("explain")) {
        (Some(soql), _) if call.request.param("columns") == Some("true") => {
            Ok(ok(&bind(&asker(org, call), soql)?.described()))
        }
        (Some(soql), _) => page_of(org, call, soql, all),
        (None, Some(soql)) => explained(org, call, soql),
        (None, None) => Err(Refusal::new(400, "MALFORMED_QUERY", "A query string has to be specified").into()),
    }
}

/// How a query would be run, which is not done: always row by row.
fn explained(org: &Salesforce, call: &Call<'_>, soql: &str) -> Answer {
    let query = bind(&asker(org, call), soql)?;
    let base = call.base();
    let found = run(org, call, false, GREATEST_BATCH, &base).ids(&query).len();
    let all = org.seen(call.caller, query.object, false, call.now).count();
    let plan = json!({
        "cardinality": found, "fields": [], "leadingOperationType": "TableScan", "notes": [], "relativeCost": 1.0,
        "sobjectCardinality": all, "sobjectType": query.object.name,
    });
    Ok(ok(&json!({ "plans": [plan], "sourceQuery": soql })))
}

/// The first page of what a query finds.
pub(super) fn page_of(org: &mut Salesforce, call: &Call<'_>, soql: &str, all: bool) -> Answer {
    let query = bind(&asker(org, call), soql)?;
    org.bear_query()?;
    let base = call.base();
    let batch = batch(org, call);
    let run = run(org, call, all, batch, &base);
    if let Selection::Groups(grouping) = &query.selection {
        let records = run.groups(&query, grouping)?;
        return Ok(in_order(200, &page(records.len(), &records, None), &query.keys()));
    }
    let ids = run.ids(&query);
    if matches!(query.selection, Selection::Count) {
        return Ok(ok(&json!({ "totalSize": ids.len(), "done": true, "records": [] })));
    }
    let mut records = render(&run, &query, ids.get(..batch).unwrap_or(&ids));
    let overflow = run.overflow.into_inner();
    let pages = Pages { soql, all, batch };
    pages.keep_children(org, call, &mut records, overflow);
    let total = ids.len();
    let next = (total > batch).then(|| pages.keep(org, call, Vec::new(), ids));
    Ok(in_order(200, &page(total, &records, next), &query.keys()))
}

pub(super) fn next_page(org: &mut Salesforce, call: &Call<'_>, locator: &str) -> Answer {
    let bad = || vec![Refusal::new(400, "INVALID_QUERY_LOCATOR", "invalid query locator")];
    let (name, offset) = locator.rsplit_once('-').ok_or_else(bad)?;
    let offset: usize = offset.parse().map_err(|_| bad())?;
    let cursor = org.cursor(call.caller, name, call.now).ok_or_else(bad)?;
    let Paging { soql, all, batch, path } = &cursor.paging;
    let rest = cursor.ids.get(offset..).filter(|rest| !rest.is_empty()).ok_or_else(bad)?;
    let query = bind(&asker(org, call), soql)?;
    let base = call.base();
    let run = run(org, call, *all, *batch, &base);
    let ids = rest.get(..*batch).unwrap_or(rest);
    let next = offset + ids.len();
    let url = (next < cursor.ids.len()).then(|| format!("{base}/query/{name}-{next}"));
    let mut records = render_children(&run, &query, ids, path).ok_or_else(bad)?;
    let overflow = run.overflow.into_inner();
    Pages { soql, all: *all, batch: *batch }.keep_children(org, call, &mut records, overflow);
    let keys = query.at(path).unwrap_or(&query).keys();
    Ok(in_order(200, &page(cursor.ids.len(), &records, url), &keys))
}

/// What the further pages of a query have in common.
struct Pages<'a> {
    soql: &'a str,
    all: bool,
    batch: usize,
}

impl Pages<'_> {
    /// Keeps rows for further pages and gives the address of the second one.
    fn keep(&self, org: &mut Salesforce, call: &Call<'_>, path: Vec<usize>, ids: Vec<String>) -> String {
        let paging = Paging { soql: self.soql.to_owned(), all: self.all, batch: self.batch, path };
        let locator = org.keep_cursor(call.caller, paging, ids, call.now);
        format!("{}/query/{locator}-{}", call.base(), self.batch)
    }

    /// Keeps the children that did not fit, and tells their addresses in the records.
    fn keep_children(&self, org: &mut Salesforce, call: &Call<'_>, records: &mut [Value], overflow: Vec<Overflow>) {
        if overflow.is_empty() {
            return;
        }
        let kept = overflow.into_iter().map(|children| self.keep(org, call, children.path, children.ids));
        let urls: Vec<String> = kept.collect();
        for record in records {
            address(record, &urls);
        }
    }
}

/// Puts addresses where their places in the list stand.
fn address(value: &mut Value, urls: &[String]) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| address(item, urls)),
        Value::Object(fields) => {
            for (name, value) in fields {
                let place = value.as_u64().filter(|_| name == "nextRecordsUrl").and_then(|at| usize::try_from(at).ok());
                match place.and_then(|place| urls.get(place)) {
                    Some(url) => *value = json!(url),
                    None => address(value, urls),
                }
            }
        }
        _ => {}
    }
}

pub(super) fn run<'a>(org: &'a Salesforce, call: &Call<'a>, all: bool, batch: usize, base: &'a str) -> Run<'a> {
    let zone = zone(org, call);
    Run {
        org,
        caller: call.caller,
        schema: call.schema,
        all,
        now: call.now,
        zone,
        base,
        batch,
        overflow: RefCell::default(),
    }
}

pub(super) fn asker<'a>(org: &Salesforce, call: &Call<'a>) -> Asker<'a> {
    Asker { schema: call.schema, user: &call.caller.user, now: call.now, zone: zone(org, call), version: call.major() }
}

/// The user's.
fn zone(org: &Salesforce, call: &Call<'_>) -> TimeZone {
    let zone = org.user(&call.caller.user).and_then(|user| TimeZone::get(user.text("TimeZoneSidKey")).ok());
    zone.unwrap_or(TimeZone::UTC)
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
