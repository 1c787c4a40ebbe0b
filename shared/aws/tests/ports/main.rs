//! The adapters against embedded stand-ins for DynamoDB and SQS, over loopback.

mod accounts;
mod faults;
mod links;
mod mail;
mod past;
mod queue;
mod sealer;
mod servers;
mod streams;

use jiff::Timestamp;
use syncline_aws::DynamoStore;
use syncline_core::ids::{OrgId, UserId};
use syncline_core::job::Stream;
use syncline_ports::{Lease, LeaseOutcome, StateStore};

fn at(text: &str) -> Timestamp {
    format!("2031-03-03T{text}Z").parse().unwrap()
}

fn org() -> OrgId {
    OrgId::new("northwind")
}

fn anna() -> UserId {
    UserId::new("anna")
}

async fn acquire(store: &DynamoStore, now: &str, until: &str) -> LeaseOutcome {
    store.acquire(&anna(), Stream::Mirror, "worker", at(now), at(until)).await.unwrap()
}

async fn lease(store: &DynamoStore, now: &str, until: &str) -> Lease {
    match acquire(store, now, until).await {
        LeaseOutcome::Held(lease) => lease,
        LeaseOutcome::Busy => panic!("the lease is taken"),
    }
}
