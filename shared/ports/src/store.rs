//! What Syncline remembers. The rows are those of the data model: org, user, stream, cursor, link,
//! parked, capture, stranger, subscription, session, history.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use syncline_core::cursor::Cursor;
use syncline_core::history;
use syncline_core::ids::{MessageId, OrgId, RemoteId, SubscriptionId, SyncKey, UserId};
use syncline_core::item::{Kind, Side};
use syncline_core::job::Stream;
use syncline_core::link::Link;
use syncline_core::mail::Role;
use syncline_core::org::{ConnectionState, Org, User};
use syncline_core::reason::Reason;
use syncline_core::report::SessionReport;

use crate::error::PortError;
use crate::push::PushResource;
use crate::secrets::Sealed;

/// The state of all orgs and users.
///
/// Writes that belong to a session carry its [`Lease`] and happen only while its fencing number is the
/// stream's: a holder that lost its lease gets [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) and
/// must stop. Each method that writes several rows of one link does so as one transaction.
#[async_trait]
pub trait StateStore: Send + Sync {
    // Orgs and users.

    /// An org.
    async fn org(&self, id: &OrgId) -> Result<Option<Org>, PortError>;
    /// All orgs.
    async fn orgs(&self) -> Result<Vec<Org>, PortError>;
    /// Makes or replaces an org.
    async fn put_org(&self, org: &Org) -> Result<(), PortError>;
    /// A user.
    async fn user(&self, id: &UserId) -> Result<Option<User>, PortError>;
    /// The users of an org, by address.
    async fn users(&self, org: &OrgId) -> Result<Vec<User>, PortError>;
    /// Makes or replaces a user, due time included.
    async fn put_user(&self, user: &User) -> Result<(), PortError>;
    /// Sets the state of one of a user's sign-ins, and nothing else.
    async fn set_connection_state(&self, user: &UserId, side: Side, state: ConnectionState) -> Result<(), PortError>;
    /// The sealed grant of a sign-in.
    async fn connection(&self, user: &UserId, side: Side) -> Result<Option<ConnectionRow>, PortError>;
    /// Keeps a sealed grant.
    async fn put_connection(&self, user: &UserId, side: Side, row: &ConnectionRow) -> Result<(), PortError>;

    // The timer.

    /// Users of a shard (0 to [`DUE_SHARDS`] - 1) who are due, the longest due first.
    async fn due(&self, shard: u32, now: Timestamp, limit: u32) -> Result<Vec<DueUser>, PortError>;
    /// Moves a user's due time, if it still is what it was. Of two that try, one succeeds.
    async fn claim_due(&self, due: &DueUser, next: Timestamp) -> Result<bool, PortError>;

    // Streams.

