//! When a function has to be done.

use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};

/// How long before Lambda stops a function its work has to end: enough to finish the page at hand, keep
/// what was done and send the follow-up job.
pub const MARGIN: SignedDuration = SignedDuration::from_secs(15);

/// The deadline for the work of an invocation that Lambda stops at `end`.
pub fn before(end: SystemTime) -> Timestamp {
    Timestamp::try_from(end).and_then(|end| end.checked_sub(MARGIN)).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn work_ends_before_lambda_ends_it() {
        let end = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        assert_eq!(before(end), Timestamp::from_second(985).unwrap());
    }
}
