//! Calendar events on one side.

use async_trait::async_trait;
use syncline_core::cursor::{Page, Position};
use syncline_core::ids::{RemoteId, SyncKey};
use syncline_core::item::Event;
use syncline_core::observation::{EventSeen, Observation, Series};
use syncline_core::time::Window;

use crate::error::PortError;
use crate::items::{Outcome, Write};

/// The calendar events of one user on one side. Both sides are spoken to alike.
#[async_trait]
pub trait Events: Send + Sync {
    /// One page of what is new or changed, deletions as [`Observation::Gone`]. From
    /// [`Position::Start`] it lists everything that touches the window; the token of a complete round
    /// then asks for changes only. Rows may repeat. A token the remote forgot is
    /// [`ErrorKind::CursorExpired`](crate::ErrorKind::CursorExpired).
    async fn changes(&self, window: &Window, position: &Position) -> Result<Page<Observation>, PortError>;

    /// The items as they are now, one answer per id in the order asked; one that does not exist (any
    /// more) is [`Observation::Gone`].
    async fn read(&self, ids: &[RemoteId]) -> Result<Vec<Observation>, PortError>;

    /// One answer per series master, in the order asked: its rule, and all its dates that touch the window,
    /// each as it is now. A date that is not among them was called off or moved out: a delta does not
    /// always tell of that, so a series is looked at as a whole when its master has changed. A master that
    /// is not there (any more) is [`Observation::Gone`], as every one is on a side that lists the dates as
    /// items of their own; one that cannot be understood, or whose dates cannot, stops no other.
    async fn series(&self, masters: &[RemoteId], window: &Window) -> Result<Vec<Observation<Series>>, PortError> {
        let _ = window;
        Ok(masters.iter().map(|id| Observation::Gone { id: id.clone() }).collect())
    }

    /// The items that carry one of these keys.
    async fn find(&self, keys: &[SyncKey]) -> Result<Vec<EventSeen>, PortError>;

    /// Carries out the writes, one outcome per write in the order given. The call itself fails only if
    /// nothing was tried. A create is idempotent by its key where the remote allows that; changes and
    /// deletes happen only if the item still has the version expected.
    async fn write(&self, writes: &[EventWrite]) -> Result<Vec<Outcome>, PortError>;
}

/// One write of an event.
pub type EventWrite = Write<Event>;
