//! What a query gives of the rows it finds.

use std::collections::BTreeSet;

use crate::model::refusal::Refusal;
use crate::model::schema::{Field, Object};

use super::bind::{Binder, Bound, Column, Standing};
use super::group::Grouping;
use super::{Condition, FieldSet, Function, Item, Literal, Operator, Path, Query, Select, TypeOf, wrong};

/// How many rows a query for all fields, whichever they are, may ask for.
const MOST_WITH_ALL_FIELDS: usize = 200;

/// The first version of the API that knows `FIELDS()`.
const FIELDS_SINCE: u32 = 51;

/// The first version in which children can have children.
const DEEP_CHILDREN_SINCE: u32 = 58;

/// How many queries for children may stand in one another.
const MOST_LEVELS_OF_CHILDREN: usize = 4;

#[derive(Debug)]
pub(crate) enum Selection {
    Count,
    Picks(Vec<Pick>),
    Groups(Grouping),
}

#[derive(Debug)]
pub(crate) enum Pick {
    Column(Column),
    /// A column under another name.
    Aliased(String, Column),
    /// Of what a reference leads to, different fields for different objects.
    TypeOf {
        way: &'static Field,
        whens: Vec<(&'static Object, Vec<Column>)>,
        otherwise: Vec<Column>,
    },
    /// The rows of the bound query whose `field` points here, under this name.
    Children {
        name: &'static str,
        field: &'static Field,
        query: Box<Bound>,
    },
}

impl Binder<'_> {
    pub(super) fn selection(
        &self,
        query: &Query,
        object: &'static Object,
        standing: Standing,
    ) -> Result<Selection, Refusal> {
        let items = match &query.select {
            Select::Count => None,
            Select::Items(items) => Some(items),
        };
        let aggregates = |item: &Item| matches!(item, Item::Field(path, _) if path.aggregate().is_some());
        let grouped = !query.group.is_empty() || items.is_some_and(|items| items.iter().any(aggregates));
        if standing != Standing::Root && (grouped || items.is_none()) {
            let message = "only root queries support aggregate expressions";
            return Err(wrong(self.soql, query.from.at, "MALFORMED_QUERY", message));
        }
        match items {
            Some(items) if grouped => self.grouping(items, query, object).map(Selection::Groups),
            _ if query.having.is_some() || !query.group.is_empty() => {
                Err(wrong(self.soql, query.from.at, "MALFORMED_QUERY", "HAVING and COUNT() need GROUP BY with fields"))
            }
            Some(items) => self.picks(items, query, object, standing).map(Selection::Picks),
            None => match query.order.first() {
                None => Ok(Selection::Count),
                Some(order) => {
                    let message =
                        format!("Ordered field must be grouped or aggregated: {}", order.path.parts.join("."));
                    Err(wrong(self.soql, order.path.at, "MALFORMED_QUERY", &message))
                }
            },
        }
    }

    fn picks(
        &self,
        items: &[Item],
        query: &Query,
        object: &'static Object,
        standing: Standing,
    ) -> Result<Vec<Pick>, Refusal> {
        let mut picks = Vec::new();
        let mut seen = BTreeSet::new();
        let mut once = |name: &str| {
            if seen.insert(name.to_lowercase()) {
                return Ok(());
            }
            Err(Refusal::new(400, "INVALID_FIELD", format!("duplicate field selected: {name}")))
        };
        for item in items {
            match item {
                Item::Field(path, alias) => {
                    once(&alias.as_ref().map_or_else(|| path.parts.join("."), |alias| alias.text.clone()))?;
                    picks.push(self.pick(path, alias.as_ref(), object)?);
                }
                Item::Fields(set, at) => {
                    self.check_fields(*set, *at, query)?;
                    let fields = object.fields().filter(|field| match set {
                        FieldSet::All => true,
                        FieldSet::Standard => !field.custom(),
                        FieldSet::Custom => field.custom(),
                    });
                    for leaf in fields {
                        once(leaf.name)?;
                        picks.push(Pick::Column(Column { hops: Vec::new(), leaf, function: None }));
                    }
                }
                Item::TypeOf(choice) => {
                    once(&choice.way.text)?;
                    picks.push(self.type_of(choice, object)?);
                }
                Item::Children(inner) => picks.push(self.children(inner, query, object, standing)?),
            }
        }
        if picks.is_empty() {
            let message = "'FIELDS(...)' expansion function must result in at least one field being selected.";
            return Err(Refusal::new(400, "MALFORMED_QUERY", message));
        }
        Ok(picks)
    }

