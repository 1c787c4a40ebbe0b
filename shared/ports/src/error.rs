//! What goes wrong at a port.

use std::error::Error;
use std::time::Duration;

/// The kinds of trouble, each with its own answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Asked too often: come back after this long.
    Throttled {
        /// What the other side asked for, or our own guess.
        after: Duration,
    },
    /// It may work the next time: a network fault, a 5xx, a lock.
    Transient,
    /// The credentials were refused for good: a person has to sign in again (D-32).
    AuthRevoked,
    /// Signed in, but not allowed.
    Forbidden,
    /// The thing asked for is not there.
    Gone,
    /// A precondition did not hold: observe and plan again.
    Conflict,
    /// The token of a delta or page is no longer known: the collection must be listed anew.
    CursorExpired,
    /// Refused for good as it stands: the same request will be refused again.
    Rejected,
    /// A write that got no answer: it may or may not have happened. Look before trying again.
    Unknown,
}

/// An error of a whole call.
///
/// `Display` gives kind and operation only; the cause is in `source`, for logs.
#[derive(Debug, thiserror::Error)]
#[error("{op}: {}", describe(.kind, .code))]
pub struct PortError {
    /// What kind of trouble.
    pub kind: ErrorKind,
    /// What was being done: a dotted name such as `graph.calendar_view`.
    pub op: &'static str,
    /// The remote's own code for it (`ErrorItemNotFound`, `UNABLE_TO_LOCK_ROW`); empty if it gave none.
    pub code: String,
    /// The cause, without content, addresses or tokens.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl PortError {
    /// An error without a cause of its own.
    pub fn new(kind: ErrorKind, op: &'static str) -> Self {
        Self { kind, op, code: String::new(), source: None }
    }

    /// The same, with the remote's own code for it.
    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = code.into();
        self
    }

    /// The same, with its cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

fn describe(kind: &ErrorKind, code: &str) -> String {
    let text = match kind {
        ErrorKind::Throttled { after } => format!("throttled for {} s", after.as_secs()),
        ErrorKind::Transient => "failed for now".to_owned(),
        ErrorKind::AuthRevoked => "the sign-in was refused; sign in again".to_owned(),
        ErrorKind::Forbidden => "not allowed".to_owned(),
        ErrorKind::Gone => "not there".to_owned(),
        ErrorKind::Conflict => "changed meanwhile".to_owned(),
        ErrorKind::CursorExpired => "the cursor expired".to_owned(),
        ErrorKind::Rejected => "refused as it stands".to_owned(),
        ErrorKind::Unknown => "no answer; it may have happened".to_owned(),
    };
    if code.is_empty() { text } else { format!("{text} ({code})") }
}
