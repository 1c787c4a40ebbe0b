//! Validation rules: what admins do not want in rows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use super::rights::Unfit;
use super::schema::Object;
use super::store::Values;
use super::{Row, Salesforce};
use crate::soql;

/// A rule that refuses rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidationRule {
    /// Its name; no two rules of an object share one.
    pub name: String,
    /// The object whose rows it looks at.
    pub object: String,
    /// When a row is refused, as it may stand behind `WHERE` in a query: `Title = null AND Email != null`.
    pub condition: String,
    /// What is told then.
    pub message: String,
    /// The field it is told about, if about one.
    pub field: Option<String>,
}

impl Salesforce {
    /// Sets up a validation rule, in place of one of the same name.
    ///
    /// # Errors
    /// If there is no such object or field, or the condition cannot be asked of it.
    pub fn set_validation_rule(&mut self, mut rule: ValidationRule, now: Timestamp) -> Result<(), Unfit> {
        let object = self.schema().object(&rule.object).ok_or_else(|| Unfit::object(&rule.object))?;
        object.name.clone_into(&mut rule.object);
        soql::check(self, object, &rule.condition, now).map_err(|refusal| Unfit(refusal.message))?;
        if let Some(field) = &mut rule.field {
            let known = object.field(field).ok_or_else(|| Unfit(format!("{} has no field {field}", object.name)))?;
            known.name.clone_into(field);
        }
        self.remove_validation_rule(&rule.object, &rule.name);
        self.rights.validation.push(rule);
        Ok(())
    }

    /// Takes a validation rule away. Whether there was one of that name.
    pub fn remove_validation_rule(&mut self, object: &str, name: &str) -> bool {
        let before = self.rights.validation.len();
        self.rights.validation.retain(|rule| !rule.object.eq_ignore_ascii_case(object) || rule.name != name);
        self.rights.validation.len() < before
    }

    /// The validation rules that are set up.
    pub fn validation_rules(&self) -> &[ValidationRule] {
        &self.rights.validation
    }

    /// What the rules say of a row that is to be written.
    pub(super) fn validate(&self, object: &Object, id: &str, values: &Values, now: Timestamp) -> Vec<Refusal> {
        let rules: Vec<&ValidationRule> =
            self.rights.validation.iter().filter(|rule| rule.object == object.name).collect();
        if rules.is_empty() {
            return Vec::new();
        }
        let row = Row::drafted(id, object, values.clone(), now);
        let broken = rules.into_iter().filter(|rule| soql::meets(self, &row, &rule.condition, now));
        let refusals = broken.map(|rule| {
            let refusal = Refusal::write("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message.clone());
            match &rule.field {
                Some(field) => refusal.on(field),
                None => refusal,
            }
        });
        refusals.collect()
    }
}
