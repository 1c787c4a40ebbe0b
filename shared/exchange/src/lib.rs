//! The mailbox port on Microsoft Graph: calendar, mail, tasks, contacts, folders, categories and subscriptions
//! of one Exchange Online mailbox.
//!
//! Entry point: [`Exchange::new`], which is a [`Mailbox`].
//!
//! # Invariants
//! - Every request asks for immutable ids, UTC and plain-text bodies.
//! - At most [`IN_FLIGHT`] requests are under way at once; a `$batch` counts as that many, because Outlook
//!   works on four of its parts at a time.
//! - A token goes to the configured origin only: of a next or delta link nothing but path and query is kept.
//! - Nothing is tried twice here, except once after a 401. Waiting and trying again is the engine's.
//! - A change or delete carries `If-Match`; attendees are never written. To Do minds no precondition: there
//!   the item is read right before, and only what changes in between can be overwritten.
//! - What is one list to Graph (addresses, telephone numbers, categories) is written with the entries in it
//!   that are not ours.
//! - A list is read to its end or not at all, and at most [`PAGE_LIMIT`] pages of it.
//! - What Graph shows and cannot be understood is one unreadable item. Problems name a property, never its
//!   value.

mod add_in;
mod batch;
mod categories;
mod client;
mod contact;
mod contacts;
mod delta;
mod event;
mod events;
mod failure;
mod folders;
mod mails;
mod message;
mod oauth;
mod pages;
mod push;
mod row;
mod task;
mod tasks;
mod text;
mod writes;

use std::sync::Arc;

use syncline_core::contact::Contact;
use syncline_core::task::Task;
use syncline_ports::{AddIn, Categories, Clock, Events, Folders, GrantVault, Items, Mailbox, Mails, Push};

use crate::client::Client;
use crate::event::Owner;

pub use crate::batch::BATCH_LIMIT;
pub use crate::client::{IN_FLIGHT, REQUEST_TIMEOUT};
pub use crate::folders::DEPTH_LIMIT;
pub use crate::pages::PAGE_LIMIT;

/// Where Graph is and who we are to it.
#[derive(Clone)]
pub struct Settings {
    /// Graph with its version, without a slash at the end.
    pub graph_url: String,
    /// The token endpoint of the identity platform.
    pub token_url: String,
    /// The id of our application.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
}

impl Settings {
    /// The worldwide service.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        Self {
            graph_url: "https://graph.microsoft.com/v1.0".to_owned(),
            token_url: "https://login.microsoftonline.com/common/oauth2/v2.0/token".to_owned(),
            client_id: client_id.into(),
            client_secret: client_secret.into(),
        }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Settings").field("graph_url", &self.graph_url).finish_non_exhaustive()
    }
}

/// One user's Exchange Online mailbox.
pub struct Exchange {
    client: Client,
    owner: Owner,
    clock: Arc<dyn Clock>,
}

impl Exchange {
    /// Opens nothing yet; the first request asks the vault for the grant. `address` is the mailbox's
    /// primary address, `category` the name that marks an item for the CRM (D-22).
    pub fn new(
        settings: Settings,
        http: reqwest::Client,
        vault: Arc<dyn GrantVault>,
        clock: Arc<dyn Clock>,
        address: impl Into<String>,
        category: impl Into<String>,
    ) -> Self {
        Self {
            client: Client::new(settings, http, vault, Arc::clone(&clock)),
            owner: Owner { address: address.into().to_lowercase(), category: category.into().to_lowercase() },
            clock,
        }
    }
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Exchange").finish_non_exhaustive()
    }
}

impl Mailbox for Exchange {
    fn events(&self) -> Option<&dyn Events> {
        Some(self)
    }

    fn mails(&self) -> &dyn Mails {
        self
    }

    fn push(&self) -> Option<&dyn Push> {
        Some(self)
    }

    fn tasks(&self) -> Option<&dyn Items<Task>> {
        Some(self)
    }

    fn contacts(&self) -> Option<&dyn Items<Contact>> {
        Some(self)
    }

    fn folders(&self) -> Option<&dyn Folders> {
        Some(self)
    }

    fn categories(&self) -> Option<&dyn Categories> {
        Some(self)
    }

    fn add_in(&self) -> Option<&dyn AddIn> {
        Some(self)
    }
}
