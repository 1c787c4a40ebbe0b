//! How much a mailbox may be used.

use std::time::Duration;

use http::{HeaderValue, Method};
use serde_json::{Value, json};
use sim_kit::Request;

use crate::desk::{ANNA, BEN, code, text};
use crate::outside::Outside;

#[test]
fn a_mailbox_is_throttled_when_its_window_of_requests_is_full_and_refused_calls_count_too() {
    let outside = Outside::new();
    outside.set("limits", &json!({"requests": 3, "request_window_seconds": 600}));
    let ask = || outside.refused("/me/contacts");
    let full = |seconds: &str| (429, seconds.to_owned(), "TooManyRequests".to_owned());
    assert_eq!(
        (ask().0, outside.get("/me").0, outside.get("/users").0),
        (200, 200, 200),
        "the directory is no mailbox"
    );
    outside.pass(100);
    assert_eq!((ask().0, ask().0), (200, 200));
    // The first of the three leaves the window in 500 s, but then the refused one fills its place.
    assert_eq!(ask(), full("600"));
    assert_eq!(outside.switch("limits")["used"][ANNA], json!({"requests": 4, "upload_bytes": 0}));
    outside.pass(599);
    assert_eq!(ask(), full("1"), "three are still in the window");
    outside.pass(1);
    assert_eq!(ask().0, 200);
    let other = Outside { token: format!("sim-{BEN}"), ..Outside::new() };
    other.set("limits", &json!({"requests": 1}));
    assert_eq!(other.refused("/me/contacts").0, 200);
    assert_eq!(other.refused("/me/contacts").0, 429);
    other.pass(600);
    assert_eq!(other.refused("/me/contacts").0, 200, "the wait that was told is enough");
    let told = other.told("DELETE", "/_sim/limits", &Value::Null).1;
    assert_eq!(told["limits"]["requests"], 10_000, "the default is the service's real limit");
    assert_eq!(told["limits"]["upload_bytes"], 157_286_400);
    assert_eq!(told["limits"]["concurrent"], 4);
}

#[test]
fn mailboxes_are_throttled_each_on_its_own() {
    let mut outside = Outside::new();
    outside.set("limits", &json!({"requests": 1}));
    assert_eq!((outside.refused("/me/contacts").0, outside.refused("/me/contacts").0), (200, 429));
    outside.token = format!("sim-{BEN}");
    assert_eq!(outside.refused("/me/contacts").0, 200);
    outside.set("limits", &json!({"off": true}));
    assert_eq!((outside.refused("/me/contacts").0, outside.refused("/me/contacts").0), (200, 200));
}

#[test]
fn upload_is_limited_by_its_bytes() {
    let outside = Outside::new();
    let time = json!({"dateTime": "2026-10-06T09:00:00", "timeZone": "UTC"});
    let event = json!({"subject": "x".repeat(330), "start": time, "end": time});
    outside.set("limits", &json!({"upload_bytes": 1000, "upload_window_seconds": 300}));
    let posted = || outside.send("POST", "/v1.0/me/events", &event).reply.unwrap();
    assert_eq!(posted().status, 201);
    outside.pass(100);
    assert_eq!(posted().status, 201);
    let refused = posted();
    assert_eq!((refused.status.as_u16(), &refused.headers["retry-after"]), (429, &"300".parse().unwrap()));
    outside.pass(300);
    assert_eq!(posted().status, 201);
}

