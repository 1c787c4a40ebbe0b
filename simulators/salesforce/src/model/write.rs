//! Creating, changing and deleting rows: the checks common to all objects, in the vendor's order.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::caller::Caller;
use super::input::{Changes, Input};
use super::refusal::Refusal;
use super::rules;
use super::schema::{Field, Kind, Object, Owner};
use super::sharing::{Right, is_setup};
use super::store::{Values, Version};
use super::{Row, Salesforce, id, stamp};

/// What an upsert did.
#[derive(Debug)]
pub(crate) enum Upserted {
    Created(String),
    Updated(String),
    /// The value is not unique: these rows have it.
    Ambiguous(Vec<String>),
}

impl Salesforce {
    /// Creates a row and gives its id.
    pub(crate) fn create(
        &mut self,
        caller: &Caller,
        object: &'static Object,
        input: &Input<'_>,
        now: Timestamp,
    ) -> Result<String, Vec<Refusal>> {
        if !self.may_create(caller, object) {
            return Err(Refusal::read_only().into());
        }
        let changes = self.read_input(caller, object, input, true)?;
        // Rules and defaults know all fields, whatever the caller sees.
        let object = self.whole(object);
        let mut values = Values::new();
        for (name, value) in &changes {
            put(&mut values, name, value.clone());
        }
        fill_defaults(object, &mut values, caller);
        rules::before_write(self, object, &mut values, &changes, None, now)?;
        self.check_row(caller, object, &values, &changes, None)?;
        self.apply_rules_of_admins(caller, object, "", &mut values, &changes, now)?;
        let id = id::mint(object.prefix, &self.draw(object.name));
        for field in object.fields().filter(|field| field.kind == Kind::AutoNumber) {
            let count = self.counters.entry(format!("{}.{}", object.name, field.name)).or_insert(1000);
            *count += 1;
            put(&mut values, field.name, json!(format!("{count:08}")));
        }
        self.insert(object, &id, values, caller, now);
        rules::after_create(self, object, &id, caller, now);
        self.note_setup(object, now);
        Ok(id)
    }

    /// Changes a row.
    pub(crate) fn update(
        &mut self,
        caller: &Caller,
        object: &'static Object,
        id: &str,
        input: &Input<'_>,
        now: Timestamp,
    ) -> Result<(), Vec<Refusal>> {
        let old = self
            .living(caller, object, id, Right::Edit, now)?
            .latest()
            .map(|version| version.values.clone())
            .unwrap_or_default();
        let changes = self.read_input(caller, object, input, false)?;
        let object = self.whole(object);
        if changes.get("OwnerId").is_some_and(|owner| Some(owner) != old.get("OwnerId")) {
            self.living(caller, object, id, Right::Delete, now)?;
        }
        self.lock_row(id)?;
        let mut values = old.clone();
        for (name, value) in &changes {
            put(&mut values, name, value.clone());
        }
        rules::before_write(self, object, &mut values, &changes, Some(&old), now)?;
        self.check_row(caller, object, &values, &changes, Some(id))?;
        self.apply_rules_of_admins(caller, object, id, &mut values, &changes, now)?;
        put(&mut values, "LastModifiedDate", json!(stamp::write(now)));
        put(&mut values, "LastModifiedById", json!(caller.user));
        self.stamp(object, id, values, now);
        rules::after_update(self, object, id, &old, caller, now);
        self.note_setup(object, now);
        Ok(())
    }

    /// Puts a row into the recycle bin, and with it what cannot be without it.
    pub(crate) fn delete(
        &mut self,
        caller: &Caller,
        object: &'static Object,
        id: &str,
        now: Timestamp,
    ) -> Result<(), Vec<Refusal>> {
        self.living(caller, object, id, Right::Delete, now)?;
        if !object.deletable {
            let message = format!("entity type {} does not support delete", object.name);
            return Err(Refusal::write("INVALID_TYPE_FOR_OPERATION", message).into());
        }
        rules::before_delete(self, object, id)?;
        self.lock_row(id)?;
        self.bury(caller, object, id, id, now);
        self.note_setup(object, now);
        Ok(())
    }

