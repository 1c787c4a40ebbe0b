//! Conditions against the schema: literals become values of the fields' types.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::model::refusal::Refusal;
use crate::model::schema::{Field, Kind, Object};
use crate::model::{id, stamp};

use super::bind::{Binder, Bound, Column, Pick, Selection};
use super::token::plain;
use super::{Condition, Literal, Operator, Path, Query, days, wrong};

const MOST_SEMI_JOINS: usize = 2;

/// Objects whose rows cannot be asked for inside a condition.
const NOT_IN_SEMI_JOINS: [&str; 4] = ["Task", "Event", "Attachment", "Note"];

/// A condition that can be asked of a row.
#[derive(Debug)]
pub(super) enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    IsNull(Column),
    Boolean(Column, bool),
    Number(Column, Operator, f64),
    /// Against a text in the form of [`comparable`].
    Text(Column, Operator, String),
    /// From the first text (with it) to the second (without).
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

/// How a value of this field is compared: ids and times as they stand, other texts without case.
pub(super) fn comparable(field: &Field, text: &str) -> String {
    match field.kind {
        // The year of a birth is not asked for.
        Kind::Date if field.name == "Birthdate" => text.get(5..).unwrap_or(text).to_owned(),
        Kind::Id | Kind::Reference(_) | Kind::Date | Kind::DateTime => text.to_owned(),
        _ => text.to_lowercase(),
    }
}

