//! The people in a mailbox's address book, and how one is read from a client's JSON.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::changes::touch;
use super::ids::Kind;
use super::values::{Blob, read_text, read_words, unknown_property};
use super::{ChangeKind, Exchange, Extended, Stamp, instant, stamp_text, unreadable};
use crate::refusal::Refusal;

/// A person in the mailbox's address book.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Contact {
    pub(crate) stamp: Stamp,
    pub(crate) fields: Map<String, Value>,
    pub(crate) extended: Extended,
    pub(crate) photo: Option<Photo>,
    /// The key of the event of the birthday.
    pub(super) birthday_event: Option<u64>,
}

/// A picture, as it was uploaded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Photo {
    pub(crate) content_type: String,
    pub(crate) bytes: Blob,
}

/// The properties that are one text.
const TEXTS: [&str; 23] = [
    "fileAs",
    "displayName",
    "givenName",
    "initials",
    "middleName",
    "nickName",
    "surname",
    "title",
    "yomiGivenName",
    "yomiSurname",
    "yomiCompanyName",
    "generation",
    "jobTitle",
    "companyName",
    "department",
    "officeLocation",
    "profession",
    "businessHomePage",
    "assistantName",
    "manager",
    "mobilePhone",
    "spouseName",
    "personalNotes",
];

/// The properties that are lists of texts: their names, the store's names, and how many it holds.
const LISTS: [(&str, &str, usize); 5] = [
    ("businessPhones", "BusinessPhones", 2),
    ("homePhones", "HomePhones", 2),
    ("imAddresses", "ImAddresses", 3),
    ("children", "Children", usize::MAX),
    ("categories", "Categories", usize::MAX),
];

const MAX_ADDRESSES: usize = 3;
const PLACES: [&str; 3] = ["homeAddress", "businessAddress", "otherAddress"];
const PLACE_PARTS: [&str; 5] = ["street", "city", "state", "countryOrRegion", "postalCode"];
/// Writing these changes nothing and is no error; the folder is changed by a move.
const READ_ONLY: [&str; 6] = ["id", "changeKey", "createdDateTime", "lastModifiedDateTime", "parentFolderId", "photo"];
/// A change of one of these makes the names that are derived from them anew.
const NAME_PARTS: [&str; 4] = ["givenName", "middleName", "surname", "companyName"];

const TYPE_NAME: &str = "Microsoft.OutlookServices.Contact";

impl Contact {
    /// Takes over the properties of a POST or PATCH.
    pub(crate) fn apply(&mut self, body: &Map<String, Value>) -> Result<(), Refusal> {
        for (name, value) in body {
            if let Some((_, store_name, most)) = LISTS.iter().find(|(list, _, _)| list == name) {
                let words = read_words(name, value)?;
                check_count(store_name, words.len(), *most)?;
                self.fields.insert(name.clone(), words.into());
                continue;
            }
            match name.as_str() {
                name if TEXTS.contains(&name) => {
                    self.fields.insert(name.to_owned(), read_text(name, value)?.into());
                }
                "emailAddresses" => {
                    self.fields.insert(name.clone(), read_addresses(value)?.into());
                }
                "birthday" => {
                    self.fields.insert(name.clone(), read_birthday(value)?);
                }
                name if PLACES.contains(&name) => self.read_place(name, value)?,
                "singleValueExtendedProperties" => self.extended.apply(value)?,
                name if name.contains('@') || READ_ONLY.contains(&name) => {}
                name => return Err(unknown_property(name, TYPE_NAME)),
            }
        }
        self.derive_names(body);
        Ok(())
    }

    /// A part that is not named keeps its value.
    fn read_place(&mut self, name: &str, value: &Value) -> Result<(), Refusal> {
        if value.is_null() {
            self.fields.insert(name.to_owned(), json!({}));
            return Ok(());
        }
        let given = value.as_object().ok_or_else(|| unreadable(name))?;
        let mut place = self.fields.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
        for (part, value) in given.iter().filter(|(part, _)| !part.contains('@')) {
            if !PLACE_PARTS.contains(&part.as_str()) {
                return Err(unknown_property(part, "Microsoft.OutlookServices.PhysicalAddress"));
            }
            match read_text(part, value)? {
                Some(text) => place.insert(part.clone(), text.into()),
                None => place.remove(part),
            };
        }
        self.fields.insert(name.to_owned(), place.into());
        Ok(())
    }

    /// The display name and the name to file under: what was written, else made from the other names.
    fn derive_names(&mut self, body: &Map<String, Value>) {
        let renamed = NAME_PARTS.iter().any(|part| body.contains_key(*part));
        for (name, derived) in [("displayName", self.full_name()), ("fileAs", self.filing_name())] {
            let written = body.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
            let missing = self.text(name).is_none();
            if !written && (missing || renamed) {
                self.fields.insert(name.to_owned(), derived.into());
            }
        }
    }

    fn full_name(&self) -> String {
        let names: Vec<&str> =
            ["givenName", "middleName", "surname"].iter().filter_map(|name| self.text(name)).collect();
        if names.is_empty() { self.text("companyName").unwrap_or_default().to_owned() } else { names.join(" ") }
    }

