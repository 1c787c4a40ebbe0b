//! What every simulator stands on: a virtual clock, faults and latency on order, a request journal, a
//! courier for outgoing notifications, an HTTP shell over [`wiremock`], and the switches of all that.
//!
//! Entry point: implement [`Model`] for a pure state machine and hand it to [`Simulator::start`].
//! Without a network, [`Shell::answer`] does the same.
//!
//! # Switches
//! Every simulator answers below `/_sim`, in JSON and without sign-in, before its model sees the request:
//! `GET /_sim` tells which switches there are, how each is worked and how it stands. The clock, faults,
//! latency, throttling and the journal are the same everywhere; a vendor adds its own in
//! [`Model::switches`]. All of it can be done in code too.
//!
//! ```text
//! curl http://127.0.0.1:7001/_sim
//! curl http://127.0.0.1:7001/_sim/clock -d '{"advance": "PT30M"}'
//! curl http://127.0.0.1:7001/_sim/faults -d '{"method": "POST", "path": "/events", "kind": "fail_after", "status": 504}'
//! ```
//!
//! # Invariants
//! - A model is a plain state machine: a request and the time go in, a [`Reply`] comes out. It does no
//!   IO; what must leave the simulator (notifications) is put on the [`Courier`].
//! - Faults happen outside the model: a request that fails *before* never reaches it, one that fails
//!   *after* has had its whole effect.
//! - A switch is data: the page that describes it, the check of what is sent to it and its effect come
//!   from the same [`Switch`], so that none can drift from the others.
//! - Time passes in the simulator's clock; only latency and what the courier waits for are the machine's.
//! - The journal keeps no bodies and no tokens.
//! - Nothing here knows a vendor, and nothing here knows Syncline.

mod clock;
mod courier;
mod faults;
mod journal;
mod latency;
mod message;
mod model;
mod server;
mod shell;
mod switchboard;

pub use clock::SimClock;
pub use courier::{Courier, Delivery, DeliveryOutcome};
pub use faults::{Fault, FaultPlan, FaultRule};
pub use journal::{Entry, Journal};
pub use latency::{Latency, LatencyRule};
pub use message::{Reply, Request};
pub use model::{Context, Model};
pub use server::Simulator;
pub use shell::{Answer, Shell};
pub use switchboard::{Action, Body, Field, Form, Objection, Order, Reading, Switch};
