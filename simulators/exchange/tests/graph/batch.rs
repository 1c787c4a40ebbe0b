//! Many requests in one.

use serde_json::{Value, json};
use sim_exchange::{PartFault, WellKnown};

use crate::desk::{ANNA, Desk, code, text};

fn part<'a>(answer: &'a Value, id: &str) -> &'a Value {
    let parts = answer["responses"].as_array().unwrap_or_else(|| panic!("no batch: {answer}"));
    parts.iter().find(|part| part["id"] == id).unwrap_or_else(|| panic!("no part {id}: {answer}"))
}

fn times() -> Value {
    json!({"dateTime": "2026-10-06T09:00:00", "timeZone": "UTC"})
}

#[test]
fn parts_are_carried_out_in_order_with_their_own_headers() {
    let mut desk = Desk::new();
    let event = desk.meeting("Old", "2026-10-06T09:00:00Z");
    let mail =
        desk.with(|world, context| world.deliver(ANNA, WellKnown::Inbox, b"Subject: m\r\n\r\nx", context)).unwrap();
    let id = text(&event, "/id");
    let (status, answer) = desk.post("/$batch", &json!({"requests": [
        {"id": "1", "method": "POST", "url": "/me/events", "headers": {"Content-Type": "application/json", "Prefer": "IdType=\"ImmutableId\""},
         "body": {"subject": "New", "start": times(), "end": times()}},
        {"id": "2", "method": "DELETE", "url": format!("me/events/{id}"), "headers": {"If-Match": event["@odata.etag"]}},
        {"id": "3", "method": "GET", "url": format!("/me/events/{id}"), "dependsOn": ["2"]},
        {"id": "4", "method": "GET", "url": "/me", "dependsOn": ["3"]},
        {"id": "5", "method": "GET", "url": format!("/v1.0/me/messages/{mail}/$value"), "depends_on": []},
        {"id": "6", "method": "POST", "url": "/$batch", "body": {"requests": []}},
    ]}));
    assert_eq!(status, 200);
    let made = part(&answer, "1");
    assert_eq!((made["status"].as_u64(), text(made, "/body/subject")), (Some(201), "New"));
    assert!(text(made, "/body/id").starts_with("AAkALg") && made["headers"]["Location"].is_string());
    let gone = part(&answer, "2");
    assert_eq!((gone["status"].as_u64(), gone.get("body")), (Some(204), None));
    assert_eq!(part(&answer, "3")["status"], 404);
    assert_eq!(
        (&part(&answer, "4")["status"], text(part(&answer, "4"), "/body/error/code")),
        (&json!(424), "FailedDependency")
    );
    assert_eq!(part(&answer, "5")["body"], "U3ViamVjdDogbQ0KDQp4");
    assert_eq!(part(&answer, "6")["status"], 400);
    let ids: Vec<&str> = answer["responses"].as_array().unwrap().iter().map(|part| text(part, "/id")).collect();
    assert_ne!(ids, ["1", "2", "3", "4", "5", "6"], "the order is not the one asked for");
}

#[test]
fn a_batch_that_is_none_is_refused_whole() {
    let get = |id: &str| json!({"id": id, "method": "GET", "url": "/me"});
    let many: Vec<Value> = (0..21).map(|number| get(&number.to_string())).collect();
    let cases = [
        (json!({"requests": many}), "MaximumValueExceeded"),
        (json!({"requests": []}), "BadRequest"),
        (json!({"requests": [get("a"), get("A")]}), "BadRequest"),
        (json!({"requests": [{"method": "GET", "url": "/me"}]}), "BadRequest"),
        (json!({"requests": [{"id": "1", "method": "GET", "url": "/me", "dependsOn": ["2"]}]}), "BadRequest"),
        (json!({"request": []}), "BadRequest"),
    ];
    for (body, expected) in cases {
        assert_eq!(code(&Desk::new().post("/$batch", &body)), (400, expected), "{body}");
    }
}

#[test]
fn single_parts_are_throttled_inside_a_good_batch() {
    let mut desk = Desk::new();
    desk.world.switches.part_faults.push(PartFault {
        target_contains: "POST /me/events".to_owned(),
        times: 1,
        status: 429,
        retry_after: Some(7),
    });
    let create =
        |id: &str| json!({"id": id, "method": "POST", "url": "/me/events", "body": {"start": times(), "end": times()}});
    let body = json!({"requests": [{"id": "0", "method": "GET", "url": "/me"}, create("1"), create("2")]});
    let (status, answer) = desk.post("/$batch", &body);
    assert_eq!(status, 200);
    let statuses: Vec<u64> = ["0", "1", "2"].iter().map(|id| part(&answer, id)["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 429, 201]);
    let throttled = part(&answer, "1");
    assert_eq!(
        (text(throttled, "/headers/Retry-After"), text(throttled, "/body/error/code")),
        ("7", "ApplicationThrottled")
    );
    assert!(desk.world.switches.part_faults.is_empty());
    assert_eq!(desk.get("/me/events").1["value"].as_array().unwrap().len(), 1);
}

#[test]
fn parts_are_addressed_and_filled_in_every_usual_way() {
    let mut desk = Desk::new();
    desk.world.switches.batch_in_order = true;
    let create = json!({"subject": "x", "start": times(), "end": times()});
    let mut sent = create.clone();
    sent["subject"] = "as text".into();
    let json_type = json!({"Content-Type": "application/json"});
    let (status, answer) = desk.post("/$batch", &json!({"requests": [
        {"id": "a", "method": "get", "url": "me?$select=mail"},
        {"id": "b", "method": "GET", "url": "https://graph.microsoft.com/v1.0/me?$select=mail"},
        {"id": "c", "method": "POST", "url": "/me/events", "headers": json_type, "body": create},
        {"id": "d", "method": "POST", "url": "/me/events", "headers": json_type, "body": sent.to_string()},
        {"id": "e", "method": "POST", "url": "/me/messages", "headers": {"Content-Type": "text/plain"}, "body": "%%%"},
        {"id": "f", "method": "GET", "url": "/me/events", "dependsOn": ["D"]},
    ]}));
    let ids: Vec<&str> = answer["responses"].as_array().unwrap().iter().map(|part| text(part, "/id")).collect();
    assert_eq!((status, ids), (200, vec!["a", "b", "c", "d", "e", "f"]));
    let statuses: Vec<u64> =
        ["a", "b", "c", "d", "e", "f"].iter().map(|id| part(&answer, id)["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 200, 201, 201, 400, 200]);
    assert_eq!(part(&answer, "d")["body"]["subject"], "as text");
    assert_eq!(part(&answer, "b")["body"]["mail"], ANNA);
}

#[test]
fn a_batch_that_contradicts_itself_is_told_why() {
    let get = |id: &str, more: Value| {
        let mut part = json!({"id": id, "method": "GET", "url": "/me"});
        part.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        part
    };
    let cases = [
        (vec![get("One", json!({})), get("one", json!({}))], "Request Id one has to be unique in a batch."),
        (vec![get("1", json!({"dependsOn": ["2"]})), get("2", json!({}))], "Invalid dependency for request Id 1."),
        (vec![get("1", json!({"dependsOn": ["1"]}))], "Invalid dependency for request Id 1."),
        (
            (0..21).map(|at| get(&at.to_string(), json!({}))).collect(),
            "Number of batch request steps exceeds the maximum value of 20.",
        ),
    ];
    for (requests, message) in cases {
        let told = Desk::new().post("/$batch", &json!({ "requests": requests }));
        assert_eq!((told.0, text(&told.1, "/error/message")), (400, message));
    }
}
