//! Gmail's JSON, as far as it is read. Absent means empty: Google leaves out what has no value.
//! <https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages>

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Profile {
    pub(crate) history_id: String,
}

/// An answer of `messages.list`. Rows are read one by one, so that a broken one spoils no other.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listing {
    #[serde(default)]
    pub(crate) messages: Vec<Value>,
    #[serde(default)]
    pub(crate) next_page_token: Option<String>,
}

/// An answer of `history.list`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Changes {
    #[serde(default)]
    pub(crate) history: Vec<Value>,
    #[serde(default)]
    pub(crate) next_page_token: Option<String>,
    pub(crate) history_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message {
    #[serde(default)]
    pub(crate) label_ids: Vec<String>,
    /// Milliseconds since 1970, as text.
    pub(crate) internal_date: String,
    pub(crate) payload: Part,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Part {
    #[serde(rename = "partId")]
    pub(crate) id: String,
    pub(crate) mime_type: String,
    pub(crate) filename: String,
    pub(crate) headers: Vec<Header>,
    pub(crate) body: Body,
    pub(crate) parts: Vec<Part>,
}

#[derive(Deserialize)]
pub(crate) struct Header {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) value: String,
}

/// A part's content, or, if it is large, where to get it; also the answer of `attachments.get`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Body {
    pub(crate) data: Option<String>,
    pub(crate) attachment_id: Option<String>,
}

impl Message {
    pub(crate) fn has_label(&self, label: &str) -> bool {
        self.label_ids.iter().any(|id| id == label)
    }
}

impl Part {
    /// The first header of that name, compared without case.
    pub(crate) fn header<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.headers(name).next()
    }

    /// All headers of that name, compared without case, in their order.
    pub(crate) fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.as_str())
    }
}
