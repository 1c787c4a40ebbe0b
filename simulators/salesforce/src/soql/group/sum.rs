//! The groups of a query's rows, and what is summed up of each.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::model::refusal::Refusal;
use crate::model::store::View;

use crate::soql::bind::{Bound, Column};
use crate::soql::collation::{plainly, with_nulls};
use crate::soql::run::Run;
use crate::soql::{Aggregate, Totals};

use super::{GroupKey, Grouping, Output};

/// How many groups an answer has at most; there are no further pages.
const MOST_GROUPS: usize = 2000;

/// Rows of the same values in the fields by which they were grouped.
pub(super) struct Group<'a> {
    keys: Vec<Key>,
    rows: Vec<View<'a>>,
}

#[derive(Clone)]
struct Key {
    /// Null where it is a total.
    value: Value,
    /// Over all values of the field.
    total: bool,
}

impl<'a> Run<'a> {
    /// The records of a query that sums up.
    pub(crate) fn groups(&self, query: &Bound, grouping: &Grouping) -> Result<Vec<Value>, Refusal> {
        let mut rows: Vec<(Vec<Key>, View<'a>)> = Vec::new();
        for view in self.matching(query) {
            let values: Vec<Value> = grouping.keys.iter().map(|key| self.value(&view, key)).collect();
            for total in totals(grouping.totals, values.len()) {
                let keys = values.iter().zip(total).map(|(value, total)| {
                    let value = if total { Value::Null } else { value.clone() };
                    Key { value, total }
                });
                rows.push((keys.collect(), view));
            }
        }
        rows.sort_by(|(left, _), (right, _)| in_order(left, right, &grouping.keys));
        let mut groups: Vec<Group<'a>> = Vec::new();
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
            .map(|group| (grouping.order.iter().map(|key| self.sum(&key.output, &group)).collect(), group))
            .collect();
        ordered.sort_by(|(left, _), (right, _)| {
            let keys = grouping.order.iter().zip(left.iter().zip(right));
            keys.fold(Ordering::Equal, |order, (key, (left, right))| {
                order.then_with(|| grouping.compare(key, left, right))
            })
        });
        let asked = ordered.into_iter().skip(query.offset).take(query.limit.unwrap_or(usize::MAX));
        let records: Vec<Value> = asked
            .map(|(_, group)| {
                let mut record = Map::new();
                record.insert("attributes".to_owned(), json!({ "type": "AggregateResult" }));
                for (name, output) in &grouping.outputs {
                    record.insert(name.clone(), self.sum(output, &group));
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

    pub(super) fn sum(&self, output: &Output, group: &Group<'a>) -> Value {
        let (aggregate, column) = match output {
            Output::Key(place) => return group.keys.get(*place).map(|key| key.value.clone()).unwrap_or_default(),
            Output::Grouping(place) => return json!(group.keys.get(*place).map_or(0, |key| u8::from(key.total))),
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
            Aggregate::Least => values.min_by(|left, right| column.order(left, right)).unwrap_or_default(),
            Aggregate::Greatest => values.max_by(|left, right| column.order(left, right)).unwrap_or_default(),
        }
    }
}

impl Grouping {
    fn compare(&self, key: &GroupKey, left: &Value, right: &Value) -> Ordering {
        let column = match &key.output {
            Output::Key(place) => self.keys.get(*place),
            Output::Of(Aggregate::Least | Aggregate::Greatest, column) => Some(column),
            Output::Of(..) | Output::Rows | Output::Grouping(_) => None,
        };
        with_nulls(key.nulls_last, left, right, || {
            let order = column.map_or_else(|| plainly(left, right), |column| column.order(left, right));
            if key.descending { order.reverse() } else { order }
        })
    }
}

/// For each group that a row belongs to, over which of the fields it is a total.
fn totals(totals: Totals, fields: usize) -> Vec<Vec<bool>> {
    let masks: Vec<usize> = match totals {
        Totals::None => vec![0],
        Totals::Rollup => (0..=fields).map(|last| (1 << last) - 1).collect(),
        Totals::Cube => (0..1 << fields).collect(),
    };
    masks.into_iter().map(|mask| (0..fields).rev().map(|field| mask & (1 << field) != 0).collect()).collect()
}

/// Totals stand behind what they are of.
fn in_order(left: &[Key], right: &[Key], columns: &[Column]) -> Ordering {
    let pairs = columns.iter().zip(left.iter().zip(right));
    pairs.fold(Ordering::Equal, |order, (column, (left, right))| {
        order
            .then_with(|| left.total.cmp(&right.total))
            .then_with(|| with_nulls(false, &left.value, &right.value, || column.order(&left.value, &right.value)))
    })
}
