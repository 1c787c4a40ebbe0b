//! Who gets in, and how often: limits, tokens, signing in.

use serde_json::{Value, json};
use sim_kit::{Action, Body, Field, Form, Objection, Reading, Switch};

use super::{ADDRESS, NEXT, set, user};
use crate::model::{Exchange, GrantHurdle, Limits};

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
