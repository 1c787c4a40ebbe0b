//! Which method of the Gmail API a request is.

use http::Method;
use jiff::Timestamp;
use sim_kit::Request;

use super::{Outcome, labels, mailbox, messages, threads, upload};
use crate::model::labels::Update;
use crate::model::{Mailbox, Mint};

/// A method of the API, with the ids in its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call<'a> {
    Profile,
    Watch,
    Stop,
    History,
    MessagesList,
    MessageInsert(Origin),
    MessageUpload(Origin),
    BatchModify,
    BatchDelete,
    MessageGet(&'a str),
    MessageModify(&'a str),
    MessageTrash(&'a str),
    MessageUntrash(&'a str),
    MessageDelete(&'a str),
    Attachment(&'a str, &'a str),
    ThreadsList,
    ThreadGet(&'a str),
    ThreadModify(&'a str),
    ThreadTrash(&'a str),
    ThreadUntrash(&'a str),
    ThreadDelete(&'a str),
    LabelsList,
    LabelCreate,
    LabelGet(&'a str),
    LabelUpdate(&'a str, Update),
    LabelDelete(&'a str),
}

/// How a mail comes in through the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// As IMAP APPEND does.
    Insert,
    /// As if it had arrived.
    Import,
}

impl<'a> Call<'a> {
    /// The user in the path and the method, or `None` for a path that the API does not have.
    pub(crate) fn of(method: &Method, segments: &'a [&'a str]) -> Option<(&'a str, Self)> {
        let upload = segments.first() == Some(&"upload");
        let ["gmail", "v1", "users", user, rest @ ..] = (if upload { segments.get(1..)? } else { segments }) else {
            return None;
        };
        let call = match (method.as_str(), rest) {
            ("POST", ["messages"]) if upload => Self::MessageUpload(Origin::Insert),
            ("POST", ["messages", "import"]) if upload => Self::MessageUpload(Origin::Import),
            _ if upload => return None,
            ("GET", ["profile"]) => Self::Profile,
            ("POST", ["watch"]) => Self::Watch,
            ("POST", ["stop"]) => Self::Stop,
            ("GET", ["history"]) => Self::History,
            ("GET", ["messages"]) => Self::MessagesList,
            ("POST", ["messages"]) => Self::MessageInsert(Origin::Insert),
            ("POST", ["messages", "import"]) => Self::MessageInsert(Origin::Import),
            ("POST", ["messages", "batchModify"]) => Self::BatchModify,
            ("POST", ["messages", "batchDelete"]) => Self::BatchDelete,
            ("GET", ["messages", id]) => Self::MessageGet(id),
            ("DELETE", ["messages", id]) => Self::MessageDelete(id),
            ("POST", ["messages", id, "modify"]) => Self::MessageModify(id),
            ("POST", ["messages", id, "trash"]) => Self::MessageTrash(id),
            ("POST", ["messages", id, "untrash"]) => Self::MessageUntrash(id),
            ("GET", ["messages", id, "attachments", attachment]) => Self::Attachment(id, attachment),
            ("GET", ["threads"]) => Self::ThreadsList,
            ("GET", ["threads", id]) => Self::ThreadGet(id),
            ("DELETE", ["threads", id]) => Self::ThreadDelete(id),
            ("POST", ["threads", id, "modify"]) => Self::ThreadModify(id),
            ("POST", ["threads", id, "trash"]) => Self::ThreadTrash(id),
            ("POST", ["threads", id, "untrash"]) => Self::ThreadUntrash(id),
            ("GET", ["labels"]) => Self::LabelsList,
            ("POST", ["labels"]) => Self::LabelCreate,
            ("GET", ["labels", id]) => Self::LabelGet(id),
            ("PUT", ["labels", id]) => Self::LabelUpdate(id, Update::Replace),
            ("PATCH", ["labels", id]) => Self::LabelUpdate(id, Update::Merge),
            ("DELETE", ["labels", id]) => Self::LabelDelete(id),
            _ => return None,
        };
        Some((user, call))
    }

    /// Carries it out.
    pub(crate) fn perform(self, at: &mut Mailbox, mint: &mut Mint, request: &Request, now: Timestamp) -> Outcome {
        match self {
            Self::Profile => Ok(mailbox::profile(at)),
            Self::Watch => mailbox::watch(at, request, now),
            Self::Stop => Ok(mailbox::stop(at)),
            Self::History => mailbox::history(at, request, now),
            Self::MessagesList => messages::list(at, request, now),
            Self::MessageInsert(origin) => upload::insert(at, mint, origin, request, now),
            Self::MessageUpload(origin) => upload::upload(at, mint, origin, request, now),
            Self::BatchModify => messages::batch_modify(at, mint, request, now),
            Self::BatchDelete => messages::batch_delete(at, mint, request, now),
            Self::MessageGet(id) => messages::get(at, mint, id, request),
            Self::MessageModify(id) => messages::modify(at, mint, id, request, now),
            Self::MessageTrash(id) => Ok(messages::stub(at.trash(id, mint, now)?)),
            Self::MessageUntrash(id) => Ok(messages::stub(at.untrash(id, mint, now)?)),
            Self::MessageDelete(id) => messages::delete(at, mint, id, now),
            Self::Attachment(id, attachment) => messages::attachment(at, mint, id, attachment),
            Self::ThreadsList => threads::list(at, request, now),
            Self::ThreadGet(id) => threads::get(at, mint, id, request),
            Self::ThreadModify(id) => threads::modify(at, mint, id, request, now),
            Self::ThreadTrash(id) => threads::each(at, id, |at, mail| at.trash(mail, mint, now).map(drop)),
            Self::ThreadUntrash(id) => threads::each(at, id, |at, mail| at.untrash(mail, mint, now).map(drop)),
            Self::ThreadDelete(id) => threads::delete(at, mint, id, now),
            Self::LabelsList => Ok(labels::list(at)),
            Self::LabelCreate => labels::create(at, request),
            Self::LabelGet(id) => labels::get(at, id),
            Self::LabelUpdate(id, update) => labels::update(at, id, update, request),
            Self::LabelDelete(id) => labels::delete(at, mint, id, now),
        }
    }
}
