//! Observing events.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use sim_kit::{Fault, FaultRule};
use sim_salesforce::Salesforce as Org;
use std::time::Duration;
use syncline_core::cursor::{Next, Page, Position};
use syncline_core::ids::{RemoteId, SyncKey};
use syncline_core::observation::Observation;
use syncline_ports::ErrorKind;

use super::*;

/// Reads a round to its end; gives what it showed and the token for the next.
async fn round(world: &World, mut position: Position) -> (Vec<Observation>, Position) {
    let mut items = Vec::new();
    for _ in 0..100 {
        let page = world.events().changes(&window(), &position).await.unwrap();
        items.extend(page.items);
        match page.next {
            Next::Page(token) => position = Position::Page(token),
            Next::Done(token) => return (items, Position::Delta(token)),
        }
    }
    panic!("a round without end");
}

fn ids(items: &[Observation]) -> Vec<&RemoteId> {
    items.iter().map(Observation::id).collect()
}

#[tokio::test]
async fn d02_the_first_round_lists_what_touches_the_window_page_by_page() {
    let world = world().await;
    let mut inside = Vec::new();
    for (subject, start, end, is_inside) in [
        ("over", "2031-02-17T08:00:00Z", "2031-02-17T09:00:00Z", false),
        ("reaches in", "2031-02-17T08:30:00Z", "2031-02-17T09:30:00Z", true),
        ("no length", "2031-02-17T09:00:00Z", "2031-02-17T09:00:00Z", true),
        ("today", "2031-03-03T10:00:00Z", "2031-03-03T11:00:00Z", true),
        ("last", "2032-04-06T08:59:59Z", "2032-04-06T09:59:59Z", true),
        ("too late", "2032-04-06T09:00:00Z", "2032-04-06T10:00:00Z", false),
    ] {
        let id = world.plant(subject, start, end);
        world.later(1);
        if is_inside {
            inside.push(id);
        }
    }
    for (first, last, is_inside) in
        [("2031-02-15", "2031-02-16", false), ("2031-02-15", "2031-02-17", true), ("2032-04-06", "2032-04-06", true)]
    {
        let body = json!({
            "Subject": "days", "IsAllDayEvent": true, "StartDateTime": format!("{first}T00:00:00Z"),
            "EndDateTime": format!("{last}T00:00:00Z"),
        });
        let id = RemoteId::new(world.by_hand(Method::POST, "sobjects/Event", &body)["id"].as_str().unwrap());
        world.later(1);
        if is_inside {
            inside.push(id);
        }
    }
    world.org.model().knobs.batch_size = Some(2);
    let (items, _) = round(&world, Position::Start).await;
    assert_eq!(ids(&items), inside.iter().collect::<Vec<_>>());
    assert_eq!(world.requests("/query"), 3, "two a page");
}

#[tokio::test]
async fn only_the_users_own_events_are_listed() {
    let world = world().await;
    let theirs = json!({
        "Subject": "Ben's", "StartDateTime": "2031-03-04T09:00:00Z", "EndDateTime": "2031-03-04T10:00:00Z",
        "OwnerId": world.org.model().rows("User").find(|row| row.text("Username") != ANNA).unwrap().id(),
    });
    world.by_hand(Method::POST, "sobjects/Event", &theirs);
    let mine = world.plant("mine", "2031-03-04T09:00:00Z", "2031-03-04T10:00:00Z");
    let (items, _) = round(&world, Position::Start).await;
    assert_eq!(ids(&items), [&mine]);
}

#[tokio::test]
async fn later_rounds_show_changes_and_deletions_only_and_an_idle_one_is_one_request() {
    let world = world().await;
    let stays = world.plant("stays", "2031-03-04T09:00:00Z", "2031-03-04T10:00:00Z");
    world.later(600);
    let edited = world.plant("edited", "2031-03-04T09:00:00Z", "2031-03-04T10:00:00Z");
    let deleted = world.plant("deleted", "2031-03-04T09:00:00Z", "2031-03-04T10:00:00Z");
    let (items, position) = round(&world, Position::Start).await;
    assert_eq!(items.len(), 3);

    world.later(600);
    world.by_hand(Method::PATCH, &format!("sobjects/Event/{edited}"), &json!({"Subject": "new"}));
    world.later(1);
    world.by_hand(Method::DELETE, &format!("sobjects/Event/{deleted}"), &Value::Null);
    let (items, position) = round(&world, position).await;
    assert_eq!(ids(&items), [&edited, &deleted]);
    assert!(matches!(&items[0], Observation::Present(seen) if seen.event.subject == "new"));
    assert_eq!(items[1], Observation::Gone { id: deleted.clone() });

    world.later(3600);
    world.org.journal().clear();
    let (again, after) = round(&world, position).await;
    assert_eq!(world.org.journal().total(), 1, "an idle poll is one request");
    assert_eq!(ids(&again), Vec::<&RemoteId>::new(), "what was shown is not shown again");
    let (idle, settled) = round(&world, after.clone()).await;
    assert_eq!((idle.len(), settled), (0, after), "and the mark stands");
    assert!(!ids(&items).contains(&&stays));
}

