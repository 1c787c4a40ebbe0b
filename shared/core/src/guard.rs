//! A look at the whole plan before any of it is carried out.

use std::collections::BTreeSet;

use crate::ids::RemoteId;
use crate::item::Side;
use crate::link::{Anchor, Link};
use crate::plan::{Action, Step};
use crate::policy::MassDelete;
use crate::reason::Reason;

/// Whether so many deletes on one side are too many for so many linked items (D-11).
pub fn is_mass_delete(deletes: u32, linked: u32, limit: &MassDelete) -> bool {
    let share = u64::from(deletes) * 100;
    deletes > limit.count || (deletes > limit.floor && share > u64::from(limit.percent) * u64::from(linked))
}

/// How many deletes a plan holds for one side.
pub fn deletes(steps: &[Step], side: Side) -> u32 {
    let deletes = steps.iter().filter(|step| matches!(step.action, Action::Delete { from, .. } if from == side));
    u32::try_from(deletes.count()).unwrap_or(u32::MAX)
}

/// Holds back all deletes of a side where they are too many: each is parked until an administrator
/// decides (D-11). `allowed` are the items whose delete was allowed already.
pub fn hold_mass_deletes(
    steps: Vec<Step>,
    linked: u32,
    limit: &MassDelete,
    allowed: &BTreeSet<(Side, RemoteId)>,
) -> Vec<Step> {
    let undecided = |step: &Step, side: Side| match &step.action {
        Action::Delete { from, link, expected, .. } => {
            *from == side && !allowed.contains(&cause(*from, link, expected))
        }
        Action::Create { .. }
        | Action::Update { .. }
        | Action::Keep { .. }
        | Action::Park { .. }
        | Action::Skip { .. }
        | Action::Nothing => false,
    };
    let [mailbox, crm] = Side::BOTH.map(|side| {
        let deletes = steps.iter().filter(|step| undecided(step, side)).count();
        is_mass_delete(u32::try_from(deletes).unwrap_or(u32::MAX), linked, limit)
    });
    let is_held = |step: &Step| mailbox && undecided(step, Side::Mailbox) || crm && undecided(step, Side::Crm);
    steps.into_iter().map(|step| if is_held(&step) { hold(step) } else { step }).collect()
}

/// A delete is decided upon under the item that caused it: the one that is gone from the other side.
fn cause(from: Side, link: &Link, expected: &Anchor) -> (Side, RemoteId) {
    match link.anchor(from.other()) {
        Some(gone) => (from.other(), gone.id.clone()),
        None => (from, expected.id.clone()),
    }
}

fn hold(step: Step) -> Step {
    let Step { action: Action::Delete { from, link, expected, .. }, covers, .. } = step else { return step };
    let (side, id) = cause(from, &link, &expected);
    let detail = format!("{} of the pair {} would go", from.name(), link.key);
    Step { action: Action::Park { side, id, detail, link: None }, reason: Reason::MassDelete, covers }
}

/// The observed items that no step accounts for; there must be none (a plan that lost one must not move
/// the cursor).
pub fn unaccounted(observed: &[(Side, RemoteId)], steps: &[Step]) -> Vec<(Side, RemoteId)> {
    let mut covered = BTreeSet::new();
    for step in steps {
        covered.extend(step.covers.mailbox.iter().map(|id| (Side::Mailbox, id.clone())));
        covered.extend(step.covers.crm.iter().map(|id| (Side::Crm, id.clone())));
    }
    observed.iter().filter(|item| !covered.contains(*item)).cloned().collect()
}

#[cfg(test)]
mod tests;
