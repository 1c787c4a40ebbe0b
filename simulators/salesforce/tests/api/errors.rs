//! The errors of rows, word by word.

use http::Method;
use serde_json::{Value, json};
use sim_kit::Request;
use sim_salesforce::{Salesforce, ValidationRule};

use crate::world::{BEN, V, World};

/// A refusal's status, code, message and fields.
type Told = (u16, &'static str, String, Value);

fn check(world: &mut World, method: &str, target: &str, body: &Value, expected: &Told) {
    let reply = world.call(method, target, body.clone());
    let error = reply.body_json()[0].clone();
    let told = (
        reply.status.as_u16(),
        error["errorCode"].as_str().unwrap_or_default(),
        error["message"].as_str().unwrap_or_default().to_owned(),
        error.get("fields").cloned().unwrap_or_default(),
    );
    assert_eq!(
        (told.0, told.1, &told.2, &told.3),
        (expected.0, expected.1, &expected.2, &expected.3),
        "{method} {target} {body}"
    );
}

fn no_department() -> ValidationRule {
    ValidationRule {
        name: "Rule".into(),
        object: "Contact".into(),
        condition: "Department = 'None'".into(),
        message: "Departments have names.".into(),
        field: None,
    }
}

#[test]
fn refused_rows_are_told_of_in_the_vendors_words() {
    let mut world = World::new();
    world.org.set_validation_rule(no_department(), world.now).unwrap();
    let key = world.create("Contact", json!({ "LastName": "Key", "Syncline_Key__c": "K1" }));
    let ben =
        world.column(&format!("SELECT Id FROM User WHERE Username = '{BEN}'"), "Id")[0].as_str().unwrap().to_owned();
    let long = "x".repeat(81);
    let with = |field: &str, value: Value| {
        let mut row = json!({ "LastName": "x" });
        row[field] = value;
        row
    };
    let table: Vec<(&str, Value, Told)> = vec![
        (
            "Contact",
            json!({}),
            (400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]".into(), json!(["LastName"])),
        ),
        (
            "Contact",
            with("LastName", json!(long)),
            (
                400,
                "STRING_TOO_LONG",
                format!("Last Name: data value too large: {long} (max length=80)"),
                json!(["LastName"]),
            ),
        ),
        (
            "Contact",
            with("Nope__c", json!(1)),
            (400, "INVALID_FIELD", "No such column 'Nope__c' on sobject of type Contact".into(), json!(null)),
        ),
        (
            "Contact",
            with("Name", json!("x")),
            (
                400,
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                "Unable to create/update fields: Name. Please check the security settings of this field and verify that \
                 it is read/write for your profile or permission set."
                    .into(),
                json!(["Name"]),
            ),
        ),
        (
            "Contact",
            with("Department", json!("none")),
            (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Departments have names.".into(), json!([])),
        ),
        (
            "Contact",
            with("Email", json!("foo")),
            (400, "INVALID_EMAIL_ADDRESS", "Email: invalid email address: foo".into(), json!(["Email"])),
        ),
        (
            "Task",
            json!({ "TaskSubtype": "X" }),
            (
                400,
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                "Task Subtype: bad value for restricted picklist field: X".into(),
                json!(["TaskSubtype"]),
            ),
        ),
        (
            "Contact",
            with("AccountId", json!("bogus")),
            (400, "MALFORMED_ID", "Account ID: id value of incorrect type: bogus".into(), json!(["AccountId"])),
        ),
        (
            "Contact",
            with("AccountId", json!(ben)),
            (400, "MALFORMED_ID", format!("Account ID: id value of incorrect type: {ben}"), json!(["AccountId"])),
        ),
        (
            "Contact",
            with("AccountId", json!("001000000000000")),
            (400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id".into(), json!(["AccountId"])),
        ),
        (
            "Contact",
            with("Syncline_Key__c", json!("k1")),
            (
                400,
                "DUPLICATE_VALUE",
                format!("duplicate value found: Syncline_Key__c duplicates value on record with id: {}", &key[..15]),
                json!([]),
            ),
        ),
        ("Nope", json!({}), (404, "NOT_FOUND", "The requested resource does not exist".into(), json!(null))),
    ];
    for (object, row, expected) in table {
        check(&mut world, "POST", &format!("sobjects/{object}"), &row, &expected);
    }
}

#[test]
fn rows_that_cannot_be_written_are_told_of_in_the_vendors_words() {
    let mut world = World::new();
    let key = world.create("Contact", json!({ "LastName": "Key" }));
    let ben =
        world.column(&format!("SELECT Id FROM User WHERE Username = '{BEN}'"), "Id")[0].as_str().unwrap().to_owned();
    let path = format!("sobjects/Contact/{key}");
    world.org.lock_next(&key, 1);
    let locked = format!("unable to obtain exclusive access to this record or 1 records: {key}");
    check(&mut world, "PATCH", &path, &json!({ "Title": "x" }), &(400, "UNABLE_TO_LOCK_ROW", locked, json!([])));
    world.call("DELETE", &path, Value::Null);
    for (method, body) in [("PATCH", json!({ "Title": "x" })), ("DELETE", json!(null)), ("GET", json!(null))] {
        check(&mut world, method, &path, &body, &(404, "ENTITY_IS_DELETED", "entity is deleted".into(), json!([])));
    }
    let unknown = "Provided external ID field does not exist or is not accessible: Nope__c".to_owned();
    check(&mut world, "GET", "sobjects/Contact/Nope__c/1", &json!(null), &(404, "NOT_FOUND", unknown, json!(null)));
    let name = "Ben Carter";
    world.patch("User", &ben, json!({ "IsActive": false }));
    let inactive = format!("operation performed with inactive user [{ben}] as owner of record ({name})");
    let expected = (400, "INACTIVE_OWNER_OR_USER", inactive, json!(["OwnerId"]));
    check(&mut world, "POST", "sobjects/Contact", &json!({ "LastName": "x", "OwnerId": ben }), &expected);
}

#[test]
fn a_body_must_be_a_json_object_with_values_of_the_fields_types() {
    let mut world = World::new();
    for body in
        ["{", "[]", "7", r#"{"LastName": 7}"#, r#"{"LastName": "x", "DoNotCall": "maybe"}"#, r#"{"LastName": {}}"#]
    {
        let mut request = Request::new(Method::POST, &format!("{V}/sobjects/Contact"), "http://sf.test");
        request.body = body.as_bytes().to_vec();
        let reply = world.send(request);
        let error = reply.body_json()[0].clone();
        assert_eq!((reply.status.as_u16(), &error["errorCode"]), (400, &json!("JSON_PARSER_ERROR")), "{body}");
    }
    let mut request = Request::new(Method::POST, &format!("{V}/sobjects/Contact"), "http://sf.test");
    request.headers.insert("content-type", "text/csv".parse().unwrap());
    let reply = world.send(request);
    assert_eq!((reply.status.as_u16(), &reply.body_json()[0]["errorCode"]), (415, &json!("UNSUPPORTED_MEDIA_TYPE")));
}

#[test]
fn a_converted_lead_is_left_alone() {
    let mut world = World::new();
    let id = world.create("Lead", json!({ "LastName": "x", "Company": "y" }));
    let mut saved = world.org.snapshot();
    saved["store"]["rows"][&id]["versions"][0]["values"]["IsConverted"] = json!(true);
    world.org = Salesforce::restore(saved).unwrap();
    let expected = (400, "CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead".into(), json!([]));
    check(&mut world, "PATCH", &format!("sobjects/Lead/{id}"), &json!({ "Title": "x" }), &expected);
}
