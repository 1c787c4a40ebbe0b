//! What composite, batch and graph requests let through, and what not.

use serde_json::{Value, json};

use crate::many::{contact, part, statuses};
use crate::world::{V, World};

fn composite(world: &mut World, body: Value) -> Value {
    let reply = world.call("POST", "composite", body);
    assert_eq!(reply.status, 200, "{}", reply.body_json());
    reply.body_json()["compositeResponse"].clone()
}

#[test]
fn references_are_filled_in_addresses_and_bodies_at_any_depth() {
    let mut world = World::new();
    let parts = json!([
        part("POST", "sobjects/Account", "a", json!({ "Name": "R&D + 100% #1?" })),
        part("GET", "sobjects/Account/@{a.id}?fields=Name,Fax,IsDeleted", "b", Value::Null),
        part("GET", "query?q=SELECT+Id+FROM+Account+WHERE+Name='@{b.Name}'", "q", Value::Null),
        part("PATCH", "sobjects/Account/@{q.records[0].Id}", "p", json!({ "Description": "@{b.Name}/@{a.id}" })),
        part("POST", "composite/sobjects", "list", json!({ "records": [
            { "attributes": { "type": "Contact" }, "LastName": "@{b.Name}", "AccountId": "@{a.id}",
              "DoNotCall": "@{b.IsDeleted}", "Fax": "@{b.Fax}" },
        ] })),
        part("GET", "sobjects/Contact/@{list[0].id}", "c", Value::Null),
        { "method": "GET", "url": "@{b.attributes.url}", "referenceId": "again" },
    ]);
    let responses = composite(&mut world, json!({ "compositeRequest": parts }));
    assert_eq!(statuses(&responses), [201, 200, 200, 204, 200, 200, 200], "{responses}");
    assert_eq!(responses[2]["body"]["totalSize"], 1);
    let (account, made) = (&responses[6]["body"], &responses[5]["body"]);
    assert_eq!(account["Description"], format!("R&D + 100% #1?/{}", account["Id"].as_str().unwrap()));
    assert_eq!((&made["LastName"], &made["DoNotCall"]), (&json!("R&D + 100% #1?"), &json!(false)));
    assert_eq!((&made["AccountId"], &made["Fax"]), (&account["Id"], &Value::Null));
}

#[test]
fn a_reference_that_leads_nowhere_halts_its_part_only() {
    let mut world = World::new();
    let lost = |reference: &str| {
        let name = reference.split(['.', '[']).next().unwrap();
        format!("Invalid reference specified. No value for {reference} found in {name}")
    };
    for (reference, version, known) in [
        ("a.id", 59, true),
        ("a.Id", 59, false),
        ("a", 59, false),
        ("a.errors", 59, false),
        ("bad.id", 59, false),
        ("nobody.id", 59, false),
        ("q.records[0].Id", 59, true),
        ("q.records[9].Id", 59, false),
        ("q.records.Id", 59, false),
        ("b.Fax", 59, true),
        ("b.Fax", 51, false),
    ] {
        let parts = json!([
            part("POST", "sobjects/Account", "a", json!({ "Name": "A" })),
            part("POST", "sobjects/Account", "bad", json!({})),
            part("GET", "query?q=SELECT+Id+FROM+Contact+LIMIT+1", "q", Value::Null),
            part("GET", "sobjects/Account/@{a.id}", "b", Value::Null),
            part(
                "POST",
                "sobjects/Contact",
                "c",
                json!({ "LastName": "C", "Description": format!("@{{{reference}}}") })
            ),
            part("POST", "sobjects/Contact", "d", json!({ "LastName": "D" })),
        ]);
        let target = format!("/services/data/v{version}.0/composite");
        let reply = world.call("POST", &target, json!({ "compositeRequest": parts })).body_json();
        let responses = &reply["compositeResponse"];
        let status = if known { 201 } else { 400 };
        assert_eq!(statuses(responses), [201, 400, 200, 200, status, 201], "{reference}: {responses}");
        if !known {
            let error = json!([{ "errorCode": "PROCESSING_HALTED", "message": lost(reference) }]);
            assert_eq!(responses[4]["body"], error);
        }
    }
}

