//! What leaves the org of its own accord: outbound messages, and change events by way of an event relay.
//!
//! Both are sent at least once, in no particular order, and again for a day until somebody takes them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::attempts::Attempts;
use super::changes::{Change, ChangeType};

/// How many notifications travel in one outbound message.
const MOST_NOTIFICATIONS: usize = 100;
/// How long the event bus keeps events.
const RETENTION: SignedDuration = SignedDuration::from_hours(72);

/// A message that a flow sends whenever rows of an object are made or changed. That rows go to the bin or come
/// back from it is not told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboundMessage {
    /// Its name among the org's messages.
    pub name: String,
    /// The object, by its exact name.
    pub object: String,
    /// Where it is posted to.
    pub url: String,
    /// The fields that are sent besides `Id`, by their exact names.
    pub fields: Vec<String>,
    /// Whether changes are told too, or new rows only.
    pub on_update: bool,
}

/// How an event relay stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RelayState {
    /// Events go out.
    Run,
    /// Events are kept, for 72 hours, and go out when it runs again.
    Pause,
    /// Events of this time never go out.
    Stop,
}

/// A relay of change events to an event bus, and on to who listens there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRelay {
    /// Where the bus hands the events to, one per POST.
    pub url: String,
    /// How it stands.
    pub state: RelayState,
    /// The change events that its channel carries, such as `ContactChangeEvent`.
    pub events: BTreeSet<String>,
}

/// One notification of an outbound message.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Notice {
    id: String,
    action: String,
    row: String,
    attempts: Attempts,
}

/// One change event on the bus.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct BusEvent {
    pub id: String,
    /// The rows to which this happened in the transaction.
    pub rows: Vec<String>,
    pub change: Change,
    pub transaction: Transaction,
    pub sequence: u64,
    pub commit_number: i64,
    attempts: Attempts,
}

/// What is on its way under a ticket.
#[derive(Clone, Debug)]
enum Parcel {
    Notices(Vec<String>),
    Event(String),
}

/// One outbound message about to leave: its action, and the notifications with their rows.
#[derive(Debug)]
pub(crate) struct Letter {
    pub ticket: u64,
    pub action: String,
    pub message: OutboundMessage,
    /// Ids of notifications, and of rows.
    pub notices: Vec<(String, String)>,
}

/// Everything that waits to leave.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Outbox {
    /// By the id of the action.
    messages: BTreeMap<String, OutboundMessage>,
    relay: Option<EventRelay>,
    notices: Vec<Notice>,
    events: Vec<BusEvent>,
    commits: i64,
    /// How many were given up.
    given_up: u64,
    /// The number of the last delivery. The courier may outlive the world, so it is no part of a snapshot.
    #[serde(skip)]
    tickets: u64,
    #[serde(skip)]
    under_way: BTreeMap<u64, Parcel>,
}

/// The request that made changes, as change events tell it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Transaction {
    pub key: String,
    /// `com/salesforce/api/rest/59.0;client=Name`
    pub origin: String,
    /// The id of who made them.
    pub user: String,
    /// Whether events tell which row changed, and not how.
    pub gap: bool,
}

impl Outbox {
    pub(crate) fn set_message(&mut self, action: String, message: OutboundMessage) {
        self.remove_message(&message.name);
        self.messages.insert(action, message);
    }

    /// Stops a message; what waits of it is not sent. Whether there was one of that name.
    pub(crate) fn remove_message(&mut self, name: &str) -> bool {
        let before = self.messages.len();
        self.messages.retain(|_, message| message.name != name);
        self.notices.retain(|notice| self.messages.contains_key(&notice.action));
        self.messages.len() < before
    }

    pub(crate) fn messages(&self) -> impl Iterator<Item = &OutboundMessage> {
        self.messages.values()
    }

    pub(crate) fn relay(&self) -> Option<&EventRelay> {
        self.relay.as_ref()
    }

