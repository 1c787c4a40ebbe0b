//! Two at once: the same user's session twice, colleagues with the same mail, two creators for one domain,
//! and people who go on working meanwhile. Each is tried with the first held before each of its calls.

use syncline_tests::World;
use syncline_tests::world::{ANNA, BEN, CARLA};

use crate::events_down::{deleted_in_crm, edited_in_crm, new_in_crm, patch_in_crm};
use crate::events_up::{deleted_in_outlook, edited_in_outlook, new_in_outlook, patch_in_outlook};
use crate::frame::{A_LITTLE, PAST_EVERY_LEASE, Series, Session, Slot, endures, held};
use crate::verdict::{Pair, Recorded};
use crate::{mail, strangers};

/// How often a race is run.
const RACES: u32 = 8;

/// The held session's lease ends, and another does all its work before it wakes.
async fn overtaken<E: crate::verdict::Verdict>(session: Session, prepare: impl AsyncFn(&World, &Slot) -> E) {
    held(session, &[], prepare, async |world: &World, _: &mut E| {
        world.advance(PAST_EVERY_LEASE);
        let ran = session.on(world.ports().clone()).await;
        assert!(ran.is_ok(), "{ran:?}");
    })
    .await;
}

macro_rules! overtaken {
    ($($name:ident: $session:expr, $prepare:path;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                overtaken($session, $prepare).await;
            }
        )*
    };
}

