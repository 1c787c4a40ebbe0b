//! What is looked for: words with wildcards, phrases, `AND`, `OR`, `AND NOT`.

use crate::model::refusal::Refusal;

use crate::soql::filter::Part;
use crate::soql::run::like;

/// How deep parentheses may nest.
const DEEPEST: usize = 50;

/// How many letters a search needs besides wildcards.
const LEAST_LETTERS: usize = 2;

#[derive(Debug)]
pub(super) enum Term {
    All(Vec<Term>),
    Any(Vec<Term>),
    Not(Box<Term>),
    /// Words that follow each other.
    Phrase(Vec<Vec<Part>>),
}

#[derive(Debug, PartialEq)]
enum Piece {
    Open,
    Close,
    And,
    Or,
    Not,
    Phrase(Vec<Vec<Part>>),
}

/// The words of a field's text as the index has them.
pub(super) fn words(text: &str) -> Vec<String> {
    let lowered = text.to_lowercase();
    lowered.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

impl Term {
    pub(super) fn read(text: &str) -> Result<Self, Refusal> {
        let malformed = |message: &str| Refusal::new(400, "MALFORMED_SEARCH", message);
        if text.trim().is_empty() {
            return Err(malformed("No search term found. The search term must be enclosed in braces."));
        }
        let pieces = pieces(text).ok_or_else(|| malformed("Mismatched quotes in search term"))?;
        let letters = pieces.iter().map(|piece| match piece {
            Piece::Phrase(words) => words.iter().flatten().filter(|part| matches!(part, Part::Letter(_))).count(),
            _ => 0,
        });
        if letters.sum::<usize>() < LEAST_LETTERS {
            let message = format!("search term must be longer than one character: {}", text.trim());
            return Err(Refusal::new(400, "INVALID_SEARCH", message));
        }
        let mut reader = Reader { pieces: pieces.into_iter().peekable(), depth: 0 };
        let term = reader.any().filter(|_| reader.pieces.peek().is_none());
        term.ok_or_else(|| malformed(&format!("Malformed search term: {}", text.trim())))
    }

    /// Whether a record has it; `texts` are the words of its fields.
    pub(super) fn is_in(&self, texts: &[Vec<String>]) -> bool {
        match self {
            Self::All(terms) => terms.iter().all(|term| term.is_in(texts)),
            Self::Any(terms) => terms.iter().any(|term| term.is_in(texts)),
            Self::Not(term) => !term.is_in(texts),
            Self::Phrase(wanted) => texts.iter().any(|words| {
                let fits = |window: &[String]| window.iter().zip(wanted).all(|(word, parts)| like(word, parts));
                words.windows(wanted.len().max(1)).any(fits)
            }),
        }
    }
}

struct Reader {
    pieces: std::iter::Peekable<std::vec::IntoIter<Piece>>,
    depth: usize,
}

impl Reader {
    fn skip(&mut self, piece: &Piece) -> bool {
        self.pieces.next_if(|next| next == piece).is_some()
    }

    fn any(&mut self) -> Option<Term> {
        let mut terms = vec![self.all()?];
        while self.skip(&Piece::Or) {
            terms.push(self.all()?);
        }
        Some(Term::Any(terms))
    }

    /// Terms next to each other belong together as with `AND`.
    fn all(&mut self) -> Option<Term> {
        let mut terms = vec![self.one()?];
        loop {
            let joined = self.skip(&Piece::And);
            match self.pieces.peek() {
                Some(Piece::Phrase(_) | Piece::Open | Piece::Not) => terms.push(self.one()?),
                _ if joined => return None,
                _ => return Some(Term::All(terms)),
            }
        }
    }

    fn one(&mut self) -> Option<Term> {
        if self.depth == DEEPEST {
            return None;
        }
        self.depth += 1;
        let term = match self.pieces.next()? {
            Piece::Not => self.one().map(|term| Term::Not(Box::new(term))),
            Piece::Open => self.any().filter(|_| self.skip(&Piece::Close)),
            Piece::Phrase(words) => Some(Term::Phrase(words)),
            Piece::Close | Piece::And | Piece::Or => None,
        };
        self.depth -= 1;
        term
    }
}

/// Splits a search term; `None` if a quote is not closed.
fn pieces(text: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let quoted = letter == '"';
        match letter {
            '(' => pieces.push(Piece::Open),
            ')' => pieces.push(Piece::Close),
            letter if letter.is_whitespace() => {}
            _ => {
                let mut word = if quoted { String::new() } else { letter.to_string() };
                let mut escaped = !quoted && letter == '\\';
                loop {
                    let ends = |next: &char| match next {
                        '"' => true,
                        '(' | ')' => !quoted,
                        next => !quoted && next.is_whitespace(),
                    };
                    match letters.peek() {
                        None if quoted => return None,
                        None => break,
                        Some(next) if !escaped && ends(next) => break,
                        Some(next) => {
                            escaped = !escaped && *next == '\\';
                            word.push(*next);
                            letters.next();
                        }
                    }
                }
                if quoted {
                    letters.next();
                }
                let operator = match word.to_ascii_uppercase().as_str() {
                    _ if quoted => None,
                    "AND" => Some(Piece::And),
                    "OR" => Some(Piece::Or),
                    "NOT" => Some(Piece::Not),
                    _ => None,
                };
                let phrase = phrase(&word);
                match operator {
                    Some(operator) => pieces.push(operator),
                    None if phrase.is_empty() => {}
                    None => pieces.push(Piece::Phrase(phrase)),
                }
            }
        }
    }
    Some(pieces)
}

