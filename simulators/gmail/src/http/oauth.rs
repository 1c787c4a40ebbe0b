//! `POST /token` and `POST /revoke`, which answer errors in OAuth's shape, not in the API's.

use jiff::Timestamp;
use serde_json::{Value, json};
use sim_kit::{Reply, Request};

use super::JSON;
use crate::model::oauth::{ACCESS_TOKEN_SECONDS, Refused};
use crate::model::{CLIENT_ID, CLIENT_SECRET, Gmail};

/// What the seed's users consented to.
const SCOPE: &str = "https://mail.google.com/ https://www.googleapis.com/auth/calendar \
    https://www.googleapis.com/auth/contacts https://www.googleapis.com/auth/tasks";

pub(crate) fn token(model: &mut Gmail, request: &Request, now: Timestamp) -> Reply {
    let form = request.form();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if let Some(refusal) = refuse_client(request, field("client_id"), field("client_secret")) {
        return refusal;
    }
    match field("grant_type") {
        Some("refresh_token") => {
            let Some(refresh_token) = field("refresh_token") else {
                return refused(400, "invalid_request", "Missing required parameter: refresh_token");
            };
            match model.grants.refresh(refresh_token, &mut model.mint, now) {
                Ok(access_token) => granted(&access_token, None),
                Err(Refused::Revoked) => refused(400, "invalid_grant", "Token has been expired or revoked."),
                Err(Refused::Unknown) => refused(400, "invalid_grant", "Bad Request"),
            }
        }
        Some("authorization_code") => {
            let Some(code) = field("code") else {
                return refused(400, "invalid_request", "Missing required parameter: code");
            };
            if field("redirect_uri").is_none() {
                return refused(400, "invalid_request", "Missing parameter: redirect_uri");
            }
            match model.grants.exchange(code, &mut model.mint, now) {
                Ok((access_token, refresh_token)) => granted(&access_token, Some(&refresh_token)),
                Err(_) => refused(400, "invalid_grant", "Malformed auth code."),
            }
        }
        Some(other) => refused(400, "unsupported_grant_type", &format!("Invalid grant_type: {other}")),
        None => refused(400, "invalid_request", "Required parameter is missing: grant_type"),
    }
}

pub(crate) fn revoke(model: &mut Gmail, request: &Request) -> Reply {
    let form = request.form();
    let sent = form.iter().find(|(key, _)| key == "token").map(|(_, value)| value.as_str());
    match sent.or_else(|| request.param("token")) {
        Some(token) if model.grants.revoke(token) => answer(200, &json!({})),
        Some(_) => refused(400, "invalid_token", "Token expired or revoked"),
        None => refused(400, "invalid_request", "Missing required parameter: token"),
    }
}

/// What is said to a client that is not the seed's, by form or by Basic authentication.
fn refuse_client(request: &Request, id: Option<&str>, secret: Option<&str>) -> Option<Reply> {
    let basic = basic(request);
    let id = id.or(basic.as_ref().map(|(id, _)| id.as_str()));
    let secret = secret.or(basic.as_ref().map(|(_, secret)| secret.as_str()));
    let (status, error, description) = match (id, secret) {
        (Some(CLIENT_ID), Some(CLIENT_SECRET)) => return None,
        (Some(CLIENT_ID), Some(_)) => (401, "invalid_client", "Unauthorized"),
        (Some(CLIENT_ID), None) => (400, "invalid_request", "client_secret is missing."),
        (Some(_), _) => (401, "invalid_client", "The OAuth client was not found."),
        (None, _) => (400, "invalid_request", "Could not determine client ID from request."),
    };
    Some(refused(status, error, description))
}

fn basic(request: &Request) -> Option<(String, String)> {
    let (scheme, value) = request.header("authorization")?.split_once(' ')?;
    let bytes = scheme.eq_ignore_ascii_case("basic").then(|| super::decode_base64(value.trim()))??;
    let text = String::from_utf8(bytes).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

fn granted(access_token: &str, refresh_token: Option<&str>) -> Reply {
    let mut body = json!({
        "access_token": access_token,
        "expires_in": ACCESS_TOKEN_SECONDS - 1,
        "scope": SCOPE,
        "token_type": "Bearer",
    });
    if let Some(refresh_token) = refresh_token {
        body["refresh_token"] = json!(refresh_token);
    }
    answer(200, &body)
}

fn refused(status: u16, error: &str, description: &str) -> Reply {
    answer(status, &json!({ "error": error, "error_description": description }))
}

fn answer(status: u16, body: &Value) -> Reply {
    let body = serde_json::to_string_pretty(body).unwrap_or_default();
    Reply::text(status, JSON, body).header("cache-control", "no-cache, no-store, max-age=0, must-revalidate")
}
