//! Duplicate rules: rows that are much like others are warned of, or refused.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::caller::Caller;
use super::input::Changes;
use super::refusal::Refusal;
use super::rights::Unfit;
use super::schema::Object;
use super::sharing::Right;
use super::store::Values;
use super::{Row, Salesforce, attributes, record};

/// A rule that looks for rows like the one that is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DuplicateRule {
    /// Its API name; no two rules share one.
    pub name: String,
    /// The object whose rows it looks at: `Account`, `Contact` or `Lead`.
    pub object: String,
    /// What it does when there is one.
    pub action: DuplicateAction,
    /// What is told then.
    pub message: String,
    /// Where it looks.
    pub matching: Vec<MatchingRule>,
}

/// What a duplicate rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateAction {
    /// Refuses the row, unless the request says that it is to be saved nevertheless.
    Alert,
    /// Refuses the row.
    Block,
}

/// Which rows are alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchingRule {
    /// Its API name.
    pub name: String,
    /// The object whose rows are compared with the one that is written.
    pub object: String,
    /// One of these is enough.
    pub by: Vec<MatchBy>,
}

/// What must be alike. Capitals, punctuation and legal forms of companies do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchBy {
    /// The e-mail address.
    Email,
    /// The name and the company: a lead's own, a contact's account.
    NameAndCompany,
    /// The name and the website: of one the beginning is enough, if the other is the same; a website
    /// that is not given does not differ.
    NameAndWebsite,
}

/// What people are asked about duplicates.
const QUESTION: &str = "Use one of these records?";

/// Fields by whose change a row may become like another.
const COMPARED: [&str; 7] = ["AccountId", "Company", "Email", "FirstName", "LastName", "Name", "Website"];

/// Words at the end of companies' names that say nothing.
const LEGAL_FORMS: [&str; 14] =
    ["ab", "ag", "as", "bv", "co", "company", "corp", "corporation", "gmbh", "inc", "limited", "llc", "ltd", "sa"];

impl DuplicateRule {
    /// The rule that orgs have from the start for an object (`Account`, `Contact`, `Lead`). Contacts and leads
    /// are compared with each other too.
    pub fn standard(object: &str, action: DuplicateAction) -> Option<Self> {
        let people = [MatchBy::Email, MatchBy::NameAndCompany];
        let matching = |name: &str, object: &str, by: &[MatchBy]| MatchingRule {
            name: name.to_owned(),
            object: object.to_owned(),
            by: by.to_vec(),
        };
        let contacts = matching("Standard_Contact_Match_Rule_v1_1", "Contact", &people);
        let leads = matching("Standard_Lead_Match_Rule_v1_0", "Lead", &people);
        let (object, matching) = match object.to_ascii_lowercase().as_str() {
            "account" => {
                ("Account", vec![matching("Standard_Account_Match_Rule_v1_0", "Account", &[MatchBy::NameAndWebsite])])
            }
            "contact" => ("Contact", vec![contacts, leads]),
            "lead" => ("Lead", vec![leads, contacts]),
            _ => return None,
        };
        Some(Self {
            name: format!("Standard_{object}_Duplicate_Rule"),
            object: object.to_owned(),
            action,
            message: QUESTION.to_owned(),
            matching,
        })
    }
}

/// What of a row is compared.
struct Likeness {
    email: String,
    name: String,
    company: String,
    website: String,
}

impl Salesforce {
    /// Sets up a duplicate rule, in place of one of the same name.
    ///
    /// # Errors
    /// If it is for an object, or looks into one, that has no duplicate rules.
    pub fn set_duplicate_rule(&mut self, rule: DuplicateRule) -> Result<(), Unfit> {
        let objects = rule.matching.iter().map(|matching| &matching.object).chain([&rule.object]);
        if let Some(other) =
            objects.into_iter().find(|object| !matches!(object.as_str(), "Account" | "Contact" | "Lead"))
        {
            return Err(Unfit(format!("there are no duplicate rules for {other}: use Account, Contact or Lead")));
        }
        self.rights.duplicates.retain(|known| known.name != rule.name);
        self.rights.duplicates.push(rule);
        Ok(())
    }

    /// Takes all duplicate rules away.
    pub fn clear_duplicate_rules(&mut self) {
        self.rights.duplicates.clear();
    }

    /// The duplicate rules that are set up.
    pub fn duplicate_rules(&self) -> &[DuplicateRule] {
        &self.rights.duplicates
    }

    /// What the rules say of a row that is to be written.
    pub(super) fn find_duplicates(
        &self,
        caller: &Caller,
        object: &Object,
        id: &str,
        values: &Values,
        changes: &Changes,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let compared = id.is_empty() || changes.keys().any(|name| COMPARED.contains(name));
        if !compared {
            return Ok(());
        }
        let rules = self.rights.duplicates.iter().filter(|rule| rule.object == object.name);
        let row = Row::drafted(id, object, values.clone(), now);
        let mut warning = None;
        for rule in rules {
            let found: Vec<(&MatchingRule, Vec<&Row>)> = rule
                .matching
                .iter()
                .map(|matching| (matching, self.alike(caller, &row, matching)))
                .filter(|(_, rows)| !rows.is_empty())
                .collect();
            if found.is_empty() {
                continue;
            }
            let refusal = self.duplicates_detected(caller, rule, &found, now);
            match rule.action {
                DuplicateAction::Block => return Err(refusal),
                DuplicateAction::Alert if caller.terms.save_duplicates => {}
                DuplicateAction::Alert => {
                    warning.get_or_insert(refusal);
                }
            }
        }
        warning.map_or(Ok(()), Err)
    }

