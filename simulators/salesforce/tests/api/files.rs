//! Files.

use http::Method;
use serde_json::{Value, json};
use sim_kit::Request;

use crate::world::{V, World, refusal};

const HELLO: &str = "SGVsbG8=";

fn upload(world: &mut World, place: &str) -> Value {
    let row = json!({ "PathOnClient": "offers/Offer.PDF", "VersionData": HELLO, "FirstPublishLocationId": place });
    let id = world.create("ContentVersion", row);
    world.row("ContentVersion", &id)
}

#[test]
fn a_version_makes_a_document_and_its_links() {
    let mut world = World::new();
    let mia = world.only("Contact", "LastName = 'Larsen'");
    let version = upload(&mut world, &mia);
    let data = format!("{V}/sobjects/ContentVersion/{}/VersionData", version["Id"].as_str().unwrap());
    for (field, expected) in [
        ("Title", json!("Offer")),
        ("FileExtension", json!("PDF")),
        ("FileType", json!("PDF")),
        ("ContentSize", json!(5)),
        ("Checksum", json!("8b1a9953c4611296a827abf8c47804d7")),
        ("IsLatest", json!(true)),
        ("VersionNumber", json!("1")),
        ("VersionData", json!(data)),
    ] {
        assert_eq!(version[field], expected, "{field}");
    }
    let reply = world.call("GET", &data, Value::Null);
    assert_eq!(reply.body, b"Hello");
    assert_eq!(reply.headers["content-type"], "application/octetstream");
    let document = version["ContentDocumentId"].as_str().unwrap().to_owned();
    let links =
        format!("SELECT LinkedEntityId, ShareType FROM ContentDocumentLink WHERE ContentDocumentId = '{document}'");
    let shares: Vec<Value> = world.find(&links).iter().map(|link| link["ShareType"].clone()).collect();
    assert_eq!(shares.len(), 2);
    assert!(shares.contains(&json!("V")) && shares.contains(&json!("I")));

    let next = json!({ "PathOnClient": "Better.txt", "VersionData": "SGk=", "ContentDocumentId": document });
    let next = world.create("ContentVersion", next);
    assert_eq!(world.row("ContentVersion", version["Id"].as_str().unwrap())["IsLatest"], json!(false));
    let row = world.row("ContentDocument", &document);
    assert_eq!((&row["LatestPublishedVersionId"], &row["FileType"]), (&json!(next), &json!("TEXT")));
    assert_eq!((&row["Title"], &row["ContentSize"]), (&json!("Offer"), &json!(2)));
    assert_eq!(world.row("ContentVersion", &next)["VersionNumber"], "2");
    world.patch("ContentVersion", &next, json!({ "Title": "New title" }));
    assert_eq!(world.row("ContentDocument", &document)["Title"], "New title");

    assert_eq!(world.call("DELETE", &format!("sobjects/ContentDocument/{document}"), Value::Null).status, 204);
    assert_eq!(world.call("GET", &format!("sobjects/ContentVersion/{next}"), Value::Null).status, 404);
    assert!(world.find(&links).is_empty());
}

#[test]
fn files_that_are_refused() {
    let mut world = World::new();
    for (row, code) in [
        (json!({ "VersionData": HELLO }), "REQUIRED_FIELD_MISSING"),
        (json!({ "PathOnClient": "a.txt" }), "REQUIRED_FIELD_MISSING"),
        (json!({ "PathOnClient": "a.txt", "VersionData": "no base64!" }), "JSON_PARSER_ERROR"),
        (
            json!({ "PathOnClient": "a.txt", "VersionData": HELLO, "ContentDocumentId": "069000000000001AAA" }),
            "INVALID_CROSS_REFERENCE_KEY",
        ),
    ] {
        let reply = world.call("POST", "sobjects/ContentVersion", row.clone());
        assert_eq!((reply.status.as_u16(), refusal(&reply).1), (400, code.to_owned()), "{row}");
    }
}

