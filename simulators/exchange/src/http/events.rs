//! Events: those of a calendar, and what a window of it shows.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sim_kit::Reply;

use super::call::{Call, json};
use super::delta::DeltaKind;
use super::event_view::{self, EVENT, EventForm};
use super::odata::Options;
use super::{Path, below, entity, responses};
use crate::model::{Event, Exchange, Mailbox, instant};
use crate::refusal::Refusal;

/// The longest window of a calendar view.
const MAX_WINDOW: SignedDuration = SignedDuration::from_hours(1825 * 24);

impl Exchange {
    pub(crate) fn calendar_routes(&mut self, call: &Call<'_>, path: &Path, index: usize) -> Result<Reply, Refusal> {
        let names = path.names();
        let (below_calendar, from) = match names.as_slice() {
            ["calendargroups", ..] => return self.calendar_group_routes(call, path, index),
            ["calendars"] if call.is("GET") => return self.list_calendars(call, index, None),
            ["calendars"] if call.is("POST") => {
                let group = self.mailboxes[index].usual_group();
                return self.create_calendar(call, index, group);
            }
            ["calendars"] => return Err(Refusal::method_not_allowed()),
            ["calendars", ..] => (&names[2..], 2),
            ["calendar", ..] => (&names[1..], 1),
            _ => (&names[..], 0),
        };
        let mailbox = &self.mailboxes[index];
        let calendar = if from == 2 { mailbox.find_calendar(&path.raw[1])? } else { mailbox.calendar };
        let raw = &path.raw[from..];
        if from > 0
            && let ["events", id, ..] = below_calendar
            && !matches!(*id, "delta" | "$count")
            && mailbox.find_event(&raw[1])?.stamp.scope != calendar
        {
            return Err(Refusal::item_not_found());
        }
        let method = call.request.method.as_str();
        match (below_calendar, method) {
            ([], _) => self.calendar_entity(call, index, calendar),
            (["events"], "GET") => self.list_events(call, index, calendar, None),
            // The service writes the birthdays, from the contacts.
            (["events"], "POST") if self.mailboxes[index].birthdays == Some(calendar) => Err(Refusal::access_denied()),
            (["events"], "POST") => self.create_event(call, index, calendar),
            (["events", "$count"], "GET") => {
                let stored = self.mailboxes[index].events.values().filter(|event| event.stamp.scope == calendar);
                event_count(call, &self.mailboxes[index], &stored.cloned().collect::<Vec<Event>>())
            }
            (["calendarview", "$count"], "GET") => {
                let (from, to) = window(call)?;
                let stored = self.mailboxes[index].events.values().filter(|event| event.stamp.scope == calendar);
                let events: Vec<Event> = stored.flat_map(|event| event.instances(from, to)).collect();
                event_count(call, &self.mailboxes[index], &events)
            }
            (["events", "delta"], "GET") => self.delta(call, index, DeltaKind::Events(calendar)),
            (["events", _, "calendar"], "GET") => {
                let calendar = self.mailboxes[index].find_event(&raw[1])?.stamp.scope;
                self.calendar_reply(call, index, calendar, 200)
            }
            (["events", _, "instances"], "GET") => self.list_instances(call, index, &raw[1]),
            (["events", _], "GET") => self.read_event(call, index, &raw[1]),
            (["events", _], "PATCH") => self.patch_event(call, index, &raw[1]),
            (["events", _], "DELETE") => self.delete_event(call, index, &raw[1]),
            (["events", _, action], _) if responses::is_action(action) => {
                self.act_on_event(call, index, &raw[1], action)
            }
            (["calendarview"], "GET") => {
                let window = window(call)?;
                self.list_events(call, index, calendar, Some(window))
            }
            (["calendarview", "delta"], "GET") => self.delta(call, index, DeltaKind::CalendarView(calendar)),
            (
                ["events" | "calendarview"]
                | ["events", _]
                | ["events", _, "instances" | "calendar"]
                | ["calendarview", "delta" | "$count"],
                _,
            ) => Err(Refusal::method_not_allowed()),
            ([.., _], _) => {
                let at = if matches!(below_calendar, ["events", _, ..]) { 2 } else { raw.len() - 1 };
                Err(Refusal::unknown_segment(raw.get(at).map_or("", String::as_str)))
            }
        }
    }