    /// Notes that a session is wanted; says whether a job must be sent, because none is queued (or the
    /// one queued was not seen for `lost_after`, so it is given up).
    async fn raise(
        &self,
        user: &UserId,
        stream: Stream,
        now: Timestamp,
        lost_after: SignedDuration,
    ) -> Result<Raised, PortError>;
    /// Takes the lease if nobody holds it (any more); clears the queued mark.
    async fn acquire(
        &self,
        user: &UserId,
        stream: Stream,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<LeaseOutcome, PortError>;
    /// Gives the lease back; says whether more was wanted meanwhile (then the stream is marked queued,
    /// and the caller sends the job).
    async fn release(&self, lease: &Lease, now: Timestamp) -> Result<Released, PortError>;
    /// When this stream's last session ended.
    async fn last_ended(&self, user: &UserId, stream: Stream) -> Result<Option<Timestamp>, PortError>;

    // Cursors.

    /// A cursor.
    async fn cursor(&self, user: &UserId, key: &CursorKey) -> Result<Option<Cursor>, PortError>;
    /// Moves a cursor.
    async fn put_cursor(&self, lease: &Lease, key: &CursorKey, cursor: &Cursor) -> Result<(), PortError>;

    // Links.

    /// The links of these items, found by their aliases. An idle session asks for none.
    async fn links(
        &self,
        user: &UserId,
        kind: Kind,
        mailbox: &[RemoteId],
        crm: &[RemoteId],
    ) -> Result<Vec<Link>, PortError>;
    /// Every link of a kind. Only at the end of a full scan.
    async fn all_links(&self, user: &UserId, kind: Kind) -> Result<Vec<Link>, PortError>;
    /// How many links of a kind there are.
    async fn count_links(&self, user: &UserId, kind: Kind) -> Result<u32, PortError>;
    /// What an earlier session may have begun and not finished.
    async fn intents(&self, user: &UserId, kind: Kind) -> Result<Vec<Intent>, PortError>;
    /// Notes what is about to be created, before it is.
    async fn intend(&self, lease: &Lease, links: &[Link]) -> Result<(), PortError>;
    /// Forgets an intent that came to nothing.
    async fn forget_intent(&self, lease: &Lease, kind: Kind, key: &SyncKey) -> Result<(), PortError>;
    /// Keeps a link as it is now, its aliases with it (those of `before` that no longer hold are
    /// removed), and forgets its intent. A closed link goes by itself after [`HISTORY_DAYS`].
    async fn save_link(&self, lease: &Lease, before: Option<&Link>, after: &Link) -> Result<(), PortError>;

    // Parked items.

    /// All parked items of a kind.
    async fn parked(&self, user: &UserId, kind: Kind) -> Result<Vec<ParkedRow>, PortError>;
    /// Parks an item, or parks it again.
    async fn park(&self, user: &UserId, row: &ParkedRow) -> Result<(), PortError>;
    /// An item is not parked any more.
    async fn unpark(&self, user: &UserId, kind: Kind, side: Side, id: &RemoteId) -> Result<(), PortError>;

    // Mail.

    /// Claims a message for recording: the first user of the org wins (D-25). A claim without a record
    /// that is older than `lost_after` is given to the next who asks.
    async fn claim_capture(
        &self,
        org: &OrgId,
        message: &MessageId,
        user: &UserId,
        now: Timestamp,
        lost_after: SignedDuration,
    ) -> Result<CaptureClaim, PortError>;
    /// Remembers the record of a message.
    async fn complete_capture(&self, org: &OrgId, message: &MessageId, record: &RemoteId) -> Result<(), PortError>;
    /// The captures of these messages that have a record.
    async fn captures(&self, org: &OrgId, messages: &[MessageId]) -> Result<Vec<Capture>, PortError>;

    // Strangers.

    /// Notes that a mail's record waits for a stranger to become a record; twice is once. `stranger` is
    /// [`SyncKey::of_stranger`], `sealed` the [`Correspondent`](syncline_core::mail::Correspondent) as
    /// JSON, sealed with the context `stranger/<key>`: no address is kept in the clear.
    async fn await_stranger(
        &self,
        org: &OrgId,
        domain: &str,
        stranger: &SyncKey,
        sealed: &Sealed,
        mail: &WaitingMail,
    ) -> Result<(), PortError>;
    /// The strangers of a domain for whom something waits.
    async fn strangers(&self, org: &OrgId, domain: &str) -> Result<Vec<StrangerRow>, PortError>;
    /// A stranger became a record, and these mails were linked to it: they wait no longer.
    async fn settle_stranger(
        &self,
        org: &OrgId,
        domain: &str,
        stranger: &SyncKey,
        record: &RemoteId,
        linked: &[WaitingMail],
    ) -> Result<(), PortError>;
    /// Takes the right to make records for strangers of a domain, if nobody holds it (D-31).
    async fn lock_domain(
        &self,
        org: &OrgId,
        domain: &str,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, PortError>;
    /// Gives it back.
    async fn unlock_domain(&self, org: &OrgId, domain: &str, owner: &str) -> Result<(), PortError>;

    // Subscriptions.

    /// A subscription.
    async fn subscription(&self, id: &SubscriptionId) -> Result<Option<SubscriptionRow>, PortError>;
    /// A user's subscriptions.
    async fn subscriptions(&self, user: &UserId) -> Result<Vec<SubscriptionRow>, PortError>;
    /// Keeps a subscription.
    async fn put_subscription(&self, row: &SubscriptionRow) -> Result<(), PortError>;
    /// Forgets a subscription.
    async fn remove_subscription(&self, row: &SubscriptionRow) -> Result<(), PortError>;

    // What happened.

    /// Keeps a session's report for [`HISTORY_DAYS`].
    async fn put_session(&self, row: &SessionRow) -> Result<(), PortError>;
    /// A user's last sessions, the newest first.
    async fn sessions(&self, user: &UserId, limit: u32) -> Result<Vec<SessionReport>, PortError>;
    /// Keeps history entries, each with its earlier values sealed, for [`HISTORY_DAYS`].
    async fn put_history(&self, user: &UserId, entries: &[(history::Entry, Option<Sealed>)]) -> Result<(), PortError>;
    /// The history of one item, the oldest first; the earlier values stay sealed.
    async fn history(&self, user: &UserId, item: &SyncKey) -> Result<Vec<(history::Entry, Option<Sealed>)>, PortError>;
}

/// Into how many parts the due index is divided.
pub const DUE_SHARDS: u32 = 4;
/// How long sessions, history and closed links are kept, days.
pub const HISTORY_DAYS: u32 = 30;

/// A sealed grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionRow {
    /// The grant, sealed with the context `grant/<user>/<side>`.
    pub grant: Sealed,
}

/// Somebody whose interval has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueUser {
    /// Who.
    pub user: UserId,
    /// Since when.
    pub due: Timestamp,
}

