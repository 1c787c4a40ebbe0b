//! Who comes in: sessions, refresh tokens, codes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::rights::{ADMINISTRATOR, STANDARD_USER};
use super::{Caller, Row, Salesforce, id};

/// The connected app's consumer key.
pub const CLIENT_ID: &str = "syncline-client";

/// The connected app's consumer secret.
pub const CLIENT_SECRET: &str = "syncline-secret";

/// Every user's password until it is set; `syncline-token` may stand behind it, as a security token.
pub const PASSWORD: &str = "syncline-password";

/// What clients that log in by password may append to it.
const SECURITY_TOKEN: &str = "syncline-token";

/// How long an authorization code lives.
const CODE_LIFETIME: SignedDuration = SignedDuration::from_mins(15);

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) user: String,
    pub(super) used: Timestamp,
    /// The refresh token it came from.
    pub(super) refresh_token: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Code {
    user: String,
    redirect_uri: String,
    challenge: Option<String>,
    /// As asked for; all that the app may have if nothing was.
    #[serde(default)]
    scope: Option<String>,
    made: Timestamp,
    used: bool,
}

/// All tokens that open the org.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Door {
    /// Ids of users in the order they were added.
    users: Vec<String>,
    pub(super) sessions: BTreeMap<String, Session>,
    /// Refresh tokens that work, and the names of the users they are for.
    pub(super) refresh_tokens: BTreeMap<String, String>,
    codes: BTreeMap<String, Code>,
    /// Of users who have one of their own, by their ids.
    #[serde(default)]
    pub(super) passwords: BTreeMap<String, String>,
    /// Ids of users who took back their approval of the app.
    #[serde(default)]
    withdrawn: BTreeSet<String>,
}

impl Door {
    pub(super) fn expire_sessions(&mut self) {
        self.sessions.clear();
    }

    pub(super) fn expire_sessions_of(&mut self, user: &str) {
        self.sessions.retain(|_, session| session.user != user);
    }

    pub(super) fn has_withdrawn(&self, user: &str) -> bool {
        self.withdrawn.contains(user)
    }

    pub(super) fn revoke_of(&mut self, username: &str, user: Option<String>) {
        self.withdrawn.extend(user);
        let (ended, kept) = std::mem::take(&mut self.refresh_tokens)
            .into_iter()
            .partition::<BTreeMap<_, _>, _>(|(_, name)| name.eq_ignore_ascii_case(username));
        self.refresh_tokens = kept;
        self.sessions
            .retain(|_, session| session.refresh_token.as_ref().is_none_or(|token| !ended.contains_key(token)));
    }
}

/// What a successful grant hands out.
#[derive(Debug)]
pub(crate) struct Pass {
    pub user: String,
    pub access_token: String,
    pub refresh_token: Option<String>,
    /// What the tokens are good for, where it is not the default of the grant.
    pub scope: Option<String>,
}

/// Why a grant is refused: `error` and `error_description`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Denial(pub &'static str, pub &'static str);

/// What a user approves.
#[derive(Debug)]
pub(crate) struct Approval<'a> {
    /// The user's name; the first user if it is left out.
    pub username: Option<&'a str>,
    pub redirect_uri: &'a str,
    pub challenge: Option<&'a str>,
    pub scope: Option<&'a str>,
}

/// What a code is redeemed with.
#[derive(Debug)]
pub(crate) struct CodeGrant<'a> {
    pub code: &'a str,
    pub redirect_uri: &'a str,
    pub verifier: Option<&'a str>,
}

