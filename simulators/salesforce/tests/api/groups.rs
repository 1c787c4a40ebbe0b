//! Queries that group and sum up, with their answers, over the world of the other queries.

use serde_json::json;

use crate::soql::world;

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
            json!([{ "StageName": "Prospecting" }]),
        ),
        (
            "SELECT MIN(StageName) first, MAX(StageName) last FROM Opportunity",
            json!([{ "first": "Prospecting", "last": "Closed Won" }]),
        ),
        (
            "SELECT StageName, COUNT(Id) n FROM Opportunity GROUP BY StageName HAVING StageName LIKE 'closed%'",
            json!([{ "StageName": "Closed Won", "n": 1 }]),
        ),
        (
            "SELECT StageName, COUNT(Id) n FROM Opportunity GROUP BY ROLLUP(StageName)",
            json!([
                { "StageName": "Prospecting", "n": 2 },
                { "StageName": "Closed Won", "n": 1 },
                { "StageName": null, "n": 3 },
            ]),
        ),
        (
            "SELECT Priority p, Status s, GROUPING(Status) g, COUNT(Id) n FROM Task WHERE Subject LIKE 'of%' GROUP BY \
             ROLLUP(Priority, Status)",
            json!([
                { "p": "High", "s": "Not Started", "g": 0, "n": 1 },
                { "p": "High", "s": null, "g": 1, "n": 1 },
                { "p": "Normal", "s": "Completed", "g": 0, "n": 1 },
                { "p": "Normal", "s": null, "g": 1, "n": 1 },
                { "p": null, "s": null, "g": 1, "n": 2 },
            ]),
        ),
        (
            "SELECT Priority p, Status s, COUNT(Id) n FROM Task WHERE Subject LIKE 'of%' GROUP BY CUBE(Priority, Status) \
             HAVING GROUPING(Priority) = 1 ORDER BY GROUPING(Status), Status",
            json!([
                { "p": null, "s": "Not Started", "n": 1 },
                { "p": null, "s": "Completed", "n": 1 },
                { "p": null, "s": null, "n": 2 },
            ]),
        ),
        (
            // The late one is of the next day where the user is, and of this one in UTC.
            "SELECT HOUR_IN_DAY(StartDateTime) utc, HOUR_IN_DAY(convertTimezone(StartDateTime)) here, \
             DAY_ONLY(convertTimezone(StartDateTime)) day FROM Event GROUP BY HOUR_IN_DAY(StartDateTime), \
             HOUR_IN_DAY(convertTimezone(StartDateTime)), DAY_ONLY(convertTimezone(StartDateTime)) ORDER BY \
             HOUR_IN_DAY(StartDateTime)",
            json!([
                { "utc": 21, "here": 23, "day": "2031-05-05" },
                { "utc": 22, "here": 0, "day": "2031-05-06" },
            ]),
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
