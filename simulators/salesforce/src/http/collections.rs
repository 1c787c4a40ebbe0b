//! Many rows in one call, each with an outcome of its own.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use sim_kit::Reply;

use crate::model::refusal::Refusal;
use crate::model::schema::{Kind, Object};
use crate::model::{Caller, Input, Salesforce, Upserted, id, record};

use super::{Answer, Call, atomically, flag, in_order, ok, order_of, rows};

const MOST_WRITTEN: usize = 200;
const MOST_READ: usize = 2000;
const MOST_CHUNKS: usize = 10;

/// What became of one record: its id, and for an upsert whether it is new.
type Outcome = Result<(String, Option<bool>), Vec<Refusal>>;

/// The records of a body, with its `allOrNone`.
fn records(call: &Call<'_>) -> Result<(Vec<Map<String, Value>>, bool), Refusal> {
    let body = call.body()?;
    let all_or_none = flag(&body, "allOrNone")? || call.all_or_none;
    let Some(Value::Array(records)) = body.get("records") else {
        return Err(Refusal::json("The request needs a list 'records' at [line:1, column:1]"));
    };
    if records.len() > MOST_WRITTEN {
        return Err(too_many(MOST_WRITTEN));
    }
    let records = records.iter().map(|record| {
        record.as_object().cloned().ok_or_else(|| Refusal::json("Each record is a JSON object at [line:1, column:1]"))
    });
    Ok((records.collect::<Result<_, _>>()?, all_or_none))
}

fn too_many(most: usize) -> Refusal {
    let message = format!("record limit reached. cannot submit more than {most} records into this call");
    Refusal::new(400, "EXCEEDED_ID_LIMIT", message)
}

