//! Requests to Graph.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use syncline_ports::{Clock, ErrorKind, GrantVault, PortError};
use tokio::sync::Semaphore;

use crate::failure::{self, Purpose, Refusal};
use crate::oauth::SignIn;
use crate::settings::{Settings, SignInAs};

/// How long a request may take.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Requests under way at once: Outlook's limit per app and mailbox (Graph throttling limits, Outlook service).
pub const IN_FLIGHT: u32 = 4;
/// What is asked of every answer.
pub(crate) const PREFER: &str = r#"IdType="ImmutableId", outlook.timezone="UTC", outlook.body-content-type="text""#;

/// Speaks to Graph for one mailbox.
pub(crate) struct Client {
    http: reqwest::Client,
    graph_url: String,
    /// What stands for `/me`; see [`Client::own`].
    root: String,
    sign_in: SignIn,
    places: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
}

/// One request.
pub(crate) struct Ask<'a> {
    /// What is being done, for errors and logs.
    pub(crate) op: &'static str,
    pub(crate) purpose: Purpose,
    pub(crate) method: Method,
    /// The whole URL; see [`Client::url`].
    pub(crate) url: String,
    pub(crate) body: Option<&'a Value>,
    /// How many rows a page shall have.
    pub(crate) page_size: Option<u32>,
    /// How many of the requests in flight it counts as.
    pub(crate) places: u32,
}

struct Answer {
    status: u16,
    retry_after: Option<Duration>,
    body: Vec<u8>,
}

impl Client {
    pub(crate) fn new(
        settings: Settings,
        http: reqwest::Client,
        vault: Arc<dyn GrantVault>,
        clock: Arc<dyn Clock>,
        address: &str,
    ) -> Self {
        let graph_url = settings.graph_url.trim_end_matches('/').to_owned();
        let root = match settings.sign_in {
            SignInAs::User => "/me".to_owned(),
            SignInAs::Application => {
                format!("/users/{}", percent_encoding::utf8_percent_encode(address, UNSAFE_IN_ADDRESS))
            }
        };
        Self {
            places: places_of(format!("{graph_url} {address}")),
            graph_url,
            root,
            sign_in: SignIn::new(http.clone(), settings, vault, Arc::clone(&clock)),
            http,
            clock,
        }
    }

    /// A path as this sign-in has to say it. Paths are written as the user's own (`/me/events`); the
    /// application names the user instead (`/users/anna@northwind.example/events`). Others stay.
    pub(crate) fn own(&self, path: &str) -> String {
        rooted(&self.root, path)
    }

    /// The URL of a path below Graph's version, such as `/me/events`.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{}", self.graph_url, self.own(path))
    }

    /// A plain request.
    pub(crate) async fn send(
        &self,
        op: &'static str,
        purpose: Purpose,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, PortError> {
        self.ask(&Ask { op, purpose, method, url: self.url(path), body, page_size: None, places: 1 }).await
    }

    /// Makes the request and gives back the body of a success; null if it has none. A short throttle is
    /// waited out once.
    pub(crate) async fn ask(&self, ask: &Ask<'_>) -> Result<Value, PortError> {
        let closed = |error| PortError::new(ErrorKind::Transient, ask.op).because(error);
        let _places = self.places.acquire_many(ask.places).await.map_err(closed)?;
        let mut answer = self.signed_in(ask).await?;
        if let Some(wait) = answer.as_ref().err().and_then(|refusal| refusal.short_wait(ask.purpose)) {
            self.wait(ask.op, wait).await;
            answer = self.signed_in(ask).await?;
        }
        answer.map_err(|refusal| refusal.into_error(ask.purpose, ask.op))
    }

    pub(crate) async fn wait(&self, op: &'static str, time: Duration) {
        tracing::debug!(op, seconds = time.as_secs(), "throttled");
        self.clock.sleep(time).await;
    }

    async fn signed_in(&self, ask: &Ask<'_>) -> Result<Result<Value, Refusal>, PortError> {
        let token = self.sign_in.token().await?;
        let mut answer = self.once(ask, &token).await?;
        if answer.status == 401 {
            // Tokens end early, and good ones are refused now and then: once more with another one.
            let token = self.sign_in.instead_of(&token).await?;
            answer = self.once(ask, &token).await?;
        }
        let body = if answer.body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&answer.body) };
        if !(200..300).contains(&answer.status) {
            let body = body.unwrap_or(Value::Null);
            return Ok(Err(Refusal::new(answer.status, answer.retry_after, &body)));
        }
        body.map(Ok).map_err(|error| {
            let cause = format!("the answer is no JSON (line {}, column {})", error.line(), error.column());
            PortError::new(ask.purpose.unanswered(), ask.op).because(cause)
        })
    }

    async fn once(&self, ask: &Ask<'_>, token: &str) -> Result<Answer, PortError> {
        let lost =
            |error: reqwest::Error| PortError::new(ask.purpose.unanswered(), ask.op).because(error.without_url());
        let prefer = match ask.page_size {
            Some(rows) => format!("{PREFER}, odata.maxpagesize={rows}"),
            None => PREFER.to_owned(),
        };
        let mut request = self.http.request(ask.method.clone(), &ask.url).bearer_auth(token);
        request = request.header("prefer", prefer).timeout(REQUEST_TIMEOUT);
        if let Some(body) = ask.body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(lost)?;
        let status = response.status().as_u16();
        let wait = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let retry_after = wait.and_then(failure::retry_after);
        let body = response.bytes().await.map_err(lost)?.to_vec();
        tracing::debug!(op = ask.op, status, "answered");
        Ok(Answer { status, retry_after, body })
    }
}

