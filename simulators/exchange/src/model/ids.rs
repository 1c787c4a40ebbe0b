//! Identifiers: everything that looks random is a digest of what it names.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The bytes of a default id start so that its text starts with `AAMkA`.
const DEFAULT_START: [u8; 4] = [0x00, 0x03, 0x24, 0x00];
/// The bytes of an immutable id start so that its text starts with `AAkALg`.
const IMMUTABLE_START: [u8; 5] = [0x00, 0x09, 0x00, 0x2e, 0x00];
const DEFAULT_BYTES: usize = 113;
const IMMUTABLE_BYTES: usize = 82;
/// A shorter text is no id of Exchange's at all.
const SHORTEST_ID_BYTES: usize = 40;

/// What an id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Kind {
    Event = 1,
    Message = 2,
    Contact = 3,
    Folder = 4,
    Calendar = 5,
    Attachment = 6,
    CalendarGroup = 7,
    ContactFolder = 20,
    TaskList = 21,
    Task = 22,
}

impl Kind {
    /// Whether it holds items; the ids of those that do never change.
    pub(crate) fn is_container(self) -> bool {
        matches!(self, Self::Folder | Self::Calendar | Self::CalendarGroup | Self::ContactFolder | Self::TaskList)
    }
}

/// What a text that should be an id turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// No id at all.
    Malformed,
    /// Well formed, but of another kind or not from here.
    Foreign,
    /// Perhaps the item of this key; the caller compares the whole id.
    Key(u64),
}

pub(crate) fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

pub(crate) fn guid(parts: &[&str]) -> String {
    let hex = hex(&digest(parts));
    format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    ENGINE.encode(bytes)
}

pub(crate) fn encode_bare(bytes: &[u8]) -> String {
    ENGINE.encode(bytes).trim_end_matches('=').to_owned()
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    ENGINE.decode(text).ok()
}

/// The ordinary id: 152 characters, another one for each `generation` (a move makes a new one).
pub(crate) fn default_id(mailbox: &str, kind: Kind, key: u64, generation: u32) -> String {
    let mut bytes = Vec::with_capacity(DEFAULT_BYTES);
    bytes.extend(DEFAULT_START);
    bytes.extend(mailbox.as_bytes());
    bytes.extend([0, 0x46, 0, 0, 0, 0, 0]);
    bytes.extend(&digest(&[mailbox, "container"])[..16]);
    bytes.push(kind as u8);
    bytes.extend(key.to_be_bytes());
    bytes.extend(generation.to_be_bytes());
    let tail = digest(&[mailbox, &key.to_string(), &generation.to_string(), "default"]);
    bytes.extend(tail);
    bytes.extend(tail);
    bytes.truncate(DEFAULT_BYTES);
    encode(&bytes)
}

/// The immutable id: the same while the item is in the mailbox.
pub(crate) fn immutable_id(mailbox: &str, kind: Kind, key: u64) -> String {
    let mut bytes = Vec::with_capacity(IMMUTABLE_BYTES);
    bytes.extend(IMMUTABLE_START);
    bytes.extend(mailbox.as_bytes());
    bytes.push(kind as u8);
    bytes.extend(key.to_be_bytes());
    bytes.extend(digest(&[mailbox, &key.to_string(), "immutable"]));
    encode(&bytes)
}

/// The id of an attachment: its message's id of either form, and more.
pub(crate) fn attachment_id(message_id: &str, number: u32) -> String {
    let mut bytes = decode(message_id).unwrap_or_default();
    bytes.extend([1, 0x12, 0, 0x10, 0]);
    bytes.extend(number.to_be_bytes());
    bytes.extend(&digest(&[message_id, &number.to_string(), "attachment"])[..12]);
    encode(&bytes)
}

/// Finds the key in an id of either form.
pub(crate) fn read(id: &str, kind: Kind) -> Reading {
    let Some(bytes) = decode(id).filter(|bytes| bytes.len() >= SHORTEST_ID_BYTES) else {
        return Reading::Malformed;
    };
    let at = match bytes.len() {
        DEFAULT_BYTES => 63,
        IMMUTABLE_BYTES => 41,
        _ => return Reading::Foreign,
    };
    let key = bytes.get(at + 1..at + 9).and_then(|part| <[u8; 8]>::try_from(part).ok());
    match key {
        Some(key) if bytes.get(at) == Some(&(kind as u8)) => Reading::Key(u64::from_be_bytes(key)),
        _ => Reading::Foreign,
    }
}

/// The change key of an item's version.
pub(crate) fn change_key(mailbox: &str, key: u64, version: u64) -> String {
    let mut bytes = vec![0x0f, 0, 0, 0, 0x16, 0];
    bytes.extend(&digest(&[mailbox, &key.to_string(), "change"])[..12]);
    bytes.extend(version.to_be_bytes());
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAILBOX: &str = "1b44eaf1-6f6d-4ba8-a8a8-8c9a4d1a2b3c";

    #[test]
    fn both_forms_name_the_same_key() {
        let ordinary = default_id(MAILBOX, Kind::Event, 7, 1);
        let immutable = immutable_id(MAILBOX, Kind::Event, 7);
        assert_eq!((ordinary.len(), &ordinary[..5]), (152, "AAMkA"));
        assert!(immutable.starts_with("AAkALg") && immutable.ends_with("=="));
        for id in [&ordinary, &immutable] {
            assert_eq!(read(id, Kind::Event), Reading::Key(7));
            assert_eq!(read(id.trim_end_matches('='), Kind::Event), Reading::Key(7));
            assert_eq!(read(id, Kind::Message), Reading::Foreign);
        }
    }

    #[test]
    fn what_is_no_id_is_malformed() {
        for id in ["", "abc", "not an id at all, but long enough to be one, is it not so?", "AAMk"] {
            assert_eq!(read(id, Kind::Event), Reading::Malformed, "{id}");
        }
        assert_eq!(read(&encode(&[1; 60]), Kind::Event), Reading::Foreign);
    }
}
