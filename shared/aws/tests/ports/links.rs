use syncline_aws::DynamoStore;
use syncline_core::cursor::{Cursor, Position};
use syncline_core::fingerprint::{FingerprintKey, Fingerprints};
use syncline_core::ids::{RemoteId, SyncKey, Version};
use syncline_core::item::{Event, Kind, Sensitivity, ShowAs, Side};
use syncline_core::job::Stream;
use syncline_core::link::{Anchor, Link, LinkState, Part};
use syncline_core::reason::Reason;
use syncline_core::time::EventTime;
use syncline_ports::{CursorKey, ErrorKind, Intent, Lease, ParkedRow, PortError, StateStore};

use super::{anna, at, lease, servers};

fn anchor(id: &str) -> Anchor {
    Anchor { id: RemoteId::new(id), version: Version::new("v1") }
}

fn link(key: &str, mailbox: Option<&str>, crm: Option<&str>) -> Link {
    let event = Event {
        subject: "Review".into(),
        body: String::new(),
        location: String::new(),
        time: EventTime::Timed { start: at("09:00:00"), end: at("10:00:00") },
        show_as: ShowAs::Busy,
        sensitivity: Sensitivity::Normal,
        reminder_minutes: None,
    };
    Link {
        key: SyncKey::from_text(key),
        kind: Kind::Event,
        mailbox: mailbox.map(anchor),
        crm: crm.map(anchor),
        base: Fingerprints::of(&event, FingerprintKey([7; 16])),
        part: Part::Alone,
        state: LinkState::Linked,
    }
}

async fn found(store: &DynamoStore, mailbox: &[&str], crm: &[&str]) -> Vec<Link> {
    let ids = |ids: &[&str]| ids.iter().map(|id| RemoteId::new(*id)).collect::<Vec<_>>();
    store.links(&anna(), Kind::Event, &ids(mailbox), &ids(crm)).await.unwrap()
}

fn key(collection: &str) -> CursorKey {
    CursorKey { stream: Stream::Mirror, side: Side::Mailbox, collection: collection.into() }
}

#[tokio::test]
async fn a_link_is_found_from_either_side() {
    let (store, _database) = servers::store().await;
    let lease = lease(&store, "09:00:00", "10:00:00").await;
    let one = link("k1", Some("m1"), Some("c1"));
    let two = link("k2", Some("m2"), None);
    store.save_link(&lease, None, &one).await.unwrap();
    store.save_link(&lease, None, &two).await.unwrap();
    assert_eq!(found(&store, &["m1"], &[]).await, std::slice::from_ref(&one));
    assert_eq!(found(&store, &[], &["c1"]).await, std::slice::from_ref(&one));
    assert_eq!(
        found(&store, &["m1", "m2", "m1", "m9"], &["c1"]).await,
        [one.clone(), two.clone()],
        "each link once, however often it is asked for"
    );
    assert_eq!(found(&store, &["c1"], &["m1"]).await, []);
    assert_eq!(found(&store, &[], &[]).await, []);
    let mail = store.links(&anna(), Kind::Mail, &[RemoteId::new("m1")], &[]).await;
    assert_eq!(mail.unwrap(), []);
    assert_eq!(store.all_links(&anna(), Kind::Event).await.unwrap(), [one, two]);
    assert_eq!(store.count_links(&anna(), Kind::Event).await.unwrap(), 2);
    assert_eq!(store.count_links(&anna(), Kind::Mail).await.unwrap(), 0);
}

