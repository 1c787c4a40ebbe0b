//! How Google says no.

use serde_json::{Value, json};
use sim_kit::Reply;

use super::JSON;
use crate::model::Refusal;

/// An error of the API, in Google's envelope.
#[derive(Clone, Debug)]
pub(crate) struct ApiError(Box<Envelope>);

#[derive(Clone, Debug)]
struct Envelope {
    status: u16,
    /// The canonical code's name.
    code: &'static str,
    /// `errors[0].reason`.
    reason: &'static str,
    message: String,
    /// `errors[0].message`, where it differs.
    short: Option<&'static str>,
    details: Option<Value>,
    /// For what the Authorization header lacks.
    challenge: Option<&'static str>,
}

impl ApiError {
    fn new(status: u16, code: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Envelope { status, code, reason, message, short: None, details: None, challenge: None }))
    }

    fn detailed(mut self, details: Value) -> Self {
        self.0.details = Some(details);
        self
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "INVALID_ARGUMENT", "invalidArgument", message)
    }

    /// A parameter or field that is not of its type; `field` in the wire's snake case.
    pub(crate) fn wrong_type(field: &str, kind: &str, value: &Value) -> Self {
        let message = format!("Invalid value at '{field}' ({kind}), {value}");
        let details = json!([{
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{ "field": field, "description": message }],
        }]);
        Self::new(400, "INVALID_ARGUMENT", "invalid", message).detailed(details)
    }

    /// A JSON field that the method does not know.
    pub(crate) fn unknown_field(name: &str) -> Self {
        let message = format!("Invalid JSON payload received. Unknown name \"{name}\": Cannot find field.");
        let details = json!([{
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{ "description": message }],
        }]);
        Self::new(400, "INVALID_ARGUMENT", "invalid", message).detailed(details)
    }

    pub(crate) fn not_json() -> Self {
        Self::new(400, "INVALID_ARGUMENT", "parseError", "Invalid JSON payload received. Unexpected token.")
    }

    /// A `fields` selection that names nothing.
    pub(crate) fn fields(path: &str) -> Self {
        let description = format!("Error expanding 'fields' parameter. Cannot find matching fields for path '{path}'.");
        let details = json!([{
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{ "field": path, "description": description }],
        }]);
        Self::bad_request("Request contains an invalid argument.").detailed(details)
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "INVALID_ARGUMENT", "badRequest", message)
    }

    /// Someone else's mailbox.
    pub(crate) fn delegation_denied(address: &str) -> Self {
        Self::new(403, "PERMISSION_DENIED", "forbidden", format!("Delegation denied for {address}"))
    }

    /// A token that is none, or no longer.
    pub(crate) fn unauthenticated() -> Self {
        let mut error = Self::new(401, "UNAUTHENTICATED", "authError", "Invalid Credentials");
        error.0.challenge = Some("Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"");
        error
    }

    /// No token at all.
    pub(crate) fn login_required() -> Self {
        let mut error = Self::new(
            401,
            "UNAUTHENTICATED",
            "required",
            "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie \
             or other valid authentication credential. See \
             https://developers.google.com/identity/sign-in/web/devconsole-project.",
        );
        error.0.short = Some("Login Required.");
        error.0.challenge = Some("Bearer realm=\"https://accounts.google.com/\"");
        error.detailed(json!([{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "CREDENTIALS_MISSING",
            "domain": "googleapis.com",
            "metadata": { "service": "gmail.googleapis.com" },
        }]))
    }

    /// The status of a failure that is not the caller's fault, or any other on order.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            400 => Self::bad_request("Bad Request"),
            401 => Self::unauthenticated(),
            403 => Self::new(403, "PERMISSION_DENIED", "rateLimitExceeded", "Rate Limit Exceeded"),
            404 => Refusal::NotFound.into(),
            429 => Self::new(
                429,
                "RESOURCE_EXHAUSTED",
                "rateLimitExceeded",
                "Resource has been exhausted (e.g. check quota).",
            ),
            502 => Self::new(502, "UNAVAILABLE", "backendError", "Bad Gateway"),
            503 => Self::new(503, "UNAVAILABLE", "backendError", "The service is currently unavailable."),
            504 => {
                Self::new(504, "DEADLINE_EXCEEDED", "backendError", "Deadline expired before operation could complete.")
            }
            _ => Self::new(status, "INTERNAL", "backendError", "Internal error encountered."),
        }
    }

    /// The answer.
    pub(crate) fn reply(&self) -> Reply {
        let Envelope { status, code, reason, message, short, details, challenge } = &*self.0;
        let mut first = json!({ "message": short.unwrap_or(message), "domain": "global", "reason": reason });
        if challenge.is_some() {
            first["locationType"] = json!("header");
            first["location"] = json!("Authorization");
        }
        let mut error = json!({ "code": status, "message": message, "errors": [first], "status": code });
        if let Some(details) = details {
            error["details"] = details.clone();
        }
        let body = serde_json::to_string_pretty(&json!({ "error": error })).unwrap_or_default();
        let reply = Reply::text(*status, JSON, body + "\n");
        match challenge {
            Some(challenge) => reply.header("www-authenticate", challenge),
            None => reply,
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::new(404, "NOT_FOUND", "notFound", "Requested entity was not found."),
            Refusal::Invalid(message) => Self::invalid(message),
            Refusal::LabelExists => Self::new(409, "ABORTED", "aborted", "Label name exists or conflicts"),
        }
    }
}

/// What Google's front end says to a path that no service behind it knows.
pub(crate) fn unknown_path(path: &str) -> Reply {
    let escaped = path.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let page = format!(
        "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  <title>Error 404 (Not Found)!!1</title>\n  \
         <p><b>404.</b> <ins>That’s an error.</ins>\n  <p>The requested URL <code>{escaped}</code> was not found \
         on this server.  <ins>That’s all we know.</ins>\n"
    );
    Reply::text(404, "text/html; charset=UTF-8", page)
}
