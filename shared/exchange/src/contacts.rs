//! The address book.

use async_trait::async_trait;
use reqwest::Method;
use serde_json::Value;
use syncline_core::contact::Contact;
use syncline_core::cursor::{Page, Position};
use syncline_core::ids::{RemoteId, SyncKey};
use syncline_core::observation::{ItemSeen, Observation};
use syncline_ports::{ErrorKind, Items, Outcome, PortError, Write, Written};

use crate::Exchange;
use crate::batch::{BATCH_LIMIT, Fetched, Part};
use crate::client::encoded;
use crate::contact::{self, SELECT};
use crate::delta::{NAMELESS, Row};
use crate::event::{self, KEY_PROPERTY};
use crate::failure::Purpose;
use crate::row;
use crate::writes::{Prepared, Progress, refused};

/// Graph's well-known name of the default folder, which may stand for its id.
pub(crate) const DEFAULT_FOLDER: &str = "contacts";

/// Rows of a page of the delta query: five batches to read them in full.
const PAGE_ROWS: u32 = 100;
/// Contacts that may carry one key: the one we made and copies that people made of it.
const FIND_LIMIT: u32 = 50;

#[async_trait]
impl Items<Contact> for Exchange {
    async fn changes(
        &self,
        collection: &RemoteId,
        position: &Position,
    ) -> Result<Page<Observation<ItemSeen<Contact>>>, PortError> {
        const OP: &str = "graph.contacts_delta";
        // The query takes no $expand, so the key is read with the contact, and the rows are kept small.
        let start = format!("{}/delta?$select=parentFolderId", folder_path(collection));
        let listing = self.client.listing(OP, &start, position, PAGE_ROWS).await?;
        let rows = listing.rows();
        let there: Vec<RemoteId> = rows
            .iter()
            .filter_map(|row| match row {
                Row::There(id, _) => Some(id.clone()),
                Row::Removed(_) | Row::Nameless(_) => None,
            })
            .collect();
        let mut read = Items::<Contact>::read(self, &there).await?.into_iter();
        let items = rows.into_iter().filter_map(|row| match row {
            Row::Removed(id) => Some(Observation::Gone { id }),
            Row::There(..) => read.next(),
            Row::Nameless(id) => Some(Observation::Unreadable { id, problem: NAMELESS.to_owned() }),
        });
        Ok(Page { items: items.collect(), next: listing.next.clone() })
    }

    async fn read(&self, ids: &[RemoteId]) -> Result<Vec<Observation<ItemSeen<Contact>>>, PortError> {
        let paths: Vec<String> = ids.iter().map(|id| format!("{}?{SELECT}&{}", path(id), expand())).collect();
        let fetched = self.client.fetch("graph.read_contacts", &paths).await?;
        let observed = ids.iter().zip(fetched).map(|(id, fetched)| match fetched {
            Fetched::Item(value) => contact::observed(id, &value, &self.owner),
            Fetched::Gone => Observation::Gone { id: id.clone() },
            Fetched::Refused(problem) => Observation::Unreadable { id: id.clone(), problem },
        });
        Ok(observed.collect())
    }

    async fn find(&self, collection: &RemoteId, keys: &[SyncKey]) -> Result<Vec<ItemSeen<Contact>>, PortError> {
        const OP: &str = "graph.find_contacts";
        let mut found = Vec::new();
        for chunk in keys.chunks(BATCH_LIMIT) {
            let parts: Vec<Part> = chunk.iter().map(|key| Part::get(search(collection, key))).collect();
            for answer in self.client.batch(OP, Purpose::Read, &parts).await? {
                // Without an answer nobody knows whether there is one: the whole call fails.
                let list = answer.map_err(|part| part.into_error(Purpose::Read, OP))?;
                let Some(rows) = list.get("value").and_then(Value::as_array) else {
                    return Err(PortError::new(ErrorKind::Transient, OP).because("the answer has no list of rows"));
                };
                for row in rows {
                    match contact::seen(row, &self.owner) {
                        Ok(seen) => found.push(seen),
                        Err(row::Problem(problem)) => tracing::warn!(op = OP, problem, "unreadable"),
                    }
                }
            }
        }
        Ok(found)
    }

