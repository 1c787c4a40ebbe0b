//! Asking the CRM for news of several kinds at once.

use syncline_core::contact::Contact;
use syncline_core::cursor::{Page, Position};
use syncline_core::ids::RemoteId;
use syncline_core::observation::{ItemSeen, Observation};
use syncline_core::task::Task;
use syncline_core::time::Window;

use crate::error::PortError;
use crate::sides::Crm;

/// What to ask for: each kind from its own position, and no kind that has none.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Whose tasks and contacts; in a CRM that is their owner.
    pub collection: RemoteId,
    /// The window of events.
    pub window: Window,
    /// Where the events go on.
    pub events: Option<Position>,
    /// Where the tasks go on.
    pub tasks: Option<Position>,
    /// Where the contacts go on.
    pub contacts: Option<Position>,
    /// Somebody waits for the answer. What nobody waits for is refused first when the CRM's allowance runs
    /// low (D-34).
    pub pressing: bool,
}

/// One page of a kind, or why there is none; one kind's trouble is not the others'.
pub type Answered<S> = Option<Result<Page<Observation<S>>, PortError>>;

/// A page of each kind that was asked for.
#[derive(Debug, Default)]
pub struct Polled {
    /// Of the events.
    pub events: Answered<syncline_core::observation::EventSeen>,
    /// Of the tasks.
    pub tasks: Answered<ItemSeen<Task>>,
    /// Of the contacts.
    pub contacts: Answered<ItemSeen<Contact>>,
}

/// Asks for each kind by itself.
pub(crate) async fn one_by_one<C: Crm + ?Sized>(crm: &C, wanted: &Wanted) -> Polled {
    let mut polled = Polled::default();
    if let Some(position) = &wanted.events {
        polled.events = Some(crm.events().changes(&wanted.window, position).await);
    }
    if let (Some(position), Some(tasks)) = (&wanted.tasks, crm.tasks()) {
        polled.tasks = Some(tasks.changes(&wanted.collection, position).await);
    }
    if let (Some(position), Some(contacts)) = (&wanted.contacts, crm.contacts()) {
        polled.contacts = Some(contacts.changes(&wanted.collection, position).await);
    }
    polled
}

/// How much of the CRM's daily allowance of requests is used, by everybody together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiBudget {
    /// So many of the last 24 hours.
    pub used: u64,
    /// Of so many.
    pub limit: u64,
}

impl ApiBudget {
    /// How many are left.
    pub fn left(self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}
