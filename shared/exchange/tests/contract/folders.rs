//! Mail folders, calendars, contact folders, task lists; and the add-in, which lives in none of them.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use sim_exchange::{PartFault, WellKnown};
use sim_kit::{Fault, FaultRule, Reply};
use syncline_core::cursor::Position;
use syncline_core::ids::RemoteId;
use syncline_core::mail::MailObservation;
use syncline_ports::{AddInAnswer, AddInWish, ErrorKind, Folder, Folders, Holds, Mailbox};

use crate::scripted::{self, batch};
use crate::{World, world};

impl World {
    async fn folders(&self, holds: Holds) -> Vec<Folder> {
        Folders::list(&self.mailbox, holds).await.unwrap()
    }

    async fn folder(&self, holds: Holds, id: &RemoteId) -> Option<Folder> {
        self.folders(holds).await.into_iter().find(|folder| folder.id == *id)
    }

    /// Mails of a folder that another program sees, by id.
    async fn mails_in(&self, folder: &str) -> Vec<String> {
        let list = self.does(Method::GET, &format!("/me/mailFolders/{folder}/messages?$top=100"), &Value::Null).await;
        let id = |mail: &Value| mail["id"].as_str().unwrap().to_owned();
        list["value"].as_array().unwrap().iter().map(id).collect()
    }
}

#[tokio::test]
async fn each_kind_has_one_default_that_the_mailbox_keeps() {
    let world = world().await;
    for holds in Holds::ALL {
        let folders = world.folders(holds).await;
        let defaults: Vec<&Folder> = folders.iter().filter(|folder| folder.is_default).collect();
        let [default] = &defaults[..] else { panic!("{holds:?}: {folders:?}") };
        assert!(default.is_fixed && default.parent.is_none() && !default.name.is_empty(), "{default:?}");
        let mut ids: Vec<&RemoteId> = folders.iter().map(|folder| &folder.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), folders.len(), "{holds:?}");
    }
}

#[tokio::test]
async fn p18_a_folder_keeps_its_id_when_it_is_renamed() {
    let world = world().await;
    for holds in Holds::ALL {
        let made = Folders::create(&world.mailbox, holds, None, "Salesforce").await.unwrap();
        assert_eq!(
            (made.name.as_str(), &made.parent, made.is_default, made.is_fixed),
            ("Salesforce", &None, false, false)
        );
        let again = Folders::create(&world.mailbox, holds, None, "SALESFORCE").await.unwrap();
        assert_eq!(again, made, "{holds:?}");
        assert_eq!(world.folder(holds, &made.id).await, Some(made.clone()), "{holds:?}");

        Folders::rename(&world.mailbox, holds, &made.id, "Mine").await.unwrap();
        let renamed = Folder { name: "Mine".into(), ..made.clone() };
        assert_eq!(world.folder(holds, &made.id).await, Some(renamed), "{holds:?}");
        let other = Folders::create(&world.mailbox, holds, None, "Salesforce").await.unwrap();
        assert_ne!(other.id, made.id, "{holds:?}");
    }
}

#[tokio::test]
async fn a_folder_below_another_one_says_so_at_every_depth() {
    let world = world().await;
    for holds in [Holds::Mail, Holds::Contacts] {
        let mut parent: Option<RemoteId> = None;
        let mut made = Vec::new();
        for name in ["Salesforce", "Emails", "Salesforce"] {
            let folder = Folders::create(&world.mailbox, holds, parent.as_ref(), name).await.unwrap();
            assert_eq!(folder.parent, parent);
            let again = Folders::create(&world.mailbox, holds, parent.as_ref(), name).await.unwrap();
            assert_eq!(again, folder);
            parent = Some(folder.id.clone());
            made.push(folder);
        }
        let list = world.folders(holds).await;
        for folder in &made {
            assert!(list.contains(folder), "{holds:?} {folder:?}");
        }
    }
    let below = Some(RemoteId::new("x"));
    for holds in [Holds::Events, Holds::Tasks] {
        let error = Folders::create(&world.mailbox, holds, below.as_ref(), "Salesforce").await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Rejected, "{holds:?}");
    }
}

#[tokio::test]
async fn more_folders_than_a_page_holds_are_all_listed() {
    let world = world().await;
    for holds in Holds::ALL {
        for n in 0..5 {
            Folders::create(&world.mailbox, holds, None, &format!("Folder {n}")).await.unwrap();
        }
        let all = world.folders(holds).await.len();
        world.tenant.model().switches.page_limit = Some(2);
        assert_eq!(world.folders(holds).await.len(), all, "{holds:?}");
        let there = Folders::create(&world.mailbox, holds, None, "folder 4").await.unwrap();
        assert_eq!(there.name, "Folder 4", "{holds:?}");
        world.tenant.model().switches.page_limit = None;
    }
}

