//! What another program of the same user does to the mailbox, and sees in it.

use http::Method;
use serde_json::{Value, json};

use crate::World;
use crate::bench::ANNA;

impl World {
    /// A request with Anna's own token, below Graph's version; the answer's status and body.
    pub(crate) async fn other(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let mut request = self.http.request(method, format!("{}/v1.0{path}", self.tenant.url()));
        request = request.bearer_auth(format!("sim-{ANNA}")).header("prefer", r#"IdType="ImmutableId""#);
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

/// What it does to events.
pub(crate) struct Calendar<'a>(pub(crate) &'a World);

impl Calendar<'_> {
    /// What it made.
    pub(crate) async fn make(&self, event: &Value) -> Value {
        let (status, made) = self.0.other(Method::POST, "/me/events", event).await;
        assert_eq!(status, 201, "{made}");
        made
    }

    pub(crate) async fn change(&self, id: &str, change: &Value) -> u16 {
        self.0.other(Method::PATCH, &format!("/me/events/{id}"), change).await.0
    }

    pub(crate) async fn delete(&self, id: &str) -> u16 {
        self.0.other(Method::DELETE, &format!("/me/events/{id}"), &Value::Null).await.0
    }

    /// The ids of a series' dates, in order.
    pub(crate) async fn dates(&self, master: &str) -> Vec<String> {
        let path = format!(
            "/me/events/{master}/instances?startDateTime=2031-01-01T00:00:00Z&endDateTime=2033-01-01T00:00:00Z&$top=500"
        );
        let (_, list) = self.0.other(Method::GET, &path, &Value::Null).await;
        let rows = list["value"].as_array().cloned().unwrap_or_default();
        let mut rows: Vec<(String, String)> = rows
            .iter()
            .map(|row| (row["start"]["dateTime"].as_str().unwrap().to_owned(), row["id"].as_str().unwrap().to_owned()))
            .collect();
        rows.sort();
        rows.into_iter().map(|(_, id)| id).collect()
    }
}

/// From one wall clock of a zone to another.
pub(crate) fn span(start: &str, end: &str, zone: &str) -> Value {
    let at = |time: &str| json!({"dateTime": time, "timeZone": zone});
    json!({"start": at(start), "end": at(end)})
}

/// One object with the properties of all.
pub(crate) fn merged<const N: usize>(parts: [Value; N]) -> Value {
    let parts = parts.into_iter().filter_map(|part| match part {
        Value::Object(properties) => Some(properties),
        _ => None,
    });
    Value::Object(parts.flatten().collect())
}
