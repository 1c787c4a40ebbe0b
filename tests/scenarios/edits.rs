//! New events and edits, on one side and on both.

use serde_json::json;
use syncline_core::policy::{Conflict, Policy};
use syncline_tests::Scene;
use syncline_tests::world::ANNA;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_event_goes_up() {
    let mut scene = Scene::begin("A new appointment in Outlook goes up to Salesforce.", Policy::default()).await;
    scene
        .post_to_outlook(
            ANNA,
            json!({
                "subject": "Review", "body": { "contentType": "text", "content": "Figures, next steps." },
                "location": { "displayName": "Room 4" },
                "start": { "dateTime": "2031-03-04T11:00:00", "timeZone": "W. Europe Standard Time" },
                "end": { "dateTime": "2031-03-04T12:00:00", "timeZone": "W. Europe Standard Time" },
            }),
        )
        .await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.mirror(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_event_comes_down() {
    let mut scene = Scene::begin("A new event in Salesforce comes down to Outlook.", Policy::default()).await;
    scene
        .post_to_crm(
            ANNA,
            json!({
                "Subject": "Visit", "Description": "Bring the contract", "Location": "Fabrikam",
                "StartDateTime": "2031-03-05T13:00:00Z", "DurationInMinutes": 90, "ShowAs": "OutOfOffice",
            }),
        )
        .await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.mirror(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_in_outlook_goes_up() {
    let mut scene = Scene::begin("What is edited in Outlook is edited in Salesforce.", Policy::default()).await;
    let review = scene.make_in_outlook(ANNA, "Review", "2031-03-04T10:00:00Z").await;
    scene.mirror(ANNA).await;
    let change = json!({
        "subject": "Review of the year", "location": { "displayName": "Room 7" }, "showAs": "free",
        "start": { "dateTime": "2031-03-04T14:00:00", "timeZone": "UTC" },
        "end": { "dateTime": "2031-03-04T15:30:00", "timeZone": "UTC" },
        "isReminderOn": false,
    });
    scene.edit_in_outlook(ANNA, &review, change).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.mirror(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_in_salesforce_comes_down() {
    let mut scene = Scene::begin("What is edited in Salesforce is edited in Outlook.", Policy::default()).await;
    scene.make_in_outlook(ANNA, "Review", "2031-03-04T10:00:00Z").await;
    let report = scene.mirror(ANNA).await;
    let record = report.lines[0].crm.clone().expect("a record");
    let change =
        json!({ "Subject": "Review, with slides", "Description": "Bring the slides", "DurationInMinutes": 30 });
    scene.edit_in_crm(ANNA, record.as_str(), change).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.mirror(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d08_edits_of_different_fields_on_both_sides_meet() {
    let title = "Both sides edit an event, in different fields: each field comes from where it was edited.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    let review = scene.make_in_outlook(ANNA, "Review", "2031-03-04T10:00:00Z").await;
    let report = scene.mirror(ANNA).await;
    let record = report.lines[0].crm.clone().expect("a record");
    scene.edit_in_outlook(ANNA, &review, json!({ "location": { "displayName": "Room 7" } })).await;
    scene.edit_in_crm(ANNA, record.as_str(), json!({ "Subject": "Review, with slides" })).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.mirror(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d08_x49_the_newest_edit_of_a_field_wins_and_the_other_is_in_the_history() {
    let title = "Both sides edit the same field: the newest value stands, the other is kept in the history. \
                 First Salesforce is the later one, then Outlook.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    let review = scene.make_in_outlook(ANNA, "Review", "2031-03-04T10:00:00Z").await;
    let report = scene.mirror(ANNA).await;
    let record = report.lines[0].crm.clone().expect("a record");
    scene.edit_in_outlook(ANNA, &review, json!({ "subject": "Outlook, earlier" })).await;
    scene.edit_in_crm(ANNA, record.as_str(), json!({ "Subject": "Salesforce, later" })).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.edit_in_crm(ANNA, record.as_str(), json!({ "Subject": "Salesforce, earlier" })).await;
    scene.edit_in_outlook(ANNA, &review, json!({ "subject": "Outlook, later" })).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.history(ANNA, &review).await;
    scene.mirror(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d08_a_policy_may_let_one_side_always_win() {
    let title = "Where the policy says so, the mailbox wins every conflict, though Salesforce was later.";
    let policy = Policy { conflict: Conflict::Mailbox, ..Policy::default() };
    let mut scene = Scene::begin(title, policy).await;
    let review = scene.make_in_outlook(ANNA, "Review", "2031-03-04T10:00:00Z").await;
    let report = scene.mirror(ANNA).await;
    let record = report.lines[0].crm.clone().expect("a record");
    scene.edit_in_outlook(ANNA, &review, json!({ "subject": "Outlook, earlier" })).await;
    scene.edit_in_crm(ANNA, record.as_str(), json!({ "Subject": "Salesforce, later" })).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d12_tentative_is_not_written_back_as_busy() {
    let title = "Salesforce knows no Tentative and shows Busy. That is no edit: not when it comes back, not when \
                 something else is edited there, and not when Outlook goes from Tentative to Busy.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    let review = scene.make_in_outlook(ANNA, "Review", "2031-03-04T10:00:00Z").await;
    scene.edit_in_outlook(ANNA, &review, json!({ "showAs": "tentative", "sensitivity": "confidential" })).await;
    let report = scene.mirror(ANNA).await;
    let record = report.lines[0].crm.clone().expect("a record");
    scene.calendars(ANNA).await;
    scene.edit_in_crm(ANNA, record.as_str(), json!({ "Subject": "Review, with slides" })).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.edit_in_outlook(ANNA, &review, json!({ "showAs": "busy" })).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}
