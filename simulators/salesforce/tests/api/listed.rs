//! The objects and fields that clients count on: types, lengths, what is needed, values and their defaults.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sim_salesforce::Feature;

use crate::world::World;

/// An object's fields, each `name type(length)`, with a `*` where a new row needs it and `ro` where no
/// client sets it.
const LISTED: &[(&str, &str, &[&str])] = &[
    (
        "User",
        "005",
        &[
            "Username string(80)*",
            "Email email(128)*",
            "Name string(121) ro",
            "IsActive boolean",
            "TimeZoneSidKey string(40)*",
            "LocaleSidKey string(40)*",
            "ProfileId reference(18)",
            "FederationIdentifier string(512)",
        ],
    ),
    (
        "Account",
        "001",
        &[
            "Name string(255)*",
            "Phone phone(40)",
            "Website url(255)",
            "Industry picklist(255)",
            "Type picklist(255)",
            "BillingStreet textarea(255)",
            "BillingCity string(40)",
            "BillingState string(80)",
            "BillingPostalCode string(20)",
            "BillingCountry string(80)",
            "BillingAddress address ro",
            "Description textarea(32000)",
            "ParentId reference(18)",
        ],
    ),
    (
        "Contact",
        "003",
        &[
            "LastName string(80)*",
            "FirstName string(40)",
            "Salutation picklist(255)",
            "Name string(121) ro",
            "AccountId reference(18)",
            "Email email(80)",
            "Phone phone(40)",
            "MobilePhone phone(40)",
            "HomePhone phone(40)",
            "Fax phone(40)",
            "Title string(128)",
            "Department string(80)",
            "Birthdate date",
            "MailingStreet textarea(255)",
            "MailingCity string(40)",
            "OtherCountry string(80)",
            "MailingAddress address ro",
            "OtherAddress address ro",
            "LeadSource picklist(255)",
            "Description textarea(32000)",
            "ReportsToId reference(18)",
            "DoNotCall boolean",
            "HasOptedOutOfEmail boolean",
            "Syncline_Mailbox_Id__c string(255)",
        ],
    ),
    (
        "Lead",
        "00Q",
        &[
            "LastName string(80)*",
            "Company string(255)*",
            "FirstName string(40)",
            "Name string(121) ro",
            "Status picklist(255)",
            "Email email(80)",
            "Phone phone(40)",
            "Title string(128)",
            "Street textarea(255)",
            "LeadSource picklist(255)",
            "IsConverted boolean ro",
            "ConvertedDate date ro",
            "ConvertedAccountId reference(18) ro",
            "ConvertedContactId reference(18) ro",
            "ConvertedOpportunityId reference(18) ro",
        ],
    ),
    (
        "Opportunity",
        "006",
        &[
            "Name string(120)*",
            "StageName picklist(255)*",
            "CloseDate date*",
            "Amount currency",
            "AccountId reference(18)",
            "IsClosed boolean ro",
            "IsWon boolean ro",
        ],
    ),
    (
        "OpportunityContactRole",
        "00K",
        &["OpportunityId reference(18)* create", "ContactId reference(18)*", "Role picklist(255)", "IsPrimary boolean"],
    ),
    (
        "Case",
        "500",
        &[
            "Subject string(255)",
            "Status picklist(255)",
            "Priority picklist(255)",
            "Origin picklist(255)",
            "ContactId reference(18)",
            "AccountId reference(18)",
            "SuppliedEmail email(80)",
            "Description textarea(32000)",
            "CaseNumber string(30) ro",
            "IsClosed boolean ro",
        ],
    ),
    (
        "Task",
        "00T",
        &[
            "Subject combobox(255)",
            "Status picklist(255)",
            "Priority picklist(255)",
            "ActivityDate date",
            "Description textarea(32000)",
            "WhoId reference(18)",
            "WhatId reference(18)",
            "AccountId reference(18) ro",
            "IsClosed boolean ro",
            "IsHighPriority boolean ro",
            "CompletedDateTime datetime ro",
            "IsReminderSet boolean",
            "ReminderDateTime datetime",
            "TaskSubtype picklist(255) create",
            "IsRecurrence boolean create",
        ],
    ),
    (
        "Event",
        "00U",
        &[
            "Subject combobox(255)",
            "StartDateTime datetime",
            "EndDateTime datetime",
            "DurationInMinutes int",
            "IsAllDayEvent boolean",
            "ActivityDate date",
            "ActivityDateTime datetime",
            "Location string(255)",
            "Description textarea(32000)",
            "ShowAs picklist(255)",
            "IsPrivate boolean",
            "WhoId reference(18)",
            "WhatId reference(18)",
            "IsReminderSet boolean",
            "ReminderDateTime datetime",
            "GroupEventType picklist(255) ro",
            "IsGroupEvent boolean ro",
            "IsChild boolean ro",
            "IsArchived boolean ro",
            "EventSubtype picklist(255) create",
            "IsRecurrence2 boolean ro",
            "Recurrence2PatternText string(512) ro",
            "Recurrence2PatternStartDate datetime ro",
            "Recurrence2PatternTimeZone string(255) ro",
            "Recurrence2PatternVersion picklist(255) ro",
            "IsRecurrence2Exception boolean ro",
            "IsRecurrence2Exclusion boolean ro",
        ],
    ),
    (
        "EventRelation",
        "0RE",
        &[
            "EventId reference(18)* create",
            "RelationId reference(18)* create",
            "Status picklist(255)",
            "Response string(255)",
            "RespondedDate datetime",
            "IsInvitee boolean",
            "IsParent boolean",
            "IsWhat boolean ro",
        ],
    ),
    (
        "EmailMessage",
        "02s",
        &[
            "Subject string(3000)",
            "FromAddress email(1000)",
            "FromName string(1000)",
            "ToAddress string(4000)",
            "CcAddress string(4000)",
            "BccAddress string(4000)",
            "TextBody textarea(131072)",
            "HtmlBody textarea(131072)",
            "Headers textarea(32000)",
            "Incoming boolean create",
            "Status picklist(255)",
            "MessageDate datetime",
            "MessageIdentifier string(255) create",
            "ThreadIdentifier string(255) create",
            "ReplyToEmailMessageId reference(18) create",
            "RelatedToId reference(18)",
            "ParentId reference(18) create",
            "ActivityId reference(18) create",
            "HasAttachment boolean ro",
            "IsExternallyVisible boolean",
        ],
    ),
    (
        "EmailMessageRelation",
        "0mR",
        &[
            "EmailMessageId reference(18)* create",
            "RelationId reference(18) create",
            "RelationType picklist(255)* create",
            "RelationAddress string(1000) create",
            "RelationObjectType picklist(255) ro",
        ],
    ),
    (
        "ContentVersion",
        "068",
        &[
            "Title string(255)",
            "PathOnClient string(500)* create",
            "VersionData base64 create",
            "FirstPublishLocationId reference(18) create",
            "ContentDocumentId reference(18) create",
            "ContentSize int ro",
            "FileExtension string(40) ro",
        ],
    ),
    ("ContentDocument", "069", &["Title string(255)*", "LatestPublishedVersionId reference(18) ro"]),
    (
        "ContentDocumentLink",
        "06A",
        &[
            "ContentDocumentId reference(18)* create",
            "LinkedEntityId reference(18)* create",
            "ShareType picklist(255)",
            "Visibility picklist(255)",
        ],
    ),
];

