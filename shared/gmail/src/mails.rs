//! The mail of the mailbox: listed once, then followed by its history.

use std::collections::BTreeSet;

use async_trait::async_trait;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use syncline_core::cursor::{Next, Page, Position};
use syncline_core::ids::RemoteId;
use syncline_core::mail::MailObservation;
use syncline_ports::{ErrorKind, Mails, PortError};

use crate::Gmail;
use crate::body::large_parts;
use crate::failure::garbled;
use crate::message::{is_left_out, observed};
use crate::round::Round;
use crate::wire::{Changes, Listing, Message, Profile};

/// How many messages, or history records, make a page. Each message costs 20 quota units to read, and a
/// user has 6,000 a minute (<https://developers.google.com/workspace/gmail/api/reference/quota>).
pub const PAGE: u8 = 50;
/// How many messages are read at once. Google counts concurrent requests per user and refuses more than
/// a handful; parts of a batch count like requests, so a batch would gain nothing.
pub const PARALLEL_READS: usize = 5;

const COLLECTIONS: [&str; 1] = ["mail"];
const LIST: &str = "gmail.messages.list";
const GET: &str = "gmail.messages.get";
const ATTACHMENT: &str = "gmail.attachments.get";
const HISTORY: &str = "gmail.history.list";
const PROFILE: &str = "gmail.profile";

#[async_trait]
impl Mails for Gmail {
    fn collections(&self) -> &'static [&'static str] {
        &COLLECTIONS
    }

    async fn changes(
        &self,
        collection: &str,
        since: Timestamp,
        position: &Position,
    ) -> Result<Page<MailObservation>, PortError> {
        if !COLLECTIONS.contains(&collection) {
            return Err(PortError::new(ErrorKind::Rejected, LIST).code("unknownCollection"));
        }
        let round = match position {
            Position::Start => self.begin(since).await?,
            Position::Page(token) => {
                Round::from_token(token).ok_or_else(|| PortError::new(ErrorKind::CursorExpired, LIST))?
            }
            Position::Delta(history) => Round::Changes { since: history.clone(), until: None, page: None },
        };
        let (ids, next) = match round {
            Round::Listing { history, after, page } => self.listing(history, after, page).await?,
            Round::Changes { since, until, page } => self.history(since, until, page).await?,
        };
        Ok(Page { items: self.observe_all(ids).await?, next })
    }

    async fn read(&self, id: &RemoteId) -> Result<MailObservation, PortError> {
        let seen = self.observe(id.clone()).await?;
        // What lies in the bin has left the collection.
        Ok(seen.unwrap_or_else(|| MailObservation::Gone { id: id.clone() }))
    }
}

impl Gmail {
    async fn begin(&self, since: Timestamp) -> Result<Round, PortError> {
        let profile: Profile = decoded(PROFILE, &self.client.get(PROFILE, &["profile"], &[]).await?)?;
        // One second early: whether `after:` holds the second it names is not documented.
        let after = since.as_second().saturating_sub(1).max(0);
        Ok(Round::Listing { history: profile.history_id, after, page: None })
    }

    async fn listing(
        &self,
        history: String,
        after: i64,
        page: Option<String>,
    ) -> Result<(Vec<RemoteId>, Next), PortError> {
        let (query, size) = (format!("after:{after}"), PAGE.to_string());
        let mut parameters = vec![("q", query.as_str()), ("maxResults", &size)];
        parameters.extend(page.as_deref().map(|page| ("pageToken", page)));
        let answer = self.client.get(LIST, &["messages"], &parameters).await;
        let answer = answer.map_err(|error| if page.is_some() { expired(error, LIST) } else { error })?;
        let answer: Listing = decoded(LIST, &answer)?;
        let next = match following(answer.next_page_token) {
            Some(page) => Next::Page(Round::Listing { history, after, page: Some(page) }.token()),
            None => Next::Done(history),
        };
        Ok((distinct(answer.messages.iter()), next))
    }

