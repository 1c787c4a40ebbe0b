//! OAuth: how tokens are got and given back, and who one is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sim_kit::{Reply, Request};

use crate::model::refusal::Refusal;
use crate::model::{CLIENT_ID, CLIENT_SECRET, CodeGrant, Denial, Pass, Row, Salesforce, id, stamp};

use super::{ok, refused, segment, token, with_body};

pub(super) fn oauth(org: &mut Salesforce, request: &Request, endpoint: &str, now: Timestamp) -> Reply {
    match (request.method.as_str(), endpoint) {
        ("POST", "token") => grant(org, request, now).unwrap_or_else(|denial| denied(&denial)),
        ("POST" | "GET", "revoke") => {
            let form = form(request);
            let token = form.iter().find(|(name, _)| name == "token").map(|(_, value)| value.as_str());
            match token {
                Some(token) if org.revoke(token) => Reply::empty(200),
                Some(_) => denied(&Denial("invalid_token", "invalid token")),
                None => denied(&Denial("invalid_request", "token parameter is missing")),
            }
        }
        ("GET", "authorize") => authorize(org, request, now),
        ("GET" | "POST", "userinfo") => userinfo(org, request, now),
        _ => refused(&[Refusal::not_found()]),
    }
}

/// The parameters of a form, and those of the query where they are there instead.
fn form(request: &Request) -> Vec<(String, String)> {
    request.form().into_iter().chain(request.query.iter().cloned()).collect()
}

fn denied(denial: &Denial) -> Reply {
    let Denial(error, description) = denial;
    with_body(400, &json!({ "error": error, "error_description": description }))
}

fn grant(org: &mut Salesforce, request: &Request, now: Timestamp) -> Result<Reply, Denial> {
    let form = form(request);
    let value = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let kind = value("grant_type").ok_or(Denial("invalid_request", "grant_type parameter is missing"))?;
    let supported = ["authorization_code", "refresh_token", "client_credentials", "password"];
    if !supported.contains(&kind) {
        return Err(Denial("unsupported_grant_type", "grant type not supported"));
    }
    let basic = basic(request);
    let (client, secret) = match &basic {
        Some((client, secret)) => (Some(client.as_str()), Some(secret.as_str())),
        None => (value("client_id"), value("client_secret")),
    };
    if client != Some(CLIENT_ID) {
        return Err(Denial("invalid_client_id", "client identifier invalid"));
    }
    let must_prove = matches!(kind, "client_credentials" | "password");
    if secret.map_or(must_prove, |secret| secret != CLIENT_SECRET) {
        return Err(Denial("invalid_client", "invalid client credentials"));
    }
    let needed = |name: &str, description: &'static str| value(name).ok_or(Denial("invalid_request", description));
    let (pass, scope) = match kind {
        "authorization_code" => {
            let code = CodeGrant {
                code: needed("code", "code parameter is missing")?,
                redirect_uri: needed("redirect_uri", "redirect_uri parameter is missing")?,
                verifier: value("code_verifier"),
            };
            (org.redeem(&code, now)?, "refresh_token api")
        }
        "refresh_token" => {
            (org.refresh(needed("refresh_token", "refresh_token parameter is missing")?, now)?, "refresh_token api")
        }
        "client_credentials" => (org.log_in_app(now)?, "api"),
        _ => {
            let username = needed("username", "username parameter is missing")?;
            (org.log_in(username, needed("password", "password parameter is missing")?, now)?, "api")
        }
    };
    let mut body = told(org, request, &pass, scope, now);
    if let (true, Some(body)) = (kind == "client_credentials", body.as_object_mut()) {
        body.insert("api_instance_url".to_owned(), json!(request.origin));
    }
    Ok(with_body(200, &body).header("cache-control", "no-store"))
}

fn basic(request: &Request) -> Option<(String, String)> {
    let encoded = request.header("authorization")?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    text.split_once(':').map(|(client, secret)| (client.to_owned(), secret.to_owned()))
}

fn told(org: &Salesforce, request: &Request, pass: &Pass, scope: &str, now: Timestamp) -> Value {
    let identity = format!("{}/id/{}/{}", request.origin, org.org_id(), pass.user);
    let issued_at = now.as_millisecond().to_string();
    let mut body = json!({
        "access_token": pass.access_token,
        "signature": STANDARD.encode(signature(&format!("{identity}{issued_at}"))),
        "scope": scope,
        "instance_url": request.origin,
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued_at,
    });
    if let (Some(token), Some(body)) = (&pass.refresh_token, body.as_object_mut()) {
        body.insert("refresh_token".to_owned(), json!(token));
    }
    body
}

