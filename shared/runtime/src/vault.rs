//! Where grants are kept: sealed, in the user's connection rows.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use syncline_core::ids::UserId;
use syncline_core::item::Side;
use syncline_ports::{ConnectionRow, ErrorKind, Grant, GrantVault, PortError, Secrets, StateStore};

/// The vault of one sign-in.
pub struct StateVault {
    store: Arc<dyn StateStore>,
    secrets: Arc<dyn Secrets>,
    user: UserId,
    side: Side,
    /// The row that was read when the vault was opened, for the first load.
    read: Mutex<Option<ConnectionRow>>,
}

impl StateVault {
    /// A vault that need not hold anything yet.
    pub fn new(store: Arc<dyn StateStore>, secrets: Arc<dyn Secrets>, user: UserId, side: Side) -> Self {
        let read = Mutex::default();
        Self { store, secrets, user, side, read }
    }

    /// The vault of somebody who signed in; [`ErrorKind::AuthRevoked`] if they did not.
    pub async fn open(
        store: Arc<dyn StateStore>,
        secrets: Arc<dyn Secrets>,
        user: UserId,
        side: Side,
    ) -> Result<Self, PortError> {
        let vault = Self::new(store, secrets, user, side);
        let row = vault.row().await?;
        *vault.read.lock().unwrap_or_else(PoisonError::into_inner) = Some(row);
        Ok(vault)
    }

    async fn row(&self) -> Result<ConnectionRow, PortError> {
        let row = self.store.connection(&self.user, self.side).await?;
        row.ok_or_else(|| PortError::new(ErrorKind::AuthRevoked, "grant.load").because("nobody is signed in"))
    }

    /// What the grant is sealed with: a sealed grant is worth nothing in another user's row.
    fn context(&self) -> String {
        format!("grant/{}/{}", self.user, self.side.name())
    }
}

#[async_trait]
impl GrantVault for StateVault {
    async fn load(&self) -> Result<Grant, PortError> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner).take();
        let row = match read {
            Some(row) => row,
            None => self.row().await?,
        };
        let plain = self.secrets.open(&self.context(), &row.grant).await?;
        // The error of serde_json could quote a token.
        serde_json::from_slice(&plain)
            .map_err(|_| PortError::new(ErrorKind::Rejected, "grant.load").because("the grant is not understood"))
    }

    async fn save(&self, grant: &Grant) -> Result<(), PortError> {
        let plain = serde_json::to_vec(grant)
            .map_err(|_| PortError::new(ErrorKind::Rejected, "grant.save").because("the grant is not writable"))?;
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let grant = self.secrets.seal(&self.context(), &plain).await?;
        let row = ConnectionRow { grant };
        self.store.put_connection(&self.user, self.side, &row).await
    }
}
