//! Carrying out many writes of items, chunk by chunk, and what became of each.

use serde_json::Value;
use syncline_core::item::Mirrored;
use syncline_ports::{ErrorKind, Outcome, PortError, Write, Written};

use crate::batch::{Part, PartAnswer};
use crate::client::Client;
use crate::failure::{Purpose, Refusal};

/// A write as far as it is prepared: the request to make, or what has come of it without one.
pub(crate) type Prepared = Result<Part, Outcome>;

/// How far the chunks of a call have come.
pub(crate) struct Progress {
    wanted: usize,
    outcomes: Vec<Outcome>,
    /// What is not sent at all can be sent later.
    unsent: Outcome,
}

impl Progress {
    pub(crate) fn of(wanted: usize) -> Self {
        let unsent = Outcome::Later { after: None, code: String::new() };
        Self { wanted, outcomes: Vec::with_capacity(wanted), unsent }
    }

    /// Notes what became of a chunk of so many writes; says whether to go on. An error is handed on only if
    /// nothing was tried before.
    pub(crate) fn note(&mut self, chunk: usize, step: Result<Vec<Outcome>, PortError>) -> Result<bool, PortError> {
        match step {
            Ok(outcomes) => {
                self.outcomes.extend(outcomes);
                return Ok(true);
            }
            Err(error) if error.kind == ErrorKind::Unknown => {
                self.outcomes.extend(std::iter::repeat_n(Outcome::Unknown, chunk));
            }
            Err(error) if self.outcomes.is_empty() => return Err(error),
            Err(error) => {
                let after = if let ErrorKind::Throttled { after } = error.kind { Some(after) } else { None };
                self.unsent = Outcome::Later { after, code: error.code };
            }
        }
        Ok(false)
    }

    pub(crate) fn finish(mut self) -> Vec<Outcome> {
        self.outcomes.resize(self.wanted, self.unsent);
        self.outcomes
    }
}

impl Client {
    /// Makes the requests of one chunk that there are; an outcome for each write, in order.
    pub(crate) async fn carry_out<T: Mirrored>(
        &self,
        op: &'static str,
        writes: &[Write<T>],
        prepared: Vec<Prepared>,
        written: impl Fn(&Write<T>, &Value) -> Option<Written>,
    ) -> Result<Vec<Outcome>, PortError> {
        let parts: Vec<Part> = prepared.iter().filter_map(|step| step.as_ref().ok().cloned()).collect();
        let answers = if parts.is_empty() { Vec::new() } else { self.batch(op, Purpose::Write, &parts).await? };
        let mut answers = answers.into_iter();
        let outcomes = writes.iter().zip(prepared).map(|(write, step)| match step {
            Ok(_) => answers.next().map_or(Outcome::Unknown, |answer| outcome(write, answer, &written)),
            Err(outcome) => outcome,
        });
        Ok(outcomes.collect())
    }
}

/// What became of one write; `written` says where a create or a change left the item.
fn outcome<T: Mirrored>(
    write: &Write<T>,
    answer: PartAnswer,
    written: impl Fn(&Write<T>, &Value) -> Option<Written>,
) -> Outcome {
    match (write, answer) {
        (Write::Delete { id, expected }, Ok(_)) => {
            Outcome::Done(Written { id: id.clone(), version: expected.clone(), losses: Vec::new() })
        }
        // Done, but without id and version nobody can say what: so look.
        (Write::Create { .. } | Write::Update { .. }, Ok(body)) => {
            written(write, &body).map_or(Outcome::Unknown, Outcome::Done)
        }
        (_, Err(refusal)) => refused(&refusal, Purpose::Write),
    }
}

