//! The use cases over the ports: what a function does once it knows for whom.
//!
//! Entry points: [`mirror::run`], [`ingest::run`] and [`resolve::run`] for jobs, [`tick::run`] for the
//! clock, [`notify::receive`] for notifications, [`subscribe::ensure`] to be notified at all, [`admin`]
//! for people.
//!
//! # Invariants
//! - The engine names no adapter and makes no decision about an item: it observes, asks `syncline-core`,
//!   executes and confirms.
//! - An error of the engine means that our own state cannot be trusted or reached, and the job must come
//!   again. Trouble with one side ends the session with a report; trouble with one item parks it.
//! - A create is noted before it is tried; a cursor moves after all it listed is applied or parked.
//! - Crash anywhere: the next session ends where an undisturbed one would have.

pub mod admin;
pub mod ingest;
pub mod mirror;
pub mod notify;
pub mod resolve;
pub mod subscribe;
pub mod tick;

mod error;
mod session;

use std::sync::Arc;

use syncline_core::report::SessionReport;
use syncline_ports::{Clock, Connector, Entropy, JobQueue, Secrets, StateStore};

pub use error::EngineError;

/// Everything the engine needs from the world.
#[derive(Clone)]
pub struct Ports {
    /// What is remembered.
    pub store: Arc<dyn StateStore>,
    /// Jobs for later.
    pub queue: Arc<dyn JobQueue>,
    /// Sealing what is kept.
    pub secrets: Arc<dyn Secrets>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// The users' two sides.
    pub connector: Arc<dyn Connector>,
}

/// What became of a session job.
#[derive(Clone, Debug)]
pub enum Ran {
    /// It ran; the report says how it ended.
    Finished(Box<SessionReport>),
    /// Another session of this stream runs and will see what was wanted.
    Busy,
    /// The user is switched off, not signed in, or has nothing of this kind.
    NotReady,
}
