//! Tasks and contacts.

use reqwest::Method;
use serde_json::json;
use sim_kit::{Fault, FaultRule};
use syncline_core::contact::{Contact, ContactField, PostalAddress};
use syncline_core::cursor::{Next, Position};
use syncline_core::ids::Version;
use syncline_core::item::{Mirrored, Patch};
use syncline_core::observation::ItemSeen;
use syncline_core::task::{Importance, Task, TaskField, TaskStatus};
use syncline_ports::{ErrorKind, Items, LossKind, Write};

use super::*;

fn task() -> Task {
    Task {
        subject: "Call Mia".into(),
        body: "One\nTwo".into(),
        due: Some("2031-03-04".parse().unwrap()),
        status: TaskStatus::InProgress,
        importance: Importance::High,
        reminder: Some(at("2031-03-04T08:00:00Z")),
    }
}

fn person() -> Contact {
    Contact {
        given_name: "Kim".into(),
        surname: "Li".into(),
        title: "Dr.".into(),
        email: "kim@litware.example".into(),
        job_title: "Buyer".into(),
        department: "Purchasing".into(),
        business_phone: "+49 89 1".into(),
        mobile_phone: "+49 170 1".into(),
        home_phone: "+49 89 2".into(),
        business_address: PostalAddress {
            street: "Long Street 1\nBack door".into(),
            city: "Munich".into(),
            postal_code: "80331".into(),
            country: "Germany".into(),
            ..PostalAddress::default()
        },
        birthday: Some("1990-02-28".parse().unwrap()),
        notes: "Likes tea".into(),
        ..Contact::default()
    }
}

struct Kind<'a, T: Mirrored> {
    world: &'a World,
    items: &'a dyn Items<T>,
}

impl<T: Mirrored> Kind<'_, T> {
    async fn write(&self, writes: &[Write<T>]) -> Vec<Outcome> {
        self.items.write(&self.world.anna, writes).await.unwrap()
    }

    async fn made(&self, key: &str, item: &T) -> Written {
        done(self.write(&[new(key, item)]).await.remove(0))
    }

    async fn read(&self, id: &RemoteId) -> Observation<ItemSeen<T>> {
        self.items.read(std::slice::from_ref(id)).await.unwrap().remove(0)
    }

    async fn seen(&self, id: &RemoteId) -> ItemSeen<T> {
        match self.read(id).await {
            Observation::Present(seen) => *seen,
            other => panic!("not there: {other:?}"),
        }
    }

    async fn round(&self, mut position: Position) -> (Vec<RemoteId>, Position) {
        let mut ids = Vec::new();
        for _ in 0..50 {
            let page = self.items.changes(&self.world.anna, &position).await.unwrap();
            ids.extend(page.items.iter().map(|item| item.id().clone()));
            match page.next {
                Next::Page(token) => position = Position::Page(token),
                Next::Done(token) => return (ids, Position::Delta(token)),
            }
        }
        panic!("a round without end");
    }
}

fn new<T: Mirrored>(key: &str, item: &T) -> Write<T> {
    Write::Create { key: SyncKey::from_text(key), item: item.clone() }
}

fn update<T: Mirrored>(at: &Written, field: T::Field, item: &T) -> Write<T> {
    let patch = Patch { fields: [field].into_iter().collect(), item: item.clone() };
    Write::Update { id: at.id.clone(), expected: at.version.clone(), patch }
}

fn delete<T: Mirrored>(at: &Written) -> Write<T> {
    Write::Delete { id: at.id.clone(), expected: at.version.clone() }
}

fn tasks(world: &World) -> Kind<'_, Task> {
    Kind { world, items: world.crm.tasks().unwrap() }
}

fn contacts(world: &World) -> Kind<'_, Contact> {
    Kind { world, items: world.crm.contacts().unwrap() }
}

