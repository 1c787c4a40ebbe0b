//! The rows, each with the versions that readers may still see.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::schema::{Field, Kind, Object, Schema};
use super::stamp;

/// A row's values by field name; what is null is absent.
pub(crate) type Values = BTreeMap<String, Value>;

/// How long a deleted row stays in the recycle bin.
pub(crate) const BIN: SignedDuration = SignedDuration::from_hours(15 * 24);

/// How long a row that was taken out of the bin is still found by `queryAll`.
const EMPTIED: SignedDuration = SignedDuration::from_hours(24);

/// How old an activity is when it is archived: only `queryAll` finds it then.
const ARCHIVED_AFTER: SignedDuration = SignedDuration::from_hours(365 * 24);

/// One state of a row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Version {
    /// From when on readers see it: the commit, which may come after the stamp.
    pub visible_at: Timestamp,
    /// `SystemModstamp`: when the write was made.
    pub stamped_at: Timestamp,
    pub deleted: bool,
    /// The row whose deletion took this one along; the row itself if it was deleted on its own.
    #[serde(default)]
    pub deleted_with: Option<String>,
    /// When it was taken out of the recycle bin for good.
    #[serde(default)]
    pub emptied_at: Option<Timestamp>,
    pub values: Values,
}

impl Version {
    /// Whether it lies in the recycle bin and can be taken back.
    pub(crate) fn in_bin(&self, now: Timestamp) -> bool {
        self.deleted && self.emptied_at.is_none() && now.duration_since(self.stamped_at) < BIN
    }

    /// Whether nobody can find it any more.
    fn gone(&self, now: Timestamp) -> bool {
        let emptied = self.emptied_at.is_some_and(|at| now.duration_since(at) >= EMPTIED);
        self.deleted && (emptied || now.duration_since(self.stamped_at) >= BIN)
    }
}

/// One row of an object.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    id: String,
    object: String,
    /// Oldest first; never empty.
    versions: Vec<Version>,
}

impl Row {
    /// A row that is not stored (yet): its one state, as of now.
    pub(crate) fn drafted(id: &str, object: &Object, values: Values, now: Timestamp) -> Self {
        let version =
            Version { visible_at: now, stamped_at: now, deleted: false, deleted_with: None, emptied_at: None, values };
        Self { id: id.to_owned(), object: object.name.to_owned(), versions: vec![version] }
    }

    /// The id, 18 characters.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The object's name, such as `Contact`.
    pub fn object(&self) -> &str {
        &self.object
    }

    /// The newest value of a field by its exact name; `Null` if it is unset or there is no such field.
    pub fn get(&self, field: &str) -> &Value {
        self.versions.last().and_then(|version| version.values.get(field)).unwrap_or(&Value::Null)
    }

    /// The newest value of a field as text, empty if it is none.
    pub fn text(&self, field: &str) -> &str {
        self.get(field).as_str().unwrap_or_default()
    }

    /// Whether it lies in the recycle bin.
    pub fn is_deleted(&self) -> bool {
        self.versions.last().is_some_and(|version| version.deleted)
    }

    /// The newest state, committed or not: what a write builds on.
    pub(crate) fn latest(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// What a reader sees: the newest committed state, unless the bin was emptied of it.
    pub(crate) fn seen(&self, now: Timestamp) -> Option<View<'_>> {
        let version = self.versions.iter().rev().find(|version| version.visible_at <= now)?;
        (!version.gone(now)).then_some(View { row: self, version })
    }

    /// Whether the newest state is that of a row nobody can find any more.
    pub(crate) fn is_gone(&self, now: Timestamp) -> bool {
        self.versions.last().is_some_and(|version| version.gone(now))
    }

    /// What searches know of it when their index stands at `until`: the state of then, or the oldest that is
    /// kept, if the row is older.
    pub(crate) fn indexed(&self, until: Timestamp) -> Option<&Version> {
        let known = self.versions.iter().rev().find(|version| version.visible_at <= until);
        known.or_else(|| {
            let created = self.get("CreatedDate").as_str().and_then(stamp::read)?;
            self.versions.first().filter(|version| created <= until && version.stamped_at > created)
        })
    }

