//! A user and what is in the mailbox.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::ids::{self, Kind, Reading};
use super::{
    Calendar, CalendarGroup, Contact, ContactFolder, Event, Extended, Folder, Former, Message, Settings, Task, TaskList,
};
use crate::refusal::Refusal;

/// Whether a mailbox can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MailboxState {
    /// As usual.
    Ready,
    /// The user has no mailbox, or it is on-premises.
    NotEnabled,
    /// The application is not allowed to use it.
    Forbidden,
}

/// A folder that mail is delivered to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WellKnown {
    /// Received mail.
    Inbox,
    /// Sent mail.
    SentItems,
    /// Unsent mail.
    Drafts,
    /// Put aside.
    Archive,
    /// Deleted mail.
    DeletedItems,
    /// Spam.
    JunkEmail,
}

impl WellKnown {
    /// The name that stands for the folder's id.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::SentItems => "sentitems",
            Self::Drafts => "drafts",
            Self::Archive => "archive",
            Self::DeletedItems => "deleteditems",
            Self::JunkEmail => "junkemail",
        }
    }
}

/// The folders of a new mailbox: well-known name and display name. The first holds the others, the last
/// is hidden.
const FOLDERS: [(&str, &str); 10] = [
    ("msgfolderroot", "Top of Information Store"),
    ("archive", "Archive"),
    ("conversationhistory", "Conversation History"),
    ("deleteditems", "Deleted Items"),
    ("drafts", "Drafts"),
    ("inbox", "Inbox"),
    ("junkemail", "Junk Email"),
    ("outbox", "Outbox"),
    ("sentitems", "Sent Items"),
    ("recoverableitemsdeletions", "Deletions"),
];

/// Where an item stands: its key, its container, its versions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Stamp {
    pub(crate) key: u64,
    /// Key of the calendar or folder.
    pub(crate) scope: u64,
    /// Counts the moves, each of which makes a new default id.
    pub(crate) generation: u32,
    /// The mailbox version of the last change.
    pub(crate) version: u64,
    /// The mailbox version at which it came into its container.
    pub(crate) born: u64,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
}

impl Stamp {
    /// The stamp of something that is in no container yet.
    pub(crate) fn none(mailbox: &Mailbox, now: Timestamp) -> Self {
        Self { key: mailbox.next_key, scope: 0, generation: 0, version: 0, born: 0, created: now, modified: now }
    }
}

/// What is gone from a container.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Removed {
    pub(crate) kind: Kind,
    pub(crate) scope: u64,
    pub(crate) key: u64,
    pub(crate) generation: u32,
    pub(crate) version: u64,
    pub(crate) born: u64,
}

