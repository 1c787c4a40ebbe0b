//! What a path and a method mean.

use lambda_http::http::Method;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use syncline_core::ids::UserId;

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Login,
    Logout,
    Page(What),
    Api(What),
    Nowhere,
}

/// What pages and API are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Users,
    User(UserId),
    Sync(UserId),
    HeldDeletes(UserId),
}

impl What {
    fn changes(&self) -> bool {
        match self {
            Self::Users | Self::User(_) => false,
            Self::Sync(_) | Self::HeldDeletes(_) => true,
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// The login page of somebody who is in already.
    Home,
    LogOut,
    Page(What),
    Api(What),
}

impl Route {
    /// Whether something will be different afterwards.
    pub(crate) fn changes(&self) -> bool {
        match self {
            Self::Home => false,
            Self::LogOut => true,
            Self::Page(what) | Self::Api(what) => what.changes(),
        }
    }
}

/// Why there is no route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Miss {
    /// No such place.
    Unknown,
    /// The place is there, but only for this method.
    Method(&'static str),
}

/// Reads a path.
pub(crate) fn of(path: &str) -> Place {
    let segments: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
    let what = |segments: &[&str]| match segments {
        ["users", id] => user(id).map(What::User),
        ["users", id, "sync"] => user(id).map(What::Sync),
        ["users", id, "held-deletes"] => user(id).map(What::HeldDeletes),
        _ => None,
    };
    match segments.as_slice() {
        [""] => Place::Page(What::Users),
        ["login"] => Place::Login,
        ["logout"] => Place::Logout,
        ["api", "users"] => Place::Api(What::Users),
        ["api", rest @ ..] => what(rest).map_or(Place::Nowhere, Place::Api),
        other => what(other).map_or(Place::Nowhere, Place::Page),
    }
}

/// What is asked for at a place; logging in is not, for it comes before everything else.
pub(crate) fn route(place: Place, method: &Method) -> Result<Route, Miss> {
    let (route, changes) = match place {
        Place::Nowhere => return Err(Miss::Unknown),
        Place::Login => (Route::Home, false),
        Place::Logout => (Route::LogOut, true),
        Place::Page(what) => {
            let changes = what.changes();
            (Route::Page(what), changes)
        }
        Place::Api(what) => {
            let changes = what.changes();
            (Route::Api(what), changes)
        }
    };
    let allowed = if changes { Method::POST } else { Method::GET };
    match *method == allowed {
        true => Ok(route),
        false if changes => Err(Miss::Method("POST")),
        false => Err(Miss::Method("GET")),
    }
}

/// The address of a user's page.
pub(crate) fn page_of(id: &UserId) -> String {
    format!("/users/{}", utf8_percent_encode(id.as_str(), NON_ALPHANUMERIC))
}

fn user(segment: &str) -> Option<UserId> {
    let id = percent_decode_str(segment).decode_utf8().ok()?;
    (!id.is_empty()).then(|| UserId::new(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anna() -> UserId {
        UserId::new("anna")
    }

    #[test]
    fn every_path_has_its_place() {
        for (path, place) in [
            ("/", Place::Page(What::Users)),
            ("/login", Place::Login),
            ("/logout", Place::Logout),
            ("/users/anna", Place::Page(What::User(anna()))),
            ("/users/anna/sync", Place::Page(What::Sync(anna()))),
            ("/users/anna/held-deletes", Place::Page(What::HeldDeletes(anna()))),
            ("/api/users", Place::Api(What::Users)),
            ("/api/users/anna", Place::Api(What::User(anna()))),
            ("/api/users/anna/sync", Place::Api(What::Sync(anna()))),
            ("/api/users/anna/held-deletes", Place::Api(What::HeldDeletes(anna()))),
            ("/api/users/%61nna", Place::Api(What::User(anna()))),
            ("/users", Place::Nowhere),
            ("/users/", Place::Nowhere),
            ("/users/anna/", Place::Nowhere),
            ("/users/%ff", Place::Nowhere),
            ("/api", Place::Nowhere),
            ("/api/", Place::Nowhere),
            ("/api/login", Place::Nowhere),
            ("/users/anna/sync/now", Place::Nowhere),
            ("", Place::Page(What::Users)),
        ] {
            assert_eq!(of(path), place, "{path}");
        }
    }

    #[test]
    fn what_changes_something_is_posted_and_the_rest_is_not() {
        for (path, allowed) in [
            ("/", "GET"),
            ("/login", "GET"),
            ("/logout", "POST"),
            ("/users/anna", "GET"),
            ("/users/anna/sync", "POST"),
            ("/api/users/anna/held-deletes", "POST"),
        ] {
            for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
                let route = route(of(path), &method);
                if method == allowed {
                    assert!(route.is_ok_and(|route| route.changes() == (allowed == "POST")));
                } else {
                    assert_eq!(route, Err(Miss::Method(allowed)), "{method} {path}");
                }
            }
        }
        assert_eq!(route(Place::Nowhere, &Method::PUT), Err(Miss::Unknown));
    }

    #[test]
    fn an_id_survives_the_way_through_an_address() {
        for id in ["anna", "anna.b@northwind.example", "a/b?c#d%41", "ä ö"] {
            let id = UserId::new(id);
            assert_eq!(of(&page_of(&id)), Place::Page(What::User(id)));
        }
    }
}
