//! What happens between Outlook, Gmail and Salesforce, told as transcripts. Each scenario runs the whole
//! house with a held clock; its snapshot is read by people, so a change of it is a change of behaviour.

mod deletes;
mod edits;
mod first_session;
mod ingest;
mod insta_sync;
mod meetings;
mod resolve;
mod steadiness;
mod timer;
mod times;
mod trouble;
