//! Who may see, change and delete which row: by owner, by role, by the org's defaults, and by what the row
//! belongs to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::caller::Caller;
use super::rights::Unfit;
use super::schema::{Object, Owner};
use super::{Row, Salesforce};

/// What may be done with a row; each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Right {
    Read,
    Edit,
    /// To delete it and to give it to another owner.
    Delete,
}

/// What everybody may do with the rows of an object: the org-wide default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrgDefault {
    /// Nothing.
    Private,
    /// Read them.
    Read,
    /// Read and edit them, but neither delete them nor give them away.
    ReadWrite,
    /// What they may do with the row that it belongs to: the account, or what an activity is about.
    ControlledByParent,
}

/// How far up roles lead at most.
const MOST_ROLES: usize = 100;

/// What admins work with: everybody reads it, admins write it.
const SETUP: [&str; 11] = [
    "AssignmentRule",
    "FieldPermissions",
    "Group",
    "GroupMember",
    "Organization",
    "PermissionSet",
    "PermissionSetAssignment",
    "Profile",
    "QueueSobject",
    "User",
    "UserRole",
];

/// What belongs to an account, with the field of a role that says what the account's owner may do with it.
const OF_ACCOUNTS: [(&str, &str); 3] = [
    ("Case", "CaseAccessForAccountOwner"),
    ("Contact", "ContactAccessForAccountOwner"),
    ("Opportunity", "OpportunityAccessForAccountOwner"),
];

pub(super) fn is_setup(object: &str) -> bool {
    SETUP.contains(&object)
}

impl Salesforce {
    /// Sets what everybody may do with the rows of an object. Where nothing is set, everybody may do
    /// everything.
    ///
    /// # Errors
    /// If there is no such object, or its rows have no owner.
    pub fn share(&mut self, object: &str, default: Option<OrgDefault>) -> Result<(), Unfit> {
        let known = self.schema().object(object).ok_or_else(|| Unfit::object(object))?;
        if known.owner == Owner::Nobody {
            return Err(Unfit(format!("rows of {} have no owner: they go with what they belong to", known.name)));
        }
        match default {
            Some(default) => self.rights.sharing.insert(known.name.to_owned(), default),
            None => self.rights.sharing.remove(known.name),
        };
        Ok(())
    }

    /// Makes every row private to its owner, those above in the hierarchy of roles, and those who see what
    /// it belongs to.
    pub fn make_private(&mut self) {
        let owned = self.schema().objects().iter().filter(|object| object.owner != Owner::Nobody);
        self.rights.sharing = owned.map(|object| (object.name.to_owned(), OrgDefault::Private)).collect();
    }

    /// Lets everybody do everything with all rows.
    pub fn share_all(&mut self) {
        self.rights.sharing.clear();
    }

    /// What is set for each object.
    pub(crate) fn sharing(&self) -> &BTreeMap<String, OrgDefault> {
        &self.rights.sharing
    }

    /// Puts a user into a role below another (at the top without one); both are made where they are not
    /// there yet. Gives the role's id.
    ///
    /// # Errors
    /// If there is no such user.
    pub fn assign_role(
        &mut self,
        username: &str,
        role: &str,
        above: Option<&str>,
        now: Timestamp,
    ) -> Result<String, Unfit> {
        let user = self.user_named(username).ok_or_else(|| Unfit::user(username))?.id().to_owned();
        let above = above.map(|above| self.role(above, None, now));
        let role = self.role(role, above.as_deref(), now);
        self.amend(&user, &[("UserRoleId", role.clone().into())], now);
        Ok(role)
    }

    fn role(&mut self, name: &str, above: Option<&str>, now: Timestamp) -> String {
        let found = self.rows("UserRole").find(|role| role.text("Name") == name).map(|role| role.id().to_owned());
        let id = found.unwrap_or_else(|| {
            let values = [("Name", name.into()), ("DeveloperName", name.replace(' ', "_").into())];
            self.set_up("UserRole", name, &values, now)
        });
        if let Some(above) = above {
            self.amend(&id, &[("ParentRoleId", above.into())], now);
        }
        id
    }

