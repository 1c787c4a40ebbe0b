//! The CRM port on Salesforce: the REST API of a user's own sign-in.
//!
//! Entry points: [`Salesforce::new`] with [`Settings`], and an [`Org`] that the users of one org share; it is a
//! [`Crm`]. [`begin`] and [`finish`] sign a user in at the browser.
//!
//! # Invariants
//! - Nothing is retried here but, once: a request that was refused with 401, with a new access token; one that does
//!   not fit what the org by now says of its fields, fitted anew; and a create that met another of the same key.
//!   The engine and its queue do the rest.
//! - A question is answered whole or not at all: of what does not come in one answer the rest is asked for with the
//!   next page, or the question is refused; nothing is left out silently.
//! - What an org says of its objects decides: a field it does not name is neither asked for nor written, and
//!   counts as hidden, not as empty. A text is cut to the field's length, never refused, and each such loss
//!   is told with the write's outcome.
//! - What the org says is asked once for all its users, if who asked sees all that rights can hide; else it is
//!   that user's own view and nobody else's. In an org without the package it is always each user's own.
//! - Whoever polls a user's events, tasks and contacts makes one request, if nothing has changed.
//! - A write without an answer is `Unknown`, a refusal for now is `Later` or `Throttled`; nothing that may
//!   have happened is ever called refused.
//! - What cannot be understood makes that one record unreadable; the page it is on goes on.
//! - High-water marks come from the server's own values, never from this machine's clock.
//! - No content, address or token is logged or put into an error.
//!
//! # Limits of the vendor that show through
//! - Salesforce has no optimistic lock. A change is preceded by a look at `SystemModstamp`, which counts
//!   whole seconds: two changes within one second cannot be told apart by version.
//! - A record is stamped when it is written and seen when its transaction ends. Each round begins ten minutes
//!   before the last look, which is as long as Salesforce lets a transaction last; what ends later still is
//!   seen with its next change or the next complete listing.
//! - Without the package's field for the key, what a lost attempt made is known by what it is. Of two things that
//!   are alike in all that, made in different sessions of one day, the second is taken for the first.
//! - A record that is given to another owner simply stops appearing among the changes; no query tells that.
//!   Whoever has linked it finds out with the next complete listing, which each moving window brings.
//! - What is purged from the recycle bin before its 15 days are over is not seen to be gone, likewise.
//! - An answer to an invitation changes no event: the event is shown again, as it is.

use std::sync::Arc;

use async_trait::async_trait;
use syncline_core::contact::Contact;
use syncline_core::ids::RemoteId;
use syncline_core::item::Event;
use syncline_core::task::Task;
use syncline_ports::{ApiBudget, Clock, Crm, CrmMail, Events, GrantVault, Items, People, Polled, PortError, Wanted};

mod appointment;
mod assertion;
mod budget;
mod client;
mod composite;
mod fit;
mod follow;
mod mail;
mod mail_task;
mod making;
mod natural;
mod oauth;
mod object;
mod org;
mod people;
mod person;
mod poll;
mod records;
mod row;
mod shape;
mod soql;
mod todo;
mod trouble;
mod writes;

pub use assertion::{AssertionKey, BadKey};
pub use oauth::{Begun, SignedIn, begin, finish, revoke};
pub use org::Org;

/// The field of Event, Task, Contact, Lead and `EmailMessage` that holds a pair's key: text, unique, external
/// id. It is part of the package an org installs.
pub const KEY_FIELD: &str = "Syncline_Key__c";

/// The field beside it that shows people what is kept the same; of list views, reports and rules.
pub(crate) const MARK_FIELD: &str = "Syncline_Synced__c";

/// How to reach Salesforce, and as which connected app.
#[derive(Clone)]
pub struct Settings {
    /// Where tokens come from; also where the API is asked if a grant names no instance.
    pub login_url: String,
    /// The connected app's consumer key.
    pub client_id: String,
    /// The connected app's consumer secret; empty if it has none.
    pub client_secret: String,
    /// The API's version, such as `v59.0`.
    pub api_version: String,
    /// With a key users are signed in by our own word (JWT bearer), after an administrator let the app in;
    /// without, each signs in at the browser.
    pub assertion: Option<AssertionKey>,
    /// Whom the word is given to; the login address if it is not set.
    pub audience: Option<String>,
    /// How much of the requests that are left in an org may be used, in percent (D-34).
    pub budget_percent: u8,
}

impl Settings {
    /// The production login of Salesforce, API version 59.0.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        Self {
            login_url: "https://login.salesforce.com".to_owned(),
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            api_version: "v59.0".to_owned(),
            assertion: None,
            audience: None,
            budget_percent: 80,
        }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Settings")
            .field("login_url", &self.login_url)
            .field("api_version", &self.api_version)
            .finish_non_exhaustive()
    }
}

/// Whose sign-in it is.
#[derive(Clone, Debug)]
pub struct Account {
    /// The user's own record in Salesforce: the owner of what is mirrored.
    pub user: RemoteId,
    /// The name the user signs in with; needed only for a sign-in by our own word.
    pub username: String,
}

/// Salesforce, as one user sees it.
#[derive(Debug)]
pub struct Salesforce {
    client: Arc<client::Client>,
    events: records::Records<Event>,
    tasks: records::Records<Task>,
    contacts: records::Records<Contact>,
    people: people::OrgPeople,
    mail: mail::MailRecords,
}

impl Salesforce {
    /// `org` is shared by all users of the same org.
    pub fn new(
        settings: Settings,
        http: reqwest::Client,
        vault: Arc<dyn GrantVault>,
        clock: Arc<dyn Clock>,
        org: Arc<Org>,
        account: Account,
    ) -> Self {
        let user = account.user.clone();
        let client = Arc::new(client::Client::new(settings, http, vault, clock, org, account));
        Self {
            events: records::Records::new(Arc::clone(&client), user.clone()),
            tasks: records::Records::new(Arc::clone(&client), user.clone()),
            contacts: records::Records::new(Arc::clone(&client), user),
            people: people::OrgPeople::new(Arc::clone(&client)),
            mail: mail::MailRecords::new(Arc::clone(&client)),
            client,
        }
    }
}

#[async_trait]
impl Crm for Salesforce {
    fn events(&self) -> &dyn Events {
        &self.events
    }

    fn people(&self) -> &dyn People {
        &self.people
    }

    fn mail(&self) -> &dyn CrmMail {
        &self.mail
    }

    fn tasks(&self) -> Option<&dyn Items<Task>> {
        Some(&self.tasks)
    }

    fn contacts(&self) -> Option<&dyn Items<Contact>> {
        Some(&self.contacts)
    }

    async fn poll(&self, wanted: &Wanted) -> Result<Polled, PortError> {
        self.poll_all(wanted).await
    }

    fn budget(&self) -> Option<ApiBudget> {
        self.client.org().budget().usage()
    }
}
