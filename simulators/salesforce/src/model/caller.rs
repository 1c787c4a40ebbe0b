//! For whom a request acts, and how it wants its writes to be done.

use serde::{Deserialize, Serialize};

/// For whom a request acts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Caller {
    /// The user's id.
    pub user: String,
    /// What the request's own headers ask for.
    pub terms: Terms,
    /// What the org does of its own accord on the user's behalf: sharing does not bind it.
    pub unbounded: bool,
}

impl Caller {
    /// The user of that id, without special wishes.
    pub(crate) fn new(user: impl Into<String>) -> Self {
        Self { user: user.into(), ..Self::default() }
    }

    /// The org itself, on the behalf of this caller.
    pub(crate) fn as_org(&self) -> Self {
        Self { unbounded: true, ..self.clone() }
    }
}

/// What the `Sforce-` headers of a request ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    /// The path up to the version, for links in errors.
    pub base: String,
    /// Whether rows are saved that duplicate rules only warn of.
    pub save_duplicates: bool,
    /// Whether duplicates are told with their fields.
    pub duplicates_in_full: bool,
    /// Which assignment rule gives new leads and cases their owner.
    pub assign: Assign,
    /// The name by which the client calls itself.
    pub client: Option<String>,
}

/// What `Sforce-Auto-Assign` asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Assign {
    /// The active rule, as when nothing is said.
    #[default]
    Active,
    /// None.
    Off,
    /// The rule of that id.
    Rule(String),
}

impl Terms {
    /// Reads a header; others than those of Salesforce say nothing.
    pub(crate) fn hear(&mut self, name: &str, value: &str) {
        match name.to_ascii_lowercase().as_str() {
            "sforce-duplicate-rule-header" => {
                self.save_duplicates = says(value, "allowSave");
                self.duplicates_in_full = says(value, "includeRecordDetails");
            }
            "sforce-auto-assign" => {
                let value = value.trim();
                self.assign = if value.eq_ignore_ascii_case("false") {
                    Assign::Off
                } else if value.eq_ignore_ascii_case("true") || value.is_empty() {
                    Assign::Active
                } else {
                    Assign::Rule(value.to_owned())
                };
            }
            "sforce-call-options" => self.client = option(value, "client").map(str::to_owned),
            _ => {}
        }
    }
}

/// The value of `name=value` in a list with commas or semicolons.
fn option<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    header.split([',', ';']).find_map(|option| {
        let (key, value) = option.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn says(header: &str, name: &str) -> bool {
    option(header, name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_heard_in_any_case() {
        let mut terms = Terms::default();
        terms.hear("Sforce-Duplicate-Rule-Header", "allowSave=true; includeRecordDetails = TRUE");
        terms.hear("sforce-call-options", "client=MySync, defaultNamespace=x");
        terms.hear("SFORCE-AUTO-ASSIGN", "FALSE");
        assert!(terms.save_duplicates && terms.duplicates_in_full);
        assert_eq!((terms.client.as_deref(), &terms.assign), (Some("MySync"), &Assign::Off));
        terms.hear("sforce-auto-assign", "01Q000000000001");
        assert_eq!(terms.assign, Assign::Rule("01Q000000000001".to_owned()));
    }
}
