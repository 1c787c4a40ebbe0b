//! What admins decide about rows and fields, and the rows of setup that say so.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::assignment::AssignmentEntry;
use super::caller::Caller;
use super::duplicates::DuplicateRule;
use super::refusal::Refusal;
use super::security::FieldAccess;
use super::sharing::OrgDefault;
use super::store::Values;
use super::validation::ValidationRule;
use super::write::{fill_defaults, put};
use super::{Row, Salesforce, id, rules};

/// All of it that is not in rows.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Rights {
    /// By object, where it is less than everything.
    pub sharing: BTreeMap<String, OrgDefault>,
    pub validation: Vec<ValidationRule>,
    pub duplicates: Vec<DuplicateRule>,
    /// By the id of the rule's row.
    pub assignment: BTreeMap<String, Vec<AssignmentEntry>>,
    /// The permission sets that new users get.
    pub for_everybody: BTreeSet<String>,
    /// By user or profile, and by `Object.Field`: what that one has whatever permission sets say.
    pub fields: BTreeMap<String, BTreeMap<String, FieldAccess>>,
}

/// Why what an admin asks for cannot be: what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit(pub String);

impl Unfit {
    pub(crate) fn object(name: &str) -> Self {
        Self(format!("there is no object {name}; use the API name of one, such as Contact"))
    }

    pub(crate) fn user(name: &str) -> Self {
        Self(format!("there is no user {name}; use the user name of one"))
    }
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Unfit {}

/// The profile of the first user.
pub(super) const ADMINISTRATOR: &str = "System Administrator";

/// The profile of all others.
pub(super) const STANDARD_USER: &str = "Standard User";

impl Salesforce {
    /// The profiles that every org has.
    pub(super) fn set_up_profiles(&mut self, now: Timestamp) {
        for (name, all) in [(ADMINISTRATOR, true), (STANDARD_USER, false)] {
            let may = [
                ("Name", name.into()),
                ("PermissionsApiEnabled", true.into()),
                ("PermissionsViewAllData", all.into()),
                ("PermissionsModifyAllData", all.into()),
            ];
            let profile = self.set_up("Profile", name, &may, now);
            let own = [
                ("Name", format!("X{profile}").into()),
                ("Label", name.into()),
                ("ProfileId", profile.into()),
                ("IsOwnedByProfile", true.into()),
                ("Type", "Profile".into()),
            ];
            self.set_up("PermissionSet", name, &own, now);
        }
    }

    /// The profile of that name.
    pub(super) fn profile(&self, name: &str) -> Option<&Row> {
        self.rows("Profile").find(|profile| profile.text("Name").eq_ignore_ascii_case(name))
    }

    /// Gives a permission to a profile, or takes it: `ApiEnabled`, `ViewAllData` or `ModifyAllData`.
    ///
    /// # Errors
    /// If there is no such profile or permission.
    pub fn permit(&mut self, profile: &str, permission: &str, given: bool, now: Timestamp) -> Result<(), Unfit> {
        let row = self.profile(profile).ok_or_else(|| Unfit(format!("there is no profile {profile}")))?;
        let row = row.id().to_owned();
        let field = format!("Permissions{permission}");
        let known = self.schema().object("Profile").and_then(|object| object.field(&field));
        let known = known.ok_or_else(|| Unfit(format!("there is no permission {permission}")))?;
        self.amend(&row, &[(known.name, given.into())], now);
        Ok(())
    }

    /// Why the API is closed to a caller, if it is.
    pub(crate) fn api_closed(&self, caller: &Caller) -> Option<Refusal> {
        if !self.knobs.api_enabled {
            let message = "The REST API is not enabled for this Organization.";
            return Some(Refusal::new(403, "API_DISABLED_FOR_ORG", message));
        }
        let profiled = self.user(&caller.user).is_some_and(|user| !user.get("ProfileId").is_null());
        let closed = profiled && !self.permits(caller, "PermissionsApiEnabled");
        closed.then(|| Refusal::new(403, "API_CURRENTLY_DISABLED", "API is disabled for this User"))
    }

    /// Gives a user a permission set, or takes it.
    ///
    /// # Errors
    /// If there is no such user or set.
    pub fn assign_permission_set(
        &mut self,
        username: &str,
        set: &str,
        given: bool,
        now: Timestamp,
    ) -> Result<(), Unfit> {
        let user = self.user_named(username).ok_or_else(|| Unfit::user(username))?.id().to_owned();
        let found = self.rows("PermissionSet").find(|row| row.text("Name").eq_ignore_ascii_case(set));
        let found = found.ok_or_else(|| Unfit(format!("there is no permission set {set}")))?.id().to_owned();
        let had = self.pointing("PermissionSetAssignment", "AssigneeId", &user);
        let had: Vec<String> =
            had.filter(|row| row.text("PermissionSetId") == found).map(|row| row.id().to_owned()).collect();
        if given && had.is_empty() {
            let values = [("PermissionSetId", found.into()), ("AssigneeId", user.clone().into())];
            // One that was taken back is another when it is given again.
            let purpose = format!("{user}/{set}/{}", now.as_nanosecond());
            self.set_up("PermissionSetAssignment", &purpose, &values, now);
        }
        let object = self.schema().object("PermissionSetAssignment");
        for id in had.into_iter().filter(|_| !given) {
            if let Some(object) = object {
                // The org itself is refused nothing.
                let _ = self.delete(&Caller::new(user.clone()).as_org(), object, &id, now);
            }
        }
        self.touch_schema(now);
        Ok(())
    }

