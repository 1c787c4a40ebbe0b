//! Runs a bound query over the rows that a reader sees.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::model::schema::{Field, Kind, Schema};
use crate::model::stamp;
use crate::model::store::View;
use crate::model::{Caller, Row, Salesforce};

use super::bind::{Bound, Column};
use super::collation::with_nulls;
use super::filter::{Part, Test};
use super::select::{Pick, Selection};
use super::{Function, Operator, days};

/// A reader: which org, when, and whether deleted and archived rows too.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub org: &'a Salesforce,
    /// For whom it reads.
    pub caller: &'a Caller,
    /// The objects and fields that the reader sees.
    pub schema: &'static Schema,
    pub all: bool,
    pub now: Timestamp,
    /// The reader's.
    pub zone: TimeZone,
    /// The path up to the version, for links.
    pub base: &'a str,
    /// How many rows of each kind of children a record shows.
    pub batch: usize,
    /// The children that were too many; where their next page is told, stands their place in here.
    pub overflow: RefCell<Vec<Overflow>>,
}

/// Children of one record, too many for one page.
#[derive(Debug)]
pub(crate) struct Overflow {
    /// Which of the selected things they are, from the query down.
    pub path: Vec<usize>,
    /// All of them in order.
    pub ids: Vec<String>,
}

impl<'a> Run<'a> {
    /// The ids of the rows found, in order.
    pub(crate) fn ids(&self, query: &Bound) -> Vec<String> {
        let found = self.candidates(query);
        self.pick(query, found).into_iter().map(|view| view.row.id().to_owned()).collect()
    }

    /// The rows that meet the condition, in no order.
    pub(super) fn matching(&self, query: &Bound) -> Vec<View<'a>> {
        let mut found = self.candidates(query);
        found.retain(|view| self.holds(&query.test, view));
        found
    }

    /// The ids of those rows of the query's object that are `wanted`, as far as the query finds them, in its
    /// order.
    pub(super) fn found(&self, query: &Bound, wanted: impl Fn(&Row) -> bool) -> Vec<String> {
        let found =
            self.org.seen(self.caller, query.object, self.all, self.now).filter(|view| wanted(view.row)).collect();
        self.pick(query, found).into_iter().map(|view| view.row.id().to_owned()).collect()
    }

    /// Whether the reader sees a row that is there.
    pub(super) fn shows(&self, view: &View<'a>) -> bool {
        self.all || (!view.version.deleted && !view.archived(self.now))
    }

    /// The visible rows that may meet the condition.
    fn candidates(&self, query: &Bound) -> Vec<View<'a>> {
        match self.narrowed(&query.test, query) {
            Some(mut ids) => {
                ids.sort_unstable();
                ids.dedup();
                let views = ids.iter().filter_map(|id| self.org.seen_row(self.caller, id, self.now));
                views.filter(|view| view.row.object() == query.object.name).filter(|view| self.shows(view)).collect()
            }
            None => self.org.seen(self.caller, query.object, self.all, self.now).collect(),
        }
    }

    /// Of these rows those that the query finds, in its order.
    pub(super) fn pick(&self, query: &Bound, mut found: Vec<View<'a>>) -> Vec<View<'a>> {
        found.retain(|view| self.holds(&query.test, view));
        if !query.order.is_empty() {
            let mut keyed: Vec<(Vec<Value>, View<'a>)> = found
                .into_iter()
                .map(|view| (query.order.iter().map(|key| self.value(&view, &key.column)).collect(), view))
                .collect();
            keyed.sort_by(|(left, left_view), (right, right_view)| {
                let mut order = Ordering::Equal;
                for (key, (left, right)) in query.order.iter().zip(left.iter().zip(right)) {
                    order = order.then_with(|| {
                        with_nulls(key.nulls_last, left, right, || {
                            let order = key.column.order(left, right);
                            if key.descending { order.reverse() } else { order }
                        })
                    });
                }
                order.then_with(|| left_view.row.id().cmp(right_view.row.id()))
            });
            found = keyed.into_iter().map(|(_, view)| view).collect();
        }
        found.into_iter().skip(query.offset).take(query.limit.unwrap_or(usize::MAX)).collect()
    }

    /// Candidates from an index, if the condition allows no others.
    fn narrowed(&self, test: &Test, query: &Bound) -> Option<Vec<String>> {
        let lookup = |column: &Column, texts: &mut dyn Iterator<Item = &String>| {
            if !column.hops.is_empty() || column.function.is_some() {
                return None;
            }
            match column.leaf.kind {
                Kind::Id => Some(texts.cloned().collect()),
                _ if column.leaf.indexed() => {
                    Some(texts.flat_map(|text| self.org.candidates(query.object, column.leaf, text)).collect())
                }
                _ => None,
            }
        };
        match test {
            Test::All(tests) => tests.iter().find_map(|test| self.narrowed(test, query)),
            Test::Text(column, Operator::Equal, wanted) => lookup(column, &mut std::iter::once(wanted)),
            Test::Among(column, wanted) => lookup(column, &mut wanted.iter()),
            _ => None,
        }
    }

    /// The row that a column leads to.
    pub(super) fn follow(&self, view: &View<'a>, hops: &[&'static Field]) -> Option<View<'a>> {
        let mut view = *view;
        for hop in hops {
            let id = view.value(hop, self.now);
            view = self
                .org
                .seen_row(self.caller, id.as_str()?, self.now)
                .filter(|view| self.all || !view.version.deleted)?;
        }
        Some(view)
    }

    pub(super) fn value(&self, view: &View<'a>, column: &Column) -> Value {
        let Some(target) = self.follow(view, &column.hops) else {
            return Value::Null;
        };
        self.leaf(&target, column)
    }

    pub(super) fn leaf(&self, target: &View<'a>, column: &Column) -> Value {
        let value = if column.polymorphic() {
            self.common(target, column.leaf)
        } else {
            target.shown(column.leaf, self.base, self.now).into_owned()
        };
        match column.function {
            None | Some(Function::Aggregate(_) | Function::Grouping) => value,
            Some(Function::Label) => label(column.leaf, value),
            Some(Function::Date(part, days::Clock::Universal)) => part_of(part, &value, &TimeZone::UTC),
            Some(Function::Date(part, days::Clock::Users)) => part_of(part, &value, &self.zone),
        }
    }

    /// A value of what rows of several objects have in common.
    pub(super) fn common(&self, target: &View<'a>, leaf: &Field) -> Value {
        let Some(object) = self.schema.object(target.row.object()) else {
            return Value::Null;
        };
        let field = match leaf.name {
            "Type" => return json!(object.name),
            "Name" => object.fields().find(|field| field.is_name),
            name => object.field(name),
        };
        field.map(|field| target.value(field, self.now).into_owned()).unwrap_or_default()
    }

    pub(super) fn holds(&self, test: &Test, view: &View<'a>) -> bool {
        match test {
            Test::All(tests) => tests.iter().all(|test| self.holds(test, view)),
            Test::Any(tests) => tests.iter().any(|test| self.holds(test, view)),
            Test::Not(test) => !self.holds(test, view),
            Test::IsNull(column) => self.value(view, column).is_null(),
            Test::Boolean(column, wanted) => self.value(view, column).as_bool().unwrap_or(false) == *wanted,
            Test::Number(column, operator, number) => {
                let value = self.value(view, column).as_f64();
                meets(*operator, value.and_then(|value| value.partial_cmp(number)))
            }
            Test::Text(column, operator, wanted) => {
                meets(*operator, self.text(view, column).map(|value| value.cmp(wanted)))
            }
            Test::Span(column, operator, from, to) => {
                let place = self.text(view, column).map(|value| {
                    let within = if from < to { value >= *from && value < *to } else { value >= *from || value < *to };
                    if within { Ordering::Equal } else { value.cmp(from) }
                });
                meets(*operator, place)
            }
            Test::Like(column, parts) => self.text(view, column).is_some_and(|value| like(&value, parts)),
            Test::Among(column, wanted) => self.text(view, column).is_some_and(|value| wanted.contains(&value)),
            Test::AmongRows(column, query, found) => self.text(view, column).is_some_and(|id| {
                let among = found.get_or_init(|| self.values_of(query));
                among.contains(&id)
            }),
        }
    }

    /// The values of the one column that a query selects.
    fn values_of(&self, query: &Bound) -> BTreeSet<String> {
        let Selection::Picks(picks) = &query.selection else {
            return BTreeSet::new();
        };
        let Some(Pick::Column(column)) = picks.first() else {
            return BTreeSet::new();
        };
        let ids = self.ids(query);
        let views = ids.iter().filter_map(|id| self.org.seen_row(self.caller, id, self.now));
        views.filter_map(|view| self.text(&view, column)).collect()
    }

    /// A value in the form in which it is compared.
    fn text(&self, view: &View<'a>, column: &Column) -> Option<String> {
        self.value(view, column).as_str().map(|text| column.comparable(text))
    }
}

