//! Access tokens: from the vault while they last, then by the refresh token, or by the application's own
//! credentials.

use std::sync::Arc;

use jiff::SignedDuration;
use serde::Deserialize;
use syncline_ports::{Clock, ErrorKind, Grant, GrantVault, PortError};
use tokio::sync::Mutex;

use crate::client::REQUEST_TIMEOUT;
use crate::failure;
use crate::settings::{Settings, SignInAs};

const OP: &str = "graph.refresh_token";
/// A token is renewed so long before it ends, so that it does not end on its way.
const MARGIN: SignedDuration = SignedDuration::from_mins(2);
/// What the identity platform gives a token when it does not say: its documented usual, less a margin.
const DEFAULT_LIFE_SECONDS: i64 = 3_000;

/// The sign-in of one mailbox.
pub(crate) struct SignIn {
    http: reqwest::Client,
    settings: Settings,
    vault: Arc<dyn GrantVault>,
    clock: Arc<dyn Clock>,
    /// The grant as last seen. Held while refreshing: requests at the same time share one refresh.
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    grant: Option<Grant>,
    /// The refresh token that was refused for good: it is not shown again.
    refused: Option<String>,
}

impl SignIn {
    pub(crate) fn new(
        http: reqwest::Client,
        settings: Settings,
        vault: Arc<dyn GrantVault>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { http, settings, vault, clock, known: Mutex::default() }
    }

    /// An access token that should work.
    pub(crate) async fn token(&self) -> Result<String, PortError> {
        let mut known = self.known.lock().await;
        if let Some(token) = known.grant.as_ref().and_then(|grant| self.usable(grant)) {
            return Ok(token);
        }
        self.renew(&mut known, None).await
    }

    /// An access token in place of one that was refused.
    pub(crate) async fn instead_of(&self, refused: &str) -> Result<String, PortError> {
        let mut known = self.known.lock().await;
        // Somebody else may have renewed it meanwhile.
        if let Some(token) = known.grant.as_ref().and_then(|grant| self.usable(grant)).filter(|token| token != refused)
        {
            return Ok(token);
        }
        self.renew(&mut known, Some(refused)).await
    }

    fn usable(&self, grant: &Grant) -> Option<String> {
        let lasts = grant.expires.is_none_or(|end| end.duration_since(self.clock.now()) > MARGIN);
        grant.access_token.clone().filter(|_| lasts)
    }

    async fn renew(&self, known: &mut Known, unwanted: Option<&str>) -> Result<String, PortError> {
        let grant = self.kept().await?;
        // Another process may have renewed it, or the user signed in anew.
        if let Some(token) = self.usable(&grant).filter(|token| Some(token.as_str()) != unwanted) {
            known.grant = Some(grant);
            return Ok(token);
        }
        if known.refused.as_ref() == Some(&grant.refresh_token) {
            return Err(PortError::new(ErrorKind::AuthRevoked, OP).code("invalid_grant"));
        }
        match self.issue(&grant).await {
            Ok((grant, token)) => {
                // Kept before it is used: a rotated refresh token that is lost cannot be had again.
                self.vault.save(&grant).await?;
                known.grant = Some(grant);
                Ok(token)
            }
            Err(error) => {
                if error.kind == ErrorKind::AuthRevoked {
                    known.refused = Some(grant.refresh_token);
                }
                Err(error)
            }
        }
    }

    /// The grant in the vault. The application needs none to sign in, so it goes on without.
    async fn kept(&self) -> Result<Grant, PortError> {
        match self.vault.load().await {
            Err(error)
                if self.settings.sign_in == SignInAs::Application
                    && matches!(error.kind, ErrorKind::AuthRevoked | ErrorKind::Gone) =>
            {
                Ok(Grant { refresh_token: String::new(), access_token: None, expires: None, instance_url: None })
            }
            kept => kept,
        }
    }

