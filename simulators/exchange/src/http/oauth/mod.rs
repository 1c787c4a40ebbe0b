//! The sign-in service: what stands at `login.microsoftonline.com`.

mod authorize;
mod device;
mod discovery;
mod grant;
mod token;

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use sim_kit::{Reply, Request};

use crate::model::{CLIENT_ID, CLIENT_SECRET, Exchange, ids};

/// Content type of every JSON answer of the sign-in service.
const JSON: &str = "application/json; charset=utf-8";

/// A refusal of the sign-in service.
#[derive(Debug)]
struct Denial {
    status: u16,
    error: &'static str,
    number: u32,
    message: String,
    suberror: Option<&'static str>,
}

impl Denial {
    fn new(error: &'static str, number: u32, message: impl Into<String>) -> Self {
        let status = if error == "invalid_client" { 401 } else { 400 };
        Self { status, error, number, message: message.into(), suberror: None }
    }

    fn grant(number: u32, message: &str) -> Self {
        Self::new("invalid_grant", number, message)
    }

    fn unknown_tenant(tenant: &str) -> Self {
        let message = format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant."
        );
        Self::new("invalid_request", 90002, message)
    }

    fn unknown_client(client: &str, tenant: &str) -> Self {
        let message = format!(
            "Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant."
        );
        Self::new("unauthorized_client", 700_016, message)
    }
}

type Form = BTreeMap<String, String>;

impl Exchange {
    /// Answers what is addressed to the sign-in service; `None` if the path is none of its own.
    pub(crate) fn sign_in_service(&mut self, request: &Request, now: Timestamp, segments: &[String]) -> Option<Reply> {
        let names: Vec<String> = segments.iter().map(|segment| segment.to_ascii_lowercase()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let tenant = segments.first().map_or("", String::as_str);
        let method = request.method.as_str();
        Some(match (names.as_slice(), method) {
            ([_, "oauth2", "v2.0", "authorize"], "GET" | "POST") => self.authorize(request, now, tenant),
            ([_, "oauth2", "v2.0", "token"], "POST") => {
                let form: Form = request.form().into_iter().collect();
                let granted = self.grant(request, &form, now, tenant);
                let tokens = granted.map(|granted| self.issue(&granted, &form, now));
                self.told(tokens, now)
            }
            ([_, "oauth2", "v2.0", "devicecode"], "POST") => {
                let form: Form = request.form().into_iter().collect();
                let code = self.device_code(request, &form, now, tenant);
                self.told(code, now)
            }
            ([_, "oauth2", "v2.0", "logout"], "GET" | "POST") => authorize::signed_out(request),
            (["devicelogin"] | [_, "oauth2", "deviceauth"], "GET" | "POST") => self.device_page(request, now),
            (
                [_, ".well-known", "openid-configuration"] | [_, "v2.0", ".well-known", "openid-configuration"],
                "GET",
            ) => {
                let known = self.is_tenant(tenant);
                let document = known.then(|| self.configuration(request, tenant, names.len() == 4));
                self.told(document.ok_or_else(|| invalid_tenant(tenant)), now)
            }
            ([_, "discovery", "keys"] | [_, "discovery", "v2.0", "keys"], "GET") => {
                Reply::json(200, &discovery::keys()).header("content-type", JSON)
            }
            (["common", "discovery", "instance"], "GET") => {
                let instance = discovery::instance(request);
                self.told(instance, now)
            }
            ([_, "oauth2", "v2.0", "authorize" | "token" | "devicecode" | "logout"], _) => Reply::empty(405),
            ([_, "oauth2", ..], _) => Reply::empty(404),
            _ => return None,
        })
    }

    /// The JSON answer to what went well or was refused.
    fn told(&mut self, outcome: Result<Value, Denial>, now: Timestamp) -> Reply {
        let reply = match outcome {
            Ok(body) => Reply::json(200, &body),
            Err(denial) => self.deny(&denial, now),
        };
        reply
            .header("content-type", JSON)
            .header("cache-control", "no-store, no-cache")
            .header("pragma", "no-cache")
            .header("x-ms-request-id", &self.next_guid("sign-in request"))
    }

    fn deny(&mut self, denial: &Denial, now: Timestamp) -> Reply {
        let (trace, correlation) = (self.next_guid("trace"), self.next_guid("correlation"));
        let time = format!("{}Z", TimeZone::UTC.to_datetime(now).strftime("%Y-%m-%d %H:%M:%S"));
        let Denial { status, error, number, message, suberror } = denial;
        let description = format!(
            "AADSTS{number}: {message}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: {time}"
        );
        let mut body = json!({
            "error": error, "error_description": description, "error_codes": [number], "timestamp": time,
            "trace_id": trace, "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={number}"),
        });
        if let Some(suberror) = suberror {
            body["suberror"] = (*suberror).into();
        }
        Reply::json(*status, &body)
    }

