//! Custom objects and fields, as packages bring them.

use serde_json::{Value, json};
use sim_salesforce::{Package, Salesforce};

use crate::world::{V, World, refusal};

const VISIT: &str = "<CustomObject xmlns=\"http://soap.sforce.com/2006/04/metadata\"><label>Visit</label>\
                     <pluralLabel>Visits</pluralLabel><nameField><label>Visit Number</label><type>AutoNumber</type>\
                     </nameField><sharingModel>ReadWrite</sharingModel></CustomObject>";

/// A field's file: its place, and its elements besides name and label.
fn field(name: &str, rest: &str) -> (String, String) {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CustomField xmlns=\"http://soap.sforce.com/2006/04/metadata\">\
         <fullName>{name}</fullName><label>{label}</label>{rest}</CustomField>",
        label = name.trim_end_matches("__c").replace('_', " "),
    );
    (format!("main/default/objects/Visit__c/fields/{name}.field-meta.xml"), text)
}

/// An org with an object of its own.
fn world() -> World {
    let mut files = vec![("main/default/objects/Visit__c/Visit__c.object-meta.xml".to_owned(), VISIT.to_owned())];
    files.extend([
        field("Account__c", "<type>Lookup</type><referenceTo>Account</referenceTo><relationshipName>Visits</relationshipName>"),
        field("Topic__c", "<type>Text</type><length>10</length><required>true</required>"),
        field("Code__c", "<type>Text</type><length>20</length><externalId>true</externalId><unique>true</unique><caseSensitive>true</caseSensitive>"),
        field("Done__c", "<type>Checkbox</type><defaultValue>true</defaultValue>"),
        field("Hours__c", "<type>Number</type><precision>6</precision><scale>2</scale>"),
        field(
            "Mood__c",
            "<type>Picklist</type><valueSet><restricted>true</restricted><valueSetDefinition><sorted>false</sorted>\
             <value><fullName>Bad</fullName><default>false</default><label>Bad</label></value>\
             <value><fullName>Good</fullName><default>true</default><label>Good</label></value>\
             </valueSetDefinition></valueSet>",
        ),
        field("Notes__c", "<type>LongTextArea</type><length>500</length><inlineHelpText>What was said</inlineHelpText>"),
        field("Day__c", "<type>Date</type>"),
    ]);
    let package = Package::read(files.iter().map(|(path, text)| (path.as_str(), text.as_str()))).unwrap();
    let mut world = World::new();
    world.org.install(&package, world.now);
    world.org.knobs.new_fields_for_all = true;
    world
}

#[test]
fn a_custom_object_is_described_like_any_other() {
    let mut world = world();
    let all = world.get("sobjects");
    let names: Vec<&str> = all["sobjects"].as_array().unwrap().iter().filter_map(|one| one["name"].as_str()).collect();
    assert!(names.contains(&"Visit__c"), "{names:?}");
    let described = world.get("sobjects/visit__C/describe");
    assert_eq!((&described["custom"], &described["keyPrefix"]), (&json!(true), &json!("a00")));
    let field = |name: &str| {
        let mut fields = described["fields"].as_array().unwrap().iter();
        fields.find(|field| field["name"] == name).cloned().unwrap_or_else(|| panic!("no {name}"))
    };
    for (name, key, expected) in [
        ("Name", "autoNumber", json!(true)),
        ("Name", "createable", json!(false)),
        ("Account__c", "type", json!("reference")),
        ("Account__c", "relationshipName", json!("Account__r")),
        ("Account__c", "referenceTo", json!(["Account"])),
        ("Topic__c", "nillable", json!(false)),
        ("Topic__c", "length", json!(10)),
        ("Code__c", "externalId", json!(true)),
        ("Code__c", "unique", json!(true)),
        ("Code__c", "caseSensitive", json!(true)),
        ("Done__c", "defaultValue", json!(true)),
        ("Hours__c", "scale", json!(2)),
        ("Mood__c", "restrictedPicklist", json!(true)),
        ("Notes__c", "inlineHelpText", json!("What was said")),
        ("Notes__c", "filterable", json!(false)),
        ("OwnerId", "referenceTo", json!(["Group", "User"])),
    ] {
        assert_eq!(field(name)[key], expected, "{name} {key}");
    }
    let account = world.get("sobjects/Account/describe");
    let children = account["childRelationships"].as_array().unwrap();
    assert!(
        children.iter().any(|child| child["childSObject"] == "Visit__c" && child["relationshipName"] == "Visits__r")
    );
}

