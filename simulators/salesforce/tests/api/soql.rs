//! Queries with their answers: a table over one small world. It is a Tuesday, 11:00 in Berlin.

use serde_json::{Value, json};

use crate::world::World;

fn world() -> World {
    let mut world = World::new();
    let contoso = world.column("SELECT Id FROM Account WHERE Name = 'Contoso'", "Id")[0].clone();
    let child =
        world.create("Account", json!({ "Name": "Contoso East", "ParentId": contoso, "NumberOfEmployees": 40 }));
    for (first, last, email, title, birth, account) in [
        (json!("Ada"), "alpha", json!("ada@x.example"), json!("50% owner"), json!("1980-05-06"), json!(contoso)),
        (json!("Bob"), "Beta", json!(null), json!("under_score"), json!("1990-12-24"), json!(contoso)),
        (json!(null), "O'Hara", json!("pat@y.example"), json!(null), json!("2000-01-02"), json!(child)),
        (json!("Zoë"), "back\\slash", json!(null), json!("line\nbreak"), json!(null), json!(null)),
    ] {
        let row = json!({
            "FirstName": first, "LastName": last, "Email": email, "Title": title, "Birthdate": birth,
            "AccountId": account, "DoNotCall": last == "Beta",
        });
        world.create("Contact", row);
    }
    let ada = world.column("SELECT Id FROM Contact WHERE LastName = 'alpha'", "Id")[0].clone();
    let lead = world.create("Lead", json!({ "LastName": "Lead", "Company": "Adatum", "Title": "Boss" }));
    for (subject, date) in [
        ("last year", json!("2030-06-15")),
        ("quarter before", json!("2031-02-15")),
        ("last month", json!("2031-04-15")),
        ("last week", json!("2031-05-01")),
        ("yesterday", json!("2031-05-05")),
        ("today", json!("2031-05-06")),
        ("tomorrow", json!("2031-05-07")),
        ("next week", json!("2031-05-12")),
        ("next month", json!("2031-06-15")),
        ("next quarter", json!("2031-07-15")),
        ("next year", json!("2032-02-01")),
        ("undated", json!(null)),
    ] {
        world.create("Task", json!({ "Subject": subject, "ActivityDate": date }));
    }
    world.create("Task", json!({ "Subject": "of ada", "WhoId": ada, "WhatId": contoso, "Status": "Completed" }));
    world.create("Task", json!({ "Subject": "of lead", "WhoId": lead, "Priority": "High" }));
    for (subject, start) in [("late", "2031-05-05T22:30:00Z"), ("early", "2031-05-05T21:30:00Z")] {
        let event =
            json!({ "Subject": subject, "StartDateTime": start, "DurationInMinutes": 45, "ShowAs": "OutOfOffice" });
        world.create("Event", event);
    }
    for (name, stage, amount) in [
        ("Big", "Closed Won", json!(250.5)),
        ("Small", "Prospecting", json!(100)),
        ("Open", "Prospecting", json!(null)),
    ] {
        let row = json!({
            "Name": name, "StageName": stage, "Amount": amount, "CloseDate": "2031-07-01", "AccountId": contoso,
        });
        world.create("Opportunity", row);
    }
    world
}

