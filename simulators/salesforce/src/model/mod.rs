//! The org as a state machine: rows, users and their tokens, and what tests may turn.

mod announce;
mod app;
mod assertion;
mod assignment;
mod attempts;
mod bin;
mod burden;
mod caller;
pub(crate) mod changes;
mod check;
mod commit;
mod convert;
pub(crate) mod custom;
mod door;
mod duplicates;
mod edition;
mod feature;
pub(crate) mod id;
mod input;
mod merge;
pub(crate) mod objects;
mod organization;
pub(crate) mod outbox;
mod password;
mod read;
pub(crate) mod refusal;
mod rights;
mod rules;
pub(crate) mod schema;
mod security;
mod seed;
mod series;
mod sharing;
pub(crate) mod stamp;
mod standing;
pub(crate) mod store;
mod usage;
mod validation;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

pub(crate) use app::is_certificate;
pub use app::{APP_CERTIFICATE, APP_PRIVATE_KEY, App};
pub use assignment::{AssignmentEntry, AssignmentRule};
pub use burden::QueryBurden;
pub(crate) use caller::{Caller, Terms};
pub(crate) use check::accept;
pub(crate) use convert::{Conversion, Converted};
pub(crate) use door::{Approval, CodeGrant, Denial, Pass};
pub use door::{CLIENT_ID, CLIENT_SECRET, PASSWORD};
pub use duplicates::{DuplicateAction, DuplicateRule, MatchBy, MatchingRule};
pub use edition::Edition;
pub use feature::Feature;
pub(crate) use input::Input;
pub(crate) use merge::{Merge, Merged, is_mergeable};
pub use outbox::{EventRelay, OutboundMessage, RelayState};
pub(crate) use read::{Paging, attributes, record};
pub use rights::Unfit;
pub use security::FieldAccess;
pub use sharing::OrgDefault;
pub use store::Row;
pub(crate) use store::Values;
pub use validation::ValidationRule;
pub(crate) use write::Upserted;

use commit::Commits;
use custom::Customization;
use door::Door;
use outbox::Outbox;
use read::Cursor;
use rights::Rights;
use schema::Schema;
use store::Store;
use usage::Usage;

use crate::package::Package;

/// What tests and people may turn while the org runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Knobs {
    /// How long after its stamp a write is committed, that is seen by any reader. A long transaction.
    pub commit_delay: Duration,
    /// Calls per rolling 24 hours; above it each call is refused with `REQUEST_LIMIT_EXCEEDED`.
    pub daily_limit: u64,
    /// The greatest number of rows per query page, where it is to be less than what the client asks for.
    pub batch_size: Option<usize>,
    /// Whether a refresh gives a new refresh token and kills the old one (an option of the connected app).
    pub rotate_refresh_tokens: bool,
    /// Whether events may last longer than a day (an option of the org's activity settings).
    pub multiday_events: bool,
    /// How many ids one answer about changed or deleted rows holds; where there are more it is refused.
    #[serde(default = "most_replicated")]
    pub replication_limit: usize,
    /// How long a session lives without being used. The vendor's default is two hours.
    pub session_timeout: Duration,
    /// How long after its commit a write is found by searches.
    pub search_lag: Duration,
    /// The next so many queries, right as they are, are given up.
    pub queries_given_up: u32,
    /// Why.
    pub query_burden: QueryBurden,
    /// The next so many API calls are refused with 503.
    pub unavailable: u32,
    /// Whether a 503 is a page of HTML, as from a machine in front of the service.
    pub html_errors: bool,
    /// Whether the person at the page of approval says no.
    pub deny_consent: bool,
    /// Whether the org's edition has the API; without it each call is refused with `API_DISABLED_FOR_ORG`.
    pub api_enabled: bool,
    /// Whether everybody may edit fields that come with packages, with or without permission set.
    pub new_fields_for_all: bool,
    /// Whether change events come as gaps: they tell which row changed, and not how.
    pub gap_events: bool,
    /// Whether refusals of duplicates spell `duplicateResult` with its `l`, which the vendor's leave out.
    pub duplicate_result_spelled_right: bool,
}

