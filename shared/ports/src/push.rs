//! Being told of changes.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use syncline_core::ids::{RemoteId, SubscriptionId};

use crate::error::PortError;

/// Subscriptions to a mailbox's changes.
#[async_trait]
pub trait Push: Send + Sync {
    /// Asks to be told. The remote checks the address first, during this call.
    async fn subscribe(&self, request: &PushRequest) -> Result<Pushed, PortError>;

    /// Makes a subscription to such a resource last longer; [`ErrorKind::Gone`](crate::ErrorKind::Gone) if
    /// it lapsed.
    async fn renew(&self, id: &SubscriptionId, resource: PushResource, until: Timestamp) -> Result<Pushed, PortError>;

    /// Ends a subscription; one that is not there counts as ended.
    async fn unsubscribe(&self, id: &SubscriptionId) -> Result<(), PortError>;

    /// The longest a subscription to this may last.
    fn longest(&self, resource: PushResource) -> jiff::SignedDuration;
}

/// What changes are told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushResource {
    /// Calendar events.
    Events,
    /// Mail.
    Mail,
    /// Contacts.
    Contacts,
    /// Tasks.
    Tasks,
}

/// A subscription to be made.
#[derive(Clone, Debug)]
pub struct PushRequest {
    /// To what.
    pub resource: PushResource,
    /// In which folder, calendar or list; `None` for all mail, or else for the default one.
    pub collection: Option<RemoteId>,
    /// Where notifications go.
    pub notification_url: String,
    /// Where lifecycle notifications go.
    pub lifecycle_url: String,
    /// What every notification must bring back, so that it can be believed.
    pub secret: String,
    /// How long it shall last.
    pub until: Timestamp,
}

/// A subscription that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The remote's name for it.
    pub id: SubscriptionId,
    /// How long it really lasts.
    pub until: Timestamp,
}