#[test]
fn links_are_single_and_make_mails_have_attachments() {
    let mut world = World::new();
    let mia = world.only("Contact", "LastName = 'Larsen'");
    let document = upload(&mut world, &mia)["ContentDocumentId"].clone();
    let mail = world.create("EmailMessage", json!({ "Subject": "Offer", "Status": "3" }));
    world.create(
        "ContentDocumentLink",
        json!({ "ContentDocumentId": document, "LinkedEntityId": mail, "ShareType": "V" }),
    );
    assert_eq!(world.row("EmailMessage", &mail)["HasAttachment"], json!(true));
    let ben = world.only("User", "LastName = 'Carter'");
    for (row, code) in [
        (json!({ "ContentDocumentId": document, "LinkedEntityId": mail }), "DUPLICATE_VALUE"),
        (
            json!({ "ContentDocumentId": document, "LinkedEntityId": ben, "ShareType": "I" }),
            "FIELD_INTEGRITY_EXCEPTION",
        ),
        (json!({ "ContentDocumentId": document }), "REQUIRED_FIELD_MISSING"),
        (
            json!({ "ContentDocumentId": document, "LinkedEntityId": ben, "ShareType": "X" }),
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        ),
    ] {
        let reply = world.call("POST", "sobjects/ContentDocumentLink", row.clone());
        assert_eq!(refusal(&reply).1, code, "{row}");
    }
}

#[test]
fn links_are_asked_for_by_one_of_their_ends() {
    let mut world = World::new();
    let mia = world.only("Contact", "LastName = 'Larsen'");
    upload(&mut world, &mia);
    for (condition, found) in [
        ("", None),
        (" WHERE ShareType = 'V'", None),
        (&format!(" WHERE LinkedEntityId != '{mia}'"), None),
        (&format!(" WHERE LinkedEntityId = '{mia}' OR ShareType = 'V'"), None),
        (&format!(" WHERE LinkedEntityId = '{mia}'"), Some(1)),
        (&format!(" WHERE LinkedEntityId IN ('{mia}') AND ShareType = 'C'"), Some(0)),
        (" WHERE LinkedEntityId IN (SELECT Id FROM Contact)", Some(1)),
    ] {
        let reply = world.soql("query", &format!("SELECT Id FROM ContentDocumentLink{condition}"));
        match found {
            Some(found) => assert_eq!(reply.body_json()["totalSize"], json!(found), "{condition}"),
            None => assert_eq!(refusal(&reply), (400, "MALFORMED_QUERY".into(), json!("none")), "{condition}"),
        }
    }
}

#[test]
fn bytes_come_beside_their_record() {
    let mut world = World::new();
    let body = b"--b1\r\nContent-Disposition: form-data; name=\"entity_content\";\r\nContent-Type: application/json\r\n\r\n\
                 {\"PathOnClient\": \"a.bin\"}\r\n--b1\r\nContent-Type: application/octet-stream\r\n\
                 Content-Disposition: form-data; name=\"VersionData\"; filename=\"a.bin\"\r\n\r\n\x00\xff\r\n\x01\r\n--b1--\r\n";
    let mut request = Request::new(Method::POST, &format!("{V}/sobjects/ContentVersion"), "http://sf.test");
    request.headers.insert("content-type", "multipart/form-data; boundary=\"b1\"".parse().unwrap());
    request.body = body.to_vec();
    let reply = world.send(request.clone());
    assert_eq!(reply.status, 201, "{}", reply.body_json());
    let id = reply.body_json()["id"].as_str().unwrap().to_owned();
    let reply = world.call("GET", &format!("sobjects/ContentVersion/{id}/VersionData"), Value::Null);
    assert_eq!(reply.body, b"\x00\xff\r\n\x01");
    for broken in ["multipart/form-data", "multipart/form-data; boundary=other"] {
        request.headers.insert("content-type", broken.parse().unwrap());
        assert_eq!(refusal(&world.send(request.clone())).1, "INVALID_MULTIPART_REQUEST", "{broken}");
    }
}
