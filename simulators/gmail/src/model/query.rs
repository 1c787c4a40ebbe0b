//! Gmail's search language, as far as `q` is asked here.
//!
//! Words are ANDed; `OR` joins its two neighbours, `-` negates, `()` groups, `{}` is a group of
//! alternatives. Operators: `rfc822msgid from to cc bcc subject label in is has filename after before
//! newer older newer_than older_than`; anything else is searched for as text.

use jiff::tz::{TimeZone, offset};
use jiff::{SignedDuration, Timestamp, civil};

use super::labels::LabelBook;
use super::mailbox::Mail;
use super::mime;

/// Groups nested deeper than this are read as if their parentheses were not there.
const DEPTH_LIMIT: usize = 30;

/// A parsed `q`.
#[derive(Clone, Debug)]
pub(crate) struct Query(Expr);

#[derive(Clone, Debug)]
enum Expr {
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Not(Box<Expr>),
    Term(Term),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    Everything,
    Nothing,
    MessageId(String),
    From(Vec<String>),
    To(Vec<String>),
    Cc(Vec<String>),
    Bcc(Vec<String>),
    Subject(Vec<String>),
    Filename(Vec<String>),
    Text(Vec<String>),
    /// A label by name, `-` for spaces and slashes, in lower case.
    Label(String),
    Read,
    HasAttachment,
    HasUserLabels,
    /// Not before, in milliseconds.
    After(i64),
    /// Before, in milliseconds.
    Before(i64),
}

impl Query {
    pub(crate) fn parse(text: &str, now: Timestamp) -> Self {
        let mut reader = Reader { rest: text, now };
        Self(reader.sequence(None, "", 0))
    }

    pub(crate) fn matches(&self, mail: &Mail, labels: &LabelBook) -> bool {
        self.0.matches(mail, labels)
    }

    /// Whether it asks for spam, trash or everything, which lists leave out otherwise.
    pub(crate) fn names_spam_or_trash(&self) -> bool {
        self.0.names_spam_or_trash()
    }
}

impl Expr {
    fn matches(&self, mail: &Mail, labels: &LabelBook) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(mail, labels)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(mail, labels)),
            Self::Not(part) => !part.matches(mail, labels),
            Self::Term(term) => term.matches(mail, labels),
        }
    }

    fn names_spam_or_trash(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::names_spam_or_trash),
            Self::Not(_) => false,
            Self::Term(Term::Label(name)) => name == "spam" || name == "trash",
            Self::Term(term) => *term == Term::Everything,
        }
    }
}

