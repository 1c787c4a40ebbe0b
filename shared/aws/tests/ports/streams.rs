use jiff::SignedDuration;
use syncline_core::ids::UserId;
use syncline_core::job::Stream;
use syncline_ports::{DUE_SHARDS, DueUser, LeaseOutcome, Raised, Released, StateStore};

use super::accounts::user;
use super::{acquire, anna, at, lease, servers};

const LOST_AFTER: SignedDuration = SignedDuration::from_mins(15);

async fn raise(store: &impl StateStore, now: &str) -> Raised {
    store.raise(&anna(), Stream::Mirror, at(now), LOST_AFTER).await.unwrap()
}

async fn all_due(store: &impl StateStore, now: &str) -> Vec<DueUser> {
    let mut all = Vec::new();
    for shard in 0..DUE_SHARDS {
        all.extend(store.due(shard, at(now), 100).await.unwrap());
    }
    all
}

#[tokio::test]
async fn d01_who_is_due_is_claimed_once() {
    let (store, _database) = servers::store().await;
    store.put_user(&user("anna")).await.unwrap();
    assert_eq!(all_due(&store, "09:00:00").await, []);
    let due = all_due(&store, "09:00:01").await;
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].user, anna());
    let (one, two) = tokio::join!(store.claim_due(&due[0], at("09:30:00")), store.claim_due(&due[0], at("09:31:00")));
    assert!(one.unwrap() ^ two.unwrap());
    assert_eq!(all_due(&store, "09:29:59").await, []);
    assert_eq!(all_due(&store, "09:31:00").await.len(), 1);
    assert!(!store.claim_due(&due[0], at("10:00:00")).await.unwrap());
    let row = store.user(&anna()).await.unwrap().unwrap();
    assert_eq!(row.next_due, Some(all_due(&store, "09:31:00").await[0].due));
}

#[tokio::test]
async fn z08_a_disabled_user_leaves_the_index() {
    let (store, _database) = servers::store().await;
    let mut row = user("anna");
    store.put_user(&row).await.unwrap();
    let due = all_due(&store, "10:00:00").await;
    row.next_due = None;
    store.put_user(&row).await.unwrap();
    assert_eq!(all_due(&store, "10:00:00").await, []);
    assert!(!store.claim_due(&due[0], at("11:00:00")).await.unwrap());
    assert_eq!(store.user(&anna()).await.unwrap(), Some(row));
}

#[tokio::test]
async fn the_longest_due_come_first_up_to_the_limit() {
    let (store, _database) = servers::store().await;
    let mut per_shard = [0_usize; DUE_SHARDS as usize];
    for n in 0..40 {
        let mut row = user(&format!("u{n}"));
        row.next_due = Some(at("09:00:00") - SignedDuration::from_secs(n));
        store.put_user(&row).await.unwrap();
    }
    for shard in 0..DUE_SHARDS {
        let all = store.due(shard, at("09:00:00"), 100).await.unwrap();
        assert!(all.is_sorted_by_key(|due| due.due));
        per_shard[shard as usize] = all.len();
        let some = store.due(shard, at("09:00:00"), 3).await.unwrap();
        assert_eq!(some, all[..3]);
    }
    assert_eq!(per_shard.iter().sum::<usize>(), 40);
    assert_eq!(store.due(0, at("09:00:00"), 0).await.unwrap(), []);
}

#[tokio::test]
async fn a_storm_of_wishes_sends_one_job() {
    let (store, _database) = servers::store().await;
    let mut raises = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let store = store.clone();
        raises.spawn(async move { raise(&store, "09:00:00").await });
    }
    let answers = raises.join_all().await;
    let sent = answers.iter().filter(|raised| **raised == Raised::SendJob);
    assert_eq!(sent.count(), 1);
    let held = lease(&store, "09:00:01", "09:05:00").await;
    assert_eq!(held.seen, 30, "the session answers all of them");
    let released = store.release(&held, at("09:00:02")).await.unwrap();
    assert_eq!(released, Released::Settled);
}

#[tokio::test]
async fn a_job_that_was_not_seen_for_long_is_given_up() {
    let (store, _database) = servers::store().await;
    assert_eq!(raise(&store, "09:00:00").await, Raised::SendJob);
    assert_eq!(raise(&store, "09:15:00").await, Raised::Noted);
    assert_eq!(raise(&store, "09:15:01").await, Raised::SendJob);
    assert_eq!(raise(&store, "09:20:00").await, Raised::Noted);
}

