//! What a user may not see, and what rules of the org refuse.

use reqwest::Method;
use serde_json::json;
use sim_salesforce::{DuplicateAction, DuplicateRule, FieldAccess, ValidationRule};
use syncline_core::contact::Contact;
use syncline_core::cursor::Position;
use syncline_core::item::{EventField, EventPatch, Fields};
use syncline_ports::{LeadDraft, LossKind, Write};

use super::*;

const BEN: &str = "ben.carter@northwind.example";

fn hide(world: &World, whom: &str, field: &str, access: FieldAccess) {
    world.org.with(|org, context| org.set_field_access(whom, field, Some(access), context.now)).unwrap();
}

#[tokio::test]
async fn d13_a_field_the_user_may_not_see_is_hidden_and_not_empty() {
    let world = world().await;
    hide(&world, ANNA, "Event.Location", FieldAccess::Hidden);
    let made = world.made("key", &meeting()).await;
    assert_eq!(
        made.losses.iter().map(|loss| (loss.field.as_str(), loss.kind)).collect::<Vec<_>>(),
        [("Location", LossKind::NoField)]
    );
    let seen = world.seen(&made.id).await;
    assert_eq!(seen.standing.hidden, Fields::from([EventField::Location]));
    assert_eq!(seen.event, Event { location: String::new(), ..meeting() });
    let page = world.events().changes(&window(), &Position::Start).await.unwrap();
    assert_eq!(present(page.items[0].clone()).standing.hidden, Fields::from([EventField::Location]));
    // A patch of nothing else changes nothing, and says so.
    let patch = EventPatch { fields: Fields::from([EventField::Location]), item: meeting() };
    let update = EventWrite::Update { id: made.id.clone(), expected: made.version.clone(), patch };
    let written = done(world.write_one(update).await);
    assert_eq!((written.version, written.losses.len()), (made.version, 1));
}

#[tokio::test]
async fn who_sees_less_than_a_colleague_finds_out_by_being_refused_once() {
    let world = world().await;
    let made = world.made("key", &meeting()).await;
    hide(&world, BEN, "Event.Location", FieldAccess::Hidden);
    let ben = world.colleague(BEN);
    let user = world.org.model().rows("User").find(|row| row.text("Username") == BEN).unwrap().id().to_owned();
    let wanted = syncline_ports::Wanted {
        collection: RemoteId::new(user),
        window: window(),
        events: Some(Position::Start),
        tasks: Some(Position::Start),
        contacts: None,
        pressing: false,
    };
    let polled = ben.poll(&wanted).await.unwrap();
    assert!(polled.events.unwrap().is_ok() && polled.tasks.unwrap().is_ok());
    let new = EventWrite::Create { key: SyncKey::from_text("bens"), item: meeting() };
    let written = done(ben.events().write(&[new]).await.unwrap().remove(0));
    assert_eq!(written.losses[0].kind, LossKind::NoField);
    let read = ben.events().read(std::slice::from_ref(&written.id)).await.unwrap().remove(0);
    assert_eq!(present(read).standing.hidden, Fields::from([EventField::Location]));
    assert_eq!(world.seen(&made.id).await.standing.hidden, Fields::new(), "Anna still sees all");
}

#[tokio::test]
async fn who_sees_more_than_a_colleague_who_asked_first_sees_all() {
    let world = world().await;
    hide(&world, BEN, "Event.Location", FieldAccess::Hidden);
    hide(&world, BEN, "Event.Description", FieldAccess::Read);
    let new = |key: &str| EventWrite::Create { key: SyncKey::from_text(key), item: meeting() };
    let bens = done(world.colleague(BEN).events().write(&[new("bens")]).await.unwrap().remove(0));
    assert_eq!(bens.losses.len(), 2);
    let made = done(world.write_one(new("annas")).await);
    assert_eq!(made.losses, []);
    assert_eq!(world.seen(&made.id).await.event, meeting());
}

#[tokio::test]
async fn users_of_one_org_share_what_it_says_of_its_objects() {
    let world = world().await;
    world.made("key", &meeting()).await;
    let page = world.events().changes(&window(), &Position::Start).await.unwrap();
    let asked = world.requests("/describe");
    assert_eq!(asked, 2, "events, and who is invited to them");
    let ben = world.colleague(BEN);
    ben.events().read(&[page.items[0].id().clone()]).await.unwrap();
    ben.events().changes(&window(), &Position::Start).await.unwrap();
    assert_eq!(world.requests("/describe"), asked);
    world.later(3600);
    world.org.journal().clear();
    ben.events().read(&[page.items[0].id().clone()]).await.unwrap();
    let unchanged = world.org.journal().entries().filter(|entry| entry.status == 304).count();
    assert_eq!(unchanged, world.requests("/describe"), "after an hour, whether it has changed");
    assert!(unchanged > 0);
}

