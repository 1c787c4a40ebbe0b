//! Collections, composite, batch and graph.

use serde_json::{Value, json};

use crate::world::{V, World};

pub(crate) fn contact(last: &str) -> Value {
    json!({ "attributes": { "type": "Contact" }, "LastName": last })
}

#[test]
fn of_a_collection_each_record_has_its_own_outcome() {
    let mut world = World::new();
    let bad = json!({ "attributes": { "type": "Contact" }, "FirstName": "x" });
    let body = json!({ "allOrNone": false, "records": [contact("A"), bad, contact("B")] });
    let reply = world.call("POST", "composite/sobjects", body);
    assert_eq!(reply.status, 200);
    let outcomes = reply.body_json();
    assert_eq!(outcomes[0]["success"], json!(true));
    let error = json!({
        "statusCode": "REQUIRED_FIELD_MISSING", "message": "Required fields are missing: [LastName]",
        "fields": ["LastName"],
    });
    assert_eq!(outcomes[1], json!({ "success": false, "errors": [error] }));
    let id = outcomes[2]["id"].as_str().unwrap().to_owned();

    let changes = json!({ "records": [
        { "attributes": { "type": "Contact" }, "id": id, "LastName": "C" },
        { "attributes": { "type": "Contact" }, "id": "003000000000000AAA", "LastName": "C" },
        { "attributes": { "type": "Contact" }, "LastName": "C" },
    ] });
    let outcomes = world.call("PATCH", "composite/sobjects", changes).body_json();
    assert_eq!(outcomes[0], json!({ "id": id, "success": true, "errors": [] }));
    assert_eq!(outcomes[1]["errors"][0]["statusCode"], "INVALID_CROSS_REFERENCE_KEY");
    assert_eq!(outcomes[2]["errors"][0]["statusCode"], "MISSING_ARGUMENT");

    let read = world.get(&format!("composite/sobjects/Contact?ids={id}%2C003000000000000AAA&fields=LastName,Id"));
    assert_eq!((&read[0]["LastName"], &read[1]), (&json!("C"), &Value::Null));
    let again = world.call("POST", "composite/sobjects/Contact", json!({ "ids": [id], "fields": ["Name"] }));
    assert_eq!(again.body_json()[0]["Name"], "C");
    let target = format!("composite/sobjects?ids={id},{id}");
    let outcomes = world.call("DELETE", &target, Value::Null).body_json();
    assert_eq!(
        (&outcomes[0]["success"], &outcomes[1]["errors"][0]["statusCode"]),
        (&json!(true), &json!("ENTITY_IS_DELETED"))
    );
}

#[test]
fn all_or_none_leaves_nothing_of_a_collection() {
    let mut world = World::new();
    let before = world.org.snapshot()["store"].clone();
    let bad = json!({ "attributes": { "type": "EmailMessage" }, "Status": "9" });
    let good = json!({ "attributes": { "type": "EmailMessage" }, "Subject": "Hi", "Status": "3" });
    let body = json!({ "allOrNone": true, "records": [contact("A"), good, bad] });
    let outcomes = world.call("POST", "composite/sobjects", body).body_json();
    for innocent in [&outcomes[0], &outcomes[1]] {
        assert_eq!(innocent["errors"][0]["statusCode"], "ALL_OR_NONE_OPERATION_ROLLED_BACK");
    }
    assert_eq!(outcomes[2]["errors"][0]["statusCode"], "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST");
    assert_eq!(world.org.snapshot()["store"], before);
}

