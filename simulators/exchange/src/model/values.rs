//! Plain values of a client's JSON, checked for their type.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::unreadable;
use crate::refusal::Refusal;

/// A text, or nothing.
pub(crate) fn read_text(name: &str, value: &Value) -> Result<Option<String>, Refusal> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(unreadable(name)),
    }
}

/// A list of texts; null is the empty one.
pub(crate) fn read_words(name: &str, value: &Value) -> Result<Vec<String>, Refusal> {
    let Some(list) = value.as_array() else {
        return if value.is_null() { Ok(Vec::new()) } else { Err(unreadable(name)) };
    };
    let words = list.iter().map(|word| word.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
    words.ok_or_else(|| unreadable(name))
}

/// One of an enumeration's names, in the case the service writes it.
pub(crate) fn read_choice(name: &str, value: &Value, choices: &[&str]) -> Result<String, Refusal> {
    let text = value.as_str().ok_or_else(|| unreadable(name))?;
    let choice = choices.iter().find(|choice| choice.eq_ignore_ascii_case(text));
    choice
        .map(|choice| (*choice).to_owned())
        .ok_or_else(|| Refusal::unreadable(format!("Requested value '{text}' was not found.")))
}

/// A property that the type does not have.
pub(crate) fn unknown_property(name: &str, type_name: &str) -> Refusal {
    Refusal::unreadable(format!(
        "The property '{name}' does not exist on type '{type_name}'. Make sure to only use property names that are \
         defined by the type or mark the type as open type."
    ))
}

/// Bytes that are saved as base64.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Blob(pub(crate) Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}
