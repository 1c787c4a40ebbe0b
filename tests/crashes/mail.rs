//! Mail of known people.

use syncline::seed::Person;
use syncline_tests::World;
use syncline_tests::world::{ANNA, CARLA};

use crate::frame::{Session, Slot, write_paths};
use crate::verdict::Recorded;

write_paths! {
    d25_a_contacts_mail_in_exchange_is_recorded_once: Session::Ingest(ANNA), to_anna;
    d25_a_contacts_mail_in_gmail_is_recorded_once: Session::Ingest(CARLA), to_carla;
}

/// A contact of the seeded org.
const MIA: &str = "mia.larsen@fabrikam.example";

pub(crate) async fn to_anna(world: &World, slot: &Slot) -> Recorded {
    from_mia(world, slot, &[ANNA]).await
}

pub(crate) async fn to_carla(world: &World, slot: &Slot) -> Recorded {
    from_mia(world, slot, &[CARLA]).await
}

/// One mail in several mailboxes.
pub(crate) async fn from_mia(world: &World, slot: &Slot, to: &[&Person]) -> Recorded {
    let message = format!("offer.{}@fabrikam.example", slot.nth);
    for person in to {
        world.receive_mail(person, &message, &format!("Mia Larsen <{MIA}>"), &format!("Offer {}", slot.token)).await;
    }
    Recorded { message, from: MIA.to_owned(), as_lead: false }
}