    fn list_events(
        &self,
        call: &Call<'_>,
        index: usize,
        calendar: u64,
        window: Option<(Timestamp, Timestamp)>,
    ) -> Result<Reply, Refusal> {
        let mailbox = &self.mailboxes[index];
        let stored = mailbox.events.values().filter(|event| event.stamp.scope == calendar);
        let (what, events) = match window {
            None => ("events", stored.cloned().collect()),
            Some((from, to)) => {
                let mut events: Vec<Event> = stored.flat_map(|event| event.instances(from, to)).collect();
                events.sort_by_key(|event| (event.span.bounds(), event.stamp.key));
                ("calendarView", events)
            }
        };
        event_list(call, mailbox, what, &events)
    }

    /// The occurrences of a series in a window.
    fn list_instances(&self, call: &Call<'_>, index: usize, id: &str) -> Result<Reply, Refusal> {
        let (from, to) = window(call)?;
        let mailbox = &self.mailboxes[index];
        let master = mailbox.find_event(id)?;
        if master.series().is_none() {
            let message = "Instances can be listed for the master of a series only.";
            return Err(Refusal::new(400, "ErrorInvalidRequest", message));
        }
        let mut events = master.instances(from, to);
        events.sort_by_key(|event| event.span.bounds());
        event_list(call, mailbox, &format!("events('{id}')/instances"), &events)
    }

    fn read_event(&self, call: &Call<'_>, index: usize, id: &str) -> Result<Reply, Refusal> {
        let options = Options::of(call, &EVENT)?;
        let mailbox = &self.mailboxes[index];
        let event = mailbox.find_event(id)?;
        let mut object = show(mailbox, &event, &options, &form(call)?);
        event_view::add_series(&mut object, mailbox, &event, &options, &form(call)?);
        let etag = mailbox.etag(&event.stamp);
        Ok(entity(call, 200, &below(mailbox, "events/$entity"), options.cut(object)).header("etag", &etag))
    }

    fn event_reply(
        &self,
        call: &Call<'_>,
        index: usize,
        event: &Event,
        status: u16,
        options: &Options,
    ) -> Result<Reply, Refusal> {
        let mailbox = &self.mailboxes[index];
        let object = options.cut(show(mailbox, event, options, &form(call)?));
        let etag = mailbox.etag(&event.stamp);
        let id = object.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let reply = entity(call, status, &below(mailbox, "events/$entity"), object).header("etag", &etag);
        if status != 201 {
            return Ok(reply);
        }
        let location = format!("{}/v1.0/users('{}')/events('{id}')", call.request.origin, mailbox.id);
        Ok(reply.header("location", &location))
    }

    fn create_event(&mut self, call: &Call<'_>, index: usize, calendar: u64) -> Result<Reply, Refusal> {
        let body = call.body()?;
        let zone = call.prefer.zone()?;
        let options = Options::of(call, &EVENT)?;
        if let Some(transaction) = body.get("transactionId").and_then(Value::as_str) {
            let mut known = self.mailboxes[index].events.values();
            if let Some(event) = known.find(|event| event.transaction_id.as_deref() == Some(transaction)) {
                return self.event_reply(call, index, event, 201, &options);
            }
        }
        let event = self.new_event(index, calendar, &body, &zone, call.now)?;
        let reply = self.event_reply(call, index, &event, 201, &options);
        self.add_event(index, event.clone());
        self.invite(&event, &event.guests(), call.now);
        reply
    }

