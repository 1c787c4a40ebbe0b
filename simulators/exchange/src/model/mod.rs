//! The tenant's state, without HTTP.

mod answer;
mod birthday;
mod body;
mod calendar;
mod certificate;
mod changes;
mod contact;
mod contact_folder;
mod event;
mod extended;
mod folder;
mod grants;
pub(crate) mod ids;
mod ledger;
mod mailbox;
mod meeting;
mod message;
mod occurrence;
mod post;
mod recurrence;
pub(crate) mod rsa;
mod seed;
mod sending;
mod series;
mod settings;
mod span;
mod subscription;
mod switches;
mod todo;
mod translate;
mod upload;
mod values;
mod zone_names;
mod zones;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use answer::Response;
pub(crate) use body::Body;
pub(crate) use calendar::{COLORS as CALENDAR_COLORS, Calendar, CalendarGroup};
pub(crate) use certificate::{PublicKey, thumbprint};
pub(crate) use changes::{Change, ChangeKind};
pub(crate) use contact::{Contact, Photo};
pub(crate) use contact_folder::{ContactFolder, DEFAULT_DISPLAY_NAME};
pub(crate) use event::{Event, Person, read_body, read_flag, read_plain, unreadable};
pub(crate) use extended::{Extended, canonical};
pub(crate) use folder::Folder;
pub(crate) use grants::{Access, Code, Device, DeviceAnswer, Grants, Need, Refresh, SEED_SCOPE, scope_names};
pub(crate) use ledger::{BATCH_WIDTH, Ledger, MAX_LAG};
pub(crate) use mailbox::{Item, Mailbox, Removed, Stamp};
pub(crate) use message::{Attachment, Content, Message, Writer, item_file};
pub(crate) use occurrence::occurrence_key;
pub(crate) use post::{Letter, PATIENCE, PostOffice};
pub(crate) use sending::FollowUp;
pub(crate) use series::{Former, Role, Series};
pub(crate) use settings::{LOCALES, Settings};
pub(crate) use span::{Span, read_moment, unsupported_zone};
pub(crate) use subscription::{Sealing, Subscription, usual_tls};
pub(crate) use todo::{Link, ListRole, Step, Task, TaskFile, TaskList};
pub(crate) use translate::IdForm;
pub(crate) use upload::{UPLOAD_LIFE, Upload};
pub(crate) use values::{Blob, read_choice, read_text, read_words, unknown_property};
pub(crate) use zone_names::WINDOWS_ZONES;
pub(crate) use zones::{Zone, civil_text, instant, read_instant, stamp_text};

pub use answer::Answer;
pub use event::Invitation;
pub use grants::GrantHurdle;
pub use mailbox::{MailboxState, WellKnown};
pub use message::DeliverError;
pub use seed::SeedError;
pub use sending::SentMail;
pub use subscription::LifecycleEvent;
pub use switches::{Limits, PartFault, Switches};

/// The application that may ask for tokens.
pub(crate) const CLIENT_ID: &str = "syncline-client";
/// Its secret.
pub(crate) const CLIENT_SECRET: &str = "syncline-secret";

/// Exchange Online's data of one tenant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Exchange {
    /// How the service misbehaves.
    pub switches: Switches,
    /// What was mailed about meetings, oldest first, within the tenant and to people outside.
    pub outbox: Vec<SentNotice>,
    /// The mail that users sent, oldest first.
    #[serde(default)]
    pub sent_mail: Vec<SentMail>,
    pub(crate) seed: String,
    pub(crate) counter: u64,
    pub(crate) tenant: String,
    pub(crate) mailboxes: Vec<Mailbox>,
    pub(crate) grants: Grants,
    pub(crate) subscriptions: BTreeMap<String, Subscription>,
    /// Notifications on their way.
    #[serde(default)]
    pub(crate) post: PostOffice,
    pub(crate) delta_generation: u64,
    #[serde(default)]
    pub(crate) ledger: Ledger,
    /// Large attachments on their way.
    #[serde(default)]
    pub(crate) uploads: BTreeMap<String, Upload>,
    /// What happened in the present request; empty between requests.
    #[serde(skip)]
    pub(crate) changes: Vec<Change>,
}