/// What every kind must do alike.
async fn lives<T: Mirrored>(kind: Kind<'_, T>, object: &str, item: T, other: T, field: T::Field) {
    let world = kind.world;
    let (listed, position) = kind.round(Position::Start).await;
    let before = world.count(object);
    assert_eq!(listed.len(), before);

    let made = kind.made("key-1", &item).await;
    assert_eq!(made.id, kind.made("key-1", &item).await.id, "twice is once");
    assert_eq!(world.count(object), before + 1);
    let seen = kind.seen(&made.id).await;
    assert_eq!((&seen.item, &seen.collection), (&item, &world.anna));
    assert_eq!(seen.key, Some(SyncKey::from_text("key-1")));
    let found = kind.items.find(&world.anna, &[SyncKey::from_text("key-1"), SyncKey::from_text("no")]).await.unwrap();
    assert_eq!(found.iter().map(|seen| &seen.id).collect::<Vec<_>>(), [&made.id]);
    assert!(
        kind.items.find(&RemoteId::new("005000000000001AAA"), &[SyncKey::from_text("key-1")]).await.unwrap().is_empty()
    );

    world.later(5);
    let made = Written { version: seen.version, ..made };
    let changed = done(kind.write(&[update(&made, field, &other)]).await.remove(0));
    assert_ne!(changed.version, made.version);
    assert_eq!(kind.write(&[update(&made, field, &item), delete(&made)]).await, [Outcome::Stale, Outcome::Stale]);
    let (shown, position) = kind.round(position).await;
    assert_eq!(shown, std::slice::from_ref(&made.id));

    // A lost answer is unknown, and what is done again is done once.
    for (nth, write) in [(1, new("key-2", &item)), (2, update(&changed, field, &item))] {
        let rule = FaultRule::on(Method::POST, "v59.0/composite", Fault::FailAfter(504)).nth(nth);
        world.org.faults().add(rule);
        assert_eq!(kind.write(&[write]).await, [Outcome::Unknown]);
        world.later(5);
    }
    assert_eq!(kind.made("key-2", &item).await.id.as_str().len(), 18);
    assert_eq!(world.count(object), before + 2);

    let now = kind.seen(&made.id).await;
    let now = Written { id: now.id, version: now.version, losses: vec![] };
    world.org.model().lock_next(now.id.as_str(), 1);
    let locked = Outcome::Later { after: None, code: "UNABLE_TO_LOCK_ROW".into() };
    assert_eq!(kind.write(&[update(&now, field, &other)]).await, [locked]);
    assert_eq!(kind.write(&[delete(&now)]).await, [Outcome::Done(now.clone())]);
    assert_eq!(kind.read(&now.id).await, Observation::Gone { id: now.id.clone() });
    assert_eq!(kind.write(&[delete(&now), update(&now, field, &other)]).await, [Outcome::Gone, Outcome::Gone]);
    let gone = kind.items.changes(&world.anna, &position).await.unwrap();
    assert!(gone.items.contains(&Observation::Gone { id: now.id }), "{:?}", gone.items);

    for position in [Position::Page("rubbish".into()), Position::Delta("rubbish".into())] {
        let error = kind.items.changes(&world.anna, &position).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::CursorExpired);
    }
    for (fault, expected) in [
        (Fault::FailBefore(503), ErrorKind::Transient),
        (Fault::FailBefore(404), ErrorKind::Gone),
        (Fault::Throttle { retry_after: 1 }, ErrorKind::Throttled { after: Duration::from_mins(15) }),
    ] {
        world.org.faults().add(FaultRule::on(Method::POST, "/composite/sobjects", fault.clone()));
        let error = kind.items.read(&[RemoteId::new("003000000000001AAA")]).await.unwrap_err();
        assert_eq!(error.kind, expected, "{fault:?}");
    }
    assert!(kind.items.read(&[]).await.unwrap().is_empty());
    assert!(kind.write(&[]).await.is_empty());
}

#[tokio::test]
async fn a_task_lives_and_dies_like_an_event() {
    let world = world().await;
    lives(tasks(&world), "Task", task(), Task { subject: "Other".into(), ..task() }, TaskField::Subject).await;
}

