//! The switches under `/_sim`, each by its HTTP form, and what they do to the service.

use std::time::Duration;

use http::{HeaderValue, Method};
use jiff::Timestamp;
use serde_json::{Value, json};
use sim_exchange::{Exchange, Switches};
use sim_kit::{Answer, Request, Shell, SimClock};

use crate::desk::{ANNA, BEN, code, column, text};

const START: &str = "2026-10-01T09:00:00Z";
const DELTA: &str = "/me/contacts/delta";

/// The simulator as a program at its address sees it, at a held clock.
struct Outside {
    shell: Shell<Exchange>,
    token: String,
}

impl Outside {
    fn new() -> Self {
        let now: Timestamp = START.parse().unwrap();
        Self { shell: Shell::new(Exchange::northwind(now), SimClock::fixed(now)), token: "test-token".to_owned() }
    }

    fn send(&self, method: &str, target: &str, body: &Value) -> Answer {
        let mut request = Request::new(method.parse::<Method>().unwrap(), target, "http://h");
        if !target.starts_with("/_sim") {
            let bearer = HeaderValue::try_from(format!("Bearer {}", self.token)).unwrap();
            request.headers.insert("authorization", bearer);
        }
        if !body.is_null() {
            request.body = body.to_string().into_bytes();
        }
        self.shell.answer(request)
    }

    fn told(&self, method: &str, target: &str, body: &Value) -> (u16, Value) {
        let reply = self.send(method, target, body).reply.expect("an answer");
        (reply.status.as_u16(), reply.body_json())
    }

    fn get(&self, target: &str) -> (u16, Value) {
        let target = target.strip_prefix("http://h").map_or_else(|| format!("/v1.0{target}"), str::to_owned);
        self.told("GET", &target, &Value::Null)
    }

    fn post(&self, target: &str, body: &Value) -> (u16, Value) {
        self.told("POST", &format!("/v1.0{target}"), body)
    }

    /// Works a switch that takes it.
    fn set(&self, switch: &str, body: &Value) -> Value {
        let (status, told) = self.told("POST", &format!("/_sim/{switch}"), body);
        assert_eq!(status, 200, "{switch}: {told}");
        told
    }

    fn switch(&self, switch: &str) -> Value {
        self.told("GET", &format!("/_sim/{switch}"), &Value::Null).1
    }

    fn pass(&self, seconds: u32) {
        self.set("clock", &json!({"advance_seconds": seconds}));
    }

    fn add_contact(&self, name: &str) -> Value {
        let contact = json!({"givenName": name});
        self.shell.with(|world, context| world.add_contact(ANNA, &contact, context)).unwrap().into()
    }

    fn meeting(&self) -> Value {
        let time = json!({"dateTime": "2026-10-06T09:00:00", "timeZone": "UTC"});
        let (status, event) = self.post("/me/events", &json!({"subject": "Plan", "start": time, "end": time}));
        assert_eq!(status, 201, "{event}");
        event
    }

    /// The status and `Retry-After` of a GET.
    fn refused(&self, target: &str) -> (u16, String, String) {
        let reply = self.send("GET", &format!("/v1.0{target}"), &Value::Null).reply.expect("an answer");
        let retry = reply.headers.get("retry-after").map_or("", |value| value.to_str().unwrap());
        let code = reply.body_json().pointer("/error/code").and_then(Value::as_str).unwrap_or_default().to_owned();
        (reply.status.as_u16(), retry.to_owned(), code)
    }

    /// Follows a delta query to its end: names of the rows, how many rows each page had, the next link.
    fn round(&self, target: &str) -> (Vec<String>, Vec<usize>, String) {
        let (mut names, mut pages, mut next) = (Vec::new(), Vec::new(), target.to_owned());
        loop {
            let (status, page) = self.get(&next);
            assert_eq!(status, 200, "{page}");
            let rows = page["value"].as_array().unwrap();
            pages.push(rows.len());
            let name = |row: &Value| row["givenName"].as_str().unwrap_or("removed").to_owned();
            names.extend(rows.iter().map(name));
            assert!(pages.len() < 50, "no end");
            match (page["@odata.nextLink"].as_str(), page["@odata.deltaLink"].as_str()) {
                (Some(link), None) => link.clone_into(&mut next),
                (None, Some(link)) => return (names, pages, link.to_owned()),
                other => panic!("both or no link: {other:?}"),
            }
        }
    }
}

