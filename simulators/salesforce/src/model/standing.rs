//! How a token stands, for the app that asks.

use jiff::Timestamp;

use super::Salesforce;
use super::door::signed;

/// A token that is good.
#[derive(Debug)]
pub(crate) struct Standing {
    /// Whose it is: the user's id.
    pub user: String,
    /// `access_token` or `refresh_token`.
    pub kind: &'static str,
    /// Whether its user need not be asked again when it ends.
    pub lasting: bool,
    /// When it was last known to be good: it lives as long as it is used.
    pub since: Timestamp,
    /// When it ends unless it is used, if ever.
    pub until: Option<Timestamp>,
}

impl Salesforce {
    /// How a token stands; to ask is not to use it. `None` if it opens nothing.
    pub(crate) fn standing(&self, token: &str, now: Timestamp) -> Option<Standing> {
        if let Some(username) = self.door.refresh_tokens.get(token) {
            let user = self.user_named(username)?.id().to_owned();
            return Some(Standing { user, kind: "refresh_token", lasting: true, since: now, until: None });
        }
        let (user, since, lasting) = if let Some(user) = self.fixed(token) {
            (user, now, true)
        } else {
            let session = self.door.sessions.get(token)?;
            (session.user.clone(), session.used, session.refresh_token.is_some())
        };
        let until = since.checked_add(signed(self.knobs.session_timeout)).unwrap_or(Timestamp::MAX);
        let good = until >= now && self.user(&user)?.get("IsActive") == true;
        good.then_some(Standing { user, kind: "access_token", lasting, since, until: Some(until) })
    }
}
