//! Single rows.

use http::Method;
use serde_json::{Value, json};
use sim_kit::Request;

use crate::world::{ANNA, BEN, V, World, refusal};

#[test]
fn a_created_row_carries_its_user_and_whole_seconds() {
    let mut world = World::new();
    world.authorization = format!("Bearer sim-{BEN}");
    world.now = "2031-05-06T09:00:00.789Z".parse().unwrap();
    let reply = world.call("POST", "sobjects/contact/", json!({ "lastname": "Okafor", "FirstName": "Ada" }));
    assert_eq!(reply.status, 201);
    let id = reply.body_json()["id"].as_str().unwrap().to_owned();
    assert_eq!(reply.headers["location"], format!("{V}/sobjects/Contact/{id}"));
    assert_eq!(reply.body_json(), json!({ "id": id, "success": true, "errors": [] }));
    let row = world.row("Contact", &id[..15]);
    let ben = world.org.rows("User").find(|user| user.text("Username") == BEN).unwrap().id().to_owned();
    assert_eq!(row["Id"], json!(id));
    assert_eq!(row["Name"], "Ada Okafor");
    for field in ["OwnerId", "CreatedById", "LastModifiedById"] {
        assert_eq!(row[field], json!(ben), "{field}");
    }
    for field in ["CreatedDate", "LastModifiedDate", "SystemModstamp"] {
        assert_eq!(row[field], "2031-05-06T09:00:00.000+0000", "{field}");
    }
    assert_eq!(row["DoNotCall"], json!(false));
    assert_eq!(row["attributes"], json!({ "type": "Contact", "url": format!("{V}/sobjects/Contact/{id}") }));
}

