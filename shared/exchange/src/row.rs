//! Reading properties of a JSON object that somebody else made.

use serde_json::{Map, Value};

/// What is wrong with an item: which property, never what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem(pub(crate) String);

impl Problem {
    pub(crate) fn missing(name: &str) -> Self {
        Self(format!("{name} is missing"))
    }
}

/// A JSON object; a null property counts as absent.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a>(&'a Map<String, Value>);

impl<'a> Row<'a> {
    pub(crate) fn of(value: &'a Value) -> Result<Self, Problem> {
        value.as_object().map(Self).ok_or_else(|| Problem("it is no object".to_owned()))
    }

    fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn typed<T>(self, name: &str, what: &str, read: impl Fn(&'a Value) -> Option<T>) -> Result<Option<T>, Problem> {
        self.get(name).map(|value| read(value).ok_or_else(|| Problem(format!("{name} is no {what}")))).transpose()
    }

    pub(crate) fn has(self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(crate) fn text(self, name: &str) -> Result<Option<&'a str>, Problem> {
        self.typed(name, "text", Value::as_str)
    }

    /// The text as one's own, empty if absent.
    pub(crate) fn string(self, name: &str) -> Result<String, Problem> {
        Ok(self.text(name)?.unwrap_or_default().to_owned())
    }

    pub(crate) fn flag(self, name: &str) -> Result<Option<bool>, Problem> {
        self.typed(name, "yes or no", Value::as_bool)
    }

    pub(crate) fn whole(self, name: &str) -> Result<Option<i64>, Problem> {
        self.typed(name, "whole number", Value::as_i64)
    }

    pub(crate) fn object(self, name: &str) -> Result<Option<Row<'a>>, Problem> {
        self.typed(name, "object", |value| value.as_object().map(Row))
    }

    /// The list, empty if absent.
    pub(crate) fn list(self, name: &str) -> Result<&'a [Value], Problem> {
        Ok(self.typed(name, "list", |value| value.as_array().map(Vec::as_slice))?.unwrap_or_default())
    }

    pub(crate) fn instant(self, name: &str) -> Result<Option<jiff::Timestamp>, Problem> {
        self.typed(name, "instant", |value| value.as_str()?.parse().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_null_is_absent_and_a_wrong_type_is_a_problem_without_its_value() {
        let value = json!({"a": null, "b": "secret"});
        let row = Row::of(&value).unwrap();
        assert_eq!(row.flag("a"), Ok(None));
        assert_eq!(row.flag("c"), Ok(None));
        assert_eq!(row.flag("b"), Err(Problem("b is no yes or no".into())));
        assert_eq!(row.instant("b"), Err(Problem("b is no instant".into())));
        assert!(Row::of(&json!([])).is_err());
    }
}
