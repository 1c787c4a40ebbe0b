//! The HTTP skin: routes, wire forms, error bodies.

mod batch;
mod calendars;
mod call;
mod delta;
mod event_view;
mod events;
mod filter;
mod filter_text;
mod lifecycle;
mod mail;
mod mail_view;
mod notify;
mod oauth;
mod odata;
mod people;
mod permission;
mod resource;
mod responses;
mod rich;
mod subscriptions;
mod todo;
mod weather;

use std::collections::BTreeMap;

use serde_json::Value;
use sim_kit::{Context, Model, Reply, Request, Switch};

use self::call::{Call, Caller, Prefer};
use crate::model::{Exchange, Mailbox, MailboxState};
use crate::refusal::Refusal;
use crate::switchboard;

/// A path split into segments; keys in parentheses are segments of their own.
pub(crate) struct Path {
    /// As sent, percent-decoded: for ids.
    raw: Vec<String>,
    /// In lower case, without `microsoft.graph.` and `()`: for names.
    names: Vec<String>,
}

impl Path {
    pub(crate) fn of(segments: &[String]) -> Self {
        let mut path = Self { raw: Vec::new(), names: Vec::new() };
        for segment in segments {
            match segment.split_once('(') {
                Some((name, key)) => {
                    path.push(name);
                    let key = key.strip_suffix(')').unwrap_or(key);
                    let quoted = key.strip_prefix('\'').and_then(|key| key.strip_suffix('\''));
                    let key = quoted.map_or_else(|| key.to_owned(), |key| key.replace("''", "'"));
                    if !key.is_empty() {
                        path.push(&key);
                    }
                }
                None => path.push(segment),
            }
        }
        path
    }

    fn push(&mut self, segment: &str) {
        let lower = segment.to_lowercase();
        self.names.push(lower.strip_prefix("microsoft.graph.").unwrap_or(&lower).to_owned());
        self.raw.push(segment.to_owned());
    }

    fn names(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }
}

impl Model for Exchange {
    fn handle(&mut self, request: &Request, context: &Context<'_>) -> Reply {
        self.begin(&request.alongside, context.now);
        self.tend_subscriptions(context.now);
        let reply = self.answer(request, context, true);
        self.echo_writes(context);
        self.flush(context);
        self.mark(context.now);
        reply
    }

    fn wake(&mut self, context: &Context<'_>) {
        self.tend_subscriptions(context.now);
        self.flush(context);
    }

    fn throttled(&self, retry_after: u32, context: &Context<'_>) -> Reply {
        let id = call::stray_request_id(context.now);
        call::error(&Refusal::throttled(retry_after), context.now, &id, &id)
    }

    fn failing(&self, status: u16, context: &Context<'_>) -> Reply {
        let id = call::stray_request_id(context.now);
        call::error(&Refusal::failing(status), context.now, &id, &id)
    }

    fn occupies(&self, request: &Request, context: &Context<'_>) -> BTreeMap<String, u32> {
        self.mailboxes_used(request, context.now)
    }

    fn switches() -> &'static [Switch<Self>] {
        switchboard::SWITCHES
    }
}

impl Exchange {
    /// Answers one request or one part of a batch.
    pub(crate) fn answer(&mut self, request: &Request, context: &Context<'_>, may_batch: bool) -> Reply {
        if let Some(reply) = call::preflight(request) {
            return reply;
        }
        let segments = request.segments();
        if let Some(reply) = self.sign_in_service(request, context.now, &segments) {
            return reply;
        }
        let request_id = self.next_guid("request");
        // The address of an upload session is all that a client needs there: no sign-in.
        if let Some(upload) = upload_session(&segments) {
            let reply = self.upload_piece(request, &upload, context.now);
            let reply = reply.unwrap_or_else(|refusal| call::error(&refusal, context.now, &request_id, &request_id));
            return call::finish(reply, &request_id, &request_id, &Prefer::default());
        }
        let client_request_id = request.header("client-request-id").unwrap_or(&request_id).to_owned();
        let prefer = Prefer::of(request);
        let outcome = self.graph(request, context, &prefer, &segments, may_batch);
        let reply = match outcome.and_then(|reply| self.lose(request, &segments, reply)) {
            Ok(reply) => reply,
            Err(refusal) => call::error(&refusal, context.now, &request_id, &client_request_id),
        };
        call::shared(call::finish(reply, &request_id, &client_request_id, &prefer), request)
    }

