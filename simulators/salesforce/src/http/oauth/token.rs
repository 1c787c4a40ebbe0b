//! The token endpoint: every grant.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sim_kit::{Reply, Request};

use crate::model::{CodeGrant, Denial, Pass, Salesforce};

use super::super::with_body;
use super::Form;

/// Hosts at which every org signs in, and no app as itself.
const SHARED_HOSTS: [&str; 2] = ["login.salesforce.com", "test.salesforce.com"];

/// What tokens are good for that nobody asked to be less.
pub(super) const ALL_SCOPES: &str = "refresh_token api";

#[derive(Clone, Copy, PartialEq)]
enum Grant {
    Code,
    Refresh,
    Assertion,
    App,
    Password,
}

impl Grant {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "authorization_code" => Self::Code,
            "refresh_token" => Self::Refresh,
            "urn:ietf:params:oauth:grant-type:jwt-bearer" => Self::Assertion,
            "client_credentials" => Self::App,
            "password" => Self::Password,
            _ => return None,
        })
    }
}

pub(super) fn grant(org: &mut Salesforce, request: &Request, now: Timestamp) -> Result<Reply, Denial> {
    let form = Form::of(request);
    let grant = form.value("grant_type").and_then(Grant::named);
    let grant = grant.ok_or(Denial("unsupported_grant_type", "grant type not supported"))?;
    let needed = |name: &str, description: &'static str| form.value(name).ok_or(Denial("invalid_request", description));
    if grant == Grant::App && is_shared_host(&request.origin) {
        return Err(Denial("invalid_grant", "request not supported on this domain"));
    }
    // An assertion says itself whose it is.
    if grant != Grant::Assertion {
        let must_prove = org.app.require_secret || matches!(grant, Grant::App | Grant::Password);
        prove_client(org, request, &form, must_prove)?;
    }
    let (pass, scope) = match grant {
        Grant::Code => {
            let code = CodeGrant {
                code: needed("code", "code parameter is missing")?,
                redirect_uri: needed("redirect_uri", "redirect_uri parameter is missing")?,
                verifier: form.value("code_verifier"),
            };
            (org.redeem(&code, now)?, ALL_SCOPES)
        }
        Grant::Refresh => {
            (org.refresh(needed("refresh_token", "refresh_token parameter is missing")?, now)?, ALL_SCOPES)
        }
        Grant::Assertion => {
            let assertion = needed("assertion", "assertion parameter is missing")?;
            (org.admit_assertion(assertion, &request.origin, now)?, "api")
        }
        Grant::App => (org.log_in_app(now)?, "api"),
        Grant::Password => {
            let username = needed("username", "username parameter is missing")?;
            (org.log_in(username, needed("password", "password parameter is missing")?, now)?, "api")
        }
    };
    let mut body = told(org, request, &pass, scope, now);
    if let (Grant::App, Some(body)) = (grant, body.as_object_mut()) {
        body.insert("api_instance_url".to_owned(), json!(request.origin));
    }
    Ok(with_body(200, &body).header("cache-control", "no-store").header("pragma", "no-cache"))
}

/// Refuses a client that is not the connected app, or does not prove to be where it must.
pub(super) fn prove_client(org: &Salesforce, request: &Request, form: &Form, must_prove: bool) -> Result<(), Denial> {
    let basic = basic(request);
    let (client, secret) = match &basic {
        Some((client, secret)) => (Some(client.as_str()), Some(secret.as_str())),
        None => (form.value("client_id"), form.value("client_secret")),
    };
    if client != Some(&org.app.client_id) {
        return Err(Denial("invalid_client_id", "client identifier invalid"));
    }
    if secret.map_or(must_prove, |secret| secret != org.app.client_secret) {
        return Err(Denial("invalid_client", "invalid client credentials"));
    }
    Ok(())
}

/// Whether the address is one at which every org signs in.
pub(in super::super) fn is_shared_host(origin: &str) -> bool {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let name = host.split(':').next().unwrap_or_default();
    SHARED_HOSTS.iter().any(|shared| name.eq_ignore_ascii_case(shared))
}

fn basic(request: &Request) -> Option<(String, String)> {
    let (scheme, encoded) = request.header("authorization")?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let plain = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    text.split_once(':').map(|(client, secret)| (plain(client), plain(secret)))
}

fn told(org: &Salesforce, request: &Request, pass: &Pass, scope: &str, now: Timestamp) -> Value {
    let identity = format!("{}/id/{}/{}", request.origin, org.org_id(), pass.user);
    let issued_at = now.as_millisecond().to_string();
    // Who signs in where all do is sent to the org.
    let instance = if is_shared_host(&request.origin) { org.instance() } else { &request.origin };
    let mut body = json!({
        "access_token": pass.access_token,
        "signature": STANDARD.encode(signature(&org.app.client_secret, &format!("{identity}{issued_at}"))),
        "scope": pass.scope.as_deref().unwrap_or(scope),
        "instance_url": instance,
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued_at,
    });
    if let (Some(token), Some(body)) = (&pass.refresh_token, body.as_object_mut()) {
        body.insert("refresh_token".to_owned(), json!(token));
    }
    body
}

/// HMAC-SHA256 (RFC 2104) with the consumer secret.
fn signature(secret: &str, text: &str) -> [u8; 32] {
    let mut key = [0_u8; 64];
    let hashed = Sha256::digest(secret);
    let bytes = if secret.len() > key.len() { &hashed[..] } else { secret.as_bytes() };
    for (slot, byte) in key.iter_mut().zip(bytes) {
        *slot = *byte;
    }
    let inner = Sha256::new().chain_update(key.map(|byte| byte ^ 0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(key.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}
