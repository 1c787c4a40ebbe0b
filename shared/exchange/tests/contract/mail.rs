//! Mail.

use sim_exchange::WellKnown;
use syncline_core::cursor::{Next, Position};
use syncline_core::mail::{Mail, MailObservation};
use syncline_ports::Mails;

use crate::bench::{ANNA, at};
use crate::{NOW, world};

fn mail(observation: &MailObservation) -> &Mail {
    let MailObservation::Present(mail) = observation else { panic!("{observation:?}") };
    mail
}

pub(crate) const OFFER: &str = "From: Mia Larsen <Mia.Larsen@fabrikam.example>\r\n\
    To: Anna Berg <anna.berg@northwind.example>\r\n\
    Cc: ben.carter@northwind.example\r\n\
    Subject: Offer\r\n\
    Date: Mon, 3 Mar 2031 08:59:00 +0000\r\n\
    Message-ID: <offer-1@fabrikam.example>\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    \r\n\
    Here it is.\r\n";

#[tokio::test]
async fn new_mail_is_shown_in_full_and_then_only_what_is_newer() {
    let world = world().await;
    assert_eq!(world.mailbox.collections(), ["inbox", "sentitems"]);
    world.deliver(WellKnown::Inbox, OFFER);
    let (items, position) = world.mail_round("inbox", Position::Start).await;
    let [item] = &items[..] else { panic!("{items:?}") };
    let offer = mail(item).clone();
    assert_eq!(offer.message_id.as_ref().map(syncline_core::ids::MessageId::as_str), Some("offer-1@fabrikam.example"));
    assert_eq!(offer.subject, "Offer");
    assert_eq!(offer.from.as_ref().map(|from| from.address.as_str()), Some("mia.larsen@fabrikam.example"));
    assert_eq!(offer.to.iter().map(|to| to.address.as_str()).collect::<Vec<_>>(), [ANNA]);
    assert_eq!(offer.cc.len(), 1);
    assert_eq!((offer.sent, offer.received), (at("2031-03-03T08:59:00Z"), at(NOW)));
    assert_eq!(offer.text.trim(), "Here it is.");
    assert!(!offer.is_service && !offer.is_draft);
    assert_eq!(&Mails::read(&world.mailbox, &offer.id).await.unwrap(), item);

    assert_eq!(world.mail_round("inbox", position.clone()).await.0, []);
    world.deliver(WellKnown::SentItems, &OFFER.replace("offer-1", "sent-1"));
    assert_eq!(world.mail_round("inbox", position.clone()).await.0, [], "each folder for itself");
    assert_eq!(world.mail_round("sentitems", Position::Start).await.0.len(), 1);
    world.deliver(WellKnown::Inbox, &OFFER.replace("offer-1", "offer-2"));
    let (items, _) = world.mail_round("inbox", position).await;
    assert_eq!(items.len(), 1);
    assert_ne!(mail(&items[0]).id, offer.id);
}

#[tokio::test]
async fn d02_mail_from_before_is_left_out() {
    let world = world().await;
    world.deliver(WellKnown::Inbox, OFFER);
    let since = at("2031-03-03T09:00:01Z");
    let page = Mails::changes(&world.mailbox, "inbox", since, &Position::Start).await.unwrap();
    assert_eq!(page.items, []);
}

#[tokio::test]
async fn many_mails_come_in_pages() {
    let world = world().await;
    for n in 0..45 {
        world.deliver(WellKnown::Inbox, &OFFER.replace("offer-1", &format!("offer-{n}")));
    }
    let since = at("2031-03-01T00:00:00Z");
    let first = Mails::changes(&world.mailbox, "inbox", since, &Position::Start).await.unwrap();
    let Next::Page(token) = first.next else { panic!("more than a page") };
    let second = Mails::changes(&world.mailbox, "inbox", since, &Position::Page(token)).await.unwrap();
    assert_eq!((first.items.len(), second.items.len()), (40, 5));
    assert!(matches!(second.next, Next::Done(_)));
}

#[tokio::test]
async fn mail_of_machines_is_told_apart() {
    let world = world().await;
    let header = |line: &str| OFFER.replace("Subject:", &format!("{line}\r\nSubject:"));
    world.deliver(WellKnown::Inbox, &header("Auto-Submitted: auto-replied"));
    world.deliver(WellKnown::Inbox, &header("Auto-Submitted: no"));
    world.deliver(WellKnown::Inbox, &OFFER.replace("Mia.Larsen@", "MAILER-DAEMON@"));
    let (items, _) = world.mail_round("inbox", Position::Start).await;
    let mut service: Vec<bool> = items.iter().map(|item| mail(item).is_service).collect();
    service.sort_unstable();
    assert_eq!(service, [false, true, true]);
}

#[tokio::test]
async fn a_deleted_message_left_its_folder_and_is_gone_at_last() {
    let world = world().await;
    world.deliver(WellKnown::Inbox, OFFER);
    let (items, position) = world.mail_round("inbox", Position::Start).await;
    let id = mail(&items[0]).id.clone();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/v1.0/me/messages/{id}", world.tenant.url());
    let delete = || async {
        let answer = http.delete(&url).bearer_auth(format!("sim-{ANNA}")).send().await.unwrap();
        assert_eq!(answer.status(), 204);
    };
    // To the deleted items: it left the folder and can still be read.
    delete().await;
    let gone = MailObservation::Gone { id: id.clone() };
    assert_eq!(world.mail_round("inbox", position).await.0, std::slice::from_ref(&gone));
    assert_eq!(mail(&Mails::read(&world.mailbox, &id).await.unwrap()).id, id);
    // From there to where only a recovery finds it.
    delete().await;
    assert_eq!(Mails::read(&world.mailbox, &id).await.unwrap(), gone);
}
