//! Answers to invitations, and invitations passed on.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sim_kit::Context;

use super::event::MAX_ATTENDEES;
use super::meeting::attendee_address;
use super::seed::refused;
use super::{Event, Exchange, NoticeKind, Person, SeedError, stamp_text};
use crate::refusal::Refusal;

/// An attendee's answer to an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// Will come.
    Accepted,
    /// May come.
    TentativelyAccepted,
    /// Will not come.
    Declined,
}

impl Answer {
    /// As `responseStatus` and the attendees' rows tell it.
    fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::TentativelyAccepted => "tentativelyAccepted",
            Self::Declined => "declined",
        }
    }
}

/// An answer as a client gives it.
pub(crate) struct Response {
    pub(crate) answer: Answer,
    /// Whether the organizer is told.
    pub(crate) send: bool,
    pub(crate) comment: String,
    /// A `timeSlot` in UTC.
    pub(crate) proposed: Option<Value>,
}

fn not_possible(why: &str) -> Refusal {
    Refusal::new(400, "ErrorInvalidRequest", format!("Your request can't be completed. {why}"))
}

impl Exchange {
    /// Answers the invitation of this key. A declined one leaves the calendar.
    pub(crate) fn respond(
        &mut self,
        mailbox: usize,
        key: u64,
        response: &Response,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let mut copy = self.mailboxes[mailbox].event(key).ok_or_else(Refusal::item_not_found)?;
        copy.may_be_answered(response)?;
        let address = self.mailboxes[mailbox].address.clone();
        if response.answer == Answer::Declined {
            self.drop_event(mailbox, key, now);
        } else {
            copy.answer(response.answer, now);
            self.replace_event(mailbox, copy.clone(), now);
        }
        if response.send {
            let kind = NoticeKind::Response(response.answer);
            self.mail(&copy, &address, &copy.organizer.address, kind, &response.comment, now);
            self.record_answer(&copy.ical_uid, &address, response, now);
        }
        Ok(())
    }

    /// Writes an answer that arrived into the organizer's event. False if nobody here organizes that
    /// meeting, or has not invited the address.
    fn record_answer(&mut self, ical_uid: &str, address: &str, response: &Response, now: Timestamp) -> bool {
        let Some((index, mut event)) = self.organized(ical_uid) else {
            return false;
        };
        let mut rows = event.attendees.iter_mut();
        let row = rows.find(|row| attendee_address(row).is_some_and(|known| known.eq_ignore_ascii_case(address)));
        let Some(row) = row.and_then(Value::as_object_mut) else {
            return false;
        };
        row.insert("status".into(), json!({"response": response.answer.name(), "time": stamp_text(now)}));
        row.remove("proposedNewTime");
        if let Some(slot) = &response.proposed {
            row.insert("proposedNewTime".into(), slot.clone());
        }
        self.replace_event(index, event, now);
        true
    }

    /// Sends the meeting of this key to more people, who become optional attendees of it.
    pub(crate) fn forward(
        &mut self,
        mailbox: usize,
        key: u64,
        to: &[Person],
        comment: &str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let held = self.mailboxes[mailbox].event(key).ok_or_else(Refusal::item_not_found)?;
        let address = self.mailboxes[mailbox].address.clone();
        let mut meeting = held.clone();
        if let Some((index, event)) = self.organized(&held.ical_uid) {
            meeting = event;
            let before = meeting.attendees.len();
            for person in to {
                let known = meeting.guests();
                let mut known = known.iter().chain([&meeting.organizer.address]);
                if !known.any(|known| known.eq_ignore_ascii_case(&person.address)) {
                    meeting.attendees.push(optional_attendee(person));
                }
            }
            if meeting.attendees.len() > MAX_ATTENDEES {
                return Err(not_possible("The meeting has too many attendees."));
            }
            if meeting.attendees.len() > before {
                self.replace_event(index, meeting.clone(), now);
            }
        }
        for person in to {
            self.mail(&meeting, &address, &person.address, NoticeKind::Invitation, comment, now);
            let organizes = person.address.eq_ignore_ascii_case(&meeting.organizer.address);
            let index = self.mailbox_of(&person.address);
            let holds = index.is_some_and(|index| self.mailboxes[index].copy_of(&meeting.ical_uid).is_some());
            if !organizes && !holds {
                self.deliver_copy(&meeting, &person.address, true, now);
            }
        }
        if !held.is_organizer {
            self.mail(&meeting, &address, &meeting.organizer.address, NoticeKind::Forwarded, comment, now);
        }
        Ok(())
    }

    /// The organizer's event of a meeting, if the organizer's mailbox is one of this tenant.
    fn organized(&self, ical_uid: &str) -> Option<(usize, Event)> {
        self.mailboxes.iter().enumerate().find_map(|(index, mailbox)| Some((index, mailbox.organized(ical_uid)?)))
    }

    /// Answers a meeting that a user of this tenant organizes, in the name of one of its attendees, and
    /// notifies. Who is a user here answers from the own calendar, as a client would.
    ///
    /// # Errors
    /// If nobody here organizes that meeting, if the address is none of its attendees, or if Graph would
    /// not take the answer.
    pub fn respond_as(
        &mut self,
        address: &str,
        ical_uid: &str,
        answer: Answer,
        context: &Context<'_>,
    ) -> Result<(), SeedError> {
        let unknown = || SeedError::UnknownItem(ical_uid.to_owned());
        let response = Response { answer, send: true, comment: String::new(), proposed: None };
        match self.mailbox_of(address) {
            Some(index) => {
                let key = self.mailboxes[index].copy_of(ical_uid).ok_or_else(unknown)?.stamp.key;
                self.respond(index, key, &response, context.now).map_err(|refusal| refused(&refusal))?;
            }
            None if self.record_answer(ical_uid, address, &response, context.now) => {}
            None => return Err(unknown()),
        }
        self.flush(context);
        Ok(())
    }
}

impl Event {
    fn may_be_answered(&self, response: &Response) -> Result<(), Refusal> {
        if self.is_organizer {
            return Err(not_possible("You can't respond to this meeting because you're the meeting organizer."));
        }
        if self.is_cancelled {
            return Err(not_possible("You can't respond to this meeting because it's been canceled."));
        }
        if response.send && !self.flag("responseRequested") {
            return Err(not_possible("The meeting organizer hasn't requested a response."));
        }
        if response.proposed.is_some() && !self.flag("allowNewTimeProposals") {
            return Err(not_possible("The meeting organizer doesn't allow new time proposals."));
        }
        Ok(())
    }

    /// Only who organizes a meeting can call it off.
    pub(crate) fn may_be_called_off(&self) -> Result<(), Refusal> {
        if self.is_organizer { Ok(()) } else { Err(not_possible("You need to be an organizer to cancel a meeting.")) }
    }

    fn answer(&mut self, answer: Answer, now: Timestamp) {
        answer.name().clone_into(&mut self.response);
        self.standing.answered = Some(now);
        if answer == Answer::Accepted {
            self.fields.insert("showAs".into(), self.standing.intended.clone().into());
        } else {
            self.show_tentative();
        }
    }
}

fn optional_attendee(person: &Person) -> Value {
    json!({
        "type": "optional", "status": {"response": "none", "time": "0001-01-01T00:00:00Z"},
        "emailAddress": {"name": person.name, "address": person.address},
    })
}