#[test]
fn collections_have_bounds() {
    let mut world = World::new();
    let alike = |count: usize| vec![contact("x"); count];
    let mixed = |count: usize| -> Vec<Value> {
        let account = json!({ "attributes": { "type": "Account" }, "Name": "x" });
        (0..count).map(|n| if n % 2 == 0 { contact("x") } else { account.clone() }).collect()
    };
    for (records, code) in [
        (alike(201), Some("EXCEEDED_ID_LIMIT")),
        (mixed(11), Some("LIMIT_EXCEEDED")),
        (alike(200), None),
        (mixed(10), None),
        (Vec::new(), None),
    ] {
        let before = world.org.rows("Contact").count();
        let reply = world.call("POST", "composite/sobjects", json!({ "records": records }));
        assert_eq!(reply.status, if code.is_some() { 400 } else { 200 });
        let contacts = records.iter().filter(|record| record["attributes"]["type"] == "Contact").count();
        let made = if code.is_some() { 0 } else { contacts };
        assert_eq!(world.org.rows("Contact").count(), before + made, "{code:?}");
        if let Some(code) = code {
            assert_eq!(reply.body_json()[0]["errorCode"], code);
        }
    }
    let ids = |count: usize| vec!["003000000000000AAA"; count];
    for (count, status) in [(2000, 200), (2001, 400)] {
        let body = json!({ "ids": ids(count), "fields": ["Id"] });
        assert_eq!(world.call("POST", "composite/sobjects/Contact", body).status, status, "{count}");
    }
    for (count, status) in [(200, 200), (201, 400)] {
        let target = format!("composite/sobjects?ids={}", ids(count).join(","));
        assert_eq!(world.call("DELETE", &target, Value::Null).status, status, "{count}");
    }
}

#[test]
fn a_list_asked_for_in_the_wrong_shape_is_refused_as_a_whole() {
    let mut world = World::new();
    let parser = "JSON_PARSER_ERROR";
    for (method, path, body, code) in [
        ("POST", "composite/sobjects", json!({}), parser),
        ("POST", "composite/sobjects", json!({ "records": null }), parser),
        ("POST", "composite/sobjects", json!({ "records": [1] }), parser),
        ("POST", "composite/sobjects", json!({ "allOrNone": "perhaps", "records": [] }), parser),
        ("PATCH", "composite/sobjects", json!({ "allOrNone": [], "records": [] }), parser),
        ("POST", "composite", json!({ "allOrNone": 5, "compositeRequest": [] }), parser),
        ("POST", "composite/batch", json!({ "haltOnError": {}, "batchRequests": [] }), parser),
        ("POST", "composite/sobjects/Contact", json!({ "ids": "x", "fields": ["Id"] }), parser),
        ("POST", "composite/sobjects/Contact", json!({ "ids": [null, 1], "fields": ["Id"] }), parser),
        ("POST", "composite/sobjects/Contact", json!({ "ids": [], "fields": [1] }), parser),
        ("POST", "composite/sobjects/Contact", json!({ "fields": ["Id"] }), "MISSING_ARGUMENT"),
        ("POST", "composite/sobjects/Contact", json!({ "ids": [] }), "MISSING_ARGUMENT"),
        ("POST", "composite/sobjects/Contact", json!({ "ids": [], "fields": ["Nope"] }), "INVALID_FIELD"),
        ("GET", "composite/sobjects/Contact?ids=&fields=Id", Value::Null, "MISSING_ARGUMENT"),
        ("GET", "composite/sobjects/Contact?ids=003000000000000AAA&fields=", Value::Null, "MISSING_ARGUMENT"),
        ("DELETE", "composite/sobjects?ids=,%20", Value::Null, "MISSING_ARGUMENT"),
    ] {
        let reply = world.call(method, path, body.clone());
        let error = reply.body_json()[0]["errorCode"].clone();
        assert_eq!((reply.status.as_u16(), error), (400, json!(code)), "{method} {path} {body}");
    }
    // What is wrong with one record is told of that one.
    for (record, code) in [
        (json!({ "LastName": "x" }), "INVALID_TYPE"),
        (json!({ "attributes": "Contact", "LastName": "x" }), "INVALID_TYPE"),
        (json!({ "attributes": { "type": "Nope" } }), "INVALID_TYPE"),
        (json!({ "attributes": { "type": "Contact" }, "id": 5 }), "MISSING_ARGUMENT"),
        (json!({ "attributes": { "type": "Contact" }, "id": "001000000000000AAA" }), "MALFORMED_ID"),
        (json!({ "attributes": { "type": "Contact" }, "id": "bogus" }), "MALFORMED_ID"),
    ] {
        let outcome = world.call("PATCH", "composite/sobjects", json!({ "records": [record] })).body_json();
        assert_eq!(
            (outcome[0]["success"].clone(), &outcome[0]["errors"][0]["statusCode"]),
            (json!(false), &json!(code))
        );
    }
    for (asked, contacts) in [(json!("true"), 2), (json!(true), 2), (json!("false"), 3), (Value::Null, 4)] {
        let bad = json!({ "attributes": { "type": "Contact" } });
        world.call("POST", "composite/sobjects", json!({ "allOrNone": asked, "records": [contact("x"), bad] }));
        assert_eq!(world.org.rows("Contact").count(), contacts, "{asked}");
    }
}

