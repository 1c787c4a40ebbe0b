//! Rows to values and back: what the attributes are called and what they hold.
//!
//! A value is one JSON document, `DOC`; what a condition or a partial write needs stands beside it in an
//! attribute of its own, and that attribute is then the truth.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use syncline_core::history;
use syncline_core::ids::{RemoteId, SyncKey, UserId};
use syncline_core::item::Side;
use syncline_core::link::{Link, LinkState};
use syncline_core::mail::Role;
use syncline_core::org::{ConnectionState, User};
use syncline_core::report::SessionReport;
use syncline_ports::{DueUser, ErrorKind, HISTORY_DAYS, PortError, Sealed, StrangerRow, StrangerState, WaitingMail};

use crate::keys::{self, Key};

/// A row as DynamoDB gives and takes it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The JSON document.
pub(crate) const DOC: &str = "DOC";
/// The id a row of a list stands for.
const ID: &str = "ID";
/// Sealed bytes.
pub(crate) const SEALED: &str = "SEALED";
/// The link an alias leads to; a stranger's key.
pub(crate) const SYNC_KEY: &str = "SYNC_KEY";
/// A record in the CRM.
pub(crate) const RECORD_ID: &str = "RECORD_ID";
/// What waits for a stranger.
pub(crate) const WAITING: &str = "WAITING";
/// When a stream's last session ended.
pub(crate) const ENDED: &str = "ENDED";
/// A stream's fencing number.
pub(crate) const FENCE: &str = "FENCE";
/// The count of wishes a stream's lease answers.
pub(crate) const SEEN: &str = "SEEN";

/// DynamoDB takes 400 KB for a whole row.
const LARGEST_REPORT_BYTES: usize = 380_000;

/// A row in the making.
pub(crate) struct Row(Item);

impl Row {
    pub(crate) fn at(key: &Key) -> Self {
        Self(key.attributes())
    }

    pub(crate) fn doc<T: Serialize>(self, op: &'static str, value: &T) -> Result<Self, PortError> {
        Ok(self.text(DOC, document(op, value)?))
    }

    pub(crate) fn text(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), text(value));
        self
    }

    pub(crate) fn sealed(mut self, value: &Sealed) -> Self {
        self.0.insert(SEALED.to_owned(), sealed(value));
        self
    }

    /// The row goes by itself so long after this.
    pub(crate) fn kept_since(mut self, since: Timestamp) -> Self {
        let days = SignedDuration::from_hours(24 * i64::from(HISTORY_DAYS));
        let until = since.saturating_add(days).unwrap_or(Timestamp::MAX);
        self.0.insert(keys::TTL.to_owned(), AttributeValue::N(until.as_second().to_string()));
        self
    }

    pub(crate) fn build(self) -> Item {
        self.0
    }
}

// Attribute values.

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn time(value: Timestamp) -> AttributeValue {
    AttributeValue::S(keys::time(value))
}

pub(crate) fn sealed(value: &Sealed) -> AttributeValue {
    AttributeValue::B(Blob::new(value.0.clone()))
}

pub(crate) fn document<T: Serialize>(op: &'static str, value: &T) -> Result<String, PortError> {
    serde_json::to_string(value).map_err(|error| garbled(op, DOC, &error))
}

// Reading.

/// The document of a row.
pub(crate) fn read<T: DeserializeOwned>(op: &'static str, item: &Item) -> Result<T, PortError> {
    serde_json::from_str(read_text(op, item, DOC)?).map_err(|error| garbled(op, DOC, &error))
}

pub(crate) fn read_text<'a>(op: &'static str, item: &'a Item, name: &'static str) -> Result<&'a str, PortError> {
    maybe_text(item, name).ok_or_else(|| lacking(op, name))
}

pub(crate) fn maybe_text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub(crate) fn read_number(op: &'static str, item: &Item, name: &'static str) -> Result<u64, PortError> {
    let value = item.get(name).and_then(|value| value.as_n().ok());
    value.and_then(|digits| digits.parse().ok()).ok_or_else(|| lacking(op, name))
}

/// A time that may be absent.
pub(crate) fn read_time(op: &'static str, item: &Item, name: &'static str) -> Result<Option<Timestamp>, PortError> {
    maybe_text(item, name).map(|text| text.parse().map_err(|_| lacking(op, name))).transpose()
}

pub(crate) fn maybe_sealed(item: &Item) -> Option<Sealed> {
    let bytes = item.get(SEALED)?.as_b().ok()?;
    Some(Sealed(bytes.clone().into_inner()))
}

pub(crate) fn read_sealed(op: &'static str, item: &Item) -> Result<Sealed, PortError> {
    maybe_sealed(item).ok_or_else(|| lacking(op, SEALED))
}

