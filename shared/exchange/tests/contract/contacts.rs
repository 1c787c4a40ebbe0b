//! The address book.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use sim_exchange::PartFault;
use sim_kit::{Fault, FaultRule};
use syncline_core::contact::{Contact, ContactField, PostalAddress};
use syncline_core::cursor::{Next, Position};
use syncline_core::ids::{RemoteId, SyncKey};
use syncline_core::item::Patch;
use syncline_core::observation::{ItemSeen, Observation};
use syncline_ports::{ErrorKind, Folders, Holds, Items, Outcome, Write, Written};

use crate::bench::at;
use crate::scripted::{self, batch};
use crate::{NOW, World, world};

type Seen = Observation<ItemSeen<Contact>>;

impl World {
    /// The id of the default folder.
    async fn address_book(&self) -> RemoteId {
        let folders = Folders::list(&self.mailbox, Holds::Contacts).await.unwrap();
        folders.into_iter().find(|folder| folder.is_default).unwrap().id
    }

    async fn contacts(&self, folder: &RemoteId, writes: &[Write<Contact>]) -> Vec<Outcome> {
        Items::<Contact>::write(&self.mailbox, folder, writes).await.unwrap()
    }

    async fn make_contact(&self, folder: &RemoteId, key: &str, contact: Contact) -> Written {
        let outcomes = self.contacts(folder, &[create(key, contact)]).await;
        let [Outcome::Done(written)] = &outcomes[..] else { panic!("{outcomes:?}") };
        written.clone()
    }

    async fn read_contact(&self, id: &RemoteId) -> Option<ItemSeen<Contact>> {
        match &Items::<Contact>::read(&self.mailbox, std::slice::from_ref(id)).await.unwrap()[..] {
            [Observation::Present(seen)] => Some(ItemSeen::clone(seen)),
            [Observation::Gone { .. }] => None,
            other => panic!("{other:?}"),
        }
    }

    async fn contact_round(&self, folder: &RemoteId, mut position: Position) -> (Vec<Seen>, Position) {
        let mut items = Vec::new();
        for _ in 0..100 {
            let page = Items::<Contact>::changes(&self.mailbox, folder, &position).await.unwrap();
            items.extend(page.items);
            position = match page.next {
                Next::Page(token) => Position::Page(token),
                Next::Done(token) => return (items, Position::Delta(token)),
            };
        }
        panic!("the round does not end");
    }

    async fn find_contacts(&self, folder: &RemoteId, keys: &[&str]) -> Vec<RemoteId> {
        let keys: Vec<SyncKey> = keys.iter().map(|key| SyncKey::from_text(*key)).collect();
        let found = Items::<Contact>::find(&self.mailbox, folder, &keys).await.unwrap();
        found.into_iter().map(|seen| seen.id).collect()
    }
}

pub(crate) fn contact() -> Contact {
    Contact {
        given_name: "Mia".into(),
        middle_name: "K.".into(),
        surname: "Lind".into(),
        title: "Dr.".into(),
        generation: "III".into(),
        email: "mia@fabrikam.example".into(),
        job_title: "Buyer".into(),
        department: "Purchase".into(),
        company: "Fabrikam".into(),
        business_phone: "+1 555 0100".into(),
        mobile_phone: "+1 555 0300".into(),
        home_phone: "+1 555 0200".into(),
        assistant: "Tom".into(),
        business_address: PostalAddress {
            street: "1 Main St\nFloor 2".into(),
            city: "Reno".into(),
            state: "NV".into(),
            postal_code: "89501".into(),
            country: "USA".into(),
        },
        other_address: PostalAddress { city: "Oslo".into(), ..PostalAddress::default() },
        birthday: Some("1980-05-17".parse().unwrap()),
        notes: "One\nTwo".into(),
    }
}

fn create(key: &str, contact: Contact) -> Write<Contact> {
    Write::Create { key: SyncKey::from_text(key), item: contact }
}

fn update(written: &Written, fields: &[ContactField], contact: Contact) -> Write<Contact> {
    let patch = Patch { fields: fields.iter().copied().collect(), item: contact };
    Write::Update { id: written.id.clone(), expected: written.version.clone(), patch }
}

fn delete(written: &Written) -> Write<Contact> {
    Write::Delete { id: written.id.clone(), expected: written.version.clone() }
}

fn present(items: &[Seen]) -> Vec<&ItemSeen<Contact>> {
    let seen = items.iter().map(|item| match item {
        Observation::Present(seen) => seen.as_ref(),
        other => panic!("{other:?}"),
    });
    seen.collect()
}