    fn patch_event(&mut self, call: &Call<'_>, index: usize, id: &str) -> Result<Reply, Refusal> {
        let mailbox = &self.mailboxes[index];
        let before = mailbox.find_event(id)?;
        call.precondition(&mailbox.etag(&before.stamp))?;
        let body = call.body()?;
        let options = Options::of(call, &EVENT)?;
        let mut after = before.clone();
        after.apply(&body, &call.prefer.zone()?)?;
        if after.span != before.span {
            mailbox.check_neighbours(&after)?;
        }
        let named: Vec<&str> = body.keys().map(String::as_str).filter(|name| !name.contains('@')).collect();
        let key = after.stamp.key;
        self.change_event(index, &before, after, &named, call.now);
        let event = self.mailboxes[index].event(key).ok_or_else(Refusal::item_not_found)?;
        self.event_reply(call, index, &event, 200, &options)
    }

    fn delete_event(&mut self, call: &Call<'_>, index: usize, id: &str) -> Result<Reply, Refusal> {
        let mailbox = &self.mailboxes[index];
        let event = mailbox.find_event(id)?;
        call.precondition(&mailbox.etag(&event.stamp))?;
        let key = event.stamp.key;
        self.remove_event(index, key, "", call.now);
        Ok(Reply::empty(204))
    }
}

pub(crate) fn form(call: &Call<'_>) -> Result<EventForm, Refusal> {
    Ok(EventForm { zone: call.prefer.zone()?, text_body: call.prefer.text_body, immutable: call.prefer.immutable })
}

fn event_list(call: &Call<'_>, mailbox: &Mailbox, what: &str, events: &[Event]) -> Result<Reply, Refusal> {
    let options = Options::of(call, &EVENT)?;
    let form = form(call)?;
    let shown = |item: &Event| show(mailbox, item, &options, &form);
    let full = |item: &Event| event_view::for_filter(mailbox, item);
    Ok(json(200, &options.list(call, &below(mailbox, what), events.iter().collect(), full, shown)))
}

/// How many of the events pass the filter, as a bare number.
fn event_count(call: &Call<'_>, mailbox: &Mailbox, events: &[Event]) -> Result<Reply, Refusal> {
    let options = Options::of(call, &EVENT)?;
    let events: Vec<&Event> = events.iter().collect();
    let count = options.tally(&events, |item| event_view::for_filter(mailbox, item));
    Ok(Reply::text(200, "text/plain", count.to_string()))
}

fn show(mailbox: &Mailbox, event: &Event, options: &Options, form: &EventForm) -> super::odata::Object {
    let mut object = event_view::event(mailbox, event, form);
    if options.expand_extended.is_some() {
        options.add_extended(&mut object, event.extended.list());
    }
    object
}

/// `startDateTime` and `endDateTime` of a calendar view.
pub(crate) fn window(call: &Call<'_>) -> Result<(Timestamp, Timestamp), Refusal> {
    let invalid = |message: String| Refusal::new(400, "ErrorInvalidParameter", message);
    let (Some(from), Some(to)) = (call.request.param("startDateTime"), call.request.param("endDateTime")) else {
        return Err(invalid(
            "This request requires a time window specified by the query string parameters StartDateTime and EndDateTime."
                .to_owned(),
        ));
    };
    let read = |name: &str, text: &str| {
        let text = text.trim_matches(['\'', '"']);
        instant(text).ok_or_else(|| invalid(format!("The value '{text}' of parameter '{name}' is invalid.")))
    };
    let (from, to) = (read("startDateTime", from)?, read("endDateTime", to)?);
    if to < from {
        return Err(invalid(
            "The value of parameter 'endDateTime' is earlier than that of 'startDateTime'.".to_owned(),
        ));
    }
    if to.duration_since(from) > MAX_WINDOW {
        let message = "The requested time window is longer than 1825 days.";
        return Err(Refusal::new(400, "ErrorCalendarViewRangeTooBig", message));
    }
    Ok((from, to))
}
