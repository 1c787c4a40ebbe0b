//! To Do.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use sim_exchange::PartFault;
use sim_kit::{Fault, FaultRule};
use syncline_core::cursor::{Next, Position};
use syncline_core::ids::{RemoteId, SyncKey, Version};
use syncline_core::item::Patch;
use syncline_core::observation::{HasId, ItemSeen, Observation};
use syncline_core::task::{Importance, Task, TaskField, TaskStatus};
use syncline_ports::{ErrorKind, Folders, Holds, Items, Outcome, Write, Written};

use crate::bench::at;
use crate::scripted::{self, batch};
use crate::{NOW, World, world};

type Seen = Observation<ItemSeen<Task>>;

impl World {
    /// The id of the default list.
    async fn list(&self) -> RemoteId {
        let lists = Folders::list(&self.mailbox, Holds::Tasks).await.unwrap();
        lists.into_iter().find(|list| list.is_default).unwrap().id
    }

    async fn tasks(&self, list: &RemoteId, writes: &[Write<Task>]) -> Vec<Outcome> {
        Items::<Task>::write(&self.mailbox, list, writes).await.unwrap()
    }

    async fn make_task(&self, list: &RemoteId, key: &str, task: Task) -> Written {
        let outcomes = self.tasks(list, &[create(key, task)]).await;
        let [Outcome::Done(written)] = &outcomes[..] else { panic!("{outcomes:?}") };
        written.clone()
    }

    async fn read_task(&self, id: &RemoteId) -> Option<ItemSeen<Task>> {
        match &Items::<Task>::read(&self.mailbox, std::slice::from_ref(id)).await.unwrap()[..] {
            [Observation::Present(seen)] => Some(ItemSeen::clone(seen)),
            [Observation::Gone { .. }] => None,
            other => panic!("{other:?}"),
        }
    }

    async fn task_round(&self, list: &RemoteId, mut position: Position) -> (Vec<Seen>, Position) {
        let mut items = Vec::new();
        for _ in 0..100 {
            let page = Items::<Task>::changes(&self.mailbox, list, &position).await.unwrap();
            items.extend(page.items);
            position = match page.next {
                Next::Page(token) => Position::Page(token),
                Next::Done(token) => return (items, Position::Delta(token)),
            };
        }
        panic!("the round does not end");
    }

    async fn find_tasks(&self, list: &RemoteId, keys: &[&str]) -> Vec<RemoteId> {
        let keys: Vec<SyncKey> = keys.iter().map(|key| SyncKey::from_text(*key)).collect();
        let found = Items::<Task>::find(&self.mailbox, list, &keys).await.unwrap();
        found.into_iter().map(|seen| seen.id).collect()
    }
}

pub(crate) fn task() -> Task {
    Task {
        subject: "Call Mia".into(),
        body: "One\n\nTwo <b> & three".into(),
        due: Some("2031-03-05".parse().unwrap()),
        status: TaskStatus::InProgress,
        importance: Importance::High,
        reminder: Some(at("2031-03-04T08:30:00Z")),
    }
}

fn create(key: &str, task: Task) -> Write<Task> {
    Write::Create { key: SyncKey::from_text(key), item: task }
}

fn update(written: &Written, fields: &[TaskField], task: Task) -> Write<Task> {
    let patch = Patch { fields: fields.iter().copied().collect(), item: task };
    Write::Update { id: written.id.clone(), expected: written.version.clone(), patch }
}

fn delete(written: &Written) -> Write<Task> {
    Write::Delete { id: written.id.clone(), expected: written.version.clone() }
}

/// Where another program finds a task.
fn path(id: &RemoteId) -> String {
    let (list, task) = id.as_str().split_once('|').unwrap();
    format!("/me/todo/lists/{list}/tasks/{task}")
}

#[tokio::test]
async fn d21_what_is_written_is_read_back_the_same() {
    let world = world().await;
    let list = world.list().await;
    let bare = Task {
        subject: "Bare".into(),
        body: String::new(),
        due: None,
        status: TaskStatus::NotStarted,
        importance: Importance::Normal,
        reminder: None,
    };
    let tasks = [
        task(),
        bare,
        Task { status: TaskStatus::Completed, importance: Importance::Low, ..task() },
        Task { status: TaskStatus::Waiting, due: Some("2032-02-29".parse().unwrap()), ..task() },
        Task { status: TaskStatus::Deferred, reminder: None, ..task() },
    ];
    let writes: Vec<_> = tasks.iter().enumerate().map(|(n, task)| create(&n.to_string(), task.clone())).collect();
    for ((n, task), outcome) in tasks.iter().enumerate().zip(world.tasks(&list, &writes).await) {
        let Outcome::Done(written) = outcome else { panic!("{n}: {outcome:?}") };
        let seen = world.read_task(&written.id).await.unwrap();
        assert_eq!(syncline_core::fingerprint::body(&seen.item.body), task.body, "{n}");
        assert_eq!(Task { body: task.body.clone(), ..seen.item }, *task, "{n}");
        assert_eq!(seen.key, Some(SyncKey::from_text(n.to_string())));
        assert_eq!((&seen.id, &seen.version, &seen.collection), (&written.id, &written.version, &list));
        assert_eq!((seen.created, seen.modified, seen.is_marked), (at(NOW), at(NOW), false));
    }
}