/// A row without an attribute it must have, or with a wrong one there: an error of ours, not of a user.
fn lacking(op: &'static str, name: &'static str) -> PortError {
    PortError::new(ErrorKind::Rejected, op)
        .code("bad_row")
        .because(format!("a row's attribute {name} is missing or unreadable"))
}

/// Where a document is wrong, but not what stands there: it may be a token.
fn garbled(op: &'static str, name: &'static str, error: &serde_json::Error) -> PortError {
    let (what, line, column) = (error.classify(), error.line(), error.column());
    PortError::new(ErrorKind::Rejected, op)
        .code("bad_row")
        .because(format!("a row's {name}: {what:?} error at {line}:{column}"))
}

// Lists of ids.

pub(crate) fn entry(key: &Key, id: &str) -> Item {
    Row::at(key).text(ID, id).build()
}

pub(crate) fn read_entry<'a>(op: &'static str, item: &'a Item) -> Result<&'a str, PortError> {
    read_text(op, item, ID)
}

// Users. The due time and the two connection states change alone, so they are attributes.

/// Where the state of a sign-in stands.
pub(crate) fn connection_attribute(side: Side) -> &'static str {
    match side {
        Side::Mailbox => "MAILBOX_STATE",
        Side::Crm => "CRM_STATE",
    }
}

pub(crate) fn connection_state(state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Connected => "connected",
        ConnectionState::Blocked => "blocked",
        ConnectionState::Missing => "missing",
    }
}

fn read_connection_state(op: &'static str, item: &Item, side: Side) -> Result<ConnectionState, PortError> {
    let name = connection_attribute(side);
    match read_text(op, item, name)? {
        "connected" => Ok(ConnectionState::Connected),
        "blocked" => Ok(ConnectionState::Blocked),
        "missing" => Ok(ConnectionState::Missing),
        _ => Err(lacking(op, name)),
    }
}

/// A user without a due time has no place in the index.
pub(crate) fn user(op: &'static str, user: &User) -> Result<Item, PortError> {
    let mut row = Row::at(&keys::user(&user.id)).doc(op, user)?;
    for (side, state) in [(Side::Mailbox, user.mailbox), (Side::Crm, user.crm)] {
        row = row.text(connection_attribute(side), connection_state(state));
    }
    if let Some(due) = user.next_due {
        let shard = keys::due_shard(keys::due_shard_of(&user.id));
        row = row.text(keys::DUE, shard).text(keys::NEXT_DUE, keys::time(due));
    }
    Ok(row.build())
}

pub(crate) fn read_user(op: &'static str, item: &Item) -> Result<User, PortError> {
    let mut user: User = read(op, item)?;
    user.mailbox = read_connection_state(op, item, Side::Mailbox)?;
    user.crm = read_connection_state(op, item, Side::Crm)?;
    user.next_due = read_time(op, item, keys::NEXT_DUE)?;
    Ok(user)
}

pub(crate) fn read_due(op: &'static str, item: &Item) -> Result<DueUser, PortError> {
    let user = keys::user_of(read_text(op, item, keys::PK)?);
    let due = read_time(op, item, keys::NEXT_DUE)?;
    Ok(DueUser {
        user: user.ok_or_else(|| lacking(op, keys::PK))?,
        due: due.ok_or_else(|| lacking(op, keys::NEXT_DUE))?,
    })
}

// Links.

/// The keys of a link's own row and of its aliases.
pub(crate) fn link_keys(user: &UserId, link: &Link) -> BTreeSet<Key> {
    let aliases = Side::BOTH.into_iter().filter_map(|side| {
        let anchor = link.anchor(side)?;
        Some(keys::alias(user, link.kind, side, &anchor.id))
    });
    aliases.chain([keys::link(user, link.kind, &link.key)]).collect()
}

/// A link's own row and its aliases.
pub(crate) fn link(op: &'static str, user: &UserId, link: &Link) -> Result<Vec<Item>, PortError> {
    let own = keys::link(user, link.kind, &link.key);
    link_keys(user, link)
        .iter()
        .map(|key| {
            let row =
                if *key == own { Row::at(key).doc(op, link)? } else { Row::at(key).text(SYNC_KEY, link.key.as_str()) };
            Ok(match link.state {
                LinkState::Closed { since } => row.kept_since(since),
                LinkState::Creating { .. } | LinkState::Linked | LinkState::Dormant | LinkState::Severed => row,
            }
            .build())
        })
        .collect()
}

pub(crate) fn intent(op: &'static str, user: &UserId, link: &Link) -> Result<Item, PortError> {
    let key = keys::intent(user, link.kind, &link.key);
    Ok(Row::at(&key).doc(op, link)?.build())
}

