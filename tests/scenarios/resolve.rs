//! Strangers become Leads.

use syncline::mapping::Fed;
use syncline_core::policy::{Policy, ResolveMode};
use syncline_tests::Scene;
use syncline_tests::world::{ANNA, BEN, CARLA};

use super::ingest::arrives;

const KIM: &str = "\"Lee, Kim\" <Kim.Lee@Litware.example>";

fn leads() -> Policy {
    Policy { resolve_mode: ResolveMode::Lead, ..Policy::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d30_a_stranger_becomes_one_lead() {
    let title = "A mail from a stranger is recorded at once and waits; the stranger becomes a Lead through the resolve \
                 queue, and the mail is linked to it. The next mail finds the Lead.";
    let mut scene = Scene::begin(title, leads()).await;
    for (person, first, second) in
        [(ANNA, "1@litware.example", "2@litware.example"), (CARLA, "1@adatum.example", "2@adatum.example")]
    {
        let stranger = if person.id == ANNA.id { KIM } else { "jo.park@mail.adatum.co.uk" };
        arrives(&mut scene, person, first, stranger, "Your prices?").await;
        scene.ingest(person).await;
        scene.emails().await;
        assert_eq!(scene.world.queued(Fed::Resolve).await, 1, "one job for the domain");
        scene.world.work_off().await;
        scene.act("The resolve function works off its queue");
        scene.leads().await;
        arrives(&mut scene, person, second, stranger, "And discounts?").await;
        scene.ingest(person).await;
        assert_eq!(scene.world.queued(Fed::Resolve).await, 0, "nobody is a stranger any more");
    }
    scene.emails().await;
    scene.leads().await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d30_the_mode_off_makes_nobody_a_record() {
    let title = "Without a resolve mode (the default) a stranger's mail is skipped: nobody on it is in Salesforce.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    for (person, id) in [(ANNA, "1@litware.example"), (CARLA, "2@litware.example")] {
        arrives(&mut scene, person, id, KIM, "Your prices?").await;
        scene.ingest(person).await;
    }
    scene.work_off().await;
    scene.emails().await;
    scene.leads().await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d31_two_users_who_meet_the_same_stranger_make_one_lead() {
    let title = "Anna, Ben and Carla get mail from the same stranger and a colleague of his in the same moment: one Lead \
                 each for the two of them, and every mail is linked.";
    let mut scene = Scene::begin(title, leads()).await;
    let other = "Pat Cole <pat.cole@litware.example>";
    for (n, person) in [ANNA, BEN, CARLA].into_iter().enumerate() {
        let kim = if n == 1 { "kim.lee@LITWARE.example" } else { KIM };
        arrives(&mut scene, person, &format!("1.{n}@litware.example"), kim, &format!("Prices {n}")).await;
        arrives(&mut scene, person, &format!("2.{n}@litware.example"), other, &format!("Terms {n}")).await;
    }
    let world = &scene.world;
    tokio::join!(world.ingest(ANNA), world.ingest(BEN), world.ingest(CARLA));
    // Two workers at the queue, as in the deployment.
    let worked = tokio::join!(world.stack.mapping.step(Fed::Resolve, 0), world.stack.mapping.step(Fed::Resolve, 0));
    worked.0.expect("the queue answers");
    worked.1.expect("the queue answers");
    world.work_off().await;
    scene.act("Three sessions at once, then two resolve functions at once");
    scene.emails().await;
    scene.leads().await;
    insta::assert_snapshot!(scene.end().await);
}
