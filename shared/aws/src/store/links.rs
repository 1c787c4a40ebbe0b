//! Cursors, links with their aliases and intents, and what is put aside.

use std::collections::BTreeSet;

use syncline_core::cursor::Cursor;
use syncline_core::ids::{RemoteId, SyncKey, UserId};
use syncline_core::item::{Kind, Side};
use syncline_core::link::Link;
use syncline_ports::{CursorKey, Intent, Lease, ParkedRow, PortError};

use crate::keys;
use crate::rows::{self, Row};
use crate::table::{LEASED_WRITES, Listing, Table};

pub(super) async fn cursor(table: &Table, user: &UserId, key: &CursorKey) -> Result<Option<Cursor>, PortError> {
    const OP: &str = "dynamodb.cursor";
    let item = table.get(OP, &keys::cursor(user, key)).await?;
    item.map(|item| rows::read(OP, &item)).transpose()
}

pub(super) async fn put_cursor(
    table: &Table,
    lease: &Lease,
    key: &CursorKey,
    cursor: &Cursor,
) -> Result<(), PortError> {
    const OPS: [&str; 2] = ["dynamodb.put_cursor", "dynamodb.put_cursor.fence"];
    let row = Row::at(&keys::cursor(&lease.user, key)).doc(OPS[0], cursor)?;
    let writes = vec![table.putting(OPS[0], row.build())?];
    table.leased(OPS, lease, writes).await
}

pub(super) async fn links(
    table: &Table,
    user: &UserId,
    kind: Kind,
    mailbox: &[RemoteId],
    crm: &[RemoteId],
) -> Result<Vec<Link>, PortError> {
    const OP: &str = "dynamodb.links";
    let of_mailbox = mailbox.iter().map(|id| (Side::Mailbox, id));
    let of_crm = crm.iter().map(|id| (Side::Crm, id));
    let aliases = of_mailbox.chain(of_crm).map(|(side, id)| keys::alias(user, kind, side, id)).collect();
    let aliases = table.get_many(OP, aliases).await?;
    let own = aliases
        .iter()
        .map(|item| Ok(keys::link(user, kind, &rows::read_sync_key(OP, item)?)))
        .collect::<Result<BTreeSet<_>, PortError>>()?;
    let items = table.get_many(OP, own).await?;
    let links = items.iter().map(|item| rows::read(OP, item));
    let mut links = links.collect::<Result<Vec<Link>, _>>()?;
    links.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(links)
}

pub(super) async fn all_links(table: &Table, user: &UserId, kind: Kind) -> Result<Vec<Link>, PortError> {
    const OP: &str = "dynamodb.all_links";
    let items = table.list(OP, keys::links(user, kind), Listing::default());
    items.await?.iter().map(|item| rows::read(OP, item)).collect()
}

pub(super) async fn count_links(table: &Table, user: &UserId, kind: Kind) -> Result<u32, PortError> {
    let range = keys::links(user, kind);
    table.count("dynamodb.count_links", &range).await
}

pub(super) async fn intents(table: &Table, user: &UserId, kind: Kind) -> Result<Vec<Intent>, PortError> {
    const OP: &str = "dynamodb.intents";
    let items = table.list(OP, keys::intents(user, kind), Listing::default());
    items.await?.iter().map(|item| rows::read(OP, item).map(|link| Intent { link })).collect()
}

/// More intents than one transaction takes are written in several: each stands for itself, and the create
/// comes after all of them.
pub(super) async fn intend(table: &Table, lease: &Lease, links: &[Link]) -> Result<(), PortError> {
    const OPS: [&str; 2] = ["dynamodb.intend", "dynamodb.intend.fence"];
    // A transaction must not name a row twice; of two with one key the later stands.
    let mut rows = std::collections::BTreeMap::new();
    for link in links {
        let key = keys::intent(&lease.user, link.kind, &link.key);
        rows.insert(key, rows::intent(OPS[0], &lease.user, link)?);
    }
    let writes = rows.into_values().map(|row| table.putting(OPS[0], row));
    let writes = writes.collect::<Result<Vec<_>, _>>()?;
    for chunk in writes.chunks(LEASED_WRITES) {
        table.leased(OPS, lease, chunk.to_vec()).await?;
    }
    Ok(())
}

pub(super) async fn forget_intent(table: &Table, lease: &Lease, kind: Kind, key: &SyncKey) -> Result<(), PortError> {
    const OPS: [&str; 2] = ["dynamodb.forget_intent", "dynamodb.forget_intent.fence"];
    let write = table.deleting(OPS[0], &keys::intent(&lease.user, kind, key))?;
    table.leased(OPS, lease, vec![write]).await
}

pub(super) async fn save_link(
    table: &Table,
    lease: &Lease,
    before: Option<&Link>,
    after: &Link,
) -> Result<(), PortError> {
    const OPS: [&str; 2] = ["dynamodb.save_link", "dynamodb.save_link.fence"];
    let user = &lease.user;
    let kept = rows::link_keys(user, after);
    let mut gone = before.map_or_else(BTreeSet::new, |link| rows::link_keys(user, link));
    gone.retain(|key| !kept.contains(key));
    gone.insert(keys::intent(user, after.kind, &after.key));
    let mut writes = Vec::new();
    for row in rows::link(OPS[0], user, after)? {
        writes.push(table.putting(OPS[0], row)?);
    }
    for key in gone {
        writes.push(table.deleting(OPS[0], &key)?);
    }
    table.leased(OPS, lease, writes).await
}

pub(super) async fn parked(table: &Table, user: &UserId, kind: Kind) -> Result<Vec<ParkedRow>, PortError> {
    const OP: &str = "dynamodb.parked";
    let items = table.list(OP, keys::all_parked(user, kind), Listing::default());
    items.await?.iter().map(|item| rows::read(OP, item)).collect()
}

pub(super) async fn park(table: &Table, user: &UserId, row: &ParkedRow) -> Result<(), PortError> {
    const OP: &str = "dynamodb.park";
    let key = keys::parked(user, row.kind, row.side, &row.id);
    table.put(OP, Row::at(&key).doc(OP, row)?.build()).await
}

pub(super) async fn unpark(
    table: &Table,
    user: &UserId,
    kind: Kind,
    side: Side,
    id: &RemoteId,
) -> Result<(), PortError> {
    let key = keys::parked(user, kind, side, id);
    table.delete("dynamodb.unpark", &key).await
}
