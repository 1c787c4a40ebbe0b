//! Other ways to rows than their own address: along relationships, in trees; and what else there is to ask for.

use serde_json::{Value, json};

use crate::world::{ANNA, BEN, World, element, encoded, refusal};

/// The text as it is sent, for what a parsed body no longer shows.
fn text(world: &mut World, target: &str) -> String {
    String::from_utf8(world.call("GET", target, Value::Null).body).unwrap()
}

/// Where each of these stands in the text; all do, in this order.
fn in_this_order(text: &str, keys: &[&str]) {
    let mut from = 0;
    for key in keys {
        let at = text[from..].find(&format!("\"{key}\":")).unwrap_or_else(|| panic!("{key} of {keys:?} in {text}"));
        from += at + 1;
    }
}

#[test]
fn records_have_their_fields_in_the_order_in_which_they_were_selected() {
    let mut world = World::new();
    let account = world.create("Account", json!({ "Name": "Order Ltd" }));
    world.create("Contact", json!({ "LastName": "Zed", "Title": "T", "AccountId": account }));
    let query = |soql: &str| format!("query?q={}", encoded(soql));
    let plain =
        text(&mut world, &query("SELECT Title, LastName, Account.Name, Id FROM Contact WHERE LastName = 'Zed'"));
    in_this_order(
        &plain,
        &["totalSize", "done", "records", "attributes", "Title", "LastName", "Account", "attributes", "Name", "Id"],
    );
    let nested = "SELECT Name, (SELECT Title, LastName, Id FROM Contacts), Id FROM Account WHERE Name = 'Order Ltd'";
    let nested = text(&mut world, &query(nested));
    let below = ["Name", "Contacts", "totalSize", "done", "records", "attributes", "Title", "LastName", "Id", "Id"];
    in_this_order(&nested, &below);
    let grouped = "SELECT Title t, COUNT(Id), MAX(LastName) a FROM Contact WHERE LastName = 'Zed' GROUP BY Title";
    let grouped = text(&mut world, &query(grouped));
    in_this_order(&grouped, &["attributes", "t", "expr0", "a"]);
    let id = world.only("Contact", "LastName = 'Zed'");
    let some = text(&mut world, &format!("sobjects/Contact/{id}?fields=Title,LastName,Id"));
    in_this_order(&some, &["attributes", "Title", "LastName", "Id"]);
    let all = text(&mut world, &format!("sobjects/Contact/{id}"));
    in_this_order(&all, &["attributes", "Id", "AccountId", "LastName", "FirstName", "Email", "CreatedDate"]);
    let many = text(&mut world, &format!("composite/sobjects/Contact?ids={id}&fields=Title,Id,LastName"));
    in_this_order(&many, &["attributes", "Title", "Id", "LastName"]);
    let refused = text(&mut world, "sobjects/Nope");
    in_this_order(&refused, &["message", "errorCode"]);
}

#[test]
fn a_relationship_leads_from_a_row_to_the_one_it_names_and_to_those_that_name_it() {
    let mut world = World::new();
    let account = world.create("Account", json!({ "Name": "Way Ltd" }));
    let contact = world.create("Contact", json!({ "LastName": "Way", "AccountId": account }));
    let way = format!("sobjects/Contact/{contact}/Account");
    assert_eq!(world.get(&way)["Id"], account.as_str());
    let some = world.get(&format!("{way}?fields=Name"));
    assert_eq!((&some["Name"], some.get("Id")), (&json!("Way Ltd"), None));
    let children = world.get(&format!("sobjects/Account/{account}/contacts?fields=Id,LastName"));
    assert_eq!((&children["totalSize"], &children["done"]), (&json!(1), &json!(true)));
    assert_eq!(children["records"][0]["Id"], contact.as_str());
    assert_eq!(children["records"][0]["attributes"]["type"], "Contact");
    assert_eq!(world.get(&format!("sobjects/Contact/{contact}/Tasks"))["totalSize"], 0);

    assert_eq!(world.call("PATCH", &way, json!({ "Name": "Way AG" })).status, 204);
    assert_eq!(world.row("Account", &account)["Name"], "Way AG");
    let none = format!("sobjects/Contact/{contact}/ReportsTo");
    for missing in
        [none.as_str(), &format!("sobjects/Contact/{contact}/Nope"), "sobjects/Contact/003000000000001AAA/Account"]
    {
        assert_eq!(refusal(&world.call("GET", missing, Value::Null)).1, "NOT_FOUND", "{missing}");
    }
    let list = format!("sobjects/Account/{account}/Contacts");
    assert_eq!(world.call("DELETE", &list, Value::Null).status, 405);
    assert_eq!(refusal(&world.call("GET", &format!("{list}?fields=Nope"), Value::Null)).1, "INVALID_FIELD");
    assert_eq!(world.call("DELETE", &way, Value::Null).status, 204);
    assert_eq!(world.call("GET", &format!("sobjects/Account/{account}"), Value::Null).status, 404);
}

