//! Change notification subscriptions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use sim_kit::{Delivery, Reply};

use super::call::{self, Call, Caller};
use super::odata::{Object, Options, Schema};
use super::resource::extension;
use super::{Path, entity, notify};
use crate::model::ids::{self, Kind};
use crate::model::{CLIENT_ID, Exchange, PublicKey, Sealing, Subscription, instant, stamp_text, usual_tls};
use crate::refusal::Refusal;

/// How long a subscription may live; the documents say ten minutes more.
const MAX_LIFE: SignedDuration = SignedDuration::from_mins(10_070);
/// The same for one that brings the items along.
const MAX_RICH_LIFE: SignedDuration = SignedDuration::from_mins(1_440);
/// The same for one that follows tasks.
const MAX_TASK_LIFE: SignedDuration = SignedDuration::from_mins(4_230);
/// Shorter lives are raised to this.
const MIN_LIFE: SignedDuration = SignedDuration::from_mins(45);
/// How long an endpoint may take for the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
const MAX_CLIENT_STATE: usize = 128;
/// Active subscriptions of one mailbox.
const MAX_PER_MAILBOX: usize = 1000;
/// What is said of a body that cannot be read.
const UNREADABLE: &str = "Could not process subscription creation payload. Are all property names spelled and \
                          camelCased properly? Also are the datetimeoffset values in a valid internet Date and Time \
                          format?";

const SUBSCRIPTION: Schema = Schema {
    name: "subscription",
    properties: &[
        "id",
        "resource",
        "applicationId",
        "changeType",
        "clientState",
        "notificationUrl",
        "notificationQueryOptions",
        "lifecycleNotificationUrl",
        "expirationDateTime",
        "creatorId",
        "includeResourceData",
        "latestSupportedTlsVersion",
        "encryptionCertificate",
        "encryptionCertificateId",
        "notificationUrlAppId",
    ],
    keeps_id: true,
    page: 100,
    strict_order: false,
};

/// The body of a POST or PATCH, its property names without case.
struct Body(BTreeMap<String, Value>);

impl Body {
    fn of(call: &Call<'_>) -> Result<Self, Refusal> {
        let body = call.body()?;
        let known = |name: &str| SUBSCRIPTION.properties.iter().any(|known| known.eq_ignore_ascii_case(name));
        let given = body.into_iter().filter(|(name, _)| !name.contains('@'));
        let given: BTreeMap<String, Value> = given.map(|(name, value)| (name.to_lowercase(), value)).collect();
        if !given.keys().all(|name| known(name)) {
            return Err(Refusal::new(400, "InvalidRequest", UNREADABLE));
        }
        Ok(Self(given))
    }

    /// A text that is there and not empty.
    fn text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        match self.0.get(&name.to_lowercase()) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => Err(Refusal::new(400, "InvalidRequest", UNREADABLE)),
        }
    }

    fn needed(&self, name: &str) -> Result<&str, Refusal> {
        let message = || invalid(format!("{name} is a required property for subscription creation"));
        self.text(name)?.ok_or_else(message)
    }
}