/// The words of a phrase. What is no letter, no digit and no wildcard parts words, as it does in the index.
fn phrase(text: &str) -> Vec<Vec<Part>> {
    let mut words = vec![Vec::new()];
    let lowered = text.to_lowercase();
    let mut letters = lowered.chars();
    while let Some(letter) = letters.next() {
        let part = match letter {
            '*' => Some(Part::AnyText),
            '?' => Some(Part::AnyLetter),
            '\\' => letters.next().filter(|letter| letter.is_alphanumeric()).map(Part::Letter),
            letter => letter.is_alphanumeric().then_some(Part::Letter(letter)),
        };
        match (part, words.last_mut()) {
            (Some(part), Some(word)) => word.push(part),
            _ => words.push(Vec::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_in_a_record_or_not() {
        let record = ["Mia Larsen", "mia.larsen@fabrikam.example", "+45 12 34 56 78", "O'Hara & Sons"];
        let texts: Vec<Vec<String>> = record.into_iter().map(words).collect();
        let table = [
            ("larsen", true),
            ("LARSEN", true),
            ("lars", false),
            ("lars*", true),
            ("l?rsen", true),
            ("l?rse", false),
            ("mia larsen", true),
            ("larsen mia", true),
            ("\"mia larsen\"", true),
            ("\"larsen mia\"", false),
            ("mia.larsen@fabrikam.example", true),
            ("mia\\-larsen", true),
            ("fabrikam AND sons", true),
            ("fabrikam AND nobody", false),
            ("fabrikam OR nobody", true),
            ("fabrikam AND NOT nobody", true),
            ("fabrikam AND NOT sons", false),
            ("(nobody OR fabrikam) and mia", true),
            ("nobody OR fabrikam AND none", false),
            ("\"12 34\"", true),
            ("o\\'hara", true),
        ];
        for (term, expected) in table {
            assert_eq!(Term::read(term).unwrap().is_in(&texts), expected, "{term}");
        }
        let bad = [
            ("", "MALFORMED_SEARCH"),
            ("x", "INVALID_SEARCH"),
            ("**", "INVALID_SEARCH"),
            ("(mia", "MALFORMED_SEARCH"),
            ("mia)", "MALFORMED_SEARCH"),
            ("mia AND", "MALFORMED_SEARCH"),
            ("OR mia", "MALFORMED_SEARCH"),
            ("\"mia", "MALFORMED_SEARCH"),
        ];
        for (term, code) in bad {
            assert_eq!(Term::read(term).unwrap_err().code, code, "{term}");
        }
        assert_eq!(Term::read(&"(".repeat(1000)).unwrap_err().code, "INVALID_SEARCH");
    }
}