overtaken! {
    a_sleeper_with_a_new_event_from_outlook: Session::Mirror(ANNA), new_in_outlook;
    a_sleeper_with_a_new_event_from_the_crm: Session::Mirror(ANNA), new_in_crm;
    a_sleeper_with_an_edit_from_outlook: Session::Mirror(ANNA), edited_in_outlook;
    a_sleeper_with_an_edit_from_the_crm: Session::Mirror(ANNA), edited_in_crm;
    a_sleeper_with_a_delete_from_outlook: Session::Mirror(ANNA), deleted_in_outlook;
    a_sleeper_with_a_delete_from_the_crm: Session::Mirror(ANNA), deleted_in_crm;
    a_sleeper_with_a_mail: Session::Ingest(ANNA), mail::to_anna;
    a_sleeper_with_a_mail_of_a_stranger: Session::Ingest(ANNA), strangers::to_anna;
    d31_a_sleeper_with_a_lead_to_make: Session::Resolve(strangers::DOMAIN), strangers::waiting;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d08_an_edit_in_outlook_while_its_event_goes_up_is_not_lost() {
    held(Session::Mirror(ANNA), &[], new_in_outlook, edited_meanwhile).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d08_an_edit_in_outlook_while_an_earlier_one_goes_up_is_not_lost() {
    held(Session::Mirror(ANNA), &[], edited_in_outlook, edited_meanwhile).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d08_an_edit_in_outlook_while_another_comes_down_is_not_lost() {
    held(Session::Mirror(ANNA), &[], edited_in_crm, async |world: &World, pair: &mut Pair| {
        // What was changed on both sides is the later one's, what only on one is kept.
        edited_meanwhile(world, pair).await;
    })
    .await;
}

/// Its person gives it another subject in Outlook.
async fn edited_meanwhile(world: &World, pair: &mut Pair) {
    world.advance(A_LITTLE);
    let (start, location) = (pair.content().start, pair.content().location.clone());
    let edited = pair.with("Changed meanwhile", start, &location);
    let id = pair.id_in_outlook(world).await;
    patch_in_outlook(world, &id, serde_json::json!({ "subject": edited.content().subject })).await;
    *pair = edited;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d08_an_edit_in_the_crm_while_another_goes_up_is_not_lost() {
    held(Session::Mirror(ANNA), &[], edited_in_outlook, async |world: &World, pair: &mut Pair| {
        world.advance(A_LITTLE);
        let (start, location) = (pair.content().start, pair.content().location.clone());
        let edited = pair.with("Changed meanwhile", start, &location);
        patch_in_crm(world, pair, serde_json::json!({ "Subject": edited.content().subject })).await;
        *pair = edited;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d10_a_delete_in_outlook_while_an_edit_goes_up_is_not_lost() {
    held(Session::Mirror(ANNA), &[], edited_in_outlook, async |world: &World, pair: &mut Pair| {
        let id = pair.id_in_outlook(world).await;
        crate::events_up::delete_in_outlook(world, &id).await;
        *pair = pair.gone();
    })
    .await;
}

/// The others that got the same mail.
const COLLEAGUES: [Session; 2] = [Session::Ingest(BEN), Session::Ingest(CARLA)];

async fn to_all(world: &World, slot: &Slot) -> Recorded {
    mail::from_mia(world, slot, &[ANNA, BEN, CARLA]).await
}

async fn of_a_stranger_to_all(world: &World, slot: &Slot) -> Recorded {
    strangers::mail(world, slot, "pat", 1, &[ANNA, BEN, CARLA]).await
}

async fn colleagues_run<E>(world: &World, _: &mut E) {
    for session in COLLEAGUES {
        let ran = session.on(world.ports().clone()).await;
        assert!(ran.is_ok(), "{ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d25_a_mail_that_a_colleague_takes_meanwhile_is_recorded_once() {
    held(Session::Ingest(ANNA), &COLLEAGUES, to_all, colleagues_run).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d25_a_strangers_mail_that_a_colleague_takes_meanwhile_is_recorded_once() {
    held(Session::Ingest(ANNA), &COLLEAGUES, of_a_stranger_to_all, colleagues_run).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d25_a_mail_whose_first_taker_dies_is_recorded_once_by_a_colleague() {
    endures(Session::Ingest(ANNA), &COLLEAGUES, to_all).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d25_three_users_with_the_same_mail_at_once_make_one_record() {
    let mut series = Series::begin(&[&[Session::Ingest(ANNA)], &COLLEAGUES[..]].concat()).await;
    for race in 0..RACES {
        let expected = series.prepare(&of_a_stranger_to_all).await;
        let ports = series.world.ports();
        let [ben, carla] = COLLEAGUES;
        let ran =
            tokio::join!(Session::Ingest(ANNA).on(ports.clone()), ben.on(ports.clone()), carla.on(ports.clone()),);
        assert!(ran.0.is_ok() && ran.1.is_ok() && ran.2.is_ok(), "{ran:?}");
        series.make_good(format!("race {race}"), &expected).await;
    }
    series.end().await;
}

const RESOLVE: Session = Session::Resolve(strangers::DOMAIN);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d31_a_second_job_for_the_domain_finds_it_taken() {
    held(RESOLVE, &[], strangers::waiting, async |world: &World, _: &mut Vec<Recorded>| {
        let ran = RESOLVE.on(world.ports().clone()).await;
        assert!(ran.as_ref().is_ok() || ran.as_ref().is_err_and(|busy| busy == "Busy"), "{ran:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d31_a_mail_that_comes_while_its_stranger_becomes_a_lead_is_linked() {
    held(RESOLVE, &[], strangers::waiting, async |world: &World, recorded: &mut Vec<Recorded>| {
        let first = recorded.first().expect("a mail").clone();
        let later = Recorded { message: format!("later.{}", first.message), ..first };
        world.receive_mail(CARLA, &later.message, &later.from, "One more").await;
        world.ingest(CARLA).await;
        recorded.push(later);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d31_two_jobs_for_one_domain_at_once_make_one_lead_each() {
    let mut series = Series::begin(&[RESOLVE]).await;
    for race in 0..RACES {
        let expected = series.prepare(&strangers::waiting).await;
        let ports = series.world.ports();
        let (one, other) = tokio::join!(RESOLVE.on(ports.clone()), RESOLVE.on(ports.clone()));
        assert!(one.is_ok() || other.is_ok(), "{one:?} {other:?}");
        series.make_good(format!("race {race}"), &expected).await;
    }
    series.end().await;
}
