//! Answers that never came: a write that may have happened is looked for before it is tried again.

use http::Method;
use sim_kit::{Fault, FaultRule};
use syncline_core::cursor::Position;
use syncline_core::ids::{RemoteId, SyncKey};
use syncline_core::item::EventField;
use syncline_ports::{ErrorKind, Events, Mails, Outcome};

use crate::events::{create, delete, event, update};
use crate::{window, world};

#[tokio::test]
async fn a_lost_answer_to_a_create_is_unknown_and_looking_finds_one() {
    let world = world().await;
    let key = SyncKey::from_text("k");
    world.tenant.faults().add(FaultRule::on(Method::POST, "batch", Fault::FailAfter(504)));
    assert_eq!(world.mailbox.write(&[create("k", event())]).await.unwrap(), [Outcome::Unknown]);
    let found = world.mailbox.find(std::slice::from_ref(&key)).await.unwrap();
    assert_eq!(found.len(), 1);
    let again = world.create("k", event()).await;
    assert_eq!(again.id, found[0].id);
    assert_eq!(world.mailbox.find(&[key]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_connection_that_breaks_before_or_after_the_write_leaves_it_unknown() {
    for (fault, made) in [(Fault::Drop, 0), (Fault::DropAfter, 1)] {
        let world = world().await;
        // A token is at hand, so that it is the write that is struck.
        world.mail_round("inbox", Position::Start).await;
        world.tenant.faults().add(FaultRule::on(Method::POST, "batch", fault.clone()));
        assert_eq!(world.mailbox.write(&[create("k", event())]).await.unwrap(), [Outcome::Unknown], "{fault:?}");
        let found = world.mailbox.find(&[SyncKey::from_text("k")]).await.unwrap();
        assert_eq!(found.len(), made, "{fault:?}");
        world.create("k", event()).await;
        assert_eq!(world.mailbox.find(&[SyncKey::from_text("k")]).await.unwrap().len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_part_whose_answer_was_lost_is_unknown_by_itself() {
    let world = world().await;
    world.tenant.model().switches.lost_posts = 1;
    let outcomes = world.mailbox.write(&[create("1", event()), create("2", event())]).await.unwrap();
    assert!(matches!(&outcomes[..], [Outcome::Unknown, Outcome::Done(_)]), "{outcomes:?}");
    let keys = ["1", "2"].map(SyncKey::from_text);
    assert_eq!(world.mailbox.find(&keys).await.unwrap().len(), 2, "it was carried out");
}

#[tokio::test]
async fn a_change_or_delete_whose_answer_was_lost_is_told_by_its_version() {
    let world = world().await;
    let made = world.create("k", event()).await;
    let lose = || world.tenant.faults().add(FaultRule::on(Method::POST, "batch", Fault::DropAfter));
    lose();
    let change = update(&made.id, &made.version, &[EventField::Subject], event());
    assert_eq!(world.mailbox.write(std::slice::from_ref(&change)).await.unwrap(), [Outcome::Unknown]);
    assert_eq!(world.mailbox.write(&[change]).await.unwrap(), [Outcome::Stale], "it has another version now");
    let seen = world.read(&made.id).await.unwrap();
    let remove = delete(&syncline_ports::Written { id: seen.id, version: seen.version, losses: vec![] });
    lose();
    assert_eq!(world.mailbox.write(std::slice::from_ref(&remove)).await.unwrap(), [Outcome::Unknown]);
    assert_eq!(world.mailbox.write(&[remove]).await.unwrap(), [Outcome::Gone], "as good as done");
}

#[tokio::test]
async fn a_read_without_an_answer_is_a_passing_fault() {
    let world = world().await;
    world.mail_round("inbox", Position::Start).await;
    for fault in [Fault::Drop, Fault::DropAfter, Fault::FailAfter(504), Fault::FailBefore(503)] {
        let strike = || world.tenant.faults().add(FaultRule::on_request(1, fault.clone()));
        strike();
        let error = Events::changes(&world.mailbox, &window(), &Position::Start).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Transient, "{fault:?}");
        strike();
        let error = Events::read(&world.mailbox, &[RemoteId::new("e")]).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Transient, "{fault:?}");
        strike();
        let error = Mails::read(&world.mailbox, &RemoteId::new("m")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Transient, "{fault:?}");
    }
}
