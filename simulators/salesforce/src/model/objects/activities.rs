//! The objects of the activity history.

use super::{Field, Kind, area, flag, of, picklist, reference, text, values};

use Kind::{Combo, Date, DateTime, Email, IdList, Int};

pub(super) const TASK: &[Field] = &[
    reference("WhoId", "Name ID", &["Contact", "Lead"], "Who").children("Tasks").cascade(),
    reference("WhatId", "Related To ID", &["Account", "Opportunity", "Case"], "What").children("Tasks").cascade(),
    of("Subject", "Subject", Combo(values!["Call", "Send Letter", "Send Quote", "Other"])).name_field(),
    of("ActivityDate", "Due Date Only", Date),
    picklist(
        "Status",
        "Status",
        values!["Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred"],
    )
    .defaulted(),
    picklist("Priority", "Priority", values!["High", "Normal", "Low"]).defaulted_to(1),
    flag("IsHighPriority", "High Priority").read_only(),
    area("Description", "Description", 32_000),
    picklist("Type", "Type", values!["Call", "Meeting", "Other"]),
    reference("AccountId", "Account ID", &["Account"], "Account").read_only(),
    flag("IsClosed", "Closed").read_only(),
    of("CompletedDateTime", "Completed Date", DateTime).read_only(),
    flag("IsReminderSet", "Reminder Set"),
    of("ReminderDateTime", "Reminder Date/Time", DateTime),
    picklist(
        "TaskSubtype",
        "Task Subtype",
        &[("Task", "Task"), ("Email", "Email"), ("Call", "Call"), ("ListEmail", "List Email")],
    )
    .defaulted()
    .create_only()
    .restricted(),
    flag("IsRecurrence", "Create Recurring Series of Tasks").create_only(),
    flag("IsArchived", "Archived").calculated(),
    of("TaskWhoIds", "Related People IDs", IdList(&["Contact", "Lead"])),
];

pub(super) const TASK_RELATION: &[Field] = &[
    reference("TaskId", "Task ID", &["Task"], "Task").required().create_only().children("TaskRelations").cascade(),
    reference("RelationId", "Relation ID", &["Contact", "Lead"], "Relation")
        .required()
        .create_only()
        .children("TaskRelations")
        .cascade(),
    flag("IsWhat", "Is What").read_only(),
    reference("AccountId", "Account ID", &["Account"], "Account").read_only(),
];

pub(super) const EVENT: &[Field] = &[
    reference("WhoId", "Name ID", &["Contact", "Lead"], "Who").children("Events").cascade(),
    reference("WhatId", "Related To ID", &["Account", "Opportunity", "Case"], "What").children("Events").cascade(),
    of("Subject", "Subject", Combo(values!["Call", "Email", "Meeting", "Send Letter/Quote", "Other"])).name_field(),
    text("Location", "Location", 255),
    flag("IsAllDayEvent", "All-Day Event"),
    of("ActivityDateTime", "Due Date Time", DateTime),
    of("ActivityDate", "Due Date Only", Date),
    of("DurationInMinutes", "Duration", Int),
    of("StartDateTime", "Start Date Time", DateTime),
    of("EndDateTime", "End Date Time", DateTime),
    area("Description", "Description", 32_000),
    reference("AccountId", "Account ID", &["Account"], "Account").read_only(),
    picklist("Type", "Type", values!["Call", "Meeting", "Other"]),
    flag("IsPrivate", "Private"),
    picklist("ShowAs", "Show Time As", &[("Busy", "Busy"), ("OutOfOffice", "Out of Office"), ("Free", "Free")])
        .defaulted(),
    flag("IsChild", "Is Child").read_only(),
    flag("IsGroupEvent", "Is Group Event").read_only(),
    picklist(
        "GroupEventType",
        "Group Event Type",
        &[
            ("0", "Non-group Event"),
            ("1", "Group Event"),
            ("2", "Proposed Event"),
            ("3", "IsRecurrence2 Series Pattern"),
        ],
    )
    .restricted()
    .read_only(),
    flag("IsArchived", "Archived").calculated(),
    flag("IsRecurrence", "Create Recurring Series of Events").create_only(),
    flag("IsReminderSet", "Reminder Set"),
    of("ReminderDateTime", "Reminder Date/Time", DateTime),
    picklist("EventSubtype", "Event Subtype", values!["Event"]).defaulted().create_only().restricted(),
    flag("IsRecurrence2", "Repeat").read_only(),
    flag("IsRecurrence2Exclusion", "Recurrence2 Exclusion").read_only(),
    flag("IsRecurrence2Exception", "Recurrence2 Exception").read_only(),
    text("Recurrence2PatternText", "Recurrence2 Pattern", 512).read_only(),
    of("Recurrence2PatternStartDate", "Recurrence2 Pattern Start", DateTime).read_only(),
    text("Recurrence2PatternTimeZone", "Recurrence2 Time Zone", 255).read_only(),
    picklist("Recurrence2PatternVersion", "Recurrence2 Pattern Version", values!["1"]).read_only(),
    of("EventWhoIds", "Related People IDs", IdList(&["Contact", "Lead"])),
];

