//! Refused sign-ins and refused items.

use std::sync::Arc;
use std::time::Duration;

use sim_kit::{Fault, FaultRule, Journal};
use syncline::mapping::Fed;
use syncline_core::ids::UserId;
use syncline_core::item::Side;
use syncline_core::job::{Stream, Trigger};
use syncline_core::org::ConnectionState;
use syncline_core::policy::Policy;
use syncline_engine::{Ran, mirror, tick};
use syncline_ports::{Grant, GrantVault};
use syncline_runtime::vault::StateVault;
use syncline_tests::Scene;
use syncline_tests::world::{ANNA, BEN};

/// How many tries at the token endpoints were refused since the world last forgot.
fn refused_sign_ins(scene: &Scene) -> usize {
    let vendors = &scene.world.stack.vendors;
    let refused = |journal: &Journal| {
        journal.entries().filter(|entry| entry.path.ends_with("/token") && entry.status != 200).count()
    };
    refused(&vendors.exchange.journal()) + refused(&vendors.salesforce.journal())
}

async fn blocked(scene: &mut Scene) {
    let user = UserId::new(ANNA.id);
    let ran = mirror::run(scene.world.ports(), &user, Trigger::Forced, scene.world.deadline()).await;
    assert!(matches!(ran, Ok(Ran::NotReady)), "{ran:?}");
    scene.note("Anna's next session does not even begin");
    scene.world.forget_requests();
    scene.wait(Duration::from_mins(30));
    scene.world.tick().await;
    let (mirrors, ingests) = (scene.world.queued(Fed::Mirror).await, scene.world.queued(Fed::Ingest).await);
    scene.note(format!("The timer enqueues everybody else: {mirrors} mirror job, {ingests} ingest jobs"));
    scene.work_off().await;
    assert_eq!(refused_sign_ins(scene), 0, "what was refused is not tried again");
    scene.calendars(BEN).await;
    scene.console(ANNA).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d32_c27_a_revoked_mailbox_sign_in_blocks_at_once() {
    let title = "An administrator revokes Anna's sign-in to Exchange. ONE refused try blocks that connection, the console \
                 shows it at once, and everybody else goes on.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    scene.make_in_outlook(ANNA, "Review", "2031-03-04T10:00:00Z").await;
    scene.mirror(ANNA).await;
    scene.make_in_crm(ANNA, "Visit", "2031-03-05T10:00:00Z").await;
    scene.make_in_outlook(BEN, "Ben's review", "2031-03-04T10:00:00Z").await;
    scene.act("Anna's sign-in to Exchange is revoked");
    scene.world.stack.vendors.exchange.model().revoke_refresh_token(ANNA.address);
    scene.world.stack.vendors.exchange.model().expire_access_tokens();
    scene.world.forget_requests();
    scene.mirror(ANNA).await;
    scene.requests();
    scene.console(ANNA).await;
    blocked(&mut scene).await;

    scene.act("Anna signs in anew");
    let user = UserId::new(ANNA.id);
    let ports = scene.world.ports().clone();
    let grant = Grant {
        refresh_token: "a new one".to_owned(),
        access_token: Some(format!("sim-{}", ANNA.address)),
        expires: None,
        instance_url: None,
    };
    let vault = StateVault::new(Arc::clone(&ports.store), Arc::clone(&ports.secrets), user.clone(), Side::Mailbox);
    vault.save(&grant).await.expect("a grant");
    ports.store.set_connection_state(&user, Side::Mailbox, ConnectionState::Connected).await.expect("the state");
    scene.mirror(ANNA).await;
    scene.console(ANNA).await;
    scene.calendars(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d32_c27_a_revoked_crm_sign_in_blocks_at_once() {
    let title = "Anna's sign-in to Salesforce is revoked in the middle of the day: the CRM's connection is blocked after \
                 ONE failure, the mailbox's is not.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    scene.make_in_outlook(ANNA, "Review", "2031-03-04T10:00:00Z").await;
    scene.mirror(ANNA).await;
    scene.make_in_outlook(BEN, "Ben's review", "2031-03-04T10:00:00Z").await;
    scene.act("Anna's sign-in to Salesforce is revoked");
    scene.world.stack.vendors.salesforce.model().revoke_refresh_token(ANNA.address);
    scene.world.forget_requests();
    scene.mirror(ANNA).await;
    scene.requests();
    scene.console(ANNA).await;
    blocked(&mut scene).await;
    insta::assert_snapshot!(scene.end().await);
}

/// By how much chance moves it is not written down.
async fn due_again(scene: &mut Scene, minutes: i64) {
    let user = scene.world.stack.store().user(&UserId::new(ANNA.id)).await.expect("a user").expect("Anna");
    let wait = user.next_due.expect("a time").duration_since(scene.world.now()).as_secs();
    assert!((minutes * 48..=minutes * 72).contains(&wait), "she is due in {wait} s");
    scene.detail(format!("Anna is due again in {minutes} min, a fifth more or less"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d32_a_fault_that_passes_blocks_nothing() {
    let title = "Salesforce is down for two sessions: they fail, no connection is blocked, Anna is due again about a minute \
                 after the first and two after the second, and the next one does the work.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    // So that she is due only in a while.
    tick::run(scene.world.ports(), None, scene.world.deadline()).await.expect("a tick");
    scene.world.work_off().await;
    scene.make_in_outlook(ANNA, "Review", "2031-03-04T10:00:00Z").await;
    let down = FaultRule::on_request(1, Fault::FailBefore(503)).times(100);
    scene.world.stack.vendors.salesforce.faults().add(down);
    scene.act("Salesforce is down");
    scene.mirror(ANNA).await;
    due_again(&mut scene, 1).await;
    scene.wait(Duration::from_mins(2));
    tick::run(scene.world.ports(), None, scene.world.deadline()).await.expect("a tick");
    scene.world.work_off().await;
    let second = scene.world.last_session(ANNA, Stream::Mirror).await.expect("a session");
    scene.session(&second);
    due_again(&mut scene, 2).await;
    scene.console(ANNA).await;
    scene.world.stack.vendors.salesforce.faults().clear();
    scene.act("Salesforce is back");
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_refused_item_does_not_block_the_rest() {
    let title = "Anna's org takes no events of more than a day. The one that is refused is parked with Salesforce's own \
                 code and shown; the others go up; and once it is shortened it goes up too.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    scene.world.stack.vendors.salesforce.model().knobs.multiday_events = false;
    let two_days = serde_json::json!({
        "subject": "Two days",
        "start": { "dateTime": "2031-03-10T10:00:00", "timeZone": "UTC" },
        "end": { "dateTime": "2031-03-12T10:00:00", "timeZone": "UTC" },
    });
    scene.make_in_outlook(ANNA, "Before", "2031-03-09T10:00:00Z").await;
    let refused = scene.post_to_outlook(ANNA, two_days).await;
    scene.make_in_outlook(ANNA, "After", "2031-03-13T10:00:00Z").await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.console(ANNA).await;
    scene.mirror(ANNA).await;
    let one_day = serde_json::json!({ "end": { "dateTime": "2031-03-11T10:00:00", "timeZone": "UTC" } });
    scene.edit_in_outlook(ANNA, &refused, one_day).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.console(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}
