//! Opens a user's two sides with the adapters there are.

use std::sync::Arc;

use async_trait::async_trait;
use syncline_core::item::Side;
use syncline_core::org::{Provider, User};
use syncline_exchange::Exchange;
use syncline_gmail::Gmail;
use syncline_ports::{Clock, Connector, Crm, ErrorKind, GrantVault, Mailbox, PortError, Secrets, StateStore};
use syncline_salesforce::Salesforce;

use crate::config::Vendors;
use crate::vault::StateVault;

/// The connector to the real vendors.
pub struct VendorConnector {
    vendors: Vendors,
    http: reqwest::Client,
    store: Arc<dyn StateStore>,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
}

impl VendorConnector {
    /// All adapters share one HTTP client and its connections.
    pub fn new(
        vendors: Vendors,
        http: reqwest::Client,
        store: Arc<dyn StateStore>,
        secrets: Arc<dyn Secrets>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { vendors, http, store, secrets, clock }
    }

    async fn vault(&self, user: &User, side: Side) -> Result<Arc<dyn GrantVault>, PortError> {
        let (store, secrets) = (Arc::clone(&self.store), Arc::clone(&self.secrets));
        let vault = StateVault::open(store, secrets, user.id.clone(), side).await?;
        Ok(Arc::new(vault))
    }

    /// The name that marks an item for the CRM (D-22).
    async fn category(&self, user: &User) -> Result<String, PortError> {
        let org = self.store.org(&user.org).await?;
        let org = org.ok_or_else(|| PortError::new(ErrorKind::Gone, "connector.org"))?;
        Ok(org.policy.category)
    }
}

#[async_trait]
impl Connector for VendorConnector {
    async fn mailbox(&self, user: &User) -> Result<Arc<dyn Mailbox>, PortError> {
        let (http, clock) = (self.http.clone(), Arc::clone(&self.clock));
        let address = user.address.clone();
        match user.provider {
            Provider::Exchange => {
                let settings = app(self.vendors.graph.as_ref(), "SYNCLINE_GRAPH_CLIENT")?;
                let vault = self.vault(user, Side::Mailbox).await?;
                let category = self.category(user).await?;
                let exchange = Exchange::new(settings, http, vault, clock, address, category);
                Ok(Arc::new(exchange))
            }
            Provider::Gmail => {
                let settings = app(self.vendors.google.as_ref(), "SYNCLINE_GOOGLE_CLIENT")?;
                let vault = self.vault(user, Side::Mailbox).await?;
                Ok(Arc::new(Gmail::new(settings, http, vault, clock, address)))
            }
        }
    }

    async fn crm(&self, user: &User) -> Result<Arc<dyn Crm>, PortError> {
        let settings = app(self.vendors.salesforce.as_ref(), "SYNCLINE_SALESFORCE_CLIENT")?;
        let vault = self.vault(user, Side::Crm).await?;
        let (http, clock) = (self.http.clone(), Arc::clone(&self.clock));
        let salesforce = Salesforce::new(settings, http, vault, clock, user.crm_user.clone());
        Ok(Arc::new(salesforce))
    }
}

fn app<S: Clone>(settings: Option<&S>, name: &'static str) -> Result<S, PortError> {
    settings.cloned().ok_or_else(|| {
        PortError::new(ErrorKind::Rejected, "connector.app")
            .because(format!("this function needs {name}_ID and {name}_SECRET"))
    })
}
