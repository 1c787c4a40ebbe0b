//! What another program of the same user does to the mailbox, and sees in it.

use http::Method;
use serde_json::Value;
use syncline_ports::Categories;

use crate::World;

impl World {
    /// A request with Anna's own token, below Graph's version; the answer's status and body.
    pub(crate) async fn other(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        if self.vault.grant.lock().unwrap().access_token.is_none() {
            Categories::list(&self.mailbox).await.unwrap();
        }
        let token = self.vault.grant.lock().unwrap().access_token.clone().unwrap();
        let url = format!("{}/v1.0{path}", self.tenant.url());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = client.request(method, url).bearer_auth(token);
        request = request.header("prefer", r#"IdType="ImmutableId""#);
        if !body.is_null() {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
    }

    /// The same, where it has to succeed.
    pub(crate) async fn does(&self, method: Method, path: &str, body: &Value) -> Value {
        let (status, answer) = self.other(method, path, body).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }
}
