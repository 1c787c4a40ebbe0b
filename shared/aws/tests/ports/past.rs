use syncline_core::history::{Entry, Value};
use syncline_core::ids::{SessionId, SyncKey};
use syncline_core::item::{EventField, Kind};
use syncline_core::job::{Stream, Trigger};
use syncline_core::reason::Reason;
use syncline_core::report::{Effect, SessionReport};
use syncline_ports::{Sealed, SessionRow, StateStore};

use super::{anna, at, servers};

fn report(n: u32) -> SessionReport {
    let started = at(&format!("09:{n:02}:00"));
    let id = SessionId::new(format!("s{n}"));
    SessionReport::begin(id, anna(), Stream::Mirror, Trigger::Timer, started)
}

#[tokio::test]
async fn the_last_sessions_come_newest_first() {
    let (store, database) = servers::store().await;
    assert_eq!(store.sessions(&anna(), 10).await.unwrap(), []);
    for n in [1, 3, 2] {
        let row = SessionRow { report: report(n) };
        store.put_session(&row).await.unwrap();
        store.put_session(&row).await.unwrap();
    }
    assert_eq!(store.sessions(&anna(), 2).await.unwrap(), [report(3), report(2)]);
    assert_eq!(store.sessions(&anna(), 10).await.unwrap().len(), 3);

    let mut old = report(4);
    old.ended = "2020-01-01T00:00:00Z".parse().unwrap();
    store.put_session(&SessionRow { report: old }).await.unwrap();
    assert_eq!(database.sweep_ttl().unwrap(), 1);
    assert_eq!(store.sessions(&anna(), 10).await.unwrap().len(), 3);
}

fn entry(item: &str, second: u32, effect: Effect) -> Entry {
    Entry {
        at: at(&format!("09:00:{second:02}")),
        session: SessionId::new("s1"),
        item: SyncKey::from_text(item),
        kind: Kind::Event,
        effect,
        reason: Reason::EditedInMailbox,
        fields: vec![EventField::Subject],
        before: Vec::new(),
        losses: Vec::new(),
    }
}

#[tokio::test]
async fn x49_an_items_history_is_kept_in_order_and_apart_from_others() {
    let (store, _database) = servers::store().await;
    let sealed = Some(Sealed(vec![9, 9]));
    let first = entry("k1", 1, Effect::CreatedInCrm);
    let second = entry("k1", 2, Effect::UpdatedInCrm);
    let third = entry("k1", 2, Effect::UpdatedInMailbox);
    let other = entry("k10", 1, Effect::Linked);
    let batch = [
        (second.clone(), None),
        (third.clone(), sealed.clone()),
        (other.clone(), None),
        (first.clone(), sealed.clone()),
    ];
    store.put_history(&anna(), &batch).await.unwrap();
    store.put_history(&anna(), &batch).await.unwrap();
    let item = SyncKey::from_text("k1");
    assert_eq!(
        store.history(&anna(), &item).await.unwrap(),
        [(first, sealed.clone()), (second.clone(), None), (third, sealed)],
        "twice is once"
    );
    // The same place in another call at the same instant.
    let another = entry("k1", 2, Effect::Unlinked);
    store.put_history(&anna(), &[(another, None)]).await.unwrap();
    assert_eq!(store.history(&anna(), &item).await.unwrap().len(), 4);
    store.put_history(&anna(), &[]).await.unwrap();
}

#[tokio::test]
async fn earlier_values_are_never_kept_in_the_clear() {
    let (store, _database) = servers::store().await;
    let mut told = entry("k1", 1, Effect::UpdatedInCrm);
    told.before = vec![Value { field: EventField::Subject, text: "Merger with Fabrikam".into() }];
    store.put_history(&anna(), &[(told.clone(), None)]).await.unwrap();
    let kept = store.history(&anna(), &told.item).await.unwrap();
    assert_eq!(kept[0].0.before, []);
}

#[tokio::test]
async fn a_history_longer_than_a_page_comes_whole() {
    let (store, _database) = servers::store().await;
    // 60 rows of 30 KB: more than one batch of writes, more than one page of 1 MB.
    let entries: Vec<_> = (0..60)
        .map(|second| {
            let entry = entry("k1", second % 60, Effect::UpdatedInCrm);
            (entry, Some(Sealed(vec![0; 30_000])))
        })
        .collect();
    store.put_history(&anna(), &entries).await.unwrap();
    let item = SyncKey::from_text("k1");
    assert_eq!(store.history(&anna(), &item).await.unwrap(), entries);
}