#[tokio::test]
async fn what_is_written_is_read_back_the_same_in_the_default_folder_and_in_another() {
    let world = world().await;
    let default = world.address_book().await;
    let other = Folders::create(&world.mailbox, Holds::Contacts, None, "Salesforce Contacts").await.unwrap().id;
    let bare = Contact { surname: "Lind".into(), ..Contact::default() };
    for (folder, key, item) in
        [(&default, "1", contact()), (&default, "2", bare.clone()), (&other, "3", contact()), (&other, "4", bare)]
    {
        let written = world.make_contact(folder, key, item.clone()).await;
        let seen = world.read_contact(&written.id).await.unwrap();
        assert_eq!(seen.item, item, "{key}");
        assert_eq!(seen.key, Some(SyncKey::from_text(key)));
        assert_eq!((&seen.id, &seen.version, &seen.collection), (&written.id, &written.version, folder));
        assert_eq!((seen.created, seen.modified, seen.is_marked), (at(NOW), at(NOW), false));
        assert_eq!(world.find_contacts(folder, &[key, "nobody's", "it's"]).await, [written.id]);
    }
    assert_eq!(world.find_contacts(&default, &["3"]).await, [], "it is in another folder");
}

#[tokio::test]
async fn the_default_folder_is_reached_by_its_name_and_by_its_id() {
    let world = world().await;
    let (id, name) = (world.address_book().await, RemoteId::new("contacts"));
    let (before, _) = world.contact_round(&id, Position::Start).await;
    let written = world.make_contact(&name, "k", contact()).await;
    assert_eq!(world.find_contacts(&name, &["k"]).await, world.find_contacts(&id, &["k"]).await);
    let (by_id, _) = world.contact_round(&id, Position::Start).await;
    let (by_name, _) = world.contact_round(&name, Position::Start).await;
    assert_eq!(by_id.len(), before.len() + 1);
    assert_eq!(by_id, by_name);
    assert!(present(&by_name).iter().any(|seen| seen.id == written.id && seen.collection == id));
}

#[tokio::test]
async fn d08_an_update_keeps_what_it_does_not_name() {
    let world = world().await;
    let folder = world.address_book().await;
    let made = world.make_contact(&folder, "k", contact()).await;
    let entry = |name: &str, address: &str| json!({"name": name, "address": address});
    let more = json!({
        "emailAddresses": [entry("Mia at work", "mia@fabrikam.example"), entry("home", "mia@home.example")],
        "businessPhones": ["+1 555 0100", "+1 555 0101"], "homePhones": ["+1 555 0200", "+1 555 0201"],
        "nickName": "Mimi", "homeAddress": {"city": "Bergen"}, "categories": ["Family", "salesforce"],
    });
    let path = format!("/me/contacts/{}", made.id);
    let there = world.does(Method::PATCH, &path, &more).await;
    assert_eq!(world.contacts(&folder, &[update(&made, &[ContactField::Email], contact())]).await, [Outcome::Stale]);
    assert_eq!(world.contacts(&folder, &[update(&made, &[ContactField::Notes], contact())]).await, [Outcome::Stale]);
    assert_eq!(world.contacts(&folder, &[delete(&made)]).await, [Outcome::Stale]);

    let seen = world.read_contact(&made.id).await.unwrap();
    assert!(seen.is_marked);
    assert_eq!(there["@odata.etag"], seen.version.as_str());
    let here = Written { id: made.id.clone(), version: seen.version, losses: vec![] };
    let changed = Contact {
        surname: "Berg".into(),
        email: "mia@contoso.example".into(),
        business_phone: "+1 555 0111".into(),
        home_phone: String::new(),
        job_title: "not named".into(),
        ..contact()
    };
    let fields = [ContactField::Surname, ContactField::Email, ContactField::BusinessPhone, ContactField::HomePhone];
    let outcomes = world.contacts(&folder, &[update(&here, &fields, changed)]).await;
    let [Outcome::Done(written)] = &outcomes[..] else { panic!("{outcomes:?}") };
    let (_, now) = world.other(Method::GET, &path, &Value::Null).await;
    let expected = json!([entry("Mia at work", "mia@contoso.example"), entry("home", "mia@home.example")]);
    assert_eq!(now["emailAddresses"], expected);
    assert_eq!(now["businessPhones"], json!(["+1 555 0111", "+1 555 0101"]));
    assert_eq!(now["homePhones"], json!(["+1 555 0201"]));
    assert_eq!((&now["nickName"], &now["homeAddress"]["city"]), (&json!("Mimi"), &json!("Bergen")));
    assert_eq!((&now["jobTitle"], &now["categories"]), (&json!("Buyer"), &more["categories"]));
    assert_eq!(now["displayName"], "Mia K. Berg");
    assert_eq!(now["@odata.etag"], written.version.as_str());
    assert_eq!(world.read_contact(&made.id).await.unwrap().key, Some(SyncKey::from_text("k")));
}

