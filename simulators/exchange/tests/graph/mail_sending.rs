//! Sending, answering, forwarding, and what arrives.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sim_exchange::MailboxState;

use crate::desk::{ANNA, BEN, Desk, code, column, text};
use crate::mail_writing::post_mime;

const OUTSIDE: &str = "mia@fabrikam.example";

fn to(addresses: &[&str]) -> Value {
    addresses.iter().map(|address| json!({"emailAddress": {"address": address}})).collect()
}

fn as_ben(desk: &mut Desk, target: &str) -> Value {
    desk.token = format!("sim-{BEN}");
    let told = desk.get(target).1;
    "test-token".clone_into(&mut desk.token);
    told
}

#[test]
fn a_draft_is_sent_and_arrives() {
    let mut desk = Desk::new();
    desk.prefer = Some("IdType=\"ImmutableId\"");
    let body = json!({"subject": "Offer", "body": {"contentType": "html", "content": "<p>Hi</p>"}, "ccRecipients": to(&[OUTSIDE]),
        "bccRecipients": to(&[BEN]), "internetMessageHeaders": [{"name": "x-crm", "value": "7"}]});
    let draft = desk.post("/me/messages", &body).1;
    let id = text(&draft, "/id").to_owned();
    let reply = desk.send("POST", &format!("/me/messages/{id}/send"), &[], None);
    assert_eq!((reply.status.as_u16(), reply.body.len()), (202, 0));
    let sent = desk.get(&format!("/me/messages/{id}")).1;
    assert_eq!(
        (&sent["isDraft"], &sent["parentFolderId"]),
        (&json!(false), &desk.get("/me/mailFolders/sentitems").1["id"])
    );
    assert_eq!(
        (text(&sent, "/from/emailAddress/address"), &sent["internetMessageId"]),
        (ANNA, &draft["internetMessageId"])
    );
    let inbox = as_ben(&mut desk, "/me/mailFolders/inbox/messages");
    let got = &inbox["value"][0];
    assert_eq!((text(got, "/subject"), &got["isRead"], &got["bccRecipients"]), ("Offer", &json!(false), &json!([])));
    assert_eq!(
        (&got["internetMessageId"], text(got, "/from/emailAddress/name")),
        (&sent["internetMessageId"], "Anna Berg")
    );
    let headers = as_ben(&mut desk, &format!("/me/messages/{}?$select=internetMessageHeaders", text(got, "/id")));
    let names = headers["internetMessageHeaders"]
        .as_array()
        .unwrap()
        .iter()
        .map(|header| header["name"].as_str().unwrap().to_lowercase());
    let names: Vec<String> = names.collect();
    assert!(
        names.contains(&"x-crm".to_owned())
            && names.contains(&"received".to_owned())
            && !names.contains(&"bcc".to_owned())
    );
    let letter = &desk.world.sent_mail[0];
    assert_eq!(
        (letter.from.as_str(), letter.to.len(), letter.outside.as_slice()),
        (ANNA, 2, [OUTSIDE.to_owned()].as_slice())
    );
    assert_eq!(code(&desk.post(&format!("/me/messages/{id}/send"), &Value::Null)), (400, "ErrorInvalidRequest"));
}

#[test]
fn send_mail_takes_json_and_mime() {
    let mut desk = Desk::new();
    let mail = |more: Value| {
        let mut message =
            json!({"subject": "Hello", "body": {"contentType": "Text", "content": "Hi"}, "toRecipients": to(&[BEN])});
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        message
    };
    assert_eq!(desk.post("/me/sendMail", &json!({"message": mail(json!({}))})).0, 202);
    assert_eq!(desk.post("/me/sendMail", &json!({"Message": mail(json!({})), "SaveToSentItems": false})).0, 202);
    let mime = format!("To: {BEN}\r\nBcc: {OUTSIDE}\r\nSubject: As MIME\r\n\r\nHi");
    assert_eq!(post_mime(&mut desk, "/me/sendMail", &STANDARD.encode(mime)).status, 202);
    assert_eq!(column(&desk.get("/me/mailFolders/sentitems/messages").1, "subject"), ["As MIME", "Hello"]);
    let inbox = as_ben(&mut desk, "/me/mailFolders/inbox/messages");
    assert_eq!(column(&inbox, "subject"), ["As MIME", "Hello", "Hello"]);
    assert_eq!(text(&inbox, "/value/0/from/emailAddress/address"), ANNA);
    assert_eq!(desk.world.sent_mail[2].outside, [OUTSIDE]);
    let denied = json!({"from": {"emailAddress": {"address": BEN}}});
    let cases = [
        (json!({"message": {"subject": "Nobody"}}), (400, "ErrorInvalidRecipients")),
        (json!({"message": {"toRecipients": to(&["not an address"])}}), (400, "ErrorInvalidRecipients")),
        (json!({"message": mail(denied)}), (403, "ErrorSendAsDenied")),
        (json!({}), (400, "ErrorInvalidParameter")),
    ];
    for (body, expected) in cases {
        assert_eq!(code(&desk.post("/me/sendMail", &body)), expected, "{body}");
    }
    assert_eq!(desk.world.sent_mail.len(), 3);
    desk.world.set_mailbox_state(BEN, MailboxState::NotEnabled).unwrap();
    desk.post("/me/sendMail", &json!({"message": mail(json!({}))}));
    assert_eq!(desk.world.sent_mail[3].outside, [BEN]);
}

