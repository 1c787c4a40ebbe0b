//! The table of objects that every org has.

mod access;
mod activities;
mod files;
mod parties;

use super::schema::{Field, Kind, Object, Owner};
use access::{
    ASSIGNMENT_RULE, FIELD_PERMISSIONS, GROUP, GROUP_MEMBER, PERMISSION_SET, PERMISSION_SET_ASSIGNMENT, PROFILE,
    QUEUE_SOBJECT, USER_ROLE,
};
use activities::{EMAIL_MESSAGE, EMAIL_MESSAGE_RELATION, EVENT, EVENT_RELATION, TASK, TASK_RELATION};
use files::{CONTENT_DOCUMENT, CONTENT_DOCUMENT_LINK, CONTENT_VERSION};
use parties::{ACCOUNT, CONTACT, LEAD};

use Kind::{Area, AutoNumber, Boolean, Currency, Date, DateTime, Double, Email, Phone, Picklist, Text};

const fn text(name: &'static str, label: &'static str, length: usize) -> Field {
    Field::new(name, label, Text(length))
}

const fn area(name: &'static str, label: &'static str, length: usize) -> Field {
    Field::new(name, label, Area(length))
}

const fn phone(name: &'static str, label: &'static str) -> Field {
    Field::new(name, label, Phone(40))
}

const fn flag(name: &'static str, label: &'static str) -> Field {
    Field::new(name, label, Boolean).defaulted()
}

const fn of(name: &'static str, label: &'static str, kind: Kind) -> Field {
    Field::new(name, label, kind)
}

const fn picklist(name: &'static str, label: &'static str, values: &'static [(&'static str, &'static str)]) -> Field {
    Field::new(name, label, Picklist(values))
}

/// A reference: the field, its targets, the way up, and the way down.
const fn reference(
    name: &'static str,
    label: &'static str,
    targets: &'static [&'static str],
    up: &'static str,
) -> Field {
    Field { relationship: Some(up), ..Field::new(name, label, Kind::Reference(targets)) }
}

/// Values whose label is the value.
macro_rules! values {
    ($($value:literal),* $(,)?) => { &[$(($value, $value)),*] };
}
use values;

pub(super) const ID: [Field; 1] = [of("Id", "Record ID", Kind::Id).read_only().required().id_lookup()];

pub(super) const OWNER: [Field; 1] =
    [Field { defaulted: true, nillable: false, ..reference("OwnerId", "Owner ID", &["User"], "Owner") }];

pub(super) const POLYMORPHIC_OWNER: [Field; 1] =
    [Field { defaulted: true, nillable: false, ..reference("OwnerId", "Owner ID", &["Group", "User"], "Owner") }];

/// `IsDeleted` stands first: an object that cannot be deleted has all but that.
pub(super) const AUDIT: [Field; 6] = [
    flag("IsDeleted", "Deleted").read_only(),
    of("CreatedDate", "Created Date", DateTime).defaulted().read_only(),
    reference("CreatedById", "Created By ID", &["User"], "CreatedBy").defaulted().read_only(),
    of("LastModifiedDate", "Last Modified Date", DateTime).defaulted().read_only(),
    reference("LastModifiedById", "Last Modified By ID", &["User"], "LastModifiedBy").defaulted().read_only(),
    of("SystemModstamp", "System Modstamp", DateTime).defaulted().read_only(),
];

const SALUTATIONS: &[(&str, &str)] = values!["Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx."];
const SOURCES: &[(&str, &str)] = values!["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"];
const INDUSTRIES: &[(&str, &str)] = values![
    "Agriculture",
    "Apparel",
    "Banking",
    "Biotechnology",
    "Chemicals",
    "Communications",
    "Construction",
    "Consulting",
    "Education",
    "Electronics",
    "Energy",
    "Engineering",
    "Finance",
    "Government",
    "Healthcare",
    "Hospitality",
    "Insurance",
    "Manufacturing",
    "Media",
    "Retail",
    "Shipping",
    "Technology",
    "Telecommunications",
    "Transportation",
    "Utilities",
    "Other",
];

