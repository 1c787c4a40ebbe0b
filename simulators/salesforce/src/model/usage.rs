//! The count of API calls in a rolling day.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Calls per hour since the epoch.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Usage(BTreeMap<i64, u64>);

impl Usage {
    pub(crate) fn count(&mut self, calls: u64, now: Timestamp) {
        let hour = now.as_second() / 3600;
        self.0.retain(|counted, _| *counted > hour - 24);
        *self.0.entry(hour).or_default() += calls;
    }

    pub(crate) fn within_a_day(&self, now: Timestamp) -> u64 {
        let hour = now.as_second() / 3600;
        self.0.range(hour - 23..).map(|(_, calls)| calls).sum()
    }
}
