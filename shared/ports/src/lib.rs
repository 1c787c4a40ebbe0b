//! What the engine needs from the world, as traits; adapters fulfil them, the engine knows nothing else.
//!
//! Entry points: [`Mailbox`] and [`Crm`] for the two sides, [`StateStore`], [`JobQueue`], [`Secrets`],
//! [`Clock`] and [`Entropy`] for the rest, [`Connector`] to get at a user's two sides, [`PortError`] for
//! what goes wrong.
//!
//! # Invariants
//! - Ports carry canonical values of `syncline-core`; no wire format passes through here.
//! - Reads and writes come in batches, and one bad item is a value in the answer, not an error of the call.
//! - An error of a call says what kind of trouble it is ([`ErrorKind`]) and never shows content, addresses
//!   or tokens.

mod add_in;
mod clock;
mod error;
mod events;
mod folders;
mod grants;
mod items;
mod mail;
mod people;
mod poll;
mod push;
mod queue;
mod secrets;
mod sides;
mod store;

pub use add_in::{AddIn, AddInAnswer, AddInWish};
pub use clock::{Clock, Entropy};
pub use error::{ErrorKind, PortError};
pub use events::{EventWrite, Events};
pub use folders::{Categories, Category, Color, Folder, Folders, Holds, Marked};
pub use grants::{Grant, GrantVault};
pub use items::{Items, Made, Outcome, Write, Written};
pub use mail::{CrmMail, Mails, NewCrmMail, Relation};
pub use people::{Company, CompanyBy, Named, People, Person, PersonKind, PersonName};
pub use poll::{Answered, ApiBudget, Polled, Wanted};
pub use push::{Push, PushRequest, PushResource, Pushed};
pub use queue::JobQueue;
pub use secrets::{Sealed, Secrets};
pub use sides::{Connector, Crm, Mailbox};
pub use store::{
    Capture, CaptureClaim, ConnectionRow, CursorKey, DUE_SHARDS, DueUser, HISTORY_DAYS, Intent, Lease, LeaseOutcome,
    ParkedRow, Raised, Released, SessionRow, StateStore, StrangerRow, StrangerState, SubscriptionRow, UserView,
    WaitingMail,
};
pub use syncline_core::history::{Loss, LossKind};
pub use syncline_core::resolve::LeadDraft;
