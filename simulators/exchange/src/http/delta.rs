//! Delta queries: what changed since a token.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sim_kit::Reply;

use super::call::{Call, json as reply_json};
use super::event_view::{self, EVENT, EventForm};
use super::events::{form, window};
use super::filter::Expr;
use super::mail_view::{self, MESSAGE};
use super::odata::{self, Object, Options, Schema};
use super::people::{self, CONTACT};
use crate::model::ids::{self, Kind};
use crate::model::{Contact, Event, Exchange, Item, Mailbox, Message, Removed};
use crate::refusal::Refusal;

/// Rows of a page unless `odata.maxpagesize` asks for another number.
const PAGE: usize = 10;

/// What a delta query follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum DeltaKind {
    CalendarView,
    Events,
    /// Messages of the folder of this key.
    Messages(u64),
    Contacts,
}

impl DeltaKind {
    fn item(self) -> Kind {
        match self {
            Self::CalendarView | Self::Events => Kind::Event,
            Self::Messages(_) => Kind::Message,
            Self::Contacts => Kind::Contact,
        }
    }

    fn schema(self) -> &'static Schema {
        match self {
            Self::CalendarView | Self::Events => &EVENT,
            Self::Messages(_) => &MESSAGE,
            Self::Contacts => &CONTACT,
        }
    }

    /// The parameters that are refused, and the resource's name in that refusal.
    fn refused(self) -> (&'static [&'static str], &'static str) {
        match self {
            Self::CalendarView => (&["$orderby", "$filter", "$select", "$expand", "$search", "$top"], "CalendarView"),
            Self::Events => (&["$orderby", "$filter", "$expand", "$search", "$top"], "Events"),
            Self::Messages(_) => (&["$search"], "Messages"),
            Self::Contacts => (&["$orderby", "$filter", "$expand", "$search", "$top"], "Contacts"),
        }
    }
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
    generation: u64,
    /// Changes up to this version are known to the client.
    since: u64,
    /// The round ends with this version; 0 in a delta token, whose round has not begun.
    until: u64,
    /// The last version of the page before.
    at: u64,
}

