//! A request as a model sees it, and its answer.

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// One HTTP request, its parts at hand but nothing decided about them.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method as sent.
    pub method: Method,
    /// The path as sent: still percent-encoded, because `%2F` inside a segment is no separator.
    pub path: String,
    /// The query, percent-decoded (`+` is a space), in the order sent, repeats kept.
    pub query: Vec<(String, String)>,
    /// The query as sent, without the `?`.
    pub raw_query: String,
    /// Headers; names compare without case.
    pub headers: HeaderMap,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// `http://host:port` as the client addressed this server (`https://` if a proxy in front says so in
    /// `X-Forwarded-Proto`), for absolute links in answers.
    pub origin: String,
    /// What the other requests in progress occupy, by the model's names for it (see
    /// [`Model::occupies`](crate::Model::occupies)); told only of what this request occupies too.
    pub alongside: BTreeMap<String, u32>,
}

impl Request {
    /// A request made up in a program (tests, parts of a batch), with no headers or body.
    /// `target` is a path with an optional query.
    pub fn new(method: Method, target: &str, origin: &str) -> Self {
        let (path, raw_query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method,
            path: path.to_owned(),
            query: url::form_urlencoded::parse(raw_query.as_bytes()).into_owned().collect(),
            raw_query: raw_query.to_owned(),
            headers: HeaderMap::new(),
            body: Vec::new(),
            origin: origin.to_owned(),
            alongside: BTreeMap::new(),
        }
    }

    /// Whether it has that method, if one is named, and its path and query as sent contain the text.
    pub(crate) fn is_target(&self, method: Option<&Method>, contains: &str) -> bool {
        if method.is_some_and(|method| *method != self.method) {
            return false;
        }
        self.path.contains(contains)
            || (!self.raw_query.is_empty() && format!("{}?{}", self.path, self.raw_query).contains(contains))
    }

    /// The path's segments, split on `/` first and percent-decoded then; empty ones are left out.
    pub fn segments(&self) -> Vec<String> {
        self.path
            .split('/')
            .filter(|part| !part.is_empty())
            .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
            .collect()
    }

    /// The first query parameter of that name, compared without case.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Every query parameter of that name, compared without case.
    pub fn params<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// A header's value, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The token of `Authorization: Bearer ...`.
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }

    /// The body as text, broken bytes replaced.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body as an HTML form, in the order sent.
    pub fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }
}

/// One HTTP answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// Headers, `Content-Type` among them.
    pub headers: HeaderMap,
    /// The body's bytes; empty for none.
    pub body: Vec<u8>,
}

impl Reply {
    /// An answer without a body. `status` outside 100..=999 becomes 500.
    pub fn empty(status: u16) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: HeaderMap::new(),
            body: Vec::new(),
        }
    }

    /// A JSON answer with `Content-Type: application/json`; a vendor's own variant of the type is set
    /// with [`header`](Self::header).
    pub fn json(status: u16, body: &Value) -> Self {
        let mut reply = Self::empty(status).header("content-type", "application/json");
        reply.body = body.to_string().into_bytes();
        reply
    }

    /// A text answer of the given content type.
    pub fn text(status: u16, content_type: &str, body: impl Into<String>) -> Self {
        let mut reply = Self::empty(status).header("content-type", content_type);
        reply.body = body.into().into_bytes();
        reply
    }

    /// The same with a header set (replacing one of that name). A value that no header can hold is
    /// left out.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The body as JSON, `Null` if it is none.
    pub fn body_json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The content type without parameters.
    pub fn content_type(&self) -> &str {
        let value = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().split(';').next().unwrap_or_default().trim()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_split_before_they_are_decoded() {
        let request = Request::new(Method::GET, "/users/a%40b/x%2Fy//z?$top=5&%24filter=a+eq+%27b%27", "http://h");
        assert_eq!(request.segments(), ["users", "a@b", "x/y", "z"]);
        assert_eq!(request.param("$FILTER"), Some("a eq 'b'"));
    }
}