#[test]
fn what_is_no_composite_request_is_refused_as_a_whole() {
    let mut world = World::new();
    let many = |count: usize, path: &str| -> Vec<Value> {
        (0..count).map(|n| part("GET", path, &format!("r{n}"), Value::Null)).collect()
    };
    let query = "query?q=SELECT+Id+FROM+Contact";
    let one = |reference: &str| json!([part("GET", "limits", reference, Value::Null)]);
    let headed = |headers: Value| json!([{ "method": "GET", "url": format!("{V}/limits"), "referenceId": "a", "httpHeaders": headers }]);
    for (parts, status) in [
        (json!(many(25, "limits")), 200),
        (json!(many(26, "limits")), 400),
        (json!(many(5, query)), 200),
        (json!(many(6, query)), 400),
        (json!(many(6, "sobjects/Contact/003000000000000AAA?fields=Id&x=/query")), 200),
        (json!([many(3, query), many(1, "limits")].concat()), 400),
        (one("a_1"), 200),
        (one("a-1"), 400),
        (one(""), 400),
        (json!([{ "method": "JUMP", "url": "/x", "referenceId": "a" }]), 400),
        (json!([{ "method": "GET", "referenceId": "a" }]), 400),
        (headed(json!({ "If-None-Match": "x" })), 200),
        (headed(json!({ "content-Type": "application/json" })), 400),
        (headed(json!({ "Authorization": "Bearer test-token" })), 400),
        (json!([1]), 400),
        (json!({}), 400),
        (Value::Null, 400),
    ] {
        let reply = world.call("POST", "composite", json!({ "compositeRequest": parts }));
        assert_eq!(reply.status, status, "{parts}");
        assert_eq!(reply.body_json()[0].get("errorCode").is_some(), status == 400);
    }
    let inside = json!([
        part("POST", "composite", "a", json!({})),
        part("POST", "composite/graph", "b", json!({})),
        { "method": "GET", "url": "limits", "referenceId": "c" },
        { "method": "GET", "url": "/services/data/59.0/limits", "referenceId": "d" },
        { "method": "GET", "url": "/services/data/vnext/limits", "referenceId": "e" },
        { "method": "GET", "url": "http://sf.test/services/data/v59.0/limits", "referenceId": "f" },
        { "method": "GET", "url": "/services/data/v50.0/limits/", "referenceId": "g" },
    ]);
    let responses = composite(&mut world, json!({ "compositeRequest": inside }));
    assert_eq!(statuses(&responses), [404, 404, 404, 404, 404, 404, 200]);
}

#[test]
fn all_or_none_reaches_into_lists_of_rows() {
    let rows = json!({ "allOrNone": false, "records": [contact("Good"), { "attributes": { "type": "Contact" } }] });
    let parts = json!([
        part("POST", "sobjects/Account", "a", json!({ "Name": "Innocent" })),
        part("POST", "composite/sobjects", "l", rows),
        part("POST", "sobjects/Account", "z", json!({ "Name": "Later" })),
    ]);
    let mut world = World::new();
    let responses = composite(&mut world, json!({ "compositeRequest": parts.clone() }));
    assert_eq!(statuses(&responses), [201, 200, 201]);
    assert_eq!(
        (&responses[1]["body"][0]["success"], &responses[1]["body"][1]["success"]),
        (&json!(true), &json!(false))
    );

    let mut world = World::new();
    let before = world.org.snapshot()["store"].clone();
    let responses = composite(&mut world, json!({ "allOrNone": true, "compositeRequest": parts }));
    assert_eq!(statuses(&responses), [400, 200, 400]);
    let list = &responses[1]["body"];
    assert_eq!(list[0]["errors"][0]["statusCode"], "ALL_OR_NONE_OPERATION_ROLLED_BACK");
    assert_eq!(list[1]["errors"][0]["statusCode"], "REQUIRED_FIELD_MISSING");
    for halted in [&responses[0], &responses[2]] {
        assert_eq!(halted["body"][0]["errorCode"], "PROCESSING_HALTED");
    }
    assert_eq!(world.org.snapshot()["store"], before);
}

