//! DynamoDB and SQS in memory, with our table and queues.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

use aws_sdk_sqs::types::QueueAttributeName;
use hyper_util::rt::TokioIo;
use jiff::{SignedDuration, Timestamp};
use rustack_sqs_core::config::SqsConfig;
use rustack_sqs_core::handler::RustackSqsHandler;
use rustack_sqs_core::provider::RustackSqs;
use rustack_sqs_http::service::{SqsHttpConfig, SqsHttpService};
use syncline_aws::{DynamoStore, QueueUrls, clients, create_table};
use syncline_core::fingerprint::FingerprintKey;
use syncline_core::ids::{OrgId, RemoteId, UserId};
use syncline_core::job::Job;
use syncline_core::org::{ConnectionState, Org, Provider, User};
use syncline_core::policy::Policy;
use syncline_ports::StateStore;
use tokio::net::TcpListener;

use crate::access;
use crate::config::{Aws, Config, Key, Vendors};

/// The table's name.
pub const TABLE: &str = "syncline";
/// How many jobs one look at a queue takes.
const JOBS: i32 = 10;

/// The two services, as long as the test's runtime runs.
pub struct LocalAws {
    dynamodb: String,
    sqs: String,
    queues: QueueUrls,
    key: PathBuf,
}

impl LocalAws {
    /// Starts both, with an empty table and empty queues.
    pub async fn start() -> Self {
        let dynamodb = dynamodb().await;
        let client = clients::dynamodb(&clients::local(&dynamodb));
        create_table(&client, TABLE).await.expect("a table");
        let sqs = sqs().await;
        let client = clients::sqs(&clients::local(&sqs));
        let queues = QueueUrls {
            mirror: queue(&client, "mirror", false).await,
            ingest: queue(&client, "ingest", false).await,
            resolve: queue(&client, "resolve.fifo", true).await,
        };
        let name = format!("syncline-key-{}-{}", std::process::id(), dynamodb.replace(['/', ':'], "-"));
        Self { dynamodb, sqs, queues, key: std::env::temp_dir().join(name) }
    }

    /// The store on this table, to see and set what is there.
    pub fn store(&self) -> DynamoStore {
        DynamoStore::new(clients::dynamodb(&clients::local(&self.dynamodb)), TABLE)
    }

    /// An org with one user on Exchange, signed in on both sides and due in an hour.
    pub async fn seed(&self) -> UserId {
        let store = self.store();
        let now = Timestamp::now();
        let org = Org {
            id: OrgId::new("northwind"),
            name: "Northwind".to_owned(),
            domains: vec!["northwind.example".to_owned()],
            fingerprint_key: FingerprintKey([7; 16]),
            policy: Policy::default(),
        };
        let user = User {
            id: UserId::new("anna"),
            org: org.id.clone(),
            address: "anna@northwind.example".to_owned(),
            provider: Provider::Exchange,
            crm_user: RemoteId::new("005000000000001AAA"),
            enabled: true,
            mailbox: ConnectionState::Connected,
            crm: ConnectionState::Connected,
            activated: now,
            next_due: Some(now + SignedDuration::from_hours(1)),
        };
        store.put_org(&org).await.expect("an org");
        store.put_user(&user).await.expect("a user");
        user.id
    }

    /// Takes the jobs that wait on a queue.
    pub async fn jobs(&self, queue: &str) -> Vec<Job> {
        let client = clients::sqs(&clients::local(&self.sqs));
        let url = match queue {
            "mirror" => &self.queues.mirror,
            "ingest" => &self.queues.ingest,
            _ => &self.queues.resolve,
        };
        let request = client.receive_message().queue_url(url).max_number_of_messages(JOBS);
        let messages = request.send().await.expect("messages").messages.unwrap_or_default();
        let bodies = messages.iter().map(|message| message.body.as_deref().unwrap_or_default());
        bodies.map(|body| serde_json::from_str(body).expect("a job")).collect()
    }

    /// The settings of a function that works here, as the environment has them. The key file is made when
    /// a function starts, and removed with this value.
    pub fn settings(&self) -> Vec<(String, String)> {
        [
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.dynamodb),
            ("AWS_ENDPOINT_URL_SQS", &self.sqs),
            ("SYNCLINE_TABLE", TABLE),
            ("SYNCLINE_MIRROR_QUEUE_URL", &self.queues.mirror),
            ("SYNCLINE_INGEST_QUEUE_URL", &self.queues.ingest),
            ("SYNCLINE_RESOLVE_QUEUE_URL", &self.queues.resolve),
            ("SYNCLINE_KEY_FILE", &self.key.to_string_lossy()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// The same for a house in this process.
    pub fn config(&self) -> Config {
        Config {
            table: TABLE.to_owned(),
            queues: self.queues.clone(),
            aws: Aws::Loopback { dynamodb: self.dynamodb.clone(), sqs: self.sqs.clone() },
            key: Key::File(self.key.clone()),
            console_token_sha256: None,
            public_url: None,
            vendors: Vendors::default(),
        }
    }
}

impl Drop for LocalAws {
    fn drop(&mut self) {
        // It is there only if a function was started.
        let _ = std::fs::remove_file(&self.key);
    }
}

async fn queue(client: &aws_sdk_sqs::Client, name: &str, fifo: bool) -> String {
    let mut request = client.create_queue().queue_name(name);
    if fifo {
        request = request.attributes(QueueAttributeName::FifoQueue, "true");
    }
    let made = request.send().await.expect("a queue");
    made.queue_url.expect("its address")
}

async fn dynamodb() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let database = dynoxide::Database::memory().expect("a database");
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    format!("http://{address}")
}

async fn sqs() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let config = SqsConfig { host: address.ip().to_string(), port: address.port(), ..SqsConfig::default() };
    let handler = RustackSqsHandler::new(Arc::new(RustackSqs::new(config)));
    let service = SqsHttpService::new(Arc::new(handler), SqsHttpConfig::default());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let connection =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone());
            tokio::spawn(connection);
        }
    });
    format!("http://{address}")
}

/// The SHA-256 of a text as lower-case hexadecimal digits: how tokens and secrets are configured and kept.
pub fn sha256_hex(text: &str) -> String {
    let mut digits = String::new();
    for byte in access::hash(text) {
        write!(digits, "{byte:02x}").expect("a string takes it");
    }
    digits
}
