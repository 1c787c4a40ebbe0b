//! The keys of all rows. Nothing else in this crate writes one.
//!
//! Partition keys are a prefix and an id of ours. In sort keys, a part that others chose (a remote's id, a
//! mail domain) is escaped where something follows it, and replaced by its hash where it is too long; so
//! ids are never read back from a sort key.

use std::collections::HashMap;
use std::fmt::Write;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use syncline_core::history::Entry;
use syncline_core::ids::{MessageId, OrgId, RemoteId, SessionId, SubscriptionId, SyncKey, UserId};
use syncline_core::item::{Kind, Side};
use syncline_core::job::Stream;
use syncline_ports::{CursorKey, DUE_SHARDS};

/// Partition key of the table.
pub(crate) const PK: &str = "PK";
/// Sort key of the table.
pub(crate) const SK: &str = "SK";
/// When DynamoDB may remove the row, seconds since 1970.
pub(crate) const TTL: &str = "TTL";
/// The index of users by due time.
pub(crate) const DUE_INDEX: &str = "due";
/// Its partition key: a shard.
pub(crate) const DUE: &str = "DUE";
/// Its sort key: a time.
pub(crate) const NEXT_DUE: &str = "NEXT_DUE";
/// The partition that lists all orgs.
const DIRECTORY: &str = "ORGS";
/// The longest part of a sort key that is kept as it is, bytes; DynamoDB takes 1024 for the whole key.
const LONGEST_PART: usize = 256;

