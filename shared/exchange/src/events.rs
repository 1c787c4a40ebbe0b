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
use crate::batch::{BATCH_LIMIT, Part, PartAnswer};
use crate::client::{encoded, instant};
use crate::delta::{NAMELESS, Row};
use crate::event::{self, KEY_PROPERTY};
use crate::failure::Purpose;
use crate::row;

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
        let parts = self.parts_of(&rows).await?;
        let items = rows.into_iter().map(|row| match row {
            Row::Removed(id) => Observation::Gone { id },
            Row::There(id, value) => parts.observed(&id, Some(value), &self.owner),
            Row::Nameless(id) => Observation::Unreadable { id, problem: NAMELESS.to_owned() },
        });
        Ok(Page { items: items.collect(), next: listing.next.clone() })
    }

    async fn read(&self, ids: &[RemoteId]) -> Result<Vec<Observation>, PortError> {
        let parts = self.parts(ids.iter().map(|id| id.as_str().to_owned()).collect()).await?;
        Ok(ids.iter().map(|id| parts.observed(id, None, &self.owner)).collect())
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
        let mut outcomes = Vec::with_capacity(writes.len());
        // What is not sent at all can be sent later.
        let mut unsent = Outcome::Later { after: None, code: String::new() };
        for chunk in writes.chunks(BATCH_LIMIT) {
            let parts: Vec<Part> = chunk.iter().map(|write| part(&self.calendar, write)).collect();
            match self.client.batch("graph.write_events", Purpose::Write, &parts).await {
                Ok(answers) => outcomes.extend(chunk.iter().zip(answers).map(|(write, answer)| outcome(write, answer))),
                Err(error) if error.kind == ErrorKind::Unknown => {
                    outcomes.extend(std::iter::repeat_n(Outcome::Unknown, chunk.len()));
                    break;
                }
                Err(error) if outcomes.is_empty() => return Err(error),
                Err(error) => {
                    let after = if let ErrorKind::Throttled { after } = error.kind { Some(after) } else { None };
                    unsent = Outcome::Later { after, code: error.code };
                    break;
                }
            }
        }
        outcomes.resize(writes.len(), unsent);
        Ok(outcomes)
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

/// What became of one write.
fn outcome(write: &EventWrite, answer: PartAnswer) -> Outcome {
    let refusal = match (write, answer) {
        (EventWrite::Delete { id, expected }, Ok(_)) => {
            return Outcome::Done(Written { id: id.clone(), version: expected.clone() });
        }
        // Done, but without id and version nobody can say what: so look.
        (EventWrite::Create { .. } | EventWrite::Update { .. }, Ok(body)) => {
            return written(&body).map_or(Outcome::Unknown, Outcome::Done);
        }
        (_, Err(refusal)) => refusal,
    };
    match refusal.kind(Purpose::Write) {
        ErrorKind::Throttled { after } => Outcome::Later { after: Some(after), code: refusal.name() },
        ErrorKind::Transient | ErrorKind::AuthRevoked => Outcome::Later { after: None, code: refusal.name() },
        ErrorKind::Conflict => Outcome::Stale,
        ErrorKind::Gone => Outcome::Gone,
        ErrorKind::Forbidden | ErrorKind::Rejected | ErrorKind::CursorExpired => {
            Outcome::Rejected { code: refusal.name() }
        }
        ErrorKind::Unknown => Outcome::Unknown,
    }
}

fn written(body: &Value) -> Option<Written> {
    let row = row::Row::of(body).ok()?;
    let id = row.text("id").ok()??;
    Some(Written { id: RemoteId::new(id), version: event::version(row).ok()? })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use syncline_core::ids::Version;

    use super::*;
    use crate::failure::Refusal;

    #[test]
    fn each_answer_to_a_write_is_an_outcome() {
        let delete = EventWrite::Delete { id: RemoteId::new("e/1="), expected: Version::new("W/\"1\"") };
        let refused = |status, code: &str| {
            let wait = (status == 429).then_some(Duration::from_secs(3));
            Err(Refusal::new(status, wait, &json!({"error": {"code": code}})))
        };
        let later = |after: Option<u64>, code: &str| Outcome::Later {
            after: after.map(Duration::from_secs),
            code: code.into(),
        };
        let rejected = |code: &str| Outcome::Rejected { code: code.into() };
        for (status, code, expected) in [
            (429, "ApplicationThrottled", later(Some(3), "ApplicationThrottled")),
            (401, "InvalidAuthenticationToken", later(None, "InvalidAuthenticationToken")),
            (412, "ErrorIrresolvableConflict", Outcome::Stale),
            (409, "ErrorIrresolvableConflict", Outcome::Stale),
            (404, "ErrorItemNotFound", Outcome::Gone),
            (400, "ErrorInvalidRequest", rejected("ErrorInvalidRequest")),
            (403, "ErrorAccessDenied", rejected("ErrorAccessDenied")),
            (413, "", rejected("413")),
            (500, "", Outcome::Unknown),
            (503, "serviceNotAvailable", Outcome::Unknown),
            (504, "", Outcome::Unknown),
        ] {
            assert_eq!(outcome(&delete, refused(status, code)), expected, "{status} {code}");
        }
        let done = Outcome::Done(Written { id: RemoteId::new("e/1="), version: Version::new("W/\"1\"") });
        assert_eq!(outcome(&delete, Ok(Value::Null)), done);
        assert_eq!(part("/me", &delete).path, "/me/events/e%2F1%3D");
        assert_eq!(part("/me", &delete).if_match.as_deref(), Some("W/\"1\""));
    }

    #[test]
    fn a_create_that_does_not_say_what_it_made_is_unknown() {
        let event = event::seen(
            &json!({"id": "e", "@odata.etag": "1", "createdDateTime": "2031-01-01T00:00:00Z", "lastModifiedDateTime": "2031-01-01T00:00:00Z",
                "start": {"dateTime": "2031-01-01T00:00:00"}, "end": {"dateTime": "2031-01-01T00:00:00"}}),
            &event::Owner { address: String::new(), category: String::new() },
        );
        let create = EventWrite::Create { key: SyncKey::from_text("k"), item: event.unwrap().event };
        assert_eq!(outcome(&create, Ok(json!({"id": "e"}))), Outcome::Unknown);
        let done = Outcome::Done(Written { id: RemoteId::new("e"), version: Version::new("W/\"2\"") });
        assert_eq!(outcome(&create, Ok(json!({"id": "e", "changeKey": "2"}))), done);
    }

    #[test]
    fn a_key_cannot_break_out_of_its_query() {
        let path = search("/me", &SyncKey::from_text("a' or 'b&c"));
        assert!(path.contains("%27a%27%27%20or%20%27%27b%26c%27"), "{path}");
    }
}
