use super::*;

#[test]
fn history_tells_every_change_once_in_pages_and_by_type() {
    let mut world = World::new();
    let start = world.history_id();
    assert_eq!(world.get(&format!("history?startHistoryId={start}")), json!({ "historyId": start }));
    let id = world.deliver(&mail("a@x.example", ""));
    world.post(&format!("messages/{id}/modify"), json!({ "addLabelIds": ["STARRED"] }));
    world.post(&format!("messages/{id}/modify"), json!({ "addLabelIds": ["STARRED"] }));
    world.post(&format!("messages/{id}/trash"), Value::Null);
    assert_eq!(world.call("DELETE", &format!("messages/{id}"), Value::Null).0, 204);

    let whole = world.get(&format!("history?startHistoryId={start}"));
    let kinds: Vec<String> = whole["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| {
            record.as_object().unwrap().keys().find(|key| *key != "id" && *key != "messages").unwrap().clone()
        })
        .collect();
    assert_eq!(kinds, ["messagesAdded", "labelsAdded", "labelsAdded", "labelsRemoved", "messagesDeleted"]);
    assert_eq!(whole["historyId"], json!(world.history_id()));
    assert_eq!(
        whole["history"][0],
        json!({
            "id": whole["history"][0]["id"],
            "messages": [{ "id": id, "threadId": id }],
            "messagesAdded": [{ "message": { "id": id, "threadId": id, "labelIds": ["INBOX", "UNREAD"] } }],
        })
    );
    assert_eq!(whole["history"][2]["labelsAdded"][0]["labelIds"], json!(["TRASH"]));
    let ids: Vec<u64> = whole["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["id"].as_str().unwrap().parse().unwrap())
        .collect();
    assert!(ids.is_sorted() && ids[0] > start.parse().unwrap());
}

#[test]
fn history_is_paged_filtered_and_refused() {
    let mut world = World::new();
    let start = world.history_id();
    let id = world.deliver(&mail("a@x.example", ""));
    world.post(&format!("messages/{id}/modify"), json!({ "addLabelIds": ["STARRED"] }));
    world.post(&format!("messages/{id}/trash"), Value::Null);
    assert_eq!(world.call("DELETE", &format!("messages/{id}"), Value::Null).0, 204);
    let whole = world.get(&format!("history?startHistoryId={start}"));

    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let page = world.get(&format!("history?startHistoryId={start}&maxResults=2&pageToken={token}"));
        seen.extend(page["history"].as_array().unwrap().clone());
        assert_eq!(page["historyId"], whole["historyId"]);
        match page.get("nextPageToken") {
            Some(next) => token = next.as_str().unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!(json!(seen), whole["history"]);

    let count = |body: Value| body["history"].as_array().map_or(0, Vec::len);
    for (query, expected) in [
        ("historyTypes=messageAdded", 1),
        ("historyTypes=labelAdded&historyTypes=labelRemoved", 3),
        ("historyTypes=messageDeleted", 1),
        ("labelId=TRASH", 3),
        ("labelId=SPAM", 0),
    ] {
        assert_eq!(count(world.get(&format!("history?startHistoryId={start}&{query}"))), expected, "{query}");
    }
    for (query, status, message) in [
        ("", 400, "Missing/invalid parameter: startHistoryId"),
        ("startHistoryId=1", 404, "Requested entity was not found."),
        ("startHistoryId=x", 400, "Invalid value at 'start_history_id' (TYPE_UINT64), \"x\""),
    ] {
        let (seen, body) = world.call("GET", &format!("history?{query}"), Value::Null);
        assert_eq!((seen, reason(&body).1), (status, message), "{query}");
    }
}

#[test]
fn history_is_forgotten_after_a_week_or_on_order() {
    let mut world = World::new();
    let start = world.history_id();
    world.deliver(&mail("a@x.example", ""));
    let later = world.history_id();
    world.now += SignedDuration::from_hours(7 * 24 + 1);
    assert_eq!(world.call("GET", &format!("history?startHistoryId={start}"), Value::Null).0, 404);
    assert_eq!(world.call("GET", &format!("history?startHistoryId={later}"), Value::Null).0, 200);
    world.gmail.expire_history(CARLA);
    assert_eq!(world.call("GET", &format!("history?startHistoryId={later}"), Value::Null).0, 404);
    let fresh = world.history_id();
    assert_eq!(world.call("GET", &format!("history?startHistoryId={fresh}"), Value::Null).0, 200);
}

#[test]
fn watch_is_kept_for_a_week_and_one_topic_at_a_time() {
    let mut world = World::new();
    let watch = |topic: &str| json!({ "topicName": topic, "labelIds": ["INBOX"], "labelFilterBehavior": "include" });
    let answer = world.post("watch", watch("projects/p/topics/t"));
    let expires = world.now + SignedDuration::from_hours(7 * 24);
    assert_eq!(answer, json!({ "historyId": world.history_id(), "expiration": expires.as_millisecond().to_string() }));
    world.post("watch", watch("projects/p/topics/t"));
    assert_eq!(world.call("POST", "watch", watch("projects/p/topics/other")).0, 400);
    assert_eq!(world.call("POST", "watch", watch("topics/t")).0, 400);
    assert_eq!(world.call("POST", "stop", Value::Null).0, 204);
    world.post("watch", watch("projects/p/topics/other"));
}
