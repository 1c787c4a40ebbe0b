//! The forms of an id, and its translation from one into another.

use super::ids::{self, Kind, Reading};
use super::{Contact, Event, Item, Mailbox, Message, Stamp, Task};
use crate::refusal::Refusal;

/// How an id is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdForm {
    Rest,
    RestImmutable,
    Ews,
    Entry,
    ImmutableEntry,
}

/// The forms by the names Graph gives them.
const FORMS: [(&str, IdForm); 5] = [
    ("restId", IdForm::Rest),
    ("restImmutableEntryId", IdForm::RestImmutable),
    ("ewsId", IdForm::Ews),
    ("entryId", IdForm::Entry),
    ("immutableEntryId", IdForm::ImmutableEntry),
];

impl IdForm {
    pub(crate) fn named(name: &str) -> Option<Self> {
        FORMS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, form)| *form)
    }

    fn is_immutable(self) -> bool {
        matches!(self, Self::RestImmutable | Self::ImmutableEntry)
    }

    /// An id of this form as requests to Graph write it.
    fn read(self, id: &str) -> Result<String, Refusal> {
        match self {
            Self::Rest | Self::RestImmutable => Ok(id.to_owned()),
            Self::Ews => Ok(id.replace('/', "-").replace('+', "_")),
            Self::Entry | Self::ImmutableEntry => {
                // The last letter says how many signs of padding are left out.
                let (bare, count) =
                    id.split_at_checked(id.len().saturating_sub(1)).ok_or_else(Refusal::malformed_id)?;
                let count: usize = count.parse().map_err(|_| Refusal::malformed_id())?;
                if count > 2 {
                    return Err(Refusal::malformed_id());
                }
                Ok(format!("{bare}{}", "=".repeat(count)))
            }
        }
    }

    /// What Graph writes, in this form.
    fn write(self, id: String) -> String {
        match self {
            Self::Rest | Self::RestImmutable => id,
            Self::Ews => id.replace('-', "/").replace('_', "+"),
            Self::Entry | Self::ImmutableEntry => {
                let bare = id.trim_end_matches('=');
                format!("{bare}{}", id.len() - bare.len())
            }
        }
    }
}

impl Mailbox {
    /// An id in another form. The ids of calendars and folders are the same in both.
    pub(crate) fn translate(&self, id: &str, from: IdForm, to: IdForm) -> Result<String, Refusal> {
        let id = from.read(id)?;
        let (kind, stamp) = self.named_by(&id)?;
        let Some(stamp) = stamp else {
            return Ok(to.write(id));
        };
        Ok(to.write(self.item_id(kind, stamp.key, stamp.generation, to.is_immutable())))
    }

    /// What an id names: its kind, and the item's stamp if it is none that holds others.
    fn named_by(&self, id: &str) -> Result<(Kind, Option<Stamp>), Refusal> {
        let is = |kind: Kind| matches!(ids::read(id, kind), Reading::Key(_));
        if ids::read(id, Kind::Event) == Reading::Malformed {
            return Err(Refusal::malformed_id());
        }
        if is(Kind::Event) {
            let event: Event = self.find_event(id)?;
            return Ok((Kind::Event, Some(event.stamp)));
        }
        if is(Kind::Message) {
            return self.stamped::<Message>(id);
        }
        if is(Kind::Contact) {
            return self.stamped::<Contact>(id);
        }
        if is(Kind::Task) {
            return self.stamped::<Task>(id);
        }
        if is(Kind::Calendar) {
            return self.find_calendar(id).map(|_| (Kind::Calendar, None));
        }
        if is(Kind::CalendarGroup) {
            return self.find_calendar_group(id).map(|_| (Kind::CalendarGroup, None));
        }
        if is(Kind::Folder) {
            return self.find_folder(id).map(|_| (Kind::Folder, None));
        }
        if is(Kind::ContactFolder) {
            return self.find_contact_folder(id).map(|_| (Kind::ContactFolder, None));
        }
        self.find_task_list(id).map(|_| (Kind::TaskList, None))
    }

    fn stamped<T: Item>(&self, id: &str) -> Result<(Kind, Option<Stamp>), Refusal> {
        self.find::<T>(id).map(|item| (T::KIND, Some(item.stamp().clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_as_it_is_written() {
        for (name, form) in FORMS {
            for id in ["AAMk-_A=", "AAMk-_==", "AAMk-_AB"] {
                let written = form.write(id.to_owned());
                assert_eq!(form.read(&written).unwrap(), id, "{name}: {written}");
            }
        }
        for wrong in ["", "AAMkx", "AAMk7"] {
            assert!(IdForm::Entry.read(wrong).is_err(), "{wrong}");
        }
    }
}
