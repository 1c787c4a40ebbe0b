//! Queries that are too much for the service, though nothing is wrong with them.

use serde::{Deserialize, Serialize};

use super::Salesforce;
use super::refusal::Refusal;

/// Why the service gives up a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum QueryBurden {
    /// It runs longer than two minutes: `QUERY_TIMEOUT`.
    #[default]
    #[serde(rename = "QUERY_TIMEOUT")]
    Timeout,
    /// It leads to more people and things than can be looked at: `OPERATION_TOO_LARGE`.
    #[serde(rename = "OPERATION_TOO_LARGE")]
    TooLarge,
}

impl QueryBurden {
    /// The codes, as switches name them.
    pub(crate) const NAMES: &'static [&'static str] = &["QUERY_TIMEOUT", "OPERATION_TOO_LARGE"];

    pub(crate) fn named(name: &str) -> Option<Self> {
        serde_json::from_value(name.into()).ok()
    }

    fn refusal(self) -> Refusal {
        match self {
            Self::Timeout => Refusal::new(400, "QUERY_TIMEOUT", "Your query request was running for too long."),
            Self::TooLarge => Refusal::new(400, "OPERATION_TOO_LARGE", "exceeded 100000 distinct who/what's"),
        }
    }
}

impl Salesforce {
    /// Gives up this query if it is one of the next that are to be.
    pub(crate) fn bear_query(&mut self) -> Result<(), Refusal> {
        let Some(left) = self.knobs.queries_given_up.checked_sub(1) else {
            return Ok(());
        };
        self.knobs.queries_given_up = left;
        Err(self.knobs.query_burden.refusal())
    }
}
