//! The tokens themselves.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Form;
use super::grant::Granted;
use crate::model::{Access, CLIENT_ID, Exchange, Refresh, ids, scope_names};

/// A refresh token that is not used for so long is dead; each use gives a new one.
const REFRESH_LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);

impl Exchange {
    pub(super) fn issue(&mut self, granted: &Granted, form: &Form, now: Timestamp) -> Value {
        let seconds = i64::from(self.switches.access_token_seconds);
        let expires = now + SignedDuration::from_secs(seconds);
        let shown = match granted.mailbox {
            Some(mailbox) => self.grants.shown(mailbox, &granted.scope),
            None => String::new(),
        };
        let access = self.access_token(granted.mailbox, &shown, now, expires);
        let permissions = granted.mailbox.map(|_| shown.clone());
        self.grants.access.insert(access.clone(), Access { mailbox: granted.mailbox, expires, permissions });
        let mut body = json!({
            "token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds,
            "access_token": access,
        });
        let Some(mailbox) = granted.mailbox else {
            return body;
        };
        body["scope"] = shown.into();
        if granted.refresh {
            let token = format!("0.AX{}", self.next_secret("refresh"));
            let scope = granted.scope.clone();
            let refresh = Refresh { mailbox, scope, expires: now + REFRESH_LIFE, revoked: false };
            self.grants.refresh.insert(token.clone(), refresh);
            body["refresh_token"] = token.into();
        }
        if scope_names(&granted.scope).any(|name| name.eq_ignore_ascii_case("openid")) {
            body["id_token"] = self.id_token(mailbox, granted, form, now, expires).into();
        }
        if form.get("client_info").is_some_and(|asked| asked == "1")
            && let Some(user) = self.mailboxes.get(mailbox)
        {
            let info = json!({"uid": user.id, "utid": self.tenant});
            body["client_info"] = URL_SAFE_NO_PAD.encode(info.to_string()).into();
        }
        body
    }

    /// Has the look of a JSON Web Token. As with the real ones, only Graph itself can verify it.
    fn access_token(&mut self, mailbox: Option<usize>, scope: &str, now: Timestamp, expires: Timestamp) -> String {
        let user = mailbox.and_then(|index| self.mailboxes.get(index));
        let mut claims = json!({
            "aud": "https://graph.microsoft.com", "iss": Self::issuer(&self.tenant, false),
            "iat": now.as_second(), "nbf": now.as_second(), "exp": expires.as_second(),
            "tid": self.tenant, "appid": self.application_id(), "app_displayname": "Syncline", "ver": "1.0",
        });
        if let Some(user) = user {
            claims["oid"] = user.id.clone().into();
            claims["upn"] = user.address.clone().into();
            claims["name"] = user.display_name.clone().into();
            claims["scp"] = scope.into();
            claims["idtyp"] = "user".into();
        } else {
            claims["oid"] = ids::guid(&[&self.seed, "service principal", CLIENT_ID]).into();
            claims["roles"] = json!([
                "Calendars.ReadWrite",
                "Contacts.ReadWrite",
                "Mail.ReadWrite",
                "Mail.Send",
                "MailboxSettings.ReadWrite",
                "Tasks.ReadWrite.All",
                "User.Read.All",
            ]);
            claims["idtyp"] = "app".into();
        }
        let header = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"RS256","kid":"simulated"}"#);
        let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
        format!("{header}.{claims}.{}", self.next_secret("access"))
    }

    fn id_token(&self, mailbox: usize, granted: &Granted, form: &Form, now: Timestamp, expires: Timestamp) -> String {
        let asked = |wanted: &str| scope_names(&granted.scope).any(|name| name.eq_ignore_ascii_case(wanted));
        // The application is named as it named itself.
        let client = form.get("client_id").map_or(CLIENT_ID, String::as_str);
        let mut claims = json!({
            "aud": client, "iss": Self::issuer(&self.tenant, true),
            "iat": now.as_second(), "nbf": now.as_second(), "exp": expires.as_second(),
            "tid": self.tenant, "ver": "2.0",
        });
        if let Some(user) = self.mailboxes.get(mailbox) {
            claims["sub"] = self.subject(client, &user.id).into();
            if asked("profile") {
                claims["oid"] = user.id.clone().into();
                claims["name"] = user.display_name.clone().into();
                claims["preferred_username"] = user.address.clone().into();
            }
            if asked("email") {
                claims["email"] = user.address.clone().into();
            }
        }
        if let Some(nonce) = &granted.nonce {
            claims["nonce"] = nonce.clone().into();
        }
        Self::signed_token(&claims)
    }
}
