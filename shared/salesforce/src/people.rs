//! Users, contacts, leads and the companies they belong to.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};
use syncline_ports::{
    Company, CompanyBy, LeadDraft, Loss, LossKind, Made, Named, People, Person, PersonKind, PersonName, PortError,
};

use crate::budget::Purpose;
use crate::client::{Client, read_page};
use crate::composite::Part;
use crate::making::New;
use crate::row::Row;
use crate::shape::{Shape, is_unknown_field};
use crate::soql::{chunks, like, list};
use crate::trouble::{Duplicates, Effect};

/// The longest address any of the three objects can hold, in characters (User.Email; Contact and Lead
/// hold 80).
const ADDRESS_LIMIT: usize = 128;
/// The longest name that is searched for, in characters (Account.Name).
const NAME_LIMIT: usize = 255;
/// How many of an object's address fields are searched; the standard one is among them.
const ADDRESS_FIELDS: usize = 5;

/// The people of an org.
#[derive(Debug)]
pub(crate) struct OrgPeople {
    client: Arc<Client>,
}

/// What is asked of each kind.
const KINDS: [(&str, PersonKind); 3] =
    [("User", PersonKind::User), ("Contact", PersonKind::Contact), ("Lead", PersonKind::Lead)];

impl OrgPeople {
    pub(crate) fn new(client: Arc<Client>) -> Self {
        Self { client }
    }

    /// The fields of each kind that may hold an address. Orgs add fields of their own (RI-12).
    async fn address_fields(&self) -> Result<Vec<(&'static str, PersonKind, Vec<String>)>, PortError> {
        let mut kinds = Vec::new();
        for (object, kind) in KINDS {
            let shape = self.client.shape(object).await?;
            let fields = address_fields(&shape);
            if !fields.is_empty() {
                kinds.push((object, kind, fields));
            }
        }
        Ok(kinds)
    }

    async fn look_up(&self, addresses: &[String]) -> Result<Vec<Person>, PortError> {
        let op = "salesforce.people.by_address";
        let kinds = self.address_fields().await?;
        let most = kinds.iter().map(|(_, _, fields)| fields.len()).max().unwrap_or(1);
        let mut people = Vec::new();
        if kinds.is_empty() {
            return Ok(people);
        }
        // A condition repeats the list for each field: the lists are so much shorter.
        for chunk in chunks(addresses, |address| std::iter::repeat_n(address.as_str(), most)) {
            let questions = kinds.iter().map(|(object, _, fields)| question(object, fields, chunk)).collect();
            let parts = self.client.composite(op, Effect::Read, Purpose::Pressing, questions).await?;
            for (object, kind, fields) in &kinds {
                let first = read_page(op, parts.of(object)?.clone(), None)?;
                for record in self.client.rest(op, first).await? {
                    people.extend(found(&record, *kind, fields, chunk));
                }
            }
        }
        Ok(people)
    }

    async fn relearn(&self) -> Result<(), PortError> {
        for (object, _) in KINDS {
            self.client.relearn(object).await?;
        }
        Ok(())
    }

    /// The records whose condition holds, asked in as many questions as are needed. `condition` gives the
    /// texts that are put between ORs.
    async fn all_like(
        &self,
        op: &'static str,
        (select, from, also): (&str, &str, &str),
        conditions: &[String],
    ) -> Result<Vec<Value>, PortError> {
        let mut rows = Vec::new();
        for chunk in chunks(conditions, |condition| [condition.as_str()]) {
            let any = chunk.join(" OR ");
            let soql = format!("SELECT {select} FROM {from} WHERE {also}({any}) ORDER BY CreatedDate, Id");
            rows.extend(self.client.rows(op, soql).await?);
        }
        Ok(rows)
    }
}

#[async_trait]
impl People for OrgPeople {
    async fn by_address(&self, addresses: &[String]) -> Result<Vec<Person>, PortError> {
        let wanted: BTreeSet<String> = addresses.iter().map(|address| address.trim().to_lowercase()).collect();
        let fits = |address: &String| !address.is_empty() && address.chars().count() <= ADDRESS_LIMIT;
        let wanted: Vec<String> = wanted.into_iter().filter(fits).collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        match self.look_up(&wanted).await {
            Err(error) if is_unknown_field(&error) => {
                self.relearn().await?;
                self.look_up(&wanted).await
            }
            answered => answered,
        }
    }