#[tokio::test]
async fn d08_an_update_writes_the_fields_named_and_needs_the_version_expected() {
    let world = world().await;
    let list = world.list().await;
    let made = world.make_task(&list, "k", task()).await;
    let changed = Task { subject: "Call Tom".into(), due: None, reminder: None, ..task() };
    let write = update(&made, &[TaskField::Subject, TaskField::Due], changed.clone());
    let outcomes = world.tasks(&list, std::slice::from_ref(&write)).await;
    let [Outcome::Done(written)] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert_ne!(written.version, made.version);
    assert_eq!(written.id, made.id);
    let seen = world.read_task(&made.id).await.unwrap();
    assert_eq!((seen.item.subject.as_str(), seen.item.due, seen.item.reminder), ("Call Tom", None, task().reminder));
    assert_eq!((seen.version, seen.key), (written.version.clone(), Some(SyncKey::from_text("k"))));

    assert_eq!(world.tasks(&list, &[write, delete(&made)]).await, [Outcome::Stale, Outcome::Stale]);
    let off = update(written, &[TaskField::Reminder], changed);
    assert!(matches!(world.tasks(&list, &[off]).await[..], [Outcome::Done(_)]));
    assert_eq!(world.read_task(&made.id).await.unwrap().item.reminder, None);
}

#[tokio::test]
async fn a_delete_is_seen_and_a_second_one_finds_nothing() {
    let world = world().await;
    let list = world.list().await;
    let made = world.make_task(&list, "k", task()).await;
    let (_, position) = world.task_round(&list, Position::Start).await;
    assert_eq!(world.tasks(&list, &[delete(&made)]).await, [Outcome::Done(made.clone())]);
    let late = update(&made, &[TaskField::Subject], task());
    assert_eq!(world.tasks(&list, &[delete(&made), late]).await, [Outcome::Gone, Outcome::Gone]);
    assert_eq!(world.read_task(&made.id).await, None);
    let (items, _) = world.task_round(&list, position).await;
    assert_eq!(items, [Observation::Gone { id: made.id }]);
}

#[tokio::test]
async fn a_round_has_pages_and_the_next_one_only_changes() {
    let world = world().await;
    let list = world.list().await;
    let writes: Vec<_> = (0..45).map(|n| create(&n.to_string(), task())).collect();
    assert!(world.tasks(&list, &writes).await.iter().all(|outcome| matches!(outcome, Outcome::Done(_))));
    world.tenant.model().switches.page_limit = Some(20);
    world.tenant.model().switches.empty_pages = 1;
    let first = Items::<Task>::changes(&world.mailbox, &list, &Position::Start).await.unwrap();
    assert!(matches!(first.next, Next::Page(_)));
    let (items, position) = world.task_round(&list, Position::Start).await;
    let keys: BTreeSet<_> = items
        .iter()
        .filter_map(|item| if let Observation::Present(seen) = item { seen.key.clone() } else { None })
        .collect();
    assert_eq!(keys.len(), 45);
    let (items, position) = world.task_round(&list, position).await;
    assert_eq!(items, []);
    let made = world.make_task(&list, "new", task()).await;
    let (items, _) = world.task_round(&list, position).await;
    assert_eq!(items.iter().map(Observation::id).collect::<Vec<_>>(), [&made.id]);

    let found = world.find_tasks(&list, &["44", "nobody's", "new"]).await;
    assert_eq!(found.len(), 2, "on whatever page");
    assert!(found.contains(&made.id));
}

#[tokio::test]
async fn a_forgotten_position_and_a_missing_list_say_so() {
    let world = world().await;
    let list = world.list().await;
    let (_, position) = world.task_round(&list, Position::Start).await;
    world.tenant.model().expire_delta_tokens();
    let error = Items::<Task>::changes(&world.mailbox, &list, &position).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::CursorExpired);

    let doomed = Folders::create(&world.mailbox, Holds::Tasks, None, "Doomed").await.unwrap();
    let made = world.make_task(&doomed.id, "k", task()).await;
    Folders::delete(&world.mailbox, Holds::Tasks, &doomed.id).await.unwrap();
    let error = Items::<Task>::changes(&world.mailbox, &doomed.id, &Position::Start).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Gone);
    assert_eq!(world.read_task(&made.id).await, None);
    assert_eq!(world.tasks(&doomed.id, &[create("k", task()), delete(&made)]).await, [Outcome::Gone, Outcome::Gone]);
    let found = Items::<Task>::find(&world.mailbox, &doomed.id, &[SyncKey::from_text("k")]).await;
    assert_eq!(found.unwrap_err().kind, ErrorKind::Gone);
}

