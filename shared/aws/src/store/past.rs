//! What happened: session reports and item history, for a while.

use syncline_core::history;
use syncline_core::ids::{SyncKey, UserId};
use syncline_core::report::SessionReport;
use syncline_ports::{PortError, Sealed, SessionRow};

use crate::keys;
use crate::rows;
use crate::table::{Listing, Table};

pub(super) async fn put_session(table: &Table, row: &SessionRow) -> Result<(), PortError> {
    const OP: &str = "dynamodb.put_session";
    table.put(OP, rows::session(OP, &row.report)?).await
}

pub(super) async fn sessions(table: &Table, user: &UserId, limit: u32) -> Result<Vec<SessionReport>, PortError> {
    const OP: &str = "dynamodb.sessions";
    let listing = Listing { descending: true, limit: Some(limit), ..Listing::default() };
    let items = table.list(OP, keys::sessions(user), listing).await?;
    items.iter().map(|item| rows::read(OP, item)).collect()
}

pub(super) async fn put_history(
    table: &Table,
    user: &UserId,
    entries: &[(history::Entry, Option<Sealed>)],
) -> Result<(), PortError> {
    const OP: &str = "dynamodb.put_history";
    let rows =
        entries.iter().enumerate().map(|(at, (entry, sealed))| rows::history(OP, user, at, entry, sealed.as_ref()));
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    table.put_many(OP, rows).await
}

pub(super) async fn history(
    table: &Table,
    user: &UserId,
    item: &SyncKey,
) -> Result<Vec<(history::Entry, Option<Sealed>)>, PortError> {
    const OP: &str = "dynamodb.history";
    let items = table.list(OP, keys::history_of(user, item), Listing::default());
    items.await?.iter().map(|item| Ok((rows::read(OP, item)?, rows::maybe_sealed(item)))).collect()
}