#[tokio::test]
async fn aliases_follow_the_link() {
    let (store, database) = servers::store().await;
    let lease = lease(&store, "09:00:00", "10:00:00").await;
    let first = link("k1", Some("m1"), Some("c1"));
    let moved = link("k1", Some("m2"), Some("c1"));
    let mut closed = link("k1", None, None);
    closed.state = LinkState::Closed { since: at("09:00:00") };
    store.save_link(&lease, None, &first).await.unwrap();
    store.save_link(&lease, Some(&first), &moved).await.unwrap();
    assert_eq!(found(&store, &["m1"], &[]).await, []);
    assert_eq!(found(&store, &["m2"], &[]).await, std::slice::from_ref(&moved));
    assert_eq!(found(&store, &[], &["c1"]).await, std::slice::from_ref(&moved));

    store.save_link(&lease, Some(&moved), &closed).await.unwrap();
    assert_eq!(found(&store, &["m2"], &["c1"]).await, []);
    assert_eq!(store.all_links(&anna(), Kind::Event).await.unwrap(), std::slice::from_ref(&closed));
    // 2031 lies ahead: the row stays until its time has come.
    assert_eq!(database.sweep_ttl().unwrap(), 0);
    let mut long_ago = closed.clone();
    long_ago.state = LinkState::Closed { since: "2020-01-01T00:00:00Z".parse().unwrap() };
    store.save_link(&lease, Some(&closed), &long_ago).await.unwrap();
    assert_eq!(database.sweep_ttl().unwrap(), 1);
    assert_eq!(store.all_links(&anna(), Kind::Event).await.unwrap(), []);
}

#[tokio::test]
async fn a_link_under_a_new_key_leaves_nothing_behind() {
    let (store, _database) = servers::store().await;
    let lease = lease(&store, "09:00:00", "10:00:00").await;
    let old = link("k1", Some("m1"), Some("c1"));
    let new = link("k2", Some("m1"), Some("c2"));
    store.save_link(&lease, None, &old).await.unwrap();
    store.save_link(&lease, Some(&old), &new).await.unwrap();
    assert_eq!(found(&store, &["m1"], &["c1"]).await, std::slice::from_ref(&new));
    assert_eq!(store.all_links(&anna(), Kind::Event).await.unwrap(), [new]);
}

#[tokio::test]
async fn more_links_than_one_batch_takes() {
    let (store, _database) = servers::store().await;
    let lease = lease(&store, "09:00:00", "10:00:00").await;
    let names: Vec<_> = (0..130).map(|n| (format!("m{n}"), format!("c{n}"))).collect();
    for (n, (mailbox, crm)) in names.iter().enumerate() {
        let link = link(&format!("k{n:03}"), Some(mailbox), Some(crm));
        store.save_link(&lease, None, &link).await.unwrap();
    }
    let mailbox: Vec<&str> = names.iter().map(|(id, _)| id.as_str()).collect();
    let crm: Vec<&str> = names.iter().map(|(_, id)| id.as_str()).collect();
    assert_eq!(found(&store, &mailbox, &crm).await.len(), 130);
    assert_eq!(store.count_links(&anna(), Kind::Event).await.unwrap(), 130);
}

#[tokio::test]
async fn an_intent_stands_until_its_link_is_saved_or_it_is_forgotten() {
    let (store, _database) = servers::store().await;
    let lease = lease(&store, "09:00:00", "10:00:00").await;
    let creating = |key: &str| {
        let mut link = link(key, Some(&format!("m-{key}")), None);
        link.state = LinkState::Creating { on: Side::Crm };
        link
    };
    // More than one transaction takes, and one of them twice.
    let mut links: Vec<Link> = (0..110).map(|n| creating(&format!("k{n:03}"))).collect();
    links.push(creating("k000"));
    store.intend(&lease, &links).await.unwrap();
    links.pop();
    let standing = store.intents(&anna(), Kind::Event).await.unwrap();
    let expected: Vec<Intent> = links.into_iter().map(|link| Intent { link }).collect();
    assert_eq!(standing, expected);
    assert_eq!(found(&store, &["m-k000"], &[]).await, [], "an intent is no link");

    let mut made = creating("k000");
    made.state = LinkState::Linked;
    made.crm = Some(anchor("c0"));
    store.save_link(&lease, None, &made).await.unwrap();
    let key = SyncKey::from_text("k001");
    for _ in 0..2 {
        store.forget_intent(&lease, Kind::Event, &key).await.unwrap();
    }
    let standing = store.intents(&anna(), Kind::Event).await.unwrap();
    assert_eq!(standing, expected[2..]);
    assert_eq!(store.intents(&anna(), Kind::Mail).await.unwrap(), []);
}

