use jiff::SignedDuration;
use syncline_aws::DynamoStore;
use syncline_core::ids::{MessageId, OrgId, RemoteId, SyncKey, UserId};
use syncline_core::mail::Role;
use syncline_ports::{Capture, CaptureClaim, Sealed, StateStore, StrangerState, WaitingMail};

use super::{anna, at, org, servers};

const LOST_AFTER: SignedDuration = SignedDuration::from_mins(10);
const DOMAIN: &str = "fabrikam.example";

fn message() -> MessageId {
    MessageId::new("1@fabrikam.example")
}

async fn claim(store: &DynamoStore, user: &str, now: &str) -> CaptureClaim {
    store.claim_capture(&org(), &message(), &UserId::new(user), at(now), LOST_AFTER).await.unwrap()
}

#[tokio::test]
async fn d25_the_first_user_of_the_org_records_a_message() {
    let (store, _database) = servers::store().await;
    let (one, two) = tokio::join!(claim(&store, "anna", "09:00:00"), claim(&store, "ben", "09:00:00"));
    let mut claims = [one, two];
    claims.sort_by_key(|claim| *claim == CaptureClaim::Busy);
    assert_eq!(claims, [CaptureClaim::Ours, CaptureClaim::Busy]);

    let record = RemoteId::new("02s1");
    store.complete_capture(&org(), &message(), &record).await.unwrap();
    for user in ["anna", "ben"] {
        assert_eq!(
            claim(&store, user, "11:00:00").await,
            CaptureClaim::Recorded(record.clone()),
            "a record outlives every claim"
        );
    }
    let elsewhere = store.claim_capture(&OrgId::new("other"), &message(), &anna(), at("09:00:00"), LOST_AFTER).await;
    assert_eq!(elsewhere.unwrap(), CaptureClaim::Ours);
}

#[tokio::test]
async fn d25_a_claim_without_a_record_goes_to_the_next() {
    let (store, _database) = servers::store().await;
    assert_eq!(claim(&store, "anna", "09:00:00").await, CaptureClaim::Ours);
    assert_eq!(claim(&store, "ben", "09:10:00").await, CaptureClaim::Busy);
    assert_eq!(claim(&store, "anna", "09:00:30").await, CaptureClaim::Ours, "one's own claim is no obstacle");
    assert_eq!(claim(&store, "ben", "09:10:31").await, CaptureClaim::Ours);
    assert_eq!(claim(&store, "anna", "09:10:32").await, CaptureClaim::Busy);
}

#[tokio::test]
async fn captures_are_found_by_message_and_claims_are_none() {
    let (store, database) = servers::store().await;
    let names: Vec<MessageId> = (0..110).map(|n| MessageId::new(format!("{n:03}@fabrikam.example"))).collect();
    for name in &names {
        let record = RemoteId::new(format!("record of {name}"));
        store.complete_capture(&org(), name, &record).await.unwrap();
    }
    claim(&store, "anna", "09:00:00").await;
    let mut asked = names.clone();
    asked.extend([message(), MessageId::new("unknown"), names[0].clone()]);
    let expected: Vec<Capture> = names
        .iter()
        .map(|name| Capture { message: name.clone(), record: RemoteId::new(format!("record of {name}")) })
        .collect();
    assert_eq!(store.captures(&org(), &asked).await.unwrap(), expected);
    assert_eq!(store.captures(&org(), &[]).await.unwrap(), []);
    drop(database);
}

fn stranger(name: &str) -> SyncKey {
    SyncKey::of_stranger(&org(), name)
}

fn waiting(record: &str, user: &str) -> WaitingMail {
    WaitingMail { record: RemoteId::new(record), role: Role::From, user: UserId::new(user) }
}

async fn wait(store: &DynamoStore, name: &str, mail: &WaitingMail) {
    store.await_stranger(&org(), DOMAIN, &stranger(name), &Sealed(vec![1, 2, 3]), mail).await.unwrap();
}