    fn graph(
        &mut self,
        request: &Request,
        context: &Context<'_>,
        prefer: &Prefer,
        segments: &[String],
        may_batch: bool,
    ) -> Result<Reply, Refusal> {
        let caller = self.caller(request, context.now)?;
        self.doubt(request)?;
        if matches!(segments, [oidc, info] if oidc == "oidc" && info == "userinfo") {
            return self.user_info(caller);
        }
        let Some(("v1.0", rest)) = segments.split_first().map(|(first, rest)| (first.as_str(), rest)) else {
            return Err(Refusal::bad_request("Invalid version."));
        };
        let call = Call {
            request,
            now: context.now,
            courier: context.courier,
            caller,
            prefer: prefer.clone(),
            page_limit: self.switches.page_limit.unwrap_or(usize::MAX),
            stale_status: self.switches.stale_status,
        };
        let path = Path::of(rest);
        match path.names().as_slice() {
            ["$batch"] if may_batch => self.batch(&call, context),
            ["me", ..] => match caller {
                Caller::User(index) => self.user(&call, &path, index, 1),
                Caller::App => {
                    Err(Refusal::bad_request("/me request is only valid with delegated authentication flow."))
                }
            },
            ["users"] => self.users(&call),
            ["users", "$count"] => self.count_users(&call),
            ["organization"] => self.organization(&call, None),
            ["organization", _] => self.organization(&call, Some(&path.raw[1])),
            ["users", _] => {
                let index = self.directory_user(&path.raw[1])?;
                self.user(&call, &path, index, 2)
            }
            ["users", _, ..] => {
                let invalid = || {
                    let message = format!("The requested user '{}' is invalid.", path.raw[1]);
                    Refusal::new(404, "ErrorInvalidUser", message)
                };
                let index = self.mailbox_of(&path.raw[1]).ok_or_else(invalid)?;
                self.user(&call, &path, index, 2)
            }
            ["subscriptions", ..] => self.subscription_routes(&call, &path),
            _ => Err(Refusal::unknown_segment(path.raw.first().map_or("", String::as_str))),
        }
    }

    /// Everything below a user; `from` is the position of the first segment after the user.
    fn user(&mut self, call: &Call<'_>, path: &Path, index: usize, from: usize) -> Result<Reply, Refusal> {
        let rest = Path { raw: path.raw[from..].to_vec(), names: path.names[from..].to_vec() };
        if rest.names.is_empty() {
            return self.user_entity(call, index);
        }
        self.enter(call, &rest.names(), index)?;
        self.permitted(call.request, &rest.names())?;
        match rest.names[0].as_str() {
            "calendars" | "calendar" | "calendargroups" | "events" | "calendarview" => {
                self.usable(call, index)?;
                self.calendar_routes(call, &rest, index)
            }
            "mailfolders" | "messages" | "sendmail" => {
                self.usable(call, index)?;
                self.mail_routes(call, &rest, index)
            }
            "contacts" | "contactfolders" | "outlook" | "mailboxsettings" | "translateexchangeids" => {
                self.usable(call, index)?;
                self.people_routes(call, &rest, index)
            }
            "todo" => {
                self.usable(call, index)?;
                self.todo_routes(call, &rest, index)
            }
            "photo" | "photos" => Err(people::user_photo(call)),
            _ => Err(Refusal::unknown_segment(&rest.raw[0])),
        }
    }

    /// Whether the caller may use the mailbox, and whether there is one.
    fn usable(&self, call: &Call<'_>, index: usize) -> Result<(), Refusal> {
        if matches!(call.caller, Caller::User(user) if user != index) {
            return Err(Refusal::access_denied());
        }
        match self.mailboxes[index].state {
            MailboxState::Ready => Ok(()),
            MailboxState::Forbidden => Err(Refusal::access_denied()),
            MailboxState::NotEnabled => Err(Refusal::new(
                404,
                "MailboxNotEnabledForRESTAPI",
                "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
            )),
        }
    }

    fn caller(&self, request: &Request, now: jiff::Timestamp) -> Result<Caller, Refusal> {
        let token = request.bearer().filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| Refusal::unauthenticated("Access token is empty."))?;
        if token == "test-token" && !self.mailboxes.is_empty() {
            return Ok(Caller::User(0));
        }
        if let Some(index) = token.strip_prefix("sim-").and_then(|name| self.mailbox_of(name)) {
            return Ok(Caller::User(index));
        }
        match self.grants.access.get(token) {
            Some(access) if access.expires > now => Ok(access.mailbox.map_or(Caller::App, Caller::User)),
            Some(_) => Err(Refusal::unauthenticated("Lifetime validation failed, the token is expired.")),
            None => Err(Refusal::unauthenticated("Access token has expired or is not yet valid.")),
        }
    }
}

/// The session's id in `api/v2.0/Users('..')/Messages('..')/AttachmentSessions('..')`.
fn upload_session(segments: &[String]) -> Option<String> {
    let path = Path::of(segments);
    match path.names().as_slice() {
        ["api", "v2.0", "users", _, "messages", _, "attachmentsessions", session] => Some((*session).to_owned()),
        _ => None,
    }
}

/// `users('guid')/what`, as contexts name it.
fn below(mailbox: &Mailbox, what: &str) -> String {
    format!("users('{}')/{what}", mailbox.id)
}

/// An entity with its context.
fn entity(call: &Call<'_>, status: u16, context: &str, object: odata::Object) -> Reply {
    let mut object = object;
    object.insert("@odata.context".into(), call.context_url(context).into());
    call::json(status, &Value::Object(object))
}
