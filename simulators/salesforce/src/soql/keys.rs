//! In which order a query's records have their fields: as they were selected.

use crate::order::Order;

use super::bind::{Bound, Column};
use super::select::{Pick, Selection};

impl Bound {
    /// The keys of its records.
    pub(crate) fn keys(&self) -> Order {
        let mut keys = Order::default();
        match &self.selection {
            Selection::Count => {}
            Selection::Groups(grouping) => grouping.names().for_each(|name| keys.add([name])),
            Selection::Picks(picks) => picks.iter().for_each(|pick| pick.add_to(&mut keys)),
        }
        keys
    }

    /// The query that the path of places among the selected things leads to; `None` if it leads nowhere.
    pub(crate) fn at(&self, path: &[usize]) -> Option<&Self> {
        path.iter().try_fold(self, |query, place| match &query.selection {
            Selection::Picks(picks) => match picks.get(*place)? {
                Pick::Children { query, .. } => Some(&**query),
                _ => None,
            },
            _ => None,
        })
    }
}

impl Pick {
    fn add_to(&self, keys: &mut Order) {
        match self {
            Self::Column(column) => keys.add(path(column)),
            Self::Aliased(name, _) => keys.add([name.as_str()]),
            Self::TypeOf { way, whens, otherwise } => {
                let columns = whens.iter().flat_map(|(_, columns)| columns).chain(otherwise);
                for column in columns {
                    keys.add(way.relationship.into_iter().chain(path(column)));
                }
            }
            Self::Children { name, query, .. } => keys.put(name, query.keys()),
        }
    }
}

/// The names on the way to a column, and its own.
fn path(column: &Column) -> impl Iterator<Item = &'static str> {
    column.hops.iter().filter_map(|hop| hop.relationship).chain([column.leaf.name])
}
