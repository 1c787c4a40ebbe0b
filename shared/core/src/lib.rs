//! The pure heart of Syncline: what the two sides hold, and what to do about it.
//!
//! Entry points: [`pair::join`] makes [`pair::PairState`]s out of what was observed and what is linked,
//! [`plan::plan`] turns each into an [`plan::Action`] with its [`reason::Reason`], [`guard`] looks at
//! the whole plan; [`mail::judge`] and [`resolve`] decide about e-mail and strangers.
//!
//! # Invariants
//! - No IO, no clock, no randomness, no environment, no async: time and keys are passed in. So nothing
//!   here can fail; decisions are returned as values.
//! - Planning is total: no wildcard arm over our own enums, a reason for each decision.
//! - Two values are the same if their *shared form* is the same ([`fingerprint`]): what one side cannot
//!   express is never written back over what the other holds (D-12).
//! - All-day is a pair of dates and never becomes an instant (D-16).

pub mod contact;
pub mod cursor;
pub mod fingerprint;
pub mod freemail;
pub mod guard;
pub mod history;
pub mod ids;
pub mod item;
pub mod job;
pub mod link;
pub mod mail;
pub mod merge;
pub mod observation;
pub mod org;
pub mod pair;
pub mod plan;
pub mod policy;
pub mod reason;
pub mod recurrence;
pub mod report;
pub mod resolve;
pub mod retry;
pub mod schedule;
pub mod task;
#[cfg(test)]
mod testing;
pub mod time;