/// What events, messages and contacts have in common.
pub(crate) trait Item {
    const KIND: Kind;
    fn stamp(&self) -> &Stamp;
    fn extended(&self) -> &Extended;
    /// What an `$expand` of extended properties chooses from.
    fn properties(&self) -> Vec<Value> {
        self.extended().list()
    }
    fn all(mailbox: &Mailbox) -> &BTreeMap<u64, Self>
    where
        Self: Sized;
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Mailbox {
    /// The user's guid.
    pub(crate) id: String,
    pub(crate) address: String,
    pub(crate) display_name: String,
    pub(crate) state: MailboxState,
    pub(crate) version: u64,
    pub(crate) next_key: u64,
    /// Key of the default calendar.
    pub(crate) calendar: u64,
    /// Key of the calendar of birthdays, once there was one.
    pub(crate) birthdays: Option<u64>,
    pub(crate) contact_folder: u64,
    pub(crate) folders: BTreeMap<u64, Folder>,
    pub(crate) calendars: BTreeMap<u64, Calendar>,
    pub(crate) calendar_groups: BTreeMap<u64, CalendarGroup>,
    pub(crate) events: BTreeMap<u64, Event>,
    pub(crate) messages: BTreeMap<u64, Message>,
    pub(crate) contacts: BTreeMap<u64, Contact>,
    pub(crate) contact_folders: BTreeMap<u64, ContactFolder>,
    pub(crate) task_lists: BTreeMap<u64, TaskList>,
    pub(crate) tasks: BTreeMap<u64, Task>,
    pub(crate) settings: Settings,
    pub(crate) categories: Vec<Value>,
    pub(crate) removed: Vec<Removed>,
    /// What series were before they changed.
    pub(crate) former: Vec<Former>,
}

impl Mailbox {
    pub(crate) fn new(seed: &str, address: &str, display_name: &str) -> Self {
        let mut mailbox = Self {
            id: ids::guid(&[seed, "user", &address.to_lowercase()]),
            address: address.to_owned(),
            display_name: display_name.to_owned(),
            state: MailboxState::Ready,
            version: 0,
            next_key: 1,
            calendar: 0,
            birthdays: None,
            contact_folder: 0,
            folders: BTreeMap::new(),
            calendars: BTreeMap::new(),
            calendar_groups: BTreeMap::new(),
            events: BTreeMap::new(),
            messages: BTreeMap::new(),
            contacts: BTreeMap::new(),
            contact_folders: BTreeMap::new(),
            task_lists: BTreeMap::new(),
            tasks: BTreeMap::new(),
            settings: Settings::default(),
            categories: Vec::new(),
            removed: Vec::new(),
            former: Vec::new(),
        };
        mailbox.calendar = mailbox.take_key();
        mailbox.contact_folder = mailbox.take_key();
        let root = mailbox.next_key;
        for (well_known, display_name) in FOLDERS {
            let key = mailbox.take_key();
            let version = mailbox.tick();
            let folder = Folder {
                key,
                well_known: well_known.to_owned(),
                display_name: display_name.to_owned(),
                parent: root,
                hidden: well_known == "recoverableitemsdeletions",
                extended: Extended::default(),
                version,
                born: version,
            };
            mailbox.folders.insert(key, folder);
        }
        mailbox.add_usual_lists();
        mailbox.add_usual_calendars();
        mailbox
    }

    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.id.eq_ignore_ascii_case(name) || self.address.eq_ignore_ascii_case(name)
    }

    pub(crate) fn take_key(&mut self) -> u64 {
        let key = self.next_key;
        self.next_key += 1;
        key
    }

    /// The version of the next change.
    pub(crate) fn tick(&mut self) -> u64 {
        self.version += 1;
        self.version
    }

    /// The stamp of a new item.
    pub(crate) fn stamp(&mut self, scope: u64, now: Timestamp) -> Stamp {
        let version = self.tick();
        Stamp { key: self.take_key(), scope, generation: 0, version, born: version, created: now, modified: now }
    }

    pub(crate) fn folder_named(&self, well_known: &str) -> Option<&Folder> {
        self.folders.values().find(|folder| folder.well_known.eq_ignore_ascii_case(well_known))
    }

    /// The key of the folder of an id or well-known name.
    pub(crate) fn find_folder(&self, id: &str) -> Result<u64, Refusal> {
        match self.folder_named(id) {
            Some(folder) => Ok(folder.key),
            None => match ids::read(id, Kind::Folder) {
                Reading::Malformed => Err(Refusal::malformed_id()),
                Reading::Key(key) if self.folders.contains_key(&key) && self.is_container(Kind::Folder, key, id) => {
                    Ok(key)
                }
                Reading::Key(_) | Reading::Foreign => Err(Refusal::item_not_found()),
            },
        }
    }

    /// Whether the id is that of the calendar or folder, with or without its padding.
    pub(super) fn is_container(&self, kind: Kind, key: u64, id: &str) -> bool {
        self.container_id(kind, key).trim_end_matches('=') == id.trim_end_matches('=')
    }

    /// The id of a calendar or folder; these never change.
    pub(crate) fn container_id(&self, kind: Kind, key: u64) -> String {
        ids::default_id(&self.id, kind, key, 0)
    }

