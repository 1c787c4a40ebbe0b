//! Writing the records of one kind: a look at what is there, then one call for everything.

use serde_json::{Map, Value, json};
use syncline_core::ids::{RemoteId, Version};
use syncline_core::observation::{HasId as _, Observation};
use syncline_ports::{ErrorKind, Loss, Outcome, PortError, Write, Written};

use crate::budget::Purpose;
use crate::composite::{Part, Parts};
use crate::fit::{Writing, fit};
use crate::natural;
use crate::object::{Object, Selection, Sighting as _, observation};
use crate::records::{Op, Records, op};
use crate::row::{Row, same_id};
use crate::shape::{Shape, is_out_of_shape};
use crate::soql::{encoded, list};
use crate::trouble::{Effect, RecordResult, outcome_of, record_result, refused_record};
use crate::{KEY_FIELD, MARK_FIELD};

/// How many records one write takes (REST API guide, "sObject Collections").
const WRITE_ROWS: usize = 200;

/// A rule that only warns of duplicates is passed over: there was a look before. Nobody is assigned but whom
/// we name.
pub(crate) const WRITE_HEADERS: &[(&str, &str)] =
    &[("Sforce-Duplicate-Rule-Header", "allowSave=true"), ("Sforce-Auto-Assign", "FALSE")];

/// A field of person accounts' contacts, which can only be written as accounts.
const IS_PERSON_ACCOUNT: &str = "IsPersonAccount";

/// What is left of a write after the look at what is there.
enum Step {
    /// Nothing: this came of it.
    Settled(Outcome),
    /// A record to be made.
    Create(Map<String, Value>, Vec<Loss>),
    /// A record to be changed.
    Update(RemoteId, Map<String, Value>, Vec<Loss>),
    /// A record to be deleted.
    Delete(RemoteId, Version),
}

impl<T: Object> Records<T> {
    /// Carries out the writes, creates for this owner.
    pub(crate) async fn write_all(&self, owner: &RemoteId, writes: &[Write<T>]) -> Result<Vec<Outcome>, PortError> {
        let mut outcomes = Vec::with_capacity(writes.len());
        for chunk in writes.chunks(WRITE_ROWS) {
            match self.write_some(owner, chunk).await {
                Ok(some) => outcomes.extend(some),
                Err(error) if outcomes.is_empty() => return Err(error),
                // Some is done: what is left was not tried, and has the same in store.
                Err(error) => {
                    outcomes.resize(writes.len(), outcome_of(&error));
                    break;
                }
            }
        }
        Ok(outcomes)
    }

    /// Up to [`WRITE_ROWS`] writes. What failed because a field is not what it was believed to be, or because
    /// somebody made the same record in the same moment, is tried once more.
    async fn write_some(&self, owner: &RemoteId, writes: &[Write<T>]) -> Result<Vec<Outcome>, PortError> {
        let all: Vec<&Write<T>> = writes.iter().collect();
        let mut outcomes = match self.attempt(owner, &all).await {
            Err(error) if crate::shape::is_unknown_field(&error) => {
                Selection::<T>::relearned(&self.client).await?;
                return self.attempt(owner, &all).await;
            }
            attempted => attempted?,
        };
        let again = self.worth_another_try(writes, &mut outcomes).await;
        if again.is_empty() {
            return Ok(outcomes);
        }
        let some: Vec<&Write<T>> = again.iter().filter_map(|at| writes.get(*at)).collect();
        match self.attempt(owner, &some).await {
            Ok(second) => {
                for (at, outcome) in again.into_iter().zip(second) {
                    if let Some(place) = outcomes.get_mut(at) {
                        *place = outcome;
                    }
                }
            }
            Err(error) => tracing::warn!(op = error.op, code = %error.code, "the second try was not heard"),
        }
        Ok(outcomes)
    }

