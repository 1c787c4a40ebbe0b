//! The state store on one DynamoDB table.

mod accounts;
mod links;
mod mail;
mod past;
mod schema;
mod streams;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use jiff::{SignedDuration, Timestamp};
use syncline_core::cursor::Cursor;
use syncline_core::history;
use syncline_core::ids::{MessageId, OrgId, RemoteId, SubscriptionId, SyncKey, UserId};
use syncline_core::item::{Kind, Side};
use syncline_core::job::Stream;
use syncline_core::link::Link;
use syncline_core::org::{ConnectionState, Org, User};
use syncline_core::report::SessionReport;
use syncline_ports::{
    Capture, CaptureClaim, ConnectionRow, CursorKey, DueUser, Intent, Lease, LeaseOutcome, ParkedRow, PortError,
    Raised, Released, Sealed, SessionRow, StateStore, StrangerRow, SubscriptionRow, WaitingMail,
};

use crate::table::Table;

pub use schema::create_table;

/// The state of all orgs and users in one table, made by [`create_table`] or the deployment.
///
/// # Errors
/// A row that cannot be read is `Rejected` with the code `bad_row`. A write refused because the lease was
/// lost is `Conflict` with the code `fence`, its operation ends in `.fence`. Two writes that keep meeting
/// on one row are `Transient`.
#[derive(Clone, Debug)]
pub struct DynamoStore {
    table: Table,
}

impl DynamoStore {
    /// The store in the table of this name.
    pub fn new(client: Client, table_name: impl Into<String>) -> Self {
        Self { table: Table::new(client, table_name.into()) }
    }
}

/// The instant so long before.
fn before(now: Timestamp, span: SignedDuration) -> Timestamp {
    now.saturating_sub(span).unwrap_or(Timestamp::MIN)
}

#[async_trait]
impl StateStore for DynamoStore {
    async fn org(&self, id: &OrgId) -> Result<Option<Org>, PortError> {
        accounts::org(&self.table, id).await
    }

    async fn orgs(&self) -> Result<Vec<Org>, PortError> {
        accounts::orgs(&self.table).await
    }

    async fn put_org(&self, org: &Org) -> Result<(), PortError> {
        accounts::put_org(&self.table, org).await
    }

    async fn user(&self, id: &UserId) -> Result<Option<User>, PortError> {
        accounts::user(&self.table, id).await
    }

    async fn users(&self, org: &OrgId) -> Result<Vec<User>, PortError> {
        accounts::users(&self.table, org).await
    }

    async fn put_user(&self, user: &User) -> Result<(), PortError> {
        accounts::put_user(&self.table, user).await
    }

    async fn set_connection_state(&self, user: &UserId, side: Side, state: ConnectionState) -> Result<(), PortError> {
        accounts::set_connection_state(&self.table, user, side, state).await
    }

    async fn connection(&self, user: &UserId, side: Side) -> Result<Option<ConnectionRow>, PortError> {
        accounts::connection(&self.table, user, side).await
    }

    async fn put_connection(&self, user: &UserId, side: Side, row: &ConnectionRow) -> Result<(), PortError> {
        accounts::put_connection(&self.table, user, side, row).await
    }

    async fn due(&self, shard: u32, now: Timestamp, limit: u32) -> Result<Vec<DueUser>, PortError> {
        streams::due(&self.table, shard, now, limit).await
    }

    async fn claim_due(&self, due: &DueUser, next: Timestamp) -> Result<bool, PortError> {
        streams::claim_due(&self.table, due, next).await
    }

    async fn raise(
        &self,
        user: &UserId,
        stream: Stream,
        now: Timestamp,
        lost_after: SignedDuration,
    ) -> Result<Raised, PortError> {
        streams::raise(&self.table, user, stream, now, lost_after).await
    }

