//! Contacts.

use super::{Feed, Query, Row};
use crate::http::people::{self, CONTACT};
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

pub(super) fn contacts<'a>(mailbox: &'a Mailbox, query: &'a Query<'_>, folder: u64) -> Vec<Row<'a>> {
    let mut rows = query.gone(mailbox, folder, |_| false);
    let here = mailbox.contacts.values().filter(|item| item.stamp.scope == folder && query.due(item.stamp.version));
    rows.extend(here.map(|item| query.item(item, move || people::contact(mailbox, item, query.form.immutable))));
    rows
}
