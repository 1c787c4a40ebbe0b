//! Folders of contacts below the default one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::changes::touch;
use super::ids::{self, Kind, Reading};
use super::{Exchange, Extended, Mailbox, Stamp};
use crate::refusal::Refusal;

/// The name that stands for the default folder's id, and its display name.
pub(crate) const DEFAULT_NAME: &str = "contacts";
pub(crate) const DEFAULT_DISPLAY_NAME: &str = "Contacts";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ContactFolder {
    /// Its scope is the default folder, which every other one lies in, however deep.
    pub(crate) stamp: Stamp,
    pub(crate) parent: u64,
    pub(crate) display_name: String,
    pub(crate) extended: Extended,
}

impl Mailbox {
    /// The key of the contact folder of an id or well-known name.
    pub(crate) fn find_contact_folder(&self, id: &str) -> Result<u64, Refusal> {
        if id.eq_ignore_ascii_case(DEFAULT_NAME) {
            return Ok(self.contact_folder);
        }
        match ids::read(id, Kind::ContactFolder) {
            Reading::Malformed => Err(Refusal::malformed_id()),
            Reading::Key(key) if self.has_contact_folder(key) && self.is_container(Kind::ContactFolder, key, id) => {
                Ok(key)
            }
            Reading::Key(_) | Reading::Foreign => Err(Refusal::item_not_found()),
        }
    }

    fn has_contact_folder(&self, key: u64) -> bool {
        key == self.contact_folder || self.contact_folders.contains_key(&key)
    }

    /// Whether a folder of that name stands below a folder, other than the one of key `but`.
    pub(crate) fn contact_folder_named(&self, parent: u64, name: &str, but: Option<u64>) -> bool {
        let name = name.to_lowercase();
        self.contact_folders.values().any(|folder| {
            folder.parent == parent && Some(folder.stamp.key) != but && folder.display_name.to_lowercase() == name
        })
    }

    /// A folder and every one below it, the deepest last.
    pub(crate) fn contact_folders_from(&self, top: u64) -> Vec<u64> {
        let mut found = vec![top];
        let mut at = 0;
        while let Some(parent) = found.get(at).copied() {
            at += 1;
            let below = self.contact_folders.values().filter(|folder| folder.parent == parent);
            found.extend(below.map(|folder| folder.stamp.key));
        }
        found
    }
}

impl Exchange {
    pub(crate) fn add_contact_folder(&mut self, index: usize, parent: u64, name: &str, now: Timestamp) -> u64 {
        let mailbox = &mut self.mailboxes[index];
        let stamp = mailbox.stamp(mailbox.contact_folder, now);
        let key = stamp.key;
        let folder = ContactFolder { stamp, parent, display_name: name.to_owned(), extended: Extended::default() };
        mailbox.contact_folders.insert(key, folder);
        key
    }

    pub(crate) fn replace_contact_folder(&mut self, index: usize, mut folder: ContactFolder, now: Timestamp) {
        let mailbox = &mut self.mailboxes[index];
        touch(mailbox.tick(), &mut folder.stamp, now);
        mailbox.contact_folders.insert(folder.stamp.key, folder);
    }

    /// Deletes a folder with everything in it.
    pub(crate) fn drop_contact_folder(&mut self, index: usize, key: u64, now: Timestamp) {
        for folder in self.mailboxes[index].contact_folders_from(key).into_iter().rev() {
            let inside = self.mailboxes[index].contacts.values().filter(|contact| contact.stamp.scope == folder);
            let inside: Vec<u64> = inside.map(|contact| contact.stamp.key).collect();
            for contact in inside {
                self.drop_contact(index, contact, now);
            }
            let mailbox = &mut self.mailboxes[index];
            if let Some(gone) = mailbox.contact_folders.remove(&folder) {
                mailbox.bury(Kind::ContactFolder, &gone.stamp);
            }
        }
    }
}
