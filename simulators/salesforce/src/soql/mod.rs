//! SOQL and SOSL: read into a tree, bound to the schema, run over the rows.

mod bind;
mod collation;
mod columns;
mod condition;
mod days;
mod filter;
mod group;
mod keys;
mod parse;
mod record;
mod run;
mod search;
mod select;
mod semi_join;
mod token;

pub(crate) use bind::{Asker, bind};
pub(crate) use condition::{check, meets};
pub(crate) use record::{render, render_children};
pub(crate) use run::{Overflow, Run};
pub(crate) use search::{Scope, Search, Target};
pub(crate) use select::Selection;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::model::refusal::Refusal;

/// A query as written. Positions are byte offsets in the text.
#[derive(Debug)]
struct Query {
    select: Select,
    from: From,
    /// The ways up that have aliases in `FROM`; without parts where it is no way.
    ways: Vec<Path>,
    /// `USING SCOPE`
    scope: Option<Name>,
    filter: Option<Condition>,
    group: Vec<Path>,
    totals: Totals,
    having: Option<Condition>,
    order: Vec<Order>,
    limit: Option<usize>,
    offset: Option<usize>,
}

#[derive(Debug)]
enum Select {
    Count,
    Items(Vec<Item>),
}

/// Which totals a grouped query has besides its groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Totals {
    None,
    /// `ROLLUP`: over all values of the last fields.
    Rollup,
    /// `CUBE`: over all values of any of the fields.
    Cube,
}

#[derive(Debug)]
enum Item {
    /// A field, with or without a function around it and an alias behind it.
    Field(Path, Option<Name>),
    /// `FIELDS(..)`
    Fields(FieldSet, usize),
    TypeOf(TypeOf),
    Children(Box<Query>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FieldSet {
    All,
    Standard,
    Custom,
}

/// `TYPEOF Who WHEN Contact THEN Email ELSE Name END`
#[derive(Debug)]
struct TypeOf {
    way: Name,
    whens: Vec<(Name, Vec<Path>)>,
    otherwise: Vec<Path>,
}

/// `Contact`, or for children `Account.Contacts`.
#[derive(Debug)]
struct From {
    parts: Vec<String>,
    at: usize,
    alias: Option<String>,
}

impl From {
    fn name(&self) -> &str {
        self.parts.last().map_or("", String::as_str)
    }
}

#[derive(Clone, Debug)]
struct Name {
    text: String,
    at: usize,
}

/// `Account.Owner.Name`, or that in a function.
#[derive(Clone, Debug)]
struct Path {
    function: Option<Function>,
    /// Empty for `COUNT()`.
    parts: Vec<String>,
    at: usize,
}

impl Path {
    fn aggregate(&self) -> Option<Aggregate> {
        match self.function {
            Some(Function::Aggregate(aggregate)) => Some(aggregate),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Aggregate(Aggregate),
    /// `toLabel`
    Label,
    /// A part of a date or a time; of a time in UTC, or where the user is.
    Date(days::Part, days::Clock),
    /// `GROUPING`
    Grouping,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aggregate {
    Count,
    CountDistinct,
    Sum,
    Average,
    Least,
    Greatest,
}

impl Aggregate {
    fn word(self) -> &'static str {
        match self {
            Self::Count => "COUNT",
            Self::CountDistinct => "COUNT_DISTINCT",
            Self::Sum => "SUM",
            Self::Average => "AVG",
            Self::Least => "MIN",
            Self::Greatest => "MAX",
        }
    }
}

#[derive(Debug)]
enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Compare(Path, Operator, Literal),
    In {
        path: Path,
        negated: bool,
        list: Vec<Literal>,
    },
    InQuery {
        path: Path,
        negated: bool,
        query: Box<Query>,
    },
    /// `INCLUDES` and `EXCLUDES`, for picklists of several values.
    Includes(Path),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Like,
}

#[derive(Clone, Debug, PartialEq)]
enum Literal {
    Null,
    Boolean(bool),
    Number(f64),
    Text(String),
    Date(Date),
    DateTime(Timestamp),
    /// `TODAY`, `LAST_N_DAYS:30`: its name in capitals and its number.
    Days(&'static str, i64),
}

#[derive(Debug)]
struct Order {
    path: Path,
    descending: bool,
    /// First is the default.
    nulls_last: bool,
}

/// An error with the place in the query where it is.
fn wrong(soql: &str, at: usize, code: &'static str, message: &str) -> Refusal {
    let place = Place::of(soql, at);
    let Place { row, column, line } = place;
    let caret = " ".repeat(column - 1);
    let message = format!("\n{line}\n{caret}^\nERROR at Row:{row}:Column:{column}\n{message}");
    Refusal::new(400, code, message)
}

/// Where something stands in a query; row and column count from 1.
struct Place<'a> {
    row: usize,
    column: usize,
    line: &'a str,
}

impl<'a> Place<'a> {
    fn of(soql: &'a str, at: usize) -> Self {
        let before = soql.get(..at.min(soql.len())).unwrap_or(soql);
        let row = before.matches('\n').count() + 1;
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        let line = soql.get(line_start..).unwrap_or_default().lines().next().unwrap_or_default();
        Self { row, column, line }
    }
}
