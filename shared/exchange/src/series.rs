//! Events that repeat: a date of a series is shown with what it shares with its master.
//!
//! A delta shows hardly more of a date than when it is, so the rest is taken from the master, which is read
//! once for all its dates on a page. A changed date is an item of its own and is read in full; its master is
//! needed all the same, for the iCalendar UID that all attendees share.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use syncline_core::ids::RemoteId;
use syncline_core::observation::{EventSeen, Observation, Origin, Recurrence, Series};
use syncline_core::time::{EventTime, Window};
use syncline_ports::PortError;
use url::Url;

use crate::Exchange;
use crate::batch::Fetched;
use crate::client::encoded;
use crate::delta::{self, Row as Listed};
use crate::event::{self, Owner};
use crate::events::{encoded_instant, shape};
use crate::recurrence::Repetition;
use crate::row::{Problem, Row};

/// Pages of dates of one series; a daily one has five in the widest usual window.
pub const SERIES_PAGES: usize = 50;
/// Dates on a page.
const PAGE_DATES: u32 = 100;

/// Events that were read in full, by id: those asked for, and the masters of the dates among them.
pub(crate) struct Whole(BTreeMap<String, Fetched>);

impl Exchange {
    /// What has to be read in full to understand these rows.
    pub(crate) async fn whole_of(&self, rows: &[Listed<'_>]) -> Result<Whole, PortError> {
        let needed = rows.iter().filter_map(|row| match row {
            Listed::There(id, value) => Some(match master_of(value) {
                // Of a date as the pattern has it the master says everything.
                Some(master) if is_plain_date(value) => master,
                Some(_) | None => id.as_str().to_owned(),
            }),
            Listed::Removed(_) | Listed::Nameless(_) => None,
        });
        self.whole(needed.collect()).await
    }

    pub(crate) async fn whole(&self, ids: BTreeSet<String>) -> Result<Whole, PortError> {
        let mut whole = BTreeMap::new();
        self.read_into(&mut whole, ids).await?;
        let masters = whole.values().filter_map(|part| match part {
            Fetched::Item(value) => master_of(value),
            Fetched::Gone | Fetched::Refused(_) => None,
        });
        let missing = masters.filter(|master| !whole.contains_key(master)).collect();
        self.read_into(&mut whole, missing).await?;
        Ok(Whole(whole))
    }

    async fn read_into(&self, whole: &mut BTreeMap<String, Fetched>, ids: BTreeSet<String>) -> Result<(), PortError> {
        let paths: Vec<String> = ids.iter().map(|id| format!("/me/events/{}?{}", encoded(id), shape())).collect();
        let fetched = self.client.fetch("graph.read_events", &paths).await?;
        whole.extend(ids.into_iter().zip(fetched));
        Ok(())
    }

    /// Each series with its dates in the window, all that are still open read in one batch per page.
    pub(crate) async fn whole_series(
        &self,
        masters: &[RemoteId],
        window: &Window,
    ) -> Result<Vec<Observation<Series>>, PortError> {
        let whole = self.whole(masters.iter().map(|id| id.as_str().to_owned()).collect()).await?;
        let (from, until) = (encoded_instant(window.from), encoded_instant(window.until));
        let first = |id: &RemoteId| {
            let id = encoded(id.as_str());
            format!("/me/events/{id}/instances?startDateTime={from}&endDateTime={until}&$top={PAGE_DATES}&{}", shape())
        };
        let mut listings: Vec<Dates> = masters
            .iter()
            .map(|id| match whole.master(id) {
                // What does not repeat has no dates, and Exchange refuses to list any.
                Ok(master) if !is_master(master) => Dates::Failed(Unusable::Gone),
                Ok(_) => Dates::Open { next: first(id), rows: Vec::new() },
                Err(unusable) => Dates::Failed(unusable),
            })
            .collect();
        for _ in 0..SERIES_PAGES {
            let open: Vec<usize> =
                listings.iter().enumerate().filter(|(_, dates)| dates.next().is_some()).map(|(at, _)| at).collect();
            let paths: Vec<String> = open.iter().filter_map(|at| listings[*at].next().map(str::to_owned)).collect();
            if paths.is_empty() {
                break;
            }
            let fetched = self.client.fetch("graph.read_instances", &paths).await?;
            for (at, page) in open.into_iter().zip(fetched) {
                listings[at].take(page, &self.client.url(""));
            }
        }
        let series = masters.iter().zip(listings).map(|(id, dates)| whole.series(id, dates, &self.owner));
        Ok(series.collect())
    }
}

/// Why there is no series to show.
enum Unusable {
    Gone,
    Problem(String),
}

/// How far the dates of a series are listed.
enum Dates {
    /// There is more, at this path.
    Open {
        next: String,
        rows: Vec<Value>,
    },
    Complete(Vec<Value>),
    Failed(Unusable),
}

impl Dates {
    fn next(&self) -> Option<&str> {
        match self {
            Self::Open { next, .. } => Some(next),
            Self::Complete(_) | Self::Failed(_) => None,
        }
    }