fn shape(field: &Value) -> String {
    let (is, length) = (|flag: &str| field[flag] == true, field["length"].as_u64().unwrap_or(0));
    let length = if length > 0 { format!("({length})") } else { String::new() };
    let needed = is("createable") && !is("nillable") && !is("defaultedOnCreate");
    let settable = match (is("createable"), is("updateable")) {
        (true, true) => "",
        (true, false) => " create",
        (false, false) => " ro",
        (false, true) => " update",
    };
    let (name, kind) = (field["name"].as_str().unwrap(), field["type"].as_str().unwrap());
    format!("{name} {kind}{length}{}{settable}", if needed { "*" } else { "" })
}

fn fields(world: &mut World, object: &str) -> Vec<Value> {
    world.get(&format!("sobjects/{object}/describe"))["fields"].as_array().unwrap().clone()
}

#[test]
fn each_listed_field_is_as_it_is_listed() {
    let mut world = World::new();
    world.org.set_feature(Feature::SharedActivities, true, world.now);
    for (object, prefix, listed) in LISTED {
        assert_eq!(world.get(&format!("sobjects/{object}"))["objectDescribe"]["keyPrefix"], *prefix, "{object}");
        let shapes: Vec<String> = fields(&mut world, object).iter().map(shape).collect();
        for field in *listed {
            let name = field.split(' ').next().unwrap();
            let told = shapes.iter().find(|shape| shape.split(' ').next() == Some(name));
            assert_eq!(told.map(String::as_str), Some(*field), "{object}");
        }
        let names: BTreeSet<&str> = shapes.iter().filter_map(|shape| shape.split(' ').next()).collect();
        for audit in ["Id", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp"] {
            assert!(names.contains(audit), "{object}.{audit}");
        }
        assert_eq!(names.contains("IsDeleted"), *object != "User", "{object}");
        let owned = !matches!(
            *object,
            "User" | "EventRelation" | "EmailMessageRelation" | "OpportunityContactRole" | "ContentDocumentLink"
        );
        assert_eq!(names.contains("OwnerId"), owned, "{object}");
    }
}

