//! Delta queries: what changed since a token.
//!
//! Here are the token, the pages, the links and the expiry. What the rows are is said by the feeds, one
//! file for each part of the mailbox: a [`Feed`] for what the query may be, and a function that makes the
//! [`Row`]s.

mod calendar;
mod mail;
mod people;
mod todo;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sim_kit::Reply;

use super::call::{Call, json as reply_json};
use super::event_view::EventForm;
use super::events::{form, window};
use super::filter::{Expr, Operand, Relation};
use super::odata::{self, Object, Options, Schema};
use crate::model::ids::{self, Kind};
use crate::model::{Exchange, Item, Mailbox, Removed, Stamp};
use crate::refusal::Refusal;

/// Rows of a page unless `odata.maxpagesize` asks for another number.
const PAGE: usize = 10;

/// What a delta query follows; the number is the key of the calendar or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum DeltaKind {
    CalendarView(u64),
    Events(u64),
    Messages(u64),
    MailFolders,
    Contacts(u64),
    ContactFolders,
    TaskLists,
    Tasks(u64),
}

impl DeltaKind {
    fn feed(self) -> &'static Feed {
        match self {
            Self::CalendarView(_) => &calendar::VIEW,
            Self::Events(_) => &calendar::LIST,
            Self::Messages(_) => &mail::MESSAGES,
            Self::MailFolders => &mail::FOLDERS,
            Self::Contacts(_) => &people::CONTACTS,
            Self::ContactFolders => &people::FOLDERS,
            Self::TaskLists => &todo::LISTS,
            Self::Tasks(_) => &todo::TASKS,
        }
    }

    /// All rows of the round in any order; [`Query::due`] says which changes belong to it.
    fn rows<'a>(self, mailbox: &'a Mailbox, query: &'a Query<'_>) -> Vec<Row<'a>> {
        match self {
            Self::CalendarView(key) | Self::Events(key) => calendar::rows(mailbox, query, key),
            Self::Messages(key) => mail::messages(mailbox, query, key),
            Self::MailFolders => mail::folders(mailbox, query),
            Self::Contacts(key) => people::contacts(mailbox, query, key),
            Self::ContactFolders => people::folders(mailbox, query),
            Self::TaskLists => todo::lists(mailbox, query),
            Self::Tasks(key) => todo::tasks(mailbox, query, key),
        }
    }
}

/// What the queries of a feed may be.
struct Feed {
    /// What its rows are, as [`Mailbox::bury`] names it.
    item: Kind,
    schema: &'static Schema,
    /// The resource's name in the refusal of a parameter.
    resource: &'static str,
    refused: &'static [&'static str],
    /// Whether it needs `startDateTime` and `endDateTime`.
    windowed: bool,
    /// What is told without `$select`, if it is not everything.
    bare: Option<&'static [&'static str]>,
}

/// What a token holds: the query, and how far it has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Token {
    kind: DeltaKind,
    mailbox: String,
    window: Option<(Timestamp, Timestamp)>,
    select: Option<Vec<String>>,
    filter: Option<String>,
    change_type: Option<String>,
    expand: Option<String>,
    top: Option<usize>,
    /// Whether the newest mail is wanted first.
    newest_first: bool,
    generation: u64,
    /// Changes up to this version are known to the client.
    since: u64,
    /// What `since` was in the last round that had anything to tell.
    #[serde(default)]
    before: u64,
    /// The round begins after this version: with `since`, or earlier to tell known changes again.
    #[serde(default)]
    from: u64,
    /// The round ends with this version; 0 in a delta token, whose round has not begun.
    until: u64,
    /// The place of the last row of the page before.
    at: Place,
    /// How many pages without rows the round has begun with.
    #[serde(default)]
    blank: u32,
}

/// Where a row stands in its round: its version, and its rank among the rows of one version.
type Place = (u64, u64);

/// The query of one page, as feeds see it.
struct Query<'a> {
    feed: &'static Feed,
    options: &'a Options,
    form: EventForm,
    filter: Option<Expr>,
    window: Option<(Timestamp, Timestamp)>,
    newest_first: bool,
    /// Whether a row that tells an update may hold only what changed.
    partial: bool,
    since: u64,
    from: u64,
    until: u64,
    at: Place,
    /// Whether a deleted occurrence has no row of its own, as was seen at times.
    hides_deleted_occurrences: bool,
}

/// One row, told only if it is on the page.
struct Row<'a> {
    place: Place,
    change: &'static str,
    tell: Box<dyn Fn() -> Object + 'a>,
}

