//! What an org says of its objects: which fields there are, how long, and who may write them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use syncline_ports::{ErrorKind, PortError};
use tokio::sync::Mutex;

use crate::client::{Call, Client};
use crate::trouble::{Effect, garbled};

/// How long a describe is believed before Salesforce is asked whether it has changed.
const BELIEVED: SignedDuration = SignedDuration::from_hours(1);

/// A field, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Field {
    /// `string`, `textarea`, `email`, ...
    pub(crate) kind: String,
    /// How many characters it holds; 0 if it holds none.
    pub(crate) length: usize,
    pub(crate) createable: bool,
    pub(crate) updateable: bool,
    pub(crate) filterable: bool,
    /// The values it takes, where it takes no others.
    pub(crate) only: Option<BTreeSet<String>>,
}

/// An object as one user sees it; empty if it is not there, or not for this user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    fields: BTreeMap<String, Field>,
    pub(crate) createable: bool,
}

impl Shape {
    /// Reads a describe.
    pub(crate) fn read(describe: &Value) -> Option<Self> {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let flag = |value: &Value, name: &str| value.get(name).and_then(Value::as_bool).unwrap_or_default();
        let field = |field: &Value| {
            let values = field.get("picklistValues").and_then(Value::as_array);
            let active = values.into_iter().flatten().filter(|value| flag(value, "active"));
            let read = Field {
                kind: text(field, "type").unwrap_or_default(),
                length: field.get("length").and_then(Value::as_u64).and_then(|it| it.try_into().ok()).unwrap_or(0),
                createable: flag(field, "createable"),
                updateable: flag(field, "updateable"),
                filterable: flag(field, "filterable"),
                only: flag(field, "restrictedPicklist").then(|| active.filter_map(|it| text(it, "value")).collect()),
            };
            Some((text(field, "name")?, read))
        };
        let fields = describe.get("fields")?.as_array()?.iter().filter_map(field).collect();
        Some(Self { fields, createable: flag(describe, "createable") })
    }

    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// The fields that hold an address and can be searched by, the standard one first.
    pub(crate) fn addresses(&self) -> Vec<&str> {
        let is_address = |field: &Field| field.kind == "email" && field.filterable;
        let mut names: Vec<&str> =
            self.fields.iter().filter(|(_, field)| is_address(field)).map(|(name, _)| name.as_str()).collect();
        names.sort_by_key(|name| *name != "Email");
        names
    }
}

