//! What the service keeps in mind about its use: how much each mailbox is used, and what changed when.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Exchange, Limits};
use crate::refusal::Refusal;

/// How many parts of a `$batch` the service carries out at once, and so at most in one mailbox.
pub(crate) const BATCH_WIDTH: u32 = 4;
/// Seconds after which one that is over the limit of concurrent requests may come again.
const CONCURRENCY_WAIT: u32 = 1;
/// The longest that changes can be hidden from delta queries, seconds.
pub(crate) const MAX_LAG: u32 = 3600;

/// The service's own books. They belong to the world, but for what is only of the present request.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Ledger {
    /// By mailbox id.
    usage: BTreeMap<String, Usage>,
    /// By mailbox id: the version the mailbox had from then on, oldest first.
    marks: BTreeMap<String, VecDeque<(Timestamp, u64)>>,
    /// Tokens that have been refused once for no reason.
    pub(crate) doubted: BTreeSet<String>,
    #[serde(skip)]
    present: Present,
}

/// What is only of the present request.
#[derive(Clone, Debug, Default)]
struct Present {
    /// Requests of others in progress, by mailbox id.
    alongside: BTreeMap<String, u32>,
    /// How often each mailbox was entered, by its id: more than once only by the parts of a batch.
    entered: BTreeMap<String, u32>,
}

/// Requests to one mailbox, by the second.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Usage(VecDeque<Second>);

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Second {
    at: i64,
    requests: u32,
    bytes: u64,
}

impl Usage {
    fn add(&mut self, now: i64, bytes: u64, longest_window: u32) {
        while self.0.front().is_some_and(|second| second.at.saturating_add(longest_window.into()) <= now) {
            self.0.pop_front();
        }
        match self.0.back_mut() {
            Some(last) if last.at == now => {
                last.requests = last.requests.saturating_add(1);
                last.bytes = last.bytes.saturating_add(bytes);
            }
            _ => self.0.push_back(Second { at: now, requests: 1, bytes }),
        }
    }

    fn within(&self, now: i64, window: u32) -> impl Iterator<Item = &Second> {
        self.0.iter().filter(move |second| second.at.saturating_add(window.into()) > now)
    }

    /// Seconds until one more would pass: how long until no more than `limit` of `what` are in the window
    /// if `more` comes then. `None` if the present ones are no more than that.
    fn wait(&self, now: i64, window: u32, limit: u64, more: u64, what: fn(&Second) -> u64) -> Option<u32> {
        let mut spent: u64 = self.within(now, window).map(what).sum();
        if limit == 0 || spent <= limit {
            return None;
        }
        let mut free = now.saturating_add(window.into());
        for second in self.within(now, window) {
            spent -= what(second);
            if spent.saturating_add(more) <= limit {
                free = second.at.saturating_add(window.into());
                break;
            }
        }
        Some(u32::try_from(free - now).unwrap_or(u32::MAX).max(1))
    }
}

impl Exchange {
    /// A request begins; says what others occupy meanwhile.
    pub(crate) fn begin(&mut self, alongside: &BTreeMap<String, u32>, now: Timestamp) {
        self.mark(now);
        self.ledger.present = Present { alongside: alongside.clone(), entered: BTreeMap::new() };
    }

    /// Remembers which versions the mailboxes have now. What a mailbox held before it was ever looked at
    /// has been there for ever.
    pub(crate) fn mark(&mut self, now: Timestamp) {
        for mailbox in &self.mailboxes {
            let Some(marks) = self.ledger.marks.get_mut(&mailbox.id) else {
                self.ledger.marks.insert(mailbox.id.clone(), [(Timestamp::MIN, mailbox.version)].into());
                continue;
            };
            if marks.back().is_some_and(|(_, version)| *version == mailbox.version) {
                continue;
            }
            match marks.back_mut() {
                Some(last) if last.0.as_second() == now.as_second() => *last = (now, mailbox.version),
                _ => marks.push_back((now, mailbox.version)),
            }
            let past = now.saturating_sub(SignedDuration::from_secs(MAX_LAG.into())).unwrap_or(Timestamp::MIN);
            while marks.get(1).is_some_and(|(at, _)| *at <= past) {
                marks.pop_front();
            }
        }
    }

    /// The version up to which delta queries tell changes by now.
    pub(crate) fn told_until(&self, mailbox: usize, now: Timestamp) -> u64 {
        let mailbox = &self.mailboxes[mailbox];
        let lag = SignedDuration::from_secs(self.switches.delta_lag_seconds.into());
        let (Some(marks), false) = (self.ledger.marks.get(&mailbox.id), lag.is_zero()) else {
            return mailbox.version;
        };
        let seen = now.saturating_sub(lag).unwrap_or(Timestamp::MIN);
        marks.iter().rev().find(|(at, _)| *at <= seen).map_or(0, |(_, version)| *version)
    }

    /// Counts a request to a mailbox, whether it passes or not, and refuses it when there are too many.
    pub(crate) fn admit(&mut self, mailbox: usize, bytes: usize, now: Timestamp) -> Result<(), Refusal> {
        let limits = self.switches.limits;
        let id = &self.mailboxes[mailbox].id;
        let (now, bytes) = (now.as_second(), u64::try_from(bytes).unwrap_or(u64::MAX));
        let usage = self.ledger.usage.entry(id.clone()).or_default();
        usage.add(now, bytes, limits.request_window_seconds.max(limits.upload_window_seconds));
        let requests =
            usage.wait(now, limits.request_window_seconds, limits.requests.into(), 1, |second| second.requests.into());
        let upload = usage.wait(now, limits.upload_window_seconds, limits.upload_bytes, bytes, |second| second.bytes);
        if let Some(seconds) = requests.max(upload) {
            return Err(Refusal::too_many_requests(seconds));
        }
        let present = &mut self.ledger.present;
        let entered = present.entered.entry(id.clone()).or_default();
        let before = std::mem::replace(entered, entered.saturating_add(1));
        // Parts of a batch run beside one another, as many at once as may.
        let beside = before % BATCH_WIDTH.min(limits.concurrent.max(1));
        let others = present.alongside.get(id).copied().unwrap_or_default();
        let crowded = limits.concurrent > 0 && others.saturating_add(beside) >= limits.concurrent;
        let many_parts = self.switches.batch_part_limit > 0 && before >= self.switches.batch_part_limit;
        if crowded || many_parts { Err(Refusal::throttled(CONCURRENCY_WAIT)) } else { Ok(()) }
    }

    /// How much of the limits each mailbox has used, by address: requests and bytes in their windows.
    pub fn usage(&self, now: Timestamp) -> BTreeMap<String, (u64, u64)> {
        let Limits { request_window_seconds, upload_window_seconds, .. } = self.switches.limits;
        let used = self.mailboxes.iter().filter_map(|mailbox| {
            let usage = self.ledger.usage.get(&mailbox.id)?;
            let sum = |window: u32, what: fn(&Second) -> u64| usage.within(now.as_second(), window).map(what).sum();
            let requests = sum(request_window_seconds, |second| second.requests.into());
            Some((mailbox.address.clone(), (requests, sum(upload_window_seconds, |second| second.bytes))))
        });
        used.collect()
    }

    /// Begins to count the use of every mailbox anew.
    pub fn forget_usage(&mut self) {
        self.ledger.usage.clear();
    }
}
