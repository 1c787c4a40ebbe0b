//! The people in the CRM.

use async_trait::async_trait;
use syncline_core::ids::RemoteId;
use syncline_core::resolve::LeadDraft;

use crate::error::PortError;

/// Finding and making people.
#[async_trait]
pub trait People: Send + Sync {
    /// Everybody with one of these addresses (lower case; compared without case): users, contacts, and
    /// leads that are not converted.
    async fn by_address(&self, addresses: &[String]) -> Result<Vec<Person>, PortError>;

    /// Makes a lead, once: if there already is one with this key, that one is the answer.
    async fn create_lead(&self, draft: &LeadDraft) -> Result<RemoteId, PortError>;
}

/// A person's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Its id.
    pub id: RemoteId,
    /// What it is.
    pub kind: PersonKind,
    /// The address it was found by, lower case.
    pub address: String,
}

/// What a person is in the CRM. In the order of preference where one address has several (P-04).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PersonKind {
    /// A colleague.
    User,
    /// A customer's person.
    Contact,
    /// Somebody who may become a customer.
    Lead,
}
