//! The words of a query.

use crate::model::refusal::Refusal;

use super::Place;

/// A word, or the end.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Word(String),
    /// A quoted text, its escapes resolved; `\%` and `\_` stay as they are, for `LIKE`.
    Quoted(String),
    /// What begins with a digit or a sign: number, date, date-time.
    Bare(String),
    Symbol(&'static str),
    End,
}

impl Token {
    /// How an error names it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Word(text) | Self::Bare(text) | Self::Quoted(text) => text.clone(),
            Self::Symbol(text) => (*text).to_owned(),
            Self::End => "<EOF>".to_owned(),
        }
    }
}

const SYMBOLS: [&str; 13] = ["!=", "<>", "<=", ">=", "=", "<", ">", "(", ")", ",", ".", ":", "*"];

/// Splits a query from the byte `at` on into its words, each with the byte where it begins.
pub(super) fn tokens(soql: &str, mut at: usize) -> Result<Vec<(Token, usize)>, Refusal> {
    let mut tokens = Vec::new();
    while let Some(rest) = soql.get(at..) {
        let Some(first) = rest.chars().next() else {
            break;
        };
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (token, length) = if first == '\'' {
            quoted(soql, rest)?
        } else if first.is_ascii_digit() || matches!(first, '-' | '+') {
            let text = take(rest, |letter| letter.is_ascii_alphanumeric() || "+-.:".contains(letter));
            (Token::Bare(text.to_owned()), text.len())
        } else if first.is_ascii_alphabetic() || first == '_' {
            let text = take(rest, |letter| letter.is_ascii_alphanumeric() || letter == '_');
            (Token::Word(text.to_owned()), text.len())
        } else if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
            (Token::Symbol(symbol), symbol.len())
        } else {
            return Err(unreadable(soql, at, &format!("no viable alternative at character '{first}'")));
        };
        tokens.push((token, at));
        at += length;
    }
    tokens.push((Token::End, soql.len()));
    Ok(tokens)
}

fn take(text: &str, part: impl Fn(char) -> bool) -> &str {
    text.split_once(|letter| !part(letter)).map_or(text, |(taken, _)| taken)
}

fn quoted(soql: &str, rest: &str) -> Result<(Token, usize), Refusal> {
    let mut text = String::new();
    let mut letters = rest.char_indices().skip(1);
    while let Some((index, letter)) = letters.next() {
        match letter {
            '\'' => return Ok((Token::Quoted(text), index + 1)),
            '\\' => match letters.next().map(|(_, escaped)| escaped) {
                Some(escaped @ ('\'' | '"')) => text.push(escaped),
                Some('n' | 'N') => text.push('\n'),
                Some('r' | 'R') => text.push('\r'),
                Some('t' | 'T') => text.push('\t'),
                Some('b' | 'B') => text.push('\u{8}'),
                Some('f' | 'F') => text.push('\u{c}'),
                Some('u' | 'U') => {
                    let digits: String = letters.by_ref().take(4).map(|(_, digit)| digit).collect();
                    let plain = digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                    let code = u32::from_str_radix(&digits, 16).ok().filter(|_| plain);
                    text.push(code.and_then(char::from_u32).ok_or_else(|| illegal(rest, index))?);
                }
                // A pattern needs to know that these stood for themselves.
                Some(escaped @ ('%' | '_' | '\\')) => text.extend(['\\', escaped]),
                _ => return Err(illegal(rest, index)),
            },
            _ => text.push(letter),
        }
    }
    Err(unreadable(soql, soql.len(), "mismatched character '<EOF>' expecting '''"))
}

/// A backslash with what it cannot stand before.
fn illegal(rest: &str, index: usize) -> Refusal {
    let letters: String = rest.get(index..).unwrap_or_default().chars().take(2).collect();
    let message = format!("Invalid string literal. Illegal character sequence '{letters}' in string literal.");
    Refusal::new(400, "MALFORMED_QUERY", message)
}

/// What no word begins with. Such errors name their place in a form of their own.
fn unreadable(soql: &str, at: usize, what: &str) -> Refusal {
    let Place { row, column, .. } = Place::of(soql, at);
    Refusal::new(400, "MALFORMED_QUERY", format!("line {row}:{} {what}", column - 1))
}

/// A quoted text that is no pattern: what was escaped stands for itself.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        plain.push(if letter == '\\' { letters.next().unwrap_or(letter) } else { letter });
    }
    plain
}
