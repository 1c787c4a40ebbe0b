//! The page that describes the switches, and what is refused.

use serde_json::{Value, json};
use sim_kit::Request;

use crate::counter::{counter, set, work};

#[test]
fn the_page_describes_every_switch_and_how_it_stands() {
    let shell = counter();
    let (status, page) = work(&shell, "GET", "", &Value::Null);
    assert_eq!(status, 200);
    let switches = page["switches"].as_array().unwrap();
    let names: Vec<&str> = switches.iter().map(|switch| switch["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["clock", "faults", "throttle", "latency", "journal", "count/asked"]);
    for switch in switches {
        let path = switch["path"].as_str().unwrap();
        assert_eq!(work(&shell, "GET", path.trim_start_matches("/_sim/"), &Value::Null).0, 200, "{path}");
        assert!(!switch["about"].as_str().unwrap().is_empty() && switch.get("value").is_some(), "{path}");
        for call in switch["calls"].as_array().unwrap() {
            assert!(!call["does"].as_str().unwrap().is_empty(), "{path}");
        }
    }
    assert_eq!(switches[0]["value"], json!({"now": "2031-03-03T09:00:00Z", "held": true}));
    assert_eq!(
        switches[5]["calls"][1],
        json!({"method": "POST", "does": "Counts from another number on.",
               "body": {"asked": "needed, a whole number from 1 to 9: that number"}})
    );
    assert_eq!(work(&shell, "GET", "", &Value::Null), work(&shell, "GET", "/", &Value::Null));
}

#[test]
fn every_field_the_page_names_is_taken_and_no_other() {
    let shell = counter();
    let page = work(&shell, "GET", "", &Value::Null).1;
    for switch in page["switches"].as_array().unwrap() {
        let name = switch["name"].as_str().unwrap();
        for call in switch["calls"].as_array().unwrap().iter().filter(|call| call["body"].is_object()) {
            let method = call["method"].as_str().unwrap();
            for field in call["body"].as_object().unwrap().keys() {
                // Nothing fits `[]`, so a field that is known is found wanting, not unknown.
                let told = work(&shell, method, name, &json!({ field: [] }));
                assert_eq!((told.0, &told.1["error"]["what"]), (400, &json!("[] does not fit")), "{name} {field}");
            }
            let told = work(&shell, method, name, &json!({"nonsense": 1}));
            assert_eq!((told.0, &told.1["error"]["what"]), (400, &json!("there is no field of that name")), "{name}");
        }
    }
}

#[test]
fn what_cannot_be_done_is_refused_with_what_where_and_what_to_do() {
    let shell = counter();
    let cases = [
        ("POST", "", json!({}), 405, "this page has no POST", "/_sim"),
        ("GET", "nonsense", Value::Null, 404, "there is no switch 'nonsense'", "/_sim/nonsense"),
        ("PUT", "clock", json!({}), 405, "this switch has no PUT", "/_sim/clock"),
        ("POST", "clock", json!([]), 400, "it is no JSON object", "POST /_sim/clock, the body"),
        ("POST", "latency", Value::Null, 400, "it is missing", "POST /_sim/latency, field 'ms'"),
        ("POST", "count/asked", json!({"asked": 10}), 400, "10 does not fit", "POST /_sim/count/asked, field 'asked'"),
        ("POST", "count/asked", json!({"asked": 7}), 400, "seven is taken", "POST /_sim/count/asked, field 'asked'"),
        (
            "GET",
            "journal?limit=x",
            Value::Null,
            400,
            "\"x\" does not fit",
            "GET /_sim/journal, query parameter 'limit'",
        ),
        (
            "GET",
            "clock?now=x",
            Value::Null,
            400,
            "there is no query parameter of that name",
            "GET /_sim/clock, query parameter 'now'",
        ),
    ];
    for (method, name, body, status, what, place) in cases {
        let (told_status, told) = work(&shell, method, name, &body);
        let error = &told["error"];
        assert_eq!((told_status, &error["what"], &error["where"]), (status, &json!(what), &json!(place)));
        assert!(error["do"].as_str().is_some_and(|text| !text.is_empty()), "{told}");
    }
    let mut broken = Request::new(http::Method::POST, "/_sim/clock", "http://h");
    broken.body = b"{".to_vec();
    let reply = shell.answer(broken).reply.unwrap();
    assert_eq!(
        (reply.status.as_u16(), &reply.body_json()["error"]["what"]),
        (400, &json!("it is no JSON (line 1, column 1)"))
    );
}

#[test]
fn a_vendors_switch_works_the_model_and_requests_for_switches_do_not_reach_it() {
    let shell = counter();
    assert_eq!(set(&shell, "count/asked", &json!({"asked": 5})), json!({"asked": 5}));
    assert_eq!(shell.model().asked, 5);
    assert_eq!(shell.journal().total(), 0);
}
