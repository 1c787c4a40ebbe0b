//! Bodies of several parts: uploads (multipart/related) and batches (multipart/mixed).

/// One part, its body's bytes as they were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Part {
    /// In the order sent, names as sent.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Part {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// The `boundary` parameter of a content type, quoted or bare.
pub(crate) fn boundary(content_type: &str) -> Option<String> {
    let at = content_type.to_ascii_lowercase().find("boundary=")? + "boundary=".len();
    let value = content_type.get(at..)?;
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => value.split([';', ' ']).next()?,
    };
    (!value.is_empty()).then(|| value.to_owned())
}

/// The parts between the boundaries; lines end in CRLF or LF, since clients send both.
pub(crate) fn split(body: &[u8], boundary: &str) -> Vec<Part> {
    let delimiter = format!("--{boundary}").into_bytes();
    let mut parts = Vec::new();
    let mut open: Option<usize> = None;
    let mut at = 0;
    while at < body.len() {
        let next = line_end(body, at);
        let line = body.get(at..next).unwrap_or_default();
        if let Some(tail) = line.strip_prefix(delimiter.as_slice()) {
            let tail = tail.trim_ascii();
            if tail.is_empty() || tail == b"--" {
                if let Some(start) = open {
                    parts.push(part(without_line_end(body.get(start..at).unwrap_or_default())));
                }
                open = Some(next);
                if tail == b"--" {
                    return parts;
                }
            }
        }
        at = next;
    }
    // A body that breaks off still gives what came.
    if let Some(start) = open.filter(|&start| start < body.len()) {
        parts.push(part(body.get(start..).unwrap_or_default()));
    }
    parts
}

/// Header lines up to the first empty line, and what follows it.
pub(crate) fn part(bytes: &[u8]) -> Part {
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let next = line_end(bytes, at);
        let line = String::from_utf8_lossy(without_line_end(bytes.get(at..next).unwrap_or_default())).into_owned();
        at = next;
        if line.trim().is_empty() {
            break;
        }
        if let (true, Some((_, value))) = (line.starts_with([' ', '\t']), headers.last_mut()) {
            value.push(' ');
            value.push_str(line.trim());
        } else if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    Part { headers, body: bytes.get(at..).unwrap_or_default().to_vec() }
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    rest.iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |offset| from + offset + 1)
}

fn without_line_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_line_ends_and_both_ways_to_write_a_boundary_are_read() {
        for (content_type, expected) in [
            ("multipart/related; boundary=\"==x==\"", Some("==x==")),
            ("multipart/related; boundary=0b1-2; charset=x", Some("0b1-2")),
            ("Multipart/Mixed; Boundary=b", Some("b")),
            ("multipart/mixed", None),
        ] {
            assert_eq!(boundary(content_type).as_deref(), expected, "{content_type}");
        }
        for end in ["\n", "\r\n"] {
            let body = "--b|Content-Type: application/json|Content-ID: <a|  + 1>||{}|--b|||two|lines||--b--|"
                .replace('|', end);
            let parts = split(body.as_bytes(), "b");
            assert_eq!(parts.len(), 2);
            assert_eq!(parts[0].header("content-id"), Some("<a + 1>"));
            assert_eq!(parts[0].body, b"{}");
            assert_eq!(parts[1].body, format!("{end}two{end}lines{end}").as_bytes());
        }
    }

    #[test]
    fn a_body_that_breaks_off_gives_what_came() {
        assert_eq!(split(b"--b\r\nA: 1\r\n\r\nhalf", "b")[0].body, b"half");
        assert_eq!(split(b"no boundary at all", "b"), []);
        assert_eq!(split(b"--b--", "b"), []);
    }
}
