//! How the service behaves.

use serde_json::{Value, json};
use sim_kit::{Action, Body, Field, Form, Objection, Order, Reading, Switch};

use super::{ADDRESS, NEXT, user};
use crate::model::{Exchange, GrantHurdle, LifecycleEvent, Limits, MAX_LAG, PartFault, stamp_text};

/// Windows may not be empty.
const WINDOW: Form = Form::Count { least: 1, most: 86_400 };

pub(super) const LIMITS: Switch<Exchange> = Switch {
    name: "limits",
    about: "How much the application may use one mailbox before it is throttled. 'used' tells what each mailbox has \
            used in the present windows; what was refused counts too.",
    reading: Reading {
        query: &[],
        read: |world, order| {
            let used = world
                .usage(order.context.now)
                .into_iter()
                .map(|(address, (requests, bytes))| (address, json!({"requests": requests, "upload_bytes": bytes})));
            json!({"limits": world.switches.limits, "used": Value::Object(used.collect())})
        },
        glance: None,
    },
    actions: &[
        Action {
            method: "POST",
            about: "Sets the limits that are named; 0 is no limit.",
            body: Body::Fields(&[
                Field::new("requests", NEXT, "requests in a window"),
                Field::new("request_window_seconds", WINDOW, "the length of that window"),
                Field::new("upload_bytes", Form::Count { least: 0, most: u64::MAX }, "bytes of bodies in a window"),
                Field::new("upload_window_seconds", WINDOW, "the length of that window"),
                Field::new("concurrent", NEXT, "requests at the same time; only those overlap that have a latency"),
                Field::new("off", Form::Flag, "true: first takes all limits away"),
            ]),
            run: |world, order| {
                let limits = &mut world.switches.limits;
                if order.flag("off") == Some(true) {
                    *limits = Limits::NONE;
                }
                set(&mut limits.requests, order.small("requests"));
                set(&mut limits.request_window_seconds, order.small("request_window_seconds"));
                set(&mut limits.upload_bytes, order.count("upload_bytes"));
                set(&mut limits.upload_window_seconds, order.small("upload_window_seconds"));
                set(&mut limits.concurrent, order.small("concurrent"));
                Ok(Value::Null)
            },
        },
        Action {
            method: "DELETE",
            about: "Sets the service's real limits, and begins to count anew.",
            body: Body::None,
            run: |world, _| {
                world.switches.limits = Limits::default();
                world.forget_usage();
                Ok(Value::Null)
            },
        },
    ],
};

pub(super) const TOKENS: Switch<Exchange> = Switch {
    name: "tokens",
    about: "Access tokens.",
    reading: Reading {
        query: &[],
        read: |world, _| {
            json!({
                "access_seconds": world.switches.access_token_seconds,
                "spurious_401": world.switches.spurious_unauthorized,
            })
        },
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Sets what is named.",
        body: Body::Fields(&[
            Field::new(
                "access_seconds",
                Form::Count { least: 1, most: 86_400 },
                "the life of tokens issued from now on",
            ),
            Field::new("spurious_401", NEXT, "so many good tokens are refused once each"),
        ]),
        run: |world, order| {
            set(&mut world.switches.access_token_seconds, order.small("access_seconds"));
            set(&mut world.switches.spurious_unauthorized, order.small("spurious_401"));
            Ok(Value::Null)
        },
    }],
};

pub(super) const EXPIRE_TOKENS: Switch<Exchange> = Switch {
    name: "tokens/expire",
    about: "The access tokens issued so far. The fixed ones ('sim-<address>', 'test-token') never expire.",
    reading: Reading {
        query: &[],
        read: |world, order| {
            let alive = world.grants.access.values().filter(|access| access.expires > order.context.now);
            json!({"alive": alive.count()})
        },
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Expires all of them.",
        body: Body::None,
        run: |world, _| {
            world.expire_access_tokens();
            Ok(Value::Null)
        },
    }],
};

pub(super) const REVOKE: Switch<Exchange> = Switch {
    name: "tokens/revoke",
    about: "The refresh tokens of a user.",
    reading: Reading {
        query: &[],
        read: |world, _| {
            let good = world.grants.refresh.values().filter(|refresh| !refresh.revoked).count();
            json!({"issued": world.grants.refresh.len(), "not_revoked": good})
        },
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Revokes all that were issued so far, as an administrator would.",
        body: Body::Fields(&[ADDRESS]),
        run: |world, order| {
            user(world, order.needed("address"), "address")?;
            world.revoke_refresh_token(order.needed("address"));
            Ok(Value::Null)
        },
    }],
};

