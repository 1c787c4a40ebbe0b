//! Events, tasks and mails.

use serde_json::{Value, json};

use crate::world::{World, refusal};

fn times(world: &mut World, id: &str) -> [Value; 5] {
    let row = world.row("Event", id);
    ["StartDateTime", "EndDateTime", "DurationInMinutes", "ActivityDate", "ActivityDateTime"]
        .map(|field| row[field].clone())
}

#[test]
fn an_events_times_complete_each_other() {
    let mut world = World::new();
    let (nine, ten) = ("2031-05-06T09:00:00.000+0000", "2031-05-06T10:00:00.000+0000");
    let day = |day: &str| format!("2031-05-{day}T00:00:00.000+0000");
    let table = [
        (json!({ "StartDateTime": nine, "EndDateTime": ten }), nine.to_owned(), ten.to_owned(), 60),
        (json!({ "ActivityDateTime": nine, "DurationInMinutes": 60 }), nine.to_owned(), ten.to_owned(), 60),
        (
            json!({ "StartDateTime": "2031-05-06T11:00:00+02:00", "EndDateTime": ten, "DurationInMinutes": 60 }),
            nine.to_owned(),
            ten.to_owned(),
            60,
        ),
        (json!({ "StartDateTime": nine, "DurationInMinutes": 0 }), nine.to_owned(), nine.to_owned(), 0),
        (json!({ "IsAllDayEvent": true, "ActivityDate": "2031-05-06" }), day("06"), day("06"), 1440),
        (
            json!({ "IsAllDayEvent": true, "StartDateTime": day("06"), "DurationInMinutes": 2880 }),
            day("06"),
            day("07"),
            2880,
        ),
        (
            json!({ "IsAllDayEvent": true, "StartDateTime": day("06"), "EndDateTime": day("08"), "ActivityDate": "2031-05-06" }),
            day("06"),
            day("08"),
            4320,
        ),
    ];
    for (row, start, end, minutes) in table {
        let id = world.create("Event", row.clone());
        let expected = [json!(start), json!(end), json!(minutes), json!("2031-05-06"), json!(start)];
        assert_eq!(times(&mut world, &id), expected, "{row}");
    }
}

#[test]
fn times_that_contradict_are_refused() {
    let mut world = World::new();
    let (nine, ten) = ("2031-05-06T09:00:00Z", "2031-05-06T10:00:00Z");
    let table = [
        (json!({}), "REQUIRED_FIELD_MISSING", json!(["DurationInMinutes", "ActivityDateTime"])),
        (json!({ "StartDateTime": nine }), "REQUIRED_FIELD_MISSING", json!(["DurationInMinutes"])),
        (json!({ "EndDateTime": nine }), "REQUIRED_FIELD_MISSING", json!(["ActivityDateTime"])),
        (json!({ "IsAllDayEvent": true }), "REQUIRED_FIELD_MISSING", json!(["ActivityDate"])),
        (json!({ "StartDateTime": ten, "EndDateTime": nine }), "FIELD_INTEGRITY_EXCEPTION", json!(["EndDateTime"])),
        (
            json!({ "StartDateTime": nine, "EndDateTime": ten, "DurationInMinutes": 30 }),
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            json!(["DurationInMinutes"]),
        ),
        (
            json!({ "StartDateTime": nine, "DurationInMinutes": 20161 }),
            "FIELD_INTEGRITY_EXCEPTION",
            json!(["DurationInMinutes"]),
        ),
        (
            json!({ "StartDateTime": nine, "EndDateTime": "2031-05-20T09:01:00Z" }),
            "FIELD_INTEGRITY_EXCEPTION",
            json!(["DurationInMinutes"]),
        ),
        (
            json!({ "IsAllDayEvent": true, "ActivityDate": "2031-05-06", "EndDateTime": "2031-05-20T00:00:00Z" }),
            "FIELD_INTEGRITY_EXCEPTION",
            json!(["DurationInMinutes"]),
        ),
        (
            json!({ "StartDateTime": nine, "DurationInMinutes": -5 }),
            "FIELD_INTEGRITY_EXCEPTION",
            json!(["EndDateTime"]),
        ),
        (
            json!({ "IsAllDayEvent": true, "StartDateTime": nine }),
            "FIELD_INTEGRITY_EXCEPTION",
            json!(["StartDateTime"]),
        ),
        (
            json!({ "IsAllDayEvent": true, "StartDateTime": "2031-05-06T00:00:00Z", "ActivityDate": "2031-05-07" }),
            "FIELD_INTEGRITY_EXCEPTION",
            json!(["ActivityDate"]),
        ),
        (
            json!({ "IsAllDayEvent": true, "ActivityDate": "2031-05-07", "EndDateTime": "2031-05-06T00:00:00Z" }),
            "FIELD_INTEGRITY_EXCEPTION",
            json!(["EndDateTime"]),
        ),
    ];
    for (row, code, fields) in table {
        let reply = world.call("POST", "sobjects/Event", row.clone());
        assert_eq!(refusal(&reply), (400, code.to_owned(), fields), "{row}");
    }
    world.org.knobs.multiday_events = false;
    let row = json!({ "StartDateTime": nine, "DurationInMinutes": 1441 });
    let reply = world.call("POST", "sobjects/Event", row);
    assert_eq!(reply.body_json()[0]["message"], "Duration must be between 0 and 1440 minutes: Duration");
}

