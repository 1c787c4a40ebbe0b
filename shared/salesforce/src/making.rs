//! Making one record once.

use std::pin::Pin;

use reqwest::Method;
use serde_json::{Map, Value, json};
use syncline_core::ids::{RemoteId, SyncKey};
use syncline_ports::{ErrorKind, Loss, Made, PortError};

use crate::client::{Call, Client};
use crate::fit::{Writing, fit};
use crate::row::Row;
use crate::shape::{is_out_of_shape, is_unknown_field};
use crate::soql::quoted;
use crate::trouble::{Effect, garbled};
use crate::writes::WRITE_HEADERS;
use crate::{KEY_FIELD, MARK_FIELD};

/// Looks for what may have been made already, where no key tells it.
pub(crate) type Look<'a> =
    dyn Fn() -> Pin<Box<dyn Future<Output = Result<Option<RemoteId>, PortError>> + Send + 'a>> + Sync + 'a;

/// A record to be made.
pub(crate) struct New<'a> {
    /// A dotted name, for errors and logs.
    pub(crate) op: &'static str,
    /// What it is.
    pub(crate) object: &'static str,
    /// Our key for it.
    pub(crate) key: &'a SyncKey,
    /// What it holds.
    pub(crate) record: Map<String, Value>,
    /// What was lost on the way to here.
    pub(crate) losses: Vec<Loss>,
}

impl Client {
    /// Makes a record that carries the key. If there already is one, that one is the answer, and nothing
    /// of it is changed: somebody may have worked on it. Where the org has no field for the key,
    /// `lookalike` looks for what may have been made already.
    pub(crate) async fn create_once(&self, new: New<'_>, lookalike: &Look<'_>) -> Result<Made, PortError> {
        match self.create_as_known(&new, lookalike).await {
            Err(error) if is_out_of_shape(&error.code) || is_unknown_field(&error) => {
                self.relearn(new.object).await?;
                self.create_as_known(&new, lookalike).await
            }
            made => made,
        }
    }

    async fn create_as_known(&self, new: &New<'_>, lookalike: &Look<'_>) -> Result<Made, PortError> {
        let shape = self.shape(new.object).await?;
        let keyed = shape.takes_key();
        if !keyed && let Some(id) = lookalike().await? {
            return Ok(Made { id, losses: Vec::new() });
        }
        let (mut record, more) = fit(&shape, Writing::Create, new.record.clone());
        if keyed {
            record.insert(KEY_FIELD.to_owned(), json!(new.key));
        }
        if shape.field(MARK_FIELD).is_some_and(|field| field.createable) {
            record.insert(MARK_FIELD.to_owned(), json!(true));
        }
        let losses: Vec<Loss> = new.losses.iter().cloned().chain(more).collect();
        let path = self.path(&format!("sobjects/{}", new.object));
        let call = Call { method: Method::POST, ..Call::post(new.op, path, Value::Object(record), Effect::Write) };
        match self.send(call.headed(WRITE_HEADERS)).await {
            Ok(answer) => {
                let id = answer.body.get("id").and_then(Value::as_str).map(RemoteId::new);
                let id = id.ok_or_else(|| garbled(new.op, Effect::Write, "the answer has no id"))?;
                Ok(Made { id, losses })
            }
            Err(error) if keyed && error.code == "DUPLICATE_VALUE" => {
                let (object, key) = (new.object, quoted(new.key.as_str()));
                let soql = format!("SELECT Id FROM {object} WHERE {KEY_FIELD} = {key} AND IsDeleted = false");
                let rows = self.all_rows(new.op, soql).await?;
                match rows.first() {
                    Some(row) => Ok(Made { id: Row(row).id(), losses: Vec::new() }),
                    // Deleted in this moment, or the duplicate is of another field.
                    None => Err(PortError { kind: ErrorKind::Rejected, ..error }),
                }
            }
            Err(error) => Err(error),
        }
    }
}