pub(super) const EVENT_RELATION: &[Field] = &[
    reference("EventId", "Event ID", &["Event"], "Event").required().create_only().children("EventRelations").cascade(),
    reference("RelationId", "Relation ID", &["Contact", "Lead", "User"], "Relation")
        .required()
        .create_only()
        .children("EventRelations")
        .cascade(),
    picklist("Status", "Status", values!["New", "Accepted", "Declined", "Undecided"]).defaulted().restricted(),
    of("RespondedDate", "Responded Date", DateTime),
    text("Response", "Response", 255),
    flag("IsInvitee", "Is Invitee"),
    flag("IsParent", "Is Parent"),
    flag("IsWhat", "Is What").read_only(),
];

pub(super) const EMAIL_MESSAGE: &[Field] = &[
    reference("ParentId", "Case ID", &["Case"], "Parent").create_only().children("EmailMessages").cascade(),
    reference("ActivityId", "Activity ID", &["Task"], "Activity").create_only().children("EmailMessages"),
    area("TextBody", "Text Body", 131_072),
    area("HtmlBody", "HTML Body", 131_072),
    area("Headers", "Headers", 32_000),
    text("Subject", "Subject", 3000).name_field(),
    text("FromName", "From Name", 1000),
    of("FromAddress", "From Address", Email(1000)),
    text("ToAddress", "To Address", 4000),
    text("CcAddress", "CC Address", 4000),
    text("BccAddress", "BCC Address", 4000),
    flag("Incoming", "Is Incoming").create_only(),
    flag("HasAttachment", "Has Attachment").read_only(),
    picklist(
        "Status",
        "Status",
        &[("0", "New"), ("1", "Read"), ("2", "Replied"), ("3", "Sent"), ("4", "Forwarded"), ("5", "Draft")],
    )
    .defaulted()
    .restricted(),
    of("MessageDate", "Message Date", DateTime),
    reference("ReplyToEmailMessageId", "Email Message ID", &["EmailMessage"], "ReplyToEmailMessage").create_only(),
    flag("IsExternallyVisible", "Is Externally Visible"),
    text("MessageIdentifier", "Message ID", 255).create_only(),
    text("ThreadIdentifier", "Thread ID", 255).create_only(),
    reference("RelatedToId", "Related To ID", &["Account", "Opportunity", "Case"], "RelatedTo")
        .children("Emails")
        .cascade(),
    of("ToIds", "To IDs", IdList(&["Contact", "Lead", "User"])),
    of("CcIds", "CC IDs", IdList(&["Contact", "Lead", "User"])),
    of("BccIds", "BCC IDs", IdList(&["Contact", "Lead", "User"])),
];

pub(super) const EMAIL_MESSAGE_RELATION: &[Field] = &[
    reference("EmailMessageId", "Email Message ID", &["EmailMessage"], "EmailMessage")
        .required()
        .create_only()
        .children("EmailMessageRelations")
        .cascade(),
    reference("RelationId", "Relation ID", &["Contact", "Lead", "User"], "Relation")
        .create_only()
        .children("EmailMessageRelations"),
    picklist(
        "RelationType",
        "Relation Type",
        values!["FromAddress", "ToAddress", "CcAddress", "BccAddress", "OtherAddress"],
    )
    .required()
    .create_only()
    .restricted(),
    text("RelationAddress", "Relation Address", 1000).create_only(),
    picklist("RelationObjectType", "Relation Object Type", values!["Contact", "Lead", "User"]).restricted().read_only(),
];
