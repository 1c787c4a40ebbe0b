//! Describe.

use http::Method;
use serde_json::{Value, json};
use sim_kit::Request;

use crate::world::{V, World};

fn field(described: &Value, name: &str) -> Value {
    described["fields"].as_array().unwrap().iter().find(|field| field["name"] == name).cloned().unwrap_or_default()
}

#[test]
fn describe_says_what_a_client_must_know() {
    let mut world = World::new();
    let all = world.get("sobjects");
    assert_eq!((&all["encoding"], &all["maxBatchSize"]), (&json!("UTF-8"), &json!(200)));
    let names: Vec<&str> =
        all["sobjects"].as_array().unwrap().iter().map(|object| object["name"].as_str().unwrap()).collect();
    for name in [
        "User",
        "Account",
        "Contact",
        "Lead",
        "Task",
        "Event",
        "EventRelation",
        "EmailMessage",
        "EmailMessageRelation",
        "Opportunity",
        "Case",
    ] {
        assert!(names.contains(&name), "{name}");
        let described = world.get(&format!("sobjects/{name}/describe"));
        assert_eq!(described["urls"]["rowTemplate"], format!("{V}/sobjects/{name}/{{ID}}"));
        let id = field(&described, "Id");
        assert_eq!((&id["type"], &id["createable"], &id["nillable"]), (&json!("id"), &json!(false), &json!(false)));
        assert_eq!(field(&described, "IsDeleted").is_null(), name == "User");
    }
    for name in ["Account", "Contact", "Lead", "Task", "Event", "EmailMessage"] {
        let key = field(&world.get(&format!("sobjects/{name}/describe")), "Syncline_Key__c");
        for (flag, expected) in
            [("externalId", true), ("unique", true), ("idLookup", true), ("caseSensitive", false), ("custom", true)]
        {
            assert_eq!(key[flag], json!(expected), "{name} {flag}");
        }
        assert_eq!((&key["type"], &key["length"]), (&json!("string"), &json!(80)));
    }
    let contact = world.get("sobjects/contact/describe");
    let required: Vec<&str> = contact["fields"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|field| {
            field["createable"] == true && field["nillable"] == false && field["defaultedOnCreate"] == false
        })
        .map(|field| field["name"].as_str().unwrap())
        .collect();
    assert_eq!(required, ["LastName"]);
    let legacy = field(&contact, "Syncline_Mailbox_Id__c");
    assert_eq!((&legacy["externalId"], &legacy["unique"]), (&json!(true), &json!(false)));
    let tasks = contact["childRelationships"].as_array().unwrap().iter().find(|way| way["relationshipName"] == "Tasks");
    assert_eq!(tasks.unwrap()["field"], "WhoId");
    let who = field(&world.get("sobjects/Task/describe"), "WhoId");
    assert_eq!((&who["referenceTo"], &who["relationshipName"]), (&json!(["Contact", "Lead"]), &json!("Who")));
    let status = field(&world.get("sobjects/Lead/describe"), "Status");
    assert_eq!(status["picklistValues"][0]["value"], "Open - Not Contacted");
    assert_eq!(status["picklistValues"][0]["defaultValue"], json!(true));
    assert_eq!(world.get("sobjects/Lead/")["objectDescribe"]["keyPrefix"], "00Q");
}

#[test]
fn an_unchanged_schema_is_not_sent_again() {
    let mut world = World::new();
    for target in ["sobjects", "sobjects/Contact/describe"] {
        for (since, status) in [("Tue, 06 May 2031 09:00:00 GMT", 304), ("Mon, 05 May 2031 09:00:00 GMT", 200)] {
            let mut request = Request::new(Method::GET, &format!("{V}/{target}"), "http://sf.test");
            request.headers.insert("if-modified-since", since.parse().unwrap());
            assert_eq!(world.send(request).status, status, "{target} {since}");
        }
    }
}

#[test]
fn addresses_are_read_whole() {
    let mut world = World::new();
    let id = world.create("Contact", json!({ "LastName": "x", "MailingCity": "Oslo", "MailingCountry": "Norway" }));
    let row = world.row("Contact", &id);
    assert_eq!((&row["MailingAddress"]["city"], &row["OtherAddress"]), (&json!("Oslo"), &Value::Null));
    let reply = world.call("GET", &format!("sobjects/Contact/{id}?fields=Name,mailingcity"), Value::Null).body_json();
    let keys: Vec<&String> = reply.as_object().unwrap().keys().collect();
    assert_eq!(keys.len(), 3);
}

#[test]
fn the_org_has_a_row_of_its_own() {
    let mut world = World::new();
    let soql = "SELECT Id, Name, InstanceName, IsSandbox, TrialExpirationDate, NamespacePrefix, OrganizationType \
                FROM Organization";
    let found = world.get(&format!("query?q={}", soql.replace(' ', "+")));
    let org = &found["records"][0];
    assert_eq!(found["totalSize"], 1);
    assert_eq!(org["Id"], world.get("/services/oauth2/userinfo")["organization_id"]);
    assert_eq!((&org["IsSandbox"], &org["TrialExpirationDate"]), (&json!(false), &Value::Null));
}

