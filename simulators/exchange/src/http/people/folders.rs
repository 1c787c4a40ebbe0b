//! Folders of contacts.

use serde_json::{Map, Value, json};
use sim_kit::Reply;

use crate::http::call::{Call, json as reply_json};
use crate::http::delta::DeltaKind;
use crate::http::odata::{Object, Options, Schema};
use crate::http::{below, entity};
use crate::model::ids::Kind;
use crate::model::{
    ContactFolder, DEFAULT_DISPLAY_NAME, Exchange, Extended, Mailbox, read_text, unknown_property, unreadable,
};
use crate::refusal::Refusal;

pub(crate) const FOLDER: Schema = Schema {
    name: "contactFolder",
    properties: &["id", "parentFolderId", "displayName"],
    keeps_id: true,
    page: 10,
    strict_order: false,
};

impl Exchange {
    /// From `contactFolders` on.
    pub(super) fn contact_folder_routes(
        &mut self,
        call: &Call<'_>,
        names: &[&str],
        raw: &[String],
        index: usize,
    ) -> Result<Reply, Refusal> {
        let method = call.request.method.as_str();
        let default = self.mailboxes[index].contact_folder;
        match (names, method) {
            ([], "GET") => return self.list_contact_folders(call, index, default),
            ([], "POST") => return self.create_contact_folder(call, index, default),
            ([], _) => return Err(Refusal::method_not_allowed()),
            (["delta"], "GET") => return self.delta(call, index, DeltaKind::ContactFolders),
            _ => {}
        }
        let folder = self.mailboxes[index].find_contact_folder(&raw[0])?;
        match (&names[1..], method) {
            ([], "GET") => self.contact_folder_reply(call, index, folder, 200),
            ([], "PATCH") => self.patch_contact_folder(call, index, folder),
            ([], "DELETE") => {
                if folder == default {
                    let message = "Distinguished folders cannot be deleted.";
                    return Err(Refusal::new(400, "ErrorDeleteDistinguishedFolder", message));
                }
                self.drop_contact_folder(index, folder, call.now);
                Ok(Reply::empty(204))
            }
            (["contacts", ..], _) => self.contact_routes(call, &names[2..], &raw[2..], index, Some(folder)),
            (["childfolders"], "GET") => self.list_contact_folders(call, index, folder),
            (["childfolders"], "POST") => self.create_contact_folder(call, index, folder),
            (["childfolders", _, ..], _) => {
                let child = self.mailboxes[index].find_contact_folder(&raw[2])?;
                let parent = self.mailboxes[index].contact_folders.get(&child).map(|child| child.parent);
                if parent != Some(folder) {
                    return Err(Refusal::item_not_found());
                }
                self.contact_folder_routes(call, &names[2..], &raw[2..], index)
            }
            ([] | ["childfolders"], _) => Err(Refusal::method_not_allowed()),
            _ => Err(Refusal::unknown_segment(raw.get(1).map_or("", String::as_str))),
        }
    }

    fn list_contact_folders(&self, call: &Call<'_>, index: usize, parent: u64) -> Result<Reply, Refusal> {
        let options = Options::of(call, &FOLDER)?;
        let mailbox = &self.mailboxes[index];
        let folders: Vec<&ContactFolder> =
            mailbox.contact_folders.values().filter(|folder| folder.parent == parent).collect();
        let full = |item: &ContactFolder| folder(mailbox, item);
        let shown = |item: &ContactFolder| {
            let mut object = folder(mailbox, item);
            options.add_extended(&mut object, item.extended.list());
            object
        };
        Ok(reply_json(200, &options.list(call, &below(mailbox, "contactFolders"), folders, full, shown)))
    }

