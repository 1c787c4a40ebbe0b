//! To Do.

use async_trait::async_trait;
use reqwest::Method;
use serde_json::Value;
use syncline_core::cursor::{Page, Position};
use syncline_core::ids::{RemoteId, SyncKey, Version};
use syncline_core::observation::{ItemSeen, Observation};
use syncline_core::task::Task;
use syncline_ports::{Items, Outcome, PortError, Write, Written};

use crate::Exchange;
use crate::batch::{BATCH_LIMIT, Fetched, Part};
use crate::client::encoded;
use crate::delta::{NAMELESS, Row};
use crate::failure::Purpose;
use crate::pages::TOP;
use crate::row;
use crate::task::{self, Place};
use crate::writes::{Prepared, Progress, refused};

/// Rows of a page of the delta query: five batches to read them in full.
const PAGE_ROWS: u32 = 100;
/// The links hold the key, and are shown only to who asks.
const EXPAND: &str = "$expand=linkedResources";
/// What is wrong with an id that was never ours.
const NO_PLACE: &str = "its id names no list";

#[async_trait]
impl Items<Task> for Exchange {
    async fn changes(
        &self,
        collection: &RemoteId,
        position: &Position,
    ) -> Result<Page<Observation<ItemSeen<Task>>>, PortError> {
        const OP: &str = "graph.tasks_delta";
        let list = collection.as_str();
        let start = format!("{}/delta", list_path(list));
        let listing = self.client.listing(OP, &start, position, PAGE_ROWS).await?;
        let rows = listing.rows();
        let there: Vec<RemoteId> = rows
            .iter()
            .filter_map(|row| match row {
                Row::There(id, _) => Some(Place { list, task: id.as_str() }.id()),
                Row::Removed(_) | Row::Nameless(_) => None,
            })
            .collect();
        let mut read = Items::<Task>::read(self, &there).await?.into_iter();
        let items = rows.into_iter().filter_map(|row| match row {
            Row::Removed(id) => Some(Observation::Gone { id: Place { list, task: id.as_str() }.id() }),
            Row::There(..) => read.next(),
            Row::Nameless(id) => Some(Observation::Unreadable { id, problem: NAMELESS.to_owned() }),
        });
        Ok(Page { items: items.collect(), next: listing.next.clone() })
    }

    async fn read(&self, ids: &[RemoteId]) -> Result<Vec<Observation<ItemSeen<Task>>>, PortError> {
        let places: Vec<Option<Place<'_>>> = ids.iter().map(Place::of).collect();
        let paths: Vec<String> =
            places.iter().flatten().map(|place| format!("{}?{EXPAND}", task_path(*place))).collect();
        let mut fetched = self.client.fetch("graph.read_tasks", &paths).await?.into_iter();
        let observed =
            ids.iter().zip(places).map(|(id, place)| match place.and_then(|at| Some((at, fetched.next()?))) {
                Some((at, Fetched::Item(value))) => task::observed(id, at.list, &value, &self.owner),
                Some((_, Fetched::Gone)) => Observation::Gone { id: id.clone() },
                Some((_, Fetched::Refused(problem))) => Observation::Unreadable { id: id.clone(), problem },
                None => Observation::Unreadable { id: id.clone(), problem: NO_PLACE.to_owned() },
            });
        Ok(observed.collect())
    }

    /// Reads the whole list: To Do filters by nothing that would hold the key.
    async fn find(&self, collection: &RemoteId, keys: &[SyncKey]) -> Result<Vec<ItemSeen<Task>>, PortError> {
        const OP: &str = "graph.find_tasks";
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let list = collection.as_str();
        let rows = self.client.all(OP, &format!("{}?{EXPAND}&{TOP}", list_path(list))).await?;
        let mut found = Vec::new();
        for row in &rows {
            let key = row::Row::of(row).and_then(task::key);
            if !key.is_ok_and(|key| key.is_some_and(|key| keys.contains(&key))) {
                continue;
            }
            match task::seen(list, row, &self.owner) {
                Ok(seen) => found.push(seen),
                Err(row::Problem(problem)) => tracing::warn!(op = OP, problem, "unreadable"),
            }
        }
        Ok(found)
    }