#[tokio::test]
async fn a_cursor_is_kept_per_stream_side_and_collection() {
    let (store, _database) = servers::store().await;
    let lease = lease(&store, "09:00:00", "10:00:00").await;
    let cursor = Cursor { position: Position::Delta("token".into()), ..Cursor::fresh(None) };
    let long = key(&"folder/".repeat(300));
    for key in [key("events"), long] {
        assert_eq!(store.cursor(&anna(), &key).await.unwrap(), None);
        store.put_cursor(&lease, &key, &cursor).await.unwrap();
        assert_eq!(store.cursor(&anna(), &key).await.unwrap(), Some(cursor.clone()));
    }
    let other = CursorKey { side: Side::Crm, ..key("events") };
    assert_eq!(store.cursor(&anna(), &other).await.unwrap(), None);
}

#[tokio::test]
async fn every_write_under_a_lost_lease_is_refused_whole() {
    async fn attempts(store: &DynamoStore, lease: &Lease) -> Vec<Result<(), PortError>> {
        let link = link("late", Some("m-late"), Some("c-late"));
        let early = SyncKey::from_text("early");
        vec![
            store.put_cursor(lease, &key("events"), &Cursor::fresh(None)).await,
            store.intend(lease, std::slice::from_ref(&link)).await,
            store.forget_intent(lease, Kind::Event, &early).await,
            store.save_link(lease, None, &link).await,
        ]
    }

    let (store, _database) = servers::store().await;
    let old = lease(&store, "09:00:00", "09:05:00").await;
    store.intend(&old, &[link("early", Some("m"), None)]).await.unwrap();
    let new = lease(&store, "09:05:00", "09:10:00").await;
    let ops = ["put_cursor", "intend", "forget_intent", "save_link"];
    for (answer, op) in attempts(&store, &old).await.into_iter().zip(ops) {
        let error = answer.expect_err(op);
        assert_eq!(error.kind, ErrorKind::Conflict, "{op}");
        assert_eq!(error.op, format!("dynamodb.{op}.fence"));
    }
    let cursor = store.cursor(&anna(), &key("events")).await.unwrap();
    assert_eq!(cursor, None);
    assert_eq!(store.count_links(&anna(), Kind::Event).await.unwrap(), 0);
    assert_eq!(found(&store, &["m-late"], &["c-late"]).await, []);
    let standing = store.intents(&anna(), Kind::Event).await.unwrap();
    assert_eq!(standing.len(), 1, "neither added nor forgotten");
    for (answer, op) in attempts(&store, &new).await.into_iter().zip(ops) {
        answer.expect(op);
    }
}

#[tokio::test]
async fn an_item_is_parked_once_per_side() {
    let (store, _database) = servers::store().await;
    let mut row = ParkedRow {
        kind: Kind::Event,
        side: Side::Mailbox,
        id: RemoteId::new("a#b"),
        reason: Reason::NewInMailbox,
        detail: "ErrorItemCorrupt".into(),
        tries: 1,
        next_try: Some(at("10:00:00")),
        since: at("09:00:00"),
        verdict: None,
    };
    store.park(&anna(), &row).await.unwrap();
    row.tries = 2;
    store.park(&anna(), &row).await.unwrap();
    let other = ParkedRow { side: Side::Crm, ..row.clone() };
    store.park(&anna(), &other).await.unwrap();
    assert_eq!(store.parked(&anna(), Kind::Event).await.unwrap(), [other.clone(), row.clone()]);
    assert_eq!(store.parked(&anna(), Kind::Mail).await.unwrap(), []);
    for _ in 0..2 {
        store.unpark(&anna(), row.kind, row.side, &row.id).await.unwrap();
    }
    assert_eq!(store.parked(&anna(), Kind::Event).await.unwrap(), [other]);
}
