//! Records of e-mail.

use reqwest::Method;
use serde_json::json;
use sim_kit::{Fault, FaultRule};
use syncline_core::ids::MessageId;
use syncline_core::mail::{Correspondent, Mail, Role};
use syncline_ports::{ErrorKind, NewCrmMail, Relation};

use super::*;

const MIA: &str = "mia.larsen@fabrikam.example";

fn person(address: &str) -> Correspondent {
    Correspondent::new(address, "").unwrap()
}

fn offer() -> Mail {
    Mail {
        id: RemoteId::new("m1"),
        message_id: Some(MessageId::new("1@fabrikam.example")),
        subject: "Offer".into(),
        from: Some(person(MIA)),
        to: vec![person(ANNA)],
        cc: vec![],
        bcc: vec![],
        sent: at("2031-03-03T08:00:00Z"),
        received: at("2031-03-03T08:00:04Z"),
        text: "Hello".into(),
        html: None,
        is_draft: false,
        is_service: false,
    }
}

fn mia(world: &World) -> Relation {
    let id = world.org.model().rows("Contact").find(|row| row.text("Email") == MIA).unwrap().id().to_owned();
    Relation { person: RemoteId::new(id), role: Role::From, correspondent: person(MIA) }
}

fn anna(world: &World) -> Relation {
    Relation { person: world.anna.clone(), role: Role::To, correspondent: person(ANNA) }
}

fn key() -> SyncKey {
    SyncKey::from_text("0123456789abcdef0123456789abcdef")
}

fn new<'a>(message: &'a MessageId, mail: &'a Mail, relations: Vec<Relation>) -> NewCrmMail<'a> {
    NewCrmMail { key: key(), message, mail, incoming: true, relations }
}

/// Who is on the record, and as what.
fn relations(world: &World, record: &RemoteId) -> Vec<(String, String)> {
    let model = world.org.model();
    let rows = model.rows("EmailMessageRelation").filter(|row| row.text("EmailMessageId") == record.as_str());
    let mut relations: Vec<_> =
        rows.map(|row| (row.text("RelationType").to_owned(), row.text("RelationId").to_owned())).collect();
    relations.sort();
    relations
}

#[tokio::test]
async fn d25_a_mail_becomes_one_record_however_often_it_is_created() {
    let world = world().await;
    let (message, mail) = (MessageId::new("1@fabrikam.example"), offer());
    let mia = mia(&world);
    let record = world.crm.mail().create(&new(&message, &mail, vec![mia.clone()])).await.unwrap().id;
    let row = world.org.model().row(record.as_str()).cloned().unwrap();
    let expected =
        [("Subject", "Offer"), ("FromAddress", MIA), ("ToAddress", ANNA), ("TextBody", "Hello"), ("Status", "1")];
    for (field, text) in expected {
        assert_eq!(row.text(field), text, "{field}");
    }
    assert_eq!(row.get("Incoming"), &json!(true));
    assert_eq!(row.text("MessageIdentifier"), "1@fabrikam.example");
    assert_eq!(relations(&world, &record), [("FromAddress".to_owned(), mia.person.to_string())]);

    let with_anna = new(&message, &mail, vec![mia.clone(), anna(&world)]);
    assert_eq!(world.crm.mail().create(&with_anna).await.unwrap().id, record);
    assert_eq!(world.count("EmailMessage"), 1);
    let both = [("FromAddress".to_owned(), mia.person.to_string()), ("ToAddress".to_owned(), world.anna.to_string())];
    assert_eq!(relations(&world, &record), both, "only the missing one was added");
}

