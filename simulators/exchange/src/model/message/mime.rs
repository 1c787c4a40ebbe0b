//! Writing a message as a mail.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Attachment, Content, IN_REPLY_TO, Message, REFERENCES, topic};
use crate::model::{ids, instant, read_instant};

/// Bytes of text in one encoded word, so that the word stays within 75 characters.
const WORD_BYTES: usize = 42;
/// Bytes of one base64 line.
const LINE_BYTES: usize = 57;

/// A part: its headers, each ending with a line break, and its body.
struct Part {
    head: String,
    body: String,
}

/// The whole mail of a message that was written here.
pub(super) fn write(message: &Message) -> Vec<u8> {
    let mut head = String::new();
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = write!(head, "{name}: {value}\r\n");
        }
    };
    line("From", &people(message.fields.get("from").map(std::slice::from_ref).unwrap_or_default()));
    let (from, sender) = (message.fields.get("from"), message.fields.get("sender"));
    if from != sender {
        line("Sender", &people(sender.map(std::slice::from_ref).unwrap_or_default()));
    }
    for (name, list) in
        [("To", "toRecipients"), ("Cc", "ccRecipients"), ("Bcc", "bccRecipients"), ("Reply-To", "replyTo")]
    {
        line(name, &people(message.fields.get(list).and_then(Value::as_array).map_or(&[], Vec::as_slice)));
    }
    line("Subject", &words(message.text("subject")));
    line("Thread-Topic", &words(topic(message.text("subject"))));
    line("Thread-Index", message.text("conversationIndex"));
    line("Date", &message.sent.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string());
    line("Message-ID", &ids_folded(message.text("internetMessageId")));
    line("In-Reply-To", &ids_folded(message.extended.get(IN_REPLY_TO).unwrap_or_default()));
    line("References", &ids_folded(message.extended.get(REFERENCES).unwrap_or_default()));
    if message.text("importance") != "normal" {
        line("Importance", message.text("importance"));
    }
    let own = people(message.fields.get("from").map(std::slice::from_ref).unwrap_or_default());
    for (flag, name) in
        [("isReadReceiptRequested", "Disposition-Notification-To"), ("isDeliveryReceiptRequested", "Return-Receipt-To")]
    {
        if message.fields.get(flag) == Some(&Value::Bool(true)) {
            line(name, &own);
        }
    }
    for (name, value) in &message.headers {
        line(name, &words(value));
    }
    line("MIME-Version", "1.0");
    let part = whole(message);
    format!("{head}{}\r\n{}", part.head, part.body).into_bytes()
}

/// The text, with what it shows inside it, and what is attached to it.
fn whole(message: &Message) -> Part {
    let boundary = |kind: &str| {
        let digest = ids::digest(&[message.text("internetMessageId"), kind]);
        format!("_{kind}_{}_", ids::hex(&digest[..12]))
    };
    let plain = text_part("text/plain", &message.body.plain());
    let mut part = if message.body.is_text {
        plain
    } else {
        let html = text_part("text/html", &message.body.content);
        multipart("alternative", &boundary("000"), &[plain, html])
    };
    let attachments = message.attachments();
    let (shown, attached): (Vec<&Attachment>, Vec<&Attachment>) = attachments
        .iter()
        .partition(|attachment| attachment.is_inline && attachment.content_id.is_some() && !message.body.is_text);
    for (kind, name, list) in [("related", "004", shown), ("mixed", "006", attached)] {
        if !list.is_empty() {
            let parts: Vec<Part> = std::iter::once(part).chain(list.into_iter().map(attachment)).collect();
            part = multipart(kind, &boundary(name), &parts);
        }
    }
    part
}

fn text_part(kind: &str, text: &str) -> Part {
    let head = format!("Content-Type: {kind}; charset=\"utf-8\"\r\nContent-Transfer-Encoding: base64\r\n");
    Part { head, body: base64_lines(text.as_bytes()) }
}

fn multipart(kind: &str, boundary: &str, parts: &[Part]) -> Part {
    let mut body = String::new();
    for part in parts {
        let _ = write!(body, "--{boundary}\r\n{}\r\n{}\r\n", part.head, part.body);
    }
    let _ = write!(body, "--{boundary}--\r\n");
    Part { head: format!("Content-Type: multipart/{kind};\r\n boundary=\"{boundary}\"\r\n"), body }
}

