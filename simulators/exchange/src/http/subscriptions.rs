//! Change notification subscriptions.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value, json};
use sim_kit::{Delivery, Reply};

use super::call::{self, Call, Caller};
use super::odata::{Object, read_filter};
use super::{Path, entity, notify};
use crate::model::ids::{self, Kind};
use crate::model::{CLIENT_ID, Exchange, Subscription, instant, stamp_text};
use crate::refusal::Refusal;

/// The longest life; the documents say ten minutes more.
const MAX_LIFE: SignedDuration = SignedDuration::from_mins(10_070);
/// Shorter lives are raised to this.
const MIN_LIFE: SignedDuration = SignedDuration::from_mins(45);
/// How long an endpoint may take for the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
const MAX_CLIENT_STATE: usize = 128;
/// Active subscriptions of one mailbox.
const MAX_PER_MAILBOX: usize = 1000;

/// What a subscription follows.
struct Target {
    mailbox: usize,
    kind: Kind,
    scope: Option<u64>,
    filter: Option<String>,
}

impl Exchange {
    pub(crate) fn subscription_routes(&mut self, call: &Call<'_>, path: &Path) -> Result<Reply, Refusal> {
        match (path.names().as_slice(), call.request.method.as_str()) {
            (["subscriptions"], "POST") => self.subscribe(call),
            (["subscriptions"], "GET") => {
                let mine = self.subscriptions.values().filter(|subscription| may_see(call.caller, subscription));
                let value: Vec<Value> = mine.map(|subscription| Value::Object(self.show(subscription))).collect();
                let context = call.context_url("subscriptions");
                Ok(call::json(200, &json!({"@odata.context": context, "value": value})))
            }
            (["subscriptions", _], "GET") => {
                let subscription = self.own(call, &path.raw[1])?;
                Ok(entity(call, 200, "subscriptions/$entity", self.show(subscription)))
            }
            (["subscriptions", _], "PATCH") => self.renew(call, &path.raw[1]),
            (["subscriptions", _], "DELETE") => {
                let id = self.own(call, &path.raw[1])?.id.clone();
                self.subscriptions.remove(&id);
                Ok(Reply::empty(204))
            }
            (["subscriptions", _, "reauthorize"], "POST") => {
                self.own(call, &path.raw[1])?;
                Ok(Reply::empty(204))
            }
            (["subscriptions"] | ["subscriptions", _] | ["subscriptions", _, "reauthorize"], _) => {
                Err(Refusal::method_not_allowed())
            }
            _ => Err(Refusal::unknown_segment(path.raw.get(2).map_or("", String::as_str))),
        }
    }

    fn own(&self, call: &Call<'_>, id: &str) -> Result<&Subscription, Refusal> {
        let found = self.subscriptions.get(&id.to_lowercase());
        found
            .filter(|subscription| may_see(call.caller, subscription))
            .ok_or_else(|| Refusal::new(404, "ResourceNotFound", "The object was not found."))
    }

