//! Mail into Salesforce.

use sim_exchange::WellKnown;
use syncline::seed::Person;
use syncline_core::policy::{Policy, ResolveMode};
use syncline_tests::Scene;
use syncline_tests::world::{ANNA, BEN, CARLA};

/// A mail as it travels. `headers` come after the usual ones.
pub(crate) fn mail(id: &str, from: &str, to: &str, subject: &str, headers: &str) -> String {
    let id = if id.is_empty() { String::new() } else { format!("Message-ID: <{id}>\r\n") };
    format!(
        "{id}From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: Mon, 03 Mar 2031 08:59:00 +0000\r\n{headers}\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n"
    )
}

/// A mail arrives in somebody's inbox.
pub(crate) async fn arrives(scene: &mut Scene, person: &Person, id: &str, from: &str, subject: &str) -> String {
    arrives_with(scene, person, id, from, subject, "").await
}

async fn arrives_with(
    scene: &mut Scene,
    person: &Person,
    id: &str,
    from: &str,
    subject: &str,
    headers: &str,
) -> String {
    scene.world.advance(std::time::Duration::from_mins(1));
    let mime = mail(id, from, person.address, subject, headers);
    let id = scene.world.receive(person, &mime).await;
    let name = scene.mailbox_name(&id);
    scene.note(format!("{} gets {name} from {from}: \"{subject}\"", person.name));
    id
}

/// The same mail from Mia, with Tom copied in, arrives in several inboxes.
async fn arrives_at_all(scene: &mut Scene, people: &[&Person]) {
    let to: Vec<_> = people.iter().map(|person| person.address).collect();
    let copied = "Cc: Tom Okafor <tom.okafor@contoso.example>\r\n";
    let mime = mail("1@fabrikam.example", MIA, &to.join(", "), "Offer to all", copied);
    scene.act("Mia sends one mail to all of them, and Tom a copy");
    for person in people {
        let id = scene.world.receive(person, &mime).await;
        let name = scene.mailbox_name(&id);
        scene.detail(format!("{} gets {name}", person.name));
    }
}

const MIA: &str = "Mia Larsen <Mia.Larsen@Fabrikam.example>";

