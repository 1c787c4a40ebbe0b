//! Users, contacts and leads.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Map, Value, json};
use syncline_core::ids::{RemoteId, SyncKey};
use syncline_ports::{ErrorKind, LeadDraft, People, Person, PersonKind, PortError};

use crate::KEY_FIELD;
use crate::client::{Call, Client, read_page};
use crate::composite::Part;
use crate::row::Row;
use crate::soql::{chunks, list, quoted};
use crate::trouble::{Effect, garbled};

/// The longest address any of the three objects can hold, in characters (User.Email; Contact and Lead
/// hold 80).
const ADDRESS_LIMIT: usize = 128;
/// Lead.FirstName, in characters.
const FIRST_NAME_LIMIT: usize = 40;
/// Lead.LastName, in characters.
const LAST_NAME_LIMIT: usize = 80;
/// Lead.Company, in characters.
const COMPANY_LIMIT: usize = 255;

/// The lead is given to its owner by us, not by the org's assignment rules, and a rule that only warns
/// of duplicates is passed over: there was a look before.
const LEAD_HEADERS: &[(&str, &str)] =
    &[("Sforce-Auto-Assign", "FALSE"), ("Sforce-Duplicate-Rule-Header", "allowSave=true")];

/// The people of an org.
#[derive(Debug)]
pub(crate) struct OrgPeople {
    client: Arc<Client>,
}

impl OrgPeople {
    pub(crate) fn new(client: Arc<Client>) -> Self {
        Self { client }
    }
}

#[async_trait]
impl People for OrgPeople {
    async fn by_address(&self, addresses: &[String]) -> Result<Vec<Person>, PortError> {
        let op = "salesforce.people.by_address";
        let wanted: BTreeSet<String> = addresses.iter().map(|address| address.trim().to_lowercase()).collect();
        let fits = |address: &String| !address.is_empty() && address.chars().count() <= ADDRESS_LIMIT;
        let wanted: Vec<String> = wanted.into_iter().filter(fits).collect();
        let mut people = Vec::new();
        for chunk in chunks(&wanted, |address| [address.as_str()]) {
            let parts = self.client.composite(op, Effect::Read, questions(chunk)).await?;
            for (name, kind, fields) in KINDS {
                let first = read_page(op, parts.of(name)?.clone(), None)?;
                for record in self.client.rest(op, first).await? {
                    people.extend(found(&record, kind, fields, chunk));
                }
            }
        }
        Ok(people)
    }

    async fn create_lead(&self, draft: &LeadDraft) -> Result<RemoteId, PortError> {
        self.client.create_once("salesforce.lead.create", "Lead", &draft.key, lead(draft), LEAD_HEADERS).await
    }
}

/// Each kind with the fields that may hold the address.
const KINDS: [(&str, PersonKind, &[&str]); 3] = [
    ("User", PersonKind::User, &["Email", "Username"]),
    ("Contact", PersonKind::Contact, &["Email"]),
    ("Lead", PersonKind::Lead, &["Email"]),
];

fn questions(addresses: &[String]) -> Vec<Part> {
    let list = list(addresses.iter().map(String::as_str));
    vec![
        Part::query(
            "User",
            &format!(
                "SELECT Id, Email, Username FROM User WHERE IsActive = true \
                 AND (Email IN {list} OR Username IN {list}) ORDER BY CreatedDate, Id"
            ),
        ),
        Part::query(
            "Contact",
            &format!("SELECT Id, Email FROM Contact WHERE Email IN {list} ORDER BY CreatedDate, Id"),
        ),
        Part::query(
            "Lead",
            &format!(
                "SELECT Id, Email FROM Lead WHERE IsConverted = false AND Email IN {list} ORDER BY CreatedDate, Id"
            ),
        ),
    ]
}

/// One person per address that was asked for, though a user may have two of them.
fn found(record: &Value, kind: PersonKind, fields: &[&str], asked: &[String]) -> Vec<Person> {
    let row = Row(record);
    let address = |field: &&str| row.text(field).ok().flatten().map(|address| address.trim().to_lowercase());
    let addresses: BTreeSet<String> = fields.iter().filter_map(address).collect();
    let known = addresses.into_iter().filter(|address| asked.contains(address));
    known.map(|address| Person { id: row.id(), kind, address }).collect()
}