fn attachment(attachment: &Attachment) -> Part {
    let name = parameter(&attachment.name);
    let disposition = if attachment.is_inline { "inline" } else { "attachment" };
    let (kind, bytes) = match &attachment.content {
        Content::File { bytes } => {
            let kind = attachment.content_type.as_deref().unwrap_or("application/octet-stream");
            (kind.split(['\r', '\n', ';']).next().unwrap_or(kind), bytes.clone())
        }
        Content::Mail { mime } => ("message/rfc822", mime.clone()),
        Content::Item { item } => item_file(item),
        Content::Reference { fields } => {
            let link = fields.get("sourceUrl").and_then(Value::as_str).unwrap_or_default();
            ("text/uri-list", format!("{link}\r\n").into_bytes())
        }
    };
    let mut head = format!("Content-Type: {kind}; name{name}\r\n");
    let _ = write!(head, "Content-Disposition: {disposition};\r\n filename{name}; size={}\r\n", bytes.len());
    if let Some(id) = &attachment.content_id {
        let id = id.trim_start_matches('<').trim_end_matches('>').replace(['\r', '\n'], "");
        let _ = write!(head, "Content-ID: <{id}>\r\n");
    }
    if kind == "message/rfc822" {
        // A mail inside a mail must not be encoded.
        return Part { head, body: String::from_utf8_lossy(&bytes).into_owned() };
    }
    head.push_str("Content-Transfer-Encoding: base64\r\n");
    Part { head, body: base64_lines(&bytes) }
}

/// An attached item as the file that other programs read: a mail, an iCalendar event or a vCard.
pub(crate) fn item_file(item: &Value) -> (&'static str, Vec<u8>) {
    let text = |path: &str| item.pointer(path).and_then(Value::as_str).unwrap_or_default().replace(['\r', '\n'], " ");
    let kind = text("/@odata.type").to_ascii_lowercase();
    if kind.ends_with("event") {
        let time = |path: &str| {
            let civil = read_instant(&text(path)).map(|(civil, _)| civil.strftime("%Y%m%dT%H%M%S").to_string());
            civil.unwrap_or_default()
        };
        let file = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:Microsoft Exchange Server 2010\r\nBEGIN:VEVENT\r\n\
             SUMMARY:{}\r\nDTSTART:{}\r\nDTEND:{}\r\nLOCATION:{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
            text("/subject"),
            time("/start/dateTime"),
            time("/end/dateTime"),
            text("/location/displayName"),
        );
        return ("text/calendar", file.into_bytes());
    }
    if kind.ends_with("contact") {
        let file = format!(
            "BEGIN:VCARD\r\nVERSION:3.0\r\nN:{};{};;;\r\nFN:{}\r\nEMAIL:{}\r\nEND:VCARD\r\n",
            text("/surname"),
            text("/givenName"),
            text("/displayName"),
            text("/emailAddresses/0/address"),
        );
        return ("text/vcard", file.into_bytes());
    }
    let list = |path: &str| people(item.pointer(path).and_then(Value::as_array).map_or(&[], Vec::as_slice));
    let body = text_part(
        if text("/body/contentType").eq_ignore_ascii_case("html") { "text/html" } else { "text/plain" },
        item.pointer("/body/content").and_then(Value::as_str).unwrap_or_default(),
    );
    let sent = instant(&text("/sentDateTime"));
    let date = sent.map(|at| format!("Date: {}\r\n", at.strftime("%a, %d %b %Y %H:%M:%S +0000")));
    let file = format!(
        "From: {}\r\nTo: {}\r\nSubject: {}\r\n{}MIME-Version: 1.0\r\n{}\r\n{}",
        people(item.pointer("/from").map(std::slice::from_ref).unwrap_or_default()),
        list("/toRecipients"),
        words(&text("/subject")),
        date.unwrap_or_default(),
        body.head,
        body.body,
    );
    ("message/rfc822", file.into_bytes())
}

