//! The org's own row.

use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::store::Values;
use super::{Caller, Salesforce, id};

impl Salesforce {
    /// The row that clients look at to learn what kind of org this is.
    pub(super) fn set_up_organization(&mut self, now: Timestamp) {
        let Some(object) = self.schema().object("Organization") else {
            return;
        };
        let name = self.seed.split('.').next().unwrap_or_default().to_owned();
        let values = json!({
            "Name": if name.is_empty() { "Org" } else { name.as_str() }, "OrganizationType": "Developer Edition",
            "InstanceName": "SIM1", "IsSandbox": false, "TimeZoneSidKey": "Europe/Berlin",
            "DefaultLocaleSidKey": "en_US", "LanguageLocaleKey": "en_US",
        });
        let row: Values = values.as_object().cloned().unwrap_or_default().into_iter().collect();
        let caller = Caller::new(id::mint("005", &Sha256::digest("Automated Process")));
        let org = self.org_id.clone();
        self.commit_at_once();
        self.insert(object, &org, row, &caller, now);
    }
}