#[tokio::test]
async fn every_field_can_be_emptied() {
    let world = world().await;
    let folder = world.address_book().await;
    let made = world.make_contact(&folder, "k", contact()).await;
    let empty = Contact { surname: "Lind".into(), ..Contact::default() };
    let outcomes = world.contacts(&folder, &[update(&made, &ContactField::ALL, empty.clone())]).await;
    assert!(matches!(outcomes[..], [Outcome::Done(_)]), "{outcomes:?}");
    assert_eq!(world.read_contact(&made.id).await.unwrap().item, empty);
}

#[tokio::test]
async fn a_delete_and_a_move_away_are_seen_and_a_second_delete_finds_nothing() {
    let world = world().await;
    let folder = world.address_book().await;
    let other = Folders::create(&world.mailbox, Holds::Contacts, None, "Other").await.unwrap().id;
    let made = world.make_contact(&folder, "k", contact()).await;
    let moved = world.make_contact(&folder, "m", contact()).await;
    let (_, position) = world.contact_round(&folder, Position::Start).await;
    world.does(Method::PATCH, &format!("/me/contacts/{}", moved.id), &json!({"parentFolderId": other.as_str()})).await;
    assert_eq!(world.contacts(&folder, &[delete(&made)]).await, [Outcome::Done(made.clone())]);
    let late = update(&made, &[ContactField::Email], contact());
    assert_eq!(world.contacts(&folder, &[delete(&made), late]).await, [Outcome::Gone, Outcome::Gone]);
    assert_eq!(world.read_contact(&made.id).await, None);
    let (items, _) = world.contact_round(&folder, position).await;
    let gone = |id: &RemoteId| Observation::Gone { id: id.clone() };
    assert_eq!(items.len(), 2, "{items:?}");
    assert!(items.contains(&gone(&made.id)) && items.contains(&gone(&moved.id)), "{items:?}");
    assert_eq!(world.read_contact(&moved.id).await.unwrap().collection, other, "its id stays");
}

#[tokio::test]
async fn a_round_has_pages_and_the_next_one_only_changes() {
    let world = world().await;
    let folder = Folders::create(&world.mailbox, Holds::Contacts, None, "Many").await.unwrap().id;
    let writes: Vec<_> = (0..45).map(|n| create(&n.to_string(), contact())).collect();
    assert!(world.contacts(&folder, &writes).await.iter().all(|outcome| matches!(outcome, Outcome::Done(_))));
    world.tenant.model().switches.page_limit = Some(20);
    let first = Items::<Contact>::changes(&world.mailbox, &folder, &Position::Start).await.unwrap();
    assert!(matches!(first.next, Next::Page(_)));
    let (items, position) = world.contact_round(&folder, Position::Start).await;
    assert_eq!(present(&items).len(), 45);
    let (items, position) = world.contact_round(&folder, position).await;
    assert_eq!(items, []);
    let made = world.make_contact(&folder, "new", contact()).await;
    let (items, _) = world.contact_round(&folder, position).await;
    assert_eq!(present(&items).iter().map(|seen| &seen.id).collect::<Vec<_>>(), [&made.id]);
}

#[tokio::test]
async fn a_forgotten_position_and_a_missing_folder_say_so() {
    let world = world().await;
    let folder = Folders::create(&world.mailbox, Holds::Contacts, None, "Doomed").await.unwrap().id;
    let (_, position) = world.contact_round(&folder, Position::Start).await;
    world.tenant.model().expire_delta_tokens();
    let error = Items::<Contact>::changes(&world.mailbox, &folder, &position).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::CursorExpired);

    Folders::delete(&world.mailbox, Holds::Contacts, &folder).await.unwrap();
    let error = Items::<Contact>::changes(&world.mailbox, &folder, &Position::Start).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Gone);
    assert_eq!(world.contacts(&folder, &[create("k", contact())]).await, [Outcome::Gone]);
    let found = Items::<Contact>::find(&world.mailbox, &folder, &[SyncKey::from_text("k")]).await;
    assert_eq!(found.unwrap_err().kind, ErrorKind::Gone);
}

