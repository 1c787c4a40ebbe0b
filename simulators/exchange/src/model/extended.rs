//! Single-value extended properties: named values that a client keeps on an item.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::refusal::Refusal;

const TYPES: [&str; 9] = ["String", "Integer", "Boolean", "SystemTime", "Double", "Float", "Long", "Short", "CLSID"];

/// The extended properties of one item, by their id in lower case.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Extended(BTreeMap<String, (String, String)>);

/// What an item has whose type knows no extended properties.
pub(super) static NONE: Extended = Extended(BTreeMap::new());

impl Extended {
    /// Takes over the `singleValueExtendedProperties` of a body; a null value removes.
    pub(crate) fn apply(&mut self, list: &Value) -> Result<(), Refusal> {
        let unreadable = || Refusal::unreadable("Cannot read the value of 'singleValueExtendedProperties'.");
        for property in list.as_array().ok_or_else(unreadable)? {
            let id = property.get("id").and_then(Value::as_str).ok_or_else(unreadable)?;
            if !is_valid(id) {
                let message = format!("The extended property id '{id}' is not valid.");
                return Err(Refusal::new(400, "ErrorInvalidExtendedProperty", message));
            }
            let key = canonical(id).to_lowercase();
            match property.get("value") {
                Some(Value::String(value)) => {
                    self.0.insert(key, (id.to_owned(), value.clone()));
                }
                Some(Value::Null) | None => {
                    self.0.remove(&key);
                }
                Some(_) => return Err(unreadable()),
            }
        }
        Ok(())
    }

    /// Every property as `{id, value}`.
    pub(crate) fn list(&self) -> Vec<Value> {
        self.0.values().map(|(id, value)| json!({"id": canonical(id), "value": value})).collect()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&str> {
        self.0.get(&canonical(id).to_lowercase()).map(|(_, value)| value.as_str())
    }

    pub(crate) fn set(&mut self, id: &str, value: String) {
        self.0.insert(canonical(id).to_lowercase(), (id.to_owned(), value));
    }

    pub(crate) fn take(&mut self, id: &str) -> Option<String> {
        self.0.remove(&canonical(id).to_lowercase()).map(|(_, value)| value)
    }
}

/// The id as Exchange tells it back: a tag loses its leading zeros (`String 0x007D` is `String 0x7d`).
pub(crate) fn canonical(id: &str) -> String {
    let tag = id.split_once(' ').and_then(|(kind, tag)| {
        let number = tag.get(2..).filter(|_| tag.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("0x")))?;
        let number = u32::from_str_radix(number, 16).ok()?;
        let kind = TYPES.iter().find(|known| known.eq_ignore_ascii_case(kind)).copied().unwrap_or(kind);
        Some(format!("{kind} 0x{number:x}"))
    });
    tag.unwrap_or_else(|| id.to_owned())
}

/// `String {guid} Name X`, `Integer {guid} Id 0x8214` or `String 0x4001`, the type also as an array.
fn is_valid(id: &str) -> bool {
    let mut words = id.splitn(4, ' ');
    let kind = words.next().unwrap_or_default();
    let kind = kind.strip_suffix("Array").unwrap_or(kind);
    let known = TYPES.iter().any(|known| known.eq_ignore_ascii_case(kind));
    let tag = |text: &str| text.len() > 2 && text.to_ascii_lowercase().starts_with("0x");
    known
        && match (words.next(), words.next(), words.next()) {
            (Some(number), None, None) => tag(number),
            (Some(set), Some(how), Some(name)) => {
                let guid = set.strip_prefix('{').and_then(|set| set.strip_suffix('}'));
                let named = how.eq_ignore_ascii_case("name") && !name.is_empty();
                guid.is_some_and(|guid| guid.len() == 36) && (named || (how.eq_ignore_ascii_case("id") && tag(name)))
            }
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told_back_without_leading_zeros() {
        let cases = [
            ("String 0x007D", "String 0x7d"),
            ("integer 0x0e07", "Integer 0xe07"),
            ("String {A} Name 0x007D", "String {A} Name 0x007D"),
            ("0x007D", "0x007D"),
        ];
        for (id, told) in cases {
            assert_eq!(canonical(id), told);
        }
    }

    #[test]
    fn ids_are_checked() {
        let cases = [
            ("String {66f5a359-4659-4830-9070-00047ec6ac6e} Name CrmId", true),
            ("Boolean {00020329-0000-0000-C000-000000000046} Name DoNotForward", true),
            ("Integer 0x0E07", true),
            ("StringArray {66f5a359-4659-4830-9070-00047ec6ac6e} Name Two Words", true),
            ("String CrmId", false),
            ("Text {66f5a359-4659-4830-9070-00047ec6ac6e} Name CrmId", false),
            ("String {66f5a359} Name CrmId", false),
        ];
        for (id, valid) in cases {
            assert_eq!(is_valid(id), valid, "{id}");
        }
    }
}
