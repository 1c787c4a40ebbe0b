//! Who gets in: the connected app, approvals, sessions.

use std::time::Duration;

use serde_json::{Value, json};
use sim_kit::{Action, Body, Field, Form, Objection, Reading, Switch};

use super::{USERNAME, check_user, set};
use crate::model::{App, Salesforce, is_certificate};

pub(super) const APP: Switch<Salesforce> = Switch {
    name: "app",
    about: "The connected app. Its first certificate and private key come with the simulator's source and are for \
            it only.",
    reading: Reading { query: &[], read: |org, _| json!(org.app), glance: None },
    actions: &[
        Action {
            method: "POST",
            about: "Sets what is named.",
            body: Body::Fields(&[
                Field::new("client_id", Form::Text, "the consumer key"),
                Field::new("client_secret", Form::Text, "the consumer secret"),
                Field::new("certificate", Form::Text, "the X.509 certificate (PEM) that assertions are verified with"),
                Field::new("callbacks", Form::Text, "the callback addresses, with a space between; empty: any is good"),
                Field::new("require_pkce", Form::Flag, "a code can be asked for only with a code_challenge"),
                Field::new("require_secret", Form::Flag, "codes and refresh tokens need the secret, too"),
                Field::new(
                    "runs_as",
                    Form::Text,
                    "the name of the user that the app is when it signs in as itself; empty: the first user",
                ),
            ]),
            run: |org, order| {
                let certificate = order.text("certificate");
                if certificate.is_some_and(|pem| !is_certificate(pem)) {
                    let what = "it is no X.509 certificate in PEM";
                    return Err(Objection::field("certificate", what, "send '-----BEGIN CERTIFICATE----- ...'"));
                }
                let runs_as = order.text("runs_as");
                if let Some(name) = runs_as.filter(|name| !name.is_empty()) {
                    check_user(org, name, "runs_as")?;
                }
                let callbacks =
                    order.text("callbacks").map(|text| text.split_whitespace().map(str::to_owned).collect());
                set(&mut org.app.client_id, order.text("client_id").map(str::to_owned));
                set(&mut org.app.client_secret, order.text("client_secret").map(str::to_owned));
                set(&mut org.app.certificate, certificate.map(str::to_owned));
                set(&mut org.app.callbacks, callbacks);
                set(&mut org.app.require_pkce, order.flag("require_pkce"));
                set(&mut org.app.require_secret, order.flag("require_secret"));
                set(&mut org.app.runs_as, runs_as.map(|name| Some(name.to_owned()).filter(|name| !name.is_empty())));
                Ok(Value::Null)
            },
        },
        Action {
            method: "DELETE",
            about: "Makes it what it was at first.",
            body: Body::None,
            run: |org, _| {
                org.app = App::default();
                Ok(Value::Null)
            },
        },
    ],
};

pub(super) const SIGN_IN: Switch<Salesforce> = Switch {
    name: "sign-in",
    about: "What happens at the page of approval.",
    reading: Reading { query: &[], read: |org, _| json!({"deny_consent": org.knobs.deny_consent}), glance: None },
    actions: &[Action {
        method: "POST",
        about: "Sets what is named.",
        body: Body::Fields(&[Field::new("deny_consent", Form::Flag, "the person there says no")]),
        run: |org, order| {
            set(&mut org.knobs.deny_consent, order.flag("deny_consent"));
            Ok(Value::Null)
        },
    }],
};

pub(super) const SESSIONS: Switch<Salesforce> = Switch {
    name: "sessions",
    about: "Sessions, and the refresh tokens that begin them. 'open' counts those that live; the fixed tokens \
            ('sim-<username>', 'test-token') are none of them.",
    reading: Reading {
        query: &[],
        read: |org, order| {
            json!({
                "timeout_seconds": org.knobs.session_timeout.as_secs(),
                "rotate_refresh_tokens": org.knobs.rotate_refresh_tokens,
                "open": org.open_sessions(order.context.now),
            })
        },
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Sets what is named.",
        body: Body::Fields(&[
            Field::new(
                "timeout_seconds",
                Form::Count { least: 1, most: 86_400 },
                "how long a session lives without being used",
            ),
            Field::new("rotate_refresh_tokens", Form::Flag, "a refresh gives a new refresh token and ends the old one"),
        ]),
        run: |org, order| {
            set(&mut org.knobs.session_timeout, order.count("timeout_seconds").map(Duration::from_secs));
            set(&mut org.knobs.rotate_refresh_tokens, order.flag("rotate_refresh_tokens"));
            Ok(Value::Null)
        },
    }],
};

pub(super) const EXPIRE_SESSIONS: Switch<Salesforce> = Switch {
    name: "sessions/expire",
    about: "The end of sessions before their time; refresh tokens stay good.",
    reading: Reading {
        query: &[],
        read: |org, order| json!({"open": org.open_sessions(order.context.now)}),
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Ends those of one user, or all.",
        body: Body::Fields(&[Field::new("username", Form::Text, "whose; all if left out")]),
        run: |org, order| {
            match order.text("username") {
                Some(name) => {
                    check_user(org, name, "username")?;
                    org.expire_sessions_of(name);
                }
                None => org.expire_sessions(),
            }
            Ok(Value::Null)
        },
    }],
};

pub(super) const REVOKE: Switch<Salesforce> = Switch {
    name: "sessions/revoke",
    about: "A user's approval of the app.",
    reading: Reading {
        query: &[],
        read: |org, order| json!({"open": org.open_sessions(order.context.now)}),
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Takes it back: refresh tokens and their sessions end, and an assertion is refused until the user \
                approves anew.",
        body: Body::Fields(&[USERNAME]),
        run: |org, order| {
            check_user(org, order.needed("username"), "username")?;
            org.revoke_refresh_token(order.needed("username"));
            Ok(Value::Null)
        },
    }],
};
