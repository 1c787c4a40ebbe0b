//! Messages into their canonical form.

use serde_json::Value;
use syncline_core::ids::{MessageId, RemoteId};
use syncline_core::mail::{Correspondent, Mail, MailObservation};

use crate::row::{Problem, Row};
use crate::text;

/// What is asked of a message: `internetMessageHeaders` is shown only where it is named.
pub(crate) const SELECT: &str = "$select=id,internetMessageId,subject,from,sender,toRecipients,ccRecipients,\
                                 bccRecipients,sentDateTime,receivedDateTime,isDraft,body,\
                                 internetMessageHeaders";

/// Local parts that only machines write from. The last is Exchange Online's own, of which the bounces come.
const MACHINES: [&str; 3] = ["mailer-daemon", "postmaster", "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e"];

/// A message as a read by id shows it.
pub(crate) fn observed(asked: &RemoteId, value: &Value) -> MailObservation {
    match mail(value) {
        Ok(mail) => MailObservation::Present(Box::new(mail)),
        Err(Problem(problem)) => MailObservation::Unreadable { id: asked.clone(), problem },
    }
}

fn mail(value: &Value) -> Result<Mail, Problem> {
    let row = Row::of(value)?;
    let id = row.text("id")?.filter(|id| !id.is_empty()).ok_or_else(|| Problem::missing("id"))?;
    let (sent, received) = (row.instant("sentDateTime")?, row.instant("receivedDateTime")?);
    let received = received.or(sent).ok_or_else(|| Problem::missing("receivedDateTime"))?;
    let (text, html) = content(row)?;
    Ok(Mail {
        id: RemoteId::new(id),
        message_id: message_id(row.text("internetMessageId")?),
        subject: row.string("subject")?,
        from: author(row)?.and_then(|(address, name)| Correspondent::new(address, name)),
        to: recipients(row, "toRecipients")?,
        cc: recipients(row, "ccRecipients")?,
        bcc: recipients(row, "bccRecipients")?,
        sent: sent.unwrap_or(received),
        received,
        text,
        html,
        is_draft: row.flag("isDraft")?.unwrap_or_default(),
        is_service: is_service(row)?,
    })
}

fn message_id(text: Option<&str>) -> Option<MessageId> {
    let text = text?.trim();
    let bare = text.strip_prefix('<').unwrap_or(text);
    let bare = bare.strip_suffix('>').unwrap_or(bare).trim();
    (!bare.is_empty()).then(|| MessageId::new(bare))
}

/// Text is asked for; a body that comes as HTML nevertheless is kept as that, too.
fn content(row: Row<'_>) -> Result<(String, Option<String>), Problem> {
    let Some(body) = row.object("body")? else {
        return Ok((String::new(), None));
    };
    let is_html = body.text("contentType")?.is_some_and(|kind| kind.eq_ignore_ascii_case("html"));
    Ok((text::of_body(row, "body")?, if is_html { Some(body.string("content")?) } else { None }))
}

/// Address and name of the author: `from`, else the `sender` on their behalf. `None` if both are empty.
fn author(row: Row<'_>) -> Result<Option<(&str, &str)>, Problem> {
    for name in ["from", "sender"] {
        if let Some(person) = row.object(name)?.map_or(Ok(None), person)? {
            return Ok(Some(person));
        }
    }
    Ok(None)
}

fn recipients(row: Row<'_>, name: &str) -> Result<Vec<Correspondent>, Problem> {
    let mut people = Vec::new();
    for recipient in row.list(name)? {
        // Somebody without a readable address (a distribution list of old, a broken header) is nobody.
        if let Some((address, name)) = person(Row::of(recipient)?)? {
            people.extend(Correspondent::new(address, name));
        }
    }
    Ok(people)
}

/// What `{emailAddress: {address, name}}` holds, if anything.
fn person(row: Row<'_>) -> Result<Option<(&str, &str)>, Problem> {
    let Some(inner) = row.object("emailAddress")? else {
        return Ok(None);
    };
    let (address, name) = (inner.text("address")?.unwrap_or_default(), inner.text("name")?.unwrap_or_default());
    Ok((!address.trim().is_empty() || !name.trim().is_empty()).then_some((address, name)))
}