#[tokio::test]
async fn an_event_that_becomes_visible_late_is_not_missed() {
    let world = world().await;
    let (_, position) = round(&world, Position::Start).await;
    world.later(60);
    world.org.model().knobs.commit_delay = Duration::from_mins(2);
    let slow = world.plant("slow", "2031-03-04T09:00:00Z", "2031-03-04T10:00:00Z");
    world.org.model().knobs.commit_delay = Duration::ZERO;
    world.later(30);
    let quick = world.plant("quick", "2031-03-04T09:00:00Z", "2031-03-04T10:00:00Z");
    let (items, position) = round(&world, position).await;
    assert_eq!(ids(&items), [&quick]);
    world.later(120);
    let (items, _) = round(&world, position).await;
    assert_eq!(ids(&items), [&slow]);
}

#[tokio::test]
async fn what_becomes_visible_later_than_the_overlap_is_seen_with_the_next_complete_listing() {
    let world = world().await;
    let (_, position) = round(&world, Position::Start).await;
    let commit = |seconds| world.org.model().knobs.commit_delay = Duration::from_secs(seconds);
    commit(11 * 60);
    let late = world.plant("too late", "2031-03-04T09:00:00Z", "2031-03-04T10:00:00Z");
    commit(0);
    world.later(10 * 60 + 30);
    // A change moves the mark on before the transaction ends.
    let other = world.plant("other", "2031-03-04T09:00:00Z", "2031-03-04T10:00:00Z");
    let (items, position) = round(&world, position).await;
    assert_eq!(ids(&items), [&other]);
    world.later(60);
    let (items, _) = round(&world, position).await;
    assert_eq!(ids(&items), Vec::<&RemoteId>::new(), "no transaction of Salesforce's lasts so long: see the crate");
    let (items, _) = round(&world, Position::Start).await;
    assert!(ids(&items).contains(&&late));
}

#[tokio::test]
async fn more_answers_to_invitations_than_one_look_takes_are_all_seen() {
    let world = world().await;
    let contact = world.org.model().rows("Contact").next().unwrap().id().to_owned();
    let events: Vec<RemoteId> =
        (0..25).map(|n| world.plant(&format!("{n}"), "2031-03-04T09:00:00Z", "2031-03-04T10:00:00Z")).collect();
    let invited = |event: &RemoteId| {
        let body = json!({"EventId": event, "RelationId": contact});
        world.by_hand(Method::POST, "sobjects/EventRelation", &body)["id"].as_str().unwrap().to_owned()
    };
    let relations: Vec<String> = events.iter().map(invited).collect();
    let (_, position) = round(&world, Position::Start).await;
    world.later(1800);
    // An answer does not touch the event.
    for relation in &relations {
        let accepted = json!({"Status": "Accepted"});
        world.by_hand(Method::PATCH, &format!("sobjects/EventRelation/{relation}"), &accepted);
    }
    world.org.model().knobs.batch_size = Some(1);
    let (items, position) = round(&world, position).await;
    assert_eq!(ids(&items).into_iter().collect::<BTreeSet<_>>(), events.iter().collect());
    world.later(1800);
    let (_, position) = round(&world, position).await;
    assert_eq!(round(&world, position).await.0.len(), 0);
}

#[tokio::test]
async fn a_session_that_ends_between_two_pages_is_renewed_and_the_round_goes_on() {
    let world = world().await;
    for n in 0..3 {
        world.plant(&format!("{n}"), "2031-03-04T09:00:00Z", "2031-03-04T10:00:00Z");
    }
    world.org.model().knobs.batch_size = Some(1);
    let page = world.events().changes(&window(), &Position::Start).await.unwrap();
    let Next::Page(token) = page.next else { panic!("one page only") };
    world.org.faults().add(FaultRule::on(Method::GET, "/query/", Fault::FailBefore(401)));
    assert_eq!(round(&world, Position::Page(token)).await.0.len(), 2);
    assert_eq!(world.vault.saves(), 1);
}

