//! Mail of strangers, who become leads.

use syncline::seed::Person;
use syncline_tests::World;
use syncline_tests::world::{ANNA, CARLA};

use crate::frame::{Session, Slot, write_paths};
use crate::verdict::Recorded;

write_paths! {
    a_strangers_mail_in_exchange_makes_one_lead: Session::Ingest(ANNA), to_anna;
    a_strangers_mail_in_gmail_makes_one_lead: Session::Ingest(CARLA), to_carla;
    d31_waiting_mails_make_one_lead_each_stranger: Session::Resolve(DOMAIN), waiting;
}

/// Where strangers come from.
pub(crate) const DOMAINS: [&str; 1] = [DOMAIN];
pub(crate) const DOMAIN: &str = "tailspin.example";

pub(crate) async fn to_anna(world: &World, slot: &Slot) -> Recorded {
    mail(world, slot, "pat", 1, &[ANNA]).await
}

pub(crate) async fn to_carla(world: &World, slot: &Slot) -> Recorded {
    mail(world, slot, "pat", 1, &[CARLA]).await
}

/// Two mails of one stranger and one of another, recorded and waiting.
pub(crate) async fn waiting(world: &World, slot: &Slot) -> Vec<Recorded> {
    let recorded = vec![
        mail(world, slot, "pat", 1, &[ANNA]).await,
        mail(world, slot, "pat", 2, &[CARLA]).await,
        mail(world, slot, "kim", 3, &[CARLA]).await,
    ];
    world.ingest(ANNA).await;
    world.ingest(CARLA).await;
    recorded
}

pub(crate) async fn mail(world: &World, slot: &Slot, name: &str, number: u32, to: &[&Person]) -> Recorded {
    let from = format!("{name}.{}@{DOMAIN}", slot.nth);
    let message = format!("hello.{number}.{}@{DOMAIN}", slot.nth);
    for person in to {
        world.receive_mail(person, &message, &format!("Pat Doe <{from}>"), &format!("Hello {}", slot.token)).await;
    }
    Recorded { message, from, as_lead: true }
}
