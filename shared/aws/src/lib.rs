//! State on DynamoDB, jobs on SQS, keys in KMS.
//!
//! Entry points: [`DynamoStore`] is the [`StateStore`](syncline_ports::StateStore), [`SqsQueue`] the
//! [`JobQueue`](syncline_ports::JobQueue), [`Sealer`] the [`Secrets`](syncline_ports::Secrets),
//! [`OsEntropy`] the [`Entropy`](syncline_ports::Entropy); [`clients`] makes the SDK clients they take.
//!
//! # Invariants
//! - One table, never scanned. The keys of its rows are made in `keys.rs` and nowhere else, their
//!   attributes in `rows.rs`.
//! - Times in rows are RFC 3339 in UTC with nine digits of a second, so that text order is time order.
//! - Every write may be sent twice: it is a plain replacement, or its condition knows its own first
//!   attempt by a nonce. So a write whose answer is lost is `Transient`, never `Unknown`: do it again.
//! - What a lease covers is written in one transaction with a check of the stream's fencing number.
//! - Earlier values, grants and strangers' addresses reach the table sealed or not at all; message ids
//!   only as hashes.
//! - A queue never swallows a job: each has its own deduplication id.

pub mod clients;
mod entropy;
mod fault;
mod keys;
mod queue;
mod rows;
mod sealer;
mod store;
mod table;

pub use entropy::OsEntropy;
pub use queue::{QueueUrls, SqsQueue};
pub use sealer::Sealer;
pub use store::{DynamoStore, create_table};
