//! A simulator of Gmail: the Gmail API v1, Google's OAuth token endpoint and its HTTP batch endpoint.
//!
//! Entry point: [`Gmail`], which a [`sim_kit::Simulator`] serves. `model` is the state machine (mailboxes,
//! labels, history, grants), `http` the skin over it (routes, wire JSON, error bodies).
//!
//! # Invariants
//! - Nothing is random and nothing reads a clock: ids and tokens come from a seed and a counter in the
//!   model, time from [`sim_kit::Context::now`]. The same requests give the same world.
//! - The whole world is plain data: [`Gmail::snapshot`] and [`Gmail::restore`] lose nothing.
//! - Every change of a mailbox makes a history record with a higher id; ids have gaps, as Gmail's do.
//! - No request and no mail, however broken, panics.
//!
//! Deliberately absent: Calendar, People and Tasks, drafts, sending, settings and resumable uploads
//! answer as paths that Google does not know; `watch` is stored but nothing is published.

mod http;
mod model;

pub use model::{DeliverError, Gmail};