#[test]
fn an_answer_stays_in_its_conversation() {
    let mut desk = Desk::new();
    let first = json!({"subject": "Plan", "toRecipients": to(&[BEN, OUTSIDE]), "ccRecipients": to(&["cc@x.example"])});
    desk.post("/me/sendMail", &json!({"message": first}));
    desk.token = format!("sim-{BEN}");
    let got = desk.get("/me/mailFolders/inbox/messages").1["value"][0].clone();
    let id = text(&got, "/id").to_owned();
    let (status, draft) = desk.post(&format!("/me/messages/{id}/createReplyAll"), &json!({"comment": "Yes & no"}));
    assert_eq!((status, text(&draft, "/subject"), &draft["conversationId"]), (201, "RE: Plan", &got["conversationId"]));
    let addresses = |list: &str| -> Vec<String> {
        draft[list].as_array().unwrap().iter().map(|person| text(person, "/emailAddress/address").to_owned()).collect()
    };
    assert_eq!(
        (addresses("toRecipients"), addresses("ccRecipients")),
        (vec![ANNA.to_owned(), OUTSIDE.to_owned()], vec!["cc@x.example".to_owned()])
    );
    assert!(
        text(&draft, "/body/content").contains("Yes &amp; no")
            && text(&draft, "/body/content").contains("<b>From:</b> Anna Berg")
    );
    let unique = desk.get(&format!("/me/messages/{}?$select=uniqueBody", text(&draft, "/id"))).1;
    assert!(!text(&unique, "/uniqueBody/content").contains("From:"));
    assert_eq!(desk.post(&format!("/me/messages/{}/send", text(&draft, "/id")), &Value::Null).0, 202);
    assert_eq!(
        desk.post(
            &format!("/me/messages/{id}/reply"),
            &json!({"Comment": "Again", "Message": {"CcRecipients": to(&[OUTSIDE])}})
        )
        .0,
        202
    );
    desk.token = "test-token".to_owned();
    let inbox = desk.get("/me/mailFolders/inbox/messages").1;
    assert_eq!(column(&inbox, "subject"), ["RE: Plan", "RE: Plan"]);
    let sent = desk.get("/me/mailFolders/sentitems/messages").1;
    assert_eq!(inbox["value"][0]["conversationId"], sent["value"][0]["conversationId"]);
    let filter = format!("/me/messages?$filter=conversationId eq '{}'", text(&sent, "/value/0/conversationId"));
    assert_eq!(desk.get(&filter).1["value"].as_array().unwrap().len(), 3);
    let target = format!(
        "/me/messages/{}?$expand=singleValueExtendedProperties($filter=id eq 'String 0x1042')",
        text(&inbox, "/value/0/id")
    );
    assert_eq!(desk.get(&target).1["singleValueExtendedProperties"][0]["value"], sent["value"][0]["internetMessageId"]);
}

#[test]
fn a_forward_takes_the_attachments_along_and_needs_a_recipient() {
    let mut desk = Desk::new();
    let draft = json!({"subject": "RE: Plan", "attachments": [{"@odata.type": "#microsoft.graph.fileAttachment", "name": "a.txt",
        "contentBytes": "YQ=="}]});
    let id = text(&desk.post("/me/messages", &draft).1, "/id").to_owned();
    let target = format!("/me/messages/{id}/forward");
    assert_eq!(code(&desk.post(&target, &json!({"comment": "x"}))), (400, "ErrorInvalidRecipients"));
    let twice = json!({"comment": "x", "message": {"body": {"contentType": "text", "content": "y"}}, "toRecipients": to(&[BEN])});
    assert_eq!(code(&desk.post(&target, &twice)), (400, "ErrorInvalidArgument"));
    assert_eq!(desk.post(&target, &json!({"comment": "See below", "toRecipients": to(&[BEN])})).0, 202);
    let got = as_ben(&mut desk, "/me/mailFolders/inbox/messages?$expand=attachments")["value"][0].clone();
    assert_eq!((text(&got, "/subject"), text(&got, "/attachments/0/contentBytes")), ("FW: Plan", "YQ=="));
    let (status, draft) = desk.post(&format!("/me/messages/{id}/createForward"), &Value::Null);
    assert_eq!((status, &draft["toRecipients"], &draft["hasAttachments"]), (201, &json!([]), &json!(true)));
}
