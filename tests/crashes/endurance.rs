//! Calls that fail, and writes that are refused again and again: they wait, and are not lost.

use std::time::Duration;

use sim_exchange::PartFault;
use sim_kit::{Fault, FaultRule};
use syncline_tests::World;
use syncline_tests::world::{ANNA, CARLA};

use crate::events_down::{deleted_in_crm, edited_in_both, edited_in_crm, new_in_crm};
use crate::events_up::{deleted_in_outlook, edited_in_outlook, new_in_outlook};
use crate::frame::{Series, Session, Slot, failures};
use crate::verdict::{Pair, Verdict};
use crate::{mail, strangers};

/// How often a write is refused in a row, at most: more often than a session tries.
const MOST_REFUSALS: u32 = 4;
/// The time between two sessions (D-01).
const INTERVAL: Duration = Duration::from_mins(31);

async fn refused<E: Verdict>(
    session: Session,
    prepare: impl AsyncFn(&World, &Slot) -> E,
    refuse: impl Fn(&World, &E, u32),
) {
    let mut series = Series::begin(&[session]).await;
    for times in 1..=MOST_REFUSALS {
        let expected = series.prepare(&prepare).await;
        refuse(&series.world, &expected, times);
        // Whatever comes of it, it must be made good once nothing is refused any more. A job that failed
        // comes again, a session reports and is done.
        for _ in 0..=times {
            let ran = session.on(series.world.ports().clone()).await;
            series.world.advance(INTERVAL);
            if ran.is_ok() {
                break;
            }
        }
        series.make_good(format!("refused {times} times"), &expected).await;
    }
    series.end().await;
}

/// Graph refuses the writes of that method, inside batches that it accepts.
fn by_graph<E>(method: &'static str, status: u16) -> impl Fn(&World, &E, u32) {
    move |world, _, times| {
        let retry_after = (status == 429).then_some(30);
        let fault = PartFault { target_contains: format!("{method} "), times, status, retry_after };
        world.stack.vendors.exchange.model().switches.part_faults.push(fault);
    }
}

/// Somebody else holds the record.
fn by_a_lock(world: &World, pair: &Pair, times: u32) {
    let id = pair.id_in_crm(world);
    world.stack.vendors.salesforce.model().lock_next(&id, times);
}

/// Salesforce makes the record and does not say so.
fn by_lost_answers<E>(path: &'static str) -> impl Fn(&World, &E, u32) {
    move |world, _, times| {
        let rule = FaultRule::on(http::Method::POST, path, Fault::FailAfter(504)).times(times);
        world.stack.vendors.salesforce.faults().add(rule);
    }
}

/// Salesforce does not answer the writes. Between two of them lie the reads of the next try.
fn by_silence(world: &World, _: &Pair, times: u32) {
    for nth in (2..).step_by(3).take(times as usize) {
        let rule = FaultRule::on(http::Method::POST, "/composite", Fault::FailBefore(503)).nth(nth);
        world.stack.vendors.salesforce.faults().add(rule);
    }
}

macro_rules! refused {
    ($($name:ident: $session:expr, $prepare:path, $refuse:expr;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                refused($session, $prepare, $refuse).await;
            }
        )*
    };
}

const MIRROR: Session = Session::Mirror(ANNA);
const INGEST: Session = Session::Ingest(CARLA);
const RESOLVE: Session = Session::Resolve(strangers::DOMAIN);

refused! {
    a_new_event_that_graph_throttles: MIRROR, new_in_crm, by_graph("POST", 429);
    a_new_event_that_graph_does_not_answer: MIRROR, new_in_crm, by_graph("POST", 503);
    d08_an_edit_that_graph_throttles: MIRROR, edited_in_crm, by_graph("PATCH", 429);
    d08_an_edit_that_graph_does_not_answer: MIRROR, edited_in_crm, by_graph("PATCH", 503);
    d08_edits_on_both_sides_that_graph_does_not_answer: MIRROR, edited_in_both, by_graph("PATCH", 503);
    d10_a_delete_that_graph_throttles: MIRROR, deleted_in_crm, by_graph("DELETE", 429);
    d10_a_delete_that_graph_does_not_answer: MIRROR, deleted_in_crm, by_graph("DELETE", 503);
    d08_an_edit_of_a_locked_record: MIRROR, edited_in_outlook, by_a_lock;
    d08_edits_on_both_sides_of_a_locked_record: MIRROR, edited_in_both, by_a_lock;
    d10_a_delete_of_a_locked_record: MIRROR, deleted_in_outlook, by_a_lock;
    a_new_event_that_salesforce_does_not_answer: MIRROR, new_in_outlook, by_silence;
    d08_an_edit_that_salesforce_does_not_answer: MIRROR, edited_in_outlook, by_silence;
    d10_a_delete_that_salesforce_does_not_answer: MIRROR, deleted_in_outlook, by_silence;
    d25_a_record_whose_making_is_not_confirmed: INGEST, mail::to_carla, by_lost_answers("/sobjects/EmailMessage");
    d25_a_relation_whose_making_is_not_confirmed: INGEST, mail::to_carla, by_lost_answers("/composite/sobjects");
    d31_a_lead_whose_making_is_not_confirmed: RESOLVE, strangers::waiting, by_lost_answers("/sobjects/Lead");
}

macro_rules! failing {
    ($($name:ident: $session:expr, $prepare:path;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                failures($session, $prepare).await;
            }
        )*
    };
}

failing! {
    each_call_fails_once_while_an_event_goes_up: MIRROR, new_in_outlook;
    each_call_fails_once_while_an_edit_comes_down: MIRROR, edited_in_crm;
    each_call_fails_once_while_a_delete_goes_up: MIRROR, deleted_in_outlook;
    each_call_fails_once_while_a_mail_of_a_stranger_is_taken: INGEST, strangers::to_carla;
    each_call_fails_once_while_leads_are_made: RESOLVE, strangers::waiting;
}