pub(crate) fn read_sync_key(op: &'static str, item: &Item) -> Result<SyncKey, PortError> {
    Ok(SyncKey::from_text(read_text(op, item, SYNC_KEY)?))
}

// Strangers. What waits is a set of texts: adding twice is once, and adding and removing never undo each
// other. A text must never change its form, or what waits would not be found to be removed.

pub(crate) fn waiting(op: &'static str, mail: &WaitingMail) -> Result<String, PortError> {
    let role = match mail.role {
        Role::From => "from",
        Role::To => "to",
        Role::Cc => "cc",
        Role::Bcc => "bcc",
    };
    document(op, &(role, mail.user.as_str(), mail.record.as_str()))
}

fn read_waiting(op: &'static str, item: &Item) -> Result<Vec<WaitingMail>, PortError> {
    let set = item.get(WAITING).and_then(|value| value.as_ss().ok());
    let mut mails = set
        .into_iter()
        .flatten()
        .map(|text| {
            let (role, user, record): (Role, UserId, RemoteId) =
                serde_json::from_str(text).map_err(|error| garbled(op, WAITING, &error))?;
            Ok(WaitingMail { record, role, user })
        })
        .collect::<Result<Vec<_>, PortError>>()?;
    mails.sort();
    Ok(mails)
}

pub(crate) fn read_stranger(op: &'static str, item: &Item) -> Result<StrangerRow, PortError> {
    let state = maybe_text(item, RECORD_ID)
        .map_or(StrangerState::Unknown, |record| StrangerState::Record(RemoteId::new(record)));
    Ok(StrangerRow {
        key: read_sync_key(op, item)?,
        correspondent: read_sealed(op, item)?,
        state,
        waiting: read_waiting(op, item)?,
    })
}

// What happened.

/// A session's row. The last lines of a report that would not fit are left out; its counts go on.
pub(crate) fn session(op: &'static str, report: &SessionReport) -> Result<Item, PortError> {
    let key = keys::session(&report.user, report.started, &report.id);
    let mut doc = document(op, report)?;
    let mut kept = report.clone();
    while doc.len() > LARGEST_REPORT_BYTES && !kept.lines.is_empty() {
        kept.lines.truncate(kept.lines.len() * 3 / 4);
        doc = document(op, &kept)?;
    }
    Ok(Row::at(&key).text(DOC, doc).kept_since(report.ended).build())
}

/// A history row: earlier values only in their sealed form.
pub(crate) fn history(
    op: &'static str,
    user: &UserId,
    at: usize,
    entry: &history::Entry,
    sealed: Option<&Sealed>,
) -> Result<Item, PortError> {
    let bare = history::Entry { before: Vec::new(), ..entry.clone() };
    let doc = document(op, &bare)?;
    let key = keys::history_entry(user, entry, at, &doc);
    let row = Row::at(&key).text(DOC, doc).kept_since(entry.at);
    Ok(match sealed {
        Some(sealed) => row.sealed(sealed),
        None => row,
    }
    .build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncline_core::ids::SessionId;
    use syncline_core::item::Kind;
    use syncline_core::job::{Stream, Trigger};
    use syncline_core::reason::Reason;
    use syncline_core::report::{Effect, Line};

    #[test]
    fn a_report_too_long_for_a_row_keeps_its_counts() {
        let at = "2031-03-03T09:00:00Z".parse().unwrap();
        let mut report =
            SessionReport::begin(SessionId::new("s"), UserId::new("u"), Stream::Mirror, Trigger::Timer, at);
        for _ in 0..SessionReport::MAX_LINES {
            report.add(Line {
                kind: Kind::Event,
                mailbox: Some(RemoteId::new("m".repeat(300))),
                crm: None,
                effect: Effect::Parked,
                reason: Reason::NewInMailbox,
                detail: "d".repeat(300),
            });
        }
        let item = session("test", &report).unwrap();
        let kept: SessionReport = read("test", &item).unwrap();
        assert!(read_text("test", &item, DOC).unwrap().len() <= LARGEST_REPORT_BYTES);
        assert!(kept.lines.len() > 400, "{}", kept.lines.len());
        assert_eq!(kept.counts, report.counts);
    }

    #[test]
    fn a_garbled_row_does_not_show_what_stands_in_it() {
        let item = Row(Item::new()).text(DOC, r#""a-secret-token""#).build();
        let error = read::<SessionReport>("test", &item).unwrap_err();
        assert_eq!(error.code, "bad_row");
        assert!(!format!("{error:?}").contains("a-secret-token"));
    }

    #[test]
    fn what_waits_keeps_its_form() {
        let mail = WaitingMail { record: RemoteId::new("02s1"), role: Role::Cc, user: UserId::new("anna") };
        assert_eq!(waiting("test", &mail).unwrap(), r#"["cc","anna","02s1"]"#);
    }
}