impl Exchange {
    pub(crate) fn subscription_routes(&mut self, call: &Call<'_>, path: &Path) -> Result<Reply, Refusal> {
        match (path.names().as_slice(), call.request.method.as_str()) {
            (["subscriptions"], "POST") => self.subscribe(call),
            (["subscriptions"], "GET") => {
                let options = Options::of(call, &SUBSCRIPTION)?;
                let mine = self.subscriptions.values().filter(|subscription| may_see(call.caller, subscription));
                let show = |subscription: &Subscription| self.show(subscription);
                Ok(call::json(200, &options.list(call, "subscriptions", mine.collect(), show, show)))
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
                let id = self.own(call, &path.raw[1])?.id.clone();
                let until = self.token_end(call);
                if let Some(subscription) = self.subscriptions.get_mut(&id) {
                    subscription.authorized_until = until;
                }
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
            "applicationId": self.application_id(),
            "changeType": subscription.change_type, "clientState": subscription.client_state,
            "notificationUrl": subscription.notification_url, "notificationQueryOptions": null,
            "lifecycleNotificationUrl": subscription.lifecycle_url,
            "expirationDateTime": stamp_text(subscription.expires), "creatorId": creator,
            "includeResourceData": subscription.sealing.as_ref().map(|_| true),
            "latestSupportedTlsVersion": subscription.tls,
            "encryptionCertificate": subscription.sealing.as_ref().map(|sealing| &sealing.certificate),
            "encryptionCertificateId": subscription.sealing.as_ref().map(|sealing| &sealing.certificate_id),
            "notificationUrlAppId": null,
        });
        match shown {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    fn subscribe(&mut self, call: &Call<'_>) -> Result<Reply, Refusal> {
        let body = Body::of(call)?;
        let change_type = body.needed("changeType")?.to_lowercase().replace(' ', "");
        if !change_type.split(',').all(|kind| matches!(kind, "created" | "updated" | "deleted")) {
            return Err(invalid(format!("Invalid 'changeType' attribute: '{change_type}'.")));
        }
        let notification_url = self.check_url("notificationUrl", body.needed("notificationUrl")?)?;
        let lifecycle_url = body.text("lifecycleNotificationUrl")?;
        let lifecycle_url = lifecycle_url.map(|url| self.check_url("lifecycleNotificationUrl", url)).transpose()?;
        let resource = body.needed("resource")?;
        let expiration = body.needed("expirationDateTime")?;
        let target = self.target(call, resource)?;
        let sealing = sealing(&body)?;
        if sealing.is_some() && target.kind == Kind::Task {
            return Err(invalid("includeResourceData is not supported for this resource.".to_owned()));
        }
        let expires = lifetime(expiration, call.now, longest(target.kind, sealing.as_ref()))?;
        let client_state = body.text("clientState")?.map(str::to_owned);
        if client_state.as_ref().is_some_and(|state| state.chars().count() > MAX_CLIENT_STATE) {
            return Err(invalid(format!("clientState must not be longer than {MAX_CLIENT_STATE} characters.")));
        }
        let tls = body.text("latestSupportedTlsVersion")?.map_or_else(usual_tls, str::to_lowercase);
        if !matches!(tls.as_str(), "v1_0" | "v1_1" | "v1_2" | "v1_3") {
            return Err(invalid(format!("Invalid 'latestSupportedTlsVersion' attribute: '{tls}'.")));
        }
        let active = self.subscriptions.values().filter(|other| other.mailbox == target.mailbox).count();
        if active >= MAX_PER_MAILBOX {
            let message = format!("The mailbox has reached its limit of {MAX_PER_MAILBOX} active subscriptions.");
            return Err(extension(&Refusal::new(403, "Forbidden", message)));
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
            select: target.select,
            matching: BTreeSet::new(),
            change_type,
            notification_url,
            lifecycle_url,
            client_state,
            tls,
            sealing,
            expires,
            authorized_until: self.token_end(call),
            reminded_of: None,
            revoked: false,
            immutable: call.prefer.immutable,
        };
        subscription.matching = notify::matching(&self.mailboxes[target.mailbox], &subscription);
        let reply = entity(call, 201, "subscriptions/$entity", self.show(&subscription));
        self.subscriptions.insert(id, subscription);
        Ok(reply)
    }

    /// When the caller's token ends; never for an application's, which it can always renew.
    fn token_end(&self, call: &Call<'_>) -> Option<Timestamp> {
        let access = self.grants.access.get(call.request.bearer()?)?;
        access.mailbox.map(|_| access.expires)
    }

    /// Only the end and the address can be changed; the others may be repeated as they are.
    fn renew(&mut self, call: &Call<'_>, id: &str) -> Result<Reply, Refusal> {
        let mut subscription = self.own(call, id)?.clone();
        let body = Body::of(call)?;
        let shown = self.show(&subscription);
        for (name, value) in &body.0 {
            if matches!(name.as_str(), "expirationdatetime" | "notificationurl") {
                continue;
            }
            let same = shown.iter().any(|(known, now)| known.eq_ignore_ascii_case(name) && now == value);
            if !same {
                return Err(invalid(format!("The property '{name}' of a subscription cannot be updated.")));
            }
        }
        if let Some(expires) = body.text("expirationDateTime")? {
            subscription.expires =
                lifetime(expires, call.now, longest(subscription.kind, subscription.sealing.as_ref()))?;
        }
        if let Some(url) = body.text("notificationUrl")? {
            let url = self.check_url("notificationUrl", url)?;
            self.handshake(call, &url)?;
            subscription.notification_url = url;
        }
        subscription.authorized_until = self.token_end(call);
        let reply = entity(call, 200, "subscriptions/$entity", self.show(&subscription));
        self.subscriptions.insert(subscription.id.clone(), subscription);
        Ok(reply)
    }

    fn check_url(&self, name: &str, url: &str) -> Result<String, Refusal> {
        let lower = url.to_ascii_lowercase();
        let rest = lower
            .strip_prefix("https://")
            .or_else(|| lower.strip_prefix("http://").filter(|_| self.switches.allow_http));
        if rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && !rest.contains(char::is_whitespace)) {
            return Ok(url.to_owned());
        }
        Err(invalid(format!("'{name}' must be an absolute URL that uses the HTTPS protocol.")))
    }

    /// Asks the endpoint to repeat a token.
    fn handshake(&mut self, call: &Call<'_>, url: &str) -> Result<(), Refusal> {
        let message = "Subscription validation request failed. Notification endpoint must respond with 200 OK to \
                       validation request.";
        let failed = || Refusal::new(400, "ValidationError", message);
        if self.switches.handshake_failures > 0 {
            self.switches.handshake_failures -= 1;
            return Err(failed());
        }
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
        Err(failed())
    }
}

fn may_see(caller: Caller, subscription: &Subscription) -> bool {
    match caller {
        Caller::App => true,
        Caller::User(user) => subscription.owner == Some(user),
    }
}

fn invalid(message: String) -> Refusal {
    Refusal::new(400, "ValidationError", message)
}

/// The certificate of a subscription that wants the items brought along.
fn sealing(body: &Body) -> Result<Option<Sealing>, Refusal> {
    match body.0.get("includeresourcedata") {
        None | Some(Value::Null | Value::Bool(false)) => return Ok(None),
        Some(Value::Bool(true)) => {}
        Some(_) => return Err(Refusal::new(400, "InvalidRequest", UNREADABLE)),
    }
    let needed = |name: &str| {
        let missing = || invalid(format!("{name} is a required property when includeResourceData is set to true."));
        body.text(name)?.ok_or_else(missing)
    };
    let certificate = needed("encryptionCertificate")?;
    let certificate_id = needed("encryptionCertificateId")?;
    if certificate_id.chars().count() > MAX_CLIENT_STATE {
        let message = format!("encryptionCertificateId must not be longer than {MAX_CLIENT_STATE} characters.");
        return Err(invalid(message));
    }
    let bytes = STANDARD.decode(certificate).ok();
    if bytes.as_deref().and_then(PublicKey::of_certificate).is_none() {
        let message =
            "encryptionCertificate must be a base64-encoded X.509 certificate with an RSA key of at least 2048 bits.";
        return Err(invalid(message.to_owned()));
    }
    Ok(Some(Sealing { certificate: certificate.to_owned(), certificate_id: certificate_id.to_owned() }))
}

fn longest(kind: Kind, sealing: Option<&Sealing>) -> SignedDuration {
    match (kind, sealing) {
        (_, Some(_)) => MAX_RICH_LIFE,
        (Kind::Task, None) => MAX_TASK_LIFE,
        (_, None) => MAX_LIFE,
    }
}

fn lifetime(text: &str, now: Timestamp, longest: SignedDuration) -> Result<Timestamp, Refusal> {
    let expires = instant(text).ok_or_else(|| Refusal::new(400, "InvalidRequest", UNREADABLE))?;
    if expires <= now {
        let message = "Subscription expiration can only be set to a time in the future.";
        return Err(Refusal::new(400, "ExtensionError", message));
    }
    let life = expires.duration_since(now);
    if life > longest {
        let message = format!("Subscription expiration can only be {} minutes in the future.", longest.as_mins());
        return Err(Refusal::new(400, "ExtensionError", message));
    }
    Ok(now + life.max(MIN_LIFE))
}
