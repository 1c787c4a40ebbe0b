//! Opens a user's two sides with the adapters there are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use syncline_core::ids::OrgId;
use syncline_core::item::Side;
use syncline_core::org::{Provider, User};
use syncline_exchange::Exchange;
use syncline_gmail::Gmail;
use syncline_ports::{Clock, Connector, Crm, ErrorKind, GrantVault, Mailbox, PortError, Secrets, StateStore};
use syncline_salesforce::{Account, Org as SalesforceOrg, Salesforce};

use crate::config::Vendors;
use crate::vault::StateVault;

/// How many orgs are remembered by one process; above that all are forgotten and found out about anew.
const ORGS: usize = 1_000;

/// The connector to the real vendors.
pub struct VendorConnector {
    vendors: Vendors,
    http: reqwest::Client,
    store: Arc<dyn StateStore>,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    /// What the users of an org share.
    orgs: Mutex<BTreeMap<OrgId, Arc<SalesforceOrg>>>,
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
        Self { vendors, http, store, secrets, clock, orgs: Mutex::default() }
    }

    async fn vault(&self, user: &User, side: Side) -> Result<Arc<dyn GrantVault>, PortError> {
        let (store, secrets) = (Arc::clone(&self.store), Arc::clone(&self.secrets));
        let vault = StateVault::open(store, secrets, user.id.clone(), side).await?;
        Ok(Arc::new(vault))
    }

    fn salesforce_org(&self, org: &OrgId) -> Arc<SalesforceOrg> {
        let mut orgs = self.orgs.lock().unwrap_or_else(PoisonError::into_inner);
        if orgs.len() >= ORGS && !orgs.contains_key(org) {
            orgs.clear();
        }
        Arc::clone(orgs.entry(org.clone()).or_default())
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
        let vault: Arc<dyn GrantVault> = if settings.assertion.is_some() {
            // Nobody needs to have signed in: the vault may be empty.
            let (store, secrets) = (Arc::clone(&self.store), Arc::clone(&self.secrets));
            Arc::new(StateVault::new(store, secrets, user.id.clone(), Side::Crm))
        } else {
            self.vault(user, Side::Crm).await?
        };
        let (http, clock) = (self.http.clone(), Arc::clone(&self.clock));
        let account = Account { user: user.crm_user.clone(), username: user.address.clone() };
        let org = self.salesforce_org(&user.org);
        let salesforce = Salesforce::new(settings, http, vault, clock, org, account);
        Ok(Arc::new(salesforce))
    }
}

fn app<S: Clone>(settings: Option<&S>, name: &'static str) -> Result<S, PortError> {
    settings.cloned().ok_or_else(|| {
        PortError::new(ErrorKind::Rejected, "connector.app")
            .because(format!("this function needs {name}_ID and {name}_SECRET"))
    })
}