#[tokio::test]
async fn a_contact_lives_and_dies_like_an_event() {
    let world = world().await;
    lives(
        contacts(&world),
        "Contact",
        person(),
        Contact { job_title: "Boss".into(), ..person() },
        ContactField::JobTitle,
    )
    .await;
}

#[tokio::test]
async fn a_tasks_patch_changes_its_fields_only_and_leaves_whom_it_is_about() {
    let world = world().await;
    let kind = tasks(&world);
    let lead = json!({"LastName": "O'Neil", "Company": "Adatum"});
    let lead = world.by_hand(Method::POST, "sobjects/Lead", &lead)["id"].as_str().unwrap().to_owned();
    let mut at = kind.made("key", &task()).await;
    world.by_hand(Method::PATCH, &format!("sobjects/Task/{}", at.id), &json!({"WhoId": lead}));
    at.version = kind.seen(&at.id).await.version;
    let other = Task {
        subject: "Other".into(),
        body: String::new(),
        due: None,
        status: TaskStatus::Completed,
        importance: Importance::Low,
        reminder: None,
    };
    let mut expected = task();
    for field in TaskField::ALL {
        world.later(1);
        at = done(kind.write(&[update(&at, field, &other)]).await.remove(0));
        match field {
            TaskField::Subject => expected.subject.clone_from(&other.subject),
            TaskField::Body => expected.body.clone_from(&other.body),
            TaskField::Due => expected.due = other.due,
            TaskField::Status => expected.status = other.status,
            TaskField::Importance => expected.importance = other.importance,
            TaskField::Reminder => expected.reminder = other.reminder,
        }
        assert_eq!(kind.seen(&at.id).await.item, expected, "{field:?}");
    }
    assert_eq!(world.org.model().row(at.id.as_str()).unwrap().text("WhoId"), lead);
}