pub(super) const SIGN_IN: Switch<Exchange> = Switch {
    name: "sign-in",
    about: "What happens at the consent page and at the token endpoint.",
    reading: Reading {
        query: &[],
        read: |world, _| {
            let address = |index: &usize| world.mailboxes.get(*index).map(|mailbox| mailbox.address.as_str());
            let hurdles = world.grants.hurdles.iter();
            let hurdles = hurdles.filter_map(|(index, hurdle)| Some((address(index)?.to_owned(), json!(hurdle))));
            json!({
                "deny_consent": world.switches.deny_consent,
                "signs_in": address(&world.grants.signs_in),
                "hurdles": Value::Object(hurdles.collect()),
                "secret_expired": world.grants.secret_expired,
            })
        },
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Sets what is named.",
        body: Body::Fields(&[
            Field::new("deny_consent", Form::Flag, "the person at the consent page says no"),
            Field::new("signs_in", Form::Text, "the address of who signs in when a request names nobody"),
            Field::new("secret_expired", Form::Flag, "the application's secret has expired"),
            Field::new("address", Form::Text, "whose 'hurdle' is set"),
            Field::new(
                "hurdle",
                Form::Choice(&["none", "expired", "idle", "revoked", "consentMissing", "secondFactor"]),
                "why that user gets no token",
            ),
        ]),
        run: |world, order| {
            let hurdle = match (order.text("address"), order.text("hurdle")) {
                (None, None) => None,
                (Some(address), Some(hurdle)) => {
                    user(world, address, "address")?;
                    Some((address, serde_json::from_value::<GrantHurdle>(hurdle.into()).ok()))
                }
                (Some(_), None) => {
                    return Err(Objection::field("hurdle", "it is missing", "send both or none of them"));
                }
                (None, Some(_)) => {
                    return Err(Objection::field("address", "it is missing", "send both or none of them"));
                }
            };
            if let Some(address) = order.text("signs_in") {
                user(world, address, "signs_in")?;
                world.sign_in(address);
            }
            if let Some((address, hurdle)) = hurdle {
                world.hinder_grants(address, hurdle);
            }
            if let Some(expired) = order.flag("secret_expired") {
                world.expire_client_secret(expired);
            }
            set(&mut world.switches.deny_consent, order.flag("deny_consent"));
            Ok(Value::Null)
        },
    }],
};

pub(super) const WRITES: Switch<Exchange> = Switch {
    name: "writes",
    about: "What befalls changes.",
    reading: Reading {
        query: &[],
        read: |world, _| {
            json!({
                "bump_change_key": world.switches.bump_change_key,
                "stale": world.switches.stale_writes,
                "stale_status": world.switches.stale_status,
                "lost_posts": world.switches.lost_posts,
            })
        },
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Sets what is named.",
        body: Body::Fields(&[
            Field::new("bump_change_key", Form::Flag, "Exchange touches an event once more after each write to it"),
            Field::new(
                "stale",
                NEXT,
                "so many PATCHes and DELETEs of items are refused as if another write had come between",
            ),
            Field::new(
                "stale_status",
                Form::Count { least: 409, most: 412 },
                "409 or 412: how stale writes are refused",
            ),
            Field::new("lost_posts", NEXT, "so many POSTs are carried out and then answered with 504, in a $batch too"),
        ]),
        run: |world, order| {
            let status = order.small("stale_status").and_then(|status| u16::try_from(status).ok());
            if status.is_some_and(|status| !matches!(status, 409 | 412)) {
                return Err(Objection::field("stale_status", "no stale write is refused so", "send 409 or 412"));
            }
            set(&mut world.switches.bump_change_key, order.flag("bump_change_key"));
            set(&mut world.switches.stale_writes, order.small("stale"));
            set(&mut world.switches.stale_status, status);
            set(&mut world.switches.lost_posts, order.small("lost_posts"));
            Ok(Value::Null)
        },
    }],
};

pub(super) const PAGES: Switch<Exchange> = Switch {
    name: "pages",
    about: "The pages of lists and of delta rounds.",
    reading: Reading {
        query: &[],
        read: |world, _| json!({"limit": world.switches.page_limit.unwrap_or_default(), "empty": world.switches.empty_pages}),
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Sets what is named.",
        body: Body::Fields(&[
            Field::new("limit", NEXT, "a page holds no more than so many items, whatever was asked for; 0 is no limit"),
            Field::new(
                "empty",
                Form::Count { least: 0, most: 100 },
                "each delta round begins with so many empty pages",
            ),
        ]),
        run: |world, order| {
            if let Some(limit) = order.small("limit") {
                world.switches.page_limit = usize::try_from(limit).ok().filter(|limit| *limit > 0);
            }
            set(&mut world.switches.empty_pages, order.small("empty"));
            Ok(Value::Null)
        },
    }],
};

