//! The actions on an event: answering, calling off, passing on, and its reminder.

use serde_json::{Map, Value, json};
use sim_kit::Reply;

use super::call::Call;
use crate::model::{Answer, Event, Exchange, Person, Response, Zone, civil_text, read_flag, read_moment, unreadable};
use crate::refusal::Refusal;

/// The actions, in lower case, and the parameters of each.
const ACTIONS: [(&str, &[&str]); 7] = [
    ("accept", &["comment", "sendResponse"]),
    ("tentativelyaccept", &["comment", "sendResponse", "proposedNewTime"]),
    ("decline", &["comment", "sendResponse", "proposedNewTime"]),
    ("cancel", &["comment"]),
    ("forward", &["comment", "toRecipients"]),
    ("dismissreminder", &[]),
    ("snoozereminder", &["newReminderTime"]),
];

pub(crate) fn is_action(name: &str) -> bool {
    ACTIONS.iter().any(|(action, _)| *action == name)
}

impl Exchange {
    /// `action` is one of [`ACTIONS`].
    pub(crate) fn act_on_event(
        &mut self,
        call: &Call<'_>,
        index: usize,
        id: &str,
        action: &str,
    ) -> Result<Reply, Refusal> {
        if !call.is("POST") {
            return Err(Refusal::method_not_allowed());
        }
        let event = self.mailboxes[index].find_event(id)?;
        let key = event.stamp.key;
        let given = parameters(call, action)?;
        let comment = given.text("comment")?;
        let answer = match action {
            "accept" => Answer::Accepted,
            "tentativelyaccept" => Answer::TentativelyAccepted,
            "decline" => Answer::Declined,
            "cancel" => {
                event.may_be_called_off()?;
                self.remove_event(index, key, &comment, call.now);
                return Ok(Reply::empty(202));
            }
            "forward" => {
                self.forward(index, key, &given.recipients()?, &comment, call.now)?;
                return Ok(Reply::empty(202));
            }
            _ => {
                self.set_reminder(call, index, event, &given)?;
                return Ok(Reply::empty(200));
            }
        };
        let proposed = given.slot(&call.prefer.zone()?)?;
        let send = given.flag("sendResponse")?.unwrap_or(true);
        for (name, is_given) in [("Comment", !comment.is_empty()), ("ProposedNewTime", proposed.is_some())] {
            if is_given && !send {
                let message = format!("'SendResponse' must be true when '{name}' is not null");
                return Err(Refusal::new(400, "ErrorInvalidParameter", message));
            }
        }
        self.respond(index, key, &Response { answer, send, comment, proposed }, call.now)?;
        Ok(Reply::empty(202))
    }

    /// Puts the reminder off to a new time, or dismisses it if there is none.
    fn set_reminder(
        &mut self,
        call: &Call<'_>,
        index: usize,
        mut event: Event,
        given: &Parameters,
    ) -> Result<(), Refusal> {
        let at = given.0.get("newReminderTime").map(|value| read_moment("newReminderTime", value, &Zone::utc()));
        event.standing.reminder_at = at.transpose()?;
        event.fields.insert("isReminderOn".into(), event.standing.reminder_at.is_some().into());
        self.replace_event(index, event, call.now);
        Ok(())
    }
}

/// What an action was given, under the names of the documentation.
struct Parameters(Map<String, Value>);

/// Reads the parameters; a client may leave the body out and write the names its own way.
fn parameters(call: &Call<'_>, action: &str) -> Result<Parameters, Refusal> {
    let known = ACTIONS.iter().find(|(name, _)| *name == action).map_or(&[][..], |(_, known)| *known);
    let mut given = Map::new();
    if !call.request.body.iter().all(u8::is_ascii_whitespace) && !matches!(call.request.json(), Ok(Value::Null)) {
        for (name, value) in call.body()?.into_iter().filter(|(name, _)| !name.contains('@')) {
            let Some(known) = known.iter().find(|known| known.eq_ignore_ascii_case(&name)) else {
                return Err(Refusal::unreadable(format!(
                    "The parameter '{name}' in the request payload is not a valid parameter for the operation '{action}'."
                )));
            };
            if !value.is_null() {
                given.insert((*known).to_owned(), camel_case(value));
            }
        }
    }
    if action == "snoozereminder" && !given.contains_key("newReminderTime") {
        return Err(unreadable("newReminderTime"));
    }
    Ok(Parameters(given))
}

impl Parameters {
    fn text(&self, name: &str) -> Result<String, Refusal> {
        match self.0.get(name) {
            None => Ok(String::new()),
            Some(value) => value.as_str().map(str::to_owned).ok_or_else(|| unreadable(name)),
        }
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.0.get(name).map(|value| read_flag(name, value)).transpose()
    }

    /// `proposedNewTime`, told in UTC.
    fn slot(&self, zone: &Zone) -> Result<Option<Value>, Refusal> {
        let Some(slot) = self.0.get("proposedNewTime") else {
            return Ok(None);
        };
        let read = |name: &str| {
            let value = slot.get(name).ok_or_else(|| unreadable("proposedNewTime"))?;
            read_moment(name, value, zone)
        };
        let (start, end) = (read("start")?, read("end")?);
        if end < start {
            let message = "The end date of the proposed time is earlier than its start date.";
            return Err(Refusal::new(400, "ErrorCalendarEndDateIsEarlierThanStartDate", message));
        }
        let tell = |at| json!({"dateTime": civil_text(Zone::utc().to_civil(at)), "timeZone": "UTC"});
        Ok(Some(json!({"start": tell(start), "end": tell(end)})))
    }

    /// `toRecipients`; at least one.
    fn recipients(&self) -> Result<Vec<Person>, Refusal> {
        let list = match self.0.get("toRecipients") {
            None => &[][..],
            Some(list) => list.as_array().ok_or_else(|| unreadable("toRecipients"))?,
        };
        let read = |recipient: &Value| {
            let text = |name: &str| recipient.pointer(&format!("/emailAddress/{name}")).and_then(Value::as_str);
            let address = text("address").filter(|address| address.contains('@'))?.to_owned();
            let name = text("name").filter(|name| !name.is_empty()).unwrap_or(&address).to_owned();
            Some(Person { name, address })
        };
        let people: Option<Vec<Person>> = list.iter().map(read).collect();
        people
            .filter(|people| !people.is_empty())
            .ok_or_else(|| Refusal::new(400, "ErrorInvalidRecipients", "At least one recipient isn't valid."))
    }
}

/// `EmailAddress` and `emailAddress` are one name to the service.
pub(super) fn camel_case(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let first_lower = |name: String| {
                let mut letters = name.chars();
                letters.next().map_or(String::new(), |first| first.to_ascii_lowercase().to_string() + letters.as_str())
            };
            map.into_iter().map(|(name, value)| (first_lower(name), camel_case(value))).collect()
        }
        Value::Array(list) => list.into_iter().map(camel_case).collect(),
        other => other,
    }
}
