//! Rows counted and summed up, all together or in groups.

mod having;
mod sum;

use crate::model::refusal::Refusal;
use crate::model::schema::{Field, Kind, Object};

use super::bind::{Binder, Column};
use super::{Aggregate, Function, Item, Path, Query, Totals, wrong};
use having::Having;
use sum::Group;

/// How many fields a query with totals is grouped by at most.
const MOST_WITH_TOTALS: usize = 3;

#[derive(Debug)]
pub(crate) struct Grouping {
    keys: Vec<Column>,
    totals: Totals,
    outputs: Vec<(String, Output)>,
    having: Option<Having>,
    order: Vec<GroupKey>,
}

impl Grouping {
    /// What a group's values are called, as they were selected.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.outputs.iter().map(|(name, _)| name.as_str())
    }

    /// Whether there can be several groups.
    pub(super) fn is_grouped(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Each value's name, how it is shown if it is none of the fields by which rows are grouped, and the field.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&str, Option<String>, Option<&'static Field>)> {
        let key = |place: &usize| self.keys.get(*place).map(|key| key.leaf);
        self.outputs.iter().map(move |(name, output)| match output {
            Output::Key(place) => (name.as_str(), None, key(place)),
            Output::Grouping(place) => (name.as_str(), Some(shown("GROUPING", key(place))), key(place)),
            Output::Rows => (name.as_str(), Some(shown("COUNT", None)), None),
            Output::Of(aggregate, column) => {
                (name.as_str(), Some(shown(aggregate.word(), Some(column.leaf))), Some(column.leaf))
            }
        })
    }
}

fn shown(function: &str, field: Option<&Field>) -> String {
    format!("{function}({})", field.map_or("", |field| field.name))
}

/// One value of a group.
#[derive(Debug)]
enum Output {
    /// Of the field by which rows were grouped, by its place.
    Key(usize),
    /// Whether the group is a total over that field.
    Grouping(usize),
    Rows,
    Of(Aggregate, Column),
}

#[derive(Debug)]
struct GroupKey {
    output: Output,
    descending: bool,
    nulls_last: bool,
}

fn fits(aggregate: Aggregate, column: &Column) -> bool {
    let numeric = matches!(column.kind(), Kind::Int | Kind::Double(..) | Kind::Currency);
    match aggregate {
        Aggregate::Sum | Aggregate::Average => numeric,
        Aggregate::Count | Aggregate::CountDistinct | Aggregate::Least | Aggregate::Greatest => {
            column.leaf.aggregatable()
        }
    }
}

impl Binder<'_> {
    pub(super) fn grouping(&self, items: &[Item], query: &Query, object: &'static Object) -> Result<Grouping, Refusal> {
        let refused = |at: usize, message: &str| wrong(self.soql, at, "MALFORMED_QUERY", message);
        let mut keys = Vec::new();
        for path in &query.group {
            let column = self.column(path, object)?;
            if !column.leaf.groupable() && column.function.is_none() {
                let message = format!("field '{}' can not be grouped in a query call", column.leaf.name);
                return Err(refused(path.at, &message));
            }
            keys.push(column);
        }
        if query.totals != Totals::None && keys.len() > MOST_WITH_TOTALS {
            let message = format!("GROUP BY ROLLUP and CUBE take at most {MOST_WITH_TOTALS} fields");
            return Err(refused(query.from.at, &message));
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
        Ok(Grouping { keys, totals: query.totals, outputs, having, order })
    }

    fn output(&self, path: &Path, object: &'static Object, keys: &[Column], role: &str) -> Result<Output, Refusal> {
        let refused = |message: &str| wrong(self.soql, path.at, "MALFORMED_QUERY", message);
        let Some(aggregate) = path.aggregate() else {
            let counted = path.function == Some(Function::Grouping);
            let plain = Path { function: path.function.filter(|_| !counted), ..path.clone() };
            let column = self.column(&plain, object)?;
            let place = keys.iter().position(|key| key.same(&column));
            return place
                .map(if counted { Output::Grouping } else { Output::Key })
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
}
