//! Positions that the remote forgot, and pages.

use syncline_core::cursor::{Next, Position};
use syncline_ports::{ErrorKind, Events, Mails};

use crate::bench::at;
use crate::events::{create, creates, event};
use crate::{NOW, window, world};

#[tokio::test]
async fn a_forgotten_position_says_so() {
    let world = world().await;
    let writes: Vec<_> = (0..101).map(|n| create(&n.to_string(), event())).collect();
    world.mailbox.write(&writes).await.unwrap();
    let Next::Page(page) = Events::changes(&world.mailbox, &window(), &Position::Start).await.unwrap().next else {
        panic!()
    };
    let (_, delta) = world.round(Position::Start).await;
    let (_, mail) = world.mail_round("inbox", Position::Start).await;
    world.tenant.model().expire_delta_tokens();
    for position in [Position::Page(page), delta] {
        let error = Events::changes(&world.mailbox, &window(), &position).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::CursorExpired, "{position:?}");
    }
    let error = Mails::changes(&world.mailbox, "inbox", at(NOW), &mail).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::CursorExpired);
    assert_eq!(world.round(Position::Start).await.0.len(), 101);
}

#[tokio::test]
async fn pages_may_be_empty_short_or_told_again() {
    let world = world().await;
    world.mailbox.write(&creates(7)).await.unwrap();
    {
        let switches = &mut world.tenant.model().switches;
        switches.empty_pages = 2;
        switches.page_limit = Some(3);
        switches.delta_replay = true;
    }
    let first = Events::changes(&world.mailbox, &window(), &Position::Start).await.unwrap();
    assert_eq!((first.items.len(), matches!(first.next, Next::Page(_))), (0, true), "an empty page is no end");
    let ids = |items: &[syncline_core::observation::Observation]| {
        items.iter().map(|item| item.id().clone()).collect::<std::collections::BTreeSet<_>>()
    };
    let (items, position) = world.round(Position::Start).await;
    assert_eq!(ids(&items).len(), 7);
    let made = world.create("new", event()).await;
    let (items, _) = world.round(position.clone()).await;
    assert!(ids(&items).contains(&made.id), "with what was told before");
    // The position is still good: nothing was taken off by looking.
    assert_eq!(ids(&world.round(position).await.0), ids(&items));
}
