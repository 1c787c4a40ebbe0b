//! SOSL, and searches by parameters.

use serde_json::{Value, json};

use crate::world::{ANNA, BEN, World, encoded};

fn world() -> World {
    let mut world = World::new();
    for (first, last, email, phone) in [
        ("Ada", "Lovelace", "ada@engine.example", "+44 20 7946 0958"),
        ("Grace", "Hopper", "grace@navy.example", "212-555-0100"),
        ("Adam", "O'Hara {x}", "adam@engine.example", ""),
    ] {
        world.create("Contact", json!({ "FirstName": first, "LastName": last, "Email": email, "Phone": phone }));
    }
    world.create("Account", json!({ "Name": "Engine Works", "Description": "Makes engines for Lovelace" }));
    world.create("Lead", json!({ "LastName": "Ada", "Company": "Navy" }));
    world.advance(10);
    world
}

fn search(world: &mut World, sosl: &str) -> Value {
    world.call("GET", &format!("search?q={}", encoded(sosl)), Value::Null).body_json()
}

/// Each record as `Type:Name`.
fn names(found: &Value) -> Vec<String> {
    let records = found["searchRecords"].as_array().unwrap_or_else(|| panic!("{found}"));
    let name = |record: &Value| {
        let name = ["Name", "LastName", "Id"].into_iter().find_map(|field| record[field].as_str());
        format!("{}:{}", record["attributes"]["type"].as_str().unwrap(), name.unwrap_or_default())
    };
    records.iter().map(name).collect()
}

#[test]
fn words_are_found_in_the_fields_asked_for() {
    let mut world = world();
    let contacts = "RETURNING Contact(LastName ORDER BY LastName)";
    let table: [(&str, &str, &[&str]); 19] = [
        ("lovelace", "", &["Lovelace"]),
        ("LOVELACE", "IN ALL FIELDS ", &["Lovelace"]),
        ("ada", "IN NAME FIELDS ", &["Lovelace"]),
        ("ada*", "IN NAME FIELDS ", &["Lovelace", "O'Hara {x}"]),
        ("ad?m", "", &["O'Hara {x}"]),
        ("ada@engine.example", "IN EMAIL FIELDS ", &["Lovelace"]),
        ("engine", "IN EMAIL FIELDS ", &["Lovelace", "O'Hara {x}"]),
        ("engine", "IN NAME FIELDS ", &[]),
        ("7946 0958", "IN PHONE FIELDS ", &["Lovelace"]),
        ("212\\-555\\-0100", "IN PHONE FIELDS ", &["Hopper"]),
        ("engine AND ada", "", &["Lovelace"]),
        ("hopper OR lovelace", "", &["Hopper", "Lovelace"]),
        ("engine AND NOT adam", "", &["Lovelace"]),
        ("\"ada lovelace\"", "", &["Lovelace"]),
        ("\"lovelace ada\"", "", &[]),
        ("(hopper OR adam) AND engine", "", &["O'Hara {x}"]),
        ("o\\'hara", "", &["O'Hara {x}"]),
        ("\\{x\\} ohara OR hopper", "", &["Hopper"]),
        ("nobody", "in sidebar fields ", &[]),
    ];
    for (words, scope, expected) in table {
        let found = names(&search(&mut world, &format!("FIND {{{words}}} {scope}{contacts}")));
        let expected: Vec<String> = expected.iter().map(|name| format!("Contact:{name}")).collect();
        assert_eq!(found, expected, "{words} {scope}");
    }
}

#[test]
fn returning_says_what_of_which_objects() {
    let mut world = world();
    let table: [(&str, &[&str]); 6] = [
        (
            "find {engine} returning Account(Name), Contact(LastName WHERE FirstName = 'Ada')",
            &["Account:Engine Works", "Contact:Lovelace"],
        ),
        (
            "FIND {engine} RETURNING Contact(LastName ORDER BY LastName DESC LIMIT 1), Account(Name)",
            &["Contact:O'Hara {x}", "Account:Engine Works"],
        ),
        ("FIND {engine} RETURNING Contact(LastName ORDER BY LastName OFFSET 1)", &["Contact:O'Hara {x}"]),
        ("FIND {engine} RETURNING Account(Name), Contact(LastName) LIMIT 1", &["Account:Engine Works"]),
        ("FIND {engine} RETURNING Account(Name, Owner.Name) WITH SPELL_CORRECTION = false", &["Account:Engine Works"]),
        (
            "FIND {ada} RETURNING Lead(LastName), Contact(toLabel(LastName) WHERE Email LIKE '%engine%')",
            &["Lead:Ada", "Contact:Lovelace"],
        ),
    ];
    for (sosl, expected) in table {
        assert_eq!(names(&search(&mut world, sosl)), expected, "{sosl}");
    }
    // Without fields it is the id, and without objects it is all of them.
    let found = search(&mut world, "FIND {lovelace}");
    let mut kinds: Vec<&str> = found["searchRecords"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["attributes"]["type"].as_str().unwrap())
        .collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["Account", "Contact"]);
    let record = &search(&mut world, "FIND {hopper} RETURNING Contact")["searchRecords"][0];
    assert_eq!(record.as_object().unwrap().keys().collect::<Vec<_>>(), ["Id", "attributes"]);
}

