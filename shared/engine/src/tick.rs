//! The clock's turn: users who are due get their jobs.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use syncline_core::job::{Job, Stream, Trigger};
use syncline_core::org::{Provider, User};
use syncline_core::schedule;
use syncline_ports::{DUE_SHARDS, DueUser, Raised};

use crate::Ports;
use crate::error::EngineError;
use crate::session::{self, JOB_LOST_AFTER};
use crate::subscribe::{self, PushAddress};

/// How many due users are asked for at once.
const DUE_PAGE: u32 = 100;

/// What a tick did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Users whose due time this tick moved.
    pub claimed: u32,
    /// Jobs it sent.
    pub jobs: u32,
    /// Subscriptions it made or renewed.
    pub renewed: u32,
}

/// Claims the users who are due and sends a job for each of their streams. Of two ticks at once, each
/// user is claimed by one.
pub async fn run(ports: &Ports, push: Option<&PushAddress>, deadline: Timestamp) -> Result<Ticked, EngineError> {
    let mut ticked = Ticked::default();
    for shard in 0..DUE_SHARDS {
        loop {
            let now = ports.clock.now();
            if now >= deadline {
                return Ok(ticked);
            }
            let due = ports.store.due(shard, now, DUE_PAGE).await?;
            let full = due.len() == DUE_PAGE as usize;
            for due in due {
                claim(ports, &due, push, &mut ticked).await?;
            }
            if !full {
                break;
            }
        }
    }
    Ok(ticked)
}

async fn claim(
    ports: &Ports,
    due: &DueUser,
    push: Option<&PushAddress>,
    ticked: &mut Ticked,
) -> Result<(), EngineError> {
    let (user, org) = match session::who(ports, &due.user).await {
        Ok(found) => found,
        // The index is a little behind the table: somebody was just removed.
        Err(EngineError::UnknownUser(_) | EngineError::UnknownOrg(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    let next = schedule::next_due(&user.id, org.policy.interval_minutes, ports.clock.now());
    if !ports.store.claim_due(due, next).await? {
        return Ok(());
    }
    ticked.claimed += 1;
    if !user.is_ready() {
        return Ok(());
    }
    ticked.jobs += enqueue(ports, &user, Trigger::Timer, Duration::ZERO).await?;
    if let Some(address) = push {
        // The timer's polling is the truth and push only a hint, so its trouble stops nothing.
        match subscribe::ensure(ports, &user, address).await {
            Ok(renewed) => ticked.renewed += renewed,
            Err(error) => tracing::warn!(user = %user.id, error = %error, "tick.subscribe"),
        }
    }
    Ok(())
}

/// The streams a user has: mirroring needs a calendar, which Gmail users' mailboxes do not have here yet.
pub fn streams(user: &User) -> &'static [Stream] {
    match user.provider {
        Provider::Exchange => &[Stream::Mirror, Stream::Ingest],
        Provider::Gmail => &[Stream::Ingest],
    }
}

/// Sends a job for each stream that has none queued.
pub(crate) async fn enqueue(ports: &Ports, user: &User, trigger: Trigger, delay: Duration) -> Result<u32, EngineError> {
    let lost_after = match trigger {
        // The claim keeps the timer from sending twice. It trusts no mark: where a timer died between mark and
        // job, the user would wait for more than an interval.
        Trigger::Timer => SignedDuration::ZERO,
        Trigger::Webhook | Trigger::Forced | Trigger::FollowUp => JOB_LOST_AFTER,
    };
    let mut jobs = Vec::new();
    for stream in streams(user) {
        if ports.store.raise(&user.id, *stream, ports.clock.now(), lost_after).await? == Raised::SendJob {
            jobs.push(Job::Session { user: user.id.clone(), stream: *stream, trigger });
        }
    }
    if !jobs.is_empty() {
        ports.queue.send(&jobs, delay).await?;
    }
    Ok(u32::try_from(jobs.len()).unwrap_or(u32::MAX))
}
