//! Header fields into who, what and when.
//!
//! Gmail hands on header values as they were sent, or decoded already: both are read alike.

use jiff::Timestamp;
use mail_parser::{Address, HeaderValue, Message, MessageParser, MimeHeaders};
use syncline_core::ids::MessageId;
use syncline_core::mail::Correspondent;

use crate::wire::Part;

/// What the header of a message says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) message_id: Option<MessageId>,
    pub(crate) subject: String,
    /// The author's address as it stands there, even if it is none.
    pub(crate) author: Option<String>,
    pub(crate) from: Option<Correspondent>,
    pub(crate) to: Vec<Correspondent>,
    pub(crate) cc: Vec<Correspondent>,
    pub(crate) bcc: Vec<Correspondent>,
    pub(crate) sent: Option<Timestamp>,
}

impl Envelope {
    pub(crate) fn of(root: &Part) -> Self {
        let block = block(root, &["From", "Sender", "To", "Cc", "Bcc", "Subject", "Date"]);
        let Some(parsed) = parse(&block) else { return Self::default() };
        let author = parsed.from().or(parsed.sender());
        Self {
            message_id: root.header("Message-ID").and_then(message_id),
            subject: line(parsed.subject().unwrap_or_default()),
            author: author.and_then(|author| author.iter().find_map(|one| one.address().map(ToOwned::to_owned))),
            from: people(author.into_iter()).into_iter().next(),
            to: people(parsed.all_to()),
            cc: people(parsed.all_cc()),
            bcc: people(parsed.all_bcc()),
            sent: parsed
                .date()
                .filter(|date| date.is_valid())
                .and_then(|date| Timestamp::from_second(date.to_timestamp()).ok()),
        }
    }
}

/// A parameter of a part's `Content-Type`.
pub(crate) fn parameter(part: &Part, name: &str) -> Option<String> {
    let block = block(part, &["Content-Type"]);
    parse(&block)?.content_type()?.attribute(name).map(ToOwned::to_owned)
}

/// The header fields of these names as they would stand in a mail, one line each.
fn block(part: &Part, names: &[&str]) -> String {
    let mut block = String::new();
    for name in names {
        for value in part.headers(name) {
            block.push_str(name);
            block.push_str(": ");
            block.push_str(&line(value));
            block.push_str("\r\n");
        }
    }
    block + "\r\n"
}

fn parse(block: &str) -> Option<Message<'_>> {
    MessageParser::default().parse_headers(block.as_bytes())
}

