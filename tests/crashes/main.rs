//! Nothing lost, nothing doubled: every write path run twice, killed at each call of a port, held up at
//! each while others go on, and with each call and each request failing, before or after its effect.
//! Afterwards the world must be as if nothing had happened, and stay so.

mod arrival;
mod endurance;
mod events_down;
mod events_up;
mod frame;
mod mail;
mod one_at_a_time;
mod picture;
mod strangers;
mod timer;
mod verdict;
