//! Series of events: made in the vendor's own client only, read and deleted through the API.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::caller::Caller;
use super::refusal::Refusal;
use super::sharing::Right;
use super::{Input, Salesforce, rules, stamp};

/// What the events of one series share. No client sees it.
const SERIES: &str = "_series";

/// The `GroupEventType` of an event without invitees, and of the one that stands for a series.
const SINGLE: &str = "0";
const PATTERN: &str = "3";

impl Salesforce {
    /// A user makes a series in the vendor's own client: one event for each start, all with the fields of
    /// `event` (its length in `DurationInMinutes`) and the rule `pattern` (an iCalendar `RRULE`), and one more
    /// that stands for the pattern, at the time of the first.
    /// Gives the ids of the former in order; nothing if the user or a field is unknown.
    pub fn plant_series(
        &mut self,
        username: &str,
        event: &Value,
        pattern: &str,
        starts: &[Timestamp],
        now: Timestamp,
    ) -> Vec<String> {
        let Some(user) = self.user_named(username) else {
            return Vec::new();
        };
        let (caller, zone) = (Caller::new(user.id()), user.get("TimeZoneSidKey").clone());
        let Some(object) = self.schema().object("Event") else {
            return Vec::new();
        };
        let series = super::id::mint(object.prefix, &self.draw("series"));
        let Some(first) = starts.iter().min().copied() else {
            return Vec::new();
        };
        let mut planted = Vec::new();
        for (start, group) in [(&first, PATTERN)].into_iter().chain(starts.iter().map(|start| (start, SINGLE))) {
            let mut fields = event.as_object().cloned().unwrap_or_default();
            fields.insert("StartDateTime".to_owned(), json!(stamp::write(*start)));
            let Ok(id) = self.create(&caller, object, &Input { fields: &fields, also_id: false }, now) else {
                return planted;
            };
            let of_series = [
                ("IsRecurrence2", json!(true)),
                ("Recurrence2PatternText", json!(pattern)),
                ("Recurrence2PatternStartDate", json!(stamp::write(first))),
                ("Recurrence2PatternTimeZone", zone.clone()),
                ("Recurrence2PatternVersion", json!("1")),
                ("GroupEventType", json!(group)),
                (SERIES, json!(series)),
            ];
            rules::hush(self, &id, &of_series, now);
            if group == SINGLE {
                planted.push(id);
            }
        }
        planted
    }

    /// Deletes an event of a series and all that come after it.
    pub(crate) fn delete_onwards(&mut self, caller: &Caller, id: &str, now: Timestamp) -> Result<(), Vec<Refusal>> {
        let object = self.schema().object("Event").ok_or_else(Refusal::not_found)?;
        let event = self.living(caller, object, id, Right::Delete, now)?;
        let (series, start) = (event.text(SERIES).to_owned(), event.text("StartDateTime").to_owned());
        if series.is_empty() {
            let message = "The event is not one of a series";
            return Err(Refusal::write("INVALID_OPERATION", message).into());
        }
        let later = self.store.rows(object).filter(|row| {
            !row.is_deleted() && row.text(SERIES) == series && row.text("StartDateTime") >= start.as_str()
        });
        let mut later: Vec<String> = later.map(|row| row.id().to_owned()).collect();
        later.sort_by_key(|id| self.store.row(id).map(|row| row.text("StartDateTime").to_owned()));
        for id in &later {
            self.delete(caller, object, id, now)?;
        }
        Ok(())
    }
}
