//! Requests to Graph.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use syncline_ports::{Clock, ErrorKind, GrantVault, PortError};
use tokio::sync::Semaphore;

use crate::Settings;
use crate::failure::{self, Purpose, Refusal};
use crate::oauth::SignIn;

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
    sign_in: SignIn,
    places: Semaphore,
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
    ) -> Self {
        Self {
            graph_url: settings.graph_url.trim_end_matches('/').to_owned(),
            sign_in: SignIn::new(http.clone(), settings, vault, clock),
            http,
            places: Semaphore::new(IN_FLIGHT as usize),
        }
    }

    /// The URL of a path below Graph's version, such as `/me/events`.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.graph_url)
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

    /// Makes the request and gives back the body of a success; null if it has none.
    pub(crate) async fn ask(&self, ask: &Ask<'_>) -> Result<Value, PortError> {
        let closed = |error| PortError::new(ErrorKind::Transient, ask.op).because(error);
        let _places = self.places.acquire_many(ask.places).await.map_err(closed)?;
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
            return Err(Refusal::new(answer.status, answer.retry_after, &body).into_error(ask.purpose, ask.op));
        }
        body.map_err(|error| {
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

/// A value for a path segment or a query, percent-encoded.
pub(crate) fn encoded(text: &str) -> percent_encoding::PercentEncode<'_> {
    percent_encoding::utf8_percent_encode(text, UNSAFE)
}

/// Everything but RFC 3986's unreserved characters.
const UNSAFE: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// An instant as Graph's queries and bodies take it, to the second.
pub(crate) fn instant(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
