//! Conditions against the schema: literals become values of the fields' types.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use jiff::ToSpan;

use crate::model::refusal::Refusal;
use crate::model::schema::{Kind, Object};
use crate::model::{id, stamp};

use super::bind::{Binder, Bound, Column};
use super::token::plain;
use super::{Condition, Literal, Operator, Path, days, wrong};

/// Where in a condition another one stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nesting {
    Top,
    InAnd,
    InOr,
    InNot,
    Deeper,
}

impl Nesting {
    fn inside(self, or: bool) -> Self {
        match (self, or) {
            (Self::Top | Self::InAnd, false) => Self::InAnd,
            (Self::Top, true) => Self::InOr,
            _ => Self::Deeper,
        }
    }
}

/// A condition that can be asked of a row.
#[derive(Debug)]
pub(super) enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    IsNull(Column),
    Boolean(Column, bool),
    Number(Column, Operator, f64),
    /// Against a text in the form of [`Column::comparable`].
    Text(Column, Operator, String),
    /// From the first text (with it) to the second (without). Days of a year may go over its end.
    Span(Column, Operator, String, String),
    Like(Column, Vec<Part>),
    Among(Column, BTreeSet<String>),
    /// In the values of a query's one column; they are found once, when first asked for.
    AmongRows(Column, Box<Bound>, OnceCell<BTreeSet<String>>),
}

/// A piece of a `LIKE` pattern.
#[derive(Debug, PartialEq)]
pub(super) enum Part {
    Letter(char),
    AnyLetter,
    AnyText,
}

