//! Ports that break on order: each call of the engine goes through a [`Script`], which counts it and may
//! kill the session there, hold it, or fail the call.
//!
//! A killed session never goes on and never cleans up: its task waits for ever at the call and is then
//! aborted, which is what a killed process looks like from outside.

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use syncline_core::cursor::{Cursor, Page, Position};
use syncline_core::history;
use syncline_core::ids::{MessageId, OrgId, RemoteId, SubscriptionId, SyncKey, UserId};
use syncline_core::item::{Kind, Side};
use syncline_core::job::{Job, Stream};
use syncline_core::link::Link;
use syncline_core::mail::MailObservation;
use syncline_core::observation::{EventSeen, Observation, Series};
use syncline_core::org::{ConnectionState, Org, User};
use syncline_core::report::SessionReport;
use syncline_core::time::Window;
use syncline_engine::Ports;
use syncline_ports::{
    Capture, CaptureClaim, Company, ConnectionRow, Connector, Crm, CrmMail, CursorKey, DueUser, ErrorKind, EventWrite,
    Events, Intent, JobQueue, LeadDraft, Lease, LeaseOutcome, Made, Mailbox, Mails, Named, NewCrmMail, Outcome,
    ParkedRow, People, Person, PersonName, PortError, Push, PushRequest, PushResource, Pushed, Raised, Relation,
    Released, Sealed, Secrets, SessionRow, StateStore, StrangerRow, SubscriptionRow, WaitingMail,
};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// On which side of a call something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The call is never made.
    Before,
    /// It is made, and its answer is not seen.
    After,
}

impl Moment {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Before, Self::After];
}

/// What happens at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    /// The session dies.
    Death,
    /// It stands still until [`Script::resume`], then goes on as if nothing had been.
    Pause,
    /// The call fails: as if never made ([`Moment::Before`]), or with its answer lost
    /// ([`Moment::After`]).
    Error(ErrorKind),
}

/// At which call what happens, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrashPlan {
    /// The call.
    pub at: u32,
    /// Before or after it.
    pub moment: Moment,
    /// What.
    pub blow: Blow,
}

/// Counts and names the calls of a session, and strikes where its plan says.
#[derive(Debug, Default)]
pub struct Script {
    plan: Option<CrashPlan>,
    calls: Mutex<Vec<&'static str>>,
    struck: Notify,
    resumed: Notify,
}

impl Script {
    /// Only counts and names.
    pub fn recorder() -> Arc<Self> {
        Arc::default()
    }

    /// Strikes once.
    pub fn new(plan: CrashPlan) -> Arc<Self> {
        Arc::new(Self { plan: Some(plan), ..Self::default() })
    }

    /// The ports, with this script in front of them. The clock and the entropy stay.
    pub fn before(self: &Arc<Self>, ports: &Ports) -> Ports {
        let script = || Arc::clone(self);
        Ports {
            store: Arc::new(Store { inner: Arc::clone(&ports.store), script: script() }),
            queue: Arc::new(Queue { inner: Arc::clone(&ports.queue), script: script() }),
            secrets: Arc::new(Vault { inner: Arc::clone(&ports.secrets), script: script() }),
            connector: Arc::new(Switchboard { inner: Arc::clone(&ports.connector), script: script() }),
            ..ports.clone()
        }
    }

