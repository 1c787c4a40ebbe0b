//! What a user has set up for the mailbox as a whole.

use jiff::Timestamp;
use jiff::civil::Time;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::values::{read_choice, read_text, unknown_property};
use super::{Zone, civil_text, read_instant, unreadable, unsupported_zone};
use crate::refusal::Refusal;

/// The languages a mailbox can be in.
pub(crate) const LOCALES: [(&str, &str); 40] = [
    ("ar-SA", "Arabic (Saudi Arabia)"),
    ("bg-BG", "Bulgarian (Bulgaria)"),
    ("ca-ES", "Catalan (Catalan)"),
    ("cs-CZ", "Czech (Czech Republic)"),
    ("da-DK", "Danish (Denmark)"),
    ("de-AT", "German (Austria)"),
    ("de-CH", "German (Switzerland)"),
    ("de-DE", "German (Germany)"),
    ("el-GR", "Greek (Greece)"),
    ("en-AU", "English (Australia)"),
    ("en-CA", "English (Canada)"),
    ("en-GB", "English (United Kingdom)"),
    ("en-IE", "English (Ireland)"),
    ("en-IN", "English (India)"),
    ("en-US", "English (United States)"),
    ("es-ES", "Spanish (Spain)"),
    ("es-MX", "Spanish (Mexico)"),
    ("et-EE", "Estonian (Estonia)"),
    ("fi-FI", "Finnish (Finland)"),
    ("fr-CA", "French (Canada)"),
    ("fr-CH", "French (Switzerland)"),
    ("fr-FR", "French (France)"),
    ("he-IL", "Hebrew (Israel)"),
    ("hr-HR", "Croatian (Croatia)"),
    ("hu-HU", "Hungarian (Hungary)"),
    ("it-IT", "Italian (Italy)"),
    ("ja-JP", "Japanese (Japan)"),
    ("ko-KR", "Korean (Korea)"),
    ("lt-LT", "Lithuanian (Lithuania)"),
    ("nb-NO", "Norwegian, Bokmål (Norway)"),
    ("nl-NL", "Dutch (Netherlands)"),
    ("pl-PL", "Polish (Poland)"),
    ("pt-BR", "Portuguese (Brazil)"),
    ("pt-PT", "Portuguese (Portugal)"),
    ("ro-RO", "Romanian (Romania)"),
    ("sk-SK", "Slovak (Slovakia)"),
    ("sv-SE", "Swedish (Sweden)"),
    ("tr-TR", "Turkish (Turkey)"),
    ("uk-UA", "Ukrainian (Ukraine)"),
    ("zh-CN", "Chinese (Simplified, PRC)"),
];

const DAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const MEETING_MAIL: [&str; 3] =
    ["sendToDelegateAndInformationToPrincipal", "sendToDelegateAndPrincipal", "sendToDelegateOnly"];
const REPLY_STATUS: [&str; 3] = ["disabled", "alwaysEnabled", "scheduled"];
const AUDIENCE: [&str; 3] = ["none", "contactsOnly", "all"];

/// The settings of a mailbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) time_zone: String,
    locale: String,
    date_format: String,
    time_format: String,
    meeting_mail: String,
    replies: Replies,
    hours: Hours,
}

/// What is answered while the user is away.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Replies {
    status: String,
    audience: String,
    internal: String,
    external: String,
    from: Timestamp,
    to: Timestamp,
}

/// When the user works.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Hours {
    days: Vec<String>,
    start: Time,
    end: Time,
    zone: Value,
}

impl Default for Settings {
    fn default() -> Self {
        let zone = "W. Europe Standard Time";
        let day = |text: &str| text.parse().unwrap_or_default();
        Self {
            time_zone: zone.to_owned(),
            locale: "en-US".to_owned(),
            date_format: "yyyy-MM-dd".to_owned(),
            time_format: "HH:mm".to_owned(),
            meeting_mail: "sendToDelegateOnly".to_owned(),
            replies: Replies {
                status: "disabled".to_owned(),
                audience: "all".to_owned(),
                internal: String::new(),
                external: String::new(),
                from: day("2026-01-01T00:00:00Z"),
                to: day("2026-01-02T00:00:00Z"),
            },
            hours: Hours {
                days: ["monday", "tuesday", "wednesday", "thursday", "friday"].map(str::to_owned).to_vec(),
                start: Time::constant(8, 0, 0, 0),
                end: Time::constant(17, 0, 0, 0),
                zone: json!({"name": zone}),
            },
        }
    }
}

impl Settings {
    /// Takes over the properties of a PATCH.
    pub(crate) fn apply(&mut self, body: &Map<String, Value>) -> Result<(), Refusal> {
        for (name, value) in body {
            match name.as_str() {
                "timeZone" => self.time_zone = read_zone(value)?,
                "language" => self.locale = read_locale(value)?,
                "dateFormat" => self.date_format = filled(name, value)?,
                "timeFormat" => self.time_format = filled(name, value)?,
                "delegateMeetingMessageDeliveryOptions" => {
                    self.meeting_mail = read_choice(name, value, &MEETING_MAIL)?;
                }
                "automaticRepliesSetting" => self.replies.apply(object(name, value)?)?,
                "workingHours" => self.hours.apply(object(name, value)?)?,
                // These the service keeps itself.
                "archiveFolder" | "userPurpose" => {}
                name if name.contains('@') => {}
                name => return Err(unknown_property(name, "Microsoft.OutlookServices.MailboxSettings")),
            }
        }
        Ok(())
    }

