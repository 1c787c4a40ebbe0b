//! The three simulators as one world.

use std::net::TcpListener;
use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;
use sim_exchange::Exchange;
use sim_gmail::Gmail;
use sim_kit::{SimClock, Simulator};
use sim_salesforce::Salesforce;

use crate::LocalError;

/// Where the simulators listen.
#[derive(Debug, Default)]
pub struct Listeners {
    /// Exchange; any free port if `None`.
    pub exchange: Option<TcpListener>,
    /// Gmail; likewise.
    pub gmail: Option<TcpListener>,
    /// Salesforce; likewise.
    pub salesforce: Option<TcpListener>,
}

/// The running simulators, sharing one clock.
pub struct Vendors {
    /// Exchange Online.
    pub exchange: Simulator<Exchange>,
    /// Gmail.
    pub gmail: Simulator<Gmail>,
    /// Salesforce.
    pub salesforce: Simulator<Salesforce>,
}

impl Vendors {
    /// Starts the world kept in the folder, or that of northwind.example if there is none.
    pub async fn start(clock: &SimClock, folder: Option<&Path>, listeners: Listeners) -> Result<Self, LocalError> {
        let now = clock.now();
        let exchange = world(folder, "exchange", Exchange::restore, Exchange::northwind, now)?;
        let gmail = world(folder, "gmail", Gmail::restore, Gmail::northwind, now)?;
        let salesforce = world(folder, "salesforce", Salesforce::restore, Salesforce::northwind, now)?;
        Ok(Self {
            exchange: Simulator::start(exchange, clock.clone(), listener(listeners.exchange)?).await,
            gmail: Simulator::start(gmail, clock.clone(), listener(listeners.gmail)?).await,
            salesforce: Simulator::start(salesforce, clock.clone(), listener(listeners.salesforce)?).await,
        })
    }

    /// Keeps the world in the folder.
    pub fn save(&self, folder: &Path) -> Result<(), LocalError> {
        let worlds = [
            ("exchange", self.exchange.model().snapshot()),
            ("gmail", self.gmail.model().snapshot()),
            ("salesforce", self.salesforce.model().snapshot()),
        ];
        for (name, world) in worlds {
            let file = folder.join(format!("{name}.json"));
            // Written beside and moved into place, so that a crash leaves the old or the new one whole.
            let draft = folder.join(format!("{name}.json.new"));
            let written = std::fs::write(&draft, world.to_string()).and_then(|()| std::fs::rename(&draft, &file));
            written.map_err(|error| LocalError::File(file, error))?;
        }
        Ok(())
    }
}

fn listener(given: Option<TcpListener>) -> Result<TcpListener, LocalError> {
    Ok(match given {
        Some(listener) => listener,
        None => TcpListener::bind("127.0.0.1:0")?,
    })
}

fn world<W, E: std::fmt::Display>(
    folder: Option<&Path>,
    name: &'static str,
    restore: impl FnOnce(Value) -> Result<W, E>,
    fresh: impl FnOnce(Timestamp) -> W,
    now: Timestamp,
) -> Result<W, LocalError> {
    let Some(file) = folder.map(|folder| folder.join(format!("{name}.json"))).filter(|file| file.exists()) else {
        return Ok(fresh(now));
    };
    let text = std::fs::read_to_string(&file).map_err(|error| LocalError::File(file.clone(), error))?;
    let value = serde_json::from_str(&text).map_err(|error| LocalError::World(file.clone(), error.to_string()))?;
    restore(value).map_err(|error| LocalError::World(file, error.to_string()))
}