#[test]
fn one_row_named_twice_in_a_list_is_refused_twice_however_it_is_spelled() {
    let mut world = World::new();
    let id = world.create("Contact", json!({ "LastName": "Once" }));
    let record = |id: &str| json!({ "attributes": { "type": "Contact" }, "Id": id, "LastName": "Twice" });
    let body = json!({ "records": [record(&id), record(&id[..15]), record("bogus"), record("BOGUS")] });
    let outcomes = world.call("PATCH", "composite/sobjects/Contact/Id", body).body_json();
    let codes: Vec<&Value> = (0..4).map(|place| &outcomes[place]["errors"][0]["statusCode"]).collect();
    assert_eq!(codes, ["DUPLICATE_VALUE", "DUPLICATE_VALUE", "MALFORMED_ID", "MALFORMED_ID"]);
    assert_eq!(world.row("Contact", &id)["LastName"], "Once");
}

#[test]
fn a_collection_upserts_by_key() {
    let mut world = World::new();
    for _ in 0..2 {
        world.create("Contact", json!({ "LastName": "Twin", "Syncline_Mailbox_Id__c": "7" }));
    }
    let keyed = |key: &str| json!({ "attributes": { "type": "Contact" }, "LastName": key, "Syncline_Key__c": key });
    let path = "composite/sobjects/Contact/Syncline_Key__c";
    let first = world.call("PATCH", path, json!({ "records": [keyed("a"), keyed("b")] })).body_json();
    let second =
        world.call("PATCH", path, json!({ "records": [keyed("b"), keyed("c"), keyed("d"), keyed("D")] })).body_json();
    assert_eq!(
        (&first[1]["created"], &second[0]["created"], &second[1]["created"]),
        (&json!(true), &json!(false), &json!(true))
    );
    assert_eq!(first[1]["id"], second[0]["id"]);
    assert_eq!(second[2]["errors"][0]["statusCode"], "DUPLICATE_VALUE");
    let legacy = json!({ "attributes": { "type": "Contact" }, "LastName": "x", "Syncline_Mailbox_Id__c": "7" });
    let outcome = world
        .call("PATCH", "composite/sobjects/Contact/Syncline_Mailbox_Id__c", json!({ "records": [legacy] }))
        .body_json();
    assert_eq!(outcome[0]["errors"][0]["statusCode"], "DUPLICATE_EXTERNAL_ID");
}

pub(crate) fn part(method: &str, path: &str, reference: &str, body: impl Into<Value>) -> Value {
    let body = body.into();
    json!({ "method": method, "url": format!("{V}/{path}"), "referenceId": reference, "body": body })
}

pub(crate) fn statuses(responses: &Value) -> Vec<u64> {
    responses.as_array().unwrap().iter().map(|part| part["httpStatusCode"].as_u64().unwrap()).collect()
}

#[test]
fn composite_parts_refer_to_earlier_ones() {
    let mut world = World::new();
    let parts = json!([
        part("POST", "sobjects/Account", "a", json!({ "Name": "Adatum" })),
        part("POST", "sobjects/Contact", "c", json!({ "LastName": "Child", "AccountId": "@{a.id}" })),
        part("GET", "query?q=SELECT+Account.Name+FROM+Contact+WHERE+Id='@{c.id}'", "q", Value::Null),
        part("PATCH", "sobjects/Contact/@{c.id}", "p", json!({ "Title": "of @{q.records[0].Account.Name}" })),
        part("GET", "sobjects/Contact/@{nobody.id}", "n", Value::Null),
    ]);
    let calls_before = world.get("limits")["DailyApiRequests"]["Remaining"].as_u64().unwrap();
    let reply = world.call("POST", "composite", json!({ "compositeRequest": parts }));
    let responses = reply.body_json()["compositeResponse"].clone();
    assert_eq!(statuses(&responses), [201, 201, 200, 204, 400]);
    let contact = responses[1]["body"]["id"].as_str().unwrap().to_owned();
    assert_eq!(responses[1]["httpHeaders"]["Location"], format!("{V}/sobjects/Contact/{contact}"));
    assert_eq!((&responses[3]["body"], &responses[3]["referenceId"]), (&Value::Null, &json!("p")));
    let error = json!([{
        "errorCode": "PROCESSING_HALTED",
        "message": "Invalid reference specified. No value for nobody.id found in nobody",
    }]);
    assert_eq!(responses[4]["body"], error);
    assert_eq!(world.row("Contact", &contact)["Title"], "of Adatum");
    // The composite call, the read and the two questions for the limits.
    assert_eq!(world.get("limits")["DailyApiRequests"]["Remaining"], json!(calls_before - 3));
}

