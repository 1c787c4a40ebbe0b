//! The people in the CRM.

use async_trait::async_trait;
use syncline_core::ids::RemoteId;
use syncline_core::resolve::LeadDraft;

use crate::error::PortError;
use crate::items::Made;

/// Finding and making people.
#[async_trait]
pub trait People: Send + Sync {
    /// Everybody with one of these addresses (lower case; compared without case): users, contacts, and
    /// leads that are not converted.
    async fn by_address(&self, addresses: &[String]) -> Result<Vec<Person>, PortError>;

    /// Makes a lead, once: if there already is one with this key, that one is the answer.
    async fn create_lead(&self, draft: &LeadDraft) -> Result<Made, PortError>;

    /// The companies of these mail domains (lower case): by their web site's address, or because people
    /// who belong to them have such addresses. Free-mail domains are for the caller to leave out.
    async fn companies_by_domain(&self, domains: &[String]) -> Result<Vec<Company>, PortError>;

    /// The companies whose name is one of these or contains it, the oldest first (compared without case).
    async fn companies_by_name(&self, names: &[String]) -> Result<Vec<Company>, PortError>;

    /// The contacts, and the leads that are not converted, of these names (compared without case).
    async fn by_name(&self, names: &[PersonName]) -> Result<Vec<Named>, PortError>;
}

/// A company's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// Its id.
    pub id: RemoteId,
    /// What it is called; empty if the user may not see that.
    pub name: String,
    /// The domain or the name that was asked for.
    pub asked: String,
    /// How it was found.
    pub by: CompanyBy,
}

/// How a company was found, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CompanyBy {
    /// Its web site is at the domain.
    WebSite,
    /// Somebody of it has an address there.
    People,
    /// It is called just so.
    Name,
    /// Its name contains what was asked for.
    PartOfName,
}

/// A person's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PersonName {
    /// May be empty: then any is meant.
    pub first: String,
    /// Never empty.
    pub last: String,
}

/// A person's record that was found by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its id.
    pub id: RemoteId,
    /// What it is.
    pub kind: PersonKind,
    /// The name that was asked for.
    pub name: PersonName,
    /// Its address, lower case, if it has one.
    pub address: Option<String>,
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
