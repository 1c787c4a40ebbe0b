//! What a refusal means: status and code to [`ErrorKind`], and to the outcome of one record.

use std::time::Duration;

use serde_json::Value;
use syncline_ports::{ErrorKind, Outcome, PortError};

/// Whether a request changes something: decides what a lost answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It only looks: asking again does no harm.
    Read,
    /// It may have happened although no answer came.
    Write,
}

impl Effect {
    /// What no answer, or half of one, means.
    pub(crate) fn unanswered(self) -> ErrorKind {
        match self {
            Self::Read => ErrorKind::Transient,
            Self::Write => ErrorKind::Unknown,
        }
    }
}

/// How long to keep off when the org's requests of the day are used up. The allowance is a rolling
/// 24 hours, so some of it comes back all the time; Salesforce itself names no time.
pub(crate) const LIMIT_PAUSE: Duration = Duration::from_mins(15);

/// Codes of refusals that time heals; nothing was changed.
const FOR_NOW: [&str; 5] = [
    "UNABLE_TO_LOCK_ROW",
    "SERVER_UNAVAILABLE",
    "QUERY_TIMEOUT",
    // Another record was to blame.
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "PROCESSING_HALTED",
];

/// What a duplicate rule says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Duplicates {
    /// The rule only warns: saving can be insisted on.
    pub(crate) may_insist: bool,
    /// The records it takes for the same.
    pub(crate) matches: Vec<String>,
}

impl Duplicates {
    /// The code of such a refusal.
    pub(crate) const CODE: &'static str = "DUPLICATES_DETECTED";

    /// Reads the refusal; Salesforce spells its key in two ways. Lines of a collection tell no records.
    pub(crate) fn read(body: &Value) -> Option<Self> {
        let error = body.get(0)?;
        if error.get("errorCode").or_else(|| error.get("statusCode"))?.as_str()? != Self::CODE {
            return None;
        }
        let result = error.get("duplicateResut").or_else(|| error.get("duplicateResult")).unwrap_or(&Value::Null);
        let list = |value: &Value, name: &str| value.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        let found = list(result, "matchResults").iter().flat_map(|it| list(it, "matchRecords")).collect::<Vec<_>>();
        let id = |found: &Value| found.get("record")?.get("Id")?.as_str().map(str::to_owned);
        Some(Self {
            may_insist: result.get("allowSave").and_then(Value::as_bool).unwrap_or_default(),
            matches: found.iter().filter_map(id).collect(),
        })
    }
}

/// Codes that say that the record itself is not there.
const NOT_THERE: [&str; 3] = ["ENTITY_IS_DELETED", "NOT_FOUND", "INVALID_CROSS_REFERENCE_KEY"];

/// The kind of a refused request, by the table in the REST API guide ("Status Codes and Error Responses").
pub(crate) fn kind_of(status: u16, code: &str, retry_after: Option<Duration>, effect: Effect) -> ErrorKind {
    match (status, code) {
        (_, "REQUEST_LIMIT_EXCEEDED") | (429, _) => ErrorKind::Throttled { after: retry_after.unwrap_or(LIMIT_PAUSE) },
        // The token was renewed a moment ago: this is their trouble, not the user's.
        (401, "") | (_, "INVALID_SESSION_ID") => ErrorKind::Transient,
        (_, "invalid_grant" | "inactive_user" | "inactive_org") => ErrorKind::AuthRevoked,
        (_, "invalid_client" | "invalid_client_id") => ErrorKind::Forbidden,
        (_, "INVALID_QUERY_LOCATOR") => ErrorKind::CursorExpired,
        (400..=499, _) if FOR_NOW.contains(&code) => ErrorKind::Transient,
        // Sent elsewhere: the org has moved, and nothing was done here. A new token names its new place.
        (301..=303 | 307 | 308 | 401, _) => ErrorKind::Transient,
        (403, _) => ErrorKind::Forbidden,
        (404, _) | (_, "ENTITY_IS_DELETED") => ErrorKind::Gone,
        (409 | 412, _) => ErrorKind::Conflict,
        (408 | 500..=599, _) => effect.unanswered(),
        _ => ErrorKind::Rejected,
    }
}

/// The error of a refused request.
pub(crate) fn refused(
    op: &'static str,
    status: u16,
    body: &Value,
    retry_after: Option<Duration>,
    effect: Effect,
) -> PortError {
    let code = code_of(body);
    if let Some(duplicates) = Duplicates::read(body) {
        let Duplicates { may_insist, matches } = duplicates;
        tracing::info!(op, may_insist, matches = matches.len(), "a duplicate rule refused");
    }
    PortError::new(kind_of(status, &code, retry_after, effect), op).code(code).because(format!("HTTP status {status}"))
}

/// The error of an answer that is not what the API promises.
pub(crate) fn garbled(op: &'static str, effect: Effect, what: &'static str) -> PortError {
    PortError::new(effect.unanswered(), op).because(what)
}

