//! Lead conversion: a lead becomes an account, a contact and, unless told not to, an opportunity.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde_json::{Map, Value, json};

use super::caller::Caller;
use super::input::Input;
use super::refusal::Refusal;
use super::schema::Object;
use super::sharing::Right;
use super::store::Values;
use super::write::put;
use super::{Row, Salesforce, id, rules, stamp};

/// The statuses that say that a lead is converted.
const CONVERTED: [&str; 1] = ["Closed - Converted"];

/// Fields of a lead, and where they go.
const TO_ACCOUNT: [(&str, &str); 10] = [
    ("Company", "Name"),
    ("Phone", "Phone"),
    ("Fax", "Fax"),
    ("Website", "Website"),
    ("Industry", "Industry"),
    ("Street", "BillingStreet"),
    ("City", "BillingCity"),
    ("State", "BillingState"),
    ("PostalCode", "BillingPostalCode"),
    ("Country", "BillingCountry"),
];
const TO_CONTACT: [(&str, &str); 17] = [
    ("LastName", "LastName"),
    ("FirstName", "FirstName"),
    ("Salutation", "Salutation"),
    ("Title", "Title"),
    ("Email", "Email"),
    ("Phone", "Phone"),
    ("MobilePhone", "MobilePhone"),
    ("Fax", "Fax"),
    ("Description", "Description"),
    ("LeadSource", "LeadSource"),
    ("DoNotCall", "DoNotCall"),
    ("HasOptedOutOfEmail", "HasOptedOutOfEmail"),
    ("Street", "MailingStreet"),
    ("City", "MailingCity"),
    ("State", "MailingState"),
    ("PostalCode", "MailingPostalCode"),
    ("Country", "MailingCountry"),
];

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conversion {
    pub lead: String,
    pub status: String,
    pub account: Option<String>,
    pub contact: Option<String>,
    pub opportunity_name: Option<String>,
    pub no_opportunity: bool,
    pub overwrite_lead_source: bool,
    pub owner: Option<String>,
}

/// What became of a lead.
#[derive(Clone, Debug)]
pub(crate) struct Converted {
    pub lead: String,
    pub account: String,
    pub contact: String,
    pub opportunity: Option<String>,
}

impl Salesforce {
    /// Converts a lead. Leaves what it did where it fails: the caller rolls back.
    pub(crate) fn convert_lead(
        &mut self,
        caller: &Caller,
        wish: &Conversion,
        now: Timestamp,
    ) -> Result<Converted, Vec<Refusal>> {
        let lead_id = self.of_kind(caller, "Lead", "leadId", &wish.lead, now)?;
        let lead = self.store.row(&lead_id).and_then(Row::latest).map(|version| version.values.clone());
        let lead = lead.unwrap_or_default();
        if lead.get("IsConverted") == Some(&json!(true)) {
            return Err(rules::converted().into());
        }
        if !CONVERTED.contains(&wish.status.as_str()) {
            let message = format!("invalid convertedStatus: {}", wish.status);
            return Err(Refusal::write("INVALID_STATUS", message).on("ConvertedStatus").into());
        }
        if wish.no_opportunity && wish.opportunity_name.is_some() {
            let message = "opportunityName must be left out where doNotCreateOpportunity is true";
            return Err(Refusal::integrity("OpportunityName", message).into());
        }
        let owner = match &wish.owner {
            Some(owner) => json!(self.of_kind(&caller.as_org(), "User", "ownerId", owner, now)?),
            None => lead.get("OwnerId").cloned().unwrap_or_default(),
        };
        // A queue owns no accounts: what comes of its lead is the converting user's.
        let queue = owner.as_str().is_none_or(|owner| self.user(owner).is_none());
        let owner = if queue { json!(caller.user) } else { owner };
        let account = match &wish.account {
            Some(account) => {
                let account = self.of_kind(caller, "Account", "accountId", account, now)?;
                self.fill(caller, "Account", &account, &mapped(&lead, &TO_ACCOUNT), now)?;
                account
            }
            None => self.make(caller, "Account", mapped(&lead, &TO_ACCOUNT), &owner, now)?,
        };
        let contact = self.contact_of(caller, wish, &lead, &account, &owner, now)?;
        let opportunity = if wish.no_opportunity {
            None
        } else {
            Some(self.opportunity_of(caller, wish, &lead, (&account, &contact), &owner, now)?)
        };
        self.hand_over(&lead_id, &contact, opportunity.as_ref().unwrap_or(&account), now);
        let mut new = lead;
        put(&mut new, "Status", json!(wish.status));
        put(&mut new, "IsConverted", json!(true));
        put(&mut new, "ConvertedDate", json!(stamp::date_of(now).to_string()));
        put(&mut new, "ConvertedAccountId", json!(account));
        put(&mut new, "ConvertedContactId", json!(contact));
        put(&mut new, "ConvertedOpportunityId", json!(opportunity));
        for (field, value) in caller.touch(now) {
            put(&mut new, field, value);
        }
        if let Some(object) = self.schema().object("Lead") {
            self.stamp(object, &lead_id, new, now);
        }
        Ok(Converted { lead: lead_id, account, contact, opportunity })
    }

