//! Events of a calendar: the window of a calendar view, and the list of events.
//!
//! The list holds single events and the masters of series. The window holds the occurrences too, and a
//! master while one of its occurrences is inside.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Feed, Query, Row};
use crate::http::event_view::{self, EVENT};
use crate::model::ids::Kind;
use crate::model::{Event, Former, Mailbox, Series, Span, occurrence_key};

type Window = (Timestamp, Timestamp);

/// What the row of an occurrence tells besides its etag.
const OCCURRENCE: [&str; 5] = ["id", "seriesMasterId", "type", "start", "end"];

pub(super) const VIEW: Feed = Feed {
    item: Kind::Event,
    schema: &EVENT,
    resource: "CalendarView",
    refused: &["$orderby", "$filter", "$select", "$expand", "$search", "$top"],
    windowed: true,
    bare: None,
};

pub(super) const LIST: Feed = Feed {
    item: Kind::Event,
    schema: &EVENT,
    resource: "Events",
    refused: &["$orderby", "$filter", "$expand", "$search", "$top"],
    windowed: false,
    // Without `$select` the service tells no more than when an event is.
    bare: Some(&["id", "type", "start", "end"]),
};

pub(super) fn rows<'a>(mailbox: &'a Mailbox, query: &'a Query<'_>, calendar: u64) -> Vec<Row<'a>> {
    let mut rows = query.gone(mailbox, calendar, |_| false);
    for item in mailbox.events.values().filter(|item| item.stamp.scope == calendar) {
        let seen = query.window.map(|(from, to)| item.instances(from, to));
        if query.due(item.stamp.version) {
            if seen.as_ref().is_none_or(|seen| !seen.is_empty()) {
                rows.push(query.item(item, move || event_view::event(mailbox, item, &query.form)));
            } else if query.since > 0 {
                // It may have been inside before, so the client is told that it is not there now.
                rows.push(query.left(mailbox, &item.stamp));
            }
        }
        if let (Some(window), Some(seen), Some(series)) = (query.window, seen, item.series()) {
            rows.extend(lost(mailbox, query, window, item.stamp.key, series, &seen));
            let changed = seen.into_iter().filter(|event| query.due(event.stamp.version));
            rows.extend(changed.map(|event| occurrence(mailbox, query, event)));
        }
    }
    if let Some(window) = query.window {
        let former = mailbox.former.iter().filter(|former| former.scope == calendar && query.due(former.until));
        rows.extend(former.flat_map(|former| shed(mailbox, query, window, former)));
    }
    rows
}

/// The row of an occurrence, which tells no more than when it is, or that of an exception.
fn occurrence<'a>(mailbox: &'a Mailbox, query: &'a Query<'_>, event: Event) -> Row<'a> {
    let place = (event.stamp.version, event.stamp.key);
    let change = query.change(event.stamp.born);
    let tell = move || {
        let mut object = event_view::event(mailbox, &event, &query.form);
        if event.part().is_some_and(|part| part.is_exception) {
            query.options.add_extended(&mut object, event.extended.list());
            return query.options.cut(object);
        }
        object.retain(|name, _| name == "@odata.etag" || OCCURRENCE.contains(&name.as_str()));
        object
    };
    Row { place, change, tell: Box::new(tell) }
}

/// The rows of the occurrences that were deleted, or moved out of the window.
fn lost<'a>(
    mailbox: &'a Mailbox,
    query: &'a Query<'_>,
    window: Window,
    master: u64,
    series: &'a Series,
    seen: &[Event],
) -> Vec<Row<'a>> {
    let is_due = |version| query.has_begun(version) && query.due(version);
    let deleted = series.cancelled.iter().filter(|(_, gone)| !query.hides_deleted_occurrences && is_due(gone.version));
    let deleted =
        deleted.filter(|(date, gone)| touches(Some(gone.span), window) || touches(series.span(**date), window));
    let deleted = deleted.map(|(date, gone)| (*date, gone.version));
    let is_seen = |date: Date| seen.iter().any(|event| event.stamp.key == occurrence_key(master, date));
    let moved = series.exceptions.iter().filter(|(date, own)| is_due(own.version) && !is_seen(**date));
    let moved = moved.map(|(date, own)| (*date, own.version));
    let absent = |(date, version)| {
        let key = occurrence_key(master, date);
        query.absent(mailbox, (version, key), key, 0, false)
    };
    deleted.chain(moved).map(absent).collect()
}

/// The rows of the occurrences that a series has no more, because it repeats in another way or is gone.
fn shed<'a>(mailbox: &'a Mailbox, query: &'a Query<'_>, window: Window, former: &'a Former) -> Vec<Row<'a>> {
    let series = &former.series;
    if !query.has_begun(former.until) {
        return Vec::new();
    }
    let mut known: BTreeSet<Date> = series.dates(window.0, window.1).into_iter().collect();
    let deleted_since = series.cancelled.iter().filter(|(_, gone)| !query.knew(gone.version));
    known.extend(deleted_since.filter(|(_, gone)| touches(Some(gone.span), window)).map(|(date, _)| *date));
    let moved_since = series.exceptions.iter().filter(|(_, own)| !query.knew(own.version));
    known.extend(moved_since.filter(|(date, _)| touches(series.span(**date), window)).map(|(date, _)| *date));
    if let Some(now) = mailbox.events.get(&former.master).and_then(Event::series) {
        for date in now.dates(window.0, window.1) {
            known.remove(&date);
        }
    }
    let absent = |date| {
        let key = occurrence_key(former.master, date);
        query.absent(mailbox, (former.until, key), key, 0, false)
    };
    known.into_iter().map(absent).collect()
}

fn touches(span: Option<Span>, (from, to): Window) -> bool {
    span.is_some_and(|span| span.overlaps(from, to))
}
