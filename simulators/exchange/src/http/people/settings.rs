//! Mailbox settings, and what they may be.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sim_kit::Reply;

use crate::http::call::{Call, json as reply_json};
use crate::http::odata::{Object, Options, Schema};
use crate::http::{below, entity};
use crate::model::ids::Kind;
use crate::model::{Exchange, LOCALES, Mailbox, WINDOWS_ZONES, Zone};
use crate::refusal::Refusal;

const SETTINGS: Schema = Schema {
    name: "mailboxSettings",
    properties: &[
        "archiveFolder",
        "automaticRepliesSetting",
        "dateFormat",
        "delegateMeetingMessageDeliveryOptions",
        "language",
        "timeFormat",
        "timeZone",
        "userPurpose",
        "workingHours",
    ],
    keeps_id: false,
    page: 10,
    strict_order: false,
};

impl Exchange {
    /// From `mailboxSettings` on.
    pub(super) fn settings_routes(
        &mut self,
        call: &Call<'_>,
        names: &[&str],
        raw: &[String],
        index: usize,
    ) -> Result<Reply, Refusal> {
        match (names, call.request.method.as_str()) {
            ([], "GET") => {
                let options = Options::of(call, &SETTINGS)?;
                let mailbox = &self.mailboxes[index];
                Ok(entity(call, 200, &below(mailbox, "mailboxSettings"), options.cut(settings(call, mailbox)?)))
            }
            ([], "PATCH" | "PUT") => self.patch_settings(call, index),
            ([_], "GET") => self.one_setting(call, index, &raw[0]),
            ([] | [_], _) => Err(Refusal::method_not_allowed()),
            _ => Err(Refusal::unknown_segment(raw.get(1).map_or("", String::as_str))),
        }
    }

    /// The answer holds the settings that were named, and no others.
    fn patch_settings(&mut self, call: &Call<'_>, index: usize) -> Result<Reply, Refusal> {
        let body = call.body()?;
        call.prefer.zone()?;
        // A refused change leaves no trace.
        let mut changed = self.mailboxes[index].settings.clone();
        changed.apply(&body)?;
        self.mailboxes[index].settings = changed;
        let mailbox = &self.mailboxes[index];
        let mut shown = settings(call, mailbox)?;
        shown.retain(|name, _| body.contains_key(name));
        Ok(entity(call, 200, &below(mailbox, "mailboxSettings"), shown))
    }

    /// A setting by itself: its parts, or its value.
    fn one_setting(&self, call: &Call<'_>, index: usize, name: &str) -> Result<Reply, Refusal> {
        let mailbox = &self.mailboxes[index];
        let all = settings(call, mailbox)?;
        let found = all.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let (name, value) = found.ok_or_else(|| Refusal::unknown_segment(name))?;
        let object = match value {
            Value::Object(map) => map,
            value => Map::from_iter([("value".to_owned(), value)]),
        };
        Ok(entity(call, 200, &below(mailbox, &format!("mailboxSettings/{name}")), object))
    }
}

/// The zones a mailbox may be in: by their Windows names, or by their IANA names if those are asked
/// for.
pub(super) fn supported_zones(call: &Call<'_>, names: &[&str]) -> Result<Reply, Refusal> {
    if !call.is("GET") {
        return Err(Refusal::method_not_allowed());
    }
    let iana = match names {
        [] => false,
        [standard] if standard.starts_with("timezonestandard=") => standard.trim_end_matches('\'').ends_with("iana"),
        [other, ..] => return Err(Refusal::unknown_segment(other)),
    };
    let aliases: Vec<String> = if iana {
        jiff::tz::db().available().map(|name| name.to_string()).collect()
    } else {
        WINDOWS_ZONES.iter().map(|(name, _)| (*name).to_owned()).collect()
    };
    let value: Vec<Value> = aliases.iter().map(|alias| zone(alias, call.now)).collect();
    let context = call.context_url("Collection(microsoft.graph.timeZoneInformation)");
    Ok(reply_json(200, &json!({"@odata.context": context, "value": value})))
}

pub(super) fn supported_languages(call: &Call<'_>) -> Result<Reply, Refusal> {
    if !call.is("GET") {
        return Err(Refusal::method_not_allowed());
    }
    let value = LOCALES.iter().map(|(locale, name)| json!({"locale": locale, "displayName": name}));
    let value: Vec<Value> = value.collect();
    let context = call.context_url("Collection(microsoft.graph.localeInfo)");
    Ok(reply_json(200, &json!({"@odata.context": context, "value": value})))
}

/// Every setting.
pub(super) fn settings(call: &Call<'_>, mailbox: &Mailbox) -> Result<Object, Refusal> {
    let mut map = mailbox.settings.show(&call.prefer.zone()?);
    let archive = mailbox.folder_named("archive").map(|folder| mailbox.container_id(Kind::Folder, folder.key));
    map.insert("archiveFolder".into(), archive.into());
    map.insert("userPurpose".into(), "user".into());
    Ok(map)
}

fn zone(alias: &str, now: Timestamp) -> Value {
    let seconds = Zone::named(alias).map_or(0, |zone| zone.rules.to_offset(now).seconds());
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    let shown = format!("(UTC{sign}{:02}:{:02}) {alias}", minutes / 60, minutes % 60);
    json!({"alias": alias, "displayName": shown})
}