impl Term {
    fn matches(&self, mail: &Mail, labels: &LabelBook) -> bool {
        let envelope = &mail.envelope;
        match self {
            Self::Everything => true,
            Self::Nothing => false,
            Self::MessageId(id) => envelope.message_id == *id,
            Self::From(wanted) => has_words(&envelope.from, wanted),
            Self::To(wanted) => [&envelope.to, &envelope.cc, &envelope.bcc].iter().any(|text| has_words(text, wanted)),
            Self::Cc(wanted) => has_words(&envelope.cc, wanted),
            Self::Bcc(wanted) => has_words(&envelope.bcc, wanted),
            Self::Subject(wanted) => has_words(&envelope.subject, wanted),
            Self::Filename(wanted) => envelope.filenames.iter().any(|name| has_words(name, wanted)),
            Self::Text(wanted) => {
                let headers = [&envelope.from, &envelope.to, &envelope.cc, &envelope.bcc, &envelope.subject];
                headers.iter().any(|text| has_words(text, wanted)) || has_words(&mime::text(&mail.raw), wanted)
            }
            Self::Label(wanted) => {
                mail.label_ids.iter().any(|id| folded(labels.name(id)) == *wanted || folded(id) == *wanted)
            }
            Self::Read => !mail.has_label("UNREAD"),
            Self::HasAttachment => !envelope.filenames.is_empty(),
            Self::HasUserLabels => mail.label_ids.iter().any(|id| labels.get(id).is_some()),
            Self::After(ms) => mail.internal_date_ms >= *ms,
            Self::Before(ms) => mail.internal_date_ms < *ms,
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
    now: Timestamp,
}

impl<'a> Reader<'a> {
    /// Terms up to the closing character (or the end), of which `OR` joins neighbours.
    fn sequence(&mut self, close: Option<char>, operator: &str, depth: usize) -> Expr {
        let mut parts: Vec<Expr> = Vec::new();
        let mut join = false;
        loop {
            self.rest = self.rest.trim_start();
            let Some(first) = self.rest.chars().next() else {
                break;
            };
            if Some(first) == close {
                self.rest = &self.rest[first.len_utf8()..];
                break;
            }
            if matches!(first, ')' | '}') {
                self.rest = &self.rest[1..];
                continue;
            }
            if self.keyword("OR") || self.keyword("|") {
                join = true;
                continue;
            }
            if self.keyword("AND") {
                continue;
            }
            let next = self.factor(operator, depth);
            match parts.pop() {
                Some(Expr::Any(mut alternatives)) if join => {
                    alternatives.push(next);
                    parts.push(Expr::Any(alternatives));
                }
                Some(last) if join => parts.push(Expr::Any(vec![last, next])),
                last => {
                    parts.extend(last);
                    parts.push(next);
                }
            }
            join = false;
        }
        if close == Some('}') { Expr::Any(parts) } else { Expr::All(parts) }
    }

    fn keyword(&mut self, word: &str) -> bool {
        match self.rest.strip_prefix(word) {
            Some(tail) if tail.is_empty() || tail.starts_with(char::is_whitespace) => {
                self.rest = tail;
                true
            }
            _ => false,
        }
    }

    fn factor(&mut self, operator: &str, depth: usize) -> Expr {
        let negated = self.rest.starts_with('-');
        self.rest = self.rest.trim_start_matches('-');
        let inner = if let Some(close) = self.opening(depth) {
            self.sequence(Some(close), operator, depth + 1)
        } else {
            self.term(operator, depth)
        };
        if negated { Expr::Not(Box::new(inner)) } else { inner }
    }

    fn opening(&mut self, depth: usize) -> Option<char> {
        let close = match self.rest.chars().next()? {
            '(' => ')',
            '{' => '}',
            _ => return None,
        };
        self.rest = &self.rest[1..];
        (depth < DEPTH_LIMIT).then_some(close)
    }

    fn term(&mut self, operator: &str, depth: usize) -> Expr {
        let end = self.rest.find(|ch: char| ch.is_whitespace() || "(){}\":".contains(ch)).unwrap_or(self.rest.len());
        let (word, tail) = self.rest.split_at(end);
        if operator.is_empty() && !word.is_empty() && tail.starts_with(':') {
            let name = word.to_ascii_lowercase();
            if is_operator(&name) {
                self.rest = &tail[1..];
                if let Some(close) = self.opening(depth) {
                    return self.sequence(Some(close), &name, depth + 1);
                }
                let value = self.value();
                return Expr::Term(term(&name, value, self.now));
            }
        }
        let value = self.value();
        Expr::Term(term(operator, value, self.now))
    }

    /// A quoted phrase or everything up to white space or a bracket; never empty-handed for ever: at least
    /// one character is read.
    fn value(&mut self) -> &'a str {
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let (value, tail) = quoted.split_once('"').unwrap_or((quoted, ""));
            self.rest = tail;
            return value;
        }
        let end = self.rest.find(|ch: char| ch.is_whitespace() || "(){}".contains(ch)).unwrap_or(self.rest.len());
        let (value, tail) = self.rest.split_at(end);
        self.rest = tail;
        value
    }
}

fn is_operator(name: &str) -> bool {
    const KNOWN: [&str; 16] = [
        "rfc822msgid",
        "from",
        "to",
        "cc",
        "bcc",
        "subject",
        "label",
        "in",
        "is",
        "has",
        "filename",
        "after",
        "before",
        "newer",
        "older",
        "newer_than",
    ];
    KNOWN.contains(&name) || name == "older_than"
}

fn term(operator: &str, value: &str, now: Timestamp) -> Term {
    let text = || Term::Text(words(value));
    match operator {
        "rfc822msgid" => Term::MessageId(value.trim_matches(['<', '>']).to_owned()),
        "from" => Term::From(words(value)),
        "to" => Term::To(words(value)),
        "cc" => Term::Cc(words(value)),
        "bcc" => Term::Bcc(words(value)),
        "subject" => Term::Subject(words(value)),
        "filename" => Term::Filename(words(value)),
        "label" => Term::Label(folded(value)),
        "in" => match folded(value).as_str() {
            "anywhere" => Term::Everything,
            "drafts" => Term::Label("draft".into()),
            "chats" => Term::Label("chat".into()),
            other => Term::Label(other.to_owned()),
        },
        "is" => match folded(value).as_str() {
            "read" => Term::Read,
            state @ ("unread" | "starred" | "important" | "chat") => Term::Label(state.to_owned()),
            _ => Term::Nothing,
        },
        "has" => match folded(value).as_str() {
            "attachment" => Term::HasAttachment,
            "userlabels" => Term::HasUserLabels,
            _ => Term::Nothing,
        },
        "after" | "newer" => instant(value).map_or_else(text, Term::After),
        "before" | "older" => instant(value).map_or_else(text, Term::Before),
        "newer_than" => span(value, now).map_or_else(text, Term::After),
        "older_than" => span(value, now).map_or_else(text, Term::Before),
        _ => text(),
    }
}

