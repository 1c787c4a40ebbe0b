//! What stops the engine.

use syncline_core::ids::{OrgId, UserId};
use syncline_core::item::Side;
use syncline_ports::{ErrorKind, PortError};

/// Why a job could not be done. `Display` shows no content.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Our own state, queue or secrets: the job must come again.
    #[error("own state: {0}")]
    State(#[source] PortError),
    /// One of the two sides.
    #[error("{}: {source}", .side.name())]
    Side {
        /// Which.
        side: Side,
        /// What.
        #[source]
        source: PortError,
    },
    /// A job names somebody who is not there (any more).
    #[error("there is no user {0}")]
    UnknownUser(UserId),
    /// A job or user names an org that is not there (any more).
    #[error("there is no org {0}")]
    UnknownOrg(OrgId),
    /// The plan lost something that was observed; the cursor must not move.
    #[error("the plan accounts for all but {0} of the items observed")]
    Unaccounted(usize),
    /// What was to be kept cannot be written down.
    #[error("a value cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

impl EngineError {
    pub(crate) fn at(side: Side) -> impl FnOnce(PortError) -> Self {
        move |source| Self::Side { side, source }
    }

    /// Whether a side refused the user's sign-in.
    pub(crate) fn is_refused_sign_in(&self) -> bool {
        matches!(self, Self::Side { source, .. } if source.kind == ErrorKind::AuthRevoked)
    }

    /// Whether the same job must come again. What our own state refuses is no answer either: where it
    /// keeps refusing, the job ends in the dead-letter queue, and somebody is told.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::State(_) | Self::Unaccounted(_) => true,
            Self::Side { source, .. } => match source.kind {
                ErrorKind::Throttled { .. } | ErrorKind::Transient | ErrorKind::Conflict | ErrorKind::Unknown => true,
                ErrorKind::AuthRevoked
                | ErrorKind::Forbidden
                | ErrorKind::Gone
                | ErrorKind::CursorExpired
                | ErrorKind::Rejected => false,
            },
            Self::UnknownUser(_) | Self::UnknownOrg(_) | Self::Json(_) => false,
        }
    }
}

impl From<PortError> for EngineError {
    /// A port error without a side is one of our own state's.
    fn from(source: PortError) -> Self {
        Self::State(source)
    }
}
