//! Gmail as a state machine: mailboxes, their labels and history, and who may see them.

pub(crate) mod history;
pub(crate) mod labels;
pub(crate) mod mailbox;
pub(crate) mod mime;
mod mint;
pub(crate) mod oauth;
pub(crate) mod query;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sim_kit::{Context, Model, Reply, Request};
use thiserror::Error;

pub(crate) use mailbox::{Arrival, Mail, Mailbox};
pub(crate) use mint::Mint;

/// The client that the seed knows.
pub(crate) const CLIENT_ID: &str = "syncline-client";
/// Its secret.
pub(crate) const CLIENT_SECRET: &str = "syncline-secret";

/// A world of Gmail mailboxes.
///
/// Any user may be spoken for with `Bearer sim-<address>`, the first one also with `Bearer test-token`;
/// other access tokens come from `/token`, for client `syncline-client` / `syncline-secret`, from the
/// refresh token `refresh-<address>` or, once, the authorization code `code-<address>`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Gmail {
    pub(crate) mint: Mint,
    pub(crate) grants: oauth::Grants,
    mailboxes: Vec<Mailbox>,
}

/// Why a mail was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DeliverError {
    /// No such mailbox in this world.
    #[error("no mailbox {0} in this world; add_user makes it")]
    UnknownMailbox(String),
    /// No such label in the mailbox.
    #[error("no label with the id {0} in this mailbox")]
    UnknownLabel(String),
}

/// Why a mailbox refuses; the messages are Gmail's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 404.
    NotFound,
    /// 400, invalidArgument.
    Invalid(String),
    /// 409, a label of that name is there.
    LabelExists,
}

impl Refusal {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }
}

impl Gmail {
    /// A world without users. Worlds of the same `seed` make the same ids and tokens.
    pub fn empty(seed: &str) -> Self {
        Self { mint: Mint::new(seed), grants: oauth::Grants::default(), mailboxes: Vec::new() }
    }

    /// The Gmail side of the org northwind.example: Carla Diaz and Deniz Evren, their mailboxes empty.
    /// `now` is the seed of the world's ids.
    pub fn northwind(now: Timestamp) -> Self {
        let mut world = Self::empty(&format!("northwind.example {now}"));
        world.add_user("carla.diaz@northwind.example");
        world.add_user("deniz.evren@northwind.example");
        world
    }

    /// Adds a user with an empty mailbox; one who is there already stays as they are.
    pub fn add_user(&mut self, address: &str) {
        if self.mailbox(address).is_none() {
            self.mailboxes.push(Mailbox::new(address, &mut self.mint));
            self.grants.seed(address);
        }
    }

    /// Puts a mail into a mailbox as Gmail itself does: dated now, in the thread it belongs to, with
    /// these label ids (`INBOX` and `UNREAD` for one that came in, `SENT` for one that went out).
    /// Answers the message id.
    pub fn deliver(
        &mut self,
        mailbox: &str,
        labels: &[&str],
        mime: &[u8],
        context: &Context<'_>,
    ) -> Result<String, DeliverError> {
        let unknown = || DeliverError::UnknownMailbox(mailbox.to_owned());
        let (target, mint) = self.mailbox_mut(mailbox).ok_or_else(unknown)?;
        if let Some(missing) = labels.iter().find(|id| !target.labels.knows(id)) {
            return Err(DeliverError::UnknownLabel((*missing).to_owned()));
        }
        let arrival = Arrival {
            raw: mime.to_vec(),
            labels: labels.iter().map(|id| (*id).to_owned()).collect(),
            thread: None,
            internal_date_ms: Some(context.now.as_millisecond()),
            find_thread: true,
        };
        Ok(target.add(arrival, mint, context.now).id.clone())
    }

    /// Forgets the mailbox's history: every cursor handed out so far is too old from now on. An unknown
    /// mailbox has none to forget.
    pub fn expire_history(&mut self, mailbox: &str) {
        if let Some((mailbox, mint)) = self.mailbox_mut(mailbox) {
            mailbox.expire_history(mint);
        }
    }

    /// Makes every access token that `/token` issued worthless.
    pub fn expire_access_tokens(&mut self) {
        self.grants.expire_access_tokens();
    }

    /// Withdraws a user's consent: their refresh tokens are refused and their access tokens worthless.
    pub fn revoke_refresh_token(&mut self, address: &str) {
        self.grants.revoke_all(address);
    }

    /// The whole world as JSON.
    ///
    /// # Panics
    /// Never: the world is plain data with text keys.
    pub fn snapshot(&self) -> Value {
        serde_json::to_value(self).expect("plain data with text keys")
    }

    /// The world of a [`snapshot`](Self::snapshot).
    pub fn restore(snapshot: Value) -> Result<Self, serde_json::Error> {
        serde_json::from_value(snapshot)
    }

    /// Whom a bearer token speaks for.
    pub(crate) fn caller(&self, token: &str, now: Timestamp) -> Option<String> {
        if token == "test-token" {
            return self.mailboxes.first().map(|mailbox| mailbox.address.clone());
        }
        let address = token.strip_prefix("sim-").or_else(|| self.grants.owner(token, now))?;
        self.mailbox(address).map(|mailbox| mailbox.address.clone())
    }

    pub(crate) fn mailbox(&self, address: &str) -> Option<&Mailbox> {
        self.mailboxes.iter().find(|mailbox| mailbox.address.eq_ignore_ascii_case(address))
    }

    pub(crate) fn mailbox_mut(&mut self, address: &str) -> Option<(&mut Mailbox, &mut Mint)> {
        let mailbox = self.mailboxes.iter_mut().find(|mailbox| mailbox.address.eq_ignore_ascii_case(address))?;
        Some((mailbox, &mut self.mint))
    }
}

impl Model for Gmail {
    fn handle(&mut self, request: &Request, context: &Context<'_>) -> Reply {
        crate::http::answer(self, request, context.now)
    }

    fn throttled(&self, retry_after: u32, _: &Context<'_>) -> Reply {
        crate::http::throttled(retry_after)
    }

    fn failing(&self, status: u16, _: &Context<'_>) -> Reply {
        crate::http::failing(status)
    }
}
