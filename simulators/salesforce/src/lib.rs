//! A simulator of a Salesforce org, reached over its REST API, and over SOAP where there is no other way.
//!
//! Entry point: make a [`Salesforce`] ([`Salesforce::northwind`] or [`Salesforce::empty`]) and hand it to
//! [`sim_kit::Simulator::start`]. Tests turn [`Salesforce::knobs`] and look at [`Salesforce::rows`]; what
//! a person does in the vendor's own client goes through the same API, with [`Salesforce::by_hand`].
//! From outside the same is worked under `/_sim` (see [`sim_kit`]).
//!
//! # Invariants
//! - One schema of objects and fields decides describe, the checks of writes, SOQL and defaults; what is
//!   custom in it comes from packages as they are deployed, Syncline's own from `infra/salesforce`.
//! - A row changes only by a write that has passed every check; a refused request changes nothing, and
//!   of a request that is all or nothing either all is done or nothing.
//! - Time comes from the request's context, ids and tokens from a counter and the seed: the same
//!   requests at the same times give the same answers.
//! - Parts of composite requests go through the same routes as requests of their own. A composite request or
//!   a graph is one call of the day; of a batch each part is one.
//! - A query or a search is answered or refused with a code of the vendor's, whatever its text
//!   ([`Salesforce::ask`]). Searches see a row only after a lag ([`Knobs::search_lag`]).
//! - No token without a grant that proves itself, but for the fixed ones of tests (`sim-<username>`,
//!   `test-token`, `refresh-<username>`). Assertions are verified with the connected app's certificate; that
//!   of [`APP_CERTIFICATE`] is for the simulator only, its private key being public.
//! - Change events tell what a transaction changed: of each row once, and of several rows with the same change
//!   together. Each part of a composite request that is not all or nothing is a transaction.
//! - Outbound messages and change events leave after the change is committed, at least once, and are tried
//!   again for a day; sessions are never lent to a receiver.
//! - What a user sees is a schema of his own (field-level security) and the rows that one function,
//!   `may`, lets him read; every read and every write asks both.
//! - What admins add to the vendor's checks (validation, duplicate and assignment rules) is data, and asked of
//!   each row after all those checks.
//! - What a row brings about in others (an invitee's own event, a mail's task, a file's document, a person
//!   account's contact) happens in the request that writes the row, and is undone with it.
//! - Absent: record types besides the master, series of tasks, series of events but as single rows and one of the
//!   pattern, rooms and other resources as invitees, the limit of long calls at a time, layouts that somebody made,
//!   list views, rows seen of late, Apex, and the Bulk, Tooling, Metadata, Streaming and Pub/Sub APIs (change
//!   events leave by the relay only).

mod http;
mod model;
mod order;
mod package;
mod soql;
mod switchboard;

pub use model::{
    APP_CERTIFICATE, APP_PRIVATE_KEY, App, AssignmentEntry, AssignmentRule, BrokenSnapshot, CLIENT_ID, CLIENT_SECRET,
    DuplicateAction, DuplicateRule, Edition, EventRelay, Feature, FieldAccess, Knobs, MatchBy, MatchingRule,
    OrgDefault, OutboundMessage, PASSWORD, QueryBurden, RelayState, Row, Salesforce, Unfit, ValidationRule,
};
pub use package::{BrokenPackage, Package};
