//! Meetings: what the attendees' calendars hold of an organizer's event, and what is mailed about it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Event, Exchange, Extended, Mailbox, MailboxState, NoticeKind, Role, SentNotice, Stamp};

/// What Exchange writes before the subject of a meeting that was called off.
const CANCELED: &str = "Canceled: ";
/// The plain properties of a copy that an update of the meeting leaves alone.
const OWN: [&str; 3] = ["categories", "isReminderOn", "reminderMinutesBeforeStart"];

/// What one person's copy of a meeting knows and nobody else's does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// How the organizer shows the time, and so does who accepts.
    pub(crate) intended: String,
    /// When the invitation was answered.
    pub(crate) answered: Option<Timestamp>,
    /// When the reminder comes, if it was put off.
    pub(crate) reminder_at: Option<Timestamp>,
}

impl Default for Standing {
    fn default() -> Self {
        Self { intended: "busy".to_owned(), answered: None, reminder_at: None }
    }
}

impl Exchange {
    /// Replaces an event by what a client's PATCH made of it. The attendees of an organizer's meeting
    /// are told, and a new time asks them again.
    pub(crate) fn change_event(
        &mut self,
        mailbox: usize,
        before: &Event,
        mut after: Event,
        named: &[&str],
        now: Timestamp,
    ) {
        if after.is_organizer && after.is_elsewhen(before) {
            after.forget_answers();
        }
        after.pass_on_attendees(before);
        self.replace_event(mailbox, after.clone(), now);
        if after.is_organizer {
            self.tell_change(before, &after, named, now);
        }
    }

    /// Deletes an event; the attendees of an organizer's meeting are told.
    pub(crate) fn remove_event(&mut self, mailbox: usize, key: u64, comment: &str, now: Timestamp) {
        if let Some(event) = self.drop_event(mailbox, key, now)
            && event.is_organizer
            && !event.is_cancelled
        {
            let guests = event.guests();
            self.call_off(&event, &guests, comment, now);
            for occurrence in event.exceptions() {
                let mut more = occurrence.guests();
                more.retain(|address| !guests.iter().any(|known| known.eq_ignore_ascii_case(address)));
                self.call_off(&occurrence, &more, comment, now);
            }
        }
    }

    /// Mails invitations; who has a mailbox here has the meeting in the calendar at once.
    pub(crate) fn invite(&mut self, meeting: &Event, guests: &[String], now: Timestamp) {
        for address in guests {
            self.mail(meeting, &meeting.organizer.address, address, NoticeKind::Invitation, "", now);
            self.deliver_copy(meeting, address, true, now);
        }
    }

    /// Tells the attendees about a change of the properties `named`. A change of nothing but the
    /// attendees is told only to those it concerns.
    fn tell_change(&mut self, before: &Event, after: &Event, named: &[&str], now: Timestamp) {
        let (old, new) = (before.guests(), after.guests());
        let within = |list: &[String], address: &String| list.iter().any(|other| other.eq_ignore_ascii_case(address));
        let (stay, come): (Vec<String>, Vec<String>) = new.iter().cloned().partition(|address| within(&old, address));
        let go: Vec<String> = old.into_iter().filter(|address| !within(&new, address)).collect();
        self.invite(after, &come, now);
        self.call_off(after, &go, "", now);
        if named.iter().any(|name| is_shared(name) && *name != "attendees") {
            let asks_again = after.is_elsewhen(before);
            for address in &stay {
                self.mail(after, &after.organizer.address, address, NoticeKind::Update, "", now);
                self.deliver_copy(after, address, asks_again, now);
            }
        }
    }

    fn call_off(&mut self, meeting: &Event, guests: &[String], comment: &str, now: Timestamp) {
        for address in guests {
            self.mail(meeting, &meeting.organizer.address, address, NoticeKind::Cancellation, comment, now);
            let Some(index) = self.postbox(address) else { continue };
            if let Some(mut copy) = self.mailboxes[index].copy_of(&meeting.ical_uid) {
                copy.call_off();
                self.replace_event(index, copy, now);
            }
        }
    }

