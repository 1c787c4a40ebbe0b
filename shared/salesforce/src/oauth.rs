//! New access tokens from a refresh token.

use serde_json::Value;
use syncline_ports::{ErrorKind, Grant, GrantVault, PortError};

use crate::Settings;
use crate::client::REQUEST_TIMEOUT;
use crate::trouble::{Effect, garbled, refused};

const OP: &str = "salesforce.token";

/// Asks for an access token and keeps the new grant before anything is done with it: with rotation the
/// old refresh token is dead from here on.
pub(crate) async fn refresh(
    settings: &Settings,
    http: &reqwest::Client,
    vault: &dyn GrantVault,
    grant: &Grant,
) -> Result<Grant, PortError> {
    match ask(settings, http, grant).await {
        Ok(renewed) => {
            vault.save(&renewed).await?;
            Ok(renewed)
        }
        Err(error) if error.kind == ErrorKind::AuthRevoked => {
            // Another worker may have used the refresh token up in the same moment; then the vault
            // already holds the next one, and nobody needs to sign in.
            let kept = vault.load().await?;
            let rotated = kept.refresh_token != grant.refresh_token;
            if rotated && kept.access_token.is_some() { Ok(kept) } else { Err(error) }
        }
        Err(error) => Err(error),
    }
}

async fn ask(settings: &Settings, http: &reqwest::Client, grant: &Grant) -> Result<Grant, PortError> {
    let transport = |error: reqwest::Error| PortError::new(ErrorKind::Transient, OP).because(error.without_url());
    let mut form = vec![
        ("grant_type", "refresh_token"),
        ("refresh_token", grant.refresh_token.as_str()),
        ("client_id", settings.client_id.as_str()),
    ];
    if !settings.client_secret.is_empty() {
        form.push(("client_secret", settings.client_secret.as_str()));
    }
    let url = format!("{}/services/oauth2/token", settings.login_url.trim_end_matches('/'));
    let response = http.post(url).timeout(REQUEST_TIMEOUT).form(&form).send().await.map_err(transport)?;
    let status = response.status().as_u16();
    let bytes = response.bytes().await.map_err(transport)?;
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    tracing::debug!(op = OP, status, "asked Salesforce");
    if status != 200 {
        return Err(refused(OP, status, &body, None, Effect::Read));
    }
    renewed(grant, &body)
}

/// The grant after a refresh: what the answer does not mention stays.
fn renewed(old: &Grant, body: &Value) -> Result<Grant, PortError> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let access_token =
        text("access_token").ok_or_else(|| garbled(OP, Effect::Read, "no access token in the answer"))?;
    Ok(Grant {
        refresh_token: text("refresh_token").unwrap_or_else(|| old.refresh_token.clone()),
        access_token: Some(access_token),
        expires: None,
        instance_url: text("instance_url").or_else(|| old.instance_url.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn old() -> Grant {
        Grant {
            refresh_token: "r1".into(),
            access_token: Some("a1".into()),
            expires: None,
            instance_url: Some("https://one.example".into()),
        }
    }

    #[test]
    fn what_the_answer_does_not_mention_stays() {
        let grant = renewed(&old(), &json!({"access_token": "a2"})).unwrap();
        assert_eq!(grant, Grant { access_token: Some("a2".into()), ..old() });
        let moved = json!({"access_token": "a2", "refresh_token": "r2", "instance_url": "https://two.example"});
        let grant = renewed(&old(), &moved).unwrap();
        assert_eq!((grant.refresh_token.as_str(), grant.instance_url.as_deref()), ("r2", Some("https://two.example")));
        assert_eq!(renewed(&old(), &json!({"token_type": "Bearer"})).unwrap_err().kind, ErrorKind::Transient);
    }
}