    /// Creates a row, or changes the one that has this value in this field.
    pub(crate) fn upsert(
        &mut self,
        caller: &Caller,
        object: &'static Object,
        key: (&'static Field, &str),
        input: &Input<'_>,
        update_only: bool,
        now: Timestamp,
    ) -> Result<Upserted, Vec<Refusal>> {
        let (field, value) = key;
        let ids = self.having(object, field, value);
        match ids.as_slice() {
            [] if update_only => Err(Refusal::not_found().into()),
            [] => {
                let mut fields = input.fields.clone();
                fields.insert(field.name.to_owned(), json!(value));
                let input = Input { fields: &fields, ..*input };
                self.create(caller, object, &input, now).map(Upserted::Created)
            }
            [id] => {
                self.update(caller, object, id, input, now)?;
                Ok(Upserted::Updated(id.clone()))
            }
            _ => Ok(Upserted::Ambiguous(ids)),
        }
    }

    /// The living rows that have this value in this field, in their newest state.
    pub(crate) fn having(&self, object: &Object, field: &Field, value: &str) -> Vec<String> {
        let mut ids = self.store.holders(object, field, value);
        ids.retain(|id| {
            self.store.row(id).is_some_and(|row| !row.is_deleted() && field.finds(row.get(field.name), value))
        });
        ids
    }

    /// The row, if the caller may do that with it: it is there, he sees it, and it is not deleted.
    pub(super) fn living(
        &self,
        caller: &Caller,
        object: &Object,
        id: &str,
        right: Right,
        now: Timestamp,
    ) -> Result<&Row, Vec<Refusal>> {
        let row = self.store.row(id).filter(|row| row.object() == object.name && !row.is_gone(now));
        let row = row.filter(|row| self.may(caller, row, Right::Read)).ok_or_else(Refusal::not_found)?;
        if row.is_deleted() {
            return Err(Refusal::deleted().into());
        }
        if self.may(caller, row, right) { Ok(row) } else { Err(Refusal::read_only().into()) }
    }

    /// What admins want of a row that is otherwise good: `id` is empty for a new one.
    fn apply_rules_of_admins(
        &self,
        caller: &Caller,
        object: &Object,
        id: &str,
        values: &mut Values,
        changes: &Changes,
        now: Timestamp,
    ) -> Result<(), Vec<Refusal>> {
        let broken = self.validate(object, id, values, now);
        if !broken.is_empty() {
            return Err(broken);
        }
        self.find_duplicates(caller, object, id, values, changes, now)?;
        self.assign(caller, object, id, values, now)?;
        Ok(())
    }

    /// The object with all its fields.
    fn whole(&self, object: &'static Object) -> &'static Object {
        self.schema().object(object.name).unwrap_or(object)
    }

    /// What a change of setup lets users see may be another schema.
    fn note_setup(&mut self, object: &Object, now: Timestamp) {
        if is_setup(object.name) {
            self.touch_schema(now);
        }
    }

    fn lock_row(&mut self, id: &str) -> Result<(), Vec<Refusal>> {
        let Some(left) = self.locks.get_mut(id).filter(|left| **left > 0) else {
            return Ok(());
        };
        *left -= 1;
        let message = format!("unable to obtain exclusive access to this record or 1 records: {id}");
        Err(Refusal::write("UNABLE_TO_LOCK_ROW", message).into())
    }

    /// The checks of a whole row: references lead somewhere, what is required is there, unique is unique.
    fn check_row(
        &self,
        caller: &Caller,
        object: &'static Object,
        values: &Values,
        changes: &Changes,
        id: Option<&str>,
    ) -> Result<(), Vec<Refusal>> {
        // A new row is given what it was not told, and a box that is not ticked is not empty.
        let given = |field: &Field| (field.defaulted && id.is_none()) || field.kind == Kind::Boolean;
        let required = object.fields().filter(|field| !field.nillable && field.createable && !given(field));
        let missing: Vec<&str> =
            required.filter(|field| !values.contains_key(field.name)).map(|field| field.name).collect();
        if !missing.is_empty() {
            return Err(Refusal::missing(&missing).into());
        }
        for field in object.fields() {
            let Some(value) = changes.get(field.name) else {
                continue;
            };
            let ids = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            for id in ids.iter().filter_map(Value::as_str) {
                self.check_reference(caller, object, field, id)?;
            }
            if field.unique
                && !value.is_null()
                && let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned)
                && let Some(other) = self.having(object, field, &text).iter().find(|other| Some(other.as_str()) != id)
            {
                return Err(Refusal::taken(field.name, other).into());
            }
        }
        Ok(())
    }

    fn check_reference(&self, caller: &Caller, object: &Object, field: &Field, id: &str) -> Result<(), Refusal> {
        // Of what is not in this table nothing is known.
        let checked = field.holds().iter().any(|target| self.schema().object(target).is_some());
        if !checked || field.kind == Kind::Id {
            return Ok(());
        }
        let broken = || Refusal::write("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id").on(field.name);
        let target = self.store.row(id).filter(|row| !row.is_deleted()).ok_or_else(broken)?;
        // A row is made part of another only by who may edit that one.
        let of_master = object.master().is_some_and(|master| master.name == field.name);
        let needed = if of_master { Right::Edit } else { Right::Read };
        if !is_setup(target.object()) && !self.may(caller, target, needed) {
            let short = id.get(..15).unwrap_or(id);
            let message = format!("insufficient access rights on cross-reference id: {short}");
            return Err(Refusal::write("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message));
        }
        if field.name != "OwnerId" {
            return Ok(());
        }
        match target.object() {
            "Group" if target.text("Type") != "Queue" => Err(broken()),
            "Group" => {
                let mut takes = self.pointing("QueueSobject", "QueueId", id);
                if takes.any(|kind| kind.text("SobjectType") == object.name) {
                    return Ok(());
                }
                let message = "Queue not associated with this SObject type";
                Err(Refusal::write("INVALID_OPERATION", message).on(field.name))
            }
            _ if target.get("IsActive") != true => {
                let name = target.text("Name");
                let message = format!("operation performed with inactive user [{id}] as owner of record ({name})");
                Err(Refusal::write("INACTIVE_OWNER_OR_USER", message).on(field.name))
            }
            _ => Ok(()),
        }
    }

    /// Writes a row that the system makes of its own accord, and gives its id.
    pub(super) fn insert_own(
        &mut self,
        object: &'static Object,
        mut values: Values,
        caller: &Caller,
        now: Timestamp,
    ) -> String {
        fill_defaults(object, &mut values, caller);
        let id = id::mint(object.prefix, &self.draw(object.name));
        self.insert(object, &id, values, caller, now);
        id
    }

    /// Writes a new row as it stands, with its audit fields.
    pub(super) fn insert(
        &mut self,
        object: &'static Object,
        id: &str,
        mut values: Values,
        caller: &Caller,
        now: Timestamp,
    ) {
        let stamped = json!(stamp::write(now));
        if object.field("IsDeleted").is_some() {
            put(&mut values, "IsDeleted", json!(false));
        }
        for name in ["CreatedDate", "LastModifiedDate", "SystemModstamp"] {
            put(&mut values, name, stamped.clone());
        }
        for name in ["CreatedById", "LastModifiedById"] {
            put(&mut values, name, json!(caller.user));
        }
        put(&mut values, "Id", json!(id));
        let version = self.version(values, now);
        self.store.write(object, id, version, now);
    }

    /// Writes a row's next state, with its `SystemModstamp`.
    pub(super) fn stamp(&mut self, object: &'static Object, id: &str, mut values: Values, now: Timestamp) {
        put(&mut values, "SystemModstamp", json!(stamp::write(now)));
        let version = self.version(values, now);
        self.store.write(object, id, version, now);
    }

    /// A state written now, to be seen when the running request commits.
    pub(super) fn version(&mut self, values: Values, now: Timestamp) -> Version {
        let visible_at = self.visible_at(now);
        let stamped_at = stamp::whole_seconds(now);
        Version { visible_at, stamped_at, deleted: false, deleted_with: None, emptied_at: None, values }
    }
}

/// Sets a value; null unsets.
pub(super) fn put(values: &mut Values, name: &str, value: Value) {
    if value.is_null() {
        values.remove(name);
    } else {
        values.insert(name.to_owned(), value);
    }
}

/// The values a new row has without being given them.
pub(super) fn fill_defaults(object: &Object, values: &mut Values, caller: &Caller) {
    for field in object.fields() {
        match field.kind {
            _ if values.contains_key(field.name) => {}
            Kind::Boolean if !field.calculated => put(values, field.name, json!(field.checked)),
            Kind::Picklist(known) if field.defaulted => {
                let default = known.get(field.default_place).map(|(value, _)| *value);
                put(values, field.name, json!(default));
            }
            _ => {}
        }
    }
    if object.owner != Owner::Nobody && !values.contains_key("OwnerId") {
        put(values, "OwnerId", json!(caller.user));
    }
}