fn kind_of(call: &Call<'_>, record: &Map<String, Value>) -> Result<&'static Object, Refusal> {
    let name = record.get("attributes").and_then(|attributes| attributes.get("type")).and_then(Value::as_str);
    name.and_then(|name| call.schema.object(name)).ok_or_else(|| {
        let message = format!("sObject type '{}' is not supported.", name.unwrap_or_default());
        Refusal::write("INVALID_TYPE", message)
    })
}

/// Refuses a list that changes its object too often.
fn few_chunks(call: &Call<'_>, records: &[Map<String, Value>]) -> Result<(), Refusal> {
    let kinds: Vec<Option<&str>> =
        records.iter().map(|record| kind_of(call, record).ok().map(|object| object.name)).collect();
    let chunks = kinds.windows(2).filter(|pair| pair.first() != pair.last()).count() + 1;
    if chunks <= MOST_CHUNKS {
        return Ok(());
    }
    let message =
        "Cannot have more than 10 chunks in a single operation. Please rearrange the data to reduce chunking.";
    Err(Refusal::new(400, "LIMIT_EXCEEDED", message))
}

/// Does to each what is to be done; all is undone if one fails and all or none is asked for.
fn each<T>(
    org: &mut Salesforce,
    items: Vec<T>,
    all_or_none: bool,
    mut act: impl FnMut(&mut Salesforce, T) -> Outcome,
) -> Reply {
    let before = org.savepoint();
    let mut outcomes: Vec<Outcome> = items.into_iter().map(|item| atomically(org, |org| act(org, item))).collect();
    if all_or_none && outcomes.iter().any(Result::is_err) {
        org.roll_back(before);
        for outcome in outcomes.iter_mut().filter(|outcome| outcome.is_ok()) {
            let message = "Record rolled back because not all records were valid and the request was using AllOrNone \
                           header";
            *outcome = Err(Refusal::write("ALL_OR_NONE_OPERATION_ROLLED_BACK", message).into());
        }
    }
    ok(&outcomes.iter().map(told).collect())
}

fn told(outcome: &Outcome) -> Value {
    match outcome {
        Ok((id, None)) => json!({ "id": id, "success": true, "errors": [] }),
        Ok((id, Some(created))) => {
            json!({ "id": id, "success": true, "errors": [], "created": created })
        }
        Err(refusals) => {
            json!({ "success": false, "errors": errors(refusals) })
        }
    }
}

/// The errors of one record among others.
pub(super) fn errors(refusals: &[Refusal]) -> Value {
    let errors = refusals.iter().map(|refusal| {
        let fields = refusal.fields.clone().unwrap_or_default();
        json!({ "statusCode": refusal.code, "message": refusal.message, "fields": fields })
    });
    errors.collect()
}

fn id_in(record: &Map<String, Value>) -> Option<&str> {
    record.iter().find(|(name, _)| name.eq_ignore_ascii_case("id")).and_then(|(_, value)| value.as_str())
}

pub(super) fn create(org: &mut Salesforce, call: &Call<'_>) -> Answer {
    let (records, all_or_none) = records(call)?;
    few_chunks(call, &records)?;
    Ok(each(org, records, all_or_none, |org, record| {
        let object = kind_of(call, &record)?;
        let input = Input { fields: &record, also_id: false };
        org.create(call.caller, object, &input, call.now).map(|id| (id, None))
    }))
}

pub(super) fn update(org: &mut Salesforce, call: &Call<'_>) -> Answer {
    let (records, all_or_none) = records(call)?;
    few_chunks(call, &records)?;
    Ok(each(org, records, all_or_none, |org, record| {
        let object = kind_of(call, &record)?;
        let text = id_in(&record)
            .ok_or_else(|| Refusal::write("MISSING_ARGUMENT", "Id not specified in an update call").on("Id"))?;
        let id =
            id::canonical(text).filter(|id| id.starts_with(object.prefix)).ok_or_else(|| wrong_id(object, text))?;
        update_row(org, call.caller, object, &id, &record, call)?;
        Ok((id, None))
    }))
}

fn update_row(
    org: &mut Salesforce,
    caller: &Caller,
    object: &'static Object,
    id: &str,
    record: &Map<String, Value>,
    call: &Call<'_>,
) -> Result<(), Vec<Refusal>> {
    let input = Input { fields: record, also_id: true };
    org.update(caller, object, id, &input, call.now).map_err(in_list)
}

/// What in a call of its own is "not found" is in a list a reference that leads nowhere.
fn in_list(mut refusals: Vec<Refusal>) -> Vec<Refusal> {
    for refusal in refusals.iter_mut().filter(|refusal| refusal.code == "NOT_FOUND") {
        *refusal = Refusal::write("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id");
    }
    refusals
}

fn wrong_id(object: &Object, text: &str) -> Refusal {
    Refusal::write("MALFORMED_ID", format!("{} ID: id value of incorrect type: {text}", object.label)).on("Id")
}

pub(super) fn delete(org: &mut Salesforce, call: &Call<'_>) -> Answer {
    let ids = call.request.param("ids").unwrap_or_default();
    let ids: Vec<String> = ids.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect();
    if ids.is_empty() {
        return Err(Refusal::new(400, "MISSING_ARGUMENT", "ids must be specified").into());
    }
    if ids.len() > MOST_WRITTEN {
        return Err(too_many(MOST_WRITTEN).into());
    }
    let asked = call.request.param("allOrNone").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let all_or_none = call.all_or_none || asked;
    Ok(each(org, ids, all_or_none, |org, text| {
        let malformed = || Refusal::write("MALFORMED_ID", format!("malformed id {text}"));
        let id = id::canonical(&text).ok_or_else(malformed)?;
        let object = call.schema.of_id(&id).ok_or_else(malformed)?;
        org.delete(call.caller, object, &id, call.now).map_err(in_list)?;
        Ok((id, None))
    }))
}

pub(super) fn upsert(org: &mut Salesforce, call: &Call<'_>, object: &str, field: &str) -> Answer {
    let object = call.schema.object(object).ok_or_else(Refusal::not_found)?;
    let key = rows::key_field(object, field)?;
    let (records, all_or_none) = records(call)?;
    let value_of = |record: &Map<String, Value>| {
        let value = record.iter().find(|(name, _)| name.eq_ignore_ascii_case(key.name)).map(|(_, value)| value);
        value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    // Two spellings of one value are one row's.
    let row_of = |value: &str| match key.kind {
        Kind::Id => id::canonical(value).unwrap_or_default(),
        _ if key.case_sensitive => value.to_owned(),
        _ => value.to_lowercase(),
    };
    for value in records.iter().filter_map(value_of) {
        *times.entry(row_of(&value)).or_default() += 1;
    }
    Ok(each(org, records, all_or_none, |org, mut record| {
        if kind_of(call, &record)?.name != object.name {
            let message = format!("each record of this call must be of type {}", object.name);
            return Err(Refusal::write("INVALID_TYPE", message).into());
        }
        let value = value_of(&record).filter(|value| !value.is_empty() && value != "null");
        let Some(value) = value else {
            if key.name != "Id" {
                let message = format!("{} not specified", key.name);
                return Err(Refusal::write("MISSING_ARGUMENT", message).on(key.name).into());
            }
            // Without an id there is nothing to find, so it is new.
            record.retain(|name, _| !name.eq_ignore_ascii_case(key.name));
            let input = Input { fields: &record, also_id: false };
            return org.create(call.caller, object, &input, call.now).map(|id| (id, Some(true)));
        };
        let row = row_of(&value);
        if !row.is_empty() && times.get(&row).is_some_and(|times| *times > 1) {
            let message = format!("Duplicate external id specified: {value}");
            return Err(Refusal::write("DUPLICATE_VALUE", message).on(key.name).into());
        }
        record.retain(|name, _| !name.eq_ignore_ascii_case(key.name));
        if key.name == "Id" {
            let id = id::canonical(&value).ok_or_else(|| wrong_id(object, &value))?;
            update_row(org, call.caller, object, &id, &record, call)?;
            return Ok((id, Some(false)));
        }
        let input = Input { fields: &record, also_id: false };
        match org.upsert(call.caller, object, (key, &value), &input, false, call.now)? {
            Upserted::Created(id) => Ok((id, Some(true))),
            Upserted::Updated(id) => Ok((id, Some(false))),
            Upserted::Ambiguous(_) => {
                let message = format!("{}: more than one record found for external id field", key.name);
                Err(Refusal::write("DUPLICATE_EXTERNAL_ID", message).on(key.name).into())
            }
        }
    }))
}

/// A list of texts in a body.
fn texts(body: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, Refusal> {
    let Some(value) = body.get(name) else {
        return Ok(None);
    };
    let items = value.as_array().into_iter().flatten();
    let texts: Option<Vec<String>> = items.map(|item| item.as_str().map(str::to_owned)).collect();
    texts.filter(|_| value.is_array()).map(Some).ok_or_else(|| {
        Refusal::json(format!("Cannot deserialize instance of list of strings: {name} at [line:1, column:1]"))
    })
}

pub(super) fn read(org: &Salesforce, call: &Call<'_>, object: &str) -> Answer {
    let object = call.schema.object(object).ok_or_else(Refusal::not_found)?;
    let (ids, names) = if call.request.method == "POST" {
        let body = call.body()?;
        (texts(&body, "ids")?, texts(&body, "fields")?)
    } else {
        let list = |name: &str| {
            let text = call.request.param(name).filter(|text| !text.trim().is_empty())?;
            Some(text.split(',').map(|item| item.trim().to_owned()).collect::<Vec<_>>())
        };
        (list("ids"), list("fields"))
    };
    let argument = |name: &str| Refusal::new(400, "MISSING_ARGUMENT", format!("{name} must be specified"));
    let ids = ids.ok_or_else(|| argument("ids"))?;
    let names = names.ok_or_else(|| argument("fields"))?;
    if ids.len() > MOST_READ {
        return Err(too_many(MOST_READ).into());
    }
    let fields = rows::named(object, names.iter().map(String::as_str))?;
    let found = ids.iter().map(|text| {
        let view = id::canonical(text).and_then(|id| org.fetch(call.caller, object, &id, call.now).ok());
        view.map(|view| Value::Object(record(&view, fields.iter().copied(), &call.base(), call.now)))
            .unwrap_or_default()
    });
    Ok(in_order(200, &found.collect(), &order_of(fields.iter().copied())))
}
