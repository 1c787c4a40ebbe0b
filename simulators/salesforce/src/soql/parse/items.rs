//! What a query selects, and the paths to fields.

use crate::model::refusal::Refusal;

use crate::soql::days::Clock;
use crate::soql::token::Token;
use crate::soql::{Aggregate, Condition, FieldSet, Function, Item, Path, Query, Select, TypeOf, days};

use super::Parser;

fn function(name: &str) -> Option<Function> {
    let name = name.to_ascii_uppercase();
    let aggregate = match name.as_str() {
        "COUNT" => Some(Aggregate::Count),
        "COUNT_DISTINCT" => Some(Aggregate::CountDistinct),
        "SUM" => Some(Aggregate::Sum),
        "AVG" => Some(Aggregate::Average),
        "MIN" => Some(Aggregate::Least),
        "MAX" => Some(Aggregate::Greatest),
        _ => None,
    };
    match aggregate {
        Some(aggregate) => Some(Function::Aggregate(aggregate)),
        None if name == "TOLABEL" => Some(Function::Label),
        None if name == "GROUPING" => Some(Function::Grouping),
        None => days::part(&name).map(|part| Function::Date(part, Clock::Universal)),
    }
}

impl Parser<'_> {
    pub(super) fn select(&mut self) -> Result<Select, Refusal> {
        let counts = self.is_word("COUNT")
            && *self.ahead(1) == Token::Symbol("(")
            && *self.ahead(2) == Token::Symbol(")")
            && matches!(self.ahead(3), Token::Word(word) if word.eq_ignore_ascii_case("FROM"));
        if counts {
            self.next += 3;
            return Ok(Select::Count);
        }
        let mut items = vec![self.item()?];
        while self.skip_symbol(",") {
            items.push(self.item()?);
        }
        Ok(Select::Items(items))
    }

    fn item(&mut self) -> Result<Item, Refusal> {
        if self.skip_symbol("(") {
            let query = self.deeper(Self::query)?;
            self.expect_symbol(")")?;
            return Ok(Item::Children(Box::new(query)));
        }
        if self.is_word("TYPEOF") && matches!(self.ahead(1), Token::Word(_)) {
            return self.type_of().map(Item::TypeOf);
        }
        if self.is_word("FIELDS") && *self.ahead(1) == Token::Symbol("(") {
            let at = self.at();
            self.next += 2;
            let set = [("ALL", FieldSet::All), ("STANDARD", FieldSet::Standard), ("CUSTOM", FieldSet::Custom)]
                .into_iter()
                .find(|(word, _)| self.is_word(word));
            let (_, set) = set.ok_or_else(|| self.unexpected())?;
            self.next += 1;
            self.expect_symbol(")")?;
            return Ok(Item::Fields(set, at));
        }
        let path = self.path()?;
        let alias = match self.peek() {
            Token::Word(word) if !word.eq_ignore_ascii_case("FROM") => Some(self.named()?),
            _ => None,
        };
        Ok(Item::Field(path, alias))
    }

    fn type_of(&mut self) -> Result<TypeOf, Refusal> {
        self.expect_word("TYPEOF")?;
        let way = self.named()?;
        let mut whens = Vec::new();
        while self.skip_word("WHEN") {
            let object = self.named()?;
            self.expect_word("THEN")?;
            whens.push((object, self.paths()?));
        }
        if whens.is_empty() {
            return Err(self.unexpected());
        }
        let otherwise = if self.skip_word("ELSE") { self.paths()? } else { Vec::new() };
        self.expect_word("END")?;
        Ok(TypeOf { way, whens, otherwise })
    }

    pub(super) fn paths(&mut self) -> Result<Vec<Path>, Refusal> {
        let mut paths = vec![self.path()?];
        while self.skip_symbol(",") {
            paths.push(self.path()?);
        }
        Ok(paths)
    }

    /// A path to a field, or one in a function.
    pub(in crate::soql) fn path(&mut self) -> Result<Path, Refusal> {
        let at = self.at();
        let called = match (self.peek(), self.ahead(1)) {
            (Token::Word(name), Token::Symbol("(")) => function(name),
            _ => None,
        };
        let Some(mut function) = called else {
            return Ok(Path { function: None, parts: self.parts()?, at });
        };
        self.next += 2;
        let counts_rows = function == Function::Aggregate(Aggregate::Count) && *self.peek() == Token::Symbol(")");
        let moved = self.is_word("convertTimezone") && *self.ahead(1) == Token::Symbol("(");
        let parts = match function {
            _ if counts_rows => Vec::new(),
            Function::Date(part, _) if moved => {
                self.next += 2;
                function = Function::Date(part, Clock::Users);
                let parts = self.parts()?;
                self.expect_symbol(")")?;
                parts
            }
            _ => self.parts()?,
        };
        self.expect_symbol(")")?;
        Ok(Path { function: Some(function), parts, at })
    }

    fn parts(&mut self) -> Result<Vec<String>, Refusal> {
        let mut parts = vec![self.name()?];
        while self.skip_symbol(".") {
            parts.push(self.name()?);
        }
        Ok(parts)
    }
}

impl Query {
    /// Every path of the query itself, not of those in it.
    pub(super) fn each_path(&mut self, change: &mut impl FnMut(&mut Path)) {
        if let Select::Items(items) = &mut self.select {
            for item in items {
                match item {
                    Item::Field(path, _) => change(path),
                    Item::TypeOf(_) | Item::Fields(..) | Item::Children(_) => {}
                }
            }
        }
        for condition in self.filter.iter_mut().chain(&mut self.having) {
            condition.each_path(change);
        }
        self.group.iter_mut().for_each(&mut *change);
        for order in &mut self.order {
            change(&mut order.path);
        }
    }
}

impl Condition {
    fn each_path(&mut self, change: &mut impl FnMut(&mut Path)) {
        match self {
            Self::All(conditions) | Self::Any(conditions) => {
                for condition in conditions {
                    condition.each_path(change);
                }
            }
            Self::Not(condition) => condition.each_path(change),
            Self::Compare(path, ..) | Self::In { path, .. } | Self::InQuery { path, .. } | Self::Includes(path) => {
                change(path);
            }
        }
    }
}
