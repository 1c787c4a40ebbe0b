//! Deletes, and what stands in their way.

use std::time::Duration;

use serde_json::json;
use sim_exchange::Invitation;
use syncline_core::policy::{DeletePolicy, Policy};
use syncline_core::report::Effect;
use syncline_tests::Scene;
use syncline_tests::world::{ANNA, BEN};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d09_an_edit_beats_a_delete() {
    let title = "An event that one side deletes and the other edits is made again where it was deleted.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    let first = scene.make_in_outlook(ANNA, "Deleted in Outlook", "2031-03-04T10:00:00Z").await;
    let second = scene.make_in_outlook(ANNA, "Deleted in Salesforce", "2031-03-05T10:00:00Z").await;
    let report = scene.mirror(ANNA).await;
    let record = |id: &str| {
        let line = report.lines.iter().find(|line| line.mailbox.as_ref().is_some_and(|found| found.as_str() == id));
        line.and_then(|line| line.crm.clone()).expect("a record")
    };
    scene.delete_in_outlook(ANNA, &first).await;
    scene.edit_in_crm(ANNA, record(&first).as_str(), json!({ "Location": "Room 1" })).await;
    scene.delete_in_crm(ANNA, record(&second).as_str()).await;
    scene.edit_in_outlook(ANNA, &second, json!({ "location": { "displayName": "Room 2" } })).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.mirror(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d09_what_its_organizer_deletes_stays_deleted() {
    let title = "A meeting that its organizer deletes or calls off goes from Salesforce too, edited there or not. Anna \
                 deletes her own; Ben's organizer calls his off.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    let meeting = scene.post_to_outlook(ANNA, super::meetings::meeting("Kick-off", "2031-03-04T10:00:00")).await;
    let invitation = Invitation {
        organizer_name: "Mia Larsen".to_owned(),
        organizer_address: "mia.larsen@fabrikam.example".to_owned(),
        ical_uid: None,
        event: json!({
            "subject": "Fabrikam's offer",
            "start": { "dateTime": "2031-03-05T10:00:00", "timeZone": "UTC" },
            "end": { "dateTime": "2031-03-05T11:00:00", "timeZone": "UTC" },
            "attendees": [{ "emailAddress": { "address": BEN.address } }],
        }),
    };
    let exchange = &scene.world.stack.vendors.exchange;
    let invited = exchange.with(|exchange, at| exchange.place_invitation(BEN.address, &invitation, at));
    let invited = invited.expect("an invitation");
    scene.act("Ben gets an invitation from Mia Larsen");
    let anna = scene.mirror(ANNA).await;
    let ben = scene.mirror(BEN).await;
    for (person, report) in [(ANNA, &anna), (BEN, &ben)] {
        let record = report.lines[0].crm.clone().expect("a record");
        scene.edit_in_crm(person, record.as_str(), json!({ "Description": "Bring the contract" })).await;
    }
    scene.delete_in_outlook(ANNA, &meeting).await;
    scene.act("Mia Larsen calls her meeting off");
    let exchange = &scene.world.stack.vendors.exchange;
    exchange.with(|exchange, at| exchange.cancel_invitation(BEN.address, &invited, at)).expect("an invitation");
    scene.mirror(ANNA).await;
    scene.mirror(BEN).await;
    scene.calendars(ANNA).await;
    scene.calendars(BEN).await;
    scene.mirror(ANNA).await;
    scene.mirror(BEN).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d10_deletes_go_both_ways() {
    let title = "A delete of an event to come goes to the other side.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    let first = scene.make_in_outlook(ANNA, "Deleted in Outlook", "2031-03-04T10:00:00Z").await;
    let second = scene.make_in_crm(ANNA, "Deleted in Salesforce", "2031-03-05T10:00:00Z").await;
    scene.mirror(ANNA).await;
    scene.delete_in_outlook(ANNA, &first).await;
    scene.delete_in_crm(ANNA, &second).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.mirror(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d10_x19_x20_what_is_past_is_spared() {
    let title = "A delete of what is past spares the other side: it is only unlinked, and later edits of what is left \
                 stay where they are.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    let first = scene.make_in_outlook(ANNA, "Deleted in Outlook", "2031-03-03T10:00:00Z").await;
    let second = scene.make_in_crm(ANNA, "Deleted in Salesforce", "2031-03-03T12:00:00Z").await;
    let report = scene.mirror(ANNA).await;
    let of = |effect: Effect| report.lines.iter().find(|line| line.effect == effect).expect("a line");
    let kept_record = of(Effect::CreatedInCrm).crm.clone().expect("a record");
    let kept_event = of(Effect::CreatedInMailbox).mailbox.clone().expect("an event");
    scene.wait(Duration::from_hours(24));
    scene.delete_in_outlook(ANNA, &first).await;
    scene.delete_in_crm(ANNA, &second).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.edit_in_crm(ANNA, kept_record.as_str(), json!({ "Subject": "Minutes" })).await;
    scene.edit_in_outlook(ANNA, kept_event.as_str(), json!({ "subject": "Notes" })).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d10_x19_somebody_elses_meeting_is_only_unlinked() {
    let title = "A delete in Salesforce of a meeting that somebody else organizes only unlinks it, and so does a delete \
                 of the invitation in Outlook: it may have been declined.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    let mut events = Vec::new();
    for (subject, hour) in [("Deleted in Salesforce", 10), ("Deleted in Outlook", 12)] {
        super::meetings::invite(&mut scene, ANNA, subject, &format!("2031-03-05T{hour}:00:00")).await;
    }
    for event in scene.world.outlook_events(ANNA).await {
        events.push(event["id"].as_str().expect("an id").to_owned());
    }
    let report = scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    let line = report.lines.iter().find(|line| line.mailbox.as_ref().is_some_and(|id| id.as_str() == events[0]));
    let record = line.and_then(|line| line.crm.clone()).expect("a record");
    scene.delete_in_crm(ANNA, record.as_str()).await;
    scene.delete_in_outlook(ANNA, &events[1]).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.mirror(ANNA).await;
    scene.outbox();
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d10_deletes_may_unlink_or_restore_instead() {
    for (policy, title) in [
        (DeletePolicy::Unlink, "Where the policy says unlink, a delete leaves the other side's event."),
        (DeletePolicy::Restore, "Where the policy says restore, a deleted event is made again."),
    ] {
        let mut scene = Scene::begin(title, Policy { delete: policy, ..Policy::default() }).await;
        let first = scene.make_in_outlook(ANNA, "Deleted in Outlook", "2031-03-04T10:00:00Z").await;
        let second = scene.make_in_crm(ANNA, "Deleted in Salesforce", "2031-03-05T10:00:00Z").await;
        scene.mirror(ANNA).await;
        scene.delete_in_outlook(ANNA, &first).await;
        scene.delete_in_crm(ANNA, &second).await;
        scene.mirror(ANNA).await;
        scene.calendars(ANNA).await;
        scene.mirror(ANNA).await;
        let name = format!("d10_delete_policy_{policy:?}").to_lowercase();
        insta::assert_snapshot!(name, scene.end().await);
    }
}

/// Eight linked events, of which Anna deletes six in Outlook; the session after that.
async fn deletes_held(title: &str) -> Scene {
    let mut scene = Scene::begin(title, Policy::default()).await;
    let mut events = Vec::new();
    for day in 10..18 {
        let subject = format!("Day {day}");
        events.push(scene.make_in_outlook(ANNA, &subject, &format!("2031-03-{day}T10:00:00Z")).await);
    }
    scene.mirror(ANNA).await;
    for event in &events[..6] {
        scene.delete_in_outlook(ANNA, event).await;
    }
    scene.make_in_outlook(ANNA, "Something new", "2031-03-20T10:00:00Z").await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.console(ANNA).await;
    scene
}

async fn decide(scene: &mut Scene, decision: &str) {
    let body = json!({ "decision": decision });
    let (status, answer) = scene.world.console("POST", "/users/anna.berg/held-deletes", Some(body)).await;
    scene.act(format!("An administrator says {decision}: {status} {answer}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d11_x26_a_mass_delete_is_held_until_it_is_allowed() {
    let title = "Six of eight events deleted at once are no intention: the deletes are held, the rest goes on. Once an \
                 administrator allows them they are carried out.";
    let mut scene = deletes_held(title).await;
    scene.mirror(ANNA).await;
    decide(&mut scene, "allow").await;
    scene.work_off().await;
    scene.calendars(ANNA).await;
    scene.console(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d11_x26_a_mass_delete_is_held_until_it_is_denied() {
    let title = "Six of eight events deleted at once are no intention: the deletes are held, the rest goes on. Once an \
                 administrator denies them Salesforce's events stay, unlinked.";
    let mut scene = deletes_held(title).await;
    decide(&mut scene, "deny").await;
    scene.work_off().await;
    scene.calendars(ANNA).await;
    scene.console(ANNA).await;
    scene.mirror(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d11_x26_a_mass_delete_in_salesforce_is_held_too() {
    let title = "The guard stands on both sides: six of eight events deleted in Salesforce stay in Outlook. One that \
                 is edited there meanwhile comes back without anybody's decision; the other five wait for it.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    for day in 10..18 {
        let (subject, start) = (format!("Day {day}"), format!("2031-03-{day}T10:00:00Z"));
        scene.world.make_in_outlook(ANNA, &subject, &start).await;
    }
    scene.act("Anna makes eight events in Outlook");
    let report = scene.mirror(ANNA).await;
    for line in &report.lines[..6] {
        scene.delete_in_crm(ANNA, line.crm.as_ref().expect("a record").as_str()).await;
    }
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.console(ANNA).await;
    let first = report.lines[0].mailbox.clone().expect("an event");
    scene.edit_in_outlook(ANNA, first.as_str(), json!({ "location": { "displayName": "Room 7" } })).await;
    scene.wait(Duration::from_mins(30));
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.console(ANNA).await;
    decide(&mut scene, "allow").await;
    scene.work_off().await;
    scene.calendars(ANNA).await;
    scene.console(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}
