//! The page of approval, and the codes that come from it.

use serde_json::{Value, json};

use crate::entry::{APP, form, grant, refresh};
use crate::world::{BEN, World};

#[test]
fn asking_for_approval_ends_at_the_redirect_address_or_nowhere() {
    let mut world = World::new();
    let good = [
        ("response_type", "code"),
        ("client_id", "syncline-client"),
        ("redirect_uri", "http://app/cb"),
        ("state", "a b"),
    ];
    let ask = |world: &mut World, other: &[(&str, &str)]| {
        let kept = good.iter().filter(|(name, _)| other.iter().all(|(replaced, _)| replaced != name));
        let query: Vec<String> =
            kept.chain(other).map(|(name, value)| format!("{name}={}", crate::world::encoded(value))).collect();
        let reply = world.call("GET", &format!("/services/oauth2/authorize?{}", query.join("&")), Value::Null);
        let location = reply.headers.get("location").map(|value| value.to_str().unwrap().to_owned());
        (reply.status.as_u16(), location.unwrap_or_else(|| reply.body_json()["error"].as_str().unwrap().to_owned()))
    };
    for (other, status, answer) in [
        ([("scope", "api refresh_token")], 302, "http://app/cb?code=aPrx"),
        ([("redirect_uri", "http://app/cb?x=1")], 302, "http://app/cb?x=1&code=aPrx"),
        ([("response_type", "token")], 302, "http://app/cb?error=unsupported_response_type&error_description="),
        ([("response_type", "")], 302, "http://app/cb?error=invalid_request&error_description="),
        ([("scope", "api juggling")], 302, "http://app/cb?error=invalid_scope&error_description="),
        ([("login_hint", "nobody@x.example")], 302, "http://app/cb?error=access_denied&error_description="),
        ([("client_id", "x")], 400, "invalid_client_id"),
        ([("redirect_uri", "")], 400, "redirect_uri_missing"),
        ([("redirect_uri", "http://app/cb\r\nx: y")], 400, "redirect_uri_mismatch"),
        ([("redirect_uri", "http://app/cb#part")], 400, "redirect_uri_mismatch"),
        ([("redirect_uri", "http://app/\u{e9}")], 400, "redirect_uri_mismatch"),
        ([("redirect_uri", "/cb")], 400, "redirect_uri_mismatch"),
        ([("redirect_uri", "myapp:cb")], 302, "myapp:cb?code=aPrx"),
    ] {
        let (found, location) = ask(&mut world, &other);
        assert_eq!((found, location.starts_with(answer)), (status, true), "{other:?}: {location}");
        assert_eq!(location.ends_with("&state=a%20b"), status == 302, "{location}");
    }
    let plain = [("code_challenge", "x"), ("code_challenge_method", "plain")];
    assert!(ask(&mut world, &plain).1.contains("error=invalid_request"));
    world.org.app.require_pkce = true;
    assert!(ask(&mut world, &[]).1.contains("error=invalid_request"));
    assert!(ask(&mut world, &[("code_challenge", "x")]).1.contains("code="));
    world.org.app.callbacks = vec!["http://else/cb".to_owned()];
    assert_eq!(ask(&mut world, &[("code_challenge", "x")]), (400, "redirect_uri_mismatch".to_owned()));
    world.org.app.callbacks.push("http://app/cb".to_owned());
    world.org.knobs.deny_consent = true;
    let denied = "http://app/cb?error=access_denied&error_description=end%2Duser%20denied%20authorization&state=a%20b";
    assert_eq!(ask(&mut world, &[("code_challenge", "x")]), (302, denied.to_owned()));
}

/// A code of Ben's, asked for with these parameters.
fn code(world: &mut World, more: &str) -> String {
    let target = format!(
        "/services/oauth2/authorize?response_type=code&client_id=syncline-client&redirect_uri=http%3A%2F%2Fapp%2Fcb\
         &login_hint={BEN}{more}"
    );
    let reply = world.call("GET", &target, Value::Null);
    reply.headers["location"].to_str().unwrap().split_once("code=").unwrap().1.to_owned()
}

#[test]
fn a_code_is_worth_what_was_asked_for_and_not_for_long() {
    let mut world = World::new();
    let redeem = |world: &mut World, code: &str, more: &[(&str, &str)]| {
        let fields = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", "http://app/cb")];
        grant(world, &[&fields[..], more].concat()).body_json()
    };
    let brief = code(&mut world, "&scope=api%20id");
    let body = redeem(&mut world, &brief, &[]);
    assert_eq!((&body["scope"], body.get("refresh_token")), (&json!("api id"), None));
    let lasting = code(&mut world, "&scope=api%20offline_access");
    assert!(redeem(&mut world, &lasting, &[])["refresh_token"].is_string());
    let whole = code(&mut world, "");
    assert!(redeem(&mut world, &whole, &[])["refresh_token"].is_string());
    let unasked = code(&mut world, "");
    assert_eq!(redeem(&mut world, &unasked, &[("code_verifier", "x")])["error_description"], "invalid code verifier");
    let challenged = code(&mut world, "&code_challenge=x&code_challenge_method=S256");
    assert_eq!(redeem(&mut world, &challenged, &[])["error_description"], "invalid code verifier");
    let in_time = code(&mut world, "");
    let late = code(&mut world, "");
    world.advance(15 * 60);
    assert!(redeem(&mut world, &in_time, &[])["access_token"].is_string());
    world.advance(1);
    assert_eq!(redeem(&mut world, &late, &[])["error_description"], "expired authorization code");

    world.org.app.require_secret = true;
    let fields = [APP[0], ("grant_type", "refresh_token"), ("refresh_token", "refresh-ben.carter@northwind.example")];
    assert_eq!(form(&mut world, "token", &fields).body_json()["error"], "invalid_client");
    assert_eq!(refresh(&mut world, &format!("refresh-{BEN}")).status, 200);
}
