//! Keeping secrets at rest.

use serde::{Deserialize, Serialize};

use async_trait::async_trait;

use crate::error::PortError;

/// Sealed bytes: unreadable and unchangeable without the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(pub Vec<u8>);

/// Seals and opens. `context` says what the bytes are and whose; it is not stored, and opening needs the
/// same one, so that a sealed value cannot be moved to another row.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// Seals.
    async fn seal(&self, context: &str, plain: &[u8]) -> Result<Sealed, PortError>;

    /// Opens; [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) if key, context or bytes do not fit.
    async fn open(&self, context: &str, sealed: &Sealed) -> Result<Vec<u8>, PortError>;
}
