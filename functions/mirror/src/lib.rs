//! The mirror function. Carries a batch of jobs to the engine: one two-way session of events per job.
//!
//! Entry point: [`handle`].
//!
//! # Invariants
//! - A job is acknowledged when what became of it is kept: in the session's report, in the wish that a
//!   running session will see, or in the log if it can never be done.
//! - One bad job does not bring back the others of its batch.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use jiff::Timestamp;
use syncline_core::job::{Job, Stream};
use syncline_engine::mirror;
use syncline_runtime::House;
use syncline_runtime::sqs::{self, Unnamed, Worked};

/// Runs the sessions of a batch, all by the same deadline.
pub async fn handle(house: &House, event: &SqsEvent, deadline: Timestamp) -> Result<SqsBatchResponse, Unnamed> {
    sqs::lift(event, |job| async move {
        match job {
            Job::Session { user, stream: Stream::Mirror, trigger } => {
                // The engine reports what became of it; busy and not ready are answers too.
                mirror::run(&house.ports, &user, trigger, deadline).await?;
                Ok(Worked::Done)
            }
            other @ (Job::Session { .. } | Job::Resolve { .. }) => Ok(sqs::misrouted(&other)),
        }
    })
    .await
}
