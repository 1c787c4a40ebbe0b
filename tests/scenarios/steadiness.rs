//! A settled pair is silent, and nothing that interrupts a session or its cursors does harm.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use syncline::mapping::Fed;
use syncline_core::ids::UserId;
use syncline_core::job::{Job, Stream, Trigger};
use syncline_core::policy::Policy;
use syncline_core::report::{Effect, Ending};
use syncline_engine::{Ports, Ran, ingest, mirror};
use syncline_ports::{Clock, LeaseOutcome, Released};
use syncline_tests::Scene;
use syncline_tests::crashing::Script;
use syncline_tests::world::{ANNA, CARLA};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settled_means_silent() {
    let title = "Once both sides agree, a session plans nothing; once the marks have left the last changes behind, it asks \
                 Graph and Salesforce once each, reads no link and writes nothing but its report.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    for day in 10..15 {
        scene.make_in_outlook(ANNA, &format!("Up {day}"), &format!("2031-03-{day}T10:00:00Z")).await;
        scene.make_in_crm(ANNA, &format!("Down {day}"), &format!("2031-03-{day}T14:00:00Z")).await;
    }
    scene.mirror(ANNA).await;
    let echo = scene.mirror(ANNA).await;
    assert_eq!((echo.writes(), &echo.lines), (0, &vec![]), "what we wrote ourselves comes back and is known");
    scene.wait(Duration::from_mins(15));
    let left_behind = scene.mirror(ANNA).await;
    assert_eq!((left_behind.writes(), &left_behind.lines), (0, &vec![]));
    scene.wait(Duration::from_mins(15));
    scene.world.forget_requests();
    let script = Script::recorder();
    let deadline = scene.world.deadline();
    let user = UserId::new(ANNA.id);
    let idle = mirror::run(&script.before(scene.world.ports()), &user, Trigger::Forced, deadline).await;
    let Ok(Ran::Finished(report)) = idle else { panic!("{idle:?}") };
    scene.session(&report);
    scene.requests();
    scene.note("Calls to our own ports");
    for call in script.calls() {
        scene.detail(call);
        assert!(!matches!(call, "store.links" | "store.all_links" | "store.count_links"), "no link is read");
    }
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_mail_costs_little() {
    let title = "A session that finds no new mail asks an Exchange mailbox once per folder and Gmail once, and Salesforce \
                 nothing.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    for person in [ANNA, CARLA] {
        scene.ingest(person).await;
    }
    scene.wait(Duration::from_mins(30));
    scene.world.forget_requests();
    for person in [ANNA, CARLA] {
        let deadline = scene.world.deadline();
        let idle = ingest::run(scene.world.ports(), &UserId::new(person.id), Trigger::Forced, deadline).await;
        let Ok(Ran::Finished(report)) = idle else { panic!("{idle:?}") };
        scene.session(&report);
    }
    scene.requests();
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_delta_token_is_a_full_scan_that_deletes_nothing_by_absence() {
    let title = "Graph has forgotten where we were (410): everything is listed anew. What the listing does not show is \
                 read by its id before anything is believed of it: one event was deleted, one has left the window, one \
                 was edited, one is as it was.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    let deleted = scene.make_in_outlook(ANNA, "Deleted", "2031-03-10T10:00:00Z").await;
    let moved = scene.make_in_outlook(ANNA, "Out of the window", "2031-03-11T10:00:00Z").await;
    let edited = scene.make_in_outlook(ANNA, "Edited", "2031-03-12T10:00:00Z").await;
    scene.make_in_outlook(ANNA, "As it was", "2031-03-13T10:00:00Z").await;
    scene.mirror(ANNA).await;
    scene.delete_in_outlook(ANNA, &deleted).await;
    let far = json!({
        "start": { "dateTime": "2032-04-20T10:00:00", "timeZone": "UTC" },
        "end": { "dateTime": "2032-04-20T11:00:00", "timeZone": "UTC" },
    });
    scene.edit_in_outlook(ANNA, &moved, far).await;
    scene.edit_in_outlook(ANNA, &edited, json!({ "location": { "displayName": "Room 7" } })).await;
    scene.act("Graph forgets every delta token");
    scene.world.stack.vendors.exchange.model().expire_delta_tokens();
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.mirror(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_finds_the_lease_taken_leaves_a_wish_behind() {
    let title = "A session of Anna's runs while another job for it arrives: that job is done without a session, and \
                 whoever gives the lease back sees that more was wanted.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    scene.make_in_outlook(ANNA, "Review", "2031-03-04T10:00:00Z").await;
    let user = UserId::new(ANNA.id);
    let (now, until) = (scene.world.now(), scene.world.deadline());
    let store = Arc::clone(&scene.world.ports().store);
    let held = store.acquire(&user, Stream::Mirror, "another", now, until).await.expect("an answer");
    let LeaseOutcome::Held(lease) = held else { panic!("the lease is free") };
    scene.note("A session of Anna's takes the lease");
    let job = Job::Session { user: user.clone(), stream: Stream::Mirror, trigger: Trigger::Webhook };
    scene.world.ports().queue.send(std::slice::from_ref(&job), Duration::ZERO).await.expect("a job");
    scene.note("Another job arrives");
    assert_eq!(scene.work_off().await, 0);
    assert_eq!(scene.world.queued(Fed::Mirror).await, 0, "the job is acknowledged");
    let released = store.release(&lease, scene.world.now()).await.expect("an answer");
    scene.note(format!("The session gives the lease back: {released:?}"));
    assert_eq!(released, Released::SendJob);
    scene.world.ports().queue.send(&[job], Duration::ZERO).await.expect("a job");
    scene.work_off().await;
    scene.calendars(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

/// A clock that jumps by two minutes once it was looked at so many times.
struct Jumping {
    inner: Arc<dyn Clock>,
    looks: AtomicU32,
    jump_after: u32,
}

#[async_trait]
impl Clock for Jumping {
    async fn sleep(&self, time: Duration) {
        self.inner.sleep(time).await;
    }

    fn now(&self) -> Timestamp {
        let looks = self.looks.fetch_add(1, Ordering::SeqCst);
        let late = SignedDuration::from_secs(if looks < self.jump_after { 0 } else { 120 });
        self.inner.now() + late
    }
}

fn hurried(ports: &Ports, jump_after: u32) -> Ports {
    let inner = Arc::clone(&ports.clock);
    Ports { clock: Arc::new(Jumping { inner, looks: AtomicU32::default(), jump_after }), ..ports.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_stops_before_its_deadline_and_a_follow_up_goes_on() {
    let title = "Sixty new events, and a deadline that comes in the middle of writing them: the session stops after a \
                 batch, a follow-up job makes the rest, and none is made twice.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    for minute in 0..60 {
        let start = format!("2031-03-10T10:{minute:02}:00Z");
        scene.world.make_in_outlook(ANNA, &format!("Call {minute:02}"), &start).await;
    }
    scene.act("Anna makes sixty events in Outlook");
    let user = UserId::new(ANNA.id);
    // Each event that is made looks at the clock once; twenty make a batch.
    let ports = hurried(scene.world.ports(), 40);
    let ran = mirror::run(&ports, &user, Trigger::Forced, scene.world.deadline()).await;
    let Ok(Ran::Finished(first)) = ran else { panic!("{ran:?}") };
    let count = scene.world.crm_events(ANNA).await.len();
    scene.note(format!("first session: {:?}, {count} events in Salesforce", first.ending));
    assert_eq!(first.ending, Ending::ToBeContinued);
    assert!((20..60).contains(&count) && count % 20 == 0, "{count} events: whole batches, and not all");
    assert_eq!(scene.world.queued(Fed::Mirror).await, 1, "one follow-up job");

    // Later than where the first session's clock ended.
    scene.world.advance(Duration::from_mins(5));
    scene.world.work_off().await;
    let second = scene.world.last_session(ANNA, Stream::Mirror).await.expect("a session");
    let count = scene.world.crm_events(ANNA).await.len();
    scene.note(format!("{} session: {:?}, {count} events in Salesforce", second.trigger.name(), second.ending));
    assert_eq!((second.ending, second.trigger, count), (Ending::Complete, Trigger::FollowUp, 60));
    let made = first.count(Effect::CreatedInCrm) + second.counts.get(&Effect::CreatedInCrm).copied().unwrap_or(0);
    assert_eq!(made, 60, "none is made twice");
    scene.mirror(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_without_any_time_does_nothing_and_is_continued() {
    let title = "A session whose deadline is over when it begins writes nothing; its follow-up does it all.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    scene.make_in_outlook(ANNA, "Review", "2031-03-04T10:00:00Z").await;
    let user = UserId::new(ANNA.id);
    let ran = mirror::run(scene.world.ports(), &user, Trigger::Forced, scene.world.now()).await;
    let Ok(Ran::Finished(report)) = ran else { panic!("{ran:?}") };
    scene.session(&report);
    scene.work_off().await;
    scene.calendars(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}
