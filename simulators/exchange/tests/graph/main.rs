//! Exchange Online as its clients see it, driven through `Model::handle`.

mod batch;
mod calendar;
mod delta;
mod desk;
mod listing;
mod mail;
mod meetings;
mod responses;
mod series;
mod sign_in;
mod subscriptions;
mod world;
