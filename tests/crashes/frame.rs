//! How a write path is broken, and how the world is brought to rest afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Unit};
use sim_kit::{Fault, FaultRule, Journal};
use syncline::mapping::FUNCTION_TIMEOUT;
use syncline::seed::{Person, org_id};
use syncline_core::ids::UserId;
use syncline_core::item::Kind;
use syncline_core::job::Trigger;
use syncline_core::org::Provider;
use syncline_core::policy::{Policy, ResolveMode};
use syncline_core::report::{Ending, SessionReport};
use syncline_engine::resolve::{self, Resolved};
use syncline_engine::{Ports, Ran, ingest, mirror};
use syncline_ports::ErrorKind;
use syncline_tests::World;
use syncline_tests::crashing::{self, Blow, CrashPlan, Fate, Moment, Script};
use syncline_tests::world::ANNA;
use tokio::sync::Mutex;

use crate::picture::Picture;
use crate::verdict::{self, Pair, Verdict};

/// Longer than every lease, lock and claim.
pub(crate) const PAST_EVERY_LEASE: Duration = Duration::from_mins(10);
/// Longer than a parked item ever waits (D-32).
const PAST_EVERY_WAIT: Duration = Duration::from_mins(61);
/// Between a change and the session that sees it.
pub(crate) const A_LITTLE: Duration = Duration::from_secs(5);
/// How many sessions an accident may take to be made good.
const MOST_ROUNDS: u32 = 6;
/// How many pairs are made at once: as many as one batch of writes takes.
const STOCK: usize = 20;
/// More calls or requests than any session makes.
const MOST_POINTS: u32 = 150;
/// The calls that write something. A session with nothing to do makes none of them.
const WRITES: [&str; 14] = [
    "mailbox.events.write",
    "crm.events.write",
    "crm.mail.create",
    "crm.mail.relate",
    "people.create_lead",
    "queue.send",
    "store.intend",
    "store.forget_intent",
    "store.save_link",
    "store.park",
    "store.unpark",
    "store.claim_capture",
    "store.await_stranger",
    "store.put_history",
];

