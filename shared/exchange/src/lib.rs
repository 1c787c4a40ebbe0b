//! The mailbox port on Microsoft Graph: calendar, mail, tasks, contacts, folders, categories and subscriptions
//! of one Exchange Online mailbox.
//!
//! Entry point: [`Exchange::new`], which is a [`Mailbox`].
//!
//! # Invariants
//! - Every request asks for immutable ids, UTC and plain-text bodies.
//! - At most [`IN_FLIGHT`] requests are under way at once to one mailbox, whoever in this process makes them;
//!   a `$batch` counts as that many, because Outlook works on four of its parts at a time.
//! - Paths are written as the user's own (`/me/..`) and become the application's (`/users/{address}/..`) in
//!   one place.
//! - A token goes to the configured origin only: of a next or delta link nothing but path and query is kept.
//! - Nothing is tried twice here, except once after a 401, and once after a throttle that asks for no more
//!   than [`PATIENCE`]; of a batch only the parts that were throttled. An item whose categories somebody else
//!   changes meanwhile is marked once more. Any other waiting and trying again is the engine's.
//! - A change or delete carries `If-Match`; attendees are never written. To Do minds no precondition: there
//!   the item is read right before, and only what changes in between can be overwritten.
//! - What is one list to Graph (addresses, telephone numbers, categories) is written with the entries in it
//!   that are not ours.
//! - A list is read to its end or not at all, and at most [`PAGE_LIMIT`] pages of it.
//! - A date of a series is shown with everything it shares with its master, its series' iCalendar UID, and
//!   the start that the pattern gives it. Time zones are IANA's, rules are RFC 5545's.
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
pub mod recurrence;
mod row;
mod series;
mod settings;
mod task;
mod tasks;
mod text;
mod writes;
mod zones;

use std::sync::Arc;

use syncline_core::contact::Contact;
use syncline_core::ids::RemoteId;
use syncline_core::task::Task;
use syncline_ports::{AddIn, Categories, Clock, Events, Folders, GrantVault, Items, Mailbox, Mails, Push};

use crate::client::Client;
use crate::event::Owner;

pub use crate::batch::BATCH_LIMIT;
pub use crate::client::{IN_FLIGHT, REQUEST_TIMEOUT};
pub use crate::failure::PATIENCE;
pub use crate::folders::DEPTH_LIMIT;
pub use crate::pages::PAGE_LIMIT;
pub use crate::series::SERIES_PAGES;
pub use crate::settings::{Settings, SignInAs};

/// One user's Exchange Online mailbox.
pub struct Exchange {
    client: Client,
    owner: Owner,
    clock: Arc<dyn Clock>,
    /// What stands before the events of the calendar that is mirrored.
    calendar: String,
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
        let owner = Owner { address: address.into().to_lowercase(), category: category.into().to_lowercase() };
        Self {
            client: Client::new(settings, http, vault, Arc::clone(&clock), &owner.address),
            owner,
            clock,
            calendar: "/me".to_owned(),
        }
    }

    /// The same with another calendar than the default one.
    #[must_use]
    pub fn in_calendar(self, calendar: &RemoteId) -> Self {
        Self { calendar: format!("/me/calendars/{}", client::encoded(calendar.as_str())), ..self }
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