#[tokio::test]
async fn who_sees_less_is_refused_once_and_not_in_each_session() {
    let world = world().await;
    world.made("key", &meeting()).await;
    hide(&world, BEN, "Event.Location", FieldAccess::Hidden);
    let changes = async |position: &Position| {
        let page = world.colleague(BEN).events().changes(&window(), position).await.unwrap();
        let syncline_core::cursor::Next::Done(token) = page.next else { panic!("one page") };
        Position::Delta(token)
    };
    let position = changes(&changes(&Position::Start).await).await;
    world.later(600);
    world.org.journal().clear();
    changes(&position).await;
    assert_eq!(world.org.journal().total(), 1, "an idle poll by a new adapter");
}

#[tokio::test]
async fn a_key_that_may_only_be_read_is_as_good_as_none() {
    let world = world().await;
    hide(&world, ANNA, "Event.Syncline_Key__c", FieldAccess::Read);
    for _ in 0..2 {
        let made = world.made("key", &meeting()).await;
        assert_eq!(world.seen(&made.id).await.key, None);
    }
    assert_eq!(world.count("Event"), 1, "known by what it is");
}

#[tokio::test]
async fn a_field_that_is_hidden_later_is_given_up_at_the_next_write_and_poll() {
    let world = world().await;
    let made = world.made("key", &meeting()).await;
    let page = world.events().changes(&window(), &Position::Start).await.unwrap();
    let syncline_core::cursor::Next::Done(token) = page.next else { panic!("one page") };
    hide(&world, ANNA, "Event.Location", FieldAccess::Hidden);
    world.later(60);
    let page = world.events().changes(&window(), &Position::Delta(token)).await.unwrap();
    assert!(page.items.iter().all(|item| matches!(item, Observation::Present(_))), "{:?}", page.items);
    hide(&world, ANNA, "Event.Description", FieldAccess::Read);
    let patch = EventPatch {
        fields: Fields::from([EventField::Body, EventField::Subject]),
        item: Event { subject: "New".into(), body: "New".into(), ..meeting() },
    };
    let update = EventWrite::Update { id: made.id.clone(), expected: made.version.clone(), patch };
    let written = done(world.write_one(update).await);
    assert_eq!(written.losses[0].field, "Description");
    let seen = world.seen(&made.id).await;
    assert_eq!((seen.event.subject.as_str(), seen.event.body.as_str()), ("New", "One\nTwo"));
}

#[tokio::test]
async fn a_rule_that_only_warns_of_duplicates_is_passed_over_and_one_that_blocks_refuses() {
    let world = world().await;
    let contacts = world.crm.contacts().unwrap();
    let twin = Contact {
        given_name: "Mia".into(),
        surname: "Larsen".into(),
        email: "mia.larsen@fabrikam.example".into(),
        ..Contact::default()
    };
    for (key, action) in [("one", DuplicateAction::Alert), ("two", DuplicateAction::Block)] {
        let rule = DuplicateRule::standard("Contact", action).unwrap();
        world.org.with(|org, _| org.set_duplicate_rule(rule)).unwrap();
        let write = Write::Create { key: SyncKey::from_text(key), item: twin.clone() };
        let outcome = contacts.write(&world.anna, &[write]).await.unwrap().remove(0);
        if key == "one" {
            done(outcome);
        } else {
            assert_eq!(outcome, Outcome::Rejected { code: "DUPLICATES_DETECTED".into() });
        }
    }
}

#[tokio::test]
async fn d31_a_lead_that_a_rule_takes_for_another_is_that_one_if_it_has_the_address() {
    let world = world().await;
    let draft = |last: &str, address: &str| LeadDraft {
        key: SyncKey::from_text(format!("{last}/{address}")),
        first_name: "Kim".into(),
        last_name: last.into(),
        company: "Litware".into(),
        address: address.into(),
        owner: world.anna.clone(),
    };
    let body = json!({"FirstName": "Kim", "LastName": "Li", "Company": "Litware", "Email": "kim@litware.example"});
    let there = world.by_hand(Method::POST, "sobjects/Lead", &body)["id"].as_str().unwrap().to_owned();
    let rule = DuplicateRule::standard("Lead", DuplicateAction::Block).unwrap();
    world.org.with(|org, _| org.set_duplicate_rule(rule)).unwrap();
    let made = world.crm.people().create_lead(&draft("Li", "kim@litware.example")).await.unwrap();
    assert_eq!(made.id, RemoteId::new(there));
    assert_eq!(world.count("Lead"), 1);
}

#[tokio::test]
async fn a_validation_rule_refuses_for_good_and_only_what_it_is_about() {
    let world = world().await;
    let rule = ValidationRule {
        name: "No_secrets".into(),
        object: "Event".into(),
        condition: "Subject LIKE '%secret%'".into(),
        message: "no secrets".into(),
        field: None,
    };
    world.org.with(|org, context| org.set_validation_rule(rule, context.now)).unwrap();
    let secret = Event { subject: "secret".into(), ..meeting() };
    let outcomes = world.events().write(&[create("one", &secret), create("two", &meeting())]).await.unwrap();
    assert_eq!(outcomes[0], Outcome::Rejected { code: "FIELD_CUSTOM_VALIDATION_EXCEPTION".into() });
    done(outcomes[1].clone());
}
