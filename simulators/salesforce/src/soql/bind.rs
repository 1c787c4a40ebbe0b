//! A query against the schema: names become objects and fields.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::objects::NAME;
use crate::model::refusal::Refusal;
use crate::model::schema::{Field, Object, Schema};

use super::filter::Test;
use super::{Item, Path, Query, Select, parse, wrong};

const FARTHEST_OFFSET: usize = 2000;
const MOST_HOPS: usize = 5;

const ADVICE: &str = "Please reference your WSDL or the describe call for the appropriate names.";

/// A query that can be run.
#[derive(Debug)]
pub(crate) struct Bound {
    pub object: &'static Object,
    pub selection: Selection,
    pub(super) test: Test,
    pub(super) order: Vec<Key>,
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
}

#[derive(Debug)]
pub(crate) enum Selection {
    Count,
    Picks(Vec<Pick>),
}

#[derive(Debug)]
pub(crate) enum Pick {
    Column(Column),
    /// The rows of the bound query whose `field` points here, under this name.
    Children {
        name: &'static str,
        field: &'static Field,
        query: Box<Bound>,
    },
}

/// A field here or some way up.
#[derive(Debug)]
pub(crate) struct Column {
    /// The references on the way.
    pub(super) hops: Vec<&'static Field>,
    pub(super) leaf: &'static Field,
}

impl Column {
    /// Whether what it leads to can be of several objects.
    pub(super) fn polymorphic(&self) -> bool {
        self.hops.last().is_some_and(|hop| hop.polymorphic())
    }
}

#[derive(Debug)]
pub(super) struct Key {
    pub column: Column,
    pub descending: bool,
    pub nulls_last: bool,
}

/// Reads and binds a query. The zone is that of who asks.
pub(crate) fn bind(schema: &'static Schema, soql: &str, now: Timestamp, zone: &TimeZone) -> Result<Bound, Refusal> {
    let query = parse::parse(soql)?;
    let binder = Binder { schema, soql, now, zone };
    let Some(object) = schema.object(&query.from.text) else {
        let message = format!(
            "sObject type '{}' is not supported. If you are attempting to use a custom object, be sure to append \
             the '__c' after the entity name. {ADVICE}",
            query.from.text
        );
        return Err(wrong(soql, query.from.at, "INVALID_TYPE", &message));
    };
    binder.query(&query, object)
}

pub(super) struct Binder<'a> {
    pub(super) schema: &'static Schema,
    pub(super) soql: &'a str,
    pub(super) now: Timestamp,
    pub(super) zone: &'a TimeZone,
}

impl Binder<'_> {
    pub(super) fn query(&self, query: &Query, object: &'static Object) -> Result<Bound, Refusal> {
        let selection = match &query.select {
            Select::Count => Selection::Count,
            Select::Items(items) => Selection::Picks(self.picks(items, object)?),
        };
        let test = match &query.filter {
            Some(condition) => {
                let mut joins = 0;
                self.test(condition, object, false, &mut joins)?
            }
            None => Test::All(Vec::new()),
        };
        let mut order = Vec::new();
        for wish in &query.order {
            let column = self.column(&wish.path, object)?;
            if !column.leaf.sortable() {
                let message = format!("field '{}' can not be sorted in a query call", column.leaf.name);
                return Err(wrong(self.soql, wish.path.at, "INVALID_FIELD", &message));
            }
            order.push(Key { column, descending: wish.descending, nulls_last: wish.nulls_last });
        }
        let offset = query.offset.unwrap_or(0);
        if offset > FARTHEST_OFFSET {
            let message = format!("Maximum SOQL offset allowed is {FARTHEST_OFFSET}");
            return Err(Refusal::new(400, "NUMBER_OUTSIDE_VALID_RANGE", message));
        }
        Ok(Bound { object, selection, test, order, limit: query.limit, offset })
    }

    fn picks(&self, items: &[Item], object: &'static Object) -> Result<Vec<Pick>, Refusal> {
        let mut picks = Vec::new();
        let mut seen = BTreeSet::new();
        for item in items {
            match item {
                Item::Field(path) => {
                    if !seen.insert(path.parts.join(".").to_lowercase()) {
                        let message = format!("duplicate field selected: {}", path.parts.join("."));
                        return Err(wrong(self.soql, path.at, "INVALID_FIELD", &message));
                    }
                    picks.push(Pick::Column(self.column(path, object)?));
                }
                Item::Children(query) => picks.push(self.children(query, object)?),
            }
        }
        Ok(picks)
    }

    fn children(&self, query: &Query, object: &'static Object) -> Result<Pick, Refusal> {
        let name = &query.from.text;
        let mut ways = self.schema.children(object);
        let way = ways.find(|(_, field)| field.children.is_some_and(|down| down.eq_ignore_ascii_case(name)));
        let Some((child, field)) = way else {
            let message = format!(
                "Didn't understand relationship '{name}' in FROM part of query call. If you are attempting to use a \
                 custom relationship, be sure to append the '__r' after the custom relationship name. {ADVICE}"
            );
            return Err(wrong(self.soql, query.from.at, "INVALID_TYPE", &message));
        };
        let Select::Items(_) = query.select else {
            return Err(wrong(self.soql, query.from.at, "MALFORMED_QUERY", "a nested query cannot count"));
        };
        let query = Box::new(self.query(query, child)?);
        Ok(Pick::Children { name: field.children.unwrap_or_default(), field, query })
    }

    pub(super) fn column(&self, path: &Path, object: &'static Object) -> Result<Column, Refusal> {
        let mut parts = path.parts.as_slice();
        // A field may be named with its own object in front.
        if let [first, _, ..] = parts
            && first.eq_ignore_ascii_case(object.name)
            && object.relationship(first).is_none()
        {
            parts = parts.get(1..).unwrap_or_default();
        }
        let Some((last, ways)) = parts.split_last() else {
            return Err(self.unknown_column(path, "", object.name));
        };
        let mut hops: Vec<&'static Field> = Vec::new();
        let mut place = Some(object);
        for way in ways {
            let hop = place.and_then(|object| object.relationship(way));
            let reachable = hop.filter(|hop| {
                hops.len() < MOST_HOPS && hop.targets().iter().any(|target| self.schema.object(target).is_some())
            });
            let Some(hop) = reachable else {
                let message = format!(
                    "Didn't understand relationship '{way}' in field path. If you are attempting to use a custom \
                     relationship, be sure to append the '__r' after the custom relationship name. {ADVICE}"
                );
                return Err(wrong(self.soql, path.at, "INVALID_FIELD", &message));
            };
            hops.push(hop);
            place = match hop.targets() {
                [target] => self.schema.object(target),
                _ => None,
            };
        }
        let leaf = match place {
            Some(object) => object.field(last),
            None => NAME.iter().find(|field| field.name.eq_ignore_ascii_case(last)),
        };
        let leaf = leaf.ok_or_else(|| self.unknown_column(path, last, place.map_or("Name", |object| object.name)))?;
        Ok(Column { hops, leaf })
    }

    fn unknown_column(&self, path: &Path, name: &str, entity: &str) -> Refusal {
        let message = format!(
            "No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, be sure to \
             append the '__c' after the custom field name. {ADVICE}"
        );
        wrong(self.soql, path.at, "INVALID_FIELD", &message)
    }
}
