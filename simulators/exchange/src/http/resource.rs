//! What a subscription follows: its resource, read and found.

use percent_encoding::percent_decode_str;

use super::call::{Call, Caller};
use super::odata::{self, read_filter};
use super::{Path, notify};
use crate::model::Exchange;
use crate::model::ids::Kind;
use crate::refusal::Refusal;

/// What a subscription follows.
pub(crate) struct Target {
    pub(crate) mailbox: usize,
    pub(crate) kind: Kind,
    pub(crate) scope: Option<u64>,
    pub(crate) filter: Option<String>,
    pub(crate) select: Option<Vec<String>>,
}

impl Exchange {
    /// Reads `me/events`, `users/{id}/mailFolders('inbox')/messages` and their like.
    pub(crate) fn target(&self, call: &Call<'_>, resource: &str) -> Result<Target, Refusal> {
        let unsupported = || extension(&Refusal::bad_request("Invalid resource specified in payload"));
        let (path, query) = resource.split_once('?').unwrap_or((resource, ""));
        let decoded = path.split('/').filter(|part| !part.is_empty());
        let decoded = decoded.map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned());
        let segments: Vec<String> = decoded.collect();
        let path = Path::of(&segments);
        let names = path.names();
        let (mailbox, rest, at) = match names.as_slice() {
            ["me", rest @ ..] => match call.caller {
                Caller::User(user) => (user, rest, 1),
                Caller::App => {
                    return Err(Refusal::bad_request("/me request is only valid with delegated authentication flow."));
                }
            },
            ["users", _, rest @ ..] => {
                let nobody = || {
                    let message = format!("The requested user '{}' is invalid.", path.raw[1]);
                    extension(&Refusal::new(404, "ErrorInvalidUser", message))
                };
                (self.mailbox_of(&path.raw[1]).ok_or_else(nobody)?, rest, 2)
            }
            _ => return Err(unsupported()),
        };
        self.usable(call, mailbox).map_err(|refusal| extension(&refusal))?;
        self.readable(call.request, rest)?;
        let here = &self.mailboxes[mailbox];
        let id = |place: usize| path.raw.get(at + place).map_or("", String::as_str);
        let (kind, scope) = match rest {
            ["events"] => (Kind::Event, None),
            ["calendar", "events"] => (Kind::Event, Some(here.calendar)),
            ["calendars", _, "events"] => {
                (Kind::Event, Some(here.find_calendar(id(1)).map_err(|refusal| extension(&refusal))?))
            }
            ["messages"] => (Kind::Message, None),
            ["mailfolders", .., "messages"] if is_folder_path(rest) => {
                let folder = here.find_folder(id(rest.len() - 2)).map_err(|refusal| extension(&refusal))?;
                (Kind::Message, Some(folder))
            }
            ["contacts"] => (Kind::Contact, None),
            ["contactfolders", .., "contacts"] if is_folder_path(rest) => {
                let folder = here.find_contact_folder(id(rest.len() - 2)).map_err(|refusal| extension(&refusal))?;
                (Kind::Contact, Some(folder))
            }
            ["todo", "lists", _, "tasks"] => {
                (Kind::Task, Some(here.find_task_list(id(2)).map_err(|refusal| extension(&refusal))?.stamp.key))
            }
            _ => return Err(unsupported()),
        };
        let (filter, select) = (option(query, "$filter"), option(query, "$select"));
        if let Some(text) = &filter {
            read_filter(text, notify::schema(kind))?;
        }
        let select = select.map(|text| odata::select(&text, notify::schema(kind))).transpose()?.flatten();
        Ok(Target { mailbox, kind, scope, filter, select })
    }
}

/// `mailfolders/{id}`, `childfolders/{id}` as often as one likes, and then what is in there.
fn is_folder_path(names: &[&str]) -> bool {
    !names.len().is_multiple_of(2)
        && names
            .iter()
            .enumerate()
            .skip(2)
            .step_by(2)
            .all(|(at, name)| at + 1 == names.len() || *name == "childfolders")
}

/// A query option of a resource.
fn option(query: &str, wanted: &str) -> Option<String> {
    query.split('&').find_map(|part| {
        let (name, value) = part.split_once('=')?;
        let name = percent_decode_str(name).decode_utf8_lossy();
        name.eq_ignore_ascii_case(wanted)
            .then(|| percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned())
    })
}

/// What another service refused while the subscription was made.
pub(crate) fn extension(refusal: &Refusal) -> Refusal {
    let status = match refusal.status {
        403 => "Forbidden",
        404 => "NotFound",
        _ => "BadRequest",
    };
    let message = format!("Operation: Create; Exception: [Status Code: {status}; Reason: {}]", refusal.message);
    Refusal::new(refusal.status, "ExtensionError", message)
}
