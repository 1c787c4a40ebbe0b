//! DynamoDB and SQS inside this process, spoken to by the real SDK clients over the loopback interface.

use std::io;
use std::path::Path;
use std::sync::Arc;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::QueueAttributeName;
use dynoxide::Database;
use hyper_util::rt::TokioIo;
use rustack_sqs_core::config::SqsConfig;
use rustack_sqs_core::handler::RustackSqsHandler;
use rustack_sqs_core::provider::RustackSqs;
use rustack_sqs_http::service::{SqsHttpConfig, SqsHttpService};
use syncline_aws::QueueUrls;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::LocalError;

/// How often a message is tried before it goes to its dead-letter queue; as in the deployment.
const MAX_RECEIVES: u32 = 5;
/// How long a message taken stays hidden, seconds: longer than a session may run here.
const VISIBILITY_SECONDS: u32 = 120;

/// The two services.
pub struct Embedded {
    /// The address of DynamoDB.
    pub dynamodb: String,
    /// The address of SQS.
    pub sqs: String,
    database: Database,
}

impl Embedded {
    /// Starts both. With a file the table outlives the process; queues never do, and need not: a job is
    /// only a hint.
    pub async fn start(table_file: Option<&Path>, stop: watch::Receiver<bool>) -> Result<Self, LocalError> {
        let database = match table_file {
            Some(path) => Database::new(&path.to_string_lossy()),
            None => Database::memory(),
        };
        let database = database.map_err(|error| LocalError::Embedded("DynamoDB", error.to_string()))?;
        let dynamodb = serve_dynamodb(database.clone(), stop.clone()).await?;
        let sqs = serve_sqs(stop).await?;
        Ok(Self { dynamodb, sqs, database })
    }

    /// Removes what has outlived its time, as DynamoDB does on its own.
    pub async fn sweep(&self) {
        let database = self.database.clone();
        let swept = tokio::task::spawn_blocking(move || database.sweep_ttl()).await;
        if let Ok(Err(error)) = swept {
            tracing::warn!(%error, "dynamodb.sweep");
        }
    }
}

async fn listen() -> io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    Ok((listener, address))
}

async fn serve_dynamodb(database: Database, mut stop: watch::Receiver<bool>) -> Result<String, LocalError> {
    let (listener, address) = listen().await?;
    let stopped = async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    tokio::spawn(async move {
        let _ = dynoxide::server::serve_with_shutdown(listener, database, stopped).await;
    });
    Ok(address)
}

async fn serve_sqs(stop: watch::Receiver<bool>) -> Result<String, LocalError> {
    let (listener, address) = listen().await?;
    let port = listener.local_addr()?.port();
    let config = SqsConfig { host: "127.0.0.1".to_owned(), port, ..SqsConfig::default() };
    let provider = Arc::new(RustackSqs::new(config));
    let service = SqsHttpService::new(Arc::new(RustackSqsHandler::new(provider)), SqsHttpConfig::default());
    tokio::spawn(async move {
        loop {
            let mut stopped = stop.clone();
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = stopped.wait_for(|stop| *stop) => return,
            };
            let Ok((stream, _)) = accepted else { continue };
            let _ = stream.set_nodelay(true);
            let service = service.clone();
            tokio::spawn(async move {
                let connection = hyper::server::conn::http1::Builder::new();
                let _ = connection.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    Ok(address)
}

/// Makes the queues of the deployment, each with its dead-letter queue.
pub async fn create_queues(client: &Client) -> Result<QueueUrls, LocalError> {
    Ok(QueueUrls {
        mirror: create_queue(client, "mirror", false).await?,
        ingest: create_queue(client, "ingest", false).await?,
        resolve: create_queue(client, "resolve", true).await?,
    })
}

async fn create_queue(client: &Client, name: &str, fifo: bool) -> Result<String, LocalError> {
    let ending = if fifo { ".fifo" } else { "" };
    let dead = make(client, &format!("{name}-dead{ending}"), fifo, None).await?;
    let attributes = client
        .get_queue_attributes()
        .queue_url(&dead)
        .attribute_names(QueueAttributeName::QueueArn)
        .send()
        .await
        .map_err(|error| LocalError::Embedded("SQS", DisplayErrorContext(error).to_string()))?;
    let arn = attributes.attributes().and_then(|all| all.get(&QueueAttributeName::QueueArn)).cloned();
    let arn = arn.ok_or_else(|| LocalError::Embedded("SQS", "a queue without an ARN".to_owned()))?;
    let redrive = serde_json::json!({ "deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVES });
    make(client, &format!("{name}{ending}"), fifo, Some(redrive.to_string())).await
}

async fn make(client: &Client, name: &str, fifo: bool, redrive: Option<String>) -> Result<String, LocalError> {
    let mut request = client
        .create_queue()
        .queue_name(name)
        .attributes(QueueAttributeName::VisibilityTimeout, VISIBILITY_SECONDS.to_string());
    if fifo {
        request = request.attributes(QueueAttributeName::FifoQueue, "true");
    }
    if let Some(redrive) = redrive {
        request = request.attributes(QueueAttributeName::RedrivePolicy, redrive);
    }
    let made = request.send().await;
    let made = made.map_err(|error| LocalError::Embedded("SQS", DisplayErrorContext(error).to_string()))?;
    made.queue_url().map(str::to_owned).ok_or_else(|| LocalError::Embedded("SQS", "a queue without a URL".to_owned()))
}
