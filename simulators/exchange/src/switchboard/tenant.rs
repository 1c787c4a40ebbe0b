//! Who is in the tenant and what is there: the world from outside.

use serde_json::{Value, json};
use sim_kit::{Action, Body, Field, Form, Objection, Reading, Switch};

use super::{ADDRESS, nothing, user};
use crate::model::{Exchange, MailboxState, WellKnown};

pub(super) const MAILBOXES: Switch<Exchange> = Switch {
    name: "mailboxes",
    about: "The users of the tenant. Each has the access token 'sim-<address>' and the refresh token \
            'refresh-<address>'.",
    reading: Reading {
        query: &[],
        read: |world, _| {
            let told = world.mailboxes.iter().map(|mailbox| {
                json!({
                    "id": mailbox.id,
                    "address": mailbox.address,
                    "name": mailbox.display_name,
                    "state": state_name(mailbox.state),
                })
            });
            Value::Array(told.collect())
        },
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Adds a user with an empty mailbox; an address that is there already changes nothing. 'id' is the user's.",
        body: Body::Fields(&[
            Field::needed("address", Form::Text, "the user's address"),
            Field::new("name", Form::Text, "the display name; the address if left out"),
        ]),
        run: |world, order| {
            let address = order.needed("address");
            if address.split_once('@').is_none_or(|(name, domain)| name.is_empty() || domain.is_empty()) {
                return Err(Objection::field("address", format!("'{address}' is no address"), "send name@domain"));
            }
            Ok(json!({"id": world.add_user(order.text("name").unwrap_or(address), address)}))
        },
    }],
};

pub(super) const MAILBOX_STATE: Switch<Exchange> = Switch {
    name: "mailboxes/state",
    about: "Whether a mailbox can be used: 'missing' answers 404 MailboxNotEnabledForRESTAPI, 'forbidden' 403 \
            ErrorAccessDenied.",
    reading: Reading {
        query: &[],
        read: |world, _| {
            let told =
                world.mailboxes.iter().map(|mailbox| (mailbox.address.clone(), state_name(mailbox.state).into()));
            Value::Object(told.collect())
        },
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Sets it for one mailbox.",
        body: Body::Fields(&[
            ADDRESS,
            Field::needed("state", Form::Choice(&["ready", "missing", "forbidden"]), "the mailbox's state from now on"),
        ]),
        run: |world, order| {
            let state = match order.needed("state") {
                "missing" => MailboxState::NotEnabled,
                "forbidden" => MailboxState::Forbidden,
                _ => MailboxState::Ready,
            };
            let index = user(world, order.needed("address"), "address")?;
            world.mailboxes[index].state = state;
            Ok(Value::Null)
        },
    }],
};

fn state_name(state: MailboxState) -> &'static str {
    match state {
        MailboxState::Ready => "ready",
        MailboxState::NotEnabled => "missing",
        MailboxState::Forbidden => "forbidden",
    }
}

pub(super) const MAIL: Switch<Exchange> = Switch {
    name: "mail",
    about: "The transport that mail from outside comes by.",
    reading: Reading { query: &[], read: |_, _| nothing(), glance: None },
    actions: &[Action {
        method: "POST",
        about: "Delivers a mail and notifies. 'id' is the message's default id.",
        body: Body::Fields(&[
            ADDRESS,
            Field::needed("mime", Form::Text, "the mail as it travels: header lines, an empty line, the body"),
            Field::new(
                "folder",
                Form::Choice(&["inbox", "sentitems", "drafts", "archive", "deleteditems", "junkemail"]),
                "the inbox if left out",
            ),
        ]),
        run: |world, order| {
            user(world, order.needed("address"), "address")?;
            let folder = match order.needed("folder") {
                "sentitems" => WellKnown::SentItems,
                "drafts" => WellKnown::Drafts,
                "archive" => WellKnown::Archive,
                "deleteditems" => WellKnown::DeletedItems,
                "junkemail" => WellKnown::JunkEmail,
                _ => WellKnown::Inbox,
            };
            let delivered =
                world.deliver(order.needed("address"), folder, order.needed("mime").as_bytes(), order.context);
            match delivered {
                Ok(id) => Ok(json!({"id": id})),
                Err(error) => Err(Objection::field(
                    "mime",
                    error.to_string(),
                    "send at least one header line, such as Subject: x",
                )),
            }
        },
    }],
};

pub(super) const OUTBOX: Switch<Exchange> = Switch {
    name: "outbox",
    about: "What was mailed about meetings, oldest first, to users and to people outside.",
    reading: Reading {
        query: &[],
        read: |world, _| json!(world.outbox),
        glance: Some(|world| json!({"mails": world.outbox.len()})),
    },
    actions: &[Action {
        method: "DELETE",
        about: "Forgets it.",
        body: Body::None,
        run: |world, _| {
            world.outbox.clear();
            Ok(Value::Null)
        },
    }],
};

pub(super) const WORLD: Switch<Exchange> = Switch {
    name: "world",
    about: "Everything the tenant holds, its switches too.",
    reading: Reading {
        query: &[],
        read: |world, _| world.snapshot(),
        glance: Some(|world| json!({"mailboxes": world.mailboxes.len()})),
    },
    actions: &[Action {
        method: "PUT",
        about: "Puts another world in its place.",
        body: Body::Whole("what a GET of this switch told"),
        run: |world, order| {
            let mut other = Exchange::restore(order.whole().clone()).map_err(|error| {
                let why = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                Objection {
                    what: format!("it is no world of this simulator: {why}"),
                    place: "the body".to_owned(),
                    remedy: "send what a GET of this switch told, unchanged".to_owned(),
                }
            })?;
            other.post.follow(&world.post);
            *world = other;
            Ok(Value::Null)
        },
    }],
};

pub(super) const RESET: Switch<Exchange> = Switch {
    name: "world/reset",
    about: "The world that the simulator starts with: northwind.example with Anna Berg and Ben Carter.",
    reading: Reading { query: &[], read: |_, _| nothing(), glance: None },
    actions: &[Action {
        method: "POST",
        about: "Begins anew, with every switch as it was at the start.",
        body: Body::None,
        run: |world, order| {
            let mut other = Exchange::northwind(order.context.now);
            other.post.follow(&world.post);
            *world = other;
            Ok(Value::Null)
        },
    }],
};
