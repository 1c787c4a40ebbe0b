//! Who is told of changes: outbound messages, the event relay.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sim_kit::{Action, Body, Field, Form, Objection, Order, Reading, Switch};

use super::set;
use crate::model::outbox::{event_name, is_captured};
use crate::model::schema::Kind;
use crate::model::{EventRelay, OutboundMessage, RelayState, Salesforce};

const STATES: [(&str, RelayState); 3] =
    [("run", RelayState::Run), ("pause", RelayState::Pause), ("stop", RelayState::Stop)];

const URL: &str = "where it is posted to: http or https";

pub(super) const MESSAGES: Switch<Salesforce> = Switch {
    name: "outbound-messages",
    about: "The messages that flows send when rows are made or changed: SOAP, again for 24 hours until they are \
            acknowledged.",
    reading: Reading {
        query: &[],
        read: |org, _| {
            let (waiting, _, given_up) = org.waiting_to_leave();
            let messages: Vec<Value> = org
                .outbound_messages()
                .map(|message| {
                    json!({
                        "name": message.name, "object": message.object, "url": message.url, "fields": message.fields,
                        "on_update": message.on_update,
                    })
                })
                .collect();
            json!({"messages": messages, "waiting": waiting, "given_up_of_all": given_up})
        },
        glance: None,
    },
    actions: &[
        Action {
            method: "POST",
            about: "Sets one up; one of the same name is replaced.",
            body: Body::Fields(&[
                Field::needed("name", Form::Text, "its name"),
                Field::needed("object", Form::Text, "the object whose rows it tells of"),
                Field::needed("url", Form::Text, URL),
                Field::new("fields", Form::Text, "the fields it tells besides Id, with a space between"),
                Field::new("on_update", Form::Flag, "whether changes are told too; true unless said otherwise"),
            ]),
            run: |org, order| {
                let name = order.needed("object");
                let object = org.schema().object(name).ok_or_else(|| {
                    let what = format!("the org has no object '{name}'");
                    Objection::field("object", what, "use a name that /services/data/v59.0/sobjects tells")
                })?;
                let mut fields = Vec::new();
                for name in order.text("fields").unwrap_or_default().split_whitespace() {
                    let field = object.field(name).ok_or_else(|| {
                        let what = format!("{} has no field '{name}'", object.name);
                        Objection::field("fields", what, "use names that the object's describe tells")
                    })?;
                    if matches!(field.kind, Kind::Address(_) | Kind::IdList(_) | Kind::Base64) {
                        let what = format!("{} cannot be sent in a message", field.name);
                        return Err(Objection::field("fields", what, "send fields that are one value"));
                    }
                    fields.push(field.name.to_owned());
                }
                let message = OutboundMessage {
                    name: order.needed("name").to_owned(),
                    object: object.name.to_owned(),
                    url: url(order)?,
                    fields,
                    on_update: order.flag("on_update").unwrap_or(true),
                };
                let action = org.send_outbound_message(message);
                Ok(json!({ "action_id": action }))
            },
        },
        Action {
            method: "DELETE",
            about: "Stops one, with what waits of it.",
            body: Body::Fields(&[Field::needed("name", Form::Text, "its name")]),
            run: |org, order| {
                let name = order.needed("name");
                if org.stop_outbound_message(name) {
                    return Ok(Value::Null);
                }
                let what = format!("no outbound message is named '{name}'");
                Err(Objection::field("name", what, "use a name that a GET of this switch tells"))
            },
        },
    ],
};

pub(super) const RELAY: Switch<Salesforce> = Switch {
    name: "event-relay",
    about: "The relay of change events, one POST for each as an event bus hands it to its target.",
    reading: Reading {
        query: &[],
        read: |org, _| {
            let (_, waiting, given_up) = org.waiting_to_leave();
            let relay = org.event_relay().map(|relay| {
                let state = STATES.iter().find(|(_, state)| *state == relay.state).map(|(word, _)| *word);
                json!({"url": relay.url, "state": state, "events": relay.events})
            });
            json!({
                "relay": relay, "channels": org.captured(), "waiting": waiting, "given_up_of_all": given_up,
                "gaps": org.knobs.gap_events,
            })
        },
        glance: None,
    },
    actions: &[
        Action {
            method: "POST",
            about: "Sets it up, or changes what is named.",
            body: Body::Fields(&[
                Field::new("url", Form::Text, URL),
                Field::new("state", Form::Choice(&["run", "pause", "stop"]), "run at first"),
                Field::new(
                    "events",
                    Form::Text,
                    "the change events, such as ContactChangeEvent, with a space between; at first those of the \
                     installed packages' channels",
                ),
                Field::new("gaps", Form::Flag, "events tell which row changed, and not how: GAP_UPDATE and so on"),
            ]),
            run: |org, order| {
                let known = org.event_relay().cloned();
                let url = match (&known, order.text("url")) {
                    (Some(relay), None) => relay.url.clone(),
                    _ => url(order)?,
                };
                let named: Option<BTreeSet<String>> =
                    order.text("events").map(|text| text.split_whitespace().map(str::to_owned).collect());
                for event in named.iter().flatten() {
                    is_event(org, event)?;
                }
                let events = named.or_else(|| known.as_ref().map(|relay| relay.events.clone()));
                let wanted = order.text("state");
                let state = STATES.iter().find(|(word, _)| wanted == Some(*word)).map(|(_, state)| *state);
                let state = state.or(known.map(|relay| relay.state)).unwrap_or(RelayState::Run);
                let events = events.unwrap_or_else(|| org.captured().clone());
                org.set_event_relay(Some(EventRelay { url, state, events }));
                set(&mut org.knobs.gap_events, order.flag("gaps"));
                Ok(Value::Null)
            },
        },
        Action {
            method: "DELETE",
            about: "Takes it away, with what waits.",
            body: Body::None,
            run: |org, _| {
                org.set_event_relay(None);
                Ok(Value::Null)
            },
        },
    ],
};

/// Refuses what is the change event of no object.
fn is_event(org: &Salesforce, event: &str) -> Result<(), Objection> {
    let mut captured = org.schema().objects().iter().filter(|object| is_captured(object.name));
    if captured.any(|object| event_name(object.name) == event) {
        return Ok(());
    }
    let what = format!("there is no change event '{event}'");
    Err(Objection::field(
        "events",
        what,
        "use names such as ContactChangeEvent; of most setup and file objects there are none",
    ))
}

fn url(order: &Order<'_>) -> Result<String, Objection> {
    let text = order.text("url").unwrap_or_default();
    if text.starts_with("http://") || text.starts_with("https://") {
        return Ok(text.to_owned());
    }
    let what = format!("'{text}' is no address");
    Err(Objection::field("url", what, "send one that begins with http:// or https://"))
}
