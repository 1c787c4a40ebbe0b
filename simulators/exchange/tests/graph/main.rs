//! Exchange Online as its clients see it, driven through `Model::handle`.

mod batch;
mod calendar;
mod calendars;
mod contacts;
mod delta;
mod desk;
mod listing;
mod mail;
mod mail_attachments;
mod mail_folders;
mod mail_search;
mod mail_sending;
mod mail_writing;
mod meetings;
mod outside;
mod people;
mod responses;
mod series;
mod series_delta;
mod series_meetings;
mod sign_in;
mod subscriptions;
mod switches;
mod throttling;
mod todo;
mod world;
