//! The parts of a message into one text and one HTML.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use mail_parser::decoders::charsets::map::charset_decoder;

use crate::headers::parameter;
use crate::wire::{Body, Part};

/// How many large text parts of one message are fetched; what is beyond them stays empty.
pub const LARGE_PARTS: usize = 4;
/// The most bytes of HTML that are laid out as a tree, which takes time that grows with their square if
/// they are nested deeply enough; more than that is only freed of its tags.
pub const TREE_LIMIT: usize = 64 << 10;

/// Where the lines of a text made from HTML are broken, in columns.
const WIDTH: usize = 100;
/// Gmail pads its base64url; its documentation does not promise it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What is there to be read, in either form.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    text: Option<String>,
    html: Option<String>,
}

impl Reading {
    /// The text, made from the HTML if need be, and the HTML.
    pub(crate) fn finished(self, to_text: impl FnOnce(&str) -> String) -> (String, Option<String>) {
        let text = self.text.or_else(|| self.html.as_deref().map(to_text)).unwrap_or_default();
        (text, self.html)
    }

    /// Two forms of the same: each form where it is first shown, the author's order being plainest first.
    fn or(self, other: Self) -> Self {
        Self { text: self.text.or(other.text), html: self.html.or(other.html) }
    }

    /// One after the other, in both forms if either is in both.
    fn then(self, other: Self) -> Self {
        if self == Self::default() {
            return other;
        }
        if other == Self::default() {
            return self;
        }
        let html = (self.html.is_some() || other.html.is_some()).then(|| self.as_html() + &other.as_html());
        let text = (self.text.is_some() || other.text.is_some())
            .then(|| format!("{}\n{}", self.as_text().trim_end(), other.as_text()));
        Self { text, html }
    }

    fn as_text(&self) -> Cow<'_, str> {
        match (&self.text, &self.html) {
            (Some(text), _) => text.into(),
            (None, Some(html)) => html_to_text(html).into(),
            (None, None) => "".into(),
        }
    }

    fn as_html(&self) -> String {
        match (&self.html, &self.text) {
            (Some(html), _) => html.clone(),
            (None, Some(text)) => {
                let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                format!("<div>{}</div>", escaped.replace('\n', "<br>"))
            }
            (None, None) => String::new(),
        }
    }
}

/// What a part and the parts in it give to read. Attachments and attached messages give nothing.
pub(crate) fn reading(part: &Part) -> Result<Reading, String> {
    let kind = part.mime_type.to_ascii_lowercase();
    if kind.starts_with("multipart/") {
        let alternative = kind == "multipart/alternative";
        let join = if alternative { Reading::or } else { Reading::then };
        return part.parts.iter().try_fold(Reading::default(), |sum, inner| Ok(join(sum, reading(inner)?)));
    }
    if !is_readable(part) {
        return Ok(Reading::default());
    }
    let content = Some(content(part)?).filter(|content| !content.trim().is_empty());
    Ok(if kind == "text/html" { Reading { html: content, text: None } } else { Reading { text: content, html: None } })
}

/// The bodies of text parts so large that Gmail shows only where to get them.
pub(crate) fn large_parts(root: &mut Part) -> Vec<&mut Body> {
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(part) = open.pop() {
        let wanted = is_readable(part) && part.body.data.is_none() && part.body.attachment_id.is_some();
        if part.mime_type.to_ascii_lowercase().starts_with("multipart/") {
            open.extend(part.parts.iter_mut().rev());
        } else if wanted && found.len() < LARGE_PARTS {
            found.push(&mut part.body);
        }
    }
    found
}

/// A text that is part of the message, rather than a file that comes with it.
fn is_readable(part: &Part) -> bool {
    let is_text = ["text/plain", "text/html"].iter().any(|kind| part.mime_type.eq_ignore_ascii_case(kind));
    let is_file = part
        .header("Content-Disposition")
        .is_some_and(|value| value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("attachment"));
    is_text && !is_file && part.filename.is_empty()
}

fn content(part: &Part) -> Result<String, String> {
    let data = part.body.data.as_deref().unwrap_or_default();
    let bytes = BASE64.decode(data).map_err(|_| format!("the body of part {:?} is not base64url", part.id))?;
    let charset = parameter(part, "charset").unwrap_or_default();
    Ok(decoded(bytes, &charset).trim_start_matches('\u{feff}').replace("\r\n", "\n"))
}

/// Gmail turns most text into UTF-8 and leaves the charset that the part names as it was; so the name
/// counts only for what cannot be UTF-8: other bytes, ISO-2022's escapes, UTF-16's zeros.
fn decoded(bytes: Vec<u8>, charset: &str) -> String {
    let foreign = bytes.iter().any(|byte| matches!(byte, 0 | 0x1b));
    let bytes = match String::from_utf8(bytes) {
        Ok(text) if !foreign => return text,
        Ok(text) => text.into_bytes(),
        Err(error) => error.into_bytes(),
    };
    match charset_decoder(charset.as_bytes()) {
        Some(decode) => decode(&bytes),
        None => String::from_utf8_lossy(&bytes).into_owned(),
    }
}

