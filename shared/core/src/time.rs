//! When something is: an instant, a span of a calendar, a window onto it.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// When an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventTime {
    /// From one instant to another.
    Timed {
        /// The first instant.
        start: Timestamp,
        /// The first instant after it; never before `start`.
        end: Timestamp,
    },
    /// Whole days, the same dates in every time zone (D-16).
    AllDay {
        /// The first day.
        first: Date,
        /// The last day, itself included; never before `first`.
        last: Date,
    },
}

impl EventTime {
    /// The instant it begins; whole days begin at midnight UTC.
    pub fn begins(&self) -> Timestamp {
        match *self {
            Self::Timed { start, .. } => start,
            Self::AllDay { first, .. } => midnight(first),
        }
    }

    /// The first instant after it.
    pub fn ends(&self) -> Timestamp {
        match *self {
            Self::Timed { end, .. } => end,
            Self::AllDay { last, .. } => midnight(last.tomorrow().unwrap_or(Date::MAX)),
        }
    }

    /// Whether it is over.
    pub fn is_past(&self, now: Timestamp) -> bool {
        self.ends() <= now
    }

    /// Whether it has begun.
    pub fn has_begun(&self, now: Timestamp) -> bool {
        self.begins() <= now
    }

    /// How many days it lasts, a day begun counted whole, at least 1.
    pub fn days(&self) -> i64 {
        const DAY_SECONDS: i64 = 24 * 60 * 60;
        let seconds = self.ends().duration_since(self.begins()).as_secs();
        seconds.saturating_add(DAY_SECONDS - 1).div_euclid(DAY_SECONDS).max(1)
    }
}

fn midnight(date: Date) -> Timestamp {
    date.to_zoned(jiff::tz::TimeZone::UTC).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

/// The part of a calendar that is mirrored (D-02).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The first instant inside.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
}

impl Window {
    /// The window around `now`: so many days back, so many ahead.
    pub fn around(now: Timestamp, days_back: u16, days_ahead: u16) -> Self {
        let day = SignedDuration::from_hours(24);
        let from = now.saturating_sub(day * i32::from(days_back)).unwrap_or(Timestamp::MIN);
        let until = now.saturating_add(day * i32::from(days_ahead)).unwrap_or(Timestamp::MAX);
        Self { from, until }
    }

    /// Whether some of the event lies inside. An event without length lies where it begins.
    pub fn holds(&self, time: &EventTime) -> bool {
        let ends = time.ends().max(time.begins() + SignedDuration::from_secs(1));
        time.begins() < self.until && ends > self.from
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn d16_all_day_is_a_pair_of_dates() {
        let time = EventTime::AllDay { first: "2031-03-05".parse().unwrap(), last: "2031-03-05".parse().unwrap() };
        assert_eq!(time.days(), 1);
        assert_eq!(time.ends(), at("2031-03-06T00:00:00Z"));
    }

    #[test]
    fn d02_the_window_is_open_at_its_end() {
        let window = Window::around(at("2031-03-15T12:00:00Z"), 14, 400);
        let timed = |start, end| EventTime::Timed { start: at(start), end: at(end) };
        for (start, end, inside) in [
            ("2031-03-01T10:00:00Z", "2031-03-01T12:00:00Z", false),
            ("2031-03-01T11:00:00Z", "2031-03-01T13:00:00Z", true),
            ("2031-03-01T12:00:00Z", "2031-03-01T12:00:00Z", true),
            ("2032-04-18T11:59:00Z", "2032-04-18T13:00:00Z", true),
            ("2032-04-18T12:00:00Z", "2032-04-18T13:00:00Z", false),
        ] {
            assert_eq!(window.holds(&timed(start, end)), inside, "{start}");
        }
    }
}
