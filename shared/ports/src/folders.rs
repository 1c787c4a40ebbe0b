//! The containers of a mailbox, and the categories its owner marks items with.

use async_trait::async_trait;
use syncline_core::ids::RemoteId;

use crate::error::PortError;

/// What a folder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holds {
    /// E-mail.
    Mail,
    /// Calendar events: a calendar.
    Events,
    /// Contacts.
    Contacts,
    /// Tasks: a list.
    Tasks,
}

impl Holds {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Mail, Self::Events, Self::Contacts, Self::Tasks];
}

/// A container of the mailbox: mail folder, calendar, contact folder, task list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Its id, which no rename changes (P-18).
    pub id: RemoteId,
    /// The folder it is in; `None` at the top.
    pub parent: Option<RemoteId>,
    /// Its name, as the user sees it.
    pub name: String,
    /// Where the mailbox puts what nobody put elsewhere; of mail, the inbox.
    pub is_default: bool,
    /// The mailbox made it and keeps it: it can be neither renamed nor deleted.
    pub is_fixed: bool,
}

/// The folders of one mailbox (D-22).
#[async_trait]
pub trait Folders: Send + Sync {
    /// All that hold this, at every depth.
    async fn list(&self, holds: Holds) -> Result<Vec<Folder>, PortError>;

    /// Makes a folder below another one or at the top. If there already is one of that name, that one is
    /// the answer, so a repeated call makes no second one.
    async fn create(&self, holds: Holds, parent: Option<&RemoteId>, name: &str) -> Result<Folder, PortError>;

    /// Gives it another name.
    async fn rename(&self, holds: Holds, id: &RemoteId, name: &str) -> Result<(), PortError>;

    /// Deletes it **with what is in it**: whoever calls this moved out before what must stay (D-24). One
    /// that is not there counts as deleted.
    async fn delete(&self, holds: Holds, id: &RemoteId) -> Result<(), PortError>;

    /// Moves mails into a mail folder, one answer per mail in the order given: its id there, or `None` if
    /// there is no such mail (any more).
    async fn move_mails(&self, mails: &[RemoteId], to: &RemoteId) -> Result<Vec<Option<RemoteId>>, PortError>;
}

/// A category of the mailbox's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Its id.
    pub id: RemoteId,
    /// Its name; items carry the name.
    pub name: String,
    /// Its colour.
    pub color: Color,
}

/// The colours of categories that Syncline uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// No colour.
    None,
    /// Trouble: `Sync Error` (RI-09).
    Red,
    /// The marker `Salesforce` (RI-09).
    Blue,
    /// Done.
    Green,
    /// Any other.
    Other,
}

/// What carries categories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Marked {
    /// An e-mail.
    Mail,
    /// A calendar event.
    Event,
    /// A contact.
    Contact,
    /// A task.
    Task,
}

/// The categories of one mailbox (D-22).
#[async_trait]
pub trait Categories: Send + Sync {
    /// The list that the user chooses from.
    async fn list(&self) -> Result<Vec<Category>, PortError>;

    /// Adds a category. If there already is one of that name, that one is the answer.
    async fn create(&self, name: &str, color: Color) -> Result<Category, PortError>;

    /// Removes a category from the list; items keep the name. One that is not there counts as removed.
    async fn delete(&self, id: &RemoteId) -> Result<(), PortError>;

    /// Puts names on items and takes names off, leaving their other categories alone; one answer per item
    /// in the order given, `false` if there is no such item (any more).
    async fn mark(&self, items: &[(Marked, RemoteId)], add: &[&str], remove: &[&str]) -> Result<Vec<bool>, PortError>;
}
