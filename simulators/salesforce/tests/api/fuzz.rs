//! Queries made up: whatever the text, there is an answer or a refusal that the vendor has; and filters find
//! what a plain evaluation finds.

use std::cell::RefCell;

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use sim_salesforce::Salesforce;

use crate::world::{ANNA, World};

const CODES: [&str; 9] = [
    "MALFORMED_QUERY",
    "MALFORMED_SEARCH",
    "INVALID_FIELD",
    "INVALID_TYPE",
    "INVALID_QUERY_FILTER_OPERATOR",
    "INVALID_QUERY_SCOPE",
    "INVALID_SEARCH",
    "NUMBER_OUTSIDE_VALID_RANGE",
    "EXCEEDED_ID_LIMIT",
];

const FIELDS: [&str; 20] = [
    "Id",
    "Name",
    "LastName",
    "Email",
    "Birthdate",
    "CreatedDate",
    "DoNotCall",
    "AccountId",
    "Account.Name",
    "Account.Owner.Name",
    "Owner.Id",
    "MailingAddress",
    "Description",
    "Who.Name",
    "What.Type",
    "Amount",
    "Nope__c",
    "Contact.Name",
    "toLabel(LeadSource)",
    "CALENDAR_MONTH(CreatedDate)",
];

const LITERALS: [&str; 20] = [
    "'a'",
    "'O\\'Hara'",
    "'%a_'",
    "''",
    "'\\\\'",
    "null",
    "TRUE",
    "false",
    "5",
    "-1.5e3",
    "2031-05-06",
    "2031-05-06T09:00:00Z",
    "2031-05-06T09:00:00+02:00",
    "TODAY",
    "LAST_N_DAYS:30",
    "NEXT_N_YEARS:99999999999",
    "9999-12-31",
    "'003000000000001'",
    "'é😀'",
    "THIS_FISCAL_QUARTER",
];

const WORDS: [&str; 40] = [
    "SELECT",
    "FROM",
    "WHERE",
    "AND",
    "OR",
    "NOT",
    "IN",
    "LIKE",
    "ORDER BY",
    "GROUP BY",
    "HAVING",
    "LIMIT",
    "OFFSET",
    "NULLS LAST",
    "(",
    ")",
    ",",
    ".",
    ":",
    "'",
    "\\",
    "{",
    "}",
    "FIND",
    "RETURNING",
    "FIELDS(ALL)",
    "TYPEOF",
    "WHEN",
    "COUNT()",
    "COUNT(Id)",
    "*",
    "\n",
    "%",
    "\u{0}",
    "ß",
    "USING SCOPE",
    "FOR VIEW",
    "ALL ROWS",
    "18446744073709551616",
    "-",
];

fn field() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => select(&FIELDS[..]).prop_map(str::to_owned),
        1 => (select(&["COUNT", "MAX", "SUM", "COUNT_DISTINCT"][..]), select(&FIELDS[..]))
            .prop_map(|(function, field)| format!("{function}({field})")),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    let operator = select(&["=", "!=", "<>", "<", "<=", ">", ">=", "LIKE", "like"][..]);
    let leaf = prop_oneof![
        6 => (field(), operator, select(&LITERALS[..])).prop_map(|(field, operator, literal)| format!("{field} {operator} {literal}")),
        2 => (field(), any::<bool>(), prop::collection::vec(select(&LITERALS[..]), 1..4)).prop_map(|(field, not, list)| {
            format!("{field} {}IN ({})", if not { "NOT " } else { "" }, list.join(", "))
        }),
        1 => (field(), select(&["Id FROM Account", "AccountId FROM Contact WHERE Name LIKE 'a%'", "WhoId FROM Task"][..]))
            .prop_map(|(field, inner)| format!("{field} IN (SELECT {inner})")),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            (prop::collection::vec(inner.clone(), 2..4), any::<bool>())
                .prop_map(|(parts, both)| format!("({})", parts.join(if both { " AND " } else { " OR " }))),
            inner.prop_map(|part| format!("NOT ({part})")),
        ]
    })
}

