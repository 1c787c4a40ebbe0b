use super::*;

#[test]
fn a_batch_answers_each_part_under_its_id() {
    let mut world = World::new();
    let id = world.deliver(&mail("a@x.example", ""));
    let mut batch = with_header(
        request("POST", "/batch/gmail/v1", Value::Null),
        "content-type",
        "multipart/mixed; boundary=\"==b==\"",
    );
    batch.body = format!(
        "--==b==\nContent-Type: application/http\nContent-ID: <u + 1>\n\nGET /gmail/v1/users/me/messages/{id}?format=minimal HTTP/1.1\nAccept: application/json\n\n\n\
         --==b==\nContent-Type: application/http\nContent-ID: <u + 2>\n\nPOST /gmail/v1/users/me/messages/{id}/modify HTTP/1.1\nContent-Type: application/json\n\n{{\"addLabelIds\": [\"STARRED\"]}}\n\
         --==b==\nContent-Type: application/http\nContent-ID: <u + 3>\n\nGET /gmail/v1/users/me/messages/1f HTTP/1.1\nAuthorization: Bearer other\n\n\n\
         --==b==\nContent-Type: application/http\nContent-ID: <u + 4>\n\nDELETE /gmail/v1/users/me/messages/{id}\n\n--==b==--"
    )
    .into();
    let reply = world.send(&batch);
    assert_eq!((reply.status.as_u16(), reply.content_type()), (200, "multipart/mixed"));
    let text = String::from_utf8(reply.body).unwrap();
    for (number, line) in [
        (1, "HTTP/1.1 200 OK"),
        (2, "HTTP/1.1 200 OK"),
        (3, "HTTP/1.1 401 Unauthorized"),
        (4, "HTTP/1.1 204 No Content"),
    ] {
        assert!(text.contains(&format!("Content-ID: <response-u + {number}>\r\n\r\n{line}\r\n")), "{text}");
    }
    assert!(text.contains("\"STARRED\""));
    assert_eq!(world.call("GET", &format!("messages/{id}"), Value::Null).0, 404);

    let part = "--b\n\nGET /gmail/v1/users/me/profile\n\n";
    let mut long = with_header(request("POST", "/batch", Value::Null), "content-type", "multipart/mixed; boundary=b");
    long.body = format!("{}--b--", part.repeat(101)).into();
    assert_eq!(world.send(&long).status, 400);
    long.body = format!("{}--b--", part.repeat(100)).into();
    assert_eq!(world.send(&long).status, 200);
}

#[test]
fn a_long_get_may_come_as_a_post_with_its_query_in_the_body() {
    let mut world = World::new();
    let id = world.deliver(&mail("a@x.example", ""));
    let mut long = request("POST", "/gmail/v1/users/me/messages", Value::Null);
    long = with_header(long, "x-http-method-override", "GET");
    long = with_header(long, "content-type", "application/x-www-form-urlencoded");
    long.body = b"q=rfc822msgid%3Aa%40x.example+OR+rfc822msgid%3Ab%40x.example&alt=json".to_vec();
    assert_eq!(world.send(&long).body_json()["messages"][0]["id"], json!(id));
}