    /// `common`, `organizations`, the tenant's id, or the domain of one of its users.
    fn is_tenant(&self, tenant: &str) -> bool {
        let domain =
            |address: &str| address.rsplit_once('@').is_some_and(|(_, domain)| domain.eq_ignore_ascii_case(tenant));
        is_shared(tenant)
            || tenant.eq_ignore_ascii_case(&self.tenant)
            || self.mailboxes.iter().any(|mailbox| domain(&mailbox.address))
    }

    /// The application's id as tokens and subscriptions show it.
    pub(crate) fn application_id(&self) -> String {
        ids::guid(&[&self.seed, "application", CLIENT_ID])
    }

    /// The application goes by its name and by its id.
    fn is_client(&self, client: &str) -> bool {
        client == CLIENT_ID || client.eq_ignore_ascii_case(&self.application_id())
    }

    /// Whether the application proved itself with its secret, in the form or as Basic authentication.
    fn check_client(&self, request: &Request, form: &Form, tenant: &str) -> Result<bool, Denial> {
        let basic = request.header("authorization").and_then(|value| value.strip_prefix("Basic "));
        let basic =
            basic.and_then(|text| STANDARD.decode(text.trim()).ok()).and_then(|bytes| String::from_utf8(bytes).ok());
        let (client, secret) = match basic.as_deref().and_then(|pair| pair.split_once(':')) {
            Some((client, secret)) => (client, Some(secret)),
            None => (needed(form, "client_id")?, form.get("client_secret").map(String::as_str)),
        };
        if !self.is_client(client) {
            return Err(Denial::unknown_client(client, tenant));
        }
        match secret {
            None => Ok(false),
            Some(secret) if secret != CLIENT_SECRET => {
                let message = format!(
                    "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{client}'."
                );
                Err(Denial::new("invalid_client", 7_000_215, message))
            }
            Some(_) if self.grants.secret_expired => {
                let message = format!(
                    "The provided client secret keys for app '{client}' are expired. Visit the Azure portal to create new keys for your app, or consider using certificate credentials for added security."
                );
                Err(Denial::new("invalid_client", 7_000_222, message))
            }
            Some(_) => Ok(true),
        }
    }
}

fn invalid_tenant(tenant: &str) -> Denial {
    Denial { error: "invalid_tenant", ..Denial::unknown_tenant(tenant) }
}

/// A page for a person.
fn page(status: u16, title: &str, content: &str) -> Reply {
    let body = format!(
        "<!doctype html><html><head><meta charset=\"utf-8\"><title>{title}</title></head><body><h1>{title}</h1>{content}</body></html>"
    );
    Reply::text(status, "text/html; charset=utf-8", body)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn is_shared(tenant: &str) -> bool {
    tenant.eq_ignore_ascii_case("common") || tenant.eq_ignore_ascii_case("organizations")
}

fn needed<'a>(form: &'a Form, name: &str) -> Result<&'a str, Denial> {
    let value = form.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let message = format!("The request body must contain the following parameter: '{name}'.");
    value.ok_or_else(|| Denial::new("invalid_request", 900_144, message))
}
