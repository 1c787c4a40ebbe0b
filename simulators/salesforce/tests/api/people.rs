//! Person accounts, and mails without Enhanced Email; what sales and service rows say of themselves.

use serde_json::{Value, json};
use sim_salesforce::Feature;

use crate::world::{World, refusal};

fn with_people() -> World {
    let mut world = World::new();
    world.org.set_feature(Feature::PersonAccounts, true, world.now);
    world
}

#[test]
fn a_person_account_has_a_contact_that_follows_it() {
    let mut world = with_people();
    let id =
        world.create("Account", json!({ "FirstName": "Ida", "LastName": "Holm", "PersonEmail": "ida@holm.example" }));
    let row = world.row("Account", &id);
    assert_eq!((&row["Name"], &row["IsPersonAccount"]), (&json!("Ida Holm"), &json!(true)));
    let contact = row["PersonContactId"].as_str().unwrap().to_owned();
    let person = world.row("Contact", &contact);
    assert_eq!((&person["Email"], &person["AccountId"]), (&json!("ida@holm.example"), &json!(id)));
    assert_eq!((&person["Name"], &person["IsPersonAccount"]), (&json!("Ida Holm"), &json!(true)));
    world.advance(5);
    world.patch("Account", &id, json!({ "LastName": "Berg", "PersonMobilePhone": "1" }));
    let person = world.row("Contact", &contact);
    assert_eq!((&person["Name"], &person["MobilePhone"]), (&json!("Ida Berg"), &json!("1")));
    for (method, object, id, body, status) in [
        ("PATCH", "Contact", &contact, json!({ "Email": "x@y.example" }), 400),
        ("PATCH", "Account", &id, json!({ "Name": "x" }), 400),
        ("PATCH", "Account", &id, json!({ "LastName": null }), 400),
        ("DELETE", "Contact", &contact, Value::Null, 403),
        ("DELETE", "Account", &id, Value::Null, 204),
    ] {
        let reply = world.call(method, &format!("sobjects/{object}/{id}"), body.clone());
        assert_eq!(reply.status, status, "{method} {object} {body}");
    }
    assert_eq!(refusal(&world.call("GET", &format!("sobjects/Contact/{contact}"), Value::Null)).1, "ENTITY_IS_DELETED");
}

#[test]
fn business_accounts_stay_what_they_are() {
    let mut world = with_people();
    let id = world.only("Account", "Name = 'Fabrikam' AND IsPersonAccount = false");
    let reply = world.patch("Account", &id, json!({ "PersonEmail": "x@y.example" }));
    assert_eq!(refusal(&reply).1, "INVALID_FIELD_FOR_INSERT_UPDATE");
    assert_eq!(world.patch("Account", &id, json!({ "Name": "Fabrikam Ltd" })).status, 204);
    let reply = World::new().call("POST", "sobjects/Account", json!({ "LastName": "x" }));
    assert_eq!(refusal(&reply).1, "INVALID_FIELD");
}

#[test]
fn without_enhanced_email_there_are_mails_of_cases_only() {
    let mut world = World::new();
    world.org.set_feature(Feature::EnhancedEmail, false, world.now);
    let reply = world.call("POST", "sobjects/EmailMessage", json!({ "Subject": "x", "Status": "3" }));
    assert_eq!(refusal(&reply), (400, "REQUIRED_FIELD_MISSING".into(), json!(["ParentId"])));
    let case = world.create("Case", json!({ "Subject": "Help" }));
    world.create("EmailMessage", json!({ "Subject": "x", "Status": "3", "ParentId": case }));
    assert_eq!(world.call("GET", "sobjects/EmailMessageRelation/describe", Value::Null).status, 404);
    let described = world.get("sobjects/EmailMessage/describe");
    assert!(described["fields"].as_array().unwrap().iter().all(|field| field["name"] != "RelatedToId"));
}

#[test]
fn a_mail_takes_its_task_along_but_not_that_of_a_case() {
    let mut world = World::new();
    let mail = world.create("EmailMessage", json!({ "Subject": "x", "Status": "3" }));
    let task = world.row("EmailMessage", &mail)["ActivityId"].as_str().unwrap().to_owned();
    world.call("DELETE", &format!("sobjects/EmailMessage/{mail}"), Value::Null);
    assert_eq!(refusal(&world.call("GET", &format!("sobjects/Task/{task}"), Value::Null)).1, "ENTITY_IS_DELETED");
    let case = world.create("Case", json!({ "Subject": "Help" }));
    let work = world.create("Task", json!({ "Subject": "Answer", "WhatId": case }));
    let mail = json!({ "Subject": "x", "Status": "3", "ParentId": case, "ActivityId": work });
    let mail = world.create("EmailMessage", mail);
    world.call("DELETE", &format!("sobjects/EmailMessage/{mail}"), Value::Null);
    assert_eq!(world.row("Task", &work)["Subject"], "Answer");
}

#[test]
fn stages_and_statuses_say_more_than_their_name() {
    let mut world = World::new();
    let sale =
        world.create("Opportunity", json!({ "Name": "O", "StageName": "Prospecting", "CloseDate": "2031-07-01" }));
    for (change, closed, won, likely) in [
        (json!({ "StageName": "Proposal/Price Quote" }), false, false, 75.0),
        (json!({ "Probability": 60 }), false, false, 60.0),
        (json!({ "Name": "same stage" }), false, false, 60.0),
        (json!({ "StageName": "Closed Lost" }), true, false, 0.0),
        (json!({ "StageName": "Closed Won" }), true, true, 100.0),
    ] {
        world.patch("Opportunity", &sale, change.clone());
        let row = world.row("Opportunity", &sale);
        let told = [&row["IsClosed"], &row["IsWon"], &row["Probability"]];
        assert_eq!(told, [&json!(closed), &json!(won), &json!(likely)], "{change}");
    }
    let [mia, tom] = ["Larsen", "Okafor"].map(|name| world.only("Contact", &format!("LastName = '{name}'")));
    let role = |contact: &str| json!({ "OpportunityId": sale, "ContactId": contact, "IsPrimary": true });
    let first = world.create("OpportunityContactRole", role(&mia));
    world.create("OpportunityContactRole", role(&tom));
    assert_eq!(world.row("OpportunityContactRole", &first)["IsPrimary"], json!(false));
    let case = world.create("Case", json!({ "Subject": "Help", "ContactId": mia }));
    let row = world.row("Case", &case);
    assert_eq!((&row["IsClosed"], &row["CaseNumber"]), (&json!(false), &json!("00001001")));
    assert_eq!(row["AccountId"], world.row("Contact", &mia)["AccountId"]);
}

#[test]
fn reminders_have_a_time() {
    let mut world = World::new();
    let reply = world.call("POST", "sobjects/Task", json!({ "Subject": "x", "IsReminderSet": true }));
    assert_eq!(refusal(&reply), (400, "REQUIRED_FIELD_MISSING".into(), json!(["ReminderDateTime"])));
    let row = json!({ "Subject": "x", "IsReminderSet": true, "ReminderDateTime": "2031-05-06T08:45:00Z" });
    let id = world.create("Task", row);
    world.patch("Task", &id, json!({ "IsReminderSet": false }));
    assert_eq!(world.row("Task", &id)["ReminderDateTime"], Value::Null);
    let reply = world.patch("Task", &id, json!({ "TaskSubtype": "Call" }));
    assert_eq!(refusal(&reply).1, "INVALID_FIELD_FOR_INSERT_UPDATE");
}
