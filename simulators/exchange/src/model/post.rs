//! Notifications on their way, and how well their receivers answer.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An endpoint that takes longer has not answered.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);
/// An answer that takes longer counts as a slow one.
const SLOW: Duration = Duration::from_millis(2900);
/// What nobody took for so long is dropped.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(4);
/// The first pause before a new try; each is twice the one before, up to the longest.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(1);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(15);
/// An endpoint's answers are judged over this window,
const WINDOW: SignedDuration = SignedDuration::from_mins(10);
/// once there are so many.
const ENOUGH: usize = 100;
/// How long the notifications of a slow endpoint are delayed.
const DELAY: SignedDuration = SignedDuration::from_mins(10);
/// Answers of one endpoint that are remembered.
const REMEMBERED: usize = 10_000;

/// One request to an endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Letter {
    pub(crate) url: String,
    /// Whether it tells of subscriptions instead of changes.
    pub(crate) lifecycle: bool,
    pub(crate) notices: Vec<Value>,
    pub(crate) written: Timestamp,
    pub(crate) due: Timestamp,
    pub(crate) tries: u32,
    /// Handed to the courier, who has not come back. One that is travelling when the world is saved
    /// travels again when it is restored.
    #[serde(skip)]
    travelling: bool,
}

impl Letter {
    pub(crate) fn new(url: &str, lifecycle: bool, notices: Vec<Value>, now: Timestamp) -> Self {
        Self { url: url.to_owned(), lifecycle, notices, written: now, due: now, tries: 0, travelling: false }
    }

    /// The subscriptions it concerns.
    fn subscriptions(&self) -> impl Iterator<Item = String> {
        self.notices.iter().filter_map(|notice| notice.get("subscriptionId")?.as_str().map(str::to_owned))
    }
}

/// How well an endpoint answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Good,
    Slow,
    Hopeless,
}

/// The answers of one endpoint in the last minutes: when, and whether slow.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Record(VecDeque<(Timestamp, bool)>);

impl Record {
    fn note(&mut self, now: Timestamp, slow: bool) {
        self.0.push_back((now, slow));
        while self.0.len() > REMEMBERED || self.0.front().is_some_and(|(at, _)| now.duration_since(*at) > WINDOW) {
            self.0.pop_front();
        }
    }

    fn health(&self, now: Timestamp) -> Health {
        let recent = || self.0.iter().filter(|(at, _)| now.duration_since(*at) <= WINDOW);
        let (all, slow) = (recent().count(), recent().filter(|(_, slow)| *slow).count());
        match slow * 100 {
            _ if all < ENOUGH => Health::Good,
            share if share >= all * 15 => Health::Hopeless,
            share if share >= all * 10 => Health::Slow,
            _ => Health::Good,
        }
    }
}

/// All that waits to be delivered.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct PostOffice {
    next: u64,
    letters: BTreeMap<u64, Letter>,
    /// Held back so as to leave last first.
    held: Vec<Letter>,
    records: BTreeMap<String, Record>,
}

impl PostOffice {
    /// Takes a letter, unless its receiver answers so badly that it is dropped: then its subscriptions
    /// have missed it.
    pub(crate) fn post(&mut self, mut letter: Letter, now: Timestamp) -> BTreeSet<String> {
        match self.records.get(endpoint(&letter.url)).map_or(Health::Good, |record| record.health(now)) {
            Health::Good => {}
            Health::Slow => letter.due += DELAY,
            Health::Hopeless if letter.lifecycle => {}
            Health::Hopeless => return letter.subscriptions().collect(),
        }
        self.letters.insert(self.next, letter);
        self.next += 1;
        BTreeSet::new()
    }

    /// Holds a letter back.
    pub(crate) fn hold(&mut self, letter: Letter) {
        self.held.push(letter);
    }

    /// Lets go what was held back, last first, once there is enough of it.
    pub(crate) fn release(&mut self, enough: usize) -> Vec<Letter> {
        if self.held.len() < enough {
            return Vec::new();
        }
        self.held.drain(..).rev().collect()
    }

    /// Takes the letters that are due, with their tickets.
    pub(crate) fn leaving(&mut self, now: Timestamp) -> Vec<(u64, Letter)> {
        let mut leaving = Vec::new();
        for (ticket, letter) in &mut self.letters {
            if letter.due <= now && !letter.travelling {
                letter.travelling = true;
                leaving.push((*ticket, letter.clone()));
            }
        }
        leaving
    }