    pub(crate) fn set_relay(&mut self, relay: Option<EventRelay>) {
        if relay.as_ref().is_none_or(|relay| relay.state == RelayState::Stop) {
            self.events.clear();
        }
        self.relay = relay;
    }

    /// How many notifications and events wait, and how many were given up.
    pub(crate) fn counts(&self) -> (usize, usize, u64) {
        (self.notices.len(), self.events.len(), self.given_up)
    }

    /// Whether somebody wants to be told of anything.
    pub(crate) fn listens(&self) -> bool {
        !self.messages.is_empty() || self.relay.as_ref().is_some_and(|relay| relay.state != RelayState::Stop)
    }

    /// Takes in what a transaction changed. `name` makes the ids of notifications and events.
    pub(crate) fn take(&mut self, changes: Vec<Change>, made_by: &Transaction, mut name: impl FnMut(&str) -> String) {
        self.commits += 1;
        let mut events: Vec<BusEvent> = Vec::new();
        for change in changes {
            for (action, message) in &self.messages {
                let wanted = match change.kind {
                    ChangeType::Create => true,
                    ChangeType::Update => message.on_update,
                    ChangeType::Delete | ChangeType::Undelete => false,
                };
                // A message not yet sent tells the newest values anyway.
                let waits = self.notices.iter().any(|notice| {
                    notice.action == *action
                        && notice.row == change.row
                        && notice.attempts.failed == 0
                        && notice.attempts.left.is_none()
                });
                if wanted && message.object == change.object && !waits {
                    self.notices.push(Notice {
                        id: name("04l"),
                        action: action.clone(),
                        row: change.row.clone(),
                        attempts: Attempts::from(change.committed_at),
                    });
                }
            }
            let relayed = self.relay.as_ref().is_some_and(|relay| {
                let wanted = relay.events.contains(&event_name(&change.object));
                relay.state != RelayState::Stop && wanted && is_captured(&change.object)
            });
            if !relayed {
                continue;
            }
            if let Some(same) = events.iter_mut().find(|event| event.change.is_as(&change)) {
                same.rows.push(change.row);
                continue;
            }
            events.push(BusEvent {
                id: name("event"),
                rows: vec![change.row.clone()],
                transaction: made_by.clone(),
                sequence: events.len() as u64 + 1,
                // Numbers of the service's size, which not every client's numbers hold.
                commit_number: change.committed_at.as_microsecond().saturating_mul(1000).saturating_add(self.commits),
                attempts: Attempts::from(change.committed_at),
                change,
            });
        }
        self.events.append(&mut events);
    }

    /// The outbound messages that are due, and puts them under way. Rows that are gone are not told.
    pub(crate) fn letters(&mut self, now: Timestamp, lives: impl Fn(&str) -> bool) -> Vec<Letter> {
        self.notices.retain(|notice| notice.attempts.left.is_some() || lives(&notice.row));
        let mut letters = Vec::new();
        for (action, message) in &self.messages {
            let mut due: Vec<&mut Notice> = self
                .notices
                .iter_mut()
                .filter(|notice| notice.action == *action && notice.attempts.is_due(now))
                .collect();
            for chunk in due.chunks_mut(MOST_NOTIFICATIONS) {
                self.tickets += 1;
                for notice in chunk.iter_mut() {
                    notice.attempts.left = Some(now);
                }
                let notices: Vec<_> = chunk.iter().map(|notice| (notice.id.clone(), notice.row.clone())).collect();
                let ids = notices.iter().map(|(id, _)| id.clone()).collect();
                self.under_way.insert(self.tickets, Parcel::Notices(ids));
                letters.push(Letter {
                    ticket: self.tickets,
                    action: action.clone(),
                    message: message.clone(),
                    notices,
                });
            }
        }
        letters
    }

