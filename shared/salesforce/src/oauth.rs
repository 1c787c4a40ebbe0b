//! Signing in: by the web, by a refresh token, by an assertion. Tokens are kept by the caller's vault.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use syncline_core::ids::RemoteId;
use syncline_ports::{Entropy, ErrorKind, Grant, GrantVault, PortError};

use crate::Settings;
use crate::assertion::{AssertionKey, base64url};
use crate::client::{REQUEST_TIMEOUT, whole};
use crate::trouble::{Effect, garbled, refused};

const OP: &str = "salesforce.token";
/// What is asked for: the API, also while the user is away.
const SCOPE: &str = "api refresh_token";
/// How long an assertion is good. Salesforce takes at most 3 minutes by its own clock, which may be behind ours.
const ASSERTION_LIFE: SignedDuration = SignedDuration::from_mins(2);
/// What Salesforce says of a user whom no administrator has let in.
const NOT_LET_IN: &str = "user hasn't approved this consumer";

/// A sign-in at the browser that was begun. All but the address is kept until the user comes back.
#[derive(Clone)]
pub struct Begun {
    /// Where to send the user's browser.
    pub url: String,
    /// Comes back with the code: it must be the same.
    pub state: String,
    /// Proves that who redeems the code is who asked for it.
    pub verifier: String,
}

/// A sign-in that succeeded.
pub struct SignedIn {
    /// The tokens.
    pub grant: Grant,
    /// Who it is: the user's record.
    pub user: RemoteId,
    /// The org's id.
    pub org: String,
}

/// Begins a sign-in at the browser (web-server flow with PKCE).
pub fn begin(settings: &Settings, redirect_uri: &str, entropy: &dyn Entropy) -> Begun {
    let state = entropy.token();
    let verifier = base64url(&entropy.bytes());
    let challenge = base64url(ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes()).as_ref());
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", &settings.client_id)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("state", &state)
        .append_pair("scope", SCOPE)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256")
        .finish();
    let url = format!("{}/services/oauth2/authorize?{query}", settings.login_url.trim_end_matches('/'));
    Begun { url, state, verifier }
}

/// Redeems the code that the browser brought back. It works once and for some minutes.
pub async fn finish(
    settings: &Settings,
    http: &reqwest::Client,
    code: &str,
    redirect_uri: &str,
    verifier: &str,
) -> Result<SignedIn, PortError> {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", verifier),
    ];
    let body = Door { settings, http }.ask_as_app(&form).await?;
    let nobody = Grant { refresh_token: String::new(), access_token: None, expires: None, instance_url: None };
    let grant = renewed(&nobody, &body)?;
    if grant.refresh_token.is_empty() {
        let error = PortError::new(ErrorKind::Rejected, OP);
        return Err(error.because("the connected app gives no refresh token"));
    }
    let (org, user) = identity(&body).ok_or_else(|| garbled(OP, Effect::Read, "the answer does not say who it is"))?;
    Ok(SignedIn { grant, user, org })
}

/// Gives a grant back: it works no more.
pub async fn revoke(settings: &Settings, http: &reqwest::Client, grant: &Grant) -> Result<(), PortError> {
    let token =
        if grant.refresh_token.is_empty() { grant.access_token.as_deref() } else { Some(&*grant.refresh_token) };
    let Some(token) = token else { return Ok(()) };
    let url = format!("{}/services/oauth2/revoke", settings.login_url.trim_end_matches('/'));
    let (status, body) = posted(http, url, &[("token", token)]).await?;
    // One that works no more already is as good.
    match status {
        200..=299 | 400 => Ok(()),
        _ => Err(refused(OP, status, &body, None, Effect::Read)),
    }
}

/// The token endpoint.
pub(crate) struct Door<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) http: &'a reqwest::Client,
}

impl Door<'_> {
    /// Asks for an access token and keeps the new grant before anything is done with it: with rotation the
    /// old refresh token is dead from here on.
    pub(crate) async fn refresh(&self, vault: &dyn GrantVault, grant: &Grant) -> Result<Grant, PortError> {
        let form = [("grant_type", "refresh_token"), ("refresh_token", grant.refresh_token.as_str())];
        match self.ask_as_app(&form).await.and_then(|body| renewed(grant, &body)) {
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

    /// Asks for an access token by our own word for the user, whom an administrator has let in beforehand.
    pub(crate) async fn assert(
        &self,
        key: &AssertionKey,
        username: &str,
        now: Timestamp,
        grant: &Grant,
    ) -> Result<Grant, PortError> {
        let until = now.saturating_add(ASSERTION_LIFE).unwrap_or(now);
        let audience = self.settings.audience.as_deref().unwrap_or(&self.settings.login_url).trim_end_matches('/');
        let assertion = key.assertion(&self.settings.client_id, username, audience, until);
        let assertion =
            assertion.ok_or_else(|| PortError::new(ErrorKind::Rejected, OP).because("the key does not sign"))?;
        let form = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion.as_str())];
        let (status, body) = self.ask(&form).await?;
        if status == 200 { renewed(grant, &body) } else { Err(assertion_refused(status, &body)) }
    }

    /// Asks the token endpoint with the app's own credentials.
    async fn ask_as_app(&self, form: &[(&str, &str)]) -> Result<Value, PortError> {
        let mut form = form.to_vec();
        form.push(("client_id", &self.settings.client_id));
        if !self.settings.client_secret.is_empty() {
            form.push(("client_secret", &self.settings.client_secret));
        }
        let (status, body) = self.ask(&form).await?;
        if status == 200 { Ok(body) } else { Err(refused(OP, status, &body, None, Effect::Read)) }
    }

    async fn ask(&self, form: &[(&str, &str)]) -> Result<(u16, Value), PortError> {
        let url = format!("{}/services/oauth2/token", self.settings.login_url.trim_end_matches('/'));
        posted(self.http, url, form).await
    }
}