pub(super) const DELTA: Switch<Exchange> = Switch {
    name: "delta",
    about: "Delta queries.",
    reading: Reading {
        query: &[],
        read: |world, _| {
            let switches = &world.switches;
            json!({
                "lag_seconds": switches.delta_lag_seconds, "replay": switches.delta_replay,
                "hide_deleted_occurrences": switches.hide_deleted_occurrences,
                "partial_messages": switches.partial_message_rows,
            })
        },
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Sets what is named.",
        body: Body::Fields(&[
            Field::new(
                "lag_seconds",
                Form::Count { least: 0, most: MAX_LAG as u64 },
                "a change shows up only after so many seconds of the simulator's time",
            ),
            Field::new("replay", Form::Flag, "each round also tells again what the round before it told"),
            Field::new(
                "hide_deleted_occurrences",
                Form::Flag,
                "a deleted occurrence has no row of its own, only its series has one",
            ),
            Field::new(
                "partial_messages",
                Form::Flag,
                "a row that tells an update of a message holds only the properties that changed",
            ),
        ]),
        run: |world, order| {
            set(&mut world.switches.delta_lag_seconds, order.small("lag_seconds"));
            set(&mut world.switches.delta_replay, order.flag("replay"));
            set(&mut world.switches.hide_deleted_occurrences, order.flag("hide_deleted_occurrences"));
            set(&mut world.switches.partial_message_rows, order.flag("partial_messages"));
            Ok(Value::Null)
        },
    }],
};

pub(super) const EXPIRE_DELTA: Switch<Exchange> = Switch {
    name: "delta/expire",
    about: "The delta and next links issued so far.",
    reading: Reading { query: &[], read: |world, _| json!({"generation": world.delta_generation}), glance: None },
    actions: &[Action {
        method: "POST",
        about: "Expires all of them: they answer 410 from now on.",
        body: Body::None,
        run: |world, _| {
            world.expire_delta_tokens();
            Ok(Value::Null)
        },
    }],
};

pub(super) const BATCH: Switch<Exchange> = Switch {
    name: "batch",
    about: "The parts of a $batch that itself is answered with 200.",
    reading: Reading {
        query: &[],
        read: |world, _| {
            let faults = world.switches.part_faults.iter().map(|fault| {
                json!({"path": fault.target_contains, "times": fault.times, "status": fault.status,
                       "retry_after": fault.retry_after})
            });
            json!({
                "part_limit": world.switches.batch_part_limit,
                "in_order": world.switches.batch_in_order,
                "faults": faults.collect::<Vec<_>>(),
            })
        },
        glance: None,
    },
    actions: &[
        Action {
            method: "POST",
            about: "Adds a fault of coming parts, if it has a status, and sets the limit, if that is named.",
            body: Body::Fields(&[
                Field::new("status", Form::Count { least: 400, most: 599 }, "the part's status"),
                Field::new("path", Form::Text, "only parts whose method and URL ('GET /me/events') contain this text"),
                Field::new("times", Form::Count { least: 1, most: u32::MAX as u64 }, "how many parts; 1 if left out"),
                Field::new("retry_after", NEXT, "seconds in the part's own Retry-After"),
                Field::new(
                    "part_limit",
                    NEXT,
                    "of the parts for one mailbox, those beyond are throttled; 0 is no limit",
                ),
                Field::new("in_order", Form::Flag, "the answers come in the order of the requests"),
            ]),
            run: add_part_fault,
        },
        Action {
            method: "DELETE",
            about: "Drops the faults and the limit.",
            body: Body::None,
            run: |world, _| {
                world.switches.part_faults.clear();
                world.switches.batch_part_limit = 0;
                Ok(Value::Null)
            },
        },
    ],
};

fn add_part_fault(world: &mut Exchange, order: &Order<'_>) -> Result<Value, Objection> {
    let status = order.small("status").and_then(|status| u16::try_from(status).ok());
    let stray = ["path", "times", "retry_after"].into_iter().find(|name| order.value(name).is_some());
    match (status, stray) {
        (Some(status), _) => world.switches.part_faults.push(PartFault {
            target_contains: order.needed("path").to_owned(),
            times: order.small("times").unwrap_or(1),
            status,
            retry_after: order.small("retry_after"),
        }),
        (None, Some(name)) => {
            return Err(Objection::field(
                "status",
                format!("it is missing, but '{name}' is there"),
                "say the part's status",
            ));
        }
        (None, None) => {}
    }
    set(&mut world.switches.batch_part_limit, order.small("part_limit"));
    set(&mut world.switches.batch_in_order, order.flag("in_order"));
    Ok(Value::Null)
}

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

/// Takes over what was named.
fn set<T>(place: &mut T, named: Option<T>) {
    if let Some(value) = named {
        *place = value;
    }
}
