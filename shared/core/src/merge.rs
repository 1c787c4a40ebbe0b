//! Per field, three-way, against the last state both sides agreed on (D-08).

use crate::fingerprint;
use crate::item::{Event, EventField, Fields, Side};

/// What a merge comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The event as both sides shall hold it.
    pub event: Event,
    /// What the mailbox lacks of it.
    pub to_mailbox: Fields,
    /// What the CRM lacks of it.
    pub to_crm: Fields,
    /// Fields both sides changed to different values; those not in `to_mailbox` the mailbox won.
    pub conflicts: Fields,
}

/// Merges two sides, given which fields each has changed since they last agreed. Where both changed a
/// field to different values, `winner` has its way, except that a text is not overwritten with nothing
/// (D-13) and what one side hides stays hidden (D-17). A value the other side already has in the only form it can express is not written (D-12).
pub fn merge(mailbox: &Event, crm: &Event, in_mailbox: &Fields, in_crm: &Fields, winner: Side) -> Merged {
    let mut merged =
        Merged { event: mailbox.clone(), to_mailbox: Fields::new(), to_crm: Fields::new(), conflicts: Fields::new() };
    for field in EventField::ALL {
        if fingerprint::same(field, mailbox, crm) {
            continue;
        }
        let side = match (in_mailbox.contains(&field), in_crm.contains(&field)) {
            (true, false) => Side::Mailbox,
            (false, true) => Side::Crm,
            // They differ though neither is known to have changed: the base was lost. As a conflict.
            (true, true) | (false, false) => {
                merged.conflicts.insert(field);
                prevailing(field, mailbox, crm, winner)
            }
        };
        match side {
            Side::Mailbox => merged.to_crm.insert(field),
            Side::Crm => {
                take(field, crm, &mut merged.event);
                merged.to_mailbox.insert(field)
            }
        };
    }
    merged
}

/// Whose value of a field stands in a conflict; the two differ.
fn prevailing(field: EventField, mailbox: &Event, crm: &Event, winner: Side) -> Side {
    let of = |side: Side| match side {
        Side::Mailbox => mailbox,
        Side::Crm => crm,
    };
    match field {
        EventField::Subject | EventField::Body | EventField::Location => {
            if fingerprint::shared_form(field, of(winner)).is_empty() { winner.other() } else { winner }
        }
        EventField::Sensitivity => {
            if mailbox.sensitivity.is_private() {
                Side::Mailbox
            } else {
                Side::Crm
            }
        }
        EventField::Time | EventField::ShowAs | EventField::Reminder => winner,
    }
}

/// Copies one field.
pub fn take(field: EventField, from: &Event, to: &mut Event) {
    match field {
        EventField::Subject => to.subject.clone_from(&from.subject),
        EventField::Body => to.body.clone_from(&from.body),
        EventField::Location => to.location.clone_from(&from.location),
        EventField::Time => to.time = from.time,
        EventField::ShowAs => to.show_as = from.show_as,
        EventField::Sensitivity => to.sensitivity = from.sensitivity,
        EventField::Reminder => to.reminder_minutes = from.reminder_minutes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Sensitivity;
    use crate::testing::{any_event, event};
    use proptest::prelude::*;

    fn fields(of: &[EventField]) -> Fields {
        of.iter().copied().collect()
    }

    #[test]
    fn d08_each_field_comes_from_the_side_that_changed_it() {
        let mailbox = Event { subject: "New subject".into(), ..event() };
        let crm = Event { location: "Room 2".into(), ..event() };
        let merged =
            merge(&mailbox, &crm, &fields(&[EventField::Subject]), &fields(&[EventField::Location]), Side::Mailbox);
        assert_eq!(merged.event, Event { subject: "New subject".into(), location: "Room 2".into(), ..event() });
        assert_eq!(merged.to_crm, fields(&[EventField::Subject]));
        assert_eq!(merged.to_mailbox, fields(&[EventField::Location]));
        assert_eq!(merged.conflicts, Fields::new());
    }

    #[test]
    fn d08_in_a_conflict_the_winner_has_its_way() {
        let mailbox = Event { subject: "A".into(), ..event() };
        let crm = Event { subject: "B".into(), ..event() };
        let both = fields(&[EventField::Subject]);
        for (winner, expected) in [(Side::Mailbox, "A"), (Side::Crm, "B")] {
            let merged = merge(&mailbox, &crm, &both, &both, winner);
            assert_eq!((merged.event.subject.as_str(), merged.conflicts), (expected, both.clone()));
        }
    }

    #[test]
    fn d13_nothing_does_not_overwrite_something_in_a_conflict() {
        let both = fields(&[EventField::Location]);
        let crm = Event { location: "Room 2".into(), ..event() };
        let merged = merge(&Event { location: String::new(), ..event() }, &crm, &both, &both, Side::Mailbox);
        assert_eq!(merged.event.location, "Room 2");
    }

    #[test]
    fn d17_without_a_base_the_private_side_stays_private_whoever_wins() {
        let private = Event { sensitivity: Sensitivity::Confidential, ..event() };
        let nothing = Fields::new();
        for winner in Side::BOTH {
            let merged = merge(&private, &event(), &nothing, &nothing, winner);
            assert_eq!(
                (merged.event.sensitivity, merged.to_crm),
                (Sensitivity::Confidential, fields(&[EventField::Sensitivity]))
            );
            let merged = merge(&event(), &private, &nothing, &nothing, winner);
            assert_eq!((merged.event.sensitivity, merged.to_crm), (Sensitivity::Confidential, Fields::new()));
        }
    }

    proptest! {
        #[test]
        fn a_merge_leaves_both_sides_the_same(
            mailbox in any_event(), crm in any_event(), m in any::<u8>(), c in any::<u8>(), wins in any::<bool>(),
        ) {
            let pick = |bits: u8| EventField::ALL.into_iter().enumerate()
                .filter(|(at, _)| bits & (1 << at) != 0).map(|(_, field)| field).collect::<Fields>();
            let winner = if wins { Side::Mailbox } else { Side::Crm };
            let merged = merge(&mailbox, &crm, &pick(m), &pick(c), winner);
            let (mut new_mailbox, mut new_crm) = (mailbox, crm);
            for field in &merged.to_mailbox { take(*field, &merged.event, &mut new_mailbox); }
            for field in &merged.to_crm { take(*field, &merged.event, &mut new_crm); }
            prop_assert_eq!(fingerprint::difference(&new_mailbox, &new_crm), Fields::new());
            prop_assert!(merged.to_mailbox.is_disjoint(&merged.to_crm));
            let again = merge(&new_mailbox, &new_crm, &pick(m), &pick(c), winner);
            prop_assert!(again.to_mailbox.is_empty() && again.to_crm.is_empty(), "a second merge does nothing");
        }
    }
}
