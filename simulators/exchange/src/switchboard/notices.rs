//! What the service tells by itself: notifications and their subscriptions.

use serde_json::{Value, json};
use sim_kit::{Action, Body, Field, Form, Objection, Reading, Switch};

use super::{ADDRESS, NEXT, set, user};
use crate::model::{Exchange, LifecycleEvent, stamp_text};

pub(super) const NOTIFICATIONS: Switch<Exchange> = Switch {
    name: "notifications",
    about: "How change notifications travel.",
    reading: Reading {
        query: &[],
        read: |world, _| {
            let switches = &world.switches;
            json!({
                "copies": switches.notification_copies,
                "drops": switches.notification_drops,
                "delay_seconds": switches.notification_delay_seconds,
                "disorder": switches.notification_disorder,
                "echoes": switches.create_echoes,
                "waiting": world.waiting_notifications(),
            })
        },
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Sets what is named.",
        body: Body::Fields(&[
            Field::new("copies", Form::Count { least: 0, most: 1000 }, "how often each is sent; 0 sends none"),
            Field::new("drops", NEXT, "so many are lost on their way"),
            Field::new("delay_seconds", NEXT, "seconds of the simulator's time that they are late"),
            Field::new("disorder", NEXT, "they wait until there are so many, and leave last first; 0 keeps the order"),
            Field::new(
                "echoes",
                Form::Count { least: 0, most: 100 },
                "so many 'updated' follow each 'created', as Exchange goes on working on a new item",
            ),
        ]),
        run: |world, order| {
            let switches = &mut world.switches;
            set(&mut switches.notification_copies, order.small("copies"));
            set(&mut switches.notification_drops, order.small("drops"));
            set(&mut switches.notification_delay_seconds, order.small("delay_seconds"));
            set(&mut switches.notification_disorder, order.small("disorder"));
            set(&mut switches.create_echoes, order.small("echoes"));
            Ok(Value::Null)
        },
    }],
};

pub(super) const SUBSCRIPTIONS: Switch<Exchange> = Switch {
    name: "subscriptions",
    about: "Subscriptions to change notifications.",
    reading: Reading {
        query: &[],
        read: |world, _| {
            let active = world.subscriptions.values().map(|subscription| {
                json!({
                    "id": subscription.id,
                    "mailbox": world.mailboxes.get(subscription.mailbox).map(|mailbox| &mailbox.address),
                    "resource": subscription.resource,
                    "notification_url": subscription.notification_url,
                    "expires": stamp_text(subscription.expires),
                })
            });
            json!({
                "allow_http": world.switches.allow_http,
                "handshake_failures": world.switches.handshake_failures,
                "active": active.collect::<Vec<_>>(),
            })
        },
        glance: None,
    },
    actions: &[
        Action {
            method: "POST",
            about: "Sets what is named.",
            body: Body::Fields(&[
                Field::new("allow_http", Form::Flag, "whether notification addresses may be http://"),
                Field::new("handshake_failures", NEXT, "so many handshakes fail, whatever the endpoint answers"),
            ]),
            run: |world, order| {
                set(&mut world.switches.allow_http, order.flag("allow_http"));
                set(&mut world.switches.handshake_failures, order.small("handshake_failures"));
                Ok(Value::Null)
            },
        },
        Action {
            method: "DELETE",
            about: "Lets subscriptions lapse at once, without a word to their endpoints.",
            body: Body::Fields(&[
                Field::new("id", Form::Text, "only this one"),
                Field::new("address", Form::Text, "only those of this user's mailbox"),
            ]),
            run: |world, order| {
                let mailbox = order.text("address").map(|address| user(world, address, "address")).transpose()?;
                let id = order.text("id").map(str::to_lowercase);
                if let Some(id) = &id
                    && !world.subscriptions.contains_key(id)
                {
                    return Err(Objection::field(
                        "id",
                        "there is no such subscription",
                        "GET this switch for their ids",
                    ));
                }
                world.subscriptions.retain(|key, subscription| {
                    id.as_ref().is_some_and(|id| id != key)
                        || mailbox.is_some_and(|mailbox| mailbox != subscription.mailbox)
                });
                Ok(Value::Null)
            },
        },
    ],
};

pub(super) const LIFECYCLE: Switch<Exchange> = Switch {
    name: "lifecycle",
    about: "Lifecycle events of subscriptions.",
    reading: Reading {
        query: &[],
        read: |world, _| {
            let listening = world.subscriptions.values().filter(|subscription| subscription.lifecycle_url.is_some());
            json!({"listening": listening.count()})
        },
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Sends one to every subscription of a user's mailbox that has a lifecycle address; subscriptionRemoved \
                removes the subscriptions too. 'told' is how many were told.",
        body: Body::Fields(&[
            ADDRESS,
            Field::needed(
                "event",
                Form::Choice(&["missed", "subscriptionRemoved", "reauthorizationRequired"]),
                "what is sent",
            ),
        ]),
        run: |world, order| {
            user(world, order.needed("address"), "address")?;
            let event = match order.needed("event") {
                "missed" => LifecycleEvent::Missed,
                "subscriptionRemoved" => LifecycleEvent::SubscriptionRemoved,
                _ => LifecycleEvent::ReauthorizationRequired,
            };
            Ok(json!({"told": world.send_lifecycle(order.needed("address"), event, order.context)}))
        },
    }],
};