#[test]
fn pieces_of_an_upload_count_for_the_mailbox_they_go_to() {
    let outside = Outside::new();
    let draft = outside.post("/me/messages", &json!({"subject": "x"})).1;
    let size = 4 * 1024 * 1024;
    let item = json!({"AttachmentItem": {"attachmentType": "file", "name": "a.bin", "size": size}});
    let made = outside.post(&format!("/me/messages/{}/attachments/createUploadSession", text(&draft, "/id")), &item).1;
    outside.set("limits", &json!({"upload_bytes": 3_000_000}));
    let target = text(&made, "/uploadUrl").strip_prefix("http://h").unwrap();
    let send = |method: &str, body: Vec<u8>| {
        let mut request = Request::new(method.parse::<Method>().unwrap(), target, "http://h");
        let range = format!("bytes 0-{}/{size}", body.len().saturating_sub(1));
        request.headers.insert("content-range", HeaderValue::try_from(range).unwrap());
        request.body = body;
        let reply = outside.shell.answer(request).reply.unwrap();
        (reply.status.as_u16(), reply.body_json())
    };
    assert_eq!(code(&send("PUT", vec![0; size])), (429, "TooManyRequests"));
    assert_eq!(send("GET", vec![]).1["nextExpectedRanges"], json!(["0-"]), "what was refused was not taken");
    outside.set("limits", &json!({"off": true, "concurrent": 1}));
    outside.set("latency", &json!({"ms": 3_600_000, "path": "/contacts"}));
    assert_eq!(outside.get("/me/contacts").0, 200);
    assert_eq!(code(&send("PUT", vec![0; size])), (429, "ApplicationThrottled"));
    assert!(
        !outside.switch("journal").to_string().contains(target.split_once('=').unwrap().1),
        "its address is a secret"
    );
}

#[test]
fn no_more_than_four_requests_at_a_time_for_one_mailbox() {
    let mut outside = Outside::new();
    let crowded = (429, "1".to_owned(), "ApplicationThrottled".to_owned());
    outside.set("latency", &json!({"ms": 3_600_000}));
    for _ in 0..4 {
        let answer = outside.send("GET", "/v1.0/me/contacts", &Value::Null);
        assert_eq!(answer.reply.map(|reply| reply.status.as_u16()), Some(200));
        assert_eq!(answer.delay, Duration::from_hours(1));
    }
    assert_eq!(outside.refused("/me/contacts"), crowded);
    assert_eq!(outside.refused(&format!("/users/{ANNA}/contacts")), crowded, "the same mailbox by another name");
    let told = outside.get("/me/contacts").1;
    assert_eq!(text(&told, "/error/message"), "Application is over its MailboxConcurrency limit.");
    assert_eq!(outside.get("/me").0, 200, "the directory is no mailbox");
    outside.token = format!("sim-{BEN}");
    assert_eq!(outside.get("/me/contacts").0, 200, "another mailbox");
    outside.token = format!("sim-{ANNA}");
    outside.set("limits", &json!({"concurrent": 0}));
    assert_eq!(outside.get("/me/contacts").0, 200);
}

#[test]
fn parts_of_a_batch_run_four_at_a_time_and_share_the_limit_with_others() {
    let outside = Outside::new();
    let parts: Vec<Value> =
        (0..8).map(|id| json!({"id": id.to_string(), "method": "GET", "url": "/me/contacts"})).collect();
    let run = || {
        let answer = outside.post("/$batch", &json!({ "requests": parts })).1;
        let mut statuses: Vec<(u64, u64)> = answer["responses"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| (text(part, "/id").parse().unwrap(), part["status"].as_u64().unwrap()))
            .collect();
        statuses.sort_unstable();
        statuses.into_iter().map(|(_, status)| status).collect::<Vec<_>>()
    };
    assert_eq!(run(), [200; 8]);
    outside.set("batch", &json!({"part_limit": 6}));
    assert_eq!(run(), [200, 200, 200, 200, 200, 200, 429, 429]);
    outside.told("DELETE", "/_sim/batch", &Value::Null);
    outside.set("latency", &json!({"ms": 3_600_000, "path": "/contacts"}));
    assert_eq!(outside.get("/me/contacts").0, 200);
    assert_eq!(run(), [200, 200, 200, 429, 200, 200, 200, 429], "one request of another is still in progress");
    outside.set("latency", &json!({"ms": 3_600_000, "path": "$batch"}));
    outside.set("limits", &json!({"concurrent": 5}));
    run();
    assert_eq!(outside.get("/me/contacts").0, 429, "the batch takes four places");
    outside.set("limits", &json!({"concurrent": 6}));
    assert_eq!(outside.get("/me/contacts").0, 200);
}
