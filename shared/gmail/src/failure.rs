//! What Google's refusals mean.

use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::RETRY_AFTER;
use serde_json::Value;
use syncline_ports::{ErrorKind, PortError};

/// How long to wait when Google does not say how long.
const DEFAULT_WAIT: Duration = Duration::from_secs(10);

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Reads the answer to its end, whatever it is, so that the connection can be used again.
    pub(crate) async fn read(response: reqwest::Response) -> Result<Self, reqwest::Error> {
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.map(ToOwned::to_owned);
        Ok(Self { status, retry_after, body: response.bytes().await? })
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// A request that got no whole answer. We only read, so nothing can have happened.
pub(crate) fn lost(op: &'static str, cause: reqwest::Error) -> PortError {
    // The URL holds the user's address.
    PortError::new(ErrorKind::Transient, op).because(cause.without_url())
}

/// A 200 whose body is not what was asked for: a proxy's page, a cut answer.
pub(crate) fn garbled(op: &'static str) -> PortError {
    PortError::new(ErrorKind::Transient, op).code("unexpectedAnswer")
}

/// What an answer that is no success means.
/// <https://developers.google.com/workspace/gmail/api/guides/handle-errors>, RFC 6749 section 5.2.
pub(crate) fn failure(op: &'static str, answer: &Answer, now: Timestamp) -> PortError {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let error = &body["error"];
    let code = code(error);
    let throttled = || ErrorKind::Throttled { after: wait(answer.retry_after.as_deref(), error, now) };
    let kind = match (answer.status, code) {
        (400, "invalid_grant") => ErrorKind::AuthRevoked,
        // Our own registration is at fault: no user can sign in to mend that.
        (401, "invalid_client" | "unauthorized_client") => ErrorKind::Rejected,
        (403, "rateLimitExceeded" | "userRateLimitExceeded") | (429, _) => throttled(),
        (403, _) => ErrorKind::Forbidden,
        (404 | 410, _) => ErrorKind::Gone,
        (409 | 412, _) => ErrorKind::Conflict,
        // A 401 comes here only if a new token was refused too, which passes.
        (401 | 408 | 500.., _) => ErrorKind::Transient,
        _ => ErrorKind::Rejected,
    };
    let code = if code.is_empty() { answer.status.to_string() } else { code.to_owned() };
    PortError::new(kind, op).code(code)
}

/// The reason, in whichever of its places it stands.
fn code(error: &Value) -> &str {
    let places = [error, &error["errors"][0]["reason"], &error["details"][0]["reason"], &error["status"]];
    places.into_iter().find_map(Value::as_str).unwrap_or_default()
}

/// `Retry-After` in seconds or as a date, or the instant in "... Retry after 2031-03-03T09:00:00Z".
fn wait(retry_after: Option<&str>, error: &Value, now: Timestamp) -> Duration {
    let header = retry_after.unwrap_or_default().trim();
    if let Ok(seconds) = header.parse() {
        return Duration::from_secs(seconds);
    }
    let date = jiff::fmt::rfc2822::parse(header).ok().map(|date| date.timestamp());
    let message = error["message"].as_str().and_then(|message| message.rsplit_once("Retry after "));
    let instant = date.or_else(|| message.and_then(|(_, instant)| instant.trim().parse().ok()));
    let left = instant.map(|instant: Timestamp| instant.duration_since(now));
    left.filter(SignedDuration::is_positive).and_then(|left| left.try_into().ok()).unwrap_or(DEFAULT_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(reason: &str) -> String {
        format!(
            r#"{{"error":{{"code":1,"message":"m","errors":[{{"domain":"global","reason":"{reason}"}}],"status":"S"}}}}"#
        )
    }

    #[test]
    fn d32_each_refusal_has_its_kind() {
        use ErrorKind::{AuthRevoked, Conflict, Forbidden, Gone, Rejected, Transient};
        let throttled = ErrorKind::Throttled { after: DEFAULT_WAIT };
        let oauth = |error: &str| format!(r#"{{"error":"{error}","error_description":"Bad Request"}}"#);
        for (status, body, kind, code) in [
            (400, oauth("invalid_grant"), AuthRevoked, "invalid_grant"),
            (400, oauth("invalid_scope"), Rejected, "invalid_scope"),
            (401, oauth("invalid_client"), Rejected, "invalid_client"),
            (401, oauth("unauthorized_client"), Rejected, "unauthorized_client"),
            (401, reason("authError"), Transient, "authError"),
            (400, reason("invalidArgument"), Rejected, "invalidArgument"),
            (403, reason("rateLimitExceeded"), throttled, "rateLimitExceeded"),
            (403, reason("userRateLimitExceeded"), throttled, "userRateLimitExceeded"),
            (403, reason("insufficientPermissions"), Forbidden, "insufficientPermissions"),
            (403, reason("dailyLimitExceeded"), Forbidden, "dailyLimitExceeded"),
            (403, r#"{"error":{"details":[{"reason":"SERVICE_DISABLED"}]}}"#.into(), Forbidden, "SERVICE_DISABLED"),
            (403, r#"{"error":{"status":"PERMISSION_DENIED"}}"#.into(), Forbidden, "PERMISSION_DENIED"),
            (404, reason("notFound"), Gone, "notFound"),
            (409, reason("aborted"), Conflict, "aborted"),
            (412, String::new(), Conflict, "412"),
            (429, reason("rateLimitExceeded"), throttled, "rateLimitExceeded"),
            (429, String::new(), throttled, "429"),
            (302, String::new(), Rejected, "302"),
            (408, String::new(), Transient, "408"),
            (500, reason("backendError"), Transient, "backendError"),
            (502, "<html>Bad Gateway".into(), Transient, "502"),
        ] {
            let answer = Answer { status, retry_after: None, body: body.into() };
            let error = failure("op", &answer, Timestamp::UNIX_EPOCH);
            assert_eq!((error.kind, error.code.as_str()), (kind, code), "{status}");
        }
    }

    #[test]
    fn the_wait_is_what_google_asks_for() {
        let now = "2031-03-03T09:00:00Z".parse().unwrap();
        let said = serde_json::json!({ "message": "User-rate limit exceeded.  Retry after 2031-03-03T09:02:00.000Z" });
        let silent = Value::Null;
        for (header, error, seconds) in [
            (Some("7"), &said, 7),
            (Some("Mon, 03 Mar 2031 09:00:30 GMT"), &silent, 30),
            (Some("Mon, 03 Mar 2031 08:00:30 GMT"), &silent, 10),
            (Some("soon"), &silent, 10),
            (None, &said, 120),
            (None, &silent, 10),
        ] {
            assert_eq!(wait(header, error, now).as_secs(), seconds, "{header:?}");
        }
    }
}
