//! The mailbox port as it has to work: against the simulator, and against answers that no simulator of
//! a well-behaved service gives.

mod application;
mod bench;
mod categories;
mod contacts;
mod delta_properties;
mod events;
mod expiry;
mod folders;
mod lost_answers;
mod mail;
mod odd_answers;
mod other_program;
mod push;
mod refusals;
mod refusals_of_things;
mod scripted;
mod series;
mod sign_in;
mod tasks;
mod throttling;

use std::sync::Arc;

use bench::{ANNA, Turning, Vault, annas, at};
use sim_exchange::{Exchange as Tenant, WellKnown};
use sim_kit::{SimClock, Simulator};
use syncline_core::cursor::{Next, Position};
use syncline_core::ids::RemoteId;
use syncline_core::mail::MailObservation;
use syncline_core::observation::{EventSeen, Observation};
use syncline_core::time::Window;
use syncline_exchange::Exchange;
use syncline_ports::{Events, Mails};

const NOW: &str = "2031-03-03T09:00:00Z";

struct World {
    tenant: Simulator<Tenant>,
    mailbox: Exchange,
    vault: Arc<Vault>,
    clock: Arc<Turning>,
    http: reqwest::Client,
}

async fn world() -> World {
    let clock = SimClock::fixed(at(NOW));
    let tenant = Simulator::start_anywhere(Tenant::northwind(at(NOW)), clock.clone()).await;
    let vault = Vault::with(&format!("refresh-{ANNA}"));
    let clock = Turning::of(&clock);
    let mailbox = annas(&tenant.url(), Arc::clone(&vault), Arc::clone(&clock));
    World { tenant, mailbox, vault, clock, http: bench::http() }
}

impl World {
    /// The same mailbox, opened once more.
    fn another(&self) -> Exchange {
        annas(&self.tenant.url(), Arc::clone(&self.vault), Arc::clone(&self.clock))
    }

    async fn read(&self, id: &RemoteId) -> Option<EventSeen> {
        match &Events::read(&self.mailbox, std::slice::from_ref(id)).await.unwrap()[..] {
            [Observation::Present(seen)] => Some(EventSeen::clone(seen)),
            [Observation::Gone { .. }] => None,
            other => panic!("{other:?}"),
        }
    }

    /// Reads to the end of the round.
    async fn round(&self, mut position: Position) -> (Vec<Observation>, Position) {
        let mut items = Vec::new();
        for _ in 0..100 {
            let page = Events::changes(&self.mailbox, &window(), &position).await.unwrap();
            items.extend(page.items);
            position = match page.next {
                Next::Page(token) => Position::Page(token),
                Next::Done(token) => return (items, Position::Delta(token)),
            };
        }
        panic!("the round does not end");
    }

    async fn mail_round(&self, folder: &str, position: Position) -> (Vec<MailObservation>, Position) {
        let since = at("2031-03-01T00:00:00Z");
        let page = Mails::changes(&self.mailbox, folder, since, &position).await.unwrap();
        let Next::Done(token) = page.next else { panic!("one page") };
        (page.items, Position::Delta(token))
    }

    fn deliver(&self, folder: WellKnown, mime: &str) {
        let delivered = self.tenant.with(|tenant, context| tenant.deliver(ANNA, folder, mime.as_bytes(), context));
        delivered.unwrap();
    }
}

fn window() -> Window {
    Window::around(at(NOW), 14, 400)
}
