//! The CRM port on Salesforce: the REST API of a user's own sign-in.
//!
//! Entry point: [`Salesforce::new`] with [`Settings`]; it is a [`Crm`].
//!
//! # Invariants
//! - Nothing is retried here but a request that was refused with 401, once, with a new access token. The
//!   engine and its queue do the rest.
//! - A write without an answer is `Unknown`, a refusal for now is `Later` or `Throttled`; nothing that may
//!   have happened is ever called refused.
//! - What cannot be understood makes that one record unreadable; the page it is on goes on.
//! - High-water marks come from the server's own values, never from this machine's clock.
//! - No content, address or token is logged or put into an error.
//!
//! # Limits of the vendor that show through
//! - Salesforce has no optimistic lock. A change is preceded by a look at `SystemModstamp`, which counts
//!   whole seconds: two changes within one second cannot be told apart by version.
//! - An event that is given to another owner simply stops appearing among the changes.

use std::sync::Arc;

use syncline_core::ids::RemoteId;
use syncline_ports::{Clock, Crm, CrmMail, Events, GrantVault, People};

mod appointment;
mod changes;
mod client;
mod composite;
mod events;
mod mail;
mod oauth;
mod people;
mod row;
mod soql;
mod trouble;

/// The field of Event, Lead and `EmailMessage` that holds a pair's key: text, unique, external id. It is
/// part of the package an org installs.
pub const KEY_FIELD: &str = "Syncline_Key__c";

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
}

impl Settings {
    /// The production login of Salesforce, API version 59.0.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        Self {
            login_url: "https://login.salesforce.com".to_owned(),
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            api_version: "v59.0".to_owned(),
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

/// Salesforce, as one user sees it.
#[derive(Debug)]
pub struct Salesforce {
    events: events::UserEvents,
    people: people::OrgPeople,
    mail: mail::MailRecords,
}

impl Salesforce {
    /// `user` is the user's own record in Salesforce: the owner of the events that are mirrored.
    pub fn new(
        settings: Settings,
        http: reqwest::Client,
        vault: Arc<dyn GrantVault>,
        clock: Arc<dyn Clock>,
        user: RemoteId,
    ) -> Self {
        let client = Arc::new(client::Client::new(settings, http, vault, clock));
        Self {
            events: events::UserEvents::new(Arc::clone(&client), user),
            people: people::OrgPeople::new(Arc::clone(&client)),
            mail: mail::MailRecords::new(client),
        }
    }
}

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
}
