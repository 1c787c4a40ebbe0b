//! What the org is like and who is in it: the world from outside.

use serde_json::{Value, json};
use sim_kit::{Action, Body, Field, Form, Objection, Reading, Switch};

use super::set;
use crate::model::Salesforce;
use crate::model::schema::Object;
use crate::package::Package;

pub(super) const EVENTS: Switch<Salesforce> = Switch {
    name: "events",
    about: "The org's settings of activities.",
    reading: Reading { query: &[], read: |org, _| json!({"multiday": org.knobs.multiday_events}), glance: None },
    actions: &[Action {
        method: "POST",
        about: "Sets what is named.",
        body: Body::Fields(&[Field::new("multiday", Form::Flag, "events may last longer than a day")]),
        run: |org, order| {
            set(&mut org.knobs.multiday_events, order.flag("multiday"));
            Ok(Value::Null)
        },
    }],
};

pub(super) const PACKAGES: Switch<Salesforce> = Switch {
    name: "packages",
    about: "Custom objects and fields: what of the org's schema is not the vendor's.",
    reading: Reading {
        query: &[],
        read: |org, _| {
            let custom = |object: &Object| {
                let fields = object.fields().filter(|field| field.custom()).map(|field| field.name);
                fields.map(|name| format!("{}.{name}", object.name)).collect::<Vec<_>>()
            };
            org.schema().objects().iter().flat_map(custom).collect()
        },
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Deploys metadata in source format.",
        body: Body::Whole("an object of paths, such as objects/Contact/fields/X__c.field-meta.xml, with their texts"),
        run: |org, order| {
            let files = order.whole().as_object().into_iter().flatten();
            let files = files.map(|(path, text)| (path.as_str(), text.as_str().unwrap_or_default()));
            let package = Package::read(files).map_err(|broken| Objection {
                what: broken.problem,
                place: broken.path,
                remedy: "send files as they lie in a project in source format".to_owned(),
            })?;
            org.install(&package, order.context.now);
            Ok(Value::Null)
        },
    }],
};

pub(super) const USERS: Switch<Salesforce> = Switch {
    name: "users",
    about: "The users. Each has the access token 'sim-<username>', the refresh token 'refresh-<username>' and the \
            same password.",
    reading: Reading {
        query: &[],
        read: |org, _| {
            let told = org.usernames().filter_map(|name| org.user_named(name)).map(|user| {
                json!({
                    "id": user.id(), "username": user.get("Username"), "name": user.get("Name"),
                    "active": user.get("IsActive"),
                })
            });
            told.collect()
        },
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Adds a user; a name that is there already changes nothing. 'id' is the user's.",
        body: Body::Fields(&[
            Field::needed("username", Form::Text, "the user's name, an address, which is the e-mail address too"),
            Field::new("name", Form::Text, "first and last name; the user name if left out"),
        ]),
        run: |org, order| {
            let username = order.needed("username");
            if username.split_once('@').is_none_or(|(name, domain)| name.is_empty() || domain.is_empty()) {
                return Err(Objection::field("username", format!("'{username}' is no address"), "send name@domain"));
            }
            let known = org.user_named(username).map(|user| user.id().to_owned());
            let name = order.text("name").unwrap_or(username);
            Ok(json!({"id": known.unwrap_or_else(|| org.add_user(name, username, order.context.now))}))
        },
    }],
};

pub(super) const WORLD: Switch<Salesforce> = Switch {
    name: "world",
    about: "Everything the org holds, its switches too.",
    reading: Reading {
        query: &[],
        read: |org, _| org.snapshot(),
        glance: Some(|org| json!({"users": org.usernames().count()})),
    },
    actions: &[Action {
        method: "PUT",
        about: "Puts another world in its place.",
        body: Body::Whole("what a GET of this switch told"),
        run: |org, order| {
            let world = Salesforce::restore(order.whole().clone()).map_err(|error| {
                let why = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                Objection {
                    what: format!("it is no world of this simulator: {why}"),
                    place: "the body".to_owned(),
                    remedy: "send what a GET of this switch told, unchanged".to_owned(),
                }
            })?;
            org.give_way_to(world);
            Ok(Value::Null)
        },
    }],
};

pub(super) const RESET: Switch<Salesforce> = Switch {
    name: "world/reset",
    about: "The world that the simulator starts with: northwind.example with its users and two customers.",
    reading: Reading { query: &[], read: |_, _| json!({}), glance: None },
    actions: &[Action {
        method: "POST",
        about: "Begins anew, with every switch as it was at the start.",
        body: Body::None,
        run: |org, order| {
            org.give_way_to(Salesforce::northwind(order.context.now));
            Ok(Value::Null)
        },
    }],
};