/// Why our word was not taken. One code says that the user is not let in and that the word itself is bad, which
/// it is for every user at once; only the former may block a connection, and only the text tells them apart.
fn assertion_refused(status: u16, body: &Value) -> PortError {
    let error = refused(OP, status, body, None, Effect::Read);
    let is_not_let_in = body.get("error_description").and_then(Value::as_str) == Some(NOT_LET_IN);
    let kind = if error.code == "invalid_grant" && !is_not_let_in { ErrorKind::Forbidden } else { error.kind };
    PortError { kind, ..error }
}

async fn posted(http: &reqwest::Client, url: String, form: &[(&str, &str)]) -> Result<(u16, Value), PortError> {
    let transport = |error: reqwest::Error| PortError::new(ErrorKind::Transient, OP).because(error.without_url());
    let response = http.post(url).timeout(REQUEST_TIMEOUT).form(form).send().await.map_err(transport)?;
    let status = response.status().as_u16();
    let bytes = whole(response).await.map_err(transport)?.unwrap_or_default();
    tracing::debug!(op = OP, status, "asked Salesforce");
    Ok((status, serde_json::from_slice(&bytes).unwrap_or_default()))
}

/// The grant after a refresh: what the answer does not mention stays. The instance is named anew each time,
/// for an org may move.
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

/// Org and user, from `https://login.salesforce.com/id/00D../005..`.
fn identity(body: &Value) -> Option<(String, RemoteId)> {
    let mut segments = body.get("id")?.as_str()?.trim_end_matches('/').rsplit('/');
    let (user, org) = (segments.next()?, segments.next()?);
    (user.starts_with("005") && org.starts_with("00D")).then(|| (org.to_owned(), RemoteId::new(user)))
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

    #[test]
    fn only_a_user_who_is_not_let_in_is_blocked_for_a_word_that_is_not_taken() {
        let kind =
            |code: &str, text: &str| assertion_refused(400, &json!({"error": code, "error_description": text})).kind;
        assert_eq!(kind("invalid_grant", NOT_LET_IN), ErrorKind::AuthRevoked);
        assert_eq!(kind("inactive_user", "user is inactive"), ErrorKind::AuthRevoked);
        assert_eq!(kind("invalid_grant", "invalid assertion"), ErrorKind::Forbidden);
        assert_eq!(kind("invalid_grant", "audience is invalid"), ErrorKind::Forbidden);
        assert_eq!(kind("invalid_client_id", "client identifier invalid"), ErrorKind::Forbidden);
        assert_eq!(assertion_refused(503, &Value::Null).kind, ErrorKind::Transient);
    }

    #[test]
    fn who_signed_in_is_told_by_the_identity() {
        let of = |id: &str| identity(&json!({"id": id}));
        let expected = ("00D1".to_owned(), RemoteId::new("0051"));
        assert_eq!(of("https://login.salesforce.com/id/00D1/0051"), Some(expected));
        assert_eq!(of("https://login.salesforce.com/id/0051"), None);
        assert_eq!(identity(&Value::Null), None);
    }

    struct Fixed;

    impl Entropy for Fixed {
        fn bytes(&self) -> [u8; 32] {
            [7; 32]
        }
    }

    #[test]
    fn the_browser_is_sent_with_a_challenge_that_the_verifier_answers() {
        let begun = begin(&Settings::new("app", "secret"), "https://sync.example/back?x=1", &Fixed);
        let url = url::Url::parse(&begun.url).unwrap();
        assert_eq!((url.host_str(), url.path()), (Some("login.salesforce.com"), "/services/oauth2/authorize"));
        let pair = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        assert_eq!(pair("redirect_uri").as_deref(), Some("https://sync.example/back?x=1"));
        assert_eq!(pair("scope").as_deref(), Some(SCOPE));
        assert_eq!(pair("state").as_ref(), Some(&begun.state));
        let digest = ring::digest::digest(&ring::digest::SHA256, begun.verifier.as_bytes());
        assert_eq!(pair("code_challenge"), Some(base64url(digest.as_ref())));
        assert!(begun.verifier.len() >= 43 && !begun.url.contains(&begun.verifier));
    }
}
