//! Messages, folders, attachments.

use serde_json::{Value, json};
use sim_exchange::{DeliverError, WellKnown};

use crate::desk::{ANNA, Desk, code, column, text};

const LETTER: &str = "From: Mia Larsen <mia.larsen@fabrikam.example>\r\n\
To: \"Berg, Anna\" <anna.berg@northwind.example>, =?utf-8?q?J=C3=B6rg?= <j@northwind.example>\r\n\
Cc: Team: ben.carter@northwind.example, x@northwind.example;\r\n\
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\
Date: Tue, 29 Sep 2026 18:00:00 +0200\r\n\
Message-ID: <abc@fabrikam.example>\r\n\
In-Reply-To: <first@northwind.example>\r\n\
X-Folded: one\r\n two\r\n\
MIME-Version: 1.0\r\n\
Content-Type: multipart/mixed; boundary=B\r\n\r\n\
--B\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hello <b>Anna</b></p>\r\n\
--B\r\nContent-Type: application/pdf; name=\"offer.pdf\"\r\nContent-Disposition: attachment; filename=\"offer.pdf\"\r\n\
Content-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--B--\r\n";

fn deliver(desk: &mut Desk, folder: WellKnown, mime: &[u8]) -> Result<String, DeliverError> {
    desk.with(|world, context| world.deliver(ANNA, folder, mime, context))
}

#[test]
fn a_delivered_mail_is_a_message() {
    let mut desk = Desk::new();
    let id = deliver(&mut desk, WellKnown::Inbox, LETTER.as_bytes()).unwrap();
    let message = desk.get(&format!("/me/messages/{id}")).1;
    let expected = json!({
        "subject": "Grüße", "internetMessageId": "<abc@fabrikam.example>", "isRead": false, "isDraft": false,
        "receivedDateTime": "2026-10-01T09:00:00Z", "sentDateTime": "2026-09-29T16:00:00Z", "hasAttachments": true,
        "bodyPreview": "Hello Anna", "flag": {"flagStatus": "notFlagged"}, "importance": "normal",
        "from": {"emailAddress": {"name": "Mia Larsen", "address": "mia.larsen@fabrikam.example"}},
        "toRecipients": [
            {"emailAddress": {"name": "Berg, Anna", "address": ANNA}},
            {"emailAddress": {"name": "Jörg", "address": "j@northwind.example"}},
        ],
        "bccRecipients": [],
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&message[name], value, "{name}");
    }
    assert_eq!(message["ccRecipients"].as_array().unwrap().len(), 2);
    assert!(message.get("internetMessageHeaders").is_none());
    assert!(text(&message, "/body/content").contains("<p>Hello <b>Anna</b></p>"));
    let target = format!("/me/mailFolders/inbox/messages/{id}?$select=internetMessageHeaders,body");
    let reply = desk.send("GET", &target, &["prefer: outlook.body-content-type=\"text\""], None).body_json();
    assert_eq!(reply["body"], json!({"contentType": "text", "content": "Hello Anna"}));
    let headers = reply["internetMessageHeaders"].as_array().unwrap();
    assert!(headers.contains(&json!({"name": "X-Folded", "value": "one two"})), "{headers:?}");
    let mime = desk.send("GET", &format!("/me/messages/{id}/$value"), &[], None);
    assert_eq!((mime.content_type(), mime.body.as_slice()), ("text/plain", LETTER.as_bytes()));
}

#[test]
fn attachments_are_listed_read_and_downloaded() {
    let mut desk = Desk::new();
    let id = deliver(&mut desk, WellKnown::Inbox, LETTER.as_bytes()).unwrap();
    let list = desk.get(&format!("/me/messages/{id}/attachments")).1;
    let attachment = &list["value"][0];
    assert_eq!(text(attachment, "/@odata.type"), "#microsoft.graph.fileAttachment");
    let shown = (text(attachment, "/name"), text(attachment, "/contentType"), attachment["size"].as_u64());
    assert_eq!(shown, ("offer.pdf", "application/pdf", Some(5)));
    assert_eq!((text(attachment, "/contentBytes"), &attachment["isInline"]), ("JVBERi0=", &json!(false)));
    let target = format!("/me/messages/{id}/attachments/{}", text(attachment, "/id"));
    assert_eq!(desk.get(&target).1["name"], "offer.pdf");
    assert_eq!(desk.send("GET", &format!("{target}/$value"), &[], None).body, b"%PDF-");
    let expanded = desk.get(&format!("/me/messages/{id}?$expand=attachments&$select=subject")).1;
    assert_eq!(expanded["attachments"].as_array().map(Vec::len), Some(1));
}

#[test]
fn folders_are_listed_and_known_by_name_and_id() {
    let mut desk = Desk::new();
    deliver(&mut desk, WellKnown::Inbox, LETTER.as_bytes()).unwrap();
    let list = desk.get("/me/mailFolders?$top=50").1;
    let names = column(&list, "displayName");
    assert!(names.contains(&"Inbox") && names.contains(&"Sent Items") && !names.contains(&"Deletions"), "{names:?}");
    let list = desk.get("/me/mailFolders?$filter=displayName+eq+'Inbox'&$top=1").1;
    let inbox = &list["value"][0];
    assert_eq!((inbox["totalItemCount"].as_u64(), inbox["unreadItemCount"].as_u64()), (Some(1), Some(1)));
    let id = text(inbox, "/id");
    assert_eq!(desk.get("/me/mailFolders/Inbox").1["id"], id);
    assert_eq!(desk.get(&format!("/me/mailFolders/{id}/messages")).1["value"].as_array().unwrap().len(), 1);
    assert_eq!(code(&desk.get("/me/mailFolders/nothing/messages")), (400, "ErrorInvalidIdMalformed"));
}