    async fn create_lead(&self, draft: &LeadDraft) -> Result<Made, PortError> {
        let op = "salesforce.lead.create";
        let (record, losses) = lead(draft);
        let address = vec![draft.address.trim().to_lowercase()];
        let lookalike = || -> Pin<Box<dyn Future<Output = _> + Send + '_>> {
            Box::pin(async {
                let people = self.by_address(&address).await?;
                Ok(people.into_iter().find(|person| person.kind == PersonKind::Lead).map(|person| person.id))
            })
        };
        let new = New { op, object: "Lead", key: &draft.key, record, losses };
        match self.client.create_once(new, &lookalike).await {
            // Somebody was quicker than the look before, and a rule of the org forbids a second one.
            Err(error) if error.code == Duplicates::CODE => match lookalike().await? {
                Some(id) => Ok(Made { id, losses: Vec::new() }),
                None => Err(error),
            },
            made => made,
        }
    }

    async fn companies_by_domain(&self, domains: &[String]) -> Result<Vec<Company>, PortError> {
        let op = "salesforce.people.companies_by_domain";
        let domains = cleaned(domains);
        let (account, contact) = (self.client.shape("Account").await?, self.client.shape("Contact").await?);
        let mut companies = Vec::new();
        if account.has("Website") && account.has("Name") {
            let conditions: Vec<String> =
                domains.iter().map(|domain| format!("Website LIKE {}", like("%", domain, "%"))).collect();
            for row in self.all_like(op, ("Id, Name, Website", "Account", ""), &conditions).await? {
                let site = Row(&row).text("Website").ok().flatten().unwrap_or_default();
                for domain in domains.iter().filter(|domain| is_at(site, domain)) {
                    companies.push(company(Row(&row), domain, CompanyBy::WebSite));
                }
            }
        }
        if contact.has("Email") && contact.has("AccountId") && account.has("Name") {
            let conditions: Vec<String> =
                domains.iter().map(|domain| format!("Email LIKE {}", like("%@", domain, ""))).collect();
            let select = ("AccountId, Account.Name, Email", "Contact", "AccountId != null AND ");
            for row in self.all_like(op, select, &conditions).await? {
                let text = |name| Row(&row).text(name).ok().flatten().unwrap_or_default();
                let Some((_, at)) = text("Email").rsplit_once('@') else { continue };
                let at = at.trim().to_lowercase();
                let name = row.get("Account").and_then(|account| Row(account).text("Name").ok().flatten());
                let name = name.unwrap_or_default().to_owned();
                if domains.contains(&at) && !text("AccountId").is_empty() {
                    let id = syncline_core::ids::RemoteId::new(text("AccountId"));
                    companies.push(Company { id, name, asked: at, by: CompanyBy::People });
                }
            }
        }
        Ok(each_once(companies))
    }

    async fn companies_by_name(&self, names: &[String]) -> Result<Vec<Company>, PortError> {
        let op = "salesforce.people.companies_by_name";
        let names = cleaned(names);
        if names.is_empty() || !self.client.shape("Account").await?.has("Name") {
            return Ok(Vec::new());
        }
        let conditions: Vec<String> = names.iter().map(|name| format!("Name LIKE {}", like("%", name, "%"))).collect();
        let mut companies = Vec::new();
        for row in self.all_like(op, ("Id, Name", "Account", ""), &conditions).await? {
            let there = Row(&row).text("Name").ok().flatten().unwrap_or_default().trim().to_lowercase();
            for name in names.iter().filter(|name| there.contains(*name)) {
                let by = if there == **name { CompanyBy::Name } else { CompanyBy::PartOfName };
                companies.push(company(Row(&row), name, by));
            }
        }
        Ok(each_once(companies))
    }

    async fn by_name(&self, names: &[PersonName]) -> Result<Vec<Named>, PortError> {
        let op = "salesforce.people.by_name";
        let wanted: BTreeSet<&PersonName> = names.iter().filter(|name| is_searchable(&name.last)).collect();
        let lasts: BTreeSet<String> = wanted.iter().map(|name| name.last.trim().to_lowercase()).collect();
        let lasts: Vec<String> = lasts.into_iter().collect();
        let mut people = Vec::new();
        for (object, kind) in [("Contact", PersonKind::Contact), ("Lead", PersonKind::Lead)] {
            let shape = self.client.shape(object).await?;
            if !["FirstName", "LastName", "Email"].iter().all(|name| shape.has(name)) {
                continue;
            }
            let also = if kind == PersonKind::Lead { "IsConverted = false AND " } else { "" };
            for chunk in chunks(&lasts, |last| [last.as_str()]) {
                let soql = format!(
                    "SELECT Id, FirstName, LastName, Email FROM {object} WHERE {also}LastName IN {} \
                     ORDER BY CreatedDate, Id",
                    list(chunk.iter().map(String::as_str)),
                );
                for record in self.client.rows(op, soql).await? {
                    people.extend(named(Row(&record), kind, &wanted));
                }
            }
        }
        Ok(people)
    }
}

