//! Who may call: OAuth grants and the tokens made from them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::mint::Mint;

/// How long an access token lives; the token answer says one second less, as Google's does.
pub(crate) const ACCESS_TOKEN_SECONDS: i64 = 3600;

/// All grants of one world.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Grants {
    /// Authorization codes not yet used, and whose they are.
    codes: BTreeMap<String, String>,
    /// Refresh tokens, and whose they are.
    refresh: BTreeMap<String, Grant>,
    access: BTreeMap<String, Access>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Grant {
    address: String,
    revoked: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Access {
    address: String,
    refresh_token: String,
    expires: Timestamp,
}

/// The grant is no longer, or never was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// A refresh token that once was good.
    Revoked,
    /// A code or token that was never issued, or a code used before.
    Unknown,
}

impl Grants {
    /// The seed's refresh token and authorization code of a user.
    pub(crate) fn seed(&mut self, address: &str) {
        self.refresh.insert(format!("refresh-{address}"), Grant { address: address.to_owned(), revoked: false });
        self.codes.insert(format!("code-{address}"), address.to_owned());
    }

    /// An access token and a new refresh token for a code, which is then used up.
    pub(crate) fn exchange(
        &mut self,
        code: &str,
        mint: &mut Mint,
        now: Timestamp,
    ) -> Result<(String, String), Refused> {
        let address = self.codes.remove(code).ok_or(Refused::Unknown)?;
        let refresh_token = mint.token("1//0");
        self.refresh.insert(refresh_token.clone(), Grant { address: address.clone(), revoked: false });
        Ok((self.issue(address, &refresh_token, mint, now), refresh_token))
    }

    /// An access token for a refresh token, which stays good.
    pub(crate) fn refresh(&mut self, refresh_token: &str, mint: &mut Mint, now: Timestamp) -> Result<String, Refused> {
        let grant = self.refresh.get(refresh_token).ok_or(Refused::Unknown)?;
        if grant.revoked {
            return Err(Refused::Revoked);
        }
        let address = grant.address.clone();
        Ok(self.issue(address, refresh_token, mint, now))
    }

    fn issue(&mut self, address: String, refresh_token: &str, mint: &mut Mint, now: Timestamp) -> String {
        let token = mint.token("ya29.a0");
        let expires = now.saturating_add(SignedDuration::from_secs(ACCESS_TOKEN_SECONDS)).unwrap_or(Timestamp::MAX);
        self.access.insert(token.clone(), Access { address, refresh_token: refresh_token.to_owned(), expires });
        token
    }

    /// Whose access token this is, if it is still good.
    pub(crate) fn owner(&self, token: &str, now: Timestamp) -> Option<&str> {
        let access = self.access.get(token)?;
        (now < access.expires).then_some(access.address.as_str())
    }

    /// Ends the grant that a refresh or access token belongs to; `false` if there is none.
    pub(crate) fn revoke(&mut self, token: &str) -> bool {
        let refresh_token = self.access.get(token).map_or(token, |access| &access.refresh_token).to_owned();
        match self.refresh.get_mut(&refresh_token) {
            Some(grant) if !grant.revoked => grant.revoked = true,
            _ => return false,
        }
        self.access.retain(|_, access| access.refresh_token != refresh_token);
        true
    }

    /// Ends every grant of a user.
    pub(crate) fn revoke_all(&mut self, address: &str) {
        for grant in self.refresh.values_mut().filter(|grant| grant.address.eq_ignore_ascii_case(address)) {
            grant.revoked = true;
        }
        self.access.retain(|_, access| !access.address.eq_ignore_ascii_case(address));
    }

    /// Forgets every access token that was issued.
    pub(crate) fn expire_access_tokens(&mut self) {
        self.access.clear();
    }
}
