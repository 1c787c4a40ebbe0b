//! The switches under `/_sim`, each by its HTTP form, and what they do to the service.

use std::time::Duration;

use http::{HeaderValue, Method};
use serde_json::{Value, json};
use sim_exchange::Switches;
use sim_kit::Request;

use crate::desk::{ANNA, BEN, code, column, text};
use crate::outside::{Outside, START};
use crate::subscriptions::Endpoint;

const DELTA: &str = "/me/contacts/delta";

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

#[test]
fn subscriptions_fail_their_handshake_lapse_and_hear_of_themselves() {
    let (outside, endpoint) = (Outside::new(), Endpoint::open());
    let subscription = |path: &str| {
        json!({
            "changeType": "created", "resource": "me/contacts", "expirationDateTime": "2026-10-03T09:00:00Z",
            "notificationUrl": format!("{}/{path}", endpoint.url),
            "lifecycleNotificationUrl": format!("{}/life", endpoint.url),
        })
    };
    outside.set("subscriptions", &json!({"handshake_failures": 1}));
    assert_eq!(code(&outside.post("/subscriptions", &subscription("one"))), (400, "ValidationError"));
    outside.set("subscriptions", &json!({"allow_http": false}));
    assert_eq!(outside.post("/subscriptions", &subscription("one")).0, 400);
    outside.set("subscriptions", &json!({"allow_http": true}));
    let (status, made) = outside.post("/subscriptions", &subscription("one"));
    assert_eq!(status, 201, "{made}");
    assert_eq!(outside.post("/subscriptions", &subscription("two")).0, 201);
    let active = outside.switch("subscriptions")["active"].clone();
    assert_eq!((active.as_array().unwrap().len(), &active[0]["mailbox"]), (2, &json!(ANNA)));
    assert_eq!(outside.switch("lifecycle"), json!({"listening": 2}));
    let told = outside.told("DELETE", "/_sim/subscriptions", &json!({"id": made["id"]})).1;
    assert_eq!(told["active"].as_array().unwrap().len(), 1);
    assert_eq!(outside.set("lifecycle", &json!({"address": BEN, "event": "missed"})), json!({"told": 0}));
    assert_eq!(outside.set("lifecycle", &json!({"address": ANNA, "event": "missed"})), json!({"told": 1}));
    let (path, notices) = endpoint.next();
    assert_eq!((path.as_str(), text(&notices[0], "/lifecycleEvent")), ("/life", "missed"));
    // A late notification leaves when the clock has come so far, without any other request.
    outside.set("notifications", &json!({"delay_seconds": 60}));
    outside.add_contact("Late");
    outside.pass(59);
    assert!(endpoint.letters.recv_timeout(Duration::from_millis(50)).is_err());
    outside.pass(1);
    assert_eq!(endpoint.next().0, "/two");
    assert_eq!(outside.told("DELETE", "/_sim/subscriptions", &json!({"address": BEN})).1["active"], told["active"]);
    assert_eq!(outside.told("DELETE", "/_sim/subscriptions", &Value::Null).1["active"], json!([]));
}