    /// Puts the meeting as it stands into the calendar of an attendee who has a mailbox here. Who had
    /// answered is `asked_again` or keeps the answer; who had thrown the copy away gets a new one.
    pub(crate) fn deliver_copy(&mut self, meeting: &Event, address: &str, asked_again: bool, now: Timestamp) {
        let Some(index) = self.postbox(address) else {
            return;
        };
        let mailbox = &mut self.mailboxes[index];
        if meeting.part().is_some()
            && let Some((master, date)) = mailbox.deleted_from_copy(&meeting.ical_uid)
            && let Some(master) = mailbox.events.get_mut(&master)
        {
            master.restore_occurrence(date);
        }
        if let Some(held) = mailbox.copy_of(&meeting.ical_uid) {
            let mut copy = meeting.newer_copy(&held, address, asked_again);
            meeting.mirror_exceptions(&mut copy, address, now);
            self.replace_event(index, copy, now);
        } else {
            let stamp = mailbox.stamp(mailbox.calendar, now);
            let mut copy = meeting.first_copy(address, stamp);
            meeting.mirror_exceptions(&mut copy, address, now);
            self.add_event(index, copy);
        }
    }

    /// The mailbox that mail to an address arrives in, if it is one of this tenant.
    fn postbox(&self, address: &str) -> Option<usize> {
        self.mailbox_of(address).filter(|index| self.mailboxes[*index].state != MailboxState::NotEnabled)
    }

    /// Records a mail about a meeting.
    pub(crate) fn mail(
        &mut self,
        meeting: &Event,
        from: &str,
        to: &str,
        kind: NoticeKind,
        comment: &str,
        at: Timestamp,
    ) {
        self.outbox.push(SentNotice {
            at,
            organizer: meeting.organizer.address.clone(),
            from: from.to_owned(),
            to: to.to_owned(),
            ical_uid: meeting.ical_uid.clone(),
            kind,
            comment: comment.to_owned(),
        });
    }
}

impl Mailbox {
    /// What this mailbox holds of somebody else's meeting.
    pub(crate) fn copy_of(&self, ical_uid: &str) -> Option<Event> {
        self.event_of(ical_uid, false)
    }

    /// The meeting as its organizer, the owner of this mailbox, has it.
    pub(crate) fn organized(&self, ical_uid: &str) -> Option<Event> {
        self.event_of(ical_uid, true)
    }
}

impl Event {
    /// The attendees' addresses, each once, without the organizer's.
    pub(crate) fn guests(&self) -> Vec<String> {
        let mut guests: Vec<String> = Vec::new();
        for address in self.attendees.iter().filter_map(attendee_address) {
            let is_known = guests.iter().chain([&self.organizer.address]).any(|it| it.eq_ignore_ascii_case(address));
            if !is_known {
                guests.push(address.to_owned());
            }
        }
        guests
    }

    /// The copy of an attendee who had none.
    fn first_copy(&self, address: &str, stamp: Stamp) -> Self {
        let mut copy = self.clone();
        let intended = self.intended().to_owned();
        copy.stamp = stamp;
        match &mut copy.role {
            Role::Master(series) => {
                series.restamp(copy.stamp.version);
                series.exceptions.clear();
            }
            // Who is invited to one occurrence has no series.
            Role::Part(_) => copy.role = Role::Single,
            Role::Single => {}
        }
        copy.extended = Extended::default();
        copy.transaction_id = None;
        copy.is_organizer = false;
        copy.is_cancelled = false;
        copy.fields.insert("categories".into(), json!([]));
        copy.forget_answers();
        if self.flag("hideAttendees") {
            copy.attendees.retain(|row| attendee_address(row).is_some_and(|it| it.eq_ignore_ascii_case(address)));
        }
        copy.standing = Standing { intended, ..Standing::default() };
        copy.ask_again();
        copy
    }

    /// The next state of the copy that an attendee holds.
    pub(crate) fn newer_copy(&self, held: &Self, address: &str, asked_again: bool) -> Self {
        let mut copy = self.first_copy(address, held.stamp.clone());
        copy.role = held.role_in_copy(&self.role);
        copy.extended = held.extended.clone();
        copy.standing.reminder_at = held.standing.reminder_at;
        take(&mut copy.fields, &held.fields, &OWN);
        if !asked_again && !held.is_cancelled {
            take(&mut copy.fields, &held.fields, &["showAs"]);
            copy.response.clone_from(&held.response);
            copy.standing.answered = held.standing.answered;
        }
        copy
    }

