//! When a user's next session is due (D-01).

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::ids::UserId;

/// The next time this user is due: once in every interval, at a point of it that the user's id decides,
/// so that a fleet never fires at once.
pub fn next_due(user: &UserId, interval_minutes: u32, now: Timestamp) -> Timestamp {
    let interval = i64::from(interval_minutes.max(1)) * 60;
    let digest = Sha256::digest(user.as_str().as_bytes());
    let spread = digest.iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    let offset = i64::try_from(spread % interval.unsigned_abs()).unwrap_or_default();
    let second = now.as_second();
    let into = (second - offset).rem_euclid(interval);
    Timestamp::from_second(second.saturating_add(interval - into)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d01_a_user_is_due_once_an_interval_and_a_fleet_spreads_over_it() {
        let now: Timestamp = "2031-03-03T09:00:00Z".parse().unwrap();
        let mut minutes = std::collections::BTreeSet::new();
        for n in 0..300 {
            let user = UserId::new(format!("user-{n}"));
            let first = next_due(&user, 30, now);
            let wait = first.duration_since(now).as_secs();
            assert!((1..=1_800).contains(&wait));
            assert_eq!(next_due(&user, 30, first).duration_since(first).as_secs(), 1_800);
            minutes.insert(wait / 60);
        }
        assert_eq!(minutes.len(), 30, "every minute of the interval has its users");
    }
}