#[test]
fn the_page_tells_every_switch_and_every_field_of_switches_can_be_worked() {
    let outside = Outside::new();
    let page = outside.told("GET", "/_sim", &Value::Null).1;
    let switches = page["switches"].as_array().unwrap();
    assert!(switches.iter().any(|switch| switch["name"] == "clock"), "the kit's are there too");
    for switch in switches {
        let target = switch["path"].as_str().unwrap();
        assert_eq!(outside.told("GET", target, &Value::Null).0, 200, "{target}");
    }
    let before = serde_json::to_value(Switches::default()).unwrap();
    for (switch, body) in [
        (
            "limits",
            json!({"requests": 1000, "concurrent": 2, "upload_bytes": 5, "request_window_seconds": 7, "upload_window_seconds": 8}),
        ),
        ("tokens", json!({"access_seconds": 60, "spurious_401": 3})),
        ("sign-in", json!({"deny_consent": true})),
        ("writes", json!({"bump_change_key": true, "stale": 1, "stale_status": 409, "lost_posts": 2})),
        ("pages", json!({"limit": 7, "empty": 1})),
        (
            "delta",
            json!({"lag_seconds": 30, "replay": true, "hide_deleted_occurrences": true, "partial_messages": true}),
        ),
        ("batch", json!({"part_limit": 6, "status": 503, "in_order": true})),
        ("notifications", json!({"copies": 2, "drops": 1, "delay_seconds": 5, "disorder": 3, "echoes": 2})),
        ("subscriptions", json!({"allow_http": false, "handshake_failures": 1})),
    ] {
        let told = outside.set(switch, &body);
        assert_eq!(told, outside.switch(switch), "{switch}");
        for (name, value) in body.as_object().unwrap() {
            assert!(told.to_string().contains(&format!("\"{name}\":{value}")), "{switch} shows {name}: {told}");
        }
    }
    let after = serde_json::to_value(&outside.shell.model().switches).unwrap();
    let same: Vec<&String> = before.as_object().unwrap().keys().filter(|name| before[*name] == after[*name]).collect();
    assert!(same.is_empty(), "no switch works {same:?}");
    for (name, limit) in before["limits"].as_object().unwrap() {
        assert_ne!(*limit, after["limits"][name], "no switch works the limit {name}");
    }
}

#[test]
fn what_a_switch_cannot_do_is_refused() {
    let outside = Outside::new();
    let nobody = "nobody@northwind.example";
    for (method, switch, body, place) in [
        ("POST", "mailboxes", json!({"address": "x"}), "field 'address'"),
        ("POST", "mailboxes/state", json!({"address": nobody, "state": "ready"}), "field 'address'"),
        ("POST", "mailboxes/state", json!({"address": ANNA, "state": "tired"}), "field 'state'"),
        ("POST", "lifecycle", json!({"address": ANNA, "event": "gone"}), "field 'event'"),
        ("POST", "tokens/revoke", json!({"address": nobody}), "field 'address'"),
        ("POST", "sign-in", json!({"address": ANNA}), "field 'hurdle'"),
        ("POST", "sign-in", json!({"signs_in": nobody}), "field 'signs_in'"),
        ("POST", "writes", json!({"stale_status": 410}), "field 'stale_status'"),
        ("POST", "delta", json!({"lag_seconds": 3601}), "field 'lag_seconds'"),
        ("POST", "batch", json!({"times": 2}), "field 'status'"),
        ("POST", "mail", json!({"address": ANNA, "mime": ""}), "field 'mime'"),
        ("DELETE", "subscriptions", json!({"id": "x"}), "field 'id'"),
        ("PUT", "world", json!({"seed": 1}), "the body"),
        ("PUT", "world", Value::Null, "the body"),
    ] {
        let (status, told) = outside.told(method, &format!("/_sim/{switch}"), &body);
        let expected = format!("{method} /_sim/{switch}, {place}");
        assert_eq!((status, &told["error"]["where"]), (400, &json!(expected)), "{told}");
    }
}

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

