//! Mail folders, calendars, contact folders and task lists.

use std::collections::BTreeSet;

use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Value, json};
use syncline_core::ids::RemoteId;
use syncline_ports::{ErrorKind, Folder, Folders, Holds, PortError};

use crate::Exchange;
use crate::batch::{BATCH_LIMIT, Part};
use crate::client::encoded;
use crate::contacts::DEFAULT_FOLDER;
use crate::failure::Purpose;
use crate::pages::TOP;
use crate::row::{Problem, Row};

/// Folders below which the tree of contact folders is looked through. What is deeper nobody sees in Outlook
/// either.
pub const DEPTH_LIMIT: usize = 10;
/// Rows of a page of the delta query that shows the whole tree of mail folders.
const PAGE_ROWS: u32 = 200;

/// The mail folders that Exchange makes and keeps, by Graph's well-known names; the first is the inbox.
const FIXED: [&str; 9] =
    ["inbox", "drafts", "sentitems", "deleteditems", "junkemail", "archive", "outbox", "conversationhistory", ROOT];
/// What all mail folders are in; it is none itself.
const ROOT: &str = "msgfolderroot";

#[async_trait]
impl Folders for Exchange {
    async fn list(&self, holds: Holds) -> Result<Vec<Folder>, PortError> {
        match holds {
            Holds::Mail => self.mail_folders().await,
            Holds::Events => self.flat(holds, "graph.list_calendars").await,
            Holds::Contacts => self.contact_folders().await,
            Holds::Tasks => self.flat(holds, "graph.list_task_lists").await,
        }
    }

    async fn create(&self, holds: Holds, parent: Option<&RemoteId>, name: &str) -> Result<Folder, PortError> {
        const OP: &str = "graph.create_folder";
        let path =
            siblings_path(holds, parent).ok_or_else(|| PortError::new(ErrorKind::Rejected, OP).code("NoDepth"))?;
        if let Some(there) = self.named(holds, parent, &path, name).await? {
            return Ok(there);
        }
        let body = json!({ name_property(holds): name });
        let error = match self.client.send(OP, Purpose::Write, Method::POST, &path, Some(&body)).await {
            Ok(made) => match folder(holds, &made) {
                Ok(made) => return Ok(Folder { parent: parent.cloned(), ..made }),
                Err(Problem(problem)) => PortError::new(ErrorKind::Unknown, OP).because(problem),
            },
            Err(error) => error,
        };
        // Somebody else was faster, or the answer was lost: then it is there now.
        match error.kind {
            ErrorKind::Rejected | ErrorKind::Conflict | ErrorKind::Unknown => {
                self.named(holds, parent, &path, name).await?.ok_or(error)
            }
            _ => Err(error),
        }
    }

    async fn rename(&self, holds: Holds, id: &RemoteId, name: &str) -> Result<(), PortError> {
        let body = json!({ name_property(holds): name });
        let path = path(holds, id);
        self.client.send("graph.rename_folder", Purpose::Write, Method::PATCH, &path, Some(&body)).await?;
        Ok(())
    }

