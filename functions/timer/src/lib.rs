//! The timer function. Once a minute it has the engine wake the users who are due and renew what lapses.
//!
//! Entry point: [`handle`].
//!
//! # Invariants
//! - The event says nothing but that a minute has passed: a lost or doubled one does no harm.

use aws_lambda_events::eventbridge::EventBridgeEvent;
use jiff::Timestamp;
use syncline_engine::{EngineError, tick};
use syncline_runtime::House;

/// Wakes who is due. What is left at the deadline is due in the next minute too.
pub async fn handle(house: &House, _minute: &EventBridgeEvent, deadline: Timestamp) -> Result<(), EngineError> {
    tick::run(&house.ports, house.push.as_ref(), deadline).await?;
    Ok(())
}
