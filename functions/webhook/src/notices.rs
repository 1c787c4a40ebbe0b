//! What Graph posts, read tolerantly: a notification without what is needed to believe it is counted as
//! one that cannot be believed, and what is not known is ignored.

use serde_json::Value;
use syncline_core::ids::SubscriptionId;
use syncline_engine::notify::{Notice, Word};

/// A post's notifications.
pub(crate) struct Notices {
    /// Those that can be checked.
    pub(crate) complete: Vec<Notice>,
    /// How many name no subscription or bring no secret.
    pub(crate) incomplete: usize,
}

/// Reads `{"value": [...]}`; `None` if it is something else.
pub(crate) fn read(body: &[u8]) -> Option<Notices> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let entries = body.get("value")?.as_array()?;
    let complete: Vec<_> = entries.iter().filter_map(notice).collect();
    let incomplete = entries.len() - complete.len();
    Some(Notices { complete, incomplete })
}

fn notice(entry: &Value) -> Option<Notice> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    Some(Notice {
        subscription: SubscriptionId::new(text("subscriptionId")?),
        secret: text("clientState")?.to_owned(),
        word: match text("lifecycleEvent") {
            Some("missed") => Word::Missed,
            Some("subscriptionRemoved") => Word::Removed,
            Some("reauthorizationRequired") => Word::Reauthorize,
            // A hint does no harm, and a word that is new to us is one at least.
            Some(_) | None => Word::Changed,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_graph_is_understood_and_new_ones_are_hints() {
        for (entry, expected) in [
            (r#""changeType":"updated","tenantId":"t","resourceData":{"id":"x"}"#, "changed"),
            (r#""lifecycleEvent":"missed""#, "missed"),
            (r#""lifecycleEvent":"subscriptionRemoved""#, "removed"),
            (r#""lifecycleEvent":"reauthorizationRequired""#, "reauthorize"),
            (r#""lifecycleEvent":"fromTheFuture""#, "changed"),
        ] {
            let body = format!(r#"{{"value":[{{"subscriptionId":"s","clientState":"c",{entry}}}]}}"#);
            let notices = read(body.as_bytes()).unwrap();
            let [notice] = notices.complete.as_slice() else {
                panic!("{body}");
            };
            let word = match notice.word {
                Word::Changed => "changed",
                Word::Missed => "missed",
                Word::Removed => "removed",
                Word::Reauthorize => "reauthorize",
            };
            assert_eq!(word, expected, "{body}");
            assert_eq!((notice.subscription.as_str(), notice.secret.as_str()), ("s", "c"));
        }
    }

    #[test]
    fn one_that_cannot_be_checked_is_counted_and_the_others_stay() {
        let body = r#"{"value":[
            {"subscriptionId":"s","clientState":"c"},
            {"subscriptionId":"s"},
            {"clientState":"c"},
            {"subscriptionId":5,"clientState":"c"},
            {"subscriptionId":"s","clientState":null},
            "text", null, []
        ]}"#;
        let notices = read(body.as_bytes()).unwrap();
        assert_eq!((notices.complete.len(), notices.incomplete), (1, 7));
    }

    #[test]
    fn what_is_no_list_of_notifications_is_malformed() {
        for body in ["", "{", "[]", "{}", r#"{"value":null}"#, r#"{"value":{}}"#, "\u{0}"] {
            assert!(read(body.as_bytes()).is_none(), "{body:?}");
        }
        let empty = read(br#"{"value":[]}"#).unwrap();
        assert_eq!((empty.complete.len(), empty.incomplete), (0, 0));
    }
}
