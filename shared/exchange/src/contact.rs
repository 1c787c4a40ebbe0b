//! Contacts: to and from their canonical form.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use syncline_core::contact::{Contact, ContactField, PostalAddress};
use syncline_core::ids::{RemoteId, SyncKey};
use syncline_core::item::Patch;
use syncline_core::observation::{ItemSeen, Observation};

use crate::event::{KEY_PROPERTY, Owner, version};
use crate::row::{Problem, Row};

mod names;

/// What is asked of a contact.
pub(crate) const SELECT: &str = "$select=createdDateTime,lastModifiedDateTime,changeKey,categories,parentFolderId,\
                                 givenName,middleName,surname,title,generation,displayName,fileAs,emailAddresses,\
                                 jobTitle,department,companyName,businessPhones,homePhones,mobilePhone,\
                                 assistantName,businessAddress,otherAddress,birthday,personalNotes";

/// The hour at which Exchange keeps a birthday, so that it is the same day in most zones (MS-OXOCNTC,
/// PidTagBirthday).
const BIRTHDAY_HOUR: &str = "T11:59:00Z";

/// A complete contact, such as a read by id shows.
pub(crate) fn observed(asked: &RemoteId, value: &Value, owner: &Owner) -> Observation<ItemSeen<Contact>> {
    match seen(value, owner) {
        Ok(seen) => Observation::Present(Box::new(seen)),
        Err(Problem(problem)) => Observation::Unreadable { id: asked.clone(), problem },
    }
}

/// The same, for a caller that has no use for what cannot be read.
pub(crate) fn seen(value: &Value, owner: &Owner) -> Result<ItemSeen<Contact>, Problem> {
    let row = Row::of(value)?;
    let id = |name: &str| {
        row.text(name)?.filter(|id| !id.is_empty()).map(RemoteId::new).ok_or_else(|| Problem::missing(name))
    };
    let mut categories = row.list("categories")?.iter().filter_map(Value::as_str);
    Ok(ItemSeen {
        id: id("id")?,
        collection: id("parentFolderId")?,
        version: version(row)?,
        key: key(row)?,
        created: row.instant("createdDateTime")?.ok_or_else(|| Problem::missing("createdDateTime"))?,
        modified: row.instant("lastModifiedDateTime")?.ok_or_else(|| Problem::missing("lastModifiedDateTime"))?,
        is_marked: categories.any(|category| category.to_lowercase() == owner.category),
        item: fields(row)?,
        hidden: std::collections::BTreeSet::new(),
    })
}

fn key(row: Row<'_>) -> Result<Option<SyncKey>, Problem> {
    for property in row.list("singleValueExtendedProperties")? {
        let property = Row::of(property)?;
        if property.text("id")?.is_some_and(|id| id.eq_ignore_ascii_case(KEY_PROPERTY)) {
            return Ok(property.text("value")?.map(SyncKey::from_text));
        }
    }
    Ok(None)
}

fn fields(row: Row<'_>) -> Result<Contact, Problem> {
    let email =
        row.list("emailAddresses")?.first().map_or(Ok(String::new()), |first| Row::of(first)?.string("address"))?;
    Ok(Contact {
        given_name: row.string("givenName")?,
        middle_name: row.string("middleName")?,
        surname: row.string("surname")?,
        title: row.string("title")?,
        generation: row.string("generation")?,
        email,
        job_title: row.string("jobTitle")?,
        department: row.string("department")?,
        company: row.string("companyName")?,
        business_phone: first_phone(row, "businessPhones")?,
        mobile_phone: row.string("mobilePhone")?,
        home_phone: first_phone(row, "homePhones")?,
        assistant: row.string("assistantName")?,
        business_address: address(row, "businessAddress")?,
        other_address: address(row, "otherAddress")?,
        birthday: row.instant("birthday")?.map(|at| at.to_zoned(TimeZone::UTC).date()),
        notes: row.string("personalNotes")?,
    })
}

fn first_phone(row: Row<'_>, name: &str) -> Result<String, Problem> {
    let Some(first) = row.list(name)?.first() else {
        return Ok(String::new());
    };
    first.as_str().map(str::to_owned).ok_or_else(|| Problem(format!("{name} holds what is no text")))
}

fn address(row: Row<'_>, name: &str) -> Result<PostalAddress, Problem> {
    let Some(place) = row.object(name)? else {
        return Ok(PostalAddress::default());
    };
    Ok(PostalAddress {
        street: place.string("street")?,
        city: place.string("city")?,
        state: place.string("state")?,
        postal_code: place.string("postalCode")?,
        country: place.string("countryOrRegion")?,
    })
}

