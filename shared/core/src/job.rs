//! What is put on a queue. A job names who and what kind, never a change: the worker looks at the world
//! afresh, so a lost, doubled or late job does no harm.

use serde::{Deserialize, Serialize};

use crate::ids::{OrgId, UserId};

/// What runs for a user, one at a time each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Events, tasks and contacts, both ways.
    Mirror,
    /// E-mail into the CRM.
    Ingest,
}

impl Stream {
    /// Its name in rows, reports and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mirror => "mirror",
            Self::Ingest => "ingest",
        }
    }
}

/// Why a session runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The interval has passed.
    Timer,
    /// A notification came (insta-sync).
    Webhook,
    /// A person asked for it (Z-07).
    Forced,
    /// An earlier session stopped before its deadline, or was asked for more while it ran.
    FollowUp,
}

impl Trigger {
    /// Its name in rows, reports and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Timer => "timer",
            Self::Webhook => "webhook",
            Self::Forced => "forced",
            Self::FollowUp => "follow_up",
        }
    }
}

/// One message on a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum Job {
    /// A session of a user's stream.
    Session {
        /// Whose.
        user: UserId,
        /// Which.
        stream: Stream,
        /// Why.
        trigger: Trigger,
    },
    /// The strangers of one domain, for whom records wait.
    Resolve {
        /// Whose CRM.
        org: OrgId,
        /// The strangers' mail domain, lower case.
        domain: String,
    },
}

impl Job {
    /// The FIFO group: one creator per org and domain at a time (D-31). Session jobs have none.
    pub fn group(&self) -> Option<String> {
        match self {
            Self::Session { .. } => None,
            Self::Resolve { org, domain } => Some(format!("{org}|{domain}")),
        }
    }
}
