//! What the users of one org have in common.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::budget::Budget;
use crate::shape::Shapes;

/// What is known of an org, by whichever of its users found it out: how its objects are made, and how much
/// of its allowance of requests is used. One value is shared by all adapters of the org.
#[derive(Debug, Default)]
pub struct Org {
    shapes: Shapes,
    budget: Mutex<Budget>,
}

impl Org {
    /// An org of which nothing is known yet.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn shapes(&self) -> &Shapes {
        &self.shapes
    }

    pub(crate) fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