    /// What became of a letter. Returns the subscriptions that miss it for good.
    pub(crate) fn returned(
        &mut self,
        ticket: u64,
        status: Option<u16>,
        took: Duration,
        now: Timestamp,
    ) -> BTreeSet<String> {
        let Some(letter) = self.letters.get_mut(&ticket) else {
            return BTreeSet::new();
        };
        self.records.entry(endpoint(&letter.url).to_owned()).or_default().note(now, took > SLOW);
        let accepted = status.is_some_and(|status| (200..300).contains(&status));
        if !accepted && now.duration_since(letter.written) < GIVE_UP {
            let pause = FIRST_PAUSE.checked_mul(1 << letter.tries.min(20)).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE);
            letter.travelling = false;
            letter.tries += 1;
            letter.due = (now + pause).min(letter.written + GIVE_UP);
            return BTreeSet::new();
        }
        let letter = self.letters.remove(&ticket);
        let missed = letter.filter(|letter| !accepted && !letter.lifecycle);
        missed.map(|letter| letter.subscriptions().collect()).unwrap_or_default()
    }

    /// Takes the place of another, some of whose letters are still on their way: what becomes of them is not
    /// taken for news of a letter of this one.
    pub(crate) fn follow(&mut self, other: &Self) {
        self.next = self.next.max(other.next);
    }

    /// How many letters wait, those on their way included.
    pub(crate) fn waiting(&self) -> usize {
        self.letters.len() + self.held.len()
    }
}

/// An address without its query.
fn endpoint(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn start() -> Timestamp {
        "2026-10-01T09:00:00Z".parse().unwrap()
    }

    fn letter(now: Timestamp) -> Letter {
        Letter::new("http://x/hook?a=1", false, vec![json!({"subscriptionId": "s"})], now)
    }

    const QUICK: Duration = Duration::from_millis(20);

    #[test]
    fn what_nobody_takes_is_tried_for_four_hours_with_longer_and_longer_pauses() {
        let (mut office, mut now) = (PostOffice::default(), start());
        office.post(letter(now), now);
        let mut pauses = Vec::new();
        loop {
            let [(ticket, _)] = office.leaving(now)[..] else { panic!("one letter leaves") };
            let missed = office.returned(ticket, Some(500), QUICK, now);
            if !missed.is_empty() {
                assert_eq!(missed, BTreeSet::from(["s".to_owned()]));
                break;
            }
            let due = office.letters[&ticket].due;
            assert!(office.leaving(due - SignedDuration::from_nanos(1)).is_empty());
            pauses.push(due.duration_since(now).as_secs());
            now = due;
        }
        assert_eq!(pauses[..5], [1, 2, 4, 8, 16]);
        assert_eq!(pauses.iter().max(), Some(&900));
        assert_eq!((now.duration_since(start()), office.waiting()), (GIVE_UP, 0));
    }

    #[test]
    fn a_letter_on_its_way_is_sent_again_after_a_restart() {
        let (mut office, now) = (PostOffice::default(), start());
        office.post(letter(now), now);
        assert_eq!((office.leaving(now).len(), office.leaving(now).len()), (1, 0));
        let mut office: PostOffice = serde_json::from_value(json!(office)).unwrap();
        assert_eq!(office.leaving(now).len(), 1);
        assert!(office.returned(0, Some(202), QUICK, now).is_empty());
        assert_eq!(office.waiting(), 0);
    }

    #[test]
    fn a_slow_endpoint_is_delayed_and_a_hopeless_one_gets_nothing_for_a_while() {
        let slow = Duration::from_millis(2950);
        for (slow_ones, all, delayed, dropped) in
            [(14, 99, false, false), (9, 100, false, false), (10, 100, true, false), (15, 100, false, true)]
        {
            let (mut office, now) = (PostOffice::default(), start());
            for number in 0..all {
                office.post(letter(now), now);
                let ticket = office.leaving(now)[0].0;
                office.returned(ticket, Some(202), if number < slow_ones { slow } else { QUICK }, now);
            }
            assert_eq!(!office.post(letter(now), now).is_empty(), dropped, "{slow_ones} of {all}");
            assert_eq!(office.leaving(now).is_empty(), delayed || dropped, "{slow_ones} of {all}");
            let later = now + DELAY + SignedDuration::from_secs(1);
            assert_eq!(office.leaving(later).len(), usize::from(delayed));
            assert!(office.post(letter(later), later).is_empty(), "the bad answers are forgotten");
        }
    }

    #[test]
    fn what_is_held_back_leaves_last_first() {
        let (mut office, now) = (PostOffice::default(), start());
        for url in ["a", "b", "c"] {
            assert!(office.release(3).is_empty());
            office.hold(Letter::new(url, false, Vec::new(), now));
        }
        let urls: Vec<String> = office.release(3).into_iter().map(|letter| letter.url).collect();
        assert_eq!(urls, ["c", "b", "a"]);
    }
}
