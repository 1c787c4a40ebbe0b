//! Events as JSON.

use serde_json::{Value, json};

use super::odata::{EXTENDED, Object, Options, Schema};
use crate::model::ids::Kind;
use crate::model::{Event, Mailbox, Role, Span, Zone, civil_text};

/// How events are shown.
#[derive(Clone, Debug)]
pub(crate) struct EventForm {
    pub(crate) zone: Zone,
    pub(crate) text_body: bool,
    pub(crate) immutable: bool,
}

impl EventForm {
    /// In UTC, for filters and orders.
    pub(crate) fn plain() -> Self {
        Self { zone: Zone::utc(), text_body: false, immutable: false }
    }
}

pub(crate) const EVENT: Schema = Schema {
    name: "event",
    properties: &[
        "id",
        "changeKey",
        "createdDateTime",
        "lastModifiedDateTime",
        "categories",
        "transactionId",
        "originalStartTimeZone",
        "originalEndTimeZone",
        "iCalUId",
        "reminderMinutesBeforeStart",
        "isReminderOn",
        "hasAttachments",
        "subject",
        "bodyPreview",
        "importance",
        "sensitivity",
        "isAllDay",
        "isCancelled",
        "isOrganizer",
        "responseRequested",
        "seriesMasterId",
        "originalStart",
        "showAs",
        "type",
        "webLink",
        "onlineMeetingUrl",
        "isOnlineMeeting",
        "onlineMeetingProvider",
        "onlineMeeting",
        "allowNewTimeProposals",
        "hideAttendees",
        "isDraft",
        "recurrence",
        "cancelledOccurrences",
        "exceptionOccurrences",
        "responseStatus",
        "body",
        "start",
        "end",
        "location",
        "locations",
        "attendees",
        "organizer",
    ],
    keeps_id: true,
    page: 10,
    strict_order: false,
};

/// An event with everything but extended properties.
pub(crate) fn event(mailbox: &Mailbox, event: &Event, form: &EventForm) -> Object {
    let mut map = mailbox.head(event, form.immutable);
    map.extend(event.fields.clone());
    let online = event.fields.get("isOnlineMeeting") == Some(&Value::Bool(true));
    let id = map.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let join = format!("https://teams.microsoft.com/l/meetup-join/{}", event.ical_uid.to_lowercase());
    let answered = if event.is_organizer || event.response == "notResponded" {
        "0001-01-01T00:00:00Z".to_owned()
    } else {
        crate::model::stamp_text(event.standing.answered.unwrap_or(event.stamp.modified))
    };
    let mut set = |name: &str, value: Value| map.insert(name.to_owned(), value);
    set("transactionId", event.transaction_id.clone().into());
    set("originalStartTimeZone", event.start_zone.clone().into());
    set("originalEndTimeZone", event.end_zone.clone().into());
    set("iCalUId", event.ical_uid.clone().into());
    set("hasAttachments", false.into());
    set("bodyPreview", event.body.preview().into());
    set("isAllDay", matches!(event.span, Span::AllDay { .. }).into());
    set("isCancelled", event.is_cancelled.into());
    set("isOrganizer", event.is_organizer.into());
    let (kind, master, recurrence) = role(mailbox, event, form.immutable);
    set("seriesMasterId", master);
    set("type", kind.into());
    if let Some(part) = event.part() {
        set("originalStart", crate::model::stamp_text(part.original).into());
    }
    set("webLink", format!("https://outlook.office365.com/owa/?itemid={id}&exvsurl=1&path=/calendar/item").into());
    set("onlineMeetingUrl", Value::Null);
    set("onlineMeeting", if online { json!({"joinUrl": join}) } else { Value::Null });
    set("isDraft", false.into());
    set("recurrence", recurrence);
    set("responseStatus", json!({"response": event.response, "time": answered}));
    set("body", event.body.render(form.text_body));
    let (start, end) = times(event, &form.zone);
    set("start", start);
    set("end", end);
    set("location", event.location.clone());
    set("locations", event.locations.clone().into());
    set("attendees", event.attendees.clone().into());
    let organizer = json!({"name": event.organizer.name, "address": event.organizer.address});
    set("organizer", json!({"emailAddress": organizer}));
    map
}

/// `type`, `seriesMasterId` and `recurrence`.
fn role(mailbox: &Mailbox, event: &Event, immutable: bool) -> (&'static str, Value, Value) {
    match &event.role {
        Role::Single => ("singleInstance", Value::Null, Value::Null),
        Role::Master(series) => ("seriesMaster", Value::Null, series.recurrence.show()),
        Role::Part(part) => {
            let master = mailbox.item_id(Kind::Event, part.master, event.stamp.generation, immutable);
            (if part.is_exception { "exception" } else { "occurrence" }, master.into(), Value::Null)
        }
    }
}

/// What a series master shows only when it is asked for: its exceptions, and its deleted occurrences.
pub(crate) fn add_series(map: &mut Object, mailbox: &Mailbox, master: &Event, options: &Options, form: &EventForm) {
    let Some(series) = master.series() else {
        return;
    };
    if options.selects("cancelledOccurrences") {
        let id = map.get("id").and_then(Value::as_str).unwrap_or_default();
        let gone: Vec<String> = series.cancelled.keys().map(|date| format!("OID.{id}.{date}")).collect();
        map.insert("cancelledOccurrences".into(), gone.into());
    }
    if options.expand_exceptions {
        let shown: Vec<Value> =
            master.exceptions().iter().map(|item| Value::Object(event(mailbox, item, form))).collect();
        map.insert("exceptionOccurrences".into(), shown.into());
    }
}

/// The event as filters see it.
pub(crate) fn for_filter(mailbox: &Mailbox, item: &Event) -> Object {
    let mut map = event(mailbox, item, &EventForm::plain());
    map.insert(EXTENDED.into(), item.extended.list().into());
    map
}

/// `start` and `end` in a zone; an all-day event's are midnight in any.
fn times(event: &Event, zone: &Zone) -> (Value, Value) {
    let (start, end) = event.span.bounds();
    let wall = match event.span {
        Span::AllDay { .. } => &Zone::utc(),
        Span::Timed { .. } => zone,
    };
    let tell = |at| json!({"dateTime": civil_text(wall.to_civil(at)), "timeZone": zone.name});
    (tell(start), tell(end))
}
