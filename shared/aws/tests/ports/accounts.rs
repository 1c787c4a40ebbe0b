use syncline_core::fingerprint::FingerprintKey;
use syncline_core::ids::{OrgId, RemoteId, SubscriptionId, UserId};
use syncline_core::item::Side;
use syncline_core::org::{ConnectionState, Org, Provider, User};
use syncline_core::policy::Policy;
use syncline_ports::{ConnectionRow, ErrorKind, PushResource, Sealed, StateStore, SubscriptionRow};

use super::{anna, at, org, servers};

pub(crate) fn user(id: &str) -> User {
    User {
        id: UserId::new(id),
        org: org(),
        address: format!("{id}@northwind.example"),
        provider: Provider::Exchange,
        crm_user: RemoteId::new("005"),
        enabled: true,
        mailbox: ConnectionState::Connected,
        crm: ConnectionState::Connected,
        activated: at("08:00:00"),
        next_due: Some(at("09:00:00.123456789")),
    }
}

#[tokio::test]
async fn orgs_are_listed_and_replaced() {
    let (store, _database) = servers::store().await;
    assert_eq!(store.orgs().await.unwrap(), []);
    assert_eq!(store.org(&org()).await.unwrap(), None);
    let mut rows: Vec<Org> = (0..120)
        .map(|n| Org {
            id: OrgId::new(format!("org-{n:03}")),
            name: "Northwind".into(),
            domains: vec!["northwind.example".into()],
            fingerprint_key: FingerprintKey([7; 16]),
            policy: Policy::default(),
        })
        .collect();
    for row in &rows {
        store.put_org(row).await.unwrap();
    }
    rows[0].name = "Renamed".into();
    store.put_org(&rows[0]).await.unwrap();
    assert_eq!(store.orgs().await.unwrap(), rows, "more than one batch");
    assert_eq!(store.org(&rows[0].id).await.unwrap().as_ref(), rows.first());
}

#[tokio::test]
async fn users_belong_to_one_org_and_are_listed_by_address() {
    let (store, _database) = servers::store().await;
    let (mut ben, anna) = (user("ben"), user("anna"));
    store.put_user(&ben).await.unwrap();
    store.put_user(&anna).await.unwrap();
    assert_eq!(store.users(&org()).await.unwrap(), [anna.clone(), ben.clone()]);
    assert_eq!(store.user(&ben.id).await.unwrap(), Some(ben.clone()));
    assert_eq!(store.user(&UserId::new("nobody")).await.unwrap(), None);

    ben.org = OrgId::new("other");
    store.put_user(&ben).await.unwrap();
    assert_eq!(store.users(&org()).await.unwrap(), [anna]);
    assert_eq!(store.users(&ben.org).await.unwrap(), [ben]);
}

#[tokio::test]
async fn z02_the_two_sign_ins_have_their_own_states() {
    let (store, _database) = servers::store().await;
    let mut expected = user("anna");
    store.put_user(&expected).await.unwrap();
    store.set_connection_state(&anna(), Side::Crm, ConnectionState::Blocked).await.unwrap();
    expected.crm = ConnectionState::Blocked;
    assert_eq!(store.user(&anna()).await.unwrap(), Some(expected.clone()));
    store.set_connection_state(&anna(), Side::Mailbox, ConnectionState::Missing).await.unwrap();
    expected.mailbox = ConnectionState::Missing;
    assert_eq!(store.user(&anna()).await.unwrap(), Some(expected));

    let nobody = UserId::new("nobody");
    let error = store.set_connection_state(&nobody, Side::Crm, ConnectionState::Blocked).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Gone);
    assert_eq!(store.user(&nobody).await.unwrap(), None);
}

#[tokio::test]
async fn grants_are_kept_per_side() {
    let (store, _database) = servers::store().await;
    let row = ConnectionRow { grant: Sealed(vec![0, 1, 255]) };
    store.put_connection(&anna(), Side::Crm, &row).await.unwrap();
    assert_eq!(store.connection(&anna(), Side::Crm).await.unwrap(), Some(row));
    assert_eq!(store.connection(&anna(), Side::Mailbox).await.unwrap(), None);
}

#[tokio::test]
async fn a_subscription_is_found_by_its_id_and_by_its_user() {
    let (store, _database) = servers::store().await;
    let row = |id: &str| SubscriptionRow {
        id: SubscriptionId::new(id),
        user: anna(),
        resource: PushResource::Events,
        secret_hash: "00".into(),
        expires: at("12:00:00"),
    };
    let (mut one, two) = (row("s1"), row("s2"));
    store.put_subscription(&one).await.unwrap();
    store.put_subscription(&two).await.unwrap();
    one.expires = at("13:00:00");
    store.put_subscription(&one).await.unwrap();
    assert_eq!(store.subscription(&one.id).await.unwrap(), Some(one.clone()));
    assert_eq!(store.subscriptions(&anna()).await.unwrap(), [one.clone(), two.clone()]);
    store.remove_subscription(&one).await.unwrap();
    store.remove_subscription(&one).await.unwrap();
    assert_eq!(store.subscription(&one.id).await.unwrap(), None);
    assert_eq!(store.subscriptions(&anna()).await.unwrap(), [two]);
    let invented = SubscriptionId::new("x".repeat(9_000));
    assert_eq!(store.subscription(&invented).await.unwrap(), None);
}
