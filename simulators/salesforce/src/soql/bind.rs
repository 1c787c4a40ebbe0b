//! A query against the schema: names become objects and fields.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::objects::NAME;
use crate::model::refusal::Refusal;
use crate::model::schema::{Field, Kind, Object, Schema};

use super::filter::{Nesting, Test};
use super::select::Selection;
use super::{Function, Name, Operator, Order, Path, Query, days, parse, wrong};

const FARTHEST_OFFSET: usize = 2000;
const MOST_HOPS: usize = 5;

pub(super) const ADVICE: &str = "Please reference your WSDL or the describe call for the appropriate names.";

/// The scopes of `USING SCOPE` that this org does not offer for any object.
const SCOPES_ABSENT: [&str; 6] =
    ["DELEGATED", "MINE_AND_MY_GROUPS", "MY_TERRITORY", "MY_TEAM_TERRITORY", "QUEUE_OWNED", "TEAM"];

/// Who asks, and when.
#[derive(Debug)]
pub(crate) struct Asker<'a> {
    /// What the user sees of the schema.
    pub schema: &'static Schema,
    /// The user's id.
    pub user: &'a str,
    pub now: Timestamp,
    /// The user's.
    pub zone: TimeZone,
    /// Of the API, such as 59.
    pub version: u32,
}

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

/// A field here or some way up.
#[derive(Debug)]
pub(crate) struct Column {
    /// The references on the way.
    pub(super) hops: Vec<&'static Field>,
    pub(super) leaf: &'static Field,
    /// What is taken of the field's value: its label, or a part of its date.
    pub(super) function: Option<Function>,
}

impl Column {
    /// Whether what it leads to can be of several objects.
    pub(super) fn polymorphic(&self) -> bool {
        self.hops.last().is_some_and(|hop| hop.polymorphic())
    }

    /// The type of its values.
    pub(super) fn kind(&self) -> Kind {
        match self.function {
            Some(Function::Date(days::Part::Date, _)) => Kind::Date,
            Some(Function::Date(..) | Function::Aggregate(_) | Function::Grouping) => Kind::Int,
            Some(Function::Label) => Kind::Text(255),
            None => self.leaf.kind,
        }
    }

    /// Whether both are the same field, reached on the same way.
    pub(super) fn same(&self, other: &Self) -> bool {
        let ways = |column: &Self| column.hops.iter().map(|hop| hop.name).collect::<Vec<_>>();
        self.leaf.name == other.leaf.name && self.function == other.function && ways(self) == ways(other)
    }
}

#[derive(Debug)]
pub(super) struct Key {
    pub column: Column,
    pub descending: bool,
    pub nulls_last: bool,
}

/// Reads and binds a query.
pub(crate) fn bind(asker: &Asker<'_>, soql: &str) -> Result<Bound, Refusal> {
    let query = parse::parse(soql)?;
    let binder = Binder { asker, soql };
    let object = match query.from.parts.as_slice() {
        [name] => asker.schema.object(name),
        _ => None,
    };
    let object = object.ok_or_else(|| binder.unknown_type(&query.from.parts.join("."), query.from.at))?;
    for way in &query.ways {
        binder.way(way, object)?;
    }
    binder.query(&query, object, Standing::Root)
}

/// What a query is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Root,
    /// The rows of an object that a search has found.
    Searched,
    /// Rows that point at those of another query; how many queries stand around it.
    Children(usize),
    /// A condition.
    Joined,
}

pub(super) struct Binder<'a> {
    pub(super) asker: &'a Asker<'a>,
    pub(super) soql: &'a str,
}

