//! Subscriptions.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use syncline_core::ids::SubscriptionId;
use syncline_ports::{ErrorKind, PortError, Push, PushRequest, PushResource, Pushed};

use crate::Exchange;
use crate::client::{encoded, instant};
use crate::failure::Purpose;
use crate::row::Row;

/// The longest life of a subscription to events or messages: what the service takes, which is ten minutes
/// less than documented.
const LONGEST: SignedDuration = SignedDuration::from_mins(10_070);
/// How far our clock may be ahead of Graph's before it refuses the longest life.
const CLOCK_DIFFERENCE: SignedDuration = SignedDuration::from_mins(2);

#[async_trait]
impl Push for Exchange {
    async fn subscribe(&self, request: &PushRequest) -> Result<Pushed, PortError> {
        const OP: &str = "graph.subscribe";
        let resource = match request.resource {
            PushResource::Events => "/me/events",
            PushResource::Mail => "/me/messages",
        };
        let body = json!({
            "changeType": "created,updated,deleted",
            "notificationUrl": request.notification_url,
            "lifecycleNotificationUrl": request.lifecycle_url,
            "resource": self.client.own(resource).trim_start_matches('/'),
            "expirationDateTime": instant(self.at_most(request.until)),
            "clientState": request.secret,
        });
        let answer = self.client.send(OP, Purpose::Write, Method::POST, "/subscriptions", Some(&body)).await?;
        pushed(&answer).ok_or_else(|| nameless(OP))
    }

    async fn renew(&self, id: &SubscriptionId, until: Timestamp) -> Result<Pushed, PortError> {
        const OP: &str = "graph.renew_subscription";
        let body = json!({ "expirationDateTime": instant(self.at_most(until)) });
        let answer = self.client.send(OP, Purpose::Write, Method::PATCH, &path(id), Some(&body)).await?;
        pushed(&answer).ok_or_else(|| nameless(OP))
    }

    async fn unsubscribe(&self, id: &SubscriptionId) -> Result<(), PortError> {
        match self.client.send("graph.unsubscribe", Purpose::Write, Method::DELETE, &path(id), None).await {
            Err(error) if error.kind != ErrorKind::Gone => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn longest(&self) -> SignedDuration {
        LONGEST
    }
}

impl Exchange {
    fn at_most(&self, until: Timestamp) -> Timestamp {
        let longest = self.clock.now().checked_add(LONGEST - CLOCK_DIFFERENCE);
        longest.map_or(until, |longest| until.min(longest))
    }
}

fn path(id: &SubscriptionId) -> String {
    format!("/subscriptions/{}", encoded(id.as_str()))
}

fn pushed(answer: &Value) -> Option<Pushed> {
    let row = Row::of(answer).ok()?;
    let id = SubscriptionId::new(row.text("id").ok()??);
    Some(Pushed { id, until: row.instant("expirationDateTime").ok()?? })
}

/// It stands, but under no name that was understood.
fn nameless(op: &'static str) -> PortError {
    PortError::new(ErrorKind::Unknown, op).because("the answer has no id or no expirationDateTime")
}
