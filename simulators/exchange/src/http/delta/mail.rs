//! Messages of a folder.

use super::{Feed, Query, Row};
use crate::http::mail_view::{self, MESSAGE};
use crate::model::Mailbox;
use crate::model::ids::Kind;

pub(super) const MESSAGES: Feed = Feed {
    item: Kind::Message,
    schema: &MESSAGE,
    resource: "Messages",
    refused: &["$search"],
    windowed: false,
    bare: None,
};

pub(super) fn messages<'a>(mailbox: &'a Mailbox, query: &'a Query<'_>, folder: u64) -> Vec<Row<'a>> {
    let mut rows = query.gone(mailbox, folder, |removed| mailbox.messages.contains_key(&removed.key));
    let here = mailbox.messages.values().filter(|item| item.stamp.scope == folder && query.due(item.stamp.version));
    for item in here {
        let passes = query.filter.as_ref().is_none_or(|filter| filter.matches(&mail_view::for_filter(mailbox, item)));
        if passes {
            let form = &query.form;
            rows.push(
                query.item(item, move || {
                    mail_view::message(mailbox, item, query.options, form.text_body, form.immutable)
                }),
            );
        }
    }
    rows
}
