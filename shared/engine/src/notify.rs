//! A notification is a hint that something changed: believed only with its secret, and turned into the
//! same job that the timer would send, sooner. A storm of them makes one session.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::SignedDuration;
use subtle::ConstantTimeEq;
use syncline_core::ids::{SubscriptionId, UserId};
use syncline_core::job::{Job, Stream, Trigger};
use syncline_ports::{PushResource, Raised, SubscriptionRow};

use crate::Ports;
use crate::error::EngineError;
use crate::session::{self, JOB_LOST_AFTER};
use crate::subscribe;

/// One notification, whoever sent it.
#[derive(Clone, Debug)]
pub struct Notice {
    /// The subscription it came through.
    pub subscription: SubscriptionId,
    /// The secret it brings.
    pub secret: String,
    /// What it says.
    pub word: Word,
}

/// What a notification says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Something changed.
    Changed,
    /// Notifications were lost.
    Missed,
    /// The subscription is gone.
    Removed,
    /// The subscription will end unless it is renewed.
    Reauthorize,
}

/// What became of a batch of notifications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Believed.
    pub accepted: u32,
    /// Unknown subscription or wrong secret.
    pub refused: u32,
    /// Jobs sent.
    pub jobs: u32,
}

/// Takes notifications in: verifies each, and sends a job for each stream that has none queued.
pub async fn receive(ports: &Ports, notices: &[Notice]) -> Result<Received, EngineError> {
    let mut received = Received::default();
    let mut rows: BTreeMap<&SubscriptionId, Option<SubscriptionRow>> = BTreeMap::new();
    let mut wanted: BTreeSet<(UserId, Stream)> = BTreeSet::new();
    for notice in notices {
        if !rows.contains_key(&notice.subscription) {
            rows.insert(&notice.subscription, ports.store.subscription(&notice.subscription).await?);
        }
        let row = rows.get(&notice.subscription).and_then(Option::as_ref);
        let Some(row) = row.filter(|row| is_from(row, &notice.secret)) else {
            received.refused += 1;
            continue;
        };
        received.accepted += 1;
        match notice.word {
            Word::Changed | Word::Missed => {}
            Word::Removed => ports.store.remove_subscription(row).await?,
            // Past half of its life by this, so that the timer renews it.
            Word::Reauthorize => {
                let row = SubscriptionRow { expires: ports.clock.now(), ..row.clone() };
                ports.store.put_subscription(&row).await?;
            }
        }
        wanted.insert((row.user.clone(), stream(row.resource)));
    }
    for (user, stream) in wanted {
        received.jobs += wake(ports, &user, stream).await?;
    }
    Ok(received)
}

fn is_from(row: &SubscriptionRow, secret: &str) -> bool {
    subscribe::hash(secret).as_bytes().ct_eq(row.secret_hash.as_bytes()).into()
}

fn stream(resource: PushResource) -> Stream {
    match resource {
        PushResource::Events | PushResource::Contacts | PushResource::Tasks => Stream::Mirror,
        PushResource::Mail => Stream::Ingest,
    }
}

/// Sends the job, unless one is queued; not sooner after the last session than the policy allows (D-07).
async fn wake(ports: &Ports, user: &UserId, stream: Stream) -> Result<u32, EngineError> {
    let (user, org) = match session::who(ports, user).await {
        Ok(found) => found,
        Err(EngineError::UnknownUser(_) | EngineError::UnknownOrg(_)) => return Ok(0),
        Err(error) => return Err(error),
    };
    let now = ports.clock.now();
    if !user.is_ready() || ports.store.raise(&user.id, stream, now, JOB_LOST_AFTER).await? == Raised::Noted {
        return Ok(0);
    }
    let spacing = SignedDuration::from_secs(i64::from(org.policy.insta_sync_spacing_seconds));
    let since = ports.store.last_ended(&user.id, stream).await?.map(|ended| now.duration_since(ended));
    let wait = since.map_or(SignedDuration::ZERO, |since| (spacing - since).max(SignedDuration::ZERO));
    let delay = Duration::try_from(wait).unwrap_or_default();
    let job = Job::Session { user: user.id, stream, trigger: Trigger::Webhook };
    ports.queue.send(&[job], delay).await?;
    Ok(1)
}
