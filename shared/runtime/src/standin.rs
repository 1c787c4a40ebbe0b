//! Stand-ins for tests that start the real binaries: the Lambda Runtime API around a process, and DynamoDB
//! and SQS for it to talk to.
//!
//! Entry points: [`LocalAws::start`], then [`Function::start`] and [`Function::invoke`]. Everything here
//! panics when it does not work: it is a part of tests.

mod aws;
mod function;

pub use aws::{LocalAws, TABLE, sha256_hex};
pub use function::{Function, http_event, sqs_event};