#[tokio::test]
async fn a_lost_answer_to_a_create_is_unknown_and_looking_finds_one() {
    let world = world().await;
    let list = world.list().await;
    world.tenant.model().switches.lost_posts = 1;
    let outcomes = world.tasks(&list, &[create("lost", task()), create("told", task())]).await;
    assert!(matches!(outcomes[..], [Outcome::Unknown, Outcome::Done(_)]), "{outcomes:?}");
    assert_eq!(world.find_tasks(&list, &["lost"]).await.len(), 1);

    world.tenant.faults().add(FaultRule::on(Method::POST, "batch", Fault::FailAfter(504)));
    assert_eq!(world.tasks(&list, &[create("all lost", task())]).await, [Outcome::Unknown]);
    assert_eq!(world.find_tasks(&list, &["all lost", "lost"]).await.len(), 2);
    assert_eq!(world.find_tasks(&list, &[]).await, []);
}

#[tokio::test]
async fn each_part_of_a_batch_has_its_own_outcome_the_read_before_a_write_too() {
    let world = world().await;
    let list = world.list().await;
    let mut made = Vec::new();
    for key in ["1", "2", "3"] {
        made.push(world.make_task(&list, key, task()).await);
    }
    let fault =
        |target: &str, status, retry_after| PartFault { target_contains: target.into(), times: 1, status, retry_after };
    world.tenant.model().switches.part_faults =
        vec![fault("GET", 429, Some(40)), fault("GET", 503, None), fault("PATCH", 503, None)];
    let renamed = Task { subject: "Call Tom".into(), ..task() };
    let writes: Vec<_> = made.iter().map(|task| update(task, &[TaskField::Subject], renamed.clone())).collect();
    let outcomes = world.tasks(&list, &writes).await;
    let later = |after: Option<u64>, outcome: &Outcome| matches!(outcome, Outcome::Later { after: wait, .. } if *wait == after.map(Duration::from_secs));
    assert!(later(Some(40), &outcomes[0]) && later(None, &outcomes[1]), "{outcomes:?}");
    assert_eq!(outcomes[2], Outcome::Unknown);
    assert!(matches!(world.tasks(&list, &writes[..2]).await[..], [Outcome::Done(_), Outcome::Done(_)]));
}

#[tokio::test]
async fn a_change_by_somebody_else_is_not_overwritten() {
    let world = world().await;
    let list = world.list().await;
    let made = world.make_task(&list, "k", task()).await;
    world.does(Method::PATCH, &path(&made.id), &json!({"title": "Call Ben", "categories": ["SALESFORCE"]})).await;
    let write = update(&made, &[TaskField::Status], Task { status: TaskStatus::Completed, ..task() });
    assert_eq!(world.tasks(&list, &[write]).await, [Outcome::Stale]);
    let seen = world.read_task(&made.id).await.unwrap();
    assert_eq!((seen.item.subject.as_str(), seen.item.status), ("Call Ben", TaskStatus::InProgress));
    assert!(seen.is_marked);
}

#[tokio::test]
async fn a_recurring_task_goes_on_and_its_next_turn_is_a_task_of_its_own() {
    let world = world().await;
    let list = world.list().await;
    let pattern = json!({
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "noEnd", "startDate": "2031-03-05"},
    });
    let body = json!({
        "title": "Water the plants", "recurrence": pattern,
        "dueDateTime": {"dateTime": "2031-03-05T00:00:00", "timeZone": "Europe/Berlin"},
    });
    let tasks = format!("/me/todo/lists/{list}/tasks");
    world.does(Method::POST, &tasks, &body).await;
    let (items, position) = world.task_round(&list, Position::Start).await;
    let seen = items.iter().find_map(|item| match item {
        Observation::Present(seen) if seen.item.subject == "Water the plants" => Some(seen),
        _ => None,
    });
    let seen = seen.unwrap();
    assert_eq!((seen.item.due, &seen.key), (Some("2031-03-05".parse().unwrap()), &None));
    let here = Written { id: seen.id.clone(), version: seen.version.clone(), losses: vec![] };
    let done = Task { status: TaskStatus::Completed, ..seen.item.clone() };
    assert!(matches!(world.tasks(&list, &[update(&here, &[TaskField::Status], done)]).await[..], [Outcome::Done(_)]));
    let (items, _) = world.task_round(&list, position).await;
    let mut dues: Vec<_> = items
        .iter()
        .filter_map(|item| if let Observation::Present(seen) = item { Some(seen) } else { None })
        .map(|seen| (seen.item.status, seen.item.due.unwrap().to_string(), seen.id == here.id))
        .collect();
    dues.sort_by(|one, other| one.1.cmp(&other.1));
    let expected = [
        (TaskStatus::Completed, "2031-03-05".to_owned(), true),
        (TaskStatus::NotStarted, "2031-03-06".to_owned(), false),
    ];
    assert_eq!(dues, expected);
}

