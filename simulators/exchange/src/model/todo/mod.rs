//! To Do: task lists and the tasks in them.

mod parts;
mod task;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use self::parts::{Link, Step, TaskFile};
pub(crate) use self::task::Task;
use super::changes::touch;
use super::extended::{Extended, NONE};
use super::ids::{self, Kind, Reading};
use super::{ChangeKind, Exchange, Item, Mailbox, Stamp};
use crate::refusal::Refusal;

/// The name that stands for the default list's id.
const DEFAULT_NAME: &str = "tasks";

/// Why a list is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ListRole {
    /// The user made it.
    Own,
    /// Where tasks go that name no list.
    Default,
    /// Of mails with a follow-up flag.
    FlaggedEmails,
}

impl ListRole {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Own => "none",
            Self::Default => "defaultList",
            Self::FlaggedEmails => "flaggedEmails",
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TaskList {
    /// Its scope is 0: lists lie in nothing.
    pub(crate) stamp: Stamp,
    pub(crate) display_name: String,
    pub(crate) role: ListRole,
}

impl Item for TaskList {
    const KIND: Kind = Kind::TaskList;

    fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    fn extended(&self) -> &Extended {
        &NONE
    }

    fn all(mailbox: &Mailbox) -> &BTreeMap<u64, Self> {
        &mailbox.task_lists
    }
}

impl Item for Task {
    const KIND: Kind = Kind::Task;

    fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    fn extended(&self) -> &Extended {
        &NONE
    }

    fn all(mailbox: &Mailbox) -> &BTreeMap<u64, Self> {
        &mailbox.tasks
    }
}

impl Mailbox {
    /// The lists that every mailbox has.
    pub(super) fn add_usual_lists(&mut self) {
        for (name, role) in [("Tasks", ListRole::Default), ("Flagged Emails", ListRole::FlaggedEmails)] {
            self.add_task_list(name, role, Timestamp::UNIX_EPOCH);
        }
    }

    fn add_task_list(&mut self, name: &str, role: ListRole, now: Timestamp) -> u64 {
        let stamp = self.stamp(0, now);
        let key = stamp.key;
        self.task_lists.insert(key, TaskList { stamp, display_name: name.to_owned(), role });
        key
    }

    /// The list of an id, or the default list of its name.
    pub(crate) fn find_task_list(&self, id: &str) -> Result<&TaskList, Refusal> {
        if id.eq_ignore_ascii_case(DEFAULT_NAME) {
            let mut lists = self.task_lists.values();
            return lists.find(|list| list.role == ListRole::Default).ok_or_else(Refusal::item_not_found);
        }
        match ids::read(id, Kind::TaskList) {
            Reading::Malformed => Err(Refusal::malformed_id()),
            Reading::Key(key) if self.is_container(Kind::TaskList, key, id) => {
                self.task_lists.get(&key).ok_or_else(Refusal::item_not_found)
            }
            Reading::Key(_) | Reading::Foreign => Err(Refusal::item_not_found()),
        }
    }
}

impl Exchange {
    pub(crate) fn add_task_list(&mut self, index: usize, name: &str, now: Timestamp) -> u64 {
        self.mailboxes[index].add_task_list(name, ListRole::Own, now)
    }

    pub(crate) fn rename_task_list(&mut self, index: usize, key: u64, name: &str, now: Timestamp) {
        let mailbox = &mut self.mailboxes[index];
        let version = mailbox.tick();
        if let Some(list) = mailbox.task_lists.get_mut(&key) {
            touch(version, &mut list.stamp, now);
            name.clone_into(&mut list.display_name);
        }
    }

    /// Deletes a list with its tasks.
    pub(crate) fn drop_task_list(&mut self, index: usize, key: u64) {
        let inside = self.mailboxes[index].tasks.values().filter(|task| task.stamp.scope == key);
        let inside: Vec<u64> = inside.map(|task| task.stamp.key).collect();
        for task in inside {
            self.drop_task(index, task);
        }
        let mailbox = &mut self.mailboxes[index];
        if let Some(list) = mailbox.task_lists.remove(&key) {
            mailbox.bury(Kind::TaskList, &list.stamp);
        }
    }

    /// Puts a finished task into a list and returns its key.
    pub(crate) fn add_task(&mut self, index: usize, list: u64, mut task: Task, now: Timestamp) -> u64 {
        let mailbox = &mut self.mailboxes[index];
        task.stamp = mailbox.stamp(list, now);
        let stamp = task.stamp.clone();
        mailbox.tasks.insert(stamp.key, task);
        self.note(index, Kind::Task, ChangeKind::Created, stamp.clone());
        stamp.key
    }

    /// Replaces a task by its next version. When a recurring one is completed, the next one is made.
    pub(crate) fn replace_task(&mut self, index: usize, mut task: Task, now: Timestamp) {
        let before = self.mailboxes[index].tasks.get(&task.stamp.key);
        let was_completed = before.is_some_and(Task::is_completed);
        let next = if was_completed { None } else { task.finish_turn() };
        touch(self.mailboxes[index].tick(), &mut task.stamp, now);
        let list = task.stamp.scope;
        self.note(index, Kind::Task, ChangeKind::Updated, task.stamp.clone());
        self.mailboxes[index].tasks.insert(task.stamp.key, task);
        if let Some(next) = next {
            self.add_task(index, list, next, now);
        }
    }

    pub(crate) fn drop_task(&mut self, index: usize, key: u64) {
        let mailbox = &mut self.mailboxes[index];
        let Some(task) = mailbox.tasks.remove(&key) else {
            return;
        };
        mailbox.bury(Kind::Task, &task.stamp);
        self.note(index, Kind::Task, ChangeKind::Deleted, task.stamp);
    }
}
