//! A user's new mail into the CRM: one way, once each per org (D-25).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use syncline_core::cursor::{Cursor, Next};
use syncline_core::history::{self, Loss};
use syncline_core::ids::{MessageId, RemoteId, SyncKey, UserId};
use syncline_core::item::Side;
use syncline_core::job::{Job, Stream, Trigger};
use syncline_core::mail::{self, Correspondent, Mail, MailObservation, MailboxOwner, Role, Verdict};
use syncline_core::reason::Reason;
use syncline_core::report::{Effect, Ending};
use syncline_ports::{
    CaptureClaim, Crm, CursorKey, ErrorKind, Mailbox, Mails, NewCrmMail, Person, PortError, Relation, WaitingMail,
};

use crate::error::EngineError;
use crate::session::{self, Session};
use crate::{Ports, Ran};

/// After how long a claimed message without a record is given to the next who asks.
const CLAIM_LOST_AFTER: SignedDuration = SignedDuration::from_mins(5);
/// How often a listing is begun anew within one session because its token expired.
const MAX_RESTARTS: u32 = 2;

/// Runs a session of the ingest stream, until everything seen is dealt with or the deadline is near.
pub async fn run(ports: &Ports, user: &UserId, trigger: Trigger, deadline: Timestamp) -> Result<Ran, EngineError> {
    let (user, org) = session::who(ports, user).await?;
    let session = match session::open(ports, user, org, Stream::Ingest, trigger, deadline).await? {
        Ok(session) => session,
        Err(ran) => return Ok(ran),
    };
    let mut ingest = Ingest { session, known: BTreeMap::new() };
    let worked = ingest.work().await;
    ingest.session.close(worked).await
}

struct Ingest<'a> {
    session: Session<'a>,
    /// Who was looked up in this session, with what was found.
    known: BTreeMap<String, Option<Person>>,
}

/// A mail that belongs in the CRM, if somebody on it is known or may become known.
struct Candidate {
    mail: Mail,
    message: MessageId,
    incoming: bool,
    outsiders: Vec<(Role, Correspondent)>,
}

