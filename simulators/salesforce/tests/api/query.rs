//! SOQL.

use http::Method;
use serde_json::{Value, json};
use sim_kit::Request;
use sim_salesforce::QueryBurden;

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

fn paged(world: &mut World, verb: &str, soql: &str, options: &str) -> Value {
    let mut request = Request::new(Method::GET, &format!("{V}/{verb}?q={}", encoded(soql)), "http://sf.test");
    request.headers.insert("sforce-query-options", options.parse().unwrap());
    world.send(request).body_json()
}

/// Leads in collections of at most 200.
fn leads(world: &mut World, count: usize) {
    let numbers: Vec<usize> = (0..count).collect();
    for chunk in numbers.chunks(200) {
        let lead = |number: &usize| json!({ "attributes": { "type": "Lead" }, "LastName": format!("L{number:05}"), "Company": "C" });
        let records: Vec<Value> = chunk.iter().map(lead).collect();
        world.call("POST", "composite/sobjects", json!({ "records": records }));
    }
}

#[test]
fn a_page_is_as_long_as_asked_within_bounds() {
    let mut world = World::new();
    leads(&mut world, 2001);
    let table = [
        ("batchSize=200", 200),
        ("batchSize=1", 200),
        ("batchsize = 500", 500),
        ("other=1,batchSize=250", 250),
        ("batchSize=5000", 2000),
        ("batchSize=many", 2000),
        ("", 2000),
    ];
    for (options, expected) in table {
        let page = paged(&mut world, "query", "SELECT Id FROM Lead", options);
        assert_eq!(page["records"].as_array().unwrap().len(), expected, "{options}");
        assert!(page["nextRecordsUrl"].as_str().unwrap().ends_with(&format!("-{expected}")), "{options}");
        assert_eq!(page["totalSize"], 2001);
    }
    let last = paged(&mut world, "query", "SELECT Id FROM Lead LIMIT 2000", "");
    assert_eq!((&last["done"], last.get("nextRecordsUrl")), (&json!(true), None));
}

#[test]
fn a_locator_leads_to_any_page_for_two_days() {
    let mut world = World::new();
    leads(&mut world, 450);
    let page = paged(&mut world, "query", "SELECT LastName FROM Lead ORDER BY LastName", "batchSize=200");
    let next = page["nextRecordsUrl"].as_str().unwrap().to_owned();
    let locator = next.strip_suffix("-200").unwrap().to_owned();
    for (offset, first, left) in [(200, "L00200", 200), (400, "L00400", 50), (0, "L00000", 200), (200, "L00200", 200)] {
        let page = world.get(&format!("{locator}-{offset}"));
        assert_eq!(page["records"][0]["LastName"], first);
        assert_eq!((page["records"].as_array().unwrap().len(), &page["totalSize"]), (left, &json!(450)));
    }
    world.advance(48 * 3600);
    world.get(&next);
    for bad in [format!("{locator}-450"), format!("{locator}-x"), locator.clone()] {
        let error = world.call("GET", &bad, Value::Null);
        assert_eq!(
            (error.status.as_u16(), &error.body_json()[0]["errorCode"]),
            (400, &json!("INVALID_QUERY_LOCATOR")),
            "{bad}"
        );
    }
    world.advance(1);
    let error = world.call("GET", &next, Value::Null).body_json()[0].clone();
    assert_eq!(error, json!({ "errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator" }));
}

#[test]
fn rows_deleted_between_two_pages_are_missing_but_from_query_all() {
    let mut world = World::new();
    leads(&mut world, 400);
    let soql = "SELECT LastName, IsDeleted FROM Lead ORDER BY LastName";
    let plain = paged(&mut world, "query", soql, "batchSize=200")["nextRecordsUrl"].as_str().unwrap().to_owned();
    let all = paged(&mut world, "queryAll", soql, "batchSize=200")["nextRecordsUrl"].as_str().unwrap().to_owned();
    let id = world.column("SELECT Id FROM Lead WHERE LastName = 'L00250'", "Id")[0].as_str().unwrap().to_owned();
    world.call("DELETE", &format!("sobjects/Lead/{id}"), Value::Null);
    let page = world.get(&plain);
    assert_eq!(
        (page["records"].as_array().unwrap().len(), &page["totalSize"], &page["done"]),
        (199, &json!(400), &json!(true))
    );
    let page = world.get(&all);
    assert_eq!(
        page["records"][50],
        json!({ "attributes": page["records"][50]["attributes"], "LastName": "L00250", "IsDeleted": true })
    );
}

