//! Requests that overlap.

use serde_json::json;

use crate::counter::{ask, counter, set};

#[test]
fn a_request_knows_what_others_occupy_while_their_answers_are_on_the_way() {
    let shell = counter();
    let beside = |target: &str| {
        ask(&shell, "GET", target);
        shell.model().alongside.values().sum::<u32>()
    };
    assert_eq!(beside("/one/x"), 0);
    set(&shell, "latency", &json!({"ms": 3_600_000}));
    assert_eq!([beside("/one/x"), beside("/one/y"), beside("/two"), beside("/one")], [0, 1, 0, 2]);
    set(&shell, "latency", &json!({"ms": 0}));
    assert_eq!(beside("/one"), 3, "an answer at once overlaps with those that are not there yet");
    assert_eq!(beside("/one"), 3, "but is over itself");
    set(&shell, "latency", &json!({"ms": 3_600_000}));
    set(&shell, "throttle", &json!({}));
    ask(&shell, "GET", "/one");
    assert_eq!(beside("/one"), 3, "what was refused at the door occupies nothing");
}
