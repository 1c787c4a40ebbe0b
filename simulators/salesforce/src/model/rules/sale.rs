//! Opportunities: what their stage says, and their one primary contact.

use jiff::Timestamp;
use serde_json::json;

use super::{Changes, Salesforce, Values, pointing, put, text, ticked, touch};

/// The stages that every org begins with, and how likely a deal is in each, in percent.
const STAGES: [(&str, f64); 10] = [
    ("Prospecting", 10.0),
    ("Qualification", 10.0),
    ("Needs Analysis", 20.0),
    ("Value Proposition", 50.0),
    ("Id. Decision Makers", 60.0),
    ("Perception Analysis", 70.0),
    ("Proposal/Price Quote", 75.0),
    ("Negotiation/Review", 90.0),
    ("Closed Won", 100.0),
    ("Closed Lost", 0.0),
];

pub(super) fn complete(values: &mut Values, changes: &Changes, old: Option<&Values>) {
    let stage = text(values, "StageName").unwrap_or_default().to_owned();
    put(values, "IsWon", json!(stage == "Closed Won"));
    put(values, "IsClosed", json!(stage.starts_with("Closed")));
    let moved = old.is_none_or(|old| text(old, "StageName") != Some(&stage));
    if moved
        && !changes.contains_key("Probability")
        && let Some((_, likely)) = STAGES.iter().find(|(name, _)| *name == stage)
    {
        put(values, "Probability", json!(likely));
    }
}

/// A new primary contact takes the place of the old one.
pub(super) fn only_primary(org: &mut Salesforce, role: &str, now: Timestamp) {
    if !ticked(org, role, "IsPrimary") {
        return;
    }
    let opportunity = org.store.row(role).map(|row| row.text("OpportunityId").to_owned()).unwrap_or_default();
    for other in pointing(org, "OpportunityContactRole", "OpportunityId", &opportunity) {
        if other != role && ticked(org, &other, "IsPrimary") {
            touch(org, &other, &[("IsPrimary", json!(false))], now);
        }
    }
}
