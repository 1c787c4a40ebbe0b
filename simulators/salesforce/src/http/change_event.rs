//! Change events as an event bus hands them on: what changed, and a header that says where, when and by whom.

use serde_json::{Map, Value, json};

use crate::model::changes::ChangeType;
use crate::model::outbox::{BusEvent, event_name, with_zulu};
use crate::model::schema::{Kind, Object};
use crate::model::{Salesforce, Values};

/// The parts of names and addresses, in the order in which they are told.
const PARTS: [&str; 8] = ["Salutation", "FirstName", "LastName", "Street", "City", "State", "PostalCode", "Country"];

/// Where an event tells a field.
#[derive(Clone, Copy, Debug)]
enum Place<'a> {
    Alone(&'a str),
    /// In a compound field.
    Within(&'static str, &'a str),
}

impl Place<'_> {
    /// The name in the header's lists.
    fn path(self) -> String {
        match self {
            Self::Alone(name) => name.to_owned(),
            Self::Within(whole, part) => format!("{whole}.{part}"),
        }
    }

    /// Single fields come first, then the parts of each compound.
    fn rank(self) -> (Option<&'static str>, usize) {
        match self {
            Self::Alone(_) => (None, 0),
            Self::Within(whole, part) => (Some(whole), PARTS.iter().position(|known| *known == part).unwrap_or(0)),
        }
    }
}

impl Salesforce {
    /// A change event as a rule of the event bus hands it to its target.
    pub(super) fn bus_event(&self, event: &BusEvent) -> Value {
        let change = &event.change;
        let name = event_name(&change.object);
        let kind = match change.kind {
            ChangeType::Create => "CREATE",
            ChangeType::Update => "UPDATE",
            ChangeType::Delete => "DELETE",
            ChangeType::Undelete => "UNDELETE",
        };
        let made_by = &event.transaction;
        let kind = if made_by.gap { format!("GAP_{kind}") } else { kind.to_owned() };
        let silent = made_by.gap || change.kind == ChangeType::Delete;
        let names: &[String] = if silent { &[] } else { &change.fields };
        let fields = places(self.schema().object(&change.object), names, &change.values);
        let changed = fields.iter().filter(|_| change.kind == ChangeType::Update);
        let nulled = changed.clone().filter(|(_, value)| value.is_null());
        let header = json!({
            "entityName": change.object,
            "recordIds": event.rows,
            "changeType": kind,
            "changeOrigin": made_by.origin,
            "transactionKey": made_by.key,
            "sequenceNumber": event.sequence,
            "commitTimestamp": change.committed_at.as_second() * 1000,
            "commitNumber": event.commit_number,
            "commitUser": made_by.user,
            "nulledFields": nulled.map(|(place, _)| place.path()).collect::<Vec<_>>(),
            "diffFields": [],
            "changedFields": changed.map(|(place, _)| place.path()).collect::<Vec<_>>(),
        });
        let mut payload = Map::new();
        payload.insert("ChangeEventHeader".to_owned(), header);
        for (place, value) in fields {
            match place {
                Place::Alone(name) => {
                    payload.insert(name.to_owned(), value);
                }
                Place::Within(whole, part) => {
                    let parts = payload.entry(whole).or_insert_with(|| json!({}));
                    if let Some(parts) = parts.as_object_mut() {
                        parts.insert(part.to_owned(), value);
                    }
                }
            }
        }
        json!({
            "version": "0",
            "id": event.id,
            "detail-type": name,
            "source": format!("aws.partner/salesforce.com/{}/{}", self.org_id(), self.channel_id()),
            "account": "000000000000",
            "time": change.committed_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": "eu-central-1",
            "resources": [],
            "detail": { "payload": payload, "schemaId": self.schema_id(&name), "id": event.id },
        })
    }
}

/// Where these fields are told, and their values.
fn places<'a>(object: Option<&Object>, names: &'a [String], values: &Values) -> Vec<(Place<'a>, Value)> {
    // Of an account only if it is a person.
    let person = object.is_some_and(|object| object.field("LastName").is_some()) && values.contains_key("LastName");
    // A person's whole name is put together from its parts.
    let told = names.iter().map(String::as_str).filter(|name| !person || *name != "Name");
    let value = |name: &str| with_zulu(values.get(name).unwrap_or(&Value::Null));
    let mut places: Vec<_> = told.map(|name| (place(object, person, name), value(name))).collect();
    places.sort_by_key(|(place, _)| place.rank());
    places
}

fn place<'a>(object: Option<&Object>, person: bool, name: &'a str) -> Place<'a> {
    if person && ["Salutation", "FirstName", "LastName"].contains(&name) {
        return Place::Within("Name", name);
    }
    let address = object.into_iter().flat_map(Object::fields).find_map(|whole| match whole.kind {
        Kind::Address(prefix) => {
            let part = name.strip_prefix(prefix).filter(|part| PARTS.contains(part))?;
            Some(Place::Within(whole.name, part))
        }
        _ => None,
    });
    address.unwrap_or(Place::Alone(name))
}
