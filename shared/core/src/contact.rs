//! Contacts.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::item::Mirrored;

/// The mirrored fields of a contact, each with a value both sides can hold in some form. A text that is
/// not there is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// First name.
    pub given_name: String,
    /// Middle name.
    pub middle_name: String,
    /// Last name; the CRM requires one.
    pub surname: String,
    /// `Dr.`, `Ms.`: the salutation.
    pub title: String,
    /// `Jr.`, `III`: the suffix.
    pub generation: String,
    /// The address mail goes to.
    pub email: String,
    /// What the person does.
    pub job_title: String,
    /// In which department.
    pub department: String,
    /// For which company.
    pub company: String,
    /// At work.
    pub business_phone: String,
    /// Carried along.
    pub mobile_phone: String,
    /// At home.
    pub home_phone: String,
    /// Who answers for the person.
    pub assistant: String,
    /// Where the person works.
    pub business_address: PostalAddress,
    /// Elsewhere.
    pub other_address: PostalAddress,
    /// The day of birth.
    pub birthday: Option<Date>,
    /// Plain text.
    pub notes: String,
}

/// Where a letter goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostalAddress {
    /// Street and number; may have several lines.
    pub street: String,
    /// City.
    pub city: String,
    /// State or province.
    pub state: String,
    /// Postal code.
    pub postal_code: String,
    /// Country or region.
    pub country: String,
}

/// A mirrored field of a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactField {
    /// [`Contact::given_name`]
    GivenName,
    /// [`Contact::middle_name`]
    MiddleName,
    /// [`Contact::surname`]
    Surname,
    /// [`Contact::title`]
    Title,
    /// [`Contact::generation`]
    Generation,
    /// [`Contact::email`]
    Email,
    /// [`Contact::job_title`]
    JobTitle,
    /// [`Contact::department`]
    Department,
    /// [`Contact::company`]
    Company,
    /// [`Contact::business_phone`]
    BusinessPhone,
    /// [`Contact::mobile_phone`]
    MobilePhone,
    /// [`Contact::home_phone`]
    HomePhone,
    /// [`Contact::assistant`]
    Assistant,
    /// [`Contact::business_address`], as one.
    BusinessAddress,
    /// [`Contact::other_address`], as one.
    OtherAddress,
    /// [`Contact::birthday`]
    Birthday,
    /// [`Contact::notes`]
    Notes,
}

impl ContactField {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::GivenName,
        Self::MiddleName,
        Self::Surname,
        Self::Title,
        Self::Generation,
        Self::Email,
        Self::JobTitle,
        Self::Department,
        Self::Company,
        Self::BusinessPhone,
        Self::MobilePhone,
        Self::HomePhone,
        Self::Assistant,
        Self::BusinessAddress,
        Self::OtherAddress,
        Self::Birthday,
        Self::Notes,
    ];
}

impl Mirrored for Contact {
    type Field = ContactField;
}