#[tokio::test]
async fn a_lost_answer_to_a_create_is_unknown_and_looking_finds_one() {
    let world = world().await;
    let folder = world.address_book().await;
    world.tenant.model().switches.lost_posts = 1;
    let outcomes = world.contacts(&folder, &[create("lost", contact()), create("told", contact())]).await;
    assert!(matches!(outcomes[..], [Outcome::Unknown, Outcome::Done(_)]), "{outcomes:?}");
    assert_eq!(world.find_contacts(&folder, &["lost"]).await.len(), 1);

    world.tenant.faults().add(FaultRule::on(Method::POST, "batch", Fault::FailAfter(504)));
    assert_eq!(world.contacts(&folder, &[create("all lost", contact())]).await, [Outcome::Unknown]);
    assert_eq!(world.find_contacts(&folder, &["all lost", "lost"]).await.len(), 2);
}

#[tokio::test]
async fn each_part_of_a_batch_has_its_own_outcome_the_read_before_a_write_too() {
    let world = world().await;
    let folder = world.address_book().await;
    let mut made = Vec::new();
    for key in ["1", "2", "3", "4"] {
        made.push(world.make_contact(&folder, key, contact()).await);
    }
    let fault =
        |target: &str, status, retry_after| PartFault { target_contains: target.into(), times: 1, status, retry_after };
    world.tenant.model().switches.part_faults =
        vec![fault("GET", 429, Some(40)), fault("PATCH", 503, None), fault("PATCH", 429, Some(30))];
    let write = |at: usize, field| update(&made[at], &[field], Contact { notes: "New".into(), ..contact() });
    let fields = [ContactField::Email, ContactField::Notes, ContactField::Notes, ContactField::Notes];
    let writes: Vec<_> = fields.into_iter().enumerate().map(|(at, field)| write(at, field)).collect();
    let outcomes = world.contacts(&folder, &writes).await;
    let later = |after: u64, outcome: &Outcome| matches!(outcome, Outcome::Later { after: wait, .. } if *wait == Some(Duration::from_secs(after)));
    assert!(later(40, &outcomes[0]) && later(30, &outcomes[2]), "{outcomes:?}");
    assert_eq!(outcomes[1], Outcome::Unknown);
    assert!(matches!(outcomes[3], Outcome::Done(_)), "{outcomes:?}");
}

#[tokio::test]
async fn a_write_that_comes_between_makes_an_update_stale() {
    let world = world().await;
    let folder = world.address_book().await;
    let made = world.make_contact(&folder, "k", contact()).await;
    for status in [412, 409] {
        world.tenant.model().switches.stale_status = status;
        world.tenant.model().switches.stale_writes = 1;
        let write = update(&made, &[ContactField::Email], contact());
        assert_eq!(world.contacts(&folder, &[write]).await, [Outcome::Stale], "{status}");
    }
}

fn wire(id: &str) -> Value {
    json!({
        "id": id, "changeKey": "1", "parentFolderId": "f1", "createdDateTime": "2031-03-01T09:00:00Z",
        "lastModifiedDateTime": "2031-03-01T09:00:00Z",
    })
}

#[tokio::test]
async fn unreadable_rows_do_not_stop_the_rest() {
    let rows = json!([
        wire("good"), wire("bad"), wire("left"), {"id": "gone", "@removed": {"reason": "changed"}}, {"surname": "no id"},
    ]);
    let world = scripted::world(move |request| {
        if request.path.ends_with("/delta") {
            return scripted::delta_page(request, &rows);
        }
        batch(request, |url| match url.trim_start_matches("/me/contacts/").split('?').next().unwrap() {
            "good" => (200, wire("good")),
            "bad" => (200, json!({"id": "bad", "emailAddresses": "secret"})),
            _ => (404, json!({"error": {"code": "ErrorItemNotFound"}})),
        })
    })
    .await;
    let page = Items::<Contact>::changes(&world.mailbox, &RemoteId::new("f1"), &Position::Start).await.unwrap();
    let [Observation::Present(good), rest @ ..] = &page.items[..] else { panic!("{:?}", page.items) };
    assert_eq!((good.id.as_str(), good.collection.as_str()), ("good", "f1"));
    let unreadable =
        |id: &str, problem: &str| Observation::Unreadable { id: RemoteId::new(id), problem: problem.into() };
    let expected = [
        unreadable("bad", "parentFolderId is missing"),
        Observation::Gone { id: RemoteId::new("left") },
        Observation::Gone { id: RemoteId::new("gone") },
        unreadable("(no id)", "id is missing"),
    ];
    assert_eq!(rest, expected);
}
