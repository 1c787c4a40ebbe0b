//! Messages that clients write: drafts, imports, changes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Method};
use mail_parser::{MessageParser, MimeHeaders};
use serde_json::{Value, json};
use sim_kit::{Reply, Request};

use crate::desk::{ANNA, BEN, CRM_ID, Desk, ORIGIN, code, column, text, told};

fn person(name: &str, address: &str) -> Value {
    json!({"emailAddress": {"name": name, "address": address}})
}

/// Posts a mail in base64.
pub(crate) fn post_mime(desk: &mut Desk, target: &str, body: &str) -> Reply {
    let mut request = Request::new(Method::POST, &format!("/v1.0{target}"), ORIGIN);
    request.headers.insert("authorization", HeaderValue::from_static("Bearer test-token"));
    request.headers.insert("content-type", HeaderValue::from_static("text/plain"));
    request.headers.insert("accept", HeaderValue::from_static("application/octet-stream"));
    request.body = body.as_bytes().to_vec();
    desk.hand_in(&request)
}

#[test]
fn a_post_makes_a_draft() {
    let mut desk = Desk::new();
    let body = json!({
        "subject": "Offer", "importance": "High", "categories": ["Salesforce"], "body": {"contentType": "HTML", "content": "<b>Hi</b>"},
        "toRecipients": [{"emailAddress": {"address": BEN}}, person("Mia", "mia@fabrikam.example")],
        "ccRecipients": [], "bccRecipients": [person("", "boss@northwind.example")],
        "internetMessageHeaders": [{"name": "x-crm", "value": "order 7"}], "isReadReceiptRequested": true,
        "singleValueExtendedProperties": [{"id": CRM_ID, "value": "m1"}],
    });
    let (status, draft) = desk.post("/me/messages", &body);
    assert_eq!((status, &draft["isDraft"], &draft["isRead"]), (201, &json!(true), &json!(true)), "{draft}");
    let shown = (text(&draft, "/importance"), text(&draft, "/bodyPreview"), &draft["isReadReceiptRequested"]);
    assert_eq!(shown, ("high", "Hi", &json!(true)));
    assert_eq!(draft["toRecipients"][0], person("Ben Carter", BEN));
    assert!(draft.get("internetMessageHeaders").is_none() && text(&draft, "/internetMessageId").starts_with('<'));
    assert_eq!(draft["parentFolderId"], desk.get("/me/mailFolders/drafts").1["id"]);
    let id = text(&draft, "/id").to_owned();
    let target = format!(
        "/me/messages/{id}?$select=internetMessageHeaders&$expand=singleValueExtendedProperties($filter=id eq '{CRM_ID}')"
    );
    let read = desk.get(&target).1;
    assert_eq!(read["internetMessageHeaders"], json!([{"name": "x-crm", "value": "order 7"}]));
    assert_eq!(text(&read, "/singleValueExtendedProperties/0/value"), "m1");
    let mime = desk.send("GET", &format!("/me/messages/{id}/$value"), &[], None);
    assert_eq!(mime.content_type(), "text/plain");
    let mail = MessageParser::default().parse(&mime.body).unwrap();
    let header = |name: &str| mail.header(name).and_then(|value| value.as_text()).map(str::to_owned);
    assert_eq!((mail.subject(), header("x-crm").as_deref()), (Some("Offer"), Some("order 7")));
    assert!(mail.body_html(0).unwrap().contains("<b>Hi</b>") && mail.body_text(0).unwrap().contains("Hi"));
    assert_eq!(mail.to().unwrap().iter().count() + mail.bcc().unwrap().iter().count(), 3);
    assert_eq!(mail.message_id().map(|id| format!("<{id}>")).as_deref(), draft["internetMessageId"].as_str());
    let elsewhere =
        desk.post("/me/mailFolders/archive/messages", &json!({"subject": "In the archive", "toRecipients": []})).1;
    assert_eq!(elsewhere["parentFolderId"], desk.get("/me/mailFolders/archive").1["id"]);
}

