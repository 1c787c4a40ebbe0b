//! SOQL.

use http::Method;
use serde_json::{Value, json};
use sim_kit::Request;

use crate::world::{V, World, encoded};

/// Five contacts to ask for.
fn people() -> World {
    let mut world = World::new();
    let account = world.column("SELECT Id FROM Account WHERE Name = 'Contoso'", "Id")[0].clone();
    for (first, last, email, title, birth) in [
        (json!("Ada"), "alpha", json!("ada@x.example"), json!("50% owner"), json!("1980-05-06")),
        (json!("Bob"), "Beta", json!(null), json!("under_score"), json!("1990-12-24")),
        (json!(null), "O'Hara", json!("pat@y.example"), json!(null), json!(null)),
    ] {
        let row = json!({
            "FirstName": first, "LastName": last, "Email": email, "Title": title, "Birthdate": birth,
            "AccountId": account, "DoNotCall": last == "Beta",
        });
        world.create("Contact", row);
    }
    world
}

#[test]
fn order_puts_nulls_where_it_is_told_and_minds_no_case() {
    let mut world = people();
    let table = [
        ("ORDER BY Title", ["O'Hara", "Larsen", "Okafor"]),
        ("ORDER BY LastName DESC", ["Okafor", "O'Hara", "Larsen"]),
        ("ORDER BY FirstName NULLS LAST, LastName", ["alpha", "Beta", "Larsen"]),
        ("ORDER BY FirstName DESC", ["O'Hara", "Okafor", "Larsen"]),
        ("ORDER BY FirstName DESC NULLS LAST", ["Okafor", "Larsen", "Beta"]),
        ("ORDER BY Account.Name DESC, LastName ASC LIMIT 3 OFFSET 1", ["alpha", "Beta", "O'Hara"]),
    ];
    for (order, expected) in table {
        let soql = format!("SELECT LastName FROM Contact {order}");
        let got = world.column(&soql, "LastName");
        if order == "ORDER BY Title" {
            // Three nulls come first, ordered by id alone.
            assert!(got[..3].iter().all(|name| expected.contains(&name.as_str().unwrap())));
        } else {
            assert_eq!(got[..3], expected, "{order}");
        }
    }
}

#[test]
fn parents_are_nested_and_missing_ones_are_null() {
    let mut world = World::new();
    let id = world.create("Contact", json!({ "LastName": "Alone" }));
    let found = world
        .find("SELECT Name, Account.Name, Account.Owner.Username FROM Contact WHERE Account.Name != 'x' ORDER BY Name");
    assert_eq!(found[0]["Account"], Value::Null);
    let mia = &found[1];
    assert_eq!(mia["Account"]["attributes"]["type"], "Account");
    assert_eq!(
        (&mia["Account"]["Name"], &mia["Account"]["Owner"]["Username"]),
        (&json!("Fabrikam"), &json!("anna.berg@northwind.example"))
    );
    let task = world.create("Task", json!({ "Subject": "Call", "WhoId": id }));
    let found = world.find("SELECT Who.Name, Who.Type, What.Name, Owner.Email FROM Task WHERE Who.Type = 'contact'");
    assert_eq!(found[0]["Who"]["attributes"], json!({ "type": "Name", "url": format!("{V}/sobjects/Contact/{id}") }));
    assert_eq!((&found[0]["Who"]["Name"], &found[0]["Who"]["Type"]), (&json!("Alone"), &json!("Contact")));
    assert_eq!(found[0]["What"], Value::Null);
    assert_eq!(found[0]["attributes"]["url"], format!("{V}/sobjects/Task/{task}"));
}

#[test]
fn children_are_a_result_of_their_own() {
    let mut world = people();
    let found = world.find("SELECT Name, (SELECT LastName FROM Contacts WHERE DoNotCall = false ORDER BY LastName LIMIT 2) FROM Account ORDER BY Name");
    let contacts = &found[0]["Contacts"];
    assert_eq!((&contacts["totalSize"], &contacts["done"]), (&json!(2), &json!(true)));
    assert_eq!(contacts["records"][0]["LastName"], "alpha");
    let found = world.find("SELECT (SELECT Id FROM Tasks) FROM Account");
    assert_eq!(found[0]["Tasks"], Value::Null);
}

#[test]
fn what_nests_too_deep_or_says_nothing_is_refused() {
    let mut world = World::new();
    assert_eq!(world.soql("query", " ").body_json()[0]["errorCode"], "MALFORMED_QUERY");
    let deep = format!("SELECT Id FROM Contact WHERE {}Name = 'x'", "(".repeat(5000));
    assert_eq!(world.soql("query", &deep).status, 400);
}

#[test]
fn pages_hold_the_query_together() {
    let mut world = World::new();
    world.org.knobs.batch_size = Some(2);
    for number in 0..5 {
        world.create("Lead", json!({ "LastName": format!("L{number}"), "Company": "C" }));
    }
    let first = world.soql("query", "SELECT LastName FROM Lead ORDER BY LastName").body_json();
    assert_eq!((&first["totalSize"], &first["done"]), (&json!(5), &json!(false)));
    let next = first["nextRecordsUrl"].as_str().unwrap().to_owned();
    assert!(next.starts_with(&format!("{V}/query/01g")) && next.ends_with("-2"));
    world.create("Lead", json!({ "LastName": "L1a", "Company": "C" }));
    let second = world.get(&next);
    assert_eq!(second["records"][0]["LastName"], "L2");
    let third = world.get(second["nextRecordsUrl"].as_str().unwrap());
    assert_eq!((&third["done"], third.get("nextRecordsUrl"), &third["totalSize"]), (&json!(true), None, &json!(5)));
    assert_eq!(third["records"].as_array().unwrap().len(), 1);
    // Another user's, a wrong and an outlived locator.
    for target in ["query/01g000000000000AAA-2", "query/bogus"] {
        assert_eq!(world.call("GET", target, Value::Null).body_json()[0]["errorCode"], "INVALID_QUERY_LOCATOR");
    }
    world.advance(49 * 3600);
    assert_eq!(world.call("GET", &next, Value::Null).status, 400);
}

#[test]
fn the_batch_size_is_asked_for_in_a_header() {
    let mut world = World::new();
    let leads: Vec<Value> = (0..200)
        .map(|n| json!({ "attributes": { "type": "Lead" }, "LastName": n.to_string(), "Company": "C" }))
        .collect();
    for _ in 0..2 {
        world.call("POST", "composite/sobjects", json!({ "records": leads }));
    }
    for (wish, expected) in [("batchSize=250", 250), ("batchSize=5", 200), ("", 400)] {
        let mut request =
            Request::new(Method::GET, &format!("{V}/query/?q={}", encoded("SELECT Id FROM Lead")), "http://sf.test");
        request.headers.insert("sforce-query-options", wish.parse().unwrap());
        let page = world.send(request).body_json();
        assert_eq!(page["records"].as_array().unwrap().len(), expected, "{wish}");
    }
}

#[test]
fn counts_have_no_records() {
    let mut world = people();
    let reply = world.soql("query", "SELECT COUNT() FROM Contact WHERE Title != null").body_json();
    assert_eq!(reply, json!({ "totalSize": 2, "done": true, "records": [] }));
}
