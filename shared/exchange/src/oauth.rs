//! Access tokens: from the vault while they last, then by the refresh token.

use std::sync::Arc;

use jiff::SignedDuration;
use serde::Deserialize;
use syncline_ports::{Clock, ErrorKind, Grant, GrantVault, PortError};
use tokio::sync::Mutex;

use crate::Settings;
use crate::client::REQUEST_TIMEOUT;
use crate::failure;

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
        let grant = self.vault.load().await?;
        // Another process may have renewed it, or the user signed in anew.
        if let Some(token) = self.usable(&grant).filter(|token| Some(token.as_str()) != unwanted) {
            known.grant = Some(grant);
            return Ok(token);
        }
        if known.refused.as_ref() == Some(&grant.refresh_token) {
            return Err(PortError::new(ErrorKind::AuthRevoked, OP).code("invalid_grant"));
        }
        match self.refresh(&grant).await {
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

    async fn refresh(&self, grant: &Grant) -> Result<(Grant, String), PortError> {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", &self.settings.client_id),
            ("client_secret", &self.settings.client_secret),
            ("refresh_token", &grant.refresh_token),
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
            let error = serde_json::from_slice::<TokenRefusal>(&body).unwrap_or_default().error;
            return Err(PortError::new(refusal(status, &error, wait), OP).code(error));
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
}

/// What a refusal of the token endpoint means. Only what the *user* has to mend is `AuthRevoked`: a wrong
/// secret of ours must not block every mailbox.
fn refusal(status: u16, error: &str, retry_after: Option<std::time::Duration>) -> ErrorKind {
    match (status, error) {
        (_, "invalid_grant" | "interaction_required" | "consent_required" | "login_required") => ErrorKind::AuthRevoked,
        (429, _) => failure::Refusal::new(429, retry_after, &serde_json::Value::Null).kind(failure::Purpose::Read),
        (500.., _) | (_, "temporarily_unavailable") => ErrorKind::Transient,
        _ => ErrorKind::Rejected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d32_only_refused_credentials_of_the_user_block_the_connection() {
        let throttled = ErrorKind::Throttled { after: std::time::Duration::from_secs(10) };
        for (status, error, expected) in [
            (400, "invalid_grant", ErrorKind::AuthRevoked),
            (400, "interaction_required", ErrorKind::AuthRevoked),
            (401, "invalid_client", ErrorKind::Rejected),
            (400, "unauthorized_client", ErrorKind::Rejected),
            (400, "", ErrorKind::Rejected),
            (429, "", throttled),
            (503, "", ErrorKind::Transient),
            (400, "temporarily_unavailable", ErrorKind::Transient),
        ] {
            assert_eq!(refusal(status, error, None), expected, "{status} {error}");
        }
    }
}
