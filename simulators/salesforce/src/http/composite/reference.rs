//! `@{a.id}`: what an earlier part answered, in the address or the body of a later one.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// From this version on a reference to a field that is null gives null; before, it leads nowhere.
const NULLS_SINCE: u32 = 52;

/// The answers of the parts that went well, by their names.
#[derive(Debug)]
pub(super) struct Known {
    answers: BTreeMap<String, Value>,
    nulls: bool,
}

impl Known {
    pub(super) fn new(version: u32) -> Self {
        Self { answers: BTreeMap::new(), nulls: version >= NULLS_SINCE }
    }

    pub(super) fn learn(&mut self, name: &str, answer: Value) {
        self.answers.insert(name.to_owned(), answer);
    }

    /// A body with every reference in it filled, at any depth; or why one cannot be.
    pub(super) fn fill(&self, value: Value) -> Result<Value, String> {
        match value {
            Value::String(text) => match alone(&text) {
                // A reference that is the whole value keeps its type.
                Some(reference) => self.look_up(reference).cloned(),
                None => self.fill_text(&text, |value| value).map(Value::String),
            },
            Value::Array(items) => items.into_iter().map(|item| self.fill(item)).collect(),
            Value::Object(fields) => {
                let fields = fields.into_iter().map(|(name, value)| Ok((name, self.fill(value)?)));
                fields.collect::<Result<Map<_, _>, String>>().map(Value::Object)
            }
            other => Ok(other),
        }
    }

    /// The same for an address, in which a value must not end a part of it.
    pub(super) fn fill_url(&self, url: &str) -> Result<String, String> {
        self.fill_text(url, |value| {
            ["%", "&", "+", "#", "?", " "]
                .iter()
                .fold(value, |value, letter| value.replace(letter, &format!("%{:02X}", letter.as_bytes()[0])))
        })
    }

    fn fill_text(&self, text: &str, escape: impl Fn(String) -> String) -> Result<String, String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, reference, after)) = next(rest) {
            filled.push_str(before);
            let value = match self.look_up(reference)? {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            filled.push_str(&escape(value));
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// The value of `ref.records[0].Id`.
    fn look_up(&self, reference: &str) -> Result<&Value, String> {
        let name = name_of(reference);
        let missing = || format!("Invalid reference specified. No value for {reference} found in {name}");
        let path = reference.get(name.len()..).filter(|path| !path.is_empty()).ok_or_else(missing)?;
        let mut value = self.answers.get(name).ok_or_else(missing)?;
        for step in path.split(['.', '[', ']']).filter(|step| !step.is_empty()) {
            let next = match value {
                Value::Array(items) => step.parse::<usize>().ok().and_then(|place| items.get(place)),
                Value::Object(fields) => fields.get(step),
                _ => None,
            };
            value = next.ok_or_else(missing)?;
        }
        match value {
            Value::Array(_) | Value::Object(_) => Err(missing()),
            Value::Null if !self.nulls => Err(missing()),
            value => Ok(value),
        }
    }
}

/// What stands before the next reference, the reference, and what stands behind it.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, tail) = text.split_once("@{")?;
    let (reference, after) = tail.split_once('}')?;
    Some((before, reference.trim(), after))
}

/// The reference that is all of a text.
fn alone(text: &str) -> Option<&str> {
    next(text).filter(|(before, _, after)| before.is_empty() && after.is_empty()).map(|(_, reference, _)| reference)
}

/// The name of the part that a reference is to.
fn name_of(reference: &str) -> &str {
    reference.split(['.', '[']).next().unwrap_or(reference)
}

/// The names of all parts that a text refers to.
pub(super) fn names(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, reference, after) = next(rest)?;
        rest = after;
        Some(name_of(reference))
    })
}
