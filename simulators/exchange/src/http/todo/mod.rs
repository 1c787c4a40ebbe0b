//! To Do: task lists, tasks, and what hangs on them.

mod lists;
mod parts;
mod tasks;
mod view;

use sim_kit::Reply;

pub(crate) use self::view::{LIST, TASK, for_filter, list, task_row};
use super::Path;
use super::call::Call;
use crate::model::Exchange;
use crate::refusal::Refusal;

/// What To Do says instead of the codes of the store behind it.
const WRAPPED: [&str; 6] = [
    "RequestBodyRead",
    "RequestBroker--ParseUri",
    "ErrorInvalidRequest",
    "ErrorPropertyValidationFailure",
    "ErrorRecurrenceHasNoOccurrence",
    "TimeZoneNotSupportedException",
];

impl Exchange {
    pub(crate) fn todo_routes(&mut self, call: &Call<'_>, path: &Path, index: usize) -> Result<Reply, Refusal> {
        let names = path.names();
        match names.as_slice() {
            ["todo"] => Err(Refusal::method_not_allowed()),
            ["todo", "lists", ..] => self.task_list_routes(call, &names[2..], &path.raw[2..], index).map_err(wrap),
            _ => Err(Refusal::unknown_segment(path.raw.get(1).map_or("", String::as_str))),
        }
    }
}

/// To Do tells no more than that the request was invalid; the reason stands inside.
fn wrap(mut refusal: Refusal) -> Refusal {
    if refusal.status == 400 && WRAPPED.contains(&refusal.code) {
        let message = std::mem::replace(&mut refusal.message, "Invalid request".to_owned());
        refusal.inner = Some((refusal.code, message));
        refusal.code = "invalidRequest";
    }
    refusal
}
