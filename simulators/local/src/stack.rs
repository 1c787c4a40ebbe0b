//! Everything together, from start to stop.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sim_kit::SimClock;
use syncline_aws::clients;
use syncline_core::ids::UserId;
use syncline_core::job::{Job, Trigger};
use syncline_core::org::User;
use syncline_core::policy::Policy;
use syncline_core::report::SessionReport;
use syncline_engine::{subscribe, tick};
use syncline_ports::{Clock, StateStore};
use syncline_runtime::config::{Aws, Config, Key, Vendors as VendorSettings};
use syncline_runtime::{House, access};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::embedded::{self, Embedded};
use crate::mapping::{self, Mapping};
use crate::vendors::{Listeners, Vendors};
use crate::{LocalError, front, seed};

const TABLE: &str = "syncline";
/// The simulators' application: the one they know.
const CLIENT: (&str, &str) = ("syncline-client", "syncline-secret");
/// More sessions of a user than one run has.
const MOST_SESSIONS: u32 = 200;
/// How often a wait looks again.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How often in a row the queues must be found idle to count as settled: a notification may be on its way.
const LOOKS_IDLE: u32 = 10;

/// The world's clock, as the house reads it.
#[derive(Debug)]
struct HouseClock(SimClock);

#[async_trait]
impl Clock for HouseClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    /// A clock that is held is turned on instead.
    async fn sleep(&self, time: Duration) {
        if self.0.is_held() {
            self.0.advance(time);
        } else {
            tokio::time::sleep(time).await;
        }
    }
}

/// How the house is started.
#[derive(Debug)]
pub struct Options {
    /// The time in the house and in the simulators.
    pub clock: SimClock,
    /// Where the table and the worlds are kept; nowhere if `None`.
    pub data: Option<PathBuf>,
    /// The org's settings.
    pub policy: Policy,
}

impl Default for Options {
    fn default() -> Self {
        Self { clock: SimClock::system(), data: None, policy: Policy::default() }
    }
}

/// The running house.
pub struct Stack {
    /// The three simulators.
    pub vendors: Vendors,
    /// What the functions work with.
    pub house: Arc<House>,
    /// The queues' mappings.
    pub mapping: Mapping,
    /// Where the console and the webhook are.
    pub address: SocketAddr,
    /// What opens the console.
    pub console_token: String,
    /// For requests to all of these.
    pub http: reqwest::Client,
    embedded: Embedded,
    begun: Timestamp,
    data: Option<PathBuf>,
    stop: watch::Sender<bool>,
    _scratch: Option<TempDir>,
}

impl Stack {
    /// Starts everything but the clock and the queues' mappings: see [`run`](Self::run).
    pub async fn start(options: Options) -> Result<Self, LocalError> {
        let (stop, stopped) = watch::channel(false);
        if let Some(folder) = &options.data {
            std::fs::create_dir_all(folder).map_err(|error| LocalError::File(folder.clone(), error))?;
        }
        let scratch = match &options.data {
            Some(_) => None,
            None => Some(tempfile::tempdir()?),
        };
        let folder = options.data.as_deref().or(scratch.as_ref().map(TempDir::path)).unwrap_or(Path::new("."));
        let table_file = options.data.as_ref().map(|folder| folder.join("table.sqlite"));
        let embedded = Embedded::start(table_file.as_deref(), stopped.clone()).await?;
        syncline_aws::create_table(&clients::dynamodb(&clients::local(&embedded.dynamodb)), TABLE).await?;
        let sqs = clients::sqs(&clients::local(&embedded.sqs));
        let urls = embedded::create_queues(&sqs).await?;

        let vendors = Vendors::start(&options.clock, options.data.as_deref(), Listeners::default()).await?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let token = token();
        let config = Config {
            table: TABLE.to_owned(),
            queues: urls.clone(),
            aws: Aws::Loopback { dynamodb: embedded.dynamodb.clone(), sqs: embedded.sqs.clone() },
            key: Key::File(folder.join("key")),
            console_token_sha256: Some(access::hash(&token)),
            public_url: Some(format!("http://{address}")),
            vendors: settings(&vendors),
        };
        let house = Arc::new(House::build_at(config, Arc::new(HouseClock(options.clock.clone()))).await?);
        front::serve(listener, Arc::clone(&house), stopped);
        let http = reqwest::Client::builder().no_proxy().build()?;
        seed::seed(&house.ports, &vendors, &http, options.policy).await?;
        Ok(Self {
            mapping: Mapping::new(Arc::clone(&house), sqs, urls),
            vendors,
            house,
            address,
            console_token: token,
            http,
            embedded,
            begun: options.clock.now(),
            data: options.data,
            stop,
            _scratch: scratch,
        })
    }

