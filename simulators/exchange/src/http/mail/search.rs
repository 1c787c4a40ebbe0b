//! `$search` on messages: keyword queries.

use jiff::Timestamp;
use serde_json::Value;

use crate::model::{Message, instant, stamp_text};
use crate::refusal::Refusal;

/// Parentheses inside each other.
const MAX_DEPTH: usize = 20;

/// What a message must be like to be found.
#[derive(Debug, PartialEq)]
pub(super) enum Wanted {
    All(Vec<Wanted>),
    Any(Vec<Wanted>),
    Not(Box<Wanted>),
    /// Words in a row, in any of the places; the last may be the beginning of one.
    Words(&'static [Place], Vec<String>, bool),
    /// A time property, compared by its day.
    Date(bool, Order, String),
    Flag(&'static str, bool),
    Exactly(&'static str, String),
    Category(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    From,
    To,
    Cc,
    Bcc,
    Subject,
    Body,
    Attachment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    On,
    Before,
    After,
    Until,
    Since,
}

const ANYWHERE: &[Place] =
    &[Place::Subject, Place::Body, Place::From, Place::To, Place::Cc, Place::Bcc, Place::Attachment];

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Open,
    Close,
    /// A word or quoted phrase, perhaps with the property it is about and how it is compared.
    Term {
        property: Option<String>,
        order: &'static str,
        text: String,
        quoted: bool,
    },
}

/// Reads the value of `$search`: the query in quotation marks, those inside it escaped.
pub(super) fn read(text: &str) -> Result<Wanted, Refusal> {
    let text = text.trim();
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let query = match inner {
        Some(inner) => inner.replace("\\\"", "\""),
        None if text.chars().all(|letter| letter.is_alphanumeric() || letter == '_') && !text.is_empty() => {
            text.to_owned()
        }
        None => {
            let at = text.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(0);
            let odd = text.chars().find(|letter| !letter.is_alphanumeric()).unwrap_or(' ');
            return Err(Refusal::bad_request(format!(
                "Syntax error: character '{odd}' is not valid at position {at} in '{text}'."
            )));
        }
    };
    let tokens = tokens(&query);
    let mut parser = Parser { tokens, at: 0, depth: 0 };
    let wanted = parser.any().ok_or_else(|| {
        Refusal::bad_request(format!("The search query '{query}' is not valid: its parentheses do not match."))
    })?;
    if parser.at < parser.tokens.len() {
        return Err(Refusal::bad_request(format!("The search query '{query}' is not valid.")));
    }
    Ok(wanted)
}

fn tokens(query: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = query.trim_start();
    while let Some(first) = rest.chars().next() {
        match first {
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            _ => {
                let (term, after) = term(rest);
                tokens.push(term);
                rest = after.trim_start();
                continue;
            }
        }
        rest = rest.get(1..).unwrap_or_default().trim_start();
    }
    tokens
}

/// The term that the text begins with, and what follows it.
fn term(text: &str) -> (Token, &str) {
    let name_end = text.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(text.len());
    let (name, after) = text.split_at(name_end);
    let order = ["<=", ">=", "<>", ":", "=", "<", ">"].into_iter().find(|order| after.starts_with(order));
    let (property, order, value) = match order {
        Some(order) if !name.is_empty() => {
            (Some(name.to_ascii_lowercase()), order, after.get(order.len()..).unwrap_or_default())
        }
        _ => (None, "", text),
    };
    if let Some(phrase) = value.strip_prefix('"') {
        let (phrase, after) = phrase.split_once('"').unwrap_or((phrase, ""));
        return (Token::Term { property, order, text: phrase.to_owned(), quoted: true }, after);
    }
    let end = value.find(|letter: char| letter.is_whitespace() || "()\"".contains(letter)).unwrap_or(value.len());
    let (word, after) = value.split_at(end);
    // A lone sign is no word, and must not be met again.
    let after = if word.is_empty() && !after.is_empty() && property.is_none() {
        after.get(after.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default()
    } else {
        after
    };
    (Token::Term { property, order, text: word.to_owned(), quoted: false }, after)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn takes(&mut self, word: &str) -> bool {
        let found = matches!(
            self.tokens.get(self.at),
            Some(Token::Term { property: None, text, quoted: false, .. }) if text == word
        );
        self.at += usize::from(found);
        found
    }

    fn any(&mut self) -> Option<Wanted> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let mut list = vec![self.all()?];
        while self.takes("OR") {
            list.push(self.all()?);
        }
        self.depth -= 1;
        Some(if list.len() == 1 { list.remove(0) } else { Wanted::Any(list) })
    }

    fn all(&mut self) -> Option<Wanted> {
        let mut list = Vec::new();
        loop {
            let _ = self.takes("AND");
            match self.tokens.get(self.at) {
                None | Some(Token::Close) => break,
                Some(Token::Term { property: None, text, quoted: false, .. }) if text == "OR" => break,
                Some(_) => {}
            }
            let not = self.takes("NOT");
            let one = self.one()?;
            list.push(if not { Wanted::Not(Box::new(one)) } else { one });
        }
        Some(Wanted::All(list))
    }

    fn one(&mut self) -> Option<Wanted> {
        let token = self.tokens.get(self.at)?.clone();
        self.at += 1;
        match token {
            Token::Open => {
                let inner = self.any()?;
                (self.tokens.get(self.at) == Some(&Token::Close)).then(|| self.at += 1)?;
                Some(inner)
            }
            Token::Close => None,
            Token::Term { property, order, text, .. } => Some(about(property.as_deref(), order, &text)),
        }
    }
}

fn about(property: Option<&str>, order: &str, text: &str) -> Wanted {
    let yes = || text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("yes");
    let places: &'static [Place] = match property {
        Some("from" | "sender") => &[Place::From],
        Some("to") => &[Place::To],
        Some("cc") => &[Place::Cc],
        Some("bcc") => &[Place::Bcc],
        Some("recipients") => &[Place::To, Place::Cc, Place::Bcc],
        Some("participants") => &[Place::From, Place::To, Place::Cc, Place::Bcc],
        Some("subject") => &[Place::Subject],
        Some("body") => &[Place::Body],
        Some("attachment" | "attachmentnames") => &[Place::Attachment],
        Some("hasattachments" | "hasattachment") => return Wanted::Flag("hasAttachments", yes()),
        Some("isread") => return Wanted::Flag("isRead", yes()),
        Some("importance") => return Wanted::Exactly("importance", text.to_ascii_lowercase()),
        Some("category" | "categories") => return Wanted::Category(text.to_owned()),
        Some(name @ ("received" | "sent")) => {
            let order = match order {
                "<" => Order::Before,
                "<=" => Order::Until,
                ">" => Order::After,
                ">=" => Order::Since,
                _ => Order::On,
            };
            return Wanted::Date(name == "received", order, text.to_owned());
        }
        Some("kind") if text.eq_ignore_ascii_case("email") => return Wanted::All(Vec::new()),
        Some(name) => return Wanted::Words(ANYWHERE, words(&format!("{name} {text}")), false),
        None => ANYWHERE,
    };
    let open = text.ends_with('*') || places == ANYWHERE;
    Wanted::Words(places, words(text), open)
}

fn words(text: &str) -> Vec<String> {
    let parts = text.split(|letter: char| !letter.is_alphanumeric()).filter(|part| !part.is_empty());
    parts.map(str::to_lowercase).collect()
}

impl Wanted {
    pub(super) fn finds(&self, message: &Message) -> bool {
        match self {
            Self::All(list) => list.iter().all(|wanted| wanted.finds(message)),
            Self::Any(list) => list.iter().any(|wanted| wanted.finds(message)),
            Self::Not(wanted) => !wanted.finds(message),
            Self::Words(places, phrase, open) => {
                places.iter().any(|place| place.text(message).iter().any(|text| holds(text, phrase, *open)))
            }
            Self::Date(received, order, day) => {
                compare(if *received { message.received } else { message.sent }, *order, day)
            }
            Self::Flag(name, flag) => message.fields.get(*name) == Some(&Value::Bool(*flag)),
            Self::Exactly(name, text) => message.text(name).eq_ignore_ascii_case(text),
            Self::Category(name) => {
                let list = message.fields.get("categories").and_then(Value::as_array);
                let mut list = list.into_iter().flatten().filter_map(Value::as_str);
                list.any(|category| category.eq_ignore_ascii_case(name))
            }
        }
    }
}

impl Place {
    fn text(self, message: &Message) -> Vec<String> {
        let people = |list: Option<&Value>| {
            let list = match list {
                Some(Value::Array(list)) => list.as_slice(),
                Some(person) => std::slice::from_ref(person),
                None => &[],
            };
            let one = |person: &Value| {
                let text = |name: &str| person.pointer(&format!("/emailAddress/{name}")).and_then(Value::as_str);
                format!("{} {}", text("name").unwrap_or_default(), text("address").unwrap_or_default())
            };
            list.iter().map(one).collect()
        };
        match self {
            Self::From => people(message.fields.get("from")),
            Self::To => people(message.fields.get("toRecipients")),
            Self::Cc => people(message.fields.get("ccRecipients")),
            Self::Bcc => people(message.fields.get("bccRecipients")),
            Self::Subject => vec![message.text("subject").to_owned()],
            Self::Body => vec![message.body.plain()],
            Self::Attachment => message.attachments().iter().map(|attachment| attachment.name.clone()).collect(),
        }
    }
}

/// Whether the words stand in the text in a row.
fn holds(text: &str, phrase: &[String], open: bool) -> bool {
    let text = words(text);
    let Some((last, first)) = phrase.split_last() else {
        return true;
    };
    text.windows(phrase.len()).any(|window| {
        window.split_last().is_some_and(|(end, start)| {
            start == first && if open { end.starts_with(last.as_str()) } else { end == last }
        })
    })
}

/// Compares by the day if only a day is named, or by the instant.
fn compare(at: Timestamp, order: Order, text: &str) -> bool {
    let days: Vec<&str> = text.splitn(2, "..").collect();
    if let [from, to] = days.as_slice() {
        return compare(at, Order::Since, from) && compare(at, Order::Until, to);
    }
    let told = stamp_text(at);
    let day = told.split('T').next().unwrap_or_default();
    let wanted = match text.split('/').collect::<Vec<_>>().as_slice() {
        [month, day, year] => format!("{year}-{month:0>2}-{day:0>2}"),
        _ => text.to_owned(),
    };
    let order_found = if wanted.contains('T') {
        instant(&wanted).map(|wanted| at.cmp(&wanted))
    } else {
        Some(day.cmp(wanted.as_str()))
    };
    order_found.is_some_and(|found| match order {
        Order::On => found.is_eq(),
        Order::Before => found.is_lt(),
        Order::After => found.is_gt(),
        Order::Until => found.is_le(),
        Order::Since => found.is_ge(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_queries_are_read_or_refused_but_never_hang() {
        for query in [
            "\"\"",
            "\"plan AND (from:anna OR NOT to:ben)\"",
            "\"\\\"two words\\\"\"",
            "\":::\"",
            "\"* - ( )\"",
            "plan",
        ] {
            assert!(read(query).is_ok(), "{query}");
        }
        for query in ["\"(\"", "\")\"", "two words", "\"plan", &format!("\"{}\"", "(".repeat(500))] {
            assert!(read(query).is_err(), "{query}");
        }
    }
}