    fn contact_folder_reply(&self, call: &Call<'_>, index: usize, key: u64, status: u16) -> Result<Reply, Refusal> {
        let options = Options::of(call, &FOLDER)?;
        let mailbox = &self.mailboxes[index];
        let mut object = match mailbox.contact_folders.get(&key) {
            Some(item) => folder(mailbox, item),
            None => default_folder(mailbox),
        };
        let extended = mailbox.contact_folders.get(&key).map(|item| item.extended.list()).unwrap_or_default();
        options.add_extended(&mut object, extended);
        Ok(entity(call, status, &below(mailbox, "contactFolders/$entity"), options.cut(object)))
    }

    fn create_contact_folder(&mut self, call: &Call<'_>, index: usize, parent: u64) -> Result<Reply, Refusal> {
        let changes = Changes::read(&call.body()?)?;
        let name = changes.name.ok_or_else(|| unreadable("displayName"))?;
        if self.mailboxes[index].contact_folder_named(parent, &name, None) {
            return Err(folder_exists());
        }
        let key = self.add_contact_folder(index, parent, &name, call.now);
        if let Some(folder) = self.mailboxes[index].contact_folders.get_mut(&key) {
            folder.extended = changes.extended;
        }
        self.contact_folder_reply(call, index, key, 201)
    }

    fn patch_contact_folder(&mut self, call: &Call<'_>, index: usize, key: u64) -> Result<Reply, Refusal> {
        let body = call.body()?;
        let changes = Changes::read(&body)?;
        let mailbox = &self.mailboxes[index];
        // The default folder keeps its name and its place.
        let mut folder = mailbox.contact_folders.get(&key).cloned().ok_or_else(Refusal::access_denied)?;
        if let Some(id) = changes.parent {
            let parent = mailbox.find_contact_folder(&id)?;
            if mailbox.contact_folders_from(key).contains(&parent) {
                let message = "The folder cannot be moved into itself or a folder below it.";
                return Err(Refusal::new(400, "ErrorMoveCopyFailed", message));
            }
            folder.parent = parent;
        }
        if let Some(name) = changes.name {
            folder.display_name = name;
        }
        if mailbox.contact_folder_named(folder.parent, &folder.display_name, Some(key)) {
            return Err(folder_exists());
        }
        if let Some(list) = body.get("singleValueExtendedProperties") {
            folder.extended.apply(list)?;
        }
        self.replace_contact_folder(index, folder, call.now);
        self.contact_folder_reply(call, index, key, 200)
    }
}

/// What a body says about a folder.
struct Changes {
    name: Option<String>,
    parent: Option<String>,
    extended: Extended,
}

impl Changes {
    fn read(body: &Map<String, Value>) -> Result<Self, Refusal> {
        let mut changes = Self { name: None, parent: None, extended: Extended::default() };
        for (name, value) in body {
            match name.as_str() {
                "displayName" => {
                    let text = read_text(name, value)?.filter(|text| !text.trim().is_empty());
                    changes.name = Some(text.ok_or_else(|| unreadable(name))?);
                }
                "parentFolderId" => changes.parent = read_text(name, value)?,
                "singleValueExtendedProperties" => changes.extended.apply(value)?,
                name if name.contains('@') || name == "id" => {}
                name => return Err(unknown_property(name, "Microsoft.OutlookServices.ContactFolder")),
            }
        }
        Ok(changes)
    }
}

fn folder_exists() -> Refusal {
    Refusal::new(409, "ErrorFolderExists", "A folder with the specified name already exists.")
}

pub(crate) fn folder(mailbox: &Mailbox, item: &ContactFolder) -> Object {
    show(mailbox, item.stamp.key, &mailbox.container_id(Kind::ContactFolder, item.parent), &item.display_name)
}

fn default_folder(mailbox: &Mailbox) -> Object {
    let root = mailbox.folder_named("msgfolderroot").map(|root| root.key).unwrap_or_default();
    show(mailbox, mailbox.contact_folder, &mailbox.container_id(Kind::Folder, root), DEFAULT_DISPLAY_NAME)
}

fn show(mailbox: &Mailbox, key: u64, parent: &str, name: &str) -> Object {
    let id = mailbox.container_id(Kind::ContactFolder, key);
    match json!({"id": id, "parentFolderId": parent, "displayName": name}) {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