    async fn write(&self, collection: &RemoteId, writes: &[Write<Contact>]) -> Result<Vec<Outcome>, PortError> {
        let mut progress = Progress::of(writes.len());
        for chunk in writes.chunks(BATCH_LIMIT) {
            let step = match self.prepared_contacts(collection, chunk).await {
                Ok(prepared) => {
                    let written = |_: &Write<Contact>, body: &Value| written(body);
                    self.client.carry_out("graph.write_contacts", chunk, prepared, written).await
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
    async fn prepared_contacts(
        &self,
        collection: &RemoteId,
        writes: &[Write<Contact>],
    ) -> Result<Vec<Prepared>, PortError> {
        let reads = writes.iter().filter_map(|write| match write {
            Write::Update { id, patch, .. } if contact::needs_present(patch) => Some(format!("{}?{SELECT}", path(id))),
            Write::Create { .. } | Write::Update { .. } | Write::Delete { .. } => None,
        });
        let reads: Vec<Part> = reads.map(Part::get).collect();
        let mut answers = Vec::new();
        if !reads.is_empty() {
            answers = self.client.batch("graph.check_contacts", Purpose::Read, &reads).await?;
        }
        let mut answers = answers.into_iter();
        let prepared = writes.iter().map(|write| match write {
            Write::Create { key, item } => Ok(Part {
                method: Method::POST,
                path: folder_path(collection),
                if_match: None,
                body: Some(contact::create_body(key, item)),
            }),
            Write::Update { id, expected, patch } => {
                let unreadable = |row::Problem(_)| Outcome::Rejected { code: "Unreadable".to_owned() };
                let present = match contact::needs_present(patch).then(|| answers.next()).flatten() {
                    Some(answer) => Some(answer.map_err(|refusal| refused(&refusal, Purpose::Read))?),
                    None => None,
                };
                let present = present.as_ref().map(row::Row::of).transpose().map_err(unreadable)?;
                if let Some(present) = present
                    && event::version(present).as_ref() != Ok(expected)
                {
                    return Err(Outcome::Stale);
                }
                Ok(Part {
                    method: Method::PATCH,
                    path: path(id),
                    if_match: Some(expected.as_str().to_owned()),
                    body: Some(contact::patch_body(patch, present).map_err(unreadable)?),
                })
            }
            Write::Delete { id, expected } => {
                let if_match = Some(expected.as_str().to_owned());
                Ok(Part { method: Method::DELETE, path: path(id), if_match, body: None })
            }
        });
        Ok(prepared.collect())
    }
}

/// The contacts of a folder.
fn folder_path(folder: &RemoteId) -> String {
    if folder.as_str() == DEFAULT_FOLDER {
        return "/me/contacts".to_owned();
    }
    format!("/me/contactFolders/{}/contacts", encoded(folder.as_str()))
}

/// A contact, whatever folder it is in.
pub(crate) fn path(id: &RemoteId) -> String {
    format!("/me/contacts/{}", encoded(id.as_str()))
}

fn expand() -> String {
    let property = format!("singleValueExtendedProperties($filter=id eq '{KEY_PROPERTY}')");
    format!("$expand={}", encoded(&property))
}

fn search(folder: &RemoteId, key: &SyncKey) -> String {
    let key = key.as_str().replace('\'', "''");
    let filter = format!("singleValueExtendedProperties/Any(ep: ep/id eq '{KEY_PROPERTY}' and ep/value eq '{key}')");
    format!("{}?$filter={}&{SELECT}&{}&$top={FIND_LIMIT}", folder_path(folder), encoded(&filter), expand())
}

fn written(body: &Value) -> Option<Written> {
    let row = row::Row::of(body).ok()?;
    let id = row.text("id").ok()??;
    Some(Written { id: RemoteId::new(id), version: event::version(row).ok()?, losses: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_folder_goes_by_its_name_or_its_id() {
        assert_eq!(folder_path(&RemoteId::new("contacts")), "/me/contacts");
        assert_eq!(folder_path(&RemoteId::new("AAMk=")), "/me/contactFolders/AAMk%3D/contacts");
    }

    #[test]
    fn a_key_cannot_break_out_of_its_query() {
        let path = search(&RemoteId::new("contacts"), &SyncKey::from_text("a' or 'b&c"));
        assert!(path.contains("%27a%27%27%20or%20%27%27b%26c%27"), "{path}");
    }
}