/// The fields of an object that may hold an address; a user's name is one.
fn address_fields(shape: &Shape) -> Vec<String> {
    let mut fields: Vec<String> = shape.addresses().into_iter().map(str::to_owned).collect();
    if shape.has("Username") {
        fields.insert(0, "Username".to_owned());
    }
    fields.truncate(ADDRESS_FIELDS);
    fields
}

fn question(object: &'static str, fields: &[String], addresses: &[String]) -> Part {
    let list = list(addresses.iter().map(String::as_str));
    let any = fields.iter().map(|field| format!("{field} IN {list}")).collect::<Vec<_>>().join(" OR ");
    let also = match object {
        "User" => "IsActive = true AND ",
        "Lead" => "IsConverted = false AND ",
        _ => "",
    };
    let select = fields.join(", ");
    Part::query(object, &format!("SELECT Id, {select} FROM {object} WHERE {also}({any}) ORDER BY CreatedDate, Id"))
}

/// One person per address that was asked for, though a record may hold several.
fn found(record: &Value, kind: PersonKind, fields: &[String], asked: &[String]) -> Vec<Person> {
    let row = Row(record);
    let address = |field: &String| row.text(field).ok().flatten().map(|address| address.trim().to_lowercase());
    let addresses: BTreeSet<String> = fields.iter().filter_map(address).collect();
    let known = addresses.into_iter().filter(|address| asked.contains(address));
    known.map(|address| Person { id: row.id(), kind, address }).collect()
}

fn named(row: Row<'_>, kind: PersonKind, wanted: &BTreeSet<&PersonName>) -> Vec<Named> {
    let text = |name| row.text(name).ok().flatten().unwrap_or_default().trim().to_lowercase();
    let (first, last, address) = (text("FirstName"), text("LastName"), text("Email"));
    let is_meant = |name: &&&PersonName| {
        let asked = name.first.trim().to_lowercase();
        name.last.trim().to_lowercase() == last && (asked.is_empty() || asked == first)
    };
    let address = (!address.is_empty()).then_some(address);
    let of = |name: &&PersonName| Named { id: row.id(), kind, name: (*name).clone(), address: address.clone() };
    wanted.iter().filter(is_meant).map(of).collect()
}

fn company(row: Row<'_>, asked: &str, by: CompanyBy) -> Company {
    let name = row.text("Name").ok().flatten().unwrap_or_default().to_owned();
    Company { id: row.id(), name, asked: asked.to_owned(), by }
}

/// Each company once per question, found the surest way; the order stays otherwise.
fn each_once(mut companies: Vec<Company>) -> Vec<Company> {
    companies.sort_by_key(|company| company.by);
    let mut seen = BTreeSet::new();
    companies.retain(|company| seen.insert((company.id.clone(), company.asked.clone())));
    companies
}

fn is_searchable(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= NAME_LIMIT
}

/// Lower case, each once, and only what may be found.
fn cleaned(texts: &[String]) -> Vec<String> {
    let texts: BTreeSet<String> =
        texts.iter().filter(|text| is_searchable(text)).map(|text| text.trim().to_lowercase()).collect();
    texts.into_iter().collect()
}

/// Whether a web site, as people write its address, is at the domain or at a host of it.
fn is_at(site: &str, domain: &str) -> bool {
    let site = site.trim().to_lowercase();
    let rest = site.split_once("://").map_or(site.as_str(), |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':', ' ']).next().unwrap_or_default();
    let host = host.trim_end_matches('.');
    host == domain || host.strip_suffix(domain).is_some_and(|front| front.ends_with('.'))
}

