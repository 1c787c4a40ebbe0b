//! How long answers take.

use std::time::Duration;

use http::Method;

use crate::message::Request;

/// How long the answers to some requests take, in machine time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatencyRule {
    /// Only this method; any if `None`.
    pub method: Option<Method>,
    /// Only targets (path, and query after a `?`) that contain this text, percent-encoded as sent.
    pub target_contains: String,
    /// How long.
    pub time: Duration,
}

/// The latency of a simulator: none unless there is a rule.
#[derive(Debug, Default)]
pub struct Latency {
    rules: Vec<LatencyRule>,
}

impl Latency {
    /// Adds a rule in place of one for the same requests; no time takes that one away. Of several that
    /// match a request the last one set counts.
    pub fn set(&mut self, rule: LatencyRule) {
        self.rules.retain(|other| other.method != rule.method || other.target_contains != rule.target_contains);
        if !rule.time.is_zero() {
            self.rules.push(rule);
        }
    }

    /// Answers at once again.
    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// The rules, the one that counts last.
    pub fn rules(&self) -> &[LatencyRule] {
        &self.rules
    }

    pub(crate) fn of(&self, request: &Request) -> Duration {
        let rule = self.rules.iter().rev().find(|rule| request.is_target(rule.method.as_ref(), &rule.target_contains));
        rule.map_or(Duration::ZERO, |rule| rule.time)
    }
}
