//! Who is due, and sessions at once.

use std::time::Duration;

use syncline::mapping::Fed;
use syncline::seed::PEOPLE;
use syncline_core::ids::UserId;
use syncline_core::item::Side;
use syncline_core::org::ConnectionState;
use syncline_core::policy::Policy;
use syncline_engine::tick;
use syncline_tests::Scene;
use syncline_tests::world::{ANNA, BEN, CARLA};

async fn queued(scene: &mut Scene) {
    let (mirrors, ingests) = (scene.world.queued(Fed::Mirror).await, scene.world.queued(Fed::Ingest).await);
    scene.detail(format!("on the queues: {mirrors} mirror jobs, {ingests} ingest jobs"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d01_due_users_are_enqueued_once_an_interval() {
    let title = "Users who are due get a job for each of their streams, and are due again half an hour later, each at a \
                 minute of their own.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    scene.world.tick().await;
    scene.note("The timer runs");
    queued(&mut scene).await;
    scene.work_off().await;
    for person in PEOPLE {
        let user = scene.world.stack.store().user(&UserId::new(person.id)).await.expect("a user").expect("somebody");
        let due = user.next_due.expect("a time");
        scene.detail(format!("{:<12} due again at {}", person.name, due.strftime("%H:%M:%S")));
    }
    scene.world.tick().await;
    scene.note("The timer runs again at once");
    queued(&mut scene).await;
    let mut woken = 0;
    for _ in 0..30 {
        scene.world.advance(Duration::from_mins(1));
        scene.world.tick().await;
        woken += scene.world.queued(Fed::Ingest).await;
        scene.world.work_off().await;
    }
    scene.note(format!("The timer has run thirty times, once a minute: {woken} ingest jobs"));
    assert_eq!(woken, 4, "each user once in half an hour");
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d01_two_timers_at_once_enqueue_each_user_once() {
    let title = "Two timers run in the same moment: each user is claimed by one of them.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    let deadline = scene.world.deadline();
    let run = || {
        let ports = scene.world.ports().clone();
        tokio::spawn(async move { tick::run(&ports, None, deadline).await.expect("a tick") })
    };
    let (one, other) = (run(), run());
    let (one, other) = (one.await.expect("no panic"), other.await.expect("no panic"));
    scene.note(format!("Claimed {}, jobs {}", one.claimed + other.claimed, one.jobs + other.jobs));
    assert_eq!((one.claimed + other.claimed, one.jobs + other.jobs), (4, 6));
    queued(&mut scene).await;
    scene.work_off().await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disabled_and_blocked_users_are_not_enqueued() {
    let title = "Ben is switched off, Carla's mailbox is blocked and Anna's CRM is not signed in: the timer wakes Deniz \
                 alone, and nobody can force a session of the others.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    let store = scene.world.ports().store.clone();
    let mut ben = store.user(&UserId::new(BEN.id)).await.expect("a user").expect("Ben");
    ben.enabled = false;
    store.put_user(&ben).await.expect("kept");
    let (anna, carla) = (UserId::new(ANNA.id), UserId::new(CARLA.id));
    store.set_connection_state(&carla, Side::Mailbox, ConnectionState::Blocked).await.expect("kept");
    store.set_connection_state(&anna, Side::Crm, ConnectionState::Missing).await.expect("kept");
    scene.world.tick().await;
    scene.note("The timer runs");
    queued(&mut scene).await;
    for person in [ANNA, BEN, CARLA] {
        let (status, answer) = scene.world.console("POST", &format!("/users/{}/sync", person.id), None).await;
        scene.note(format!("A session of {} is forced: {status} {answer}", person.name));
    }
    scene.work_off().await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn z07_force_sync_runs_at_once() {
    let title = "An administrator forces a session: both of Anna's streams run at once, long before she is due; asking \
                 twice is asking once. Without the token nobody is heard.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    // Without subscriptions, so that nothing but the request wakes her.
    tick::run(scene.world.ports(), None, scene.world.deadline()).await.expect("a tick");
    scene.world.work_off().await;
    scene.make_in_outlook(ANNA, "Review", "2031-03-04T10:00:00Z").await;
    let url = format!("{}api/users/{}/sync", scene.world.stack.console_url(), ANNA.id);
    for token in ["", "wrong"] {
        let request = scene.world.stack.http.post(&url);
        let request = if token.is_empty() { request } else { request.bearer_auth(token) };
        let status = request.send().await.expect("an answer").status().as_u16();
        scene.note(format!("Somebody asks with the token \"{token}\": {status}"));
        assert_eq!(status, 401);
    }
    for ask in ["asks", "asks again"] {
        let (status, answer) = scene.world.console("POST", &format!("/users/{}/sync", ANNA.id), None).await;
        scene.note(format!("An administrator {ask}: {status} {answer}"));
    }
    let (status, _) = scene.world.console("POST", "/users/nobody/sync", None).await;
    scene.note(format!("For somebody who is not there: {status}"));
    queued(&mut scene).await;
    scene.work_off().await;
    scene.calendars(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}
