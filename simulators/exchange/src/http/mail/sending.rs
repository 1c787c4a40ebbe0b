//! Sending, answering and forwarding.

use serde_json::{Map, Value};
use sim_kit::Reply;

use super::super::call::Call;
use super::{is_mime, parameters};
use crate::model::{Exchange, FollowUp, Message, read_flag, unreadable};
use crate::refusal::Refusal;

/// What can be done about a message, in lower case, and whether it is sent at once.
const FOLLOW_UPS: [(&str, FollowUp, bool); 6] = [
    ("createreply", FollowUp::Reply, false),
    ("createreplyall", FollowUp::ReplyAll, false),
    ("createforward", FollowUp::Forward, false),
    ("reply", FollowUp::Reply, true),
    ("replyall", FollowUp::ReplyAll, true),
    ("forward", FollowUp::Forward, true),
];

pub(super) fn is_follow_up(action: &str) -> bool {
    FOLLOW_UPS.iter().any(|(name, ..)| *name == action)
}

impl Exchange {
    pub(super) fn send_mail(&mut self, call: &Call<'_>, index: usize) -> Result<Reply, Refusal> {
        let (message, keep) = if is_mime(call) {
            (Message::from_client(&call.request.body, &self.mailboxes[index], call.now)?, true)
        } else {
            let given = parameters(call)?;
            let body = given.get("message").and_then(Value::as_object);
            let body = body.ok_or_else(|| {
                Refusal::new(400, "ErrorInvalidParameter", "The parameter 'Message' of the action is missing.")
            })?;
            let keep = match given.get("saveToSentItems") {
                None | Some(Value::Null) => true,
                Some(keep) => read_flag("saveToSentItems", keep)?,
            };
            let mut message = self.new_message(index, call.now);
            self.with_writer(true, call, |writer| message.apply(body, writer))?;
            (message, keep)
        };
        self.send(call, index, message, keep)?;
        Ok(Reply::empty(202))
    }

    /// A draft goes to the sent items; its immutable id stays the same.
    pub(super) fn send_draft(&mut self, call: &Call<'_>, index: usize, id: &str) -> Result<Reply, Refusal> {
        let mut message = self.mailboxes[index].find::<Message>(id)?.clone();
        if !message.is_draft {
            let text = "The message has been sent already: only a draft can be sent.";
            return Err(Refusal::new(400, "ErrorInvalidRequest", text));
        }
        self.check_sendable(index, &message)?;
        self.seal(index, &mut message, call.now);
        let key = message.stamp.key;
        let sent = self.mailboxes[index].well_known("sentitems");
        self.mailboxes[index].messages.insert(key, message.clone());
        self.move_message(index, key, sent, call.now);
        self.dispatch(index, &message, call.now);
        Ok(Reply::empty(202))
    }

    fn send(&mut self, call: &Call<'_>, index: usize, mut message: Message, keep: bool) -> Result<(), Refusal> {
        self.check_sendable(index, &message)?;
        self.seal(index, &mut message, call.now);
        if keep {
            let sent = self.mailboxes[index].well_known("sentitems");
            self.add_message(index, message.clone(), sent, call.now);
        }
        self.dispatch(index, &message, call.now);
        Ok(())
    }

    /// `action` is one of [`FOLLOW_UPS`].
    pub(super) fn follow_up(
        &mut self,
        call: &Call<'_>,
        index: usize,
        id: &str,
        action: &str,
    ) -> Result<Reply, Refusal> {
        let original = self.mailboxes[index].find::<Message>(id)?.clone();
        let known = FOLLOW_UPS.iter().find(|(name, ..)| *name == action);
        let (_, how, at_once) = known.ok_or_else(|| Refusal::unknown_segment(action))?;
        let draft = if is_mime(call) {
            self.answer_in_mime(call, index, &original, *how)?
        } else {
            self.answer_in_json(call, index, &original, *how)?
        };
        if *at_once {
            self.send(call, index, draft, true)?;
            return Ok(Reply::empty(202));
        }
        let drafts = self.mailboxes[index].well_known("drafts");
        let key = self.add_message(index, draft, drafts, call.now);
        self.stored_reply(call, index, key, 201)
    }

    fn answer_in_json(
        &mut self,
        call: &Call<'_>,
        index: usize,
        original: &Message,
        how: FollowUp,
    ) -> Result<Message, Refusal> {
        let given = parameters(call)?;
        let message = match given.get("message") {
            None | Some(Value::Null) => Map::new(),
            Some(message) => message.as_object().ok_or_else(|| unreadable("message"))?.clone(),
        };
        let comment = match given.get("comment") {
            None | Some(Value::Null) => "",
            Some(comment) => comment.as_str().ok_or_else(|| unreadable("comment"))?,
        };
        let twice = |left: &str, right: &str| {
            let text = format!("Specify either {left} or {right}, not both.");
            Err(Refusal::new(400, "ErrorInvalidArgument", text))
        };
        if !comment.is_empty() && message.get("body").is_some_and(|body| !body.is_null()) {
            return twice("a comment", "the body of the message");
        }
        let to = given.get("toRecipients").filter(|to| !to.is_null());
        let has = |list: Option<&Value>| list.and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        if has(to) && has(message.get("toRecipients")) {
            return twice("toRecipients", "the toRecipients of the message");
        }
        let mut draft = self.new_answer(index, original, how, comment, call.now);
        let mut body = message;
        if let Some(to) = to {
            body.insert("toRecipients".into(), to.clone());
        }
        self.with_writer(true, call, |writer| draft.apply(&body, writer))?;
        Ok(draft)
    }

    /// The client wrote the whole mail; what it answers is added to it.
    fn answer_in_mime(
        &mut self,
        call: &Call<'_>,
        index: usize,
        original: &Message,
        how: FollowUp,
    ) -> Result<Message, Refusal> {
        let written = Message::from_client(&call.request.body, &self.mailboxes[index], call.now)?;
        let mut draft = self.new_answer(index, original, how, "", call.now);
        draft.body = written.body.clone();
        for list in ["toRecipients", "ccRecipients", "bccRecipients"] {
            if !written.addresses(list).is_empty()
                && let Some(people) = written.fields.get(list)
            {
                draft.fields.insert(list.into(), people.clone());
            }
        }
        if !written.text("subject").is_empty() {
            draft.fields.insert("subject".into(), written.text("subject").into());
        }
        for attachment in written.attachments().iter() {
            draft.attach(attachment.clone());
        }
        Ok(draft)
    }
}
