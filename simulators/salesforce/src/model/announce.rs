//! Telling others of changes: who is told, and what about.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::id;
use super::outbox::{EventRelay, Letter, OutboundMessage, Outbox, RelayState, Transaction};
use super::{Row, Salesforce};

impl Salesforce {
    /// Sets up an outbound message; one of the same name is replaced. Gives the id of its action.
    pub fn send_outbound_message(&mut self, message: OutboundMessage) -> String {
        let action = id::mint("04k", &self.draw("action"));
        self.outbox.set_message(action.clone(), message);
        action
    }

    /// The outbound messages that are set up.
    pub fn outbound_messages(&self) -> impl Iterator<Item = &OutboundMessage> {
        self.outbox.messages()
    }

    /// Stops an outbound message with what waits of it. Whether there was one of that name.
    pub fn stop_outbound_message(&mut self, name: &str) -> bool {
        self.outbox.remove_message(name)
    }

    /// Relays the change events of the installed packages' channels to who listens at this address.
    pub fn relay_changes_to(&mut self, url: &str) {
        let relay = EventRelay { url: url.to_owned(), state: RelayState::Run, events: self.captured.clone() };
        self.outbox.set_relay(Some(relay));
    }

    /// Sets up the event relay, or takes it away.
    pub fn set_event_relay(&mut self, relay: Option<EventRelay>) {
        self.outbox.set_relay(relay);
    }

    /// The event relay, if there is one.
    pub fn event_relay(&self) -> Option<&EventRelay> {
        self.outbox.relay()
    }

    /// The change events that the installed packages' channels carry.
    pub fn captured(&self) -> &BTreeSet<String> {
        &self.captured
    }

    /// How many notifications of outbound messages and change events wait, and how many were given up.
    pub fn waiting_to_leave(&self) -> (usize, usize, u64) {
        self.outbox.counts()
    }

    /// How many deliveries are on their way, their answers not yet heard.
    pub fn under_way(&self) -> usize {
        self.outbox.under_way()
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    pub(crate) fn outbox_mut(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    /// Takes in what the running request changed.
    /// `origin` is the API that it came by, as change events tell it.
    pub(crate) fn publish(&mut self, origin: &str) {
        for changes in self.store.changes() {
            let key = uuid(&self.draw("transaction"));
            let (origin, user) = (origin.to_owned(), self.acting.clone());
            let made_by = Transaction { key, origin, user, gap: self.knobs.gap_events };
            let mut outbox = std::mem::take(&mut self.outbox);
            outbox.take(changes, &made_by, |kind| {
                let drawn = self.draw(kind);
                if kind == "event" { uuid(&drawn) } else { id::mint(kind, &drawn) }
            });
            self.outbox = outbox;
        }
    }

    /// The outbound messages that leave now.
    pub(crate) fn due_letters(&mut self, now: Timestamp) -> Vec<Letter> {
        let store = &self.store;
        self.outbox.letters(now, |id| store.row(id).is_some_and(|row: &Row| !row.is_deleted()))
    }

    /// The id of the channel whose events are relayed.
    pub(crate) fn channel_id(&self) -> String {
        id::mint("0YL", &super::digest(&[&self.seed, "channel"]))
    }

    /// The id of the schema of a change event, which changes when the org's schema does.
    pub(crate) fn schema_id(&self, event: &str) -> String {
        let changed = self.schema_changed.to_string();
        id::base62(&super::digest(&[&self.seed, event, &changed]), 22)
    }
}

fn uuid(drawn: &[u8; 32]) -> String {
    let mut half = [0; 16];
    half.copy_from_slice(&drawn[..16]);
    let hex = format!("{:032x}", u128::from_be_bytes(half));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}
