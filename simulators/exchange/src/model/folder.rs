//! Mail folders and what they hold.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::Kind;
use super::{ChangeKind, Exchange, Extended, Mailbox, Message, Removed};
use crate::refusal::Refusal;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Folder {
    pub(crate) key: u64,
    /// The name that stands for the id; empty for a folder that somebody made.
    pub(crate) well_known: String,
    pub(crate) display_name: String,
    pub(crate) parent: u64,
    pub(crate) hidden: bool,
    #[serde(default)]
    pub(crate) extended: Extended,
    /// The mailbox version of the last change.
    #[serde(default)]
    pub(crate) version: u64,
    /// The mailbox version at which it was made.
    #[serde(default)]
    pub(crate) born: u64,
}

/// Deleted for good, but for the mailbox's owner still to be had back.
const RECOVERABLE: &str = "recoverableitemsdeletions";

impl Mailbox {
    /// The key of a well-known folder; every mailbox has them all.
    pub(crate) fn well_known(&self, name: &str) -> u64 {
        self.folder_named(name).map_or(0, |folder| folder.key)
    }

    /// Whether the folder is outside of what a person sees: what is in it does not count as there.
    pub(crate) fn is_recoverable(&self, folder: u64) -> bool {
        self.folders.get(&folder).is_some_and(|folder| folder.well_known == RECOVERABLE)
    }

    /// A folder's children; hidden ones only if wanted.
    pub(crate) fn children(&self, parent: u64, hidden: bool) -> impl Iterator<Item = &Folder> {
        self.folders.values().filter(move |folder| {
            folder.parent == parent
                && folder.key != parent
                && (hidden || !folder.hidden)
                && folder.well_known != RECOVERABLE
        })
    }

    pub(crate) fn messages_in(&self, folder: u64) -> impl Iterator<Item = &Message> {
        self.messages.values().filter(move |message| message.stamp.scope == folder)
    }

    /// The folder and everything below it.
    fn tree(&self, folder: u64) -> Vec<u64> {
        let mut keys = vec![folder];
        let mut at = 0;
        while let Some(parent) = keys.get(at).copied() {
            let below = self.folders.values().filter(|child| child.parent == parent && !keys.contains(&child.key));
            let below: Vec<u64> = below.map(|child| child.key).collect();
            keys.extend(below);
            at += 1;
        }
        keys
    }

    fn name_is_free(&self, parent: u64, name: &str, except: u64) -> Result<(), Refusal> {
        let mut others = self.folders.values().filter(|folder| folder.parent == parent && folder.key != except);
        if others.any(|folder| folder.display_name.eq_ignore_ascii_case(name)) {
            let message = "A folder with the specified name already exists.";
            return Err(Refusal::new(409, "ErrorFolderExists", message));
        }
        Ok(())
    }

    pub(crate) fn create_folder(
        &mut self,
        parent: u64,
        name: &str,
        hidden: bool,
        extended: Extended,
    ) -> Result<u64, Refusal> {
        self.name_is_free(parent, name, 0)?;
        let (key, version) = (self.take_key(), self.tick());
        let folder = Folder {
            key,
            well_known: String::new(),
            display_name: name.to_owned(),
            parent,
            hidden,
            extended,
            version,
            born: version,
        };
        self.folders.insert(key, folder);
        Ok(key)
    }

    pub(crate) fn rename_folder(&mut self, key: u64, name: &str) -> Result<(), Refusal> {
        let folder = self.folders.get(&key).ok_or_else(Refusal::item_not_found)?;
        if folder.display_name == name {
            return Ok(());
        }
        if !folder.well_known.is_empty() {
            return Err(Refusal::access_denied());
        }
        self.name_is_free(folder.parent, name, key)?;
        self.change_folder(key, |folder| name.clone_into(&mut folder.display_name));
        Ok(())
    }

