//! Reading one side, page by page.

use jiff::Timestamp;
use syncline_core::cursor::{Cursor, Mode, Next};
use syncline_core::item::Side;
use syncline_core::observation::Observation;
use syncline_core::time::Window;
use syncline_ports::{Clock, ErrorKind, Events};

use crate::error::EngineError;

/// How many items of a side one session takes in; the rest is for a follow-up. Twins are found within
/// what one session sees, so this is also the largest calendar whose twins are all found.
const MAX_ITEMS: usize = 5_000;
/// How often a listing is begun anew because its token expired.
const MAX_RESTARTS: u32 = 2;

/// What a side showed.
pub(super) struct Observed {
    /// The items, in the order shown; repeats are possible.
    pub(super) items: Vec<Observation>,
    /// Where the next session goes on, once all of this is dealt with.
    pub(super) cursor: Cursor,
    /// What the round was.
    pub(super) mode: Mode,
    /// Whether the round came to its end.
    pub(super) complete: bool,
}

/// Reads on from the cursor, to the end of the round if deadline and limit allow.
pub(super) async fn side(
    events: &dyn Events,
    side: Side,
    window: &Window,
    mut cursor: Cursor,
    clock: &dyn Clock,
    deadline: Timestamp,
) -> Result<Observed, EngineError> {
    let mut items = Vec::new();
    let mut restarts = 0;
    loop {
        let begun = cursor.window.unwrap_or(*window);
        let page = match events.changes(&begun, &cursor.position).await {
            Ok(page) => page,
            Err(error) if error.kind == ErrorKind::CursorExpired && restarts < MAX_RESTARTS => {
                restarts += 1;
                items.clear();
                cursor = cursor.restarted(Some(*window));
                continue;
            }
            Err(error) => return Err(EngineError::at(side)(error)),
        };
        items.extend(page.items);
        let mode = cursor.mode;
        cursor = cursor.advanced(&page.next);
        let complete = matches!(page.next, Next::Done(_));
        if complete || items.len() >= MAX_ITEMS || clock.now() >= deadline {
            return Ok(Observed { items, cursor, mode, complete });
        }
    }
}