#[test]
fn a_list_of_ids_is_asked_for_but_not_described() {
    let mut world = World::new();
    let described = world.get("sobjects/EmailMessage/describe");
    let listed = described["fields"].as_array().unwrap().iter().find(|field| field["name"] == "ToIds");
    assert_eq!(listed, None, "clients that copy every described field know no such type");
    assert_eq!(world.get("query?q=SELECT+ToIds+FROM+EmailMessage")["totalSize"], 0);
}

#[test]
fn every_object_and_field_is_described_with_every_word() {
    let mut world = World::new();
    let object_keys = "name label labelPlural keyPrefix custom createable updateable deletable queryable searchable \
                       replicateable undeletable mergeable retrieveable urls";
    let field_keys = "name label type length precision scale nillable createable updateable defaultedOnCreate \
                      filterable sortable custom calculated externalId unique idLookup caseSensitive nameField \
                      referenceTo relationshipName polymorphicForeignKey restrictedPicklist picklistValues";
    let types = "id string textarea boolean int double currency date datetime email phone url picklist reference \
                 address base64 combobox";
    let types: Vec<&str> = types.split_whitespace().collect();
    let all = world.get("sobjects");
    let mut seen = std::collections::BTreeSet::new();
    for summary in all["sobjects"].as_array().unwrap() {
        let name = summary["name"].as_str().unwrap();
        let whole = world.get(&format!("sobjects/{name}/describe"));
        for key in object_keys.split_whitespace() {
            assert!(summary.get(key).is_some(), "{name} {key}");
            assert_eq!(summary[key], whole[key], "{name} {key}");
        }
        assert_eq!(&world.get(&format!("sobjects/{name}"))["objectDescribe"], summary, "{name}");
        assert!(whole["recordTypeInfos"][0].get("recordTypeId").is_some(), "{name}");
        for way in whole["childRelationships"].as_array().unwrap() {
            for key in ["childSObject", "field", "relationshipName", "cascadeDelete"] {
                assert!(way.get(key).is_some(), "{name} {key}");
            }
        }
        for field in whole["fields"].as_array().unwrap() {
            for key in field_keys.split_whitespace() {
                assert!(field.get(key).is_some(), "{name}.{} {key}", field["name"]);
            }
            let kind = field["type"].as_str().unwrap();
            assert!(types.contains(&kind), "{name}.{} {kind}", field["name"]);
            assert_eq!(kind == "reference", field["referenceTo"] != json!([]), "{name}.{}", field["name"]);
            for value in field["picklistValues"].as_array().unwrap() {
                for key in ["value", "label", "active", "defaultValue"] {
                    assert!(value.get(key).is_some(), "{name}.{} {key}", field["name"]);
                }
            }
            seen.insert(kind.to_owned());
        }
    }
    assert_eq!(seen.len(), types.len(), "{seen:?}");
    let mergeable: Vec<&str> = all["sobjects"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|object| object["mergeable"] == true)
        .map(|object| object["name"].as_str().unwrap())
        .collect();
    assert_eq!(mergeable, ["Account", "Contact", "Lead"]);
}

#[test]
fn the_subject_of_an_activity_is_free_beside_its_proposals() {
    let mut world = World::new();
    for (object, first) in [("Task", "Call"), ("Event", "Call")] {
        let subject = field(&world.get(&format!("sobjects/{object}/describe")), "Subject");
        assert_eq!((&subject["type"], &subject["length"]), (&json!("combobox"), &json!(255)), "{object}");
        assert_eq!(
            (&subject["picklistValues"][0]["value"], &subject["restrictedPicklist"]),
            (&json!(first), &json!(false))
        );
    }
    let long = "x".repeat(256);
    assert_eq!(
        world.call("POST", "sobjects/Task", json!({ "Subject": long })).body_json()[0]["errorCode"],
        "STRING_TOO_LONG"
    );
    world.create("Task", json!({ "Subject": "Anything" }));
    assert_eq!(
        world.column("SELECT Subject FROM Task WHERE Subject LIKE 'ANY%' AND Subject != null", "Subject"),
        ["Anything"]
    );
}

#[test]
fn what_a_user_may_see_since_is_a_change_of_the_schema() {
    let mut world = World::new();
    let before = world.now;
    for step in ["field", "assignment"] {
        world.advance(60);
        if step == "field" {
            let access = Some(sim_salesforce::FieldAccess::Hidden);
            world.org.set_field_access(crate::world::BEN, "Contact.Title", access, world.now).unwrap();
        } else {
            let ben = world.only("User", &format!("Username = '{}'", crate::world::BEN));
            let set = world.create("PermissionSet", json!({ "Name": "Extra", "Label": "Extra" }));
            world.create("PermissionSetAssignment", json!({ "AssigneeId": ben, "PermissionSetId": set }));
        }
        for (since, status) in [(world.now, 304), (before, 200), (world.now - std::time::Duration::from_secs(1), 200)] {
            let mut request = Request::new(Method::GET, &format!("{V}/sobjects/Contact/describe/"), "http://sf.test");
            let since = since.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            request.headers.insert("if-modified-since", since.parse().unwrap());
            let reply = world.send(request);
            assert_eq!((reply.status.as_u16(), reply.body.is_empty()), (status, status == 304), "{step} {since}");
        }
    }
}
