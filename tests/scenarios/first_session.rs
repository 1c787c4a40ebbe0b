//! What was there before, and the window.

use std::time::Duration;

use serde_json::json;
use syncline_core::policy::{ExistingEvents, Policy};
use syncline_tests::Scene;
use syncline_tests::world::ANNA;

/// Both calendars as they were a month before the activation: a twin, and one event on each side alone.
async fn before_activation(title: &str, policy: Policy) -> Scene {
    let mut scene = Scene::begin(title, policy).await;
    let activation = scene.world.now();
    scene.world.clock.set("2031-02-03T09:00:00Z".parse().expect("a timestamp"));
    scene.make_in_outlook(ANNA, "On both sides", "2031-03-10T10:00:00Z").await;
    scene
        .post_to_crm(
            ANNA,
            json!({
                "Subject": "on both sides", "StartDateTime": "2031-03-10T10:00:00Z", "DurationInMinutes": 60,
                "Location": "Room 4",
            }),
        )
        .await;
    scene.make_in_outlook(ANNA, "Only in Outlook", "2031-03-11T10:00:00Z").await;
    scene.make_in_crm(ANNA, "Only in Salesforce", "2031-03-12T10:00:00Z").await;
    scene
        .post_to_outlook(
            ANNA,
            json!({
                "subject": "Marked in Outlook", "categories": ["Blue", "salesforce"],
                "start": { "dateTime": "2031-03-13T10:00:00", "timeZone": "UTC" },
                "end": { "dateTime": "2031-03-13T11:00:00", "timeZone": "UTC" },
            }),
        )
        .await;
    scene.world.clock.set(activation);
    scene.note("Anna is activated");
    scene
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d05_p03_the_first_session_adopts_twins_and_only_brings_down() {
    let title = "The first session links what is on both sides, brings down what only Salesforce has, and leaves \
                 Outlook's own alone unless it bears the category. A later edit of one left alone does not bring it up; \
                 marking it does.";
    let mut scene = before_activation(title, Policy::default()).await;
    let report = scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.mirror(ANNA).await;
    let left = report.lines.iter().find(|line| line.reason.id() == "before_activation");
    let left = left.and_then(|line| line.mailbox.clone()).expect("an event left alone");
    scene.edit_in_outlook(ANNA, left.as_str(), json!({ "subject": "Still only in Outlook" })).await;
    scene.mirror(ANNA).await;
    scene.edit_in_outlook(ANNA, left.as_str(), json!({ "categories": ["Salesforce"] })).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d05_an_admin_may_ask_for_everything() {
    let title = "Where the policy says so, the first session brings Outlook's events up too.";
    let policy = Policy { existing_events: ExistingEvents::All, ..Policy::default() };
    let mut scene = before_activation(title, policy).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d02_what_lies_outside_the_window_is_not_mirrored() {
    let title = "The window is 14 days back and 400 days ahead.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    scene.make_in_outlook(ANNA, "Too long ago", "2031-02-16T10:00:00Z").await;
    scene.make_in_outlook(ANNA, "Just inside", "2031-02-18T10:00:00Z").await;
    scene.make_in_crm(ANNA, "Too far ahead", "2032-04-08T10:00:00Z").await;
    scene.make_in_crm(ANNA, "Still inside", "2032-04-05T10:00:00Z").await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.make_in_crm(ANNA, "Too far ahead as well", "2032-04-09T10:00:00Z").await;
    scene.mirror(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d03_what_leaves_the_window_stays_and_what_comes_back_wakes() {
    let title = "An event moved out of the window stays on both sides as it is; deleting it there deletes nothing here. \
                 Moved back into the window it is mirrored again.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    let comes_back = scene.make_in_outlook(ANNA, "Comes back", "2031-03-04T10:00:00Z").await;
    let goes = scene.make_in_outlook(ANNA, "Is deleted out there", "2031-03-05T10:00:00Z").await;
    scene.mirror(ANNA).await;
    let far = json!({
        "start": { "dateTime": "2032-04-20T10:00:00", "timeZone": "UTC" },
        "end": { "dateTime": "2032-04-20T11:00:00", "timeZone": "UTC" },
    });
    scene.edit_in_outlook(ANNA, &comes_back, far.clone()).await;
    scene.edit_in_outlook(ANNA, &goes, far).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    let back = json!({
        "subject": "Is back",
        "start": { "dateTime": "2031-03-06T10:00:00", "timeZone": "UTC" },
        "end": { "dateTime": "2031-03-06T11:00:00", "timeZone": "UTC" },
    });
    scene.edit_in_outlook(ANNA, &comes_back, back).await;
    scene.delete_in_outlook(ANNA, &goes).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.mirror(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d03_the_window_rolls_on() {
    let title = "As time passes, what grows old is left where it is, and what comes within 400 days is mirrored.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    scene.make_in_outlook(ANNA, "Grows old", "2031-03-04T10:00:00Z").await;
    scene.make_in_outlook(ANNA, "Far ahead", "2032-04-12T10:00:00Z").await;
    scene.mirror(ANNA).await;
    scene.wait(Duration::from_hours(24 * 20));
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.mirror(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}