    /// The calls so far, in order.
    pub fn calls(&self) -> Vec<&'static str> {
        self.lock().clone()
    }

    /// The call the plan strikes at, if it was reached.
    pub fn struck_at(&self) -> Option<&'static str> {
        let at = usize::try_from(self.plan?.at).ok()?.checked_sub(1)?;
        self.lock().get(at).copied()
    }

    /// Returns once the plan has struck.
    pub async fn has_struck(&self) {
        self.struck.notified().await;
    }

    /// Lets a session go on that was held by [`Blow::Pause`].
    pub fn resume(&self) {
        self.resumed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<&'static str>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, name: &'static str) -> Option<CrashPlan> {
        let mut calls = self.lock();
        calls.push(name);
        let number = calls.len();
        self.plan.filter(|plan| usize::try_from(plan.at) == Ok(number))
    }

    async fn call<T, F>(&self, name: &'static str, call: F) -> Result<T, PortError>
    where
        F: Future<Output = Result<T, PortError>> + Send,
    {
        match self.count(name) {
            None => call.await,
            Some(CrashPlan { moment: Moment::Before, blow, .. }) => {
                self.strike(name, blow).await?;
                call.await
            }
            Some(CrashPlan { moment: Moment::After, blow, .. }) => {
                let answer = call.await;
                self.strike(name, blow).await?;
                answer
            }
        }
    }

    async fn strike(&self, name: &'static str, blow: Blow) -> Result<(), PortError> {
        self.struck.notify_one();
        match blow {
            Blow::Death => pending().await,
            Blow::Pause => {
                self.resumed.notified().await;
                Ok(())
            }
            Blow::Error(kind) => Err(PortError::new(kind, name).code("on_order")),
        }
    }
}

/// How a session under a script ended.
#[derive(Debug)]
pub enum Fate<T> {
    /// The script never struck, or what it did let the session come to its end.
    Lived(T),
    /// It was killed.
    Died,
}

/// Runs a session to its end or its death.
pub async fn run<T: Send + 'static>(
    script: &Arc<Script>,
    session: impl Future<Output = T> + Send + 'static,
) -> Fate<T> {
    let mut task = tokio::spawn(session);
    if !script.plan.is_some_and(|plan| plan.blow == Blow::Death) {
        return Fate::Lived(ended(task.await));
    }
    tokio::select! {
        biased;
        () = script.has_struck() => {
            task.abort();
            // Dead for certain before anything else happens.
            assert!(task.await.is_err_and(|error| error.is_cancelled()), "what was killed ended all the same");
            Fate::Died
        }
        ended_itself = &mut task => Fate::Lived(ended(ended_itself)),
    }
}

/// Runs a session up to the call it is to be held at; `None` if it ended before.
pub async fn run_to_pause<T: Send + 'static>(
    script: &Arc<Script>,
    session: impl Future<Output = T> + Send + 'static,
) -> Option<JoinHandle<T>> {
    let mut task = tokio::spawn(session);
    tokio::select! {
        biased;
        () = script.has_struck() => Some(task),
        ended_itself = &mut task => {
            ended(ended_itself);
            None
        }
    }
}

fn ended<T>(task: Result<T, tokio::task::JoinError>) -> T {
    task.unwrap_or_else(|error| panic!("the session broke: {error}"))
}

/// A part of a mailbox is only asked for once it was seen to be there.
const THERE: &str = "asked of a mailbox that has it";

struct Store {
    inner: Arc<dyn StateStore>,
    script: Arc<Script>,
}

struct Queue {
    inner: Arc<dyn JobQueue>,
    script: Arc<Script>,
}

struct Vault {
    inner: Arc<dyn Secrets>,
    script: Arc<Script>,
}

struct Switchboard {
    inner: Arc<dyn Connector>,
    script: Arc<Script>,
}

struct ScriptedMailbox {
    inner: Arc<dyn Mailbox>,
    script: Arc<Script>,
}

struct ScriptedCrm {
    inner: Arc<dyn Crm>,
    script: Arc<Script>,
}

/// Implements a port trait by asking the same of the port behind, each call under its name. What
/// is no call stands in the block at the end.
macro_rules! scripted {
    (
        $trait:ident for $type:ty, $prefix:literal, by $it:ident => $port:expr;
        $($name:ident($($argument:ident: $of:ty),*) -> $answer:ty;)*
        $({ $($rest:tt)* })?
    ) => {
        #[async_trait]
        impl $trait for $type {
            $(
                async fn $name(&self, $($argument: $of),*) -> Result<$answer, PortError> {
                    let $it = self;
                    self.script.call(concat!($prefix, ".", stringify!($name)), $port.$name($($argument),*)).await
                }
            )*
            $($($rest)*)?
        }
    };
}

