//! A user's two-way session for calendar events: observe, plan, execute, confirm.

mod execute;
mod observe;

use std::collections::BTreeSet;

use jiff::Timestamp;
use syncline_core::cursor::{Cursor, Mode};
use syncline_core::guard;
use syncline_core::ids::{RemoteId, UserId};
use syncline_core::item::{Kind, Side};
use syncline_core::job::{Stream, Trigger};
use syncline_core::link::{Anchor, Link, LinkState};
use syncline_core::observation::Observation;
use syncline_core::pair::{self, PairState, Scope};
use syncline_core::plan::{self, Action, Circumstances, Step};
use syncline_core::reason::Reason;
use syncline_core::report::{Effect, Ending};
use syncline_core::time::Window;
use syncline_ports::{CursorKey, Events, ParkedRow};

use self::observe::Observed;
use crate::error::EngineError;
use crate::session::{self, Session};
use crate::{Ports, Ran};

/// How often an item that changes under our hands is looked at again within one session.
const MAX_ROUNDS: u32 = 3;

/// Runs a session of the mirror stream, until everything seen is dealt with or the deadline is near.
pub async fn run(ports: &Ports, user: &UserId, trigger: Trigger, deadline: Timestamp) -> Result<Ran, EngineError> {
    let (user, org) = session::who(ports, user).await?;
    let session = match session::open(ports, user, org, Stream::Mirror, trigger, deadline).await? {
        Ok(session) => session,
        Err(ran) => return Ok(ran),
    };
    let mut mirror = Mirror { session };
    let worked = mirror.work().await;
    mirror.session.close(worked).await
}

struct Mirror<'a> {
    session: Session<'a>,
}

/// The two calendars of a user.
struct Calendars<'a> {
    mailbox: &'a dyn Events,
    crm: &'a dyn Events,
}

impl Calendars<'_> {
    fn on(&self, side: Side) -> &dyn Events {
        match side {
            Side::Mailbox => self.mailbox,
            Side::Crm => self.crm,
        }
    }
}

