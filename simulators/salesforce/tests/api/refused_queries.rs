//! Queries that are refused, and why.

use serde_json::Value;

use crate::soql::world;
use crate::world::encoded;

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
    // Before version 58 children had no children.
    let soql = "SELECT (SELECT (SELECT Id FROM Tasks) FROM Contacts) FROM Account";
    for (version, status) in [("57.0", 400), ("58.0", 200)] {
        let target = format!("/services/data/v{version}/query?q={}", encoded(soql));
        assert_eq!(world.call("GET", &target, Value::Null).status, status, "{version}");
    }
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
    (r"SELECT Id FROM Contact WHERE Name = '\u00g1'", "MALFORMED_QUERY", r"Illegal character sequence '\u'"),
    (r"SELECT Id FROM Contact WHERE Name = '\u12'", "MALFORMED_QUERY", r"Illegal character sequence '\u'"),
    (r"SELECT Id FROM Contact WHERE Name = '\ud800'", "MALFORMED_QUERY", r"Illegal character sequence '\u'"),
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
    ("SELECT Id FROM Contact WHERE Name = 'a' AND NOT Name = 'b'", "MALFORMED_QUERY", "unexpected token: 'NOT'"),
    ("SELECT Id FROM Contact WHERE Name != null AND NOT (Email = null)", "MALFORMED_QUERY", "unexpected token: 'NOT'"),
    ("SELECT Id FROM Contact WHERE NOT Name = 'a' AND Name = 'b'", "MALFORMED_QUERY", "unexpected token: 'AND'"),
    ("SELECT Id FROM Contact WHERE NOT NOT Name = 'a'", "MALFORMED_QUERY", "unexpected token: 'NOT'"),
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
    ("SELECT Id FROM Contact LIMIT +1", "MALFORMED_QUERY", "unexpected token: '+1'"),
    ("SELECT Id FROM Contact LIMIT 1.0", "MALFORMED_QUERY", "unexpected token: '1.0'"),
    ("SELECT Id FROM Contact LIMIT 99999999999999999999", "MALFORMED_QUERY", "unexpected token"),
    ("SELECT Id FROM Contact OFFSET -1", "MALFORMED_QUERY", "unexpected token: '-1'"),
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
    ("SELECT Id FROM Order", "INVALID_TYPE", "Column:16\nsObject type 'Order' is not supported."),
    ("SELECT Id FROM Contact.Account", "INVALID_TYPE", "sObject type 'Contact.Account' is not supported."),
    (
        "SELECT Id FROM Account, Contact",
        "MALFORMED_QUERY",
        "Column:25\nA driving SObject type has already been set, all other entity types in the FROM clause must be relationships",
    ),
    (
        "SELECT Id FROM Contact c, c.Nope n",
        "INVALID_TYPE",
        "Didn't understand relationship 'Nope' in FROM part of query call.",
    ),
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
    (
        "SELECT FIELDS(CUSTOM) FROM User LIMIT 1",
        "MALFORMED_QUERY",
        "'FIELDS(...)' expansion function must result in at least one field being selected.",
    ),
    (
        "SELECT FIELDS(ALL) FROM Contact WHERE Id = '003000000000001' OR Name = 'x'",
        "MALFORMED_QUERY",
        "must have a LIMIT of at most 200",
    ),
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
        "SELECT Id FROM Contact WHERE Id IN (SELECT ParentId FROM attachment)",
        "MALFORMED_QUERY",
        "Entity 'Attachment' is not supported for semi join inner selects",
    ),
    (
        "SELECT Id FROM Contact WHERE Id NOT IN (SELECT ParentId FROM Note)",
        "MALFORMED_QUERY",
        "Entity 'Note' is not supported for semi join inner selects",
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
        "SELECT Id FROM Contact WHERE NOT AccountId IN (SELECT Id FROM Account)",
        "MALFORMED_QUERY",
        "Semi join sub-selects are not allowed with the 'NOT' operator",
    ),
    (
        "SELECT Id FROM Contact WHERE Account.Id IN (SELECT AccountId FROM Opportunity)",
        "MALFORMED_QUERY",
        "The left operand field in the where expression for outer query cannot use a relationship",
    ),
    ("SELECT Id FROM Account WHERE Id IN (SELECT Contact.AccountId FROM Case)", "MALFORMED_QUERY", "of a relationship"),
    ("SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact ORDER BY Id)", "MALFORMED_QUERY", "ORDER BY"),
    ("SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact LIMIT 5)", "MALFORMED_QUERY", "LIMIT"),
    ("SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact OFFSET 5)", "MALFORMED_QUERY", "OFFSET"),
    // Queries for children.
    (
        "SELECT (SELECT Id FROM Contacts LIMIT 5 OFFSET 1) FROM Account",
        "MALFORMED_QUERY",
        "OFFSET is allowed in a subquery only if the query around it has LIMIT 1",
    ),
    (
        "SELECT (SELECT (SELECT (SELECT (SELECT (SELECT Id FROM ChildAccounts) FROM ChildAccounts) FROM ChildAccounts) \
         FROM ChildAccounts) FROM ChildAccounts) FROM Account",
        "MALFORMED_QUERY",
        "Only 4 level(s) of child relationships",
    ),
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
    (
        "SELECT COUNT(DoNotCall) FROM Contact",
        "MALFORMED_QUERY",
        "field DoNotCall does not support aggregate operator COUNT",
    ),
    ("SELECT SUM(Id) FROM Contact", "MALFORMED_QUERY", "field Id does not support aggregate operator SUM"),
    (
        "SELECT COUNT() FROM Contact ORDER BY LastName",
        "MALFORMED_QUERY",
        "Ordered field must be grouped or aggregated: LastName",
    ),
    ("SELECT COUNT(Id) FROM Contact GROUP BY ROLLUP(LastName), FirstName", "MALFORMED_QUERY", "unexpected token: ','"),
    (
        "SELECT COUNT(Id) FROM Contact GROUP BY CUBE(LastName, FirstName, Title, Email)",
        "MALFORMED_QUERY",
        "take at most 3 fields",
    ),
    ("SELECT GROUPING(Title) FROM Contact", "MALFORMED_QUERY", "aggregate function GROUPING is not allowed here"),
    (
        "SELECT GROUPING(Title), COUNT(Id) FROM Contact GROUP BY ROLLUP(LastName)",
        "MALFORMED_QUERY",
        "Field must be grouped or aggregated: Title",
    ),
    ("SELECT convertTimezone(CreatedDate) FROM Contact", "MALFORMED_QUERY", "unexpected token: '('"),
    ("SELECT DAY_ONLY(CloseDate) d FROM Opportunity GROUP BY DAY_ONLY(CloseDate)", "INVALID_FIELD", ""),
    ("SELECT Id FROM Contact WHERE CALENDAR_YEAR(CreatedDate) = THIS_YEAR", "INVALID_FIELD", ""),
    ("SELECT Id FROM Contact WHERE COUNT(Id) > 1", "MALFORMED_QUERY", ""),
    ("SELECT COUNT(Id) a, COUNT(Email) a FROM Contact", "MALFORMED_QUERY", "duplicate alias: a"),
    ("SELECT CALENDAR_YEAR(LastName), COUNT(Id) FROM Contact GROUP BY CALENDAR_YEAR(LastName)", "INVALID_FIELD", ""),
    ("SELECT NOPE(LastName) FROM Contact", "MALFORMED_QUERY", "unexpected token: '('"),
];
