use proptest::prelude::*;

use super::*;

/// The six patterns as Graph shows them, each with its rule.
fn patterns() -> Vec<(Value, &'static str)> {
    vec![
        (json!({"type": "daily", "interval": 3}), "FREQ=DAILY;INTERVAL=3"),
        (
            json!({"type": "weekly", "interval": 2, "daysOfWeek": ["monday", "Wednesday"], "firstDayOfWeek": "sunday"}),
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;WKST=SU",
        ),
        (
            json!({"type": "weekly", "interval": 1, "daysOfWeek": ["friday"], "firstDayOfWeek": "monday"}),
            "FREQ=WEEKLY;BYDAY=FR",
        ),
        (json!({"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 15}), "FREQ=MONTHLY;BYMONTHDAY=15"),
        (json!({"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 31}), "FREQ=MONTHLY;BYMONTHDAY=-1"),
        (
            json!({"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 30}),
            "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1",
        ),
        (
            json!({"type": "absoluteMonthly", "interval": 2, "dayOfMonth": 29}),
            "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=28,29;BYSETPOS=-1",
        ),
        (
            json!({"type": "relativeMonthly", "interval": 1, "daysOfWeek": ["tuesday"], "index": "second"}),
            "FREQ=MONTHLY;BYDAY=2TU",
        ),
        (
            json!({"type": "relativeMonthly", "interval": 1, "index": "last",
                "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"]}),
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        ),
        (
            json!({"type": "absoluteYearly", "interval": 1, "dayOfMonth": 4, "month": 7}),
            "FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=4",
        ),
        (
            json!({"type": "absoluteYearly", "interval": 1, "dayOfMonth": 29, "month": 2}),
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1",
        ),
        (
            json!({"type": "relativeYearly", "interval": 1, "daysOfWeek": ["thursday"], "index": "fourth", "month": 11}),
            "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
        ),
    ]
}

/// The three ranges, each with how its rule ends.
fn ranges() -> Vec<(Value, &'static str)> {
    vec![
        (json!({"type": "noEnd", "endDate": "0001-01-01", "numberOfOccurrences": 0}), ""),
        (json!({"type": "endDate", "endDate": "2032-06-30", "numberOfOccurrences": 0}), ";UNTIL=20320630"),
        (json!({"type": "numbered", "endDate": "0001-01-01", "numberOfOccurrences": 10}), ";COUNT=10"),
    ]
}

fn patterned(pattern: &Value, range: &Value) -> Value {
    let mut range = range.clone();
    range["startDate"] = json!("2031-03-03");
    range["recurrenceTimeZone"] = json!("W. Europe Standard Time");
    json!({"pattern": pattern, "range": range})
}

fn repetition(rule: &str) -> Repetition {
    Repetition { rule: rule.parse().unwrap(), first: "2031-03-03".parse().unwrap(), zone: "Europe/Berlin".into() }
}

#[test]
fn every_pattern_with_every_range_is_a_rule_and_comes_back() {
    for (pattern, rule) in patterns() {
        for (range, end) in ranges() {
            let wire = patterned(&pattern, &range);
            // WKST is written last but for the end.
            let expected = repetition(&format!("{rule}{end}"));
            assert_eq!(Repetition::from_graph(&wire), Ok(expected.clone()), "{wire}");
            let back = expected.to_graph().unwrap();
            for name in pattern.as_object().unwrap().keys() {
                let (one, other) = (&pattern[name], &back["pattern"][name]);
                assert!(one.to_string().eq_ignore_ascii_case(&other.to_string()), "{name} of {wire}: {other}");
            }
            assert_eq!(back["range"]["type"], range["type"]);
            assert_eq!(back["range"]["endDate"], range["endDate"]);
            assert_eq!(back["range"]["numberOfOccurrences"], range["numberOfOccurrences"]);
            assert_eq!(back["range"]["recurrenceTimeZone"], "Europe/Berlin");
            assert_eq!(Repetition::from_graph(&back), Ok(expected));
        }
    }
}

#[test]
fn what_a_pattern_leaves_out_its_first_date_says() {
    for (pattern, rule) in [
        (json!({"type": "weekly"}), "FREQ=WEEKLY;BYDAY=MO;WKST=SU"),
        (json!({"type": "absoluteMonthly", "dayOfMonth": 0}), "FREQ=MONTHLY;BYMONTHDAY=3"),
        (json!({"type": "absoluteYearly"}), "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=3"),
        (json!({"type": "RelativeMonthly", "daysOfWeek": ["Sunday"]}), "FREQ=MONTHLY;BYDAY=1SU"),
        (json!({"type": "absoluteYearly", "dayOfMonth": 31, "month": 4}), "FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=30"),
    ] {
        let wire = patterned(&pattern, &json!({"type": "noEnd"}));
        assert_eq!(Repetition::from_graph(&wire), Ok(repetition(rule)), "{wire}");
    }
    for (rule, pattern) in [
        ("FREQ=WEEKLY", json!({"type": "weekly", "daysOfWeek": ["monday"], "firstDayOfWeek": "monday"})),
        ("FREQ=DAILY;BYDAY=SA,SU", json!({"type": "weekly", "daysOfWeek": ["saturday", "sunday"]})),
        ("FREQ=MONTHLY", json!({"type": "absoluteMonthly", "dayOfMonth": 3})),
        ("FREQ=YEARLY", json!({"type": "absoluteYearly", "dayOfMonth": 3, "month": 3})),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=2", json!({"type": "relativeMonthly", "index": "second"})),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1", json!({"type": "absoluteYearly", "dayOfMonth": 29, "month": 2})),
        ("FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=-1", json!({"type": "absoluteYearly", "dayOfMonth": 30, "month": 4})),
    ] {
        let written = repetition(rule).to_graph().unwrap();
        for (name, value) in pattern.as_object().unwrap() {
            assert_eq!(&written["pattern"][name], value, "{name} of {rule}");
        }
    }
}

#[test]
fn a_rule_that_exchange_has_no_pattern_for_is_refused_by_name() {
    for rule in [
        "FREQ=MONTHLY;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYMONTHDAY=29",
        "FREQ=MONTHLY;BYMONTHDAY=1,15",
        "FREQ=MONTHLY;BYMONTHDAY=-2",
        "FREQ=MONTHLY;BYDAY=5MO",
        "FREQ=MONTHLY;BYDAY=MO",
        "FREQ=MONTHLY;BYDAY=1MO,3MO",
        "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1,2",
        "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
        "FREQ=MONTHLY;BYMONTH=3;BYMONTHDAY=1",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=YEARLY;BYMONTH=3,6;BYMONTHDAY=1",
        "FREQ=YEARLY;BYDAY=20MO",
        "FREQ=YEARLY;BYMONTHDAY=1",
        "FREQ=WEEKLY;BYDAY=2MO",
        "FREQ=WEEKLY;BYMONTH=3",
        "FREQ=DAILY;INTERVAL=2;BYDAY=MO",
        "FREQ=DAILY;BYMONTH=3",
        "FREQ=DAILY;BYDAY=MO;BYSETPOS=1",
    ] {
        let refused = repetition(rule).to_graph();
        assert!(matches!(refused, Err(RecurrenceError::Unsupported(_))), "{rule}: {refused:?}");
    }
    // A series that begins on a day some months lack would lose dates in them.
    for rule in ["FREQ=MONTHLY", "FREQ=YEARLY"] {
        let late = Repetition { first: "2032-02-29".parse().unwrap(), ..repetition(rule) };
        assert!(late.to_graph().is_err(), "{rule}");
    }
}

#[test]
fn a_recurrence_that_cannot_be_read_names_the_property_and_no_value() {
    let good = patterned(&json!({"type": "daily", "interval": 1}), &json!({"type": "noEnd", "endDate": null}));
    let unreadable = |problem: &str| Err(RecurrenceError::Unreadable(problem.into()));
    for (pointer, value, expected) in [
        ("/pattern", json!(null), unreadable("pattern is missing")),
        ("/pattern/type", json!("hourly"), unreadable("pattern.type is not known")),
        ("/pattern/interval", json!(0), unreadable("interval is no step")),
        ("/range/type", json!("sometimes"), unreadable("range.type is not known")),
        ("/range/type", json!("numbered"), unreadable("numberOfOccurrences is no number of dates")),
        ("/range/type", json!("endDate"), unreadable("endDate is missing")),
        ("/range/startDate", json!("secret"), unreadable("startDate is no date")),
        (
            "/range/recurrenceTimeZone",
            json!("Customized Time Zone"),
            Err(RecurrenceError::Unsupported("its time zone has no name")),
        ),
    ] {
        let mut wire = good.clone();
        *wire.pointer_mut(pointer).unwrap() = value;
        assert_eq!(Repetition::from_graph(&wire), expected, "{pointer}");
    }
    for pattern in [
        json!({"type": "weekly", "daysOfWeek": ["someday"]}),
        json!({"type": "relativeMonthly", "daysOfWeek": []}),
        json!({"type": "relativeMonthly", "daysOfWeek": ["monday"], "index": "fifth"}),
        json!({"type": "absoluteMonthly", "dayOfMonth": 32}),
        json!({"type": "absoluteYearly", "dayOfMonth": 1, "month": 13}),
    ] {
        let wire = patterned(&pattern, &json!({"type": "noEnd"}));
        assert!(matches!(Repetition::from_graph(&wire), Err(RecurrenceError::Unreadable(_))), "{wire}");
    }
}

#[test]
fn zones_are_canonical_whatever_their_name() {
    let mut wire = patterned(&json!({"type": "daily"}), &json!({"type": "noEnd"}));
    for (name, expected) in [
        (json!("Pacific Standard Time"), "America/Los_Angeles"),
        (json!("Asia/Tokyo"), "Asia/Tokyo"),
        (json!("UTC"), "UTC"),
        (json!(null), "UTC"),
        (json!(""), "UTC"),
    ] {
        wire["range"]["recurrenceTimeZone"] = name;
        assert_eq!(Repetition::from_graph(&wire).unwrap().zone, expected);
    }
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let frequency =
        prop_oneof![Just(Frequency::Daily), Just(Frequency::Weekly), Just(Frequency::Monthly), Just(Frequency::Yearly)];
    let day = (0_usize..7).prop_map(|day| DAYS[day].1);
    let ordinal = proptest::option::of(prop_oneof![1_i8..=5, Just(-1)]);
    let end = prop_oneof![
        Just(RuleEnd::Never),
        (1_u32..99).prop_map(RuleEnd::Count),
        (0_i16..9).prop_map(|years| RuleEnd::Until(Date::constant(2031 + years, 12, 31)))
    ];
    (
        (frequency, 1_u32..5, proptest::collection::vec((ordinal, day.clone()), 0..3)),
        proptest::collection::vec(prop_oneof![1_i8..=31, Just(-1)], 0..2),
        proptest::collection::vec(1_i8..=12, 0..2),
        (proptest::collection::vec(prop_oneof![1_i16..=5, Just(-1)], 0..2), day, end),
    )
        .prop_map(|((frequency, interval, by_day), by_month_day, by_month, (by_set_pos, week_start, end))| Rule {
            frequency,
            interval,
            by_day,
            by_month_day,
            by_month,
            by_set_pos,
            week_start,
            end,
        })
}

proptest! {
    /// What can be said to Graph is read back as a rule that is said the same way, and so on for ever.
    #[test]
    fn what_is_written_is_read_back_the_same(rule in any_rule(), day in 0_i32..800) {
        let first = Date::constant(2031, 1, 1).saturating_add(jiff::Span::new().days(day));
        let one = Repetition { rule, first, zone: "Europe/Berlin".into() };
        if let Ok(wire) = one.to_graph() {
            let read = Repetition::from_graph(&wire).unwrap();
            prop_assert_eq!(read.to_graph().unwrap(), wire.clone());
            prop_assert_eq!((read.first, &read.zone, read.rule.end), (one.first, &one.zone, one.rule.end));
            prop_assert_eq!(Repetition::from_graph(&wire), Ok(read));
        }
    }
}