fn lead(draft: &LeadDraft) -> Map<String, Value> {
    let mut lead = Map::new();
    let mut set = |name: &str, text: String| {
        if !text.is_empty() {
            lead.insert(name.to_owned(), Value::String(text));
        }
    };
    set("FirstName", cut(&draft.first_name, FIRST_NAME_LIMIT));
    set("LastName", cut(&draft.last_name, LAST_NAME_LIMIT));
    set("Company", cut(&draft.company, COMPANY_LIMIT));
    set("Email", draft.address.clone());
    set("LeadSource", "Email".to_owned());
    set("OwnerId", draft.owner.as_str().to_owned());
    lead
}

/// The first so many characters, nothing white at the ends.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    text.trim().chars().take(limit).collect::<String>().trim_end().to_owned()
}

impl Client {
    /// Makes a record that carries the key. If there already is one, that one is the answer, and nothing
    /// of it is changed: somebody may have worked on it.
    pub(crate) async fn create_once(
        &self,
        op: &'static str,
        object: &str,
        key: &SyncKey,
        mut record: Map<String, Value>,
        headers: &'static [(&'static str, &'static str)],
    ) -> Result<RemoteId, PortError> {
        record.insert(KEY_FIELD.to_owned(), json!(key));
        let path = self.path(&format!("sobjects/{object}"));
        let (method, effect) = (Method::POST, Effect::Write);
        let body = Some(Value::Object(record));
        match self.send(Call { op, method, path, query: Vec::new(), body, headers, effect }).await {
            Ok(answer) => {
                let id = answer.body.get("id").and_then(Value::as_str).map(RemoteId::new);
                id.ok_or_else(|| garbled(op, effect, "the answer has no id"))
            }
            Err(error) if error.code == "DUPLICATE_VALUE" => {
                let key = quoted(key.as_str());
                let rows = self.rows(op, format!("SELECT Id FROM {object} WHERE {KEY_FIELD} = {key}")).await?;
                match rows.first() {
                    Some(row) => Ok(Row(row).id()),
                    // Deleted in this moment, or the duplicate is of another field.
                    None => Err(PortError { kind: ErrorKind::Rejected, ..error }),
                }
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p17_a_person_is_found_by_any_spelling_and_once_per_address() {
        let asked = ["anna@northwind.example".to_owned(), "a.berg@northwind.example".to_owned()];
        let both = json!({"Id": "005A", "Email": "A.Berg@Northwind.example", "Username": "anna@northwind.example"});
        let kinds = |record: &Value| -> Vec<String> {
            let people = found(record, PersonKind::User, &["Email", "Username"], &asked);
            people.into_iter().map(|person| person.address).collect()
        };
        assert_eq!(kinds(&both), ["a.berg@northwind.example", "anna@northwind.example"]);
        let twice = json!({"Id": "005A", "Email": "anna@northwind.example", "Username": "ANNA@northwind.example"});
        assert_eq!(kinds(&twice), ["anna@northwind.example"]);
        assert_eq!(kinds(&json!({"Id": "005A", "Email": null, "Username": 7})), Vec::<String>::new());
    }

    #[test]
    fn a_lead_fits_its_fields() {
        let draft = LeadDraft {
            key: SyncKey::from_text("k"),
            first_name: String::new(),
            last_name: "x".repeat(100),
            company: " Fabrikam ".into(),
            address: "mia@fabrikam.example".into(),
            owner: RemoteId::new("005A"),
        };
        let expected = json!({
            "LastName": "x".repeat(80), "Company": "Fabrikam", "Email": "mia@fabrikam.example",
            "LeadSource": "Email", "OwnerId": "005A",
        });
        assert_eq!(Value::Object(lead(&draft)), expected);
    }

    #[test]
    fn and_and_or_are_kept_apart() {
        let questions = questions(&["o'neil@x.example".to_owned()]);
        let names: Vec<&str> = questions.iter().map(|part| part.name).collect();
        assert_eq!(names, KINDS.map(|(name, ..)| name));
        let user = "IsActive+%3D+true+AND+%28Email+IN+%28%27o%5C%27neil%40x.example%27%29+OR+Username+IN";
        assert!(questions[0].rest.contains(user), "{}", questions[0].rest);
    }
}
