//! What was asked of a simulator, for tests that count calls and people who wonder.

use jiff::Timestamp;

/// One request and how it was answered. Bodies and tokens are not kept.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The simulator's time.
    pub at: Timestamp,
    /// The method.
    pub method: String,
    /// The path, percent-encoded as sent.
    pub path: String,
    /// The query as sent.
    pub query: String,
    /// The answer's status.
    pub status: u16,
    /// Whether a fault was played on it.
    pub faulted: bool,
}

/// The requests of one simulator, oldest first, at most [`Journal::LIMIT`] of them.
#[derive(Debug, Default)]
pub struct Journal {
    entries: std::collections::VecDeque<Entry>,
    total: u64,
}

impl Journal {
    /// How many entries are kept; older ones go.
    pub const LIMIT: usize = 100_000;

    pub(crate) fn record(&mut self, entry: Entry) {
        if self.entries.len() == Self::LIMIT {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
        self.total += 1;
    }

    /// The kept entries, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// How many requests there were in all, those no longer kept included.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Forgets the entries and counts anew.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.total = 0;
    }
}