/// One line: line breaks, other control characters and runs of white space are one space.
fn line(text: &str) -> String {
    let clean = text.replace(char::is_control, " ");
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first id, without brackets. Some programs leave the brackets out.
fn message_id(value: &str) -> Option<MessageId> {
    let value = line(value);
    let block = format!("Message-ID: {value}\r\n\r\n");
    let parsed = parse(&block)?;
    let id = match parsed.header("Message-ID") {
        Some(HeaderValue::TextList(ids)) => ids.first().map(AsRef::as_ref),
        Some(HeaderValue::Text(id)) if value.contains('<') => Some(id.as_ref()),
        _ => value.split_whitespace().next(),
    }?;
    let id = id.trim_matches(['<', '>', ' ']);
    (!id.is_empty()).then(|| MessageId::new(id))
}

/// Everybody with a readable address, groups opened up.
fn people<'a>(lists: impl Iterator<Item = &'a Address<'a>>) -> Vec<Correspondent> {
    let entries = lists.flat_map(|list| list.iter());
    entries.filter_map(|one| Correspondent::new(one.address()?, &line(one.name().unwrap_or_default()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Header;

    fn part(headers: &[(&str, &str)]) -> Part {
        let headers = headers.iter().map(|(name, value)| Header { name: (*name).into(), value: (*value).into() });
        Part { headers: headers.collect(), ..Part::default() }
    }

    #[test]
    fn p17_address_lists_are_read_as_they_come() {
        for (value, expected) in [
            ("a@b.example", &[("a@b.example", "")][..]),
            ("=?utf-8?Q?J=C3=B6rg?= =?utf-8?Q?_M?= <A@B.example>", &[("a@b.example", "Jörg M")]),
            ("\"=?utf-8?B?TcO8bGxlcg==?=\" <a@b.example>", &[("a@b.example", "Müller")]),
            ("=?iso-2022-jp?B?GyRCO3NFRBsoQg==?= <a@b.example>", &[("a@b.example", "雌田")]),
            ("\"Müller, Jörg\" <a@b.example>", &[("a@b.example", "Müller, Jörg")]),
            ("\"A \\\"B\\\" C\" <a@b.example>", &[("a@b.example", "A \"B\" C")]),
            ("a@b.example (Jörg)", &[("a@b.example", "Jörg")]),
            (
                "Team: a@b.example, \"B\" <c@d.example>;, e@f.example",
                &[("a@b.example", ""), ("c@d.example", "B"), ("e@f.example", "")],
            ),
            ("a@b.example,\r\n c@d.example", &[("a@b.example", ""), ("c@d.example", "")]),
            ("undisclosed-recipients:;", &[]),
            ("nobody at all", &[]),
            ("", &[]),
        ] {
            let envelope = Envelope::of(&part(&[("to", value)]));
            let found: Vec<_> = envelope.to.iter().map(|one| (one.address.as_str(), one.name.as_str())).collect();
            assert_eq!(found, expected, "{value}");
        }
    }

    #[test]
    fn repeated_fields_count_together_and_no_value_can_forge_a_field() {
        let envelope = Envelope::of(&part(&[
            ("Cc", "a@b.example"),
            ("CC", "c@d.example"),
            ("Subject", "One\r\nBcc: forged@b.example\r\n\r\nbody"),
            ("From", "Müller, Jörg <m@b.example>"),
            ("Bcc", "d@b.example"),
        ]));
        assert_eq!(envelope.cc.len(), 2);
        assert_eq!(envelope.bcc.len(), 1);
        assert_eq!(envelope.subject, "One Bcc: forged@b.example body");
        assert_eq!(envelope.from.unwrap().address, "m@b.example");
    }

    #[test]
    fn the_sender_stands_in_for_a_missing_author() {
        let envelope = Envelope::of(&part(&[("Sender", "a@b.example")]));
        assert_eq!(envelope.from.unwrap().address, "a@b.example");
        assert_eq!(Envelope::of(&part(&[])), Envelope::default());
    }

    #[test]
    fn d25_message_ids_lose_their_brackets() {
        for (value, expected) in [
            ("<a@b>", Some("a@b")),
            ("<a@b> <c@d>", Some("a@b")),
            ("a@b", Some("a@b")),
            ("a@b c@d", Some("a@b")),
            ("\r\n <a@b>", Some("a@b")),
            ("<a b@c>", Some("a b@c")),
            ("<a@b", Some("a@b")),
            ("x <a@b> (comment)", Some("a@b")),
            ("<>", None),
            ("", None),
        ] {
            assert_eq!(message_id(value).as_ref().map(MessageId::as_str), expected, "{value}");
        }
    }

    #[test]
    fn subjects_are_decoded_and_one_line() {
        for (value, expected) in [
            ("=?utf-8?Q?Gr=C3=BC=C3=9Fe?= und", "Grüße und"),
            ("Grüße", "Grüße"),
            ("a\r\n\tb", "a b"),
            ("a: b", "a: b"),
        ] {
            assert_eq!(Envelope::of(&part(&[("Subject", value)])).subject, expected);
        }
    }

    #[test]
    fn a_content_type_has_parameters() {
        let part = part(&[("content-type", "text/plain; Charset=\"ISO-8859-1\"")]);
        assert_eq!(parameter(&part, "charset").as_deref(), Some("ISO-8859-1"));
        assert_eq!(parameter(&part, "method"), None);
    }
}
