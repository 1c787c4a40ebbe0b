//! Task lists.

use serde_json::{Map, Value};
use sim_kit::Reply;

use super::view::{self, LIST};
use crate::http::call::{Call, json};
use crate::http::delta::DeltaKind;
use crate::http::odata::Options;
use crate::http::{below, entity};
use crate::model::{Exchange, ListRole, TaskList, read_text, unknown_property, unreadable};
use crate::refusal::Refusal;

impl Exchange {
    /// From `todo/lists` on.
    pub(super) fn task_list_routes(
        &mut self,
        call: &Call<'_>,
        names: &[&str],
        raw: &[String],
        index: usize,
    ) -> Result<Reply, Refusal> {
        let method = call.request.method.as_str();
        match (names, method) {
            ([], "GET") => return self.list_task_lists(call, index),
            ([], "POST") => {
                let name = read_name(&call.body()?)?.ok_or_else(|| unreadable("displayName"))?;
                let key = self.add_task_list(index, &name, call.now);
                return self.task_list_reply(call, index, key, 201);
            }
            ([], _) => return Err(Refusal::method_not_allowed()),
            (["delta"], "GET") => return self.delta(call, index, DeltaKind::TaskLists),
            _ => {}
        }
        let list = self.mailboxes[index].find_task_list(&raw[0])?;
        let (key, role) = (list.stamp.key, list.role);
        let etag = self.mailboxes[index].etag(&list.stamp);
        match (&names[1..], method) {
            ([], "GET") => self.task_list_reply(call, index, key, 200),
            ([], "PATCH") => {
                call.precondition(&etag)?;
                if let Some(name) = read_name(&call.body()?)? {
                    check_own(role, "renamed")?;
                    self.rename_task_list(index, key, &name, call.now);
                }
                self.task_list_reply(call, index, key, 200)
            }
            ([], "DELETE") => {
                call.precondition(&etag)?;
                check_own(role, "deleted")?;
                self.drop_task_list(index, key);
                Ok(Reply::empty(204))
            }
            (["tasks", ..], _) => self.task_routes(call, &names[2..], &raw[2..], index, key),
            ([], _) => Err(Refusal::method_not_allowed()),
            _ => Err(Refusal::unknown_segment(raw.get(1).map_or("", String::as_str))),
        }
    }

    fn list_task_lists(&self, call: &Call<'_>, index: usize) -> Result<Reply, Refusal> {
        let options = Options::of(call, &LIST)?;
        let mailbox = &self.mailboxes[index];
        let lists: Vec<&TaskList> = mailbox.task_lists.values().collect();
        let show = |item: &TaskList| view::list(mailbox, item);
        Ok(json(200, &options.list(call, &below(mailbox, "todo/lists"), lists, show, show)))
    }

    fn task_list_reply(&self, call: &Call<'_>, index: usize, key: u64, status: u16) -> Result<Reply, Refusal> {
        let options = Options::of(call, &LIST)?;
        let mailbox = &self.mailboxes[index];
        let list = mailbox.task_lists.get(&key).ok_or_else(Refusal::item_not_found)?;
        let object = options.cut(view::list(mailbox, list));
        Ok(entity(call, status, &below(mailbox, "todo/lists/$entity"), object))
    }
}

fn read_name(body: &Map<String, Value>) -> Result<Option<String>, Refusal> {
    let mut found = None;
    for (name, value) in body {
        match name.as_str() {
            "displayName" => {
                let text = read_text(name, value)?.filter(|text| !text.trim().is_empty());
                found = Some(text.ok_or_else(|| unreadable(name))?);
            }
            "id" | "isOwner" | "isShared" | "wellknownListName" => {}
            name if name.contains('@') => {}
            name => return Err(unknown_property(name, "microsoft.toDo.todoTaskList")),
        }
    }
    Ok(found)
}

/// The lists that every mailbox has stay as they are.
fn check_own(role: ListRole, done: &str) -> Result<(), Refusal> {
    if role == ListRole::Own {
        return Ok(());
    }
    let message = format!("Your request can't be completed. A default task folder can't be {done}.");
    Err(Refusal::new(400, "ErrorInvalidRequest", message))
}
