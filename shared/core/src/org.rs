//! Orgs and their users.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fingerprint::FingerprintKey;
use crate::ids::{OrgId, RemoteId, UserId};
use crate::policy::Policy;

/// A customer: one CRM and the people who use it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Org {
    /// Its id.
    pub id: OrgId,
    /// Its name, for people.
    pub name: String,
    /// Its own mail domains, lower case: who writes from there is a colleague, never a stranger.
    pub domains: Vec<String>,
    /// The key of this org's fingerprints.
    pub fingerprint_key: FingerprintKey,
    /// What to mirror and how.
    pub policy: Policy,
}

/// Where a mailbox lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Exchange Online, through Microsoft Graph.
    Exchange,
    /// Gmail and its neighbours.
    Gmail,
}

/// The state of a sign-in. The two of a user are shown apart (Z-02).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// It works, as far as is known.
    Connected,
    /// The credentials were refused, once: no further try until there are new ones (C-27, D-32).
    Blocked,
    /// Nobody signed in yet.
    Missing,
}

/// A person whose mailbox is kept the same as the CRM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The id.
    pub id: UserId,
    /// The org they belong to.
    pub org: OrgId,
    /// The mailbox's primary address, lower case.
    pub address: String,
    /// Where the mailbox lives.
    pub provider: Provider,
    /// The user's record in the CRM: owner of what is created there.
    pub crm_user: RemoteId,
    /// Whether sessions run at all (Z-08).
    pub enabled: bool,
    /// The mailbox's sign-in.
    pub mailbox: ConnectionState,
    /// The CRM's sign-in.
    pub crm: ConnectionState,
    /// Since when Syncline looks after this user (D-05).
    pub activated: Timestamp,
    /// When the timer next wakes this user; `None` while disabled.
    pub next_due: Option<Timestamp>,
}

impl User {
    /// Whether a session can run.
    pub fn is_ready(&self) -> bool {
        self.enabled && self.mailbox == ConnectionState::Connected && self.crm == ConnectionState::Connected
    }
}