#[test]
fn a_good_token_is_refused_once() {
    let mut outside = Outside::new();
    outside.set("tokens", &json!({"spurious_401": 2}));
    let ask = |outside: &Outside| outside.get("/me").0;
    assert_eq!((ask(&outside), ask(&outside)), (401, 200));
    outside.token = "wrong".to_owned();
    assert_eq!(ask(&outside), 401);
    assert_eq!(outside.switch("tokens")["spurious_401"], 1, "a bad token is none of them");
    outside.token = format!("sim-{BEN}");
    assert_eq!((ask(&outside), ask(&outside)), (401, 200));
}

#[test]
fn tokens_expire_and_are_revoked() {
    let mut outside = Outside::new();
    let refresh = |outside: &Outside, token: &str| {
        let mut request = Request::new(Method::POST, "/common/oauth2/v2.0/token", "http://h");
        let form = format!(
            "grant_type=refresh_token&client_id=syncline-client&client_secret=syncline-secret&refresh_token={token}"
        );
        request.body = form.into_bytes();
        let reply = outside.shell.answer(request).reply.unwrap();
        (reply.status.as_u16(), reply.body_json())
    };
    outside.set("tokens", &json!({"access_seconds": 60}));
    let issued = refresh(&outside, &format!("refresh-{ANNA}")).1;
    outside.token = text(&issued, "/access_token").to_owned();
    assert_eq!(outside.get("/me").0, 200);
    assert_eq!(outside.switch("tokens/expire"), json!({"alive": 1}));
    outside.pass(61);
    assert_eq!(outside.get("/me").0, 401);
    outside.token = text(&refresh(&outside, text(&issued, "/refresh_token")).1, "/access_token").to_owned();
    assert_eq!(outside.get("/me").0, 200);
    outside.set("tokens/expire", &Value::Null);
    assert_eq!(outside.get("/me").0, 401);
    outside.set("tokens/revoke", &json!({"address": ANNA}));
    let (status, told) = refresh(&outside, text(&issued, "/refresh_token"));
    assert_eq!((status, text(&told, "/error")), (400, "invalid_grant"));
    assert_eq!(
        outside.set("sign-in", &json!({"address": BEN, "hurdle": "secondFactor"}))["hurdles"][BEN],
        "secondFactor"
    );
    assert_eq!(refresh(&outside, &format!("refresh-{BEN}")).1["error_codes"], json!([50076]));
    outside.set("sign-in", &json!({"address": BEN, "hurdle": "none"}));
    assert_eq!(refresh(&outside, &format!("refresh-{BEN}")).0, 200);
    outside.set("sign-in", &json!({"secret_expired": true, "signs_in": BEN}));
    assert_eq!(refresh(&outside, &format!("refresh-{BEN}")).0, 401);
}

#[test]
fn delta_links_expire_lag_and_replay() {
    let outside = Outside::new();
    let link = outside.round(DELTA).2;
    outside.set("delta/expire", &Value::Null);
    assert_eq!(code(&outside.get(&link)), (410, "SyncStateNotFound"));
    let (names, _, link) = outside.round(DELTA);
    assert_eq!(names, ["Mia"]);
    // Lag: what has just changed is not told yet; what was told stays so.
    outside.set("delta", &json!({"lag_seconds": 60}));
    outside.add_contact("New");
    assert_eq!(outside.round(DELTA).0, ["Mia"]);
    let (names, _, link) = outside.round(&link);
    assert!(names.is_empty(), "{names:?}");
    outside.pass(60);
    outside.add_contact("Newer");
    let (names, _, link) = outside.round(&link);
    assert_eq!(names, ["New"]);
    outside.pass(60);
    let (names, _, link) = outside.round(&link);
    assert_eq!(names, ["Newer"]);
    // Replay: the round before once more, and what is gone since is told all the same.
    outside.set("delta", &json!({"lag_seconds": 0, "replay": true}));
    let gone = outside.add_contact("Gone");
    let (names, _, link) = outside.round(&link);
    assert_eq!(names, ["Newer", "Gone"]);
    outside.shell.with(|world, context| world.remove_contact(ANNA, gone.as_str().unwrap(), context)).unwrap();
    let (names, _, link) = outside.round(&link);
    assert_eq!(names, ["removed"]);
    outside.set("delta", &json!({"replay": false}));
    assert!(outside.round(&link).0.is_empty());
    let first = outside.round(DELTA).2;
    outside.set("delta", &json!({"replay": true}));
    assert_eq!(outside.round(&first).0, ["Mia", "New", "Newer"], "after the first round everything is told again");
}

