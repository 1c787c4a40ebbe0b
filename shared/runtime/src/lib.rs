//! What the six functions have in common: their settings, their logs, the one place where ports and
//! adapters are joined, and the way from an SQS batch to jobs.
//!
//! Entry points: [`House::start`] in a function's `main`, [`House::build`] elsewhere; [`sqs::lift`] for
//! batches.
//!
//! # Invariants
//! - This is the only crate that knows every adapter; the functions know none.
//! - The environment is read in one place, [`Config::from_env`]; what is missing or wrong is named in one
//!   line, without its value.
//! - The logs of other people's crates are never shown in more detail than warnings: they may hold content.
//! - Only what may succeed the next time goes back to a queue.

pub mod access;
pub mod clock;
pub mod config;
pub mod connector;
pub mod deadline;
pub mod house;
mod sealing;
pub mod sqs;
#[cfg(feature = "standin")]
pub mod standin;
pub mod telemetry;
pub mod vault;

pub use config::Config;
pub use house::House;
