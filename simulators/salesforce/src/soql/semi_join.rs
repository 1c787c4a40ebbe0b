//! Conditions with a query in them.

use std::cell::OnceCell;

use crate::model::refusal::Refusal;
use crate::model::schema::{Kind, Object};

use super::bind::{Binder, Column, Standing};
use super::filter::{Nesting, Test};
use super::select::{Pick, Selection};
use super::{Path, Query, wrong};

const MOST: usize = 2;

/// Objects whose rows cannot be asked for inside a condition, whether this org has them or not.
const NOT_INSIDE: [&str; 5] = ["Task", "Event", "Attachment", "Note", "ContentDocumentLink"];

fn id_like(column: &Column) -> bool {
    matches!(column.kind(), Kind::Id | Kind::Reference(_))
}

/// The objects whose ids a column of `object` holds.
fn held(column: &Column, object: &Object) -> Vec<&'static str> {
    match column.leaf.kind {
        Kind::Reference(targets) => targets.to_vec(),
        _ => vec![object.name],
    }
}

impl Binder<'_> {
    /// `count`: how many such conditions the query has with this one.
    pub(super) fn semi_join(
        &self,
        path: &Path,
        query: &Query,
        object: &'static Object,
        nesting: Nesting,
        count: usize,
    ) -> Result<Test, Refusal> {
        let refused = |at: usize, message: &str| Err(wrong(self.soql, at, "MALFORMED_QUERY", message));
        let column = self.filtered(path, object)?;
        match nesting {
            Nesting::Top | Nesting::InAnd => {}
            Nesting::InOr => {
                return refused(path.at, "Semi join sub-selects are not allowed with the 'OR' operator");
            }
            Nesting::InNot => {
                return refused(path.at, "Semi join sub-selects are not allowed with the 'NOT' operator");
            }
            Nesting::Deeper => {
                let message = "Semi join sub-selects are only allowed at the top level WHERE expressions and not in \
                               nested WHERE expressions.";
                return refused(path.at, message);
            }
        }
        if count > MOST {
            return refused(path.at, "Maximum 2 semi join sub-selects are allowed");
        }
        if let Some(name) = NOT_INSIDE.iter().find(|name| query.from.parts.join(".").eq_ignore_ascii_case(name)) {
            let message = format!("Entity '{name}' is not supported for semi join inner selects");
            return refused(query.from.at, &message);
        }
        let inner = match query.from.parts.as_slice() {
            [name] => self.asker.schema.object(name),
            _ => None,
        };
        let inner = inner.ok_or_else(|| self.unknown_type(&query.from.parts.join("."), query.from.at))?;
        let clauses = [
            (!query.order.is_empty(), "ORDER BY"),
            (query.limit.is_some(), "LIMIT"),
            (query.offset.is_some(), "OFFSET"),
        ];
        if let Some((_, clause)) = clauses.into_iter().find(|(there, _)| *there) {
            return refused(query.from.at, &format!("{clause} is not supported in semi join sub-selects"));
        }
        let bound = self.query(query, inner, Standing::Joined)?;
        let selected = match &bound.selection {
            Selection::Picks(picks) => match picks.as_slice() {
                [Pick::Column(column)] => column,
                _ => return refused(query.from.at, "semi join sub-selects can only query one field"),
            },
            Selection::Count | Selection::Groups(_) => {
                return refused(query.from.at, "only root queries support aggregate expressions");
            }
        };
        if !column.hops.is_empty() {
            let message = "The left operand field in the where expression for outer query cannot use a relationship";
            return refused(path.at, message);
        }
        if !selected.hops.is_empty() {
            return refused(query.from.at, "semi join sub-selects cannot select a field of a relationship");
        }
        if !id_like(&column) {
            let message = format!(
                "The left operand field in the where expression for outer query should be an id field, cannot use: '{}'",
                column.leaf.name
            );
            return refused(path.at, &message);
        }
        if !id_like(selected) {
            let message =
                format!("semi join sub-selects can only query id fields, cannot use: '{}'", selected.leaf.name);
            return refused(query.from.at, &message);
        }
        if bound.test.joins() {
            return refused(query.from.at, "Nesting of semi join sub-selects is not supported");
        }
        if inner.name == object.name {
            return refused(query.from.at, "The inner and outer selects should not be on the same object type");
        }
        let outside = held(&column, object);
        if !held(selected, inner).iter().any(|target| outside.contains(target)) {
            let message = format!(
                "The selected field '{}' in the subquery and the left operand field in the where expression in the \
                 outer query '{}' should point to the same object type",
                selected.leaf.name, column.leaf.name
            );
            return refused(query.from.at, &message);
        }
        Ok(Test::AmongRows(column, Box::new(bound), OnceCell::new()))
    }
}
