//! Carrying out a plan, and confirming what was seen to happen. No decisions are made here.

use std::time::Duration;

use syncline_core::fingerprint::Fingerprints;
use syncline_core::history::{self, Loss, Value};
use syncline_core::ids::RemoteId;
use syncline_core::item::{Event, EventField, EventPatch, Fields, Kind, Side};
use syncline_core::link::{Anchor, Link, LinkState};
use syncline_core::plan::{self, Action, Step};
use syncline_core::reason::Reason;
use syncline_core::report::Effect;
use syncline_ports::{EventWrite, Outcome};

use super::{Calendars, Mirror, ids};
use crate::error::EngineError;

/// How many steps are carried out between two looks at the clock; also Graph's largest batch.
const BATCH: usize = 20;

struct Creation {
    link: Link,
    event: Event,
    before: Option<Link>,
    reason: Reason,
}

struct Change {
    link: Link,
    mailbox: Option<EventPatch>,
    crm: Option<EventPatch>,
    base: Fingerprints,
    before: Vec<Value>,
    reason: Reason,
    /// What became of each side's write, as they come in.
    failed: bool,
    /// What each side did not take as it was.
    losses: [Vec<Loss>; 2],
}

struct Removal {
    link: Link,
    expected: Anchor,
    before: Vec<Value>,
    reason: Reason,
}

/// A batch of steps, sorted by what they do.
#[derive(Default)]
struct Batch {
    creations: [Vec<Creation>; 2],
    changes: Vec<Change>,
    removals: [Vec<Removal>; 2],
}

