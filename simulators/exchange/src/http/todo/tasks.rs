//! Tasks.

use serde_json::Value;
use sim_kit::Reply;

use super::view::{self, TASK};
use crate::http::call::{Call, json};
use crate::http::delta::DeltaKind;
use crate::http::odata::{Object, Options};
use crate::http::{below, entity};
use crate::model::ids::Kind;
use crate::model::{Exchange, ListRole, Mailbox, Task};
use crate::refusal::Refusal;

impl Exchange {
    /// From a list's `tasks` on.
    pub(super) fn task_routes(
        &mut self,
        call: &Call<'_>,
        names: &[&str],
        raw: &[String],
        index: usize,
        list: u64,
    ) -> Result<Reply, Refusal> {
        match (names, call.request.method.as_str()) {
            ([], "GET") => self.list_tasks(call, index, list),
            ([], "POST") => self.create_task(call, index, list),
            (["$count"], "GET") => {
                let options = Options::of(call, &TASK)?;
                let mailbox = &self.mailboxes[index];
                let filter = options.filter.as_ref();
                let passes =
                    |task: &&Task| filter.is_none_or(|filter| filter.matches(&view::for_filter(mailbox, task)));
                let count = inside(mailbox, list).into_iter().filter(passes).count();
                Ok(Reply::text(200, "text/plain", count.to_string()))
            }
            (["delta"], "GET") => self.delta(call, index, DeltaKind::Tasks(list)),
            ([_], "GET") => {
                let options = Options::of(call, &TASK)?;
                let key = self.task_at(index, list, &raw[0])?.stamp.key;
                self.task_reply(call, index, key, 200, &options)
            }
            ([_], "PATCH") => {
                let mut task = self.task_at(index, list, &raw[0])?.clone();
                call.precondition(&self.mailboxes[index].etag(&task.stamp))?;
                let (body, options) = (call.body()?, Options::of(call, &TASK)?);
                task.apply(&body, call.now)?;
                let key = task.stamp.key;
                self.replace_task(index, task, call.now);
                self.task_reply(call, index, key, 200, &options)
            }
            ([_], "DELETE") => {
                let task = self.task_at(index, list, &raw[0])?;
                call.precondition(&self.mailboxes[index].etag(&task.stamp))?;
                let key = task.stamp.key;
                self.drop_task(index, key);
                Ok(Reply::empty(204))
            }
            ([] | [_], _) => Err(Refusal::method_not_allowed()),
            _ => {
                let task = self.task_at(index, list, &raw[0])?.clone();
                self.part_routes(call, &names[1..], &raw[1..], index, task)
            }
        }
    }

    fn task_at(&self, index: usize, list: u64, id: &str) -> Result<&Task, Refusal> {
        let task = self.mailboxes[index].find::<Task>(id)?;
        if task.stamp.scope == list { Ok(task) } else { Err(Refusal::item_not_found()) }
    }

    fn list_tasks(&self, call: &Call<'_>, index: usize, list: u64) -> Result<Reply, Refusal> {
        let options = Options::of(call, &TASK)?;
        let mailbox = &self.mailboxes[index];
        let full = |item: &Task| view::for_filter(mailbox, item);
        let shown = |item: &Task| show(call, mailbox, item, &options);
        let context = below(mailbox, &format!("todo/lists('{}')/tasks", mailbox.container_id(Kind::TaskList, list)));
        Ok(json(200, &options.list(call, &context, inside(mailbox, list), full, shown)))
    }

    fn create_task(&mut self, call: &Call<'_>, index: usize, list: u64) -> Result<Reply, Refusal> {
        let (body, mut options) = (call.body()?, Options::of(call, &TASK)?);
        let role = self.mailboxes[index].task_lists.get(&list).map(|list| list.role);
        if role == Some(ListRole::FlaggedEmails) {
            let message = "Your request can't be completed. Tasks can't be created in the list of flagged emails.";
            return Err(Refusal::new(400, "ErrorInvalidRequest", message));
        }
        let task = Task::new(&body, call.now)?;
        // What was posted with the task is told with it.
        for name in ["linkedResources", "checklistItems"] {
            if body.contains_key(name) && !options.expanded.contains(&name) {
                options.expanded.push(name);
            }
        }
        let key = self.add_task(index, list, task, call.now);
        self.task_reply(call, index, key, 201, &options)
    }

    fn task_reply(
        &self,
        call: &Call<'_>,
        index: usize,
        key: u64,
        status: u16,
        options: &Options,
    ) -> Result<Reply, Refusal> {
        let mailbox = &self.mailboxes[index];
        let task = mailbox.tasks.get(&key).ok_or_else(Refusal::item_not_found)?;
        let object = options.cut(show(call, mailbox, task, options));
        let id = object.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let list = mailbox.container_id(Kind::TaskList, task.stamp.scope);
        let tasks = below(mailbox, &format!("todo/lists('{list}')/tasks"));
        let reply = entity(call, status, &format!("{tasks}/$entity"), object);
        let reply = reply.header("etag", &mailbox.etag(&task.stamp));
        if status != 201 {
            return Ok(reply);
        }
        Ok(reply.header("location", &format!("{}/v1.0/{tasks}('{id}')", call.request.origin)))
    }
}

fn inside(mailbox: &Mailbox, list: u64) -> Vec<&Task> {
    mailbox.tasks.values().filter(|task| task.stamp.scope == list).collect()
}

fn show(call: &Call<'_>, mailbox: &Mailbox, item: &Task, options: &Options) -> Object {
    view::task_row(mailbox, item, options, call.prefer.text_body, call.prefer.immutable)
}