const USER: &[Field] = &[
    text("Username", "Username", 80).required().id_lookup(),
    text("LastName", "Last Name", 80).required(),
    text("FirstName", "First Name", 40),
    text("Name", "Full Name", 121).required().read_only().name_field(),
    of("Email", "Email", Email(128)).required().id_lookup(),
    text("Alias", "Alias", 8).required(),
    text("Title", "Title", 80),
    phone("Phone", "Phone"),
    phone("MobilePhone", "Mobile"),
    flag("IsActive", "Active"),
    text("TimeZoneSidKey", "Time Zone", 40).required(),
    text("LocaleSidKey", "Locale", 40).required(),
    text("LanguageLocaleKey", "Language", 40).required(),
    text("EmailEncodingKey", "Email Encoding", 40).required(),
    reference("UserRoleId", "Role ID", &["UserRole"], "UserRole").children("Users"),
    reference("ProfileId", "Profile ID", &["Profile"], "Profile").children("Users"),
    text("FederationIdentifier", "SAML Federation ID", 512).id_lookup(),
    picklist("UserType", "User Type", values!["Standard"]).read_only(),
];

const OPPORTUNITY: &[Field] = &[
    reference("AccountId", "Account ID", &["Account"], "Account").children("Opportunities").cascade(),
    text("Name", "Name", 120).required().name_field(),
    area("Description", "Description", 32_000),
    picklist(
        "StageName",
        "Stage",
        values![
            "Prospecting",
            "Qualification",
            "Needs Analysis",
            "Value Proposition",
            "Id. Decision Makers",
            "Perception Analysis",
            "Proposal/Price Quote",
            "Negotiation/Review",
            "Closed Won",
            "Closed Lost",
        ],
    )
    .required(),
    of("Amount", "Amount", Currency),
    of("Probability", "Probability (%)", Double(3, 0)),
    of("CloseDate", "Close Date", Date).required(),
    picklist("Type", "Opportunity Type", values!["Existing Business", "New Business"]),
    text("NextStep", "Next Step", 255),
    picklist("LeadSource", "Lead Source", SOURCES),
    flag("IsClosed", "Closed").read_only(),
    flag("IsWon", "Won").read_only(),
];

const CASE: &[Field] = &[
    of("CaseNumber", "Case Number", AutoNumber).defaulted().read_only().name_field().id_lookup(),
    reference("ContactId", "Contact ID", &["Contact"], "Contact").children("Cases"),
    reference("AccountId", "Account ID", &["Account"], "Account").children("Cases"),
    text("SuppliedName", "Name", 80),
    of("SuppliedEmail", "Email Address", Email(80)),
    picklist("Type", "Case Type", values!["Mechanical", "Electrical", "Electronic", "Structural", "Other"]),
    picklist("Status", "Status", values!["New", "Working", "Escalated", "Closed"]).defaulted(),
    picklist("Origin", "Case Origin", values!["Phone", "Email", "Web"]),
    text("Subject", "Subject", 255),
    picklist("Priority", "Priority", values!["High", "Medium", "Low"]).defaulted_to(1),
    area("Description", "Description", 32_000),
    flag("IsClosed", "Closed").read_only(),
    of("ClosedDate", "Closed Date", DateTime).read_only(),
];

const OPPORTUNITY_CONTACT_ROLE: &[Field] = &[
    reference("OpportunityId", "Opportunity ID", &["Opportunity"], "Opportunity")
        .required()
        .create_only()
        .children("OpportunityContactRoles")
        .cascade(),
    reference("ContactId", "Contact ID", &["Contact"], "Contact")
        .required()
        .children("OpportunityContactRoles")
        .cascade(),
    picklist(
        "Role",
        "Role",
        values![
            "Business User",
            "Decision Maker",
            "Economic Buyer",
            "Economic Decision Maker",
            "Evaluator",
            "Executive Sponsor",
            "Influencer",
            "Technical Buyer",
            "Other",
        ],
    ),
    flag("IsPrimary", "Primary"),
];

const ORGANIZATION: &[Field] = &[
    text("Name", "Name", 80).required().name_field(),
    text("OrganizationType", "Edition", 40).read_only(),
    text("InstanceName", "Instance Name", 5).read_only(),
    flag("IsSandbox", "Is Sandbox").read_only(),
    text("TimeZoneSidKey", "Time Zone", 40),
    text("DefaultLocaleSidKey", "Locale", 40),
    text("LanguageLocaleKey", "Language", 40),
    text("NamespacePrefix", "Namespace Prefix", 15).read_only(),
    of("TrialExpirationDate", "Trial Expiration Date", DateTime).read_only(),
];

/// What every row has under a reference that may point to several objects (the object `Name`).
pub(crate) const NAME: &[Field] = &[
    of("Id", "Record ID", Kind::Id).read_only(),
    text("Name", "Name", 255).name_field(),
    text("FirstName", "First Name", 40),
    text("LastName", "Last Name", 80),
    picklist("Type", "Type", &[]),
    of("Email", "Email", Email(128)),
    phone("Phone", "Phone"),
    text("Title", "Title", 128),
    text("Username", "Username", 80),
    text("Alias", "Alias", 8),
    flag("IsActive", "Active"),
    reference("ProfileId", "Profile ID", &["Profile"], "Profile"),
];