    /// The id of a living row of that object, which the caller may edit.
    pub(super) fn of_kind(
        &self,
        caller: &Caller,
        kind: &str,
        field: &str,
        text: &str,
        now: Timestamp,
    ) -> Result<String, Vec<Refusal>> {
        let wrong = || vec![Refusal::write("MALFORMED_ID", format!("{field}: id value of incorrect type: {text}"))];
        let object = self.schema().object(kind).ok_or_else(wrong)?;
        let id = id::canonical(text).filter(|id| id.starts_with(object.prefix)).ok_or_else(wrong)?;
        match self.living(caller, object, &id, Right::Edit, now) {
            Ok(_) => Ok(id),
            Err(refusals) if refusals.iter().any(|refusal| refusal.code == "NOT_FOUND") => {
                Err(Refusal::write("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id").into())
            }
            Err(refusals) => Err(refusals),
        }
    }

    fn contact_of(
        &mut self,
        caller: &Caller,
        wish: &Conversion,
        lead: &Values,
        account: &str,
        owner: &Value,
        now: Timestamp,
    ) -> Result<String, Vec<Refusal>> {
        let new = mapped(lead, &TO_CONTACT);
        let person = self.store.row(account).map(|row| row.text("PersonContactId").to_owned()).unwrap_or_default();
        if !person.is_empty() {
            return Ok(person);
        }
        let Some(contact) = &wish.contact else {
            let mut new = new;
            new.insert("AccountId".to_owned(), json!(account));
            return self.make(caller, "Contact", new, owner, now);
        };
        if wish.account.is_none() {
            let message = "accountId must be given with contactId";
            return Err(Refusal::write("REQUIRED_FIELD_MISSING", message).on("AccountId").into());
        }
        let contact = self.of_kind(caller, "Contact", "contactId", contact, now)?;
        if self.store.row(&contact).is_none_or(|row| row.text("AccountId") != account) {
            let message = "The contact is not one of the account";
            return Err(Refusal::write("INVALID_CROSS_REFERENCE_KEY", message).on("ContactId").into());
        }
        let source = lead.get("LeadSource").filter(|_| wish.overwrite_lead_source).cloned();
        self.fill(caller, "Contact", &contact, &new, now)?;
        if let Some(source) = source {
            let fields = Map::from_iter([("LeadSource".to_owned(), source)]);
            self.write_as(caller, "Contact", Some(&contact), &fields, now)?;
        }
        Ok(contact)
    }

    fn opportunity_of(
        &mut self,
        caller: &Caller,
        wish: &Conversion,
        lead: &Values,
        (account, contact): (&str, &str),
        owner: &Value,
        now: Timestamp,
    ) -> Result<String, Vec<Refusal>> {
        let company = lead.get("Company").and_then(Value::as_str).unwrap_or_default();
        let name = wish.opportunity_name.as_deref().unwrap_or(company);
        let mut new = Map::new();
        new.insert("Name".to_owned(), json!(name.chars().take(120).collect::<String>()));
        new.insert("AccountId".to_owned(), json!(account));
        new.insert("StageName".to_owned(), json!("Prospecting"));
        new.insert("CloseDate".to_owned(), json!(end_of_quarter(stamp::date_of(now)).to_string()));
        if let Some(source) = lead.get("LeadSource") {
            new.insert("LeadSource".to_owned(), source.clone());
        }
        let opportunity = self.make(caller, "Opportunity", new, owner, now)?;
        let role = json!({ "OpportunityId": opportunity, "ContactId": contact, "IsPrimary": true });
        let role = role.as_object().cloned().unwrap_or_default();
        self.write_as(caller, "OpportunityContactRole", None, &role, now)?;
        Ok(opportunity)
    }