fn leaf(object: &str, reference: &str, fields: Value) -> Value {
    let mut record = fields;
    record["attributes"] = json!({ "type": object, "referenceId": reference });
    record
}

#[test]
fn a_tree_is_planted_with_all_its_levels() {
    let mut world = World::new();
    let contact = leaf(
        "Contact",
        "c",
        json!({
            "LastName": "Leaf", "Tasks": { "records": [leaf("Task", "t", json!({ "Subject": "Call" }))] },
        }),
    );
    let account = leaf("Account", "a", json!({ "Name": "Root", "Contacts": { "records": [contact] } }));
    let reply = world.call(
        "POST",
        "composite/tree/Account/",
        json!({ "records": [account, leaf("Account", "b", json!({ "Name": "Other" }))] }),
    );
    assert_eq!(reply.status, 201);
    let body = reply.body_json();
    assert_eq!(body["hasErrors"], false);
    let results = body["results"].as_array().unwrap();
    let references: Vec<&str> = results.iter().map(|result| result["referenceId"].as_str().unwrap()).collect();
    assert_eq!(references, ["a", "b", "c", "t"]);
    let (contact, task) = (results[2]["id"].as_str().unwrap(), results[3]["id"].as_str().unwrap());
    assert_eq!(world.row("Contact", contact)["AccountId"], results[0]["id"]);
    assert_eq!(world.row("Task", task)["WhoId"], contact);
}

#[test]
fn a_tree_with_a_bad_leaf_is_not_planted_at_all() {
    let mut world = World::new();
    let before = world.find("SELECT Id FROM Account").len();
    let root = |children: Value| json!({ "records": [leaf("Account", "a", json!({ "Name": "Root", "Contacts": { "records": children } }))] });
    let table = [
        (root(json!([leaf("Contact", "c", json!({ "LastName": "X", "Email": "foo" }))])), "c", "INVALID_EMAIL_ADDRESS"),
        (root(json!([leaf("Contact", "c", json!({ "FirstName": "X" }))])), "c", "REQUIRED_FIELD_MISSING"),
        (root(json!([leaf("Contact", "a", json!({ "LastName": "X" }))])), "a", "INVALID_INPUT"),
        (root(json!([leaf("Lead", "c", json!({ "LastName": "X" }))])), "c", "INVALID_INPUT"),
        (root(json!([{ "LastName": "X" }])), "", "INVALID_INPUT"),
        (
            json!({ "records": [leaf("Account", "a", json!({ "Name": "R", "Nopes": { "records": [] } }))] }),
            "a",
            "INVALID_FIELD",
        ),
        (
            root((0..200).map(|n| leaf("Contact", &format!("c{n}"), json!({ "LastName": "X" }))).collect()),
            "c199",
            "INVALID_INPUT",
        ),
    ];
    for (body, reference, code) in table {
        let reply = world.call("POST", "composite/tree/Account", body);
        let answer = reply.body_json();
        assert_eq!((reply.status.as_u16(), &answer["hasErrors"]), (400, &json!(true)), "{code}");
        assert_eq!(answer["results"][0]["referenceId"], reference, "{answer}");
        assert_eq!(answer["results"][0]["errors"][0]["statusCode"], code, "{answer}");
    }
    assert_eq!(world.find("SELECT Id FROM Account").len(), before);
    assert_eq!(world.call("POST", "composite/tree/Nope", json!({ "records": [] })).status, 404);
    assert_eq!(world.call("GET", "composite/tree/Account", Value::Null).status, 405);
}

#[test]
fn a_layout_shows_every_field_and_says_which_are_required() {
    let mut world = World::new();
    let described = world.get("sobjects/Contact/describe");
    for name in ["layouts", "compactLayouts", "approvalLayouts"] {
        let url = described["urls"][name].as_str().unwrap();
        assert!(world.get(url)[name].is_array(), "{name}");
    }
    let layouts = world.get("sobjects/Contact/describe/layouts");
    let mapping = &layouts["recordTypeMappings"][0];
    assert_eq!(mapping["layoutId"], layouts["layouts"][0]["id"]);
    assert_eq!(mapping["recordTypeId"], described["recordTypeInfos"][0]["recordTypeId"]);
    let one = described["recordTypeInfos"][0]["urls"]["layout"].as_str().unwrap();
    assert_eq!(world.get(one), layouts["layouts"][0]);
    let rows = layouts["layouts"][0]["editLayoutSections"][0]["layoutRows"].as_array().unwrap();
    let required: Vec<&Value> = rows
        .iter()
        .map(|row| &row["layoutItems"][0])
        .filter(|item| item["required"] == true)
        .map(|item| &item["layoutComponents"][0]["value"])
        .collect();
    assert_eq!(required, ["LastName"]);
    let unknown = "sobjects/Contact/describe/layouts/012000000000001AAA";
    assert_eq!(refusal(&world.call("GET", unknown, Value::Null)).1, "NOT_FOUND");
}

