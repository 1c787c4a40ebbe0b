//! What an org says of its objects: which fields there are, how long, and who may write them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use syncline_core::contact::Contact;
use syncline_core::ids::RemoteId;
use syncline_core::item::Event;
use syncline_core::task::Task;
use syncline_ports::{ErrorKind, PortError};
use tokio::sync::Mutex;

use crate::KEY_FIELD;
use crate::client::{Call, Client};
use crate::object::Object as _;
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

    /// Whether a record can be given our key.
    pub(crate) fn takes_key(&self) -> bool {
        self.field(KEY_FIELD).is_some_and(|field| field.createable)
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

/// Fields that not every org has, whoever asks.
const OPTIONAL: &[&str] = &[
    "MiddleName",
    "Suffix",
    "IsPersonAccount",
    "IsRecurrence",
    "IsRecurrence2",
    "RecurrenceActivityId",
    "GroupEventType",
];
/// Fields that nobody writes.
const READ_ONLY: &[&str] = &["IsClosed", "IsHighPriority", "IsChild", "RelatedToId", "TaskSubtype"];

/// What somebody who sees all sees of an object.
fn telling(object: &str) -> Vec<&'static str> {
    let mut names = match object {
        "Event" => Event::COLUMNS.to_vec(),
        "Task" => Task::COLUMNS.to_vec(),
        "Contact" => Contact::COLUMNS.to_vec(),
        "Lead" => vec![KEY_FIELD, "FirstName", "LastName", "Company", "Email", "LeadSource", "OwnerId"],
        "Account" => vec!["Name", "Website"],
        "EmailMessage" => vec![KEY_FIELD, "RelatedToId", "MessageIdentifier", "TextBody", "HtmlBody"],
        _ => Vec::new(),
    };
    names.retain(|name| !OPTIONAL.contains(name));
    names
}

impl Shape {
    /// Whether nothing is missing that field security might have taken away. Only such a shape is believed for
    /// others too: one who sees more than it tells would never find out.
    fn is_whole(&self, object: &str) -> bool {
        let is_there = |name: &&str| self.field(name).is_some_and(|it| it.createable || READ_ONLY.contains(name));
        !self.fields.is_empty() && telling(object).iter().all(is_there)
    }
}

/// Whose view of an object it is: an API version, an object, and a user if it is that one's alone.
type Key = (String, &'static str, Option<RemoteId>);

/// The place of one shape; held while asking, so that who wants the same meanwhile gets it from there.
type Place = Arc<Mutex<Option<Known>>>;

/// The shapes that are known in an org.
#[derive(Debug, Default)]
pub(crate) struct Shapes(std::sync::Mutex<BTreeMap<Key, Place>>);

/// How many shapes are kept in mind of one org.
const SHAPES: usize = 10_000;

#[derive(Clone, Debug)]
struct Known {
    shape: Arc<Shape>,
    /// The answer's `Last-Modified`, to ask whether there is news.
    stamp: Option<String>,
    at: Timestamp,
}

impl Shapes {
    fn place(&self, key: Key) -> Place {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= SHAPES && !places.contains_key(&key) {
            places.clear();
        }
        Arc::clone(places.entry(key).or_default())
    }
}

impl Client {
    fn place(&self, object: &'static str, whose: Option<&RemoteId>) -> Place {
        self.org().shapes().place((self.version().to_owned(), object, whose.cloned()))
    }

    /// How an object is made, as far as this user may see. Asked once per org and then believed for
    /// an hour, if who asked saw all; else for that user alone. A user who sees less than the one who asked
    /// finds out with [`Client::relearn`].
    pub(crate) async fn shape(&self, object: &'static str) -> Result<Arc<Shape>, PortError> {
        let (own, shared) = (self.place(object, Some(self.user())), self.place(object, None));
        let mut own = own.lock().await;
        if let Some(known) = own.as_ref().filter(|known| self.is_fresh(known)) {
            return Ok(Arc::clone(&known.shape));
        }
        let mut shared = shared.lock().await;
        if own.is_none()
            && let Some(known) = shared.as_ref().filter(|known| self.is_fresh(known))
        {
            return Ok(Arc::clone(&known.shape));
        }
        // What a user may do can change without the schema.
        let before = if own.is_some() { None } else { shared.clone() };
        let learned = self.described(object, before).await?;
        let shape = Arc::clone(&learned.shape);
        if own.is_none() && shape.is_whole(object) {
            *shared = Some(learned);
        } else {
            *own = Some(learned);
        }
        Ok(shape)
    }

    /// The shape as it is known by now, without asking or waiting.
    pub(crate) fn shape_if_known(&self, object: &'static str) -> Option<Arc<Shape>> {
        let fresh = |place: Place| {
            let known = place.try_lock().ok()?;
            known.as_ref().filter(|known| self.is_fresh(known)).map(|known| Arc::clone(&known.shape))
        };
        let own = self.place(object, Some(self.user()));
        let is_nobodys = own.try_lock().is_ok_and(|own| own.is_none());
        if is_nobodys { fresh(self.place(object, None)) } else { fresh(own) }
    }

    /// Asks anew and for this user alone, after Salesforce refused something that should have been right: the
    /// user sees less than others, or the schema has changed. Then others had better ask, too.
    pub(crate) async fn relearn(&self, object: &'static str) -> Result<Arc<Shape>, PortError> {
        let learned = self.described(object, None).await?;
        let shape = Arc::clone(&learned.shape);
        *self.place(object, Some(self.user())).lock().await = Some(learned);
        if let Some(known) = self.place(object, None).lock().await.as_mut() {
            known.at = Timestamp::MIN;
        }
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

/// Whether a record was refused for something that describe tells: what is known of it may be out of date.
pub(crate) fn is_out_of_shape(code: &str) -> bool {
    matches!(
        code,
        "INVALID_FIELD"
            | "INVALID_FIELD_FOR_INSERT_UPDATE"
            | "STRING_TOO_LONG"
            | "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    )
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
