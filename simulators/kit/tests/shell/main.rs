//! The kit as a simulator's users see it: a shell without a network, and the network around it.

mod counter;
mod network;
mod overlap;
mod page;

mod switches;
