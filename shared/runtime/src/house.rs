//! The composition root: the one place where ports and adapters are joined.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use syncline_aws::{DynamoStore, OsEntropy, Sealer, SqsQueue, clients};
use syncline_engine::Ports;
use syncline_engine::subscribe::PushAddress;
use syncline_ports::{Clock, PortError, Secrets, StateStore};

use crate::access::ConsoleAuth;
use crate::clock::SystemClock;
use crate::config::{Aws, Config, ConfigError, Key};
use crate::connector::VendorConnector;
use crate::sealing::KmsSealer;
use crate::telemetry;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What a function's handler works with; made once per process.
pub struct House {
    /// What the engine needs from the world.
    pub ports: Ports,
    /// Where the vendors are told to send notifications, if anywhere.
    pub push: Option<PushAddress>,
    /// The console's lock.
    pub console: ConsoleAuth,
}

/// Why a process cannot begin its work. `Debug` is for people too: it is what `main` shows.
#[derive(thiserror::Error)]
pub enum StartError {
    /// A setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The key file.
    #[error("the key file cannot be used")]
    Key(#[from] PortError),
    /// The HTTP client.
    #[error("no HTTP client can be made")]
    Http(#[source] reqwest::Error),
}

impl fmt::Debug for StartError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&telemetry::chain(self))
    }
}

impl House {
    /// What every function's `main` begins with: logs, settings, house.
    pub async fn start() -> Result<Self, StartError> {
        telemetry::init();
        let built = match Config::from_env() {
            Ok(config) => Self::build(config).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = &built {
            tracing::error!(error = telemetry::chain(error), "start.failed");
        }
        built
    }

    /// Joins everything. Makes clients, but no request yet.
    pub async fn build(config: Config) -> Result<Self, StartError> {
        Self::build_at(config, Arc::new(SystemClock)).await
    }

    /// The same by another clock.
    pub async fn build_at(config: Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        // A second house in the same process finds the provider installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            // No API we speak to redirects, and a token must not follow.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(StartError::Http)?;
        let (dynamodb, sqs) = match &config.aws {
            Aws::Cloud => {
                let aws = clients::aws().await;
                (clients::dynamodb(&aws), clients::sqs(&aws))
            }
            Aws::Loopback { dynamodb, sqs } => {
                (clients::dynamodb(&clients::local(dynamodb)), clients::sqs(&clients::local(sqs)))
            }
        };
        let store: Arc<dyn StateStore> = Arc::new(DynamoStore::new(dynamodb, config.table));
        let secrets: Arc<dyn Secrets> = match config.key {
            Key::Kms(data_key) => Arc::new(KmsSealer::new(clients::aws().await, data_key)),
            Key::File(path) => Arc::new(Sealer::from_key_file(&path)?),
        };
        let connector =
            VendorConnector::new(config.vendors, http, Arc::clone(&store), Arc::clone(&secrets), Arc::clone(&clock));
        let secure = config.public_url.as_deref().is_some_and(is_https);
        Ok(Self {
            ports: Ports {
                store,
                queue: Arc::new(SqsQueue::new(sqs, config.queues, Arc::new(OsEntropy))),
                secrets,
                clock,
                entropy: Arc::new(OsEntropy),
                connector: Arc::new(connector),
            },
            push: config.public_url.map(|base| PushAddress {
                notification_url: format!("{base}/graph"),
                lifecycle_url: format!("{base}/graph/lifecycle"),
            }),
            console: ConsoleAuth::new(config.console_token_sha256, secure),
        })
    }
}

fn is_https(address: &str) -> bool {
    address.starts_with("https://")
}
