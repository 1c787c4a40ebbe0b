//! `HAVING`: conditions of groups.

use serde_json::{Value, json};

use crate::model::refusal::Refusal;
use crate::model::schema::{Kind, Object};
use crate::model::stamp;

use crate::soql::bind::{Binder, Column};
use crate::soql::collation::{folded, plainly};
use crate::soql::filter::{Part, pattern};
use crate::soql::run::{Run, like, meets};
use crate::soql::{Aggregate, Condition, Literal, Operator, Path, token, wrong};

use super::{Group, Output};

#[derive(Debug)]
pub(super) enum Having {
    All(Vec<Having>),
    Any(Vec<Having>),
    Not(Box<Having>),
    /// Against a text, a number, a truth or null.
    Compare(Output, Operator, Value),
    Like(Output, Vec<Part>),
}

impl Binder<'_> {
    pub(super) fn having(
        &self,
        condition: &Condition,
        object: &'static Object,
        keys: &[Column],
    ) -> Result<Having, Refusal> {
        let several = |conditions: &[Condition]| {
            conditions.iter().map(|condition| self.having(condition, object, keys)).collect::<Result<Vec<_>, _>>()
        };
        match condition {
            Condition::All(conditions) => several(conditions).map(Having::All),
            Condition::Any(conditions) => several(conditions).map(Having::Any),
            Condition::Not(condition) => Ok(Having::Not(Box::new(self.having(condition, object, keys)?))),
            Condition::Compare(path, operator, literal) => self.having_one(path, *operator, literal, object, keys),
            Condition::In { path, negated, list } => {
                let equals = |literal| self.having_one(path, Operator::Equal, literal, object, keys);
                let any = Having::Any(list.iter().map(equals).collect::<Result<_, _>>()?);
                Ok(if *negated { Having::Not(Box::new(any)) } else { any })
            }
            Condition::InQuery { path, .. } | Condition::Includes(path) => {
                Err(wrong(self.soql, path.at, "MALFORMED_QUERY", "this condition is not allowed in HAVING"))
            }
        }
    }

    fn having_one(
        &self,
        path: &Path,
        operator: Operator,
        literal: &Literal,
        object: &'static Object,
        keys: &[Column],
    ) -> Result<Having, Refusal> {
        let output = self.output(path, object, keys, "Having field")?;
        let kind = match &output {
            Output::Rows | Output::Grouping(_) | Output::Of(Aggregate::Count | Aggregate::CountDistinct, _) => {
                Kind::Int
            }
            Output::Key(place) => keys.get(*place).map_or(Kind::Int, Column::kind),
            Output::Of(_, column) => column.kind(),
        };
        let numeric = matches!(kind, Kind::Int | Kind::Double(..) | Kind::Currency);
        let texts = !numeric && !matches!(kind, Kind::Boolean | Kind::Date | Kind::DateTime);
        if let (Operator::Like, Literal::Text(text), true) = (operator, literal, texts) {
            return Ok(Having::Like(output, pattern(&folded(text))));
        }
        let value = match literal {
            Literal::Null => Some(Value::Null),
            Literal::Number(number) if numeric => Some(json!(number)),
            Literal::Boolean(truth) if kind == Kind::Boolean => Some(json!(truth)),
            Literal::Date(date) if kind == Kind::Date => Some(json!(date.to_string())),
            Literal::DateTime(at) if kind == Kind::DateTime => Some(json!(stamp::write(*at))),
            Literal::Text(text) if texts => Some(json!(token::plain(text))),
            _ => None,
        };
        let fitting = value.filter(|_| operator != Operator::Like);
        fitting.map(|value| Having::Compare(output, operator, value)).ok_or_else(|| {
            let message = "value of filter criterion in HAVING does not fit the field or the operator";
            wrong(self.soql, path.at, "MALFORMED_QUERY", message)
        })
    }
}

impl<'a> Run<'a> {
    pub(super) fn has(&self, having: &Having, group: &Group<'a>) -> bool {
        match having {
            Having::All(all) => all.iter().all(|having| self.has(having, group)),
            Having::Any(any) => any.iter().any(|having| self.has(having, group)),
            Having::Not(having) => !self.has(having, group),
            Having::Like(output, parts) => {
                self.sum(output, group).as_str().is_some_and(|text| like(&folded(text), parts))
            }
            Having::Compare(output, operator, wanted) => {
                let value = self.sum(output, group);
                if wanted.is_null() {
                    return match operator {
                        Operator::Equal => value.is_null(),
                        Operator::Unequal => !value.is_null(),
                        _ => false,
                    };
                }
                meets(*operator, (!value.is_null()).then(|| plainly(&value, wanted)))
            }
        }
    }
}
