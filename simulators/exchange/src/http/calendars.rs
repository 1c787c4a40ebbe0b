//! Calendars and their groups.

use serde_json::{Map, Value, json};
use sim_kit::Reply;

use super::call::{Call, json as reply_json};
use super::odata::{Object, Options, Schema};
use super::{Path, below, entity};
use crate::model::ids::{self, Kind};
use crate::model::{CALENDAR_COLORS, Calendar, CalendarGroup, Exchange, Mailbox};
use crate::refusal::Refusal;

pub(crate) const CALENDAR: Schema = Schema {
    name: "calendar",
    properties: &[
        "id",
        "name",
        "color",
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
    ],
    keeps_id: true,
    page: 10,
    strict_order: false,
};

const GROUP: Schema = Schema {
    name: "calendarGroup",
    properties: &["id", "name", "classId", "changeKey"],
    keeps_id: true,
    page: 10,
    strict_order: false,
};

impl Exchange {
    /// `calendarGroups` and what is below it.
    pub(crate) fn calendar_group_routes(
        &mut self,
        call: &Call<'_>,
        path: &Path,
        index: usize,
    ) -> Result<Reply, Refusal> {
        let names = path.names();
        let mailbox = &mut self.mailboxes[index];
        let group = path.raw.get(1).map(|id| mailbox.find_calendar_group(id)).transpose()?;
        let (Some(group), [_, _, rest @ ..]) = (group, names.as_slice()) else {
            return match call.request.method.as_str() {
                "GET" => self.list_groups(call, index),
                "POST" => {
                    let key = mailbox.create_calendar_group(&call.body()?)?;
                    self.group_reply(call, index, key, 201)
                }
                _ => Err(Refusal::method_not_allowed()),
            };
        };
        match (rest, call.request.method.as_str()) {
            ([], "GET") => self.group_reply(call, index, group, 200),
            ([], "PATCH") => {
                mailbox.change_calendar_group(group, &call.body()?)?;
                self.group_reply(call, index, group, 200)
            }
            ([], "DELETE") => {
                mailbox.remove_calendar_group(group)?;
                Ok(Reply::empty(204))
            }
            (["calendars"], "GET") => self.list_calendars(call, index, Some(group)),
            (["calendars"], "POST") => self.create_calendar(call, index, group),
            (["calendars", ..], _) if rest.len() > 1 => {
                let calendar = mailbox.find_calendar(&path.raw[3])?;
                if mailbox.calendars.get(&calendar).is_none_or(|calendar| calendar.group != group) {
                    return Err(Refusal::item_not_found());
                }
                let rest = Path { raw: path.raw[2..].to_vec(), names: path.names[2..].to_vec() };
                self.calendar_routes(call, &rest, index)
            }
            ([] | ["calendars"], _) => Err(Refusal::method_not_allowed()),
            _ => Err(Refusal::unknown_segment(path.raw.get(2).map_or("", String::as_str))),
        }
    }

    fn list_groups(&self, call: &Call<'_>, index: usize) -> Result<Reply, Refusal> {
        let options = Options::of(call, &GROUP)?;
        let mailbox = &self.mailboxes[index];
        let show = |group: &CalendarGroup| show_group(mailbox, group);
        let groups = mailbox.calendar_groups.values().collect();
        Ok(reply_json(200, &options.list(call, &below(mailbox, "calendarGroups"), groups, show, show)))
    }

    fn group_reply(&self, call: &Call<'_>, index: usize, key: u64, status: u16) -> Result<Reply, Refusal> {
        let options = Options::of(call, &GROUP)?;
        let mailbox = &self.mailboxes[index];
        let group = mailbox.calendar_groups.get(&key).ok_or_else(Refusal::item_not_found)?;
        let object = options.cut(show_group(mailbox, group));
        Ok(entity(call, status, &below(mailbox, "calendarGroups/$entity"), object))
    }

    /// All calendars, or those of a group.
    pub(crate) fn list_calendars(&self, call: &Call<'_>, index: usize, group: Option<u64>) -> Result<Reply, Refusal> {
        let options = Options::of(call, &CALENDAR)?;
        let mailbox = &self.mailboxes[index];
        let inside = |calendar: &&Calendar| group.is_none_or(|group| calendar.group == group);
        let calendars = mailbox.calendars.values().filter(inside).collect();
        let full = |item: &Calendar| calendar(mailbox, item);
        let shown = |item: &Calendar| {
            let mut object = calendar(mailbox, item);
            options.add_extended(&mut object, item.extended.list());
            object
        };
        Ok(reply_json(200, &options.list(call, &below(mailbox, "calendars"), calendars, full, shown)))
    }

    pub(crate) fn create_calendar(&mut self, call: &Call<'_>, index: usize, group: u64) -> Result<Reply, Refusal> {
        let key = self.mailboxes[index].create_calendar(group, &call.body()?)?;
        self.calendar_reply(call, index, key, 201)
    }

    /// One calendar itself.
    pub(crate) fn calendar_entity(&mut self, call: &Call<'_>, index: usize, key: u64) -> Result<Reply, Refusal> {
        match call.request.method.as_str() {
            "GET" => self.calendar_reply(call, index, key, 200),
            "PATCH" => {
                self.mailboxes[index].change_calendar(key, &call.body()?)?;
                self.calendar_reply(call, index, key, 200)
            }
            "DELETE" => {
                self.remove_calendar(index, key, call.now)?;
                Ok(Reply::empty(204))
            }
            _ => Err(Refusal::method_not_allowed()),
        }
    }

    pub(crate) fn calendar_reply(
        &self,
        call: &Call<'_>,
        index: usize,
        key: u64,
        status: u16,
    ) -> Result<Reply, Refusal> {
        let options = Options::of(call, &CALENDAR)?;
        let mailbox = &self.mailboxes[index];
        let item = mailbox.calendars.get(&key).ok_or_else(Refusal::item_not_found)?;
        let mut object = calendar(mailbox, item);
        options.add_extended(&mut object, item.extended.list());
        Ok(entity(call, status, &below(mailbox, "calendars/$entity"), options.cut(object)))
    }
}

fn calendar(mailbox: &Mailbox, item: &Calendar) -> Object {
    let is_default = item.key == mailbox.calendar;
    let is_own = mailbox.birthdays != Some(item.key);
    let hex = CALENDAR_COLORS.iter().find(|(name, _)| *name == item.color).map_or("", |(_, hex)| *hex);
    object(json!({
        "id": mailbox.container_id(Kind::Calendar, item.key), "name": item.name, "color": item.color,
        "hexColor": hex, "isDefaultCalendar": is_default,
        "changeKey": ids::change_key(&mailbox.id, item.key, item.version),
        "canShare": is_own, "canViewPrivateItems": true, "canEdit": is_own, "isRemovable": !is_default,
        "isTallyingResponses": is_default, "allowedOnlineMeetingProviders": ["teamsForBusiness"],
        "defaultOnlineMeetingProvider": "teamsForBusiness", "owner": mailbox.person(),
    }))
}

fn show_group(mailbox: &Mailbox, group: &CalendarGroup) -> Object {
    object(json!({
        "id": mailbox.container_id(Kind::CalendarGroup, group.key), "name": group.name, "classId": group.class_id,
        "changeKey": ids::change_key(&mailbox.id, group.key, group.version),
    }))
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
