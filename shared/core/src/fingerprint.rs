//! The merge base without content: eight keyed bytes per field.
//!
//! A field is compared by its *shared form*, the text of what both sides can express: Tentative and Busy
//! have one, so has a body with either kind of line end, so has a subject too long for the CRM and the
//! part of it that fits.

use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;

use crate::item::{Event, EventField, Fields, ShowAs};
use crate::time::EventTime;

/// Salesforce's longest Event.Subject and Event.Location, in characters.
pub const LINE_LIMIT: usize = 255;
/// Salesforce's longest Event.Description, in characters.
pub const BODY_LIMIT: usize = 32_000;

/// The secret of an org's fingerprints, so that nobody can try out what a field may have held.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FingerprintKey(pub [u8; 16]);

impl std::fmt::Debug for FingerprintKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("FingerprintKey(..)")
    }
}

/// The fingerprints of an event's fields, in the order of [`EventField::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprints([u64; EventField::ALL.len()]);

impl Fingerprints {
    /// Of all fields of an event.
    pub fn of(event: &Event, key: FingerprintKey) -> Self {
        Self(EventField::ALL.map(|field| one(field, event, key)))
    }

    /// The same, but of these fields as in `other`.
    #[must_use]
    pub fn with(mut self, fields: &Fields, other: &Self) -> Self {
        let of_fields = EventField::ALL.into_iter().zip(self.0.iter_mut().zip(other.0));
        for (_, (ours, theirs)) in of_fields.filter(|(field, _)| fields.contains(field)) {
            *ours = theirs;
        }
        self
    }

    /// The fields of which this event's values differ from these.
    pub fn differing(&self, event: &Event, key: FingerprintKey) -> Fields {
        let now = Self::of(event, key);
        let pairs = EventField::ALL.into_iter().zip(self.0.iter().zip(now.0.iter()));
        pairs.filter(|(_, (was, is))| was != is).map(|(field, _)| field).collect()
    }
}

fn one(field: EventField, event: &Event, key: FingerprintKey) -> u64 {
    let mut hasher = SipHasher24::new_with_key(&key.0);
    hasher.write(field.name().as_bytes());
    hasher.write_u8(0);
    hasher.write(shared_form(field, event).as_bytes());
    hasher.finish()
}

/// Whether two events mean the same in this field, as far as both sides can express it (D-12).
pub fn same(field: EventField, one: &Event, other: &Event) -> bool {
    shared_form(field, one) == shared_form(field, other)
}

/// The fields in which two events differ.
pub fn difference(one: &Event, other: &Event) -> Fields {
    EventField::ALL.into_iter().filter(|field| !same(*field, one, other)).collect()
}

/// The text of what both sides can express of a field.
pub fn shared_form(field: EventField, event: &Event) -> String {
    match field {
        EventField::Subject => line(&event.subject),
        EventField::Location => line(&event.location),
        EventField::Body => body(&event.body),
        EventField::Time => match event.time {
            EventTime::Timed { start, end } => format!("{} {}", start.as_second(), end.as_second()),
            EventTime::AllDay { first, last } => format!("{first} {last}"),
        },
        EventField::ShowAs => match event.show_as {
            ShowAs::Free => "free",
            ShowAs::OutOfOffice => "out",
            ShowAs::Busy | ShowAs::Tentative | ShowAs::WorkingElsewhere => "busy",
        }
        .to_owned(),
        EventField::Sensitivity => event.sensitivity.is_private().to_string(),
        EventField::Reminder => event.reminder_minutes.map_or_else(String::new, |minutes| minutes.to_string()),
    }
}

/// One line: line breaks and runs of white space are a space, nothing at the ends, cut to what fits.
pub fn line(text: &str) -> String {
    cut(&one_line(text), LINE_LIMIT).trim_end().to_owned()
}

/// [`line()`] before it is cut.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text: one kind of line end, no white space at the ends of lines or of the whole, cut to what fits.
pub fn body(text: &str) -> String {
    cut(&plain(text), BODY_LIMIT).trim_end().to_owned()
}

/// [`body`] before it is cut.
pub fn plain(text: &str) -> String {
    let unified = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n").replace('\u{a0}', " ");
    let lines: Vec<&str> = unified.lines().map(str::trim_end).collect();
    lines.join("\n").trim().to_owned()
}

/// The first `limit` characters.
fn cut(text: &str, limit: usize) -> &str {
    text.char_indices().nth(limit).map_or(text, |(at, _)| &text[..at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Sensitivity;
    use proptest::prelude::*;

    fn event() -> Event {
        Event {
            subject: "Review".into(),
            body: "One\nTwo".into(),
            location: String::new(),
            time: EventTime::Timed {
                start: "2031-03-03T09:00:00Z".parse().unwrap(),
                end: "2031-03-03T10:00:00Z".parse().unwrap(),
            },
            show_as: ShowAs::Busy,
            sensitivity: Sensitivity::Normal,
            reminder_minutes: Some(15),
        }
    }

    #[test]
    fn d12_what_the_other_side_cannot_express_is_no_difference() {
        let equal = [
            Event { show_as: ShowAs::Tentative, ..event() },
            Event { body: "One \r\nTwo\r\n".into(), ..event() },
            Event { subject: " Review ".into(), ..event() },
        ];
        for other in equal {
            assert_eq!(difference(&event(), &other), Fields::new());
        }
        let private = Event { sensitivity: Sensitivity::Private, ..event() };
        assert_eq!(difference(&private, &Event { sensitivity: Sensitivity::Personal, ..event() }), Fields::new());
        assert_eq!(difference(&private, &event()), Fields::from([EventField::Sensitivity]));
    }

    #[test]
    fn the_key_decides_and_the_field_too() {
        let key = FingerprintKey([7; 16]);
        assert_ne!(Fingerprints::of(&event(), key), Fingerprints::of(&event(), FingerprintKey([8; 16])));
        let twins = Event { subject: "x".into(), location: "x".into(), ..event() };
        let prints = Fingerprints::of(&twins, key);
        assert_ne!(prints.0[0], prints.0[2]);
    }

    proptest! {
        #[test]
        fn shared_forms_are_settled(text in "\\PC{0,400}") {
            prop_assert_eq!(line(&line(&text)), line(&text));
            prop_assert_eq!(body(&body(&text)), body(&text));
        }
    }
}
