//! Field-level security: what of the schema a user sees.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Salesforce;
use super::caller::Caller;
use super::custom::{Access, Customization};
use super::rights::Unfit;
use super::schema::{Field, Kind, Object, Schema};
use crate::package::Package;

/// What somebody may do with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldAccess {
    /// Not even know of it.
    Hidden,
    /// Read it.
    Read,
    /// Read and edit it.
    Edit,
}

impl Salesforce {
    /// What a user or the users of a profile (by its name) may do with a field (`Contact.Title`), whatever
    /// permission sets say; `None` for what profile and permission sets say. Of an address, all its
    /// parts go together.
    ///
    /// # Errors
    /// If there is no such user, profile or field, or the field is one that nobody can be kept from.
    pub fn set_field_access(
        &mut self,
        whom: &str,
        field: &str,
        access: Option<FieldAccess>,
        now: Timestamp,
    ) -> Result<(), Unfit> {
        let who = self.user_named(whom).or_else(|| self.profile(whom)).map(|row| row.id().to_owned());
        let who = who.ok_or_else(|| Unfit(format!("there is no user or profile {whom}")))?;
        let split = field.split_once('.').and_then(|(object, name)| {
            let object = self.schema().object(object)?;
            Some((object, object.field(name)?))
        });
        let (object, known) =
            split.ok_or_else(|| Unfit(format!("there is no field {field}; name it as Contact.Title")))?;
        let whole = address_of(object, known);
        let together: Vec<&Field> = match whole {
            Some(whole) => object
                .fields()
                .filter(|part| address_of(object, part).is_some_and(|address| address.name == whole.name))
                .collect(),
            None if known.permissionable(object) => vec![known],
            None => return Err(Unfit(format!("{}.{} is seen by all who see the row", object.name, known.name))),
        };
        let fields = self.rights.fields.entry(who).or_default();
        for field in together {
            let name = format!("{}.{}", object.name, field.name);
            match access {
                Some(access) => fields.insert(name, access),
                None => fields.remove(&name),
            };
        }
        self.touch_schema(now);
        Ok(())
    }

    /// What is set, by the id of user or profile.
    pub(crate) fn field_access(&self) -> &BTreeMap<String, BTreeMap<String, FieldAccess>> {
        &self.rights.fields
    }

    /// The objects and fields that a caller sees.
    pub(crate) fn schema_of(&self, caller: &Caller) -> &'static Schema {
        let mut customization = Customization::default();
        if !caller.unbounded {
            self.restrict(caller, &mut customization);
        }
        if customization.access.is_empty() {
            return self.schema();
        }
        let access = customization.access;
        Schema::of(&Customization { access, ..self.customization.clone() })
    }

    /// Enters what the caller may not do.
    fn restrict(&self, caller: &Caller, customization: &mut Customization) {
        let access = &mut customization.access;
        let mut set = |object: &str, field: &str, granted: FieldAccess| {
            let key = (object.to_owned(), field.to_owned());
            match granted {
                FieldAccess::Edit => access.remove(&key),
                FieldAccess::Read => access.insert(key, Access::ReadOnly),
                FieldAccess::Hidden => access.insert(key, Access::Hidden),
            };
        };
        // What profiles say of standard fields is everything; of what an admin made, nothing.
        if !self.knobs.new_fields_for_all {
            for custom in &self.customization.fields {
                for object in custom.objects.iter().filter_map(|object| self.schema().object(object)) {
                    let field = object.field(&custom.name).filter(|field| field.permissionable(object));
                    if let Some(field) = field {
                        set(object.name, field.name, self.granted_field(&caller.user, object, field));
                    }
                }
            }
        }
        let profile = self.user(&caller.user).map(|user| user.text("ProfileId")).unwrap_or_default();
        for whom in [profile, &caller.user] {
            for (name, granted) in self.rights.fields.get(whom).into_iter().flatten() {
                if let Some((object, field)) = name.split_once('.') {
                    set(object, field, *granted);
                }
            }
        }
    }

    /// The most that a permission set of the user grants.
    fn granted_field(&self, user: &str, object: &Object, field: &Field) -> FieldAccess {
        let named = |name: &str| {
            name.split_once('.').is_some_and(|(of, named)| {
                let of_activity = of == "Activity" && matches!(object.name, "Event" | "Task");
                (of.eq_ignore_ascii_case(object.name) || of_activity) && named.eq_ignore_ascii_case(field.name)
            })
        };
        let granted =
            self.permission_sets(user).flat_map(|set| self.pointing("FieldPermissions", "ParentId", set.id()));
        let granted = granted.filter(|grant| named(grant.text("Field"))).map(|grant| {
            if grant.get("PermissionsEdit") == true {
                FieldAccess::Edit
            } else if grant.get("PermissionsRead") == true {
                FieldAccess::Read
            } else {
                FieldAccess::Hidden
            }
        });
        granted.max().unwrap_or(FieldAccess::Hidden)
    }

    /// Makes the permission sets of a package; nobody has them yet.
    pub(super) fn set_up_permission_sets(&mut self, package: &Package, now: Timestamp) {
        for (name, set) in &package.permission_sets {
            let label = if set.label.is_empty() { name } else { &set.label };
            let values = [
                ("Name", name.as_str().into()),
                ("Label", label.as_str().into()),
                ("IsCustom", true.into()),
                ("IsOwnedByProfile", false.into()),
            ];
            let id = self.set_up("PermissionSet", name, &values, now);
            for (field, (read, edit)) in &set.fields {
                let object = field.split('.').next().unwrap_or_default();
                let values = [
                    ("ParentId", id.clone().into()),
                    ("SobjectType", object.into()),
                    ("Field", field.as_str().into()),
                    ("PermissionsRead", (*read || *edit).into()),
                    ("PermissionsEdit", (*edit).into()),
                ];
                self.set_up("FieldPermissions", &format!("{name}/{field}"), &values, now);
            }
        }
    }
}

impl Field {
    /// Whether there is field-level security for it: not where every row has a value, nor for what the
    /// system keeps.
    pub(crate) fn permissionable(&self, object: &Object) -> bool {
        let optional = self.nillable || self.kind == Kind::Boolean;
        let of_name = matches!(self.name, "FirstName" | "LastName" | "Salutation")
            && object.field("Name").is_some_and(|name| name.is_name);
        let settable = self.createable || self.updateable;
        optional && settable && !self.is_name && !of_name && !super::sharing::is_setup(object.name)
    }
}

/// The address that a field is part of, or that it is.
fn address_of<'a>(object: &'a Object, field: &Field) -> Option<&'a Field> {
    object.fields().find(|whole| match whole.kind {
        Kind::Address(prefix) => {
            let part = field.name.strip_prefix(prefix).unwrap_or_default();
            field.name == whole.name || ["Street", "City", "State", "PostalCode", "Country"].contains(&part)
        }
        _ => false,
    })
}
