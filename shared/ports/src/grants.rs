//! What a sign-in leaves behind.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::PortError;

/// The tokens of one connection.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Gets new access tokens. Some vendors replace it with every use.
    pub refresh_token: String,
    /// The last access token, if there is one.
    pub access_token: Option<String>,
    /// When the access token stops working, if the vendor says so.
    pub expires: Option<Timestamp>,
    /// Where the API lives; Salesforce says so with every token.
    pub instance_url: Option<String>,
}

impl std::fmt::Debug for Grant {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Grant").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// Where an adapter keeps the grant of its connection.
#[async_trait]
pub trait GrantVault: Send + Sync {
    /// The grant as last kept.
    async fn load(&self) -> Result<Grant, PortError>;

    /// Keeps a grant. A new refresh token is kept before it is used for the first time.
    async fn save(&self, grant: &Grant) -> Result<(), PortError>;
}
