use super::*;

#[test]
fn lists_show_ids_newest_first_in_pages_that_survive_new_mail() {
    let mut world = World::new();
    assert_eq!(world.get("messages"), json!({ "resultSizeEstimate": 0 }));
    let mut ids = Vec::new();
    for number in 0..5 {
        world.now += SignedDuration::from_secs(1);
        ids.insert(0, world.deliver(&mail(&format!("n{number}@x.example"), "")));
    }
    let first = world.get("messages?maxResults=2");
    assert_eq!(first["messages"][0], json!({ "id": ids[0], "threadId": ids[0] }));
    assert_eq!((&first["messages"][1]["id"], &first["resultSizeEstimate"]), (&json!(ids[1]), &json!(5)));
    world.now += SignedDuration::from_secs(1);
    world.deliver(&mail("n9@x.example", ""));
    let mut seen: Vec<Value> = first["messages"].as_array().unwrap().clone();
    let mut page = first;
    while let Some(token) = page.get("nextPageToken").map(|token| token.as_str().unwrap().to_owned()) {
        page = world.get(&format!("messages?maxResults=2&pageToken={token}"));
        seen.extend(page["messages"].as_array().unwrap().iter().cloned());
    }
    assert_eq!(seen.iter().map(|message| message["id"].as_str().unwrap()).collect::<Vec<_>>(), ids);
    assert_eq!(world.get("messages?q=rfc822msgid:n3%40x.example")["messages"][0]["id"], json!(ids[1]));
    for (query, reason_expected) in [
        ("maxResults=x", "invalid"),
        ("pageToken=x", "invalidArgument"),
        ("labelIds=Label_9", "invalidArgument"),
        ("fields=messages(subject)", "badRequest"),
        ("includeSpamTrash=maybe", "invalid"),
    ] {
        let (status, body) = world.call("GET", &format!("messages?{query}"), Value::Null);
        assert_eq!((status, reason(&body).0), (400, reason_expected), "{query}");
    }
}

#[test]
fn lists_leave_out_spam_and_trash_unless_asked_and_join_labels_with_and() {
    let mut world = World::new();
    let kept = world.deliver(&mail("1@x.example", ""));
    let gone = world.deliver(&mail("2@x.example", ""));
    let trashed = world.post(&format!("messages/{gone}/trash"), Value::Null);
    assert_eq!(trashed, json!({ "id": gone, "threadId": gone, "labelIds": ["UNREAD", "TRASH"] }));
    for (query, expected) in [
        ("", vec![&kept]),
        ("includeSpamTrash=true", vec![&gone, &kept]),
        ("labelIds=TRASH", vec![&gone]),
        ("labelIds=UNREAD&labelIds=INBOX", vec![&kept]),
        ("labelIds=INBOX&labelIds=TRASH", vec![]),
        ("q=in%3Atrash", vec![&gone]),
        ("q=is:unread+in:anywhere", vec![&gone, &kept]),
    ] {
        let body = world.get(&format!("messages?{query}"));
        let ids: Vec<String> = body["messages"]
            .as_array()
            .map(|list| list.iter().map(|message| message["id"].as_str().unwrap().to_owned()).collect())
            .unwrap_or_default();
        assert_eq!(ids.iter().collect::<Vec<_>>(), expected, "{query}");
    }
    let back = world.post(&format!("messages/{gone}/untrash"), Value::Null);
    assert_eq!(back["labelIds"], json!(["UNREAD"]));
}

