//! What an answer that is no success means.

use std::time::Duration;

use serde_json::Value;
use syncline_ports::{ErrorKind, PortError};

/// How long to wait when Graph throttles without saying for how long.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(10);

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

    pub(crate) fn into_error(self, purpose: Purpose, op: &'static str) -> PortError {
        let cause = format!("status {}, request-id {}", self.status, self.request_id);
        PortError::new(self.kind(purpose), op).code(self.name()).because(cause)
    }
}

/// The one table from status and code to kind. Graph asks to branch on the code, without case. A 401 gets
/// here only after a fresh token was refused too, which happens with good ones.
fn kind(purpose: Purpose, status: u16, code: &str, retry_after: Option<Duration>) -> ErrorKind {
    let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(code));
    let lost_its_place =
        status == 410 || is(&["SyncStateNotFound", "SyncStateInvalid", "ResyncRequired", "ErrorInvalidSyncStateData"]);
    match status {
        _ if purpose == Purpose::List && lost_its_place => ErrorKind::CursorExpired,
        429 => ErrorKind::Throttled { after: retry_after.unwrap_or(DEFAULT_RETRY_AFTER) },
        401 => ErrorKind::Transient,
        403 => ErrorKind::Forbidden,
        404 if is(&["MailboxNotEnabledForRESTAPI", "ErrorInvalidUser"]) => ErrorKind::Forbidden,
        404 | 410 => ErrorKind::Gone,
        412 => ErrorKind::Conflict,
        409 if is(&["ErrorIrresolvableConflict"]) => ErrorKind::Conflict,
        408 | 500.. => purpose.unanswered(),
        _ => ErrorKind::Rejected,
    }
}

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
            (Read, 401, "InvalidAuthenticationToken", Transient),
            (Read, 403, "ErrorAccessDenied", Forbidden),
            (Read, 404, "MailboxNotEnabledForRESTAPI", Forbidden),
            (Read, 404, "ErrorInvalidUser", Forbidden),
            (Read, 404, "ErrorItemNotFound", Gone),
            (Write, 404, "ErrorItemNotFound", Gone),
            (Read, 410, "", Gone),
            (List, 410, "SyncStateNotFound", CursorExpired),
            (List, 410, "", CursorExpired),
            (List, 400, "syncStateNotFound", CursorExpired),
            (List, 404, "resyncRequired", CursorExpired),
            (List, 400, "ErrorInvalidUrlQuery", Rejected),
            (Write, 412, "ErrorIrresolvableConflict", Conflict),
            (Write, 409, "errorIrresolvableConflict", Conflict),
            (Write, 409, "ErrorFolderExists", Rejected),
            (Write, 400, "ErrorInvalidRequest", Rejected),
            (Read, 503, "serviceNotAvailable", Transient),
            (List, 504, "", Transient),
            (Write, 503, "serviceNotAvailable", Unknown),
            (Write, 504, "", Unknown),
            (Read, 408, "", Transient),
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
