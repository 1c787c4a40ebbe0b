//! The kit's switches, each by its HTTP form.

use std::time::Duration;

use serde_json::{Value, json};

use crate::counter::{ask, counter, request, set, status, work};

#[test]
fn the_clock_moves_forward_and_never_back() {
    let shell = counter();
    for (body, now) in [
        (json!({"advance_seconds": 90}), "2031-03-03T09:01:30Z"),
        (json!({"advance": "PT30M"}), "2031-03-03T09:31:30Z"),
        (json!({"advance": "P1DT1S"}), "2031-03-04T09:31:31Z"),
        (json!({"now": "2031-03-05T00:00:00Z"}), "2031-03-05T00:00:00Z"),
        (json!({"now": "2031-03-05T02:00:00+01:00", "held": null}), "2031-03-05T01:00:00Z"),
    ] {
        assert_eq!(set(&shell, "clock", &body), json!({"now": now, "held": true}), "{body}");
        assert_eq!(shell.clock().now().to_string(), now);
        assert_eq!(shell.model().woken.last().map(String::as_str), Some(now), "the model is woken at the new time");
    }
    for (body, place) in [
        (json!({}), "now"),
        (json!({"now": "2031-03-04T00:00:00Z"}), "now"),
        (json!({"now": "soon"}), "now"),
        (json!({"now": "3000-01-01T00:00:00Z"}), "now"),
        (json!({"advance": "-PT1S"}), "advance"),
        (json!({"advance": "P1M"}), "advance"),
        (json!({"advance": "P9000000D"}), "advance"),
        (json!({"advance_seconds": -1}), "advance_seconds"),
        (json!({"advance_seconds": 1, "advance": "PT1S"}), "now"),
    ] {
        let (status, told) = work(&shell, "POST", "clock", &body);
        assert_eq!(
            (status, &told["error"]["where"]),
            (400, &json!(format!("POST /_sim/clock, field '{place}'"))),
            "{body}"
        );
    }
    assert_eq!(shell.clock().now().to_string(), "2031-03-05T01:00:00Z");
    assert_eq!(set(&shell, "clock", &json!({"held": false}))["held"], false);
    assert!(!shell.clock().is_held());
    assert_eq!(set(&shell, "clock", &json!({"held": true}))["held"], true);
}

#[test]
fn each_kind_of_fault_does_what_it_says() {
    // Kind, status told, whether the model was asked, Retry-After, delay in milliseconds.
    for (fault, told, asked, retry_after, delay) in [
        (json!({"kind": "fail"}), 503, false, None, 0),
        (json!({"kind": "fail", "status": 500}), 500, false, None, 0),
        (json!({"kind": "fail", "status": 503, "retry_after": 9}), 503, false, Some("9"), 0),
        (json!({"kind": "fail_after"}), 504, true, None, 0),
        (json!({"kind": "fail_after", "status": 502}), 502, true, None, 0),
        (json!({"kind": "throttle"}), 429, false, Some("1"), 0),
        (json!({"kind": "throttle", "retry_after": 30}), 429, false, Some("30"), 0),
        (json!({"kind": "timeout", "ms": 5000}), 200, true, None, 5000),
        (json!({"kind": "latency", "ms": 20}), 200, true, None, 20),
        (json!({"kind": "drop"}), 0, false, None, 0),
        (json!({"kind": "drop_after"}), 0, true, None, 0),
    ] {
        let shell = counter();
        let listed = set(&shell, "faults", &fault);
        let mut expected = fault.as_object().unwrap().clone();
        expected.extend([
            ("nth".to_owned(), json!(1)),
            ("times".to_owned(), json!(1)),
            ("matched".to_owned(), json!(0)),
        ]);
        let listed = listed[0].as_object().unwrap();
        assert!(expected.iter().all(|(name, value)| listed.get(name) == Some(value)), "{fault}: {listed:?}");
        let answer = ask(&shell, "GET", "/a");
        assert_eq!((status(&answer), shell.model().asked == 1), (told, asked), "{fault}");
        let headers = answer.reply.map(|reply| reply.headers).unwrap_or_default();
        assert_eq!(headers.get("retry-after").map(|value| value.to_str().unwrap()), retry_after, "{fault}");
        assert_eq!(answer.delay, Duration::from_millis(delay), "{fault}");
        assert_eq!(status(&ask(&shell, "GET", "/a")), 200, "{fault}: spent after one request");
        assert_eq!(work(&shell, "GET", "faults", &Value::Null).1, json!([]));
        let faulted: Vec<bool> = shell.journal().entries().map(|entry| entry.faulted).collect();
        assert_eq!(faulted, [true, false]);
    }
    for (fault, place) in [
        (json!({"kind": "burn"}), "kind"),
        (json!({"status": 500}), "kind"),
        (json!({"kind": "timeout"}), "ms"),
        (json!({"kind": "drop", "status": 500}), "status"),
        (json!({"kind": "fail", "ms": 1}), "ms"),
        (json!({"kind": "fail", "status": 200}), "status"),
        (json!({"kind": "fail", "times": 0}), "times"),
        (json!({"kind": "fail", "method": "GET IT"}), "method"),
    ] {
        let (status, told) = work(&counter(), "POST", "faults", &fault);
        let place = format!("POST /_sim/faults, field '{place}'");
        assert_eq!((status, &told["error"]["where"]), (400, &json!(place)), "{fault}");
    }
}

