//! What goes along when something is deleted, what stays, and what comes back.

use serde_json::{Value, json};
use sim_salesforce::Feature;

use crate::world::{BEN, V, World, element, refusal};

fn delete(world: &mut World, object: &str, id: &str) -> sim_kit::Reply {
    world.call("DELETE", &format!("sobjects/{object}/{id}"), Value::Null)
}

/// Which of these rows are in the bin.
fn deleted(world: &mut World, rows: &[(&str, &String)]) -> Vec<bool> {
    let gone = |world: &mut World, object: &str, id: &str| {
        let found = world.soql("queryAll", &format!("SELECT IsDeleted FROM {object} WHERE Id = '{id}'")).body_json();
        found["records"][0]["IsDeleted"].as_bool().unwrap()
    };
    rows.iter().map(|(object, id)| gone(world, object, id)).collect()
}

fn meeting(more: &Value) -> Value {
    let mut event = json!({ "Subject": "Talk", "StartDateTime": "2031-05-07T09:00:00Z", "DurationInMinutes": 30 });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

#[test]
fn an_account_takes_its_contacts_deals_and_activities_along_and_brings_them_back() {
    let mut world = World::new();
    let ben = world.only("User", &format!("Username = '{BEN}'"));
    let account = world.create("Account", json!({ "Name": "Adatum" }));
    let contact = world.create("Contact", json!({ "LastName": "Larsen", "AccountId": account }));
    let about_it = world.create("Event", meeting(&json!({ "WhatId": account })));
    let with_her = world.create("Event", meeting(&json!({ "WhoId": contact })));
    let invitation = world.create("EventRelation", json!({ "EventId": with_her, "RelationId": ben }));
    let accepted = world.patch("EventRelation", &invitation, json!({ "Status": "Accepted" }));
    assert_eq!(accepted.status, 204);
    let copy = world.only("Event", "IsChild = true");
    let task = world.create("Task", json!({ "WhoId": contact }));
    let mail = world.create("EmailMessage", json!({ "RelatedToId": account, "Status": "3", "Subject": "Mail" }));
    let of_mail = world.only("Task", "Subject = 'Mail'");
    let other = world.create("Event", meeting(&json!({})));
    let rows = [
        ("Account", &account),
        ("Contact", &contact),
        ("Event", &about_it),
        ("Event", &with_her),
        ("Event", &copy),
        ("EventRelation", &invitation),
        ("Task", &task),
        ("EmailMessage", &mail),
        ("Task", &of_mail),
    ];
    assert_eq!(delete(&mut world, "Account", &account).status, 204);
    assert_eq!(deleted(&mut world, &rows), [true; 9]);
    assert_eq!(deleted(&mut world, &[("Event", &other)]), [false]);
    world.soap("undelete", &format!("<urn:ids>{account}</urn:ids>"));
    assert_eq!(deleted(&mut world, &rows), [false; 9]);
    assert_eq!(world.row("EventRelation", &invitation)["Status"], "Accepted", "nobody declined");
}

#[test]
fn who_and_what_take_their_activities_along() {
    for (object, row, field) in [
        ("Contact", json!({ "LastName": "Larsen" }), "WhoId"),
        ("Lead", json!({ "LastName": "Larsen", "Company": "Adatum" }), "WhoId"),
        ("Opportunity", json!({ "Name": "Deal", "StageName": "Prospecting", "CloseDate": "2031-06-01" }), "WhatId"),
        ("Case", json!({ "Subject": "Help" }), "WhatId"),
    ] {
        let mut world = World::new();
        let parent = world.create(object, row);
        let task = world.create("Task", json!({ field: parent }));
        let event = world.create("Event", meeting(&json!({ field: parent })));
        assert_eq!(delete(&mut world, object, &parent).status, 204, "{object}");
        assert_eq!(deleted(&mut world, &[("Task", &task), ("Event", &event)]), [true, true], "{object}");
    }
}

#[test]
fn an_activity_about_several_people_stays_until_the_last_of_them_goes() {
    let mut world = World::new();
    world.org.set_feature(Feature::SharedActivities, true, world.now);
    let [first, second] = ["A", "B"].map(|name| world.create("Contact", json!({ "LastName": name })));
    let event = world.create("Event", meeting(&json!({ "EventWhoIds": [first, second] })));
    delete(&mut world, "Contact", &first);
    assert_eq!(world.row("Event", &event)["WhoId"], json!(second), "the next of them takes the place");
    delete(&mut world, "Contact", &second);
    assert_eq!(deleted(&mut world, &[("Event", &event)]), [true]);
}

#[test]
fn an_invitation_goes_with_who_is_invited() {
    let mut world = World::new();
    let contact = world.create("Contact", json!({ "LastName": "Larsen" }));
    let event = world.create("Event", meeting(&json!({})));
    let invitation = world.create("EventRelation", json!({ "EventId": event, "RelationId": contact }));
    delete(&mut world, "Contact", &contact);
    assert_eq!(deleted(&mut world, &[("EventRelation", &invitation), ("Event", &event)]), [true, false]);
}

#[test]
fn whom_a_case_is_about_is_not_deleted() {
    let mut world = World::new();
    let account = world.create("Account", json!({ "Name": "Adatum" }));
    let contact = world.create("Contact", json!({ "LastName": "Davis", "FirstName": "Josh", "AccountId": account }));
    let case = world.create("Case", json!({ "ContactId": contact, "AccountId": null }));
    for (object, id) in [("Contact", &contact), ("Account", &account)] {
        let reply = delete(&mut world, object, id);
        assert_eq!(refusal(&reply), (400, "DELETE_FAILED".to_owned(), json!([])), "{object}");
    }
    let told = delete(&mut world, "Contact", &contact).body_json()[0]["message"].clone();
    let number = world.row("Case", &case)["CaseNumber"].as_str().unwrap().to_owned();
    assert_eq!(
        told,
        format!(
            "Your attempt to delete Josh Davis could not be completed because it is associated with the following \
             cases.: {number}\n"
        )
    );
    delete(&mut world, "Case", &case);
    assert_eq!(delete(&mut world, "Account", &account).status, 204);
}

#[test]
fn a_row_whose_key_another_has_taken_stays_in_the_bin() {
    let mut world = World::new();
    let first = world.create("Contact", json!({ "LastName": "A", "Syncline_Key__c": "k" }));
    delete(&mut world, "Contact", &first);
    let second = world.create("Contact", json!({ "LastName": "B", "Syncline_Key__c": "k" }));
    let (_, answer) = world.soap("undelete", &format!("<urn:ids>{first}</urn:ids>"));
    assert_eq!(element(&answer, "statusCode").as_deref(), Some("DUPLICATE_VALUE"), "{answer}");
    delete(&mut world, "Contact", &second);
    let (_, answer) = world.soap("undelete", &format!("<urn:ids>{first}</urn:ids>"));
    assert_eq!(element(&answer, "success").as_deref(), Some("true"), "{answer}");
}

#[test]
fn merged_people_are_invited_once() {
    let mut world = World::new();
    let [master, loser] = ["A", "B"].map(|name| world.create("Contact", json!({ "LastName": name })));
    let event = world.create("Event", meeting(&json!({})));
    for person in [&master, &loser] {
        world.create("EventRelation", json!({ "EventId": event, "RelationId": person }));
    }
    let content = format!(
        "<urn:request><urn:masterRecord><urn:type>Contact</urn:type><urn:Id>{master}</urn:Id></urn:masterRecord>\
         <urn:recordToMergeIds>{loser}</urn:recordToMergeIds></urn:request>"
    );
    assert!(world.soap("merge", &content).1.contains("<success>true"));
    let people = world.column(&format!("SELECT RelationId FROM EventRelation WHERE EventId = '{event}'"), "RelationId");
    assert_eq!(people, [json!(master)]);
}

#[test]
fn a_draft_that_is_sent_has_a_task_about_who_got_it() {
    let mut world = World::new();
    let contact = world.create("Contact", json!({ "LastName": "Larsen", "Email": "mia.larsen@fabrikam.example" }));
    let mail = json!({ "Subject": "Offer", "Status": "5", "ToIds": [contact] });
    let mail = world.create("EmailMessage", mail);
    assert_eq!(world.soql("query", "SELECT count() FROM Task WHERE Subject = 'Offer'").body_json()["totalSize"], 0);
    assert_eq!(world.patch("EmailMessage", &mail, json!({ "Status": "3" })).status, 204);
    let task = world.only("Task", "Subject = 'Offer'");
    assert_eq!(world.row("Task", &task)["WhoId"], json!(contact));
    assert!(world.get(&format!("{V}/sobjects/EmailMessage/{mail}"))["ActivityId"] == json!(task));
}
