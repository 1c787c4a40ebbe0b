//! A mail as Gmail shows it: what it is found by, and the tree of its parts.

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::parsers::MessageStream;
use mail_parser::{Encoding, Header, Message, MessageParser, MimeHeaders, PartType};
use serde::{Deserialize, Serialize};

/// Parts nested deeper than this are left out of the tree.
const DEPTH_LIMIT: usize = 40;
/// A mail that names more attached mails than this is shown with its headers only: unfolding is recursive.
const NESTED_MAIL_LIMIT: usize = 40;
/// The longest encoded word that is decoded, in bytes; RFC 2047 allows 75.
const WORD_LIMIT: usize = 4096;
/// The longest snippet, in characters.
const SNIPPET_LIMIT: usize = 200;

/// What a mail is listed, found and threaded by. Header values are decoded text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Envelope {
    /// Without angle brackets.
    pub(crate) message_id: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) cc: String,
    pub(crate) bcc: String,
    pub(crate) subject: String,
    /// The ids of References and In-Reply-To, without angle brackets.
    pub(crate) references: Vec<String>,
    /// What the Date header says, in milliseconds since 1970.
    pub(crate) date_ms: Option<i64>,
    /// The start of its text, HTML-escaped.
    pub(crate) snippet: String,
    /// The names of its attachments.
    pub(crate) filenames: Vec<String>,
}

/// One part of a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Part {
    /// Empty for the root, then `0`, `1`, `0.0`.
    pub(crate) id: String,
    pub(crate) mime_type: String,
    /// Empty for a part that is no attachment.
    pub(crate) filename: String,
    pub(crate) headers: Vec<(String, String)>,
    /// After transfer-decoding, in the part's own charset; empty for a container.
    pub(crate) body: Vec<u8>,
    pub(crate) parts: Vec<Part>,
}

impl Part {
    /// The first header of that name, compared without case.
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    /// This part and all below it, from the top.
    pub(crate) fn walk(&self) -> Vec<&Part> {
        std::iter::once(self).chain(self.parts.iter().flat_map(Part::walk)).collect()
    }
}

/// The tree of a mail's parts; of something that is no mail at all, one empty part.
pub(crate) fn payload(raw: &[u8]) -> Part {
    parse(raw).map_or_else(nothing, |message| part(&message, 0, String::new(), 0))
}

/// What the mail is found by.
pub(crate) fn envelope(raw: &[u8]) -> Envelope {
    let Some(message) = parse(raw) else {
        return Envelope::default();
    };
    let root = part(&message, 0, String::new(), 0);
    let ids = |name: &str| bracketed(root.header(name));
    let mut references = ids("References");
    for id in ids("In-Reply-To") {
        if !references.contains(&id) {
            references.push(id);
        }
    }
    Envelope {
        message_id: ids("Message-ID").into_iter().next().unwrap_or_default(),
        from: root.header("From").to_owned(),
        to: root.header("To").to_owned(),
        cc: root.header("Cc").to_owned(),
        bcc: root.header("Bcc").to_owned(),
        subject: root.header("Subject").to_owned(),
        references,
        date_ms: message.date().filter(|date| date.is_valid()).map(|date| date.to_timestamp() * 1000),
        snippet: snippet(&message.body_text(0).unwrap_or_default()),
        filenames: root.walk().iter().map(|part| part.filename.clone()).filter(|name| !name.is_empty()).collect(),
    }
}

/// All text of the mail, for searches.
pub(crate) fn text(raw: &[u8]) -> String {
    let Some(message) = parse(raw) else {
        return String::new();
    };
    let bodies = (0..message.text_body_count()).filter_map(|index| message.body_text(index));
    bodies.collect::<Vec<_>>().join("\n")
}

/// A subject without `Re:` and `Fwd:`, in lower case: what a thread keeps.
pub(crate) fn base_subject(subject: &str) -> String {
    let mut rest = subject.trim();
    while let Some((prefix, tail)) = rest.split_once(':') {
        if !["re", "fwd", "fw"].iter().any(|known| prefix.trim().eq_ignore_ascii_case(known)) {
            break;
        }
        rest = tail.trim_start();
    }
    rest.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn nothing() -> Part {
    Part { mime_type: "text/plain".into(), ..Part::default() }
}

fn parse(raw: &[u8]) -> Option<Message<'_>> {
    const NESTED: &[u8] = b"message/rfc822";
    let nested = raw.windows(NESTED.len()).filter(|window| window.eq_ignore_ascii_case(NESTED)).count();
    if nested > NESTED_MAIL_LIMIT {
        MessageParser::default().parse_headers(raw)
    } else {
        MessageParser::default().parse(raw)
    }
}