/// The first code of an error body: a list of errors from the API, an object from the token endpoint.
/// Anything that does not look like a code is dropped, for it may be content.
pub(crate) fn code_of(body: &Value) -> String {
    let code = body.get(0).and_then(|first| first.get("errorCode")).or_else(|| body.get("error"));
    clean(code.and_then(Value::as_str))
}

fn clean(code: Option<&str>) -> String {
    let looks_right = |code: &&str| code.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    code.filter(looks_right).unwrap_or_default().to_owned()
}

/// What a record's line in the answer of a collection says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RecordResult {
    /// It happened, to the record of this id.
    Done(String),
    /// It did not.
    Refused {
        /// The `statusCode` of the first error.
        code: String,
        /// The error is about these fields rather than about the record itself.
        names_fields: bool,
    },
    /// The line is missing or makes no sense.
    Garbled,
}

/// Reads one line of a collection's answer.
pub(crate) fn record_result(line: Option<&Value>) -> RecordResult {
    let Some(line) = line else { return RecordResult::Garbled };
    match (line.get("success").and_then(Value::as_bool), line.get("id").and_then(Value::as_str)) {
        (Some(true), Some(id)) => RecordResult::Done(id.to_owned()),
        (Some(false), _) => {
            let error = line.get("errors").and_then(|errors| errors.get(0));
            let code = clean(error.and_then(|error| error.get("statusCode")).and_then(Value::as_str));
            let fields = error.and_then(|error| error.get("fields")).and_then(Value::as_array);
            RecordResult::Refused { code, names_fields: fields.is_some_and(|fields| !fields.is_empty()) }
        }
        _ => RecordResult::Garbled,
    }
}

/// The outcome of a record that was refused. `exists` says that the write was about an existing record.
pub(crate) fn refused_record(code: String, names_fields: bool, exists: bool) -> Outcome {
    match code.as_str() {
        "REQUEST_LIMIT_EXCEEDED" => Outcome::Later { after: Some(LIMIT_PAUSE), code },
        // Two creates of one key met: the loser finds the winner's record by the key.
        "DUPLICATE_VALUE" if !exists => Outcome::Later { after: None, code },
        // A record whose line says so is not written, whatever broke.
        "UNKNOWN_EXCEPTION" => Outcome::Later { after: None, code },
        known if FOR_NOW.contains(&known) => Outcome::Later { after: None, code },
        known if exists && !names_fields && NOT_THERE.contains(&known) => Outcome::Gone,
        _ => Outcome::Rejected { code },
    }
}