    pub(crate) fn change_folder(&mut self, key: u64, change: impl FnOnce(&mut Folder)) {
        let version = self.tick();
        if let Some(folder) = self.folders.get_mut(&key) {
            change(folder);
            folder.version = version;
        }
    }

    pub(crate) fn move_folder(&mut self, key: u64, parent: u64) -> Result<(), Refusal> {
        let folder = self.folders.get(&key).ok_or_else(Refusal::item_not_found)?;
        if !folder.well_known.is_empty() {
            let message = "Cannot move distinguished folder.";
            return Err(Refusal::new(400, "ErrorMoveDistinguishedFolder", message));
        }
        if self.tree(key).contains(&parent) {
            return Err(Refusal::new(400, "ErrorMoveCopyFailed", "The move or copy operation failed."));
        }
        let name = folder.display_name.clone();
        self.name_is_free(parent, &name, key)?;
        self.change_folder(key, |folder| folder.parent = parent);
        Ok(())
    }

    fn deletable(&self, key: u64) -> Result<&Folder, Refusal> {
        let folder = self.folders.get(&key).ok_or_else(Refusal::item_not_found)?;
        if folder.well_known.is_empty() {
            return Ok(folder);
        }
        let message = "Distinguished folders cannot be deleted.";
        Err(Refusal::new(400, "ErrorDeleteDistinguishedFolder", message))
    }

    /// The folders that a tree holds as what a delta query follows; all count as children of the root.
    pub(crate) fn root_folder(&self) -> u64 {
        self.well_known("msgfolderroot")
    }
}

impl Exchange {
    /// To the deleted items, with everything in it; from there it is gone.
    pub(crate) fn delete_folder(&mut self, index: usize, key: u64) -> Result<(), Refusal> {
        let mailbox = &mut self.mailboxes[index];
        let name = mailbox.deletable(key)?.display_name.clone();
        let bin = mailbox.well_known("deleteditems");
        if mailbox.tree(bin).contains(&key) {
            return self.purge_folder(index, key);
        }
        let mut free = name.clone();
        let mut number = 1;
        while mailbox.name_is_free(bin, &free, key).is_err() {
            free = format!("{name}{number}");
            number += 1;
        }
        mailbox.change_folder(key, |folder| {
            folder.parent = bin;
            folder.display_name = free;
        });
        Ok(())
    }

    /// Removes a folder and everything in it for good.
    pub(crate) fn purge_folder(&mut self, index: usize, key: u64) -> Result<(), Refusal> {
        self.mailboxes[index].deletable(key)?;
        for folder in self.mailboxes[index].tree(key) {
            let keys: Vec<u64> = self.mailboxes[index].messages_in(folder).map(|message| message.stamp.key).collect();
            for message in keys {
                self.purge_message(index, message);
            }
            let mailbox = &mut self.mailboxes[index];
            let scope = mailbox.root_folder();
            if let Some(gone) = mailbox.folders.remove(&folder) {
                let version = mailbox.tick();
                let born = gone.born;
                mailbox.removed.push(Removed { kind: Kind::Folder, scope, key: folder, generation: 0, version, born });
            }
        }
        Ok(())
    }

    /// Copies a folder with everything in it and returns the copy's key.
    pub(crate) fn copy_folder(&mut self, index: usize, key: u64, parent: u64, now: Timestamp) -> Result<u64, Refusal> {
        let mailbox = &mut self.mailboxes[index];
        let tree = mailbox.tree(key);
        if tree.contains(&parent) {
            return Err(Refusal::new(400, "ErrorMoveCopyFailed", "The move or copy operation failed."));
        }
        let mut copies: Vec<(u64, u64)> = Vec::new();
        for source in tree {
            let Some(folder) = self.mailboxes[index].folders.get(&source).cloned() else {
                continue;
            };
            let above = copies.iter().find(|(from, _)| *from == folder.parent).map_or(parent, |(_, to)| *to);
            let above = if source == key { parent } else { above };
            let copy =
                self.mailboxes[index].create_folder(above, &folder.display_name, folder.hidden, folder.extended)?;
            copies.push((source, copy));
            let inside: Vec<u64> = self.mailboxes[index].messages_in(source).map(|message| message.stamp.key).collect();
            for message in inside {
                self.copy_message(index, message, copy, now);
            }
        }
        copies.first().map(|(_, copy)| *copy).ok_or_else(Refusal::item_not_found)
    }

