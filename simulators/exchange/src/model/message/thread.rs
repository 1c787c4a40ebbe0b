//! Conversations: which messages belong together.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;

use crate::model::{Mailbox, ids};

/// The index of a message that begins a conversation: a byte, five of the time, and the conversation.
const HEAD_BYTES: usize = 22;
/// Seconds from the year 1601 to 1970.
const FILETIME_EPOCH: i64 = 11_644_473_600;
/// What mail programs put before the subject of an answer.
const PREFIXES: [&str; 8] = ["re:", "fw:", "fwd:", "aw:", "wg:", "sv:", "vs:", "rv:"];

/// A message's place in its conversation, as `Thread-Index` and `conversationIndex` write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Thread(Vec<u8>);

impl Thread {
    /// The beginning of the conversation of that name.
    pub(crate) fn begin(name: &str, now: Timestamp) -> Self {
        let mut bytes = vec![1];
        bytes.extend(&filetime(now).to_be_bytes()[1..6]);
        bytes.extend(&ids::digest(&["conversation", name])[..16]);
        Self(bytes)
    }

    /// The next message of the conversation.
    pub(crate) fn answer(&self, name: &str, now: Timestamp) -> Self {
        let mut bytes = self.0.clone();
        let passed = filetime(now).to_be_bytes();
        bytes.extend(&passed[2..6]);
        bytes.push(ids::digest(&[name, "answer"])[0]);
        Self(bytes)
    }

    /// Reads base64 of a `Thread-Index` or `conversationIndex`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let compact: String = text.split_ascii_whitespace().collect();
        let bytes = STANDARD.decode(compact).ok()?;
        let whole = bytes.len() >= HEAD_BYTES && (bytes.len() - HEAD_BYTES).is_multiple_of(5);
        whole.then_some(Self(bytes))
    }

    pub(crate) fn index(&self) -> String {
        STANDARD.encode(&self.0)
    }

    /// The conversation's id in a mailbox.
    pub(crate) fn id(&self, mailbox: &str) -> String {
        let mut bytes = vec![0, 4, 0x24, 0];
        bytes.extend(mailbox.as_bytes());
        bytes.extend([0, 0x10, 0]);
        bytes.extend(self.0.get(6..HEAD_BYTES).unwrap_or_default());
        ids::encode(&bytes)
    }

    /// Finds the conversation of an arriving message: by its own index, by the messages it refers to, by
    /// the subject it answers, or else it begins one.
    pub(crate) fn find(mailbox: &Mailbox, letter: &Clues<'_>, now: Timestamp) -> Self {
        if let Some(thread) = letter.index.and_then(Self::read) {
            return thread;
        }
        let of = |field: &str, wanted: &dyn Fn(&str) -> bool| {
            let holds =
                |message: &&super::Message| message.fields.get(field).and_then(Value::as_str).is_some_and(wanted);
            let message = mailbox.messages.values().rev().find(holds)?;
            message.fields.get("conversationIndex").and_then(Value::as_str).and_then(Self::read)
        };
        if let Some(root) = letter.references.first() {
            // The latest reference is the message that is answered.
            let known = letter.references.iter().rev().find_map(|id| of("internetMessageId", &|other| other == id));
            return known.unwrap_or_else(|| Self::begin(root, now)).answer(letter.message_id, now);
        }
        let topic = topic(letter.subject);
        if topic.len() < letter.subject.trim().len() && !topic.is_empty() {
            let same = |other: &str| self::topic(other).eq_ignore_ascii_case(topic);
            if let Some(known) = of("subject", &same) {
                return known.answer(letter.message_id, now);
            }
        }
        Self::begin(letter.message_id, now)
    }
}

/// What tells an arriving message's conversation.
pub(crate) struct Clues<'a> {
    /// `Thread-Index`.
    pub(crate) index: Option<&'a str>,
    /// `References`, then `In-Reply-To`: message ids in angle brackets.
    pub(crate) references: &'a [String],
    pub(crate) subject: &'a str,
    pub(crate) message_id: &'a str,
}

/// The subject without what answers put before it.
pub(crate) fn topic(subject: &str) -> &str {
    let mut rest = subject.trim();
    loop {
        let cut = PREFIXES.iter().find_map(|prefix| {
            let start = rest.get(..prefix.len())?;
            start.eq_ignore_ascii_case(prefix).then(|| rest.get(prefix.len()..).unwrap_or_default().trim_start())
        });
        match cut {
            Some(shorter) => rest = shorter,
            None => return rest,
        }
    }
}

fn filetime(at: Timestamp) -> u64 {
    u64::try_from((at.as_second() + FILETIME_EPOCH) * 10_000_000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_read_back_and_keeps_its_conversation() {
        let now = "2026-10-01T09:00:00Z".parse().unwrap();
        let first = Thread::begin("<a@x>", now);
        let second = first.answer("<b@x>", now);
        assert_eq!(Thread::read(&second.index()), Some(second.clone()));
        assert_eq!((first.index().len(), first.id("m")), (32, second.id("m")));
        assert_ne!(first.id("m"), Thread::begin("<c@x>", now).id("m"));
        assert_eq!(Thread::read("AAAA"), None);
    }

    #[test]
    fn topics_lose_their_prefixes() {
        for (subject, expected) in [("Re: AW:  Plan", "Plan"), ("Plan: re", "Plan: re"), ("FW:", ""), ("ré", "ré")] {
            assert_eq!(topic(subject), expected);
        }
    }
}