fn query() -> impl Strategy<Value = String> {
    let item = prop_oneof![
        8 => field(),
        1 => Just("(SELECT Id, Name FROM Contacts WHERE Email != null LIMIT 2)".to_owned()),
        1 => Just("FIELDS(STANDARD)".to_owned()),
        1 => Just("TYPEOF Who WHEN Contact THEN Email ELSE Name END".to_owned()),
    ];
    let head = prop_oneof![4 => prop::collection::vec(item, 1..4).prop_map(|items| items.join(", ")), 1 => Just("COUNT()".to_owned())];
    let object = select(&["Contact", "account", "Task t", "Opportunity", "Event", "Nope", "ContentDocumentLink"][..]);
    let order = (field(), select(&["", " DESC", " NULLS LAST", " ASC NULLS FIRST"][..]))
        .prop_map(|(field, way)| format!(" ORDER BY {field}{way}"));
    let clause = |strategy: BoxedStrategy<String>| prop::option::of(strategy).prop_map(Option::unwrap_or_default);
    (
        head,
        object,
        clause(condition().prop_map(|condition| format!(" WHERE {condition}")).boxed()),
        clause(field().prop_map(|field| format!(" GROUP BY {field}")).boxed()),
        clause(order.boxed()),
        clause((0..3000_u32).prop_map(|limit| format!(" LIMIT {limit}")).boxed()),
        clause((0..3000_u32).prop_map(|offset| format!(" OFFSET {offset}")).boxed()),
    )
        .prop_map(|(head, object, filter, group, order, limit, offset)| {
            format!("SELECT {head} FROM {object}{filter}{group}{order}{limit}{offset}")
        })
}

fn search() -> impl Strategy<Value = String> {
    let term = "[a-z*?()\"\\\\ {}&-]{0,12}|(ada|engine)( (AND|OR|AND NOT) [a-z]{2,4}){0,2}";
    let scope = select(&["", " IN ALL FIELDS", " IN NAME FIELDS", " IN EMAIL"][..]);
    let returning = prop_oneof![
        Just(String::new()),
        condition().prop_map(|condition| format!(" RETURNING Contact(Id, Name WHERE {condition} LIMIT 3), Account")),
    ];
    (term, scope, returning).prop_map(|(term, scope, returning)| format!("FIND {{{term}}}{scope}{returning}"))
}

/// A text with some of it lost, doubled, or replaced by a word.
fn mangled() -> impl Strategy<Value = String> {
    let edits = prop::collection::vec((any::<Index>(), 0..12_usize, 0..3_u8, select(&WORDS[..])), 1..4);
    (prop_oneof![query(), search()], edits).prop_map(|(text, edits)| {
        let mut letters: Vec<char> = text.chars().collect();
        for (place, length, edit, word) in edits {
            let from = place.index(letters.len() + 1);
            let to = (from + length).min(letters.len());
            let instead: Vec<char> = match edit {
                0 => Vec::new(),
                1 => letters[from..to].repeat(2),
                _ => word.chars().collect(),
            };
            letters.splice(from..to, instead);
        }
        letters.into_iter().collect()
    })
}

fn now() -> Timestamp {
    "2031-05-06T09:00:00Z".parse().unwrap()
}

fn org() -> RefCell<Salesforce> {
    let mut world = World::new();
    world.org.knobs.daily_limit = u64::MAX;
    let ada =
        world.create("Contact", json!({ "LastName": "Ada", "Birthdate": "1980-02-29", "Email": "ada@x.example" }));
    world.create("Task", json!({ "Subject": "Call", "WhoId": ada, "ActivityDate": "2031-05-06" }));
    world.create(
        "Opportunity",
        json!({ "Name": "Big", "StageName": "Prospecting", "CloseDate": "2031-07-01", "Amount": 5 }),
    );
    RefCell::new(world.org)
}

/// A query in which nothing is wrong.
fn sound() -> impl Strategy<Value = String> {
    let fields = prop::sample::subsequence(
        vec![
            "Id",
            "LastName",
            "Account.Owner.Name",
            "MailingAddress",
            "Description",
            "toLabel(LeadSource)",
            "(SELECT Id FROM Tasks)",
        ],
        1..5,
    );
    let leaf = select(
        &[
            "LastName LIKE '%a_'",
            "Email = null",
            "Birthdate = NEXT_N_DAYS:300",
            "CreatedDate >= 2031-05-06T09:00:00+02:00",
            "DoNotCall != true",
            "Account.Name IN ('a', null)",
            "Id NOT IN ('003000000000001')",
            "CALENDAR_YEAR(CreatedDate) > 2030",
        ][..],
    );
    let condition = leaf.prop_map(str::to_owned).prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            (prop::collection::vec(inner.clone(), 2..4), any::<bool>())
                .prop_map(|(parts, both)| format!("({})", parts.join(if both { " AND " } else { " OR " }))),
            inner.prop_map(|part| format!("(NOT {part})")),
        ]
    });
    let order = select(
        &["", " ORDER BY Email DESC NULLS LAST, Id", " ORDER BY Account.Name LIMIT 5 OFFSET 1", " LIMIT 0 FOR VIEW"][..],
    );
    (fields, condition, order).prop_map(|(fields, condition, order)| {
        format!("select {} from contact where {condition}{order}", fields.join(","))
    })
}