    /// One more page.
    fn take(&mut self, page: Fetched, graph_url: &str) {
        let Self::Open { rows, .. } = self else {
            return;
        };
        let problem = |text: &str| Self::Failed(Unusable::Problem(text.to_owned()));
        *self = match page {
            Fetched::Gone => Self::Failed(Unusable::Gone),
            Fetched::Refused(problem) => Self::Failed(Unusable::Problem(problem)),
            Fetched::Item(mut page) => match page.get_mut("value").map(Value::take) {
                Some(Value::Array(more)) => {
                    let mut rows = std::mem::take(rows);
                    rows.extend(more);
                    match page.get("@odata.nextLink").map(|link| link.as_str().and_then(|link| below(graph_url, link)))
                    {
                        None => Self::Complete(rows),
                        Some(Some(next)) => Self::Open { next, rows },
                        Some(None) => problem("the link to its next dates leads elsewhere"),
                    }
                }
                _ => problem("its dates are no list"),
            },
        };
    }
}

/// The path of a link below Graph's version, as a part of a batch takes it.
fn below(graph_url: &str, link: &str) -> Option<String> {
    let base = Url::parse(graph_url).ok()?;
    let path = delta::token(&base, link)?;
    let below = path.strip_prefix(base.path().trim_end_matches('/'))?;
    below.starts_with('/').then(|| below.to_owned())
}

impl Whole {
    /// The event of that id: as it was read in full, else as this row and its master tell.
    pub(crate) fn observed(&self, id: &RemoteId, row: Option<&Value>, owner: &Owner) -> Observation {
        match (self.0.get(id.as_str()), row) {
            (Some(Fetched::Item(value)), _) | (None, Some(value)) => self.understood(id, value, owner),
            (Some(Fetched::Refused(problem)), _) => {
                Observation::Unreadable { id: id.clone(), problem: problem.clone() }
            }
            (Some(Fetched::Gone) | None, _) => Observation::Gone { id: id.clone() },
        }
    }

    fn understood(&self, id: &RemoteId, value: &Value, owner: &Owner) -> Observation {
        let Some(master) = master_of(value) else {
            return event::observed(id, value, owner);
        };
        match self.master(&RemoteId::new(master)) {
            Ok(master) => date_of(id, value, master, owner),
            // With its master the date is gone, too.
            Err(Unusable::Gone) => Observation::Gone { id: id.clone() },
            Err(Unusable::Problem(problem)) => {
                Observation::Unreadable { id: id.clone(), problem: format!("its series: {problem}") }
            }
        }
    }

    fn master(&self, id: &RemoteId) -> Result<&Value, Unusable> {
        match self.0.get(id.as_str()) {
            Some(Fetched::Item(master)) => Ok(master),
            Some(Fetched::Refused(problem)) => Err(Unusable::Problem(problem.clone())),
            Some(Fetched::Gone) | None => Err(Unusable::Gone),
        }
    }