/// A mail that Exchange sent because of what happened to a meeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentNotice {
    /// When.
    pub at: Timestamp,
    /// The organizer's address.
    pub organizer: String,
    /// Who sent it: the organizer, or an attendee who answers or passes the invitation on.
    pub from: String,
    /// Who gets it.
    pub to: String,
    /// The meeting's iCalUId.
    pub ical_uid: String,
    /// What the mail says.
    pub kind: NoticeKind,
    /// What the sender wrote besides.
    pub comment: String,
}

/// What a mail about a meeting says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoticeKind {
    /// To an attendee: you are invited.
    Invitation,
    /// To an attendee: the meeting has changed.
    Update,
    /// To an attendee: the meeting is off, or you are no longer invited.
    Cancellation,
    /// To the organizer: an attendee has answered.
    Response(Answer),
    /// To the organizer: an attendee has invited others.
    Forwarded,
}

/// A saved world that cannot be read back.
#[derive(Debug)]
pub struct RestoreError(serde_json::Error);

impl std::fmt::Display for RestoreError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "the saved Exchange world does not fit this version of the simulator; delete it to start anew"
        )
    }
}

impl std::error::Error for RestoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl Exchange {
    /// A tenant without users. Worlds of the same seed make the same ids.
    pub fn empty(seed: &str) -> Self {
        Self {
            switches: Switches::default(),
            outbox: Vec::new(),
            sent_mail: Vec::new(),
            seed: seed.to_owned(),
            counter: 0,
            tenant: ids::guid(&[seed, "tenant"]),
            mailboxes: Vec::new(),
            grants: Grants::default(),
            subscriptions: BTreeMap::new(),
            post: PostOffice::default(),
            delta_generation: 1,
            ledger: Ledger::default(),
            uploads: BTreeMap::new(),
            changes: Vec::new(),
        }
    }

    /// The whole world as JSON.
    ///
    /// # Panics
    /// Never: the state is plain data.
    pub fn snapshot(&self) -> Value {
        serde_json::to_value(self).expect("plain data is JSON")
    }

    /// The world of a [`snapshot`](Self::snapshot).
    ///
    /// # Errors
    /// If the value is no such snapshot.
    pub fn restore(value: Value) -> Result<Self, RestoreError> {
        let world: Self = serde_json::from_value(value).map_err(RestoreError)?;
        if world.names_only_its_mailboxes() {
            return Ok(world);
        }
        Err(RestoreError(serde::de::Error::custom("something in it belongs to a mailbox that is not there")))
    }

    fn names_only_its_mailboxes(&self) -> bool {
        let subscribed = self.subscriptions.values().map(|subscription| subscription.mailbox);
        let owners = self.subscriptions.values().filter_map(|subscription| subscription.owner);
        let uploads = self.uploads.values().map(|upload| upload.mailbox);
        subscribed
            .chain(owners)
            .chain(uploads)
            .chain(self.grants.mailboxes())
            .all(|mailbox| mailbox < self.mailboxes.len())
    }

    /// The tenant's id, as tokens and notifications show it.
    pub fn tenant_id(&self) -> &str {
        &self.tenant
    }

    /// The next of the names that look random.
    pub(crate) fn next_guid(&mut self, what: &str) -> String {
        self.counter += 1;
        ids::guid(&[&self.seed, what, &self.counter.to_string()])
    }

    /// The next secret that looks random: 43 characters.
    pub(crate) fn next_secret(&mut self, what: &str) -> String {
        self.counter += 1;
        ids::encode_bare(&ids::digest(&[&self.seed, what, &self.counter.to_string()]))
    }

    /// The mailbox of a user id or user principal name.
    pub(crate) fn mailbox_of(&self, name: &str) -> Option<usize> {
        self.mailboxes.iter().position(|mailbox| mailbox.is_named(name))
    }
}