#[test]
fn a_message_takes_marks_but_no_new_text() {
    let mut desk = Desk::new();
    let id = deliver(&mut desk, WellKnown::Inbox, LETTER.as_bytes()).unwrap();
    let target = format!("/me/messages/{id}");
    let marks = json!({"isRead": true, "categories": ["Salesforce"], "flag": {"flagStatus": "Flagged"}});
    let (status, message) = desk.patch(&target, &marks);
    assert_eq!((status, &message["isRead"], text(&message, "/flag/flagStatus")), (200, &json!(true), "flagged"));
    assert_eq!(column(&desk.get("/me/messages?$filter=categories/any(c:c+eq+'Salesforce')").1, "subject"), ["Grüße"]);
    assert_eq!(code(&desk.patch(&target, &json!({"subject": "x"}))), (400, "ErrorInvalidPropertyUpdateSentMessage"));
    let stale = desk.send("PATCH", &target, &["if-match: W/\"old\""], Some(&marks));
    assert_eq!(stale.status, 412);
    let draft = deliver(&mut desk, WellKnown::Drafts, b"Subject: a\r\n\r\nb").unwrap();
    assert_eq!(desk.patch(&format!("/me/messages/{draft}"), &json!({"subject": "b"})).1["subject"], "b");
}

#[test]
fn a_deleted_message_goes_to_the_bin_and_then_away() {
    let mut desk = Desk::new();
    let id = deliver(&mut desk, WellKnown::Inbox, LETTER.as_bytes()).unwrap();
    assert_eq!(desk.delete(&format!("/me/messages/{id}")).0, 204);
    assert_eq!(code(&desk.get(&format!("/me/messages/{id}"))), (404, "ErrorItemNotFound"));
    let list = desk.get("/me/mailFolders/deleteditems/messages").1;
    assert_eq!(desk.delete(&format!("/me/messages/{}", text(&list, "/value/0/id"))).0, 204);
    assert_eq!(desk.get("/me/messages").1["value"], json!([]));
}

#[test]
fn an_immutable_id_survives_a_move() {
    let mut desk = Desk::new();
    desk.prefer = Some("IdType=\"ImmutableId\"");
    let id = deliver(&mut desk, WellKnown::Inbox, LETTER.as_bytes()).unwrap();
    let fixed = text(&desk.get(&format!("/me/messages/{id}")).1, "/id").to_owned();
    let moved = desk.post(&format!("/me/messages/{fixed}/move"), &json!({"destinationId": "archive"})).1;
    assert_eq!(text(&moved, "/id"), fixed);
    assert_eq!(desk.get(&format!("/me/messages/{id}")).0, 404);
}

#[test]
fn broken_mail_is_taken_as_well_as_possible() {
    let nested = format!(
        "Content-Type: multipart/mixed; boundary=a\r\n\r\n{}",
        "--a\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n".repeat(200)
    );
    let cases: [(&[u8], bool); 10] = [
        (b"", false),
        (b"\r\n\r\n", false),
        (b"Subject: only\r\n\r\n", true),
        (b"Subject: no end", true),
        (b"   \r\n\nSubject: after blank lines\r\n\r\nx", true),
        (b"From: <>\r\nDate: yesterday\r\nMessage-ID: \r\n\r\nx", true),
        (b"Subject: \xff\xfe\r\nTo: \xc3\x28\r\n\r\n\xff\xff", true),
        (b"Content-Type: multipart/mixed; boundary=\"x\r\n\r\n--x\r\n--x--", true),
        (b"Date: Tue, 99 Zzz 99999 99:99:99 +9999\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!", true),
        (nested.as_bytes(), true),
    ];
    for (mime, taken) in cases {
        let mut desk = Desk::new();
        let outcome = deliver(&mut desk, WellKnown::Inbox, mime);
        assert_eq!(outcome.is_ok(), taken, "{:?}", String::from_utf8_lossy(mime));
        let list = desk.get("/me/messages?$select=subject,body,internetMessageHeaders&$expand=attachments").1;
        assert_eq!(list["value"].as_array().map(Vec::len), Some(usize::from(taken)));
        if taken {
            assert!(text(&desk.get("/me/messages").1, "/value/0/internetMessageId").ends_with('>'));
        }
    }
    let unknown =
        Desk::new().with(|world, context| world.deliver("x@y.example", WellKnown::Inbox, b"a: b\r\n\r\n", context));
    assert_eq!(unknown, Err(DeliverError::UnknownMailbox("x@y.example".to_owned())));
}

#[test]
fn messages_are_listed_newest_first_and_found_by_id() {
    let mut desk = Desk::new();
    for subject in ["One", "Two"] {
        deliver(
            &mut desk,
            WellKnown::Inbox,
            format!("Subject: {subject}\r\nMessage-ID: <{subject}@x>\r\n\r\n").as_bytes(),
        )
        .unwrap();
        desk.pass(std::time::Duration::from_mins(1));
    }
    assert_eq!(column(&desk.get("/me/mailFolders/inbox/messages").1, "subject"), ["Two", "One"]);
    let found: Value = desk.get("/me/messages?$filter=internetMessageId+eq+'%3COne@x%3E'").1;
    assert_eq!(column(&found, "subject"), ["One"]);
}
