//! Syncline's add-in in the user's mail client (Z-14, Z-15).

use async_trait::async_trait;

use crate::error::PortError;

/// What an administrator wants of the add-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddInWish {
    /// Z-14
    Install,
    /// Z-15
    Remove,
}

/// What came of it (D-35).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddInAnswer {
    /// It is so.
    Done,
    /// This kind of mailbox has no way to do it per user. The text says what to do instead.
    Unsupported(&'static str),
}

/// Installing and removing the add-in for one mailbox.
#[async_trait]
pub trait AddIn: Send + Sync {
    /// Carries out the wish, or says that it cannot be done here.
    async fn add_in(&self, wish: AddInWish) -> Result<AddInAnswer, PortError>;
}