#[test]
fn query_all_finds_what_is_deleted_or_archived() {
    let mut world = World::new();
    let task = |date: &str, status: &str| json!({ "Subject": date, "ActivityDate": date, "Status": status });
    world.create("Task", task("2030-05-05", "Completed"));
    world.create("Task", task("2030-05-05", "Not Started"));
    let gone = world.create("Task", task("2031-05-05", "Completed"));
    world.call("DELETE", &format!("sobjects/Task/{gone}"), Value::Null);
    let soql = "SELECT Id, IsDeleted, IsArchived FROM Task WHERE IsDeleted = false OR IsDeleted = true";
    assert_eq!(world.find(soql).len(), 1);
    assert_eq!(world.soql("queryAll", soql).body_json()["totalSize"], 3);
    assert_eq!(
        world.soql("queryAll", "SELECT Id FROM Task WHERE IsDeleted = true").body_json()["records"][0]["Id"],
        *gone
    );
    assert_eq!(world.soql("queryAll", "SELECT COUNT() FROM Task WHERE IsArchived = true").body_json()["totalSize"], 1);
}

#[test]
fn children_have_pages_of_their_own() {
    let mut world = World::new();
    world.org.knobs.batch_size = Some(2);
    let account = world.column("SELECT Id FROM Account WHERE Name = 'Contoso'", "Id")[0].clone();
    for number in 0..4 {
        world.create("Contact", json!({ "LastName": format!("C{number}"), "AccountId": account }));
    }
    let soql = "SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName) FROM Account ORDER BY Name";
    let first = world.soql("query", soql).body_json();
    assert_eq!(first["done"], true);
    let children = &first["records"][0]["Contacts"];
    assert_eq!((&children["totalSize"], &children["done"]), (&json!(5), &json!(false)));
    assert_eq!(children["records"].as_array().unwrap().len(), 2);
    let second = world.get(children["nextRecordsUrl"].as_str().unwrap());
    assert_eq!(
        (&second["records"][0]["LastName"], &second["records"][0]["attributes"]["type"]),
        (&json!("C2"), &json!("Contact"))
    );
    let third = world.get(second["nextRecordsUrl"].as_str().unwrap());
    assert_eq!((&third["records"][0]["LastName"], &third["done"]), (&json!("Okafor"), &json!(true)));
    assert_eq!(first["records"][1]["Contacts"]["done"], true);
}

#[test]
fn a_query_can_be_too_much_for_the_service() {
    let mut world = World::new();
    let soql = "SELECT Id FROM Contact";
    let code = |world: &mut World, verb: &str, soql: &str| {
        let reply = world.soql(verb, soql);
        (reply.status.as_u16(), reply.body_json()[0]["errorCode"].as_str().unwrap_or_default().to_owned())
    };
    for (burden, expected) in [(QueryBurden::Timeout, "QUERY_TIMEOUT"), (QueryBurden::TooLarge, "OPERATION_TOO_LARGE")]
    {
        world.org.knobs.query_burden = burden;
        world.org.knobs.queries_given_up = 2;
        assert_eq!(code(&mut world, "query", "SELECT").1, "MALFORMED_QUERY", "what is wrong is told first");
        for (verb, answer) in [("query", (400, expected)), ("queryAll", (400, expected)), ("query", (200, ""))] {
            assert_eq!(code(&mut world, verb, soql), (answer.0, answer.1.to_owned()), "{verb}");
        }
    }
}
