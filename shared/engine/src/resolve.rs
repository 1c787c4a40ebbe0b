//! Strangers of one domain become records, and what waited for them is linked (D-30, D-31).

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use syncline_core::ids::{OrgId, RemoteId, UserId};
use syncline_core::item::Side;
use syncline_core::mail::Correspondent;
use syncline_core::org::Org;
use syncline_core::policy::ResolveMode;
use syncline_core::resolve;
use syncline_ports::{Crm, ErrorKind, PersonKind, Relation, StrangerRow, StrangerState, WaitingMail};

use crate::Ports;
use crate::error::EngineError;
use crate::ingest::stranger_context;
use crate::session;

/// How much longer the right to a domain lasts than the job that holds it may run.
const LOCK_MARGIN: SignedDuration = SignedDuration::from_secs(30);

/// What became of a resolve job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// Everything that waited is linked.
    Done {
        /// How many records were made.
        created: u32,
        /// How many mails were linked.
        linked: u32,
    },
    /// Somebody else is at this domain: the job must come again.
    Busy,
    /// The deadline came first: the job must come again.
    ToBeContinued,
}

/// Resolves the strangers of one domain.
pub async fn run(ports: &Ports, org: &OrgId, domain: &str, deadline: Timestamp) -> Result<Resolved, EngineError> {
    let org = ports.store.org(org).await?.ok_or_else(|| EngineError::UnknownOrg(org.clone()))?;
    let owner = ports.entropy.token();
    let until = deadline.saturating_add(LOCK_MARGIN).unwrap_or(deadline);
    if !ports.store.lock_domain(&org.id, domain, &owner, ports.clock.now(), until).await? {
        return Ok(Resolved::Busy);
    }
    let mut work = Work { ports, org: &org, domain, crms: BTreeMap::new(), created: 0, linked: 0 };
    let worked = work.strangers(deadline).await;
    // Not fatal: the right ends by itself.
    if let Err(error) = ports.store.unlock_domain(&org.id, domain, &owner).await {
        tracing::warn!(op = error.op, "resolve.unlock");
    }
    worked
}

/// The CRM through somebody's sign-in, and that somebody there.
type SignedIn = (Arc<dyn Crm>, RemoteId);

struct Work<'a> {
    ports: &'a Ports,
    org: &'a Org,
    domain: &'a str,
    /// The CRM through each waiting user's sign-in; `None` where there is none that works.
    crms: BTreeMap<UserId, Option<SignedIn>>,
    created: u32,
    linked: u32,
}

impl Work<'_> {
    async fn strangers(&mut self, deadline: Timestamp) -> Result<Resolved, EngineError> {
        for row in self.ports.store.strangers(&self.org.id, self.domain).await? {
            if self.ports.clock.now() >= deadline {
                return Ok(Resolved::ToBeContinued);
            }
            self.stranger(row).await?;
        }
        Ok(Resolved::Done { created: self.created, linked: self.linked })
    }

    async fn stranger(&mut self, row: StrangerRow) -> Result<(), EngineError> {
        if row.waiting.is_empty() {
            return Ok(());
        }
        let sealed = self.ports.secrets.open(&stranger_context(&row.key), &row.correspondent).await?;
        let who: Correspondent = serde_json::from_slice(&sealed)?;
        let Some((crm, owner)) = self.first_crm(&row.waiting).await? else {
            // Nobody who waits is signed in. It stays, and goes on with the next mail or sign-in.
            return Ok(());
        };
        let record = match row.state {
            StrangerState::Record(record) => record,
            StrangerState::Unknown => match self.record(crm.as_ref(), &who, owner).await? {
                Some(record) => record,
                None => return Ok(()),
            },
        };
        let mut linked = Vec::new();
        for waiting in row.waiting {
            if self.link(&record, &who, &waiting).await? {
                linked.push(waiting);
            }
        }
        self.linked = self.linked.saturating_add(u32::try_from(linked.len()).unwrap_or(u32::MAX));
        Ok(self.ports.store.settle_stranger(&self.org.id, self.domain, &row.key, &record, &linked).await?)
    }

    /// The record the stranger has by now, or a new one, as the policy says.
    async fn record(
        &mut self,
        crm: &dyn Crm,
        who: &Correspondent,
        owner: RemoteId,
    ) -> Result<Option<RemoteId>, EngineError> {
        let people = crm.people().by_address(std::slice::from_ref(&who.address)).await;
        let mut people = people.map_err(EngineError::at(Side::Crm))?;
        people.sort_by(|one, other| (one.kind, &one.id).cmp(&(other.kind, &other.id)));
        if let Some(person) = people.iter().find(|person| person.kind != PersonKind::User) {
            return Ok(Some(person.id.clone()));
        }
        match self.org.policy.resolve_mode {
            ResolveMode::Off => Ok(None),
            ResolveMode::Lead => {
                let draft = resolve::draft(&self.org.id, who, owner);
                match crm.people().create_lead(&draft).await {
                    Ok(made) => {
                        self.created += 1;
                        Ok(Some(made.id))
                    }
                    Err(error) if error.kind == ErrorKind::Rejected => {
                        // The CRM does not want this person. The mail is recorded; that must do.
                        tracing::warn!(op = error.op, code = %error.code, "resolve.lead_rejected");
                        Ok(None)
                    }
                    Err(error) => Err(EngineError::at(Side::Crm)(error)),
                }
            }
        }
    }

    async fn link(
        &mut self,
        record: &RemoteId,
        who: &Correspondent,
        waiting: &WaitingMail,
    ) -> Result<bool, EngineError> {
        let Some((crm, _)) = self.crm(&waiting.user).await? else { return Ok(false) };
        let relation = Relation { person: record.clone(), role: waiting.role, correspondent: who.clone() };
        match crm.mail().relate(&waiting.record, &[relation]).await {
            Ok(()) => Ok(true),
            // The mail's record was deleted meanwhile: nothing waits any more.
            Err(error) if matches!(error.kind, ErrorKind::Gone | ErrorKind::Rejected) => {
                tracing::warn!(op = error.op, code = %error.code, "resolve.link_rejected");
                Ok(true)
            }
            Err(error) => Err(EngineError::at(Side::Crm)(error)),
        }
    }

    async fn first_crm(&mut self, waiting: &[WaitingMail]) -> Result<Option<SignedIn>, EngineError> {
        for mail in waiting {
            if let Some(found) = self.crm(&mail.user).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    async fn crm(&mut self, user: &UserId) -> Result<Option<SignedIn>, EngineError> {
        if let Some(known) = self.crms.get(user) {
            return Ok(known.clone());
        }
        let (who, _) = session::who(self.ports, user).await?;
        let opened = if who.is_ready() {
            match self.ports.connector.crm(&who).await {
                Ok(crm) => Some((crm, who.crm_user)),
                Err(error) if error.kind == ErrorKind::AuthRevoked => None,
                Err(error) => return Err(EngineError::at(Side::Crm)(error)),
            }
        } else {
            None
        };
        self.crms.insert(user.clone(), opened.clone());
        Ok(opened)
    }
}