    /// Gives a copy of this series the exceptions that it has not got yet.
    fn mirror_exceptions(&self, copy: &mut Self, address: &str, now: Timestamp) {
        for exception in self.exceptions() {
            let Some(date) = exception.part().map(|part| part.date) else { continue };
            let has_own = copy.series().is_none_or(|series| series.exceptions.contains_key(&date));
            if let Some(held) = copy.occurrence(date).filter(|_| !has_own) {
                let version = copy.stamp.version;
                copy.keep_exception(&exception.newer_copy(&held, address, false), version, now);
            }
        }
    }

    /// Who is invited to a series now, or no more, is so for the occurrences with attendees of their own
    /// too. `before` is the series as it was.
    fn pass_on_attendees(&mut self, before: &Self) {
        let find = |rows: &[Value], row: &Value| {
            let same = |other: &&Value| match (attendee_address(other), attendee_address(row)) {
                (Some(other), Some(address)) => other.eq_ignore_ascii_case(address),
                _ => false,
            };
            rows.iter().find(same).cloned()
        };
        let (old, new) = (&before.attendees, self.attendees.clone());
        if *old == new {
            return;
        }
        for exception in self.series_mut().into_iter().flat_map(|series| series.exceptions.values_mut()) {
            let Some(Value::Array(rows)) = exception.own.get_mut("attendees") else { continue };
            let from_series = new.iter().filter(|row| find(old, row).is_none() || find(rows, row).is_some());
            let mut next: Vec<Value> = from_series.map(|row| find(rows, row).unwrap_or_else(|| row.clone())).collect();
            next.extend(rows.iter().filter(|row| find(old, row).is_none() && find(&new, row).is_none()).cloned());
            *rows = next;
        }
    }

    /// The invitation stands unanswered.
    pub(crate) fn ask_again(&mut self) {
        "notResponded".clone_into(&mut self.response);
        self.standing.answered = None;
        self.show_tentative();
    }

    /// A time that may be taken shows as tentative, one that is free anyway as free.
    pub(crate) fn show_tentative(&mut self) {
        let shown = if self.standing.intended == "free" { "free" } else { "tentative" };
        self.fields.insert("showAs".into(), shown.into());
    }

    /// Marks a copy as that of a meeting that does not take place.
    pub(crate) fn call_off(&mut self) {
        self.is_cancelled = true;
        self.fields.insert("showAs".into(), "free".into());
        cancel_title(&mut self.fields);
        for exception in self.series_mut().into_iter().flat_map(|series| series.exceptions.values_mut()) {
            if let Some(Value::Object(fields)) = exception.own.get_mut("fields") {
                fields.remove("showAs");
                if fields.contains_key("subject") {
                    cancel_title(fields);
                }
            }
        }
    }

    /// No attendee has answered.
    fn forget_answers(&mut self) {
        for row in self.attendees.iter_mut().filter_map(Value::as_object_mut) {
            row.insert("status".into(), json!({"response": "none", "time": "0001-01-01T00:00:00Z"}));
            row.remove("proposedNewTime");
        }
    }

    /// How the organizer shows the time.
    fn intended(&self) -> &str {
        let shown = self.fields.get("showAs").and_then(Value::as_str).filter(|_| self.is_organizer);
        shown.unwrap_or(&self.standing.intended)
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.fields.get(name).and_then(Value::as_bool).unwrap_or_default()
    }
}

/// The address of an attendee's row, if it has one.
pub(crate) fn attendee_address(row: &Value) -> Option<&str> {
    row.pointer("/emailAddress/address").and_then(Value::as_str).filter(|address| !address.is_empty())
}

fn cancel_title(fields: &mut Map<String, Value>) {
    let subject = fields.get("subject").and_then(Value::as_str).unwrap_or_default();
    if !subject.starts_with(CANCELED) {
        let subject = format!("{CANCELED}{subject}");
        fields.insert("subject".into(), subject.into());
    }
}

fn take(to: &mut Map<String, Value>, from: &Map<String, Value>, names: &[&str]) {
    for name in names {
        if let Some(value) = from.get(*name) {
            to.insert((*name).to_owned(), value.clone());
        }
    }
}

/// Whether attendees see the property too; the others are the organizer's own.
fn is_shared(property: &str) -> bool {
    property != "singleValueExtendedProperties" && !OWN.contains(&property)
}
