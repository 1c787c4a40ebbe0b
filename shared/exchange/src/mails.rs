//! Mail.

use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::Method;
use syncline_core::cursor::{Page, Position};
use syncline_core::ids::RemoteId;
use syncline_core::mail::MailObservation;
use syncline_ports::{ErrorKind, Mails, PortError};

use crate::Exchange;
use crate::batch::Fetched;
use crate::client::{encoded, instant};
use crate::delta::{NAMELESS, Row};
use crate::failure::Purpose;
use crate::message::{self, SELECT};

/// Graph's well-known names of the folders that are read.
const FOLDERS: [&str; 2] = ["inbox", "sentitems"];
/// Rows of a page: two batches to read them in full.
const PAGE_ROWS: u32 = 40;

#[async_trait]
impl Mails for Exchange {
    fn collections(&self) -> &'static [&'static str] {
        &FOLDERS
    }

    async fn changes(
        &self,
        collection: &str,
        since: Timestamp,
        position: &Position,
    ) -> Result<Page<MailObservation>, PortError> {
        const OP: &str = "graph.messages_delta";
        // Rows of changed messages may hold only what changed, and none holds the headers: each is read in
        // full, so the rows themselves are kept small.
        let filter = format!("receivedDateTime ge {}", instant(since));
        let folder = encoded(collection);
        let filter = encoded(&filter);
        let start = format!("/me/mailFolders/{folder}/messages/delta?$select=receivedDateTime&$filter={filter}");
        let listing = self.client.listing(OP, &start, position, PAGE_ROWS).await?;
        let rows = listing.rows();
        let there: Vec<String> = rows
            .iter()
            .filter_map(|row| match row {
                Row::There(id, _) => Some(path(id)),
                Row::Removed(_) | Row::Nameless(_) => None,
            })
            .collect();
        let mut fetched = self.client.fetch("graph.read_messages", &there).await?.into_iter();
        let items = rows.into_iter().filter_map(|row| match row {
            Row::Removed(id) => Some(MailObservation::Gone { id }),
            Row::Nameless(id) => Some(MailObservation::Unreadable { id, problem: NAMELESS.to_owned() }),
            Row::There(id, _) => fetched.next().map(|fetched| match fetched {
                Fetched::Item(value) => message::observed(&id, &value),
                Fetched::Gone => MailObservation::Gone { id },
                Fetched::Refused(problem) => MailObservation::Unreadable { id, problem },
            }),
        });
        Ok(Page { items: items.collect(), next: listing.next.clone() })
    }

    async fn read(&self, id: &RemoteId) -> Result<MailObservation, PortError> {
        match self.client.send("graph.read_message", Purpose::Read, Method::GET, &path(id), None).await {
            Ok(value) => Ok(message::observed(id, &value)),
            Err(error) if error.kind == ErrorKind::Gone => Ok(MailObservation::Gone { id: id.clone() }),
            Err(error) => Err(error),
        }
    }
}

fn path(id: &RemoteId) -> String {
    format!("/me/messages/{}?{SELECT}", encoded(id.as_str()))
}
