//! Features of the product that an admin switches on or off, and what of the schema hangs on them.

use serde::{Deserialize, Serialize};

/// A feature that some orgs have and some have not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Feature {
    /// Accounts that are a person, with a hidden contact. Not in a new org.
    PersonAccounts,
    /// Activities with several contacts. Not in a new org.
    SharedActivities,
    /// Mails of everything, not only of cases. In a new org.
    EnhancedEmail,
}

impl Feature {
    /// Whether a new org has it.
    pub(super) fn by_default(self) -> bool {
        self == Self::EnhancedEmail
    }

    /// What an object needs to be there.
    pub(super) fn for_object(object: &str) -> Option<Self> {
        match object {
            "TaskRelation" => Some(Self::SharedActivities),
            "EmailMessageRelation" => Some(Self::EnhancedEmail),
            _ => None,
        }
    }

    /// What a field needs to be there.
    pub(super) fn for_field(object: &str, field: &str) -> Option<Self> {
        match (object, field) {
            ("EventRelation", "IsParent" | "IsWhat") | ("Event", "EventWhoIds") | ("Task", "TaskWhoIds") => {
                Some(Self::SharedActivities)
            }
            ("EmailMessage", "RelatedToId" | "ToIds" | "CcIds" | "BccIds") => Some(Self::EnhancedEmail),
            ("Account", "FirstName" | "LastName" | "Salutation") | ("Account" | "Contact", "IsPersonAccount") => {
                Some(Self::PersonAccounts)
            }
            ("Account", name) if name.starts_with("Person") => Some(Self::PersonAccounts),
            _ => None,
        }
    }
}