    /// Puts a finished message into a folder and returns its key.
    pub(crate) fn add_message(&mut self, index: usize, mut message: Message, folder: u64, now: Timestamp) -> u64 {
        let mailbox = &mut self.mailboxes[index];
        let stamp = mailbox.stamp(folder, now);
        message.stamp = stamp.clone();
        mailbox.messages.insert(stamp.key, message);
        let key = stamp.key;
        self.note(index, Kind::Message, ChangeKind::Created, stamp);
        key
    }

    /// Replaces a message by its next version; `changed` are the properties that are new.
    pub(crate) fn replace_message(&mut self, index: usize, mut message: Message, changed: &[String], now: Timestamp) {
        let mailbox = &mut self.mailboxes[index];
        super::changes::touch(mailbox.tick(), &mut message.stamp, now);
        message.touched.extend(changed.iter().map(|name| (name.clone(), message.stamp.version)));
        let stamp = message.stamp.clone();
        mailbox.messages.insert(stamp.key, message);
        self.note(index, Kind::Message, ChangeKind::Updated, stamp);
    }

    /// To the deleted items; from there to where only a recovery finds it; from there it is gone.
    pub(crate) fn delete_message(&mut self, index: usize, key: u64, now: Timestamp) {
        let mailbox = &self.mailboxes[index];
        let bin = mailbox.well_known("deleteditems");
        match mailbox.messages.get(&key).map(|message| message.stamp.scope) {
            Some(folder) if mailbox.is_recoverable(folder) => self.purge_message(index, key),
            Some(folder) if folder == bin => self.move_message(index, key, mailbox.well_known(RECOVERABLE), now),
            Some(_) => self.move_message(index, key, bin, now),
            None => {}
        }
    }

    /// Removes a message for good.
    pub(crate) fn purge_message(&mut self, index: usize, key: u64) {
        let mailbox = &mut self.mailboxes[index];
        let Some(message) = mailbox.messages.remove(&key) else {
            return;
        };
        mailbox.bury(Kind::Message, &message.stamp);
        self.note(index, Kind::Message, ChangeKind::Deleted, message.stamp);
    }

    /// Moves a message: gone from one folder, new in the other, under another default id.
    pub(crate) fn move_message(&mut self, index: usize, key: u64, folder: u64, now: Timestamp) {
        let mailbox = &mut self.mailboxes[index];
        let Some(mut message) = mailbox.messages.remove(&key) else {
            return;
        };
        let before = message.stamp.clone();
        mailbox.bury(Kind::Message, &before);
        let version = mailbox.tick();
        message.stamp.scope = folder;
        message.stamp.generation += 1;
        message.stamp.version = version;
        message.stamp.born = version;
        message.stamp.modified = now;
        message.touched.clear();
        let after = message.stamp.clone();
        let seen = !mailbox.is_recoverable(folder);
        mailbox.messages.insert(key, message);
        self.note(index, Kind::Message, ChangeKind::Deleted, before);
        if seen {
            self.note(index, Kind::Message, ChangeKind::Created, after);
        }
    }

    /// Copies a message and returns the copy's key.
    pub(crate) fn copy_message(&mut self, index: usize, key: u64, folder: u64, now: Timestamp) -> Option<u64> {
        let mut copy = self.mailboxes[index].messages.get(&key)?.clone();
        copy.touched.clear();
        Some(self.add_message(index, copy, folder, now))
    }
}