fn rooted(root: &str, path: &str) -> String {
    match path.strip_prefix("/me") {
        Some(rest) if rest.starts_with('/') => format!("{root}{rest}"),
        _ => path.to_owned(),
    }
}

/// The places of a mailbox, shared by all in this process who speak to it: sessions of mail and calendar
/// run at the same time, and Outlook counts them together.
fn places_of(mailbox: String) -> Arc<Semaphore> {
    static OPEN: Mutex<BTreeMap<String, Weak<Semaphore>>> = Mutex::new(BTreeMap::new());
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(places) = open.get(&mailbox).and_then(Weak::upgrade) {
        return places;
    }
    open.retain(|_, places| places.strong_count() > 0);
    let places = Arc::new(Semaphore::new(IN_FLIGHT as usize));
    open.insert(mailbox, Arc::downgrade(&places));
    places
}

/// A value for a path segment or a query, percent-encoded.
pub(crate) fn encoded(text: &str) -> percent_encoding::PercentEncode<'_> {
    percent_encoding::utf8_percent_encode(text, UNSAFE)
}

/// Everything but RFC 3986's unreserved characters.
const UNSAFE: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The same, but for the sign that an address has and a path may have.
const UNSAFE_IN_ADDRESS: &percent_encoding::AsciiSet = &UNSAFE.remove(b'@');

/// An instant as Graph's queries and bodies take it, to the second.
pub(crate) fn instant(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_users_own_is_said_as_the_sign_in_has_to() {
        for (path, user, application) in [
            ("/me/events/1?x", "/me/events/1?x", "/users/a@b/events/1?x"),
            ("/me/messages", "/me/messages", "/users/a@b/messages"),
            ("/subscriptions/1", "/subscriptions/1", "/subscriptions/1"),
            ("/$batch", "/$batch", "/$batch"),
            ("/mellow", "/mellow", "/mellow"),
        ] {
            assert_eq!((rooted("/me", path).as_str(), rooted("/users/a@b", path).as_str()), (user, application));
        }
    }

    #[test]
    fn everybody_who_speaks_to_a_mailbox_shares_its_places() {
        let one = places_of("graph a".into());
        assert!(Arc::ptr_eq(&one, &places_of("graph a".into())));
        assert!(!Arc::ptr_eq(&one, &places_of("graph b".into())));
        let held = one.try_acquire_many(IN_FLIGHT).unwrap();
        assert!(places_of("graph a".into()).try_acquire().is_err());
        drop(held);
        drop(one);
        assert_eq!(places_of("graph a".into()).available_permits(), IN_FLIGHT as usize);
    }
}
