//! The webhook function. Takes Graph's notifications, believes those that bring the secret of their
//! subscription, and has the engine send a job where none is queued.
//!
//! Entry point: [`handle`]. `POST /graph` takes notifications and `POST /graph/lifecycle` what becomes of
//! subscriptions; both answer the validation handshake.
//!
//! # Invariants
//! - Nothing is looked up, let alone sent, for a notification without its secret.
//! - A notification is a hint: no content is taken from it.
//! - Neither secrets nor validation tokens are logged; the token goes back as plain text only.

mod notices;

use lambda_http::http::{Method, StatusCode, header};
use lambda_http::{Body, Request, Response};
use syncline_engine::notify;
use syncline_runtime::{House, telemetry};
use url::form_urlencoded;

/// The longest body that is read, bytes. Graph's batches stay far below it.
pub const BODY_LIMIT: usize = 512 * 1024;
/// The longest validation token that is sent back, bytes.
pub const TOKEN_LIMIT: usize = 4 * 1024;

/// Answers a request.
pub async fn handle(house: &House, request: &Request) -> Response<Body> {
    let known = matches!(request.uri().path(), "/graph" | "/graph/lifecycle");
    if !known || request.method() != Method::POST {
        return plain(StatusCode::NOT_FOUND, String::new());
    }
    if let Some(token) = validation_token(request) {
        // Section "notificationUrl validation" of the Graph documentation: the decoded token, as text.
        return if token.len() > TOKEN_LIMIT {
            plain(StatusCode::BAD_REQUEST, String::new())
        } else {
            plain(StatusCode::OK, token)
        };
    }
    let body: &[u8] = request.body();
    if body.len() > BODY_LIMIT {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, String::new());
    }
    let Some(notices) = notices::read(body) else {
        return plain(StatusCode::BAD_REQUEST, String::new());
    };
    let posted = notices.complete.len() + notices.incomplete;
    let status = match notify::receive(&house.ports, &notices.complete).await {
        Ok(received) => {
            tracing::info!(posted, accepted = received.accepted, jobs = received.jobs, "webhook.received");
            if received.accepted > 0 || posted == 0 { StatusCode::ACCEPTED } else { StatusCode::UNAUTHORIZED }
        }
        Err(error) => {
            // Graph posts it again.
            tracing::error!(posted, error = telemetry::chain(&error), "webhook.failed");
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    plain(status, String::new())
}

fn validation_token(request: &Request) -> Option<String> {
    let query = request.uri().query()?;
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "validationToken")
        .map(|(_, token)| token.into_owned())
}

fn plain(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let text = header::HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, text);
    let nosniff = header::HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    response
}
