//! Asking Gmail.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use syncline_ports::{Clock, ErrorKind, GrantVault, PortError};
use url::Url;

use crate::Settings;
use crate::failure::{Answer, failure, lost};
use crate::oauth::Tokens;

/// How long one request may take, its answer's body included.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) struct Client {
    http: reqwest::Client,
    root: String,
    address: String,
    tokens: Tokens,
    clock: Arc<dyn Clock>,
}

impl Client {
    pub(crate) fn new(
        settings: Settings,
        http: reqwest::Client,
        vault: Arc<dyn GrantVault>,
        clock: Arc<dyn Clock>,
        address: String,
    ) -> Self {
        let root = settings.gmail_url.clone();
        let tokens = Tokens::new(settings, http.clone(), vault, Arc::clone(&clock));
        Self { http, root, address, tokens, clock }
    }

    /// The body of what is at `path` below the user. After a 401 it asks once more with a new token.
    pub(crate) async fn get(
        &self,
        op: &'static str,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Bytes, PortError> {
        let url = locate(&self.root, &self.address, path, query)
            .map_err(|cause| PortError::new(ErrorKind::Rejected, "gmail.settings").code("gmail_url").because(cause))?;
        let token = self.tokens.token(None).await?;
        let mut answer = self.ask(op, &url, &token).await?;
        if answer.status == 401 {
            let token = self.tokens.token(Some(&token)).await?;
            answer = self.ask(op, &url, &token).await?;
        }
        tracing::debug!(op, status = answer.status, "answered");
        if answer.is_success() { Ok(answer.body) } else { Err(failure(op, &answer, self.clock.now())) }
    }

    async fn ask(&self, op: &'static str, url: &Url, token: &str) -> Result<Answer, PortError> {
        let request = self.http.get(url.clone()).bearer_auth(token).timeout(REQUEST_TIMEOUT);
        let response = request.send().await.map_err(|cause| lost(op, cause))?;
        Answer::read(response).await.map_err(|cause| lost(op, cause))
    }
}

/// The address of a resource of the user's, everything in it percent-encoded.
fn locate(root: &str, address: &str, path: &[&str], query: &[(&str, &str)]) -> Result<Url, String> {
    let mut url = Url::parse(root).map_err(|cause| format!("the configured gmail_url is no URL: {cause}"))?;
    url.path_segments_mut()
        .map_err(|()| "the configured gmail_url cannot have a path".to_owned())?
        .pop_if_empty()
        .extend(["gmail", "v1", "users", address])
        .extend(path);
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_url_is_encoded() {
        let query = [("q", "after:5"), ("historyTypes", "a"), ("historyTypes", "b")];
        let url = locate("http://h:1/", "a/b@x.example", &["messages", "../1?2"], &query).unwrap();
        let expected = "http://h:1/gmail/v1/users/a%2Fb@x.example/messages/..%2F1%3F2\
                        ?q=after%3A5&historyTypes=a&historyTypes=b";
        assert_eq!(url.as_str(), expected);
        assert_eq!(
            locate("http://h", "a@b", &["profile"], &[]).unwrap().as_str(),
            "http://h/gmail/v1/users/a@b/profile"
        );
        assert!(locate("nowhere", "a@b", &["profile"], &[]).is_err());
        assert!(locate("mailto:x", "a@b", &["profile"], &[]).is_err());
    }
}
