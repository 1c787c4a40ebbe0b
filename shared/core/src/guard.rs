//! A look at the whole plan before any of it is carried out.

use std::collections::BTreeSet;

use crate::ids::RemoteId;
use crate::item::Side;
use crate::plan::{Action, Covers, Step};
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
    let held = Side::BOTH.map(|side| {
        let undecided = steps.iter().filter(|step| match &step.action {
            Action::Delete { from, .. } => *from == side && !is_allowed(&step.covers, *from, allowed),
            _ => false,
        });
        is_mass_delete(u32::try_from(undecided.count()).unwrap_or(u32::MAX), linked, limit)
    });
    steps
        .into_iter()
        .map(|step| match &step.action {
            Action::Delete { from, .. } if held[*from as usize] && !is_allowed(&step.covers, *from, allowed) => {
                hold(step)
            }
            _ => step,
        })
        .collect()
}

/// A delete is decided upon under the item that caused it: the one that is gone from the other side.
fn cause(covers: &Covers, from: Side) -> Option<(Side, RemoteId)> {
    let gone = match from {
        Side::Crm => covers.mailbox.clone(),
        Side::Mailbox => covers.crm.clone(),
    };
    gone.map(|id| (from.other(), id))
}

fn is_allowed(covers: &Covers, from: Side, allowed: &BTreeSet<(Side, RemoteId)>) -> bool {
    cause(covers, from).is_some_and(|cause| allowed.contains(&cause))
}

fn hold(step: Step) -> Step {
    let Action::Delete { from, link, .. } = step.action else { return step };
    let (side, id) = match cause(&step.covers, from) {
        Some(cause) => cause,
        None => return Step { action: Action::Nothing, reason: Reason::MassDelete, covers: step.covers },
    };
    let detail = format!("{} of the pair {} would go", from.name(), link.key);
    Step { action: Action::Park { side, id, detail }, reason: Reason::MassDelete, covers: step.covers }
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
