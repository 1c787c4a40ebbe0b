//! The org as a client sees it: every test speaks HTTP to the model, without a network.

mod activities;
mod approval;
mod assertion;
mod composite;
mod entry;
mod errors;
mod fuzz;
mod many;
mod package;
mod push;
mod query;
mod replication;
mod rows;
mod rules;
mod schema;
mod search;
mod security;
mod sharing;
mod soap;
mod soql;
mod switches;
mod wire;
mod world;
