//! How far a collection on one side has been read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::time::Window;

/// Where the next read begins. Tokens are the remote's own and opaque.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// From the beginning.
    Start,
    /// In the middle of a round of pages.
    Page(String),
    /// After a complete round: only what changed since.
    Delta(String),
}

/// Why a collection is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// For the first time (D-05).
    Fresh,
    /// Changes only.
    Incremental,
    /// All of it again, because the remote forgot where we were or the window moved on. At the end of
    /// the complete listing, links it did not show are looked up one by one (never deleted by absence).
    FullScan {
        /// Counts the full scans of this cursor.
        generation: u32,
    },
}

/// The cursor of one collection. It moves only when everything listed before it is applied or parked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Where to go on.
    pub position: Position,
    /// What this round is.
    pub mode: Mode,
    /// The window the round was begun with; none for collections without one.
    pub window: Option<Window>,
}

impl Cursor {
    /// A collection that was never read.
    pub fn fresh(window: Option<Window>) -> Self {
        Self { position: Position::Start, mode: Mode::Fresh, window }
    }

    /// The same collection, to be read again from the beginning.
    #[must_use]
    pub fn restarted(&self, window: Option<Window>) -> Self {
        let mode = match self.mode {
            Mode::Fresh => Mode::Fresh,
            Mode::Incremental => Mode::FullScan { generation: 1 },
            Mode::FullScan { generation } => Mode::FullScan { generation: generation.saturating_add(1) },
        };
        Self { position: Position::Start, mode, window }
    }

    /// After one more page.
    #[must_use]
    pub fn advanced(&self, next: &Next) -> Self {
        match next {
            Next::Page(token) => Self { position: Position::Page(token.clone()), ..self.clone() },
            Next::Done(token) => {
                Self { position: Position::Delta(token.clone()), mode: Mode::Incremental, window: self.window }
            }
        }
    }

    /// Whether the window has moved (with time, or because the policy changed at either end) so far since
    /// the round began that the collection must be listed anew: a delta token keeps the window it was
    /// born with.
    pub fn is_outgrown(&self, window: &Window) -> bool {
        let slack = jiff::SignedDuration::from_hours(24 * Self::WINDOW_SLACK_DAYS);
        let is_far = |one: Timestamp, other: Timestamp| one.duration_since(other).abs() >= slack;
        self.window.is_some_and(|begun| is_far(window.from, begun.from) || is_far(window.until, begun.until))
    }

    /// How many days the window may move before the collection is listed anew.
    pub const WINDOW_SLACK_DAYS: i64 = 7;
}

/// What follows a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another page of the same round.
    Page(String),
    /// Nothing: the round is complete, and this token asks for what changes from here on.
    Done(String),
}

/// Part of a listing.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// What it shows; may be empty in the middle of a round.
    pub items: Vec<T>,
    /// What follows.
    pub next: Next,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_ends_in_incremental_reading_and_a_restart_is_a_new_generation() {
        let cursor = Cursor::fresh(None);
        let middle = cursor.advanced(&Next::Page("p".into()));
        assert_eq!((middle.position.clone(), middle.mode), (Position::Page("p".into()), Mode::Fresh));
        let done = middle.advanced(&Next::Done("d".into()));
        assert_eq!((done.position.clone(), done.mode), (Position::Delta("d".into()), Mode::Incremental));
        let again = done.restarted(None);
        assert_eq!((again.position.clone(), again.mode), (Position::Start, Mode::FullScan { generation: 1 }));
        assert_eq!(middle.restarted(None).mode, Mode::Fresh, "an interrupted first round stays a first round");
    }

    #[test]
    fn d02_a_collection_is_listed_anew_when_either_end_of_its_window_has_moved_a_week() {
        let now: Timestamp = "2031-03-08T09:00:00Z".parse().unwrap();
        let window =
            |days: i64, back, ahead| Window::around(now + jiff::SignedDuration::from_hours(24 * days), back, ahead);
        let cursor = Cursor::fresh(Some(window(0, 14, 400)));
        for (case, later, expected) in [
            ("at once", window(0, 14, 400), false),
            ("six days on", window(6, 14, 400), false),
            ("a week on", window(7, 14, 400), true),
            ("the policy looks further back", window(0, 30, 400), true),
            ("the policy looks less far ahead", window(0, 14, 90), true),
            ("the policy looks further ahead", window(0, 14, 800), true),
        ] {
            assert_eq!(cursor.is_outgrown(&later), expected, "{case}");
        }
        assert!(!Cursor::fresh(None).is_outgrown(&window(90, 14, 400)), "it has no window");
    }
}