fn leads() -> Policy {
    Policy { resolve_mode: ResolveMode::Lead, ..Policy::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_from_a_contact_is_recorded_from_exchange_and_from_gmail() {
    let title = "A mail from a known contact becomes one record linked to her, from an Exchange and from a Gmail mailbox; \
                 the next session has nothing to do.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    arrives(&mut scene, ANNA, "1@fabrikam.example", MIA, "Offer, to Outlook").await;
    arrives(&mut scene, CARLA, "2@fabrikam.example", MIA, "Offer, to Gmail").await;
    for person in [ANNA, CARLA] {
        scene.ingest(person).await;
    }
    scene.emails().await;
    for person in [ANNA, CARLA] {
        scene.ingest(person).await;
    }
    scene.leads().await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d25_the_same_mail_in_three_mailboxes_is_one_record() {
    let title = "A mail to Anna, Ben and Carla lies in three mailboxes and is one record in Salesforce.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    arrives_at_all(&mut scene, &[ANNA, BEN, CARLA]).await;
    for person in [ANNA, BEN, CARLA] {
        scene.ingest(person).await;
    }
    scene.emails().await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d25_two_users_at_once_make_one_record() {
    let title = "Anna's and Carla's sessions meet the same mail in the same moment: one record. Whoever came second adds \
                 to it, at once or a minute later.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    arrives_at_all(&mut scene, &[ANNA, CARLA]).await;
    // Which of the two is first is chance, and so is not written down.
    tokio::join!(scene.world.ingest(ANNA), scene.world.ingest(CARLA));
    scene.act("Anna's and Carla's sessions run at once");
    scene.wait(std::time::Duration::from_mins(2));
    tokio::join!(scene.world.ingest(ANNA), scene.world.ingest(CARLA));
    scene.emails().await;
    for person in [ANNA, CARLA] {
        scene.console(person).await;
    }
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sent_mail_is_recorded_too() {
    let title = "What Anna sends from Outlook and Carla from Gmail is recorded as going out, linked to who got it.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    let to = "Mia Larsen <mia.larsen@fabrikam.example>, tom.okafor@contoso.example";
    let mime = mail("1@northwind.example", "Anna Berg <anna.berg@northwind.example>", to, "Our offer, by Outlook", "");
    let exchange = &scene.world.stack.vendors.exchange;
    let sent = WellKnown::SentItems;
    exchange.with(|exchange, at| exchange.deliver(ANNA.address, sent, mime.as_bytes(), at)).expect("a mail");
    scene.act("Anna sends a mail to Mia and Tom");
    let mime = mail("2@northwind.example", "Carla Diaz <carla.diaz@northwind.example>", to, "Our offer, by Gmail", "");
    let gmail = &scene.world.stack.vendors.gmail;
    gmail.with(|gmail, at| gmail.deliver(CARLA.address, &["SENT"], mime.as_bytes(), at)).expect("a mail");
    scene.act("Carla sends a mail to Mia and Tom");
    for person in [ANNA, CARLA] {
        scene.ingest(person).await;
    }
    scene.emails().await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_recorded_has_a_reason() {
    let title = "Mail that is not for Salesforce is skipped, each with its reason: from colleagues only, a bounce, an \
                 out-of-office answer, a draft, blocked senders, a stranger at a free-mail domain. One without a Message-ID \
                 gets one from the mail server and is recorded.";
    let blocklist = vec!["spam.example".to_owned(), "tom.okafor@contoso.example".to_owned()];
    let mut scene = Scene::begin(title, Policy { blocklist, ..leads() }).await;
    for person in [ANNA, CARLA] {
        let tag = person.id;
        let id = |n: u32| format!("{n}.{tag}@mail.example");
        let bounce = "Mail Delivery System <MAILER-DAEMON@mx.fabrikam.example>";
        arrives(&mut scene, person, &id(1), "ben.carter@northwind.example", "Lunch?").await;
        arrives(&mut scene, person, &id(2), bounce, "Undelivered").await;
        let automatic = "Auto-Submitted: auto-replied\r\n";
        arrives_with(&mut scene, person, &id(3), MIA, "Out of office", automatic).await;
        arrives(&mut scene, person, &id(4), "Shop <news@spam.example>", "Buy now").await;
        arrives(&mut scene, person, &id(5), "tom.okafor@contoso.example", "From Tom").await;
        arrives(&mut scene, person, "", MIA, "Without an id").await;
        arrives(&mut scene, person, &id(6), "Kim Lee <kim.lee@gmail.com>", "From a free-mail address").await;
    }
    let mime = mail("7@northwind.example", "carla.diaz@northwind.example", "mia.larsen@fabrikam.example", "Draft", "");
    let gmail = &scene.world.stack.vendors.gmail;
    gmail.with(|gmail, at| gmail.deliver(CARLA.address, &["DRAFT"], mime.as_bytes(), at)).expect("a mail");
    scene.act("Carla begins a mail to Mia and does not send it");
    for person in [ANNA, CARLA] {
        scene.ingest(person).await;
    }
    scene.work_off().await;
    scene.emails().await;
    scene.leads().await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d02_mail_from_long_before_the_activation_is_left() {
    let title = "Mail from up to six days before the activation is taken, older mail is not.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    let activation = scene.world.now();
    for (n, day, subject) in [(1, "2031-02-24", "Seven days before"), (2, "2031-02-26", "Five days before")] {
        scene.world.clock.set(format!("{day}T09:00:00Z").parse().expect("a timestamp"));
        for person in [ANNA, CARLA] {
            arrives(&mut scene, person, &format!("{n}.{}@fabrikam.example", person.id), MIA, subject).await;
        }
    }
    scene.world.clock.set(activation);
    for person in [ANNA, CARLA] {
        scene.ingest(person).await;
    }
    scene.emails().await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_place_in_gmails_history_is_listed_anew_and_nothing_is_doubled() {
    let title = "Gmail and Graph have forgotten where we were: the mail is listed anew, and what is recorded already stays \
                 one record.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    for person in [ANNA, CARLA] {
        arrives(&mut scene, person, &format!("1.{}@fabrikam.example", person.id), MIA, "Before").await;
        scene.ingest(person).await;
        arrives(&mut scene, person, &format!("2.{}@fabrikam.example", person.id), MIA, "After").await;
    }
    scene.act("Gmail and Graph forget");
    scene.world.stack.vendors.gmail.model().expire_history(CARLA.address);
    scene.world.stack.vendors.exchange.model().expire_delta_tokens();
    for person in [ANNA, CARLA] {
        scene.ingest(person).await;
    }
    scene.emails().await;
    insta::assert_snapshot!(scene.end().await);
}