#[async_trait]
impl Connector for Switchboard {
    async fn mailbox(&self, user: &User) -> Result<Arc<dyn Mailbox>, PortError> {
        let inner = self.script.call("connector.mailbox", self.inner.mailbox(user)).await?;
        Ok(Arc::new(ScriptedMailbox { inner, script: Arc::clone(&self.script) }))
    }

    async fn crm(&self, user: &User) -> Result<Arc<dyn Crm>, PortError> {
        let inner = self.script.call("connector.crm", self.inner.crm(user)).await?;
        Ok(Arc::new(ScriptedCrm { inner, script: Arc::clone(&self.script) }))
    }
}

impl Mailbox for ScriptedMailbox {
    fn events(&self) -> Option<&dyn Events> {
        self.inner.events().map(|_| self as &dyn Events)
    }

    fn mails(&self) -> &dyn Mails {
        self
    }

    fn push(&self) -> Option<&dyn Push> {
        self.inner.push().map(|_| self as &dyn Push)
    }
}

impl Crm for ScriptedCrm {
    fn events(&self) -> &dyn Events {
        self
    }

    fn people(&self) -> &dyn People {
        self
    }

    fn mail(&self) -> &dyn CrmMail {
        self
    }
}

scripted! {
    Events for ScriptedMailbox, "mailbox.events", by it => it.inner.events().expect(THERE);
    changes(window: &Window, position: &Position) -> Page<Observation>;
    read(ids: &[RemoteId]) -> Vec<Observation>;
    series(masters: &[RemoteId], window: &Window) -> Vec<Observation<Series>>;
    find(keys: &[SyncKey]) -> Vec<EventSeen>;
    write(writes: &[EventWrite]) -> Vec<Outcome>;
}

scripted! {
    Mails for ScriptedMailbox, "mails", by it => it.inner.mails();
    changes(collection: &str, since: Timestamp, position: &Position) -> Page<MailObservation>;
    read(id: &RemoteId) -> MailObservation;
    {
        fn collections(&self) -> &'static [&'static str] {
            self.inner.mails().collections()
        }
    }
}

scripted! {
    Push for ScriptedMailbox, "push", by it => it.inner.push().expect(THERE);
    subscribe(request: &PushRequest) -> Pushed;
    renew(id: &SubscriptionId, resource: PushResource, until: Timestamp) -> Pushed;
    unsubscribe(id: &SubscriptionId) -> ();
    {
        fn longest(&self, resource: PushResource) -> SignedDuration {
            self.inner.push().expect(THERE).longest(resource)
        }
    }
}

scripted! {
    Events for ScriptedCrm, "crm.events", by it => it.inner.events();
    changes(window: &Window, position: &Position) -> Page<Observation>;
    read(ids: &[RemoteId]) -> Vec<Observation>;
    series(masters: &[RemoteId], window: &Window) -> Vec<Observation<Series>>;
    find(keys: &[SyncKey]) -> Vec<EventSeen>;
    write(writes: &[EventWrite]) -> Vec<Outcome>;
}

scripted! {
    People for ScriptedCrm, "people", by it => it.inner.people();
    by_address(addresses: &[String]) -> Vec<Person>;
    create_lead(draft: &LeadDraft) -> Made;
    companies_by_domain(domains: &[String]) -> Vec<Company>;
    companies_by_name(names: &[String]) -> Vec<Company>;
    by_name(names: &[PersonName]) -> Vec<Named>;
}