    async fn delete(&self, holds: Holds, id: &RemoteId) -> Result<(), PortError> {
        let path = path(holds, id);
        match self.client.send("graph.delete_folder", Purpose::Write, Method::DELETE, &path, None).await {
            Err(error) if error.kind != ErrorKind::Gone => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// All that can be moved is moved before a failure is told; moving again what was moved does no harm.
    async fn move_mails(&self, mails: &[RemoteId], to: &RemoteId) -> Result<Vec<Option<RemoteId>>, PortError> {
        const OP: &str = "graph.move_mails";
        // A part of the batch says the same of a missing mail and a missing folder.
        let target = format!("{}?$select=id", path(Holds::Mail, to));
        self.client.send(OP, Purpose::Read, Method::GET, &target, None).await?;
        let mut moved = Vec::with_capacity(mails.len());
        let mut failure = None;
        for chunk in mails.chunks(BATCH_LIMIT) {
            let part = |mail: &RemoteId| Part {
                method: Method::POST,
                path: format!("/me/messages/{}/move", encoded(mail.as_str())),
                if_match: None,
                body: Some(json!({ "destinationId": to.as_str() })),
            };
            let parts: Vec<Part> = chunk.iter().map(part).collect();
            for (mail, answer) in chunk.iter().zip(self.client.batch(OP, Purpose::Write, &parts).await?) {
                match answer {
                    Ok(body) => {
                        let id = body.get("id").and_then(Value::as_str).map_or_else(|| mail.clone(), RemoteId::new);
                        moved.push(Some(id));
                    }
                    Err(part) if part.kind(Purpose::Write) == ErrorKind::Gone => moved.push(None),
                    Err(part) => failure = failure.or(Some(part.into_error(Purpose::Write, OP))),
                }
            }
        }
        failure.map_or(Ok(moved), Err)
    }
}

impl Exchange {
    async fn mail_folders(&self) -> Result<Vec<Folder>, PortError> {
        const OP: &str = "graph.list_mail_folders";
        let fixed = self.fixed_mail_folders(OP).await?;
        let root = fixed.iter().find(|(name, _)| *name == ROOT).map(|(_, id)| id.clone());
        let rows =
            self.client.whole_round(OP, "/me/mailFolders/delta?$select=displayName,parentFolderId,isHidden", PAGE_ROWS);
        let folders = understood(OP, Holds::Mail, &rows.await?);
        let folders: Vec<Folder> = folders.into_iter().filter(|folder| Some(&folder.id) != root.as_ref()).collect();
        Ok(settled(folders.into_iter().map(|folder| with_standing(folder, &fixed)).collect()))
    }

    /// Which of the usual folders this mailbox has, and their ids.
    async fn fixed_mail_folders(&self, op: &'static str) -> Result<Vec<(&'static str, RemoteId)>, PortError> {
        let parts = FIXED.map(|name| Part::get(format!("/me/mailFolders/{name}?$select=id")));
        let mut found = Vec::new();
        for (name, answer) in FIXED.into_iter().zip(self.client.batch(op, Purpose::Read, &parts).await?) {
            match answer {
                Ok(body) => found.extend(body.get("id").and_then(Value::as_str).map(|id| (name, RemoteId::new(id)))),
                // A mailbox does not have all of them.
                Err(part) if matches!(part.kind(Purpose::Read), ErrorKind::Gone | ErrorKind::Rejected) => {}
                Err(part) => return Err(part.into_error(Purpose::Read, op)),
            }
        }
        Ok(found)
    }

    /// The default folder, and the tree below it, which Graph's own list leaves it out of.
    async fn contact_folders(&self) -> Result<Vec<Folder>, PortError> {
        const OP: &str = "graph.list_contact_folders";
        let default = path(Holds::Contacts, &RemoteId::new(DEFAULT_FOLDER));
        let default = self.client.send(OP, Purpose::Read, Method::GET, &default, None).await?;
        let mut folders = understood(OP, Holds::Contacts, &[default]);
        for folder in &mut folders {
            (folder.is_default, folder.is_fixed) = (true, true);
        }
        let top = format!("/me/contactFolders?{TOP}");
        let mut level = understood(OP, Holds::Contacts, &self.client.all(OP, &top).await?);
        let mut seen: BTreeSet<RemoteId> = folders.iter().map(|folder| folder.id.clone()).collect();
        for _ in 0..DEPTH_LIMIT {
            level.retain(|folder| seen.insert(folder.id.clone()));
            let mut below = Vec::new();
            for folder in &level {
                let children = format!("{}/childFolders?{TOP}", path(Holds::Contacts, &folder.id));
                below.extend(understood(OP, Holds::Contacts, &self.client.all(OP, &children).await?));
            }
            folders.append(&mut level);
            level = below;
        }
        // The default folder is their top: what is right below it is below nothing that could be chosen.
        let default = folders.iter().find(|folder| folder.is_default).map(|folder| folder.id.clone());
        for folder in &mut folders {
            if folder.parent == default {
                folder.parent = None;
            }
        }
        Ok(settled(folders))
    }

    async fn flat(&self, holds: Holds, op: &'static str) -> Result<Vec<Folder>, PortError> {
        let path = siblings_path(holds, None).unwrap_or_default();
        let rows = self.client.all(op, &format!("{path}?{TOP}")).await?;
        Ok(understood(op, holds, &rows))
    }

    /// The folder of that name below that parent, if there is one. Exchange minds no case in names.
    async fn named(
        &self,
        holds: Holds,
        parent: Option<&RemoteId>,
        path: &str,
        name: &str,
    ) -> Result<Option<Folder>, PortError> {
        const OP: &str = "graph.find_folder";
        let rows = self.client.all(OP, &format!("{path}?{TOP}")).await?;
        let wanted = name.to_lowercase();
        let found = understood(OP, holds, &rows).into_iter().find(|folder| folder.name.to_lowercase() == wanted);
        let Some(folder) = found.map(|folder| Folder { parent: parent.cloned(), ..folder }) else {
            return Ok(None);
        };
        match holds {
            Holds::Mail => Ok(Some(with_standing(folder, &self.fixed_mail_folders(OP).await?))),
            Holds::Events | Holds::Contacts | Holds::Tasks => Ok(Some(folder)),
        }
    }
}

/// Says of a mail folder whether it is one of the usual ones.
fn with_standing(folder: Folder, fixed: &[(&str, RemoteId)]) -> Folder {
    let standing = fixed.iter().find(|(_, id)| *id == folder.id).map(|(name, _)| *name);
    Folder { is_default: standing == Some(FIXED[0]), is_fixed: standing.is_some(), ..folder }
}

/// A parent that is not among the folders is the top.
fn settled(mut folders: Vec<Folder>) -> Vec<Folder> {
    let ids: BTreeSet<RemoteId> = folders.iter().map(|folder| folder.id.clone()).collect();
    for folder in &mut folders {
        folder.parent = folder.parent.take().filter(|parent| ids.contains(parent));
    }
    folders
}

/// The folders that can be understood; the others are told of and left out.
fn understood(op: &'static str, holds: Holds, rows: &[Value]) -> Vec<Folder> {
    let mut folders = Vec::with_capacity(rows.len());
    for row in rows.iter().filter(|row| !is_hidden(row)) {
        match folder(holds, row) {
            Ok(folder) => folders.push(folder),
            Err(Problem(problem)) => tracing::warn!(op, problem, "unreadable"),
        }
    }
    folders
}

/// Hidden folders are programs' own, and search folders hold nothing themselves.
fn is_hidden(row: &Value) -> bool {
    let kind = row.get("@odata.type").and_then(Value::as_str).unwrap_or_default();
    row.get("isHidden").and_then(Value::as_bool).unwrap_or_default() || kind.eq_ignore_ascii_case(SEARCH_FOLDER)
}

const SEARCH_FOLDER: &str = "#microsoft.graph.mailSearchFolder";

fn folder(holds: Holds, value: &Value) -> Result<Folder, Problem> {
    let row = Row::of(value)?;
    let id = row.text("id")?.filter(|id| !id.is_empty()).ok_or_else(|| Problem::missing("id"))?;
    let (is_default, is_fixed) = match holds {
        // What Graph shows of these says nothing about it.
        Holds::Mail | Holds::Contacts => (false, false),
        Holds::Events => {
            let is_default = row.flag("isDefaultCalendar")?.unwrap_or_default();
            (is_default, is_default || row.flag("isRemovable")? == Some(false))
        }
        Holds::Tasks => {
            let standing = row.text("wellknownListName")?.unwrap_or("none").to_ascii_lowercase();
            (standing == "defaultlist", standing != "none")
        }
    };
    let parent = row.text("parentFolderId")?.filter(|id| !id.is_empty()).map(RemoteId::new);
    Ok(Folder { id: RemoteId::new(id), parent, name: row.string(name_property(holds))?, is_default, is_fixed })
}

fn name_property(holds: Holds) -> &'static str {
    match holds {
        Holds::Events => "name",
        Holds::Mail | Holds::Contacts | Holds::Tasks => "displayName",
    }
}

/// Where the folders below a parent are listed and made. Calendars and task lists have nothing below them.
fn siblings_path(holds: Holds, parent: Option<&RemoteId>) -> Option<String> {
    match (holds, parent) {
        (Holds::Mail | Holds::Contacts, Some(parent)) => Some(format!("{}/childFolders", path(holds, parent))),
        (Holds::Events | Holds::Tasks, Some(_)) => None,
        (_, None) => Some(all_path(holds).to_owned()),
    }
}

fn path(holds: Holds, id: &RemoteId) -> String {
    format!("{}/{}", all_path(holds), encoded(id.as_str()))
}

fn all_path(holds: Holds) -> &'static str {
    match holds {
        Holds::Mail => "/me/mailFolders",
        Holds::Events => "/me/calendars",
        Holds::Contacts => "/me/contactFolders",
        Holds::Tasks => "/me/todo/lists",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(holds: Holds, value: &Value) -> (bool, bool, String) {
        let folder = folder(holds, value).unwrap();
        (folder.is_default, folder.is_fixed, folder.name)
    }

    #[test]
    fn each_kind_of_folder_says_in_its_own_way_what_it_is() {
        for (holds, value, is_default, is_fixed) in [
            (
                Holds::Events,
                json!({"id": "1", "name": "N", "isDefaultCalendar": true, "isRemovable": false}),
                true,
                true,
            ),
            (
                Holds::Events,
                json!({"id": "1", "name": "N", "isDefaultCalendar": false, "isRemovable": true}),
                false,
                false,
            ),
            (
                Holds::Events,
                json!({"id": "1", "name": "N", "isDefaultCalendar": false, "isRemovable": false}),
                false,
                true,
            ),
            (Holds::Events, json!({"id": "1", "name": "N"}), false, false),
            (Holds::Tasks, json!({"id": "1", "displayName": "N", "wellknownListName": "defaultList"}), true, true),
            (Holds::Tasks, json!({"id": "1", "displayName": "N", "wellknownListName": "flaggedEmails"}), false, true),
            (Holds::Tasks, json!({"id": "1", "displayName": "N", "wellknownListName": "none"}), false, false),
            (Holds::Tasks, json!({"id": "1", "displayName": "N"}), false, false),
            (Holds::Mail, json!({"id": "1", "displayName": "N"}), false, false),
            (Holds::Contacts, json!({"id": "1", "displayName": "N"}), false, false),
        ] {
            assert_eq!(read(holds, &value), (is_default, is_fixed, "N".into()), "{holds:?} {value}");
        }
    }

    #[test]
    fn a_folder_that_cannot_be_read_does_not_hide_the_others() {
        let rows = [
            json!({"displayName": "nameless"}),
            json!({"id": "1", "displayName": 7}),
            json!({"id": "2", "displayName": "Hidden", "isHidden": true}),
            json!({"id": "3", "displayName": "Unread", "@odata.type": "#microsoft.graph.mailSearchFolder"}),
            json!({"id": "4", "displayName": "Good", "parentFolderId": "elsewhere"}),
        ];
        let folders = settled(understood("t", Holds::Mail, &rows));
        let [good] = &folders[..] else { panic!("{folders:?}") };
        assert_eq!((good.id.as_str(), good.parent.as_ref()), ("4", None));
    }

    #[test]
    fn only_mail_and_contact_folders_have_depth() {
        let parent = RemoteId::new("p=");
        for (holds, at_top, below) in [
            (Holds::Mail, "/me/mailFolders", Some("/me/mailFolders/p%3D/childFolders")),
            (Holds::Contacts, "/me/contactFolders", Some("/me/contactFolders/p%3D/childFolders")),
            (Holds::Events, "/me/calendars", None),
            (Holds::Tasks, "/me/todo/lists", None),
        ] {
            assert_eq!(siblings_path(holds, None).as_deref(), Some(at_top));
            assert_eq!(siblings_path(holds, Some(&parent)).as_deref(), below);
        }
    }
}