    /// The change events that are due with their tickets, and puts them under way.
    pub(crate) fn bus_events(&mut self, now: Timestamp) -> Vec<(u64, BusEvent)> {
        self.events.retain(|event| now.duration_since(event.change.committed_at) < RETENTION);
        if self.relay.as_ref().is_none_or(|relay| relay.state != RelayState::Run) {
            return Vec::new();
        }
        let mut leaving = Vec::new();
        for event in self.events.iter_mut().filter(|event| event.attempts.is_due(now)) {
            self.tickets += 1;
            event.attempts.left = Some(now);
            self.under_way.insert(self.tickets, Parcel::Event(event.id.clone()));
            leaving.push((self.tickets, event.clone()));
        }
        leaving
    }

    /// Lets deliveries have other numbers than those of an outbox that was there before.
    pub(crate) fn number_after(&mut self, other: &Self) {
        self.tickets = self.tickets.max(other.tickets);
    }

    /// How many deliveries have not ended yet.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// Whether the ticket is that of an outbound message, which must be acknowledged in its own way.
    pub(crate) fn is_letter(&self, ticket: u64) -> bool {
        matches!(self.under_way.get(&ticket), Some(Parcel::Notices(_)))
    }

    /// Hears what became of a delivery.
    pub(crate) fn returned(&mut self, ticket: u64, taken: bool, now: Timestamp) {
        let Some(parcel) = self.under_way.remove(&ticket) else {
            return;
        };
        let given_up = &mut self.given_up;
        let mut stays = |attempts: &mut Attempts| {
            let stays = !taken && attempts.fail(now);
            *given_up += u64::from(!taken && !stays);
            stays
        };
        match parcel {
            Parcel::Notices(ids) => {
                self.notices.retain_mut(|notice| !ids.contains(&notice.id) || stays(&mut notice.attempts));
            }
            Parcel::Event(id) => self.events.retain_mut(|event| event.id != id || stays(&mut event.attempts)),
        }
    }
}

/// The standard objects of which there are change events; of custom objects there always are.
const CAPTURED: [&str; 12] = [
    "Account",
    "Case",
    "Contact",
    "EmailMessage",
    "Event",
    "EventRelation",
    "Lead",
    "Opportunity",
    "OpportunityContactRole",
    "Task",
    "TaskRelation",
    "User",
];

/// Whether changes of the object's rows can be captured.
pub(crate) fn is_captured(object: &str) -> bool {
    object.ends_with("__c") || CAPTURED.contains(&object)
}

/// The change event of an object: `ContactChangeEvent`, `Thing__ChangeEvent`.
pub(crate) fn event_name(object: &str) -> String {
    match object.strip_suffix("__c") {
        Some(custom) => format!("{custom}__ChangeEvent"),
        None => format!("{object}ChangeEvent"),
    }
}

/// A value as messages tell it: date-times end with `Z`.
pub(crate) fn with_zulu(value: &Value) -> Value {
    match value.as_str().and_then(|text| text.strip_suffix("+0000")) {
        Some(text) if text.len() == 23 => Value::String(format!("{text}Z")),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_its_way_from_one_world_is_nothing_to_the_next() {
        let now: Timestamp = "2031-05-06T09:00:00Z".parse().unwrap();
        let waiting = || {
            let notice = Notice { id: "n".into(), action: "a".into(), row: "r".into(), attempts: Attempts::from(now) };
            let message = OutboundMessage {
                name: "m".into(),
                object: "Contact".into(),
                url: "http://h/".into(),
                fields: Vec::new(),
                on_update: true,
            };
            Outbox { messages: [("a".into(), message)].into(), notices: vec![notice], ..Outbox::default() }
        };
        let (mut old, mut new) = (waiting(), waiting());
        let first = old.letters(now, |_| true)[0].ticket;
        new.number_after(&old);
        let second = new.letters(now, |_| true)[0].ticket;
        new.returned(first, true, now);
        assert_eq!(new.counts().0, 1, "the answer was to the old one's");
        new.returned(second, true, now);
        assert_eq!(new.counts().0, 0);
    }
}