impl Mirror<'_> {
    /// Carries out the steps; returns the links that changed under our hands and must be looked at
    /// again, or `None` if the deadline came before the end.
    pub(super) async fn execute(
        &mut self,
        calendars: &Calendars<'_>,
        steps: Vec<Step>,
    ) -> Result<Option<Vec<Link>>, EngineError> {
        let mut unsettled = Vec::new();
        let mut steps = steps.into_iter().peekable();
        while steps.peek().is_some() {
            if self.session.is_over() {
                return Ok(None);
            }
            let mut batch = Batch::default();
            for step in steps.by_ref().take(BATCH) {
                self.sort(step, &mut batch).await?;
            }
            for side in Side::BOTH {
                let creations = std::mem::take(&mut batch.creations[side as usize]);
                self.create(calendars, side, creations).await?;
            }
            self.change(calendars, batch.changes, &mut unsettled).await?;
            for side in Side::BOTH {
                let removals = std::mem::take(&mut batch.removals[side as usize]);
                self.remove(calendars, side, removals, &mut unsettled).await?;
            }
        }
        Ok(Some(unsettled))
    }

    /// Puts a step with its kind; what writes neither side is done at once.
    async fn sort(&mut self, step: Step, batch: &mut Batch) -> Result<(), EngineError> {
        let Step { action, reason, covers } = step;
        match action {
            Action::Create { on, link, event, before } => {
                let before = before.map(|before| *before);
                batch.creations[on as usize].push(Creation { link: *link, event: *event, before, reason });
            }
            Action::Update { link, mailbox, crm, base, before } => {
                batch.changes.push(Change {
                    link: *link,
                    mailbox,
                    crm,
                    base,
                    before,
                    reason,
                    failed: false,
                    losses: Default::default(),
                });
            }
            Action::Delete { from, link, expected, before } => {
                batch.removals[from as usize].push(Removal { link: *link, expected, before, reason });
            }
            Action::Keep { link, stored } => {
                let before = stored.then(|| link.as_ref());
                self.session.ports.store.save_link(&self.session.lease, before, &link).await?;
                let effect = match link.state {
                    LinkState::Severed | LinkState::Closed { .. } => Effect::Unlinked,
                    LinkState::Dormant => Effect::Rested,
                    LinkState::Linked | LinkState::Creating { .. } => match reason {
                        Reason::BackInWindow => Effect::Rested,
                        _ => Effect::Unchanged,
                    },
                };
                self.session.note(covers.mailbox.as_ref(), covers.crm.as_ref(), effect, reason, "");
                self.settled(covers.mailbox.as_ref(), covers.crm.as_ref()).await?;
            }
            Action::Park { side, id, detail, link } => {
                if let Some(link) = link {
                    self.session.ports.store.save_link(&self.session.lease, Some(&link), &link).await?;
                }
                self.session.park(side, &id, reason, &detail, None).await?;
            }
            Action::Skip { .. } => {
                self.session.note(covers.mailbox.as_ref(), covers.crm.as_ref(), Effect::Skipped, reason, "");
                self.settled(covers.mailbox.as_ref(), covers.crm.as_ref()).await?;
            }
            Action::Nothing => {
                self.session.note(covers.mailbox.as_ref(), covers.crm.as_ref(), Effect::Unchanged, reason, "");
                self.settled(covers.mailbox.as_ref(), covers.crm.as_ref()).await?;
            }
        }
        Ok(())
    }

    async fn settled(&mut self, mailbox: Option<&RemoteId>, crm: Option<&RemoteId>) -> Result<(), EngineError> {
        self.session.unpark(Side::Mailbox, mailbox).await?;
        self.session.unpark(Side::Crm, crm).await
    }

    /// Notes what is about to be made, looks whether it is there already, makes it, confirms it.
    async fn create(
        &mut self,
        calendars: &Calendars<'_>,
        on: Side,
        creations: Vec<Creation>,
    ) -> Result<(), EngineError> {
        if creations.is_empty() {
            return Ok(());
        }
        let links: Vec<Link> = creations.iter().map(|creation| creation.link.clone()).collect();
        let keys: Vec<_> = links.iter().map(|link| link.key.clone()).collect();
        self.session.ports.store.intend(&self.session.lease, &links).await?;
        let there = calendars.on(on).find(&keys).await.map_err(EngineError::at(on))?;
        let mut missing = Vec::new();
        for creation in creations {
            match there.iter().find(|seen| seen.key.as_ref() == Some(&creation.link.key)) {
                Some(seen) => {
                    let anchor = Anchor { id: seen.id.clone(), version: seen.version.clone() };
                    self.made(on, creation, anchor, (Effect::Linked, Reason::FoundByKey), Vec::new()).await?;
                }
                None => missing.push(creation),
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let writes: Vec<_> = missing
            .iter()
            .map(|creation| EventWrite::Create { key: creation.link.key.clone(), item: creation.event.clone() })
            .collect();
        let outcomes = calendars.on(on).write(&writes).await.map_err(EngineError::at(on))?;
        let mut unknown = Vec::new();
        for (creation, outcome) in missing.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Done(written) => {
                    let anchor = Anchor { id: written.id, version: written.version };
                    let done = (created(on), creation.reason);
                    self.made(on, creation, anchor, done, written.losses).await?;
                }
                Outcome::Unknown => unknown.push(creation),
                Outcome::Rejected { code } => self.not_made(on, &creation, Reason::Rejected, &code, None).await?,
                Outcome::Later { after, code } => {
                    self.not_made(on, &creation, Reason::TryLater, &code, after).await?;
                }
                Outcome::Stale | Outcome::Gone => {
                    self.not_made(on, &creation, Reason::TryLater, "", None).await?;
                }
            }
        }
        self.look_for_lost(calendars, on, unknown).await
    }

    /// A create without an answer may have happened: look. Where it is not seen, the intent stays, and the
    /// next session looks again before anything is made anew.
    async fn look_for_lost(
        &mut self,
        calendars: &Calendars<'_>,
        on: Side,
        unknown: Vec<Creation>,
    ) -> Result<(), EngineError> {
        if unknown.is_empty() {
            return Ok(());
        }
        let keys: Vec<_> = unknown.iter().map(|creation| creation.link.key.clone()).collect();
        let there = calendars.on(on).find(&keys).await.map_err(EngineError::at(on))?;
        for creation in unknown {
            match there.iter().find(|seen| seen.key.as_ref() == Some(&creation.link.key)) {
                Some(seen) => {
                    let anchor = Anchor { id: seen.id.clone(), version: seen.version.clone() };
                    let done = (created(on), creation.reason);
                    self.made(on, creation, anchor, done, Vec::new()).await?;
                }
                None => {
                    if let Some(source) = creation.link.anchor(on.other()) {
                        let (side, id) = (on.other(), source.id.clone());
                        self.session.park(side, &id, Reason::TryLater, "no answer", None).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn made(
        &mut self,
        on: Side,
        creation: Creation,
        anchor: Anchor,
        (effect, reason): (Effect, Reason),
        losses: Vec<Loss>,
    ) -> Result<(), EngineError> {
        let mut link = creation.link;
        *link.anchor_mut(on) = Some(anchor);
        link.state = LinkState::Linked;
        let detail = history::told(&losses);
        self.session.remember(&link.key, effect, reason, EventField::ALL.to_vec(), Vec::new(), losses).await?;
        self.session.ports.store.save_link(&self.session.lease, creation.before.as_ref(), &link).await?;
        let (mailbox, crm) = ids(&link);
        self.session.note(mailbox.as_ref(), crm.as_ref(), effect, reason, &detail);
        // What was lost and is made again may have been parked as a held delete.
        if let Some(before) = &creation.before {
            let (mailbox, crm) = ids(before);
            self.settled(mailbox.as_ref(), crm.as_ref()).await?;
        }
        self.settled(mailbox.as_ref(), crm.as_ref()).await
    }

    async fn not_made(
        &mut self,
        on: Side,
        creation: &Creation,
        reason: Reason,
        code: &str,
        after: Option<Duration>,
    ) -> Result<(), EngineError> {
        let store = &self.session.ports.store;
        store.forget_intent(&self.session.lease, Kind::Event, &creation.link.key).await?;
        match creation.link.anchor(on.other()) {
            Some(source) => self.session.park(on.other(), &source.id.clone(), reason, code, after).await,
            None => Ok(()),
        }
    }

    async fn change(
        &mut self,
        calendars: &Calendars<'_>,
        mut changes: Vec<Change>,
        unsettled: &mut Vec<Link>,
    ) -> Result<(), EngineError> {
        for side in Side::BOTH {
            self.change_side(calendars, side, &mut changes, unsettled).await?;
        }
        for change in changes.into_iter().filter(|change| !change.failed) {
            let mut link = change.link;
            link.base = change.base;
            let fields = |patch: &Option<EventPatch>| patch.as_ref().map_or_else(Fields::new, |it| it.fields.clone());
            let (in_mailbox, in_crm) = (fields(&change.mailbox), fields(&change.crm));
            let [of_mailbox, of_crm] = change.losses;
            let effects =
                [(Effect::UpdatedInMailbox, &in_mailbox, of_mailbox), (Effect::UpdatedInCrm, &in_crm, of_crm)];
            let (mailbox, crm) = ids(&link);
            let mut before = change.before;
            let mut wrote = false;
            for (effect, fields, losses) in effects.into_iter().filter(|(_, fields, _)| !fields.is_empty()) {
                let (of_fields, rest) = before.into_iter().partition(|value| fields.contains(&value.field));
                before = rest;
                let fields = fields.iter().copied().collect();
                let detail = history::told(&losses);
                self.session.remember(&link.key, effect, change.reason, fields, of_fields, losses).await?;
                self.session.note(mailbox.as_ref(), crm.as_ref(), effect, change.reason, &detail);
                wrote = true;
            }
            if !wrote {
                let effect = if change.reason == Reason::TwinAdopted { Effect::Linked } else { Effect::Unchanged };
                self.session.note(mailbox.as_ref(), crm.as_ref(), effect, change.reason, "");
            }
            self.session.ports.store.save_link(&self.session.lease, Some(&link), &link).await?;
            self.settled(mailbox.as_ref(), crm.as_ref()).await?;
        }
        Ok(())
    }

    async fn change_side(
        &mut self,
        calendars: &Calendars<'_>,
        side: Side,
        changes: &mut [Change],
        unsettled: &mut Vec<Link>,
    ) -> Result<(), EngineError> {
        let mut writes = Vec::new();
        let mut authors = Vec::new();
        for (at, change) in changes.iter().enumerate() {
            let patch = if side == Side::Mailbox { &change.mailbox } else { &change.crm };
            if let (Some(patch), Some(anchor), false) = (patch, change.link.anchor(side), change.failed) {
                let (id, expected, patch) = (anchor.id.clone(), anchor.version.clone(), patch.clone());
                writes.push(EventWrite::Update { id, expected, patch });
                authors.push(at);
            }
        }
        if writes.is_empty() {
            return Ok(());
        }
        let outcomes = calendars.on(side).write(&writes).await.map_err(EngineError::at(side))?;
        for (at, outcome) in authors.into_iter().zip(outcomes) {
            let Some(change) = changes.get_mut(at) else { continue };
            if let Outcome::Done(written) = outcome {
                *change.link.anchor_mut(side) = Some(Anchor { id: written.id, version: written.version });
                change.losses[side as usize] = written.losses;
                continue;
            }
            change.failed = true;
            let source = change.link.anchor(side.other()).map(|anchor| anchor.id.clone());
            match (outcome, source) {
                (Outcome::Rejected { code }, Some(id)) => {
                    self.session.park(side.other(), &id, Reason::Rejected, &code, None).await?;
                }
                (Outcome::Later { after, code }, Some(id)) => {
                    self.session.park(side.other(), &id, Reason::TryLater, &code, after).await?;
                }
                (Outcome::Rejected { .. } | Outcome::Later { .. }, None)
                | (Outcome::Stale | Outcome::Gone | Outcome::Unknown | Outcome::Done(_), _) => {
                    unsettled.push(change.link.clone());
                }
            }
        }
        Ok(())
    }

    async fn remove(
        &mut self,
        calendars: &Calendars<'_>,
        from: Side,
        removals: Vec<Removal>,
        unsettled: &mut Vec<Link>,
    ) -> Result<(), EngineError> {
        if removals.is_empty() {
            return Ok(());
        }
        let writes: Vec<_> = removals
            .iter()
            .map(|removal| EventWrite::Delete {
                id: removal.expected.id.clone(),
                expected: removal.expected.version.clone(),
            })
            .collect();
        let outcomes = calendars.on(from).write(&writes).await.map_err(EngineError::at(from))?;
        for (removal, outcome) in removals.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Done(_) | Outcome::Gone => self.removed(from, removal).await?,
                Outcome::Stale | Outcome::Unknown => unsettled.push(removal.link),
                Outcome::Rejected { code } => {
                    self.session.park(from, &removal.expected.id, Reason::Rejected, &code, None).await?;
                }
                Outcome::Later { after, code } => {
                    self.session.park(from, &removal.expected.id, Reason::TryLater, &code, after).await?;
                }
            }
        }
        Ok(())
    }

    async fn removed(&mut self, from: Side, removal: Removal) -> Result<(), EngineError> {
        let effect = match from {
            Side::Mailbox => Effect::DeletedFromMailbox,
            Side::Crm => Effect::DeletedFromCrm,
        };
        let key = &removal.link.key;
        self.session.remember(key, effect, removal.reason, Vec::new(), removal.before, Vec::new()).await?;
        let closed = plan::closed(removal.link.clone(), self.session.now());
        self.session.ports.store.save_link(&self.session.lease, Some(&removal.link), &closed).await?;
        let (mailbox, crm) = ids(&removal.link);
        self.session.note(mailbox.as_ref(), crm.as_ref(), effect, removal.reason, "");
        self.settled(mailbox.as_ref(), crm.as_ref()).await
    }
}

fn created(on: Side) -> Effect {
    match on {
        Side::Mailbox => Effect::CreatedInMailbox,
        Side::Crm => Effect::CreatedInCrm,
    }
}