    /// The places of the writes to be tried again, after finding out what makes another try worth it.
    async fn worth_another_try(&self, writes: &[Write<T>], outcomes: &mut [Outcome]) -> Vec<usize> {
        let (mut unknown, mut doubled) = (Vec::new(), Vec::new());
        for (at, (write, outcome)) in writes.iter().zip(outcomes.iter()).enumerate() {
            match (outcome, write) {
                (Outcome::Rejected { code }, _) if is_out_of_shape(code) => unknown.push(at),
                (Outcome::Later { code, .. }, Write::Create { key, .. }) if code == "DUPLICATE_VALUE" => {
                    doubled.push((at, key.clone()));
                }
                _ => {}
            }
        }
        if !unknown.is_empty() {
            let before = Selection::<T>::of(&self.client).await.ok();
            let shape = self.client.shape(T::NAME).await.ok();
            match Selection::<T>::relearned(&self.client).await {
                Ok(now) if Some(&now) != before.as_ref() || self.client.shape(T::NAME).await.ok() != shape => {}
                // Nothing is new: it is another field that offends, and will again.
                Ok(_) | Err(_) => unknown.clear(),
            }
        }
        let keys: Vec<_> = doubled.iter().map(|(_, key)| key.as_str()).collect();
        if !keys.is_empty() {
            let keys = list(keys);
            let soql = format!("SELECT {KEY_FIELD} FROM {} WHERE {KEY_FIELD} IN {keys} AND IsDeleted = false", T::NAME);
            // Without an answer the outcome stays: for later.
            if let Ok(rows) = self.client.all_rows(op::<T>(Op::Write), soql).await {
                let is_there = |key: &str| rows.iter().any(|row| Row(row).text(KEY_FIELD) == Ok(Some(key)));
                for (at, key) in doubled {
                    if is_there(key.as_str()) {
                        unknown.push(at);
                    } else if let Some(outcome) = outcomes.get_mut(at) {
                        // It was not the key that was double.
                        *outcome = Outcome::Rejected { code: "DUPLICATE_VALUE".to_owned() };
                    }
                }
            }
        }
        unknown.sort_unstable();
        unknown
    }

