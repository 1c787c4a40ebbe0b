//! Who sees and changes which row.

use serde_json::{Value, json};
use sim_salesforce::OrgDefault;

use crate::world::{ANNA, BEN, World, refusal};

const CARLA: &str = "carla.diaz@northwind.example";
const DENIZ: &str = "deniz.evren@northwind.example";

/// An org where nothing is shared, with Carla above Ben, and a standard user at work.
fn private() -> World {
    let mut world = World::new();
    world.org.make_private();
    world.org.assign_role(BEN, "Sales", Some("Head of Sales"), world.now).unwrap();
    world.org.assign_role(CARLA, "Head of Sales", Some("CEO"), world.now).unwrap();
    world.org.assign_role(DENIZ, "Support", Some("CEO"), world.now).unwrap();
    world.be(BEN);
    world
}

fn user(world: &World, name: &str) -> String {
    world.org.rows("User").find(|user| user.text("Username") == name).unwrap().id().to_owned()
}

/// What somebody may do with a row: see it, edit it, delete it.
fn may(world: &mut World, who: &str, object: &str, id: &str) -> (bool, bool, bool) {
    world.be(who);
    let path = format!("sobjects/{object}/{id}");
    let saved = world.org.snapshot();
    let read = world.call("GET", &path, Value::Null).status == 200;
    assert_eq!(world.find(&format!("SELECT Id FROM {object} WHERE Id = '{id}'")).len() == 1, read, "{who}: query");
    let listed = world.get(&format!("composite/sobjects/{object}?ids={id}&fields=Id"));
    assert_eq!(!listed[0].is_null(), read, "{who}: collection");
    let edit = world.call("PATCH", &path, json!({})).status;
    let delete = world.call("DELETE", &path, Value::Null).status;
    for status in [edit, delete] {
        assert!(matches!(status.as_u16(), 204 | 403 | 404), "{who}: {status}");
        assert_eq!(status == 404, !read, "{who}: what is not seen is not there");
    }
    world.org = sim_salesforce::Salesforce::restore(saved).unwrap();
    (read, edit == 204, delete == 204)
}

const ALL: (bool, bool, bool) = (true, true, true);
const EDIT: (bool, bool, bool) = (true, true, false);
const READ: (bool, bool, bool) = (true, false, false);
const NONE: (bool, bool, bool) = (false, false, false);

#[test]
fn owners_and_those_above_them_see_private_rows() {
    let mut world = private();
    let id = world.create("Lead", json!({ "LastName": "x", "Company": "y" }));
    for (who, expected) in [(BEN, ALL), (CARLA, ALL), (DENIZ, NONE), (ANNA, ALL)] {
        assert_eq!(may(&mut world, who, "Lead", &id), expected, "{who}");
    }
    world.org.permit("System Administrator", "ModifyAllData", false, world.now).unwrap();
    assert_eq!(may(&mut world, ANNA, "Lead", &id), READ);
    world.org.permit("System Administrator", "ViewAllData", false, world.now).unwrap();
    assert_eq!(may(&mut world, ANNA, "Lead", &id), NONE);
}

#[test]
fn the_orgs_default_gives_everybody_so_much() {
    let mut world = private();
    let id = world.create("Lead", json!({ "LastName": "x", "Company": "y" }));
    for (default, expected) in [
        (Some(OrgDefault::Private), NONE),
        (Some(OrgDefault::Read), READ),
        (Some(OrgDefault::ReadWrite), EDIT),
        (None, ALL),
    ] {
        world.org.share("lead", default).unwrap();
        assert_eq!(may(&mut world, DENIZ, "Lead", &id), expected, "{default:?}");
    }
    for object in ["Nope", "EventRelation"] {
        assert!(world.org.share(object, Some(OrgDefault::Private)).is_err(), "{object}");
    }
}