#[test]
fn a_changed_start_keeps_the_length_and_a_changed_end_makes_it() {
    let mut world = World::new();
    let row = json!({ "StartDateTime": "2031-05-06T09:00:00Z", "EndDateTime": "2031-05-06T10:00:00Z" });
    let id = world.create("Event", row);
    world.patch("Event", &id, json!({ "StartDateTime": "2031-05-07T09:00:00Z" }));
    assert_eq!(times(&mut world, &id)[1..3], [json!("2031-05-07T10:00:00.000+0000"), json!(60)]);
    world.patch("Event", &id, json!({ "EndDateTime": "2031-05-07T09:30:00Z" }));
    assert_eq!(times(&mut world, &id)[1..3], [json!("2031-05-07T09:30:00.000+0000"), json!(30)]);
    world.patch("Event", &id, json!({ "Subject": "same times" }));
    assert_eq!(times(&mut world, &id)[2], json!(30));
    world.patch("Event", &id, json!({ "IsAllDayEvent": true }));
    assert_eq!(
        times(&mut world, &id)[..3],
        [json!("2031-05-07T00:00:00.000+0000"), json!("2031-05-07T00:00:00.000+0000"), json!(1440)]
    );
}

#[test]
fn old_activities_are_archived() {
    let mut world = World::new();
    let id = world.create("Event", json!({ "StartDateTime": "2030-05-01T09:00:00Z", "DurationInMinutes": 30 }));
    world.create("Event", json!({ "StartDateTime": "2030-06-01T09:00:00Z", "DurationInMinutes": 30 }));
    assert_eq!(world.find("SELECT Id FROM Event").len(), 1);
    let all = world.soql("queryAll", "SELECT IsArchived FROM Event ORDER BY StartDateTime").body_json();
    assert_eq!((&all["records"][0]["IsArchived"], &all["totalSize"]), (&json!(true), &json!(2)));
    assert_eq!(world.row("Event", &id)["IsArchived"], json!(true));
}

#[test]
fn an_invitee_makes_a_group_event() {
    let mut world = World::new();
    let id = world.create("Event", json!({ "StartDateTime": "2031-05-06T09:00:00Z", "DurationInMinutes": 30 }));
    assert_eq!(world.row("Event", &id)["GroupEventType"], "0");
    let mia = world.column("SELECT Id FROM Contact WHERE LastName = 'Larsen'", "Id")[0].clone();
    world.advance(30);
    let relation = world.create("EventRelation", json!({ "EventId": id, "RelationId": mia }));
    let row = world.row("EventRelation", &relation);
    assert_eq!((&row["Status"], &row["IsInvitee"], row.get("OwnerId")), (&json!("New"), &json!(true), None));
    let event = world.row("Event", &id);
    assert_eq!(event["GroupEventType"], "1");
    // Who polls events alone learns nothing of it.
    assert_eq!(event["SystemModstamp"], "2031-05-06T09:00:00.000+0000");
    let reply = world.patch("EventRelation", &relation, json!({ "EventId": id }));
    assert_eq!(refusal(&reply).1, "INVALID_FIELD_FOR_INSERT_UPDATE");
    world.call("DELETE", &format!("sobjects/Event/{id}"), Value::Null);
    assert_eq!(
        refusal(&world.call("GET", &format!("sobjects/EventRelation/{relation}"), Value::Null)).1,
        "ENTITY_IS_DELETED"
    );
}

