//! The SDK clients. The SDK's own HTTP client is not compiled in, so each configuration brings one.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// How often the SDK tries one call, the first time included.
const ATTEMPTS: u32 = 3;
/// How long one attempt may take; SQS' long polls take up to 20 s.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(25);
/// How long one attempt at DynamoDB or KMS may take, which answer in milliseconds.
const SHORT_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The configuration in AWS: region and credentials as the environment gives them, TLS by rustls on ring.
pub async fn aws() -> SdkConfig {
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts(ATTEMPT_TIMEOUT))
        .load()
        .await
}

/// The configuration for a stand-in on the loopback interface, such as `http://127.0.0.1:8000`: plain
/// HTTP, invented credentials, region `us-east-1`. It reads nothing from the environment.
pub fn local(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("local", "local", None, None, "syncline-local");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .http_client(Builder::new().build_http())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts(ATTEMPT_TIMEOUT))
        .build()
}

/// The client of the state table.
pub fn dynamodb(config: &SdkConfig) -> aws_sdk_dynamodb::Client {
    let config =
        aws_sdk_dynamodb::config::Builder::from(config).timeout_config(timeouts(SHORT_ATTEMPT_TIMEOUT)).build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

/// The client of the queues.
pub fn sqs(config: &SdkConfig) -> aws_sdk_sqs::Client {
    aws_sdk_sqs::Client::new(config)
}

/// The client of the key service.
pub fn kms(config: &SdkConfig) -> aws_sdk_kms::Client {
    let config = aws_sdk_kms::config::Builder::from(config).timeout_config(timeouts(SHORT_ATTEMPT_TIMEOUT)).build();
    aws_sdk_kms::Client::from_conf(config)
}

fn timeouts(attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_attempt_timeout(attempt).build()
}
