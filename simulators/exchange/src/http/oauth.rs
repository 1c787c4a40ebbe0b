//! The sign-in service: `/{tenant}/oauth2/v2.0/authorize` and `/token`.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use sim_kit::{Reply, Request};

use crate::model::{Access, CLIENT_ID, CLIENT_SECRET, Code, Exchange, Refresh, ids};

/// Seconds that an access token is said to live.
const ACCESS_SECONDS: i64 = 3599;
const CODE_LIFE: SignedDuration = SignedDuration::from_mins(10);
/// A refresh token that is not used for so long is dead; each use gives a new one.
const REFRESH_LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);
/// The scope of the seeded refresh tokens.
const SEED_SCOPE: &str =
    "Calendars.ReadWrite Contacts.ReadWrite Mail.ReadWrite MailboxSettings.ReadWrite User.Read offline_access";

/// A refusal of the sign-in service.
struct Denial {
    status: u16,
    error: &'static str,
    number: u32,
    message: String,
}

impl Denial {
    fn new(error: &'static str, number: u32, message: impl Into<String>) -> Self {
        let status = if error == "invalid_client" { 401 } else { 400 };
        Self { status, error, number, message: message.into() }
    }

    fn grant(number: u32, message: &str) -> Self {
        Self::new("invalid_grant", number, message)
    }
}

type Form = BTreeMap<String, String>;

/// A granted token pair.
struct Granted {
    mailbox: Option<usize>,
    scope: String,
    refresh: bool,
}

impl Exchange {
    pub(crate) fn sign_in_service(&mut self, request: &Request, now: Timestamp, tenant: &str, endpoint: &str) -> Reply {
        match (endpoint, request.method.as_str()) {
            ("authorize", "GET" | "POST") => self.authorize(request, now, tenant),
            ("token", "POST") => {
                let form: Form = request.form().into_iter().collect();
                let outcome = self.grant(request, &form, now, tenant);
                let reply = match outcome {
                    Ok(granted) => self.issue(granted, now),
                    Err(denial) => self.deny(&denial, now),
                };
                reply.header("cache-control", "no-store, no-cache").header("pragma", "no-cache")
            }
            ("authorize" | "token", _) => Reply::empty(405),
            _ => Reply::empty(404),
        }
    }

    /// Signs in the person of `login_hint`, or whoever [`Exchange::sign_in`] named, and consents.
    fn authorize(&mut self, request: &Request, now: Timestamp, tenant: &str) -> Reply {
        let param = |name: &str| request.param(name).unwrap_or_default();
        if !self.is_tenant(tenant) {
            return page(&format!("AADSTS90002: Tenant '{tenant}' not found."));
        }
        if param("client_id") != CLIENT_ID {
            let client = param("client_id");
            return page(&format!(
                "AADSTS700016: Application with identifier '{client}' was not found in the directory."
            ));
        }
        let redirect = param("redirect_uri");
        if redirect.is_empty() {
            return page("AADSTS900144: The request must contain the following parameter: 'redirect_uri'.");
        }
        let mailbox = match request.param("login_hint") {
            Some(hint) => self.mailbox_of(hint),
            None => Some(self.grants.signs_in).filter(|index| *index < self.mailboxes.len()),
        };
        let Some(mailbox) = mailbox else {
            return page("AADSTS50034: The user account does not exist in the directory.");
        };
        let answer = if param("response_type") != "code" {
            vec![
                ("error", "unsupported_response_type".to_owned()),
                ("error_description", "AADSTS700054: response_type is not enabled for the application.".to_owned()),
            ]
        } else if self.switches.deny_consent {
            let message = "AADSTS65004: User declined to consent to access the app.";
            vec![("error", "access_denied".to_owned()), ("error_description", message.to_owned())]
        } else {
            let code = format!("0.{}", self.next_secret("code"));
            let challenge = request.param("code_challenge").map(|challenge| {
                (request.param("code_challenge_method").unwrap_or("plain").to_owned(), challenge.to_owned())
            });
            let granted = Code {
                mailbox,
                redirect_uri: redirect.to_owned(),
                scope: param("scope").to_owned(),
                challenge,
                expires: now + CODE_LIFE,
                used: false,
            };
            self.grants.codes.insert(code.clone(), granted);
            vec![("code", code)]
        };
        let mut answer = answer;
        if let Some(state) = request.param("state") {
            answer.push(("state", state.to_owned()));
        }
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let query: Vec<String> = answer.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let joint = if redirect.contains('?') { '&' } else { '?' };
        Reply::empty(302).header("location", &format!("{redirect}{joint}{}", query.join("&")))
    }

