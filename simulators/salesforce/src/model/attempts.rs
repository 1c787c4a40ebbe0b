//! How often something is tried, and when again.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a message is tried again before it is given up.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24);
/// The pause after the first failure; each further one is twice as long.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(15);
/// The longest pause.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(2);

/// When something was first to go, and when it goes next.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Attempts {
    since: Timestamp,
    pub failed: u32,
    next: Timestamp,
    /// When it left, while it is on its way.
    #[serde(skip)]
    pub left: Option<Timestamp>,
}

impl Attempts {
    pub(super) fn from(since: Timestamp) -> Self {
        Self { since, failed: 0, next: since, left: None }
    }

    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.left.is_none() && self.next <= now
    }

    /// Puts it off, or says that it is given up. Pauses begin as it left, however late the failure is heard.
    pub(super) fn fail(&mut self, now: Timestamp) -> bool {
        let pause =
            FIRST_PAUSE.checked_mul(1_i32.checked_shl(self.failed).unwrap_or(i32::MAX)).unwrap_or(LONGEST_PAUSE);
        self.failed = (self.failed + 1).min(30);
        let left = self.left.take().unwrap_or(now);
        self.next = left.checked_add(pause.min(LONGEST_PAUSE)).unwrap_or(now);
        now.duration_since(self.since) < PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_two_hours_and_end_after_a_day() {
        let start: Timestamp = "2031-05-06T09:00:00Z".parse().unwrap();
        let mut attempts = Attempts::from(start);
        let (mut now, mut pauses) = (start, Vec::new());
        while attempts.fail(now) {
            pauses.push(attempts.next.duration_since(now).as_secs());
            now = attempts.next;
            assert!(attempts.is_due(now));
        }
        assert_eq!(pauses[..5], [15, 30, 60, 120, 240]);
        assert!(pauses.iter().all(|pause| *pause <= 7200));
        assert_eq!(pauses.last(), Some(&7200));
        let lasted = now.duration_since(start);
        assert!(lasted >= PATIENCE && lasted < PATIENCE + LONGEST_PAUSE, "{lasted}");
    }

    #[test]
    fn a_failure_heard_late_puts_nothing_off() {
        let start: Timestamp = "2031-05-06T09:00:00Z".parse().unwrap();
        let late: Timestamp = "2031-05-06T10:00:00Z".parse().unwrap();
        let mut attempts = Attempts::from(start);
        attempts.left = Some(start);
        assert!(!attempts.is_due(late), "it is on its way");
        assert!(attempts.fail(late) && attempts.is_due(late));
    }
}
