//! The events of one user.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Map, Value, json};
use syncline_core::cursor::{Page, Position};
use syncline_core::ids::{RemoteId, SyncKey, Version};
use syncline_core::item::{EventField, EventPatch};
use syncline_core::observation::{EventSeen, Observation};
use syncline_core::time::Window;
use syncline_ports::{ErrorKind, EventWrite, Events, Outcome, PortError, Written};
use tokio::sync::OnceCell;

use crate::KEY_FIELD;
use crate::appointment::{FIELDS, observation, patched, record};
use crate::changes::{self, Mark};
use crate::client::{Call, Client};
use crate::composite::{Part, Parts};
use crate::row::{Row, same_id};
use crate::soql::{chunks, encoded, list};
use crate::trouble::{Effect, RecordResult, garbled, outcome_of, record_result, refused_record};

/// How many records a page of events has (REST API guide, `Sforce-Query-Options`: 200 to 2,000; fewer if
/// they are big).
const PAGE_ROWS: &[(&str, &str)] = &[("Sforce-Query-Options", "batchSize=500")];
/// How many records one read by id takes (REST API guide, "Get Records Using sObject Collections").
const READ_ROWS: usize = 2_000;
/// How many records one write takes (REST API guide, "sObject Collections").
const WRITE_ROWS: usize = 200;

/// The events that one user owns.
#[derive(Debug)]
pub(crate) struct UserEvents {
    client: Arc<Client>,
    owner: RemoteId,
    /// The fields of a series that this org has. Known from the token of a round or from a describe.
    series: OnceCell<Vec<&'static str>>,
}

/// What is left of a write after the look at what is there.
enum Step {
    /// Nothing: this came of it.
    Settled(Outcome),
    /// A record to be made.
    Create(Map<String, Value>),
    /// A record to be changed.
    Update(RemoteId, Map<String, Value>),
    /// A record to be deleted.
    Delete(RemoteId, Version),
}

impl UserEvents {
    pub(crate) fn new(client: Arc<Client>, owner: RemoteId) -> Self {
        Self { client, owner, series: OnceCell::new() }
    }

    async fn series(&self) -> Result<&[&'static str], PortError> {
        let op = "salesforce.event.describe";
        let describe = async || {
            let path = self.client.path("sobjects/Event/describe");
            let (method, effect) = (Method::GET, Effect::Read);
            let call = Call { op, method, path, query: Vec::new(), body: None, headers: &[], effect };
            let answer = self.client.send(call).await?;
            changes::series_fields(&answer.body).ok_or_else(|| garbled(op, effect, "the describe has no fields"))
        };
        self.series.get_or_try_init(describe).await.map(Vec::as_slice)
    }