#[test]
fn an_account_and_what_belongs_to_it_show_each_other() {
    let mut world = private();
    let account = world.create("Account", json!({ "Name": "x" }));
    let deniz = user(&world, DENIZ);
    world.be(ANNA);
    let mut parts = Vec::new();
    for (object, row) in [
        ("Contact", json!({ "LastName": "x" })),
        ("Case", json!({ "Subject": "x" })),
        ("Opportunity", json!({ "Name": "x", "StageName": "Prospecting", "CloseDate": "2031-06-01" })),
    ] {
        let mut row = row;
        row["AccountId"] = json!(account);
        row["OwnerId"] = json!(deniz);
        parts.push((object, world.create(object, row)));
    }
    for (object, id) in &parts {
        assert_eq!(may(&mut world, BEN, object, id), READ, "the account's owner, {object}");
        assert_eq!(may(&mut world, CARLA, object, id), READ, "and who is above, {object}");
    }
    assert_eq!(may(&mut world, DENIZ, "Account", &account), READ, "the owner of parts");
    let private = world.create("Contact", json!({ "LastName": "private", "OwnerId": deniz }));
    assert_eq!(may(&mut world, BEN, "Contact", &private), NONE);

    // What everybody may do with contacts is not said of one without an account.
    world.be(ANNA);
    world.org.share("Contact", Some(OrgDefault::ReadWrite)).unwrap();
    assert_eq!(may(&mut world, BEN, "Contact", &private), NONE);
    assert_eq!(may(&mut world, BEN, "Contact", &parts[0].1), EDIT);
    world.org.share("Contact", Some(OrgDefault::Private)).unwrap();

    // As the owner's role says.
    world.be(ANNA);
    let role = world.column("SELECT Id FROM UserRole WHERE Name = 'Sales'", "Id")[0].as_str().unwrap().to_owned();
    let wish = json!({ "ContactAccessForAccountOwner": "Edit", "CaseAccessForAccountOwner": "None" });
    assert_eq!(world.patch("UserRole", &role, wish).status, 204);
    assert_eq!(may(&mut world, BEN, "Contact", &parts[0].1), EDIT);
    assert_eq!(may(&mut world, BEN, "Case", &parts[1].1), NONE);
}

#[test]
fn what_is_controlled_by_its_parent_goes_with_it() {
    let mut world = private();
    world.org.share("Contact", Some(OrgDefault::ControlledByParent)).unwrap();
    let account = world.create("Account", json!({ "Name": "x" }));
    let contact = world.create("Contact", json!({ "LastName": "x", "AccountId": account }));
    let alone = world.create("Contact", json!({ "LastName": "alone" }));
    assert_eq!(may(&mut world, DENIZ, "Contact", &contact), NONE);
    for (default, expected) in [(Some(OrgDefault::Read), READ), (Some(OrgDefault::ReadWrite), EDIT), (None, ALL)] {
        world.org.share("Account", default).unwrap();
        assert_eq!(may(&mut world, DENIZ, "Contact", &contact), expected, "{default:?}");
        assert_eq!(may(&mut world, DENIZ, "Contact", &alone), NONE);
    }
}

#[test]
fn an_activity_is_read_by_who_sees_what_it_is_about() {
    let mut world = private();
    let account = world.create("Account", json!({ "Name": "x" }));
    let deniz = user(&world, DENIZ);
    world.be(ANNA);
    let times = json!({ "StartDateTime": "2031-05-06T09:00:00Z", "DurationInMinutes": 30 });
    let event = |what: &str, private: bool| {
        let mut row = times.clone();
        row["OwnerId"] = json!(deniz);
        row["IsPrivate"] = json!(private);
        if !what.is_empty() {
            row["WhatId"] = json!(what);
        }
        row
    };
    let open = world.create("Event", event(&account, false));
    let secret = world.create("Event", event(&account, true));
    let elsewhere = world.create("Event", event("", false));
    let task = world.create("Task", json!({ "Subject": "x", "WhatId": account, "OwnerId": deniz }));
    for (object, id, expected) in
        [("Event", &open, READ), ("Event", &secret, NONE), ("Event", &elsewhere, NONE), ("Task", &task, READ)]
    {
        assert_eq!(may(&mut world, BEN, object, id), expected, "{object}");
        assert_eq!(may(&mut world, DENIZ, object, id), ALL, "{object}");
    }
    // Relations go with their event.
    world.be(ANNA);
    let contact = world.column("SELECT Id FROM Contact", "Id")[0].clone();
    let relation = world.create("EventRelation", json!({ "EventId": elsewhere, "RelationId": contact }));
    assert_eq!(may(&mut world, DENIZ, "EventRelation", &relation), ALL);
    assert_eq!(may(&mut world, BEN, "EventRelation", &relation), NONE);
}

