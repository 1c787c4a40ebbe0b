//! Trees of new rows: parents with their children, all of them or none.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::model::Salesforce;
use crate::model::refusal::Refusal;
use crate::model::schema::{Field, Object};

use super::super::{Answer, Call, collections, fields_of, related, with_body};

const MOST_RECORDS: usize = 200;
const MOST_LEVELS: usize = 5;
const MOST_KINDS: usize = 5;

/// A row to be made.
struct Node {
    object: &'static Object,
    reference: String,
    fields: Map<String, Value>,
    /// The place of the parent in the level above, and the field that names it.
    parent: Option<(usize, &'static Field)>,
}

/// Why a record is refused, by its reference.
type Refused = (String, Vec<Refusal>);

pub(in super::super) fn tree(org: &mut Salesforce, call: &Call<'_>, name: &str) -> Answer {
    let object = call.schema.object(name).ok_or_else(Refusal::not_found)?;
    let body = call.body()?;
    let Some(Value::Array(roots)) = body.get("records") else {
        return Err(Refusal::json("The request needs a list 'records' at [line:1, column:1]").into());
    };
    let before = org.savepoint();
    let made = levels(call, object, roots).and_then(|levels| plant(org, call, levels));
    let results = match made {
        Ok(made) => {
            let results = made.iter().map(|(reference, id)| json!({ "referenceId": reference, "id": id }));
            return Ok(with_body(201, &json!({ "hasErrors": false, "results": results.collect::<Value>() })));
        }
        Err(refused) => refused
            .into_iter()
            .map(|(reference, refusals)| json!({ "referenceId": reference, "errors": collections::errors(&refusals) })),
    };
    let results: Value = results.collect();
    org.roll_back(before);
    Ok(with_body(400, &json!({ "hasErrors": true, "results": results })))
}

/// The records by how far down they are.
fn levels(call: &Call<'_>, object: &'static Object, roots: &[Value]) -> Result<Vec<Vec<Node>>, Vec<Refused>> {
    let mut levels: Vec<Vec<Node>> = Vec::new();
    let mut references = BTreeSet::new();
    let mut kinds = BTreeSet::new();
    let mut level: Vec<_> = roots.iter().map(|record| (record, object, None)).collect();
    while !level.is_empty() {
        let mut nodes = Vec::new();
        let mut below = Vec::new();
        for (record, object, parent) in level {
            let (node, children) = node(call, record, object, parent)?;
            kinds.insert(object.name);
            let reference = node.reference.clone();
            let refuse = |message: &str| vec![(reference.clone(), Refusal::write("INVALID_INPUT", message).into())];
            if !references.insert(node.reference.clone()) {
                return Err(refuse("Duplicate ReferenceId provided in the request."));
            }
            if references.len() > MOST_RECORDS || kinds.len() > MOST_KINDS || levels.len() == MOST_LEVELS {
                return Err(refuse("A tree has at most 200 records, of at most 5 objects, on at most 5 levels."));
            }
            let place = nodes.len();
            below.extend(children.into_iter().map(|(child, object, field)| (child, object, Some((place, field)))));
            nodes.push(node);
        }
        levels.push(nodes);
        level = below;
    }
    Ok(levels)
}

type Child<'a> = (&'a Value, &'static Object, &'static Field);

/// A record's own part, and the records below it.
fn node<'a>(
    call: &Call<'_>,
    record: &'a Value,
    object: &'static Object,
    parent: Option<(usize, &'static Field)>,
) -> Result<(Node, Vec<Child<'a>>), Vec<Refused>> {
    let attribute = |name: &str| record.get("attributes").and_then(|attributes| attributes.get(name)?.as_str());
    let reference = attribute("referenceId").unwrap_or_default().to_owned();
    let refuse = |code, message: String| vec![(reference.clone(), Refusal::write(code, message).into())];
    if reference.is_empty() {
        return Err(refuse("INVALID_INPUT", "Include a reference ID for each record in the request.".to_owned()));
    }
    let kind = attribute("type").unwrap_or_default();
    if !kind.eq_ignore_ascii_case(object.name) {
        let message = format!("The record type '{kind}' does not match the expected type '{}'.", object.name);
        return Err(refuse("INVALID_INPUT", message));
    }
    let mut fields = Map::new();
    let mut children = Vec::new();
    for (name, value) in record.as_object().into_iter().flatten() {
        match value.get("records").and_then(Value::as_array) {
            Some(records) => {
                let way = related::children(call, object, name);
                let (child, field) = way.ok_or_else(|| {
                    refuse("INVALID_FIELD", format!("No such column '{name}' on sobject of type {}", object.name))
                })?;
                children.extend(records.iter().map(|record| (record, child, field)));
            }
            None => {
                fields.insert(name.clone(), value.clone());
            }
        }
    }
    Ok((Node { object, reference, fields, parent }, children))
}

/// Makes the rows level by level; a level of which one is refused has nothing below it.
fn plant(org: &mut Salesforce, call: &Call<'_>, levels: Vec<Vec<Node>>) -> Result<Vec<(String, String)>, Vec<Refused>> {
    let mut made = Vec::new();
    let mut above: Vec<String> = Vec::new();
    for level in levels {
        let mut ids = Vec::new();
        let mut refused = Vec::new();
        for mut node in level {
            if let Some((id, field)) = node.parent.and_then(|(place, field)| Some((above.get(place)?, field))) {
                node.fields.insert(field.name.to_owned(), json!(id));
            }
            match org.create(call.caller, node.object, &fields_of(&node.fields), call.now) {
                Ok(id) => {
                    made.push((node.reference, id.clone()));
                    ids.push(id);
                }
                Err(refusals) => refused.push((node.reference, refusals)),
            }
        }
        if !refused.is_empty() {
            return Err(refused);
        }
        above = ids;
    }
    Ok(made)
}