/// What a refusal means for a write: of the write itself, or of the read that goes before it.
pub(crate) fn refused(refusal: &Refusal, purpose: Purpose) -> Outcome {
    match refusal.kind(purpose) {
        ErrorKind::Throttled { after } => Outcome::Later { after: Some(after), code: refusal.name() },
        ErrorKind::Transient | ErrorKind::AuthRevoked => Outcome::Later { after: None, code: refusal.name() },
        ErrorKind::Conflict => Outcome::Stale,
        ErrorKind::Gone => Outcome::Gone,
        ErrorKind::Forbidden | ErrorKind::Rejected | ErrorKind::CursorExpired => {
            Outcome::Rejected { code: refusal.name() }
        }
        ErrorKind::Unknown => Outcome::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use syncline_core::contact::Contact;
    use syncline_core::ids::{RemoteId, SyncKey, Version};

    use super::*;

    #[test]
    fn each_answer_to_a_write_is_an_outcome() {
        let refusal = |status, code: &str| {
            let wait = (status == 429).then_some(Duration::from_secs(3));
            Refusal::new(status, wait, &json!({"error": {"code": code}}))
        };
        let later = |after: Option<u64>, code: &str| Outcome::Later {
            after: after.map(Duration::from_secs),
            code: code.into(),
        };
        let rejected = |code: &str| Outcome::Rejected { code: code.into() };
        for (status, code, of_read, of_write) in [
            (
                429,
                "ApplicationThrottled",
                later(Some(3), "ApplicationThrottled"),
                later(Some(3), "ApplicationThrottled"),
            ),
            (
                401,
                "InvalidAuthenticationToken",
                later(None, "InvalidAuthenticationToken"),
                later(None, "InvalidAuthenticationToken"),
            ),
            (412, "ErrorIrresolvableConflict", Outcome::Stale, Outcome::Stale),
            (404, "ErrorItemNotFound", Outcome::Gone, Outcome::Gone),
            (403, "ErrorAccessDenied", rejected("ErrorAccessDenied"), rejected("ErrorAccessDenied")),
            (400, "", rejected("400"), rejected("400")),
            (503, "", later(None, "503"), Outcome::Unknown),
        ] {
            assert_eq!(refused(&refusal(status, code), Purpose::Read), of_read, "{status} {code}");
            assert_eq!(refused(&refusal(status, code), Purpose::Write), of_write, "{status} {code}");
        }
    }

    #[test]
    fn a_create_that_does_not_say_what_it_made_is_unknown_and_a_delete_has_nothing_to_say() {
        let create = Write::Create { key: SyncKey::from_text("k"), item: Contact::default() };
        let done = Written { id: RemoteId::new("c"), version: Version::new("1"), losses: Vec::new() };
        assert_eq!(outcome(&create, Ok(json!({})), |_, _| None), Outcome::Unknown);
        assert_eq!(outcome(&create, Ok(json!({})), |_, _| Some(done.clone())), Outcome::Done(done.clone()));
        let delete = Write::<Contact>::Delete { id: done.id.clone(), expected: done.version.clone() };
        assert_eq!(outcome(&delete, Ok(Value::Null), |_, _| None), Outcome::Done(done));
    }

    #[test]
    fn what_follows_a_failure_is_for_later_and_a_first_failure_is_the_calls() {
        let throttled = || PortError::new(ErrorKind::Throttled { after: Duration::from_secs(5) }, "t").code("429");
        assert!(Progress::of(3).note(2, Err(throttled())).is_err());

        let mut progress = Progress::of(4);
        assert!(progress.note(2, Ok(vec![Outcome::Stale, Outcome::Gone])).unwrap());
        assert!(!progress.note(1, Err(throttled())).unwrap());
        let later = Outcome::Later { after: Some(Duration::from_secs(5)), code: "429".into() };
        assert_eq!(progress.finish(), [Outcome::Stale, Outcome::Gone, later.clone(), later]);

        let mut progress = Progress::of(3);
        assert!(!progress.note(2, Err(PortError::new(ErrorKind::Unknown, "t"))).unwrap());
        let later = Outcome::Later { after: None, code: String::new() };
        assert_eq!(progress.finish(), [Outcome::Unknown, Outcome::Unknown, later]);
    }
}
