//! Telling subscribers about their subscriptions.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};
use sim_kit::Context;

use crate::model::{Exchange, Letter, LifecycleEvent, Subscription, stamp_text};

impl Exchange {
    /// Sends a lifecycle event to every subscription of that user that has a lifecycle address.
    /// `SubscriptionRemoved` also removes the subscriptions. Returns how many were told.
    pub fn send_lifecycle(&mut self, address: &str, event: LifecycleEvent, context: &Context<'_>) -> usize {
        let Some(mailbox) = self.mailbox_of(address) else {
            return 0;
        };
        let of_mailbox = |subscription: &&Subscription| subscription.mailbox == mailbox;
        let concerned: Vec<Subscription> = self.subscriptions.values().filter(of_mailbox).cloned().collect();
        if event == LifecycleEvent::SubscriptionRemoved {
            self.subscriptions.retain(|_, subscription| subscription.mailbox != mailbox);
        }
        let told = concerned.iter().filter(|subscription| self.tell(subscription, event, context.now)).count();
        self.deliver_due(context);
        told
    }

    /// Drops what has lapsed or lost its user's authorization, and reminds of what will lapse.
    pub(crate) fn tend_subscriptions(&mut self, now: Timestamp) {
        self.subscriptions.retain(|_, subscription| subscription.expires > now);
        let gone: Vec<Subscription> =
            self.subscriptions.values().filter(|subscription| subscription.revoked).cloned().collect();
        for subscription in gone {
            self.subscriptions.remove(&subscription.id);
            self.tell(&subscription, LifecycleEvent::SubscriptionRemoved, now);
        }
        let due = self.subscriptions.values_mut().filter(|subscription| subscription.lifecycle_url.is_some());
        let due: Vec<Subscription> =
            due.filter_map(|subscription| subscription.reminds(now).then(|| subscription.clone())).collect();
        for subscription in due {
            self.tell(&subscription, LifecycleEvent::ReauthorizationRequired, now);
        }
    }

    /// Tells subscriptions that notifications of theirs were dropped.
    pub(crate) fn tell_missed(&mut self, ids: &BTreeSet<String>, now: Timestamp) {
        for id in ids {
            if let Some(subscription) = self.subscriptions.get(id).cloned() {
                self.tell(&subscription, LifecycleEvent::Missed, now);
            }
        }
    }

    /// Writes one lifecycle letter; whether there is an address for it.
    fn tell(&mut self, subscription: &Subscription, event: LifecycleEvent, now: Timestamp) -> bool {
        let Some(url) = &subscription.lifecycle_url else {
            return false;
        };
        let notice: Value = json!({
            "subscriptionId": subscription.id,
            "subscriptionExpirationDateTime": stamp_text(subscription.expires),
            "tenantId": self.tenant,
            "clientState": subscription.client_state,
            "lifecycleEvent": event.name(),
        });
        self.send_letter(Letter::new(url, true, vec![notice], now), now);
        true
    }
}