impl Binder<'_> {
    pub(super) fn query(&self, query: &Query, object: &'static Object, standing: Standing) -> Result<Bound, Refusal> {
        let selection = self.selection(query, object, standing)?;
        let mut test = match &query.filter {
            Some(condition) => self.test(condition, object, Nesting::Top, &mut 0)?,
            None => Test::All(Vec::new()),
        };
        if standing == Standing::Root
            && object.name == "ContentDocumentLink"
            && !test.pins(&["ContentDocumentId", "LinkedEntityId"])
        {
            let message = "Implementation restriction: ContentDocumentLink requires a filter by a single Id on \
                           ContentDocumentId or LinkedEntityId using the equals operator or multiple Id's using the \
                           IN operator.";
            return Err(Refusal::new(400, "MALFORMED_QUERY", message));
        }
        if let Some(scope) = &query.scope
            && let Some(mine) = self.scope(scope, object)?
        {
            test = Test::All(vec![mine, test]);
        }
        let order = match selection {
            Selection::Groups(_) => Vec::new(),
            _ => self.keys(&query.order, object)?,
        };
        let offset = query.offset.unwrap_or(0);
        if offset > FARTHEST_OFFSET {
            let message = format!("Maximum SOQL offset allowed is {FARTHEST_OFFSET}");
            return Err(Refusal::new(400, "NUMBER_OUTSIDE_VALID_RANGE", message));
        }
        Ok(Bound { object, selection, test, order, limit: query.limit, offset })
    }

    pub(super) fn keys(&self, order: &[Order], object: &'static Object) -> Result<Vec<Key>, Refusal> {
        let keys = order.iter().map(|wish| {
            let column = self.column(&wish.path, object)?;
            if column.leaf.sortable() {
                return Ok(Key { column, descending: wish.descending, nulls_last: wish.nulls_last });
            }
            let message = format!("field '{}' can not be sorted in a query call", column.leaf.name);
            Err(wrong(self.soql, wish.path.at, "MALFORMED_QUERY", &message))
        });
        keys.collect()
    }

    /// The condition that a scope adds.
    fn scope(&self, scope: &Name, object: &'static Object) -> Result<Option<Test>, Refusal> {
        let name = scope.text.to_ascii_uppercase();
        if name == "EVERYTHING" {
            return Ok(None);
        }
        let owner = object.field("OwnerId").filter(|_| name == "MINE");
        let Some(owner) = owner else {
            if name != "MINE" && !SCOPES_ABSENT.contains(&name.as_str()) {
                let message = format!("unexpected token: '{}'", scope.text);
                return Err(wrong(self.soql, scope.at, "MALFORMED_QUERY", &message));
            }
            let message = format!("Scope '{}' is not supported for entity '{}'", scope.text, object.name);
            return Err(wrong(self.soql, scope.at, "INVALID_QUERY_SCOPE", &message));
        };
        let column = Column { hops: Vec::new(), leaf: owner, function: None };
        Ok(Some(Test::Text(column, Operator::Equal, self.asker.user.to_owned())))
    }

    pub(super) fn column(&self, path: &Path, object: &'static Object) -> Result<Column, Refusal> {
        self.column_of(path, Some(object))
    }

    /// A field of an object, or of what several objects have in common.
    pub(super) fn column_of(&self, path: &Path, object: Option<&'static Object>) -> Result<Column, Refusal> {
        let word = match path.function {
            Some(Function::Aggregate(aggregate)) => Some(aggregate.word()),
            Some(Function::Grouping) => Some("GROUPING"),
            _ => None,
        };
        if let Some(word) = word {
            let message = format!("aggregate function {word} is not allowed here");
            return Err(wrong(self.soql, path.at, "MALFORMED_QUERY", &message));
        }
        let mut parts = path.parts.as_slice();
        // A field may be named with its own object in front.
        if let ([first, _, ..], Some(object)) = (parts, object)
            && first.eq_ignore_ascii_case(object.name)
            && object.relationship(first).is_none()
        {
            parts = parts.get(1..).unwrap_or_default();
        }
        let Some((last, ways)) = parts.split_last() else {
            return Err(self.unknown_column(path, "", object));
        };
        let mut hops: Vec<&'static Field> = Vec::new();
        let mut place = object;
        for way in ways {
            let hop = self.hop(place, way).filter(|_| hops.len() < MOST_HOPS);
            let hop = hop.ok_or_else(|| self.unknown_way(way, path.at, "field path", "INVALID_FIELD"))?;
            hops.push(hop);
            place = match hop.targets() {
                [target] => self.asker.schema.object(target),
                _ => None,
            };
        }
        let leaf = match place {
            Some(object) => object.field(last),
            None => NAME.iter().find(|field| field.name.eq_ignore_ascii_case(last)),
        };
        let leaf = leaf.ok_or_else(|| self.unknown_column(path, last, place))?;
        let column = Column { hops, leaf, function: path.function };
        let fits = match path.function {
            Some(Function::Date(days::Part::Hour | days::Part::Date, _) | Function::Date(_, days::Clock::Users)) => {
                leaf.kind == Kind::DateTime
            }
            Some(Function::Date(..)) => matches!(leaf.kind, Kind::Date | Kind::DateTime),
            _ => true,
        };
        if fits {
            return Ok(column);
        }
        let message = format!("field '{}' can not be used in a date function", leaf.name);
        Err(wrong(self.soql, path.at, "INVALID_FIELD", &message))
    }

    /// The way up of that name, if it leads to an object that is there.
    pub(super) fn hop(&self, place: Option<&'static Object>, way: &str) -> Option<&'static Field> {
        let hop = place?.relationship(way)?;
        hop.targets().iter().any(|target| self.asker.schema.object(target).is_some()).then_some(hop)
    }

    /// Refuses what stands behind the object in `FROM` and is no way up from it.
    fn way(&self, way: &Path, object: &'static Object) -> Result<(), Refusal> {
        let mut place = Some(object);
        for step in &way.parts {
            let hop = self.hop(place, step);
            let hop = hop.ok_or_else(|| self.unknown_way(step, way.at, "FROM part of query call", "INVALID_TYPE"))?;
            place = match hop.targets() {
                [target] => self.asker.schema.object(target),
                _ => None,
            };
        }
        if !way.parts.is_empty() {
            return Ok(());
        }
        let message = format!(
            "A driving SObject type has already been set, all other entity types in the FROM clause must be \
             relationships to the initial object. The driving object is {}.",
            object.name
        );
        Err(wrong(self.soql, way.at, "MALFORMED_QUERY", &message))
    }

    pub(super) fn unknown_type(&self, name: &str, at: usize) -> Refusal {
        let message = format!(
            "sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append \
             the '__c' after the entity name. {ADVICE}"
        );
        wrong(self.soql, at, "INVALID_TYPE", &message)
    }

    pub(super) fn unknown_way(&self, way: &str, at: usize, part: &str, code: &'static str) -> Refusal {
        let message = format!(
            "Didn't understand relationship '{way}' in {part}. If you are attempting to use a custom relationship, \
             be sure to append the '__r' after the custom relationship name. {ADVICE}"
        );
        wrong(self.soql, at, code, &message)
    }

    fn unknown_column(&self, path: &Path, name: &str, place: Option<&Object>) -> Refusal {
        let entity = place.map_or("Name", |object| object.name);
        let message = format!(
            "No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, be sure to \
             append the '__c' after the custom field name. {ADVICE}"
        );
        wrong(self.soql, path.at, "INVALID_FIELD", &message)
    }
}