    async fn acquire(
        &self,
        user: &UserId,
        stream: Stream,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<LeaseOutcome, PortError> {
        streams::acquire(&self.table, user, stream, owner, now, until).await
    }

    async fn release(&self, lease: &Lease, now: Timestamp) -> Result<Released, PortError> {
        streams::release(&self.table, lease, now).await
    }

    async fn last_ended(&self, user: &UserId, stream: Stream) -> Result<Option<Timestamp>, PortError> {
        streams::last_ended(&self.table, user, stream).await
    }

    async fn cursor(&self, user: &UserId, key: &CursorKey) -> Result<Option<Cursor>, PortError> {
        links::cursor(&self.table, user, key).await
    }

    async fn put_cursor(&self, lease: &Lease, key: &CursorKey, cursor: &Cursor) -> Result<(), PortError> {
        links::put_cursor(&self.table, lease, key, cursor).await
    }

    async fn links(
        &self,
        user: &UserId,
        kind: Kind,
        mailbox: &[RemoteId],
        crm: &[RemoteId],
    ) -> Result<Vec<Link>, PortError> {
        links::links(&self.table, user, kind, mailbox, crm).await
    }

    async fn all_links(&self, user: &UserId, kind: Kind) -> Result<Vec<Link>, PortError> {
        links::all_links(&self.table, user, kind).await
    }

    async fn count_links(&self, user: &UserId, kind: Kind) -> Result<u32, PortError> {
        links::count_links(&self.table, user, kind).await
    }

    async fn intents(&self, user: &UserId, kind: Kind) -> Result<Vec<Intent>, PortError> {
        links::intents(&self.table, user, kind).await
    }

    async fn intend(&self, lease: &Lease, links: &[Link]) -> Result<(), PortError> {
        links::intend(&self.table, lease, links).await
    }

    async fn forget_intent(&self, lease: &Lease, kind: Kind, key: &SyncKey) -> Result<(), PortError> {
        links::forget_intent(&self.table, lease, kind, key).await
    }

    async fn save_link(&self, lease: &Lease, before: Option<&Link>, after: &Link) -> Result<(), PortError> {
        links::save_link(&self.table, lease, before, after).await
    }

    async fn parked(&self, user: &UserId, kind: Kind) -> Result<Vec<ParkedRow>, PortError> {
        links::parked(&self.table, user, kind).await
    }

    async fn park(&self, user: &UserId, row: &ParkedRow) -> Result<(), PortError> {
        links::park(&self.table, user, row).await
    }

    async fn unpark(&self, user: &UserId, kind: Kind, side: Side, id: &RemoteId) -> Result<(), PortError> {
        links::unpark(&self.table, user, kind, side, id).await
    }

    async fn claim_capture(
        &self,
        org: &OrgId,
        message: &MessageId,
        user: &UserId,
        now: Timestamp,
        lost_after: SignedDuration,
    ) -> Result<CaptureClaim, PortError> {
        mail::claim_capture(&self.table, org, message, user, now, lost_after).await
    }

    async fn complete_capture(&self, org: &OrgId, message: &MessageId, record: &RemoteId) -> Result<(), PortError> {
        mail::complete_capture(&self.table, org, message, record).await
    }

    async fn captures(&self, org: &OrgId, messages: &[MessageId]) -> Result<Vec<Capture>, PortError> {
        mail::captures(&self.table, org, messages).await
    }

    async fn await_stranger(
        &self,
        org: &OrgId,
        domain: &str,
        stranger: &SyncKey,
        sealed: &Sealed,
        mail: &WaitingMail,
    ) -> Result<(), PortError> {
        mail::await_stranger(&self.table, org, domain, stranger, sealed, mail).await
    }

    async fn strangers(&self, org: &OrgId, domain: &str) -> Result<Vec<StrangerRow>, PortError> {
        mail::strangers(&self.table, org, domain).await
    }

    async fn settle_stranger(
        &self,
        org: &OrgId,
        domain: &str,
        stranger: &SyncKey,
        record: &RemoteId,
        linked: &[WaitingMail],
    ) -> Result<(), PortError> {
        mail::settle_stranger(&self.table, org, domain, stranger, record, linked).await
    }

    async fn lock_domain(
        &self,
        org: &OrgId,
        domain: &str,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, PortError> {
        mail::lock_domain(&self.table, org, domain, owner, now, until).await
    }

    async fn unlock_domain(&self, org: &OrgId, domain: &str, owner: &str) -> Result<(), PortError> {
        mail::unlock_domain(&self.table, org, domain, owner).await
    }

    async fn subscription(&self, id: &SubscriptionId) -> Result<Option<SubscriptionRow>, PortError> {
        accounts::subscription(&self.table, id).await
    }

    async fn subscriptions(&self, user: &UserId) -> Result<Vec<SubscriptionRow>, PortError> {
        accounts::subscriptions(&self.table, user).await
    }

    async fn put_subscription(&self, row: &SubscriptionRow) -> Result<(), PortError> {
        accounts::put_subscription(&self.table, row).await
    }

    async fn remove_subscription(&self, row: &SubscriptionRow) -> Result<(), PortError> {
        accounts::remove_subscription(&self.table, row).await
    }

    async fn put_session(&self, row: &SessionRow) -> Result<(), PortError> {
        past::put_session(&self.table, row).await
    }

    async fn sessions(&self, user: &UserId, limit: u32) -> Result<Vec<SessionReport>, PortError> {
        past::sessions(&self.table, user, limit).await
    }

    async fn put_history(&self, user: &UserId, entries: &[(history::Entry, Option<Sealed>)]) -> Result<(), PortError> {
        past::put_history(&self.table, user, entries).await
    }

    async fn history(&self, user: &UserId, item: &SyncKey) -> Result<Vec<(history::Entry, Option<Sealed>)>, PortError> {
        past::history(&self.table, user, item).await
    }
}
