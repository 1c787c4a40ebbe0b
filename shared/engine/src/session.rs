//! The frame of every session: the lease around it, the report after it, what follows a failure.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use syncline_core::history::{self, Loss, Value};
use syncline_core::ids::{RemoteId, SessionId, SyncKey, UserId};
use syncline_core::item::{EventField, Kind, Side};
use syncline_core::job::{Job, Stream, Trigger};
use syncline_core::org::{ConnectionState, Org, User};
use syncline_core::reason::Reason;
use syncline_core::report::{Effect, Ending, Line, SessionReport};
use syncline_core::retry;
use syncline_ports::{DueUser, ErrorKind, Lease, LeaseOutcome, ParkedRow, PortError, Raised, Released, SessionRow};

use crate::error::EngineError;
use crate::{Ports, Ran};

/// How much longer a lease lasts than the session that holds it may run.
const LEASE_MARGIN: SignedDuration = SignedDuration::from_secs(30);
/// After how long a queued job that nobody took is given up and sent again.
pub(crate) const JOB_LOST_AFTER: SignedDuration = SignedDuration::from_mins(20);
/// How many earlier sessions are looked at to count failures in a row.
const FAILURES_LOOKED_AT: u32 = 8;

/// A session that holds its lease.
pub(crate) struct Session<'a> {
    pub(crate) ports: &'a Ports,
    pub(crate) org: Org,
    pub(crate) user: User,
    pub(crate) lease: Lease,
    pub(crate) deadline: Timestamp,
    pub(crate) report: SessionReport,
    /// What was parked when the session began, less what was dealt with since.
    parked: BTreeMap<(Side, RemoteId), ParkedRow>,
    kind: Kind,
}

/// Finds the user and their org.
pub(crate) async fn who(ports: &Ports, id: &UserId) -> Result<(User, Org), EngineError> {
    let user = ports.store.user(id).await?.ok_or_else(|| EngineError::UnknownUser(id.clone()))?;
    let org = ports.store.org(&user.org).await?.ok_or_else(|| EngineError::UnknownOrg(user.org.clone()))?;
    Ok((user, org))
}

/// Opens a session, or says why there is none.
pub(crate) async fn open(
    ports: &Ports,
    user: User,
    org: Org,
    stream: Stream,
    trigger: Trigger,
    deadline: Timestamp,
) -> Result<Result<Session<'_>, Ran>, EngineError> {
    if !user.is_ready() {
        return Ok(Err(Ran::NotReady));
    }
    let now = ports.clock.now();
    let id = ports.entropy.token();
    let until = deadline.saturating_add(LEASE_MARGIN).unwrap_or(deadline);
    let lease = match ports.store.acquire(&user.id, stream, &id, now, until).await? {
        LeaseOutcome::Held(lease) => lease,
        LeaseOutcome::Busy => {
            // Leave a wish behind: the holder sees it when it gives the lease back.
            ports.store.raise(&user.id, stream, now, JOB_LOST_AFTER).await?;
            return Ok(Err(Ran::Busy));
        }
    };
    let kind = match stream {
        Stream::Mirror => Kind::Event,
        Stream::Ingest => Kind::Mail,
    };
    let parked = ports.store.parked(&user.id, kind).await?;
    let parked = parked.into_iter().map(|row| ((row.side, row.id.clone()), row)).collect();
    let report = SessionReport::begin(SessionId::new(id), user.id.clone(), stream, trigger, now);
    Ok(Ok(Session { ports, org, user, lease, deadline, report, parked, kind }))
}

