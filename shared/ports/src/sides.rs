//! The two sides of a user.

use std::sync::Arc;

use async_trait::async_trait;
use syncline_core::contact::Contact;
use syncline_core::org::User;
use syncline_core::task::Task;

use crate::add_in::AddIn;
use crate::error::PortError;
use crate::events::Events;
use crate::folders::{Categories, Folders};
use crate::items::Items;
use crate::mail::{CrmMail, Mails};
use crate::people::People;
use crate::poll::{self, ApiBudget, Polled, Wanted};
use crate::push::Push;

/// A user's mailbox. What a provider cannot do (yet) is `None`.
pub trait Mailbox: Send + Sync {
    /// Its calendar.
    fn events(&self) -> Option<&dyn Events>;

    /// Its mail.
    fn mails(&self) -> &dyn Mails;

    /// Being told of its changes.
    fn push(&self) -> Option<&dyn Push>;

    /// Its tasks.
    fn tasks(&self) -> Option<&dyn Items<Task>> {
        None
    }

    /// Its address book.
    fn contacts(&self) -> Option<&dyn Items<Contact>> {
        None
    }

    /// Its folders, calendars and lists.
    fn folders(&self) -> Option<&dyn Folders> {
        None
    }

    /// Its categories.
    fn categories(&self) -> Option<&dyn Categories> {
        None
    }

    /// The add-in in its owner's mail client.
    fn add_in(&self) -> Option<&dyn AddIn> {
        None
    }
}

/// The CRM, as one user sees it. What a CRM cannot do (yet) is `None`.
#[async_trait]
pub trait Crm: Send + Sync {
    /// The user's events.
    fn events(&self) -> &dyn Events;

    /// Users, contacts, leads.
    fn people(&self) -> &dyn People;

    /// Records of e-mail.
    fn mail(&self) -> &dyn CrmMail;

    /// The user's tasks. Their collection is the user's own record: what is made there, the user owns.
    fn tasks(&self) -> Option<&dyn Items<Task>> {
        None
    }

    /// The contacts the user owns; likewise.
    fn contacts(&self) -> Option<&dyn Items<Contact>> {
        None
    }

    /// News of several kinds, in as few requests as there can be. An error is trouble with the whole call.
    async fn poll(&self, wanted: &Wanted) -> Result<Polled, PortError> {
        Ok(poll::one_by_one(self, wanted).await)
    }

    /// The allowance of requests, as last heard of; `None` if there is none or nothing was heard.
    fn budget(&self) -> Option<ApiBudget> {
        None
    }
}

/// Opens a user's two sides.
#[async_trait]
pub trait Connector: Send + Sync {
    /// The mailbox; [`ErrorKind::AuthRevoked`](crate::ErrorKind::AuthRevoked) if nobody is signed in.
    async fn mailbox(&self, user: &User) -> Result<Arc<dyn Mailbox>, PortError>;

    /// The CRM; likewise.
    async fn crm(&self, user: &User) -> Result<Arc<dyn Crm>, PortError>;
}