impl Mirror<'_> {
    async fn work(&mut self) -> Result<Ending, EngineError> {
        let connector = &self.session.ports.connector;
        let mailbox = connector.mailbox(&self.session.user).await.map_err(EngineError::at(Side::Mailbox))?;
        let Some(mailbox_events) = mailbox.events() else { return Ok(Ending::Complete) };
        let crm = connector.crm(&self.session.user).await.map_err(EngineError::at(Side::Crm))?;
        let calendars = Calendars { mailbox: mailbox_events, crm: crm.events() };

        self.finish_what_was_begun(&calendars).await?;

        let policy = &self.session.org.policy;
        let window = Window::around(self.session.now(), policy.event_days_back, policy.event_days_ahead);
        let cursors = [self.cursor(Side::Mailbox, window).await?, self.cursor(Side::Crm, window).await?];
        let deadline = self.session.deadline;
        let clock = self.session.ports.clock.as_ref();
        // Neither is broken off when the other fails: in the middle of a renewal that would lose a sign-in.
        let (in_mailbox, in_crm) = futures::join!(
            observe::side(calendars.mailbox, Side::Mailbox, &window, cursors[0].clone(), clock, deadline),
            observe::side(calendars.crm, Side::Crm, &window, cursors[1].clone(), clock, deadline),
        );
        let (in_mailbox, in_crm) = both(in_mailbox, in_crm)?;
        let ending = if in_mailbox.complete && in_crm.complete { Ending::Complete } else { Ending::ToBeContinued };
        let ends = [in_mailbox.cursor.clone(), in_crm.cursor.clone()];
        let mode = in_mailbox.mode;

        if !self.settle(&calendars, window, mode, in_mailbox, in_crm).await? {
            return Ok(Ending::ToBeContinued);
        }
        for (side, (was, is)) in Side::BOTH.into_iter().zip(cursors.into_iter().zip(ends)) {
            if was != is {
                self.session.ports.store.put_cursor(&self.session.lease, &cursor_key(side), &is).await?;
            }
        }
        Ok(ending)
    }

    async fn cursor(&self, side: Side, window: Window) -> Result<Cursor, EngineError> {
        let stored = self.session.ports.store.cursor(&self.session.user.id, &cursor_key(side)).await?;
        Ok(match stored {
            None => Cursor::fresh(Some(window)),
            Some(cursor) if cursor.is_outgrown(&window) => cursor.restarted(Some(window)),
            Some(cursor) => cursor,
        })
    }

    /// Looks up on its side each item whose making was noted and not confirmed.
    async fn finish_what_was_begun(&mut self, calendars: &Calendars<'_>) -> Result<(), EngineError> {
        let store = &self.session.ports.store;
        let intents = store.intents(&self.session.user.id, Kind::Event).await?;
        for side in Side::BOTH {
            let begun: Vec<&Link> = intents
                .iter()
                .map(|intent| &intent.link)
                .filter(|link| matches!(link.state, LinkState::Creating { on } if on == side))
                .collect();
            if begun.is_empty() {
                continue;
            }
            let keys: Vec<_> = begun.iter().map(|link| link.key.clone()).collect();
            let found = calendars.on(side).find(&keys).await.map_err(EngineError::at(side))?;
            for link in begun {
                match found.iter().find(|seen| seen.key.as_ref() == Some(&link.key)) {
                    Some(seen) => {
                        let mut link = link.clone();
                        *link.anchor_mut(side) = Some(Anchor { id: seen.id.clone(), version: seen.version.clone() });
                        link.state = LinkState::Linked;
                        store.save_link(&self.session.lease, None, &link).await?;
                        let (mailbox, crm) = ids(&link);
                        self.session.note(mailbox.as_ref(), crm.as_ref(), Effect::Linked, Reason::FoundByKey, "");
                    }
                    None => store.forget_intent(&self.session.lease, Kind::Event, &link.key).await?,
                }
            }
        }
        Ok(())
    }

    /// Plans and carries out what was observed; `false` if the deadline came first, so that nothing may
    /// count as read.
    async fn settle(
        &mut self,
        calendars: &Calendars<'_>,
        window: Window,
        mode: Mode,
        mut in_mailbox: Observed,
        mut in_crm: Observed,
    ) -> Result<bool, EngineError> {
        let allowed = self.take_up_parked(calendars, &mut in_mailbox, &mut in_crm).await?;
        self.look_for_missing(calendars, &mut in_mailbox, &mut in_crm).await?;
        let mut seen = [in_mailbox.items, in_crm.items];
        for round in 1..=MAX_ROUNDS {
            let [mailbox, crm] = seen;
            let observed = items(&mailbox, &crm);
            let states = self.join(calendars, mailbox, crm).await?;
            let steps = self.plan(states, &observed, window, mode, &allowed).await?;
            let Some(unsettled) = self.execute(calendars, steps).await? else { return Ok(false) };
            if unsettled.is_empty() {
                return Ok(true);
            }
            if round == MAX_ROUNDS {
                self.give_up_for_now(&unsettled).await?;
                return Ok(true);
            }
            seen = self.look_again(calendars, &unsettled).await?;
        }
        Ok(true)
    }

    /// Reads the parked items whose time has come, and their counterparts, as if they had been observed;
    /// returns those whose held delete was allowed.
    async fn take_up_parked(
        &mut self,
        calendars: &Calendars<'_>,
        in_mailbox: &mut Observed,
        in_crm: &mut Observed,
    ) -> Result<BTreeSet<(Side, RemoteId)>, EngineError> {
        let mut allowed = BTreeSet::new();
        let mut rows = Vec::new();
        for row in self.session.due_parked() {
            match row.verdict {
                Some(false) => self.deny_delete(&row).await?,
                Some(true) => {
                    allowed.insert((row.side, row.id.clone()));
                    rows.push(row);
                }
                None => rows.push(row),
            }
        }
        let wanted = self.pairs_of(&rows).await?;
        for ((side, observed), ids) in [(Side::Mailbox, in_mailbox), (Side::Crm, in_crm)].into_iter().zip(wanted) {
            let known: BTreeSet<_> = observed.items.iter().map(|seen| seen.id().clone()).collect();
            let ids: Vec<_> = ids.into_iter().filter(|id| !known.contains(id)).collect();
            observed.items.extend(read(calendars, side, &ids).await?);
        }
        Ok(allowed)
    }

    /// The ids of parked items and of their counterparts: what waits may have happened on either side, and
    /// neither side lists it again.
    async fn pairs_of(&self, rows: &[ParkedRow]) -> Result<[BTreeSet<RemoteId>; 2], EngineError> {
        if rows.is_empty() {
            return Ok([BTreeSet::new(), BTreeSet::new()]);
        }
        let [mailbox, crm] = Side::BOTH.map(|side| {
            let of_side = rows.iter().filter(|row| row.side == side);
            of_side.map(|row| row.id.clone()).collect::<Vec<_>>()
        });
        let links = self.session.ports.store.links(&self.session.user.id, Kind::Event, &mailbox, &crm).await?;
        let mut wanted = [BTreeSet::from_iter(mailbox), BTreeSet::from_iter(crm)];
        for (side, wanted) in Side::BOTH.into_iter().zip(&mut wanted) {
            wanted.extend(links.iter().filter_map(|link| link.anchor(side)).map(|at| at.id.clone()));
        }
        Ok(wanted)
    }

    async fn deny_delete(&mut self, row: &ParkedRow) -> Result<(), EngineError> {
        let (mailbox, crm) = match row.side {
            Side::Mailbox => (vec![row.id.clone()], vec![]),
            Side::Crm => (vec![], vec![row.id.clone()]),
        };
        let store = &self.session.ports.store;
        for link in store.links(&self.session.user.id, Kind::Event, &mailbox, &crm).await? {
            let severed = plan::severed(link.clone());
            store.save_link(&self.session.lease, Some(&link), &severed).await?;
            let (mailbox, crm) = ids(&link);
            self.session.note(mailbox.as_ref(), crm.as_ref(), Effect::Unlinked, Reason::DeleteDenied, "");
        }
        self.session.unpark(row.side, Some(&row.id)).await
    }

    /// After a complete listing, asks for each linked item that it did not show: absence alone proves
    /// nothing, so each is read by its id.
    async fn look_for_missing(
        &mut self,
        calendars: &Calendars<'_>,
        in_mailbox: &mut Observed,
        in_crm: &mut Observed,
    ) -> Result<(), EngineError> {
        let scanned = |observed: &Observed| observed.complete && matches!(observed.mode, Mode::FullScan { .. });
        if !scanned(in_mailbox) && !scanned(in_crm) {
            return Ok(());
        }
        let links = self.session.ports.store.all_links(&self.session.user.id, Kind::Event).await?;
        for (side, observed) in [(Side::Mailbox, in_mailbox), (Side::Crm, in_crm)] {
            if !scanned(observed) {
                continue;
            }
            let shown: BTreeSet<_> = observed.items.iter().map(|seen| seen.id().clone()).collect();
            let live = links.iter().filter(|link| matches!(link.state, LinkState::Linked | LinkState::Dormant));
            let anchors = live.filter_map(|link| link.anchor(side));
            let missing: Vec<_> = anchors.map(|at| at.id.clone()).filter(|id| !shown.contains(id)).collect();
            observed.items.extend(read(calendars, side, &missing).await?);
        }
        Ok(())
    }

    /// Joins what was seen with the links, after reading what a decision would lack.
    async fn join(
        &self,
        calendars: &Calendars<'_>,
        mut mailbox: Vec<Observation>,
        mut crm: Vec<Observation>,
    ) -> Result<Vec<PairState>, EngineError> {
        if mailbox.is_empty() && crm.is_empty() {
            return Ok(Vec::new());
        }
        let ids = |seen: &[Observation]| seen.iter().map(|item| item.id().clone()).collect::<Vec<_>>();
        let (user, store) = (&self.session.user.id, &self.session.ports.store);
        let links = store.links(user, Kind::Event, &ids(&mailbox), &ids(&crm)).await?;
        let [read_mailbox, read_crm] = pair::to_be_read(&mailbox, &crm, &links);
        mailbox.extend(read(calendars, Side::Mailbox, &read_mailbox).await?);
        crm.extend(read(calendars, Side::Crm, &read_crm).await?);
        Ok(pair::join(self.scope(), mailbox, crm, links))
    }

    async fn plan(
        &self,
        states: Vec<PairState>,
        observed: &[(Side, RemoteId)],
        window: Window,
        mode: Mode,
        allowed: &BTreeSet<(Side, RemoteId)>,
    ) -> Result<Vec<Step>, EngineError> {
        let policy = &self.session.org.policy;
        let at = Circumstances {
            scope: self.scope(),
            policy,
            now: self.session.now(),
            window,
            activated: self.session.user.activated,
            mode,
        };
        let mut steps: Vec<Step> = states.into_iter().map(|state| plan::plan(state, &at)).collect();
        if steps.iter().any(|step| matches!(step.action, Action::Delete { .. })) {
            let linked = self.session.ports.store.count_links(&self.session.user.id, Kind::Event).await?;
            steps = guard::hold_mass_deletes(steps, linked, &policy.mass_delete, allowed);
        }
        match guard::unaccounted(observed, &steps).len() {
            0 => Ok(steps),
            lost => Err(EngineError::Unaccounted(lost)),
        }
    }

    fn scope(&self) -> Scope<'_> {
        let (org, user) = (&self.session.org, &self.session.user);
        Scope { org: &org.id, user: &user.id, key: org.fingerprint_key }
    }

    /// Reads anew, on both sides, what changed under our hands.
    async fn look_again(
        &self,
        calendars: &Calendars<'_>,
        links: &[Link],
    ) -> Result<[Vec<Observation>; 2], EngineError> {
        let mut seen = [Vec::new(), Vec::new()];
        for (side, seen) in Side::BOTH.into_iter().zip(&mut seen) {
            let ids: Vec<_> = links.iter().filter_map(|link| link.anchor(side)).map(|at| at.id.clone()).collect();
            *seen = read(calendars, side, &ids).await?;
        }
        Ok(seen)
    }

    async fn give_up_for_now(&mut self, links: &[Link]) -> Result<(), EngineError> {
        for link in links {
            let side = if link.mailbox.is_some() { Side::Mailbox } else { Side::Crm };
            if let Some(anchor) = link.anchor(side) {
                self.session.park(side, &anchor.id, Reason::TryLater, "it kept changing", None).await?;
            }
        }
        Ok(())
    }
}

