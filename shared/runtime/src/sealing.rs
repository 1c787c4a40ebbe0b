//! The deployed sealer: its data key is opened by KMS when it is first needed, so that a function which
//! seals nothing needs no right to the key.

use async_trait::async_trait;
use aws_config::SdkConfig;
use syncline_aws::{Sealer, clients};
use syncline_ports::{PortError, Sealed, Secrets};
use tokio::sync::OnceCell;

/// Seals with a data key that KMS keeps closed.
pub(crate) struct KmsSealer {
    aws: SdkConfig,
    data_key: Vec<u8>,
    opened: OnceCell<Sealer>,
}

impl KmsSealer {
    pub(crate) fn new(aws: SdkConfig, data_key: Vec<u8>) -> Self {
        Self { aws, data_key, opened: OnceCell::new() }
    }

    async fn sealer(&self) -> Result<&Sealer, PortError> {
        // A failed attempt is not kept: the next one asks KMS again.
        self.opened.get_or_try_init(async || Sealer::from_kms(&clients::kms(&self.aws), &self.data_key).await).await
    }
}

#[async_trait]
impl Secrets for KmsSealer {
    async fn seal(&self, context: &str, plain: &[u8]) -> Result<Sealed, PortError> {
        self.sealer().await?.seal(context, plain).await
    }

    async fn open(&self, context: &str, sealed: &Sealed) -> Result<Vec<u8>, PortError> {
        self.sealer().await?.open(context, sealed).await
    }
}
