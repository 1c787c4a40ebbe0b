//! Reading a `$filter`: the part of the OData grammar that Exchange knows.

use serde_json::Value;

use super::filter::{Expr, Operand, Relation, TextTest};
use crate::model::canonical;

/// Parentheses and `not` inside each other.
const MAX_DEPTH: usize = 50;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(String),
    Open,
    Close,
    Comma,
    Colon,
}

/// Reads a filter; the error says what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Expr, String> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    let expr = parser.or()?;
    match parser.peek() {
        None => Ok(expr),
        Some(token) => Err(format!("unexpected {token:?}")),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(&letter) = rest.peek() {
        match letter {
            ' ' | '\t' | '\r' | '\n' => {
                rest.next();
            }
            '(' | ')' | ',' | ':' => {
                rest.next();
                tokens.push(match letter {
                    '(' => Token::Open,
                    ')' => Token::Close,
                    ',' => Token::Comma,
                    _ => Token::Colon,
                });
            }
            '\'' => {
                rest.next();
                let mut literal = String::new();
                loop {
                    match rest.next() {
                        None => return Err("a string literal does not end".to_owned()),
                        Some('\'') if rest.peek() == Some(&'\'') => {
                            rest.next();
                            literal.push('\'');
                        }
                        Some('\'') => break,
                        Some(letter) => literal.push(letter),
                    }
                }
                tokens.push(Token::Text(literal));
            }
            _ => {
                let number = letter.is_ascii_digit() || letter == '-';
                let mut word = String::new();
                while let Some(&letter) = rest.peek() {
                    let stop = letter.is_whitespace() || matches!(letter, '(' | ')' | ',' | '\'');
                    if stop || (letter == ':' && !number) {
                        break;
                    }
                    word.push(letter);
                    rest.next();
                }
                tokens.push(if number { Token::Number(word) } else { Token::Word(word) });
            }
        }
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(next)) if next.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, token: &Token) -> Result<(), String> {
        match self.next() {
            Some(next) if next == *token => Ok(()),
            other => Err(format!("expected {token:?}, found {other:?}")),
        }
    }

    fn or(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("the expression is nested too deeply".to_owned());
        }
        let mut left = self.and()?;
        while self.take_word("or") {
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, String> {
        let mut left = self.unary()?;
        while self.take_word("and") {
            left = Expr::And(Box::new(left), Box::new(self.unary()?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, String> {
        if self.take_word("not") {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err("the expression is nested too deeply".to_owned());
            }
            let inner = self.unary()?;
            self.depth -= 1;
            return Ok(Expr::Not(Box::new(inner)));
        }
        if self.peek() == Some(&Token::Open) {
            self.next();
            let inner = self.or()?;
            self.expect(&Token::Close)?;
            return Ok(inner);
        }
        self.predicate()
    }

    fn predicate(&mut self) -> Result<Expr, String> {
        if let (Some(Token::Word(word)), Some(Token::Open)) = (self.peek(), self.tokens.get(self.at + 1)) {
            let word = word.clone();
            self.at += 2;
            let call = self.call(&word)?;
            return self.as_flag(call);
        }
        let left = self.operand()?;
        if self.take_word("in") {
            return self.list(left);
        }
        let relation = match self.peek() {
            Some(Token::Word(word)) => match word.to_ascii_lowercase().as_str() {
                "eq" => Relation::Eq,
                "ne" => Relation::Ne,
                "gt" => Relation::Gt,
                "ge" => Relation::Ge,
                "lt" => Relation::Lt,
                "le" => Relation::Le,
                "and" | "or" => return Ok(Expr::Truth(left)),
                other => return Err(format!("unknown operator '{other}'")),
            },
            _ => return Ok(Expr::Truth(left)),
        };
        self.next();
        if let (Operand::Literal(Value::Bool(flag)), Some(Token::Open)) = (&left, self.tokens.get(self.at + 1)) {
            // `true eq startswith(..)`.
            let flag = *flag;
            let call = self.predicate()?;
            return match relation {
                Relation::Eq if flag => Ok(call),
                Relation::Ne if !flag => Ok(call),
                Relation::Eq | Relation::Ne => Ok(Expr::Not(Box::new(call))),
                _ => Err("a truth value can only be compared with eq and ne".to_owned()),
            };
        }
        let right = self.operand()?;
        Ok(match (left, right) {
            // Extended properties are known by more than one writing of their id.
            (Operand::Path(path), Operand::Literal(Value::String(id)))
                if path.last().is_some_and(|name| name.eq_ignore_ascii_case("id")) =>
            {
                Expr::Compare(Operand::Path(path), relation, Operand::Literal(canonical(&id).into()))
            }
            (left, right) => Expr::Compare(left, relation, right),
        })
    }

    /// A function may be compared with `true` or `false`.
    fn as_flag(&mut self, call: Expr) -> Result<Expr, String> {
        let equal = if self.take_word("eq") {
            true
        } else if self.take_word("ne") {
            false
        } else {
            return Ok(call);
        };
        match self.operand()? {
            Operand::Literal(Value::Bool(flag)) if flag == equal => Ok(call),
            Operand::Literal(Value::Bool(_)) => Ok(Expr::Not(Box::new(call))),
            _ => Err("a function that tests text is compared with true or false".to_owned()),
        }
    }

    /// After `left in`.
    fn list(&mut self, left: Operand) -> Result<Expr, String> {
        self.expect(&Token::Open)?;
        let mut list = vec![self.operand()?];
        while self.peek() == Some(&Token::Comma) {
            self.next();
            list.push(self.operand()?);
        }
        self.expect(&Token::Close)?;
        Ok(Expr::In(left, list))
    }

    /// After `word(`: a text test, or a lambda over a collection.
    fn call(&mut self, word: &str) -> Result<Expr, String> {
        let lower = word.to_ascii_lowercase();
        let test = match lower.as_str() {
            "contains" => TextTest::Contains,
            "startswith" => TextTest::StartsWith,
            "endswith" => TextTest::EndsWith,
            _ => return self.each(word, &lower),
        };
        let left = self.operand()?;
        self.expect(&Token::Comma)?;
        let right = self.operand()?;
        self.expect(&Token::Close)?;
        Ok(Expr::Text(test, left, right))
    }

    fn each(&mut self, word: &str, lower: &str) -> Result<Expr, String> {
        let all = lower.ends_with("/all");
        if !all && !lower.ends_with("/any") {
            return Err(format!("unknown function '{word}'"));
        }
        let path = word[..word.len() - 4].split('/').map(str::to_owned).collect();
        if self.peek() == Some(&Token::Close) {
            self.next();
            return Ok(Expr::Each { all, path, variable: String::new(), body: None });
        }
        let Some(Token::Word(variable)) = self.next() else {
            return Err("a lambda needs a variable".to_owned());
        };
        self.expect(&Token::Colon)?;
        let body = self.or()?;
        self.expect(&Token::Close)?;
        Ok(Expr::Each { all, path, variable, body: Some(Box::new(body)) })
    }

    fn operand(&mut self) -> Result<Operand, String> {
        Ok(Operand::Literal(match self.next() {
            Some(Token::Text(text)) => Value::String(text),
            Some(Token::Number(text)) => match text.parse::<f64>() {
                Ok(number) => Value::from(number),
                Err(_) => Value::String(text),
            },
            Some(Token::Word(word)) => match word.to_ascii_lowercase().as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                _ => return Ok(Operand::Path(word.split('/').map(str::to_owned).collect())),
            },
            other => return Err(format!("expected a value, found {other:?}")),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_filter_is_refused() {
        let deep = format!("{}a eq 1{}", "(".repeat(500), ")".repeat(500));
        let cases = [
            "",
            "subject",
            "subject is 'x'",
            "subject eq 'x",
            "(a eq 1",
            "a eq 1)",
            "f(x)",
            "a/any(b c)",
            "a eq",
            "a in 'x'",
            "a in ()",
            "startswith(a,'x') eq 'true'",
            &deep,
        ];
        for text in cases.iter().filter(|text| **text != "subject") {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