/// The body of a create. Contacts know no transaction: repeated it makes a second contact.
pub(crate) fn create_body(key: &SyncKey, contact: &Contact) -> Value {
    let mut body = Map::new();
    for field in ContactField::ALL {
        write(field, contact, None, &mut body);
    }
    // What is not there needs no saying; Exchange makes the names to show and to file under.
    body.retain(|_, value| !is_nothing(value));
    let property = json!({ "id": KEY_PROPERTY, "value": key.as_str() });
    body.insert("singleValueExtendedProperties".to_owned(), json!([property]));
    Value::Object(body)
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(parts) => parts.values().all(Value::is_null),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether a change of these fields can be said only by who knows the contact as it is: lists are
/// replaced as a whole, and the names to show and to file under are made of several fields.
pub(crate) fn needs_present(patch: &Patch<Contact>) -> bool {
    patch.fields.iter().any(|field| match field {
        ContactField::Email
        | ContactField::BusinessPhone
        | ContactField::HomePhone
        | ContactField::GivenName
        | ContactField::MiddleName
        | ContactField::Surname
        | ContactField::Title
        | ContactField::Generation => true,
        ContactField::JobTitle
        | ContactField::Department
        | ContactField::Company
        | ContactField::MobilePhone
        | ContactField::Assistant
        | ContactField::BusinessAddress
        | ContactField::OtherAddress
        | ContactField::Birthday
        | ContactField::Notes => false,
    })
}

/// The body of a change: the fields named, and what follows from them. `present` is the contact as it is.
pub(crate) fn patch_body(patch: &Patch<Contact>, present: Option<Row<'_>>) -> Result<Value, Problem> {
    let mut body = Map::new();
    for field in &patch.fields {
        write(*field, &patch.item, present, &mut body);
    }
    if let Some(present) = present {
        let before = fields(present)?;
        for (name, text) in names::follow(&before, patch, present)? {
            body.insert(name.to_owned(), json!(text));
        }
    }
    Ok(Value::Object(body))
}

fn write(field: ContactField, contact: &Contact, present: Option<Row<'_>>, body: &mut Map<String, Value>) {
    let list = |name: &str| present.and_then(|row| row.list(name).ok()).unwrap_or_default();
    let (name, value) = match field {
        ContactField::GivenName => ("givenName", text(&contact.given_name)),
        ContactField::MiddleName => ("middleName", text(&contact.middle_name)),
        ContactField::Surname => ("surname", text(&contact.surname)),
        ContactField::Title => ("title", text(&contact.title)),
        ContactField::Generation => ("generation", text(&contact.generation)),
        ContactField::Email => ("emailAddresses", addresses(&contact.email, list("emailAddresses"))),
        ContactField::JobTitle => ("jobTitle", text(&contact.job_title)),
        ContactField::Department => ("department", text(&contact.department)),
        ContactField::Company => ("companyName", text(&contact.company)),
        ContactField::BusinessPhone => ("businessPhones", phones(&contact.business_phone, list("businessPhones"))),
        ContactField::MobilePhone => ("mobilePhone", text(&contact.mobile_phone)),
        ContactField::HomePhone => ("homePhones", phones(&contact.home_phone, list("homePhones"))),
        ContactField::Assistant => ("assistantName", text(&contact.assistant)),
        ContactField::BusinessAddress => ("businessAddress", postal(&contact.business_address)),
        ContactField::OtherAddress => ("otherAddress", postal(&contact.other_address)),
        ContactField::Birthday => ("birthday", contact.birthday.map_or(Value::Null, birthday)),
        ContactField::Notes => ("personalNotes", json!(contact.notes)),
    };
    body.insert(name.to_owned(), value);
}

/// A text that is not there is null.
fn text(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { json!(text) }
}

fn birthday(date: Date) -> Value {
    json!(format!("{date}{BIRTHDAY_HOUR}"))
}

fn postal(address: &PostalAddress) -> Value {
    json!({
        "street": text(&address.street),
        "city": text(&address.city),
        "state": text(&address.state),
        "postalCode": text(&address.postal_code),
        "countryOrRegion": text(&address.country),
    })
}

/// The list with another first address; its others stay. Without a first one the second moves up and is
/// seen as a change of the mailbox.
fn addresses(first: &str, present: &[Value]) -> Value {
    let address = |entry: &Value| entry.get("address").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut list = Vec::new();
    if !first.is_empty() {
        let before = present.first();
        let old = before.map(address).unwrap_or_default();
        // How the user named the address, unless the name is the old address itself.
        let name = before.and_then(|entry| entry.get("name")).and_then(Value::as_str);
        let name = name.filter(|name| !name.is_empty() && (old.is_empty() || !name.contains(&old)));
        list.push(json!({ "name": name.unwrap_or(first), "address": first }));
    }
    let others = present.iter().skip(1).filter(|entry| !address(entry).eq_ignore_ascii_case(first));
    list.extend(others.cloned());
    Value::Array(list)
}

/// Likewise for telephone numbers.
fn phones(first: &str, present: &[Value]) -> Value {
    let mut list = Vec::new();
    if !first.is_empty() {
        list.push(json!(first));
    }
    list.extend(present.iter().skip(1).filter(|entry| entry.as_str() != Some(first)).cloned());
    Value::Array(list)
}

#[cfg(test)]
mod tests;