#[test]
fn whatever_is_asked_is_answered_or_refused_as_the_vendor_does() {
    let org = org();
    let mut runner = TestRunner::new(Config { cases: 600, failure_persistence: None, ..Config::default() });
    let texts = prop_oneof![
        2 => sound().prop_map(|text| (text, true)),
        2 => query().prop_map(|text| (text, false)),
        1 => search().prop_map(|text| (text, false)),
        3 => mangled().prop_map(|text| (text, false)),
        1 => any::<String>().prop_map(|text| (text, false)),
    ];
    let outcome = runner.run(&texts, |(text, sound)| {
        let reply = org.borrow_mut().ask(ANNA, &text, now());
        let body = reply.body_json();
        if reply.status == 200 {
            prop_assert!(body["records"].is_array() || body["searchRecords"].is_array(), "{text}: {body}");
            return Ok(());
        }
        let code = body[0]["errorCode"].as_str().unwrap_or_default();
        prop_assert_eq!(reply.status.as_u16(), 400, "{}: {}", text, body);
        prop_assert!(CODES.contains(&code) && !sound, "{text}: {body}");
        prop_assert!(body[0]["message"].as_str().is_some_and(|message| !message.is_empty()), "{text}: {body}");
        Ok(())
    });
    outcome.unwrap();
}

/// A row as the plain evaluation knows it.
#[derive(Clone, Debug)]
struct Deal {
    name: String,
    step: Option<String>,
    amount: Option<i32>,
    close: i8,
}

#[derive(Clone, Debug)]
enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Text(bool, &'static str, String),
    Like(bool, Vec<Piece>),
    Null(bool, bool),
    Amount(&'static str, i32),
    Close(&'static str, i8),
    Among(bool, Vec<Option<String>>),
}

#[derive(Clone, Copy, Debug)]
enum Piece {
    Any,
    One,
    Letter(char),
}

const OPERATORS: [&str; 6] = ["=", "!=", "<", "<=", ">", ">="];
const LETTERS: [char; 7] = ['a', 'A', 'b', '%', '_', '\\', '\''];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(select(&LETTERS[..]), 1..4).prop_map(|letters| letters.into_iter().collect())
}

fn filter() -> impl Strategy<Value = Filter> {
    let piece = prop_oneof![Just(Piece::Any), Just(Piece::One), select(&LETTERS[..]).prop_map(Piece::Letter),];
    let leaf = prop_oneof![
        (any::<bool>(), select(&OPERATORS[..]), text())
            .prop_map(|(step, operator, text)| Filter::Text(step, operator, text)),
        (any::<bool>(), prop::collection::vec(piece, 1..4)).prop_map(|(step, pieces)| Filter::Like(step, pieces)),
        (any::<bool>(), any::<bool>()).prop_map(|(step, null)| Filter::Null(step, null)),
        (select(&OPERATORS[..]), -2..3_i32).prop_map(|(operator, amount)| Filter::Amount(operator, amount)),
        (select(&OPERATORS[..]), 1..5_i8).prop_map(|(operator, day)| Filter::Close(operator, day)),
        (any::<bool>(), prop::collection::vec(prop::option::of(text()), 1..4))
            .prop_map(|(not, list)| Filter::Among(not, list)),
    ];
    leaf.prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::All),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::Any),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn field_name(step: bool) -> &'static str {
    if step { "NextStep" } else { "Name" }
}

impl Filter {
    fn soql(&self) -> String {
        let joined = |filters: &[Self], word: &str| {
            let parts: Vec<String> = filters.iter().map(Self::soql).collect();
            format!("({})", parts.join(word))
        };
        match self {
            Self::All(filters) => joined(filters, " AND "),
            Self::Any(filters) => joined(filters, " OR "),
            Self::Not(filter) => format!("(NOT {})", filter.soql()),
            Self::Text(step, operator, text) => format!("{} {operator} {}", field_name(*step), quoted(text)),
            Self::Like(step, pieces) => {
                let pattern: String = pieces
                    .iter()
                    .map(|piece| match piece {
                        Piece::Any => "%".to_owned(),
                        Piece::One => "_".to_owned(),
                        Piece::Letter(letter) if "%_\\'".contains(*letter) => format!("\\{letter}"),
                        Piece::Letter(letter) => letter.to_string(),
                    })
                    .collect();
                format!("{} LIKE '{pattern}'", field_name(*step))
            }
            Self::Null(step, null) => format!("{} {} null", field_name(*step), if *null { "=" } else { "!=" }),
            Self::Amount(operator, amount) => format!("Amount {operator} {amount}"),
            Self::Close(operator, day) => format!("CloseDate {operator} 2031-07-0{day}"),
            Self::Among(not, list) => {
                let list: Vec<String> = list
                    .iter()
                    .map(|text| text.as_ref().map_or_else(|| "null".to_owned(), |text| quoted(text)))
                    .collect();
                format!("NextStep {}IN ({})", if *not { "NOT " } else { "" }, list.join(","))
            }
        }
    }

