//! What admins add to the vendor's checks: validation, duplicate and assignment rules.

use http::Method;
use serde_json::{Value, json};
use sim_kit::{Reply, Request};
use sim_salesforce::{
    AssignmentEntry, AssignmentRule, DuplicateAction, DuplicateRule, MatchBy, MatchingRule, ValidationRule,
};

use crate::world::{ANNA, BEN, V, World, refusal};

impl World {
    /// One call with a header of its own.
    fn call_with(&mut self, method: &str, path: &str, header: (&'static str, &str), body: &Value) -> Reply {
        let mut request = Request::new(method.parse::<Method>().unwrap(), &format!("{V}/{path}"), "http://sf.test");
        request.headers.insert(header.0, header.1.parse().unwrap());
        request.body = body.to_string().into_bytes();
        self.send(request)
    }
}

fn validation(object: &str, condition: &str) -> ValidationRule {
    ValidationRule {
        name: "Rule".to_owned(),
        object: object.to_owned(),
        condition: condition.to_owned(),
        message: "Tell us the title.".to_owned(),
        field: Some("title".to_owned()),
    }
}

#[test]
fn a_row_that_meets_a_validation_rule_is_refused() {
    let mut world = World::new();
    let rule = validation("contact", "Title = null AND Account.Name LIKE 'fabri%' AND CreatedDate = null");
    world.org.set_validation_rule(rule, world.now).unwrap();
    let fabrikam = world.column("SELECT Id FROM Account WHERE Name = 'Fabrikam'", "Id")[0].clone();
    let reply = world.call("POST", "sobjects/Contact", json!({ "LastName": "x", "AccountId": fabrikam }));
    assert_eq!(
        reply.body_json(),
        json!([{ "message": "Tell us the title.", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": ["Title"] }])
    );
    assert_eq!(reply.status, 400);
    world.create("Contact", json!({ "LastName": "x" }));
    let id = world.create("Contact", json!({ "LastName": "x", "AccountId": fabrikam, "Title": "CTO" }));
    // The condition is asked of the row as it will be.
    world.org.set_validation_rule(validation("Contact", "Title = null AND AccountId != null"), world.now).unwrap();
    let list = json!({ "records": [{ "attributes": { "type": "Contact" }, "id": id, "Title": null }] });
    let told = world.call("PATCH", "composite/sobjects", list).body_json();
    assert_eq!(told[0]["errors"][0]["statusCode"], "FIELD_CUSTOM_VALIDATION_EXCEPTION");
    assert_eq!(told[0]["errors"][0]["fields"], json!(["Title"]));
    assert_eq!(world.patch("Contact", &id, json!({ "Title": null, "AccountId": null })).status, 204);
    // What is wrong with the row itself comes first.
    let reply = world.call("POST", "sobjects/Contact", json!({ "AccountId": fabrikam }));
    assert_eq!(refusal(&reply).1, "REQUIRED_FIELD_MISSING");
    assert!(world.org.remove_validation_rule("Contact", "Rule"));
    world.create("Contact", json!({ "LastName": "x", "AccountId": fabrikam }));
}

#[test]
fn a_validation_rule_must_make_sense() {
    let mut world = World::new();
    for (object, condition) in [
        ("Nope", "Id = null"),
        ("Contact", "Nope = 1"),
        ("Contact", ""),
        ("Contact", "Title = "),
        ("Lead", "Title = 1"),
    ] {
        assert!(
            world.org.set_validation_rule(validation(object, condition), world.now).is_err(),
            "{object} {condition}"
        );
    }
    let rule = ValidationRule { field: Some("Nope".to_owned()), ..validation("Contact", "Id = null") };
    assert!(world.org.set_validation_rule(rule, world.now).is_err());
}

fn duplicates(action: DuplicateAction) -> World {
    let mut world = World::new();
    for object in ["Account", "Contact", "Lead"] {
        world.org.set_duplicate_rule(DuplicateRule::standard(object, action).unwrap()).unwrap();
    }
    world
}

#[test]
fn duplicates_are_told_as_the_vendor_tells_them() {
    let mut world = duplicates(DuplicateAction::Alert);
    let mia = world.column("SELECT Id FROM Contact WHERE LastName = 'Larsen'", "Id")[0].as_str().unwrap().to_owned();
    let twin = json!({ "LastName": "Other", "Email": "MIA.LARSEN@fabrikam.example" });
    let reply = world.call("POST", "sobjects/Contact", twin.clone());
    assert_eq!(reply.status, 400);
    let expected = json!([{
        "duplicateResut": {
            "allowSave": true, "duplicateRule": "Standard_Contact_Duplicate_Rule", "duplicateRuleEntityType": "Contact",
            "errorMessage": "Use one of these records?",
            "matchResults": [{
                "entityType": "Contact", "errors": [], "matchEngine": "FuzzyMatchEngine",
                "matchRecords": [{
                    "additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0,
                    "record": {
                        "attributes": { "type": "Contact", "url": format!("{V}/sobjects/Contact/{mia}") }, "Id": mia,
                    },
                }],
                "rule": "Standard_Contact_Match_Rule_v1_1", "size": 1, "success": true,
            }],
        },
        "errorCode": "DUPLICATES_DETECTED", "message": "Use one of these records?",
    }]);
    assert_eq!(reply.body_json(), expected);
    world.org.knobs.duplicate_result_spelled_right = true;
    let told = world.call("POST", "sobjects/Contact", twin.clone()).body_json();
    assert!(told[0].get("duplicateResult").is_some() && told[0].get("duplicateResut").is_none());
    let list = json!({ "records": [{ "attributes": { "type": "Contact" }, "LastName": "y", "Email": twin["Email"] }] });
    let told = world.call("POST", "composite/sobjects", list).body_json();
    let error = json!({ "statusCode": "DUPLICATES_DETECTED", "message": "Use one of these records?", "fields": [] });
    assert_eq!(told, json!([{ "success": false, "errors": [error] }]));
    let header = ("sforce-duplicate-rule-header", "includeRecordDetails=true");
    let told = world.call_with("POST", "sobjects/Contact", header, &twin).body_json();
    let record = &told[0]["duplicateResult"]["matchResults"][0]["matchRecords"][0]["record"];
    assert_eq!(record["LastName"], "Larsen");
}

#[test]
fn a_warning_is_overridden_and_a_block_is_not() {
    let twin = json!({ "LastName": "Other", "Email": "mia.larsen@fabrikam.example" });
    for (action, allow, status) in [
        (DuplicateAction::Alert, "allowSave=true", 201),
        (DuplicateAction::Alert, "allowSave=false", 400),
        (DuplicateAction::Block, "allowSave=true", 400),
    ] {
        let mut world = duplicates(action);
        let header = ("sforce-duplicate-rule-header", allow);
        let reply = world.call_with("POST", "sobjects/Contact", header, &twin);
        assert_eq!(reply.status, status, "{action:?} {allow}");
        if status == 400 {
            let alert = json!(action == DuplicateAction::Alert);
            assert_eq!(reply.body_json()[0]["duplicateResut"]["allowSave"], alert);
        }
        // In a composite request the part's header counts, and else that of the whole.
        let part = |headers: Value| {
            json!({ "compositeRequest": [{ "method": "POST", "url": format!("{V}/sobjects/Contact"),
                    "referenceId": "a", "body": twin, "httpHeaders": headers }] })
        };
        let mut composite = |whole: &str, own: Value| {
            let header = ("sforce-duplicate-rule-header", whole);
            let told = world.call_with("POST", "composite", header, &part(own)).body_json();
            told["compositeResponse"][0]["httpStatusCode"].clone()
        };
        assert_eq!(composite(allow, json!({})), json!(status), "{action:?} {allow}");
        let own = json!({ "Sforce-Duplicate-Rule-Header": allow });
        assert_eq!(composite("allowSave=false", own), json!(status), "{action:?} {allow}");
    }
}

#[test]
fn what_counts_as_alike() {
    let mut world = duplicates(DuplicateAction::Block);
    world.create("Account", json!({ "Name": "Adatum, Inc.", "Website": "https://www.adatum.example/home" }));
    world.create(
        "Lead",
        json!({ "FirstName": "Ada", "LastName": "O'Hara", "Company": "Adatum Corp.", "Email": "ada@adatum.example" }),
    );
    let fabrikam = world.column("SELECT Id FROM Account WHERE Name = 'Fabrikam'", "Id")[0].clone();
    for (object, row, alike) in [
        ("Account", json!({ "Name": "ADATUM" }), true),
        ("Account", json!({ "Name": "Adatum", "Website": "adatum.example" }), true),
        ("Account", json!({ "Name": "Adatum Research", "Website": "http://adatum.example" }), true),
        ("Account", json!({ "Name": "Adatum", "Website": "elsewhere.example" }), false),
        ("Account", json!({ "Name": "Ada" }), false),
        ("Lead", json!({ "FirstName": "ada", "LastName": "OHara", "Company": "adatum" }), true),
        ("Lead", json!({ "FirstName": "Ada", "LastName": "O'Hara", "Company": "Contoso" }), false),
        ("Contact", json!({ "LastName": "x", "Email": "ADA@adatum.example" }), true),
        ("Lead", json!({ "LastName": "x", "Company": "y", "Email": "mia.larsen@fabrikam.example" }), true),
        ("Contact", json!({ "FirstName": "mia", "LastName": "larsen", "AccountId": fabrikam }), true),
        ("Contact", json!({ "FirstName": "Mia", "LastName": "Larsen" }), false),
        ("Contact", json!({ "LastName": "Nobody" }), false),
    ] {
        let reply = world.call("POST", &format!("sobjects/{object}"), row.clone());
        let id = reply.body_json()["id"].as_str().map(str::to_owned);
        assert_eq!(id.is_none(), alike, "{object} {row} {}", reply.body_json());
        if let Some(id) = id {
            assert_eq!(world.call("DELETE", &format!("sobjects/{object}/{id}"), Value::Null).status, 204);
        } else {
            assert_eq!(refusal(&reply).1, "DUPLICATES_DETECTED");
        }
    }
}

#[test]
fn a_change_is_compared_only_if_it_can_make_a_duplicate() {
    let mut world = World::new();
    let id = world.create("Contact", json!({ "LastName": "x", "Email": "mia.larsen@fabrikam.example" }));
    let rule = DuplicateRule::standard("Contact", DuplicateAction::Block).unwrap();
    world.org.set_duplicate_rule(rule).unwrap();
    assert_eq!(world.patch("Contact", &id, json!({ "Title": "CTO" })).status, 204);
    assert_eq!(refusal(&world.patch("Contact", &id, json!({ "LastName": "y" }))).1, "DUPLICATES_DETECTED");
    assert_eq!(world.patch("Contact", &id, json!({ "Email": "y@fabrikam.example" })).status, 204);
    world.org.clear_duplicate_rules();
    let nowhere = DuplicateRule {
        matching: vec![MatchingRule { name: "x".into(), object: "Task".into(), by: vec![MatchBy::Email] }],
        ..DuplicateRule::standard("Lead", DuplicateAction::Block).unwrap()
    };
    assert!(world.org.set_duplicate_rule(nowhere).is_err());
}

/// Leads of Fabrikam are Ben's, all others the queue's.
fn assigned() -> (World, String, String, String) {
    let mut world = World::new();
    let queue = world.org.add_queue("Inbound", &["Lead"], &[BEN], world.now).unwrap();
    let entry = |condition: &str, owner: &str| AssignmentEntry { condition: condition.into(), owner: owner.into() };
    let rule = AssignmentRule {
        name: "Standard".into(),
        object: "lead".into(),
        active: true,
        entries: vec![entry("Company LIKE 'fabrikam%'", BEN), entry("", "Inbound")],
    };
    let id = world.org.set_assignment_rule(rule, world.now).unwrap();
    let ben =
        world.column(&format!("SELECT Id FROM User WHERE Username = '{BEN}'"), "Id")[0].as_str().unwrap().to_owned();
    (world, id, ben, queue)
}

#[test]
fn leads_are_assigned_unless_a_request_says_otherwise() {
    let (mut world, rule, ben, queue) = assigned();
    let anna =
        world.column(&format!("SELECT Id FROM User WHERE Username = '{ANNA}'"), "Id")[0].as_str().unwrap().to_owned();
    let lead = |company: &str| json!({ "LastName": "x", "Company": company });
    for (header, company, owner) in [
        ("", "Fabrikam GmbH", &ben),
        ("", "Contoso", &queue),
        ("TRUE", "Contoso", &queue),
        ("FALSE", "Contoso", &anna),
        (rule.as_str(), "Fabrikam", &ben),
    ] {
        let reply = world.call_with("POST", "sobjects/Lead", ("sforce-auto-assign", header), &lead(company));
        let id = reply.body_json()["id"].as_str().unwrap().to_owned();
        assert_eq!(world.row("Lead", &id)["OwnerId"], json!(owner), "{header:?} {company}");
    }
    let list = json!({ "records": [{ "attributes": { "type": "Lead" }, "LastName": "x", "Company": "Fabrikam" }] });
    let id = world.call("POST", "composite/sobjects", list).body_json()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(world.row("Lead", &id)["OwnerId"], json!(ben));
    // Another object is not touched, nor is anything once no rule is active.
    let contact = world.create("Contact", json!({ "LastName": "x" }));
    assert_eq!(world.row("Contact", &contact)["OwnerId"], json!(anna));
    assert_eq!(world.column("SELECT Name FROM AssignmentRule WHERE Active = true", "Name"), ["Standard"]);
    world.org.stop_assignment("Lead", world.now);
    let id = world.create("Lead", lead("Contoso"));
    assert_eq!(world.row("Lead", &id)["OwnerId"], json!(anna));
    let bad = world.call_with("POST", "sobjects/Lead", ("sforce-auto-assign", "01Q000000000000"), &lead("x"));
    assert_eq!(refusal(&bad).1, "INVALID_CROSS_REFERENCE_KEY");
}

#[test]
fn an_assignment_rule_must_make_sense() {
    let (mut world, ..) = assigned();
    for (object, condition, owner) in
        [("Contact", "", BEN), ("Nope", "", BEN), ("Lead", "Nope = 1", BEN), ("Lead", "", "nobody")]
    {
        let entries = vec![AssignmentEntry { condition: condition.into(), owner: owner.into() }];
        let rule = AssignmentRule { name: "x".into(), object: object.into(), active: true, entries };
        assert!(world.org.set_assignment_rule(rule, world.now).is_err(), "{object} {condition} {owner}");
    }
}

#[test]
fn rules_outlive_a_restart() {
    let (mut world, _, ben, _) = assigned();
    world.org.set_validation_rule(validation("Lead", "Company = 'No'"), world.now).unwrap();
    let rule = DuplicateRule::standard("Lead", DuplicateAction::Block).unwrap();
    world.org.set_duplicate_rule(rule).unwrap();
    let saved = world.org.snapshot();
    world.org = sim_salesforce::Salesforce::restore(saved.clone()).unwrap();
    assert_eq!(world.org.snapshot(), saved);
    let id = world.create("Lead", json!({ "LastName": "x", "Company": "Fabrikam" }));
    assert_eq!(world.row("Lead", &id)["OwnerId"], json!(ben));
    for (company, code) in [("No", "FIELD_CUSTOM_VALIDATION_EXCEPTION"), ("Fabrikam", "DUPLICATES_DETECTED")] {
        let row = json!({ "LastName": "X", "Company": company });
        assert_eq!(refusal(&world.call("POST", "sobjects/Lead", row)).1, code);
    }
}