impl Binder<'_> {
    fn tests(
        &self,
        conditions: &[Condition],
        object: &'static Object,
        nesting: Nesting,
        joins: &mut usize,
    ) -> Result<Vec<Test>, Refusal> {
        conditions.iter().map(|condition| self.test(condition, object, nesting, joins)).collect()
    }

    pub(super) fn test(
        &self,
        condition: &Condition,
        object: &'static Object,
        nesting: Nesting,
        joins: &mut usize,
    ) -> Result<Test, Refusal> {
        match condition {
            Condition::All(conditions) => self.tests(conditions, object, nesting.inside(false), joins).map(Test::All),
            Condition::Any(conditions) => self.tests(conditions, object, nesting.inside(true), joins).map(Test::Any),
            Condition::Not(condition) => {
                Ok(Test::Not(Box::new(self.test(condition, object, Nesting::InNot, joins)?)))
            }
            Condition::Compare(path, operator, literal) => self.compare(path, *operator, literal, object),
            Condition::In { path, negated, list } => {
                let test = self.among(path, list, object)?;
                Ok(if *negated { Test::Not(Box::new(test)) } else { test })
            }
            Condition::InQuery { path, negated, query } => {
                *joins += 1;
                let test = self.semi_join(path, query, object, nesting, *joins)?;
                Ok(if *negated { Test::Not(Box::new(test)) } else { test })
            }
            Condition::Includes(path) => {
                let column = self.filtered(path, object)?;
                Err(self.bad_operator(path, &column))
            }
        }
    }

    /// The column of a condition, if one may filter by it.
    pub(super) fn filtered(&self, path: &Path, object: &'static Object) -> Result<Column, Refusal> {
        let column = self.column(path, object)?;
        if matches!(column.leaf.kind, Kind::Address(_)) {
            let message = "Address fields can only be filtered using Distance expressions";
            return Err(wrong(self.soql, path.at, "INVALID_FIELD", message));
        }
        if !column.leaf.filterable() {
            let message = format!("field '{}' can not be filtered in a query call", column.leaf.name);
            return Err(wrong(self.soql, path.at, "INVALID_FIELD", &message));
        }
        Ok(column)
    }

    fn compare(
        &self,
        path: &Path,
        operator: Operator,
        literal: &Literal,
        object: &'static Object,
    ) -> Result<Test, Refusal> {
        use Operator::{Equal, Like, Unequal};
        let column = self.filtered(path, object)?;
        let texts = column.kind().is_text();
        let ids = matches!(column.kind(), Kind::Id | Kind::Reference(_));
        let empty = match literal {
            Literal::Null => true,
            Literal::Text(text) => text.is_empty() && (texts || ids),
            _ => false,
        };
        if empty && matches!(operator, Equal | Unequal) && column.kind() != Kind::Boolean {
            let test = Test::IsNull(column);
            return Ok(if operator == Equal { test } else { Test::Not(Box::new(test)) });
        }
        match (column.kind(), literal) {
            // A boolean is never null, but false.
            (Kind::Boolean, Literal::Null) if matches!(operator, Equal | Unequal) => {
                Ok(Test::Boolean(column, operator == Unequal))
            }
            // Nothing is less or greater than nothing.
            (_, Literal::Null) => Ok(Test::Any(Vec::new())),
            (Kind::Boolean, Literal::Boolean(wanted)) => match operator {
                Equal => Ok(Test::Boolean(column, *wanted)),
                Unequal => Ok(Test::Boolean(column, !*wanted)),
                _ => Err(self.bad_operator(path, &column)),
            },
            (Kind::Int | Kind::Double(..) | Kind::Currency, Literal::Number(number)) => match operator {
                Like => Err(self.bad_operator(path, &column)),
                _ => Ok(Test::Number(column, operator, *number)),
            },
            (Kind::Date | Kind::DateTime, _) if operator == Like => Err(self.bad_operator(path, &column)),
            (Kind::Date, Literal::Date(date)) => {
                let text = column.comparable(&date.to_string());
                Ok(Test::Text(column, operator, text))
            }
            (Kind::DateTime, Literal::DateTime(at)) => Ok(Test::Text(column, operator, stamp::write(*at))),
            (Kind::Date | Kind::DateTime, Literal::Days(name, number)) => {
                let (from, to) = self.days(&column, name, *number).ok_or_else(|| self.mistyped(path, &column))?;
                Ok(Test::Span(column, operator, from, to))
            }
            (_, Literal::Text(text)) if ids => {
                if operator == Like {
                    return Err(self.bad_operator(path, &column));
                }
                let id = self.id(path, text)?;
                Ok(Test::Text(column, operator, id))
            }
            (_, Literal::Text(text)) if texts && operator == Like => {
                let parts = pattern(&column.comparable(text));
                Ok(Test::Like(column, parts))
            }
            (_, Literal::Text(text)) if texts => {
                let text = column.comparable(&plain(text));
                Ok(Test::Text(column, operator, text))
            }
            _ => Err(self.mistyped(path, &column)),
        }
    }

    fn among(&self, path: &Path, list: &[Literal], object: &'static Object) -> Result<Test, Refusal> {
        let tests = list.iter().map(|literal| self.compare(path, Operator::Equal, literal, object));
        let tests = tests.collect::<Result<Vec<_>, _>>()?;
        let (mut wanted, mut others) = (BTreeSet::new(), Vec::new());
        for test in tests {
            match test {
                Test::Text(_, _, text) => {
                    wanted.insert(text);
                }
                other => others.push(other),
            }
        }
        let among = Test::Among(self.column(path, object)?, wanted);
        if others.is_empty() {
            return Ok(among);
        }
        others.push(among);
        Ok(Test::Any(others))
    }

    fn id(&self, path: &Path, text: &str) -> Result<String, Refusal> {
        id::canonical(text).ok_or_else(|| {
            wrong(self.soql, path.at, "INVALID_QUERY_FILTER_OPERATOR", &format!("invalid ID field: {text}"))
        })
    }

    /// A span of days in the form of the column's values.
    fn days(&self, column: &Column, name: &str, number: i64) -> Option<(String, String)> {
        let zone = &self.asker.zone;
        let today = self.asker.now.to_zoned(zone.clone()).date();
        let (from, to) = days::span(name, number, today)?;
        if column.kind() == Kind::Date {
            // Without the years, what lasts a year begins and ends on the same day.
            let whole_year = column.leaf.name == "Birthdate" && from.checked_add(1.year()).ok()? <= to;
            let to = if whole_year { from } else { to };
            return Some((column.comparable(&from.to_string()), column.comparable(&to.to_string())));
        }
        let begin = |day| days::begin(day, zone).map(stamp::write);
        Some((begin(from)?, begin(to)?))
    }

    fn bad_operator(&self, path: &Path, column: &Column) -> Refusal {
        let message = format!("invalid operator on {} field", type_word(column.kind()));
        wrong(self.soql, path.at, "INVALID_QUERY_FILTER_OPERATOR", &message)
    }

    pub(super) fn mistyped(&self, path: &Path, column: &Column) -> Refusal {
        let quotes = match column.kind() {
            Kind::Boolean | Kind::Int | Kind::Double(..) | Kind::Currency | Kind::Date | Kind::DateTime => {
                "should not be enclosed in quotes"
            }
            _ => "should be enclosed in quotes",
        };
        let message = format!(
            "value of filter criterion for field '{}' must be of type {} and {quotes}",
            column.leaf.name,
            type_word(column.kind())
        );
        wrong(self.soql, path.at, "INVALID_FIELD", &message)
    }
}

impl Test {
    /// Whether only rows with known ids in one of these fields can meet it.
    pub(super) fn pins(&self, fields: &[&str]) -> bool {
        let named = |column: &Column| column.hops.is_empty() && fields.contains(&column.leaf.name);
        match self {
            Self::All(tests) => tests.iter().any(|test| test.pins(fields)),
            Self::Text(column, Operator::Equal, _) | Self::Among(column, _) | Self::AmongRows(column, ..) => {
                named(column)
            }
            _ => false,
        }
    }

    /// Whether a semi-join is in it.
    pub(super) fn joins(&self) -> bool {
        match self {
            Self::All(tests) | Self::Any(tests) => tests.iter().any(Self::joins),
            Self::Not(test) => test.joins(),
            Self::AmongRows(..) => true,
            _ => false,
        }
    }
}

/// The type as errors of queries name it.
fn type_word(kind: Kind) -> &'static str {
    match kind {
        Kind::DateTime => "dateTime",
        Kind::Date => "date",
        Kind::Reference(_) | Kind::Id => "id",
        Kind::Currency | Kind::Double(..) => "double",
        Kind::Int => "int",
        Kind::Boolean => "boolean",
        _ => "string",
    }
}

pub(super) fn pattern(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        parts.push(match letter {
            '%' => Part::AnyText,
            '_' => Part::AnyLetter,
            '\\' => Part::Letter(letters.next().unwrap_or('\\')),
            _ => Part::Letter(letter),
        });
    }
    parts
}