#[test]
fn an_import_by_properties_is_no_draft() {
    let flags = |value: &str| json!({"id": "Integer 0x0E07", "value": value});
    let received = json!({"id": "SystemTime 0x0E06", "value": "2026-09-01T08:00:00Z"});
    let sent = json!({"id": "SystemTime 0x0039", "value": "2026-09-01T07:59:00Z"});
    // flags, said in the body: draft, read
    let cases = [
        ("1", None, false, true),
        ("4", None, false, false),
        ("8", None, true, false),
        ("9", None, true, true),
        ("4", Some(true), false, true),
    ];
    for (value, said, draft, read) in cases {
        let mut desk = Desk::new();
        let mut body = json!({"subject": "Old", "from": person("Mia", "mia@fabrikam.example"), "toRecipients": [person("Anna", ANNA)],
            "singleValueExtendedProperties": [flags(value), received, sent]});
        if let Some(said) = said {
            body["isRead"] = said.into();
        }
        let (status, message) = desk.post("/me/mailFolders/inbox/messages", &body);
        assert_eq!(
            (status, &message["isDraft"], &message["isRead"]),
            (201, &json!(draft), &json!(read)),
            "{value}: {message}"
        );
        assert_eq!(
            (text(&message, "/receivedDateTime"), text(&message, "/sentDateTime")),
            ("2026-09-01T08:00:00Z", "2026-09-01T07:59:00Z")
        );
        assert_eq!(message["sender"], person("Mia", "mia@fabrikam.example"));
        let target = format!(
            "/me/messages/{}?$expand=singleValueExtendedProperties($filter=id eq 'Integer 0x0E07' or id eq 'SystemTime 0x0e06')",
            text(&message, "/id")
        );
        let properties = desk.get(&target).1["singleValueExtendedProperties"].clone();
        let expected = i32::from(read) + 8 * i32::from(draft);
        assert_eq!(properties[0], json!({"id": "Integer 0xe07", "value": expected.to_string()}));
        assert_eq!(properties[1]["value"], "2026-09-01T08:00:00Z");
        // Later it cannot become something else.
        let patch = json!({"singleValueExtendedProperties": [flags(if draft { "1" } else { "8" })]});
        assert_eq!(desk.patch(&format!("/me/messages/{}", text(&message, "/id")), &patch).1["isDraft"], draft);
    }
}

#[test]
fn mime_makes_a_draft_too() {
    let mut desk = Desk::new();
    let mail = "Subject: From MIME\r\nTo: mia@fabrikam.example\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<p>Hi</p>";
    let (status, draft) = told(&post_mime(&mut desk, "/me/messages", &STANDARD.encode(mail)));
    assert_eq!((status, text(&draft, "/subject"), &draft["isDraft"]), (201, "From MIME", &json!(true)));
    let id = text(&draft, "/id").to_owned();
    assert_eq!(desk.send("GET", &format!("/me/messages/{id}/$value"), &[], None).body, mail.as_bytes());
    assert_eq!(desk.patch(&format!("/me/messages/{id}"), &json!({"subject": "New"})).0, 200);
    let mime = desk.send("GET", &format!("/me/messages/{id}/$value"), &[], None).body;
    let mail = MessageParser::default().parse(&mime).unwrap();
    assert_eq!((mail.subject(), mail.body_text(0).as_deref().map(str::trim)), (Some("New"), Some("Hi")));
    for (body, expected) in [("no base64!", "ErrorMimeContentInvalidBase64String"), ("", "ErrorMimeContentInvalid")] {
        assert_eq!(code(&told(&post_mime(&mut desk, "/me/messages", body))), (400, expected));
    }
}

#[test]
fn what_cannot_be_written_is_refused() {
    let header = |name: &str| json!({"internetMessageHeaders": [{"name": name, "value": "1"}]});
    let many: Vec<Value> = (0..6).map(|number| json!({"name": format!("x-{number}"), "value": "1"})).collect();
    let cases = [
        (header("Reply-To"), "InvalidInternetMessageHeader"),
        (header("x-bad: name"), "InvalidInternetMessageHeader"),
        (json!({"internetMessageHeaders": many}), "InvalidInternetMessageHeaderCollection"),
        (json!({"nothing": 1}), "RequestBodyRead"),
        (json!({"toRecipients": ["a@x.example"]}), "RequestBodyRead"),
        (json!({"importance": "huge"}), "RequestBodyRead"),
        (json!({"attachments": [{"name": "a"}]}), "RequestBodyRead"),
        (
            json!({"flag": {"flagStatus": "flagged", "dueDateTime": {"dateTime": "2026-10-05T00:00:00", "timeZone": "UTC"}}}),
            "ErrorInvalidArgument",
        ),
        (json!({"singleValueExtendedProperties": [{"id": "Integer", "value": "1"}]}), "ErrorInvalidExtendedProperty"),
    ];
    for (body, expected) in cases {
        let mut desk = Desk::new();
        assert_eq!(code(&desk.post("/me/messages", &body)), (400, expected), "{body}");
        assert_eq!(desk.get("/me/messages").1["value"], json!([]));
    }
    let mut desk = Desk::new();
    let draft = desk.post("/me/messages", &json!({"subject": "a"})).1;
    let told = desk.patch(&format!("/me/messages/{}", text(&draft, "/id")), &header("x-late"));
    assert_eq!(code(&told), (400, "ErrorInvalidPropertySet"));
    let long = json!({"subject": "x".repeat(5 * 1024 * 1024)});
    assert_eq!(desk.post("/me/messages", &long).0, 413);
}

