//! Rows counted and summed up, all together or in groups.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::model::refusal::Refusal;
use crate::model::schema::{Kind, Object};
use crate::model::stamp;
use crate::model::store::View;

use super::bind::{Binder, Bound, Column};
use super::run::{Run, compare, meets};
use super::{Aggregate, Condition, Item, Literal, Operator, Path, Query, token, wrong};

/// How many groups an answer has at most; there are no further pages.
const MOST_GROUPS: usize = 2000;

#[derive(Debug)]
pub(crate) struct Grouping {
    keys: Vec<Column>,
    outputs: Vec<(String, Output)>,
    having: Option<Having>,
    order: Vec<GroupKey>,
}

impl Grouping {
    /// What a group's values are called, as they were selected.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.outputs.iter().map(|(name, _)| name.as_str())
    }
}

/// One value of a group.
#[derive(Debug)]
enum Output {
    /// Of the field by which rows were grouped, by its place.
    Key(usize),
    Rows,
    Of(Aggregate, Column),
}

#[derive(Debug)]
struct GroupKey {
    output: Output,
    descending: bool,
    nulls_last: bool,
}

#[derive(Debug)]
enum Having {
    All(Vec<Having>),
    Any(Vec<Having>),
    Not(Box<Having>),
    /// Against a text in lower case, a number, a truth or null.
    Compare(Output, Operator, Value),
}

fn groupable(kind: Kind) -> bool {
    match kind {
        Kind::Area(length) => length <= 255,
        Kind::DateTime | Kind::Double(..) | Kind::Currency | Kind::Address(_) | Kind::IdList(_) | Kind::Base64 => false,
        _ => true,
    }
}

fn fits(aggregate: Aggregate, column: &Column) -> bool {
    let numeric = matches!(column.kind(), Kind::Int | Kind::Double(..) | Kind::Currency);
    match aggregate {
        Aggregate::Count | Aggregate::CountDistinct => column.leaf.filterable(),
        Aggregate::Sum | Aggregate::Average => numeric,
        Aggregate::Least | Aggregate::Greatest => {
            column.leaf.sortable() && !matches!(column.kind(), Kind::Boolean | Kind::Id)
        }
    }
}