/// HMAC-SHA256 (RFC 2104) with the consumer secret, which is shorter than a block.
fn signature(text: &str) -> [u8; 32] {
    let mut key = [0_u8; 64];
    for (slot, byte) in key.iter_mut().zip(CLIENT_SECRET.bytes()) {
        *slot = byte;
    }
    let inner = Sha256::new().chain_update(key.map(|byte| byte ^ 0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(key.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

/// The user approves at once. `login_hint` names the user; without it the first one.
fn authorize(org: &mut Salesforce, request: &Request, now: Timestamp) -> Reply {
    if request.param("client_id") != Some(CLIENT_ID) {
        return denied(&Denial("invalid_client_id", "client identifier invalid"));
    }
    let Some(redirect) = request.param("redirect_uri").filter(|uri| !uri.is_empty()) else {
        return denied(&Denial("redirect_uri_missing", "redirect_uri not supplied"));
    };
    if request.param("response_type") != Some("code") {
        return denied(&Denial("unsupported_response_type", "response type not supported"));
    }
    let challenge = request.param("code_challenge").filter(|challenge| !challenge.is_empty());
    if challenge.is_some() && request.param("code_challenge_method").is_some_and(|method| method != "S256") {
        return denied(&Denial("invalid_request", "code challenge method not supported"));
    }
    let Some(code) = org.approve(request.param("login_hint"), redirect, challenge, now) else {
        return denied(&Denial("invalid_grant", "authentication failure"));
    };
    let join = if redirect.contains('?') { '&' } else { '?' };
    let state = request.param("state").map(|state| format!("&state={}", segment(state))).unwrap_or_default();
    Reply::empty(302).header("location", &format!("{redirect}{join}code={}{state}", segment(&code)))
}

/// Where the APIs are, with the placeholder that the vendor leaves in.
fn urls(origin: &str, org_id: &str, user: &str) -> Value {
    let rest = format!("{origin}/services/data/v{{version}}/");
    let org = org_id.get(..15).unwrap_or(org_id);
    json!({
        "enterprise": format!("{origin}/services/Soap/c/{{version}}/{org}"),
        "metadata": format!("{origin}/services/Soap/m/{{version}}/{org}"),
        "partner": format!("{origin}/services/Soap/u/{{version}}/{org}"),
        "rest": rest,
        "sobjects": format!("{rest}sobjects/"),
        "search": format!("{rest}search/"),
        "query": format!("{rest}query/"),
        "recent": format!("{rest}recent/"),
        "profile": format!("{origin}/{user}"),
        "custom_domain": origin,
    })
}

/// Seconds east of UTC are not counted with daylight saving here, as in the vendor's answer.
fn about(org: &Salesforce, user: &Row, origin: &str) -> Value {
    json!({
        "user_id": user.id(), "organization_id": org.org_id(), "nickname": user.get("Alias"),
        "email": user.get("Email"), "email_verified": true, "active": user.get("IsActive"),
        "user_type": "STANDARD", "language": user.get("LanguageLocaleKey"), "locale": user.get("LocaleSidKey"),
        "urls": urls(origin, org.org_id(), user.id()), "is_app_installed": true,
    })
}

fn userinfo(org: &mut Salesforce, request: &Request, now: Timestamp) -> Reply {
    let given = token(request).map(str::to_owned).or_else(|| request.param("oauth_token").map(str::to_owned));
    let Some(given) = given else {
        return Reply::text(403, "text/plain;charset=UTF-8", "Missing_OAuth_Token");
    };
    let caller = org.admit(&given, now);
    let Some(user) = caller.and_then(|caller| org.user(&caller.user)) else {
        return Reply::text(403, "text/plain;charset=UTF-8", "Bad_OAuth_Token");
    };
    let mut body = about(org, user, &request.origin);
    if let Some(body) = body.as_object_mut() {
        let more = json!({
            "sub": format!("{}/id/{}/{}", request.origin, org.org_id(), user.id()),
            "preferred_username": user.get("Username"), "name": user.get("Name"),
            "given_name": user.get("FirstName"), "family_name": user.get("LastName"),
            "zoneinfo": user.get("TimeZoneSidKey"), "utcOffset": offset(user, now),
            "updated_at": iso(user.text("LastModifiedDate")),
        });
        body.extend(more.as_object().cloned().unwrap_or_default());
    }
    ok(&body)
}

/// `2031-05-06T09:00:00Z`
fn iso(stamped: &str) -> Value {
    stamp::read(stamped).map(|at| json!(at.to_string())).unwrap_or_default()
}

/// Milliseconds east of UTC.
fn offset(user: &Row, now: Timestamp) -> i32 {
    let zone = jiff::tz::TimeZone::get(user.text("TimeZoneSidKey")).unwrap_or(jiff::tz::TimeZone::UTC);
    zone.to_offset(now).seconds() * 1000
}

/// The identity service, at the address that tokens name.
pub(super) fn identity(org: &mut Salesforce, request: &Request, org_id: &str, user: &str, now: Timestamp) -> Reply {
    let refuse = |why: &str| Reply::text(403, "text/plain;charset=UTF-8", why);
    let given = token(request).map(str::to_owned).or_else(|| request.param("oauth_token").map(str::to_owned));
    let Some(given) = given else {
        return refuse("Missing_OAuth_Token");
    };
    if org.admit(&given, now).is_none() {
        return refuse("Bad_OAuth_Token");
    }
    if id::canonical(org_id).as_deref() != Some(org.org_id()) {
        return refuse("Wrong_Org");
    }
    let Some(user) = id::canonical(user).and_then(|id| org.user(&id)).filter(|row| row.object() == "User") else {
        return refuse("Bad_Id");
    };
    let mut body = about(org, user, &request.origin);
    if let Some(body) = body.as_object_mut() {
        let more = json!({
            "id": format!("{}/id/{}/{}", request.origin, org.org_id(), user.id()), "asserted_user": true,
            "username": user.get("Username"), "nick_name": user.get("Alias"), "display_name": user.get("Name"),
            "first_name": user.get("FirstName"), "last_name": user.get("LastName"),
            "timezone": user.get("TimeZoneSidKey"), "utcOffset": offset(user, now),
            "last_modified_date": iso(user.text("LastModifiedDate")),
        });
        body.extend(more.as_object().cloned().unwrap_or_default());
    }
    ok(&body)
}
