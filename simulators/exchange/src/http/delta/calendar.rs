//! Events of a calendar: the window of a calendar view, and the list of events.

use super::{Feed, Query, Row};
use crate::http::event_view::{self, EVENT};
use crate::model::Mailbox;
use crate::model::ids::Kind;

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
    let here = mailbox.events.values().filter(|item| item.stamp.scope == calendar && query.due(item.stamp.version));
    for item in here {
        if query.window.is_none_or(|(from, to)| item.span.overlaps(from, to)) {
            rows.push(query.item(item, move || event_view::event(mailbox, item, &query.form)));
        } else if query.since > 0 {
            // It may have been inside before, so the client is told that it is not there now.
            rows.push(query.left(mailbox, &item.stamp));
        }
    }
    rows
}
