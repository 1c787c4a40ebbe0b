//! Subscriptions.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use syncline_core::ids::SubscriptionId;
use syncline_ports::{ErrorKind, Folders, Holds, PortError, Push, PushRequest, PushResource, Pushed};

use crate::Exchange;
use crate::client::{encoded, instant};
use crate::failure::Purpose;
use crate::row::Row;

/// The longest life of a subscription to what Outlook holds: what the service takes, which is ten minutes
/// less than documented.
const LONGEST: SignedDuration = SignedDuration::from_mins(10_070);
/// The same of To Do.
const LONGEST_OF_TASKS: SignedDuration = SignedDuration::from_mins(4_230);
/// How far our clock may be ahead of Graph's before it refuses the longest life.
const CLOCK_DIFFERENCE: SignedDuration = SignedDuration::from_mins(2);

#[async_trait]
impl Push for Exchange {
    async fn subscribe(&self, request: &PushRequest) -> Result<Pushed, PortError> {
        const OP: &str = "graph.subscribe";
        let body = json!({
            "changeType": "created,updated,deleted",
            "notificationUrl": request.notification_url,
            "lifecycleNotificationUrl": request.lifecycle_url,
            "resource": self.resource(OP, request).await?,
            "expirationDateTime": instant(self.at_most(request.resource, request.until)),
            "clientState": request.secret,
        });
        let answer = self.client.send(OP, Purpose::Write, Method::POST, "/subscriptions", Some(&body)).await?;
        pushed(&answer).ok_or_else(|| nameless(OP))
    }

    async fn renew(&self, id: &SubscriptionId, resource: PushResource, until: Timestamp) -> Result<Pushed, PortError> {
        const OP: &str = "graph.renew_subscription";
        let body = json!({ "expirationDateTime": instant(self.at_most(resource, until)) });
        let answer = self.client.send(OP, Purpose::Write, Method::PATCH, &path(id), Some(&body)).await?;
        pushed(&answer).ok_or_else(|| nameless(OP))
    }

    async fn unsubscribe(&self, id: &SubscriptionId) -> Result<(), PortError> {
        match self.client.send("graph.unsubscribe", Purpose::Write, Method::DELETE, &path(id), None).await {
            Err(error) if error.kind != ErrorKind::Gone => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn longest(&self, resource: PushResource) -> SignedDuration {
        match resource {
            PushResource::Events | PushResource::Mail | PushResource::Contacts => LONGEST,
            PushResource::Tasks => LONGEST_OF_TASKS,
        }
    }
}

impl Exchange {
    /// What Graph calls it. Tasks are told of by list only, so the default list is looked up.
    async fn resource(&self, op: &'static str, request: &PushRequest) -> Result<String, PortError> {
        let collection = match (&request.collection, request.resource) {
            (None, PushResource::Tasks) => {
                let lists = Folders::list(self, Holds::Tasks).await?;
                let default = lists.into_iter().find(|list| list.is_default).map(|list| list.id);
                Some(default.ok_or_else(|| PortError::new(ErrorKind::Gone, op).code("NoDefaultList"))?)
            }
            (collection, _) => collection.clone(),
        };
        let within = |start: &str, rest: &str, whole: &str| match &collection {
            Some(id) => format!("{start}/{id}/{rest}"),
            None => whole.to_owned(),
        };
        let path = match request.resource {
            PushResource::Events => within("/me/calendars", "events", "/me/events"),
            PushResource::Mail => within("/me/mailFolders", "messages", "/me/messages"),
            PushResource::Contacts => within("/me/contactFolders", "contacts", "/me/contacts"),
            PushResource::Tasks => within("/me/todo/lists", "tasks", "/me/todo/lists"),
        };
        Ok(self.client.own(&path).trim_start_matches('/').to_owned())
    }

    fn at_most(&self, resource: PushResource, until: Timestamp) -> Timestamp {
        let longest = self.clock.now().checked_add(self.longest(resource) - CLOCK_DIFFERENCE);
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