/// `Name <address>`, folded after each.
fn people(list: &[Value]) -> String {
    let one = |person: &Value| {
        let text = |name: &str| {
            let value = person.pointer("/emailAddress").and_then(|email| email.get(name));
            value.and_then(Value::as_str).unwrap_or_default().replace(['\r', '\n', '<', '>'], "")
        };
        let (name, address) = (text("name"), text("address"));
        if name.is_empty() || name == address {
            return if address.is_empty() { String::new() } else { format!("<{address}>") };
        }
        let quoted = if name.is_ascii() {
            format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
        } else {
            words(&name)
        };
        format!("{quoted} <{address}>")
    };
    list.iter().map(one).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(",\r\n ")
}

/// Message ids, one a line.
fn ids_folded(text: &str) -> String {
    text.split_ascii_whitespace().collect::<Vec<_>>().join("\r\n ")
}

/// Text of a header: as it is, or in encoded words.
fn words(text: &str) -> String {
    let text = text.replace(['\r', '\n'], " ");
    let plain = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) && !text.contains("=?");
    if plain && text.len() <= 900 {
        return text;
    }
    let mut chunks = vec![String::new()];
    for letter in text.chars() {
        if chunks.last().is_some_and(|chunk| chunk.len() + letter.len_utf8() > WORD_BYTES) {
            chunks.push(String::new());
        }
        if let Some(chunk) = chunks.last_mut() {
            chunk.push(letter);
        }
    }
    let encoded: Vec<String> = chunks.iter().map(|chunk| format!("=?utf-8?B?{}?=", STANDARD.encode(chunk))).collect();
    encoded.join("\r\n ")
}

/// A parameter's `="value"` or `*=utf-8''value`.
fn parameter(value: &str) -> String {
    if value.bytes().all(|byte| (byte == b' ' || byte.is_ascii_graphic()) && byte != b'"' && byte != b'\\') {
        return format!("=\"{value}\"");
    }
    format!("*=utf-8''{}", percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC))
}

fn base64_lines(bytes: &[u8]) -> String {
    bytes.chunks(LINE_BYTES).flat_map(|chunk| [STANDARD.encode(chunk), "\r\n".to_owned()]).collect()
}

/// The mail as its recipients get it: nobody sees who got a blind copy. `head` is put before it.
pub(crate) fn without_bcc(mime: &[u8], head: &str) -> Vec<u8> {
    let mut out = head.as_bytes().to_vec();
    let mut rest = mime;
    let mut dropping = false;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, after) = rest.split_at(end + 1);
        if line.trim_ascii().is_empty() {
            break;
        }
        let folded = matches!(line.first(), Some(b' ' | b'\t'));
        dropping = if folded { dropping } else { line.len() > 4 && line[..4].eq_ignore_ascii_case(b"bcc:") };
        if !dropping {
            out.extend_from_slice(line);
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_text_is_encoded_only_if_it_must_be() {
        assert_eq!(words("Plan for Monday"), "Plan for Monday");
        let long = "Grüße ".repeat(20);
        assert!(words(&long).lines().all(|line| line.len() <= 76), "{}", words(&long));
        assert_eq!(parameter("offer.pdf"), "=\"offer.pdf\"");
        assert_eq!(parameter("Größe.pdf"), "*=utf-8''Gr%C3%B6%C3%9Fe%2Epdf");
    }

    #[test]
    fn blind_copies_are_cut_out_of_the_head_only() {
        let mime = b"To: a\r\nBCC: b,\r\n c\r\nSubject: s\r\n\r\nBcc: text\r\n";
        assert_eq!(without_bcc(mime, "X: y\r\n"), b"X: y\r\nTo: a\r\nSubject: s\r\n\r\nBcc: text\r\n");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let item = serde_json::json!({"@odata.type": "#microsoft.graph.message", "subject": "Grüße",
            "body": {"contentType": "text", "content": "Hallo"},
            "toRecipients": [{"emailAddress": {"name": "Jörg \"J\"", "address": "j@x.example"}}]});
        let (kind, file) = item_file(&item);
        let mail = mail_parser::MessageParser::default().parse(&file).unwrap();
        assert_eq!(
            (kind, mail.subject(), mail.body_text(0).as_deref()),
            ("message/rfc822", Some("Grüße"), Some("Hallo"))
        );
        let to = mail.to().and_then(|list| list.first()).unwrap();
        assert_eq!((to.name(), to.address()), (Some("Jörg \"J\""), Some("j@x.example")));
    }
}
