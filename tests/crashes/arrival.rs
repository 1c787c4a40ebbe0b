//! What stands on both sides before anybody linked it, and first sessions.

use serde_json::json;
use syncline_core::cursor::Cursor;
use syncline_core::ids::UserId;
use syncline_core::item::Side;
use syncline_core::job::Stream;
use syncline_ports::{CursorKey, LeaseOutcome};
use syncline_tests::World;
use syncline_tests::world::ANNA;

use crate::events_down::{new_in_crm, patch_in_crm};
use crate::events_up::{new_in_outlook, patch_in_outlook};
use crate::frame::{Session, Slot, write_paths};
use crate::verdict::Pair;

write_paths! {
    d05_twins_are_linked_and_not_doubled: Session::Mirror(ANNA), twins;
    d05_a_first_session_links_and_creates_once: Session::Mirror(ANNA), first_session;
}

/// Only Salesforce knows the place.
async fn twins(world: &World, slot: &Slot) -> Pair {
    let pair = Pair::new(ANNA, "Review", &slot.token, slot.start);
    pair.make_in_outlook(world).await;
    pair.make_in_crm(world).await;
    patch_in_crm(world, &pair, json!({ "Location": "Room 4" })).await;
    pair.with("Review", slot.start, "Room 4")
}

/// One event on each side, and twins that know different places: in a first session Salesforce is right.
async fn first_session(world: &World, slot: &Slot) -> Vec<Pair> {
    let mut pairs = vec![new_in_outlook(world, &slot.beside(1)).await, new_in_crm(world, &slot.beside(2)).await];
    let pair = twins(world, &slot.beside(3)).await;
    let place = json!({ "location": { "displayName": "Room 5" } });
    patch_in_outlook(world, &pair.id_in_outlook(world).await, place).await;
    pairs.push(pair);
    forget_cursors(world).await;
    pairs
}

/// From here on the user's calendars were never read.
async fn forget_cursors(world: &World) {
    let (store, user) = (world.stack.store(), UserId::new(ANNA.id));
    let lease = store.acquire(&user, Stream::Mirror, "the test", world.now(), world.deadline()).await;
    let Ok(LeaseOutcome::Held(lease)) = lease else { panic!("the lease is not free: {lease:?}") };
    for side in Side::BOTH {
        let key = CursorKey { stream: Stream::Mirror, side, collection: "events".to_owned() };
        store.put_cursor(&lease, &key, &Cursor::fresh(None)).await.expect("a cursor");
    }
    store.release(&lease, world.now()).await.expect("the lease back");
}
