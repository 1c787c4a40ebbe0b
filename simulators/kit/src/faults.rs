//! Failures on order.

use std::time::Duration;

use crate::message::Request;

/// What goes wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answered with this status instead of being carried out.
    FailBefore(u16),
    /// The same, with `Retry-After`.
    Refuse {
        /// The status.
        status: u16,
        /// Seconds to wait.
        retry_after: u32,
    },
    /// Carried out, then answered with this status: the effect is there and the answer is lost.
    FailAfter(u16),
    /// Refused as throttled, with `Retry-After` in seconds.
    Throttle {
        /// Seconds to wait.
        retry_after: u32,
    },
    /// Carried out, but the answer comes only after this long: longer than a client waits.
    Timeout(Duration),
    /// Carried out and answered, late.
    Latency(Duration),
    /// Not carried out, and the connection is closed without an answer.
    Drop,
    /// Carried out, and the connection is closed without an answer.
    DropAfter,
}

/// Which requests a fault befalls.
#[derive(Clone, Debug)]
pub struct FaultRule {
    /// Only this method; any if `None`.
    pub method: Option<http::Method>,
    /// Only targets (path, and query after a `?`) that contain this text, percent-encoded as sent.
    pub target_contains: String,
    /// The first matching request it befalls, counted from 1.
    pub nth: u32,
    /// How many matching requests from there on.
    pub times: u32,
    /// What happens to them.
    pub fault: Fault,
}

impl FaultRule {
    /// The fault befalls the `nth` request of any kind (from 1), once.
    pub fn on_request(nth: u32, fault: Fault) -> Self {
        Self { method: None, target_contains: String::new(), nth, times: 1, fault }
    }

    /// The fault befalls the first request of that method whose target contains the text, once.
    pub fn on(method: http::Method, target_contains: &str, fault: Fault) -> Self {
        Self { method: Some(method), target_contains: target_contains.to_owned(), nth: 1, times: 1, fault }
    }

    /// The same, for `times` matching requests in a row.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// The same, from the `nth` matching request on (from 1).
    #[must_use]
    pub fn nth(mut self, nth: u32) -> Self {
        self.nth = nth;
        self
    }

    /// The number of the first matching request it leaves alone again.
    fn end(&self) -> u32 {
        self.nth.max(1).saturating_add(self.times)
    }
}

/// The faults that are still to come.
#[derive(Debug, Default)]
pub struct FaultPlan {
    rules: Vec<(FaultRule, u32)>,
}

impl FaultPlan {
    /// Adds a rule; its count starts now. The first rule that strikes wins.
    pub fn add(&mut self, rule: FaultRule) {
        self.rules.push((rule, 0));
    }

    /// Drops all rules.
    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// The rules that are not spent, in the order added, each with how many requests it has matched.
    pub fn rules(&self) -> impl Iterator<Item = (&FaultRule, u32)> {
        self.rules.iter().map(|(rule, seen)| (rule, *seen))
    }

    /// Drops the rules of some faults.
    pub fn remove(&mut self, faults: impl Fn(&Fault) -> bool) {
        self.rules.retain(|(rule, _)| !faults(&rule.fault));
    }

    /// Counts the request against every rule and says what befalls it.
    pub(crate) fn strike(&mut self, request: &Request) -> Option<Fault> {
        let mut struck = None;
        for (rule, seen) in &mut self.rules {
            if !request.is_target(rule.method.as_ref(), &rule.target_contains) {
                continue;
            }
            *seen = seen.saturating_add(1);
            if struck.is_none() && *seen >= rule.nth && *seen < rule.end() {
                struck = Some(rule.fault.clone());
            }
        }
        self.rules.retain(|(rule, seen)| *seen < rule.end() - 1);
        struck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(target: &str) -> Request {
        Request::new(http::Method::GET, target, "http://h")
    }

    #[test]
    fn a_rule_strikes_from_the_nth_match_for_its_times_and_is_spent() {
        let mut plan = FaultPlan::default();
        plan.add(FaultRule::on(http::Method::GET, "/events", Fault::FailAfter(504)).nth(2).times(2));
        let seen: Vec<bool> = ["/events", "/other", "/events", "/events?x", "/events"]
            .iter()
            .map(|target| plan.strike(&get(target)).is_some())
            .collect();
        assert_eq!(seen, [false, false, true, true, false]);
        assert_eq!(plan.rules().count(), 0);
    }

    #[test]
    fn the_first_rule_wins_and_the_others_still_count() {
        let mut plan = FaultPlan::default();
        plan.add(FaultRule::on_request(1, Fault::FailBefore(503)));
        plan.add(FaultRule::on_request(2, Fault::Throttle { retry_after: 3 }));
        assert_eq!(plan.strike(&get("/a")), Some(Fault::FailBefore(503)));
        assert_eq!(plan.strike(&get("/a")), Some(Fault::Throttle { retry_after: 3 }));
        assert_eq!(plan.strike(&get("/a")), None);
    }
}
