//! Salesforce's Contact, to and from the canonical contact.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use syncline_core::contact::{Contact, ContactField, PostalAddress};
use syncline_core::fingerprint::{one_line, plain};
use syncline_core::item::Patch;
use syncline_core::observation::ItemSeen;
use syncline_core::time::Window;
use syncline_ports::{Loss, LossKind};

use crate::KEY_FIELD;
use crate::object::{Extra, Object, Selection, owner};
use crate::row::{Problem, Row, text};

/// The path of the company's name. It belongs to the account, which is another record: it is shown and never
/// written.
const COMPANY: &str = "Account.Name";
/// What Salesforce itself writes for a last name that nobody gave.
const NAMELESS: &str = "[not provided]";

/// The columns of one address.
struct Address {
    street: &'static str,
    city: &'static str,
    state: &'static str,
    postal_code: &'static str,
    country: &'static str,
}

const MAILING: Address = Address {
    street: "MailingStreet",
    city: "MailingCity",
    state: "MailingState",
    postal_code: "MailingPostalCode",
    country: "MailingCountry",
};
const OTHER: Address = Address {
    street: "OtherStreet",
    city: "OtherCity",
    state: "OtherState",
    postal_code: "OtherPostalCode",
    country: "OtherCountry",
};

impl Object for Contact {
    const NAME: &'static str = "Contact";
    /// Not every org has middle names, suffixes and person accounts.
    const COLUMNS: &'static [&'static str] = &[
        KEY_FIELD,
        "FirstName",
        "LastName",
        "Salutation",
        "Email",
        "Title",
        "Department",
        "AccountId",
        "Phone",
        "MobilePhone",
        "HomePhone",
        "AssistantName",
        MAILING.street,
        MAILING.city,
        MAILING.state,
        MAILING.postal_code,
        MAILING.country,
        OTHER.street,
        OTHER.city,
        OTHER.state,
        OTHER.postal_code,
        OTHER.country,
        "Birthdate",
        "Description",
        "MiddleName",
        "Suffix",
        "IsPersonAccount",
    ];
    const EXTRAS: &'static [Extra] =
        &[Extra::Path { relation: "Account", id: "AccountId", object: "Account", field: "Name", path: COMPANY }];
    const FIELDS: &'static [ContactField] = &ContactField::ALL;
    const NATURAL: &'static [&'static str] = &["FirstName", "LastName", "Email"];
    type Seen = ItemSeen<Contact>;

    fn needs(field: ContactField) -> &'static [&'static str] {
        match field {
            ContactField::GivenName => &["FirstName"],
            ContactField::MiddleName => &["MiddleName"],
            ContactField::Surname => &["LastName"],
            ContactField::Title => &["Salutation"],
            ContactField::Generation => &["Suffix"],
            ContactField::Email => &["Email"],
            ContactField::JobTitle => &["Title"],
            ContactField::Department => &["Department"],
            ContactField::Company => &[COMPANY],
            ContactField::BusinessPhone => &["Phone"],
            ContactField::MobilePhone => &["MobilePhone"],
            ContactField::HomePhone => &["HomePhone"],
            ContactField::Assistant => &["AssistantName"],
            ContactField::BusinessAddress => {
                &[MAILING.street, MAILING.city, MAILING.state, MAILING.postal_code, MAILING.country]
            }
            ContactField::OtherAddress => &[OTHER.street, OTHER.city, OTHER.state, OTHER.postal_code, OTHER.country],
            ContactField::Birthday => &["Birthdate"],
            ContactField::Notes => &["Description"],
        }
    }

    fn seen(row: Row<'_>, hidden: &BTreeSet<ContactField>) -> Result<ItemSeen<Contact>, Problem> {
        let text = |field| row.text(field).map(|text| text.unwrap_or_default().to_owned());
        let company = company(row)?;
        let mut hidden = hidden.clone();
        if company.is_none() {
            // A private contact belongs to no company here; that says nothing about the mailbox's.
            hidden.insert(ContactField::Company);
        }
        Ok(ItemSeen {
            id: row.id(),
            collection: owner(row)?,
            version: row.version()?,
            key: row.key()?,
            created: row.known_instant("CreatedDate")?,
            modified: row.known_instant("LastModifiedDate")?,
            is_marked: false,
            item: Contact {
                given_name: text("FirstName")?,
                middle_name: text("MiddleName")?,
                surname: text("LastName")?,
                title: text("Salutation")?,
                generation: text("Suffix")?,
                email: text("Email")?,
                job_title: text("Title")?,
                department: text("Department")?,
                company: company.unwrap_or_default(),
                business_phone: text("Phone")?,
                mobile_phone: text("MobilePhone")?,
                home_phone: text("HomePhone")?,
                assistant: text("AssistantName")?,
                business_address: address(row, &MAILING)?,
                other_address: address(row, &OTHER)?,
                birthday: row.day("Birthdate")?,
                notes: text("Description")?,
            },
            hidden,
        })
    }

    fn patched(current: &Self, patch: &Patch<Self>) -> Self {
        let (mut contact, new) = (current.clone(), &patch.item);
        for field in &patch.fields {
            match field {
                ContactField::GivenName => contact.given_name.clone_from(&new.given_name),
                ContactField::MiddleName => contact.middle_name.clone_from(&new.middle_name),
                ContactField::Surname => contact.surname.clone_from(&new.surname),
                ContactField::Title => contact.title.clone_from(&new.title),
                ContactField::Generation => contact.generation.clone_from(&new.generation),
                ContactField::Email => contact.email.clone_from(&new.email),
                ContactField::JobTitle => contact.job_title.clone_from(&new.job_title),
                ContactField::Department => contact.department.clone_from(&new.department),
                ContactField::Company => contact.company.clone_from(&new.company),
                ContactField::BusinessPhone => contact.business_phone.clone_from(&new.business_phone),
                ContactField::MobilePhone => contact.mobile_phone.clone_from(&new.mobile_phone),
                ContactField::HomePhone => contact.home_phone.clone_from(&new.home_phone),
                ContactField::Assistant => contact.assistant.clone_from(&new.assistant),
                ContactField::BusinessAddress => contact.business_address.clone_from(&new.business_address),
                ContactField::OtherAddress => contact.other_address.clone_from(&new.other_address),
                ContactField::Birthday => contact.birthday = new.birthday,
                ContactField::Notes => contact.notes.clone_from(&new.notes),
            }
        }
        contact
    }

    fn record<'a>(
        contact: &Self,
        fields: impl IntoIterator<Item = &'a ContactField>,
    ) -> (Map<String, Value>, Vec<Loss>) {
        let (mut record, mut losses) = (Map::new(), Vec::new());
        let mut lost = |field: &str, kind| losses.push(Loss { field: field.to_owned(), kind });
        let mut set = |name: &str, value: Value| {
            record.insert(name.to_owned(), value);
        };
        let line = |value: &str| text(one_line(value));
        for field in fields {
            match field {
                ContactField::GivenName => set("FirstName", line(&contact.given_name)),
                ContactField::MiddleName => set("MiddleName", line(&contact.middle_name)),
                ContactField::Surname => {
                    let surname = one_line(&contact.surname);
                    if surname.is_empty() {
                        lost("LastName", LossKind::Substituted);
                    }
                    set("LastName", Value::String(if surname.is_empty() { stand_in(contact) } else { surname }));
                }
                ContactField::Title => set("Salutation", line(&contact.title)),
                ContactField::Generation => set("Suffix", line(&contact.generation)),
                ContactField::Email => set("Email", line(&contact.email)),
                ContactField::JobTitle => set("Title", line(&contact.job_title)),
                ContactField::Department => set("Department", line(&contact.department)),
                ContactField::Company => {
                    if !contact.company.trim().is_empty() {
                        lost(COMPANY, LossKind::NoField);
                    }
                }
                ContactField::BusinessPhone => set("Phone", line(&contact.business_phone)),
                ContactField::MobilePhone => set("MobilePhone", line(&contact.mobile_phone)),
                ContactField::HomePhone => set("HomePhone", line(&contact.home_phone)),
                ContactField::Assistant => set("AssistantName", line(&contact.assistant)),
                ContactField::BusinessAddress => set_address(&mut set, &contact.business_address, &MAILING),
                ContactField::OtherAddress => set_address(&mut set, &contact.other_address, &OTHER),
                ContactField::Birthday => set("Birthdate", json!(contact.birthday.map(|day| day.to_string()))),
                ContactField::Notes => set("Description", text(plain(&contact.notes))),
            }
        }
        (record, losses)
    }

    fn wanted(_: &Selection<Self>) -> Vec<String> {
        Vec::new()
    }

    fn listed(_: Option<&Window>, _: &Selection<Self>) -> Vec<String> {
        Vec::new()
    }
}

