//! How the service answers: its limits, its bad days, its locks and pages.

use std::time::Duration;

use serde_json::{Value, json};
use sim_kit::{Action, Body, Field, Form, Objection, Reading, Switch};

use super::{NEXT, set};
use crate::model::{Edition, Knobs, QueryBurden, Salesforce, id};

/// The longest that a write can be under way.
const LONGEST_COMMIT: u64 = 86_400;

pub(super) const LIMITS: Switch<Salesforce> = Switch {
    name: "limits",
    about: "How many API calls there may be in 24 hours, and how many there were.",
    reading: Reading {
        query: &[],
        read: |org, order| json!({"daily": org.knobs.daily_limit, "used": org.calls_used(order.context.now)}),
        glance: None,
    },
    actions: &[
        Action {
            method: "POST",
            about: "Sets the limit: itself, or by what the org was bought as.",
            body: Body::Fields(&[
                Field::new("daily", Form::Count { least: 0, most: u64::MAX }, "calls in 24 hours"),
                Field::new("edition", Form::Choice(Edition::NAMES), "the edition, which says how many"),
                Field::new("licences", NEXT, "user licences, of which each adds calls; 0 if left out"),
                Field::new(
                    "used",
                    Form::Count { least: 0, most: u64::MAX },
                    "so many were used just now, and no others before",
                ),
            ]),
            run: |org, order| {
                let edition = order.text("edition").and_then(Edition::named);
                match (edition, order.small("licences")) {
                    (Some(edition), licences) => org.license(edition, licences.unwrap_or(0)),
                    (None, Some(_)) => {
                        return Err(Objection::field("edition", "it is missing", "licences count by edition: name it"));
                    }
                    (None, None) => {}
                }
                set(&mut org.knobs.daily_limit, order.count("daily"));
                if let Some(used) = order.count("used") {
                    org.forget_calls();
                    org.count_calls(used, order.context.now);
                }
                Ok(Value::Null)
            },
        },
        Action {
            method: "DELETE",
            about: "Sets the limit of a developer's org, and begins to count anew.",
            body: Body::None,
            run: |org, _| {
                org.knobs.daily_limit = Knobs::default().daily_limit;
                org.forget_calls();
                Ok(Value::Null)
            },
        },
    ],
};

pub(super) const UNAVAILABLE: Switch<Salesforce> = Switch {
    name: "unavailable",
    about: "503s. Other failures, and those of single requests, are faults.",
    reading: Reading {
        query: &[],
        read: |org, _| json!({"times": org.knobs.unavailable, "html": org.knobs.html_errors}),
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Sets what is named.",
        body: Body::Fields(&[
            Field::new("times", NEXT, "the next so many calls of the REST API are refused with 503"),
            Field::new(
                "html",
                Form::Flag,
                "every 503, that of a fault too, is a page of HTML, as from a machine in front of the service",
            ),
        ]),
        run: |org, order| {
            set(&mut org.knobs.unavailable, order.small("times"));
            set(&mut org.knobs.html_errors, order.flag("html"));
            Ok(Value::Null)
        },
    }],
};

pub(super) const COMMITS: Switch<Salesforce> = Switch {
    name: "commits",
    about: "Long transactions: a write has its stamp at once, but is seen only when it is committed.",
    reading: Reading {
        query: &[],
        read: |org, _| {
            let next: Vec<String> = org.ordered_commits().map(|delay| delay.as_secs().to_string()).collect();
            json!({"delay_seconds": org.knobs.commit_delay.as_secs(), "next_seconds": next.join(" ")})
        },
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Sets it for the writes from now on, or for the next ones.",
        body: Body::Fields(&[
            Field::new(
                "delay_seconds",
                Form::Count { least: 0, most: LONGEST_COMMIT },
                "from stamp to commit, in seconds of the simulator's time",
            ),
            Field::new(
                "next_seconds",
                Form::Text,
                "the same for each of the next requests that write, with a space between, such as '30 0 10'",
            ),
        ]),
        run: |org, order| {
            let next = order.text("next_seconds").unwrap_or_default().split_whitespace().map(str::parse::<u32>);
            let next = next.collect::<Result<Vec<_>, _>>().map_err(|error| {
                Objection::field("next_seconds", error.to_string(), "send whole numbers with a space between")
            })?;
            set(&mut org.knobs.commit_delay, order.count("delay_seconds").map(Duration::from_secs));
            org.delay_next_commits(next.into_iter().map(|seconds| Duration::from_secs(seconds.into())));
            Ok(Value::Null)
        },
    }],
};

