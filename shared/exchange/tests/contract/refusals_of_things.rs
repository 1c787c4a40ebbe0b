//! Every method for tasks, contacts, folders and categories against every kind of refusal.

use std::collections::BTreeSet;

use sim_kit::Reply;
use syncline_core::contact::{Contact, ContactField};
use syncline_core::cursor::Position;
use syncline_core::ids::{RemoteId, SyncKey, Version};
use syncline_core::item::Patch;
use syncline_core::task::Task;
use syncline_exchange::Exchange;
use syncline_ports::{Categories, Color, ErrorKind, Folders, Holds, Items, Marked, Write};

use crate::refusals::{Does, cases, refusal, shown};
use crate::scripted::world;

/// The methods. What reads before it writes is refused at the read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    TaskChanges,
    TaskRead,
    TaskFind,
    TaskCreate,
    TaskDelete,
    ContactChanges,
    ContactRead,
    ContactFind,
    ContactDelete,
    ContactUpdate,
    List(Holds),
    Create(Holds),
    Rename(Holds),
    Delete(Holds),
    Move,
    CategoryList,
    CategoryCreate,
    CategoryDelete,
    Mark(Marked),
}

impl Call {
    fn all() -> Vec<Self> {
        let mut all = vec![
            Self::TaskChanges,
            Self::TaskRead,
            Self::TaskFind,
            Self::TaskCreate,
            Self::TaskDelete,
            Self::ContactChanges,
            Self::ContactRead,
            Self::ContactFind,
            Self::ContactDelete,
            Self::ContactUpdate,
            Self::Move,
            Self::CategoryList,
            Self::CategoryCreate,
            Self::CategoryDelete,
        ];
        all.extend(
            Holds::ALL.iter().flat_map(|holds| {
                [Self::List(*holds), Self::Create(*holds), Self::Rename(*holds), Self::Delete(*holds)]
            }),
        );
        all.extend([Marked::Mail, Marked::Event, Marked::Contact, Marked::Task].map(Self::Mark));
        all
    }

    fn does(self) -> Does {
        match self {
            Self::TaskChanges | Self::ContactChanges => Does::List,
            Self::TaskRead
            | Self::TaskFind
            | Self::TaskDelete
            | Self::ContactRead
            | Self::ContactFind
            | Self::ContactUpdate
            | Self::List(_)
            | Self::Create(_)
            | Self::Move
            | Self::CategoryList
            | Self::CategoryCreate
            | Self::Mark(_) => Does::Read,
            Self::TaskCreate | Self::ContactDelete | Self::Rename(_) | Self::Delete(_) | Self::CategoryDelete => {
                Does::Write
            }
        }
    }

    /// The kind of trouble, or what came of it.
    async fn of(self, mailbox: &Exchange) -> Result<String, ErrorKind> {
        let (here, delta) = (RemoteId::new("l1"), Position::Delta("/v1.0/me/x?$deltatoken=1".into()));
        let (task, contact) = ([RemoteId::new("l1|t1")], [RemoteId::new("c1")]);
        let (key, expected) = (SyncKey::from_text("k"), Version::new("W/\"1\""));
        let keys = std::slice::from_ref(&key);
        let shown = match self {
            Self::TaskChanges => shown(Items::<Task>::changes(mailbox, &here, &delta).await),
            Self::TaskRead => shown(Items::<Task>::read(mailbox, &task).await),
            Self::TaskFind => shown(Items::<Task>::find(mailbox, &here, keys).await),
            Self::TaskCreate => {
                let write = Write::Create { key, item: crate::tasks::task() };
                shown(Items::<Task>::write(mailbox, &here, &[write]).await)
            }
            Self::TaskDelete => {
                let write = Write::Delete { id: task[0].clone(), expected };
                shown(Items::<Task>::write(mailbox, &here, &[write]).await)
            }
            Self::ContactChanges => shown(Items::<Contact>::changes(mailbox, &here, &delta).await),
            Self::ContactRead => shown(Items::<Contact>::read(mailbox, &contact).await),
            Self::ContactFind => shown(Items::<Contact>::find(mailbox, &here, keys).await),
            Self::ContactDelete => {
                let write = Write::Delete { id: contact[0].clone(), expected };
                shown(Items::<Contact>::write(mailbox, &here, &[write]).await)
            }
            Self::ContactUpdate => {
                let patch = Patch { fields: BTreeSet::from([ContactField::Email]), item: Contact::default() };
                let write = Write::Update { id: contact[0].clone(), expected, patch };
                shown(Items::<Contact>::write(mailbox, &here, &[write]).await)
            }
            Self::List(holds) => shown(Folders::list(mailbox, holds).await),
            Self::Create(holds) => shown(Folders::create(mailbox, holds, None, "Salesforce").await),
            Self::Rename(holds) => shown(Folders::rename(mailbox, holds, &here, "Salesforce").await),
            Self::Delete(holds) => shown(Folders::delete(mailbox, holds, &here).await),
            Self::Move => shown(mailbox.move_mails(&[RemoteId::new("m1")], &here).await),
            Self::CategoryList => shown(Categories::list(mailbox).await),
            Self::CategoryCreate => shown(Categories::create(mailbox, "Salesforce", Color::Blue).await),
            Self::CategoryDelete => shown(Categories::delete(mailbox, &here).await),
            Self::Mark(kind) => {
                let id = if kind == Marked::Task { &task[0] } else { &contact[0] };
                shown(mailbox.mark(&[(kind, id.clone())], &["Salesforce"], &[]).await)
            }
        };
        shown.map_err(|error| error.kind)
    }

    /// What comes of it where the service says so: the outcome of a write is an answer, not an error, and
    /// so is that there is nothing to be deleted.
    fn told(self, kind: ErrorKind) -> Result<String, ErrorKind> {
        match (self, kind) {
            (Self::TaskCreate | Self::ContactDelete, ErrorKind::Unknown) => Ok("[Unknown]".to_owned()),
            (Self::Delete(_) | Self::CategoryDelete, ErrorKind::Gone) => Ok("()".to_owned()),
            (_, kind) => Err(kind),
        }
    }
}

#[tokio::test]
async fn each_method_tells_the_kind_of_every_refusal() {
    for (status, code, retry_after, kinds) in cases() {
        let world = world(move |_| refusal(status, code, retry_after)).await;
        for call in Call::all() {
            let expected = call.told(call.does().of(kinds));
            assert_eq!(call.of(&world.mailbox).await, expected, "{call:?} {status} {code}");
        }
    }
}

#[tokio::test]
async fn each_method_tells_a_revoked_sign_in_and_a_service_that_is_not_there() {
    let world = world(|_| Reply::empty(500)).await;
    world.simulator.model().refuses_sign_in = true;
    for call in Call::all() {
        assert_eq!(call.of(&world.mailbox).await, Err(ErrorKind::AuthRevoked), "{call:?}");
    }
    world.simulator.model().refuses_sign_in = false;
    "signed in again".clone_into(&mut world.vault.grant.lock().unwrap().refresh_token);
    // With a token at hand it is the request itself that gets no answer.
    assert_eq!(Call::CategoryList.of(&world.mailbox).await, Err(ErrorKind::Transient));
    drop(world.simulator);
    for call in Call::all() {
        let kind = if call.does() == Does::Write { ErrorKind::Unknown } else { ErrorKind::Transient };
        assert_eq!(call.of(&world.mailbox).await, call.told(kind), "{call:?}");
    }
}