#[test]
fn each_part_of_a_batch_counts_and_a_composite_request_is_one_call() {
    let mut world = World::new();
    let left = |world: &mut World| world.get("limits")["DailyApiRequests"]["Remaining"].as_u64().unwrap();
    let ask = json!({ "method": "GET", "url": "v59.0/limits" });
    for (path, body, calls) in [
        (
            "composite",
            json!({ "compositeRequest": [part("GET", "limits", "a", Value::Null), part("GET", "limits", "b", Value::Null)] }),
            1,
        ),
        ("composite/batch", json!({ "batchRequests": [ask, ask, ask] }), 3),
        ("composite/batch", json!({ "batchRequests": [ask] }), 1),
        ("composite/sobjects", json!({ "records": [contact("A"), contact("B")] }), 1),
        ("composite/graph", json!({ "graphs": [] }), 1),
    ] {
        let before = left(&mut world);
        assert_eq!(world.call("POST", path, body).status, 200, "{path}");
        assert_eq!(left(&mut world), before - calls - 1, "{path}");
    }
    let used = 15_000 - left(&mut world);
    world.org.knobs.daily_limit = used + 2;
    let reply = world.call("POST", "composite/batch", json!({ "batchRequests": [ask, ask, ask] })).body_json();
    let statuses: Vec<&Value> = (0..3).map(|place| &reply["results"][place]["statusCode"]).collect();
    assert_eq!((statuses, &reply["hasErrors"]), (vec![&json!(200), &json!(200), &json!(403)], &json!(true)));
    assert_eq!(reply["results"][2]["result"][0]["errorCode"], "REQUEST_LIMIT_EXCEEDED");
}

#[test]
fn a_batch_takes_addresses_in_each_spelling_and_refuses_what_is_none() {
    let mut world = World::new();
    let id = world.create("Contact", json!({ "LastName": "B" }));
    let parts: Vec<Value> = [
        ("PATCH", format!("v59.0/sobjects/Contact/{id}"), json!({ "LastName": "C" })),
        ("get", format!("/v59.0/sobjects/Contact/{id}?fields=LastName"), Value::Null),
        ("GET", format!("{V}/sobjects/Contact/{id}?fields=LastName"), Value::Null),
        ("GET", "v59.0/nowhere".to_owned(), Value::Null),
        ("DELETE", format!("v59.0/sobjects/Contact/{id}"), Value::Null),
    ]
    .into_iter()
    .map(|(method, url, input)| json!({ "method": method, "url": url, "richInput": input }))
    .collect();
    let reply = world.call("POST", "composite/batch", json!({ "batchRequests": parts })).body_json();
    let results: Vec<u64> =
        reply["results"].as_array().unwrap().iter().map(|result| result["statusCode"].as_u64().unwrap()).collect();
    assert_eq!((results, &reply["hasErrors"]), (vec![204, 200, 200, 404, 204], &json!(true)));
    assert_eq!(
        (&reply["results"][0]["result"], &reply["results"][1]["result"]["LastName"]),
        (&Value::Null, &json!("C"))
    );
    let ask = json!({ "method": "GET", "url": "v59.0/limits" });
    for parts in [
        Value::Null,
        json!([{ "url": "v59.0/limits" }]),
        json!([{ "method": "GET" }]),
        json!([{ "method": "JUMP", "url": "v59.0/limits" }]),
        json!(vec![ask; 26]),
    ] {
        assert_eq!(world.call("POST", "composite/batch", json!({ "batchRequests": parts })).status, 400, "{parts}");
    }
}

fn graph(id: &str, parts: impl IntoIterator<Item = Value>) -> Value {
    json!({ "graphId": id, "compositeRequest": parts.into_iter().collect::<Vec<_>>() })
}

fn account(reference: &str) -> Value {
    part("POST", "sobjects/Account", reference, json!({ "Name": "Node" }))
}

/// A chain of so many accounts, each the child of the one before.
fn chain(length: usize) -> Vec<Value> {
    (0..length)
        .map(|n| match n {
            0 => account("n0"),
            n => part(
                "POST",
                "sobjects/Account",
                &format!("n{n}"),
                json!({ "Name": "Node", "ParentId": format!("@{{n{}.id}}", n - 1) }),
            ),
        })
        .collect()
}

