//! What every simulator stands on: a virtual clock, a fault plan, a request journal, a courier for
//! outgoing notifications, and an HTTP shell over [`wiremock`].
//!
//! Entry point: implement [`Model`] for a pure state machine and hand it to [`Simulator::start`].
//!
//! # Invariants
//! - A model is a plain state machine: a request and the time go in, a [`Reply`] comes out. It does no
//!   IO; what must leave the simulator (notifications) is put on the [`Courier`].
//! - Faults happen outside the model: a request that fails *before* never reaches it, one that fails
//!   *after* has had its whole effect.
//! - Nothing here knows a vendor, and nothing here knows Syncline.

mod clock;
mod courier;
mod faults;
mod journal;
mod message;
mod shell;

pub use clock::SimClock;
pub use courier::{Courier, Delivery, DeliveryOutcome};
pub use faults::{Fault, FaultPlan, FaultRule};
pub use journal::{Entry, Journal};
pub use message::{Reply, Request};
pub use shell::{Context, Model, Simulator};