/// What raising the wish for a session came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raised {
    /// Nothing is queued: send a job.
    SendJob,
    /// A job is queued, or a session runs and will see the wish when it ends.
    Noted,
}

/// The right to run a stream's session. Correctness does not rest on it: every write it makes is
/// conditional on its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Whose stream.
    pub user: UserId,
    /// Which.
    pub stream: Stream,
    /// The fencing number: higher than that of every earlier lease.
    pub fence: u64,
    /// The count of wishes that this session answers.
    pub seen: u64,
}

/// Whether the lease could be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseOutcome {
    /// It is ours.
    Held(Lease),
    /// Somebody else's session runs; it will see the wish when it ends.
    Busy,
}

/// What giving the lease back came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Released {
    /// Nothing more was wanted.
    Settled,
    /// More was wanted meanwhile: send a job.
    SendJob,
    /// The lease had been lost to somebody else already.
    Lost,
}

/// Which cursor.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CursorKey {
    /// Of which stream.
    pub stream: Stream,
    /// Of which side.
    pub side: Side,
    /// Of which collection: `events`, a mail folder.
    pub collection: String,
}

/// A create that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The link, in state `Creating`.
    pub link: Link,
}

/// An item put aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedRow {
    /// What kind of item.
    pub kind: Kind,
    /// The side whose change could not be carried over.
    pub side: Side,
    /// Its id there.
    pub id: RemoteId,
    /// Why.
    pub reason: Reason,
    /// The remote's own code, or what is wrong; empty if the reason says it all.
    pub detail: String,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried again; `None` waits for a change or a person.
    pub next_try: Option<Timestamp>,
    /// Since when it is parked.
    pub since: Timestamp,
    /// What an administrator said to a held delete (D-11).
    pub verdict: Option<bool>,
}

/// A message's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The message.
    pub message: MessageId,
    /// Its record in the CRM.
    pub record: RemoteId,
}

/// What claiming a message came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaptureClaim {
    /// It is ours to record. It may have been claimed before, by somebody who did not come back: look
    /// before creating.
    Ours,
    /// It has a record.
    Recorded(RemoteId),
    /// Somebody else is at it right now.
    Busy,
}

/// A record that waits for a stranger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WaitingMail {
    /// The record in the CRM.
    pub record: RemoteId,
    /// Where the stranger stands on it.
    pub role: Role,
    /// Whose mail: through that user's sign-in the link is made.
    pub user: UserId,
}

/// Where a stranger stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StrangerState {
    /// Not yet a record.
    Unknown,
    /// A record by now.
    Record(RemoteId),
}

/// A stranger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrangerRow {
    /// [`SyncKey::of_stranger`].
    pub key: SyncKey,
    /// Who: a [`Correspondent`](syncline_core::mail::Correspondent) as JSON, sealed.
    pub correspondent: Sealed,
    /// Where they stand.
    pub state: StrangerState,
    /// What waits for them.
    pub waiting: Vec<WaitingMail>,
}

/// A subscription to a mailbox's changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionRow {
    /// Its id at the remote.
    pub id: SubscriptionId,
    /// Whose mailbox.
    pub user: UserId,
    /// What it tells of.
    pub resource: PushResource,
    /// SHA-256 of the secret that every notification brings, as hexadecimal digits.
    pub secret_hash: String,
    /// When it lapses.
    pub expires: Timestamp,
}

/// A session's report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// The report.
    pub report: SessionReport,
}

/// A user with what the console shows about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserView {
    /// The user.
    pub user: User,
    /// The last sessions, the newest first.
    pub sessions: Vec<SessionReport>,
    /// What is put aside.
    pub parked: Vec<ParkedRow>,
}