/// The key of one row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    /// As DynamoDB takes it.
    pub(crate) fn attributes(&self) -> HashMap<String, AttributeValue> {
        HashMap::from([
            (PK.to_owned(), AttributeValue::S(self.pk.clone())),
            (SK.to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }
}

/// The rows of a partition whose sort keys begin alike.
#[derive(Clone, Debug)]
pub(crate) struct Range {
    pub(crate) pk: String,
    pub(crate) prefix: String,
}

pub(crate) fn org(id: &OrgId) -> Key {
    row(of_org(id), "ORG")
}

pub(crate) fn directory_entry(id: &OrgId) -> Key {
    row(DIRECTORY, format!("ORG#{}", last(id.as_str())))
}

pub(crate) fn directory() -> Range {
    range(DIRECTORY, "ORG#")
}

pub(crate) fn user(id: &UserId) -> Key {
    row(of_user(id), "USER")
}

/// The user whose row this is.
pub(crate) fn user_of(pk: &str) -> Option<UserId> {
    pk.strip_prefix("USER#").map(UserId::new)
}

pub(crate) fn member(org: &OrgId, user: &UserId) -> Key {
    row(of_org(org), format!("USER#{}", last(user.as_str())))
}

pub(crate) fn members(org: &OrgId) -> Range {
    range(of_org(org), "USER#")
}

pub(crate) fn connection(user: &UserId, side: Side) -> Key {
    row(of_user(user), format!("CONNECTION#{}", side.name()))
}

/// The shard of the due index a user belongs to; it depends on nothing but the id, in every version of
/// this program.
pub(crate) fn due_shard_of(user: &UserId) -> u32 {
    let first = Sha256::digest(user.as_str()).iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    u32::try_from(first % u64::from(DUE_SHARDS)).unwrap_or_default()
}

pub(crate) fn due_shard(shard: u32) -> String {
    format!("DUE#{shard}")
}

pub(crate) fn stream(user: &UserId, stream: Stream) -> Key {
    row(of_user(user), format!("STREAM#{}", stream.name()))
}

pub(crate) fn cursor(user: &UserId, key: &CursorKey) -> Key {
    let (stream, side) = (key.stream.name(), key.side.name());
    row(of_user(user), format!("CURSOR#{stream}#{side}#{}", last(&key.collection)))
}

pub(crate) fn link(user: &UserId, kind: Kind, key: &SyncKey) -> Key {
    row(of_user(user), format!("LINK#{}#{}", kind.name(), last(key.as_str())))
}

pub(crate) fn links(user: &UserId, kind: Kind) -> Range {
    range(of_user(user), format!("LINK#{}#", kind.name()))
}

/// Where the link of an item is found by the item's id on one side.
pub(crate) fn alias(user: &UserId, kind: Kind, side: Side, id: &RemoteId) -> Key {
    let side = match side {
        Side::Mailbox => "MAILBOX",
        Side::Crm => "CRM",
    };
    row(of_user(user), format!("{side}#{}#{}", kind.name(), last(id.as_str())))
}

pub(crate) fn intent(user: &UserId, kind: Kind, key: &SyncKey) -> Key {
    row(of_user(user), format!("CREATING#{}#{}", kind.name(), last(key.as_str())))
}

pub(crate) fn intents(user: &UserId, kind: Kind) -> Range {
    range(of_user(user), format!("CREATING#{}#", kind.name()))
}

pub(crate) fn parked(user: &UserId, kind: Kind, side: Side, id: &RemoteId) -> Key {
    let (kind, side) = (kind.name(), side.name());
    row(of_user(user), format!("PARKED#{kind}#{side}#{}", last(id.as_str())))
}

pub(crate) fn all_parked(user: &UserId, kind: Kind) -> Range {
    range(of_user(user), format!("PARKED#{}#", kind.name()))
}

pub(crate) fn capture(org: &OrgId, message: &MessageId) -> Key {
    row(of_org(org), format!("MAIL#{}", digest(message.as_str())))
}

pub(crate) fn stranger(org: &OrgId, domain: &str, key: &SyncKey) -> Key {
    row(of_org(org), format!("STRANGER#{}#{}", part(domain), last(key.as_str())))
}

pub(crate) fn strangers(org: &OrgId, domain: &str) -> Range {
    range(of_org(org), format!("STRANGER#{}#", part(domain)))
}

pub(crate) fn domain_lock(org: &OrgId, domain: &str) -> Key {
    row(of_org(org), format!("DOMAIN#{}", last(domain)))
}

pub(crate) fn subscription(id: &SubscriptionId) -> Key {
    row(format!("SUB#{}", last(id.as_str())), "SUB")
}

pub(crate) fn subscription_of(user: &UserId, id: &SubscriptionId) -> Key {
    row(of_user(user), format!("SUB#{}", last(id.as_str())))
}

pub(crate) fn subscriptions(user: &UserId) -> Range {
    range(of_user(user), "SUB#")
}

pub(crate) fn session(user: &UserId, started: Timestamp, id: &SessionId) -> Key {
    row(of_user(user), format!("SESSION#{}#{}", time(started), last(id.as_str())))
}

pub(crate) fn sessions(user: &UserId) -> Range {
    range(of_user(user), "SESSION#")
}

/// `at` is the entry's place among those written with it. The hash of its document keeps two calls in the
/// same instant apart, and makes a repeated call write the same row.
pub(crate) fn history_entry(user: &UserId, entry: &Entry, at: usize, document: &str) -> Key {
    let hash: String = digest(document).chars().take(12).collect();
    let (item, time) = (part(entry.item.as_str()), time(entry.at));
    row(of_user(user), format!("HISTORY#{item}#{time}#{at:05}-{hash}"))
}

pub(crate) fn history_of(user: &UserId, item: &SyncKey) -> Range {
    range(of_user(user), format!("HISTORY#{}#", part(item.as_str())))
}

/// A time as text that sorts: RFC 3339, UTC, nine digits of a second.
pub(crate) fn time(at: Timestamp) -> String {
    format!("{at:.9}")
}

fn of_org(id: &OrgId) -> String {
    format!("ORG#{id}")
}

fn of_user(id: &UserId) -> String {
    format!("USER#{id}")
}

fn row(pk: impl Into<String>, sk: impl Into<String>) -> Key {
    Key { pk: pk.into(), sk: sk.into() }
}

fn range(pk: impl Into<String>, prefix: impl Into<String>) -> Range {
    Range { pk: pk.into(), prefix: prefix.into() }
}

/// A part that something follows: the separator cannot occur in it.
fn part(text: &str) -> String {
    last(&text.replace('%', "%25").replace('#', "%23"))
}

/// The last part.
fn last(text: &str) -> String {
    if text.len() > LONGEST_PART { format!("sha256:{}", digest(text)) } else { text.to_owned() }
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn digest(text: &str) -> String {
    let digest = Sha256::digest(text);
    digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_cannot_reach_into_another_domains_strangers() {
        let org = OrgId::new("northwind");
        let nested = stranger(&org, "a.example#b", &SyncKey::from_text("k"));
        let outer = strangers(&org, "a.example");
        assert_eq!(nested.pk, outer.pk);
        assert!(!nested.sk.starts_with(&outer.prefix), "{}", nested.sk);
        let own = stranger(&org, "a.example", &SyncKey::from_text("k"));
        assert!(own.sk.starts_with(&outer.prefix));
    }

    #[test]
    fn a_key_of_any_length_fits_and_stays_its_own() {
        let user = UserId::new("u");
        let long = |end: &str| {
            let id = RemoteId::new("x".repeat(5_000) + end);
            alias(&user, Kind::Event, Side::Mailbox, &id).sk
        };
        assert!(long("a").len() <= 1_024);
        assert_ne!(long("a"), long("b"));
    }

    #[test]
    fn ids_that_differ_in_case_have_two_keys() {
        let user = UserId::new("u");
        let key = |id| alias(&user, Kind::Event, Side::Mailbox, &RemoteId::new(id));
        assert_ne!(key("AAb"), key("AAB"));
    }

    #[test]
    fn text_order_is_time_order() {
        let times = [
            "1999-12-31T23:59:59Z",
            "2031-03-03T09:00:00Z",
            "2031-03-03T09:00:00.000000001Z",
            "2031-03-03T09:00:00.5Z",
        ];
        let texts: Vec<String> = times.iter().map(|text| time(text.parse().unwrap())).collect();
        assert!(texts.is_sorted(), "{texts:?}");
        assert_eq!(texts[1], "2031-03-03T09:00:00.000000000Z");
    }

    #[test]
    fn the_shard_of_a_user_never_changes() {
        let shards: Vec<u32> = (0..8).map(|n| due_shard_of(&UserId::new(format!("u{n}")))).collect();
        assert_eq!(shards, [0, 2, 3, 0, 1, 0, 1, 0]);
    }
}
