//! Who is due, and who runs: wishes, jobs and leases.
//!
//! A stream's row counts wishes. Whoever raises one learns in the same write whether a job is needed;
//! whoever releases the lease learns in the same write whether a wish came meanwhile. So between the two
//! no wish is lost: a raise that finds the lease held counts only while it is held.

use jiff::{SignedDuration, Timestamp};
use syncline_core::ids::UserId;
use syncline_core::job::Stream;
use syncline_ports::{DueUser, ErrorKind, Lease, LeaseOutcome, PortError, Raised, Released};

use super::before;
use crate::keys;
use crate::rows::{self, ENDED, FENCE, SEEN, number, text, time};
use crate::table::{Changed, Table, nonce};

/// How often a raise that found the stream neither free nor taken looks again.
const RAISE_TRIES: u32 = 8;

pub(super) async fn due(table: &Table, shard: u32, now: Timestamp, limit: u32) -> Result<Vec<DueUser>, PortError> {
    const OP: &str = "dynamodb.due";
    let items = table.due(OP, shard, now, limit).await?;
    items.iter().map(|item| rows::read_due(OP, item)).collect()
}

pub(super) async fn claim_due(table: &Table, due: &DueUser, next: Timestamp) -> Result<bool, PortError> {
    let change = table
        .change(&keys::user(&due.user))
        .update_expression("SET NEXT_DUE = :next, NONCE = :nonce")
        .condition_expression("NEXT_DUE = :due OR NONCE = :nonce")
        .expression_attribute_values(":next", time(next))
        .expression_attribute_values(":due", time(due.due))
        .expression_attribute_values(":nonce", text(nonce()));
    let changed = table.apply("dynamodb.claim_due", change).await?;
    Ok(matches!(changed, Changed::Done(_)))
}

pub(super) async fn raise(
    table: &Table,
    user: &UserId,
    stream: Stream,
    now: Timestamp,
    lost_after: SignedDuration,
) -> Result<Raised, PortError> {
    const OP: &str = "dynamodb.raise";
    let key = keys::stream(user, stream);
    let stale = before(now, lost_after);
    let raiser = nonce();
    for _ in 0..RAISE_TRIES {
        let first = table
            .change(&key)
            .update_expression("SET QUEUED = :now, RAISER = :raiser ADD WANTED :one")
            .condition_expression(
                "RAISER = :raiser OR ((attribute_not_exists(QUEUED) OR QUEUED < :stale) \
                 AND (attribute_not_exists(HELD_UNTIL) OR HELD_UNTIL <= :now))",
            )
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":stale", time(stale))
            .expression_attribute_values(":raiser", text(&raiser))
            .expression_attribute_values(":one", number(1));
        if let Changed::Done(_) = table.apply(OP, first).await? {
            return Ok(Raised::SendJob);
        }
        // The opposite condition: had the session ended in between, nobody would see this wish.
        let further = table
            .change(&key)
            .update_expression("ADD WANTED :one")
            .condition_expression("QUEUED >= :stale OR HELD_UNTIL > :now")
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":stale", time(stale))
            .expression_attribute_values(":one", number(1));
        if let Changed::Done(_) = table.apply(OP, further).await? {
            return Ok(Raised::Noted);
        }
    }
    Err(PortError::new(ErrorKind::Transient, OP).code("contended"))
}

pub(super) async fn acquire(
    table: &Table,
    user: &UserId,
    stream: Stream,
    owner: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<LeaseOutcome, PortError> {
    const OP: &str = "dynamodb.acquire";
    let change = table
        .change(&keys::stream(user, stream))
        .update_expression(
            "SET HOLDER = :owner, HELD_UNTIL = :until, NONCE = :nonce, \
             FENCE = if_not_exists(FENCE, :zero) + :one, \
             WANTED = if_not_exists(WANTED, :zero), SEEN = if_not_exists(WANTED, :zero) \
             REMOVE QUEUED",
        )
        .condition_expression("attribute_not_exists(HELD_UNTIL) OR HELD_UNTIL <= :now OR NONCE = :nonce")
        .expression_attribute_values(":owner", text(owner))
        .expression_attribute_values(":now", time(now))
        .expression_attribute_values(":until", time(until))
        .expression_attribute_values(":nonce", text(nonce()))
        .expression_attribute_values(":zero", number(0))
        .expression_attribute_values(":one", number(1));
    match table.apply(OP, change).await? {
        Changed::Done(item) => Ok(LeaseOutcome::Held(Lease {
            user: user.clone(),
            stream,
            fence: rows::read_number(OP, &item, FENCE)?,
            seen: rows::read_number(OP, &item, SEEN)?,
        })),
        Changed::Refused(_) => Ok(LeaseOutcome::Busy),
    }
}

pub(super) async fn release(table: &Table, lease: &Lease, now: Timestamp) -> Result<Released, PortError> {
    const OP: &str = "dynamodb.release";
    let key = keys::stream(&lease.user, lease.stream);
    let settled = table
        .change(&key)
        .update_expression("SET ENDED = :now REMOVE HOLDER, HELD_UNTIL")
        .condition_expression("FENCE = :fence AND WANTED = :seen")
        .expression_attribute_values(":now", time(now))
        .expression_attribute_values(":fence", number(lease.fence))
        .expression_attribute_values(":seen", number(lease.seen));
    if let Changed::Done(_) = table.apply(OP, settled).await? {
        return Ok(Released::Settled);
    }
    // Wishes are only ever added: more was wanted, or the lease is lost.
    let wanted = table
        .change(&key)
        .update_expression("SET ENDED = :now, QUEUED = :now REMOVE HOLDER, HELD_UNTIL")
        .condition_expression("FENCE = :fence")
        .expression_attribute_values(":now", time(now))
        .expression_attribute_values(":fence", number(lease.fence));
    match table.apply(OP, wanted).await? {
        Changed::Done(_) => Ok(Released::SendJob),
        Changed::Refused(_) => Ok(Released::Lost),
    }
}

pub(super) async fn last_ended(table: &Table, user: &UserId, stream: Stream) -> Result<Option<Timestamp>, PortError> {
    const OP: &str = "dynamodb.last_ended";
    match table.get(OP, &keys::stream(user, stream)).await? {
        Some(item) => rows::read_time(OP, &item, ENDED),
        None => Ok(None),
    }
}