/// What is asked of contacts, and the last names found.
const CONTACTS: &[(&str, &[&str])] = &[
    // Equality: texts compare without case.
    ("LastName = 'ALPHA'", &["alpha"]),
    ("lastname='Alpha'", &["alpha"]),
    ("LastName = 'alph'", &[]),
    ("LastName <> 'alpha' AND Title != null", &["Beta", "back\\slash"]),
    ("LastName != 'alpha' AND AccountId != null", &["Beta", "Larsen", "O'Hara", "Okafor"]),
    // Escapes.
    (r"LastName = 'O\'Hara'", &["O'Hara"]),
    (r#"LastName = 'O\"Hara'"#, &[]),
    (r"LastName = 'back\\slash'", &["back\\slash"]),
    (r"Title = 'line\nbreak'", &["back\\slash"]),
    ("FirstName = 'zoë'", &["back\\slash"]),
    ("FirstName = 'ZOË'", &["back\\slash"]),
    // Nulls.
    ("FirstName = null", &["O'Hara"]),
    ("FirstName = ''", &["O'Hara"]),
    ("FirstName != NULL AND Email = null", &["Beta", "back\\slash"]),
    ("Title != '50% owner'", &["Beta", "Larsen", "O'Hara", "Okafor", "back\\slash"]),
    ("Title < 'z'", &["Beta", "alpha", "back\\slash"]),
    ("Title >= ' '", &["Beta", "alpha", "back\\slash"]),
    ("Title > null", &[]),
    ("Birthdate = null", &["Larsen", "Okafor", "back\\slash"]),
    // Order of texts.
    ("LastName < 'beta'", &["alpha", "back\\slash"]),
    ("LastName <= 'beta'", &["Beta", "alpha", "back\\slash"]),
    ("LastName >= 'o' AND LastName <= 'okafor'", &["O'Hara", "Okafor"]),
    // Patterns.
    ("LastName LIKE 'o%'", &["O'Hara", "Okafor"]),
    ("LastName LIKE '_eta'", &["Beta"]),
    ("LastName LIKE '%A%a'", &["O'Hara", "alpha"]),
    ("LastName LIKE 'beta'", &["Beta"]),
    ("LastName like 'bet'", &[]),
    (r"Title LIKE '50\%%'", &["alpha"]),
    (r"Title LIKE 'under\_%'", &["Beta"]),
    (r"Title LIKE 'under\_s'", &[]),
    (r"LastName LIKE '%\\%'", &["back\\slash"]),
    (r"LastName LIKE 'o\'%'", &["O'Hara"]),
    ("Title LIKE '%'", &["Beta", "alpha", "back\\slash"]),
    ("(NOT LastName LIKE 'o%') AND AccountId != null", &["Beta", "Larsen", "alpha"]),
    ("NOT Title LIKE '%o%'", &["Larsen", "O'Hara", "Okafor", "back\\slash"]),
    // Lists.
    ("LastName IN ('alpha', 'BETA', 'x')", &["Beta", "alpha"]),
    ("FirstName IN (null, 'Ada')", &["O'Hara", "alpha"]),
    ("LastName NOT IN ('alpha', 'Beta') AND Title = null", &["Larsen", "O'Hara", "Okafor"]),
    ("Title NOT IN ('50% owner')", &["Beta", "Larsen", "O'Hara", "Okafor", "back\\slash"]),
    // Booleans.
    ("DoNotCall = TRUE", &["Beta"]),
    ("DoNotCall != true AND FirstName = 'Ada'", &["alpha"]),
    ("DoNotCall = false AND FirstName = 'Bob'", &[]),
    // AND, OR, NOT.
    ("LastName = 'x' OR LastName = 'Beta' OR LastName = 'alpha'", &["Beta", "alpha"]),
    ("LastName = 'x' OR (LastName = 'Beta' AND DoNotCall = true)", &["Beta"]),
    ("(LastName = 'Beta' OR LastName = 'alpha') AND DoNotCall = false", &["alpha"]),
    ("NOT (LastName = 'Beta' OR AccountId = null OR Title = null)", &["alpha"]),
    ("(((LastName = 'Beta')))", &["Beta"]),
    // Times, which are whole seconds.
    ("CreatedDate >= 2031-05-06T09:00:00Z AND LastName = 'Beta'", &["Beta"]),
    ("CreatedDate = 2031-05-06T11:00:00+02:00 AND LastName = 'Beta'", &["Beta"]),
    ("CreatedDate = 2031-05-06T09:00:00.000+0000 AND LastName = 'Beta'", &["Beta"]),
    ("CreatedDate > 2031-05-06T11:00:00+02:00", &[]),
    ("CreatedDate = TODAY AND LastName = 'Beta'", &["Beta"]),
    ("CreatedDate < TODAY", &[]),
    ("CreatedDate = LAST_N_DAYS:0 AND LastName = 'Beta'", &["Beta"]),
    ("CreatedDate > YESTERDAY AND LastName = 'Beta'", &["Beta"]),
    // The year of a birth does not count.
    ("Birthdate = 2031-05-06", &["alpha"]),
    ("Birthdate = TODAY", &["alpha"]),
    ("Birthdate > 1900-12-23", &["Beta"]),
    ("Birthdate = THIS_YEAR", &["Beta", "O'Hara", "alpha"]),
    ("Birthdate = NEXT_N_DAYS:245", &["Beta", "O'Hara"]),
    // Ways up.
    ("Account.Name = 'contoso' AND Title != null", &["Beta", "alpha"]),
    ("Account.Parent.Name = 'Contoso'", &["O'Hara"]),
    ("Account.Parent.Owner.CreatedBy.LastModifiedBy.Name LIKE 'Anna%'", &["O'Hara"]),
    ("Account.Name = null", &["back\\slash"]),
    ("Account.Name != 'Contoso' AND Title != null", &["back\\slash"]),
    ("Account.NumberOfEmployees > 39.5", &["O'Hara"]),
    ("Contact.LastName = 'Beta'", &["Beta"]),
    // Rows of other objects.
    ("AccountId IN (SELECT Id FROM Account WHERE Name = 'Fabrikam')", &["Larsen"]),
    ("AccountId NOT IN (SELECT AccountId FROM Opportunity) AND AccountId != null", &["Larsen", "O'Hara"]),
    ("Id IN (SELECT ContactId FROM Case)", &[]),
    (
        "AccountId IN (SELECT AccountId FROM Opportunity WHERE Amount > 200) AND OwnerId IN (SELECT Id FROM User)",
        &["Beta", "Okafor", "alpha"],
    ),
    // Parts of dates.
    ("CALENDAR_YEAR(CreatedDate) = 2031 AND LastName = 'Beta'", &["Beta"]),
    ("DAY_ONLY(CreatedDate) = 2031-05-06 AND HOUR_IN_DAY(CreatedDate) = 9 AND LastName = 'Beta'", &["Beta"]),
    ("CALENDAR_MONTH(Birthdate) = 12", &["Beta"]),
];

#[test]
fn contacts_are_found_as_the_vendor_finds_them() {
    let mut world = world();
    for (condition, expected) in CONTACTS {
        let soql = format!("select lastname FROM contact WHERE {condition}");
        let mut found: Vec<String> =
            world.column(&soql, "LastName").iter().map(|name| name.as_str().unwrap().to_owned()).collect();
        found.sort();
        assert_eq!(found, *expected, "{condition}");
    }
}

#[test]
fn days_have_names() {
    let mut world = world();
    let table: [(&str, &[&str]); 28] = [
        ("= TODAY", &["today"]),
        ("= YESTERDAY", &["yesterday"]),
        ("= TOMORROW", &["tomorrow"]),
        ("= today", &["today"]),
        ("= THIS_WEEK", &["today", "tomorrow", "yesterday"]),
        ("= LAST_WEEK", &["last week"]),
        ("= NEXT_WEEK", &["next week"]),
        ("= THIS_MONTH", &["last week", "next week", "today", "tomorrow", "yesterday"]),
        ("= LAST_MONTH", &["last month"]),
        ("= NEXT_MONTH", &["next month"]),
        ("= LAST_QUARTER", &["quarter before"]),
        ("= NEXT_QUARTER", &["next quarter"]),
        ("= LAST_YEAR", &["last year"]),
        ("= NEXT_YEAR", &["next year"]),
        ("= LAST_90_DAYS", &["last month", "last week", "quarter before", "today", "yesterday"]),
        ("= NEXT_90_DAYS", &["next month", "next quarter", "next week", "tomorrow"]),
        ("= LAST_N_DAYS:1", &["today", "yesterday"]),
        ("= NEXT_N_DAYS:1", &["tomorrow"]),
        ("= N_DAYS_AGO:1", &["yesterday"]),
        ("= LAST_N_WEEKS:1", &["last week"]),
        ("= NEXT_N_MONTHS:1", &["next month"]),
        ("= LAST_N_YEARS:1", &["last year"]),
        ("< LAST_MONTH", &["last year", "quarter before"]),
        ("> NEXT_MONTH", &["next quarter", "next year"]),
        ("<= YESTERDAY AND ActivityDate >= LAST_WEEK", &["last week", "yesterday"]),
        ("IN (TODAY, 2031-05-12)", &["next week", "today"]),
        ("= 2031-05-06", &["today"]),
        ("!= THIS_YEAR", &["last year", "next year", "of ada", "of lead", "undated"]),
    ];
    for (condition, expected) in table {
        let soql = format!("SELECT Subject FROM Task WHERE ActivityDate {condition} ORDER BY Subject");
        assert_eq!(world.column(&soql, "Subject"), expected, "{condition}");
    }
}

/// Whole queries and the values of the first field of each record, in order.
#[test]
fn queries_give_what_they_select() {
    let mut world = world();
    let table: [(&str, Value); 36] = [
        // A day begins at midnight where the user is.
        ("SELECT Subject FROM Event WHERE StartDateTime = TODAY", json!(["late"])),
        ("SELECT Subject FROM Event WHERE StartDateTime = YESTERDAY", json!(["early"])),
        ("SELECT toLabel(ShowAs) FROM Event LIMIT 1", json!(["Out of Office"])),
        (
            "SELECT Subject FROM Event WHERE toLabel(ShowAs) = 'out of office' ORDER BY Subject LIMIT 1",
            json!(["early"]),
        ),
        ("SELECT toLabel(ShowAs) A_Label FROM Event LIMIT 1", json!(["Out of Office"])),
        // Order, limit, offset.
        ("SELECT LastName FROM Contact ORDER BY LastName LIMIT 3", json!(["alpha", "back\\slash", "Beta"])),
        ("SELECT LastName FROM Contact ORDER BY LastName DESC LIMIT 2 OFFSET 1", json!(["O'Hara", "Larsen"])),
        ("SELECT LastName FROM Contact ORDER BY Email DESC NULLS LAST, LastName LIMIT 2", json!(["Okafor", "O'Hara"])),
        (
            "SELECT LastName FROM Contact ORDER BY Email NULLS FIRST, LastName LIMIT 3",
            json!(["back\\slash", "Beta", "alpha"]),
        ),
        ("SELECT LastName FROM Contact ORDER BY Account.Name, LastName DESC LIMIT 2", json!(["back\\slash", "Okafor"])),
        ("SELECT LastName FROM Contact ORDER BY Birthdate NULLS LAST LIMIT 1", json!(["alpha"])),
        ("SELECT LastName FROM Contact LIMIT 0", json!([])),
        ("SELECT LastName FROM Contact OFFSET 2000", json!([])),
        ("SELECT Name FROM Opportunity ORDER BY Amount NULLS LAST", json!(["Small", "Big", "Open"])),
        // Numbers.
        ("SELECT Name FROM Opportunity WHERE Amount = 100.0", json!(["Small"])),
        ("SELECT Name FROM Opportunity WHERE Amount > -1.5e1 ORDER BY Name", json!(["Big", "Small"])),
        ("SELECT Name FROM Opportunity WHERE Amount IN (100, 250.5) ORDER BY Name DESC", json!(["Small", "Big"])),
        ("SELECT Name FROM Opportunity WHERE Amount != 100 ORDER BY Name", json!(["Big", "Open"])),
        // What may be of several objects.
        ("SELECT Subject FROM Task WHERE Who.Type = 'Lead'", json!(["of lead"])),
        ("SELECT Subject FROM Task WHERE Who.Name = 'ada alpha'", json!(["of ada"])),
        ("SELECT Subject FROM Task WHERE What.Type = 'account' AND What.Name LIKE 'con%'", json!(["of ada"])),
        (
            "SELECT Subject FROM Task WHERE Owner.Name = 'Anna Berg' AND Who.Id != null ORDER BY Subject",
            json!(["of ada", "of lead"]),
        ),
        // Names for objects.
        ("SELECT c.LastName FROM Contact c WHERE c.FirstName = 'Ada'", json!(["alpha"])),
        ("SELECT c.LastName FROM Contact AS c ORDER BY c.LastName LIMIT 1", json!(["alpha"])),
        ("SELECT c.LastName FROM Contact c, c.Account a WHERE a.Name = 'Fabrikam'", json!(["Larsen"])),
        ("SELECT Contact.LastName FROM Contact WHERE Contact.Account.Name = 'Fabrikam'", json!(["Larsen"])),
        // Scopes and notes.
        ("SELECT LastName FROM Contact USING SCOPE mine WHERE FirstName = 'Ada'", json!(["alpha"])),
        ("SELECT LastName FROM Contact USING SCOPE Everything WHERE FirstName = 'Ada'", json!(["alpha"])),
        ("SELECT LastName FROM Contact WHERE FirstName = 'Ada' LIMIT 1 FOR VIEW", json!(["alpha"])),
        ("SELECT LastName FROM Contact WHERE FirstName = 'Ada' FOR REFERENCE", json!(["alpha"])),
        ("SELECT LastName FROM Contact WHERE FirstName = 'Ada' UPDATE TRACKING", json!(["alpha"])),
        ("select LastName\n\tfrom Contact\r\nwhere FirstName='Ada'\n", json!(["alpha"])),
        // Sums.
        ("SELECT COUNT(Id) FROM Contact", json!([6])),
        ("SELECT COUNT(Email) FROM Contact", json!([4])),
        ("SELECT SUM(Amount) total FROM Opportunity", json!([350.5])),
        ("SELECT COUNT_DISTINCT(StageName) FROM Opportunity", json!([2])),
    ];
    for (soql, expected) in table {
        let first = |record: Value| {
            let fields = record.as_object().unwrap().clone();
            fields.into_iter().find(|(name, _)| name != "attributes").map(|(_, value)| value).unwrap()
        };
        let found: Vec<Value> = world.find(soql).into_iter().map(first).collect();
        assert_eq!(json!(found), expected, "{soql}");
    }
}

#[test]
fn groups_are_records_of_their_own() {
    let mut world = world();
    let table = [
        (
            "SELECT StageName, COUNT(Id), MAX(Amount) best FROM Opportunity GROUP BY StageName ORDER BY COUNT(Id) DESC",
            json!([
                { "StageName": "Prospecting", "expr0": 2, "best": 100.0 },
                { "StageName": "Closed Won", "expr0": 1, "best": 250.5 },
            ]),
        ),
        (
            "SELECT Account.Name n, COUNT(Id) c FROM Contact WHERE AccountId != null GROUP BY Account.Name HAVING COUNT(Id) > 1",
            json!([{ "n": "Contoso", "c": 3 }]),
        ),
        (
            "SELECT CALENDAR_YEAR(CloseDate), AVG(Amount), MIN(Name) FROM Opportunity GROUP BY CALENDAR_YEAR(CloseDate)",
            json!([{ "expr0": 2031, "expr1": 175.25, "expr2": "Big" }]),
        ),
        (
            "SELECT StageName FROM Opportunity GROUP BY StageName ORDER BY StageName LIMIT 1",
            json!([{ "StageName": "Closed Won" }]),
        ),
        (
            "SELECT MAX(Amount), SUM(Amount) FROM Opportunity WHERE Name = 'none'",
            json!([{ "expr0": null, "expr1": null }]),
        ),
    ];
    for (soql, expected) in table {
        let reply = world.soql("query", soql).body_json();
        let mut records = reply["records"].clone();
        for record in records.as_array_mut().unwrap() {
            assert_eq!(record["attributes"], json!({ "type": "AggregateResult" }), "{soql}");
            record.as_object_mut().unwrap().remove("attributes");
        }
        assert_eq!(records, expected, "{soql}");
        assert_eq!(reply["totalSize"], records.as_array().unwrap().len(), "{soql}");
    }
    let counted = world.soql("query", "SELECT COUNT() FROM Contact WHERE AccountId != null LIMIT 4").body_json();
    assert_eq!(counted, json!({ "totalSize": 4, "done": true, "records": [] }));
}

#[test]
fn all_fields_of_a_kind_can_be_asked_for_by_one_word() {
    let mut world = world();
    let names = |record: &Value| record.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let all = names(&world.find("SELECT FIELDS(ALL) FROM Contact LIMIT 200")[0]);
    let standard = names(&world.find("SELECT FIELDS(STANDARD) FROM Contact")[0]);
    let custom = names(&world.find("SELECT FIELDS(CUSTOM), LastName FROM Contact LIMIT 1")[0]);
    assert!(standard.iter().any(|name| name == "MailingCity") && !standard.iter().any(|name| name.ends_with("__c")));
    assert!(custom.iter().any(|name| name == "Syncline_Key__c") && custom.len() < standard.len());
    assert_eq!(all.len(), standard.len() + custom.len() - 2);
}

#[test]
fn type_of_chooses_fields_by_what_is_there() {
    let mut world = world();
    let soql = "SELECT TYPEOF Who WHEN Contact THEN Email, Account.Name WHEN Lead THEN Company ELSE Name END FROM Task \
                WHERE Subject LIKE 'of %' ORDER BY Subject";
    let found = world.find(soql);
    assert_eq!(
        (&found[0]["Who"]["attributes"]["type"], &found[0]["Who"]["Email"]),
        (&json!("Contact"), &json!("ada@x.example"))
    );
    assert_eq!(found[0]["Who"]["Account"]["Name"], "Contoso");
    assert_eq!(
        (&found[1]["Who"]["attributes"]["type"], &found[1]["Who"]["Company"]),
        (&json!("Lead"), &json!("Adatum"))
    );
    let found = world.find("SELECT TYPEOF What WHEN Case THEN Subject ELSE Name END FROM Task WHERE Subject IN ('of ada', 'today') ORDER BY Subject");
    assert_eq!((&found[0]["What"]["Name"], &found[1]["What"]), (&json!("Contoso"), &Value::Null));
}

const NO_COLUMN: &str = "If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. \
                         Please reference your WSDL or the describe call for the appropriate names.";

/// Queries that are refused, with the code and the end of the message.
#[test]
fn what_is_wrong_is_told_with_its_place() {
    let mut world = world();
    let table: Vec<(&str, &str, String)> =
        REFUSED.iter().map(|(soql, code, text)| (*soql, *code, text.replace("{advice}", NO_COLUMN))).collect();
    for (soql, code, text) in table {
        let reply = world.soql("query", soql);
        let error = reply.body_json()[0].clone();
        assert_eq!((reply.status.as_u16(), error["errorCode"].as_str().unwrap()), (400, code), "{soql}: {error}");
        assert!(error["message"].as_str().unwrap().contains(&text), "{soql}: {error}");
    }
    let whole = world.soql("query", "SELECT Id FROM Contact WHERE").body_json();
    assert!(whole[0]["message"].as_str().unwrap().starts_with("\nSELECT Id FROM Contact WHERE\n"), "{whole}");
    // Before version 51 there was no FIELDS().
    let old = world.call("GET", "/services/data/v50.0/query?q=SELECT%20FIELDS(STANDARD)%20FROM%20Contact", Value::Null);
    assert_eq!(old.body_json()[0]["errorCode"], "UNSUPPORTED_API_VERSION");
}

const REFUSED: &[(&str, &str, &str)] = &[
    // The grammar.
    ("SELECT Id FROM Contact WHERE", "MALFORMED_QUERY", "\nERROR at Row:1:Column:29\nunexpected token: '<EOF>'"),
    ("SELECT", "MALFORMED_QUERY", "Row:1:Column:7\nunexpected token: '<EOF>'"),
    ("SELECT Id", "MALFORMED_QUERY", "Column:10\nunexpected token: '<EOF>'"),
    ("SELECT Id FROM", "MALFORMED_QUERY", "Column:15\nunexpected token: '<EOF>'"),
    ("SELECT FROM Contact", "MALFORMED_QUERY", "Column:8\nunexpected token: 'FROM'"),
    ("SELECT Id, FROM Contact", "MALFORMED_QUERY", "Column:12\nunexpected token: 'FROM'"),
    ("SELECT * FROM Contact", "MALFORMED_QUERY", "Column:8\nunexpected token: '*'"),
    ("FIND {x}", "MALFORMED_QUERY", ""),
    ("UPDATE Contact SET Name = 'x'", "MALFORMED_QUERY", "Column:1\nunexpected token: 'UPDATE'"),
    ("SELECT Id FROM Contact WHERE Name", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
    ("SELECT Id FROM Contact WHERE Name =", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
    ("SELECT Id FROM Contact WHERE Name = abc", "MALFORMED_QUERY", "unexpected token: 'abc'"),
    ("SELECT Id FROM Contact WHERE Name == 'a'", "MALFORMED_QUERY", "unexpected token: '='"),
    ("SELECT Id FROM Contact WHERE Name ~ 'a'", "MALFORMED_QUERY", "line 1:34 no viable alternative at character '~'"),
    (
        "SELECT Id FROM Contact WHERE Name = 'a",
        "MALFORMED_QUERY",
        "line 1:38 mismatched character '<EOF>' expecting '''",
    ),
    ("SELECT Id FROM Contact WHERE Name = \"a\"", "MALFORMED_QUERY", "no viable alternative at character '\"'"),
    (
        r"SELECT Id FROM Contact WHERE Name = '\x'",
        "MALFORMED_QUERY",
        r"Illegal character sequence '\x' in string literal",
    ),
    ("SELECT Id FROM Contact WHERE Name = :name", "MALFORMED_QUERY", "Bind variables only allowed in Apex code"),
    (
        "SELECT Id FROM Contact WHERE Name = 'a' AND Name = 'b' OR Name = 'c'",
        "MALFORMED_QUERY",
        "unexpected token: 'OR'",
    ),
    (
        "SELECT Id FROM Contact WHERE Name = 'a' OR Name = 'b' AND Name = 'c'",
        "MALFORMED_QUERY",
        "unexpected token: 'AND'",
    ),
    ("SELECT Id FROM Contact WHERE (Name = 'a'", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
    ("SELECT Id FROM Contact WHERE Name = 'a')", "MALFORMED_QUERY", "unexpected token: ')'"),
    ("SELECT Id FROM Contact WHERE Name IN ()", "MALFORMED_QUERY", "unexpected token: ')'"),
    ("SELECT Id FROM Contact WHERE Name IN 'a'", "MALFORMED_QUERY", "unexpected token: 'a'"),
    ("SELECT Id FROM Contact WHERE Name NOT 'a'", "MALFORMED_QUERY", "unexpected token: 'a'"),
    ("SELECT Id FROM Contact WHERE Name IS NULL", "MALFORMED_QUERY", "unexpected token: 'IS'"),
    ("SELECT Id FROM Contact WHERE CreatedDate = LAST_N_DAYS", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
    ("SELECT Id FROM Contact WHERE CreatedDate > 2031-13-01T00:00:00Z", "MALFORMED_QUERY", "unexpected token"),
    ("SELECT Id FROM Contact WHERE CreatedDate > 2031-05-06T00:00:00", "MALFORMED_QUERY", "unexpected token"),
    ("SELECT Id FROM Contact ORDER Name", "MALFORMED_QUERY", "unexpected token: 'Name'"),
    ("SELECT Id FROM Contact ORDER BY Name NULLS", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
    ("SELECT Id FROM Contact LIMIT x", "MALFORMED_QUERY", "unexpected token: 'x'"),
    ("SELECT Id FROM Contact LIMIT -1", "MALFORMED_QUERY", "unexpected token: '-1'"),
    ("SELECT Id FROM Contact OFFSET 1 LIMIT 1", "MALFORMED_QUERY", "unexpected token: 'LIMIT'"),
    ("SELECT Id FROM Contact LIMIT 1 WHERE Name = 'a'", "MALFORMED_QUERY", "unexpected token: 'WHERE'"),
    ("SELECT Id FROM Contact WHER Name = 'a'", "MALFORMED_QUERY", "unexpected token: 'Name'"),
    ("SELECT Id FROM Contact; DELETE", "MALFORMED_QUERY", "no viable alternative at character ';'"),
    ("SELECT Id FROM Contact ALL ROWS", "MALFORMED_QUERY", "ALL ROWS not allowed in this context"),
    ("SELECT Id FROM Contact FOR UPDATE", "MALFORMED_QUERY", "unexpected token: 'UPDATE'"),
    ("SELECT Id Name FROM Contact", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
    ("SELECT FIELDS(SOME) FROM Contact", "MALFORMED_QUERY", "unexpected token: 'SOME'"),
    // Names.
    (
        "SELECT Id FROM Nope",
        "INVALID_TYPE",
        "Column:16\nsObject type 'Nope' is not supported. If you are attempting to use a custom object",
    ),
    ("SELECT Id FROM Contact.Account", "INVALID_TYPE", "sObject type 'Contact.Account' is not supported."),
    (
        "SELECT Id, Nope__c FROM Contact",
        "INVALID_FIELD",
        "Column:12\nNo such column 'Nope__c' on entity 'Contact'. {advice}",
    ),
    (
        "SELECT Id\nFROM Contact\nWHERE Nope = 1",
        "INVALID_FIELD",
        "ERROR at Row:3:Column:7\nNo such column 'Nope' on entity 'Contact'. {advice}",
    ),
    ("SELECT Id FROM Contact ORDER BY Nope", "INVALID_FIELD", "No such column 'Nope' on entity 'Contact'."),
    ("SELECT Account.Nope FROM Contact", "INVALID_FIELD", "No such column 'Nope' on entity 'Account'."),
    ("SELECT Who.Company FROM Task", "INVALID_FIELD", "No such column 'Company' on entity 'Name'."),
    ("SELECT Nope.Name FROM Contact", "INVALID_FIELD", "Didn't understand relationship 'Nope' in field path."),
    ("SELECT Who.Account.Name FROM Task", "INVALID_FIELD", "Didn't understand relationship 'Account' in field path."),
    (
        "SELECT Owner.CreatedBy.CreatedBy.CreatedBy.CreatedBy.CreatedBy.Name FROM Contact",
        "INVALID_FIELD",
        "Didn't understand relationship 'CreatedBy' in field path.",
    ),
    (
        "SELECT (SELECT Id FROM Nopes) FROM Account",
        "INVALID_TYPE",
        "Didn't understand relationship 'Nopes' in FROM part of query call.",
    ),
    ("SELECT Id, id FROM Contact", "INVALID_FIELD", "duplicate field selected: id"),
    ("SELECT Id, FIELDS(STANDARD) FROM Contact", "INVALID_FIELD", "duplicate field selected: Id"),
    // Types.
    (
        "SELECT Id FROM Contact WHERE CreatedDate > '2031-05-06T09:00:00Z'",
        "INVALID_FIELD",
        "value of filter criterion for field 'CreatedDate' must be of type dateTime and should not be enclosed in quotes",
    ),
    ("SELECT Id FROM Contact WHERE CreatedDate > ''", "INVALID_FIELD", "must be of type dateTime"),
    ("SELECT Id FROM Contact WHERE CreatedDate > 2031-05-06", "INVALID_FIELD", "must be of type dateTime"),
    (
        "SELECT Id FROM Contact WHERE Birthdate = '1980-05-06'",
        "INVALID_FIELD",
        "'Birthdate' must be of type date and should not be enclosed in quotes",
    ),
    ("SELECT Id FROM Contact WHERE Birthdate = 1980-05-06T00:00:00Z", "INVALID_FIELD", "must be of type date and"),
    (
        "SELECT Id FROM Contact WHERE LastName = 5",
        "INVALID_FIELD",
        "must be of type string and should be enclosed in quotes",
    ),
    (
        "SELECT Id FROM Contact WHERE LastName = TODAY",
        "INVALID_FIELD",
        "must be of type string and should be enclosed in quotes",
    ),
    (
        "SELECT Id FROM Contact WHERE DoNotCall = 'true'",
        "INVALID_FIELD",
        "must be of type boolean and should not be enclosed in quotes",
    ),
    (
        "SELECT Id FROM Opportunity WHERE Amount = '5'",
        "INVALID_FIELD",
        "must be of type double and should not be enclosed in quotes",
    ),
    ("SELECT Id FROM Contact WHERE AccountId = 'bogus'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: bogus"),
    ("SELECT Id FROM Contact WHERE Id IN ('bogus')", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: bogus"),
    // Operators.
    ("SELECT Id FROM Contact WHERE Id LIKE '003%'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on id field"),
    (
        "SELECT Id FROM Contact WHERE CreatedDate LIKE '2031%'",
        "INVALID_QUERY_FILTER_OPERATOR",
        "invalid operator on dateTime field",
    ),
    (
        "SELECT Id FROM Contact WHERE DoNotCall > true",
        "INVALID_QUERY_FILTER_OPERATOR",
        "invalid operator on boolean field",
    ),
    (
        "SELECT Id FROM Lead WHERE Status INCLUDES ('a;b')",
        "INVALID_QUERY_FILTER_OPERATOR",
        "invalid operator on string field",
    ),
    // What cannot be asked.
    (
        "SELECT Id FROM Contact WHERE Description = 'x'",
        "INVALID_FIELD",
        "field 'Description' can not be filtered in a query call",
    ),
    (
        "SELECT Id FROM Contact WHERE Account.Description LIKE 'x%'",
        "INVALID_FIELD",
        "field 'Description' can not be filtered in a query call",
    ),
    (
        "SELECT Id FROM Contact WHERE MailingAddress = 'x'",
        "INVALID_FIELD",
        "Address fields can only be filtered using Distance expressions",
    ),
    (
        "SELECT Id FROM Contact ORDER BY Description",
        "MALFORMED_QUERY",
        "field 'Description' can not be sorted in a query call",
    ),
    ("SELECT Id FROM Contact OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"),
    ("SELECT Id FROM Contact USING SCOPE team", "INVALID_QUERY_SCOPE", ""),
    ("SELECT Id FROM User USING SCOPE mine", "INVALID_QUERY_SCOPE", ""),
    ("SELECT Id FROM Contact USING SCOPE nope", "MALFORMED_QUERY", "unexpected token: 'nope'"),
    ("SELECT FIELDS(ALL) FROM Contact", "MALFORMED_QUERY", "The SOQL FIELDS function must have a LIMIT of at most 200"),
    (
        "SELECT FIELDS(CUSTOM) FROM Contact LIMIT 201",
        "MALFORMED_QUERY",
        "The SOQL FIELDS function must have a LIMIT of at most 200",
    ),
    ("SELECT TYPEOF Account WHEN Account THEN Name END FROM Contact", "INVALID_FIELD", ""),
    (
        "SELECT TYPEOF Who WHEN Account THEN Name END FROM Task",
        "INVALID_TYPE",
        "sObject type 'Account' is not supported.",
    ),
    (
        "SELECT Id FROM ContentDocumentLink",
        "MALFORMED_QUERY",
        "ContentDocumentLink requires a filter by a single Id on ContentDocumentId or LinkedEntityId using the equals operator",
    ),
    (
        "SELECT Id FROM ContentDocumentLink WHERE ShareType = 'V'",
        "MALFORMED_QUERY",
        "ContentDocumentLink requires a filter",
    ),
    // Queries in conditions.
    (
        "SELECT Id FROM Contact WHERE Id IN (SELECT WhoId FROM Task)",
        "MALFORMED_QUERY",
        "Entity 'Task' is not supported for semi join inner selects",
    ),
    (
        "SELECT Id FROM Contact WHERE Id NOT IN (SELECT WhoId FROM Event)",
        "MALFORMED_QUERY",
        "Entity 'Event' is not supported for semi join inner selects",
    ),
    (
        "SELECT Id FROM Contact WHERE Name = 'x' OR AccountId IN (SELECT Id FROM Account)",
        "MALFORMED_QUERY",
        "Semi join sub-selects are not allowed with the 'OR' operator",
    ),
    (
        "SELECT Id FROM Contact WHERE Name = 'x' AND (Name = 'y' OR AccountId IN (SELECT Id FROM Account))",
        "MALFORMED_QUERY",
        "Semi join sub-selects are only allowed at the top level WHERE expressions",
    ),
    (
        "SELECT Id FROM Contact WHERE AccountId IN (SELECT Id FROM Account) AND OwnerId IN (SELECT Id FROM User) AND \
         CreatedById IN (SELECT Id FROM User)",
        "MALFORMED_QUERY",
        "Maximum 2 semi join sub-selects are allowed",
    ),
    (
        "SELECT Id FROM Contact WHERE AccountId IN (SELECT Id FROM Account WHERE OwnerId IN (SELECT Id FROM User))",
        "MALFORMED_QUERY",
        "Nesting of semi join sub-selects is not supported",
    ),
    (
        "SELECT Id FROM Contact WHERE ReportsToId IN (SELECT Id FROM Contact)",
        "MALFORMED_QUERY",
        "The inner and outer selects should not be on the same object type",
    ),
    (
        "SELECT Id FROM Contact WHERE AccountId IN (SELECT Name FROM Account)",
        "MALFORMED_QUERY",
        "semi join sub-selects can only query id fields, cannot use: 'Name'",
    ),
    (
        "SELECT Id FROM Contact WHERE Name IN (SELECT Id FROM Account)",
        "MALFORMED_QUERY",
        "should be an id field, cannot use: 'Name'",
    ),
    (
        "SELECT Id FROM Contact WHERE AccountId IN (SELECT ContactId FROM Case)",
        "MALFORMED_QUERY",
        "The selected field 'ContactId' in the subquery and the left operand field in the where expression in the outer query 'AccountId' should point to the same object type",
    ),
    ("SELECT Id FROM Contact WHERE AccountId IN (SELECT Id, Name FROM Account)", "MALFORMED_QUERY", ""),
    (
        "SELECT Id FROM Contact WHERE AccountId IN (SELECT Id FROM Nope)",
        "INVALID_TYPE",
        "sObject type 'Nope' is not supported.",
    ),
    // Sums.
    ("SELECT LastName, COUNT(Id) FROM Contact", "MALFORMED_QUERY", "Field must be grouped or aggregated: LastName"),
    (
        "SELECT COUNT(Id), LastName FROM Contact GROUP BY FirstName",
        "MALFORMED_QUERY",
        "Field must be grouped or aggregated: LastName",
    ),
    (
        "SELECT FirstName FROM Contact GROUP BY FirstName ORDER BY LastName",
        "MALFORMED_QUERY",
        "Ordered field must be grouped or aggregated: LastName",
    ),
    (
        "SELECT COUNT(Id) FROM Contact GROUP BY CreatedDate",
        "MALFORMED_QUERY",
        "field 'CreatedDate' can not be grouped in a query call",
    ),
    ("SELECT SUM(LastName) FROM Contact", "MALFORMED_QUERY", "field LastName does not support aggregate operator SUM"),
    (
        "SELECT COUNT(Id) FROM Contact LIMIT 1",
        "MALFORMED_QUERY",
        "Non-grouped query that uses overall aggregate functions cannot also use LIMIT",
    ),
    (
        "SELECT (SELECT COUNT() FROM Contacts) FROM Account",
        "MALFORMED_QUERY",
        "only root queries support aggregate expressions",
    ),
    (
        "SELECT (SELECT COUNT(Id) FROM Contacts) FROM Account",
        "MALFORMED_QUERY",
        "only root queries support aggregate expressions",
    ),
    ("SELECT Id FROM Contact WHERE COUNT(Id) > 1", "MALFORMED_QUERY", ""),
    ("SELECT COUNT(Id) a, COUNT(Email) a FROM Contact", "MALFORMED_QUERY", "duplicate alias: a"),
    ("SELECT CALENDAR_YEAR(LastName), COUNT(Id) FROM Contact GROUP BY CALENDAR_YEAR(LastName)", "INVALID_FIELD", ""),
    ("SELECT NOPE(LastName) FROM Contact", "MALFORMED_QUERY", "unexpected token: '('"),
];