    /// To Do minds no `If-Match`, though it is sent: so each item is read right before, and what changes
    /// between that read and the write of the same chunk is overwritten, field by field.
    async fn write(&self, collection: &RemoteId, writes: &[Write<Task>]) -> Result<Vec<Outcome>, PortError> {
        let mut progress = Progress::of(writes.len());
        for chunk in writes.chunks(BATCH_LIMIT) {
            let step = match self.prepared_tasks(collection, chunk).await {
                Ok(prepared) => {
                    let written = |write: &Write<Task>, body: &Value| written(collection, write, body);
                    self.client.carry_out("graph.write_tasks", chunk, prepared, written).await
                }
                Err(error) => Err(error),
            };
            if !progress.note(chunk.len(), step)? {
                break;
            }
        }
        Ok(progress.finish())
    }
}

impl Exchange {
    async fn prepared_tasks(&self, collection: &RemoteId, writes: &[Write<Task>]) -> Result<Vec<Prepared>, PortError> {
        let place = |write: &Write<Task>| match write {
            Write::Create { .. } => None,
            Write::Update { id, .. } | Write::Delete { id, .. } => Place::of(id).map(task_path),
        };
        let reads: Vec<Part> = writes.iter().filter_map(place).map(Part::get).collect();
        let mut answers = Vec::new();
        if !reads.is_empty() {
            answers = self.client.batch("graph.check_tasks", Purpose::Read, &reads).await?;
        }
        let mut answers = answers.into_iter();
        let prepared = writes.iter().map(|write| {
            let (id, expected, method, body) = match write {
                Write::Create { key, item } => {
                    let body = Some(task::create_body(key, item));
                    let path = list_path(collection.as_str());
                    return Ok(Part { method: Method::POST, path, if_match: None, body });
                }
                Write::Update { id, expected, patch } => (id, expected, Method::PATCH, Some(task::patch_body(patch))),
                Write::Delete { id, expected } => (id, expected, Method::DELETE, None),
            };
            let Some((place, answer)) = Place::of(id).and_then(|place| Some((place, answers.next()?))) else {
                return Err(Outcome::Rejected { code: "ErrorInvalidIdMalformed".to_owned() });
            };
            let present = answer.map_err(|refusal| refused(&refusal, Purpose::Read))?;
            let version = row::Row::of(&present).and_then(task::version);
            if version.as_ref() != Ok(expected) {
                return Err(Outcome::Stale);
            }
            Ok(Part { method, path: task_path(place), if_match: if_match(expected), body })
        });
        Ok(prepared.collect())
    }
}

/// A version that is a time is no precondition.
fn if_match(version: &Version) -> Option<String> {
    let is_etag = version.as_str().starts_with("W/") || version.as_str().starts_with('"');
    is_etag.then(|| version.as_str().to_owned())
}

fn list_path(list: &str) -> String {
    format!("/me/todo/lists/{}/tasks", encoded(list))
}

pub(crate) fn task_path(place: Place<'_>) -> String {
    format!("{}/{}", list_path(place.list), encoded(place.task))
}

fn written(collection: &RemoteId, write: &Write<Task>, body: &Value) -> Option<Written> {
    let row = row::Row::of(body).ok()?;
    let task = row.text("id").ok()??;
    let list = match write {
        Write::Create { .. } => collection.as_str(),
        Write::Update { id, .. } | Write::Delete { id, .. } => Place::of(id)?.list,
    };
    Some(Written { id: Place { list, task }.id(), version: task::version(row).ok()?, losses: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_etag_is_a_precondition() {
        for (version, expected) in
            [("W/\"k1\"", Some("W/\"k1\"")), ("\"k1\"", Some("\"k1\"")), ("2031-03-02T09:00:00.1234567Z", None)]
        {
            assert_eq!(if_match(&Version::new(version)).as_deref(), expected, "{version}");
        }
    }

    #[test]
    fn ids_are_encoded_part_by_part() {
        let place = Place { list: "l/1=", task: "t/1=" };
        assert_eq!(task_path(place), "/me/todo/lists/l%2F1%3D/tasks/t%2F1%3D");
    }
}