#[tokio::test]
async fn a_mail_whose_answer_is_lost_is_unknown_and_the_next_try_ends_with_one_record() {
    for target in ["/sobjects/EmailMessage", "/composite/sobjects"] {
        let world = world().await;
        let (message, mail) = (MessageId::new("1@fabrikam.example"), offer());
        let new = new(&message, &mail, vec![mia(&world)]);
        world.org.faults().add(FaultRule::on(Method::POST, target, Fault::FailAfter(504)));
        assert_eq!(world.crm.mail().create(&new).await.unwrap_err().kind, ErrorKind::Unknown);
        let record = world.crm.mail().create(&new).await.unwrap().id;
        assert_eq!((world.count("EmailMessage"), relations(&world, &record).len()), (1, 1), "{target}");
    }
}

#[tokio::test]
async fn records_are_found_by_key_and_by_message_id() {
    let world = world().await;
    let mail = offer();
    let message = MessageId::new("1@fabrikam.example");
    let ours = world.crm.mail().create(&new(&message, &mail, vec![])).await.unwrap().id;
    let body = json!({"Subject": "By another program", "MessageIdentifier": "<2@fabrikam.example>", "Status": "3"});
    let theirs = world.by_hand(Method::POST, "sobjects/EmailMessage", &body)["id"].as_str().unwrap().to_owned();
    world.org.journal().clear();
    let other = |n: u32| (SyncKey::from_text(format!("{n:032}")), MessageId::new(format!("{n}@fabrikam.example")));
    let asked = [(key(), message.clone()), other(2), other(3), other(4)];
    let found = world.crm.mail().find(&asked).await.unwrap();
    assert_eq!(found, [(message, ours), (MessageId::new("2@fabrikam.example"), RemoteId::new(theirs))]);
    assert_eq!(world.org.journal().total(), 1);
    assert_eq!(world.crm.mail().find(&[]).await.unwrap(), []);
}

#[tokio::test]
async fn relations_are_added_later_and_once() {
    let world = world().await;
    let (message, mail) = (MessageId::new("1@fabrikam.example"), offer());
    let record = world.crm.mail().create(&new(&message, &mail, vec![])).await.unwrap().id;
    assert_eq!(relations(&world, &record), []);
    for _ in 0..2 {
        world.crm.mail().relate(&record, &[mia(&world), anna(&world)]).await.unwrap();
        assert_eq!(relations(&world, &record).len(), 2);
    }
}

#[tokio::test]
async fn d26_without_enhanced_email_a_mail_is_a_completed_task() {
    for installed in [true, false] {
        let world = if installed {
            world().await
        } else {
            let mut org = sim_salesforce::Salesforce::empty("bare", at(NOW));
            org.add_user("Anna Berg", ANNA, at(NOW));
            world_of(org).await
        };
        world.org.with(|org, context| {
            org.set_feature(sim_salesforce::Feature::EnhancedEmail, false, context.now);
        });
        let (message, mail) = (MessageId::new("1@fabrikam.example"), offer());
        let body = json!({"LastName": "Larsen", "Email": MIA});
        let mia = world.by_hand(Method::POST, "sobjects/Contact", &body)["id"].as_str().unwrap().to_owned();
        let mia = Relation { person: RemoteId::new(&mia), role: Role::From, correspondent: person(MIA) };
        let new = new(&message, &mail, vec![mia.clone()]);
        let record = world.crm.mail().create(&new).await.unwrap().id;
        let row = world.org.model().row(record.as_str()).cloned().unwrap();
        for (field, text) in [
            ("Subject", "Email: Offer"),
            ("Description", "Hello"),
            ("Status", "Completed"),
            ("TaskSubtype", "Email"),
            ("ActivityDate", "2031-03-03"),
            ("WhoId", mia.person.as_str()),
        ] {
            assert_eq!(row.text(field), text, "{field}");
        }
        assert_eq!(world.crm.mail().create(&new).await.unwrap().id, record, "once");
        assert_eq!((world.count("Task"), world.count("EmailMessage")), (1, 0));
        let found = world.crm.mail().find(&[(key(), message.clone())]).await.unwrap();
        assert_eq!(found.len(), usize::from(installed), "a task has no place for the Message-ID");
        world.crm.mail().relate(&record, &[anna(&world), mia]).await.unwrap();
    }
}