impl Query<'_> {
    /// Whether a change of that version may have rows on this page or a later one of the round.
    fn due(&self, version: u64) -> bool {
        version >= self.at.0 && version > self.from && version <= self.until
    }

    /// Whether the client had looked before a change of that version.
    fn has_begun(&self, version: u64) -> bool {
        0 < if version > self.since { self.since } else { self.from }
    }

    /// Whether the client was told, in an earlier round, of what came to be with that version.
    fn knew(&self, version: u64) -> bool {
        version <= self.since
    }

    /// The row of an item that is there.
    fn item<'a, T: Item>(&'a self, item: &'a T, whole: impl Fn() -> Object + 'a) -> Row<'a> {
        let stamp = item.stamp();
        let tell = move || {
            let mut object = whole();
            self.options.add_extended(&mut object, item.properties());
            self.options.cut(object)
        };
        Row { place: (stamp.version, 0), change: self.change(stamp.born), tell: Box::new(tell) }
    }

    /// What `changeType` calls a change of something that has been there since version `born`.
    fn change(&self, born: u64) -> &'static str {
        if born > self.since { "created" } else { "updated" }
    }

    /// The row of an item that is still there, but no longer part of what the query follows.
    fn left<'a>(&'a self, mailbox: &'a Mailbox, stamp: &'a Stamp) -> Row<'a> {
        let Stamp { key, generation, version, .. } = *stamp;
        self.absent(mailbox, (version, 0), key, generation, false)
    }

    /// The rows of what was buried in a container since the client first looked, whether it was ever told of
    /// it or not: the client may have made it. `moved` tells whether it lives on elsewhere.
    fn gone<'a>(&'a self, mailbox: &'a Mailbox, scope: u64, moved: impl Fn(&Removed) -> bool) -> Vec<Row<'a>> {
        let here = mailbox.removed.iter().filter(|removed| {
            removed.kind == self.feed.item
                && removed.scope == scope
                && self.has_begun(removed.version)
                && self.due(removed.version)
        });
        here.map(|removed| {
            let Removed { key, generation, version, .. } = *removed;
            self.absent(mailbox, (version, 0), key, generation, moved(removed))
        })
        .collect()
    }

    fn absent<'a>(&'a self, mailbox: &'a Mailbox, place: Place, key: u64, generation: u32, moved: bool) -> Row<'a> {
        let tell = move || {
            let mut gone = Object::new();
            let id = mailbox.item_id(self.feed.item, key, generation, self.form.immutable);
            gone.insert("id".into(), id.into());
            gone.insert("@removed".into(), json!({"reason": if moved { "changed" } else { "deleted" }}));
            gone
        };
        Row { place, change: "deleted", tell: Box::new(tell) }
    }
}