const fn object(
    names: [&'static str; 3],
    prefix: &'static str,
    owner: Owner,
    searchable: bool,
    own: &'static [Field],
) -> Object {
    Object {
        name: names[0],
        label: names[1],
        plural: names[2],
        prefix,
        owner,
        createable: true,
        updateable: true,
        deletable: true,
        searchable,
        fields: own,
    }
}

pub(super) const OBJECTS: &[Object] = &[
    object(["Account", "Account", "Accounts"], "001", Owner::User, true, ACCOUNT),
    object(["Case", "Case", "Cases"], "500", Owner::UserOrQueue, true, CASE),
    object(["Contact", "Contact", "Contacts"], "003", Owner::User, true, CONTACT),
    Object {
        createable: false,
        ..object(
            ["ContentDocument", "Content Document", "Content Documents"],
            "069",
            Owner::User,
            true,
            CONTENT_DOCUMENT,
        )
    },
    object(
        ["ContentDocumentLink", "Content Document Link", "Content Document Links"],
        "06A",
        Owner::Nobody,
        false,
        CONTENT_DOCUMENT_LINK,
    ),
    Object {
        deletable: false,
        ..object(["ContentVersion", "Content Version", "Content Versions"], "068", Owner::User, true, CONTENT_VERSION)
    },
    object(["EmailMessage", "Email Message", "Email Messages"], "02s", Owner::User, false, EMAIL_MESSAGE),
    object(
        ["EmailMessageRelation", "Email Message Relation", "Email Message Relations"],
        "0mR",
        Owner::Nobody,
        false,
        EMAIL_MESSAGE_RELATION,
    ),
    object(["Event", "Event", "Events"], "00U", Owner::User, true, EVENT),
    object(["EventRelation", "Event Relation", "Event Relations"], "0RE", Owner::Nobody, false, EVENT_RELATION),
    object(["Lead", "Lead", "Leads"], "00Q", Owner::UserOrQueue, true, LEAD),
    object(["Opportunity", "Opportunity", "Opportunities"], "006", Owner::User, true, OPPORTUNITY),
    object(
        ["OpportunityContactRole", "Opportunity Contact Role", "Opportunity Contact Role"],
        "00K",
        Owner::Nobody,
        false,
        OPPORTUNITY_CONTACT_ROLE,
    ),
    Object {
        createable: false,
        deletable: false,
        ..object(["Organization", "Organization", "Organizations"], "00D", Owner::Nobody, false, ORGANIZATION)
    },
    object(["Task", "Task", "Tasks"], "00T", Owner::UserOrQueue, true, TASK),
    object(["TaskRelation", "Task Relation", "Task Relations"], "0RT", Owner::Nobody, false, TASK_RELATION),
    Object { deletable: false, ..object(["User", "User", "Users"], "005", Owner::Nobody, true, USER) },
    // Who may do what.
    Object {
        createable: false,
        updateable: false,
        deletable: false,
        ..object(
            ["AssignmentRule", "Assignment Rule", "Assignment Rules"],
            "01Q",
            Owner::Nobody,
            false,
            ASSIGNMENT_RULE,
        )
    },
    object(
        ["FieldPermissions", "Field Permissions", "Field Permissions"],
        "01k",
        Owner::Nobody,
        false,
        FIELD_PERMISSIONS,
    ),
    object(["Group", "Group", "Group"], "00G", Owner::Nobody, false, GROUP),
    object(["GroupMember", "Group Member", "Group Member"], "011", Owner::Nobody, false, GROUP_MEMBER),
    object(["PermissionSet", "Permission Set", "Permission Sets"], "0PS", Owner::Nobody, false, PERMISSION_SET),
    object(
        ["PermissionSetAssignment", "Permission Set Assignment", "Permission Set Assignments"],
        "0Pa",
        Owner::Nobody,
        false,
        PERMISSION_SET_ASSIGNMENT,
    ),
    Object {
        createable: false,
        deletable: false,
        ..object(["Profile", "Profile", "Profiles"], "00e", Owner::Nobody, false, PROFILE)
    },
    object(["QueueSobject", "Queue Sobject", "Queue Sobjects"], "03g", Owner::Nobody, false, QUEUE_SOBJECT),
    object(["UserRole", "Role", "Role"], "00E", Owner::Nobody, false, USER_ROLE),
];
