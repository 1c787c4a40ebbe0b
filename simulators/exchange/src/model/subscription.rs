//! Change notifications that somebody asked for.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ChangeKind;
use super::ids::Kind;

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

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    /// Who made it: a user by position, or the application.
    pub(crate) owner: Option<usize>,
    pub(crate) mailbox: usize,
    /// As it was asked for.
    pub(crate) resource: String,
    pub(crate) kind: Kind,
    /// Only this folder; anywhere if `None`.
    pub(crate) scope: Option<u64>,
    pub(crate) filter: Option<String>,
    /// With a filter: the items that matched it last.
    pub(crate) matching: BTreeSet<u64>,
    pub(crate) change_type: String,
    pub(crate) notification_url: String,
    pub(crate) lifecycle_url: Option<String>,
    pub(crate) client_state: Option<String>,
    pub(crate) expires: Timestamp,
    /// Whether notifications name immutable ids.
    pub(crate) immutable: bool,
}

impl Subscription {
    pub(crate) fn wants(&self, what: ChangeKind) -> bool {
        self.change_type.split(',').any(|name| name.trim().eq_ignore_ascii_case(what.name()))
    }
}