impl Exchange {
    pub(crate) fn delta(&self, call: &Call<'_>, index: usize, kind: DeltaKind) -> Result<Reply, Refusal> {
        let mailbox = &self.mailboxes[index];
        let feed = kind.feed();
        let mut token = match call.request.param("$deltatoken").or_else(|| call.request.param("$skiptoken")) {
            Some(text) => self.read_token(text, mailbox, kind)?,
            None => self.first_token(call, mailbox, kind)?,
        };
        if token.until == 0 {
            token.until = self.told_until(index, call.now).max(token.since);
            token.from = if self.switches.delta_replay { token.before } else { token.since };
            token.at = (token.from, u64::MAX);
        }
        let mut options = Options::for_type(feed.schema);
        if let Some(text) = &token.expand {
            options.expand(text, feed.schema)?;
        }
        let bare = || feed.bare.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        options.select = token.select.clone().or_else(bare);
        let query = Query {
            feed,
            options: &options,
            form: form(call)?,
            filter: token.filter.as_deref().map(|text| odata::read_filter(text, feed.schema)).transpose()?,
            window: token.window,
            newest_first: token.newest_first,
            partial: self.switches.partial_message_rows,
            since: token.since,
            from: token.from,
            until: token.until,
            at: token.at,
            hides_deleted_occurrences: self.switches.hide_deleted_occurrences,
        };
        let mut rows = kind.rows(mailbox, &query);
        rows.retain(|row| row.place > token.at);
        if let Some(wanted) = &token.change_type {
            rows.retain(|row| row.change == wanted);
        }
        rows.sort_by_key(|row| row.place);
        let size = call.prefer.page_size.or(token.top).unwrap_or(PAGE).min(call.page_limit);
        let blank = token.blank < self.switches.empty_pages;
        let page = if blank { &[] } else { rows.get(..size).unwrap_or(&rows) };
        let type_name = format!("#microsoft.graph.{}", feed.schema.name);
        let tell = |row: &Row<'_>| {
            let mut object = (row.tell)();
            object.insert("@odata.type".into(), type_name.clone().into());
            Value::Object(object)
        };
        let value: Vec<Value> = page.iter().map(tell).collect();
        let mut body = Object::new();
        body.insert("@odata.context".into(), call.context_url(&format!("Collection({})", feed.schema.name)).into());
        if blank {
            token.blank += 1;
            body.insert("@odata.nextLink".into(), call.bare_link("$skiptoken", &write_token(&token)).into());
        } else if rows.len() > size {
            token.at = page.last().map_or((token.until, u64::MAX), |row| row.place);
            body.insert("@odata.nextLink".into(), call.bare_link("$skiptoken", &write_token(&token)).into());
        } else {
            if token.until > token.since {
                token.before = std::mem::replace(&mut token.since, token.until);
            }
            token.from = 0;
            token.until = 0;
            token.at = (0, 0);
            token.blank = 0;
            body.insert("@odata.deltaLink".into(), call.bare_link("$deltatoken", &write_token(&token)).into());
        }
        body.insert("value".into(), value.into());
        Ok(reply_json(200, &Value::Object(body)))
    }

    fn first_token(&self, call: &Call<'_>, mailbox: &Mailbox, kind: DeltaKind) -> Result<Token, Refusal> {
        let feed = kind.feed();
        let used: Vec<&str> = feed.refused.iter().copied().filter(|name| call.request.param(name).is_some()).collect();
        if !used.is_empty() {
            let message = format!(
                "The following parameters are not supported with change tracking over the '{}' resource: '{}'.",
                feed.resource,
                used.join(", ")
            );
            return Err(Refusal::new(400, "ErrorInvalidUrlQuery", message));
        }
        let options = Options::of(call, feed.schema)?;
        let filter = call.request.param("$filter").map(str::to_owned);
        if options.filter.as_ref().is_some_and(|filter| !is_dated(filter)) {
            let message = "Only 'receivedDateTime ge' and 'receivedDateTime gt' can be filtered with change tracking.";
            return Err(Refusal::new(400, "ErrorInvalidUrlQuery", message));
        }
        Ok(Token {
            kind,
            mailbox: mailbox.id.clone(),
            window: if feed.windowed { Some(window(call)?) } else { None },
            select: options.select,
            filter,
            change_type: call.request.param("changeType").map(str::to_lowercase),
            expand: call.request.param("$expand").map(str::to_owned),
            top: options.top,
            newest_first: newest_first(call)?,
            generation: self.delta_generation,
            since: 0,
            before: 0,
            from: 0,
            until: 0,
            at: (0, 0),
            blank: 0,
        })
    }

    fn read_token(&self, text: &str, mailbox: &Mailbox, kind: DeltaKind) -> Result<Token, Refusal> {
        let token = ids::decode(text).and_then(|bytes| serde_json::from_slice::<Token>(&bytes).ok());
        let token = token.filter(|token| token.kind == kind && token.mailbox == mailbox.id);
        let invalid =
            || Refusal::new(400, "ErrorInvalidSyncStateData", "The sync state data is corrupt or otherwise invalid.");
        let token = token.ok_or_else(invalid)?;
        if token.generation == self.delta_generation {
            return Ok(token);
        }
        let (old, new) = (token.generation, self.delta_generation);
        let message = format!("The sync state generation is not found; generation={old};[highest={new}][{new}].");
        Err(Refusal::new(410, "SyncStateNotFound", message))
    }
}

/// Whether a filter asks for nothing but mail received from some time on.
fn is_dated(filter: &Expr) -> bool {
    matches!(filter, Expr::Compare(Operand::Path(path), Relation::Ge | Relation::Gt, Operand::Literal(_))
        if matches!(path.as_slice(), [name] if name.eq_ignore_ascii_case("receivedDateTime")))
}

/// The one order that change tracking knows.
fn newest_first(call: &Call<'_>) -> Result<bool, Refusal> {
    let Some(order) = call.request.param("$orderby") else {
        return Ok(false);
    };
    let words: Vec<String> = order.split_whitespace().map(str::to_ascii_lowercase).collect();
    if words == ["receiveddatetime", "desc"] {
        return Ok(true);
    }
    let message = "Only 'receivedDateTime desc' can be ordered by with change tracking.";
    Err(Refusal::new(400, "ErrorInvalidUrlQuery", message))
}

fn write_token(token: &Token) -> String {
    ids::encode_bare(json!(token).to_string().as_bytes())
}
