//! The house over stand-ins of DynamoDB and SQS: its vaults and its connector.

use std::sync::Arc;

use syncline_core::ids::UserId;
use syncline_core::item::Side;
use syncline_core::org::Provider;
use syncline_exchange::Settings;
use syncline_ports::{ErrorKind, Grant, GrantVault, PortError, StateStore};
use syncline_runtime::House;
use syncline_runtime::standin::LocalAws;
use syncline_runtime::vault::StateVault;

fn grant(token: &str) -> Grant {
    Grant { refresh_token: token.to_owned(), access_token: None, expires: None, instance_url: None }
}

fn vault(house: &House, user: &UserId, side: Side) -> StateVault {
    let (store, secrets) = (Arc::clone(&house.ports.store), Arc::clone(&house.ports.secrets));
    StateVault::new(store, secrets, user.clone(), side)
}

fn kind<T>(result: Result<T, PortError>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind)
}

#[tokio::test]
async fn a_grant_is_kept_sealed_and_for_its_own_row_only() {
    let aws = LocalAws::start().await;
    let house = House::build(aws.config()).await.unwrap();
    let (anna, ben) = (aws.seed().await, UserId::new("ben"));
    let annas = vault(&house, &anna, Side::Mailbox);
    assert_eq!(kind(annas.load().await), Some(ErrorKind::AuthRevoked), "nobody signed in yet");

    annas.save(&grant("first")).await.unwrap();
    annas.save(&grant("second")).await.unwrap();
    assert!(annas.load().await.unwrap() == grant("second"));
    let row = aws.store().connection(&anna, Side::Mailbox).await.unwrap().unwrap();
    let plain = b"second";
    assert!(!row.grant.0.windows(plain.len()).any(|window| window == plain), "not sealed");

    for (user, side) in [(&anna, Side::Crm), (&ben, Side::Mailbox)] {
        aws.store().put_connection(user, side, &row).await.unwrap();
        let moved = vault(&house, user, side).load().await;
        assert_eq!(kind(moved), Some(ErrorKind::Rejected), "opened in the row of {user}");
    }
}

#[tokio::test]
async fn an_opened_vault_sees_what_was_saved_after_it_was_opened() {
    let aws = LocalAws::start().await;
    let house = House::build(aws.config()).await.unwrap();
    let anna = aws.seed().await;
    let ports = &house.ports;
    let open = async || {
        let (store, secrets) = (Arc::clone(&ports.store), Arc::clone(&ports.secrets));
        StateVault::open(store, secrets, anna.clone(), Side::Crm).await
    };
    assert_eq!(kind(open().await), Some(ErrorKind::AuthRevoked));
    vault(&house, &anna, Side::Crm).save(&grant("first")).await.unwrap();

    let opened = open().await.unwrap();
    opened.save(&grant("second")).await.unwrap();
    assert!(opened.load().await.unwrap() == grant("second"));
    vault(&house, &anna, Side::Crm).save(&grant("third")).await.unwrap();
    assert!(opened.load().await.unwrap() == grant("third"));
}

#[tokio::test]
async fn sides_open_for_those_who_signed_in_and_where_there_is_an_application() {
    let aws = LocalAws::start().await;
    let mut config = aws.config();
    config.vendors.graph = Some(Settings::new("app", "hush"));
    let house = House::build(config).await.unwrap();
    let anna = aws.seed().await;
    let mut user = aws.store().user(&anna).await.unwrap().unwrap();
    let connector = &house.ports.connector;
    assert_eq!(kind(connector.mailbox(&user).await), Some(ErrorKind::AuthRevoked));
    vault(&house, &anna, Side::Mailbox).save(&grant("token")).await.unwrap();
    assert!(connector.mailbox(&user).await.is_ok());
    assert_eq!(kind(connector.crm(&user).await), Some(ErrorKind::Rejected), "no application");
    user.provider = Provider::Gmail;
    assert_eq!(kind(connector.mailbox(&user).await), Some(ErrorKind::Rejected), "no application");
}
