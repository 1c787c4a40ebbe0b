//! From Salesforce to Outlook, and what was changed on both sides.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};
use syncline_tests::World;
use syncline_tests::world::ANNA;

use crate::events_up::{delete_in_outlook, patch_in_outlook};
use crate::frame::{Session, Slot, write_paths};
use crate::verdict::Pair;

write_paths! {
    a_new_event_comes_down_once: Session::Mirror(ANNA), new_in_crm;
    d08_an_edit_comes_down: Session::Mirror(ANNA), edited_in_crm;
    d10_a_delete_comes_down: Session::Mirror(ANNA), deleted_in_crm;
    d09_an_edit_in_the_crm_survives_the_delete_in_outlook: Session::Mirror(ANNA), edited_in_crm_deleted_in_outlook;
    d08_edits_of_different_fields_are_merged: Session::Mirror(ANNA), edited_in_both;
    d08_the_newer_edit_wins_in_the_crm: Session::Mirror(ANNA), conflict_won_by_crm;
    d08_the_newer_edit_wins_in_outlook: Session::Mirror(ANNA), conflict_won_by_outlook;
}

pub(crate) async fn new_in_crm(world: &World, slot: &Slot) -> Pair {
    let pair = Pair::new(ANNA, "Call", &slot.token, slot.start);
    pair.make_in_crm(world).await;
    pair
}

pub(crate) async fn edited_in_crm(world: &World, slot: &Slot) -> Pair {
    let (_, pair) = slot.pair(world).await;
    edit_in_crm(world, &pair).await
}

pub(crate) async fn deleted_in_crm(world: &World, slot: &Slot) -> Pair {
    let (_, pair) = slot.pair(world).await;
    delete_in_crm(world, &pair).await;
    pair.gone()
}

async fn edited_in_crm_deleted_in_outlook(world: &World, slot: &Slot) -> Pair {
    let (id, pair) = slot.pair(world).await;
    delete_in_outlook(world, &id).await;
    edit_in_crm(world, &pair).await
}

pub(crate) async fn edited_in_both(world: &World, slot: &Slot) -> Pair {
    let (id, pair) = slot.pair(world).await;
    let edited = pair.with("Kick-off with Mia", pair.start, "Room 3");
    patch_in_outlook(world, &id, json!({ "subject": edited.content().subject })).await;
    patch_in_crm(world, &pair, json!({ "Location": edited.content().location })).await;
    edited
}

async fn conflict_won_by_crm(world: &World, slot: &Slot) -> Pair {
    let (id, pair) = slot.pair(world).await;
    patch_in_outlook(world, &id, json!({ "subject": format!("From Outlook {}", pair.token) })).await;
    world.advance(Duration::from_mins(1));
    edit_in_crm(world, &pair).await
}

async fn conflict_won_by_outlook(world: &World, slot: &Slot) -> Pair {
    let (id, pair) = slot.pair(world).await;
    let loser = json!({ "Subject": format!("From Salesforce {}", pair.token), "Location": "Room 9" });
    patch_in_crm(world, &pair, loser).await;
    world.advance(Duration::from_mins(1));
    let edited = pair.with("From Outlook", pair.start, "Room 9");
    patch_in_outlook(world, &id, json!({ "subject": edited.content().subject })).await;
    edited
}

/// Gives it another subject, time and place.
pub(crate) async fn edit_in_crm(world: &World, pair: &Pair) -> Pair {
    let edited = pair.with("Call, moved", pair.start + SignedDuration::from_hours(7), "Room 7");
    let content = edited.content();
    let edit = json!({
        "Subject": content.subject,
        "StartDateTime": content.start,
        "EndDateTime": content.end,
        "Location": content.location,
    });
    patch_in_crm(world, pair, edit).await;
    edited
}

pub(crate) async fn patch_in_crm(world: &World, pair: &Pair, edit: Value) {
    let path = format!("/sobjects/Event/{}", pair.id_in_crm(world));
    let (status, body) = world.salesforce(ANNA, "PATCH", &path, Some(edit)).await;
    assert_eq!(status, 204, "{body}");
}

pub(crate) async fn delete_in_crm(world: &World, pair: &Pair) {
    let path = format!("/sobjects/Event/{}", pair.id_in_crm(world));
    let (status, body) = world.salesforce(ANNA, "DELETE", &path, None).await;
    assert_eq!(status, 204, "{body}");
}