#[tokio::test]
async fn d02_open_tasks_are_listed_and_completed_ones_for_two_weeks() {
    let world = world().await;
    let plant = |subject: &str, status: &str, due: &str| {
        let body = json!({"Subject": subject, "Status": status, "ActivityDate": due});
        RemoteId::new(world.by_hand(Method::POST, "sobjects/Task", &body)["id"].as_str().unwrap())
    };
    let open = plant("open", "Not Started", "2031-01-01");
    let done = plant("done", "Completed", "2031-01-01");
    let due = plant("done, due soon", "Completed", "2031-04-01");
    let mail = json!({"Subject": "mail", "TaskSubtype": "Email", "Status": "Not Started"});
    world.by_hand(Method::POST, "sobjects/Task", &mail);
    let mut listed = tasks(&world).round(Position::Start).await.0;
    listed.sort();
    let mut expected = vec![open.clone(), done, due.clone()];
    expected.sort();
    assert_eq!(listed, expected, "changed today; recorded mail is nothing to do");
    world.later(20 * 24 * 3600);
    let mut listed = tasks(&world).round(Position::Start).await.0;
    listed.sort();
    let mut expected = vec![open, due];
    expected.sort();
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn a_contacts_account_is_shown_as_its_company_and_stays() {
    let world = world().await;
    let kind = contacts(&world);
    let (id, account) = {
        let model = world.org.model();
        let mia = model.rows("Contact").find(|row| row.text("LastName") == "Larsen").unwrap();
        (RemoteId::new(mia.id()), mia.text("AccountId").to_owned())
    };
    let seen = kind.seen(&id).await;
    assert_eq!((seen.item.company.as_str(), seen.hidden.contains(&ContactField::Company)), ("Fabrikam", false));
    let (_, position) = kind.round(Position::Start).await;
    world.later(5);
    let at = Written { id, version: seen.version, losses: vec![] };
    let other = Contact { company: "Contoso".into(), ..seen.item };
    let written = done(kind.write(&[update(&at, ContactField::Company, &other)]).await.remove(0));
    assert_eq!((written.losses[0].field.as_str(), written.losses[0].kind), ("Account.Name", LossKind::NoField));
    assert_eq!(written.version, at.version, "nothing was written");
    assert_eq!(world.org.model().row(at.id.as_str()).unwrap().text("AccountId"), account);
    assert_eq!(kind.round(position).await.0, Vec::<RemoteId>::new());
    let private = kind.made("key", &Contact { company: "Litware".into(), ..person() }).await;
    assert!(kind.seen(&private.id).await.hidden.contains(&ContactField::Company), "not taken for emptied");
}

#[tokio::test]
async fn what_the_org_has_no_place_for_is_left_out_and_told() {
    let world = world().await;
    let kind = contacts(&world);
    let long = Contact {
        middle_name: "Ann".into(),
        surname: "ü".repeat(100),
        email: format!("{}@litware.example", "k".repeat(90)),
        ..person()
    };
    let made = kind.made("key", &long).await;
    let mut losses: Vec<_> = made.losses.iter().map(|loss| (loss.field.as_str(), loss.kind)).collect();
    losses.sort_unstable();
    let expected = [("Email", LossKind::TooLong), ("LastName", LossKind::Cut), ("MiddleName", LossKind::NoField)];
    assert_eq!(losses, expected);
    let seen = kind.seen(&made.id).await;
    assert_eq!(seen.item.surname, "ü".repeat(80));
    assert!(seen.hidden.contains(&ContactField::MiddleName));
    world.later(1);
    let nameless = Contact { surname: String::new(), ..person() };
    let at = Written { id: made.id, version: seen.version, losses: vec![] };
    let written = done(kind.write(&[update(&at, ContactField::Surname, &nameless)]).await.remove(0));
    assert_eq!(written.losses[0].kind, LossKind::Substituted);
    assert_eq!(kind.seen(&written.id).await.item.surname, "Kim");
}

#[tokio::test]
async fn one_bad_contact_does_not_block_the_rest_of_its_batch() {
    let world = world().await;
    let kind = contacts(&world);
    let (good, bad) = (person(), Contact { email: "no address".into(), ..person() });
    let many: Vec<Write<Contact>> =
        (0..201).map(|n| new(&format!("key-{n}"), if n == 7 { &bad } else { &good })).collect();
    let outcomes = kind.write(&many).await;
    assert_eq!(outcomes.len(), 201);
    assert_eq!(outcomes[7], Outcome::Rejected { code: "INVALID_EMAIL_ADDRESS".into() });
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Done(_))).count(), 200);
    let unknown = Written { id: RemoteId::new("003000000000001AAA"), version: Version::new("v"), losses: vec![] };
    assert_eq!(kind.write(&[delete(&unknown)]).await, [Outcome::Gone]);
}

#[tokio::test]
async fn of_merged_contacts_one_is_gone_and_the_other_shown() {
    let world = world().await;
    let kind = contacts(&world);
    let twin = kind.made("twin", &Contact { email: "mia2@fabrikam.example".into(), ..person() }).await;
    let stays = kind.made("stays", &person()).await;
    let (_, position) = kind.round(Position::Start).await;
    world.later(1800);
    let type_of =
        |name: &str, text: &str| format!("<t:{name} xmlns:t=\"urn:sobject.partner.soap.sforce.com\">{text}</t:{name}>");
    let master =
        format!("{}{}{}", type_of("type", "Contact"), type_of("Id", stays.id.as_str()), type_of("Department", "Sales"));
    let merge = format!(
        "<urn:request><urn:masterRecord>{master}</urn:masterRecord>\
         <urn:recordToMergeIds>{}</urn:recordToMergeIds></urn:request>",
        twin.id,
    );
    let answer = world.soap("merge", &merge);
    assert!(answer.contains("<success>true</success>"), "{answer}");
    let page = kind.items.changes(&world.anna, &position).await.unwrap();
    assert!(page.items.contains(&Observation::Gone { id: twin.id.clone() }), "{:?}", page.items);
    let shown =
        |item: &Observation<ItemSeen<Contact>>| matches!(item, Observation::Present(seen) if seen.id == stays.id);
    assert!(page.items.iter().any(shown), "{:?}", page.items);
    assert_eq!(page.items.len(), 2);
    assert_eq!(kind.read(&twin.id).await, Observation::Gone { id: twin.id.clone() });
}
