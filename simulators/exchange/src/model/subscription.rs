//! Change notifications that somebody asked for.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::ChangeKind;
use super::ids::Kind;

/// So long before its end a subscription asks to be authorized again.
const REMINDER: SignedDuration = SignedDuration::from_mins(15);

/// What Graph tells about a subscription itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifecycleEvent {
    /// Notifications were lost.
    Missed,
    /// The subscription is gone.
    SubscriptionRemoved,
    /// The subscription must be renewed or reauthorized soon.
    ReauthorizationRequired,
}

impl LifecycleEvent {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Missed => "missed",
            Self::SubscriptionRemoved => "subscriptionRemoved",
            Self::ReauthorizationRequired => "reauthorizationRequired",
        }
    }
}

/// For notifications that bring the item along: whose key it is sealed with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sealing {
    /// X.509, in base64.
    pub(crate) certificate: String,
    pub(crate) certificate_id: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    /// Who made it: a user by position, or the application.
    pub(crate) owner: Option<usize>,
    pub(crate) mailbox: usize,
    /// As it was asked for.
    pub(crate) resource: String,
    pub(crate) kind: Kind,
    /// Only this container; anywhere if `None`.
    pub(crate) scope: Option<u64>,
    pub(crate) filter: Option<String>,
    /// What the item that is brought along shows.
    #[serde(default)]
    pub(crate) select: Option<Vec<String>>,
    /// With a filter: the items that matched it last.
    pub(crate) matching: BTreeSet<u64>,
    pub(crate) change_type: String,
    pub(crate) notification_url: String,
    pub(crate) lifecycle_url: Option<String>,
    pub(crate) client_state: Option<String>,
    #[serde(default = "usual_tls")]
    pub(crate) tls: String,
    #[serde(default)]
    pub(crate) sealing: Option<Sealing>,
    pub(crate) expires: Timestamp,
    /// When the token ends that it was made or authorized with; never for one that does not.
    #[serde(default)]
    pub(crate) authorized_until: Option<Timestamp>,
    /// The end that it has reminded of.
    #[serde(default)]
    pub(crate) reminded_of: Option<Timestamp>,
    /// The user's sessions were revoked: it goes, and says so.
    #[serde(default)]
    pub(crate) revoked: bool,
    /// Whether notifications name immutable ids.
    pub(crate) immutable: bool,
}

/// What endpoints speak unless something else was said.
pub(crate) fn usual_tls() -> String {
    "v1_2".to_owned()
}

impl Subscription {
    pub(crate) fn wants(&self, what: ChangeKind) -> bool {
        self.change_type.split(',').any(|name| name.trim().eq_ignore_ascii_case(what.name()))
    }

    /// Whether it is time to ask for a renewal or authorization; asks once for each end.
    pub(crate) fn reminds(&mut self, now: Timestamp) -> bool {
        let end = self.authorized_until.map_or(self.expires, |until| until.min(self.expires));
        let due = end.duration_since(now) <= REMINDER && self.reminded_of != Some(end);
        if due {
            self.reminded_of = Some(end);
        }
        due
    }
}