#[test]
fn pages_are_small_or_empty() {
    let outside = Outside::new();
    for name in ["A", "B", "C"] {
        outside.add_contact(name);
    }
    outside.set("pages", &json!({"limit": 2}));
    let page = outside.get("/me/contacts?$top=3&$select=givenName").1;
    assert_eq!(column(&page, "givenName"), ["Mia", "A"]);
    assert_eq!(column(&outside.get(text(&page, "/@odata.nextLink")).1, "givenName"), ["B", "C"]);
    assert_eq!(outside.round(DELTA).1, [2, 2]);
    outside.set("pages", &json!({"limit": 0, "empty": 2}));
    let (names, pages, link) = outside.round(DELTA);
    assert_eq!((names.len(), pages), (4, vec![0, 0, 4]));
    assert_eq!(outside.round(&link).1, [0, 0, 0]);
    // Nothing is to be seen at all, and the round ends nevertheless.
    outside.set("delta", &json!({"lag_seconds": 3600}));
    let fresh = Outside::new();
    fresh.set("pages", &json!({"empty": 2}));
    fresh.set("delta", &json!({"lag_seconds": 3600}));
    assert_eq!(fresh.round("/me/mailFolders/inbox/messages/delta").1, [0, 0, 0]);
}

#[test]
fn writes_are_stale_bumped_or_lost() {
    let outside = Outside::new();
    let event = outside.meeting();
    let target = format!("/v1.0/me/events/{}", text(&event, "/id"));
    let patch = || outside.told("PATCH", &target, &json!({"subject": "New"}));
    for (switch, expected) in [(json!({"stale": 1}), 412), (json!({"stale": 1, "stale_status": 409}), 409)] {
        outside.set("writes", &switch);
        assert_eq!(code(&patch()), (expected, "ErrorIrresolvableConflict"));
        assert_eq!(patch().0, 200);
    }
    let mut stale = Request::new(Method::PATCH, &target, "http://h");
    stale.headers.insert("authorization", HeaderValue::from_static("Bearer test-token"));
    stale.headers.insert("if-match", HeaderValue::from_static("W/\"old\""));
    stale.body = b"{}".to_vec();
    assert_eq!(outside.shell.answer(stale).reply.unwrap().status, 409, "the status of a stale If-Match too");
    outside.set("writes", &json!({"bump_change_key": true}));
    let key = patch().1["changeKey"].clone();
    assert_ne!(outside.told("GET", &target, &Value::Null).1["changeKey"], key);
    outside.set("writes", &json!({"lost_posts": 2}));
    let count = || outside.get("/me/events").1["value"].as_array().unwrap().len();
    let time = json!({"dateTime": "2026-10-06T09:00:00", "timeZone": "UTC"});
    assert_eq!(outside.post("/me/events", &json!({})).0, 400, "what is refused cannot get lost");
    let body = json!({"start": time, "end": time});
    assert_eq!((code(&outside.post("/me/events", &body)), count()), ((504, "gatewayTimeout"), 2));
    let batch = json!({"requests": [{"id": "1", "method": "POST", "url": "/me/events", "body": body}]});
    let (status, told) = outside.post("/$batch", &batch);
    assert_eq!((status, &told["responses"][0]["status"], count()), (200, &json!(504), 3));
    assert_eq!((outside.post("/me/events", &body).0, count()), (201, 4));
}

