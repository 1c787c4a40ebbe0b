//! Messages into their canonical form.

use jiff::Timestamp;
use syncline_core::ids::RemoteId;
use syncline_core::mail::{Mail, MailObservation};

use crate::body::{html_to_text, reading};
use crate::headers::{Envelope, parameter};
use crate::wire::{Message, Part};

/// Deleted mail, junk, and what is no mail at all.
const LEFT_OUT: [&str; 3] = ["TRASH", "SPAM", "CHAT"];
/// Local parts that only mail servers write from (RFC 2142, RFC 5321).
const SERVERS: [&str; 2] = ["mailer-daemon", "postmaster"];

pub(crate) fn is_left_out(message: &Message) -> bool {
    LEFT_OUT.iter().any(|label| message.has_label(label))
}

pub(crate) fn observed(id: RemoteId, message: &Message) -> MailObservation {
    match mail(id.clone(), message) {
        Ok(mail) => MailObservation::Present(Box::new(mail)),
        Err(problem) => MailObservation::Unreadable { id, problem },
    }
}

fn mail(id: RemoteId, message: &Message) -> Result<Mail, String> {
    let received = instant(&message.internal_date).ok_or("internalDate is no instant")?;
    let envelope = Envelope::of(&message.payload);
    let (text, html) = reading(&message.payload)?.finished(html_to_text);
    Ok(Mail {
        id,
        message_id: envelope.message_id,
        subject: envelope.subject,
        is_service: is_service(&message.payload, envelope.author.as_deref()),
        from: envelope.from,
        to: envelope.to,
        cc: envelope.cc,
        bcc: envelope.bcc,
        sent: envelope.sent.unwrap_or(received),
        received,
        text,
        html,
        is_draft: message.has_label("DRAFT"),
    })
}

fn instant(milliseconds: &str) -> Option<Timestamp> {
    Timestamp::from_millisecond(milliseconds.parse().ok()?).ok()
}

/// Whether a machine wrote it about mail: what RFC 3834 (`Auto-Submitted`), RFC 6522 (reports), RFC 6047
/// (answers to invitations) and RFC 5321 (the empty return path) provide.
fn is_service(root: &Part, author: Option<&str>) -> bool {
    let automatic = root.headers("Auto-Submitted").any(|value| {
        let keyword = value.split(';').next().unwrap_or_default().trim();
        !keyword.is_empty() && !keyword.eq_ignore_ascii_case("no")
    });
    let unreturnable = root.header("Return-Path").is_some_and(|path| path.trim() == "<>");
    let local = author.map(|author| author.split('@').next().unwrap_or_default().trim().to_lowercase());
    automatic
        || unreturnable
        || local.is_some_and(|local| SERVERS.contains(&local.as_str()))
        || root.mime_type.eq_ignore_ascii_case("multipart/report")
        || answers_an_invitation(root)
}