    /// Gives all users a permission set, those too that are added later.
    ///
    /// # Errors
    /// If there is no such set.
    pub fn give_everybody(&mut self, set: &str, now: Timestamp) -> Result<(), Unfit> {
        let users: Vec<String> = self.rows("User").map(|user| user.text("Username").to_owned()).collect();
        if !self.rows("PermissionSet").any(|row| row.text("Name").eq_ignore_ascii_case(set)) {
            return Err(Unfit(format!("there is no permission set {set}")));
        }
        self.rights.for_everybody.insert(set.to_owned());
        users.iter().try_for_each(|user| self.assign_permission_set(user, set, true, now))
    }

    /// Takes a permission set from all users, and does not give it to those who are added later.
    ///
    /// # Errors
    /// If there is no such set.
    pub fn take_from_everybody(&mut self, set: &str, now: Timestamp) -> Result<(), Unfit> {
        self.rights.for_everybody.retain(|given| !given.eq_ignore_ascii_case(set));
        let users: Vec<String> = self.rows("User").map(|user| user.text("Username").to_owned()).collect();
        users.iter().try_for_each(|user| self.assign_permission_set(user, set, false, now))
    }

    /// Gives a new user what everybody has.
    pub(super) fn welcome(&mut self, username: &str, now: Timestamp) {
        for set in self.rights.for_everybody.clone() {
            // A set that an admin has deleted since is not given.
            let _ = self.assign_permission_set(username, &set, true, now);
        }
    }

    /// The permission sets that hold for a user, that of his profile among them.
    pub(super) fn permission_sets(&self, user: &str) -> impl Iterator<Item = &Row> {
        let given = self.pointing("PermissionSetAssignment", "AssigneeId", user);
        let given = given.filter(|given| given.get("IsActive") != false);
        let profile = self.user(user).map(|user| user.text("ProfileId")).unwrap_or_default();
        let own = self.pointing("PermissionSet", "ProfileId", profile);
        given
            .filter_map(|given| self.store.row(given.text("PermissionSetId")))
            .chain(own)
            .filter(|set| !set.is_deleted())
    }

    /// Makes a queue for the rows of some objects, with these members. Gives its id.
    ///
    /// # Errors
    /// If there is no such object or user.
    pub fn add_queue(
        &mut self,
        name: &str,
        objects: &[&str],
        members: &[&str],
        now: Timestamp,
    ) -> Result<String, Unfit> {
        let known = objects.iter().map(|object| self.schema().object(object).ok_or_else(|| Unfit::object(object)));
        let objects = known.collect::<Result<Vec<_>, _>>()?;
        let users = members.iter().map(|user| self.user_named(user).ok_or_else(|| Unfit::user(user)));
        let users: Vec<String> = users.map(|user| user.map(|user| user.id().to_owned())).collect::<Result<_, _>>()?;
        let values =
            [("Name", name.into()), ("DeveloperName", name.replace(' ', "_").into()), ("Type", "Queue".into())];
        let queue = self.set_up("Group", name, &values, now);
        for object in objects {
            let values = [("QueueId", queue.clone().into()), ("SobjectType", object.name.into())];
            self.set_up("QueueSobject", &format!("{name}/{}", object.name), &values, now);
        }
        for user in users {
            let purpose = format!("{name}/{user}");
            let values = [("GroupId", queue.clone().into()), ("UserOrGroupId", user.into())];
            self.set_up("GroupMember", &purpose, &values, now);
        }
        Ok(queue)
    }

    /// A row that an admin makes, or changes if it is there. Its id comes from its purpose, so that the
    /// ids of other rows do not depend on it.
    pub(super) fn set_up(&mut self, object: &str, purpose: &str, values: &[(&str, Value)], now: Timestamp) -> String {
        let Some(object) = self.schema().object(object) else {
            return String::new();
        };
        let hash = Sha256::digest(format!("{}/setup/{}/{purpose}", self.seed, object.name));
        let id = id::mint(object.prefix, &hash);
        if self.store.row(&id).is_some_and(|row| !row.is_deleted()) {
            self.amend(&id, values, now);
            return id;
        }
        let first = self.rows("User").map(|user| user.id().to_owned()).min();
        let caller = Caller::new(first.unwrap_or_else(|| id::mint("005", &Sha256::digest("Automated Process"))));
        let mut row = Values::new();
        for (name, value) in values {
            put(&mut row, name, value.clone());
        }
        fill_defaults(object, &mut row, &caller);
        self.commit_at_once();
        self.insert(object, &id, row, &caller, now);
        id
    }

    /// Sets values in a row, as an admin or the org itself does.
    pub(super) fn amend(&mut self, id: &str, values: &[(&str, Value)], now: Timestamp) {
        rules::touch(self, id, values, now);
    }
}