fn part(message: &Message<'_>, index: u32, id: String, depth: usize) -> Part {
    let Some(source) = message.part(index) else {
        return Part { id, ..nothing() };
    };
    let raw: &[u8] = &message.raw_message;
    let child = |position: usize| {
        if id.is_empty() { position.to_string() } else { format!("{id}.{position}") }
    };
    let slice = || raw.get(source.offset_body as usize..source.offset_end as usize).unwrap_or_default();
    let deeper = depth < DEPTH_LIMIT;
    let (body, parts) = match &source.body {
        PartType::Multipart(children) if deeper => {
            // A broken mail may name itself as its child.
            let children = children.iter().filter(|&&id| id > index).enumerate();
            (Vec::new(), children.map(|(position, id)| part(message, *id, child(position), depth + 1)).collect())
        }
        PartType::Message(nested) => {
            let parts = if deeper { vec![part(nested, 0, child(0), depth + 1)] } else { Vec::new() };
            let body = match source.encoding {
                Encoding::None => slice().to_vec(),
                Encoding::Base64 | Encoding::QuotedPrintable => nested.raw_message.to_vec(),
            };
            (body, parts)
        }
        PartType::Multipart(_) => (Vec::new(), Vec::new()),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => (bytes.to_vec(), Vec::new()),
        PartType::Text(text) | PartType::Html(text) => {
            let decoded = match source.encoding {
                Encoding::None => Some(slice().to_vec()),
                Encoding::Base64 => base64_decode(slice()),
                Encoding::QuotedPrintable => quoted_printable_decode(slice()),
            };
            (decoded.unwrap_or_else(|| text.as_bytes().to_vec()), Vec::new())
        }
    };
    Part {
        mime_type: mime_type(message, index),
        filename: source.attachment_name().unwrap_or_default().to_owned(),
        headers: source.headers.iter().map(|header| shown(header, raw)).collect(),
        id,
        body,
        parts,
    }
}

fn mime_type(message: &Message<'_>, index: u32) -> String {
    let Some(content_type) = message.part(index).and_then(MimeHeaders::content_type) else {
        return "text/plain".into();
    };
    match content_type.subtype() {
        Some(subtype) => format!("{}/{subtype}", content_type.ctype()).to_ascii_lowercase(),
        None => content_type.ctype().to_ascii_lowercase(),
    }
}

/// Name and value as Gmail shows them: the name as sent, the value unfolded and its encoded words decoded.
fn shown(header: &Header<'_>, raw: &[u8]) -> (String, String) {
    let bytes = |from: u32, to: u32| raw.get(from as usize..to as usize).unwrap_or_default();
    let name = lenient(bytes(header.offset_field, header.offset_start));
    let name = name.trim_end().trim_end_matches(':').trim_end();
    let name = if name.is_empty() { header.name.as_str() } else { name };
    let value = lenient(bytes(header.offset_start, header.offset_end));
    let value = value.replace(['\r', '\n'], "");
    let value = decode_words(value.trim(), is_address_list(name));
    (name.to_owned(), value)
}