/// A calendar reply as the message itself, or beside its text; not in an attached message.
fn answers_an_invitation(part: &Part) -> bool {
    let is_reply = || parameter(part, "method").is_some_and(|method| method.eq_ignore_ascii_case("reply"));
    let kind = part.mime_type.to_ascii_lowercase();
    kind == "text/calendar" && is_reply()
        || kind.starts_with("multipart/") && part.parts.iter().any(answers_an_invitation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn message(change: impl FnOnce(&mut Value)) -> Message {
        let mut value = json!({
            "id": "18c", "threadId": "18c", "labelIds": ["INBOX", "UNREAD"], "internalDate": "1930291205000",
            "payload": { "partId": "", "mimeType": "text/plain", "filename": "", "body": { "size": 2, "data": "SGk=" },
                "headers": [
                    { "name": "from", "value": "Mia <Mia@Fabrikam.example>" },
                    { "name": "TO", "value": "carla.diaz@northwind.example" },
                    { "name": "Date", "value": "Mon, 3 Mar 2031 09:00:00 +0100" },
                    { "name": "Message-Id", "value": "<1@fabrikam.example>" },
                    { "name": "Subject", "value": "Offer" },
                ] },
        });
        change(&mut value);
        serde_json::from_value(value).unwrap()
    }

    fn seen(message: &Message) -> Mail {
        mail(RemoteId::new("18c"), message).unwrap()
    }

    #[test]
    fn a_plain_message_has_its_canonical_form() {
        let mail = seen(&message(|_| {}));
        assert_eq!(mail.message_id.unwrap().as_str(), "1@fabrikam.example");
        assert_eq!((mail.subject.as_str(), mail.text.as_str(), mail.html), ("Offer", "Hi", None));
        assert_eq!(mail.from.unwrap().address, "mia@fabrikam.example");
        assert_eq!(mail.to.len(), 1);
        assert_eq!(mail.sent.to_string(), "2031-03-03T08:00:00Z");
        assert_eq!(mail.received.to_string(), "2031-03-03T08:00:05Z");
        assert!(!mail.is_draft && !mail.is_service);
    }

    #[test]
    fn a_message_without_readable_date_was_sent_when_it_was_received() {
        for date in ["nonsense", "Mon, 33 Mar 2031 99:00:00 +0100", ""] {
            let mail = seen(&message(|value| value["payload"]["headers"][2]["value"] = date.into()));
            assert_eq!(mail.sent, mail.received, "{date}");
        }
    }

    #[test]
    fn labels_decide_what_is_left_out_and_what_is_a_draft() {
        for (label, left_out, draft) in [
            ("INBOX", false, false),
            ("TRASH", true, false),
            ("SPAM", true, false),
            ("CHAT", true, false),
            ("DRAFT", false, true),
        ] {
            let message = message(|value| value["labelIds"] = json!(["UNREAD", label]));
            assert_eq!((is_left_out(&message), seen(&message).is_draft), (left_out, draft), "{label}");
        }
    }

    #[test]
    fn a_broken_message_says_where_and_not_what() {
        for (place, value, problem) in [
            ("/internalDate", json!("secret"), "internalDate is no instant"),
            ("/internalDate", json!("9999999999999999999"), "internalDate is no instant"),
            ("/payload/body/data", json!("§secret§"), "the body of part \"\" is not base64url"),
        ] {
            let message = message(|row| *row.pointer_mut(place).unwrap() = value);
            let expected = MailObservation::Unreadable { id: RemoteId::new("18c"), problem: problem.into() };
            assert_eq!(observed(RemoteId::new("18c"), &message), expected);
        }
    }

    #[test]
    fn mail_about_mail_is_told_apart() {
        let header = |name: &str, text: &str| {
            message(|value| {
                value["payload"]["headers"].as_array_mut().unwrap().push(json!({ "name": name, "value": text }));
            })
        };
        let from = |text: &str| message(|value| value["payload"]["headers"][0]["value"] = text.into());
        let kind = |mime: &str, full: &str| {
            message(|value| {
                value["payload"]["mimeType"] = mime.into();
                value["payload"]["headers"][0] = json!({ "name": "Content-type", "value": full });
            })
        };
        let beside = |full: &str| {
            message(|value| {
                value["payload"]["mimeType"] = "multipart/alternative".into();
                let headers = json!([{ "name": "Content-Type", "value": full }]);
                value["payload"]["parts"] = json!([{ "mimeType": "text/calendar", "headers": headers }]);
            })
        };
        for (message, service) in [
            (header("auto-submitted", "auto-replied; x=y"), true),
            (header("Auto-Submitted", "auto-generated"), true),
            (header("Auto-Submitted", "No"), false),
            (header("Return-Path", "<>"), true),
            (header("Return-Path", "<mia@fabrikam.example>"), false),
            (from("Mail Delivery <MAILER-DAEMON@x.example>"), true),
            (from("MAILER-DAEMON (Mail Delivery)"), true),
            (from("postmaster@x.example"), true),
            (from("postmasters@x.example"), false),
            (kind("multipart/report", "multipart/report; report-type=delivery-status"), true),
            (kind("text/calendar", "text/calendar; method=REPLY"), true),
            (kind("text/calendar", "text/calendar; method=\"reply\"; charset=utf-8"), true),
            (kind("text/calendar", "text/calendar; method=REQUEST"), false),
            (beside("text/calendar; charset=utf-8; method=REPLY"), true),
            (beside("text/calendar; method=REQUEST"), false),
        ] {
            let headers: Vec<_> = message.payload.headers.iter().map(|header| &header.value).collect();
            assert_eq!(seen(&message).is_service, service, "{headers:?}");
        }
    }
}
