//! HTTP: one request and its answer, signed in.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::Value;
use syncline_core::ids::RemoteId;
use syncline_ports::{Clock, ErrorKind, Grant, GrantVault, PortError};
use tokio::sync::Mutex;

use crate::budget::{self, Purpose};
use crate::oauth::Door;
use crate::org::Org;
use crate::trouble::{Effect, code_of, garbled, refused};
use crate::{Account, Settings};

/// How long an answer may take.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// A token that was refused so soon after it was made is not replaced again.
const FRESH_TOKEN: SignedDuration = SignedDuration::from_secs(60);
/// How many pages of one query are read in one go; a query that needs more asks for too much, and is refused
/// here. What grows with time is read page by page instead: see [`crate::follow`].
const QUERY_PAGES: usize = 20;
/// How long an answer may be. Salesforce's own pages of the longest texts stay well below.
const ANSWER_BYTES: usize = 64 << 20;

/// Headers of a request.
pub(crate) type Headers = Vec<(&'static str, String)>;

/// A request.
#[derive(Debug)]
pub(crate) struct Call {
    /// A dotted name, for errors and logs.
    pub(crate) op: &'static str,
    /// How.
    pub(crate) method: Method,
    /// From the root of the instance.
    pub(crate) path: String,
    /// The query string's parameters.
    pub(crate) query: Vec<(&'static str, String)>,
    /// What is sent.
    pub(crate) body: Option<Value>,
    /// Besides those every request has.
    pub(crate) headers: Headers,
    /// Whether it changes something.
    pub(crate) effect: Effect,
    /// Whether somebody waits for it.
    pub(crate) purpose: Purpose,
}

impl Call {
    /// A look at something.
    pub(crate) fn get(op: &'static str, path: String) -> Self {
        let (method, effect, purpose) = (Method::GET, Effect::Read, Purpose::Pressing);
        Self { op, method, path, query: Vec::new(), body: None, headers: Vec::new(), effect, purpose }
    }

    /// A body that is sent.
    pub(crate) fn post(op: &'static str, path: String, body: Value, effect: Effect) -> Self {
        Self { method: Method::POST, body: Some(body), effect, ..Self::get(op, path) }
    }

    /// The same with these headers.
    pub(crate) fn headed(self, headers: &[(&'static str, &str)]) -> Self {
        Self { headers: headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(), ..self }
    }
}

/// A successful answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The server's time when it answered.
    pub(crate) date: Option<Timestamp>,
    /// When what it shows was last changed, in the server's own words.
    pub(crate) last_modified: Option<String>,
    /// The body; null if there is none.
    pub(crate) body: Value,
}

/// A page of a query.
#[derive(Debug)]
pub(crate) struct QueryPage {
    /// Its records.
    pub(crate) records: Vec<Value>,
    /// Where the next page is.
    pub(crate) next: Option<String>,
    /// The server's time when it answered.
    pub(crate) date: Option<Timestamp>,
}

#[derive(Clone)]
struct Bearer {
    token: String,
    instance_url: String,
    made: Option<Timestamp>,
}

enum Raw {
    Answered(Answer),
    SessionRefused(PortError),
}

/// Signed in as one user.
pub(crate) struct Client {
    settings: Settings,
    http: reqwest::Client,
    vault: Arc<dyn GrantVault>,
    clock: Arc<dyn Clock>,
    org: Arc<Org>,
    account: Account,
    bearer: Mutex<Option<Bearer>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Client").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Client {
    pub(crate) fn new(
        settings: Settings,
        http: reqwest::Client,
        vault: Arc<dyn GrantVault>,
        clock: Arc<dyn Clock>,
        org: Arc<Org>,
        account: Account,
    ) -> Self {
        Self { settings, http, vault, clock, org, account, bearer: Mutex::default() }
    }

    /// Who is signed in.
    pub(crate) fn user(&self) -> &RemoteId {
        &self.account.user
    }

    /// What the users of the org share.
    pub(crate) fn org(&self) -> &Org {
        &self.org
    }

    /// This machine's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The API's version.
    pub(crate) fn version(&self) -> &str {
        &self.settings.api_version
    }

    /// A path below the API's version.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/services/data/{}/{rest}", self.settings.api_version)
    }

    /// Sends a request; after a 401 once more with a new token.
    pub(crate) async fn send(&self, call: Call) -> Result<Answer, PortError> {
        let share = self.settings.budget_percent;
        if let Err(after) = self.org.budget().verdict(call.purpose, self.clock.now(), share) {
            let error = PortError::new(ErrorKind::Throttled { after }, call.op);
            return Err(error.because("the budget of requests is used up"));
        }
        let bearer = self.bearer().await?;
        match self.once(&call, &bearer).await? {
            Raw::Answered(answer) => Ok(answer),
            Raw::SessionRefused(_) => {
                let bearer = self.renewed(&bearer).await?;
                match self.once(&call, &bearer).await? {
                    Raw::Answered(answer) => Ok(answer),
                    Raw::SessionRefused(error) => Err(error),
                }
            }
        }
    }

    async fn once(&self, call: &Call, bearer: &Bearer) -> Result<Raw, PortError> {
        let lost =
            |error: reqwest::Error| PortError::new(call.effect.unanswered(), call.op).because(error.without_url());
        let url = format!("{}{}", bearer.instance_url.trim_end_matches('/'), call.path);
        let mut request =
            self.http.request(call.method.clone(), url).timeout(REQUEST_TIMEOUT).bearer_auth(&bearer.token);
        request = request.header("Sforce-Call-Options", "client=Syncline");
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        if !call.query.is_empty() {
            request = request.query(&call.query);
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(lost)?;
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let date = header("date").and_then(|text| jiff::fmt::rfc2822::parse(&text).ok()).map(|date| date.timestamp());
        let retry_after = header("retry-after").and_then(|text| text.parse().ok()).map(Duration::from_secs);
        let last_modified = header("last-modified");
        if let Some(usage) = header("sforce-limit-info").as_deref().and_then(budget::usage) {
            self.org.budget().hear(usage, self.clock.now());
        }
        let bytes = whole(response).await.map_err(lost)?;
        let bytes = bytes.ok_or_else(|| garbled(call.op, call.effect, "the answer is too long"))?;
        tracing::debug!(op = call.op, status, bytes = bytes.len(), "asked Salesforce");
        if (200..300).contains(&status) || status == 304 {
            let body = if bytes.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&bytes) };
            let body = body.map_err(|_| garbled(call.op, call.effect, "the answer is no JSON"))?;
            return Ok(Raw::Answered(Answer { status, date, last_modified, body }));
        }
        // An error's body may be HTML.
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let error = refused(call.op, status, &body, retry_after, call.effect);
        if status == 401 || code_of(&body) == "INVALID_SESSION_ID" {
            Ok(Raw::SessionRefused(error))
        } else {
            Err(error)
        }
    }

    /// The first page of a query.
    pub(crate) async fn query(&self, op: &'static str, soql: String) -> Result<QueryPage, PortError> {
        self.page(op, self.path("query"), vec![("q", soql)]).await
    }

    /// Some page of a query.
    pub(crate) async fn page(
        &self,
        op: &'static str,
        path: String,
        query: Vec<(&'static str, String)>,
    ) -> Result<QueryPage, PortError> {
        let answer = self.send(Call { query, ..Call::get(op, path) }).await?;
        read_page(op, answer.body, answer.date)
    }

    /// All records of a query that sees archived and deleted records too.
    pub(crate) async fn all_rows(&self, op: &'static str, soql: String) -> Result<Vec<Value>, PortError> {
        let first = self.page(op, self.path("queryAll"), vec![("q", soql)]).await?;
        self.rest(op, first).await
    }

    /// All records of a query.
    pub(crate) async fn rows(&self, op: &'static str, soql: String) -> Result<Vec<Value>, PortError> {
        let first = self.query(op, soql).await?;
        self.rest(op, first).await
    }

    /// The records of a page and of those that follow it: all of them or an error, never a part.
    pub(crate) async fn rest(&self, op: &'static str, first: QueryPage) -> Result<Vec<Value>, PortError> {
        let (mut records, mut next) = (first.records, first.next);
        for _ in 1..QUERY_PAGES {
            let Some(path) = next.take() else { break };
            let page = self.page(op, path, Vec::new()).await?;
            records.extend(page.records);
            next = page.next;
        }
        if next.is_some() {
            return Err(PortError::new(ErrorKind::Rejected, op).code("TOO_MANY_PAGES"));
        }
        Ok(records)
    }

    async fn bearer(&self) -> Result<Bearer, PortError> {
        let mut current = self.bearer.lock().await;
        if let Some(bearer) = &*current {
            return Ok(bearer.clone());
        }
        let grant = self.granted().await?;
        let bearer = match &grant.access_token {
            Some(token) => self.kept(token.clone(), &grant, None),
            None => self.refreshed(&grant).await?,
        };
        *current = Some(bearer.clone());
        Ok(bearer)
    }

    /// Another token than the one refused. Requests that are refused together make one new token.
    async fn renewed(&self, refused: &Bearer) -> Result<Bearer, PortError> {
        let mut current = self.bearer.lock().await;
        if let Some(bearer) = current.as_ref().filter(|bearer| bearer.token != refused.token) {
            return Ok(bearer.clone());
        }
        if refused.made.is_some_and(|made| self.clock.now().duration_since(made) < FRESH_TOKEN) {
            let error = PortError::new(ErrorKind::Transient, "salesforce.token").code("INVALID_SESSION_ID");
            return Err(error.because("a new access token was refused"));
        }
        let grant = self.granted().await?;
        let bearer = match grant.access_token.as_ref().filter(|token| **token != refused.token) {
            Some(token) => self.kept(token.clone(), &grant, None),
            None => self.refreshed(&grant).await?,
        };
        *current = Some(bearer.clone());
        Ok(bearer)
    }

    /// The grant in the vault. Who signs in by assertion needs none.
    async fn granted(&self) -> Result<Grant, PortError> {
        match self.vault.load().await {
            Err(error)
                if self.settings.assertion.is_some()
                    && matches!(error.kind, ErrorKind::AuthRevoked | ErrorKind::Gone) =>
            {
                Ok(Grant { refresh_token: String::new(), access_token: None, expires: None, instance_url: None })
            }
            kept => kept,
        }
    }

    async fn refreshed(&self, grant: &Grant) -> Result<Bearer, PortError> {
        let door = Door { settings: &self.settings, http: &self.http };
        let grant = match &self.settings.assertion {
            Some(key) => {
                let grant = door.assert(key, &self.account.username, self.clock.now(), grant).await?;
                self.vault.save(&grant).await?;
                grant
            }
            None => door.refresh(self.vault.as_ref(), grant).await?,
        };
        let token = grant.access_token.clone().unwrap_or_default();
        Ok(self.kept(token, &grant, Some(self.clock.now())))
    }

    fn kept(&self, token: String, grant: &Grant, made: Option<Timestamp>) -> Bearer {
        let instance_url = grant.instance_url.clone().unwrap_or_else(|| self.settings.login_url.clone());
        Bearer { token, instance_url, made }
    }
}

/// The body of an answer; `None` if it is longer than any that was asked for.
pub(crate) async fn whole(mut response: reqwest::Response) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > ANSWER_BYTES {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Some(bytes))
}

/// Reads a page of a query.
pub(crate) fn read_page(op: &'static str, mut body: Value, date: Option<Timestamp>) -> Result<QueryPage, PortError> {
    let broken = || garbled(op, Effect::Read, "the answer is no page of a query");
    let done = body.get("done").and_then(Value::as_bool).ok_or_else(broken)?;
    let next = body.get("nextRecordsUrl").and_then(Value::as_str).map(str::to_owned);
    let Some(Value::Array(records)) = body.get_mut("records").map(Value::take) else { return Err(broken()) };
    match (done, next) {
        (true, _) => Ok(QueryPage { records, next: None, date }),
        // Only a path of the API is followed: the token goes nowhere else.
        (false, Some(next)) if next.starts_with("/services/data/") => Ok(QueryPage { records, next: Some(next), date }),
        (false, _) => Err(broken()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_page_is_whole_or_none() {
        let page = |body| read_page("op", body, None).map(|page| (page.records.len(), page.next)).ok();
        assert_eq!(page(json!({"done": true, "records": [{}], "totalSize": 1})), Some((1, None)));
        let next = "/services/data/v59.0/query/01g-500";
        assert_eq!(
            page(json!({"done": false, "records": [], "nextRecordsUrl": next})),
            Some((0, Some(next.to_owned())))
        );
        assert_eq!(page(json!({"done": false, "records": []})), None, "a page is missing");
        assert_eq!(page(json!({"done": false, "records": [], "nextRecordsUrl": "https://elsewhere.example/"})), None);
        assert_eq!(page(json!({"done": true})), None);
        assert_eq!(page(Value::Null), None);
    }
}