#[test]
fn a_flag_has_its_dates_as_long_as_it_needs_them() {
    let mut desk = Desk::new();
    let draft = desk.post("/me/messages", &json!({"subject": "a"})).1;
    let target = format!("/me/messages/{}", text(&draft, "/id"));
    let day = |day: &str| json!({"dateTime": format!("2026-10-{day}T00:00:00.0000000"), "timeZone": "UTC"});
    let flagged = json!({"flag": {"flagStatus": "flagged", "startDateTime": day("02"), "dueDateTime": day("05")}});
    assert_eq!(desk.patch(&target, &flagged).1["flag"], flagged["flag"]);
    let done = desk.patch(&target, &json!({"flag": {"flagStatus": "complete"}})).1;
    assert_eq!((&done["flag"]["completedDateTime"], &done["flag"]["dueDateTime"]), (&day("01"), &day("05")));
    let none =
        desk.patch(&target, &json!({"flag": {"flagStatus": "notFlagged"}, "inferenceClassification": "Other"})).1;
    assert_eq!(
        (&none["flag"], text(&none, "/inferenceClassification")),
        (&json!({"flagStatus": "notFlagged"}), "other")
    );
}

#[test]
fn a_copy_is_a_message_of_its_own_and_what_is_deleted_for_good_is_gone() {
    let mut desk = Desk::new();
    let draft = desk.post("/me/messages", &json!({"subject": "a"})).1;
    let id = text(&draft, "/id").to_owned();
    let (status, copy) = desk.post(&format!("/me/messages/{id}/copy"), &json!({"DestinationId": "archive"}));
    assert_eq!((status, &copy["internetMessageId"]), (201, &draft["internetMessageId"]));
    assert_ne!(text(&copy, "/id"), id);
    assert_eq!(desk.post(&format!("/me/messages/{id}/permanentDelete"), &Value::Null).0, 204);
    assert_eq!(desk.get(&format!("/me/messages/{id}")).0, 404);
    assert_eq!(desk.get("/me/messages").1["value"].as_array().unwrap().len(), 1);
    // Twice deleted, it is where only a recovery finds it.
    desk.prefer = Some("IdType=\"ImmutableId\"");
    let fixed = text(&desk.get(&format!("/me/messages/{}", text(&copy, "/id"))).1, "/id").to_owned();
    for _ in 0..2 {
        assert_eq!(desk.delete(&format!("/me/messages/{fixed}")).0, 204);
    }
    assert_eq!(desk.get("/me/messages").1["value"], json!([]));
    assert_eq!(code(&desk.get(&format!("/me/messages/{fixed}"))), (404, "ErrorItemNotFound"));
    desk.prefer = None;
    let deletions = desk.get("/me/mailFolders/recoverableitemsdeletions/messages").1;
    assert_eq!(column(&deletions, "subject"), ["a"]);
    let target = format!("/me/messages/{}", text(&deletions, "/value/0/id"));
    let back = desk.post(&format!("{target}/move"), &json!({"destinationId": "inbox"}));
    assert_eq!((back.0, desk.get("/me/messages").1["value"].as_array().unwrap().len()), (201, 1));
}

#[test]
fn attached_names_survive_the_mime() {
    let mut desk = Desk::new();
    let body = json!({"subject": "Größe", "attachments": [{"@odata.type": "#microsoft.graph.fileAttachment",
        "name": "Grüße \"1\".txt", "contentType": "text/plain", "contentBytes": STANDARD.encode("file")}]});
    let draft = desk.post("/me/messages", &body).1;
    assert_eq!(draft["hasAttachments"], true);
    let mime = desk.send("GET", &format!("/me/messages/{}/$value", text(&draft, "/id")), &[], None).body;
    let mail = MessageParser::default().parse(&mime).unwrap();
    let file = mail.attachment(0).unwrap();
    assert_eq!(
        (mail.subject(), file.attachment_name(), file.contents()),
        (Some("Größe"), Some("Grüße \"1\".txt"), b"file".as_slice())
    );
}