    /// When the oldest write that is not yet committed was stamped.
    pub(crate) fn pending_since(&self, now: Timestamp) -> Option<Timestamp> {
        self.versions.iter().filter(|version| version.visible_at > now).map(|version| version.stamped_at).min()
    }
}

/// A row in the state in which a reader sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub row: &'a Row,
    pub version: &'a Version,
}

impl<'a> View<'a> {
    /// A field's value as it goes over the wire.
    pub(crate) fn value(&self, field: &Field, now: Timestamp) -> Cow<'a, Value> {
        match field.kind {
            Kind::Address(prefix) => Cow::Owned(self.address(prefix)),
            _ if field.name == "IsArchived" => Cow::Owned(json!(self.archived(now))),
            // A row may be older than a box.
            Kind::Boolean if !self.version.values.contains_key(field.name) => Cow::Owned(json!(false)),
            _ => Cow::Borrowed(self.version.values.get(field.name).unwrap_or(&Value::Null)),
        }
    }

    /// The same in a record: bytes are not told, but where they are. `base` is the path up to the version.
    pub(crate) fn shown(&self, field: &Field, base: &str, now: Timestamp) -> Cow<'a, Value> {
        let value = self.value(field, now);
        if field.kind == Kind::Base64 && !value.is_null() {
            return Cow::Owned(json!(format!("{base}/sobjects/{}/{}/{}", self.row.object, self.row.id, field.name)));
        }
        value
    }

    fn address(&self, prefix: &str) -> Value {
        let part = |name: &str| self.version.values.get(&format!("{prefix}{name}")).cloned().unwrap_or_default();
        let (street, city, state) = (part("Street"), part("City"), part("State"));
        let (postal_code, country) = (part("PostalCode"), part("Country"));
        if [&street, &city, &state, &postal_code, &country].into_iter().all(Value::is_null) {
            return Value::Null;
        }
        json!({
            "city": city, "country": country, "geocodeAccuracy": null, "latitude": null, "longitude": null,
            "postalCode": postal_code, "state": state, "street": street,
        })
    }

    /// Whether it is an activity of more than a year ago (tasks: and closed).
    pub(crate) fn archived(&self, now: Timestamp) -> bool {
        let value = |name: &str| self.version.values.get(name);
        let ended = match self.row.object.as_str() {
            "Event" => value("EndDateTime").and_then(Value::as_str).and_then(stamp::read),
            "Task" if value("IsClosed") == Some(&Value::Bool(true)) => {
                let due = value("ActivityDate").and_then(Value::as_str).and_then(stamp::read_date);
                due.and_then(stamp::midnight)
                    .or_else(|| value("CreatedDate").and_then(Value::as_str).and_then(stamp::read))
            }
            _ => None,
        };
        ended.is_some_and(|ended| now.duration_since(ended) > ARCHIVED_AFTER)
    }
}

/// All rows by id. Ids of one object stand together, because they begin with its prefix.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Store {
    rows: BTreeMap<String, Row>,
    #[serde(skip, default = "Schema::standard")]
    schema: &'static Schema,
    #[serde(skip)]
    index: BTreeMap<(&'static str, &'static str), BTreeMap<String, BTreeSet<String>>>,
    /// What to put back, newest last, since the request began.
    #[serde(skip)]
    undo: Vec<(String, Option<Row>)>,
    /// Where in that each transaction but the last ended.
    #[serde(skip)]
    ends: Vec<usize>,
}

/// A moment of the running request to go back to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Savepoint(usize);

impl Store {
    /// No rows yet.
    pub(crate) fn empty(schema: &'static Schema) -> Self {
        Self { rows: BTreeMap::new(), schema, index: BTreeMap::new(), undo: Vec::new(), ends: Vec::new() }
    }