    fn pick(&self, path: &Path, alias: Option<&super::Name>, object: &'static Object) -> Result<Pick, Refusal> {
        let column = self.column(path, object)?;
        match (path.function, alias) {
            (Some(Function::Label), Some(alias)) => Ok(Pick::Aliased(alias.text.clone(), column)),
            (_, Some(alias)) => {
                let message = "only aggregate expressions use field aliasing";
                Err(wrong(self.soql, alias.at, "MALFORMED_QUERY", message))
            }
            (Some(Function::Date(..)), None) => {
                let message = format!("Field must be grouped or aggregated: {}", path.parts.join("."));
                Err(wrong(self.soql, path.at, "MALFORMED_QUERY", &message))
            }
            _ => Ok(Pick::Column(column)),
        }
    }

    fn check_fields(&self, set: FieldSet, at: usize, query: &Query) -> Result<(), Refusal> {
        if self.asker.version < FIELDS_SINCE {
            let message = "The SOQL FIELDS function is not supported in this version of the API";
            return Err(wrong(self.soql, at, "UNSUPPORTED_API_VERSION", message));
        }
        let few = query
            .limit
            .or_else(|| query.filter.as_ref().and_then(ids))
            .is_some_and(|rows| rows <= MOST_WITH_ALL_FIELDS);
        if set != FieldSet::Standard && !few {
            let message = format!("The SOQL FIELDS function must have a LIMIT of at most {MOST_WITH_ALL_FIELDS}");
            return Err(Refusal::new(400, "MALFORMED_QUERY", message));
        }
        Ok(())
    }

    fn type_of(&self, choice: &TypeOf, object: &'static Object) -> Result<Pick, Refusal> {
        let TypeOf { way, whens, otherwise } = choice;
        let hop = self.hop(Some(object), &way.text);
        let hop = hop.ok_or_else(|| self.unknown_way(&way.text, way.at, "field path", "INVALID_FIELD"))?;
        if !hop.polymorphic() {
            let message = format!("TYPEOF needs a relationship to several objects; '{}' leads to one", way.text);
            return Err(wrong(self.soql, way.at, "INVALID_FIELD", &message));
        }
        let columns = |paths: &[Path], object: Option<&'static Object>| {
            paths.iter().map(|path| self.column_of(path, object)).collect::<Result<Vec<_>, _>>()
        };
        let mut bound = Vec::new();
        for (name, paths) in whens {
            let object = self.asker.schema.object(&name.text).filter(|object| hop.targets().contains(&object.name));
            let object = object.ok_or_else(|| self.unknown_type(&name.text, name.at))?;
            bound.push((object, columns(paths, Some(object))?));
        }
        Ok(Pick::TypeOf { way: hop, whens: bound, otherwise: columns(otherwise, None)? })
    }

    /// `inner`: the query for the children; `outer`: the one around it.
    fn children(
        &self,
        inner: &Query,
        outer: &Query,
        object: &'static Object,
        standing: Standing,
    ) -> Result<Pick, Refusal> {
        let name = inner.from.name();
        let refused = |message: String| Err(wrong(self.soql, inner.from.at, "MALFORMED_QUERY", &message));
        let around = match standing {
            Standing::Children(around) => around + 1,
            _ => 1,
        };
        let most = if self.asker.version < DEEP_CHILDREN_SINCE { 1 } else { MOST_LEVELS_OF_CHILDREN };
        if around > most {
            return refused(format!("Only {most} level(s) of child relationships can be queried"));
        }
        if inner.offset.is_some() && outer.limit != Some(1) {
            return refused("OFFSET is allowed in a subquery only if the query around it has LIMIT 1".to_owned());
        }
        let ways = self.asker.schema.children(object);
        let mut ways = ways.filter_map(|(child, field)| Some((child, field, field.children?)));
        let way = ways.find(|(.., down)| down.eq_ignore_ascii_case(name));
        let Some((child, field, name)) = way else {
            return Err(self.unknown_way(name, inner.from.at, "FROM part of query call", "INVALID_TYPE"));
        };
        let query = Box::new(self.query(inner, child, Standing::Children(around))?);
        Ok(Pick::Children { name, field, query })
    }
}

/// How many rows a condition lets through at most, if it names their ids.
fn ids(condition: &Condition) -> Option<usize> {
    let named =
        |path: &Path| path.parts.last().is_some_and(|name| name.eq_ignore_ascii_case("Id")) && path.parts.len() == 1;
    match condition {
        Condition::All(all) => all.iter().filter_map(ids).min(),
        Condition::Any(any) => any.iter().map(ids).sum(),
        Condition::In { path, negated: false, list } if named(path) => Some(list.len()),
        Condition::Compare(path, Operator::Equal, Literal::Text(_)) if named(path) => Some(1),
        _ => None,
    }
}
