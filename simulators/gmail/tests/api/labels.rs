use super::*;

#[test]
fn labels_are_made_changed_counted_and_refused() {
    let mut world = World::new();
    let color = json!({ "backgroundColor": "#285bac", "textColor": "#ffffff" });
    let made =
        world.post("labels", json!({ "name": "Syncline/Kept", "color": color, "labelListVisibility": "labelHide" }));
    assert_eq!(
        made,
        json!({
            "id": "Label_1", "name": "Syncline/Kept", "type": "user", "color": color,
            "messageListVisibility": "show", "labelListVisibility": "labelHide",
        })
    );
    for (body, status, reason_expected, message) in [
        (json!({ "name": "SYNCLINE/kept" }), 409, "aborted", "Label name exists or conflicts"),
        (json!({ "name": "inbox" }), 400, "invalidArgument", "Invalid label name"),
        (json!({}), 400, "invalidArgument", "Invalid label name"),
        (
            json!({ "name": "x", "color": { "backgroundColor": "#123456", "textColor": "#ffffff" } }),
            400,
            "invalidArgument",
            "Label color #123456 is not on the allowed color palette",
        ),
    ] {
        let (seen, answer) = world.call("POST", "labels", body.clone());
        assert_eq!((seen, reason(&answer)), (status, (reason_expected, message)), "{body}");
    }
    assert_eq!(world.call("POST", "labels", json!({ "name": "x", "color": { "textColor": "#ffffff" } })).0, 400);
    assert_eq!(world.call("POST", "labels", json!({ "name": "x", "labelListVisibility": "never" })).0, 400);
}

#[test]
fn a_label_on_mail_is_counted_and_goes_with_its_label() {
    let mut world = World::new();
    let color = json!({ "backgroundColor": "#285bac", "textColor": "#ffffff" });
    world.post("labels", json!({ "name": "Kept", "color": color }));
    let id = world.deliver(&mail("a@x.example", ""));
    let changed = world
        .post(&format!("messages/{id}/modify"), json!({ "addLabelIds": ["Label_1"], "removeLabelIds": ["INBOX"] }));
    assert_eq!(changed["labelIds"], json!(["UNREAD", "Label_1"]));
    let label = world.get("labels/Label_1");
    let counts = ["messagesTotal", "messagesUnread", "threadsTotal", "threadsUnread"].map(|key| label[key].as_i64());
    assert_eq!(counts, [Some(1); 4]);
    let listed = world.get("labels");
    let all = listed["labels"].as_array().unwrap();
    assert_eq!(all.len(), 15);
    assert!(all.iter().all(|label| label.get("messagesTotal").is_none()));
    assert!(all.contains(&json!({ "id": "INBOX", "name": "INBOX", "type": "system" })));

    for (add, message) in [("SENT", "Invalid label: SENT"), ("Label_8", "labelId not found")] {
        let (status, answer) = world.call("POST", &format!("messages/{id}/modify"), json!({ "addLabelIds": [add] }));
        assert_eq!((status, reason(&answer)), (400, ("invalidArgument", message)));
    }
    assert_eq!(world.call("PATCH", "labels/Label_1", json!({ "name": "Kept" })).1["color"], color);
    assert!(world.call("PUT", "labels/Label_1", json!({ "name": "Kept" })).1.get("color").is_none());
    assert_eq!(world.call("DELETE", "labels/INBOX", Value::Null).0, 400);
    assert_eq!(world.call("DELETE", "labels/Label_1", Value::Null).0, 204);
    assert_eq!(world.call("GET", "labels/Label_1", Value::Null).0, 404);
    assert_eq!(world.get(&format!("messages/{id}?format=minimal"))["labelIds"], json!(["UNREAD"]));
    assert_eq!(world.post("labels", json!({ "name": "Next" }))["id"], "Label_2", "ids are never used again");
}