    /// The rows, among those that the caller sees, that are like the given one.
    fn alike(&self, caller: &Caller, row: &Row, matching: &MatchingRule) -> Vec<&Row> {
        let wanted = self.likeness(row);
        let others = self.rows(&matching.object).filter(|other| other.id() != row.id());
        let alike = others.filter(|other| {
            let other = self.likeness(other);
            matching.by.iter().any(|by| wanted.is_like(&other, *by))
        });
        alike.filter(|other| self.may(caller, other, Right::Read)).collect()
    }

    fn likeness(&self, row: &Row) -> Likeness {
        let company = match row.object() {
            "Contact" => self.store.row(row.text("AccountId")).map(|account| account.text("Name")).unwrap_or_default(),
            _ => row.text("Company"),
        };
        let is_company = row.object() == "Account";
        Likeness {
            email: row.text("Email").trim().to_lowercase(),
            name: if is_company { company_name(row.text("Name")) } else { words(row.text("Name")).join(" ") },
            company: company_name(company),
            website: host(row.text("Website")),
        }
    }

    fn duplicates_detected(
        &self,
        caller: &Caller,
        rule: &DuplicateRule,
        found: &[(&MatchingRule, Vec<&Row>)],
        now: Timestamp,
    ) -> Refusal {
        let results = found.iter().map(|(matching, rows)| {
            let records = rows.iter().map(|row| {
                json!({
                    "additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0,
                    "record": self.told_duplicate(caller, row, now),
                })
            });
            json!({
                "entityType": matching.object, "errors": [], "matchEngine": "FuzzyMatchEngine",
                "matchRecords": records.collect::<Value>(), "rule": matching.name, "size": rows.len(), "success": true,
            })
        });
        let result = json!({
            "allowSave": rule.action == DuplicateAction::Alert, "duplicateRule": rule.name,
            "duplicateRuleEntityType": rule.object, "errorMessage": rule.message,
            "matchResults": results.collect::<Value>(),
        });
        // The vendor's own spelling has a letter less.
        let key = if self.knobs.duplicate_result_spelled_right { "duplicateResult" } else { "duplicateResut" };
        Refusal::new(400, "DUPLICATES_DETECTED", rule.message.clone()).with(key, result)
    }

    fn told_duplicate(&self, caller: &Caller, row: &Row, now: Timestamp) -> Value {
        let Some(view) = row.seen(now) else {
            return json!({ "attributes": { "type": row.object() }, "Id": row.id() });
        };
        let base = &caller.terms.base;
        match self.schema_of(caller).object(row.object()) {
            Some(object) if caller.terms.duplicates_in_full => Value::Object(record(&view, object.fields(), base, now)),
            _ => json!({ "attributes": attributes(row.object(), &view, base), "Id": row.id() }),
        }
    }
}

impl Likeness {
    fn is_like(&self, other: &Self, by: MatchBy) -> bool {
        let same = |left: &str, right: &str| !left.is_empty() && left == right;
        match by {
            MatchBy::Email => same(&self.email, &other.email),
            MatchBy::NameAndCompany => same(&self.name, &other.name) && same(&self.company, &other.company),
            MatchBy::NameAndWebsite => {
                let first = |name: &str| name.split(' ').next().unwrap_or_default().to_owned();
                let told_apart = !self.website.is_empty() && !other.website.is_empty() && self.website != other.website;
                let begins_same = same(&first(&self.name), &first(&other.name));
                (same(&self.name, &other.name) && !told_apart) || (begins_same && same(&self.website, &other.website))
            }
        }
    }
}

/// The words of a text without capitals and punctuation.
fn words(text: &str) -> Vec<String> {
    // What stands inside a word joins it: `O'Hara` is one word, `Meyer-Abich` two.
    let joined: String = text.chars().filter(|letter| !matches!(letter, '\'' | '’' | '.')).collect();
    let words = joined.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// The name of a company without its legal form.
fn company_name(text: &str) -> String {
    let mut words = words(text);
    while words.len() > 1 && words.last().is_some_and(|word| LEGAL_FORMS.contains(&word.as_str())) {
        words.pop();
    }
    words.join(" ")
}

/// The host of a website, however it is written.
fn host(website: &str) -> String {
    let lower = website.trim().to_lowercase();
    let rest = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    host.strip_prefix("www.").unwrap_or(host).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_thing_are_alike() {
        for (left, right) in
            [("Fabrikam, Inc.", "FABRIKAM"), ("A.B. Volt Co. Ltd", "AB Volt"), ("Meyer-Abich GmbH", "meyer abich")]
        {
            assert_eq!(company_name(left), company_name(right), "{left}");
        }
        assert_eq!(company_name("Co"), "co", "a name is never nothing");
        for site in ["https://www.Fabrikam.example/about?x", "fabrikam.example", "http://fabrikam.example:80"] {
            assert_eq!(host(site), "fabrikam.example");
        }
        assert_eq!(words("Mia O'Hara"), ["mia", "ohara"]);
    }
}