    async fn history(
        &self,
        since: String,
        until: Option<String>,
        page: Option<String>,
    ) -> Result<(Vec<RemoteId>, Next), PortError> {
        let size = PAGE.to_string();
        let mut parameters = vec![
            ("startHistoryId", since.as_str()),
            ("historyTypes", "messageAdded"),
            ("historyTypes", "labelAdded"),
            ("maxResults", &size),
        ];
        parameters.extend(page.as_deref().map(|page| ("pageToken", page)));
        let answer = self.client.get(HISTORY, &["history"], &parameters).await;
        let answer: Changes = decoded(HISTORY, &answer.map_err(|error| expired(error, HISTORY))?)?;
        let messages = answer.history.iter().flat_map(|record| {
            let rows = ["messagesAdded", "labelsAdded"].into_iter().filter_map(|key| record[key].as_array());
            rows.flatten().map(|row| &row["message"])
        });
        let ids = distinct(messages);
        let until = until.unwrap_or(answer.history_id);
        let next = match following(answer.next_page_token) {
            Some(page) => Next::Page(Round::Changes { since, until: Some(until), page: Some(page) }.token()),
            None => Next::Done(until),
        };
        Ok((ids, next))
    }

    async fn observe_all(&self, ids: Vec<RemoteId>) -> Result<Vec<MailObservation>, PortError> {
        let reads = stream::iter(ids).map(|id| self.observe(id)).buffered(PARALLEL_READS);
        reads.try_filter_map(|seen| async move { Ok(seen) }).try_collect().await
    }

    /// The message as it is now; `None` if it is of a kind that is left out.
    async fn observe(&self, id: RemoteId) -> Result<Option<MailObservation>, PortError> {
        match self.message(&id).await {
            Ok(Ok(message)) => Ok((!is_left_out(&message)).then(|| observed(id, &message))),
            Ok(Err(problem)) => Ok(Some(MailObservation::Unreadable { id, problem })),
            // What the sign-in says is not said of the message.
            Err(error) => match (error.op, error.kind) {
                (GET | ATTACHMENT, ErrorKind::Gone) => Ok(Some(MailObservation::Gone { id })),
                (GET | ATTACHMENT, ErrorKind::Rejected) => {
                    Ok(Some(MailObservation::Unreadable { id, problem: error.to_string() }))
                }
                _ => Err(error),
            },
        }
    }

    /// The message with the large text parts that Gmail leaves out of it, or what is wrong with it.
    async fn message(&self, id: &RemoteId) -> Result<Result<Message, String>, PortError> {
        let answer = self.client.get(GET, &["messages", id.as_str()], &[("format", "full")]).await?;
        let mut message: Message = match serde_json::from_slice(&answer) {
            Ok(message) => message,
            // The error's own text may quote the message.
            Err(error) => return Ok(Err(format!("{GET}: not as documented at column {}", error.column()))),
        };
        if !is_left_out(&message) {
            for body in large_parts(&mut message.payload) {
                let part = body.attachment_id.clone().unwrap_or_default();
                let path = ["messages", id.as_str(), "attachments", &part];
                let answer = self.client.get(ATTACHMENT, &path, &[]).await?;
                *body = decoded(ATTACHMENT, &answer)?;
            }
        }
        Ok(Ok(message))
    }
}

fn decoded<T: DeserializeOwned>(op: &'static str, body: &[u8]) -> Result<T, PortError> {
    serde_json::from_slice(body).map_err(|_| garbled(op))
}

/// Of a request that rests on a cursor, "not there" and "makes no sense" are said of the cursor; not so
/// if it was the sign-in that failed.
fn expired(mut error: PortError, op: &str) -> PortError {
    if error.op == op && matches!(error.kind, ErrorKind::Gone | ErrorKind::Rejected) {
        error.kind = ErrorKind::CursorExpired;
    }
    error
}

fn following(token: Option<String>) -> Option<String> {
    token.filter(|token| !token.is_empty())
}

/// The ids of these message rows, each once, in their order. A row without an id names nothing that
/// could be read.
fn distinct<'a>(rows: impl Iterator<Item = &'a Value>) -> Vec<RemoteId> {
    let mut seen = BTreeSet::new();
    let ids = rows.filter_map(|row| row["id"].as_str()).filter(|id| !id.is_empty());
    ids.filter(|id| seen.insert(*id)).map(RemoteId::new).collect()
}
