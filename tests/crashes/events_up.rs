//! From Outlook to Salesforce.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use syncline_tests::World;
use syncline_tests::world::ANNA;

use crate::events_down::delete_in_crm;
use crate::frame::{Session, Slot, write_paths};
use crate::verdict::Pair;

write_paths! {
    a_new_event_goes_up_once: Session::Mirror(ANNA), new_in_outlook;
    d08_an_edit_goes_up: Session::Mirror(ANNA), edited_in_outlook;
    d10_a_delete_goes_up: Session::Mirror(ANNA), deleted_in_outlook;
    d09_an_edit_in_outlook_survives_the_delete_in_the_crm: Session::Mirror(ANNA), edited_in_outlook_deleted_in_crm;
}

pub(crate) async fn new_in_outlook(world: &World, slot: &Slot) -> Pair {
    let pair = Pair::new(ANNA, "Kick-off", &slot.token, slot.start);
    pair.make_in_outlook(world).await;
    pair
}

pub(crate) async fn edited_in_outlook(world: &World, slot: &Slot) -> Pair {
    let (id, pair) = slot.pair(world).await;
    edit_in_outlook(world, &id, &pair).await
}

pub(crate) async fn deleted_in_outlook(world: &World, slot: &Slot) -> Pair {
    let (id, pair) = slot.pair(world).await;
    delete_in_outlook(world, &id).await;
    pair.gone()
}

async fn edited_in_outlook_deleted_in_crm(world: &World, slot: &Slot) -> Pair {
    let (id, pair) = slot.pair(world).await;
    delete_in_crm(world, &pair).await;
    edit_in_outlook(world, &id, &pair).await
}

/// Gives it another subject, time and place.
pub(crate) async fn edit_in_outlook(world: &World, id: &str, pair: &Pair) -> Pair {
    let edited = pair.with("Kick-off, moved", pair.start + SignedDuration::from_hours(5), "Room 2");
    let content = edited.content();
    let edit = json!({
        "subject": content.subject,
        "start": { "dateTime": plain(content.start), "timeZone": "UTC" },
        "end": { "dateTime": plain(content.end), "timeZone": "UTC" },
        "location": { "displayName": content.location },
    });
    patch_in_outlook(world, id, edit).await;
    edited
}

pub(crate) async fn patch_in_outlook(world: &World, id: &str, edit: Value) {
    let (status, body) = world.graph(ANNA, "PATCH", &format!("/me/events/{id}"), Some(edit)).await;
    assert_eq!(status, 200, "{body}");
}

pub(crate) async fn delete_in_outlook(world: &World, id: &str) {
    let (status, body) = world.graph(ANNA, "DELETE", &format!("/me/events/{id}"), None).await;
    assert_eq!(status, 204, "{body}");
}

fn plain(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}