#[test]
fn what_is_no_search_is_refused() {
    let mut world = world();
    let table = [
        (
            "FIND {name} IN ALL TYPE RETURNING Account(name)",
            "MALFORMED_SEARCH",
            "\nFIND {name} IN ALL TYPE RETURNING Account(name)\n                   ^\nERROR at Row:1:Column:20\nMalformed search token: TYPE",
        ),
        ("FIND name", "MALFORMED_SEARCH", "No search term found. The search term must be enclosed in braces."),
        ("FIND 'name' IN ALL FIELDS", "MALFORMED_SEARCH", "No search term found."),
        ("FIND {}", "MALFORMED_SEARCH", "No search term found."),
        ("FIND {name", "MALFORMED_SEARCH", "unexpected token: '<EOF>'"),
        ("FIND {na{me}}", "MALFORMED_SEARCH", "unexpected token: '{'"),
        ("FIND {(name}", "MALFORMED_SEARCH", "Malformed search term: (name"),
        ("FIND {\"name}", "MALFORMED_SEARCH", ""),
        ("FIND {n}", "INVALID_SEARCH", "search term must be longer than one character: n"),
        ("SELECT Id FROM Contact", "MALFORMED_SEARCH", "unexpected token: 'SELECT'"),
        ("FIND {name} RETURNING", "MALFORMED_SEARCH", "unexpected token: '<EOF>'"),
        ("FIND {name} RETURNING Contact(", "MALFORMED_SEARCH", "unexpected token: '<EOF>'"),
        ("FIND {name} RETURNING Contact(Id", "MALFORMED_SEARCH", "unexpected token: '<EOF>'"),
        ("FIND {name} RETURNING Contact(Id WHERE)", "MALFORMED_SEARCH", "unexpected token: ')'"),
        ("FIND {name} IN NOPE FIELDS", "MALFORMED_SEARCH", "Malformed search token: NOPE"),
        ("FIND {name} LIMIT x", "MALFORMED_SEARCH", "unexpected token: 'x'"),
        ("FIND {name} nonsense", "MALFORMED_SEARCH", "unexpected token: 'nonsense'"),
        ("FIND {name} RETURNING Nope(Id)", "INVALID_TYPE", "sObject type 'Nope' is not supported."),
        ("FIND {name} RETURNING Contact(Nope)", "INVALID_FIELD", "No such column 'Nope' on entity 'Contact'."),
        ("FIND {name} RETURNING EventRelation(Id)", "INVALID_TYPE", ""),
        (" ", "MALFORMED_SEARCH", ""),
    ];
    for (sosl, code, text) in table {
        let error = search(&mut world, sosl)[0].clone();
        assert_eq!(error["errorCode"], code, "{sosl}: {error}");
        assert!(error["message"].as_str().unwrap().contains(text), "{sosl}: {error}");
    }
}

#[test]
fn the_index_lags_behind() {
    let mut world = world();
    let id = world.create("Contact", json!({ "LastName": "Turing" }));
    let sosl = "FIND {turing OR church} RETURNING Contact(LastName)";
    assert_eq!(names(&search(&mut world, sosl)), [""; 0]);
    world.advance(4);
    assert_eq!(names(&search(&mut world, sosl)), [""; 0]);
    world.advance(1);
    assert_eq!(names(&search(&mut world, sosl)), ["Contact:Turing"]);
    // A changed row is found by what it was, and shown as it is.
    world.patch("Contact", &id, json!({ "LastName": "Gödel" }));
    assert_eq!(names(&search(&mut world, sosl)), ["Contact:Gödel"]);
    world.advance(5);
    assert_eq!(names(&search(&mut world, sosl)), [""; 0]);
    let sosl = "FIND {gödel} RETURNING Contact(LastName)";
    assert_eq!(names(&search(&mut world, sosl)), ["Contact:Gödel"]);
    // What is deleted is gone at once.
    world.call("DELETE", &format!("sobjects/Contact/{id}"), Value::Null);
    assert_eq!(names(&search(&mut world, sosl)), [""; 0]);
    world.org.knobs.search_lag = std::time::Duration::ZERO;
    world.create("Contact", json!({ "LastName": "Church" }));
    assert_eq!(names(&search(&mut world, "FIND {church} RETURNING Contact(LastName)")), ["Contact:Church"]);
}

