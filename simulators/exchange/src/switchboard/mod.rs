//! Exchange's own switches under `/_sim`: everything that [`Switches`](crate::Switches) holds, and what a
//! test can do to the world from outside.

mod access;
mod notices;
mod service;
mod tenant;

use serde_json::{Value, json};
use sim_kit::{Field, Form, Objection, Switch};

use crate::model::Exchange;

/// How many of the coming ones are concerned; 0 for none.
const NEXT: Form = Form::SMALL;

const ADDRESS: Field = Field::needed("address", Form::Text, "the user's address or id");

/// All of them, in the order in which the page tells them.
pub(crate) static SWITCHES: &[Switch<Exchange>] = &[
    access::LIMITS,
    access::TOKENS,
    access::EXPIRE_TOKENS,
    access::REVOKE,
    access::SIGN_IN,
    service::WRITES,
    service::PAGES,
    service::DELTA,
    service::EXPIRE_DELTA,
    service::BATCH,
    notices::NOTIFICATIONS,
    notices::SUBSCRIPTIONS,
    notices::LIFECYCLE,
    tenant::MAILBOXES,
    tenant::MAILBOX_STATE,
    tenant::MAIL,
    tenant::OUTBOX,
    tenant::WORLD,
    tenant::RESET,
];

/// The position of the user that a field names.
fn user(world: &Exchange, name: &str, field: &str) -> Result<usize, Objection> {
    world.mailbox_of(name).ok_or_else(|| {
        let known: Vec<&str> = world.mailboxes.iter().map(|mailbox| mailbox.address.as_str()).collect();
        let what = format!("no user of this tenant is named '{name}'");
        Objection::field(field, what, format!("use one of {}, or add the user at /_sim/mailboxes", known.join(", ")))
    })
}

fn nothing() -> Value {
    json!({})
}

/// Takes over what was named.
fn set<T>(place: &mut T, named: Option<T>) {
    if let Some(value) = named {
        *place = value;
    }
}
