//! A simulator of a Salesforce org, reached over its REST API.
//!
//! Entry point: make a [`Salesforce`] ([`Salesforce::northwind`] or [`Salesforce::empty`]) and hand it to
//! [`sim_kit::Simulator::start`]. Tests turn [`Salesforce::knobs`] and look at [`Salesforce::rows`]; what
//! a person does in the vendor's own client goes through the same API, with [`Salesforce::by_hand`].
//!
//! # Invariants
//! - One schema of objects and fields decides describe, the checks of writes, SOQL and defaults; what is
//!   custom in it comes from packages as they are deployed, Syncline's own from `infra/salesforce`.
//! - A row changes only by a write that has passed every check; a refused request changes nothing, and
//!   of a request that is all or nothing either all is done or nothing.
//! - Time comes from the request's context, ids and tokens from a counter and the seed: the same
//!   requests at the same times give the same answers.
//! - Parts of composite requests go through the same routes as requests of their own.
//! - Outbound messages and change events leave after the change is committed, at least once, and are tried
//!   again for a day; sessions are never lent to a receiver.
//! - Absent: sharing, field-level security, duplicate and validation rules, search, files, lead
//!   conversion, record types and recurring series.

mod http;
mod model;
mod package;
mod soql;

pub use model::{
    BrokenSnapshot, CLIENT_ID, CLIENT_SECRET, EventRelay, Knobs, OutboundMessage, PASSWORD, RelayState, Row, Salesforce,
};
pub use package::{BrokenPackage, Package};
