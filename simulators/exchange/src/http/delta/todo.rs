//! Task lists, and the tasks of a list.

use super::{Feed, Query, Row};
use crate::http::todo::{self, LIST, TASK};
use crate::model::Mailbox;
use crate::model::ids::Kind;

pub(super) const LISTS: Feed = Feed {
    item: Kind::TaskList,
    schema: &LIST,
    resource: "TodoTaskLists",
    refused: &["$orderby", "$filter", "$search"],
    windowed: false,
    bare: None,
};

pub(super) const TASKS: Feed = Feed { item: Kind::Task, schema: &TASK, resource: "TodoTasks", ..LISTS };

pub(super) fn lists<'a>(mailbox: &'a Mailbox, query: &'a Query<'_>) -> Vec<Row<'a>> {
    let mut rows = query.gone(mailbox, 0, |_| false);
    let here = mailbox.task_lists.values().filter(|item| query.due(item.stamp.version));
    rows.extend(here.map(|item| query.item(item, move || todo::list(mailbox, item))));
    rows
}

pub(super) fn tasks<'a>(mailbox: &'a Mailbox, query: &'a Query<'_>, list: u64) -> Vec<Row<'a>> {
    let mut rows = query.gone(mailbox, list, |_| false);
    let form = &query.form;
    let here = mailbox.tasks.values().filter(|item| item.stamp.scope == list && query.due(item.stamp.version));
    rows.extend(here.map(|item| {
        let row = move || todo::task_row(mailbox, item, query.options, form.text_body, form.immutable);
        query.item(item, row)
    }));
    rows
}
