//! The `fields` parameter: which parts of an answer the caller wants.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Selections nested deeper than this are refused.
const DEPTH_LIMIT: usize = 20;

/// Every field name of the answers here; a selection of another one is refused.
const KNOWN: &str = "attachmentId backgroundColor body color data emailAddress expiration filename headers history \
    historyId id internalDate labelIds labelListVisibility labels labelsAdded labelsRemoved message \
    messageListVisibility messages messagesAdded messagesDeleted messagesTotal messagesUnread mimeType name \
    nextPageToken partId parts payload raw resultSizeEstimate size sizeEstimate snippet textColor threadId threads \
    threadsTotal threadsUnread type value";

/// A selection: for each name what is wanted below it; an empty one wants everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection(BTreeMap<String, Selection>);

impl Selection {
    /// Reads `a,b(c,d/e),*`; `Err` is the part that means nothing.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text;
        let mut all = Self::default();
        list(&mut rest, &mut all, 0)?;
        if rest.is_empty() { Ok(all) } else { Err(text.to_owned()) }
    }

    /// The answer without what was not asked for.
    pub(crate) fn cut(&self, value: Value) -> Value {
        if self.0.is_empty() {
            return value;
        }
        match value {
            Value::Array(items) => Value::Array(items.into_iter().map(|item| self.cut(item)).collect()),
            Value::Object(object) => {
                let wildcard = self.0.get("*");
                let mut kept = Map::new();
                for (key, value) in object {
                    if let Some(below) = self.0.get(&key).or(wildcard) {
                        kept.insert(key, below.cut(value));
                    }
                }
                Value::Object(kept)
            }
            other => other,
        }
    }
}

fn list(rest: &mut &str, into: &mut Selection, depth: usize) -> Result<(), String> {
    loop {
        path(rest, into, depth)?;
        match rest.strip_prefix(',') {
            Some(tail) => *rest = tail,
            None => return Ok(()),
        }
    }
}

fn path(rest: &mut &str, into: &mut Selection, depth: usize) -> Result<(), String> {
    let end = rest.find([',', '/', '(', ')']).unwrap_or(rest.len());
    let (name, tail) = rest.split_at(end);
    let name = name.trim();
    let known = name == "*" || KNOWN.split_ascii_whitespace().any(|field| field == name);
    if !known || depth > DEPTH_LIMIT {
        return Err(name.to_owned());
    }
    let below = into.0.entry(name.to_owned()).or_default();
    *rest = tail;
    if let Some(tail) = rest.strip_prefix('/') {
        *rest = tail;
        path(rest, below, depth + 1)?;
    } else if let Some(tail) = rest.strip_prefix('(') {
        *rest = tail;
        list(rest, below, depth + 1)?;
        *rest = rest.strip_prefix(')').ok_or_else(|| name.to_owned())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_selection_keeps_what_it_names() {
        let whole = json!({
            "messages": [{ "id": "1", "threadId": "2" }],
            "payload": { "headers": [{ "name": "a", "value": "b" }], "body": { "size": 1 } },
            "resultSizeEstimate": 1,
        });
        let cases = [
            ("*", whole.clone()),
            ("messages", json!({ "messages": [{ "id": "1", "threadId": "2" }] })),
            ("messages/id,resultSizeEstimate", json!({ "messages": [{ "id": "1" }], "resultSizeEstimate": 1 })),
            ("messages(id)", json!({ "messages": [{ "id": "1" }] })),
            (
                "payload(headers/value,body(size))",
                json!({ "payload": { "headers": [{ "value": "b" }], "body": { "size": 1 } } }),
            ),
            ("messages/*", json!({ "messages": [{ "id": "1", "threadId": "2" }] })),
            ("nextPageToken", json!({})),
        ];
        for (text, expected) in cases {
            assert_eq!(Selection::parse(text).unwrap().cut(whole.clone()), expected, "{text}");
        }
    }

    #[test]
    fn a_selection_that_means_nothing_is_refused() {
        for text in ["", "subject", "messages(", "messages(id", "id)", "id,,id", "messages/", &"parts/".repeat(99)] {
            assert!(Selection::parse(text).is_err(), "{text}");
        }
    }
}