impl Binder<'_> {
    pub(super) fn grouping(&self, items: &[Item], query: &Query, object: &'static Object) -> Result<Grouping, Refusal> {
        let refused = |at: usize, message: &str| wrong(self.soql, at, "MALFORMED_QUERY", message);
        let mut keys = Vec::new();
        for path in &query.group {
            let column = self.column(path, object)?;
            if !groupable(column.kind()) {
                let message = format!("field '{}' can not be grouped in a query call", column.leaf.name);
                return Err(refused(path.at, &message));
            }
            keys.push(column);
        }
        if keys.is_empty() && query.limit.is_some() {
            let message = "Non-grouped query that uses overall aggregate functions cannot also use LIMIT";
            return Err(refused(query.from.at, message));
        }
        let mut outputs: Vec<(String, Output)> = Vec::new();
        let mut unnamed = 0;
        for item in items {
            let Item::Field(path, alias) = item else {
                let message = "a grouped query selects fields that are grouped and aggregates, and nothing else";
                return Err(refused(query.from.at, message));
            };
            let output = self.output(path, object, &keys, "Field")?;
            let name = match (alias, &output) {
                (Some(alias), _) => alias.text.clone(),
                (None, Output::Key(place)) if path.function.is_none() => {
                    keys.get(*place).map_or_else(String::new, |key| key.leaf.name.to_owned())
                }
                _ => {
                    unnamed += 1;
                    format!("expr{}", unnamed - 1)
                }
            };
            if outputs.iter().any(|(other, _)| other.eq_ignore_ascii_case(&name)) {
                return Err(refused(path.at, &format!("duplicate alias: {name}")));
            }
            outputs.push((name, output));
        }
        let having = query.having.as_ref().map(|condition| self.having(condition, object, &keys)).transpose()?;
        let order = query.order.iter().map(|wish| {
            let output = self.output(&wish.path, object, &keys, "Ordered field")?;
            Ok(GroupKey { output, descending: wish.descending, nulls_last: wish.nulls_last })
        });
        let order = order.collect::<Result<_, Refusal>>()?;
        Ok(Grouping { keys, outputs, having, order })
    }

    fn output(&self, path: &Path, object: &'static Object, keys: &[Column], role: &str) -> Result<Output, Refusal> {
        let refused = |message: &str| wrong(self.soql, path.at, "MALFORMED_QUERY", message);
        let Some(aggregate) = path.aggregate() else {
            let column = self.column(path, object)?;
            let place = keys.iter().position(|key| key.same(&column));
            return place
                .map(Output::Key)
                .ok_or_else(|| refused(&format!("{role} must be grouped or aggregated: {}", path.parts.join("."))));
        };
        if path.parts.is_empty() {
            return Ok(Output::Rows);
        }
        let column = self.column(&Path { function: None, ..path.clone() }, object)?;
        if fits(aggregate, &column) {
            return Ok(Output::Of(aggregate, column));
        }
        let message = format!("field {} does not support aggregate operator {}", column.leaf.name, aggregate.word());
        Err(refused(&message))
    }

    fn having(&self, condition: &Condition, object: &'static Object, keys: &[Column]) -> Result<Having, Refusal> {
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
            Output::Rows | Output::Of(Aggregate::Count | Aggregate::CountDistinct, _) => Kind::Int,
            Output::Key(place) => keys.get(*place).map_or(Kind::Int, Column::kind),
            Output::Of(_, column) => column.kind(),
        };
        let numeric = matches!(kind, Kind::Int | Kind::Double(..) | Kind::Currency);
        let value = match literal {
            Literal::Null => Some(Value::Null),
            Literal::Number(number) if numeric => Some(json!(number)),
            Literal::Boolean(truth) if kind == Kind::Boolean => Some(json!(truth)),
            Literal::Date(date) if kind == Kind::Date => Some(json!(date.to_string())),
            Literal::DateTime(at) if kind == Kind::DateTime => Some(json!(stamp::write(*at))),
            Literal::Text(text) if !numeric && !matches!(kind, Kind::Boolean | Kind::Date | Kind::DateTime) => {
                Some(json!(token::plain(text).to_lowercase()))
            }
            _ => None,
        };
        let fitting = value.filter(|_| operator != Operator::Like);
        fitting.map(|value| Having::Compare(output, operator, value)).ok_or_else(|| {
            let message = "value of filter criterion in HAVING does not fit the field or the operator";
            wrong(self.soql, path.at, "MALFORMED_QUERY", message)
        })
    }
}

/// Rows of the same values in the fields by which they were grouped.
struct Group<'a> {
    keys: Vec<Value>,
    rows: Vec<View<'a>>,
}

