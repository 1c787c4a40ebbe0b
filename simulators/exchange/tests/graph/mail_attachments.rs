//! Attachments, small and large.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, Method};
use serde_json::{Value, json};
use sim_kit::{Reply, Request};

use crate::desk::{Desk, ORIGIN, code, column, text, told};

const SIZE: usize = 4 * 1024 * 1024;
const PIECE: usize = 3 * 1024 * 1024;

fn draft(desk: &mut Desk) -> String {
    text(&desk.post("/me/messages", &json!({"subject": "a"})).1, "/id").to_owned()
}

fn file(name: &str, more: &Value) -> Value {
    let mut file =
        json!({"@odata.type": "#microsoft.graph.fileAttachment", "name": name, "contentBytes": STANDARD.encode(name)});
    file.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    file
}

#[test]
fn files_items_and_links_are_attached() {
    let mut desk = Desk::new();
    let id = draft(&mut desk);
    let target = format!("/me/messages/{id}/attachments");
    let shown = desk
        .post(&target, &file("logo.png", &json!({"isInline": true, "contentId": "logo", "contentType": "image/png"})));
    assert_eq!((shown.0, text(&shown.1, "/contentId"), &shown.1["size"]), (201, "logo", &json!(8)));
    assert_eq!(desk.get(&format!("/me/messages/{id}")).1["hasAttachments"], false);
    let item = json!({"@odata.type": "#microsoft.graph.itemAttachment", "name": "Lunch",
        "item": {"@odata.type": "microsoft.graph.event", "subject": "Lunch", "start": {"dateTime": "2026-10-05T12:00:00", "timeZone": "UTC"}}});
    let item = desk.post(&target, &item).1;
    assert_eq!((text(&item, "/@odata.type"), item.get("item")), ("#microsoft.graph.itemAttachment", None));
    let one = format!("{target}/{}", text(&item, "/id"));
    assert_eq!(
        text(&desk.get(&format!("{one}?$expand=microsoft.graph.itemAttachment/item")).1, "/item/subject"),
        "Lunch"
    );
    let value = desk.send("GET", &format!("{one}/$value"), &[], None);
    assert!(
        value.content_type() == "text/calendar"
            && String::from_utf8_lossy(&value.body).contains("DTSTART:20261005T120000")
    );
    let link = json!({"@odata.type": "#microsoft.graph.referenceAttachment", "name": "Plan", "sourceUrl": "https://x.example/plan"});
    assert_eq!(text(&desk.post(&target, &link).1, "/sourceUrl"), "https://x.example/plan");
    let list = desk.get(&format!("{target}?$select=name,size,microsoft.graph.fileAttachment/contentId")).1;
    assert_eq!(column(&list, "name"), ["logo.png", "Lunch", "Plan"]);
    assert_eq!((&list["value"][0]["contentId"], list["value"][0].get("contentBytes")), (&json!("logo"), None));
    assert_eq!(code(&desk.get(&format!("{target}?$select=contentBytes"))), (400, "RequestBroker--ParseUri"));
    let expanded = desk.get(&format!("/me/messages/{id}?$expand=attachments($select=name)&$select=subject")).1;
    assert!(
        expanded["attachments"][0].get("contentBytes").is_none() && expanded["attachments"][0]["name"] == "logo.png"
    );
    assert_eq!(desk.send("GET", &format!("{target}/$count"), &[], None).body, b"3");
    assert_eq!(desk.delete(&one).0, 204);
    assert_eq!(code(&desk.get(&one)), (404, "ErrorItemNotFound"));
    assert_eq!(code(&desk.get(&format!("{target}/nothing"))), (400, "ErrorInvalidIdMalformed"));
    let cases = [
        (json!({"name": "a", "contentBytes": "YQ=="}), "RequestBodyRead"),
        (file("", &json!({})), "ErrorRequiredPropertyMissing"),
        (
            json!({"@odata.type": "#microsoft.graph.fileAttachment", "name": "a", "contentBytes": "?"}),
            "RequestBodyRead",
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(code(&desk.post(&target, &body)), (400, expected), "{body}");
    }
    let large = file("large", &json!({"contentBytes": STANDARD.encode(vec![0; PIECE])}));
    assert_eq!(desk.post(&target, &large).0, 413);
}

#[test]
fn an_attached_id_is_known_in_both_forms() {
    let mut desk = Desk::new();
    let id = draft(&mut desk);
    let ordinary =
        text(&desk.post(&format!("/me/messages/{id}/attachments"), &file("a", &json!({}))).1, "/id").to_owned();
    desk.prefer = Some("IdType=\"ImmutableId\"");
    let list = desk.get(&format!("/me/messages/{id}/attachments")).1;
    let fixed = text(&list, "/value/0/id").to_owned();
    assert_ne!(fixed, ordinary);
    for attachment in [&fixed, &ordinary] {
        assert_eq!(desk.get(&format!("/me/messages/{id}/attachments/{attachment}")).1["name"], "a");
    }
    let moved =
        text(&desk.post(&format!("/me/messages/{id}/move"), &json!({"destinationId": "archive"})).1, "/id").to_owned();
    assert_eq!(desk.get(&format!("/me/messages/{moved}/attachments/{fixed}")).0, 200);
    assert_eq!(desk.get(&format!("/me/messages/{moved}/attachments/{ordinary}")).0, 404);
}

fn put(desk: &mut Desk, url: &str, range: &str, bytes: &[u8]) -> Reply {
    let target = url.strip_prefix(ORIGIN).unwrap();
    let mut request = Request::new(Method::PUT, target, ORIGIN);
    request.headers.insert(HeaderName::from_static("content-range"), HeaderValue::try_from(range).unwrap());
    request.body = bytes.to_vec();
    desk.hand_in(&request)
}

#[test]
fn a_large_file_comes_piece_by_piece_without_a_sign_in() {
    let mut desk = Desk::new();
    let id = draft(&mut desk);
    let session = |size: usize| json!({"AttachmentItem": {"AttachmentType": "file", "Name": "big.bin", "Size": size}});
    let create = format!("/me/messages/{id}/attachments/createUploadSession");
    assert_eq!(code(&desk.post(&create, &session(10))), (400, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize"));
    let (status, told_session) = desk.post(&create, &session(SIZE));
    assert_eq!((status, &told_session["nextExpectedRanges"]), (201, &json!(["0-"])));
    let url = text(&told_session, "/uploadUrl").to_owned();
    let bytes: Vec<u8> = (0..SIZE).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let cases = [
        (format!("bytes {PIECE}-{}/{SIZE}", SIZE - 1), &bytes[PIECE..], 416),
        ("bytes 0-1/7".to_owned(), &bytes[..2], 400),
        (format!("bytes 0-9/{SIZE}"), &bytes[..2], 400),
        ("nonsense".to_owned(), &bytes[..2], 400),
    ];
    for (range, piece, expected) in cases {
        assert_eq!(put(&mut desk, &url, &range, piece).status, expected, "{range}");
    }
    let first = put(&mut desk, &url, &format!("bytes 0-{}/{SIZE}", PIECE - 1), &bytes[..PIECE]);
    assert_eq!((first.status.as_u16(), &first.body_json()["nextExpectedRanges"]), (200, &json!([PIECE.to_string()])));
    let last = put(&mut desk, &url, &format!("bytes {PIECE}-{}/{SIZE}", SIZE - 1), &bytes[PIECE..]);
    assert_eq!((last.status.as_u16(), last.body.len()), (201, 0));
    let location = last.headers["location"].to_str().unwrap().to_owned();
    let attachment = location.rsplit('\'').nth(1).unwrap();
    let value = desk.send("GET", &format!("/me/messages/{id}/attachments/{attachment}/$value"), &[], None);
    assert_eq!(value.body, bytes);
    assert_eq!(put(&mut desk, &url, &format!("bytes 0-{}/{SIZE}", PIECE - 1), &bytes[..PIECE]).status, 404);
    let url = text(&desk.post(&create, &session(SIZE)).1, "/uploadUrl").to_owned();
    desk.pass(std::time::Duration::from_hours(25));
    let late = put(&mut desk, &url, &format!("bytes 0-{}/{SIZE}", PIECE - 1), &bytes[..PIECE]);
    assert_eq!(code(&told(&late)), (404, "ErrorItemNotFound"));
}
