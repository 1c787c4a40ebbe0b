//! What the tests of the whole house stand on: a [`World`] with a held clock, and ports that fail on
//! order.
//!
//! Entry points: [`World::start`], and [`Scene::begin`] for one whose story is written down. The tests
//! themselves are beside this folder: `scenarios/` tells what happens and keeps it as transcripts,
//! `crashes/` breaks every write path at every port call.
//!
//! # Invariants
//! - Nothing here sleeps for a fixed time: the clock is moved by hand, and what comes over the network is
//!   waited for by looking at its effect.
//! - A world that ends with a job, an intent or a lease left over fails its test.

pub mod crashing;
pub mod transcript;
pub mod world;

pub use transcript::Scene;
pub use world::World;