    /// Whether the caller may do that with the row.
    pub(crate) fn may(&self, caller: &Caller, row: &Row, right: Right) -> bool {
        caller.unbounded || self.reach(caller, row).is_some_and(|reach| reach >= right)
    }

    /// Whether the caller may create rows of that object.
    pub(crate) fn may_create(&self, caller: &Caller, object: &Object) -> bool {
        caller.unbounded || !is_setup(object.name) || self.permits(caller, "PermissionsModifyAllData")
    }

    /// Whether the caller's profile or a permission set of his has a permission.
    pub(crate) fn permits(&self, caller: &Caller, permission: &str) -> bool {
        let Some(user) = self.user(&caller.user) else {
            return false;
        };
        let profile = self.store.row(user.text("ProfileId"));
        profile.is_some_and(|profile| profile.get(permission) == true)
            || self.permission_sets(&caller.user).any(|set| set.get(permission) == true)
    }

    /// The most that the caller may do with the row.
    fn reach(&self, caller: &Caller, row: &Row) -> Option<Right> {
        if is_setup(row.object()) {
            let own = row.id() == caller.user;
            return Some(if own || self.permits(caller, "PermissionsModifyAllData") {
                Right::Delete
            } else {
                Right::Read
            });
        }
        if self.rights.sharing.is_empty() {
            return Some(Right::Delete);
        }
        if self.permits(caller, "PermissionsModifyAllData") {
            return Some(Right::Delete);
        }
        let all = self.permits(caller, "PermissionsViewAllData").then_some(Right::Read);
        all.max(self.granted(caller, row))
    }

    fn granted(&self, caller: &Caller, row: &Row) -> Option<Right> {
        let object = self.schema().object(row.object())?;
        if object.owner == Owner::Nobody {
            return self.by_master(caller, row, object);
        }
        let by_default = match self.rights.sharing.get(object.name) {
            None => return Some(Right::Delete),
            // A contact of no account is its owner's alone.
            _ if object.name == "Contact" && row.text("AccountId").is_empty() => {
                return (row.text("OwnerId") == caller.user).then_some(Right::Delete);
            }
            Some(OrgDefault::Private) => None,
            Some(OrgDefault::Read) => Some(Right::Read),
            Some(OrgDefault::ReadWrite) => Some(Right::Edit),
            Some(OrgDefault::ControlledByParent) => {
                let parents = ["AccountId", "WhatId", "WhoId"].into_iter().filter_map(|up| self.parent(row, up));
                parents.filter(|parent| parent.id() != row.id()).filter_map(|up| self.reach(caller, up)).max()
            }
        };
        by_default.max(self.owned(caller, row)).max(self.implied(caller, row))
    }

    /// A row without an owner goes with the row that it belongs to: who may edit that one may delete this.
    fn by_master(&self, caller: &Caller, row: &Row, object: &Object) -> Option<Right> {
        let master = object.master();
        let Some(master) = master.and_then(|field| self.parent(row, field.name)) else {
            return Some(Right::Delete);
        };
        let own = row.object() == "ContentDocumentLink" && row.text("LinkedEntityId") == caller.user;
        let reach = self.reach(caller, master).or(own.then_some(Right::Read))?;
        Some(if reach >= Right::Edit { Right::Delete } else { reach })
    }

    fn parent(&self, row: &Row, field: &str) -> Option<&Row> {
        self.store.row(row.text(field)).filter(|parent| !parent.is_deleted())
    }

    /// Everything, for the owner, for who is above him, and for the members of a queue that owns the row.
    fn owned(&self, caller: &Caller, row: &Row) -> Option<Right> {
        let owner = row.text("OwnerId");
        let owns = owner == caller.user || self.is_above(&caller.user, owner) || self.is_member(&caller.user, owner);
        owns.then_some(Right::Delete)
    }