/// The outcome of each record of a call that failed as a whole.
pub(crate) fn outcome_of(error: &PortError) -> Outcome {
    let code = error.code.clone();
    match error.kind {
        ErrorKind::Unknown => Outcome::Unknown,
        ErrorKind::Throttled { after } => Outcome::Later { after: Some(after), code },
        ErrorKind::Rejected => Outcome::Rejected { code },
        ErrorKind::Transient
        | ErrorKind::AuthRevoked
        | ErrorKind::Forbidden
        | ErrorKind::Gone
        | ErrorKind::Conflict
        | ErrorKind::CursorExpired => Outcome::Later { after: None, code },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_refusal_has_its_kind() {
        use Effect::{Read, Write};
        let limit = ErrorKind::Throttled { after: LIMIT_PAUSE };
        let cases = [
            (400, "MALFORMED_QUERY", Read, ErrorKind::Rejected),
            (400, "STRING_TOO_LONG", Write, ErrorKind::Rejected),
            (400, "INVALID_QUERY_LOCATOR", Read, ErrorKind::CursorExpired),
            (400, "UNABLE_TO_LOCK_ROW", Write, ErrorKind::Transient),
            (400, "QUERY_TIMEOUT", Read, ErrorKind::Transient),
            (400, "invalid_grant", Write, ErrorKind::AuthRevoked),
            (400, "inactive_user", Write, ErrorKind::AuthRevoked),
            (400, "invalid_client_id", Write, ErrorKind::Forbidden),
            (401, "INVALID_SESSION_ID", Read, ErrorKind::Transient),
            (401, "", Write, ErrorKind::Transient),
            (401, "invalid_client", Write, ErrorKind::Forbidden),
            (403, "REQUEST_LIMIT_EXCEEDED", Read, limit),
            (403, "API_DISABLED_FOR_ORG", Read, ErrorKind::Forbidden),
            (404, "NOT_FOUND", Read, ErrorKind::Gone),
            (404, "ENTITY_IS_DELETED", Write, ErrorKind::Gone),
            (412, "", Write, ErrorKind::Conflict),
            (414, "", Read, ErrorKind::Rejected),
            (429, "", Read, limit),
            (500, "UNKNOWN_EXCEPTION", Read, ErrorKind::Transient),
            (500, "UNKNOWN_EXCEPTION", Write, ErrorKind::Unknown),
            (503, "SERVER_UNAVAILABLE", Read, ErrorKind::Transient),
            (503, "SERVER_UNAVAILABLE", Write, ErrorKind::Unknown),
            (504, "", Write, ErrorKind::Unknown),
            (300, "", Write, ErrorKind::Rejected),
            (302, "", Write, ErrorKind::Transient),
            (308, "", Read, ErrorKind::Transient),
            (400, "PROCESSING_HALTED", Write, ErrorKind::Transient),
        ];
        for (status, code, effect, kind) in cases {
            assert_eq!(kind_of(status, code, None, effect), kind, "{status} {code} {effect:?}");
        }
        let asked = Some(Duration::from_secs(7));
        assert_eq!(kind_of(429, "", asked, Read), ErrorKind::Throttled { after: Duration::from_secs(7) });
    }

    #[test]
    fn codes_are_found_and_content_is_not_taken_for_one() {
        assert_eq!(code_of(&json!([{"message": "m", "errorCode": "NOT_FOUND"}])), "NOT_FOUND");
        assert_eq!(code_of(&json!({"error": "invalid_grant", "error_description": "d"})), "invalid_grant");
        assert_eq!(code_of(&json!({"error": "see mia@fabrikam.example"})), "");
        assert_eq!(code_of(&Value::Null), "");
    }

    #[test]
    fn a_duplicate_rule_is_understood_in_either_spelling() {
        for key in ["duplicateResut", "duplicateResult"] {
            let found = json!([{"record": {"Id": "0031"}}, {"record": {"attributes": {}}}]);
            let body = json!([{
                "errorCode": "DUPLICATES_DETECTED", "message": "m",
                key: {"allowSave": true, "matchResults": [{"matchRecords": found}]},
            }]);
            let expected = Duplicates { may_insist: true, matches: vec!["0031".into()] };
            assert_eq!(Duplicates::read(&body), Some(expected));
            assert_eq!(kind_of(400, &code_of(&body), None, Effect::Write), ErrorKind::Rejected);
        }
        let line = json!([{"statusCode": "DUPLICATES_DETECTED", "message": "m", "fields": []}]);
        assert_eq!(Duplicates::read(&line), Some(Duplicates { may_insist: false, matches: vec![] }));
        assert_eq!(Duplicates::read(&json!([{"errorCode": "DUPLICATE_VALUE"}])), None);
        assert_eq!(Duplicates::read(&Value::Null), None);
    }

    #[test]
    fn every_refused_record_has_its_outcome() {
        let later = |code: &str| Outcome::Later { after: None, code: code.into() };
        let rejected = |code: &str| Outcome::Rejected { code: code.into() };
        let cases = [
            ("UNABLE_TO_LOCK_ROW", false, true, later("UNABLE_TO_LOCK_ROW")),
            ("SERVER_UNAVAILABLE", false, false, later("SERVER_UNAVAILABLE")),
            ("ALL_OR_NONE_OPERATION_ROLLED_BACK", false, true, later("ALL_OR_NONE_OPERATION_ROLLED_BACK")),
            ("UNKNOWN_EXCEPTION", false, false, later("UNKNOWN_EXCEPTION")),
            ("STRING_TOO_LONG", true, true, rejected("STRING_TOO_LONG")),
            ("DUPLICATES_DETECTED", false, false, rejected("DUPLICATES_DETECTED")),
            ("ENTITY_IS_DELETED", false, true, Outcome::Gone),
            ("NOT_FOUND", false, true, Outcome::Gone),
            ("INVALID_CROSS_REFERENCE_KEY", false, true, Outcome::Gone),
            ("INVALID_CROSS_REFERENCE_KEY", true, true, rejected("INVALID_CROSS_REFERENCE_KEY")),
            ("INVALID_CROSS_REFERENCE_KEY", false, false, rejected("INVALID_CROSS_REFERENCE_KEY")),
            ("DUPLICATE_VALUE", true, false, later("DUPLICATE_VALUE")),
            ("FIELD_INTEGRITY_EXCEPTION", true, true, rejected("FIELD_INTEGRITY_EXCEPTION")),
            ("", false, true, rejected("")),
        ];
        for (code, names_fields, exists, outcome) in cases {
            assert_eq!(refused_record(code.into(), names_fields, exists), outcome, "{code}");
        }
        let limit = refused_record("REQUEST_LIMIT_EXCEEDED".into(), false, true);
        assert!(matches!(limit, Outcome::Later { after: Some(LIMIT_PAUSE), .. }));
    }

    #[test]
    fn a_line_that_makes_no_sense_is_no_answer() {
        for line in [None, Some(json!(null)), Some(json!({"success": true})), Some(json!({"success": "yes"}))] {
            assert_eq!(record_result(line.as_ref()), RecordResult::Garbled);
        }
        let refused = json!({"success": false, "errors": [{"statusCode": "NOT_FOUND", "message": "m", "fields": []}]});
        let expected = RecordResult::Refused { code: "NOT_FOUND".into(), names_fields: false };
        assert_eq!(record_result(Some(&refused)), expected);
        assert_eq!(record_result(Some(&json!({"success": true, "id": "00U1"}))), RecordResult::Done("00U1".into()));
    }
}