#[tokio::test]
async fn a_deleted_folder_is_gone_and_counts_as_deleted_ever_after() {
    let world = world().await;
    for holds in [Holds::Events, Holds::Contacts, Holds::Tasks] {
        let made = Folders::create(&world.mailbox, holds, None, "Salesforce").await.unwrap();
        for _ in 0..2 {
            Folders::delete(&world.mailbox, holds, &made.id).await.unwrap();
        }
        assert_eq!(world.folder(holds, &made.id).await, None, "{holds:?}");
        let error = Folders::rename(&world.mailbox, holds, &made.id, "Mine").await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Gone, "{holds:?}");
    }
    // A mail folder goes where deleted mails go, and no longer stands where it stood.
    let made = Folders::create(&world.mailbox, Holds::Mail, None, "Salesforce").await.unwrap();
    Folders::delete(&world.mailbox, Holds::Mail, &made.id).await.unwrap();
    let left = world.folder(Holds::Mail, &made.id).await;
    assert!(left.is_none_or(|folder| folder.parent.is_some()));
}

#[tokio::test]
async fn the_mailbox_keeps_its_own_folders() {
    let world = world().await;
    for holds in Holds::ALL {
        let folders = world.folders(holds).await;
        let default = folders.iter().find(|folder| folder.is_default).unwrap();
        let error = Folders::delete(&world.mailbox, holds, &default.id).await.unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Rejected | ErrorKind::Forbidden), "{holds:?} {error}");
        assert!(world.folder(holds, &default.id).await.is_some(), "{holds:?}");
    }
}

#[tokio::test]
async fn a_lost_answer_to_a_create_is_looked_up() {
    let world = world().await;
    for (holds, path) in [
        (Holds::Mail, "mailFolders"),
        (Holds::Events, "calendars"),
        (Holds::Contacts, "contactFolders"),
        (Holds::Tasks, "lists"),
    ] {
        world.folders(holds).await;
        world.tenant.faults().add(FaultRule::on(Method::POST, path, Fault::FailAfter(504)));
        let made = Folders::create(&world.mailbox, holds, None, "Salesforce").await.unwrap();
        let named = world.folders(holds).await.into_iter().filter(|folder| folder.name == "Salesforce").count();
        assert_eq!((made.name.as_str(), named), ("Salesforce", 1), "{holds:?}");
        world.tenant.faults().add(FaultRule::on(Method::POST, path, Fault::FailBefore(504)));
        let error = Folders::create(&world.mailbox, holds, None, "Other").await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unknown, "{holds:?}");
    }
}

#[tokio::test]
async fn a_folder_that_somebody_else_made_first_is_the_answer_however_the_service_says_so() {
    for status in [409, 400] {
        let mut lists = 0;
        let world = scripted::world(move |request| {
            if request.method == "POST" && !request.path.ends_with("batch") {
                return Reply::json(status, &json!({"error": {"code": "ErrorFolderExists"}}));
            }
            if request.method == "POST" {
                return batch(request, |_| (404, Value::Null));
            }
            lists += 1;
            let rows = if lists == 1 { json!([]) } else { json!([{"id": "f1", "displayName": "salesforce"}]) };
            Reply::json(200, &json!({"value": rows}))
        })
        .await;
        for holds in [Holds::Mail, Holds::Contacts] {
            let there = Folders::create(&world.mailbox, holds, None, "Salesforce").await.unwrap();
            assert_eq!(there.id.as_str(), "f1", "{holds:?} {status}");
        }
    }
    let refused = scripted::world(|request| {
        let status = if request.method == "POST" { 400 } else { 200 };
        Reply::json(status, &json!({"value": [], "error": {"code": "ErrorInvalidRequest"}}))
    })
    .await;
    let error = Folders::create(&refused.mailbox, Holds::Tasks, None, "").await.unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Rejected, "ErrorInvalidRequest"));
}

#[tokio::test]
async fn d24_mails_are_moved_and_keep_their_ids() {
    let world = world().await;
    for n in 0..23 {
        let mime = format!("From: mia@fabrikam.example\r\nSubject: {n}\r\nMessage-ID: <{n}@x>\r\n\r\nHello");
        world.deliver(WellKnown::Inbox, &mime);
    }
    let to = Folders::create(&world.mailbox, Holds::Mail, None, "Salesforce Emails").await.unwrap().id;
    let (items, _) = world.mail_round("inbox", Position::Start).await;
    let mut mails: Vec<RemoteId> = items
        .iter()
        .filter_map(|item| if let MailObservation::Present(mail) = item { Some(mail.id.clone()) } else { None })
        .collect();
    assert!(mails.len() >= 23);
    let there = world.mails_in("inbox").await.len();
    let contact = world.does(Method::POST, "/me/contacts", &json!({"surname": "Lind"})).await;
    let expected: Vec<Option<RemoteId>> = mails.iter().cloned().map(Some).chain([None]).collect();
    mails.push(RemoteId::new(contact["id"].as_str().unwrap()));
    for _ in 0..2 {
        // The second time they are there already.
        assert_eq!(world.mailbox.move_mails(&mails, &to).await.unwrap(), expected);
    }
    assert_eq!(world.mails_in(to.as_str()).await.len(), mails.len() - 1);
    assert_eq!(world.mails_in("inbox").await.len(), there + 1 - mails.len());
    assert_eq!(world.mailbox.move_mails(&[], &to).await.unwrap(), []);
}