/// What is broken.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Session {
    /// Of the mirror stream.
    Mirror(&'static Person),
    /// Of the ingest stream.
    Ingest(&'static Person),
    /// A resolve job for a domain.
    Resolve(&'static str),
}

impl Session {
    /// Runs it on these ports, as its function would. The report is of a session; a job has none.
    pub(crate) async fn on(self, ports: Ports) -> Result<Option<SessionReport>, String> {
        let deadline = ports.clock.now() + FUNCTION_TIMEOUT;
        let ran = match self {
            Self::Mirror(who) => mirror::run(&ports, &UserId::new(who.id), Trigger::Forced, deadline).await,
            Self::Ingest(who) => ingest::run(&ports, &UserId::new(who.id), Trigger::Forced, deadline).await,
            Self::Resolve(domain) => {
                return match resolve::run(&ports, &org_id(), domain, deadline).await {
                    Ok(Resolved::Done { .. }) => Ok(None),
                    Ok(other) => Err(format!("{other:?}")),
                    Err(error) => Err(error.to_string()),
                };
            }
        };
        match ran {
            Ok(Ran::Finished(report)) => Ok(Some(*report)),
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// What is put aside in its stream.
    async fn parked(self, world: &World) -> Vec<String> {
        let (who, kind) = match self {
            Self::Mirror(who) => (who, Kind::Event),
            Self::Ingest(who) => (who, Kind::Mail),
            Self::Resolve(_) => return Vec::new(),
        };
        let rows = world.stack.store().parked(&UserId::new(who.id), kind).await.expect("parked");
        rows.into_iter().map(|row| format!("parked for {}: {row:?}", who.id)).collect()
    }

    fn vendors(self) -> [Vendor; 2] {
        match self {
            Self::Mirror(who) | Self::Ingest(who) => match who.provider {
                Provider::Exchange => [Vendor::Exchange, Vendor::Salesforce],
                Provider::Gmail => [Vendor::Gmail, Vendor::Salesforce],
            },
            Self::Resolve(_) => [Vendor::Gmail, Vendor::Salesforce],
        }
    }
}

/// Whose requests fail.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Vendor {
    Exchange,
    Gmail,
    Salesforce,
}

impl Vendor {
    fn fail(self, world: &World, rule: FaultRule) {
        let vendors = &world.stack.vendors;
        match self {
            Self::Exchange => vendors.exchange.faults().add(rule),
            Self::Gmail => vendors.gmail.faults().add(rule),
            Self::Salesforce => vendors.salesforce.faults().add(rule),
        }
    }

    /// Ends all faults; says what they befell.
    fn heal(self, world: &World) -> Option<String> {
        let befell = |journal: &Journal| {
            journal.entries().find(|entry| entry.faulted).map(|entry| format!("{} {}", entry.method, entry.path))
        };
        let vendors = &world.stack.vendors;
        match self {
            Self::Exchange => {
                vendors.exchange.faults().clear();
                befell(&vendors.exchange.journal())
            }
            Self::Gmail => {
                vendors.gmail.faults().clear();
                befell(&vendors.gmail.journal())
            }
            Self::Salesforce => {
                vendors.salesforce.faults().clear();
                befell(&vendors.salesforce.journal())
            }
        }
    }
}

/// Where the items of one accident are, to be told from those of the others.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    /// Its number in this world.
    pub(crate) nth: u32,
    /// Stands in the subject of everything that is made for it.
    pub(crate) token: String,
    /// A full hour of a day of its own, to come.
    pub(crate) start: Timestamp,
    stock: Arc<Stock>,
}

impl Slot {
    /// A place beside this one, so many hours later.
    pub(crate) fn beside(&self, hours: i64) -> Self {
        let start = self.start + SignedDuration::from_hours(hours);
        Self { token: format!("({}.{hours})", self.nth), start, ..self.clone() }
    }

    /// An event that stands on both sides, and its id in Outlook.
    pub(crate) async fn pair(&self, world: &World) -> (String, Pair) {
        self.stock.take(world).await
    }
}

/// Pairs of Anna's that stand on both sides, made many at a time.
#[derive(Debug, Default)]
struct Stock {
    made: AtomicU32,
    pairs: Mutex<Vec<(String, Pair)>>,
}

impl Stock {
    async fn take(&self, world: &World) -> (String, Pair) {
        let mut pairs = self.pairs.lock().await;
        if pairs.is_empty() {
            for _ in 0..STOCK {
                let nth = self.made.fetch_add(1, Ordering::SeqCst);
                let pair = Pair::new(ANNA, "Kick-off", &format!("(pair {nth})"), day(world, nth));
                pairs.push((pair.make_in_outlook(world).await, pair));
            }
            world.mirror(ANNA).await;
        }
        // Later than the session's own writes, so that it is clear which is newer.
        world.advance(Duration::from_mins(1));
        pairs.pop().expect("just made")
    }
}

/// A full hour, so many days after the first that is well ahead.
fn day(world: &World, nth: u32) -> Timestamp {
    let first = world.now() + SignedDuration::from_hours(24 * 10);
    first.round(Unit::Hour).expect("an hour") + SignedDuration::from_hours(24 * i64::from(nth % MOST_POINTS))
}

/// The settings of most tests: strangers become leads.
pub(crate) fn policy() -> Policy {
    Policy { resolve_mode: ResolveMode::Lead, ..Policy::default() }
}

/// A series of accidents in one world. A world that did not come to rest is left for a new one.
pub(crate) struct Series {
    pub(crate) world: World,
    sessions: Vec<Session>,
    stock: Arc<Stock>,
    nth: u32,
    /// What happened in this world, to be read when it is found broken.
    happened: Vec<String>,
    problems: Vec<String>,
}

impl Series {
    /// A world in which these sessions have run before.
    pub(crate) async fn begin(sessions: &[Session]) -> Self {
        let world = settled_world(sessions).await;
        let (sessions, stock) = (sessions.to_vec(), Arc::default());
        Self { world, sessions, stock, nth: 0, happened: Vec::new(), problems: Vec::new() }
    }

    /// The situation in which the next accident happens.
    pub(crate) async fn prepare<E>(&mut self, prepare: &impl AsyncFn(&World, &Slot) -> E) -> E {
        self.nth += 1;
        let (nth, start) = (self.nth, day(&self.world, self.nth));
        let slot = Slot { nth, token: format!("({nth})"), start, stock: Arc::clone(&self.stock) };
        let expected = prepare(&self.world, &slot).await;
        // What was changed in the very second of a listing is listed once more, which would hide a loss.
        self.world.advance(A_LITTLE);
        expected
    }

    /// Lets time pass and sessions run until nothing changes any more, then judges.
    pub(crate) async fn make_good(&mut self, what: String, expected: &impl Verdict) {
        self.world.advance(PAST_EVERY_LEASE);
        let mut problems = Vec::new();
        problems.extend(settle(&self.world, &self.sessions, MOST_ROUNDS).await.err());
        problems.extend(expected.problems(&self.world).await);
        if problems.is_empty() {
            self.happened.push(what);
            return;
        }
        self.problems.push(format!("{what}:\n  {}", problems.join("\n  ")));
        // The next accident happens in a sound world.
        self.inspect().await;
        self.world = settled_world(&self.sessions).await;
        self.stock = Arc::default();
        self.happened.clear();
    }

    /// What every accident must have left as it was.
    async fn inspect(&mut self) {
        let problems = verdict::of_the_whole(&self.world).await;
        if !problems.is_empty() {
            let happened = self.happened.join("; ");
            self.problems.push(format!("in the end:\n  {}\n  after {happened}", problems.join("\n  ")));
        }
    }

    pub(crate) async fn end(mut self) {
        self.inspect().await;
        let problems = self.problems;
        assert!(problems.is_empty(), "{} accidents were not made good\n{}", problems.len(), problems.join("\n"));
    }
}

async fn settled_world(sessions: &[Session]) -> World {
    let world = World::start(policy()).await;
    settle(&world, sessions, MOST_ROUNDS).await.expect("a new world is at rest");
    world
}

/// Runs these sessions, and what they leave on the queues, until a round of them neither writes nor leaves
/// anything waiting; that many rounds at most.
async fn settle(world: &World, sessions: &[Session], rounds: u32) -> Result<(), String> {
    let mut restless = Vec::new();
    for round in 0..rounds {
        restless.clear();
        let mut waits = false;
        let mut sends = round == 0;
        let before = Picture::take(world);
        for session in sessions {
            let script = Script::recorder();
            match session.on(script.before(world.ports())).await {
                Ok(Some(report)) if report.ending != Ending::Complete => {
                    waits = true;
                    restless.push(format!("{session:?} ended {:?}", report.ending));
                }
                Ok(_) => {}
                Err(problem) => {
                    waits = true;
                    restless.push(format!("{session:?}: {problem}"));
                }
            }
            let calls = script.calls();
            sends |= calls.contains(&"queue.send");
            let wrote: Vec<_> = calls.into_iter().filter(|call| WRITES.contains(call)).collect();
            if !wrote.is_empty() {
                restless.push(format!("{session:?} still writes: {}", wrote.join(", ")));
            }
            let parked = session.parked(world).await;
            waits |= !parked.is_empty();
            restless.extend(parked);
        }
        if sends {
            world.work_off().await;
        }
        let after = Picture::take(world);
        if before != after {
            restless.push(format!("it still changes:{}", before.difference(&after)));
        }
        if restless.is_empty() {
            return Ok(());
        }
        world.advance(if waits { PAST_EVERY_WAIT } else { A_LITTLE });
    }
    Err(format!("it does not come to rest: {}", restless.join("; ")))
}

/// Everything that can happen to a write path.
pub(crate) async fn endures<E: Verdict>(
    session: Session,
    others: &[Session],
    prepare: impl AsyncFn(&World, &Slot) -> E,
) {
    let mut series = Series::begin(&[&[session], others].concat()).await;
    twice(&mut series, session, &prepare).await;
    for moment in Moment::BOTH {
        blows(&mut series, session, &prepare, moment, Blow::Death).await;
    }
    lost_answers(&mut series, session, &prepare).await;
    series.end().await;
}

/// The same session twice: the second writes nothing, and needs no time for it.
async fn twice<E: Verdict>(series: &mut Series, session: Session, prepare: &impl AsyncFn(&World, &Slot) -> E) {
    for _ in 0..2 {
        let expected = series.prepare(prepare).await;
        let sessions = series.sessions.clone();
        for session in &sessions {
            let ran = session.on(series.world.ports().clone()).await;
            assert!(ran.is_ok(), "{session:?}: {ran:?}");
        }
        series.world.work_off().await;
        assert_eq!(settle(&series.world, &sessions, 1).await, Ok(()), "the second {session:?} writes");
        assert_eq!(expected.problems(&series.world).await, [""; 0]);
    }
}

/// Each call fails once: as if it had not been made, and with its answer lost.
pub(crate) async fn failures<E: Verdict>(session: Session, prepare: impl AsyncFn(&World, &Slot) -> E) {
    let mut series = Series::begin(&[session]).await;
    blows(&mut series, session, &prepare, Moment::Before, Blow::Error(ErrorKind::Transient)).await;
    blows(&mut series, session, &prepare, Moment::After, Blow::Error(ErrorKind::Unknown)).await;
    series.end().await;
}

async fn blows<E: Verdict>(
    series: &mut Series,
    session: Session,
    prepare: &impl AsyncFn(&World, &Slot) -> E,
    moment: Moment,
    blow: Blow,
) {
    for at in 1.. {
        assert!(at < MOST_POINTS, "calls without end");
        let expected = series.prepare(prepare).await;
        let script = Script::new(CrashPlan { at, moment, blow });
        let fate = crashing::run(&script, session.on(script.before(series.world.ports()))).await;
        let struck = script.struck_at();
        assert_eq!(matches!(fate, Fate::Died), blow == Blow::Death && struck.is_some());
        let what = format!("{blow:?} {moment:?} call {at} ({})", struck.unwrap_or("none"));
        series.make_good(what, &expected).await;
        if struck.is_none() {
            assert!(at > 10, "a session of {at} calls is none");
            return;
        }
    }
}

/// Each request to a vendor fails once: with its answer lost, without its effect, and throttled. All that
/// write are POSTs: Graph's and Salesforce's batches, and single new records.
async fn lost_answers<E: Verdict>(series: &mut Series, session: Session, prepare: &impl AsyncFn(&World, &Slot) -> E) {
    for vendor in session.vendors() {
        for (method, fault) in [
            // A read that fails is none, whatever was lost of it: the rest is for what may write.
            (None, Fault::FailAfter(504)),
            (Some(http::Method::POST), Fault::FailBefore(503)),
            (Some(http::Method::POST), Fault::Throttle { retry_after: 30 }),
        ] {
            for nth in 1.. {
                assert!(nth < MOST_POINTS, "requests without end");
                let expected = series.prepare(prepare).await;
                series.world.forget_requests();
                let rule = FaultRule { method: method.clone(), ..FaultRule::on_request(nth, fault.clone()) };
                vendor.fail(&series.world, rule);
                // Whatever comes of it, the next sessions must make it good.
                let _ = session.on(series.world.ports().clone()).await;
                let befell = vendor.heal(&series.world);
                let what = format!("{fault:?} at request {nth} to {vendor:?} ({befell:?})");
                series.make_good(what, &expected).await;
                if befell.is_none() {
                    break;
                }
            }
        }
    }
}

/// The session is held before each of its calls while something else happens, and then goes on.
pub(crate) async fn held<E: Verdict>(
    session: Session,
    others: &[Session],
    prepare: impl AsyncFn(&World, &Slot) -> E,
    meanwhile: impl AsyncFn(&World, &mut E),
) {
    let mut series = Series::begin(&[&[session], others].concat()).await;
    for at in 1.. {
        assert!(at < MOST_POINTS, "calls without end");
        let mut expected = series.prepare(&prepare).await;
        let script = Script::new(CrashPlan { at, moment: Moment::Before, blow: Blow::Pause });
        let held = crashing::run_to_pause(&script, session.on(script.before(series.world.ports()))).await;
        meanwhile(&series.world, &mut expected).await;
        let struck = held.is_some();
        if let Some(task) = held {
            script.resume();
            // It may find its lease lost.
            let _ = task.await.expect("it does not break");
        }
        let what = format!("held before call {at} ({})", script.struck_at().unwrap_or("none"));
        series.make_good(what, &expected).await;
        if !struck {
            assert!(at > 10, "a session of {at} calls is none");
            break;
        }
    }
    series.end().await;
}

/// A test for each write path: twice, and with every accident.
macro_rules! write_paths {
    ($($name:ident: $session:expr, $prepare:path;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                crate::frame::endures($session, &[], $prepare).await;
            }
        )*
    };
}

pub(crate) use write_paths;