#[test]
fn what_the_org_began_with_is_found_at_once() {
    let found = search(&mut World::new(), "FIND {larsen} IN NAME FIELDS RETURNING Contact(Name)");
    assert_eq!(names(&found), ["Contact:Mia Larsen"]);
}

#[test]
fn parameters_say_the_same_as_sosl() {
    let mut world = world();
    let table: [(&str, &[&str]); 6] = [
        ("q=lovelace&sobject=Contact&Contact.fields=id,LastName&Contact.limit=10", &["Contact:Lovelace"]),
        (
            "q=engine&sobject=Account&sobject=Contact&Account.fields=Name&Contact.fields=LastName&Contact.where=FirstName%3D'Ada'",
            &["Account:Engine Works", "Contact:Lovelace"],
        ),
        (
            "q=engine&sobject=Contact&fields=LastName&in=EMAIL&Contact.orderBy=LastName%20DESC&defaultLimit=1",
            &["Contact:O'Hara {x}"],
        ),
        ("q=engine&sobject=Contact,Account&fields=Name&overallLimit=1", &["Contact:Ada Lovelace"]),
        ("q=hopper&fields=LastName", &["Contact:Hopper"]),
        ("q=nobody&sobject=Contact", &[]),
    ];
    for (query, expected) in table {
        let path = if query.starts_with("q=l") { "parameterizedSearch/" } else { "parameterizedSearch" };
        let found = world.get(&format!("{path}?{query}"));
        let mut found = names(&found);
        if query.contains("overallLimit") {
            // Which of the two comes first is not told.
            found = found.iter().map(|_| "Contact:Ada Lovelace".to_owned()).collect();
        }
        assert_eq!(found, expected, "{query}");
    }
    let body = json!({
        "q": "engine", "fields": ["Name"], "in": "ALL", "overallLimit": 5,
        "sobjects": [
            { "name": "Contact", "fields": ["LastName"], "limit": 1, "where": "LastName LIKE 'L%'" },
            { "name": "Account" },
        ],
    });
    let found = world.call("POST", "parameterizedSearch", body).body_json();
    assert_eq!(names(&found), ["Contact:Lovelace", "Account:Engine Works"]);
    for (query, code) in [
        ("", "MALFORMED_SEARCH"),
        ("q=x", "INVALID_SEARCH"),
        ("q=engine&in=NOPE", "MALFORMED_SEARCH"),
        ("q=engine&sobject=Nope", "INVALID_TYPE"),
        ("q=engine&sobject=Contact&Contact.fields=Nope", "INVALID_FIELD"),
        ("q=engine&sobject=Contact&Contact.where=LastName", "MALFORMED_SEARCH"),
    ] {
        let error = world.call("GET", &format!("parameterizedSearch?{query}"), Value::Null);
        assert_eq!((error.status.as_u16(), &error.body_json()[0]["errorCode"]), (400, &json!(code)), "{query}");
    }
}

#[test]
fn a_search_finds_only_what_its_user_sees() {
    let mut world = world();
    world.org.make_private();
    let sosl = "FIND {lovelace} RETURNING Contact(LastName)";
    for (who, expected) in [(ANNA, &["Contact:Lovelace"][..]), (BEN, &[])] {
        world.be(who);
        assert_eq!(names(&search(&mut world, sosl)), expected, "{who}");
    }
}

#[test]
fn an_answer_has_a_name_around_its_records_since_version_37_and_never_more_than_2000() {
    let mut world = world();
    for (version, wrapped) in [("20.0", false), ("36.0", false), ("37.0", true), ("67.0", true)] {
        for path in ["search?q=FIND%20%7Bhopper%7D%20RETURNING%20Contact", "parameterizedSearch?q=hopper"] {
            let found = world.get(&format!("/services/data/v{version}/{path}"));
            let records = if wrapped { &found["searchRecords"] } else { &found };
            assert_eq!(records[0]["attributes"]["type"], "Contact", "{version} {path}");
        }
    }
    let lead = json!({ "attributes": { "type": "Lead" }, "LastName": "Crowd", "Company": "C" });
    for _ in 0..11 {
        world.call("POST", "composite/sobjects", json!({ "records": vec![lead.clone(); 200] }));
    }
    world.advance(10);
    for (limit, count) in [("", 2000), (" LIMIT 2100", 2000), (" LIMIT 1999", 1999)] {
        let found = search(&mut world, &format!("FIND {{crowd}} RETURNING Lead{limit}"));
        assert_eq!(found["searchRecords"].as_array().unwrap().len(), count, "{limit}");
    }
}
