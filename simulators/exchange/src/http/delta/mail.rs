//! Mail folders, and the messages of one.

use serde_json::json;

use super::{Feed, Query, Row};
use crate::http::mail_view::{self, FOLDER, MESSAGE};
use crate::http::odata::Object;
use crate::model::ids::Kind;
use crate::model::{Mailbox, Message};

pub(super) const MESSAGES: Feed = Feed {
    item: Kind::Message,
    schema: &MESSAGE,
    resource: "Messages",
    refused: &["$search"],
    windowed: false,
    bare: None,
};

/// The whole tree in one list.
pub(super) const FOLDERS: Feed = Feed {
    item: Kind::Folder,
    schema: &FOLDER,
    resource: "MailFolders",
    refused: &["$orderby", "$filter", "$expand", "$search", "$top"],
    windowed: false,
    bare: None,
};

pub(super) fn messages<'a>(mailbox: &'a Mailbox, query: &'a Query<'_>, folder: u64) -> Vec<Row<'a>> {
    let lives_on =
        |key: u64| mailbox.messages.get(&key).is_some_and(|message| !mailbox.is_recoverable(message.stamp.scope));
    let mut rows = query.gone(mailbox, folder, |removed| lives_on(removed.key));
    // Only the first round can be told in the order of the mail; later ones are told as it changed.
    let by_date = query.newest_first && query.since == 0;
    for item in mailbox.messages_in(folder) {
        let version = item.stamp.version;
        let due = if by_date { version <= query.until } else { query.due(version) };
        let passes =
            || query.filter.as_ref().is_none_or(|filter| filter.matches(&mail_view::for_filter(mailbox, item)));
        if !due || !passes() {
            continue;
        }
        let form = &query.form;
        let mut row = query.item(item, move || {
            let whole = mail_view::message(mailbox, item, query.options, form.text_body, form.immutable);
            if query.partial && item.stamp.born <= query.since { changed(item, whole, query.since) } else { whole }
        });
        if by_date {
            let age = u64::try_from(item.received.as_microsecond()).unwrap_or(0);
            row.place = (u64::MAX - age, item.stamp.key);
        }
        rows.push(row);
    }
    rows
}

/// Only what changed since that version.
fn changed(item: &Message, whole: Object, since: u64) -> Object {
    let new = |name: &str| item.touched.get(name).is_some_and(|version| *version > since);
    let keep = |name: &str| match name {
        "id" => true,
        "bodyPreview" => new("body"),
        name => name.starts_with('@') || new(name),
    };
    whole.into_iter().filter(|(name, _)| keep(name)).collect()
}

pub(super) fn folders<'a>(mailbox: &'a Mailbox, query: &'a Query<'_>) -> Vec<Row<'a>> {
    let root = mailbox.root_folder();
    let gone = mailbox.removed.iter().filter(move |removed| {
        removed.kind == Kind::Folder
            && removed.scope == root
            && removed.born <= query.since
            && query.due(removed.version)
    });
    let mut rows: Vec<Row<'a>> = gone
        .map(|removed| {
            let tell = move || {
                let mut gone = Object::new();
                gone.insert("id".into(), mailbox.container_id(Kind::Folder, removed.key).into());
                gone.insert("@removed".into(), json!({"reason": "deleted"}));
                gone
            };
            Row { place: (removed.version, 0), change: "deleted", tell: Box::new(tell) }
        })
        .collect();
    let there =
        mailbox.folders.values().filter(|folder| folder.key != root && !folder.hidden && query.due(folder.version));
    rows.extend(there.map(|folder| {
        let tell = move || query.options.cut(mail_view::folder(mailbox, folder));
        Row { place: (folder.version, 0), change: query.change(folder.born), tell: Box::new(tell) }
    }));
    rows
}
