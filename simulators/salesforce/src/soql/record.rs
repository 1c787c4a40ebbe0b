//! The records of rows found: what was selected, nested as the relationships are.

use serde_json::{Map, Value, json};

use crate::model::attributes;
use crate::model::schema::{Field, Object};
use crate::model::store::View;

use super::bind::{Bound, Column};
use super::run::{Overflow, Run};
use super::select::{Pick, Selection};

impl<'a> Run<'a> {
    /// A row's record. `path`: where in the selected things of the query at the top this query stands.
    fn record(&self, query: &Bound, view: &View<'a>, path: &[usize]) -> Value {
        let mut record = Map::new();
        record.insert("attributes".to_owned(), attributes(query.object.name, view, self.base));
        let Selection::Picks(picks) = &query.selection else {
            return Value::Object(record);
        };
        for (place, pick) in picks.iter().enumerate() {
            match pick {
                Pick::Column(column) => self.place(&mut record, view, column),
                Pick::Aliased(name, column) => {
                    record.insert(name.clone(), self.value(view, column));
                }
                Pick::TypeOf { way, whens, otherwise } => {
                    let name = way.relationship.unwrap_or_default().to_owned();
                    let target = self.follow(view, &[way]);
                    record.insert(name, target.map_or(Value::Null, |target| self.chosen(&target, whens, otherwise)));
                }
                Pick::Children { name, field, query } => {
                    let path: Vec<usize> = path.iter().copied().chain([place]).collect();
                    record.insert((*name).to_owned(), self.children(query, field, view, &path));
                }
            }
        }
        Value::Object(record)
    }

    /// The fields that `TYPEOF` takes of this row.
    fn chosen(&self, target: &View<'a>, whens: &[(&'static Object, Vec<Column>)], otherwise: &[Column]) -> Value {
        let kind = target.row.object();
        let mut record = Map::new();
        record.insert("attributes".to_owned(), attributes(kind, target, self.base));
        if let Some((_, columns)) = whens.iter().find(|(object, _)| object.name == kind) {
            for column in columns {
                self.place(&mut record, target, column);
            }
        } else {
            for column in otherwise {
                record.insert(column.leaf.name.to_owned(), self.common(target, column.leaf));
            }
        }
        Value::Object(record)
    }

    fn children(&self, query: &Bound, field: &Field, parent: &View<'a>, path: &[usize]) -> Value {
        let rows = self.org.candidates(query.object, field, parent.row.id());
        let rows = rows.iter().filter_map(|id| self.org.seen_row(self.caller, id, self.now));
        let rows = rows.filter(|row| row.value(field, self.now).as_str() == Some(parent.row.id()) && self.shows(row));
        let found = self.pick(query, rows.collect());
        let records: Vec<Value> = found.iter().take(self.batch).map(|row| self.record(query, row, path)).collect();
        if records.is_empty() {
            return Value::Null;
        }
        let done = found.len() <= self.batch;
        let mut result = json!({ "totalSize": found.len(), "done": done, "records": records });
        if !done && let Some(result) = result.as_object_mut() {
            let mut overflow = self.overflow.borrow_mut();
            result.insert("nextRecordsUrl".to_owned(), json!(overflow.len()));
            let ids = found.iter().map(|row| row.row.id().to_owned()).collect();
            overflow.push(Overflow { path: path.to_vec(), ids });
        }
        result
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

/// The records of these rows, as far as the reader still sees them.
pub(crate) fn render(run: &Run<'_>, query: &Bound, ids: &[String]) -> Vec<Value> {
    render_at(run, query, ids, &[])
}

/// The same for rows of children, which the path leads to; `None` if it leads nowhere.
pub(crate) fn render_children(run: &Run<'_>, query: &Bound, ids: &[String], path: &[usize]) -> Option<Vec<Value>> {
    let query = query.at(path)?;
    Some(render_at(run, query, ids, path))
}

fn render_at(run: &Run<'_>, query: &Bound, ids: &[String], path: &[usize]) -> Vec<Value> {
    let views = ids.iter().filter_map(|id| run.org.seen_row(run.caller, id, run.now));
    // An activity that was archived meanwhile was found all the same.
    let views = views.filter(|view| run.all || !view.version.deleted);
    views.map(|view| run.record(query, &view, path)).collect()
}
