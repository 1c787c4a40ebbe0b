//! The objects that say who may do what.

use super::{Field, Kind, area, flag, of, picklist, reference, text, values};

use Kind::{DateTime, Email};

/// What an account's owner may do with others' rows that belong to it.
const OF_ACCOUNT_OWNER: &[(&str, &str)] = values!["Read", "None", "Edit"];

pub(super) const PROFILE: &[Field] = &[
    text("Name", "Name", 255).required().name_field(),
    area("Description", "Description", 255),
    picklist("UserType", "User Type", values!["Standard"]).defaulted().read_only(),
    flag("PermissionsApiEnabled", "API Enabled"),
    flag("PermissionsViewAllData", "View All Data"),
    flag("PermissionsModifyAllData", "Modify All Data"),
];

pub(super) const USER_ROLE: &[Field] = &[
    text("Name", "Name", 80).required().name_field(),
    text("DeveloperName", "Developer Name", 80).defaulted(),
    reference("ParentRoleId", "Parent Role ID", &["UserRole"], "ParentRole"),
    picklist("OpportunityAccessForAccountOwner", "Opportunity Access Level for Account Owner", OF_ACCOUNT_OWNER)
        .defaulted()
        .restricted(),
    picklist("CaseAccessForAccountOwner", "Case Access Level for Account Owner", OF_ACCOUNT_OWNER)
        .defaulted()
        .restricted(),
    picklist("ContactAccessForAccountOwner", "Contact Access Level for Account Owner", OF_ACCOUNT_OWNER)
        .defaulted()
        .restricted(),
];

pub(super) const GROUP: &[Field] = &[
    text("Name", "Name", 40).required().name_field(),
    text("DeveloperName", "Developer Name", 80),
    reference("RelatedId", "Related ID", &["User", "UserRole"], "Related").read_only(),
    picklist("Type", "Type", values!["Regular", "Queue", "Role", "RoleAndSubordinates"])
        .defaulted()
        .create_only()
        .restricted(),
    of("Email", "Email", Email(255)),
    flag("DoesSendEmailToMembers", "Send Email to Members"),
    flag("DoesIncludeBosses", "Include Bosses"),
];

pub(super) const GROUP_MEMBER: &[Field] = &[
    reference("GroupId", "Group ID", &["Group"], "Group").required().create_only().children("GroupMembers").cascade(),
    reference("UserOrGroupId", "User/Group ID", &["Group", "User"], "UserOrGroup").required().create_only(),
];

pub(super) const QUEUE_SOBJECT: &[Field] = &[
    reference("QueueId", "Queue ID", &["Group"], "Queue").required().create_only().children("QueueSobjects").cascade(),
    text("SobjectType", "Sobject Type", 40).required().create_only(),
];

pub(super) const PERMISSION_SET: &[Field] = &[
    text("Name", "Permission Set Name", 80).required().name_field(),
    text("Label", "Permission Set Label", 80).required(),
    area("Description", "Description", 255),
    reference("ProfileId", "Profile ID", &["Profile"], "Profile").read_only(),
    flag("IsOwnedByProfile", "Is Owned By Profile").read_only(),
    flag("IsCustom", "Custom").read_only(),
    picklist("Type", "Permission Set Type", values!["Regular", "Profile"]).defaulted().read_only(),
    text("NamespacePrefix", "Namespace Prefix", 15).read_only(),
    flag("PermissionsApiEnabled", "API Enabled"),
    flag("PermissionsViewAllData", "View All Data"),
    flag("PermissionsModifyAllData", "Modify All Data"),
];

pub(super) const PERMISSION_SET_ASSIGNMENT: &[Field] = &[
    reference("PermissionSetId", "PermissionSet ID", &["PermissionSet"], "PermissionSet")
        .required()
        .create_only()
        .children("Assignments")
        .cascade(),
    reference("AssigneeId", "Assignee ID", &["User"], "Assignee")
        .required()
        .create_only()
        .children("PermissionSetAssignments"),
    of("ExpirationDate", "Date", DateTime),
    Field { checked: true, ..flag("IsActive", "Active").read_only() },
];

pub(super) const FIELD_PERMISSIONS: &[Field] = &[
    reference("ParentId", "Parent ID", &["PermissionSet"], "Parent")
        .required()
        .create_only()
        .children("FieldPerms")
        .cascade(),
    text("SobjectType", "Sobject Type Name", 40).required().create_only(),
    text("Field", "Field Name", 255).required().create_only(),
    flag("PermissionsRead", "Read Field"),
    flag("PermissionsEdit", "Edit Field"),
];

pub(super) const ASSIGNMENT_RULE: &[Field] = &[
    text("Name", "Name", 120).required().name_field(),
    picklist("SobjectType", "SObject Type", values!["Case", "Lead"]).required().restricted(),
    flag("Active", "Active"),
];