    /// The records of these ids as they are now, one observation per id. `series` are the fields to read
    /// besides those of every event.
    async fn look(&self, ids: &[RemoteId], series: &[&'static str]) -> Result<Vec<Observation>, PortError> {
        let op = "salesforce.event.read";
        let fields = [&FIELDS, series].concat();
        let mut seen = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(READ_ROWS) {
            let body = json!({"ids": chunk, "fields": fields});
            let path = self.client.path("composite/sobjects/Event");
            let (method, effect) = (Method::POST, Effect::Read);
            let call = Call { op, method, path, query: Vec::new(), body: Some(body), headers: &[], effect };
            let answer = self.client.send(call).await?;
            // An answer of another length tells nothing about who is absent.
            let Some(records) = answer.body.as_array().filter(|records| records.len() == chunk.len()) else {
                return Err(garbled(op, effect, "the answer has not one line per id"));
            };
            seen.extend(chunk.iter().zip(records).map(|(id, record)| look_at(id, record)));
        }
        Ok(seen)
    }

    /// Up to [`WRITE_ROWS`] writes: one look at what is to be changed, then one call for everything.
    async fn write_some(&self, writes: &[EventWrite]) -> Result<Vec<Outcome>, PortError> {
        let mut steps = self.steps(writes).await?;
        let parts = parts(&steps);
        if !parts.is_empty() {
            let effect = Effect::Write;
            match self.client.composite("salesforce.event.write", effect, parts).await {
                Ok(answers) => settle(&mut steps, &answers),
                Err(error) if error.kind == ErrorKind::Unknown => {
                    for step in &mut steps {
                        if !matches!(step, Step::Settled(_)) {
                            *step = Step::Settled(Outcome::Unknown);
                        }
                    }
                }
                Err(error) => return Err(error),
            }
        }
        let outcome = |step| if let Step::Settled(outcome) = step { outcome } else { Outcome::Unknown };
        Ok(steps.into_iter().map(outcome).collect())
    }

    async fn steps(&self, writes: &[EventWrite]) -> Result<Vec<Step>, PortError> {
        let existing = |write: &EventWrite| match write {
            EventWrite::Create { .. } => None,
            EventWrite::Update { id, .. } | EventWrite::Delete { id, .. } => Some(id.clone()),
        };
        let ids: Vec<RemoteId> = writes.iter().filter_map(existing).collect();
        let mut current = self.look(&ids, &[]).await?.into_iter();
        let steps = writes.iter().map(|write| match write {
            EventWrite::Create { key, item: event } => {
                let mut record = record(event, &EventField::ALL);
                record.insert("OwnerId".to_owned(), json!(self.owner));
                record.insert(KEY_FIELD.to_owned(), json!(key));
                Step::Create(record)
            }
            EventWrite::Update { expected, patch, .. } => changed(current.next(), expected, Some(patch)),
            EventWrite::Delete { expected, .. } => changed(current.next(), expected, None),
        });
        Ok(steps.collect())
    }
}

/// One line of a read by id: null for a record that is not there.
fn look_at(id: &RemoteId, record: &Value) -> Observation {
    if record.is_null() {
        Observation::Gone { id: id.clone() }
    } else if same_id(Row(record).id().as_str(), id.as_str()) {
        observation(record)
    } else {
        Observation::Unreadable { id: id.clone(), problem: "another record was answered".to_owned() }
    }
}

/// A change (a delete without a patch) of what is there now.
fn changed(current: Option<Observation>, expected: &Version, patch: Option<&EventPatch>) -> Step {
    match (current, patch) {
        (None, _) => Step::Settled(Outcome::Unknown),
        (Some(Observation::Gone { .. }), _) => Step::Settled(Outcome::Gone),
        (Some(Observation::Unreadable { .. }), _) => Step::Settled(Outcome::Rejected { code: "UNREADABLE".to_owned() }),
        (Some(Observation::Present(seen)), _) if seen.version != *expected => Step::Settled(Outcome::Stale),
        (Some(Observation::Present(seen)), Some(patch)) => {
            let record = record(&patched(&seen.event, patch), &patch.fields);
            Step::Update(seen.id, record)
        }
        (Some(Observation::Present(seen)), None) => Step::Delete(seen.id, seen.version),
    }
}

/// The call's parts: creates, updates, deletes, and the new versions of what was written.
fn parts(steps: &[Step]) -> Vec<Part> {
    let (mut creates, mut updates, mut deletes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut keys, mut ids) = (Vec::new(), Vec::new());
    for step in steps {
        match step {
            Step::Settled(_) => {}
            Step::Create(record) => {
                keys.extend(record.get(KEY_FIELD).and_then(Value::as_str));
                creates.push(typed(record));
            }
            Step::Update(id, record) => {
                ids.push(id.as_str());
                let mut record = typed(record);
                record["id"] = json!(id);
                updates.push(record);
            }
            Step::Delete(id, _) => deletes.push(id.as_str()),
        }
    }
    let mut parts = Vec::new();
    let collection = |records: Vec<Value>| Some(json!({"allOrNone": false, "records": records}));
    if !creates.is_empty() {
        let rest = format!("composite/sobjects/Event/{KEY_FIELD}");
        parts.push(Part { name: "creates", method: "PATCH", rest, body: collection(creates) });
    }
    if !updates.is_empty() {
        let rest = "composite/sobjects".to_owned();
        parts.push(Part { name: "updates", method: "PATCH", rest, body: collection(updates) });
    }
    if !deletes.is_empty() {
        let rest = format!("composite/sobjects?ids={}&allOrNone=false", encoded(&deletes.join(",")));
        parts.push(Part { name: "deletes", method: "DELETE", rest, body: None });
    }
    if !keys.is_empty() {
        let soql = format!("SELECT Id, SystemModstamp FROM Event WHERE {KEY_FIELD} IN {}", list(keys));
        parts.push(Part::query_all("created", &soql));
    }
    if !ids.is_empty() {
        let soql = format!("SELECT Id, SystemModstamp FROM Event WHERE Id IN {}", list(ids));
        parts.push(Part::query_all("updated", &soql));
    }
    parts
}

fn typed(record: &Map<String, Value>) -> Value {
    let mut record = record.clone();
    record.insert("attributes".to_owned(), json!({"type": "Event"}));
    Value::Object(record)
}

/// Gives every step that was tried its outcome. Each part's lines stand in the order of the steps.
fn settle(steps: &mut [Step], answers: &Parts) {
    let (mut created, mut updated, mut deleted) = (0, 0, 0);
    for step in steps {
        let outcome = match step {
            Step::Settled(_) => continue,
            Step::Create(_) => written(answers, ("creates", &mut created), "created", false),
            Step::Update(..) => written(answers, ("updates", &mut updated), "updated", true),
            Step::Delete(_, version) => match line(answers, "deletes", &mut deleted) {
                Ok(RecordResult::Done(id)) => {
                    Outcome::Done(Written { id: RemoteId::new(id), version: version.clone() })
                }
                Ok(RecordResult::Refused { code, names_fields }) => refused_record(code, names_fields, true),
                Ok(RecordResult::Garbled) => Outcome::Unknown,
                Err(error) => outcome_of(&error),
            },
        };
        *step = Step::Settled(outcome);
    }
}

fn line(answers: &Parts, part: &str, at: &mut usize) -> Result<RecordResult, PortError> {
    let result = record_result(answers.of(part)?.get(*at));
    *at += 1;
    Ok(result)
}

fn written(answers: &Parts, (part, at): (&str, &mut usize), read_back: &str, exists: bool) -> Outcome {
    match line(answers, part, at) {
        Ok(RecordResult::Done(id)) => match version_of(answers, read_back, &id) {
            Some(written) => Outcome::Done(written),
            // It happened, but at which version is not known: to be looked at.
            None => Outcome::Unknown,
        },
        Ok(RecordResult::Refused { code, names_fields }) => refused_record(code, names_fields, exists),
        Ok(RecordResult::Garbled) => Outcome::Unknown,
        Err(error) => outcome_of(&error),
    }
}

fn version_of(answers: &Parts, part: &str, id: &str) -> Option<Written> {
    let rows = answers.of(part).ok()?.get("records")?.as_array()?;
    let row = rows.iter().map(Row).find(|row| same_id(row.id().as_str(), id))?;
    Some(Written { id: row.id(), version: row.version().ok()? })
}

#[async_trait]
impl Events for UserEvents {
    async fn changes(&self, window: &Window, position: &Position) -> Result<Page<Observation>, PortError> {
        let op = "salesforce.event.changes";
        let expired = || PortError::new(ErrorKind::CursorExpired, op);
        let mark = match position {
            Position::Start => None,
            Position::Page(token) | Position::Delta(token) => Some(Mark::read(token).ok_or_else(expired)?),
        };
        if let Some(mark) = &mark {
            // What the token knows need not be asked.
            let _ = self.series.set(mark.series());
        }
        let answer = match (position, &mark) {
            (Position::Page(_), Some(Mark { next: Some(path), .. })) => {
                self.client.page(op, path.clone(), Vec::new(), PAGE_ROWS).await?
            }
            (Position::Delta(_), Some(mark)) => {
                let query = vec![("q", changes::changes(&self.owner, mark))];
                self.client.page(op, self.client.path("queryAll"), query, PAGE_ROWS).await?
            }
            (Position::Start, _) => {
                let query = vec![("q", changes::listing(&self.owner, window, self.series().await?))];
                self.client.page(op, self.client.path("queryAll"), query, PAGE_ROWS).await?
            }
            (Position::Page(_) | Position::Delta(_), _) => return Err(expired()),
        };
        let series = match &mark {
            Some(mark) => mark.series(),
            None => self.series().await?.to_vec(),
        };
        changes::page(answer, mark.as_ref(), &series)
            .ok_or_else(|| garbled(op, Effect::Read, "the answer tells no time"))
    }

