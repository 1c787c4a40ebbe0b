//! The simulators' time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// A clock that a test may hold still and move by hand, or that follows the machine's.
///
/// Clones share the same time, so that several simulators can live in one world.
#[derive(Clone, Debug)]
pub struct SimClock(Arc<Mutex<Time>>);

#[derive(Debug)]
enum Time {
    /// The machine's time plus what was added by hand.
    Flowing { ahead: SignedDuration },
    /// Stands still until moved.
    Held { now: Timestamp },
}

impl SimClock {
    /// Follows the machine's clock.
    pub fn system() -> Self {
        Self(Arc::new(Mutex::new(Time::Flowing { ahead: SignedDuration::ZERO })))
    }

    /// Stands at `now` until [`advance`](Self::advance) or [`set`](Self::set) moves it.
    pub fn fixed(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Time::Held { now })))
    }

    /// The time in this world.
    pub fn now(&self) -> Timestamp {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Time::Flowing { ahead } => Timestamp::now() + *ahead,
            Time::Held { now } => *now,
        }
    }

    /// Moves the time forward, of a held and of a flowing clock alike.
    pub fn advance(&self, by: Duration) {
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Time::Flowing { ahead } => *ahead += by,
            Time::Held { now } => *now += by,
        }
    }

    /// Holds the clock at `now`.
    pub fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Time::Held { now };
    }

    /// Lets a held clock follow the machine's from where it stands.
    pub fn flow(&self) {
        let mut time = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Time::Held { now } = *time {
            *time = Time::Flowing { ahead: now.duration_since(Timestamp::now()) };
        }
    }

    /// Whether the clock stands still until it is moved.
    pub fn is_held(&self) -> bool {
        matches!(*self.0.lock().unwrap_or_else(PoisonError::into_inner), Time::Held { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_moves_only_by_hand_and_its_clones_with_it() {
        let clock = SimClock::fixed("2031-03-03T09:00:00Z".parse().unwrap());
        let other = clock.clone();
        clock.advance(Duration::from_secs(90));
        assert_eq!(other.now().to_string(), "2031-03-03T09:01:30Z");
    }

    #[test]
    fn a_held_clock_goes_on_from_where_it_stands() {
        let start: Timestamp = "2031-03-03T09:00:00Z".parse().unwrap();
        let clock = SimClock::fixed(start);
        assert!(clock.is_held());
        clock.flow();
        assert!(!clock.is_held());
        assert!((start..start + SignedDuration::from_secs(60)).contains(&clock.now()));
    }

    #[test]
    fn a_system_clock_can_run_ahead() {
        let clock = SimClock::system();
        clock.advance(Duration::from_hours(24));
        assert!(clock.now() > Timestamp::now() + SignedDuration::from_hours(23));
    }
}
