//! Birthdays of contacts, which stand in a calendar of their own.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde_json::{Map, Value, json};

use super::{Contact, Exchange, Mailbox, Zone, instant};
use crate::refusal::Refusal;

/// The calendar's name.
const CALENDAR: &str = "Birthdays";

impl Contact {
    /// Whose birthday it is, and the day; nothing of it where one of them is not known.
    pub(super) fn birthday(&self) -> Option<(String, Date)> {
        let at = self.text("birthday").and_then(instant)?;
        Some((self.text("displayName")?.to_owned(), Zone::utc().to_civil(at).date()))
    }
}

impl Mailbox {
    /// The calendar of birthdays, made when the first one is written.
    fn birthday_calendar(&mut self) -> Result<u64, Refusal> {
        if let Some(key) = self.birthdays.filter(|key| self.calendars.contains_key(key)) {
            return Ok(key);
        }
        let named = self.calendars.values().find(|calendar| calendar.name.eq_ignore_ascii_case(CALENDAR));
        let key = match named {
            Some(calendar) => calendar.key,
            None => {
                self.create_calendar(self.usual_group(), &Map::from_iter([("name".to_owned(), CALENDAR.into())]))?
            }
        };
        self.birthdays = Some(key);
        Ok(key)
    }
}

impl Exchange {
    /// Makes the event of a contact's birthday what the contact says, after it said `before`.
    pub(super) fn keep_birthday(
        &mut self,
        index: usize,
        contact: &mut Contact,
        before: Option<&(String, Date)>,
        now: Timestamp,
    ) {
        let birthday = contact.birthday();
        if birthday.as_ref() == before {
            return;
        }
        self.drop_birthday(index, contact, now);
        let Some(event) = birthday.and_then(|(name, day)| yearly(&name, day)) else {
            return;
        };
        // A day that no calendar holds makes no event.
        let made = self.mailboxes[index].birthday_calendar();
        let made = made.and_then(|calendar| self.new_event(index, calendar, &event, &Zone::utc(), now));
        if let Ok(event) = made {
            contact.birthday_event = Some(event.stamp.key);
            self.add_event(index, event);
        }
    }

    pub(super) fn drop_birthday(&mut self, index: usize, contact: &mut Contact, now: Timestamp) {
        if let Some(event) = contact.birthday_event.take() {
            self.remove_event(index, event, "", now);
        }
    }
}

/// The event of a birthday, as a client would post it.
fn yearly(name: &str, day: Date) -> Option<Map<String, Value>> {
    let midnight = |day: Date| json!({"dateTime": format!("{day}T00:00:00"), "timeZone": "UTC"});
    let event = json!({
        "subject": format!("{name}'s birthday"), "isAllDay": true, "showAs": "free", "isReminderOn": false,
        "start": midnight(day), "end": midnight(day.checked_add(1.day()).ok()?),
        "recurrence": {
            "pattern": {"type": "absoluteYearly", "interval": 1, "dayOfMonth": day.day(), "month": day.month()},
            "range": {"type": "noEnd", "startDate": day.to_string(), "recurrenceTimeZone": "UTC"},
        },
    });
    match event {
        Value::Object(map) => Some(map),
        _ => None,
    }
}
