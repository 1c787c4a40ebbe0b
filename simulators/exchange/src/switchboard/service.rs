//! How the service answers: changes, pages, delta queries, batches.

use serde_json::{Value, json};
use sim_kit::{Action, Body, Field, Form, Objection, Order, Reading, Switch};

use super::{NEXT, set};
use crate::model::{Exchange, MAX_LAG, PartFault};

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