fn wire(id: &str) -> Value {
    json!({
        "id": id, "title": id, "createdDateTime": "2031-03-01T09:00:00Z",
        "lastModifiedDateTime": "2031-03-01T09:00:00Z",
    })
}

#[tokio::test]
async fn unreadable_rows_do_not_stop_the_rest() {
    let rows = json!([
        wire("good"), wire("bad"), wire("left"), wire("hidden"), {"id": "gone", "@removed": {"reason": "deleted"}},
        {"title": "no id"},
    ]);
    let world = scripted::world(move |request| {
        if request.path.ends_with("/delta") {
            return scripted::delta_page(request, &rows);
        }
        batch(request, |url| {
            if url.contains("/good?") {
                (200, wire("good"))
            } else if url.contains("/bad?") {
                (200, json!({"id": "bad", "title": "x"}))
            } else if url.contains("/hidden?") {
                (403, json!({"error": {"code": "ErrorAccessDenied"}}))
            } else {
                (404, json!({"error": {"code": "ErrorItemNotFound"}}))
            }
        })
    })
    .await;
    let list = RemoteId::new("l1");
    let page = Items::<Task>::changes(&world.mailbox, &list, &Position::Start).await.unwrap();
    let unreadable =
        |id: &str, problem: &str| Observation::Unreadable { id: RemoteId::new(id), problem: problem.into() };
    let [Observation::Present(good), rest @ ..] = &page.items[..] else { panic!("{:?}", page.items) };
    assert_eq!((good.id().as_str(), good.version.as_str()), ("l1|good", "2031-03-01T09:00:00Z"));
    let expected = [
        unreadable("l1|bad", "@odata.etag is missing"),
        Observation::Gone { id: RemoteId::new("l1|left") },
        unreadable("l1|hidden", "Graph does not show it: 403 ErrorAccessDenied"),
        Observation::Gone { id: RemoteId::new("l1|gone") },
        unreadable("(no id)", "id is missing"),
    ];
    assert_eq!(rest, expected);

    let ids = [RemoteId::new("l1|good"), RemoteId::new("never ours")];
    let read = Items::<Task>::read(&world.mailbox, &ids).await.unwrap();
    assert!(matches!(read[0], Observation::Present(_)));
    assert_eq!(read[1], unreadable("never ours", "its id names no list"));
    let write = Write::Delete { id: ids[1].clone(), expected: Version::new("1") };
    let outcomes = Items::<Task>::write(&world.mailbox, &list, &[write]).await.unwrap();
    assert_eq!(outcomes, [Outcome::Rejected { code: "ErrorInvalidIdMalformed".into() }]);
}

#[tokio::test]
async fn a_task_without_an_etag_is_written_by_the_time_of_its_last_change() {
    let world = scripted::world(|request| batch(request, |_| (200, wire("t1")))).await;
    let list = RemoteId::new("l1");
    let at = |version: &str| {
        let patch = Patch { fields: BTreeSet::from([TaskField::Subject]), item: task() };
        Write::Update { id: RemoteId::new("l1|t1"), expected: Version::new(version), patch }
    };
    let writes = [at("2031-03-01T09:00:00Z"), at("2031-03-01T08:59:59Z")];
    let outcomes = Items::<Task>::write(&world.mailbox, &list, &writes).await.unwrap();
    let version = Version::new("2031-03-01T09:00:00Z");
    assert_eq!(
        outcomes,
        [Outcome::Done(Written { id: RemoteId::new("l1|t1"), version, losses: vec![] }), Outcome::Stale]
    );
}

#[tokio::test]
async fn a_list_that_does_not_end_is_not_half_searched() {
    let world = scripted::world(|request| {
        let next = format!("{}/v1.0/me/todo/lists/l1/tasks?$skip=1", request.origin);
        sim_kit::Reply::json(200, &json!({"value": [wire("t1")], "@odata.nextLink": next}))
    })
    .await;
    let list = RemoteId::new("l1");
    let error = Items::<Task>::find(&world.mailbox, &list, &[SyncKey::from_text("k")]).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Rejected, "TooManyPages"));
    assert_eq!(world.seen.lock().unwrap().len(), syncline_exchange::PAGE_LIMIT);
}