    /// `common`, `organizations`, the tenant's id, or the domain of one of its users.
    fn is_tenant(&self, tenant: &str) -> bool {
        let domain =
            |address: &str| address.rsplit_once('@').is_some_and(|(_, domain)| domain.eq_ignore_ascii_case(tenant));
        is_shared(tenant)
            || tenant.eq_ignore_ascii_case(&self.tenant)
            || self.mailboxes.iter().any(|mailbox| domain(&mailbox.address))
    }

    fn grant(&mut self, request: &Request, form: &Form, now: Timestamp, tenant: &str) -> Result<Granted, Denial> {
        if !self.is_tenant(tenant) {
            return Err(Denial::new("invalid_request", 90002, format!("Tenant '{tenant}' not found.")));
        }
        let grant = needed(form, "grant_type")?;
        let confidential = check_client(request, form)?;
        match grant {
            "authorization_code" => self.redeem_code(form, now),
            "refresh_token" => self.redeem_refresh(form, now),
            "client_credentials" => client_credentials(form, tenant, confidential),
            other => Err(Denial::new(
                "unsupported_grant_type",
                70003,
                format!("The app requested an unsupported grant type '{other}'."),
            )),
        }
    }

    fn redeem_code(&mut self, form: &Form, now: Timestamp) -> Result<Granted, Denial> {
        let (text, redirect) = (needed(form, "code")?, needed(form, "redirect_uri")?);
        let code = self.grants.codes.get_mut(text);
        let code = code.ok_or_else(|| Denial::grant(9_002_313, "Invalid request. Request is malformed or invalid."))?;
        if code.used {
            return Err(Denial::grant(
                54005,
                "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.",
            ));
        }
        if code.expires <= now {
            return Err(Denial::grant(
                70008,
                "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.",
            ));
        }
        if code.redirect_uri != redirect {
            return Err(Denial::grant(
                50011,
                "The redirect URI specified in the request does not match the one of the authorization code.",
            ));
        }
        if let Some((method, challenge)) = &code.challenge {
            let verifier = form.get("code_verifier").map_or("", String::as_str);
            let proof = if method.eq_ignore_ascii_case("S256") { s256(verifier) } else { verifier.to_owned() };
            if proof != *challenge {
                return Err(Denial::grant(
                    501_481,
                    "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
                ));
            }
        }
        code.used = true;
        let scope = form.get("scope").filter(|scope| !scope.is_empty()).unwrap_or(&code.scope).clone();
        let refresh = code.scope.split(' ').any(|name| name == "offline_access");
        Ok(Granted { mailbox: Some(code.mailbox), scope, refresh })
    }

    fn redeem_refresh(&mut self, form: &Form, now: Timestamp) -> Result<Granted, Denial> {
        let text = needed(form, "refresh_token")?;
        let revoked = || {
            Denial::grant(
                50173,
                "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.",
            )
        };
        let seeded = text.strip_prefix("refresh-").and_then(|address| self.mailbox_of(address));
        let (mailbox, stored) = match (seeded, self.grants.refresh.get(text)) {
            (Some(mailbox), _) if self.grants.seed_revoked.contains(&mailbox) => {
                return Err(revoked());
            }
            (Some(mailbox), _) => (mailbox, SEED_SCOPE.to_owned()),
            (None, Some(refresh)) if refresh.revoked => return Err(revoked()),
            (None, Some(refresh)) if refresh.expires <= now => {
                return Err(Denial::grant(
                    700_082,
                    "The refresh token has expired due to inactivity. The token was issued more than 90 days ago and was inactive since.",
                ));
            }
            (None, Some(refresh)) => (refresh.mailbox, refresh.scope.clone()),
            (None, None) => {
                return Err(Denial::grant(9_002_313, "Invalid request. Request is malformed or invalid."));
            }
        };
        let scope = form.get("scope").filter(|scope| !scope.is_empty()).cloned().unwrap_or(stored);
        Ok(Granted { mailbox: Some(mailbox), scope, refresh: true })
    }

    fn issue(&mut self, granted: Granted, now: Timestamp) -> Reply {
        let expires = now + SignedDuration::from_secs(ACCESS_SECONDS);
        let access = self.access_token(granted.mailbox, &granted.scope, now, expires);
        self.grants.access.insert(access.clone(), Access { mailbox: granted.mailbox, expires });
        let mut body = json!({
            "token_type": "Bearer", "expires_in": ACCESS_SECONDS, "ext_expires_in": ACCESS_SECONDS,
            "access_token": access,
        });
        if let Some(mailbox) = granted.mailbox {
            let shown: Vec<&str> = granted.scope.split(' ').filter(|scope| *scope != "offline_access").collect();
            body["scope"] = shown.join(" ").into();
            if granted.refresh {
                let token = format!("0.AX{}", self.next_secret("refresh"));
                let refresh = Refresh { mailbox, scope: granted.scope, expires: now + REFRESH_LIFE, revoked: false };
                self.grants.refresh.insert(token.clone(), refresh);
                body["refresh_token"] = token.into();
            }
        }
        Reply::json(200, &body).header("content-type", "application/json; charset=utf-8")
    }