    /// All objects, whoever may see them.
    pub(crate) fn schema(&self) -> &'static Schema {
        self.schema
    }

    /// Gives the rows another schema, or that of their snapshot, and makes the index anew.
    pub(crate) fn reshape(&mut self, schema: &'static Schema) {
        self.schema = schema;
        let rows = std::mem::take(&mut self.rows);
        self.index.clear();
        for row in rows.values() {
            self.index_row(row);
        }
        self.rows = rows;
    }

    pub(crate) fn row(&self, id: &str) -> Option<&Row> {
        self.rows.get(id)
    }

    /// Every row, by id.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    /// Every row of an object by id, deleted ones too.
    pub(crate) fn rows(&self, object: &Object) -> impl Iterator<Item = &Row> + use<'_> {
        let prefix = object.prefix;
        self.rows.range(prefix.to_owned()..).take_while(move |(id, _)| id.starts_with(prefix)).map(|(_, row)| row)
    }

    /// The ids of rows that hold this value, compared without case, in any of their kept versions.
    /// Only for [indexed](Field::indexed) fields.
    pub(crate) fn holders(&self, object: &Object, field: &Field, value: &str) -> Vec<String> {
        let values = self.index.get(&(object.name, field.name));
        let key = field.key(&Value::String(value.to_owned())).unwrap_or_default();
        let ids = values.and_then(|values| values.get(&key));
        ids.map(|ids| ids.iter().cloned().collect()).unwrap_or_default()
    }

    /// Adds a state to a row, or the row.
    pub(crate) fn write(&mut self, object: &'static Object, id: &str, version: Version, now: Timestamp) {
        let before = self.rows.get(id).cloned();
        let mut row = before.clone().unwrap_or_else(|| Row {
            id: id.to_owned(),
            object: object.name.to_owned(),
            versions: Vec::new(),
        });
        let seen = row.versions.iter().rposition(|version| version.visible_at <= now).unwrap_or(0);
        row.versions.drain(..seen);
        row.versions.push(version);
        self.undo.push((id.to_owned(), before));
        self.put(id, Some(row));
    }

    fn put(&mut self, id: &str, row: Option<Row>) {
        if let Some(old) = self.rows.remove(id) {
            for (key, value) in self.keys(&old) {
                if let Some(ids) = self.index.get_mut(&key).and_then(|values| values.get_mut(&value)) {
                    ids.remove(id);
                }
            }
        }
        if let Some(row) = row {
            self.index_row(&row);
            self.rows.insert(id.to_owned(), row);
        }
    }

    fn index_row(&mut self, row: &Row) {
        for (key, value) in self.keys(row) {
            self.index.entry(key).or_default().entry(value).or_default().insert(row.id.clone());
        }
    }

    /// Makes every row one that has been there since ever, so that whatever lags behind writes has it.
    pub(crate) fn settle(&mut self) {
        for version in self.rows.values_mut().flat_map(|row| &mut row.versions) {
            version.visible_at = Timestamp::UNIX_EPOCH;
        }
    }

    /// A request begins: what was written before is written.
    pub(crate) fn begin(&mut self) {
        self.undo.clear();
        self.ends.clear();
    }

    /// A transaction of the running request ends, and another begins.
    pub(crate) fn end_transaction(&mut self) {
        self.ends.push(self.undo.len());
    }

    /// Where in what was [written](Self::written) each transaction ended.
    pub(crate) fn ends(&self) -> impl Iterator<Item = usize> {
        self.ends.iter().copied().chain([self.undo.len()])
    }

    /// What was written since the request began, oldest first: ids, and the rows as they were before.
    pub(crate) fn written(&self) -> &[(String, Option<Row>)] {
        &self.undo
    }

    pub(crate) fn savepoint(&self) -> Savepoint {
        Savepoint(self.undo.len())
    }

    pub(crate) fn roll_back(&mut self, to: Savepoint) {
        while self.undo.len() > to.0 {
            if let Some((id, row)) = self.undo.pop() {
                self.put(&id, row);
            }
        }
        self.ends.retain(|end| *end <= to.0);
    }

    /// Under which values of which indexed fields a row is found.
    fn keys(&self, row: &Row) -> Vec<((&'static str, &'static str), String)> {
        let Some(object) = self.schema.object(&row.object) else {
            return Vec::new();
        };
        let mut keys = Vec::new();
        for field in object.fields().filter(|field| field.indexed() && field.kind != Kind::Id) {
            for version in &row.versions {
                let key = version.values.get(field.name).and_then(|value| field.key(value));
                keys.extend(key.map(|key| ((object.name, field.name), key)));
            }
        }
        keys
    }
}