/// Nodes of so many kinds.
fn kinds(count: u32) -> Vec<Value> {
    (0..count)
        .map(|n| {
            json!({ "method": "POST", "url": format!("/services/data/v{}.0/sobjects/account", 50 + n),
                    "referenceId": format!("k{n}"), "body": { "Name": "Kind" } })
        })
        .collect()
}

#[test]
fn graphs_have_bounds() {
    let mut world = World::new();
    let row = "sobjects/Account/001000000000000AAA";
    let alone = |node: Value| json!([graph("g", [node])]);
    for (graphs, status) in [
        (json!((0..75).map(|n| graph(&format!("g{n}"), [account("a")])).collect::<Vec<_>>()), 200),
        (json!((0..76).map(|n| graph(&format!("g{n}"), [account("a")])).collect::<Vec<_>>()), 400),
        (json!([graph("g", (0..500).map(|n| account(&format!("a{n}"))))]), 200),
        (
            json!([
                graph("g", (0..250).map(|n| account(&format!("a{n}")))),
                graph("h", (0..251).map(|n| account(&format!("a{n}"))))
            ]),
            400,
        ),
        (json!([graph("g", chain(15))]), 200),
        (json!([graph("g", chain(16))]), 400),
        (json!([graph("g", kinds(15))]), 200),
        (json!([graph("g", kinds(16))]), 400),
        (json!([graph("g", [account("a")]), graph("g", [account("a")])]), 400),
        (json!([graph("-g", [account("a")])]), 400),
        (json!([graph(&"g".repeat(40), [account("a")])]), 400),
        (json!([{ "compositeRequest": [account("a")] }]), 400),
        (json!([{ "graphId": "g" }]), 400),
        (Value::Null, 400),
        (alone(part("GET", row, "a", Value::Null)), 200),
        (alone(part("PATCH", "sobjects/Account/Syncline_Key__c/x", "a", json!({ "Name": "Upsert" }))), 200),
        (alone(part("DELETE", row, "a", Value::Null)), 200),
        (alone(part("GET", "query?q=SELECT+Id+FROM+Contact", "a", Value::Null)), 400),
        (alone(part("GET", "sobjects/Account/describe", "a", Value::Null)), 400),
        (alone(part("GET", "sobjects/Account", "a", Value::Null)), 400),
        (alone(part("POST", "composite/sobjects", "a", json!({ "records": [] }))), 400),
        (alone(part("GET", "limits", "a", Value::Null)), 400),
    ] {
        let reply = world.call("POST", "composite/graph", json!({ "graphs": graphs }));
        assert_eq!(reply.status, status, "{} {}", reply.body_json(), graphs.to_string().get(..200).unwrap_or_default());
    }
}

#[test]
fn a_graph_falls_whole_and_after_fourteen_falls_no_other_is_begun() {
    let mut world = World::new();
    let count = |world: &mut World| world.org.rows("Account").count();
    let before = count(&mut world);
    let fallen = |n: usize| graph(&format!("g{n}"), [account("a"), part("POST", "sobjects/Account", "b", json!({}))]);
    let mut graphs: Vec<Value> = (0..14).map(fallen).collect();
    graphs.push(graph("good", [account("a")]));
    let reply = world.call("POST", "composite/graph", json!({ "graphs": graphs })).body_json();
    let responses = &reply["graphs"][0]["graphResponse"]["compositeResponse"];
    assert_eq!(statuses(responses), [400, 400]);
    assert_eq!(responses[0]["body"][0]["errorCode"], "PROCESSING_HALTED");
    assert_eq!(responses[1]["body"][0]["errorCode"], "REQUIRED_FIELD_MISSING");
    assert_eq!((&reply["graphs"][14]["isSuccessful"], count(&mut world)), (&json!(true), before + 1));

    graphs.insert(0, fallen(99));
    let reply = world.call("POST", "composite/graph", json!({ "graphs": graphs })).body_json();
    let last = &reply["graphs"][15];
    assert_eq!(last["isSuccessful"], false);
    assert_eq!(last["graphResponse"]["compositeResponse"][0]["body"][0]["errorCode"], "PROCESSING_HALTED");
    assert_eq!(count(&mut world), before + 1);
}
