//! The shape of answers and errors.

use serde_json::{Value, json};
use sim_kit::Reply;

use crate::model::refusal::Refusal;
use crate::model::schema::Field;
use crate::order::Order;

pub(super) fn ok(body: &Value) -> Reply {
    with_body(200, body)
}

pub(super) fn with_body(status: u16, body: &Value) -> Reply {
    in_order(status, body, &Order::default())
}

/// An answer whose records have their fields in this order.
pub(super) fn in_order(status: u16, body: &Value, order: &Order) -> Reply {
    let mut reply = Reply::empty(status).header("content-type", "application/json;charset=UTF-8");
    reply.body = order.write(body);
    reply
}

/// The fields in the order in which they are given.
pub(super) fn order_of<'a>(fields: impl IntoIterator<Item = &'a Field>) -> Order {
    let mut order = Order::default();
    fields.into_iter().for_each(|field| order.add([field.name]));
    order
}

/// The answer of a refused request.
pub(super) fn refused(refusals: &[Refusal]) -> Reply {
    let status = refusals.first().map_or(500, |refusal| refusal.status);
    let reply = with_body(status, &errors(refusals));
    let allowed = refusals.first().filter(|refusal| refusal.code == "METHOD_NOT_ALLOWED");
    match allowed.and_then(|refusal| refusal.message.rsplit_once("Allowed are ")) {
        Some((_, methods)) => reply.header("allow", methods),
        None => reply,
    }
}

pub(super) fn errors(refusals: &[Refusal]) -> Value {
    let errors = refusals.iter().map(|refusal| {
        let mut error = json!({ "message": refusal.message, "errorCode": refusal.code });
        if let (Some(fields), Some(error)) = (&refusal.fields, error.as_object_mut()) {
            error.insert("fields".to_owned(), json!(fields));
        }
        if let (Some(result), Some(error)) = (&refusal.result, error.as_object_mut()) {
            error.insert(result.0.to_owned(), result.1.clone());
        }
        error
    });
    errors.collect()
}

/// Percent-encodes one segment of a path.
pub(super) fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
