//! What an answer that is no success means.

use std::time::Duration;

use serde_json::Value;
use syncline_ports::{ErrorKind, PortError};

/// How long to wait when Graph throttles without saying for how long.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(10);

/// The longest `Retry-After` that is waited out, once per request; a longer one, or a second one, is handed
/// back as a delay.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// What a request is for: the same answer means different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Reading by id or by query.
    Read,
    /// Following a delta query.
    List,
    /// Changing something.
    Write,
}

impl Purpose {
    /// What it means when no (usable) answer came.
    pub(crate) fn unanswered(self) -> ErrorKind {
        match self {
            Self::Read | Self::List => ErrorKind::Transient,
            Self::Write => ErrorKind::Unknown,
        }
    }
}

/// An answer that is no success, of a whole request or of a part of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    /// Graph's own code; empty if the body has none.
    pub(crate) code: String,
    pub(crate) retry_after: Option<Duration>,
    request_id: String,
}

impl Refusal {
    /// Reads Graph's error envelope; any other body only lacks a code.
    pub(crate) fn new(status: u16, retry_after: Option<Duration>, body: &Value) -> Self {
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self { status, code: text("/error/code"), retry_after, request_id: text("/error/innerError/request-id") }
    }

    /// Graph's code, or the status where it gave none.
    pub(crate) fn name(&self) -> String {
        if self.code.is_empty() { self.status.to_string() } else { self.code.clone() }
    }

    pub(crate) fn kind(&self, purpose: Purpose) -> ErrorKind {
        kind(purpose, self.status, &self.code, self.retry_after)
    }

    /// How long to wait before trying once more, if that is short enough to be waited out here: whoever
    /// throttles has done nothing yet, so this is safe for a write, too.
    pub(crate) fn short_wait(&self, purpose: Purpose) -> Option<Duration> {
        match self.kind(purpose) {
            ErrorKind::Throttled { after } if after <= PATIENCE => Some(after),
            _ => None,
        }
    }

    pub(crate) fn into_error(self, purpose: Purpose, op: &'static str) -> PortError {
        let cause = format!("status {}, request-id {}", self.status, self.request_id);
        PortError::new(self.kind(purpose), op).code(self.name()).because(cause)
    }
}

/// The one table from status and code to kind. Graph asks to branch on the code, without case; the status
/// decides where the code is none of these. A 401 gets here only after a fresh token was refused too, which
/// happens with good ones.
fn kind(purpose: Purpose, status: u16, code: &str, retry_after: Option<Duration>) -> ErrorKind {
    let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(code));
    let throttled = ErrorKind::Throttled { after: retry_after.unwrap_or(DEFAULT_RETRY_AFTER) };
    match status {
        410 if purpose == Purpose::List => ErrorKind::CursorExpired,
        _ if purpose == Purpose::List && is(&LOST_ITS_PLACE) => ErrorKind::CursorExpired,
        429 | 509 => throttled,
        _ if is(&TOO_MUCH) => throttled,
        401 => ErrorKind::Transient,
        _ if is(&NO_MAILBOX) => ErrorKind::Forbidden,
        403 => ErrorKind::Forbidden,
        _ if is(&NOT_THERE) => ErrorKind::Gone,
        404 | 410 => ErrorKind::Gone,
        412 => ErrorKind::Conflict,
        _ if is(&["ErrorIrresolvableConflict"]) => ErrorKind::Conflict,
        // Locked: nothing happened.
        423 => ErrorKind::Transient,
        // Not built, or no room: nothing happened and nothing will.
        501 | 507 => ErrorKind::Rejected,
        // It is not known whether a write that failed so was carried out; a read may say when to come again.
        503 | 504 if purpose != Purpose::Write && retry_after.is_some() => throttled,
        408 | 500.. => purpose.unanswered(),
        _ => ErrorKind::Rejected,
    }
}

/// The token of a delta or page is not known any more, whatever the status says.
const LOST_ITS_PLACE: [&str; 4] =
    ["SyncStateNotFound", "SyncStateInvalid", "ResyncRequired", "ErrorInvalidSyncStateData"];
/// Refused before anything was done, because of too much at once.
const TOO_MUCH: [&str; 3] = ["ApplicationThrottled", "TooManyRequests", "ErrorServerBusy"];
/// There is no mailbox that this service could open: none at all, or one elsewhere.
const NO_MAILBOX: [&str; 4] =
    ["MailboxNotEnabledForRESTAPI", "MailboxNotSupportedForRESTAPI", "ErrorInvalidUser", "Request_ResourceNotFound"];
const NOT_THERE: [&str; 3] = ["ErrorItemNotFound", "ErrorFolderNotFound", "ResourceNotFound"];