#[test]
fn a_task_knows_its_account_and_what_does_not_go_with_a_lead() {
    let mut world = World::new();
    let mia = world.find("SELECT Id, AccountId FROM Contact WHERE LastName = 'Larsen'")[0].clone();
    let lead = world.create("Lead", json!({ "LastName": "L", "Company": "C" }));
    let task = world.create("Task", json!({ "Subject": "Call", "WhoId": mia["Id"] }));
    let row = world.row("Task", &task);
    assert_eq!(row["AccountId"], mia["AccountId"]);
    for (field, expected) in [("Status", "Not Started"), ("Priority", "Normal"), ("TaskSubtype", "Task")] {
        assert_eq!(row[field], expected);
    }
    let reply = world.call("POST", "sobjects/Task", json!({ "WhoId": lead, "WhatId": mia["AccountId"] }));
    assert_eq!(refusal(&reply), (400, "FIELD_INTEGRITY_EXCEPTION".into(), json!(["WhatId"])));
    world.patch("Task", &task, json!({ "Status": "Completed", "Priority": "High" }));
    let row = world.row("Task", &task);
    assert_eq!((&row["IsClosed"], &row["IsHighPriority"]), (&json!(true), &json!(true)));
    assert_eq!(row["CompletedDateTime"], "2031-05-06T09:00:00.000+0000");
    world.patch("Task", &task, json!({ "Status": "Deferred" }));
    assert_eq!(world.row("Task", &task)["CompletedDateTime"], Value::Null);
}

#[test]
fn a_sent_mail_has_its_completed_task_and_is_locked() {
    let mut world = World::new();
    let mia = world.find("SELECT Id, AccountId FROM Contact WHERE LastName = 'Larsen'")[0].clone();
    let mail = json!({
        "Subject": "Offer", "Status": "3", "FromAddress": "anna.berg@northwind.example", "TextBody": "Hello",
        "ToAddress": "mia.larsen@fabrikam.example", "ToIds": [mia["Id"]], "MessageDate": "2031-05-05T23:00:00Z",
        "RelatedToId": mia["AccountId"],
    });
    let id = world.create("EmailMessage", mail);
    let row = world.row("EmailMessage", &id);
    assert_eq!(row["ToIds"], json!([mia["Id"]]));
    let task = world.row("Task", row["ActivityId"].as_str().unwrap());
    for (field, expected) in [
        ("Subject", json!("Offer")),
        ("Description", json!("Hello")),
        ("Status", json!("Completed")),
        ("TaskSubtype", json!("Email")),
        ("IsClosed", json!(true)),
        ("ActivityDate", json!("2031-05-05")),
        ("WhoId", mia["Id"].clone()),
        ("WhatId", mia["AccountId"].clone()),
        ("AccountId", mia["AccountId"].clone()),
    ] {
        assert_eq!(task[field], expected, "{field}");
    }
    let relations = world.find("SELECT RelationType, RelationAddress, RelationObjectType FROM EmailMessageRelation");
    assert_eq!(relations.len(), 1);
    assert_eq!(relations[0]["RelationAddress"], "mia.larsen@fabrikam.example");

    let reply = world.patch("EmailMessage", &id, json!({ "Subject": "Other" }));
    assert_eq!((reply.status.as_u16(), refusal(&reply).1), (403, "INSUFFICIENT_ACCESS_OR_READONLY".into()));
    for allowed in [json!({ "Syncline_Key__c": "m1" }), json!({ "IsExternallyVisible": true })] {
        assert_eq!(world.patch("EmailMessage", &id, allowed).status, 204);
    }
}

