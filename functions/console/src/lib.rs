//! The console function: what Syncline does, shown to administrators, and the few things they decide.
//!
//! Entry point: [`handle`]. Pages: `/` and `/users/{id}`. API: `GET /api/users`, `GET /api/users/{id}`,
//! `POST /api/users/{id}/sync` (Z-07) and `POST /api/users/{id}/held-deletes` (D-11).
//!
//! # Invariants
//! - Without the token nobody learns anything, not even which paths there are.
//! - A change by cookie comes from our own page: `SameSite=Strict`, and the browser's own word for it.
//! - No script runs, nothing is loaded from elsewhere, nothing is kept in a cache.
//! - Items are shown by id and reason, never by content.

mod api;
mod gate;
mod pages;
mod place;
mod reply;
mod style;

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use serde::Deserialize;
use syncline_core::ids::UserId;
use syncline_engine::{EngineError, admin};
use syncline_runtime::{House, telemetry};
use url::form_urlencoded;

use crate::gate::Credential;
use crate::place::{Place, Route, What};

/// The longest body that is read, bytes.
pub const BODY_LIMIT: usize = 8 * 1024;

/// Answers a request.
pub async fn handle(house: &House, request: &Request) -> Response<Body> {
    let place = place::of(request.uri().path());
    let api = matches!(place, Place::Api(_)) || request.uri().path().starts_with("/api/");
    let credential = gate::credential(&house.console, request.headers());
    if place == Place::Login && request.method() == "POST" {
        return log_in(house, request);
    }
    if credential == Credential::None {
        return if api {
            reply::problem(StatusCode::UNAUTHORIZED, "a bearer token is needed")
        } else {
            reply::page(StatusCode::UNAUTHORIZED, pages::login(false))
        };
    }
    let route = match place::route(place, request.method()) {
        Ok(route) => route,
        Err(place::Miss::Unknown) => return not_found(api),
        Err(place::Miss::Method(allowed)) => return reply::method_not_allowed(allowed),
    };
    if route.changes() && credential == Credential::Cookie && !gate::is_from_our_page(request) {
        return reply::problem(StatusCode::FORBIDDEN, "the request comes from another site");
    }
    if request.body().len() > BODY_LIMIT {
        return reply::problem(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long");
    }
    match answer(house, request, route).await {
        Ok(response) => response,
        Err(EngineError::UnknownUser(_)) => not_found(api),
        Err(error) => {
            tracing::error!(error = telemetry::chain(&error), "console.failed");
            let status =
                if error.is_retryable() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::INTERNAL_SERVER_ERROR };
            let text = "Syncline cannot answer now; the log says why";
            if api {
                reply::problem(status, text)
            } else {
                reply::page(status, pages::message("Something went wrong", text))
            }
        }
    }
}

async fn answer(house: &House, request: &Request, route: Route) -> Result<Response<Body>, EngineError> {
    let ports = &house.ports;
    let now = ports.clock.now();
    Ok(match route {
        Route::Home => reply::redirect("/"),
        Route::LogOut => reply::log_out(&house.console),
        Route::Page(What::Users) => {
            let users = admin::users(ports).await?;
            reply::page(StatusCode::OK, pages::users(&users, now))
        }
        Route::Page(What::User(id)) => {
            let user = admin::user(ports, &id).await?;
            reply::page(StatusCode::OK, pages::user(&user, now))
        }
        Route::Page(What::Sync(id)) => {
            admin::force(ports, &id).await?;
            reply::redirect(&place::page_of(&id))
        }
        Route::Page(What::HeldDeletes(id)) => match form_decision(request.body()) {
            Some(decision) => {
                admin::decide_deletes(ports, &id, decision == Decision::Allow).await?;
                reply::redirect(&place::page_of(&id))
            }
            None => reply::problem(StatusCode::BAD_REQUEST, DECISION_WANTED),
        },
        Route::Api(What::Users) => reply::json(StatusCode::OK, &api::users(&admin::users(ports).await?)),
        Route::Api(What::User(id)) => reply::json(StatusCode::OK, &api::user(&admin::user(ports, &id).await?)),
        Route::Api(What::Sync(id)) => {
            let jobs = admin::force(ports, &id).await?;
            reply::json(StatusCode::ACCEPTED, &serde_json::json!({ "jobs": jobs }))
        }
        Route::Api(What::HeldDeletes(id)) => match json_decision(request.body()) {
            Some(decision) => api_decide(house, &id, decision).await?,
            None => reply::problem(StatusCode::BAD_REQUEST, DECISION_WANTED),
        },
    })
}

async fn api_decide(house: &House, id: &UserId, decision: Decision) -> Result<Response<Body>, EngineError> {
    let items = admin::decide_deletes(&house.ports, id, decision == Decision::Allow).await?;
    Ok(reply::json(StatusCode::ACCEPTED, &serde_json::json!({ "items": items })))
}

fn log_in(house: &House, request: &Request) -> Response<Body> {
    let body: &[u8] = request.body();
    if body.len() > BODY_LIMIT || !gate::is_from_our_page(request) {
        return reply::page(StatusCode::FORBIDDEN, pages::login(true));
    }
    let token = form_field(body, "token").unwrap_or_default();
    let token = token.trim();
    if house.console.admits(token) {
        reply::log_in(&house.console, token)
    } else {
        reply::page(StatusCode::UNAUTHORIZED, pages::login(true))
    }
}

const DECISION_WANTED: &str = "decision must be allow or deny";

/// What becomes of held deletes (D-11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Decision {
    Allow,
    Deny,
}

fn json_decision(body: &[u8]) -> Option<Decision> {
    #[derive(Deserialize)]
    struct Asked {
        decision: Decision,
    }
    let asked: Asked = serde_json::from_slice(body).ok()?;
    Some(asked.decision)
}

fn form_decision(body: &[u8]) -> Option<Decision> {
    match form_field(body, "decision")?.as_str() {
        "allow" => Some(Decision::Allow),
        "deny" => Some(Decision::Deny),
        _ => None,
    }
}

fn form_field(body: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(body).find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

fn not_found(api: bool) -> Response<Body> {
    if api {
        reply::problem(StatusCode::NOT_FOUND, "there is nothing here")
    } else {
        let text = "There is no such page or user.";
        reply::page(StatusCode::NOT_FOUND, pages::message("Nothing here", text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d11_a_decision_is_allow_or_deny_and_nothing_else() {
        for (json, form, decision) in [
            (r#"{"decision":"allow"}"#, "decision=allow", Some(Decision::Allow)),
            (r#"{"decision":"deny"}"#, "decision=deny", Some(Decision::Deny)),
            (r#"{"decision":"Allow"}"#, "decision=Allow", None),
            (r#"{"decision":true}"#, "decision=", None),
            ("{}", "", None),
            ("", "other=allow", None),
        ] {
            assert_eq!(json_decision(json.as_bytes()), decision, "{json}");
            assert_eq!(form_decision(form.as_bytes()), decision, "{form}");
        }
    }
}