#[tokio::test]
async fn nothing_is_moved_into_a_folder_that_is_not_there_and_a_throttled_part_stops_no_other() {
    let world = world().await;
    let to = Folders::create(&world.mailbox, Holds::Mail, None, "Salesforce Emails").await.unwrap().id;
    for n in 0..3 {
        let mime = format!("From: mia@fabrikam.example\r\nSubject: {n}\r\nMessage-ID: <{n}@x>\r\n\r\nHello");
        world.deliver(WellKnown::Inbox, &mime);
    }
    let mails: Vec<RemoteId> = world.mails_in("inbox").await.into_iter().map(RemoteId::new).collect();
    let nowhere = Folders::create(&world.mailbox, Holds::Contacts, None, "No mails").await.unwrap().id;
    let error = world.mailbox.move_mails(&mails, &nowhere).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Gone);

    let fault = PartFault { target_contains: "move".into(), times: 1, status: 429, retry_after: Some(40) };
    world.tenant.model().switches.part_faults = vec![fault];
    let error = world.mailbox.move_mails(&mails, &to).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Throttled { after: Duration::from_secs(40) });
    assert_eq!(world.mails_in(to.as_str()).await.len(), mails.len() - 1);
    let moved = world.mailbox.move_mails(&mails, &to).await.unwrap();
    assert_eq!(moved, mails.into_iter().map(Some).collect::<Vec<_>>());
}

#[tokio::test]
async fn mail_folders_are_told_apart_by_what_the_service_calls_them() {
    let world = scripted::world(|request| {
        let folder = |id: &str, parent: &str| json!({"id": id, "displayName": id, "parentFolderId": parent});
        if request.path.ends_with("/delta") {
            let rows = json!([
                folder("ROOT", "STORE"), folder("INBOX", "ROOT"), folder("SENT", "ROOT"), folder("OWN", "ROOT"),
                folder("BELOW", "INBOX"), {"id": "bad", "displayName": 7, "parentFolderId": "ROOT"},
                {"id": "gone", "@removed": {"reason": "deleted"}},
            ]);
            return scripted::delta_page(request, &rows);
        }
        batch(request, |url| {
            let id = match url.trim_start_matches("/me/mailFolders/").split('?').next().unwrap() {
                "inbox" => "INBOX",
                "sentitems" => "SENT",
                "msgfolderroot" => "ROOT",
                _ => return (404, json!({"error": {"code": "ErrorFolderNotFound"}})),
            };
            (200, json!({"id": id}))
        })
    })
    .await;
    let shown: Vec<(String, Option<String>, bool, bool)> = Folders::list(&world.mailbox, Holds::Mail)
        .await
        .unwrap()
        .into_iter()
        .map(|it| (it.name, it.parent.map(|id| id.to_string()), it.is_default, it.is_fixed))
        .collect();
    let expected = [
        ("BELOW", Some("INBOX"), false, false),
        ("INBOX", None, true, true),
        ("OWN", None, false, false),
        ("SENT", None, false, true),
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(name, parent, default, fixed)| (name.to_owned(), parent.map(str::to_owned), default, fixed))
        .collect();
    assert_eq!(shown, expected);

    // Without knowing which folder is the inbox nothing can be said of any.
    let world = scripted::world(|request| batch(request, |_| (500, Value::Null))).await;
    let error = Folders::list(&world.mailbox, Holds::Mail).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient);
}

#[tokio::test]
async fn d35_the_add_in_is_nothing_that_exchange_online_installs_for_one_mailbox() {
    let world = scripted::world(|_| Reply::empty(500)).await;
    let add_in = world.mailbox.add_in().unwrap();
    for wish in [AddInWish::Install, AddInWish::Remove] {
        let AddInAnswer::Unsupported(text) = add_in.add_in(wish).await.unwrap() else { panic!("{wish:?}") };
        assert!(text.contains("Microsoft 365 admin center") && text.contains("Integrated apps"), "{text}");
    }
    assert_eq!(world.seen.lock().unwrap().len(), 0);
}