    fn make(
        &mut self,
        caller: &Caller,
        object: &str,
        mut fields: Map<String, Value>,
        owner: &Value,
        now: Timestamp,
    ) -> Result<String, Vec<Refusal>> {
        fields.insert("OwnerId".to_owned(), owner.clone());
        self.write_as(caller, object, None, &fields, now)
    }

    /// Sets those of the fields that the row has not.
    fn fill(
        &mut self,
        caller: &Caller,
        object: &str,
        id: &str,
        fields: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<(), Vec<Refusal>> {
        let Some(row) = self.store.row(id) else { return Ok(()) };
        let empty = fields.iter().filter(|(name, _)| row.get(name).is_null());
        let empty: Map<String, Value> = empty.map(|(name, value)| (name.clone(), value.clone())).collect();
        let personal = row.get("IsPersonAccount") == &json!(true);
        if empty.is_empty() || personal {
            return Ok(());
        }
        self.write_as(caller, object, Some(id), &empty, now).map(drop)
    }

    fn write_as(
        &mut self,
        caller: &Caller,
        object: &str,
        id: Option<&str>,
        fields: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<String, Vec<Refusal>> {
        let object: &'static Object = self.schema().object(object).ok_or_else(Refusal::not_found)?;
        let input = Input { fields, also_id: false };
        match id {
            Some(id) => self.update(&caller.as_org(), object, id, &input, now).map(|()| id.to_owned()),
            None => self.create(&caller.as_org(), object, &input, now),
        }
    }

    /// What had to do with the lead has to do with the contact from now on, and with what was opened.
    fn hand_over(&mut self, lead: &str, contact: &str, what: &str, now: Timestamp) {
        for (object, field) in [("Task", "WhoId"), ("Event", "WhoId")] {
            for row in rules::pointing(self, object, field, lead) {
                let account = self.store.row(contact).map(|row| row.get("AccountId").clone()).unwrap_or_default();
                let mut new = vec![(field, json!(contact)), ("AccountId", account)];
                if self.store.row(&row).is_some_and(|row| row.get("WhatId").is_null()) {
                    new.push(("WhatId", json!(what)));
                }
                for list in ["EventWhoIds", "TaskWhoIds"] {
                    if self.store.row(&row).is_some_and(|row| !row.get(list).is_null()) {
                        new.push((list, json!([contact])));
                    }
                }
                rules::touch(self, &row, &new, now);
            }
        }
        for (object, field) in [
            ("EventRelation", "RelationId"),
            ("TaskRelation", "RelationId"),
            ("EmailMessageRelation", "RelationId"),
            ("ContentDocumentLink", "LinkedEntityId"),
        ] {
            for row in rules::pointing(self, object, field, lead) {
                let mut new = vec![(field, json!(contact))];
                if object == "EmailMessageRelation" {
                    new.push(("RelationObjectType", json!("Contact")));
                }
                rules::touch(self, &row, &new, now);
            }
        }
    }
}

fn mapped(lead: &Values, fields: &[(&str, &str)]) -> Map<String, Value> {
    let pairs = fields.iter().filter_map(|(from, to)| Some(((*to).to_owned(), lead.get(*from)?.clone())));
    pairs.collect()
}

fn end_of_quarter(day: Date) -> Date {
    let last_month = (day.month() - 1) / 3 * 3 + 3;
    let month = Date::new(day.year(), last_month, 1).unwrap_or(day);
    month.checked_add(1.month()).and_then(|next| next.checked_sub(1.day())).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_end_with_their_third_month() {
        for (day, expected) in
            [("2031-01-01", "2031-03-31"), ("2031-05-06", "2031-06-30"), ("2031-12-31", "2031-12-31")]
        {
            let day: Date = day.parse().unwrap();
            assert_eq!(end_of_quarter(day).to_string(), expected);
        }
    }
}