impl Salesforce {
    /// Adds a user who can log in, with the refresh token `refresh-<email>`; the user name is the address.
    /// Gives the id.
    pub fn add_user(&mut self, name: &str, email: &str, now: Timestamp) -> String {
        let profile = if self.door.users.is_empty() { ADMINISTRATOR } else { STANDARD_USER };
        let profile = self.profile(profile).map(|profile| profile.id().to_owned());
        let (first, last) = name.rsplit_once(' ').unwrap_or(("", name));
        let alias: String = email.chars().take_while(char::is_ascii_alphanumeric).take(8).collect();
        let values = json!({
            "Username": email, "Email": email, "FirstName": first, "LastName": last, "Name": name,
            "Alias": alias, "IsActive": true, "TimeZoneSidKey": "Europe/Berlin", "LocaleSidKey": "en_US",
            "LanguageLocaleKey": "en_US", "EmailEncodingKey": "UTF-8", "UserType": "Standard", "ProfileId": profile,
        });
        let values = values.as_object().cloned().unwrap_or_default();
        let values = values.into_iter().filter(|(_, value)| value != "" && !value.is_null()).collect();
        let Some(object) = self.schema().object("User") else {
            return String::new();
        };
        let id = id::mint(object.prefix, &self.draw("User"));
        let creator = Caller::new(self.door.users.first().unwrap_or(&id).clone());
        self.commit_at_once();
        self.insert(object, &id, values, &creator, now);
        self.door.users.push(id.clone());
        self.door.refresh_tokens.insert(format!("refresh-{email}"), email.to_owned());
        self.welcome(email, now);
        id
    }

    /// The user of that name, compared without case.
    pub(crate) fn user_named(&self, username: &str) -> Option<&Row> {
        let object = self.schema().object("User")?;
        let field = object.field("Username")?;
        self.store.row(self.store.holders(object, field, username).first()?)
    }

    pub(crate) fn user(&self, id: &str) -> Option<&Row> {
        self.store.row(id)
    }

    /// Whose token this is, if it is one of those that need no sign-in.
    pub(super) fn fixed(&self, token: &str) -> Option<String> {
        match token.strip_prefix("sim-") {
            Some(username) => self.user_named(username).map(|user| user.id().to_owned()),
            None => self.door.users.first().filter(|_| token == "test-token").cloned(),
        }
    }

    /// Whose token this is. Using it keeps its session alive.
    pub(crate) fn admit(&mut self, token: &str, now: Timestamp) -> Option<Caller> {
        let timeout = self.knobs.session_timeout;
        let user = if let Some(user) = self.fixed(token) {
            user
        } else {
            let session = self.door.sessions.get_mut(token)?;
            if now.duration_since(session.used) > signed(timeout) {
                self.door.sessions.remove(token);
                return None;
            }
            session.used = now;
            session.user.clone()
        };
        let active = self.user(&user)?.get("IsActive") == true;
        if !active {
            return None;
        }
        self.acting.clone_from(&user);
        Some(Caller::new(user))
    }

    /// Logs in with a password, with or without security token.
    pub(crate) fn log_in(&mut self, username: &str, password: &str, now: Timestamp) -> Result<Pass, Denial> {
        let wrong = Denial("invalid_grant", "authentication failure");
        let user = self.user_named(username).ok_or(wrong)?.id().to_owned();
        if password.strip_suffix(SECURITY_TOKEN).unwrap_or(password) != self.password_of(&user) {
            return Err(wrong);
        }
        self.open(user, None, now)
    }

    /// The user that stands for the app logs in as the app itself.
    pub(crate) fn log_in_app(&mut self, now: Timestamp) -> Result<Pass, Denial> {
        let user = match &self.app.runs_as {
            Some(username) => self.user_named(username).map(|user| user.id().to_owned()),
            None => self.door.users.first().cloned(),
        };
        let user = user.ok_or(Denial("invalid_grant", "no client credentials user enabled"))?;
        self.open(user, None, now)
    }

    pub(crate) fn refresh(&mut self, token: &str, now: Timestamp) -> Result<Pass, Denial> {
        let expired = Denial("invalid_grant", "expired access/refresh token");
        let username = self.door.refresh_tokens.get(token).cloned();
        let Some(username) = username else {
            return Err(expired);
        };
        let user = self.user_named(&username).ok_or(expired)?.id().to_owned();
        let mut pass = self.open(user, Some(token.to_owned()), now)?;
        // Only who was let in has the new one, so the old one goes no sooner.
        pass.refresh_token = self.knobs.rotate_refresh_tokens.then(|| self.rotate(token, &username));
        Ok(pass)
    }

    /// Another refresh token in place of this one, with its sessions.
    fn rotate(&mut self, old: &str, username: &str) -> String {
        self.door.refresh_tokens.remove(old);
        let new = self.new_refresh_token(username);
        for session in self.door.sessions.values_mut().filter(|session| session.refresh_token.as_deref() == Some(old)) {
            session.refresh_token = Some(new.clone());
        }
        new
    }

