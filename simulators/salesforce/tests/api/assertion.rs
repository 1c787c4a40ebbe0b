//! Signing in with an assertion.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RsaEncoding, RsaKeyPair};
use serde_json::{Value, json};
use sim_kit::Reply;
use sim_salesforce::{APP_PRIVATE_KEY, CLIENT_ID};

use crate::entry::form;
use crate::world::{BEN, World};

const GRANT: (&str, &str) = ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");

fn signed_with(header: &Value, claims: &Value, encoding: &'static dyn RsaEncoding) -> String {
    let text: String = APP_PRIVATE_KEY.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(text).unwrap()).unwrap();
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(encoding, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn signed(claims: &Value) -> String {
    signed_with(&json!({ "alg": "RS256" }), claims, &RSA_PKCS1_SHA256)
}

/// Good claims, and what is to be different.
fn claims(world: &World, other: &Value) -> Value {
    let mut claims = json!({
        "iss": CLIENT_ID, "sub": BEN, "aud": "https://login.salesforce.com", "exp": world.now.as_second() + 180,
    });
    for (name, value) in other.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn present(world: &mut World, assertion: &str) -> Reply {
    world.authorization.clear();
    form(world, "token", &[GRANT, ("assertion", assertion)])
}

fn error(reply: &Reply) -> (u16, String, String) {
    let body = reply.body_json();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (reply.status.as_u16(), text("error"), text("error_description"))
}

#[test]
fn a_signed_assertion_signs_its_subject_in() {
    let mut world = World::new();
    let now = world.now.as_second();
    for other in [
        json!({}),
        json!({ "aud": "https://test.salesforce.com" }),
        json!({ "aud": "http://sf.test" }),
        json!({ "aud": "https://sf.test/" }),
        json!({ "aud": ["https://else.example", "https://login.salesforce.com"] }),
        json!({ "exp": (now + 180).to_string() }),
        json!({ "exp": now + 300 }),
        json!({ "exp": now + 1 }),
        json!({ "exp": now * 1000 + 300 }),
        json!({ "sub": BEN.to_uppercase() }),
    ] {
        let assertion = signed(&claims(&world, &other));
        let reply = present(&mut world, &assertion);
        assert_eq!(reply.status, 200, "{other}: {}", reply.body_json());
        let body = reply.body_json();
        assert_eq!((&body["token_type"], body.get("refresh_token")), (&json!("Bearer"), None));
        world.authorization = format!("Bearer {}", body["access_token"].as_str().unwrap());
        assert_eq!(world.get("/services/oauth2/userinfo")["preferred_username"], BEN);
    }
}

#[test]
fn a_bad_assertion_is_refused_with_the_vendors_words() {
    let mut world = World::new();
    let now = world.now.as_second();
    let invalid = ("invalid_grant", "invalid assertion");
    let table = [
        (json!({ "iss": "nobody" }), ("invalid_client_id", "client identifier invalid")),
        (json!({ "sub": "nobody@northwind.example" }), ("invalid_grant", "user hasn't approved this consumer")),
        (json!({ "sub": null }), ("invalid_grant", "user hasn't approved this consumer")),
        (json!({ "aud": "https://else.example" }), ("invalid_grant", "audience is invalid")),
        (json!({ "aud": null }), ("invalid_grant", "audience is invalid")),
        (json!({ "exp": now - 1 }), ("invalid_grant", "expired authorization code")),
        (json!({ "exp": now }), ("invalid_grant", "expired authorization code")),
        (json!({ "exp": now + 600 }), invalid),
        (json!({ "exp": "soon" }), invalid),
        (json!({ "exp": "NaN" }), invalid),
        (json!({ "exp": "inf" }), invalid),
        (json!({ "exp": null }), invalid),
    ];
    for (other, (code, description)) in table {
        let assertion = signed(&claims(&world, &other));
        let reply = present(&mut world, &assertion);
        assert_eq!(error(&reply), (400, code.to_owned(), description.to_owned()), "{other}");
    }
    let good = signed(&claims(&world, &json!({})));
    let (head, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    let forged = claims(&world, &json!({ "sub": crate::world::ANNA })).to_string();
    let unsigned = signed_with(&json!({ "alg": "none" }), &claims(&world, &json!({})), &RSA_PKCS1_SHA256);
    let other_hash = signed_with(&json!({ "alg": "RS256" }), &claims(&world, &json!({})), &RSA_PKCS1_SHA512);
    for bad in [
        "x".to_owned(),
        "a.b.c".to_owned(),
        format!("{head}."),
        format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(forged)),
        unsigned,
        other_hash,
    ] {
        let reply = present(&mut world, &bad);
        assert_eq!(error(&reply), (400, "invalid_grant".to_owned(), "invalid assertion".to_owned()), "{bad}");
    }
    let missing = form(&mut world, "token", &[GRANT]);
    assert_eq!(error(&missing).1, "invalid_request");
}

#[test]
fn an_assertion_needs_the_users_approval_and_an_active_user() {
    let mut world = World::new();
    let assertion = signed(&claims(&world, &json!({})));
    world.org.revoke_refresh_token(BEN);
    assert_eq!(error(&present(&mut world, &assertion)).2, "user hasn't approved this consumer");
    let target = format!(
        "/services/oauth2/authorize?response_type=code&client_id={CLIENT_ID}&redirect_uri=http%3A%2F%2Fapp%2Fcb&login_hint={BEN}"
    );
    assert_eq!(world.call("GET", &target, Value::Null).status, 302);
    assert_eq!(present(&mut world, &assertion).status, 200);

    world.authorization = "Bearer test-token".to_owned();
    let ben = world.column(&format!("SELECT Id FROM User WHERE Username = '{BEN}'"), "Id").remove(0);
    let reply = world.patch("User", ben.as_str().unwrap(), json!({ "IsActive": false }));
    assert_eq!(reply.status, 204);
    assert_eq!(error(&present(&mut world, &assertion)).1, "inactive_user");
}

#[test]
fn an_assertion_is_verified_with_the_apps_certificate() {
    let mut world = World::new();
    let assertion = signed(&claims(&world, &json!({})));
    let own = world.org.app.clone();
    world.org.app.certificate = include_str!("other-certificate.pem").to_owned();
    assert_eq!(error(&present(&mut world, &assertion)).2, "invalid assertion");
    world.org.app = own;
    assert_eq!(present(&mut world, &assertion).status, 200);
}
