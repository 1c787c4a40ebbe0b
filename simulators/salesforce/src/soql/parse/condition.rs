//! Conditions and literals.

use crate::model::refusal::Refusal;
use crate::model::stamp;

use crate::soql::token::Token;
use crate::soql::{Condition, Literal, Operator, Path, days};

use super::Parser;

impl Parser<'_> {
    /// Terms joined by `AND` or by `OR`, or one with `NOT`; together they need parentheses.
    pub(in crate::soql) fn condition(&mut self) -> Result<Condition, Refusal> {
        if self.skip_word("NOT") {
            let condition = Condition::Not(Box::new(self.term()?));
            return if self.joins() { Err(self.unexpected()) } else { Ok(condition) };
        }
        let mut terms = vec![self.term()?];
        let both = self.is_word("AND");
        let word = if both { "AND" } else { "OR" };
        while self.skip_word(word) {
            terms.push(self.term()?);
        }
        if self.joins() {
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

    fn joins(&self) -> bool {
        self.is_word("AND") || self.is_word("OR")
    }

    fn term(&mut self) -> Result<Condition, Refusal> {
        if self.skip_symbol("(") {
            let condition = self.deeper(Self::condition)?;
            self.expect_symbol(")")?;
            return Ok(condition);
        }
        let path = self.path()?;
        if self.is_word("INCLUDES") || self.is_word("EXCLUDES") {
            self.next += 1;
            self.expect_symbol("(")?;
            self.literals()?;
            self.expect_symbol(")")?;
            return Ok(Condition::Includes(path));
        }
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
        let list = self.literals()?;
        self.expect_symbol(")")?;
        Ok(Condition::In { path, negated, list })
    }

    fn literals(&mut self) -> Result<Vec<Literal>, Refusal> {
        let mut list = vec![self.literal()?];
        while self.skip_symbol(",") {
            list.push(self.literal()?);
        }
        Ok(list)
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
            Token::Symbol(":") => {
                self.next = at;
                return Err(self.malformed("Bind variables only allowed in Apex code"));
            }
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
