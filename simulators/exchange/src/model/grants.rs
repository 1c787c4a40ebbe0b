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
    /// Sign-ins on other devices that wait for their code, by device code.
    #[serde(default)]
    pub(crate) devices: BTreeMap<String, Device>,
    /// What each user (by position) has consented to.
    #[serde(default)]
    pub(crate) consents: BTreeMap<usize, BTreeSet<String>>,
    /// What stands between a user (by position) and a token.
    #[serde(default)]
    pub(crate) hurdles: BTreeMap<usize, GrantHurdle>,
    #[serde(default)]
    pub(crate) secret_expired: bool,
}

/// The scope of the seeded refresh tokens.
pub(crate) const SEED_SCOPE: &str = "Calendars.ReadWrite Contacts.ReadWrite Mail.ReadWrite Mail.Send \
                                     MailboxSettings.ReadWrite Tasks.ReadWrite User.Read offline_access";

/// Stands for everything that was ever consented to.
const DEFAULT: &str = ".default";
/// Scopes that name nothing of Graph's; they need no consent of their own here.
const SIGN_IN_SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// Why a user gets no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GrantHurdle {
    /// The code or refresh token has expired (70008).
    Expired,
    /// The refresh token was not used for too long (700082).
    Idle,
    /// The sessions were revoked (50173).
    Revoked,
    /// The user or an administrator has withdrawn the consent (65001).
    ConsentMissing,
    /// Another factor is asked for (50076).
    SecondFactor,
}

/// A sign-in on another device.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Device {
    pub(crate) user_code: String,
    pub(crate) scope: String,
    pub(crate) expires: Timestamp,
    pub(crate) polled: Option<Timestamp>,
    pub(crate) answer: Option<DeviceAnswer>,
}

/// What the person said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum DeviceAnswer {
    /// Signed in, as the user of this position.
    Signed(usize),
    Declined,
}

/// An authorization code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) mailbox: usize,
    pub(crate) redirect_uri: String,
    pub(crate) scope: String,
    /// Method and challenge of PKCE.
    pub(crate) challenge: Option<(String, String)>,
    /// Comes back in the id token.
    #[serde(default)]
    pub(crate) nonce: Option<String>,
    pub(crate) expires: Timestamp,
    pub(crate) used: bool,
}

/// An access token; nobody's mailbox in particular for an application's own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Access {
    pub(crate) mailbox: Option<usize>,
    pub(crate) expires: Timestamp,
    /// What a user's token may be used for; anything if `None`.
    #[serde(default)]
    pub(crate) permissions: Option<String>,
}

/// A refresh token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Refresh {
    pub(crate) mailbox: usize,
    pub(crate) scope: String,
    pub(crate) expires: Timestamp,
    pub(crate) revoked: bool,
}

/// The names in a scope, without Graph's address before them.
pub(crate) fn scope_names(scope: &str) -> impl Iterator<Item = &str> {
    const GRAPH: &str = "https://graph.microsoft.com/";
    scope.split_whitespace().map(|name| name.strip_prefix(GRAPH).unwrap_or(name))
}

impl Grants {
    /// The mailboxes (by position) that anything was granted for.
    pub(crate) fn mailboxes(&self) -> impl Iterator<Item = usize> {
        let codes = self.codes.values().map(|code| code.mailbox);
        let access = self.access.values().filter_map(|access| access.mailbox);
        let refresh = self.refresh.values().map(|refresh| refresh.mailbox);
        let devices = self.devices.values().filter_map(|device| match device.answer {
            Some(DeviceAnswer::Signed(mailbox)) => Some(mailbox),
            Some(DeviceAnswer::Declined) | None => None,
        });
        codes.chain(access).chain(refresh).chain(devices)
    }

    /// Remembers what a user consented to.
    pub(crate) fn consent(&mut self, mailbox: usize, scope: &str) {
        self.consents.entry(mailbox).or_default().extend(scope_names(scope).map(str::to_owned));
    }

    /// Whether the user has consented to all of the scope, now or ever.
    pub(crate) fn consented(&self, mailbox: usize, scope: &str) -> bool {
        let known: Vec<&String> = self.consents.get(&mailbox).into_iter().flatten().collect();
        let holds = |name: &str| known.iter().any(|known| known.eq_ignore_ascii_case(name));
        scope_names(scope)
            .filter(|name| *name != DEFAULT && !SIGN_IN_SCOPES.contains(&name.to_ascii_lowercase().as_str()))
            .all(|name| holds(DEFAULT) || holds(name))
    }

    /// The scope as the answer of `/token` tells it.
    pub(crate) fn shown(&self, mailbox: usize, scope: &str) -> String {
        let whole = scope_names(scope).any(|name| name == DEFAULT);
        let known = || self.consents.get(&mailbox).into_iter().flatten().map(String::as_str);
        let named: Vec<&str> = if whole { known().collect() } else { scope_names(scope).collect() };
        let kept = named.into_iter().filter(|name| *name != DEFAULT && !name.eq_ignore_ascii_case("offline_access"));
        kept.collect::<Vec<_>>().join(" ")
    }

    /// Whether a token may be used for something of a family of permissions (`Mail`).
    pub(crate) fn permits(&self, token: &str, family: &str, need: Need) -> bool {
        let Some(permissions) = self.access.get(token).and_then(|access| access.permissions.as_deref()) else {
            return true;
        };
        // Who asked for nothing in particular got whatever there is.
        let mut named = permissions.split(' ').filter(|name| name.contains('.')).peekable();
        if named.peek().is_none() {
            return true;
        }
        named.any(|name| {
            let mut words = name.split('.');
            let (start, what) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let what = what.to_ascii_lowercase();
            let enough = match need {
                Need::Read => what.starts_with("read"),
                Need::Write => what == "readwrite",
                Need::Send => what == "send",
            };
            enough && start.eq_ignore_ascii_case(family)
        })
    }
}

/// What a token is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    Read,
    Write,
    Send,
}

impl Exchange {
    /// From now on that user gets no token, for that reason; `None` clears it. Unknown addresses change
    /// nothing.
    pub fn hinder_grants(&mut self, address: &str, hurdle: Option<GrantHurdle>) {
        let Some(mailbox) = self.mailbox_of(address) else {
            return;
        };
        match hurdle {
            Some(hurdle) => self.grants.hurdles.insert(mailbox, hurdle),
            None => self.grants.hurdles.remove(&mailbox),
        };
    }

    /// Whether the application's secret has expired.
    pub fn expire_client_secret(&mut self, expired: bool) {
        self.grants.secret_expired = expired;
    }

    /// Every access token issued so far is expired from now on. The fixed ones (`sim-...`,
    /// `test-token`) never expire.
    pub fn expire_access_tokens(&mut self) {
        for access in self.grants.access.values_mut() {
            access.expires = Timestamp::MIN;
        }
    }

    /// Refuses every refresh token of that user issued so far, the seeded one included, as if an
    /// administrator had revoked the sessions; the user's own subscriptions go with them. Unknown addresses change nothing.
    pub fn revoke_refresh_token(&mut self, address: &str) {
        let Some(mailbox) = self.mailbox_of(address) else {
            return;
        };
        self.grants.seed_revoked.insert(mailbox);
        for refresh in self.grants.refresh.values_mut().filter(|refresh| refresh.mailbox == mailbox) {
            refresh.revoked = true;
        }
        for subscription in self.subscriptions.values_mut().filter(|it| it.owner == Some(mailbox)) {
            subscription.revoked = true;
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
