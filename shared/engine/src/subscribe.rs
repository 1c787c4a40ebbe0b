//! Seeing to it that a user's mailbox tells of its changes.

use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use syncline_core::ids::hex;
use syncline_core::item::Side;
use syncline_core::org::User;
use syncline_ports::{ErrorKind, Push, PushRequest, PushResource, SubscriptionRow};

use crate::Ports;
use crate::error::EngineError;

/// Where notifications are to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushAddress {
    /// Notifications of changes.
    pub notification_url: String,
    /// Notifications about the subscription itself.
    pub lifecycle_url: String,
}

/// Makes the subscriptions a user lacks and renews those past half of their life; returns how many.
pub async fn ensure(ports: &Ports, user: &User, address: &PushAddress) -> Result<u32, EngineError> {
    let rows = ports.store.subscriptions(&user.id).await?;
    let now = ports.clock.now();
    let wanted = [PushResource::Events, PushResource::Mail];
    let mut done = 0;
    let mut opened = None;
    for resource in wanted {
        let row = rows.iter().find(|row| row.resource == resource);
        if opened.is_none() {
            opened = Some(ports.connector.mailbox(user).await.map_err(EngineError::at(Side::Mailbox))?);
        }
        let Some(push) = opened.as_ref().and_then(|mailbox| mailbox.push()) else { return Ok(0) };
        let until = now.saturating_add(push.longest(resource)).unwrap_or(now);
        let fresh = row.is_some_and(|row| row.expires.duration_since(now) > half(push.longest(resource)));
        if fresh {
            continue;
        }
        match row {
            Some(row) => match push.renew(&row.id, resource, until).await {
                Ok(pushed) => {
                    let row = SubscriptionRow { expires: pushed.until, ..row.clone() };
                    ports.store.put_subscription(&row).await?;
                }
                Err(error) if error.kind == ErrorKind::Gone => {
                    ports.store.remove_subscription(row).await?;
                    subscribe(ports, user, push, resource, address).await?;
                }
                Err(error) => return Err(EngineError::at(Side::Mailbox)(error)),
            },
            None => subscribe(ports, user, push, resource, address).await?,
        }
        done += 1;
    }
    Ok(done)
}

fn half(life: SignedDuration) -> SignedDuration {
    SignedDuration::from_secs(life.as_secs() / 2)
}

async fn subscribe(
    ports: &Ports,
    user: &User,
    push: &dyn Push,
    resource: PushResource,
    address: &PushAddress,
) -> Result<(), EngineError> {
    let secret = ports.entropy.token();
    let now = ports.clock.now();
    let request = PushRequest {
        resource,
        collection: None,
        notification_url: address.notification_url.clone(),
        lifecycle_url: address.lifecycle_url.clone(),
        secret: secret.clone(),
        until: now.saturating_add(push.longest(resource)).unwrap_or(now),
    };
    let pushed = push.subscribe(&request).await.map_err(EngineError::at(Side::Mailbox))?;
    let row = SubscriptionRow {
        id: pushed.id,
        user: user.id.clone(),
        resource,
        secret_hash: hash(&secret),
        expires: pushed.until,
    };
    Ok(ports.store.put_subscription(&row).await?)
}

/// SHA-256 as lower-case hexadecimal digits.
pub(crate) fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}
