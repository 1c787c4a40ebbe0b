//! What readers see: rows, pages of query results, changes in a span of time.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::caller::Caller;
use super::id;
use super::refusal::Refusal;
use super::schema::{Field, Kind, Object};
use super::sharing::Right;
use super::store::{BIN, View};
use super::{Salesforce, stamp};

/// How long a query's pages can be asked for.
const CURSOR_LIFETIME: SignedDuration = SignedDuration::from_hours(48);

/// A query whose rows did not fit on one page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Cursor {
    pub user: String,
    pub paging: Paging,
    /// The found rows in order.
    pub ids: Vec<String>,
    made: Timestamp,
}

/// What the pages of a query have in common.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Paging {
    pub soql: String,
    pub all: bool,
    pub batch: usize,
    /// For pages of children: which of the selected things they are, from the query down.
    pub path: Vec<usize>,
}

impl Salesforce {
    /// The rows of an object that a reader sees; of deleted and archived ones only if `all`.
    pub(crate) fn seen<'a>(
        &'a self,
        caller: &'a Caller,
        object: &Object,
        all: bool,
        now: Timestamp,
    ) -> impl Iterator<Item = View<'a>> + use<'a> {
        let views = self.store.rows(object).filter_map(move |row| row.seen(now));
        let views = views.filter(move |view| self.may(caller, view.row, Right::Read));
        views.filter(move |view| all || (!view.version.deleted && !view.archived(now)))
    }

    /// One row as a reader sees it, in the recycle bin or not.
    pub(crate) fn seen_row(&self, caller: &Caller, id: &str, now: Timestamp) -> Option<View<'_>> {
        self.store.row(id)?.seen(now).filter(|view| self.may(caller, view.row, Right::Read))
    }

    /// The row of that id for a single read.
    pub(crate) fn fetch(
        &self,
        caller: &Caller,
        object: &Object,
        id: &str,
        now: Timestamp,
    ) -> Result<View<'_>, Refusal> {
        let view = self.seen_row(caller, id, now).filter(|view| view.row.object() == object.name);
        let view = view.ok_or_else(Refusal::not_found)?;
        if view.version.deleted { Err(Refusal::deleted()) } else { Ok(view) }
    }

    /// The ids of visible, living rows with this value in an indexed field.
    pub(crate) fn find(
        &self,
        caller: &Caller,
        object: &Object,
        field: &Field,
        value: &str,
        now: Timestamp,
    ) -> Vec<String> {
        if field.kind == Kind::Id {
            return id::canonical(value).into_iter().collect();
        }
        let mut ids = self.store.holders(object, field, value);
        ids.retain(|id| {
            self.seen_row(caller, id, now)
                .is_some_and(|view| !view.version.deleted && field.finds(&view.value(field, now), value))
        });
        ids
    }

    /// The same, deleted rows and older versions too: where a query need look at all.
    pub(crate) fn candidates(&self, object: &Object, field: &Field, value: &str) -> Vec<String> {
        self.store.holders(object, field, value)
    }

    /// Keeps a query for its next pages and gives its locator.
    pub(crate) fn keep_cursor(&mut self, caller: &Caller, paging: Paging, ids: Vec<String>, now: Timestamp) -> String {
        self.cursors.retain(|_, cursor| now.duration_since(cursor.made) <= CURSOR_LIFETIME);
        let locator = id::mint("01g", &self.draw("cursor"));
        let cursor = Cursor { user: caller.user.clone(), paging, ids, made: now };
        self.cursors.insert(locator.clone(), cursor);
        locator
    }

    pub(crate) fn cursor(&self, caller: &Caller, locator: &str, now: Timestamp) -> Option<Cursor> {
        let cursor = self.cursors.get(locator)?;
        let good = cursor.user == caller.user && now.duration_since(cursor.made) <= CURSOR_LIFETIME;
        good.then(|| cursor.clone())
    }

    /// The ids of rows changed in `[start, end)`, and up to when that is the whole truth.
    pub(crate) fn updated(
        &self,
        caller: &Caller,
        object: &Object,
        (start, end): (Timestamp, Timestamp),
        now: Timestamp,
    ) -> (Vec<String>, Timestamp) {
        let changed = self
            .seen(caller, object, true, now)
            .filter(|view| !view.version.deleted && view.version.stamped_at >= start && view.version.stamped_at < end);
        (changed.map(|view| view.row.id().to_owned()).collect(), self.covered(end, now))
    }

    /// The rows deleted in `[start, end)` with the time, and up to when that is the whole truth.
    pub(crate) fn deleted(
        &self,
        caller: &Caller,
        object: &Object,
        (start, end): (Timestamp, Timestamp),
        now: Timestamp,
    ) -> (Vec<(String, Timestamp)>, Timestamp) {
        let start = start.max(self.deletions_known_since(now));
        let deleted = self
            .seen(caller, object, true, now)
            .filter(|view| view.version.deleted && view.version.stamped_at >= start && view.version.stamped_at < end);
        let deleted = deleted.map(|view| (view.row.id().to_owned(), view.version.stamped_at)).collect();
        (deleted, self.covered(end, now))
    }

    /// From when on deletions are known.
    pub(crate) fn deletions_known_since(&self, now: Timestamp) -> Timestamp {
        let kept = now.checked_sub(BIN).unwrap_or(now);
        self.deletions_purged.map_or(kept, |purged| kept.max(purged))
    }

    /// `end`, or now, or when the oldest write was stamped that is not yet committed, of whatever object.
    fn covered(&self, end: Timestamp, now: Timestamp) -> Timestamp {
        let pending = self.store.all().filter_map(|row| row.pending_since(now)).min();
        let covered = end.min(stamp::whole_seconds(now));
        pending.map_or(covered, |pending| covered.min(pending))
    }
}

/// `attributes` of a record.
pub(crate) fn attributes(kind: &str, view: &View<'_>, base: &str) -> Value {
    json!({ "type": kind, "url": format!("{base}/sobjects/{}/{}", view.row.object(), view.row.id()) })
}

/// A record with these fields. `base` is the path up to the version.
pub(crate) fn record<'a>(
    view: &View<'_>,
    fields: impl IntoIterator<Item = &'a Field>,
    base: &str,
    now: Timestamp,
) -> Map<String, Value> {
    let mut record = Map::new();
    record.insert("attributes".to_owned(), attributes(view.row.object(), view, base));
    for field in fields {
        record.insert(field.name.to_owned(), view.shown(field, base, now).into_owned());
    }
    record
}