#[test]
fn parts_of_a_batch_fail_by_order() {
    let outside = Outside::new();
    let told = outside.set("batch", &json!({"status": 429, "path": "GET /me/contacts", "times": 2, "retry_after": 7}));
    let fault = json!({"path": "GET /me/contacts", "times": 2, "status": 429, "retry_after": 7});
    assert_eq!(told, json!({"part_limit": 0, "in_order": false, "faults": [fault]}));
    let batch = json!({"requests": [{"id": "1", "method": "GET", "url": "/me/contacts"}]});
    let part = outside.post("/$batch", &batch).1["responses"][0].clone();
    assert_eq!((&part["status"], &part["headers"]["Retry-After"]), (&json!(429), &json!("7")));
    assert_eq!(outside.switch("batch")["faults"][0]["times"], 1);
    outside.told("DELETE", "/_sim/batch", &Value::Null);
    assert_eq!(outside.post("/$batch", &batch).1["responses"][0]["status"], 200);
}

#[test]
fn mailboxes_are_added_go_missing_and_get_mail() {
    let mut outside = Outside::new();
    let id = outside.set("mailboxes", &json!({"address": "eve@northwind.example", "name": "Eve Stone"}))["id"].clone();
    let added = outside.switch("mailboxes")[2].clone();
    let expected = json!({"id": id, "address": "eve@northwind.example", "name": "Eve Stone", "state": "ready"});
    assert_eq!(added, expected);
    outside.token = "sim-eve@northwind.example".to_owned();
    assert_eq!(outside.get("/me").1["id"], id);
    let mail = json!({"address": "eve@northwind.example", "mime": "Subject: Hello\r\n\r\nx"});
    let sent = outside.set("mail", &mail);
    assert_eq!(column(&outside.get("/me/mailFolders/inbox/messages").1, "id"), [text(&sent, "/id")]);
    outside
        .set("mail", &json!({"address": "eve@northwind.example", "mime": "Subject: Old\r\n\r\n", "folder": "archive"}));
    assert_eq!(column(&outside.get("/me/mailFolders/archive/messages").1, "subject"), ["Old"]);
    for (state, expected) in
        [("missing", (404, "MailboxNotEnabledForRESTAPI")), ("forbidden", (403, "ErrorAccessDenied"))]
    {
        outside.set("mailboxes/state", &json!({"address": "eve@northwind.example", "state": state}));
        assert_eq!(code(&outside.get("/me/contacts")), expected);
        assert_eq!(outside.switch("mailboxes/state")["eve@northwind.example"], state);
    }
    outside.set("mailboxes/state", &json!({"address": id, "state": "ready"}));
    assert_eq!(outside.get("/me/contacts").0, 200);
}

#[test]
fn a_world_is_taken_out_put_back_and_begun_anew() {
    let outside = Outside::new();
    outside.meeting();
    outside.set("delta", &json!({"lag_seconds": 9}));
    let saved = outside.switch("world");
    let seen = || (outside.get("/me/events").1["value"].as_array().unwrap().len(), outside.switch("delta"));
    let before = seen();
    assert_eq!(outside.set("world/reset", &Value::Null), json!({}));
    let nothing =
        json!({"lag_seconds": 0, "replay": false, "hide_deleted_occurrences": false, "partial_messages": false});
    assert_eq!(seen(), (0, nothing));
    assert_eq!(outside.told("PUT", "/_sim/world", &saved), (200, json!({"mailboxes": 2})));
    assert_eq!((outside.switch("world")["switches"].clone(), seen()), (saved["switches"].clone(), before));
    // A world that names a mailbox it does not have is none.
    let mut broken = saved.clone();
    broken["mailboxes"] = json!([]);
    broken["grants"]["access"] = json!({"x": {"mailbox": 5, "expires": START}});
    let (status, told) = outside.told("PUT", "/_sim/world", &broken);
    assert_eq!(status, 400, "{told}");
    // One of before there were these switches still is.
    let mut old = saved;
    for name in ["ledger", "switches"] {
        let kept = if name == "switches" { json!({"bump_change_key": true, "part_faults": []}) } else { Value::Null };
        old.as_object_mut().unwrap().remove(name);
        if !kept.is_null() {
            old[name] = kept;
        }
    }
    assert_eq!(outside.told("PUT", "/_sim/world", &old).0, 200);
    assert!(outside.shell.model().switches.bump_change_key);
    assert_eq!(outside.switch("limits")["limits"]["requests"], 10_000);
}