#[tokio::test]
async fn d31_what_waits_for_a_stranger_waits_once_until_it_is_linked() {
    let (store, _database) = servers::store().await;
    let (one, two) = (waiting("02s1", "anna"), waiting("02s2", "ben"));
    for mail in [&one, &two, &one] {
        wait(&store, "mia@fabrikam.example", mail).await;
    }
    wait(&store, "leo@fabrikam.example", &one).await;
    let rows = store.strangers(&org(), DOMAIN).await.unwrap();
    assert_eq!(rows.len(), 2);
    let mia = stranger("mia@fabrikam.example");
    let row = rows.iter().find(|row| row.key == mia).unwrap();
    assert_eq!(row.waiting, [one.clone(), two.clone()]);
    assert_eq!(row.state, StrangerState::Unknown);
    assert_eq!(row.correspondent, Sealed(vec![1, 2, 3]));

    let record = RemoteId::new("00Q1");
    let settle = |linked: Vec<WaitingMail>| {
        let (store, mia, record) = (store.clone(), mia.clone(), record.clone());
        async move {
            let org = org();
            store.settle_stranger(&org, DOMAIN, &mia, &record, &linked).await.unwrap();
            let rows = store.strangers(&org, DOMAIN).await.unwrap();
            rows.into_iter().find(|row| row.key == mia)
        }
    };
    let row = settle(vec![one.clone(), one.clone()]).await.unwrap();
    assert_eq!(row.state, StrangerState::Record(record.clone()));
    assert_eq!(row.waiting, std::slice::from_ref(&two));
    assert_eq!(settle(vec![]).await.unwrap().waiting, std::slice::from_ref(&two));
    assert_eq!(settle(vec![two]).await, None, "nothing waits any more");

    let three = waiting("02s3", "anna");
    wait(&store, "mia@fabrikam.example", &three).await;
    let rows = store.strangers(&org(), DOMAIN).await.unwrap();
    let row = rows.iter().find(|row| row.key == mia).unwrap();
    assert_eq!(row.waiting, [three]);
    assert_eq!(row.state, StrangerState::Record(record), "remembered");
}

#[tokio::test]
async fn strangers_of_another_domain_or_org_are_left_out() {
    let (store, _database) = servers::store().await;
    wait(&store, "mia@fabrikam.example", &waiting("02s1", "anna")).await;
    for (org, domain) in [(org(), "fabrikam"), (OrgId::new("other"), DOMAIN)] {
        assert_eq!(store.strangers(&org, domain).await.unwrap(), []);
    }
}

#[tokio::test]
async fn d31_one_creator_per_org_and_domain() {
    let (store, _database) = servers::store().await;
    let lock = |owner: &'static str, domain: &'static str, now: &str, until: &str| {
        let (store, now, until) = (store.clone(), at(now), at(until));
        async move { store.lock_domain(&org(), domain, owner, now, until).await.unwrap() }
    };
    let (one, two) = tokio::join!(lock("a", DOMAIN, "09:00:00", "09:01:00"), lock("b", DOMAIN, "09:00:00", "09:01:00"));
    assert!(one ^ two);
    assert!(lock("c", "litware.example", "09:00:00", "09:01:00").await);
    let (holder, other) = if one { ("a", "b") } else { ("b", "a") };
    store.unlock_domain(&org(), DOMAIN, other).await.unwrap();
    assert!(!lock(other, DOMAIN, "09:00:59", "09:02:00").await, "only its holder gives it back");
    store.unlock_domain(&org(), DOMAIN, holder).await.unwrap();
    assert!(lock(other, DOMAIN, "09:00:59", "09:02:00").await);
    assert!(lock(holder, DOMAIN, "09:02:00", "09:03:00").await, "ran out");
    for owner in ["a", "b", "a"] {
        store.unlock_domain(&org(), DOMAIN, owner).await.unwrap();
    }
}
