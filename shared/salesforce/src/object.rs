//! What a mirrored kind is in Salesforce: its object, its columns, and the way from record to item and back.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use syncline_core::ids::{RemoteId, Version};
use syncline_core::item::{Event, Mirrored, Patch};
use syncline_core::observation::{EventSeen, HasId, ItemSeen, Observation};
use syncline_core::time::Window;
use syncline_ports::{Loss, PortError};

use crate::KEY_FIELD;
use crate::client::Client;
use crate::row::{Problem, Row};

/// What is read of every record, whatever the org says.
pub(crate) const ALWAYS: [&str; 6] =
    ["Id", "SystemModstamp", "CreatedDate", "LastModifiedDate", "IsDeleted", "OwnerId"];

/// Something read besides the object's own fields.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Extra {
    /// A field of the record a reference points to.
    Path {
        /// The relationship's name, which begins the path.
        relation: &'static str,
        /// The reference.
        id: &'static str,
        /// The object it points to.
        object: &'static str,
        /// The field there.
        field: &'static str,
        /// The whole path.
        path: &'static str,
    },
    /// Records of another object that belong to these and change without them.
    Companion {
        /// The other object.
        object: &'static str,
        /// Its reference to these.
        id: &'static str,
        /// The name of that reference's relationship.
        relation: &'static str,
    },
}

/// A mirrored kind, as Salesforce has it.
pub(crate) trait Object: Mirrored {
    /// The object's name.
    const NAME: &'static str;
    /// What is read of it besides [`ALWAYS`], as far as the org has it. A token names these by their
    /// places, so new ones go to the end.
    const COLUMNS: &'static [&'static str];
    /// What is read besides; their places follow those of the columns.
    const EXTRAS: &'static [Extra];
    /// All mirrored fields.
    const FIELDS: &'static [Self::Field];
    /// The columns by which a record is known where the org has no field for our key.
    const NATURAL: &'static [&'static str];
    /// What is seen of one.
    type Seen: Sighting<Item = Self>;

    /// The columns (or paths) without which a field says nothing.
    fn needs(field: Self::Field) -> &'static [&'static str];
    /// A record that is there.
    fn seen(row: Row<'_>, hidden: &BTreeSet<Self::Field>) -> Result<Self::Seen, Problem>;
    /// The item after a patch: what is not patched stays.
    fn patched(current: &Self, patch: &Patch<Self>) -> Self;
    /// The record's columns that hold these fields, and what cannot be held at all.
    fn record<'a>(item: &Self, fields: impl IntoIterator<Item = &'a Self::Field>) -> (Map<String, Value>, Vec<Loss>);
    /// Which of the owner's records are wanted, besides being the owner's; empty for all.
    fn wanted(selection: &Selection<Self>) -> Vec<String>;
    /// Which of those a first listing shows.
    fn listed(window: Option<&Window>, selection: &Selection<Self>) -> Vec<String>;
}

/// An item as it was seen.
pub(crate) trait Sighting: HasId + Clone + std::fmt::Debug + Send + Sync + 'static {
    /// What was seen.
    type Item;

    /// The item.
    fn item(&self) -> &Self::Item;
    /// The version it was seen at.
    fn version(&self) -> &Version;
}

impl Sighting for EventSeen {
    type Item = Event;

    fn item(&self) -> &Event {
        &self.event
    }

    fn version(&self) -> &Version {
        &self.version
    }
}

impl<T: Mirrored> Sighting for ItemSeen<T> {
    type Item = T;

    fn item(&self) -> &T {
        &self.item
    }

    fn version(&self) -> &Version {
        &self.version
    }
}

/// What a record shows.
pub(crate) fn observation<T: Object>(record: &Value, hidden: &BTreeSet<T::Field>) -> Observation<T::Seen> {
    let row = Row(record);
    match (row.flag("IsDeleted"), T::seen(row, hidden)) {
        (Ok(true), _) => Observation::Gone { id: row.id() },
        (_, Ok(seen)) => Observation::Present(Box::new(seen)),
        (_, Err(problem)) => Observation::Unreadable { id: row.id(), problem },
    }
}

