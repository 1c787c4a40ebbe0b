//! Codes and tokens of the sign-in service.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Exchange;

/// What has been granted so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Grants {
    pub(crate) codes: BTreeMap<String, Code>,
    pub(crate) access: BTreeMap<String, Access>,
    pub(crate) refresh: BTreeMap<String, Refresh>,
    /// Mailboxes (by position) whose seeded refresh token no longer counts.
    pub(crate) seed_revoked: BTreeSet<usize>,
    /// Who signs in at the consent page when the request names nobody.
    pub(crate) signs_in: usize,
}

/// An authorization code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) mailbox: usize,
    pub(crate) redirect_uri: String,
    pub(crate) scope: String,
    /// Method and challenge of PKCE.
    pub(crate) challenge: Option<(String, String)>,
    pub(crate) expires: Timestamp,
    pub(crate) used: bool,
}

/// An access token; nobody's mailbox in particular for an application's own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Access {
    pub(crate) mailbox: Option<usize>,
    pub(crate) expires: Timestamp,
}

/// A refresh token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Refresh {
    pub(crate) mailbox: usize,
    pub(crate) scope: String,
    pub(crate) expires: Timestamp,
    pub(crate) revoked: bool,
}

impl Exchange {
    /// Every access token issued so far is expired from now on. The fixed ones (`sim-...`,
    /// `test-token`) never expire.
    pub fn expire_access_tokens(&mut self) {
        for access in self.grants.access.values_mut() {
            access.expires = Timestamp::MIN;
        }
    }

    /// Refuses every refresh token of that user issued so far, the seeded one included, as if an
    /// administrator had revoked the sessions. Unknown addresses change nothing.
    pub fn revoke_refresh_token(&mut self, address: &str) {
        let Some(mailbox) = self.mailbox_of(address) else {
            return;
        };
        self.grants.seed_revoked.insert(mailbox);
        for refresh in self.grants.refresh.values_mut().filter(|refresh| refresh.mailbox == mailbox) {
            refresh.revoked = true;
        }
    }

    /// Makes that user the one who signs in at `/authorize` when the request has no `login_hint`.
    /// Unknown addresses change nothing.
    pub fn sign_in(&mut self, address: &str) {
        if let Some(mailbox) = self.mailbox_of(address) {
            self.grants.signs_in = mailbox;
        }
    }

    /// Every delta and next link issued so far answers 410 from now on.
    pub fn expire_delta_tokens(&mut self) {
        self.delta_generation += 1;
    }
}
