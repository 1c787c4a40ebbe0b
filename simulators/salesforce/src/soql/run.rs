//! Runs a bound query over the rows that a reader sees.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::model::schema::{Field, Kind, Schema};
use crate::model::store::View;
use crate::model::{Salesforce, attributes};

use super::Operator;
use super::bind::{Bound, Column, Pick, Selection};
use super::filter::{Part, Test, comparable};

/// A reader: which org, when, and whether deleted and archived rows too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run<'a> {
    pub org: &'a Salesforce,
    /// The objects and fields that the reader sees.
    pub schema: &'static Schema,
    pub all: bool,
    pub now: Timestamp,
    /// The path up to the version, for links.
    pub base: &'a str,
}

impl<'a> Run<'a> {
    /// The ids of the rows found, in order.
    pub(crate) fn ids(&self, query: &Bound) -> Vec<String> {
        let found = match self.narrowed(&query.test, query) {
            Some(mut ids) => {
                ids.sort_unstable();
                ids.dedup();
                let views = ids.iter().filter_map(|id| self.org.seen_row(id, self.now));
                views
                    .filter(|view| view.row.object() == query.object.name)
                    .filter(|view| self.all || (!view.version.deleted && !view.archived(self.now)))
                    .collect()
            }
            None => self.org.seen(query.object, self.all, self.now).collect(),
        };
        self.pick(query, found).into_iter().map(|view| view.row.id().to_owned()).collect()
    }

    /// Of these rows those that the query finds, in its order.
    fn pick(&self, query: &Bound, mut found: Vec<View<'a>>) -> Vec<View<'a>> {
        found.retain(|view| self.holds(&query.test, view));
        if !query.order.is_empty() {
            let mut keyed: Vec<(Vec<Value>, View<'a>)> = found
                .into_iter()
                .map(|view| (query.order.iter().map(|key| self.value(&view, &key.column)).collect(), view))
                .collect();
            keyed.sort_by(|(left, left_view), (right, right_view)| {
                let mut order = Ordering::Equal;
                for (key, (left, right)) in query.order.iter().zip(left.iter().zip(right)) {
                    order = order.then_with(|| match (left.is_null(), right.is_null()) {
                        (true, true) => Ordering::Equal,
                        (true, false) if key.nulls_last => Ordering::Greater,
                        (true, false) => Ordering::Less,
                        (false, true) if key.nulls_last => Ordering::Less,
                        (false, true) => Ordering::Greater,
                        (false, false) => {
                            let order = compare(key.column.leaf, left, right);
                            if key.descending { order.reverse() } else { order }
                        }
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
            if !column.hops.is_empty() {
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
    fn follow(&self, view: &View<'a>, hops: &[&'static Field]) -> Option<View<'a>> {
        let mut view = *view;
        for hop in hops {
            let id = view.value(hop, self.now);
            view = self.org.seen_row(id.as_str()?, self.now).filter(|view| self.all || !view.version.deleted)?;
        }
        Some(view)
    }

    fn value(&self, view: &View<'a>, column: &Column) -> Value {
        let Some(target) = self.follow(view, &column.hops) else {
            return Value::Null;
        };
        self.leaf(&target, column)
    }

    fn leaf(&self, target: &View<'a>, column: &Column) -> Value {
        if !column.polymorphic() {
            return target.value(column.leaf, self.now).into_owned();
        }
        let Some(object) = self.schema.object(target.row.object()) else {
            return Value::Null;
        };
        let field = match column.leaf.name {
            "Type" => return json!(object.name),
            "Name" => object.fields().find(|field| field.is_name),
            name => object.field(name),
        };
        field.map(|field| target.value(field, self.now).into_owned()).unwrap_or_default()
    }

    fn holds(&self, test: &Test, view: &View<'a>) -> bool {
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
                    if value < *from {
                        Ordering::Less
                    } else if value < *to {
                        Ordering::Equal
                    } else {
                        Ordering::Greater
                    }
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
        let views = ids.iter().filter_map(|id| self.org.seen_row(id, self.now));
        views.filter_map(|view| self.text(&view, column)).collect()
    }

    /// A value in the form in which it is compared.
    fn text(&self, view: &View<'a>, column: &Column) -> Option<String> {
        self.value(view, column).as_str().map(|text| comparable(column.leaf, text))
    }

    fn record(&self, query: &Bound, view: &View<'a>) -> Value {
        let mut record = Map::new();
        record.insert("attributes".to_owned(), attributes(query.object.name, view, self.base));
        let Selection::Picks(picks) = &query.selection else {
            return Value::Object(record);
        };
        for pick in picks {
            match pick {
                Pick::Column(column) => self.place(&mut record, view, column),
                Pick::Children { name, field, query } => {
                    let rows = self.org.candidates(query.object, field, view.row.id());
                    let rows = rows.iter().filter_map(|id| self.org.seen_row(id, self.now));
                    let rows = rows.filter(|row| {
                        let points = row.value(field, self.now).as_str() == Some(view.row.id());
                        points && (self.all || (!row.version.deleted && !row.archived(self.now)))
                    });
                    let found = self.pick(query, rows.collect());
                    let records: Vec<Value> = found.iter().map(|row| self.record(query, row)).collect();
                    let value = if records.is_empty() {
                        Value::Null
                    } else {
                        json!({ "totalSize": records.len(), "done": true, "records": records })
                    };
                    record.insert((*name).to_owned(), value);
                }
            }
        }
        Value::Object(record)
    }

    /// Puts a column's value where it belongs: into an object per way up, or null for a missing one.
    fn place(&self, record: &mut Map<String, Value>, view: &View<'a>, column: &Column) {
        let (mut at, mut view) = (record, *view);
        for hop in &column.hops {
            let name = hop.relationship.unwrap_or_default();
            let Some(parent) = self.follow(&view, &[hop]) else {
                at.insert(name.to_owned(), Value::Null);
                return;
            };
            let kind = if hop.polymorphic() { "Name" } else { parent.row.object() };
            let nested =
                at.entry(name).or_insert_with(|| json!({ "attributes": attributes(kind, &parent, self.base) }));
            let Value::Object(nested) = nested else {
                return;
            };
            (at, view) = (nested, parent);
        }
        at.insert(column.leaf.name.to_owned(), self.leaf(&view, column));
    }
}

/// The records of these rows, as far as they still exist.
pub(crate) fn render(run: &Run<'_>, query: &Bound, ids: &[String]) -> Vec<Value> {
    let views = ids.iter().filter_map(|id| run.org.seen_row(id, run.now));
    views.map(|view| run.record(query, &view)).collect()
}

/// Whether a value that stands so to the wanted one meets the operator; `None` is null.
fn meets(operator: Operator, order: Option<Ordering>) -> bool {
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

fn compare(field: &Field, left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::String(left), Value::String(right)) => {
            let key = |text: &str| {
                if field.name == "Birthdate" { text.to_owned() } else { comparable(field, text) }
            };
            key(left).cmp(&key(right))
        }
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        _ => left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal),
    }
}

/// Whether a lowered text fits the pattern, going back only to the last `%`.
fn like(text: &str, parts: &[Part]) -> bool {
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