impl Ingest<'_> {
    async fn work(&mut self) -> Result<Ending, EngineError> {
        let connector = &self.session.ports.connector;
        let mailbox = connector.mailbox(&self.session.user).await.map_err(EngineError::at(Side::Mailbox))?;
        let crm = connector.crm(&self.session.user).await.map_err(EngineError::at(Side::Crm))?;
        self.take_up_parked(mailbox.as_ref(), crm.as_ref()).await?;
        for collection in mailbox.mails().collections() {
            if !self.read(mailbox.mails(), collection, crm.as_ref()).await? {
                return Ok(Ending::ToBeContinued);
            }
        }
        Ok(Ending::Complete)
    }

    async fn take_up_parked(&mut self, mailbox: &dyn Mailbox, crm: &dyn Crm) -> Result<(), EngineError> {
        let mut seen = Vec::new();
        for row in self.session.due_parked() {
            seen.push(mailbox.mails().read(&row.id).await.map_err(EngineError::at(Side::Mailbox))?);
        }
        self.take(seen, crm).await
    }

    /// Reads a collection to its end; `false` if the deadline came first.
    async fn read(&mut self, mails: &dyn Mails, collection: &str, crm: &dyn Crm) -> Result<bool, EngineError> {
        let key = CursorKey { stream: Stream::Ingest, side: Side::Mailbox, collection: collection.to_owned() };
        let store = &self.session.ports.store;
        let stored = store.cursor(&self.session.user.id, &key).await?;
        let mut cursor = stored.clone().unwrap_or_else(|| Cursor::fresh(None));
        let mut kept = stored;
        let since = self.owner().mail_since(&self.session.org.policy);
        let mut restarts = 0;
        loop {
            if self.session.is_over() {
                return Ok(false);
            }
            let page = match mails.changes(collection, since, &cursor.position).await {
                Ok(page) => page,
                Err(error) if error.kind == ErrorKind::CursorExpired && restarts < MAX_RESTARTS => {
                    restarts += 1;
                    cursor = cursor.restarted(None);
                    continue;
                }
                Err(error) => return Err(EngineError::at(Side::Mailbox)(error)),
            };
            self.take(page.items, crm).await?;
            cursor = cursor.advanced(&page.next);
            if kept.as_ref() != Some(&cursor) {
                self.session.ports.store.put_cursor(&self.session.lease, &key, &cursor).await?;
                kept = Some(cursor.clone());
            }
            if matches!(page.next, Next::Done(_)) {
                return Ok(true);
            }
        }
    }

    fn owner(&self) -> MailboxOwner<'_> {
        let (user, org) = (&self.session.user, &self.session.org);
        MailboxOwner { address: &user.address, own_domains: &org.domains, activated: user.activated }
    }

    /// Deals with what was seen: each mail is recorded, skipped or parked.
    async fn take(&mut self, seen: Vec<MailObservation>, crm: &dyn Crm) -> Result<(), EngineError> {
        let mut candidates: Vec<Candidate> = Vec::new();
        for observation in seen {
            match observation {
                MailObservation::Present(mail) => match mail::judge(&mail, &self.owner(), &self.session.org.policy) {
                    Verdict::Skip(reason) => self.skip(&mail.id, reason).await?,
                    Verdict::Candidate { message, incoming, outsiders } => {
                        candidates.push(Candidate { mail: *mail, message, incoming, outsiders });
                    }
                },
                MailObservation::Gone { id } => self.gone(&id).await?,
                MailObservation::Unreadable { id, problem } => {
                    self.session.park(Side::Mailbox, &id, Reason::Unreadable, &problem, None).await?;
                }
            }
        }
        if candidates.is_empty() {
            return Ok(());
        }
        let messages: BTreeSet<_> = candidates.iter().map(|candidate| candidate.message.clone()).collect();
        let messages: Vec<_> = messages.into_iter().collect();
        let captures = self.session.ports.store.captures(&self.session.org.id, &messages).await?;
        let mut recorded: BTreeMap<_, _> = captures.into_iter().map(|it| (it.message, it.record)).collect();
        self.look_up(candidates.iter(), crm).await?;
        let unrecorded: Vec<_> = messages
            .into_iter()
            .filter(|message| !recorded.contains_key(message))
            .map(|message| (SyncKey::of_mail(&self.session.org.id, &message), message))
            .collect();
        if !unrecorded.is_empty() {
            recorded.extend(crm.mail().find(&unrecorded).await.map_err(EngineError::at(Side::Crm))?);
        }
        let mut domains = BTreeSet::new();
        for candidate in candidates {
            self.record(&candidate, recorded.get(&candidate.message), crm, &mut domains).await?;
        }
        self.send_to_resolve(domains).await
    }

    async fn skip(&mut self, id: &RemoteId, reason: Reason) -> Result<(), EngineError> {
        self.session.note(Some(id), None, Effect::Skipped, reason, "");
        self.session.unpark(Side::Mailbox, Some(id)).await
    }

    async fn gone(&mut self, id: &RemoteId) -> Result<(), EngineError> {
        self.session.note(Some(id), None, Effect::Unchanged, Reason::MailGone, "");
        self.session.unpark(Side::Mailbox, Some(id)).await
    }

    /// Looks up everybody who was not looked up in this session yet, in one go.
    async fn look_up(&mut self, mails: impl Iterator<Item = &Candidate>, crm: &dyn Crm) -> Result<(), EngineError> {
        let outsiders = mails.flat_map(|mail| mail.outsiders.iter().map(|(_, person)| person.address.clone()));
        let new: BTreeSet<_> = outsiders.filter(|address| !self.known.contains_key(address)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let addresses: Vec<_> = new.iter().cloned().collect();
        let mut people = crm.people().by_address(&addresses).await.map_err(EngineError::at(Side::Crm))?;
        // The best of several records of one address first: a user, a contact, a lead (P-04).
        people.sort_by(|one, other| (one.kind, &one.id).cmp(&(other.kind, &other.id)));
        for address in new {
            let found = people.iter().find(|person| person.address == address).cloned();
            self.known.insert(address, found);
        }
        Ok(())
    }

    async fn record(
        &mut self,
        candidate: &Candidate,
        recorded: Option<&RemoteId>,
        crm: &dyn Crm,
        domains: &mut BTreeSet<String>,
    ) -> Result<(), EngineError> {
        let person = |who: &Correspondent| self.known.get(&who.address).and_then(Option::as_ref);
        let relations: Vec<Relation> = candidate
            .outsiders
            .iter()
            .filter_map(|(role, who)| {
                let person = person(who)?.id.clone();
                Some(Relation { person, role: *role, correspondent: who.clone() })
            })
            .collect();
        let unknown: Vec<_> = candidate.outsiders.iter().filter(|(_, who)| person(who).is_none()).cloned().collect();
        let strangers = mail::strangers(&unknown, candidate.incoming, &self.session.org.policy);
        if relations.is_empty() && strangers.is_empty() {
            return self.skip(&candidate.mail.id, Reason::MailNobodyKnown).await;
        }
        let Some((record, effect, losses)) = self.capture(candidate, relations, recorded, crm).await? else {
            return Ok(());
        };
        let reason = match (effect, strangers.is_empty()) {
            (_, false) => Reason::MailAwaitsPerson,
            (Effect::Related, true) => Reason::MailAlreadyRecorded,
            (_, true) => Reason::MailIngested,
        };
        for (role, stranger) in strangers {
            self.await_stranger(&record, role, &stranger).await?;
            domains.insert(stranger.domain().to_owned());
        }
        self.session.note(Some(&candidate.mail.id), Some(&record), effect, reason, &history::told(&losses));
        self.session.unpark(Side::Mailbox, Some(&candidate.mail.id)).await
    }

    /// Makes the record, or adds to the one there is; `None` if the mail was parked instead.
    async fn capture(
        &mut self,
        candidate: &Candidate,
        relations: Vec<Relation>,
        recorded: Option<&RemoteId>,
        crm: &dyn Crm,
    ) -> Result<Option<(RemoteId, Effect, Vec<Loss>)>, EngineError> {
        let (store, org) = (&self.session.ports.store, &self.session.org.id);
        let (user, now) = (&self.session.user.id, self.session.now());
        let claim = store.claim_capture(org, &candidate.message, user, now, CLAIM_LOST_AFTER).await?;
        let there = match claim {
            CaptureClaim::Recorded(record) => Some(record),
            CaptureClaim::Ours => recorded.cloned(),
            CaptureClaim::Busy => {
                let wait = Some(Duration::from_mins(1));
                let id = &candidate.mail.id;
                self.session.park(Side::Mailbox, id, Reason::TryLater, "a colleague's session is at it", wait).await?;
                return Ok(None);
            }
        };
        let outcome = if let Some(record) = there {
            crm.mail().relate(&record, &relations).await.map(|()| (record, Effect::Related, Vec::new()))
        } else {
            let key = SyncKey::of_mail(org, &candidate.message);
            let (message, incoming) = (&candidate.message, candidate.incoming);
            let new = NewCrmMail { key, message, mail: &candidate.mail, incoming, relations };
            crm.mail().create(&new).await.map(|made| (made.id, Effect::Ingested, made.losses))
        };
        match outcome {
            Ok((record, effect, losses)) => {
                let store = &self.session.ports.store;
                store.complete_capture(&self.session.org.id, &candidate.message, &record).await?;
                Ok(Some((record, effect, losses)))
            }
            Err(error) => self.refused(&candidate.mail.id, error).await.map(|()| None),
        }
    }

    /// One mail that the CRM does not take is put aside; trouble with the CRM itself ends the session,
    /// and its mails come again.
    async fn refused(&mut self, id: &RemoteId, error: PortError) -> Result<(), EngineError> {
        match error.kind {
            ErrorKind::Rejected | ErrorKind::Gone | ErrorKind::Forbidden => {
                self.session.park(Side::Mailbox, id, Reason::Rejected, &error.code, None).await
            }
            ErrorKind::Unknown | ErrorKind::Conflict => {
                self.session.park(Side::Mailbox, id, Reason::TryLater, &error.code, None).await
            }
            ErrorKind::Throttled { .. } | ErrorKind::Transient | ErrorKind::AuthRevoked | ErrorKind::CursorExpired => {
                Err(EngineError::at(Side::Crm)(error))
            }
        }
    }

    async fn await_stranger(&self, record: &RemoteId, role: Role, who: &Correspondent) -> Result<(), EngineError> {
        let (ports, org) = (self.session.ports, &self.session.org.id);
        let key = SyncKey::of_stranger(org, &who.address);
        let sealed = ports.secrets.seal(&stranger_context(&key), &serde_json::to_vec(who)?).await?;
        let waiting = WaitingMail { record: record.clone(), role, user: self.session.user.id.clone() };
        Ok(ports.store.await_stranger(org, who.domain(), &key, &sealed, &waiting).await?)
    }

    async fn send_to_resolve(&self, domains: BTreeSet<String>) -> Result<(), EngineError> {
        if domains.is_empty() {
            return Ok(());
        }
        let org = &self.session.org.id;
        let jobs: Vec<_> = domains.into_iter().map(|domain| Job::Resolve { org: org.clone(), domain }).collect();
        Ok(self.session.ports.queue.send(&jobs, Duration::ZERO).await?)
    }
}

/// What a sealed stranger is bound to.
pub(crate) fn stranger_context(key: &SyncKey) -> String {
    format!("stranger/{key}")
}
