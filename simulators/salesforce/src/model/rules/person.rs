//! Person accounts: an account that is a person has a contact that nobody edits but through it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Caller, Changes, Feature, Refusal, Salesforce, Values, full_name, hush, put, text, touch};

/// Fields of a person account and those of its contact that are the same.
const SHARED: [(&str, &str); 27] = [
    ("LastName", "LastName"),
    ("FirstName", "FirstName"),
    ("Salutation", "Salutation"),
    ("Name", "Name"),
    ("Phone", "Phone"),
    ("Fax", "Fax"),
    ("PersonEmail", "Email"),
    ("PersonMobilePhone", "MobilePhone"),
    ("PersonHomePhone", "HomePhone"),
    ("PersonOtherPhone", "OtherPhone"),
    ("PersonAssistantPhone", "AssistantPhone"),
    ("PersonAssistantName", "AssistantName"),
    ("PersonTitle", "Title"),
    ("PersonDepartment", "Department"),
    ("PersonLeadSource", "LeadSource"),
    ("PersonBirthdate", "Birthdate"),
    ("PersonHasOptedOutOfEmail", "HasOptedOutOfEmail"),
    ("PersonDoNotCall", "DoNotCall"),
    ("PersonMailingStreet", "MailingStreet"),
    ("PersonMailingCity", "MailingCity"),
    ("PersonMailingState", "MailingState"),
    ("PersonMailingPostalCode", "MailingPostalCode"),
    ("PersonMailingCountry", "MailingCountry"),
    ("PersonOtherStreet", "OtherStreet"),
    ("PersonOtherCity", "OtherCity"),
    ("PersonOtherState", "OtherState"),
    ("OwnerId", "OwnerId"),
];

pub(super) fn before_account(org: &Salesforce, values: &mut Values, changes: &Changes) -> Result<(), Refusal> {
    if !org.has_feature(Feature::PersonAccounts) {
        return Ok(());
    }
    let was_person = values.get("IsPersonAccount") == Some(&json!(true));
    let created_person = !values.contains_key("Id") && values.contains_key("LastName");
    let personal = |name: &str| matches!(name, "FirstName" | "LastName" | "Salutation") || name.starts_with("Person");
    if was_person || created_person {
        if changes.contains_key("Name") {
            let message = "Account: bad field names on insert/update call: Name";
            return Err(Refusal::write("INVALID_FIELD_FOR_INSERT_UPDATE", message).on("Name"));
        }
        if text(values, "LastName").is_none() {
            return Err(Refusal::missing(&["LastName"]));
        }
        put(values, "IsPersonAccount", json!(true));
        full_name(values);
    } else if let Some(field) =
        changes.iter().find(|(name, value)| personal(name) && !value.is_null() && *value != false)
    {
        let message = format!("Account: bad field names on insert/update call: {}", field.0);
        return Err(Refusal::write("INVALID_FIELD_FOR_INSERT_UPDATE", message).on(field.0));
    }
    Ok(())
}

pub(super) fn before_contact(changes: &Changes, old: Option<&Values>) -> Result<(), Refusal> {
    let person = old.is_some_and(|old| old.get("IsPersonAccount") == Some(&json!(true)));
    match changes.keys().next().filter(|_| person) {
        Some(field) => {
            let message = "The contact of a person account is changed through its account";
            Err(Refusal::write("INVALID_FIELD_FOR_INSERT_UPDATE", message).on(field))
        }
        None => Ok(()),
    }
}

/// The contact is made with the account and follows it.
pub(super) fn after_account(org: &mut Salesforce, account: &str, caller: &Caller, now: Timestamp) {
    let Some(row) = org.store.row(account).filter(|row| row.get("IsPersonAccount") == &json!(true)) else { return };
    let same: Vec<(&str, Value)> =
        SHARED.iter().map(|(account, contact)| (*contact, row.get(account).clone())).collect();
    let contact = row.text("PersonContactId").to_owned();
    if let Some(known) = org.store.row(&contact) {
        if same.iter().any(|(field, value)| known.get(field) != value) {
            touch(org, &contact, &same, now);
        }
        return;
    }
    let Some(object) = org.schema().object("Contact") else { return };
    let mut values = Values::new();
    for (field, value) in same {
        put(&mut values, field, value);
    }
    put(&mut values, "AccountId", json!(account));
    put(&mut values, "IsPersonAccount", json!(true));
    let contact = org.insert_own(object, values, caller, now);
    hush(org, account, &[("PersonContactId", json!(contact))], now);
}
