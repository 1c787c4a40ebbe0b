//! The mailbox port on Gmail: the mail of one Google Workspace user, read only.
//!
//! Entry point: [`Gmail::new`], which is a [`Mailbox`]. Calendar and push are not offered yet.
//!
//! # Invariants
//! - A full listing takes the mailbox's history id *before* it begins, and a round of changes ends at the
//!   history id of its *first* page: what happens meanwhile is shown twice rather than never.
//! - A message that cannot be understood is one unreadable item; its problem names a place, never content.
//! - A throttled or failing call fails as a whole and moves nothing: the same page is read again.
//! - Nothing is tried twice here, except once after a 401. Waiting and trying again is the engine's.
//! - Never more than [`PARALLEL_READS`] requests at once.

mod body;
mod client;
mod failure;
mod headers;
mod mails;
mod message;
mod oauth;
mod round;
mod wire;

use std::sync::Arc;

use syncline_ports::{Clock, Events, GrantVault, Mailbox, Mails, Push};

use crate::client::Client;

pub use crate::body::{LARGE_PARTS, TREE_LIMIT};
pub use crate::client::REQUEST_TIMEOUT;
pub use crate::mails::{PAGE, PARALLEL_READS};

/// Where Google is and who we are to it.
#[derive(Clone)]
pub struct Settings {
    /// The root of the Gmail API, without a slash at the end.
    pub gmail_url: String,
    /// The token endpoint.
    pub token_url: String,
    /// The id of our OAuth client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
}

impl Settings {
    /// The real service.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        Self {
            gmail_url: "https://gmail.googleapis.com".to_owned(),
            token_url: "https://oauth2.googleapis.com/token".to_owned(),
            client_id: client_id.into(),
            client_secret: client_secret.into(),
        }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Settings").field("gmail_url", &self.gmail_url).finish_non_exhaustive()
    }
}

/// One user's Gmail mailbox.
pub struct Gmail {
    client: Client,
}

impl Gmail {
    /// Opens nothing yet; the first request asks the vault for the grant. `address` is the mailbox's
    /// primary address: a grant of somebody else is refused by Google instead of read by mistake.
    pub fn new(
        settings: Settings,
        http: reqwest::Client,
        vault: Arc<dyn GrantVault>,
        clock: Arc<dyn Clock>,
        address: impl Into<String>,
    ) -> Self {
        Self { client: Client::new(settings, http, vault, clock, address.into()) }
    }
}

impl std::fmt::Debug for Gmail {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Gmail").finish_non_exhaustive()
    }
}

impl Mailbox for Gmail {
    fn events(&self) -> Option<&dyn Events> {
        None
    }

    fn mails(&self) -> &dyn Mails {
        self
    }

    fn push(&self) -> Option<&dyn Push> {
        None
    }
}