impl Binder<'_> {
    fn tests(
        &self,
        conditions: &[Condition],
        object: &'static Object,
        under_or: bool,
        joins: &mut usize,
    ) -> Result<Vec<Test>, Refusal> {
        conditions.iter().map(|condition| self.test(condition, object, under_or, joins)).collect()
    }

    pub(super) fn test(
        &self,
        condition: &Condition,
        object: &'static Object,
        under_or: bool,
        joins: &mut usize,
    ) -> Result<Test, Refusal> {
        match condition {
            Condition::All(conditions) => self.tests(conditions, object, under_or, joins).map(Test::All),
            Condition::Any(conditions) => self.tests(conditions, object, true, joins).map(Test::Any),
            Condition::Not(condition) => Ok(Test::Not(Box::new(self.test(condition, object, under_or, joins)?))),
            Condition::Compare(path, operator, literal) => self.compare(path, *operator, literal, object),
            Condition::In { path, negated, list } => {
                let test = self.among(path, list, object)?;
                Ok(if *negated { Test::Not(Box::new(test)) } else { test })
            }
            Condition::InQuery { path, negated, query } => {
                *joins += 1;
                let test = self.semi_join(path, query, object, under_or, *joins)?;
                Ok(if *negated { Test::Not(Box::new(test)) } else { test })
            }
        }
    }

    /// The column of a condition, if one may filter by it.
    fn filtered(&self, path: &Path, object: &'static Object) -> Result<Column, Refusal> {
        let column = self.column(path, object)?;
        if !column.leaf.filterable() || matches!(column.leaf.kind, Kind::Address(_)) {
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
        let field = column.leaf;
        let empty = matches!(literal, Literal::Null) || matches!(literal, Literal::Text(text) if text.is_empty());
        if empty && matches!(operator, Equal | Unequal) {
            let test = Test::IsNull(column);
            return Ok(if operator == Equal { test } else { Test::Not(Box::new(test)) });
        }
        let bad_operator = || {
            let message = format!("invalid operator on {} field", type_word(field));
            wrong(self.soql, path.at, "INVALID_QUERY_FILTER_OPERATOR", &message)
        };
        let mistyped = || self.mistyped(path, field);
        match (field.kind, literal) {
            // Nothing is less or greater than nothing.
            (_, Literal::Null) => Ok(Test::Any(Vec::new())),
            (Kind::Boolean, Literal::Boolean(wanted)) => match operator {
                Equal => Ok(Test::Boolean(column, *wanted)),
                Unequal => Ok(Test::Boolean(column, !*wanted)),
                _ => Err(bad_operator()),
            },
            (Kind::Int | Kind::Double(..) | Kind::Currency, Literal::Number(number)) => match operator {
                Like => Err(bad_operator()),
                _ => Ok(Test::Number(column, operator, *number)),
            },
            (Kind::Date | Kind::DateTime, _) if operator == Like => Err(bad_operator()),
            (Kind::Date, Literal::Date(date)) => {
                let text = comparable(field, &date.to_string());
                Ok(Test::Text(column, operator, text))
            }
            (Kind::DateTime, Literal::DateTime(at)) => Ok(Test::Text(column, operator, stamp::write(*at))),
            (Kind::Date | Kind::DateTime, Literal::Days(name, number)) => {
                let (from, to) = self.days(field, name, *number).ok_or_else(mistyped)?;
                Ok(Test::Span(column, operator, from, to))
            }
            (Kind::Id | Kind::Reference(_), Literal::Text(text)) => {
                if operator == Like {
                    return Err(bad_operator());
                }
                let id = self.id(path, text)?;
                Ok(Test::Text(column, operator, id))
            }
            (
                Kind::Text(_) | Kind::Area(_) | Kind::Email(_) | Kind::Phone(_) | Kind::Url(_) | Kind::Picklist(_),
                Literal::Text(text),
            ) => Ok(if operator == Like {
                Test::Like(column, pattern(text))
            } else {
                Test::Text(column, operator, comparable(field, &plain(text)))
            }),
            _ => Err(mistyped()),
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

    fn semi_join(
        &self,
        path: &Path,
        query: &Query,
        object: &'static Object,
        under_or: bool,
        joins: usize,
    ) -> Result<Test, Refusal> {
        let refused = |message: &str| wrong(self.soql, query.from.at, "MALFORMED_QUERY", message);
        let column = self.filtered(path, object)?;
        if under_or {
            return Err(refused("Semi join sub-selects are not allowed with the 'OR' operator"));
        }
        if joins > MOST_SEMI_JOINS {
            return Err(refused("Maximum 2 semi join sub-selects are allowed"));
        }
        let Some(inner) = self.schema.object(&query.from.text) else {
            let message = format!("sObject type '{}' is not supported.", query.from.text);
            return Err(wrong(self.soql, query.from.at, "INVALID_TYPE", &message));
        };
        if NOT_IN_SEMI_JOINS.contains(&inner.name) {
            let message = format!("Entity '{}' is not supported for semi join inner selects", inner.name);
            return Err(refused(&message));
        }
        let bound = self.query(query, inner)?;
        let id_like = |field: &Field| matches!(field.kind, Kind::Id | Kind::Reference(_));
        let selects_id = matches!(
            &bound.selection,
            Selection::Picks(picks) if matches!(picks.as_slice(), [Pick::Column(column)] if id_like(column.leaf))
        );
        if !selects_id || !id_like(column.leaf) {
            return Err(refused("a semi join compares one id or reference field with one id or reference field"));
        }
        if bound.test.joins() {
            return Err(refused("Nesting of semi join sub-selects is not supported"));
        }
        Ok(Test::AmongRows(column, Box::new(bound), OnceCell::new()))
    }

    fn id(&self, path: &Path, text: &str) -> Result<String, Refusal> {
        id::canonical(text).ok_or_else(|| {
            wrong(self.soql, path.at, "INVALID_QUERY_FILTER_OPERATOR", &format!("invalid ID field: {text}"))
        })
    }

    /// A span of days in the form of the field.
    fn days(&self, field: &Field, name: &str, number: i64) -> Option<(String, String)> {
        let today = self.now.to_zoned(self.zone.clone()).date();
        let (from, to) = days::span(name, number, today)?;
        if field.kind == Kind::Date {
            return Some((comparable(field, &from.to_string()), comparable(field, &to.to_string())));
        }
        let begin = |day| days::begin(day, self.zone).map(stamp::write);
        Some((begin(from)?, begin(to)?))
    }

    fn mistyped(&self, path: &Path, field: &Field) -> Refusal {
        let quotes = match field.kind {
            Kind::Boolean | Kind::Int | Kind::Double(..) | Kind::Currency | Kind::Date | Kind::DateTime => {
                "should not be enclosed in quotes"
            }
            _ => "should be enclosed in quotes",
        };
        let message = format!(
            "value of filter criterion for field '{}' must be of type {} and {quotes}",
            field.name,
            type_word(field)
        );
        wrong(self.soql, path.at, "INVALID_FIELD", &message)
    }
}

impl Test {
    /// Whether a semi-join is in it.
    fn joins(&self) -> bool {
        match self {
            Self::All(tests) | Self::Any(tests) => tests.iter().any(Self::joins),
            Self::Not(test) => test.joins(),
            Self::AmongRows(..) => true,
            _ => false,
        }
    }
}

/// The field's type as errors of queries name it.
fn type_word(field: &Field) -> &'static str {
    match field.kind {
        Kind::DateTime => "dateTime",
        Kind::Reference(_) | Kind::Id => "id",
        Kind::Currency => "double",
        Kind::Text(_) | Kind::Area(_) | Kind::Email(_) | Kind::Phone(_) | Kind::Url(_) | Kind::Picklist(_) => "string",
        _ => field.type_name(),
    }
}

fn pattern(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let lowered = text.to_lowercase();
    let mut letters = lowered.chars();
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