impl Session<'_> {
    pub(crate) fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    /// Whether it is time to stop and go on in a follow-up.
    pub(crate) fn is_over(&self) -> bool {
        self.now() >= self.deadline
    }

    /// The parked items whose time has come.
    pub(crate) fn due_parked(&self) -> Vec<ParkedRow> {
        let now = self.now();
        let due = |row: &&ParkedRow| row.next_try.is_some_and(|next| next <= now);
        self.parked.values().filter(due).cloned().collect()
    }

    /// Adds a line to the report.
    pub(crate) fn note(
        &mut self,
        mailbox: Option<&RemoteId>,
        crm: Option<&RemoteId>,
        effect: Effect,
        reason: Reason,
        detail: &str,
    ) {
        let (mailbox, crm) = (mailbox.cloned(), crm.cloned());
        self.report.add(Line { kind: self.kind, mailbox, crm, effect, reason, detail: detail.to_owned() });
    }

    /// Puts an item aside, to be tried again as the reason allows.
    pub(crate) async fn park(
        &mut self,
        side: Side,
        id: &RemoteId,
        reason: Reason,
        detail: &str,
        after: Option<Duration>,
    ) -> Result<(), EngineError> {
        let now = self.now();
        let at = (side, id.clone());
        let earlier = self.parked.get(&at);
        let tries = earlier.map_or(0, |row| row.tries.saturating_add(1));
        let next_try = match reason {
            Reason::TryLater | Reason::Unreadable => {
                retry::next_try(now, tries, after.and_then(|after| SignedDuration::try_from(after).ok()))
            }
            _ => None,
        };
        let row = ParkedRow {
            kind: self.kind,
            side,
            id: id.clone(),
            reason,
            detail: detail.to_owned(),
            tries,
            next_try,
            since: earlier.map_or(now, |row| row.since),
            verdict: None,
        };
        self.ports.store.park(&self.user.id, &row).await?;
        self.parked.insert(at, row);
        let (mailbox, crm) = match side {
            Side::Mailbox => (Some(id), None),
            Side::Crm => (None, Some(id)),
        };
        self.note(mailbox, crm, Effect::Parked, reason, detail);
        Ok(())
    }

    /// The item was dealt with: it is parked no longer.
    pub(crate) async fn unpark(&mut self, side: Side, id: Option<&RemoteId>) -> Result<(), EngineError> {
        let Some(id) = id else { return Ok(()) };
        if self.parked.remove(&(side, id.clone())).is_some() {
            self.ports.store.unpark(&self.user.id, self.kind, side, id).await?;
        }
        Ok(())
    }

    /// Keeps what was done to an item, with what stood there before.
    pub(crate) async fn remember(
        &self,
        item: &SyncKey,
        effect: Effect,
        reason: Reason,
        fields: Vec<EventField>,
        before: Vec<Value>,
        losses: Vec<Loss>,
    ) -> Result<(), EngineError> {
        let sealed = if before.is_empty() {
            None
        } else {
            let context = history_context(&self.user.id, item);
            Some(self.ports.secrets.seal(&context, &serde_json::to_vec(&before)?).await?)
        };
        let entry = history::Entry {
            at: self.now(),
            session: self.report.id.clone(),
            item: item.clone(),
            kind: self.kind,
            effect,
            reason,
            fields,
            before: Vec::new(),
            losses,
        };
        Ok(self.ports.store.put_history(&self.user.id, &[(entry, sealed)]).await?)
    }

    /// Ends the session: keeps the report, gives the lease back, and sees to what comes next. Trouble
    /// with a side is part of the report; trouble with our own state is returned, and the job comes again.
    pub(crate) async fn close(mut self, worked: Result<Ending, EngineError>) -> Result<Ran, EngineError> {
        let ending = match worked {
            Ok(ending) => ending,
            Err(EngineError::Side { side, source }) => self.side_failed(side, &source).await?,
            Err(other) => {
                // The lease may be lost; if not, give it back so that the next try need not wait.
                let _ = self.ports.store.release(&self.lease, self.now()).await;
                return Err(other);
            }
        };
        let continues = ending == Ending::ToBeContinued;
        self.report.ending = ending;
        self.report.ended = self.now();
        self.ports.store.put_session(&SessionRow { report: self.report.clone() }).await?;
        let released = self.ports.store.release(&self.lease, self.now()).await?;
        let follow = match released {
            Released::SendJob => true,
            Released::Settled if continues => {
                let stream = self.report.stream;
                let raised = self.ports.store.raise(&self.user.id, stream, self.now(), JOB_LOST_AFTER).await?;
                raised == Raised::SendJob
            }
            Released::Settled | Released::Lost => false,
        };
        if follow {
            let (user, stream) = (self.user.id.clone(), self.report.stream);
            let job = Job::Session { user, stream, trigger: Trigger::FollowUp };
            self.ports.queue.send(&[job], Duration::ZERO).await?;
        }
        tracing::info!(
            user = %self.user.id,
            session = %self.report.id,
            stream = self.report.stream.name(),
            trigger = self.report.trigger.name(),
            writes = self.report.writes(),
            parked = self.report.count(Effect::Parked),
            "session.ended"
        );
        Ok(Ran::Finished(Box::new(self.report)))
    }

    /// A refused sign-in blocks its connection at once; anything else pauses the user for a while (D-32).
    async fn side_failed(&self, side: Side, error: &PortError) -> Result<Ending, EngineError> {
        tracing::warn!(user = %self.user.id, side = side.name(), op = error.op, code = %error.code, "session.failed");
        if error.kind == ErrorKind::AuthRevoked {
            let blocked = ConnectionState::Blocked;
            self.ports.store.set_connection_state(&self.user.id, side, blocked).await?;
        } else {
            self.pause(error).await?;
        }
        Ok(Ending::Failed { problem: format!("{}: {error}", side.name()) })
    }

    async fn pause(&self, error: &PortError) -> Result<(), EngineError> {
        let earlier = self.ports.store.sessions(&self.user.id, FAILURES_LOOKED_AT).await?;
        let stream = self.report.stream;
        let of_stream = earlier.iter().filter(|report| report.stream == stream);
        let failures = of_stream.take_while(|report| matches!(report.ending, Ending::Failed { .. })).count();
        let failures = u32::try_from(failures).unwrap_or(u32::MAX).saturating_add(1);
        let [jitter, ..] = self.ports.entropy.bytes();
        let mut wait = retry::back_off(failures, jitter);
        if let ErrorKind::Throttled { after } = error.kind {
            wait = wait.max(SignedDuration::try_from(after).unwrap_or(wait));
        }
        let Some(due) = self.ports.store.user(&self.user.id).await?.and_then(|user| user.next_due) else {
            return Ok(());
        };
        let next = self.now().saturating_add(wait).unwrap_or(due);
        if next < due {
            // Of two who move it, one succeeds; either is soon enough.
            self.ports.store.claim_due(&DueUser { user: self.user.id.clone(), due }, next).await?;
        }
        Ok(())
    }
}

/// What sealed history values are bound to.
pub(crate) fn history_context(user: &UserId, item: &SyncKey) -> String {
    format!("history/{user}/{item}")
}