pub(super) const LOCKS: Switch<Salesforce> = Switch {
    name: "locks",
    about: "Rows that somebody else holds: writes of them are refused with UNABLE_TO_LOCK_ROW. It tells how often.",
    reading: Reading {
        query: &[],
        read: |org, _| Value::Object(org.locks().map(|(id, times)| (id.to_owned(), times.into())).collect()),
        glance: None,
    },
    actions: &[
        Action {
            method: "POST",
            about: "Locks a row.",
            body: Body::Fields(&[
                Field::needed("id", Form::Text, "the row's id, of 15 or 18 characters"),
                Field::new("times", NEXT, "how many writes are refused; 1 if left out, 0 unlocks it"),
            ]),
            run: |org, order| {
                let text = order.needed("id");
                if id::canonical(text).is_none() {
                    return Err(Objection::field("id", format!("'{text}' is no id"), "send 15 or 18 characters"));
                }
                org.lock_next(text, order.small("times").unwrap_or(1));
                Ok(Value::Null)
            },
        },
        Action {
            method: "DELETE",
            about: "Unlocks all.",
            body: Body::None,
            run: |org, _| {
                org.unlock_all();
                Ok(Value::Null)
            },
        },
    ],
};

pub(super) const PAGES: Switch<Salesforce> = Switch {
    name: "pages",
    about: "The pages of queries.",
    reading: Reading {
        query: &[],
        read: |org, _| json!({"batch_size": org.knobs.batch_size.unwrap_or_default()}),
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Sets it.",
        body: Body::Fields(&[Field::needed(
            "batch_size",
            NEXT,
            "a page holds no more than so many rows, whatever was asked for; 0 leaves it to the client",
        )]),
        run: |org, order| {
            if let Some(size) = order.small("batch_size") {
                org.knobs.batch_size = usize::try_from(size).ok().filter(|size| *size > 0);
            }
            Ok(Value::Null)
        },
    }],
};

pub(super) const QUERIES: Switch<Salesforce> = Switch {
    name: "queries",
    about: "Queries that are given up because they are too much for the service.",
    reading: Reading {
        query: &[],
        read: |org, _| json!({"times": org.knobs.queries_given_up, "code": org.knobs.query_burden}),
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Sets what is named.",
        body: Body::Fields(&[
            Field::new(
                "times",
                NEXT,
                "the next so many queries that are right are refused; their further pages are not",
            ),
            Field::new("code", Form::Choice(QueryBurden::NAMES), "with which code"),
        ]),
        run: |org, order| {
            set(&mut org.knobs.queries_given_up, order.small("times"));
            set(&mut org.knobs.query_burden, order.text("code").and_then(QueryBurden::named));
            Ok(Value::Null)
        },
    }],
};

pub(super) const SEARCH: Switch<Salesforce> = Switch {
    name: "search",
    about: "Searches look into an index, which lags behind the writes.",
    reading: Reading {
        query: &[],
        read: |org, _| json!({"lag_seconds": org.knobs.search_lag.as_secs()}),
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Sets how far.",
        body: Body::Fields(&[Field::needed(
            "lag_seconds",
            Form::Count { least: 0, most: LONGEST_COMMIT },
            "from the commit of a write until it is found, in seconds of the simulator's time",
        )]),
        run: |org, order| {
            set(&mut org.knobs.search_lag, order.count("lag_seconds").map(Duration::from_secs));
            Ok(Value::Null)
        },
    }],
};
