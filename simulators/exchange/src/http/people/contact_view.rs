//! Contacts as JSON.

use serde_json::{Value, json};

use crate::http::odata::{EXTENDED, Object, Schema};
use crate::model::ids::Kind;
use crate::model::{Contact, Mailbox};

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
        "yomiGivenName",
        "yomiSurname",
        "yomiCompanyName",
        "generation",
        "imAddresses",
        "jobTitle",
        "companyName",
        "department",
        "officeLocation",
        "profession",
        "businessHomePage",
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
    if item.text("personalNotes").is_none() {
        map.insert("personalNotes".into(), "".into());
    }
    map.insert("parentFolderId".into(), mailbox.container_id(Kind::ContactFolder, item.stamp.scope).into());
    map.extend(mailbox.head(item, immutable));
    map
}

/// The contact as filters see it.
pub(crate) fn for_filter(mailbox: &Mailbox, item: &Contact) -> Object {
    let mut map = contact(mailbox, item, false);
    map.insert(EXTENDED.into(), item.extended.list().into());
    map
}

/// Whether every word of a search begins a word of the contact's names, addresses or numbers.
pub(super) fn found(item: &Contact, search: &str) -> bool {
    const SEARCHED: [&str; 9] = [
        "displayName",
        "givenName",
        "middleName",
        "surname",
        "nickName",
        "companyName",
        "department",
        "jobTitle",
        "personalNotes",
    ];
    let mut text = String::new();
    for name in SEARCHED {
        text.push_str(item.text(name).unwrap_or_default());
        text.push(' ');
    }
    for address in item.fields.get("emailAddresses").and_then(Value::as_array).into_iter().flatten() {
        for part in ["name", "address"] {
            text.push_str(address.get(part).and_then(Value::as_str).unwrap_or_default());
            text.push(' ');
        }
    }
    let text = text.to_lowercase();
    let search = search.replace('"', " ").to_lowercase();
    search.split_whitespace().all(|wanted| {
        // `displayName:mia` asks for one property; the words alone are looked for in all.
        let wanted = wanted.split_once(':').map_or(wanted, |(_, word)| word);
        text.split_whitespace().any(|word| word.starts_with(wanted))
            || text.split(|letter: char| !letter.is_alphanumeric()).any(|word| word.starts_with(wanted))
    })
}
