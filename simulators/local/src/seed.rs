//! The org northwind.example: two users on Exchange, two on Gmail, all four in Salesforce.

use std::sync::Arc;

use serde_json::Value;
use syncline_core::fingerprint::FingerprintKey;
use syncline_core::ids::{OrgId, RemoteId, UserId};
use syncline_core::item::Side;
use syncline_core::org::{ConnectionState, Org, Provider, User};
use syncline_core::policy::Policy;
use syncline_engine::Ports;
use syncline_ports::{Grant, GrantVault};
use syncline_runtime::vault::StateVault;

use crate::LocalError;
use crate::vendors::Vendors;

/// A user of the seeded org.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// Their id.
    pub id: &'static str,
    /// What they are called.
    pub name: &'static str,
    /// Their mailbox, and their username in Salesforce.
    pub address: &'static str,
    /// Where the mailbox is.
    pub provider: Provider,
}

/// The users, the first of each provider first.
pub const PEOPLE: [Person; 4] = [
    Person { id: "anna.berg", name: "Anna Berg", address: "anna.berg@northwind.example", provider: Provider::Exchange },
    Person {
        id: "ben.carter",
        name: "Ben Carter",
        address: "ben.carter@northwind.example",
        provider: Provider::Exchange,
    },
    Person { id: "carla.diaz", name: "Carla Diaz", address: "carla.diaz@northwind.example", provider: Provider::Gmail },
    Person {
        id: "deniz.evren",
        name: "Deniz Evren",
        address: "deniz.evren@northwind.example",
        provider: Provider::Gmail,
    },
];

/// The org's id.
pub fn org_id() -> OrgId {
    OrgId::new("northwind")
}

/// Makes the org and its users, signed in on both sides, where they are not there yet; each is due now.
pub async fn seed(ports: &Ports, vendors: &Vendors, http: &reqwest::Client, policy: Policy) -> Result<(), LocalError> {
    let known = ports.store.org(&org_id()).await?;
    let mut key = [0; 16];
    key.copy_from_slice(&ports.entropy.bytes()[..16]);
    let org = Org {
        id: org_id(),
        name: "Northwind".to_owned(),
        domains: vec!["northwind.example".to_owned()],
        fingerprint_key: known.map_or(FingerprintKey(key), |org| org.fingerprint_key),
        policy,
    };
    ports.store.put_org(&org).await?;
    for person in PEOPLE {
        match ports.store.user(&UserId::new(person.id)).await? {
            None => sign_in(ports, vendors, http, &person).await?,
            Some(user) => move_in(ports, vendors, &user).await?,
        }
    }
    Ok(())
}

/// A kept world listens elsewhere than in the run before: the grant must not lead to the old address.
async fn move_in(ports: &Ports, vendors: &Vendors, user: &User) -> Result<(), LocalError> {
    let vault = vault(ports, user, Side::Crm);
    let grant = vault.load().await?;
    Ok(vault.save(&Grant { instance_url: Some(vendors.salesforce.url()), ..grant }).await?)
}

fn vault(ports: &Ports, user: &User, side: Side) -> StateVault {
    StateVault::new(Arc::clone(&ports.store), Arc::clone(&ports.secrets), user.id.clone(), side)
}

async fn sign_in(ports: &Ports, vendors: &Vendors, http: &reqwest::Client, person: &Person) -> Result<(), LocalError> {
    let now = ports.clock.now();
    let user = User {
        id: UserId::new(person.id),
        org: org_id(),
        address: person.address.to_owned(),
        provider: person.provider,
        crm_user: RemoteId::new(salesforce_user(vendors, http, person).await?),
        enabled: true,
        mailbox: ConnectionState::Connected,
        crm: ConnectionState::Connected,
        activated: now,
        next_due: Some(now),
    };
    for side in Side::BOTH {
        let grant = Grant {
            refresh_token: format!("refresh-{}", person.address),
            access_token: None,
            expires: None,
            instance_url: (side == Side::Crm).then(|| vendors.salesforce.url()),
        };
        vault(ports, &user, side).save(&grant).await?;
    }
    Ok(ports.store.put_user(&user).await?)
}

/// The person's id in Salesforce, as their own sign-in tells.
async fn salesforce_user(vendors: &Vendors, http: &reqwest::Client, person: &Person) -> Result<String, LocalError> {
    let url = format!("{}/services/oauth2/userinfo", vendors.salesforce.url());
    let answer = http.get(url).bearer_auth(format!("sim-{}", person.address)).send().await?;
    let who: Value = answer.json().await?;
    let id = who.get("user_id").and_then(Value::as_str);
    id.map(str::to_owned).ok_or_else(|| LocalError::Unexpected(format!("Salesforce does not know {}", person.id)))
}
