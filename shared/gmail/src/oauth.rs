//! Access tokens: kept while they work, renewed with the refresh token when they do not.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use syncline_ports::{Clock, Grant, GrantVault, PortError};
use tokio::sync::Mutex;

use crate::Settings;
use crate::client::REQUEST_TIMEOUT;
use crate::failure::{Answer, failure, garbled, lost};

const OP: &str = "google.token";
/// A token with less left than this is renewed before it is used: clocks differ and requests take time.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

pub(crate) struct Tokens {
    settings: Settings,
    http: reqwest::Client,
    vault: Arc<dyn GrantVault>,
    clock: Arc<dyn Clock>,
    /// Locked during a renewal, so that requests side by side share one.
    held: Mutex<Option<Held>>,
}

#[derive(Clone)]
struct Held {
    token: String,
    expires: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Issued {
    access_token: String,
    #[serde(default)]
    expires_in: Option<i64>,
    /// Only with a new consent; a refresh has none and the old one stays good.
    #[serde(default)]
    refresh_token: Option<String>,
}

impl Tokens {
    pub(crate) fn new(
        settings: Settings,
        http: reqwest::Client,
        vault: Arc<dyn GrantVault>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { settings, http, vault, clock, held: Mutex::new(None) }
    }

    /// A token that should work, other than the one just refused. Another process may have renewed it
    /// already: the vault is asked before Google is.
    pub(crate) async fn token(&self, refused: Option<&str>) -> Result<String, PortError> {
        let mut held = self.held.lock().await;
        let now = self.clock.now();
        let works = |held: &Held| {
            refused != Some(held.token.as_str())
                && held.expires.is_none_or(|expires| expires.duration_since(now) > MARGIN)
        };
        if let Some(good) = held.as_ref().filter(|held| works(held)) {
            return Ok(good.token.clone());
        }
        let grant = self.vault.load().await?;
        let kept = grant.access_token.clone().map(|token| Held { token, expires: grant.expires });
        let good = match kept.filter(works) {
            Some(good) => good,
            None => self.renew(grant).await?,
        };
        Ok(held.insert(good).token.clone())
    }

    async fn renew(&self, grant: Grant) -> Result<Held, PortError> {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &grant.refresh_token),
            ("client_id", &self.settings.client_id),
            ("client_secret", &self.settings.client_secret),
        ];
        let request = self.http.post(&self.settings.token_url).form(&form).timeout(REQUEST_TIMEOUT);
        let response = request.send().await.map_err(|cause| lost(OP, cause))?;
        let answer = Answer::read(response).await.map_err(|cause| lost(OP, cause))?;
        tracing::debug!(op = OP, status = answer.status, "answered");
        if !answer.is_success() {
            return Err(failure(OP, &answer, self.clock.now()));
        }
        let issued: Issued = serde_json::from_slice(&answer.body).map_err(|_| garbled(OP))?;
        let lasts = issued.expires_in.map(SignedDuration::from_secs);
        let expires = lasts.and_then(|lasts| self.clock.now().checked_add(lasts).ok());
        let renewed = Grant {
            refresh_token: issued.refresh_token.unwrap_or(grant.refresh_token),
            access_token: Some(issued.access_token.clone()),
            expires,
            instance_url: grant.instance_url,
        };
        self.vault.save(&renewed).await?;
        Ok(Held { token: issued.access_token, expires })
    }
}
