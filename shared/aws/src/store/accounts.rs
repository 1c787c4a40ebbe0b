//! Orgs, users, their sign-ins and their subscriptions.

use syncline_core::ids::{OrgId, SubscriptionId, UserId};
use syncline_core::item::Side;
use syncline_core::org::{ConnectionState, Org, User};
use syncline_ports::{ConnectionRow, ErrorKind, PortError, SubscriptionRow};

use crate::keys;
use crate::rows::{self, Row};
use crate::table::{Changed, Listing, Table};

pub(super) async fn org(table: &Table, id: &OrgId) -> Result<Option<Org>, PortError> {
    const OP: &str = "dynamodb.org";
    let item = table.get(OP, &keys::org(id)).await?;
    item.map(|item| rows::read(OP, &item)).transpose()
}

pub(super) async fn orgs(table: &Table) -> Result<Vec<Org>, PortError> {
    const OP: &str = "dynamodb.orgs";
    let entries = table.list(OP, keys::directory(), Listing::default());
    let keys = entries
        .await?
        .iter()
        .map(|item| Ok(keys::org(&OrgId::new(rows::read_entry(OP, item)?))))
        .collect::<Result<_, PortError>>()?;
    let items = table.get_many(OP, keys).await?;
    let orgs = items.iter().map(|item| rows::read(OP, item));
    let mut orgs = orgs.collect::<Result<Vec<Org>, _>>()?;
    orgs.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(orgs)
}

pub(super) async fn put_org(table: &Table, org: &Org) -> Result<(), PortError> {
    const OP: &str = "dynamodb.put_org";
    let row = Row::at(&keys::org(&org.id)).doc(OP, org)?.build();
    let entry = rows::entry(&keys::directory_entry(&org.id), org.id.as_str());
    let writes = vec![table.putting(OP, row)?, table.putting(OP, entry)?];
    table.transact(OP, writes).await
}

pub(super) async fn user(table: &Table, id: &UserId) -> Result<Option<User>, PortError> {
    const OP: &str = "dynamodb.user";
    let item = table.get(OP, &keys::user(id)).await?;
    item.map(|item| rows::read_user(OP, &item)).transpose()
}

pub(super) async fn users(table: &Table, org: &OrgId) -> Result<Vec<User>, PortError> {
    const OP: &str = "dynamodb.users";
    let members = table.list(OP, keys::members(org), Listing::default());
    let keys = members
        .await?
        .iter()
        .map(|item| Ok(keys::user(&UserId::new(rows::read_entry(OP, item)?))))
        .collect::<Result<_, PortError>>()?;
    let items = table.get_many(OP, keys).await?;
    let users = items.iter().map(|item| rows::read_user(OP, item));
    let mut users = users.collect::<Result<Vec<_>, _>>()?;
    // Who moved to another org is still listed in the old one.
    users.retain(|user| user.org == *org);
    users.sort_by(|one, other| (&one.address, &one.id).cmp(&(&other.address, &other.id)));
    Ok(users)
}

pub(super) async fn put_user(table: &Table, user: &User) -> Result<(), PortError> {
    const OP: &str = "dynamodb.put_user";
    let row = rows::user(OP, user)?;
    let entry = rows::entry(&keys::member(&user.org, &user.id), user.id.as_str());
    let writes = vec![table.putting(OP, row)?, table.putting(OP, entry)?];
    table.transact(OP, writes).await
}

pub(super) async fn set_connection_state(
    table: &Table,
    user: &UserId,
    side: Side,
    state: ConnectionState,
) -> Result<(), PortError> {
    const OP: &str = "dynamodb.set_connection_state";
    let name = rows::connection_attribute(side);
    let change = table
        .change(&keys::user(user))
        .update_expression(format!("SET {name} = :state"))
        .condition_expression("attribute_exists(PK)")
        .expression_attribute_values(":state", rows::text(rows::connection_state(state)));
    match table.apply(OP, change).await? {
        Changed::Done(_) => Ok(()),
        Changed::Refused(_) => Err(PortError::new(ErrorKind::Gone, OP)),
    }
}

pub(super) async fn connection(table: &Table, user: &UserId, side: Side) -> Result<Option<ConnectionRow>, PortError> {
    const OP: &str = "dynamodb.connection";
    let item = table.get(OP, &keys::connection(user, side)).await?;
    item.map(|item| rows::read_sealed(OP, &item).map(|grant| ConnectionRow { grant })).transpose()
}

pub(super) async fn put_connection(
    table: &Table,
    user: &UserId,
    side: Side,
    row: &ConnectionRow,
) -> Result<(), PortError> {
    let row = Row::at(&keys::connection(user, side)).sealed(&row.grant);
    table.put("dynamodb.put_connection", row.build()).await
}

pub(super) async fn subscription(table: &Table, id: &SubscriptionId) -> Result<Option<SubscriptionRow>, PortError> {
    const OP: &str = "dynamodb.subscription";
    let item = table.get(OP, &keys::subscription(id)).await?;
    item.map(|item| rows::read(OP, &item)).transpose()
}

pub(super) async fn subscriptions(table: &Table, user: &UserId) -> Result<Vec<SubscriptionRow>, PortError> {
    const OP: &str = "dynamodb.subscriptions";
    let items = table.list(OP, keys::subscriptions(user), Listing::default());
    items.await?.iter().map(|item| rows::read(OP, item)).collect()
}

pub(super) async fn put_subscription(table: &Table, row: &SubscriptionRow) -> Result<(), PortError> {
    const OP: &str = "dynamodb.put_subscription";
    let writes = [keys::subscription(&row.id), keys::subscription_of(&row.user, &row.id)]
        .iter()
        .map(|key| table.putting(OP, Row::at(key).doc(OP, row)?.build()))
        .collect::<Result<_, _>>()?;
    table.transact(OP, writes).await
}

pub(super) async fn remove_subscription(table: &Table, row: &SubscriptionRow) -> Result<(), PortError> {
    const OP: &str = "dynamodb.remove_subscription";
    let writes = [keys::subscription(&row.id), keys::subscription_of(&row.user, &row.id)]
        .iter()
        .map(|key| table.deleting(OP, key))
        .collect::<Result<_, _>>()?;
    table.transact(OP, writes).await
}