/// The vendor's own bound of getUpdated and getDeleted.
fn most_replicated() -> usize {
    600_000
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            commit_delay: Duration::ZERO,
            daily_limit: 15_000,
            batch_size: None,
            rotate_refresh_tokens: false,
            multiday_events: true,
            replication_limit: most_replicated(),
            session_timeout: Duration::from_hours(2),
            search_lag: Duration::from_secs(5),
            queries_given_up: 0,
            query_burden: QueryBurden::Timeout,
            unavailable: 0,
            html_errors: false,
            deny_consent: false,
            api_enabled: true,
            new_fields_for_all: false,
            gap_events: false,
            duplicate_result_spelled_right: false,
        }
    }
}

/// A Salesforce org.
#[derive(Debug, Serialize, Deserialize)]
pub struct Salesforce {
    /// What tests and people may turn.
    pub knobs: Knobs,
    /// The one connected app.
    #[serde(default)]
    pub app: App,
    org_id: String,
    seed: String,
    /// How many ids and tokens were drawn.
    drawn: u64,
    /// What the admins made of the standard objects.
    customization: Customization,
    /// When the schema was last changed.
    schema_changed: Timestamp,
    store: Store,
    door: Door,
    usage: Usage,
    outbox: Outbox,
    /// The change events that the channels of installed packages carry.
    captured: BTreeSet<String>,
    /// Where clients reach the org, as the last of them did.
    instance: String,
    cursors: BTreeMap<String, Cursor>,
    /// How often the next writes of these rows are refused.
    locks: BTreeMap<String, u32>,
    /// The last number of each field that counts up, by object and field.
    counters: BTreeMap<String, u64>,
    /// Who may do what.
    rights: Rights,
    #[serde(default)]
    commits: Commits,
    /// Up to when the log of deletions was purged.
    #[serde(default)]
    deletions_purged: Option<Timestamp>,
    /// The user whose request runs.
    #[serde(skip)]
    acting: String,
}

/// Why a snapshot cannot be restored.
#[derive(Debug)]
pub struct BrokenSnapshot(serde_json::Error);

impl std::fmt::Display for BrokenSnapshot {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "this is no snapshot of a Salesforce simulator of this version; take a new one")
    }
}

impl std::error::Error for BrokenSnapshot {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl Salesforce {
    /// An org without users or rows. `seed` decides ids and tokens.
    pub fn empty(seed: &str, now: Timestamp) -> Self {
        let mut org = Self {
            knobs: Knobs::default(),
            app: App::default(),
            org_id: String::new(),
            seed: seed.to_owned(),
            drawn: 0,
            customization: Customization::default(),
            schema_changed: stamp::whole_seconds(now),
            store: Store::empty(Schema::standard()),
            door: Door::default(),
            usage: Usage::default(),
            outbox: Outbox::default(),
            captured: BTreeSet::new(),
            instance: "https://northwind.my.salesforce.com".to_owned(),
            cursors: BTreeMap::new(),
            locks: BTreeMap::new(),
            counters: BTreeMap::new(),
            rights: Rights::default(),
            commits: Commits::default(),
            deletions_purged: None,
            acting: String::new(),
        };
        org.org_id = id::mint("00D", &org.draw("org"));
        org.set_up_organization(now);
        org.set_up_profiles(now);
        org
    }

    /// Puts another world in this one's place. What is still on its way from this one is nothing to the other.
    pub(crate) fn give_way_to(&mut self, mut other: Self) {
        other.outbox.number_after(&self.outbox);
        *self = other;
    }