/// Seconds since 1970, or a day, which begins at midnight of Pacific standard time.
fn instant(value: &str) -> Option<i64> {
    let mut numbers = value.split(['/', '-']);
    let first = numbers.next()?;
    let Some(month) = numbers.next() else {
        return first.parse::<i64>().ok()?.checked_mul(1000);
    };
    let day = civil::Date::new(first.parse().ok()?, month.parse().ok()?, numbers.next()?.parse().ok()?).ok()?;
    let midnight = day.to_zoned(TimeZone::fixed(offset(-8))).ok()?;
    Some(midnight.timestamp().as_millisecond())
}

/// `2d`, `3m`, `1y`, `5h` before now.
fn span(value: &str, now: Timestamp) -> Option<i64> {
    let hours = match value.chars().last()? {
        'h' => 1,
        'd' => 24,
        'm' => 24 * 30,
        'y' => 24 * 365,
        _ => return None,
    };
    let count: i64 = value.get(..value.len() - 1)?.parse().ok()?;
    let back = SignedDuration::try_from_hours(count.checked_mul(hours)?)?;
    now.checked_sub(back).ok().map(Timestamp::as_millisecond)
}

/// A label's name as it is written in a search.
fn folded(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '/'], "-")
}

fn words(text: &str) -> Vec<String> {
    text.split(|ch: char| !ch.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// Whether the words stand in the text, one after the other.
fn has_words(text: &str, wanted: &[String]) -> bool {
    wanted.is_empty() || words(text).windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::labels::Wish;
    use crate::model::mime::envelope;

    #[test]
    fn searches_find_what_gmail_finds() {
        let now: Timestamp = "2031-03-03T09:00:00Z".parse().unwrap();
        let raw = b"From: Mia Larsen <mia.larsen@fabrikam.example>\r\nTo: carla.diaz@northwind.example\r\n\
            Cc: Tom <tom@contoso.example>\r\nSubject: Offer for March\r\nMessage-ID: <M1@fabrikam.example>\r\n\
            Content-Type: text/plain; name=offer.txt\r\n\r\nThe price is 30 Euro.\r\n";
        let mut labels = LabelBook::default();
        labels.create(Wish { name: Some("Syncline/Kept Mail".into()), ..Wish::default() }).unwrap();
        let mail = Mail {
            id: "1".into(),
            thread_id: "1".into(),
            label_ids: vec!["INBOX".into(), "UNREAD".into(), "Label_1".into()],
            internal_date_ms: now.as_millisecond(),
            sequence: 1,
            history_id: 1,
            raw: raw.to_vec(),
            envelope: envelope(raw),
        };
        let found = [
            "",
            "rfc822msgid:M1@fabrikam.example",
            "rfc822msgid:<M1@fabrikam.example>",
            "from:mia",
            "from:fabrikam.example",
            "from:mia.larsen@fabrikam.example",
            "to:carla.diaz@northwind.example",
            "to:tom@contoso.example",
            "cc:tom",
            "subject:offer",
            "subject:(march offer)",
            "subject:\"offer for\"",
            "label:syncline-kept-mail",
            "label:inbox is:unread",
            "in:inbox",
            "in:anywhere",
            "has:attachment",
            "filename:offer.txt",
            "price -holiday",
            "from:tom OR from:mia",
            "{from:tom from:mia}",
            "from:(tom OR mia)",
            "is:unread -in:trash",
            "after:2031/03/02",
            "before:2031/03/04",
            "after:1930294700 before:1930294900",
            "newer_than:2d",
            "AND offer",
        ];
        let missed = [
            "rfc822msgid:m1@fabrikam.example",
            "from:tom",
            "from:larse",
            "subject:price",
            "is:read",
            "in:trash",
            "label:other",
            "-from:mia",
            "holiday",
            "\"price 30\"",
            "after:2031-03-04",
            "before:2031/03/03",
            "older_than:1h",
            "from:tom OR from:ben",
            "has:drive",
            "is:snoozed",
        ];
        for (texts, expected) in [(&found[..], true), (&missed[..], false)] {
            for text in texts {
                assert_eq!(Query::parse(text, now).matches(&mail, &labels), expected, "{text}");
            }
        }
    }

    #[test]
    fn broken_searches_neither_panic_nor_hang() {
        for text in ["(", "}", "-", "from:", ":", "a:\"", "OR OR", "-(", "\u{1f600}:x", "after:9999999999999999999"] {
            Query::parse(text, Timestamp::UNIX_EPOCH);
        }
        Query::parse(&"(-{".repeat(50_000), Timestamp::UNIX_EPOCH);
        Query::parse(&"from:(".repeat(50_000), Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn only_a_search_for_spam_or_trash_shows_them() {
        let asks = |text: &str| Query::parse(text, Timestamp::UNIX_EPOCH).names_spam_or_trash();
        assert!(asks("in:trash") && asks("x label:spam") && asks("in:anywhere"));
        assert!(!asks("-in:trash") && !asks("subject:trash"));
    }
}