#[test]
fn a_fault_strikes_only_what_it_is_for() {
    let shell = counter();
    let fault = json!({"kind": "fail", "method": "post", "path": "/events?x=", "nth": 2, "times": 2});
    let told = set(&shell, "faults", &fault);
    assert_eq!((&told[0]["method"], &told[0]["path"]), (&json!("POST"), &json!("/events?x=")));
    let asked = [("POST", "/events?x=1"), ("GET", "/events?x=1"), ("POST", "/events"), ("POST", "/events?x=2")];
    let told: Vec<u16> = asked.iter().map(|(method, target)| status(&ask(&shell, method, target))).collect();
    assert_eq!(told, [200, 200, 200, 503]);
    assert_eq!(work(&shell, "GET", "faults", &Value::Null).1[0]["matched"], 2);
    assert_eq!(work(&shell, "DELETE", "faults", &Value::Null), (200, json!([])));
    assert_eq!(status(&ask(&shell, "POST", "/events?x=3")), 200);
}

#[test]
fn throttling_ends_after_its_requests_or_by_hand() {
    let shell = counter();
    set(&shell, "faults", &json!({"kind": "fail", "path": "/b"}));
    let told = set(&shell, "throttle", &json!({"times": 3, "retry_after": 4, "path": "/a"}));
    assert_eq!(told, json!([{"kind": "throttle", "retry_after": 4, "path": "/a", "nth": 1, "times": 3, "matched": 0}]));
    let told: Vec<u16> = ["/a", "/c", "/a"].iter().map(|target| status(&ask(&shell, "GET", target))).collect();
    assert_eq!(told, [429, 200, 429]);
    assert_eq!(work(&shell, "DELETE", "throttle", &Value::Null), (200, json!([])));
    assert_eq!(status(&ask(&shell, "GET", "/a")), 200);
    assert_eq!(status(&ask(&shell, "GET", "/b")), 503, "other faults stay");
}

#[test]
fn latency_is_that_of_the_last_rule_that_matches() {
    let shell = counter();
    set(&shell, "latency", &json!({"ms": 10}));
    let told = set(&shell, "latency", &json!({"ms": 30, "path": "/slow", "method": "GET"}));
    assert_eq!(told, json!([{"ms": 10}, {"ms": 30, "method": "GET", "path": "/slow"}]));
    let delays = || ["/a", "/slow"].map(|target| ask(&shell, "GET", target).delay.as_millis());
    assert_eq!(delays(), [10, 30]);
    set(&shell, "latency", &json!({"ms": 20}));
    assert_eq!(delays(), [20, 20]);
    set(&shell, "latency", &json!({"ms": 0}));
    assert_eq!(delays(), [0, 30]);
    assert_eq!(work(&shell, "DELETE", "latency", &Value::Null), (200, json!([])));
    assert_eq!(delays(), [0, 0]);
}

#[test]
fn the_journal_tells_what_was_asked_without_secrets() {
    let shell = counter();
    let page = |query: &str| work(&shell, "GET", &format!("journal{query}"), &Value::Null).1;
    let asked = |query: &str| {
        let entries = page(query)["entries"].as_array().unwrap().clone();
        entries.iter().map(|entry| entry["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    shell.answer(request("GET", "/a?code=secret&x=1", &[("authorization", "Bearer secret")]));
    set(&shell, "clock", &json!({"advance_seconds": 60}));
    set(&shell, "faults", &json!({"kind": "drop"}));
    ask(&shell, "POST", "/b");
    shell.answer(request("GET", "/c", &[]));
    let all = page("");
    assert_eq!((all["total"].as_u64(), asked("")), (Some(3), vec!["/a".into(), "/b".into(), "/c".into()]));
    assert!(!all.to_string().contains("secret"));
    let first = json!({"at": "2031-03-03T09:00:00Z", "method": "GET", "path": "/a", "query": "code=***&x=1",
                       "authorization": "Bearer ***", "status": 200, "faulted": false});
    assert_eq!(all["entries"][0], first);
    for (query, expected) in [
        ("?method=get", vec!["/a", "/c"]),
        ("?path=x%3D1", vec!["/a"]),
        ("?status=0", vec!["/b"]),
        ("?faulted=false&limit=1", vec!["/c"]),
        ("?since=2031-03-03T09:01:00Z", vec!["/b", "/c"]),
    ] {
        assert_eq!(asked(query), expected, "{query}");
    }
    assert_eq!(work(&shell, "DELETE", "journal", &Value::Null), (200, json!({"total": 0})));
    assert_eq!(asked(""), Vec::<String>::new());
}