fn is_address_list(name: &str) -> bool {
    ["from", "to", "cc", "bcc", "sender", "reply-to"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// UTF-8 where it is, else each byte a character of Latin-1.
fn lenient(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// Decodes encoded words (RFC 2047) where they stand; a broken one stays as it is. A decoded display name
/// that would change how an address list reads is quoted.
fn decode_words(value: &str, addresses: bool) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    let mut words = String::new();
    let flush = |words: &mut String, out: &mut String| {
        let word = std::mem::take(words);
        if addresses && word.contains(|ch: char| "()<>[]:;@\\,.\"".contains(ch)) {
            let quoted = word.replace('\\', "\\\\").replace('"', "\\\"");
            out.extend(["\"", &quoted, "\""]);
        } else {
            out.push_str(&word);
        }
    };
    while let Some(start) = rest.find("=?") {
        let (before, word) = rest.split_at(start);
        let bytes = word.as_bytes();
        let mut stream = MessageStream::new(bytes.get(1..bytes.len().min(WORD_LIMIT)).unwrap_or_default());
        let decoded = stream.decode_rfc2047();
        let end = stream.offset() + 1;
        if let (Some(text), Some(tail)) = (decoded, word.get(end..)) {
            // White space between two encoded words is no text.
            if words.is_empty() || !before.trim().is_empty() {
                flush(&mut words, &mut out);
                out.push_str(before);
            }
            words.push_str(&text);
            rest = tail;
        } else {
            flush(&mut words, &mut out);
            out.push_str(before);
            out.push_str("=?");
            rest = word.get(2..).unwrap_or_default();
        }
    }
    flush(&mut words, &mut out);
    out.push_str(rest);
    out
}

fn bracketed(value: &str) -> Vec<String> {
    let mut ids: Vec<String> = value
        .split('<')
        .skip(1)
        .filter_map(|piece| piece.split_once('>'))
        .map(|(id, _)| id.split_whitespace().collect())
        .collect();
    if ids.is_empty() {
        ids.extend(value.split_whitespace().map(str::to_owned));
    }
    ids.retain(|id| !id.is_empty());
    ids
}

fn snippet(text: &str) -> String {
    let mut out = String::new();
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for ch in flat.chars().take(SNIPPET_LIMIT) {
        match ch {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(ch),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    const MIXED: &str = "From: =?utf-8?Q?Berg=2C_Anna?= <anna@x.example>\r\n\
        Subject: =?utf-8?B?R3LDvMOf?=\r\n =?utf-8?Q?e_aus?= Bonn\r\n\
        message-id: <a1@x.example>\r\n\
        References: <r1@x.example>\r\n <r2@x.example>\r\n\
        Date: Mon, 3 Mar 2031 10:00:00 +0100\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n\
        --b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n\
        --c\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
        Gr=FC=DFe & mehr\r\n--c\r\nContent-Type: text/html\r\n\r\n<p>Hi</p>\r\n--c--\r\n\
        --b\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n\
        JVBERi0=\r\n--b--\r\n";

    #[test]
    fn the_tree_has_gmails_ids_and_transfer_decoded_bodies() {
        let root = payload(MIXED.as_bytes());
        let seen: Vec<_> =
            root.walk().iter().map(|part| (part.id.clone(), part.mime_type.clone(), part.body.clone())).collect();
        let expected: Vec<(&str, &str, &[u8])> = vec![
            ("", "multipart/mixed", b""),
            ("0", "multipart/alternative", b""),
            ("0.0", "text/plain", b"Gr\xfc\xdfe & mehr"),
            ("0.1", "text/html", b"<p>Hi</p>"),
            ("1", "application/pdf", b"%PDF-"),
        ];
        let expected: Vec<_> =
            expected.into_iter().map(|(id, kind, body)| (id.to_owned(), kind.to_owned(), body.to_vec())).collect();
        assert_eq!(seen, expected);
        assert_eq!(root.parts[1].filename, "a.pdf");
    }

    #[test]
    fn headers_are_unfolded_and_decoded_and_keep_the_case_of_their_names() {
        let root = payload(MIXED.as_bytes());
        let seen: Vec<_> = root.headers.iter().take(4).map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            seen,
            [
                ("From", "\"Berg, Anna\" <anna@x.example>"),
                ("Subject", "Grüße aus Bonn"),
                ("message-id", "<a1@x.example>"),
                ("References", "<r1@x.example> <r2@x.example>"),
            ]
        );
    }

    #[test]
    fn the_envelope_has_what_a_mail_is_found_by() {
        let envelope = envelope(MIXED.as_bytes());
        assert_eq!(envelope.message_id, "a1@x.example");
        assert_eq!(envelope.references, ["r1@x.example", "r2@x.example"]);
        assert_eq!(envelope.date_ms, Some(1_930_294_800_000));
        assert_eq!(envelope.snippet, "Grüße &amp; mehr");
        assert_eq!(envelope.filenames, ["a.pdf"]);
        assert_eq!(base_subject(" RE: Fwd: Grüße  aus Bonn"), base_subject(&envelope.subject));
    }

    #[test]
    fn an_attached_mail_is_a_part_with_its_own_tree() {
        let mail = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee below\r\n\
            --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner text\r\n--b--\r\n";
        let root = payload(mail.as_bytes());
        let ids: Vec<_> = root.walk().iter().map(|part| part.id.clone()).collect();
        assert_eq!(ids, ["", "0", "1", "1.0"]);
        assert_eq!(root.parts[1].parts[0].header("subject"), "inner");
        assert_eq!(root.parts[1].parts[0].body, b"inner text");
    }

    #[test]
    fn broken_mail_never_panics() {
        let mut nested = String::new();
        for depth in 0..3000 {
            write!(nested, "Content-Type: multipart/mixed; boundary=b{depth}\n\n--b{depth}\n").unwrap();
        }
        let attached = "Content-Type: message/rfc822\n\n".repeat(20_000);
        let cases: Vec<Vec<u8>> =
            vec![vec![], b"\0\xff\xfe".to_vec(), b"Subject: =?utf-8?B?".to_vec(), nested.into(), attached.into()];
        for case in cases {
            payload(&case);
            envelope(&case);
            text(&case);
        }
        // Every cut of a whole mail, and every byte of it turned around.
        for cut in 0..MIXED.len() {
            payload(&MIXED.as_bytes()[..cut]);
            let mut turned = MIXED.as_bytes().to_vec();
            turned[cut] ^= 0x55;
            envelope(&turned);
        }
    }
}
