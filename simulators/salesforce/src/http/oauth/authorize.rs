//! The page of approval, without the page: the user approves at once, or says no where that is switched
//! on. `login_hint` names the user.

use jiff::Timestamp;
use sim_kit::{Reply, Request};

use crate::model::{Approval, Denial, Salesforce};

use super::super::segment;
use super::{Form, denied};

/// What an app can ask for.
const SCOPES: [&str; 24] = [
    "address",
    "api",
    "cdp_ingest_api",
    "cdp_query_api",
    "chatter_api",
    "content",
    "custom_permissions",
    "eclair_api",
    "email",
    "forgot_password",
    "full",
    "id",
    "interaction_api",
    "lightning",
    "offline_access",
    "openid",
    "pardot_api",
    "phone",
    "profile",
    "refresh_token",
    "sfap_api",
    "visualforce",
    "wave_api",
    "web",
];

pub(super) fn authorize(org: &mut Salesforce, request: &Request, now: Timestamp) -> Reply {
    let form = Form::of(request);
    // Who asks, and whither the answer goes, must be sure before anyone is sent there.
    if form.value("client_id") != Some(&org.app.client_id) {
        return denied(Denial("invalid_client_id", "client identifier invalid"));
    }
    let Some(redirect) = form.value("redirect_uri") else {
        return denied(Denial("redirect_uri_missing", "redirect_uri not supplied"));
    };
    let ours = org.app.callbacks.is_empty() || org.app.callbacks.iter().any(|callback| callback == redirect);
    if !ours || !is_address(redirect) {
        return denied(Denial("redirect_uri_mismatch", "redirect_uri must match configuration"));
    }
    let answer = match code(org, &form, redirect, now) {
        Ok(code) => format!("code={}", segment(&code)),
        Err(Denial(error, description)) => format!("error={error}&error_description={}", segment(description)),
    };
    let join = if redirect.contains('?') { '&' } else { '?' };
    let state = form.value("state").map(|state| format!("&state={}", segment(state))).unwrap_or_default();
    Reply::empty(302).header("location", &format!("{redirect}{join}{answer}{state}"))
}

/// Whether one can be sent there with an answer: a scheme, and nothing that an address cannot hold or that ends
/// its query.
fn is_address(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    let scheme = text.split_once(':').map(|(scheme, _)| scheme);
    plain && scheme.is_some_and(|scheme| scheme.starts_with(|letter: char| letter.is_ascii_alphabetic()))
}

fn code(org: &mut Salesforce, form: &Form, redirect_uri: &str, now: Timestamp) -> Result<String, Denial> {
    match form.value("response_type") {
        Some("code") => {}
        Some(_) => return Err(Denial("unsupported_response_type", "response type not supported")),
        None => return Err(Denial("invalid_request", "response_type parameter is missing")),
    }
    let scope = form.value("scope");
    if scope.is_some_and(|scope| scope.split_whitespace().any(|scope| !SCOPES.contains(&scope))) {
        return Err(Denial("invalid_scope", "the requested scope is not allowed"));
    }
    let challenge = form.value("code_challenge");
    if challenge.is_none() && org.app.require_pkce {
        return Err(Denial("invalid_request", "missing required code challenge"));
    }
    if challenge.is_some() && form.value("code_challenge_method").is_some_and(|method| method != "S256") {
        return Err(Denial("invalid_request", "code challenge method not supported"));
    }
    let no = Denial("access_denied", "end-user denied authorization");
    if org.knobs.deny_consent {
        return Err(no);
    }
    let approval = Approval { username: form.value("login_hint"), redirect_uri, challenge, scope };
    org.approve(&approval, now).ok_or(no)
}
