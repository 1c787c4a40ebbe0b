//! A user's password: whether it has expired, and another in its place.

use serde_json::json;
use sim_kit::Reply;

use crate::model::Salesforce;
use crate::model::refusal::Refusal;

use super::{Answer, Call, not_allowed, ok, rows};

const SHORTEST: usize = 8;

pub(super) fn answer(org: &mut Salesforce, call: &Call<'_>, method: &str, id: &str) -> Answer {
    let id = rows::id_of(id)?;
    let user = call.schema.object("User").ok_or_else(Refusal::not_found)?;
    org.fetch(call.caller, user, &id, call.now)?;
    if !matches!(method, "GET" | "POST" | "DELETE") {
        return Err(not_allowed(&call.request.method, "HEAD,GET,POST,DELETE").into());
    }
    if !org.may_set_password(call.caller, &id) {
        let message = "insufficient access rights on cross-reference id";
        return Err(Refusal::new(403, "INSUFFICIENT_ACCESS_OR_READONLY", message).into());
    }
    match method {
        "GET" => Ok(ok(&json!({ "isExpired": false }))),
        "POST" => {
            let body = call.body()?;
            let password = body.get("NewPassword").and_then(serde_json::Value::as_str).unwrap_or_default();
            if password.len() < SHORTEST {
                let message = format!("Your password must be at least {SHORTEST} characters long");
                return Err(Refusal::new(400, "INVALID_NEW_PASSWORD", message).into());
            }
            org.set_password(&id, password.to_owned());
            Ok(Reply::empty(204))
        }
        _ => Ok(ok(&json!({ "NewPassword": org.reset_password(&id) }))),
    }
}