    fn new_refresh_token(&mut self, username: &str) -> String {
        let token = format!("5Aep861{}", id::base62(&self.draw("refresh"), 32));
        self.door.refresh_tokens.insert(token.clone(), username.to_owned());
        token
    }

    /// Begins a session.
    pub(super) fn open(&mut self, user: String, refresh_token: Option<String>, now: Timestamp) -> Result<Pass, Denial> {
        if self.user(&user).is_none_or(|row| row.get("IsActive") != true) {
            return Err(Denial("inactive_user", "user is inactive"));
        }
        let org = self.org_id.get(..15).unwrap_or_default();
        let org = org.to_owned();
        let tail = id::base62(&self.draw("session"), 32) + &id::base62(&self.draw("session"), 32);
        let access_token = format!("{org}!AQ{tail}");
        let timeout = signed(self.knobs.session_timeout);
        self.door.sessions.retain(|_, session| now.duration_since(session.used) <= timeout);
        let session = Session { user: user.clone(), used: now, refresh_token: refresh_token.clone() };
        self.door.sessions.insert(access_token.clone(), session);
        Ok(Pass { user, access_token, refresh_token, scope: None })
    }

    /// The user approves the app: a code to be redeemed once.
    pub(crate) fn approve(&mut self, approval: &Approval<'_>, now: Timestamp) -> Option<String> {
        let user = match approval.username {
            Some(name) => self.user_named(name)?.id().to_owned(),
            None => self.door.users.first()?.clone(),
        };
        let code = format!("aPrx{}", id::base62(&self.draw("code"), 32));
        self.door.withdrawn.remove(&user);
        self.door.codes.retain(|_, code| now.duration_since(code.made) <= CODE_LIFETIME + CODE_LIFETIME);
        self.door.codes.insert(
            code.clone(),
            Code {
                user,
                redirect_uri: approval.redirect_uri.to_owned(),
                challenge: approval.challenge.map(str::to_owned),
                scope: approval.scope.map(str::to_owned),
                made: now,
                used: false,
            },
        );
        Some(code)
    }

    pub(crate) fn redeem(&mut self, grant: &CodeGrant<'_>, now: Timestamp) -> Result<Pass, Denial> {
        let code = self.door.codes.get_mut(grant.code);
        let Some(code) = code.filter(|code| !code.used) else {
            return Err(Denial("invalid_grant", "invalid authorization code"));
        };
        if now.duration_since(code.made) > CODE_LIFETIME {
            return Err(Denial("invalid_grant", "expired authorization code"));
        }
        if code.redirect_uri != grant.redirect_uri {
            return Err(Denial("redirect_uri_mismatch", "redirect_uri must match configuration"));
        }
        let proof = grant.verifier.map(|verifier| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)));
        if proof != code.challenge {
            return Err(Denial("invalid_grant", "invalid code verifier"));
        }
        code.used = true;
        let (user, scope) = (code.user.clone(), code.scope.clone());
        let lasting = scope.as_deref().is_none_or(|scope| {
            scope.split_whitespace().any(|scope| matches!(scope, "refresh_token" | "offline_access"))
        });
        let username = self.user(&user).map(|row| row.text("Username").to_owned()).unwrap_or_default();
        let refresh_token = lasting.then(|| self.new_refresh_token(&username));
        Ok(Pass { scope, ..self.open(user, refresh_token, now)? })
    }

    /// The names of the users, in the order they were added.
    pub(crate) fn usernames(&self) -> impl Iterator<Item = &str> {
        self.door.users.iter().filter_map(|user| self.user(user)).map(|user| user.text("Username"))
    }

    /// How many sessions are open.
    pub(crate) fn open_sessions(&self, now: Timestamp) -> usize {
        let timeout = signed(self.knobs.session_timeout);
        self.door.sessions.values().filter(|session| now.duration_since(session.used) <= timeout).count()
    }

    /// Ends a refresh token with its sessions, or one session. Whether there was such a token. The fixed
    /// tokens are given back, too, by clients that log out; they have no session that could end.
    pub(crate) fn revoke(&mut self, token: &str) -> bool {
        if self.door.refresh_tokens.remove(token).is_some() {
            self.door.sessions.retain(|_, session| session.refresh_token.as_deref() != Some(token));
            return true;
        }
        self.door.sessions.remove(token).is_some() || self.fixed(token).is_some()
    }
}

pub(super) fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