    /// Has the look of a JSON Web Token; nobody can verify its signature.
    fn access_token(&mut self, mailbox: Option<usize>, scope: &str, now: Timestamp, expires: Timestamp) -> String {
        let user = mailbox.and_then(|index| self.mailboxes.get(index));
        let mut claims = json!({
            "aud": "https://graph.microsoft.com", "iss": format!("https://sts.windows.net/{}/", self.tenant),
            "iat": now.as_second(), "nbf": now.as_second(), "exp": expires.as_second(),
            "tid": self.tenant, "appid": ids::guid(&[&self.seed, "application", CLIENT_ID]),
        });
        if let Some(user) = user {
            claims["oid"] = user.id.clone().into();
            claims["upn"] = user.address.clone().into();
            claims["scp"] = scope.into();
        } else {
            claims["idtyp"] = "app".into();
        }
        let header = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"RS256","kid":"simulated"}"#);
        let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
        format!("{header}.{claims}.{}", self.next_secret("access"))
    }

    fn deny(&mut self, denial: &Denial, now: Timestamp) -> Reply {
        let (trace, correlation) = (self.next_guid("trace"), self.next_guid("correlation"));
        let time = format!("{}Z", jiff::tz::TimeZone::UTC.to_datetime(now).strftime("%Y-%m-%d %H:%M:%S"));
        let Denial { status, error, number, message } = denial;
        let description = format!(
            "AADSTS{number}: {message}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: {time}"
        );
        let body = json!({
            "error": error, "error_description": description, "error_codes": [number], "timestamp": time,
            "trace_id": trace, "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={number}"),
        });
        Reply::json(*status, &body).header("content-type", "application/json; charset=utf-8")
    }
}

fn page(message: &str) -> Reply {
    let escaped = message.replace('&', "&amp;").replace('<', "&lt;");
    Reply::text(400, "text/html; charset=utf-8", format!("<html><body><p>Sign in</p><p>{escaped}</p></body></html>"))
}

fn is_shared(tenant: &str) -> bool {
    tenant.eq_ignore_ascii_case("common") || tenant.eq_ignore_ascii_case("organizations")
}

fn needed<'a>(form: &'a Form, name: &str) -> Result<&'a str, Denial> {
    let value = form.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let message = format!("The request body must contain the following parameter: '{name}'.");
    value.ok_or_else(|| Denial::new("invalid_request", 900_144, message))
}

/// Whether the application proved itself with its secret, in the form or as Basic authentication.
fn check_client(request: &Request, form: &Form) -> Result<bool, Denial> {
    let basic = request.header("authorization").and_then(|value| value.strip_prefix("Basic "));
    let basic =
        basic.and_then(|text| STANDARD.decode(text.trim()).ok()).and_then(|bytes| String::from_utf8(bytes).ok());
    let (client, secret) = match basic.as_deref().and_then(|pair| pair.split_once(':')) {
        Some((client, secret)) => (client, Some(secret)),
        None => (needed(form, "client_id")?, form.get("client_secret").map(String::as_str)),
    };
    if client != CLIENT_ID {
        let message = format!("Application with identifier '{client}' was not found in the directory.");
        return Err(Denial::new("unauthorized_client", 700_016, message));
    }
    match secret {
        None => Ok(false),
        Some(secret) if secret == CLIENT_SECRET => Ok(true),
        Some(_) => {
            let message = format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{client}'."
            );
            Err(Denial::new("invalid_client", 7_000_215, message))
        }
    }
}

fn client_credentials(form: &Form, tenant: &str, confidential: bool) -> Result<Granted, Denial> {
    if !confidential {
        let message = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        return Err(Denial::new("invalid_client", 7_000_218, message));
    }
    if is_shared(tenant) {
        let message =
            "No tenant-identifying information found in either the request or implied by any provided credentials.";
        return Err(Denial::new("invalid_request", 50059, message));
    }
    let scope = needed(form, "scope")?;
    if !scope.ends_with("/.default") {
        let message = format!(
            "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."
        );
        return Err(Denial::new("invalid_scope", 1_002_012, message));
    }
    Ok(Granted { mailbox: None, scope: scope.to_owned(), refresh: false })
}

fn s256(verifier: &str) -> String {
    use sha2::{Digest, Sha256};
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}
