//! Mail folders.

use serde_json::{Map, Value};
use sim_kit::Reply;

use super::super::call::{Call, json};
use super::super::mail_view::{self, FOLDER};
use super::super::odata::{Object, Options};
use super::super::{below, entity};
use super::{count, destination};
use crate::model::{Exchange, Extended, Folder, Mailbox, read_flag, unreadable};
use crate::refusal::Refusal;

impl Exchange {
    pub(super) fn list_folders(&self, call: &Call<'_>, index: usize, parent: &str) -> Result<Reply, Refusal> {
        let options = Options::of(call, &FOLDER)?;
        let mailbox = &self.mailboxes[index];
        let key = mailbox.find_folder(parent)?;
        let hidden = wants_hidden(call);
        let folders: Vec<&Folder> = mailbox.children(key, hidden).collect();
        let full = |folder: &Folder| mail_view::folder_for_filter(mailbox, folder);
        let shown = |folder: &Folder| show(mailbox, folder, &options, hidden);
        Ok(json(200, &options.list(call, &below(mailbox, "mailFolders"), folders, full, shown)))
    }

    pub(super) fn count_folders(&self, call: &Call<'_>, index: usize, parent: &str) -> Result<Reply, Refusal> {
        let options = Options::of(call, &FOLDER)?;
        let mailbox = &self.mailboxes[index];
        let folders: Vec<&Folder> = mailbox.children(mailbox.find_folder(parent)?, wants_hidden(call)).collect();
        Ok(count(options.tally(&folders, |folder| mail_view::folder_for_filter(mailbox, folder))))
    }

    pub(super) fn read_folder(&self, call: &Call<'_>, index: usize, id: &str) -> Result<Reply, Refusal> {
        let options = Options::of(call, &FOLDER)?;
        let key = self.mailboxes[index].find_folder(id)?;
        self.folder_reply(call, index, key, 200, &options)
    }

    fn folder_reply(
        &self,
        call: &Call<'_>,
        index: usize,
        key: u64,
        status: u16,
        options: &Options,
    ) -> Result<Reply, Refusal> {
        let mailbox = &self.mailboxes[index];
        let folder = mailbox.folders.get(&key).ok_or_else(Refusal::item_not_found)?;
        let object = options.cut(show(mailbox, folder, options, wants_hidden(call)));
        Ok(entity(call, status, &below(mailbox, "mailFolders/$entity"), object))
    }

    pub(super) fn post_folder(&mut self, call: &Call<'_>, index: usize, parent: &str) -> Result<Reply, Refusal> {
        let parent = self.mailboxes[index].find_folder(parent)?;
        let body = call.body()?;
        let name = read_name(&body)?.ok_or_else(|| {
            Refusal::new(400, "ErrorRequiredPropertyMissing", "Required property is missing., 'DisplayName'")
        })?;
        let hidden = match body.get("isHidden") {
            None | Some(Value::Null) => false,
            Some(hidden) => read_flag("isHidden", hidden)?,
        };
        let mut extended = Extended::default();
        if let Some(properties) = body.get("singleValueExtendedProperties") {
            extended.apply(properties)?;
        }
        let key = self.mailboxes[index].create_folder(parent, name, hidden, extended)?;
        self.folder_reply(call, index, key, 201, &Options::for_type(&FOLDER))
    }

    pub(super) fn patch_folder(&mut self, call: &Call<'_>, index: usize, id: &str) -> Result<Reply, Refusal> {
        let key = self.mailboxes[index].find_folder(id)?;
        let body = call.body()?;
        let name = read_name(&body)?;
        let mailbox = &mut self.mailboxes[index];
        if let Some(properties) = body.get("singleValueExtendedProperties") {
            let mut extended = mailbox.folders.get(&key).map(|folder| folder.extended.clone()).unwrap_or_default();
            extended.apply(properties)?;
            mailbox.change_folder(key, |folder| folder.extended = extended);
        }
        if let Some(name) = name {
            mailbox.rename_folder(key, name)?;
        }
        self.folder_reply(call, index, key, 200, &Options::for_type(&FOLDER))
    }

    pub(super) fn carry_folder(
        &mut self,
        call: &Call<'_>,
        index: usize,
        id: &str,
        copy: bool,
    ) -> Result<Reply, Refusal> {
        let key = self.mailboxes[index].find_folder(id)?;
        let parent = self.mailboxes[index].find_folder(&destination(call)?)?;
        let key = if copy {
            self.copy_folder(index, key, parent, call.now)?
        } else {
            self.mailboxes[index].move_folder(key, parent)?;
            key
        };
        self.folder_reply(call, index, key, 201, &Options::for_type(&FOLDER))
    }
}

fn wants_hidden(call: &Call<'_>) -> bool {
    call.request.param("includeHiddenFolders").is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

fn show(mailbox: &Mailbox, folder: &Folder, options: &Options, hidden: bool) -> Object {
    let mut object = mail_view::folder(mailbox, folder);
    if options.expand_children {
        let children = mailbox.children(folder.key, hidden).map(|child| mail_view::folder(mailbox, child));
        object.insert("childFolders".into(), children.map(Value::Object).collect());
    }
    options.add_extended(&mut object, mail_view::folder_properties(mailbox, folder));
    object
}

fn read_name(body: &Map<String, Value>) -> Result<Option<&str>, Refusal> {
    match body.get("displayName") {
        None => Ok(None),
        Some(name) => {
            let name = name.as_str().ok_or_else(|| unreadable("displayName"))?;
            if name.trim().is_empty() {
                let message = "The folder save operation failed due to invalid property values.";
                return Err(Refusal::new(400, "ErrorFolderSavePropertyError", message));
            }
            Ok(Some(name))
        }
    }
}