    /// Every setting but those the service keeps itself; times are told in `zone`.
    pub(crate) fn show(&self, zone: &Zone) -> Map<String, Value> {
        let tell = |at: Timestamp| json!({"dateTime": civil_text(zone.to_civil(at)), "timeZone": zone.name});
        let clock = |at: Time| format!("{}.0000000", at.strftime("%H:%M:%S"));
        let language = LOCALES.iter().find(|(locale, _)| *locale == self.locale).map_or("", |(_, name)| name);
        let (replies, hours) = (&self.replies, &self.hours);
        let settings = json!({
            "timeZone": self.time_zone,
            "language": {"locale": self.locale, "displayName": language},
            "dateFormat": self.date_format,
            "timeFormat": self.time_format,
            "delegateMeetingMessageDeliveryOptions": self.meeting_mail,
            "automaticRepliesSetting": {
                "status": replies.status,
                "externalAudience": replies.audience,
                "internalReplyMessage": replies.internal,
                "externalReplyMessage": replies.external,
                "scheduledStartDateTime": tell(replies.from),
                "scheduledEndDateTime": tell(replies.to),
            },
            "workingHours": {
                "daysOfWeek": hours.days,
                "startTime": clock(hours.start),
                "endTime": clock(hours.end),
                "timeZone": hours.zone,
            },
        });
        match settings {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }
}

impl Replies {
    fn apply(&mut self, body: &Map<String, Value>) -> Result<(), Refusal> {
        for (name, value) in body {
            match name.as_str() {
                "status" => self.status = read_choice(name, value, &REPLY_STATUS)?,
                "externalAudience" => self.audience = read_choice(name, value, &AUDIENCE)?,
                "internalReplyMessage" => self.internal = read_text(name, value)?.unwrap_or_default(),
                "externalReplyMessage" => self.external = read_text(name, value)?.unwrap_or_default(),
                "scheduledStartDateTime" if !value.is_null() => self.from = read_moment(name, value)?,
                "scheduledEndDateTime" if !value.is_null() => self.to = read_moment(name, value)?,
                "scheduledStartDateTime" | "scheduledEndDateTime" => {}
                name if name.contains('@') => {}
                name => return Err(unknown_property(name, "Microsoft.OutlookServices.AutomaticRepliesSetting")),
            }
        }
        if self.status == "scheduled" && self.to <= self.from {
            let message = "The end of the scheduled automatic replies is not later than their start.";
            return Err(Refusal::new(400, "ErrorInvalidScheduledOofDuration", message));
        }
        Ok(())
    }
}

impl Hours {
    fn apply(&mut self, body: &Map<String, Value>) -> Result<(), Refusal> {
        for (name, value) in body {
            match name.as_str() {
                "daysOfWeek" => {
                    let days = value.as_array().ok_or_else(|| unreadable(name))?;
                    let read = |day: &Value| read_choice("daysOfWeek", day, &DAYS);
                    self.days = days.iter().map(read).collect::<Result<_, _>>()?;
                }
                "startTime" => self.start = read_clock(name, value)?,
                "endTime" => self.end = read_clock(name, value)?,
                "timeZone" => {
                    let zone = object(name, value)?;
                    let named = zone.get("name").ok_or_else(|| unreadable(name))?;
                    // A zone with its own rules goes by any name.
                    if !zone.contains_key("bias") {
                        read_zone(named)?;
                    }
                    self.zone = Value::Object(zone.clone());
                }
                name if name.contains('@') => {}
                name => return Err(unknown_property(name, "Microsoft.OutlookServices.WorkingHours")),
            }
        }
        Ok(())
    }
}

fn object<'a>(name: &str, value: &'a Value) -> Result<&'a Map<String, Value>, Refusal> {
    value.as_object().ok_or_else(|| unreadable(name))
}

fn filled(name: &str, value: &Value) -> Result<String, Refusal> {
    read_text(name, value)?.filter(|text| !text.trim().is_empty()).ok_or_else(|| unreadable(name))
}

fn read_zone(value: &Value) -> Result<String, Refusal> {
    let name = value.as_str().ok_or_else(|| unreadable("timeZone"))?;
    Zone::named(name).map(|zone| zone.name).ok_or_else(|| unsupported_zone(name))
}

fn read_locale(value: &Value) -> Result<String, Refusal> {
    let given = value.get("locale").and_then(Value::as_str).ok_or_else(|| unreadable("language"))?;
    let known = LOCALES.iter().find(|(locale, _)| locale.eq_ignore_ascii_case(given));
    let unknown = || Refusal::new(400, "ErrorInvalidArgument", format!("The language '{given}' is not supported."));
    known.map(|(locale, _)| (*locale).to_owned()).ok_or_else(unknown)
}

/// A `dateTimeTimeZone` as an instant.
fn read_moment(name: &str, value: &Value) -> Result<Timestamp, Refusal> {
    let zone = match value.get("timeZone").and_then(Value::as_str) {
        Some(name) => Zone::named(name).ok_or_else(|| unsupported_zone(name))?,
        None => Zone::utc(),
    };
    let text = value.get("dateTime").and_then(Value::as_str).ok_or_else(|| unreadable(name))?;
    let (civil, offset) = read_instant(text).ok_or_else(|| unreadable(name))?;
    let at = match offset {
        Some(offset) => Zone::utc().to_instant(civil).and_then(|at| at.checked_sub(offset).ok()),
        None => zone.to_instant(civil),
    };
    at.ok_or_else(|| unreadable(name))
}

fn read_clock(name: &str, value: &Value) -> Result<Time, Refusal> {
    value.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| unreadable(name))
}
