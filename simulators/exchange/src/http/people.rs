//! Users, contacts, categories and settings.

use serde_json::{Map, Value, json};
use sim_kit::Reply;

use super::call::{Call, json as reply_json};
use super::delta::DeltaKind;
use super::odata::{EXTENDED, Object, Options, Schema};
use super::{Path, below, entity};
use crate::model::ids::{self, Kind};
use crate::model::{Contact, Exchange, Mailbox, unreadable};
use crate::refusal::Refusal;

const USER: Schema = Schema {
    name: "user",
    properties: &[
        "id",
        "displayName",
        "givenName",
        "surname",
        "mail",
        "userPrincipalName",
        "businessPhones",
        "jobTitle",
        "mobilePhone",
        "officeLocation",
        "preferredLanguage",
    ],
    keeps_id: false,
    page: 100,
    strict_order: false,
};

const CATEGORY: Schema = Schema {
    name: "outlookCategory",
    properties: &["id", "displayName", "color"],
    keeps_id: true,
    page: 1000,
    strict_order: false,
};

pub(crate) const CONTACT: Schema = Schema {
    name: "contact",
    properties: &[
        "id",
        "changeKey",
        "createdDateTime",
        "lastModifiedDateTime",
        "categories",
        "parentFolderId",
        "birthday",
        "fileAs",
        "displayName",
        "givenName",
        "initials",
        "middleName",
        "nickName",
        "surname",
        "title",
        "imAddresses",
        "jobTitle",
        "companyName",
        "department",
        "officeLocation",
        "profession",
        "assistantName",
        "manager",
        "homePhones",
        "mobilePhone",
        "businessPhones",
        "spouseName",
        "personalNotes",
        "children",
        "emailAddresses",
        "homeAddress",
        "businessAddress",
        "otherAddress",
    ],
    keeps_id: true,
    page: 10,
    strict_order: false,
};

impl Exchange {
    pub(crate) fn users(&self, call: &Call<'_>) -> Result<Reply, Refusal> {
        if !call.is("GET") {
            return Err(Refusal::method_not_allowed());
        }
        let options = Options::of(call, &USER)?;
        let users: Vec<&Mailbox> = self.mailboxes.iter().collect();
        Ok(reply_json(200, &options.list(call, "users", users, user, user)))
    }

    pub(crate) fn directory_user(&self, name: &str) -> Result<usize, Refusal> {
        self.mailbox_of(name).ok_or_else(|| {
            let message = format!(
                "Resource '{name}' does not exist or one of its queried reference-property objects are not present."
            );
            Refusal::new(404, "Request_ResourceNotFound", message)
        })
    }

    pub(crate) fn user_entity(&self, call: &Call<'_>, index: usize) -> Result<Reply, Refusal> {
        if !call.is("GET") {
            return Err(Refusal::method_not_allowed());
        }
        let options = Options::of(call, &USER)?;
        Ok(entity(call, 200, "users/$entity", options.cut(user(&self.mailboxes[index]))))
    }

    pub(crate) fn people_routes(&mut self, call: &Call<'_>, path: &Path, index: usize) -> Result<Reply, Refusal> {
        let names = path.names();
        match (names.as_slice(), call.request.method.as_str()) {
            (["contacts"], "GET") => self.list_contacts(call, index),
            (["contacts", "delta"], "GET") => {
                let folder = self.mailboxes[index].contact_folder;
                self.delta(call, index, DeltaKind::Contacts(folder))
            }
            (["contacts", _], "GET") => {
                let options = Options::of(call, &CONTACT)?;
                let mailbox = &self.mailboxes[index];
                let item = mailbox.find::<Contact>(&path.raw[1])?;
                let mut object = contact(mailbox, item, call.prefer.immutable);
                options.add_extended(&mut object, item.extended.list());
                let reply = entity(call, 200, &below(mailbox, "contacts/$entity"), options.cut(object));
                Ok(reply.header("etag", &mailbox.etag(&item.stamp)))
            }
            (["outlook", "mastercategories"], "GET") => self.list_categories(call, index),
            (["outlook", "mastercategories"], "POST") => self.create_category(call, index),
            (["mailboxsettings"], "GET") => {
                let mailbox = &self.mailboxes[index];
                Ok(entity(call, 200, &below(mailbox, "mailboxSettings"), settings(mailbox)))
            }
            (["mailboxsettings", "timezone"], "GET") => {
                let mailbox = &self.mailboxes[index];
                let mut object = Object::new();
                object.insert("value".into(), mailbox.time_zone.clone().into());
                Ok(entity(call, 200, &below(mailbox, "mailboxSettings/timeZone"), object))
            }
            (["contacts" | "mailboxsettings" | "outlook"] | ["contacts", _] | ["outlook", "mastercategories"], _) => {
                Err(Refusal::method_not_allowed())
            }
            (["contacts", _, ..], _) => Err(Refusal::unknown_segment(&path.raw[2])),
            _ => Err(Refusal::unknown_segment(path.raw.get(1).map_or("", String::as_str))),
        }
    }

    fn list_contacts(&self, call: &Call<'_>, index: usize) -> Result<Reply, Refusal> {
        let options = Options::of(call, &CONTACT)?;
        let mailbox = &self.mailboxes[index];
        let contacts: Vec<&Contact> = mailbox.contacts.values().collect();
        let full = |item: &Contact| for_filter(mailbox, item);
        let shown = |item: &Contact| {
            let mut object = contact(mailbox, item, call.prefer.immutable);
            options.add_extended(&mut object, item.extended.list());
            object
        };
        Ok(reply_json(200, &options.list(call, &below(mailbox, "contacts"), contacts, full, shown)))
    }