/// Whether a machine wrote it about mail: by its type (meeting messages), its author, or what RFC 3834
/// (`Auto-Submitted`) and RFC 3462 (`multipart/report`) provide.
fn is_service(row: Row<'_>) -> Result<bool, Problem> {
    let kind = row.text("@odata.type")?.unwrap_or_default().to_ascii_lowercase();
    if kind.trim_start_matches('#').starts_with("microsoft.graph.eventmessage") {
        return Ok(true);
    }
    let Some((address, _)) = author(row)? else {
        return Ok(true);
    };
    let local = address.split_once('@').map_or(address, |(local, _)| local).trim().to_ascii_lowercase();
    if MACHINES.contains(&local.as_str()) {
        return Ok(true);
    }
    for header in row.list("internetMessageHeaders")? {
        let header = Row::of(header)?;
        let name = header.text("name")?.unwrap_or_default().to_ascii_lowercase();
        let value = header.text("value")?.unwrap_or_default().trim().to_ascii_lowercase();
        let first = value.split(';').next().unwrap_or_default().trim();
        let tells = match name.as_str() {
            "auto-submitted" => !first.is_empty() && first != "no",
            "content-type" => first == "multipart/report",
            _ => false,
        };
        if tells {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn someone(address: &str) -> Value {
        json!({"emailAddress": {"name": "Somebody", "address": address}})
    }

    fn wire() -> Value {
        json!({
            "id": "m1",
            "internetMessageId": "<1@fabrikam.example>",
            "subject": "Offer",
            "from": someone("Mia@Fabrikam.example"),
            "sender": someone("mia@fabrikam.example"),
            "toRecipients": [someone("anna@northwind.example"), {"emailAddress": {"name": "Undisclosed"}}, {}],
            "ccRecipients": [someone("ben@northwind.example")],
            "bccRecipients": [],
            "sentDateTime": "2031-03-03T08:59:58Z",
            "receivedDateTime": "2031-03-03T09:00:00Z",
            "isDraft": false,
            "body": {"contentType": "text", "content": "Hello"},
            "internetMessageHeaders": [{"name": "Content-Type", "value": "multipart/alternative; boundary=x"}],
        })
    }

    fn with(name: &str, value: Value) -> Mail {
        let mut wire = wire();
        wire[name] = value;
        mail(&wire).unwrap()
    }

    #[test]
    fn a_message_is_read_in_full() {
        let person = |address: &str| Correspondent::new(address, "Somebody").unwrap();
        let expected = Mail {
            id: RemoteId::new("m1"),
            message_id: Some(MessageId::new("1@fabrikam.example")),
            subject: "Offer".into(),
            from: Some(person("mia@fabrikam.example")),
            to: vec![person("anna@northwind.example")],
            cc: vec![person("ben@northwind.example")],
            bcc: vec![],
            sent: "2031-03-03T08:59:58Z".parse().unwrap(),
            received: "2031-03-03T09:00:00Z".parse().unwrap(),
            text: "Hello".into(),
            html: None,
            is_draft: false,
            is_service: false,
        };
        assert_eq!(mail(&wire()), Ok(expected));
    }

    #[test]
    fn what_a_machine_wrote_is_told_apart() {
        let header = |name: &str, value: &str| ("internetMessageHeaders", json!([{"name": name, "value": value}]));
        for ((name, value), expected) in [
            (header("Auto-Submitted", "auto-replied"), true),
            (header("auto-submitted", "auto-generated; owner=x"), true),
            (header("Auto-Submitted", "No"), false),
            (header("Content-Type", "Multipart/Report; report-type=delivery-status"), true),
            (header("Content-Type", "text/plain"), false),
            (("@odata.type", json!("#microsoft.graph.eventMessageResponse")), true),
            (("@odata.type", json!("#microsoft.graph.message")), false),
            (("from", someone("MAILER-DAEMON@mx.example")), true),
            (("from", someone("postmaster@fabrikam.example")), true),
            (("from", someone("MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@northwind.example")), true),
            (("from", someone("postmasters@fabrikam.example")), false),
        ] {
            assert_eq!(with(name, value.clone()).is_service, expected, "{name} {value}");
        }
        let mut bounce = wire();
        bounce["from"] = Value::Null;
        bounce["sender"] = json!({"emailAddress": {"address": "", "name": ""}});
        assert!(mail(&bounce).unwrap().is_service, "an empty author");
    }

    #[test]
    fn an_author_without_a_readable_address_is_none_and_no_machine() {
        let mail = with("from", someone("/O=EXCHANGELABS/CN=RECIPIENTS/CN=1"));
        assert_eq!((mail.from, mail.is_service), (None, false));
    }

    #[test]
    fn message_ids_lose_their_brackets() {
        for (text, expected) in [("<a@b>", Some("a@b")), (" a@b ", Some("a@b")), ("<>", None), ("", None)] {
            assert_eq!(message_id(Some(text)), expected.map(MessageId::new), "{text}");
        }
    }

    #[test]
    fn html_is_kept_as_html_and_made_text() {
        let mail = with("body", json!({"contentType": "HTML", "content": "<p>Hello</p>"}));
        assert_eq!((mail.text.as_str(), mail.html.as_deref()), ("Hello", Some("<p>Hello</p>")));
    }

    #[test]
    fn a_malformed_message_is_named_without_its_content() {
        let id = RemoteId::new("m1");
        for (name, value, problem) in [
            ("receivedDateTime", json!("secret"), "receivedDateTime is no instant"),
            ("subject", json!(["secret"]), "subject is no text"),
            ("toRecipients", json!("secret"), "toRecipients is no list"),
        ] {
            let mut wire = wire();
            wire[name] = value;
            assert_eq!(observed(&id, &wire), MailObservation::Unreadable { id: id.clone(), problem: problem.into() });
        }
    }
}