/// Shapes that are known, by API version and object.
#[derive(Debug, Default)]
pub(crate) struct Shapes(Mutex<BTreeMap<(String, &'static str), Known>>);

#[derive(Clone, Debug)]
struct Known {
    shape: Arc<Shape>,
    /// The answer's `Last-Modified`, to ask whether there is news.
    stamp: Option<String>,
    at: Timestamp,
}

impl Client {
    /// How an object is made, as far as this user may see. Asked once per org and then believed for
    /// an hour; a user who sees less than the one who asked finds out with [`Client::relearn`].
    pub(crate) async fn shape(&self, object: &'static str) -> Result<Arc<Shape>, PortError> {
        let key = (self.version().to_owned(), object);
        if let Some(known) = self.own_shapes.0.lock().await.get(&key).filter(|known| self.is_fresh(known)) {
            return Ok(Arc::clone(&known.shape));
        }
        // Held while asking: who wants the same meanwhile gets it from here.
        let mut shapes = self.org().shapes().0.lock().await;
        let known = shapes.get(&key).cloned();
        if let Some(known) = known.as_ref().filter(|known| self.is_fresh(known)) {
            return Ok(Arc::clone(&known.shape));
        }
        let learned = self.described(object, known).await?;
        let shape = Arc::clone(&learned.shape);
        shapes.insert(key, learned);
        Ok(shape)
    }

    /// The shape as it is known by now, without asking.
    pub(crate) async fn shape_if_known(&self, object: &'static str) -> Option<Arc<Shape>> {
        let key = (self.version().to_owned(), object);
        let own = self.own_shapes.0.lock().await.get(&key).filter(|known| self.is_fresh(known)).cloned();
        let known = match own {
            Some(known) => Some(known),
            None => self.org().shapes().0.lock().await.get(&key).filter(|known| self.is_fresh(known)).cloned(),
        };
        known.map(|known| known.shape)
    }

    /// Asks anew and for this user alone, after Salesforce refused a field that should have been there: the
    /// user sees less than others, or the schema has changed.
    pub(crate) async fn relearn(&self, object: &'static str) -> Result<Arc<Shape>, PortError> {
        let learned = self.described(object, None).await?;
        let shape = Arc::clone(&learned.shape);
        self.own_shapes.0.lock().await.insert((self.version().to_owned(), object), learned);
        Ok(shape)
    }

    fn is_fresh(&self, known: &Known) -> bool {
        self.now().duration_since(known.at) < BELIEVED
    }

    async fn described(&self, object: &'static str, known: Option<Known>) -> Result<Known, PortError> {
        let op = "salesforce.describe";
        let mut call = Call::get(op, self.path(&format!("sobjects/{object}/describe")));
        if let Some(stamp) = known.as_ref().and_then(|known| known.stamp.clone()) {
            call.headers.push(("If-Modified-Since", stamp));
        }
        let at = self.now();
        match (self.send(call).await, known) {
            (Ok(answer), Some(known)) if answer.status == 304 => Ok(Known { at, ..known }),
            (Ok(answer), _) => {
                let shape = Shape::read(&answer.body);
                let shape = shape.ok_or_else(|| garbled(op, Effect::Read, "the describe has no fields"))?;
                Ok(Known { shape: Arc::new(shape), stamp: answer.last_modified, at })
            }
            (Err(error), _) if error.kind == ErrorKind::Gone || error.code == "INVALID_TYPE" => {
                Ok(Known { shape: Arc::default(), stamp: None, at })
            }
            (Err(error), _) => Err(error),
        }
    }
}

/// Whether a refusal means that a field or object is not there for this user.
pub(crate) fn is_unknown_field(error: &PortError) -> bool {
    matches!(error.code.as_str(), "INVALID_FIELD" | "INVALID_TYPE" | "INVALID_FIELD_FOR_INSERT_UPDATE")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::json;

    /// A shape in which every field named can be written, as `(name, type, length)`.
    pub(crate) fn shape(fields: &[(&str, &str, usize)]) -> Shape {
        let fields: Vec<Value> = fields
            .iter()
            .map(|(name, kind, length)| {
                json!({"name": name, "type": kind, "length": length, "createable": true, "updateable": true,
                    "filterable": true})
            })
            .collect();
        Shape::read(&json!({"createable": true, "fields": fields})).unwrap()
    }

    #[test]
    fn a_describe_tells_what_there_is() {
        let describe = json!({"createable": true, "fields": [
            {"name": "Subject", "type": "combobox", "length": 255, "createable": true, "updateable": true},
            {"name": "Backup__c", "type": "email", "length": 80, "filterable": true},
            {"name": "Email", "type": "email", "length": 80, "filterable": true},
            {"name": "Secret__c", "type": "email", "length": 80},
            {"name": "Status", "type": "picklist", "restrictedPicklist": true, "picklistValues": [
                {"value": "0", "active": true}, {"value": "9", "active": false}]},
        ]});
        let shape = Shape::read(&describe).unwrap();
        assert_eq!(shape.field("Subject").map(|field| (field.length, field.createable)), Some((255, true)));
        assert_eq!(shape.field("Status").unwrap().only, Some(BTreeSet::from(["0".to_owned()])));
        assert_eq!(shape.addresses(), ["Email", "Backup__c"]);
        assert!(shape.has("Subject") && !shape.has("Location") && shape.createable);
        assert_eq!(Shape::read(&Value::Null), None);
    }
}