/// The name of the contact's account, if it has one that can be seen.
fn company(row: Row<'_>) -> Result<Option<String>, Problem> {
    match row.0.get("Account") {
        None | Some(Value::Null) => Ok(None),
        Some(account) => Ok(Row(account).text("Name")?.map(str::to_owned)),
    }
}

/// What may stand for a last name, which Salesforce requires.
fn stand_in(contact: &Contact) -> String {
    let others = [&contact.given_name, &contact.company, &contact.email];
    others.map(|text| one_line(text)).into_iter().find(|text| !text.is_empty()).unwrap_or_else(|| NAMELESS.to_owned())
}

fn address(row: Row<'_>, columns: &Address) -> Result<PostalAddress, Problem> {
    let text = |field| row.text(field).map(|text| text.unwrap_or_default().to_owned());
    Ok(PostalAddress {
        street: text(columns.street)?,
        city: text(columns.city)?,
        state: text(columns.state)?,
        postal_code: text(columns.postal_code)?,
        country: text(columns.country)?,
    })
}

fn set_address(set: &mut impl FnMut(&str, Value), address: &PostalAddress, columns: &Address) {
    set(columns.street, text(plain(&address.street)));
    set(columns.city, text(one_line(&address.city)));
    set(columns.state, text(one_line(&address.state)));
    set(columns.postal_code, text(one_line(&address.postal_code)));
    set(columns.country, text(one_line(&address.country)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mia() -> Contact {
        let address = |city: &str| PostalAddress {
            street: "Long Street 1\nBack door".into(),
            city: city.into(),
            state: "Bavaria".into(),
            postal_code: "80331".into(),
            country: "Germany".into(),
        };
        Contact {
            given_name: "Mia".into(),
            middle_name: "Ann".into(),
            surname: "Larsen".into(),
            title: "Dr.".into(),
            generation: "Jr.".into(),
            email: "mia@fabrikam.example".into(),
            job_title: "Buyer".into(),
            department: "Purchasing".into(),
            company: String::new(),
            business_phone: "1".into(),
            mobile_phone: "2".into(),
            home_phone: "3".into(),
            assistant: "Tom".into(),
            business_address: address("Munich"),
            other_address: address("Bonn"),
            birthday: Some("1990-02-28".parse().unwrap()),
            notes: "One\nTwo".into(),
        }
    }

    fn read(record: Map<String, Value>) -> ItemSeen<Contact> {
        let mut row = json!({
            "Id": "0031", "SystemModstamp": "2031-03-01T08:00:05.000+0000", "OwnerId": "005A",
            "CreatedDate": "2031-03-01T08:00:00.000+0000", "LastModifiedDate": "2031-03-01T08:00:04.000+0000",
        });
        row.as_object_mut().unwrap().extend(record);
        Contact::seen(Row(&row), &BTreeSet::new()).unwrap()
    }

    #[test]
    fn a_contact_is_read_and_written_the_same() {
        let (record, losses) = Contact::record(&mia(), &ContactField::ALL);
        assert_eq!((record["MailingCity"].as_str(), record["OtherCity"].as_str()), (Some("Munich"), Some("Bonn")));
        assert_eq!((record["Salutation"].as_str(), record["Title"].as_str()), (Some("Dr."), Some("Buyer")));
        assert_eq!(losses, []);
        assert_eq!(read(record).item, mia());
    }

    #[test]
    fn the_company_is_the_accounts_and_is_shown_but_never_written() {
        let with = Contact { company: "Fabrikam".into(), ..mia() };
        let (mut record, losses) = Contact::record(&with, &ContactField::ALL);
        assert_eq!(losses, [Loss { field: COMPANY.into(), kind: LossKind::NoField }]);
        assert!(!record.keys().any(|name| name.contains("Account")));
        assert!(read(record.clone()).hidden.contains(&ContactField::Company), "nothing is known of it");
        record.insert("Account".into(), json!({"Name": "Fabrikam"}));
        let seen = read(record);
        assert_eq!((seen.item, seen.hidden.is_empty()), (with, true));
    }

    #[test]
    fn a_last_name_is_found_for_who_has_none() {
        let nobody = Contact { surname: " ".into(), ..Contact::default() };
        for (contact, last) in [
            (Contact { given_name: "Cher".into(), email: "c@x.example".into(), ..nobody.clone() }, "Cher"),
            (Contact { company: "Help desk".into(), ..nobody.clone() }, "Help desk"),
            (Contact { email: "c@x.example".into(), ..nobody.clone() }, "c@x.example"),
            (nobody, NAMELESS),
        ] {
            let (record, losses) = Contact::record(&contact, &[ContactField::Surname]);
            assert_eq!(record["LastName"], last);
            assert_eq!(losses, [Loss { field: "LastName".into(), kind: LossKind::Substituted }]);
        }
    }
}
