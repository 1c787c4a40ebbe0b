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