    async fn read(&self, ids: &[RemoteId]) -> Result<Vec<Observation>, PortError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.look(ids, self.series().await?).await
    }

    async fn find(&self, keys: &[SyncKey]) -> Result<Vec<EventSeen>, PortError> {
        let op = "salesforce.event.find";
        let mut found = Vec::new();
        for chunk in chunks(keys, |key| [key.as_str()]) {
            let keys = list(chunk.iter().map(SyncKey::as_str));
            let select = changes::select(self.series().await?);
            // An event that ended over a year ago is archived, and a plain query does not see it.
            let live = "IsDeleted = false";
            let soql = format!("SELECT {select} FROM Event WHERE {KEY_FIELD} IN {keys} AND {live} ORDER BY Id");
            for record in self.client.all_rows(op, soql).await? {
                match observation(&record) {
                    Observation::Present(seen) => found.push(*seen),
                    Observation::Gone { .. } => {}
                    Observation::Unreadable { id, problem } => tracing::warn!(op, %id, problem, "left out"),
                }
            }
        }
        Ok(found)
    }

    async fn write(&self, writes: &[EventWrite]) -> Result<Vec<Outcome>, PortError> {
        let mut outcomes = Vec::with_capacity(writes.len());
        for chunk in writes.chunks(WRITE_ROWS) {
            match self.write_some(chunk).await {
                Ok(some) => outcomes.extend(some),
                Err(error) if outcomes.is_empty() => return Err(error),
                // Some is done: what is left was not tried, and has the same in store.
                Err(error) => outcomes.resize(writes.len(), outcome_of(&error)),
            }
            if outcomes.len() == writes.len() {
                break;
            }
        }
        Ok(outcomes)
    }
}
