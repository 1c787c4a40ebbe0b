//! The grammar: the clauses of a query.

mod condition;
mod items;

use crate::model::refusal::Refusal;

use super::token::{Token, tokens};
use super::{From, Name, Order, Path, Query, Totals, wrong};

/// How deep parentheses, `NOT` and queries in queries may nest.
const DEEPEST: usize = 100;

/// The words that cannot be names where a clause may begin.
const RESERVED: [&str; 11] = ["AND", "OR", "NOT", "FROM", "WHERE", "LIMIT", "OFFSET", "IN", "LIKE", "NULLS", "SELECT"];

/// The words behind an object's name that are no alias of it.
const CLAUSES: [&str; 13] =
    ["USING", "WHERE", "WITH", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FOR", "UPDATE", "ALL", "AND", "OR"];

pub(super) fn parse(soql: &str) -> Result<Query, Refusal> {
    let mut parser = Parser::new(soql, 0)?;
    let query = parser.query()?;
    if parser.peek() == &Token::End { Ok(query) } else { Err(parser.unexpected()) }
}

/// A reader of SOQL's words; SOSL has clauses in common with it.
pub(super) struct Parser<'a> {
    soql: &'a str,
    tokens: Vec<(Token, usize)>,
    next: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    /// A reader of the text from the byte `at` on.
    pub(super) fn new(soql: &'a str, at: usize) -> Result<Self, Refusal> {
        Ok(Self { soql, tokens: tokens(soql, at)?, next: 0, depth: 0 })
    }

    pub(super) fn peek(&self) -> &Token {
        self.ahead(0)
    }

    fn ahead(&self, count: usize) -> &Token {
        self.tokens.get(self.next + count).map_or(&Token::End, |(token, _)| token)
    }

    pub(super) fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.soql.len(), |(_, at)| *at)
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    pub(super) fn unexpected(&self) -> Refusal {
        self.malformed(&format!("unexpected token: '{}'", self.peek().shown()))
    }

    pub(super) fn malformed(&self, message: &str) -> Refusal {
        wrong(self.soql, self.at(), "MALFORMED_QUERY", message)
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Word(text) if text.eq_ignore_ascii_case(word))
    }

    pub(super) fn skip_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.next += usize::from(found);
        found
    }

    pub(super) fn skip_symbol(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Token::Symbol(text) if *text == symbol);
        self.next += usize::from(found);
        found
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Result<(), Refusal> {
        if self.skip_word(word) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(super) fn expect_symbol(&mut self, symbol: &str) -> Result<(), Refusal> {
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
        let from = self.from()?;
        let ways = self.other_aliases()?;
        let scope = if self.skip_word("USING") {
            self.expect_word("SCOPE")?;
            Some(self.named()?)
        } else {
            None
        };
        let filter = if self.skip_word("WHERE") { Some(self.condition()?) } else { None };
        let (totals, group) = self.group_by()?;
        let having = if self.skip_word("HAVING") { Some(self.condition()?) } else { None };
        let order = self.order_by()?;
        let limit = self.limit()?;
        let offset = if self.skip_word("OFFSET") { Some(self.count()?) } else { None };
        self.tail()?;
        let mut query =
            Query { select, from, ways: Vec::new(), scope, filter, group, totals, having, order, limit, offset };
        query.resolve(&ways);
        Ok(query)
    }

    fn from(&mut self) -> Result<From, Refusal> {
        let at = self.at();
        let mut parts = vec![self.name()?];
        while self.skip_symbol(".") {
            parts.push(self.name()?);
        }
        Ok(From { parts, at, alias: self.alias()?.map(|alias| alias.text) })
    }

    /// `, c.Account a` behind the object: other names for ways up.
    fn other_aliases(&mut self) -> Result<Vec<From>, Refusal> {
        let mut ways = Vec::new();
        while self.skip_symbol(",") {
            ways.push(self.from()?);
        }
        Ok(ways)
    }

    fn alias(&mut self) -> Result<Option<Name>, Refusal> {
        let marked = self.skip_word("AS");
        match self.peek() {
            Token::Word(text) if !CLAUSES.iter().any(|word| text.eq_ignore_ascii_case(word)) => self.named().map(Some),
            _ if marked => Err(self.unexpected()),
            _ => Ok(None),
        }
    }

    fn group_by(&mut self) -> Result<(Totals, Vec<Path>), Refusal> {
        if !self.skip_word("GROUP") {
            return Ok((Totals::None, Vec::new()));
        }
        self.expect_word("BY")?;
        let called = *self.ahead(1) == Token::Symbol("(");
        let totals = match self.peek() {
            Token::Word(word) if called && word.eq_ignore_ascii_case("ROLLUP") => Totals::Rollup,
            Token::Word(word) if called && word.eq_ignore_ascii_case("CUBE") => Totals::Cube,
            _ => return Ok((Totals::None, self.paths()?)),
        };
        self.next += 2;
        let group = self.paths()?;
        self.expect_symbol(")")?;
        Ok((totals, group))
    }

    pub(super) fn order_by(&mut self) -> Result<Vec<Order>, Refusal> {
        let mut order = Vec::new();
        if self.skip_word("ORDER") {
            self.expect_word("BY")?;
            order.push(self.order()?);
            while self.skip_symbol(",") {
                order.push(self.order()?);
            }
        }
        Ok(order)
    }

    pub(super) fn limit(&mut self) -> Result<Option<usize>, Refusal> {
        if self.skip_word("LIMIT") { self.count().map(Some) } else { Ok(None) }
    }

    /// What may stand at a query's end: notes on what the rows are read for.
    pub(super) fn tail(&mut self) -> Result<(), Refusal> {
        while self.skip_word("FOR") {
            if !self.skip_word("VIEW") {
                self.expect_word("REFERENCE")?;
            }
        }
        if self.skip_word("UPDATE") {
            loop {
                if !self.skip_word("TRACKING") {
                    self.expect_word("VIEWSTAT")?;
                }
                if !self.skip_symbol(",") {
                    break;
                }
            }
        }
        if self.is_word("ALL") && matches!(self.ahead(1), Token::Word(word) if word.eq_ignore_ascii_case("ROWS")) {
            return Err(self.malformed("ALL ROWS not allowed in this context"));
        }
        Ok(())
    }

    pub(super) fn name(&mut self) -> Result<String, Refusal> {
        match self.peek() {
            Token::Word(text) if !RESERVED.iter().any(|word| text.eq_ignore_ascii_case(word)) => {
                let text = text.clone();
                self.next += 1;
                Ok(text)
            }
            _ => Err(self.unexpected()),
        }
    }

    pub(super) fn named(&mut self) -> Result<Name, Refusal> {
        let at = self.at();
        Ok(Name { text: self.name()?, at })
    }

    pub(super) fn count(&mut self) -> Result<usize, Refusal> {
        match self.peek() {
            Token::Bare(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
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
}

impl Query {
    /// Puts in place of aliases what they stand for.
    fn resolve(&mut self, ways: &[From]) {
        let Some(alias) = self.from.alias.clone().or_else(|| (!ways.is_empty()).then(|| self.from.name().to_owned()))
        else {
            return;
        };
        let mut known: Vec<(String, Vec<String>)> = vec![(alias, Vec::new())];
        for way in ways {
            let parts = expanded(&way.parts, &known);
            let up = if way.parts.len() > 1 { parts.clone() } else { Vec::new() };
            self.ways.push(Path { function: None, parts: up, at: way.at });
            let name = way.alias.clone().unwrap_or_else(|| way.name().to_owned());
            known.push((name, parts));
        }
        self.each_path(&mut |path: &mut Path| {
            if path.parts.len() > 1 {
                path.parts = expanded(&path.parts, &known);
            }
        });
    }
}

fn expanded(parts: &[String], known: &[(String, Vec<String>)]) -> Vec<String> {
    let Some((first, rest)) = parts.split_first() else {
        return Vec::new();
    };
    match known.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(first)) {
        Some((_, meant)) => meant.iter().chain(rest).cloned().collect(),
        None => parts.to_vec(),
    }
}