#[test]
fn mails_that_are_refused() {
    let mut world = World::new();
    let mia = world.only("Contact", "LastName = 'Larsen'");
    let account = world.only("Account", "Name = 'Fabrikam'");
    for (row, code, field) in [
        (json!({ "RelatedToId": mia }), "MALFORMED_ID", "RelatedToId"),
        (json!({ "ToIds": [account] }), "MALFORMED_ID", "ToIds"),
        (json!({ "CcIds": ["003000000000000AAA"] }), "INVALID_CROSS_REFERENCE_KEY", "CcIds"),
        (json!({ "FromAddress": "nobody" }), "INVALID_EMAIL_ADDRESS", "FromAddress"),
        (json!({ "MessageIdentifier": "x".repeat(256) }), "STRING_TOO_LONG", "MessageIdentifier"),
        (json!({ "TextBody": "x".repeat(131_073) }), "STRING_TOO_LONG", "TextBody"),
        (json!({ "HasAttachment": true }), "INVALID_FIELD_FOR_INSERT_UPDATE", "HasAttachment"),
    ] {
        let reply = world.call("POST", "sobjects/EmailMessage", row.clone());
        assert_eq!((refusal(&reply).1.as_str(), refusal(&reply).2), (code, json!([field])), "{field}");
    }
    assert_eq!((world.org.rows("EmailMessage").count(), world.org.rows("Task").count()), (0, 0));
    // Of a case's mail the client says what it belongs to, and no task is made.
    let case = world.create("Case", json!({ "Subject": "Help" }));
    let task = world.create("Task", json!({ "Subject": "Answer" }));
    let mail = world.create("EmailMessage", json!({ "ParentId": case, "ActivityId": task, "Status": "0" }));
    assert_eq!(world.row("EmailMessage", &mail)["ActivityId"], json!(task));
    world.create("EmailMessage", json!({ "ParentId": case, "Status": "3" }));
    assert_eq!(world.org.rows("Task").count(), 1);
    // Two mails may have one identifier.
    for _ in 0..2 {
        world.create("EmailMessage", json!({ "Subject": "x", "Status": "3", "MessageIdentifier": "<a@b>" }));
    }
    for change in
        [json!({ "Status": "2" }), json!({ "ToAddress": "x@y.example" }), json!({ "TextBody": null, "Headers": "x" })]
    {
        assert_eq!(refusal(&world.patch("EmailMessage", &mail, change.clone())).0, 403, "{change}");
    }
}

#[test]
fn a_draft_has_no_task_until_it_is_sent() {
    let mut world = World::new();
    let id = world.create("EmailMessage", json!({ "Subject": "Draft", "Status": "5" }));
    assert_eq!(world.row("EmailMessage", &id)["ActivityId"], Value::Null);
    assert_eq!(world.patch("EmailMessage", &id, json!({ "Subject": "Better", "Status": "3" })).status, 204);
    let task = world.row("EmailMessage", &id)["ActivityId"].as_str().unwrap().to_owned();
    assert_eq!(world.row("Task", &task)["Subject"], "Better");
    assert_eq!(world.org.rows("Task").count(), 1);
    let new = world.create("EmailMessage", json!({ "Subject": "In", "Incoming": true }));
    assert_eq!(world.patch("EmailMessage", &new, json!({ "Status": "1" })).status, 204);
    let row = json!({ "Subject": "x", "ActivityId": task });
    assert_eq!(refusal(&world.call("POST", "sobjects/EmailMessage", row)).1, "INSUFFICIENT_ACCESS_OR_READONLY");
}

#[test]
fn a_relation_made_later_says_whom_the_task_is_about() {
    let mut world = World::new();
    let mail = world.create("EmailMessage", json!({ "Subject": "In", "Incoming": true, "Status": "0" }));
    let lead = world.create("Lead", json!({ "LastName": "L", "Company": "C", "Email": "l@x.example" }));
    let relation = json!({ "EmailMessageId": mail, "RelationId": lead, "RelationType": "FromAddress" });
    let relation = world.create("EmailMessageRelation", relation);
    let row = world.row("EmailMessageRelation", &relation);
    assert_eq!((&row["RelationObjectType"], &row["RelationAddress"]), (&json!("Lead"), &json!("l@x.example")));
    let task = world.row("EmailMessage", &mail)["ActivityId"].as_str().unwrap().to_owned();
    assert_eq!(world.row("Task", &task)["WhoId"], json!(lead));
}
