//! The grammar.

use crate::model::refusal::Refusal;
use crate::model::stamp;

use super::token::{Token, tokens};
use super::{Condition, Item, Literal, Name, Operator, Order, Path, Query, Select, days, wrong};

/// How deep parentheses and `NOT` may nest.
const DEEPEST: usize = 100;

/// The words that cannot be names where a clause may begin.
const RESERVED: [&str; 12] =
    ["AND", "OR", "NOT", "FROM", "WHERE", "ORDER", "LIMIT", "OFFSET", "IN", "LIKE", "NULLS", "SELECT"];

pub(super) fn parse(soql: &str) -> Result<Query, Refusal> {
    let mut parser = Parser { soql, tokens: tokens(soql)?, next: 0, depth: 0 };
    let query = parser.query()?;
    if parser.peek() == &Token::End { Ok(query) } else { Err(parser.unexpected()) }
}

struct Parser<'a> {
    soql: &'a str,
    tokens: Vec<(Token, usize)>,
    next: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |(token, _)| token)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.soql.len(), |(_, at)| *at)
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    fn unexpected(&self) -> Refusal {
        self.malformed(&format!("unexpected token: '{}'", self.peek().shown()))
    }

    fn malformed(&self, message: &str) -> Refusal {
        wrong(self.soql, self.at(), "MALFORMED_QUERY", message)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Word(text) if text.eq_ignore_ascii_case(word))
    }

    fn skip_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.next += usize::from(found);
        found
    }

    fn skip_symbol(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Token::Symbol(text) if *text == symbol);
        self.next += usize::from(found);
        found
    }

    fn expect_word(&mut self, word: &str) -> Result<(), Refusal> {
        if self.skip_word(word) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn expect_symbol(&mut self, symbol: &str) -> Result<(), Refusal> {
        if self.skip_symbol(symbol) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Refusal>) -> Result<T, Refusal> {
        if self.depth == DEEPEST {
            return Err(self.malformed("the query nests too deep"));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn query(&mut self) -> Result<Query, Refusal> {
        self.expect_word("SELECT")?;
        let select = self.select()?;
        self.expect_word("FROM")?;
        let at = self.at();
        let from = Name { text: self.name()?, at };
        let filter = if self.skip_word("WHERE") { Some(self.condition()?) } else { None };
        let mut order = Vec::new();
        if self.skip_word("ORDER") {
            self.expect_word("BY")?;
            loop {
                order.push(self.order()?);
                if !self.skip_symbol(",") {
                    break;
                }
            }
        }
        let limit = if self.skip_word("LIMIT") { Some(self.count()?) } else { None };
        let offset = if self.skip_word("OFFSET") { Some(self.count()?) } else { None };
        Ok(Query { select, from, filter, order, limit, offset })
    }

    fn select(&mut self) -> Result<Select, Refusal> {
        let counts = self.is_word("COUNT")
            && matches!(self.tokens.get(self.next + 1), Some((Token::Symbol("("), _)))
            && matches!(self.tokens.get(self.next + 2), Some((Token::Symbol(")"), _)));
        if counts {
            self.next += 3;
            return Ok(Select::Count);
        }
        let mut items = Vec::new();
        loop {
            items.push(if self.skip_symbol("(") {
                let query = self.deeper(Self::query)?;
                self.expect_symbol(")")?;
                Item::Children(Box::new(query))
            } else {
                Item::Field(self.path()?)
            });
            if !self.skip_symbol(",") {
                return Ok(Select::Items(items));
            }
        }
    }

    fn name(&mut self) -> Result<String, Refusal> {
        match self.peek() {
            Token::Word(text) if !RESERVED.iter().any(|word| text.eq_ignore_ascii_case(word)) => {
                let text = text.clone();
                self.next += 1;
                Ok(text)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn path(&mut self) -> Result<Path, Refusal> {
        let at = self.at();
        let mut parts = vec![self.name()?];
        while self.skip_symbol(".") {
            parts.push(self.name()?);
        }
        Ok(Path { parts, at })
    }

    fn count(&mut self) -> Result<usize, Refusal> {
        match self.peek() {
            Token::Bare(text) => {
                let count = text.parse().map_err(|_| self.unexpected())?;
                self.next += 1;
                Ok(count)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn order(&mut self) -> Result<Order, Refusal> {
        let path = self.path()?;
        let descending = self.skip_word("DESC");
        if !descending {
            self.skip_word("ASC");
        }
        let mut nulls_last = false;
        if self.skip_word("NULLS") {
            nulls_last = self.skip_word("LAST");
            if !nulls_last {
                self.expect_word("FIRST")?;
            }
        }
        Ok(Order { path, descending, nulls_last })
    }

    /// Terms joined by `AND` or by `OR`; both together need parentheses.
    fn condition(&mut self) -> Result<Condition, Refusal> {
        let first = self.term()?;
        let mut terms = vec![first];
        let both = self.is_word("AND");
        let word = if both { "AND" } else { "OR" };
        while self.skip_word(word) {
            terms.push(self.term()?);
        }
        if self.is_word("AND") || self.is_word("OR") {
            return Err(self.unexpected());
        }
        Ok(match terms.pop() {
            Some(only) if terms.is_empty() => only,
            last => {
                terms.extend(last);
                if both { Condition::All(terms) } else { Condition::Any(terms) }
            }
        })
    }

    fn term(&mut self) -> Result<Condition, Refusal> {
        if self.skip_word("NOT") {
            return Ok(Condition::Not(Box::new(self.deeper(Self::term)?)));
        }
        if self.skip_symbol("(") {
            let condition = self.deeper(Self::condition)?;
            self.expect_symbol(")")?;
            return Ok(condition);
        }
        let path = self.path()?;
        let negated = self.skip_word("NOT");
        if negated || self.is_word("IN") {
            self.expect_word("IN")?;
            return self.list(path, negated);
        }
        let operator = self.operator()?;
        let literal = self.literal()?;
        Ok(Condition::Compare(path, operator, literal))
    }

    fn operator(&mut self) -> Result<Operator, Refusal> {
        let operator = match self.peek() {
            Token::Symbol("=") => Operator::Equal,
            Token::Symbol("!=" | "<>") => Operator::Unequal,
            Token::Symbol("<") => Operator::Less,
            Token::Symbol("<=") => Operator::AtMost,
            Token::Symbol(">") => Operator::Greater,
            Token::Symbol(">=") => Operator::AtLeast,
            Token::Word(word) if word.eq_ignore_ascii_case("LIKE") => Operator::Like,
            _ => return Err(self.unexpected()),
        };
        self.next += 1;
        Ok(operator)
    }

    fn list(&mut self, path: Path, negated: bool) -> Result<Condition, Refusal> {
        self.expect_symbol("(")?;
        if self.is_word("SELECT") {
            let query = Box::new(self.deeper(Self::query)?);
            self.expect_symbol(")")?;
            return Ok(Condition::InQuery { path, negated, query });
        }
        let mut list = vec![self.literal()?];
        while self.skip_symbol(",") {
            list.push(self.literal()?);
        }
        self.expect_symbol(")")?;
        Ok(Condition::In { path, negated, list })
    }

    fn literal(&mut self) -> Result<Literal, Refusal> {
        let at = self.next;
        let literal = match self.take() {
            Token::Quoted(text) => Some(Literal::Text(text)),
            Token::Bare(text) => bare(&text),
            Token::Word(word) => match word.to_uppercase().as_str() {
                "NULL" => Some(Literal::Null),
                "TRUE" => Some(Literal::Boolean(true)),
                "FALSE" => Some(Literal::Boolean(false)),
                name => self.days(name)?,
            },
            Token::Symbol(_) | Token::End => None,
        };
        literal.ok_or_else(|| {
            self.next = at;
            self.unexpected()
        })
    }

    /// A name of days, and its number after a colon where it has one.
    fn days(&mut self, name: &str) -> Result<Option<Literal>, Refusal> {
        let Some((name, counted)) = days::named(name) else {
            return Ok(None);
        };
        if !counted {
            return Ok(Some(Literal::Days(name, 0)));
        }
        self.expect_symbol(":")?;
        let number = self.count()?;
        Ok(Some(Literal::Days(name, i64::try_from(number).unwrap_or(i64::MAX))))
    }
}

fn bare(text: &str) -> Option<Literal> {
    if let Some(date) = stamp::read_date(text) {
        return Some(Literal::Date(date));
    }
    if let Some(at) = stamp::read(text) {
        return Some(Literal::DateTime(at));
    }
    let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    if numeric { text.parse().ok().map(Literal::Number) } else { None }
}
