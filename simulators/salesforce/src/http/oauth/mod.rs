//! OAuth: how tokens are got and given back, and who one is.

mod authorize;
mod identity;
mod introspect;
mod token;

use jiff::Timestamp;
use serde_json::json;
use sim_kit::{Reply, Request};

use crate::model::refusal::Refusal;
use crate::model::{Denial, Salesforce};

use super::{not_allowed, refused, with_body};

pub(super) use identity::identity;
pub(super) use token::is_shared_host;

/// Answers below `/services/oauth2`.
pub(super) fn answer(org: &mut Salesforce, request: &Request, endpoint: &str, now: Timestamp) -> Reply {
    match (request.method.as_str(), endpoint) {
        ("POST", "token") => token::grant(org, request, now).unwrap_or_else(denied),
        (_, "token") => denied(Denial("invalid_request", "must use HTTP POST")),
        ("POST" | "GET", "revoke") => revoke(org, request),
        ("GET" | "POST" | "HEAD", "authorize") => authorize::authorize(org, request, now),
        ("GET" | "POST" | "HEAD", "userinfo") => identity::userinfo(org, request, now),
        ("POST", "introspect") => introspect::introspect(org, request, now).unwrap_or_else(denied),
        (_, "introspect") => refused(&[not_allowed(&request.method, "POST")]),
        (_, "revoke") => refused(&[not_allowed(&request.method, "GET,POST")]),
        (_, "authorize" | "userinfo") => refused(&[not_allowed(&request.method, "HEAD,GET,POST")]),
        _ => refused(&[Refusal::not_found()]),
    }
}

fn revoke(org: &mut Salesforce, request: &Request) -> Reply {
    match Form::of(request).value("token") {
        Some(token) if org.revoke(token) => Reply::empty(200),
        Some(_) => denied(Denial("invalid_token", "invalid token")),
        None => denied(Denial("invalid_request", "token parameter is missing")),
    }
}

/// The parameters of a form, and those of the query where they are there instead.
struct Form(Vec<(String, String)>);

impl Form {
    fn of(request: &Request) -> Self {
        Self(request.form().into_iter().chain(request.query.iter().cloned()).collect())
    }

    fn value(&self, name: &str) -> Option<&str> {
        let held = self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        held.filter(|value| !value.is_empty())
    }
}

fn denied(Denial(error, description): Denial) -> Reply {
    with_body(400, &json!({ "error": error, "error_description": description })).header("cache-control", "no-store")
}
