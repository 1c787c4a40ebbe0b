//! The resolve function. Carries a batch of jobs to the engine: each makes records for the strangers of
//! one domain and links what waits for them.
//!
//! Entry point: [`handle`].
//!
//! # Invariants
//! - A job is acknowledged when what became of it is kept in the strangers' rows, or in the log if it can
//!   never be done.
//! - One creator per org and domain at a time (D-31) is the engine's doing, not the queue's.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use jiff::Timestamp;
use syncline_core::job::Job;
use syncline_engine::resolve::{self, Resolved};
use syncline_runtime::House;
use syncline_runtime::sqs::{self, Unnamed, Worked};

/// Resolves the domains of a batch, all by the same deadline.
pub async fn handle(house: &House, event: &SqsEvent, deadline: Timestamp) -> Result<SqsBatchResponse, Unnamed> {
    sqs::lift(event, |job| async move {
        match job {
            Job::Resolve { org, domain } => match resolve::run(&house.ports, &org, &domain, deadline).await? {
                Resolved::Done { .. } => Ok(Worked::Done),
                Resolved::Busy | Resolved::ToBeContinued => Ok(Worked::Again),
            },
            other @ Job::Session { .. } => Ok(sqs::misrouted(&other)),
        }
    })
    .await
}