    fn series(&self, id: &RemoteId, dates: Dates, owner: &Owner) -> Observation<Series> {
        let unreadable = |problem: &str| Observation::Unreadable { id: id.clone(), problem: problem.to_owned() };
        let rows = match dates {
            Dates::Complete(rows) => rows,
            Dates::Open { .. } => return unreadable("it has more dates than are read"),
            Dates::Failed(Unusable::Gone) => return Observation::Gone { id: id.clone() },
            Dates::Failed(Unusable::Problem(problem)) => return unreadable(&problem),
        };
        let master = match self.master(id).map(|value| (value, event::seen(value, owner))) {
            Ok((_, Err(Problem(problem)))) => return unreadable(&problem),
            Ok((value, Ok(seen))) => (value, seen),
            Err(_) => return Observation::Gone { id: id.clone() },
        };
        let (value, master) = master;
        let mut dates: Vec<Observation> = rows
            .iter()
            .map(|row| {
                let id = row.get("id").and_then(Value::as_str).unwrap_or(delta::NO_ID);
                date_of(&RemoteId::new(id), row, value, owner)
            })
            .collect();
        dates.sort_by_key(|date| match date {
            Observation::Present(seen) => (Some(seen.event.time.begins()), seen.id.as_str().to_owned()),
            Observation::Gone { id } | Observation::Unreadable { id, .. } => (None, id.as_str().to_owned()),
        });
        let rule = value.get("recurrence").and_then(|wire| Repetition::from_graph(wire).ok());
        Observation::Present(Box::new(Series { master, rule: rule.map(|repetition| repetition.rule), dates }))
    }
}

/// The master that a row names.
fn master_of(row: &Value) -> Option<String> {
    row.get("seriesMasterId").and_then(Value::as_str).filter(|id| !id.is_empty()).map(str::to_owned)
}

fn is_master(event: &Value) -> bool {
    let kind = event.get("type").and_then(Value::as_str);
    kind.map_or_else(
        || event.get("recurrence").is_some_and(Value::is_object),
        |kind| kind.eq_ignore_ascii_case("seriesMaster"),
    )
}

/// Whether it is a date as the pattern has it. Exchange makes any other a series' `exception`.
fn is_plain_date(row: &Value) -> bool {
    row.get("type").and_then(Value::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("occurrence"))
}

/// A date of a series: what its row shows, and else what its master does.
fn date_of(id: &RemoteId, row: &Value, master: &Value, owner: &Owner) -> Observation {
    match dated(row, master, owner) {
        Ok(seen) => Observation::Present(Box::new(seen)),
        Err(Problem(problem)) => Observation::Unreadable { id: id.clone(), problem },
    }
}

fn dated(row: &Value, master: &Value, owner: &Owner) -> Result<EventSeen, Problem> {
    let pattern = event::seen(master, owner)?;
    let seen = event::seen(&filled(row, master)?, owner)?;
    let start = origin(Row::of(row)?, &seen, &pattern, master)?;
    let standing = syncline_core::observation::Standing {
        ical_uid: pattern.standing.ical_uid,
        recurrence: Recurrence::Occurrence,
        origin: Some(Origin { master: pattern.id, start }),
        ..seen.standing
    };
    // The key of a series names the series.
    let key = seen.key.filter(|key| Some(key) != pattern.key.as_ref());
    Ok(EventSeen { key, standing, ..seen })
}

/// The row with what it leaves out taken from the master, but for what is the master's alone.
fn filled(row: &Value, master: &Value) -> Result<Value, Problem> {
    let (Some(row), Some(master)) = (row.as_object(), master.as_object()) else {
        return Err(Problem("it is no object".to_owned()));
    };
    let mut filled = master.clone();
    for own in ["id", "@odata.etag", "changeKey", "recurrence", "singleValueExtendedProperties", "originalStart"] {
        filled.remove(own);
    }
    filled.extend(row.iter().map(|(name, value)| (name.clone(), value.clone())));
    Ok(Value::Object(filled))
}

/// When the pattern has it begin. Exchange tells it as an instant; of whole days that is midnight in the
/// zone of the series, not of the date.
fn origin(row: Row<'_>, seen: &EventSeen, pattern: &EventSeen, master: &Value) -> Result<Timestamp, Problem> {
    let Some(told) = row.instant("originalStart")? else {
        return Ok(seen.event.time.begins());
    };
    if matches!(pattern.event.time, EventTime::Timed { .. }) {
        return Ok(told);
    }
    let repetition = master.get("recurrence").and_then(|wire| Repetition::from_graph(wire).ok());
    let zone = repetition.and_then(|repetition| TimeZone::get(&repetition.zone).ok()).unwrap_or(TimeZone::UTC);
    // Half a day on, the date is right even where the instant was told in another zone.
    let local = zone.to_datetime(told.saturating_add(SignedDuration::from_hours(12)).unwrap_or(told));
    let midnight = local.date().to_datetime(Time::midnight());
    TimeZone::UTC.to_timestamp(midnight).map_err(|_| Problem("originalStart is out of range".to_owned()))
}

#[cfg(test)]
mod tests;
