//! Meetings with other people in them, and what is nobody else's business.

use std::time::Duration;

use serde_json::{Value, json};
use sim_exchange::{Exchange, Invitation, NoticeKind};
use syncline::seed::Person;
use syncline_core::policy::{Policy, PrivatePolicy};
use syncline_tests::Scene;
use syncline_tests::world::ANNA;

/// An hour with Mia Larsen, as an organizer posts it.
pub(crate) fn meeting(subject: &str, start: &str) -> Value {
    let end = format!("{}11:00:00", start.get(..11).expect("a day"));
    json!({
        "subject": subject,
        "start": { "dateTime": start, "timeZone": "UTC" },
        "end": { "dateTime": end, "timeZone": "UTC" },
        "attendees": [{ "emailAddress": { "name": "Mia Larsen", "address": "mia.larsen@fabrikam.example" } }],
    })
}

/// An invitation by Mia Larsen; its id as Outlook shows it.
pub(crate) async fn invite(scene: &mut Scene, person: &Person, subject: &str, start: &str) -> String {
    let end = format!("{}:30:00", start.get(..13).expect("an hour"));
    let event = json!({
        "subject": subject,
        "start": { "dateTime": start, "timeZone": "UTC" },
        "end": { "dateTime": end, "timeZone": "UTC" },
        "attendees": [{ "emailAddress": { "name": person.name, "address": person.address } }],
    });
    let invitation = Invitation {
        organizer_name: "Mia Larsen".to_owned(),
        organizer_address: "mia.larsen@fabrikam.example".to_owned(),
        ical_uid: None,
        event,
    };
    scene.act(format!("Mia Larsen invites {}: \"{subject}\"", person.name));
    let exchange = &scene.world.stack.vendors.exchange;
    let placed = exchange.with(|exchange, at| exchange.place_invitation(person.address, &invitation, at));
    let id = placed.expect("an invitation");
    let (_, event) = scene.world.graph(person, "GET", &format!("/me/events/{id}"), None).await;
    event["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d18_x18_only_a_new_time_or_place_is_mailed_to_attendees() {
    let title = "Anna's meeting with Mia goes up. An edit of its subject in Salesforce would mail Mia for nothing and is \
                 held, shown in the console; Outlook's own edits go up all the same. A new time is worth a mail, and the \
                 subject goes along with it.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    let kick_off = scene.post_to_outlook(ANNA, meeting("Kick-off", "2031-03-04T10:00:00")).await;
    let report = scene.mirror(ANNA).await;
    let record = report.lines[0].crm.clone().expect("a record");
    scene.world.stack.vendors.exchange.model().outbox.clear();

    scene.edit_in_crm(ANNA, record.as_str(), json!({ "Subject": "Kick-off, with slides" })).await;
    scene.mirror(ANNA).await;
    scene.outbox();
    scene.console(ANNA).await;
    scene.edit_in_outlook(ANNA, &kick_off, json!({ "isReminderOn": false })).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    assert!(scene.world.stack.vendors.exchange.model().outbox.is_empty(), "nobody is mailed by accident");
    scene.wait(Duration::from_mins(30));
    scene.mirror(ANNA).await;
    scene.console(ANNA).await;

    let later = json!({ "StartDateTime": "2031-03-04T15:00:00Z", "EndDateTime": "2031-03-04T16:00:00Z" });
    scene.edit_in_crm(ANNA, record.as_str(), later).await;
    scene.mirror(ANNA).await;
    scene.outbox();
    scene.calendars(ANNA).await;
    scene.console(ANNA).await;
    scene.mirror(ANNA).await;
    let updates = scene.world.stack.vendors.exchange.model().mailed(NoticeKind::Update);
    let mails = scene.world.stack.vendors.exchange.model().outbox.len();
    assert_eq!((mails, updates), (1, 1));
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn x19_the_organizers_delete_in_salesforce_calls_the_meeting_off() {
    let title = "Anna deletes her own meeting to come in Salesforce: it goes from Outlook too, which calls it off.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    scene.post_to_outlook(ANNA, meeting("Kick-off", "2031-03-04T10:00:00")).await;
    let report = scene.mirror(ANNA).await;
    let record = report.lines[0].crm.clone().expect("a record");
    scene.world.stack.vendors.exchange.model().outbox.clear();
    scene.delete_in_crm(ANNA, record.as_str()).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.outbox();
    scene.mirror(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d18_a_meeting_that_has_begun_is_not_moved() {
    let title = "A new place in Salesforce for a meeting that has begun comes too late to be mailed.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    scene.post_to_outlook(ANNA, meeting("Stand-up", "2031-03-03T10:00:00")).await;
    let report = scene.mirror(ANNA).await;
    let record = report.lines[0].crm.clone().expect("a record");
    scene.world.stack.vendors.exchange.model().outbox.clear();
    scene.world.clock.set("2031-03-03T10:15:00Z".parse().expect("a timestamp"));
    scene.edit_in_crm(ANNA, record.as_str(), json!({ "Location": "Room 7" })).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.outbox();
    assert!(scene.world.stack.vendors.exchange.model().outbox.is_empty(), "nobody is mailed by accident");
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d18_somebody_elses_meeting_is_not_written() {
    let title = "Mia's meeting goes up as Tentative, that is Busy there. What is Anna's own, how her time shows, goes \
                 down; what else she edits of it in Salesforce is Mia's to change and is held. While that is so, her \
                 own edits of this meeting wait with it.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    invite(&mut scene, ANNA, "Fabrikam's offer", "2031-03-05T10:00:00").await;
    let report = scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    let record = report.lines[0].crm.clone().expect("a record");
    scene.edit_in_crm(ANNA, record.as_str(), json!({ "ShowAs": "OutOfOffice" })).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.edit_in_crm(ANNA, record.as_str(), json!({ "Subject": "Their offer", "Location": "Room 7" })).await;
    scene.mirror(ANNA).await;
    scene.console(ANNA).await;
    scene.edit_in_crm(ANNA, record.as_str(), json!({ "ShowAs": "Free" })).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.outbox();
    assert!(scene.world.stack.vendors.exchange.model().outbox.is_empty(), "nobody is mailed by accident");
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d17_private_stays_private() {
    let title = "Private events are private on the other side too, both ways; Salesforce's one kind of private does not \
                 make Outlook's Confidential weaker; and taking it back is an edit like any other.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    let doctor = scene.make_in_outlook(ANNA, "Doctor", "2031-03-04T10:00:00Z").await;
    scene.edit_in_outlook(ANNA, &doctor, json!({ "sensitivity": "confidential" })).await;
    let interview = json!({
        "Subject": "Interview", "StartDateTime": "2031-03-05T10:00:00Z", "DurationInMinutes": 60, "IsPrivate": true,
    });
    let interview = scene.post_to_crm(ANNA, interview).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    scene.edit_in_crm(ANNA, &interview, json!({ "IsPrivate": false })).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d17_private_items_may_be_left_out() {
    let title = "Where the policy leaves private events out they are not mirrored; one that becomes private later stays as \
                 it is on both sides.";
    let mut scene = Scene::begin(title, Policy { private: PrivatePolicy::Skip, ..Policy::default() }).await;
    let doctor = scene.make_in_outlook(ANNA, "Doctor", "2031-03-04T10:00:00Z").await;
    scene.edit_in_outlook(ANNA, &doctor, json!({ "sensitivity": "private" })).await;
    let lunch = scene.make_in_outlook(ANNA, "Lunch", "2031-03-05T10:00:00Z").await;
    scene.mirror(ANNA).await;
    scene.edit_in_outlook(ANNA, &lunch, json!({ "sensitivity": "private", "subject": "Lunch with an agent" })).await;
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

/// Anna's answer to the invitations in her calendar. A declined one stays there, as Outlook can be set to have
/// it; the simulator takes it out, so the answer is written into its world.
fn answer(scene: &mut Scene, subject: &str, response: &str) {
    scene.act(format!("Anna answers \"{subject}\": {response}"));
    let mut exchange = scene.world.stack.vendors.exchange.model();
    let mut world = exchange.snapshot();
    let mailboxes = world["mailboxes"].as_array_mut().expect("mailboxes");
    for mailbox in mailboxes {
        let version = mailbox["version"].as_u64().expect("a version") + 1;
        let mut answered = false;
        for event in mailbox["events"].as_object_mut().expect("events").values_mut() {
            if event["fields"]["subject"] == subject {
                event["response"] = json!(response);
                event["stamp"]["version"] = json!(version);
                answered = true;
            }
        }
        if answered {
            mailbox["version"] = json!(version);
        }
    }
    *exchange = Exchange::restore(world).expect("a world");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d20_declined_is_not_mirrored() {
    let title = "A declined invitation does not go up. One that is declined later stays as it is in Salesforce, and wakes \
                 when Anna accepts after all.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    invite(&mut scene, ANNA, "Declined", "2031-03-05T10:00:00").await;
    invite(&mut scene, ANNA, "Declined later", "2031-03-06T10:00:00").await;
    answer(&mut scene, "Declined", "declined");
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    answer(&mut scene, "Declined later", "declined");
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    answer(&mut scene, "Declined later", "accepted");
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d20_unanswered_may_be_left_out() {
    let title = "Where the policy leaves unanswered invitations out, one goes up once it is accepted.";
    let mut scene = Scene::begin(title, Policy { mirror_unanswered: false, ..Policy::default() }).await;
    invite(&mut scene, ANNA, "Offer", "2031-03-05T10:00:00").await;
    scene.mirror(ANNA).await;
    answer(&mut scene, "Offer", "accepted");
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d20_what_is_called_off_before_it_was_seen_is_not_mirrored() {
    let title = "An invitation that was called off before anybody saw it does not go up.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    let id = invite(&mut scene, ANNA, "Called off", "2031-03-05T10:00:00").await;
    scene.act("Mia Larsen calls it off");
    let exchange = &scene.world.stack.vendors.exchange;
    exchange.with(|exchange, at| exchange.cancel_invitation(ANNA.address, &id, at)).expect("an invitation");
    scene.mirror(ANNA).await;
    scene.calendars(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}