    /// Whether a user's role is above that of another.
    fn is_above(&self, user: &str, other: &str) -> bool {
        let role = |user: &str| self.user(user).map(|user| user.text("UserRoleId")).filter(|role| !role.is_empty());
        let (Some(mine), Some(mut at)) = (role(user), role(other)) else {
            return false;
        };
        for _ in 0..MOST_ROLES {
            let Some(up) = self.store.row(at).map(|role| role.text("ParentRoleId")).filter(|up| !up.is_empty()) else {
                return false;
            };
            if up == mine {
                return true;
            }
            at = up;
        }
        false
    }

    /// Whether a user is in a queue or group, or above one who is.
    fn is_member(&self, user: &str, group: &str) -> bool {
        let Some(members) = self.schema().object("GroupMember") else { return false };
        let Some(field) = members.field("GroupId").filter(|_| group.starts_with("00G")) else { return false };
        let rows = self.store.holders(members, field, group);
        let members = rows.iter().filter_map(|id| self.store.row(id)).filter(|row| !row.is_deleted());
        let mut members = members.map(|row| row.text("UserOrGroupId"));
        members.any(|member| member == user || self.is_above(user, member))
    }

    /// What follows from other rows: an account and what belongs to it, an activity and what it is about.
    fn implied(&self, caller: &Caller, row: &Row) -> Option<Right> {
        let readable =
            |up: &str| self.parent(row, up).and_then(|parent| self.reach(caller, parent)).map(|_| Right::Read);
        match row.object() {
            "Account" => {
                self.parts_of_account(row).any(|part| self.owned(caller, part).is_some()).then_some(Right::Read)
            }
            "Task" => readable("WhatId").or_else(|| readable("WhoId")),
            "Event" if row.get("IsPrivate") == true => None,
            "Event" => readable("WhatId").or_else(|| readable("WhoId")),
            "EmailMessage" => {
                let case = self.parent(row, "ParentId").and_then(|case| self.reach(caller, case));
                case.or_else(|| readable("RelatedToId")).or_else(|| readable("ActivityId"))
            }
            "ContentVersion" => self.parent(row, "ContentDocumentId").and_then(|file| self.reach(caller, file)),
            "ContentDocument" => self
                .linked(row)
                .any(|place| {
                    place == caller.user
                        || self.store.row(place).is_some_and(|place| {
                            !is_setup(place.object()) && !place.is_deleted() && self.reach(caller, place).is_some()
                        })
                })
                .then_some(Right::Read),
            object => {
                let (_, field) = OF_ACCOUNTS.into_iter().find(|(name, _)| *name == object)?;
                let account = self.parent(row, "AccountId")?;
                self.owned(caller, account)?;
                let role =
                    self.user(account.text("OwnerId")).and_then(|owner| self.store.row(owner.text("UserRoleId")));
                match role.map(|role| role.text(field)) {
                    Some("None") => None,
                    Some("Edit") => Some(Right::Edit),
                    _ => Some(Right::Read),
                }
            }
        }
    }

    fn parts_of_account<'a>(&'a self, account: &'a Row) -> impl Iterator<Item = &'a Row> {
        OF_ACCOUNTS.into_iter().flat_map(|(name, _)| self.pointing(name, "AccountId", account.id()))
    }

    /// Where a document is shown.
    fn linked<'a>(&'a self, document: &Row) -> impl Iterator<Item = &'a str> {
        self.pointing("ContentDocumentLink", "ContentDocumentId", document.id()).map(|link| link.text("LinkedEntityId"))
    }

    /// The living rows of an object that have this id in that field.
    pub(super) fn pointing<'a>(
        &'a self,
        object: &str,
        field: &'static str,
        id: &str,
    ) -> impl Iterator<Item = &'a Row> + use<'a> {
        let found = self.schema().object(object).and_then(|object| Some((object, object.field(field)?)));
        let ids = found.map(|(object, field)| self.store.holders(object, field, id)).unwrap_or_default();
        let id = id.to_owned();
        ids.into_iter()
            .filter_map(|row| self.store.row(&row))
            .filter(move |row| !row.is_deleted() && row.text(field) == id)
    }
}
