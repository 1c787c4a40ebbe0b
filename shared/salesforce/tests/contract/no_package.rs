//! An org that has not installed our package: nothing carries a key, and what was made is known by what it is.

use reqwest::Method;
use sim_kit::{Fault, FaultRule};
use syncline_core::ids::MessageId;
use syncline_core::mail::{Correspondent, Mail};
use syncline_core::task::{Importance, Task, TaskStatus};
use syncline_ports::{LeadDraft, NewCrmMail, Write};

use super::*;

async fn bare() -> World {
    let mut org = Org::empty("bare", at(NOW));
    org.add_user("Anna Berg", ANNA, at(NOW));
    world_of(org).await
}

#[tokio::test]
async fn events_are_made_read_changed_and_deleted_without_a_key() {
    let world = bare().await;
    let made = world.made("key", &meeting()).await;
    let seen = world.seen(&made.id).await;
    assert_eq!((&seen.event, &seen.key, &seen.version), (&meeting(), &None, &made.version));
    assert_eq!(world.events().find(&[SyncKey::from_text("key")]).await.unwrap(), [], "nothing carries it");
    world.later(5);
    let delete = EventWrite::Delete { id: made.id.clone(), expected: made.version.clone() };
    assert_eq!(world.write_one(delete).await, Outcome::Done(made));
}

#[tokio::test]
async fn a_lost_create_is_found_by_what_it_is_and_two_alike_stay_two() {
    let world = bare().await;
    world.made("warm", &Event { subject: "Other".into(), ..meeting() }).await;
    world.org.faults().add(FaultRule::on(Method::POST, "v59.0/composite", Fault::FailAfter(504)));
    let twins = [create("one", &meeting()), create("two", &meeting())];
    assert_eq!(world.events().write(&twins).await.unwrap(), [Outcome::Unknown, Outcome::Unknown]);
    assert_eq!(world.count("Event"), 3);
    world.later(60);
    let ids: Vec<_> = world.events().write(&twins).await.unwrap().into_iter().map(|it| done(it).id).collect();
    assert_eq!(world.count("Event"), 3);
    assert_ne!(ids[0], ids[1]);
    let another = [create("three", &Event { time: timed(NOW, NOW), ..meeting() })];
    world.events().write(&another).await.unwrap();
    assert_eq!(world.count("Event"), 4, "another time is another event");
    world.later(3 * 24 * 3600);
    world.made("later", &meeting()).await;
    assert_eq!(world.count("Event"), 5, "what is that old was not left behind by a lost answer");
}

#[tokio::test]
async fn a_lost_create_of_what_is_archived_at_once_is_found_too() {
    let world = bare().await;
    let long_ago = Event { time: timed("2029-03-04T09:00:00Z", "2029-03-04T10:00:00Z"), ..meeting() };
    for fault in [Fault::FailAfter(504), Fault::DropAfter] {
        world.org.faults().add(FaultRule::on(Method::POST, "v59.0/composite", fault));
        world.write_one(create("key", &long_ago)).await;
    }
    world.made("key", &long_ago).await;
    assert_eq!(world.count("Event"), 1);
}

#[tokio::test]
async fn tasks_leads_and_mail_are_made_once() {
    let world = bare().await;
    let task = Task {
        subject: "Call".into(),
        body: String::new(),
        due: None,
        status: TaskStatus::NotStarted,
        importance: Importance::Normal,
        reminder: None,
    };
    let writes = [Write::Create { key: SyncKey::from_text("key"), item: task }];
    for _ in 0..2 {
        done(world.crm.tasks().unwrap().write(&world.anna, &writes).await.unwrap().remove(0));
    }
    assert_eq!(world.count("Task"), 1);

    let draft = LeadDraft {
        key: SyncKey::from_text("lead"),
        first_name: "Kim".into(),
        last_name: "Li".into(),
        company: "Litware".into(),
        address: "Kim.Li@litware.example".into(),
        owner: world.anna.clone(),
    };
    let lead = world.crm.people().create_lead(&draft).await.unwrap().id;
    assert_eq!(world.crm.people().create_lead(&draft).await.unwrap().id, lead);

    let message = MessageId::new("1@fabrikam.example");
    let mail = Mail {
        id: RemoteId::new("m1"),
        message_id: Some(message.clone()),
        subject: "Offer".into(),
        from: Correspondent::new("mia@fabrikam.example", ""),
        to: vec![],
        cc: vec![],
        bcc: vec![],
        sent: at(NOW),
        received: at(NOW),
        text: "Hello".into(),
        html: None,
        is_draft: false,
        is_service: false,
    };
    let key = SyncKey::from_text("mail");
    let new = NewCrmMail { key: key.clone(), message: &message, mail: &mail, incoming: true, relations: vec![] };
    let made = world.crm.mail().create(&new).await.unwrap();
    assert_eq!(world.crm.mail().create(&new).await.unwrap().id, made.id);
    assert_eq!(world.crm.mail().find(&[(key, message)]).await.unwrap()[0].1, made.id);
    assert_eq!((world.count("Lead"), world.count("EmailMessage")), (1, 1));
}

#[tokio::test]
async fn a_package_that_comes_later_is_used_once_describe_tells() {
    let world = bare().await;
    world.made("before", &meeting()).await;
    world.later(3600);
    let package = sim_salesforce::Package::syncline().unwrap();
    world.org.with(|org, context| {
        org.install(&package, context.now);
        org.give_everybody("Syncline", context.now).unwrap();
    });
    let other = Event { subject: "Other".into(), ..meeting() };
    let made = world.made("after", &other).await;
    assert_eq!(world.seen(&made.id).await.key, Some(SyncKey::from_text("after")));
}