#[test]
fn its_rows_are_written_and_found_like_any_other() {
    let mut world = world();
    let account = world.create("Account", json!({ "Name": "Adatum" }));
    let visit = world.create("Visit__c", json!({ "Topic__c": "Offer", "Account__c": account, "Hours__c": 1.5 }));
    assert!(visit.starts_with("a00"), "{visit}");
    let row = world.get(&format!("sobjects/Visit__c/{visit}"));
    for (field, expected) in [
        ("Name", json!("00001001")),
        ("Done__c", json!(true)),
        ("Mood__c", json!("Good")),
        ("Hours__c", json!(1.5)),
        ("Notes__c", Value::Null),
    ] {
        assert_eq!(row[field], expected, "{field}");
    }
    for (body, code) in [
        (json!({}), "REQUIRED_FIELD_MISSING"),
        (json!({ "Topic__c": "much too long" }), "STRING_TOO_LONG"),
        (json!({ "Topic__c": "x", "Mood__c": "Fair" }), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        (json!({ "Topic__c": "x", "Name": "7" }), "INVALID_FIELD_FOR_INSERT_UPDATE"),
        (json!({ "Topic__c": "x", "Account__c": visit }), "MALFORMED_ID"),
        (json!({ "Topic__c": "x", "Other__c": 1 }), "INVALID_FIELD"),
    ] {
        assert_eq!(world.call("POST", "sobjects/Visit__c", body.clone()).body_json()[0]["errorCode"], code, "{body}");
    }
    let query = |world: &mut World, soql: &str| {
        let encoded = percent_encoding::utf8_percent_encode(soql, percent_encoding::NON_ALPHANUMERIC);
        world.get(&format!("{V}/query?q={encoded}"))["records"].clone()
    };
    let up = query(&mut world, "SELECT Account__r.Name FROM Visit__c WHERE Account__r.Name = 'adatum'");
    assert_eq!(up[0]["Account__r"]["Name"], "Adatum");
    let down = query(&mut world, "SELECT Id, (SELECT Topic__c FROM Visits__r) FROM Account WHERE Name = 'Adatum'");
    assert_eq!(down[0]["Visits__r"]["records"][0]["Topic__c"], "Offer");
}

#[test]
fn numbers_are_keys_as_texts_are() {
    let mut world = World::new();
    let text = "<CustomField xmlns=\"http://soap.sforce.com/2006/04/metadata\"><fullName>No__c</fullName>\
                <externalId>true</externalId><label>No</label><precision>5</precision><scale>0</scale>\
                <type>Number</type><unique>true</unique></CustomField>";
    let package = Package::read([("objects/Account/fields/No__c.field-meta.xml", text)]).unwrap();
    world.org.install(&package, world.now);
    world.org.knobs.new_fields_for_all = true;
    let put = |world: &mut World, key: &str| {
        world.call("PATCH", &format!("sobjects/Account/No__c/{key}"), json!({ "Name": "x" })).status.as_u16()
    };
    assert_eq!(["42", "42.0", "43", "x", "100000"].map(|key| put(&mut world, key)), [201, 200, 201, 400, 400]);
    assert_eq!(world.get("sobjects/Account/No__c/42")["No__c"], json!(42.0));
    let twice = world.call("POST", "sobjects/Account", json!({ "Name": "x", "No__c": 42 }));
    assert_eq!(refusal(&twice).1, "DUPLICATE_VALUE");
    let id = world.create("Contact", json!({ "LastName": "x", "Account": { "No__c": 43 } }));
    assert!(world.row("Contact", &id)["AccountId"].is_string());
}

#[test]
fn unique_keys_mind_their_case_if_they_are_told_to() {
    let mut world = world();
    let upsert = |world: &mut World, key: &str| {
        world.call("PATCH", &format!("sobjects/Visit__c/Code__c/{key}"), json!({ "Topic__c": "x" })).status.as_u16()
    };
    assert_eq!([upsert(&mut world, "k"), upsert(&mut world, "K"), upsert(&mut world, "k")], [201, 201, 200]);
    assert_eq!(world.get("sobjects/Visit__c/Code__c/K")["Code__c"], "K");
    for (condition, found) in [
        ("= 'k'", json!(["k"])),
        ("= 'K'", json!(["K"])),
        ("LIKE 'k%'", json!(["k"])),
        ("IN ('K', 'x')", json!(["K"])),
        ("!= 'k'", json!(["K"])),
    ] {
        let soql = format!("SELECT Code__c FROM Visit__c WHERE Code__c {condition}");
        assert_eq!(json!(world.column(&soql, "Code__c")), found, "{condition}");
    }
    let record = |key: &str| json!({ "attributes": { "type": "Visit__c" }, "Code__c": key, "Topic__c": "y" });
    let body = json!({ "records": [record("k"), record("K"), record("new")] });
    let outcomes = world.call("PATCH", "composite/sobjects/Visit__c/Code__c", body).body_json();
    let created: Vec<&Value> = (0..3).map(|place| &outcomes[place]["created"]).collect();
    assert_eq!(created, [&json!(false), &json!(false), &json!(true)], "{outcomes}");
}

#[test]
fn a_package_outlives_a_restart() {
    let mut world = world();
    let visit = world.create("Visit__c", json!({ "Topic__c": "Offer", "Code__c": "c" }));
    world.org = Salesforce::restore(world.org.snapshot()).unwrap();
    assert_eq!(world.get("sobjects/Visit__c/Code__c/c")["Id"], visit);
}

#[test]
fn an_org_without_the_package_has_none_of_its_fields() {
    let mut world = World::new();
    world.org = Salesforce::empty("bare", world.now);
    world.org.add_user("Anna Berg", crate::world::ANNA, world.now);
    let described = world.get("sobjects/Contact/describe");
    let custom = described["fields"].as_array().unwrap().iter().filter(|field| field["custom"] == true).count();
    assert_eq!(custom, 0);
    let reply = world.call("POST", "sobjects/Contact", json!({ "LastName": "x", "Syncline_Key__c": "k" }));
    assert_eq!(reply.body_json()[0]["errorCode"], "INVALID_FIELD");
}
