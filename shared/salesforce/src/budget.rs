//! The org's daily allowance of requests, which others use too (D-34).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use syncline_ports::ApiBudget;

use crate::trouble::LIMIT_PAUSE;

/// The part of the budget that is kept for what somebody waits for: idle polling stops before it.
const KEPT_PERCENT: u64 = 10;
/// The allowance is counted over so long.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Whether somebody waits for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Somebody does, or a change does.
    Pressing,
    /// It only asks whether there is something to do.
    Idle,
}

/// What was last heard of the allowance.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Budget {
    heard: Option<Heard>,
}

#[derive(Clone, Copy, Debug)]
struct Heard {
    usage: ApiBudget,
    at: Timestamp,
    /// What was left when this budget began: a share of that may be used.
    left_at_first: u64,
    since: Timestamp,
}

impl Budget {
    /// The allowance, as last heard of.
    pub(crate) fn usage(&self) -> Option<ApiBudget> {
        self.heard.map(|heard| heard.usage)
    }

    /// An answer tells how it stands. The budget begins anew each day, and when more is left than it began
    /// with: the allowance comes back little by little.
    pub(crate) fn hear(&mut self, usage: ApiBudget, at: Timestamp) {
        let goes_on = self.heard.filter(|it| usage.left() <= it.left_at_first && at.duration_since(it.since) < DAY);
        let (left_at_first, since) = goes_on.map_or((usage.left(), at), |it| (it.left_at_first, it.since));
        self.heard = Some(Heard { usage, at, left_at_first, since });
    }

    /// Whether a request may be made, or how long to wait. When nothing was heard for as long as that, one
    /// may be made to hear again.
    pub(crate) fn verdict(&self, purpose: Purpose, now: Timestamp, share_percent: u8) -> Result<(), Duration> {
        let Some(heard) = self.heard else { return Ok(()) };
        let silence = Duration::try_from(now.duration_since(heard.at)).unwrap_or_default();
        if silence >= LIMIT_PAUSE {
            return Ok(());
        }
        let ours = heard.left_at_first.saturating_mul(u64::from(share_percent.min(100))) / 100;
        let others = heard.left_at_first - ours;
        let kept = match purpose {
            Purpose::Pressing => 0,
            Purpose::Idle => ours * KEPT_PERCENT / 100,
        };
        if heard.usage.left() > others + kept { Ok(()) } else { Err(LIMIT_PAUSE.saturating_sub(silence)) }
    }
}

/// Reads `Sforce-Limit-Info`: `api-usage=18/15000`, with other counts beside it.
pub(crate) fn usage(header: &str) -> Option<ApiBudget> {
    let usage = header.split([';', ',']).find_map(|part| part.trim().strip_prefix("api-usage="))?;
    let (used, limit) = usage.split_once('/')?;
    Some(ApiBudget { used: used.trim().parse().ok()?, limit: limit.trim().parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read_whatever_stands_beside_it() {
        let of = |used, limit| Some(ApiBudget { used, limit });
        for (header, expected) in [
            ("api-usage=18/15000", of(18, 15_000)),
            ("api-usage=18/15000; per-app-api-usage=17/250(appName=Syncline)", of(18, 15_000)),
            ("per-app-api-usage=17/250(appName=a), api-usage=1/5", of(1, 5)),
            ("per-app-api-usage=17/250", None),
            ("api-usage=many", None),
            ("", None),
        ] {
            assert_eq!(usage(header), expected, "{header}");
        }
    }

    #[test]
    fn d34_idle_polling_stops_first_and_the_rest_before_the_others_share() {
        let at = |minutes: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        let mut budget = Budget::default();
        assert_eq!(budget.verdict(Purpose::Idle, at(0), 80), Ok(()), "nothing is known");
        // 1,000 are left: 800 are ours, of them 80 kept for what presses.
        for (used, minute, idle, pressing) in
            [(14_000, 0, true, true), (14_719, 1, true, true), (14_720, 2, false, true), (14_800, 3, false, false)]
        {
            budget.hear(ApiBudget { used, limit: 15_000 }, at(minute));
            let may = |purpose| budget.verdict(purpose, at(minute), 80).is_ok();
            assert_eq!((may(Purpose::Idle), may(Purpose::Pressing)), (idle, pressing), "{used}");
        }
        assert_eq!(budget.verdict(Purpose::Idle, at(8), 80), Err(Duration::from_mins(10)));
        assert_eq!(budget.verdict(Purpose::Idle, at(18), 80), Ok(()), "somebody has to ask how it stands");
        budget.hear(ApiBudget { used: 13_000, limit: 15_000 }, at(18));
        assert_eq!(budget.verdict(Purpose::Idle, at(18), 80), Ok(()), "the allowance came back");
        budget.hear(ApiBudget { used: 14_650, limit: 15_000 }, at(19));
        assert!(budget.verdict(Purpose::Pressing, at(19), 80).is_err(), "350 of 2,000");
        budget.hear(ApiBudget { used: 14_650, limit: 15_000 }, at(18 + 24 * 60));
        assert!(budget.verdict(Purpose::Pressing, at(18 + 24 * 60), 80).is_ok(), "another day");
    }
}
