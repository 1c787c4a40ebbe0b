//! Asking what a token is: whether it is good, whose, and for how long.

use jiff::Timestamp;
use serde_json::json;
use sim_kit::{Reply, Request};

use crate::model::{Denial, Salesforce};

use super::super::ok;
use super::Form;
use super::token::{ALL_SCOPES, prove_client};

pub(super) fn introspect(org: &Salesforce, request: &Request, now: Timestamp) -> Result<Reply, Denial> {
    let form = Form::of(request);
    prove_client(org, request, &form, true)?;
    let token = form.value("token").ok_or(Denial("invalid_request", "token parameter is missing"))?;
    let Some(standing) = org.standing(token, now) else {
        return Ok(ok(&json!({ "active": false })));
    };
    let username = org.user(&standing.user).map(|user| user.text("Username"));
    let mut body = json!({
        "active": true, "scope": if standing.lasting { ALL_SCOPES } else { "api" }, "client_id": org.app.client_id,
        "username": username, "sub": format!("{}/id/{}/{}", request.origin, org.org_id(), standing.user),
        "token_type": standing.kind, "iat": standing.since.as_second(), "nbf": standing.since.as_second(),
    });
    if let (Some(until), Some(body)) = (standing.until, body.as_object_mut()) {
        body.insert("exp".to_owned(), json!(until.as_second()));
    }
    Ok(ok(&body))
}
