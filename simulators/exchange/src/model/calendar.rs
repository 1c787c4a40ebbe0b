//! Calendars, and the groups they stand in.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ids::{self, Kind, Reading};
use super::{Exchange, Extended, Mailbox, read_choice, unknown_property, unreadable};
use crate::refusal::Refusal;

/// The colours that a calendar may have, as they are shown.
pub(crate) const COLORS: [(&str, &str); 11] = [
    ("auto", ""),
    ("lightBlue", "#A6D1F5"),
    ("lightGreen", "#87D28E"),
    ("lightOrange", "#FCAB73"),
    ("lightGray", "#C0C0C0"),
    ("lightYellow", "#F4D07A"),
    ("lightTeal", "#4ADACC"),
    ("lightPink", "#F08CC0"),
    ("lightBrown", "#CBA287"),
    ("lightRed", "#F88C9B"),
    ("maxColor", ""),
];
/// Writing these changes nothing and is no error.
const READ_ONLY: [&str; 13] = [
    "id",
    "hexColor",
    "isDefaultCalendar",
    "changeKey",
    "canShare",
    "canViewPrivateItems",
    "canEdit",
    "isRemovable",
    "isTallyingResponses",
    "allowedOnlineMeetingProviders",
    "defaultOnlineMeetingProvider",
    "owner",
    "classId",
];
const MAX_NAME: usize = 255;
/// The class of the group that every mailbox has.
const MY_CALENDARS: &str = "0006f0b7-0000-0000-c000-000000000046";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Calendar {
    pub(crate) key: u64,
    /// Key of its group.
    pub(crate) group: u64,
    pub(crate) name: String,
    pub(crate) color: String,
    pub(crate) version: u64,
    pub(crate) extended: Extended,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CalendarGroup {
    pub(crate) key: u64,
    pub(crate) name: String,
    pub(crate) class_id: String,
    pub(crate) version: u64,
}

impl Mailbox {
    /// The calendar and the group that a new mailbox has.
    pub(super) fn add_usual_calendars(&mut self) {
        let group = self.put_group("My Calendars", MY_CALENDARS.to_owned(), 0);
        let calendar = Calendar {
            key: self.calendar,
            group,
            name: "Calendar".to_owned(),
            color: "auto".to_owned(),
            version: 0,
            extended: Extended::default(),
        };
        self.calendars.insert(self.calendar, calendar);
    }

    fn put_group(&mut self, name: &str, class_id: String, version: u64) -> u64 {
        let key = self.take_key();
        self.calendar_groups.insert(key, CalendarGroup { key, name: name.to_owned(), class_id, version });
        key
    }

    /// The key of the calendar of an id.
    pub(crate) fn find_calendar(&self, id: &str) -> Result<u64, Refusal> {
        self.find_held(id, Kind::Calendar, &self.calendars)
    }

    /// The key of the calendar group of an id.
    pub(crate) fn find_calendar_group(&self, id: &str) -> Result<u64, Refusal> {
        self.find_held(id, Kind::CalendarGroup, &self.calendar_groups)
    }

    fn find_held<T>(&self, id: &str, kind: Kind, all: &BTreeMap<u64, T>) -> Result<u64, Refusal> {
        match ids::read(id, kind) {
            Reading::Malformed => Err(Refusal::malformed_id()),
            Reading::Key(key) if all.contains_key(&key) && self.is_container(kind, key, id) => Ok(key),
            Reading::Key(_) | Reading::Foreign => Err(Refusal::item_not_found()),
        }
    }

    /// The group that a calendar stands in unless another one is named.
    pub(crate) fn usual_group(&self) -> u64 {
        self.calendars.get(&self.calendar).map_or(0, |calendar| calendar.group)
    }

    pub(crate) fn create_calendar(&mut self, group: u64, body: &Map<String, Value>) -> Result<u64, Refusal> {
        let mut calendar = Calendar {
            key: 0,
            group,
            name: String::new(),
            color: "auto".to_owned(),
            version: 0,
            extended: Extended::default(),
        };
        self.write_calendar(&mut calendar, body)?;
        calendar.key = self.take_key();
        calendar.version = self.tick();
        let key = calendar.key;
        self.calendars.insert(key, calendar);
        Ok(key)
    }

    pub(crate) fn change_calendar(&mut self, key: u64, body: &Map<String, Value>) -> Result<(), Refusal> {
        let mut calendar = self.calendars.get(&key).cloned().ok_or_else(Refusal::item_not_found)?;
        self.write_calendar(&mut calendar, body)?;
        calendar.version = self.tick();
        self.calendars.insert(key, calendar);
        Ok(())
    }

    fn write_calendar(&self, calendar: &mut Calendar, body: &Map<String, Value>) -> Result<(), Refusal> {
        for (name, value) in body {
            match name.as_str() {
                "name" => calendar.name = read_name(value)?,
                "color" if value.is_null() => "auto".clone_into(&mut calendar.color),
                "color" => calendar.color = read_choice(name, value, &COLORS.map(|(name, _)| name))?,
                "singleValueExtendedProperties" => calendar.extended.apply(value)?,
                name if name.contains('@') || READ_ONLY.contains(&name) => {}
                name => return Err(unknown_property(name, "Microsoft.OutlookServices.Calendar")),
            }
        }
        check_name(&calendar.name)?;
        let others = self.calendars.values().filter(|other| other.key != calendar.key);
        refuse_twin(others.map(|other| other.name.as_str()), &calendar.name)
    }

    pub(crate) fn create_calendar_group(&mut self, body: &Map<String, Value>) -> Result<u64, Refusal> {
        let name = self.read_group_name(None, body)?.unwrap_or_default();
        check_name(&name)?;
        let version = self.tick();
        let class_id = ids::guid(&[&self.id, "calendar group", &version.to_string()]);
        Ok(self.put_group(&name, class_id, version))
    }

    pub(crate) fn change_calendar_group(&mut self, key: u64, body: &Map<String, Value>) -> Result<(), Refusal> {
        let name = self.read_group_name(Some(key), body)?;
        let version = self.tick();
        let group = self.calendar_groups.get_mut(&key).ok_or_else(Refusal::item_not_found)?;
        group.version = version;
        if let Some(name) = name {
            group.name = name;
        }
        Ok(())
    }

    fn read_group_name(&self, key: Option<u64>, body: &Map<String, Value>) -> Result<Option<String>, Refusal> {
        let mut read = None;
        for (name, value) in body {
            match name.as_str() {
                "name" => read = Some(read_name(value)?),
                name if name.contains('@') || READ_ONLY.contains(&name) => {}
                name => return Err(unknown_property(name, "Microsoft.OutlookServices.CalendarGroup")),
            }
        }
        if let Some(name) = &read {
            check_name(name)?;
            let others = self.calendar_groups.values().filter(|other| Some(other.key) != key);
            refuse_twin(others.map(|other| other.name.as_str()), name)?;
        }
        Ok(read)
    }

    /// Takes a group away that holds no calendar; the one that every mailbox has stays.
    pub(crate) fn remove_calendar_group(&mut self, key: u64) -> Result<(), Refusal> {
        if key == self.usual_group() {
            return Err(undeletable());
        }
        if self.calendars.values().any(|calendar| calendar.group == key) {
            let message = "The calendar group cannot be deleted because it contains calendars.";
            return Err(Refusal::new(400, "ErrorCalendarGroupNotEmpty", message));
        }
        self.tick();
        self.calendar_groups.remove(&key);
        Ok(())
    }
}

impl Exchange {
    /// Takes a calendar away, and what is in it. Nobody is told that meetings are off.
    pub(crate) fn remove_calendar(&mut self, mailbox: usize, key: u64, now: Timestamp) -> Result<(), Refusal> {
        let place = &mut self.mailboxes[mailbox];
        if key == place.calendar {
            return Err(undeletable());
        }
        place.tick();
        place.calendars.remove(&key);
        let inside = place.events.values().filter(|event| event.stamp.scope == key);
        let inside: Vec<u64> = inside.map(|event| event.stamp.key).collect();
        for event in inside {
            self.drop_event(mailbox, event, now);
        }
        Ok(())
    }
}

fn undeletable() -> Refusal {
    Refusal::new(400, "ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted.")
}

fn read_name(value: &Value) -> Result<String, Refusal> {
    value.as_str().map(|name| name.trim().to_owned()).ok_or_else(|| unreadable("name"))
}

fn check_name(name: &str) -> Result<(), Refusal> {
    if name.is_empty() || name.chars().count() > MAX_NAME {
        let message = format!("The property 'name' must have from 1 to {MAX_NAME} characters.");
        return Err(Refusal::new(400, "ErrorPropertyValidationFailure", message));
    }
    Ok(())
}

fn refuse_twin<'a>(others: impl Iterator<Item = &'a str>, name: &str) -> Result<(), Refusal> {
    let lower = name.to_lowercase();
    if others.map(str::to_lowercase).any(|other| other == lower) {
        return Err(Refusal::new(409, "ErrorFolderExists", "A folder with the specified name already exists."));
    }
    Ok(())
}
