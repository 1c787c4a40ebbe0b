//! The timer: everybody gets their sessions, once an interval, whatever happens to it.

use std::time::Duration;

use jiff::Timestamp;
use syncline::mapping::{FUNCTION_TIMEOUT, Fed};
use syncline::seed::PEOPLE;
use syncline_core::job::Stream;
use syncline_core::org::Provider;
use syncline_core::policy::Policy;
use syncline_engine::subscribe::PushAddress;
use syncline_engine::tick::{self, Ticked};
use syncline_engine::{EngineError, Ports};
use syncline_tests::World;
use syncline_tests::crashing::{self, Blow, CrashPlan, Fate, Moment, Script};

/// A minute more than an interval: everybody is due again.
const PAST_AN_INTERVAL: Duration = Duration::from_mins(31);
/// How far apart the ticks after a crash are, and how many there are in an interval.
const STEP: Duration = Duration::from_mins(5);
const STEPS: u32 = 6;

/// A turn of the timer on these ports.
async fn turn(ports: Ports, push: Option<PushAddress>) -> Result<Ticked, EngineError> {
    let deadline = ports.clock.now() + FUNCTION_TIMEOUT;
    tick::run(&ports, push.as_ref(), deadline).await
}

/// A world whose users have all had their first sessions and are all due.
async fn all_due() -> World {
    let world = World::start(Policy::default()).await;
    world.tick().await;
    world.work_off().await;
    world.advance(PAST_AN_INTERVAL);
    world
}

/// The jobs that everybody's streams need: two users on Exchange have both, two on Gmail only one.
async fn assert_each_user_is_queued_once(world: &World, when: &str) {
    let queued = (world.queued(Fed::Mirror).await, world.queued(Fed::Ingest).await);
    assert_eq!(queued, (2, 4), "jobs for mirror and ingest {when}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d01_two_timers_enqueue_each_user_once() {
    let world = all_due().await;
    for _ in 0..8 {
        let (one, other) = tokio::join!(turn(world.ports().clone(), None), turn(world.ports().clone(), None));
        let (one, other) = (one.expect("a turn"), other.expect("a turn"));
        assert_eq!(one.claimed + other.claimed, 4, "each user is claimed by one of them");
        assert_each_user_is_queued_once(&world, "after two timers").await;
        world.work_off().await;
        world.advance(PAST_AN_INTERVAL);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d01_a_timer_held_at_any_call_enqueues_nobody_a_second_time() {
    let world = all_due().await;
    for at in 1.. {
        let script = Script::new(CrashPlan { at, moment: Moment::Before, blow: Blow::Pause });
        let held = crashing::run_to_pause(&script, turn(script.before(world.ports()), None)).await;
        turn(world.ports().clone(), None).await.expect("a turn");
        let struck = held.is_some();
        if let Some(task) = held {
            script.resume();
            task.await.expect("it does not break").expect("a turn");
        }
        assert_each_user_is_queued_once(&world, &format!("held at call {at} {:?}", script.struck_at())).await;
        world.work_off().await;
        world.advance(PAST_AN_INTERVAL);
        if !struck {
            assert!(at > 20, "a turn of {at} calls serves nobody");
            break;
        }
    }
    assert_eq!(world.leftovers().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d01_a_timer_killed_at_any_call_loses_nobody_for_longer_than_an_interval() {
    let world = all_due().await;
    for moment in Moment::BOTH {
        for at in 1.. {
            let push = world.stack.house.push.clone();
            let script = Script::new(CrashPlan { at, moment, blow: Blow::Death });
            let since = world.now();
            let fate = crashing::run(&script, turn(script.before(world.ports()), push)).await;
            let what = format!("killed {moment:?} call {at} {:?}", script.struck_at());
            for _ in 0..=STEPS {
                world.tick().await;
                world.work_off().await;
                world.advance(STEP);
            }
            assert_eq!(unserved(&world, since).await, [""; 0], "{what}");
            world.advance(PAST_AN_INTERVAL);
            if matches!(fate, Fate::Lived(_)) {
                assert!(at > 20, "a turn of {at} calls serves nobody");
                break;
            }
        }
    }
    assert_eq!(world.leftovers().await, [""; 0]);
}

/// The streams that had no session since then.
async fn unserved(world: &World, since: Timestamp) -> Vec<String> {
    let mut unserved = Vec::new();
    for person in &PEOPLE {
        let streams: &[Stream] = match person.provider {
            Provider::Exchange => &[Stream::Mirror, Stream::Ingest],
            Provider::Gmail => &[Stream::Ingest],
        };
        for stream in streams {
            let last = world.last_session(person, *stream).await;
            if last.is_none_or(|report| report.started < since) {
                unserved.push(format!("{} of {}", stream.name(), person.id));
            }
        }
    }
    unserved
}
