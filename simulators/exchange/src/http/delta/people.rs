//! Contacts of a folder, and the folders of contacts.

use super::{Feed, Query, Row};
use crate::http::people::{self, CONTACT, FOLDER};
use crate::model::Mailbox;
use crate::model::ids::Kind;

pub(super) const CONTACTS: Feed = Feed {
    item: Kind::Contact,
    schema: &CONTACT,
    resource: "Contacts",
    refused: &["$orderby", "$filter", "$expand", "$search", "$top"],
    windowed: false,
    bare: None,
};

pub(super) const FOLDERS: Feed =
    Feed { item: Kind::ContactFolder, schema: &FOLDER, resource: "ContactFolders", ..CONTACTS };

pub(super) fn contacts<'a>(mailbox: &'a Mailbox, query: &'a Query<'_>, folder: u64) -> Vec<Row<'a>> {
    let elsewhere = |key: u64| mailbox.contacts.contains_key(&key);
    let mut rows = query.gone(mailbox, folder, |removed| elsewhere(removed.key));
    let here = mailbox.contacts.values().filter(|item| item.stamp.scope == folder && query.due(item.stamp.version));
    rows.extend(here.map(|item| query.item(item, move || people::contact(mailbox, item, query.form.immutable))));
    rows
}

/// Every folder below the default one, however deep.
pub(super) fn folders<'a>(mailbox: &'a Mailbox, query: &'a Query<'_>) -> Vec<Row<'a>> {
    let mut rows = query.gone(mailbox, mailbox.contact_folder, |_| false);
    let here = mailbox.contact_folders.values().filter(|item| query.due(item.stamp.version));
    rows.extend(here.map(|item| query.item(item, move || people::folder(mailbox, item))));
    rows
}
