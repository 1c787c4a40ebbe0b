//! Single rows: by id, and by a field that finds them.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use sim_kit::Reply;

use crate::model::refusal::Refusal;
use crate::model::schema::{Field, Object};
use crate::model::{Salesforce, Upserted, id, record};

use super::{Answer, Call, atomically, fields_of, files, in_order, ok, order_of, with_body};

/// The first version whose upsert says whether the row is new, and answers a change with 200 and a body.
const UPSERT_ANSWERS_SINCE: u32 = 46;

pub(super) fn create(org: &mut Salesforce, call: &Call<'_>, object: &'static Object) -> Answer {
    let body = files::record(call)?;
    let id = atomically(org, |org| org.create(call.caller, object, &fields_of(&body), call.now))?;
    Ok(created(call, object, &id, false))
}

/// An upsert by id of a row that has none yet.
pub(super) fn create_without_id(org: &mut Salesforce, call: &Call<'_>, object: &'static Object) -> Answer {
    let body = call.body()?;
    let id = atomically(org, |org| org.create(call.caller, object, &fields_of(&body), call.now))?;
    Ok(created(call, object, &id, true))
}

fn created(call: &Call<'_>, object: &Object, id: &str, upserted: bool) -> Reply {
    let mut body = json!({ "id": id, "success": true, "errors": [] });
    let tells = upserted && call.major() >= UPSERT_ANSWERS_SINCE;
    if let (true, Some(body)) = (tells, body.as_object_mut()) {
        body.insert("created".to_owned(), json!(true));
    }
    with_body(201, &body).header("location", &url(call, object, id))
}

fn url(call: &Call<'_>, object: &Object, id: &str) -> String {
    format!("{}/sobjects/{}/{id}", call.base(), object.name)
}

/// The row's id, where the text is an id at all.
pub(super) fn id_of(text: &str) -> Result<String, Refusal> {
    id::canonical(text).ok_or_else(|| Refusal::no_such_key(text))
}

pub(super) fn get(org: &Salesforce, call: &Call<'_>, object: &'static Object, text: &str) -> Answer {
    let view = org.fetch(call.caller, object, &id_of(text)?, call.now)?;
    let fields = match call.request.param("fields") {
        Some(names) => Some(named(object, names.split(','))?),
        None => None,
    };
    let fields = fields.unwrap_or_else(|| object.fields().collect());
    let body = Value::Object(record(&view, fields.iter().copied(), &call.base(), call.now));
    let reply = in_order(200, &body, &order_of(fields));
    if object.name != "Account" {
        return Ok(reply);
    }
    let tag = etag(&record(&view, object.fields(), "", call.now));
    let known = call.request.header("if-none-match").is_some_and(|known| matches(known, &tag));
    Ok(if known { Reply::empty(304) } else { reply }.header("etag", &tag))
}

/// The fields of these names.
pub(super) fn named<'a>(
    object: &'static Object,
    names: impl Iterator<Item = &'a str>,
) -> Result<Vec<&'static Field>, Refusal> {
    let mut fields = Vec::new();
    for name in names.map(str::trim).filter(|name| !name.is_empty()) {
        let field = object.field(name).ok_or_else(|| {
            let message = format!("No such column '{name}' on sobject of type {}", object.name);
            Refusal::new(400, "INVALID_FIELD", message)
        })?;
        fields.push(field);
    }
    Ok(fields)
}

fn etag(record: &Map<String, Value>) -> String {
    let hash = Sha256::digest(Value::Object(record.clone()).to_string());
    format!("\"{}\"", id::base62(&hash, 32))
}

/// Whether a list of tags, or `*`, has this one.
fn matches(known: &str, tag: &str) -> bool {
    let bare = |known: &str| known.trim().trim_start_matches("W/").to_owned();
    known.split(',').map(bare).any(|known| known == "*" || known == tag)
}

