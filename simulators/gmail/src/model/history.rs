//! What happened in a mailbox since when.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long Gmail answers for old history ids: "at least a week" in its reference.
pub(crate) const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The four types of `historyTypes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    MessageAdded,
    MessageDeleted,
    LabelAdded,
    LabelRemoved,
}

/// What was done to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Change {
    MessageAdded,
    MessageDeleted,
    LabelsAdded(Vec<String>),
    LabelsRemoved(Vec<String>),
}

/// One change of one message.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) id: u64,
    pub(crate) at: Timestamp,
    pub(crate) message_id: String,
    pub(crate) thread_id: String,
    /// The message's labels after the change.
    pub(crate) label_ids: Vec<String>,
    pub(crate) change: Change,
}

impl Record {
    pub(crate) fn is_of(&self, wanted: Type) -> bool {
        let own = match self.change {
            Change::MessageAdded => Type::MessageAdded,
            Change::MessageDeleted => Type::MessageDeleted,
            Change::LabelsAdded(_) => Type::LabelAdded,
            Change::LabelsRemoved(_) => Type::LabelRemoved,
        };
        own == wanted
    }

    /// Whether the message has the label, or just got or lost it.
    pub(crate) fn concerns(&self, label_id: &str) -> bool {
        let moved: &[String] = match &self.change {
            Change::LabelsAdded(ids) | Change::LabelsRemoved(ids) => ids,
            Change::MessageAdded | Change::MessageDeleted => &[],
        };
        self.label_ids.iter().chain(moved).any(|id| id == label_id)
    }
}

/// A mailbox's history: its present id and the records still kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct History {
    now: u64,
    /// Cursors below this are too old.
    floor: u64,
    records: Vec<Record>,
}

impl History {
    pub(crate) fn starting_at(id: u64) -> Self {
        Self { now: id, floor: id, records: Vec::new() }
    }

    /// The mailbox's present history id.
    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// Moves to the next id.
    pub(crate) fn advance(&mut self, gap: u64) -> u64 {
        self.now += gap;
        self.now
    }

    pub(crate) fn record(&mut self, record: Record) {
        self.records.push(record);
    }

    /// Drops what is older than [`KEPT`].
    pub(crate) fn age(&mut self, now: Timestamp) {
        let oldest = now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN);
        let gone = self.records.iter().take_while(|record| record.at < oldest).count();
        if let Some(last) = self.records.drain(..gone).next_back() {
            self.floor = last.id;
        }
    }

    /// Drops everything; cursors up to now are too old.
    pub(crate) fn expire(&mut self, gap: u64) {
        self.floor = self.advance(gap);
        self.records.clear();
    }

    /// The records after `start`, oldest first, or `None` if nobody can say any more (or yet).
    pub(crate) fn since(&self, start: u64) -> Option<&[Record]> {
        if start < self.floor || start > self.now {
            return None;
        }
        let first = self.records.partition_point(|record| record.id <= start);
        self.records.get(first..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_good_until_a_record_after_it_was_dropped() {
        let start: Timestamp = "2031-03-03T09:00:00Z".parse().unwrap();
        let mut history = History::starting_at(100);
        for day in 0..3 {
            let id = history.advance(10);
            history.record(Record {
                id,
                at: start + SignedDuration::from_hours(24 * day),
                message_id: "m".into(),
                thread_id: "t".into(),
                label_ids: vec![],
                change: Change::MessageAdded,
            });
        }
        assert_eq!(history.since(100).unwrap().len(), 3);
        assert_eq!(history.since(110).unwrap().len(), 2);
        assert!(history.since(99).is_none() && history.since(131).is_none());
        history.age(start + KEPT + SignedDuration::from_hours(1));
        assert!(history.since(100).is_none(), "the record 110 is gone");
        assert_eq!(history.since(110).unwrap().len(), 2);
        history.expire(7);
        assert!(history.since(130).is_none());
        assert_eq!(history.since(history.now()).unwrap().len(), 0);
    }
}