enum Row<'a> {
    Event(&'a Event),
    Message(&'a Message),
    Contact(&'a Contact),
    Gone { key: u64, generation: u32, moved: bool },
}

impl Exchange {
    pub(crate) fn delta(&self, call: &Call<'_>, index: usize, kind: DeltaKind) -> Result<Reply, Refusal> {
        let mailbox = &self.mailboxes[index];
        let mut token = match call.request.param("$deltatoken").or_else(|| call.request.param("$skiptoken")) {
            Some(text) => self.read_token(text, mailbox, kind)?,
            None => self.first_token(call, mailbox, kind)?,
        };
        if token.until == 0 {
            token.until = mailbox.version;
            token.at = token.since;
        }
        let filter = token.filter.as_deref().map(|text| odata::read_filter(text, kind.schema())).transpose()?;
        let mut options = Options::for_type(kind.schema());
        if let Some(text) = &token.expand {
            options.expand(text, kind.schema())?;
        }
        options.select = select_of(&token);
        let rows = rows(mailbox, &token, filter.as_ref());
        let size = call.prefer.page_size.or(token.top).unwrap_or(PAGE);
        let more = rows.len() > size;
        let page = rows.get(..size).unwrap_or(&rows);
        let shape = Shape { mailbox, kind, options: &options, form: form(call)? };
        let value: Vec<Value> = page.iter().map(|(_, row)| Value::Object(shape.row(row))).collect();
        let mut body = Object::new();
        let context = format!("Collection({})", kind.schema().name);
        body.insert("@odata.context".into(), call.context_url(&context).into());
        if more {
            token.at = page.last().map_or(token.until, |(version, _)| *version);
            body.insert("@odata.nextLink".into(), call.bare_link("$skiptoken", &write_token(&token)).into());
        } else {
            token.since = token.until;
            token.until = 0;
            token.at = 0;
            body.insert("@odata.deltaLink".into(), call.bare_link("$deltatoken", &write_token(&token)).into());
        }
        body.insert("value".into(), value.into());
        Ok(reply_json(200, &Value::Object(body)))
    }

    fn first_token(&self, call: &Call<'_>, mailbox: &Mailbox, kind: DeltaKind) -> Result<Token, Refusal> {
        let (refused, resource) = kind.refused();
        let used: Vec<&str> = refused.iter().copied().filter(|name| call.request.param(name).is_some()).collect();
        if !used.is_empty() {
            let message = format!(
                "The following parameters are not supported with change tracking over the '{resource}' resource: '{}'.",
                used.join(", ")
            );
            return Err(Refusal::new(400, "ErrorInvalidUrlQuery", message));
        }
        let options = Options::of(call, kind.schema())?;
        let filter = call.request.param("$filter").map(str::to_owned);
        if let Some(expr) = &options.filter {
            let dated = expr
                .properties()
                .iter()
                .all(|path| matches!(path, [name] if name.eq_ignore_ascii_case("receivedDateTime")));
            if !dated {
                let message =
                    "Only 'receivedDateTime ge' and 'receivedDateTime gt' can be filtered with change tracking.";
                return Err(Refusal::new(400, "ErrorInvalidUrlQuery", message));
            }
        }
        Ok(Token {
            kind,
            mailbox: mailbox.id.clone(),
            window: if kind == DeltaKind::CalendarView { Some(window(call)?) } else { None },
            select: options.select,
            filter,
            change_type: call.request.param("changeType").map(str::to_lowercase),
            expand: call.request.param("$expand").map(str::to_owned),
            top: options.top,
            generation: self.delta_generation,
            since: 0,
            until: 0,
            at: 0,
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

fn write_token(token: &Token) -> String {
    ids::encode_bare(json!(token).to_string().as_bytes())
}

fn select_of(token: &Token) -> Option<Vec<String>> {
    match (&token.select, token.kind) {
        // Without `$select` the service tells no more than when an event is.
        (None, DeltaKind::Events) => Some(["id", "type", "start", "end"].map(str::to_owned).to_vec()),
        (select, _) => select.clone(),
    }
}

/// The rows after the page before, in the order of their versions.
fn rows<'a>(mailbox: &'a Mailbox, token: &Token, filter: Option<&Expr>) -> Vec<(u64, Row<'a>)> {
    let due = |version: u64| version > token.at && version <= token.until;
    let scope = match token.kind {
        DeltaKind::Messages(folder) => folder,
        DeltaKind::CalendarView | DeltaKind::Events => mailbox.calendar,
        DeltaKind::Contacts => mailbox.contact_folder,
    };
    let mut rows: Vec<(u64, Row<'a>)> = Vec::new();
    match token.kind.item() {
        Kind::Message => {
            let messages =
                mailbox.messages.values().filter(|item| item.stamp.scope == scope && due(item.stamp.version));
            for item in messages {
                let passes = filter.is_none_or(|filter| filter.matches(&mail_view::for_filter(mailbox, item)));
                if passes {
                    rows.push((item.stamp.version, Row::Message(item)));
                }
            }
        }
        Kind::Contact => {
            let contacts = mailbox.contacts.values().filter(|item| due(item.stamp.version));
            rows.extend(contacts.map(|item| (item.stamp.version, Row::Contact(item))));
        }
        _ => {
            for item in mailbox.events.values().filter(|item| due(item.stamp.version)) {
                let inside = token.window.is_none_or(|(from, to)| item.span.overlaps(from, to));
                let version = item.stamp.version;
                if inside {
                    rows.push((version, Row::Event(item)));
                } else if token.since > 0 && item.stamp.born <= token.since {
                    // It may have been inside before, so the client is told that it is not there now.
                    let gone = Row::Gone { key: item.stamp.key, generation: item.stamp.generation, moved: false };
                    rows.push((version, gone));
                }
            }
        }
    }
    let gone = |removed: &&Removed| {
        removed.kind == token.kind.item()
            && removed.scope == scope
            && removed.born <= token.since
            && due(removed.version)
    };
    rows.extend(mailbox.removed.iter().filter(gone).map(|removed| {
        let moved = removed.kind == Kind::Message && mailbox.messages.contains_key(&removed.key);
        (removed.version, Row::Gone { key: removed.key, generation: removed.generation, moved })
    }));
    if let Some(wanted) = &token.change_type {
        rows.retain(|(_, row)| row.change(token.since) == wanted);
    }
    rows.sort_by_key(|(version, _)| *version);
    rows
}

impl Row<'_> {
    fn change(&self, since: u64) -> &'static str {
        let born = match self {
            Self::Event(item) => item.stamp.born,
            Self::Message(item) => item.stamp.born,
            Self::Contact(item) => item.stamp.born,
            Self::Gone { .. } => return "deleted",
        };
        if born > since { "created" } else { "updated" }
    }
}

/// How rows are told.
struct Shape<'a> {
    mailbox: &'a Mailbox,
    kind: DeltaKind,
    options: &'a Options,
    form: EventForm,
}

impl Shape<'_> {
    fn row(&self, row: &Row<'_>) -> Object {
        let type_name = format!("#microsoft.graph.{}", self.kind.schema().name);
        let mut object = match row {
            Row::Event(item) => self.whole(*item, event_view::event(self.mailbox, item, &self.form)),
            Row::Message(item) => {
                let whole =
                    mail_view::message(self.mailbox, item, self.options, self.form.text_body, self.form.immutable);
                self.whole(*item, whole)
            }
            Row::Contact(item) => self.whole(*item, people::contact(self.mailbox, item, self.form.immutable)),
            Row::Gone { key, generation, moved } => {
                let id = self.mailbox.item_id(self.kind.item(), *key, *generation, self.form.immutable);
                let mut gone = Object::new();
                gone.insert("id".into(), id.into());
                gone.insert("@removed".into(), json!({"reason": if *moved { "changed" } else { "deleted" }}));
                gone
            }
        };
        object.insert("@odata.type".into(), type_name.into());
        object
    }

    fn whole<T: Item>(&self, item: &T, object: Object) -> Object {
        let mut object = object;
        self.options.add_extended(&mut object, item.extended().list());
        self.options.cut(object)
    }
}
