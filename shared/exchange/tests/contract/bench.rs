//! What an adapter needs to run in a test: a vault, a clock, an HTTP client.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sim_kit::SimClock;
use syncline_exchange::{Exchange, Settings, SignInAs};
use syncline_ports::{Clock, ErrorKind, Grant, GrantVault, PortError};

pub(crate) const ANNA: &str = "anna.berg@northwind.example";

/// Keeps the grant in memory; can be made to fail.
#[derive(Debug)]
pub(crate) struct Vault {
    pub(crate) grant: Mutex<Grant>,
    pub(crate) saves: Mutex<Vec<Grant>>,
    pub(crate) is_broken: Mutex<bool>,
}

impl Vault {
    /// A sign-in with a refresh token and nothing else.
    pub(crate) fn with(refresh_token: &str) -> Arc<Self> {
        let grant =
            Grant { refresh_token: refresh_token.to_owned(), access_token: None, expires: None, instance_url: None };
        Arc::new(Self { grant: Mutex::new(grant), saves: Mutex::default(), is_broken: Mutex::new(false) })
    }
}

#[async_trait]
impl GrantVault for Vault {
    async fn load(&self) -> Result<Grant, PortError> {
        Ok(self.grant.lock().unwrap().clone())
    }

    async fn save(&self, grant: &Grant) -> Result<(), PortError> {
        if *self.is_broken.lock().unwrap() {
            return Err(PortError::new(ErrorKind::Transient, "vault.save"));
        }
        *self.grant.lock().unwrap() = grant.clone();
        self.saves.lock().unwrap().push(grant.clone());
        Ok(())
    }
}

/// The simulator's time as the adapter's. It is slept by turning the clock on, and that is remembered.
#[derive(Debug)]
pub(crate) struct Turning {
    clock: SimClock,
    slept: Mutex<Vec<Duration>>,
}

impl Turning {
    pub(crate) fn of(clock: &SimClock) -> Arc<Self> {
        Arc::new(Self { clock: clock.clone(), slept: Mutex::default() })
    }

    /// Each sleep, in seconds.
    pub(crate) fn slept(&self) -> Vec<u64> {
        self.slept.lock().unwrap().iter().map(Duration::as_secs).collect()
    }
}

#[async_trait]
impl Clock for Turning {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn sleep(&self, time: Duration) {
        self.clock.advance(time);
        self.slept.lock().unwrap().push(time);
    }
}

/// Anna's mailbox on the server at `origin`, opened by herself.
pub(crate) fn annas(origin: &str, vault: Arc<Vault>, clock: Arc<Turning>) -> Exchange {
    opened(origin, vault, clock, SignInAs::User)
}

/// Anna's mailbox, opened by either.
pub(crate) fn opened<V: GrantVault + 'static>(
    origin: &str,
    vault: Arc<V>,
    clock: Arc<Turning>,
    sign_in: SignInAs,
) -> Exchange {
    let tenant = if sign_in == SignInAs::User { "common" } else { "northwind.example" };
    let settings = Settings {
        graph_url: format!("{origin}/v1.0"),
        token_url: format!("{origin}/{tenant}/oauth2/v2.0/token"),
        sign_in,
        ..Settings::new("syncline-client", "syncline-secret")
    };
    Exchange::new(settings, http(), vault, clock, ANNA, "Salesforce")
}

pub(crate) fn http() -> reqwest::Client {
    // Another test of the process may have installed one already; either is good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