    fn holds(&self, deal: &Deal) -> bool {
        let text = |step: bool| if step { deal.step.as_ref() } else { Some(&deal.name) };
        match self {
            Self::All(filters) => filters.iter().all(|filter| filter.holds(deal)),
            Self::Any(filters) => filters.iter().any(|filter| filter.holds(deal)),
            Self::Not(filter) => !filter.holds(deal),
            Self::Text(step, operator, wanted) => {
                // In the order of capitals.
                compared(operator, text(*step).map(|text| text.to_uppercase()), &wanted.to_uppercase())
            }
            Self::Like(step, pieces) => text(*step).is_some_and(|text| {
                let letters: Vec<char> = text.to_lowercase().chars().collect();
                fits(&letters, pieces)
            }),
            Self::Null(step, null) => text(*step).is_none() == *null,
            Self::Amount(operator, wanted) => compared(operator, deal.amount, wanted),
            Self::Close(operator, wanted) => compared(operator, Some(deal.close), wanted),
            Self::Among(not, list) => {
                let lowered = |text: &Option<String>| text.as_ref().map(|text| text.to_lowercase());
                list.iter().any(|wanted| lowered(wanted) == lowered(&deal.step)) != *not
            }
        }
    }
}

fn compared<T: PartialOrd>(operator: &str, value: Option<T>, wanted: &T) -> bool {
    match (operator, value) {
        ("!=", None) => true,
        (_, None) => false,
        ("=", Some(value)) => value == *wanted,
        ("!=", Some(value)) => value != *wanted,
        ("<", Some(value)) => value < *wanted,
        ("<=", Some(value)) => value <= *wanted,
        (">", Some(value)) => value > *wanted,
        (_, Some(value)) => value >= *wanted,
    }
}

fn fits(letters: &[char], pieces: &[Piece]) -> bool {
    match pieces {
        [] => letters.is_empty(),
        [Piece::Any, rest @ ..] => (0..=letters.len()).any(|from| fits(&letters[from..], rest)),
        [Piece::One, rest @ ..] => !letters.is_empty() && fits(&letters[1..], rest),
        [Piece::Letter(letter), rest @ ..] => {
            letters.first() == Some(&letter.to_ascii_lowercase()) && fits(&letters[1..], rest)
        }
    }
}

#[test]
fn filters_find_what_a_plain_evaluation_finds() {
    let mut world = World::new();
    world.org.knobs.daily_limit = u64::MAX;
    let steps = [None, Some("a"), Some("A"), Some("ab"), Some("%"), Some("a_b"), Some("\\"), Some("'"), Some("ba'")];
    let mut deals = Vec::new();
    for (place, step) in steps.into_iter().cycle().take(27).enumerate() {
        let number = i8::try_from(place).unwrap();
        let deal = Deal {
            name: ["a", "aB", "b%", "_", "B\\a"][place % 5].to_owned(),
            step: step.map(str::to_owned),
            amount: (place % 4 > 0).then(|| i32::from(number) % 5 - 2),
            close: number % 4 + 1,
        };
        let row = json!({
            "Name": deal.name, "NextStep": deal.step, "Amount": deal.amount, "StageName": "Prospecting",
            "CloseDate": format!("2031-07-0{}", deal.close),
        });
        deals.push((world.create("Opportunity", row), deal));
    }
    let org = RefCell::new(world.org);
    let mut runner = TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&filter(), |filter| {
        let soql = format!("SELECT Id FROM Opportunity WHERE {}", filter.soql());
        let body = org.borrow_mut().ask(ANNA, &soql, now()).body_json();
        let mut found: Vec<&str> =
            body["records"].as_array().into_iter().flatten().filter_map(|record| record["Id"].as_str()).collect();
        found.sort_unstable();
        let mut expected: Vec<&str> =
            deals.iter().filter(|(_, deal)| filter.holds(deal)).map(|(id, _)| id.as_str()).collect();
        expected.sort_unstable();
        prop_assert!(body["records"] != Value::Null, "{soql}: {body}");
        prop_assert_eq!(found, expected, "{}", soql);
        Ok(())
    });
    outcome.unwrap();
}