/// What both sides showed. Of two troubles it is the refused sign-in that counts, because it may be tried only
/// once (D-32).
fn both<T>(mailbox: Result<T, EngineError>, crm: Result<T, EngineError>) -> Result<(T, T), EngineError> {
    match (mailbox, crm) {
        (Ok(mailbox), Ok(crm)) => Ok((mailbox, crm)),
        (Err(_), Err(crm)) if crm.is_refused_sign_in() => Err(crm),
        (Err(error), _) | (Ok(_), Err(error)) => Err(error),
    }
}

async fn read(calendars: &Calendars<'_>, side: Side, ids: &[RemoteId]) -> Result<Vec<Observation>, EngineError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    calendars.on(side).read(ids).await.map_err(EngineError::at(side))
}

fn items(mailbox: &[Observation], crm: &[Observation]) -> Vec<(Side, RemoteId)> {
    let of = |side, seen: &[Observation]| seen.iter().map(|item| (side, item.id().clone())).collect::<Vec<_>>();
    [of(Side::Mailbox, mailbox), of(Side::Crm, crm)].concat()
}

fn cursor_key(side: Side) -> CursorKey {
    CursorKey { stream: Stream::Mirror, side, collection: "events".to_owned() }
}

fn ids(link: &Link) -> (Option<RemoteId>, Option<RemoteId>) {
    let id = |anchor: &Option<Anchor>| anchor.as_ref().map(|at| at.id.clone());
    (id(&link.mailbox), id(&link.crm))
}

#[cfg(test)]
mod tests {
    use syncline_ports::{ErrorKind, PortError};

    use super::*;

    #[test]
    fn d32_a_refused_sign_in_counts_before_any_other_trouble() {
        let fails = |side, kind| Err(EngineError::at(side)(PortError::new(kind, "observe")));
        let (revoked, transient) = (ErrorKind::AuthRevoked, ErrorKind::Transient);
        for (mailbox, crm, told) in [
            (Ok(()), Ok(()), None),
            (fails(Side::Mailbox, transient), Ok(()), Some(Side::Mailbox)),
            (Ok(()), fails(Side::Crm, transient), Some(Side::Crm)),
            (fails(Side::Mailbox, transient), fails(Side::Crm, transient), Some(Side::Mailbox)),
            (fails(Side::Mailbox, revoked), fails(Side::Crm, transient), Some(Side::Mailbox)),
            (fails(Side::Mailbox, transient), fails(Side::Crm, revoked), Some(Side::Crm)),
        ] {
            let side = match both(mailbox, crm) {
                Ok(_) => None,
                Err(EngineError::Side { side, .. }) => Some(side),
                Err(other) => panic!("{other}"),
            };
            assert_eq!(side, told);
        }
    }
}