#[test]
fn each_format_holds_what_gmail_puts_in_it() {
    let mut world = World::new();
    let id = world.deliver(MAIL);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let minimal = world.get(&format!("messages/{id}?format=minimal"));
    assert_eq!(
        keys(&minimal).into_iter().collect::<std::collections::BTreeSet<_>>(),
        ["historyId", "id", "internalDate", "labelIds", "sizeEstimate", "snippet", "threadId"]
            .map(str::to_owned)
            .into()
    );
    assert_eq!(minimal["internalDate"], json!(world.now.as_millisecond().to_string()));
    assert_eq!(minimal["snippet"], "See the &lt;offer&gt;.");
    assert_eq!(minimal["sizeEstimate"], json!(MAIL.len()));

    let metadata =
        world.get(&format!("messages/{id}?format=metadata&metadataHeaders=subject&metadataHeaders=MESSAGE-id"));
    assert_eq!(
        metadata["payload"],
        json!({ "mimeType": "multipart/mixed", "headers": [
            { "name": "Subject", "value": "Offer" },
            { "name": "Message-ID", "value": "<m1@fabrikam.example>" },
        ]})
    );
    let raw = world.get(&format!("messages/{id}?format=raw"));
    assert_eq!(URL_SAFE.decode(raw["raw"].as_str().unwrap()).unwrap(), MAIL);
    assert!(raw.get("payload").is_none());

    let full = world.get(&format!("messages/{id}"));
    let payload = &full["payload"];
    assert_eq!(
        (&payload["partId"], &payload["body"], &payload["filename"]),
        (&json!(""), &json!({ "size": 0 }), &json!(""))
    );
    assert_eq!(payload["parts"][0]["body"], json!({ "size": 16, "data": URL_SAFE.encode("See the <offer>.") }));
    let attachment = &payload["parts"][1];
    assert_eq!((&attachment["partId"], &attachment["filename"]), (&json!("1"), &json!("offer.pdf")));
    assert_eq!(attachment["body"]["size"], 5);
    assert!(attachment["body"].get("data").is_none());

    let first = attachment["body"]["attachmentId"].as_str().unwrap().to_owned();
    let again = world.get(&format!("messages/{id}"))["payload"]["parts"][1]["body"]["attachmentId"].clone();
    assert_ne!(json!(first), again, "attachment ids change between gets");
    for attachment in [first.as_str(), again.as_str().unwrap()] {
        let body = world.get(&format!("messages/{id}/attachments/{attachment}"));
        assert_eq!(body, json!({ "size": 5, "data": URL_SAFE.encode("%PDF-") }));
    }
    let other = world.deliver(MAIL);
    assert_eq!(world.call("GET", &format!("messages/{other}/attachments/{first}"), Value::Null).0, 400);
}

#[test]
fn an_id_that_is_not_there_is_not_found_and_a_malformed_one_is_invalid() {
    let mut world = World::new();
    let id = world.deliver(MAIL);
    let (status, body) = world.call("GET", "messages/18c0ffee", Value::Null);
    assert_eq!((status, reason(&body)), (404, ("notFound", "Requested entity was not found.")));
    assert_eq!(body["error"]["status"], "NOT_FOUND");
    let (status, body) = world.call("GET", "messages/no-such-id", Value::Null);
    assert_eq!((status, reason(&body)), (400, ("invalidArgument", "Invalid id value")));
    assert_eq!(world.call("GET", &format!("messages/{id}?format=fullest"), Value::Null).0, 400);
}

#[test]
fn fields_cut_the_answer_and_pretty_print_can_be_turned_off() {
    let mut world = World::new();
    let id = world.deliver(MAIL);
    let body = world.get(&format!("messages/{id}?fields=id,payload(mimeType,parts/partId)"));
    assert_eq!(
        body,
        json!({ "id": id, "payload": { "mimeType": "multipart/mixed", "parts": [{ "partId": "0" }, { "partId": "1" }] } })
    );
    let lines = |reply: Reply| String::from_utf8(reply.body).unwrap().lines().count();
    assert!(lines(world.send(&request("GET", "/gmail/v1/users/me/profile", Value::Null))) > 1);
    assert_eq!(
        lines(world.send(&request("GET", "/gmail/v1/users/me/profile?prettyPrint=false&alt=json", Value::Null))),
        1
    );
}

#[test]
fn batch_changes_ask_for_no_existence_and_answer_nothing() {
    let mut world = World::new();
    let one = world.deliver(&mail("a@x.example", ""));
    let two = world.deliver(&mail("b@x.example", ""));
    let reply = world.send(&request(
        "POST",
        "/gmail/v1/users/me/messages/batchModify",
        json!({ "ids": [one, two, "1f"], "removeLabelIds": ["UNREAD"] }),
    ));
    assert_eq!((reply.status.as_u16(), reply.body.len()), (204, 0));
    assert_eq!(world.get("labels/UNREAD")["messagesTotal"], 0);
    assert_eq!(world.call("POST", "messages/batchModify", json!({ "ids": [one], "addLabelIds": ["Label_9"] })).0, 400);
    assert_eq!(world.call("POST", "messages/batchModify", json!({ "ids": vec!["1"; 1001] })).0, 400);
    assert_eq!(world.call("POST", "messages/batchDelete", json!({ "ids": [one, "1f"] })).0, 204);
    assert_eq!(world.get("profile")["messagesTotal"], 1);
}
