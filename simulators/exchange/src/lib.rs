//! A simulator of Exchange Online as Microsoft Graph shows it: sign-in, calendar, mail, contacts,
//! tasks, delta queries, `$batch` and change notifications of one tenant.
//!
//! Entry point: [`Exchange`], the tenant as a state machine. Serve it with
//! [`sim_kit::Simulator::start`], or drive it with [`sim_kit::Model::handle`].
//!
//! # Invariants
//! - The state is plain data: [`Exchange::snapshot`] and [`Exchange::restore`] lose nothing.
//! - Time comes only from the context and ids only from a counter: the same calls make the same world.
//! - Every change of an item takes the next version of its mailbox, and no two changes share one. The
//!   change key, the delta tokens and their pages all rest on that number.
//! - A change and its notification happen in the same request; only the delivery comes later. What is not
//!   delivered yet is part of the state and is tried again in simulated time, after a restore too.
//! - The keys that tokens and notifications are made with stand in the source: they hide nothing.
//! - Nothing a client sends makes the simulator panic.
//! - A mailbox is throttled as the service throttles it; every request to something in it counts, each part
//!   of a batch too. Only requests that take time ([`sim_kit::Latency`]) are ever at the same time.
//! - Everything that [`Switches`] holds can be worked under `/_sim` too, where `GET /_sim` describes it.
//! - A meeting and its attendees' copies share the iCalUId and nothing else: each copy is an item of its
//!   own mailbox, and every update, answer or cancellation that reaches it is a change there. What is
//!   mailed about meetings is recorded in [`Exchange::outbox`], to users and to people outside alike.
//! - Of a series only the master is stored. Occurrences are made when they are asked for, with ids that
//!   follow from the master and the date; the series and its occurrences change together.
//! - Mail that a user sends is delivered at once: into the inboxes of this tenant as its recipients get it
//!   (same Message-ID, no blind copies to be seen), and it is recorded in [`Exchange::sent_mail`].
//! - Absent on purpose: the mails about meetings as messages in the inbox, the tasks of flagged mails (their
//!   list stays empty), files of tasks that need an upload session, open extensions, pictures of users.

mod http;
mod model;
mod refusal;
mod switchboard;

pub use model::{
    Answer, DeliverError, Exchange, GrantHurdle, Invitation, LifecycleEvent, Limits, MailboxState, NoticeKind,
    PartFault, RestoreError, SeedError, SentMail, SentNotice, Switches, WellKnown,
};
