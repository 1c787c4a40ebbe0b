//! What a query selects, described column by column.

use serde_json::{Value, json};

use crate::model::schema::{Field, Kind};

use super::bind::{Bound, Column};
use super::select::{Pick, Selection};

impl Bound {
    /// The description that stands in for the records where only columns are asked for.
    pub(crate) fn described(&self) -> Value {
        let columns = self.columns();
        let id = columns.iter().any(|column| column["columnName"] == "Id");
        json!({
            "columnMetadata": columns, "entityName": self.object.name,
            "groupBy": matches!(&self.selection, Selection::Groups(grouping) if grouping.is_grouped()),
            "idSelected": id, "keyPrefix": self.object.prefix,
        })
    }

    fn columns(&self) -> Vec<Value> {
        match &self.selection {
            Selection::Count => Vec::new(),
            Selection::Picks(picks) => picks.iter().map(Pick::described).collect(),
            Selection::Groups(grouping) => {
                let columns = grouping.columns().map(|(name, shown, field)| match shown {
                    Some(shown) => total(name, &shown),
                    None => entry(name, field),
                });
                columns.collect()
            }
        }
    }
}

impl Pick {
    fn described(&self) -> Value {
        match self {
            Self::Column(column) => far(column),
            Self::Aliased(name, column) => entry(name, Some(column.leaf)),
            Self::TypeOf { way, whens, otherwise } => {
                let columns = whens.iter().flat_map(|(_, columns)| columns).chain(otherwise);
                up(way, columns.map(far).collect())
            }
            Self::Children { name, query, .. } => {
                let mut children = total(name, name);
                children["joinColumns"] = query.columns().into();
                children
            }
        }
    }
}

/// A field within the references on the way to it.
fn far(column: &Column) -> Value {
    let leaf = entry(column.leaf.name, Some(column.leaf));
    column.hops.iter().rev().fold(leaf, |inner, hop| up(hop, vec![inner]))
}

fn up(way: &Field, joined: Vec<Value>) -> Value {
    let mut reference = entry(way.relationship.unwrap_or(way.name), None);
    reference["foreignKeyName"] = json!(way.name);
    reference["joinColumns"] = joined.into();
    reference
}

fn total(name: &str, shown: &str) -> Value {
    let mut total = entry(name, None);
    total["aggregate"] = json!(true);
    total["displayName"] = json!(shown);
    total
}

fn entry(name: &str, field: Option<&Field>) -> Value {
    let kind = field.map(|field| field.kind);
    json!({
        "aggregate": false, "apexType": kind.map(apex_type), "booleanType": kind == Some(Kind::Boolean),
        "columnName": name, "custom": field.is_some_and(Field::custom), "displayName": name, "foreignKeyName": null,
        "insertable": field.is_some_and(|field| field.createable), "joinColumns": [],
        "numberType": matches!(kind, Some(Kind::Int | Kind::Double(..) | Kind::Currency)),
        "textType": kind.is_some_and(Kind::is_text), "updatable": field.is_some_and(|field| field.updateable),
    })
}

fn apex_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Id | Kind::Reference(_) => "Id",
        Kind::Boolean => "Boolean",
        Kind::Int => "Integer",
        Kind::Double(..) | Kind::Currency => "Double",
        Kind::Date => "Date",
        Kind::DateTime => "Datetime",
        Kind::Address(_) => "Address",
        Kind::IdList(_) => "List<String>",
        Kind::Base64 => "Blob",
        _ => "String",
    }
}