/// Which columns can be read in an org, by this user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selection<T: Object> {
    /// The places of those that cannot.
    lacks: BTreeSet<usize>,
    kind: std::marker::PhantomData<T>,
}

impl<T: Object> Selection<T> {
    /// As a token remembers it.
    pub(crate) fn without(lacks: &[usize]) -> Self {
        Self { lacks: lacks.iter().copied().collect(), kind: std::marker::PhantomData }
    }

    /// As describe tells it; a token may spare the asking.
    pub(crate) async fn of(client: &Client) -> Result<Self, PortError> {
        let shape = client.shape(T::NAME).await?;
        let mut lacks: BTreeSet<usize> =
            (0..T::COLUMNS.len()).filter(|at| T::COLUMNS.get(*at).is_none_or(|name| !shape.has(name))).collect();
        for (at, extra) in T::EXTRAS.iter().enumerate() {
            let has = match extra {
                Extra::Path { id, object, field, .. } => shape.has(id) && client.shape(object).await?.has(field),
                Extra::Companion { object, id, .. } => client.shape(object).await?.has(id),
            };
            if !has {
                lacks.insert(T::COLUMNS.len() + at);
            }
        }
        Ok(Self { lacks, kind: std::marker::PhantomData })
    }

    /// The same, if all that it takes is known already.
    pub(crate) async fn known(client: &Client) -> Option<Self> {
        client.shape_if_known(T::NAME)?;
        for extra in T::EXTRAS {
            let (Extra::Path { object, .. } | Extra::Companion { object, .. }) = extra;
            client.shape_if_known(object)?;
        }
        Self::of(client).await.ok()
    }

    /// Asks all anew, for this user alone.
    pub(crate) async fn relearned(client: &Client) -> Result<Self, PortError> {
        client.relearn(T::NAME).await?;
        for extra in T::EXTRAS {
            let (Extra::Path { object, .. } | Extra::Companion { object, .. }) = extra;
            client.relearn(object).await?;
        }
        Self::of(client).await
    }

    /// The places of what cannot be read, for a token.
    pub(crate) fn lacks(&self) -> Vec<usize> {
        self.lacks.iter().copied().collect()
    }

    /// The object's own columns that are read.
    pub(crate) fn columns(&self) -> Vec<&'static str> {
        let own = T::COLUMNS.iter().enumerate().filter(|(at, _)| !self.lacks.contains(at)).map(|(_, name)| *name);
        ALWAYS.into_iter().chain(own).collect()
    }

    /// What can be read besides.
    pub(crate) fn extras(&self) -> impl Iterator<Item = &'static Extra> {
        let there = T::EXTRAS.iter().enumerate();
        there.filter(|(at, _)| !self.lacks.contains(&(T::COLUMNS.len() + at))).map(|(_, extra)| extra)
    }

    /// Columns and paths, for a query.
    pub(crate) fn select(&self) -> String {
        let paths = self.extras().filter_map(|extra| match extra {
            Extra::Path { path, .. } => Some(*path),
            Extra::Companion { .. } => None,
        });
        self.columns().into_iter().chain(paths).collect::<Vec<_>>().join(", ")
    }

    /// Whether a column or path is read.
    pub(crate) fn has(&self, name: &str) -> bool {
        let is_path = |extra: &Extra| matches!(extra, Extra::Path { path, .. } if *path == name);
        self.columns().contains(&name) || self.extras().any(is_path)
    }

    /// Whether the org has a field for our key.
    pub(crate) fn has_key(&self) -> bool {
        self.has(KEY_FIELD)
    }

    /// The fields that cannot be seen.
    pub(crate) fn hidden(&self) -> BTreeSet<T::Field> {
        let is_hidden = |field: &&T::Field| T::needs(**field).iter().any(|name| !self.has(name));
        T::FIELDS.iter().filter(is_hidden).copied().collect()
    }
}

/// The id of the record's owner, else that of the user who asks.
pub(crate) fn owner(row: Row<'_>) -> Result<RemoteId, Problem> {
    Ok(RemoteId::new(row.text("OwnerId")?.ok_or("the record has no owner")?))
}
