//! What rows do of their own accord, and what is known of those that changed.

use jiff::Timestamp;
use serde_json::{Value, json};
use sim_kit::{Action, Body, Field, Form, Objection, Reading, Switch};

use super::{USERNAME, check_user, set};
use crate::model::{Feature, Salesforce};

const FEATURE_NAMES: [(&str, Feature); 3] = [
    ("person_accounts", Feature::PersonAccounts),
    ("shared_activities", Feature::SharedActivities),
    ("enhanced_email", Feature::EnhancedEmail),
];

pub(super) const FEATURES: Switch<Salesforce> = Switch {
    name: "features",
    about: "Features of the product that an admin switches. Objects and fields come and go with them; rows keep \
            what they have.",
    reading: Reading {
        query: &[],
        read: |org, _| {
            FEATURE_NAMES.iter().map(|(name, feature)| ((*name).to_owned(), json!(org.has_feature(*feature)))).collect()
        },
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Switches what is named.",
        body: Body::Fields(&[
            Field::new("person_accounts", Form::Flag, "accounts that are a person, each with a hidden contact"),
            Field::new("shared_activities", Form::Flag, "tasks and events about several contacts"),
            Field::new("enhanced_email", Form::Flag, "mails of everything, not of cases only"),
        ]),
        run: |org, order| {
            for (name, feature) in FEATURE_NAMES {
                if let Some(on) = order.flag(name) {
                    org.set_feature(feature, on, order.context.now);
                }
            }
            Ok(Value::Null)
        },
    }],
};

pub(super) const REPLICATION: Switch<Salesforce> = Switch {
    name: "replication",
    about: "What getUpdated and getDeleted can tell.",
    reading: Reading {
        query: &[],
        read: |org, order| {
            let known = org.deletions_known_since(order.context.now);
            json!({"most_ids": org.knobs.replication_limit, "deletions_known_since": known.to_string()})
        },
        glance: None,
    },
    actions: &[
        Action {
            method: "POST",
            about: "Sets it.",
            body: Body::Fields(&[Field::needed(
                "most_ids",
                Form::SMALL,
                "how many ids one answer holds; more are refused with EXCEEDED_ID_LIMIT",
            )]),
            run: |org, order| {
                set(&mut org.knobs.replication_limit, order.small("most_ids").and_then(|most| most.try_into().ok()));
                Ok(Value::Null)
            },
        },
        Action {
            method: "DELETE",
            about: "Purges the log of deletions, as the service does under load.",
            body: Body::None,
            run: |org, order| {
                org.purge_deletion_log(order.context.now);
                Ok(Value::Null)
            },
        },
    ],
};

pub(super) const SERIES: Switch<Salesforce> = Switch {
    name: "series",
    about: "Series of events, which are made in the vendor's own client only. It tells how many events are of one.",
    reading: Reading {
        query: &[],
        read: |org, _| json!({"events": org.rows("Event").filter(|event| event.get("IsRecurrence2") == &json!(true)).count()}),
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "A user makes one. 'ids' are its events'.",
        body: Body::Fields(&[
            USERNAME,
            Field::needed("event", Form::Object, "the fields of each event, DurationInMinutes among them"),
            Field::needed("pattern", Form::Text, "the rule, such as RRULE:FREQ=DAILY;COUNT=3"),
            Field::needed("starts", Form::Text, "when its events start, with a space between"),
        ]),
        run: |org, order| {
            check_user(org, order.needed("username"), "username")?;
            let starts = order.needed("starts").split_whitespace().map(str::parse::<Timestamp>);
            let starts = starts.collect::<Result<Vec<_>, _>>().map_err(|error| {
                Objection::field("starts", error.to_string(), "send times such as 2031-03-03T09:00:00Z")
            })?;
            let event = order.value("event").cloned().unwrap_or_default();
            let (user, pattern) = (order.needed("username"), order.needed("pattern"));
            let ids = org.plant_series(user, &event, pattern, &starts, order.context.now);
            if ids.len() < starts.len() {
                let what = "an event with these fields is refused";
                return Err(Objection::field("event", what, "send fields that a POST of an Event takes"));
            }
            Ok(json!({"ids": ids}))
        },
    }],
};
