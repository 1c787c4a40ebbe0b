//! What a vendor's simulator is to the shell.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::courier::Courier;
use crate::message::{Reply, Request};
use crate::switchboard::Switch;

/// A vendor's service as a pure state machine.
pub trait Model: Send + 'static {
    /// Answers one request. Never panics on what a client sent.
    fn handle(&mut self, request: &Request, context: &Context<'_>) -> Reply;

    /// How this vendor says "too many requests".
    fn throttled(&self, retry_after: u32, context: &Context<'_>) -> Reply;

    /// How this vendor says that it failed itself, with a 5xx (or any other) status.
    fn failing(&self, status: u16, context: &Context<'_>) -> Reply;

    /// Does what has become due without a request: what was held back leaves, what has lapsed goes.
    ///
    /// Called now and then while the simulator runs, and at once when a switch was worked. Where nothing
    /// is due it changes nothing.
    fn wake(&mut self, _context: &Context<'_>) {}

    /// What the request uses while it is in progress: names of the model's own (a mailbox, an
    /// application), and how much of each. The others' use is then told in [`Request::alongside`].
    fn occupies(&self, _request: &Request, _context: &Context<'_>) -> BTreeMap<String, u32> {
        BTreeMap::new()
    }

    /// The vendor's own switches below `/_sim`. A name of the kit's own is never reached.
    fn switches() -> &'static [Switch<Self>]
    where
        Self: Sized,
    {
        &[]
    }
}

/// What a model may know besides its own state.
#[derive(Debug)]
pub struct Context<'a> {
    /// The simulator's time, the same for the whole request.
    pub now: Timestamp,
    /// For what leaves the simulator.
    pub courier: &'a Courier,
}