    fn show(&self, subscription: &Subscription) -> Object {
        let creator = match subscription.owner {
            Some(user) => self.mailboxes[user].id.clone(),
            None => ids::guid(&[&self.seed, "service principal", CLIENT_ID]),
        };
        let shown = json!({
            "id": subscription.id, "resource": subscription.resource,
            "applicationId": ids::guid(&[&self.seed, "application", CLIENT_ID]),
            "changeType": subscription.change_type, "clientState": subscription.client_state,
            "notificationUrl": subscription.notification_url, "notificationQueryOptions": null,
            "lifecycleNotificationUrl": subscription.lifecycle_url,
            "expirationDateTime": stamp_text(subscription.expires), "creatorId": creator,
            "includeResourceData": null, "latestSupportedTlsVersion": "v1_2", "encryptionCertificate": null,
            "encryptionCertificateId": null, "notificationUrlAppId": null,
        });
        match shown {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    fn subscribe(&mut self, call: &Call<'_>) -> Result<Reply, Refusal> {
        let body = call.body()?;
        let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let needed = |name: &str| text(name).ok_or_else(|| invalid(format!("The property '{name}' is required.")));
        let change_type = needed("changeType")?.to_lowercase();
        if !change_type.split(',').all(|kind| matches!(kind.trim(), "created" | "updated" | "deleted")) {
            return Err(invalid(format!("The change type '{change_type}' is not supported.")));
        }
        let notification_url = self.check_url(needed("notificationUrl")?)?;
        let lifecycle_url = text("lifecycleNotificationUrl").map(|url| self.check_url(url)).transpose()?;
        let resource = needed("resource")?;
        let target = self.target(call, resource)?;
        let expires = lifetime(needed("expirationDateTime")?, call.now)?;
        let client_state = text("clientState").map(str::to_owned);
        if client_state.as_ref().is_some_and(|state| state.chars().count() > MAX_CLIENT_STATE) {
            return Err(invalid(format!("The client state is longer than {MAX_CLIENT_STATE} characters.")));
        }
        if body.get("includeResourceData").and_then(Value::as_bool) == Some(true) {
            return Err(invalid("Notifications with resource data are not supported here.".to_owned()));
        }
        let active = self.subscriptions.values().filter(|other| other.mailbox == target.mailbox).count();
        if active >= MAX_PER_MAILBOX {
            let message = format!("The mailbox has {MAX_PER_MAILBOX} active subscriptions already.");
            return Err(Refusal::new(403, "ExtensionError", message));
        }
        self.handshake(call, &notification_url)?;
        if let Some(url) = &lifecycle_url {
            self.handshake(call, url)?;
        }
        let id = self.next_guid("subscription");
        let owner = match call.caller {
            Caller::User(user) => Some(user),
            Caller::App => None,
        };
        let mut subscription = Subscription {
            id: id.clone(),
            owner,
            mailbox: target.mailbox,
            resource: resource.to_owned(),
            kind: target.kind,
            scope: target.scope,
            filter: target.filter,
            matching: BTreeSet::new(),
            change_type,
            notification_url,
            lifecycle_url,
            client_state,
            expires,
            immutable: call.prefer.immutable,
        };
        subscription.matching = notify::matching(&self.mailboxes[target.mailbox], &subscription);
        let reply = entity(call, 201, "subscriptions/$entity", self.show(&subscription));
        self.subscriptions.insert(id, subscription);
        Ok(reply)
    }

    fn renew(&mut self, call: &Call<'_>, id: &str) -> Result<Reply, Refusal> {
        let mut subscription = self.own(call, id)?.clone();
        let body = call.body()?;
        if let Some(expires) = body.get("expirationDateTime") {
            subscription.expires = lifetime(expires.as_str().unwrap_or_default(), call.now)?;
        }
        if let Some(url) = body.get("notificationUrl") {
            let url = self.check_url(url.as_str().unwrap_or_default())?;
            self.handshake(call, &url)?;
            subscription.notification_url = url;
        }
        let reply = entity(call, 200, "subscriptions/$entity", self.show(&subscription));
        self.subscriptions.insert(subscription.id.clone(), subscription);
        Ok(reply)
    }

    fn check_url(&self, url: &str) -> Result<String, Refusal> {
        let lower = url.to_ascii_lowercase();
        if lower.starts_with("https://") || (self.switches.allow_http && lower.starts_with("http://")) {
            return Ok(url.to_owned());
        }
        Err(invalid("Notification URLs must use https.".to_owned()))
    }

    /// Asks the endpoint to repeat a token.
    fn handshake(&mut self, call: &Call<'_>, url: &str) -> Result<(), Refusal> {
        let request = self.next_guid("handshake");
        let token =
            format!("Validation: Testing client application reachability for subscription Request-Id: {request}");
        let joint = if url.contains('?') { '&' } else { '?' };
        let outcome = call.courier.ask(Delivery {
            url: format!("{url}{joint}validationToken={}", utf8_percent_encode(&token, NON_ALPHANUMERIC)),
            headers: vec![("content-type".to_owned(), "text/plain; charset=utf-8".to_owned())],
            body: Vec::new(),
            timeout: HANDSHAKE,
            retries: 0,
        });
        let is_text = outcome.content_type.to_ascii_lowercase().starts_with("text/plain");
        if outcome.status == Some(200) && is_text && outcome.body == token {
            return Ok(());
        }
        let message = "Subscription validation request failed. Notification endpoint must respond with 200 OK to \
                       validation request.";
        Err(Refusal::new(400, "ValidationError", message))
    }

    /// Reads `me/events`, `users/{id}/mailFolders('inbox')/messages` and their like.
    fn target(&self, call: &Call<'_>, resource: &str) -> Result<Target, Refusal> {
        let unsupported = || invalid(format!("The resource '{resource}' is not supported for subscriptions."));
        let (path, query) = resource.split_once('?').unwrap_or((resource, ""));
        let decoded = path.split('/').filter(|part| !part.is_empty());
        let decoded = decoded.map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned());
        let segments: Vec<String> = decoded.collect();
        let path = Path::of(&segments);
        let names = path.names();
        let (mailbox, rest, at) = match names.as_slice() {
            ["me", rest @ ..] => match call.caller {
                Caller::User(user) => (user, rest, 1),
                Caller::App => {
                    return Err(Refusal::bad_request("/me request is only valid with delegated authentication flow."));
                }
            },
            ["users", _, rest @ ..] => {
                let invalid = || {
                    Refusal::new(404, "ErrorInvalidUser", format!("The requested user '{}' is invalid.", path.raw[1]))
                };
                (self.mailbox_of(&path.raw[1]).ok_or_else(invalid)?, rest, 2)
            }
            _ => return Err(unsupported()),
        };
        self.usable(call, mailbox)?;
        let (kind, scope) = match rest {
            ["events"] | ["calendar", "events"] => (Kind::Event, None),
            ["messages"] => (Kind::Message, None),
            ["mailfolders", _, "messages"] => {
                (Kind::Message, Some(self.mailboxes[mailbox].find_folder(&path.raw[at + 1])?))
            }
            ["contacts"] => (Kind::Contact, None),
            ["contactfolders", _, "contacts"] => {
                (Kind::Contact, Some(self.mailboxes[mailbox].find_contact_folder(&path.raw[at + 1])?))
            }
            ["todo", "lists", _, "tasks"] => {
                (Kind::Task, Some(self.mailboxes[mailbox].find_task_list(&path.raw[at + 2])?.stamp.key))
            }
            _ => return Err(unsupported()),
        };
        let filter = query.split('&').find_map(|part| {
            let (name, value) = part.split_once('=')?;
            let name = percent_decode_str(name).decode_utf8_lossy();
            name.eq_ignore_ascii_case("$filter")
                .then(|| percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned())
        });
        if let Some(text) = &filter {
            read_filter(text, notify::schema(kind))?;
        }
        Ok(Target { mailbox, kind, scope, filter })
    }

    pub(crate) fn drop_lapsed_subscriptions(&mut self, now: Timestamp) {
        self.subscriptions.retain(|_, subscription| subscription.expires > now);
    }
}

fn may_see(caller: Caller, subscription: &Subscription) -> bool {
    match caller {
        Caller::App => true,
        Caller::User(user) => subscription.owner == Some(user),
    }
}

fn invalid(message: String) -> Refusal {
    Refusal::new(400, "InvalidRequest", message)
}

fn lifetime(text: &str, now: Timestamp) -> Result<Timestamp, Refusal> {
    let expires = instant(text).ok_or_else(|| invalid(format!("'{text}' is not a valid expirationDateTime.")))?;
    if expires <= now {
        let message = "Subscription expiration can only be set to a time in the future.";
        return Err(Refusal::new(400, "ExtensionError", message));
    }
    let life = expires.duration_since(now);
    if life > MAX_LIFE {
        let message = format!("Subscription expiration can only be {} minutes in the future.", MAX_LIFE.as_mins());
        return Err(Refusal::new(400, "ExtensionError", message));
    }
    Ok(now + life.max(MIN_LIFE))
}
