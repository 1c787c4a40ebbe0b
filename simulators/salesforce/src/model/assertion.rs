//! Signing in with an assertion (RFC 7523): a JWT that the app's private key has signed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;

use super::door::{Denial, Pass};
use super::{App, Salesforce};

/// The audiences that are good beside the org's own address.
const LOGINS: [&str; 2] = ["https://login.salesforce.com", "https://test.salesforce.com"];

/// How far ahead an assertion may expire, with a little for clocks that go fast. In seconds. Three minutes are
/// what clients are told to ask for; several of repute ask for five, and are let in.
const LONGEST: i64 = 300 + 5;

/// From here on a number is milliseconds, and not a moment thousands of years ahead.
const MILLISECONDS: f64 = 1e11;

const INVALID: Denial = Denial("invalid_grant", "invalid assertion");

impl Salesforce {
    /// Whom an assertion signs in. `origin` is the address that the client called.
    pub(crate) fn admit_assertion(&mut self, assertion: &str, origin: &str, now: Timestamp) -> Result<Pass, Denial> {
        let claims = claims(&self.app, assertion, origin, now)?;
        let username = claims.get("sub").or_else(|| claims.get("prn")).and_then(Value::as_str).unwrap_or_default();
        let user = self.user_named(username).map(|user| user.id().to_owned());
        let approved = user.filter(|user| !self.door.has_withdrawn(user));
        self.open(approved.ok_or(Denial("invalid_grant", "user hasn't approved this consumer"))?, None, now)
    }
}

/// What a good assertion claims.
fn claims(app: &App, assertion: &str, origin: &str, now: Timestamp) -> Result<Value, Denial> {
    let (signed, signature) = assertion.trim().rsplit_once('.').ok_or(INVALID)?;
    let (header, claims) = signed.split_once('.').ok_or(INVALID)?;
    let json = |part: &str| -> Result<Value, Denial> {
        let bytes = unpadded(part).ok_or(INVALID)?;
        serde_json::from_slice(&bytes).map_err(|_| INVALID)
    };
    if json(header)?.get("alg").and_then(Value::as_str) != Some("RS256") {
        return Err(INVALID);
    }
    let claims = json(claims)?;
    if claims.get("iss").and_then(Value::as_str) != Some(&app.client_id) {
        return Err(Denial("invalid_client_id", "client identifier invalid"));
    }
    if !app.signed(signed.as_bytes(), &unpadded(signature).ok_or(INVALID)?) {
        return Err(INVALID);
    }
    let audience = match claims.get("aud") {
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).any(|one| is_ours(one, origin)),
        Some(Value::String(one)) => is_ours(one, origin),
        _ => false,
    };
    if !audience {
        return Err(Denial("invalid_grant", "audience is invalid"));
    }
    // A client of repute sends the number as a text.
    let expires = claims.get("exp").ok_or(INVALID)?;
    let expires = expires.as_f64().or_else(|| expires.as_str()?.trim().parse().ok());
    let expires = expires.filter(|expires: &f64| expires.is_finite()).ok_or(INVALID)?;
    #[expect(clippy::cast_precision_loss, reason = "seconds of our age fit")]
    let left = expires - now.as_second() as f64;
    if left <= 0.0 {
        // The vendor's own words, though no code is at play.
        return Err(Denial("invalid_grant", "expired authorization code"));
    }
    #[expect(clippy::cast_precision_loss, reason = "a small constant")]
    let too_long = left > LONGEST as f64;
    // The vendor's own command line sends milliseconds, and is let in.
    let too_long = too_long && expires < MILLISECONDS;
    if too_long { Err(INVALID) } else { Ok(claims) }
}

fn unpadded(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()
}

fn is_ours(audience: &str, origin: &str) -> bool {
    let audience = audience.trim_end_matches('/');
    LOGINS.contains(&audience) || audience == origin || host(audience).is_some_and(|ours| host(origin) == Some(ours))
}

/// The host, with its port, of an address without path.
fn host(address: &str) -> Option<&str> {
    address.split_once("://").map(|(_, host)| host)
}
