//! The recycle bin: rows go there with what cannot be without them, and come back the same way.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::caller::Caller;
use super::refusal::Refusal;
use super::schema::Object;
use super::sharing::Right;
use super::write::put;
use super::{Row, Salesforce, rules, stamp};

impl Caller {
    /// The audit fields of a change.
    pub(super) fn touch(&self, now: Timestamp) -> [(&'static str, Value); 3] {
        let at = json!(stamp::write(now));
        [("LastModifiedDate", at.clone()), ("LastModifiedById", json!(self.user)), ("SystemModstamp", at)]
    }
}

impl Salesforce {
    /// Marks a row deleted, and before it what belongs to it. `root` is the row that was asked for.
    pub(super) fn bury(&mut self, caller: &Caller, object: &'static Object, id: &str, root: &str, now: Timestamp) {
        for (child, field) in self.schema().children(object).filter(|(_, field)| field.cascade) {
            for row in self.store.holders(child, field, id) {
                let points_here =
                    self.store.row(&row).is_some_and(|row| !row.is_deleted() && row.text(field.name) == id);
                if points_here && !rules::outlives(self, child, field, &row) {
                    self.bury(caller, child, &row, root, now);
                }
            }
        }
        // What belonged to it may have taken it along.
        let Some(latest) = self.store.row(id).filter(|row| !row.is_deleted()).and_then(Row::latest) else {
            return;
        };
        let mut values = latest.values.clone();
        if object.field("IsDeleted").is_some() {
            put(&mut values, "IsDeleted", json!(true));
        }
        for (field, value) in caller.touch(now) {
            put(&mut values, field, value);
        }
        let mut version = self.version(values, now);
        version.deleted = true;
        version.deleted_with = Some(root.to_owned());
        self.store.write(object, id, version, now);
        rules::after_delete(self, object, id, root, caller, now);
    }

    /// Takes a row back out of the bin, with what went there along with it.
    pub(crate) fn undelete(&mut self, caller: &Caller, id: &str, now: Timestamp) -> Result<(), Vec<Refusal>> {
        let refused = || Refusal::write("UNDELETE_FAILED", "Entity is not in the recycle bin");
        let row = self.store.row(id).ok_or_else(invalid_reference)?;
        if !self.may(caller, row, Right::Delete) {
            return Err(Refusal::read_only().into());
        }
        let latest = row.latest().filter(|version| version.in_bin(now)).ok_or_else(refused)?;
        let root = latest.deleted_with.clone().unwrap_or_else(|| id.to_owned());
        let object = self.schema().object(row.object()).ok_or_else(refused)?;
        let owners = object.fields().filter(|field| field.cascade).map(|field| row.text(field.name));
        for owner in owners {
            // Alone it has no place; with its owner it comes back by itself.
            if self.store.row(owner).is_some_and(Row::is_deleted) && owner != root {
                return Err(refused().into());
            }
        }
        let along: Vec<String> = if root == id {
            let buried = self.store.all().filter(|row| {
                row.latest().is_some_and(|version| version.in_bin(now) && version.deleted_with.as_deref() == Some(id))
            });
            buried.map(|row| row.id().to_owned()).collect()
        } else {
            vec![id.to_owned()]
        };
        for id in &along {
            self.is_still_unique(id)?;
        }
        for id in &along {
            self.unbury(caller, id, now);
        }
        for id in &along {
            rules::after_undelete(self, id, now);
        }
        Ok(())
    }

    /// Refuses to take a row back whose unique value another has taken meanwhile.
    fn is_still_unique(&self, id: &str) -> Result<(), Vec<Refusal>> {
        let Some(row) = self.store.row(id) else { return Ok(()) };
        let Some(object) = self.schema().object(row.object()) else { return Ok(()) };
        for field in object.fields().filter(|field| field.unique && !row.get(field.name).is_null()) {
            let value = row.get(field.name);
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if let Some(other) = self.having(object, field, &text).first() {
                return Err(Refusal::taken(field.name, other).into());
            }
        }
        Ok(())
    }

    fn unbury(&mut self, caller: &Caller, id: &str, now: Timestamp) {
        let Some(object) = self.schema().of_id(id) else { return };
        let Some(version) = self.store.row(id).and_then(Row::latest) else { return };
        let mut values = version.values.clone();
        if object.field("IsDeleted").is_some() {
            put(&mut values, "IsDeleted", json!(false));
        }
        put(&mut values, "MasterRecordId", Value::Null);
        for (field, value) in caller.touch(now) {
            put(&mut values, field, value);
        }
        let version = self.version(values, now);
        self.store.write(object, id, version, now);
    }

    /// Takes a row out of the bin for good, with what went there along with it.
    pub(crate) fn empty_from_bin(&mut self, caller: &Caller, id: &str, now: Timestamp) -> Result<(), Vec<Refusal>> {
        let row = self.store.row(id).filter(|row| self.may(caller, row, Right::Delete));
        let in_bin = row.and_then(Row::latest).is_some_and(|version| version.in_bin(now));
        if !in_bin {
            let message = "Invalid record id; no recycle bin entry found";
            return Err(Refusal::write("INVALID_ID_FIELD", message).into());
        }
        let along = self.store.all().filter(|row| {
            row.latest().is_some_and(|version| {
                version.in_bin(now) && (row.id() == id || version.deleted_with.as_deref() == Some(id))
            })
        });
        let along: Vec<String> = along.map(|row| row.id().to_owned()).collect();
        for id in along {
            let Some(object) = self.schema().of_id(&id) else { continue };
            let Some(version) = self.store.row(&id).and_then(Row::latest) else { continue };
            let mut version = version.clone();
            version.emptied_at = Some(now);
            self.store.write(object, &id, version, now);
        }
        Ok(())
    }

    /// The log of deletions up to now is purged, as the service does under load: who asks for what was
    /// deleted is told so by `earliestDateAvailable`.
    pub fn purge_deletion_log(&mut self, now: Timestamp) {
        self.deletions_purged = Some(stamp::whole_seconds(now));
    }
}

fn invalid_reference() -> Refusal {
    Refusal::write("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
}
