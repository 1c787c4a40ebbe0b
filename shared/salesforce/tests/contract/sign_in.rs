//! Tokens.

use reqwest::Method;
use sim_kit::{Fault, FaultRule};
use syncline_core::cursor::Position;
use syncline_ports::ErrorKind;

use super::*;

const TOKEN_PATH: &str = "/services/oauth2/token";

/// Some request; whether it went well.
async fn ask(world: &World) -> Result<(), ErrorKind> {
    world.events().changes(&window(), &Position::Start).await.map(|_| ()).map_err(|error| error.kind)
}

/// Anna's last access token works no more, and there was none before.
fn expire(world: &World) {
    world.vault.0.lock().unwrap().0.access_token = Some("expired".into());
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_and_kept() {
    let world = world().await;
    expire(&world);
    assert_eq!(ask(&world).await, Ok(()));
    assert_eq!((world.requests(TOKEN_PATH), world.vault.saves()), (1, 1));
    assert_ne!(world.vault.grant().access_token.as_deref(), Some("expired"));
    world.later(3 * 3600);
    assert_eq!(ask(&world).await, Ok(()), "the session timed out, and is renewed again");
    assert_eq!((world.requests(TOKEN_PATH), world.vault.saves()), (2, 2));
}

#[tokio::test]
async fn a_grant_without_access_token_or_instance_is_completed() {
    let world = world().await;
    {
        let mut kept = world.vault.0.lock().unwrap();
        (kept.0.access_token, kept.0.instance_url) = (None, None);
    }
    assert_eq!(ask(&world).await, Ok(()));
    let grant = world.vault.grant();
    assert_eq!(grant.instance_url.as_deref().map(|url| url.trim_end_matches('/')), Some(world.org.url().as_str()));
}

#[tokio::test]
async fn a_rotated_refresh_token_is_kept_before_it_is_used() {
    let world = world().await;
    world.org.model().knobs.rotate_refresh_tokens = true;
    expire(&world);
    // The request after the refresh fails; the new refresh token must be safe by then.
    world.org.faults().add(FaultRule::on(Method::GET, "/sobjects/Event/describe", Fault::FailBefore(503)).nth(2));
    assert_eq!(ask(&world).await, Err(ErrorKind::Transient));
    assert_ne!(world.vault.grant().refresh_token, format!("refresh-{ANNA}"));
    world.org.model().expire_sessions();
    world.later(120);
    assert_eq!(ask(&world).await, Ok(()));
}

#[tokio::test]
async fn d32_a_revoked_grant_is_tried_once() {
    let world = world().await;
    expire(&world);
    world.org.model().revoke_refresh_token(ANNA);
    assert_eq!(ask(&world).await, Err(ErrorKind::AuthRevoked));
    assert_eq!((world.requests(TOKEN_PATH), world.vault.saves()), (1, 0));
}

#[tokio::test]
async fn a_new_token_that_is_refused_is_their_trouble() {
    let world = world().await;
    world.org.faults().add(FaultRule::on(Method::GET, "/services/data", Fault::FailBefore(401)).times(3));
    assert_eq!(ask(&world).await, Err(ErrorKind::Transient));
    assert_eq!(world.requests(TOKEN_PATH), 1);
    assert_eq!(ask(&world).await, Err(ErrorKind::Transient), "no storm of refreshes");
    assert_eq!(world.requests(TOKEN_PATH), 1);
    assert_eq!(ask(&world).await, Ok(()));
}

#[tokio::test]
async fn a_token_that_another_worker_got_is_used() {
    let world = world().await;
    assert_eq!(ask(&world).await, Ok(()));
    world.vault.0.lock().unwrap().0.access_token = Some("test-token".into());
    world.org.faults().add(FaultRule::on(Method::GET, "/services/data", Fault::FailBefore(401)));
    assert_eq!(ask(&world).await, Ok(()));
    assert_eq!(world.requests(TOKEN_PATH), 0);
}

#[tokio::test]
async fn a_token_endpoint_out_of_order_is_for_later() {
    let world = world().await;
    expire(&world);
    world.org.faults().add(FaultRule::on(Method::POST, TOKEN_PATH, Fault::FailBefore(503)));
    assert_eq!(ask(&world).await, Err(ErrorKind::Transient));
    assert_eq!(ask(&world).await, Ok(()));
}
