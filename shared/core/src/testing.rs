//! Events for this crate's own tests.

use jiff::Timestamp;
use proptest::prelude::*;

use crate::item::{Event, Sensitivity, ShowAs};
use crate::time::EventTime;

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn event() -> Event {
    Event {
        subject: "Review".into(),
        body: String::new(),
        location: "Room 1".into(),
        time: EventTime::Timed {
            start: at("2031-03-10T09:00:00Z"),
            end: at("2031-03-10T10:00:00Z"),
        },
        show_as: ShowAs::Busy,
        sensitivity: Sensitivity::Normal,
        reminder_minutes: Some(15),
    }
}

pub(crate) fn any_event() -> impl Strategy<Value = Event> {
    let text = prop_oneof![
        Just(String::new()),
        Just("a".to_owned()),
        Just("b ".to_owned())
    ];
    let show_as = prop_oneof![
        Just(ShowAs::Free),
        Just(ShowAs::Tentative),
        Just(ShowAs::Busy),
        Just(ShowAs::OutOfOffice),
        Just(ShowAs::WorkingElsewhere)
    ];
    let sensitivity = prop_oneof![
        Just(Sensitivity::Normal),
        Just(Sensitivity::Private),
        Just(Sensitivity::Confidential)
    ];
    (
        text.clone(),
        text.clone(),
        text,
        0_i64..3,
        show_as,
        sensitivity,
        proptest::option::of(0_u32..3),
    )
        .prop_map(
            |(subject, body, location, hour, show_as, sensitivity, reminder_minutes)| {
                let start = at("2031-03-10T09:00:00Z") + jiff::SignedDuration::from_hours(hour);
                let time = EventTime::Timed {
                    start,
                    end: start + jiff::SignedDuration::from_hours(1),
                };
                Event {
                    subject,
                    body,
                    location,
                    time,
                    show_as,
                    sensitivity,
                    reminder_minutes,
                }
            },
        )
}
