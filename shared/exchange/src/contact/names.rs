//! The names to show and to file under, which are made of a contact's other names.

use syncline_core::contact::{Contact, ContactField};
use syncline_core::item::Patch;

use crate::row::{Problem, Row};

/// The ways in which Exchange and Outlook put a name together.
const FORMS: [fn(&Contact) -> String; 6] = [
    |it| joined(&[&it.given_name, &it.middle_name, &it.surname]),
    |it| joined(&[&it.given_name, &it.surname]),
    |it| joined(&[&it.given_name, &it.middle_name, &it.surname, &it.generation]),
    |it| joined(&[&it.title, &it.given_name, &it.middle_name, &it.surname, &it.generation]),
    |it| filed(&it.surname, &joined(&[&it.given_name, &it.middle_name])),
    |it| filed(&it.surname, &it.given_name),
];

/// What becomes of the names when the fields they are made of change: a name that was made of them is made
/// anew in the same way, one that the user made up stays.
pub(super) fn follow(
    before: &Contact,
    patch: &Patch<Contact>,
    present: Row<'_>,
) -> Result<Vec<(&'static str, String)>, Problem> {
    let after = renamed(before, patch);
    let mut names = Vec::new();
    for name in ["displayName", "fileAs"] {
        let shown = present.string(name)?;
        let form = FORMS.iter().find(|form| !shown.is_empty() && form(before) == shown);
        let text = form.map(|form| form(&after)).filter(|text| !text.is_empty() && *text != shown);
        names.extend(text.map(|text| (name, text)));
    }
    Ok(names)
}

/// The contact with the names that the patch writes.
fn renamed(before: &Contact, patch: &Patch<Contact>) -> Contact {
    let mut after = before.clone();
    let item = &patch.item;
    let take = |field: ContactField, name: &mut String, new: &String| {
        if patch.fields.contains(&field) {
            name.clone_from(new);
        }
    };
    take(ContactField::GivenName, &mut after.given_name, &item.given_name);
    take(ContactField::MiddleName, &mut after.middle_name, &item.middle_name);
    take(ContactField::Surname, &mut after.surname, &item.surname);
    take(ContactField::Title, &mut after.title, &item.title);
    take(ContactField::Generation, &mut after.generation, &item.generation);
    after
}

fn joined(parts: &[&str]) -> String {
    parts.iter().copied().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn filed(surname: &str, given: &str) -> String {
    [surname, given].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}