#[test]
fn rows_are_counted_by_object_and_a_query_is_explained_without_being_run() {
    let mut world = World::new();
    let counts = world.get("limits/recordCount?sObjects=Contact,User,Nope");
    let contacts = world.find("SELECT Id FROM Contact").len();
    let users = world.find("SELECT Id FROM User").len();
    assert_eq!(
        counts,
        json!({ "sObjects": [{ "count": contacts, "name": "Contact" }, { "count": users, "name": "User" }] })
    );
    let soql = format!("SELECT Id FROM User WHERE Username = '{BEN}'");
    let explained = world.get(&format!("query?explain={}", encoded(&soql)));
    assert_eq!(explained["sourceQuery"], soql.as_str());
    let plan = &explained["plans"][0];
    assert_eq!((&plan["cardinality"], &plan["sobjectCardinality"]), (&json!(1), &json!(users)));
    assert_eq!(plan["sobjectType"], "User");
    let bad = world.call("GET", &format!("query?explain={}", encoded("SELECT Nope FROM User")), Value::Null);
    assert_eq!(refusal(&bad).1, "INVALID_FIELD");
    assert_eq!(world.get("recent"), json!([]));
}

#[test]
fn a_password_that_is_set_is_the_one_that_lets_in() {
    let mut world = World::new();
    let login = |world: &mut World, password: &str| {
        let content = format!("<urn:username>{BEN}</urn:username><urn:password>{password}</urn:password>");
        let (status, answer) = world.soap("login", &content);
        assert_eq!(status == 200, element(&answer, "sessionId").is_some(), "{answer}");
        status
    };
    let ben = world.only("User", &format!("Username = '{BEN}'"));
    let path = format!("sobjects/User/{ben}/password");
    assert_eq!(world.get(&path), json!({ "isExpired": false }));
    assert_eq!(world.call("POST", &path, json!({ "NewPassword": "another-one" })).status, 204);
    assert_eq!(login(&mut world, "syncline-password"), 500);
    assert_eq!(login(&mut world, "another-onesyncline-token"), 200);
    assert_eq!(refusal(&world.call("POST", &path, json!({ "NewPassword": "short" }))).1, "INVALID_NEW_PASSWORD");
    let reset = world.call("DELETE", &path, Value::Null).body_json();
    assert_eq!(login(&mut world, "another-one"), 500);
    assert_eq!(login(&mut world, reset["NewPassword"].as_str().unwrap()), 200);
    world.authorization = format!("Bearer sim-{BEN}");
    let anna = world.only("User", &format!("Username = '{ANNA}'"));
    let path = format!("sobjects/User/{anna}/password");
    let refused = world.call("POST", &path, json!({ "NewPassword": "another-one" }));
    assert_eq!(refusal(&refused), (403, "INSUFFICIENT_ACCESS_OR_READONLY".to_owned(), json!("none")));
}

#[test]
fn a_query_tells_its_columns_instead_of_rows() {
    let mut world = World::new();
    let mut columns = |soql: &str| world.get(&format!("query?q={}&columns=true", encoded(soql)));
    let name = |column: &Value| column["columnName"].as_str().unwrap().to_owned();

    let plain = columns("SELECT Id, name, Owner.Profile.Name, (SELECT LastName FROM Contacts) FROM Account");
    assert_eq!((&plain["entityName"], &plain["keyPrefix"]), (&json!("Account"), &json!("001")));
    assert_eq!((&plain["idSelected"], &plain["groupBy"]), (&json!(true), &json!(false)));
    let told = plain["columnMetadata"].as_array().unwrap();
    assert_eq!(told.iter().map(name).collect::<Vec<_>>(), ["Id", "Name", "Owner", "Contacts"]);
    assert_eq!((&told[1]["textType"], &told[1]["joinColumns"]), (&json!(true), &json!([])));
    assert_eq!((&told[2]["foreignKeyName"], &told[2]["aggregate"]), (&json!("OwnerId"), &json!(false)));
    assert_eq!(told[2]["joinColumns"][0]["joinColumns"][0]["columnName"], "Name");
    assert_eq!(told[3]["aggregate"], true);
    assert_eq!(told[3]["joinColumns"][0]["columnName"], "LastName");

    let sums = columns("SELECT Industry, COUNT(Id), MAX(Name) last FROM Account GROUP BY Industry");
    assert_eq!(sums["groupBy"], true);
    let told = sums["columnMetadata"].as_array().unwrap();
    assert_eq!(told.iter().map(name).collect::<Vec<_>>(), ["Industry", "expr0", "last"]);
    assert_eq!((&told[0]["aggregate"], &told[1]["aggregate"]), (&json!(false), &json!(true)));
    assert_eq!(told[1]["displayName"], "COUNT(Id)");
    assert_eq!(columns("SELECT COUNT() FROM Account")["columnMetadata"], json!([]));
    let bad = format!("query?q={}&columns=true", encoded("SELECT Nope FROM User"));
    assert_eq!(world.call("GET", &bad, Value::Null).status, 400);
}
