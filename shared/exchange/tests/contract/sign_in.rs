//! Signing in: as the user, as the application, and being refused.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use sim_exchange::{GrantHurdle, MailboxState};
use sim_kit::Reply;
use syncline_core::cursor::Position;
use syncline_core::ids::{RemoteId, SyncKey};
use syncline_core::observation::Observation;
use syncline_exchange::SignInAs;
use syncline_ports::{ErrorKind, Events, Mailbox, Mails, Outcome, PushRequest, PushResource};

use crate::bench::{ANNA, Turning, Vault, at, opened};
use crate::events::{create, event, update};
use crate::odd_answers::writes;
use crate::{scripted, window, world};

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_new_one_is_kept_first() {
    let world = scripted::world(|request| match request.bearer() {
        Some("token-1") => Reply::empty(401),
        _ => Reply::json(200, &json!({"value": []})),
    })
    .await;
    // No token is kept yet, so the first comes from the refresh token, too.
    assert_eq!(world.mailbox.find(&[]).await.unwrap(), []);
    let error = Mails::read(&world.mailbox, &RemoteId::new("m1")).await;
    assert!(error.is_ok(), "{error:?}");
    let kept: Vec<_> = world.vault.saves.lock().unwrap().iter().map(|grant| grant.access_token.clone()).collect();
    assert_eq!(kept, [Some("token-1".to_owned()), Some("token-2".to_owned())]);
    assert_eq!(world.vault.grant.lock().unwrap().refresh_token, "next");
    assert_eq!(world.seen.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_refusal_of_a_fresh_token_is_a_passing_fault() {
    let world = scripted::world(|_| Reply::empty(401)).await;
    let error = Mails::read(&world.mailbox, &RemoteId::new("m1")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient);
    assert_eq!(world.seen.lock().unwrap().len(), 2, "tried once more and not again");
}

#[tokio::test]
async fn a_token_that_could_not_be_kept_is_not_used() {
    let world = scripted::world(|_| Reply::json(200, &json!({}))).await;
    *world.vault.is_broken.lock().unwrap() = true;
    let error = Mails::read(&world.mailbox, &RemoteId::new("m1")).await.unwrap_err();
    assert_eq!((error.kind, error.op), (ErrorKind::Transient, "vault.save"));
    assert_eq!(world.seen.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn d32_a_refused_sign_in_is_not_tried_again_until_there_is_a_new_one() {
    let world = scripted::world(|_| Reply::json(200, &json!({"value": []}))).await;
    world.simulator.model().refuses_sign_in = true;
    for _ in 0..2 {
        let error = world.mailbox.write(&writes(1)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::AuthRevoked);
    }
    assert_eq!(world.simulator.model().tokens, 1);
    world.simulator.model().refuses_sign_in = false;
    world.vault.grant.lock().unwrap().refresh_token = "signed in again".to_owned();
    assert_eq!(world.mailbox.write(&writes(1)).await.unwrap(), [Outcome::Unknown]);
}

#[tokio::test]
async fn an_expired_token_is_renewed_and_kept() {
    let world = world().await;
    world.create("k", event()).await;
    let first = world.vault.grant.lock().unwrap().clone();
    world.tenant.model().expire_access_tokens();
    assert_eq!(world.round(Position::Start).await.0.len(), 1);
    let second = world.vault.grant.lock().unwrap().clone();
    assert_ne!(first.access_token, second.access_token);
    assert_eq!(world.vault.saves.lock().unwrap().len(), 2);
    // A token that is about to end is not even tried.
    world.tenant.clock().advance(Duration::from_secs(3_599));
    assert_eq!(world.round(Position::Start).await.0.len(), 1);
    assert_eq!(world.vault.saves.lock().unwrap().len(), 3);
    let refused = world.tenant.journal().entries().filter(|entry| entry.status == 401).count();
    assert_eq!(refused, 1);
}

#[tokio::test]
async fn d32_a_revoked_sign_in_says_so() {
    let world = world().await;
    world.tenant.model().revoke_refresh_token(ANNA);
    let error = Events::changes(&world.mailbox, &window(), &Position::Start).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::AuthRevoked, "invalid_grant"));
    assert_eq!(world.vault.saves.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn a_mailbox_that_may_not_be_used_is_forbidden() {
    let world = world().await;
    for state in [MailboxState::Forbidden, MailboxState::NotEnabled] {
        world.tenant.model().set_mailbox_state(ANNA, state).unwrap();
        let error = Events::changes(&world.mailbox, &window(), &Position::Start).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Forbidden, "{state:?}");
    }
}

#[tokio::test]
async fn a_good_token_that_is_refused_once_does_no_harm() {
    let world = world().await;
    world.mail_round("inbox", Position::Start).await;
    world.tenant.model().switches.spurious_unauthorized = 1;
    Events::changes(&world.mailbox, &window(), &Position::Start).await.unwrap();
    let refused = world.tenant.journal().entries().filter(|entry| entry.status == 401).count();
    assert_eq!(refused, 1);
}

#[tokio::test]
async fn d32_each_hurdle_of_the_users_is_theirs_to_take_and_our_own_is_not() {
    let world = world().await;
    for hurdle in [
        GrantHurdle::Expired,
        GrantHurdle::Idle,
        GrantHurdle::Revoked,
        GrantHurdle::ConsentMissing,
        GrantHurdle::SecondFactor,
    ] {
        world.tenant.model().hinder_grants(ANNA, Some(hurdle));
        // Opened anew, since what was refused once is not tried again.
        let error = Events::changes(&world.another(), &window(), &Position::Start).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::AuthRevoked, "{hurdle:?}");
    }
    world.tenant.model().hinder_grants(ANNA, None);
    world.tenant.model().expire_client_secret(true);
    let error = Events::changes(&world.another(), &window(), &Position::Start).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Rejected, "invalid_client"));
}