pub(crate) fn html_to_text(html: &str) -> String {
    let tree = || {
        let layout = html2text::config::plain_no_decorate().raw_mode(true).link_footnotes(false).allow_width_overflow();
        layout.string_from_read(html.as_bytes(), WIDTH).ok()
    };
    let text = if html.len() <= TREE_LIMIT { tree() } else { None };
    text.unwrap_or_else(|| mail_parser::decoders::html::html_to_text(html)).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn leaf(kind: &str, text: &str) -> Value {
        bytes(kind, text.as_bytes())
    }

    fn bytes(kind: &str, bytes: &[u8]) -> Value {
        let mime = kind.split(';').next().unwrap();
        let headers = json!([{ "name": "Content-Type", "value": kind }]);
        json!({ "mimeType": mime, "headers": headers, "body": { "data": BASE64.encode(bytes) } })
    }

    fn multi(kind: &str, parts: &[Value]) -> Value {
        json!({ "mimeType": format!("multipart/{kind}"), "body": { "size": 0 }, "parts": parts })
    }

    fn read(value: Value) -> (String, Option<String>) {
        let part: Part = serde_json::from_value(value).unwrap();
        reading(&part).unwrap().finished(html_to_text)
    }

    #[test]
    fn parts_become_one_text_and_one_html() {
        let (plain, html) = (leaf("text/plain", "Hi\r\n"), leaf("text/html", "<p>Hi <b>you</b></p>"));
        let mut file = leaf("text/plain", "not this");
        file["filename"] = "notes.txt".into();
        let mut nameless = leaf("text/html", "not this");
        nameless["headers"] = json!([{ "name": "content-disposition", "value": "Attachment" }]);
        let picture =
            json!({ "mimeType": "image/png", "filename": "a.png", "body": { "attachmentId": "x", "size": 9 } });
        let forwarded = json!({ "mimeType": "message/rfc822", "parts": [leaf("text/plain", "not this")] });
        let shown = Some("<p>Hi <b>you</b></p>".to_owned());
        for (part, text, expected) in [
            (plain.clone(), "Hi\n", None),
            (html.clone(), "Hi you", shown.clone()),
            (multi("alternative", &[plain.clone(), html.clone()]), "Hi\n", shown.clone()),
            (multi("alternative", &[leaf("text/plain", " \r\n"), html.clone()]), "Hi you", shown.clone()),
            (multi("mixed", &[plain.clone(), file, nameless, picture.clone(), forwarded]), "Hi\n", None),
            (
                multi("mixed", &[multi("alternative", &[plain.clone(), multi("related", &[html.clone(), picture])])]),
                "Hi\n",
                shown,
            ),
            (multi("mixed", &[plain.clone(), plain.clone()]), "Hi\nHi\n", None),
            (
                multi("mixed", &[html, leaf("text/plain", "a < b\n--\nlist")]),
                "Hi you\na < b\n--\nlist",
                Some("<p>Hi <b>you</b></p><div>a &lt; b<br>--<br>list</div>".into()),
            ),
            (multi("mixed", &[]), "", None),
            (leaf("application/pdf", "x"), "", None),
        ] {
            assert_eq!(read(part.clone()), (text.to_owned(), expected), "{part}");
        }
    }

    #[test]
    fn a_text_is_decoded_from_its_charset_and_gmails_own_utf8_is_kept() {
        for (kind, content, expected) in [
            ("text/plain; charset=iso-8859-1", &b"Gr\xfc\xdfe"[..], "Grüße"),
            ("text/plain; charset=\"windows-1252\"", b"\x80 5", "€ 5"),
            ("text/plain; charset=iso-2022-jp", b"\x1b$B;sED\x1b(B", "雌田"),
            ("text/plain; charset=utf-16le", b"H\0i\0", "Hi"),
            ("text/plain; charset=iso-2022-jp", "雌田".as_bytes(), "雌田"),
            ("text/plain; charset=iso-8859-1", "Grüße".as_bytes(), "Grüße"),
            ("text/plain; charset=no-such", b"a\xff", "a\u{fffd}"),
            ("text/plain", "\u{feff}Grüße".as_bytes(), "Grüße"),
        ] {
            assert_eq!(read(bytes(kind, content)).0, expected, "{kind}");
        }
    }

    #[test]
    fn base64url_is_read_with_and_without_padding() {
        for data in ["Pz8_Pg==", "Pz8_Pg"] {
            let part = json!({ "mimeType": "text/plain", "body": { "data": data } });
            assert_eq!(read(part).0, "???>");
        }
        let part: Part =
            serde_json::from_value(json!({ "partId": "0.1", "mimeType": "text/plain", "body": { "data": "+/" } }))
                .unwrap();
        assert_eq!(reading(&part).unwrap_err(), "the body of part \"0.1\" is not base64url");
    }

    #[test]
    fn large_text_parts_are_found_and_files_are_not() {
        let large = json!({ "mimeType": "text/plain", "body": { "attachmentId": "t", "size": 9 } });
        let file = json!({ "mimeType": "text/plain", "filename": "a.txt", "body": { "attachmentId": "f", "size": 9 } });
        let whole = multi("mixed", &[multi("alternative", &[large, leaf("text/html", "x")]), file]);
        let mut part: Part = serde_json::from_value(whole).unwrap();
        let ids: Vec<_> = large_parts(&mut part).iter().map(|body| body.attachment_id.clone().unwrap()).collect();
        assert_eq!(ids, ["t"]);
    }

    #[test]
    fn html_of_any_size_and_depth_becomes_text() {
        assert_eq!(html_to_text("<h1>A</h1><p>b &amp; c</p><ul><li>d</ul>"), "# A\n\nb & c\n* d");
        assert!(html_to_text(&("<font>".repeat(5_000) + "deep")).contains("deep"));
        assert!(html_to_text(&("<div>".repeat(200_000) + "deep")).contains("deep"));
    }
}
