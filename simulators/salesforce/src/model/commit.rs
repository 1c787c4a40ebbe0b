//! When a write is seen: its request commits at once, or as late as is ordered.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Salesforce;

/// How late requests commit.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Commits {
    /// What is ordered for the requests to come that write, one each.
    ordered: VecDeque<Duration>,
    /// How late the running request commits, once it has written.
    #[serde(skip)]
    running: Option<Duration>,
}

impl Commits {
    pub(super) fn begin(&mut self) {
        self.running = None;
    }
}

impl Salesforce {
    /// The next requests that write commit so long after their stamp, one delay for each, whatever
    /// [`Knobs::commit_delay`](super::Knobs::commit_delay) says. All rows of a request commit together.
    pub fn delay_next_commits(&mut self, delays: impl IntoIterator<Item = Duration>) {
        self.commits.ordered.extend(delays);
    }

    /// What is ordered for the next requests that write.
    pub(crate) fn ordered_commits(&self) -> impl Iterator<Item = Duration> {
        self.commits.ordered.iter().copied()
    }

    /// What is written now is seen now: it is no client's doing.
    pub(super) fn commit_at_once(&mut self) {
        self.commits.running = Some(Duration::ZERO);
    }

    /// When what the running request writes is seen.
    pub(super) fn visible_at(&mut self, now: Timestamp) -> Timestamp {
        let usual = self.knobs.commit_delay;
        let commits = &mut self.commits;
        let delay = *commits.running.get_or_insert_with(|| commits.ordered.pop_front().unwrap_or(usual));
        now.checked_add(SignedDuration::try_from(delay).unwrap_or(SignedDuration::ZERO)).unwrap_or(now)
    }
}