#[test]
fn refusals_are_the_vendors() {
    let mut world = private();
    world.org.share("Lead", Some(OrgDefault::Read)).unwrap();
    world.org.share("Case", Some(OrgDefault::ReadWrite)).unwrap();
    let lead = world.create("Lead", json!({ "LastName": "x", "Company": "y" }));
    let case = world.create("Case", json!({ "Subject": "x" }));
    let account = world.create("Account", json!({ "Name": "x" }));
    let deniz = user(&world, DENIZ);
    world.be(DENIZ);
    let table = [
        ("GET", format!("sobjects/Account/{account}"), json!(null), 404, "NOT_FOUND"),
        ("PATCH", format!("sobjects/Account/{account}"), json!({ "Phone": "1" }), 404, "NOT_FOUND"),
        ("DELETE", format!("sobjects/Account/{account}"), json!(null), 404, "NOT_FOUND"),
        ("PATCH", format!("sobjects/Lead/{lead}"), json!({ "Phone": "1" }), 403, "INSUFFICIENT_ACCESS_OR_READONLY"),
        ("DELETE", format!("sobjects/Lead/{lead}"), json!(null), 403, "INSUFFICIENT_ACCESS_OR_READONLY"),
        ("PATCH", format!("sobjects/Case/{case}"), json!({ "OwnerId": deniz }), 403, "INSUFFICIENT_ACCESS_OR_READONLY"),
        ("DELETE", format!("sobjects/Case/{case}"), json!(null), 403, "INSUFFICIENT_ACCESS_OR_READONLY"),
        (
            "PATCH",
            format!("sobjects/User/{}", user(&world, BEN)),
            json!({ "Title": "x" }),
            403,
            "INSUFFICIENT_ACCESS_OR_READONLY",
        ),
        (
            "POST",
            "sobjects/Contact".to_owned(),
            json!({ "LastName": "x", "AccountId": account }),
            400,
            "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        ),
        (
            "POST",
            "sobjects/Task".to_owned(),
            json!({ "Subject": "x", "WhatId": account }),
            400,
            "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        ),
    ];
    for (method, target, body, status, code) in table {
        let reply = world.call(method, &target, body.clone());
        assert_eq!((refusal(&reply).0, refusal(&reply).1.as_str()), (status, code), "{method} {target} {body}");
    }
    let body = json!({ "records": [
        { "attributes": { "type": "Lead" }, "id": lead, "Phone": "1" },
        { "attributes": { "type": "Case" }, "id": case, "Subject": "new" },
        { "attributes": { "type": "Account" }, "id": account, "Phone": "1" },
    ]});
    let reply = world.call("PATCH", "composite/sobjects", body).body_json();
    assert_eq!(reply[0]["errors"][0]["statusCode"], "INSUFFICIENT_ACCESS_OR_READONLY");
    assert_eq!(reply[0]["errors"][0]["message"], "insufficient access rights on object id");
    assert_eq!(reply[1]["success"], true);
    assert_eq!(reply[2]["errors"][0]["statusCode"], "INVALID_CROSS_REFERENCE_KEY");
}

#[test]
fn queries_counts_ways_and_replication_leave_out_what_is_not_seen() {
    let mut world = private();
    let account = world.create("Account", json!({ "Name": "Bens", "Syncline_Key__c": "B" }));
    world.create("Contact", json!({ "LastName": "Bens", "AccountId": account }));
    let updated = "updated?start=2031-05-06T08:00:00Z&end=2031-05-06T10:00:00Z";
    for (who, seen) in [(BEN, 1), (DENIZ, 0), (ANNA, 3)] {
        world.be(who);
        let total = world.soql("query", "SELECT COUNT() FROM Account").body_json()["totalSize"].clone();
        assert_eq!(total, json!(seen), "{who}");
        assert_eq!(world.find("SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact)").len(), seen);
        assert_eq!(world.get(&format!("sobjects/Account/{updated}"))["ids"].as_array().unwrap().len(), seen);
    }
    world.be(DENIZ);
    let reply = world.call("GET", "sobjects/Account/Syncline_Key__c/B", Value::Null);
    assert_eq!(refusal(&reply).0, 404);
    // The key is taken nevertheless.
    let reply = world.call("POST", "sobjects/Account", json!({ "Name": "x", "Syncline_Key__c": "B" }));
    assert_eq!(refusal(&reply).1, "DUPLICATE_VALUE");
    // A way up that he may not go shows nothing.
    let deniz = user(&world, DENIZ);
    world.be(ANNA);
    world.create("Task", json!({ "Subject": "x", "WhatId": account, "OwnerId": deniz }));
    world.be(DENIZ);
    assert_eq!(world.find("SELECT What.Name FROM Task")[0]["What"], json!(null));
}

#[test]
fn an_owner_may_give_a_row_away() {
    let mut world = private();
    let id = world.create("Lead", json!({ "LastName": "x", "Company": "y" }));
    let deniz = user(&world, DENIZ);
    assert_eq!(world.patch("Lead", &id, json!({ "OwnerId": deniz })).status, 204);
    for (who, expected) in [(BEN, NONE), (CARLA, NONE), (DENIZ, ALL)] {
        assert_eq!(may(&mut world, who, "Lead", &id), expected, "{who}");
    }
}

#[test]
fn the_members_of_a_queue_own_its_rows() {
    let mut world = private();
    let queue = world.org.add_queue("Inbound", &["Lead"], &[DENIZ], world.now).unwrap();
    world.be(ANNA);
    let id = world.create("Lead", json!({ "LastName": "x", "Company": "y", "OwnerId": queue }));
    let owner = world.find(&format!("SELECT Owner.Name, Owner.Type FROM Lead WHERE Id = '{id}'"))[0]["Owner"].clone();
    assert_eq!((&owner["Name"], &owner["Type"]), (&json!("Inbound"), &json!("Group")));
    for (who, expected) in [(BEN, NONE), (DENIZ, ALL)] {
        assert_eq!(may(&mut world, who, "Lead", &id), expected, "{who}");
    }
    world.be(ANNA);
    for (object, row, code) in [
        ("Case", json!({ "Subject": "x", "OwnerId": queue }), "INVALID_OPERATION"),
        ("Contact", json!({ "LastName": "x", "OwnerId": queue }), "MALFORMED_ID"),
    ] {
        assert_eq!(refusal(&world.call("POST", &format!("sobjects/{object}"), row)).1, code, "{object}");
    }
    assert!(world.org.add_queue("x", &["Nope"], &[], world.now).is_err());
}

#[test]
fn deleting_an_account_takes_along_what_others_own() {
    let mut world = private();
    let account = world.create("Account", json!({ "Name": "x" }));
    let deniz = user(&world, DENIZ);
    world.be(ANNA);
    let contact = world.create("Contact", json!({ "LastName": "x", "AccountId": account, "OwnerId": deniz }));
    world.be(BEN);
    assert_eq!(world.call("DELETE", &format!("sobjects/Account/{account}"), Value::Null).status, 204);
    assert!(world.org.row(&contact).unwrap().is_deleted());
}