#[tokio::test]
async fn a_wish_during_a_session_becomes_a_job_at_its_end() {
    let (store, _database) = servers::store().await;
    assert_eq!(raise(&store, "09:00:00").await, Raised::SendJob);
    let held = lease(&store, "09:00:01", "09:05:00").await;
    assert_eq!(raise(&store, "09:00:02").await, Raised::Noted);
    let released = store.release(&held, at("09:00:03")).await.unwrap();
    assert_eq!(released, Released::SendJob);
    assert_eq!(raise(&store, "09:00:04").await, Raised::Noted, "the release marked the stream queued");
    let next = lease(&store, "09:00:05", "09:05:00").await;
    assert!(next.fence > held.fence);
    let released = store.release(&next, at("09:00:06")).await.unwrap();
    assert_eq!(released, Released::Settled);
    assert_eq!(raise(&store, "09:00:07").await, Raised::SendJob);
}

#[tokio::test]
async fn no_wish_is_lost_between_a_raise_and_a_release() {
    let (store, _database) = servers::store().await;
    for round in 0..25 {
        let held = lease(&store, "09:00:00", "09:05:00").await;
        let release = store.release(&held, at("09:00:01"));
        let raise_now = raise(&store, "09:00:01");
        // Whoever is asked first reaches the table first, and a raise asks twice.
        let (released, raised) = if round % 2 == 0 {
            tokio::join!(release, raise_now)
        } else {
            let (raised, released) = tokio::join!(raise_now, release);
            (released, raised)
        };
        let jobs = [released.unwrap() == Released::SendJob, raised == Raised::SendJob];
        assert!(jobs[0] || jobs[1], "round {round}: nobody sends a job");
        assert_eq!(raise(&store, "09:00:02").await, Raised::Noted);
        let next = lease(&store, "09:00:03", "09:05:00").await;
        let released = store.release(&next, at("09:00:04")).await.unwrap();
        assert_eq!(released, Released::Settled);
    }
}

#[tokio::test]
async fn of_two_that_take_the_lease_one_gets_it() {
    let (store, _database) = servers::store().await;
    let (one, two) = tokio::join!(acquire(&store, "09:00:00", "09:05:00"), acquire(&store, "09:00:00", "09:05:00"));
    assert_ne!(one == LeaseOutcome::Busy, two == LeaseOutcome::Busy);
    let other = store.acquire(&anna(), Stream::Ingest, "w", at("09:00:00"), at("09:05:00")).await.unwrap();
    assert!(matches!(other, LeaseOutcome::Held(_)), "streams run apart");
}

#[tokio::test]
async fn a_lease_that_ran_out_is_taken_over_and_its_holder_told() {
    let (store, _database) = servers::store().await;
    let old = lease(&store, "09:00:00", "09:05:00").await;
    assert_eq!(acquire(&store, "09:04:59", "09:10:00").await, LeaseOutcome::Busy);
    let new = lease(&store, "09:05:00", "09:10:00").await;
    assert!(new.fence > old.fence);
    assert_eq!(store.release(&old, at("09:05:01")).await.unwrap(), Released::Lost);
    assert_eq!(
        acquire(&store, "09:05:02", "09:10:00").await,
        LeaseOutcome::Busy,
        "the loser did not free the winner's lease"
    );
    // A crashed holder does not keep wishes from being answered.
    assert_eq!(raise(&store, "09:11:00").await, Raised::SendJob);
}

#[tokio::test]
async fn the_end_of_the_last_session_is_remembered() {
    let (store, _database) = servers::store().await;
    let user = anna();
    let ended = || store.last_ended(&user, Stream::Mirror);
    assert_eq!(ended().await.unwrap(), None);
    let held = lease(&store, "09:00:00", "09:05:00").await;
    assert_eq!(ended().await.unwrap(), None);
    store.release(&held, at("09:01:00")).await.unwrap();
    assert_eq!(ended().await.unwrap(), Some(at("09:01:00")));
    let nobody = UserId::new("nobody");
    let other = store.last_ended(&nobody, Stream::Mirror).await.unwrap();
    assert_eq!(other, None);
}