/// The label of a picklist's value; other values as they stand.
fn label(field: &Field, value: Value) -> Value {
    let (Kind::Picklist(values), Some(text)) = (field.kind, value.as_str()) else {
        return value;
    };
    let found = values.iter().find(|(known, _)| *known == text).map(|(_, label)| json!(label));
    found.unwrap_or(value)
}

/// A part of a date, or of a time there.
fn part_of(part: days::Part, value: &Value, zone: &TimeZone) -> Value {
    let Some(text) = value.as_str() else {
        return Value::Null;
    };
    let read = match stamp::read_date(text) {
        Some(date) => Some((date, 0)),
        None => stamp::read(text).map(|at| {
            let zoned = at.to_zoned(zone.clone());
            (zoned.date(), zoned.hour())
        }),
    };
    match (read, part) {
        (None, _) => Value::Null,
        (Some((date, _)), days::Part::Date) => json!(date.to_string()),
        (Some((date, hour)), part) => json!(part.of(date, hour)),
    }
}

/// Whether a value that stands so to the wanted one meets the operator; `None` is null.
pub(super) fn meets(operator: Operator, order: Option<Ordering>) -> bool {
    match (operator, order) {
        (Operator::Unequal, order) => order != Some(Ordering::Equal),
        (_, None) | (Operator::Like, _) => false,
        (Operator::Equal, Some(order)) => order.is_eq(),
        (Operator::Less, Some(order)) => order.is_lt(),
        (Operator::AtMost, Some(order)) => order.is_le(),
        (Operator::Greater, Some(order)) => order.is_gt(),
        (Operator::AtLeast, Some(order)) => order.is_ge(),
    }
}

/// Whether a text without case fits the pattern, going back only to the last `%`.
pub(super) fn like(text: &str, parts: &[Part]) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let (mut letter, mut part) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while letter < letters.len() {
        let fits = match parts.get(part) {
            Some(Part::AnyText) => {
                retry = Some((letter, part));
                part += 1;
                continue;
            }
            Some(Part::AnyLetter) => true,
            Some(Part::Letter(wanted)) => letters.get(letter) == Some(wanted),
            None => false,
        };
        if fits {
            letter += 1;
            part += 1;
        } else if let Some((from, any)) = retry {
            retry = Some((from + 1, any));
            (letter, part) = (from + 1, any + 1);
        } else {
            return false;
        }
    }
    parts.get(part..).is_some_and(|rest| rest.iter().all(|part| *part == Part::AnyText))
}
