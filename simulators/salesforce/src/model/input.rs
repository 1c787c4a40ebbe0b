//! A record as a client sent it, read into values by field.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::caller::Caller;
use super::refusal::Refusal;
use super::schema::{Field, Kind, Object};
use super::sharing::Right;
use super::{Salesforce, accept, id};

/// New values by field; `Null` clears.
pub(super) type Changes = BTreeMap<&'static str, Value>;

/// A record as a client sent it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a> {
    pub fields: &'a Map<String, Value>,
    /// Whether the record names its id among the fields, as in collections.
    pub also_id: bool,
}

impl Salesforce {
    /// Reads a record's fields: names, types, permission to write.
    pub(super) fn read_input(
        &self,
        caller: &Caller,
        object: &'static Object,
        input: &Input<'_>,
        creating: bool,
    ) -> Result<Changes, Vec<Refusal>> {
        let mut changes = Changes::new();
        let mut read_only = Vec::new();
        let mut wrong = Vec::new();
        for (name, value) in input.fields {
            if name == "attributes" || (input.also_id && name.eq_ignore_ascii_case("id")) {
                continue;
            }
            let Some(field) = object.field(name) else {
                let (field, id) = self.foreign_key(caller, object, name, value)?;
                if if creating { field.createable } else { field.updateable } {
                    changes.insert(field.name, id);
                } else {
                    read_only.push(field.name);
                }
                continue;
            };
            if field.kind == Kind::Id {
                return Err(id_in_body(creating).into());
            }
            if !(if creating { field.createable } else { field.updateable }) {
                read_only.push(field.name);
                continue;
            }
            match accept(self.schema(), field, value) {
                Ok(value) => {
                    changes.insert(field.name, value);
                }
                Err(refusal) if refusal.fields.is_none() => return Err(refusal.into()),
                Err(refusal) => wrong.push(refusal),
            }
        }
        if !read_only.is_empty() {
            let message = format!(
                "Unable to create/update fields: {}. Please check the security settings of this field and verify \
                 that it is read/write for your profile or permission set.",
                read_only.join(", ")
            );
            let refusal = Refusal::write("INVALID_FIELD_FOR_INSERT_UPDATE", message);
            return Err(read_only.iter().fold(refusal, |refusal, field| refusal.on(field)).into());
        }
        if wrong.is_empty() { Ok(changes) } else { Err(wrong) }
    }

    /// Reads `"Account": {"Ext__c": "42"}`: the reference field and the id it is to hold.
    fn foreign_key(
        &self,
        caller: &Caller,
        object: &'static Object,
        name: &str,
        value: &Value,
    ) -> Result<(&'static Field, Value), Refusal> {
        let unknown = || {
            let message = format!("No such column '{name}' on sobject of type {}", object.name);
            Refusal::new(400, "INVALID_FIELD", message)
        };
        let field = object.relationship(name).ok_or_else(unknown)?;
        let Some(parent) = value.as_object() else {
            return if value.is_null() { Ok((field, Value::Null)) } else { Err(unknown()) };
        };
        let named = parent.get("attributes").and_then(|attributes| attributes.get("type")).and_then(Value::as_str);
        let schema = self.schema_of(caller);
        let mut targets = field.targets().iter().filter_map(|target| schema.object(target));
        let target = match named {
            Some(name) => targets.find(|target| target.name.eq_ignore_ascii_case(name)),
            None => targets.next(),
        };
        let target = target.ok_or_else(unknown)?;
        let key = parent.iter().find(|(key, _)| *key != "attributes").ok_or_else(unknown)?;
        let lookup = target.field(key.0).filter(|field| field.id_lookup).ok_or_else(|| {
            let message =
                format!("Field name provided, {} is not an External ID or indexed field for {}", key.0, target.name);
            Refusal::new(400, "INVALID_FIELD", message)
        })?;
        let text = key.1.as_str().map_or_else(|| key.1.to_string(), str::to_owned);
        let mut ids: Vec<String> = if lookup.kind == Kind::Id {
            id::canonical(&text).filter(|id| self.store.row(id).is_some()).into_iter().collect()
        } else {
            self.having(target, lookup, &text)
        };
        ids.retain(|id| self.store.row(id).is_some_and(|row| self.may(caller, row, Right::Read)));
        match ids.as_slice() {
            [id] => Ok((field, json!(id))),
            [] => {
                let message = format!(
                    "Foreign key external ID: {text} not found for field {} in entity {}",
                    lookup.name, target.name
                );
                Err(Refusal::new(400, "INVALID_FIELD", message))
            }
            _ => {
                let message = format!("More than one record found for external id field: {}", lookup.name);
                Err(Refusal::new(400, "INVALID_FIELD", message))
            }
        }
    }
}

fn id_in_body(creating: bool) -> Refusal {
    if creating {
        Refusal::write("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call").on("Id")
    } else {
        Refusal::new(400, "INVALID_FIELD", "The Id field should not be specified in the sobject data.")
    }
}
