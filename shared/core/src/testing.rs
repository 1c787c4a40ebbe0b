//! Events, links and circumstances for this crate's own tests.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::cursor::Mode;
use crate::fingerprint::{FingerprintKey, Fingerprints};
use crate::ids::{OrgId, RemoteId, SyncKey, UserId, Version};
use crate::item::{Event, Kind, Sensitivity, ShowAs};
use crate::link::{Anchor, Link, LinkState, Part};
use crate::observation::{EventSeen, Observation, Response, Standing};
use crate::pair::Scope;
use crate::plan::Circumstances;
use crate::policy::Policy;
use crate::time::{EventTime, Window};

pub(crate) const KEY: FingerprintKey = FingerprintKey([7; 16]);

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn event() -> Event {
    Event {
        subject: "Review".into(),
        body: String::new(),
        location: "Room 1".into(),
        time: timed("2031-03-10T09:00:00Z", "2031-03-10T10:00:00Z"),
        show_as: ShowAs::Busy,
        sensitivity: Sensitivity::Normal,
        reminder_minutes: Some(15),
    }
}

pub(crate) fn timed(start: &str, end: &str) -> EventTime {
    EventTime::Timed { start: at(start), end: at(end) }
}

/// An hour long, so many hours from now.
pub(crate) fn in_hours(hours: i64) -> EventTime {
    let start = desk().now + SignedDuration::from_hours(hours);
    EventTime::Timed { start, end: start + SignedDuration::from_hours(1) }
}

/// Made after the activation, changed a little later.
pub(crate) fn seen(id: &str, event: Event) -> EventSeen {
    EventSeen {
        id: RemoteId::new(id),
        version: Version::new("v2"),
        key: None,
        created: at("2031-03-05T08:00:00Z"),
        modified: at("2031-03-06T08:00:00Z"),
        event,
        standing: Standing::own_single(),
    }
}

pub(crate) fn present(seen: EventSeen) -> Observation {
    Observation::Present(Box::new(seen))
}

pub(crate) fn gone(id: &str) -> Observation {
    Observation::Gone { id: RemoteId::new(id) }
}

pub(crate) fn standing(part: Part) -> Standing {
    let own = Standing::own_single();
    match part {
        Part::Alone => own,
        Part::Organizer => Standing { attendees: 2, ..own },
        Part::Attendee => Standing { attendees: 2, is_organizer: false, response: Response::Accepted, ..own },
    }
}

/// Between `m1` and `c1`, which agreed on [`event`] at version `v1`.
pub(crate) fn link(part: Part) -> Link {
    let anchor = |id| Some(Anchor { id: RemoteId::new(id), version: Version::new("v1") });
    Link {
        key: SyncKey::from_text("k1"),
        kind: Kind::Event,
        mailbox: anchor("m1"),
        crm: anchor("c1"),
        base: Fingerprints::of(&event(), KEY),
        part,
        state: LinkState::Linked,
    }
}

/// Where and when it is planned.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(crate) org: OrgId,
    pub(crate) user: UserId,
    pub(crate) policy: Policy,
    pub(crate) now: Timestamp,
    pub(crate) activated: Timestamp,
    pub(crate) mode: Mode,
}

/// Two days before [`event`], a week after the activation, in a later session.
pub(crate) fn desk() -> Desk {
    Desk {
        org: OrgId::new("northwind"),
        user: UserId::new("ada"),
        policy: Policy::default(),
        now: at("2031-03-08T09:00:00Z"),
        activated: at("2031-03-01T00:00:00Z"),
        mode: Mode::Incremental,
    }
}

impl Desk {
    pub(crate) fn scope(&self) -> Scope<'_> {
        Scope { org: &self.org, user: &self.user, key: KEY }
    }

    pub(crate) fn circumstances(&self) -> Circumstances<'_> {
        Circumstances {
            scope: self.scope(),
            policy: &self.policy,
            now: self.now,
            window: Window::around(self.now, self.policy.event_days_back, self.policy.event_days_ahead),
            activated: self.activated,
            mode: self.mode,
        }
    }
}

pub(crate) fn any_event() -> impl Strategy<Value = Event> {
    let text = prop_oneof![Just(String::new()), Just("a".to_owned()), Just("b ".to_owned())];
    let show_as = prop_oneof![
        Just(ShowAs::Free),
        Just(ShowAs::Tentative),
        Just(ShowAs::Busy),
        Just(ShowAs::OutOfOffice),
        Just(ShowAs::WorkingElsewhere)
    ];
    let sensitivity =
        prop_oneof![Just(Sensitivity::Normal), Just(Sensitivity::Private), Just(Sensitivity::Confidential)];
    (text.clone(), text.clone(), text, 0_i64..3, show_as, sensitivity, proptest::option::of(0_u32..3)).prop_map(
        |(subject, body, location, hour, show_as, sensitivity, reminder_minutes)| {
            let start = at("2031-03-10T09:00:00Z") + jiff::SignedDuration::from_hours(hour);
            let time = EventTime::Timed { start, end: start + jiff::SignedDuration::from_hours(1) };
            Event { subject, body, location, time, show_as, sensitivity, reminder_minutes }
        },
    )
}
