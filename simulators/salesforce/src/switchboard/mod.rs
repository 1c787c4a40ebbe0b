//! Salesforce's own switches under `/_sim`: everything that [`Knobs`](crate::Knobs) and [`App`](crate::App)
//! hold, and what a test can do to the org from outside.

mod access;
mod notices;
mod org;
mod rights;
mod rows;
mod rules;
mod service;

use sim_kit::{Field, Form, Objection, Switch};

use crate::model::Salesforce;

/// How many of the coming ones are concerned; 0 for none.
const NEXT: Form = Form::SMALL;

const USERNAME: Field = Field::needed("username", Form::Text, "the user's name, which looks like an address");

/// All of them, in the order in which the page tells them.
pub(crate) static SWITCHES: &[Switch<Salesforce>] = &[
    access::APP,
    access::SIGN_IN,
    access::SESSIONS,
    access::EXPIRE_SESSIONS,
    access::REVOKE,
    service::LIMITS,
    service::UNAVAILABLE,
    service::COMMITS,
    service::LOCKS,
    service::PAGES,
    service::QUERIES,
    notices::MESSAGES,
    notices::RELAY,
    rights::API,
    rights::SHARING,
    rights::ROLES,
    rights::FIELDS,
    rights::PERMISSION_SETS,
    rights::PROFILES,
    rights::QUEUES,
    rules::VALIDATION,
    rules::DUPLICATES,
    rules::ASSIGNMENT,
    org::PACKAGES,
    service::SEARCH,
    org::EVENTS,
    rows::FEATURES,
    rows::SERIES,
    rows::REPLICATION,
    org::USERS,
    org::WORLD,
    org::RESET,
];

/// Objects to a name that no user has.
fn check_user(org: &Salesforce, name: &str, field: &str) -> Result<(), Objection> {
    if org.user_named(name).is_some() {
        return Ok(());
    }
    let known: Vec<&str> = org.usernames().collect();
    let what = format!("no user of this org is named '{name}'");
    Err(Objection::field(field, what, format!("use one of {}, or add the user at /_sim/users", known.join(", "))))
}

/// Takes over what was named.
fn set<T>(place: &mut T, named: Option<T>) {
    if let Some(value) = named {
        *place = value;
    }
}
