//! Categories.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use sim_exchange::PartFault;
use sim_kit::{Fault, FaultRule, Reply};
use syncline_core::ids::RemoteId;
use syncline_ports::{Categories, Color, ErrorKind, Marked};

use crate::scripted::{self, batch};
use crate::{World, world};

impl World {
    /// A contact, an event and a task of Anna's with some categories, and how another program reaches them.
    async fn things(&self) -> Vec<((Marked, RemoteId), String)> {
        let names = json!(["Family", "Sync Error"]);
        let contact = self.does(Method::POST, "/me/contacts", &json!({"surname": "Lind", "categories": names})).await;
        let at = |hour: u32| json!({"dateTime": format!("2031-03-04T{hour:02}:00:00"), "timeZone": "UTC"});
        let event = json!({"subject": "Review", "categories": names, "start": at(9), "end": at(10)});
        let event = self.does(Method::POST, "/me/events", &event).await;
        let lists = self.does(Method::GET, "/me/todo/lists", &Value::Null).await;
        let list = lists["value"][0]["id"].as_str().unwrap().to_owned();
        let task = json!({"title": "Call", "categories": names});
        let task = self.does(Method::POST, &format!("/me/todo/lists/{list}/tasks"), &task).await;
        let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
        let (contact, event, task) = (id(&contact), id(&event), id(&task));
        vec![
            ((Marked::Contact, RemoteId::new(&contact)), format!("/me/contacts/{contact}")),
            ((Marked::Event, RemoteId::new(&event)), format!("/me/events/{event}")),
            ((Marked::Task, RemoteId::new(format!("{list}|{task}"))), format!("/me/todo/lists/{list}/tasks/{task}")),
        ]
    }

    async fn names(&self, path: &str) -> Value {
        self.does(Method::GET, path, &Value::Null).await["categories"].clone()
    }
}

#[tokio::test]
async fn d22_a_category_is_made_once_and_a_deleted_one_can_be_made_again() {
    let world = world().await;
    let before = Categories::list(&world.mailbox).await.unwrap();
    let made = Categories::create(&world.mailbox, "Salesforce", Color::Blue).await.unwrap();
    assert_eq!((made.name.as_str(), made.color), ("Salesforce", Color::Blue));
    assert_eq!(Categories::create(&world.mailbox, "SALESFORCE", Color::Red).await.unwrap(), made);
    for (name, color) in [("Sync Error", Color::Red), ("Done", Color::Green), ("Plain", Color::None)] {
        assert_eq!(Categories::create(&world.mailbox, name, color).await.unwrap().color, color);
    }
    let list = Categories::list(&world.mailbox).await.unwrap();
    assert_eq!(list.len(), before.len() + 4);
    assert!(list.contains(&made));
    for _ in 0..2 {
        Categories::delete(&world.mailbox, &made.id).await.unwrap();
    }
    assert!(!Categories::list(&world.mailbox).await.unwrap().contains(&made));
    Categories::create(&world.mailbox, "Salesforce", Color::Blue).await.unwrap();
}

#[tokio::test]
async fn a_lost_answer_to_a_create_is_looked_up() {
    let world = world().await;
    let before = Categories::list(&world.mailbox).await.unwrap().len();
    world.tenant.faults().add(FaultRule::on(Method::POST, "masterCategories", Fault::FailAfter(504)));
    let made = Categories::create(&world.mailbox, "Salesforce", Color::Blue).await.unwrap();
    assert_eq!(made.color, Color::Blue);
    assert_eq!(Categories::list(&world.mailbox).await.unwrap().len(), before + 1);

    world.tenant.faults().add(FaultRule::on(Method::POST, "masterCategories", Fault::FailBefore(504)));
    let error = Categories::create(&world.mailbox, "Other", Color::None).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unknown, "it is not there, and may still come");
}

#[tokio::test]
async fn a_category_that_somebody_else_made_first_is_the_answer() {
    let mut lists = 0;
    let world = scripted::world(move |request| {
        if request.method == "POST" {
            return Reply::json(409, &json!({"error": {"code": "ErrorAlreadyExists"}}));
        }
        lists += 1;
        let rows = if lists == 1 { json!([]) } else { json!([{"id": "c1", "displayName": "salesforce"}]) };
        Reply::json(200, &json!({"value": rows}))
    })
    .await;
    let there = Categories::create(&world.mailbox, "Salesforce", Color::Blue).await.unwrap();
    assert_eq!((there.id.as_str(), there.color), ("c1", Color::None));
}

