//! E-mail: read from the mailbox, recorded in the CRM.

use async_trait::async_trait;
use jiff::Timestamp;
use syncline_core::cursor::{Page, Position};
use syncline_core::ids::{MessageId, RemoteId, SyncKey};
use syncline_core::mail::{Correspondent, Mail, MailObservation, Role};

use crate::error::PortError;
use crate::items::Made;

/// The mail of one mailbox.
#[async_trait]
pub trait Mails: Send + Sync {
    /// The collections to read, each with a cursor of its own: Exchange has one per folder (inbox, sent
    /// items), Gmail one for all.
    fn collections(&self) -> &'static [&'static str];

    /// One page of what is new or changed in a collection. From [`Position::Start`] it lists mail
    /// received since `since`; drafts, deleted mail and junk are left out where the remote can do that.
    async fn changes(
        &self,
        collection: &str,
        since: Timestamp,
        position: &Position,
    ) -> Result<Page<MailObservation>, PortError>;

    /// One message, as it is now.
    async fn read(&self, id: &RemoteId) -> Result<MailObservation, PortError>;
}

/// The e-mail records of the CRM.
#[async_trait]
pub trait CrmMail: Send + Sync {
    /// The record of each message that has one, found by our key or by the `Message-ID`.
    async fn find(&self, mails: &[(SyncKey, MessageId)]) -> Result<Vec<(MessageId, RemoteId)>, PortError>;

    /// Makes the record of a mail with its relations, once: if there already is one with this key, that
    /// one is the answer and the missing relations are added.
    async fn create(&self, mail: &NewCrmMail<'_>) -> Result<Made, PortError>;

    /// Adds the relations that the record does not have yet.
    async fn relate(&self, record: &RemoteId, relations: &[Relation]) -> Result<(), PortError>;
}

/// What becomes a record.
#[derive(Clone, Debug)]
pub struct NewCrmMail<'a> {
    /// Our key for it.
    pub key: SyncKey,
    /// Its `Message-ID`.
    pub message: &'a MessageId,
    /// The content.
    pub mail: &'a Mail,
    /// It came in, rather than going out.
    pub incoming: bool,
    /// The known people on it.
    pub relations: Vec<Relation>,
}

/// A person on a mail who has a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// The person's record: Contact, Lead or User.
    pub person: RemoteId,
    /// Where they stand on the mail.
    pub role: Role,
    /// Under which address.
    pub correspondent: Correspondent,
}