    async fn attempt(&self, owner: &RemoteId, writes: &[&Write<T>]) -> Result<Vec<Outcome>, PortError> {
        let selection = Selection::<T>::of(&self.client).await?;
        let shape = self.client.shape(T::NAME).await?;
        let mut steps = self.steps(owner, writes, &selection, &shape).await?;
        let keyed = shape.takes_key();
        if !keyed {
            self.settle_what_is_there(owner, &shape, &mut steps).await?;
        }
        let parts = parts::<T>(&steps, keyed);
        if !parts.is_empty() {
            match self.client.composite(op::<T>(Op::Write), Effect::Write, Purpose::Pressing, parts).await {
                Ok(answers) => {
                    let made = if keyed { Vec::new() } else { self.versions(&answers).await };
                    settle(&mut steps, &answers, &made);
                }
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

    async fn steps(
        &self,
        owner: &RemoteId,
        writes: &[&Write<T>],
        selection: &Selection<T>,
        shape: &Shape,
    ) -> Result<Vec<Step>, PortError> {
        let existing = |write: &&Write<T>| match write {
            Write::Create { .. } => None,
            Write::Update { id, .. } | Write::Delete { id, .. } => Some(id.clone()),
        };
        let ids: Vec<RemoteId> = writes.iter().filter_map(existing).collect();
        let rows = self.rows(&ids, selection).await?;
        let mut rows = ids.iter().zip(rows);
        let steps = writes.iter().map(|write| match write {
            Write::Create { key, item } => {
                let (mut record, mut losses) = T::record(item, T::FIELDS);
                record.insert("OwnerId".to_owned(), json!(owner));
                if shape.takes_key() {
                    record.insert(KEY_FIELD.to_owned(), json!(key));
                }
                if shape.field(MARK_FIELD).is_some_and(|field| field.createable) {
                    record.insert(MARK_FIELD.to_owned(), json!(true));
                }
                let (record, more) = fit(shape, Writing::Create, record);
                losses.extend(more);
                Step::Create(record, losses)
            }
            Write::Update { expected, patch, .. } => match present::<T>(rows.next(), expected) {
                Err(outcome) => Step::Settled(outcome),
                Ok((_, row)) if Row(&row).flag(IS_PERSON_ACCOUNT) == Ok(true) => {
                    Step::Settled(Outcome::Rejected { code: "PERSON_ACCOUNT".to_owned() })
                }
                Ok((seen, _)) => {
                    let (record, mut losses) = T::record(&T::patched(seen.item(), patch), &patch.fields);
                    let (record, more) = fit(shape, Writing::Update, record);
                    losses.extend(more);
                    if record.is_empty() {
                        let (id, version) = (seen.id().clone(), seen.version().clone());
                        Step::Settled(Outcome::Done(Written { id, version, losses }))
                    } else {
                        Step::Update(seen.id().clone(), record, losses)
                    }
                }
            },
            Write::Delete { expected, .. } => match present::<T>(rows.next(), expected) {
                Err(outcome) => Step::Settled(outcome),
                Ok((seen, _)) => Step::Delete(seen.id().clone(), seen.version().clone()),
            },
        });
        Ok(steps.collect())
    }

    /// In an org without a field for our key: what a lost attempt has made already, known by what it is.
    async fn settle_what_is_there(&self, owner: &RemoteId, shape: &Shape, steps: &mut [Step]) -> Result<(), PortError> {
        let wanted: Vec<&Map<String, Value>> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Create(record, _) => Some(record),
                Step::Settled(_) | Step::Update(..) | Step::Delete(..) => None,
            })
            .collect();
        let found = natural::look::<T>(&self.client, owner, shape, &wanted).await?;
        let mut found = found.into_iter();
        for step in steps {
            if let Step::Create(_, losses) = step
                && let Some(Some((id, version))) = found.next()
            {
                let losses = std::mem::take(losses);
                *step = Step::Settled(Outcome::Done(Written { id, version, losses }));
            }
        }
        Ok(())
    }

    /// The new versions of what was made: without a key they can be asked for only when the ids are known.
    async fn versions(&self, answers: &Parts) -> Vec<Value> {
        let Ok(Value::Array(lines)) = answers.of("creates") else { return Vec::new() };
        let ids: Vec<&str> = lines.iter().filter_map(|line| line.get("id").and_then(Value::as_str)).collect();
        if ids.is_empty() {
            return Vec::new();
        }
        let soql = format!("SELECT Id, SystemModstamp FROM {} WHERE Id IN {}", T::NAME, list(ids));
        self.client.rows(op::<T>(Op::Write), soql).await.unwrap_or_default()
    }
}

/// What is there now, if it is still what is expected.
fn present<T: Object>(row: Option<(&RemoteId, Value)>, expected: &Version) -> Result<(Box<T::Seen>, Value), Outcome> {
    let unreadable = || Outcome::Rejected { code: "UNREADABLE".to_owned() };
    let Some((id, row)) = row else { return Err(Outcome::Unknown) };
    if row.is_null() {
        return Err(Outcome::Gone);
    }
    if !same_id(Row(&row).id().as_str(), id.as_str()) {
        return Err(unreadable());
    }
    match observation::<T>(&row, &std::collections::BTreeSet::new()) {
        Observation::Gone { .. } => Err(Outcome::Gone),
        Observation::Unreadable { .. } => Err(unreadable()),
        Observation::Present(seen) if seen.version() != expected => Err(Outcome::Stale),
        Observation::Present(seen) => Ok((seen, row)),
    }
}

/// The call's parts: creates, updates, deletes, and the new versions of what was written.
fn parts<T: Object>(steps: &[Step], keyed: bool) -> Vec<Part> {
    let (mut creates, mut updates, mut deletes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut keys, mut ids) = (Vec::new(), Vec::new());
    for step in steps {
        match step {
            Step::Settled(_) => {}
            Step::Create(record, _) => {
                keys.extend(record.get(KEY_FIELD).and_then(Value::as_str));
                creates.push(typed::<T>(record));
            }
            Step::Update(id, record, _) => {
                ids.push(id.as_str());
                let mut record = typed::<T>(record);
                record["id"] = json!(id);
                updates.push(record);
            }
            Step::Delete(id, _) => deletes.push(id.as_str()),
        }
    }
    let mut parts = Vec::new();
    let headers = WRITE_HEADERS;
    let collection = |records: Vec<Value>| Some(json!({"allOrNone": false, "records": records}));
    if !creates.is_empty() {
        let (method, rest) = if keyed {
            ("PATCH", format!("composite/sobjects/{}/{KEY_FIELD}", T::NAME))
        } else {
            ("POST", "composite/sobjects".to_owned())
        };
        parts.push(Part { name: "creates", method, rest, body: collection(creates), headers });
    }
    if !updates.is_empty() {
        let rest = "composite/sobjects".to_owned();
        parts.push(Part { name: "updates", method: "PATCH", rest, body: collection(updates), headers });
    }
    if !deletes.is_empty() {
        let rest = format!("composite/sobjects?ids={}&allOrNone=false", encoded(&deletes.join(",")));
        parts.push(Part { name: "deletes", method: "DELETE", rest, body: None, headers: &[] });
    }
    if !keys.is_empty() {
        let soql = format!("SELECT Id, SystemModstamp FROM {} WHERE {KEY_FIELD} IN {}", T::NAME, list(keys));
        parts.push(Part::query_all("created", &soql));
    }
    if !ids.is_empty() {
        let soql = format!("SELECT Id, SystemModstamp FROM {} WHERE Id IN {}", T::NAME, list(ids));
        parts.push(Part::query_all("updated", &soql));
    }
    parts
}

fn typed<T: Object>(record: &Map<String, Value>) -> Value {
    let mut record = record.clone();
    record.insert("attributes".to_owned(), json!({"type": T::NAME}));
    Value::Object(record)
}

/// Gives every step that was tried its outcome. Each part's lines stand in the order of the steps.
fn settle(steps: &mut [Step], answers: &Parts, made: &[Value]) {
    let (mut created, mut updated, mut deleted) = (0, 0, 0);
    let rows = |part: &str| {
        let answered = answers.of(part).ok().and_then(|body| body.get("records")?.as_array());
        answered.map(Vec::as_slice).unwrap_or_default()
    };
    let (of_created, of_updated) = (rows("created"), rows("updated"));
    let of_created = if of_created.is_empty() { made } else { of_created };
    for step in steps {
        let outcome = match step {
            Step::Settled(_) => continue,
            Step::Create(_, losses) => {
                written(line(answers, "creates", &mut created), of_created, std::mem::take(losses), false)
            }
            Step::Update(_, _, losses) => {
                written(line(answers, "updates", &mut updated), of_updated, std::mem::take(losses), true)
            }
            Step::Delete(_, version) => match line(answers, "deletes", &mut deleted) {
                Ok(RecordResult::Done(id)) => {
                    Outcome::Done(Written { id: RemoteId::new(id), version: version.clone(), losses: Vec::new() })
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

fn written(line: Result<RecordResult, PortError>, rows: &[Value], losses: Vec<Loss>, exists: bool) -> Outcome {
    match line {
        Ok(RecordResult::Done(id)) => match version_of(rows, &id) {
            Some((id, version)) => Outcome::Done(Written { id, version, losses }),
            // It happened, but at which version is not known: to be looked at.
            None => Outcome::Unknown,
        },
        Ok(RecordResult::Refused { code, names_fields }) => refused_record(code, names_fields, exists),
        Ok(RecordResult::Garbled) => Outcome::Unknown,
        Err(error) => outcome_of(&error),
    }
}

fn version_of(rows: &[Value], id: &str) -> Option<(RemoteId, Version)> {
    let row = rows.iter().map(Row).find(|row| same_id(row.id().as_str(), id))?;
    Some((row.id(), row.version().ok()?))
}