    /// Lets the clock run and the queues be served.
    pub async fn run(&self) -> Result<(), LocalError> {
        let stopped = self.stop.subscribe();
        self.mapping.start(&stopped);
        self.take_up_again().await?;
        mapping::start_timer(Arc::clone(&self.house), stopped);
        self.embedded.sweep().await;
        Ok(())
    }

    /// Makes up for what did not outlive an earlier run: the queues, whose jobs are made again for
    /// everybody who is not due anyway, and the address that notifications were sent to.
    async fn take_up_again(&self) -> Result<(), LocalError> {
        let ports = &self.house.ports;
        let now = ports.clock.now();
        let mut jobs = Vec::new();
        for user in ports.store.users(&seed::org_id()).await? {
            if user.next_due.is_none_or(|due| due <= now) {
                continue;
            }
            self.subscribe_anew(&user).await?;
            for stream in tick::streams(&user) {
                jobs.push(Job::Session { user: user.id.clone(), stream: *stream, trigger: Trigger::FollowUp });
            }
        }
        Ok(ports.queue.send(&jobs, Duration::ZERO).await?)
    }

    async fn subscribe_anew(&self, user: &User) -> Result<(), LocalError> {
        let ports = &self.house.ports;
        let mailbox = ports.connector.mailbox(user).await?;
        for row in ports.store.subscriptions(&user.id).await? {
            if let Some(push) = mailbox.push() {
                push.unsubscribe(&row.id).await?;
            }
            ports.store.remove_subscription(&row).await?;
        }
        if let Some(address) = &self.house.push {
            let made = subscribe::ensure(ports, user, address).await;
            made.map_err(|error| LocalError::Unexpected(error.to_string()))?;
        }
        Ok(())
    }

    /// Waits until no job is queued or running; `false` if that takes longer than `patience`.
    pub async fn settle(&self, patience: Duration) -> bool {
        let settled = async {
            let mut idle = 0;
            while idle < LOOKS_IDLE {
                idle = if self.mapping.is_idle().await { idle + 1 } else { 0 };
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(patience, settled).await.is_ok()
    }

    /// Keeps the worlds, if there is a folder for them.
    pub fn save(&self) -> Result<(), LocalError> {
        match &self.data {
            Some(folder) => self.vendors.save(folder),
            None => Ok(()),
        }
    }

    /// What is remembered.
    pub fn store(&self) -> &dyn StateStore {
        self.house.ports.store.as_ref()
    }

    /// The sessions of a user since this run began, the newest first.
    pub async fn sessions(&self, user: &UserId) -> Result<Vec<SessionReport>, LocalError> {
        let mut reports = self.store().sessions(user, MOST_SESSIONS).await?;
        reports.retain(|report| report.started >= self.begun);
        Ok(reports)
    }

    /// Where the console is.
    pub fn console_url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Keeps what is to be kept and stops serving.
    pub fn stop(self) -> Result<(), LocalError> {
        let _ = self.stop.send(true);
        self.save()
    }
}

fn settings(vendors: &Vendors) -> VendorSettings {
    let (id, secret) = (CLIENT.0.to_owned(), CLIENT.1.to_owned());
    let mut graph = syncline_exchange::Settings::new(id.clone(), secret.clone());
    graph.graph_url = format!("{}/v1.0", vendors.exchange.url());
    graph.token_url = format!("{}/common/oauth2/v2.0/token", vendors.exchange.url());
    let mut google = syncline_gmail::Settings::new(id.clone(), secret.clone());
    google.gmail_url = vendors.gmail.url();
    google.token_url = format!("{}/token", vendors.gmail.url());
    let mut salesforce = syncline_salesforce::Settings::new(id, secret);
    salesforce.login_url = vendors.salesforce.url();
    VendorSettings { graph: Some(graph), google: Some(google), salesforce: Some(salesforce) }
}

/// A console token nobody can guess.
fn token() -> String {
    use syncline_ports::Entropy;
    syncline_aws::OsEntropy.token()
}