impl<'a> Run<'a> {
    /// The records of a query that sums up.
    pub(crate) fn groups(&self, query: &Bound, grouping: &Grouping) -> Result<Vec<Value>, Refusal> {
        let mut groups: Vec<Group<'a>> = Vec::new();
        let mut rows: Vec<(Vec<Value>, View<'a>)> = Vec::new();
        for view in self.matching(query) {
            rows.push((grouping.keys.iter().map(|key| self.value(&view, key)).collect(), view));
        }
        rows.sort_by(|(left, _), (right, _)| in_order(left, right, &grouping.keys));
        for (keys, view) in rows {
            match groups.last_mut().filter(|group| in_order(&group.keys, &keys, &grouping.keys).is_eq()) {
                Some(group) => group.rows.push(view),
                None => groups.push(Group { keys, rows: vec![view] }),
            }
        }
        if grouping.keys.is_empty() && groups.is_empty() {
            groups.push(Group { keys: Vec::new(), rows: Vec::new() });
        }
        if let Some(having) = &grouping.having {
            groups.retain(|group| self.has(having, group));
        }
        let mut ordered: Vec<(Vec<Value>, Group<'a>)> = groups
            .into_iter()
            .map(|group| (grouping.order.iter().map(|key| self.output(&key.output, &group)).collect(), group))
            .collect();
        ordered.sort_by(|(left, _), (right, _)| {
            let keys = grouping.order.iter().zip(left.iter().zip(right));
            keys.fold(Ordering::Equal, |order, (key, (left, right))| {
                order.then_with(|| match (left.is_null(), right.is_null()) {
                    (true, true) => Ordering::Equal,
                    (true, false) if key.nulls_last => Ordering::Greater,
                    (true, false) => Ordering::Less,
                    (false, true) if key.nulls_last => Ordering::Less,
                    (false, true) => Ordering::Greater,
                    (false, false) if key.descending => plainly(right, left),
                    (false, false) => plainly(left, right),
                })
            })
        });
        let asked = ordered.into_iter().skip(query.offset).take(query.limit.unwrap_or(usize::MAX));
        let records: Vec<Value> = asked
            .map(|(_, group)| {
                let mut record = Map::new();
                record.insert("attributes".to_owned(), json!({ "type": "AggregateResult" }));
                for (name, output) in &grouping.outputs {
                    record.insert(name.clone(), self.output(output, &group));
                }
                Value::Object(record)
            })
            .collect();
        if records.len() > MOST_GROUPS {
            let message = "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a \
                           single batch";
            return Err(Refusal::new(400, "EXCEEDED_ID_LIMIT", message));
        }
        Ok(records)
    }

    fn has(&self, having: &Having, group: &Group<'a>) -> bool {
        match having {
            Having::All(all) => all.iter().all(|having| self.has(having, group)),
            Having::Any(any) => any.iter().any(|having| self.has(having, group)),
            Having::Not(having) => !self.has(having, group),
            Having::Compare(output, operator, wanted) => {
                let value = self.output(output, group);
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

    fn output(&self, output: &Output, group: &Group<'a>) -> Value {
        let (aggregate, column) = match output {
            Output::Key(place) => return group.keys.get(*place).cloned().unwrap_or_default(),
            Output::Rows => return json!(group.rows.len()),
            Output::Of(aggregate, column) => (aggregate, column),
        };
        let values = group.rows.iter().map(|view| self.value(view, column)).filter(|value| !value.is_null());
        let numbers = |values: &[Value]| values.iter().filter_map(Value::as_f64).sum::<f64>();
        match aggregate {
            Aggregate::Count => json!(values.count()),
            Aggregate::CountDistinct => {
                let texts = values.map(|value| match value.as_str() {
                    Some(text) => column.comparable(text),
                    None => value.to_string(),
                });
                json!(texts.collect::<BTreeSet<_>>().len())
            }
            Aggregate::Sum => {
                let values: Vec<Value> = values.collect();
                let whole: Option<Vec<i64>> = values.iter().map(Value::as_i64).collect();
                match whole.filter(|_| !values.is_empty()) {
                    Some(whole) => json!(whole.into_iter().fold(0_i64, i64::saturating_add)),
                    None if values.is_empty() => Value::Null,
                    None => json!(numbers(&values)),
                }
            }
            Aggregate::Average => {
                let values: Vec<Value> = values.collect();
                let count = u32::try_from(values.len()).unwrap_or(u32::MAX);
                if count == 0 { Value::Null } else { json!(numbers(&values) / f64::from(count)) }
            }
            Aggregate::Least => values.min_by(|left, right| compare(column, left, right)).unwrap_or_default(),
            Aggregate::Greatest => values.max_by(|left, right| compare(column, left, right)).unwrap_or_default(),
        }
    }
}

/// The order of values whatever field they are of; texts without case.
fn plainly(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::String(left), Value::String(right)) => left.to_lowercase().cmp(&right.to_lowercase()),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        _ => left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal),
    }
}

fn in_order(left: &[Value], right: &[Value], columns: &[Column]) -> Ordering {
    let pairs = columns.iter().zip(left.iter().zip(right));
    pairs.fold(Ordering::Equal, |order, (column, (left, right))| {
        order.then_with(|| match (left.is_null(), right.is_null()) {
            (false, false) => compare(column, left, right),
            (left, right) => right.cmp(&left),
        })
    })
}
