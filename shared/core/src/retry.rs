//! When to try again.

use jiff::{SignedDuration, Timestamp};

/// Tries of one item before it is tried only once an hour (D-32, X-36).
pub const QUICK_TRIES: u32 = 3;
/// Tries of one item in all.
pub const MAX_TRIES: u32 = 50;

/// When an item that failed for now is tried again after so many tries; `None` when enough is enough.
/// `asked` is how long the remote said to wait.
pub fn next_try(now: Timestamp, tries: u32, asked: Option<SignedDuration>) -> Option<Timestamp> {
    let wait = match tries {
        0..QUICK_TRIES => SignedDuration::from_mins(1),
        QUICK_TRIES..MAX_TRIES => SignedDuration::from_mins(60),
        _ => return None,
    };
    now.saturating_add(wait.max(asked.unwrap_or_default())).ok()
}

/// How long a user's sessions pause after so many failures in a row: 1, 2, 4 ... 60 minutes, a fifth
/// more or less by `jitter` (0 to 255) so that a fleet does not come back all at once (D-32).
pub fn back_off(failures: u32, jitter: u8) -> SignedDuration {
    let minutes = 1_i64.checked_shl(failures.saturating_sub(1).min(10)).unwrap_or(60).min(60);
    let fifth = minutes * 60 / 5;
    let shift = fifth * (i64::from(jitter) - 128) / 128;
    SignedDuration::from_secs(minutes * 60 + shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d32_items_are_tried_three_times_then_hourly_then_not_at_all() {
        let now: Timestamp = "2031-03-03T09:00:00Z".parse().unwrap();
        let minutes = |tries, asked| next_try(now, tries, asked).map(|next| next.duration_since(now).as_mins());
        assert_eq!(minutes(0, None), Some(1));
        assert_eq!(minutes(2, None), Some(1));
        assert_eq!(minutes(3, None), Some(60));
        assert_eq!(minutes(49, None), Some(60));
        assert_eq!(minutes(50, None), None);
        assert_eq!(minutes(0, Some(SignedDuration::from_mins(7))), Some(7), "the remote may ask for more");
    }

    #[test]
    fn d32_sessions_back_off_from_one_minute_to_an_hour() {
        let middle: Vec<_> = (1..=9).map(|failures| back_off(failures, 128).as_mins()).collect();
        assert_eq!(middle, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert!(back_off(7, 0) >= SignedDuration::from_mins(48) && back_off(7, 255) <= SignedDuration::from_mins(72));
    }
}