    fn filing_name(&self) -> String {
        let given: Vec<&str> = ["givenName", "middleName"].iter().filter_map(|name| self.text(name)).collect();
        let given = given.join(" ");
        let names: Vec<&str> = [self.text("surname"), Some(given.as_str())]
            .into_iter()
            .flatten()
            .filter(|name| !name.is_empty())
            .collect();
        if names.is_empty() { self.text("companyName").unwrap_or_default().to_owned() } else { names.join(", ") }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }
}

fn check_count(store_name: &str, count: usize, most: usize) -> Result<(), Refusal> {
    if count <= most {
        return Ok(());
    }
    let message = format!(
        "The multi value property {store_name} has {count} entries, that exceeds the max allowed value of {most}"
    );
    Err(Refusal::new(400, "ErrorInvalidRequest", message))
}

fn read_addresses(value: &Value) -> Result<Vec<Value>, Refusal> {
    let Some(list) = value.as_array() else {
        return if value.is_null() { Ok(Vec::new()) } else { Err(unreadable("emailAddresses")) };
    };
    check_count("EmailAddresses", list.len(), MAX_ADDRESSES)?;
    list.iter().map(read_address).collect()
}

fn read_address(value: &Value) -> Result<Value, Refusal> {
    let given = value.as_object().ok_or_else(|| unreadable("emailAddresses"))?;
    let part = |name: &str| given.get(name).map_or(Ok(None), |value| read_text(name, value));
    if let Some(name) = given.keys().find(|name| !name.contains('@') && *name != "name" && *name != "address") {
        return Err(unknown_property(name, "Microsoft.OutlookServices.EmailAddress"));
    }
    let (name, address) = (part("name")?.filter(|name| !name.is_empty()), part("address")?);
    let name = name.or_else(|| address.clone());
    Ok(json!({"name": name, "address": address}))
}

fn read_birthday(value: &Value) -> Result<Value, Refusal> {
    match read_text("birthday", value)? {
        None => Ok(Value::Null),
        Some(text) => instant(&text).map(|at| stamp_text(at).into()).ok_or_else(|| unreadable("birthday")),
    }
}

impl Exchange {
    /// Puts a new contact into a folder and returns its key.
    pub(crate) fn add_contact_to(
        &mut self,
        index: usize,
        folder: u64,
        body: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<u64, Refusal> {
        let mut contact = Contact {
            // A refused contact leaves no trace: the real stamp is taken at the end.
            stamp: Stamp { key: 0, scope: folder, generation: 0, version: 0, born: 0, created: now, modified: now },
            fields: Map::new(),
            extended: Extended::default(),
            photo: None,
            birthday_event: None,
        };
        contact.apply(body)?;
        contact.stamp = self.mailboxes[index].stamp(folder, now);
        let stamp = contact.stamp.clone();
        self.keep_birthday(index, &mut contact, None, now);
        self.mailboxes[index].contacts.insert(stamp.key, contact);
        self.note(index, Kind::Contact, ChangeKind::Created, stamp.clone());
        Ok(stamp.key)
    }

    /// Replaces a contact by its next version.
    pub(crate) fn replace_contact(&mut self, index: usize, mut contact: Contact, now: Timestamp) {
        let before = self.mailboxes[index].contacts.get(&contact.stamp.key).and_then(Contact::birthday);
        self.keep_birthday(index, &mut contact, before.as_ref(), now);
        touch(self.mailboxes[index].tick(), &mut contact.stamp, now);
        self.note(index, Kind::Contact, ChangeKind::Updated, contact.stamp.clone());
        self.mailboxes[index].contacts.insert(contact.stamp.key, contact);
    }

    /// Puts a contact into another folder, under another default id.
    pub(crate) fn carry_contact(&mut self, index: usize, key: u64, folder: u64, now: Timestamp) {
        let mailbox = &mut self.mailboxes[index];
        let Some(mut contact) = mailbox.contacts.remove(&key) else {
            return;
        };
        let before = contact.stamp.clone();
        mailbox.bury(Kind::Contact, &before);
        let version = mailbox.tick();
        contact.stamp.scope = folder;
        contact.stamp.generation += 1;
        contact.stamp.born = version;
        touch(version, &mut contact.stamp, now);
        let after = contact.stamp.clone();
        mailbox.contacts.insert(key, contact);
        self.note(index, Kind::Contact, ChangeKind::Deleted, before);
        self.note(index, Kind::Contact, ChangeKind::Created, after);
    }

    pub(crate) fn drop_contact(&mut self, index: usize, key: u64, now: Timestamp) {
        let Some(mut contact) = self.mailboxes[index].contacts.remove(&key) else {
            return;
        };
        self.drop_birthday(index, &mut contact, now);
        self.mailboxes[index].bury(Kind::Contact, &contact.stamp);
        self.note(index, Kind::Contact, ChangeKind::Deleted, contact.stamp);
    }
}