#[test]
fn a_failed_part_takes_all_back_where_all_or_none_is_asked_for() {
    let mut world = World::new();
    let before = world.org.snapshot()["store"].clone();
    let parts = json!([
        part("POST", "sobjects/Account", "a", json!({ "Name": "Adatum" })),
        part("POST", "sobjects/Contact", "c", json!({ "AccountId": "@{a.id}" })),
        part("POST", "sobjects/Contact", "d", json!({ "LastName": "Later" })),
    ]);
    let reply = world.call("POST", "composite", json!({ "allOrNone": true, "compositeRequest": parts }));
    let responses = reply.body_json()["compositeResponse"].clone();
    assert_eq!(statuses(&responses), [400, 400, 400]);
    let codes: Vec<&str> = (0..3).map(|n| responses[n]["body"][0]["errorCode"].as_str().unwrap()).collect();
    assert_eq!(codes, ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING", "PROCESSING_HALTED"]);
    assert_eq!(world.org.snapshot()["store"], before);
}

#[test]
fn a_composite_request_must_be_well_formed() {
    let mut world = World::new();
    let same = part("GET", "limits", "x", Value::Null);
    for body in [
        json!({}),
        json!({ "compositeRequest": [same.clone(), same.clone()] }),
        json!({ "compositeRequest": [{ "method": "GET" }] }),
        json!({ "compositeRequest": (0..26).map(|n| part("GET", "limits", &format!("r{n}"), Value::Null)).collect::<Vec<_>>() }),
    ] {
        assert_eq!(world.call("POST", "composite", body.clone()).status, 400, "{body}");
    }
}

#[test]
fn a_batch_goes_on_or_halts() {
    let mut world = World::new();
    let parts = json!([
        { "method": "GET", "url": "v59.0/sobjects/Contact/bogus" },
        { "method": "POST", "url": "v59.0/sobjects/Contact", "richInput": { "LastName": "B" } },
    ]);
    let reply = world.call("POST", "composite/batch", json!({ "batchRequests": parts.clone() })).body_json();
    assert_eq!((&reply["hasErrors"], &reply["results"][1]["statusCode"]), (&json!(true), &json!(201)));
    let reply =
        world.call("POST", "composite/batch", json!({ "haltOnError": true, "batchRequests": parts })).body_json();
    assert_eq!(reply["results"][1]["statusCode"], 412);
    assert_eq!(reply["results"][1]["result"][0]["errorCode"], "BATCH_PROCESSING_HALTED");
}

#[test]
fn each_graph_stands_or_falls_alone() {
    let mut world = World::new();
    let good = json!({ "graphId": "g1", "compositeRequest": [
        part("POST", "sobjects/Account", "a", json!({ "Name": "Adatum" })),
        part("POST", "sobjects/Contact", "c", json!({ "LastName": "x", "AccountId": "@{a.id}" })),
    ] });
    let bad = json!({ "graphId": "g2", "compositeRequest": [
        part("POST", "sobjects/Account", "a", json!({ "Name": "Gone" })),
        part("POST", "sobjects/Contact", "c", json!({})),
    ] });
    let reply = world.call("POST", "composite/graph", json!({ "graphs": [good, bad] })).body_json();
    let graphs = &reply["graphs"];
    assert_eq!((&graphs[0]["isSuccessful"], &graphs[1]["isSuccessful"]), (&json!(true), &json!(false)));
    assert_eq!(statuses(&graphs[0]["graphResponse"]["compositeResponse"]), [201, 201]);
    assert_eq!(world.column("SELECT Name FROM Account WHERE Name IN ('Adatum', 'Gone')", "Name"), [json!("Adatum")]);
}