#[test]
fn each_listed_picklist_has_its_values_and_its_default() {
    let mut world = World::new();
    for (object, field, values, default) in [
        (
            "Lead",
            "Status",
            &["Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted"][..],
            "Open - Not Contacted",
        ),
        ("Case", "Status", &["New", "Working", "Escalated", "Closed"], "New"),
        (
            "Task",
            "Status",
            &["Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred"],
            "Not Started",
        ),
        ("Task", "Priority", &["High", "Normal", "Low"], "Normal"),
        ("Task", "TaskSubtype", &["Task", "Email", "Call", "ListEmail"], "Task"),
        ("Event", "ShowAs", &["Busy", "Free", "OutOfOffice"], "Busy"),
        ("Event", "GroupEventType", &["0", "1", "2", "3"], ""),
        ("EventRelation", "Status", &["New", "Accepted", "Declined", "Undecided"], "New"),
        ("EmailMessage", "Status", &["0", "1", "2", "3", "4", "5"], "0"),
        (
            "EmailMessageRelation",
            "RelationType",
            &["FromAddress", "ToAddress", "CcAddress", "BccAddress", "OtherAddress"],
            "",
        ),
        ("ContentDocumentLink", "ShareType", &["V", "C", "I"], "V"),
    ] {
        let all = fields(&mut world, object);
        let told = all.iter().find(|told| told["name"] == field).unwrap()["picklistValues"].clone();
        let told = told.as_array().unwrap();
        let mut names: Vec<&str> = told.iter().map(|value| value["value"].as_str().unwrap()).collect();
        let mut values = values.to_vec();
        names.sort_unstable();
        values.sort_unstable();
        assert_eq!(names, values, "{object}.{field}");
        let defaults: Vec<&Value> =
            told.iter().filter(|value| value["defaultValue"] == true).map(|value| &value["value"]).collect();
        assert_eq!(defaults.first().copied().unwrap_or(&json!("")), default, "{object}.{field}");
    }
}

#[test]
fn references_lead_where_they_are_listed_to_lead() {
    let mut world = World::new();
    for (object, field, targets, up) in [
        ("Task", "WhoId", &["Contact", "Lead"][..], "Who"),
        ("Event", "WhoId", &["Contact", "Lead"], "Who"),
        ("Event", "WhatId", &["Account", "Case", "Opportunity"], "What"),
        ("EventRelation", "RelationId", &["Contact", "Lead", "User"], "Relation"),
        ("EmailMessage", "RelatedToId", &["Account", "Case", "Opportunity"], "RelatedTo"),
        ("EmailMessage", "ParentId", &["Case"], "Parent"),
        ("EmailMessageRelation", "RelationId", &["Contact", "Lead", "User"], "Relation"),
        ("Contact", "ReportsToId", &["Contact"], "ReportsTo"),
    ] {
        let all = fields(&mut world, object);
        let told = all.iter().find(|told| told["name"] == field).unwrap();
        let mut names: Vec<&str> = told["referenceTo"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        names.sort_unstable();
        assert_eq!((names.as_slice(), &told["relationshipName"]), (targets, &json!(up)), "{object}.{field}");
        assert_eq!(told["polymorphicForeignKey"], json!(targets.len() > 1), "{object}.{field}");
    }
}
