//! A simulator of Exchange Online as Microsoft Graph shows it: sign-in, calendar, mail, contacts,
//! delta queries, `$batch` and change notifications of one tenant.
//!
//! Entry point: [`Exchange`], the tenant as a state machine. Serve it with
//! [`sim_kit::Simulator::start`], or drive it with [`sim_kit::Model::handle`].
//!
//! # Invariants
//! - The state is plain data: [`Exchange::snapshot`] and [`Exchange::restore`] lose nothing.
//! - Time comes only from the context and ids only from a counter: the same calls make the same world.
//! - Every change of an item takes the next version of its mailbox, and no two changes share one. The
//!   change key, the delta tokens and their pages all rest on that number.
//! - A change and its notification happen in the same request; only the delivery comes later.
//! - Nothing a client sends makes the simulator panic.
//! - Absent on purpose: recurring events (refused, saying so), other calendars than the default one,
//!   and the delivery of invitations to other mailboxes. What Exchange would have mailed to attendees is
//!   recorded in [`Exchange::outbox`].

mod http;
mod model;
mod refusal;

pub use model::{
    DeliverError, Exchange, Invitation, LifecycleEvent, Limits, MailboxState, NoticeKind, PartFault, RestoreError,
    SeedError, SentNotice, Switches, WellKnown,
};