pub(super) fn update(org: &mut Salesforce, call: &Call<'_>, object: &'static Object, text: &str) -> Answer {
    let id = id_of(text)?;
    let body = call.body()?;
    if object.name == "Account"
        && let Some(wanted) = call.request.header("if-match")
    {
        let view = org.fetch(call.caller, object, &id, call.now)?;
        if !matches(wanted, &etag(&record(&view, object.fields(), "", call.now))) {
            let message = "The record was changed since the entity tag of If-Match was given";
            return Err(Refusal::new(412, "PRECONDITION_FAILED", message).into());
        }
    }
    atomically(org, |org| org.update(call.caller, object, &id, &fields_of(&body), call.now))?;
    Ok(Reply::empty(204))
}

pub(super) fn delete(org: &mut Salesforce, call: &Call<'_>, object: &'static Object, text: &str) -> Answer {
    let id = id_of(text)?;
    atomically(org, |org| org.delete(call.caller, object, &id, call.now))?;
    Ok(Reply::empty(204))
}

/// Deletes an event of a series with all that come after it.
pub(super) fn delete_onwards(org: &mut Salesforce, call: &Call<'_>, text: &str) -> Answer {
    let id = id_of(text)?;
    atomically(org, |org| org.delete_onwards(call.caller, &id, call.now))?;
    Ok(Reply::empty(204))
}

/// A field by which rows can be found.
pub(super) fn key_field(object: &'static Object, name: &str) -> Result<&'static Field, Refusal> {
    object.field(name).filter(|field| field.id_lookup).ok_or_else(|| Refusal::no_such_key(name))
}

/// The one row with this value; of several all their addresses.
fn only(
    org: &Salesforce,
    call: &Call<'_>,
    object: &'static Object,
    field: &str,
    value: &str,
) -> Result<Result<String, Reply>, Refusal> {
    let field = key_field(object, field)?;
    let ids = org.find(call.caller, object, field, value, call.now);
    match ids.as_slice() {
        [] => Err(Refusal::not_found()),
        [id] => Ok(Ok(id.clone())),
        _ => Ok(Err(choices(call, object, &ids))),
    }
}

fn choices(call: &Call<'_>, object: &Object, ids: &[String]) -> Reply {
    let urls: Vec<String> = ids.iter().map(|id| url(call, object, id)).collect();
    with_body(300, &json!(urls))
}

pub(super) fn get_by(org: &Salesforce, call: &Call<'_>, object: &'static Object, field: &str, value: &str) -> Answer {
    match only(org, call, object, field, value)? {
        Ok(id) => get(org, call, object, &id),
        Err(several) => Ok(several),
    }
}

pub(super) fn delete_by(
    org: &mut Salesforce,
    call: &Call<'_>,
    object: &'static Object,
    field: &str,
    value: &str,
) -> Answer {
    match only(org, call, object, field, value)? {
        Ok(id) => delete(org, call, object, &id),
        Err(several) => Ok(several),
    }
}

pub(super) fn upsert(
    org: &mut Salesforce,
    call: &Call<'_>,
    object: &'static Object,
    field: &str,
    value: &str,
) -> Answer {
    let key = key_field(object, field)?;
    let body = call.body()?;
    if key.name == "Id" {
        update(org, call, object, value)?;
        return Ok(changed(call, &id_of(value)?));
    }
    if let Some(repeated) =
        body.keys().find(|name| name.eq_ignore_ascii_case(key.name) || name.eq_ignore_ascii_case("id"))
    {
        let name = object.field(repeated).map_or(key.name, |field| field.name);
        let message = format!("The {name} field should not be specified in the sobject data.");
        return Err(Refusal::new(400, "INVALID_FIELD", message).into());
    }
    let update_only = call.request.param("updateOnly").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let done =
        atomically(org, |org| org.upsert(call.caller, object, (key, value), &fields_of(&body), update_only, call.now))?;
    Ok(match done {
        Upserted::Created(id) => created(call, object, &id, true),
        Upserted::Ambiguous(ids) => choices(call, object, &ids),
        Upserted::Updated(id) => changed(call, &id),
    })
}

/// The answer to an upsert that found its row.
fn changed(call: &Call<'_>, id: &str) -> Reply {
    if call.major() < UPSERT_ANSWERS_SINCE {
        return Reply::empty(204);
    }
    ok(&json!({ "id": id, "success": true, "errors": [], "created": false }))
}
