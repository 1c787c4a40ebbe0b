//! SOQL: read into a tree, bound to the schema, run over the rows.

mod bind;
mod days;
mod filter;
mod parse;
mod run;
mod token;

pub(crate) use bind::{Bound, Selection, bind};
pub(crate) use run::{Run, render};

use jiff::Timestamp;
use jiff::civil::Date;

use crate::model::refusal::Refusal;

/// A query as written. Positions are byte offsets in the text.
#[derive(Debug)]
struct Query {
    select: Select,
    from: Name,
    filter: Option<Condition>,
    order: Vec<Order>,
    limit: Option<usize>,
    offset: Option<usize>,
}

#[derive(Debug)]
enum Select {
    Count,
    Items(Vec<Item>),
}

#[derive(Debug)]
enum Item {
    Field(Path),
    Children(Box<Query>),
}

#[derive(Debug)]
struct Name {
    text: String,
    at: usize,
}

/// `Account.Owner.Name`.
#[derive(Debug)]
struct Path {
    parts: Vec<String>,
    at: usize,
}

#[derive(Debug)]
enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Compare(Path, Operator, Literal),
    In { path: Path, negated: bool, list: Vec<Literal> },
    InQuery { path: Path, negated: bool, query: Box<Query> },
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
    /// `None`: first, as is the default.
    nulls_last: bool,
}

/// An error with the place in the query where it is.
fn wrong(soql: &str, at: usize, code: &'static str, message: &str) -> Refusal {
    let before = soql.get(..at.min(soql.len())).unwrap_or(soql);
    let row = before.matches('\n').count() + 1;
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    let line = soql.get(line_start..).unwrap_or_default().lines().next().unwrap_or_default();
    let caret = " ".repeat(column - 1);
    let message = format!("\n{line}\n{caret}^\nERROR at Row:{row}:Column:{column}\n{message}");
    Refusal::new(400, code, message)
}
