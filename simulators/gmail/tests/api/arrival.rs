use super::*;

#[test]
fn mail_comes_in_as_json_media_and_multipart() {
    let mut world = World::new();
    let inserted = world.post("messages", json!({ "raw": URL_SAFE.encode(MAIL), "labelIds": ["SENT"] }));
    let id = inserted["id"].as_str().unwrap().to_owned();
    assert_eq!(inserted, json!({ "id": id, "threadId": id, "labelIds": ["SENT"] }));
    assert_eq!(id.len(), 16);
    assert!(world.post("messages", json!({ "raw": URL_SAFE.encode(MAIL) })).get("labelIds").is_none());

    for (target, date) in [
        ("/upload/gmail/v1/users/me/messages?uploadType=media", world.now.as_millisecond()),
        ("/upload/gmail/v1/users/me/messages?uploadType=media&internalDateSource=dateHeader", 1_930_291_200_000),
        ("/upload/gmail/v1/users/me/messages/import?uploadType=media", 1_930_291_200_000),
    ] {
        let mut media = with_header(request("POST", target, Value::Null), "content-type", "message/rfc822");
        media.body = MAIL.to_vec();
        let id = world.send(&media).body_json()["id"].as_str().unwrap().to_owned();
        let stored = world.get(&format!("messages/{id}?format=raw"));
        assert_eq!(stored["internalDate"], json!(date.to_string()), "{target}");
        assert_eq!(URL_SAFE.decode(stored["raw"].as_str().unwrap()).unwrap(), MAIL);
    }
    let target = "/upload/gmail/v1/users/me/messages?uploadType=multipart";
    let mut multipart =
        with_header(request("POST", target, Value::Null), "content-type", "multipart/related; boundary=\"==q==\"");
    multipart.body = b"--==q==\nContent-Type: application/json\nMIME-Version: 1.0\n\n{\"labelIds\": [\"INBOX\"]}\n\
        --==q==\nContent-Type: message/rfc822\nMIME-Version: 1.0\nContent-Transfer-Encoding: binary\n\n"
        .to_vec();
    multipart.body.extend(MAIL);
    multipart.body.extend(b"\n--==q==--");
    let reply = world.send(&multipart).body_json();
    assert_eq!(reply["labelIds"], json!(["INBOX"]));
    let stored = world.get(&format!("messages/{}?format=raw", reply["id"].as_str().unwrap()));
    assert_eq!(URL_SAFE.decode(stored["raw"].as_str().unwrap()).unwrap(), MAIL);
}

#[test]
fn a_message_id_is_made_and_broken_requests_are_refused() {
    let mut world = World::new();
    let without = world.post("messages", json!({ "raw": URL_SAFE.encode("Subject: x\r\n\r\ny") }));
    let made =
        world.get(&format!("messages/{}?format=metadata&metadataHeaders=message-id", without["id"].as_str().unwrap()));
    assert_eq!(made["payload"]["headers"].as_array().unwrap().len(), 1, "a Message-ID is made where there is none");

    for (body, reason_expected) in [
        (json!({}), "invalidArgument"),
        (json!({ "raw": "!" }), "invalid"),
        (json!({ "raw": "QQ==", "labelIds": ["Label_7"] }), "invalidArgument"),
        (json!({ "raw": "QQ==", "label_ids": [] }), "invalid"),
        (json!([1]), "parseError"),
    ] {
        let (status, answer) = world.call("POST", "messages", body.clone());
        assert_eq!((status, reason(&answer).0), (400, reason_expected), "{body}");
    }
    assert_eq!(world.call("POST", "messages", json!({ "raw": "QQ==", "threadId": "1f" })).0, 404);
}

#[test]
fn an_answer_joins_the_thread_it_names_and_refers_to() {
    let mut world = World::new();
    let first = world.deliver(&mail("a@x.example", ""));
    let answer = mail("b@x.example", "In-Reply-To: <a@x.example>\r\n");
    let stranger = mail("c@x.example", "");
    let insert = |mail: &[u8]| json!({ "raw": URL_SAFE.encode(mail), "threadId": first });
    assert_eq!(world.post("messages", insert(&answer))["threadId"], json!(first));
    assert_ne!(world.post("messages", insert(&stranger))["threadId"], json!(first), "it refers to nothing");
    world.now += SignedDuration::from_secs(60);
    let reply =
        "Subject: RE: hello\r\nMessage-ID: <d@x.example>\r\nReferences: <a@x.example> <b@x.example>\r\n\r\nHi\r\n";
    let last = world.deliver(reply.as_bytes());

    let thread = world.get(&format!("threads/{first}?format=minimal"));
    let ids: Vec<&str> =
        thread["messages"].as_array().unwrap().iter().map(|message| message["id"].as_str().unwrap()).collect();
    assert_eq!((ids.len(), ids.first(), ids.last()), (3, Some(&first.as_str()), Some(&last.as_str())));
    let listed = world.get("threads");
    assert_eq!((listed["threads"].as_array().unwrap().len(), &listed["threads"][0]["id"]), (2, &json!(first)));
    assert_eq!(listed["threads"][0]["historyId"], thread["historyId"]);

    let modified = world.post(&format!("threads/{first}/modify"), json!({ "addLabelIds": ["STARRED"] }));
    assert!(
        modified["messages"]
            .as_array()
            .unwrap()
            .iter()
            .all(|message| message["labelIds"].to_string().contains("STARRED"))
    );
    world.post(&format!("threads/{first}/trash"), Value::Null);
    assert_eq!(world.get("threads")["threads"].as_array().unwrap().len(), 1);
    assert_eq!(world.call("DELETE", &format!("threads/{first}"), Value::Null).0, 204);
    assert_eq!(world.call("GET", &format!("threads/{first}"), Value::Null).0, 404);
    assert_eq!(world.call("GET", &format!("messages/{last}"), Value::Null).0, 404);
}