#[tokio::test]
async fn d22_marking_touches_no_other_category() {
    let world = world().await;
    let things = world.things().await;
    let mut items: Vec<_> = things.iter().map(|(item, _)| item.clone()).collect();
    // Somebody's, somewhere, and nothing that could be.
    items.push((Marked::Contact, items[1].1.clone()));
    items.push((Marked::Task, RemoteId::new("never ours")));
    let marked = world.mailbox.mark(&items, &["Salesforce"], &["sync error", "absent"]).await.unwrap();
    assert_eq!(marked, [true, true, true, false, false]);
    for (item, path) in &things {
        assert_eq!(world.names(path).await, json!(["Family", "Salesforce"]), "{item:?}");
    }
    let writes = |world: &World| {
        world.tenant.journal().entries().filter(|entry| entry.method == "POST" && entry.path.ends_with("batch")).count()
    };
    let before = writes(&world);
    assert_eq!(world.mailbox.mark(&items[..3], &["salesforce"], &["Sync Error"]).await.unwrap(), [true; 3]);
    assert_eq!(writes(&world), before + 1, "read, and nothing to write");
    world.mailbox.mark(&items[..3], &[], &["Salesforce", "Family"]).await.unwrap();
    for (item, path) in &things {
        assert_eq!(world.names(path).await, json!([]), "{item:?}");
    }
}

#[tokio::test]
async fn what_somebody_changes_meanwhile_is_marked_once_more_and_not_for_ever() {
    let world = world().await;
    let things = world.things().await;
    let item = std::slice::from_ref(&things[0].0);
    world.tenant.model().switches.stale_writes = 1;
    assert_eq!(world.mailbox.mark(item, &["Salesforce"], &[]).await.unwrap(), [true]);
    assert_eq!(world.names(&things[0].1).await, json!(["Family", "Sync Error", "Salesforce"]));

    world.tenant.model().switches.stale_writes = 2;
    let error = world.mailbox.mark(item, &[], &["Salesforce"]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert_eq!(world.mailbox.mark(item, &[], &["Salesforce"]).await.unwrap(), [true]);
}

#[tokio::test]
async fn the_same_item_twice_is_marked_once() {
    let world = world().await;
    let things = world.things().await;
    let items = [things[0].0.clone(), things[0].0.clone()];
    assert_eq!(world.mailbox.mark(&items, &["Salesforce"], &[]).await.unwrap(), [true, true]);
    assert_eq!(world.names(&things[0].1).await, json!(["Family", "Sync Error", "Salesforce"]));
}

#[tokio::test]
async fn a_part_that_fails_does_not_keep_the_others_from_being_marked() {
    let world = world().await;
    let things = world.things().await;
    let items: Vec<_> = things.iter().map(|(item, _)| item.clone()).collect();
    let fault =
        |target: &str, status, retry_after| PartFault { target_contains: target.into(), times: 1, status, retry_after };
    for (part, expected) in [
        (fault("GET /me/contacts", 429, Some(40)), ErrorKind::Throttled { after: Duration::from_secs(40) }),
        (fault("PATCH /me/contacts", 429, Some(40)), ErrorKind::Throttled { after: Duration::from_secs(40) }),
        (fault("GET /me/contacts", 503, None), ErrorKind::Transient),
        (fault("PATCH /me/contacts", 503, None), ErrorKind::Unknown),
        (fault("GET /me/contacts", 403, None), ErrorKind::Forbidden),
    ] {
        world.mailbox.mark(&items, &[], &["Salesforce"]).await.unwrap();
        world.tenant.model().switches.part_faults = vec![part];
        let error = world.mailbox.mark(&items, &["Salesforce"], &[]).await.unwrap_err();
        assert_eq!(error.kind, expected);
        for (_, path) in &things[1..] {
            assert_eq!(world.names(path).await, json!(["Family", "Sync Error", "Salesforce"]), "{expected:?}");
        }
        assert_eq!(world.mailbox.mark(&items, &["Salesforce"], &[]).await.unwrap(), [true; 3]);
    }
}

#[tokio::test]
async fn more_than_a_batch_of_items_is_marked_and_an_unreadable_one_is_told_last() {
    let world = scripted::world(|request| {
        batch(request, |url| {
            if url.contains("/bad") { (200, json!({"categories": "secret"})) } else { (200, json!({"categories": []})) }
        })
    })
    .await;
    let mut items: Vec<_> = (0..45).map(|n| (Marked::Mail, RemoteId::new(format!("m{n}")))).collect();
    assert_eq!(world.mailbox.mark(&items, &["Salesforce"], &[]).await.unwrap(), [true; 45]);
    assert_eq!(world.seen.lock().unwrap().len(), 6, "three batches to read, three to write");
    items[0].1 = RemoteId::new("bad");
    let error = world.mailbox.mark(&items, &["Salesforce"], &[]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert!(!format!("{error} {:?}", error.source).contains("secret"));
    assert_eq!(world.seen.lock().unwrap().len(), 12);
}
