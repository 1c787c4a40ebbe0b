//! Mail that was captured, and the strangers on it.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use syncline_core::ids::{MessageId, OrgId, RemoteId, SyncKey, UserId};
use syncline_ports::{Capture, CaptureClaim, ErrorKind, PortError, Sealed, StrangerRow, WaitingMail};

use super::before;
use crate::keys;
use crate::rows::{self, RECORD_ID, WAITING, number, text, time};
use crate::table::{Changed, Listing, Table, nonce};

/// How much may wait for one stranger: a row takes 400 KB.
const MOST_WAITING: u64 = 2_000;

pub(super) async fn claim_capture(
    table: &Table,
    org: &OrgId,
    message: &MessageId,
    user: &UserId,
    now: Timestamp,
    lost_after: SignedDuration,
) -> Result<CaptureClaim, PortError> {
    const OP: &str = "dynamodb.claim_capture";
    // A user claims again at once: sessions of one user do not run side by side.
    let change = table
        .change(&keys::capture(org, message))
        .update_expression("SET CLAIMANT = :user, CLAIMED = :now")
        .condition_expression(
            "attribute_not_exists(RECORD_ID) AND \
             (attribute_not_exists(CLAIMED) OR CLAIMED < :lost OR CLAIMANT = :user)",
        )
        .expression_attribute_values(":user", text(user.as_str()))
        .expression_attribute_values(":now", time(now))
        .expression_attribute_values(":lost", time(before(now, lost_after)));
    match table.apply(OP, change).await? {
        Changed::Done(_) => Ok(CaptureClaim::Ours),
        Changed::Refused(item) => Ok(item
            .as_ref()
            .and_then(|item| rows::maybe_text(item, RECORD_ID))
            .map_or(CaptureClaim::Busy, |record| CaptureClaim::Recorded(RemoteId::new(record)))),
    }
}

pub(super) async fn complete_capture(
    table: &Table,
    org: &OrgId,
    message: &MessageId,
    record: &RemoteId,
) -> Result<(), PortError> {
    let change = table
        .change(&keys::capture(org, message))
        .update_expression("SET RECORD_ID = :record")
        .expression_attribute_values(":record", text(record.as_str()));
    table.apply("dynamodb.complete_capture", change).await?;
    Ok(())
}

pub(super) async fn captures(table: &Table, org: &OrgId, messages: &[MessageId]) -> Result<Vec<Capture>, PortError> {
    const OP: &str = "dynamodb.captures";
    // The rows hold only hashes, so the messages are found again by their keys.
    let asked: BTreeMap<_, _> = messages.iter().map(|message| (keys::capture(org, message), message)).collect();
    let items = table.get_many(OP, asked.keys().cloned().collect()).await?;
    let mut captures = Vec::with_capacity(items.len());
    for item in &items {
        let key = keys::Key {
            pk: rows::read_text(OP, item, keys::PK)?.to_owned(),
            sk: rows::read_text(OP, item, keys::SK)?.to_owned(),
        };
        if let (Some(message), Some(record)) = (asked.get(&key), rows::maybe_text(item, RECORD_ID)) {
            captures.push(Capture { message: (*message).clone(), record: RemoteId::new(record) });
        }
    }
    captures.sort_by(|one, other| one.message.cmp(&other.message));
    Ok(captures)
}

pub(super) async fn await_stranger(
    table: &Table,
    org: &OrgId,
    domain: &str,
    stranger: &SyncKey,
    sealed: &Sealed,
    mail: &WaitingMail,
) -> Result<(), PortError> {
    const OP: &str = "dynamodb.await_stranger";
    let mail = rows::waiting(OP, mail)?;
    let change = table
        .change(&keys::stranger(org, domain, stranger))
        .update_expression("SET SYNC_KEY = :stranger, SEALED = if_not_exists(SEALED, :sealed) ADD WAITING :mails")
        .condition_expression("attribute_not_exists(WAITING) OR size(WAITING) < :most OR contains(WAITING, :mail)")
        .expression_attribute_values(":stranger", text(stranger.as_str()))
        .expression_attribute_values(":sealed", rows::sealed(sealed))
        .expression_attribute_values(":mails", AttributeValue::Ss(vec![mail.clone()]))
        .expression_attribute_values(":mail", text(mail))
        .expression_attribute_values(":most", number(MOST_WAITING));
    match table.apply(OP, change).await? {
        Changed::Done(_) => Ok(()),
        Changed::Refused(_) => Err(PortError::new(ErrorKind::Rejected, OP)
            .code("too_many_waiting")
            .because(format!("{MOST_WAITING} mails wait for one stranger"))),
    }
}

pub(super) async fn strangers(table: &Table, org: &OrgId, domain: &str) -> Result<Vec<StrangerRow>, PortError> {
    const OP: &str = "dynamodb.strangers";
    let listing = Listing { having: Some(WAITING), ..Listing::default() };
    let items = table.list(OP, keys::strangers(org, domain), listing);
    items.await?.iter().map(|item| rows::read_stranger(OP, item)).collect()
}

pub(super) async fn settle_stranger(
    table: &Table,
    org: &OrgId,
    domain: &str,
    stranger: &SyncKey,
    record: &RemoteId,
    linked: &[WaitingMail],
) -> Result<(), PortError> {
    const OP: &str = "dynamodb.settle_stranger";
    let mut linked = linked.iter().map(|mail| rows::waiting(OP, mail)).collect::<Result<Vec<_>, _>>()?;
    // A set must be neither empty nor name anything twice.
    linked.sort();
    linked.dedup();
    let change = table
        .change(&keys::stranger(org, domain, stranger))
        .expression_attribute_values(":stranger", text(stranger.as_str()))
        .expression_attribute_values(":record", text(record.as_str()));
    let change = if linked.is_empty() {
        change.update_expression("SET SYNC_KEY = :stranger, RECORD_ID = :record")
    } else {
        change
            .update_expression("SET SYNC_KEY = :stranger, RECORD_ID = :record DELETE WAITING :linked")
            .expression_attribute_values(":linked", AttributeValue::Ss(linked))
    };
    table.apply(OP, change).await?;
    Ok(())
}

pub(super) async fn lock_domain(
    table: &Table,
    org: &OrgId,
    domain: &str,
    owner: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, PortError> {
    let change = table
        .change(&keys::domain_lock(org, domain))
        .update_expression("SET HOLDER = :owner, HELD_UNTIL = :until, NONCE = :nonce")
        .condition_expression("attribute_not_exists(HELD_UNTIL) OR HELD_UNTIL <= :now OR NONCE = :nonce")
        .expression_attribute_values(":owner", text(owner))
        .expression_attribute_values(":now", time(now))
        .expression_attribute_values(":until", time(until))
        .expression_attribute_values(":nonce", text(nonce()));
    let changed = table.apply("dynamodb.lock_domain", change).await?;
    Ok(matches!(changed, Changed::Done(_)))
}

pub(super) async fn unlock_domain(table: &Table, org: &OrgId, domain: &str, owner: &str) -> Result<(), PortError> {
    let key = keys::domain_lock(org, domain);
    table.delete_if("dynamodb.unlock_domain", &key, "HOLDER", owner).await
}
