//! Queries with their answers: a table over one small world. It is a Tuesday, 11:00 in Berlin.

use serde_json::{Value, json};

use crate::world::World;

pub(crate) fn world() -> World {
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
    (r"FirstName = 'Zo\u00EB'", &["back\\slash"]),
    (r"LastName LIKE '\u0061%'", &["alpha"]),
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
    ("DoNotCall = null AND FirstName = 'Ada'", &["alpha"]),
    ("DoNotCall != null", &["Beta"]),
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
    ("Account.IsDeleted = false AND Title != null", &["Beta", "alpha", "back\\slash"]),
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
    ("HOUR_IN_DAY(convertTimezone(CreatedDate)) = 11 AND LastName = 'Beta'", &["Beta"]),
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
    let table: [(&str, Value); 40] = [
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
        // A picklist is in the order of its values.
        (
            "SELECT StageName FROM Opportunity ORDER BY StageName, Name",
            json!(["Prospecting", "Prospecting", "Closed Won"]),
        ),
        ("SELECT Priority FROM Task WHERE Subject LIKE 'of%' ORDER BY Priority DESC", json!(["Normal", "High"])),
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
        ("SELECT LastName FROM Contact WHERE FirstName = 'Ada' UPDATE VIEWSTAT, TRACKING", json!(["alpha"])),
        (
            "SELECT (SELECT LastName FROM Contacts ORDER BY LastName LIMIT 1 OFFSET 2) FROM Account WHERE Name = 'Contoso' LIMIT 1",
            json!([{ "totalSize": 1, "done": true, "records": [{
                "attributes": { "type": "Contact", "url": "" }, "LastName": "Okafor",
            }] }]),
        ),
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
            let mut first = fields.into_iter().find(|(name, _)| name != "attributes").map(|(_, value)| value).unwrap();
            if let Some(url) = first.pointer_mut("/records/0/attributes/url") {
                *url = json!("");
            }
            first
        };
        let found: Vec<Value> = world.find(soql).into_iter().map(first).collect();
        assert_eq!(json!(found), expected, "{soql}");
    }
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
    // Instead of a limit there may be ids.
    let ids = world.column("SELECT Id FROM Contact LIMIT 2", "Id");
    let (first, second) = (ids[0].as_str().unwrap(), ids[1].as_str().unwrap());
    for condition in [
        format!("Id IN ('{first}', '{second}')"),
        format!("Id = '{first}' OR Id = '{second}'"),
        format!("(Id = '{first}' OR Id = '{second}') AND LastName != 'x'"),
    ] {
        assert_eq!(world.find(&format!("SELECT FIELDS(ALL) FROM Contact WHERE {condition}")).len(), 2, "{condition}");
    }
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
