//! Files: a version holds the bytes, a document its versions, and links show it to records.

use super::{Field, Kind, area, flag, of, picklist, reference, text, values};

pub(super) const CONTENT_VERSION: &[Field] = &[
    reference("ContentDocumentId", "ContentDocument ID", &["ContentDocument"], "ContentDocument")
        .defaulted()
        .create_only()
        .children("ContentVersions")
        .cascade(),
    flag("IsDeleted", "Deleted").read_only(),
    flag("IsLatest", "Is Latest").read_only(),
    text("ContentUrl", "Content URL", 1333),
    text("VersionNumber", "Version Number", 20).read_only(),
    text("Title", "Title", 255).defaulted().name_field(),
    area("Description", "Description", 1000),
    text("ReasonForChange", "Reason For Change", 1000),
    text("PathOnClient", "Path On Client", 500).required().create_only(),
    text("FileType", "File Type", 20).defaulted().read_only(),
    text("FileExtension", "File Extension", 40).read_only(),
    of("ContentSize", "Size", Kind::Int).read_only(),
    of("VersionData", "Version Data", Kind::Base64).create_only(),
    text("Checksum", "Checksum", 50).read_only(),
    picklist(
        "ContentLocation",
        "Content Origin",
        &[("S", "Salesforce"), ("E", "External"), ("L", "Social Customer Service")],
    )
    .defaulted()
    .create_only()
    .restricted(),
    picklist("Origin", "Content Origin", &[("H", "Chatter"), ("C", "Content")]).defaulted().create_only().restricted(),
    reference(
        "FirstPublishLocationId",
        "First Publish Location ID",
        &["Account", "Case", "Contact", "EmailMessage", "Event", "Lead", "Opportunity", "Task", "User"],
        "FirstPublishLocation",
    )
    .create_only(),
];

pub(super) const CONTENT_DOCUMENT: &[Field] = &[
    text("Title", "Title", 255).required().name_field(),
    area("Description", "Description", 1000),
    reference("LatestPublishedVersionId", "Latest Published Version ID", &["ContentVersion"], "LatestPublishedVersion")
        .read_only(),
    text("FileType", "File Type", 20).read_only(),
    text("FileExtension", "File Extension", 40).read_only(),
    of("ContentSize", "Size", Kind::Int).read_only(),
];

pub(super) const CONTENT_DOCUMENT_LINK: &[Field] = &[
    reference(
        "LinkedEntityId",
        "Linked Entity ID",
        &["Account", "Case", "Contact", "EmailMessage", "Event", "Lead", "Opportunity", "Organization", "Task", "User"],
        "LinkedEntity",
    )
    .required()
    .create_only()
    .children("ContentDocumentLinks")
    .cascade(),
    reference("ContentDocumentId", "ContentDocument ID", &["ContentDocument"], "ContentDocument")
        .required()
        .create_only()
        .children("ContentDocumentLinks")
        .cascade(),
    picklist("ShareType", "Share Type", &[("V", "Viewer"), ("C", "Collaborator"), ("I", "Inferred")])
        .defaulted()
        .restricted(),
    picklist("Visibility", "Visibility", values!["AllUsers", "InternalUsers", "SharedUsers"]).defaulted().restricted(),
];
