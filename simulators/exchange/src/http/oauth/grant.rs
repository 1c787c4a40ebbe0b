//! `/token`: what a grant is worth.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sim_kit::Request;

use super::{Denial, Form, is_shared, needed};
use crate::model::{Exchange, GrantHurdle, SEED_SCOPE};

/// What tokens are issued for.
#[derive(Debug)]
pub(super) struct Granted {
    /// Whose; nobody's for the application's own.
    pub(super) mailbox: Option<usize>,
    pub(super) scope: String,
    pub(super) refresh: bool,
    pub(super) nonce: Option<String>,
}

impl Granted {
    /// To a user who consented to the scope; a refresh token only with `offline_access`.
    pub(super) fn to_user(mailbox: usize, scope: String, nonce: Option<String>) -> Self {
        let refresh = scope.split_whitespace().any(|name| name.eq_ignore_ascii_case("offline_access"));
        Self { mailbox: Some(mailbox), scope, refresh, nonce }
    }
}

impl Exchange {
    pub(super) fn grant(
        &mut self,
        request: &Request,
        form: &Form,
        now: Timestamp,
        tenant: &str,
    ) -> Result<Granted, Denial> {
        if !self.is_tenant(tenant) {
            return Err(Denial::unknown_tenant(tenant));
        }
        let grant = needed(form, "grant_type")?;
        let confidential = self.check_client(request, form, tenant)?;
        match grant {
            "authorization_code" => self.redeem_code(form, now),
            "refresh_token" => self.redeem_refresh(form, now),
            "client_credentials" => client_credentials(form, tenant, confidential),
            "urn:ietf:params:oauth:grant-type:device_code" | "device_code" => self.redeem_device(form, now),
            other => Err(Denial::new(
                "unsupported_grant_type",
                70003,
                format!("The app requested an unsupported grant type '{other}'."),
            )),
        }
    }

    fn redeem_code(&mut self, form: &Form, now: Timestamp) -> Result<Granted, Denial> {
        let (text, redirect) = (needed(form, "code")?, needed(form, "redirect_uri")?);
        let code = self.grants.codes.get_mut(text).ok_or_else(malformed)?;
        if code.used {
            return Err(Denial::grant(
                54005,
                "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.",
            ));
        }
        if code.expires <= now {
            return Err(expired());
        }
        if code.redirect_uri != redirect {
            return Err(Denial::grant(
                50011,
                "The redirect URI specified in the request does not match the one of the authorization code.",
            ));
        }
        if let Some((method, challenge)) = &code.challenge {
            let verifier = form.get("code_verifier").map_or("", String::as_str);
            let proof = if method.eq_ignore_ascii_case("S256") { s256(verifier) } else { verifier.to_owned() };
            if proof != *challenge {
                return Err(Denial::grant(
                    501_481,
                    "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
                ));
            }
        }
        let mailbox = code.mailbox;
        let consented = code.scope.clone();
        let nonce = code.nonce.clone();
        let scope = form.get("scope").filter(|scope| !scope.is_empty()).cloned().unwrap_or_else(|| consented.clone());
        self.check_consent(mailbox, &scope)?;
        self.check_hurdle(mailbox)?;
        if let Some(code) = self.grants.codes.get_mut(text) {
            code.used = true;
        }
        let mut granted = Granted::to_user(mailbox, consented, nonce);
        granted.scope = scope;
        Ok(granted)
    }

    fn redeem_refresh(&mut self, form: &Form, now: Timestamp) -> Result<Granted, Denial> {
        let text = needed(form, "refresh_token")?;
        let seeded = text.strip_prefix("refresh-").and_then(|address| self.mailbox_of(address));
        let (mailbox, stored) = match (seeded, self.grants.refresh.get(text)) {
            (Some(mailbox), _) if self.grants.seed_revoked.contains(&mailbox) => return Err(revoked()),
            (Some(mailbox), _) => {
                // Who hands out seeded tokens has consented to whatever the application asks for.
                self.grants.consent(mailbox, SEED_SCOPE);
                self.grants.consent(mailbox, form.get("scope").map_or("", String::as_str));
                (mailbox, SEED_SCOPE.to_owned())
            }
            (None, Some(refresh)) if refresh.revoked => return Err(revoked()),
            (None, Some(refresh)) if refresh.expires <= now => return Err(idle()),
            (None, Some(refresh)) => (refresh.mailbox, refresh.scope.clone()),
            (None, None) => return Err(malformed()),
        };
        let scope = form.get("scope").filter(|scope| !scope.is_empty()).cloned().unwrap_or(stored);
        self.check_consent(mailbox, &scope)?;
        self.check_hurdle(mailbox)?;
        Ok(Granted { mailbox: Some(mailbox), scope, refresh: true, nonce: None })
    }

    /// Whether the user has consented to all of the scope, now or ever.
    fn check_consent(&self, mailbox: usize, scope: &str) -> Result<(), Denial> {
        if self.grants.consented(mailbox, scope) {
            return Ok(());
        }
        Err(Denial { suberror: Some("consent_required"), ..self.no_consent() })
    }

    fn no_consent(&self) -> Denial {
        let message = format!(
            "The user or administrator has not consented to use the application with ID '{}' named 'Syncline'. Send an interactive authorization request for this user and resource.",
            self.application_id()
        );
        Denial::new("invalid_grant", 65001, message)
    }

    /// Whether something else stands between the user and a token.
    fn check_hurdle(&self, mailbox: usize) -> Result<(), Denial> {
        let Some(hurdle) = self.grants.hurdles.get(&mailbox) else {
            return Ok(());
        };
        Err(match hurdle {
            GrantHurdle::Expired => expired(),
            GrantHurdle::Idle => idle(),
            GrantHurdle::Revoked => revoked(),
            GrantHurdle::ConsentMissing => Denial { suberror: Some("consent_required"), ..self.no_consent() },
            GrantHurdle::SecondFactor => {
                let message = "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '00000003-0000-0000-c000-000000000000'.";
                Denial { suberror: Some("basic_action"), ..Denial::grant(50076, message) }
            }
        })
    }
}

fn malformed() -> Denial {
    Denial::grant(9_002_313, "Invalid request. Request is malformed or invalid.")
}

fn expired() -> Denial {
    Denial::grant(
        70008,
        "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.",
    )
}

fn idle() -> Denial {
    Denial::grant(
        700_082,
        "The refresh token has expired due to inactivity. The token was issued more than 90 days ago and was inactive since.",
    )
}

fn revoked() -> Denial {
    Denial::grant(
        50173,
        "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.",
    )
}

fn client_credentials(form: &Form, tenant: &str, confidential: bool) -> Result<Granted, Denial> {
    if !confidential {
        let message = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        return Err(Denial::new("invalid_client", 7_000_218, message));
    }
    if is_shared(tenant) {
        let message =
            "No tenant-identifying information found in either the request or implied by any provided credentials.";
        return Err(Denial::new("invalid_request", 50059, message));
    }
    let scope = needed(form, "scope")?;
    if !scope.ends_with("/.default") {
        let message = format!(
            "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."
        );
        return Err(Denial::new("invalid_scope", 1_002_012, message));
    }
    Ok(Granted { mailbox: None, scope: scope.to_owned(), refresh: false, nonce: None })
}

fn s256(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}