    /// The whole world as JSON.
    pub fn snapshot(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The world of a [`snapshot`](Self::snapshot).
    pub fn restore(snapshot: Value) -> Result<Self, BrokenSnapshot> {
        let mut org: Self = serde_json::from_value(snapshot).map_err(BrokenSnapshot)?;
        let schema = Schema::of(&org.customization);
        org.store.reshape(schema);
        Ok(org)
    }

    /// The rows of an object (by its exact name) that are not deleted, in their newest state.
    pub fn rows(&self, object: &str) -> impl Iterator<Item = &Row> {
        let object = self.schema().object(object);
        object.into_iter().flat_map(|object| self.store.rows(object)).filter(|row| !row.is_deleted())
    }

    /// A row by its id of 15 or 18 characters, also from the recycle bin.
    pub fn row(&self, id: &str) -> Option<&Row> {
        self.store.row(&id::canonical(id)?)
    }

    /// The next `times` writes of this row are refused with `UNABLE_TO_LOCK_ROW`.
    pub fn lock_next(&mut self, id: &str, times: u32) {
        if let Some(id) = id::canonical(id) {
            self.locks.insert(id, times);
        }
    }

    /// Ends every session, as if each had timed out; refresh tokens stay good.
    pub fn expire_sessions(&mut self) {
        self.door.expire_sessions();
    }

    /// Ends the sessions of one user, as if each had timed out.
    pub fn expire_sessions_of(&mut self, username: &str) {
        if let Some(user) = self.user_named(username).map(|user| user.id().to_owned()) {
            self.door.expire_sessions_of(&user);
        }
    }

    /// The org becomes one of that edition, with so many user licences: this sets the daily limit.
    pub fn license(&mut self, edition: Edition, licences: u32) {
        self.knobs.daily_limit = edition.daily_calls(licences);
    }

    /// The user, or an admin, takes back the approval: each refresh token and session of his ends.
    pub fn revoke_refresh_token(&mut self, username: &str) {
        let user = self.user_named(username).map(|user| user.id().to_owned());
        self.door.revoke_of(username, user);
    }

    /// How often the next writes of which rows are refused.
    pub(crate) fn locks(&self) -> impl Iterator<Item = (&str, u32)> {
        self.locks.iter().filter(|(_, times)| **times > 0).map(|(id, times)| (id.as_str(), *times))
    }

    pub(crate) fn unlock_all(&mut self) {
        self.locks.clear();
    }

    pub(crate) fn forget_calls(&mut self) {
        self.usage.forget();
    }

    /// Deploys a package: its objects and fields are there from now on, for those who have a permission set
    /// that grants them.
    pub fn install(&mut self, package: &Package, now: Timestamp) {
        self.customize(&package.customization, now);
        self.captured.extend(package.change_events.iter().cloned());
        self.set_up_permission_sets(package, now);
    }

    /// Switches a feature of the product on or off; rows keep the values they have.
    pub fn set_feature(&mut self, feature: Feature, on: bool, now: Timestamp) {
        let features = BTreeMap::from([(feature, on)]);
        self.customize(&Customization { features, ..Customization::default() }, now);
    }

    /// Whether the org has a feature.
    pub fn has_feature(&self, feature: Feature) -> bool {
        self.customization.has(feature)
    }

    /// Changes the schema; rows keep the values they have.
    pub(crate) fn customize(&mut self, change: &Customization, now: Timestamp) {
        self.customization.add(change);
        self.touch_schema(now);
        self.store.reshape(Schema::of(&self.customization));
    }

    /// All objects of the org, whoever may see them.
    pub(crate) fn schema(&self) -> &'static Schema {
        self.store.schema()
    }

    /// Where clients reach the org.
    pub(crate) fn instance(&self) -> &str {
        &self.instance
    }

    pub(crate) fn reached_at(&mut self, origin: &str) {
        if self.instance != origin {
            origin.clone_into(&mut self.instance);
        }
    }

    pub(crate) fn org_id(&self) -> &str {
        &self.org_id
    }

    /// What users see of the schema may be another one from now on.
    pub(crate) fn touch_schema(&mut self, now: Timestamp) {
        self.schema_changed = stamp::whole_seconds(now);
    }

    pub(crate) fn schema_changed(&self) -> Timestamp {
        self.schema_changed
    }

    /// 32 bytes that no two draws share and every run of the same seed repeats.
    fn draw(&mut self, purpose: &str) -> [u8; 32] {
        self.drawn += 1;
        Sha256::digest(format!("{}/{purpose}/{}", self.seed, self.drawn)).into()
    }

    /// A request begins: what was written before is written, and a commit is one request's.
    pub(crate) fn begin(&mut self) {
        self.store.begin();
        self.commits.begin();
        self.acting.clear();
    }

    /// What follows in the running request is no part of what was before: that is done, whatever comes.
    pub(crate) fn end_transaction(&mut self) {
        self.store.end_transaction();
    }

    pub(crate) fn count_calls(&mut self, calls: u64, now: Timestamp) {
        self.usage.count(calls, now);
    }

    pub(crate) fn calls_used(&self, now: Timestamp) -> u64 {
        self.usage.within_a_day(now)
    }

    /// A moment to [roll back](Self::roll_back) the running request to.
    pub(crate) fn savepoint(&self) -> store::Savepoint {
        self.store.savepoint()
    }

    pub(crate) fn roll_back(&mut self, to: store::Savepoint) {
        self.store.roll_back(to);
    }
}

/// 32 bytes that follow from these texts alone.
fn digest(parts: &[&str]) -> [u8; 32] {
    Sha256::digest(parts.join("/")).into()
}