    pub(crate) fn item_id(&self, kind: Kind, key: u64, generation: u32, immutable: bool) -> String {
        if kind.is_container() {
            self.container_id(kind, key)
        } else if immutable {
            ids::immutable_id(&self.id, kind, key)
        } else {
            ids::default_id(&self.id, kind, key, generation)
        }
    }

    pub(crate) fn change_key(&self, stamp: &Stamp) -> String {
        ids::change_key(&self.id, stamp.key, stamp.version)
    }

    pub(crate) fn etag(&self, stamp: &Stamp) -> String {
        format!("W/\"{}\"", self.change_key(stamp))
    }

    /// The item of an id in either form.
    pub(crate) fn find<T: Item>(&self, id: &str) -> Result<&T, Refusal> {
        let key = match ids::read(id, T::KIND) {
            Reading::Malformed => return Err(Refusal::malformed_id()),
            Reading::Foreign => return Err(Refusal::item_not_found()),
            Reading::Key(key) => key,
        };
        let item = T::all(self).get(&key).ok_or_else(Refusal::item_not_found)?;
        if self.is_item(item, id) { Ok(item) } else { Err(Refusal::item_not_found()) }
    }

    /// The event or occurrence of an id in either form.
    pub(crate) fn find_event(&self, id: &str) -> Result<Event, Refusal> {
        let key = match ids::read(id, Kind::Event) {
            Reading::Malformed => return Err(Refusal::malformed_id()),
            Reading::Foreign => return Err(Refusal::item_not_found()),
            Reading::Key(key) => key,
        };
        let event = self.event(key).filter(|event| self.is_item(event, id));
        event.ok_or_else(Refusal::item_not_found)
    }

    /// Whether the id is one of the item's, with or without its padding.
    fn is_item<T: Item>(&self, item: &T, id: &str) -> bool {
        let Stamp { key, generation, .. } = *item.stamp();
        let bare = id.trim_end_matches('=');
        let forms = [true, false].map(|immutable| self.item_id(T::KIND, key, generation, immutable));
        forms.iter().any(|form| form.trim_end_matches('=') == bare)
    }

    /// What every item shows: id, etag, change key, times, categories come from the item itself.
    pub(crate) fn head<T: Item>(&self, item: &T, immutable: bool) -> Map<String, Value> {
        let stamp = item.stamp();
        let mut map = Map::new();
        map.insert("@odata.etag".into(), self.etag(stamp).into());
        map.insert("id".into(), self.item_id(T::KIND, stamp.key, stamp.generation, immutable).into());
        map.insert("changeKey".into(), self.change_key(stamp).into());
        map.insert("createdDateTime".into(), super::stamp_text(stamp.created).into());
        map.insert("lastModifiedDateTime".into(), super::stamp_text(stamp.modified).into());
        map
    }

    pub(crate) fn person(&self) -> Value {
        json!({"name": self.display_name, "address": self.address})
    }
}

macro_rules! item {
    ($type:ty, $kind:ident, $field:ident) => {
        impl Item for $type {
            const KIND: Kind = Kind::$kind;

            fn stamp(&self) -> &Stamp {
                &self.stamp
            }

            fn extended(&self) -> &Extended {
                &self.extended
            }

            fn all(mailbox: &Mailbox) -> &BTreeMap<u64, Self> {
                &mailbox.$field
            }
        }
    };
}

item!(Event, Event, events);

impl Item for Message {
    const KIND: Kind = Kind::Message;

    fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    fn extended(&self) -> &Extended {
        &self.extended
    }

    fn properties(&self) -> Vec<Value> {
        Message::properties(self)
    }

    fn all(mailbox: &Mailbox) -> &BTreeMap<u64, Self> {
        &mailbox.messages
    }
}
item!(Contact, Contact, contacts);
item!(ContactFolder, ContactFolder, contact_folders);
