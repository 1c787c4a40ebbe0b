//! The stand-ins.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_sqs::types::QueueAttributeName;
use hyper_util::rt::TokioIo;
use rustack_sqs_core::config::SqsConfig;
use rustack_sqs_core::handler::RustackSqsHandler;
use rustack_sqs_core::provider::RustackSqs;
use rustack_sqs_http::service::{SqsHttpConfig, SqsHttpService};
use syncline_aws::{DynamoStore, clients, create_table};
use tokio::net::TcpListener;

/// A store on a table of its own, and the database behind it.
pub(crate) async fn store() -> (DynamoStore, dynoxide::Database) {
    let (config, database) = dynamodb().await;
    let client = clients::dynamodb(&config);
    (DynamoStore::new(client, "state"), database)
}

/// An empty table, `state`.
pub(crate) async fn dynamodb() -> (SdkConfig, dynoxide::Database) {
    let database = dynoxide::Database::memory().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_on(listener, database.clone()));
    let config = clients::local(&endpoint);
    let client = clients::dynamodb(&config);
    create_table(&client, "state").await.unwrap();
    create_table(&client, "state").await.expect("a second start finds its table");
    (config, database)
}

/// A client of an SQS of its own, and how to make another.
pub(crate) async fn sqs() -> (aws_sdk_sqs::Client, SdkConfig) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let provider =
        RustackSqs::new(SqsConfig { host: "127.0.0.1".to_owned(), port: address.port(), ..SqsConfig::default() });
    let handler = Arc::new(RustackSqsHandler::new(Arc::new(provider)));
    let service = SqsHttpService::new(handler, SqsHttpConfig::default());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            let serve =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone());
            tokio::spawn(serve);
        }
    });
    let config = clients::local(&format!("http://{address}"));
    (clients::sqs(&config), config)
}

/// Makes a queue and gives its address.
pub(crate) async fn queue(client: &aws_sdk_sqs::Client, name: &str) -> String {
    let mut request = client.create_queue().queue_name(name);
    if name.to_ascii_lowercase().ends_with(".fifo") {
        request = request.attributes(QueueAttributeName::FifoQueue, "true");
    }
    request.send().await.unwrap().queue_url.unwrap()
}
