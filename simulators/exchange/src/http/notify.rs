//! Telling subscribers what changed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use sim_kit::{Context, Courier, Delivery};

use super::event_view::{self, EVENT};
use super::mail_view::{self, MESSAGE};
use super::odata::{Object, Schema, read_filter};
use super::people::{self, CONTACT};
use super::todo::{self, TASK};
use crate::model::ids::Kind;
use crate::model::{Change, ChangeKind, Exchange, LifecycleEvent, Mailbox, Subscription, stamp_text};

/// An endpoint that takes longer has not answered.
const PATIENCE: Duration = Duration::from_secs(3);
/// The service retries for hours; here it gives up after this many tries more.
const RETRIES: u32 = 5;

impl Exchange {
    /// Sends what the present request changed, and forgets it. Notifications for one address travel
    /// together.
    pub(crate) fn flush(&mut self, context: &Context<'_>) {
        let changes = std::mem::take(&mut self.changes);
        let mut letters: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for change in &changes {
            for subscription in self.subscriptions.values_mut() {
                let mailbox = &self.mailboxes[change.mailbox];
                let Some(what) = noticed(mailbox, subscription, change) else {
                    continue;
                };
                if subscription.expires <= context.now || !subscription.wants(what) {
                    continue;
                }
                let notice = notice(mailbox, subscription, change, what, &self.tenant);
                letters.entry(subscription.notification_url.clone()).or_default().push(notice);
            }
        }
        for (url, value) in letters {
            for _ in 0..self.switches.notification_copies {
                post(context.courier, &url, &value);
            }
        }
    }

    /// Exchange's own touch after a client's write to an event, if that is switched on.
    pub(crate) fn echo_writes(&mut self, context: &Context<'_>) {
        if !self.switches.bump_change_key {
            return;
        }
        let written: BTreeSet<(usize, u64)> = self
            .changes
            .iter()
            .filter(|change| change.kind == Kind::Event && change.what != ChangeKind::Deleted)
            .map(|change| (change.mailbox, change.stamp.key))
            .collect();
        for (mailbox, key) in written {
            if let Some(event) = self.mailboxes[mailbox].events.get(&key).cloned() {
                self.replace_event(mailbox, event, context.now);
            }
        }
    }

    /// Sends a lifecycle event to every subscription of that user that has a lifecycle address.
    /// `SubscriptionRemoved` also removes the subscriptions. Returns how many were told.
    pub fn send_lifecycle(&mut self, address: &str, event: LifecycleEvent, context: &Context<'_>) -> usize {
        let Some(mailbox) = self.mailbox_of(address) else {
            return 0;
        };
        let mut told = 0;
        for subscription in self.subscriptions.values().filter(|subscription| subscription.mailbox == mailbox) {
            let Some(url) = &subscription.lifecycle_url else {
                continue;
            };
            let notice = json!({
                "subscriptionId": subscription.id,
                "subscriptionExpirationDateTime": stamp_text(subscription.expires),
                "tenantId": self.tenant,
                "clientState": subscription.client_state,
                "lifecycleEvent": event.name(),
            });
            post(context.courier, url, &[notice]);
            told += 1;
        }
        if event == LifecycleEvent::SubscriptionRemoved {
            self.subscriptions.retain(|_, subscription| subscription.mailbox != mailbox);
        }
        told
    }

    /// How many subscriptions are active at that time.
    pub fn active_subscriptions(&self, now: jiff::Timestamp) -> usize {
        self.subscriptions.values().filter(|subscription| subscription.expires > now).count()
    }
}

fn post(courier: &Courier, url: &str, value: &[Value]) {
    courier.send(Delivery {
        url: url.to_owned(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: json!({ "value": value }).to_string().into_bytes(),
        timeout: PATIENCE,
        retries: RETRIES,
    });
}

/// What a subscription is told about a change. With a filter, coming into it is a creation and leaving
/// it a deletion.
fn noticed(mailbox: &Mailbox, subscription: &mut Subscription, change: &Change) -> Option<ChangeKind> {
    let here = subscription.kind == change.kind
        && subscription.mailbox == change.mailbox
        && subscription.scope.is_none_or(|scope| scope == change.stamp.scope);
    if !here {
        return None;
    }
    let Some(filter) = subscription.filter.clone() else {
        return Some(change.what);
    };
    let key = change.stamp.key;
    let was = subscription.matching.contains(&key);
    let is = change.what != ChangeKind::Deleted && passes(mailbox, subscription.kind, &filter, key);
    if is {
        subscription.matching.insert(key);
    } else {
        subscription.matching.remove(&key);
    }
    match (was, is) {
        (false, false) => None,
        (false, true) => Some(ChangeKind::Created),
        (true, true) => Some(ChangeKind::Updated),
        (true, false) => Some(ChangeKind::Deleted),
    }
}

/// The items that match a new subscription's filter.
pub(crate) fn matching(mailbox: &Mailbox, subscription: &Subscription) -> BTreeSet<u64> {
    let Some(filter) = &subscription.filter else {
        return BTreeSet::new();
    };
    let keys: Vec<u64> = match subscription.kind {
        Kind::Message => mailbox.messages.keys().copied().collect(),
        Kind::Contact => mailbox.contacts.keys().copied().collect(),
        Kind::Task => mailbox.tasks.keys().copied().collect(),
        _ => mailbox.events.keys().copied().collect(),
    };
    keys.into_iter().filter(|key| passes(mailbox, subscription.kind, filter, *key)).collect()
}

fn passes(mailbox: &Mailbox, kind: Kind, filter: &str, key: u64) -> bool {
    let object: Option<Object> = match kind {
        Kind::Message => mailbox.messages.get(&key).map(|item| mail_view::for_filter(mailbox, item)),
        Kind::Contact => mailbox.contacts.get(&key).map(|item| people::for_filter(mailbox, item)),
        Kind::Task => mailbox.tasks.get(&key).map(|item| todo::for_filter(mailbox, item)),
        _ => mailbox.event(key).map(|item| event_view::for_filter(mailbox, &item)),
    };
    let filter = read_filter(filter, schema(kind));
    object.zip(filter.ok()).is_some_and(|(object, filter)| filter.matches(&object))
}

pub(crate) fn schema(kind: Kind) -> &'static Schema {
    match kind {
        Kind::Message => &MESSAGE,
        Kind::Contact => &CONTACT,
        Kind::Task => &TASK,
        _ => &EVENT,
    }
}

fn notice(mailbox: &Mailbox, subscription: &Subscription, change: &Change, what: ChangeKind, tenant: &str) -> Value {
    let stamp = &change.stamp;
    let list = || mailbox.container_id(Kind::TaskList, stamp.scope);
    let (plural, singular) = match change.kind {
        Kind::Message => ("Messages".to_owned(), "Message"),
        Kind::Contact => ("Contacts".to_owned(), "Contact"),
        Kind::Task => (format!("todo/lists/{}/tasks", list()), "TodoTask"),
        _ => ("Events".to_owned(), "Event"),
    };
    let id = mailbox.item_id(change.kind, stamp.key, stamp.generation, subscription.immutable);
    let resource = format!("Users/{}/{plural}/{id}", mailbox.id);
    json!({
        "subscriptionId": subscription.id,
        "subscriptionExpirationDateTime": stamp_text(subscription.expires),
        "changeType": what.name(),
        "resource": resource,
        "resourceData": {
            "@odata.type": format!("#Microsoft.Graph.{singular}"),
            "@odata.id": resource,
            "@odata.etag": mailbox.etag(stamp),
            "id": id,
        },
        "clientState": subscription.client_state,
        "tenantId": tenant,
    })
}
