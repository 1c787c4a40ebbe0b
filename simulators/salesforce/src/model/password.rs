//! Users' passwords, as far as they have others than all have.

use super::caller::Caller;
use super::door::PASSWORD;
use super::{Salesforce, id};

impl Salesforce {
    pub(super) fn password_of(&self, user: &str) -> &str {
        self.door.passwords.get(user).map_or(PASSWORD, String::as_str)
    }

    /// Everybody may set his own, and who manages users that of others.
    pub(crate) fn may_set_password(&self, caller: &Caller, user: &str) -> bool {
        caller.user == user || self.permits(caller, "PermissionsModifyAllData")
    }

    pub(crate) fn set_password(&mut self, user: &str, password: String) {
        self.door.passwords.insert(user.to_owned(), password);
    }

    /// Sets one that nobody has chosen, and gives it.
    pub(crate) fn reset_password(&mut self, user: &str) -> String {
        let password = id::base62(&self.draw("password"), 12);
        self.set_password(user, password.clone());
        password
    }
}
