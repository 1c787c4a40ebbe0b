//! The calendar.

use async_trait::async_trait;
use reqwest::Method;
use serde_json::Value;
use syncline_core::cursor::{Page, Position};
use syncline_core::ids::{RemoteId, SyncKey};
use syncline_core::observation::{EventSeen, Observation, Series};
use syncline_core::time::Window;
use syncline_ports::{ErrorKind, EventWrite, Events, Outcome, PortError, Written};

use crate::Exchange;
use crate::batch::{BATCH_LIMIT, Part};
use crate::client::{encoded, instant};
use crate::delta::{NAMELESS, Row};
use crate::event::{self, KEY_PROPERTY};
use crate::failure::Purpose;
use crate::row;
use crate::writes::Progress;

/// Rows of a page of the calendar view: five batches to read them in full.
const PAGE_ROWS: u32 = 100;
/// The properties that are read of an event.
const SELECT: &str = "$select=id,changeKey,createdDateTime,lastModifiedDateTime,categories,iCalUId,\
                      reminderMinutesBeforeStart,isReminderOn,subject,body,location,start,end,isAllDay,showAs,\
                      sensitivity,isCancelled,isOrganizer,isDraft,organizer,attendees,responseStatus,type,\
                      seriesMasterId,recurrence,originalStart";
/// Events that may carry one key: the one we made and copies that people made of it.
const FIND_LIMIT: u32 = 50;

#[async_trait]
impl Events for Exchange {
    async fn changes(&self, window: &Window, position: &Position) -> Result<Page<Observation>, PortError> {
        const OP: &str = "graph.calendar_view_delta";
        let from = encoded_instant(window.from);
        let until = encoded_instant(window.until);
        let calendar = &self.calendar;
        let start = format!("{calendar}/calendarView/delta?startDateTime={from}&endDateTime={until}");
        let listing = self.client.listing(OP, &start, position, PAGE_ROWS).await?;
        let rows = listing.rows();
        let whole = self.whole_of(&rows).await?;
        let items = rows.into_iter().map(|row| match row {
            Row::Removed(id) => Observation::Gone { id },
            Row::There(id, value) => whole.observed(&id, Some(value), &self.owner),
            Row::Nameless(id) => Observation::Unreadable { id, problem: NAMELESS.to_owned() },
        });
        Ok(Page { items: items.collect(), next: listing.next.clone() })
    }

    async fn read(&self, ids: &[RemoteId]) -> Result<Vec<Observation>, PortError> {
        let whole = self.whole(ids.iter().map(|id| id.as_str().to_owned()).collect()).await?;
        Ok(ids.iter().map(|id| whole.observed(id, None, &self.owner)).collect())
    }

    async fn series(&self, masters: &[RemoteId], window: &Window) -> Result<Vec<Observation<Series>>, PortError> {
        self.whole_series(masters, window).await
    }

    async fn find(&self, keys: &[SyncKey]) -> Result<Vec<EventSeen>, PortError> {
        const OP: &str = "graph.find_events";
        let mut found = Vec::new();
        for chunk in keys.chunks(BATCH_LIMIT) {
            let parts: Vec<Part> = chunk.iter().map(|key| Part::get(search(&self.calendar, key))).collect();
            for answer in self.client.batch(OP, Purpose::Read, &parts).await? {
                // Without an answer nobody knows whether there is one: the whole call fails.
                let list = answer.map_err(|part| part.into_error(Purpose::Read, OP))?;
                let rows = list.get("value").and_then(Value::as_array);
                let Some(rows) = rows else {
                    return Err(PortError::new(ErrorKind::Transient, OP).because("the answer has no list of rows"));
                };
                for row in rows {
                    match event::seen(row, &self.owner) {
                        Ok(seen) => found.push(seen),
                        // Making it again answers with this one, by its transactionId: no double comes of it.
                        Err(row::Problem(problem)) => {
                            tracing::warn!(op = OP, problem, "unreadable");
                        }
                    }
                }
            }
        }
        Ok(found)
    }

    async fn write(&self, writes: &[EventWrite]) -> Result<Vec<Outcome>, PortError> {
        const OP: &str = "graph.write_events";
        let mut progress = Progress::of(writes.len());
        for chunk in writes.chunks(BATCH_LIMIT) {
            let prepared = chunk.iter().map(|write| Ok(part(&self.calendar, write))).collect();
            let step = self.client.carry_out(OP, chunk, prepared, |_, body| written(body)).await;
            if !progress.note(chunk.len(), step)? {
                break;
            }
        }
        Ok(progress.finish())
    }
}

fn path(id: &RemoteId) -> String {
    format!("/me/events/{}", encoded(id.as_str()))
}

/// What is asked of an event. `originalStart` is shown only where it is named, and so is our own property.
pub(crate) fn shape() -> String {
    let property = format!("singleValueExtendedProperties($filter=id eq '{KEY_PROPERTY}')");
    format!("{SELECT}&$expand={}", encoded(&property))
}

fn search(calendar: &str, key: &SyncKey) -> String {
    let key = key.as_str().replace('\'', "''");
    let filter = format!("singleValueExtendedProperties/Any(ep: ep/id eq '{KEY_PROPERTY}' and ep/value eq '{key}')");
    format!("{calendar}/events?$filter={}&{}&$top={FIND_LIMIT}", encoded(&filter), shape())
}

pub(crate) fn encoded_instant(at: jiff::Timestamp) -> String {
    encoded(&instant(at)).to_string()
}

fn part(calendar: &str, write: &EventWrite) -> Part {
    match write {
        EventWrite::Create { key, item } => Part {
            method: Method::POST,
            path: format!("{calendar}/events"),
            if_match: None,
            body: Some(event::create_body(key, item)),
        },
        EventWrite::Update { id, expected, patch } => Part {
            method: Method::PATCH,
            path: path(id),
            if_match: Some(expected.as_str().to_owned()),
            body: Some(event::patch_body(patch)),
        },
        EventWrite::Delete { id, expected } => {
            Part { method: Method::DELETE, path: path(id), if_match: Some(expected.as_str().to_owned()), body: None }
        }
    }
}

fn written(body: &Value) -> Option<Written> {
    let row = row::Row::of(body).ok()?;
    let id = row.text("id").ok()??;
    Some(Written { id: RemoteId::new(id), version: event::version(row).ok()?, losses: Vec::new() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use syncline_core::ids::Version;

    use super::*;

    #[test]
    fn a_write_goes_to_its_event_with_the_version_expected() {
        let delete = EventWrite::Delete { id: RemoteId::new("e/1="), expected: Version::new("W/\"1\"") };
        let part = part("/me/calendars/c", &delete);
        assert_eq!(part.path, "/me/events/e%2F1%3D", "an id says by itself where the event is");
        assert_eq!(part.if_match.as_deref(), Some("W/\"1\""));
    }

    #[test]
    fn what_was_written_says_its_id_and_version_or_nobody_knows() {
        assert_eq!(written(&json!({"id": "e"})), None);
        assert_eq!(written(&json!({"@odata.etag": "W/\"2\""})), None);
        let done = Written { id: RemoteId::new("e"), version: Version::new("W/\"2\""), losses: Vec::new() };
        assert_eq!(written(&json!({"id": "e", "changeKey": "2"})), Some(done));
    }

    #[test]
    fn a_key_cannot_break_out_of_its_query() {
        let path = search("/me", &SyncKey::from_text("a' or 'b&c"));
        assert!(path.contains("%27a%27%27%20or%20%27%27b%26c%27"), "{path}");
    }
}