    fn list_categories(&self, call: &Call<'_>, index: usize) -> Result<Reply, Refusal> {
        let options = Options::of(call, &CATEGORY)?;
        let mailbox = &self.mailboxes[index];
        let show = |category: &Value| category.as_object().cloned().unwrap_or_default();
        let categories: Vec<&Value> = mailbox.categories.iter().collect();
        let context = below(mailbox, "outlook/masterCategories");
        Ok(reply_json(200, &options.list(call, &context, categories, show, show)))
    }

    fn create_category(&mut self, call: &Call<'_>, index: usize) -> Result<Reply, Refusal> {
        let body = call.body()?;
        let name = body.get("displayName").and_then(Value::as_str).filter(|name| !name.trim().is_empty());
        let name = name.ok_or_else(|| unreadable("displayName"))?;
        let color = match body.get("color") {
            None | Some(Value::Null) => "none".to_owned(),
            Some(color) => read_color(color)?,
        };
        let mailbox = &mut self.mailboxes[index];
        let taken = mailbox.categories.iter().any(|category| {
            category.get("displayName").and_then(Value::as_str).is_some_and(|other| other.eq_ignore_ascii_case(name))
        });
        if taken {
            let message = "A category with the specified name already exists.";
            return Err(Refusal::new(409, "ErrorDuplicateCategory", message));
        }
        let category = json!({"id": ids::guid(&[&mailbox.id, "category", name]), "displayName": name, "color": color});
        mailbox.categories.push(category.clone());
        let object = category.as_object().cloned().unwrap_or_default();
        Ok(entity(call, 201, &below(mailbox, "outlook/masterCategories/$entity"), object))
    }
}

fn read_color(color: &Value) -> Result<String, Refusal> {
    let text = color.as_str().ok_or_else(|| unreadable("color"))?.to_ascii_lowercase();
    let preset =
        text.strip_prefix("preset").and_then(|number| number.parse::<u8>().ok()).is_some_and(|number| number <= 24);
    if preset || text == "none" {
        return Ok(text);
    }
    Err(Refusal::unreadable(format!("Requested value '{text}' was not found.")))
}

fn user(mailbox: &Mailbox) -> Object {
    let (given, family) = mailbox.display_name.split_once(' ').unwrap_or((&mailbox.display_name, ""));
    let user = json!({
        "businessPhones": [], "displayName": mailbox.display_name, "givenName": given, "jobTitle": null,
        "mail": mailbox.address, "mobilePhone": null, "officeLocation": null, "preferredLanguage": null,
        "surname": family, "userPrincipalName": mailbox.address, "id": mailbox.id,
    });
    match user {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// A contact with all its properties, those that nobody set empty.
pub(crate) fn contact(mailbox: &Mailbox, item: &Contact, immutable: bool) -> Object {
    const LISTS: [&str; 6] =
        ["categories", "imAddresses", "homePhones", "businessPhones", "children", "emailAddresses"];
    const PLACES: [&str; 3] = ["homeAddress", "businessAddress", "otherAddress"];
    let mut map = Object::new();
    for name in CONTACT.properties {
        let empty = match *name {
            name if LISTS.contains(&name) => json!([]),
            name if PLACES.contains(&name) => json!({}),
            "personalNotes" => "".into(),
            _ => Value::Null,
        };
        map.insert((*name).to_owned(), empty);
    }
    map.extend(item.fields.clone());
    let text = |name: &str| item.fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (given, family) = (text("givenName"), text("surname"));
    if text("displayName").is_none() {
        let name = [given, text("middleName"), family].into_iter().flatten().collect::<Vec<_>>().join(" ");
        map.insert("displayName".into(), name.into());
    }
    if text("fileAs").is_none() {
        let name = [family, given].into_iter().flatten().collect::<Vec<_>>().join(", ");
        map.insert("fileAs".into(), name.into());
    }
    map.insert("parentFolderId".into(), mailbox.container_id(Kind::Folder, mailbox.contact_folder).into());
    map.extend(mailbox.head(item, immutable));
    map
}

/// The contact as filters see it.
pub(crate) fn for_filter(mailbox: &Mailbox, item: &Contact) -> Object {
    let mut map = contact(mailbox, item, false);
    map.insert(EXTENDED.into(), item.extended.list().into());
    map
}

fn settings(mailbox: &Mailbox) -> Object {
    let settings = json!({
        "archiveFolder": mailbox.folder_named("archive").map(|folder| mailbox.container_id(Kind::Folder, folder.key)),
        "timeZone": mailbox.time_zone, "language": {"locale": "en-US", "displayName": "English (United States)"},
        "dateFormat": "yyyy-MM-dd", "timeFormat": "HH:mm", "userPurpose": "user",
        "delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly",
        "automaticRepliesSetting": {
            "status": "disabled", "externalAudience": "all",
            "internalReplyMessage": "", "externalReplyMessage": "",
            "scheduledStartDateTime": {"dateTime": "2026-01-01T00:00:00.0000000", "timeZone": "UTC"},
            "scheduledEndDateTime": {"dateTime": "2026-01-02T00:00:00.0000000", "timeZone": "UTC"},
        },
        "workingHours": {
            "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"],
            "startTime": "08:00:00.0000000", "endTime": "17:00:00.0000000",
            "timeZone": {"name": mailbox.time_zone},
        },
    });
    match settings {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