    async fn issue(&self, grant: &Grant) -> Result<(Grant, String), PortError> {
        let (kind, credential) = match self.settings.sign_in {
            SignInAs::User => ("refresh_token", ("refresh_token", &grant.refresh_token)),
            SignInAs::Application => ("client_credentials", ("scope", &self.settings.scope)),
        };
        let form = [
            ("grant_type", kind),
            ("client_id", &self.settings.client_id),
            ("client_secret", &self.settings.client_secret),
            (credential.0, credential.1),
        ];
        let lost = |error: reqwest::Error| PortError::new(ErrorKind::Transient, OP).because(error.without_url());
        let request = self.http.post(&self.settings.token_url).form(&form).timeout(REQUEST_TIMEOUT);
        let response = request.send().await.map_err(lost)?;
        let status = response.status().as_u16();
        let wait = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let wait = wait.and_then(failure::retry_after);
        let body = response.bytes().await.map_err(lost)?;
        tracing::debug!(op = OP, status, "answered");
        if status != 200 {
            let refused = serde_json::from_slice::<TokenRefusal>(&body).unwrap_or_default();
            let kind = refusal(status, &refused.error, &refused.error_codes, wait);
            let cause = format!("status {status}, AADSTS {:?}", refused.error_codes);
            return Err(PortError::new(kind, OP).code(refused.error).because(cause));
        }
        let Ok(issued) = serde_json::from_slice::<Issued>(&body) else {
            return Err(PortError::new(ErrorKind::Transient, OP).because("the token answer is not understood"));
        };
        let life = SignedDuration::from_secs(issued.expires_in.unwrap_or(DEFAULT_LIFE_SECONDS));
        let renewed = Grant {
            refresh_token: issued.refresh_token.unwrap_or_else(|| grant.refresh_token.clone()),
            access_token: Some(issued.access_token.clone()),
            expires: self.clock.now().checked_add(life).ok(),
            instance_url: grant.instance_url.clone(),
        };
        Ok((renewed, issued.access_token))
    }
}

#[derive(Deserialize)]
struct Issued {
    access_token: String,
    refresh_token: Option<String>,
    expires_in: Option<i64>,
}

#[derive(Default, Deserialize)]
struct TokenRefusal {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_codes: Vec<u32>,
}

/// What only the user (or their administrator) can mend, by AADSTS code: no such account, a password that
/// ran out, an account switched off, more proof asked for, a session or consent withdrawn, no consent yet,
/// a policy in the way, a token that ran out.
const THEIRS: [u32; 14] =
    [50_034, 50_055, 50_057, 50_072, 50_074, 50_076, 50_078, 50_079, 50_173, 53_003, 65_001, 65_004, 70_008, 700_082];
/// What only we can mend: a secret that is wrong, ran out or is missing, an application that is not known or
/// switched off, a tenant that is not known.
const OURS: [u32; 6] = [7_000_215, 7_000_222, 7_000_218, 700_016, 7_000_112, 90_002];
/// What passes: the service itself, or too many sign-ins.
const PASSING: [u32; 3] = [90_033, 90_055, 50_196];

/// What a refusal of the token endpoint means. Only what the *user* has to mend is `AuthRevoked`: a wrong
/// secret of ours must not block every mailbox.
fn refusal(status: u16, error: &str, codes: &[u32], retry_after: Option<std::time::Duration>) -> ErrorKind {
    let is = |known: &[u32]| codes.iter().any(|code| known.contains(code));
    match (status, error) {
        (429, _) => failure::Refusal::new(429, retry_after, &serde_json::Value::Null).kind(failure::Purpose::Read),
        (500.., _) | (_, "temporarily_unavailable") => ErrorKind::Transient,
        _ if is(&PASSING) => ErrorKind::Transient,
        _ if is(&OURS) => ErrorKind::Rejected,
        _ if is(&THEIRS) => ErrorKind::AuthRevoked,
        (_, "invalid_grant" | "interaction_required" | "consent_required" | "login_required") => ErrorKind::AuthRevoked,
        _ => ErrorKind::Rejected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d32_only_refused_credentials_of_the_user_block_the_connection() {
        use ErrorKind::{AuthRevoked, Rejected, Transient};
        let throttled = ErrorKind::Throttled { after: std::time::Duration::from_secs(10) };
        for (status, error, code, expected) in [
            (400, "invalid_grant", 0, AuthRevoked),
            (400, "invalid_grant", 70_008, AuthRevoked),
            (400, "invalid_grant", 700_082, AuthRevoked),
            (400, "invalid_grant", 50_173, AuthRevoked),
            (400, "invalid_grant", 65_001, AuthRevoked),
            (400, "invalid_grant", 50_076, AuthRevoked),
            (400, "invalid_grant", 9_002_313, AuthRevoked),
            (400, "interaction_required", 50_079, AuthRevoked),
            (400, "interaction_required", 0, AuthRevoked),
            (400, "consent_required", 65_001, AuthRevoked),
            (401, "invalid_client", 7_000_215, Rejected),
            (401, "invalid_client", 7_000_222, Rejected),
            (401, "invalid_client", 0, Rejected),
            (400, "unauthorized_client", 700_016, Rejected),
            (400, "unauthorized_client", 0, Rejected),
            (400, "invalid_request", 90_002, Rejected),
            (400, "invalid_request", 9_002_313, Rejected),
            (400, "invalid_scope", 0, Rejected),
            (400, "", 0, Rejected),
            (429, "", 0, throttled),
            (400, "invalid_grant", 50_196, Transient),
            (503, "", 0, Transient),
            (503, "invalid_grant", 0, Transient),
            (400, "temporarily_unavailable", 90_033, Transient),
        ] {
            assert_eq!(refusal(status, error, &[code], None), expected, "{status} {error} {code}");
        }
    }
}