#[test]
fn writes_are_refused_as_the_vendor_refuses() {
    let mut world = World::new();
    world.create("Contact", json!({ "LastName": "Key", "Syncline_Key__c": "K1" }));
    let user = world.org.rows("User").next().unwrap().id().to_owned();
    let table = [
        ("Contact", json!({ "FirstName": "x" }), 400, "REQUIRED_FIELD_MISSING", json!(["LastName"])),
        ("Contact", json!({ "LastName": "" }), 400, "REQUIRED_FIELD_MISSING", json!(["LastName"])),
        ("Lead", json!({}), 400, "REQUIRED_FIELD_MISSING", json!(["LastName", "Company"])),
        ("Contact", json!({ "LastName": "x".repeat(81) }), 400, "STRING_TOO_LONG", json!(["LastName"])),
        ("Contact", json!({ "LastName": "x", "Nope__c": 1 }), 400, "INVALID_FIELD", json!("none")),
        (
            "Contact",
            json!({ "LastName": "x", "Name": "x", "CreatedDate": "2031-05-06T09:00:00Z" }),
            400,
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            json!(["CreatedDate", "Name"]),
        ),
        ("Contact", json!({ "LastName": "x", "Id": "x" }), 400, "INVALID_FIELD_FOR_INSERT_UPDATE", json!(["Id"])),
        ("Contact", json!({ "LastName": "x", "Email": "foo" }), 400, "INVALID_EMAIL_ADDRESS", json!(["Email"])),
        ("Contact", json!({ "LastName": "x", "AccountId": "bogus" }), 400, "MALFORMED_ID", json!(["AccountId"])),
        ("Contact", json!({ "LastName": "x", "AccountId": user }), 400, "MALFORMED_ID", json!(["AccountId"])),
        (
            "Contact",
            json!({ "LastName": "x", "AccountId": "001000000000000" }),
            400,
            "INVALID_CROSS_REFERENCE_KEY",
            json!(["AccountId"]),
        ),
        ("Contact", json!({ "LastName": "x", "Syncline_Key__c": "k1" }), 400, "DUPLICATE_VALUE", json!([])),
        ("Contact", json!({ "LastName": "x", "DoNotCall": 1 }), 400, "JSON_PARSER_ERROR", json!("none")),
        ("Contact", json!({ "LastName": "x", "Birthdate": "May" }), 400, "JSON_PARSER_ERROR", json!("none")),
        ("Contact", json!([]), 400, "JSON_PARSER_ERROR", json!("none")),
        ("EmailMessage", json!({ "Status": "9" }), 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", json!(["Status"])),
        ("Nope", json!({}), 404, "NOT_FOUND", json!("none")),
    ];
    let before = world.org.rows("Contact").count();
    for (object, row, status, code, fields) in table {
        let reply = world.call("POST", &format!("sobjects/{object}"), row.clone());
        assert_eq!(refusal(&reply), (status, code.to_owned(), fields), "{object} {row}");
    }
    assert_eq!(world.org.rows("Contact").count(), before);
}

#[test]
fn the_texts_of_errors_are_the_vendors() {
    let mut world = World::new();
    let text = |world: &mut World, row: Value| {
        world.call("POST", "sobjects/Contact", row).body_json()[0]["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(text(&mut world, json!({})), "Required fields are missing: [LastName]");
    let long = "x".repeat(81);
    let expected = format!("Last Name: data value too large: {long} (max length=80)");
    assert_eq!(text(&mut world, json!({ "LastName": long })), expected);
    let row = json!({ "LastName": "x", "AccountId": "bogus" });
    assert_eq!(text(&mut world, row), "Account ID: id value of incorrect type: bogus");
    let id = world.create("Contact", json!({ "LastName": "Key", "Syncline_Key__c": "K1" }));
    let expected = format!("duplicate value found: Syncline_Key__c duplicates value on record with id: {}", &id[..15]);
    assert_eq!(text(&mut world, json!({ "LastName": "x", "Syncline_Key__c": "K1" })), expected);
}

#[test]
fn a_change_clears_with_null_and_moves_the_stamps_of_its_user() {
    let mut world = World::new();
    let id = world.create("Contact", json!({ "LastName": "Okafor", "Title": "CTO", "DoNotCall": true }));
    world.advance(60);
    world.authorization = format!("Bearer sim-{BEN}");
    let reply = world.patch("Contact", &id, json!({ "Title": null, "DoNotCall": null, "FirstName": "Ada" }));
    assert_eq!((reply.status.as_u16(), reply.body.len()), (204, 0));
    let row = world.row("Contact", &id);
    assert_eq!((&row["Title"], &row["DoNotCall"], &row["Name"]), (&json!(null), &json!(false), &json!("Ada Okafor")));
    assert_eq!(row["SystemModstamp"], "2031-05-06T09:01:00.000+0000");
    assert_eq!(row["CreatedDate"], "2031-05-06T09:00:00.000+0000");
    assert_ne!(row["LastModifiedById"], row["CreatedById"]);
    let reply = world.patch("Contact", &id, json!({ "LastName": null }));
    assert_eq!(refusal(&reply), (400, "REQUIRED_FIELD_MISSING".into(), json!(["LastName"])));
    let reply = world.patch("Contact", &id, json!({ "Id": id }));
    assert_eq!(refusal(&reply).1, "INVALID_FIELD");
}

#[test]
fn a_deleted_row_lies_in_the_bin_for_fifteen_days() {
    let mut world = World::new();
    let id = world.create("Contact", json!({ "LastName": "Gone", "Syncline_Key__c": "K" }));
    let path = format!("sobjects/Contact/{id}");
    assert_eq!(world.call("DELETE", &path, Value::Null).status, 204);
    for method in ["GET", "DELETE", "PATCH"] {
        let body = if method == "PATCH" { json!({ "LastName": "x" }) } else { Value::Null };
        let reply = world.call(method, &path, body);
        assert_eq!((reply.status.as_u16(), refusal(&reply).1), (404, "ENTITY_IS_DELETED".into()), "{method}");
    }
    let soql = format!("SELECT Id, IsDeleted FROM Contact WHERE Id = '{id}'");
    assert!(world.find(&soql).is_empty());
    let all = world.soql("queryAll", &soql).body_json();
    assert_eq!(all["records"][0]["IsDeleted"], json!(true));
    // Its key is free again.
    world.create("Contact", json!({ "LastName": "New", "Syncline_Key__c": "K" }));
    world.advance(15 * 86_400);
    assert_eq!(world.soql("queryAll", &soql).body_json()["totalSize"], 0);
    assert_eq!(refusal(&world.call("GET", &path, Value::Null)).1, "NOT_FOUND");
}

#[test]
fn deleting_an_account_takes_its_contacts_along() {
    let mut world = World::new();
    let account = world.column("SELECT Id FROM Account WHERE Name = 'Fabrikam'", "Id")[0].as_str().unwrap().to_owned();
    assert_eq!(world.call("DELETE", &format!("sobjects/Account/{account}"), Value::Null).status, 204);
    assert_eq!(world.column("SELECT Name FROM Contact", "Name"), [json!("Tom Okafor")]);
}

#[test]
fn an_upsert_creates_then_changes_and_names_several() {
    let mut world = World::new();
    let path = "sobjects/Contact/Syncline_Key__c/a%2Fb%20c";
    let first = world.call("PATCH", path, json!({ "LastName": "Key" }));
    assert_eq!(first.status, 201);
    let id = first.body_json()["id"].clone();
    assert_eq!(first.body_json(), json!({ "id": id, "success": true, "errors": [], "created": true }));
    let second = world.call("PATCH", "sobjects/Contact/Syncline_Key__c/A%2Fb%20C", json!({ "FirstName": "New" }));
    assert_eq!((second.status.as_u16(), &second.body_json()["id"]), (200, &id));
    assert_eq!(second.body_json()["created"], json!(false));
    let old = "/services/data/v45.0/sobjects/Contact/Syncline_Key__c/a%2Fb%20c";
    assert_eq!(world.call("PATCH", old, json!({ "FirstName": "Newer" })).status, 204);
    let new = world.call("PATCH", &old.replace("a%2F", "b%2F"), json!({ "LastName": "Old" }));
    assert_eq!((new.status.as_u16(), new.body_json().get("created")), (201, None));
    assert_eq!(world.get(path)["Syncline_Key__c"], "a/b c");

    let by_id = format!("sobjects/Contact/id/{}", id.as_str().unwrap());
    let told = world.call("PATCH", &by_id, json!({ "FirstName": "Newest" }));
    assert_eq!((told.status.as_u16(), told.body_json()), (200, second.body_json()));
    assert_eq!(world.call("PATCH", "sobjects/Contact/Id/003000000000000AAA", json!({})).status, 404);
    // By id, but without one, as clients send it that know no other way to create.
    for path in ["sobjects/Contact/Id", "sobjects/Contact/id/"] {
        let new = world.call("POST", path, json!({ "LastName": "No id" }));
        assert_eq!((new.status.as_u16(), &new.body_json()["created"]), (201, &json!(true)), "{path}");
        assert_eq!(refusal(&world.call("POST", path, json!({}))).1, "REQUIRED_FIELD_MISSING", "{path}");
    }

    let absent = world.call("PATCH", "sobjects/Contact/Syncline_Key__c/zz?updateOnly=true", json!({ "LastName": "x" }));
    assert_eq!((absent.status.as_u16(), refusal(&absent).1), (404, "NOT_FOUND".into()));
    let unknown = world.call("PATCH", "sobjects/Contact/Nope__c/1", json!({ "LastName": "x" }));
    let message = "Provided external ID field does not exist or is not accessible: Nope__c";
    assert_eq!(unknown.body_json()[0]["message"], message);
    let repeated = world.call("PATCH", path, json!({ "Syncline_Key__c": "a/b c" }));
    assert_eq!(refusal(&repeated).1, "INVALID_FIELD");

    let two = [0, 1].map(|_| world.create("Contact", json!({ "LastName": "Twin", "Syncline_Mailbox_Id__c": "7" })));
    for (method, body) in [("PATCH", json!({ "FirstName": "x" })), ("GET", Value::Null), ("DELETE", Value::Null)] {
        let reply = world.call(method, "sobjects/Contact/Syncline_Mailbox_Id__c/7", body);
        assert_eq!(reply.status, 300, "{method}");
        let urls = reply.body_json();
        assert!(two.iter().all(|id| urls.as_array().unwrap().contains(&json!(format!("{V}/sobjects/Contact/{id}")))));
    }
}

#[test]
fn a_parent_may_be_named_by_its_external_id() {
    let mut world = World::new();
    let account = world.create("Account", json!({ "Name": "Adatum", "Syncline_Key__c": "42" }));
    let row = json!({ "LastName": "Child", "Account": { "Syncline_Key__c": "42" } });
    let id = world.create("Contact", row);
    assert_eq!(world.row("Contact", &id)["AccountId"], json!(account));
    let row = json!({ "LastName": "Child", "Account": { "Syncline_Key__c": "43" } });
    let reply = world.call("POST", "sobjects/Contact", row);
    let message = "Foreign key external ID: 43 not found for field Syncline_Key__c in entity Account";
    assert_eq!(reply.body_json()[0]["message"], message);
}

#[test]
fn a_locked_row_is_refused_so_many_times() {
    let mut world = World::new();
    let id = world.create("Contact", json!({ "LastName": "Busy" }));
    world.org.lock_next(&id, 2);
    for _ in 0..2 {
        let reply = world.patch("Contact", &id, json!({ "Title": "x" }));
        assert_eq!(refusal(&reply).1, "UNABLE_TO_LOCK_ROW");
    }
    assert_eq!(world.row("Contact", &id)["Title"], json!(null));
    assert_eq!(world.patch("Contact", &id, json!({ "Title": "x" })).status, 204);
}

#[test]
fn only_accounts_have_entity_tags() {
    let mut world = World::new();
    let id = world.create("Account", json!({ "Name": "Adatum" }));
    let path = format!("{V}/sobjects/Account/{id}");
    let tag = world.call("GET", &path, Value::Null).headers["etag"].clone();
    // As what stands between gives it on.
    let mut weak = Request::new(Method::GET, &path, "http://sf.test");
    weak.headers.insert("if-none-match", format!("\"x\", W/{}", tag.to_str().unwrap()).parse().unwrap());
    assert_eq!(world.send(weak).status, 304);
    let mut conditional = |method: Method, header: &'static str, body: &str| {
        let mut request = Request::new(method, &path, "http://sf.test");
        request.headers.insert(header, tag.clone());
        request.body = body.as_bytes().to_vec();
        world.send(request).status.as_u16()
    };
    assert_eq!(conditional(Method::GET, "if-none-match", ""), 304);
    assert_eq!(conditional(Method::PATCH, "if-match", r#"{"Phone":"1"}"#), 204);
    assert_eq!(conditional(Method::PATCH, "if-match", r#"{"Phone":"2"}"#), 412);
    assert_eq!(conditional(Method::GET, "if-none-match", ""), 200);
    let contact = world.create("Contact", json!({ "LastName": "x" }));
    let reply = world.call("GET", &format!("sobjects/Contact/{contact}"), Value::Null);
    assert!(!reply.headers.contains_key("etag"));
}

#[test]
fn an_inactive_user_owns_nothing_new_and_gets_no_further() {
    let mut world = World::new();
    let ben = world.org.rows("User").find(|user| user.text("Username") == BEN).unwrap().id().to_owned();
    assert_eq!(world.patch("User", &ben, json!({ "IsActive": false })).status, 204);
    let reply = world.call("POST", "sobjects/Contact", json!({ "LastName": "x", "OwnerId": ben }));
    assert_eq!(refusal(&reply).1, "INACTIVE_OWNER_OR_USER");
    world.authorization = format!("Bearer sim-{BEN}");
    assert_eq!(world.call("GET", "limits", Value::Null).status, 401);
    let reply = world.org.by_hand(ANNA, Method::DELETE, &format!("{V}/sobjects/User/{ben}"), &Value::Null, world.now);
    assert_eq!(refusal(&reply).0, 400);
}

#[test]
fn wrong_methods_types_and_paths() {
    let mut world = World::new();
    let table = [
        ("PUT", "sobjects/Contact/003000000000000", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "query", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "composite/batch", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "nowhere", 404, "NOT_FOUND"),
        ("GET", "/services/data/vx/limits", 404, "NOT_FOUND"),
        ("GET", "/services/nowhere", 404, "NOT_FOUND"),
    ];
    for (method, target, status, code) in table {
        let reply = world.call(method, target, Value::Null);
        assert_eq!((reply.status.as_u16(), refusal(&reply).1.as_str()), (status, code), "{method} {target}");
        assert!(reply.headers.contains_key("sforce-limit-info"));
    }
    let mut request = Request::new(Method::POST, &format!("{V}/sobjects/Contact"), "http://sf.test");
    request.headers.insert("content-type", "text/plain".parse().unwrap());
    request.body = b"{}".to_vec();
    assert_eq!(world.send(request).status, 415);
    let long = format!("{V}/query?q={}", "x".repeat(17_000));
    assert_eq!(world.call("GET", &long, Value::Null).status, 414);
}

#[test]
fn a_snapshot_is_the_whole_world() {
    let mut world = World::new();
    let id = world.create("Contact", json!({ "LastName": "Kept", "Syncline_Key__c": "K" }));
    let saved = world.org.snapshot();
    world.patch("Contact", &id, json!({ "LastName": "Changed" }));
    world.org = sim_salesforce::Salesforce::restore(saved.clone()).unwrap();
    assert_eq!(world.org.snapshot(), saved);
    assert_eq!(world.get("sobjects/Contact/Syncline_Key__c/k")["LastName"], "Kept");
    let next = world.create("Contact", json!({ "LastName": "Next" }));
    assert_ne!(next, id);
    assert!(sim_salesforce::Salesforce::restore(json!({})).is_err());
}