/// The same mailbox, opened by the application; its vault holds no refresh token.
fn by_the_application(world: &crate::World) -> (syncline_exchange::Exchange, Arc<Vault>) {
    let vault = Vault::with("");
    let clock = world.tenant.clock();
    (opened(&world.tenant.url(), vault.clone(), Turning::of(clock), SignInAs::Application), vault)
}

#[tokio::test]
async fn the_application_does_all_that_the_user_can_and_never_says_me() {
    let world = world().await;
    world.deliver(sim_exchange::WellKnown::Inbox, crate::mail::OFFER);
    let (mailbox, vault) = by_the_application(&world);
    let outcomes = mailbox.write(&[create("k", event())]).await.unwrap();
    let [Outcome::Done(made)] = &outcomes[..] else { panic!("{outcomes:?}") };
    let page = Events::changes(&mailbox, &window(), &Position::Start).await.unwrap();
    assert!(
        matches!(&page.items[..], [Observation::Present(seen)] if seen.id == made.id && seen.standing.is_organizer)
    );
    let changed = update(&made.id, &made.version, &[syncline_core::item::EventField::Subject], event());
    assert!(matches!(mailbox.write(&[changed]).await.unwrap()[..], [Outcome::Done(_)]));
    assert_eq!(mailbox.find(&[SyncKey::from_text("k")]).await.unwrap().len(), 1);
    let mails = Mails::changes(&mailbox, "inbox", at("2031-03-01T00:00:00Z"), &Position::Start).await.unwrap();
    assert_eq!(mails.items.len(), 1);
    assert!(matches!(
        mailbox.series(std::slice::from_ref(&made.id), &window()).await.unwrap()[..],
        [Observation::Gone { .. }]
    ));

    // Every path but the token's and the batch's names the user, inside batches too.
    let paths: Vec<String> = world.tenant.journal().entries().map(|entry| entry.path.clone()).collect();
    assert!(paths.iter().any(|path| path.starts_with(&format!("/v1.0/users/{ANNA}/"))), "{paths:?}");
    assert!(paths.iter().all(|path| !path.contains("/me/")), "{paths:?}");

    let kept = vault.grant.lock().unwrap().clone();
    assert!(kept.access_token.is_some() && kept.refresh_token.is_empty());
    world.tenant.model().expire_access_tokens();
    Events::changes(&mailbox, &window(), &Position::Start).await.unwrap();
    assert_ne!(vault.grant.lock().unwrap().access_token, kept.access_token, "a new one, by its own credentials");
}

#[tokio::test]
async fn the_application_subscribes_to_the_users_resource() {
    let world = scripted::opened(SignInAs::Application, |request| {
        let asked = request.json().unwrap();
        assert_eq!(asked["resource"], format!("users/{ANNA}/messages"));
        Reply::json(201, &json!({"id": "s1", "expirationDateTime": "2031-03-05T09:00:00Z"}))
    })
    .await;
    let request = PushRequest {
        resource: PushResource::Mail,
        collection: None,
        notification_url: "https://hooks.example/graph".into(),
        lifecycle_url: "https://hooks.example/lifecycle".into(),
        secret: "s3cret".into(),
        until: at("2031-03-05T09:00:00Z"),
    };
    world.mailbox.push().unwrap().subscribe(&request).await.unwrap();
}

#[tokio::test]
async fn an_application_that_is_refused_says_whose_fault_it_is() {
    let world = world().await;
    let (mailbox, _) = by_the_application(&world);
    world.tenant.model().expire_client_secret(true);
    let error = Events::changes(&mailbox, &window(), &Position::Start).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Rejected, "invalid_client"));
    world.tenant.model().expire_client_secret(false);
    world.tenant.model().set_mailbox_state(ANNA, MailboxState::NotEnabled).unwrap();
    let error = Mails::read(&mailbox, &RemoteId::new("m")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden);
}

/// A vault in which nobody ever signed in.
struct Empty;

#[async_trait::async_trait]
impl syncline_ports::GrantVault for Empty {
    async fn load(&self) -> Result<syncline_ports::Grant, syncline_ports::PortError> {
        Err(syncline_ports::PortError::new(ErrorKind::AuthRevoked, "grant.load"))
    }

    async fn save(&self, _: &syncline_ports::Grant) -> Result<(), syncline_ports::PortError> {
        Ok(())
    }
}

#[tokio::test]
async fn the_application_needs_nobody_to_have_signed_in_and_the_user_does() {
    let world = world().await;
    for (sign_in, expected) in [(SignInAs::Application, None), (SignInAs::User, Some(ErrorKind::AuthRevoked))] {
        let clock = world.tenant.clock();
        let mailbox = opened(&world.tenant.url(), Arc::new(Empty), Turning::of(clock), sign_in);
        let page = Events::changes(&mailbox, &window(), &Position::Start).await;
        assert_eq!(page.err().map(|error| error.kind), expected, "{sign_in:?}");
    }
}
