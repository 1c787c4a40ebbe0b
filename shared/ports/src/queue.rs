//! Jobs for later.

use std::time::Duration;

use async_trait::async_trait;
use syncline_core::job::Job;

use crate::error::PortError;

/// Where jobs are put. Each job goes to the queue of its function; resolve jobs to a FIFO group.
#[async_trait]
pub trait JobQueue: Send + Sync {
    /// Puts jobs on their queues, to be seen after `delay` (at most 15 minutes; FIFO queues ignore it).
    async fn send(&self, jobs: &[Job], delay: Duration) -> Result<(), PortError>;
}
