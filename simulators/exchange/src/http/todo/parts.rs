//! What hangs on a task: linked resources, checklist items, files. A change of one is a change of the task.

use serde_json::Value;
use sim_kit::Reply;

use super::view::{self, FILE, LINK, STEP};
use crate::http::call::{Call, json};
use crate::http::odata::{Object, Options, Schema};
use crate::http::{below, entity};
use crate::model::ids::Kind;
use crate::model::{Exchange, Task, TaskFile};
use crate::refusal::Refusal;

/// The parts of one kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    Links,
    Steps,
    Files,
}

impl Relation {
    fn named(name: &str) -> Option<Self> {
        match name {
            "linkedresources" => Some(Self::Links),
            "checklistitems" => Some(Self::Steps),
            "attachments" => Some(Self::Files),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Links => "linkedResources",
            Self::Steps => "checklistItems",
            Self::Files => "attachments",
        }
    }

    fn schema(self) -> &'static Schema {
        match self {
            Self::Links => &LINK,
            Self::Steps => &STEP,
            Self::Files => &FILE,
        }
    }

    fn numbers(self, task: &Task) -> Vec<u64> {
        match self {
            Self::Links => task.links.iter().map(|part| part.number).collect(),
            Self::Steps => task.steps.iter().map(|part| part.number).collect(),
            Self::Files => task.files.iter().map(|part| part.number).collect(),
        }
    }
}

impl Exchange {
    /// From the name of a relation of a task on.
    pub(super) fn part_routes(
        &mut self,
        call: &Call<'_>,
        names: &[&str],
        raw: &[String],
        index: usize,
        mut task: Task,
    ) -> Result<Reply, Refusal> {
        let unknown = |at: usize| Refusal::unknown_segment(raw.get(at).map_or("", String::as_str));
        let relation = names.first().and_then(|name| Relation::named(name)).ok_or_else(|| unknown(0))?;
        let options = Options::of(call, relation.schema())?;
        let mailbox = &self.mailboxes[index];
        let rest = &names[1..];
        let part = match raw.get(1) {
            None => None,
            Some(id) => {
                let mut numbers = relation.numbers(&task).into_iter();
                let found = numbers.find(|number| view::part_id(mailbox, &task, *number).eq_ignore_ascii_case(id));
                Some(found.ok_or_else(Refusal::item_not_found)?)
            }
        };
        match (rest, part, call.request.method.as_str()) {
            ([], None, "GET") => {
                let parts = view::parts(mailbox, &task, relation.name());
                let keys: Vec<usize> = (0..parts.len()).collect();
                let show = |at: usize| parts.get(at).cloned().unwrap_or_default();
                let context = self.part_context(index, &task, relation, call);
                Ok(json(200, &options.list(call, &context, keys, show, show)))
            }
            ([], None, "POST") => {
                let body = call.body()?;
                let number = match relation {
                    Relation::Links => task.add_link(&body)?,
                    Relation::Steps => task.add_step(&body, call.now)?,
                    Relation::Files => task.add_file(&body, call.now)?,
                };
                self.replace_task(index, task.clone(), call.now);
                self.part_reply(call, index, &task, (relation, number), 201, &options)
            }
            ([_], Some(number), "GET") => self.part_reply(call, index, &task, (relation, number), 200, &options),
            ([_, "$value"], Some(number), "GET") if relation == Relation::Files => {
                let file = file_of(&task, number)?;
                let mut reply = Reply::empty(200).header("content-type", &file.content_type);
                reply.body.clone_from(&file.bytes.0);
                Ok(reply)
            }
            ([_], Some(number), "PATCH") if relation != Relation::Files => {
                let body = call.body()?;
                for link in task.links.iter_mut().filter(|link| link.number == number) {
                    link.apply(&body)?;
                }
                for step in task.steps.iter_mut().filter(|step| step.number == number) {
                    step.apply(&body, call.now)?;
                }
                self.replace_task(index, task.clone(), call.now);
                self.part_reply(call, index, &task, (relation, number), 200, &options)
            }
            ([_], Some(number), "DELETE") => {
                task.links.retain(|part| part.number != number);
                task.steps.retain(|part| part.number != number);
                task.files.retain(|part| part.number != number);
                self.replace_task(index, task, call.now);
                Ok(Reply::empty(204))
            }
            ([] | [_], _, _) => Err(Refusal::method_not_allowed()),
            _ => Err(unknown(2)),
        }
    }

    fn part_context(&self, index: usize, task: &Task, relation: Relation, call: &Call<'_>) -> String {
        let mailbox = &self.mailboxes[index];
        let list = mailbox.container_id(Kind::TaskList, task.stamp.scope);
        let id = mailbox.item_id(Kind::Task, task.stamp.key, task.stamp.generation, call.prefer.immutable);
        below(mailbox, &format!("todo/lists('{list}')/tasks('{id}')/{}", relation.name()))
    }

    fn part_reply(
        &self,
        call: &Call<'_>,
        index: usize,
        task: &Task,
        (relation, number): (Relation, u64),
        status: u16,
        options: &Options,
    ) -> Result<Reply, Refusal> {
        let mailbox = &self.mailboxes[index];
        let id = view::part_id(mailbox, task, number);
        let object: Object = if relation == Relation::Files {
            view::file(mailbox, task, file_of(task, number)?, true)
        } else {
            let mut parts = view::parts(mailbox, task, relation.name()).into_iter();
            let found = parts.find(|part| part.get("id").and_then(Value::as_str) == Some(&id));
            found.ok_or_else(Refusal::item_not_found)?
        };
        let context = self.part_context(index, task, relation, call);
        let reply = entity(call, status, &format!("{context}/$entity"), options.cut(object));
        if status != 201 {
            return Ok(reply);
        }
        Ok(reply.header("location", &format!("{}/v1.0/{context}('{id}')", call.request.origin)))
    }
}

fn file_of(task: &Task, number: u64) -> Result<&TaskFile, Refusal> {
    task.files.iter().find(|file| file.number == number).ok_or_else(Refusal::item_not_found)
}
