//! The org of northwind.example.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::input::Input;
use super::{Caller, Salesforce};
use crate::package::Package;

const USERS: [(&str, &str); 4] = [
    ("Anna Berg", "anna.berg@northwind.example"),
    ("Ben Carter", "ben.carter@northwind.example"),
    ("Carla Diaz", "carla.diaz@northwind.example"),
    ("Deniz Evren", "deniz.evren@northwind.example"),
];

impl Salesforce {
    /// The org northwind.example: four users, and two customers with a contact each. Syncline's package
    /// is installed, and everybody has its permission set. The first user is an administrator.
    pub fn northwind(now: Timestamp) -> Self {
        let mut org = Self::empty("northwind.example", now);
        let package = Package::syncline().unwrap_or_default();
        org.install(&package, now);
        for set in package.permission_sets.keys() {
            // It is there: the package brought it.
            let _ = org.give_everybody(set, now);
        }
        let ids: Vec<String> = USERS.iter().map(|(name, email)| org.add_user(name, email, now)).collect();
        let Some(anna) = ids.into_iter().next().map(Caller::new) else {
            return org;
        };
        for (account, website, first, last, email) in [
            ("Fabrikam", "fabrikam.example", "Mia", "Larsen", "mia.larsen@fabrikam.example"),
            ("Contoso", "contoso.example", "Tom", "Okafor", "tom.okafor@contoso.example"),
        ] {
            let company = org.plant(&anna, "Account", &json!({ "Name": account, "Website": website }), now);
            let person = json!({ "FirstName": first, "LastName": last, "Email": email, "AccountId": company });
            org.plant(&anna, "Contact", &person, now);
        }
        org.store.settle();
        org
    }

    fn plant(&mut self, caller: &Caller, object: &str, row: &Value, now: Timestamp) -> String {
        let fields: Map<String, Value> = row.as_object().cloned().unwrap_or_default();
        let planted = self
            .schema()
            .object(object)
            .map(|object| self.create(caller, object, &Input { fields: &fields, also_id: false }, now));
        planted.and_then(Result::ok).unwrap_or_default()
    }
}
