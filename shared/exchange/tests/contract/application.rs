//! The same mailbox opened by the application instead of its user.

use std::sync::Arc;

use syncline_core::contact::Contact;
use syncline_core::cursor::{Next, Position};
use syncline_core::ids::{RemoteId, SyncKey};
use syncline_core::task::Task;
use syncline_exchange::SignInAs;
use syncline_ports::{Categories, Color, Folders, Holds, Items, Marked, Outcome, Write};

use crate::bench::{Turning, Vault, opened};
use crate::{contacts, tasks, world};

#[tokio::test]
async fn the_application_reaches_whatever_the_user_reaches() {
    let world = world().await;
    let clock = world.tenant.clock().clone();
    let vault = Vault::with("");
    let mailbox = opened(&world.tenant.url(), Arc::clone(&vault), Turning::of(&clock), SignInAs::Application);
    let key = SyncKey::from_text("k");

    let folder = Folders::create(&mailbox, Holds::Contacts, None, "Salesforce Contacts").await.unwrap().id;
    let write = Write::Create { key: key.clone(), item: contacts::contact() };
    let outcomes = Items::<Contact>::write(&mailbox, &folder, &[write]).await.unwrap();
    let [Outcome::Done(contact)] = &outcomes[..] else { panic!("{outcomes:?}") };
    let page = Items::<Contact>::changes(&mailbox, &folder, &Position::Start).await.unwrap();
    let Next::Done(token) = page.next else { panic!("{:?}", page.next) };
    assert_eq!(page.items.len(), 1);

    let list = Folders::create(&mailbox, Holds::Tasks, None, "Salesforce Tasks").await.unwrap().id;
    let write = Write::Create { key: key.clone(), item: tasks::task() };
    let outcomes = Items::<Task>::write(&mailbox, &list, &[write]).await.unwrap();
    let [Outcome::Done(task)] = &outcomes[..] else { panic!("{outcomes:?}") };
    let found = Items::<Task>::find(&mailbox, &list, std::slice::from_ref(&key)).await.unwrap();
    assert_eq!(found.iter().map(|seen| &seen.id).collect::<Vec<_>>(), [&task.id]);

    Categories::create(&mailbox, "Salesforce", Color::Blue).await.unwrap();
    let items = [(Marked::Contact, contact.id.clone()), (Marked::Task, task.id.clone())];
    assert_eq!(mailbox.mark(&items, &["Salesforce"], &[]).await.unwrap(), [true, true]);
    let inbox = Folders::list(&mailbox, Holds::Mail).await.unwrap().into_iter().find(|folder| folder.is_default);
    let moved = mailbox.move_mails(&[RemoteId::new(contact.id.as_str())], &inbox.unwrap().id).await.unwrap();
    assert_eq!(moved, [None], "a contact is no mail");

    let page = Items::<Contact>::changes(&mailbox, &folder, &Position::Delta(token)).await.unwrap();
    assert_eq!(page.items.len(), 1, "marked since");
    assert!(world.tenant.journal().entries().all(|entry| !entry.path.contains("/me/")));
}
