//! What an org wants mirrored, and how. Every number is a default and can be set.

use serde::{Deserialize, Serialize};

use crate::mail::Correspondent;

/// The settings of an org.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Minutes between two sessions of a user (D-01).
    pub interval_minutes: u32,
    /// Calendar window, days back (D-02).
    pub event_days_back: u16,
    /// Calendar window, days ahead (D-02).
    pub event_days_ahead: u16,
    /// How far before activation mail is taken, days (D-02).
    pub mail_days_before_activation: u16,
    /// Which of the mailbox's events from before activation go up (D-05).
    pub existing_events: ExistingEvents,
    /// Who wins where both sides changed a field to different values (D-08).
    pub conflict: Conflict,
    /// What a delete on one side does to the other (D-10).
    pub delete: DeletePolicy,
    /// How many deletes are too many (D-11).
    pub mass_delete: MassDelete,
    /// What happens to private items (D-17).
    pub private: PrivatePolicy,
    /// Whether invitations that are not answered yet are mirrored (D-20).
    pub mirror_unanswered: bool,
    /// The category that marks an item for the CRM, and the stem of all folder names (D-22).
    pub category: String,
    /// What strangers become (D-30).
    pub resolve_mode: ResolveMode,
    /// Addresses and domains whose mail is never taken and who never become records, lower case.
    pub blocklist: Vec<String>,
    /// Seconds between the end of a user's session and the next insta-sync (D-07).
    pub insta_sync_spacing_seconds: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            interval_minutes: 30,
            event_days_back: 14,
            event_days_ahead: 400,
            mail_days_before_activation: 6,
            existing_events: ExistingEvents::Marked,
            conflict: Conflict::Newest,
            delete: DeletePolicy::Propagate,
            mass_delete: MassDelete::default(),
            private: PrivatePolicy::Mark,
            mirror_unanswered: true,
            category: "Salesforce".to_owned(),
            resolve_mode: ResolveMode::Off,
            blocklist: Vec::new(),
            insta_sync_spacing_seconds: 2,
        }
    }
}

impl Policy {
    /// Whether the address or its domain is on the blocklist.
    pub fn is_blocked(&self, person: &Correspondent) -> bool {
        self.blocklist.iter().any(|entry| *entry == person.address || *entry == person.domain())
    }
}

/// Which of the mailbox's events from before activation go up (D-05).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExistingEvents {
    /// Those the user marks.
    Marked,
    /// All: the admin asked for it.
    All,
}

/// Who wins a conflict (D-08).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conflict {
    /// The side that was changed last; the mailbox, if both at once.
    Newest,
    /// Always the mailbox.
    Mailbox,
    /// Always the CRM.
    Crm,
}

/// What a delete on one side does to the other (D-10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeletePolicy {
    /// The other side's item goes too, within the guards.
    Propagate,
    /// The other side's item stays, no longer linked.
    Unlink,
    /// The item is made again where it was deleted.
    Restore,
}

/// How many deletes of one kind, in one session and on one side, are too many (D-11, X-26).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MassDelete {
    /// More than so many are held.
    pub count: u32,
    /// More than this share of the linked items, in percent, is held ...
    pub percent: u32,
    /// ... unless there are no more than so many: a few deletes in a small calendar are no accident.
    pub floor: u32,
}

impl Default for MassDelete {
    fn default() -> Self {
        Self { count: 50, percent: 10, floor: 5 }
    }
}

/// What happens to private items (D-17).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrivatePolicy {
    /// Mirrored, marked private there too (V-36).
    Mark,
    /// Not mirrored.
    Skip,
}

/// What strangers become (D-30).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResolveMode {
    /// Nothing.
    Off,
    /// Leads.
    Lead,
}
