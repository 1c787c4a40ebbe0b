//! Days and instants.

use serde_json::json;
use syncline_core::policy::Policy;
use syncline_tests::Scene;
use syncline_tests::world::ANNA;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d16_all_day_is_a_pair_of_dates() {
    let title = "All-day events are dates and never instants: over the night the clocks go forward, in a zone far to the \
                 east, both ways, moved, and turned into an hour and back.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    let all_day = |subject: &str, first: &str, end: &str, zone: &str| {
        json!({
            "subject": subject, "isAllDay": true,
            "start": { "dateTime": format!("{first}T00:00:00"), "timeZone": zone },
            "end": { "dateTime": format!("{end}T00:00:00"), "timeZone": zone },
        })
    };
    let fair = all_day("Fair", "2031-03-29", "2031-04-01", "W. Europe Standard Time");
    let fair = scene.post_to_outlook(ANNA, fair).await;
    let tokyo = all_day("Tokyo", "2031-04-07", "2031-04-08", "Tokyo Standard Time");
    scene.post_to_outlook(ANNA, tokyo).await;
    let days_off = json!({
        "Subject": "Days off", "IsAllDayEvent": true, "ActivityDate": "2031-10-25", "DurationInMinutes": 3 * 1440,
    });
    let days_off = scene.post_to_crm(ANNA, days_off).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.mirror(ANNA).await;

    let moved = all_day("Fair", "2031-03-30", "2031-04-02", "W. Europe Standard Time");
    scene.edit_in_outlook(ANNA, &fair, moved).await;
    let hour = json!({
        "IsAllDayEvent": false, "StartDateTime": "2031-10-26T00:30:00Z", "EndDateTime": "2031-10-26T01:30:00Z",
    });
    scene.edit_in_crm(ANNA, &days_off, hour).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    let day = json!({
        "IsAllDayEvent": true, "ActivityDate": "2031-10-26", "StartDateTime": "2031-10-26T00:00:00Z",
        "EndDateTime": "2031-10-26T00:00:00Z",
    });
    scene.edit_in_crm(ANNA, &days_off, day).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.mirror(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d16_more_than_14_days_are_parked() {
    let title = "Salesforce takes 14 days at most: a longer event is parked with that reason, goes up once it is shortened, \
                 and is left as it is there when it grows again.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    let days = |last: &str| {
        json!({
            "subject": "Leave", "isAllDay": true,
            "start": { "dateTime": "2031-04-01T00:00:00", "timeZone": "UTC" },
            "end": { "dateTime": format!("{last}T00:00:00"), "timeZone": "UTC" },
        })
    };
    let leave = scene.post_to_outlook(ANNA, days("2031-04-16")).await;
    scene.make_in_outlook(ANNA, "Something short", "2031-04-20T10:00:00Z").await;
    scene.mirror(ANNA).await;
    scene.console(ANNA).await;
    scene.edit_in_outlook(ANNA, &leave, days("2031-04-15")).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.console(ANNA).await;
    scene.edit_in_outlook(ANNA, &leave, days("2031-04-17")).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.console(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}