/// `Retry-After` in seconds; its other form, a date, is not used by Graph.
pub(crate) fn retry_after(text: &str) -> Option<Duration> {
    text.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn status_and_code_decide_the_kind() {
        use ErrorKind::{Conflict, CursorExpired, Forbidden, Gone, Rejected, Transient, Unknown};
        use Purpose::{List, Read, Write};
        let cases = [
            // Signed in, or not, or not to this.
            (Read, 401, "InvalidAuthenticationToken", Transient),
            (Write, 401, "", Transient),
            (Read, 403, "ErrorAccessDenied", Forbidden),
            (List, 403, "", Forbidden),
            (Write, 403, "ErrorAccessDenied", Forbidden),
            (Read, 404, "MailboxNotEnabledForRESTAPI", Forbidden),
            (List, 404, "mailboxnotenabledforrestapi", Forbidden),
            (List, 400, "MailboxNotSupportedForRESTAPI", Forbidden),
            (Read, 404, "ErrorInvalidUser", Forbidden),
            (Read, 404, "Request_ResourceNotFound", Forbidden),
            // Not there.
            (Read, 404, "ErrorItemNotFound", Gone),
            (Write, 404, "ErrorItemNotFound", Gone),
            (Write, 400, "errorItemNotFound", Gone),
            (List, 404, "ErrorFolderNotFound", Gone),
            (Write, 404, "ResourceNotFound", Gone),
            (Read, 404, "", Gone),
            (Read, 410, "", Gone),
            // The place in a delta is lost, by status or by code.
            (List, 410, "SyncStateNotFound", CursorExpired),
            (List, 410, "", CursorExpired),
            (List, 400, "syncStateNotFound", CursorExpired),
            (List, 404, "resyncRequired", CursorExpired),
            (List, 400, "SyncStateInvalid", CursorExpired),
            (List, 400, "errorinvalidsyncstatedata", CursorExpired),
            (Read, 400, "ErrorInvalidSyncStateData", Rejected),
            // Changed meanwhile.
            (Write, 412, "ErrorIrresolvableConflict", Conflict),
            (Write, 412, "", Conflict),
            (Write, 409, "errorIrresolvableConflict", Conflict),
            // Refused as it stands.
            (Write, 409, "ErrorFolderExists", Rejected),
            (Write, 400, "ErrorFolderExists", Rejected),
            (Write, 400, "ErrorInvalidRequest", Rejected),
            (Write, 400, "ErrorInvalidParameter", Rejected),
            (Read, 400, "ErrorInvalidIdMalformed", Rejected),
            (Read, 400, "BadRequest", Rejected),
            (Read, 400, "InefficientFilter", Rejected),
            (Read, 400, "TimeZoneNotSupportedException", Rejected),
            (Read, 400, "MaximumValueExceeded", Rejected),
            (List, 400, "ErrorInvalidUrlQuery", Rejected),
            (Write, 400, "ExtensionError", Rejected),
            (Write, 400, "ValidationError", Rejected),
            (Write, 413, "", Rejected),
            (Write, 424, "", Rejected),
            (Write, 501, "", Rejected),
            (Write, 507, "ErrorQuotaExceeded", Rejected),
            // The service's own trouble: of a write nobody knows.
            (Write, 423, "", Transient),
            (Read, 408, "", Transient),
            (Read, 500, "", Transient),
            (Read, 503, "serviceNotAvailable", Transient),
            (List, 504, "", Transient),
            (Write, 500, "ErrorInternalServerError", Unknown),
            (Write, 503, "serviceNotAvailable", Unknown),
            (Write, 504, "", Unknown),
            (Write, 408, "", Unknown),
        ];
        for (purpose, status, code, expected) in cases {
            assert_eq!(kind(purpose, status, code, None), expected, "{purpose:?} {status} {code}");
        }
    }

    #[test]
    fn throttling_says_how_long_or_takes_the_default() {
        let throttled = |seconds| ErrorKind::Throttled { after: Duration::from_secs(seconds) };
        for purpose in [Purpose::Read, Purpose::List, Purpose::Write] {
            assert_eq!(kind(purpose, 429, "", retry_after("7")), throttled(7));
            assert_eq!(kind(purpose, 429, "", retry_after("soon")), throttled(10));
            assert_eq!(kind(purpose, 429, "ApplicationThrottled", retry_after("8")), throttled(8));
            assert_eq!(kind(purpose, 429, "TooManyRequests", None), throttled(10));
            assert_eq!(kind(purpose, 503, "TooManyRequests", retry_after("9")), throttled(9));
            assert_eq!(kind(purpose, 500, "ErrorServerBusy", None), throttled(10));
            assert_eq!(kind(purpose, 509, "", None), throttled(10));
        }
        for status in [503, 504] {
            assert_eq!(kind(Purpose::Read, status, "serviceNotAvailable", retry_after("7")), throttled(7));
            assert_eq!(kind(Purpose::List, status, "", retry_after("7")), throttled(7));
            let write = kind(Purpose::Write, status, "", retry_after("7"));
            assert_eq!(write, ErrorKind::Unknown, "it may have been carried out");
        }
    }

    #[test]
    fn a_short_wait_is_waited_out_and_a_long_one_is_not() {
        let refusal = |status, seconds: &str| Refusal::new(status, retry_after(seconds), &Value::Null);
        for (refusal, purpose, expected) in [
            (refusal(429, "0"), Purpose::Write, Some(0)),
            (refusal(429, "5"), Purpose::Write, Some(5)),
            (refusal(429, "6"), Purpose::Write, None),
            (refusal(429, ""), Purpose::Read, None),
            (refusal(503, "2"), Purpose::Read, Some(2)),
            (refusal(503, "2"), Purpose::Write, None),
            (refusal(404, "2"), Purpose::Read, None),
        ] {
            assert_eq!(refusal.short_wait(purpose), expected.map(Duration::from_secs), "{refusal:?}");
        }
    }

    #[test]
    fn the_message_of_an_error_stays_out_of_it() {
        let body = json!({"error": {"code": "ErrorX", "message": "anna@northwind.example", "innerError": {"request-id": "r1"}}});
        let error = Refusal::new(400, None, &body).into_error(Purpose::Read, "graph.test");
        assert_eq!(error.code, "ErrorX");
        let shown = format!("{error} {:?}", error.source);
        assert!(shown.contains("r1") && !shown.contains("anna"), "{shown}");
    }

    #[test]
    fn an_error_without_an_envelope_goes_by_its_status() {
        assert_eq!(Refusal::new(502, None, &Value::Null).name(), "502");
    }
}
