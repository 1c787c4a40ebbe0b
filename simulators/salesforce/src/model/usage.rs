//! The count of API calls in a rolling day.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

const DAY: i64 = 24 * 3600;

/// Calls by the second, since the epoch, in which they came.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Usage(BTreeMap<i64, u64>);

impl Usage {
    pub(crate) fn count(&mut self, calls: u64, now: Timestamp) {
        let second = now.as_second();
        self.0.retain(|counted, _| *counted > second - DAY);
        let counted = self.0.entry(second).or_default();
        *counted = counted.saturating_add(calls);
    }

    pub(crate) fn within_a_day(&self, now: Timestamp) -> u64 {
        self.0.range(now.as_second() - DAY + 1..).fold(0, |sum, (_, calls)| sum.saturating_add(*calls))
    }

    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }
}
