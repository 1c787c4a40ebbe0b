//! What a session did, item by item, with a reason for each.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{RemoteId, SessionId, UserId};
use crate::item::Kind;
use crate::job::{Stream, Trigger};
use crate::reason::Reason;

/// What happened to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Made in the CRM.
    CreatedInCrm,
    /// Made in the mailbox.
    CreatedInMailbox,
    /// Changed in the CRM.
    UpdatedInCrm,
    /// Changed in the mailbox.
    UpdatedInMailbox,
    /// Removed from the CRM.
    DeletedFromCrm,
    /// Removed from the mailbox.
    DeletedFromMailbox,
    /// Linked to a counterpart that was already there.
    Linked,
    /// Not linked any more, or closed after both sides lost it.
    Unlinked,
    /// Out of the window, or back in it.
    Rested,
    /// Left as it is.
    Skipped,
    /// Put aside with its reason; it is shown, and tried again if that may help.
    Parked,
    /// An e-mail became a record.
    Ingested,
    /// An e-mail's record already existed; it may have got new relations.
    Related,
    /// Seen, and nothing to do.
    Unchanged,
}

impl Effect {
    /// Its name in rows, reports and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::CreatedInCrm => "created_in_crm",
            Self::CreatedInMailbox => "created_in_mailbox",
            Self::UpdatedInCrm => "updated_in_crm",
            Self::UpdatedInMailbox => "updated_in_mailbox",
            Self::DeletedFromCrm => "deleted_from_crm",
            Self::DeletedFromMailbox => "deleted_from_mailbox",
            Self::Linked => "linked",
            Self::Unlinked => "unlinked",
            Self::Rested => "rested",
            Self::Skipped => "skipped",
            Self::Parked => "parked",
            Self::Ingested => "ingested",
            Self::Related => "related",
            Self::Unchanged => "unchanged",
        }
    }

    /// Whether something was written on one of the sides.
    pub fn is_write(self) -> bool {
        matches!(
            self,
            Self::CreatedInCrm
                | Self::CreatedInMailbox
                | Self::UpdatedInCrm
                | Self::UpdatedInMailbox
                | Self::DeletedFromCrm
                | Self::DeletedFromMailbox
                | Self::Ingested
        )
    }
}

/// One item of a report. Ids only, never content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What kind of item.
    pub kind: Kind,
    /// Its id in the mailbox, if it is there.
    pub mailbox: Option<RemoteId>,
    /// Its id in the CRM, if it is there.
    pub crm: Option<RemoteId>,
    /// What happened to it.
    pub effect: Effect,
    /// Why.
    pub reason: Reason,
    /// The remote's own code, or what is wrong with the item; empty if the reason says it all.
    pub detail: String,
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Everything seen is dealt with.
    Complete,
    /// The deadline or a limit came first; a follow-up job goes on.
    ToBeContinued,
    /// It had to stop.
    Failed {
        /// Why, for people: kind of trouble and operation, no content.
        problem: String,
    },
}

/// What a session did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionReport {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// Which stream.
    pub stream: Stream,
    /// Why it ran.
    pub trigger: Trigger,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// How it ended.
    pub ending: Ending,
    /// How often each effect occurred.
    pub counts: BTreeMap<Effect, u32>,
    /// The items, unchanged ones left out, at most [`SessionReport::MAX_LINES`].
    pub lines: Vec<Line>,
}

impl SessionReport {
    /// How many lines a report keeps; the counts go on.
    pub const MAX_LINES: usize = 1_000;

    /// An empty report of a session that begins now.
    pub fn begin(id: SessionId, user: UserId, stream: Stream, trigger: Trigger, now: Timestamp) -> Self {
        Self {
            id,
            user,
            stream,
            trigger,
            started: now,
            ended: now,
            ending: Ending::Complete,
            counts: BTreeMap::new(),
            lines: Vec::new(),
        }
    }

    /// Adds an item.
    pub fn add(&mut self, line: Line) {
        *self.counts.entry(line.effect).or_default() += 1;
        if line.effect != Effect::Unchanged && self.lines.len() < Self::MAX_LINES {
            self.lines.push(line);
        }
    }

    /// How often an effect occurred.
    pub fn count(&self, effect: Effect) -> u32 {
        self.counts.get(&effect).copied().unwrap_or_default()
    }

    /// How many writes reached one of the sides.
    pub fn writes(&self) -> u32 {
        self.counts.iter().filter(|(effect, _)| effect.is_write()).map(|(_, count)| count).sum()
    }
}