/// The lead's record; half an address would be somebody else's, so it is checked where the rest is.
fn lead(draft: &LeadDraft) -> (Map<String, Value>, Vec<Loss>) {
    let mut lead = Map::new();
    let mut losses = Vec::new();
    let mut set = |name: &str, text: &str| {
        if !text.trim().is_empty() {
            lead.insert(name.to_owned(), Value::String(text.trim().to_owned()));
        }
    };
    set("FirstName", &draft.first_name);
    set("LastName", &draft.last_name);
    set("Company", &draft.company);
    set("Email", &draft.address);
    set("LeadSource", "Email");
    set("OwnerId", draft.owner.as_str());
    if draft.last_name.trim().is_empty() {
        set("LastName", draft.address.split('@').next().unwrap_or_default());
        losses.push(Loss { field: "LastName".to_owned(), kind: LossKind::Substituted });
    }
    (lead, losses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use syncline_core::ids::{RemoteId, SyncKey};

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn p17_a_person_is_found_by_any_spelling_and_once_per_address() {
        let asked = owned(&["anna@northwind.example", "a.berg@northwind.example"]);
        let both = json!({"Id": "005A", "Email": "A.Berg@Northwind.example", "Username": "anna@northwind.example"});
        let kinds = |record: &Value| -> Vec<String> {
            let people = found(record, PersonKind::User, &owned(&["Username", "Email"]), &asked);
            people.into_iter().map(|person| person.address).collect()
        };
        assert_eq!(kinds(&both), ["a.berg@northwind.example", "anna@northwind.example"]);
        let twice = json!({"Id": "005A", "Email": "anna@northwind.example", "Username": "ANNA@northwind.example"});
        assert_eq!(kinds(&twice), ["anna@northwind.example"]);
        assert_eq!(kinds(&json!({"Id": "005A", "Email": null, "Username": 7})), Vec::<String>::new());
    }

    #[test]
    fn a_lead_is_made_of_what_is_known() {
        let draft = LeadDraft {
            key: SyncKey::from_text("k"),
            first_name: String::new(),
            last_name: "Li".into(),
            company: " Fabrikam ".into(),
            address: "mia@fabrikam.example".into(),
            owner: RemoteId::new("005A"),
        };
        let expected = json!({
            "LastName": "Li", "Company": "Fabrikam", "Email": "mia@fabrikam.example", "LeadSource": "Email",
            "OwnerId": "005A",
        });
        assert_eq!(Value::Object(lead(&draft).0), expected);
        let (nameless, losses) = lead(&LeadDraft { last_name: " ".into(), ..draft });
        assert_eq!((nameless["LastName"].as_str(), losses.len()), (Some("mia"), 1));
    }

    #[test]
    fn and_and_or_are_kept_apart() {
        let user = question("User", &owned(&["Username", "Email"]), &owned(&["o'neil@x.example"]));
        let expected = "IsActive+%3D+true+AND+%28Username+IN+%28%27o%5C%27neil%40x.example%27%29+OR+Email+IN";
        assert!(user.rest.contains(expected), "{}", user.rest);
    }

    #[test]
    fn a_web_site_is_at_its_domain_however_it_is_written() {
        for (site, domain, expected) in [
            ("fabrikam.example", "fabrikam.example", true),
            ("https://www.Fabrikam.example/about?x=1", "fabrikam.example", true),
            ("http://fabrikam.example:8080", "fabrikam.example", true),
            ("notfabrikam.example", "fabrikam.example", false),
            ("https://directory.example/fabrikam.example", "fabrikam.example", false),
            ("", "fabrikam.example", false),
        ] {
            assert_eq!(is_at(site, domain), expected, "{site}");
        }
    }

    #[test]
    fn a_company_is_told_once_and_the_surest_first() {
        let company = |id: &str, by| Company { id: RemoteId::new(id), name: String::new(), asked: "d".into(), by };
        let told = each_once(vec![
            company("1", CompanyBy::People),
            company("2", CompanyBy::WebSite),
            company("1", CompanyBy::WebSite),
        ]);
        assert_eq!(told, [company("2", CompanyBy::WebSite), company("1", CompanyBy::WebSite)]);
    }

    #[test]
    fn a_name_is_met_whole_and_without_case() {
        let name = |first: &str, last: &str| PersonName { first: first.into(), last: last.into() };
        let (mia, any, tom) = (name("mia", "larsen"), name("", "Larsen"), name("Tom", "Larsen"));
        let row = json!({"Id": "0031", "FirstName": "Mia", "LastName": "Larsen", "Email": "Mia@x.example"});
        let people = named(Row(&row), PersonKind::Contact, &BTreeSet::from([&mia, &any, &tom]));
        let names: Vec<_> = people.iter().map(|person| person.name.clone()).collect();
        assert_eq!(names, [any, mia]);
        assert_eq!(people[0].address.as_deref(), Some("mia@x.example"));
    }
}
