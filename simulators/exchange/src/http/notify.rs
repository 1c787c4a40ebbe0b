//! Telling subscribers what changed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sim_kit::{Context, Delivery};

use super::event_view::{self, EVENT};
use super::mail_view::{self, MESSAGE};
use super::odata::{Object, Schema, read_filter};
use super::people::{self, CONTACT};
use super::todo::{self, TASK};
use crate::model::ids::Kind;
use crate::model::{Change, ChangeKind, Exchange, Letter, Mailbox, PATIENCE, Subscription, stamp_text};

impl Exchange {
    /// Writes letters about what the present request changed, forgets it, and sends what is due.
    /// Notifications for one address travel together.
    pub(crate) fn flush(&mut self, context: &Context<'_>) {
        let changes = std::mem::take(&mut self.changes);
        let mut letters: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        let mut subscriptions = std::mem::take(&mut self.subscriptions);
        for change in &changes {
            for subscription in subscriptions.values_mut() {
                let mailbox = &self.mailboxes[change.mailbox];
                let Some(what) = noticed(mailbox, subscription, change) else {
                    continue;
                };
                if subscription.expires <= context.now {
                    continue;
                }
                let echoes = if what == ChangeKind::Created { self.switches.create_echoes } else { 0 };
                let told = std::iter::once(what).chain((0..echoes).map(|_| ChangeKind::Updated));
                for what in told.filter(|what| subscription.wants(*what)).collect::<Vec<_>>() {
                    let notice = self.notice(subscription, change, what);
                    letters.entry(subscription.notification_url.clone()).or_default().push(notice);
                }
            }
        }
        self.subscriptions = subscriptions;
        for (url, notices) in letters {
            self.write(&url, notices, context.now);
        }
        self.deliver_due(context);
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

    /// How many subscriptions are active at that time.
    pub fn active_subscriptions(&self, now: Timestamp) -> usize {
        self.subscriptions.values().filter(|subscription| subscription.expires > now).count()
    }

    /// How many requests to endpoints wait to be sent, or to be sent again.
    pub fn waiting_notifications(&self) -> usize {
        self.post.waiting()
    }

    /// Puts notifications on their way, as the switches will have it.
    fn write(&mut self, url: &str, notices: Vec<Value>, now: Timestamp) {
        if self.switches.notification_drops > 0 {
            self.switches.notification_drops -= 1;
            return;
        }
        let mut letter = Letter::new(url, false, notices, now);
        letter.due += SignedDuration::from_secs(i64::from(self.switches.notification_delay_seconds));
        for _ in 0..self.switches.notification_copies {
            if self.switches.notification_disorder > 1 {
                self.post.hold(letter.clone());
                self.release_held(now);
            } else {
                self.send_letter(letter.clone(), now);
            }
        }
    }

    fn release_held(&mut self, now: Timestamp) {
        let enough = usize::try_from(self.switches.notification_disorder.max(1)).unwrap_or(usize::MAX);
        for letter in self.post.release(enough) {
            self.send_letter(letter, now);
        }
    }

    pub(crate) fn send_letter(&mut self, letter: Letter, now: Timestamp) {
        let missed = self.post.post(letter, now);
        self.tell_missed(&missed, now);
    }

    /// Hears what became of the letters on their way, and hands those that are due to the courier.
    pub(crate) fn deliver_due(&mut self, context: &Context<'_>) {
        for (ticket, outcome) in context.courier.collect() {
            let missed = self.post.returned(ticket, outcome.status, outcome.took, context.now);
            self.tell_missed(&missed, context.now);
        }
        if self.switches.notification_disorder <= 1 {
            self.release_held(context.now);
        }
        for (ticket, letter) in self.post.leaving(context.now) {
            let mut body = json!({ "value": letter.notices });
            if letter.notices.iter().any(|notice| notice.get("encryptedContent").is_some()) {
                body["validationTokens"] = json!([self.validation_token(context.now)]);
            }
            let delivery = Delivery {
                url: letter.url,
                headers: vec![("content-type".to_owned(), "application/json; charset=utf-8".to_owned())],
                body: body.to_string().into_bytes(),
                timeout: PATIENCE,
                retries: 0,
            };
            context.courier.dispatch(ticket, delivery);
        }
    }

    fn notice(&mut self, subscription: &Subscription, change: &Change, what: ChangeKind) -> Value {
        let mailbox = &self.mailboxes[change.mailbox];
        let stamp = &change.stamp;
        let list = || mailbox.container_id(Kind::TaskList, stamp.scope);
        let (plural, type_name) = match change.kind {
            Kind::Message => ("Messages".to_owned(), "#Microsoft.Graph.Message"),
            Kind::Contact => ("Contacts".to_owned(), "#Microsoft.Graph.Contact"),
            Kind::Task => (format!("todo/lists/{}/tasks", list()), "#Microsoft.Graph.TodoTask"),
            _ => ("Events".to_owned(), "#Microsoft.Graph.Event"),
        };
        let id = mailbox.item_id(change.kind, stamp.key, stamp.generation, subscription.immutable);
        let resource = format!("Users/{}/{plural}/{id}", mailbox.id);
        let mut notice = json!({
            "subscriptionId": subscription.id,
            "subscriptionExpirationDateTime": stamp_text(subscription.expires),
            "changeType": what.name(),
            "resource": resource,
            "resourceData": {
                "@odata.type": type_name,
                "@odata.id": resource,
                "@odata.etag": mailbox.etag(stamp),
                "id": id,
            },
            "clientState": subscription.client_state,
            "tenantId": self.tenant,
        });
        if subscription.sealing.is_some() && what != ChangeKind::Deleted {
            let object = picture(mailbox, change.kind, stamp.key);
            if let Some(content) =
                object.and_then(|object| self.seal_item(subscription, object, &notice["resourceData"]))
            {
                notice["encryptedContent"] = content;
            }
        }
        notice
    }
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
    let filter = read_filter(filter, schema(kind));
    picture(mailbox, kind, key).zip(filter.ok()).is_some_and(|(object, filter)| filter.matches(&object))
}

/// An item with all that can be told of it.
fn picture(mailbox: &Mailbox, kind: Kind, key: u64) -> Option<Object> {
    match kind {
        Kind::Message => mailbox.messages.get(&key).map(|item| mail_view::for_filter(mailbox, item)),
        Kind::Contact => mailbox.contacts.get(&key).map(|item| people::for_filter(mailbox, item)),
        Kind::Task => mailbox.tasks.get(&key).map(|item| todo::for_filter(mailbox, item)),
        _ => mailbox.event(key).map(|item| event_view::for_filter(mailbox, &item)),
    }
}

pub(crate) fn schema(kind: Kind) -> &'static Schema {
    match kind {
        Kind::Message => &MESSAGE,
        Kind::Contact => &CONTACT,
        Kind::Task => &TASK,
        _ => &EVENT,
    }
}