scripted! {
    CrmMail for ScriptedCrm, "crm.mail", by it => it.inner.mail();
    find(mails: &[(SyncKey, MessageId)]) -> Vec<(MessageId, RemoteId)>;
    create(mail: &NewCrmMail<'_>) -> Made;
    relate(record: &RemoteId, relations: &[Relation]) -> ();
}

scripted! {
    JobQueue for Queue, "queue", by it => it.inner;
    send(jobs: &[Job], delay: std::time::Duration) -> ();
}

scripted! {
    Secrets for Vault, "secrets", by it => it.inner;
    seal(context: &str, plain: &[u8]) -> Sealed;
    open(context: &str, sealed: &Sealed) -> Vec<u8>;
}

scripted! {
    StateStore for Store, "store", by it => it.inner;
    org(id: &OrgId) -> Option<Org>;
    orgs() -> Vec<Org>;
    put_org(org: &Org) -> ();
    user(id: &UserId) -> Option<User>;
    users(org: &OrgId) -> Vec<User>;
    put_user(user: &User) -> ();
    set_connection_state(user: &UserId, side: Side, state: ConnectionState) -> ();
    connection(user: &UserId, side: Side) -> Option<ConnectionRow>;
    put_connection(user: &UserId, side: Side, row: &ConnectionRow) -> ();
    due(shard: u32, now: Timestamp, limit: u32) -> Vec<DueUser>;
    claim_due(due: &DueUser, next: Timestamp) -> bool;
    raise(user: &UserId, stream: Stream, now: Timestamp, lost_after: SignedDuration) -> Raised;
    acquire(user: &UserId, stream: Stream, owner: &str, now: Timestamp, until: Timestamp) -> LeaseOutcome;
    release(lease: &Lease, now: Timestamp) -> Released;
    last_ended(user: &UserId, stream: Stream) -> Option<Timestamp>;
    cursor(user: &UserId, key: &CursorKey) -> Option<Cursor>;
    put_cursor(lease: &Lease, key: &CursorKey, cursor: &Cursor) -> ();
    links(user: &UserId, kind: Kind, mailbox: &[RemoteId], crm: &[RemoteId]) -> Vec<Link>;
    all_links(user: &UserId, kind: Kind) -> Vec<Link>;
    count_links(user: &UserId, kind: Kind) -> u32;
    intents(user: &UserId, kind: Kind) -> Vec<Intent>;
    intend(lease: &Lease, links: &[Link]) -> ();
    forget_intent(lease: &Lease, kind: Kind, key: &SyncKey) -> ();
    save_link(lease: &Lease, before: Option<&Link>, after: &Link) -> ();
    parked(user: &UserId, kind: Kind) -> Vec<ParkedRow>;
    park(user: &UserId, row: &ParkedRow) -> ();
    unpark(user: &UserId, kind: Kind, side: Side, id: &RemoteId) -> ();
    claim_capture(
        org: &OrgId, message: &MessageId, user: &UserId, now: Timestamp, lost_after: SignedDuration
    ) -> CaptureClaim;
    complete_capture(org: &OrgId, message: &MessageId, record: &RemoteId) -> ();
    captures(org: &OrgId, messages: &[MessageId]) -> Vec<Capture>;
    await_stranger(org: &OrgId, domain: &str, stranger: &SyncKey, sealed: &Sealed, mail: &WaitingMail) -> ();
    strangers(org: &OrgId, domain: &str) -> Vec<StrangerRow>;
    settle_stranger(
        org: &OrgId, domain: &str, stranger: &SyncKey, record: &RemoteId, linked: &[WaitingMail]
    ) -> ();
    lock_domain(org: &OrgId, domain: &str, owner: &str, now: Timestamp, until: Timestamp) -> bool;
    unlock_domain(org: &OrgId, domain: &str, owner: &str) -> ();
    subscription(id: &SubscriptionId) -> Option<SubscriptionRow>;
    subscriptions(user: &UserId) -> Vec<SubscriptionRow>;
    put_subscription(row: &SubscriptionRow) -> ();
    remove_subscription(row: &SubscriptionRow) -> ();
    put_session(row: &SessionRow) -> ();
    sessions(user: &UserId, limit: u32) -> Vec<SessionReport>;
    put_history(user: &UserId, entries: &[(history::Entry, Option<Sealed>)]) -> ();
    history(user: &UserId, item: &SyncKey) -> Vec<(history::Entry, Option<Sealed>)>;
}