#[tokio::test]
async fn a_token_that_is_no_longer_known_says_so() {
    let world = world().await;
    for n in 0..3 {
        world.plant(&format!("{n}"), "2031-03-04T09:00:00Z", "2031-03-04T10:00:00Z");
    }
    world.org.model().knobs.batch_size = Some(2);
    let Page { next: Next::Page(token), .. } = world.events().changes(&window(), &Position::Start).await.unwrap()
    else {
        panic!("one page only");
    };
    world.later(3 * 24 * 3600);
    for position in [
        Position::Page(token),
        Position::Page("rubbish".into()),
        Position::Delta("rubbish".into()),
        Position::Delta(String::new()),
    ] {
        let error = world.events().changes(&window(), &position).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::CursorExpired, "{position:?}");
    }
}

#[tokio::test]
async fn a_page_that_gets_no_answer_can_be_asked_for_again() {
    let world = world().await;
    let (_, position) = round(&world, Position::Start).await;
    world.plant("one", "2031-03-04T09:00:00Z", "2031-03-04T10:00:00Z");
    for (fault, kind) in [
        (Fault::FailAfter(504), ErrorKind::Transient),
        (Fault::FailBefore(503), ErrorKind::Transient),
        (Fault::Throttle { retry_after: 7 }, ErrorKind::Throttled { after: Duration::from_mins(15) }),
    ] {
        world.org.faults().add(FaultRule::on(Method::POST, "/composite", fault.clone()));
        let error = world.events().changes(&window(), &position).await.unwrap_err();
        assert_eq!(error.kind, kind, "{fault:?}");
    }
    assert_eq!(round(&world, position).await.0.len(), 1);
}

#[tokio::test]
async fn one_malformed_record_does_not_hide_the_others() {
    let source = world().await;
    let bad = source.plant("bad", "2031-03-04T09:00:00Z", "2031-03-04T10:00:00Z");
    let good = source.plant("good", "2031-03-04T11:00:00Z", "2031-03-04T12:00:00Z");
    // A row no API would make: it ends before it begins.
    let snapshot = source.org.model().snapshot().to_string();
    let broken = snapshot.replace("2031-03-04T10:00:00", "2031-03-04T07:00:00");
    assert_ne!(broken, snapshot);
    let world = world_of(Org::restore(serde_json::from_str(&broken).unwrap()).unwrap()).await;

    let (mut items, _) = round(&world, Position::Start).await;
    items.sort_by_key(|item| *item.id() != bad);
    assert!(matches!(&items[0], Observation::Unreadable { id, .. } if *id == bad), "{items:?}");
    assert_eq!(ids(&items[1..]), [&good]);
    let read = world.events().read(&[bad.clone(), good]).await.unwrap();
    assert!(matches!(&read[0], Observation::Unreadable { .. }));
    assert!(matches!(&read[1], Observation::Present(_)));
}

#[tokio::test]
async fn reading_by_id_answers_in_order_and_says_what_is_gone() {
    let world = world().await;
    let first = world.plant("first", "2031-03-04T09:00:00Z", "2031-03-04T10:00:00Z");
    let second = world.plant("second", "2031-03-04T09:00:00Z", "2031-03-04T10:00:00Z");
    let deleted = world.plant("deleted", "2031-03-04T09:00:00Z", "2031-03-04T10:00:00Z");
    world.by_hand(Method::DELETE, &format!("sobjects/Event/{deleted}"), &Value::Null);
    let never = RemoteId::new("00U000000000001AAA");
    let asked = [second.clone(), deleted.clone(), never.clone(), first.clone()];
    let read = world.events().read(&asked).await.unwrap();
    assert_eq!(ids(&read), asked.iter().collect::<Vec<_>>());
    assert_eq!(present(read[0].clone()).event.subject, "second");
    assert_eq!(read[1..3], [Observation::Gone { id: deleted }, Observation::Gone { id: never }]);
    assert_eq!(present(read[3].clone()).event.subject, "first");
    assert_eq!(world.events().read(&[]).await.unwrap(), []);
}

#[tokio::test]
async fn d14_events_are_found_by_key_however_many_are_asked() {
    let world = world().await;
    let made = world.made("0123456789abcdef0123456789abcdef", &meeting()).await;
    world.org.journal().clear();
    let mut keys: Vec<SyncKey> = (0..450).map(|n| SyncKey::from_text(format!("{n:032}"))).collect();
    keys.push(SyncKey::from_text("0123456789abcdef0123456789abcdef"));
    let found = world.events().find(&keys).await.unwrap();
    assert_eq!(found.iter().map(|seen| &seen.id).collect::<Vec<_>>(), [&made.id]);
    assert_eq!(found[0].key.as_ref(), keys.last());
    assert_eq!(found[0].version, made.version);
    assert_eq!(world.requests("/query"), 3, "200 keys a query");
    assert_eq!(world.events().find(&[]).await.unwrap(), []);
}
