//! Paths along relationships: from a row to the one it names, or to those that name it.

use crate::model::Salesforce;
use crate::model::refusal::Refusal;
use crate::model::schema::{Field, Object};

use super::{Answer, Call, not_allowed, query, rows};

pub(super) fn answer(
    org: &mut Salesforce,
    call: &Call<'_>,
    method: &str,
    object: &'static Object,
    (id, name): (&str, &str),
) -> Answer {
    let id = rows::id_of(id)?;
    let view = org.fetch(call.caller, object, &id, call.now)?;
    if let Some(field) = object.relationship(name) {
        let target = view.value(field, call.now).as_str().map(str::to_owned).ok_or_else(Refusal::not_found)?;
        let parent = call.schema.of_id(&target).ok_or_else(Refusal::not_found)?;
        return match method {
            "GET" => rows::get(org, call, parent, &target),
            "PATCH" => rows::update(org, call, parent, &target),
            "DELETE" => rows::delete(org, call, parent, &target),
            _ => Err(not_allowed(&call.request.method, "HEAD,GET,PATCH,DELETE").into()),
        };
    }
    let (child, field) = children(call, object, name).ok_or_else(Refusal::not_found)?;
    if method != "GET" {
        return Err(not_allowed(&call.request.method, "HEAD,GET").into());
    }
    let fields = match call.request.param("fields") {
        Some(names) => rows::named(child, names.split(','))?,
        None => child.fields().collect(),
    };
    let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
    let soql = format!("SELECT {} FROM {} WHERE {} = '{id}'", names.join(", "), child.name, field.name);
    query::page_of(org, call, &soql, false)
}

/// The object whose rows an object's have under this name, and the field by which.
pub(super) fn children(
    call: &Call<'_>,
    object: &'static Object,
    name: &str,
) -> Option<(&'static Object, &'static Field)> {
    let mut ways = call.schema.children(object);
    ways.find(|(_, field)| field.children.is_some_and(|children| children.eq_ignore_ascii_case(name)))
}
